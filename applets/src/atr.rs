//! An ATR of a card's own, instead of its profile's, checked as ISO/IEC 7816-3 builds one.

use std::str::FromStr;

use vmyna_apdu::{Text, hex, text};

/// The longest ATR: TS and 32 characters more.
const LONGEST: usize = 33;

/// The answer to reset of a card that speaks T=1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Atr(Vec<u8>);

/// Why bytes are no ATR that a card can have here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
#[non_exhaustive]
pub enum AtrError {
    /// It is not made of pairs of hexadecimal digits.
    NotHex,
    /// The first byte is another.
    Start,
    /// It ends before the bytes that it announces: how many are missing at least.
    Short(usize),
    /// It goes on behind its end: how many bytes.
    Long(usize),
    /// It is longer than an ATR can be.
    TooLong,
    /// It offers other protocols only.
    NoT1,
    /// The check byte is wrong.
    Check {
        /// The byte that is there.
        is: u8,
        /// The byte that would be right.
        right: u8,
    },
}

impl AtrError {
    /// The error in both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        match *self {
            Self::NotHex => text!(
                "an ATR is an even number of hexadecimal digits",
                "ATRは偶数個の16進数字です"
            ),
            Self::Start => text!("an ATR begins with 3B or 3F", "ATRは3Bか3Fで始まります"),
            Self::Short(missing) => text!(
                "it ends before its own bytes announce; bytes missing: {missing}",
                "ATR自身が示す長さより短いです。足りないバイト数: {missing}"
            ),
            Self::Long(more) => text!(
                "it goes on behind the end that its own bytes announce; bytes too many: {more}",
                "ATR自身が示す長さより長いです。余分なバイト数: {more}"
            ),
            Self::TooLong => text!("an ATR has at most {LONGEST} bytes", "ATRは{LONGEST}バイトまでです"),
            Self::NoT1 => text!(
                "it does not offer T=1, which the card speaks",
                "カードが使うT=1が含まれていません"
            ),
            Self::Check { is, right } => text!(
                "its check byte TCK is {is:02X}, and {right:02X} would be right",
                "検査バイトTCKは{is:02X}ですが、正しくは{right:02X}です"
            ),
        }
    }
}

impl Atr {
    /// Takes an ATR.
    ///
    /// # Errors
    /// [`AtrError`].
    pub fn new(bytes: &[u8]) -> Result<Self, AtrError> {
        let Some((0x3B | 0x3F, rest)) = bytes.split_first() else {
            return Err(AtrError::Start);
        };
        let byte = |at: usize| {
            rest.get(at)
                .copied()
                .ok_or_else(|| AtrError::Short(at + 1 - rest.len()))
        };
        let (mut at, mut protocols) = (1, Vec::new());
        // T0 has the same form as each TD: the high nibble announces TA, TB, TC and TD.
        let mut announced = byte(0)?;
        let historical = usize::from(announced & 0x0F);
        while at < LONGEST {
            at += (announced >> 4 & 0b0111).count_ones() as usize;
            if announced & 0x80 == 0 {
                break;
            }
            announced = byte(at)?;
            protocols.push(announced & 0x0F);
            at += 1;
        }
        if !protocols.contains(&1) {
            return Err(AtrError::NoT1);
        }
        // Behind the historical bytes is TCK, because another protocol than T=0 is offered.
        let end = at + historical + 1;
        if rest.len() < end {
            return Err(AtrError::Short(end - rest.len()));
        }
        if rest.len() > end {
            return Err(AtrError::Long(rest.len() - end));
        }
        if bytes.len() > LONGEST {
            return Err(AtrError::TooLong);
        }
        let (is, others) = rest.split_last().ok_or(AtrError::Start)?;
        let right = others.iter().fold(0, |check, byte| check ^ byte);
        match *is == right {
            true => Ok(Self(bytes.to_vec())),
            false => Err(AtrError::Check { is: *is, right }),
        }
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for Atr {
    type Err = AtrError;

    /// Hexadecimal digits; spaces and colons may be between them.
    fn from_str(text: &str) -> Result<Self, AtrError> {
        Self::new(&hex::decode(text).map_err(|_| AtrError::NotHex)?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Profile;

    #[test]
    fn the_atr_of_every_profile_is_one() {
        for profile in Profile::all() {
            for atr in [&profile.atr, &profile.contact_atr] {
                assert_eq!(Atr::new(atr).unwrap().as_bytes(), atr, "{}", profile.name);
            }
        }
        assert_eq!(
            "3b e0 00 FF 8131FE4514".parse::<Atr>().unwrap().as_bytes(),
            Profile::contact().atr
        );
    }

    #[test]
    fn what_is_wrong_with_an_atr_is_stated() {
        for (text, error) in [
            ("", AtrError::Start),
            ("3", AtrError::NotHex),
            ("xy", AtrError::NotHex),
            ("3C00", AtrError::Start),
            ("3B", AtrError::Short(1)),
            ("3BE000FF8131FE45", AtrError::Short(1)),
            ("3BE000FF8131FE451400", AtrError::Long(1)),
            ("3BE000FF8131FE4515", AtrError::Check { is: 0x15, right: 0x14 }),
            // T=0 alone, with and without saying so; T=0 and T=14.
            ("3B00", AtrError::NoT1),
            ("3B8000", AtrError::NoT1),
            ("3B80800E0E", AtrError::NoT1),
        ] {
            assert_eq!(text.parse::<Atr>(), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_and_what_is_taken_has_a_right_check_byte(
            bytes in proptest::collection::vec(any::<u8>(), 0..40),
            interface in proptest::collection::vec(any::<u8>(), 0..30),
        ) {
            let likely = [&[0x3B, 0x80, 0x81][..], &interface].concat();
            for bytes in [bytes, likely] {
                if let Ok(atr) = Atr::new(&bytes) {
                    prop_assert_eq!(atr.as_bytes()[1..].iter().fold(0, |check, byte| check ^ byte), 0);
                    prop_assert!(bytes.len() <= LONGEST);
                }
            }
        }
    }
}
