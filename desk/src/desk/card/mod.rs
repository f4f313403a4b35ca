//! One card, as the page shows it: the person, the PINs with their tries, the certificates with their status, the files with their
//! access in words, and both sides as pictures.
//!
//! A card in use is asked through its own control path, which disturbs no program that uses it. The My Number goes to the page and
//! nowhere else; a PIN or a key never.

pub(super) mod block;
mod certificates;
mod files;
mod person;
mod pins;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use serde::Serialize;
use serde_json::Value;
use vmyna::StatePlace;
use vmyna_apdu::{Text, text};
use vmyna_applets::issued::IssuedCard;
use vmyna_issuance::pictures::card;

use super::answer::{Answer, Answered, Refusal};
use super::authority::{Known, Offered, Papers};
use super::counter::{self, Place};
use super::glance::Stamp;
use super::shelf::ShelfCard;
use super::{Shared, state};

/// Which side of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Front,
    Back,
}

/// The answer to `/api/cards/ID`. Its fields have their order on the page.
#[derive(Serialize)]
struct Detail {
    card: Value,
    person: person::Facts,
    #[serde(rename = "myNumber")]
    my_number: Value,
    pins: Vec<Value>,
    certificates: Vec<Value>,
    counter: Vec<Value>,
    kiosk: Vec<Value>,
    phone: Vec<Value>,
}

/// A card as it is now, and what the register knows of it.
pub(super) struct View {
    now: IssuedCard,
    place: StatePlace,
    papers: Papers,
    known: Result<Known, Text>,
}

impl View {
    /// What can be done with the card, or why nothing can be done.
    pub(super) fn offers(&self, shared: &Shared) -> Result<Offered, Text> {
        shared.authority.offers(&self.now, &self.papers, &self.known)
    }
}

impl Shared {
    /// Looks at a card. Its image is read once.
    pub(super) fn view(&self, card: &ShelfCard) -> Result<View, Refusal> {
        let unusable = |error| Refusal::unusable(&error);
        let issued = card.issued().map_err(unusable)?;
        let place = card.place().map_err(unusable)?;
        let now = place.current(issued.clone()).map_err(unusable)?;
        let papers = self.authority.papers(&issued, &now);
        let known = self.authority.known(&papers);
        Ok(View {
            now,
            place,
            papers,
            known,
        })
    }
}

/// A card with everything but its files.
pub(super) fn detail(shared: &Shared, id: &str) -> Answered {
    let on_shelf = shared.card(id)?;
    let view = shared.view(&on_shelf)?;
    let tries = view.place.tries().map_err(|error| Refusal::unusable(&error))?;
    let offers = view.offers(shared);
    let View { now, papers, known, .. } = &view;
    Answer::serialized(&Detail {
        card: state::card(shared, &on_shelf),
        person: person::facts(now),
        my_number: person::my_number(now),
        pins: pins::all(now, &tries),
        certificates: certificates::all(papers, known),
        counter: counter::forms(Place::Counter, &on_shelf, now, &offers),
        kiosk: counter::forms(Place::Kiosk, &on_shelf, now, &offers),
        phone: counter::forms(Place::Phone, &on_shelf, now, &offers),
    })
}

/// The files of a card.
pub(super) fn files(shared: &Shared, id: &str) -> Answered {
    let (now, place) = shared.card(id)?.current().map_err(|error| Refusal::unusable(&error))?;
    let changed = place.changed_contents().map_err(|error| Refusal::unusable(&error))?;
    Ok(Answer::json(&files::all(&now, &changed)))
}

/// A side of a card as PNG.
pub(super) fn picture(shared: &Shared, id: &str, side: Side) -> Answered {
    let card = shared.card(id)?;
    let (key, stamp) = ((id.to_owned(), side), card.stamp());
    if let Some(png) = shared.pictures.find(&key, &stamp) {
        return Ok(Answer::picture(png));
    }
    let (now, _) = card.current().map_err(|error| Refusal::unusable(&error))?;
    if now.phone().is_some() {
        return Err(Refusal::not_found(text!(
            "a phone has no sides of a card",
            "スマートフォンに券面はない"
        )));
    }
    let drawn = match side {
        Side::Front => card::front(&now),
        Side::Back => card::back(&now),
    };
    let drawn = drawn
        .map_err(|error| Refusal::conflict(text!("the card can't be drawn: {error}", "カードを描けない: {error}")))?;
    let png = Bytes::from(drawn.png);
    shared.pictures.keep(key, stamp, png.clone());
    Ok(Answer::picture(png))
}

/// The pictures that were drawn last, because drawing one takes longer than everything else that the page asks for.
#[derive(Default)]
pub(super) struct Pictures(Mutex<VecDeque<(Key, Stamp, Bytes)>>);

/// A side of a card.
type Key = (String, Side);

/// The most pictures that are kept. One has some 150 KB.
const PICTURES: usize = 128;

impl Pictures {
    fn find(&self, key: &Key, stamp: &Stamp) -> Option<Bytes> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|(known, at, _)| known == key && at == stamp);
        found.map(|(.., png)| png.clone())
    }

    fn keep(&self, key: Key, stamp: Stamp, png: Bytes) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, ..)| *known != key);
        if kept.len() >= PICTURES {
            kept.pop_front();
        }
        kept.push_back((key, stamp, png));
    }
}
