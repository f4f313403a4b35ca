//! The slot of vpcd that a card is in, for `vmyna reader`: the card that is in it, beside it, or on its way.
//!
//! The thread of the command holds the conversation with vpcd and owns the card meanwhile. Other threads ask it to give the
//! card back, and wait for that. Must never wait without a limit for the thread of the command.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use vmyna_apdu::{Icc, IccError, Pull};
use vmyna_pcsc_service::NotMoved;
use vmyna_pcsc_service::control::{Listed, Moves};
use vmyna_reader_bridge::vpcd::StopHandle;

/// The limit of a wait for the thread of the command. A card may take that long for a command.
const PATIENCE: Duration = Duration::from_secs(9);

/// A card as it is in no reader.
type Card = Box<dyn Icc + Send>;

/// The slot. Clones are the same one.
#[derive(Clone)]
pub(super) struct Slot(Arc<Shared>);

struct Shared {
    name: String,
    stop: StopHandle,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    place: Place,
    /// Ends a wait of the card that is in.
    pull: Option<Pull>,
    /// The last ATR of the card that is in; `None` before it was powered on.
    atr: Option<Vec<u8>>,
}

/// The card.
enum Place {
    /// The thread of the command has it.
    In,
    /// That thread is to take it out.
    Leaving,
    /// Beside the slot, from where it can be put back.
    Out(Option<Card>),
    /// That thread is to put it in.
    Coming(Card),
}

impl Slot {
    /// A slot that a card is about to be put into.
    pub(super) fn new(name: &str, stop: StopHandle) -> Self {
        Self(Arc::new(Shared {
            name: name.to_owned(),
            stop,
            state: Mutex::new(State {
                place: Place::In,
                pull: None,
                atr: None,
            }),
            changed: Condvar::new(),
        }))
    }

    /// The card as the thread of the command puts it in.
    pub(super) fn put_in(&self, card: Card) -> Watched {
        let mut state = self.lock();
        state.place = Place::In;
        state.pull = card.pull();
        state.atr = None;
        self.0.changed.notify_all();
        Watched {
            card,
            slot: self.clone(),
        }
    }

    /// The card has left the slot. Waits until a card is put in; `None` when the command is to end.
    pub(super) fn out(&self, card: Watched) -> Option<Watched> {
        let mut state = self.lock();
        state.place = Place::Out(Some(card.card));
        state.pull = None;
        state.atr = None;
        self.0.changed.notify_all();
        let waits = |state: &mut State| !self.0.stop.is_stopped() && !matches!(state.place, Place::Coming(_));
        let waited = self.0.changed.wait_while(state, waits);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut state.place, Place::Out(None)) {
            Place::Coming(card) if !self.0.stop.is_stopped() => {
                drop(state);
                Some(self.put_in(card))
            }
            _ => None,
        }
    }

    /// Whether `vmyna reader` wants the card out.
    pub(super) fn is_leaving(&self) -> bool {
        matches!(self.lock().place, Place::Leaving)
    }

    /// Ends the command.
    pub(super) fn end(&self) {
        self.0.stop.stop();
        let state = self.lock();
        // No program waits any longer for an answer that a fault holds back.
        state.pull.iter().for_each(Pull::out);
        self.0.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the thread of the command, also if it does not come.
    fn wait_while<'a>(&self, state: MutexGuard<'a, State>, waits: fn(&State) -> bool) -> MutexGuard<'a, State> {
        let goes_on = |state: &mut State| waits(state) && !self.0.stop.is_stopped();
        let waited = self.0.changed.wait_timeout_while(state, PATIENCE, goes_on);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn is_this(&self, reader: &str) -> Result<(), NotMoved> {
        match reader == self.0.name {
            true => Ok(()),
            false => Err(NotMoved::NoSuchReader),
        }
    }

    /// Takes the card out, if there is one, and returns when it has no power any more.
    fn take_out<'a>(&'a self, mut state: MutexGuard<'a, State>) -> Result<MutexGuard<'a, State>, NotMoved> {
        if !matches!(state.place, Place::In) {
            return Err(NotMoved::Empty);
        }
        state.place = Place::Leaving;
        self.0.stop.remove();
        state.pull.iter().for_each(Pull::out);
        Ok(self.wait_while(state, |state| matches!(state.place, Place::Leaving)))
    }
}

impl Moves for Slot {
    fn list(&self) -> Vec<Listed> {
        let state = self.lock();
        // Only pcscd knows the programs.
        vec![match state.place {
            Place::In | Place::Leaving => Listed::with_card(&self.0.name, state.atr.as_deref().unwrap_or_default()),
            Place::Out(_) | Place::Coming(_) => Listed::empty(&self.0.name),
        }]
    }

    fn remove(&self, reader: &str) -> Result<(), NotMoved> {
        self.is_this(reader)?;
        self.take_out(self.lock()).map(drop)
    }

    fn insert(&self, reader: &str, card: Option<Card>) -> Result<(), NotMoved> {
        self.is_this(reader)?;
        let mut state = self.lock();
        let card = match (card, &mut state.place) {
            (Some(card), _) => card,
            (None, Place::Out(beside)) => beside.take().ok_or(NotMoved::NothingToPutBack)?,
            (None, _) => return Err(NotMoved::Occupied),
        };
        if matches!(state.place, Place::In) {
            state = self.take_out(state)?;
        }
        let before = match &state.place {
            Place::Out(_) => std::mem::replace(&mut state.place, Place::Coming(card)),
            // Another request moves a card at this moment.
            _ => return Err(NotMoved::Occupied),
        };
        self.0.changed.notify_all();
        // Until it has given its ATR, or none.
        drop(self.wait_while(state, |state| match state.place {
            Place::Coming(_) => true,
            Place::In => state.atr.is_none(),
            Place::Leaving | Place::Out(_) => false,
        }));
        // Dropping a card may take long, so the state is not locked.
        drop(before);
        Ok(())
    }

    fn give_up(&self, reader: &str) -> Result<(), NotMoved> {
        self.is_this(reader)?;
        let given_up = match &mut self.lock().place {
            Place::Out(beside) => beside.take(),
            _ => None,
        };
        drop(given_up);
        Ok(())
    }
}

/// The card in the slot. Notes its ATR.
pub(super) struct Watched {
    card: Card,
    slot: Slot,
}

impl Watched {
    fn note(&self, result: Result<(), IccError>, atr: &[u8]) -> Result<(), IccError> {
        self.slot.lock().atr = Some(if result.is_ok() { atr.to_vec() } else { Vec::new() });
        self.slot.0.changed.notify_all();
        result
    }
}

impl Icc for Watched {
    fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        let result = self.card.power_on(atr);
        self.note(result, atr)
    }

    fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        let result = self.card.reset(atr);
        self.note(result, atr)
    }

    fn power_off(&mut self) -> Result<(), IccError> {
        self.card.power_off()
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError> {
        self.card.transmit(command, response)
    }

    fn has_left(&self) -> bool {
        self.card.has_left()
    }

    fn pull(&self) -> Option<Pull> {
        self.card.pull()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    /// Does nothing but count how often it got power.
    struct Counting(Arc<Mutex<u32>>);

    impl Icc for Counting {
        fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
            *self.0.lock().unwrap() += 1;
            *atr = vec![0x3B, 0x00];
            Ok(())
        }
        fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
            self.power_on(atr)
        }
        fn power_off(&mut self) -> Result<(), IccError> {
            Ok(())
        }
        fn transmit(&mut self, _: &[u8], response: &mut Vec<u8>) -> Result<(), IccError> {
            *response = vec![0x90, 0x00];
            Ok(())
        }
    }

    #[test]
    fn a_card_is_taken_out_put_back_swapped_and_given_up() {
        let stop = StopHandle::default();
        let slot = Slot::new("vpcd", stop.clone());
        let (first, second) = (Arc::<Mutex<u32>>::default(), Arc::<Mutex<u32>>::default());
        let mut card = slot.put_in(Box::new(Counting(Arc::clone(&first))));
        let of_command = slot.clone();
        // As the command does: power while it is in, out when it is to leave.
        let command = thread::spawn(move || {
            loop {
                card.power_on(&mut Vec::new()).unwrap();
                while !of_command.is_leaving() && !stop.is_stopped() {
                    thread::sleep(Duration::from_millis(1));
                }
                match of_command.out(card) {
                    Some(next) => card = next,
                    None => return,
                }
            }
        });
        let present = || !slot.list()[0].atr.is_empty();
        assert_eq!(slot.insert("vpcd", None), Err(NotMoved::Occupied));
        assert_eq!(slot.remove("other"), Err(NotMoved::NoSuchReader));
        slot.remove("vpcd").unwrap();
        assert!(!present());
        assert_eq!(slot.remove("vpcd"), Err(NotMoved::Empty));
        slot.insert("vpcd", None).unwrap();
        assert!(present());
        slot.insert("vpcd", Some(Box::new(Counting(Arc::clone(&second)))))
            .unwrap();
        assert!(present());
        // The one that was swapped is not kept.
        assert_eq!(Arc::strong_count(&first), 1);
        slot.remove("vpcd").unwrap();
        slot.give_up("vpcd").unwrap();
        assert_eq!(Arc::strong_count(&second), 1);
        assert_eq!(slot.insert("vpcd", None), Err(NotMoved::NothingToPutBack));
        slot.end();
        command.join().unwrap();
        assert_eq!((*first.lock().unwrap(), *second.lock().unwrap()), (2, 1));
    }
}
