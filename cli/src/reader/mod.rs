//! `vmyna reader`: puts cards into the readers of a running `vmyna run` or `vmyna serve`, and takes them out.
//! Unplugs readers of `run` and `serve --socket`, and plugs them in again.
//!
//! Speaks to the control socket beside the PC/SC socket. Must never guess which of several services or readers is meant.

pub(crate) mod args;

use std::io::Write;
use std::path::PathBuf;

use vmyna::PrivateDirectory;
use vmyna_apdu::ShowPath as _;
use vmyna_pcsc_service::ControlError;
use vmyna_pcsc_service::control::{self, Listed, Presence};

use crate::advice;
use crate::failure::Failure;
use crate::output;
use crate::service::SOCKET_VARIABLE;
use args::{ReaderAction, Service, WhichReader};

/// Runs the command.
pub(crate) fn run(arguments: args::Reader) -> Result<(), Failure> {
    match arguments.action {
        ReaderAction::List { service } => list(service),
        ReaderAction::Remove { which } => {
            let (socket, reader) = find(which)?;
            control::remove(&socket, &reader).map_err(failed)
        }
        ReaderAction::Insert { which, card } => {
            let (socket, reader) = find(which)?;
            let card = card.map(|card| card.to_absolute()).transpose()?;
            let card = card.map(|card| card.to_string());
            control::insert(&socket, &reader, card.as_deref()).map_err(failed)
        }
        ReaderAction::Unplug(reader) => {
            let (socket, reader) = find(reader.which())?;
            control::unplug(&socket, &reader).map_err(failed)
        }
        ReaderAction::Plug(reader) => {
            let (socket, reader) = find(reader.which())?;
            control::plug(&socket, &reader).map_err(failed)
        }
    }
}

fn failed(error: ControlError) -> Failure {
    Failure::Failed(advice::of_control(&error))
}

fn list(service: Service) -> Result<(), Failure> {
    let readers = control::list(&socket(service)?).map_err(failed)?;
    let mut out = output::text();
    for (number, reader) in readers.iter().enumerate() {
        let card = match reader.card {
            Presence::Absent => "no card".to_owned(),
            Presence::Mute => "a card that does not answer".to_owned(),
            Presence::Unplugged => "unplugged".to_owned(),
            Presence::Present => format!("card with ATR {}", reader.atr),
        };
        let usage = match reader.connections {
            0 => String::new(),
            -1 => ", in use by one program alone".to_owned(),
            1 => ", 1 connection".to_owned(),
            more => format!(", {more} connections"),
        };
        writeln!(out, "#{number} {}\n   {card}{usage}", reader.name)?;
    }
    Ok(())
}

fn find(which: WhichReader) -> Result<(PathBuf, String), Failure> {
    let socket = socket(which.service)?;
    let readers = control::list(&socket).map_err(failed)?;
    let reader = choose(which.reader.as_deref(), &readers).map_err(Failure::Usage)?;
    Ok((socket, reader))
}

/// The service that is meant.
fn socket(service: Service) -> Result<PathBuf, Failure> {
    let named = std::env::var_os(SOCKET_VARIABLE).map(PathBuf::from);
    if let Some(socket) = service.socket.or(named) {
        return Ok(socket);
    }
    let mut running = PrivateDirectory::running();
    match (running.pop(), running.pop()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(Failure::Failed(
            "neither a `vmyna run` nor a `vmyna serve` in pcscd's reader is running; for a `vmyna serve --socket PATH` \
             say --socket PATH"
                .to_owned(),
        )),
        (Some(one), Some(other)) => {
            running.extend([one, other]);
            let running: Vec<_> = running.iter().map(|path| format!("  {}", path.shown())).collect();
            Err(Failure::Usage(format!(
                "more than one `vmyna run` or `vmyna serve` is running, say which with --socket:\n{}",
                running.join("\n")
            )))
        }
    }
}

/// The reader that is meant: the only one, by number, by name, or by a part of a name that no other has.
fn choose(wanted: Option<&str>, readers: &[Listed]) -> Result<String, String> {
    let names = || {
        let quoted: Vec<_> = readers.iter().map(|reader| format!("\"{}\"", reader.name)).collect();
        quoted.join(", ")
    };
    let Some(wanted) = wanted else {
        return match readers {
            [only] => Ok(only.name.clone()),
            _ => Err(format!("say which reader with --reader: {}", names())),
        };
    };
    let number = wanted.strip_prefix('#').and_then(|digits| digits.parse::<usize>().ok());
    let exact = readers.iter().find(|reader| reader.name == wanted);
    if let Some(reader) = exact.or_else(|| readers.get(number?)) {
        return Ok(reader.name.clone());
    }
    let part = wanted.to_lowercase();
    let mut matching = readers
        .iter()
        .filter(|reader| reader.name.to_lowercase().contains(&part));
    match (matching.next(), matching.next()) {
        (Some(only), None) => Ok(only.name.clone()),
        (None, _) => Err(format!("no reader is called \"{wanted}\"; there are: {}", names())),
        _ => Err(format!("\"{wanted}\" can mean more than one reader: {}", names())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readers(names: &[&str]) -> Vec<Listed> {
        names.iter().copied().map(Listed::empty).collect()
    }

    #[test]
    fn the_only_reader_needs_no_name_and_others_are_never_guessed() {
        assert_eq!(choose(None, &readers(&["Desk"])).unwrap(), "Desk");
        let both = readers(&["Desk", "Desk 2"]);
        for (wanted, found) in [("Desk", "Desk"), ("#1", "Desk 2"), ("2", "Desk 2")] {
            assert_eq!(choose(Some(wanted), &both).unwrap(), found);
        }
        for wanted in [None, Some("desk"), Some("Door"), Some("#2")] {
            assert!(
                choose(wanted, &both).unwrap_err().contains("\"Desk\", \"Desk 2\""),
                "{wanted:?}"
            );
        }
    }
}
