//! Asking for the PINs that may be used. Nothing typed is shown, kept or repeated in a message.

use std::io::{self, BufRead, IsTerminal, Write};

use vmyna_conformance::pins::{Pin, Place, Values};
use vmyna_conformance::run::Examination;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Asks on the terminal for each PIN that has tries to spare; an empty line leaves it out. Without a terminal nothing is
/// asked, and no PIN used.
pub(super) fn pins(examination: &Examination, values: &mut Values) -> Result<(), Failure> {
    let mut terminal = io::stderr();
    if !io::stdin().is_terminal() || !terminal.is_terminal() {
        writeln!(
            terminal,
            "no PIN is given (--pin NAME=VALUE): what needs one is left out"
        )?;
        return Ok(());
    }
    writeln!(
        terminal,
        "Which PINs may be used? Each is tried once first; with an empty line what needs it is left out."
    )?;
    for pin in Pin::ALL {
        let places = || Place::all().filter(move |place| place.pin == pin);
        let tries = places()
            .filter_map(|place| examination.tries.get(&place))
            .min()
            .copied()
            .unwrap_or_default();
        if tries < 2 {
            writeln!(terminal, "{pin}: {tries} tries left, it is not touched")?;
            continue;
        }
        loop {
            let prompt = format!("{pin} ({}; {tries} tries left): ", pin.title());
            let Some(value) = ask_pin(&prompt)? else {
                break;
            };
            let value = Zeroizing::new(String::from_utf8_lossy(&value).into_owned());
            match values.insert(pin, value) {
                Ok(()) => break,
                Err(what) => writeln!(terminal, "{what}; nothing was sent")?,
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
