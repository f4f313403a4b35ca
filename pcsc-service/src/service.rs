//! The service: a socket, a thread for each client, and an end that leaves nothing behind.
//!
//! Serves [`CONNECTIONS`] at a time and closes any more at once, so that memory and threads are bounded. Must never wait
//! for a client.

use crate::feature::PinPad;
use crate::message::{NAME, READERS, ReaderEntry};
use crate::readers::{NotMoved, Observer, Readers};
use crate::session::{Extras, Session};
use crate::socket::{Listening, listen};
use std::fmt;
use std::io;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use vmyna_apdu::Icc;

/// Connections that are served at the same time; pcscd serves 200. A context of PC/SC is a connection.
pub const CONNECTIONS: usize = 256;

/// The longest path of a socket, in bytes; clients cut a longer one and find nothing there.
pub const LONGEST_PATH: usize = 107;

/// How long pcscd leaves a card powered in a reader that tells it of insertions (`PCSCLITE_POWER_OFF_GRACE_PERIOD`).
/// In a reader that it polls, as vpcd's, it was measured to be 0.4 to 0.8 seconds.
pub const GRACE: Duration = Duration::from_secs(5);

/// What a service is to be like.
pub struct Options {
    /// The names of the readers: 1 to 16, different, of 1 to 127 bytes without control characters.
    pub readers: Vec<String>,
    /// A card that nobody has used for so long is powered off; `None`: never.
    pub grace: Option<Duration>,
    /// The readers have a PIN pad.
    pub pin_pad: Option<PinPad>,
    /// Sees what happens to the cards.
    pub observer: Option<Observer>,
    /// Told of a client whose library is too old, with the version of the protocol it speaks: major and minor. A newer one
    /// tries again with a version that is spoken here.
    pub refused: Option<Refused>,
}

/// See [`Options::refused`].
pub type Refused = Box<dyn Fn(i32, i32) + Send + Sync>;

impl Options {
    /// Readers of these names without anything extra; cards are powered off after [`GRACE`].
    pub fn new(readers: Vec<String>) -> Options {
        Options {
            readers,
            grace: Some(GRACE),
            pin_pad: None,
            observer: None,
            refused: None,
        }
    }
}

/// Why a service could not be started.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServiceError {
    /// The readers' names are not what they must be; a sentence says why.
    Readers(String),
    /// The socket's path is longer than clients can use.
    PathTooLong(PathBuf),
    /// Something that is no socket, or the socket of a service that runs.
    Occupied(PathBuf),
    /// The operating system refuses.
    Socket(PathBuf, io::Error),
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServiceError::Readers(why) => f.write_str(why),
            ServiceError::PathTooLong(path) => write!(
                f,
                "{} is too long for a socket, which PC/SC programs would cut: at most {LONGEST_PATH} bytes",
                path.display()
            ),
            ServiceError::Occupied(path) => write!(
                f,
                "{} is there already, and is in use or no socket: take another path, or end who uses it",
                path.display()
            ),
            ServiceError::Socket(path, error) => write!(f, "no socket can be made at {}: {error}", path.display()),
        }
    }
}

impl std::error::Error for ServiceError {}

/// A PC/SC service with readers of its own. Dropping it ends all connections, powers the cards off and removes the socket.
pub struct PcscLiteService {
    listening: Listening,
    readers: Arc<Readers>,
    stopping: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// Puts cards in and out while the service runs. Clones are the same.
#[derive(Clone)]
pub struct Hand(Arc<Readers>);

impl PcscLiteService {
    /// Starts it on a new socket at `path`, which only this user can connect to. Clients find it with
    /// `PCSCLITE_CSOCK_NAME`. The readers are empty.
    ///
    /// # Errors
    /// [`ServiceError`]
    pub fn start(path: &Path, options: Options) -> Result<PcscLiteService, ServiceError> {
        check_names(&options.readers).map_err(ServiceError::Readers)?;
        let listening = listen(path)?;
        let listener = listening.listener();
        let readers = Arc::new(Readers::new(options.readers, options.grace, options.observer));
        let stopping = Arc::new(AtomicBool::new(false));
        let (keeper, accepting) = (Arc::clone(&readers), Arc::clone(&readers));
        let extras = Arc::new(Extras {
            pin_pad: options.pin_pad,
            refused: options.refused,
        });
        let stop = Arc::clone(&stopping);
        Ok(PcscLiteService {
            listening,
            readers,
            stopping,
            threads: vec![
                std::thread::spawn(move || keeper.keep_house()),
                std::thread::spawn(move || accept(&listener, &accepting, &extras, &stop)),
            ],
        })
    }

    /// Puts cards in and out.
    pub fn hand(&self) -> Hand {
        Hand(Arc::clone(&self.readers))
    }

    /// The socket's path.
    pub fn path(&self) -> &Path {
        self.listening.path()
    }
}

impl Drop for PcscLiteService {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.readers.stop();
        self.listening.close();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        self.readers.power_off_all();
    }
}

impl Hand {
    /// Puts `card` into the reader of this name, in place of the one that may be there; without a card the one that was
    /// taken out.
    ///
    /// # Errors
    /// [`NotMoved`]
    pub fn insert(&self, reader: &str, card: Option<Box<dyn Icc + Send>>) -> Result<(), NotMoved> {
        self.0.insert(reader, card)
    }

    /// Gives up the card that was taken out of a reader last, which [`Self::insert`] would put back.
    ///
    /// # Errors
    /// There is no such reader.
    pub fn give_up(&self, reader: &str) -> Result<(), NotMoved> {
        self.0.give_up(reader)
    }

    /// Takes the card out of the reader of this name. Clients see it at once; a command it works on is finished first, but
    /// its answer reaches nobody, and nothing is waited for.
    ///
    /// # Errors
    /// [`NotMoved`]
    pub fn remove(&self, reader: &str) -> Result<(), NotMoved> {
        self.0.remove(reader)
    }

    /// The readers as clients see them.
    pub fn list(&self) -> Vec<ReaderEntry> {
        self.0.entries()
    }
}

/// Whether the names can be those of readers.
fn check_names(names: &[String]) -> Result<(), String> {
    if !(1..=READERS).contains(&names.len()) {
        return Err(format!("there can be 1 to {READERS} readers, not {}", names.len()));
    }
    for (index, name) in names.iter().enumerate() {
        if name.is_empty() || name.len() >= NAME || name.chars().any(char::is_control) {
            return Err(format!(
                "a reader's name has 1 to {} bytes and no control characters; {name:?} has not",
                NAME - 1
            ));
        }
        if names.iter().take(index).any(|other| other == name) {
            return Err(format!("two readers can't both be called {name:?}"));
        }
    }
    Ok(())
}

fn accept(listener: &UnixListener, readers: &Arc<Readers>, extras: &Arc<Extras>, stopping: &Arc<AtomicBool>) {
    let served = Arc::new(AtomicUsize::new(0));
    let threads: Mutex<Vec<JoinHandle<()>>> = Mutex::default();
    for (client, stream) in (1..).zip(listener.incoming()) {
        if stopping.load(Ordering::SeqCst) {
            break;
        }
        let Ok(stream) = stream else {
            // No descriptor is free at the moment.
            std::thread::sleep(Duration::from_millis(10));
            continue;
        };
        if served.load(Ordering::SeqCst) >= CONNECTIONS {
            continue;
        }
        let place = Place::take(&served);
        let (readers, extras) = (Arc::clone(readers), Arc::clone(extras));
        let started = std::thread::Builder::new()
            .name("pcsc client".to_owned())
            .spawn(move || {
                // The session goes before the place is free.
                let place = place;
                Session::new(client, Arc::new(stream), readers, extras).run();
                drop(place);
            });
        // Without a thread the connection is closed; the client may try again.
        let mut threads = threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.retain(|thread| !thread.is_finished());
        threads.extend(started);
    }
    // Clients that have come since `stop` was called must go too.
    readers.stop();
    for thread in threads.into_inner().unwrap_or_else(PoisonError::into_inner) {
        let _ = thread.join();
    }
}

/// One of those that are served at a time; free again when it is dropped.
pub(crate) struct Place(Arc<AtomicUsize>);

impl Place {
    pub(crate) fn take(served: &Arc<AtomicUsize>) -> Place {
        served.fetch_add(1, Ordering::SeqCst);
        Place(Arc::clone(served))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
