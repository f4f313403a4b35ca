//! What an mdoc states of its cardholder.

use std::fmt;

use zeroize::Zeroizing;

use crate::cbor::{self, Encoded};
use crate::element::{NAMESPACE, NAMESPACE_JP};

/// Sex by ISO/IEC 5218.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sex {
    /// Not known, 0.
    Unknown,
    /// Male, 1.
    Male,
    /// Female, 2.
    Female,
    /// Not applicable, 9.
    NotApplicable,
}

impl Sex {
    /// The number of ISO/IEC 5218.
    #[must_use]
    pub const fn iso5218(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Male => 1,
            Self::Female => 2,
            Self::NotApplicable => 9,
        }
    }

    /// The one kanji of `sex_unicode`. `None` for other values: published samples have 男 and 女 only, so that an mdoc leaves
    /// the element out (`assumed`).
    #[must_use]
    pub const fn kanji(self) -> Option<&'static str> {
        match self {
            Self::Male => Some("男"),
            Self::Female => Some("女"),
            Self::Unknown | Self::NotApplicable => None,
        }
    }
}

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
    fn encoded(self, form: BirthDateForm) -> Option<Encoded> {
        match (self, form) {
            (Self { year: 0, .. }, _) => None,
            (Self { month: 0, .. }, _) => Some(self.structure(Some("00001111"))),
            (Self { day: 0, .. }, _) => Some(self.structure(Some("00000011"))),
            (_, BirthDateForm::Map) => Some(self.structure(None)),
            (_, BirthDateForm::Date) => Some(self.date()),
        }
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

/// The values of an mdoc's elements. An element without a value is left out.
///
/// `Debug` shows neither the My Number nor the portrait.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Family and given name with U+3000 between them.
    pub full_name: Option<String>,
    /// The address in one line, which begins with the prefecture.
    pub address: Option<String>,
    /// 市町村コード: five digits.
    pub local_gov_code: Option<String>,
    /// 個人番号: twelve digits.
    pub individual_number: Option<Zeroizing<String>>,
    /// The photo: a whole JPEG or JPEG 2000 file. Which of them real mdocs have is not published.
    pub portrait: Option<Vec<u8>>,
    /// The sex, for `sex` and `sex_unicode`.
    pub sex: Option<Sex>,
    /// The birth date, for `birth_date` and `birth_date_unicode`.
    pub birth_date: Option<BirthDate>,
    /// The form of `birth_date`.
    pub birth_date_form: BirthDateForm,
    /// The age at the time of issuing.
    pub age_in_years: Option<u64>,
    /// Pairs of NN (0 to 99) and the value of `age_over_NN` at the time of issuing. Only `age_over_20` is public.
    pub age_over: Vec<(u8, bool)>,
}

impl Attributes {
    /// The elements that have a value: namespace, identifier, value as CBOR.
    pub(crate) fn elements(&self) -> Vec<(&'static str, String, Encoded)> {
        let birth = self.birth_date;
        let text = |value: Option<&str>| value.map(cbor::text);
        let words = birth.and_then(BirthDate::words);
        let sex = self.sex.map(|sex| cbor::unsigned(u64::from(sex.iso5218())));
        let number = self.individual_number.as_ref().map(|number| number.as_str());
        let all = [
            (NAMESPACE_JP, "full_name_unicode", text(self.full_name.as_deref())),
            (NAMESPACE_JP, "resident_address_unicode", text(self.address.as_deref())),
            (
                NAMESPACE_JP,
                "local_gov_code_unicode",
                text(self.local_gov_code.as_deref()),
            ),
            (NAMESPACE_JP, "individual_number_unicode", text(number)),
            (NAMESPACE_JP, "portrait", self.portrait.as_deref().map(cbor::bytes)),
            (NAMESPACE_JP, "sex_unicode", text(self.sex.and_then(Sex::kanji))),
            (NAMESPACE_JP, "birth_date_unicode", text(words.as_deref())),
            (NAMESPACE, "sex", sex),
            (
                NAMESPACE,
                "birth_date",
                birth.and_then(|birth| birth.encoded(self.birth_date_form)),
            ),
            (NAMESPACE, "age_in_years", self.age_in_years.map(cbor::unsigned)),
        ];
        let ages = self.age_over.iter().map(|(age, over)| {
            let identifier = format!("age_over_{age:02}");
            (NAMESPACE, identifier, cbor::boolean(*over))
        });
        all.into_iter()
            .filter_map(|(namespace, identifier, value)| Some((namespace, identifier.to_owned(), value?)))
            .chain(ages)
            .collect()
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attributes")
            .field("full_name", &self.full_name)
            .field("birth_date", &self.birth_date)
            .finish_non_exhaustive()
    }
}
