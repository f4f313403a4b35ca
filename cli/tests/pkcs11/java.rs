//! Java's own tools and its provider SunPKCS11 with the card's tokens; openssl, that knows no card, verifies.

use std::fs;

use vmyna_testkit::clients::{Way, proves};
use vmyna_testkit::configurations::configuration;
use vmyna_testkit::{client, require_program};

use crate::common::{Printed, openssl};
use crate::desk::Desk;
use crate::issued::{AUTH_PIN, SIGN_PIN};

const PACKAGE: &str = "default-jdk-headless";
const KEY_STORES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/java/KeyStores.java");

/// Both tokens: what the blocks of the page have for the one, and what they need for the other.
const TO_THE_OTHER: [(&str, &str); 3] = [
    ("sign.cfg", "auth.cfg"),
    (SIGN_PIN, AUTH_PIN),
    ("Digital Signature Certificate", "User Authentication Certificate"),
];

fn desk() -> Desk {
    for program in ["java", "keytool", "jarsigner", "jar"] {
        require_program(program, PACKAGE);
    }
    let desk = Desk::new(Way::Service);
    desk.configure(&["auth.cfg", "sign.cfg"]);
    desk.write("text", "ただいま\n");
    desk
}

/// A block of the page, which is for the signature key, for the authentication key.
fn for_the_other(block: &str) -> String {
    TO_THE_OTHER
        .iter()
        .fold(configuration(block), |text, (sign, auth)| text.replace(sign, auth))
}

/// Runs a program of Java without a card; gives its exit status and all that it prints.
fn java(desk: &Desk, program: &str, arguments: &[&str]) -> (i32, String) {
    let mut command = client(program, PACKAGE);
    let output = command.args(arguments).current_dir(desk.path()).output().unwrap();
    (output.status.code().unwrap(), output.out() + &output.err())
}

#[test]
fn keytool_lists_each_token_with_its_key_and_certificates() {
    let _proof = proves("java.keytool", Way::Service);
    let desk = desk();
    let block = "list a Java key store";
    let sign = desk.run(&configuration(block), &[]).exits_with(0).out();
    assert!(
        sign.contains("contains 1 entry") && sign.contains("Digital Signature Certificate, PrivateKeyEntry"),
        "{sign}"
    );
    let auth = desk.run(&for_the_other(block), &[]).exits_with(0).out();
    for entry in [
        "contains 3 entries",
        "User Authentication Certificate, PrivateKeyEntry",
        "User Authentication Certificate CA, trustedCertEntry",
        "Digital Signature Certificate CA, trustedCertEntry",
    ] {
        assert!(auth.contains(entry), "{entry} is missing in\n{auth}");
    }
}

#[test]
fn jarsigner_signs_with_either_key_what_openssl_and_jarsigner_verify() {
    let _signs = proves("java.jarsigner", Way::Service);
    let _strict = proves("java.strict", Way::Service);
    let desk = desk();
    assert_eq!(java(&desk, "jar", &["cf", "letter.jar", "text"]).0, 0);
    let block = "sign a JAR";
    for (script, files, authority, purpose) in [
        (configuration(block), "DIGITAL_", "sign-ca.pem", "smimesign"),
        (for_the_other(block), "USER_AUT", "auth-ca.pem", "sslclient"),
    ] {
        let verified = desk.run(&script, &[]).exits_with(0).out();
        assert!(verified.contains("jar verified."), "{verified}");
        assert_eq!(java(&desk, "jar", &["xf", "signed.jar", "META-INF"]).0, 0);
        let [signature, signed] = ["RSA", "SF"].map(|kind| format!("META-INF/{files}.{kind}"));
        let verify = ["cms", "-verify", "-binary", "-inform", "DER", "-purpose", purpose];
        let of = ["-in", &signature, "-content", &signed, "-CAfile", authority];
        let content = openssl(desk.path(), &[&verify[..], &of].concat());
        assert!(content.starts_with("Signature-Version: 1.0"), "{content}");
    }
    // With the authority trusted too: Java has a rule of its own about policies.
    let store = ["-keystore", "trusted.p12", "-storepass", "changeit"];
    let import = ["-importcert", "-noprompt", "-alias", "ca", "-file", "auth-ca.pem"];
    assert_eq!(java(&desk, "keytool", &[&import[..], &store].concat()).0, 0);
    let strict = [&["-verify", "-strict"][..], &store, &["signed.jar"]].concat();
    let (status, printed) = java(&desk, "jarsigner", &strict);
    assert!(
        status != 0 && printed.contains("critical policy qualifiers present in certificate"),
        "{status}: {printed}"
    );
    // Not a changed text.
    desk.write("text", "おかえり\n");
    assert_eq!(java(&desk, "jar", &["uf", "signed.jar", "text"]).0, 0);
    let (status, printed) = java(&desk, "jarsigner", &["-verify", "signed.jar"]);
    assert!(status == 1 && printed.contains("digest error"), "{status}: {printed}");
}

#[test]
fn sun_pkcs11_signs_several_times_after_one_log_in_and_a_wrong_pin_costs_a_try() {
    let _signs = proves("java.signs", Way::Service);
    let _wrong = proves("java.wrong-pin", Way::Service);
    let _pss = proves("java.pss", Way::Service);
    let desk = desk();
    desk.write("KeyStores.java", fs::read(KEY_STORES).unwrap());
    let printed = desk
        .run(
            "javac KeyStores.java
            PIN=1234 java KeyStores auth.cfg text auth.1 auth.2 auth.3
            PIN=ABC123 java KeyStores sign.cfg text sign.1 sign.2 sign.3
            ! PIN=4321 java KeyStores auth.cfg text never
            ! PIN=ABC124 java KeyStores sign.cfg text never
            test ! -e never",
            &[],
        )
        .exits_with(0)
        .out();
    for key in ["auth", "sign"] {
        for number in 1..=3 {
            desk.is_signed(&format!("{key}.pem"), &format!("{key}.{number}"));
        }
    }
    for (line, times) in [
        ("key: User Authentication Certificate\n", 1),
        ("key: Digital Signature Certificate\n", 1),
        ("RSASSA-PSS: not offered\n", 2),
        ("refused: CKR_PIN_INCORRECT\n", 2),
    ] {
        assert_eq!(printed.matches(line).count(), times, "{line}{printed}");
    }
    assert_eq!(desk.tries_left(), [2, 4]);
}
