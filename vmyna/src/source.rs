//! The name of a card: which virtual card is meant, and how it is opened.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use rand_core::OsRng;
use vmyna_apdu::Icc;
use vmyna_apdu::ShowPath as _;
use vmyna_applets::atr::Atr;
use vmyna_applets::free_area::FreeApplication;
use vmyna_applets::image::Image;
use vmyna_applets::issued::{CardName, IssuedCard};
use vmyna_applets::{Interface, Profile, specimen};
use vmyna_card_os::declaration::Application;
use vmyna_card_os::state::MemoryStore;
use vmyna_card_os::{Event, Observer};
use vmyna_reader_bridge::trace::Secrecy;

use crate::error::Error;
use crate::in_use::KeptCard;
use crate::secrecy;
use crate::state::StatePlace;

/// A card by its name: `specimen:NAME`, `specimen:NAME@PROFILE`, `FILE` or `FILE#NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CardSource {
    /// `specimen:NAME`: built in; with `@PROFILE` behind it as a card of another generation. It keeps no state.
    Specimen(String, Option<Profile>),
    /// `FILE` or `FILE#NAME`: an issued card of an image. It keeps its state.
    Image(PathBuf, Option<CardName>),
    /// Another card with this ATR instead of its own.
    WithAtr(Box<CardSource>, Atr),
    /// A built-in card with these applications in its free area too.
    WithApplications(Box<CardSource>, Vec<FreeApplication>),
}

/// A text that names no card.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseCardError {
    /// The text is empty.
    #[error("a card is specimen:NAME, FILE or FILE#NAME; specimen:NAME@PROFILE is one of another generation")]
    Empty,
    /// There is no specimen of this name; these are the names there are.
    #[error("there is no such specimen; there are: {names}", names = specimen_names(.0))]
    NoSuchSpecimen(Vec<&'static str>),
    /// There is no profile of this name.
    #[error("there is no such profile; there are {}", Profile::NAMES.join(", "))]
    NoSuchProfile,
    /// The name of a card in an image breaks this rule.
    #[error("{0}")]
    Name(&'static str),
    /// The built-in specimens are damaged.
    #[error("{0}")]
    Specimens(specimen::SpecimenError),
}

fn specimen_names(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("specimen:{name}")).collect();
    names.join(", ")
}

impl FromStr for CardSource {
    type Err = ParseCardError;

    fn from_str(text: &str) -> Result<Self, ParseCardError> {
        if let Some(name) = text.strip_prefix("specimen:") {
            let (name, profile) = match name.split_once('@') {
                Some((name, profile)) => {
                    let profile = Profile::find(profile).ok_or(ParseCardError::NoSuchProfile)?;
                    (name, Some(profile))
                }
                None => (name, None),
            };
            let names = specimen::names().map_err(ParseCardError::Specimens)?;
            return match names.contains(&name) {
                true => Ok(Self::Specimen(name.to_owned(), profile)),
                false => Err(ParseCardError::NoSuchSpecimen(names)),
            };
        }
        if text.is_empty() {
            return Err(ParseCardError::Empty);
        }
        // A file's name may contain the sign as well.
        if let Some((file, name)) = text.rsplit_once('#')
            && !Path::new(text).exists()
        {
            let name = name.parse().map_err(ParseCardError::Name)?;
            return Ok(Self::Image(file.into(), Some(name)));
        }
        Ok(Self::Image(text.into(), None))
    }
}

impl fmt::Display for CardSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Specimen(name, None) => write!(f, "specimen:{name}"),
            Self::Specimen(name, Some(profile)) => write!(f, "specimen:{name}@{}", profile.name),
            Self::Image(file, None) => write!(f, "{}", file.shown()),
            Self::Image(file, Some(name)) => write!(f, "{}#{name}", file.shown()),
            Self::WithAtr(card, _) | Self::WithApplications(card, _) => card.fmt(f),
        }
    }
}

/// An issued card of an image, which keeps its state.
struct Kept<'a> {
    image: &'a Path,
    name: CardName,
    /// Distinguishes the issued card from every other one.
    identity: [u8; 32],
}

impl CardSource {
    /// The built-in card `specimen:hanako`.
    #[must_use]
    pub fn hanako() -> Self {
        Self::Specimen("hanako".to_owned(), None)
    }

    /// The same card with this ATR, if one is given.
    #[must_use]
    pub fn with_atr(self, atr: Option<&Atr>) -> Self {
        match atr {
            Some(atr) => Self::WithAtr(Box::new(self), atr.clone()),
            None => self,
        }
    }

    /// The same card with these applications in its free area (空き領域) too. A card of an image refuses that when it is
    /// opened, because its state would not know them: [`StatePlace::install`] puts applications into such a card.
    ///
    /// ```
    /// use vmyna::apdu::{Aid, FileId};
    /// use vmyna::applets::free_area::FreeApplication;
    /// use vmyna::card_os::declaration::{Access, Application, Body, Condition, File};
    /// use vmyna::card_os::rule::{Basis, Certainty};
    /// use vmyna::{Bench, CardSource, Exchange};
    ///
    /// let basis = || Basis::new(Certainty::Assumed, "an invention");
    /// let greeting = Body::Transparent(b"hello".to_vec().into());
    /// let file = File::new(FileId::new(1), "greeting", "挨拶", greeting, Access::read(Condition::Always), basis());
    /// let aid = Aid::new(b"\xF0TEST").ok_or("no AID")?;
    /// let application = Application::new(aid, "hello", "挨拶AP", basis()).with_files(vec![file]);
    ///
    /// let card = CardSource::hanako().with_applications(vec![FreeApplication::new(application)?]);
    /// let mut reader = Bench::new().reader(&card)?;
    /// reader.send("00A4040C 05 F054455354")?; // SELECT it
    /// assert_eq!(reader.send("00B08100 00")?, b"hello"); // READ BINARY of EF 0001
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_applications(self, applications: Vec<FreeApplication>) -> Self {
        match applications.is_empty() {
            true => self,
            false => Self::WithApplications(Box::new(self), applications),
        }
    }

    /// The same card under a name that a process in another folder understands.
    ///
    /// # Errors
    /// The working directory has no path.
    pub fn to_absolute(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Image(file, name) => Self::Image(std::path::absolute(file)?, name.clone()),
            Self::WithAtr(card, atr) => card.to_absolute()?.with_atr(Some(atr)),
            Self::WithApplications(card, applications) => card.to_absolute()?.with_applications(applications.clone()),
            built_in => built_in.clone(),
        })
    }

    /// The card as it was issued.
    ///
    /// # Errors
    /// There is no such card, or its image can't be read.
    pub fn issued(&self) -> Result<IssuedCard, Error> {
        self.look_up().map(|(card, _)| card)
    }

    /// The card as it was issued, and the place of its state; `None` for a built-in card, which keeps none.
    ///
    /// # Errors
    /// As [`issued`](Self::issued); or [`Error::RelativeStateFolder`].
    pub fn find(&self) -> Result<(IssuedCard, Option<StatePlace>), Error> {
        let (card, kept) = self.look_up()?;
        let place = kept.map(|kept| StatePlace::of(kept.image, &kept.name, kept.identity));
        Ok((card, place.transpose()?))
    }

    /// The card as it is now, and the place of its state; `None` for a built-in card, which keeps none. The PINs are those of
    /// the card's record; the state has those that use has changed. The process that has the card in use is asked.
    ///
    /// # Errors
    /// As [`find`](Self::find); or the state can't be used, or the process that has the card in use does not answer.
    pub fn current(&self) -> Result<(IssuedCard, Option<StatePlace>), Error> {
        let (issued, place) = self.find()?;
        let now = match &place {
            Some(place) => place.current(issued)?,
            None => issued,
        };
        Ok((now, place))
    }

    fn look_up(&self) -> Result<(IssuedCard, Option<Kept<'_>>), Error> {
        match self {
            Self::Specimen(name, profile) => {
                let found = specimen::find(name).map_err(Error::Specimens)?;
                let card = found.ok_or_else(|| Error::NoSuchSpecimen(name.clone()))?;
                let profile = profile.clone().unwrap_or_else(|| card.profile.clone());
                Ok((card.with_profile(profile), None))
            }
            Self::WithAtr(card, atr) => {
                let (card, kept) = card.look_up()?;
                let profile = card.profile.clone().with_own_atr(atr);
                Ok((card.with_profile(profile), kept))
            }
            Self::WithApplications(card, applications) => {
                let (issued, kept) = card.look_up()?;
                if kept.is_some() {
                    return Err(Error::NotInstalled(card.to_string()));
                }
                let all = [&issued.free[..], applications].concat();
                let issued = issued.with_free_applications(all).map_err(|error| Error::FreeArea {
                    card: card.to_string(),
                    error,
                })?;
                Ok((issued, None))
            }
            Self::Image(file, name) => {
                let failed = |error| Error::Image {
                    file: file.clone(),
                    error,
                };
                let image = Image::open(file).map_err(failed)?;
                let name = match name {
                    Some(name) => name.clone(),
                    None => only_card(file, &image)?,
                };
                let card = image.card(&name).map_err(failed)?;
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

    /// Opens the card. An issued card is in use by this process until it is dropped, and keeps its state; a built-in one is
    /// as issued. `observer` is called with each event of the card.
    ///
    /// # Errors
    /// As [`find`](Self::find); or another process uses the card, or its state can't be used.
    pub fn open(&self, observer: Option<Box<dyn Observer + Send>>) -> Result<OpenCard, Error> {
        let (issued, place) = self.find()?;
        match place {
            Some(place) => {
                let interface = issued.profile.interface;
                OpenCard::new(interface, observer, |observer| {
                    let card = KeptCard::open(&issued, &place, observer)?;
                    let applications = card.applications();
                    Ok((Box::new(card), applications))
                })
            }
            None => self.as_issued(&issued, observer),
        }
    }

    /// Opens the card as it was issued, without its state; what happens to it is forgotten.
    ///
    /// # Errors
    /// As [`issued`](Self::issued); or the card can't be made.
    pub fn open_as_issued(&self, observer: Option<Box<dyn Observer + Send>>) -> Result<OpenCard, Error> {
        self.as_issued(&self.issued()?, observer)
    }

    /// Opens a card as it was `issued`, like [`open_as_issued`](Self::open_as_issued), without reading its image again.
    ///
    /// # Errors
    /// The card can't be made.
    pub fn as_issued(
        &self,
        issued: &IssuedCard,
        observer: Option<Box<dyn Observer + Send>>,
    ) -> Result<OpenCard, Error> {
        OpenCard::new(issued.profile.interface, observer, |observer| {
            let card = issued.card(Box::<MemoryStore>::default(), Box::new(OsRng));
            let mut card = card.map_err(|error| Error::Card {
                card: self.to_string(),
                error,
            })?;
            card.observe(observer);
            let applications = card.applications().into();
            Ok((Box::new(card), applications))
        })
    }
}

/// A card of this library with its applications.
type Opened = (Box<dyn Icc + Send>, Arc<[Application]>);

/// A card without power, in no reader yet. [`Bench::connect`](crate::Bench::connect) makes it ready for one.
pub struct OpenCard {
    pub(crate) card: Box<dyn Icc + Send>,
    /// Whether it needs a contactless reader.
    pub(crate) interface: Interface,
    /// Where the card reports which answers are secret.
    pub(crate) secrecy: Secrecy,
    applications: Option<Arc<[Application]>>,
}

impl OpenCard {
    /// A card that is not one of this library, such as one that another program has connected. Which of its answers are
    /// secret is not known, so traces mask all data that is read.
    #[must_use]
    pub fn foreign(card: Box<dyn Icc + Send>) -> Self {
        Self::through(card, Interface::Contact)
    }

    /// A card that is reached in this way, without its name: such as a card of this library with a layer around it. Traces mask
    /// all data that is read.
    #[must_use]
    pub fn through(card: Box<dyn Icc + Send>, interface: Interface) -> Self {
        Self {
            card,
            interface,
            secrecy: Secrecy::unknown(),
            applications: None,
        }
    }

    /// The applications of the card as it was opened; `None` for a foreign card. Programs that describe commands take the
    /// names of files from them.
    #[must_use]
    pub fn applications(&self) -> Option<Arc<[Application]>> {
        self.applications.clone()
    }

    /// Whether the card needs a contactless reader. [`Bench::connect`](crate::Bench::connect) puts one in front of it.
    #[must_use]
    pub fn is_contactless(&self) -> bool {
        matches!(self.interface, Interface::Contactless(_))
    }

    fn new(
        interface: Interface,
        observer: Option<Box<dyn Observer + Send>>,
        open: impl FnOnce(Box<dyn Observer + Send>) -> Result<Opened, Error>,
    ) -> Result<Self, Error> {
        let secrecy = Secrecy::reported();
        let mut observers = vec![secrecy::reporting_to(&secrecy)];
        observers.extend(observer);
        let all = move |event: &Event<'_>| observers.iter_mut().for_each(|observer| observer.event(event));
        let (card, applications) = open(Box::new(all))?;
        Ok(Self {
            card,
            interface,
            secrecy,
            applications: Some(applications),
        })
    }
}

/// The name of the card of an image that has one card.
fn only_card(file: &Path, image: &Image) -> Result<CardName, Error> {
    const SHOWN: usize = 10;
    let names: Vec<&str> = image.names().take(SHOWN).collect();
    match (image.count(), names.first().map(|name| name.parse())) {
        (1, Some(Ok(name))) => Ok(name),
        (count, _) => Err(Error::SeveralCards {
            file: file.to_owned(),
            count,
            names: names.into_iter().map(str::to_owned).collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Bench, Exchange};
    use vmyna_apdu::{Aid, Reader};
    use vmyna_card_os::rule::{Basis, Certainty};

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
            let reader = Bench::new().reader(&source).unwrap();
            assert_eq!(reader.atr(), Some(&Profile::find(name).unwrap().atr[..]));
        }
        let message = "specimen:hanako@new".parse::<CardSource>().unwrap_err().to_string();
        assert!(message.contains("contactless"), "{message}");
    }

    fn application(aid: &[u8]) -> FreeApplication {
        let basis = Basis::new(Certainty::Assumed, "a test");
        FreeApplication::new(Application::new(Aid::new(aid).unwrap(), "test", "試験AP", basis)).unwrap()
    }

    #[test]
    fn an_application_is_on_a_built_in_card_and_the_card_as_issued_is_without_it() {
        let hanako = CardSource::hanako();
        let card = hanako.clone().with_applications(vec![application(b"\xF0TEST")]);
        assert_eq!(card.to_string(), "specimen:hanako");
        assert_eq!(hanako.clone().with_applications(Vec::new()), hanako);
        assert_ne!(card, hanako);
        let select = "00A4040C 05 F054455354";
        Bench::new().reader(&card).unwrap().send(select).unwrap();
        let absent = Bench::new().reader(&hanako).unwrap().send(select).unwrap_err();
        assert!(absent.to_string().contains("6A82"), "{absent}");
        let twice = card.with_applications(vec![application(b"\xF0TEST2")]);
        assert!(matches!(twice.open(None), Err(Error::FreeArea { .. })));
    }

    #[test]
    fn a_card_that_keeps_a_state_takes_no_application_for_one_use() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("card.vmyna");
        let mut file = vmyna_applets::image::create(&path).unwrap();
        file.add(&CardSource::hanako().issued().unwrap()).unwrap();
        file.finish().unwrap();
        let card = CardSource::Image(path, None).with_applications(vec![application(b"\xF0TEST")]);
        for refused in [
            card.open(None).err(),
            card.open_as_issued(None).err(),
            card.find().err(),
        ] {
            assert!(matches!(refused, Some(Error::NotInstalled(_))), "{refused:?}");
        }
    }

    #[test]
    fn an_unknown_specimen_is_answered_with_those_there_are() {
        for text in ["specimen:", "specimen:taro"] {
            let message = text.parse::<CardSource>().unwrap_err().to_string();
            assert!(message.contains("specimen:hanako"), "{message}");
        }
    }

    #[test]
    fn the_last_number_sign_separates_a_file_and_a_card_in_it() {
        let parse = |text: &str| text.parse::<CardSource>().unwrap();
        let name = |text: &str| Some(text.parse().unwrap());
        assert_eq!(parse("town.vmyna"), CardSource::Image("town.vmyna".into(), None));
        assert_eq!(parse("t#1.vmyna#p1"), CardSource::Image("t#1.vmyna".into(), name("p1")));
        assert!("town.vmyna#P 1".parse::<CardSource>().is_err());
    }
}
