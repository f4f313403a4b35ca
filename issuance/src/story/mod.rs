//! The story: people to whom things happen on certain days, as TOML, read into orders and events in their order.
//!
//! All errors of a file are reported at once, each with its place. This module must never open a file itself, never ask for
//! the time, and never put a PIN, a My Number or a residence code into an error. Whether an event is possible is not decided
//! here: that depends on the events before it.
//!
//! | Key | |
//! |---|---|
//! | `version`\* | 1 |
//! | `begin`\* | the day on which the story begins: the cards of people without an event `born` are issued then |
//! | `seed` | a number, from which keys, numbers and invented people come; 1 without it |
//! | `key-pool` | so many sets of keys are made, and all cards share them; without it each card has keys of its own |
//! | `[people.NAME]` | a person as in a person file ([`crate::person_file`]), or `invented = true`; NAME is the card's name |
//! | `[[events]]` | what happens, in the order of the days |
//! | `on`\*, `what`\*, `who`\* | the day, what happens ([`What`]) and to whom: NAME |
//! | `out` | of `moved`: the day of the notice of moving out, which is otherwise that of moving in |
//! | `address`, `municipality` | of `moved`: the new address\*; the code of the new municipality, if it is another one |
//! | `name`, `kana` | of `married`: the new name\* and its reading\* |
//! | `kind` | of `phone`: `iphone` (otherwise) or `android` |
//! | `[town]` | people and events that are drawn by the seed ([`Town`]), in place of `[people]` and `[[events]]` |
//!
//! \* must be given.

mod read;
mod source;
#[cfg(test)]
mod tests;

use std::fmt;

use der::DateTime;
use vmyna_applets::PhoneKind;
use vmyna_applets::calendar::Date;
use vmyna_applets::issued::CardName;
use vmyna_applets::person::Municipality;

use crate::order::Order;
use crate::toml_file::TomlFileError;

pub use read::{instant_on, read};

/// When the day's first event happens: so many minutes after nine in the morning in Japan ([`instant_on`]).
pub const FIRST_MINUTE: usize = 60;
/// The most events of a day, one a minute: more than a counter serves.
pub const EVENTS_A_DAY: usize = 480;

/// A story that was read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Story {
    /// The number from which everything is drawn.
    pub seed: u64,
    /// The day in Japan on which it begins.
    pub begin: Date,
    /// How many sets of keys all cards share, if they do.
    pub key_pool: Option<u32>,
    /// The people, in the order of the file.
    pub people: Vec<StoryPerson>,
    /// What happens to them, in the order in which it does.
    pub events: Vec<StoryEvent>,
    /// The town to draw people and events for.
    pub town: Option<Town>,
}

/// A person of a story.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StoryPerson {
    /// The order of the person's first card, issued when the person's event `born` is, or else at the beginning.
    pub order: Order,
    /// Whether the card is issued by an event, and not at the beginning.
    pub is_born: bool,
}

/// Something that happens to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoryEvent {
    /// The line of the file; `None` for an event that was drawn.
    pub line: Option<usize>,
    /// When, UTC.
    pub at: DateTime,
    /// To whom: the name of the person's cards.
    pub who: CardName,
    /// What.
    pub what: What,
}

impl StoryEvent {
    /// An event that was drawn.
    #[must_use]
    pub const fn drawn(at: DateTime, who: CardName, what: What) -> Self {
        Self {
            line: None,
            at,
            who,
            what,
        }
    }
}

impl fmt::Display for StoryEvent {
    /// `2027-04-01 hanako moved`, with the day in Japan.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match vmyna_applets::calendar::day_in_japan(self.at) {
            Some(day) => write!(f, "{day} {} {}", self.who, self.what.name()),
            None => write!(f, "{} {} {}", self.at, self.who, self.what.name()),
        }
    }
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// `born`: the person's first card is issued. A person who is invented is born on this day.
    Born,
    /// `15`: the person gets the sign certificate (署名用電子証明書), which is issued from 15 years on.
    Fifteen,
    /// The first part of `moved` to another municipality: 転出届.
    MovedOut,
    /// `moved`: 転入届, or 転居届 within the municipality.
    Moved {
        /// The new address.
        address: String,
        /// The new municipality; `None` if it is the same.
        municipality: Option<Municipality>,
    },
    /// `married`: the person has a new name.
    Married {
        /// The new name.
        name: String,
        /// Its reading.
        kana: String,
    },
    /// `renewed`: new certificates, or a new card in the last three months of the card and after its end.
    Renewed,
    /// `lost`: the card's certificates are put on hold.
    Lost,
    /// `found`: the lost card is found. Its certificates are replaced, because a hold is never released.
    Found,
    /// `replaced`: a new card, whatever became of the old one.
    Replaced,
    /// `phone`: the card is held to a phone, which gets certificates of its own.
    Phone(PhoneKind),
    /// `phone-lost`: the phone is lost, and its certificates are revoked.
    PhoneLost,
    /// `phone-removed`: the certificates are taken off the phone, and revoked.
    PhoneRemoved,
    /// `died`: everything is revoked, and the card is withdrawn.
    Died,
    /// `checked`: nothing happens. For a day on which something ends by itself.
    Checked,
}

impl What {
    /// The names in a file, without that of the part [`What::MovedOut`].
    pub const NAMES: [&str; 13] = [
        "born",
        "15",
        "moved",
        "married",
        "renewed",
        "lost",
        "found",
        "replaced",
        "phone",
        "phone-lost",
        "phone-removed",
        "died",
        "checked",
    ];

    /// The name in a file.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Born => "born",
            Self::Fifteen => "15",
            Self::MovedOut => "moved-out",
            Self::Moved { .. } => "moved",
            Self::Married { .. } => "married",
            Self::Renewed => "renewed",
            Self::Lost => "lost",
            Self::Found => "found",
            Self::Replaced => "replaced",
            Self::Phone(_) => "phone",
            Self::PhoneLost => "phone-lost",
            Self::PhoneRemoved => "phone-removed",
            Self::Died => "died",
            Self::Checked => "checked",
        }
    }
}

/// A town: so many people live there, and things happen to them as often as in Japan, roughly. The rates are no statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Town {
    /// How many people live there at the beginning.
    pub people: u32,
    /// How many years it lives.
    pub years: u16,
    /// Among how many municipalities people move.
    pub municipalities: u16,
    /// How often things happen.
    pub rates: Rates,
}

/// How often things happen in a town: of 1,000 people in a year. `deaths` is of all ages: the old die more often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rates {
    /// Children who are born.
    pub births: u16,
    /// People who die.
    pub deaths: u16,
    /// People who move.
    pub moves: u16,
    /// People who marry and change their name.
    pub marriages: u16,
    /// Cards that are lost; half of them are found.
    pub losses: u16,
    /// People who get a phone with certificates.
    pub phones: u16,
    /// People with such a phone, of 1,000, who lose it or take the certificates off.
    pub phone_losses: u16,
}

impl Rates {
    /// Those of a town that gives none.
    pub const DEFAULT: Self = Self {
        births: 7,
        deaths: 12,
        moves: 40,
        marriages: 8,
        losses: 10,
        phones: 40,
        phone_losses: 80,
    };
}

/// One error of a story and its place. It never holds the value that is wrong.
pub type StoryError = TomlFileError;
