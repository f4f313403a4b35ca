use vmyna_applets::issued::Summary;
use vmyna_applets::person::Sex;
use vmyna_applets::specimen;

use super::*;

fn hanako() -> IssuedCard {
    specimen::find("hanako").unwrap().unwrap()
}

/// Both sides, and the remarks of both in sentences.
fn drawn(card: &IssuedCard) -> (Vec<u8>, Vec<u8>, Vec<String>) {
    let (front, back) = (front(card).unwrap(), back(card).unwrap());
    let remarks = front.remarks.iter().chain(&back.remarks);
    let remarks = remarks.map(Remark::to_string).collect();
    (front.png, back.png, remarks)
}

#[test]
fn the_specimen_is_drawn_with_its_photo_and_without_remarks() {
    let (front, back, remarks) = drawn(&hanako());
    assert_eq!(remarks, [""; 0]);
    assert_ne!(front, back);
}

#[test]
fn a_change_of_the_card_changes_the_picture() {
    let (plain_front, plain_back, _) = drawn(&hanako());
    let mut card = hanako();
    card.summary.person.sex = Sex::Unknown;
    assert_ne!(drawn(&card).0, plain_front);
    let mut card = hanako();
    card.jpki.sign = None;
    assert_ne!(drawn(&card).0, plain_front);
    card.jpki.auth = None;
    card.summary.person.name = "別名　太郎".to_owned();
    assert_ne!(drawn(&card).1, plain_back);
}

#[test]
fn the_remarks_field_is_drawn_where_the_card_has_one() {
    let mut card = hanako();
    let (plain_front, plain_back, _) = drawn(&card);
    card.summary.remarks.push(Summary::printed_line("旧氏［見本］"));
    let (front, back, remarks) = drawn(&card);
    assert!(remarks.is_empty() && front != plain_front && back == plain_back);
    // A remark that is not printed changes nothing.
    let mut card = hanako();
    card.summary.remarks.push("the name is drawn half width".to_owned());
    assert_eq!(drawn(&card).0, plain_front);
}

#[test]
fn the_longest_texts_of_a_card_are_drawn_whole() {
    let mut card = hanako();
    card.summary.person.address = "東京都千代田区霞が関".repeat(20);
    card.summary.person.name = "長い氏名　".repeat(20);
    card.summary.person.municipality.title = "南アルプス市かすみがうら市つくばみらい市".to_owned();
    assert_eq!(drawn(&card).2, [""; 0]);
}

#[test]
fn a_remark_or_debug_output_does_not_quote_a_text() {
    let mut card = hanako();
    card.summary.person.name = "名\u{10FFFD}".repeat(500);
    card.face_info.as_mut().unwrap().data.card_face = vec![0xFF, 0x20, 0].into();
    let remarks = drawn(&card).2;
    for expected in [
        "the font lacks 500 letters",
        "Name is too long",
        "the photo is not drawn",
    ] {
        assert!(remarks.iter().any(|remark| remark.contains(expected)), "{remarks:?}");
    }
    assert!(!remarks.concat().contains('名'), "{remarks:?}");
    let shown = format!("{:?}", front(&card).unwrap());
    assert!(shown.contains(" bytes") && shown.len() < 200, "{shown}");
}

#[test]
fn a_damaged_certificate_is_named_and_the_other_side_is_drawn() {
    let mut card = hanako();
    let auth = card.jpki.auth.as_mut().unwrap();
    auth.certificate.truncate(100);
    let error = front(&card).unwrap_err().to_string();
    assert!(error.starts_with("the auth certificate can't be read: "), "{error}");
    back(&card).unwrap();
}
