//! `vmyna kiosk`: the cardholder resets the sign password at the terminal of a store.

pub(crate) mod args;

use std::io::Write as _;

use rand_core::OsRng;
use serde::Serialize;
use vmyna::KeptCard;
use vmyna_applets::pins;
use vmyna_authority::counter::Standing;
use vmyna_authority::kiosk::{self, KioskError};
use vmyna_authority::register::Register;
use vmyna_card_os::Event;
use vmyna_issuance::characters::Substitutes;
use zeroize::Zeroizing;

use crate::at_counter::{Counter, report};
use crate::failure::Failure;
use crate::options::new_pins;
use crate::{output, registers};
use args::{Action, Kiosk};

/// Runs the command.
pub(crate) fn run(arguments: &Kiosk) -> Result<(), Failure> {
    let given = match &arguments.action {
        Action::Apply { pin } => pin.as_slice(),
        Action::ResetSign { pin, .. } => pin,
    };
    let (mut auth, mut sign) = (None, None);
    for pin in given {
        let (name, value) = new_pins::typed(pin)?;
        match name {
            pins::AUTH => auth = value,
            pins::SIGN if matches!(arguments.action, Action::ResetSign { .. }) => sign = value,
            _ => {
                return Err(Failure::Usage(
                    "--pin gives auth=VALUE, and to reset sign=NEW".to_owned(),
                ));
            }
        }
    }
    let mut terminal = Counter::open(&arguments.at, None)?;
    check(&terminal)?;
    let (id, name) = terminal.id();
    match &arguments.action {
        Action::Apply { .. } => {
            verify(&terminal, auth)?;
            let code = kiosk::new_code(&mut OsRng);
            let until = kiosk::good_until(terminal.now);
            let until = until.ok_or_else(|| Failure::Failed("no code lasts beyond the year 9999".to_owned()))?;
            let given = terminal
                .register
                .give_code(&(id, name), kiosk::code_digest(id, &code), until);
            given.map_err(|error| registers::failure(&error))?;
            if arguments.at.json {
                let until = until.to_string();
                return Ok(output::json(&Application { code: &code, until })?);
            }
            writeln!(output::text(), "Code {} is good until {until}, once", *code)?;
            Ok(())
        }
        Action::ResetSign { code, .. } => {
            let digest = kiosk::code_digest(id, code);
            let good = terminal.register.has_code(id, digest, terminal.now);
            if !good.map_err(|error| registers::failure(&error))? {
                return Err(Failure::Failed(format!(
                    "{}: this is no code for the card, or it is used or has run out: `vmyna kiosk CARD apply` gives one; nothing \
                     was done",
                    arguments.at.card
                )));
            }
            verify(&terminal, auth)?;
            let password = match sign {
                Some(password) => password,
                None => new_pins::ask_new(pins::SIGN)?,
            };
            let reset = kiosk::reset(password);
            let done = terminal.operate_with(&reset, &Substitutes::default(), Some(digest), &mut OsRng)?;
            report(&terminal, &done, arguments.at.json)
        }
    }
}

/// What the application gives, as JSON.
#[derive(Serialize)]
struct Application<'a> {
    code: &'a str,
    until: String,
}

fn refused(error: &KioskError) -> Failure {
    Failure::Failed(format!("{error}; the password is as it was"))
}

fn check(terminal: &Counter) -> Result<(), Failure> {
    let card = terminal.card()?;
    let (id, _) = terminal.id();
    let standing = Standing::of(&terminal.register, &card, id).map_err(|error| registers::failure(&error))?;
    kiosk::check(&card, id, &standing, terminal.now).map_err(|error| refused(&error))
}

/// Verifies the auth PIN on the card, which no other program may use meanwhile.
fn verify(terminal: &Counter, typed: Option<vmyna_card_os::declaration::ReferenceData>) -> Result<(), Failure> {
    let pin = match typed {
        Some(pin) => Zeroizing::new(pin.as_bytes().to_vec()),
        None => new_pins::ask(&format!("{} ({}): ", pins::AUTH.label, pins::AUTH.title))?,
    };
    let mut card = KeptCard::open(terminal.issued(), &terminal.place, Box::new(|_: &Event<'_>| {}))?;
    kiosk::verify_auth_pin(&mut card, &pin).map_err(|error| refused(&error))
}
