//! What came of a run, for people and as JSON. Must never hold a PIN, nor data of the card that are not declared public.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::vector::{Certainty, Effect, Property};
use vmyna_apdu::{Text, text};

/// A run over a card.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// What made it: name and version.
    pub made_by: String,
    /// The card.
    pub card: CardReport,
    /// Each vector, in the order of the run.
    pub vectors: Vec<VectorReport>,
    /// What ended the run before its end, if anything did.
    #[serde(default, with = "crate::english::optional")]
    pub ended: Option<Text>,
    /// What a reader must know of these vectors, each in English and Japanese.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
}

/// What a reader of the report must know, in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// English.
    pub en: String,
    /// Japanese.
    pub ja: String,
}

impl From<Text> for Note {
    fn from(Text { en, ja }: Text) -> Self {
        Self { en, ja }
    }
}

/// What is known of the card, without data of the cardholder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CardReport {
    /// Where it was: a reader's name, or which virtual card.
    pub place: String,
    /// Its ATR, hexadecimal.
    pub atr: String,
    /// What kind of card it is.
    pub properties: BTreeSet<Property>,
}

/// One vector's outcome.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VectorReport {
    /// Its name.
    pub id: String,
    /// What the card must do.
    pub requirement: String,
    /// Where that is known from.
    pub source: String,
    /// How certain it is.
    pub certainty: Certainty,
    /// What it does to the card.
    pub effect: Effect,
    /// What came of it.
    pub outcome: Outcome,
    /// What was sent and answered.
    pub steps: Vec<Exchange>,
    /// How long it took, in microseconds.
    pub microseconds: u64,
}

/// What came of a vector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Outcome {
    /// The card did what it must.
    Passed,
    /// It did not.
    Failed {
        /// At which step, from 1.
        step: usize,
        /// What was expected and what came.
        #[serde(with = "crate::english")]
        what: Text,
    },
    /// It was not tried.
    Skipped {
        /// Why.
        why: Reason,
    },
}

/// Why a vector was not tried.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "because", content = "of")]
#[non_exhaustive]
pub enum Reason {
    /// The card is of another kind.
    NotThisCard,
    /// A PIN's value is not known: its name.
    PinUnknown(String),
    /// A PIN is blocked, or has too few tries left: its name.
    TooFewTries(String),
    /// Wrong PINs are not allowed.
    WrongPins,
    /// The card may not be written to.
    Writes,
}

impl Reason {
    /// The reason in words.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::NotThisCard => text!("not for this kind of card", "この種類のカードは対象外"),
            Self::PinUnknown(pin) => text!("the PIN {pin} is not given", "PIN {pin}が指定されていない"),
            Self::TooFewTries(pin) => text!(
                "the PIN {pin} is blocked or has too few tries left",
                "PIN {pin}が閉塞しているか、残り試行回数が足りない"
            ),
            Self::WrongPins => text!("wrong PINs are not allowed", "誤ったPINの提示が許可されていない"),
            Self::Writes => text!("the card may not be written to", "カードへの書き込みが許可されていない"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}

/// A command and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Exchange {
    /// The command as the vector has it: placeholders stand for what is secret.
    pub sent: String,
    /// The status word; empty for a reset.
    pub sw: String,
    /// The data, hexadecimal, where they say nothing about a person; otherwise their length and the outline of their
    /// objects.
    pub data: String,
}

/// How many vectors came out how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Passed.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
    /// Not tried.
    pub skipped: usize,
}

impl Report {
    /// How many vectors came out how.
    #[must_use]
    pub fn count(&self) -> Count {
        self.vectors.iter().fold(Count::default(), |mut count, vector| {
            match vector.outcome {
                Outcome::Passed => count.passed += 1,
                Outcome::Failed { .. } => count.failed += 1,
                Outcome::Skipped { .. } => count.skipped += 1,
            }
            count
        })
    }

    /// The vectors that failed.
    pub fn failures(&self) -> impl Iterator<Item = &VectorReport> {
        self.vectors
            .iter()
            .filter(|vector| matches!(vector.outcome, Outcome::Failed { .. }))
    }

    /// The report as JSON.
    ///
    /// # Errors
    /// When it can't be written as such, which is a fault of this program.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }

    pub(crate) fn took(&mut self, time: Duration) {
        self.milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    }
}
