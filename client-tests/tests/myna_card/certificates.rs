//! The files of the JPKI application that the client reads: token information, availability, the four certificates.

use myna_card::ap::jpki::{JpkiAp, TokenInfo, TokenType, ef, token_flag};
use myna_card::certificate::roots::Accept;
use myna_card::{Certificate, Date, Error, ShortEfId};
use vmyna_client_tests::{auth_certificate, sign_certificate, specimen};
use vmyna_testkit::clients::{Way, proves};

use super::{a_day, card, refused, sign_pin};

/// Leaf and authority of both pairs, as the client reads them from the card: (auth, sign).
fn chains() -> ([Certificate; 2], [Certificate; 2]) {
    let mut card = card();
    let mut jpki = JpkiAp::select(&mut card).unwrap();
    let auth = [
        jpki.read_auth_certificate().unwrap(),
        jpki.read_auth_ca_certificate().unwrap(),
    ];
    jpki.verify_sign_pin(&sign_pin()).unwrap();
    let sign = [
        jpki.read_sign_certificate().unwrap(),
        jpki.read_sign_ca_certificate().unwrap(),
    ];
    (auth, sign)
}

#[test]
fn the_token_is_a_physical_card() {
    let mut card = card();
    let token = JpkiAp::select(&mut card).unwrap().read_token_type().unwrap();
    assert_eq!(token, TokenType::Card);
    assert!(token.is_physical_card());
}

#[test]
fn the_token_information_has_every_field_the_client_knows() {
    let mut card = card();
    let info = JpkiAp::select(&mut card).unwrap().read_token_info().unwrap();
    assert_eq!(info.token_type, TokenType::Card);
    assert_eq!(info.serial_number, specimen().jpki.token_serial);
    assert_eq!(info.model, "E16R01NJ");
    for (flag, set) in [
        (token_flag::RNG, true),
        (token_flag::LOGIN_REQUIRED, true),
        (token_flag::USER_PIN_INITIALIZED, true),
        (token_flag::TOKEN_INITIALIZED, true),
        (token_flag::CLOCK_ON_TOKEN, false),
    ] {
        assert_eq!(info.has_flag(flag), set, "{flag:08X}");
    }
    assert_eq!((info.max_session_count, info.max_rw_session_count), (1, 1));
    assert_eq!((info.session_count, info.rw_session_count), (0, 0));
    assert_eq!((info.max_pin_len, info.min_pin_len), (16, 6));
    let memory = [
        info.total_public_memory,
        info.free_public_memory,
        info.total_private_memory,
        info.free_private_memory,
    ];
    assert_eq!(memory, [TokenInfo::UNAVAILABLE_INFORMATION; 4]);
    assert_eq!((info.hardware_version, info.firmware_version), (*b"03", *b"01"));
    assert_eq!(info.utc_time, [b'9'; 16]);
}

#[test]
fn both_certificates_are_announced_as_available() {
    let mut card = card();
    let availability = JpkiAp::select(&mut card)
        .unwrap()
        .read_certificate_availability()
        .unwrap();
    assert!(availability.has_sign_certificate() && availability.has_auth_certificate());
    assert_eq!(availability.raw, [0x8F, 0x8F, 0x00]);
}

#[test]
fn the_four_certificates_are_read_byte_for_byte() {
    let ([auth, auth_ca], [sign, sign_ca]) = chains();
    let specimen = specimen();
    assert_eq!(auth.der(), auth_certificate());
    assert_eq!(auth_ca.der(), &specimen.jpki.auth_ca_certificate);
    assert_eq!(sign.der(), sign_certificate());
    assert_eq!(sign_ca.der(), &specimen.jpki.sign_ca_certificate);
}

#[test]
fn only_the_sign_certificate_needs_a_pin() {
    let mut card = card();
    let mut jpki = JpkiAp::select(&mut card).unwrap();
    assert_eq!(refused(jpki.read_sign_certificate_der()), 0x6982);
    for file in [ef::SIGN_CA_CERTIFICATE, ef::AUTH_CERTIFICATE, ef::AUTH_CA_CERTIFICATE] {
        jpki.read_ef(file).unwrap();
    }
    jpki.verify_sign_pin(&sign_pin()).unwrap();
    jpki.read_sign_certificate_der().unwrap();
}

#[test]
fn each_certificate_chains_up_to_its_own_authority_and_not_to_the_other() {
    let _proof = proves("myna-card.certificates", Way::Software);
    let (auth, sign) = chains();
    Certificate::verify_chain(&auth, a_day()).unwrap();
    Certificate::verify_chain(&sign, a_day()).unwrap();
    for authority in [&auth[1], &sign[1]] {
        authority.verify_signature(authority).unwrap();
    }
    assert!(auth[0].verify_signature(&sign[1]).is_err());
    assert!(sign[0].verify_signature(&auth[1]).is_err());
}

#[test]
fn a_chain_is_valid_neither_before_it_begins_nor_after_it_ends() {
    let (auth, _) = chains();
    let (from, to) = auth[0].validity();
    for valid in [from, to] {
        Certificate::verify_chain(&auth, valid).unwrap();
    }
    let year = |date: Date, year| Date { year, ..date };
    for invalid in [year(from, from.year - 1), year(to, to.year + 1)] {
        let error = Certificate::verify_chain(&auth, invalid).unwrap_err();
        assert!(matches!(error, Error::Malformed(_)), "{error}");
    }
}

/// The client pins the issuer's published and test roots: a specimen must never pass for a certificate of theirs.
#[test]
fn no_root_that_the_client_carries_has_signed_a_certificate_of_the_card() {
    let (auth, sign) = chains();
    for certificate in auth.iter().chain(&sign) {
        for accept in [Accept::ProductionOnly, Accept::ProductionAndTest] {
            let error = certificate.verify_to_root(a_day(), accept).unwrap_err();
            assert!(matches!(error, Error::SignatureInvalid(_)), "{error}");
        }
    }
}

#[test]
fn the_names_say_that_the_certificates_are_for_testing() {
    let (auth, sign) = chains();
    for certificate in auth.iter().chain(&sign) {
        let issuer = certificate.issuer();
        assert!(
            issuer.contains("O=JPKI-TEST") && issuer.contains("not issued by J-LIS"),
            "{issuer}"
        );
        assert_eq!(certificate.signature_algorithm(), "1.2.840.113549.1.1.11");
    }
}

#[test]
fn a_file_is_also_read_by_its_short_identifier() {
    let mut card = card();
    JpkiAp::select(&mut card).unwrap();
    let certificate = auth_certificate();
    let sfi = ShortEfId::from_ef_id(ef::AUTH_CERTIFICATE).unwrap();
    let start = card.read_binary_chunk_sfi(sfi, 0, 256).unwrap();
    assert_eq!(start, certificate[..256]);
    let end = card.read_binary_chunk_sfi(sfi, 255, 16).unwrap();
    assert_eq!(end, certificate[255..271]);
    // It has become the current EF.
    assert_eq!(card.read_binary(1000, 300).unwrap(), certificate[1000..1300]);
}

/// The client has a way that stops at the end of the object, with which the reference card was read, and one that reads the
/// whole file.
#[test]
fn a_file_is_longer_than_its_certificate_and_the_client_reads_either() {
    let mut card = card();
    let mut jpki = JpkiAp::select(&mut card).unwrap();
    jpki.card().select_ef(ef::AUTH_CERTIFICATE).unwrap();
    let certificate = auth_certificate();
    assert_eq!(jpki.card().read_binary_all().unwrap(), certificate);
    let file = jpki.card().read_binary_physical().unwrap();
    let size = file.len();
    assert_eq!(size, 3808);
    assert!(file.starts_with(certificate));
    assert!(file[certificate.len()..].iter().all(|byte| *byte == 0));
    let last = jpki.card().read_binary_chunk(size - 1, 256).unwrap();
    assert_eq!(last, [0]);
    assert_eq!(refused(jpki.card().read_binary_chunk(size, 1)), 0x6B00);
    assert_eq!(refused(jpki.card().read_binary_chunk(0x7FFF, 1)), 0x6B00);
}

#[test]
fn what_no_holder_can_read_is_refused_to_the_holder_too() {
    let mut card = card();
    let mut jpki = JpkiAp::select(&mut card).unwrap();
    jpki.verify_sign_pin(&sign_pin()).unwrap();
    assert_eq!(refused(jpki.read_ef(ef::UNKNOWN_0009)), 0x6982);
    for file in [ef::TERMINAL_CA, ef::AUTH_KEY, ef::AUTH_PIN, ef::SIGN_KEY, ef::SIGN_PIN] {
        assert_eq!(refused(jpki.read_ef(file)), 0x6981, "{file:04X}");
    }
    assert_eq!(refused(jpki.read_ef(0x0003)), 0x6A82);
}
