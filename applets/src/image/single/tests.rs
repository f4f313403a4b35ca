use vmyna_card_os::declaration::ReferenceData;

use super::super::{Image, ImageWriter, MOST_OBJECTS};
use super::*;
use crate::atr::Atr;
use crate::{PinAtIssue, Profile, specimen};

/// The bytes of an image of this card alone: they have everything that an image keeps of it.
fn image(card: &IssuedCard) -> Vec<u8> {
    let mut writer = ImageWriter::new(std::io::Cursor::new(Vec::new())).unwrap();
    writer.add(card).unwrap();
    writer.finish().unwrap().into_inner()
}

#[test]
fn every_specimen_is_read_back_from_its_record_alone() {
    for name in specimen::names().unwrap() {
        let card = specimen::find(name).unwrap().unwrap();
        let record = card.to_record().unwrap();
        let read = IssuedCard::from_record(&record).unwrap();
        assert_eq!(image(&read), image(&card), "{name}");
        assert_eq!(*read.to_record().unwrap(), *record, "{name}");
    }
}

#[test]
fn what_version_2_of_an_image_adds_is_in_a_record() {
    let mut card = specimen::find("hanako").unwrap().unwrap();
    card.jpki.sign = None;
    card.jpki.sign_pin = PinAtIssue::unset();
    card.jpki.auth_pin = PinAtIssue::from(ReferenceData::new(b"9876")).with_tries_left(0);
    card.summary.without_photo = true;
    let atr = Atr::new(&Profile::find("contact-3bda").unwrap().atr).unwrap();
    let profile = card.profile.clone().with_own_atr(&atr);
    let card = card
        .with_profile(profile)
        .with_file_sizes(Profile::contact().file_sizes);
    let read = IssuedCard::from_record(&card.to_record().unwrap()).unwrap();
    let whole = image(&read);
    assert_eq!(whole, image(&card));
    assert_eq!(Image::from_bytes("card", whole).unwrap().version(), 2);
    assert!(read.jpki.sign.is_none() && read.jpki.sign_pin.value.is_none());
}

#[test]
fn a_record_that_is_cut_or_refers_to_an_image_is_refused() {
    let card = specimen::find("hanako").unwrap().unwrap();
    let record = card.to_record().unwrap();
    for length in (0..record.len()).step_by(97).chain(0..200) {
        assert!(IssuedCard::from_record(&record[..length]).is_err(), "{length}");
    }
    let longer = [&record[..], &[0]].concat();
    assert!(IssuedCard::from_record(&longer).is_err());
    let place = Place {
        offset: 104,
        length: 7,
        digest: [7; 32],
    };
    let shared = record::encode(&card, Some(&mut |_| Ok(place.clone())));
    let refused = IssuedCard::from_record(&shared.ok().unwrap().bytes);
    assert_eq!(
        refused.err(),
        Some(RecordError::Damaged("it refers to an object outside"))
    );
}

#[test]
fn a_card_too_long_for_an_image_has_no_record() {
    let mut long = specimen::find("hanako").unwrap().unwrap();
    let mut many = long.clone();
    long.face_info.as_mut().unwrap().data.card_face = vec![7; LONGEST_CARD as usize].into();
    many.summary.remarks = vec![String::new(); MOST_OBJECTS];
    for card in [long, many] {
        assert_eq!(card.to_record().err(), Some(RecordError::TooLong));
    }
    let refused = IssuedCard::from_record(&vec![0x30; LONGEST_CARD as usize + 1]);
    assert_eq!(refused.err(), Some(RecordError::TooLong));
}
