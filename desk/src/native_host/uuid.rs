//! The number of an installation, by which a site recognises the computer.

use std::fmt;
use std::str::FromStr;

use vmyna_apdu::hex;
use vmyna_applets::rand_core::{self, OsRng, RngCore as _};

/// 16 random bytes, made when the host is installed and kept. Written as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uuid([u8; 16]);

/// A text that is not 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not 32 hexadecimal digits")]
pub struct NoUuid;

impl Uuid {
    /// A new number.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn random() -> Result<Self, rand_core::Error> {
        let mut bytes = [0; 16];
        OsRng.try_fill_bytes(&mut bytes)?;
        Ok(Self(bytes))
    }

    pub(super) const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Uuid {
    type Err = NoUuid;

    fn from_str(text: &str) -> Result<Self, NoUuid> {
        let is_plain = text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        let bytes = is_plain.then(|| hex::decode(text).ok()).flatten();
        bytes.and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or(NoUuid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_and_read_as_32_digits() {
        let uuid = Uuid::random().unwrap();
        assert_ne!(uuid, Uuid::random().unwrap());
        assert_eq!(uuid.to_string().parse(), Ok(uuid));
        assert_eq!(Uuid([0xAB; 16]).to_string(), "ab".repeat(16));
        for wrong in ["", "ab", &"ab".repeat(17), &"g0".repeat(16), &"ab ".repeat(16)[..32]] {
            assert_eq!(wrong.parse::<Uuid>(), Err(NoUuid), "{wrong}");
        }
    }
}
