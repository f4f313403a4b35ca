//! Draws what happens in a town: people, and events as often as the town's rates have them, all from the seed.
//!
//! The days are walked in their order. An event that is impossible when its day comes does not happen, so that a drawn town
//! has no faults. Rates and habits are inventions (`assumed`), roughly those of Japan.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use vmyna_applets::PhoneKind;
use vmyna_applets::calendar::day_in_japan;
use vmyna_applets::issued::CardName;
use vmyna_applets::person::Sex;
use vmyna_issuance::invent::Inventor;
use vmyna_issuance::keys::seed_for;
use vmyna_issuance::municipalities::{self, Entry};
use vmyna_issuance::order::SIGNATURE_AGE;
use vmyna_issuance::story::{EVENTS_A_DAY, FIRST_MINUTE, StoryEvent, Town, What};
use vmyna_issuance::{DateTime, IssuanceError, validity};

use super::model::PersonModel;
use super::plan::{Plan, happen, later_by_years};

const DAY: u64 = 24 * 60 * 60;
/// The cards of the people at the beginning were issued in the past five years, so that not all end at once.
const PAST_YEARS: u16 = 5;

/// What may happen. Details are drawn when the day comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Chance {
    Birth,
    Fifteen,
    Renewal,
    Move,
    Marriage,
    Loss,
    Find,
    Replacement,
    Phone,
    PhoneGone,
    Death,
}

/// Something that may happen on a day, counted from 1970: day, running number, person, what.
type Ahead = Reverse<(u64, u64, usize, Chance)>;

struct Walk<'p> {
    plan: &'p mut Plan,
    rng: ChaCha20Rng,
    inventor: Inventor<ChaCha20Rng>,
    places: Vec<&'static Entry>,
    people: Vec<PersonModel>,
    ahead: BinaryHeap<Ahead>,
    running: u64,
    /// How many events a day has.
    busy: BTreeMap<u64, u64>,
}

/// Draws people and events of a town into a plan.
pub(super) fn draw(plan: &mut Plan, town: &Town) -> Result<(), IssuanceError> {
    let generator = |label: &str| ChaCha20Rng::from_seed(*seed_for(&plan.seed, label));
    let mut rng = generator("town");
    let places = places(&mut rng, usize::from(town.municipalities));
    let begin = plan.begin;
    plan.authorities = DateTime::new(begin.year().saturating_sub(PAST_YEARS), 1, 1, 0, 0, 0)?;
    let mut inventor = Inventor::new(generator("people"), begin)
        .not_before(plan.authorities)
        .in_places(&places);
    for _ in 0..town.people {
        plan.orders.push(inventor.order()?);
    }
    let mut issues: Vec<usize> = (0..plan.orders.len()).collect();
    issues.sort_by_key(|at| plan.orders[*at].issued);
    let mut people: Vec<PersonModel> = plan.orders.iter().map(PersonModel::new).collect();
    for at in issues {
        let order = plan.orders[at].clone();
        let event = StoryEvent::drawn(order.issued, order.name.clone(), What::Born);
        if happen(&mut people[at], &order, &event).is_ok() {
            plan.add(at, event);
        }
    }
    let mut walk = Walk {
        plan,
        rng,
        inventor,
        places,
        people,
        ahead: BinaryHeap::new(),
        running: 0,
        busy: BTreeMap::new(),
    };
    let first = days(begin);
    for at in 0..walk.people.len() {
        walk.expect(at, first);
    }
    let mut from = first;
    for year in 1..=town.years {
        let end = later_by_years(begin, year).map_or(from, days);
        walk.chances(town, from, end);
        walk.until(end)?;
        from = end;
    }
    Ok(())
}

/// The municipalities among which people move.
fn places(rng: &mut ChaCha20Rng, count: usize) -> Vec<&'static Entry> {
    let all: Vec<&'static Entry> = municipalities::all().iter().filter(|it| it.residents() > 0).collect();
    let mut places: Vec<&'static Entry> = Vec::new();
    while places.len() < count.min(all.len()) {
        let place = all[below(rng, all.len() as u64) as usize];
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

/// Days since 1970 in UTC; the story's events are in the morning of UTC, the same day as in Japan.
fn days(at: DateTime) -> u64 {
    at.unix_duration().as_secs() / DAY
}

fn below(rng: &mut ChaCha20Rng, bound: u64) -> u64 {
    // A remainder prefers small numbers by less than one in a trillion.
    rng.next_u64() % bound.max(1)
}

impl Walk<'_> {
    fn push(&mut self, day: u64, person: usize, chance: Chance) {
        self.running += 1;
        self.ahead.push(Reverse((day, self.running, person, chance)));
    }

    /// What will happen to a person because of age and card.
    fn expect(&mut self, at: usize, today: u64) {
        self.expect_renewal(at, today);
        let person = &self.people[at];
        let birth = person.person.birth.reckoned_on(person.expiry);
        let fifteenth = birth.birthday_in(birth.year() + SIGNATURE_AGE);
        if let (None, Some(day)) = (person.on_card[0], fifteenth)
            && let Ok(midnight) = validity::end_of_day(day)
        {
            let day = days(midnight).max(today) + 1 + below(&mut self.rng, 90);
            self.push(day, at, Chance::Fifteen);
        }
    }

    /// Most people renew in the last three months; some are late, and a few never come.
    fn expect_renewal(&mut self, at: usize, today: u64) {
        let end = self.people[at].ends();
        let Ok(end) = validity::end_of_day(end) else { return };
        let Some(from) = validity::renewable_from(end)
            .ok()
            .and_then(|day| validity::end_of_day(day).ok())
        else {
            return;
        };
        let (from, end) = (days(from).max(today + 1), days(end));
        let day = match below(&mut self.rng, 100) {
            0..90 => from + below(&mut self.rng, end.saturating_sub(from).max(1)),
            90..97 => end.max(today) + 1 + below(&mut self.rng, 60),
            _ => return,
        };
        self.push(day, at, Chance::Renewal);
    }

    /// Draws what may happen in a year.
    fn chances(&mut self, town: &Town, from: u64, end: u64) {
        let rates = town.rates;
        let length = end.saturating_sub(from).max(1);
        let living = self.people.iter().filter(|person| person.died.is_none()).count() as u64;
        for _ in 0..(living * u64::from(rates.births)).div_ceil(1000) {
            let day = from + below(&mut self.rng, length);
            self.push(day, 0, Chance::Birth);
        }
        for at in 0..self.people.len() {
            let person = &self.people[at];
            let Some(age) = self.age(at, from).filter(|_| person.died.is_none()) else {
                continue;
            };
            let has_phone = person.phone().is_some();
            // In tenths of a thousandth.
            let death = u64::from(rates.deaths) * death_weight(age);
            let adult = |rate: u16| if age >= SIGNATURE_AGE { u64::from(rate) * 10 } else { 0 };
            let marriage = if (18..50).contains(&age) {
                u64::from(rates.marriages) * 25
            } else {
                0
            };
            let phone = if has_phone { 0 } else { adult(rates.phones) };
            let gone = if has_phone { adult(rates.phone_losses) } else { 0 };
            let all = [
                (death, Chance::Death),
                (u64::from(rates.moves) * 10, Chance::Move),
                (marriage, Chance::Marriage),
                (u64::from(rates.losses) * 10, Chance::Loss),
                (phone, Chance::Phone),
                (gone, Chance::PhoneGone),
            ];
            for (often, chance) in all {
                if below(&mut self.rng, 10_000) < often {
                    let day = from + below(&mut self.rng, length);
                    self.push(day, at, chance);
                }
            }
        }
    }

    fn age(&self, at: usize, day: u64) -> Option<u16> {
        let moment = DateTime::from_unix_duration(Duration::from_secs(day * DAY)).ok()?;
        Some(self.people[at].person.birth.age_on(day_in_japan(moment)?))
    }

    /// Lets everything happen before a day.
    fn until(&mut self, end: u64) -> Result<(), IssuanceError> {
        while let Some(Reverse((day, _, at, chance))) = self.ahead.peek().copied().filter(|next| next.0.0 < end) {
            self.ahead.pop();
            let busy = self.busy.entry(day).or_default();
            // A town hall that is full sends people home until tomorrow.
            if *busy + 1 >= EVENTS_A_DAY as u64 {
                self.push(day + 1, at, chance);
                continue;
            }
            let minute = FIRST_MINUTE as u64 + *busy;
            // A move to another municipality takes two.
            *busy += 2;
            let moment = DateTime::from_unix_duration(Duration::from_secs(day * DAY + minute * 60))?;
            match chance {
                Chance::Birth => self.birth(moment)?,
                chance => self.happen(at, chance, day, moment),
            }
        }
        Ok(())
    }

    fn birth(&mut self, moment: DateTime) -> Result<(), IssuanceError> {
        let rng = ChaCha20Rng::from_seed(*seed_for(&self.plan.seed, &format!("born {}", self.people.len())));
        let mut order = Inventor::new(rng, moment).in_places(&self.places).newborn()?;
        let number = self.people.len() + 1;
        let name: CardName = format!("p{number:06}").parse().map_err(IssuanceError::Input)?;
        order.name = name;
        let at = self.people.len();
        self.people.push(PersonModel::new(&order));
        self.plan.orders.push(order);
        if self.event(at, moment, What::Born) {
            self.expect(at, days(moment));
        }
        Ok(())
    }

    /// Adds an event, if it can happen.
    fn event(&mut self, at: usize, moment: DateTime, what: What) -> bool {
        let event = StoryEvent::drawn(moment, self.people[at].name.clone(), what);
        let mut after = self.people[at].clone();
        if happen(&mut after, &self.plan.orders[at], &event).is_err() {
            return false;
        }
        self.people[at] = after;
        self.plan.add(at, event);
        true
    }

    fn happen(&mut self, at: usize, chance: Chance, day: u64, moment: DateTime) {
        let later = |rng: &mut ChaCha20Rng, within: u64| day + 3 + below(rng, within);
        match chance {
            Chance::Birth => {}
            Chance::Fifteen => drop(self.event(at, moment, What::Fifteen)),
            Chance::Renewal => {
                if self.event(at, moment, What::Renewed) {
                    self.expect(at, day);
                } else if self.people[at].died.is_none() && !self.people[at].is_lost {
                    // Another event has given new certificates meanwhile.
                    self.expect_renewal(at, day);
                }
            }
            Chance::Move => self.moves(at, moment),
            Chance::Marriage => {
                let what = self.new_name(at);
                self.event(at, moment, what);
            }
            Chance::Loss => {
                if self.event(at, moment, What::Lost) {
                    let found = below(&mut self.rng, 2) == 0;
                    let day = later(&mut self.rng, 40);
                    self.push(day, at, if found { Chance::Find } else { Chance::Replacement });
                }
            }
            Chance::Find | Chance::Replacement => {
                let found = chance == Chance::Find && self.event(at, moment, What::Found);
                if found || self.event(at, moment, What::Replaced) {
                    self.expect(at, day);
                }
            }
            Chance::Phone => {
                let kind = match below(&mut self.rng, 2) {
                    0 => PhoneKind::Iphone,
                    _ => PhoneKind::Android,
                };
                self.event(at, moment, What::Phone(kind));
            }
            Chance::PhoneGone => {
                let what = match below(&mut self.rng, 2) {
                    0 => What::PhoneLost,
                    _ => What::PhoneRemoved,
                };
                self.event(at, moment, what);
                // Half of them get another one.
                if below(&mut self.rng, 2) == 0 {
                    let day = later(&mut self.rng, 60);
                    self.push(day, at, Chance::Phone);
                }
            }
            Chance::Death => drop(self.event(at, moment, What::Died)),
        }
    }

    fn moves(&mut self, at: usize, moment: DateTime) {
        let place = self.places[below(&mut self.rng, self.places.len() as u64) as usize];
        let address = self.inventor.address_in(place);
        let other = place.code() != self.people[at].person.municipality.code;
        let moved = What::Moved {
            address,
            municipality: other.then(|| place.municipality()),
        };
        let within = PersonModel::apply(&mut self.people[at].clone(), &moved, moment);
        if within.is_err() {
            return;
        }
        let mut arrives = moment;
        if other {
            self.event(at, moment, What::MovedOut);
            // Both notices on one day, a minute apart.
            let minute = Duration::from_secs(60);
            arrives = DateTime::from_unix_duration(moment.unix_duration() + minute).unwrap_or(moment);
        }
        self.event(at, arrives, moved);
    }

    /// The family name of another person, as a marriage gives it.
    fn new_name(&mut self, at: usize) -> What {
        let person = &self.people[at].person;
        let (day, sex) = (person.birth.reckoned_on(self.people[at].expiry), person.sex);
        let (name, kana) = self
            .inventor
            .name_of(day, if sex == Sex::Female { sex } else { Sex::Male });
        let person = &self.people[at].person;
        let joined = |new: &str, old: &str| {
            let family = new.split('　').next().unwrap_or(new);
            let given = old.split('　').next_back().unwrap_or(old);
            format!("{family}　{given}")
        };
        What::Married {
            name: joined(&name, &person.name),
            kana: joined(&kana, &person.kana),
        }
    }
}

/// How many times as often as all people on average a person of this age dies, in tenths.
const fn death_weight(age: u16) -> u64 {
    match age {
        ..40 => 0,
        40..60 => 2,
        60..75 => 10,
        75..85 => 35,
        85..95 => 100,
        _ => 300,
    }
}
