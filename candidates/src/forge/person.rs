//! Changes of an order: the cardholder becomes another in one respect. A card issued so is genuine throughout.

use rand_core::RngCore;
use vmyna_applets::birth::BirthDate;
use vmyna_applets::person::{MyNumber, Sex, my_number_check_digit};
use vmyna_issuance::order::Order;

use crate::workshop::{MakeError, Person, Workshop};

/// Kanji that every certificate carries and that addresses have.
const KANJI: [char; 12] = ['東', '西', '南', '北', '山', '川', '田', '原', '本', '森', '石', '林'];

/// One kanji of the address becomes another one of equal length.
pub(crate) fn address(workshop: &Workshop, order: &mut Order) {
    let mut rng = workshop.rng("change/address");
    let address: Vec<char> = order.person.address.chars().collect();
    let kanji: Vec<usize> = (0..address.len())
        .filter(|at| matches!(address[*at], '\u{4E00}'..='\u{9FFF}'))
        .collect();
    // Every address has a kanji: at least that of its prefecture.
    let at = kanji[drawn(&mut rng, kanji.len())];
    let mut changed = address.clone();
    while changed == address {
        changed[at] = KANJI[drawn(&mut rng, KANJI.len())];
    }
    order.person.address = changed.into_iter().collect();
}

/// The name becomes that of the other cardholder.
pub(crate) fn name(workshop: &Workshop, order: &mut Order) {
    let other = &workshop.order(Person::B).person;
    order.person.name.clone_from(&other.name);
    order.person.kana.clone_from(&other.kana);
}

/// The birth date becomes one year earlier.
pub(crate) fn birth(order: &mut Order) {
    let birth = order.person.birth;
    let earlier = BirthDate::new(birth.year() - 1, birth.month(), birth.day().min(28));
    order.person.birth = earlier.unwrap_or(birth);
}

/// The sex becomes the other one.
pub(crate) fn sex(order: &mut Order) {
    order.person.sex = match order.person.sex {
        Sex::Male => Sex::Female,
        _ => Sex::Male,
    };
}

/// One digit of the My Number becomes another, and the check digit is right.
pub(crate) fn my_number(workshop: &Workshop, order: &mut Order) -> Result<(), MakeError> {
    let mut rng = workshop.rng("change/my-number");
    let old = *order.person.my_number.digits();
    loop {
        let mut digits = old;
        digits[drawn(&mut rng, 11)] = b'0' + drawn(&mut rng, 10) as u8;
        let [base @ .., check] = &mut digits;
        *check = my_number_check_digit(*base).ok_or(MakeError::Form("a My Number has digits"))?;
        if let Some(number) = MyNumber::from_digits(digits).filter(|number| number.digits() != &old) {
            order.person.my_number = number;
            return Ok(());
        }
    }
}

/// A number below this one.
pub(crate) fn drawn(rng: &mut impl RngCore, below: usize) -> usize {
    (rng.next_u64() % (below as u64).max(1)) as usize
}
