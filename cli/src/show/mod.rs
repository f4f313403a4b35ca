//! `vmyna show`: a card as it is now, or as it was issued, as a text for people, as JSON for programs, and drawn as pictures.
//!
//! The command shows all data of a card, the My Number included, but never a PIN and never a key.

pub(crate) mod args;
mod canvas;
mod face;
mod font;
mod japanese;
mod summary;
mod text;
mod typeset;

use std::io::Write;
use std::path::Path;
use std::time::SystemTime;

use vmyna_apdu::ShowPath as _;
use vmyna_applets::issued::IssuedCard;

use crate::failure::Failure;
use crate::output;
use crate::save;
use face::CardPicture;
use summary::Summary;

/// Runs the command.
pub(crate) fn run(arguments: &args::Show) -> Result<(), Failure> {
    let card = arguments.card.find()?;
    let summary = Summary::of(&card, SystemTime::now()).map_err(Failure::Failed)?;
    if let Some(directory) = &arguments.png {
        draw(&card, &summary, directory)?;
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

/// Draws both faces, and writes them once both are drawn. Reports and remarks go to standard error, because standard output
/// is the summary.
fn draw(card: &IssuedCard, summary: &Summary, directory: &Path) -> Result<(), Failure> {
    let picture = CardPicture::draw(card, summary).map_err(Failure::Failed)?;
    let files = [("front.png", &picture.front), ("back.png", &picture.back)];
    save::folder(directory)?;
    for (name, png) in files {
        save::replace(&directory.join(name), png)?;
    }
    let mut report = |what: String| output::say(&what);
    for (name, _) in files {
        report(format!("drawn: {}", directory.join(name).shown()));
    }
    picture.remarks.into_iter().for_each(&mut report);
    Ok(())
}

/// The specimen card that the tests of this program look at.
#[cfg(test)]
pub(crate) fn hanako() -> IssuedCard {
    let source: vmyna::CardSource = "specimen:hanako".parse().unwrap();
    source.issued().unwrap()
}
