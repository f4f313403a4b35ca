//! Genuine cards: a program that refuses them all is examined no further.

use vmyna_apdu::text;

use crate::candidate::{Candidate, Candidates, Group, Part, checks};
use crate::subject::{ForgedCard, Subject};
use crate::workshop::Person;

checks! {
    G01: must("accept genuine cards", "本物のカードを受け入れる"),
        why("a program that refuses them shows nothing by its refusals", "本物を拒否するプログラムの拒否は、何も示さない"),
        Documented, "ICAO Doc 9303-11: passive authentication succeeds with a genuine document";
}

/// What every card can be about.
const CARD: &[Part] = &[];

/// Adds them.
pub(crate) fn add(all: &mut Candidates) {
    all.add(
        Candidate::right(
            "good.card",
            Group::Good,
            CARD,
            text!("a genuine card", "本物のカード"),
            |workshop| Ok(Subject::card(ForgedCard::new(workshop.card(Person::A).clone()))),
        )
        .of(&G01),
    );
}
