//! Packets of link type 252, Wireshark's *upper PDU export*: tags for the dissector and the direction of the payload, then
//! the payload. Tags are big-endian, 2 bytes tag, 2 bytes length, value padded to 4 bytes
//! (Wireshark's `epan/exported_pdu.h`). Anything read here may be hostile.

use super::{Message, Octets, ReaderName, What};
use std::ops::Range;
use std::time::SystemTime;

/// LINKTYPE_WIRESHARK_UPPER_PDU.
pub(super) const LINK_TYPE: u16 = 252;

const END: u16 = 0;
const DISSECTOR_NAME: u16 = 12;
const P2P_DIRECTION: u16 = 35;

/// Directions for the ISO 7816 dissector: a command is sent, an answer is received.
const SENT: u32 = 0;
const RECEIVED: u32 = 1;

const APDU: &str = "iso7816";
const ATR: &str = "iso7816.atr";
/// For an event without bytes, like loss of power. The comment names it.
const NOTHING: &str = "data";

const POWER_ON: &str = "power on";
const RESET: &str = "warm reset";
const POWER_OFF: &str = "power off";
const UNANSWERED: &str = "not answered";

/// A message as packet and comment.
pub(super) fn encode(what: &What) -> (Vec<u8>, Option<String>) {
    let packet = |dissector, direction, payload: &[u8]| {
        let mut packet = Vec::with_capacity(40 + payload.len());
        tag(&mut packet, DISSECTOR_NAME, str::as_bytes(dissector));
        tag(&mut packet, P2P_DIRECTION, &u32::to_be_bytes(direction));
        tag(&mut packet, END, &[]);
        packet.extend(payload);
        packet
    };
    let comment = |text: &str| Some(text.to_owned());
    match what {
        What::PowerOn(atr) => (packet(ATR, RECEIVED, atr), comment(POWER_ON)),
        What::Reset(atr) => (packet(ATR, RECEIVED, atr), comment(RESET)),
        What::PowerOff => (packet(NOTHING, SENT, &[]), comment(POWER_OFF)),
        What::Unanswered => (packet(NOTHING, RECEIVED, &[]), comment(UNANSWERED)),
        What::Command(octets) => (packet(APDU, SENT, octets.as_bytes()), secret_comment(octets)),
        What::Response(octets) => (packet(APDU, RECEIVED, octets.as_bytes()), secret_comment(octets)),
    }
}

fn tag(packet: &mut Vec<u8>, tag: u16, value: &[u8]) {
    let padded = value.len().next_multiple_of(4);
    packet.extend(tag.to_be_bytes());
    // Every value here has at most 12 bytes.
    packet.extend((padded as u16).to_be_bytes());
    packet.extend(value);
    packet.extend(std::iter::repeat_n(0, padded - value.len()));
}

/// `secret bytes 5..9 masked`: which bytes, counted from 0, the end not among them.
fn secret_comment(octets: &Octets) -> Option<String> {
    let Range { start, end } = octets.secret();
    let how = if octets.masked().is_empty() { "shown" } else { "masked" };
    (start < end).then(|| format!("secret bytes {start}..{end} {how}"))
}

/// The message in a packet; `None` if it is not from a card.
pub(super) fn decode(packet: &[u8], comments: &[&str], reader: &ReaderName, time: SystemTime) -> Option<Message> {
    let (dissector, direction, payload) = split(packet)?;
    let has = |comment: &str| comments.contains(&comment);
    let octets = || {
        let (secret, masked) = comments
            .iter()
            .find_map(|comment| parse_secret(comment))
            .unwrap_or_default();
        let mut octets = Octets::new(payload, secret, false);
        octets.masked = masked && !octets.secret.is_empty();
        octets
    };
    let what = match (dissector, direction) {
        (APDU, Some(SENT)) => What::Command(octets()),
        (APDU, Some(RECEIVED)) => What::Response(octets()),
        (ATR, _) if has(RESET) => What::Reset(payload.to_vec()),
        (ATR, _) => What::PowerOn(payload.to_vec()),
        (NOTHING, _) if has(POWER_OFF) => What::PowerOff,
        (NOTHING, _) if has(UNANSWERED) => What::Unanswered,
        _ => return None,
    };
    Some(Message {
        reader: reader.clone(),
        time,
        what,
    })
}

/// Dissector, direction and payload.
fn split(mut rest: &[u8]) -> Option<(&str, Option<u32>, &[u8])> {
    let (mut dissector, mut direction) = ("", None);
    loop {
        let (&[a, b, c, d], behind) = rest.split_first_chunk()?;
        let (value, behind) = behind.split_at_checked(usize::from(u16::from_be_bytes([c, d])))?;
        rest = behind;
        match u16::from_be_bytes([a, b]) {
            END => return Some((dissector, direction, rest)),
            DISSECTOR_NAME => dissector = std::str::from_utf8(value).ok()?.trim_end_matches('\0'),
            P2P_DIRECTION => direction = Some(u32::from_be_bytes(value.try_into().ok()?)),
            _ => {}
        }
    }
}

fn parse_secret(comment: &str) -> Option<(Range<usize>, bool)> {
    let (range, how) = comment.strip_prefix("secret bytes ")?.split_once(' ')?;
    let (start, end) = range.split_once("..")?;
    Some((start.parse().ok()?..end.parse().ok()?, how == "masked"))
}
