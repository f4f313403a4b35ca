//! What a conversation with vpcd tells its observer, and how it ends.
//!
//! Events are borrowed and cost nothing when nobody looks. [`VpcdEvent::Apdu`] carries a whole command, PIN included:
//! none of these types has a Debug that would print one.

use super::address::VpcdAddress;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// What happens in a conversation, in the order in which it happens.
#[non_exhaustive]
pub enum VpcdEvent<'a> {
    /// vpcd is not there; it will be tried again.
    Waiting {
        /// Where it should be.
        address: &'a VpcdAddress,
        /// Why it can't be reached.
        error: &'a io::Error,
        /// When it is tried next.
        retry_in: Duration,
        /// When it was first found missing.
        since: Instant,
    },
    /// Somebody took the connection. Whether that is vpcd is not known yet.
    Connected {
        /// The address connected to.
        peer: SocketAddr,
    },
    /// Connected, but nothing has been asked for 2 seconds: the slot probably holds another card already (the kernel
    /// accepts the connection in vpcd's name), or the peer is not vpcd. Said once a connection; the wait goes on, and the
    /// card comes into the reader when the slot becomes free.
    Idle,
    /// vpcd has asked its first question: the card is in the reader. pcscd shows it to programs within 400 ms.
    Inserted,
    /// The card was powered on.
    PowerOn {
        /// Its answer to reset.
        atr: &'a [u8],
    },
    /// The card was reset, its power stayed.
    Reset {
        /// Its answer to reset.
        atr: &'a [u8],
    },
    /// The card was powered off.
    PowerOff,
    /// A command has been answered. The answer is on its way already.
    Apdu {
        /// The C-APDU.
        command: &'a [u8],
        /// The R-APDU.
        response: &'a [u8],
        /// How long the card took.
        elapsed: Duration,
    },
    /// A command could not be answered; the program gets an error, as from a mute card.
    Failed {
        /// The C-APDU.
        command: &'a [u8],
        /// Why.
        failure: Failure,
    },
    /// The connection is over and the card without power. Unless it is gone or the end was called for, it connects again.
    Disconnected {
        /// Why.
        reason: &'a Reason,
    },
}

/// Why a command could not be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The card does not answer.
    Mute,
    /// The card has been pulled out.
    Gone,
    /// The card's answer has more than the 65,535 bytes vpcd can carry.
    AnswerTooLong {
        /// Bytes of the answer.
        length: usize,
    },
}

/// Why a connection is over.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reason {
    /// The peer has closed it: pcscd has ended, or the peer is not vpcd.
    Closed,
    /// The operating system reports a failure.
    Lost(io::Error),
    /// What the peer sends first is not what vpcd sends: another program listens on this port.
    NotVpcd,
    /// The peer began a message and did not finish it.
    HalfMessage {
        /// Bytes of it that came.
        received: usize,
    },
    /// The peer said more before it had the answer, or asked for nothing: it has cut the length of a command of more than
    /// 65,535 bytes to 16 bits.
    OutOfStep,
    /// vpcd waits for an answer to what looked like a control message: a program has sent a command of one byte, `00`, `01`
    /// or `02`, which can't be told from one. It fails for that program; the card is missing for a moment.
    OneByteCommand,
    /// A command was left unanswered, which vpcd learns only by the end of the connection.
    Mute,
    /// The card left the reader for a moment, so that pcscd notices that it has lost its power; it is back within a second.
    Removal,
    /// The card has been pulled out.
    Gone,
    /// Somebody has called for the end.
    Stopped,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Closed => f.write_str("closed by the other side"),
            Reason::Lost(error) => write!(f, "lost: {error}"),
            Reason::NotVpcd => f.write_str("another program than vpcd listens there"),
            Reason::HalfMessage { received } => {
                write!(f, "ended after {received} bytes of a message")
            }
            Reason::OutOfStep => f.write_str("out of step: vpcd can't carry a command of more than 65535 bytes"),
            Reason::OneByteCommand => {
                f.write_str("a program sent a command of one byte, which vpcd can't tell from a control message")
            }
            Reason::Mute => f.write_str("the card did not answer"),
            Reason::Removal => f.write_str("the card left for a moment, so that pcscd powers it on again"),
            Reason::Gone => f.write_str("the card has been pulled out"),
            Reason::Stopped => f.write_str("ended"),
        }
    }
}

/// How a conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// [`StopHandle::stop`](super::StopHandle::stop) was called.
    Stopped,
    /// The card has been pulled out.
    Gone,
}

/// Why a card can't be put into a reader of vpcd at all.
#[derive(Debug)]
#[non_exhaustive]
pub enum VpcdError {
    /// The host is not this machine, and the caller has not allowed that.
    NotLoopback {
        /// What was asked for.
        address: VpcdAddress,
        /// What it resolves to.
        addresses: Vec<SocketAddr>,
    },
    /// The card gives no ATR of 2 to 33 bytes (ISO/IEC 7816-3, 8.2) when it is powered on.
    NoAtr {
        /// What it gave instead, in bytes.
        length: usize,
    },
}

impl fmt::Display for VpcdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VpcdError::NotLoopback { address, addresses } => write!(
                f,
                "{address} is not this machine ({addresses:?}): everything, PINs included, would go over the network \
                 unencrypted"
            ),
            VpcdError::NoAtr { length } => {
                write!(
                    f,
                    "the card gives {length} bytes when it is powered on; an ATR has 2 to 33"
                )
            }
        }
    }
}

impl std::error::Error for VpcdError {}
