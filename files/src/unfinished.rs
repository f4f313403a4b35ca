//! Files and folders that are written under a hidden name, `.vmyna-` and six letters or digits, and get their own name when
//! they are whole and on stable storage.
//!
//! The process that makes one has a lock on it until it ends. What is not locked was left by a killed process, and is removed
//! when the same user makes the next one beside it. Must never remove what another user or a living process has made.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use tempfile::{NamedTempFile, TempDir};

use crate::folder_of;

/// How hidden names begin; those of folders continue with [`FOLDER`].
const PREFIX: &str = ".vmyna-";
const FOLDER: &str = "ca-";
/// How many random letters and digits follow.
const RANDOM: usize = 6;
/// The most names of a folder among which those of killed processes are looked for.
const MOST_NAMES: usize = 100_000;

/// A file that is being written. It is removed when it is dropped.
#[derive(Debug)]
pub struct Unfinished(pub(crate) NamedTempFile);

impl Unfinished {
    /// Begins the file of that path: beside it, on the same file system, readable by its owner only.
    ///
    /// # Errors
    /// Errors of the system, without the hidden name.
    pub fn beside(path: &Path) -> io::Result<Self> {
        let folder = folder_of(path);
        fs::metadata(folder)?;
        clear(folder);
        loop {
            let made = tempfile::Builder::new()
                .prefix(PREFIX)
                .rand_bytes(RANDOM)
                .tempfile_in(folder);
            let file = made.map_err(without_name)?;
            // Before it was locked, another process may have taken it for one that was left.
            if lock(file.as_file()) && is_at(file.as_file(), file.path()) {
                return Ok(Self(file));
            }
        }
    }

    /// Gives the file its name when it is on stable storage. A file of that name is replaced.
    ///
    /// # Errors
    /// Errors of the system, without the hidden name.
    pub fn put(self, path: &Path) -> io::Result<()> {
        self.0.as_file().sync_all()?;
        self.0.persist(path).map_err(|error| error.error)?;
        sync(folder_of(path))
    }

    /// Gives the file its name when it is on stable storage, if there is no file of that name.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`], and errors of the system, without the hidden name.
    pub fn put_new(self, path: &Path) -> io::Result<()> {
        self.0.as_file().sync_all()?;
        self.0.persist_noclobber(path).map_err(|error| error.error)?;
        sync(folder_of(path))
    }
}

// The errors of `NamedTempFile` name the hidden file, those of `File` do not.
impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.as_file_mut().flush()
    }
}

impl Seek for Unfinished {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.as_file_mut().seek(to)
    }
}

/// A folder that is being filled. It is removed when it is dropped.
#[derive(Debug)]
pub struct UnfinishedFolder {
    folder: TempDir,
    /// Locked until the folder has its name.
    #[cfg(unix)]
    _lock: File,
}

impl UnfinishedFolder {
    /// Begins the folder of that path, which only its owner can enter.
    ///
    /// # Errors
    /// Errors of the system, without the hidden name.
    pub fn beside(path: &Path) -> io::Result<Self> {
        let parent = folder_of(path);
        fs::metadata(parent)?;
        clear(parent);
        let prefix = format!("{PREFIX}{FOLDER}");
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).rand_bytes(RANDOM);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        loop {
            let folder = builder.tempdir_in(parent).map_err(without_name)?;
            #[cfg(unix)]
            match File::open(folder.path()) {
                Ok(opened) if lock(&opened) && is_at(&opened, folder.path()) => {
                    return Ok(Self { folder, _lock: opened });
                }
                // Another process has taken it for one that was left.
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            #[cfg(not(unix))]
            return Ok(Self { folder });
        }
    }

    /// Where to put files.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Gives the folder its name. Replaces an empty folder and nothing else.
    ///
    /// # Errors
    /// Errors of the system; then the folder is removed.
    pub fn put(self, path: &Path) -> io::Result<()> {
        fs::rename(self.folder.path(), path)?;
        let _ = self.folder.keep();
        sync(folder_of(path))
    }
}

/// The error as the system gave it: the library's message names the hidden file.
fn without_name(error: io::Error) -> io::Error {
    let system = error.get_ref().and_then(|inner| {
        let inner: &(dyn std::error::Error + 'static) = inner;
        inner.source()?.downcast_ref::<io::Error>()?.raw_os_error()
    });
    match system.or(error.raw_os_error()) {
        Some(code) => io::Error::from_raw_os_error(code),
        None => error.kind().into(),
    }
}

/// A name is on stable storage when its folder is. A folder that the user may write and not read is left to the system.
fn sync(folder: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(folder) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        folder => folder?.sync_all(),
    }
}

/// Locks the file for this process. A file system without locks counts as locked: nothing is ever removed there.
fn lock(file: &File) -> bool {
    match file.try_lock() {
        Ok(()) | Err(fs::TryLockError::Error(_)) => true,
        Err(fs::TryLockError::WouldBlock) => false,
    }
}

/// Removes what killed processes of this user have left in the folder. Errors mean that it stays.
fn clear(folder: &Path) {
    #[cfg(unix)]
    for entry in fs::read_dir(folder).into_iter().flatten().take(MOST_NAMES).flatten() {
        if is_hidden_name(&entry.file_name()) {
            let _ = clear_one(&entry.path());
        }
    }
    #[cfg(not(unix))]
    let _ = (folder, MOST_NAMES);
}

fn is_hidden_name(name: &std::ffi::OsStr) -> bool {
    let random = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
    let random = random.map(|rest| rest.strip_prefix(FOLDER).unwrap_or(rest));
    random.is_some_and(|random| random.len() == RANDOM && random.bytes().all(|letter| letter.is_ascii_alphanumeric()))
}

#[cfg(unix)]
fn clear_one(path: &Path) -> io::Result<()> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
    let is_folder = |path: &Path| {
        let name = path.file_name().and_then(std::ffi::OsStr::to_str);
        name.is_some_and(|name| name.len() == PREFIX.len() + FOLDER.len() + RANDOM)
    };
    let folder = is_folder(path);
    let of_this_user = |there: &fs::Metadata| {
        let kind = if folder {
            there.is_dir()
        } else {
            there.is_file() && there.nlink() == 1
        };
        kind && there.uid() == rustix::process::geteuid().as_raw()
    };
    if !of_this_user(&path.symlink_metadata()?) {
        return Ok(());
    }
    let mut options = OpenOptions::new();
    options.read(true);
    options.custom_flags(
        (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC)
            .bits()
            .cast_signed(),
    );
    let file = options.open(path)?;
    // The lock of a living process, or of one that is clearing as well.
    if !of_this_user(&file.metadata()?) || file.try_lock().is_err() || !is_at(&file, path) {
        return Ok(());
    }
    if folder {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    }
}

/// Whether the path still leads to this file.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let there = path.symlink_metadata();
    let ours = file.metadata();
    matches!((there, ours), (Ok(there), Ok(ours)) if (there.dev(), there.ino()) == (ours.dev(), ours.ino()))
}

#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}
