//! `vmyna explain`: what a command asks for, field by field, what the card answers, and which rule decided, with its
//! certainty and source. In English and Japanese.
//!
//! The card is asked; nothing here decides what it would answer. PINs are masked.

pub(crate) mod access;
mod fields;
pub(crate) mod language;
pub(crate) mod reasons;
mod rules;
pub(crate) mod status;

use std::io::{self, Write};
use std::ops::Range;

use clap::Args;
use vmyna_apdu::{CommandApdu, ResponseApdu, StatusWord, hex, mask::secret_range};
use vmyna_card_os::rule;

use crate::card::CardSource;
use crate::failure::Failure;
use crate::narrate::{Narrator, Reasons};
use language::{Language, text};

/// Explaining.
#[derive(Args)]
pub(crate) struct Explain {
    /// The virtual card that is asked; it starts as issued: specimen:NAME, FILE or FILE#NAME
    #[arg(long, value_name = "CARD", default_value = "specimen:hanako")]
    pub(crate) card: CardSource,

    /// The language
    #[arg(long, value_name = "LANGUAGE", value_parser = language::parser(), default_value = "en")]
    pub(crate) lang: Language,

    /// Show PINs
    #[arg(long)]
    pub(crate) show_secrets: bool,

    /// C-APDUs, one after the other to the same card, or a status word (four digits) to know where it can come from
    #[arg(value_name = "HEX", required = true)]
    pub(crate) steps: Vec<String>,
}

/// The help behind the options.
pub(crate) const HELP: &str = "\
Examples:
  vmyna explain 00A4040C0AD392F000260100000001 00B0810000
  vmyna explain --lang ja 00A4040C0AD3921000310001010408 002000910431323334
  vmyna explain 6984";

/// Runs the command.
pub(crate) fn run(arguments: &Explain) -> Result<(), Failure> {
    let steps: Vec<Vec<u8>> = (1..)
        .zip(&arguments.steps)
        .map(|(number, step)| understand(number, step))
        .collect::<Result<_, _>>()?;
    let reasons = Reasons::default();
    let mut card = arguments.card.open_as_issued(Some(reasons.observer()))?;
    let unpowered = |error| Failure::Failed(format!("{}: {error}", arguments.card));
    card.power_on(&mut Vec::new()).map_err(unpowered)?;
    let mut narrator = Narrator::new(arguments.show_secrets, true);
    let language = arguments.lang;
    let mut out = io::stdout().lock();
    for step in steps {
        if let [high, low] = *step {
            write!(
                out,
                "{}",
                status_word(StatusWord::new(u16::from_be_bytes([high, low])), language)
            )?;
            continue;
        }
        // What the card said before belongs to no command.
        reasons.take();
        let secret = if arguments.show_secrets {
            0..0
        } else {
            secret_range(&step)
        };
        writeln!(out, ">> {}", hex::encode_hiding(&step, 0..step.len(), &secret))?;
        writeln!(out, "{}", fields(&narrator, &step, &secret, language))?;
        let mut response = Vec::new();
        card.transmit(&step, &mut response).map_err(unpowered)?;
        let answered = ResponseApdu::parse(&response);
        let (data, sw) = answered.map_or((&[][..], StatusWord::UNKNOWN_FAILURE), |r| (r.data, r.status_word));
        let count = data.len();
        writeln!(out, "<< ({count}+2) {sw}   {}", status::meaning(sw).say(language))?;
        writeln!(out, "{}", answer(&step, &response, &reasons, language).join("\n"))?;
        narrator.follow(&step, &response);
    }
    out.flush()?;
    Ok(())
}

/// Bytes that were typed. The error never repeats them: they may hold a PIN.
fn understand(number: usize, step: &str) -> Result<Vec<u8>, Failure> {
    let fault = |problem: String| Failure::Usage(format!("argument {number}: {problem}; nothing was sent"));
    let bytes = hex::decode(step).map_err(|error| fault(error.to_string()))?;
    match bytes.len() {
        2 | 4..=CommandApdu::MAX_LENGTH => Ok(bytes),
        length => Err(fault(format!(
            "{length} bytes are neither a status word (2) nor a C-APDU (4 to {})",
            CommandApdu::MAX_LENGTH
        ))),
    }
}

/// The fields of a command, a line each.
pub(crate) fn fields(narrator: &Narrator, command: &[u8], secret: &Range<usize>, language: Language) -> String {
    let lines = fields::decode(narrator, command).into_iter().map(|field| {
        let bytes = hex::encode_hiding(command, field.place, secret);
        format!("   {:4} {bytes:8} {}", field.name, field.says.say(language))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What an answer means at this place, and the reasons the card gave for it; a line each.
pub(crate) fn answer(command: &[u8], response: &[u8], reasons: &Reasons, language: Language) -> Vec<String> {
    let here = status::here(command, response);
    here.iter()
        .chain(&reasons.take())
        .map(|text| format!("   {}", text.say(language)))
        .collect()
}

/// A status word by itself: what it means and which rules answer it.
fn status_word(sw: StatusWord, language: Language) -> String {
    let mut told = format!("{sw}   {}\n", status::meaning(sw).say(language));
    let mut found = false;
    for rule in rule::ALL.iter().filter(|rule| rule.status_word == Some(sw)) {
        found = true;
        told += &format!("   {}\n", reasons::rule(rule).say(language));
    }
    if !found {
        let nothing = text!("no rule answers just this", "これだけを返す規則はない");
        told += &format!("   {}\n", nothing.say(language));
    }
    told
}
