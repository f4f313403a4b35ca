//! `vmyna native-host`: the program behind the browser extension, and its installation.
//!
//! Must never write anything but the protocol to standard output while it serves a browser.

pub(crate) mod args;

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use vmyna::{CardSource, STATE_VARIABLE};
use vmyna_apdu::ShowPath as _;
use vmyna_desk::client::{CardClient, ClientError};
use vmyna_desk::native_host::{
    Browser, ConversationError, InstallError, Installation, Settings, Source, Written, caller, converse,
};

use crate::failure::{Failure, path_failure};
use crate::output;
use args::{Action, Install, NativeHost, Place};

/// Runs the command.
pub(crate) fn run(arguments: NativeHost) -> Result<(), Failure> {
    match arguments.action {
        Some(Action::Install(arguments)) => install(*arguments),
        Some(Action::Uninstall { place }) => uninstall(&place),
        None => match &arguments.settings {
            Some(settings) => serve(settings, &arguments.caller),
            None => Err(Failure::Usage(
                "a browser starts this program; `vmyna native-host install` installs it".to_owned(),
            )),
        },
    }
}

fn serve(settings: &Path, arguments: &[String]) -> Result<(), Failure> {
    let settings = Settings::read(settings).map_err(failure)?;
    if !caller::is_extension(settings.browser, arguments) {
        return Err(Failure::Failed("only the extension of vmyna is served".to_owned()));
    }
    let mut open = || open(&settings.source);
    let mut input = io::stdin().lock();
    match converse(&mut input, &mut output::data(), &settings.uuid, &mut open) {
        Err(ConversationError::Output(error)) => Err(Failure::Output(error)),
        outcome => outcome.map_err(|error| Failure::Failed(error.to_string())),
    }
}

/// Opens the card for one request.
fn open(source: &Source) -> Result<CardClient, ClientError> {
    match source {
        Source::Card(card) => CardClient::open(card),
        Source::Reader(name) => in_reader(name),
    }
}

#[cfg(feature = "pcsc")]
fn in_reader(name: &str) -> Result<CardClient, ClientError> {
    use vmyna_reader_bridge::pcsc_client::PcscService;

    Ok(CardClient::new(PcscService::connect()?.open(name)?))
}

#[cfg(not(feature = "pcsc"))]
fn in_reader(_: &str) -> Result<CardClient, ClientError> {
    Err(vmyna_apdu::ReaderError::NoReaders.into())
}

fn install(Install { place, card, reader }: Install) -> Result<(), Failure> {
    let source = match (card, reader) {
        (_, Some(reader)) => Source::Reader(reader),
        (Some(card), None) => Source::Card(absolute(&card)?),
        (None, None) => return Err(Failure::Usage("--card or --reader is missing".to_owned())),
    };
    let program = env::current_exe().map_err(|error| Failure::Failed(format!("this program has no path: {error}")))?;
    let installation = installation(&place)?;
    // A browser that is started elsewhere has another environment, and the card would have two states.
    let state = env::var_os(STATE_VARIABLE).filter(|state| !state.is_empty());
    let variables: Vec<(&str, OsString)> = state.map(|state| (STATE_VARIABLE, state)).into_iter().collect();
    let written = installation.install(&program, &source, &variables).map_err(failure)?;
    report(&written, &place)
}

/// The card under a name for every folder, after a look whether there is one.
fn absolute(card: &CardSource) -> Result<CardSource, Failure> {
    card.find()?;
    card.to_absolute()
        .map_err(|error| Failure::Failed(format!("the working folder has no path: {error}")))
}

fn report(written: &Written, place: &Place) -> Result<(), Failure> {
    let Written {
        manifest,
        script,
        settings,
        extension,
        ..
    } = written;
    let mut out = output::text();
    for path in [manifest, script, settings, extension] {
        writeln!(out, "wrote {}", path.shown())?;
    }
    let folder = extension.shown();
    writeln!(out)?;
    match place.browser {
        Browser::Firefox => {
            writeln!(
                out,
                "Load the extension, in Firefox each time it is started: open about:debugging,"
            )?;
            writeln!(
                out,
                "\"This Firefox\", \"Load Temporary Add-on\", and choose {folder}/manifest.json"
            )?;
        }
        browser => {
            writeln!(
                out,
                "Load the extension: open chrome://extensions, switch on \"Developer mode\", choose"
            )?;
            writeln!(out, "\"Load unpacked\" and the folder {folder}")?;
            if browser == Browser::Chromium {
                writeln!(out, "Or start Chromium with --load-extension={folder}")?;
            }
        }
    }
    writeln!(
        out,
        "Then enter in its settings the origins on which it is to be active: at first there are none."
    )?;
    Ok(())
}

fn uninstall(place: &Place) -> Result<(), Failure> {
    let removed = installation(place)?.uninstall().map_err(failure)?;
    let mut out = output::text();
    if removed.is_empty() {
        writeln!(out, "nothing was installed for {}", place.browser)?;
    }
    for path in removed {
        writeln!(out, "removed {}", path.shown())?;
    }
    Ok(())
}

fn installation(place: &Place) -> Result<Installation, Failure> {
    Installation::of(place.browser, place.user_data_dir.as_deref()).map_err(failure)
}

/// An error of the installation with the advice for it.
fn failure(error: InstallError) -> Failure {
    let advice = match &error {
        InstallError::NotOurs(_) => ". Move it away to install this one",
        InstallError::Settings(_) => ". Remove it; sites then see another computer",
        InstallError::NoUserData => ": leave the option out",
        InstallError::NoHome => ": set it, or name --user-data-dir",
        _ => "",
    };
    let message = format!("{error}{advice}");
    match &error {
        InstallError::NoUserData => Failure::Usage(message),
        InstallError::Io { error, .. } => path_failure(error, message),
        _ => Failure::Failed(message),
    }
}
