//! Declaration files (`*.ap.toml`) that commands take for the free area (空き領域) of a card.

use std::path::{Path, PathBuf};

use rand_core::CryptoRngCore;
use vmyna_apdu::ShowPath as _;
use vmyna_applets::free_area::FreeApplication;
use vmyna_applets::issued::IssuedCard;
use vmyna_issuance::application_file::{ApplicationFile, ApplicationFileError, ReadError};

use crate::failure::Failure;

/// Declaration files that were read and checked, each with its path.
pub(crate) struct ApplicationFiles(Vec<(PathBuf, ApplicationFile)>);

impl ApplicationFiles {
    /// Reads the files.
    ///
    /// # Errors
    /// [`Failure::Usage`] with every fault of the first file that has any.
    pub(crate) fn read(paths: &[PathBuf]) -> Result<Self, Failure> {
        let mut files = Vec::with_capacity(paths.len());
        for path in paths {
            let file = ApplicationFile::read(path).map_err(|error| match error {
                ReadError::Faults(faults) => faulty(path, &faults),
                error => Failure::Usage(format!("{}: {error}", path.shown())),
            })?;
            files.push((path.clone(), file));
        }
        Ok(Self(files))
    }

    /// The card with the applications of all files behind those of its free area. `rng` is the source of keys and serial
    /// numbers.
    ///
    /// # Errors
    /// [`Failure::Usage`] with what the card can't have.
    pub(crate) fn on(&self, card: IssuedCard, rng: &mut dyn CryptoRngCore) -> Result<IssuedCard, Failure> {
        let mut card = card;
        for (path, file) in &self.0 {
            let made: Vec<FreeApplication> = file.make(&card, rng).map_err(|faults| faulty(path, &faults))?;
            let all = [&card.free[..], &made].concat();
            let with = card.with_free_applications(all);
            card = with.map_err(|error| Failure::Usage(format!("{}: {error}", path.shown())))?;
        }
        Ok(card)
    }
}

/// Every fault of a file, a line each.
fn faulty(path: &Path, faults: &[ApplicationFileError]) -> Failure {
    let lines = faults.iter().map(|fault| format!("{}: {fault}", path.shown()));
    Failure::Usage(lines.collect::<Vec<_>>().join("\n"))
}
