//! The data elements of the mdoc: names, titles and kinds.

use ciborium::Value;
use vmyna_apdu::{Text, text};

use crate::birth_date::BirthDate;
use crate::cbor;

/// The document type of カード代替電磁的記録.
pub const DOC_TYPE: &str = "org.iso.23220.1.jp.mnc";
/// The namespace of the Japanese elements.
pub const NAMESPACE_JP: &str = "org.iso.23220.1.jp";
/// The namespace of the elements of ISO/IEC TS 23220-2.
pub const NAMESPACE: &str = "org.iso.23220.1";

/// The CBOR type of an element's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text string.
    Text,
    /// A byte string: an image file.
    Image,
    /// An unsigned integer.
    Unsigned,
    /// True or false.
    Boolean,
    /// A date (tag 1004), bare or in a map.
    Date,
}

/// A data element that the mdoc can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    /// [`NAMESPACE_JP`] or [`NAMESPACE`].
    pub namespace: &'static str,
    /// The identifier within the namespace.
    pub identifier: &'static str,
    /// The title in English.
    pub en: &'static str,
    /// The title in Japanese.
    pub ja: &'static str,
    /// The type of its value.
    pub kind: Kind,
}

/// The elements in the order of their publication, without `age_over_NN`, which [`title`] and [`kind`] know too.
///
/// The names are public (Apple's documentation of `PKIdentityDocument`, two independent readers). That there are no others is
/// inferred from their absence in every source.
pub const ELEMENTS: &[Element] = &[
    jp("full_name_unicode", "name", "氏名", Kind::Text),
    jp("resident_address_unicode", "address", "住所", Kind::Text),
    jp(
        "local_gov_code_unicode",
        "municipality code",
        "市町村コード",
        Kind::Text,
    ),
    jp("individual_number_unicode", "My Number", "個人番号", Kind::Text),
    jp("portrait", "portrait", "顔写真", Kind::Image),
    jp("sex_unicode", "sex (text)", "性別（文字）", Kind::Text),
    jp(
        "birth_date_unicode",
        "birth date (text)",
        "生年月日（文字）",
        Kind::Text,
    ),
    iso("sex", "sex", "性別", Kind::Unsigned),
    iso("birth_date", "birth date", "生年月日", Kind::Date),
    iso("age_in_years", "age in years", "年齢", Kind::Unsigned),
];

const fn jp(identifier: &'static str, en: &'static str, ja: &'static str, kind: Kind) -> Element {
    Element {
        namespace: NAMESPACE_JP,
        identifier,
        en,
        ja,
        kind,
    }
}

const fn iso(identifier: &'static str, en: &'static str, ja: &'static str, kind: Kind) -> Element {
    Element {
        namespace: NAMESPACE,
        identifier,
        en,
        ja,
        kind,
    }
}

fn find(namespace: &str, identifier: &str) -> Option<&'static Element> {
    ELEMENTS
        .iter()
        .find(|one| one.namespace == namespace && one.identifier == identifier)
}

/// The NN of `age_over_NN`.
pub(crate) fn age_over(namespace: &str, identifier: &str) -> Option<u8> {
    let digits = identifier.strip_prefix("age_over_")?;
    let two = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| two && namespace == NAMESPACE)
}

/// The title of an element for people, or `None` if the document type does not have it.
#[must_use]
pub fn title(namespace: &str, identifier: &str) -> Option<Text> {
    if let Some(age) = age_over(namespace, identifier) {
        return Some(text!("at least {age} years old", "{age}歳以上"));
    }
    find(namespace, identifier).map(|element| Text {
        en: element.en.to_owned(),
        ja: element.ja.to_owned(),
    })
}

/// The type of an element's value, or `None` if the document type does not have the element.
#[must_use]
pub fn kind(namespace: &str, identifier: &str) -> Option<Kind> {
    match age_over(namespace, identifier) {
        Some(_) => Some(Kind::Boolean),
        None => find(namespace, identifier).map(|element| element.kind),
    }
}

/// The date in either form of `birth_date`: a date (tag 1004), or a map with one, whose mask says which digits are unknown.
#[must_use]
pub fn date(value: &Value) -> Option<BirthDate> {
    let (date, mask) = match value {
        Value::Map(fields) => {
            let mask = match cbor::get(fields, "approximate_mask") {
                Some(mask) => Some(mask.as_text()?),
                None => None,
            };
            (cbor::get(fields, "birth_date")?, mask)
        }
        date => (date, None),
    };
    let text = match date {
        Value::Tag(1004, text) => text.as_text()?,
        _ => return None,
    };
    let is_date = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let part = |from: usize, until: usize| text.get(from..until).filter(|_| is_date)?.parse::<u16>().ok();
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    // The day must exist even where the mask hides it.
    BirthDate::new(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?).filter(|date| date.is_known())?;
    let (month, day) = match mask {
        None | Some("00000000") => (month, day),
        Some("00000011") => (month, 0),
        Some("00001111") => (0, 0),
        Some(_) => return None,
    };
    BirthDate::new(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
}

/// A value for people. It can hold any characters: escape it before a terminal shows it.
#[must_use]
pub fn value_text(value: &Value) -> Text {
    if let Some(date) = date(value) {
        return Text::same(date.to_string());
    }
    match value {
        Value::Text(text) => Text::same(text.as_str()),
        Value::Integer(number) => Text::same(i128::from(*number).to_string()),
        Value::Bool(true) => text!("yes", "はい"),
        Value::Bool(false) => text!("no", "いいえ"),
        Value::Bytes(bytes) => {
            let length = bytes.len();
            text!("{length} bytes", "{length}バイト")
        }
        _ => text!("a value of a form that is not known", "未知の形式の値"),
    }
}
