//! A card in a terminal: the few commands that kiosk and phone send to its JPKI application.

use vmyna_apdu::{Aid, FileId, Icc, IccError};
use vmyna_applets::pins::CardPin;
use zeroize::Zeroizing;

/// Why a card did not do what a command asked for.
#[derive(Debug)]
pub(crate) enum TerminalError {
    /// The PIN is wrong: the tries left.
    WrongPin(u8),
    /// The PIN is blocked or not set.
    Blocked,
    /// The card answered with this status word.
    Refused(u16),
    /// The card did not answer.
    Card(IccError),
}

impl From<IccError> for TerminalError {
    fn from(error: IccError) -> Self {
        Self::Card(error)
    }
}

/// A card with power.
pub(crate) struct Terminal<'c>(&'c mut dyn Icc);

impl<'c> Terminal<'c> {
    pub(crate) fn power_on(card: &'c mut dyn Icc) -> Result<Self, IccError> {
        card.power_on(&mut Vec::new())?;
        Ok(Self(card))
    }

    pub(crate) fn power_off(self) -> Result<(), IccError> {
        self.0.power_off()
    }

    /// SELECT of an application.
    pub(crate) fn select(&mut self, aid: Aid) -> Result<(), TerminalError> {
        let aid = aid.as_bytes();
        let length = u8::try_from(aid.len()).unwrap_or(u8::MAX);
        self.data(&[&[0x00, 0xA4, 0x04, 0x0C, length], aid].concat()).map(drop)
    }

    /// VERIFY with the short identifier of the PIN's file.
    pub(crate) fn verify(&mut self, pin: CardPin, value: &[u8]) -> Result<(), TerminalError> {
        let length = u8::try_from(value.len()).unwrap_or(u8::MAX);
        let mut verify = Zeroizing::new(vec![0x00, 0x20, 0x00, current(pin.file), length]);
        verify.extend(value);
        match self.data(&verify) {
            Err(TerminalError::Refused(word @ 0x63C0..=0x63CF)) => Err(TerminalError::WrongPin((word & 0xF) as u8)),
            Err(TerminalError::Refused(0x6984)) => Err(TerminalError::Blocked),
            other => other.map(drop),
        }
    }

    /// The DER object at the beginning of a file, read in pieces that every card answers.
    pub(crate) fn read(&mut self, file: FileId) -> Result<Vec<u8>, TerminalError> {
        let [high, low] = file.value().to_be_bytes();
        self.data(&[0x00, 0xA4, 0x02, 0x0C, 0x02, high, low])?;
        let mut object = Vec::new();
        // Tag, length of two bytes.
        const HEAD: usize = 4;
        // READ BINARY has 15 bits for an offset.
        const LONGEST: usize = 0x8000;
        let mut wanted = HEAD;
        while object.len() < wanted {
            let [high, low] = u16::try_from(object.len()).unwrap_or(u16::MAX).to_be_bytes();
            // 00 stands for 256.
            let length = u8::try_from(wanted - object.len()).unwrap_or_default();
            let part = self.data(&[0x00, 0xB0, high, low, length])?;
            if part.is_empty() {
                return Err(IccError::Mute.into());
            }
            object.extend(part);
            if let [0x30, 0x82, high, low, ..] = object[..] {
                wanted = LONGEST.min(HEAD + usize::from(u16::from_be_bytes([high, low])));
            }
        }
        object.truncate(wanted);
        Ok(object)
    }

    /// COMPUTE DIGITAL SIGNATURE over a `DigestInfo` with the key of this file.
    pub(crate) fn sign(&mut self, key: FileId, digest_info: &[u8]) -> Result<Vec<u8>, TerminalError> {
        let length = u8::try_from(digest_info.len()).unwrap_or(u8::MAX);
        let head = [0x80, 0x2A, 0x00, current(key), length];
        self.data(&[&head, digest_info, &[0x00]].concat())
    }

    /// Sends a command; the data of its answer.
    fn data(&mut self, command: &[u8]) -> Result<Vec<u8>, TerminalError> {
        let mut response = Vec::new();
        self.0.transmit(command, &mut response)?;
        let Some((data, word)) = response.split_last_chunk() else {
            return Err(IccError::Mute.into());
        };
        match u16::from_be_bytes(*word) {
            0x9000 => Ok(data.to_vec()),
            word => Err(TerminalError::Refused(word)),
        }
    }
}

/// P2 for a file by its short identifier in the selected application.
const fn current(file: FileId) -> u8 {
    0x80 | (file.value() & 0x1F) as u8
}
