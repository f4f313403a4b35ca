//! A folder with certificate authorities of one's own.
//!
//! It holds private keys, so it is for its owner only (0700, files 0600), and it is written whole or not at all. Its files
//! are those of [`crate::authorities`]. `ca.toml` states the format, so that a later version recognises it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use der::DateTime;
use vmyna_apdu::ShowPath as _;
use vmyna_files::UnfinishedFolder;
use zeroize::Zeroizing;

use crate::IssuanceError;
use crate::authorities::{self, Authorities, AuthoritiesError, Files, reason};
use crate::keys::KeyMade;
use crate::x509::Authority;

const DESCRIPTION: &str = "ca.toml";
const FORMAT: i64 = 1;
/// The most bytes of a file in the folder: no key or certificate in use has more.
const LONGEST_FILE: u64 = 64 << 10;

/// Why a folder of authorities can't be made or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaFolderError {
    /// The system refused: which file or folder.
    #[error("{path}: {1}", path = .0.shown())]
    Io(PathBuf, #[source] io::Error),
    /// There is something of this name already.
    #[error("{path}: there is something of this name, and authorities are never overwritten", path = .0.shown())]
    Exists(PathBuf),
    /// The folder holds no certificate authorities: [`init`] did not make it.
    #[error("{path}: this is no folder of certificate authorities", path = .0.shown())]
    NoCaFolder(PathBuf),
    /// It was made by a later version: its format.
    #[error("{path}: its format is {1}, and this program knows {FORMAT}", path = .0.shown())]
    Newer(PathBuf, i64),
    /// A file is missing, or is not what it should be: why.
    #[error("{path}: {reason}", path = .0.shown(), reason = reason(.1))]
    File(PathBuf, #[source] Option<IssuanceError>),
    /// The authorities could not be made.
    #[error("{0}")]
    Issuance(#[source] IssuanceError),
}

/// Makes authorities from a seed and writes them into a new folder. `made` is called after each key, and can end it.
///
/// # Errors
/// [`CaFolderError`]; nothing is left behind then.
pub fn init(folder: &Path, seed: &[u8; 32], not_before: DateTime, made: KeyMade<'_>) -> Result<(), CaFolderError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| CaFolderError::Io(path, error)
    };
    if folder.symlink_metadata().is_ok() {
        return Err(CaFolderError::Exists(folder.to_owned()));
    }
    let parent = match folder.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut files = authorities::establish(seed, not_before, made).map_err(CaFolderError::Issuance)?;
    let making = UnfinishedFolder::beside(folder).map_err(io(parent))?;
    let description = format!(
        "# Certificate authorities for virtual My Number Cards, for tests only: not issued by J-LIS, trusted by nobody.\n\
         # The keys here are secret; whoever has them can issue cards in the name of these authorities.\n\
         format = {FORMAT}\n\
         begin = \"{not_before}\"\n"
    );
    files.insert(DESCRIPTION.to_owned(), Zeroizing::new(description.into_bytes()));
    for (path, bytes) in &files {
        // The folder that was asked for is named, because the hidden one means nothing to the user.
        write_private(&making.path().join(path), bytes).map_err(io(&folder.join(path)))?;
    }
    making.put(folder).map_err(io(folder))
}

/// Takes up the authorities in a folder.
///
/// # Errors
/// [`CaFolderError`].
pub fn open(folder: &Path) -> Result<Authorities, CaFolderError> {
    let files = read(folder, authorities::paths())?;
    Authorities::take_up(&files).map_err(|fault| in_folder(folder, fault))
}

/// Takes up the authorities in a folder that certify cardholders' keys, and reads no other key.
///
/// # Errors
/// [`CaFolderError`].
pub fn open_certifying(folder: &Path) -> Result<Vec<Authority>, CaFolderError> {
    let files = read(folder, authorities::certifying_paths())?;
    authorities::certifying(&files).map_err(|fault| in_folder(folder, fault))
}

fn in_folder(folder: &Path, AuthoritiesError { path, error }: AuthoritiesError) -> CaFolderError {
    CaFolderError::File(folder.join(path), error)
}

/// The files of a folder of authorities that are there.
fn read(folder: &Path, paths: impl Iterator<Item = String>) -> Result<Files, CaFolderError> {
    let path = folder.join(DESCRIPTION);
    let text = vmyna_files::read_text(&path, LONGEST_FILE).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => CaFolderError::NoCaFolder(folder.to_owned()),
        _ => CaFolderError::Io(path.clone(), error),
    })?;
    let description: toml::Table = text.parse().map_err(|_| CaFolderError::NoCaFolder(folder.to_owned()))?;
    match description.get("format").and_then(toml::Value::as_integer) {
        Some(FORMAT) => {}
        Some(newer) if newer > FORMAT => return Err(CaFolderError::Newer(folder.to_owned(), newer)),
        _ => return Err(CaFolderError::NoCaFolder(folder.to_owned())),
    }
    let mut files = Files::new();
    for path in paths {
        match vmyna_files::read(&folder.join(&path), LONGEST_FILE) {
            Ok(bytes) => drop(files.insert(path, Zeroizing::new(bytes))),
            // Which of them are needed is known where they are.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(CaFolderError::Io(folder.join(path), error)),
        }
    }
    Ok(files)
}

/// A file that only its owner can read, on stable storage.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = std::fs::OpenOptions::new();
    file.write(true).create_new(true);
    if let Some(folder) = path.parent() {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    let mut file = file.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests;
