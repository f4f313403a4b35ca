//! A virtual card as a subject: as issued each time it is made, whatever has become of the same card in use.

use vmyna_apdu::{IccError, Reader, ReaderError};
use vmyna_applets::issued::IssuedCard;
use vmyna_card_os::declaration::Body;
use vmyna_conformance::pins::{Pin, Place};
use vmyna_reader_bridge::SoftwareReader;
use vmyna_reader_bridge::trace::Trace;
use zeroize::Zeroizing;

use crate::card::CardSource;
use crate::failure::Failure;
use crate::trace;

/// A card as issued.
pub(super) struct VirtualCard {
    source: CardSource,
    issued: IssuedCard,
}

impl VirtualCard {
    pub(super) fn new(source: &CardSource) -> Result<Self, Failure> {
        let issued = source.issued()?;
        // A fault in the card is told here, with its reason.
        source.as_issued(&issued, None)?;
        Ok(Self {
            source: source.clone(),
            issued,
        })
    }

    /// A new one in a reader. In the trace it is a conversation of its own, named for what the card is made for: so each
    /// can be replayed, with a card that is new as well.
    pub(super) fn reader(&self, what_for: &str, trace: Option<&Trace>) -> Result<Box<dyn Reader>, ReaderError> {
        let name = "software reader";
        let card = trace::prepare_as_issued(&self.source, &self.issued, None);
        let card = card.map_err(|_| ReaderError::from_icc(IccError::Mute, name))?;
        let mut reader = SoftwareReader::new(name);
        reader.put(card.into_reader(what_for, trace))?;
        Ok(Box::new(reader))
    }

    /// The values of its PINs, from what it was issued with.
    pub(super) fn values(&self) -> Vec<(Pin, Zeroizing<String>)> {
        let applications = self.issued.applications();
        let value = |place: Place| {
            let application = applications
                .iter()
                .find(|one| one.aid.as_bytes() == place.application.aid())?;
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
