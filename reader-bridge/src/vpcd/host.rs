//! vpcd's own side of the conversation: a reader that listens, so that any card that speaks vpcd's protocol can be used
//! without pcscd and its driver.
//!
//! Listens on the loopback only. Must never send a command twice, nor half a frame.

use super::address::VpcdAddress;
use super::codec::{self, Message};
use socket2::SockRef;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};
use vmyna_apdu::{MovedBy, Movement, Reader, ReaderError};

/// How long a card may take for an answer; clients of real cards allow up to 20 s for a signature.
const ANSWER: Duration = Duration::from_secs(30);

/// The interval of the checks whether a card has connected.
const POLL: Duration = Duration::from_millis(20);

/// A slot that waits for its card.
pub struct VpcdHost {
    listener: TcpListener,
    port: u16,
}

impl VpcdHost {
    /// Listens on this TCP port of the loopback; 0 is any free one.
    ///
    /// # Errors
    /// When the port is not free, for instance because pcscd's vpcd uses it.
    pub fn listen(port: u16) -> io::Result<VpcdHost> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        Ok(VpcdHost { listener, port })
    }

    /// The address to which a card connects.
    pub fn address(&self) -> VpcdAddress {
        VpcdAddress::local(self.port)
    }

    /// Waits until a card connects, and gives it power.
    ///
    /// # Errors
    /// [`ReaderError::NoCard`] when none has come after `patience`; [`ReaderError`] when it gives no ATR.
    pub fn wait(self, patience: Duration) -> Result<VpcdReader, ReaderError> {
        let name = format!("vpcd at {}", self.address());
        let end = Instant::now() + patience;
        let stream = loop {
            match self.listener.accept() {
                Ok((stream, _)) => break stream,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                    if Instant::now() >= end {
                        return Err(ReaderError::NoCard { reader: name });
                    }
                    std::thread::sleep(POLL);
                }
                Err(error) => {
                    let kind = error.kind();
                    return Err(ReaderError::Connection { reader: name, kind });
                }
            }
        };
        let prepare = || -> io::Result<()> {
            stream.set_nonblocking(false)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(ANSWER))?;
            stream.set_write_timeout(Some(ANSWER))
        };
        prepare().map_err(|error| ReaderError::Connection {
            reader: name.clone(),
            kind: error.kind(),
        })?;
        let mut reader = VpcdReader {
            name,
            stream: Some(stream),
            atr: Vec::new(),
            frame: Vec::new(),
        };
        reader.power_cycle()?;
        Ok(reader)
    }
}

/// A slot with the card that has connected to it. The card is gone when it closes the connection.
pub struct VpcdReader {
    name: String,
    /// `None` once the card is gone.
    stream: Option<TcpStream>,
    atr: Vec<u8>,
    frame: Vec<u8>,
}

impl VpcdReader {
    fn send(&mut self, message: &Message<'_>) -> Result<(), ReaderError> {
        let body = message.body();
        codec::encode(body, &mut self.frame).map_err(|_| ReaderError::CommandTooLong {
            length: body.len(),
            limit: codec::LONGEST_BODY,
        })?;
        let Some(stream) = &mut self.stream else {
            return Err(ReaderError::NoCard {
                reader: self.name.clone(),
            });
        };
        stream.write_all(&self.frame).map_err(|_| self.gone())
    }

    /// The body of the next frame.
    fn receive(&mut self, body: &mut Vec<u8>) -> Result<(), ReaderError> {
        let Some(stream) = &mut self.stream else {
            return Err(ReaderError::NoCard {
                reader: self.name.clone(),
            });
        };
        match read_frame(stream, body) {
            Ok(()) => Ok(()),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                // A late answer would be mistaken for the answer to another command.
                self.stream = None;
                Err(ReaderError::Mute {
                    reader: self.name.clone(),
                })
            }
            Err(_) => Err(self.gone()),
        }
    }

    fn gone(&mut self) -> ReaderError {
        self.stream = None;
        self.atr.clear();
        ReaderError::Gone {
            reader: self.name.clone(),
        }
    }

    fn only_by_the_card(&self, movement: Movement) -> ReaderError {
        ReaderError::NotPossible {
            reader: self.name.clone(),
            movement,
            only: MovedBy::Card,
        }
    }

    fn renew_atr(&mut self) -> Result<(), ReaderError> {
        self.send(&Message::GetAtr)?;
        let mut atr = Vec::new();
        self.receive(&mut atr)?;
        self.atr = atr;
        Ok(())
    }
}

fn read_frame(stream: &mut TcpStream, body: &mut Vec<u8>) -> io::Result<()> {
    // A card that sends length and body apart would wait for the delayed acknowledgement of the first.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    SockRef::from(&*stream).set_tcp_quickack(true)?;
    let mut header = [0; codec::HEADER];
    stream.read_exact(&mut header)?;
    body.clear();
    body.resize(u16::from_be_bytes(header).into(), 0);
    stream.read_exact(body)
}

impl Reader for VpcdReader {
    fn name(&self) -> &str {
        &self.name
    }

    fn atr(&self) -> Option<&[u8]> {
        (!self.atr.is_empty()).then_some(self.atr.as_slice())
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), ReaderError> {
        // One byte could be a control message.
        if command.len() < 2 {
            return Err(ReaderError::CommandTooShort {
                length: command.len(),
                limit: 2,
            });
        }
        self.send(&Message::Apdu(command))?;
        self.receive(response)
    }

    fn reset(&mut self) -> Result<(), ReaderError> {
        self.send(&Message::Reset)?;
        self.renew_atr()
    }

    fn power_cycle(&mut self) -> Result<(), ReaderError> {
        self.send(&Message::PowerOff)?;
        self.send(&Message::PowerOn)?;
        self.renew_atr()
    }

    fn remove(&mut self) -> Result<(), ReaderError> {
        Err(self.only_by_the_card(Movement::Remove))
    }

    fn insert(&mut self) -> Result<(), ReaderError> {
        match self.stream {
            Some(_) => Ok(()),
            None => Err(self.only_by_the_card(Movement::Insert)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vpcd::VpcdServer;
    use std::thread;
    use vmyna_apdu::{Icc, IccError};

    /// Answers every command with the command and 9000, and counts its resets in the ATR.
    struct Echo(u8);

    impl Icc for Echo {
        fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
            self.reset(atr)
        }
        fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
            self.0 += 1;
            *atr = vec![0x3B, self.0];
            Ok(())
        }
        fn power_off(&mut self) -> Result<(), IccError> {
            Ok(())
        }
        fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError> {
            *response = [command, &[0x90, 0x00]].concat();
            Ok(())
        }
    }

    #[test]
    fn a_card_connects_answers_is_reset_and_leaves() {
        let host = VpcdHost::listen(0).unwrap();
        let mut server = VpcdServer::new(host.address());
        let stop = server.stop_handle();
        let card = thread::spawn(move || server.run(&mut Echo(0), &mut |_| {}));
        let mut reader = host.wait(Duration::from_secs(20)).unwrap();
        let first = reader.atr().unwrap().to_vec();
        let mut response = Vec::new();
        for length in [2, 260, 60_000] {
            let command = vec![7; length];
            reader.transmit(&command, &mut response).unwrap();
            assert_eq!(response, [&command[..], &[0x90, 0]].concat());
        }
        reader.reset().unwrap();
        assert_ne!(reader.atr().unwrap(), first);
        reader.power_cycle().unwrap();
        assert!(matches!(
            reader.transmit(&[4], &mut response),
            Err(ReaderError::CommandTooShort { .. })
        ));
        stop.stop();
        card.join().unwrap().unwrap();
        assert!(matches!(
            reader.transmit(&[0, 0], &mut response),
            Err(ReaderError::Gone { .. })
        ));
        assert!(matches!(
            reader.transmit(&[0, 0], &mut response),
            Err(ReaderError::NoCard { .. })
        ));
    }

    #[test]
    fn without_a_card_the_wait_ends_with_an_error() {
        let host = VpcdHost::listen(0).unwrap();
        assert!(matches!(
            host.wait(Duration::from_millis(30)),
            Err(ReaderError::NoCard { .. })
        ));
    }
}
