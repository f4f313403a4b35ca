//! Bytes as hexadecimal digits, and back.

use core::fmt;
use core::fmt::Write as _;
use core::ops::Range;

/// The digits, upper case, without anything between them.
pub fn encode(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            // Writing into a String can't fail.
            let _ = write!(text, "{byte:02X}");
            text
        })
}

/// The digits of a part of `bytes`, with `**` for each byte at a hidden place in `bytes`.
pub fn encode_hiding(bytes: &[u8], part: Range<usize>, hidden: &Range<usize>) -> String {
    let start = part.start;
    let part = bytes.get(part).unwrap_or_default();
    (start..).zip(part).fold(String::new(), |mut text, (at, byte)| {
        let _ = match hidden.contains(&at) {
            true => write!(text, "**"),
            false => write!(text, "{byte:02X}"),
        };
        text
    })
}

/// Text that is not a sequence of bytes in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HexError {
    /// This character is not a hexadecimal digit.
    NotADigit(char),
    /// The number of digits is odd.
    OddLength(usize),
}

impl fmt::Display for HexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotADigit(character) => write!(f, "{character:?} is not a hexadecimal digit"),
            Self::OddLength(digits) => {
                write!(f, "{digits} hexadecimal digits are an odd number: every byte takes two")
            }
        }
    }
}

impl core::error::Error for HexError {}

/// The bytes for digits of either case. Spaces and colons may stand anywhere between the digits.
///
/// # Errors
/// [`HexError`]
pub fn decode(text: &str) -> Result<Vec<u8>, HexError> {
    let mut digits = Vec::with_capacity(text.len());
    for character in text
        .chars()
        .filter(|character| !character.is_whitespace() && *character != ':')
    {
        let Some(digit) = character.to_digit(16) else {
            return Err(HexError::NotADigit(character));
        };
        digits.push(digit as u8);
    }
    let (pairs, []) = digits.as_chunks::<2>() else {
        return Err(HexError::OddLength(digits.len()));
    };
    Ok(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_either_case_with_spaces_and_colons_are_read() {
        assert_eq!(decode(" 00 a4:04\t0C ").unwrap(), [0x00, 0xA4, 0x04, 0x0C]);
        assert_eq!(encode(&[0x00, 0xA4, 0x0C]), "00A40C");
        assert!(decode("").unwrap().is_empty());
    }

    #[test]
    fn text_that_is_not_hexadecimal_is_named() {
        assert_eq!(
            decode("00A4G0").unwrap_err().to_string(),
            "'G' is not a hexadecimal digit"
        );
        assert_eq!(
            decode("00A").unwrap_err().to_string(),
            "3 hexadecimal digits are an odd number: every byte takes two"
        );
        assert!(decode("００").is_err());
    }
}
