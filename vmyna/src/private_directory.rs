//! A directory for sockets that only this user can enter. Its path is short. Dropping it removes it; if its process was
//! killed, a later process removes it.
//!
//! Its name carries the process id and start time of its process, so that a reused process id is not mistaken for it. Must
//! never remove anything else: only a directory of this user and of this name, without a running process and without a
//! listener, and in it only the known sockets.

use std::fs::{self, DirBuilder, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use vmyna_pcsc_service::{connect, control, lock_beside};

const PREFIX: &str = "vmyna-";

/// The PC/SC socket's name in the directory.
const SOCKET: &str = "pcsc";

/// The name of the socket by which a card in use is reached.
const CARD_SOCKET: &str = "card";

/// The longest path of a base directory: the rest of a socket's path needs the other bytes.
const LONGEST_BASE: usize = 50;

/// A directory without a socket may be about to get one.
const SETTLED: Duration = Duration::from_secs(60);

/// The limit of a connection that only checks whether a process listens.
const GLANCE: Duration = Duration::from_millis(500);

/// A directory for sockets that only this user can enter.
#[derive(Debug)]
pub struct PrivateDirectory(PathBuf);

impl PrivateDirectory {
    /// Creates one in `XDG_RUNTIME_DIR` if only this user can enter that, otherwise in `/tmp`.
    ///
    /// # Errors
    /// When neither can be written to.
    pub fn create() -> io::Result<PrivateDirectory> {
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let private = |path: &PathBuf| {
            let there = fs::metadata(path);
            path.as_os_str().len() <= LONGEST_BASE
                && there.is_ok_and(|it| it.is_dir() && Some(it.uid()) == own_user() && it.mode() & 0o077 == 0)
        };
        if let Some(runtime) = runtime.filter(private)
            && let Ok(directory) = Self::create_in(&runtime)
        {
            return Ok(directory);
        }
        Self::create_in(Path::new("/tmp")).map_err(|error| {
            let runtime = "XDG_RUNTIME_DIR names no usable folder of this user alone";
            io::Error::new(error.kind(), format!("/tmp: {error}, and {runtime}"))
        })
    }

    /// Creates one in `base`.
    ///
    /// # Errors
    /// When `base` can't be written to.
    fn create_in(base: &Path) -> io::Result<PrivateDirectory> {
        let pid = std::process::id();
        let start = start_time(&pid.to_string()).unwrap_or_default();
        let mut number = 0;
        loop {
            let path = base.join(format!("{PREFIX}{pid}-{start}-{number}"));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(PrivateDirectory(path)),
                // Another one of this process, or a file of another user with a guessed name.
                Err(error) if error.kind() == ErrorKind::AlreadyExists && number < 1000 => number += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// The path of the PC/SC socket.
    pub fn socket(&self) -> PathBuf {
        self.0.join(SOCKET)
    }

    /// The path of the socket by which other processes reach a card in use by this one.
    pub fn card_socket(&self) -> PathBuf {
        self.0.join(CARD_SOCKET)
    }

    /// The PC/SC sockets of this user's running services, in the directories that [`PrivateDirectory::create`] uses. A process
    /// whose card is in a reader of pcscd counts too: it has no such socket, but the control socket beside it.
    pub fn running() -> Vec<PathBuf> {
        let sockets = bases().into_iter().flat_map(|base| candidates(&base));
        let listened = |path: &PathBuf| match connect(&control::path_beside(path), GLANCE) {
            Ok(_) => true,
            // It is stopped, and its queue is full.
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        };
        sockets.map(|(path, _)| path.join(SOCKET)).filter(listened).collect()
    }

    /// The user of this process; `None` if unknown.
    pub fn user() -> Option<u32> {
        // Without /proc: the owner of a new directory.
        let made = || fs::metadata(&Self::create_in(&std::env::temp_dir()).ok()?.0).ok();
        own_user().or_else(|| Some(made()?.uid()))
    }

    /// Removes the directories of killed processes. Many of them take some milliseconds.
    pub fn remove_stale() {
        bases().iter().for_each(|base| Self::remove_stale_in(base));
    }

    /// Removes those in `base`.
    fn remove_stale_in(base: &Path) {
        for (path, metadata) in candidates(base) {
            if !is_owned(&path) && is_abandoned(&path, &metadata) {
                // An unknown file stays, and the directory with it.
                remove(&path);
            }
        }
    }
}

impl Drop for PrivateDirectory {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

fn bases() -> Vec<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    runtime.into_iter().chain([PathBuf::from("/tmp")]).collect()
}

fn remove(directory: &Path) {
    let control = format!("{SOCKET}{}", control::SUFFIX);
    for name in [SOCKET, &control, CARD_SOCKET] {
        let _ = fs::remove_file(directory.join(name));
        // Left by a process that was killed at the moment it made the socket.
        let _ = fs::remove_file(lock_beside(&directory.join(name)));
    }
    let _ = fs::remove_dir(directory);
}

/// This user's directories with a name of this form.
fn candidates(base: &Path) -> Vec<(PathBuf, Metadata)> {
    let entries = fs::read_dir(base).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| parts(&entry.path()).is_some());
    let with_metadata = ours.filter_map(|entry| Some((entry.path(), fs::symlink_metadata(entry.path()).ok()?)));
    with_metadata
        .filter(|(_, it)| it.is_dir() && Some(it.uid()) == own_user())
        .collect()
}

/// Process id and start time in a directory's name.
fn parts(path: &Path) -> Option<(String, String)> {
    let mut parts = path.file_name()?.to_str()?.strip_prefix(PREFIX)?.split('-');
    let number =
        |text: &str| (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.to_owned());
    let (pid, start) = (number(parts.next()?)?, number(parts.next()?)?);
    number(parts.next()?)?;
    parts.next().is_none().then_some((pid, start))
}

fn is_owned(path: &Path) -> bool {
    parts(path).is_some_and(|(pid, start)| start_time(&pid).is_some_and(|running| running == start))
}

/// Whether no process listens there. A process in another container that shares `/tmp` can't be seen here, but its socket
/// answers.
fn is_abandoned(path: &Path, metadata: &Metadata) -> bool {
    let mut refused = false;
    let control = format!("{SOCKET}{}", control::SUFFIX);
    for socket in [SOCKET, CARD_SOCKET, &control] {
        match connect(&path.join(socket), GLANCE) {
            Ok(_) => return false,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Err(error) => refused |= error.kind() == ErrorKind::ConnectionRefused,
        }
    }
    refused
        || metadata
            .modified()
            .is_ok_and(|time| SystemTime::now().duration_since(time).is_ok_and(|age| age > SETTLED))
}

fn own_user() -> Option<u32> {
    fs::metadata("/proc/self").map(|it| it.uid()).ok()
}

/// When a process started, in the kernel's own count (proc(5), field 22 of `stat`).
fn start_time(pid: &str) -> Option<String> {
    let stat = vmyna_files::read_text(&Path::new("/proc").join(pid).join("stat"), 4096).ok()?;
    // The name, in parentheses, may contain anything; the start time is the 20th field behind it.
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(19).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;

    fn base(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("dir-{name}-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        path
    }

    #[test]
    fn a_directory_is_private_short_and_removed_by_its_drop() {
        let base = base("private");
        let directory = PrivateDirectory::create_in(&base).unwrap();
        let path = directory.0.clone();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        let second = PrivateDirectory::create_in(&base).unwrap();
        assert_ne!(second.0, path);
        let _socket = UnixListener::bind(directory.socket()).unwrap();
        assert!(PrivateDirectory::create().unwrap().socket().as_os_str().len() <= 100);
        drop((directory, second));
        assert!(!path.exists());
        fs::remove_dir(base).unwrap();
    }

    #[test]
    fn only_directories_of_killed_processes_are_removed() {
        let base = base("stale");
        // No process has a start time of 1: that is the kernel's own.
        let dead = base.join("vmyna-1-1-0");
        let foreign = base.join("vmyna-work");
        let listening = base.join("vmyna-1-2-0");
        let kept = base.join("vmyna-1-3-0");
        let young = base.join("vmyna-1-4-0");
        let dead_card = base.join("vmyna-1-5-0");
        let card_in_use = base.join("vmyna-1-6-0");
        let only_card_in_use = base.join("vmyna-1-7-0");
        let controlled = base.join("vmyna-1-8-0");
        let directories = [
            &foreign,
            &listening,
            &kept,
            &young,
            &card_in_use,
            &only_card_in_use,
            &controlled,
        ];
        for path in directories.into_iter().chain([&dead, &dead_card]) {
            fs::create_dir(path).unwrap();
        }
        drop(UnixListener::bind(dead_card.join(CARD_SOCKET)).unwrap());
        drop(UnixListener::bind(card_in_use.join(SOCKET)).unwrap());
        let _card = UnixListener::bind(card_in_use.join(CARD_SOCKET)).unwrap();
        let _only_card = UnixListener::bind(only_card_in_use.join(CARD_SOCKET)).unwrap();
        drop(UnixListener::bind(controlled.join(CARD_SOCKET)).unwrap());
        let _control = UnixListener::bind(control::path_beside(&controlled.join(SOCKET))).unwrap();
        // Long ago, so that its age does not save it.
        fs::File::open(&only_card_in_use)
            .unwrap()
            .set_modified(SystemTime::UNIX_EPOCH)
            .unwrap();
        drop(UnixListener::bind(dead.join(SOCKET)).unwrap());
        fs::write(lock_beside(&dead.join(SOCKET)), "").unwrap();
        drop(UnixListener::bind(kept.join(SOCKET)).unwrap());
        fs::write(kept.join("letter"), "").unwrap();
        let _listener = UnixListener::bind(listening.join(SOCKET)).unwrap();
        let mine = PrivateDirectory::create_in(&base).unwrap();
        PrivateDirectory::remove_stale_in(&base);
        assert!(!dead.exists() && !dead_card.exists());
        for path in directories.into_iter().chain([&mine.0]) {
            assert!(path.exists(), "{}", path.display());
        }
        drop(mine);
        fs::remove_dir_all(base).unwrap();
    }
}
