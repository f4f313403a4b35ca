//! Asking for the PINs that may be used. Nothing typed is shown, kept or repeated in a message.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::SIGINT;
use vmyna_conformance::pins::{Pin, Place, Values};
use vmyna_conformance::run::Examination;
use zeroize::Zeroizing;

use crate::explain::language::{Language, say};
use crate::failure::Failure;
use crate::terminal;

/// Asks on the terminal for each PIN that has tries to spare; an empty line leaves it out. Without a terminal nothing is
/// asked, and no PIN used.
pub(super) fn pins(examination: &Examination, values: &mut Values, language: Language) -> Result<(), Failure> {
    let mut out = io::stderr();
    if !io::stdin().is_terminal() || !out.is_terminal() {
        let told = say!(
            language,
            "no PIN is given (--pin NAME=VALUE): what needs one is left out",
            "PINの指定がない（--pin 名前=値）: PINの必要なものは省く"
        );
        writeln!(out, "{told}")?;
        return Ok(());
    }
    let told = say!(
        language,
        "Which PINs may be used? Each is tried once first; with an empty line what needs it is left out.",
        "使用してよいPINを入力。最初に1回ずつ照合する。空行ならそのPINの必要なものは省く。"
    );
    writeln!(out, "{told}")?;
    let interrupt = Interrupt::watch()?;
    for pin in Pin::ALL {
        let places = || Place::all().filter(move |place| place.pin == pin);
        let tries = places()
            .filter_map(|place| examination.tries.get(&place))
            .min()
            .copied()
            .unwrap_or_default();
        if tries < 2 {
            let told = say!(
                language,
                "{pin}: {tries} tries left, it is not touched",
                "{pin}: 残り試行回数{tries}、使用しない"
            );
            writeln!(out, "{told}")?;
            continue;
        }
        loop {
            let title = pin.title();
            let title = title.say(language);
            let prompt = say!(
                language,
                "{pin} ({title}; {tries} tries left): ",
                "{pin}（{title}、残り試行回数{tries}）: "
            );
            let Some(value) = terminal::ask_pin(&prompt, &|| interrupt.came())? else {
                if interrupt.came() {
                    return Err(interrupted());
                }
                break;
            };
            let value = Zeroizing::new(String::from_utf8_lossy(&value).into_owned());
            match values.insert(pin, value) {
                Ok(()) => break,
                Err(what) => {
                    let what = what.say(language);
                    let told = say!(language, "{what}; nothing was sent", "{what}。何も送っていない");
                    writeln!(out, "{told}")?;
                }
            }
        }
    }
    // While the last answer was taken, too, Ctrl-C says that no PIN is to be sent.
    if interrupt.end() { Err(interrupted()) } else { Ok(()) }
}

fn interrupted() -> Failure {
    Failure::Interrupted("interrupted; nothing was sent".to_owned())
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

    /// Nobody is asked any more. Gives whether it came before; from here on it ends the program at once.
    fn end(self) -> bool {
        self.over.store(true, Ordering::SeqCst);
        self.came()
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
    }
}
