//! An application: typed, signed with a card, checked.

use der::DateTime;
use vmyna_applets::specimen;
use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::register::{Certificate, Hierarchy, Reason, Register, Revocation};
use vmyna_desk::client::{CardClient, Pin};
use vmyna_testkit::client;

use crate::browser::{Browser, Page};
use crate::provider::Lies;
use crate::server::Rig;

const TYPED: &str = "address=%E8%A6%8B%E6%9C%AC%E7%94%BA%EF%BC%99&day=2026-12-01";

/// Writes, signs and returns the page with the result.
fn sign(person: &mut Browser, form: &str) -> Page {
    let written = person.submit("/en/application", "/en/application", &format!("{TYPED}&form={form}"));
    assert_eq!(written.location(), "/en/application/review");
    let begun = person.submit("/en/application/review", "/en/application/sign", "");
    person.follow(begun)
}

#[test]
fn an_application_is_signed_in_both_forms_and_accepted() {
    let rig = Rig::new();
    for (form, words) in [("bare", "without DigestInfo"), ("info", "DigestInfo of SHA-256")] {
        let mut person = rig.person();
        let page = sign(&mut person, form);
        page.has("Accepted: every check holds.").has("見本町９").has(words);
        page.has("certificate and text data are of one person");
        page.has("not revoked, by the register");
        // The same application is not signed twice.
        let again = person.submit("/en/application", "/en/application/sign", "");
        assert_eq!(again.location(), "/en/application");
    }
}

#[test]
fn document_signature_and_certificate_can_be_checked_elsewhere() {
    let rig = Rig::new();
    let mut person = rig.person();
    for file in ["document.txt", "signature.bin", "certificate.der"] {
        assert_eq!(person.get(&format!("/en/application/{file}")).status, 404);
    }
    sign(&mut person, "info");
    let mut file = |name: &str| {
        let page = person.get(&format!("/en/application/{name}"));
        assert_eq!(page.header("content-disposition"), Some("attachment"));
        page.bytes
    };
    // By another implementation.
    let folder = tempfile::tempdir().unwrap();
    for name in ["document.txt", "signature.bin", "certificate.der"] {
        std::fs::write(folder.path().join(name), file(name)).unwrap();
    }
    let openssl = |arguments: &[&str]| {
        let mut command = client("openssl", "openssl");
        let output = command.args(arguments).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    openssl(&[
        "x509",
        "-in",
        "certificate.der",
        "-inform",
        "DER",
        "-pubkey",
        "-noout",
        "-out",
        "key.pem",
    ]);
    openssl(&[
        "dgst",
        "-sha256",
        "-verify",
        "key.pem",
        "-signature",
        "signature.bin",
        "document.txt",
    ]);
}

#[test]
fn a_form_with_mistakes_is_shown_again_with_what_was_typed() {
    let rig = Rig::new();
    let mut person = rig.person();
    let page = person.submit("/en/application", "/en/application", "address=&day=%3Ci%3E&form=info");
    assert_eq!(page.status, 422);
    page.has("Enter the new address")
        .has("Enter a day that exists")
        .has("role=\"alert\"");
    page.has("value=\"&lt;i&gt;\"").has("aria-invalid").lacks("<i>");
    page.has("value=\"info\" checked");
    let review = person.get("/en/application/review");
    assert_eq!(review.location(), "/en/application");
}

/// Fails unless the signature is not accepted, with these words.
#[track_caller]
fn not_accepted(rig: &Rig, words: &str, change: impl FnOnce(&mut Lies)) {
    rig.lie(change);
    let mut person = rig.person();
    sign(&mut person, "info").has("Not accepted").has(words);
}

#[test]
fn a_signature_that_does_not_hold_is_not_accepted() {
    let rig = Rig::new();
    not_accepted(&rig, "the signature", |lies| {
        lies.signed = Box::new(|(mut signature, certificate)| {
            signature[100] ^= 1;
            (signature, certificate)
        });
    });
    // The signature of one card with the certificate of another.
    let mut other = CardClient::open(&"specimen:heisei".parse().unwrap()).unwrap();
    other.verify(Pin::Sign, b"ABC123").unwrap();
    let other = other.sign_certificate().unwrap();
    not_accepted(&rig, "the signature", |lies| {
        lies.signed = Box::new(move |(signature, _)| (signature, other.clone()));
    });
    not_accepted(&rig, "certificate.form", |lies| {
        lies.signed = Box::new(|(signature, _)| (signature, b"no certificate".to_vec()));
    });
}

#[test]
fn the_signature_of_another_persons_card_is_not_accepted() {
    let rig = Rig::new();
    not_accepted(&rig, "certificate and text data differ in", |lies| {
        lies.card.0 = "specimen:heisei".to_owned();
    });
}

#[test]
fn a_signature_for_another_log_in_is_refused() {
    let rig = Rig::new();
    let mut person = rig.person();
    rig.lie(|lies| lies.claims = Box::new(|claims| claims.with("sub", "person-2")));
    let page = sign(&mut person, "info");
    page.has("about another person").lacks("Accepted");
    assert_eq!(person.get("/en/application/result").location(), "/en/application");
}

#[test]
fn a_signature_with_a_revoked_certificate_is_not_accepted() {
    let rig = Rig::new();
    let card = specimen::find("hanako").unwrap().unwrap();
    let certificates = Certificate::of_card(&card).unwrap();
    let certificate = certificates
        .iter()
        .find(|one| one.hierarchy == Hierarchy::Signature)
        .unwrap();
    let mut register = SqliteRegister::open(&rig.register).unwrap();
    let revocation = Revocation {
        at: DateTime::new(2026, 11, 2, 0, 0, 0).unwrap(),
        reason: Reason::KeyCompromise,
    };
    register
        .revoke(certificate.issuer, certificate.serial, revocation)
        .unwrap();
    not_accepted(&rig, "revoked since", |_| {});
}

#[test]
fn a_person_who_gave_no_name_can_not_apply() {
    let rig = Rig::new();
    rig.lie(|lies| {
        lies.userinfo = Box::new(|(status, mut items)| {
            items.as_object_mut().unwrap().remove("name");
            (status, items)
        });
    });
    let mut person = rig.person();
    person.get("/en/application").has("The application needs name");
    person.get("/en/").has("the name was not given");
    let page = person.submit("/en/application", "/en/application", TYPED);
    page.has("The application needs name");
}

#[test]
fn an_application_begun_by_one_person_is_not_another_ones() {
    let rig = Rig::new();
    let (mut one, mut other) = (rig.person(), rig.person());
    one.submit("/en/application", "/en/application", TYPED);
    assert_eq!(other.get("/en/application/review").location(), "/en/application");
    let begun = one.submit("/en/application/review", "/en/application/sign", "");
    let answer = one.get(begun.location());
    let page = other.get(answer.location());
    page.has("does not belong to this browser");
}
