//! The CARD argument: which virtual card is meant, and how it is made.

use std::fmt;
use std::str::FromStr;

use rand_core::OsRng;
use vmyna_applets::{Profile, specimen};
use vmyna_card_os::application::Application;
use vmyna_card_os::key::Engine;
use vmyna_card_os::store::MemoryStore;
use vmyna_card_os::{Card, Parts};

use crate::failure::Failure;

/// A card, as it is named on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CardSource {
    /// `specimen:NAME`
    Specimen(&'static str),
}

impl FromStr for CardSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || specimen::NAMES.map(|name| format!("specimen:{name}")).join(", ");
        let name = text
            .strip_prefix("specimen:")
            .ok_or_else(|| format!("a card is one of: {}", known()))?;
        let name = specimen::NAMES.into_iter().find(|known| *known == name);
        name.map(Self::Specimen)
            .ok_or_else(|| format!("there is no such specimen; there are: {}", known()))
    }
}

impl fmt::Display for CardSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Specimen(name) => write!(f, "specimen:{name}"),
        }
    }
}

impl CardSource {
    /// The card, as issued and without power.
    pub(crate) fn open(&self) -> Result<Card, Failure> {
        let profile = Profile::default();
        Card::new(Parts {
            applications: self.applications(&profile)?,
            atr: profile.atr,
            store: Box::new(MemoryStore::default()),
            engine: engine(),
            rng: Box::new(OsRng),
        })
        .map_err(|error| Failure::Failed(format!("{self}: {error}")))
    }

    fn applications(&self, profile: &Profile) -> Result<Vec<Application>, Failure> {
        match self {
            Self::Specimen(name) => {
                let specimen = specimen::find(name).ok_or(specimen::Damaged);
                let applications = specimen.and_then(|specimen| specimen::applications(&specimen, profile));
                applications.map_err(|error| Failure::Failed(format!("{self}: {error}")))
            }
        }
    }
}

/// The best engine this program was built with.
fn engine() -> Box<dyn Engine + Send> {
    #[cfg(feature = "openssl")]
    return Box::new(vmyna_card_os::key::OpensslEngine);
    #[cfg(not(feature = "openssl"))]
    return Box::new(vmyna_card_os::key::RustEngine);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_specimen_is_found_by_its_name_and_makes_a_card() {
        for name in specimen::NAMES {
            let source: CardSource = format!("specimen:{name}").parse().unwrap();
            assert_eq!(source.to_string(), format!("specimen:{name}"));
            source.open().unwrap();
        }
    }

    #[test]
    fn an_unknown_card_is_answered_with_those_there_are() {
        for text in ["", "hanako", "specimen:", "specimen:taro"] {
            let message = text.parse::<CardSource>().unwrap_err();
            assert!(message.contains("specimen:hanako"), "{message}");
        }
    }
}
