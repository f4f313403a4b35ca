//! The form of `test-vectors/access.toml`, and what its conditions mean. Must never look at the card.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::common::{CARD_INFO, FACE_INFO, INPUT_ASSIST, JPKI, RESIDENCE_CODE};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Matrix {
    application: Vec<Rules>,
}

/// The rules of one application.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rules {
    pub(crate) name: String,
    pub(crate) aid: String,
    pub(crate) absent: Vec<String>,
    pub(crate) pins: Vec<PinRules>,
    pub(crate) rows: Vec<Row>,
}

/// What is said of a PIN besides its rows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PinRules {
    pub(crate) name: String,
    pub(crate) ef: String,
    pub(crate) tries: u8,
    pub(crate) characters: Option<String>,
    pub(crate) length: Option<[usize; 2]>,
    pub(crate) certainty: String,
    pub(crate) source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) object: String,
    pub(crate) operation: String,
    pub(crate) condition: String,
    pub(crate) refusal: Option<String>,
    pub(crate) records: Option<u8>,
    #[serde(default)]
    pub(crate) default: bool,
    pub(crate) certainty: String,
    pub(crate) source: String,
}

/// All applications of the file.
pub(crate) fn applications() -> &'static [Rules] {
    static MATRIX: LazyLock<Matrix> = LazyLock::new(|| toml::from_str(vmyna_test_vectors::ACCESS).unwrap());
    &MATRIX.application
}

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

impl Rules {
    pub(crate) fn row(&self, object: &str, operation: &str) -> Option<&Row> {
        self.rows
            .iter()
            .find(|row| row.object == object && row.operation == operation)
    }

    /// Whether the operation is allowed when exactly the PINs of these names are verified.
    pub(crate) fn allows(&self, object: &str, operation: &str, verified: &BTreeSet<&str>) -> bool {
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

    pub(crate) fn objects(&self) -> BTreeSet<&str> {
        self.rows.iter().map(|row| row.object.as_str()).collect()
    }

    /// The PINs that can be verified.
    pub(crate) fn verifiable(&self) -> impl Iterator<Item = &PinRules> {
        self.pins.iter().filter(|pin| pin.tries > 0)
    }

    /// The PIN of this EF.
    pub(crate) fn pin(&self, ef: &str) -> Option<&PinRules> {
        self.pins.iter().find(|pin| pin.ef == ef)
    }

    /// The specimen's value of a PIN that can be verified, and another one that it could have.
    pub(crate) fn values(&self, pin: &PinRules) -> (&'static str, &'static str) {
        let values = VALUES.iter().find(|(aid, ef, ..)| *aid == self.aid && *ef == pin.ef);
        let (.., right, other) = values.unwrap_or_else(|| panic!("{} {}: no value", self.name, pin.ef));
        (right, other)
    }
}

impl Row {
    /// What the card answers where the condition does not hold.
    pub(crate) fn refusal(&self) -> u16 {
        let refusal = self.refusal.as_deref().unwrap_or("6982");
        u16::from_str_radix(refusal, 16).unwrap()
    }
}
