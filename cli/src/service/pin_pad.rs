//! The PIN pad of the readers: the PIN of the command line, or one typed on the terminal.
//!
//! A prompt must never outlive the service: the end of the service ends the prompt.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use vmyna_pcsc_service::{Entry, PinPad};
use zeroize::Zeroizing;

use crate::options::readers::PinPadSource;
use crate::output::say;
use crate::terminal;

/// Ends the asking for a PIN.
#[derive(Default)]
pub(crate) struct Cancel {
    times: AtomicUsize,
    for_good: AtomicBool,
}

impl Cancel {
    /// Cancels the present prompt. A program that waits for its reader does not see Ctrl-C before the reader answers.
    pub(crate) fn now(&self) {
        self.times.fetch_add(1, Ordering::SeqCst);
    }

    /// Cancels this prompt and all later ones.
    pub(crate) fn for_good(&self) {
        self.for_good.store(true, Ordering::SeqCst);
    }
}

/// A PIN pad with PINs from `source`.
pub(super) fn pin_pad(source: PinPadSource, cancel: Arc<Cancel>) -> PinPad {
    // Two readers, one terminal.
    let one_at_a_time = Mutex::new(());
    match source {
        PinPadSource::Given { pin, new } => PinPad::new(Box::new(move |entry, _| {
            let typed = if entry == Entry::Current { &pin } else { &new };
            Some(typed.as_bytes().to_vec().into())
        })),
        PinPadSource::Ask => PinPad::new(Box::new(move |entry, _| {
            let _turn = one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner);
            ask(entry, &cancel).unwrap_or_else(|error| {
                say(&format!(
                    "vmyna: no PIN can be asked for on the terminal: {error}; say it with --pin-pad PIN"
                ));
                None
            })
        })),
    }
}

/// Asks on the terminal; an empty line cancels.
fn ask(entry: Entry, cancel: &Cancel) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let before = cancel.times.load(Ordering::SeqCst);
    let which = match entry {
        Entry::New => "the new PIN",
        Entry::Repeated => "the new PIN again",
        _ => "the PIN",
    };
    terminal::ask_pin(&format!("PIN pad: type {which} (nothing cancels): "), &|| {
        cancel.for_good.load(Ordering::SeqCst) || cancel.times.load(Ordering::SeqCst) != before
    })
}
