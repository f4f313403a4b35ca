//! The listening end of a vpcd connection: the driver in reversed mode connects to it, or a card where this process is vpcd.
//!
//! One peer at a time: a connection that comes while another one is in use is reset and reported. Must never listen on an
//! address of another machine's reach unless the caller allows it, nor let a peer that says nothing keep the place for ever.

use super::address::{VpcdAddress, all_loopback};
use super::event::VpcdError;
use super::stop::StopHandle;
use socket2::{SockRef, TcpKeepalive};
use std::io::{self, ErrorKind};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

/// The pause after a connection that could not be accepted: no file descriptor is free at the moment.
const PAUSE: Duration = Duration::from_millis(10);

/// The limit for waking a thread by a connection to it.
const WAKING: Duration = Duration::from_secs(1);

/// Refusals are reported at most once in this time, so that a program that connects over and over fills no log.
const BETWEEN_REPORTS: Duration = Duration::from_secs(1);

/// A peer whose machine is gone is noticed after about a minute: silence of this time, then 3 unanswered probes.
const ALIVE: Duration = Duration::from_secs(30);
const PROBES: Duration = Duration::from_secs(10);

/// Called with the address of a peer that was refused because another one has the place.
pub type Refused = Box<dyn Fn(SocketAddr) + Send + Sync>;

/// Listens for peers until it is dropped.
pub struct VpcdListener {
    address: VpcdAddress,
    stop: StopHandle,
    ends: Vec<End>,
}

/// A socket that listens, and the thread that accepts its connections.
struct End {
    listener: Arc<TcpListener>,
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

impl VpcdListener {
    /// Listens on all addresses that the host has now, which must be loopback unless `allow_remote`. The protocol has neither
    /// encryption nor authentication: every local user can connect. Port 0 is any free one.
    ///
    /// # Errors
    /// [`VpcdError::NotLoopback`]; [`VpcdError::Listen`] when an address can't be listened on.
    pub fn listen(address: VpcdAddress, allow_remote: bool, refused: Refused) -> Result<VpcdListener, VpcdError> {
        let failed = |error| VpcdError::Listen {
            address: address.clone(),
            error,
        };
        let addresses = address.resolve().map_err(failed)?;
        if !allow_remote && !all_loopback(&addresses) {
            return Err(VpcdError::NotLoopback { address, addresses });
        }
        let mut listening = VpcdListener {
            address: address.clone(),
            stop: StopHandle::default(),
            ends: Vec::new(),
        };
        let refused = Arc::new(refused);
        for mut candidate in addresses {
            // With port 0 the others get the port of the first.
            candidate.set_port(listening.address.port);
            match TcpListener::bind(candidate) {
                Ok(listener) => listening.start(listener, &refused).map_err(failed)?,
                // A name like localhost may have an address that this machine lacks.
                Err(error) if error.kind() == ErrorKind::AddrNotAvailable && !listening.ends.is_empty() => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(listening)
    }

    fn start(&mut self, listener: TcpListener, refused: &Arc<Refused>) -> io::Result<()> {
        let address = listener.local_addr()?;
        self.address.port = address.port();
        let listener = Arc::new(listener);
        let (stop, refused, accepting) = (self.stop.clone(), Arc::clone(refused), Arc::clone(&listener));
        let thread = Builder::new()
            .name("vpcd listener".to_owned())
            .spawn(move || accept(&accepting, &stop, &refused))?;
        self.ends.push(End {
            listener,
            address,
            thread: Some(thread),
        });
        Ok(())
    }

    /// The address that it listens on, with the port in use.
    pub fn address(&self) -> &VpcdAddress {
        &self.address
    }

    /// Ends waits for a peer, and the conversation of the [`VpcdServer`](super::VpcdServer) that was made with this.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop.clone()
    }

    /// Waits for a peer, at most for `limit`. Until [`Self::release`] others are refused. `None` once it is stopped or the
    /// card is to be taken out.
    pub(super) fn wait(&self, limit: Option<Duration>) -> Option<TcpStream> {
        self.stop.wait_for_peer(limit)
    }

    /// The conversation with the peer is over, and the next one may come.
    pub(super) fn release(&self) {
        self.stop.release_peer();
    }
}

impl Drop for VpcdListener {
    fn drop(&mut self) {
        self.stop.stop();
        for end in &mut self.ends {
            // Linux wakes the thread by this. Other systems refuse it and need a connection.
            if SockRef::from(&*end.listener).shutdown(Shutdown::Both).is_err() {
                drop(TcpStream::connect_timeout(&end.address, WAKING));
            }
            if let Some(thread) = end.thread.take() {
                let _ = thread.join();
            }
        }
    }
}

fn accept(listener: &TcpListener, stop: &StopHandle, refused: &Refused) {
    let mut reported: Option<Instant> = None;
    loop {
        let accepted = listener.accept();
        if stop.is_stopped() {
            return;
        }
        match accepted {
            Ok((stream, peer)) => {
                let prepared = prepare(&stream);
                match stop.offer_peer(stream) {
                    Ok(()) => {}
                    Err(stream) => {
                        // Closed without TIME_WAIT; should it fail, the close is an ordinary one.
                        let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
                        drop(stream);
                        if reported.is_none_or(|at| at.elapsed() >= BETWEEN_REPORTS) {
                            reported = Some(Instant::now());
                            refused(peer);
                        }
                    }
                }
                // A socket without these options works all the same.
                drop(prepared);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => stop.pause(PAUSE),
        }
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    let alive = TcpKeepalive::new().with_time(ALIVE);
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "macos"))]
    let alive = alive.with_interval(PROBES).with_retries(3);
    SockRef::from(stream).set_tcp_keepalive(&alive)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::sync::mpsc::channel;

    #[test]
    fn one_peer_has_the_place_a_second_is_refused_and_the_next_gets_it() {
        let (sender, refusals) = channel();
        let listener = VpcdListener::listen(
            VpcdAddress::local(0),
            false,
            Box::new(move |peer| sender.send(peer).unwrap()),
        )
        .unwrap();
        let connect = || TcpStream::connect(("127.0.0.1", listener.address().port)).unwrap();
        let first = connect();
        let held = listener.wait(None).unwrap();
        assert_eq!(held.peer_addr().unwrap(), first.local_addr().unwrap());
        let mut second = connect();
        assert_eq!(second.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert_eq!(
            refusals.recv_timeout(Duration::from_secs(20)).unwrap(),
            second.local_addr().unwrap()
        );
        // A peer that waits for its turn has the place as well.
        listener.release();
        let third = connect();
        let held = listener.wait(None).unwrap();
        assert_eq!(held.peer_addr().unwrap(), third.local_addr().unwrap());
        listener.stop_handle().stop();
        assert!(listener.wait(None).is_none());
        let port = listener.address().port;
        drop(listener);
        assert!(TcpListener::bind(("127.0.0.1", port)).is_ok());
    }

    #[test]
    fn only_loopback_is_listened_on_unless_the_caller_allows_more() {
        let any = VpcdAddress {
            host: "0.0.0.0".to_owned(),
            port: 0,
        };
        let refused = || -> Refused { Box::new(|_| {}) };
        let error = VpcdListener::listen(any.clone(), false, refused()).err().unwrap();
        assert!(matches!(error, VpcdError::NotLoopback { .. }), "{error}");
        let listener = VpcdListener::listen(any, true, refused()).unwrap();
        assert_ne!(listener.address().port, 0);
        let taken = VpcdListener::listen(VpcdAddress::local(listener.address().port), false, refused());
        assert!(matches!(taken.err(), Some(VpcdError::Listen { .. })));
    }
}
