//! Sockets in the file system: one that listens for this user alone, its end, and how another process reaches it.
//!
//! Whoever makes or removes a socket holds its folder's lock for that moment. So of two who want the same path at once one
//! gets it, and nobody's socket is taken for one that was left behind because it does not listen yet, or not any more.
//! Must never wait without a limit: neither for that lock nor for a process that was stopped.

use super::service::{CONNECTIONS, LONGEST_PATH, ServiceError};
use socket2::{Domain, SockAddr, Socket, Type};
use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long the folder's lock is waited for; it is held for less than a millisecond.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// A listening socket at `path` that only this user can connect to; in place of one that nobody listens on any more.
///
/// # Errors
/// [`ServiceError`]
pub(super) fn listen(path: &Path) -> Result<UnixListener, ServiceError> {
    if path.as_os_str().len() > LONGEST_PATH {
        return Err(ServiceError::PathTooLong(path.to_owned()));
    }
    let fault = |error| ServiceError::Socket(path.to_owned(), error);
    let _lock = lock_folder(path).map_err(fault)?;
    if let Ok(there) = fs::symlink_metadata(path) {
        let refused = |error: io::Error| error.kind() == ErrorKind::ConnectionRefused;
        if !there.file_type().is_socket() || !connect(path, LOCK_PATIENCE).is_err_and(refused) {
            return Err(ServiceError::Occupied(path.to_owned()));
        }
        let _ = fs::remove_file(path);
    }
    let bound = || -> io::Result<UnixListener> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.bind(&SockAddr::unix(path)?)?;
        // Before anybody can connect.
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        socket.listen(i32::try_from(CONNECTIONS).unwrap_or(i32::MAX))?;
        Ok(UnixListener::from(OwnedFd::from(socket)))
    };
    bound().map_err(fault)
}

/// Wakes whoever accepts connections at `path`, which is to end, and removes the socket.
pub(super) fn close(path: &Path) {
    // Without the lock it is removed all the same: a path left behind would be in everybody's way.
    let _lock = lock_folder(path);
    // Fails only when the listener has gone.
    drop(connect(path, LOCK_PATIENCE));
    let _ = fs::remove_file(path);
}

/// Connects to the socket at `path` within `patience`; a process that was stopped accepts nothing, and its queue may be
/// full.
///
/// # Errors
/// [`ErrorKind::WouldBlock`] when the time is over, and from the system.
pub fn connect(path: &Path, patience: Duration) -> io::Result<UnixStream> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // For a Unix socket it is the limit for connecting too.
    socket.set_write_timeout(Some(patience))?;
    socket.connect(&SockAddr::unix(path)?)?;
    socket.set_write_timeout(None)?;
    Ok(UnixStream::from(OwnedFd::from(socket)))
}

/// Locks the folder of `path` until the outcome is dropped. `None` where that can't be done: the folder may be entered but
/// not read, or lies on a network file system without such locks.
///
/// # Errors
/// Another program keeps it locked.
fn lock_folder(path: &Path) -> io::Result<Option<File>> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let Ok(folder) = File::open(folder) else {
        return Ok(None);
    };
    let begin = Instant::now();
    loop {
        match folder.try_lock() {
            Ok(()) => return Ok(Some(folder)),
            Err(TryLockError::WouldBlock) if begin.elapsed() < LOCK_PATIENCE => {
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(
                    ErrorKind::WouldBlock,
                    "another program keeps its folder locked",
                ));
            }
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
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
    fn of_many_who_want_the_same_stale_socket_at_once_one_gets_it_and_can_be_reached() {
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
            // Dropped without `close`: it is stale again.
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_queue_that_stays_full_is_not_waited_at_for_ever() {
        let folder = folder("full");
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        let path = folder.join("full");
        socket.bind(&SockAddr::unix(&path).unwrap()).unwrap();
        socket.listen(0).unwrap();
        let patience = Duration::from_millis(100);
        let first = connect(&path, patience).unwrap();
        assert_eq!(connect(&path, patience).unwrap_err().kind(), ErrorKind::WouldBlock);
        drop((first, socket));
        fs::remove_dir_all(folder).unwrap();
    }
}
