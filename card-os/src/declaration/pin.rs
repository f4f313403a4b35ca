//! Reference data (PINs, 暗証番号, 照合番号) as they are declared: value, form and tries. Nothing here ever shows a value.

use core::fmt;

use subtle::{ConditionallySelectable, ConstantTimeEq, ConstantTimeLess};
use zeroize::Zeroizing;

/// A PIN as it is declared.
#[derive(Clone, Debug)]
pub struct Pin {
    /// Its value at issuance; `None` for a PIN that the issuer leaves unset. No value is right then, and it has no tries.
    pub value: Option<ReferenceData>,
    /// What values it can have.
    pub format: Format,
    /// How many wrong values in a row block it (1 to 15), `None` for a PIN without limit.
    pub max_tries: Option<u8>,
    /// Tries left at issuance: `max_tries` but for a card that is issued blocked or nearly so.
    pub tries_at_issue: u8,
}

impl Pin {
    /// A PIN with all its tries.
    pub fn new(value: ReferenceData, format: Format, max_tries: u8) -> Self {
        Self {
            value: Some(value),
            format,
            max_tries: Some(max_tries),
            tries_at_issue: max_tries,
        }
    }

    /// A PIN without a value, as a card without PINs has it.
    pub fn unset(format: Format, max_tries: u8) -> Self {
        Self {
            value: None,
            format,
            max_tries: Some(max_tries),
            tries_at_issue: 0,
        }
    }

    /// Whether a card can have this PIN; otherwise what is wrong with it.
    pub(crate) fn check(&self) -> Result<(), String> {
        match &self.value {
            Some(value) if !self.format.allows(value.as_bytes()) => {
                return Err(format!("the PIN's value is not {}", self.format));
            }
            None if self.max_tries.is_none() || self.tries_at_issue > 0 => {
                return Err("a PIN without a value has a limit, and no tries at issue".to_owned());
            }
            _ => {}
        }
        match self.max_tries {
            Some(max) if !(1..=15).contains(&max) => Err(format!("63Cx can't report {max} tries, only 1 to 15")),
            Some(max) if self.tries_at_issue > max => {
                Err(format!("{} tries left are more than its {max}", self.tries_at_issue))
            }
            _ => Ok(()),
        }
    }
}

/// What values a PIN can have. The card compares bytes; it folds no letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Which characters.
    pub characters: Characters,
    /// The least number of them.
    pub min: usize,
    /// The greatest number of them, at most [`ReferenceData::MAX`].
    pub max: usize,
}

/// The characters of a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Characters {
    /// `0`–`9`.
    Digits,
    /// `A`–`Z` and `0`–`9`.
    UpperCaseAndDigits,
    /// Any byte.
    Bytes,
}

impl Format {
    /// Exactly `count` digits.
    pub const fn digits(count: usize) -> Self {
        Self {
            characters: Characters::Digits,
            min: count,
            max: count,
        }
    }

    /// Whether `value` is a PIN of this form.
    pub fn allows(&self, value: &[u8]) -> bool {
        let characters = match self.characters {
            Characters::Digits => value.iter().all(u8::is_ascii_digit),
            Characters::UpperCaseAndDigits => value.iter().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase()),
            Characters::Bytes => true,
        };
        characters && self.has_length(value.len())
    }

    /// Whether a PIN of this form can have `length` bytes.
    pub fn has_length(&self, length: usize) -> bool {
        (self.min.max(1)..=self.max.min(ReferenceData::MAX)).contains(&length)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let characters = match self.characters {
            Characters::Digits => "digits",
            Characters::UpperCaseAndDigits => "characters A-Z and 0-9",
            Characters::Bytes => "bytes",
        };
        match (self.min, self.max) {
            (min, max) if min == max => write!(f, "{min} {characters}"),
            (min, max) => write!(f, "{min} to {max} {characters}"),
        }
    }
}

/// The value of a PIN: never shown, zeroed when dropped, compared in constant time.
#[derive(Clone)]
pub struct ReferenceData(Zeroizing<Vec<u8>>);

impl ReferenceData {
    /// The longest reference data, in bytes (JICSAP 6.4.9 (3)).
    pub const MAX: usize = 16;

    /// A value of these bytes.
    pub fn new(value: &[u8]) -> Self {
        Self(Zeroizing::new(value.to_vec()))
    }

    /// The bytes, for a store that has to keep them. Never for a log.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether `presented` is this value. Takes the same time for every value of at most [`ReferenceData::MAX`] bytes, whatever
    /// their lengths and wherever they differ.
    pub fn matches(&self, presented: &[u8]) -> bool {
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        // Sixteen steps whatever the length: what lies behind the value is read again from its end and masked away.
        let padded = |bytes: &[u8]| {
            let mut padded = Zeroizing::new([0u8; ReferenceData::MAX]);
            let last = bytes.len().saturating_sub(1);
            for (at, to) in (0u32..).zip(padded.iter_mut()) {
                let byte = bytes.get(last.min(at as usize)).copied().unwrap_or_default();
                *to = u8::conditional_select(&0, &byte, at.ct_lt(&length(bytes)));
            }
            padded
        };
        let fits = length(presented).ct_lt(&(Self::MAX as u32 + 1));
        let same = padded(&self.0)[..].ct_eq(&padded(presented)[..]) & length(&self.0).ct_eq(&length(presented));
        (fits & same).into()
    }
}

impl fmt::Debug for ReferenceData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("********")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_sign_password_takes_6_to_16_upper_case_letters_and_digits() {
        let format = Format {
            characters: Characters::UpperCaseAndDigits,
            min: 6,
            max: 16,
        };
        for right in ["ABC123", "000000", "ABCDEFGHIJKLMNOP"] {
            assert!(format.allows(right.as_bytes()), "{right}");
        }
        for wrong in [
            "",
            "ABC12",
            "ABCDEFGHIJKLMNOPQ",
            "abc123",
            "ABC 123",
            "ABC-123",
            "ＡＢＣ１２３",
        ] {
            assert!(!format.allows(wrong.as_bytes()), "{wrong}");
        }
    }

    #[test]
    fn four_digits_are_neither_three_nor_five_nor_letters() {
        for wrong in ["", "123", "12345", "12a4", "１２３４"] {
            assert!(!Format::digits(4).allows(wrong.as_bytes()), "{wrong}");
        }
        assert!(Format::digits(4).allows(b"0000"));
    }

    #[test]
    fn debug_output_never_shows_a_value() {
        let pin = Pin::new(ReferenceData::new(b"1234"), Format::digits(4), 3);
        assert!(!format!("{pin:?}").contains("1234"));
        assert!(!format!("{pin:#?}").contains("49"));
        assert_eq!(format!("{:?}", ReferenceData::new(b"1234")), "********");
    }

    proptest! {
        #[test]
        fn a_value_matches_itself_and_nothing_else(
            value in proptest::collection::vec(any::<u8>(), 1..=16), other in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let reference = ReferenceData::new(&value);
            prop_assert!(reference.matches(&value));
            prop_assert_eq!(reference.matches(&other), value == other);
            // The padding is no part of the value.
            let longer = [&value[..], &[0]].concat();
            prop_assert!(!reference.matches(&longer));
        }
    }
}
