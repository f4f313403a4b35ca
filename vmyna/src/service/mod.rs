//! A PC/SC service with cards in its readers, which come and go while programs run.
//!
//! ```no_run
//! use std::path::Path;
//! use std::sync::Arc;
//! use vmyna::pcsc::Options;
//! use vmyna::service::{CardMaker, CardService, PutIn};
//! use vmyna::{Bench, CardSource, OpenCard, Slot};
//! use vmyna::apdu::Icc;
//!
//! struct Plain;
//!
//! impl CardMaker for Plain {
//!     fn connect(&self, card: OpenCard, place: PutIn<'_>) -> Box<dyn Icc + Send> {
//!         Bench::new().connect(card, Slot::new(place.conversation))
//!     }
//! }
//!
//! let options = Options::new(vec!["Desk 00 00".to_owned()]);
//! let service = CardService::start(Path::new("/tmp/pcsc"), options, Arc::new(Plain))?;
//! service.insert("Desk 00 00", &CardSource::hanako(), CardSource::hanako().open(None)?)?;
//! // Programs with PCSCLITE_CSOCK_NAME=/tmp/pcsc see the card.
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Beside the socket of PC/SC is the control socket ([`vmyna_pcsc_service::control`]), through which other processes move the
//! cards. A card that a fault pulls out comes back at its time. The module must never interpret a command or an answer.

mod put_back;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use vmyna_apdu::Icc;
use vmyna_pcsc_service::control::{ControlServer, MakeCard};
use vmyna_pcsc_service::{Hand, NotMoved, Options, PcscLiteService, ServiceError};

use crate::{CardSource, OpenCard};
pub use put_back::{PutBack, Returns};

/// Receives how long a card that a fault pulls out stays out. The call must not wait for the reader.
pub type PutBackAfter = Box<dyn FnMut(Duration) + Send>;

/// The place that a card is about to be put into.
pub struct PutIn<'a> {
    /// The card by its name; `None` for one without, which another program has connected.
    pub source: Option<&'a CardSource>,
    /// The reader's name.
    pub reader: &'a str,
    /// The name of the conversation with this card in traces. It is the reader's for the cards that a program starts with.
    pub conversation: &'a str,
    /// To be called by a fault that pulls the card out.
    pub put_back: PutBackAfter,
}

/// Opens cards by their names, and makes them ready for readers.
pub trait CardMaker: Send + Sync {
    /// The card of which a user has typed the name. It must not use the card: another one is in its place still.
    ///
    /// # Errors
    /// A sentence for that user.
    fn find(&self, name: &str) -> Result<CardSource, String> {
        let source: CardSource = name.parse().map_err(|error: crate::ParseCardError| error.to_string())?;
        source.find().map_err(|error| error.to_string())?;
        Ok(source)
    }

    /// Opens a card.
    ///
    /// # Errors
    /// A sentence for the user who has named it.
    fn open(&self, source: &CardSource) -> Result<OpenCard, String> {
        source.open(None).map_err(|error| error.to_string())
    }

    /// Puts the layers around an open card ([`Bench::connect`](crate::Bench::connect)).
    fn connect(&self, card: OpenCard, place: PutIn<'_>) -> Box<dyn Icc + Send>;
}

/// The maker of the cards that other processes name through a control socket. `returns` gives the callback of a reader.
pub fn make_card(
    maker: Arc<dyn CardMaker>,
    returns: impl Fn(&str) -> PutBackAfter + Send + Sync + 'static,
) -> MakeCard {
    let made = AtomicUsize::new(0);
    Box::new(move |name, reader, let_go| {
        // The card that was taken out is given up only if the name is that of a card.
        let source = maker.find(name)?;
        let_go();
        let card = maker.open(&source)?;
        let number = made.fetch_add(1, Ordering::SeqCst) + 1;
        let conversation = format!("put in #{number}: {source}");
        let place = PutIn {
            source: Some(&source),
            reader,
            conversation: &conversation,
            put_back: returns(reader),
        };
        Ok(maker.connect(card, place))
    })
}

/// The service. Dropping it ends all connections, powers the cards off and removes both sockets.
pub struct CardService {
    // Dropped in this order.
    #[expect(dead_code, reason = "held: it listens until it is dropped")]
    control: ControlServer,
    put_back: PutBack,
    service: PcscLiteService,
    maker: Arc<dyn CardMaker>,
}

impl CardService {
    /// Starts it at `socket` with empty readers.
    ///
    /// # Errors
    /// [`ServiceError`]
    pub fn start(socket: &Path, options: Options, maker: Arc<dyn CardMaker>) -> Result<Self, ServiceError> {
        let service = PcscLiteService::start(socket, options)?;
        let put_back = PutBack::start(service.hand()).map_err(ServiceError::Thread)?;
        let returns = put_back.returns();
        let make = make_card(Arc::clone(&maker), move |reader| Box::new(returns.of(reader)));
        let control = ControlServer::start(socket, service.hand(), make)?;
        Ok(Self {
            control,
            put_back,
            service,
            maker,
        })
    }

    /// Puts an open card into a reader, in place of one that may be there. Its conversation has the reader's name.
    ///
    /// # Errors
    /// [`NotMoved`]
    pub fn insert(&self, reader: &str, source: &CardSource, card: OpenCard) -> Result<(), NotMoved> {
        let card = self.ready(reader, Some(source), card);
        self.hand().insert(reader, Some(card))
    }

    /// An open card ready for this reader.
    pub fn ready(&self, reader: &str, source: Option<&CardSource>, card: OpenCard) -> Box<dyn Icc + Send> {
        let place = PutIn {
            source,
            reader,
            conversation: reader,
            put_back: Box::new(self.put_back.of(reader)),
        };
        self.maker.connect(card, place)
    }

    /// A handle that moves the cards.
    pub fn hand(&self) -> Hand {
        self.service.hand()
    }

    /// Orders for cards that are put in by others.
    pub fn returns(&self) -> Returns {
        self.put_back.returns()
    }
}
