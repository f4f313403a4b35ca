//! The four attributes (基本4情報) in a certificate for digital signature: name, address, birth date, sex, with the marks of
//! substituted characters.

use der::asn1::{ObjectIdentifier, Utf8StringRef};
use vmyna_apdu::foreign::is_variation_selector;
use vmyna_apdu::{Text, text};
use vmyna_applets::birth::BirthDate;
use vmyna_issuance::x509::names::attribute;
use x509_cert::certificate::TbsCertificate;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::report::{Report, fixed};

/// The identifiers of the other names, with the stable names and titles of their values.
const NAMES: [(ObjectIdentifier, &str, (&str, &str)); 6] = [
    (attribute::FULL_NAME, "name", ("name", "氏名")),
    (attribute::ADDRESS, "address", ("address", "住所")),
    (attribute::BIRTH_DATE, "birth-date", ("birth date", "生年月日")),
    (attribute::SEX, "sex", ("sex", "性別")),
    (
        attribute::NAME_SUBSTITUTION,
        "name-substitutes",
        ("substitutes in the name", "氏名の代替文字"),
    ),
    (
        attribute::ADDRESS_SUBSTITUTION,
        "address-substitutes",
        ("substitutes in the address", "住所の代替文字"),
    ),
];

/// Name or address with a mark a character: `1` for one that stands for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Marked {
    pub(super) text: String,
    pub(super) marks: String,
}

/// What a certificate states of the cardholder. `Debug` is not there, because it is personal.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Attributes {
    pub(super) name: Marked,
    pub(super) address: Marked,
    /// An era digit and YYYYMMDD; zeros for what is unknown.
    pub(super) birth: String,
    /// 1 male, 2 female, 3 unknown.
    pub(super) sex: String,
}

impl Attributes {
    /// The birth date as the card's files write it, YYYYMMDD.
    pub(super) fn birth_digits(&self) -> Option<&str> {
        self.birth.get(1..)
    }

    /// Whether a sex of the card's files (ISO 5218) is this one: the certificate has one digit for both unknown and other.
    pub(super) fn is_sex(&self, of_card: &str) -> bool {
        match self.sex.as_str() {
            "3" => matches!(of_card, "0" | "9"),
            own => own == of_card,
        }
    }
}

/// Reads the attributes: each identifier once, each value a UTF8String.
fn read(fields: &TbsCertificate) -> Result<Attributes, Text> {
    let unreadable = || {
        fixed(
            "the certificate has no alternative name with the four attributes",
            "証明書に基本4情報を記録した別名がありません",
        )
    };
    let stated: der::Result<Option<(bool, SubjectAltName)>> = fields.get();
    let (_, names) = stated.ok().flatten().ok_or_else(unreadable)?;
    let mut values: [Option<String>; 6] = Default::default();
    for name in &names.0 {
        let GeneralName::OtherName(other) = name else {
            continue;
        };
        let Some(index) = NAMES.iter().position(|(oid, ..)| *oid == other.type_id) else {
            continue;
        };
        let (_, _, (en, ja)) = NAMES[index];
        let value: Utf8StringRef<'_> = other.value.decode_as().map_err(|_| {
            text!(
                "the {en} in the certificate is no text",
                "証明書の{ja}が文字列ではありません"
            )
        })?;
        if values[index].replace(value.as_str().to_owned()).is_some() {
            return Err(text!(
                "the certificate states the {en} twice",
                "証明書の{ja}が重複しています"
            ));
        }
    }
    let [name, address, birth, sex, name_marks, address_marks] = values;
    let (name, address, birth, sex) = match (name, address, birth, sex) {
        (Some(name), Some(address), Some(birth), Some(sex)) => (name, address, birth, sex),
        _ => return Err(unreadable()),
    };
    Ok(Attributes {
        name: Marked {
            text: name,
            marks: name_marks.unwrap_or_default(),
        },
        address: Marked {
            text: address,
            marks: address_marks.unwrap_or_default(),
        },
        birth,
        sex,
    })
}

/// Reads and reports the four attributes.
pub(super) fn check(report: &mut Report, fields: &TbsCertificate) -> Option<Attributes> {
    let attributes = match read(fields) {
        Ok(attributes) => attributes,
        Err(reason) => {
            report.invalid("certificate.attributes", reason);
            return None;
        }
    };
    report.check(
        "certificate.attributes",
        is_birth(&attributes.birth) && matches!(&*attributes.sex, "1" | "2" | "3"),
        fixed(
            "each of the four attributes is there once",
            "基本4情報がそれぞれ1つあります",
        ),
        fixed(
            "the birth date or the sex in the certificate has another form",
            "証明書の生年月日または性別の形式が異なります",
        ),
    );
    let Attributes {
        name,
        address,
        birth,
        sex,
    } = &attributes;
    let values = [&name.text, &address.text, birth, sex, &name.marks, &address.marks];
    for ((_, id, (en, ja)), value) in NAMES.iter().zip(values) {
        report.fact(*id, fixed(en, ja), value.as_str());
    }
    for (marked, en, ja) in [(name, "name", "氏名"), (address, "address", "住所")] {
        let (marks, letters) = (marked.marks.chars().count(), marked.text.chars().count());
        if marks != letters || marked.marks.contains(|mark| mark != '0' && mark != '1') {
            report.note(
                "certificate.substitutes",
                text!(
                    "the {en} has {letters} characters and {marks} marks of substitutes",
                    "{ja}は{letters}文字ですが、代替文字の印は{marks}個です"
                ),
            );
        } else if marked.marks.contains('1') {
            report.note(
                "certificate.substitutes",
                text!(
                    "the {en} has substitutes for characters that certificates lack",
                    "{ja}に証明書で使えない文字の代替文字があります"
                ),
            );
        }
    }
    Some(attributes)
}

/// An era digit, 0 if it is not known, and a date as the card's files write it.
fn is_birth(birth: &str) -> bool {
    match birth.as_bytes() {
        [b'0'..=b'5', digits @ ..] => BirthDate::from_digits(digits).is_some(),
        _ => false,
    }
}

/// Whether a text of the card is what the certificate states. A character of the certificate that is marked as a substitute
/// stands for any one character; all others are equal, code point by code point and before any Unicode normalisation.
/// Variation selectors belong to the character before them.
pub(super) fn same(of_certificate: &Marked, of_card: &str) -> bool {
    let card = letters(of_card);
    let certificate = letters(&of_certificate.text);
    let marks: Vec<char> = of_certificate.marks.chars().collect();
    card.len() == certificate.len()
        && card
            .iter()
            .zip(&certificate)
            .enumerate()
            .all(|(index, (card, certificate))| card == certificate || marks.get(index) == Some(&'1'))
}

/// Characters, each with the variation selectors behind it.
fn letters(text: &str) -> Vec<&str> {
    let starts: Vec<usize> = text
        .char_indices()
        .filter(|(_, letter)| !is_variation_selector(*letter))
        .map(|(at, _)| at)
        .chain([text.len()])
        .collect();
    starts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}
