//! Asking for the PINs that may be used. Nothing typed is shown, kept or repeated in a message.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::SIGINT;
use vmyna_conformance::pins::{Pin, Place, Values};
use vmyna_conformance::run::Examination;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::terminal;

/// Asks on the terminal for each PIN that has tries to spare; an empty line leaves it out. Without a terminal nothing is
/// asked, and no PIN used.
pub(super) fn pins(examination: &Examination, values: &mut Values) -> Result<(), Failure> {
    let mut out = io::stderr();
    if !io::stdin().is_terminal() || !out.is_terminal() {
        writeln!(out, "no PIN is given (--pin NAME=VALUE): what needs one is left out")?;
        return Ok(());
    }
    writeln!(
        out,
        "Which PINs may be used? Each is tried once first; with an empty line what needs it is left out."
    )?;
    let interrupt = Interrupt::watch()?;
    for pin in Pin::ALL {
        let places = || Place::all().filter(move |place| place.pin == pin);
        let tries = places()
            .filter_map(|place| examination.tries.get(&place))
            .min()
            .copied()
            .unwrap_or_default();
        if tries < 2 {
            writeln!(out, "{pin}: {tries} tries left, it is not touched")?;
            continue;
        }
        loop {
            let prompt = format!("{pin} ({}; {tries} tries left): ", pin.title());
            let Some(value) = terminal::ask_pin(&prompt, &|| interrupt.came())? else {
                if interrupt.came() {
                    return Err(Failure::Interrupted("interrupted; nothing was sent".to_owned()));
                }
                break;
            };
            let value = Zeroizing::new(String::from_utf8_lossy(&value).into_owned());
            match values.insert(pin, value) {
                Ok(()) => break,
                Err(what) => writeln!(out, "{what}; nothing was sent")?,
            }
        }
    }
    Ok(())
}

/// Ctrl-C while somebody is asked: the terminal must get its echo back before the end. Afterwards it ends the program at
/// once, as before.
struct Interrupt {
    came: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
}

impl Interrupt {
    fn watch() -> io::Result<Self> {
        let (came, over) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        signal_hook::flag::register_conditional_default(SIGINT, Arc::clone(&over))?;
        signal_hook::flag::register(SIGINT, Arc::clone(&came))?;
        Ok(Self { came, over })
    }

    fn came(&self) -> bool {
        self.came.load(Ordering::SeqCst)
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
    }
}
