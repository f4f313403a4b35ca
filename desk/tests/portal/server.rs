//! Servers in threads, which end with the test; and the portal of a test.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use std::{io, thread};

use axum::Router;
use vmyna_applets::specimen;
use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::register::{Certificate, Register};
use vmyna_authority::verifier::trust::Trust;
use vmyna_desk::http::{HttpServer, Limits};
use vmyna_desk::portal::relying_party::RelyingParty;
use vmyna_desk::portal::{CALLBACK, CLIENT_ID, OpenVerification, Portal, SessionLimits, State, Verification, origin};
use vmyna_issuance::specimen as built_in;

use crate::browser::{Browser, Page};
use crate::provider::{Lies, Provider};
use crate::second::Second;

/// A server in a thread.
pub struct Server {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Server {
    pub fn listen() -> (TcpListener, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    pub fn start(listener: TcpListener, router: Router) -> Self {
        let server = HttpServer {
            listeners: vec![listener],
            hosts: Vec::new(),
            limits: Limits::default(),
        };
        Self::run(move |stop| server.run(router, stop))
    }

    pub fn run(serve: impl FnOnce(&AtomicBool) -> io::Result<()> + Send + 'static) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        Self {
            stop,
            thread: Some(thread::spawn(move || serve(&seen))),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.take().unwrap().join();
        // A second panic would hide the first.
        if !thread::panicking() {
            ended.unwrap().unwrap();
        }
    }
}

/// A portal with its provider.
pub struct Rig {
    pub origin: String,
    pub provider: Option<Provider>,
    /// The file of the authorities' register.
    pub register: PathBuf,
    /// By how many seconds the portal's clock is ahead.
    ahead: Arc<AtomicU64>,
    _second: Option<Second>,
    _portal: Server,
    _state: tempfile::TempDir,
}

impl Rig {
    pub fn new() -> Self {
        Self::start(|_, keys| {
            let provider = Provider::start(keys);
            (provider.shared.issuer.clone(), Some(provider), None)
        })
    }

    /// The portal with the provider of another project.
    pub fn at_second() -> Self {
        Self::start(|redirect_uri, keys| {
            let second = Second::start(redirect_uri, &keys);
            (second.issuer.clone(), None, Some(second))
        })
    }

    /// Lets time pass for the sessions of the portal.
    pub fn wait(&self, time: Duration) {
        self.ahead.fetch_add(time.as_secs(), Ordering::Relaxed);
    }

    fn start(provider: impl FnOnce(&str, PathBuf) -> (String, Option<Provider>, Option<Second>)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        let (listener, _) = Server::listen();
        let listeners = vec![listener];
        let origin = origin(&listeners, &[]).unwrap();
        let redirect_uri = format!("{origin}{CALLBACK}");
        let (issuer, provider, second) = provider(&redirect_uri, state.public_key.clone());
        let register = folder.path().join("register.sqlite");
        let ahead = Arc::new(AtomicU64::new(0));
        let passed = Arc::clone(&ahead);
        let portal = Portal {
            listeners,
            hosts: Vec::new(),
            limits: Limits::default(),
            sessions: SessionLimits::default(),
            clock: Box::new(move || Instant::now() + Duration::from_secs(passed.load(Ordering::Relaxed))),
            party: RelyingParty {
                issuer,
                client_id: CLIENT_ID.to_owned(),
                redirect_uri,
                signer: state.signer,
            },
            linkage: state.linkage,
            verification: verification(register.clone()),
        };
        Self {
            origin,
            provider,
            register,
            ahead,
            _second: second,
            _portal: Server::run(move |stop| portal.run(stop)),
            _state: folder,
        }
    }

    pub fn provider(&self) -> &Provider {
        self.provider.as_ref().unwrap()
    }

    pub fn issuer(&self) -> &str {
        &self.provider().shared.issuer
    }

    /// Lets the provider lie.
    pub fn lie(&self, change: impl FnOnce(&mut Lies)) {
        let mut lies = self.provider().shared.lies.lock().unwrap();
        *lies = Lies::default();
        change(&mut lies);
    }

    pub fn browser(&self) -> Browser {
        Browser::new(&self.origin)
    }

    /// Tries to log in; the page at the end.
    pub fn log_in(&self, browser: &mut Browser) -> Page {
        let begun = browser.submit("/en/", "/en/log-in", "");
        browser.follow(begun)
    }

    /// A browser in which a person is logged in.
    pub fn person(&self) -> Browser {
        let mut browser = self.browser();
        let page = self.log_in(&mut browser);
        assert!(is_logged_in(&page), "{} {}", page.status, page.body);
        browser
    }
}

/// Trusts the built-in authorities, whose register is in a file.
fn verification(path: PathBuf) -> Box<OpenVerification> {
    let mut register = SqliteRegister::open_or_make(&path).unwrap();
    for name in specimen::names().unwrap() {
        let card = specimen::find(name).unwrap().unwrap();
        register.record(&Certificate::of_card(&card).unwrap()).unwrap();
    }
    Box::new(move || {
        let mut trust = Trust::default();
        for authority in built_in::certifying().unwrap() {
            trust.certificate(authority.certificate(), true).unwrap();
        }
        let register = SqliteRegister::open(&path).map_err(|error| error.to_string())?;
        Ok(Verification {
            trust,
            registers: vec![Box::new(register)],
        })
    })
}

/// Whether a page is one of a person.
pub fn is_logged_in(page: &Page) -> bool {
    page.body.contains("/log-out\"")
}
