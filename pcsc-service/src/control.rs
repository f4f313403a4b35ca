//! A second socket beside the PC/SC socket. Other processes insert and remove cards through it while programs run.
//!
//! A connection carries one request, a line of fields separated by tabs: `list`, `remove READER`, `insert READER [CARD]`,
//! `unplug READER`, `plug READER`.
//! The answer begins with a line: `ok`; `refused REASON`, with a word for each [`NotMoved`]; or `error MESSAGE`, from the
//! maker of cards. For `list` a line for each reader follows: name, card (`absent`, `present`, `mute`, or `unplugged`), ATR in
//! hexadecimal, connections (-1: exclusive). Must never let one client wait for another, nor wait long for a slow one.

use crate::accepting::Accepting;
use crate::error::{ControlError, NotMoved, ServiceError};
use crate::message::ReaderEntry;
use crate::service::Hand;
use crate::socket::connect;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use vmyna_apdu::Icc;

/// What the control socket's path has behind that of the PC/SC socket.
pub const SUFFIX: &str = ".control";

/// Bytes a request can have.
const LONGEST: u64 = 8192;

/// Requests at a time; a further one is closed at once.
const AT_A_TIME: usize = 16;

/// How long a client may take to send its request.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the service may take to answer: it makes a card, or finishes the command that a card works on. Only a stopped
/// process takes longer.
const ANSWER: Duration = Duration::from_secs(10);

/// Makes a card: of the text in the request (first argument), for the reader of this name (second). The error is a
/// sentence for the user of the request.
///
/// The card that was taken out of that reader may be the same one, and it stays in use as long as it can be put back. The
/// third argument gives it up. Call it once the text is known to name a card, and before that card is made.
pub type MakeCard = Box<dyn Fn(&str, &str, &dyn Fn()) -> Result<Box<dyn Icc + Send>, String> + Send + Sync>;

/// The readers whose cards a control socket moves. Each call is as the one of [`Hand`] with the same name.
pub trait Moves: Send + Sync {
    /// The readers.
    fn list(&self) -> Vec<Listed>;

    /// Removes a card.
    ///
    /// # Errors
    /// [`NotMoved`]
    fn remove(&self, reader: &str) -> Result<(), NotMoved>;

    /// Inserts a card, or puts the one back that was removed last.
    ///
    /// # Errors
    /// [`NotMoved`]
    fn insert(&self, reader: &str, card: Option<Box<dyn Icc + Send>>) -> Result<(), NotMoved>;

    /// Gives up the card that was removed last.
    ///
    /// # Errors
    /// There is no such reader.
    fn give_up(&self, reader: &str) -> Result<(), NotMoved>;

    /// Unplugs a reader.
    ///
    /// # Errors
    /// [`NotMoved`]
    fn unplug(&self, reader: &str) -> Result<(), NotMoved> {
        let _ = reader;
        Err(NotMoved::Fixed)
    }

    /// Plugs a reader in again.
    ///
    /// # Errors
    /// [`NotMoved`]
    fn plug(&self, reader: &str) -> Result<(), NotMoved> {
        let _ = reader;
        Err(NotMoved::Fixed)
    }
}

impl Moves for Hand {
    fn list(&self) -> Vec<Listed> {
        let all = self.all().into_iter();
        all.map(|(entry, plugged)| match plugged {
            true => Listed::of(&entry),
            false => Listed {
                name: entry.name,
                card: Presence::Unplugged,
                ..Listed::default()
            },
        })
        .collect()
    }

    fn remove(&self, reader: &str) -> Result<(), NotMoved> {
        self.remove(reader)
    }

    fn insert(&self, reader: &str, card: Option<Box<dyn Icc + Send>>) -> Result<(), NotMoved> {
        self.insert(reader, card)
    }

    fn give_up(&self, reader: &str) -> Result<(), NotMoved> {
        self.give_up(reader)
    }

    fn unplug(&self, reader: &str) -> Result<(), NotMoved> {
        self.unplug(reader)
    }

    fn plug(&self, reader: &str) -> Result<(), NotMoved> {
        self.plug(reader)
    }
}

/// The path of the control socket of the service at `socket`.
pub fn path_beside(socket: &Path) -> PathBuf {
    let mut path = socket.as_os_str().to_owned();
    path.push(SUFFIX);
    path.into()
}

/// The listening end. Dropping it removes the socket.
pub struct ControlServer(Accepting);

impl ControlServer {
    /// Listens beside the PC/SC socket at `socket`, or where it would be if the readers are another service's.
    ///
    /// # Errors
    /// [`ServiceError`]
    pub fn start(socket: &Path, hand: impl Moves + 'static, make: MakeCard) -> Result<ControlServer, ServiceError> {
        let serve = move |_, stream| {
            // An error ends the connection, by which the client notices it.
            let _ = converse(&stream, &hand, &make);
        };
        Accepting::start(&path_beside(socket), "control client", AT_A_TIME, serve).map(ControlServer)
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        // A client that is being served ends by itself.
        self.0.stop();
    }
}

/// A refusal of a request.
enum Refusal {
    NotMoved(NotMoved),
    NotUnderstood,
    /// From the maker of cards.
    NoCard(String),
}

/// The words for [`NotMoved`] in an answer.
const REASONS: [(&str, NotMoved); 7] = [
    ("no-such-reader", NotMoved::NoSuchReader),
    ("empty", NotMoved::Empty),
    ("occupied", NotMoved::Occupied),
    ("nothing-to-put-back", NotMoved::NothingToPutBack),
    ("unplugged", NotMoved::Unplugged),
    ("plugged-in", NotMoved::PluggedIn),
    ("fixed", NotMoved::Fixed),
];

/// The word for a request that is not understood.
const NOT_UNDERSTOOD: &str = "not-understood";

fn converse(stream: &UnixStream, hand: &dyn Moves, make: &MakeCard) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(stream.take(LONGEST)).read_line(&mut line)?;
    let outcome = line.strip_suffix('\n').ok_or(Refusal::NotUnderstood);
    let answer = match outcome.and_then(|line| obey(line, hand, make)) {
        Ok(lines) => format!("ok\n{lines}"),
        Err(Refusal::NotMoved(why)) => {
            let word = REASONS.iter().find(|(_, reason)| *reason == why);
            format!("refused\t{}\n", word.map_or(NOT_UNDERSTOOD, |(word, _)| word))
        }
        Err(Refusal::NotUnderstood) => format!("refused\t{NOT_UNDERSTOOD}\n"),
        Err(Refusal::NoCard(sentence)) => format!("error\t{}\n", sentence.replace(char::is_control, " ")),
    };
    (&*stream).write_all(answer.as_bytes())
}

fn obey(line: &str, hand: &dyn Moves, make: &MakeCard) -> Result<String, Refusal> {
    let fields: Vec<&str> = line.split('\t').collect();
    let moved = |outcome: Result<(), NotMoved>| outcome.map(|()| String::new()).map_err(Refusal::NotMoved);
    match fields.as_slice() {
        ["list"] => Ok(hand.list().iter().map(describe).collect()),
        ["remove", reader] => moved(hand.remove(reader)),
        ["insert", reader] => moved(hand.insert(reader, None)),
        ["unplug", reader] => moved(hand.unplug(reader)),
        ["plug", reader] => moved(hand.plug(reader)),
        ["insert", reader, card] => {
            // Before the card that was taken out is given up.
            match hand.list().iter().find(|listed| listed.name == *reader) {
                None => return Err(Refusal::NotMoved(NotMoved::NoSuchReader)),
                Some(listed) if listed.card == Presence::Unplugged => {
                    return Err(Refusal::NotMoved(NotMoved::Unplugged));
                }
                Some(_) => {}
            }
            let let_go = || {
                // Fails only without such a reader.
                let _ = hand.give_up(reader);
            };
            let card = make(card, reader, &let_go).map_err(Refusal::NoCard)?;
            moved(hand.insert(reader, Some(card)))
        }
        _ => Err(Refusal::NotUnderstood),
    }
}

fn describe(reader: &Listed) -> String {
    let card = PRESENCES.iter().find(|(_, presence)| *presence == reader.card);
    let card = card.map_or("", |(word, _)| word);
    format!("{}\t{card}\t{}\t{}\n", reader.name, reader.atr, reader.connections)
}

/// The card in a reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// There is none.
    #[default]
    Absent,
    /// It has given an ATR.
    Present,
    /// It has given no ATR.
    Mute,
    /// The reader is unplugged. A card may be in it.
    Unplugged,
}

/// The words for [`Presence`] in an answer.
const PRESENCES: [(&str, Presence); 4] = [
    ("absent", Presence::Absent),
    ("present", Presence::Present),
    ("mute", Presence::Mute),
    ("unplugged", Presence::Unplugged),
];

/// A reader in the answer to `list`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listed {
    /// The reader's name.
    pub name: String,
    /// The card in it.
    pub card: Presence,
    /// The ATR in hexadecimal; empty without one.
    pub atr: String,
    /// Connections; -1: an exclusive one.
    pub connections: i32,
}

impl Listed {
    /// An empty reader of this name without connections.
    pub fn empty(name: impl Into<String>) -> Listed {
        Listed {
            name: name.into(),
            ..Listed::default()
        }
    }

    /// A reader of this name with a card that has given this ATR; none if the ATR is empty. No connection is known.
    pub fn with_card(name: impl Into<String>, atr: &[u8]) -> Listed {
        let mut text = String::new();
        for byte in atr {
            let _ = write!(text, "{byte:02X}");
        }
        Listed {
            card: if atr.is_empty() {
                Presence::Mute
            } else {
                Presence::Present
            },
            atr: text,
            ..Listed::empty(name)
        }
    }

    fn of(entry: &ReaderEntry) -> Listed {
        const ABSENT: u32 = 0x02;
        let listed = match entry.state & ABSENT {
            0 => Listed::with_card(&entry.name, &entry.atr),
            _ => Listed::empty(&entry.name),
        };
        Listed {
            connections: entry.sharing,
            ..listed
        }
    }

    fn parse(line: &str) -> Option<Listed> {
        let mut fields = line.split('\t');
        let (name, card, atr, connections) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let (_, card) = PRESENCES.iter().find(|(word, _)| *word == card)?;
        Some(Listed {
            name: name.to_owned(),
            card: *card,
            atr: atr.to_owned(),
            connections: connections.parse().ok()?,
        })
    }
}

/// Sends a request about `reader` to the service at `socket`, and returns the lines behind `ok`.
fn ask(socket: &Path, reader: &str, fields: &[&str]) -> Result<Vec<String>, ControlError> {
    ask_within(ANSWER, socket, reader, fields)
}

fn ask_within(patience: Duration, socket: &Path, reader: &str, fields: &[&str]) -> Result<Vec<String>, ControlError> {
    if fields.iter().any(|field| field.contains(char::is_control)) {
        return Err(ControlError::ControlCharacter);
    }
    let path = path_beside(socket);
    let exchange = || -> io::Result<String> {
        let mut stream = connect(&path, patience)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        stream.write_all(format!("{}\n", fields.join("\t")).as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = match exchange() {
        Ok(answer) => answer,
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
            return Err(ControlError::Silent { path, patience });
        }
        Err(error) => return Err(ControlError::NoService { path, error }),
    };
    let mut lines = answer.lines();
    let Some(first) = lines.next() else {
        return Err(ControlError::Ended { path });
    };
    match first.split_once('\t').unwrap_or((first, "")) {
        ("ok", _) => Ok(lines.map(str::to_owned).collect()),
        ("error", sentence) => Err(ControlError::NoCard(sentence.to_owned())),
        ("refused", NOT_UNDERSTOOD) => Err(ControlError::NotUnderstood),
        ("refused", word) => Err(match REASONS.iter().find(|(reason, _)| *reason == word) {
            Some((_, why)) => ControlError::NotMoved {
                reader: reader.to_owned(),
                why: *why,
            },
            None => ControlError::Malformed { path },
        }),
        _ => Err(ControlError::Malformed { path }),
    }
}

/// The readers of the service at `socket`.
///
/// # Errors
/// [`ControlError`]
pub fn list(socket: &Path) -> Result<Vec<Listed>, ControlError> {
    let lines = ask(socket, "", &["list"])?;
    let listed: Option<Vec<_>> = lines.iter().map(|line| Listed::parse(line)).collect();
    listed.ok_or_else(|| ControlError::Malformed {
        path: path_beside(socket),
    })
}

/// Takes the card out of a reader of the service at `socket`.
///
/// # Errors
/// [`ControlError`]
pub fn remove(socket: &Path, reader: &str) -> Result<(), ControlError> {
    ask(socket, reader, &["remove", reader]).map(drop)
}

/// Puts a card into a reader of the service at `socket`: `card` as the maker of cards of that service understands it, or
/// the one that was taken out.
///
/// # Errors
/// [`ControlError`]
pub fn insert(socket: &Path, reader: &str, card: Option<&str>) -> Result<(), ControlError> {
    let mut fields = vec!["insert", reader];
    fields.extend(card);
    ask(socket, reader, &fields).map(drop)
}

/// Unplugs a reader of the service at `socket`.
///
/// # Errors
/// [`ControlError`]
pub fn unplug(socket: &Path, reader: &str) -> Result<(), ControlError> {
    ask(socket, reader, &["unplug", reader]).map(drop)
}

/// Plugs a reader of the service at `socket` in again.
///
/// # Errors
/// [`ControlError`]
pub fn plug(socket: &Path, reader: &str) -> Result<(), ControlError> {
    ask(socket, reader, &["plug", reader]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::listen;

    #[test]
    fn a_stopped_service_is_silent_and_a_missing_one_does_not_answer() {
        let socket = std::env::temp_dir().join(format!("stopped-{}", std::process::id()));
        // It listens, and accepts no connection.
        let listening = listen(&path_beside(&socket)).unwrap();
        let error = ask_within(Duration::from_millis(50), &socket, "", &["list"]).unwrap_err();
        assert!(matches!(error, ControlError::Silent { .. }), "{error}");
        listening.close();
        let error = list(&socket).unwrap_err();
        assert!(matches!(error, ControlError::NoService { .. }), "{error}");
    }
}
