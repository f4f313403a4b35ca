//! The time of this machine, in Japan.

use std::time::Duration;

pub(super) use vmyna::counter::register::now;
use vmyna_apdu::{Text, text};
use vmyna_applets::DateTime;
use vmyna_applets::calendar::{Date, day_in_japan};

/// The time for a new card: a minute ago, because its certificates begin one after the other within a minute, and what was
/// issued should be valid at once.
pub(super) fn issue_time() -> Option<DateTime> {
    let earlier = now()?.unix_duration().checked_sub(Duration::from_secs(60))?;
    DateTime::from_unix_duration(earlier).ok()
}

/// Why nothing can be done that depends on the time.
pub(super) fn no_time() -> Text {
    text!(
        "the clock of this machine shows no time that a certificate can have",
        "この計算機の時計が証明書に使えない時刻を示している"
    )
}

/// The day in Japan.
pub(super) fn today() -> Option<Date> {
    day_in_japan(now()?)
}
