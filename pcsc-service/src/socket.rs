//! Sockets in the file system: a socket that listens for this user alone, its end, and a connection to one.
//!
//! A process locks a file beside a socket while it creates or removes the socket. Of two processes of a user that want one
//! path at the same time, one therefore gets it. A socket that does not listen yet, or no longer, is not mistaken for a stale
//! one. Only this user can open the lock file, because a lock on a file that others can open, such as the folder, lets them
//! keep the service from starting. Must never wait without a limit, neither for that lock nor for a stopped process.

use crate::error::{LONGEST_PATH, ServiceError};
use crate::options::CONNECTIONS;
use socket2::{Domain, SockAddr, SockRef, Socket, Type};
use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use vmyna_apdu::ShowPath as _;

/// What the lock file's path has behind that of the socket.
const LOCK_SUFFIX: &str = ".lock";

/// The limit of the wait for the lock. On Linux the lock is held for less than a millisecond, elsewhere for at
/// most [`WAKING`].
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// The limit for waking a thread by a connection to it.
const WAKING: Duration = Duration::from_secs(1);

/// A socket that listens, and its path.
pub(crate) struct Listening {
    listener: Arc<UnixListener>,
    path: PathBuf,
    /// Device and number of its inode. They distinguish it from another socket at the same path.
    identity: (u64, u64),
}

impl Listening {
    /// Accepts connections; fails from [`Self::close`] on.
    pub(crate) fn listener(&self) -> Arc<UnixListener> {
        Arc::clone(&self.listener)
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Wakes the thread that accepts connections, which must check whether to end. Removes the socket if the file at its
    /// path is still this one.
    pub(crate) fn close(&self) {
        // Without the lock it is removed all the same: a path left behind would block the next service.
        let _lock = Lock::take(&self.path);
        // Linux wakes the thread by this, even if the path is gone. Other systems refuse it and need a connection.
        if SockRef::from(&*self.listener).shutdown(Shutdown::Both).is_err() {
            drop(connect(&self.path, WAKING));
        }
        if identity(&self.path).is_ok_and(|found| found == self.identity) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A listening socket at `path` that only this user can connect to. It replaces a stale socket.
///
/// # Errors
/// [`ServiceError`]
pub(crate) fn listen(path: &Path) -> Result<Listening, ServiceError> {
    if path.as_os_str().len() > LONGEST_PATH {
        return Err(ServiceError::PathTooLong(path.to_owned()));
    }
    let fault = |error| ServiceError::Socket(path.to_owned(), error);
    let _lock = Lock::take(path).map_err(fault)?;
    if let Ok(there) = fs::symlink_metadata(path) {
        if !there.file_type().is_socket() || is_in_use(path) {
            return Err(ServiceError::Occupied(path.to_owned()));
        }
        let _ = fs::remove_file(path);
    }
    let bound = || -> io::Result<Listening> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.bind(&SockAddr::unix(path)?)?;
        // Before a process can connect.
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        socket.listen(i32::try_from(CONNECTIONS).unwrap_or(i32::MAX))?;
        Ok(Listening {
            listener: Arc::new(UnixListener::from(OwnedFd::from(socket))),
            path: path.to_owned(),
            identity: identity(path)?,
        })
    };
    bound().map_err(fault)
}

/// Whether a process listens at `path`, also if it accepts no connection at the moment.
fn is_in_use(path: &Path) -> bool {
    let attempt = || -> io::Result<()> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        // No wait at a full queue: other processes wait for the lock.
        socket.set_nonblocking(true)?;
        socket.connect(&SockAddr::unix(path)?)
    };
    !attempt().is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let there = fs::symlink_metadata(path)?;
    Ok((there.dev(), there.ino()))
}

/// Connects to the socket at `path` within `patience`. A stopped process accepts no connection, and its queue may be full.
///
/// # Errors
/// [`ErrorKind::WouldBlock`] when the time is over, and errors of the system.
pub fn connect(path: &Path, patience: Duration) -> io::Result<UnixStream> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // For a Unix socket it is the limit for connecting too.
    socket.set_write_timeout(Some(patience))?;
    socket.connect(&SockAddr::unix(path)?)?;
    socket.set_write_timeout(None)?;
    Ok(UnixStream::from(OwnedFd::from(socket)))
}

/// The path of the lock file of the socket at `path`. It exists only while a process creates or removes the socket.
pub fn lock_beside(path: &Path) -> PathBuf {
    let mut lock = path.as_os_str().to_owned();
    lock.push(LOCK_SUFFIX);
    lock.into()
}

/// The lock of a socket's path. Dropping it removes its file.
struct Lock {
    path: PathBuf,
    /// `None` where there is no lock.
    file: Option<File>,
}

impl Lock {
    /// Waits for the lock of `path`. There is none in a folder where no file can be made, on a file system without such
    /// locks, and where another user has put a file at the path of the lock.
    ///
    /// # Errors
    /// Another process of this user keeps the path locked.
    fn take(path: &Path) -> io::Result<Lock> {
        let path = lock_beside(path);
        let begin = Instant::now();
        loop {
            let Some(file) = open_own(&path) else {
                return Ok(Lock { path, file: None });
            };
            match file.try_lock() {
                // The process that had the lock may have removed the file in between: then it locks nothing.
                Ok(()) if is_at(&file, &path) => {
                    return Ok(Lock { path, file: Some(file) });
                }
                Ok(()) => continue,
                Err(TryLockError::WouldBlock) if begin.elapsed() < LOCK_PATIENCE => {
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(io::Error::new(
                        ErrorKind::WouldBlock,
                        format!("another process keeps {} locked", path.shown()),
                    ));
                }
                Err(TryLockError::Error(_)) => return Ok(Lock { path, file: None }),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.file.as_ref().is_some_and(|file| is_at(file, &self.path)) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Opens or makes an empty file that only this user can open, and so lock. `None` when something else is there: a file that
/// another user can open, or one with content, which is not to be removed.
fn open_own(path: &Path) -> Option<File> {
    let mut options = OpenOptions::new();
    // A link is not followed, and opening a FIFO does not wait.
    options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let file = options
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .ok()?;
    let there = file.metadata().ok()?;
    let own = there.uid() == rustix::process::geteuid().as_raw() && there.mode() & 0o077 == 0;
    (there.is_file() && there.len() == 0 && own).then_some(file)
}

/// Whether this is the file at `path`.
fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(held), Ok(there)) = (file.metadata(), fs::symlink_metadata(path)) else {
        return false;
    };
    (held.dev(), held.ino()) == (there.dev(), there.ino())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    /// A new folder with a socket that was left behind.
    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("socket-{name}-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        drop(UnixListener::bind(folder.join("s")).unwrap());
        folder
    }

    #[test]
    fn one_of_many_gets_the_same_stale_socket_and_can_be_reached() {
        let folder = folder("race");
        let path = folder.join("s");
        for _ in 0..100 {
            let start = Barrier::new(4);
            let attempt = || {
                start.wait();
                listen(&path)
            };
            let outcomes: Vec<_> = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..4).map(|_| scope.spawn(attempt)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            let refused = |outcome: &&Result<_, _>| matches!(outcome, Err(ServiceError::Occupied(_)));
            assert_eq!(outcomes.iter().filter(refused).count(), 3);
            assert!(connect(&path, LOCK_PATIENCE).is_ok());
            // Dropped without `close` it is stale again, as soon as no program that another test starts has a copy of it:
            // such a copy lives from the fork to the exec.
            drop(outcomes);
            let end = Instant::now() + LOCK_PATIENCE;
            while is_in_use(&path) {
                assert!(Instant::now() < end, "a socket that was dropped is in use");
                std::thread::yield_now();
            }
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_accepting_thread_wakes_although_the_path_is_gone() {
        let folder = folder("gone");
        let path = folder.join("s");
        for successor in [false, true] {
            let listening = listen(&path).unwrap();
            let listener = listening.listener();
            let accepting = std::thread::spawn(move || listener.accept().map(drop));
            fs::remove_file(&path).unwrap();
            let next = successor.then(|| listen(&path).unwrap());
            listening.close();
            assert!(accepting.join().unwrap().is_err());
            if let Some(next) = next {
                assert!(is_in_use(&path));
                next.close();
            }
            assert!(!path.exists());
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_lock_of_another_program_on_the_folder_keeps_no_socket_from_being_made() {
        let folder = folder("locked");
        let other = File::open(&folder).unwrap();
        other.lock().unwrap();
        let begin = Instant::now();
        let listening = listen(&folder.join("s")).unwrap();
        listening.close();
        assert!(begin.elapsed() < LOCK_PATIENCE);
        // Nothing is left.
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::remove_dir_all(folder).unwrap();
    }

    /// A file that others can open, a link, a FIFO or a file with content is neither waited for nor removed.
    #[test]
    fn what_is_at_the_path_of_the_lock_and_no_lock_is_left_alone() {
        let folder = folder("squatted");
        let (path, lock) = (folder.join("s"), lock_beside(&folder.join("s")));
        let target = folder.join("target");
        let make: [&dyn Fn(); 5] = [
            &|| {
                fs::write(&lock, "").unwrap();
                fs::set_permissions(&lock, Permissions::from_mode(0o644)).unwrap();
            },
            &|| {
                fs::write(&lock, "content").unwrap();
                fs::set_permissions(&lock, Permissions::from_mode(0o600)).unwrap();
            },
            &|| std::os::unix::fs::symlink(&target, &lock).unwrap(),
            &|| {
                let made = std::process::Command::new("mkfifo").arg(&lock).status();
                assert!(made.unwrap().success());
            },
            &|| fs::create_dir(&lock).unwrap(),
        ];
        for make in make {
            make();
            let before = identity(&lock).unwrap();
            // A lock that is held would be waited for.
            let held = fs::symlink_metadata(&lock).unwrap().is_file();
            let held = held.then(|| File::open(&lock).unwrap());
            held.iter().for_each(|held| held.lock().unwrap());
            let begin = Instant::now();
            listen(&path).unwrap().close();
            assert!(begin.elapsed() < LOCK_PATIENCE);
            assert_eq!(identity(&lock).unwrap(), before);
            fs::remove_file(&lock).or_else(|_| fs::remove_dir(&lock)).unwrap();
        }
        assert!(!target.exists());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_lock_file_that_a_killed_process_left_is_used_and_removed() {
        let folder = folder("left");
        let (path, lock) = (folder.join("s"), lock_beside(&folder.join("s")));
        drop(open_own(&lock).unwrap());
        listen(&path).unwrap().close();
        assert!(!lock.exists());
        // A process that holds it is waited for.
        let held = open_own(&lock).unwrap();
        held.lock().unwrap();
        let waiting = std::thread::spawn(move || listen(&path).map(|listening| listening.close()));
        std::thread::sleep(Duration::from_millis(50));
        assert!(!waiting.is_finished());
        held.unlock().unwrap();
        waiting.join().unwrap().unwrap();
        fs::remove_dir_all(folder).unwrap();
    }

    /// A socket that listens with a queue for one connection, and accepts none.
    fn narrow(path: &Path) -> Socket {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        socket.bind(&SockAddr::unix(path).unwrap()).unwrap();
        socket.listen(0).unwrap();
        socket
    }

    #[test]
    fn a_socket_with_a_full_queue_is_in_use() {
        let folder = folder("busy");
        let path = folder.join("busy");
        let socket = narrow(&path);
        let _first = UnixStream::connect(&path).unwrap();
        assert!(is_in_use(&path) && !is_in_use(&folder.join("s")));
        drop(socket);
        assert!(!is_in_use(&path));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_wait_at_a_full_queue_has_a_limit() {
        let folder = folder("full");
        let path = folder.join("full");
        let socket = narrow(&path);
        let patience = Duration::from_millis(100);
        let first = connect(&path, patience).unwrap();
        assert_eq!(connect(&path, patience).unwrap_err().kind(), ErrorKind::WouldBlock);
        drop((first, socket));
        fs::remove_dir_all(folder).unwrap();
    }
}
