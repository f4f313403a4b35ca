//! Puts cards back that faults have pulled out, each at its time, in a thread of its own.
//!
//! The cards hold only the way to that thread: a card that held the service would never be given up.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use vmyna_reader_bridge::pcsc_service::{Hand, NotMoved};

/// Who is told is told just before the card leaves: how often, and how long, is looked whether it has.
const LOOK: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(60);

/// The thread. Dropping it ends it; cards that are out stay out.
pub(super) struct PutBack {
    orders: Sender<Order>,
    thread: Option<JoinHandle<()>>,
}

/// The way to it.
#[derive(Clone)]
pub(super) struct Returns(Sender<Order>);

enum Order {
    At(Instant, String),
    End,
}

impl PutBack {
    /// Starts it for the readers of a service.
    pub(super) fn start(hand: Hand) -> Self {
        let (orders, taken) = channel();
        let thread = thread::spawn(move || {
            let mut waiting: Vec<(Instant, Instant, String)> = Vec::new();
            loop {
                let next = waiting.iter().map(|(when, ..)| *when).min();
                let time = next.map_or(PATIENCE, |when| when.saturating_duration_since(Instant::now()));
                match taken.recv_timeout(time) {
                    Ok(Order::At(when, reader)) => waiting.push((when, when + PATIENCE, reader)),
                    Ok(Order::End) | Err(RecvTimeoutError::Disconnected) => return,
                    Err(RecvTimeoutError::Timeout) => {}
                }
                let now = Instant::now();
                waiting.retain_mut(|(when, end, reader)| {
                    if *when > now {
                        return true;
                    }
                    // It has not left yet; or somebody has put one in.
                    let still_in = hand.insert(reader, None) == Err(NotMoved::Occupied);
                    *when = now + LOOK;
                    still_in && now < *end
                });
            }
        });
        Self {
            orders,
            thread: Some(thread),
        }
    }

    /// The way to it, for cards that come later.
    pub(super) fn returns(&self) -> Returns {
        Returns(self.orders.clone())
    }

    /// What the card in this reader tells.
    pub(super) fn of(&self, reader: &str) -> impl FnMut(Duration) + Send + use<> {
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
    /// What the card in this reader tells.
    pub(super) fn of(&self, reader: &str) -> impl FnMut(Duration) + Send + use<> {
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
    use crate::card::CardSource;
    use vmyna_reader_bridge::pcsc_service::{Options, PcscLiteService};

    #[test]
    fn a_card_is_put_back_that_leaves_after_its_time_and_none_where_one_is() {
        let directory = tempfile::tempdir().unwrap();
        let options = Options::new(vec!["Desk".to_owned()]);
        let service = PcscLiteService::start(&directory.path().join("s"), options).unwrap();
        let hand = service.hand();
        let card = CardSource::hanako().open(None).unwrap();
        hand.insert("Desk", Some(card)).unwrap();
        let put_back = PutBack::start(hand.clone());
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
