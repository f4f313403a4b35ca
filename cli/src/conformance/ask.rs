//! Asks for the PINs that may be used. It must never show, keep or repeat what is typed.

use std::io::{self, IsTerminal};

use vmyna_conformance::pins::{Application, Pin, Place, Values};
use vmyna_conformance::run::Examination;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::options::language::{Language, say};
use crate::output::{self, say as report};
use crate::signals::Interrupt;
use crate::terminal;

/// Asks on the terminal for each PIN that has tries to spare; an empty line leaves it out. Without a terminal nothing is
/// asked, and no PIN used.
pub(super) fn pins(examination: &Examination, values: &mut Values, language: Language) -> Result<(), Failure> {
    if !io::stdin().is_terminal() || !output::StatusLine::new().is_terminal() {
        let text = say!(
            language,
            "no PIN is given (--pin NAME=VALUE): what needs one is left out",
            "PINの指定がない（--pin 名前=値）: PINの必要なものは省く"
        );
        report(&text);
        return Ok(());
    }
    let text = say!(
        language,
        "Which PINs may be used? Each is tried once first; with an empty line what needs it is left out.",
        "使用してよいPINを入力。最初に1回ずつ照合する。空行ならそのPINの必要なものは省く。"
    );
    report(&text);
    let interrupt = Interrupt::watch()?;
    for pin in Pin::ALL {
        let places = || Place::all().filter(move |place| place.pin == pin);
        let lacking =
            |place: Place| Application::LOADED.contains(&place.application) && !examination.tries.contains_key(&place);
        if places().all(lacking) {
            continue;
        }
        let tries = places()
            .filter_map(|place| examination.tries.get(&place))
            .min()
            .copied()
            .unwrap_or_default();
        if tries < 2 {
            let text = say!(
                language,
                "{pin}: {tries} tries left, it is not touched",
                "{pin}: 残り試行回数{tries}、使用しない"
            );
            report(&text);
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
                    let text = say!(language, "{what}; nothing was sent", "{what}。何も送っていない");
                    report(&text);
                }
            }
        }
    }
    // Ctrl-C during the last answer also means that no PIN is sent.
    if interrupt.end() { Err(interrupted()) } else { Ok(()) }
}

fn interrupted() -> Failure {
    Failure::Interrupted("interrupted; nothing was sent".to_owned())
}
