//! The committed files, checked with each other, with the code that issues, and with OpenSSL's command line.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use der::{DateTime, Decode, Encode};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey};
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{RsaPrivateKey, RsaPublicKey};
use vmyna_applets::cv::{self, CvCertificate, KeyId};
use vmyna_applets::image::ImageWriter;
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::specimen::{find, names};
use vmyna_card_os::declaration::PrivateKey;
use x509_cert::certificate::Certificate;

use super::*;
use crate::ca_folder;
use crate::desk::Desk;
use crate::order::Order;
use crate::person_file::{self, Defaults};
use crate::series::Series;
use crate::{authorities, keys};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../test-vectors/specimens");
const DAY: u64 = 24 * 60 * 60;

/// The specimens in the order of their running numbers, which begin at [`FIRST`].
const PEOPLE: [&str; 15] = [
    "hanako",
    "child",
    "foreign",
    "long",
    "expired",
    "blocked",
    "meiji",
    "taisho",
    "showa",
    "heisei",
    "reiwa",
    "leap",
    "reference",
    "no-pin",
    "infant",
];
const FIRST: u64 = 1;
/// The folder of the older generation of the X.509 authorities.
const OLD: &str = "generations/2012/";
/// So long before a card whose file does not say when it is issued do the authorities begin.
const AUTHORITIES_BEFORE: Duration = Duration::from_secs(2 * 365 * DAY);

fn specimen(name: &str) -> IssuedCard {
    find(name).unwrap().unwrap()
}

fn all() -> Vec<IssuedCard> {
    names().unwrap().into_iter().map(specimen).collect()
}

fn committed(path: &str) -> Vec<u8> {
    fs::read(Path::new(FOLDER).join(path)).unwrap()
}

/// When the authorities begin, as their folder says.
fn begin() -> DateTime {
    let description: toml::Table = str::from_utf8(&committed("ca/ca.toml")).unwrap().parse().unwrap();
    description["begin"].as_str().unwrap().parse().unwrap()
}

fn certificate(der: &[u8]) -> Certificate {
    Certificate::from_der(der).unwrap()
}

fn certified_key(der: &[u8]) -> RsaPublicKey {
    let public = certificate(der).tbs_certificate.subject_public_key_info.to_der();
    RsaPublicKey::from_public_key_der(&public.unwrap()).unwrap()
}

/// The key of an authority.
fn ca_key(name: &str) -> RsaPrivateKey {
    let pem = committed(&format!("ca/{name}/key.pem"));
    keys::from_pem(str::from_utf8(&pem).unwrap()).unwrap()
}

fn public_half(key: &PrivateKey) -> RsaPublicKey {
    RsaPrivateKey::from_pkcs8_der(key.as_pkcs8_der())
        .unwrap()
        .to_public_key()
}

/// What GET DATA gives.
fn object(card: &IssuedCard, p1p2: u16) -> &[u8] {
    &card.card_data.iter().find(|(number, _)| *number == p1p2).unwrap().1
}

/// The certificates that a card has: `sign` or `auth`, the certificate, its authority's.
fn certificates(card: &IssuedCard) -> Vec<(&'static str, &[u8], &[u8])> {
    let jpki = &card.jpki;
    let sign = jpki.sign.iter().map(|own| ("sign", own, &jpki.sign_ca_certificate));
    let auth = jpki.auth.iter().map(|own| ("auth", own, &jpki.auth_ca_certificate));
    sign.chain(auth)
        .map(|(kind, own, ca)| (kind, &own.certificate[..], &ca[..]))
        .collect()
}

/// The private keys that a card holds, each with its role.
fn private_keys(card: &IssuedCard) -> Vec<(&'static str, &PrivateKey)> {
    let mut keys = vec![
        ("text", &card.input_assist.as_ref().unwrap().authentication_key),
        ("session", &card.input_assist.as_ref().unwrap().session_key),
        ("face", &card.face_info.as_ref().unwrap().authentication_key),
        ("common", &card.card_info.as_ref().unwrap().authentication_key),
    ];
    keys.extend(card.jpki.sign.iter().map(|own| ("sign", &own.key)));
    keys.extend(card.jpki.auth.iter().map(|own| ("auth", &own.key)));
    keys
}

/// The openssl command: whether it succeeded, and what it said.
fn openssl(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("this test needs the openssl command: apt install openssl");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

/// A folder with `NAME-sign.der`, `NAME-auth.der` of every specimen, `sign-ca.der`, `auth-ca.der`, and those of the older
/// generation, `old-sign-ca.der` and `old-auth-ca.der`.
fn folder_of_certificates() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, der: &[u8]| fs::write(folder.path().join(name), der).unwrap();
    for card in all() {
        for (kind, own, _) in certificates(&card) {
            write(&format!("{}-{kind}.der", card.name), own);
        }
    }
    for kind in ["sign", "auth"] {
        for (name, generation) in [(format!("{kind}-ca.der"), ""), (format!("old-{kind}-ca.der"), OLD)] {
            write(&name, &committed(&format!("ca/{generation}{kind}-ca/certificate.der")));
        }
    }
    folder
}

/// `openssl verify` of a certificate under an authority.
fn verify(folder: &Path, time: &[&str], ca: &str, own: &str) -> (bool, String) {
    let strictly = ["verify", "-x509_strict", "-check_ss_sig"];
    openssl(folder, &[&strictly[..], time, &["-CAstore", ca, own]].concat())
}

/// The order that a person file makes.
fn order(name: &str) -> Order {
    let text = committed(&format!("people/{name}.toml"));
    let defaults = Defaults::new(
        name.parse().unwrap(),
        DateTime::from_unix_duration(begin().unix_duration() + AUTHORITIES_BEFORE).unwrap(),
    );
    let file = person_file::read(
        str::from_utf8(&text).unwrap(),
        &defaults,
        &mut ChaCha20Rng::from_seed(SEED),
    );
    let file = file.unwrap();
    assert!(file.invented.is_empty(), "{name}: {:?} is invented", file.invented);
    file.order
}

#[test]
fn the_specimens_are_those_of_the_person_files_and_have_their_names() {
    let mut expected = PEOPLE;
    expected.sort_unstable();
    assert_eq!(names().unwrap(), expected);
    let files: BTreeSet<_> = fs::read_dir(Path::new(FOLDER).join("people"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(files, expected.map(|name| format!("{name}.toml")).into());
    for card in all() {
        assert_eq!(specimen(card.name.as_str()).name, card.name);
    }
}

#[test]
fn no_other_name_is_found() {
    for name in ["", "Hanako", "hanako ", "hanak", "hanakoo", "../hanako", "花子"] {
        assert!(find(name).unwrap().is_none(), "{name:?}");
    }
}

#[test]
fn the_committed_image_is_what_the_code_issues_from_the_person_files() {
    let desk = Desk::new(super::authorities().unwrap());
    let mut image = ImageWriter::new(Cursor::new(Vec::new())).unwrap();
    Series::new(desk, Zeroizing::new(SEED), Some(FIRST))
        .issue(PEOPLE.map(|name| Ok(order(name))), &(), |card| image.add(&card))
        .unwrap();
    let image = image.finish().unwrap().into_inner();
    assert!(
        image == specimens::IMAGE,
        "specimens.vmyna is not what the code issues: run `make specimens`"
    );
}

#[test]
fn the_committed_authorities_are_what_the_code_establishes_from_the_seed() {
    let around = tempfile::tempdir().unwrap();
    let folder = around.path().join("ca");
    ca_folder::init(&folder, &SEED, begin(), None, &|| Ok(())).unwrap();
    let paths = authorities::paths().chain(["ca.toml".to_owned()]);
    for path in paths {
        let made = fs::read(folder.join(&path)).unwrap();
        assert!(
            made == committed(&format!("ca/{path}")),
            "ca/{path} is not what the code makes: run `make specimens`"
        );
    }
    let issued = order("expired").issued;
    for (path, made) in authorities::establish_generation(&SEED, (begin(), issued), &|| Ok(())).unwrap() {
        assert!(
            *made == committed(&format!("ca/{path}")),
            "ca/{path} is not what the code makes"
        );
    }
}

/// The folder of the authorities that certified this card.
fn generation(card: &IssuedCard) -> &'static str {
    match card.name.as_str() {
        "expired" => OLD,
        _ => "",
    }
}

#[test]
fn every_authority_is_valid_as_long_as_each_certificate_that_it_issued() {
    for card in all() {
        for (kind, der, ca_der) in certificates(&card) {
            let [own, ca] = [der, ca_der].map(|der| certificate(der).tbs_certificate.validity);
            let seconds = |time: x509_cert::time::Time| time.to_unix_duration();
            assert!(
                seconds(ca.not_before) <= seconds(own.not_before),
                "{} {kind}",
                card.name
            );
            assert!(seconds(own.not_after) <= seconds(ca.not_after), "{} {kind}", card.name);
        }
    }
}

/// Both generations have one name. The key identifier, which every certificate names, tells them apart.
#[test]
fn openssl_finds_the_generation_of_an_authority_by_its_key_identifier() {
    let folder = folder_of_certificates();
    for kind in ["sign", "auth"] {
        let paths =
            ["", OLD].map(|generation| Path::new(FOLDER).join(format!("ca/{generation}{kind}-ca/certificate.der")));
        let [current, older] = paths
            .each_ref()
            .map(|path| certificate(&fs::read(path).unwrap()).tbs_certificate);
        assert_eq!(current.subject, older.subject);
        assert_ne!(current.subject_public_key_info, older.subject_public_key_info);
        assert_ne!(current.serial_number, older.serial_number);
        // One file with both, in either order.
        for (name, order) in [("new-first.pem", [0, 1]), ("old-first.pem", [1, 0])] {
            let mut pem = String::new();
            for at in order {
                let path = paths[at].to_str().unwrap();
                pem += &openssl(folder.path(), &["x509", "-inform", "DER", "-in", path]).1;
            }
            fs::write(folder.path().join(name), pem).unwrap();
            for (card, time) in [("expired", "1500000000"), ("hanako", "1800000000")] {
                let own = format!("{card}-{kind}.der");
                let (valid, text) = verify(folder.path(), &["-attime", time], name, &own);
                assert!(valid, "{own} {name}: {text}");
            }
        }
    }
}

#[test]
fn the_running_numbers_are_those_of_the_list() {
    for (running, name) in (FIRST..).zip(PEOPLE) {
        let card = specimen(name);
        assert_eq!(card.jpki.token_serial, format!("9999{running:012}"), "{name}");
        assert_eq!(
            card.card_info.as_ref().unwrap().serial.to_string(),
            format!("9999{running:011}"),
            "{name}"
        );
    }
}

#[test]
fn every_certificate_is_for_the_key_that_comes_with_it() {
    for card in all() {
        for certified in card.jpki.sign.iter().chain(&card.jpki.auth) {
            assert_eq!(
                certified_key(&certified.certificate),
                public_half(&certified.key),
                "{}",
                card.name
            );
        }
        for (name, der) in [
            ("sign-ca", &card.jpki.sign_ca_certificate),
            ("auth-ca", &card.jpki.auth_ca_certificate),
        ] {
            let name = format!("{}{name}", generation(&card));
            assert_eq!(*der, committed(&format!("ca/{name}/certificate.der")), "{}", card.name);
            assert_eq!(certified_key(der), ca_key(&name).to_public_key(), "{name}");
        }
    }
}

#[test]
fn openssl_verifies_every_chain_on_the_day_after_issue_and_none_after_its_end() {
    let folder = folder_of_certificates();
    let mut verified = 0;
    for card in all() {
        for (kind, der, ca_der) in certificates(&card) {
            let old = if generation(&card) == OLD { "old-" } else { "" };
            let (own, ca) = (format!("{}-{kind}.der", card.name), format!("{old}{kind}-ca.der"));
            let validity = certificate(der).tbs_certificate.validity;
            let begins = |der| {
                certificate(der)
                    .tbs_certificate
                    .validity
                    .not_before
                    .to_unix_duration()
                    .as_secs()
            };
            let at = |time: u64| verify(folder.path(), &["-attime", &time.to_string()], &ca, &own);
            let (valid, text) = at(begins(der).max(begins(ca_der)) + DAY);
            assert!(valid, "{own}: {text}");
            let end = validity.not_after.to_unix_duration().as_secs();
            let (valid, text) = at((end + 1).max(begins(ca_der)));
            assert!(!valid && text.contains("has expired"), "{own}: {text}");
            verified += 1;
        }
    }
    assert_eq!(
        verified,
        2 * PEOPLE.len() - 4,
        "child, reiwa, no-pin and infant have no certificate to sign"
    );
}

#[test]
fn openssl_does_not_verify_a_certificate_under_the_other_authority() {
    let folder = folder_of_certificates();
    for (own, ca) in [("hanako-auth.der", "sign-ca.der"), ("hanako-sign.der", "auth-ca.der")] {
        let (valid, text) = verify(folder.path(), &["-no_check_time"], ca, own);
        assert!(!valid && text.contains("unable to get local issuer"), "{text}");
    }
}

#[test]
fn openssl_prints_every_extension() {
    let folder = folder_of_certificates();
    for (path, extensions) in [
        ("hanako-sign.der", &SIGN_EXTENSIONS[..]),
        ("hanako-auth.der", &AUTH_EXTENSIONS),
        ("sign-ca.der", &CA_EXTENSIONS),
        ("auth-ca.der", &CA_EXTENSIONS),
    ] {
        let print = [
            "x509", "-inform", "DER", "-in", path, "-noout", "-text", "-nameopt", "utf8",
        ];
        let (read, text) = openssl(folder.path(), &print);
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
    let root = ca_key("cv-root").to_public_key();
    for card in all() {
        let intermediate = CvCertificate::from_object(object(&card, 0x00F8)).unwrap();
        let own = CvCertificate::from_object(object(&card, 0x7F21)).unwrap();
        intermediate.verify(&root).unwrap();
        own.verify(&intermediate.public_key().unwrap()).unwrap();
        assert_eq!(own.issuer(), intermediate.subject());
        assert_eq!(object(&card, 0x00F7), intermediate.subject().as_bytes());
        assert_eq!(object(&card, 0x0042), intermediate.issuer().as_bytes());
    }
}

#[test]
fn the_card_managers_objects_ascend_and_agree_with_the_person_and_the_card() {
    for card in all() {
        assert!(card.card_data.is_sorted_by_key(|(number, _)| *number));
        let summary = &card.summary;
        assert_eq!(object(&card, 0x00F0), summary.person.municipality.code.digits());
        assert_eq!(object(&card, 0x00F2), summary.expiry.digits().as_bytes());
        assert!(object(&card, 0x0045).iter().all(u8::is_ascii_graphic));
        assert_eq!(object(&card, 0x0066)[..4], [0x73, 0x2F, 0x06, 0x07]);
        summary.person.check().unwrap();
    }
}

#[test]
fn the_data_signing_certificates_are_of_the_roots_and_of_the_holders_municipality() {
    let roots = ["text-root", "face-root"].map(|name| ca_key(name).to_public_key());
    for card in all() {
        let code = card.summary.person.municipality.code;
        let files = [
            &card.input_assist.as_ref().unwrap().data.certificate,
            &card.face_info.as_ref().unwrap().data.certificate,
        ];
        for ((root, file), role) in roots.iter().zip(files).zip(['3', '2']) {
            let certificate = CvCertificate::from_file(file.as_bytes()).unwrap();
            certificate.verify(root).unwrap();
            let subject = format!("7{code}{role}");
            assert_eq!(
                &certificate.subject().as_bytes()[..7],
                subject.as_bytes(),
                "{}",
                card.name
            );
        }
    }
}

#[test]
fn the_keys_that_the_files_show_are_the_cards() {
    for card in all() {
        let shown = |file: &vmyna_card_os::declaration::Content, path: usize| {
            let outer = vmyna_card_os::tlv::Tlv::read_only(file.as_bytes()).unwrap();
            let inner = vmyna_card_os::tlv::Tlv::read_all(outer.value).unwrap();
            cv::decode_public_key(inner[path].value).unwrap()
        };
        let (text, face) = (card.input_assist.as_ref().unwrap(), card.face_info.as_ref().unwrap());
        assert_eq!(shown(&text.data.signed_key, 0), public_half(&text.authentication_key));
        assert_eq!(shown(&face.data.age_record, 1), public_half(&face.authentication_key));
        let session = text.data.session_key.as_bytes();
        let session = cv::decode_public_key(session.strip_prefix(&[0xA1, 0x82, 0x01, 0x09]).unwrap());
        assert_eq!(session.unwrap(), public_half(&text.session_key));
    }
}

#[test]
fn the_key_that_the_common_application_names_is_of_our_own_numbers() {
    for card in all() {
        assert!(!card.card_info.as_ref().unwrap().key_reference.is_reserved());
        assert_eq!(
            card.card_info.as_ref().unwrap().key_reference,
            card.residence_code.as_ref().unwrap().key_reference
        );
    }
}

#[test]
fn a_terminals_chain_leads_to_the_key_that_every_card_holds() {
    let authority = ca_key("terminal-ca").to_public_key();
    let intermediate = CvCertificate::from_file(&committed("ca/terminal-intermediate/certificate.bin")).unwrap();
    let terminal = CvCertificate::from_file(&committed("ca/terminal/certificate.bin")).unwrap();
    for card in all() {
        let held = &card.jpki.terminal_ca;
        assert_eq!(held.modulus, authority.n().to_bytes_be());
        assert_eq!(held.exponent, authority.e().to_bytes_be());
        assert_eq!(intermediate.issuer(), KeyId::from_bytes(&held.key_id).unwrap());
    }
    assert_eq!(terminal.issuer(), intermediate.subject());
    intermediate.verify(&authority).unwrap();
    terminal.verify(&intermediate.public_key().unwrap()).unwrap();
    assert_eq!(terminal.public_key().unwrap(), ca_key("terminal").to_public_key());
}

#[test]
fn no_two_keys_of_all_specimens_and_authorities_are_the_same() {
    let mut owners: BTreeMap<Vec<u8>, String> = BTreeMap::new();
    let mut own = |key: RsaPublicKey, owner: String| {
        let before = owners.insert(key.n().to_bytes_be(), owner.clone());
        assert!(
            before.is_none(),
            "{owner} and {} have one key",
            before.unwrap_or_default()
        );
    };
    let paths = authorities::paths().chain(authorities::generation_paths("2012"));
    let key_files = paths.filter_map(|path| Some(path.strip_suffix("/key.pem")?.to_owned()));
    for name in key_files {
        own(ca_key(&name).to_public_key(), name);
    }
    for card in all() {
        for (role, key) in private_keys(&card) {
            own(public_half(key), format!("{} {role}", card.name));
        }
        // The card's own key never leaves a card, and no file of this one holds it.
        let certificate = CvCertificate::from_object(object(&card, 0x7F21)).unwrap();
        own(certificate.public_key().unwrap(), format!("{} card", card.name));
    }
    // Seven keys a card; four cards lack the one to sign.
    assert_eq!(owners.len(), 11 + 2 + 7 * PEOPLE.len() - 4);
}

#[test]
fn the_municipalities_certificates_are_for_the_municipalities_keys() {
    let keys = ["cv", "text", "face"].map(|role| ca_key(&format!("municipality-{role}")).to_public_key());
    for card in all() {
        let certificates = [
            CvCertificate::from_object(object(&card, 0x00F8)),
            CvCertificate::from_file(card.input_assist.as_ref().unwrap().data.certificate.as_bytes()),
            CvCertificate::from_file(card.face_info.as_ref().unwrap().data.certificate.as_bytes()),
        ];
        let certified = certificates.map(|certificate| certificate.unwrap().public_key().unwrap());
        assert_eq!(certified, keys, "{}", card.name);
    }
}

#[test]
fn debug_output_shows_no_pin_no_number_no_code_and_no_key() {
    // Bytes show as they would in a Vec.
    let decimal = |bytes: &[u8]| bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    for card in all() {
        let shown = format!("{card:?}");
        assert!(shown.contains(card.name.as_str()));
        let person = &card.summary.person;
        let code_b = person
            .verification_code_b(card.summary.expiry, card.summary.security_code)
            .unwrap();
        let texts: [&[u8]; 5] = [
            b"ABC123",
            person.my_number.digits(),
            card.summary.residence_code.digits(),
            code_b.as_bytes(),
            b"PRIVATE",
        ];
        for text in texts {
            let text = str::from_utf8(text).unwrap();
            assert!(!shown.contains(text), "{}: {text}", card.name);
            assert!(!shown.contains(&decimal(text.as_bytes())), "{}: {text}", card.name);
        }
        let code = format!("\"{}\"", card.summary.security_code.as_str());
        assert!(!shown.contains(&code) && !shown.contains("\"1234\""), "{}", card.name);
        for (role, key) in private_keys(&card) {
            let exponent = RsaPrivateKey::from_pkcs8_der(key.as_pkcs8_der())
                .unwrap()
                .d()
                .to_bytes_be();
            assert!(!shown.contains(&decimal(&exponent[..16])), "{} {role}", card.name);
        }
    }
}

#[test]
fn the_page_beside_the_specimens_says_what_they_are() {
    let page = String::from_utf8(committed("README.md")).unwrap();
    for statement in [
        "public test keys",
        "fictional",
        "Nothing here is issued by J-LIS",
        "make specimens ISSUED=",
    ] {
        assert!(page.contains(statement), "{statement}");
    }
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `specimen:")?.split('`').next());
    assert_eq!(rows.collect::<Vec<_>>(), PEOPLE, "the table of the specimens");
    for path in authorities::paths() {
        let name = path.split('/').next().unwrap();
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}
