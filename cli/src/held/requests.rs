//! How other processes reach a card that this one has in use: they ask on a socket that only this user can reach.
//!
//! A request is one line, what is wanted of which card (its identity, in hexadecimal): `tries` or `reset-state`. A card
//! whose image has been replaced is another one. The answer begins with `ok` or `error MESSAGE`; `tries` goes on with a
//! line a PIN: AID, file, tries left. No value of a PIN ever goes over it.
//!
//! Who asks may have given up before the holder gets to it. What can't be undone is therefore answered with `ready` first,
//! and done when the other says `go`: who is told that it failed must not find it done a minute later.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use vmyna_apdu::{Aid, FileId, hex};
use vmyna_card_os::Card;
use vmyna_card_os::declaration::{Body, ObjectId};
use vmyna_card_os::state::durable::Holder;
use vmyna_pcsc_service::connect;

use super::{Held, lock};
use crate::failure::Failure;

/// How long who asks waits for the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a whole line may take to arrive, and an answer to be taken.
const REQUEST: Duration = Duration::from_millis(500);
/// That many requests are answered at once; the next one waits for the last of them.
const AT_ONCE: usize = 16;
/// Before the next connection is taken, after one could not be: the reason may not pass at once.
const AFTER_ERROR: Duration = Duration::from_millis(100);
/// More than any answer has.
const LONGEST: u64 = 64 * 1024;
/// More than any request has.
const LONGEST_REQUEST: u64 = 128;

/// What can be asked for.
const TRIES: &str = "tries";
const RESET_STATE: &str = "reset-state";
/// What is said before and for doing what can't be undone.
const READY: &str = "ready";
const GO: &str = "go";

/// Answers requests until nobody uses the card any more. One who says nothing keeps nobody else waiting.
pub(super) fn listen(listener: &UnixListener, held: &Arc<Mutex<Held>>) {
    let places = Arc::new(());
    for stream in listener.incoming() {
        if lock(held).card.is_none() {
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

/// Lets [`listen`] see that nobody uses the card any more: it looks when somebody connects. It may first have to take those
/// who came before, for which it needs the lock.
pub(super) fn wake(socket: &Path) {
    let _ = connect(socket, PATIENCE);
}

/// Reads one request and answers it.
fn answer(stream: &UnixStream, held: &Mutex<Held>) -> io::Result<()> {
    stream.set_write_timeout(Some(REQUEST))?;
    let end = Instant::now();
    let mut lines = BufReader::new(Arriving { stream, end }.take(LONGEST_REQUEST));
    let mut line = || -> io::Result<String> {
        let mut line = String::new();
        lines.get_mut().get_mut().end = Instant::now() + REQUEST;
        lines.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    };
    let say = |text: &str| -> io::Result<()> {
        let mut stream = stream;
        stream.write_all(text.as_bytes())
    };
    let request = line()?;
    let (what, card) = request.split_once(' ').unwrap_or((&request, ""));
    if what == RESET_STATE {
        say(&format!("{READY}\n"))?;
        if line()? != GO {
            return Ok(());
        }
    }
    let mut held = lock(held);
    let Some(in_use) = &held.card else {
        // Not this process's card any more.
        return Ok(());
    };
    let answer = if card != hex::encode(&held.identity) {
        Err(Failure::Failed(
            "it has another card in use: the image was replaced meanwhile. End that process to use this one".to_owned(),
        ))
    } else {
        match what {
            TRIES => Ok(tries(in_use)),
            RESET_STATE => held.reset_state().map(|()| String::new()),
            _ => Err(Failure::Usage(format!("there are {TRIES} and {RESET_STATE}"))),
        }
    };
    say(&match answer {
        Ok(rest) => format!("ok\n{rest}"),
        Err(failure) => format!("error {failure}\n"),
    })
}

/// What arrives on a stream until some moment: who sends a byte now and then takes no longer than who sends none.
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
pub(crate) fn ask_tries(holder: &Holder, card: &[u8; 32]) -> Result<BTreeMap<ObjectId, u8>, Failure> {
    let line = |line: &str| {
        let mut fields = line.split(' ');
        let aid = Aid::new(&hex::decode(fields.next()?).ok()?)?;
        let file = FileId::new(u16::from_str_radix(fields.next()?, 16).ok()?);
        Some((ObjectId { aid, file }, fields.next()?.parse().ok()?))
    };
    let mut asking = Asking::begin(holder, TRIES, card)?;
    let answer = asking.rest()?;
    let tries: Option<_> = answer.lines().map(line).collect();
    tries.ok_or_else(|| {
        Failure::Failed(format!(
            "{holder}, gives an answer that is not understood: another vmyna?"
        ))
    })
}

/// Asks the process that holds a card to go back to the card as issued.
pub(crate) fn ask_reset(holder: &Holder, card: &[u8; 32]) -> Result<(), Failure> {
    let mut asking = Asking::begin(holder, RESET_STATE, card)?;
    asking.ready()?;
    asking.rest().map(drop)
}

/// A request on its way.
struct Asking<'a> {
    holder: &'a Holder,
    stream: BufReader<io::Take<UnixStream>>,
    /// From here on it may have been done, whatever is heard of it.
    gone: bool,
}

impl<'a> Asking<'a> {
    fn begin(holder: &'a Holder, request: &str, card: &[u8; 32]) -> Result<Self, Failure> {
        let path = holder.control.as_deref().unwrap_or_default();
        let begin = || -> io::Result<UnixStream> {
            let mut stream = connect(Path::new(path), PATIENCE)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            stream.write_all(format!("{request} {}\n", hex::encode(card)).as_bytes())?;
            Ok(stream)
        };
        let stream = begin().map_err(|error| unanswered(holder, false, &error))?;
        Ok(Self {
            holder,
            stream: BufReader::new(stream.take(LONGEST)),
            gone: false,
        })
    }

    /// Waits until the holder is ready, and tells it to go on.
    fn ready(&mut self) -> Result<(), Failure> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line);
        read.map_err(|error| unanswered(self.holder, false, &error))?;
        if line.trim_end() != READY {
            return Err(self.no_answer());
        }
        self.gone = true;
        let mut stream = self.stream.get_ref().get_ref();
        let told = stream.write_all(format!("{GO}\n").as_bytes());
        told.map_err(|error| unanswered(self.holder, self.gone, &error))
    }

    /// The answer behind its first line.
    fn rest(&mut self) -> Result<String, Failure> {
        let mut answer = String::new();
        let read = self.stream.read_to_string(&mut answer);
        read.map_err(|error| unanswered(self.holder, self.gone, &error))?;
        if let Some(error) = answer.strip_prefix("error ") {
            return Err(Failure::Failed(format!(
                "process {}: {}",
                self.holder.pid,
                error.trim_end()
            )));
        }
        match answer.split_once('\n') {
            Some(("ok", rest)) => Ok(rest.to_owned()),
            _ => Err(self.no_answer()),
        }
    }

    fn no_answer(&self) -> Failure {
        Failure::Failed(format!(
            "process {} has the card in use and gave no answer: try again",
            self.holder.pid
        ))
    }
}

fn unanswered(holder: &Holder, gone: bool, error: &io::Error) -> Failure {
    let why = match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => "was it stopped (Ctrl-Z)? Let it go on, or end it".to_owned(),
        _ => error.to_string(),
    };
    let may = if gone {
        ". It may still do what it was asked for: `vmyna pin` tells"
    } else {
        ""
    };
    Failure::Failed(format!(
        "process {} has the card in use and does not answer on {}: {why}{may}",
        holder.pid,
        holder.control.as_deref().unwrap_or_default()
    ))
}
