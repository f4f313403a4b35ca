//! The counter of a municipality and the kiosk of a store, as forms on the page.
//!
//! The rules and their texts are the library's. This module states which fields a form has and which of them an error is
//! about. An operation that is refused whatever its values are is shown with the reason.

mod fields;
mod operations;
mod refusals;

use std::collections::BTreeMap;

use rand_core::OsRng;
use serde_json::{Value, json};
use vmyna::counter::{Counter, Done, Opening, Operation, Step, Terminal};
use vmyna_apdu::{Text, text};
use vmyna_applets::issued::IssuedCard;
use vmyna_card_os::declaration::ReferenceData;
use zeroize::Zeroizing;

use super::Shared;
use super::answer::{Answer, Answered, Refusal};
use super::asked::Asked;
use super::authority::Known;
use super::moves::take_back;
use super::shelf::ShelfCard;
use super::time::now;
use super::words::both;
use operations::{COUNTER, KIOSK, Offered};

/// The values of a form, by the names of its fields. They are zeroed when they are dropped, because PINs are among them.
pub(super) type Values = BTreeMap<String, Zeroizing<String>>;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Counter,
    Kiosk,
}

impl Place {
    fn offered(self) -> &'static [Offered] {
        match self {
            Self::Counter => &COUNTER,
            Self::Kiosk => &KIOSK,
        }
    }
}

/// The operations with their forms, and why one is refused now.
pub(super) fn forms(place: Place, card: &ShelfCard, now: &IssuedCard, known: &Result<Known, Text>) -> Vec<Value> {
    let all = place.offered().iter();
    all.map(|offered| {
        let refused = refusals::beforehand(place, offered.id, card, now, known);
        json!({
            "id": offered.id,
            "title": both(&offered.title()),
            "fields": offered.fields.iter().map(|field| field.shown(now)).collect::<Value>(),
            "final": offered.is_final,
            "refused": refused.as_ref().map(both),
        })
    })
    .collect()
}

/// Does an operation with the values of its form.
pub(super) fn operate(shared: &Shared, place: Place, id: &str, operation: &str, asked: &Asked<'_>) -> Answered {
    let offered = place.offered().iter().find(|offered| offered.id == operation);
    let offered = offered.ok_or_else(|| Refusal::not_found(text!("there is no such operation", "その手続きはない")))?;
    let values = values(asked)?;
    let card = shared.card(id)?;
    let (current, _) = card.current().map_err(|error| Refusal::unusable(&error))?;
    let papers = shared
        .authority
        .papers(&card.issued().map_err(|error| Refusal::unusable(&error))?, &current);
    let known = shared.authority.known(&papers);
    if let Some(why) = refusals::beforehand(place, offered.id, &card, &current, &known) {
        return Err(Refusal::conflict(why));
    }
    let _turn = shared.moving();
    let done = match place {
        Place::Counter => at_counter(shared, &card, offered.id, &values)?,
        Place::Kiosk => at_kiosk(shared, &card, offered.id, &values)?,
    };
    shared.feeds.changed();
    Ok(Answer::json(
        &json!({ "done": done.iter().map(both).collect::<Value>() }),
    ))
}

/// The fields of a form; one that is empty counts as left out.
fn values(asked: &Asked<'_>) -> Result<Values, Refusal> {
    let Value::Object(object) = asked.object()? else {
        return Ok(Values::new());
    };
    let mut values = Values::new();
    for (name, value) in object {
        if let Value::String(text) = value {
            let text = Zeroizing::new(text);
            if !text.trim().is_empty() {
                values.insert(name, text);
            }
        }
    }
    Ok(values)
}

fn opening<'a>(shared: &'a Shared, card: &'a vmyna::CardSource) -> Result<Opening<'a>, Refusal> {
    let now = now().ok_or_else(|| {
        Refusal::failed(text!(
            "the clock of this machine is wrong",
            "この計算機の時計が正しくない"
        ))
    })?;
    let mut opening = Opening::new(card, now);
    opening.authorities = shared.authority.folder();
    Ok(opening)
}

fn at_counter(shared: &Shared, card: &ShelfCard, id: &str, values: &Values) -> Result<Vec<Text>, Refusal> {
    let operation = operations::operation(id, values)?;
    let substitutes = operations::substitutes(values)?;
    let source = card.source();
    let mut opening = opening(shared, &source)?;
    let new = match operation {
        Operation::Reissue(_) => {
            let free = shared.shelf.folder().free_name(card.name().as_str());
            let free = free.ok_or_else(|| {
                Refusal::conflict(text!(
                    "no name is free for the new card",
                    "新しいカードの名前が空いていない"
                ))
            })?;
            Some(free)
        }
        _ => None,
    };
    opening.new_image = new.as_ref().map(|free| &*free.path);
    let mut counter = Counter::open(&opening, &mut |_| {}).map_err(|error| refusals::opening(&error))?;
    let done = counter.operate(&operation, &substitutes, &mut OsRng);
    let done = done.map_err(|error| refusals::operating(&error, id))?;
    drop(counter);
    if let Some(free) = new {
        shared
            .shelf
            .add_made(&free.path)
            .map_err(|error| Refusal::failed(Text::same(error.to_string())))?;
    }
    Ok(said(&done))
}

fn at_kiosk(shared: &Shared, card: &ShelfCard, id: &str, values: &Values) -> Result<Vec<Text>, Refusal> {
    if shared.reader_of(&card.id).is_some() {
        return Err(Refusal::conflict(text!(
            "the card is in a reader: take it out and bring it to the kiosk",
            "カードがリーダーにある。抜いてからキオスクに入れる"
        )));
    }
    take_back(shared, &card.id)?;
    card.check_free().map_err(|error| Refusal::unusable(&error))?;
    let source = card.source();
    let mut terminal =
        Terminal::open(&opening(shared, &source)?, &mut |_| {}).map_err(|error| refusals::terminal(&error))?;
    let auth = fields::needed(
        values,
        "auth",
        text!("type the auth PIN", "利用者証明用暗証番号を入れる"),
    )?;
    if id == "apply" {
        let holder = terminal
            .verify(auth.as_bytes())
            .map_err(|error| refusals::terminal(&error))?;
        let given = terminal
            .give_code(holder, &mut OsRng)
            .map_err(|error| refusals::terminal(&error))?;
        let (code, until) = (&*given.code, given.until);
        return Ok(vec![text!(
            "the one-time code is {code}, good once until {until}",
            "ワンタイムコードは{code}。{until}まで1回だけ使える"
        )]);
    }
    let code = fields::needed(
        values,
        "code",
        text!("type the one-time code", "ワンタイムコードを入れる"),
    )?;
    let code = terminal
        .accept(code.trim())
        .map_err(|error| refusals::terminal(&error))?;
    let password = fields::needed(
        values,
        "sign",
        text!("type the new password", "新しいパスワードを入れる"),
    )?;
    let holder = terminal
        .verify(auth.as_bytes())
        .map_err(|error| refusals::terminal(&error))?;
    let password = ReferenceData::new(password.as_bytes());
    let done = terminal.reset_sign(holder, code, password, &mut OsRng);
    Ok(said(&done.map_err(|error| refusals::operating(&error, "reset-sign"))?))
}

fn said(done: &Done) -> Vec<Text> {
    match done.steps.is_empty() {
        true => vec![text!("there was nothing to do", "することはなかった")],
        false => done.steps.iter().map(Step::text).collect(),
    }
}
