//! `test-vectors/access.toml`, the hand-written statement of who may do what, in a form that is quick to ask. Must never
//! look at the card or its declarations.

use std::sync::LazyLock;

use toml::{Table, Value};

/// An application by the file.
pub(crate) struct Application {
    pub(crate) aid: Vec<u8>,
    pub(crate) pins: Vec<PinRules>,
    rows: Vec<Row>,
}

/// What the file says of a PIN.
pub(crate) struct PinRules {
    name: String,
    pub(crate) ef: u16,
    pub(crate) tries: u8,
    characters: Option<String>,
    length: Option<(usize, usize)>,
}

struct Row {
    object: Object,
    operation: Operation,
    condition: Condition,
    default: bool,
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    File(u16),
    Data(u16),
    Session,
}

/// What may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Read,
    Verify,
    ChangeReferenceData,
    ChangeKey,
    ComputeSignature,
    InternalAuthenticate,
    ExternalAuthenticate,
    VerifyCertificate,
    SetSessionKey,
}

enum Condition {
    Always,
    /// Any of these PINs; of none, never.
    Any(Vec<u16>),
    All(Vec<u16>),
}

/// The applications that every card has, in the file's order, which is the card's.
pub(crate) static APPLICATIONS: LazyLock<Vec<Application>> = LazyLock::new(|| {
    let file: Table = vmyna_test_vectors::ACCESS.parse().expect("access.toml is TOML");
    let applications = file["application"].as_array().expect("applications");
    let of_card = |value: &&Value| value.get("loaded").is_none() && value.get("token").is_none();
    let everywhere = applications.iter().filter(of_card);
    everywhere.map(application).collect()
});

impl Application {
    /// Whether the operation is allowed with exactly these PINs verified. What is not listed is denied.
    pub(crate) fn allows(&self, object: Object, operation: Operation, verified: &[u16]) -> bool {
        let row = |row: &&Row| row.object == object && row.operation == operation;
        self.rows.iter().find(row).is_some_and(|row| match &row.condition {
            Condition::Always => true,
            Condition::Any(pins) => pins.iter().any(|pin| verified.contains(pin)),
            Condition::All(pins) => pins.iter().all(|pin| verified.contains(pin)),
        })
    }

    /// Whether there is such a file.
    pub(crate) fn has(&self, file: u16) -> bool {
        self.rows.iter().any(|row| row.object == Object::File(file))
    }

    /// The key that is meant without a reference.
    pub(crate) fn default_key(&self) -> Option<u16> {
        self.rows.iter().find_map(|row| match row.object {
            Object::File(file) if row.default => Some(file),
            _ => None,
        })
    }
}

impl PinRules {
    /// Whether the PIN can get this value.
    pub(crate) fn can_become(&self, value: &[u8]) -> bool {
        let characters = match self.characters.as_deref() {
            Some("0-9") => value.iter().all(u8::is_ascii_digit),
            Some("A-Z 0-9") => value.iter().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase()),
            _ => false,
        };
        characters && self.length.is_some_and(|(min, max)| (min..=max).contains(&value.len()))
    }
}

fn application(value: &Value) -> Application {
    let list = |key: &str| value[key].as_array().expect("a list").clone();
    let pins: Vec<PinRules> = list("pins").iter().map(pin).collect();
    let rows = list("rows").iter().map(|value| row(value, &pins)).collect();
    let aid = text(value, "aid");
    let aid = (0..aid.len()).step_by(2);
    let digits = text(value, "aid");
    Application {
        aid: aid
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal"))
            .collect(),
        pins,
        rows,
    }
}

fn pin(value: &Value) -> PinRules {
    let length = value.get("length").and_then(Value::as_array);
    let number = |value: &Value| value.as_integer().and_then(|number| usize::try_from(number).ok());
    PinRules {
        name: text(value, "name"),
        ef: identifier(&text(value, "ef")),
        tries: number(&value["tries"]).expect("tries") as u8,
        characters: value.get("characters").and_then(Value::as_str).map(str::to_owned),
        length: length.map(|pair| (number(&pair[0]).expect("least"), number(&pair[1]).expect("greatest"))),
    }
}

fn row(value: &Value, pins: &[PinRules]) -> Row {
    let object = text(value, "object");
    let operation = text(value, "operation");
    let named = |name: &str| {
        pins.iter()
            .find(|pin| pin.name == name)
            .expect("a PIN of the application")
            .ef
    };
    Row {
        object: match object.split_at_checked(object.len() - 4) {
            Some(("EF ", id)) => Object::File(identifier(id)),
            Some(("GET DATA ", tag)) => Object::Data(identifier(tag)),
            _ if object == "session" => Object::Session,
            _ => panic!("no object: {object}"),
        },
        operation: match operation.as_str() {
            "read" => Operation::Read,
            "verify" => Operation::Verify,
            "change reference data" => Operation::ChangeReferenceData,
            "change key" => Operation::ChangeKey,
            "compute signature" => Operation::ComputeSignature,
            "internal authenticate" => Operation::InternalAuthenticate,
            "external authenticate" => Operation::ExternalAuthenticate,
            "verify certificate" => Operation::VerifyCertificate,
            "set session key" => Operation::SetSessionKey,
            other => panic!("no operation: {other}"),
        },
        condition: match text(value, "condition").as_str() {
            "always" => Condition::Always,
            "never" => Condition::Any(Vec::new()),
            all if all.contains(" and ") => Condition::All(all.split(" and ").map(named).collect()),
            any => Condition::Any(any.split(" or ").map(named).collect()),
        },
        default: value.get("default").and_then(Value::as_bool).unwrap_or(false),
    }
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().expect("a text").to_owned()
}

fn identifier(digits: &str) -> u16 {
    u16::from_str_radix(digits, 16).expect("four hexadecimal digits")
}
