//! A day on the command line.

use std::str::FromStr;

use vmyna_applets::calendar::Date;
use vmyna_issuance::{DateTime, validity};

/// A day in Japan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Day(DateTime);

impl Day {
    /// Its last second, UTC.
    pub(super) const fn end(self) -> DateTime {
        self.0
    }
}

impl FromStr for Day {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let form = "a day looks like 2028-03-31";
        let parts: Vec<&str> = text.split('-').collect();
        let lengths = [4, 2, 2];
        if parts.len() != 3 || parts.iter().zip(lengths).any(|(part, length)| part.len() != length) {
            return Err(form);
        }
        let digits = parts.concat();
        let day = Date::from_digits(digits.as_bytes()).ok_or(form)?;
        validity::end_of_day(day)
            .map(Self)
            .map_err(|_| "a day lies in the years 1970 to 9999")
    }
}
