//! The plan of a story: everything that happens, in its order, and what each step is drawn from.

use std::fmt;

use sha2::{Digest, Sha256};
use vmyna_apdu::{Text, hex};
use vmyna_applets::issued::CardName;
use vmyna_authority::register::OperationId;
use vmyna_issuance::keys::seed_for;
use vmyna_issuance::order::Order;
use vmyna_issuance::story::{StoryEvent, What};
use vmyna_issuance::zeroize::Zeroizing;
use vmyna_issuance::{DateTime, validity};

use super::model::PersonModel;

/// A step of a story: a first card, or an event.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Step {
    /// The person: which of [`Plan::orders`].
    pub person: usize,
    /// What happens and when. The issue of a first card is [`What::Born`].
    pub event: StoryEvent,
    /// Identifies it among the steps of the story.
    key: String,
    /// What else a journal compares: the person whose first card is issued.
    about: String,
}

impl Step {
    /// A digest of the step by which a journal recognises it: 16 hexadecimal digits.
    pub(super) fn digest(&self) -> String {
        let digest = Sha256::digest(format!("{}\n{:?}\n{}", self.key, self.event.what, self.about));
        hex::encode(&digest[..8])
    }
}

/// Everything that happens in a story.
pub struct Plan {
    /// The seed of everything that is drawn.
    pub(super) seed: Zeroizing<[u8; 32]>,
    /// The number that the seed is made of.
    pub number: u64,
    /// When the authorities begin.
    pub authorities: DateTime,
    /// When the story begins.
    pub begin: DateTime,
    /// How many sets of keys all cards share.
    pub key_pool: Option<u32>,
    /// The orders of the people's first cards.
    pub orders: Vec<Order>,
    /// The steps in their order.
    pub steps: Vec<Step>,
    /// After each of these moments a year of the story is over.
    pub years: Vec<DateTime>,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("begin", &self.begin)
            .field("people", &self.orders.len())
            .field("steps", &self.steps.len())
            .finish_non_exhaustive()
    }
}

impl Plan {
    /// Adds a step. Steps are added in their order.
    pub(super) fn add(&mut self, person: usize, event: StoryEvent) {
        let key = format!("{} {} {}", event.at, event.who, event.what.name());
        let about = match event.what {
            What::Born => about(&self.orders[person]),
            _ => String::new(),
        };
        self.steps.push(Step {
            person,
            event,
            key,
            about,
        });
    }

    /// The seed of the random numbers of a step.
    pub(super) fn seed_of(&self, step: &Step) -> Zeroizing<[u8; 32]> {
        seed_for(&self.seed, &format!("event/{}", step.key))
    }

    /// The number of the operation of a step.
    pub(super) fn operation(&self, step: &Step) -> OperationId {
        let digest = seed_for(&self.seed, &format!("operation/{}", step.key));
        let mut number = [0; 16];
        number.copy_from_slice(&digest[..16]);
        OperationId(number)
    }

    /// The labels of the sets of keys that all cards share.
    pub(super) fn pool_labels(&self) -> Vec<String> {
        (0..self.key_pool.unwrap_or(0))
            .map(|number| format!("pool/{number}"))
            .collect()
    }

    /// When the authorities have a new generation, up to a time.
    pub(super) fn generations(&self, until: DateTime) -> Vec<DateTime> {
        let next = |begin: &DateTime| validity::next_generation(*begin).ok();
        let all = std::iter::successors(next(&self.authorities), next);
        all.take_while(|begin| *begin <= until).collect()
    }
}

/// What distinguishes a person from another one of the same name in the story.
fn about(order: &Order) -> String {
    let person = &order.person;
    let (birth, code) = (person.birth.digits(), person.municipality.code);
    // A digest, because a step is shown for debugging.
    let mut pins = Sha256::new();
    for pin in [
        &order.pins.sign,
        &order.pins.auth,
        &order.pins.input_assist,
        &order.pins.residence,
    ] {
        pins.update([u8::try_from(pin.as_bytes().len()).unwrap_or(u8::MAX)]);
        pins.update(pin.as_bytes());
    }
    let pins = hex::encode(&pins.finalize());
    format!(
        "{}\n{}\n{}\n{birth} {:?} {code}\n{pins}",
        person.name, person.kana, person.address, person.sex
    )
}

/// What a step does to a person.
pub(super) fn happen(person: &mut PersonModel, order: &Order, event: &StoryEvent) -> Result<(), Text> {
    match event.what {
        What::Born => person.issue(order),
        _ => person.apply(&event.what, event.at),
    }
}

/// The name of a person's n-th card or phone, as a file has it.
pub(super) fn file_stem(name: &CardName, number: usize) -> String {
    match number {
        ..=1 => name.to_string(),
        number => format!("{name}-{number}"),
    }
}

pub(super) fn later_by_years(begin: DateTime, years: u16) -> Option<DateTime> {
    // The story begins on 29 February: its years end on 1 March or 29 February.
    let year = begin.year().checked_add(years)?;
    let day = |month, day| DateTime::new(year, month, day, begin.hour(), begin.minutes(), begin.seconds()).ok();
    day(begin.month(), begin.day()).or_else(|| day(3, 1))
}
