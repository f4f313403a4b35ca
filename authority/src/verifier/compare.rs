//! Things that were given together must be of one person: text data, face data, a certificate for digital signature.

use vmyna_apdu::text;
use vmyna_mdoc::{BirthDate, NAMESPACE, NAMESPACE_JP, Value, element};

use super::attributes::{Attributes, same};
use super::report::{Kind, Report, fixed};

/// The four attributes of the card's text data. There is no `Debug`, because they are personal.
#[derive(Clone, PartialEq, Eq)]
pub struct CardAttributes {
    /// The name.
    pub name: String,
    /// The address.
    pub address: String,
    /// The birth date, YYYYMMDD.
    pub birth: String,
    /// The sex, a digit of ISO 5218.
    pub sex: String,
}

/// What the card's face data states as text.
#[derive(Clone, PartialEq, Eq)]
pub struct FaceAttributes {
    pub(super) birth: String,
    pub(super) sex: String,
}

/// What the released elements of an mdoc state, as far as they were released.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct MdocAttributes {
    name: Option<String>,
    address: Option<String>,
    /// YYYYMMDD; `None` also if a part is unknown.
    birth: Option<String>,
    /// A digit of ISO 5218.
    sex: Option<String>,
}

impl MdocAttributes {
    /// From the elements of a document; `None` if they state none of these.
    pub(super) fn of(found: &vmyna_mdoc::Report) -> Option<Self> {
        let text = |identifier| {
            let value = found.value(NAMESPACE_JP, identifier);
            value.and_then(Value::as_text).map(str::to_owned)
        };
        let birth = found.value(NAMESPACE, "birth_date").and_then(element::date);
        let sex = found.value(NAMESPACE, "sex").and_then(Value::as_integer);
        let attributes = Self {
            name: text("full_name_unicode"),
            address: text("resident_address_unicode"),
            birth: birth.filter(|birth| birth.is_known()).map(BirthDate::digits),
            sex: sex.map(|sex| i128::from(sex).to_string()),
        };
        let none = Self {
            name: None,
            address: None,
            birth: None,
            sex: None,
        };
        Some(attributes).filter(|attributes| *attributes != none)
    }
}

/// What the verified things state of the cardholder. There is no `Debug`, because it is personal.
#[derive(Clone, Default)]
pub struct Claims {
    pub(super) text: Option<CardAttributes>,
    pub(super) face: Option<FaceAttributes>,
    pub(super) certificates: Vec<Attributes>,
    pub(super) mdoc: Vec<MdocAttributes>,
}

impl Claims {
    /// Adds the text data of a card that another party has read and vouches for, such as an identity provider.
    pub fn expect(&mut self, attributes: CardAttributes) {
        self.text = Some(attributes);
    }
}

/// Compares all of them; `None` if there is nothing to compare.
#[must_use]
pub fn compare(claims: &Claims) -> Option<Report> {
    let mut report = Report::new(Kind::Comparison, Vec::new());
    if let (Some(text), Some(face)) = (&claims.text, &claims.face) {
        report.check(
            "compare.text-face",
            text.birth == face.birth && text.sex == face.sex,
            fixed(
                "text data and face data state the same birth date and sex",
                "テキストデータと券面データの生年月日と性別は同じです",
            ),
            fixed(
                "text data and face data state different birth dates or sexes",
                "テキストデータと券面データの生年月日または性別が異なります",
            ),
        );
        report.note(
            "compare.pictures",
            fixed(
                "name and address in the face data are pictures: compare them with the text by eye",
                "券面データの氏名と住所は画像です。目で見て比べてください",
            ),
        );
    }
    for certificate in &claims.certificates {
        if let Some(text) = &claims.text {
            let differing = [
                (same(&certificate.name, &text.name), "name", "氏名"),
                (same(&certificate.address, &text.address), "address", "住所"),
                (
                    certificate.birth_digits() == Some(&*text.birth),
                    "birth date",
                    "生年月日",
                ),
                (certificate.is_sex(&text.sex), "sex", "性別"),
            ];
            let names = differing.iter().filter(|(same, ..)| !same);
            let (en, ja): (Vec<&str>, Vec<&str>) = names.map(|(_, en, ja)| (*en, *ja)).unzip();
            let (en, ja) = (en.join(", "), ja.join("、"));
            report.check(
                "compare.certificate-text",
                en.is_empty(),
                fixed(
                    "certificate and text data are of one person",
                    "証明書とテキストデータは同じ人のものです",
                ),
                text!(
                    "certificate and text data differ in: {en}",
                    "証明書とテキストデータが異なります: {ja}"
                ),
            );
        }
        if let Some(face) = &claims.face {
            report.check(
                "compare.certificate-face",
                certificate.birth_digits() == Some(&*face.birth) && certificate.is_sex(&face.sex),
                fixed(
                    "certificate and face data state the same birth date and sex",
                    "証明書と券面データの生年月日と性別は同じです",
                ),
                fixed(
                    "certificate and face data state different birth dates or sexes",
                    "証明書と券面データの生年月日または性別が異なります",
                ),
            );
        }
    }
    for mdoc in &claims.mdoc {
        compare_mdoc(&mut report, mdoc, claims);
    }
    if let [first, others @ ..] = claims.certificates.as_slice()
        && !others.is_empty()
    {
        report.check(
            "compare.certificates",
            others.iter().all(|other| other == first),
            fixed("the certificates are of one person", "証明書は同じ人のものです"),
            fixed(
                "the certificates state different attributes",
                "証明書の基本4情報が異なります",
            ),
        );
    }
    (!report.steps.is_empty()).then_some(report)
}

/// Compares what an mdoc states with the text data and the certificates.
fn compare_mdoc(report: &mut Report, mdoc: &MdocAttributes, claims: &Claims) {
    // An element that was not released can't differ.
    let is = |stated: &Option<String>, same: &dyn Fn(&str) -> bool| stated.as_deref().is_none_or(same);
    let mut check = |id, differing: [bool; 4], other_en: &str, other_ja: &str| {
        const NAMES: [(&str, &str); 4] = [
            ("name", "氏名"),
            ("address", "住所"),
            ("birth date", "生年月日"),
            ("sex", "性別"),
        ];
        let names = NAMES.iter().zip(differing).filter(|(_, same)| !same);
        let (en, ja): (Vec<&str>, Vec<&str>) = names.map(|((en, ja), _)| (*en, *ja)).unzip();
        let (en, ja) = (en.join(", "), ja.join("、"));
        report.check(
            id,
            en.is_empty(),
            text!(
                "mdoc and {other_en} are of one person, as far as elements were released",
                "mdocと{other_ja}は、提示された要素の限りで同じ人のものです"
            ),
            text!(
                "mdoc and {other_en} differ in: {en}",
                "mdocと{other_ja}が異なります: {ja}"
            ),
        );
    };
    if let Some(text) = &claims.text {
        let same = [
            is(&mdoc.name, &|name| name == text.name),
            is(&mdoc.address, &|address| address == text.address),
            is(&mdoc.birth, &|birth| birth == text.birth),
            is(&mdoc.sex, &|sex| sex == text.sex),
        ];
        check("compare.mdoc-text", same, "text data", "テキストデータ");
    }
    for certificate in &claims.certificates {
        let same = [
            is(&mdoc.name, &|name| same(&certificate.name, name)),
            is(&mdoc.address, &|address| same(&certificate.address, address)),
            is(&mdoc.birth, &|birth| certificate.birth_digits() == Some(birth)),
            is(&mdoc.sex, &|sex| certificate.is_sex(sex)),
        ];
        check("compare.mdoc-certificate", same, "certificate", "証明書");
    }
}
