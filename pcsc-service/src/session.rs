//! The connection of one client: requests in, replies out, until either end closes it.
//!
//! A request is answered with one write. A client loses its connection and its handles if it sends bytes that no client
//! sends, sends half a request, or does not read. Other clients do not notice. Must never hold a lock while it reads or
//! writes, nor let a handle of a client outlive its connection.

use crate::attribute::{self, Subject};
use crate::code::{self, Code};
use crate::feature::{self, PinPad};
use crate::message::{self, Decoded, READERS, Reply, Request};
use crate::options::Refused;
use crate::readers::Readers;
use crate::table::Client;
use socket2::SockRef;
use std::io::{self, ErrorKind, Read, Write};
use std::mem::MaybeUninit;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};
use zeroize::{Zeroize, Zeroizing};

/// How long a client may take for the rest of a request it has begun, and to read a reply.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// The protocol's major version.
const MAJOR: i32 = 4;

/// The minor versions that the service supports.
const MINOR: std::ops::RangeInclusive<i32> = 3..=6;

/// How long a client of 4:6 that waits for a change may take to ask for the table. Every library does so at once, which can
/// be late on a busy machine.
const SETTLE: Duration = Duration::from_secs(1);

/// Room for the requests of nearly every client; it grows with what is really sent.
const ROOM: usize = 4096;

/// The stage of a conversation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// There was no request yet.
    New,
    /// The version is settled: its minor number.
    Greeted(i32),
    /// There is a context.
    Established { minor: i32, context: u32 },
    /// The context was released.
    Released,
}

pub(crate) struct Session {
    client: Client,
    stream: Arc<UnixStream>,
    readers: Arc<Readers>,
    extras: Arc<Extras>,
    stage: Stage,
    /// It waits for changes, and may be about to fetch the table.
    settling: bool,
    /// The read timeout that the socket has.
    timeout: Duration,
    response: Zeroizing<Vec<u8>>,
    out: Zeroizing<Vec<u8>>,
}

/// The options that all sessions of a service share.
pub(crate) struct Extras {
    pub(crate) pin_pad: Option<PinPad>,
    pub(crate) refused: Option<Refused>,
}

/// The conversation is over: the client has left, or has sent bytes that no client sends at this stage.
struct Over;

impl Session {
    pub(crate) fn new(client: Client, stream: Arc<UnixStream>, readers: Arc<Readers>, extras: Arc<Extras>) -> Session {
        readers.waiters(|waiters| waiters.attach(client, Arc::clone(&stream)));
        Session {
            client,
            stream,
            readers,
            extras,
            stage: Stage::New,
            settling: false,
            timeout: Duration::ZERO,
            response: Zeroizing::default(),
            out: Zeroizing::default(),
        }
    }

    /// Answers until the end.
    pub(crate) fn run(&mut self) {
        let mut buffer = Zeroizing::new(vec![0; ROOM]);
        let mut filled = 0;
        let mut begun: Option<Instant> = None;
        if self.stream.set_write_timeout(Some(PATIENCE)).is_err() {
            return;
        }
        loop {
            let (mut used, mut wants_more) = (0, false);
            while !wants_more {
                match message::decode(buffer.get(used..filled).unwrap_or_default()) {
                    Ok(Decoded::Complete(request, length)) => {
                        used += length;
                        begun = None;
                        if self.answer(&request).is_err() {
                            return;
                        }
                    }
                    Ok(Decoded::Incomplete) => wants_more = true,
                    Err(_) => return,
                }
            }
            buffer.copy_within(used..filled, 0);
            // No PIN stays longer than the request that brought it.
            buffer.get_mut(filled - used..filled).unwrap_or_default().zeroize();
            filled -= used;
            if filled > 0 && begun.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                return;
            }
            if filled == buffer.len() {
                // At most the longest request, which `decode` has seen the header of.
                let mut larger = Zeroizing::new(vec![0; (2 * filled).min(message::LONGEST)]);
                larger.iter_mut().zip(buffer.iter()).for_each(|(to, from)| *to = *from);
                buffer = larger;
            }
            match self.receive(buffer.get_mut(filled..).unwrap_or_default()) {
                Ok(0) => return,
                Ok(count) => filled += count,
                Err(error) if is_timeout(&error) => {
                    if let (true, Stage::Established { minor, .. }) = (self.settling, self.stage)
                        && self.settle(minor).is_err()
                    {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    fn answer(&mut self, request: &Request<'_>) -> Result<(), Over> {
        self.out.clear();
        let waits = self.readers.waiters(|waiters| waiters.is_waiting(self.client));
        if waits
            && !matches!(
                request,
                Request::StopWaiting { .. }
                    | Request::ReadersStateSize
                    | Request::ReadersStateArray
                    // A client that also watches for readers asks this between the table and the wait.
                    | Request::ReaderEvents
            )
        {
            return Err(Over);
        }
        match (request, self.stage) {
            (&Request::Version { major, minor }, Stage::New) => self.greet(major, minor),
            (&Request::Cancel { context }, Stage::New) => {
                let exists = self.readers.waiters(|waiters| waiters.cancel(context));
                let code = if exists { code::SUCCESS } else { code::INVALID_HANDLE };
                self.send(&Reply::Short(context, code))
            }
            // A client of another version may ask again on the same connection.
            (&Request::Version { major, minor }, Stage::Greeted(0)) => self.greet(major, minor),
            (&Request::EstablishContext { scope }, Stage::Greeted(minor)) if minor != 0 => self.establish(minor, scope),
            (&Request::ReleaseContext { context }, Stage::Established { context: own, .. }) => {
                if context != own {
                    return self.send(&Reply::Short(context, code::INVALID_VALUE));
                }
                self.readers.release(self.client);
                self.stage = Stage::Released;
                self.send(&Reply::Short(context, code::SUCCESS))
            }
            (_, Stage::Established { minor, context }) => self.serve(request, minor, context),
            _ => Err(Over),
        }
    }

    fn greet(&mut self, major: i32, minor: i32) -> Result<(), Over> {
        let known = major == MAJOR && MINOR.contains(&minor);
        // For another version the answer is the nearest supported one, which newer clients then try.
        let offered = if major < MAJOR || (major == MAJOR && minor < *MINOR.start()) {
            *MINOR.start()
        } else {
            *MINOR.end()
        };
        self.stage = Stage::Greeted(if known { minor } else { 0 });
        if let Some(refused) = self
            .extras
            .refused
            .as_ref()
            .filter(|_| !known && offered == *MINOR.start())
        {
            refused(major, minor);
        }
        self.send(&Reply::Version {
            major: MAJOR,
            minor: if known { minor } else { offered },
            code: if known { code::SUCCESS } else { code::SERVICE_STOPPED },
        })
    }

    fn establish(&mut self, minor: i32, scope: u32) -> Result<(), Over> {
        /// `SCARD_SCOPE_GLOBAL`, the last of the scopes.
        const LAST_SCOPE: u32 = 3;
        let reply = if scope > LAST_SCOPE {
            Reply::EstablishContext {
                context: 0,
                code: code::INVALID_VALUE,
            }
        } else {
            let context = self.readers.new_context(self.client);
            self.stage = Stage::Established { minor, context };
            self.readers
                .waiters(|waiters| waiters.counts_events(self.client, minor >= 5));
            Reply::EstablishContext {
                context,
                code: code::SUCCESS,
            }
        };
        self.send(&reply)
    }

    /// The number of times that readers have come or gone, for clients that can ask.
    fn events(&self, minor: i32) -> u32 {
        if minor >= 5 { self.readers.events() } else { 0 }
    }

    fn serve(&mut self, request: &Request<'_>, minor: i32, context: u32) -> Result<(), Over> {
        let (client, readers) = (self.client, Arc::clone(&self.readers));
        let stream = Arc::clone(&self.stream);
        let gone = move || is_gone(&stream);
        match *request {
            Request::Connect {
                context: wanted,
                reader,
                share_mode,
                protocols,
            } => {
                let (card, protocol, code) = if wanted == context {
                    readers.connect(client, (reader, share_mode, protocols), &gone)
                } else {
                    (0, 0, code::INVALID_HANDLE)
                };
                self.send(&Reply::Connect { card, protocol, code })
            }
            Request::Reconnect {
                card,
                share_mode,
                protocols,
                initialization,
            } => {
                let (protocol, code) = readers.reconnect((client, card), (share_mode, protocols, initialization));
                self.send(&Reply::Reconnect { protocol, code })
            }
            Request::Disconnect { card, disposition } => {
                let code = readers.disconnect(client, card, disposition, &gone);
                self.send(&Reply::Disposition(card, disposition, code))
            }
            Request::BeginTransaction { card } => {
                self.send(&Reply::Short(card, readers.begin_transaction(client, card)))
            }
            Request::EndTransaction { card, disposition } => {
                let code = readers.end_transaction(client, card, disposition);
                self.send(&Reply::Disposition(card, disposition, code))
            }
            Request::Transmit {
                card,
                protocol,
                room,
                command,
            } => {
                let mut response = std::mem::take(&mut self.response);
                let code = readers.transmit((client, card), protocol, command, &mut response);
                let code = fits(code, &response, room);
                let sent = self.send(&Reply::Transmit {
                    card,
                    protocol,
                    length: length(&response),
                    response: &response,
                    code,
                });
                self.response = response;
                sent
            }
            Request::Control {
                card,
                code,
                room,
                input,
            } => self.control(card, code, room, input),
            Request::Status { card } => self.send(&Reply::Short(card, readers.status(client, card))),
            Request::GetAttribute { card, id, room } => self.attribute(card, id, room),
            Request::SetAttribute { card, id } => {
                let refused = readers.may_ask(client, card).err();
                self.send(&Reply::Attribute {
                    card,
                    id,
                    length: 0,
                    value: &[],
                    // What pcscd makes of a driver that can't set it.
                    code: refused.unwrap_or(code::NOT_TRANSACTED),
                })
            }
            Request::ReadersState => self.send(&Reply::Readers {
                readers: &readers.entries_for(client),
                entries: READERS,
            }),
            Request::WaitReaderStateChange { with_body } | Request::StopWaiting { with_body }
                if with_body != (minor == 3) =>
            {
                Err(Over)
            }
            Request::WaitReaderStateChange { .. } if minor == 3 => {
                match readers.waiters(|waiters| waiters.ask_behind_table(client)) {
                    Some(code) => self.send(&Reply::Woken(0, code)),
                    None => Ok(()),
                }
            }
            Request::WaitReaderStateChange { .. } => self.wait(minor),
            Request::StopWaiting { .. } => {
                self.settling = false;
                match readers.waiters(|waiters| waiters.stop(client)) {
                    Some(code) => self.send(&Reply::Woken(self.events(minor), code)),
                    // What wakes it is on its way already.
                    None => Ok(()),
                }
            }
            Request::ReaderEvents if minor >= 5 => self.send(&Reply::Short(self.events(minor), code::SUCCESS)),
            Request::ReadersStateSize if minor >= 6 => self.send(&Reply::Count(length(&readers.entries()))),
            Request::ReadersStateArray if minor >= 6 => {
                let entries = readers.entries();
                self.send(&Reply::Readers {
                    readers: &entries,
                    entries: entries.len(),
                })?;
                self.settle(minor)
            }
            _ => Err(Over),
        }
    }

    fn control(&mut self, card: u32, control: u32, room: u32, input: &[u8]) -> Result<(), Over> {
        let outcome = match self.readers.may_control(self.client, card) {
            Err(code) => Err(code),
            Ok(()) => feature::control(self.extras.pin_pad.as_ref(), control, input, |command, response| {
                let protocol = self.readers.protocol_of(self.client, card);
                self.readers.transmit((self.client, card), protocol, command, response)
            }),
        };
        let (output, code) = match outcome {
            Ok(output) => (output, code::SUCCESS),
            Err(code) => (Zeroizing::default(), code),
        };
        let code = fits(code, &output, room);
        self.send(&Reply::Control {
            card,
            length: length(&output),
            output: &output,
            code,
        })
    }

    fn attribute(&mut self, card: u32, id: u32, room: u32) -> Result<(), Over> {
        let asked = self.readers.may_ask(self.client, card);
        let value = asked.and_then(|(number, reader, atr)| {
            let subject = Subject {
                number,
                reader: &reader,
                atr: &atr,
            };
            attribute::value(id, &subject).ok_or(code::UNSUPPORTED_FEATURE)
        });
        let (value, code) = match value {
            Ok(value) => (value, code::SUCCESS),
            Err(code) => (Vec::new(), code),
        };
        let code = fits(code, &value, room);
        self.send(&Reply::Attribute {
            card,
            id,
            length: length(&value),
            value: if code == code::SUCCESS { &value } else { &[] },
            code,
        })
    }

    /// Up to 4:5 the reply is the table. From 4:6 the client fetches the table with requests of its own, and must get no
    /// message of a change between their replies. It gets it after the table, or when it has not asked for one in time.
    fn wait(&mut self, minor: i32) -> Result<(), Over> {
        let entries = self.readers.entries_and_ask(self.client);
        self.settling = true;
        if minor >= 6 {
            return Ok(());
        }
        self.send(&Reply::Readers {
            readers: &entries,
            entries: READERS,
        })?;
        self.settle(minor)
    }

    /// The client has all that it asked for. From now on it gets messages of changes, and at once that of an earlier one.
    fn settle(&mut self, minor: i32) -> Result<(), Over> {
        self.settling = false;
        match self.readers.waiters(|waiters| waiters.asked(self.client)) {
            Some(code) => {
                self.out.clear();
                self.send(&Reply::Woken(self.events(minor), code))
            }
            None => Ok(()),
        }
    }

    fn receive(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let time = if self.settling { SETTLE } else { PATIENCE };
        if time != self.timeout {
            self.stream.set_read_timeout(Some(time))?;
            self.timeout = time;
        }
        (&*self.stream).read(room)
    }

    fn send(&mut self, reply: &Reply<'_>) -> Result<(), Over> {
        reply.encode(&mut self.out);
        (&*self.stream).write_all(&self.out).map_err(|_| Over)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.readers.release(self.client);
        self.readers.waiters(|waiters| waiters.detach(self.client));
        // Others may hold the stream for a moment; the client must see the end now.
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
    }
}

fn fits(code: Code, answer: &[u8], room: u32) -> Code {
    if code == code::SUCCESS && answer.len() > room as usize {
        code::INSUFFICIENT_BUFFER
    } else {
        code
    }
}

fn length<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// Whether the client has closed its end; what it may have sent stays to be read.
fn is_gone(stream: &UnixStream) -> bool {
    let socket = SockRef::from(stream);
    if socket.set_nonblocking(true).is_err() {
        return true;
    }
    let mut byte = [MaybeUninit::uninit()];
    let gone = match socket.peek(&mut byte) {
        Ok(count) => count == 0,
        Err(error) => !is_timeout(&error) && error.kind() != ErrorKind::Interrupted,
    };
    gone | socket.set_nonblocking(false).is_err()
}
