//! R-APDUs as bytes: response data, then the status word (ISO/IEC 7816-4, 5.1).

use core::fmt;

use crate::status_word::StatusWord;

/// An answer as the host received it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ResponseApdu<'a> {
    /// Response data, 0 to 65,536 bytes.
    pub data: &'a [u8],
    /// SW1-SW2.
    pub status_word: StatusWord,
}

impl<'a> ResponseApdu<'a> {
    /// Splits an R-APDU; `None` for fewer than two bytes.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (data, status_word) = bytes.split_last_chunk::<2>()?;
        Some(Self {
            data,
            status_word: StatusWord::new(u16::from_be_bytes(*status_word)),
        })
    }
}

/// Shows the length of the data, not the data: it may be personal.
impl fmt::Debug for ResponseApdu<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} data bytes, {}", self.data.len(), self.status_word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_two_bytes_are_the_status_word() {
        let response = ResponseApdu::parse(&[1, 2, 0x63, 0xC3]).unwrap();
        assert_eq!(response.data, [1, 2]);
        assert_eq!(response.status_word, StatusWord::tries_left(3));
        assert_eq!(format!("{response:?}"), "2 data bytes, 63C3");
        assert_eq!(ResponseApdu::parse(&[0x90, 0x00]).unwrap().data, []);
    }

    #[test]
    fn fewer_than_two_bytes_are_no_response() {
        assert_eq!(ResponseApdu::parse(&[]), None);
        assert_eq!(ResponseApdu::parse(&[0x90]), None);
    }
}
