//! The service: a socket, a thread for each client, and an end that leaves nothing behind.
//!
//! It serves [`CONNECTIONS`](crate::CONNECTIONS) at a time and closes others at once, so that memory and threads are
//! bounded. Must never wait for a client.

use crate::accepting::{Accepting, start_thread};
use crate::error::{NotMoved, NotSent, ServiceError};
use crate::message::ReaderEntry;
use crate::options::{CONNECTIONS, Options};
use crate::owner::ReaderView;
use crate::readers::Readers;
use crate::session::{Extras, Session};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use vmyna_apdu::Icc;

/// A PC/SC service with readers of its own. Dropping it ends all connections, powers the cards off and removes the socket.
pub struct PcscLiteService {
    accepting: Accepting,
    readers: Arc<Readers>,
    keeper: Option<JoinHandle<()>>,
}

/// Inserts and removes cards while the service runs. All clones move the same cards.
#[derive(Clone)]
pub struct Hand(Arc<Readers>);

impl PcscLiteService {
    /// Starts it on a new socket at `path`, which only this user can connect to. Clients find it with
    /// `PCSCLITE_CSOCK_NAME`. The readers are empty.
    ///
    /// # Errors
    /// [`ServiceError`]
    pub fn start(path: &Path, options: Options) -> Result<PcscLiteService, ServiceError> {
        options.check()?;
        let readers = Arc::new(Readers::new(options.readers, options.grace, options.observer, path));
        let extras = Arc::new(Extras {
            pin_pad: options.pin_pad,
            refused: options.refused,
        });
        let served = Arc::clone(&readers);
        let mut accepting = Accepting::start(path, "pcsc client", CONNECTIONS, move |client, stream| {
            let (readers, extras) = (Arc::clone(&served), Arc::clone(&extras));
            if !readers.lock().is_open() {
                return;
            }
            Session::new(client, Arc::new(stream), readers, extras).run();
        })?;
        let keeper = Arc::clone(&readers);
        match start_thread("pcsc cards", move || keeper.keep_house()) {
            Ok(keeper) => Ok(PcscLiteService {
                accepting,
                readers,
                keeper: Some(keeper),
            }),
            Err(error) => {
                readers.stop();
                accepting.stop();
                Err(ServiceError::Thread(error))
            }
        }
    }

    /// A handle that inserts and removes cards.
    pub fn hand(&self) -> Hand {
        Hand(Arc::clone(&self.readers))
    }

    /// The socket's path.
    pub fn path(&self) -> &Path {
        self.accepting.path()
    }
}

impl Drop for PcscLiteService {
    fn drop(&mut self) {
        self.readers.stop();
        let clients = self.accepting.stop();
        // Clients that connected since then end too.
        self.readers.stop();
        for thread in clients.into_iter().chain(self.keeper.take()) {
            let _ = thread.join();
        }
        self.readers.power_off_all();
    }
}

impl Hand {
    /// Inserts `card` into the reader of this name, in place of one that may be there. `None` puts the card back that was
    /// removed last.
    ///
    /// # Errors
    /// [`NotMoved`]
    pub fn insert(&self, reader: &str, card: Option<Box<dyn Icc + Send>>) -> Result<(), NotMoved> {
        self.0.insert(reader, card)
    }

    /// Gives up the card that was removed last from a reader, which [`Self::insert`] would put back.
    ///
    /// # Errors
    /// There is no such reader.
    pub fn give_up(&self, reader: &str) -> Result<(), NotMoved> {
        self.0.give_up(reader)
    }

    /// Removes the card from the reader of this name. Clients see it at once. A command that the card works on is finished
    /// first, and its answer is dropped; a mere wait of the card ends at once.
    ///
    /// # Errors
    /// [`NotMoved`]
    pub fn remove(&self, reader: &str) -> Result<(), NotMoved> {
        self.0.remove(reader)
    }

    /// Unplugs the reader of this name. Clients see it at once, as with pcscd: the reader is gone from their list, and its
    /// handles are useless. A card in it loses its power and stays in it.
    ///
    /// # Errors
    /// [`NotMoved`]
    pub fn unplug(&self, reader: &str) -> Result<(), NotMoved> {
        self.0.unplug(reader)
    }

    /// Plugs the reader of this name in again. A card in it is powered on before clients see the reader.
    ///
    /// # Errors
    /// [`NotMoved`]
    pub fn plug(&self, reader: &str) -> Result<(), NotMoved> {
        self.0.plug(reader)
    }

    /// Sends a C-APDU to the card in the reader of this name, and returns its R-APDU. A card without power is powered on, and
    /// then keeps its power for at least [`OWNER_GRACE`](crate::OWNER_GRACE) unless a client takes it. The card is shared with
    /// the clients: a SELECT of the owner changes what is selected for them too.
    ///
    /// # Errors
    /// [`NotSent`]; a client's transaction or exclusive connection is not waited for.
    pub fn transmit(&self, reader: &str, command: &[u8]) -> Result<Vec<u8>, NotSent> {
        self.0.transmit_of_owner(reader, command)
    }

    /// All readers with their cards and the programs that are connected to them.
    pub fn views(&self) -> Vec<ReaderView> {
        self.0.views()
    }

    /// All readers, and whether each of them is plugged in.
    pub fn all(&self) -> Vec<(ReaderEntry, bool)> {
        self.0.lock().table.all_entries()
    }

    /// The readers as clients see them, without those that are unplugged.
    pub fn list(&self) -> Vec<ReaderEntry> {
        self.0.entries()
    }
}
