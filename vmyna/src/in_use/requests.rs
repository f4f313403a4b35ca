//! Answers the control requests of other processes ([`crate::control`]).

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use vmyna_apdu::hex;
use vmyna_card_os::Card;
use vmyna_card_os::declaration::{Body, ObjectId};
use vmyna_pcsc_service::connect;
use zeroize::Zeroizing;

use super::shared::{InUse, lock};
use crate::control::{
    ALREADY, CHANGED, CONTENTS, DONE, GO, OPERATION, PATIENCE, READY, RECORD, REPLACE, RESET_PINS, RESET_STATE, TRIES,
    body,
};

/// The time limit for a whole line to arrive, and for a part of an answer to be read.
const REQUEST: Duration = Duration::from_millis(500);
/// The time limit for a whole body to arrive.
const BODY: Duration = PATIENCE;
/// That many requests are answered at once; the next one waits for the last of them.
const AT_ONCE: usize = 16;
/// The pause after a connection could not be accepted: the reason may not pass at once.
const AFTER_ERROR: Duration = Duration::from_millis(100);
/// More than a request has without its body, in bytes.
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
    let send = |bytes: &[u8]| -> io::Result<()> {
        let mut stream = stream;
        stream.write_all(bytes)
    };
    let request = line(&mut lines)?;
    let mut words = request.split(' ');
    let mut word = || words.next().unwrap_or_default();
    let (request, identity) = (word(), word());
    let mut replacement = None;
    if request == REPLACE {
        let length = word().parse().ok().filter(|length| *length <= body::LONGEST);
        let Some(length) = length else {
            return send(format!("error a replacement has at most {} bytes\n", body::LONGEST).as_bytes());
        };
        let arriving = lines.get_mut();
        arriving.set_limit((length as u64).saturating_add(LONGEST_REQUEST));
        arriving.get_mut().end = Instant::now() + BODY;
        let mut bytes = Zeroizing::new(vec![0; length]);
        lines.read_exact(&mut bytes)?;
        replacement = body::decode(&bytes);
        if replacement.is_none() {
            return send(b"error the replacement is in no known form\n");
        }
    }
    if [RESET_STATE, RESET_PINS, REPLACE].contains(&request) {
        send(format!("{READY}\n").as_bytes())?;
        if line(&mut lines)? != GO {
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
        match (request, replacement) {
            (TRIES, _) => Ok(tries(card).into_bytes()),
            (OPERATION, _) => Ok(operation(card).into_bytes()),
            (RECORD, _) => Ok(record(card)),
            (CONTENTS, _) => Ok(contents(card).into_bytes()),
            (RESET_STATE, _) => in_use.reset_state().map(|()| Vec::new()),
            (RESET_PINS, _) => in_use.reset_pins().map(|()| Vec::new()),
            (REPLACE, Some(replacement)) => in_use.replace(replacement).map(|is_new| match is_new {
                true => format!("{DONE}\n").into_bytes(),
                false => format!("{ALREADY}\n").into_bytes(),
            }),
            _ => Err(format!(
                "there are {TRIES}, {OPERATION}, {RECORD}, {CONTENTS}, {RESET_STATE}, {RESET_PINS} and {REPLACE}"
            )),
        }
    };
    // A client that reads slowly must not stop the card.
    drop(in_use);
    match answer.map(Zeroizing::new) {
        Ok(rest) => {
            send(b"ok\n")?;
            send(&rest)
        }
        Err(message) => send(format!("error {message}\n").as_bytes()),
    }
}

type Lines<'a> = BufReader<io::Take<Arriving<'a>>>;

/// The next line.
fn line(lines: &mut Lines<'_>) -> io::Result<String> {
    let mut line = String::new();
    lines.get_mut().get_mut().end = Instant::now() + REQUEST;
    lines.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
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

fn operation(card: &Card) -> String {
    let number = card.operation().map(|number| hex::encode(&number));
    format!("{}\n", number.unwrap_or_default())
}

fn contents(card: &Card) -> String {
    let changed = card.changed_contents().into_iter();
    changed
        .map(|ObjectId { aid, file }| format!("{aid} {file} {CHANGED}\n"))
        .collect()
}

fn record(card: &Card) -> Vec<u8> {
    let record = card.record().unwrap_or_default();
    // In one piece, because a buffer that grows leaves copies in memory.
    [format!("{}\n", record.len()).as_bytes(), record].concat()
}

fn tries(card: &Card) -> String {
    let mut lines = String::new();
    for application in card.applications() {
        let pins = application.files.iter();
        for file in pins.filter(|file| matches!(file.body, Body::Pin(_))) {
            if let Some(left) = card.tries_left(application.aid, file.id) {
                let changed = match card.pin_changed(application.aid, file.id) {
                    true => format!(" {CHANGED}"),
                    false => String::new(),
                };
                lines += &format!("{} {} {left}{changed}\n", application.aid, file.id);
            }
        }
    }
    lines
}
