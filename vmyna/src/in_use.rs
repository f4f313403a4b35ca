//! An issued card in use by this process. Other processes reach it by control requests ([`crate::control`]).

mod requests;
mod shared;

use std::os::unix::net::UnixListener;
use std::sync::{Arc, Mutex, Once};
use std::thread;

use rand_core::OsRng;
use vmyna_apdu::ShowPath as _;
use vmyna_apdu::{Icc, IccError};
use vmyna_applets::issued::IssuedCard;
use vmyna_card_os::declaration::Application;
use vmyna_card_os::state::Store as _;
use vmyna_card_os::{Card, Observer};

use crate::error::Error;
use crate::private_directory::PrivateDirectory;
use crate::state::StatePlace;
use shared::{InUse, lock};

/// An issued card that keeps its state, in use by this process until it is dropped.
pub struct KeptCard {
    shared: Arc<Mutex<InUse>>,
    /// The directory of the control socket.
    directory: PrivateDirectory,
}

impl KeptCard {
    /// Opens the card as it is now by its state, and locks the state. `observer` is called with each event of the card.
    ///
    /// # Errors
    /// Another process uses the card, or its state or control socket can't be used.
    pub fn open(issued: &IssuedCard, place: &StatePlace, observer: Box<dyn Observer + Send>) -> Result<Self, Error> {
        let directory = PrivateDirectory::create().map_err(Error::Socket)?;
        let socket = directory.card_socket();
        let listener = UnixListener::bind(&socket).map_err(Error::Socket)?;
        let mut store = place.open()?;
        store.announce(&socket.shown().to_string())?;
        let now = match store.load()?.record() {
            Some(record) => place.with_record(issued, record)?,
            None => issued.clone(),
        };
        let card = now.card(Box::new(store), Box::new(OsRng));
        let mut card = card.map_err(|error| Error::Card {
            card: place.path().shown().to_string(),
            error,
        })?;
        card.observe(observer);
        let shared = Arc::new(Mutex::new(InUse::new(card, issued.clone(), place.identity())));
        let answering = shared.clone();
        let answers = move || requests::listen(&listener, &answering);
        thread::Builder::new().spawn(answers).map_err(Error::Thread)?;
        // Once in a process is enough.
        static SWEEP: Once = Once::new();
        // Without a thread a later process removes what is stale.
        SWEEP.call_once(|| drop(thread::Builder::new().spawn(PrivateDirectory::remove_stale)));
        Ok(Self { shared, directory })
    }

    /// The applications of the card as it is now; none once it is no longer in use.
    pub(crate) fn applications(&self) -> Arc<[Application]> {
        let in_use = lock(&self.shared);
        in_use.card.as_ref().map_or(&[][..], Card::applications).into()
    }
}

impl Drop for KeptCard {
    fn drop(&mut self) {
        lock(&self.shared).card = None;
        requests::wake(&self.directory.card_socket());
    }
}

impl Icc for KeptCard {
    fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        let mut in_use = lock(&self.shared);
        in_use.with_card(|card| Icc::power_on(card, atr))?;
        in_use.powered = true;
        in_use.interrupted = false;
        Ok(())
    }

    fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        let mut in_use = lock(&self.shared);
        in_use.interrupted = false;
        in_use.with_card(|card| Icc::reset(card, atr))
    }

    fn power_off(&mut self) -> Result<(), IccError> {
        let mut in_use = lock(&self.shared);
        in_use.powered = false;
        in_use.interrupted = false;
        in_use.with_card(Icc::power_off)
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError> {
        let mut in_use = lock(&self.shared);
        if std::mem::take(&mut in_use.interrupted) {
            return Err(IccError::Mute);
        }
        in_use.with_card(|card| Icc::transmit(card, command, response))
    }
}

#[cfg(test)]
mod tests;
