//! `vmyna card`: the state of a card beside its image: what it holds, and back to the card as issued.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use vmyna_applets::issued::IssuedCard;
use vmyna_card_os::state::durable::StateError;

use crate::failure::Failure;
use vmyna::{CardSource, Error, Reset, StatePlace};

/// The state of a card.
#[derive(Args)]
pub(crate) struct CardState {
    #[command(subcommand)]
    action: Action,
}

pub(crate) const HELP: &str = "\
The state of the card NAME of the image FILE is FILE.state/NAME.redb. For an image whose folder
can't be written to, name a folder of yours in the environment: with VMYNA_STATE=/DIR the state is
in there. All that use a card must have the same /DIR, or it has two states.

Symbolic links to an image are followed. A copy, a second name (hard link) and an image that is
mounted alone have a state of their own; with one VMYNA_STATE they are one card.";

#[derive(Subcommand)]
enum Action {
    /// Say where the state of an issued card lies and what it holds, damaged or not; no PIN is shown
    Inspect {
        /// The card: FILE or FILE#NAME
        card: CardSource,
    },
    /// Drop the state of an issued card: PINs, their tries and everything else are as issued again, also while it is in use
    ResetState {
        /// The card: FILE or FILE#NAME
        card: CardSource,
    },
}

/// Runs the command.
pub(crate) fn run(arguments: &CardState) -> Result<(), Failure> {
    match &arguments.action {
        Action::Inspect { card } => inspect(card),
        Action::ResetState { card } => {
            let done = match find(card)?.1.reset()? {
                Reset::Removed(state) => format!("removed {}: the card is as issued", state.display()),
                Reset::ByOwner(owner) => format!(
                    "process {} has the card in use and has gone back to the card as issued; it lost power for a \
                     moment: programs connected to it must connect, select and verify again",
                    owner.pid
                ),
                _ => "the card was as issued".to_owned(),
            };
            Ok(writeln!(io::stdout(), "{card}: {done}")?)
        }
    }
}

/// The card as issued, and where its state is kept.
fn find(card: &CardSource) -> Result<(IssuedCard, StatePlace), Failure> {
    match card.find()? {
        (issued, Some(place)) => Ok((issued, place)),
        (_, None) => Err(Failure::Usage(format!(
            "{card} is built in and keeps no state: it starts as issued each time"
        ))),
    }
}

fn inspect(card: &CardSource) -> Result<(), Failure> {
    let (issued, place) = find(card)?;
    let mut out = io::stdout().lock();
    let Some(inspection) = place.inspect()? else {
        writeln!(
            out,
            "{card}: as issued; nothing was changed, there is no {}",
            place.path().display()
        )?;
        return Ok(());
    };
    writeln!(out, "{card}: {}", place.path().display())?;
    let other = inspection
        .head
        .is_some_and(|(_, identity)| identity != place.identity());
    if let Some((format, _)) = inspection.head {
        let whose = if other { "ANOTHER card" } else { "this card" };
        writeln!(out, "  format {format}, of {whose}")?;
    }
    let applications = issued.applications();
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
    match &inspection.damage {
        None if other => Err(Error::from(StateError::OtherCard {
            place: place.path().display().to_string(),
        })
        .into()),
        None => Ok(()),
        Some(what) => Err(Failure::Failed(format!(
            "{} is damaged ({what}): restore a copy of it, or go back to the card as issued: `vmyna card reset-state {card}`",
            place.path().display()
        ))),
    }
}
