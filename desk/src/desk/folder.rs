//! The folder in which the desk keeps the cards that it makes, and its copies of built-in cards: for its owner only, and for
//! one desk at a time.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use vmyna::PrivateDirectory;
use vmyna_apdu::hex;
use vmyna_applets::image::{self, ImageError, RecordError};
use vmyna_applets::issued::{CardName, IssuedCard};

/// What an image's path ends with.
const IMAGE: &str = "vmyna";
const CARDS: &str = "cards";
const SPECIMENS: &str = "specimens";

/// The folder, locked as long as this is there.
pub(super) struct Folder {
    path: PathBuf,
    /// The images that are being made.
    coming: Mutex<HashSet<PathBuf>>,
    _lock: File,
}

/// A name for a new card, and where its image is written. No other card gets it as long as this is there.
pub(super) struct FreeName<'a> {
    pub(super) name: CardName,
    pub(super) path: PathBuf,
    coming: &'a Mutex<HashSet<PathBuf>>,
}

impl Drop for FreeName<'_> {
    fn drop(&mut self) {
        let mut coming = self.coming.lock().unwrap_or_else(PoisonError::into_inner);
        coming.remove(&self.path);
    }
}

/// Why a folder can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// Another desk uses it.
    #[error("another desk uses this folder")]
    InUse,
    /// It is a symbolic link, or no folder.
    #[error("it is no folder")]
    NoFolder,
    /// Another user owns it or can enter it.
    #[error("other users own or can enter it")]
    OpenToOthers,
    /// The system refuses.
    #[error("{0}")]
    System(#[from] io::Error),
}

impl Folder {
    /// Makes the folder if there is none, and locks it.
    pub(super) fn open(path: &Path) -> Result<Self, FolderError> {
        for part in [path.to_owned(), path.join(CARDS), path.join(SPECIMENS)] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&part)
                .map_err(of_folder)?;
            check(&part)?;
        }
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(false).mode(0o600);
        let lock = options.open(path.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FolderError::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        Ok(Self {
            // Cards are named by this path in other processes too.
            path: path.canonicalize()?,
            coming: Mutex::default(),
            _lock: lock,
        })
    }

    /// The images of the cards that were made here, by name.
    pub(super) fn made(&self) -> io::Result<Vec<PathBuf>> {
        let mut images = Vec::new();
        for entry in fs::read_dir(self.path.join(CARDS))? {
            let path = entry?.path();
            if path.extension().is_some_and(|end| end == IMAGE) && name_of(&path).is_some() {
                images.push(path);
            }
        }
        images.sort();
        Ok(images)
    }

    /// This name for a new card, or this name with a number behind it.
    pub(super) fn free_name(&self, wanted: &str) -> Option<FreeName<'_>> {
        let mut coming = self.coming.lock().unwrap_or_else(PoisonError::into_inner);
        let numbered = (2..10_000).map(|number| format!("{wanted}-{number}"));
        let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
        let (name, path) = names.find_map(|name| {
            let path = self.path.join(CARDS).join(format!("{name}.{IMAGE}"));
            let state = path.with_extension(format!("{IMAGE}.state"));
            let there = path.symlink_metadata().is_ok() || state.symlink_metadata().is_ok();
            let free = !there && !coming.contains(&path);
            Some((name.parse().ok().filter(|_| free)?, path))
        })?;
        coming.insert(path.clone());
        Some(FreeName {
            name,
            path,
            coming: &self.coming,
        })
    }

    /// The image with a copy of a built-in card. It is made when it is asked for the first time. A built-in card of another
    /// version of this program is another card, with a state of its own.
    pub(super) fn copy_of(&self, card: &IssuedCard) -> Result<PathBuf, CopyError> {
        let record = card.to_record()?;
        let digest = Sha256::digest(&record);
        let (beginning, _) = digest.split_at(8);
        let name = format!("{}-{}.{IMAGE}", card.name, hex::encode(beginning));
        let path = self.path.join(SPECIMENS).join(name);
        if path.symlink_metadata().is_err() {
            write(&path, card)?;
        }
        Ok(path)
    }

    /// Removes a card that was made here, and its state.
    pub(super) fn discard(&self, image: &Path) -> io::Result<()> {
        let state = image.with_extension(format!("{IMAGE}.state"));
        // The card first: a state without a card does no harm.
        fs::remove_file(image)?;
        match fs::remove_dir_all(state) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Writes the image of one card, whole or not at all.
pub(super) fn write(path: &Path, card: &IssuedCard) -> Result<(), ImageError> {
    let mut file = image::create(path)?;
    file.add(card)?;
    file.finish()
}

/// Why a built-in card can't be copied.
#[derive(Debug, thiserror::Error)]
pub(super) enum CopyError {
    #[error("{0}")]
    Record(#[from] RecordError),
    #[error("{0}")]
    Image(#[from] ImageError),
}

fn name_of(path: &Path) -> Option<CardName> {
    path.file_stem()?.to_str()?.parse().ok()
}

/// A file at the place of a folder.
fn of_folder(error: io::Error) -> FolderError {
    match error.kind() {
        ErrorKind::AlreadyExists | ErrorKind::NotADirectory => FolderError::NoFolder,
        _ => error.into(),
    }
}

fn check(folder: &Path) -> Result<(), FolderError> {
    let there = folder.symlink_metadata()?;
    match PrivateDirectory::user() {
        _ if !there.is_dir() => Err(FolderError::NoFolder),
        Some(user) if user == there.uid() && there.mode() & 0o077 == 0 => Ok(()),
        _ => Err(FolderError::OpenToOthers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    use vmyna::CardSource;

    #[test]
    fn a_folder_is_for_its_owner_and_for_one_desk() {
        let outside = tempfile::tempdir().unwrap();
        let path = outside.path().join("a/desk");
        let folder = Folder::open(&path).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&path.join("lock"))), (0o700, 0o600));
        assert!(matches!(Folder::open(&path), Err(FolderError::InUse)));
        drop(folder);
        Folder::open(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(Folder::open(&path), Err(FolderError::OpenToOthers)));
        std::os::unix::fs::symlink(outside.path(), outside.path().join("link")).unwrap();
        assert!(matches!(
            Folder::open(&outside.path().join("link")),
            Err(FolderError::NoFolder)
        ));
        fs::write(outside.path().join("file"), "").unwrap();
        assert!(matches!(
            Folder::open(&outside.path().join("file")),
            Err(FolderError::NoFolder)
        ));
    }

    #[test]
    fn a_built_in_card_is_copied_once_and_made_cards_are_found_and_discarded() {
        let outside = tempfile::tempdir().unwrap();
        let path = outside.path().join("desk");
        let folder = Folder::open(&path).unwrap();
        let hanako = CardSource::hanako().issued().unwrap();
        let copy = folder.copy_of(&hanako).unwrap();
        let made = fs::metadata(&copy).unwrap().modified().unwrap();
        assert_eq!(folder.copy_of(&hanako).unwrap(), copy);
        assert_eq!(fs::metadata(&copy).unwrap().modified().unwrap(), made);
        let free = folder.free_name("hanako").unwrap();
        assert_eq!(free.name.as_str(), "hanako");
        // Nobody else who makes a card at the same time gets it.
        assert_eq!(folder.free_name("hanako").unwrap().name.as_str(), "hanako-2");
        let image = free.path.clone();
        drop(free);
        write(&image, &hanako).unwrap();
        fs::create_dir(image.with_extension("vmyna.state")).unwrap();
        assert_eq!(folder.free_name("hanako").unwrap().name.as_str(), "hanako-2");
        assert_eq!(folder.made().unwrap(), std::slice::from_ref(&image));
        folder.discard(&image).unwrap();
        assert_eq!(folder.made().unwrap(), [] as [PathBuf; 0]);
        assert_eq!(folder.free_name("hanako").unwrap().path, image);
    }
}
