use std::io::Cursor;

use proptest::prelude::*;
use sha2::{Digest, Sha256};
use vmyna_card_os::declaration::Body;

use super::*;
use crate::issued::{CardName, IssuedCard};
use crate::specimen;

fn hanako() -> IssuedCard {
    specimen::find("hanako").unwrap().unwrap()
}

fn named(name: &str) -> IssuedCard {
    IssuedCard {
        name: name.parse().unwrap(),
        ..hanako()
    }
}

fn written(cards: &[IssuedCard]) -> Vec<u8> {
    let mut writer = ImageWriter::new(Cursor::new(Vec::new())).unwrap();
    for card in cards {
        writer.add(card).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn open(bytes: Vec<u8>) -> Result<Image, ImageError> {
    Image::from_bytes("test", bytes)
}

fn name(name: &str) -> CardName {
    name.parse().unwrap()
}

/// Everything a card holds, in bytes: what the applications read, keys and PINs.
fn holdings(card: &IssuedCard) -> Vec<Vec<u8>> {
    let mut all = vec![format!("{:?} {:?} {:?}", card.name, card.profile, card.summary).into_bytes()];
    for application in card.applications() {
        all.extend(
            application
                .data_objects
                .iter()
                .map(|object| object.value.as_bytes().to_vec()),
        );
        for file in &application.files {
            match &file.body {
                Body::Transparent(content) => all.push(content.as_bytes().to_vec()),
                Body::Records(records) => all.extend(records.iter().map(|record| record.as_bytes().to_vec())),
                Body::Pin(pin) => all.push([pin.value.as_bytes(), &[pin.tries_at_issue]].concat()),
                Body::PrivateKey(key) => all.push(key.as_pkcs8_der().to_vec()),
                Body::CertificateKey(key) => all.push([&key.key_id[..], &key.modulus, &key.exponent].concat()),
                Body::Reserved => {}
            }
        }
    }
    all
}

#[test]
fn every_specimen_comes_out_as_it_went_in() {
    let names = specimen::names().unwrap();
    let cards: Vec<_> = names
        .iter()
        .map(|name| specimen::find(name).unwrap().unwrap())
        .collect();
    let image = open(written(&cards)).unwrap();
    assert_eq!(image.names().collect::<Vec<_>>(), names);
    for card in &cards {
        let read = image.card(&card.name).unwrap();
        assert!(holdings(&read) == holdings(card), "{}", card.name);
        let person = &read.summary.person;
        assert_eq!(person, &card.summary.person);
        assert_eq!(read.summary.my_number_and_code(), card.summary.my_number_and_code());
    }
}

impl crate::issued::Summary {
    /// `Debug` masks them.
    fn my_number_and_code(&self) -> (&[u8], &[u8], &str) {
        (
            self.person.my_number.digits(),
            self.residence_code.digits(),
            self.security_code.as_str(),
        )
    }
}

#[test]
fn cards_are_found_by_name_whatever_the_order_they_were_added_in() {
    let image = open(written(&["b", "c-2", "a", "c.1"].map(named))).unwrap();
    assert_eq!(image.names().collect::<Vec<_>>(), ["a", "b", "c-2", "c.1"]);
    assert_eq!(image.count(), 4);
    for there in ["a", "b", "c-2", "c.1"] {
        assert_eq!(image.card(&name(there)).unwrap().name, name(there));
    }
    let absent = image.card(&name("d")).unwrap_err().to_string();
    assert!(
        absent.contains("no card is called d") && absent.contains("a, b, c-2, c.1"),
        "{absent}"
    );
}

#[test]
fn a_name_is_there_once() {
    let mut writer = ImageWriter::new(Cursor::new(Vec::new())).unwrap();
    writer.add(&named("a")).unwrap();
    assert!(matches!(writer.add(&named("a")), Err(ImageErrorKind::Twice(name)) if name == "a"));
}

#[test]
fn what_cards_share_is_written_once() {
    let one = written(&[named("a")]).len();
    let two = written(&["a", "b"].map(named)).len();
    // Seven keys, three authorities' certificates and keys are shared.
    assert!(two - one < one * 6 / 10, "{one} bytes for one card, {two} for two");
}

#[test]
fn the_same_cards_make_the_same_image() {
    assert!(written(&["a", "b"].map(named)) == written(&["a", "b"].map(named)));
}

#[test]
fn an_image_cut_at_any_length_is_refused() {
    let whole = written(&[named("a")]);
    for length in (0..whole.len()).step_by(7).chain(0..200) {
        assert!(
            open(whole[..length].to_vec()).is_err(),
            "{length} of {} bytes",
            whole.len()
        );
    }
}

#[test]
fn bytes_behind_an_image_are_damage() {
    let longer = [written(&[named("a")]), vec![0]].concat();
    assert!(matches!(open(longer).err().unwrap().kind(), ImageErrorKind::Damaged(_)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn a_flipped_bit_anywhere_is_found(at in any::<prop::sample::Index>(), bit in 0..8) {
        let mut image = IMAGE.clone();
        let at = at.index(image.len());
        image[at] ^= 1_u8 << bit;
        let all = open(image).and_then(|image| {
            let names: Vec<CardName> = image.names().map(name).collect();
            names.iter().try_for_each(|name| image.card(name).map(drop))
        });
        prop_assert!(all.is_err(), "byte {}", at);
    }
}

static IMAGE: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| written(&["a", "b"].map(named)));

/// A header of version 1 with its digest made anew.
fn with_header(change: impl Fn(&mut [u8])) -> Vec<u8> {
    let mut image = IMAGE.clone();
    change(&mut image[..HEADER_BODY]);
    let digest = Sha256::digest(&image[..HEADER_BODY]);
    image[HEADER_BODY..HEADER].copy_from_slice(&digest);
    image
}

#[test]
fn a_later_version_is_refused_whatever_else_it_holds() {
    let mut later = IMAGE[..16].to_vec();
    later.extend([0xEE; 200]);
    later[11] = 2;
    let refused = open(later).err().unwrap();
    assert!(matches!(refused.kind(), ImageErrorKind::Newer(2)), "{refused}");
}

#[test]
fn an_unknown_flag_is_refused() {
    assert!(open(with_header(|header| header[15] = 1)).is_err());
}

#[test]
fn counts_and_offsets_that_lie_are_refused() {
    for at in 16..40 {
        let image = open(with_header(|header| header[at] ^= 0x40));
        assert!(image.is_err(), "byte {at} of the header");
    }
}

#[test]
fn what_is_no_image_is_told_apart_from_a_damaged_one() {
    for bytes in [&b""[..], b"name = \"a\"", &[0; 400], b"\x89VMYNA\r"] {
        let refused = open(bytes.to_vec()).err().unwrap();
        assert!(matches!(refused.kind(), ImageErrorKind::NoImage), "{refused}");
    }
    assert!(matches!(
        open(IMAGE[..50].to_vec()).err().unwrap().kind(),
        ImageErrorKind::Damaged(_)
    ));
}

#[test]
fn a_file_is_written_whole_for_its_owner_only_and_never_over_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.vmyna");
    let mut file = create(&path).unwrap();
    file.add(&hanako()).unwrap();
    assert!(!path.exists(), "the name appears when all is written");
    file.finish().unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(
        Image::open(&path).unwrap().card(&name("hanako")).unwrap().name,
        name("hanako")
    );
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(create(&path).err().unwrap().kind(), ImageErrorKind::Exists));
    assert!(std::fs::read(&path).unwrap() == before);
}

#[test]
fn a_file_that_appears_meanwhile_is_kept_and_nothing_else_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.vmyna");
    let mut file = create(&path).unwrap();
    file.add(&hanako()).unwrap();
    std::fs::write(&path, "mine").unwrap();
    assert!(matches!(file.finish().err().unwrap().kind(), ImageErrorKind::Exists));
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    drop(create(&folder.path().join("other.vmyna")).unwrap());
    let left: Vec<_> = folder
        .path()
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["card.vmyna"]);
}

#[test]
fn errors_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("absent"), folder.path().to_owned()] {
        let message = Image::open(&path).err().unwrap().to_string();
        assert!(message.contains(&*path.to_string_lossy()), "{message}");
    }
    let nowhere = folder.path().join("no").join("card.vmyna");
    assert!(create(&nowhere).err().unwrap().to_string().contains("card.vmyna"));
}

/// Found by fuzzing: one changed byte of a record, and a file of 18 KB took 10 MB.
#[test]
fn a_length_beyond_what_is_there_is_refused_before_anything_is_allocated_for_it() {
    let fits = |bytes: &[u8]| super::record::lengths_fit(bytes, 3);
    for right in [
        &[][..],
        &[0x04, 0],
        &[0x30, 5, 0x04, 1, 7, 0x0C, 0],
        &[0x04, 0x81, 1, 7],
        &[0x30, 2, 0x30, 0, 0x02, 0],
        &[0x30, 4, 0x30, 2, 0x30, 0],
    ] {
        assert!(fits(right), "{right:02X?}");
    }
    for wrong in [
        &[0x04][..],
        &[0x04, 1],
        &[0x04, 0x83, 0x9D, 0x23, 0x6E, 7],
        &[0x04, 0x84, 0x0F, 0xFF, 0xFF, 0xFF],
        &[0x30, 3, 0x04, 2, 7, 7],
        &[0x04, 0x80, 0, 0],
        &[0x04, 0x85, 0, 0, 0, 0, 0],
        &[0x30, 6, 0x30, 4, 0x30, 2, 0x30, 0],
    ] {
        assert!(!fits(wrong), "{wrong:02X?}");
    }
    let name = name("a");
    let card = open(IMAGE.clone()).unwrap().card(&name);
    assert!(card.is_ok(), "{:?}", card.err());
}
