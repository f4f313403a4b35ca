//! Status words (SW1-SW2) by name: those of the card, those that a reader answers in its stead, and those of other cards.
//!
//! No other source of the product has a status word in hexadecimal. Values and meanings: JICSAP 1.1 Table 25 and ISO/IEC 7816-4, with the
//! two that only this card family was seen to use (`66F1`, `69FC`); a reader's: PC/SC parts 3 and 10.

use core::fmt;

/// SW1-SW2, the last two bytes of every R-APDU.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusWord(u16);

impl StatusWord {
    /// `9000`: done.
    pub const SUCCESS: Self = Self(0x9000);
    /// `6283`: the selected DF is locked.
    pub const DF_LOCKED: Self = Self(0x6283);
    /// `6300`: the presented value is wrong, and no counter limits the tries.
    pub const WRONG_UNLIMITED: Self = Self(0x6300);
    /// `6581`: the state could not be written; nothing has changed, but a try already consumed stays so.
    pub const MEMORY_FAILURE: Self = Self(0x6581);
    /// `6700`: Lc, Le or the APDU's own length is wrong.
    pub const WRONG_LENGTH: Self = Self(0x6700);
    /// `6881`: the logical channel is not supported.
    pub const CHANNEL_NOT_SUPPORTED: Self = Self(0x6881);
    /// `6882`: secure messaging is not supported here.
    pub const SECURE_MESSAGING_NOT_SUPPORTED: Self = Self(0x6882);
    /// `6884`: command chaining is not supported.
    pub const CHAINING_NOT_SUPPORTED: Self = Self(0x6884);
    /// `6981`: the command does not fit the file's structure.
    pub const INCOMPATIBLE_FILE: Self = Self(0x6981);
    /// `6982`: the security status does not satisfy the access condition.
    pub const SECURITY_STATUS_NOT_SATISFIED: Self = Self(0x6982);
    /// `6984`: the referenced IEF is blocked (JICSAP's word for it; ISO would say 6983).
    pub const REFERENCE_DATA_BLOCKED: Self = Self(0x6984);
    /// `6985`: the conditions of use are not satisfied.
    pub const CONDITIONS_NOT_SATISFIED: Self = Self(0x6985);
    /// `6986`: there is no current EF.
    pub const NO_CURRENT_EF: Self = Self(0x6986);
    /// `6987`: an object of secure messaging is missing.
    pub const SM_OBJECTS_MISSING: Self = Self(0x6987);
    /// `6988`: an object of secure messaging is wrong.
    pub const SM_OBJECTS_WRONG: Self = Self(0x6988);
    /// `66F1`: there is no security environment for a session key (this card family's own).
    pub const NO_SECURITY_ENVIRONMENT: Self = Self(0x66F1);
    /// `69FC`: a secure messaging command without a secure session (this card family's own).
    pub const NO_SECURE_SESSION: Self = Self(0x69FC);
    /// `6A80`: the data field is wrong.
    pub const WRONG_DATA: Self = Self(0x6A80);
    /// `6A82`: no such file, application or key.
    pub const NOT_FOUND: Self = Self(0x6A82);
    /// `6A83`: no such record.
    pub const RECORD_NOT_FOUND: Self = Self(0x6A83);
    /// `6A84`: there is no memory left.
    pub const NOT_ENOUGH_MEMORY: Self = Self(0x6A84);
    /// `6A86`: P1-P2 is wrong.
    pub const WRONG_P1_P2: Self = Self(0x6A86);
    /// `6A88`: the referenced data object or key is not there.
    pub const REFERENCED_DATA_NOT_FOUND: Self = Self(0x6A88);
    /// `6B00`: the offset lies outside the EF.
    pub const OFFSET_OUTSIDE_EF: Self = Self(0x6B00);
    /// `6D00`: the instruction is unknown in this class.
    pub const INSTRUCTION_NOT_SUPPORTED: Self = Self(0x6D00);
    /// `6E00`: the class is unknown.
    pub const CLASS_NOT_SUPPORTED: Self = Self(0x6E00);
    /// `6F00`: no precise diagnosis.
    pub const UNKNOWN_FAILURE: Self = Self(0x6F00);

    /// `6282`: the data ended before Le bytes (a reader's).
    pub const END_OF_DATA: Self = Self(0x6282);
    /// `6401`: the cardholder has cancelled at the PIN pad (a reader's).
    pub const PIN_ENTRY_CANCELLED: Self = Self(0x6401);
    /// `6403`: the PIN typed at the PIN pad is too short or too long (a reader's).
    pub const PIN_ENTRY_WRONG_LENGTH: Self = Self(0x6403);
    /// The new PIN and its repetition differ (PC/SC part 10).
    pub const PIN_ENTRY_NOT_CONFIRMED: Self = Self(0x6402);
    /// `6983`: the reference data is blocked (other cards', after ISO/IEC 7816-4).
    pub const AUTHENTICATION_BLOCKED: Self = Self(0x6983);
    /// `6A81`: there is no such function (a reader's, and other cards').
    pub const FUNCTION_NOT_SUPPORTED: Self = Self(0x6A81);
    /// `6B00` as a reader means it: P1-P2 has no meaning for it.
    pub const WRONG_PARAMETERS: Self = Self::OFFSET_OUTSIDE_EF;

    /// `63Cx`: the presented value is wrong or was only asked about, `tries` (0–15, more counts as 15) are left.
    pub const fn tries_left(tries: u8) -> Self {
        Self(0x63C0 | if tries > 0x0F { 0x0F } else { tries as u16 })
    }

    /// `61xx`: done, and so many bytes of data wait for GET RESPONSE (0 stands for 256 or more).
    pub const fn more_data(length: u8) -> Self {
        Self(0x6100 | length as u16)
    }

    /// `6Cxx`: Le is wrong, and this one is right (0 stands for 256); the command has done nothing.
    pub const fn wrong_le(right: u8) -> Self {
        Self(0x6C00 | right as u16)
    }

    /// A status word received from some card.
    pub const fn new(value: u16) -> Self {
        Self(value)
    }

    /// The two bytes as a number.
    pub const fn value(self) -> u16 {
        self.0
    }

    /// SW1, SW2.
    pub const fn to_bytes(self) -> [u8; 2] {
        self.0.to_be_bytes()
    }

    /// Whether this is `9000`.
    pub const fn is_success(self) -> bool {
        self.0 == Self::SUCCESS.0
    }

    /// Of `63Cx` the tries that are left.
    pub const fn tries(self) -> Option<u8> {
        match self.to_bytes() {
            [0x63, x] if x >> 4 == 0xC => Some(x & 0x0F),
            _ => None,
        }
    }

    /// Of `61xx` how many more bytes are ready.
    pub const fn bytes_ready(self) -> Option<u8> {
        match self.to_bytes() {
            [0x61, count] => Some(count),
            _ => None,
        }
    }

    /// Of `6Cxx` the Le that is right.
    pub const fn right_le(self) -> Option<u8> {
        match self.to_bytes() {
            [0x6C, le] => Some(le),
            _ => None,
        }
    }

    /// The meaning of the status word in general, in a few English words.
    pub fn meaning(self) -> String {
        match self {
            Self::SUCCESS => "done",
            Self::WRONG_UNLIMITED => "wrong value, tries are not limited",
            Self::MEMORY_FAILURE => "the card could not write its memory",
            Self::WRONG_LENGTH => "wrong length",
            Self::CHANNEL_NOT_SUPPORTED => "logical channel not supported",
            Self::SECURE_MESSAGING_NOT_SUPPORTED => "secure messaging not supported",
            Self::CHAINING_NOT_SUPPORTED => "command chaining not supported",
            Self::INCOMPATIBLE_FILE => "the command does not fit the file's structure",
            Self::SECURITY_STATUS_NOT_SATISFIED => "security status not satisfied",
            Self::REFERENCE_DATA_BLOCKED => "PIN or key blocked",
            Self::CONDITIONS_NOT_SATISFIED => "conditions of use not satisfied",
            Self::NO_CURRENT_EF => "no current EF",
            Self::NO_SECURE_SESSION => "no secure session",
            Self::SM_OBJECTS_MISSING => "secure messaging object missing",
            Self::SM_OBJECTS_WRONG => "secure messaging object wrong",
            Self::NO_SECURITY_ENVIRONMENT => "no security environment for a session key",
            Self::WRONG_DATA => "wrong data field",
            Self::NOT_FOUND => "file, application or key not found",
            Self::RECORD_NOT_FOUND => "record not found",
            Self::NOT_ENOUGH_MEMORY => "no memory left",
            Self::WRONG_P1_P2 => "wrong P1-P2",
            Self::REFERENCED_DATA_NOT_FOUND => "referenced data not found",
            Self::OFFSET_OUTSIDE_EF => "offset outside the EF",
            Self::INSTRUCTION_NOT_SUPPORTED => "instruction not supported",
            Self::CLASS_NOT_SUPPORTED => "class not supported",
            Self::UNKNOWN_FAILURE => "failure without diagnosis",
            Self::END_OF_DATA => "the data ended before Le bytes",
            Self::DF_LOCKED => "selected DF is locked",
            Self::PIN_ENTRY_CANCELLED => "cancelled at the PIN pad",
            Self::PIN_ENTRY_NOT_CONFIRMED => "the new PIN and its repetition at the PIN pad differ",
            Self::PIN_ENTRY_WRONG_LENGTH => "the PIN typed at the PIN pad is too short or too long",
            Self::AUTHENTICATION_BLOCKED => "authentication method blocked",
            Self::FUNCTION_NOT_SUPPORTED => "function not supported",
            _ => {
                return match (self.tries(), self.bytes_ready(), self.right_le()) {
                    (Some(0), ..) => "no tries left".to_owned(),
                    (Some(1), ..) => "1 try left".to_owned(),
                    (Some(tries), ..) => format!("{tries} tries left"),
                    (_, Some(0), _) => "256 or more bytes are ready".to_owned(),
                    (_, Some(count), _) => format!("{count} more bytes are ready"),
                    (.., Some(0)) => "wrong Le, 256 is right".to_owned(),
                    (.., Some(le)) => format!("wrong Le, {le} is right"),
                    _ => "status word not in this card's list".to_owned(),
                };
            }
        }
        .to_owned()
    }
}

impl fmt::Display for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

impl fmt::Debug for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_the_second_byte() {
        assert_eq!(StatusWord::more_data(0).value(), 0x6100);
        assert!(StatusWord::more_data(0).meaning().starts_with("256 or more"));
        assert!(StatusWord::wrong_le(0).meaning().ends_with("256 is right"));
        assert_eq!(StatusWord::more_data(0x10).meaning(), "16 more bytes are ready");
        assert_eq!(StatusWord::wrong_le(0xFF).value(), 0x6CFF);
        assert_eq!(StatusWord::wrong_le(4).meaning(), "wrong Le, 4 is right");
    }

    #[test]
    fn tries_are_one_nibble_and_never_wrap() {
        assert_eq!(StatusWord::tries_left(3).value(), 0x63C3);
        assert_eq!(StatusWord::tries_left(0).value(), 0x63C0);
        assert_eq!(StatusWord::tries_left(16).value(), 0x63CF);
        assert_eq!(StatusWord::tries_left(3).meaning(), "3 tries left");
        assert_eq!(StatusWord::tries_left(3).tries(), Some(3));
        assert_eq!(StatusWord::WRONG_UNLIMITED.tries(), None);
    }
}
