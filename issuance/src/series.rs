//! Issuing many cards: keys and cards are made on all processors, and come out in the order of their orders.
//!
//! With the same seed the same orders give the same cards, however many processors there are: every key has a generator of
//! its own, and the numbers of the k-th card depend on the seed and on k alone.

use std::error::Error;
use std::fmt;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;
use vmyna_applets::issued::IssuedCard;
use zeroize::Zeroizing;

use super::IssuanceError;
use super::desk::Desk;
use super::keys::{CardKeys, seed_for};
use super::numbers::{Numbers, RUNNING_NUMBERS};
use super::order::Order;
use super::processors::on_all;

/// So many cards are made at a time when each gets keys of its own, so that no processor waits long for the slowest key.
const CARDS_WITH_KEYS: usize = 16;
/// And so many when they share keys.
const CARDS_WITH_POOL: usize = 512;

/// A series of cards that is being issued.
pub struct Series {
    desk: Desk,
    seed: Zeroizing<[u8; 32]>,
    first: u64,
    pool: Vec<CardKeys>,
}

/// Why a series ended early.
#[derive(Debug)]
#[non_exhaustive]
pub enum SeriesError<E> {
    /// A card could not be issued: its name.
    Card(String, IssuanceError),
    /// Keys or authorities could not be made, or it was asked to stop ([`IssuanceError::Stopped`]).
    Issuance(IssuanceError),
    /// The caller's function that takes the cards failed.
    Taker(E),
}

impl<E: fmt::Display> fmt::Display for SeriesError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Card(name, error) => write!(f, "{name}: {error}"),
            Self::Issuance(error) => error.fmt(f),
            Self::Taker(error) => error.fmt(f),
        }
    }
}

impl<E: Error + 'static> Error for SeriesError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Card(_, error) => Some(error),
            Self::Issuance(error) => error.source(),
            Self::Taker(error) => error.source(),
        }
    }
}

impl<E> From<IssuanceError> for SeriesError<E> {
    fn from(error: IssuanceError) -> Self {
        Self::Issuance(error)
    }
}

/// An order and what became of it.
type Outcome<'o> = (&'o Order, Result<IssuedCard, IssuanceError>);

/// Watches while a series is issued; called from any thread.
pub trait Watch: Sync {
    /// Whether to stop. Asked after each key and before each card.
    fn stop(&self) -> bool {
        false
    }
    /// A key was made.
    fn key_made(&self) {}
    /// A card was handed over.
    fn card_issued(&self) {}
}

/// Watches nothing.
impl Watch for () {}

fn after_each_key(watch: &dyn Watch) -> impl Fn() -> Result<(), IssuanceError> + Sync {
    || {
        watch.key_made();
        go_on(watch)
    }
}

fn go_on(watch: &dyn Watch) -> Result<(), IssuanceError> {
    match watch.stop() {
        true => Err(IssuanceError::Stopped),
        false => Ok(()),
    }
}

impl Series {
    /// Begins a series at a desk. `running` is the running number of its first card (see [`Numbers`]); without one it comes
    /// from the seed.
    #[must_use]
    pub fn new(desk: Desk, seed: Zeroizing<[u8; 32]>, running: Option<u64>) -> Self {
        let drawn = || ChaCha20Rng::from_seed(*seed_for(&seed, "running number")).next_u64() % RUNNING_NUMBERS;
        Self {
            first: running.unwrap_or_else(drawn),
            desk,
            seed,
            pool: Vec::new(),
        }
    }

    /// Makes a pool of `count` sets of keys that the cards share: for load tests, where keys would cost the most time.
    ///
    /// # Errors
    /// When a key cannot be made.
    pub fn make_pool(&mut self, count: u32, watch: &dyn Watch) -> Result<(), IssuanceError> {
        let labels: Vec<String> = (0..count).map(|number| format!("pool/{number}")).collect();
        self.pool = CardKeys::derive_sets(&self.seed, &labels, &after_each_key(watch))?;
        Ok(())
    }

    /// Issues cards and hands each to `take`, in the order of `orders`.
    ///
    /// # Errors
    /// [`SeriesError`]; the cards before have been handed over.
    pub fn issue<E>(
        mut self,
        orders: impl IntoIterator<Item = Result<Order, IssuanceError>>,
        watch: &dyn Watch,
        mut take: impl FnMut(IssuedCard) -> Result<(), E>,
    ) -> Result<(), SeriesError<E>> {
        let mut orders = orders.into_iter();
        let chunk = if self.pool.is_empty() {
            CARDS_WITH_KEYS
        } else {
            CARDS_WITH_POOL
        };
        let mut issued = 0;
        loop {
            let mut failed = None;
            let good = |order: Result<Order, _>| order.map_err(|error| failed = Some(error)).ok();
            let orders: Vec<Order> = orders.by_ref().take(chunk).map_while(good).collect();
            if orders.is_empty() && failed.is_none() {
                return Ok(());
            }
            for (order, card) in self.chunk(&orders, issued, watch)? {
                let card = card.map_err(|error| match error {
                    IssuanceError::Stopped => SeriesError::Issuance(error),
                    error => SeriesError::Card(order.name.to_string(), error),
                })?;
                take(card).map_err(SeriesError::Taker)?;
                watch.card_issued();
                issued += 1;
            }
            if let Some(error) = failed {
                return Err(error.into());
            }
        }
    }

    /// The cards of some orders, of which `before` have gone before in the series.
    fn chunk<'o>(
        &mut self,
        orders: &'o [Order],
        before: u64,
        watch: &dyn Watch,
    ) -> Result<Vec<Outcome<'o>>, IssuanceError> {
        self.desk
            .open_for(orders.iter().map(|order| order.person.municipality.code))?;
        for order in orders {
            self.desk.prepare(order)?;
        }
        let own_keys = if self.pool.is_empty() {
            let labels: Vec<String> = orders.iter().map(|order| format!("card/{}", order.name)).collect();
            CardKeys::derive_sets(&self.seed, &labels, &after_each_key(watch))?
        } else {
            Vec::new()
        };
        let issue = |(at, order): (usize, &'o Order)| {
            let running = before + at as u64;
            let numbers = Numbers::of((self.first + running) % RUNNING_NUMBERS);
            let (keys, pool) = match own_keys.get(at) {
                Some(keys) => (keys, None),
                None => {
                    let number = running % self.pool.len() as u64;
                    (&self.pool[number as usize], Some(self.pool.len() as u32))
                }
            };
            let card = go_on(watch).and(numbers);
            (
                order,
                card.and_then(|numbers| self.desk.issue(order, &numbers, keys, pool)),
            )
        };
        Ok(on_all(|| orders.par_iter().enumerate().map(issue).collect()))
    }
}

#[cfg(test)]
mod tests;
