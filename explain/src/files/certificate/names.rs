//! Names of the object identifiers in the certificates of the card.

use x509_cert::der::asn1::ObjectIdentifier;

use vmyna_apdu::{Language, say};

/// The names that standards give. They are not translated.
const NAMES: [(&str, &str); 16] = [
    ("1.2.840.113549.1.1.1", "rsaEncryption"),
    ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption"),
    ("1.3.6.1.5.5.7.1.1", "authorityInfoAccess"),
    ("1.3.6.1.5.5.7.2.1", "CPS"),
    ("1.3.6.1.5.5.7.3.2", "clientAuth"),
    ("1.3.6.1.5.5.7.48.1", "OCSP"),
    ("2.5.29.14", "subjectKeyIdentifier"),
    ("2.5.29.15", "keyUsage"),
    ("2.5.29.17", "subjectAltName"),
    ("2.5.29.18", "issuerAltName"),
    ("2.5.29.19", "basicConstraints"),
    ("2.5.29.31", "cRLDistributionPoints"),
    ("2.5.29.32", "certificatePolicies"),
    ("2.5.29.35", "authorityKeyIdentifier"),
    ("2.5.29.37", "extKeyUsage"),
    ("1.2.840.113549.1.1.10", "RSASSA-PSS"),
];

/// Names of the identifiers of this card, shown after their digits. The first six are 署名用電子証明書の基本4情報, in the
/// order of the numbers.
const OWN_NAMES: [(&str, &str, &str); 8] = [
    ("1.2.392.200149.8.5.5.1", "name 氏名", "氏名"),
    (
        "1.2.392.200149.8.5.5.2",
        "substitute characters of the name 代替文字",
        "氏名の代替文字の使用位置情報",
    ),
    (
        "1.2.392.200149.8.5.5.3",
        "sex 性別 (1 male, 2 female, 3 unknown)",
        "性別（1 男、2 女、3 不明）",
    ),
    (
        "1.2.392.200149.8.5.5.4",
        "birth date 生年月日 (era 1 Meiji to 5 Reiwa, YYYYMMDD)",
        "生年月日（元号1 明治〜5 令和、YYYYMMDD）",
    ),
    ("1.2.392.200149.8.5.5.5", "address 住所", "住所"),
    (
        "1.2.392.200149.8.5.5.6",
        "substitute characters of the address 代替文字",
        "住所の代替文字の使用位置情報",
    ),
    (
        "1.2.392.200149.8.5.1.0.20",
        "test hierarchy, digital signature",
        "テスト階層、署名用",
    ),
    (
        "1.2.392.200149.8.5.1.0.30",
        "test hierarchy, user authentication",
        "テスト階層、利用者証明用",
    ),
];

/// The name of an identifier, or its digits if it has no name. An identifier of this card has digits and name.
pub(crate) fn name_of(id: &ObjectIdentifier, language: Language) -> String {
    let digits = id.to_string();
    if let Some((_, en, ja)) = OWN_NAMES.iter().find(|(known, ..)| *known == digits) {
        return say!(language, "{digits} {en}", "{digits} {ja}");
    }
    match NAMES.iter().find(|(known, _)| *known == digits) {
        Some((_, name)) => (*name).to_owned(),
        None => digits,
    }
}
