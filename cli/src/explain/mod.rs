//! `vmyna explain`: the fields of a command, the card's answer, and the rule behind it with its certainty and source, in
//! English or Japanese.
//!
//! The answer comes from the card: this module must never decide it. PINs are masked.

pub(crate) mod args;

use std::io::{self, Write};

use vmyna::{Bench, Slot};
use vmyna_apdu::{CommandApdu, ResponseApdu, StatusWord, hex, text};
use vmyna_explain::{Language, Narrator, Reasons, status};

use crate::failure::Failure;
use args::Explain;

/// Runs the command.
pub(crate) fn run(arguments: &Explain) -> Result<(), Failure> {
    let steps: Vec<Vec<u8>> = (1..)
        .zip(&arguments.steps)
        .map(|(number, step)| understand(number, step))
        .collect::<Result<_, _>>()?;
    let reasons = Reasons::default();
    let card = arguments.card.open_as_issued(Some(reasons.observer()))?;
    let mut card = Bench::new().connect(card, Slot::new("explain"));
    let unpowered = |error| Failure::Failed(format!("{}: {error}", arguments.card));
    card.power_on(&mut Vec::new()).map_err(unpowered)?;
    let language = arguments.lang;
    let mut narrator = Narrator::new()
        .in_language(language)
        .showing_secrets(arguments.show_secrets);
    let mut out = io::stdout().lock();
    for step in steps {
        if let [high, low] = *step {
            let sw = StatusWord::new(u16::from_be_bytes([high, low]));
            status_word(&mut out, sw, language)?;
            continue;
        }
        // The reasons that the card gave before belong to no command.
        reasons.clear();
        writeln!(out, ">> {}", narrator.bytes(&step))?;
        for field in narrator.fields(&step) {
            writeln!(out, "   {field}")?;
        }
        let mut response = Vec::new();
        card.transmit(&step, &mut response).map_err(unpowered)?;
        let answered = ResponseApdu::parse(&response);
        let (data, sw) = answered.map_or((&[][..], StatusWord::UNKNOWN_FAILURE), |r| (r.data, r.status_word));
        let count = data.len();
        writeln!(out, "<< ({count}+2) {sw}   {}", status::meaning(sw).say(language))?;
        for reason in narrator.reasons(&step, &response, &reasons) {
            writeln!(out, "   {reason}")?;
        }
        narrator.follow(&step, &response);
    }
    out.flush()?;
    Ok(())
}

/// A status word by itself: its meaning, and the rules that answer it.
fn status_word(out: &mut impl Write, sw: StatusWord, language: Language) -> io::Result<()> {
    writeln!(out, "{sw}   {}", status::meaning(sw).say(language))?;
    let mut rules = status::rules(sw);
    if rules.is_empty() {
        rules.push(text!("no rule answers exactly this", "これだけを返す規則はない"));
    }
    rules
        .iter()
        .try_for_each(|rule| writeln!(out, "   {}", rule.say(language)))
}

/// The bytes of an argument. The error does not repeat them, because they may contain a PIN.
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
