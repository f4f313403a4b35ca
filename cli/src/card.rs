//! The CARD argument: which virtual card is meant, and how it is made.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use rand_core::OsRng;
use vmyna_apdu::Icc;
use vmyna_applets::image::{Image, ImageError, ImageErrorKind};
use vmyna_applets::issued::{CardName, IssuedCard};
use vmyna_applets::{Interface, Profile, specimen};
use vmyna_card_os::Observer;
use vmyna_card_os::state::MemoryStore;
use vmyna_reader_bridge::ContactlessReader;

use crate::failure::{Failure, image_failure};
use crate::held::HeldCard;
use crate::state::StatePlace;

/// A card, as it is named on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CardSource {
    /// `specimen:NAME`: built in; with `@PROFILE` behind it as a card of another generation.
    Specimen(String, Option<Profile>),
    /// `FILE` or `FILE#NAME`: an image made by `vmyna issue`.
    Image(PathBuf, Option<CardName>),
}

impl FromStr for CardSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix("specimen:") {
            let (name, profile) = match name.split_once('@') {
                Some((name, profile)) => (name, Some(self::profile(profile)?)),
                None => (name, None),
            };
            let names = specimen::names().map_err(|error| error.to_string())?;
            return match names.contains(&name) {
                true => Ok(Self::Specimen(name.to_owned(), profile)),
                false => Err(format!("there is no such specimen; there are: {}", specimens(&names))),
            };
        }
        if text.is_empty() {
            return Err(
                "a card is specimen:NAME, FILE or FILE#NAME; specimen:NAME@PROFILE is one of another \
                        generation"
                    .to_owned(),
            );
        }
        // A file's name may hold the sign as well.
        if let Some((file, name)) = text.rsplit_once('#')
            && !Path::new(text).exists()
        {
            let name = name.parse().map_err(str::to_owned)?;
            return Ok(Self::Image(file.into(), Some(name)));
        }
        Ok(Self::Image(text.into(), None))
    }
}

fn specimens(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("specimen:{name}")).collect();
    names.join(", ")
}

impl fmt::Display for CardSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Specimen(name, None) => write!(f, "specimen:{name}"),
            Self::Specimen(name, Some(profile)) => write!(f, "specimen:{name}@{}", profile.name),
            Self::Image(file, None) => write!(f, "{}", file.display()),
            Self::Image(file, Some(name)) => write!(f, "{}#{name}", file.display()),
        }
    }
}

/// A card whose state is kept.
struct Kept<'a> {
    image: &'a Path,
    name: CardName,
    /// Tells the issued card from every other one.
    identity: [u8; 32],
}

impl CardSource {
    /// The card that is meant where none is named.
    pub(crate) fn hanako() -> Self {
        Self::Specimen("hanako".to_owned(), None)
    }

    /// The same card, named so that a process in another folder finds it.
    pub(crate) fn to_absolute(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Image(file, name) => Self::Image(std::path::absolute(file)?, name.clone()),
            built_in => built_in.clone(),
        })
    }

    /// What the card was issued as.
    pub(crate) fn issued(&self) -> Result<IssuedCard, Failure> {
        self.look_up().map(|(card, _)| card)
    }

    /// What the card was issued as, and where its state is kept; `None` for a built-in card, which keeps none.
    pub(crate) fn find(&self) -> Result<(IssuedCard, Option<StatePlace>), Failure> {
        let (card, kept) = self.look_up()?;
        let place = kept.map(|kept| StatePlace::of(kept.image, &kept.name, kept.identity));
        Ok((card, place.transpose()?))
    }

    /// What the card was issued as, and which one it is if its state is kept.
    fn look_up(&self) -> Result<(IssuedCard, Option<Kept<'_>>), Failure> {
        match self {
            Self::Specimen(name, profile) => match specimen::find(name) {
                Ok(Some(card)) => {
                    let profile = profile.clone().unwrap_or_else(|| card.profile.clone());
                    Ok((card.with_profile(profile), None))
                }
                Ok(None) => Err(Failure::Failed(format!("{self}: there is no such specimen"))),
                Err(error) => Err(Failure::Failed(format!(
                    "{self}: {error}; make the specimens anew with `make specimens` and rebuild"
                ))),
            },
            Self::Image(file, name) => {
                let image = Image::open(file).map_err(|error| absent(file, error))?;
                let name = match name {
                    Some(name) => name.clone(),
                    None => only_card(file, &image)?,
                };
                let card = image.card(&name).map_err(image_failure)?;
                let identity = image.identity(&name);
                let kept = |identity| Kept {
                    image: file,
                    name,
                    identity,
                };
                Ok((card, identity.map(kept)))
            }
        }
    }

    /// The card, without power, as a reader takes it: one for the air comes with what such a reader does by itself.
    /// `observer` is told what happens in the card.
    pub(crate) fn open(&self, observer: Option<Box<dyn Observer + Send>>) -> Result<Box<dyn Icc + Send>, Failure> {
        let (issued, place) = self.find()?;
        match place {
            Some(place) => {
                let interface = issued.profile.interface;
                Ok(in_reader(HeldCard::open(issued, place, observer)?, interface))
            }
            None => self.as_issued(&issued, observer),
        }
    }

    /// The card as it was issued, for trying something out: what happens to it is forgotten, and its state is not looked at.
    pub(crate) fn open_as_issued(
        &self,
        observer: Option<Box<dyn Observer + Send>>,
    ) -> Result<Box<dyn Icc + Send>, Failure> {
        self.as_issued(&self.issued()?, observer)
    }

    /// The same for who has looked already what this card was issued as.
    pub(crate) fn as_issued(
        &self,
        issued: &IssuedCard,
        observer: Option<Box<dyn Observer + Send>>,
    ) -> Result<Box<dyn Icc + Send>, Failure> {
        let interface = issued.profile.interface;
        let card = issued.card(Box::<MemoryStore>::default(), Box::new(OsRng));
        let mut card = card.map_err(|error| Failure::Failed(format!("{self}: {error}")))?;
        if let Some(observer) = observer {
            card.observe(observer);
        }
        Ok(in_reader(card, interface))
    }
}

/// The card with what a reader of its kind does by itself.
fn in_reader(card: impl Icc + Send + 'static, interface: Interface) -> Box<dyn Icc + Send> {
    match interface {
        Interface::Contact => Box::new(card),
        Interface::Contactless(type_b) => Box::new(ContactlessReader::new(card, type_b, Box::new(OsRng))),
    }
}

/// The generation of this name.
pub(crate) fn profile(name: &str) -> Result<Profile, String> {
    Profile::find(name).ok_or_else(|| format!("there is no such profile; there are {}", Profile::NAMES.join(", ")))
}

/// An image that can't be opened; where there is no file, what was typed makes no sense, and a specimen may be meant.
fn absent(file: &Path, error: ImageError) -> Failure {
    match (error.kind(), specimen::names()) {
        (ImageErrorKind::Io(cause), Ok(names)) if cause.kind() == ErrorKind::NotFound => {
            let name = file.to_string_lossy();
            Failure::Usage(match names.contains(&name.as_ref()) {
                true => format!("{error}; did you mean specimen:{name}?"),
                false => format!(
                    "{error}; built-in cards are {}; `vmyna issue` makes others",
                    specimens(&names)
                ),
            })
        }
        _ => image_failure(error),
    }
}

/// The name of the card of an image that has one card.
fn only_card(file: &Path, image: &Image) -> Result<CardName, Failure> {
    const SHOWN: usize = 10;
    let names: Vec<&str> = image.names().take(SHOWN).collect();
    match (image.count(), names.first().map(|name| name.parse())) {
        (1, Some(Ok(name))) => Ok(name),
        (count, _) => Err(Failure::Usage(format!(
            "{file} holds {count} cards; say which, e.g. {file}#{first}; there are {names}{more}",
            file = file.display(),
            first = names.first().unwrap_or(&"NAME"),
            names = names.join(", "),
            more = if count > SHOWN as u64 { ", …" } else { "" },
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_specimen_is_found_by_its_name_and_makes_a_card() {
        for name in specimen::names().unwrap() {
            let source: CardSource = format!("specimen:{name}").parse().unwrap();
            assert_eq!(source.to_string(), format!("specimen:{name}"));
            source.open(None).unwrap();
        }
    }

    #[test]
    fn a_specimen_can_be_of_any_profile() {
        for name in Profile::NAMES {
            let source: CardSource = format!("specimen:hanako@{name}").parse().unwrap();
            assert_eq!(source.to_string(), format!("specimen:hanako@{name}"));
            let mut atr = Vec::new();
            source.open(None).unwrap().power_on(&mut atr).unwrap();
            assert_eq!(atr, Profile::find(name).unwrap().atr);
        }
        let message = "specimen:hanako@new".parse::<CardSource>().unwrap_err();
        assert!(message.contains("contactless"), "{message}");
    }

    #[test]
    fn an_unknown_specimen_is_answered_with_those_there_are() {
        for text in ["specimen:", "specimen:taro"] {
            let message = text.parse::<CardSource>().unwrap_err();
            assert!(message.contains("specimen:hanako"), "{message}");
        }
    }

    #[test]
    fn a_file_and_a_card_in_it_are_told_apart_by_the_last_number_sign() {
        let parse = |text: &str| text.parse::<CardSource>().unwrap();
        let name = |text: &str| Some(text.parse().unwrap());
        assert_eq!(parse("town.vmyna"), CardSource::Image("town.vmyna".into(), None));
        assert_eq!(parse("t#1.vmyna#p1"), CardSource::Image("t#1.vmyna".into(), name("p1")));
        assert!("town.vmyna#P 1".parse::<CardSource>().is_err());
    }
}
