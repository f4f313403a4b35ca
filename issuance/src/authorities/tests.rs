//! Sets of authorities. Those in a folder are tested with [`crate::ca_folder`]; chains with the specimens.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::*;

fn begin() -> DateTime {
    "2026-11-01T01:00:00Z".parse().unwrap()
}

static SET: LazyLock<Files> = LazyLock::new(|| establish(&[7; 32], begin(), &|| Ok(())).unwrap());

/// The set with another content of one file.
fn with(path: &str, content: &[u8]) -> Files {
    let mut files = SET.clone();
    let before = files.insert(path.to_owned(), Zeroizing::new(content.to_vec()));
    assert!(before.is_some(), "{path} is no file of the set");
    files
}

fn fault(files: &Files) -> AuthoritiesError {
    Authorities::take_up(files).err().unwrap()
}

/// The certificates of a municipality's three keys.
fn certificates(code: &[u8; 5]) -> [CvCertificate; 3] {
    let authorities = Authorities::take_up(&SET).unwrap_or_else(|fault| panic!("{fault:?}"));
    let code = MunicipalityCode::from_digits(*code).unwrap();
    let desk = authorities.municipality(code).unwrap();
    [&desk.certificate, desk.text.certificate(), desk.face.certificate()].map(CvCertificate::clone)
}

#[test]
fn a_new_set_has_every_file_and_no_other_and_can_be_taken_up() {
    let paths: BTreeSet<String> = paths().collect();
    assert_eq!(SET.keys().cloned().collect::<BTreeSet<_>>(), paths);
    Authorities::take_up(&SET).unwrap_or_else(|fault| panic!("{fault:?}"));
}

#[test]
fn another_seed_makes_every_file_another() {
    let other = establish(&[8; 32], begin(), &|| Ok(())).unwrap();
    for (path, bytes) in &other {
        assert!(SET[path] != *bytes, "{path}");
    }
}

#[test]
fn a_later_beginning_changes_the_two_x509_certificates_alone() {
    let other = establish(&[7; 32], "2027-11-01T01:00:00Z".parse().unwrap(), &|| Ok(())).unwrap();
    let changed: Vec<_> = SET.keys().filter(|path| SET[*path] != other[*path]).collect();
    assert_eq!(changed, ["auth-ca/certificate.der", "sign-ca/certificate.der"]);
}

#[test]
fn the_authorities_serial_numbers_take_three_bytes_as_their_cards_do() {
    use der::Decode;
    for path in ["sign-ca/certificate.der", "auth-ca/certificate.der"] {
        let certificate = x509_cert::Certificate::from_der(&SET[path]).unwrap();
        assert_eq!(certificate.tbs_certificate.serial_number.as_bytes().len(), 3, "{path}");
    }
}

#[test]
fn each_file_that_is_needed_is_named_when_it_is_missing_and_without_an_error() {
    for path in paths() {
        let mut files = SET.clone();
        files.remove(&path);
        // The terminal's chain is nothing that a card is issued with.
        if path.starts_with("terminal/") || path.starts_with("terminal-intermediate/") {
            assert!(Authorities::take_up(&files).is_ok(), "{path}");
            continue;
        }
        let fault = fault(&files);
        assert_eq!(fault.path, path);
        assert!(fault.error.is_none(), "{path}: {:?}", fault.error);
    }
}

#[test]
fn a_key_that_is_none_and_a_certificate_of_another_key_are_named() {
    for path in [
        "sign-ca/key.pem",
        "cv-root/key.pem",
        "face-root/key.pem",
        "terminal-ca/key.pem",
        "municipality-face/key.pem",
    ] {
        for content in [b"-----BEGIN PRIVATE KEY-----\n".as_slice(), b"", b"\xFF\xFE"] {
            let fault = fault(&with(path, content));
            assert!(fault.path == path && fault.error.is_some(), "{fault:?}");
        }
    }
    let other = establish(&[8; 32], begin(), &|| Ok(())).unwrap();
    for (path, content) in [
        ("sign-ca/certificate.der", &SET["auth-ca/certificate.der"]),
        ("sign-ca/certificate.der", &other["sign-ca/certificate.der"]),
        ("auth-ca/certificate.der", &other["auth-ca/certificate.der"]),
    ] {
        let fault = fault(&with(path, content));
        assert!(fault.path == path && fault.error.is_some(), "{fault:?}");
    }
}

#[test]
fn the_authorities_begin_when_they_were_established_to() {
    let authorities = Authorities::take_up(&SET).unwrap_or_else(|fault| panic!("{fault:?}"));
    assert_eq!(authorities.validity(), (begin(), moment("2036-10-31T14:59:59Z")));
}

fn moment(text: &str) -> DateTime {
    text.parse().unwrap()
}

#[test]
fn a_set_without_its_seed_covers_its_own_ten_years_and_one_with_it_every_time() {
    let set = || Authorities::take_up(&SET).unwrap_or_else(|fault| panic!("{fault:?}"));
    let seeded = set().with_seed(Zeroizing::new([7; 32]));
    for (begin, end, own) in [
        ("2026-11-01T01:00:00Z", "2036-10-31T14:59:59Z", true),
        ("2026-11-01T00:59:59Z", "2031-10-31T14:59:59Z", false),
        ("2032-01-01T00:00:00Z", "2036-10-31T15:00:00Z", false),
        ("1970-01-01T00:00:00Z", "1975-01-01T14:59:59Z", false),
        ("9994-12-31T00:00:00Z", "9999-12-31T14:59:59Z", false),
    ] {
        assert_eq!(set().covers(moment(begin), moment(end)), own, "{begin}");
        assert!(seeded.covers(moment(begin), moment(end)), "{begin}");
    }
    // No authority lasts as long.
    assert!(!seeded.covers(moment("2026-11-01T01:00:00Z"), moment("2060-01-01T00:00:00Z")));
}

#[test]
fn a_generation_that_is_made_has_the_same_name_and_other_keys_and_covers_what_it_was_made_for() {
    let mut set = Authorities::take_up(&SET).unwrap_or_else(|fault| panic!("{fault:?}"));
    let (from, to) = (moment("2019-03-05T00:00:00Z"), moment("2024-03-04T14:59:59Z"));
    assert!(!set.prepare(from, to).unwrap());
    set = set.with_seed(Zeroizing::new([7; 32]));
    assert!(set.prepare(from, to).unwrap() && set.others.len() == 1);
    let (own, made) = (&set.own, set.generation(from, to));
    assert_eq!(made.sign.begin(), moment("2018-11-01T01:00:00Z"));
    assert!(made.covers((from, to)));
    assert!(own.sign.certificate() != made.sign.certificate() && own.auth.certificate() != made.auth.certificate());
    // It is there the second time, and the set's own serves its own time.
    assert!(set.prepare(from, to).unwrap() && set.others.len() == 1);
    assert_eq!(set.generation(begin(), begin()).sign.begin(), begin());
    // The same files can be a part of the set.
    let files = establish_generation(&[7; 32], (begin(), from), &|| Ok(())).unwrap();
    assert_eq!(
        files.keys().cloned().collect::<BTreeSet<_>>(),
        generation_paths("2018").collect()
    );
    let mut all = SET.clone();
    all.extend(files);
    let taken = Authorities::take_up(&all).unwrap_or_else(|fault| panic!("{fault:?}"));
    assert!(taken.generation(from, to).sign.certificate() == set.generation(from, to).sign.certificate());
    all.remove("generations/2018/auth-ca/key.pem");
    let lacking = Authorities::take_up(&all).err().unwrap();
    assert_eq!(lacking.path, "generations/2018/auth-ca/key.pem");
}

#[test]
fn each_municipality_has_three_keys_certified_under_its_own_name_by_three_roots() {
    let root = |name: &str| {
        let pem = &SET[&format!("{name}/key.pem")];
        from_pem(str::from_utf8(pem).unwrap()).unwrap().to_public_key()
    };
    let chiyoda = certificates(b"13101");
    for (certificate, name) in chiyoda.iter().zip([CV_ROOT, TEXT_ROOT, FACE_ROOT]) {
        certificate.verify(&root(name)).unwrap();
    }
    let subjects = |certificates: &[CvCertificate; 3]| certificates.each_ref().map(|one| *one.subject().as_bytes());
    let sapporo = certificates(b"01101");
    assert_ne!(subjects(&chiyoda)[0], subjects(&sapporo)[0]);
    assert_eq!(&subjects(&chiyoda)[1][..7], b"7131013");
    assert_eq!(&subjects(&sapporo)[1][..7], b"7011013");
    assert_eq!(&subjects(&chiyoda)[2][..7], b"7131012");
    assert_eq!(&subjects(&sapporo)[2][..7], b"7011012");
    // The keys themselves are all municipalities', one for each role.
    for (one, other) in chiyoda.iter().zip(&sapporo) {
        assert_eq!(one.public_key().unwrap(), other.public_key().unwrap());
    }
    let keys = chiyoda.map(|certificate| certificate.public_key().unwrap().n().to_bytes_be());
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), 3);
}
