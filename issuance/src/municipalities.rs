//! Japanese municipalities (市区町村): their codes, and their names in Japanese and in Roman letters as certificates write them.
//!
//! A part of the country, not all of it: the prefectures' capitals, Tokyo's wards, the designated cities (政令指定都市) with
//! their wards, and other cities, towns and villages of every region. A card may name a municipality that is not here;
//! its order then gives all names. This module must never state anything about a municipality that is not public.
//!
//! `measured` is one pair of Roman names, `Tokyo-to` and `Kiyose-shi` (the certificates of a published test card). All
//! others follow its form (`assumed`), among them the wards of designated cities, written with their city before them:
//! `Sapporo-shi Chuo-ku`. Which code, the city's or the ward's, a card from such a city carries is not published either; both
//! can be found.

mod table;

use table::{ENTRIES, PREFECTURES};
use vmyna_apdu::{Text, text};
use vmyna_applets::person::{Municipality, MunicipalityCode};

/// A municipality of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    code: MunicipalityCode,
    district: &'static str,
    title: &'static str,
    name: &'static str,
    residents: u16,
}

impl Entry {
    /// 全国地方公共団体コード without its check digit.
    #[must_use]
    pub const fn code(&self) -> MunicipalityCode {
        self.code
    }

    /// The prefecture in Japanese, e.g. 東京都.
    #[must_use]
    pub const fn prefecture_title(&self) -> &'static str {
        PREFECTURES[self.prefecture_index()].0
    }

    /// The prefecture in Roman letters as certificates write it, e.g. `Tokyo-to`.
    #[must_use]
    pub const fn prefecture(&self) -> &'static str {
        PREFECTURES[self.prefecture_index()].1
    }

    /// The district (郡) that an address names before the municipality, e.g. 西多摩郡; empty where there is none.
    #[must_use]
    pub const fn district(&self) -> &'static str {
        self.district
    }

    /// The municipality in Japanese without prefecture and district, e.g. 千代田区, 札幌市中央区, 瑞穂町.
    #[must_use]
    pub const fn title(&self) -> &'static str {
        self.title
    }

    /// The municipality in Roman letters as certificates write it, e.g. `Chiyoda-ku`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Residents in thousands, roughly: a weight to choose by, no statistics. A designated city has 0, because its wards have
    /// them, each an equal share.
    #[must_use]
    pub const fn residents(&self) -> u16 {
        self.residents
    }

    /// The beginning of every address there, e.g. 東京都西多摩郡瑞穂町.
    #[must_use]
    pub fn address(&self) -> String {
        [self.prefecture_title(), self.district, self.title].concat()
    }

    /// The municipality as a cardholder has it.
    #[must_use]
    pub fn municipality(&self) -> Municipality {
        Municipality {
            code: self.code,
            prefecture: self.prefecture().to_owned(),
            name: self.name.to_owned(),
            title: self.title.to_owned(),
        }
    }

    const fn prefecture_index(&self) -> usize {
        // A code begins with 01 to 47.
        let digits = self.code.digits();
        (digits[0] - b'0') as usize * 10 + (digits[1] - b'0') as usize - 1
    }
}

/// All municipalities of the table, ascending by code.
#[must_use]
pub fn all() -> &'static [Entry] {
    &ENTRIES
}

/// The table's row for a code.
#[must_use]
pub fn entry(code: MunicipalityCode) -> Option<&'static Entry> {
    let at = ENTRIES.binary_search_by_key(code.digits(), |entry| *entry.code.digits());
    at.ok().map(|at| &ENTRIES[at])
}

/// The municipality with a code, as a cardholder has it; `None` when the table lacks it, which does not mean that there is
/// none.
#[must_use]
pub fn find(code: MunicipalityCode) -> Option<Municipality> {
    entry(code).map(Entry::municipality)
}

/// Why a text is no code of a municipality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeError {
    /// It is not of the form.
    Form,
    /// Its check digit is wrong: the right one, ASCII.
    CheckDigit(u8),
}

impl CodeError {
    /// The error in both languages: a sentence without its subject.
    #[must_use]
    pub fn text(self) -> Text {
        match self {
            Self::Form => text!(
                "has five digits, or six with its check digit, the first two a prefecture (01 to 47)",
                "5桁、または検査用数字を含む6桁です。先頭の2桁は都道府県（01から47）です"
            ),
            Self::CheckDigit(right) => wrong_check_digit(Some(right)),
        }
    }
}

/// A check digit is wrong: the right one, ASCII.
pub(crate) fn wrong_check_digit(right: Option<u8>) -> Text {
    let right = char::from(right.unwrap_or(b'?'));
    text!(
        "has a wrong check digit: the digits before it need {right}",
        "検査用数字が違います。前の数字からは{right}になります"
    )
}

/// Reads 全国地方公共団体コード, with or without its check digit.
///
/// # Errors
/// [`CodeError`].
pub fn read_code(text: &str) -> Result<MunicipalityCode, CodeError> {
    let (base, check) = match *text.as_bytes() {
        [ref base @ .., check] if base.len() == 5 => (base, Some(check)),
        ref base => (base, None),
    };
    let code = <[u8; 5]>::try_from(base).ok().and_then(MunicipalityCode::from_digits);
    let code = code.filter(|_| check.is_none_or(|check| check.is_ascii_digit()));
    let code = code.ok_or(CodeError::Form)?;
    match check {
        Some(check) if check != code.check_digit() => Err(CodeError::CheckDigit(code.check_digit())),
        _ => Ok(code),
    }
}

/// The prefecture (都道府県) of any code, in the table or not: in Japanese and in Roman letters, e.g. 東京都 and `Tokyo-to`.
#[must_use]
pub fn prefecture(code: MunicipalityCode) -> (&'static str, &'static str) {
    // A code begins with 01 to 47.
    PREFECTURES[(code.number() / 1000 - 1) as usize]
}

#[cfg(test)]
mod tests;
