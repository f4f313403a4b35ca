//! Puts cards back that faults have pulled out, and plugs readers in again, each at its time, in a thread of its own.
//!
//! A card keeps only a sender to that thread: a card that kept the service would never be dropped.

use std::io;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use vmyna_pcsc_service::Hand;

/// The order comes just before the card leaves: how often and how long the thread checks whether it has left.
const LOOK: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(60);

/// The thread. Dropping this ends it; cards that are out stay out.
pub struct PutBack {
    orders: Sender<Order>,
    thread: Option<JoinHandle<()>>,
}

/// A sender of orders to the thread.
#[derive(Clone)]
pub struct Returns(Sender<Order>);

enum Order {
    At(Instant, String),
    End,
}

/// An order that waits.
struct Waiting {
    due: Instant,
    /// A card that has not left by then does not leave.
    end: Instant,
    reader: String,
    /// The card has been seen to be out.
    left: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Todo {
    Wait,
    PutBack,
    /// A card was put in, or the card never left.
    Drop,
}

impl Waiting {
    fn new(when: Instant, now: Instant, reader: String) -> Self {
        Self {
            // Not at once: a card that leaves again each time must keep no core busy.
            due: when.max(now + LOOK),
            end: now + PATIENCE,
            reader,
            left: false,
        }
    }

    /// Decides what to do, from whether the reader is empty.
    fn look(&mut self, is_empty: bool, now: Instant) -> Todo {
        let had_left = self.left;
        self.left |= is_empty;
        match (is_empty, had_left) {
            (true, _) if now >= self.due => Todo::PutBack,
            (true, _) => Todo::Wait,
            (false, false) if now < self.end => Todo::Wait,
            (false, _) => Todo::Drop,
        }
    }
}

/// Whether there is no card in the reader of this name, or it is unplugged.
fn is_empty(hand: &Hand, reader: &str) -> bool {
    const ABSENT: u32 = 0x02;
    hand.all()
        .iter()
        .any(|(entry, plugged)| entry.name == reader && (entry.state & ABSENT != 0 || !plugged))
}

impl PutBack {
    /// Starts it for the readers of a service.
    ///
    /// # Errors
    /// The system has no thread for it.
    pub fn start(hand: Hand) -> io::Result<Self> {
        let (orders, taken) = channel();
        let work = move || {
            let mut waiting: Vec<Waiting> = Vec::new();
            loop {
                let time = if waiting.is_empty() { PATIENCE } else { LOOK };
                match taken.recv_timeout(time) {
                    Ok(Order::At(when, reader)) => {
                        // The card that it was for has been put in since.
                        waiting.retain(|other| other.reader != reader);
                        waiting.push(Waiting::new(when, Instant::now(), reader));
                    }
                    Ok(Order::End) | Err(RecvTimeoutError::Disconnected) => return,
                    Err(RecvTimeoutError::Timeout) => {}
                }
                let now = Instant::now();
                waiting.retain_mut(|order| {
                    let todo = order.look(is_empty(&hand, &order.reader), now);
                    if todo == Todo::PutBack {
                        // A user may have done it already.
                        if hand.plug(&order.reader).is_err() {
                            let _ = hand.insert(&order.reader, None);
                        }
                    }
                    todo == Todo::Wait
                });
            }
        };
        let thread = Builder::new().name("put back".to_owned()).spawn(work)?;
        Ok(Self {
            orders,
            thread: Some(thread),
        })
    }

    /// A sender of orders, for cards that come later.
    pub fn returns(&self) -> Returns {
        Returns(self.orders.clone())
    }

    /// The callback for the card in this reader.
    pub fn of(&self, reader: &str) -> impl FnMut(Duration) + Send + use<> {
        self.returns().of(reader)
    }
}

impl Drop for PutBack {
    fn drop(&mut self) {
        // Fails only when it has ended by itself.
        let _ = self.orders.send(Order::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Returns {
    /// The callback for the card in this reader.
    pub fn of(&self, reader: &str) -> impl FnMut(Duration) + Send + use<> {
        let (orders, reader) = (self.0.clone(), reader.to_owned());
        move |time| {
            // Without a thread the service is ending.
            let _ = orders.send(Order::At(Instant::now() + time, reader.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Bench, CardSource, Slot};
    use std::thread;
    use vmyna_pcsc_service::{Options, PcscLiteService};

    #[test]
    fn an_order_waits_for_the_card_to_leave_and_ends_when_somebody_puts_one_in() {
        let now = Instant::now();
        let due = now + LOOK * 10;
        let order = || Waiting::new(due, now, "Desk".to_owned());
        for (seen, expected) in [
            (&[(false, now), (true, now), (true, due)][..], Todo::PutBack),
            (&[(false, due), (true, due)], Todo::PutBack),
            (&[(true, now), (false, now)], Todo::Drop),
            (&[(false, now + PATIENCE)], Todo::Drop),
        ] {
            let mut order = order();
            let (last, before) = seen.split_last().unwrap();
            for (is_empty, at) in before {
                assert_eq!(order.look(*is_empty, *at), Todo::Wait);
            }
            assert_eq!(order.look(last.0, last.1), expected, "{seen:?}");
        }
    }

    #[test]
    fn a_card_is_put_back_that_leaves_after_its_time_and_none_where_one_is() {
        let directory = tempfile::tempdir().unwrap();
        let options = Options::new(vec!["Desk".to_owned()]);
        let service = PcscLiteService::start(&directory.path().join("s"), options).unwrap();
        let hand = service.hand();
        let card = Bench::new().connect(CardSource::hanako().open(None).unwrap(), Slot::new("Desk"));
        hand.insert("Desk", Some(card)).unwrap();
        let put_back = PutBack::start(hand.clone()).unwrap();
        put_back.of("Desk")(Duration::ZERO);
        // It has looked by now, and goes on; should it not have, the test is easier.
        thread::sleep(LOOK * 4);
        hand.remove("Desk").unwrap();
        let end = Instant::now() + PATIENCE;
        while hand.list()[0].atr.is_empty() {
            assert!(Instant::now() < end, "it stays out");
            thread::sleep(LOOK);
        }
        // Once: from now on it stays where it is put.
        hand.remove("Desk").unwrap();
        thread::sleep(LOOK * 4);
        assert!(hand.list()[0].atr.is_empty());
    }
}
