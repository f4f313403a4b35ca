//! Waiting for a condition with a limit, and the median of measurements.

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

/// The median of `count` measurements.
///
/// # Panics
/// When `count` is 0.
pub fn median(count: usize, mut measure: impl FnMut() -> Duration) -> Duration {
    let mut samples: Vec<_> = (0..count).map(|_| measure()).collect();
    samples.sort();
    samples[count / 2]
}
