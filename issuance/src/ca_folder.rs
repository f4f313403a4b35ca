//! A folder with certificate authorities of one's own.
//!
//! It holds private keys, so it is for its owner only (0700, files 0600), and it is written whole or not at all. Its files
//! are those of [`crate::authorities`]. `ca.toml` states the format, so that a later version recognises it, and how many
//! generations count: a generation is there when `ca.toml` counts it, and not before. The authority of mdocs is there when its
//! folder is.

mod description;

use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use der::DateTime;
use vmyna_apdu::ShowPath as _;
use vmyna_files::UnfinishedFolder;
use zeroize::Zeroizing;

use self::description::{DESCRIPTION, Description, FORMAT};
use crate::IssuanceError;
use crate::authorities::{self, Authorities, AuthoritiesError, Files, GENERATIONS, reason};
use crate::keys::KeyMade;
use crate::mdoc::{self, MdocAuthority};
use crate::x509::{Authority, ServiceUrl};

pub use self::description::MOST_GENERATIONS;

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
    /// Its `ca.toml` has a value that it can't have: which.
    #[error("{path}: {1}", path = .0.shown())]
    Description(PathBuf, &'static str),
    /// Another process is making a generation in it.
    #[error("{path}: another process is changing these authorities", path = .0.shown())]
    InUse(PathBuf),
    /// It has as many generations as a folder can have.
    #[error("{path}: authorities have at most {MOST_GENERATIONS} generations", path = .0.shown())]
    TooMany(PathBuf),
    /// A generation would not begin after the one before it: when each begins.
    #[error("{path}: a generation begins after the one before, which begins at {2}: {1} is not after it", path = .0.shown())]
    Begin(PathBuf, DateTime, DateTime),
    /// A file is missing, or is not what it should be: why.
    #[error("{path}: {reason}", path = .0.shown(), reason = reason(.1))]
    File(PathBuf, #[source] Option<IssuanceError>),
    /// The authorities could not be made.
    #[error("{0}")]
    Issuance(#[source] IssuanceError),
}

/// Makes authorities from a seed and writes them into a new folder. Certificates that they issue name `service`, that of the
/// built-in ones without it. `made` is called after each key, and can end it.
///
/// # Errors
/// [`CaFolderError`]; nothing is left behind then.
pub fn init(
    folder: &Path,
    seed: &[u8; 32],
    not_before: DateTime,
    service: Option<&ServiceUrl>,
    made: KeyMade<'_>,
) -> Result<(), CaFolderError> {
    if folder.symlink_metadata().is_ok() {
        return Err(CaFolderError::Exists(folder.to_owned()));
    }
    let parent = match folder.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut files = authorities::establish(seed, not_before, made).map_err(CaFolderError::Issuance)?;
    let making = UnfinishedFolder::beside(folder).map_err(io(parent))?;
    let description = Description {
        begin: Some(not_before),
        service: service.filter(|service| **service != ServiceUrl::default()).cloned(),
        generations: 1,
    };
    files.insert(DESCRIPTION.to_owned(), Zeroizing::new(description.text().into_bytes()));
    let mdoc = MdocAuthority::establish(seed, not_before, &service.cloned().unwrap_or_default());
    files.extend(mdoc.and_then(|mdoc| mdoc.files()).map_err(CaFolderError::Issuance)?);
    fill(&making, &files, folder)?;
    making.put(folder).map_err(io(folder))
}

/// Takes up the authority of mdocs in a folder. A folder that was made before there were mdocs gets one from this seed, which
/// begins with its first generation.
///
/// # Errors
/// [`CaFolderError`]; then the folder has what it had.
pub fn mdoc(folder: &Path, seed: &[u8; 32]) -> Result<MdocAuthority, CaFolderError> {
    if let Some(there) = mdoc_if_there(folder)? {
        return Ok(there);
    }
    let first = open_certifying(folder)?;
    let first = first
        .first()
        .ok_or_else(|| CaFolderError::NoCaFolder(folder.to_owned()))?;
    let made = MdocAuthority::establish(seed, first.begin(), first.service()).map_err(CaFolderError::Issuance)?;
    let files = made.files().map_err(CaFolderError::Issuance)?;
    let own = folder.join(mdoc::FOLDER);
    let making = UnfinishedFolder::beside(&own).map_err(io(folder))?;
    fill(&making, &inside(files, &format!("{}/", mdoc::FOLDER)), &own)?;
    match making.put(&own) {
        Ok(()) => Ok(made),
        // Another process was first.
        Err(error) => mdoc_if_there(folder)?.ok_or(CaFolderError::Io(own, error)),
    }
}

/// Takes up the authority of mdocs in a folder. `None` for a folder that was made before there were mdocs, and has issued
/// none.
///
/// # Errors
/// [`CaFolderError`].
pub fn mdoc_if_there(folder: &Path) -> Result<Option<MdocAuthority>, CaFolderError> {
    let service = Description::read(folder)?.service.unwrap_or_default();
    let own = folder.join(mdoc::FOLDER);
    match own.symlink_metadata() {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(CaFolderError::Io(own, error)),
    }
    let [key, certificate] = mdoc::paths().map(|path| folder.join(path));
    let read = |path: &Path| match vmyna_files::read(path, LONGEST_FILE) {
        Ok(bytes) => Ok(Zeroizing::new(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(CaFolderError::File(path.to_owned(), None)),
        Err(error) => Err(CaFolderError::Io(path.to_owned(), error)),
    };
    let authority = MdocAuthority::resume(&read(&key)?, &read(&certificate)?, &service);
    authority
        .map(Some)
        .map_err(|error| CaFolderError::File(own, Some(error)))
}

/// Files by their path in the folder of this prefix.
fn inside(files: Files, prefix: &str) -> Files {
    let inside = |(path, bytes): (String, _)| (path.strip_prefix(prefix).map(str::to_owned).unwrap_or(path), bytes);
    files.into_iter().map(inside).collect()
}

/// Writes files into a folder that will be `folder`.
fn fill(making: &UnfinishedFolder, files: &Files, folder: &Path) -> Result<(), CaFolderError> {
    for (path, bytes) in files {
        // The folder that was asked for is named, because the hidden one means nothing to the user.
        write_private(&making.path().join(path), bytes).map_err(io(&folder.join(path)))?;
    }
    sync(making.path()).map_err(io(folder))
}

/// Makes a new generation of the authorities in a folder, which begins at `begin`. Their name stays, their keys are new.
/// `made` is called after each key, and can end it. Returns the generation's number.
///
/// # Errors
/// [`CaFolderError`]; then the folder has the generations that it had.
pub fn rollover(folder: &Path, seed: &[u8; 32], begin: DateTime, made: KeyMade<'_>) -> Result<i64, CaFolderError> {
    // A description that is replaced can't be locked, so the folder is.
    let lock = File::open(folder).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => CaFolderError::NoCaFolder(folder.to_owned()),
        _ => CaFolderError::Io(folder.to_owned(), error),
    })?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(CaFolderError::InUse(folder.to_owned())),
        Err(TryLockError::Error(error)) => return Err(CaFolderError::Io(folder.to_owned(), error)),
    }
    let mut description = Description::read(folder)?;
    if let Some(newest) = open_certifying(folder)?.last().map(Authority::begin)
        && begin <= newest
    {
        return Err(CaFolderError::Begin(folder.to_owned(), begin, newest));
    }
    if description.generations >= MOST_GENERATIONS {
        return Err(CaFolderError::TooMany(folder.to_owned()));
    }
    description.generations += 1;
    let name = description.generations.to_string();
    let files = authorities::new_generation(seed, &name, begin, made).map_err(CaFolderError::Issuance)?;
    let files = inside(files, &format!("{GENERATIONS}/{name}/"));
    let all = folder.join(GENERATIONS);
    let own = all.join(&name);
    make_private(&all).map_err(io(&all))?;
    sync(folder).map_err(io(folder))?;
    let making = UnfinishedFolder::beside(&own).map_err(io(&all))?;
    fill(&making, &files, &own)?;
    // A process that was killed before the description counted its generation has left it.
    match std::fs::remove_dir_all(&own) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(CaFolderError::Io(own, error)),
        _ => {}
    }
    making.put(&own).map_err(io(&own))?;
    let path = folder.join(DESCRIPTION);
    vmyna_files::replace(&path, description.text().as_bytes()).map_err(io(&path))?;
    Ok(description.generations)
}

/// An error of the system at a path.
fn io(path: &Path) -> impl FnOnce(io::Error) -> CaFolderError + use<> {
    let path = path.to_owned();
    move |error| CaFolderError::Io(path, error)
}

/// Takes up the authorities in a folder.
///
/// # Errors
/// [`CaFolderError`].
pub fn open(folder: &Path) -> Result<Authorities, CaFolderError> {
    let (files, service) = read(folder, authorities::paths())?;
    let authorities = Authorities::take_up(&files).map_err(|fault| in_folder(folder, fault))?;
    Ok(authorities.with_service(&service))
}

/// The files of the authorities in a folder, private keys included, and the address of their services: for a caller that makes
/// what an authority would not issue.
///
/// # Errors
/// [`CaFolderError`].
pub fn files(folder: &Path) -> Result<(Files, ServiceUrl), CaFolderError> {
    read(folder, authorities::paths())
}

/// Takes up the authorities in a folder that certify cardholders' keys, of every generation, the newest last, and reads no
/// other key.
///
/// # Errors
/// [`CaFolderError`].
pub fn open_certifying(folder: &Path) -> Result<Vec<Authority>, CaFolderError> {
    let (files, service) = read(folder, authorities::certifying_paths())?;
    let all = authorities::certifying(&files).map_err(|fault| in_folder(folder, fault))?;
    Ok(all
        .into_iter()
        .map(|authority| authority.with_service(service.clone()))
        .collect())
}

/// How many generations a folder counts: another number than before means that [`open_certifying`] returns others.
///
/// # Errors
/// [`CaFolderError`].
pub fn generations(folder: &Path) -> Result<i64, CaFolderError> {
    Ok(Description::read(folder)?.generations)
}

fn in_folder(folder: &Path, AuthoritiesError { path, error }: AuthoritiesError) -> CaFolderError {
    CaFolderError::File(folder.join(path), error)
}

/// The files of a folder of authorities that are there, those of its generations all, and the address of its services.
fn read(folder: &Path, paths: impl Iterator<Item = String>) -> Result<(Files, ServiceUrl), CaFolderError> {
    let description = Description::read(folder)?;
    let mut files = Files::new();
    let mut take = |path: String, needed: bool| {
        match vmyna_files::read(&folder.join(&path), LONGEST_FILE) {
            Ok(bytes) => drop(files.insert(path, Zeroizing::new(bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound && needed => {
                return Err(CaFolderError::File(folder.join(path), None));
            }
            // Which of them are needed is known where they are.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(CaFolderError::Io(folder.join(path), error)),
        }
        Ok(())
    };
    for path in paths {
        take(path, false)?;
    }
    for number in 2..=description.generations {
        for path in authorities::generation_paths(&number.to_string()) {
            take(path, true)?;
        }
    }
    Ok((files, description.service.unwrap_or_default()))
}

/// A file that only its owner can read, on stable storage.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = std::fs::OpenOptions::new();
    file.write(true).create_new(true);
    if let Some(folder) = path.parent() {
        make_private(folder)?;
    }
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    let mut file = file.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    path.parent().map_or(Ok(()), sync)
}

/// A folder that only its owner can enter, if there is none.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Puts the names in a folder on stable storage.
fn sync(folder: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => File::open(folder)?.sync_all(),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests;
