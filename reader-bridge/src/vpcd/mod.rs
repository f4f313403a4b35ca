//! A card in a reader of pcscd's driver *vpcd* (virtual smart card architecture), which any PC/SC program sees.
//!
//! vpcd listens on a TCP port, one a slot; the card connects to it. In vpcd's reversed mode the card listens
//! ([`VpcdListener`]) and vpcd connects. Messages both ways are a 2-byte big-endian length and that many bytes. vpcd sends
//! first, and waits for an answer to every message except control messages other than that for the ATR, see [`codec`].
//!
//! With [`VpcdHost`] this process is vpcd for another program's card: as a [`Reader`](vmyna_apdu::Reader), or as a card
//! ([`VpcdCard`]) for a reader of this process.
//!
//! [`VpcdServer::run`] holds the conversation and connects again after a restart of pcscd. It must never
//! - send half a frame and then close: vpcd 3.3 reads the missing length from uninitialised memory;
//! - answer with an empty frame: vpcd 3.3 then waits for ever, and with it every program that uses the reader;
//! - leave a card powered without a connection, nor connect again after that before pcscd has seen the reader empty.

mod address;
mod backoff;
pub mod codec;
mod connection;
mod event;
mod host;
mod link;
mod listener;
mod remote_card;
mod socket;
mod stop;

pub use address::{AddressError, DEFAULT_PORT, VpcdAddress};
pub use connection::VpcdServer;
pub use event::{End, Failure, Reason, VpcdError, VpcdEvent};
pub use host::{VpcdHost, VpcdReader};
pub use listener::{Refused, VpcdListener};
pub use remote_card::{VpcdCard, VpcdWatcher};
pub use stop::StopHandle;
