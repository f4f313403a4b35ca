//! `vmyna kiosk`: the cardholder resets the sign password at the terminal of a store.

pub(crate) mod args;

use std::io::Write as _;

use rand_core::OsRng;
use serde::Serialize;
use vmyna::counter::{Terminal, TerminalError, VerifiedHolder};
use vmyna_applets::pins;
use vmyna_card_os::declaration::ReferenceData;
use zeroize::Zeroizing;

use crate::at_counter::{opening, report};
use crate::counter_failures::{self, terminal_failure};
use crate::failure::Failure;
use crate::options::at_counter::AtCounter;
use crate::options::new_pins;
use crate::output;
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
    let at = &arguments.at;
    let failed = |error: TerminalError| failure(at, error);
    let mut terminal = Terminal::open(&opening(at)?, &mut counter_failures::report).map_err(failed)?;
    match &arguments.action {
        Action::Apply { .. } => {
            let holder = verify(at, &terminal, auth)?;
            let given = terminal.give_code(holder, &mut OsRng).map_err(failed)?;
            let (code, until) = (&given.code, given.until);
            if at.json {
                let until = until.to_string();
                return Ok(output::json(&Application { code, until })?);
            }
            writeln!(output::text(), "Code {} is good until {until}, once", **code)?;
            Ok(())
        }
        Action::ResetSign { code, .. } => {
            let code = terminal.accept(code).map_err(failed)?;
            let holder = verify(at, &terminal, auth)?;
            let password = match sign {
                Some(password) => password,
                None => new_pins::ask_new(pins::SIGN)?,
            };
            let done = terminal.reset_sign(holder, code, password, &mut OsRng);
            let done = done.map_err(|error| failed(error.into()))?;
            report(terminal.counter(), &done, at.json)
        }
    }
}

/// What the application gives, as JSON.
#[derive(Serialize)]
struct Application<'a> {
    code: &'a str,
    until: String,
}

fn failure(at: &AtCounter, error: TerminalError) -> Failure {
    terminal_failure(&at.card, at.has_own_authorities(), error)
}

/// Verifies the auth PIN, which is asked for on the terminal if it was not typed.
fn verify(at: &AtCounter, terminal: &Terminal, typed: Option<ReferenceData>) -> Result<VerifiedHolder, Failure> {
    let pin = match typed {
        Some(pin) => Zeroizing::new(pin.as_bytes().to_vec()),
        None => new_pins::ask(&format!("{} ({}): ", pins::AUTH.label, pins::AUTH.title))?,
    };
    terminal.verify(&pin).map_err(|error| failure(at, error))
}
