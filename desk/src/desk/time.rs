//! The time of this machine, in Japan.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use vmyna_applets::DateTime;
use vmyna_applets::calendar::{Date, day_in_japan};

/// The time, UTC, in whole seconds; `None` outside the years 1970 to 9999.
pub(super) fn now() -> Option<DateTime> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    DateTime::from_unix_duration(Duration::from_secs(since.as_secs())).ok()
}

/// The time for a new card: a minute ago, because its certificates begin one after the other within a minute, and what was
/// issued should be valid at once.
pub(super) fn issue_time() -> Option<DateTime> {
    let earlier = now()?.unix_duration().checked_sub(Duration::from_secs(60))?;
    DateTime::from_unix_duration(earlier).ok()
}

/// The day in Japan.
pub(super) fn today() -> Option<Date> {
    day_in_japan(now()?)
}
