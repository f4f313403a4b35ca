use std::collections::HashSet;

use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::*;
use crate::characters;
use crate::pictures::{Layout, Pictures};

fn issued() -> DateTime {
    DateTime::new(2026, 11, 1, 1, 0, 0).unwrap()
}

fn inventor(seed: u8) -> Inventor<ChaCha20Rng> {
    Inventor::new(ChaCha20Rng::from_seed([seed; 32]), issued())
}

fn town(seed: u8, count: usize) -> Vec<Order> {
    inventor(seed).take(count).map(Result::unwrap).collect()
}

fn today() -> Date {
    validity::day_in_japan(issued()).unwrap()
}

/// How many of a thousand orders are such.
fn per_mille(orders: &[Order], such: impl Fn(&Order) -> bool) -> usize {
    orders.iter().filter(|order| such(order)).count() * 1000 / orders.len()
}

/// What a card shows of an order, numbers included: `Debug` masks them.
fn outline(order: &Order) -> String {
    format!(
        "{order:?} {:?} {:?} {}",
        order.person.my_number.digits(),
        order.residence_code.digits(),
        order.security_code.as_str()
    )
}

#[test]
fn every_card_of_a_town_is_valid_now_with_its_certificates_and_was_issued_when_a_counter_was_open() {
    for order in town(1, 20_000) {
        order.check().unwrap();
        assert!(order.issued <= issued() && order.expiry >= today());
        assert_eq!(
            order.expiry,
            validity::card_expiry(order.issued, order.person.birth).unwrap()
        );
        let end = validity::certificate_end(order.issued, order.person.birth, order.expiry).unwrap();
        assert!(end >= issued(), "{end}");
        let clock = validity::japanese_clock(order.issued).unwrap();
        let minute = u32::from(clock.hour()) * 60 + u32::from(clock.minutes());
        assert!(order.issued == issued() || (510..1035).contains(&minute), "{clock}");
    }
}

#[test]
fn a_signature_certificate_is_for_those_who_were_fifteen_when_the_card_was_issued() {
    let orders = town(2, 20_000);
    for order in &orders {
        let age = order.person.birth.age_on(validity::day_in_japan(order.issued).unwrap());
        assert_eq!(order.sign_certificate, age >= 15);
        assert!(order.auth_certificate);
    }
    assert!(
        orders
            .iter()
            .any(|order| !order.sign_certificate && order.person.birth.age_on(today()) >= 15),
        "some have grown up since"
    );
}

#[test]
fn ages_and_sexes_are_roughly_those_of_japan() {
    let orders = town(3, 20_000);
    let age = |order: &Order| order.person.birth.age_on(today());
    let share = |such: &dyn Fn(&Order) -> bool| per_mille(&orders, such);
    let (minors, old, women) = (
        share(&|order| age(order) < 18),
        share(&|order| age(order) >= 65),
        share(&|order| order.person.sex == Sex::Female),
    );
    assert!((130..160).contains(&minors), "{minors}");
    assert!((275..305).contains(&old), "{old}");
    assert!((500..530).contains(&women), "{women}");
    let old_women = share(&|order| age(order) >= 85 && order.person.sex == Sex::Female);
    let old_men = share(&|order| age(order) >= 85 && order.person.sex == Sex::Male);
    assert!(old_women * 10 > old_men * 17, "{old_women} {old_men}");
    assert!(orders.iter().all(|order| age(order) <= 105));
    assert!(orders.iter().any(|order| age(order) == 0) && orders.iter().any(|order| age(order) >= 100));
}

#[test]
fn times_of_issue_are_spread_over_five_years() {
    let orders = town(4, 5_000);
    for year in 2022..=2026 {
        let share = per_mille(&orders, |order| order.issued.year() == year);
        // The last year has ten months, and in the fifth year before, most have had their fifth birthday since.
        assert!(share > 100, "{year}: {share}");
    }
    assert!(orders.iter().all(|order| order.issued.year() >= 2021));
}

#[test]
fn no_card_of_a_town_is_older_than_its_authorities() {
    let begin = DateTime::new(2025, 5, 1, 0, 0, 0).unwrap();
    let orders: Vec<Order> = inventor(1).not_before(begin).take(2_000).map(Result::unwrap).collect();
    assert!(
        orders
            .iter()
            .all(|order| order.issued >= begin && order.issued <= issued())
    );
    assert!(
        orders
            .iter()
            .any(|order| order.issued < DateTime::new(2025, 7, 1, 0, 0, 0).unwrap())
    );
    // Authorities that begin later leave one moment.
    let late = DateTime::new(2027, 1, 1, 0, 0, 0).unwrap();
    assert!(
        inventor(1)
            .not_before(late)
            .take(100)
            .all(|order| order.unwrap().issued == issued())
    );
}

#[test]
fn no_two_of_twenty_thousand_share_a_number_or_a_card_name() {
    let orders = town(5, 20_000);
    let my_numbers: HashSet<_> = orders.iter().map(|order| *order.person.my_number.digits()).collect();
    let codes: HashSet<_> = orders.iter().map(|order| *order.residence_code.digits()).collect();
    let names: HashSet<_> = orders.iter().map(|order| order.name.as_str()).collect();
    assert_eq!((my_numbers.len(), codes.len(), names.len()), (20_000, 20_000, 20_000));
    assert_eq!(orders[0].name.as_str(), "p000001");
    assert_eq!(orders[19_999].name.as_str(), "p020000");
    // Name and birth date together are nearly as good as a number.
    let people: HashSet<_> = orders
        .iter()
        .map(|order| (&order.person.name, order.person.birth))
        .collect();
    assert!(people.len() > 19_900, "{}", people.len());
}

#[test]
fn the_same_generator_gives_the_same_people_however_many_follow_and_another_gives_others() {
    let few: Vec<String> = town(6, 50).iter().map(outline).collect();
    let many: Vec<String> = town(6, 500).iter().map(outline).collect();
    assert_eq!(few, many[..50]);
    assert_ne!(few[0], outline(&town(7, 1)[0]));
}

#[test]
fn every_text_is_one_that_a_card_carries_and_draws_whole() {
    let (mut replaced, mut cut) = (0, 0);
    let orders = town(8, 5_000);
    for order in &orders {
        let person = &order.person;
        assert_eq!(characters::name(&person.name).as_ref(), Ok(&person.name));
        assert_eq!(characters::address(&person.address).as_ref(), Ok(&person.address));
        assert_eq!(characters::kana(&person.kana).as_ref(), Ok(&person.kana));
        let certified = order.certificate_text().unwrap();
        assert_eq!(certified.address.text, person.address);
        replaced += usize::from(!certified.name.replaced.is_empty());
    }
    assert!(
        (20..150).contains(&replaced),
        "substitutes are seen, and seldom: {replaced}"
    );
    for order in &orders[..500] {
        let pictures = Pictures::draw(&order.person, order.security_code, order.photo.as_bytes()).unwrap();
        assert!(pictures.name.replaced.is_empty() && pictures.address.replaced.is_empty());
        assert!(pictures.name.layout < Layout::Squeezed, "{}", order.person.name);
        cut += usize::from(pictures.address.layout == Layout::Cut);
    }
    assert_eq!(cut, 0);
}

#[test]
fn somebody_lives_in_the_municipality_that_issues_the_card_at_a_town_that_does_not_exist() {
    let orders = town(9, 5_000);
    let mut prefectures = HashSet::new();
    for order in &orders {
        let Person {
            address, municipality, ..
        } = &order.person;
        let place = municipalities::entry(municipality.code).unwrap();
        let rest = address.strip_prefix(&place.address()).unwrap();
        let towns = addresses::TOWNS.iter().chain(&addresses::VILLAGES);
        assert!(towns.into_iter().any(|town| rest.starts_with(town)), "{address}");
        assert_eq!(municipality, &place.municipality());
        assert!(place.residents() > 0, "a designated city's wards issue");
        prefectures.insert(place.prefecture());
    }
    assert_eq!(prefectures.len(), 47);
    let tokyo = per_mille(&orders, |order| order.person.municipality.prefecture == "Tokyo-to");
    assert!((120..260).contains(&tokyo), "{tokyo}");
}

#[test]
fn names_are_those_of_the_time_of_birth_and_some_are_foreign() {
    let orders = town(10, 20_000);
    for order in orders.iter().filter(|order| !order.person.name.is_ascii_name()) {
        let given = order.person.name.split('　').nth(1).unwrap();
        let year = order.person.birth.year();
        let generation = names::GENERATIONS.iter().find(|one| year <= one.until).unwrap();
        let list = if order.person.sex == Sex::Female {
            generation.female
        } else {
            generation.male
        };
        assert!(readings(list).iter().any(|name| name.0 == given), "{given} {year}");
    }
    let foreign = per_mille(&orders, |order| order.person.name.is_ascii_name());
    assert!((15..25).contains(&foreign), "{foreign}");
}

trait AsciiName {
    /// Latin capitals and the blanks between them.
    fn is_ascii_name(&self) -> bool;
}

impl AsciiName for str {
    fn is_ascii_name(&self) -> bool {
        self.chars()
            .all(|character| character == '　' || character.is_ascii_uppercase())
    }
}

#[test]
fn the_lists_of_names_are_whole() {
    assert!(readings(names::FAMILIES).len() >= 150);
    let given = names::GENERATIONS.iter().flat_map(|one| [one.male, one.female]);
    let foreign = names::FOREIGN
        .iter()
        .flat_map(|one| [one.families, one.male, one.female]);
    for (list, least) in given.map(|list| (list, 80)).chain(foreign.map(|list| (list, 5))) {
        let names = readings(list);
        assert_eq!(names.len(), list.split_whitespace().count(), "a name without a reading");
        assert!(names.len() >= least);
        let different: HashSet<_> = names.iter().map(|name| name.0).collect();
        assert_eq!(different.len(), names.len(), "{list}");
    }
    assert!(names::GENERATIONS.is_sorted_by(|one, next| one.until < next.until));
    let families = readings(names::FAMILIES);
    for (family, variant) in names::VARIANTS {
        assert!(families.iter().any(|name| name.0 == family));
        let carried = Substitutes::default().name(variant, "").unwrap();
        assert_eq!(
            (carried.text.as_str(), carried.replaced),
            (family, vec![at_of_difference(family, variant)])
        );
    }
}

fn at_of_difference(one: &str, other: &str) -> usize {
    one.chars()
        .zip(other.chars())
        .position(|(one, other)| one != other)
        .unwrap()
}

#[test]
fn a_card_by_itself_is_issued_now_and_called_after_its_holder() {
    let mut inventor = inventor(11);
    let mut latin = 0;
    for _ in 0..500 {
        let order = inventor.single().unwrap();
        assert_eq!(order.issued, issued());
        assert!(
            order
                .name
                .as_str()
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        );
        assert!(
            order.name.as_str().len() >= 5 && order.name.as_str().contains('-'),
            "{}",
            order.name
        );
        if order.person.name.is_ascii_name() {
            assert_eq!(order.name.as_str(), order.person.name.replace('　', "-").to_lowercase());
            latin += 1;
        }
    }
    assert!(latin > 0);
}

#[test]
fn a_time_that_no_card_can_have_is_refused() {
    let at = |year| {
        Inventor::new(
            ChaCha20Rng::from_seed([12; 32]),
            DateTime::new(year, 6, 1, 0, 0, 0).unwrap(),
        )
    };
    assert!(
        at(9999).take(20).any(|order| order.is_err()),
        "a card would end in the year 10009"
    );
    assert!(at(1980).take(200).all(|order| order.is_ok()));
    assert!(at(9980).take(200).all(|order| order.is_ok()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn orders_are_right_whenever_the_town_is_invented(
        seconds in 320_000_000_u64..5_000_000_000, seed in any::<[u8; 32]>()
    ) {
        let issued = DateTime::from_unix_duration(Duration::from_secs(seconds)).unwrap();
        for order in Inventor::new(ChaCha20Rng::from_seed(seed), issued).take(50) {
            let order = order.unwrap();
            prop_assert!(order.issued <= issued);
            let end = validity::certificate_end(order.issued, order.person.birth, order.expiry).unwrap();
            prop_assert!(end >= issued);
        }
    }
}
