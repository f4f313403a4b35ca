//! What the conditions of `test-vectors/access.toml` mean, and the specimen's PINs. Must never look at the card.

use std::collections::BTreeSet;

pub(crate) use vmyna_testkit::access::{PinRules, Rules};

use crate::common::{CARD_INFO, FACE_INFO, INPUT_ASSIST, JPKI, RESIDENCE_CODE, Rig, subject};

/// The applications of what is under test, in its order: of a card those of every card, and those in the free area.
pub(crate) fn applications() -> &'static [Rules] {
    subject::now().rules()
}

/// The application of this name.
pub(crate) fn named(name: &str) -> &'static Rules {
    let named = applications().iter().find(|rules| rules.name == name);
    named.unwrap_or_else(|| panic!("there is no application {name}"))
}

/// Selects an application, the one above it first.
pub(crate) fn select(rig: &mut Rig, rules: &Rules) {
    if let Some(parent) = &rules.parent {
        select(rig, named(parent));
    }
    rig.select(&rules.aid);
}

/// Where a PIN has its value and its tries: the AID of an application, and the EF there.
pub(crate) fn owner<'a>(rules: &'a Rules, pin: &'a PinRules) -> (&'a str, &'a str) {
    match &pin.shared {
        None => (&rules.aid, &pin.ef),
        Some(owner) => {
            let rules = named(owner);
            let own = rules.pins.iter().find(|own| own.name == pin.name);
            (&rules.aid, &own.unwrap().ef)
        }
    }
}

/// Whether SELECT finds an application while this one is selected.
#[allow(dead_code, reason = "the two test crates that choose among applications need it")]
pub(crate) fn in_reach(of: &Rules, selected: &Rules) -> bool {
    let above = of.parent.as_deref();
    above.is_none() || above == Some(&selected.name) || above == selected.parent.as_deref()
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

const LICENCE: &str = "A0000002310600000000000000000000";
const RESIDENCE: [&str; 4] = [
    "D392F0004F0100000000000000000000",
    "D392F0004F0200000000000000000000",
    "D392F0004F0300000000000000000000",
    "D392F0004F0400000000000000000000",
];
/// The number of a residence card that nobody has.
const NUMBER: &str = "TE00000000ST";

/// PINs of the card under test: application, EF, value, another value that the PIN could have.
const VALUES: [(&str, &str, &str, &str); 15] = [
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
    (LICENCE, "0006", "1234", "5678"),
    (RESIDENCE[0], "0006", NUMBER, "TE00000001ST"),
    (RESIDENCE[1], "0016", NUMBER, "TE00000001ST"),
    (RESIDENCE[2], "0016", NUMBER, "TE00000001ST"),
    (RESIDENCE[3], "0016", NUMBER, "TE00000001ST"),
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
