//! `vmyna explain`: the fields of a command, the card's answer, and the rule behind it with its certainty and source, in
//! English or Japanese; and the octets of an ATR or ATS.
//!
//! The answer comes from the card: this module must never decide it. PINs are masked.

pub(crate) mod args;

use std::io::{self, Write};

use vmyna::{Bench, Slot};
use vmyna_apdu::{CommandApdu, ResponseApdu, StatusWord, Text, hex, text};
use vmyna_explain::{Field, Language, Narrator, ReaderKind, Reasons, atr, ats, status};

use crate::failure::Failure;
use crate::output;
use args::Explain;

/// Runs the command.
pub(crate) fn run(arguments: &Explain) -> Result<(), Failure> {
    let language = arguments.lang;
    if let Some(text) = &arguments.atr {
        let bytes = octets("--atr", text)?;
        let explained = atr::explain(&bytes);
        let damage = explained.outcome.err().map(|error| error.text());
        return answer_of_a_card(&bytes, &explained.fields, &explained.notes, damage, language);
    }
    if let Some(text) = &arguments.ats {
        let bytes = octets("--ats", text)?;
        let explained = ats::explain(&bytes);
        let damage = explained.outcome.err().map(|error| error.text());
        return answer_of_a_card(&bytes, &explained.fields, &[], damage, language);
    }
    let steps: Vec<Vec<u8>> = (1..)
        .zip(&arguments.steps)
        .map(|(number, step)| understand(number, step))
        .collect::<Result<_, _>>()?;
    let reasons = Reasons::default();
    let source = arguments.applications.on(&arguments.card)?;
    let card = source.open_as_issued(Some(reasons.observer()))?;
    let reader = match card.is_contactless() {
        true => ReaderKind::Contactless,
        false => ReaderKind::Contacts,
    };
    let applications = card.applications();
    let mut card = Bench::new().connect(card, Slot::new("explain"));
    let unpowered = |error| Failure::Failed(format!("{}: {error}", arguments.card));
    card.power_on(&mut Vec::new()).map_err(unpowered)?;
    let narrator = match applications {
        Some(applications) => Narrator::new().of_applications(applications),
        None => Narrator::new(),
    };
    let mut narrator = narrator
        .in_language(language)
        .at_reader(reader)
        .showing_secrets(arguments.show_secrets);
    let mut out = output::text();
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

/// The octets of an ATR or ATS, a line each, and what follows from several of them. Damage is an error.
fn answer_of_a_card(
    bytes: &[u8],
    fields: &[Field],
    notes: &[Text],
    damage: Option<Text>,
    language: Language,
) -> Result<(), Failure> {
    let mut out = output::text();
    writeln!(out, "{}", hex::encode(bytes))?;
    for field in fields {
        writeln!(out, "   {}", field.line(bytes, &(0..0), language))?;
    }
    for note in notes {
        writeln!(out, "   {}", note.say(language))?;
    }
    out.flush()?;
    damage.map_or(Ok(()), |damage| Err(Failure::Failed(damage.say(language).to_owned())))
}

/// The bytes of an option's value.
fn octets(option: &str, text: &str) -> Result<Vec<u8>, Failure> {
    // No card answers with more, and an error names how many there are.
    const MOST: usize = 256;
    let bytes = hex::decode(text).map_err(|error| Failure::Usage(format!("{option}: {error}")))?;
    match bytes.len() {
        0..=MOST => Ok(bytes),
        length => Err(Failure::Usage(format!("{option}: at most {MOST} bytes, not {length}"))),
    }
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
