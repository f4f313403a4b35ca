//! `vmyna desk`: cards, readers and a live trace on a page in the browser, until Ctrl-C.

pub(crate) mod args;

use std::io::Write as _;
use std::path::PathBuf;

use vmyna_apdu::ShowPath as _;
use vmyna_desk::desk::{Desk, DeskError, FolderError, Options};

use crate::failure::Failure;
use crate::listen::listen;
use crate::output::{self, say};
use crate::service::SOCKET_VARIABLE;
use crate::settle::settle;
use crate::{advice, signals, threads};

/// Runs the command.
pub(crate) fn run(arguments: args::Desk) -> Result<(), Failure> {
    let stop = signals::end_flag()?;
    for card in &arguments.card {
        settle(card);
    }
    let folder = arguments.folder.map_or_else(default_folder, Ok)?;
    let options = Options {
        listeners: listen(&arguments.listen, arguments.insecure_remote)?,
        hosts: arguments.host,
        folder,
        authorities: arguments.ca,
        socket: arguments.socket,
        cards: arguments.card,
        readers: arguments.readers.into(),
    };
    let desk = Desk::open(options).map_err(failure)?;
    let mut out = output::text();
    writeln!(out, "{}", desk.link())?;
    writeln!(out, "export {SOCKET_VARIABLE}={}", desk.socket().shown())?;
    out.flush()?;
    drop(out);
    say("the link opens the desk in a browser; programs with the variable see its readers. Ctrl-C ends it.");
    desk.run(&stop).map_err(failure)?;
    say("cards taken out");
    Ok(())
}

/// `$XDG_STATE_HOME/vmyna/desk`.
fn default_folder() -> Result<PathBuf, Failure> {
    let state = vmyna::counter::register::state_home();
    let state = state.ok_or_else(|| {
        Failure::Usage("neither XDG_STATE_HOME nor HOME names a folder: --folder DIR names one".to_owned())
    })?;
    Ok(state.join("vmyna").join("desk"))
}

fn failure(error: DeskError) -> Failure {
    match error {
        DeskError::Folder {
            folder,
            error: FolderError::InUse,
        } => Failure::Failed(format!(
            "another desk uses {}: end it, or name another folder with --folder DIR",
            folder.shown()
        )),
        DeskError::Folder { .. } => Failure::Usage(format!("{error}; --folder DIR names another one")),
        DeskError::Service(error) => match error {
            vmyna_pcsc_service::ServiceError::Thread(error) => threads::failure(error),
            error => Failure::Usage(advice::of_service(&error)),
        },
        DeskError::System(_) => Failure::Failed(error.to_string()),
        error => Failure::Usage(error.to_string()),
    }
}
