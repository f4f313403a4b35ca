//! Times before and after another one.

use std::time::Duration;

use der::DateTime;

use crate::workshop::MakeError;

/// A day.
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// So long before a time, or the first of all times.
pub(crate) fn before(at: DateTime, by: Duration) -> Result<DateTime, MakeError> {
    Ok(DateTime::from_unix_duration(at.unix_duration().saturating_sub(by))?)
}

/// So long after a time.
pub(crate) fn after(at: DateTime, by: Duration) -> Result<DateTime, MakeError> {
    Ok(DateTime::from_unix_duration(at.unix_duration() + by)?)
}

/// So many days after a time, or before it.
pub(crate) fn days_from(at: DateTime, days: i64) -> Result<DateTime, MakeError> {
    let length = Duration::from_secs(days.unsigned_abs() * DAY.as_secs());
    match days {
        ..0 => before(at, length),
        _ => after(at, length),
    }
}
