//! Answers the control requests of other processes ([`crate::control`]).

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use vmyna_apdu::hex;
use vmyna_card_os::Card;
use vmyna_card_os::declaration::Body;
use vmyna_pcsc_service::connect;

use super::shared::{InUse, lock};
use crate::control::{GO, PATIENCE, READY, RESET_STATE, TRIES};

/// The time limit for a whole line to arrive, and for an answer to be read.
const REQUEST: Duration = Duration::from_millis(500);
/// That many requests are answered at once; the next one waits for the last of them.
const AT_ONCE: usize = 16;
/// The pause after a connection could not be accepted: the reason may not pass at once.
const AFTER_ERROR: Duration = Duration::from_millis(100);
/// More than any request has, in bytes.
const LONGEST_REQUEST: u64 = 128;

/// Answers requests until the card is no longer in use. A client that sends nothing delays no other client.
pub(super) fn listen(listener: &UnixListener, shared: &Arc<Mutex<InUse>>) {
    let turns = Arc::new(());
    for stream in listener.incoming() {
        if lock(shared).card.is_none() {
            return;
        }
        let Ok(stream) = stream else {
            thread::sleep(AFTER_ERROR);
            continue;
        };
        let (turn, shared) = (turns.clone(), shared.clone());
        let work = move || {
            let _turn = turn;
            // If it fails, the connection ends without an answer.
            let _ = answer(&stream, &shared);
        };
        if Arc::strong_count(&turns) > AT_ONCE + 1 {
            work();
        } else {
            // Without a thread the connection ends without an answer.
            let _ = thread::Builder::new().spawn(work);
        }
    }
}

/// Wakes [`listen`], which looks at the card at each connection. It may first answer the clients that came before, and needs
/// the lock for that.
pub(super) fn wake(socket: &Path) {
    let _ = connect(socket, PATIENCE);
}

/// Reads one request and answers it.
fn answer(stream: &UnixStream, shared: &Mutex<InUse>) -> io::Result<()> {
    stream.set_write_timeout(Some(REQUEST))?;
    let end = Instant::now();
    let mut lines = BufReader::new(Arriving { stream, end }.take(LONGEST_REQUEST));
    let mut line = || -> io::Result<String> {
        let mut line = String::new();
        lines.get_mut().get_mut().end = Instant::now() + REQUEST;
        lines.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    };
    let send = |text: &str| -> io::Result<()> {
        let mut stream = stream;
        stream.write_all(text.as_bytes())
    };
    let request = line()?;
    let (request, identity) = request.split_once(' ').unwrap_or((&request, ""));
    if request == RESET_STATE {
        send(&format!("{READY}\n"))?;
        if line()? != GO {
            return Ok(());
        }
    }
    let mut in_use = lock(shared);
    let Some(card) = &in_use.card else {
        // This process no longer uses the card.
        return Ok(());
    };
    let answer = if identity != hex::encode(&in_use.identity) {
        Err("it has another card in use: the image was replaced meanwhile. End that process to use this one".to_owned())
    } else {
        match request {
            TRIES => Ok(tries(card)),
            RESET_STATE => in_use.reset_state().map(|()| String::new()),
            _ => Err(format!("there are {TRIES} and {RESET_STATE}")),
        }
    };
    send(&match answer {
        Ok(rest) => format!("ok\n{rest}"),
        Err(message) => format!("error {message}\n"),
    })
}

/// The bytes that arrive until `end`, however few arrive at a time.
struct Arriving<'a> {
    stream: &'a UnixStream,
    end: Instant,
}

impl Read for Arriving<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        let mut stream = self.stream;
        stream.read(buffer)
    }
}

fn tries(card: &Card) -> String {
    let mut lines = String::new();
    for application in card.applications() {
        let pins = application.files.iter();
        for file in pins.filter(|file| matches!(file.body, Body::Pin(_))) {
            if let Some(left) = card.tries_left(application.aid, file.id) {
                lines += &format!("{} {} {left}\n", application.aid, file.id);
            }
        }
    }
    lines
}
