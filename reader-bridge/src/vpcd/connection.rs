//! The conversation of one card with one slot of vpcd, until it is stopped.
//!
//! Nothing is allocated for a command. The card has power only during a connection. At the end of the connection it loses
//! power, and with it the security status of its PINs. Must never answer a message for which vpcd expects no answer, nor
//! leave another one unanswered.

use super::address::VpcdAddress;
use super::backoff::Backoff;
use super::codec::{self, Decoder, Message};
use super::event::{End, Failure, Reason, VpcdError, VpcdEvent};
use super::listener::VpcdListener;
use super::socket::{Received, Socket};
use super::stop::StopHandle;
use std::time::Instant;
use vmyna_apdu::{Icc, IccError};
use zeroize::Zeroizing;

/// The shortest R-APDU is a status word.
const SHORTEST_ANSWER: usize = 2;

/// Lengths an ATR can have (ISO/IEC 7816-3, 8.2).
const ATR: std::ops::RangeInclusive<usize> = 2..=33;

/// How many bytes a peer may send ahead, before it has the answer to a message. vpcd sends none, but a peer that writes
/// several short messages at once is served. More are the rest of a command whose length was cut to 16 bits.
const SENT_AHEAD: usize = 1024;

/// A first message of this length or more comes from another program: text has such bytes where vpcd has a length.
const NO_FIRST_MESSAGE: usize = 0x2000;

/// Receives without a byte after which a peer that has connected to a listener loses its place: 4 seconds.
const SILENT: u32 = 2;

/// Puts a card into a slot of vpcd.
pub struct VpcdServer {
    way: Way,
    stop: StopHandle,
    decoder: Decoder,
    buffers: Buffers,
    /// The last conversation ended because the card was pulled out, and it may be put back before pcscd looks.
    pulled_out: bool,
}

/// The way to vpcd.
enum Way {
    /// vpcd listens.
    Connect { address: VpcdAddress, allow_remote: bool },
    /// vpcd's reversed mode: it connects.
    Listen(VpcdListener),
}

#[derive(Default)]
struct Buffers {
    response: Zeroizing<Vec<u8>>,
    frame: Zeroizing<Vec<u8>>,
}

/// The card and its state in the conversation.
struct Slot<'a> {
    icc: &'a mut dyn Icc,
    atr: Vec<u8>,
    powered: bool,
    /// The last power-up or reset gave no ATR, and vpcd does not know it yet.
    silent: bool,
    /// pcscd may not know yet that the card has lost its power: it must see the reader empty first. Otherwise it would
    /// send commands to a card without power, and never power a card on again after a failed reset.
    must_be_missed: bool,
}

type Events<'a> = dyn FnMut(VpcdEvent<'_>) + 'a;

impl VpcdServer {
    /// For the slot at `address`, which must be on this machine unless [`VpcdServer::allow_remote`] is called.
    pub fn new(address: VpcdAddress) -> VpcdServer {
        let way = Way::Connect {
            address,
            allow_remote: false,
        };
        VpcdServer::by(way, StopHandle::default())
    }

    /// For vpcd in reversed mode, which connects to `listener`.
    pub fn reversed(listener: VpcdListener) -> VpcdServer {
        let stop = listener.stop_handle();
        VpcdServer::by(Way::Listen(listener), stop)
    }

    fn by(way: Way, stop: StopHandle) -> VpcdServer {
        VpcdServer {
            way,
            stop,
            decoder: Decoder::new(),
            buffers: Buffers::default(),
            pulled_out: false,
        }
    }

    /// Also connects to other machines. The protocol is not encrypted: PINs go over the network as they are.
    #[must_use]
    pub fn allow_remote(mut self) -> VpcdServer {
        if let Way::Connect { allow_remote, .. } = &mut self.way {
            *allow_remote = true;
        }
        self
    }

    /// Ends [`VpcdServer::run`] from another thread; once stopped, a server does not run again.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop.clone()
    }

    /// Holds the conversation: connects or waits for vpcd, answers, and connects again when vpcd was away. It returns only
    /// when it is stopped, or the card has been pulled out or removed. Called again it puts the card back, or another one,
    /// and pcscd sees the reader empty before that. The card is powered on once at the beginning, for its ATR, and is without
    /// power at the end.
    ///
    /// `events` is called in between, so it should be quick: the next command waits.
    ///
    /// # Errors
    /// [`VpcdError`], when the card can't be put into that reader at all.
    pub fn run(&mut self, icc: &mut dyn Icc, events: &mut Events<'_>) -> Result<End, VpcdError> {
        let Some(mut slot) = Slot::insert(icc)? else {
            return Ok(End::Gone);
        };
        slot.must_be_missed = std::mem::take(&mut self.pulled_out);
        let mut backoff = Backoff::new();
        let mut missing_since = None;
        while !self.stop.is_ending() {
            let connected = match &self.way {
                Way::Connect { address, allow_remote } => Socket::connect(address, *allow_remote)?,
                Way::Listen(listener) => {
                    let address = listener.address();
                    events(VpcdEvent::Listening { address });
                    match listener.wait(None) {
                        Some(peer) => Socket::accepted(peer),
                        None => break,
                    }
                }
            };
            let socket = match (connected, &self.way) {
                (Ok(socket), _) => socket,
                (Err(error), Way::Connect { address, .. }) => {
                    // The next listener here has never seen the card.
                    slot.must_be_missed = false;
                    let since = *missing_since.get_or_insert_with(Instant::now);
                    let retry_in = backoff.next_delay();
                    events(VpcdEvent::Waiting {
                        address,
                        error: &error,
                        retry_in,
                        since,
                    });
                    self.stop.pause(retry_in);
                    continue;
                }
                (Err(_), Way::Listen(listener)) => {
                    // The peer has gone again.
                    listener.release();
                    continue;
                }
            };
            missing_since = None;
            let begin = Instant::now();
            let reason = self.hold(socket, &mut slot, events);
            slot.power_off();
            if let Way::Listen(listener) = &self.way {
                listener.release();
            }
            events(VpcdEvent::Disconnected { reason: &reason });
            match reason {
                Reason::Stopped => break,
                Reason::Gone => {
                    self.pulled_out = true;
                    self.stop.take_removed();
                    return Ok(End::Gone);
                }
                // At once; the next connection is an ordinary one.
                Reason::Removal => continue,
                // A peer that connected does not expect that the card keeps its power when it ends the connection.
                Reason::Closed if matches!(self.way, Way::Listen(_)) => slot.must_be_missed = false,
                _ => {}
            }
            backoff.after_conversation_of(begin.elapsed());
            self.stop.pause(backoff.next_delay());
        }
        if self.stop.is_stopped() {
            return Ok(End::Stopped);
        }
        self.pulled_out = self.stop.take_removed();
        Ok(End::Removed)
    }

    /// One connection, from its beginning to its end.
    fn hold(&mut self, mut socket: Socket, slot: &mut Slot<'_>, events: &mut Events<'_>) -> Reason {
        self.decoder.clear();
        match socket.try_clone() {
            Ok(clone) => self.stop.watch(clone),
            Err(error) => return Reason::Lost(error),
        }
        if let Ok(peer) = socket.peer() {
            events(VpcdEvent::Connected { peer });
        }
        let (reason, owed) = self.converse(&mut socket, slot, events);
        // The copy must be closed first: a socket is reset when its last copy is.
        self.stop.forget();
        if owed {
            socket.refuse();
        }
        reason
    }

    /// Requests and answers. Returns the reason for its end, and whether vpcd still waits for an answer.
    fn converse(&mut self, socket: &mut Socket, slot: &mut Slot<'_>, events: &mut Events<'_>) -> (Reason, bool) {
        let (mut greeted, mut quiet) = (false, 0_u32);
        let mut habits = Habits::default();
        loop {
            if !greeted
                && self
                    .decoder
                    .announced()
                    .is_some_and(|length| length >= NO_FIRST_MESSAGE)
            {
                return (Reason::NotVpcd, false);
            }
            loop {
                let sent_ahead = self.decoder.following();
                let Some(message) = self.decoder.next_message() else {
                    break;
                };
                let wants_answer = matches!(message, Message::GetAtr | Message::Apdu(_));
                let power = matches!(message, Message::PowerOff | Message::PowerOn | Message::Reset);
                // The card must not get the beginning of a command with a cut length, which may look like any message
                // of few bytes or none.
                if !power && sent_ahead > SENT_AHEAD {
                    return (Reason::OutOfStep, true);
                }
                if matches!(message, Message::Empty | Message::Unknown(_)) {
                    habits.note(message);
                    continue;
                }
                if !greeted {
                    // If a request for the ATR meets the end of the connection, pcscd sees an empty reader. It must see
                    // that again the next time, however this conversation ends.
                    if std::mem::replace(&mut slot.must_be_missed, true) && message == Message::GetAtr {
                        slot.must_be_missed = false;
                        return (Reason::Removal, false);
                    }
                    greeted = true;
                    events(VpcdEvent::Inserted);
                }
                habits.note(message);
                if let Err(reason) = slot.obey(message, socket, &mut self.buffers, events) {
                    return (reason, wants_answer);
                }
                if wants_answer && slot.icc.has_left() {
                    return (Reason::Gone, false);
                }
            }
            let pending = self.decoder.pending().len();
            if self.stop.is_ending() && pending == 0 {
                return (Reason::Stopped, false);
            }
            match socket.receive(self.decoder.space()) {
                Ok(Received::Bytes(count)) => self.decoder.received(count),
                Ok(Received::End) if self.stop.is_ending() => return (Reason::Stopped, pending > 0),
                Ok(Received::End | Received::Nothing) if pending > 0 => {
                    return (Reason::HalfMessage { received: pending }, greeted);
                }
                Ok(Received::End) => return (Reason::Closed, false),
                Ok(Received::Nothing) if habits.misses_a_poll() => return (Reason::OneByteCommand, true),
                Ok(Received::Nothing) if greeted => {}
                Ok(Received::Nothing) => {
                    quiet += 1;
                    match self.way {
                        Way::Listen(_) if quiet >= SILENT => return (Reason::Silent, false),
                        Way::Connect { .. } if quiet == 1 => events(VpcdEvent::Idle),
                        _ => {}
                    }
                }
                Err(error) => return (Reason::Lost(error), false),
            }
        }
    }
}

/// How the peer behaves. vpcd of Linux asks for the ATR each 400 ms, that of Windows each second, also between two programs.
/// Another peer may stay silent for ever after it has powered the card off.
#[derive(Default)]
struct Habits {
    /// The last message has no answer.
    unanswered: bool,
    /// The last message is one after which every peer asks for the ATR.
    atr_follows: bool,
    /// Requests for the ATR that follow no power-on and no reset.
    polls: u32,
}

impl Habits {
    fn note(&mut self, message: Message<'_>) {
        if message == Message::GetAtr && !self.atr_follows {
            self.polls += 1;
        }
        self.unanswered = !matches!(message, Message::GetAtr | Message::Apdu(_));
        self.atr_follows = matches!(message, Message::PowerOn | Message::Reset);
    }

    /// Whether, after [`QUIET`](super::socket::QUIET) of silence, vpcd waits for an answer to a command of one byte, which
    /// looks like a control message.
    fn misses_a_poll(&self) -> bool {
        self.unanswered && self.polls > 1
    }
}

impl<'a> Slot<'a> {
    /// Powers the card on and off again for its ATR, because vpcd asks for it before it powers the card on. `None` when the
    /// card has been pulled out.
    fn insert(icc: &'a mut dyn Icc) -> Result<Option<Slot<'a>>, VpcdError> {
        let mut slot = Slot {
            icc,
            atr: Vec::new(),
            powered: false,
            silent: false,
            must_be_missed: false,
        };
        match slot.icc.power_on(&mut slot.atr) {
            Ok(()) if ATR.contains(&slot.atr.len()) => {}
            Ok(()) => return Err(VpcdError::NoAtr { length: slot.atr.len() }),
            Err(IccError::Mute) => return Err(VpcdError::NoAtr { length: 0 }),
            Err(IccError::Gone) => return Ok(None),
        }
        match slot.icc.power_off() {
            Err(IccError::Gone) => Ok(None),
            Ok(()) | Err(IccError::Mute) => Ok(Some(slot)),
        }
    }

    /// Carries out a message of vpcd. An error ends the connection.
    fn obey(
        &mut self,
        message: Message<'_>,
        socket: &mut Socket,
        buffers: &mut Buffers,
        events: &mut Events<'_>,
    ) -> Result<(), Reason> {
        match message {
            Message::GetAtr if self.silent => {
                self.silent = false;
                Err(Reason::Mute)
            }
            Message::GetAtr => answer(&self.atr, socket, &mut buffers.frame),
            Message::Apdu(command) => self.exchange(command, socket, buffers, events),
            Message::Empty | Message::Unknown(_) => Ok(()),
            Message::PowerOn => self.power_on(events),
            // vpcd of Windows and macOS resets a card that it never powered on.
            Message::Reset if !self.powered => self.power_on(events),
            Message::Reset => {
                let result = self.icc.reset(&mut self.atr);
                self.check_atr(result)?;
                events(VpcdEvent::Reset { atr: &self.atr });
                Ok(())
            }
            Message::PowerOff => {
                self.powered = false;
                if self.icc.power_off() == Err(IccError::Gone) {
                    return Err(Reason::Gone);
                }
                events(VpcdEvent::PowerOff);
                Ok(())
            }
        }
    }

    fn power_on(&mut self, events: &mut Events<'_>) -> Result<(), Reason> {
        let result = self.icc.power_on(&mut self.atr);
        self.powered = true;
        self.check_atr(result)?;
        events(VpcdEvent::PowerOn { atr: &self.atr });
        Ok(())
    }

    /// A power-up or reset is not answered: a card that gave no ATR is silent when vpcd asks for it next.
    fn check_atr(&mut self, result: Result<(), IccError>) -> Result<(), Reason> {
        if result == Err(IccError::Gone) {
            return Err(Reason::Gone);
        }
        self.silent = result.is_err() || !ATR.contains(&self.atr.len());
        Ok(())
    }

    fn exchange(
        &mut self,
        command: &[u8],
        socket: &mut Socket,
        buffers: &mut Buffers,
        events: &mut Events<'_>,
    ) -> Result<(), Reason> {
        if !self.powered {
            // vpcd of Windows and macOS sends commands to a card that it never powered on.
            self.power_on(events)?;
            if self.silent {
                let failure = Failure::Mute;
                events(VpcdEvent::Failed { command, failure });
                return Err(Reason::Mute);
            }
        }
        let begin = Instant::now();
        let result = self.icc.transmit(command, &mut buffers.response);
        let elapsed = begin.elapsed();
        let (failure, reason) = match result {
            Ok(()) if buffers.response.len() > codec::LONGEST_BODY => (
                Failure::AnswerTooLong {
                    length: buffers.response.len(),
                },
                Reason::Mute,
            ),
            Ok(()) if buffers.response.len() >= SHORTEST_ANSWER => {
                answer(&buffers.response, socket, &mut buffers.frame)?;
                events(VpcdEvent::Apdu {
                    command,
                    response: &buffers.response,
                    elapsed,
                });
                return Ok(());
            }
            // An answer without a status word counts as none.
            Ok(()) | Err(IccError::Mute) => (Failure::Mute, Reason::Mute),
            Err(IccError::Gone) => (Failure::Gone, Reason::Gone),
        };
        events(VpcdEvent::Failed { command, failure });
        Err(reason)
    }

    /// The connection is over, and with it the card's power.
    fn power_off(&mut self) {
        self.silent = false;
        if std::mem::take(&mut self.powered) {
            // A card that is gone or mute has no power any more either way.
            let _ = self.icc.power_off();
        }
    }
}

fn answer(body: &[u8], socket: &mut Socket, frame: &mut Vec<u8>) -> Result<(), Reason> {
    // The callers have checked the length. Otherwise the request stays unanswered.
    codec::encode(body, frame).map_err(|_| Reason::Mute)?;
    socket.send(frame).map_err(Reason::Lost)
}
