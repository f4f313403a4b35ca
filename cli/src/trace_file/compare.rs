//! The differences between two traces: the answers to the same commands, in their order. Power, resets and times don't count,
//! because not every log has them.

use std::fmt::Write as _;

use vmyna_apdu::instruction::code;
use vmyna_apdu::{ResponseApdu, hex};
use vmyna_explain::{Narrator, secured};
use vmyna_reader_bridge::trace::{Octets, ReaderName, Recording, What};

use super::load::readers;

/// Most bytes of an answer that are printed.
const SHOWN: usize = 32;

/// The differences, each in a line with an indented one for each side; empty when there are none. Secret bytes are masked.
pub(crate) fn differences(a: &Recording, b: &Recording) -> String {
    let (in_a, in_b) = (readers(a), readers(b));
    let mut text = String::new();
    match (&in_a[..], &in_b[..]) {
        // The only conversation of each, whatever the readers are called.
        ([one], [other]) => conversation(&exchanges(a, one), &exchanges(b, other), "", &mut text),
        _ => {
            for reader in &in_a {
                match in_b.contains(reader) {
                    true => {
                        let place = format!("[{}] ", ***reader);
                        conversation(&exchanges(a, reader), &exchanges(b, reader), &place, &mut text);
                    }
                    false => differ(
                        &mut text,
                        &format!("reader {}", ***reader),
                        "in this trace",
                        "not in this trace",
                    ),
                }
            }
            for reader in in_b.iter().filter(|reader| !in_a.contains(*reader)) {
                differ(
                    &mut text,
                    &format!("reader {}", ***reader),
                    "not in this trace",
                    "in this trace",
                );
            }
        }
    }
    text
}

fn differ(text: &mut String, what: &str, a: &str, b: &str) {
    // Writing into a String can't fail.
    let _ = writeln!(text, "{what}\n  A: {a}\n  B: {b}");
}

/// A command and its answer.
struct Exchange<'a> {
    /// The number of the command's message.
    number: u64,
    command: &'a Octets,
    /// `None` if it was not answered.
    answer: Option<&'a Octets>,
}

fn exchanges<'a>(recording: &'a Recording, reader: &ReaderName) -> Vec<Exchange<'a>> {
    let mut exchanges: Vec<Exchange<'a>> = Vec::new();
    for numbered in recording
        .messages
        .iter()
        .filter(|numbered| numbered.message.reader == *reader)
    {
        match (&numbered.message.what, exchanges.last_mut()) {
            (What::Command(command), _) => exchanges.push(Exchange {
                number: numbered.number,
                command,
                answer: None,
            }),
            (What::Response(answer), Some(last)) => last.answer = Some(answer),
            _ => {}
        }
    }
    exchanges
}

fn conversation(a: &[Exchange<'_>], b: &[Exchange<'_>], place: &str, text: &mut String) {
    let mut narrator = Narrator::of_shared_card();
    for (one, other) in a.iter().zip(b) {
        let meaning = narrator.meaning(one.command.as_bytes());
        let what = format!("{place}message {} and {}: {meaning}", one.number, other.number);
        if !alike(one.command, other.command) {
            let sent = |exchange: &Exchange<'_>| shown(exchange.command);
            differ(
                text,
                &format!("{what}; from here on the commands differ"),
                &sent(one),
                &sent(other),
            );
            return;
        }
        match (one.answer, other.answer) {
            (Some(first), Some(second)) if same(one.command.as_bytes(), first, second) => {}
            (None, None) => {}
            (first, second) => differ(text, &what, &answer(first), &answer(second)),
        }
        if let Some(first) = one.answer {
            narrator.follow(one.command.as_bytes(), first.as_bytes());
        }
    }
    if a.len() != b.len() {
        let count = |exchanges: &[Exchange<'_>]| format!("{} commands", exchanges.len());
        differ(text, &format!("{place}number of commands"), &count(a), &count(b));
    }
}

/// Whether two messages have the same bytes, as far as neither is masked.
fn alike(a: &Octets, b: &Octets) -> bool {
    let (one, other) = (a.as_bytes(), b.as_bytes());
    let hidden = |at: usize| a.masked().contains(&at) || b.masked().contains(&at);
    one.len() == other.len() && (0..one.len()).all(|at| one[at] == other[at] || hidden(at))
}

/// Whether two answers to a command are the same. Random and secured ones are compared by length and status word.
fn same(command: &[u8], a: &Octets, b: &Octets) -> bool {
    if !by_shape(command) {
        return alike(a, b);
    }
    let word = |octets: &Octets| ResponseApdu::parse(octets.as_bytes()).map(|answer| answer.status_word);
    a.as_bytes().len() == b.as_bytes().len() && word(a) == word(b)
}

fn answer(octets: Option<&Octets>) -> String {
    let Some(octets) = octets else {
        return "not answered".to_owned();
    };
    match ResponseApdu::parse(octets.as_bytes()) {
        Some(answer) if answer.data.is_empty() => format!("{} ({})", answer.status_word, answer.status_word.meaning()),
        Some(answer) => format!("{}, {} bytes: {}", answer.status_word, answer.data.len(), shown(octets)),
        None => format!("{} without a status word", shown(octets)),
    }
}

/// The first bytes of a message, secret ones masked.
fn shown(octets: &Octets) -> String {
    let bytes = octets.as_bytes();
    let end = bytes.len().min(SHOWN);
    let more = if end < bytes.len() { "…" } else { "" };
    hex::encode_hiding(bytes, 0..end, &octets.secret()) + more
}

/// Whether the answer to a command differs each time: random, or enciphered.
pub(crate) fn by_shape(command: &[u8]) -> bool {
    /// The class of commands to a reader, which gives a contactless card's PUPI.
    const READER: u8 = 0xFF;
    match *command {
        [READER, ..] | [0x00, code::GET_CHALLENGE, ..] => true,
        // P1: the schemes of RSASSA-PSS.
        [0x80, code::COMPUTE_SIGNATURE, 4 | 5, ..] => true,
        [cla, ..] => secured(cla),
        [] => false,
    }
}
