//! `vmyna ap`: applications of others for the free area of the card, from declaration files.

pub(crate) mod args;
mod check;
mod doc;
mod new;
mod show;
mod test;

use std::io::Write as _;
use std::path::Path;

use vmyna_applets::free_area::FreeApplication;
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::specimen;
use vmyna_issuance::application_file;

use crate::application_files::ApplicationFiles;
use crate::failure::Failure;
use crate::{output, seed};
use args::{Action, Ap};

/// Runs the command.
pub(crate) fn run(arguments: &Ap) -> Result<(), Failure> {
    match &arguments.action {
        Action::New(arguments) => new::run(arguments),
        Action::Check(arguments) => check::run(arguments),
        Action::Show(arguments) => show::run(arguments),
        Action::Doc(arguments) => doc::run(arguments),
        Action::Test(arguments) => test::run(arguments),
        Action::Schema => {
            let mut out = output::data();
            out.write_all(application_file::schema().as_bytes())?;
            Ok(out.flush()?)
        }
    }
}

/// The card for which the applications are made: the first of the specimens.
fn card() -> Result<IssuedCard, Failure> {
    let card = specimen::find("hanako").map_err(|error| Failure::Failed(error.to_string()))?;
    card.ok_or_else(|| Failure::Failed("there is no card specimen:hanako".to_owned()))
}

/// What makes values that differ between cards. The same each time, so that two runs print the same.
fn generator() -> impl rand_core::CryptoRngCore {
    use rand_chacha::rand_core::SeedableRng as _;
    rand_chacha::ChaCha20Rng::from_seed(*seed::seed_of(0))
}

/// The applications of a declaration file.
fn applications(path: &Path) -> Result<Vec<FreeApplication>, Failure> {
    let files = ApplicationFiles::read(&[path.to_owned()])?;
    Ok(files.on(card()?, &mut generator())?.free)
}
