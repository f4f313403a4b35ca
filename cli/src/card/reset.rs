//! `vmyna card reset-state`: back to the card as issued, or in its PINs alone.

use std::io::{self, IsTerminal, Write};

use vmyna::{CardSource, Error, Reset, StatePlace};
use vmyna_apdu::ShowPath as _;
use vmyna_applets::issued::IssuedCard;

use super::differences;
use crate::failure::Failure;
use crate::output::{self, say};
use crate::terminal;

/// Resets the PINs; contents and certificates stay.
pub(super) fn pins(card: &CardSource, place: &StatePlace) -> Result<(), Failure> {
    let done = match place.reset_pins()? {
        Reset::ByOwner(owner) => by_owner(owner.pid, "has reset its PINs"),
        Reset::Pins(state) => format!("reset the PINs in {}; its contents stay as they are now", state.shown()),
        Reset::Removed(state) => format!("removed {}: the card is as issued", state.shown()),
        _ => AS_ISSUED.to_owned(),
    };
    Ok(writeln!(output::text(), "{card}: {done}")?)
}

/// Drops the state. If that loses more than PINs, it first lists what, and needs a consent.
pub(super) fn state(card: &CardSource, issued: &IssuedCard, place: &StatePlace, yes: bool) -> Result<(), Failure> {
    let lost = lost(issued, place)?;
    if !lost.is_empty() {
        say(&format!(
            "{card}: going back to the card as issued changes more than PINs:"
        ));
        for line in &lost {
            say(&format!("  {line}"));
        }
        if !yes && !consent(card)? {
            return Err(Failure::Failed(format!("{card}: nothing was changed")));
        }
    }
    let done = match place.reset()? {
        Reset::ByOwner(owner) => by_owner(owner.pid, "has gone back to the card as issued"),
        Reset::Removed(state) => format!("removed {}: the card is as issued", state.shown()),
        _ => AS_ISSUED.to_owned(),
    };
    let mut out = output::text();
    writeln!(out, "{card}: {done}")?;
    if !lost.is_empty() {
        writeln!(
            out,
            "{card}: the register of certificates is as it was: a certificate that was revoked stays revoked"
        )?;
    }
    Ok(())
}

const AS_ISSUED: &str = "the card was as issued";

fn by_owner(pid: u32, done: &str) -> String {
    format!(
        "process {pid} has the card in use and {done}; it lost power for a moment: programs connected to it must connect, \
         select and verify again"
    )
}

/// What is lost beside PINs and their tries, a line each.
fn lost(issued: &IssuedCard, place: &StatePlace) -> Result<Vec<String>, Failure> {
    let unreadable = || vec!["contents that were replaced and can't be read".to_owned()];
    match place.current(issued.clone()) {
        Ok(now) => {
            let mut lines = differences::between(&now, issued);
            lines.extend(differences::by_commands(&place.changed_contents()?, issued));
            Ok(lines)
        }
        Err(Error::Contents(..)) => Ok(unreadable()),
        // To reset a state that can't be used is what this command is for.
        Err(Error::State(_)) => match place.inspect() {
            Ok(Some(state)) if state.record.is_some() => Ok(unreadable()),
            _ => Ok(Vec::new()),
        },
        Err(error) => Err(error.into()),
    }
}

/// Asks on the terminal.
fn consent(card: &CardSource) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage(format!(
            "{card}: nothing was changed: give --yes to go back to the card as issued, or --pins to reset its PINs alone"
        )));
    }
    say("Go back to the card as issued? Type yes:");
    Ok(terminal::is_yes()?)
}
