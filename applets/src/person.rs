//! The cardholder (本人), as far as issuing a card needs to know them, and the numbers and codes that belong to a person.
//!
//! People described with these types are fictional. `Debug` never shows a My Number; a caller gets its digits by a method
//! of that name.

use std::fmt;

use vmyna_apdu::foreign::is_variation_selector;

use crate::birth::BirthDate;
use crate::calendar::Date;

/// The longest address of a card, in characters: that of a signature certificate.
const LONGEST_ADDRESS: usize = 200;

/// A cardholder.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Person {
    /// 氏名: family name, U+3000, given name, in the characters of the register. A certificate may have substitutes for
    /// some of them (代替文字). In some images of version 1 the name itself has the substitutes.
    pub name: String,
    /// 氏名の振り仮名 in katakana, as in `name`; empty if none was given. No public file of the card holds it.
    pub kana: String,
    /// 住所: from the prefecture on, without post code, digits full width, in the characters of the register as `name`. At
    /// most 200 characters, without variation selectors.
    pub address: String,
    /// 生年月日.
    pub birth: BirthDate,
    /// 性別.
    pub sex: Sex,
    /// 個人番号.
    pub my_number: MyNumber,
    /// The municipality that issues the card.
    pub municipality: Municipality,
}

impl Person {
    /// A person without a reading of the name. The texts are checked by [`Self::check`].
    #[must_use]
    pub fn new(
        name: String,
        address: String,
        birth: impl Into<BirthDate>,
        sex: Sex,
        my_number: MyNumber,
        municipality: Municipality,
    ) -> Self {
        Self {
            name,
            kana: String::new(),
            address,
            birth: birth.into(),
            sex,
            my_number,
            municipality,
        }
    }

    /// Checks what the types cannot: texts that a card can carry, and a birth date in a Japanese era.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn check(&self) -> Result<(), PersonError> {
        let length = |text: &str| {
            text.chars()
                .filter(|character| !is_variation_selector(*character))
                .count()
        };
        let (name, address) = (length(&self.name), length(&self.address));
        if name == 0 || address == 0 || address > LONGEST_ADDRESS {
            return Err(PersonError::TextLength);
        }
        if self.name.chars().chain(self.address.chars()).any(char::is_control) {
            return Err(PersonError::ControlCharacter);
        }
        if self.birth.is_before_meiji() {
            return Err(PersonError::BeforeMeiji);
        }
        Ok(())
    }

    /// The birth date as the signature certificate writes it: the era's digit and `YYYYMMDD`, e.g. `319800217`. The era of
    /// an unknown year has the digit 0.
    ///
    /// # Errors
    /// [`PersonError::BeforeMeiji`].
    pub fn birth_with_era_digit(&self) -> Result<String, PersonError> {
        if self.birth.is_before_meiji() {
            return Err(PersonError::BeforeMeiji);
        }
        let digit = self.birth.japanese().map_or(0, |japanese| japanese.era.digit());
        Ok(format!("{digit}{}", self.birth.digits()))
    }

    /// The birth PIN (生年月日 PIN) of the face-info application: year of the era, month, day; six digits. What is not
    /// known is 00 (`assumed`).
    ///
    /// # Errors
    /// [`PersonError::BeforeMeiji`].
    pub fn birth_date_pin(&self) -> Result<String, PersonError> {
        if self.birth.is_before_meiji() {
            return Err(PersonError::BeforeMeiji);
        }
        let Some(japanese) = self.birth.japanese() else {
            return Ok("000000".to_owned());
        };
        Ok(format!("{:02}{:02}{:02}", japanese.year, japanese.month, japanese.day))
    }

    /// 照合番号B: the birth PIN, the card's expiry year and the four-digit security code; 14 digits.
    ///
    /// # Errors
    /// [`PersonError::BeforeMeiji`].
    pub fn verification_code_b(&self, expiry: Date, security_code: SecurityCode) -> Result<String, PersonError> {
        let code = security_code.as_str();
        Ok(format!("{}{:04}{code}", self.birth_date_pin()?, expiry.year()))
    }
}

/// The rule that a [`Person`] breaks. It holds no data of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.rule())]
#[non_exhaustive]
pub enum PersonError {
    /// The name is empty, or the address is empty or longer than 200 characters.
    TextLength,
    /// The name or the address contains a control character.
    ControlCharacter,
    /// The birth date is before Meiji.
    BeforeMeiji,
}

impl PersonError {
    /// The rule that is broken.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::TextLength => "a name is not empty and an address has 1 to 200 characters",
            Self::ControlCharacter => "a name and an address contain no control characters",
            Self::BeforeMeiji => "a cardholder is born in Meiji or later",
        }
    }
}

/// 性別. The card writes it in two codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sex {
    /// 男.
    Male,
    /// 女.
    Female,
    /// Neither, or not applicable.
    Other,
    /// Not known.
    Unknown,
}

impl Sex {
    /// The digit in the files of the applications, which follow ISO/IEC 5218: 1, 2, 9, 0.
    #[must_use]
    pub const fn iso5218_digit(self) -> u8 {
        match self {
            Self::Male => b'1',
            Self::Female => b'2',
            Self::Other => b'9',
            Self::Unknown => b'0',
        }
    }

    /// The digit in the signature certificate, which knows 1 male, 2 female, 3 everything else.
    #[must_use]
    pub const fn certificate_digit(self) -> char {
        match self {
            Self::Male => '1',
            Self::Female => '2',
            Self::Other | Self::Unknown => '3',
        }
    }
}

/// 個人番号: twelve ASCII digits, the last a check digit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MyNumber([u8; 12]);

impl MyNumber {
    /// Takes twelve ASCII digits, or gives `None` when there are others or the check digit is wrong.
    #[must_use]
    pub const fn from_digits(digits: [u8; 12]) -> Option<Self> {
        let mut base = [0; 11];
        let mut at = 0;
        while at < 11 {
            base[at] = digits[at];
            at += 1;
        }
        match my_number_check_digit(base) {
            Some(check) if check == digits[11] => Some(Self(digits)),
            _ => None,
        }
    }

    /// The twelve ASCII digits. Keep them out of logs.
    #[must_use]
    pub const fn digits(&self) -> &[u8; 12] {
        &self.0
    }
}

impl fmt::Debug for MyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MyNumber(masked)")
    }
}

/// The check digit (ASCII) of a My Number's eleven base digits (ASCII), or `None` when they are not digits.
///
/// Ministerial ordinance 85 of 2014 (総務省令第85号), section 5: from the right, weights 2 to 7 and again 2 to 6; with r the
/// sum modulo 11 the digit is 0 if r is 0 or 1, else 11 − r.
#[must_use]
pub const fn my_number_check_digit(base: [u8; 11]) -> Option<u8> {
    weighted_check_digit(&base)
}

/// The check digit (ASCII) under ASCII digits by modulus 11 with weights 2 to 7 from the right, then again from 2; `None`
/// when they are not digits.
const fn weighted_check_digit(base: &[u8]) -> Option<u8> {
    let (mut sum, mut at) = (0_u32, 0);
    while at < base.len() {
        if !base[at].is_ascii_digit() {
            return None;
        }
        // The sixth digit from the right is the last one before the weights start again.
        let from_right = (base.len() - at) as u32;
        let weight = (from_right - 1) % 6 + 2;
        sum += (base[at] - b'0') as u32 * weight;
        at += 1;
    }
    Some(match sum % 11 {
        0 | 1 => b'0',
        rest => b'0' + (11 - rest) as u8,
    })
}

/// 住民票コード: eleven ASCII digits, the last a check digit. A number of the person that only the residence-code
/// application holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ResidenceCode([u8; 11]);

impl ResidenceCode {
    /// Takes eleven ASCII digits, or gives `None` when there are others or the check digit is wrong.
    #[must_use]
    pub const fn from_digits(digits: [u8; 11]) -> Option<Self> {
        let (base, check) = digits.split_at(10);
        match weighted_check_digit(base) {
            Some(expected) if expected == check[0] => Some(Self(digits)),
            _ => None,
        }
    }

    /// The eleven ASCII digits. Keep them out of logs.
    #[must_use]
    pub const fn digits(&self) -> &[u8; 11] {
        &self.0
    }
}

impl fmt::Debug for ResidenceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResidenceCode(masked)")
    }
}

/// The check digit (ASCII) of a residence code's ten base digits (ASCII), or `None` when they are not digits.
///
/// Notice 436 of 2002 (平成14年総務省告示第436号), as programs that cite it compute it: the rule of the My Number with one
/// digit less. The text of the notice itself was not available.
#[must_use]
pub const fn residence_code_check_digit(base: [u8; 10]) -> Option<u8> {
    weighted_check_digit(&base)
}

/// セキュリティコード: the four ASCII digits printed on the card's face, part of 照合番号B. Masked in `Debug`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecurityCode([u8; 4]);

impl SecurityCode {
    /// Takes four ASCII digits, or gives `None` when there are others.
    #[must_use]
    pub const fn from_digits(digits: [u8; 4]) -> Option<Self> {
        let mut at = 0;
        while at < 4 {
            if !digits[at].is_ascii_digit() {
                return None;
            }
            at += 1;
        }
        Some(Self(digits))
    }

    /// The four digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only digits get in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for SecurityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecurityCode(masked)")
    }
}

/// The municipality (市区町村) that issues cards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Municipality {
    /// 全国地方公共団体コード without its check digit.
    pub code: MunicipalityCode,
    /// The prefecture in Roman letters as certificates write it, e.g. `Tokyo-to`.
    pub prefecture: String,
    /// The municipality likewise, e.g. `Chiyoda-ku`.
    pub name: String,
    /// The municipality in Japanese with its prefecture (都道府県) left out, e.g. 千代田区. Its mayor issues the card.
    pub title: String,
}

/// 全国地方公共団体コード, the five digits that the card carries (ASCII).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MunicipalityCode([u8; 5]);

impl MunicipalityCode {
    /// Takes five ASCII digits, the first two a prefecture, 01 to 47; else `None`.
    #[must_use]
    pub const fn from_digits(digits: [u8; 5]) -> Option<Self> {
        let mut at = 0;
        while at < 5 {
            if !digits[at].is_ascii_digit() {
                return None;
            }
            at += 1;
        }
        let prefecture = (digits[0] - b'0') * 10 + (digits[1] - b'0');
        if prefecture >= 1 && prefecture <= 47 {
            Some(Self(digits))
        } else {
            None
        }
    }

    /// The five ASCII digits.
    #[must_use]
    pub const fn digits(&self) -> &[u8; 5] {
        &self.0
    }

    /// The code as a number.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.0
            .iter()
            .fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
    }

    /// The sixth digit (ASCII) of the printed code: weights 6 to 2; the last digit of 11 − (sum modulo 11).
    #[must_use]
    pub const fn check_digit(&self) -> u8 {
        let (mut sum, mut at) = (0_u32, 0);
        while at < 5 {
            sum += (self.0[at] - b'0') as u32 * (6 - at as u32);
            at += 1;
        }
        b'0' + ((11 - sum % 11) % 10) as u8
    }
}

impl fmt::Display for MunicipalityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|digit| write!(f, "{}", char::from(*digit)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(digits: &[u8; 5]) -> MunicipalityCode {
        MunicipalityCode::from_digits(*digits).unwrap()
    }

    fn fictional(birth: &str, sex: Sex) -> Person {
        Person {
            name: "見本　一".to_owned(),
            kana: String::new(),
            address: "東京都千代田区見本町１".to_owned(),
            birth: BirthDate::from_digits(birth.as_bytes()).unwrap(),
            sex,
            my_number: MyNumber::from_digits(*b"123456789018").unwrap(),
            municipality: Municipality {
                code: code(b"13101"),
                prefecture: "Tokyo-to".to_owned(),
                name: "Chiyoda-ku".to_owned(),
                title: "千代田区".to_owned(),
            },
        }
    }

    #[test]
    fn the_check_digit_of_a_my_number_follows_the_ordinance() {
        for (base, check) in [(b"98320567321", b'4'), (b"53768667718", b'8'), (b"12345678901", b'8')] {
            assert_eq!(my_number_check_digit(*base), Some(check));
        }
        assert_eq!(my_number_check_digit(*b"00000000000"), Some(b'0'), "remainder 0");
        assert_eq!(my_number_check_digit(*b"00000000051"), Some(b'5'), "remainder 6");
        assert_eq!(my_number_check_digit(*b"00000000006"), Some(b'0'), "remainder 1");
        assert_eq!(my_number_check_digit(*b"1234567890x"), None);
    }

    #[test]
    fn a_my_number_with_a_wrong_check_digit_is_refused() {
        assert!(MyNumber::from_digits(*b"123456789018").is_some());
        assert!(MyNumber::from_digits(*b"123456789019").is_none());
        assert!(MyNumber::from_digits(*b"12345678901a").is_none());
    }

    #[test]
    fn the_check_digit_of_a_residence_code_follows_the_rule_of_the_my_number_with_one_digit_less() {
        // Worked by hand: weights 5 4 3 2 7 6 5 4 3 2; the sums leave 8, 0, 1, 2 and 5.
        for (base, check) in [
            (b"1234567890", b'3'),
            (b"0000000000", b'0'),
            (b"0000000006", b'0'),
            (b"0000000001", b'9'),
            (b"1000000000", b'6'),
        ] {
            assert_eq!(residence_code_check_digit(*base), Some(check), "{base:?}");
        }
        assert_eq!(residence_code_check_digit(*b"123456789x"), None);
    }

    #[test]
    fn a_residence_code_with_a_wrong_check_digit_is_refused_and_none_is_shown() {
        let code = ResidenceCode::from_digits(*b"12345678903").unwrap();
        assert_eq!(code.digits(), b"12345678903");
        assert_eq!(format!("{code:?}"), "ResidenceCode(masked)");
        assert!(ResidenceCode::from_digits(*b"12345678904").is_none());
        assert!(ResidenceCode::from_digits(*b"1234567890x").is_none());
        assert!(ResidenceCode::from_digits(*b"x2345678903").is_none());
    }

    #[test]
    fn a_my_number_does_not_appear_in_debug_output() {
        let shown = format!("{:?}", fictional("19891025", Sex::Female));
        assert!(!shown.contains("123456789018") && shown.contains("masked"), "{shown}");
    }

    #[test]
    fn the_check_digit_of_a_municipality_follows_the_public_list() {
        // Chiyoda-ku, Kiyose-shi, Sapporo-shi, Yokohama-shi.
        for (digits, check) in [(b"13101", b'6'), (b"13221", b'7'), (b"01100", b'2'), (b"14100", b'3')] {
            assert_eq!(code(digits).check_digit(), check, "{}", code(digits));
        }
        assert_eq!(code(b"01020").check_digit(), b'1', "remainder 0: 11 ends in 1");
        assert_eq!(code(b"01110").check_digit(), b'0', "remainder 1: 10 ends in 0");
    }

    #[test]
    fn a_municipality_lies_in_one_of_the_47_prefectures() {
        assert!(MunicipalityCode::from_digits(*b"47382").is_some());
        for digits in [b"00100", b"48100", b"1310a"] {
            assert!(MunicipalityCode::from_digits(*digits).is_none());
        }
    }

    #[test]
    fn the_birth_date_takes_the_digit_of_its_era_in_the_certificate_and_its_era_year_in_the_pin() {
        for (birth, certificate, pin) in [
            ("19800217", "319800217", "550217"), // the holder of the test card
            ("19890107", "319890107", "640107"),
            ("19891025", "419891025", "011025"),
            ("20200131", "520200131", "020131"),
            // Unknown parts: assumed.
            ("19450000", "319450000", "200000"),
            ("19450600", "319450600", "200600"),
            ("00000000", "000000000", "000000"),
        ] {
            let person = fictional(birth, Sex::Other);
            assert_eq!(person.birth_with_era_digit().unwrap(), certificate);
            assert_eq!(person.birth_date_pin().unwrap(), pin);
        }
    }

    #[test]
    fn verification_code_b_is_birth_expiry_year_and_security_code() {
        let person = fictional("19800217", Sex::Male);
        let expiry = Date::from_digits(b"20350217").unwrap();
        let code = SecurityCode::from_digits(*b"2285").unwrap();
        assert_eq!(person.verification_code_b(expiry, code).unwrap(), "55021720352285");
    }

    #[test]
    fn a_security_code_is_four_digits_and_not_shown() {
        assert!(SecurityCode::from_digits(*b"22a5").is_none());
        let shown = format!("{:?}", SecurityCode::from_digits(*b"2285").unwrap());
        assert_eq!(shown, "SecurityCode(masked)");
    }

    #[test]
    fn a_person_that_a_card_cannot_carry_is_refused() {
        let good = fictional("19891025", Sex::Unknown);
        good.check().unwrap();
        // A selector counts as no character.
        let selected = Person {
            address: "葛\u{E0100}".repeat(200),
            ..good.clone()
        };
        selected.check().unwrap();
        let refused = [
            Person {
                name: String::new(),
                ..good.clone()
            },
            Person {
                address: "あ".repeat(201),
                ..good.clone()
            },
            Person {
                address: "a\nb".to_owned(),
                ..good.clone()
            },
            Person {
                birth: BirthDate::from_digits(b"18680124").unwrap(),
                ..good
            },
        ];
        for person in refused {
            assert!(person.check().is_err(), "{person:?}");
        }
    }

    proptest! {
        #[test]
        fn every_single_wrong_digit_of_a_my_number_is_noticed_unless_the_remainder_rule_hides_it(
            base in proptest::array::uniform11(b'0'..=b'9'), at in 0_usize..11, other in b'0'..=b'9',
        ) {
            let check = my_number_check_digit(base).unwrap();
            let mut changed = base;
            changed[at] = other;
            // Remainders 0 and 1 share the digit 0; every other pair of numbers differing in one digit has two check digits.
            if changed != base && check != b'0' {
                prop_assert_ne!(my_number_check_digit(changed), Some(check));
            }
        }
    }
}
