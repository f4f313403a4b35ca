//! The TCP socket to vpcd, with the options that the kernel needs so that an APDU costs microseconds.
//!
//! Must never send half a frame (one write an answer), nor block for ever, except on a quiet vpcd.

use super::address::{VpcdAddress, all_loopback};
use super::event::VpcdError;
use socket2::SockRef;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a connection attempt may take; on the loopback it takes microseconds.
const CONNECT: Duration = Duration::from_secs(2);

/// How long vpcd may leave an answer unread.
const SEND: Duration = Duration::from_secs(10);

/// A receive times out after this time, so that a peer which sends nothing or half a message is noticed.
pub(super) const QUIET: Duration = Duration::from_secs(2);

/// A header without the body that it announces, see [`Socket::refuse`].
const HEADER_OF_NO_ANSWER: [u8; 2] = [0, 2];

pub(super) struct Socket(TcpStream);

pub(super) enum Received {
    Bytes(usize),
    /// Nothing for [`QUIET`].
    Nothing,
    /// The peer has closed, or the receiving half has been shut down.
    End,
}

impl Socket {
    /// Connects to the first of the host's addresses that takes the connection.
    pub(super) fn connect(address: &VpcdAddress, allow_remote: bool) -> Result<io::Result<Socket>, VpcdError> {
        let addresses = match address.resolve() {
            Ok(addresses) => addresses,
            Err(error) => return Ok(Err(error)),
        };
        // Checked on the very addresses that are connected to: a second resolution could give others.
        if !allow_remote && !all_loopback(&addresses) {
            return Err(VpcdError::NotLoopback {
                address: address.clone(),
                addresses,
            });
        }
        let mut result = Err(io::Error::from(ErrorKind::AddrNotAvailable));
        for candidate in &addresses {
            result = Self::connect_to(candidate);
            if result.is_ok() {
                break;
            }
        }
        Ok(result)
    }

    fn connect_to(address: &SocketAddr) -> io::Result<Socket> {
        let stream = TcpStream::connect_timeout(address, CONNECT)?;
        if is_connected_to_itself(&stream)? {
            // Closed without TIME_WAIT, or the port would stay blocked for vpcd.
            SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
            return Err(io::Error::new(ErrorKind::ConnectionRefused, "no program listens there"));
        }
        Self::accepted(stream)
    }

    /// A connection that has been made.
    pub(super) fn accepted(stream: TcpStream) -> io::Result<Socket> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(QUIET))?;
        stream.set_write_timeout(Some(SEND))?;
        Ok(Socket(stream))
    }

    /// Another handle of the same socket, for stopping the conversation.
    pub(super) fn try_clone(&self) -> io::Result<TcpStream> {
        self.0.try_clone()
    }

    pub(super) fn peer(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }

    pub(super) fn receive(&mut self, space: &mut [u8]) -> io::Result<Received> {
        loop {
            // vpcd 3.3 sends length and body in two sends. With Nagle's algorithm on its side the second waits for the
            // acknowledgement of the first, which Linux delays by 40 ms by default. The option does not last,
            // so it is set each time.
            #[cfg(any(target_os = "linux", target_os = "android"))]
            SockRef::from(&self.0).set_tcp_quickack(true)?;
            return match self.0.read(space) {
                Ok(0) => Ok(Received::End),
                Ok(count) => Ok(Received::Bytes(count)),
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => continue,
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => Ok(Received::Nothing),
                    _ => Err(error),
                },
            };
        }
    }

    /// Sends a whole frame; one write, unless the kernel's buffer is full.
    pub(super) fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        self.0.write_all(frame)
    }

    /// Ends the connection so that the question vpcd waits on *fails*, as with a card that does not answer.
    ///
    /// The outcome of SCardTransmit, found by experiment with vpcd 3.3 in pcscd 1.9.9: closing → success with 0 bytes; an
    /// empty frame → waits for ever; a reset of the connection → vpcd overlooks the error when it reads a length; a
    /// length, then a reset instead of the body → SCARD_E_NOT_TRANSACTED, as from a mute card in a real reader.
    pub(super) fn refuse(mut self) {
        if self.0.write_all(&HEADER_OF_NO_ANSWER).is_ok() {
            // A linger time of zero makes the close a reset. Should it fail, the close is an ordinary one.
            let _ = SockRef::from(&self.0).set_linger(Some(Duration::ZERO));
        }
    }
}

/// On the loopback, a connection to a port without a listener can meet itself (simultaneous open) if the kernel chooses
/// that port as the source. It can choose vpcd's default port.
fn is_connected_to_itself(stream: &TcpStream) -> io::Result<bool> {
    Ok(stream.local_addr()? == stream.peer_addr()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use socket2::{Domain, Socket as RawSocket, Type};
    use std::net::TcpListener;

    #[test]
    fn a_connection_that_met_itself_is_told_from_one_to_a_listener() {
        let raw = RawSocket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        raw.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        raw.connect(&raw.local_addr().unwrap()).unwrap();
        assert!(is_connected_to_itself(&raw.into()).unwrap());

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(!is_connected_to_itself(&stream).unwrap());
    }

    #[test]
    fn a_refusal_is_a_length_followed_by_a_reset() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = Socket::connect_to(&listener.local_addr().unwrap()).unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        socket.refuse();
        let mut header = [0; 2];
        peer.read_exact(&mut header).unwrap();
        assert_eq!(header, [0, 2]);
        assert_eq!(peer.read(&mut header).unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
}
