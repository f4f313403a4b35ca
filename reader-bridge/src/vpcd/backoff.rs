//! The delay before the next attempt to connect. Pure: no clock, no sleep. Must never return less than the first delay.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(50);
/// Short, because stock Debian starts pcscd only with the first PC/SC program, which then waits for its card.
const LONGEST: Duration = Duration::from_millis(500);

/// A conversation of this length shows that the peer is vpcd.
const SETTLED: Duration = Duration::from_secs(2);

/// Delays that double from 50 ms to half a second.
pub(super) struct Backoff(Duration);

impl Backoff {
    pub(super) fn new() -> Backoff {
        Backoff(FIRST)
    }

    /// The delay before the next attempt.
    pub(super) fn next_delay(&mut self) -> Duration {
        let delay = self.0;
        self.0 = (delay * 2).min(LONGEST);
        delay
    }

    /// Notes the length of a conversation. After a long one the delay starts again from the first. A peer that accepts each
    /// connection and soon ends it must not be tried at full speed.
    pub(super) fn after_conversation_of(&mut self, lasted: Duration) {
        if lasted >= SETTLED {
            self.0 = FIRST;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_from_50_ms_to_half_a_second_and_stay_there() {
        let mut backoff = Backoff::new();
        let delays: Vec<_> = std::iter::repeat_with(|| backoff.next_delay().as_millis())
            .take(8)
            .collect();
        assert_eq!(delays, [50, 100, 200, 400, 500, 500, 500, 500]);
    }

    #[test]
    fn only_a_conversation_that_lasted_brings_the_short_delay_back() {
        let mut backoff = Backoff::new();
        backoff.next_delay();
        backoff.after_conversation_of(Duration::from_millis(1999));
        assert_eq!(backoff.next_delay().as_millis(), 100);
        backoff.after_conversation_of(Duration::from_secs(2));
        assert_eq!(backoff.next_delay().as_millis(), 50);
    }
}
