//! A desk in a thread of the test, and a client without a library.

use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use vmyna::CardSource;
use vmyna_desk::desk::{Desk, DeskError, Options};
use vmyna_testkit::waiting::LIMIT;

/// The names of the readers.
pub const FIRST: &str = "vmyna 00 00";
pub const SECOND: &str = "vmyna 01 00";

/// SELECT of the JPKI application.
pub const SELECT: &str = "00A4040C 0A D392F000260100000001";

/// Longer than the server's own limit for an answer: the keys of a card take seconds on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A desk with the specimens' authorities in a folder, so that no register of the user is touched.
pub struct Rig {
    pub folder: Arc<TempDir>,
    pub address: SocketAddr,
    pub token: String,
    pub socket: PathBuf,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<(), DeskError>>>,
}

/// An answer.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{} {}", self.status, self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The answer, which is no refusal.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()
    }

    /// The English text of a refusal, which has a Japanese one.
    #[track_caller]
    pub fn refused(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        let error = &self.json()["error"];
        assert!(
            error["ja"].as_str().is_some_and(|text| !text.is_ascii()),
            "{}",
            self.text()
        );
        error["en"].as_str().unwrap().to_owned()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

/// A folder for a desk, with authorities.
pub fn folder() -> Arc<TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let specimens = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-vectors/specimens/ca");
    copy(&specimens, &folder.path().join("ca"));
    Arc::new(folder)
}

/// The options of a desk in this folder.
pub fn options(folder: &Path, cards: Vec<CardSource>) -> Options {
    Options {
        listeners: vec![TcpListener::bind("127.0.0.1:0").unwrap()],
        hosts: Vec::new(),
        folder: folder.join("desk"),
        authorities: Some(folder.join("ca")),
        socket: None,
        cards,
        readers: 2,
    }
}

impl Rig {
    pub fn new() -> Self {
        Self::with(&folder(), vec![CardSource::hanako()])
    }

    pub fn with(folder: &Arc<TempDir>, cards: Vec<CardSource>) -> Self {
        let options = options(folder.path(), cards);
        let address = options.listeners[0].local_addr().unwrap();
        let desk = Desk::open(options).unwrap_or_else(|error| panic!("{error}"));
        let (_, token) = desk.link().split_once("/#").unwrap();
        let token = token.to_owned();
        let socket = desk.socket().to_owned();
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let thread = std::thread::spawn(move || desk.run(&seen));
        Self {
            folder: Arc::clone(folder),
            address,
            token,
            socket,
            stop,
            thread: Some(thread),
        }
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A connection that has sent these bytes.
    pub fn connect(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }

    /// The answer to a request with exactly these lines of header beside the first.
    pub fn raw(&self, first: &str, headers: &str, body: &str) -> Answer {
        let mut stream = self.connect(&format!("{first} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n{body}"));
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        let end = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let head = String::from_utf8(all[..end].to_vec()).unwrap();
        Answer {
            status: head[9..12].parse().unwrap(),
            body: all[end..].to_vec(),
            head,
        }
    }

    pub fn headers(&self) -> String {
        format!("Host: {}\r\nAuthorization: Bearer {}\r\n", self.address, self.token)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.raw(&format!("GET {path}"), &self.headers(), "")
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        let body = body.to_string();
        let headers = format!(
            "{}Origin: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
            self.headers(),
            self.origin(),
            body.len()
        );
        self.raw(&format!("POST {path}"), &headers, &body)
    }

    /// What the page does at a reader.
    pub fn at(&self, reader: &str, action: &str, body: &Value) -> Answer {
        self.post(&format!("/api/readers/{}/{action}", reader.replace(' ', "%20")), body)
    }

    #[track_caller]
    pub fn insert(&self, reader: &str, card: &str) {
        self.at(reader, "insert", &json!({ "card": card })).ok();
    }

    /// The R-APDU to a typed C-APDU.
    #[track_caller]
    pub fn apdu(&self, reader: &str, apdu: &str) -> String {
        let answer = self.at(reader, "apdu", &json!({ "apdu": apdu })).ok();
        answer["response"].as_str().unwrap().to_owned()
    }

    pub fn state(&self) -> Value {
        self.get("/api/state").ok()
    }

    pub fn reader(&self, name: &str) -> Value {
        let state = self.state();
        let readers = state["readers"].as_array().unwrap();
        readers.iter().find(|reader| reader["name"] == name).unwrap().clone()
    }

    /// The id of the first card on the shelf that this search finds.
    #[track_caller]
    pub fn card(&self, search: &str) -> String {
        let found = self.get(&format!("/api/shelf?search={search}")).ok();
        found["cards"][0]["id"]
            .as_str()
            .unwrap_or_else(|| panic!("no card: {search}"))
            .to_owned()
    }

    pub fn detail(&self, card: &str) -> Value {
        self.get(&format!("/api/cards/{card}")).ok()
    }

    /// A PIN of a card.
    pub fn pin(&self, card: &str, id: &str) -> Value {
        let detail = self.detail(card);
        let pins = detail["pins"].as_array().unwrap();
        pins.iter().find(|pin| pin["id"] == id).unwrap().clone()
    }

    /// All entries of the trace.
    pub fn trace(&self) -> Vec<Value> {
        let answer = self.get("/api/trace?from=0").ok();
        answer["entries"].as_array().unwrap().clone()
    }

    /// A fresh card of an invented person.
    pub fn invent(&self, seed: u64) -> String {
        let made = self.post("/api/cards/invent", &json!({ "seed": seed })).ok();
        made["id"].as_str().unwrap().to_owned()
    }

    /// Opens the event stream.
    pub fn events(&self) -> Events {
        let stream = self.connect(&format!("GET /api/events HTTP/1.1\r\n{}\r\n", self.headers()));
        let mut lines = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(lines.read_line(&mut head).unwrap(), 0, "{head}");
        }
        assert!(
            head.starts_with("HTTP/1.1 200") && head.contains("text/event-stream"),
            "{head}"
        );
        Events { lines }
    }

    /// Waits until this holds.
    #[track_caller]
    pub fn until(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let end = Instant::now() + LIMIT;
        while !holds(self) {
            assert!(Instant::now() < end, "not in time: {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the desk; it leaves no error.
    pub fn end(mut self) -> Arc<TempDir> {
        self.finish();
        Arc::clone(&self.folder)
    }

    fn finish(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap().unwrap();
        }
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.finish();
        }
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// An open event stream.
pub struct Events {
    lines: BufReader<TcpStream>,
}

impl Events {
    /// The next event that is not a comment: its name and its data.
    pub fn next(&mut self) -> (String, Value) {
        let (mut name, mut line) = (String::new(), String::new());
        loop {
            line.clear();
            assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "the stream has ended");
            // The lengths of chunks are lines of their own.
            if let Some(text) = line.strip_prefix("event: ") {
                name = text.trim_end().to_owned();
            } else if let Some(data) = line.strip_prefix("data: ") {
                return (name, serde_json::from_str(data.trim_end()).unwrap());
            }
        }
    }

    /// The next event of this name.
    pub fn wait_for(&mut self, wanted: &str) -> Value {
        loop {
            let (name, data) = self.next();
            if name == wanted {
                return data;
            }
        }
    }
}
