//! The damage of an answer to reset.

use vmyna_apdu::{Text, text};

/// The reason why bytes are not a whole answer to reset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
#[non_exhaustive]
pub enum AtrError {
    /// The first octet is neither `3B` nor `3F`.
    NoAtr(u8),
    /// It ends before this octet.
    Missing(String),
    /// It ends within the historical bytes.
    Historical {
        /// How many there are.
        there: usize,
        /// How many T0 states.
        stated: usize,
    },
    /// TCK is missing: the value that it should have.
    NoCheck(u8),
    /// TCK is wrong.
    WrongCheck {
        /// The value that it has.
        is: u8,
        /// The value that follows from the other octets.
        right: u8,
    },
    /// So many octets follow the last one.
    Rest(usize),
    /// It has so many octets.
    TooLong(usize),
}

impl AtrError {
    /// The reason as a text.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::NoAtr(first) => text!(
                "an answer to reset begins with 3B or 3F, this with {first:02X}",
                "ATRは3Bまたは3Fで始まるが、これは{first:02X}で始まる"
            ),
            Self::Missing(name) => text!(
                "the answer to reset is cut off: {name} is missing",
                "ATRが途中で切れている: {name}がない"
            ),
            Self::Historical { there, stated } => text!(
                "the answer to reset is cut off: T0 states {stated} historical bytes, there are {there}",
                "ATRが途中で切れている: T0によれば管理情報バイト（historical bytes）は{stated}個だが、{there}個しかない"
            ),
            Self::NoCheck(right) => text!(
                "the answer to reset is cut off: TCK is missing, it would be {right:02X}",
                "ATRが途中で切れている: TCKがない。正しくは{right:02X}"
            ),
            Self::WrongCheck { is, right } => text!(
                "TCK is {is:02X}, the octets before it give {right:02X}: at least one octet is damaged",
                "TCKは{is:02X}だが、前のオクテットからは{right:02X}になる: 少なくとも1オクテットが壊れている"
            ),
            Self::Rest(count) => text!(
                "the answer to reset ends before the last bytes: {count} too many",
                "ATRの終わりの後に余分なバイトがある: {count}バイト"
            ),
            Self::TooLong(count) => text!(
                "an answer to reset has at most 33 octets, this has {count}",
                "ATRは最大33オクテットだが、これは{count}オクテットある"
            ),
        }
    }
}
