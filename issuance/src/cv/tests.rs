use super::*;
use crate::keys;
use std::sync::LazyLock;
use vmyna_applets::person::MunicipalityCode;

const ROOT: &str = vmyna_test_vectors::specimens::keys::CV_ROOT;
const INTERMEDIATE: &str = vmyna_test_vectors::specimens::keys::TERMINAL_INTERMEDIATE;

static CERTIFICATE: LazyLock<CvCertificate> = LazyLock::new(|| {
    let authority = CvAuthority::new(KeyId::root(1).unwrap(), keys::from_pem(ROOT).unwrap()).unwrap();
    authority
        .certify(
            intermediate_id(),
            &keys::from_pem(INTERMEDIATE).unwrap().to_public_key(),
        )
        .unwrap()
});

fn intermediate_id() -> KeyId {
    KeyId::intermediate(MunicipalityCode::from_digits(*b"13101").unwrap(), 2).unwrap()
}

#[test]
fn an_authority_refuses_a_reserved_key_id_for_itself_and_for_its_subject() {
    let reserved = KeyId::new(6_000_020, 1, 0xA8).unwrap();
    assert!(CvAuthority::new(reserved, keys::from_pem(ROOT).unwrap()).is_err());
    let authority = CvAuthority::new(KeyId::root(1).unwrap(), keys::from_pem(ROOT).unwrap()).unwrap();
    assert!(authority.certify(reserved, &CERTIFICATE.public_key().unwrap()).is_err());
}

#[test]
fn the_two_outer_forms_have_the_sizes_and_heads_of_the_test_card() {
    let (file, object) = (CERTIFICATE.to_file(), CERTIFICATE.to_object());
    assert_eq!((file.len(), object.len()), (568, 575));
    let head =
        b"7000020\x08\x05001\x00\x00\x00\xA87131010\x08\x05002\x00\x00\x00\x98\x90\x03\x01\x00\x01\x91\x82\x01\x00";
    assert_eq!(
        file[..51],
        [&b"\x7F\x21\x82\x02\x33\x5F\x4E\x82\x01\x29"[..], head].concat()
    );
    assert_eq!(
        object[..58],
        [
            &b"\x4D\x0A\x42\x10\x5F\x20\x10\x5F\x49\x82\x01\x09\x5F\x4E\x82\x01\x29"[..],
            head
        ]
        .concat()
    );
    assert_eq!(file[307..312], *b"\x5F\x37\x82\x01\x00");
    assert_eq!(file[307..], object[314..]);
}
