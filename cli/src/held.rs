//! A card whose state is kept, in use by this process; and how other processes reach it.
//!
//! Who wants to know the tries left, or the card as issued again, asks the process that holds it, on a socket that only
//! this user can reach: one line a connection, `tries` or `reset-state`. The answer begins with `ok` or `error MESSAGE`;
//! `tries` goes on with a line a PIN: AID, file, tries left. No value of a PIN ever goes over it.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::Duration;

use rand_core::OsRng;
use vmyna_applets::issued::IssuedCard;
use vmyna_card_os::event::{Event, Observer};
use vmyna_card_os::file::{Body, FileId};
use vmyna_card_os::store::ObjectId;
use vmyna_card_os::store::durable::Holder;
use vmyna_card_os::{Aid, Card};
use vmyna_reader_bridge::pcsc_service::{PrivateDirectory, connect};
use vmyna_reader_bridge::{Icc, IccError};

use crate::failure::Failure;
use crate::hex;
use crate::state::StatePlace;

/// How long who asks waits for the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a request may take to arrive, and its answer to be taken.
const REQUEST: Duration = Duration::from_millis(500);
/// That many requests are answered at once; the next one waits for the last of them.
const AT_ONCE: usize = 16;
/// Before the next connection is taken, after one could not be: the reason may not pass at once.
const AFTER_ERROR: Duration = Duration::from_millis(100);
/// More than any answer has.
const LONGEST: u64 = 64 * 1024;
/// More than any request has.
const LONGEST_REQUEST: u64 = 64;

/// A card that keeps its state. Dropping it lets the next process use the card.
pub(crate) struct HeldCard {
    held: Arc<Mutex<Held>>,
    /// The socket lies in it.
    _directory: PrivateDirectory,
}

/// The card and what is needed to make it anew.
struct Held {
    /// `None` when it could not be made anew.
    card: Option<Card>,
    issued: IssuedCard,
    place: StatePlace,
    observer: Option<SharedObserver>,
    control: String,
    powered: bool,
    /// The card has lost its power behind the reader's back: the next command gets no answer, so that the program which
    /// sent it learns that nothing is selected or verified any more.
    interrupted: bool,
    /// Nobody uses the card any more; who still asks is told so.
    over: bool,
}

impl HeldCard {
    /// Opens the card and its state.
    pub(crate) fn open(
        issued: IssuedCard,
        place: StatePlace,
        observer: Option<Box<dyn Observer + Send>>,
    ) -> Result<Self, Failure> {
        let unable = |error: io::Error| Failure::Failed(format!("no socket can be made for the card: {error}"));
        let directory = PrivateDirectory::create().map_err(unable)?;
        let socket = directory.card_socket();
        let listener = UnixListener::bind(&socket).map_err(unable)?;
        let mut held = Held {
            card: None,
            issued,
            place,
            observer: observer.map(|observer| SharedObserver(Arc::new(Mutex::new(observer)))),
            control: socket.display().to_string(),
            powered: false,
            interrupted: false,
            over: false,
        };
        held.make()?;
        let held = Arc::new(Mutex::new(held));
        let asked = held.clone();
        thread::spawn(move || listen(&listener, &asked));
        // Once a process is enough. Nobody waits for it.
        static SWEEP: Once = Once::new();
        SWEEP.call_once(|| drop(thread::spawn(PrivateDirectory::remove_stale)));
        Ok(Self {
            held,
            _directory: directory,
        })
    }
}

impl Drop for HeldCard {
    fn drop(&mut self) {
        let control = {
            let mut held = lock(&self.held);
            held.over = true;
            held.card = None;
            held.control.clone()
        };
        // The thread looks whether it is over when somebody connects. It may first have to take those who came before, for
        // which it needs the lock.
        let _ = connect(Path::new(&control), PATIENCE);
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    // A card that panicked is in no worse state than one that lost power.
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Held {
    fn make(&mut self) -> Result<(), Failure> {
        let mut store = self.place.open()?;
        store.announce(&self.control).map_err(crate::state::failed)?;
        let card = self.issued.card(Box::new(store), Box::new(OsRng));
        let mut card = card.map_err(|error| Failure::Failed(format!("{}: {error}", self.place.path().display())))?;
        if let Some(observer) = &self.observer {
            card.observe(Box::new(observer.clone()));
        }
        self.card = Some(card);
        Ok(())
    }

    /// Goes back to the card as issued. Its power fails for a moment.
    fn reset_state(&mut self) -> Result<(), Failure> {
        // The state is held until the card is gone.
        self.card = None;
        let removed = self.place.reset();
        self.make()?;
        removed?;
        if let (true, Some(card)) = (self.powered, &mut self.card) {
            card.power_on();
            self.interrupted = true;
        }
        Ok(())
    }

    fn with_card<T>(&mut self, call: impl FnOnce(&mut Card) -> Result<T, IccError>) -> Result<T, IccError> {
        call(self.card.as_mut().ok_or(IccError::Gone)?)
    }
}

impl Icc for HeldCard {
    fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        let mut held = lock(&self.held);
        held.with_card(|card| Icc::power_on(card, atr))?;
        held.powered = true;
        held.interrupted = false;
        Ok(())
    }

    fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        let mut held = lock(&self.held);
        held.interrupted = false;
        held.with_card(|card| Icc::reset(card, atr))
    }

    fn power_off(&mut self) -> Result<(), IccError> {
        let mut held = lock(&self.held);
        held.powered = false;
        held.interrupted = false;
        held.with_card(Icc::power_off)
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError> {
        let mut held = lock(&self.held);
        if std::mem::take(&mut held.interrupted) {
            return Err(IccError::Mute);
        }
        held.with_card(|card| Icc::transmit(card, command, response))
    }
}

/// An observer that outlives the card it looks at.
#[derive(Clone)]
struct SharedObserver(Arc<Mutex<Box<dyn Observer + Send>>>);

impl Observer for SharedObserver {
    fn event(&mut self, event: &Event<'_>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).event(event);
    }
}

/// Answers requests until nobody uses the card any more. One who says nothing keeps nobody else waiting.
fn listen(listener: &UnixListener, held: &Arc<Mutex<Held>>) {
    let places = Arc::new(());
    for stream in listener.incoming() {
        if lock(held).over {
            return;
        }
        let Ok(stream) = stream else {
            thread::sleep(AFTER_ERROR);
            continue;
        };
        let (place, held) = (places.clone(), held.clone());
        let work = move || {
            let _place = place;
            // Who asked is told by the end of the connection.
            let _ = answer(&stream, &held);
        };
        if Arc::strong_count(&places) > AT_ONCE + 1 {
            work();
        } else {
            // Without a thread for it the connection ends.
            let _ = thread::Builder::new().spawn(work);
        }
    }
}

/// Reads one request and answers it.
fn answer(stream: &UnixStream, held: &Mutex<Held>) -> io::Result<()> {
    stream.set_read_timeout(Some(REQUEST))?;
    stream.set_write_timeout(Some(REQUEST))?;
    let mut request = String::new();
    BufReader::new(stream.take(LONGEST_REQUEST)).read_line(&mut request)?;
    let mut held = lock(held);
    if held.over {
        // Not this process's card any more.
        return Ok(());
    }
    let answer = match request.trim_end() {
        "tries" => Ok(tries(&held)),
        "reset-state" => held.reset_state().map(|()| String::new()),
        _ => Err(Failure::Usage("there are tries and reset-state".to_owned())),
    };
    let answer = match answer {
        Ok(rest) => format!("ok\n{rest}"),
        Err(failure) => format!("error {failure}\n"),
    };
    let mut stream = stream;
    stream.write_all(answer.as_bytes())
}

fn tries(held: &Held) -> String {
    let Some(card) = &held.card else {
        return String::new();
    };
    let mut lines = String::new();
    for application in card.applications() {
        for file in application
            .files
            .iter()
            .filter(|file| matches!(file.body, Body::Pin(_)))
        {
            if let Some(left) = card.tries_left(application.aid, file.id) {
                lines += &format!("{} {} {left}\n", application.aid, file.id);
            }
        }
    }
    lines
}

/// Asks the process that holds a card how many tries its PINs have left.
pub(crate) fn ask_tries(holder: &Holder) -> Result<BTreeMap<ObjectId, u8>, Failure> {
    let line = |line: &str| {
        let mut fields = line.split(' ');
        let aid = Aid::new(&hex::decode(fields.next()?).ok()?)?;
        let file = FileId::new(u16::from_str_radix(fields.next()?, 16).ok()?);
        Some((ObjectId { aid, file }, fields.next()?.parse().ok()?))
    };
    let answer = ask(holder, "tries")?;
    let tries: Option<_> = answer.lines().map(line).collect();
    tries.ok_or_else(|| {
        Failure::Failed(format!(
            "{holder}, gives an answer that is not understood: another vmyna?"
        ))
    })
}

/// Asks the process that holds a card to go back to the card as issued.
pub(crate) fn ask_reset(holder: &Holder) -> Result<(), Failure> {
    ask(holder, "reset-state").map(drop)
}

/// The answer behind its first line.
fn ask(holder: &Holder, request: &str) -> Result<String, Failure> {
    let path = holder.control.as_deref().unwrap_or_default();
    let converse = || -> io::Result<String> {
        let mut stream = connect(Path::new(path), PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.write_all(format!("{request}\n").as_bytes())?;
        let mut answer = String::new();
        stream.take(LONGEST).read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = converse().map_err(|error| {
        let why = match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                "was it stopped (Ctrl-Z)? Let it go on, or end it".to_owned()
            }
            _ => error.to_string(),
        };
        Failure::Failed(format!(
            "process {} has the card in use and does not answer on {path}: {why}",
            holder.pid
        ))
    })?;
    if let Some(error) = answer.strip_prefix("error ") {
        return Err(Failure::Failed(format!("process {}: {}", holder.pid, error.trim_end())));
    }
    match answer.split_once('\n') {
        Some(("ok", rest)) => Ok(rest.to_owned()),
        _ => Err(Failure::Failed(format!(
            "process {} has the card in use and gave no answer: try again",
            holder.pid
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vmyna_applets::specimen;

    const SELECT_JPKI: &str = "00A4040C0AD392F000260100000001";

    #[test]
    fn a_card_reset_in_use_leaves_one_command_unanswered_and_then_works_without_more() {
        let folder = tempfile::tempdir().unwrap();
        let issued = || specimen::find("hanako").unwrap().unwrap();
        let place = StatePlace::beside(&folder.path().join("c"), &"hanako".parse().unwrap(), [1; 32]);
        let mut card = HeldCard::open(issued(), place.clone(), None).unwrap();
        let select = hex::decode(SELECT_JPKI).unwrap();
        let (mut atr, mut answer) = (Vec::new(), Vec::new());
        let reset = || assert!(place.reset().unwrap().contains("as issued"));
        // A card without power has nothing to lose.
        reset();
        card.power_on(&mut atr).unwrap();
        card.transmit(&select, &mut answer).unwrap();
        reset();
        assert_eq!(card.transmit(&select, &mut answer), Err(IccError::Mute));
        for _ in 0..2 {
            card.transmit(&select, &mut answer).unwrap();
            assert_eq!(answer, [0x90, 0x00]);
        }
        // Who gives the card a reset knows that already.
        for how in [HeldCard::reset, HeldCard::power_on] {
            reset();
            how(&mut card, &mut atr).unwrap();
            card.transmit(&select, &mut answer).unwrap();
        }
    }
}
