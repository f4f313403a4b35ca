//! The output of scriptor (pcsc-tools): `> 00 20 00 80`, `< 63 C3 : State of …`; an answer of more than 16 bytes has several
//! lines. `> RESET` is a warm reset, answered with `< OK: ` and the ATR. Notices, and the lines of the script that scriptor
//! echoes, are skipped.

use super::super::What;
use super::line::{Line, Lines};
use super::transcript::{Transcript, name};
use super::{ImportError, Problem};

/// The beginnings of notices without a byte of a message.
const NOTICES: [&str; 9] = [
    "Using T=",
    "Using an unknown protocol",
    "Using given file: ",
    "Reading commands from STDIN",
    "Trying T=",
    "Can't get info: ",
    "Can't allocate ",
    "Can't get readers list",
    "ascii_to_array: wrong value",
];

const READERS: [&str; 2] = ["No reader given: using ", "Using given card reader: "];

pub(super) fn read(mut lines: Lines<'_>, transcript: &mut Transcript) -> Result<(), ImportError> {
    let mut reader = "scriptor".to_owned();
    let mut reset = false;
    while let Some(line) = lines.next()? {
        let text = line.text.as_ref();
        let added = if let Some(command) = text.strip_prefix("> ") {
            reset = command.trim() == "RESET";
            match reset {
                true => Ok(()),
                false => transcript.command(&reader, &line.bytes(command)?),
            }
        } else if let Some(answer) = text.strip_prefix("< ") {
            match (std::mem::take(&mut reset), answer) {
                (true, answer) => match (answer.strip_prefix("OK:"), answer.starts_with("KO:")) {
                    (Some(atr), _) => transcript.event(&reader, What::Reset(line.bytes(atr)?)),
                    (_, true) => Ok(()),
                    _ => Err(Problem::Foreign),
                },
                (false, answer) => transcript.answer(&reader, &self::answer(&line, answer, &mut lines)?),
            }
        } else if let Some(named) = READERS.iter().find_map(|notice| text.strip_prefix(notice)) {
            name(named.trim_end()).map(|name| reader = name)
        } else if is_notice(text) || is_script(text) {
            Ok(())
        } else {
            Err(Problem::Foreign)
        };
        added.map_err(|problem| line.error(problem))?;
    }
    Ok(())
}

/// An answer from its first line to the one with ` : ` and the meaning of the status word.
fn answer(first: &Line<'_>, text: &str, lines: &mut Lines<'_>) -> Result<Vec<u8>, ImportError> {
    if let Some((bytes, _)) = text.split_once(" : ") {
        return first.bytes(bytes);
    }
    let mut answer = first.bytes(text)?;
    while let Some(line) = lines.next()? {
        // Some messages fill their last line.
        let end = line.text.split_once(": ").map(|(bytes, _)| bytes);
        answer.extend(line.bytes(end.unwrap_or(&line.text))?);
        if answer.len() > super::LONGEST_LINE {
            return Err(line.error(Problem::Length(answer.len())));
        }
        if end.is_some() {
            return Ok(answer);
        }
    }
    Err(first.error(Problem::CutOff {
        stated: answer.len() + 2,
        there: answer.len(),
    }))
}

pub(super) fn is_notice(text: &str) -> bool {
    NOTICES.iter().chain(&READERS).any(|notice| text.starts_with(notice))
}

/// A line of a script: empty, a comment, bytes, or a word.
fn is_script(text: &str) -> bool {
    let text = text.trim();
    let word = |word: &str| text.to_ascii_lowercase().contains(word);
    text.is_empty()
        || text.starts_with('#')
        || word("exit")
        || word("reset")
        || text
            .chars()
            .all(|letter| letter.is_ascii_hexdigit() || matches!(letter, ' ' | '\t' | '\\'))
}
