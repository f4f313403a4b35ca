use std::io::Cursor;

use proptest::prelude::*;
use sha2::{Digest, Sha256};
use vmyna_card_os::declaration::Body;

use super::object::Place;
use super::*;
use crate::issued::{CardName, IssuedCard, MobileDocument};
use crate::{PhoneKind, Profile, specimen};

fn hanako() -> IssuedCard {
    specimen::find("hanako").unwrap().unwrap()
}

/// Her card with exact files, as every card of version 1 has them.
fn named(name: &str) -> IssuedCard {
    IssuedCard {
        name: name.parse().unwrap(),
        file_sizes: Vec::new(),
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
                Body::Pin(pin) => all.push(
                    [
                        pin.value.as_ref().map_or(&[][..], |value| value.as_bytes()),
                        &[pin.tries_at_issue],
                    ]
                    .concat(),
                ),
                Body::PrivateKey(key) => all.push(key.as_pkcs8_der().to_vec()),
                Body::CertificateKey(key) => all.push([&key.key_id[..], &key.modulus, &key.exponent].concat()),
                // No built-in application has one.
                Body::Reserved | Body::SharedPin(_) | Body::GeneratedKey(_) | Body::HostKey(_) => {}
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
    later[11] = 4;
    let refused = open(later).err().unwrap();
    assert!(matches!(refused.kind(), ImageErrorKind::Newer(4)), "{refused}");
}

/// A program of version 1 looks at these four bytes before anything else, and reports every number from 2 to 999 as newer.
fn version_of(image: &[u8]) -> u32 {
    u32::from_be_bytes(image[8..12].try_into().unwrap())
}

#[test]
fn an_image_has_the_first_version_that_has_all_of_its_cards() {
    let exact = named("a");
    let real = named("b").with_file_sizes(crate::Profile::contact().file_sizes);
    for (cards, version) in [
        (vec![exact.clone()], 1),
        (vec![real.clone()], 2),
        (vec![exact.clone(), real.clone()], 2),
        (vec![], 1),
    ] {
        let bytes = written(&cards);
        assert_eq!(version_of(&bytes), version);
        let image = open(bytes).unwrap();
        assert_eq!(image.version(), version);
        for card in &cards {
            let read = image.card(&card.name).unwrap();
            assert_eq!(read.file_sizes, card.file_sizes);
            assert!(holdings(&read) == holdings(card));
        }
    }
    // A birth date of which a part is unknown is no date to a program of version 1.
    let mut unknown = exact.clone();
    unknown.summary.person.birth = crate::birth::BirthDate::from_digits(b"19450000").unwrap();
    let bytes = written(std::slice::from_ref(&unknown));
    assert_eq!(version_of(&bytes), 2);
    let read = open(bytes).unwrap().card(&unknown.name).unwrap();
    assert_eq!(read.summary.person.birth, unknown.summary.person.birth);
    // The record of a card without new fields is the same in both versions.
    let (one, two) = (written(std::slice::from_ref(&exact)), written(&[exact, real]));
    let identity = |image: Vec<u8>| open(image).unwrap().identity(&name("a")).unwrap();
    assert_eq!(identity(one), identity(two));
}

#[test]
fn each_field_of_version_2_comes_out_as_it_went_in() {
    let atr = crate::atr::Atr::new(&crate::Profile::find("contact-3bda").unwrap().atr).unwrap();
    let mut own_atr = named("atr");
    own_atr.profile = own_atr.profile.with_own_atr(&atr);
    let mut contactless = own_atr.clone().with_name(name("contactless"));
    contactless.profile = crate::Profile::find("contactless").unwrap().with_own_atr(&atr);
    let mut unset = named("unset");
    unset.jpki.auth_pin = crate::PinAtIssue::unset();
    unset.card_info.as_mut().unwrap().pin = crate::PinAtIssue::unset();
    let mut bare = named("bare");
    bare.summary.without_photo = true;
    for card in [own_atr, contactless, unset, bare] {
        let bytes = written(std::slice::from_ref(&card));
        assert_eq!(version_of(&bytes), 2, "{}", card.name);
        let read = open(bytes).unwrap().card(&card.name).unwrap();
        assert!(holdings(&read) == holdings(&card), "{}", card.name);
        assert_eq!(read.profile.contact_atr, card.profile.contact_atr);
        assert_eq!(read.summary, card.summary);
        assert!(read.jpki.auth_pin.value.is_none() == (card.name == name("unset")));
    }
}

#[test]
fn a_field_of_version_2_in_an_image_of_version_1_is_damage() {
    let real = named("a").with_file_sizes(crate::Profile::contact().file_sizes);
    let mut image = written(&[real]);
    image[11] = 1;
    let digest = Sha256::digest(&image[..HEADER_BODY]);
    image[HEADER_BODY..HEADER].copy_from_slice(&digest);
    let refused = open(image).unwrap().card(&name("a")).err().unwrap();
    assert!(matches!(refused.kind(), ImageErrorKind::Damaged(_)), "{refused}");
}

/// A committed image of this version.
fn committed(version: u32, file: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../test-vectors/cards/v{version}"));
    std::fs::read(folder.join(file)).unwrap()
}

/// The images of each version are written anew from what they hold, byte for byte.
#[test]
fn the_committed_images_are_written_again_byte_for_byte() {
    for (version, file) in [
        (1, "hanako.vmyna"),
        (1, "collection.vmyna"),
        (2, "fields.vmyna"),
        (2, "free-area.vmyna"),
        (2, "everything.vmyna"),
        (3, "iphone.vmyna"),
        (3, "android.vmyna"),
    ] {
        let committed = committed(version, file);
        let image = open(committed.clone()).unwrap();
        assert_eq!(image.version(), version);
        // Cards are in the file in the order in which they were added.
        let mut cards: Vec<_> = image.names().map(|card| image.card(&name(card)).unwrap()).collect();
        let again = written(&cards);
        cards.reverse();
        assert!(again == committed || written(&cards) == committed, "{file}");
    }
}

/// The sample has every kind of file, condition and answer. It can't change any more, because this image can't.
#[test]
fn the_committed_image_of_everything_holds_the_sample() {
    let image = open(committed(2, "everything.vmyna")).unwrap();
    let card = image.card(&name("hanako")).unwrap();
    assert!(card.free == crate::free_area::sample::everything());
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
    let fits = |bytes: &[u8]| super::object::objects_fit(bytes, 3, &mut 4);
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
        &[0x04, 0, 0x04, 0, 0x04, 0, 0x04, 0, 0x04, 0],
        &[0x30, 8, 0x04, 0, 0x04, 0, 0x04, 0, 0x04, 0],
    ] {
        assert!(!fits(wrong), "{wrong:02X?}");
    }
    let name = name("a");
    let card = open(IMAGE.clone()).unwrap().card(&name);
    assert!(card.is_ok(), "{:?}", card.err());
}

/// An image with this index, whose digests are right.
fn with_index(count: u64, length: u64, index: &[u8]) -> Vec<u8> {
    let mut image = vec![0; HEADER];
    image[..8].copy_from_slice(&MAGIC);
    image[11] = 1;
    image[16..24].copy_from_slice(&count.to_be_bytes());
    image[24..32].copy_from_slice(&length.to_be_bytes());
    image[32..40].copy_from_slice(&(HEADER as u64).to_be_bytes());
    image[40..72].copy_from_slice(&Sha256::digest(index));
    let digest = Sha256::digest(&image[..HEADER_BODY]);
    image[HEADER_BODY..].copy_from_slice(&digest);
    image.extend(index);
    image
}

/// The most memory that this process has had, in KiB.
#[cfg(target_os = "linux")]
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn a_forged_index_in_a_sparse_file_takes_no_memory() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let before = most_memory();
    let huge = 8 << 30;
    for (count, length) in [
        (1, huge),
        (huge / 46, huge),
        (MOST_CARDS, huge),
        (u64::MAX, huge),
        (MOST_CARDS, 100 * MOST_CARDS),
    ] {
        std::fs::write(file.path(), with_index(count, length, &[])).unwrap();
        file.as_file().set_len(length).unwrap();
        let refused = Image::open(file.path()).err().unwrap();
        assert!(
            matches!(refused.kind(), ImageErrorKind::Damaged("its index")),
            "{refused}"
        );
        let more = most_memory() - before;
        assert!(more < 100 * 1024, "{more} KiB for {count} cards in {length} bytes");
    }
}

#[test]
fn an_index_longer_than_a_piece_is_read_and_no_name_in_it_is_foreign() {
    let entry = |name: &[u8]| [&[name.len() as u8], name, &[0; 12 + DIGEST]].concat();
    let opened = |entries: &[Vec<u8>]| {
        let index = entries.concat();
        open(with_index(entries.len() as u64, (HEADER + index.len()) as u64, &index))
    };
    let many: Vec<_> = (0..5000)
        .map(|number| entry(format!("c{number:05}").as_bytes()))
        .collect();
    let image = opened(&many).unwrap();
    assert_eq!(
        (image.count(), image.names().count(), image.names().last()),
        (5000, 5000, Some("c04999"))
    );
    for foreign in ["", "\u{1b}[2J", "a\u{202e}b", "A", "a b", "\u{9b}m", &"a".repeat(65)] {
        assert!(opened(&[entry(foreign.as_bytes())]).is_err(), "{foreign:?}");
    }
    assert!(opened(&[entry(b"b"), entry(b"a")]).is_err());
}

#[test]
fn a_card_that_names_one_object_thousands_of_times_is_refused() {
    const OBJECT: u32 = 400_000;
    let place = Place {
        offset: HEADER as u64,
        length: OBJECT,
        digest: Sha256::digest(vec![0; OBJECT as usize]).into(),
    };
    let whole = named("a");
    let record = super::record::encode(&whole, Some(&mut |_| Ok(place.clone())));
    let record = record.ok().unwrap().bytes;
    let card = |record: &[u8]| {
        let mut fetched = 0;
        let mut fetch = |place: &Place| {
            fetched += 1;
            Ok(vec![0; place.length as usize])
        };
        let read = super::record::decode(record, 1, &mut fetch).is_ok();
        (read, fetched)
    };
    assert_eq!(card(&record), (true, 15));
    for (files, counted) in [(6, true), (3000, false)] {
        let forged = super::record::with_face_files(&record, files, &place);
        assert_eq!(super::object::lengths_fit(&forged), counted, "{files} files");
        let (read, fetched) = card(&forged);
        assert!(!read && fetched < 15, "{files} files, {fetched} objects were fetched");
    }
    // The image counts the bytes, too.
    let mut image = vec![0; HEADER + OBJECT as usize];
    image.extend(&*record);
    let at = image.len() as u64 - record.len() as u64;
    let mut index = b"\x01a".to_vec();
    index.extend(at.to_be_bytes());
    index.extend((record.len() as u32).to_be_bytes());
    index.extend(Sha256::digest(&*record));
    image.extend(&index);
    let head = with_index(1, image.len() as u64, &index);
    image[..HEADER].copy_from_slice(&head[..HEADER]);
    let at = image.len() as u64 - index.len() as u64;
    image[32..40].copy_from_slice(&at.to_be_bytes());
    let digest = Sha256::digest(&image[..HEADER_BODY]);
    image[HEADER_BODY..HEADER].copy_from_slice(&digest);
    let refused = open(image).unwrap().card(&name("a")).err().unwrap();
    assert!(matches!(refused.kind(), ImageErrorKind::TooLarge), "{refused}");
}

#[test]
fn a_card_that_no_reader_takes_is_not_written() {
    let mut long = hanako();
    long.face_info.as_mut().unwrap().data.card_face = vec![7; LONGEST_CARD as usize].into();
    let mut many = hanako();
    many.summary.remarks = vec![String::new(); MOST_OBJECTS];
    for card in [long, many] {
        let mut writer = ImageWriter::new(Cursor::new(Vec::new())).unwrap();
        assert!(matches!(writer.add(&card), Err(ImageErrorKind::Unwritable(_))));
    }
}

/// The token of a phone, made of a card's certificates.
fn phone(kind: PhoneKind) -> IssuedCard {
    let card = hanako();
    let mdoc = match kind {
        PhoneKind::Iphone => Some(MobileDocument {
            issuer_signed: vec![0xA0],
            device_key: card.jpki.auth.as_ref().unwrap().key.clone(),
        }),
        PhoneKind::Android => None,
    };
    IssuedCard::of_phone(name("phone"), Profile::phone(kind), card.summary, card.jpki, mdoc)
}

#[test]
fn a_phone_is_version_3_and_is_read_as_it_was_written() {
    for kind in PhoneKind::ALL {
        let phone = phone(kind);
        let image = open(written(&[phone.clone(), hanako()])).unwrap();
        assert_eq!(image.version(), 3);
        let read = image.card(&phone.name).unwrap();
        assert_eq!(read.phone(), Some(kind));
        assert_eq!(read.to_record().unwrap(), phone.to_record().unwrap());
        assert!(read.input_assist.is_none() && read.card_info.is_none());
        let mdocs = [&read.mdoc, &phone.mdoc].map(|mdoc| mdoc.as_ref().map(|mdoc| mdoc.issuer_signed.clone()));
        assert_eq!(mdocs[0], mdocs[1]);
        let again = IssuedCard::from_record(&phone.to_record().unwrap()).unwrap();
        assert_eq!(again.to_record().unwrap(), phone.to_record().unwrap());
        // The card beside it has the record of the first version.
        let card = image.card(&name("hanako")).unwrap();
        assert!(card.phone().is_none() && card.mdoc.is_none());
    }
}

#[test]
fn a_phone_in_an_image_that_claims_an_earlier_version_is_refused() {
    let record = phone(PhoneKind::Iphone).to_record().unwrap();
    let refers = |_: &Place| panic!("it refers to no object");
    for version in [1, 2] {
        assert!(super::record::decode(&record, version, &mut { refers }).is_err());
    }
    assert!(super::record::decode(&record, 3, &mut { refers }).is_ok());
    // Another tag around the token.
    let mut other = record.to_vec();
    other[0] = 0xA1;
    assert!(super::record::decode(&other, 3, &mut { refers }).is_err());
}
