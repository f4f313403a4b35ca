//! What the conditions of `test-vectors/access.toml` mean, and the specimen's PINs. Must never look at the card.

use std::collections::BTreeSet;

pub(crate) use vmyna_testkit::access::{PinRules, Rules, applications};

use crate::common::{CARD_INFO, FACE_INFO, INPUT_ASSIST, JPKI, RESIDENCE_CODE};

/// What can be done to a file; to a data object, only the first of these.
pub(crate) const FILE_OPERATIONS: [&str; 8] = [
    "read",
    "verify",
    "change reference data",
    "change key",
    "compute signature",
    "internal authenticate",
    "external authenticate",
    "verify certificate",
];

/// What can be done to a file only in an application with a row for it.
pub(crate) const DECLARED_OPERATIONS: [&str; 4] =
    ["update binary", "update record", "append record", "generate key pair"];

/// What can be done to the session.
pub(crate) const SET_SESSION_KEY: &str = "set session key";

/// The operations that the object's kind has, by the words of the file.
pub(crate) fn operations(object: &str) -> &'static [&'static str] {
    match object {
        "session" => &[SET_SESSION_KEY],
        object if object.starts_with("GET DATA ") => &FILE_OPERATIONS[..1],
        _ => &FILE_OPERATIONS,
    }
}

/// 照合番号A of the specimen: the My Number of a fictional person.
const CODE_A: &str = "123456789018";
/// 照合番号B: born on 25 October of Heisei 1, card until 2036, security code 2026.
const CODE_B: &str = "01102520362026";

/// PINs of the specimen: application, EF, value, another value that the PIN could have.
const VALUES: [(&str, &str, &str, &str); 10] = [
    (JPKI, "0018", "1234", "5678"),
    (JPKI, "001B", "ABC123", "NEW456"),
    (INPUT_ASSIST, "0011", "1234", "5678"),
    (INPUT_ASSIST, "0014", CODE_A, "123456789019"),
    (INPUT_ASSIST, "0015", CODE_B, "01102520362027"),
    (FACE_INFO, "0011", "011025", "011026"),
    (FACE_INFO, "0012", CODE_B, "01102520362027"),
    (FACE_INFO, "0013", CODE_A, "123456789019"),
    (RESIDENCE_CODE, "001C", "1234", "5678"),
    (CARD_INFO, "001C", "1234", "5678"),
];

/// What a model asks of the rules.
pub(crate) trait Judge {
    /// Whether the operation is allowed when exactly the PINs of these names are verified.
    fn allows(&self, object: &str, operation: &str, verified: &BTreeSet<&str>) -> bool;

    /// The specimen's value of a PIN that can be verified, and another one that it could have.
    fn values(&self, pin: &PinRules) -> (&'static str, &'static str);
}

impl Judge for Rules {
    fn allows(&self, object: &str, operation: &str, verified: &BTreeSet<&str>) -> bool {
        let Some(row) = self.row(object, operation) else {
            return false;
        };
        let holds = |name: &str| {
            assert!(
                self.pins.iter().any(|pin| pin.name == name),
                "{} names no PIN",
                row.condition
            );
            verified.contains(name)
        };
        match row.condition.as_str() {
            "always" => true,
            "never" => false,
            condition if condition.contains(" or ") => condition.split(" or ").map(holds).fold(false, |a, b| a | b),
            condition => condition.split(" and ").map(holds).fold(true, |a, b| a & b),
        }
    }

    fn values(&self, pin: &PinRules) -> (&'static str, &'static str) {
        let values = VALUES.iter().find(|(aid, ef, ..)| *aid == self.aid && *ef == pin.ef);
        let (.., right, other) = values.unwrap_or_else(|| panic!("{} {}: no value", self.name, pin.ef));
        (right, other)
    }
}
