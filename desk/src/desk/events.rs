//! The event stream: what happens, to each open page, at most [`GATHER`] and a moment later.
//!
//! One thread makes the words once for all pages, and takes half a processor at most for a flood of APDUs. A page gets batches
//! through a queue of [`QUEUE`]; a page that does not read loses entries and is told how many. So no page takes more memory than
//! its queue, and none delays another page or a card.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use hyper::body::{Body, Frame};
use serde_json::{Value, json};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::hub::Hub;
use super::words;

/// The most pages with an open stream; one more is refused.
pub const PAGES: usize = 32;

/// The batches that wait for a page.
const QUEUE: usize = 8;

/// The most entries of a batch, and the most bytes, about.
const BATCH: usize = 200;
const BATCH_BYTES: usize = 256 << 10;

/// The most batches before the readers are looked at again.
const BATCHES: usize = 16;

/// How long the words of a new entry wait for those of the next ones.
const GATHER: Duration = Duration::from_millis(15);

/// How often the readers are looked at for programs that come and go.
const LOOK: Duration = Duration::from_millis(50);

/// How long a stream is silent at most: so it is noticed that a page has gone.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The open pages.
#[derive(Default)]
pub(super) struct Feeds {
    pages: Mutex<Vec<Page>>,
    /// Counts the changes of what `/api/state` answers, as far as no reader shows them.
    changes: AtomicU64,
}

struct Page {
    sender: Sender<Bytes>,
    /// Entries that found no place.
    lost: u64,
    /// It has to fetch the state, and its event is not sent yet.
    stale: bool,
}

/// The stream of one page, as the body of an answer.
pub(super) struct Stream(Receiver<Bytes>);

impl Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0
            .poll_recv(context)
            .map(|batch| batch.map(|batch| Ok(Frame::data(batch))))
    }
}

impl Feeds {
    fn lock(&self) -> MutexGuard<'_, Vec<Page>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a stream; `None` if there are [`PAGES`].
    pub(super) fn open(&self) -> Option<Stream> {
        let mut pages = self.lock();
        pages.retain(|page| !page.sender.is_closed());
        if pages.len() >= PAGES {
            return None;
        }
        let (sender, receiver) = channel(QUEUE);
        pages.push(Page {
            sender,
            lost: 0,
            stale: true,
        });
        Some(Stream(receiver))
    }

    /// Something has changed that no reader shows.
    pub(super) fn changed(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// Sends what happens to the pages until the hub ends. `look` returns what pages show of the readers.
    pub(super) fn run<T: Clone + PartialEq>(&self, hub: &Hub, look: impl Fn() -> T) {
        let mut seen = 0;
        let mut before = None;
        let mut silent_since = Instant::now();
        while hub.wait(seen, LOOK) {
            let mut pages = self.lock();
            pages.retain(|page| !page.sender.is_closed());
            if pages.is_empty() {
                // No page reads: no words are made, and no APDU wakes this thread. A page that opens from now on gets every entry
                // behind this one.
                seen = hub.newest();
                before = None;
                drop(pages);
                std::thread::sleep(LOOK);
                continue;
            }
            let now = (look(), self.changes.load(Ordering::Relaxed));
            let changed = before.replace(now.clone()).is_none_or(|before| before != now);
            pages.iter_mut().for_each(|page| page.stale |= changed);
            pages.iter_mut().for_each(Page::tell);
            if silent_since.elapsed() >= KEEP_ALIVE {
                let line = Bytes::from_static(b": keep-alive\n\n");
                pages.iter_mut().for_each(|page| page.send(&line, 0));
                silent_since = Instant::now();
            }
            drop(pages);
            if hub.newest() > seen {
                std::thread::sleep(GATHER);
                for _ in 0..BATCHES {
                    if !self.is_room() {
                        // Nobody would get the words. The hub keeps what is for later.
                        std::thread::sleep(LOOK);
                        break;
                    }
                    let begun = Instant::now();
                    seen = self.batch(hub, seen);
                    if hub.newest() <= seen || hub.has_ended() {
                        break;
                    }
                    // A program that sends without a pause needs the processor more than its words do.
                    std::thread::sleep(begun.elapsed());
                }
                silent_since = Instant::now();
            }
        }
    }

    /// Whether a page has room for a batch.
    fn is_room(&self) -> bool {
        self.lock().iter_mut().any(|page| {
            page.tell();
            page.lost == 0 && page.sender.capacity() > 0
        })
    }

    /// Sends the entries behind number `seen`, one batch of them; returns the number of the last one.
    fn batch(&self, hub: &Hub, mut seen: u64) -> u64 {
        let (entries, ..) = hub.from(seen + 1, BATCH);
        let Some(first) = entries.first() else {
            return hub.newest();
        };
        let overrun = first.seq.saturating_sub(seen + 1);
        let (mut batch, mut bytes, mut count) = (Vec::new(), 0, 0);
        for entry in &entries {
            let value = words::entry(entry).to_string();
            bytes += value.len();
            batch.push(value);
            seen = entry.seq;
            count += 1;
            if bytes >= BATCH_BYTES {
                break;
            }
        }
        let text = format!("event: trace\ndata: {{\"entries\":[{}]}}\n\n", batch.join(","));
        let text = Bytes::from(text);
        for page in self.lock().iter_mut() {
            page.lost += overrun;
            page.tell();
            page.send(&text, count);
        }
        seen
    }
}

impl Page {
    /// Sends what it has to be told, if there is room.
    fn tell(&mut self) {
        if self.lost > 0 && self.try_send(event("lost", &json!({ "count": self.lost }))) {
            self.lost = 0;
        }
        if self.stale && self.try_send(event("state", &json!({}))) {
            self.stale = false;
        }
    }

    /// Sends a text with so many entries, or counts them as lost.
    fn send(&mut self, text: &Bytes, entries: u64) {
        // Never behind entries that are lost and not told of: the page would not see the gap.
        if self.lost > 0 || !self.try_send(text.clone()) {
            self.lost += entries;
        }
    }

    fn try_send(&self, text: Bytes) -> bool {
        match self.sender.try_send(text) {
            Ok(()) => true,
            // One that is closed is dropped soon.
            Err(TrySendError::Full(_) | TrySendError::Closed(_)) => false,
        }
    }
}

fn event(name: &str, data: &Value) -> Bytes {
    format!("event: {name}\ndata: {data}\n\n").into()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::SystemTime;

    use super::*;
    use crate::desk::hub::Happened;

    #[test]
    fn what_no_page_has_room_for_waits_in_the_hub() {
        const TOTAL: usize = BATCH * (QUEUE + 20);
        let (hub, feeds) = (Hub::default(), Feeds::default());
        let mut page = feeds.open().unwrap().0;
        let reader = Arc::from("Desk");
        for _ in 0..TOTAL {
            hub.push(&reader, SystemTime::now(), Happened::Removed);
        }
        std::thread::scope(|scope| {
            scope.spawn(|| feeds.run(&hub, || ()));
            while feeds.lock().iter().any(|page| page.sender.capacity() > 0) {
                std::thread::yield_now();
            }
            // As long as the words of all would take, and longer.
            std::thread::sleep(LOOK * 10);
            let (mut seen, mut lost) = (0, false);
            while seen < TOTAL && !lost {
                let batch = page.blocking_recv().unwrap();
                lost = batch.starts_with(b"event: lost");
                seen += batch.windows(6).filter(|part| part == b"\"seq\":").count();
            }
            hub.end();
            assert!(!lost, "behind {seen}");
        });
    }
}
