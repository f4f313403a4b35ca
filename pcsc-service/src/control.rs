//! A second socket beside the PC/SC socket, by which cards are put in and out while programs run: `vmyna reader`.
//!
//! One request a connection, one line of fields separated by tabs: `list`, `remove READER`, `insert READER [CARD]`. The
//! answer is `ok` or `error MESSAGE` on a line, and for `list` a line each reader: name, card (`absent`, `present`,
//! `mute`), ATR in hexadecimal, connections (-1: exclusive). Must never keep a client waiting for another, nor a slow one
//! for long.

use crate::message::ReaderEntry;
use crate::readers::NotMoved;
use crate::service::{Hand, Place, ServiceError};
use crate::socket::{Listening, connect, listen};
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use vmyna_apdu::Icc;

/// What the control socket's path has behind that of the PC/SC socket.
pub const SUFFIX: &str = ".control";

/// Bytes a request can have.
const LONGEST: u64 = 8192;

/// Requests at a time; a further one is closed at once.
const AT_A_TIME: usize = 16;

/// How long a client may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the service may take to do what it is asked to: a card is made, or the command that it works on is finished.
/// Only one that was stopped takes longer.
const ANSWER: Duration = Duration::from_secs(10);

/// Makes a card of what a user has typed, for the reader of the second name. The error is a sentence for that user.
///
/// The card that was taken out of that reader may be the same one, and is in use as long as it can be put back. The third
/// gives it up: to be called once it is known that what was typed means a card, and before that card is made.
pub type MakeCard = Box<dyn Fn(&str, &str, &dyn Fn()) -> Result<Box<dyn Icc + Send>, String> + Send + Sync>;

/// The control socket's path of the service at `socket`.
pub fn path_beside(socket: &Path) -> PathBuf {
    let mut path = socket.as_os_str().to_owned();
    path.push(SUFFIX);
    path.into()
}

/// The listening end. Dropping it removes the socket.
pub struct ControlServer {
    listening: Listening,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl ControlServer {
    /// Listens beside the PC/SC socket at `socket`.
    ///
    /// # Errors
    /// [`ServiceError`]
    pub fn start(socket: &Path, hand: Hand, make: MakeCard) -> Result<ControlServer, ServiceError> {
        let listening = listen(&path_beside(socket))?;
        let listener = listening.listener();
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopping);
        let desk = Arc::new((hand, make));
        let thread = std::thread::spawn(move || {
            let busy = Arc::new(AtomicUsize::new(0));
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else {
                    std::thread::sleep(Duration::from_millis(10));
                    continue;
                };
                if busy.load(Ordering::SeqCst) >= AT_A_TIME {
                    continue;
                }
                let (desk, place) = (Arc::clone(&desk), Place::take(&busy));
                std::thread::spawn(move || {
                    // Free again also if making a card panics.
                    let _place = place;
                    // The client is told by the end of the connection.
                    let _ = converse(&stream, &desk.0, &desk.1);
                });
            }
        });
        Ok(ControlServer {
            listening,
            stopping,
            thread: Some(thread),
        })
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.listening.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn converse(stream: &UnixStream, hand: &Hand, make: &MakeCard) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(stream.take(LONGEST)).read_line(&mut line)?;
    let answer = match line.strip_suffix('\n').map(|line| obey(line, hand, make)) {
        Some(Ok(lines)) => format!("ok\n{lines}"),
        Some(Err(sentence)) => format!("error\t{}\n", sentence.replace(char::is_control, " ")),
        None => "error\tthe request is cut off or too long\n".to_owned(),
    };
    (&*stream).write_all(answer.as_bytes())
}

fn obey(line: &str, hand: &Hand, make: &MakeCard) -> Result<String, String> {
    let fields: Vec<&str> = line.split('\t').collect();
    let moved = |outcome: Result<(), NotMoved>, reader: &str| {
        outcome
            .map(|()| String::new())
            .map_err(|why| explain(why, reader, hand))
    };
    match fields.as_slice() {
        ["list"] => Ok(hand.list().iter().map(describe).collect()),
        ["remove", reader] => moved(hand.remove(reader), reader),
        ["insert", reader] => moved(hand.insert(reader, None), reader),
        ["insert", reader, card] => {
            if !hand.list().iter().any(|entry| entry.name == *reader) {
                return Err(explain(NotMoved::NoSuchReader, reader, hand));
            }
            let let_go = || {
                // Fails only without such a reader.
                let _ = hand.give_up(reader);
            };
            moved(hand.insert(reader, Some(make(card, reader, &let_go)?)), reader)
        }
        _ => Err("this service knows no such request; is the other vmyna of the same version?".to_owned()),
    }
}

fn explain(why: NotMoved, reader: &str, hand: &Hand) -> String {
    match why {
        NotMoved::NoSuchReader => {
            let names: Vec<_> = hand.list().iter().map(|entry| format!("\"{}\"", entry.name)).collect();
            format!("no reader is called \"{reader}\"; there are: {}", names.join(", "))
        }
        NotMoved::Empty => format!("there is no card in \"{reader}\""),
        NotMoved::Occupied => format!("there is a card in \"{reader}\" already: name another card to swap it"),
        NotMoved::NothingToPutBack => format!("no card was taken out of \"{reader}\" that could be put back: name one"),
    }
}

fn describe(entry: &ReaderEntry) -> String {
    const ABSENT: u32 = 0x02;
    let card = match (entry.state & ABSENT != 0, entry.atr.is_empty()) {
        (true, _) => "absent",
        (false, true) => "mute",
        (false, false) => "present",
    };
    let mut line = format!("{}\t{card}\t", entry.name);
    for byte in &entry.atr {
        let _ = write!(line, "{byte:02X}");
    }
    let _ = writeln!(line, "\t{}", entry.sharing);
    line
}

/// A reader in the answer to `list`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The reader's name.
    pub name: String,
    /// `absent`, `present` or `mute`.
    pub card: String,
    /// In hexadecimal; empty without one.
    pub atr: String,
    /// Connections; -1: an exclusive one.
    pub connections: i32,
}

/// Asks the service at `socket` for something.
///
/// # Errors
/// A sentence that says what is wrong.
fn ask(socket: &Path, fields: &[&str]) -> Result<Vec<String>, String> {
    ask_within(ANSWER, socket, fields)
}

fn ask_within(patience: Duration, socket: &Path, fields: &[&str]) -> Result<Vec<String>, String> {
    if fields.iter().any(|field| field.contains(char::is_control)) {
        return Err("names have no tabs and line breaks".to_owned());
    }
    let path = path_beside(socket);
    let lost = |error: io::Error| match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => format!(
            "vmyna at {} has not answered for {} s: was its process stopped (Ctrl-Z)? Let it go on, or end it",
            path.display(),
            patience.as_secs()
        ),
        _ => format!("no vmyna answers at {}: {error}", path.display()),
    };
    let mut stream = connect(&path, patience).map_err(lost)?;
    stream
        .set_read_timeout(Some(patience))
        .and_then(|()| stream.set_write_timeout(Some(patience)))
        .map_err(lost)?;
    stream
        .write_all(format!("{}\n", fields.join("\t")).as_bytes())
        .map_err(lost)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(lost)?;
    let mut lines = answer.lines();
    match lines.next().map(|line| line.split_once('\t').unwrap_or((line, ""))) {
        Some(("ok", _)) => Ok(lines.map(str::to_owned).collect()),
        Some((_, sentence)) => Err(sentence.to_owned()),
        None => Err(format!("vmyna at {} has ended", path.display())),
    }
}

/// The readers of the service at `socket`.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn list(socket: &Path) -> Result<Vec<Listed>, String> {
    let lines = ask(socket, &["list"])?;
    let parsed = lines.iter().map(|line| {
        let mut fields = line.split('\t').map(str::to_owned);
        Some(Listed {
            name: fields.next()?,
            card: fields.next()?,
            atr: fields.next()?,
            connections: fields.next()?.parse().ok()?,
        })
    });
    let parsed: Option<Vec<_>> = parsed.collect();
    parsed.ok_or_else(|| "its answer makes no sense; is the other vmyna of the same version?".to_owned())
}

/// Takes the card out of a reader of the service at `socket`.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn remove(socket: &Path, reader: &str) -> Result<(), String> {
    ask(socket, &["remove", reader]).map(drop)
}

/// Puts a card into a reader of the service at `socket`: `card` as that service's maker understands it, or the one that
/// was taken out.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn insert(socket: &Path, reader: &str, card: Option<&str>) -> Result<(), String> {
    let mut fields = vec!["insert", reader];
    fields.extend(card);
    ask(socket, &fields).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_was_stopped_is_not_waited_for_for_ever() {
        let socket = std::env::temp_dir().join(format!("stopped-{}", std::process::id()));
        // It listens, and nobody answers.
        let listener = listen(&path_beside(&socket)).unwrap();
        let told = ask_within(Duration::from_millis(50), &socket, &["list"]).unwrap_err();
        assert!(told.contains("stopped"), "{told}");
        listener.close();
        let told = ask_within(ANSWER, &socket, &["list"]).unwrap_err();
        assert!(told.contains("no vmyna answers"), "{told}");
    }
}
