//! A card whose state is kept, in use by this process; other processes reach it by [`requests`].

mod requests;

use std::io;
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::thread;

use rand_core::OsRng;
use vmyna_apdu::{Icc, IccError};
use vmyna_applets::issued::IssuedCard;
use vmyna_card_os::{Card, Observer};

use crate::failure::Failure;
use crate::private_directory::PrivateDirectory;
use crate::state::StatePlace;
pub(crate) use requests::{ask_reset, ask_tries};

/// A card that keeps its state. Dropping it lets the next process use the card.
pub(crate) struct HeldCard {
    held: Arc<Mutex<Held>>,
    /// The socket lies in it.
    directory: PrivateDirectory,
}

/// The card.
struct Held {
    /// `None` once nobody uses it any more; who still asks is told so.
    card: Option<Card>,
    /// Which card it is.
    identity: [u8; 32],
    powered: bool,
    /// The card has lost its power behind the reader's back: the next command gets no answer, so that the program which
    /// sent it learns that nothing is selected or verified any more.
    interrupted: bool,
}

impl HeldCard {
    /// Opens the card and its state.
    pub(crate) fn open(
        issued: IssuedCard,
        place: StatePlace,
        observer: Option<Box<dyn Observer + Send>>,
    ) -> Result<Self, Failure> {
        let unable = |error: io::Error| Failure::Failed(format!("no socket can be made for the card: {error}"));
        let directory = PrivateDirectory::create().map_err(unable)?;
        let socket = directory.card_socket();
        let listener = UnixListener::bind(&socket).map_err(unable)?;
        let mut store = place.open()?;
        store
            .announce(&socket.display().to_string())
            .map_err(crate::state::failed)?;
        let card = issued.card(Box::new(store), Box::new(OsRng));
        let mut card = card.map_err(|error| Failure::Failed(format!("{}: {error}", place.path().display())))?;
        if let Some(observer) = observer {
            card.observe(observer);
        }
        let held = Arc::new(Mutex::new(Held {
            card: Some(card),
            identity: place.identity(),
            powered: false,
            interrupted: false,
        }));
        let asked = held.clone();
        thread::spawn(move || requests::listen(&listener, &asked));
        // Once a process is enough. Nobody waits for it.
        static SWEEP: Once = Once::new();
        SWEEP.call_once(|| drop(thread::spawn(PrivateDirectory::remove_stale)));
        Ok(Self { held, directory })
    }
}

impl Drop for HeldCard {
    fn drop(&mut self) {
        lock(&self.held).card = None;
        requests::wake(&self.directory.card_socket());
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    // A card that panicked is in no worse state than one that lost power.
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Held {
    /// Goes back to the card as issued. Its power fails for a moment; if it can't be done, nothing happens.
    fn reset_state(&mut self) -> Result<(), Failure> {
        let Some(card) = &mut self.card else { return Ok(()) };
        card.reset_state().map_err(|error| Failure::Failed(error.to_string()))?;
        if self.powered {
            card.power_on();
            self.interrupted = true;
        }
        Ok(())
    }

    fn with_card<T>(&mut self, call: impl FnOnce(&mut Card) -> Result<T, IccError>) -> Result<T, IccError> {
        call(self.card.as_mut().ok_or(IccError::Gone)?)
    }
}

impl Icc for HeldCard {
    fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        let mut held = lock(&self.held);
        held.with_card(|card| Icc::power_on(card, atr))?;
        held.powered = true;
        held.interrupted = false;
        Ok(())
    }

    fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        let mut held = lock(&self.held);
        held.interrupted = false;
        held.with_card(|card| Icc::reset(card, atr))
    }

    fn power_off(&mut self) -> Result<(), IccError> {
        let mut held = lock(&self.held);
        held.powered = false;
        held.interrupted = false;
        held.with_card(Icc::power_off)
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError> {
        let mut held = lock(&self.held);
        if std::mem::take(&mut held.interrupted) {
            return Err(IccError::Mute);
        }
        held.with_card(|card| Icc::transmit(card, command, response))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vmyna_applets::specimen;

    use vmyna_apdu::hex;

    const SELECT_JPKI: &str = "00A4040C0AD392F000260100000001";

    #[test]
    fn a_card_reset_in_use_leaves_one_command_unanswered_and_then_works_without_more() {
        let folder = tempfile::tempdir().unwrap();
        let issued = || specimen::find("hanako").unwrap().unwrap();
        let place = StatePlace::beside(&folder.path().join("c"), &"hanako".parse().unwrap(), [1; 32]);
        let mut card = HeldCard::open(issued(), place.clone(), None).unwrap();
        let select = hex::decode(SELECT_JPKI).unwrap();
        let (mut atr, mut answer) = (Vec::new(), Vec::new());
        let reset = || assert!(place.reset().unwrap().contains("as issued"));
        // A card without power has nothing to lose.
        reset();
        card.power_on(&mut atr).unwrap();
        card.transmit(&select, &mut answer).unwrap();
        reset();
        assert_eq!(card.transmit(&select, &mut answer), Err(IccError::Mute));
        for _ in 0..2 {
            card.transmit(&select, &mut answer).unwrap();
            assert_eq!(answer, [0x90, 0x00]);
        }
        // Who gives the card a reset knows that already.
        for how in [HeldCard::reset, HeldCard::power_on] {
            reset();
            how(&mut card, &mut atr).unwrap();
            card.transmit(&select, &mut answer).unwrap();
        }
    }
}
