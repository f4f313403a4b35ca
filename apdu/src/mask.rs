//! The bytes of a C-APDU that may be a PIN, so that every program that prints commands can mask them.

use core::fmt;

use crate::command_apdu::CommandApdu;
use crate::instruction::code;

/// RESET RETRY COUNTER: not an instruction of this card, but hosts that try it send PINs.
const RESET_RETRY_COUNTER: u8 = 0x2C;

/// The range of a C-APDU that may hold a PIN: the data field of the instructions that carry one, whatever the class.
/// Of bytes that are no proper C-APDU everything behind the header counts.
pub fn secret_range(command: &[u8]) -> core::ops::Range<usize> {
    let ins = command.get(1).copied().unwrap_or_default();
    let carries_pin = matches!(
        ins,
        code::VERIFY | code::CHANGE_REFERENCE_DATA | code::CHANGE_KEY | RESET_RETRY_COUNTER
    );
    if !carries_pin || command.len() <= 4 {
        return 0..0;
    }
    match CommandApdu::parse(command) {
        Ok(apdu) if apdu.data.is_empty() => 0..0,
        Ok(apdu) => {
            let start = if apdu.extended { 7 } else { 5 };
            start..start + apdu.data.len()
        }
        Err(_) => 4..command.len(),
    }
}

/// A C-APDU in hexadecimal with `**` for every byte that may belong to a PIN.
#[derive(Clone, Copy)]
pub struct Masked<'a>(pub &'a [u8]);

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = secret_range(self.0);
        self.0.iter().enumerate().try_for_each(|(at, byte)| {
            if secret.contains(&at) {
                f.write_str("**")
            } else {
                write!(f, "{byte:02X}")
            }
        })
    }
}

impl fmt::Debug for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_masked_at_their_length_in_every_form() {
        let table: [(&[u8], &str); 8] = [
            (b"\x00\x20\x00\x80\x041234", "0020008004********"),
            (b"\x00\x20\x00\x80\x041234\x00", "0020008004********00"),
            (b"\x00\x20\x00\x80\x00\x00\x041234", "00200080000004********"),
            (b"\x00\x24\x01\x80\x041234", "0024018004********"),
            (b"\x80\x32\x00\x80\x041234", "8032008004********"),
            (b"\x08\x20\x00\x80\x041234", "0820008004********"),
            (b"\x00\x20\x00\x80", "00200080"),
            (b"\x00\x20\x00\x80\x00", "0020008000"),
        ];
        for (command, shown) in table {
            assert_eq!(Masked(command).to_string(), shown);
        }
    }

    #[test]
    fn a_malformed_verify_is_masked_behind_its_header() {
        assert_eq!(Masked(b"\x00\x20\x00\x80\x051234").to_string(), "00200080**********");
    }

    #[test]
    fn other_commands_are_shown_whole() {
        assert_eq!(
            Masked(&[0x00, 0xA4, 0x02, 0x0C, 0x02, 0x00, 0x18]).to_string(),
            "00A4020C020018"
        );
        assert_eq!(Masked(&[0x00, 0x20]).to_string(), "0020");
    }
}
