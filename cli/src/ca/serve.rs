//! `vmyna ca serve`.

use std::io::{self, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use vmyna_apdu::ShowPath as _;
use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::server::{Clock, Event, Faults, Limits, OpenRegister, Server};
use vmyna_issuance::ca_folder;

use super::args::{Authority, Fault, Serve};
use super::authorities::{self, Identified, Opened, check_clock};
use crate::failure::{Failure, ca_failure};
use crate::listen::listen;
use crate::output::{self, say};
use crate::{registers, signals};

pub(super) fn serve(arguments: &Serve) -> Result<(), Failure> {
    let (certifying, register) = open(&arguments.authority)?;
    let mdoc = authorities::mdoc_or_report(&arguments.authority, "no list of mdocs is served");
    let clock = arguments
        .now
        .map_or(Clock::Machine, |time| Clock::From(time.0, Instant::now()));
    check_clock(&certifying, clock.now(), ", or serve another day with --now")?;
    let service = certifying.first().map(|(_, authority)| authority.service().clone());
    let service = service.unwrap_or_default();
    let listen_at = match &arguments.listen {
        Some(listen) => listen.clone(),
        None => format!("localhost:{}", service.port()),
    };
    let listeners = listen(&listen_at, arguments.insecure_remote)?;
    let addresses = listeners
        .iter()
        .map(TcpListener::local_addr)
        .collect::<io::Result<Vec<_>>>()
        .map_err(|error| Failure::Failed(error.to_string()))?;
    let mut faults = Faults::default();
    for fault in &arguments.fault {
        match fault {
            Fault::TryLater => faults.try_later = true,
            Fault::WrongSigner => faults.wrong_signer = true,
            Fault::Stale => faults.stale = true,
            Fault::Slow(time) => faults.slow = *time,
        }
    }
    let quiet = arguments.quiet;
    let server = Server {
        authorities: certifying.into_iter().map(|(_, authority)| authority).collect(),
        mdoc,
        register,
        listeners,
        // The address in the certificates is where their programs ask.
        hosts: arguments
            .host
            .iter()
            .cloned()
            .chain([service.host().to_owned()])
            .collect(),
        clock,
        refresh: match arguments.fresh {
            true => Duration::ZERO,
            false => Duration::from_secs(arguments.refresh.into()),
        },
        limits: Limits::default(),
        faults,
        log: Box::new(move |event| {
            if !quiet {
                log(event);
            }
        }),
    };
    let stop = signals::end_flag()?;
    if let Authority::Folder(folder) = &arguments.authority {
        report_rollover(folder, Arc::clone(&stop))?;
    }
    let shown: Vec<String> = addresses.iter().map(|address| format!("http://{address}/")).collect();
    // A program that starts the server waits for this line.
    let mut out = output::text();
    writeln!(out, "Serving the authorities at {}", shown.join(" and "))?;
    out.flush()?;
    drop(out);
    server.run(&stop).map_err(|error| Failure::Failed(error.to_string()))
}

/// The authorities, and how each thread opens their register. The built-in cards are known without one: where none can be
/// written, the server answers from memory, and no certificate is revoked.
fn open(authority: &Authority) -> Result<(Vec<Identified>, Box<OpenRegister>), Failure> {
    let certifying = match (Opened::of(authority), authority) {
        (Ok(opened), _) => opened.certifying,
        (Err(failure), Authority::Folder(_)) => return Err(failure),
        (Err(failure), Authority::Specimen) => {
            say(&format!(
                "vmyna: {failure}: only the built-in cards are known, and none is revoked"
            ));
            let open: Box<OpenRegister> = Box::new(|| {
                let mut register = SqliteRegister::in_memory()?;
                // They are the program's own, and were read before.
                let _ = registers::record_specimens(&mut register);
                Ok(Box::new(register))
            });
            return Ok((authorities::without_register()?, open));
        }
    };
    let path: PathBuf = match authority {
        Authority::Folder(folder) => registers::path(Some(folder))?,
        Authority::Specimen => registers::path(None)?,
    };
    Ok((certifying, Box::new(move || Ok(Box::new(SqliteRegister::open(&path)?)))))
}

/// How often the folder is looked at for a new generation.
const LOOK: Duration = Duration::from_secs(2);

/// Reports once that the folder has a new generation, which this process doesn't answer for: it has loaded its keys.
fn report_rollover(folder: &Path, stop: Arc<AtomicBool>) -> Result<(), Failure> {
    let generations = ca_folder::generations(folder).map_err(ca_failure)?;
    let folder = folder.to_owned();
    let look = move || {
        while !stop.load(Ordering::Relaxed) {
            thread::sleep(LOOK);
            if ca_folder::generations(&folder).is_ok_and(|now| now != generations) {
                say(&format!(
                    "vmyna: {} has a new generation of its authorities: start this server again to answer for it",
                    folder.shown()
                ));
                return;
            }
        }
    };
    let started = thread::Builder::new().name("generations".to_owned()).spawn(look);
    started.map(drop).map_err(|error| Failure::Failed(error.to_string()))
}

/// A line of the log.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    peer: String,
    method: Option<&'a str>,
    path: Option<&'a str>,
    status: Option<u16>,
    what: &'a str,
    microseconds: u64,
}

fn log(event: &Event) {
    let line = Line {
        time: event.at.to_string(),
        peer: event.peer.to_string(),
        method: event.request.as_ref().map(|(method, _)| &**method),
        path: event.request.as_ref().map(|(_, path)| &**path),
        status: event.status,
        what: &event.what,
        microseconds: u64::try_from(event.took.as_micros()).unwrap_or(u64::MAX),
    };
    if let Ok(line) = output::json_line(&line) {
        say(&line);
    }
}
