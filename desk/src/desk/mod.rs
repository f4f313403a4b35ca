//! The desk: cards, readers and everything that passes between them and programs, on a page in the browser.
//!
//! [`Desk::open`] starts a PC/SC service of its own with readers; programs find it through `PCSCLITE_CSOCK_NAME`
//! ([`Desk::socket`]). [`Desk::run`] serves the page. Its link ([`Desk::link`]) carries the token in the fragment, which browsers
//! send nowhere. Scripts send it as a header with each request. Nothing about a card is answered without it.
//!
//! | Limit | Value |
//! |---|---|
//! | entries of the trace | the newest [`KEPT`], and at most [`KEPT_BYTES`] of their messages |
//! | open event streams | [`PAGES`] |
//! | connections, sizes and times of requests | [`Limits::default`](crate::http::Limits); a body that has the longest APDU |
//!
//! Built-in cards keep no state by themselves. The desk copies them into its folder, where they have one, so that their tries
//! are counted and their PINs blocked and reset like those of any other card. Their certificates are shared by everything on the
//! machine, so that what would write the register is refused for them.
//!
//! This module must never put a PIN, the token or a My Number into a log, a URL or an error.

mod answer;
mod api;
mod armed;
mod asked;
mod assets;
mod authority;
mod bench;
mod card;
mod counter;
mod events;
mod folder;
mod glance;
mod hub;
mod making;
mod moves;
mod pcapng;
mod routes;
mod shelf;
mod sink;
mod state;
mod time;
mod token;
mod words;

use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;

use vmyna::pcsc::message::READERS;
use vmyna::pcsc::{Hand, Options as ServiceOptions, ServiceError};
use vmyna::service::CardService;
use vmyna::{CardSource, PrivateDirectory};
use vmyna_apdu::{ShowPath as _, text};

use crate::http::{self, HttpServer, Limits};
use answer::Refusal;
use authority::Authority;
use bench::Readers;
use card::Pictures;
use events::Feeds;
use hub::Hub;
use shelf::{Shelf, ShelfCard};
use token::Token;

pub use authority::AuthorityError;
pub use events::PAGES;
pub use folder::FolderError;
pub use hub::{KEPT, KEPT_BYTES};
pub use shelf::ShelfError;

/// The longest body of a request, in bytes: an APDU of full length in hexadecimal digits, and JSON around it.
const LONGEST_BODY: usize = 2 * moves::LONGEST + 4096;

/// The variable from which libpcsclite takes its socket.
const SOCKET_VARIABLE: &str = "PCSCLITE_CSOCK_NAME";

/// How a desk is opened.
pub struct Options {
    /// The sockets that it listens on.
    pub listeners: Vec<TcpListener>,
    /// Further names of this machine that a request may ask for, without port.
    pub hosts: Vec<String>,
    /// Where it keeps its cards.
    pub folder: PathBuf,
    /// The folder of the authorities that issue its new cards, with their register; `None` for the built-in ones.
    pub authorities: Option<PathBuf>,
    /// The PC/SC socket; in a folder of its own if none is given.
    pub socket: Option<PathBuf>,
    /// The cards on the shelf beside those in the folder; an image with several cards is a collection. All built-in cards if there
    /// are none.
    pub cards: Vec<CardSource>,
    /// How many readers there are, 1 to 16.
    pub readers: usize,
}

/// Why a desk can't be opened or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeskError {
    /// Its folder can't be used.
    #[error("{folder}: {error}", folder = .folder.shown())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The reason.
        #[source]
        error: FolderError,
    },
    /// A card can't be put on the shelf.
    #[error("{}", of_card(card, error))]
    Card {
        /// The card by its name.
        card: String,
        /// The reason.
        #[source]
        error: Box<ShelfError>,
    },
    /// The authorities can't be used.
    #[error("{0}")]
    Authority(#[from] AuthorityError),
    /// The service can't be started.
    #[error("{0}")]
    Service(#[from] ServiceError),
    /// The number of readers is not 1 to 16.
    #[error("there can be 1 to {READERS} readers, not {0}")]
    ReaderCount(usize),
    /// The system refuses.
    #[error("{0}")]
    System(#[from] io::Error),
}

/// Errors of an image and of a card name it themselves.
fn of_card(card: &str, error: &ShelfError) -> String {
    match error {
        ShelfError::Copy(_) => format!("{card}: {error}"),
        ShelfError::Card(_) | ShelfError::Image(_) => error.to_string(),
    }
}

/// A desk.
pub struct Desk {
    shared: Arc<Shared>,
    listeners: Vec<TcpListener>,
    hosts: Vec<String>,
    link: String,
}

/// Shared by all requests.
struct Shared {
    // Dropped in this order: the cards before the folder with their states.
    service: CardService,
    readers: Arc<Readers>,
    shelf: Arc<Shelf>,
    authority: Arc<Authority>,
    hub: Arc<Hub>,
    feeds: Feeds,
    pictures: Pictures,
    token: Token,
    socket: PathBuf,
    /// One card is moved at a time.
    moving: Mutex<()>,
    _directory: Option<PrivateDirectory>,
}

impl Desk {
    /// Opens the folder, puts the cards on the shelf and starts the service with empty readers.
    ///
    /// # Errors
    /// [`DeskError`]
    pub fn open(options: Options) -> Result<Self, DeskError> {
        if !(1..=READERS).contains(&options.readers) {
            return Err(DeskError::ReaderCount(options.readers));
        }
        let authority = Arc::new(Authority::open(options.authorities.as_deref())?);
        let shelf = Arc::new(fill(&options, &authority)?);
        let hub = Arc::<Hub>::default();
        let names: Vec<String> = (0..options.readers)
            .map(|index| format!("vmyna {index:02} 00"))
            .collect();
        let readers = Arc::new(Readers::new(&names, &hub, &shelf));
        let directory = match options.socket {
            Some(_) => None,
            None => Some(PrivateDirectory::create()?),
        };
        let own = directory.as_ref().map(PrivateDirectory::socket);
        let socket = options.socket.or(own).unwrap_or_default();
        let service_options = ServiceOptions::new(names).observer(readers.observer());
        let service = CardService::start(&socket, service_options, readers.clone())?;
        let token = Token::random();
        let address = options.listeners.first().map(TcpListener::local_addr).transpose()?;
        let link = match address {
            Some(address) => {
                let host = http::host_of(address.ip());
                format!("{}/#{}", http::origin("http", &host, address.port()), token.as_str())
            }
            None => return Err(io::Error::from(io::ErrorKind::AddrNotAvailable).into()),
        };
        Ok(Self {
            shared: Arc::new(Shared {
                service,
                readers,
                shelf,
                authority,
                hub,
                feeds: Feeds::default(),
                pictures: Pictures::default(),
                token,
                socket,
                moving: Mutex::default(),
                _directory: directory,
            }),
            listeners: options.listeners,
            hosts: options.hosts,
            link,
        })
    }

    /// The link that opens the page, valid as long as the process lives. It is all that a user of the desk needs.
    #[must_use]
    pub fn link(&self) -> &str {
        &self.link
    }

    /// The socket for the programs.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.shared.socket
    }

    /// How many cards are on the shelf.
    #[must_use]
    pub fn cards(&self) -> usize {
        self.shared.shelf.search("", 0).1
    }

    /// Serves the page until `stop` is set.
    ///
    /// # Errors
    /// The system gives no threads or takes no listener.
    pub fn run(self, stop: &AtomicBool) -> Result<(), DeskError> {
        let Self {
            shared,
            listeners,
            hosts,
            ..
        } = self;
        let fed = Arc::clone(&shared);
        let feeding = move || fed.feeds.run(&fed.hub, || (fed.hand().views(), fed.readers.cards()));
        let feeder = Builder::new().name("desk events".to_owned()).spawn(feeding)?;
        let server = HttpServer {
            listeners,
            hosts,
            limits: Limits {
                body_bytes: LONGEST_BODY,
                ..Limits::default()
            },
        };
        let served = server.run(routes::router(&shared), stop);
        shared.hub.end();
        // It only sends.
        let _ = feeder.join();
        Ok(served?)
    }
}

/// The shelf with the cards of the options.
fn fill(options: &Options, authority: &Arc<Authority>) -> Result<Shelf, DeskError> {
    let failed = |error| DeskError::Folder {
        folder: options.folder.clone(),
        error,
    };
    let folder = folder::Folder::open(&options.folder).map_err(failed)?;
    let of = |card: String| {
        move |error| DeskError::Card {
            card,
            error: Box::new(error),
        }
    };
    let shelf = Shelf::new(folder, authority).map_err(of(options.folder.shown().to_string()))?;
    let all = match options.cards.is_empty() {
        true => &shelf::specimens(),
        false => &options.cards,
    };
    for card in all {
        shelf.add(card).map_err(of(card.to_string()))?;
    }
    Ok(shelf)
}

impl Shared {
    fn hand(&self) -> Hand {
        self.service.hand()
    }

    /// The card of this id.
    fn card(&self, id: &str) -> Result<ShelfCard, Refusal> {
        let card = self.shelf.find(id);
        card.ok_or_else(|| Refusal::not_found(text!("there is no such card on the shelf", "そのカードは棚にない")))
    }

    /// The reader that a card is in.
    fn reader_of(&self, id: &str) -> Option<String> {
        let views = self.hand().views();
        let seats = self.readers.all().iter();
        let mut has = seats
            .filter(|seat| seat.last().as_deref() == Some(id))
            .map(|seat| &seat.name);
        has.find(|name| views.iter().any(|view| view.name == ***name && view.occupied))
            .map(|name| name.to_string())
    }

    /// Moves no other card as long as this is there.
    fn moving(&self) -> MutexGuard<'_, ()> {
        self.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
