//! The debug output of GlobalPlatformPro and other programs with apdu4j: `A>> T=1 (4+0000) 00A40400 00 `,
//! `A<< (0018+2) (26ms) 6F10… 9000`, `<< (26ms) SCARD_…` for none. All other lines are skipped. Numbers of bytes must be right,
//! because old versions printed bytes that they had not sent.

use std::time::Duration;

use vmyna_apdu::CommandApdu;

use super::line::{Line, Lines, count};
use super::transcript::{Transcript, name};
use super::{ImportError, Problem};

pub(super) const SENT: [&str; 2] = ["A>> T=", "B>> T="];

pub(super) fn read(mut lines: Lines<'_>, transcript: &mut Transcript) -> Result<(), ImportError> {
    let mut reader = "gp".to_owned();
    let mut time = Duration::ZERO;
    while let Some(line) = lines.next()? {
        let text = line.text.strip_prefix("# ").unwrap_or(&line.text);
        let added = if let Some(rest) = text.strip_prefix("SCardConnect(\"") {
            match rest.split_once('"') {
                Some((connected, _)) => name(connected).map(|name| reader = name),
                None => Err(Problem::Foreign),
            }
        } else if SENT.iter().any(|sent| text.starts_with(sent)) {
            let command = command(&line, text)?;
            transcript.command(&reader, &command)
        } else if text.starts_with("A<< ") || text.starts_with("B<< ") {
            let (answer, took) = answer(&line, text)?;
            time += took;
            transcript.at(time);
            transcript.answer(&reader, &answer)
        } else if text.starts_with("<< ") {
            transcript.unanswered(&reader)
        } else {
            Ok(())
        };
        added.map_err(|problem| line.error(problem))?;
    }
    Ok(())
}

/// `A>> T=1 (4+0008) 00A40400 08 A000000003000000 00`, `B>> T=1 (13) 00A4…`
fn command(line: &Line<'_>, text: &str) -> Result<Vec<u8>, ImportError> {
    let foreign = || line.error(Problem::Foreign);
    let (_, rest) = text.split_once(" (").ok_or_else(foreign)?;
    let (count, bytes) = rest.split_once(") ").ok_or_else(foreign)?;
    let bytes = line.bytes(bytes)?;
    let (stated, there) = match count.strip_prefix("4+") {
        Some(data) => (
            data,
            CommandApdu::parse(&bytes).map_or(bytes.len(), |apdu| apdu.data.len()),
        ),
        None => (count, bytes.len()),
    };
    count_is(line, stated, there)?;
    Ok(bytes)
}

/// `A<< (0018+2) (26ms) 6F10… 9000`, `B<< (20) 6F10…`
fn answer(line: &Line<'_>, text: &str) -> Result<(Vec<u8>, Duration), ImportError> {
    let foreign = || line.error(Problem::Foreign);
    let (_, rest) = text.split_once(" (").ok_or_else(foreign)?;
    let (count, rest) = rest.split_once(')').ok_or_else(foreign)?;
    let (took, bytes) = match rest.trim_start().strip_prefix('(') {
        Some(rest) => rest.split_once(')').ok_or_else(foreign)?,
        None => ("0ms", rest),
    };
    let took = duration(took).ok_or_else(foreign)?;
    let bytes = line.bytes(bytes)?;
    let (stated, there) = match count.strip_suffix("+2") {
        Some(data) => (data, bytes.len().saturating_sub(2)),
        None => (count, bytes.len()),
    };
    count_is(line, stated, there)?;
    Ok((bytes, took))
}

fn count_is(line: &Line<'_>, stated: &str, there: usize) -> Result<(), ImportError> {
    match count(stated) {
        Some(stated) if stated == there => Ok(()),
        Some(stated) => Err(line.error(Problem::Count { stated, there })),
        None => Err(line.error(Problem::Foreign)),
    }
}

/// `26ms`, `1s200ms`
fn duration(text: &str) -> Option<Duration> {
    let text = text.strip_suffix("ms")?;
    let (seconds, milliseconds) = text.split_once('s').unwrap_or(("0", text));
    let (seconds, milliseconds): (u32, u32) = (seconds.parse().ok()?, milliseconds.parse().ok()?);
    Some(Duration::from_secs(seconds.into()) + Duration::from_millis(milliseconds.into()))
}
