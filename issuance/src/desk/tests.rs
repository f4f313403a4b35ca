//! What the desk makes of an order. The keys are the public test keys of the built-in authorities, so that only the
//! municipality's are made here.

use std::io::Cursor;
use std::sync::LazyLock;

use der::Decode;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rsa::RsaPublicKey;
use rsa::pkcs8::DecodePublicKey;
use vmyna_applets::calendar::Date;
use vmyna_applets::cv::CvCertificate;
use vmyna_applets::image::ImageWriter;
use vmyna_card_os::tlv::Tlv;
use vmyna_test_vectors::specimens::{HANAKO, keys as pem};
use x509_cert::Certificate;

use super::*;
use crate::keys;
use crate::order::Tries;
use crate::person_file::{self, Defaults};
use crate::specimen;

/// Open for Chiyoda, Hanako's municipality.
static DESK: LazyLock<Desk> = LazyLock::new(|| {
    let mut desk = Desk::new(specimen::authorities().unwrap());
    desk.open_for([order().person.municipality.code]).unwrap();
    desk
});

/// Hanako's order.
fn order() -> Order {
    let defaults = Defaults::new("hanako".parse().unwrap(), "2026-11-01T01:00:00Z".parse().unwrap());
    let file = HANAKO;
    let file = person_file::read(file, &defaults, &mut ChaCha20Rng::from_seed([0; 32]));
    file.unwrap().order
}

/// A card's keys, each another one.
static KEYS: LazyLock<CardKeys> = LazyLock::new(|| {
    let key = |pem| KeyPair::new(&keys::from_pem(pem).unwrap()).unwrap();
    CardKeys {
        sign: key(pem::SIGN_CA),
        auth: key(pem::AUTH_CA),
        card: key(pem::CV_ROOT),
        text: key(pem::TEXT_ROOT),
        session: key(pem::TERMINAL_CA),
        face: key(pem::FACE_ROOT),
        common: key(pem::TERMINAL),
    }
});

fn issue(order: &Order) -> Result<IssuedCard, IssuanceError> {
    DESK.issue(order, &Numbers::of(1).unwrap(), &KEYS, None)
}

/// Everything a card holds, in one string of bytes.
fn bytes(card: &IssuedCard) -> Vec<u8> {
    let mut image = ImageWriter::new(Cursor::new(Vec::new())).unwrap();
    image.add(card).unwrap();
    image.finish().unwrap().into_inner()
}

fn date(digits: &[u8; 8]) -> Date {
    Date::from_digits(digits).unwrap()
}

/// The rule that an order breaks.
fn refusal(order: &Order) -> &'static str {
    match issue(order).map(|card| card.name) {
        Err(IssuanceError::Input(rule)) => rule,
        other => panic!("{other:?}"),
    }
}

fn certified(own: &CertifiedKey) -> (Certificate, RsaPublicKey) {
    let certificate = Certificate::from_der(&own.certificate).unwrap();
    let public = der::Encode::to_der(&certificate.tbs_certificate.subject_public_key_info).unwrap();
    (certificate, RsaPublicKey::from_public_key_der(&public).unwrap())
}

#[test]
fn the_same_order_numbers_and_keys_give_the_same_card_and_other_numbers_another() {
    let first = bytes(&issue(&order()).unwrap());
    assert!(first == bytes(&issue(&order()).unwrap()));
    let other = DESK.issue(&order(), &Numbers::of(2).unwrap(), &KEYS, None).unwrap();
    assert!(first != bytes(&other));
}

#[test]
fn a_desk_that_was_opened_anew_gives_the_same_card() {
    let mut again = Desk::new(specimen::authorities().unwrap());
    again.open_for([order().person.municipality.code]).unwrap();
    let card = again.issue(&order(), &Numbers::of(1).unwrap(), &KEYS, None).unwrap();
    assert!(bytes(&card) == bytes(&issue(&order()).unwrap()));
}

#[test]
fn each_key_has_its_place_on_the_card() {
    let card = issue(&order()).unwrap();
    let (sign, auth) = (card.jpki.sign.as_ref().unwrap(), card.jpki.auth.as_ref().unwrap());
    for (kept, pair) in [
        (&sign.key, &KEYS.sign),
        (&auth.key, &KEYS.auth),
        (&card.input_assist.as_ref().unwrap().authentication_key, &KEYS.text),
        (&card.input_assist.as_ref().unwrap().session_key, &KEYS.session),
        (&card.face_info.as_ref().unwrap().authentication_key, &KEYS.face),
        (&card.card_info.as_ref().unwrap().authentication_key, &KEYS.common),
    ] {
        assert!(kept.as_pkcs8_der() == pair.private.as_pkcs8_der());
    }
    assert_eq!(certified(sign).1, KEYS.sign.public);
    assert_eq!(certified(auth).1, KEYS.auth.public);
    let (_, own) = card.card_data.iter().find(|(number, _)| *number == 0x7F21).unwrap();
    let own = CvCertificate::from_object(own).unwrap();
    assert_eq!(own.public_key().unwrap(), KEYS.card.public);
}

#[test]
fn each_pin_and_its_tries_have_their_place_on_the_card() {
    let pin = |digits: &str| ReferenceData::new(digits.as_bytes());
    let mut order = order();
    order.pins.sign = pin("SIGN01");
    order.pins.auth = pin("1111");
    order.pins.input_assist = pin("2222");
    order.pins.residence = pin("3333");
    order.tries = Tries {
        sign: Some(4),
        auth: Some(2),
        input_assist: Some(1),
        residence: Some(0),
        card_info: None,
        text_code_a: Some(9),
        text_code_b: Some(8),
        birth_date: Some(7),
        face_code_a: Some(6),
        face_code_b: Some(5),
    };
    let card = issue(&order).unwrap();
    let (a, b) = ("123456789018", "01102520362026");
    for (pin, value, tries) in [
        (&card.jpki.sign_pin, "SIGN01", Some(4)),
        (&card.jpki.auth_pin, "1111", Some(2)),
        (&card.input_assist.as_ref().unwrap().pin, "2222", Some(1)),
        (&card.residence_code.as_ref().unwrap().pin, "3333", Some(0)),
        (&card.card_info.as_ref().unwrap().pin, "3333", None),
        (&card.input_assist.as_ref().unwrap().code_a, a, Some(9)),
        (&card.input_assist.as_ref().unwrap().code_b, b, Some(8)),
        (&card.face_info.as_ref().unwrap().birth_date_pin, "011025", Some(7)),
        (&card.face_info.as_ref().unwrap().code_a, a, Some(6)),
        (&card.face_info.as_ref().unwrap().code_b, b, Some(5)),
    ] {
        let issued = pin.value.as_ref().unwrap().as_bytes();
        assert_eq!((issued, pin.tries_left), (value.as_bytes(), tries));
    }
}

#[test]
fn the_signature_certificate_begins_fifteen_seconds_after_the_other_and_ends_with_it() {
    let card = issue(&order()).unwrap();
    let validity = |own: &Option<CertifiedKey>| certified(own.as_ref().unwrap()).0.tbs_certificate.validity;
    let (sign, auth) = (validity(&card.jpki.sign), validity(&card.jpki.auth));
    let begins = |validity: &x509_cert::time::Validity| validity.not_before.to_unix_duration().as_secs();
    assert_eq!(begins(&sign), begins(&auth) + 15);
    assert_eq!(sign.not_after, auth.not_after);
}

#[test]
fn a_certificate_that_is_not_ordered_is_not_issued() {
    for (sign, auth) in [(true, false), (false, true), (false, false)] {
        let order = Order {
            sign_certificate: sign,
            auth_certificate: auth,
            ..order()
        };
        let jpki = issue(&order).unwrap().jpki;
        assert_eq!((jpki.sign.is_some(), jpki.auth.is_some()), (sign, auth));
    }
}

#[test]
fn a_signature_certificate_is_issued_from_the_fifteenth_birthday_on() {
    // Issued on 1 November 2026 in Japan.
    let born = |digits| {
        let mut order = order();
        order.person.birth = date(digits).into();
        order
    };
    assert!(refusal(&born(b"20111102")).contains("15 years"));
    assert!(refusal(&born(b"20121101")).contains("15 years"), "a 14-year-old");
    assert!(issue(&born(b"20111101")).unwrap().jpki.sign.is_some());
    let without = Order {
        sign_certificate: false,
        ..born(b"20121101")
    };
    assert!(issue(&without).unwrap().jpki.sign.is_none());
}

#[test]
fn the_day_of_issue_is_japans() {
    // 15:00 UTC is midnight in Japan: the fifteenth birthday begins.
    let at = |time: &str| {
        let mut order = order();
        order.person.birth = date(b"20111102").into();
        order.issued = time.parse().unwrap();
        order
    };
    assert!(refusal(&at("2026-11-01T14:59:59Z")).contains("15 years"));
    assert!(issue(&at("2026-11-01T15:00:00Z")).is_ok());
}

#[test]
fn dates_in_the_wrong_order_are_refused() {
    let mut unborn = order();
    unborn.person.birth = date(b"20261102").into();
    assert!(refusal(&unborn).contains("born"));
    let ended = Order {
        expiry: date(b"20261031"),
        ..order()
    };
    assert!(refusal(&ended).contains("ends after"));
}

#[test]
fn a_card_without_pins_has_the_four_of_them_unset_and_the_printed_values_still() {
    let mut order = order();
    order.without_pins = true;
    assert!(refusal(&order).contains("without PINs"));
    order.sign_certificate = false;
    let card = issue(&order).unwrap();
    let unset = [
        &card.jpki.sign_pin,
        &card.jpki.auth_pin,
        &card.input_assist.as_ref().unwrap().pin,
        &card.residence_code.as_ref().unwrap().pin,
        &card.card_info.as_ref().unwrap().pin,
    ];
    assert!(unset.iter().all(|pin| pin.value.is_none()));
    let printed = [
        &card.input_assist.as_ref().unwrap().code_a,
        &card.input_assist.as_ref().unwrap().code_b,
        &card.face_info.as_ref().unwrap().birth_date_pin,
        &card.face_info.as_ref().unwrap().code_a,
        &card.face_info.as_ref().unwrap().code_b,
    ];
    assert!(printed.iter().all(|pin| pin.value.is_some()));
    assert!(card.jpki.auth.is_some() && card.jpki.sign.is_none());
}

#[test]
fn a_card_without_a_photo_has_an_empty_object_in_its_place_and_a_signature_over_it() {
    let mut order = order();
    assert!(!issue(&order).unwrap().summary.without_photo);
    order.photo = Vec::new().into();
    let card = issue(&order).unwrap();
    assert!(card.summary.without_photo);
    let face = card.face_info.as_ref().unwrap().data.card_face.as_bytes();
    let objects = Tlv::read_all(Tlv::read_only(face).unwrap().value).unwrap();
    let photo = objects.iter().find(|object| object.tag == 0xDF27).unwrap();
    assert!(photo.value.is_empty());
    assert_eq!(objects.len(), 10, "the table of offsets and nine objects");
}

fn with_dates(issued: Option<&str>, until: Option<&str>) -> Order {
    let mut order = order();
    let moment = |text: &str| text.parse().unwrap();
    order.certificate_dates.issued = issued.map(moment);
    order.certificate_dates.until = until.map(moment);
    order
}

/// Serial number, beginning and end of a certificate.
fn term(own: &CertifiedKey) -> (Vec<u8>, String, String) {
    let certificate = certified(own).0.tbs_certificate;
    let text = |time: x509_cert::time::Time| time.to_date_time().to_string();
    let validity = certificate.validity;
    (
        certificate.serial_number.as_bytes().to_vec(),
        text(validity.not_before),
        text(validity.not_after),
    )
}

#[test]
fn certificates_have_dates_of_their_own_and_a_renewed_one_a_later_serial_number() {
    let by_rule = issue(&order()).unwrap().jpki;
    let (first, begin, end) = term(by_rule.auth.as_ref().unwrap());
    assert_eq!(
        (begin.as_str(), end.as_str()),
        ("2026-11-01T01:00:00Z", "2031-10-25T14:59:59Z")
    );
    // Expired on a card that is valid for ten years.
    let expired = issue(&with_dates(None, Some("2028-01-01T00:00:00Z"))).unwrap();
    assert_eq!(expired.summary.expiry.to_string(), "2036-10-25");
    for (own, begin) in [
        (expired.jpki.auth.as_ref().unwrap(), "2026-11-01T01:00:00Z"),
        (expired.jpki.sign.as_ref().unwrap(), "2026-11-01T01:00:15Z"),
    ] {
        assert_eq!(
            term(own),
            (first.clone(), begin.to_owned(), "2028-01-01T00:00:00Z".to_owned())
        );
    }
    // Renewed after three years, on the same card.
    let renewed = issue(&with_dates(Some("2029-11-05T02:00:00Z"), None)).unwrap();
    assert_eq!(renewed.summary.issued, order().issued);
    let (later, begin, end) = term(renewed.jpki.auth.as_ref().unwrap());
    assert!(later > first && later.len() == 3, "{later:02X?} {first:02X?}");
    assert_eq!(
        (begin.as_str(), end.as_str()),
        ("2029-11-05T02:00:00Z", "2034-10-25T14:59:59Z")
    );
    let (sign, _) = certified(renewed.jpki.sign.as_ref().unwrap());
    assert!(sign.tbs_certificate.subject.to_string().contains("CN=20291105110000"));
    assert!(refusal(&with_dates(None, Some("2026-11-01T01:00:00Z"))).contains("ends after"));
}

#[test]
fn certificates_are_of_a_generation_of_the_authorities_that_lasts_as_long() {
    let mut desk = Desk::new(specimen::authorities().unwrap());
    let mut folder = Desk::new(unseeded());
    let at = |issued: &str, expiry: &[u8; 8]| {
        let (mut order, expiry) = (order(), date(expiry));
        (order.issued, order.expiry) = (issued.parse().unwrap(), expiry);
        order
    };
    let own = issue(&order()).unwrap().jpki.auth_ca_certificate;
    let numbers = Numbers::of(1).unwrap();
    for (order, same) in [
        (order(), true),
        (at("2017-11-01T01:00:00Z", b"20271025"), false),
        (at("2031-11-01T01:00:00Z", b"20411025"), false),
        // Dates of one's own choose the generation of their beginning, whether it lasts to their end or not.
        (
            with_dates(Some("2017-06-01T00:00:00Z"), Some("2050-01-01T00:00:00Z")),
            false,
        ),
        (with_dates(None, Some("2050-01-01T00:00:00Z")), true),
    ] {
        for desk in [&mut desk, &mut folder] {
            desk.open_for([order.person.municipality.code]).unwrap();
            desk.prepare(&order).unwrap();
        }
        let card = desk.issue(&order, &numbers, &KEYS, None).unwrap();
        let ca = Certificate::from_der(&card.jpki.auth_ca_certificate)
            .unwrap()
            .tbs_certificate;
        assert_eq!(card.jpki.auth_ca_certificate == own, same, "{}", order.issued);
        let (leaf, _) = certified(card.jpki.auth.as_ref().unwrap());
        let [leaf, ca] = [leaf.tbs_certificate.validity, ca.validity];
        let seconds = |time: x509_cert::time::Time| time.to_unix_duration();
        assert!(seconds(ca.not_before) <= seconds(leaf.not_before));
        assert_eq!(
            seconds(leaf.not_after) <= seconds(ca.not_after),
            order.certificate_dates.until.is_none()
        );
        // Authorities that can make no other generation issue for their own time only, but with dates of one's own.
        let refused = folder.issue(&order, &numbers, &KEYS, None);
        assert_eq!(
            refused.is_ok(),
            same || order.certificate_dates.any(),
            "{}",
            order.issued
        );
    }
    let mut bare = at("2017-11-01T01:00:00Z", b"20271025");
    (bare.sign_certificate, bare.auth_certificate) = (false, false);
    assert!(
        folder.issue(&bare, &numbers, &KEYS, None).is_ok(),
        "there is nothing to certify"
    );
}

/// The specimens' authorities as from a folder: without their seed and the older generation.
fn unseeded() -> Authorities {
    let files = vmyna_test_vectors::specimens::AUTHORITIES.iter();
    let files = files
        .filter(|(path, _)| !path.starts_with("generations"))
        .map(|(path, bytes)| ((*path).to_owned(), zeroize::Zeroizing::new(bytes.to_vec())));
    Authorities::take_up(&files.collect()).unwrap_or_else(|fault| panic!("{fault:?}"))
}

#[test]
fn a_person_that_a_card_cannot_carry_is_refused() {
    let mut nameless = order();
    nameless.person.name = String::new();
    assert!(refusal(&nameless).contains("name"));
    let mut tall = order();
    tall.person.address = "京".repeat(201);
    assert!(refusal(&tall).contains("200 characters"));
}

#[test]
fn a_desk_issues_for_the_municipalities_it_is_open_for_only() {
    let closed = Desk::new(specimen::authorities().unwrap());
    let refused = closed.issue(&order(), &Numbers::of(1).unwrap(), &KEYS, None);
    assert!(matches!(refused, Err(IssuanceError::Input(rule)) if rule.contains("open for")));
}

#[test]
fn the_summary_says_how_many_cards_keys_are_shared_by() {
    assert_eq!(issue(&order()).unwrap().summary.key_pool, None);
    let shared = DESK.issue(&order(), &Numbers::of(1).unwrap(), &KEYS, Some(3)).unwrap();
    assert_eq!(shared.summary.key_pool, Some(3));
}

#[test]
fn a_text_that_is_drawn_otherwise_than_it_is_is_remarked() {
    assert_eq!(issue(&order()).unwrap().summary.remarks, Vec::<String>::new());
    let mut order = order();
    // 24 characters fit on the address's picture.
    order.person.address = "京".repeat(25);
    // A character of neither font.
    order.person.name = "見本　\u{2A6A5}".to_owned();
    order.substitutes.insert("\u{2A6A5}", "テツ").unwrap();
    let remarks = issue(&order).unwrap().summary.remarks;
    assert_eq!(remarks.len(), 2, "{remarks:?}");
    assert!(remarks[0].starts_with("1 of the name's characters"), "{remarks:?}");
    assert!(
        remarks[1].starts_with("the address is longer than its picture"),
        "{remarks:?}"
    );
}

/// The value of an object in a file of objects.
fn value(file: &[u8], tag: u16) -> Vec<u8> {
    let (outer, _) = vmyna_card_os::tlv::Tlv::read(file).unwrap();
    let objects = vmyna_card_os::tlv::Tlv::read_all(outer.value).unwrap();
    objects.iter().find(|object| object.tag == tag).unwrap().value.to_vec()
}

/// The texts in the subject alternative name of the sign certificate, in its order.
fn certified_texts(card: &IssuedCard) -> Vec<String> {
    use x509_cert::ext::pkix::{SubjectAltName, name::GeneralName};
    let (certificate, _) = certified(card.jpki.sign.as_ref().unwrap());
    let (_, SubjectAltName(names)) = certificate.tbs_certificate.get().unwrap().unwrap();
    let text = |name: GeneralName| match name {
        GeneralName::OtherName(other) => other.value.decode_as::<String>().unwrap(),
        other => panic!("{other:?}"),
    };
    names.into_iter().map(text).collect()
}

#[test]
fn the_certificate_alone_has_substitutes_unless_input_assist_is_to_have_them() {
    let mut order = order();
    order.person.name = "髙橋　葛\u{E0100}𩸽".to_owned();
    order.person.kana.clear();
    order.person.address = "東京都千代田区\u{FA11}町１".to_owned();
    assert!(refusal(&order).contains("substitute"));
    order.substitutes.insert("𩸽", "タ").unwrap();
    let card = issue(&order).unwrap();
    let texts = |card: &IssuedCard| {
        let file = card.input_assist.as_ref().unwrap().data.attributes.as_bytes();
        [0xDF22, 0xDF23].map(|tag| String::from_utf8(value(file, tag)).unwrap())
    };
    assert_eq!(texts(&card), [order.person.name.clone(), order.person.address.clone()]);
    assert_eq!(card.summary.person, order.person);
    let names = certified_texts(&card);
    assert_eq!([&names[0], &names[3]], ["高橋　葛タ", "東京都千代田区崎町１"]);
    assert_eq!([&names[4], &names[5]], ["10011", "0000000100"]);
    // The face has the register's characters: those pictures differ from the certificate's.
    let drawn = |text: &str| TextPicture::draw(text, crate::pictures::NAME_WIDTH).unwrap().png;
    let face = value(card.face_info.as_ref().unwrap().data.card_face.as_bytes(), 0xDF25);
    assert!(face == drawn(&order.person.name).as_bytes() && face != drawn("高橋　葛タ").as_bytes());

    order.input_assist_text = TextForm::Certificate;
    let substituted = issue(&order).unwrap();
    assert_eq!(texts(&substituted), ["高橋　葛タ", "東京都千代田区崎町１"]);
    assert_eq!(certified_texts(&substituted), names);
    assert!(substituted.face_info.as_ref().unwrap().data.card_face == card.face_info.as_ref().unwrap().data.card_face);
}

#[test]
fn a_card_without_sign_certificate_needs_no_substitute() {
    let mut order = order();
    order.person.name = "見本　𩸽".to_owned();
    order.person.kana.clear();
    order.sign_certificate = false;
    assert!(issue(&order).is_ok());
    order.input_assist_text = TextForm::Certificate;
    assert!(refusal(&order).contains("substitute"));
}

#[test]
fn an_unknown_birth_date_is_written_with_zeros_everywhere() {
    for (digits, certificate, pin) in [
        (b"19450000", "319450000", "200000"),
        (b"19450600", "319450600", "200600"),
        (b"00000000", "000000000", "000000"),
    ] {
        let mut order = order();
        order.person.birth = vmyna_applets::birth::BirthDate::from_digits(digits).unwrap();
        let card = issue(&order).unwrap();
        assert_eq!(certified_texts(&card)[1], certificate);
        assert_eq!(
            value(card.input_assist.as_ref().unwrap().data.attributes.as_bytes(), 0xDF24),
            digits
        );
        assert_eq!(
            value(card.face_info.as_ref().unwrap().data.age_record.as_bytes(), 0xDF11),
            digits
        );
        assert_eq!(
            value(card.face_info.as_ref().unwrap().data.card_face.as_bytes(), 0xDF22),
            digits
        );
        assert_eq!(
            card.face_info
                .as_ref()
                .unwrap()
                .birth_date_pin
                .value
                .as_ref()
                .unwrap()
                .as_bytes(),
            pin.as_bytes()
        );
        let code = format!("{pin}{:04}{}", order.expiry.year(), order.security_code.as_str());
        assert_eq!(
            card.face_info
                .as_ref()
                .unwrap()
                .code_b
                .value
                .as_ref()
                .unwrap()
                .as_bytes(),
            code.as_bytes()
        );
    }
}

#[test]
fn a_line_of_the_remarks_field_is_printed_and_no_note() {
    let mut order = order();
    order.printed = vec!["旧氏［見本］".to_owned()];
    let summary = issue(&order).unwrap().summary;
    assert_eq!(summary.printed().collect::<Vec<_>>(), ["旧氏［見本］"]);
    assert_eq!(summary.notes().count(), 0);
    order.printed = vec!["旧氏\u{202E}".to_owned()];
    assert!(refusal(&order).contains("can be seen"));
}
