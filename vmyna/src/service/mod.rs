//! A PC/SC service with cards in its readers, which come and go while programs run.
//!
//! ```no_run
//! use std::path::Path;
//! use std::sync::Arc;
//! use vmyna::apdu::Icc;
//! use vmyna::pcsc::Options;
//! use vmyna::service::{CardMaker, CardService, PutIn};
//! use vmyna::{Bench, CardSource, Slot};
//!
//! struct Plain;
//!
//! impl CardMaker for Plain {
//!     fn make(&self, source: &CardSource, place: PutIn<'_>) -> Result<Box<dyn Icc + Send>, String> {
//!         let card = source.open(None).map_err(|error| error.to_string())?;
//!         Ok(Bench::new().connect(card, Slot::new(place.conversation)))
//!     }
//! }
//!
//! let options = Options::new(vec!["Desk 00 00".to_owned()]);
//! let service = CardService::start(Path::new("/tmp/pcsc"), options, Arc::new(Plain))?;
//! service.insert("Desk 00 00", &CardSource::hanako())?;
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

use crate::{CardSource, ParseCardError};
pub use put_back::{PutBack, Returns};

/// Receives how long a card that a fault pulls out stays out. The call must not wait for the reader.
pub type PutBackAfter = Box<dyn FnMut(Duration) + Send>;

/// The place that a card is about to be put into.
pub struct PutIn<'a> {
    /// The reader's name.
    pub reader: &'a str,
    /// The name of the conversation with this card in traces.
    pub conversation: &'a str,
    /// To be called by a fault that pulls the card out.
    pub put_back: PutBackAfter,
}

/// Makes cards that are ready for readers.
pub trait CardMaker: Send + Sync {
    /// The card of which a user has typed the name. It must not use the card: another one is in its place still.
    ///
    /// # Errors
    /// A sentence for that user.
    fn find(&self, name: &str) -> Result<CardSource, String> {
        let source: CardSource = name.parse().map_err(|error: ParseCardError| error.to_string())?;
        source.find().map_err(|error| error.to_string())?;
        Ok(source)
    }

    /// Opens a card and puts the layers around it ([`Bench::connect`](crate::Bench::connect)).
    ///
    /// # Errors
    /// A sentence for the user who has named the card.
    fn make(&self, source: &CardSource, place: PutIn<'_>) -> Result<Box<dyn Icc + Send>, String>;
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
        let number = made.fetch_add(1, Ordering::SeqCst) + 1;
        let conversation = format!("put in #{number}: {source}");
        let place = PutIn {
            reader,
            conversation: &conversation,
            put_back: returns(reader),
        };
        maker.make(&source, place)
    })
}

/// The reason why a card could not be put into a reader.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InsertError {
    /// The card can't be made: a sentence of the [`CardMaker`].
    #[error("{0}")]
    Card(String),
    /// The reader does not take it.
    #[error("{0}")]
    NotMoved(#[from] NotMoved),
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

    /// Makes a card and puts it into a reader, in place of one that may be there. Its conversation has the reader's name.
    ///
    /// # Errors
    /// [`InsertError`]
    pub fn insert(&self, reader: &str, source: &CardSource) -> Result<(), InsertError> {
        let place = PutIn {
            reader,
            conversation: reader,
            put_back: Box::new(self.put_back.of(reader)),
        };
        let card = self.maker.make(source, place).map_err(InsertError::Card)?;
        Ok(self.hand().insert(reader, Some(card))?)
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
