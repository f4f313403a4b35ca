//! What right declarations are made into.

use std::fs;

use der::{Decode, DecodePem, Encode};
use p256::ecdsa::signature::Verifier;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use vmyna_apdu::FileId;
use vmyna_card_os::declaration::{Access, Application, Body, Condition, Operation, SecureSession};
use x509_cert::certificate::Certificate;

use super::*;

/// One application with files of these declarations.
fn with(files: &str) -> Application {
    let made = made(&format!("{HEAD}{PIN}{files}"), None);
    assert_eq!(made.len(), 1);
    made[0].application().clone()
}

fn bytes(application: &Application, id: u16) -> Vec<u8> {
    match &application.file(FileId::new(id)).unwrap().body {
        Body::Transparent(content) => content.as_bytes().to_vec(),
        other => panic!("{other:?}"),
    }
}

/// The content of a file that is declared so.
fn content(content: &str) -> Vec<u8> {
    let file =
        format!("[[application.file]]\nname = \"file\"\nef = \"0001\"\ncontent = {content}\nread = \"always\"\n");
    bytes(&with(&file), 1)
}

#[test]
fn each_kind_of_content_has_its_bytes() {
    for (declared, expected) in [
        (r#"{ hex = "C1 01:00" }"#, &b"\xC1\x01\x00"[..]),
        (r#"{ text = "Aあ" }"#, "Aあ".as_bytes()),
        (r#"{ text = "あ", encoding = "jis-x-0208" }"#, b"\x24\x22"),
        (r#"{ text = "ｱ¥", encoding = "jis-x-0201" }"#, b"\xB1\x5C"),
        (r#"{ text = "あ", encoding = "utf-16" }"#, b"\x30\x42"),
        (r#"{ concat = [{ hex = "01" }, { text = "b" }] }"#, b"\x01b"),
        // In the order of the file, not of the tags; the card's long form of a length; a tag of two bytes.
        (
            r#"{ tlv = { C2 = { hex = "" }, c1 = { text = "x" }, DF22 = { hex = "AA" }, D7 = [{ hex = "01" }, { hex = "02" }] } }"#,
            b"\xC2\x00\xC1\x01x\xDF\x22\x01\xAA\xD7\x01\x01\xD7\x01\x02",
        ),
        (
            r#"{ tlv = { E0 = { tlv = { C1 = { hex = "05" } } } } }"#,
            b"\xE0\x03\xC1\x01\x05",
        ),
        (r#"{ person = "sex" }"#, b"2"),
        (
            r#"{ person = "name", encoding = "jis-x-0208" }"#,
            b"\x38\x2B\x4B\x5C\x21\x21\x32\x56\x3B\x52",
        ),
    ] {
        assert_eq!(content(declared), expected, "{declared}");
    }
    let long = content(&format!("{{ tlv = {{ C1 = {{ hex = \"{}\" }} }} }}", "00".repeat(0x80)));
    assert_eq!(long[..4], [0xC1, 0x82, 0x00, 0x80]);
}

#[test]
fn dates_and_values_are_those_of_the_card() {
    let card = hanako();
    let expiry = card.summary.expiry.digits();
    assert_eq!(content(r#"{ date = "expiry" }"#), expiry.as_bytes());
    assert_eq!(
        content(r#"{ date = "expiry", form = "bcd" }"#),
        vmyna_apdu::hex::decode(&expiry).unwrap()
    );
    let era = content(r#"{ date = "expiry", form = "era-digits" }"#);
    let reiwa = card.summary.expiry.year() - 2018;
    assert_eq!(era, format!("5{reiwa:02}{}", &expiry[4..]).as_bytes());
    assert_eq!(content(r#"{ date = "issued" }"#).len(), 8);
    assert_eq!(
        content(r#"{ person = "address" }"#),
        card.summary.person.address.as_bytes()
    );
    assert_eq!(
        content(r#"{ person = "birth" }"#),
        card.summary.person.birth.digits().as_bytes()
    );
}

#[test]
fn a_file_is_filled_to_its_size_and_knows_its_object() {
    let application = with(
        "[[application.file]]\nname = \"a\"\nef = \"0001\"\ncontent = { tlv = { C1 = { hex = \"05\" } } }\nsize = 6\n\
         [[application.file]]\nname = \"b\"\nef = \"0002\"\ncontent = { hex = \"C10105\" }\n",
    );
    assert_eq!(bytes(&application, 1), b"\xC1\x01\x05\xFF\xFF\xFF");
    assert_eq!(
        application.file(FileId::new(1)).unwrap().object(),
        Some(&b"\xC1\x01\x05"[..])
    );
    assert_eq!(application.file(FileId::new(2)).unwrap().object(), None);
}

#[test]
fn random_values_differ_between_places_and_seeds_and_stay_when_files_are_added() {
    let file = |name: &str, ef: &str| {
        format!(
            "[[application.file]]\nname = \"{name}\"\nef = \"{ef}\"\ncontent = {{ concat = [{{ serial = 10 }}, {{ random = 8 }}] }}\n"
        )
    };
    let one = with(&file("a", "0001"));
    let two = with(&[file("b", "0002"), file("a", "0001")].concat());
    assert_eq!(bytes(&one, 1), bytes(&two, 1));
    assert_ne!(bytes(&two, 1), bytes(&two, 2));
    assert!(bytes(&one, 1)[..10].iter().all(u8::is_ascii_digit));
    let text = format!("{HEAD}{PIN}{}", file("a", "0001"));
    let other = ApplicationFile::parse(&text, None).unwrap();
    let other = other.make(&hanako(), &mut ChaCha20Rng::from_seed([8; 32])).unwrap();
    assert_ne!(bytes(other[0].application(), 1), bytes(&one, 1));
    assert_eq!(made(&text, None), made(&text, None));
}

#[test]
fn access_is_as_written_and_undeclared_operations_are_not_there() {
    let application = with(
        r#"
        [[application.pin]]
        name = "admin"
        ef = "0007"
        characters = "bytes"
        length = [4, 8]
        tries = 15
        value = { hex = "2A2A2A2A" }
        verify = "pin"
        change = "admin and pin"
        [[application.file]]
        name = "list"
        ef = "0002"
        records = [{ hex = "01" }]
        room = { records = 3, length = 5 }
        read = "always"
        update = "admin or pin and admin"
        append = "never"
        [[application.file]]
        name = "unknown"
        ef = "001E"
        internal = true
        "#,
    );
    let (pin, admin) = (Condition::Verified(FileId::new(6)), Condition::Verified(FileId::new(7)));
    let access = |id: u16| application.file(FileId::new(id)).unwrap().access.clone();
    assert_eq!(access(6), Access::NONE.with(Operation::Verify, Condition::Always));
    assert_eq!(
        access(7),
        Access::NONE.with(Operation::Verify, pin.clone()).with(
            Operation::ChangeReferenceData,
            Condition::AllOf(vec![admin.clone(), pin.clone()])
        ),
    );
    let update = Condition::AnyOf(vec![admin.clone(), Condition::AllOf(vec![pin, admin])]);
    assert_eq!(
        access(2),
        Access::read(Condition::Always)
            .with(Operation::UpdateRecord, update)
            .with(Operation::AppendRecord, Condition::Never),
    );
    assert_eq!(access(0x1E), Access::NONE);
    assert!(matches!(
        application.file(FileId::new(0x1E)).unwrap().body,
        Body::Reserved
    ));
}

#[test]
fn keys_certificates_and_signatures_belong_together() {
    let folder = tempfile::tempdir().unwrap();
    let authority = p256::SecretKey::random(&mut rng());
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("ca-key.pem", &authority.to_pkcs8_pem(LineEnding::LF).unwrap());
    write(
        "host.pem",
        &authority.public_key().to_public_key_pem(LineEnding::LF).unwrap(),
    );
    write("ca.pem", &self_signed(&authority, "CN=TEST authority,O=TEST,C=JP"));
    let text = format!(
        "{HEAD}default-key = \"own\"\n{}",
        r#"
        [[application.key]]
        name = "own"
        ef = "0017"
        algorithm = "P-256"
        origin = "issue"
        sign = "host"
        [[application.key]]
        name = "given"
        ef = "0018"
        algorithm = "P-256"
        origin = { file = "ca-key.pem" }
        [[application.key]]
        name = "later"
        ef = "0019"
        algorithm = "P-384"
        origin = "card"
        generate = "host"
        read = "always"
        [[application.host-key]]
        name = "host"
        ef = "0012"
        file = "host.pem"
        [[application.file]]
        name = "certificate"
        ef = "0001"
        content = { certificate = { key = "own", authority = { certificate = "ca.pem", key = "ca-key.pem" }, subject = "CN=TEST 一郎,O=TEST,C=JP" } }
        [[application.file]]
        name = "signature"
        ef = "0002"
        content = { signature = { file = "ca-key.pem", of = ["0001", "0003"] } }
        [[application.file]]
        name = "public"
        ef = "0003"
        content = { public-key = "own" }
        size = 200
        "#
    );
    let application = made(&text, Some(folder.path()))[0].application().clone();
    assert_eq!(application.default_key, Some(FileId::new(0x17)));
    let key = |id: u16| match &application.file(FileId::new(id)).unwrap().body {
        Body::PrivateKey(key) => p256::SecretKey::from_pkcs8_der(key.as_pkcs8_der()).unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!(key(0x18), authority);
    let public = bytes(&application, 3);
    let spki = key(0x17).public_key().to_public_key_der().unwrap();
    let (spki, filler) = public.split_at(spki.as_bytes().len());
    assert!(filler.iter().all(|byte| *byte == 0xFF));
    let certificate = Certificate::from_der(&bytes(&application, 1)).unwrap();
    let body = &certificate.tbs_certificate;
    assert_eq!(body.subject_public_key_info.to_der().unwrap(), spki);
    assert_eq!(body.issuer.to_string(), "CN=TEST authority,O=TEST,C=JP");
    assert_eq!(body.subject.to_string(), "CN=TEST 一郎,O=TEST,C=JP");
    let verify = |message: &[u8], signature: &[u8]| {
        let signature = p256::ecdsa::DerSignature::try_from(signature).unwrap();
        let key = p256::ecdsa::VerifyingKey::from(authority.public_key());
        key.verify(message, &signature).unwrap();
    };
    verify(&body.to_der().unwrap(), certificate.signature.raw_bytes());
    // Without the filler of EF 0003.
    verify(&[&bytes(&application, 1), spki].concat(), &bytes(&application, 2));
    assert!(matches!(
        application.file(FileId::new(0x12)).unwrap().body,
        Body::HostKey(_)
    ));
    assert!(matches!(
        application.file(FileId::new(0x19)).unwrap().body,
        Body::GeneratedKey(_)
    ));
}

/// The certificate (PEM) of an authority by its own key.
pub(super) fn self_signed(key: &p256::SecretKey, subject: &str) -> String {
    use std::str::FromStr as _;
    use x509_cert::builder::{Builder as _, CertificateBuilder, Profile};
    let signer = p256::ecdsa::SigningKey::from(key);
    let public = spki::SubjectPublicKeyInfoOwned::from_key(*signer.verifying_key()).unwrap();
    let at = der::DateTime::new(2026, 1, 1, 0, 0, 0).unwrap();
    let until = der::DateTime::new(2046, 1, 1, 0, 0, 0).unwrap();
    let validity = x509_cert::time::Validity {
        not_before: x509_cert::time::Time::GeneralTime(at.into()),
        not_after: x509_cert::time::Time::GeneralTime(until.into()),
    };
    let subject = x509_cert::name::Name::from_str(subject).unwrap();
    let builder = CertificateBuilder::new(Profile::Root, 1u32.into(), validity, subject, public, &signer).unwrap();
    let certificate = builder.build::<p256::ecdsa::DerSignature>().unwrap();
    let pem = der::EncodePem::to_pem(&certificate, LineEnding::LF).unwrap();
    assert!(Certificate::from_pem(&pem).is_ok());
    pem
}

#[test]
fn shared_pins_parents_and_status_words_mean_others_by_name() {
    let text = format!(
        "{HEAD}{PIN}{}",
        r#"
        [[application.pin]]
        name = "auth"
        ef = "0007"
        shared = "jpki auth"
        [[application]]
        name = "below"
        title = "下位AP"
        aid = "F054455354 02"
        certainty = "documented"
        source = "this test"
        parent = "thing"
        select = { fci = "6F00", locked = true }
        status-words = { "access.denied" = "6985" }
        secure-session = { name = "session", origin = "issue", when = "always" }
        [[application.pin]]
        name = "same"
        ef = "0006"
        shared = "thing pin"
        certainty = "client"
        "#
    );
    let made = made(&text, None);
    let (first, second) = (made[0].application(), made[1].application());
    let shared = |application: &Application, id: u16| match application.file(FileId::new(id)).unwrap().body {
        Body::SharedPin(object) => object,
        ref other => panic!("{other:?}"),
    };
    let auth = vmyna_applets::pins::AUTH;
    assert_eq!((shared(first, 7).aid, shared(first, 7).file), (auth.aid, auth.file));
    assert_eq!(
        (shared(second, 6).aid, shared(second, 6).file),
        (first.aid, FileId::new(6))
    );
    assert_eq!(second.parent, Some(first.aid));
    assert_eq!(second.select.fci.as_ref().unwrap().as_bytes(), [0x6F, 0]);
    assert!(second.select.locked && !first.select.locked);
    assert_eq!(second.status_words.len(), 1);
    assert!(matches!(second.secure_session, SecureSession::Offered { .. }));
    let basis = &second.file(FileId::new(6)).unwrap().basis;
    assert_eq!(
        (basis.certainty.to_string().as_str(), &*basis.source),
        ("client", "this test")
    );
    assert_eq!(first.basis.certainty.to_string(), "assumed");
    // The set is one that a card can have.
    hanako().with_free_applications(made.clone()).unwrap();
}

/// The declaration files that git tracks.
fn tracked() -> Vec<std::path::PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut git = std::process::Command::new("git");
    git.current_dir(&root).args(["ls-files", "-z", "*.ap.toml"]);
    let listed = String::from_utf8(git.output().unwrap().stdout).unwrap();
    listed.split_terminator('\0').map(|path| root.join(path)).collect()
}

#[test]
fn every_tracked_declaration_is_right_and_makes_applications_for_one_card() {
    let paths = tracked();
    assert!(paths.len() >= 5, "{paths:?}");
    let mut card = hanako();
    for path in paths {
        let file = ApplicationFile::read(&path).unwrap_or_else(|error| panic!("{}:\n{error}", path.display()));
        let made = file.make(&card, &mut rng());
        let made = made.unwrap_or_else(|faults| panic!("{}: {faults:#?}", path.display()));
        let free = [card.free.clone(), made].concat();
        card = card.with_free_applications(free).unwrap();
    }
}
