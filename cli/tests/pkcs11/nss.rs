//! NSS' tools with the card's tokens, from a database like those of Firefox and Chromium; openssl, that knows no card,
//! verifies.

use std::fs;

use vmyna_testkit::clients::{Way, proves};
use vmyna_testkit::configurations::configuration;
use vmyna_testkit::require_program;

use crate::common::{Printed, openssl};
use crate::desk::Desk;
use crate::issued::AUTH_PIN;

/// With a database that has OpenSC's module, and the file of PINs.
fn desk() -> Desk {
    for program in ["certutil", "modutil", "cmsutil", "vfychain"] {
        require_program(program, "libnss3-tools");
    }
    let desk = Desk::new(Way::Service);
    desk.configure(&["pins"]);
    desk.write("text", "ごちそうさま\n");
    desk.run(&configuration("make a database with OpenSC's module"), &[])
        .exits_with(0);
    desk
}

#[test]
fn nss_lists_tokens_certificates_and_keys_and_a_wrong_pin_costs_a_try() {
    let _lists = proves("nss.lists", Way::Service);
    let _wrong = proves("nss.wrong-pin", Way::Service);
    let desk = desk();
    let block = configuration("list tokens, certificates and keys");
    let printed = desk.run(&block, &[]).exits_with(0).out();
    for line in [
        "Token Name: JPKI (User Authentication PIN)",
        "Token Name: JPKI (Digital Signature PIN)",
        "JPKI (User Authentication PIN):User Authentication Certificate ",
        "JPKI (User Authentication PIN):Digital Signature Certificate CA",
        "01                                         User Authentication Key",
        "02                                         Digital Signature Key",
    ] {
        assert!(printed.contains(line), "{line} is missing in\n{printed}");
    }
    desk.write(
        "pins",
        configuration("pins")
            .replace("1234", "4321")
            .replace("ABC123", "ABC124"),
    );
    let keys = |token| {
        let script = format!("certutil -K -d sql:nssdb -h 'JPKI ({token} PIN)' -f pins");
        desk.run(&script, &[])
    };
    for token in ["User Authentication", "Digital Signature"] {
        let printed = keys(token).err();
        assert!(printed.contains("Incorrect password/PIN entered"), "{printed}");
    }
    assert_eq!(desk.tries_left(), [2, 4]);
}

#[test]
fn nss_signs_with_either_key_what_openssl_verifies() {
    let _cms = proves("nss.cms", Way::Service);
    let _request = proves("nss.request", Way::Service);
    let _verifies = proves("nss.chain", Way::Service);
    let desk = desk();
    let save = configuration("save the authorities' certificates");
    let sign = configuration("sign a CMS message with the authentication key");
    let authorities = || ["auth-ca.pem", "sign-ca.pem"].map(|file| fs::read(desk.path().join(file)).unwrap());
    let issued_by = authorities();
    let verified = desk.run(&(save + &sign), &[]).exits_with(0);
    assert!(verified.out().ends_with("ごちそうさま\n"), "{}", verified.out());
    // Those on the card, with which the message has been verified.
    assert_eq!(authorities(), issued_by);
    let request = configuration("make a certificate request with the signature key");
    desk.run(&request, &[]).exits_with(0);
    let here = desk.path();
    let of_request = openssl(here, &["req", "-in", "sign.csr", "-inform", "DER", "-pubkey", "-noout"]);
    let of_certificate = openssl(here, &["x509", "-in", "sign.pem", "-pubkey", "-noout"]);
    assert_eq!(of_request, of_certificate);

    let trust = "for name in auth sign; do certutil -A -d sql:nssdb -n $name-ca -t CT,C,C -i $name-ca.pem; done
        vfychain -d sql:nssdb -u 0 -pp -a auth.pem
        vfychain -d sql:nssdb -u 4 -pp -a sign.pem";
    let chains = desk.run(trust, &[]).exits_with(0);
    let chains = chains.out() + &chains.err();
    assert_eq!(chains.matches("Chain is good!").count(), 2, "{chains}");
}

#[test]
fn a_database_of_a_browser_has_the_authentication_key_alone() {
    let _proof = proves("nss.browser", Way::Service);
    let desk = Desk::new(Way::Service);
    for program in ["certutil", "modutil"] {
        require_program(program, "libnss3-tools");
    }
    desk.configure(&["opensc.conf"]);
    // The only PIN: it would be a wrong one for another token.
    desk.write("pin", AUTH_PIN);
    let script = configuration("give Chromium the authentication key")
        + "modutil -dbdir \"sql:$HOME/.pki/nssdb\" -list opensc
        certutil -K -d \"sql:$HOME/.pki/nssdb\" -h all -f pin";
    let home = desk.path().to_str().unwrap().to_owned();
    let printed = desk.run(&script, &[("HOME", &home)]).exits_with(0).out();
    assert_eq!(printed.matches("Token Name: JPKI").count(), 1, "{printed}");
    assert!(printed.contains("User Authentication Key"), "{printed}");
    assert!(!printed.contains("Digital Signature"), "{printed}");
    assert_eq!(desk.tries_left(), [3, 5]);
}
