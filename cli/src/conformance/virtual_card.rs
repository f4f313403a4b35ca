//! A virtual card as a subject: as issued each time it is made, whatever has become of the same card in use.

use rand_core::OsRng;
use vmyna_applets::Interface;
use vmyna_applets::issued::IssuedCard;
use vmyna_card_os::application::Application;
use vmyna_card_os::file::Body;
use vmyna_card_os::store::MemoryStore;
use vmyna_card_os::{Card, Parts};
use vmyna_conformance::pins::{Pin, Place};
use vmyna_reader_bridge::{ContactlessReader, Icc, IccError, Reader, ReaderError, SoftwareReader, TypeB};
use zeroize::Zeroizing;

use crate::card::CardSource;
use crate::failure::Failure;

/// A card as issued.
pub(super) struct VirtualCard {
    issued: IssuedCard,
    applications: Vec<Application>,
}

impl VirtualCard {
    pub(super) fn new(source: &CardSource) -> Result<Self, Failure> {
        let issued = source.issued()?;
        let card = Self {
            applications: issued.applications(),
            issued,
        };
        // A fault in the declarations is told here, with its reason.
        card.card()
            .map_err(|error| Failure::Failed(format!("{source}: {error}")))?;
        Ok(card)
    }

    /// A new one in a reader.
    pub(super) fn reader(&self) -> Result<Box<dyn Reader>, ReaderError> {
        let name = "software reader";
        let card = self.card().map_err(|_| ReaderError::from_icc(IccError::Mute, name))?;
        let icc: Box<dyn Icc + Send> = match self.issued.profile.interface {
            Interface::Contact => Box::new(card),
            Interface::Contactless {
                application_data,
                protocol_info,
            } => Box::new(ContactlessReader::new(
                card,
                TypeB {
                    application_data,
                    protocol_info,
                },
                Box::new(OsRng),
            )),
        };
        let mut reader = SoftwareReader::new(name);
        reader.put(icc)?;
        Ok(Box::new(reader))
    }

    fn card(&self) -> Result<Card, impl std::fmt::Display> {
        #[cfg(feature = "openssl")]
        let engine = Box::new(vmyna_card_os::key::OpensslEngine);
        #[cfg(not(feature = "openssl"))]
        let engine = Box::new(vmyna_card_os::key::RustEngine);
        Card::new(Parts {
            applications: self.applications.clone(),
            atr: self.issued.profile.atr.clone(),
            store: Box::new(MemoryStore::default()),
            engine,
            rng: Box::new(OsRng),
        })
    }

    /// The values of its PINs, from what it was issued with.
    pub(super) fn values(&self) -> Vec<(Pin, Zeroizing<String>)> {
        let value = |place: Place| {
            let mut applications = self.applications.iter();
            let application = applications.find(|one| one.aid.as_bytes() == place.application.aid())?;
            let file = application
                .files
                .iter()
                .find(|file| file.id.value() == u16::from(place.ef))?;
            let Body::Pin(pin) = &file.body else { return None };
            let value = std::str::from_utf8(pin.value.as_bytes()).ok()?;
            Some((place.pin, Zeroizing::new(value.to_owned())))
        };
        Place::all().filter_map(value).collect()
    }
}
