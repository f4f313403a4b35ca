//! `card-verifier`: reads the card in the first PC/SC reader and accepts or refuses it.
//!
//! Each check is a step of its own with a name, and `--without NAME` leaves it out. The result is a *mutant*: a verifier with
//! one known gap. Exit status: 0 the card is accepted; 1 it is refused, with the reason on standard error; 2 misuse.
//!
//! | Module | Does |
//! |---|---|
//! | [`steps`] | the list of the checks |
//! | [`trust`] | the authorities, the time and the revocation lists that the caller names |
//! | [`card`], [`tlv`] | PC/SC, commands, data objects |
//! | [`signature`] | RSA blocks, compared whole |
//! | [`text`], [`face`], [`log_in`], [`certificate`], [`revocation`] | the checks |

mod card;
mod certificate;
mod face;
mod log_in;
mod revocation;
mod signature;
mod steps;
mod text;
mod tlv;
mod trust;

use std::process::ExitCode;

use zeroize::Zeroizing;

use crate::card::Card;
use crate::steps::{Refusal, STEPS, Steps};
use crate::trust::Trust;

const USAGE: &str = "\
usage: card-verifier [--text] [--face] [--my-number] [--log-in] [--revocation]
                     [--without CHECK]... PIN CODE-B CODE-A BIRTH-DATE
       card-verifier --list
PIN is that of text data and of log-in; \"-\" leaves a value out. Authorities: the folder in $VMYNA_EXAM_TRUST.
Time: $VMYNA_EXAM_TIME, else the clock. Revocation lists: the folder in $VMYNA_EXAM_CRLS.";

/// What to read, and the values that open it.
#[derive(Default)]
struct Wish {
    text: bool,
    face: bool,
    my_number: bool,
    log_in: bool,
    revocation: bool,
    values: Vec<Zeroizing<String>>,
}

impl Wish {
    /// The value at a place; `None` if it is missing or left out.
    fn value(&self, at: usize) -> Option<&str> {
        self.values
            .get(at)
            .map(|value| value.as_str())
            .filter(|value| *value != "-")
    }
}

fn main() -> ExitCode {
    let mut wish = Wish::default();
    let mut steps = Steps::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--list" => {
                for (id, rule) in STEPS {
                    println!("{id}\t{rule}");
                }
                return ExitCode::SUCCESS;
            }
            "--text" => wish.text = true,
            "--face" => wish.face = true,
            "--my-number" => wish.my_number = true,
            "--log-in" => wish.log_in = true,
            "--revocation" => wish.revocation = true,
            "--without" if arguments.next().is_some_and(|id| steps.leave_out(&id)) => {}
            value if !value.starts_with("--") => wish.values.push(Zeroizing::new(value.to_owned())),
            _ => return misuse(USAGE),
        }
    }
    if wish.values.is_empty() || wish.values.len() > 4 {
        return misuse(USAGE);
    }
    let trust = match Trust::from_environment() {
        Ok(trust) => trust,
        Err(reason) => return misuse(&reason),
    };
    match Card::connect().and_then(|mut card| verify(&steps, &trust, &mut card, &wish)) {
        Ok(()) => {
            println!("accepted");
            ExitCode::SUCCESS
        }
        Err(Refusal { id, reason }) => {
            eprintln!("refused: {id}: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn misuse(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::from(2)
}

/// Everything that was wished for, in an order in which no PIN is sent to a card that has already failed.
fn verify(steps: &Steps, trust: &Trust, card: &mut Card, wish: &Wish) -> Result<(), Refusal> {
    let ends = match wish.face {
        true => face::ends(card)?,
        false => Vec::new(),
    };
    let texts = match wish.text || wish.my_number {
        true => Some(text::verify(steps, trust, card, wish)?),
        false => None,
    };
    if wish.face {
        let face = face::verify(steps, trust, card, wish, &ends)?;
        // Two genuine cards behind one reader: each application proves itself alone.
        let same = texts.is_none_or(|texts| texts.birth == face.birth && texts.sex == face.sex);
        steps.check("F10", same, "text data and face data are of different people")?;
        // Two people can have one birth date. Only eyes notice that.
        if !steps.lack("F11") {
            println!("compare the pictures of name and face with the person");
        }
    }
    if wish.log_in {
        log_in::verify(steps, trust, card, wish)?;
    }
    Ok(())
}
