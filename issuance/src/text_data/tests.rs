//! Expected trees and sizes are written by hand from what is published of the test card; its files are not here.

use std::sync::LazyLock;

use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::signature::Verifier;
use vmyna_applets::calendar::Date;
use vmyna_applets::person::{Municipality, Sex};

use super::*;
use crate::keys;
use vmyna_card_os::tlv::Tlv;

const ROOT: &str = vmyna_test_vectors::specimens::keys::TEXT_ROOT;
const SIGNER: &str = vmyna_test_vectors::specimens::keys::TERMINAL;
const OWN: &str = vmyna_test_vectors::specimens::keys::TERMINAL_INTERMEDIATE;
const SESSION: &str = vmyna_test_vectors::specimens::keys::TERMINAL_CA;

fn public(pem: &str) -> RsaPublicKey {
    keys::from_pem(pem).unwrap().to_public_key()
}

fn kiyose() -> MunicipalityCode {
    MunicipalityCode::from_digits(*b"13221").unwrap()
}

static AUTHORITY: LazyLock<TextAuthority> = LazyLock::new(|| {
    let root = CvAuthority::new(root_id(1).unwrap(), keys::from_pem(ROOT).unwrap()).unwrap();
    TextAuthority::establish(&root, kiyose(), keys::from_pem(SIGNER).unwrap()).unwrap()
});

/// A fictional person with texts as long as those of the test card's holder: 5 and 18 characters.
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

fn issue(person: &Person) -> TextData {
    AUTHORITY.issue(person, &public(OWN), &public(SESSION)).unwrap()
}

/// A file's objects in their order: depth, tag, offset from the file's beginning, length of the value. `constructed`
/// are the tags that hold objects: the tag's bit does not tell (FF10 stands over digits).
fn tree(file: &[u8], constructed: &[u16]) -> Vec<(usize, u16, usize, usize)> {
    fn walk(
        bytes: &[u8],
        start: usize,
        depth: usize,
        constructed: &[u16],
        found: &mut Vec<(usize, u16, usize, usize)>,
    ) {
        let mut rest = bytes;
        while !rest.is_empty() && rest.iter().any(|byte| *byte != 0xFF) {
            let offset = start + bytes.len() - rest.len();
            let (object, after) = Tlv::read(rest).unwrap();
            found.push((depth, object.tag, offset, object.value.len()));
            if constructed.contains(&object.tag) {
                let value_at = offset + rest.len() - after.len() - object.value.len();
                walk(object.value, value_at, depth + 1, constructed, found);
            }
            rest = after;
        }
    }
    let mut found = Vec::new();
    walk(file, 0, 0, constructed, &mut found);
    found
}

const CONSTRUCTED: [u16; 7] = [0xFF20, 0xFF30, 0xFF40, 0xFF50, 0x7F21, 0xA1, 0xDF51];

/// The value of an object directly below the file's one outer object.
fn value(file: &[u8], tag: u16) -> Vec<u8> {
    let outer = Tlv::read(file).unwrap().0.value;
    let objects = Tlv::read_all(outer).unwrap();
    objects.iter().find(|object| object.tag == tag).unwrap().value.to_vec()
}

#[test]
fn with_texts_as_long_as_the_test_cards_every_file_has_its_size_and_tree() {
    let data = issue(&person());
    // Identifier and size of the file; its objects with depth, tag, place in the file and length.
    type Tree = &'static [(usize, u16, usize, usize)];
    let expected: [(u16, usize, Tree); 7] = [
        (0x0001, 17, &[(0, 0xFF10, 0, 12)]),
        (
            0x0002,
            104,
            &[
                (0, 0xFF20, 0, 101),
                (1, 0xDF21, 0x03, 8),
                (1, 0xDF22, 0x0E, 15),
                (1, 0xDF23, 0x20, 54),
                (1, 0xDF24, 0x59, 8),
                (1, 0xDF25, 0x64, 1),
            ],
        ),
        (
            0x0003,
            336,
            &[
                (0, 0xFF30, 0, 331),
                (1, 0xDF31, 5, 32),
                (1, 0xDF32, 40, 32),
                (1, 0xDF33, 75, 256),
            ],
        ),
        (
            0x0004,
            568,
            &[(0, 0x7F21, 0, 563), (1, 0x5F4E, 5, 297), (1, 0x5F37, 307, 256)],
        ),
        (
            0x0005,
            164,
            &[
                (0, 0xFF40, 0, 159),
                (1, 0xDF41, 5, 4),
                (1, 0xDF42, 12, 16),
                (1, 0xDF43, 31, 128),
            ],
        ),
        (0x0006, 269, &[(0, 0xA1, 0, 265), (1, 0x90, 4, 3), (1, 0x91, 9, 256)]),
        (
            0x0007,
            536,
            &[
                (0, 0xFF50, 0, 531),
                (1, 0xDF51, 5, 265),
                (2, 0x90, 10, 3),
                (2, 0x91, 15, 256),
                (1, 0xDF52, 275, 256),
            ],
        ),
    ];
    for ((id, file), (expected_id, size, objects)) in data.files().into_iter().zip(expected) {
        assert_eq!(id, expected_id);
        assert_eq!(file.as_bytes().len(), size, "EF {id:04X}");
        assert_eq!(tree(file.as_bytes(), &CONSTRUCTED), objects, "EF {id:04X}");
    }
}

#[test]
fn the_my_number_is_twelve_digits_in_the_place_where_clients_cut_it_out() {
    let file = issue(&person()).my_number;
    assert_eq!(file.as_bytes(), b"\xFF\x10\x0C123456789018\xFF\xFF");
}

#[test]
fn the_attributes_are_the_persons_in_utf8_and_ascii() {
    let file = issue(&person()).attributes;
    let text = |tag| String::from_utf8(value(file.as_bytes(), tag)).unwrap();
    assert_eq!(text(0xDF22), "見本　太郎");
    assert_eq!(text(0xDF23), "東京都清瀬市見本町一丁目２番地３４号");
    assert_eq!((text(0xDF24).as_str(), text(0xDF25).as_str()), ("19891025", "1"));
    for (sex, digit) in [(Sex::Female, b"2"), (Sex::Other, b"9"), (Sex::Unknown, b"0")] {
        let file = issue(&with(|person| person.sex = sex)).attributes;
        assert_eq!(value(file.as_bytes(), 0xDF25), digit);
    }
}

#[test]
fn the_offset_table_points_at_the_fields_whatever_length_form_they_and_the_file_take() {
    // Bytes of name and address; each in UTF-8 characters of three bytes, or of one where three don't divide.
    let text = |bytes: usize| format!("{}{}", "本".repeat(bytes / 3), "a".repeat(bytes % 3));
    let table = [
        // The file's value is 32 bytes and the texts: 127 is the last of the short form.
        (15, 80, 130, [0x0E, 0x20, 0x73, 0x7E]),
        (15, 81, 133, [0x10, 0x22, 0x76, 0x81]),
        (127, 3, 167, [0x10, 0x92, 0x98, 0xA3]),
        (128, 3, 170, [0x10, 0x95, 0x9B, 0xA6]),
        (3, 127, 167, [0x10, 0x16, 0x98, 0xA3]),
        (3, 128, 170, [0x10, 0x16, 0x9B, 0xA6]),
        (255, 256, 552, [0x10, 0x114, 0x219, 0x224]),
        (256, 600, 897, [0x10, 0x115, 0x372, 0x37D]),
    ];
    for (name, address, size, offsets) in table {
        let (name, address) = (text(name), text(address));
        let label = format!("{} and {} bytes", name.len(), address.len());
        let file = issue(&with(|person| {
            person.name = name;
            person.address = address;
        }))
        .attributes;
        let objects = tree(file.as_bytes(), &CONSTRUCTED);
        let walked: Vec<_> = objects[2..].iter().map(|(_, _, offset, _)| *offset).collect();
        let said: Vec<_> = value(file.as_bytes(), 0xDF21)
            .chunks(2)
            .map(|offset| usize::from(u16::from_be_bytes([offset[0], offset[1]])))
            .collect();
        assert_eq!(file.as_bytes().len(), size, "{label}");
        assert_eq!(said, offsets, "{label}");
        assert_eq!(walked, offsets, "{label}");
    }
}

#[test]
fn a_long_text_takes_the_length_form_82_and_never_81() {
    let name = "a".repeat(128);
    let file = issue(&with(|person| person.name = name)).attributes;
    assert_eq!(file.as_bytes()[..3], [0xFF, 0x20, 0x82]);
    assert_eq!(file.as_bytes()[0x10..0x15], [0xDF, 0x22, 0x82, 0x00, 0x80]);
}

#[test]
fn the_digests_are_of_the_whole_first_file_and_of_the_second_without_head_and_offset_table() {
    let data = issue(&person());
    let integrity = data.integrity.as_bytes();
    let attributes = data.attributes.as_bytes();
    assert_eq!(
        value(integrity, 0xDF31),
        Sha256::digest(data.my_number.as_bytes()).to_vec()
    );
    assert_eq!(value(integrity, 0xDF32), Sha256::digest(&attributes[0x0E..]).to_vec());
}

#[test]
fn both_signatures_verify_with_the_key_that_the_card_carries_and_that_with_the_root() {
    let data = issue(&person());
    let certificate = CvCertificate::from_file(data.certificate.as_bytes()).unwrap();
    certificate.verify(&public(ROOT)).unwrap();
    let key = VerifyingKey::<Sha256>::new(certificate.public_key().unwrap());
    // The signed bytes are those between the file's head and the signature's object.
    for (file, tag, signed) in [(&data.integrity, 0xDF33, 5..75), (&data.signed_key, 0xDF52, 5..275)] {
        let signature = Signature::try_from(&value(file.as_bytes(), tag)[..]).unwrap();
        let mut bytes = file.as_bytes()[signed].to_vec();
        key.verify(&bytes, &signature).unwrap();
        bytes[20] ^= 1;
        assert!(key.verify(&bytes, &signature).is_err(), "{tag:04X}");
    }
}

#[test]
fn the_public_keys_are_those_given_each_in_its_file() {
    let data = issue(&person());
    let session_key = Tlv::read_only(data.session_key.as_bytes()).unwrap().value;
    assert_eq!(
        vmyna_applets::cv::decode_public_key(session_key).unwrap(),
        public(SESSION)
    );
    let own = value(data.signed_key.as_bytes(), 0xDF51);
    assert_eq!(vmyna_applets::cv::decode_public_key(&own).unwrap(), public(OWN));
}

#[test]
fn every_key_id_begins_with_7_and_the_relations_are_the_test_cards() {
    let data = issue(&person());
    let certificate = CvCertificate::from_file(data.certificate.as_bytes()).unwrap();
    let named = KeyId::from_bytes(&value(data.basic_information.as_bytes(), 0xDF42)).unwrap();
    assert_eq!(certificate.issuer().to_string(), "7000033/001");
    assert_eq!(certificate.subject().to_string(), "7132213/000");
    assert_eq!(named.to_string(), "7000034/001");
    assert!(
        [certificate.issuer(), certificate.subject(), named]
            .iter()
            .all(|id| !id.is_reserved())
    );
}

#[test]
fn the_basic_information_announces_extended_lengths_and_ends_in_filler() {
    let file = issue(&person()).basic_information;
    assert_eq!(value(file.as_bytes(), 0xDF41), [0x01, 0x03, 0x0E, 0x01]);
    let opaque = value(file.as_bytes(), 0xDF43);
    assert_eq!(opaque[32..], [0xFF; 96]);
    assert_ne!(opaque[..32], [0xFF; 32]);
}

#[test]
fn the_same_person_and_keys_give_the_same_bytes() {
    let (one, other) = (issue(&person()), issue(&person()));
    assert_eq!(one.files(), other.files());
}

#[test]
fn a_person_that_no_card_can_carry_is_refused() {
    let issue = |person: &Person| AUTHORITY.issue(person, &public(OWN), &public(SESSION));
    for refused in [
        with(|person| person.name = String::new()),
        with(|person| person.name = "本".repeat(11_000)),
        with(|person| person.name = "本".repeat(30_000)),
    ] {
        assert!(matches!(issue(&refused), Err(IssuanceError::Input(_))));
    }
}

#[test]
fn debug_output_shows_lengths_only() {
    let shown = format!("{:?}", issue(&person()));
    assert!(shown.contains("17 bytes"), "{shown}");
    for secret in ["123456789018", "見本", "[49, 50"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn a_municipality_signs_only_the_texts_of_its_own_residents() {
    let mut neighbour = person();
    neighbour.municipality.code = MunicipalityCode::from_digits(*b"13222").unwrap();
    assert!(AUTHORITY.issue(&neighbour, &public(OWN), &public(SESSION)).is_err());
}
