//! Drawing by lot from the caller's generator. This module must never fetch randomness itself.

use rsa::rand_core::CryptoRngCore;

/// A whole number below `bound`, each as likely; 0 for a bound of 0 or 1.
pub(super) fn below(rng: &mut impl CryptoRngCore, bound: u64) -> u64 {
    if bound <= 1 {
        return 0;
    }
    // Only whole multiples of the bound are taken, so that no number is likelier than another.
    let usable = u64::MAX - u64::MAX % bound;
    loop {
        let drawn = rng.next_u64();
        if drawn < usable {
            return drawn % bound;
        }
    }
}

/// Whether something happens that does so `percent` times in a hundred.
pub(super) fn chance(rng: &mut impl CryptoRngCore, percent: u64) -> bool {
    below(rng, 100) < percent
}

/// One of `choices`, each as likely; of nothing, the default.
pub(super) fn one_of<T: Copy + Default>(rng: &mut impl CryptoRngCore, choices: &[T]) -> T {
    let at = below(rng, choices.len() as u64) as usize;
    choices.get(at).copied().unwrap_or_default()
}

/// One of `choices`, the earlier the likelier: the first twice as likely as on average, the last hardly; of nothing, the
/// default.
pub(super) fn one_of_common<T: Copy + Default>(rng: &mut impl CryptoRngCore, choices: &[T]) -> T {
    let length = choices.len() as u64;
    let at = below(rng, length).min(below(rng, length)) as usize;
    choices.get(at).copied().unwrap_or_default()
}

/// Chooses places by weight.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    /// The sum of the weights up to and with each place.
    sums: Vec<u64>,
}

impl Weights {
    pub(super) fn new(weights: impl IntoIterator<Item = u64>) -> Self {
        let mut sum = 0;
        let sums = weights.into_iter().map(|weight| {
            sum += weight;
            sum
        });
        Self { sums: sums.collect() }
    }

    /// A place, as likely as its weight; 0 when there is no weight.
    pub(super) fn draw(&self, rng: &mut impl CryptoRngCore) -> usize {
        let drawn = below(rng, self.sums.last().copied().unwrap_or(0));
        let place = self.sums.partition_point(|sum| *sum <= drawn);
        place.min(self.sums.len().saturating_sub(1))
    }
}

/// All numbers below a power of ten, each once, in an order that shows no pattern at first sight. It is no secret order.
#[derive(Clone, Debug)]
pub(super) struct Scattered {
    modulus: u64,
    next: u64,
    step: u64,
}

impl Scattered {
    /// The numbers of at most `digits` digits, 1 to 18.
    pub(super) fn new(rng: &mut impl CryptoRngCore, digits: u32) -> Self {
        let modulus = 10_u64.pow(digits);
        let next = below(rng, modulus);
        // A step without a divisor in common with ten comes to every number before it comes to one again.
        let step = loop {
            let step = below(rng, modulus);
            if !step.is_multiple_of(2) && !step.is_multiple_of(5) {
                break step;
            }
        };
        Self { modulus, next, step }
    }

    pub(super) fn next(&mut self) -> u64 {
        let number = self.next;
        self.next = (self.next + self.step) % self.modulus;
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    fn rng() -> ChaCha20Rng {
        ChaCha20Rng::from_seed([7; 32])
    }

    #[test]
    fn every_number_below_the_bound_is_as_likely_and_none_above_is_drawn() {
        let (mut rng, mut counts) = (rng(), [0_u32; 6]);
        for _ in 0..60_000 {
            counts[below(&mut rng, 6) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
        assert_eq!((below(&mut rng, 0), below(&mut rng, 1)), (0, 0));
    }

    #[test]
    fn a_place_is_drawn_as_often_as_its_weight_says_and_one_without_weight_never() {
        let weights = Weights::new([0, 3, 0, 1]);
        let (mut rng, mut counts) = (rng(), [0_u32; 4]);
        for _ in 0..40_000 {
            counts[weights.draw(&mut rng)] += 1;
        }
        assert_eq!((counts[0], counts[2]), (0, 0));
        assert!((29_400..30_600).contains(&counts[1]), "{counts:?}");
        assert_eq!(Weights::new([]).draw(&mut rng), 0);
    }

    #[test]
    fn common_things_come_first_and_are_drawn_oftener() {
        let (mut rng, mut counts) = (rng(), [0_u32; 4]);
        for _ in 0..16_000 {
            counts[one_of_common(&mut rng, &[0_usize, 1, 2, 3])] += 1;
        }
        // 7, 5, 3 and 1 of 16.
        assert!(counts.is_sorted_by(|one, next| one > next), "{counts:?}");
        assert!(
            (6_600..7_400).contains(&counts[0]) && (800..1_200).contains(&counts[3]),
            "{counts:?}"
        );
        assert_eq!(one_of_common::<u8>(&mut rng, &[]), 0);
    }

    #[test]
    fn scattered_numbers_are_all_there_are_and_none_comes_twice() {
        let mut rng = rng();
        for _ in 0..20 {
            let mut numbers = Scattered::new(&mut rng, 3);
            let mut seen = [false; 1000];
            for _ in 0..1000 {
                assert!(!std::mem::replace(&mut seen[numbers.next() as usize], true));
            }
        }
    }
}
