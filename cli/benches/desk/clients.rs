//! The processes that are measured, and clients for them that take little time themselves.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// `vmyna` with these arguments, which writes no register and no state of the user's.
fn vmyna(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vmyna"));
    command
        .args(arguments)
        .env("VMYNA_REGISTER", "none")
        .env_remove("VMYNA_STATE");
    command
}

/// A process that ends with this.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `vmyna serve --socket` with one card.
pub(crate) struct Serve {
    _process: Process,
    pub(crate) socket: PathBuf,
}

impl Serve {
    pub(crate) fn start(socket: &Path, card: &str) -> Self {
        let path = socket.to_str().unwrap();
        let mut command = vmyna(&["serve", "--socket", path, "--card", card]);
        let process = Process(command.stderr(Stdio::null()).spawn().unwrap());
        let end = Instant::now() + Duration::from_secs(20);
        while UnixStream::connect(socket).is_err() {
            assert!(Instant::now() < end, "it does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
        Self {
            _process: process,
            socket: socket.to_owned(),
        }
    }
}

/// `vmyna desk`.
pub(crate) struct Desk {
    process: Process,
    address: String,
    token: String,
    pub(crate) socket: PathBuf,
}

impl Desk {
    pub(crate) fn start(folder: &Path, cards: &[&str]) -> Self {
        let mut command = vmyna(&["desk", "--folder", folder.to_str().unwrap()]);
        command.args(cards).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = Process(command.spawn().unwrap());
        let mut lines = BufReader::new(process.0.stdout.take().unwrap()).lines();
        let (link, export) = (lines.next().unwrap().unwrap(), lines.next().unwrap().unwrap());
        let (origin, token) = link.split_once("/#").unwrap();
        Self {
            process,
            address: origin.strip_prefix("http://").unwrap().to_owned(),
            token: token.to_owned(),
            socket: export.strip_prefix("export PCSCLITE_CSOCK_NAME=").unwrap().into(),
        }
    }

    fn send(&self, first: &str, more: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let request = format!(
            "{first} HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nAuthorization: Bearer {1}\r\n{more}\r\n{body}",
            self.address, self.token
        );
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }

    /// The body of an answer.
    pub(crate) fn get(&self, path: &str) -> String {
        let mut answer = String::new();
        let mut stream = self.send(&format!("GET {path}"), "Connection: close\r\n", "");
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head}");
        body.to_owned()
    }

    pub(crate) fn get_json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path)).unwrap()
    }

    pub(crate) fn post(&self, path: &str, body: &Value) {
        let body = body.to_string();
        let more = format!(
            "Connection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        );
        let mut answer = String::new();
        self.send(&format!("POST {path}"), &more, &body)
            .read_to_string(&mut answer)
            .unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }

    pub(crate) fn first_card(&self) -> String {
        let shelf = self.get_json("/api/shelf");
        shelf["cards"][0]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn insert(&self, card: &str) {
        self.post("/api/readers/vmyna%2000%2000/insert", &json!({ "card": card }));
    }

    pub(crate) fn events(&self) -> Events {
        Events(BufReader::new(self.send("GET /api/events", "", "")))
    }

    /// A page that reads its events as they come, in a thread.
    pub(crate) fn read_events(&self) -> Page {
        let mut events = self.events();
        let (count, stop) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let (counted, stopped) = (Arc::clone(&count), Arc::clone(&stop));
        events
            .0
            .get_ref()
            .set_read_timeout(Some(Duration::from_millis(200)))
            .unwrap();
        let thread = std::thread::spawn(move || {
            let mut bytes = vec![0; 64 << 10];
            while !stopped.load(Ordering::Relaxed) {
                let Ok(read) = events.0.get_mut().read(&mut bytes) else {
                    continue;
                };
                let seen = bytes[..read].windows(6).filter(|six| six == b"\"seq\":");
                counted.fetch_add(seen.count(), Ordering::Relaxed);
            }
        });
        Page {
            count,
            stop,
            thread: Some(thread),
        }
    }

    /// The memory of the process that is in use, in MiB.
    pub(crate) fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kib / 1024
    }
}

/// An open event stream.
pub(crate) struct Events(BufReader<TcpStream>);

impl Events {
    /// Waits for an event with an APDU.
    pub(crate) fn wait_for_apdu(&mut self) {
        let mut line = String::new();
        while !line.contains("\"kind\":\"apdu\"") {
            line.clear();
            assert_ne!(self.0.read_line(&mut line).unwrap(), 0);
        }
    }
}

/// A page in a thread.
pub(crate) struct Page {
    count: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Page {
    /// Ends it; how many entries it has got, once no more come.
    pub(crate) fn end(mut self) -> usize {
        let mut before = usize::MAX;
        while before != self.count.load(Ordering::Relaxed) {
            before = self.count.load(Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(500));
        }
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
        before
    }
}

/// A program that uses the card, without a library.
pub(crate) struct Program {
    stream: UnixStream,
    card: u32,
    response: Vec<u8>,
}

fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_ne_bytes()).collect()
}

impl Program {
    pub(crate) fn connect(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut program = Self {
            stream,
            card: 0,
            response: Vec::new(),
        };
        program.send(0x11, &words(&[4, 4, 0]), &[]);
        program.numbers(3);
        program.send(0x01, &words(&[2, 0, 0]), &[]);
        let context = program.numbers(3)[1];
        let mut name = [0; 128];
        name[..11].copy_from_slice(b"vmyna 00 00");
        let body = [&words(&[context])[..], &name, &words(&[2, 3, 0, 0, 0])].concat();
        program.send(0x04, &body, &[]);
        program.receive(132);
        let reply = program.numbers(5);
        assert_eq!(reply[4], 0, "no card");
        program.card = reply[2];
        program
    }

    fn send(&mut self, command: u32, body: &[u8], data: &[u8]) {
        let header = words(&[body.len() as u32, command]);
        self.stream.write_all(&[&header, body, data].concat()).unwrap();
    }

    fn receive(&mut self, length: usize) {
        self.response.resize(length, 0);
        self.stream.read_exact(&mut self.response).unwrap();
    }

    fn numbers(&mut self, count: usize) -> Vec<u32> {
        self.receive(4 * count);
        let words = self.response.chunks(4);
        words.map(|four| u32::from_ne_bytes(four.try_into().unwrap())).collect()
    }

    /// Sends a command, which must succeed.
    pub(crate) fn transmit(&mut self, command: &[u8]) {
        let length = command.len() as u32;
        self.send(0x09, &words(&[self.card, 2, 16, length, 2, 16, 65_548, 0]), command);
        let reply = self.numbers(8);
        assert_eq!(reply[7], 0);
        self.receive(reply[6] as usize);
        assert!(self.response.ends_with(&[0x90, 0x00]));
    }

    /// The mean of one of `count` commands behind a first one.
    pub(crate) fn time(&mut self, first: &[u8], command: &[u8], count: usize) -> Duration {
        self.transmit(first);
        let begun = Instant::now();
        for _ in 0..count {
            self.transmit(command);
        }
        begun.elapsed() / count as u32
    }
}
