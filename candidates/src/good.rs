//! Genuine cards: a program that refuses them all is examined no further.

use vmyna_apdu::text;

use crate::candidate::{Candidate, Candidates, Group, Part};
use crate::subject::{ForgedCard, Subject};
use crate::workshop::Person;

/// What every card can be about.
const CARD: &[Part] = &[];

/// Adds them.
pub(crate) fn add(all: &mut Candidates) {
    all.add(Candidate::right(
        "good.card",
        Group::Good,
        CARD,
        text!("a genuine card", "本物のカード"),
        |workshop| Ok(Subject::card(ForgedCard::new(workshop.card(Person::A).clone()))),
    ));
}
