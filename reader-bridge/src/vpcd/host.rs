//! vpcd's own side of the conversation: a reader that listens, so that any card that speaks vpcd's protocol can be used
//! without pcscd and its driver.
//!
//! Must never send a command twice, nor half a frame.

use super::address::VpcdAddress;
use super::codec::{self, Message};
use super::event::VpcdError;
use super::link::{Link, LinkError, SHORTEST_COMMAND};
use super::listener::{Refused, VpcdListener};
use super::remote_card::VpcdCard;
use super::stop::StopHandle;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use vmyna_apdu::{MovedBy, Movement, Reader, ReaderError};

/// A slot that waits for its card.
pub struct VpcdHost(VpcdListener);

impl VpcdHost {
    /// Listens on this TCP port of the loopback; 0 is any free one.
    ///
    /// # Errors
    /// When the port is not free, for instance because pcscd's vpcd uses it.
    pub fn listen(port: u16) -> io::Result<VpcdHost> {
        let listener = VpcdListener::listen(VpcdAddress::local(port), false, Box::new(|_| {}));
        listener.map(VpcdHost).map_err(|error| match error {
            VpcdError::Listen { error, .. } => error,
            other => io::Error::other(other),
        })
    }

    /// Listens on an address, which must be on this machine unless `allow_remote`. `refused` is called with a card that
    /// connects while another one is there.
    ///
    /// # Errors
    /// As [`VpcdListener::listen`].
    pub fn listen_at(address: VpcdAddress, allow_remote: bool, refused: Refused) -> Result<VpcdHost, VpcdError> {
        VpcdListener::listen(address, allow_remote, refused).map(VpcdHost)
    }

    /// The address to which a card connects.
    pub fn address(&self) -> VpcdAddress {
        self.0.address().clone()
    }

    /// Ends [`VpcdHost::next_card`] from another thread, and the connection to the card that is there.
    pub fn stop_handle(&self) -> StopHandle {
        self.0.stop_handle()
    }

    /// Waits until a card connects, and gives it power.
    ///
    /// # Errors
    /// [`ReaderError::NoCard`] when none has come after `patience`; [`ReaderError`] when it gives no ATR.
    pub fn wait(self, patience: Duration) -> Result<VpcdReader, ReaderError> {
        let name = format!("vpcd at {}", self.address());
        let Some(stream) = self.0.wait(Some(patience)) else {
            return Err(ReaderError::NoCard { reader: name });
        };
        match Link::new(stream) {
            Ok(link) => {
                let mut reader = VpcdReader {
                    name,
                    link,
                    atr: Vec::new(),
                };
                reader.power_cycle()?;
                Ok(reader)
            }
            Err(error) => Err(ReaderError::Connection {
                reader: name,
                kind: error.kind(),
            }),
        }
    }

    /// Waits for a card and asks for its ATR. A peer that gives none within 5 seconds is disconnected and reported to
    /// `no_card`. The card that was there before must have been dropped. `None` once the host is stopped.
    pub fn next_card(&self, mut no_card: impl FnMut(SocketAddr)) -> Option<(VpcdCard, SocketAddr)> {
        self.0.release();
        loop {
            let stream = self.0.wait(None)?;
            let peer = stream.peer_addr();
            if let (Ok(peer), Some(card)) = (&peer, self.card(stream)) {
                return Some((card, *peer));
            }
            self.0.release();
            if let Ok(peer) = peer {
                no_card(peer);
            }
        }
    }

    fn card(&self, stream: TcpStream) -> Option<VpcdCard> {
        let stop = self.0.stop_handle();
        stop.watch(stream.try_clone().ok()?);
        VpcdCard::new(Link::new(stream).ok()?)
    }
}

/// A slot with the card that has connected to it. The card is gone when it closes the connection.
pub struct VpcdReader {
    name: String,
    link: Link,
    atr: Vec<u8>,
}

impl VpcdReader {
    fn error(&mut self, error: LinkError) -> ReaderError {
        let reader = self.name.clone();
        match error {
            LinkError::NoCard => ReaderError::NoCard { reader },
            LinkError::Gone => {
                self.atr.clear();
                ReaderError::Gone { reader }
            }
            LinkError::Mute => ReaderError::Mute { reader },
            LinkError::TooLong(length) => ReaderError::CommandTooLong {
                length,
                limit: codec::LONGEST_BODY,
            },
            LinkError::TooShort(length) => ReaderError::CommandTooShort {
                length,
                limit: SHORTEST_COMMAND,
            },
        }
    }

    fn only_by_the_card(&self, movement: Movement) -> ReaderError {
        ReaderError::NotPossible {
            reader: self.name.clone(),
            movement,
            only: MovedBy::Card,
        }
    }

    /// Sends messages, the last of which is followed by an ATR.
    fn restart(&mut self, messages: &[Message<'_>]) -> Result<(), ReaderError> {
        let sent = messages.iter().try_for_each(|message| self.link.send(message));
        match sent.and_then(|()| self.link.atr()) {
            Ok(atr) => self.atr = atr,
            Err(error) => return Err(self.error(error)),
        }
        Ok(())
    }
}

impl Reader for VpcdReader {
    fn name(&self) -> &str {
        &self.name
    }

    fn atr(&self) -> Option<&[u8]> {
        (!self.atr.is_empty()).then_some(self.atr.as_slice())
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), ReaderError> {
        let outcome = self.link.transmit(command, response);
        outcome.map_err(|error| self.error(error))
    }

    fn reset(&mut self) -> Result<(), ReaderError> {
        self.restart(&[Message::Reset])
    }

    fn power_cycle(&mut self) -> Result<(), ReaderError> {
        self.restart(&[Message::PowerOff, Message::PowerOn])
    }

    fn remove(&mut self) -> Result<(), ReaderError> {
        Err(self.only_by_the_card(Movement::Remove))
    }

    fn insert(&mut self) -> Result<(), ReaderError> {
        match self.link.is_open() {
            true => Ok(()),
            false => Err(self.only_by_the_card(Movement::Insert)),
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
