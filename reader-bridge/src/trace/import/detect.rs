//! Which program wrote a log, from its content.

use std::borrow::Cow;

use super::line::Lines;
use super::{Format, ImportError, arrows, globalplatformpro, opensc, pcscd, pyscard, scriptor, vicc};

/// The reason why the format of a log is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DetectError {
    /// No line is one of a known format.
    #[error("not a log of a known format")]
    Unknown,
    /// Lines of several formats.
    #[error("lines of several formats: {}", names(.0))]
    Several(Vec<Format>),
    /// The log can't be read.
    #[error(transparent)]
    Import(#[from] ImportError),
}

fn names(formats: &[Format]) -> String {
    let names: Vec<_> = formats.iter().map(|format| format.name()).collect();
    names.join(", ")
}

/// Whether a line has a mark.
type Mark = fn(&str) -> bool;

/// The formats of text with a mark of their own.
const MARKS: [(Format, Mark); 6] = [
    (Format::Pcscd, pcscd::has_command),
    (Format::Opensc, |line| line.starts_with(opensc::OUTGOING[1])),
    (Format::GlobalPlatformPro, |line| {
        globalplatformpro::SENT.iter().any(|sent| line.starts_with(sent))
    }),
    (Format::Vicc, |line| {
        vicc::entry(line).is_some_and(|(_, text)| text.starts_with(vicc::COMMAND))
    }),
    (Format::Pyscard, |line| {
        line.starts_with(pyscard::CONNECTING) || line.starts_with(pyscard::NO_DATA)
    }),
    (Format::Scriptor, |line| {
        scriptor::is_notice(line) || line.starts_with("< ") && line.contains(" : ")
    }),
];

/// The format of this log. [`Format::Lines`] has no mark: its first line begins with an arrow.
///
/// # Errors
/// [`DetectError`]
pub fn detect(log: &[u8]) -> Result<Format, DetectError> {
    const CAPTURES: [[u8; 4]; 5] = [
        [0x0A, 0x0D, 0x0D, 0x0A],
        [0xD4, 0xC3, 0xB2, 0xA1],
        [0xA1, 0xB2, 0xC3, 0xD4],
        [0x4D, 0x3C, 0xB2, 0xA1],
        [0xA1, 0xB2, 0x3C, 0x4D],
    ];
    if CAPTURES.iter().any(|magic| log.starts_with(magic)) {
        return Ok(Format::Capture);
    }
    let mut found = Vec::new();
    let mut first: Option<Cow<'_, str>> = None;
    let mut lines = Lines::new(log);
    while let Some(line) = lines.next()? {
        for (format, mark) in MARKS {
            if !found.contains(&format) && mark(&line.text) {
                found.push(format);
            }
        }
        let counts = !line.text.trim().is_empty() && !line.text.starts_with('#');
        if first.is_none() && counts {
            first = Some(line.text);
        }
    }
    match found[..] {
        [only] => Ok(only),
        [] if first.is_some_and(|line| arrows::split(line.trim()).is_some()) => Ok(Format::Lines),
        [] => Err(DetectError::Unknown),
        _ => Err(DetectError::Several(found)),
    }
}
