//! A virtual card as a subject: each time it is made with the contents that it has now and with its PINs as issued, whatever
//! has become of the same card in use.

use vmyna::{Bench, CardSource, Error, Slot};
use vmyna_apdu::{IccError, Reader, ReaderError};
use vmyna_applets::issued::IssuedCard;
use vmyna_card_os::declaration::Body;
use vmyna_conformance::pins::{Pin, Place};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// A card as it is now.
pub(crate) struct VirtualCard {
    source: CardSource,
    contents: IssuedCard,
}

impl VirtualCard {
    pub(crate) fn new(source: &CardSource) -> Result<Self, Failure> {
        let (contents, _) = source.current()?;
        Self::with_contents(source, contents)
    }

    /// The card with these contents in place of its own.
    pub(crate) fn with_contents(source: &CardSource, contents: IssuedCard) -> Result<Self, Failure> {
        // An error of the card is reported here, with its reason.
        source.as_issued(&contents, None)?;
        Ok(Self {
            source: source.clone(),
            contents,
        })
    }

    /// A new one in a reader. In the trace it is a conversation of its own, named for what the card is made for: so each
    /// can be replayed, with a card that is new as well.
    pub(crate) fn reader(&self, what_for: &str, bench: &Bench) -> Result<Box<dyn Reader>, ReaderError> {
        let card = self.source.as_issued(&self.contents, None);
        let reader = card.and_then(|card| bench.reader_with(card, Slot::new(what_for)));
        match reader {
            Ok(reader) => Ok(Box::new(reader)),
            Err(Error::Reader(error)) => Err(error),
            Err(_) => Err(ReaderError::from_icc(IccError::Mute, "software reader")),
        }
    }

    /// The values of its PINs, from its contents.
    pub(crate) fn values(&self) -> Vec<(Pin, Zeroizing<String>)> {
        let applications = self.contents.applications();
        let value = |place: Place| {
            let application = applications
                .iter()
                .find(|one| one.aid.as_bytes() == place.application.aid())?;
            let file = application
                .files
                .iter()
                .find(|file| file.id.value() == u16::from(place.ef))?;
            let Body::Pin(pin) = &file.body else { return None };
            let value = std::str::from_utf8(pin.value.as_ref()?.as_bytes()).ok()?;
            Some((place.pin, Zeroizing::new(value.to_owned())))
        };
        Place::all().filter_map(value).collect()
    }
}
