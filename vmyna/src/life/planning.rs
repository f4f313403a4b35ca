//! Makes the plan of a story: each step is checked against those before it.

use std::collections::BTreeMap;

use vmyna_apdu::text;
use vmyna_applets::issued::CardName;
use vmyna_issuance::keys::seed_of;
use vmyna_issuance::order::Order;
use vmyna_issuance::story::{Story, StoryEvent, What, instant_on};

use super::error::StoryFault;
use super::model::PersonModel;
use super::plan::{Plan, file_stem, happen, later_by_years};
use super::town;

impl Plan {
    /// The plan of a story.
    ///
    /// # Errors
    /// Every event that can't happen, each with its line and the reason.
    pub fn of(story: &Story) -> Result<Self, Vec<StoryFault>> {
        let seed = seed_of(story.seed);
        let impossible = |message| vec![StoryFault::new(None, None, message)];
        let begin = instant_on(story.begin, 0).ok_or_else(|| {
            impossible(text!(
                "the story begins outside the calendar",
                "物語の始まりが暦の範囲外です"
            ))
        })?;
        let mut plan = Self {
            authorities: begin,
            begin,
            number: story.seed,
            key_pool: story.key_pool,
            orders: Vec::new(),
            steps: Vec::new(),
            years: Vec::new(),
            seed,
        };
        match &story.town {
            Some(town) => town::draw(&mut plan, town)
                .map_err(|error| impossible(text!("the town can't be drawn: {error}", "町を作れません（{error}）")))?,
            None => plan.take(story)?,
        }
        let last = plan.steps.last().map_or(begin, |step| step.event.at);
        let years = (1..).map_while(|year| later_by_years(begin, year));
        plan.years = match &story.town {
            Some(town) => years.take(usize::from(town.years)).collect(),
            None => years.take_while(|end| *end <= last).collect(),
        };
        Ok(plan)
    }

    /// Takes over the people and events of a file, and finds all faults of their order.
    fn take(&mut self, story: &Story) -> Result<(), Vec<StoryFault>> {
        let mut faults = Vec::new();
        let mut events = Vec::new();
        for person in &story.people {
            if !person.is_born {
                let order = &person.order;
                events.push(StoryEvent::drawn(order.issued, order.name.clone(), What::Born));
            }
            self.orders.push(person.order.clone());
        }
        events.extend(story.events.iter().cloned());
        events.sort_by_key(|event| event.at);
        faults.extend(same_files(&self.orders, &events));
        let mut people: Vec<PersonModel> = self.orders.iter().map(PersonModel::new).collect();
        for event in events {
            let Some(at) = people.iter().position(|person| person.name == event.who) else {
                continue;
            };
            if let Err(why) = happen(&mut people[at], &self.orders[at], &event) {
                faults.push(StoryFault::new(event.line, Some(event.to_string()), why));
                continue;
            }
            self.add(at, event);
        }
        match faults.is_empty() {
            true => Ok(()),
            false => Err(faults),
        }
    }
}

/// Two people whose cards or phones would have the same files: `a` with a second card, and `a-2`.
fn same_files(orders: &[Order], events: &[StoryEvent]) -> Vec<StoryFault> {
    let mut counts: BTreeMap<&CardName, usize> = BTreeMap::new();
    for event in events {
        *counts.entry(&event.who).or_default() += 1;
    }
    let mut faults = Vec::new();
    for order in orders {
        for number in 2..=counts.get(&order.name).copied().unwrap_or(0) {
            let second = file_stem(&order.name, number);
            if let Some(other) = orders.iter().find(|other| other.name.as_str() == second) {
                let (name, other) = (&order.name, &other.name);
                let message = text!(
                    "{other} is the name of {name}'s card number {number}: call one of the people otherwise",
                    "{other}は{name}の{number}枚目のカードの名前です。どちらかの名前を変えます"
                );
                faults.push(StoryFault::new(None, None, message));
            }
        }
    }
    faults
}
