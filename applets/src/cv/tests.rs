use std::sync::LazyLock;

use proptest::prelude::*;
use rsa::RsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use vmyna_test_vectors::specimens::{certificates, keys};

use super::*;

/// A terminal's intermediate, certified by the terminal authority.
static CERTIFICATE: LazyLock<CvCertificate> =
    LazyLock::new(|| CvCertificate::from_file(certificates::TERMINAL_INTERMEDIATE).unwrap());

fn public_key(pem: &str) -> RsaPublicKey {
    RsaPrivateKey::from_pkcs8_pem(pem).unwrap().to_public_key()
}

#[test]
fn a_key_id_is_seven_digits_a_separator_three_digits_and_four_bytes() {
    let id = KeyId::new(7_000_020, 1, 0xA8).unwrap();
    assert_eq!(id.as_bytes(), b"7000020\x08\x05001\x00\x00\x00\xA8");
    assert_eq!(KeyId::from_bytes(id.as_bytes()).unwrap(), id);
    assert_eq!(id.to_string(), "7000020/001/000000A8");
    assert_eq!(KeyId::new(42, 7, 0).unwrap().to_string(), "0000042/007");
}

#[test]
fn a_key_id_that_does_not_fit_its_digits_is_refused() {
    assert!(KeyId::new(10_000_000, 1, 0).is_err());
    assert!(KeyId::new(1, 1000, 0).is_err());
    assert!(KeyId::card(100_000, 1).is_err());
    assert!(KeyId::terminal(100_000, 1).is_err());
    for bytes in [
        &b"7000020\x08\x05001\x00\x00\x00"[..],
        b"700002x\x08\x05001\x00\x00\x00\xA8",
        b"7000020\x08\x0400100000",
    ] {
        assert!(matches!(KeyId::from_bytes(bytes), Err(CvError::Layout(_))));
    }
}

#[test]
fn key_ids_seen_in_the_field_are_reserved_and_ours_are_not() {
    // Municipal keys 1322130 and 1322131, the card key 0000050, the surface key 5900025 and the published intermediate
    // 9200073 are ids that test cards and programs show.
    for seen in [
        5_000_020, 5_000_033, 6_000_020, 6_000_034, 1_322_130, 1_322_131, 50, 5_900_025, 9_200_073, 9_299_774,
    ] {
        assert!(KeyId::new(seen, 1, 0).unwrap().is_reserved(), "{seen}");
    }
    let okinawa = MunicipalityCode::from_digits(*b"47382").unwrap();
    let ours = [
        KeyId::root(1).unwrap(),
        KeyId::intermediate(okinawa, 1).unwrap(),
        KeyId::card(99_999, 1).unwrap(),
        KeyId::terminal(0, 1).unwrap(),
    ];
    assert!(ours.iter().all(|id| !id.is_reserved()));
    assert_eq!(
        ours.map(|id| id.to_string()[..7].to_owned()),
        ["7000020", "7473820", "7999999", "7800000"]
    );
}

#[test]
fn a_certificate_reads_back_from_both_forms_and_verifies_with_its_issuer_only() {
    let (root, other) = (public_key(keys::TERMINAL_CA), CERTIFICATE.public_key().unwrap());
    for read in [
        CvCertificate::from_file(&CERTIFICATE.to_file()),
        CvCertificate::from_object(&CERTIFICATE.to_object()),
    ] {
        let read = read.unwrap();
        assert_eq!(read, *CERTIFICATE);
        assert_eq!(
            (read.issuer(), read.subject()),
            (KeyId::terminal(0, 1).unwrap(), KeyId::terminal(1, 1).unwrap())
        );
        read.verify(&root).unwrap();
        assert!(matches!(read.verify(&other), Err(CvError::Signature)));
    }
    assert_eq!(other, public_key(keys::TERMINAL_INTERMEDIATE));
}

#[test]
fn the_command_data_are_the_file_form_cut_before_the_signature() {
    let (first, second) = CERTIFICATE.to_command_data();
    assert_eq!((first.len(), second.len()), (307, 261));
    assert_eq!([first, second].concat(), CERTIFICATE.to_file());
}

#[test]
fn a_cut_or_lengthened_certificate_is_refused() {
    let (mut file, object) = (CERTIFICATE.to_file(), CERTIFICATE.to_object());
    for length in 0..file.len() {
        assert!(CvCertificate::from_file(&file[..length]).is_err(), "{length} bytes");
    }
    assert!(CvCertificate::from_file(&object).is_err());
    file.push(0xFF);
    assert!(CvCertificate::from_file(&file).is_err());
}

proptest! {
    #[test]
    fn every_changed_bit_is_noticed(at in 0_usize..568, bit in 0_u32..8) {
        let root = public_key(keys::TERMINAL_CA);
        let mut file = CERTIFICATE.to_file();
        file[at] ^= 1 << bit;
        let noticed = CvCertificate::from_file(&file).and_then(|certificate| certificate.verify(&root)).is_err();
        prop_assert!(noticed, "bit {bit} of byte {at}");
    }

    #[test]
    fn parsing_arbitrary_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(CvCertificate::from_file(&bytes).is_err());
        prop_assert!(CvCertificate::from_object(&bytes).is_err());
    }
}
