//! What an mdoc states of its cardholder.

use std::fmt;

use zeroize::Zeroizing;

use crate::birth_date::{BirthDate, BirthDateForm};
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
