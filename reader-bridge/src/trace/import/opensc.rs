//! OpenSC's debug log: `P:1522; T:0x1403… 20:13:15.237 [opensc-pkcs11] reader-pcsc.c:326:pcsc_transmit: `, then
//! `Outgoing APDU (12 bytes):` and a dump. The log has no date, and does not state when the card is powered or reset.

use std::time::Duration;

use super::line::Lines;
use super::transcript::{Transcript, name};
use super::{ImportError, dump};

pub(super) const OUTGOING: [&str; 2] = ["Outgoing APDU data", "Outgoing APDU"];
const INCOMING: [&str; 2] = ["Incoming APDU data", "Incoming APDU"];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn read(mut lines: Lines<'_>, transcript: &mut Transcript) -> Result<(), ImportError> {
    let mut reader = "opensc".to_owned();
    let (mut day, mut last) = (Duration::ZERO, Duration::ZERO);
    while let Some(line) = lines.next()? {
        if let Some(time) = time_of_day(&line.text) {
            // The log has gone past midnight.
            if time + DAY / 2 < last {
                day += DAY;
            }
            last = time;
            transcript.at(day + time);
        }
        if let Some((_, rest)) = line.text.split_once(":pcsc_transmit: reader '") {
            reader = name(rest.trim_end().trim_end_matches('\'')).map_err(|problem| line.error(problem))?;
            continue;
        }
        let failed = line.text.contains("SCardTransmit") && line.text.contains("failed");
        if failed && transcript.waits(&reader) {
            transcript.unanswered(&reader).map_err(|problem| line.error(problem))?;
            continue;
        }
        let find = |titles: [&str; 2]| titles.into_iter().find_map(|title| dump::stated(&line.text, title));
        let (stated, sent) = match (find(OUTGOING), find(INCOMING)) {
            (Some(stated), _) => (stated, true),
            (_, Some(stated)) => (stated, false),
            _ => continue,
        };
        let bytes = dump::read(&mut lines, line.number, stated, |text, _| Some(text))?;
        let added = match sent {
            true => transcript.command(&reader, &bytes),
            false => transcript.answer(&reader, &bytes),
        };
        added.map_err(|problem| line.error(problem))?;
    }
    Ok(())
}

/// `20:13:15.237` before ` [`.
fn time_of_day(text: &str) -> Option<Duration> {
    let (head, _) = text.split_once(" [")?;
    let (_, time) = head.rsplit_once(' ')?;
    let (clock, fraction) = time.split_once('.')?;
    let mut parts = clock
        .split(':')
        .map(|part| (part.len() == 2).then(|| part.parse::<u64>().ok())?);
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let milliseconds: u64 = (fraction.len() == 3).then(|| fraction.parse().ok())??;
    let fits = hours < 24 && minutes < 60 && seconds <= 60 && parts.next().is_none();
    fits.then(|| Duration::from_millis(((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds))
}
