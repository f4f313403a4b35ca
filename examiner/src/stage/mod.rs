//! The surroundings of one run: a reader with one card, on a PC/SC socket that only this run's program knows.
//!
//! Everything is in this process; there are no files but the socket. The stage notes every command of the program with its
//! answer, and at the end what became of the card. It must never keep a PIN but in [`SentPins`], nor the data of an answer.

mod exchange;
mod recorder;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use vmyna::{Bench, OpenCard, PrivateDirectory, Slot};
use vmyna_apdu::{CommandApdu, FileId, Icc, ResponseApdu, StatusWord, instruction::code};
use vmyna_applets::Interface;
use vmyna_applets::issued::IssuedCard;
use vmyna_card_os::CardError;
use vmyna_card_os::declaration::{Application, ObjectId, find_pin};
use vmyna_card_os::state::MemoryStore;
use vmyna_pcsc_service::{NotMoved, Observer, Options, PcscLiteService, ServiceError, ServiceEvent, What};
use vmyna_reader_bridge::fault::Script;

pub use exchange::{Exchange, SentPins, Signature, Verify};
use recorder::{OwnCard, SeenCard, SharedCard, SharedLog};

/// The reader's name, as `vmyna run` calls its first one.
pub const READER: &str = "vmyna 00 00";

/// The variable by which a program finds the stage.
pub const SOCKET_VARIABLE: &str = "PCSCLITE_CSOCK_NAME";

/// A card that is about to be put on a stage.
pub struct StageCard {
    card: Box<dyn Icc + Send>,
    interface: Interface,
    pins: Vec<ObjectId>,
}

impl StageCard {
    /// A card without power. The tries of these PINs are asked for before and after the run ([`pins_of`]); a card that does
    /// not have one of them just does not answer for it.
    #[must_use]
    pub fn new(card: Box<dyn Icc + Send>, interface: Interface, pins: Vec<ObjectId>) -> Self {
        Self { card, interface, pins }
    }

    /// A card as it was issued. Its random numbers come from the seed.
    ///
    /// # Errors
    /// [`CardError`], when a card can't hold these contents.
    pub fn issued(card: &IssuedCard, seed: [u8; 32]) -> Result<Self, CardError> {
        let rng = Box::new(ChaCha20Rng::from_seed(seed));
        let own = card.card(Box::new(MemoryStore::default()), rng)?;
        let pins = pins_of(own.applications());
        Ok(Self::new(Box::new(own), card.profile.interface, pins))
    }
}

/// The PINs of a card, each once.
#[must_use]
pub fn pins_of(applications: &[Application]) -> Vec<ObjectId> {
    let files = applications.iter().flat_map(|application| {
        let of = |file| ObjectId {
            aid: application.aid,
            file,
        };
        application.files.iter().map(move |file| of(file.id))
    });
    files
        .filter(|object| find_pin(applications, *object).is_some_and(|(own, _)| own == *object))
        .collect()
}

/// Why there is no stage.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StageError {
    /// There is no folder for the socket.
    #[error("no folder can be made for the socket: {0}")]
    Directory(io::Error),
    /// The service can't be started.
    #[error("{0}")]
    Service(#[from] ServiceError),
    /// The reader does not take the card.
    #[error("no card can be put into the reader: {0}")]
    Card(NotMoved),
}

/// A PIN's tries before and after a run; `None` if the card gave no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tries {
    /// The PIN.
    pub pin: ObjectId,
    /// Tries left before the run.
    pub before: Option<u8>,
    /// Tries left after the run.
    pub after: Option<u8>,
}

/// What a stage has seen from its beginning to its end.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Seen {
    /// The commands with their answers.
    pub exchanges: Vec<Exchange>,
    /// Cold resets, the one when the card was put in included.
    pub power_ons: usize,
    /// Warm resets.
    pub resets: usize,
    /// Connections of the program that ended within a transaction, so that the reader had to reset the card.
    pub left_in_transaction: usize,
    /// Whether a program still had a transaction or an exclusive connection at the end, so that no other one could use the
    /// card.
    pub was_locked: bool,
    /// The PINs' tries.
    pub tries: Vec<Tries>,
    /// The values of VERIFY.
    pub sent: SentPins,
}

/// A reader with one card, and its private PC/SC service. Dropping it ends all connections and removes the socket.
pub struct Stage {
    // Dropped in this order.
    service: PcscLiteService,
    socket: PathBuf,
    directory: PrivateDirectory,
    card: SharedCard,
    log: SharedLog,
    tries: Vec<(ObjectId, Option<u8>)>,
}

impl Stage {
    /// Puts a card into a reader and starts the service. The card fails as the script demands.
    ///
    /// # Errors
    /// [`StageError`]
    pub fn open(card: StageCard, faults: Arc<Script>) -> Result<Self, StageError> {
        let StageCard {
            mut card,
            interface,
            pins,
        } = card;
        let tries = tries(&mut *card, pins);
        let log = SharedLog::default();
        let card: SharedCard = Arc::new(Mutex::new(card));
        let own = OwnCard {
            card: Arc::clone(&card),
            log: log.clone(),
        };
        let faulty = Bench::new()
            .with_faults(faults)
            .connect(OpenCard::through(Box::new(own), interface), Slot::new(READER));
        let seen = SeenCard {
            card: faulty,
            log: log.clone(),
        };
        let directory = PrivateDirectory::create().map_err(StageError::Directory)?;
        let socket = directory.socket();
        let options = Options::new(vec![READER.to_owned()]).observer(noting(log.clone()));
        let service = PcscLiteService::start(&socket, options)?;
        service
            .hand()
            .insert(READER, Some(Box::new(seen)))
            .map_err(StageError::Card)?;
        Ok(Self {
            service,
            socket,
            directory,
            card,
            log,
            tries,
        })
    }

    /// The socket for [`SOCKET_VARIABLE`].
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// How many commands the program has sent so far.
    #[must_use]
    pub fn commands(&self) -> usize {
        self.log.lock().exchanges.len()
    }

    /// Sends a command as another program with this reader does that connects now. `None` if there is no answer, or if a
    /// program still has the card to itself. The command is noted.
    #[must_use]
    pub fn send_as_other(&self, command: &[u8]) -> Option<Vec<u8>> {
        self.service.hand().transmit(READER, command).ok()
    }

    /// Ends all connections, and reports what the stage has seen.
    #[must_use]
    pub fn end(self) -> Seen {
        let was_locked = self.service.hand().views().iter().any(|reader| reader.locked);
        let Self {
            service,
            directory,
            card,
            log,
            tries: before,
            ..
        } = self;
        // All connections have ended, and all of their ends are noted, when this returns.
        drop(service);
        drop(directory);
        let mut card = card.lock().unwrap_or_else(PoisonError::into_inner);
        let after = tries(&mut **card, before.iter().map(|(pin, _)| *pin).collect());
        let tries = before
            .into_iter()
            .zip(after)
            .map(|((pin, before), (_, after))| Tries { pin, before, after });
        let mut log = log.lock();
        Seen {
            exchanges: std::mem::take(&mut log.exchanges),
            power_ons: log.power_ons,
            resets: log.resets,
            left_in_transaction: log.left_in_transaction,
            was_locked,
            tries: tries.collect(),
            sent: std::mem::take(&mut log.sent),
        }
    }
}

fn noting(log: SharedLog) -> Observer {
    Box::new(move |event: &ServiceEvent<'_>| {
        if matches!(event.what, What::LeftInTransaction) {
            log.lock().left_in_transaction += 1;
        }
    })
}

/// Asks a card without power how many tries are left of each of these PINs, and takes its power again.
fn tries(card: &mut (dyn Icc + Send), pins: Vec<ObjectId>) -> Vec<(ObjectId, Option<u8>)> {
    if pins.is_empty() || card.power_on(&mut Vec::new()).is_err() {
        return pins.into_iter().map(|pin| (pin, None)).collect();
    }
    let asked = pins.into_iter().map(|pin| (pin, ask(card, pin))).collect();
    // A card that has left has no power either.
    let _ = card.power_off();
    asked
}

fn ask(card: &mut (dyn Icc + Send), pin: ObjectId) -> Option<u8> {
    let mut send = |p1: u8, p2: u8, ins: u8, data: &[u8]| {
        let command = CommandApdu {
            cla: 0,
            ins,
            p1,
            p2,
            data,
            ne: None,
            extended: false,
        };
        let mut response = Vec::new();
        card.transmit(&command.to_bytes().ok()?, &mut response).ok()?;
        ResponseApdu::parse(&response).map(|answer| answer.status_word)
    };
    /// VERIFY of the selected EF.
    const SELECTED: u8 = 0x80;
    const NO_ANSWER: u8 = 0x0C;
    let file = FileId::value(pin.file).to_be_bytes();
    let selected = send(0x04, NO_ANSWER, code::SELECT, pin.aid.as_bytes())?.is_success()
        && send(0x02, NO_ANSWER, code::SELECT, &file)?.is_success();
    if !selected {
        return None;
    }
    match send(0, SELECTED, code::VERIFY, &[])? {
        StatusWord::AUTHENTICATION_BLOCKED | StatusWord::REFERENCE_DATA_BLOCKED => Some(0),
        other => other.tries(),
    }
}

#[cfg(test)]
mod tests;
