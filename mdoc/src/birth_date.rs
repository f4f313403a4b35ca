//! The birth date of an mdoc, of which parts can be unknown, and its two forms.

use std::fmt;

use crate::cbor::{self, Encoded};

/// A birth date in the Gregorian calendar. An unknown part is 0; behind an unknown part, nothing is known.
///
/// How an mdoc states a birth date of which a part is unknown is not published. `assumed`: `birth_date` is the structure of
/// ISO/IEC TS 23220-2 with `approximate_mask`, whose eight digits are 1 for each unknown digit of `YYYYMMDD` (the date itself
/// has 01 there). `birth_date_unicode` ends with the last known part. If the year is unknown, both are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BirthDate {
    year: u16,
    month: u8,
    day: u8,
}

/// The form of `birth_date`. ISO/IEC TS 23220-2 has both; which one real mdocs use is not published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BirthDateForm {
    /// A date (tag 1004). `assumed`.
    #[default]
    Date,
    /// A map `{"birth_date": date}`. `assumed`.
    Map,
}

impl BirthDate {
    /// Year, month and day, each 0 if it is not known. `None` if the calendar has no such day, month or year, or if a part is
    /// known behind one that is not.
    #[must_use]
    pub const fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        match (year, month, day) {
            (0, 0, 0) | (1..=9999, 0, 0) => Some(Self { year, month, day }),
            (1..=9999, 1..=12, _) if day <= days => Some(Self { year, month, day }),
            _ => None,
        }
    }

    /// Whether all parts are known.
    #[must_use]
    pub const fn is_known(self) -> bool {
        self.day != 0
    }

    fn date(self) -> Encoded {
        let date = format!("{:04}-{:02}-{:02}", self.year, self.month.max(1), self.day.max(1));
        cbor::tag(1004, &cbor::text(&date))
    }

    fn structure(self, mask: Option<&str>) -> Encoded {
        let mut entries = vec![(cbor::text("birth_date"), self.date())];
        entries.extend(mask.map(|mask| (cbor::text("approximate_mask"), cbor::text(mask))));
        cbor::map(entries)
    }

    /// The value of `birth_date`.
    pub(crate) fn encoded(self, form: BirthDateForm) -> Option<Encoded> {
        match (self, form) {
            (Self { year: 0, .. }, _) => None,
            (Self { month: 0, .. }, _) => Some(self.structure(Some("00001111"))),
            (Self { day: 0, .. }, _) => Some(self.structure(Some("00000011"))),
            (_, BirthDateForm::Map) => Some(self.structure(None)),
            (_, BirthDateForm::Date) => Some(self.date()),
        }
    }

    /// `YYYYMMDD`; an unknown part is zeros.
    #[must_use]
    pub fn digits(self) -> String {
        format!("{:04}{:02}{:02}", self.year, self.month, self.day)
    }

    /// The value of `birth_date_unicode`, such as `1971年9月1日`.
    pub(crate) fn words(self) -> Option<String> {
        match (self.year, self.month, self.day) {
            (0, ..) => None,
            (year, 0, _) => Some(format!("{year}年")),
            (year, month, 0) => Some(format!("{year}年{month}月")),
            (year, month, day) => Some(format!("{year}年{month}月{day}日")),
        }
    }
}

/// Writes `1971-09-01`, or the known parts of it: `1971-09`, `1971`.
impl fmt::Display for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        let parts = [self.month, self.day];
        parts
            .iter()
            .filter(|part| **part != 0)
            .try_for_each(|part| write!(f, "-{part:02}"))
    }
}
