//! Waiting for a condition or a test with a limit, and the median of measurements.

use std::panic;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Long enough for a busy machine: a test waits this long only if it fails.
pub const LIMIT: Duration = Duration::from_secs(10);

/// Whether `condition` becomes true within `limit`.
pub fn within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !condition() {
        if start.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

/// Runs `test` in a thread of its own and waits for its end.
///
/// # Panics
/// When it has not ended within `limit`, so that a wait that never ends fails the test; or when `test` panics.
#[expect(clippy::panic, reason = "only tests call this; a panic is how they fail")]
pub fn ends_within<T: Send + 'static>(limit: Duration, test: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, end) = channel();
    let thread = thread::spawn(move || {
        let result = test();
        // The receiver is gone after the limit.
        let _ = sender.send(());
        result
    });
    if end.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
        panic!("the test has not ended within {limit:?}");
    }
    thread.join().unwrap_or_else(|cause| panic::resume_unwind(cause))
}

/// The median of `count` measurements.
///
/// # Panics
/// When `count` is 0.
pub fn median(count: usize, mut measure: impl FnMut() -> Duration) -> Duration {
    let mut samples: Vec<_> = (0..count).map(|_| measure()).collect();
    samples.sort();
    samples[count / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_does_not_end_fails_at_the_limit() {
        let start = Instant::now();
        let cause = panic::catch_unwind(|| {
            ends_within(Duration::from_millis(20), || thread::sleep(Duration::from_secs(60)));
        });
        assert!(cause.unwrap_err().downcast_ref::<String>().unwrap().contains("20ms"));
        assert!(start.elapsed() < LIMIT);
    }

    #[test]
    fn a_test_that_ends_returns_its_value_or_panics_as_it_did() {
        assert_eq!(ends_within(LIMIT, || 7), 7);
        let cause = panic::catch_unwind(|| ends_within(LIMIT, || panic!("on purpose"))).unwrap_err();
        assert_eq!(cause.downcast_ref::<&str>(), Some(&"on purpose"));
    }
}
