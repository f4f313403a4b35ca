//! Expected trees and sizes are written by hand from what is published of the test card; its files are not here.

use std::sync::LazyLock;

use rsa::Pkcs1v15Sign;
use rsa::pkcs8::DecodePrivateKey;
use vmyna_applets::person::{Municipality, MyNumber, Sex};

use super::*;
use crate::keys;
use crate::pictures::{DEFAULT_PHOTO, Layout, TextPicture};
use vmyna_card_os::tlv::Tlv;

const ROOT: &str = vmyna_test_vectors::specimens::keys::FACE_ROOT;
const SIGNER: &str = vmyna_test_vectors::specimens::keys::TERMINAL;
const OWN: &str = vmyna_test_vectors::specimens::keys::TERMINAL_INTERMEDIATE;

/// Lengths of the test card's pictures: name, address, security code, My Number, photo.
const MEASURED_LENGTHS: [usize; 5] = [169, 340, 106, 145, 1854];

fn public(pem: &str) -> RsaPublicKey {
    keys::from_pem(pem).unwrap().to_public_key()
}

fn kiyose() -> MunicipalityCode {
    MunicipalityCode::from_digits(*b"13221").unwrap()
}

static AUTHORITY: LazyLock<FaceAuthority> = LazyLock::new(|| {
    let root = CvAuthority::new(root_id(1).unwrap(), keys::from_pem(ROOT).unwrap()).unwrap();
    FaceAuthority::establish(&root, kiyose(), keys::from_pem(SIGNER).unwrap()).unwrap()
});

fn person() -> Person {
    Person::new(
        "見本　太郎".to_owned(),
        "東京都清瀬市見本町一丁目２番地３４号".to_owned(),
        Date::from_digits(b"19891025").unwrap(),
        Sex::Male,
        MyNumber::from_digits(*b"123456789018").unwrap(),
        Municipality {
            code: kiyose(),
            prefecture: "Tokyo-to".to_owned(),
            name: "Kiyose-shi".to_owned(),
            title: "架空区".to_owned(),
        },
    )
}

/// That person, changed.
fn with(change: impl FnOnce(&mut Person)) -> Person {
    let mut person = person();
    change(&mut person);
    person
}

/// Pictures of these lengths, each of another byte.
fn pictures([name, address, security_code, my_number, photo]: [usize; 5]) -> Pictures {
    let text = |length, byte| TextPicture {
        png: vec![byte; length].into(),
        layout: Layout::Plain,
        replaced: Vec::new(),
        usual_forms: Vec::new(),
    };
    Pictures {
        name: text(name, 1),
        address: text(address, 2),
        security_code: text(security_code, 3),
        my_number: text(my_number, 4),
        photo: vec![5; photo].into(),
    }
}

fn issue(pictures: &Pictures) -> FaceData {
    let expiry = Date::from_digits(b"20361025").unwrap();
    AUTHORITY.issue(&person(), expiry, pictures, &public(OWN)).unwrap()
}

/// The one outer object's tag and length, and of each object in it: tag, offset from the file's beginning, length.
type Tree = (u16, usize, Vec<(u16, usize, usize)>);

fn tree(file: &[u8]) -> Tree {
    let outer = Tlv::read_only(file).unwrap();
    let mut rest = outer.value;
    let mut objects = Vec::new();
    while !rest.is_empty() {
        let offset = file.len() - rest.len();
        let (object, after) = Tlv::read(rest).unwrap();
        objects.push((object.tag, offset, object.value.len()));
        rest = after;
    }
    (outer.tag, outer.value.len(), objects)
}

/// The value of an object directly below the outer one.
fn value(file: &Content, tag: u16) -> Vec<u8> {
    let objects = Tlv::read_all(Tlv::read_only(file.as_bytes()).unwrap().value).unwrap();
    objects.iter().find(|object| object.tag == tag).unwrap().value.to_vec()
}

/// The objects with these tags, as they are in the file.
fn objects(file: &Content, tags: &[u16]) -> Vec<u8> {
    tags.iter()
        .flat_map(|tag| object(*tag, &value(file, *tag)).unwrap())
        .collect()
}

fn sha256(data: &[u8]) -> Vec<u8> {
    Sha256::digest(data).to_vec()
}

#[test]
fn with_pictures_as_long_as_the_test_cards_every_file_has_its_size_and_tree() {
    let data = issue(&pictures(MEASURED_LENGTHS));
    let expected: [(u16, usize, Tree); 5] = [
        (
            0x0001,
            547,
            (0xFF10, 542, vec![(0xDF11, 5, 8), (0xDF12, 16, 265), (0xDF13, 286, 256)]),
        ),
        (
            0x0002,
            3070,
            (
                0xFF20,
                3065,
                vec![
                    (0xDF21, 0x0005, 18),
                    (0xDF22, 0x001A, 8),
                    (0xDF23, 0x0025, 1),
                    (0xDF24, 0x0029, 265),
                    (0xDF25, 0x0137, 169),
                    (0xDF26, 0x01E5, 340),
                    (0xDF27, 0x033E, 1854),
                    (0xDF28, 0x0A81, 256),
                    (0xDF29, 0x0B86, 8),
                    (0xDF2A, 0x0B91, 106),
                ],
            ),
        ),
        (
            0x0003,
            320,
            (
                0xFF30,
                315,
                vec![
                    (0xDF31, 5, 4),
                    (0xDF32, 12, 16),
                    (0xDF33, 31, 1),
                    (0xDF34, 35, 5),
                    (0xDF35, 43, 272),
                ],
            ),
        ),
        (0x0004, 568, (0x7F21, 563, vec![(0x5F4E, 5, 297), (0x5F37, 307, 256)])),
        (
            0x0005,
            686,
            (
                0xFF40,
                681,
                vec![(0xDF41, 5, 145), (0xDF42, 155, 265), (0xDF43, 425, 256)],
            ),
        ),
    ];
    for ((id, file), (expected_id, size, expected)) in data.files().into_iter().zip(expected) {
        assert_eq!((id, file.as_bytes().len()), (expected_id, size));
        assert_eq!(tree(file.as_bytes()), expected, "EF {id:04X}");
    }
}

#[test]
fn the_offset_table_is_the_test_cards_with_pictures_of_its_lengths_and_follows_others() {
    let table = |pictures: &Pictures| {
        let file = issue(pictures).card_face;
        let table: Vec<usize> = value(&file, 0xDF21)
            .chunks(2)
            .map(|offset| usize::from(u16::from_be_bytes([offset[0], offset[1]])))
            .collect();
        let (_, _, objects) = tree(file.as_bytes());
        let walked: Vec<usize> = objects[1..].iter().map(|(_, offset, _)| *offset).collect();
        assert_eq!(table, walked);
        table
    };
    assert_eq!(
        table(&pictures(MEASURED_LENGTHS)),
        [0x001A, 0x0025, 0x0029, 0x0137, 0x01E5, 0x033E, 0x0A81, 0x0B86, 0x0B91]
    );
    // Lengths below 128 take one byte: 127 and 128 differ by three.
    let [short, long] = [127, 128].map(|length| table(&pictures([length, 1, 20, 10, 20_000])));
    assert_eq!((short[4], long[4]), (0x0137 + 3 + 127, 0x0137 + 5 + 128));
    assert_eq!(long[8] - short[8], 3);
}

#[test]
fn the_files_hold_what_the_person_and_the_card_are() {
    let data = issue(&pictures(MEASURED_LENGTHS));
    assert_eq!(value(&data.age_record, 0xDF11), b"19891025");
    assert_eq!(value(&data.card_face, 0xDF22), b"19891025");
    assert_eq!(value(&data.card_face, 0xDF23), b"1");
    assert_eq!(value(&data.card_face, 0xDF25), [1; 169]);
    assert_eq!(value(&data.card_face, 0xDF26), [2; 340]);
    assert_eq!(value(&data.card_face, 0xDF27), [5; 1854]);
    assert_eq!(value(&data.card_face, 0xDF29), b"20361025");
    assert_eq!(value(&data.card_face, 0xDF2A), [3; 106]);
    assert_eq!(value(&data.my_number_picture, 0xDF41), [4; 145]);
    let information = &data.basic_information;
    assert_eq!(value(information, 0xDF31), [6, 3, 0x0E, 1]);
    assert_eq!(value(information, 0xDF32), b"7000024\x08\x05001\0\0\0\0");
    assert_eq!(value(information, 0xDF33), [0]);
    assert_eq!(value(information, 0xDF34), b"13221");
    assert_eq!(value(information, 0xDF35)[..16], *b"7000025\x08\x05001\0\0\0\0");
}

#[test]
fn one_public_key_is_in_all_three_signed_files() {
    let data = issue(&pictures(MEASURED_LENGTHS));
    for (file, tag) in [
        (&data.age_record, 0xDF12),
        (&data.card_face, 0xDF24),
        (&data.my_number_picture, 0xDF42),
    ] {
        assert_eq!(
            vmyna_applets::cv::decode_public_key(&value(file, tag)).unwrap(),
            public(OWN),
            "{tag:04X}"
        );
    }
}

#[test]
fn the_certificate_names_the_municipalitys_key_and_the_root_signed_it() {
    let data = issue(&pictures(MEASURED_LENGTHS));
    let certificate = CvCertificate::from_file(data.certificate.as_bytes()).unwrap();
    certificate.verify(&public(ROOT)).unwrap();
    assert_eq!(certificate.public_key().unwrap(), public(SIGNER));
    assert_eq!(certificate.issuer().as_bytes(), b"7000023\x08\x05001\0\0\0\0");
    assert_eq!(certificate.subject().as_bytes(), b"7132212\x08\x05000\0\0\0\0");
}

#[test]
fn the_age_record_and_the_my_number_picture_are_signed_up_to_their_signature() {
    let data = issue(&pictures(MEASURED_LENGTHS));
    for (file, signed, signature) in [
        (&data.age_record, [0xDF11, 0xDF12], 0xDF13),
        (&data.my_number_picture, [0xDF41, 0xDF42], 0xDF43),
    ] {
        let (digest, signature) = (sha256(&objects(file, &signed)), value(file, signature));
        let verify = |digest: &[u8]| public(SIGNER).verify(Pkcs1v15Sign::new::<Sha256>(), digest, &signature);
        verify(&digest).unwrap();
        assert!(verify(&[0; 32]).is_err());
    }
}

/// What the signature holds is looked at without a library's idea of a DigestInfo: the RSA operation alone.
#[test]
fn the_card_face_is_signed_as_three_digests_in_one_digest_info() {
    let face = issue(&pictures(MEASURED_LENGTHS)).card_face;
    let block = rsa::hazmat::rsa_encrypt(&public(SIGNER), &rsa::BigUint::from_bytes_be(&value(&face, 0xDF28)))
        .unwrap()
        .to_bytes_be();
    let digests = [
        sha256(&objects(&face, &[0xDF22, 0xDF23, 0xDF24])),
        sha256(&objects(&face, &[0xDF25, 0xDF26])),
        sha256(&objects(&face, &[0xDF27])),
    ]
    .concat();
    let digest_info = [
        &[
            0x30, 0x71, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
        ][..],
        &[0x05, 0x00, 0x04, 0x60],
        &digests,
    ]
    .concat();
    // 00 01 FF … FF 00 DigestInfo; a number has no leading zero.
    let padding = [&[1][..], &[0xFF; 256 - 3 - 115], &[0]].concat();
    assert_eq!(digest_info.len(), 115);
    assert_eq!(block, [padding, digest_info].concat());
}

#[test]
fn the_same_person_and_keys_give_the_same_files() {
    let (one, other) = (issue(&pictures(MEASURED_LENGTHS)), issue(&pictures(MEASURED_LENGTHS)));
    assert_eq!(one.files(), other.files());
}

#[test]
fn what_no_card_can_carry_is_refused() {
    let expiry = Date::from_digits(b"20361025").unwrap();
    let issue = |person: &Person, pictures: &Pictures| AUTHORITY.issue(person, expiry, pictures, &public(OWN));
    let elsewhere = with(|person| {
        person.municipality = Municipality {
            code: MunicipalityCode::from_digits(*b"13101").unwrap(),
            ..person.municipality.clone()
        }
    });
    let nameless = with(|person| person.name = String::new());
    for person in [elsewhere, nameless] {
        assert!(matches!(
            issue(&person, &pictures(MEASURED_LENGTHS)),
            Err(IssuanceError::Input(_))
        ));
    }
    // EF 0002 without its photo is 1,216 bytes long.
    let with_photo = |length| issue(&person(), &pictures([169, 340, 106, 145, length]));
    assert_eq!(with_photo(0x8000 - 1216).unwrap().card_face.as_bytes().len(), 0x8000);
    for length in [0x8000 - 1215, 0xFFFF, 0x1_0000] {
        assert!(matches!(with_photo(length), Err(IssuanceError::Input(_))), "{length}");
    }
    let long_number = issue(&person(), &pictures([169, 340, 106, 0x8000, 1854]));
    assert!(matches!(long_number, Err(IssuanceError::Input(_))));
}

#[test]
fn debug_output_shows_only_lengths() {
    let shown = format!("{:?}", issue(&pictures(MEASURED_LENGTHS)));
    assert!(shown.contains("3070 bytes") && !shown.contains("19891025"), "{shown}");
}

#[test]
fn the_specimens_files_are_what_is_issued_to_her() {
    let card = vmyna_applets::specimen::find("hanako").unwrap().unwrap();
    let summary = &card.summary;
    let municipality = summary.person.municipality.code;
    let signer = vmyna_test_vectors::specimens::keys::MUNICIPALITY_FACE;
    let signer = keys::from_pem(signer).unwrap();
    let root = CvAuthority::new(root_id(1).unwrap(), keys::from_pem(ROOT).unwrap()).unwrap();
    let authority = FaceAuthority::establish(&root, municipality, signer).unwrap();
    let pictures = Pictures::draw(&summary.person, summary.security_code, DEFAULT_PHOTO).unwrap();
    let key =
        RsaPrivateKey::from_pkcs8_der(card.face_info.as_ref().unwrap().authentication_key.as_pkcs8_der()).unwrap();
    let data = authority
        .issue(&summary.person, summary.expiry, &pictures, &key.to_public_key())
        .unwrap();
    assert_eq!(data.files(), card.face_info.as_ref().unwrap().data.files());
    for picture in [
        &pictures.name,
        &pictures.address,
        &pictures.security_code,
        &pictures.my_number,
    ] {
        assert_eq!((picture.layout, picture.replaced.len()), (Layout::Plain, 0));
    }
}
