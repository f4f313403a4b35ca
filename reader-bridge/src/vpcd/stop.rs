//! Ends a conversation from another thread, at once but not in the middle of an answer.
//!
//! Only the receiving half of the socket is shut down, so that an answer the card is working on still gets out. Must
//! never block: it is called by the thread that handles signals.

use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A handle that stops a [`VpcdServer`](super::VpcdServer) or a [`VpcdListener`](super::VpcdListener). All clones stop the
/// same one.
#[derive(Clone, Default)]
pub struct StopHandle(Arc<Shared>);

#[derive(Default)]
struct Shared {
    stopped: AtomicBool,
    state: Mutex<State>,
    woken: Condvar,
}

#[derive(Default)]
struct State {
    /// The socket of the conversation that goes on.
    socket: Option<TcpStream>,
    /// The card is to be taken out.
    removed: bool,
    /// A peer has the place, from its connection on.
    taken: bool,
    /// That peer, until the conversation with it begins.
    offered: Option<TcpStream>,
}

impl StopHandle {
    /// Ends the conversation for good: a receive or a pause that is under way ends at once, and a command the card is
    /// working on is finished and answered first. Only an attempt to connect to another machine may take 2 seconds more.
    pub fn stop(&self) {
        let state = self.lock();
        self.0.stopped.store(true, Ordering::SeqCst);
        self.wake(&state);
    }

    /// Takes the card out of the reader: the present [`VpcdServer::run`](super::VpcdServer::run), or the next one if none
    /// goes on, returns [`End::Removed`](super::End::Removed). A command the card is working on is answered first.
    pub fn remove(&self) {
        let mut state = self.lock();
        state.removed = true;
        self.wake(&state);
    }

    fn wake(&self, state: &State) {
        if let Some(socket) = state.socket.as_ref() {
            // Fails only when the connection is over anyway.
            let _ = socket.shutdown(Shutdown::Read);
        }
        self.0.woken.notify_all();
    }

    /// Whether [`StopHandle::stop`] has been called.
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::SeqCst)
    }

    /// Whether the conversation is to end, for good or because the card is taken out.
    pub(super) fn is_ending(&self) -> bool {
        self.is_stopped() || self.lock().removed
    }

    /// Whether the card was to be taken out; it may be put in again now.
    pub(super) fn take_removed(&self) -> bool {
        std::mem::take(&mut self.lock().removed)
    }

    /// From now on `stop` shuts this socket's receiving half.
    pub(super) fn watch(&self, socket: TcpStream) {
        let mut state = self.lock();
        // `stop` may have been called a moment ago, when it knew no socket.
        if self.is_stopped() || state.removed {
            let _ = socket.shutdown(Shutdown::Read);
        }
        state.socket = Some(socket);
    }

    /// The socket is no longer in use; the copy that `stop` held is closed.
    pub(super) fn forget(&self) {
        self.lock().socket = None;
    }

    /// Pauses, at most until `stop` or `remove` is called.
    pub fn pause(&self, time: Duration) {
        let guard = self.lock();
        let goes_on = |state: &mut State| !self.is_stopped() && !state.removed;
        // The guard and the reason of waking don't matter: the caller checks `is_stopped`.
        drop(self.0.woken.wait_timeout_while(guard, time, goes_on));
    }

    /// Gives the place to a peer that has connected.
    ///
    /// # Errors
    /// The peer, when another one has it.
    pub(super) fn offer_peer(&self, peer: TcpStream) -> Result<(), TcpStream> {
        let mut state = self.lock();
        if state.taken {
            return Err(peer);
        }
        state.taken = true;
        state.offered = Some(peer);
        self.0.woken.notify_all();
        Ok(())
    }

    /// Waits for a peer, at most until `stop` or `remove` is called.
    pub(super) fn wait_for_peer(&self, limit: Option<Duration>) -> Option<TcpStream> {
        let waits = |state: &mut State| !self.is_stopped() && !state.removed && state.offered.is_none();
        let guard = self.lock();
        let mut state = match limit {
            Some(limit) => {
                let waited = self.0.woken.wait_timeout_while(guard, limit, waits);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => {
                let waited = self.0.woken.wait_while(guard, waits);
                waited.unwrap_or_else(PoisonError::into_inner)
            }
        };
        if self.is_stopped() || state.removed {
            return None;
        }
        state.offered.take()
    }

    /// The place is free for another peer, unless one that waits for its turn has it already.
    pub(super) fn release_peer(&self) {
        let mut state = self.lock();
        state.taken = state.offered.is_some();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::net::TcpListener;
    use std::time::Instant;

    #[test]
    fn a_pause_ends_when_stopped_and_not_before_its_time_otherwise() {
        let handle = StopHandle::default();
        let start = Instant::now();
        handle.pause(Duration::from_millis(30));
        assert!(start.elapsed() >= Duration::from_millis(30) && !handle.is_stopped());
        let other = handle.clone();
        let stopper = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            other.stop();
        });
        handle.pause(Duration::from_secs(60));
        assert!(handle.is_stopped());
        handle.pause(Duration::from_secs(60));
        assert!(start.elapsed() < Duration::from_secs(30));
        stopper.join().unwrap();
    }

    #[test]
    fn a_socket_that_is_watched_after_the_stop_can_no_longer_block() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let handle = StopHandle::default();
        handle.stop();
        handle.watch(socket.try_clone().unwrap());
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap(); // the test is to fail, not to hang
        assert_eq!(socket.read(&mut [0; 1]).unwrap(), 0);
    }
}
