//! `vmyna phone`: a phone gets certificates of its own and an mdoc by a card that is held to it, and loses them again. It
//! shows them and answers readers.

pub(crate) mod args;
mod present;
mod request;
mod show;
mod source;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_core::OsRng;
use vmyna::counter::PhonePolicy;
use vmyna::phone::{self, PhoneOrder, PhonePins};
use vmyna_applets::pins::{self, CardPin};
use vmyna_issuance::characters::Substitutes;
use zeroize::Zeroizing;

use crate::at_counter::{self, opening, report, report_with_pins};
use crate::counter_failures::{self, open_failure, operate_failure, phone_failure, refresh_failure};
use crate::failure::Failure;
use crate::options::given_pin::GivenPin;
use crate::options::new_pins;
use crate::seed::{random_seed, seed_of};
use crate::settle::settle;
use args::{Action, Add, AtPhone, Phone, Refresh};

/// Runs the command.
pub(crate) fn run(arguments: &Phone) -> Result<(), Failure> {
    match &arguments.action {
        Action::Add(add) => self::add(add),
        Action::Remove(phone) => remove(phone),
        Action::Refresh(arguments) => refresh(arguments),
        Action::Show(arguments) => show::run(arguments),
        Action::Present(arguments) => present::run(arguments),
        Action::Request(arguments) => request::run(arguments),
    }
}

fn add(arguments: &Add) -> Result<(), Failure> {
    let given = arguments.pin.as_ref().map(sign_password).transpose()?.flatten();
    let chosen = chosen_pins(&arguments.new_pin)?;
    let at = &arguments.at;
    let mut opening = opening(at)?;
    opening.new_image = Some(&arguments.output);
    let counter = phone::open(&opening, &mut counter_failures::report);
    let mut counter = counter.map_err(|error| open_failure(&at.card, error))?;
    let refused = |error| phone_failure(&at.card, at.has_own_authorities(), error);
    // Before anyone types a password in vain.
    phone::check(&mut counter, &chosen).map_err(refused)?;
    let password = match given {
        Some(password) => password,
        None => new_pins::ask(&format!("{} ({}) of the card: ", pins::SIGN.label, pins::SIGN.title))?,
    };
    let mut order = PhoneOrder::new(arguments.kind.into(), &password);
    order.pins = chosen;
    let seed = arguments.seed.map_or_else(random_seed, seed_of);
    let mut rng = ChaCha20Rng::from_seed(*seed);
    let substitutes = Substitutes::default();
    let added = phone::add(&mut counter, phone::random_number(), &order, &substitutes, &mut rng);
    let added = added.map_err(refused)?;
    let unchosen = order.pins.unchosen();
    let unchosen: Vec<_> = unchosen
        .iter()
        .filter_map(|(pin, value)| Some((*pin, str::from_utf8(value.as_bytes()).ok()?)))
        .collect();
    report_with_pins(&counter, &added, at.json, Some(&unchosen))
}

/// The sign password of the card, if it was typed.
fn sign_password(given: &GivenPin) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
    match new_pins::typed(given)? {
        (pins::SIGN, value) => Ok(value.map(|value| Zeroizing::new(value.as_bytes().to_vec()))),
        _ => Err(Failure::Usage(
            "--pin gives the sign password of the card: sign=VALUE".to_owned(),
        )),
    }
}

fn chosen_pins(given: &[GivenPin]) -> Result<PhonePins, Failure> {
    new_pins::each_once(given)?;
    let mut chosen = PhonePins::default();
    let wrong = || Failure::Usage("--new-pin gives auth or sign, as NAME or NAME=VALUE".to_owned());
    for one in given {
        // Nothing is asked for a PIN that a phone does not have.
        let (pin, _): (CardPin, _) = new_pins::typed(one)?;
        let place = match pin {
            pins::AUTH => &mut chosen.auth,
            pins::SIGN => &mut chosen.sign,
            _ => return Err(wrong()),
        };
        *place = Some(new_pins::with_value(one)?.1);
    }
    Ok(chosen)
}

fn remove(arguments: &AtPhone) -> Result<(), Failure> {
    let at = arguments.at();
    let mut counter = at_counter::open(&at, None, PhonePolicy::default())?;
    let removed = phone::remove(&mut counter, phone::random_number());
    let removed = removed.map_err(|error| operate_failure(&at.card, at.has_own_authorities(), error))?;
    report(&counter, &removed, at.json)
}

fn refresh(arguments: &Refresh) -> Result<(), Failure> {
    let at = arguments.at.at();
    settle(&arguments.card);
    let mut counter = at_counter::open(&at, None, PhonePolicy::default())?;
    let refreshed = phone::refresh(&mut counter, phone::random_number(), &arguments.card, &mut OsRng);
    let refreshed = refreshed.map_err(|error| refresh_failure(&at.card, at.has_own_authorities(), error))?;
    report(&counter, &refreshed, at.json)
}
