//! The one parser of `test-vectors/access.toml` for tests: its form, not what its conditions mean.
//!
//! Each model that predicts the card's answers evaluates conditions by itself. Must never look at the card or at its
//! declarations.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Matrix {
    application: Vec<Rules>,
}

/// The rules of one application.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// The name that the product uses.
    pub name: String,
    /// The AID, hexadecimal.
    pub aid: String,
    /// Whether it is an application in the free area, which a card may lack.
    #[serde(default)]
    pub loaded: bool,
    /// The application that must be selected before it.
    pub parent: Option<String>,
    /// Which token has the application in this way.
    #[serde(default)]
    pub token: Token,
    /// Objects that the application does not have.
    pub absent: Vec<String>,
    /// The PINs.
    pub pins: Vec<PinRules>,
    /// The PINs that a card without PINs leaves unset, and what they answer.
    #[serde(default)]
    pub unset: Vec<UnsetPin>,
    /// The condition of each operation on each object.
    pub rows: Vec<Row>,
}

/// What has an application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Token {
    /// A card.
    #[default]
    Card,
    /// A phone of either kind.
    Phone,
}

/// A PIN of an application.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinRules {
    /// The name that conditions use.
    pub name: String,
    /// The EF, four hexadecimal digits.
    pub ef: String,
    /// The wrong values in a row that block it; 0 for a PIN that is blocked for ever.
    pub tries: u8,
    /// The characters of a new value, if a command of the cardholder can set one.
    pub characters: Option<String>,
    /// The least and the greatest length of a new value.
    pub length: Option<[usize; 2]>,
    /// The application whose PIN of the same name has the value and the tries.
    pub shared: Option<String>,
    /// Whether a real card has it in another way.
    #[serde(default)]
    pub invented: bool,
    /// How certain this is.
    pub certainty: String,
    /// Where this is known from.
    pub source: String,
}

/// What a PIN that was left unset answers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnsetPin {
    /// The EF, four hexadecimal digits.
    pub ef: String,
    /// The status word of the query.
    pub query: String,
    /// The status word of VERIFY with a value.
    pub attempt: String,
    /// How certain this is.
    pub certainty: String,
    /// Where this is known from.
    pub source: String,
}

/// One operation on one object.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// `EF hhhh`, `GET DATA hhhh` or `session`.
    pub object: String,
    /// The operation, in the words that the file's head explains.
    pub operation: String,
    /// `always`, `never`, or names of PINs joined by `or` or by `and`.
    pub condition: String,
    /// The status word of a refusal, if it is not 6982.
    pub refusal: Option<String>,
    /// The number of records of a file that has records.
    pub records: Option<u8>,
    /// Whether a command without a key reference means this key.
    #[serde(default)]
    pub default: bool,
    /// How certain this is.
    pub certainty: String,
    /// Where this is known from.
    pub source: String,
}

/// The applications that every card has, in the file's order.
///
/// # Panics
/// When the file does not have its form.
pub fn applications() -> &'static [Rules] {
    let cards = with_loaded();
    let loaded = cards.iter().position(|rules| rules.loaded);
    cards.get(..loaded.unwrap_or(cards.len())).unwrap_or_default()
}

/// Those applications, and behind them the ones in the free area, which a card may lack.
///
/// # Panics
/// When the file does not have its form.
pub fn with_loaded() -> &'static [Rules] {
    MATRIX.get(..first_of_phone()).unwrap_or_default()
}

/// The applications that a phone's token has, of either kind, in the file's order.
///
/// # Panics
/// When the file does not have its form.
pub fn of_phone() -> &'static [Rules] {
    MATRIX.get(first_of_phone()..).unwrap_or_default()
}

fn first_of_phone() -> usize {
    let first = MATRIX.iter().position(|rules| rules.token == Token::Phone);
    first.unwrap_or(MATRIX.len())
}

#[expect(clippy::panic, reason = "only tests read it; a panic is how they fail")]
static MATRIX: LazyLock<Vec<Rules>> = LazyLock::new(|| {
    let matrix: Matrix =
        toml::from_str(vmyna_test_vectors::ACCESS).unwrap_or_else(|error| panic!("access.toml: {error}"));
    let mut applications = matrix.application;
    applications.sort_by_key(|rules| (rules.token == Token::Phone, rules.loaded));
    applications
});

impl Rules {
    /// The row of this object and operation.
    #[must_use]
    pub fn row(&self, object: &str, operation: &str) -> Option<&Row> {
        self.rows
            .iter()
            .find(|row| row.object == object && row.operation == operation)
    }

    /// All objects that have a row.
    #[must_use]
    pub fn objects(&self) -> BTreeSet<&str> {
        self.rows.iter().map(|row| row.object.as_str()).collect()
    }

    /// The PINs that can be verified.
    pub fn verifiable(&self) -> impl Iterator<Item = &PinRules> {
        self.pins.iter().filter(|pin| pin.tries > 0)
    }

    /// The PIN of this EF.
    #[must_use]
    pub fn pin(&self, ef: &str) -> Option<&PinRules> {
        self.pins.iter().find(|pin| pin.ef == ef)
    }
}

impl Row {
    /// The status word of a refusal.
    ///
    /// # Panics
    /// When the file has no status word there.
    #[must_use]
    #[expect(clippy::panic, reason = "only tests call this; a panic is how they fail")]
    pub fn refusal(&self) -> u16 {
        let refusal = self.refusal.as_deref().unwrap_or("6982");
        u16::from_str_radix(refusal, 16).unwrap_or_else(|_| panic!("{}: {refusal} is no status word", self.object))
    }
}
