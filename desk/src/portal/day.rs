//! Days as the pages write them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use der::DateTime;

/// Japan's time is nine hours ahead of UTC all year.
const JAPAN: Duration = Duration::from_secs(9 * 60 * 60);
/// The seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day {
    year: u16,
    month: u8,
    day: u8,
}

impl Day {
    /// The day in Japan so many days before now.
    pub(super) fn ago(days: u64) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + JAPAN;
        let since = since.saturating_sub(Duration::from_secs(days.saturating_mul(DAY)));
        match DateTime::from_unix_duration(Duration::from_secs(since.as_secs())) {
            Ok(time) => Self {
                year: time.year(),
                month: time.month(),
                day: time.day(),
            },
            // After the year 9999.
            Err(_) => Self {
                year: 9999,
                month: 12,
                day: 31,
            },
        }
    }

    /// A day that is written YYYY-MM-DD and exists.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let digits = |range: std::ops::Range<usize>| -> Option<u16> {
            let part = text.get(range)?;
            part.bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| part.parse().ok())?
        };
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
        let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
        let time = DateTime::new(year, month, day, 0, 0, 0).ok()?;
        // The library counts on where a month is over.
        (time.day() == day && time.month() == month).then_some(Self { year, month, day })
    }

    /// The eight digits.
    pub(super) fn digits(self) -> String {
        format!("{:04}{:02}{:02}", self.year, self.month, self.day)
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_day_of_the_calendar_is_read() {
        for text in ["2026-11-30", "2024-02-29", "2000-02-29", "1970-01-01"] {
            assert_eq!(Day::parse(text).map(|day| day.to_string()).as_deref(), Some(text));
        }
        for text in [
            "2026-02-29",
            "2026-04-31",
            "2026-13-01",
            "2026-00-10",
            "2026-1-1",
            "20261130",
            "2026-11-3O",
            "+026-11-30",
            "2026/11/30",
            "",
            "２０２６-11-30",
            "2026-11-30 ",
        ] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }

    #[test]
    fn days_ago_are_earlier() {
        assert!(Day::ago(1) < Day::ago(0) && Day::ago(400) < Day::ago(1));
        assert_eq!(Day::parse("2026-03-04").unwrap().digits(), "20260304");
    }
}
