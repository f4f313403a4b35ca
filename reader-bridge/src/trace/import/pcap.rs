//! Classic pcap of either byte order, with times in microseconds or nanoseconds.

use std::time::Duration;

use super::{ImportError, Place, Problem};

/// A longer packet is damage: the longest APDU makes one of 64 KiB.
const LONGEST_PACKET: usize = 16 << 20;

/// A packet of a capture.
pub(super) struct Packet<'a> {
    pub(super) link_type: u16,
    /// Since 1970.
    pub(super) time: Duration,
    pub(super) bytes: &'a [u8],
}

/// Calls `each` with each whole packet. A last packet that is cut off is left out, as the process may have been killed in it.
pub(super) fn packets(
    capture: &[u8],
    mut each: impl FnMut(&Packet<'_>) -> Result<(), Problem>,
) -> Result<(), ImportError> {
    let damaged = || ImportError::of_file(Problem::Damaged);
    let (magic, rest) = capture.split_first_chunk::<4>().ok_or_else(damaged)?;
    let (big_endian, nanoseconds) = match magic {
        [0xA1, 0xB2, 0xC3, 0xD4] => (true, false),
        [0xD4, 0xC3, 0xB2, 0xA1] => (false, false),
        [0xA1, 0xB2, 0x3C, 0x4D] => (true, true),
        [0x4D, 0x3C, 0xB2, 0xA1] => (false, true),
        _ => return Err(damaged()),
    };
    let word = |bytes: &[u8; 4]| match big_endian {
        true => u32::from_be_bytes(*bytes),
        false => u32::from_le_bytes(*bytes),
    };
    // Version, zone, accuracy, longest packet.
    let (head, mut rest) = rest.split_first_chunk::<20>().ok_or_else(damaged)?;
    let (_, link_type) = head.split_last_chunk::<4>().ok_or_else(damaged)?;
    // The upper bits are flags.
    let link_type = word(link_type) as u16;
    let mut number = 0;
    while let Some((head, behind)) = rest.split_first_chunk::<16>() {
        number += 1;
        let here = |problem| ImportError {
            place: Place::Packet(number),
            problem,
        };
        let (words, []) = head.as_chunks::<4>() else { break };
        let [seconds, fraction, captured, _] = [0, 1, 2, 3].map(|at| word(&words[at]));
        let captured = captured as usize;
        if captured > LONGEST_PACKET {
            return Err(here(Problem::Damaged));
        }
        let Some((bytes, behind)) = behind.split_at_checked(captured) else {
            break;
        };
        rest = behind;
        let fraction = match nanoseconds {
            true => Duration::from_nanos(fraction.into()),
            false => Duration::from_micros(fraction.into()),
        };
        let packet = Packet {
            link_type,
            time: Duration::from_secs(seconds.into()) + fraction,
            bytes,
        };
        each(&packet).map_err(here)?;
    }
    Ok(())
}
