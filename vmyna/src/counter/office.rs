//! The office behind the counter: the authorities with their register, open for one card after the other.

use std::path::{Path, PathBuf};

use vmyna_authority::mdoc;
use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::revocation_list::ListError;
use vmyna_issuance::authorities::Authorities;
use vmyna_issuance::desk::Desk;
use vmyna_issuance::mdoc::DocumentSigner;
use vmyna_issuance::{DateTime, ca_folder, specimen};

use super::error::{OpenError, SignerError};
use super::interrupted::StillPending;
use super::register;

/// Authorities and their register, opened once for many cards: to read the keys of a folder takes longer than most
/// operations. [`Counter::at`](super::Counter::at) serves a card, and
/// [`Counter::into_office`](super::Counter::into_office) returns the office.
pub struct Office {
    pub(crate) desk: Desk,
    pub(crate) register: SqliteRegister,
    pub(super) register_path: PathBuf,
    /// The folder of the authorities; `None` for the built-in ones.
    folder: Option<PathBuf>,
}

impl Office {
    /// Opens the authorities in a folder, or the built-in ones, and their register. What interrupted operations have left is
    /// done first; `still_pending` takes each that can't be finished now.
    ///
    /// # Errors
    /// [`OpenError`]: authorities or register can't be used.
    pub fn open(folder: Option<&Path>, still_pending: &mut dyn FnMut(StillPending)) -> Result<Self, OpenError> {
        let desk = Desk::new(authorities(folder)?);
        Self::with_desk(desk, folder, still_pending)
    }

    /// As [`Office::open`], with a desk of the same authorities that is there already, such as one with a pool of keys.
    ///
    /// # Errors
    /// [`OpenError`]: the register can't be used.
    pub fn with_desk(
        desk: Desk,
        folder: Option<&Path>,
        still_pending: &mut dyn FnMut(StillPending),
    ) -> Result<Self, OpenError> {
        let register = register::open(folder, still_pending)?;
        let register_path = register::absolute(&register::path(folder)?);
        Ok(Self {
            desk,
            register,
            register_path,
            folder: folder.map(Path::to_owned),
        })
    }

    /// The signer of mdocs at a time. A folder of authorities that was made before there were mdocs gets their root from
    /// `seed`.
    ///
    /// # Errors
    /// [`SignerError`].
    pub fn signer(&self, now: DateTime, seed: &[u8; 32]) -> Result<DocumentSigner, SignerError> {
        let authority = match &self.folder {
            Some(folder) => ca_folder::mdoc(folder, seed)?,
            None => specimen::mdoc().map_err(ListError::from)?,
        };
        Ok(mdoc::signer(&authority, &self.register, now)?)
    }

    /// The desk, which issues cards.
    pub const fn desk(&mut self) -> &mut Desk {
        &mut self.desk
    }

    /// The register of the authorities.
    pub const fn register(&mut self) -> &mut SqliteRegister {
        &mut self.register
    }
}

/// Those of the folder; `None` for the built-in ones.
pub(super) fn authorities(folder: Option<&Path>) -> Result<Authorities, OpenError> {
    Ok(match folder {
        Some(folder) => ca_folder::open(folder)?,
        None => specimen::authorities()?,
    })
}
