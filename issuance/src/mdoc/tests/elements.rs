//! The mdoc of a card: its elements, times and keys.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use vmyna_applets::birth::BirthDate;
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::person::Sex;
use vmyna_applets::specimen;
use vmyna_mdoc::{IssuerSigned, NAMESPACE, NAMESPACE_JP, Value};

use super::*;

const NOW: &str = "2026-12-01T09:30:15Z";

fn card(name: &str) -> IssuedCard {
    specimen::find(name).unwrap().unwrap()
}

/// The mdoc of a card at a time.
fn mdoc(card: &IssuedCard, now: &str) -> IssuerSigned {
    let now = time(now);
    let signer = authority().signer(now, 0).unwrap();
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let key = device_key(&mut rng).unwrap();
    let issued = issue(&signer, card, &key, now, &mut rng).unwrap();
    IssuerSigned::parse(&issued.issuer_signed).unwrap()
}

/// Every element but the portrait, the Japanese ones first, as `identifier=value`.
fn elements(mdoc: &IssuerSigned) -> Vec<String> {
    let shown = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Integer(number) => i128::from(*number).to_string(),
        other => format!("{other:?}"),
    };
    let of = |namespace| mdoc.items().iter().filter(move |item| item.namespace() == namespace);
    of(NAMESPACE_JP)
        .chain(of(NAMESPACE))
        .filter(|item| item.identifier() != "portrait")
        .map(|item| format!("{}={}", item.identifier(), shown(item.value())))
        .collect()
}

#[test]
fn an_mdoc_states_what_the_card_of_the_person_states() {
    let hanako = card("hanako");
    let mdoc = mdoc(&hanako, NOW);
    let person = &hanako.summary.person;
    assert_eq!(person.birth.digits(), "19891025");
    assert_eq!(
        elements(&mdoc),
        [
            format!("full_name_unicode={}", person.name),
            format!("resident_address_unicode={}", person.address),
            format!(
                "local_gov_code_unicode={}",
                str::from_utf8(person.municipality.code.digits()).unwrap()
            ),
            format!(
                "individual_number_unicode={}",
                str::from_utf8(person.my_number.digits()).unwrap()
            ),
            "sex_unicode=女".to_owned(),
            "birth_date_unicode=1989年10月25日".to_owned(),
            "sex=2".to_owned(),
            "birth_date=Tag(1004, Text(\"1989-10-25\"))".to_owned(),
            "age_in_years=37".to_owned(),
            "age_over_20=true".to_owned(),
        ]
    );
    assert!(person.name.contains('\u{3000}'));
    let portrait = mdoc
        .items()
        .iter()
        .find(|item| item.identifier() == "portrait")
        .unwrap();
    let photo = crate::face_data::photo(&hanako).unwrap();
    assert_eq!(portrait.value(), &Value::Bytes(photo.clone()));
    assert_eq!(photo[4..12], *b"jP  \r\n\x87\n");
}

#[test]
fn an_mdoc_lasts_thirty_days_from_the_day_of_issue() {
    let of = |now: &str| {
        let object = mdoc(&card("hanako"), now).security_object().validity;
        [object.signed, object.valid_from, object.valid_until].map(|time| time.to_string())
    };
    let days = ["2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z", "2026-12-31T00:00:00Z"];
    assert_eq!(of(NOW), days);
    assert_eq!(of("2026-12-01T23:59:59Z"), days);
    // The signer of this day begins later than the day does.
    assert_eq!(of("2028-11-01T02:00:00Z")[0], "2028-11-01T01:00:00Z");
}

#[test]
fn ages_are_those_of_the_day_in_japan() {
    let mut card = card("hanako");
    card.summary.person.birth = BirthDate::from_digits(b"20061202").unwrap();
    let ages = |now: &str| elements(&mdoc(&card, now)).split_off(8);
    assert_eq!(ages("2026-12-01T14:59:59Z"), ["age_in_years=19", "age_over_20=false"]);
    assert_eq!(ages("2026-12-01T15:00:00Z"), ["age_in_years=20", "age_over_20=true"]);
}

#[test]
fn a_partly_unknown_birth_date_is_stated_as_far_as_it_is_known() {
    let mut card = card("hanako");
    let mut after_sex = |digits: &[u8], sex: Sex| {
        card.summary.person.birth = BirthDate::from_digits(digits).unwrap();
        card.summary.person.sex = sex;
        elements(&mdoc(&card, NOW)).split_off(4)
    };
    let date = |date: &str, mask: &str| {
        format!(
            "birth_date=Map([(Text(\"birth_date\"), Tag(1004, Text(\"{date}\"))), (Text(\"approximate_mask\"), Text(\"{mask}\"))])"
        )
    };
    assert_eq!(
        after_sex(b"19350000", Sex::Male),
        [
            "sex_unicode=男",
            "birth_date_unicode=1935年",
            "sex=1",
            &date("1935-01-01", "00001111"),
            "age_in_years=90",
            "age_over_20=true"
        ]
    );
    assert_eq!(
        after_sex(b"19350600", Sex::Other),
        [
            "birth_date_unicode=1935年6月",
            "sex=9",
            &date("1935-06-01", "00000011"),
            "age_in_years=91",
            "age_over_20=true"
        ]
    );
    assert_eq!(after_sex(b"00000000", Sex::Unknown), ["sex=0"]);
}

#[test]
fn a_card_without_photo_has_no_portrait() {
    let names = specimen::names().unwrap();
    let without = names
        .iter()
        .map(|name| card(name))
        .find(|card| card.summary.without_photo)
        .unwrap();
    let mdoc = mdoc(&without, NOW);
    assert!(mdoc.items().iter().all(|item| item.identifier() != "portrait"));
    assert!(elements(&mdoc).contains(&"age_over_20=false".to_owned()));
}

#[test]
fn the_same_randomness_makes_the_same_mdoc_and_other_another() {
    let (now, hanako) = (time(NOW), card("hanako"));
    let signer = authority().signer(now, 0).unwrap();
    let of = |seed: u8| {
        let mut rng = ChaCha20Rng::from_seed([seed; 32]);
        let key = device_key(&mut rng).unwrap();
        issue(&signer, &hanako, &key, now, &mut rng).unwrap().issuer_signed
    };
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
}

#[test]
fn a_signer_of_another_time_issues_nothing() {
    let now = time(NOW);
    let signer = authority().signer(time("2024-12-01T00:00:00Z"), 0).unwrap();
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let key = device_key(&mut rng).unwrap();
    let refused = issue(&signer, &card("hanako"), &key, now, &mut rng).unwrap_err();
    assert!(
        refused.to_string().contains("document signer's certificate"),
        "{refused}"
    );
}
