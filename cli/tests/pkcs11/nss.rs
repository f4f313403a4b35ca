//! NSS' tools with the card's tokens, from a database like those of Firefox and Chromium; openssl, that knows no card,
//! verifies.

use vmyna_testkit::clients::{Way, proves};
use vmyna_testkit::configurations::configuration;
use vmyna_testkit::require_program;

use crate::common::{Printed, openssl};
use crate::desk::Desk;

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
    let _limit = proves("nss.policies", Way::Service);
    let desk = desk();
    let save = configuration("save the authorities' certificates");
    let sign = configuration("sign a CMS message with the authentication key");
    let verified = desk.run(&(save + &sign), &[]).exits_with(0);
    assert!(verified.out().ends_with("ごちそうさま\n"), "{}", verified.out());
    // The authority's certificate, from the card, is the one that the message has been verified with.
    let request = configuration("make a certificate request with the signature key");
    desk.run(&request, &[]).exits_with(0);
    let here = desk.path();
    let of_request = openssl(here, &["req", "-in", "sign.csr", "-inform", "DER", "-pubkey", "-noout"]);
    let of_certificate = openssl(here, &["x509", "-in", "sign.pem", "-pubkey", "-noout"]);
    assert_eq!(of_request, of_certificate);

    // The older way of NSS to validate doesn't know the critical extension; its newer one does.
    let trust = "for name in auth sign; do certutil -A -d sql:nssdb -n $name-ca -t CT,C,C -i $name-ca.pem; done
        vfychain -d sql:nssdb -u 0 -pp -a auth.pem
        vfychain -d sql:nssdb -u 4 -pp -a sign.pem";
    let chains = desk.run(trust, &[]).exits_with(0);
    let chains = chains.out() + &chains.err();
    assert_eq!(chains.matches("Chain is good!").count(), 2, "{chains}");
    let older = desk
        .run("cmsutil -D -d sql:nssdb -u 0 -i auth.cms", &[])
        .exits_with(1)
        .err();
    assert!(older.contains("SEC_ERROR_UNKNOWN_CRITICAL_EXTENSION"), "{older}");
}

#[test]
fn a_database_of_a_browser_has_the_authentication_key_alone() {
    let _proof = proves("nss.browser", Way::Service);
    let desk = Desk::new(Way::Service);
    require_program("certutil", "libnss3-tools");
    desk.configure(&["pins"]);
    let script = configuration("give Chromium the authentication key")
        + "certutil -L -d \"sql:$HOME/.pki/nssdb\" -h all -f pins
        certutil -K -d \"sql:$HOME/.pki/nssdb\" -h all -f pins";
    let home = desk.path().to_str().unwrap().to_owned();
    let printed = desk.run(&script, &[("HOME", &home)]).exits_with(0).out();
    assert!(printed.contains("User Authentication Key"), "{printed}");
    assert!(!printed.contains("Digital Signature PIN"), "{printed}");
    assert_eq!(desk.tries_left(), [3, 5]);
}
