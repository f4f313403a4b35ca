//! What the two programs for employee cards share: an enrolment desk and a door know the same card.

use std::path::{Path, PathBuf};

use openssl::pkey::{PKey, Private};

use crate::{Card, HostError, Pin, signature};

/// How the programs call the application.
pub const NAME: &str = "employees (TEST)";
/// Its AID.
pub const AID: &[u8] = b"\xF0TEST-EMPLOYEE\x01";
/// The PIN.
pub const PIN: u8 = 0x06;
/// The terminals' public key.
pub const TERMINAL: u8 = 0x12;
/// The key that is made on the card.
pub const KEY: u8 = 0x17;
/// The employee's entry.
pub const ENTRY: u8 = 0x01;
/// The log of entries.
pub const LOG: u8 = 0x02;

/// Proves to the card that this is a terminal of the company.
///
/// # Errors
/// [`HostError::Refused`] if the card knows another key.
pub fn authenticate(card: &mut Card, terminal: &PKey<Private>) -> Result<(), HostError> {
    let challenge = card.challenge(32)?;
    card.external_authenticate(TERMINAL, &signature::sign(terminal, &challenge)?)
}

/// Where the public key of an employee is kept.
///
/// # Errors
/// [`HostError::Malformed`] unless the number is 1 to 16 letters, digits and hyphens: it becomes the name of a file.
pub fn key_file(folder: &Path, number: &[u8]) -> Result<PathBuf, HostError> {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    match std::str::from_utf8(number) {
        Ok(name) if (1..=16).contains(&number.len()) && number.iter().all(fits) => {
            Ok(folder.join(format!("{name}.pem")))
        }
        _ => Err(HostError::Malformed {
            what: "the employee number",
            fault: "not 1 to 16 letters, digits and hyphens",
        }),
    }
}

/// VERIFY with the employee's PIN.
///
/// # Errors
/// As [`Card::verify`].
pub fn verify(card: &mut Card, pin: &Pin) -> Result<(), HostError> {
    card.verify("PIN of the employee card", PIN, pin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_employee_number_names_a_file_of_the_folder_only() {
        let folder = Path::new("keys");
        assert_eq!(key_file(folder, b"E-0001").unwrap(), folder.join("E-0001.pem"));
        for wrong in [&b""[..], b"..", b"a/b", b"E 1", b"\xFF", b"12345678901234567"] {
            assert!(key_file(folder, wrong).is_err(), "{wrong:?}");
        }
    }
}
