//! 公的個人認証AP on the specimen card of 見本花子, a fictional person: files, certificates, keys and PINs, as clients meet
//! them, against what is published about real cards.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::{AUTH, HANAKO, JPKI, Rig, SIGN, der_object, hex, specimen};
use der::{Decode, Encode};
use rsa::pkcs8::DecodePublicKey;
use rsa::{Pkcs1v15Sign, Pss, RsaPublicKey};
use sha2::{Digest, Sha256};
use vmyna_card_os::key::{Engine, RustEngine, default_engine};
use x509_cert::Certificate;

/// A whole file by short identifier, as jsapdu reads it.
fn file(rig: &mut Rig, sfi: u8) -> Vec<u8> {
    rig.data(&format!("00B0{:02X}00 000000", 0x80 + sfi))
}

/// The card with both PINs verified.
fn unlocked() -> Rig {
    let mut rig = Rig::jpki();
    rig.expect(&[(AUTH, 0x9000), (SIGN, 0x9000)]);
    rig
}

fn certificate(rig: &mut Rig, sfi: u8) -> Certificate {
    Certificate::from_der(der_object(&file(rig, sfi))).unwrap()
}

fn public_key(certificate: &Certificate) -> RsaPublicKey {
    let info = certificate.tbs_certificate.subject_public_key_info.to_der().unwrap();
    RsaPublicKey::from_public_key_der(&info).unwrap()
}

#[test]
fn every_file_has_its_size_beginning_and_content() {
    let issued = specimen("hanako").jpki;
    let (sign, auth) = (issued.sign.unwrap(), issued.auth.unwrap());
    let table: [(u8, usize, &str, &[u8]); 6] = [
        (0x01, 3808, "308206D6", &sign.certificate),
        (0x02, 1900, "308205223082040AA003020102", &issued.sign_ca_certificate),
        (0x06, 160, "4A504B494150494343544F4B454E322020", &[]),
        (0x08, 3, "8F8F00", &[0x8F, 0x8F, 0x00]),
        (0x0A, 3808, "30820632", &auth.certificate),
        (0x0B, 1900, "308205313082", &issued.auth_ca_certificate),
    ];
    let mut rig = unlocked();
    for (sfi, size, beginning, content) in table {
        let read = file(&mut rig, sfi);
        assert_eq!(read.len(), size, "EF {sfi:04X}");
        assert!(
            hex(&read).starts_with(beginning),
            "EF {sfi:04X} begins {}",
            hex(&read[..16.min(size)])
        );
        if read[..2] == [0x30, 0x82] {
            let der = der_object(&read);
            assert_eq!(der, content, "EF {sfi:04X}");
            assert!(read[der.len()..].iter().all(|byte| *byte == 0), "EF {sfi:04X}");
        } else {
            assert!(content.is_empty() || read == content, "EF {sfi:04X}");
        }
        // A client that reads to the end reads exactly up to it.
        let end = format!("00B0{size:04X} 00");
        rig.expect(&[(&format!("00A4020C 02 00{sfi:02X}"), 0x9000), (&end, 0x6B00)]);
        assert_eq!(rig.data(&format!("00B0{:04X} 000000", size - 1)), read[size - 1..]);
    }
    rig.expect(&[("00B08900 00", 0x6982)]);
}

/// A program that parses a whole file as one certificate works with this card only if it was issued so.
#[test]
fn the_files_of_an_exact_card_end_with_their_objects() {
    let exact = specimen("hanako").with_file_sizes(Vec::new());
    let mut rig = Rig::of(&exact.applications(), default_engine());
    rig.select(JPKI);
    rig.expect(&[(SIGN, 0x9000)]);
    for (sfi, size) in [(0x01, 1754), (0x02, 1318), (0x0A, 1590), (0x0B, 1333)] {
        let read = file(&mut rig, sfi);
        assert_eq!((read.len(), der_object(&read).len()), (size, size), "EF {sfi:04X}");
        Certificate::from_der(&read).unwrap();
        rig.expect(&[
            (&format!("00A4020C 02 00{sfi:02X}"), 0x9000),
            (&format!("00B0{size:04X} 00"), 0x6B00),
        ]);
    }
}

#[test]
fn the_token_information_is_that_of_a_my_number_card() {
    let info = file(&mut Rig::jpki(), 0x06);
    let text = |range: std::ops::Range<usize>| String::from_utf8(info[range].to_vec()).unwrap();
    let number = |at: usize| u32::from_be_bytes(info[at..at + 4].try_into().unwrap());
    assert_eq!(text(0..32), format!("{:32}", "JPKIAPICCTOKEN2"));
    let manufacturer = text(32..64);
    assert!(
        manufacturer.trim_end().bytes().all(|digit| digit.is_ascii_digit()) && manufacturer.trim_end().ends_with('1')
    );
    assert_eq!(text(64..80), format!("{:16}", "E16R01NJ"));
    assert_eq!(text(80..96), "9999000000000001", "16 digits of this specimen");
    assert_eq!(
        number(96),
        0x0000_040D,
        "RNG, LOGIN_REQUIRED, USER_PIN_INITIALIZED, TOKEN_INITIALIZED"
    );
    assert_eq!([100, 104, 108, 112].map(number), [1, 0, 1, 0], "sessions");
    assert_eq!([116, 120].map(number), [16, 6], "longest and shortest PIN");
    assert_eq!([124, 128, 132, 136].map(number), [u32::MAX; 4], "memory: unavailable");
    assert_eq!(text(140..144), "0301", "hardware and firmware version");
    assert_eq!(text(144..160), "9".repeat(16), "the clock");
}

#[test]
fn each_certificate_is_signed_by_the_authority_beside_it_and_by_no_other() {
    let mut rig = unlocked();
    let [sign, sign_ca, auth, auth_ca] = [0x01, 0x02, 0x0A, 0x0B].map(|sfi| certificate(&mut rig, sfi));
    let signed_by = |certificate: &Certificate, authority: &Certificate| {
        let hash = Sha256::digest(certificate.tbs_certificate.to_der().unwrap());
        let key = public_key(authority);
        key.verify(Pkcs1v15Sign::new::<Sha256>(), &hash, certificate.signature.raw_bytes())
            .is_ok()
    };
    assert!(signed_by(&sign, &sign_ca) && signed_by(&auth, &auth_ca));
    assert!(signed_by(&sign_ca, &sign_ca) && signed_by(&auth_ca, &auth_ca));
    assert!(!signed_by(&sign, &auth_ca) && !signed_by(&auth, &sign_ca));
    for (certificate, authority) in [(&sign, &sign_ca), (&auth, &auth_ca)] {
        assert_eq!(certificate.tbs_certificate.issuer, authority.tbs_certificate.subject);
    }
    let names = [&sign, &sign_ca, &auth, &auth_ca].map(|certificate| certificate.tbs_certificate.issuer.to_string());
    for name in &names {
        assert!(
            name.contains("JPKI-TEST") && !name.contains("Japan Agency"),
            "{name} could be taken for a real one"
        );
    }
    assert!(names[0].contains("JPKI for digital signature") && names[2].contains("JPKI for user authentication"));
}

#[test]
fn every_scheme_gives_a_signature_of_the_certified_key() {
    let mut rig = unlocked();
    let keys = [0x01, 0x0A].map(|sfi| public_key(&certificate(&mut rig, sfi)));
    let message = b"message";
    let hash = Sha256::digest(message).to_vec();
    let digest_info = [&common::bytes("3031300D060960864801650304020105000420")[..], &hash].concat();
    let verified = |key: &RsaPublicKey, p1: u8, signature: &[u8]| match p1 {
        1 => key.verify(Pkcs1v15Sign::new_unprefixed(), &hash, signature).is_ok(),
        4 | 5 => key.verify(Pss::new::<Sha256>(), &hash, signature).is_ok(),
        _ => key.verify(Pkcs1v15Sign::new::<Sha256>(), &hash, signature).is_ok(),
    };
    let inputs: [&[u8]; 6] = [&digest_info, message, &hash, message, &hash, message];
    for (p1, input) in (0u8..).zip(inputs) {
        // 001A belongs to the certificate in 0001, 0017 to that in 000A.
        for (ef, mine, other) in [(0x1A, &keys[0], &keys[1]), (0x17, &keys[1], &keys[0])] {
            let forms = [
                (format!("00A4020C 02 00{ef:02X}"), 0x80),
                ("00A4020C 02 0006".to_owned(), 0x80 + ef),
            ];
            for (before, p2) in forms {
                rig.expect(&[(&before, 0x9000)]);
                let signature = rig.data(&format!("802A{p1:02X}{p2:02X} {:02X} {} 00", input.len(), hex(input)));
                assert_eq!(signature.len(), 256);
                assert!(verified(mine, p1, &signature), "P1 {p1:02X}, EF {ef:04X}");
                assert!(!verified(other, p1, &signature), "P1 {p1:02X}, EF {ef:04X}");
            }
        }
    }
}

#[test]
fn anything_of_1_to_245_bytes_is_signed_as_it_is() {
    let mut rig = unlocked();
    let key = public_key(&certificate(&mut rig, 0x0A));
    // Bare bytes and the DigestInfos of MD5, SHA-1, SHA-384 and SHA-512 are all the same to the card.
    for length in [1usize, 16, 20, 34, 35, 67, 83, 244, 245] {
        let input = vec![0xD1; length];
        let signature = rig.data(&format!("802A0097 {length:02X} {} 00", hex(&input)));
        key.verify(Pkcs1v15Sign::new_unprefixed(), &input, &signature).unwrap();
    }
    for (command, sw) in [
        (format!("802A0097 F6 {} 00", "D1".repeat(246)), 0x6985),
        ("802A0097 00".to_owned(), 0x6700),
    ] {
        assert_eq!(rig.sw(&command), sw);
    }
}

#[test]
fn all_engines_give_the_same_bytes_where_the_scheme_has_no_salt() {
    let mut engines: Vec<Box<dyn Engine + Send>> = vec![Box::new(RustEngine)];
    #[cfg(feature = "openssl")]
    engines.push(Box::new(vmyna_card_os::key::OpensslEngine));
    engines.push(vmyna_card_os::key::default_engine());
    let mut signatures = engines.into_iter().map(|engine| {
        let mut rig = Rig::of(&HANAKO, engine);
        rig.select(JPKI);
        rig.expect(&[(AUTH, 0x9000), (SIGN, 0x9000)]);
        let commands =
            (0..6).flat_map(|p1| [0x97, 0x9A].map(|p2| format!("802A{p1:02X}{p2:02X} 20 {} 00", "5A".repeat(32))));
        commands.map(|command| rig.data(&command)).collect::<Vec<_>>()
    });
    let first = signatures.next().unwrap();
    // The salt comes from the card's generator, which has the same seed here: so PSS agrees as well.
    assert!(signatures.all(|other| other == first));
}

#[test]
fn the_auth_pin_is_blocked_by_three_wrong_values_and_the_sign_password_by_five() {
    for (ef, right, wrong, tries) in [
        (0x18, AUTH, "00200080 04 30303030", 3u16),
        (0x1B, SIGN, "00200080 06 303030303030", 5),
    ] {
        let mut rig = Rig::jpki();
        rig.expect(&[
            (&format!("00A4020C 02 00{ef:02X}"), 0x9000),
            ("00200080", 0x63C0 + tries),
        ]);
        // A right value before the last try gives all of them back.
        for left in (1..tries).rev() {
            rig.expect(&[(wrong, 0x63C0 + left), ("00200080", 0x63C0 + left)]);
        }
        rig.expect(&[(right, 0x9000), ("00200080", 0x63C0 + tries)]);
        for left in (0..tries).rev() {
            rig.expect(&[(wrong, 0x63C0 + left), ("00200080", 0x63C0 + left)]);
        }
        // Blocked, also behind reset, power and another application, and the other PIN is not.
        for round in 0..3 {
            rig.expect(&[
                (&format!("00A4020C 02 00{ef:02X}"), 0x9000),
                ("00200080", 0x63C0),
                (right, 0x6984),
                (wrong, 0x6984),
            ]);
            rig.expect(&[
                ("00B08100 00", 0x6982),
                (
                    if ef == 0x18 {
                        "802A0097 01 5A 00"
                    } else {
                        "802A009A 01 5A 00"
                    },
                    0x6982,
                ),
            ]);
            match round {
                0 => drop(rig.card.reset().unwrap().to_vec()),
                _ => drop(rig.card.power_on().to_vec()),
            }
            rig.select(JPKI);
        }
        rig.expect(&[(if ef == 0x18 { SIGN } else { AUTH }, 0x9000)]);
    }
}

#[test]
fn a_changed_pin_takes_the_place_of_the_old_one() {
    let mut rig = Rig::jpki();
    rig.expect(&[
        // As jpki/myna does it: SELECT EF, VERIFY, CHANGE with the new value only.
        ("00A4020C 02 0018", 0x9000),
        ("00240180 04 35363738", 0x6982),
        ("00200080 04 31323334", 0x9000),
        ("00240180 04 35363738", 0x9000),
        ("00A4020C 02 001B", 0x9000),
        ("00240180 06 4E4557343536", 0x6982), // the other PIN gives no right
        ("00200080 06 414243313233", 0x9000),
        ("00240180 10 4142434445464748494A4B4C4D4E4F50", 0x9000),
    ]);
    for _ in 0..2 {
        rig.expect(&[
            (AUTH, 0x63C2),
            (SIGN, 0x63C4),
            ("00200098 04 35363738", 0x9000),
            ("0020009B 10 4142434445464748494A4B4C4D4E4F50", 0x9000),
            ("802A0097 01 5A 00", 0x9000),
            ("00B08100 00", 0x9000),
        ]);
        rig.card.power_on();
        rig.select(JPKI);
    }
}

#[test]
fn a_new_pin_must_have_the_form_of_its_pin() {
    let mut rig = unlocked();
    for new in ["123", "12345", "ABCD", "12 4", "123456"] {
        assert_eq!(
            rig.sw(&format!("00240198 {:02X} {}", new.len(), hex(new.as_bytes()))),
            0x6A80,
            "auth PIN {new}"
        );
    }
    for new in ["ABC12", "abc123", "ABC-123", "ABC 123"] {
        assert_eq!(
            rig.sw(&format!("0024019B {:02X} {}", new.len(), hex(new.as_bytes()))),
            0x6A80,
            "sign password {new}"
        );
    }
    assert_eq!(rig.sw(&format!("0024019B 11 {}", "41".repeat(17))), 0x6700);
    rig.expect(&[(AUTH, 0x9000), (SIGN, 0x9000)]);
}
