//! EXTERNAL AUTHENTICATE `00 82` with the key of a host.

use crate::common::free::{self, FREE, OWN_DENIAL, signed_by_host};
use crate::common::{ALPHA, Rig, hex};

const CHALLENGE: &str = "00840000 10";
/// Needs the host.
const UPDATE: &str = "00D68500 01 5A";

fn challenge(rig: &mut Rig) -> Vec<u8> {
    let (challenge, sw) = rig.send(CHALLENGE);
    assert_eq!((challenge.len(), sw), (16, 0x9000));
    challenge
}

fn answer(signature: &[u8]) -> String {
    format!("00820092 {:02X} {}", signature.len(), hex(signature))
}

/// Authenticates the host.
fn authenticate(rig: &mut Rig) {
    let signature = signed_by_host(&challenge(rig));
    assert_eq!(rig.sw(&answer(&signature)), 0x9000);
}

#[test]
fn the_signature_of_the_last_challenge_opens_what_needs_the_host() {
    let mut rig = free::rig();
    assert_eq!(rig.sw(UPDATE), OWN_DENIAL);
    authenticate(&mut rig);
    assert_eq!(rig.sw(UPDATE), 0x9000);
    // It ends with the application, as a verified PIN does.
    rig.select(FREE);
    assert_eq!(rig.sw(UPDATE), 0x9000);
    rig.select(ALPHA);
    rig.select(FREE);
    assert_eq!(rig.sw(UPDATE), OWN_DENIAL);
}

#[test]
fn a_challenge_serves_once_and_only_the_last_one_of_8_bytes_or_more() {
    let mut rig = free::rig();
    let right = |challenge: &[u8]| answer(&signed_by_host(challenge));
    assert_eq!(rig.sw(&right(&[])), 0x6985, "without a challenge");
    let first = challenge(&mut rig);
    assert_eq!(rig.sw(&right(&first)), 0x9000);
    assert_eq!(rig.sw(&right(&first)), 0x6985, "the same again");
    let first = challenge(&mut rig);
    challenge(&mut rig);
    assert_eq!(rig.sw(&right(&first)), 0x6300, "the challenge before the last");
    for length in 1..=16u8 {
        let (challenge, _) = rig.send(&format!("00840000 {length:02X}"));
        let expected = if length >= 8 { 0x9000 } else { 0x6985 };
        assert_eq!(rig.sw(&right(&challenge)), expected, "{length} bytes");
    }
    // One that a wrong signature has used up.
    let last = challenge(&mut rig);
    assert_eq!(rig.sw(&right(b"another")), 0x6300);
    assert_eq!(rig.sw(&right(&last)), 0x6985);
}

#[test]
fn a_wrong_signature_ends_the_right_and_a_refused_command_uses_no_challenge_up() {
    let mut rig = free::rig();
    authenticate(&mut rig);
    let challenge = challenge(&mut rig);
    let right = answer(&signed_by_host(&challenge));
    for (command, expected) in [
        ("00820092".to_owned(), 0x6700),
        ("00820092 00".to_owned(), 0x6700),
        (format!("{right} 00"), 0x6700),
        ("00820192 01 5A".to_owned(), 0x6A86),
        // Another key, a PIN, a file: none is for it.
        (right.replace("00820092", "00820090"), OWN_DENIAL),
        (right.replace("00820092", "00820098"), OWN_DENIAL),
        (right.replace("00820092", "00820081"), OWN_DENIAL),
        (right.replace("00820092", "00820094"), 0x6A82),
    ] {
        assert_eq!(rig.sw(&command), expected, "{command}");
    }
    rig.expect(&[(UPDATE, 0x9000), (&right, 0x9000), (UPDATE, 0x9000)]);
    let signature = signed_by_host(&self::challenge(&mut rig));
    let damaged = [&signature[..signature.len() - 1], &[signature[signature.len() - 1] ^ 1]].concat();
    rig.expect(&[(&answer(&damaged), 0x6300), (UPDATE, OWN_DENIAL)]);
}

#[test]
fn a_challenge_lives_as_long_as_the_security_status() {
    // Whether the challenge still serves after this.
    type Step = fn(&mut Rig);
    let steps: [(Step, bool); 5] = [
        (|rig| rig.select(FREE), true),
        (|rig| drop(rig.card.reset().unwrap().to_vec()), true),
        (
            |rig| rig.expect(&[("00A4020C 02 0001", 0x9000), ("00200098", 0x63C3)]),
            true,
        ),
        (
            |rig| {
                rig.select(ALPHA);
                rig.select(FREE);
            },
            false,
        ),
        (
            |rig| {
                rig.card.power_on();
                rig.select(FREE);
            },
            false,
        ),
    ];
    for (at, (step, serves)) in steps.into_iter().enumerate() {
        let mut rig = free::rig();
        let challenge = challenge(&mut rig);
        step(&mut rig);
        let sw = rig.sw(&answer(&signed_by_host(&challenge)));
        assert_eq!(sw, if serves { 0x9000 } else { 0x6985 }, "step {at}");
    }
}
