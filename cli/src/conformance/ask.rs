//! Asking for the PINs that may be used. Nothing typed is shown, kept or repeated in a message.

use std::io::{self, BufRead, IsTerminal, Write};

use vmyna_conformance::pins::{Pin, Place, Values};
use vmyna_conformance::run::Examination;
use zeroize::Zeroizing;

use crate::explain::language::{Language, say};
use crate::failure::Failure;

/// Asks on the terminal for each PIN that has tries to spare; an empty line leaves it out. Without a terminal nothing is
/// asked, and no PIN used.
pub(super) fn pins(examination: &Examination, values: &mut Values, language: Language) -> Result<(), Failure> {
    let mut terminal = io::stderr();
    if !io::stdin().is_terminal() || !terminal.is_terminal() {
        let told = say!(
            language,
            "no PIN is given (--pin NAME=VALUE): what needs one is left out",
            "PINの指定がない（--pin 名前=値）: PINの必要なものは省く"
        );
        writeln!(terminal, "{told}")?;
        return Ok(());
    }
    let told = say!(
        language,
        "Which PINs may be used? Each is tried once first; with an empty line what needs it is left out.",
        "使用してよいPINを入力。最初に1回ずつ照合する。空行ならそのPINの必要なものは省く。"
    );
    writeln!(terminal, "{told}")?;
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
            writeln!(terminal, "{told}")?;
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
            let Some(value) = ask_pin(&prompt)? else {
                break;
            };
            let value = Zeroizing::new(String::from_utf8_lossy(&value).into_owned());
            match values.insert(pin, value) {
                Ok(()) => break,
                Err(what) => {
                    let what = what.say(language);
                    let told = say!(language, "{what}; nothing was sent", "{what}。何も送っていない");
                    writeln!(terminal, "{told}")?;
                }
            }
        }
    }
    Ok(())
}

/// Asks on the terminal, whatever standard input is; an empty line cancels.
fn ask_pin(prompt: &str) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let terminal = std::fs::File::options().read(true).write(true).open("/dev/tty")?;
    let echo = |state: &str| -> io::Result<std::process::ExitStatus> {
        std::process::Command::new("stty")
            .arg(state)
            .stdin(terminal.try_clone()?)
            .status()
    };
    (&terminal).write_all(prompt.as_bytes())?;
    echo("-echo")?;
    let mut line = Zeroizing::new(String::new());
    let read = io::BufReader::new(&terminal).read_line(&mut line);
    // The echo must come back whatever happened.
    let _ = echo("echo");
    (&terminal).write_all(b"\n")?;
    read?;
    let pin = line.trim_end_matches(['\r', '\n']);
    Ok((!pin.is_empty()).then(|| pin.as_bytes().to_vec().into()))
}
