//! Civil dates (Gregorian) and Japanese eras (元号), as far as a card needs them.
//!
//! A [`Date`] always exists in the calendar. This module must never ask for today's date.

use std::fmt;
use std::time::Duration;

use der::DateTime;

/// Japan Standard Time is nine hours ahead of UTC all year round.
const JST: Duration = Duration::from_secs(9 * 60 * 60);

/// The moment in Japanese wall-clock time, for texts that show it; `None` after the year 9999. The result is *not* an
/// instant any more.
#[must_use]
pub fn japanese_clock(instant: DateTime) -> Option<DateTime> {
    DateTime::from_unix_duration(instant.unix_duration() + JST).ok()
}

/// The day in Japan at a UTC instant; `None` after the year 9999.
#[must_use]
pub fn day_in_japan(instant: DateTime) -> Option<Date> {
    let local = japanese_clock(instant)?;
    Date::new(local.year(), local.month(), local.day())
}

/// Year, month and day of eight ASCII digits `YYYYMMDD`, whether the calendar has that day or not.
pub(crate) const fn parts(digits: &[u8]) -> Option<(u16, u8, u8)> {
    if digits.len() != 8 {
        return None;
    }
    let (mut number, mut at) = (0_u32, 0);
    while at < 8 {
        if !digits[at].is_ascii_digit() {
            return None;
        }
        number = number * 10 + (digits[at] - b'0') as u32;
        at += 1;
    }
    Some((
        (number / 10_000) as u16,
        (number / 100 % 100) as u8,
        (number % 100) as u8,
    ))
}

/// A day of the Gregorian calendar, years 1 to 9999. Holds no time zone: the card's dates are days in Japan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The day `year`-`month`-`day`, or `None` when the calendar has no such day.
    #[must_use]
    pub const fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        if year == 0 || year > 9999 || month == 0 || month > 12 || day == 0 || day > days_in(year, month) {
            return None;
        }
        Some(Self { year, month, day })
    }

    /// Reads the form in which the card stores dates: eight ASCII digits, `YYYYMMDD`.
    #[must_use]
    pub const fn from_digits(digits: &[u8]) -> Option<Self> {
        match parts(digits) {
            Some((year, month, day)) => Self::new(year, month, day),
            None => None,
        }
    }

    /// The year, 1 to 9999.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }

    /// Eight ASCII digits, `YYYYMMDD`.
    #[must_use]
    pub fn digits(self) -> String {
        format!("{:04}{:02}{:02}", self.year, self.month, self.day)
    }

    /// The date as people in Japan write it in Gregorian years, e.g. `2036年10月5日`.
    #[must_use]
    pub fn in_words(self) -> String {
        format!("{}年{}月{}日", self.year, self.month, self.day)
    }

    /// The birthday in `year` of a person born on this day.
    ///
    /// A birthday on 29 February falls on 28 February in common years. By the age reckoning act (年齢計算ニ関スル法律) a
    /// year of life is complete at the end of the day before the birthday's date. So 28 February is the day on which
    /// everything that lasts "until the birthday" ends. `assumed` for certificates: no such card is published.
    #[must_use]
    pub const fn birthday_in(self, year: u16) -> Option<Self> {
        match Self::new(year, self.month, self.day) {
            Some(date) => Some(date),
            None => Self::new(year, self.month, self.day - 1),
        }
    }

    /// The age in full years, on `day`, of a person born on this day; 0 before the birth. A year of life counts from the
    /// birthday on ([`Self::birthday_in`]).
    #[must_use]
    pub const fn age_on(self, day: Self) -> u16 {
        let before_birthday = match self.birthday_in(day.year) {
            Some(birthday) => day.month < birthday.month || (day.month == birthday.month && day.day < birthday.day),
            None => false,
        };
        day.year
            .saturating_sub(self.year)
            .saturating_sub(before_birthday as u16)
    }

    /// The same day in the Japanese calendar, or `None` before Meiji.
    #[must_use]
    pub fn japanese(self) -> Option<JapaneseDate> {
        let era = Era::of(self)?;
        Some(JapaneseDate {
            era,
            year: self.year - era.first_day().year + 1,
            month: self.month,
            day: self.day,
        })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

const fn days_in(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

/// The eras since Meiji. An era's first day belongs to the new era, by the ordinances that proclaimed them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Era {
    /// 明治, from 1868-01-25 (the first day of the lunar year Meiji 1, to which the proclamation of October reached back).
    Meiji,
    /// 大正, from 1912-07-30.
    Taisho,
    /// 昭和, from 1926-12-25.
    Showa,
    /// 平成, from 1989-01-08.
    Heisei,
    /// 令和, from 2019-05-01.
    Reiwa,
}

impl Era {
    /// All eras, newest first.
    const NEWEST_FIRST: [Self; 5] = [Self::Reiwa, Self::Heisei, Self::Showa, Self::Taisho, Self::Meiji];

    /// The era of a day, or `None` before Meiji.
    #[must_use]
    pub fn of(date: Date) -> Option<Self> {
        Self::NEWEST_FIRST.into_iter().find(|era| era.first_day() <= date)
    }

    /// The first Gregorian day of the era.
    #[must_use]
    pub const fn first_day(self) -> Date {
        let (year, month, day) = match self {
            Self::Meiji => (1868, 1, 25),
            Self::Taisho => (1912, 7, 30),
            Self::Showa => (1926, 12, 25),
            Self::Heisei => (1989, 1, 8),
            Self::Reiwa => (2019, 5, 1),
        };
        Date { year, month, day }
    }

    /// The era's name in Japanese, e.g. `令和`.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Meiji => "明治",
            Self::Taisho => "大正",
            Self::Showa => "昭和",
            Self::Heisei => "平成",
            Self::Reiwa => "令和",
        }
    }

    /// The digit that stands for the era in the signature certificate's birth date: 1 Meiji to 5 Reiwa.
    #[must_use]
    pub const fn digit(self) -> u8 {
        match self {
            Self::Meiji => 1,
            Self::Taisho => 2,
            Self::Showa => 3,
            Self::Heisei => 4,
            Self::Reiwa => 5,
        }
    }
}

/// A day in the Japanese calendar: era, year of the era (from 1), month and day as in the Gregorian calendar.
///
/// Days before 1873 were counted by the lunar calendar; family registers of that time are not converted here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JapaneseDate {
    /// The era.
    pub era: Era,
    /// The year of the era; the first is 1 (元年).
    pub year: u16,
    /// The month, 1 to 12.
    pub month: u8,
    /// The day of the month.
    pub day: u8,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn date(digits: &str) -> Date {
        Date::from_digits(digits.as_bytes()).unwrap()
    }

    #[test]
    fn a_date_in_words_has_no_leading_zeros() {
        assert_eq!(date("20361005").in_words(), "2036年10月5日");
    }

    #[test]
    fn a_date_that_the_calendar_does_not_have_cannot_be_made() {
        for digits in [
            "20250229", "21000229", "20250431", "20250001", "20251301", "20250100", "00000101", "2025010", "2025010a",
        ] {
            assert_eq!(Date::from_digits(digits.as_bytes()), None, "{digits}");
        }
        assert!(Date::from_digits(b"20000229").is_some());
        assert!(Date::from_digits(b"20240229").is_some());
    }

    #[test]
    fn an_era_begins_on_its_first_day_and_the_day_before_belongs_to_the_previous_one() {
        for (day, era, year) in [
            ("18680125", Era::Meiji, 1),
            ("19120729", Era::Meiji, 45),
            ("19120730", Era::Taisho, 1),
            ("19261224", Era::Taisho, 15),
            ("19261225", Era::Showa, 1),
            ("19800217", Era::Showa, 55),
            ("19890107", Era::Showa, 64),
            ("19890108", Era::Heisei, 1),
            ("20190430", Era::Heisei, 31),
            ("20190501", Era::Reiwa, 1),
            ("20200101", Era::Reiwa, 2),
        ] {
            let japanese = date(day).japanese().unwrap();
            assert_eq!((japanese.era, japanese.year), (era, year), "{day}");
        }
        assert_eq!(date("18680124").japanese(), None);
    }

    #[test]
    fn a_birthday_of_29_february_falls_on_28_february_in_common_years() {
        let born = date("20000229");
        assert_eq!(born.birthday_in(2028), Some(date("20280229")));
        assert_eq!(born.birthday_in(2027), Some(date("20270228")));
        assert_eq!(born.birthday_in(2100), Some(date("21000228")));
    }

    proptest! {
        #[test]
        fn digits_read_back_as_the_same_date(year in 1_u16..=9999, month in 1_u8..=12, day in 1_u8..=31) {
            if let Some(date) = Date::new(year, month, day) {
                prop_assert_eq!(Date::from_digits(date.digits().as_bytes()), Some(date));
            } else {
                prop_assert!(day > 28);
            }
        }

        #[test]
        fn an_era_year_counts_calendar_years(year in 1869_u16..=2100, month in 1_u8..=12, day in 1_u8..=28) {
            let day = Date::new(year, month, day).unwrap();
            let japanese = day.japanese().unwrap();
            prop_assert_eq!(japanese.era.first_day().year() + japanese.year - 1, year);
            prop_assert!(japanese.era.first_day() <= day);
        }
    }
}
