//! The clock of a card, given from outside, so that a test takes no time.

use std::time::{Duration, Instant};

use vmyna_apdu::Pull;

/// A clock that can wait.
pub trait Time: Send {
    /// The time since some fixed moment.
    fn now(&self) -> Duration;

    /// Waits for this time, or until the card is pulled out. Returns whether the card is still in.
    fn wait(&mut self, time: Duration, pull: &Pull) -> bool;
}

/// The real time.
pub struct RealTime(Instant);

impl Default for RealTime {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Time for RealTime {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn wait(&mut self, time: Duration, pull: &Pull) -> bool {
        pull.wait(time)
    }
}
