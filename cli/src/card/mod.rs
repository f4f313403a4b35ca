//! `vmyna card`: the state of a card beside its image: what it holds, back to the card as issued, and the applications of its
//! free area.

pub(crate) mod args;
mod differences;
mod free_area;
mod reset;

use std::io::Write;

use vmyna::{CardSource, Error, StatePlace};
use vmyna_apdu::ShowPath as _;
use vmyna_apdu::hex;
use vmyna_applets::issued::IssuedCard;
use vmyna_card_os::state::StoreErrorKind;

use crate::failure::Failure;
use crate::output;
use crate::settle::settle;
use args::{Action, Card};

/// Runs the command.
pub(crate) fn run(arguments: &Card) -> Result<(), Failure> {
    match &arguments.action {
        Action::Inspect { card } => inspect(card),
        Action::ResetState { card, pins, yes } => {
            let (issued, place) = find(card)?;
            match pins {
                true => reset::pins(card, &place),
                false => reset::state(card, &issued, &place, *yes),
            }
        }
        Action::Install { card, files } => free_area::install(card, find(card)?, files),
        Action::Remove { card, applications } => free_area::remove(card, find(card)?, applications),
        Action::List { card } => free_area::list(card),
    }
}

/// The card as issued, and where its state is kept.
fn find(card: &CardSource) -> Result<(IssuedCard, StatePlace), Failure> {
    settle(card);
    match card.find()? {
        (issued, Some(place)) => Ok((issued, place)),
        (_, None) => Err(Failure::Usage(format!(
            "{card} is built in and keeps no state: it starts as issued each time"
        ))),
    }
}

fn inspect(card: &CardSource) -> Result<(), Failure> {
    let (issued, place) = find(card)?;
    let mut out = output::text();
    let Some(inspection) = place.inspect()? else {
        writeln!(
            out,
            "{card}: as issued; nothing was changed, there is no {}",
            place.path().shown()
        )?;
        return Ok(());
    };
    writeln!(out, "{card}: {}", place.path().shown())?;
    let other = inspection
        .head
        .is_some_and(|(_, identity)| identity != place.identity());
    if let Some((format, _)) = inspection.head {
        let card = if other { "ANOTHER card" } else { "this card" };
        writeln!(out, "  format {format}, of {card}")?;
    }
    if let Some(operation) = inspection.operation {
        let operation = hex::encode(&operation);
        writeln!(out, "  last replaced by operation {operation}")?;
        match inspection.record {
            Some(bytes) => writeln!(out, "  contents: not as issued, but as in a record of {bytes} bytes")?,
            None => writeln!(out, "  contents: as issued")?,
        }
    }
    // Of a card that can't be read the names as issued are better than none.
    let applications = place.current(issued.clone()).unwrap_or(issued).applications();
    for pin in &inspection.pins {
        let application = applications
            .iter()
            .find(|application| application.aid == pin.object.aid);
        let name = application.map_or_else(
            || pin.object.aid.to_string(),
            |application| application.name.to_string(),
        );
        let tries = pin
            .tries_left
            .map_or("tries as issued".to_owned(), |left| format!("{left} tries left"));
        let value = if pin.changed { ", another value than issued" } else { "" };
        writeln!(out, "  {name} {}: {tries}{value}", pin.object.file)?;
    }
    for object in inspection.files.iter().chain(&inspection.keys) {
        let application = applications.iter().find(|application| application.aid == object.aid);
        let name = application.map_or_else(|| object.aid.to_string(), |application| application.name.to_string());
        let what = match inspection.keys.contains(object) {
            true => "key made on the card",
            false => "contents changed by commands",
        };
        writeln!(out, "  {name} {}: {what}", object.file)?;
    }
    match &inspection.damage {
        None if other => Err(Error::from(StoreErrorKind::OtherCard.at(place.path().shown().to_string())).into()),
        None => Ok(()),
        Some(what) => Err(Failure::Failed(format!(
            "{} is damaged ({what}): restore a copy of it, or go back to the card as issued: `vmyna card reset-state {card}`",
            place.path().shown()
        ))),
    }
}
