//! Genuine cards: a program that refuses them all is examined no further.

use vmyna_apdu::text;
use vmyna_applets::Profile;
use vmyna_applets::birth::BirthDate;
use vmyna_applets::calendar::day_in_japan;
use vmyna_issuance::order::Order;

use crate::candidate::{Candidate, Candidates, Check, Group, Part, checks};
use crate::parsing::{P17, P19};
use crate::subject::{ForgedCard, Subject};
use crate::workshop::{MakeError, Person, Workshop};

checks! {
    G01: must("accept genuine cards", "本物のカードを受け入れる"),
        why("a program that refuses them shows nothing by its refusals", "本物を拒否するプログラムの拒否は、何も示さない"),
        Documented, "ICAO Doc 9303-11: passive authentication succeeds with a genuine document";
}

/// What every card can be about.
const CARD: &[Part] = &[];
/// What a card without certificate for signatures can't be about.
const SIGNING: &[Part] = &[Part::SignCertificate, Part::Signatures, Part::Pins];

/// Adds them.
pub(crate) fn add(all: &mut Candidates) {
    let subject = |card| Ok(Subject::card(ForgedCard::new(card)));
    let people = [
        ("good.card", Person::A, text!("a genuine card", "本物のカード")),
        (
            "good.other-person",
            Person::B,
            text!("a genuine card of another person", "別の人の本物のカード"),
        ),
    ];
    for (name, person, what) in people {
        let make = move |workshop: &Workshop| subject(workshop.card(person).clone());
        all.add(Candidate::right(name, Group::Good, CARD, what, make).of(&G01));
    }
    profiles(all);
    ages(all);
}

/// A card of each batch and interface.
fn profiles(all: &mut Candidates) {
    const PROFILES: [(&str, &str, &Check); 9] = [
        ("good.contact-3bc5", "contact-3bc5", &P19),
        ("good.contact-3bda", "contact-3bda", &P19),
        ("good.contact-3bf5-a1", "contact-3bf5-a1", &P19),
        ("good.contact-3bf5-d1", "contact-3bf5-d1", &P19),
        ("good.contact-old", "contact-old", &P17),
        ("good.contactless", "contactless", &P19),
        ("good.contactless-41e0", "contactless-41e0", &P19),
        ("good.contactless-51ff", "contactless-51ff", &P19),
        ("good.contactless-51ff-106", "contactless-51ff-106", &P19),
    ];
    for (name, profile, check) in PROFILES {
        let what = text!(
            "a genuine card of the profile {profile}",
            "プロファイル{profile}の本物のカード"
        );
        let make = move |workshop: &Workshop| {
            let profile = Profile::find(profile).ok_or(MakeError::Form("a profile has a name"))?;
            let card = workshop.issue(Person::A, |order| order.profile = profile)?;
            Ok(Subject::card(ForgedCard::new(card)))
        };
        all.add(Candidate::right(name, Group::Good, CARD, what, make).of(check));
    }
}

/// Cards of cardholders of other ages.
fn ages(all: &mut Candidates) {
    type Change = fn(&mut Order);
    let adult: Change = |_| {};
    let child: Change = |order| order.sign_certificate = false;
    let rows: [(_, u16, Change, &'static [Part], _); 4] = [
        (
            "good.age-18",
            18,
            adult,
            CARD,
            text!("a genuine card of a person of 18", "18歳の人の本物のカード"),
        ),
        (
            "good.age-64",
            64,
            adult,
            CARD,
            text!("a genuine card of a person of 64", "64歳の人の本物のカード"),
        ),
        (
            "good.age-101",
            101,
            adult,
            CARD,
            text!("a genuine card of a person of 101", "101歳の人の本物のカード"),
        ),
        (
            "good.child",
            7,
            child,
            SIGNING,
            text!(
                "a genuine card of a child of seven, without certificate for signatures",
                "署名用電子証明書のない、7歳の子の本物のカード"
            ),
        ),
    ];
    for (name, age, change, unless, what) in rows {
        let make = move |workshop: &Workshop| {
            let today = day_in_japan(workshop.now()).ok_or(MakeError::Form("a day has a date"))?;
            let card = workshop.issue(Person::A, |order| {
                // Born on 1 January, a person has this age all the year.
                let birth = BirthDate::new(today.year() - age, 1, 1);
                order.person.birth = birth.unwrap_or(order.person.birth);
                change(order);
            })?;
            Ok(Subject::card(ForgedCard::new(card)))
        };
        all.add(
            Candidate::right(name, Group::Good, CARD, what, make)
                .of(&G01)
                .unless(unless),
        );
    }
}
