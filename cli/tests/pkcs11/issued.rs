//! A card that was issued a moment ago under authorities of its own, and the certificates that go with it.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use crate::common::{Printed, openssl, vmyna};

/// The PIN of the authentication key.
pub(crate) const AUTH_PIN: &str = "1234";
/// The password of the signature key.
pub(crate) const SIGN_PIN: &str = "ABC123";

const PERSON: &str = r#"
name = "見本　花子"
address = "東京都千代田区見本町一丁目２番３号"
birth = 1989-10-25
sex = "female"
municipality.code = "13101"
pins.auth = "1234"
pins.sign = "ABC123"
"#;

/// The image; as PEM, the card's certificates and those of the authorities; and what a server needs of the authorities.
const FILES: [&str; 11] = [
    "card.vmyna",
    "auth.pem",
    "sign.pem",
    "auth-ca.pem",
    "sign-ca.pem",
    "ca/ca.toml",
    "ca/sign-ca/key.pem",
    "ca/sign-ca/certificate.der",
    "ca/auth-ca/key.pem",
    "ca/auth-ca/certificate.der",
    "ca/register.sqlite",
];

/// Issued once for all tests of this program: a card takes a second. Each test gets a copy, because only one process
/// uses a card at a time.
static ISSUED: LazyLock<Vec<(&str, Vec<u8>)>> = LazyLock::new(|| {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    fs::write(here.join("person.toml"), PERSON).unwrap();
    for arguments in [
        &["ca", "init", "ca"][..],
        &["issue", "person.toml", "--ca", "ca", "-o", "card.vmyna"],
    ] {
        vmyna(arguments).current_dir(here).output().unwrap().exits_with(0);
    }
    for (file, pem) in [("jpki/000A", "auth.pem"), ("jpki/0001", "sign.pem")] {
        let read = vmyna(["files", "card.vmyna", file, "--object"])
            .current_dir(here)
            .output();
        fs::write(here.join("der"), read.unwrap().exits_with(0).stdout).unwrap();
        openssl(here, &["x509", "-inform", "DER", "-in", "der", "-out", pem]);
    }
    for authority in ["auth-ca", "sign-ca"] {
        let (der, pem) = (format!("ca/{authority}/certificate.der"), format!("{authority}.pem"));
        openssl(here, &["x509", "-inform", "DER", "-in", &der, "-out", &pem]);
    }
    FILES
        .map(|file| (file, fs::read(here.join(file)).unwrap()))
        .into_iter()
        .collect()
});

/// Puts the card as issued, `card.vmyna`, and the certificates into this directory.
pub(crate) fn lay_out(directory: &Path) {
    for folder in ["ca/sign-ca", "ca/auth-ca"] {
        fs::create_dir_all(directory.join(folder)).unwrap();
    }
    for (name, content) in ISSUED.iter() {
        fs::write(directory.join(name), content).unwrap();
    }
}
