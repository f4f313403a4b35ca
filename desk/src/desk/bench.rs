//! The readers of the desk: which card of the shelf is in which, their faults, and the layers around their cards.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use vmyna::pcsc::{Observer, ServiceEvent, What};
use vmyna::service::{CardMaker, PutIn};
use vmyna::{Bench, CardSource, Slot};
use vmyna_apdu::Icc;
use vmyna_explain::NotedReasons;
use vmyna_reader_bridge::trace::Trace;

use super::armed::ArmedFaults;
use super::hub::{Context, Happened, Hub};
use super::shelf::Shelf;
use super::sink::CardSink;

/// The readers.
pub(super) struct Readers {
    seats: Vec<Seat>,
    hub: Arc<Hub>,
    shelf: Arc<Shelf>,
}

/// A reader.
pub(super) struct Seat {
    pub(super) name: Arc<str>,
    pub(super) faults: Arc<ArmedFaults>,
    cards: Mutex<Cards>,
}

#[derive(Default)]
struct Cards {
    /// The card that was made for the reader and is about to be put in.
    coming: Option<String>,
    /// The card that was put in last.
    last: Option<String>,
}

impl Readers {
    pub(super) fn new(names: &[String], hub: &Arc<Hub>, shelf: &Arc<Shelf>) -> Self {
        let seat = |name: &String| {
            let name: Arc<str> = Arc::from(name.as_str());
            Seat {
                faults: Arc::new(ArmedFaults::new(Arc::clone(&name), Arc::clone(hub))),
                name,
                cards: Mutex::default(),
            }
        };
        Self {
            seats: names.iter().map(seat).collect(),
            hub: Arc::clone(hub),
            shelf: Arc::clone(shelf),
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<&Seat> {
        self.seats.iter().find(|seat| *seat.name == *name)
    }

    pub(super) fn all(&self) -> &[Seat] {
        &self.seats
    }

    /// The card that was put in last, of each reader.
    pub(super) fn cards(&self) -> Vec<Option<String>> {
        self.seats.iter().map(Seat::last).collect()
    }

    /// What the service is to call: it keeps the seats true for every way in which a card is moved.
    pub(super) fn observer(self: &Arc<Self>) -> Observer {
        let readers = Arc::clone(self);
        Box::new(move |event: &ServiceEvent<'_>| {
            let happened = match event.what {
                What::Inserted => return readers.inserted(event.reader),
                What::Removed => Happened::Removed,
                What::Unplugged => Happened::Unplugged,
                What::PluggedIn => Happened::PluggedIn,
                // The trace has it, or no page shows it.
                _ => return,
            };
            readers.push(event.reader, happened);
        })
    }

    fn inserted(&self, reader: &str) {
        let Some(seat) = self.find(reader) else { return };
        let id = {
            let mut cards = seat.lock();
            if let Some(coming) = cards.coming.take() {
                cards.last = Some(coming);
            }
            cards.last.clone()
        };
        let card = id.and_then(|id| self.shelf.find(&id));
        let name = card.map_or(String::new(), |card| match self.shelf.glance(&card) {
            Some(glance) => format!("{} ({})", glance.name, card.shown),
            None => card.shown,
        });
        self.push(reader, Happened::Inserted(name));
    }

    fn push(&self, reader: &str, happened: Happened) {
        if let Some(seat) = self.find(reader) {
            self.hub.push(&seat.name, SystemTime::now(), happened);
        }
    }
}

impl Seat {
    fn lock(&self) -> MutexGuard<'_, Cards> {
        self.cards.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The card that was put in last, which may have been taken out since.
    pub(super) fn last(&self) -> Option<String> {
        self.lock().last.clone()
    }

    /// The card that was made is not put in after all.
    pub(super) fn does_not_come(&self) {
        self.lock().coming = None;
    }

    /// The card that was taken out can't be put back any more.
    pub(super) fn forget(&self) {
        self.lock().last = None;
    }
}

impl CardMaker for Readers {
    fn find(&self, name: &str) -> Result<CardSource, String> {
        let source: CardSource = name.parse().map_err(|error: vmyna::ParseCardError| error.to_string())?;
        self.shelf.add(&source).map_err(|error| error.to_string())?;
        match self.shelf.find_source(&source) {
            Some(card) => Ok(card.source()),
            None => Err(format!("{source} has several cards: name one as FILE#NAME")),
        }
    }

    fn make(&self, source: &CardSource, place: PutIn<'_>) -> Result<Box<dyn Icc + Send>, String> {
        let seat = self.find(place.reader).ok_or("there is no such reader")?;
        let card = self.shelf.find_source(source).ok_or("there is no such card")?;
        // What an interrupted counter has left is done first; what can't be done is seen in the card's standing.
        let _ = vmyna::counter::finish_of_card(source);
        let noted = NotedReasons::default();
        let open = source.open(Some(noted.observer())).map_err(|error| error.to_string())?;
        let sink = CardSink {
            hub: Arc::clone(&self.hub),
            reader: Arc::clone(&seat.name),
            noted,
            context: Context {
                applications: open.applications(),
                selected: None,
                contactless: open.is_contactless(),
            },
        };
        // It never fails: a hub takes everything.
        let trace = Trace::new(Box::new(sink), false, Box::new(|_| {}));
        let slot = Slot::new(place.conversation)
            .with_trace(Some(trace))
            .watching_faults(seat.faults.watch(place.put_back));
        let ready = Bench::new().with_later_faults(seat.faults.script()).connect(open, slot);
        seat.lock().coming = Some(card.id);
        Ok(ready)
    }
}
