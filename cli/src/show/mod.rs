//! `vmyna show`: a card as it is now, or as it was issued, as a text for people, as JSON for programs, and drawn as pictures.
//!
//! The command shows all data of a card, the My Number included, but never a PIN and never a key.

pub(crate) mod args;
mod summary;
mod text;

use std::io::Write;
use std::path::Path;
use std::time::SystemTime;

use vmyna_apdu::ShowPath as _;
use vmyna_applets::issued::IssuedCard;
use vmyna_issuance::pictures::card::{self, CardPictureError};

use crate::failure::Failure;
use crate::output;
use crate::save;
use summary::Summary;

/// Runs the command.
pub(crate) fn run(arguments: &args::Show) -> Result<(), Failure> {
    let card = arguments.card.find()?;
    let summary = Summary::of(&card, SystemTime::now()).map_err(Failure::Failed)?;
    if let Some(directory) = &arguments.png {
        if let Some(phone) = &summary.phone {
            return Err(Failure::Usage(format!(
                "{} is the token of a phone ({}), which has no sides to draw: leave out --png, or name a card",
                arguments.card.card, phone.title
            )));
        }
        draw(&card, directory)?;
    }
    if arguments.json {
        output::json(&summary)?;
    } else {
        let mut out = output::text();
        text::write(&mut out, &summary, &arguments.card.card.to_string())?;
        out.flush()?;
    }
    Ok(())
}

/// Draws both sides, and writes them once both are drawn. Reports and remarks go to standard error, because standard output
/// is the summary.
fn draw(card: &IssuedCard, directory: &Path) -> Result<(), Failure> {
    let failed = |error: CardPictureError| Failure::Failed(error.to_string());
    let sides = [
        ("front.png", card::front(card).map_err(failed)?),
        ("back.png", card::back(card).map_err(failed)?),
    ];
    save::folder(directory)?;
    for (name, side) in &sides {
        save::replace(&directory.join(name), &side.png)?;
    }
    for (name, _) in &sides {
        output::say(&format!("drawn: {}", directory.join(name).shown()));
    }
    // A remark on both sides is reported once.
    let mut reported = Vec::new();
    for remark in sides.iter().flat_map(|(_, side)| &side.remarks) {
        if !reported.contains(&remark) {
            output::say(&remark.to_string());
            reported.push(remark);
        }
    }
    Ok(())
}

/// The specimen card that the tests of this program look at.
#[cfg(test)]
pub(crate) fn hanako() -> IssuedCard {
    let source: vmyna::CardSource = "specimen:hanako".parse().unwrap();
    source.issued().unwrap()
}
