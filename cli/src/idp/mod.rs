//! `vmyna idp`: an identity provider for relying parties under development, in the browser.
//!
//! The library answers. Here are the address, the files, and the authorities of the cards that it accepts.

pub(crate) mod args;

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use rand_core::{OsRng, RngCore};
use vmyna::CardSource;
use vmyna_apdu::{ShowPath as _, Text};
use vmyna_applets::specimen;
use vmyna_authority::http_client::{HttpError, Reach, post};
use vmyna_authority::verifier::compare::Claims;
use vmyna_authority::verifier::report::{Kind, Report, Step, Verdict};
use vmyna_authority::verifier::revocation::Sources;
use vmyna_authority::verifier::{self, Settings as Verification};
#[cfg(feature = "openssl")]
use vmyna_desk::http::Tls;
use vmyna_desk::http::{HttpServer, Limits, origin};
use vmyna_desk::idp::{
    Authority as Verifier, CardSignature, Clients, KeyRing, KeysError, LONGEST_FILE, PresentedDocument, REALM,
    Settings, linked, machine_clock, router,
};
use vmyna_desk::portal;

use crate::failure::{Failure, path_failure};
use crate::listen::listen;
use crate::options::authority::Authority;
use crate::output::{self, say};
use crate::registers::state_home;
use crate::seed::{Time, clock};
use crate::{advice, signals, trusted};
use args::Idp;

/// Runs the command.
pub(crate) fn run(arguments: Idp) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::Failed(error.to_string());
    let clients = match &arguments.clients {
        Some(file) => registered(file)?,
        None => practice()?,
    };
    let keys = match &arguments.keys {
        Some(file) => KeyRing::kept(file).map_err(|error| keys_failure(file, &error))?,
        None => KeyRing::new().map_err(|error| failed(&error))?,
    };
    let authority = Named {
        authorities: arguments.ca,
        at: arguments.at,
    };
    // A fault of a folder shows now and not at the first log-in.
    trusted::certificates(&authority.authorities, &trusted::registers(&authority.authorities)?)?;
    let cards = cards(arguments.cards)?;
    let listeners = listen(&arguments.listen, arguments.insecure_remote)?;
    let address = listeners.first().map(std::net::TcpListener::local_addr);
    let address = address.ok_or_else(|| failed(&"there is no address"))?;
    let address = address.map_err(|error| failed(&error))?;
    let quiet = arguments.quiet;
    let settings = Settings {
        clients,
        cards,
        authority: Box::new(authority),
        keys: keys.rotated_after(arguments.rotate_after),
        clock: Box::new(machine_clock),
        time_limit: arguments.time_limit,
        log: Box::new(move |line| {
            if !quiet {
                say(line);
            }
        }),
    };
    let name = arguments.host.first().cloned().unwrap_or_else(|| name(address));
    #[cfg(feature = "openssl")]
    let tls = arguments.tls.as_deref().map(tls).transpose()?;
    #[cfg(feature = "openssl")]
    let scheme = if tls.is_some() { "https" } else { "http" };
    #[cfg(not(feature = "openssl"))]
    let scheme = "http";
    let stop = signals::end_flag()?;
    // A program that starts the provider waits for this line.
    let mut out = output::text();
    let origin = origin(scheme, &name, address.port());
    writeln!(out, "Serving the identity provider {origin}{REALM}")?;
    out.flush()?;
    drop(out);
    let server = HttpServer {
        listeners,
        hosts: arguments.host,
        limits: Limits::default(),
    };
    #[cfg(feature = "openssl")]
    if let Some(tls) = tls {
        let served = server.run_over_tls(&tls, router(settings), &stop);
        return served.map_err(|error| failed(&error));
    }
    server.run(router(settings), &stop).map_err(|error| failed(&error))
}

/// The host word of the issuer, unless the user gives one.
fn name(address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(Ipv4Addr::LOCALHOST | Ipv4Addr::UNSPECIFIED) => "localhost".to_owned(),
        IpAddr::V6(Ipv6Addr::LOCALHOST | Ipv6Addr::UNSPECIFIED) => "localhost".to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// An error of the file of keys, with the advice for it.
fn keys_failure(file: &Path, error: &KeysError) -> Failure {
    let message = format!("{}: {error}", file.shown());
    match error {
        KeysError::Io(error) => path_failure(error, message),
        KeysError::Form => Failure::Failed(format!("{message}. Name another file: it is made")),
        _ => Failure::Failed(message),
    }
}

/// The server's certificate and its key.
#[cfg(feature = "openssl")]
fn tls(files: &[std::path::PathBuf]) -> Result<Tls, Failure> {
    let [certificate, key] = files else {
        return Err(Failure::Usage("--tls takes a certificate and a key".to_owned()));
    };
    let read = |file: &Path| {
        let bytes = vmyna_files::read(file, LONGEST_FILE);
        bytes.map_err(|error| path_failure(&error, format!("{}: {error}", file.shown())))
    };
    let (certificates, secret) = (read(certificate)?, zeroize::Zeroizing::new(read(key)?));
    Tls::new(&certificates, &secret)
        .map_err(|error| Failure::Failed(format!("{} and {}: {error}", certificate.shown(), key.shown())))
}

/// The relying parties of a file.
fn registered(file: &Path) -> Result<Clients, Failure> {
    let unreadable = |error: std::io::Error| path_failure(&error, format!("{}: {error}", file.shown()));
    let text = vmyna_files::read_text(file, LONGEST_FILE).map_err(unreadable)?;
    let folder = file.parent().unwrap_or(Path::new(""));
    Clients::parse(&text, folder).map_err(|errors| {
        let lines = errors.iter().map(|error| format!("{}: {error}", file.shown()));
        Failure::Failed(lines.collect::<Vec<_>>().join("\n"))
    })
}

/// The practice portal at its usual address.
fn practice() -> Result<Clients, Failure> {
    let folder = state_home().map(|home| home.join(portal::FOLDER));
    let folder = folder.ok_or_else(|| {
        Failure::Failed(
            "the practice portal's key has no folder: name the relying parties with --clients FILE".to_owned(),
        )
    })?;
    Ok(Clients::new(vec![portal::usual_client(&folder)]))
}

/// The given cards, or all built-in ones.
fn cards(given: Vec<CardSource>) -> Result<Vec<CardSource>, Failure> {
    if !given.is_empty() {
        // A card that is not there shows now and not at the first log-in.
        for card in &given {
            card.find()?;
        }
        return Ok(given);
    }
    let names = specimen::names().map_err(|error| Failure::Failed(error.to_string()))?;
    Ok(names
        .into_iter()
        .map(|name| CardSource::Specimen(name.to_owned(), None))
        .collect())
}

/// The authorities that the user has named.
struct Named {
    authorities: Vec<Authority>,
    at: Option<Time>,
}

impl Verifier for Named {
    fn verify(&self, signature: &CardSignature<'_>) -> Report {
        self.report(signature).unwrap_or_else(|failure| {
            // Nothing is known of the certificate then.
            let mut report = Report::new(Kind::RawSignature, Vec::new());
            report.steps.push(Step {
                id: "certificate.issuer",
                verdict: Verdict::NotVerified,
                reason: Text::same(failure.to_string()),
            });
            report
        })
    }

    fn linked(&self, certificate: &[u8]) -> Option<[u8; 32]> {
        let registers = trusted::registers(&self.authorities).ok()?;
        let mut found = registers.iter().map(|named| linked(&*named.register, certificate));
        found.find_map(|found| found.ok().flatten())
    }

    fn verify_document(&self, presented: &PresentedDocument) -> vmyna_mdoc::Report {
        self.document_report(presented).unwrap_or_default()
    }
}

impl Named {
    /// The report on an mdoc by the roots of the authorities, and by what their registers have as revoked.
    fn document_report(&self, presented: &PresentedDocument) -> Result<vmyna_mdoc::Report, Failure> {
        let at = self.at.map_or_else(clock, |time| Ok(time.0))?;
        let roots = trusted::mdoc_certificates(&self.authorities, at)?;
        let anchors: Vec<&[u8]> = roots.iter().map(Vec::as_slice).collect();
        let lists = self.authorities.iter().map(|one| trusted::mdoc_lists(one, at));
        let lists = lists.collect::<Result<Vec<_>, _>>()?.concat();
        let options = vmyna_mdoc::Options {
            request: Some(&presented.request),
            lists: &lists,
            ..vmyna_mdoc::Options::default()
        };
        let (response, transcript) = (&presented.response, &presented.transcript);
        Ok(vmyna_mdoc::verify(response, transcript, &anchors, at, &options))
    }

    /// The report by the registers as they are now, or by the responder that a certificate names.
    fn report(&self, signature: &CardSignature<'_>) -> Result<Report, Failure> {
        let clock = clock()?;
        let registers = trusted::registers(&self.authorities)?;
        let ask = |url: &str, request: &[u8]| {
            let answer = post(url, "application/ocsp-request", request, Reach::Loopback);
            answer.map_err(|error: HttpError| advice::of_ocsp(&error))
        };
        let mut nonce = [0; 32];
        OsRng.fill_bytes(&mut nonce);
        let settings = Verification {
            trust: trusted::certificates(&self.authorities, &registers)?,
            at: self.at.map_or(clock, |time| time.0),
            clock,
            purpose: Some(signature.purpose),
            form: Some(signature.form),
            revocation: Sources {
                registers: registers.iter().map(|named| &*named.register).collect(),
                ask: Some(&ask),
                ..Sources::default()
            },
            nonce,
        };
        let (value, message, certificate) = (signature.value, &signature.message, signature.certificate);
        let mut claims = Claims::default();
        Ok(verifier::signature(
            value,
            message,
            certificate,
            Vec::new(),
            &settings,
            &mut claims,
        ))
    }
}
