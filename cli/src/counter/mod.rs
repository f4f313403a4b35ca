//! `vmyna counter`: what the counter (窓口) of a municipality does with an issued card and its certificates.

pub(crate) mod args;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use vmyna_applets::pins::{self, CardPin};
use vmyna_authority::counter::{Operation, Which};
use vmyna_card_os::declaration::ReferenceData;
use vmyna_issuance::characters::Substitutes;

use crate::at_counter::{open, report};
use crate::counter_failures::operate_failure;
use crate::failure::Failure;
use crate::options::given_pin::GivenPin;
use crate::options::kind::Kind;
use crate::options::new_pins;
use crate::seed::{random_seed, seed_of};
use args::{Action, Counter};

/// Runs the command.
pub(crate) fn run(arguments: &Counter) -> Result<(), Failure> {
    let mut output = None;
    let operation = match &arguments.action {
        Action::ResetPin { pins } => {
            new_pins::each_once(pins)?;
            Operation::ResetPins(pins.iter().map(reset_pin).collect::<Result<_, _>>()?)
        }
        Action::Renew { kind } => Operation::Renew(which(*kind)),
        Action::Hold { kind } => Operation::Hold(which(*kind)),
        Action::Revoke { kind, reason } => Operation::Revoke(which(*kind), *reason),
        Action::SignCertificate { pin } => {
            let value = pin.as_ref().map(new_pins::with_value).transpose()?;
            if value.as_ref().is_some_and(|(pin, _)| *pin != pins::SIGN) {
                return Err(Failure::Usage(
                    "--pin gives the sign password: sign or sign=VALUE".to_owned(),
                ));
            }
            Operation::SignCertificate(value.map(|(_, value)| value))
        }
        Action::MoveOut => Operation::MoveOut,
        Action::MoveIn { address, municipality } => Operation::MoveIn(address.clone(), municipality.municipality()?),
        Action::Rename { name, kana } => Operation::Rename(name.clone(), kana.clone()),
        Action::Death => Operation::Death,
        Action::Lost => Operation::Lost,
        Action::PhoneLost => Operation::PhoneLost,
        Action::Reissue { output: new, pin } => {
            output = Some(new.as_path());
            Operation::Reissue(all_values(pin)?)
        }
        Action::NoPin => Operation::WithoutPins,
        Action::WithPin { pin } => Operation::WithPins(all_values(pin)?),
        Action::Furigana { kana } => Operation::Furigana(kana.clone()),
    };
    let substitutes = substitutes(&arguments.substitute)?;
    let at = &arguments.at;
    let mut counter = open(at, output, arguments.phones.into())?;
    let seed = arguments.seed.map_or_else(random_seed, seed_of);
    let mut rng = ChaCha20Rng::from_seed(*seed);
    let done = counter.operate(&operation, &substitutes, &mut rng);
    let done = done.map_err(|error| operate_failure(&at.card, at.has_own_authorities(), error))?;
    report(&counter, &done, at.json)
}

fn which(kind: Option<Kind>) -> Which {
    kind.map_or(Which::All, |kind| Which::Only(kind.hierarchy()))
}

/// A PIN to reset. Those that the cardholder chooses need a value.
fn reset_pin(given: &GivenPin) -> Result<(CardPin, Option<ReferenceData>), Failure> {
    let (pin, value) = new_pins::typed(given)?;
    let chosen = [
        pins::AUTH,
        pins::SIGN,
        pins::INPUT_ASSIST,
        pins::RESIDENCE,
        pins::COMMON,
    ];
    let value = match value {
        None if chosen.contains(&pin) => Some(new_pins::ask_new(pin)?),
        value => value,
    };
    Ok((pin, value))
}

fn all_values(given: &[GivenPin]) -> Result<vmyna_authority::counter::NewPins, Failure> {
    new_pins::each_once(given)?;
    given.iter().map(new_pins::with_value).collect()
}

fn substitutes(given: &[String]) -> Result<Substitutes, Failure> {
    let mut substitutes = Substitutes::default();
    for text in given {
        let inserted = match text.split_once('=') {
            Some((character, substitute)) => substitutes
                .insert(character, substitute)
                .map_err(|error| error.to_string()),
            None => Err("it is given as CHARACTER=SUBSTITUTE".to_owned()),
        };
        inserted.map_err(|why| Failure::Usage(format!("--substitute {text}: {why}")))?;
    }
    Ok(substitutes)
}
