//! Ages and sexes of the cardholders: roughly the population of Japan in the early 2020s, rounded. No
//! statistics: a town of these is to look like one.

use rsa::rand_core::CryptoRngCore;
use vmyna_applets::calendar::Date;
use vmyna_applets::person::Sex;

use super::draw::{Weights, below, chance};

/// Five years of age each, from 0–4 to 100–104: ten thousands of people, and how many of a hundred are women.
const BANDS: [(u64, u64); 21] = [
    (410, 49),
    (490, 49),
    (530, 49),
    (550, 49),
    (620, 48),
    (650, 48),
    (640, 49),
    (710, 49),
    (780, 49),
    (910, 49),
    (950, 50),
    (820, 50),
    (740, 50),
    (740, 51),
    (860, 53),
    (760, 55),
    (590, 59),
    (400, 65),
    (210, 72),
    (60, 81),
    (9, 88),
];
/// Years of age in a band.
const BAND: u64 = 5;

/// Ages and sexes to draw.
#[derive(Clone, Debug)]
pub(super) struct Ages {
    bands: Weights,
}

impl Ages {
    pub(super) fn new() -> Self {
        Self {
            bands: Weights::new(BANDS.map(|band| band.0)),
        }
    }

    /// A birth date, not after `day`, and a sex.
    pub(super) fn draw(&self, rng: &mut impl CryptoRngCore, day: Date) -> (Date, Sex) {
        let band = self.bands.draw(rng);
        let age = band as u64 * BAND + below(rng, BAND);
        let sex = if chance(rng, BANDS[band].1) {
            Sex::Female
        } else {
            Sex::Male
        };
        (birth(rng, day, age as u16), sex)
    }
}

/// A birth date of a person of `age` years on `day`.
fn birth(rng: &mut impl CryptoRngCore, day: Date, age: u16) -> Date {
    loop {
        let (month, of_month) = (below(rng, 12) as u8 + 1, below(rng, 31) as u8 + 1);
        let later = (month, of_month) > (day.month(), day.day());
        let year = day.year().saturating_sub(age + u16::from(later));
        match Date::new(year, month, of_month) {
            // A birthday of 29 February may be over already.
            Some(birth) if birth.age_on(day) == age => return birth,
            None if year == 0 => return day,
            // Not every month has 31 days.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    #[test]
    fn somebody_is_as_old_as_was_drawn_and_born_by_the_day() {
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        for day in [(2026, 11, 1), (2027, 1, 1), (2024, 2, 29), (2025, 2, 28)] {
            let day = Date::new(day.0, day.1, day.2).unwrap();
            for age in (0..=104).cycle().take(5_000) {
                let born = birth(&mut rng, day, age);
                assert!(born <= day);
                assert_eq!(born.age_on(day), age, "{born}");
            }
        }
        let first = Date::new(1, 1, 1).unwrap();
        assert_eq!(
            birth(&mut rng, first, 50),
            first,
            "no birth is before the calendar begins"
        );
    }
}
