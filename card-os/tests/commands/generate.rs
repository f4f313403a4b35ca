//! GENERATE ASYMMETRIC KEY PAIR `00 46`, and signatures by ECDSA: P1=10 and 11 of `80 2A`, INTERNAL AUTHENTICATE.

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use sha2::{Digest, Sha256, Sha384};
use vmyna_card_os::Event;

use crate::common::free::{self, FREE, OWN_DENIAL};
use crate::common::{Rig, hex};

const PIN: &str = "00200098 04 31323334";

/// The point in the answer of GENERATE ASYMMETRIC KEY PAIR.
fn point(answer: &[u8], length: usize) -> Vec<u8> {
    let point = answer
        .strip_prefix(&[0x7F, 0x49, length as u8 + 2, 0x86, length as u8][..])
        .unwrap();
    assert_eq!((point.len(), point[0]), (length, 0x04));
    point.to_vec()
}

fn accepted_by_p256(point: &[u8], digest: &[u8], signature: &p256::ecdsa::Signature) -> bool {
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).unwrap();
    key.verify_prehash(digest, signature).is_ok()
}

fn accepted_by_p384(point: &[u8], digest: &[u8], signature: &p384::ecdsa::Signature) -> bool {
    let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(point).unwrap();
    key.verify_prehash(digest, signature).is_ok()
}

/// A card on which both keys were made, and their points.
fn with_keys() -> (Rig, Vec<u8>, Vec<u8>) {
    let mut rig = free::rig();
    rig.expect(&[(PIN, 0x9000)]);
    let (p256, sw) = rig.send("00468090 00");
    assert_eq!(sw, 0x9000);
    let (p384, sw) = rig.send("00468095 00");
    assert_eq!(sw, 0x9000);
    (rig, point(&p256, 65), point(&p384, 97))
}

#[test]
fn of_all_p1_p2_those_of_a_made_key_generate_and_those_of_any_private_key_return() {
    let mut rig = free::rig();
    rig.expect(&[(PIN, 0x9000), ("00A4020C 02 0015", 0x9000)]);
    for p1 in 0..=0xFFu8 {
        for p2 in 0..=0xFFu8 {
            let expected = match (p1, p2) {
                (0x80 | 0x81, 0x00..=0x7F | 0x9F..) => 0x6A86,
                (0x80 | 0x81, 0x80 | 0x90 | 0x95) => 0x9000,
                // Not readable.
                (0x81, 0x91 | 0x93) => OWN_DENIAL,
                (0x80 | 0x81, 0x81..=0x87 | 0x8C..=0x8E | 0x91..=0x93 | 0x98..=0x9A) => 0x6981,
                (0x80 | 0x81, _) => 0x6A82,
                _ => 0x6A86,
            };
            let (_, sw) = rig.send(&format!("0046{p1:02X}{p2:02X} 00"));
            assert_eq!(sw, expected, "0046{p1:02X}{p2:02X}");
            rig.expect(&[("00A4020C 02 0015", 0x9000)]);
        }
    }
}

#[test]
fn a_key_is_absent_until_it_is_made_and_made_only_by_right() {
    let mut rig = free::rig();
    let digest = format!("20 {}", "5A".repeat(32));
    let uses = [
        "00468190 00".to_owned(),
        format!("802A1090 {digest} 00"),
        format!("802A1100 {digest} 00"),
        "00880090 04 01020304 00".to_owned(),
    ];
    for command in &uses {
        assert_eq!(rig.sw(command), 0x6A88, "{command}");
    }
    assert_eq!(rig.sw("00468090 00"), OWN_DENIAL);
    rig.expect(&[(PIN, 0x9000), ("00468090 00", 0x9000)]);
    for command in &uses {
        assert_eq!(rig.send(command).1, 0x9000, "{command}");
    }
}

#[test]
fn a_wrong_form_makes_no_key() {
    let mut rig = free::rig();
    rig.expect(&[(PIN, 0x9000)]);
    for wrong in [
        "00468090",
        "00468090 01 00",
        "00468090 01 00 00",
        "00468090 45",
        "00468190",
    ] {
        assert_eq!(rig.sw(wrong), 0x6700, "{wrong}");
        assert_eq!(rig.sw("00468190 00"), 0x6A88, "{wrong}");
    }
    assert_eq!(rig.send("00468090 46").0.len(), 70);
    assert_eq!(rig.sw("00468190 45"), 0x6700);
    assert_eq!(rig.send("00468195 00").1, 0x6A88);
}

#[test]
fn the_public_key_stays_until_another_key_is_made_and_the_old_one_signs_no_more() {
    let (mut rig, first, _) = with_keys();
    let sign = |rig: &mut Rig| {
        let (raw, sw) = rig.send(&format!("802A1190 20 {} 00", "5A".repeat(32)));
        assert_eq!((raw.len(), sw), (64, 0x9000));
        p256::ecdsa::Signature::from_slice(&raw).unwrap()
    };
    assert!(accepted_by_p256(&first, &[0x5A; 32], &sign(&mut rig)));
    for _ in 0..2 {
        assert_eq!(point(&rig.send("00468190 00").0, 65), first);
        rig = free::on(rig.card.into_store());
    }
    rig.expect(&[(PIN, 0x9000)]);
    // The card has used the first key, and must forget it.
    assert!(accepted_by_p256(&first, &[0x5A; 32], &sign(&mut rig)));
    // The new process has the same random numbers: not the same ones for the key.
    rig.expect(&[("00840000 08", 0x9000)]);
    let second = point(&rig.send("00468090 00").0, 65);
    assert_ne!(first, second);
    let signature = sign(&mut rig);
    assert!(accepted_by_p256(&second, &[0x5A; 32], &signature) && !accepted_by_p256(&first, &[0x5A; 32], &signature));
    rig.card.reset_state().unwrap();
    rig.card.power_on();
    rig.select(FREE);
    assert_eq!(rig.sw("00468190 00"), 0x6A88);
    assert_eq!(rig.sw(&format!("802A1190 20 {} 00", "5A".repeat(32))), 0x6A88);
}

#[test]
fn p1_10_answers_der_and_p1_11_r_and_s_of_the_digest() {
    let (mut rig, small, large) = with_keys();
    for length in 0..=70usize {
        let digest: Vec<u8> = (1..=length as u8).collect();
        for (p1, p2, point) in [
            ("10", "90", &small),
            ("11", "90", &small),
            ("10", "95", &large),
            ("11", "95", &large),
        ] {
            let data = if length == 0 {
                String::new()
            } else {
                format!("{length:02X} {}", hex(&digest))
            };
            let (signature, sw) = rig.send(&format!("802A{p1}{p2} {data} 00"));
            let expected = match length {
                0 => 0x6700,
                20..=64 => 0x9000,
                _ => 0x6985,
            };
            assert_eq!(sw, expected, "{length} bytes, P1={p1}");
            if sw != 0x9000 {
                continue;
            }
            let size = point.len() / 2;
            let mut number = vec![0; size.saturating_sub(length)];
            number.extend(digest.iter().take(size));
            let accepted = match (p1, size) {
                ("10", 32) => accepted_by_p256(point, &number, &p256::ecdsa::Signature::from_der(&signature).unwrap()),
                ("10", _) => accepted_by_p384(point, &number, &p384::ecdsa::Signature::from_der(&signature).unwrap()),
                (_, 32) => accepted_by_p256(point, &number, &p256::ecdsa::Signature::from_slice(&signature).unwrap()),
                _ => accepted_by_p384(point, &number, &p384::ecdsa::Signature::from_slice(&signature).unwrap()),
            };
            assert!(accepted, "{length} bytes, P1={p1} P2={p2}");
        }
    }
}

#[test]
fn internal_authenticate_with_an_ec_key_signs_the_challenge_with_the_hash_as_long_as_the_key() {
    let (mut rig, small, large) = with_keys();
    for length in [1, 8, 255] {
        let challenge = vec![0xC5; length];
        let command = |p2: &str| format!("008800{p2} {length:02X} {} 00", hex(&challenge));
        let signature = rig.send(&command("90")).0;
        let signature = p256::ecdsa::Signature::from_der(&signature).unwrap();
        assert!(accepted_by_p256(&small, &Sha256::digest(&challenge), &signature));
        let signature = rig.send(&command("95")).0;
        let signature = p384::ecdsa::Signature::from_der(&signature).unwrap();
        assert!(accepted_by_p384(&large, &Sha384::digest(&challenge), &signature));
    }
}

#[test]
fn a_key_signs_by_its_own_algorithm_alone_and_nothing_into_a_short_le() {
    let (mut rig, ..) = with_keys();
    let digest = format!("20 {}", "5A".repeat(32));
    for p1 in 0..=0xFFu8 {
        for (p2, ec) in [("90", true), ("91", true), ("95", true), ("93", false)] {
            let sw = rig.send(&format!("802A{p1:02X}{p2} {digest} 00")).1;
            let expected = match p1 {
                0..=5 if ec => 0x6985,
                0x10 | 0x11 if !ec => 0x6985,
                0..=5 | 0x10 | 0x11 => 0x9000,
                _ => 0x6A86,
            };
            assert_eq!(sw, expected, "P1={p1:02X} P2={p2}");
        }
    }
    // The default key.
    assert_eq!(rig.send(&format!("802A1000 {digest} 00")).1, 0x9000);
    for (p1, p2, short, long) in [("11", "90", 63, 64), ("11", "95", 95, 96)] {
        assert_eq!(rig.sw(&format!("802A{p1}{p2} {digest} {short:02X}")), 0x6700);
        assert_eq!(rig.send(&format!("802A{p1}{p2} {digest} {long:02X}")).1, 0x9000);
    }
    assert_eq!(rig.sw(&format!("802A1090 {digest} 3F")), 0x6700);
    assert_eq!(rig.sw("00880090 01 5A 3F"), 0x6700);
}

#[test]
fn no_event_shows_a_made_key_or_what_is_written() {
    let mut rig = free::rig();
    let shown = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let text = shown.clone();
    rig.card.observe(Box::new(move |event: &Event<'_>| {
        // A command's bytes are masked by who shows them.
        if !matches!(event, Event::Command { .. }) {
            text.lock().unwrap().push_str(&format!("{event:?}\n"));
        }
    }));
    rig.expect(&[
        ("00468095 00", 0x9000),
        ("00D68100 04 53454352", 0x9000),
        ("00E20060 04 53454352", 0x9000),
    ]);
    let shown = shown.lock().unwrap();
    assert!(shown.contains("private key") && shown.contains("4 bytes"), "{shown}");
    assert!(!shown.contains("83, 69, 67") && !shown.contains("SECR"), "{shown}");
}
