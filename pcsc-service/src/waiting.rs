//! Clients that wait for a change, and their messages: the part of SCardGetStatusChange that the service has.
//!
//! A waiting client gets one message, from the thread that makes the change, with a send that can't block. The client's own
//! thread does not write at that time. Between the request and its reply a change is only noted, so that none is lost and
//! none overtakes the reply. Must never block.

use crate::code::{CANCELLED, Code, SUCCESS};
use crate::message::{Reply, WOKEN};
use crate::table::Client;
use socket2::SockRef;
use std::collections::HashMap;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

/// `MSG_DONTWAIT`: this send must not block whatever the socket's mode is.
const DONT_WAIT: i32 = if cfg!(target_os = "linux") { 0x40 } else { 0x80 };

#[derive(Clone, Copy, PartialEq, Eq)]
enum Waiting {
    No,
    /// It has asked and has no answer yet. The code is for the message after the answer.
    Asking(Option<Code>),
    Yes,
}

struct Peer {
    context: Option<u32>,
    /// Its messages carry the number of events, see [`Reply::Woken`].
    counts_events: bool,
    /// The table has changed since the client got it the last time.
    stale: bool,
    waiting: Waiting,
    stream: Arc<UnixStream>,
}

/// All connected clients.
#[derive(Default)]
pub(crate) struct Waiters {
    peers: HashMap<Client, Peer>,
    /// See [`Reply::Woken`].
    events: u32,
}

impl Waiters {
    pub(crate) fn attach(&mut self, client: Client, stream: Arc<UnixStream>) {
        let peer = Peer {
            context: None,
            counts_events: false,
            stale: false,
            waiting: Waiting::No,
            stream,
        };
        self.peers.insert(client, peer);
    }

    pub(crate) fn detach(&mut self, client: Client) {
        self.peers.remove(&client);
    }

    pub(crate) fn set_context(&mut self, client: Client, context: Option<u32>) {
        if let Some(peer) = self.peers.get_mut(&client) {
            peer.context = context;
        }
    }

    /// Whether the messages for a client carry the number of events, see [`Reply::Woken`].
    pub(crate) fn counts_events(&mut self, client: Client, counts: bool) {
        if let Some(peer) = self.peers.get_mut(&client) {
            peer.counts_events = counts;
        }
    }

    /// Sets that number.
    pub(crate) fn set_events(&mut self, events: u32) {
        self.events = events;
    }

    /// The client gets the table.
    pub(crate) fn gets_table(&mut self, client: Client) {
        if let Some(peer) = self.peers.get_mut(&client) {
            peer.stale = false;
        }
    }

    /// The wait of a client of 4:3, which has the table from a request before. Returns the code of a message that is due at
    /// once: the table has changed since then. Its own service forgot such a change.
    pub(crate) fn ask_behind_table(&mut self, client: Client) -> Option<Code> {
        let peer = self.peers.get_mut(&client)?;
        peer.waiting = if peer.stale { Waiting::No } else { Waiting::Yes };
        peer.stale.then_some(SUCCESS)
    }

    /// Ends every connection.
    pub(crate) fn hang_up(&self) {
        for peer in self.peers.values() {
            // Fails only when it has ended already.
            let _ = peer.stream.shutdown(Shutdown::Both);
        }
    }

    /// From now on changes are noted for it.
    pub(crate) fn ask(&mut self, client: Client) {
        if let Some(peer) = self.peers.get_mut(&client) {
            peer.waiting = Waiting::Asking(None);
        }
    }

    /// Notes that its request has been answered. Returns the code of a message that is due at once.
    pub(crate) fn asked(&mut self, client: Client) -> Option<Code> {
        let peer = self.peers.get_mut(&client)?;
        let noted = match peer.waiting {
            Waiting::Asking(noted) => noted,
            _ => return None,
        };
        peer.waiting = if noted.is_some() { Waiting::No } else { Waiting::Yes };
        noted
    }

    pub(crate) fn is_waiting(&self, client: Client) -> bool {
        self.peers.get(&client).is_some_and(|peer| peer.waiting == Waiting::Yes)
    }

    /// Ends its wait. Returns the code of the message that it still expects.
    pub(crate) fn stop(&mut self, client: Client) -> Option<Code> {
        let peer = self.peers.get_mut(&client)?;
        match std::mem::replace(&mut peer.waiting, Waiting::No) {
            Waiting::No => None,
            Waiting::Asking(noted) => Some(noted.unwrap_or(SUCCESS)),
            Waiting::Yes => Some(SUCCESS),
        }
    }

    /// Wakes all waiting clients because something has changed.
    pub(crate) fn wake_all(&mut self) {
        for peer in self.peers.values_mut() {
            peer.stale = true;
            peer.wake(SUCCESS, self.events);
        }
    }

    /// SCardCancel: ends the wait of the client with this context, if it waits. Returns whether the context exists.
    ///
    /// A wait that has just ended is no error. pcscd answers so from 2.0.1 on; older ones refuse, so a client could not
    /// cancel a wait that may time out at the same moment.
    pub(crate) fn cancel(&mut self, context: u32) -> bool {
        let peer = self.peers.values_mut().find(|peer| peer.context == Some(context));
        peer.map(|peer| peer.wake(CANCELLED, self.events)).is_some()
    }
}

impl Peer {
    fn wake(&mut self, code: Code, events: u32) {
        match self.waiting {
            Waiting::No => {}
            Waiting::Asking(_) => self.waiting = Waiting::Asking(Some(code)),
            Waiting::Yes => {
                self.waiting = Waiting::No;
                let mut message = Vec::with_capacity(WOKEN);
                let events = if self.counts_events { events } else { 0 };
                Reply::Woken(events, code).encode(&mut message);
                let sent = SockRef::from(&*self.stream).send_with_flags(&message, DONT_WAIT);
                if sent.ok() != Some(message.len()) {
                    // The client does not read what it has asked for.
                    let _ = self.stream.shutdown(Shutdown::Both);
                }
            }
        }
    }
}
