//! GSMTAP packets of a SIM card (Osmocom's gsmtap.h, version 2, type SIM): what was sent and answered with T=0.
//!
//! A packet of subtype APDU holds header, data and status word of one exchange without a mark of the direction of the data.
//! The instruction decides it; one whose direction is not known is an error.

use vmyna_apdu::instruction::code;

use super::super::What;
use super::Problem;
use super::transcript::Transcript;

/// The port of UDP.
const PORT: u16 = 4729;
const VERSION: u8 = 2;
/// A message of a SIM card.
const SIM: u8 = 4;

const SUBTYPE_APDU: u8 = 0;
const SUBTYPE_ATR: u8 = 1;

const READER: &str = "GSMTAP";

/// Reads the packet, if it is from a SIM card.
pub(super) fn read(link_type: u16, packet: &[u8], transcript: &mut Transcript) -> Result<(), Problem> {
    let Some([VERSION, words, SIM, rest @ ..]) = udp(link_type, packet) else {
        return Ok(());
    };
    // Three bytes of the header are read.
    let header = (usize::from(*words) * 4).checked_sub(3).ok_or(Problem::Damaged)?;
    let (header, payload) = rest.split_at_checked(header).ok_or(Problem::Damaged)?;
    // Octet 12 of the header.
    let subtype = *header.get(12 - 3).ok_or(Problem::Damaged)?;
    match subtype {
        SUBTYPE_ATR => transcript.event(READER, What::PowerOn(payload.to_vec())),
        SUBTYPE_APDU => exchange(payload, transcript),
        // The parts of an exchange one by one, and the choice of rates.
        _ => Ok(()),
    }
}

/// Header, data and status word of one exchange with T=0.
fn exchange(packet: &[u8], transcript: &mut Transcript) -> Result<(), Problem> {
    let ((header, data), status) = packet
        .split_last_chunk::<2>()
        .and_then(|(front, status)| Some((front.split_first_chunk::<5>()?, status)))
        .ok_or(Problem::Damaged)?;
    let [cla, ins, p1, p2, p3] = *header;
    let stated = if p3 == 0 { 256 } else { usize::from(p3) };
    let received = received(cla, ins);
    if data.is_empty() {
        // P3 is 0 where there are no data (ISO/IEC 7816-3, 12.2.2); a card that refuses takes none.
        let command: &[u8] = match (p3, received) {
            (0, Some(false)) => &[cla, ins, p1, p2],
            _ => header,
        };
        transcript.command(READER, command)?;
        return transcript.answer(READER, status);
    }
    if data.len() > stated {
        return Err(Problem::Damaged);
    }
    match received.ok_or(Problem::Direction(ins))? {
        true => {
            transcript.command(READER, header)?;
            transcript.answer(READER, &[data, status].concat())
        }
        false => {
            transcript.command(READER, &[header, data].concat())?;
            transcript.answer(READER, status)
        }
    }
}

/// Whether the data of an instruction come from the card (ISO/IEC 7816-4; ETSI TS 102 221); `None` if that is not known.
fn received(cla: u8, ins: u8) -> Option<bool> {
    const GET_RESPONSE: u8 = 0xC0;
    const STATUS: u8 = 0xF2;
    const FETCH: u8 = 0x12;
    match ins {
        code::READ_BINARY | code::READ_RECORD | code::GET_CHALLENGE | code::GET_DATA | GET_RESPONSE => Some(true),
        STATUS | FETCH if cla & 0x80 != 0 => Some(true),
        code::SELECT
        | code::VERIFY
        | code::CHANGE_REFERENCE_DATA
        | code::EXTERNAL_AUTHENTICATE
        | code::INTERNAL_AUTHENTICATE => Some(false),
        // UPDATE BINARY, UPDATE RECORD, disable, enable and unblock a PIN, INCREASE, SEARCH, TERMINAL PROFILE, ENVELOPE,
        // TERMINAL RESPONSE, COMPUTE DIGITAL SIGNATURE.
        0xD6 | 0xDC | 0x26 | 0x28 | 0x2C | 0x32 | 0xA2 | 0x10 | 0xC2 | 0x14 | 0x2A => Some(false),
        _ => None,
    }
}

/// The payload of a UDP packet to or from GSMTAP's port.
fn udp(link_type: u16, packet: &[u8]) -> Option<&[u8]> {
    const IPV4: u16 = 0x0800;
    const IPV6: u16 = 0x86DD;
    const VLAN: u16 = 0x8100;
    let word = |bytes: &[u8], at: usize| bytes.get(at..at + 2).map(|word| u16::from_be_bytes([word[0], word[1]]));
    let (kind, packet) = match link_type {
        // Ethernet, with or without a VLAN.
        1 => match word(packet, 12)? {
            VLAN => (word(packet, 16)?, packet.get(18..)?),
            kind => (kind, packet.get(14..)?),
        },
        // Linux "cooked", of either version.
        113 => (word(packet, 14)?, packet.get(16..)?),
        276 => (word(packet, 0)?, packet.get(20..)?),
        // BSD's loopback: the number of the family differs by system, so the version of IP decides.
        0 | 108 => (0, packet.get(4..)?),
        // IP.
        12 | 14 | 101 | 228 | 229 => (0, packet),
        _ => return None,
    };
    const UDP: u8 = 17;
    let segment = match (kind, packet.first()? >> 4) {
        (0 | IPV4, 4) => {
            let length = usize::from(packet[0] & 0x0F) * 4;
            let whole = usize::from(word(packet, 2)?);
            let fragment = word(packet, 6)? & 0x3FFF;
            if *packet.get(9)? != UDP || fragment != 0 || length < 20 {
                return None;
            }
            // Ethernet pads short packets.
            packet.get(length..whole.min(packet.len()))?
        }
        (0 | IPV6, 6) if *packet.get(6)? == UDP => packet.get(40..)?,
        _ => return None,
    };
    let ports = [word(segment, 0)?, word(segment, 2)?];
    let length = usize::from(word(segment, 4)?);
    ports.contains(&PORT).then(|| segment.get(8..length)).flatten()
}
