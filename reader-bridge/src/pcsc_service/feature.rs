//! What SCardControl can ask of the reader with a PIN pad (PC/SC part 10): which features it has, and VERIFY_PIN_DIRECT.
//!
//! The PIN is entered at the reader: the program sends a command with room for it, the reader fills it in and gives the
//! program the card's answer. Must never give the PIN to the program, nor to anybody but the card.

use super::code::{self, Code};
use std::fmt;

/// `CM_IOCTL_GET_FEATURE_REQUEST` of pcsc-lite.
const GET_FEATURE_REQUEST: u32 = 0x4200_0000 + 3400;

/// `FEATURE_VERIFY_PIN_DIRECT`
const VERIFY_PIN_DIRECT: u8 = 0x06;

/// The control code that this reader has given to it.
const CONTROL_VERIFY_PIN_DIRECT: u32 = 0x4200_0000 + 3300;

/// Where a PIN comes from: `None` when the cardholder has cancelled. Called with the number of digits allowed.
pub type AskPin = Box<dyn Fn(std::ops::RangeInclusive<usize>) -> Option<Vec<u8>> + Send + Sync>;

/// A pad on the reader on which PINs are typed.
pub struct PinPad(AskPin);

impl fmt::Debug for PinPad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinPad")
    }
}

impl PinPad {
    /// A pad whose PINs come from `ask`.
    pub fn new(ask: AskPin) -> PinPad {
        PinPad(ask)
    }

    /// Answers SCardControl; `transmit` speaks to the card and gives the outcome of that.
    pub(super) fn control(
        &self,
        control: u32,
        input: &[u8],
        transmit: impl FnOnce(&[u8], &mut Vec<u8>) -> Code,
    ) -> Result<Vec<u8>, Code> {
        match control {
            GET_FEATURE_REQUEST => {
                let mut features = vec![VERIFY_PIN_DIRECT, 4];
                // Big-endian whatever the machine is (part 10, 2.2).
                features.extend_from_slice(&CONTROL_VERIFY_PIN_DIRECT.to_be_bytes());
                Ok(features)
            }
            CONTROL_VERIFY_PIN_DIRECT => {
                let block = PinBlock::parse(input).ok_or(code::INVALID_PARAMETER)?;
                /// What a reader answers for the card when the cardholder cancels (part 10, 2.5.2).
                const CANCELLED: [u8; 2] = [0x64, 0x01];
                let Some(mut pin) = (self.0)(block.digits.clone()) else {
                    return Ok(CANCELLED.to_vec());
                };
                /// What it answers to a PIN that is too short or too long.
                const WRONG_LENGTH: [u8; 2] = [0x64, 0x03];
                if !block.digits.contains(&pin.len()) {
                    pin.fill(0);
                    return Ok(WRONG_LENGTH.to_vec());
                }
                let mut command = block.command(&pin);
                pin.fill(0);
                let mut response = Vec::new();
                let code = transmit(&command, &mut response);
                command.fill(0);
                if code == code::SUCCESS { Ok(response) } else { Err(code) }
            }
            _ => Err(code::UNSUPPORTED_FEATURE),
        }
    }
}

/// `PIN_VERIFY_STRUCTURE` (part 10, 2.5.2), as far as a PIN in ASCII needs it.
struct PinBlock<'a> {
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
        if !ascii_left_in_bytes || least > most || (block > 0 && offset + block > room) {
            return None;
        }
        Some(PinBlock {
            digits: least..=most,
            block,
            offset,
            template,
        })
    }

    /// The command with the PIN in it.
    fn command(&self, pin: &[u8]) -> Vec<u8> {
        let mut command = self.template.get(..4).unwrap_or_default().to_vec();
        let data = self.template.get(5..).unwrap_or_default();
        let mut filled = data.get(..self.offset).unwrap_or(data).to_vec();
        filled.extend_from_slice(pin);
        // Padding is what the template has behind the PIN.
        if self.block > 0 {
            filled.extend_from_slice(data.get(filled.len()..).unwrap_or_default());
        }
        command.push(u8::try_from(filled.len()).unwrap_or(u8::MAX));
        command.extend_from_slice(&filled);
        filled.fill(0);
        command
    }
}
