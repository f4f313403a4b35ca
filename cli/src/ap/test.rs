//! `vmyna ap test`: vectors that follow from a declaration, and the author's own, put to a card with the applications.

use std::path::{Path, PathBuf};

use vmyna::Bench;
use vmyna_apdu::{ShowPath as _, text};
use vmyna_applets::free_area::{FreeApplication, FreeAreaError};
use vmyna_conformance::declared::note;
use vmyna_conformance::pins::Values;
use vmyna_conformance::run::{Permissions, Subject, examine, run as put};
use vmyna_conformance::suite::{LONGEST_FILE, Suite};

use super::args::Test;
use super::generator;
use crate::application_files::ApplicationFiles;
use crate::failure::Failure;
use crate::options::language::say;
use crate::output::say as report;
use crate::vectors::declared::{self, with_hosts_of_suite};
use crate::vectors::virtual_card::VirtualCard;
use crate::vectors::{self, Files, outcome::Progress};

/// Runs the command.
pub(super) fn run(arguments: &Test) -> Result<(), Failure> {
    let files = Files {
        junit: arguments.junit.as_deref(),
        json: arguments.json.as_deref().into_iter().collect(),
    };
    files.check(None)?;
    // The card with these applications alone in its free area: none of them is there twice.
    let (card, _) = arguments.card.current()?;
    let empty = |error: FreeAreaError| Failure::Failed(error.to_string());
    let card = card.with_free_applications(Vec::new()).map_err(empty)?;
    let files_of = std::slice::from_ref(&arguments.file);
    let made = ApplicationFiles::read(files_of)?.on(card.clone(), &mut generator())?;
    let with_hosts = |one: FreeApplication| FreeApplication::new(with_hosts_of_suite(one.into_application()));
    let applications: Vec<_> = made
        .free
        .into_iter()
        .map(with_hosts)
        .collect::<Result<_, _>>()
        .map_err(empty)?;
    let card = card.with_free_applications(applications.clone()).map_err(empty)?;
    let of_card = card.applications();
    let applications: Vec<_> = applications.iter().map(|one| one.application()).collect();
    let declared = declared::declared(&applications, &of_card);
    let derived = Suite::of_declared(&declared, []).map_err(|fault| Failure::Failed(fault.to_string()))?;
    let authors = authors(arguments)?;
    let suite = Suite::of_declared(&declared, authors).map_err(|fault| Failure::Usage(fault.to_string()))?;

    let card = VirtualCard::with_contents(&arguments.card, card)?;
    let mut values = Values::default();
    for (pin, value) in card.values() {
        // A card issued with a PIN that the real one can't have does without its vectors.
        let _ = values.insert(pin, value);
    }
    let bench = Bench::new();
    let mut make = |what_for: &str| card.reader(what_for, &bench);
    let mut subject = Subject::Anew(&mut make);
    let examination =
        examine(&mut subject).map_err(|error| Failure::Failed(error.text().say(arguments.lang).to_owned()))?;
    let (all, of_declaration) = (suite.vectors.len(), derived.vectors.len());
    let of_author = all - of_declaration;
    report(&say!(
        arguments.lang,
        "{of_declaration} vectors from the declaration, {of_author} of the author",
        "宣言から導いたベクタ{of_declaration}件、作成者のベクタ{of_author}件"
    ));
    let file = arguments.file.shown().to_string();
    let card_name = arguments.card.to_string();
    let place = text!("{file} on {card_name}", "{file}（{card_name}）");
    let chosen: Vec<_> = suite.vectors.iter().collect();
    let mut progress = Progress::new(chosen.len());
    let mut outcome = put(
        &chosen,
        &mut subject,
        &place.en,
        examination,
        &values,
        Permissions::EVERYTHING,
        &mut |vector| progress.show(vector),
    );
    progress.end();
    outcome.notes.push(note().into());
    vectors::conclude(&outcome, &files, arguments.lang)
}

/// The author's vectors as (name of the file, TOML): of the file that is given, or the one beside the declaration.
fn authors(arguments: &Test) -> Result<Option<(String, String)>, Failure> {
    let path = match &arguments.vectors {
        Some(path) => path.clone(),
        None => match beside(&arguments.file).filter(|path| path.exists()) {
            Some(path) => path,
            None => return Ok(None),
        },
    };
    let name = path.shown().to_string();
    let text = vmyna_files::read_text(&path, LONGEST_FILE)
        .map_err(|error| Failure::Usage(format!("{name} can't be read: {error}")))?;
    Ok(Some((name, text)))
}

/// `employee.vectors.toml` beside `employee.ap.toml`.
fn beside(declaration: &Path) -> Option<PathBuf> {
    let name = declaration.file_name()?.to_str()?.strip_suffix(".ap.toml")?;
    Some(declaration.with_file_name(format!("{name}.vectors.toml")))
}
