//! A birth date (生年月日) of which the register does not know the day, the month or the year.
//!
//! Cards of such people are not published. How they write an unknown part and what is counted from it is `assumed`:
//!
//! | | Here |
//! |---|---|
//! | text of the files | `00` for an unknown part, `0000` for an unknown year: `19450000`, `00000000` |
//! | era, and with it the birth PIN and 照合番号B | that of the last day which the known part allows; an unknown part is `00` |
//! | era digit of the certificate | the same; `0` (`documented`: unknown) if the year is unknown |
//! | age and birthdays | as of a birth on the last day which the known part allows, or on the day asked about if that is earlier |
//! | age and birthdays if the year is unknown | as of a birth on the day asked about, [`AGE_OF_UNKNOWN`] years before |

use std::fmt;

use crate::calendar::{self, Date, Era, JapaneseDate};

/// The age in years of a person whose year of birth is unknown: an adult's.
pub const AGE_OF_UNKNOWN: u16 = 100;

/// A birth date. A part that is not known is 0; behind an unknown part, nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BirthDate {
    year: u16,
    month: u8,
    day: u8,
}

impl BirthDate {
    /// Year, month and day, each 0 if it is not known. `None` if the calendar has no such day, month or year, or if a
    /// part is known behind one that is not.
    #[must_use]
    pub const fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let possible = match (year, month, day) {
            (0, 0, 0) | (1..=9999, 0, 0) | (1..=9999, 1..=12, 0) => true,
            _ => Date::new(year, month, day).is_some(),
        };
        if possible {
            Some(Self { year, month, day })
        } else {
            None
        }
    }

    /// Reads the form in which the card stores birth dates: eight ASCII digits, `YYYYMMDD`.
    #[must_use]
    pub fn from_digits(digits: &[u8]) -> Option<Self> {
        let (year, month, day) = calendar::parts(digits)?;
        Self::new(year, month, day)
    }

    /// The year, 0 if it is not known.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, 0 if it is not known.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, 0 if it is not known.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }

    /// Eight ASCII digits, `YYYYMMDD`.
    #[must_use]
    pub fn digits(self) -> String {
        format!("{:04}{:02}{:02}", self.year, self.month, self.day)
    }

    /// The day, if all of it is known.
    #[must_use]
    pub const fn known(self) -> Option<Date> {
        Date::new(self.year, self.month, self.day)
    }

    /// The first day that the known part allows, `None` if the year is not known.
    #[must_use]
    pub fn first_day(self) -> Option<Date> {
        Date::new(self.year, self.month.max(1), self.day.max(1))
    }

    /// The last day that the known part allows, `None` if the year is not known.
    #[must_use]
    pub fn last_day(self) -> Option<Date> {
        let month = if self.month == 0 { 12 } else { self.month };
        let days = if self.day == 0 { 28..=31 } else { self.day..=self.day };
        days.rev().find_map(|day| Date::new(self.year, month, day))
    }

    /// The birth from which age and birthdays are counted on `day`.
    #[must_use]
    pub fn reckoned_on(self, day: Date) -> Date {
        match (self.known(), self.first_day(), self.last_day()) {
            (Some(known), ..) => known,
            // Not born yet by any reading: the caller refuses that.
            (_, Some(first), Some(last)) if first > day => last,
            (_, _, Some(last)) => last.min(day),
            _ => day
                .birthday_in(day.year().saturating_sub(AGE_OF_UNKNOWN))
                .unwrap_or(day),
        }
    }

    /// The age in full years on `day`.
    #[must_use]
    pub fn age_on(self, day: Date) -> u16 {
        self.reckoned_on(day).age_on(day)
    }

    /// The date in the Japanese calendar, with 0 for what is not known; `None` before Meiji or if the year is not known.
    #[must_use]
    pub fn japanese(self) -> Option<JapaneseDate> {
        let era = Era::of(self.last_day()?)?;
        Some(JapaneseDate {
            era,
            year: self.year - era.first_day().year() + 1,
            month: self.month,
            day: self.day,
        })
    }

    /// The date as people in Japan write it, e.g. `平成元年10月25日`, with 不詳 for what is not known; `None` before Meiji.
    #[must_use]
    pub fn in_words(self) -> Option<String> {
        if self.year == 0 {
            return Some("不詳".to_owned());
        }
        let japanese = self.japanese()?;
        let era = japanese.era.title();
        let year = match japanese.year {
            1 => "元".to_owned(),
            year => year.to_string(),
        };
        Some(match (japanese.month, japanese.day) {
            (0, _) => format!("{era}{year}年月日不詳"),
            (month, 0) => format!("{era}{year}年{month}月日不詳"),
            (month, day) => format!("{era}{year}年{month}月{day}日"),
        })
    }

    /// Whether the birth is before Meiji.
    #[must_use]
    pub fn is_before_meiji(self) -> bool {
        self.year != 0 && self.japanese().is_none()
    }
}

impl From<Date> for BirthDate {
    fn from(date: Date) -> Self {
        Self {
            year: date.year(),
            month: date.month(),
            day: date.day(),
        }
    }
}

impl fmt::Display for BirthDate {
    /// `1945-00-00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn birth(digits: &str) -> BirthDate {
        BirthDate::from_digits(digits.as_bytes()).unwrap()
    }

    fn date(digits: &str) -> Date {
        Date::from_digits(digits.as_bytes()).unwrap()
    }

    #[test]
    fn the_first_year_of_an_era_is_gannen_and_unknown_parts_are_named() {
        for (digits, words) in [
            ("19891025", Some("平成元年10月25日")),
            ("19890107", Some("昭和64年1月7日")),
            ("20200229", Some("令和2年2月29日")),
            ("18680124", None),
            ("19450000", Some("昭和20年月日不詳")),
            ("19450600", Some("昭和20年6月日不詳")),
            ("00000000", Some("不詳")),
        ] {
            assert_eq!(birth(digits).in_words().as_deref(), words, "{digits}");
        }
    }

    #[test]
    fn a_part_behind_an_unknown_one_is_unknown_too() {
        for digits in ["19450000", "19450600", "00000000", "19450615"] {
            assert_eq!(birth(digits).digits(), digits);
        }
        for digits in [
            "00000615", "00000600", "19450015", "19451300", "19450230", "1945000", "1945000x", "00001301",
        ] {
            assert_eq!(BirthDate::from_digits(digits.as_bytes()), None, "{digits}");
        }
    }

    #[test]
    fn an_unknown_day_counts_as_the_last_one_possible() {
        for (digits, on, reckoned) in [
            ("19450000", "20261101", "19451231"),
            ("19440200", "20261101", "19440229"),
            ("20260000", "20261101", "20261101"),
            ("20270000", "20261101", "20271231"),
            ("00000000", "20261101", "19261101"),
            ("00000000", "20000229", "19000228"),
            ("19450615", "20261101", "19450615"),
        ] {
            assert_eq!(birth(digits).reckoned_on(date(on)), date(reckoned), "{digits}");
        }
        assert_eq!(birth("20110000").age_on(date("20261101")), 14);
        assert_eq!(birth("20110000").age_on(date("20261231")), 15);
        assert_eq!(birth("00000000").age_on(date("20261101")), AGE_OF_UNKNOWN);
    }

    #[test]
    fn an_era_is_that_of_the_last_possible_day() {
        for (digits, era, year) in [
            ("19450000", Era::Showa, 20),
            ("19890000", Era::Heisei, 1),
            ("19261100", Era::Taisho, 15),
            ("18680000", Era::Meiji, 1),
        ] {
            let japanese = birth(digits).japanese().unwrap();
            assert_eq!((japanese.era, japanese.year, japanese.day), (era, year, 0), "{digits}");
        }
        assert_eq!(birth("00000000").japanese(), None);
        assert!(birth("18670000").is_before_meiji() && !birth("00000000").is_before_meiji());
    }

    proptest! {
        #[test]
        fn a_known_date_is_what_it_was(year in 1_u16..=9999, month in 1_u8..=12, day in 1_u8..=31) {
            let Some(date) = Date::new(year, month, day) else { return Ok(()) };
            let birth = BirthDate::from(date);
            prop_assert_eq!(BirthDate::new(year, month, day), Some(birth));
            prop_assert_eq!((birth.known(), birth.first_day(), birth.last_day()), (Some(date), Some(date), Some(date)));
            prop_assert_eq!((birth.digits(), birth.to_string()), (date.digits(), date.to_string()));
            prop_assert_eq!(birth.japanese(), date.japanese());
        }
    }
}
