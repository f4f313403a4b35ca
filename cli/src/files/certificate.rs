//! An X.509 certificate as a text for people: subject, issuer, validity, key, and every extension with its meaning.
//!
//! An extension that is not known here, or not in its form, is shown as bytes; it never hides the others.

use rsa::RsaPublicKey;
use rsa::pkcs8::DecodePublicKey;
use rsa::traits::PublicKeyParts;
use sha2::{Digest, Sha256};
use vmyna_applets::issuance::validity;
use x509_cert::Certificate;
use x509_cert::der::asn1::{Ia5StringRef, ObjectIdentifier, Utf8StringRef};
use x509_cert::der::{DateTime, Decode, Encode, Reader, SliceReader};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::crl::CrlDistributionPoints;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName, GeneralNames};
use x509_cert::ext::pkix::{
    AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints, CertificatePolicies, ExtendedKeyUsage,
    IssuerAltName, KeyUsage, SubjectAltName, SubjectKeyIdentifier,
};

use super::value;
use crate::hex;

/// Names of the identifiers that certificates of the card use.
const NAMES: [(&str, &str); 24] = [
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
    // 署名用電子証明書の基本4情報, in the order of the numbers.
    ("1.2.392.200149.8.5.5.1", "name 氏名"),
    ("1.2.392.200149.8.5.5.2", "substitute characters of the name 代替文字"),
    ("1.2.392.200149.8.5.5.3", "sex 性別 (1 male, 2 female, 3 unknown)"),
    (
        "1.2.392.200149.8.5.5.4",
        "birth date 生年月日 (era 1 Meiji to 5 Reiwa, YYYYMMDD)",
    ),
    ("1.2.392.200149.8.5.5.5", "address 住所"),
    (
        "1.2.392.200149.8.5.5.6",
        "substitute characters of the address 代替文字",
    ),
    ("1.2.392.200149.8.5.1.0.20", "test hierarchy, digital signature"),
    ("1.2.392.200149.8.5.1.0.30", "test hierarchy, user authentication"),
    ("1.2.840.113549.1.1.10", "RSASSA-PSS"),
];

/// The lines of a file that is a certificate, with filler (`FF`) behind it or none; `None` for another file.
pub(super) fn lines(file: &[u8]) -> Option<Vec<String>> {
    if file.first() != Some(&0x30) {
        return None;
    }
    let mut reader = SliceReader::new(file).ok()?;
    let certificate = Certificate::decode(&mut reader).ok()?;
    let length = usize::try_from(reader.position()).ok()?;
    let (der, filler) = file.split_at_checked(length)?;
    if filler.iter().any(|byte| *byte != 0xFF) {
        return None;
    }
    let mut lines = described(&certificate, der);
    if !filler.is_empty() {
        lines.push(format!("filler: {} x FF", filler.len()));
    }
    Some(lines.iter().map(|line| harmless(line)).collect())
}

fn described(certificate: &Certificate, der: &[u8]) -> Vec<String> {
    let fields = &certificate.tbs_certificate;
    let [begin, end] = [fields.validity.not_before, fields.validity.not_after].map(|time| time.to_date_time());
    let mut lines = vec![
        format!("X.509 certificate, {} bytes", der.len()),
        format!("version: {}", fields.version as u8 + 1),
        format!("serial number: {}", hex::encode(fields.serial_number.as_bytes())),
        format!("signed with: {}", name_of(&certificate.signature_algorithm.oid)),
        format!("issuer: {}", fields.issuer),
        format!("valid from: {}", moment(begin)),
        format!("valid until: {}", moment(end)),
        format!("subject: {}", fields.subject),
        format!("public key: {}", public_key(certificate)),
    ];
    for extension in fields.extensions.iter().flatten() {
        let critical = if extension.critical { " (critical)" } else { "" };
        let head = format!("{}{critical}", name_of(&extension.extn_id));
        let bytes = extension.extn_value.as_bytes();
        match &details(extension).unwrap_or_else(|| vec![value::bytes(bytes)])[..] {
            [one] => lines.push(format!("{head}: {one}")),
            several => {
                lines.push(format!("{head}:"));
                lines.extend(several.iter().map(|line| format!("  {line}")));
            }
        }
    }
    lines.push(format!(
        "SHA-256 of the certificate: {}",
        hex::encode(&Sha256::digest(der))
    ));
    lines
}

/// A moment in UTC, and in Japan.
fn moment(instant: DateTime) -> String {
    match validity::japanese_clock(instant) {
        Ok(clock) => format!(
            "{instant} ({} in Japan)",
            clock.to_string().trim_end_matches('Z').replace('T', " ")
        ),
        Err(_) => instant.to_string(),
    }
}

fn public_key(certificate: &Certificate) -> String {
    let key = &certificate.tbs_certificate.subject_public_key_info;
    let parsed = key
        .to_der()
        .ok()
        .and_then(|der| RsaPublicKey::from_public_key_der(&der).ok());
    match parsed {
        Some(key) => format!("RSA, {} bits, exponent {}", key.n().bits(), key.e()),
        None => name_of(&key.algorithm.oid),
    }
}

/// What an extension says; `None` for one that is not known or not in its form.
fn details(extension: &Extension) -> Option<Vec<String>> {
    fn read<'a, T: Decode<'a>>(extension: &'a Extension) -> Option<T> {
        T::from_der(extension.extn_value.as_bytes()).ok()
    }
    Some(match extension.extn_id.to_string().as_str() {
        "2.5.29.14" => vec![hex::encode(read::<SubjectKeyIdentifier>(extension)?.0.as_bytes())],
        "2.5.29.15" => vec![key_usage(&read(extension)?)],
        "2.5.29.17" => names(&read::<SubjectAltName>(extension)?.0),
        "2.5.29.18" => names(&read::<IssuerAltName>(extension)?.0),
        "2.5.29.19" => {
            let constraints: BasicConstraints = read(extension)?;
            let path = constraints.path_len_constraint;
            let path = path.map_or_else(String::new, |length| format!(", path length {length}"));
            vec![format!("{}{path}", if constraints.ca { "CA" } else { "not a CA" })]
        }
        "2.5.29.31" => distribution_points(&read(extension)?),
        "2.5.29.32" => policies(&read(extension)?),
        "2.5.29.35" => authority_key(&read(extension)?),
        "2.5.29.37" => vec![
            read::<ExtendedKeyUsage>(extension)?
                .0
                .iter()
                .map(name_of)
                .collect::<Vec<_>>()
                .join(", "),
        ],
        "1.3.6.1.5.5.7.1.1" => {
            let access: AuthorityInfoAccessSyntax = read(extension)?;
            let line = |access: &x509_cert::ext::pkix::AccessDescription| {
                format!(
                    "{} {}",
                    name_of(&access.access_method),
                    general_name(&access.access_location)
                )
            };
            access.0.iter().map(line).collect()
        }
        _ => return None,
    })
}

/// RFC 5280, 4.2.1.3, in its words.
fn key_usage(usage: &KeyUsage) -> String {
    let uses = [
        (usage.digital_signature(), "digitalSignature"),
        (usage.non_repudiation(), "nonRepudiation"),
        (usage.key_encipherment(), "keyEncipherment"),
        (usage.data_encipherment(), "dataEncipherment"),
        (usage.key_agreement(), "keyAgreement"),
        (usage.key_cert_sign(), "keyCertSign"),
        (usage.crl_sign(), "cRLSign"),
        (usage.encipher_only(), "encipherOnly"),
        (usage.decipher_only(), "decipherOnly"),
    ];
    uses.iter()
        .filter(|(set, _)| *set)
        .map(|(_, name)| *name)
        .collect::<Vec<_>>()
        .join(", ")
}

fn names(names: &GeneralNames) -> Vec<String> {
    names.iter().map(general_name).collect()
}

fn general_name(name: &GeneralName) -> String {
    match name {
        GeneralName::DirectoryName(name) => name.to_string(),
        GeneralName::UniformResourceIdentifier(address) => address.to_string(),
        GeneralName::DnsName(name) | GeneralName::Rfc822Name(name) => name.to_string(),
        GeneralName::OtherName(other) => {
            let text = other.value.decode_as::<Utf8StringRef<'_>>().ok();
            let shown = text.map_or_else(|| value::bytes(other.value.value()), |text| text.as_str().to_owned());
            format!("{}: {shown}", name_of(&other.type_id))
        }
        GeneralName::RegisteredId(id) => name_of(id),
        GeneralName::IpAddress(address) => hex::encode(address.as_bytes()),
        GeneralName::EdiPartyName(_) => "an EDI party".to_owned(),
    }
}

fn distribution_points(points: &CrlDistributionPoints) -> Vec<String> {
    let line = |point: &x509_cert::ext::pkix::crl::dp::DistributionPoint| match &point.distribution_point {
        Some(DistributionPointName::FullName(full)) => names(full).join("; "),
        Some(DistributionPointName::NameRelativeToCRLIssuer(name)) => format!("{name}, below the issuer of the list"),
        None => "the issuer of the list".to_owned(),
    };
    points.0.iter().map(line).collect()
}

fn policies(policies: &CertificatePolicies) -> Vec<String> {
    let mut lines = Vec::new();
    for policy in &policies.0 {
        let mut line = name_of(&policy.policy_identifier);
        for qualifier in policy.policy_qualifiers.iter().flatten() {
            let address = qualifier
                .qualifier
                .as_ref()
                .and_then(|any| any.decode_as::<Ia5StringRef<'_>>().ok());
            let address = address.map_or_else(String::new, |address| format!(" {address}"));
            line += &format!(", {}{address}", name_of(&qualifier.policy_qualifier_id));
        }
        lines.push(line);
    }
    lines
}

fn authority_key(key: &AuthorityKeyIdentifier) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(
        key.key_identifier
            .as_ref()
            .map(|id| format!("key id {}", hex::encode(id.as_bytes()))),
    );
    lines.extend(
        key.authority_cert_issuer
            .iter()
            .map(|issuer| format!("issuer {}", names(issuer).join("; "))),
    );
    let serial = key.authority_cert_serial_number.as_ref();
    lines.extend(serial.map(|serial| format!("serial number {}", hex::encode(serial.as_bytes()))));
    lines
}

/// An identifier, by its name where it has one here. Identifiers of the card's own are shown with their digits.
fn name_of(id: &ObjectIdentifier) -> String {
    let digits = id.to_string();
    match NAMES.iter().find(|(known, _)| *known == digits) {
        Some((_, name)) if digits.starts_with("1.2.392.") => format!("{digits} {name}"),
        Some((_, name)) => (*name).to_owned(),
        None => digits,
    }
}

/// The same line without control characters, which a certificate may hold.
fn harmless(line: &str) -> String {
    let escape = |letter: char| match letter.is_control() {
        true => letter.escape_default().to_string(),
        false => letter.to_string(),
    };
    line.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::hanako;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    #[test]
    fn a_certificate_is_known_with_filler_behind_it_and_not_with_anything_else() {
        let der = &hanako().jpki.auth.unwrap().certificate[..];
        let alone = lines(der).unwrap();
        let filled = lines(&[der, &[0xFF; 7]].concat()).unwrap();
        assert_eq!(filled[..alone.len()], alone[..]);
        assert_eq!(filled.last().unwrap(), "filler: 7 x FF");
        assert_eq!(lines(&[der, &[0]].concat()), None);
        assert_eq!(lines(&der[..der.len() - 1]), None);
    }

    #[test]
    fn every_extension_of_the_cards_certificates_is_read() {
        let jpki = hanako().jpki;
        for der in [
            jpki.auth.unwrap().certificate,
            jpki.sign.unwrap().certificate,
            jpki.auth_ca_certificate,
            jpki.sign_ca_certificate,
        ] {
            let certificate = Certificate::from_der(&der).unwrap();
            for extension in certificate.tbs_certificate.extensions.iter().flatten() {
                assert!(details(extension).is_some(), "{}", extension.extn_id);
                assert_ne!(name_of(&extension.extn_id), extension.extn_id.to_string());
            }
        }
    }

    proptest! {
        #[test]
        fn a_certificate_with_any_byte_changed_does_no_harm(at in 0usize..1500, byte in any::<u8>()) {
            static DER: LazyLock<Vec<u8>> = LazyLock::new(|| hanako().jpki.sign.unwrap().certificate);
            let mut der = DER.clone();
            der[at] = byte;
            for line in lines(&der).unwrap_or_default() {
                prop_assert!(!line.chars().any(char::is_control));
            }
        }
    }
}
