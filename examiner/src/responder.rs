//! The responder (OCSP) of an examination, at the address in the certificates.
//!
//! One responder serves all runs, also those at the same time: it knows a candidate by the serial number of its certificate.
//! Of a certificate that no run has stated anything about it answers that it is good.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use der::DateTime;
use vmyna_authority::server::{Limits, MADE_ANSWERS, MadeAnswers};
use vmyna_candidates::ocsp::{OcspAnswer, Responders};
use vmyna_candidates::{MakeError, Subject, Workshop};
use vmyna_issuance::x509::ServiceUrl;
use vmyna_issuance::x509::names::Hierarchy;

/// Why no responder can be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResponderError {
    /// Another program listens at the address in the certificates.
    #[error("{0} is in use, and the certificates name a responder there")]
    InUse(String),
    /// The system refuses to listen at the address in the certificates.
    #[error("{address}, where the certificates name a responder: {error}")]
    Unable {
        /// Host and port.
        address: String,
        /// The cause.
        error: io::Error,
    },
    /// Its certificates can't be made.
    #[error("{0}")]
    Make(#[from] MakeError),
    /// The system has no thread for it.
    #[error("the responder can't be started: {0}")]
    Thread(io::Error),
}

/// What is stated of certificates, by their serial number, and as of when.
type Statuses = Arc<Mutex<BTreeMap<u32, (OcspAnswer, DateTime)>>>;

/// The responder. It serves until it is dropped.
pub struct Responder {
    statuses: Statuses,
    url: String,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What a run has stated; it ends when this is dropped.
#[must_use = "what is stated ends with this"]
pub struct Stated {
    statuses: Statuses,
    serials: Vec<u32>,
}

impl Drop for Stated {
    fn drop(&mut self) {
        let mut statuses = lock(&self.statuses);
        for serial in &self.serials {
            statuses.remove(serial);
        }
    }
}

impl Responder {
    /// Starts one, at the address that the certificates of the workshop name.
    ///
    /// # Errors
    /// [`ResponderError`]
    pub fn start(workshop: &Workshop) -> Result<Self, ResponderError> {
        let service = workshop.authority(Hierarchy::Authentication)?.service().clone();
        // First of all, because the certificates of responders take longer.
        let listeners = listen(&service)?;
        let responders = Responders::new(workshop)?;
        let statuses = Statuses::default();
        let (known, now) = (Arc::clone(&statuses), workshop.now());
        let make = move |_: &str, request: &[u8]| {
            let known = lock(&known).clone();
            // The time of the first certificate that something is stated of: a request is for one candidate.
            let serial = Responders::asked_serial(request);
            let at = serial.and_then(|serial| known.get(&serial)).map_or(now, |(_, at)| *at);
            let status = |serial| known.get(&serial).map_or(OcspAnswer::Good, |(answer, _)| *answer);
            responders.answer(request, at, status).ok()
        };
        let server = MadeAnswers {
            listeners,
            hosts: vec![service.host().to_owned()],
            limits: Limits::default(),
            make: Box::new(make),
        };
        let stop = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&stop);
        let serve = move || {
            // Without threads for it no client gets an answer, which each of them reports.
            let _ = server.run(&until);
        };
        let thread = Builder::new().name("responder".to_owned()).spawn(serve);
        Ok(Self {
            statuses,
            url: format!("{service}/ocsp/sign-ca"),
            stop,
            thread: Some(thread.map_err(ResponderError::Thread)?),
        })
    }

    /// The address for certificates for signatures, which do not name one.
    #[must_use]
    pub fn sign_url(&self) -> &str {
        &self.url
    }

    /// Answers as a candidate states, as of a time, until the result is dropped.
    pub fn state(&self, subject: &Subject, at: DateTime) -> Stated {
        let mut statuses = lock(&self.statuses);
        let mut serials = Vec::new();
        for (serial, answer) in &subject.statuses {
            statuses.insert(*serial, (*answer, at));
            serials.push(*serial);
        }
        Stated {
            statuses: Arc::clone(&self.statuses),
            serials,
        }
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It has ended either way.
            let _ = thread.join();
        }
    }
}

/// Whether the responder of another examination listens at an address that is [in use](ResponderError::InUse). It answers
/// that a certificate is good as well as this one would.
#[must_use]
pub fn is_another(address: &str) -> bool {
    const PATIENCE: Duration = Duration::from_secs(2);
    let ask = || -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.take(4096).read_to_end(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.ends_with(MADE_ANSWERS.as_bytes()))
}

fn lock(statuses: &Statuses) -> MutexGuard<'_, BTreeMap<u32, (OcspAnswer, DateTime)>> {
    statuses.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens at every address of the host. `localhost` is two of them, and a machine can lack the second.
fn listen(service: &ServiceUrl) -> Result<Vec<TcpListener>, ResponderError> {
    let address = format!("{}:{}", service.host(), service.port());
    let unable = |error: io::Error| match error.kind() {
        ErrorKind::AddrInUse => ResponderError::InUse(address.clone()),
        _ => ResponderError::Unable {
            address: address.clone(),
            error,
        },
    };
    let mut listeners = Vec::new();
    let mut last = None;
    for one in address.to_socket_addrs().map_err(unable)? {
        match TcpListener::bind(one) {
            Ok(listener) => listeners.push(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(unable(error)),
            Err(error) => last = Some(error),
        }
    }
    match (listeners.is_empty(), last) {
        (false, _) => Ok(listeners),
        (true, Some(error)) => Err(unable(error)),
        (true, None) => Err(unable(ErrorKind::AddrNotAvailable.into())),
    }
}
