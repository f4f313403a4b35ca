//! SCardControl (PC/SC part 10): the reader's list of features, its properties, and the commands of its PIN pad.
//!
//! Features, control codes and properties are those of libccid 1.6.2, the driver of USB readers. The PIN is entered at the
//! reader. The program sends a command with room for it; the reader fills it in and returns the answer of the card to the
//! program. Must never give the PIN to the program or to anything but the card.

use crate::code::{self, Code};
use std::fmt;
use std::ops::RangeInclusive;
use vmyna_apdu::StatusWord;
use zeroize::Zeroizing;

/// `SCARD_CTL_CODE` of pcsc-lite.
const fn control_code(number: u32) -> u32 {
    0x4200_0000 + number
}

/// `CM_IOCTL_GET_FEATURE_REQUEST` of pcsc-lite.
const GET_FEATURE_REQUEST: u32 = control_code(3400);

/// The same number as Windows has it. Programs behind a remote desktop send it.
const GET_FEATURE_REQUEST_OF_WINDOWS: u32 = 0x31_3520;

/// A feature of part 10 by its tag.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Feature {
    VerifyPinDirect = 0x06,
    ModifyPinDirect = 0x07,
    IfdPinProperties = 0x0A,
    GetTlvProperties = 0x12,
}

impl Feature {
    /// In the order of libccid.
    const ALL: [Feature; 4] = [
        Feature::VerifyPinDirect,
        Feature::ModifyPinDirect,
        Feature::IfdPinProperties,
        Feature::GetTlvProperties,
    ];

    fn needs_pad(self) -> bool {
        self != Feature::GetTlvProperties
    }

    /// The control code of the reader for it.
    fn code(self) -> u32 {
        control_code(0x33_0000 + self as u32)
    }
}

/// The most bytes of data in an extended APDU: what dwMaxAPDUDataSize has in readers that take them.
const LONGEST_APDU_DATA: u32 = 0x1_0000;

/// bEntryValidationCondition of libccid: maximum size, validation key, or timeout.
const VALIDATION: u8 = 0x07;

/// The PIN that a cardholder types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Entry {
    /// The PIN as it is.
    Current,
    /// The new PIN.
    New,
    /// The new PIN once more.
    Repeated,
}

/// Asks for a PIN, with the allowed number of digits. It returns `None` when the cardholder has cancelled.
pub type AskPin = Box<dyn Fn(Entry, RangeInclusive<usize>) -> Option<Zeroizing<Vec<u8>>> + Send + Sync>;

/// A pad of the reader for entering PINs.
pub struct PinPad(AskPin);

impl fmt::Debug for PinPad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinPad")
    }
}

/// Why a command is not sent to the card.
enum Refusal {
    /// The program gets this code.
    Code(Code),
    /// The program gets this answer of the reader (part 10, 2.5.2).
    Answer(StatusWord),
}

/// Answers SCardControl of a reader with this PIN pad, or without one. `transmit` sends a command to the card and returns
/// the outcome.
pub(crate) fn control(
    pad: Option<&PinPad>,
    control: u32,
    input: &[u8],
    transmit: impl FnOnce(&[u8], &mut Vec<u8>) -> Code,
) -> Result<Zeroizing<Vec<u8>>, Code> {
    let offered = |feature: &Feature| pad.is_some() || !feature.needs_pad();
    if matches!(control, GET_FEATURE_REQUEST | GET_FEATURE_REQUEST_OF_WINDOWS) {
        let features = Feature::ALL.iter().filter(|feature| offered(feature));
        // A tag, the length, and the control code: big-endian whatever the machine is (part 10, 2.2).
        let tlv = |feature: &Feature| [&[*feature as u8, 4], &feature.code().to_be_bytes()[..]].concat();
        return Ok(features.flat_map(tlv).collect::<Vec<u8>>().into());
    }
    let feature = Feature::ALL
        .into_iter()
        .filter(offered)
        .find(|feature| feature.code() == control);
    let pad = match (feature, pad) {
        (Some(Feature::GetTlvProperties), _) => return Ok(properties().into()),
        (Some(Feature::IfdPinProperties), _) => return Ok(vec![0, 0, VALIDATION, 0].into()),
        (Some(_), Some(pad)) => pad,
        _ => return Err(code::UNSUPPORTED_FEATURE),
    };
    let command = match feature {
        Some(Feature::VerifyPinDirect) => pad.verify(input),
        _ => pad.modify(input),
    };
    match command {
        Ok(command) => {
            let mut response = Zeroizing::new(Vec::new());
            match transmit(&command, &mut response) {
                code::SUCCESS => Ok(response),
                code => Err(code),
            }
        }
        Err(Refusal::Answer(status_word)) => Ok(status_word.to_bytes().to_vec().into()),
        Err(Refusal::Code(code)) => Err(code),
    }
}

/// The properties of the reader (part 10, 2.6.14), in the order of libccid. There are no USB ids, which belong to vendors.
fn properties() -> Vec<u8> {
    const LCD_LAYOUT: u8 = 0x01;
    const TIME_OUT_2: u8 = 0x03;
    const PPDU_SUPPORT: u8 = 0x09;
    const MAX_APDU_DATA_SIZE: u8 = 0x0A;
    let mut properties = vec![
        LCD_LAYOUT,
        2,
        0,
        0,
        TIME_OUT_2,
        1,
        0,
        PPDU_SUPPORT,
        1,
        0,
        MAX_APDU_DATA_SIZE,
        4,
    ];
    properties.extend_from_slice(&LONGEST_APDU_DATA.to_le_bytes());
    properties
}

impl PinPad {
    /// A pad that takes PINs from `ask`.
    pub fn new(ask: AskPin) -> PinPad {
        PinPad(ask)
    }

    fn ask(&self, entry: Entry, digits: &RangeInclusive<usize>) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        let pin = (self.0)(entry, digits.clone()).ok_or(Refusal::Answer(StatusWord::PIN_ENTRY_CANCELLED))?;
        match digits.contains(&pin.len()) {
            true => Ok(pin),
            false => Err(Refusal::Answer(StatusWord::PIN_ENTRY_WRONG_LENGTH)),
        }
    }

    /// The command of a `PIN_VERIFY_STRUCTURE`, with the PIN that is typed.
    fn verify(&self, input: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        let block = PinBlock::verify(input).ok_or(Refusal::Code(code::INVALID_PARAMETER))?;
        let pin = self.ask(Entry::Current, &block.digits)?;
        Ok(block.command(&[(block.offset, &pin)]))
    }

    /// The command of a `PIN_MODIFY_STRUCTURE`, with the PINs that are typed.
    fn modify(&self, input: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        const CONFIRMED: u8 = 0x01;
        const WITH_CURRENT: u8 = 0x02;
        let invalid = || Refusal::Code(code::INVALID_PARAMETER);
        let (block, old, confirm) = PinBlock::modify(input).ok_or_else(invalid)?;
        let current = match confirm & WITH_CURRENT {
            0 => None,
            _ => Some(self.ask(Entry::Current, &block.digits)?),
        };
        let new = self.ask(Entry::New, &block.digits)?;
        if confirm & CONFIRMED != 0 && *self.ask(Entry::Repeated, &block.digits)? != *new {
            return Err(Refusal::Answer(StatusWord::PIN_ENTRY_NOT_CONFIRMED));
        }
        match &current {
            None => Ok(block.command(&[(block.offset, &new)])),
            // The second one begins where the first one's block, or the first one itself, ends.
            Some(current) if block.block == 0 => Ok(block.command(&[(old, current), (old, &new)])),
            Some(current) => Ok(block.command(&[(old, current), (block.offset, &new)])),
        }
    }
}

/// `PIN_VERIFY_STRUCTURE` and `PIN_MODIFY_STRUCTURE` (part 10, 2.5.2 and 2.5.3), as far as PINs in ASCII need them.
struct PinBlock<'a> {
    /// How many the PIN can have: what the program allows, and no more than there is room for.
    digits: RangeInclusive<usize>,
    /// Bytes the PIN is filled up to with those of the template; 0: the command is as long as the PIN makes it.
    block: usize,
    /// Where in the command's data the PIN begins, in bytes.
    offset: usize,
    template: &'a [u8],
}

/// Bytes of a short command's header and of its Lc, and of its data at most.
const HEADER: usize = 5;
const LONGEST_DATA: usize = 255;

impl<'a> PinBlock<'a> {
    fn verify(input: &'a [u8]) -> Option<PinBlock<'a>> {
        const FIXED: usize = 19;
        let (fixed, template) = input.split_at_checked(FIXED)?;
        let length = fixed.get(15..19)?;
        let extra = [*fixed.get(5)?, *fixed.get(6)?];
        PinBlock::parse(fixed, extra, length, template, 1)
    }

    /// The block of the new PIN, where the current one begins, and bConfirmPIN.
    fn modify(input: &'a [u8]) -> Option<(PinBlock<'a>, usize, u8)> {
        const FIXED: usize = 24;
        let (fixed, template) = input.split_at_checked(FIXED)?;
        let extra = [*fixed.get(7)?, *fixed.get(8)?];
        let (old, new, confirm) = (*fixed.get(5)?, *fixed.get(6)?, *fixed.get(9)?);
        let pins = if confirm & 0x02 == 0 { 1 } else { 2 };
        let mut block = PinBlock::parse(fixed, extra, fixed.get(20..24)?, template, pins)?;
        let position = block.offset;
        let (old, new) = (position + usize::from(old), position + usize::from(new));
        if block.block > 0 {
            // Both blocks in the template, and the new one does not begin in the current one.
            let room = template.len().saturating_sub(HEADER).min(LONGEST_DATA);
            let apart = pins == 1 || old.abs_diff(new) >= block.block;
            if old.max(new) + block.block > room || !apart {
                return None;
            }
        } else {
            let most = (*block.digits.end()).min(LONGEST_DATA.saturating_sub(old.max(new)) / pins);
            if old.max(new) > template.len().saturating_sub(HEADER) || *block.digits.start() > most {
                return None;
            }
            block.digits = *block.digits.start()..=most;
        }
        block.offset = new;
        Some((block, old, confirm))
    }

    /// `extra`: wPINMaxExtraDigit; `length`: ulDataLength; `pins`: how many PINs the command has.
    fn parse(fixed: &[u8], extra: [u8; 2], length: &[u8], template: &'a [u8], pins: usize) -> Option<PinBlock<'a>> {
        let length = u32::from_ne_bytes(length.try_into().ok()?);
        if length as usize != template.len() || template.len() < 4 {
            return None;
        }
        let (format, block) = (*fixed.get(2)?, usize::from(fixed.get(3)? & 0x0F));
        // bmFormatString: bit 7 bytes as units, bits 6-3 position, bit 2 justified right, bits 1-0 type (2: ASCII).
        let ascii_left_in_bytes = format & 0b1000_0111 == 0b1000_0010;
        let offset = usize::from(format >> 3 & 0x0F);
        // 0xXXYY: at least XX digits, at most YY.
        let extra = u16::from_ne_bytes(extra);
        let (least, most) = (usize::from(extra >> 8), usize::from(extra & 0xFF));
        let room = template.len().saturating_sub(HEADER);
        if !ascii_left_in_bytes || offset + block > room.min(LONGEST_DATA) {
            return None;
        }
        let longest = if block > 0 {
            block
        } else {
            (LONGEST_DATA - offset) / pins
        };
        let most = most.min(longest);
        if least > most {
            return None;
        }
        Some(PinBlock {
            digits: least..=most,
            block,
            offset,
            template,
        })
    }

    /// The command with these PINs in it, each at its place. They have one of the lengths allowed.
    fn command(&self, pins: &[(usize, &Zeroizing<Vec<u8>>)]) -> Zeroizing<Vec<u8>> {
        let header = self.template.get(..4).unwrap_or_default();
        let template = self.template.get(5..).unwrap_or_default();
        let typed: usize = pins.iter().map(|(_, pin)| pin.len()).sum();
        // As long as it gets: one that grows leaves the PIN behind in memory.
        let mut data = Zeroizing::new(Vec::with_capacity(template.len() + typed));
        if self.block > 0 {
            // Padding is what the template has behind the PIN.
            data.extend_from_slice(template);
            for (offset, pin) in pins {
                let room = data.get_mut(*offset..).unwrap_or_default();
                room.iter_mut().zip(pin.iter()).for_each(|(to, from)| *to = *from);
            }
        } else {
            let first = pins.first().map_or(0, |(offset, _)| *offset);
            data.extend_from_slice(template.get(..first).unwrap_or_default());
            pins.iter().for_each(|(_, pin)| data.extend_from_slice(pin));
        }
        let mut command = Zeroizing::new(Vec::with_capacity(HEADER + data.len()));
        command.extend_from_slice(header);
        command.push(u8::try_from(data.len()).unwrap_or(u8::MAX));
        command.extend_from_slice(&data);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `PIN_VERIFY_STRUCTURE` for a PIN of `least..=most` digits at `offset` in a block of `block` bytes.
    fn structure(offset: u8, block: u8, (least, most): (u8, u8), template: &[u8]) -> Vec<u8> {
        let format = 0x82 | offset << 3;
        let extra = u16::from_be_bytes([least, most]).to_ne_bytes();
        let length = u32::try_from(template.len()).unwrap().to_ne_bytes();
        [
            &[0, 0, format, block, 0][..],
            &extra,
            &[2, 0, 0, 0, 0, 0, 0, 0],
            &length,
            template,
        ]
        .concat()
    }

    /// What the program gets when a PIN of `length` digits is typed: the command that the card got, or an error.
    fn typed(length: usize, structure: &[u8]) -> Result<Vec<u8>, Code> {
        let pad = PinPad::new(Box::new(move |_, _| Some(vec![b'1'; length].into())));
        let sent_back = |command: &[u8], response: &mut Vec<u8>| {
            response.extend(command);
            code::SUCCESS
        };
        let outcome = control(Some(&pad), Feature::VerifyPinDirect.code(), structure, sent_back);
        outcome.map(|answer| answer.to_vec())
    }

    #[test]
    fn a_pin_longer_than_its_block_is_refused_and_overwrites_nothing_behind_it() {
        let template = b"\x00\x20\x00\x80\x07\xFF\xFF\xFF\xFF\xFF\xEE\xEE";
        let block = structure(1, 4, (2, 12), template);
        assert_eq!(typed(4, &block).unwrap(), b"\x00\x20\x00\x80\x07\xFF1111\xEE\xEE");
        assert_eq!(typed(2, &block).unwrap(), b"\x00\x20\x00\x80\x07\xFF11\xFF\xFF\xEE\xEE");
        for length in [0, 1, 5, 7, 12] {
            let refused = StatusWord::PIN_ENTRY_WRONG_LENGTH.to_bytes();
            assert_eq!(typed(length, &block).unwrap(), refused, "{length}");
        }
    }

    #[test]
    fn a_pin_that_no_command_has_room_for_is_refused() {
        let header = b"\x00\x20\x00\x80";
        let bare = structure(0, 0, (4, 255), header);
        assert_eq!(typed(255, &bare).unwrap()[4], 255);
        let behind_one = structure(1, 0, (4, 255), b"\x00\x20\x00\x80\x01\xFF");
        assert_eq!(typed(254, &behind_one).unwrap()[4], 255);
        let refused = StatusWord::PIN_ENTRY_WRONG_LENGTH.to_bytes();
        assert_eq!(typed(255, &behind_one).unwrap(), refused);
        // It begins behind the template, ends behind it, or can have no length.
        for wrong in [
            structure(1, 0, (4, 4), header),
            structure(0, 4, (4, 4), b"\x00\x20\x00\x80\x03\xFF\xFF\xFF"),
            structure(0, 4, (5, 8), b"\x00\x20\x00\x80\x04\xFF\xFF\xFF\xFF"),
        ] {
            assert_eq!(typed(4, &wrong), Err(code::INVALID_PARAMETER));
        }
    }

    /// `PIN_MODIFY_STRUCTURE` for PINs of 4 to 8 digits.
    fn modification(block: u8, (old, new): (u8, u8), confirm: u8, template: &[u8]) -> Vec<u8> {
        let extra = 0x0408_u16.to_ne_bytes();
        let length = u32::try_from(template.len()).unwrap().to_ne_bytes();
        [
            &[0, 0, 0x82, block, 0, old, new][..],
            &extra,
            &[confirm, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &length,
            template,
        ]
        .concat()
    }

    /// The command for the card when these PINs are typed, or the answer of the reader.
    fn modified(typed: &[(Entry, &'static [u8])], structure: &[u8]) -> Result<Vec<u8>, Code> {
        let typed = typed.to_vec();
        let asked = std::sync::Mutex::new(typed.into_iter());
        let pad = PinPad::new(Box::new(move |entry, _| {
            let (expected, pin) = asked.lock().unwrap().next()?;
            assert_eq!(entry, expected);
            Some(pin.to_vec().into())
        }));
        let sent_back = |command: &[u8], response: &mut Vec<u8>| {
            response.extend(command);
            code::SUCCESS
        };
        let outcome = control(Some(&pad), Feature::ModifyPinDirect.code(), structure, sent_back);
        outcome.map(|answer| answer.to_vec())
    }

    #[test]
    fn the_new_pin_is_typed_twice_and_the_current_one_first() {
        use Entry::{Current, New, Repeated};
        let (bare, new) = (b"\x00\x24\x01\x80", (New, &b"4321"[..]));
        let plain = modification(0, (0, 0), 0, bare);
        assert_eq!(modified(&[new], &plain).unwrap(), b"\x00\x24\x01\x80\x044321");
        let confirmed = modification(0, (0, 0), 1, bare);
        let typed = [new, (Repeated, b"4321")];
        assert_eq!(modified(&typed, &confirmed).unwrap(), b"\x00\x24\x01\x80\x044321");
        let typed = [new, (Repeated, b"4322")];
        let refused = StatusWord::PIN_ENTRY_NOT_CONFIRMED.to_bytes();
        assert_eq!(modified(&typed, &confirmed).unwrap(), refused);
        let both = modification(0, (0, 0), 3, b"\x00\x24\x00\x80");
        let typed = [(Current, &b"12345"[..]), new, (Repeated, b"4321")];
        assert_eq!(modified(&typed, &both).unwrap(), b"\x00\x24\x00\x80\x09123454321");
        let padded = modification(8, (0, 8), 2, &[b"\x00\x24\x00\x80\x10", &[0xFF; 16][..]].concat());
        let typed = [(Current, &b"12345"[..]), new];
        let expected = b"\x00\x24\x00\x80\x1012345\xFF\xFF\xFF4321\xFF\xFF\xFF\xFF";
        assert_eq!(modified(&typed, &padded).unwrap(), expected);
        // Cancelled at the second PIN; too short.
        let cancelled = StatusWord::PIN_ENTRY_CANCELLED.to_bytes();
        assert_eq!(modified(&[new], &confirmed).unwrap(), cancelled);
        let short = StatusWord::PIN_ENTRY_WRONG_LENGTH.to_bytes();
        assert_eq!(modified(&[(New, b"432")], &plain).unwrap(), short);
        for wrong in [
            // The blocks overlap, or the second one ends behind the template.
            modification(8, (0, 4), 2, &[b"\x00\x24\x00\x80\x10", &[0xFF; 16][..]].concat()),
            modification(8, (0, 9), 2, &[b"\x00\x24\x00\x80\x10", &[0xFF; 16][..]].concat()),
            modification(0, (0, 0), 0, b"\x00\x24\x01"),
            vec![0; 23],
        ] {
            assert_eq!(modified(&[new], &wrong), Err(code::INVALID_PARAMETER));
        }
    }

    #[test]
    fn a_reader_without_a_pad_offers_its_properties_alone() {
        let nothing = |_: &[u8], _: &mut Vec<u8>| code::SUCCESS;
        let list = |pad: Option<&PinPad>, code| control(pad, code, &[], nothing).map(|list| list.to_vec());
        let properties = [0x12, 4, 0x42, 0x33, 0x00, 0x12];
        for code in [GET_FEATURE_REQUEST, GET_FEATURE_REQUEST_OF_WINDOWS] {
            assert_eq!(list(None, code).unwrap(), properties);
        }
        let pad = PinPad::new(Box::new(|_, _| None));
        let tags: Vec<_> = list(Some(&pad), GET_FEATURE_REQUEST)
            .unwrap()
            .chunks(6)
            .map(|tlv| tlv[0])
            .collect();
        assert_eq!(tags, [0x06, 0x07, 0x0A, 0x12]);
        let largest = [0x0A, 4, 0, 0, 1, 0];
        assert!(list(None, 0x4233_0012).unwrap().ends_with(&largest));
        assert_eq!(list(None, 0x4233_000A), Err(code::UNSUPPORTED_FEATURE));
        assert_eq!(list(Some(&pad), 0x4233_000A).unwrap(), [0, 0, 7, 0]);
    }
}
