//! The card in a PC/SC reader.

use std::ffi::{CStr, CString};

use pcsc::{Context, Disposition, Error, Protocols, Scope, ShareMode};
use vmyna_apdu::StatusWord;
use zeroize::Zeroizing;

use crate::{HostError, Pin, tlv};

/// The longest answer: 65,536 bytes and the status word.
const LONGEST_ANSWER: usize = 65_538;

/// The longest file that is read.
const LONGEST_FILE: usize = 32 * 1024;

/// The most bytes that one READ BINARY asks for: short Le, which every reader takes.
const AT_ONCE: usize = 256;

/// The card, for this program alone until it is dropped.
///
/// Between a VERIFY and the use of a key no other program may send a command. So the connection is exclusive. In the end the
/// card loses its power, because a My Number Card keeps a verified PIN over a warm reset.
pub struct Card {
    /// `None` only while it is dropped.
    card: Option<pcsc::Card>,
    reader: String,
    buffer: Zeroizing<Vec<u8>>,
}

/// An answer of the card.
pub struct Answer {
    /// The data; it may be personal.
    pub data: Vec<u8>,
    /// The status word.
    pub status: StatusWord,
}

/// P2 of a command that means the key or PIN in this elementary file of the selected application, by its short identifier.
#[must_use]
pub const fn key_reference(ef: u8) -> u8 {
    0x80 | ef
}

impl Card {
    /// Connects to the card in the reader of this name, or in the first reader.
    ///
    /// # Errors
    /// [`HostError::Service`], [`HostError::NoReader`], [`HostError::Card`]
    pub fn connect(wanted: Option<&str>) -> Result<Self, HostError> {
        let context = Context::establish(Scope::User).map_err(HostError::Service)?;
        let names = match context.list_readers_owned() {
            Ok(names) => names,
            Err(Error::NoReadersAvailable) => Vec::new(),
            Err(error) => return Err(HostError::Service(error)),
        };
        let shown = |name: &CString| name.to_string_lossy().into_owned();
        let is_wanted = |name: &&CString| wanted.is_none_or(|wanted| shown(name) == wanted);
        let name: &CStr = names.iter().find(is_wanted).ok_or_else(|| HostError::NoReader {
            wanted: wanted.map(str::to_owned),
            readers: names.iter().map(shown).collect(),
        })?;
        let reader = name.to_string_lossy().into_owned();
        match context.connect(name, ShareMode::Exclusive, Protocols::ANY) {
            Ok(card) => Ok(Self {
                card: Some(card),
                reader,
                buffer: vec![0; LONGEST_ANSWER].into(),
            }),
            Err(error) => Err(HostError::Card { reader, error }),
        }
    }

    /// Sends a command once; returns the answer, whatever it is.
    ///
    /// # Errors
    /// [`HostError::Card`]
    pub fn transmit(&mut self, command: &[u8]) -> Result<Answer, HostError> {
        let fault = |error| HostError::Card {
            reader: self.reader.clone(),
            error,
        };
        let card = self.card.as_ref().ok_or(Error::RemovedCard).map_err(fault)?;
        let answer = card.transmit(command, &mut self.buffer).map_err(fault)?;
        match answer.split_last_chunk::<2>() {
            Some((data, status)) => Ok(Answer {
                data: data.to_vec(),
                status: StatusWord::new(u16::from_be_bytes(*status)),
            }),
            None => Err(fault(Error::UnresponsiveCard)),
        }
    }

    /// Sends a command that must succeed; returns its data.
    ///
    /// # Errors
    /// [`HostError::Refused`] with `what`; otherwise as [`Self::transmit`].
    pub fn command(&mut self, what: &'static str, command: &[u8]) -> Result<Vec<u8>, HostError> {
        let answer = self.transmit(command)?;
        match answer.status.is_success() {
            true => Ok(answer.data),
            false => Err(HostError::Refused {
                what,
                status: answer.status,
            }),
        }
    }

    /// SELECT: the application with this AID.
    ///
    /// # Errors
    /// [`HostError::NoApplication`], [`HostError::Locked`]; otherwise as [`Self::command`].
    pub fn select(&mut self, name: &'static str, aid: &[u8]) -> Result<(), HostError> {
        let answer = self.transmit(&with_data([0x00, 0xA4, 0x04, 0x0C], aid))?;
        match answer.status {
            StatusWord::SUCCESS => Ok(()),
            StatusWord::NOT_FOUND => Err(HostError::NoApplication { name }),
            StatusWord::DF_LOCKED => Err(HostError::Locked { name }),
            status => Err(HostError::Refused {
                what: "SELECT the application",
                status,
            }),
        }
    }

    /// SELECT: the elementary file with this identifier.
    ///
    /// # Errors
    /// As [`Self::command`].
    pub fn select_file(&mut self, what: &'static str, ef: u16) -> Result<(), HostError> {
        let command = with_data([0x00, 0xA4, 0x02, 0x0C], &ef.to_be_bytes());
        self.command(what, &command).map(drop)
    }

    /// Reads a file of the selected application from its beginning to its end: SELECT it, then READ BINARY.
    ///
    /// # Errors
    /// As [`Self::command`].
    pub fn read_file(&mut self, what: &'static str, ef: u16) -> Result<Vec<u8>, HostError> {
        self.select_file(what, ef)?;
        self.read_from(what, [0x00, 0x00])
    }

    /// Reads a file by its short identifier: the first READ BINARY also makes it the current one.
    ///
    /// # Errors
    /// As [`Self::command`].
    pub fn read_short(&mut self, what: &'static str, ef: u8) -> Result<Vec<u8>, HostError> {
        self.read_from(what, [0x80 | ef, 0x00])
    }

    fn read_from(&mut self, what: &'static str, mut place: [u8; 2]) -> Result<Vec<u8>, HostError> {
        let mut content = Vec::new();
        while content.len() < LONGEST_FILE {
            let answer = self.transmit(&[0x00, 0xB0, place[0], place[1], 0x00])?;
            let ended = answer.data.len() < AT_ONCE;
            match answer.status {
                StatusWord::SUCCESS | StatusWord::END_OF_DATA => content.extend(answer.data),
                // The file ends where the last answer ended.
                StatusWord::OFFSET_OUTSIDE_EF if !content.is_empty() => break,
                status => return Err(HostError::Refused { what, status }),
            }
            if ended {
                break;
            }
            // The offset has 15 bits, as the limit has.
            place = u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes();
        }
        Ok(content)
    }

    /// Reads a file, and returns the data objects in it without the filler behind them.
    ///
    /// # Errors
    /// As [`Self::command`]; and [`HostError::Malformed`].
    pub fn read_objects(&mut self, what: &'static str, ef: u16) -> Result<Vec<tlv::Object>, HostError> {
        tlv::read(what, &self.read_file(what, ef)?)
    }

    /// Reads a certificate in DER, without the filler behind it.
    ///
    /// # Errors
    /// As [`Self::command`]; and [`HostError::Malformed`].
    pub fn read_certificate(&mut self, what: &'static str, ef: u16) -> Result<Vec<u8>, HostError> {
        let mut content = self.read_file(what, ef)?;
        let length = match *content {
            [0x30, 0x82, high, low, ..] => 4 + usize::from(u16::from_be_bytes([high, low])),
            _ => usize::MAX,
        };
        if length > content.len() {
            return Err(HostError::Malformed {
                what,
                fault: "not a certificate",
            });
        }
        content.truncate(length);
        Ok(content)
    }

    /// READ RECORD: the record of this number, from 1 on; `None` if there is none.
    ///
    /// # Errors
    /// As [`Self::command`].
    pub fn read_record(&mut self, what: &'static str, ef: u8, number: u8) -> Result<Option<Vec<u8>>, HostError> {
        let answer = self.transmit(&[0x00, 0xB2, number, ef << 3 | 4, 0x00])?;
        match answer.status {
            StatusWord::SUCCESS => Ok(Some(answer.data)),
            StatusWord::RECORD_NOT_FOUND => Ok(None),
            status => Err(HostError::Refused { what, status }),
        }
    }

    /// VERIFY: a PIN in the file of this short identifier. A wrong one costs a try; it is never sent twice.
    ///
    /// # Errors
    /// [`HostError::WrongPin`], [`HostError::Blocked`]; otherwise as [`Self::command`].
    pub fn verify(&mut self, name: &'static str, ef: u8, pin: &Pin) -> Result<(), HostError> {
        let command = Zeroizing::new(with_data([0x00, 0x20, 0x00, key_reference(ef)], pin.as_bytes()));
        let status = self.transmit(&command)?.status;
        match (status, status.tries()) {
            (StatusWord::SUCCESS, _) => Ok(()),
            (StatusWord::REFERENCE_DATA_BLOCKED, _) | (_, Some(0)) => Err(HostError::Blocked { name }),
            (_, Some(tries)) => Err(HostError::WrongPin { name, tries }),
            _ => Err(HostError::Refused { what: name, status }),
        }
    }

    /// INTERNAL AUTHENTICATE: the key in the file of this short identifier signs a challenge of the host.
    ///
    /// # Errors
    /// As [`Self::command`].
    pub fn internal_authenticate(&mut self, ef: u8, challenge: &[u8]) -> Result<Vec<u8>, HostError> {
        let mut command = with_data([0x00, 0x88, 0x00, key_reference(ef)], challenge);
        command.push(0x00);
        self.command("INTERNAL AUTHENTICATE with the card's key", &command)
    }

    /// GET CHALLENGE: random bytes of the card. They serve one EXTERNAL AUTHENTICATE.
    ///
    /// # Errors
    /// As [`Self::command`].
    pub fn challenge(&mut self, length: u8) -> Result<Vec<u8>, HostError> {
        self.command("GET CHALLENGE", &[0x00, 0x84, 0x00, 0x00, length])
    }

    /// EXTERNAL AUTHENTICATE: the host's signature of the last challenge, for the key in the file of this short identifier.
    ///
    /// # Errors
    /// As [`Self::command`].
    pub fn external_authenticate(&mut self, ef: u8, signature: &[u8]) -> Result<(), HostError> {
        let command = with_data([0x00, 0x82, 0x00, key_reference(ef)], signature);
        self.command("EXTERNAL AUTHENTICATE with the terminal's key", &command)
            .map(drop)
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        // There is no caller left for an error. A card that is gone has lost its power.
        let _ = self.card.take().map(|card| card.disconnect(Disposition::UnpowerCard));
    }
}

/// A command with data and no Le; Lc takes three bytes from 256 bytes of data on.
fn with_data(head: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut command = head.to_vec();
    match u8::try_from(data.len()) {
        Ok(length) => command.push(length),
        // No data here is longer than a signature.
        Err(_) => {
            command.push(0x00);
            command.extend((data.len() as u16).to_be_bytes());
        }
    }
    command.extend(data);
    command
}
