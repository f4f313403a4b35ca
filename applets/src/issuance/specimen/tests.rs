//! The committed files, checked with each other, with the code that issues, and with OpenSSL's command line.

use std::process::Command;

use der::{Decode, Encode};
use rsa::pkcs8::DecodePublicKey;
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde::Deserialize;
use x509_cert::certificate::Certificate;

use super::*;
use crate::issuance::cv::{self, CvCertificate, KeyId};
use crate::issuance::text_data::{self, TextAuthority};
use crate::issuance::x509::names::Hierarchy;
use crate::issuance::x509::{Authority, Holder, Request};
use crate::issuance::{keys, validity};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../test-vectors/specimens");
const DAY: u64 = 24 * 60 * 60;

fn certificate(der: &[u8]) -> Certificate {
    Certificate::from_der(der).unwrap()
}

fn certified_key(der: &[u8]) -> RsaPublicKey {
    let public = certificate(der)
        .tbs_certificate
        .subject_public_key_info
        .to_der()
        .unwrap();
    RsaPublicKey::from_public_key_der(&public).unwrap()
}

fn key(pem: &str) -> RsaPrivateKey {
    keys::from_pem(pem).unwrap()
}

fn object(p1p2: u16) -> &'static [u8] {
    hanako().get_data.iter().find(|(number, _)| *number == p1p2).unwrap().1
}

fn openssl(arguments: &[&str]) -> (bool, String) {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(FOLDER)
        .output()
        .expect("this test needs the openssl command: apt install openssl");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[test]
fn every_certificate_is_for_the_key_that_comes_with_it() {
    let card = hanako();
    assert_eq!(certified_key(card.sign_certificate), key(card.sign_key).to_public_key());
    assert_eq!(certified_key(card.auth_certificate), key(card.auth_key).to_public_key());
    assert_eq!(
        certified_key(card.sign_ca_certificate),
        key(text!("sign-ca/key.pem")).to_public_key()
    );
    assert_eq!(
        certified_key(card.auth_ca_certificate),
        key(text!("auth-ca/key.pem")).to_public_key()
    );
}

#[test]
fn the_committed_certificates_are_what_the_code_issues_from_the_same_data() {
    let card = hanako();
    let cases = [
        (
            Hierarchy::Signature,
            text!("sign-ca/key.pem"),
            card.sign_ca_certificate,
            card.sign_certificate,
        ),
        (
            Hierarchy::Authentication,
            text!("auth-ca/key.pem"),
            card.auth_ca_certificate,
            card.auth_certificate,
        ),
    ];
    let number = |certificate: &Certificate| {
        certificate
            .tbs_certificate
            .serial_number
            .as_bytes()
            .iter()
            .fold(0, |all, byte| all << 8 | u32::from(*byte))
    };
    for (hierarchy, ca_key, ca_der, der) in cases {
        let (ca, end_entity) = (certificate(ca_der), certificate(der));
        let ca_begins = ca.tbs_certificate.validity.not_before.to_date_time();
        let authority = Authority::establish(hierarchy, key(ca_key), number(&ca), ca_begins).unwrap();
        assert_eq!(authority.certificate().unwrap(), ca_der, "{hierarchy:?}");

        let tbs = &end_entity.tbs_certificate;
        let common_name = std::str::from_utf8(tbs.subject.0.last().unwrap().0.get(0).unwrap().value.value()).unwrap();
        let not_before = tbs.validity.not_before.to_date_time();
        let issued = authority.issue(&Request {
            serial: number(&end_entity),
            not_before,
            not_after: validity::certificate_end(not_before, card.person.birth, card.card_expiry).unwrap(),
            public_key: &certified_key(der),
            holder: match hierarchy {
                Hierarchy::Signature => Holder::Signature {
                    common_name,
                    person: &card.person,
                },
                Hierarchy::Authentication => Holder::Authentication {
                    common_name,
                    municipality: &card.person.municipality,
                },
            },
        });
        assert_eq!(issued.unwrap(), der, "{hierarchy:?}");
    }
}

#[test]
fn openssl_verifies_both_chains_on_the_day_after_issue_and_not_after_their_end() {
    let card = hanako();
    for (kind, der) in [("sign", card.sign_certificate), ("auth", card.auth_certificate)] {
        let validity = certificate(der).tbs_certificate.validity;
        let (begin, end) = (
            validity.not_before.to_unix_duration(),
            validity.not_after.to_unix_duration(),
        );
        let (own, ca) = (
            format!("hanako/{kind}-certificate.der"),
            format!("{kind}-ca/certificate.der"),
        );
        let verify = |time: u64| {
            let time = time.to_string();
            openssl(&[
                "verify",
                "-x509_strict",
                "-check_ss_sig",
                "-attime",
                &time,
                "-CAstore",
                &ca,
                &own,
            ])
        };
        let (valid, text) = verify(begin.as_secs() + DAY);
        assert!(valid, "{text}");
        let (valid, text) = verify(end.as_secs() + 1);
        assert!(!valid && text.contains("expired"), "{text}");
    }
}

#[test]
fn openssl_does_not_verify_a_certificate_under_the_other_authority() {
    let own = "hanako/auth-certificate.der";
    let begin = certificate(hanako().auth_certificate)
        .tbs_certificate
        .validity
        .not_before
        .to_unix_duration()
        .as_secs();
    let time = (begin + DAY).to_string();
    let (valid, text) = openssl(&["verify", "-attime", &time, "-CAstore", "sign-ca/certificate.der", own]);
    assert!(!valid && text.contains("unable to get local issuer"), "{text}");
}

#[test]
fn openssl_prints_every_extension() {
    for (path, extensions) in [
        ("hanako/sign-certificate.der", &SIGN_EXTENSIONS[..]),
        ("hanako/auth-certificate.der", &AUTH_EXTENSIONS),
        ("sign-ca/certificate.der", &CA_EXTENSIONS),
        ("auth-ca/certificate.der", &CA_EXTENSIONS),
    ] {
        let (read, text) = openssl(&[
            "x509", "-inform", "DER", "-in", path, "-noout", "-text", "-nameopt", "utf8",
        ]);
        assert!(read, "{path}: {text}");
        let mut rest = text.as_str();
        for extension in extensions {
            let at = rest.find(extension);
            rest = &rest[at.unwrap_or_else(|| panic!("{path} lacks {extension}, or has it elsewhere:\n{text}"))..];
        }
    }
}

const CA_EXTENSIONS: [&str; 8] = [
    "X509v3 Key Usage: critical",
    "Certificate Sign, CRL Sign",
    "X509v3 Subject Alternative Name:",
    "X509v3 Basic Constraints: critical",
    "CA:TRUE",
    "X509v3 CRL Distribution Points:",
    "OU = vmyna virtual card for testing - not issued by J-LIS",
    "X509v3 Subject Key Identifier:",
];

const SIGN_EXTENSIONS: [&str; 13] = [
    "X509v3 Key Usage: critical",
    "Digital Signature, Non Repudiation",
    "X509v3 Subject Alternative Name:",
    "X509v3 Certificate Policies: critical",
    "Policy: 1.2.392.200149.8.5.1.0.20",
    "CPS: http://localhost:47910/cps.txt",
    "X509v3 Issuer Alternative Name:",
    "X509v3 CRL Distribution Points:",
    "OU = Tokyo-to, CN = Chiyoda-ku CRLDP",
    "X509v3 Authority Key Identifier:",
    "keyid:",
    "serial:",
    "X509v3 Subject Key Identifier:",
];

const AUTH_EXTENSIONS: [&str; 12] = [
    "X509v3 Key Usage: critical",
    "Digital Signature",
    "X509v3 Extended Key Usage:",
    "TLS Web Client Authentication",
    "X509v3 Certificate Policies: critical",
    "Policy: 1.2.392.200149.8.5.1.0.30",
    "X509v3 Issuer Alternative Name:",
    "X509v3 CRL Distribution Points:",
    "Authority Information Access:",
    "OCSP - URI:http://localhost:47910/ocsp/auth-ca",
    "X509v3 Authority Key Identifier:",
    "X509v3 Subject Key Identifier:",
];

#[test]
fn the_card_managers_objects_name_one_chain_from_the_root_to_the_cards_key() {
    let (root, card) = (key(text!("cv-root/key.pem")).to_public_key(), hanako());
    let intermediate = CvCertificate::from_object(object(0x00F8)).unwrap();
    let own = CvCertificate::from_object(object(0x7F21)).unwrap();
    intermediate.verify(&root).unwrap();
    own.verify(&intermediate.public_key().unwrap()).unwrap();
    assert_eq!(own.public_key().unwrap(), key(card.card_key).to_public_key());
    assert_eq!(own.issuer(), intermediate.subject());
    assert_eq!(object(0x00F7), intermediate.subject().as_bytes());
    assert_eq!(object(0x0042), intermediate.issuer().as_bytes());
    assert_eq!(
        CvCertificate::from_file(bytes!("cv-intermediate/certificate.bin")).unwrap(),
        intermediate
    );
    assert_eq!(
        intermediate.public_key().unwrap(),
        key(text!("cv-intermediate/key.pem")).to_public_key()
    );
}

#[test]
fn the_card_managers_objects_ascend_and_agree_with_the_person_and_the_card() {
    let card = hanako();
    assert!(card.get_data.is_sorted_by_key(|(number, _)| *number));
    assert_eq!(object(0x00F0), card.person.municipality.code.digits());
    assert_eq!(object(0x00F2), card.card_expiry.digits().as_bytes());
    assert!(object(0x0045).iter().all(u8::is_ascii_graphic));
    assert_eq!(object(0x0066)[..4], [0x73, 0x2F, 0x06, 0x07]);
}

#[test]
fn the_committed_text_files_are_what_the_code_issues_from_the_same_data() {
    let card = hanako();
    let root = cv::CvAuthority::new(text_data::root_id(1).unwrap(), key(text!("text-root/key.pem"))).unwrap();
    let municipality = card.person.municipality.code;
    let authority = TextAuthority::establish(&root, municipality, key(text!("text-issuer/key.pem"))).unwrap();
    let (own, session) = (
        key(card.text_key).to_public_key(),
        key(card.session_key).to_public_key(),
    );
    let issued = authority.issue(&card.person, &own, &session).unwrap();
    let issued = issued.files().map(|(_, file)| file.as_bytes().to_vec());
    assert_eq!(issued.each_ref().map(Vec::as_slice), card.input_assist);
    assert_eq!(card.input_assist[3], bytes!("text-issuer/certificate.bin"));
}

#[test]
fn the_key_that_the_common_application_names_is_of_our_own_numbers() {
    assert!(!KeyId::from_bytes(hanako().key_reference).unwrap().is_reserved());
}

#[test]
fn a_terminals_chain_leads_to_the_key_that_the_card_holds() {
    let card = hanako();
    let authority = cv::decode_public_key(card.terminal_ca_public_key).unwrap();
    assert_eq!(authority, key(text!("terminal-ca/key.pem")).to_public_key());
    let intermediate = CvCertificate::from_file(bytes!("terminal-intermediate/certificate.bin")).unwrap();
    let terminal = CvCertificate::from_file(bytes!("terminal/certificate.bin")).unwrap();
    assert_eq!(
        intermediate.issuer(),
        KeyId::from_bytes(card.terminal_ca_key_id).unwrap()
    );
    assert_eq!(terminal.issuer(), intermediate.subject());
    intermediate.verify(&authority).unwrap();
    terminal.verify(&intermediate.public_key().unwrap()).unwrap();
    assert_eq!(
        terminal.public_key().unwrap(),
        key(text!("terminal/key.pem")).to_public_key()
    );
}

#[test]
fn no_two_specimen_keys_are_the_same() {
    let pems = [
        text!("sign-ca/key.pem"),
        text!("auth-ca/key.pem"),
        text!("cv-root/key.pem"),
        text!("cv-intermediate/key.pem"),
        text!("terminal-ca/key.pem"),
        text!("terminal-intermediate/key.pem"),
        text!("terminal/key.pem"),
        hanako().sign_key,
        hanako().auth_key,
        hanako().card_key,
        text!("text-root/key.pem"),
        text!("text-issuer/key.pem"),
        hanako().text_key,
        hanako().session_key,
        hanako().common_key,
        text!("face-root/key.pem"),
        text!("face-issuer/key.pem"),
        hanako().face_key,
    ];
    for (at, one) in pems.iter().enumerate() {
        assert!(
            pems[at + 1..].iter().all(|other| key(one) != key(other)),
            "key {at} appears twice"
        );
    }
}

#[test]
fn serial_numbers_and_the_security_code_have_the_lengths_of_the_card() {
    let card = hanako();
    for (digits, length) in [(card.token_serial, 16), (card.card_serial, 15), (card.security_code, 4)] {
        assert_eq!(digits.len(), length);
        assert!(digits.bytes().all(|byte| byte.is_ascii_digit()));
    }
    card.person.check().unwrap();
}

/// The readable description, strictly: a key that this type does not know, or lacks, fails.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Description {
    name: String,
    address: String,
    birth: String,
    sex: String,
    my_number: String,
    residence_code: String,
    municipality: toml::Table,
    card: toml::Table,
    pins: toml::Table,
}

#[test]
fn the_readable_description_says_what_the_card_has() {
    let (card, text) = (hanako(), text!("hanako/hanako.toml"));
    let said: Description = toml::from_str(text).unwrap();
    let my_number = std::str::from_utf8(card.person.my_number.digits()).unwrap();
    assert!(text.contains("fictional"));
    assert_eq!(
        (said.name, said.address),
        (card.person.name.clone(), card.person.address.clone())
    );
    assert_eq!(
        (said.birth, said.sex.as_str()),
        (card.person.birth.to_string(), "female")
    );
    assert_eq!(said.my_number, my_number);
    assert_eq!(said.residence_code.as_bytes(), card.residence_code.digits());

    let table = |pairs: &[(&str, &str)]| -> toml::Table {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()))
            .collect()
    };
    let place = &card.person.municipality;
    assert_eq!(
        said.municipality,
        table(&[
            ("code", &place.code.to_string()),
            ("check-digit", "6"),
            ("prefecture", &place.prefecture),
            ("name", &place.name),
        ])
    );
    let issued = certificate(card.auth_certificate)
        .tbs_certificate
        .validity
        .not_before
        .to_date_time();
    assert_eq!(
        said.card,
        table(&[
            ("issued", &issued.to_string()),
            ("expiry", &card.card_expiry.to_string()),
            ("security-code", card.security_code),
            ("serial", card.card_serial),
            ("token-serial", card.token_serial),
        ])
    );
    assert_eq!(
        said.pins,
        table(&[
            ("sign", card.pins.sign),
            ("auth", card.pins.auth),
            ("input-assist", card.pins.input_assist),
            ("residence", card.pins.residence),
            ("verification-code-a", my_number),
            (
                "verification-code-b",
                &card
                    .person
                    .verification_code_b(card.card_expiry, card.security_code)
                    .unwrap()
            ),
            ("birth-date", &card.person.birth_date_pin().unwrap()),
        ])
    );
}

#[test]
fn debug_output_shows_no_pin_no_my_number_and_no_key() {
    let card = hanako();
    let shown = format!("{card:?} {:?}", card.pins);
    for secret in ["ABC123", "1234", "PRIVATE", card.security_code, "MII"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn the_page_beside_the_specimens_says_what_they_are() {
    let page = text!("README.md");
    for statement in [
        "public test keys",
        "fictional",
        "Nothing here is issued by J-LIS",
        "make specimens",
    ] {
        assert!(page.contains(statement), "{statement}");
    }
}
