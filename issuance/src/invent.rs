//! Invented cardholders: as many orders for cards as wanted, of people like a town's.
//!
//! All people here are fictional. Names, dates, places and numbers are drawn apart from each other from lists of common ones,
//! so that any likeness is chance; addresses are in real municipalities, at town names that do not exist. The numbers satisfy
//! their check digits and are otherwise arbitrary: which ones are given to people is not published, so that an invented My
//! Number may belong to a person, and must be sent nowhere as that person's.
//!
//! The same generator gives the same people, and the first hundred are the same however many follow. This module must never
//! read a clock or the system's random source.

mod addresses;
mod ages;
mod draw;
mod names;
mod reading;

use std::time::Duration;

use der::DateTime;
use rsa::rand_core::CryptoRngCore;
use vmyna_applets::Profile;
use vmyna_applets::birth::BirthDate;
use vmyna_applets::calendar::Date;
use vmyna_applets::file_size::FileSizes;
use vmyna_applets::issued::CardName;
use vmyna_applets::person::{
    MyNumber, Person, ResidenceCode, SecurityCode, Sex, my_number_check_digit, residence_code_check_digit,
};

use super::IssuanceError;
use super::characters::Substitutes;
use super::municipalities::{self, Entry};
use super::order::{CertificateDates, Order, Pins, SIGNATURE_AGE, TextForm, Tries};
use super::pictures::DEFAULT_PHOTO;
use super::validity::{self, DAY};
use ages::Ages;
use draw::{Scattered, Weights, below, chance, one_of, one_of_common};

/// How many of a hundred people are foreign residents.
const FOREIGN_PERCENT: u64 = 2;
/// How many of a hundred people of a family name that some families write otherwise do so.
const VARIANT_PERCENT: u64 = 30;
/// The longest time since a card of a town was issued. After it, its certificates have ended.
const LONGEST_AGO: u64 = 5 * 366;
/// When a town hall's counter opens, and how long it is open, in seconds of a day in Japan.
const OPENS: u64 = (8 * 60 + 30) * 60;
const OPEN_FOR: u64 = (8 * 60 + 45) * 60;
/// Japan is nine hours ahead of UTC.
const JST: u64 = 9 * 60 * 60;

/// A name and its reading.
type Reading = (&'static str, &'static str);

/// Given names of a time.
struct Given {
    until: u16,
    male: Vec<Reading>,
    female: Vec<Reading>,
}

/// Names of foreign residents of one language.
struct Foreign {
    families: Vec<Reading>,
    male: Vec<Reading>,
    female: Vec<Reading>,
}

/// Invents people and orders their cards. No two of one inventor share a My Number or a residence code.
///
/// As an iterator it gives the orders of a town and has no end. It holds numbers of fictional people only; there is no
/// `Debug`, because what it gives next follows from what it holds.
pub struct Inventor<R: CryptoRngCore> {
    rng: R,
    issued: DateTime,
    /// No card of a town is issued before.
    earliest: Option<DateTime>,
    /// How many orders there were.
    count: u64,
    my_numbers: Scattered,
    residence_codes: Scattered,
    ages: Ages,
    places: Weights,
    families: Vec<Reading>,
    given: Vec<Given>,
    languages: Weights,
    foreign: Vec<Foreign>,
}

impl<R: CryptoRngCore> Inventor<R> {
    /// An inventor of people with their ages as of `issued`, 1980 to 9980; no card is issued later.
    #[must_use]
    pub fn new(mut rng: R, issued: DateTime) -> Self {
        let given = names::GENERATIONS.iter().map(|generation| Given {
            until: generation.until,
            male: readings(generation.male),
            female: readings(generation.female),
        });
        let foreign = names::FOREIGN.iter().map(|language| Foreign {
            families: readings(language.families),
            male: readings(language.male),
            female: readings(language.female),
        });
        Self {
            my_numbers: Scattered::new(&mut rng, 11),
            residence_codes: Scattered::new(&mut rng, 10),
            rng,
            issued,
            earliest: None,
            count: 0,
            ages: Ages::new(),
            places: Weights::new(municipalities::all().iter().map(|place| u64::from(place.residents()))),
            families: readings(names::FAMILIES),
            given: given.collect(),
            languages: Weights::new(names::FOREIGN.iter().map(|language| u64::from(language.share))),
            foreign: foreign.collect(),
        }
    }

    /// Lets no card of a town be issued before `earliest`, e.g. when its authorities began; where that is later than the
    /// inventor's time, all are issued then.
    #[must_use]
    pub fn not_before(self, earliest: DateTime) -> Self {
        Self {
            earliest: Some(earliest),
            ..self
        }
    }

    /// The next card of a town: issued at some moment of the past five years at which a town hall is open, and valid at the
    /// inventor's time with its certificates. It is called `p000001` and so on.
    ///
    /// # Errors
    /// [`IssuanceError`] when the inventor's time lies so early or so late that a date of the card cannot be expressed.
    pub fn order(&mut self) -> Result<Order, IssuanceError> {
        let person = self.person()?;
        let issued = self.moment(person.birth)?;
        let name = card_name(&format!("p{:06}", self.count))?;
        self.order_for(person, issued, name)
    }

    /// A card by itself: issued at the inventor's time, and called after its cardholder, e.g. `sato-yui`.
    ///
    /// # Errors
    /// As of [`Self::order`].
    pub fn single(&mut self) -> Result<Order, IssuanceError> {
        let person = self.person()?;
        let latin = person.name.replace('　', "-").to_ascii_lowercase();
        let name = latin.parse().or_else(|_| card_name(&reading::roman(&person.kana)))?;
        self.order_for(person, self.issued, name)
    }

    /// The first card of a child who is born at the inventor's time, called as in [`Self::single`].
    ///
    /// # Errors
    /// As of [`Self::order`].
    pub fn newborn(&mut self) -> Result<Order, IssuanceError> {
        let today = validity::day_in_japan(self.issued)?;
        let person = self.person_of(Some(today))?;
        let name = card_name(&reading::roman(&person.kana))?;
        self.order_for(person, self.issued, name)
    }

    /// A name for a person of this sex who was born on this day, and its reading.
    #[must_use]
    pub fn name_of(&mut self, birth: Date, sex: Sex) -> (String, String) {
        self.name(birth, sex)
    }

    /// An address in a municipality, at a town name that does not exist.
    #[must_use]
    pub fn address_in(&mut self, place: &Entry) -> String {
        addresses::draw(&mut self.rng, place)
    }

    /// Lets all people live in these municipalities, each as likely as it has residents.
    #[must_use]
    pub fn in_places(self, chosen: &[&'static Entry]) -> Self {
        let all = municipalities::all().iter();
        let weight = |place: &Entry| match chosen.iter().any(|chosen| chosen.code() == place.code()) {
            true => u64::from(place.residents()),
            false => 0,
        };
        Self {
            places: Weights::new(all.map(weight)),
            ..self
        }
    }

    fn order_for(&mut self, person: Person, issued: DateTime, name: CardName) -> Result<Order, IssuanceError> {
        let age = person.birth.age_on(validity::day_in_japan(issued)?);
        let order = Order {
            name,
            substitutes: Substitutes::default(),
            input_assist_text: TextForm::default(),
            printed: Vec::new(),
            residence_code: self.residence_code()?,
            security_code: self.security_code()?,
            issued,
            expiry: validity::card_expiry(issued, person.birth)?,
            sign_certificate: age >= SIGNATURE_AGE,
            auth_certificate: true,
            certificate_dates: CertificateDates::default(),
            pins: Pins::default(),
            without_pins: false,
            tries: Tries::default(),
            photo: DEFAULT_PHOTO.to_vec().into(),
            profile: Profile::default(),
            file_sizes: FileSizes::default(),
            person,
        };
        order.check()?;
        Ok(order)
    }

    fn person(&mut self) -> Result<Person, IssuanceError> {
        self.person_of(None)
    }

    /// A person who was born on this day, or who has one of a town's ages.
    fn person_of(&mut self, birth: Option<Date>) -> Result<Person, IssuanceError> {
        self.count += 1;
        let (drawn, sex) = self.ages.draw(&mut self.rng, validity::day_in_japan(self.issued)?);
        let birth = birth.unwrap_or(drawn);
        let place = &municipalities::all()[self.places.draw(&mut self.rng)];
        let (name, kana) = if chance(&mut self.rng, FOREIGN_PERCENT) {
            self.foreign_name(sex)
        } else {
            self.name(birth, sex)
        };
        // The order of the draws decides which person a seed gives.
        let address = addresses::draw(&mut self.rng, place);
        let mut person = Person::new(name, address, birth, sex, self.my_number()?, Entry::municipality(place));
        person.kana = kana;
        Ok(person)
    }

    /// A name in the register's characters, and its reading.
    fn name(&mut self, birth: Date, sex: Sex) -> (String, String) {
        let rng = &mut self.rng;
        let (family, family_reading) = one_of_common(rng, &self.families);
        let given = self.given.iter().find(|given| birth.year() <= given.until);
        let choices = given.map_or(
            &[][..],
            |given| if sex == Sex::Female { &given.female } else { &given.male },
        );
        let (given, given_reading) = one_of_common(rng, choices);
        let kana = format!("{family_reading}　{given_reading}");
        let variant = names::VARIANTS.iter().find(|variant| variant.0 == family);
        if let Some((_, variant)) = variant
            && chance(rng, VARIANT_PERCENT)
        {
            return (format!("{variant}　{given}"), kana);
        }
        (format!("{family}　{given}"), kana)
    }

    /// As [`Self::name`], of a foreign resident.
    fn foreign_name(&mut self, sex: Sex) -> (String, String) {
        let rng = &mut self.rng;
        let language = &self.foreign[self.languages.draw(rng)];
        let (family, family_reading) = one_of(rng, &language.families);
        let given = if sex == Sex::Female {
            &language.female
        } else {
            &language.male
        };
        let (given, given_reading) = one_of(rng, given);
        let joined = |family: &str, given: &str| format!("{family}　{given}").replace('_', "　");
        (joined(family, given), joined(family_reading, given_reading))
    }

    /// A moment at which a card was issued to a person born on `birth`, so that it and its certificates are valid at the
    /// inventor's time.
    fn moment(&mut self, birth: BirthDate) -> Result<DateTime, IssuanceError> {
        let now = self.issued.unix_duration().as_secs();
        let today = (now + JST) / DAY;
        // A person born before 1970 is older than the longest time.
        let born = DateTime::new(birth.year(), birth.month(), birth.day(), 0, 0, 0);
        let born = born.map_or(0, |born| born.unix_duration().as_secs() / DAY);
        let since_earliest = self.earliest.map_or(LONGEST_AGO, |earliest| {
            now.saturating_sub(earliest.unix_duration().as_secs()) / DAY
        });
        let days = LONGEST_AGO.min(today.saturating_sub(born)).min(since_earliest);
        // Most of these will do; whom no luck finds a day gets the card at the inventor's time.
        for _ in 0..32 {
            let day = today - below(&mut self.rng, days + 1);
            let clock = OPENS + below(&mut self.rng, OPEN_FOR);
            let Some(second) = (day * DAY + clock).checked_sub(JST).filter(|second| *second <= now) else {
                continue;
            };
            let moment = DateTime::from_unix_duration(Duration::from_secs(second))?;
            let end = validity::certificate_end(moment, birth, validity::card_expiry(moment, birth)?)?;
            if end >= self.issued && self.earliest.is_none_or(|earliest| moment >= earliest) {
                return Ok(moment);
            }
        }
        Ok(self.issued)
    }

    fn my_number(&mut self) -> Result<MyNumber, IssuanceError> {
        let base = digits::<11>(self.my_numbers.next());
        let mut number = [0; 12];
        number[..11].copy_from_slice(&base);
        number[11] = my_number_check_digit(base).ok_or(NOT_DIGITS)?;
        MyNumber::from_digits(number).ok_or(NOT_DIGITS)
    }

    fn residence_code(&mut self) -> Result<ResidenceCode, IssuanceError> {
        let base = digits::<10>(self.residence_codes.next());
        let mut code = [0; 11];
        code[..10].copy_from_slice(&base);
        code[10] = residence_code_check_digit(base).ok_or(NOT_DIGITS)?;
        ResidenceCode::from_digits(code).ok_or(NOT_DIGITS)
    }

    fn security_code(&mut self) -> Result<SecurityCode, IssuanceError> {
        SecurityCode::from_digits(digits(below(&mut self.rng, 10_000))).ok_or(NOT_DIGITS)
    }
}

impl<R: CryptoRngCore> Iterator for Inventor<R> {
    type Item = Result<Order, IssuanceError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.order())
    }
}

/// Never in practice: [`digits`] gives nothing else.
const NOT_DIGITS: IssuanceError = IssuanceError::Input("a number consists of digits");

/// The last `COUNT` digits of a number, ASCII, with leading zeros.
fn digits<const COUNT: usize>(mut number: u64) -> [u8; COUNT] {
    let mut digits = [b'0'; COUNT];
    for digit in digits.iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
    }
    digits
}

fn card_name(name: &str) -> Result<CardName, IssuanceError> {
    name.parse().map_err(IssuanceError::Input)
}

/// The names of a list `name/reading name/reading …`.
fn readings(list: &'static str) -> Vec<Reading> {
    list.split_whitespace()
        .filter_map(|name| name.split_once('/'))
        .collect()
}

#[cfg(test)]
mod tests;
