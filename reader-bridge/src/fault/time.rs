//! The time that a card takes, from outside: so that a test takes none.

use std::time::{Duration, Instant};

use vmyna_apdu::Pull;

/// A clock by which can be waited.
pub trait Time: Send {
    /// The time since some fixed moment.
    fn now(&self) -> Duration;

    /// Waits that long, or until the card is pulled out; whether it is still in then.
    fn wait(&mut self, time: Duration, pull: &Pull) -> bool;
}

/// The time of this world.
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
