//! `vmyna portal`: a relying party to practise with, in the browser.
//!
//! The library shows and checks. Here are the address, the folder of its state, and the authorities that it
//! trusts with signatures.

pub(crate) mod args;

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use vmyna_apdu::ShowPath as _;
use vmyna_desk::http::Limits;
use vmyna_desk::portal::relying_party::RelyingParty;
use vmyna_desk::portal::{self as library, CALLBACK, CLIENT_ID, SessionLimits, State, StateError, Verification};

use crate::failure::{Failure, path_failure};
use crate::listen::listen;
use crate::registers::state_home;
use crate::{output, signals, trusted};
use args::Portal;

/// Runs the command.
pub(crate) fn run(arguments: Portal) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::Failed(error.to_string());
    let folder = folder(arguments.state)?;
    let listeners = listen(&arguments.listen, arguments.insecure_remote)?;
    let origin = library::origin(&listeners, &arguments.host).map_err(|error| failed(&error))?;
    let state = State::open(&folder).map_err(state_failure)?;
    let redirect_uri = format!("{origin}{CALLBACK}");
    let registration = state.register(&redirect_uri).map_err(state_failure)?;
    let party = RelyingParty {
        issuer: arguments.issuer,
        client_id: CLIENT_ID.to_owned(),
        redirect_uri,
        signer: state.signer,
    };
    if party.provider_origin().is_none() {
        let issuer = &party.issuer;
        return Err(Failure::Usage(format!(
            "--issuer {issuer}: the issuer is http://localhost:PORT/PATH or a loopback address"
        )));
    }
    let authorities = arguments.ca;
    let verification = move || -> Result<Verification, Failure> {
        let registers = trusted::registers(&authorities)?;
        Ok(Verification {
            trust: trusted::certificates(&authorities, &registers)?,
            registers: registers.into_iter().map(|named| named.register).collect(),
        })
    };
    // A fault of a folder shows now and not at the first application.
    verification()?;
    let stop = signals::end_flag()?;
    // A program that starts the portal waits for this line.
    let mut out = output::text();
    writeln!(
        out,
        "Serving the practice portal at {origin}/ with the provider {}\n\
         Its registration at the provider: {}",
        party.issuer,
        registration.shown()
    )?;
    out.flush()?;
    drop(out);
    let portal = library::Portal {
        listeners,
        hosts: arguments.host,
        limits: Limits::default(),
        sessions: SessionLimits::default(),
        clock: Box::new(Instant::now),
        party,
        linkage: state.linkage,
        verification: Box::new(move || verification().map_err(|failure| failure.to_string())),
    };
    portal.run(&stop).map_err(|error| failed(&error))
}

/// An error of the state, with the advice for it.
fn state_failure(error: StateError) -> Failure {
    let message = error.to_string();
    match error {
        StateError::Io { error, .. } => path_failure(&error, message),
        StateError::Form { .. } => Failure::Failed(format!("{message}. Move it away: a new one is made")),
        _ => Failure::Failed(message),
    }
}

/// The folder of the state.
fn folder(given: Option<PathBuf>) -> Result<PathBuf, Failure> {
    match given {
        Some(folder) => Ok(folder),
        None => state_home().map(|home| home.join(library::FOLDER)).ok_or_else(|| {
            Failure::Failed("the portal needs a folder for its key: name one with --state DIR".to_owned())
        }),
    }
}
