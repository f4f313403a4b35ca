//! SCardControl of a reader with a PIN pad (PC/SC part 10): its list of features, and VERIFY_PIN_DIRECT.
//!
//! The PIN is entered at the reader. The program sends a command with room for it; the reader fills it in and returns the
//! answer of the card to the program. Must never give the PIN to the program or to anything but the card.

use crate::code::{self, Code};
use std::fmt;
use vmyna_apdu::StatusWord;
use zeroize::Zeroizing;

/// `CM_IOCTL_GET_FEATURE_REQUEST` of pcsc-lite.
const GET_FEATURE_REQUEST: u32 = 0x4200_0000 + 3400;

/// `FEATURE_VERIFY_PIN_DIRECT`
const VERIFY_PIN_DIRECT: u8 = 0x06;

/// The control code of this reader for it.
const CONTROL_VERIFY_PIN_DIRECT: u32 = 0x4200_0000 + 3300;

/// Asks for a PIN, with the allowed number of digits. It returns `None` when the cardholder has cancelled.
pub type AskPin = Box<dyn Fn(std::ops::RangeInclusive<usize>) -> Option<Zeroizing<Vec<u8>>> + Send + Sync>;

/// A pad of the reader for entering PINs.
pub struct PinPad(AskPin);

impl fmt::Debug for PinPad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinPad")
    }
}

impl PinPad {
    /// A pad that takes PINs from `ask`.
    pub fn new(ask: AskPin) -> PinPad {
        PinPad(ask)
    }

    /// Answers SCardControl; `transmit` sends a command to the card and returns the outcome.
    pub(crate) fn control(
        &self,
        control: u32,
        input: &[u8],
        transmit: impl FnOnce(&[u8], &mut Vec<u8>) -> Code,
    ) -> Result<Zeroizing<Vec<u8>>, Code> {
        match control {
            GET_FEATURE_REQUEST => {
                let mut features = vec![VERIFY_PIN_DIRECT, 4];
                // Big-endian whatever the machine is (part 10, 2.2).
                features.extend_from_slice(&CONTROL_VERIFY_PIN_DIRECT.to_be_bytes());
                Ok(features.into())
            }
            CONTROL_VERIFY_PIN_DIRECT => {
                let block = PinBlock::parse(input).ok_or(code::INVALID_PARAMETER)?;
                // The answer of the reader in place of the card (part 10, 2.5.2).
                let refuse = |status_word: StatusWord| Ok(Zeroizing::new(status_word.to_bytes().to_vec()));
                let Some(pin) = (self.0)(block.digits.clone()) else {
                    return refuse(StatusWord::PIN_ENTRY_CANCELLED);
                };
                if !block.digits.contains(&pin.len()) {
                    return refuse(StatusWord::PIN_ENTRY_WRONG_LENGTH);
                }
                let mut response = Zeroizing::new(Vec::new());
                let code = transmit(&block.command(&pin), &mut response);
                if code == code::SUCCESS { Ok(response) } else { Err(code) }
            }
            _ => Err(code::UNSUPPORTED_FEATURE),
        }
    }
}

/// `PIN_VERIFY_STRUCTURE` (part 10, 2.5.2), as far as a PIN in ASCII needs it.
struct PinBlock<'a> {
    /// How many the PIN can have: what the program allows, and no more than there is room for.
    digits: std::ops::RangeInclusive<usize>,
    /// Bytes the PIN is filled up to with those of the template; 0: the command is as long as the PIN makes it.
    block: usize,
    /// Where in the command's data the PIN begins, in bytes.
    offset: usize,
    template: &'a [u8],
}

impl PinBlock<'_> {
    fn parse(input: &[u8]) -> Option<PinBlock<'_>> {
        const FIXED: usize = 19;
        const HEADER: usize = 5;
        /// A short command's.
        const LONGEST_DATA: usize = 255;
        let (fixed, template) = input.split_at_checked(FIXED)?;
        let length = u32::from_ne_bytes(fixed.get(15..19)?.try_into().ok()?);
        if length as usize != template.len() || template.len() < 4 {
            return None;
        }
        let (format, block) = (*fixed.get(2)?, usize::from(fixed.get(3)? & 0x0F));
        // bmFormatString: bit 7 bytes as units, bits 6-3 position, bit 2 justified right, bits 1-0 type (2: ASCII).
        let ascii_left_in_bytes = format & 0b1000_0111 == 0b1000_0010;
        let offset = usize::from(format >> 3 & 0x0F);
        // 0xXXYY: at least XX digits, at most YY.
        let extra = u16::from_ne_bytes([*fixed.get(5)?, *fixed.get(6)?]);
        let (least, most) = (usize::from(extra >> 8), usize::from(extra & 0xFF));
        let room = template.len().saturating_sub(HEADER);
        if !ascii_left_in_bytes || offset + block > room.min(LONGEST_DATA) {
            return None;
        }
        let longest = if block > 0 { block } else { LONGEST_DATA - offset };
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

    /// The command with the PIN in it, which has one of the lengths allowed.
    fn command(&self, pin: &[u8]) -> Zeroizing<Vec<u8>> {
        let header = self.template.get(..4).unwrap_or_default();
        let data = self.template.get(5..).unwrap_or_default();
        let before = data.get(..self.offset).unwrap_or_default();
        // Padding is what the template has behind the PIN.
        let behind = match self.block {
            0 => &[],
            _ => data.get(self.offset + pin.len()..).unwrap_or_default(),
        };
        let length = before.len() + pin.len() + behind.len();
        // As long as it gets: one that grows leaves the PIN behind in memory.
        let mut command = Zeroizing::new(Vec::with_capacity(header.len() + 1 + length));
        command.extend_from_slice(header);
        command.push(u8::try_from(length).unwrap_or(u8::MAX));
        for part in [before, pin, behind] {
            command.extend_from_slice(part);
        }
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
        let pad = PinPad::new(Box::new(move |_| Some(vec![b'1'; length].into())));
        let sent_back = |command: &[u8], response: &mut Vec<u8>| {
            response.extend(command);
            code::SUCCESS
        };
        let outcome = pad.control(CONTROL_VERIFY_PIN_DIRECT, structure, sent_back);
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
}
