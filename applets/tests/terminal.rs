//! `80 A2`: a terminal (顔認証付きカードリーダー) shows the card its certificate chain. Published are the two commands and
//! that the card keeps the certified key; what a terminal can do then is not, so here it opens nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::{AUTH, ISD, JPKI, Rig, hex};
use vmyna_applets::cv::CvCertificate;

/// The two commands of a committed certificate.
struct Commands {
    body: String,
    signature: String,
}

fn commands(file: &[u8]) -> Commands {
    let (body, signature) = CvCertificate::from_file(file).unwrap().to_command_data();
    assert_eq!((body.len(), signature.len()), (307, 261), "the published lengths");
    assert!(hex(&body).starts_with("7F218202335F4E820129") && hex(&signature).starts_with("5F37820100"));
    Commands {
        body: format!("80A206C1 00{:04X} {}", body.len(), hex(&body)),
        signature: format!("80A200C1 00{:04X} {}", signature.len(), hex(&signature)),
    }
}

fn intermediate() -> Commands {
    commands(vmyna_test_vectors::specimens::certificates::TERMINAL_INTERMEDIATE)
}

fn terminal() -> Commands {
    commands(vmyna_test_vectors::specimens::certificates::TERMINAL)
}

/// JPKI with the authority's key current.
fn at_authority() -> Rig {
    let mut rig = Rig::jpki();
    rig.expect(&[("00A4020C 02 0016", 0x9000)]);
    rig
}

#[test]
fn a_chain_under_the_cards_authority_is_accepted_link_by_link() {
    let mut rig = at_authority();
    for link in [intermediate(), terminal()] {
        rig.expect(&[(&link.body, 0x9000), (&link.signature, 0x9000)]);
    }
    // Also a second time.
    for link in [intermediate(), terminal()] {
        rig.expect(&[(&link.body, 0x9000), (&link.signature, 0x9000)]);
    }
}

#[test]
fn an_accepted_terminal_opens_nothing() {
    let mut rig = at_authority();
    for link in [intermediate(), terminal()] {
        rig.expect(&[(&link.body, 0x9000), (&link.signature, 0x9000)]);
    }
    rig.expect(&[
        ("00B08100 00", 0x6982),
        ("00B08900 00", 0x6982),
        ("802A0097 01 5A 00", 0x6982),
        ("802A009A 01 5A 00", 0x6982),
        ("00240198 04 35363738", 0x6982),
        ("00200098", 0x63C3),
    ]);
}

#[test]
fn the_terminals_own_certificate_needs_its_intermediate_first() {
    let mut rig = at_authority();
    let link = terminal();
    assert!(
        ![rig.sw(&link.body), rig.sw(&link.signature)]
            .iter()
            .all(|sw| *sw == 0x9000)
    );
}

#[test]
fn an_intermediate_is_forgotten_with_power_and_with_leaving_the_application() {
    let leave: [fn(&mut Rig); 2] = [|rig| rig.select(ISD), |rig| drop(rig.card.power_on().to_vec())];
    for leave in leave {
        let mut rig = at_authority();
        let (upper, lower) = (intermediate(), terminal());
        rig.expect(&[(&upper.body, 0x9000), (&upper.signature, 0x9000)]);
        leave(&mut rig);
        rig.select(JPKI);
        rig.expect(&[("00A4020C 02 0016", 0x9000)]);
        assert!(
            ![rig.sw(&lower.body), rig.sw(&lower.signature)]
                .iter()
                .all(|sw| *sw == 0x9000)
        );
    }
}

#[test]
fn a_signature_without_body_or_a_second_time_is_out_of_order() {
    let link = intermediate();
    let mut rig = at_authority();
    rig.expect(&[
        (&link.signature, 0x6985),
        (&link.body, 0x9000),
        (&link.signature, 0x9000),
        (&link.signature, 0x6985),
    ]);
}

#[test]
fn a_body_sent_twice_waits_for_one_signature() {
    let link = intermediate();
    at_authority().expect(&[
        (&link.body, 0x9000),
        (&link.body, 0x9000),
        (&link.signature, 0x9000),
        (&link.signature, 0x6985),
    ]);
}

/// `terminal-certificate.lifetime`: what the session knows of a terminal lives as long as the security status.
#[test]
fn a_body_waits_for_its_signature_until_the_application_is_left_or_power_is_lost() {
    let link = intermediate();
    let again = ("00A4020C 02 0016", 0x9000);
    let jpki = ("00A4040C 0A D392F000260100000001", 0x9000);
    let between: [(&[(&str, u16)], u16); 6] = [
        (&[("00840000 08", 0x9000)], 0x9000),
        (&[("00B08A00 00", 0x9000), again], 0x9000),
        (&[(AUTH, 0x9000), again], 0x9000),
        (&[("00A4020C 02 0001", 0x9000), again], 0x9000),
        (&[jpki, again], 0x9000),
        (&[("00A4040C 07 A0000001510000", 0x9000), jpki, again], 0x6985),
    ];
    for (exchanges, expected) in between {
        let mut rig = at_authority();
        rig.expect(&[(&link.body, 0x9000)]);
        rig.expect(exchanges);
        assert_eq!(rig.sw(&link.signature), expected, "behind {}", exchanges[0].0);
    }
    for (cold, expected) in [(false, 0x9000), (true, 0x6985)] {
        let mut rig = at_authority();
        rig.expect(&[(&link.body, 0x9000)]);
        if cold {
            rig.card.power_on();
        } else {
            rig.card.reset().unwrap();
        }
        rig.expect(&[jpki, again]);
        assert_eq!(rig.sw(&link.signature), expected, "behind a reset, cold: {cold}");
    }
}

#[test]
fn a_wrong_signature_is_a_mismatch_and_certifies_nothing() {
    let (upper, lower) = (intermediate(), terminal());
    // Each byte of the signature spoilt in turn (every 17th, to be quick), and the signature of the other certificate.
    let head = upper.signature.len() - 512;
    for at in (0..256).step_by(17) {
        let mut spoilt = upper.signature.clone().into_bytes();
        let digit = &mut spoilt[head + 2 * at + 1];
        *digit = if *digit == b'0' { b'1' } else { b'0' };
        let spoilt = String::from_utf8(spoilt).unwrap();
        let mut rig = at_authority();
        rig.expect(&[(&upper.body, 0x9000), (&spoilt, 0x6300), (&upper.signature, 0x6985)]);
        rig.sw(&lower.body);
        assert_ne!(rig.sw(&lower.signature), 0x9000, "byte {at}");
    }
    at_authority().expect(&[(&upper.body, 0x9000), (&lower.signature, 0x6300)]);
}

#[test]
fn a_body_that_is_spoilt_or_of_a_wrong_form_certifies_nothing() {
    let link = intermediate();
    let head = link.body.len() - 2 * 307;
    for at in 0..307 {
        let mut spoilt = link.body.clone().into_bytes();
        let digit = &mut spoilt[head + 2 * at + 1];
        *digit = if *digit == b'0' { b'1' } else { b'0' };
        let spoilt = String::from_utf8(spoilt).unwrap();
        let mut rig = at_authority();
        let [body, signature] = [&spoilt, &link.signature].map(|command| rig.sw(command));
        assert!(
            body != 0x9000 || signature != 0x9000,
            "byte {at} spoilt: {body:04X} {signature:04X}"
        );
    }
    for wrong in [
        format!("80A206C1 000133 {}", "00".repeat(307)),
        format!("80A206C1 000133 7F21820233 5F4E82012A {}", "00".repeat(297)),
        format!("80A200C1 000105 {}", "00".repeat(261)),
    ] {
        let mut rig = at_authority();
        rig.expect(&[(&link.body, 0x9000)]);
        assert_eq!(rig.sw(&wrong), 0x6A80, "{wrong}");
        assert_ne!(rig.sw(&link.signature), 0x9000, "{wrong}");
    }
    // A wrong length is refused before the command is about a certificate: what was begun can be completed.
    for wrong in ["80A206C1", "80A206C1 01 00", "80A206C1 05 7F21820233", "80A200C1 01 00"] {
        at_authority().expect(&[(&link.body, 0x9000), (wrong, 0x6700), (&link.signature, 0x9000)]);
    }
}

#[test]
fn the_published_other_p1_p2_are_refused() {
    for p1_p2 in ["0000", "00AE", "8000", "00B6"] {
        assert_eq!(at_authority().sw(&format!("80A2{p1_p2} 01 00")), 0x6A86, "{p1_p2}");
    }
}

#[test]
fn the_authoritys_key_has_to_be_the_current_ef() {
    let link = intermediate();
    Rig::jpki().expect(&[(&link.body, 0x6986), (&link.signature, 0x6986)]);
    Rig::jpki().expect(&[
        ("00A4020C 02 0017", 0x9000),
        (&link.body, 0x6981),
        (&link.signature, 0x6981),
    ]);
    Rig::hanako().expect(&[(&link.body, 0x6986)]);
}
