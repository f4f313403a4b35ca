//! openssl signs with the card's keys through its engine for PKCS#11 (libp11); another openssl, that knows no card,
//! verifies.

use std::fs;

use vmyna_testkit::client;
use vmyna_testkit::clients::{Way, proves};

use crate::common::{Printed, openssl};
use crate::desk::{Desk, require_openssl_engine};
use crate::issued::{AUTH_PIN, SIGN_PIN};

const TEXT: &str = "おはよう\n";

/// `sign KEY COMMAND…` adds the engine and a key by its URI to a command of openssl.
///
/// OpenSC gives the signature key's PIN to one signature only (CKA_ALWAYS_AUTHENTICATE), so the engine asks for it again:
/// on the terminal, or, in a session without one, on standard input.
const FUNCTIONS: &str = r#"
    engine() { command=$1; shift; openssl "$command" -engine pkcs11 -keyform engine "$@"; }
    typed() { pin=$1; shift; echo "$pin" | setsid --wait openssl "$1" -engine pkcs11 -keyform engine $2; }
"#;

fn desk(way: Way) -> Desk {
    require_openssl_engine();
    let desk = Desk::new(way);
    desk.write("text", TEXT);
    desk.write("auth-pin", AUTH_PIN);
    desk.write("sign-pin", SIGN_PIN);
    desk
}

fn signatures_verify(way: Way) {
    let desk = desk(way);
    let script = FUNCTIONS.to_owned()
        + r#"
        engine dgst -sha256 -sign "$AUTH;type=private;pin-value=1234" -out auth.value text
        engine dgst -sha512 -sign "$AUTH;type=private;pin-source=file:$PWD/auth-pin" -out auth.source text
        typed ABC123 dgst "-sha256 -sign $SIGN;type=private;pin-source=file:$PWD/sign-pin -out sign.source text"
        "#;
    let said = desk.run(&script, &[]).exits_with(0).err();
    assert!(said.contains("PIN for Digital Signature Key"), "{said}");
    for (certificate, digest, signature) in [
        ("auth.pem", "-sha256", "auth.value"),
        ("auth.pem", "-sha512", "auth.source"),
        ("sign.pem", "-sha256", "sign.source"),
    ] {
        let here = desk.path();
        openssl(
            here,
            &["x509", "-in", certificate, "-pubkey", "-noout", "-out", "key.pem"],
        );
        let verify = ["dgst", digest, "-verify", "key.pem", "-signature", signature, "text"];
        assert_eq!(openssl(here, &verify).trim(), "Verified OK", "{signature}");
    }
}

#[test]
fn what_the_engine_signs_with_either_key_openssl_verifies() {
    let _proof = proves("openssl.signs", Way::Service);
    signatures_verify(Way::Service);
}

#[test]
fn what_the_engine_signs_with_either_key_openssl_verifies_also_by_pcscd() {
    let _proof = proves("openssl.signs", Way::Vpcd);
    signatures_verify(Way::Vpcd);
}

#[test]
fn a_wrong_pin_costs_the_engine_one_try() {
    let _proof = proves("openssl.wrong-pin", Way::Service);
    let desk = desk(Way::Service);
    let script = FUNCTIONS.to_owned() + r#"engine dgst -sign "$AUTH;type=private;pin-value=4321" -out signature text"#;
    let said = desk.run(&script, &[]).exits_with(1).err();
    assert!(said.contains("PIN incorrect"), "{said}");
    assert_eq!(desk.tries_left(), [2, 5]);
}

/// What `openssl cms -verify` says of a message: the text, or why not.
fn cms_verify(desk: &Desk, message: &str, arguments: &[&str]) -> Result<String, String> {
    let mut command = client("openssl", "openssl");
    command.args(["cms", "-verify", "-binary", "-inform", "DER", "-in", message]);
    let output = command.args(arguments).current_dir(desk.path()).output().unwrap();
    if output.status.success() {
        Ok(output.out())
    } else {
        Err(output.err())
    }
}

fn cms_verifies(way: Way) {
    let desk = desk(way);
    let script = FUNCTIONS.to_owned()
        + r#"
        arguments="-sign -md sha256 -binary -nodetach -in text -outform DER"
        typed ABC123 cms "$arguments -signer sign.pem -inkey $SIGN;type=private;pin-source=file:$PWD/sign-pin -out sign.cms"
        engine cms $arguments -signer auth.pem -inkey "$AUTH;type=private;pin-value=1234" -out auth.cms
        "#;
    desk.run(&script, &[]).exits_with(0);
    assert_eq!(
        cms_verify(&desk, "sign.cms", &["-CAfile", "sign-ca.pem"]).unwrap(),
        TEXT
    );
    // Not by the other authority.
    let refused = cms_verify(&desk, "sign.cms", &["-CAfile", "auth-ca.pem"]).unwrap_err();
    assert!(refused.contains("unable to get local issuer certificate"), "{refused}");
    // Not a changed text.
    let mut message = fs::read(desk.path().join("sign.cms")).unwrap();
    let at = message.windows(TEXT.len()).position(|window| window == TEXT.as_bytes());
    message[at.unwrap() + TEXT.len() - 2] ^= 1;
    desk.write("changed.cms", message);
    let refused = cms_verify(&desk, "changed.cms", &["-CAfile", "sign-ca.pem"]).unwrap_err();
    assert!(refused.contains("verification failure"), "{refused}");
    // The authentication certificate is for TLS clients alone, and openssl minds that.
    let by_auth =
        |arguments: &[&str]| cms_verify(&desk, "auth.cms", &[&["-CAfile", "auth-ca.pem"], arguments].concat());
    let refused = by_auth(&[]).unwrap_err();
    assert!(refused.contains("certificate purpose"), "{refused}");
    assert_eq!(by_auth(&["-purpose", "sslclient"]).unwrap(), TEXT);
}

#[test]
fn a_cms_signature_verifies_under_its_authority_and_a_changed_text_does_not() {
    let _proof = proves("openssl.cms", Way::Service);
    cms_verifies(Way::Service);
}

#[test]
fn a_cms_signature_verifies_under_its_authority_and_a_changed_text_does_not_also_by_pcscd() {
    let _proof = proves("openssl.cms", Way::Vpcd);
    cms_verifies(Way::Vpcd);
}
