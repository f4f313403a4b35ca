//! The bytes of a C-APDU that may be a PIN, so that every program that prints commands can mask them.

use core::fmt;

use crate::command_apdu::CommandApdu;
use crate::instruction::code;

/// The instructions whose data field may hold a secret, with the even code and what it carries. ISO/IEC 7816-4 gives most
/// instructions a second code, one higher, with the same data as BER-TLV: it is masked too. Most are no instructions of
/// this card, but hosts that try them send the secret all the same.
const SECRETS: [(u8, &str); 10] = [
    (code::VERIFY, "PIN"),
    (code::CHANGE_REFERENCE_DATA, "PIN"),
    (0x26, "PIN of DISABLE VERIFICATION REQUIREMENT"),
    (0x28, "PIN of ENABLE VERIFICATION REQUIREMENT"),
    (0x2C, "PIN of RESET RETRY COUNTER"),
    (0x2E, "biometric data of PERFORM BIOMETRIC OPERATION"),
    (code::CHANGE_KEY, "PIN"),
    (code::UNLOCK_KEY, "PIN"),
    (
        0xD8,
        "keys of PUT KEY (GlobalPlatform), often under a public default key",
    ),
    (0xDA, "PIN or key of PUT DATA"),
];

/// LOAD KEYS of PC/SC part 3, a command for the reader: class and code.
const LOAD_KEYS: (u8, u8) = (0xFF, 0x82);

/// Whether the data field of this instruction may hold a secret, whatever the class.
fn carries_secret(cla: u8, ins: u8) -> bool {
    SECRETS.iter().any(|(even, _)| ins & 0xFE == *even) || (cla, ins) == LOAD_KEYS
}

/// The range of a C-APDU that may hold a PIN or a key: the data field of the instructions that carry one, whatever the
/// class. Of bytes that are no proper C-APDU everything behind the header counts.
pub fn secret_range(command: &[u8]) -> core::ops::Range<usize> {
    let &[cla, ins, ..] = command else {
        return 0..0;
    };
    match carries_secret(cla, ins) {
        true => data_range(command),
        false => 0..0,
    }
}

/// The range of the data field of a C-APDU. Of bytes that are no proper C-APDU everything behind the header counts.
pub fn data_range(command: &[u8]) -> core::ops::Range<usize> {
    if command.len() < 5 {
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

    /// Every class with every instruction: what the table has is masked, and nothing else.
    #[test]
    fn every_instruction_that_carries_a_secret_is_masked_in_both_codes() {
        let masked: [u8; 20] = [
            0x20, 0x21, // VERIFY
            0x24, 0x25, // CHANGE REFERENCE DATA
            0x26, 0x27, // DISABLE VERIFICATION REQUIREMENT
            0x28, 0x29, // ENABLE VERIFICATION REQUIREMENT
            0x2C, 0x2D, // RESET RETRY COUNTER
            0x2E, 0x2F, // PERFORM BIOMETRIC OPERATION
            0x32, 0x33, // CHANGE KEY
            0x54, 0x55, // UNLOCK KEY
            0xD8, 0xD9, // PUT KEY
            0xDA, 0xDB, // PUT DATA
        ];
        for cla in 0..=255 {
            for ins in 0..=255 {
                let secret = masked.contains(&ins) || (cla, ins) == (0xFF, 0x82);
                let shown = Masked(&[cla, ins, 0, 0x80, 4, 0x31, 0x32, 0x33, 0x34]).to_string();
                let data = if secret { "********" } else { "31323334" };
                assert_eq!(shown, format!("{cla:02X}{ins:02X}008004{data}"));
            }
        }
    }

    #[test]
    fn a_pin_in_tlv_is_masked_in_every_form_of_verify_21() {
        for (command, shown) in [
            (&b"\x00\x21\x00\x80\x06\x80\x041234"[..], "0021008006************"),
            (
                b"\x00\x21\x00\x80\x00\x00\x06\x80\x041234\x00\x00",
                "00210080000006************0000",
            ),
            (b"\x00\x21\x00\x80\x07\x80\x041234", "00210080**************"),
        ] {
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
