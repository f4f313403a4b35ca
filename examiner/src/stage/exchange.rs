//! What is noted of each command of a program, and of its answer.

use std::fmt;

use vmyna_apdu::instruction::code;
use vmyna_apdu::mask::{Masked, secret_range};
use vmyna_apdu::{Aid, CommandApdu, FileId, StatusWord};
use zeroize::Zeroizing;

/// GET RESPONSE (ISO/IEC 7816-4, 11.7.1).
const GET_RESPONSE: u8 = 0xC0;

/// A command of the program and the answer that it has seen. Answers are noted by their length only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exchange {
    /// The command in hexadecimal, with `**` for each byte that may belong to a PIN.
    pub command: String,
    /// The class byte; 0 if there is none.
    pub cla: u8,
    /// The instruction byte; 0 if there is none.
    pub ins: u8,
    /// P1 and P2.
    pub p1_p2: u16,
    /// The selected application, as far as the program has selected one since the last reset.
    pub application: Option<Aid>,
    /// The EF that the command is about: the selected one, or the one that its short identifier names.
    pub file: Option<FileId>,
    /// Whether the command has a data field.
    pub has_data: bool,
    /// The status word; `None` if there was no answer, or one without a status word.
    pub status_word: Option<StatusWord>,
    /// How many bytes of data the answer had.
    pub length: usize,
    /// For a VERIFY with a value: whether the same value was refused before in this run, for the same PIN.
    pub verify: Option<Verify>,
    /// For the last answer to a command that signs: what became of the signature.
    pub signature: Option<Signature>,
}

/// A VERIFY with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    /// With a value that was not refused before.
    New,
    /// With a value that was refused before for the same PIN.
    RefusedBefore,
}

/// A signature that the program was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// It is what the card has made.
    Whole,
    /// Its bytes were damaged on the way, or it is a part.
    Damaged,
}

impl Exchange {
    /// Whether the program asked for a signature of a private key: COMPUTE DIGITAL SIGNATURE or INTERNAL AUTHENTICATE.
    #[must_use]
    pub const fn signs(&self) -> bool {
        signs(self.ins)
    }
}

const fn signs(ins: u8) -> bool {
    matches!(ins, code::COMPUTE_SIGNATURE | code::INTERNAL_AUTHENTICATE)
}

/// The values of VERIFY that a program has sent, each once, in their order. `Debug` shows how many there are.
#[derive(Clone, Default)]
pub struct SentPins(Vec<Zeroizing<Vec<u8>>>);

impl SentPins {
    /// The values.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|value| value.as_slice())
    }

    fn add(&mut self, value: &[u8]) {
        if !self.iter().any(|sent| sent == value) {
            self.0.push(value.to_vec().into());
        }
    }
}

impl fmt::Debug for SentPins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} values", self.0.len())
    }
}

/// The PIN that a VERIFY is about: application, EF and P2.
type Reference = (Option<Aid>, Option<FileId>, u8);

/// What a run has noted so far.
#[derive(Default)]
pub(super) struct Log {
    pub(super) exchanges: Vec<Exchange>,
    pub(super) power_ons: usize,
    pub(super) resets: usize,
    pub(super) left_in_transaction: usize,
    pub(super) sent: SentPins,
    /// The last command is noted and has no answer yet.
    is_open: bool,
    application: Option<Aid>,
    file: Option<FileId>,
    refused: Vec<(Reference, Zeroizing<Vec<u8>>)>,
    /// The value of the last VERIFY.
    value: Option<(Reference, Zeroizing<Vec<u8>>)>,
    /// The last signature that the card has made.
    made: Vec<u8>,
    /// The data of a signature so far, when it comes in pieces.
    pieces: Option<Vec<u8>>,
}

impl Log {
    /// The card was powered on or reset: nothing is selected.
    pub(super) fn begins_anew(&mut self) {
        self.application = None;
        self.file = None;
        self.pieces = None;
    }

    /// The card itself has answered, before any fault.
    pub(super) fn card_answered(&mut self, command: &[u8], response: &[u8]) {
        if command.get(1).is_some_and(|ins| signs(*ins))
            && let Some((data, [0x90, 0x00])) = response.split_last_chunk::<2>()
        {
            self.made = data.to_vec();
        }
    }

    /// The program has sent a command. The reader asks about a command before it sends it: that is one command.
    pub(super) fn command(&mut self, command: &[u8], is_asked: bool) {
        if !is_asked && std::mem::take(&mut self.is_open) {
            return;
        }
        self.is_open = is_asked;
        let byte = |index: usize| command.get(index).copied().unwrap_or_default();
        let (ins, p1, p2) = (byte(1), byte(2), byte(3));
        let apdu = CommandApdu::parse(command).ok();
        let data = apdu.map_or(&[][..], |apdu| apdu.data);
        let short = (ins == code::READ_BINARY && p1 & 0x80 != 0).then(|| FileId::from_sfi(p1 & 0x1F));
        let file = short.flatten().or(self.file);
        self.value = None;
        let secret = command.get(secret_range(command)).unwrap_or_default();
        let verify = (ins & 0xFE == code::VERIFY && !secret.is_empty()).then(|| {
            let value = if data.is_empty() { secret } else { data };
            self.sent.add(value);
            let reference = (self.application, self.file, p2);
            let before = self
                .refused
                .iter()
                .any(|(of, refused)| *of == reference && **refused == value);
            self.value = Some((reference, value.to_vec().into()));
            if before { Verify::RefusedBefore } else { Verify::New }
        });
        self.exchanges.push(Exchange {
            command: Masked(command).to_string(),
            cla: byte(0),
            ins,
            p1_p2: u16::from_be_bytes([p1, p2]),
            application: self.application,
            file,
            has_data: !data.is_empty(),
            status_word: None,
            length: 0,
            verify,
            signature: None,
        });
    }

    /// The answer that the program has seen to the last command.
    pub(super) fn answer(&mut self, command: &[u8], response: &[u8]) {
        let Some((data, status_word)) = response.split_last_chunk::<2>() else {
            return;
        };
        let status_word = StatusWord::new(u16::from_be_bytes(*status_word));
        let signature = self.signature(command, data, status_word);
        if status_word.is_success() {
            self.selects(command);
        }
        let refused = status_word.tries().is_some()
            || matches!(
                status_word,
                StatusWord::WRONG_UNLIMITED | StatusWord::AUTHENTICATION_BLOCKED | StatusWord::REFERENCE_DATA_BLOCKED
            );
        if refused {
            self.refused.extend(self.value.take());
        }
        if let Some(last) = self.exchanges.last_mut() {
            last.status_word = Some(status_word);
            last.length = data.len();
            last.signature = signature;
        }
    }

    fn signature(&mut self, command: &[u8], data: &[u8], status_word: StatusWord) -> Option<Signature> {
        let ins = command.get(1).copied().unwrap_or_default();
        let mut given = match ins {
            ins if signs(ins) => Vec::new(),
            GET_RESPONSE => self.pieces.take()?,
            _ => {
                self.pieces = None;
                return None;
            }
        };
        given.extend_from_slice(data);
        if status_word.bytes_ready().is_some() {
            self.pieces = Some(given);
            return None;
        }
        self.pieces = None;
        if !status_word.is_success() {
            return None;
        }
        let is_whole = !given.is_empty() && given == self.made;
        Some(if is_whole { Signature::Whole } else { Signature::Damaged })
    }

    fn selects(&mut self, command: &[u8]) {
        let Ok(apdu) = CommandApdu::parse(command) else { return };
        if apdu.ins != code::SELECT {
            return;
        }
        match (apdu.p1, apdu.data) {
            (0x04, name) => {
                self.application = Aid::new(name);
                self.file = None;
            }
            (_, &[high, low]) => self.file = Some(FileId::new(u16::from_be_bytes([high, low]))),
            _ => {}
        }
    }
}
