//! `vmyna serve`: a virtual card in pcscd's virtual reader, or cards in readers of vmyna's own service, until Ctrl-C.
//!
//! Reports go to standard error, so that standard output stays free for the program that starts it.

pub(crate) mod args;
mod slot;
mod vpcd;

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use vmyna_apdu::ShowPath as _;

use crate::failure::Failure;
use crate::faults::Faults;
use crate::output::say;
use crate::service::OwnService;
use crate::signals;

/// Runs the command.
pub(crate) fn run(mut arguments: args::Serve) -> Result<(), Failure> {
    for card in &mut arguments.card {
        *card = arguments.applications.on(card)?.with_atr(arguments.atr.as_ref());
    }
    match &arguments.socket {
        Some(socket) => serve_socket(socket, &arguments),
        None => vpcd::serve(arguments),
    }
}

/// vmyna's own service, until a signal.
fn serve_socket(socket: &Path, arguments: &args::Serve) -> Result<(), Failure> {
    let ended = Arc::new((Mutex::new(false), Condvar::new()));
    let ending = Arc::clone(&ended);
    signals::on_end(move || {
        *ending.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        ending.1.notify_all();
    })?;
    let faults = Arc::new(Faults::begin(&arguments.faults, arguments.verbose)?);
    let service = OwnService::start(
        socket,
        &arguments.card,
        &arguments.readers,
        arguments.verbose,
        (&arguments.trace, arguments.show_secrets),
        &faults,
        None,
    )?;
    for reader in service.readers() {
        say(&format!("reader \"{}\": {}", reader.0, reader.1));
    }
    say(&format!(
        "PC/SC programs find them with PCSCLITE_CSOCK_NAME={} in their environment. Ctrl-C ends it.",
        socket.shown()
    ));
    let guard = ended.0.lock().unwrap_or_else(PoisonError::into_inner);
    drop(ended.1.wait_while(guard, |ended| !*ended));
    drop(service);
    faults.report();
    say("cards taken out");
    Ok(())
}
