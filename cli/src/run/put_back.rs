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
