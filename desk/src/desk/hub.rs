//! What happens at the readers, the newest of it, in memory.
//!
//! A card's thread only puts the masked bytes and the reasons without words in ([`Hub::push`]). Words are made by the readers of
//! the hub. It keeps the newest [`KEPT`] entries, and fewer if their bytes are more than [`KEPT_BYTES`]. It must never hold an
//! unmasked byte of a PIN or of a secret file, nor let a card wait for a page.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use vmyna_apdu::Text;
use vmyna_card_os::declaration::Application;
use vmyna_explain::Noted;
use vmyna_reader_bridge::trace::Octets;

/// The most entries that are kept.
pub const KEPT: usize = 10_000;

/// The most bytes of commands and answers that are kept.
pub const KEPT_BYTES: usize = 32 << 20;

/// What an entry takes beside the bytes of its messages, about.
const ENTRY: usize = 256;

/// Something that happened at a reader.
pub(super) struct Entry {
    /// Its number, from 1, without a gap.
    pub(super) seq: u64,
    pub(super) time: SystemTime,
    pub(super) reader: Arc<str>,
    pub(super) what: Happened,
}

/// What happened.
pub(super) enum Happened {
    /// Cold reset: the ATR.
    PowerOn(Vec<u8>),
    /// Warm reset: the ATR.
    Reset(Vec<u8>),
    PowerOff,
    /// A card was put in: its name.
    Inserted(String),
    Removed,
    Unplugged,
    PluggedIn,
    /// A fault has its effect.
    Fault(Text),
    Apdu(Box<Exchange>),
}

/// A command and its answer.
pub(super) struct Exchange {
    pub(super) command: Octets,
    /// `None` if there was none.
    pub(super) response: Option<Octets>,
    pub(super) elapsed: Duration,
    pub(super) noted: Vec<Noted>,
    pub(super) context: Context,
}

/// What the words of a command depend on.
#[derive(Clone, Default)]
pub(super) struct Context {
    /// The card's applications.
    pub(super) applications: Option<Arc<[Application]>>,
    /// The last command that has selected an application since the card was powered, and its answer.
    pub(super) selected: Option<Arc<(Vec<u8>, Vec<u8>)>>,
    /// Whether the reader is a contactless one.
    pub(super) contactless: bool,
}

impl Happened {
    fn bytes(&self) -> usize {
        match self {
            Self::PowerOn(atr) | Self::Reset(atr) => atr.len(),
            Self::Apdu(exchange) => {
                let response = exchange.response.as_ref().map_or(0, |octets| octets.as_bytes().len());
                exchange.command.as_bytes().len() + response
            }
            _ => 0,
        }
    }
}

/// The newest entries.
#[derive(Default)]
pub(super) struct Hub {
    ring: Mutex<Ring>,
    more: Condvar,
}

#[derive(Default)]
struct Ring {
    entries: VecDeque<Arc<Entry>>,
    /// How many entries there ever were.
    count: u64,
    bytes: usize,
    /// A reader waits for more.
    waiting: bool,
    ended: bool,
}

impl Hub {
    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an entry of this time.
    pub(super) fn push(&self, reader: &Arc<str>, time: SystemTime, what: Happened) {
        let reader = Arc::clone(reader);
        let bytes = what.bytes() + ENTRY;
        let (dropped, wake) = {
            let mut ring = self.lock();
            ring.count += 1;
            let seq = ring.count;
            ring.entries.push_back(Arc::new(Entry {
                seq,
                time,
                reader,
                what,
            }));
            ring.bytes += bytes;
            let mut dropped = None;
            while ring.entries.len() > KEPT || (ring.bytes > KEPT_BYTES && ring.entries.len() > 1) {
                // More than one goes only behind a very long one.
                dropped = ring.entries.pop_front();
                let gone = dropped.as_ref().map_or(0, |entry| entry.what.bytes() + ENTRY);
                ring.bytes = ring.bytes.saturating_sub(gone);
            }
            (dropped, std::mem::take(&mut ring.waiting))
        };
        if wake {
            self.more.notify_one();
        }
        // Freed without the lock.
        drop(dropped);
    }

    /// The entries from number `from` on that are kept, at most `most`; the number of the oldest that is kept, and the number that
    /// the next one gets.
    pub(super) fn from(&self, from: u64, most: usize) -> (Vec<Arc<Entry>>, u64, u64) {
        let ring = self.lock();
        let next = ring.count + 1;
        let first = ring.entries.front().map_or(next, |entry| entry.seq);
        // There is no gap between them.
        let skip = usize::try_from(from.saturating_sub(first)).unwrap_or(usize::MAX);
        let entries = ring.entries.iter().skip(skip).take(most).cloned().collect();
        (entries, first, next)
    }

    /// The number of the newest entry; 0 without one.
    pub(super) fn newest(&self) -> u64 {
        self.lock().count
    }

    /// Waits for an entry behind number `seen`, at most for this time. Returns `false` once the hub has ended. For one thread at
    /// a time.
    pub(super) fn wait(&self, seen: u64, time: Duration) -> bool {
        let mut ring = self.lock();
        if ring.count <= seen && !ring.ended {
            ring.waiting = true;
            let (mut again, _) = self
                .more
                .wait_timeout(ring, time)
                .unwrap_or_else(PoisonError::into_inner);
            again.waiting = false;
            ring = again;
        }
        !ring.ended
    }

    /// Whether the waits have ended.
    pub(super) fn has_ended(&self) -> bool {
        self.lock().ended
    }

    /// Ends the waits.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.more.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apdu(length: usize) -> Happened {
        Happened::Apdu(Box::new(Exchange {
            command: Octets::new(&vec![0; length], 0..0, true),
            response: None,
            elapsed: Duration::ZERO,
            noted: Vec::new(),
            context: Context::default(),
        }))
    }

    #[test]
    fn the_newest_entries_are_kept_by_count_and_by_bytes() {
        let (hub, reader) = (Hub::default(), Arc::from("Desk"));
        for _ in 0..KEPT + 5 {
            hub.push(&reader, SystemTime::now(), apdu(5));
        }
        let (entries, first, next) = hub.from(0, usize::MAX);
        assert_eq!((entries.len(), first, next), (KEPT, 6, KEPT as u64 + 6));
        assert!(entries.iter().map(|entry| entry.seq).eq(first..next));
        let (some, ..) = hub.from(first + 10, 3);
        assert!(some.iter().map(|entry| entry.seq).eq(first + 10..first + 13));
        assert!(hub.from(next + 7, 3).0.is_empty());
        // Long ones: far fewer.
        for _ in 0..KEPT {
            hub.push(&reader, SystemTime::now(), apdu(65_000));
        }
        let (entries, ..) = hub.from(0, usize::MAX);
        assert!((400..520).contains(&entries.len()), "{}", entries.len());
        assert!(hub.lock().bytes <= KEPT_BYTES);
    }

    #[test]
    fn a_wait_ends_with_an_entry_with_its_time_and_with_the_hub() {
        let (hub, reader) = (Arc::new(Hub::default()), Arc::from("Desk"));
        assert!(hub.wait(0, Duration::from_millis(1)));
        let other = Arc::clone(&hub);
        let pushing = std::thread::spawn(move || other.push(&reader, SystemTime::now(), Happened::Removed));
        while hub.newest() == 0 {
            assert!(hub.wait(0, Duration::from_secs(60)));
        }
        pushing.join().unwrap();
        hub.end();
        assert!(!hub.wait(1, Duration::from_secs(60)));
    }
}
