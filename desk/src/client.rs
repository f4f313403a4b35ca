//! What a host program does with a card: verify a PIN, sign, read certificates and the four attributes. Every step is a
//! C-APDU through a reader, so that the card decides, with its tries and its state.
//!
//! The commands and their order are those of a published client, the host program of jpki/myna (`client`). It reads the
//! token's label first, selects the PIN's EF, verifies, selects the key's EF, and signs by `80 2A 00 80`. Then it reads the
//! certificate by its first seven bytes.
//!
//! ```
//! use vmyna::CardSource;
//! use vmyna_desk::client::{CardClient, ClientError, Key, Pin};
//!
//! let mut card = CardClient::open(&CardSource::hanako())?;
//! card.verify(Pin::Auth, b"1234")?;
//! let signature = card.sign(Key::Auth, &[0x5A; 32])?; // the card pads the input as it is
//! assert_eq!(signature.len(), 256);
//!
//! let wrong = card.verify(Pin::Auth, b"0000");
//! assert!(matches!(wrong, Err(ClientError::WrongPin { left: 2, .. })));
//! # Ok::<(), ClientError>(())
//! ```
//!
//! It must never send a PIN of a form that its card can't have, because a real card may count that as a wrong one. No error
//! and no `Debug` output contains a PIN, a digest or data of a person.

mod error;
mod four_items;
mod object;
mod pin;

use vmyna::{Bench, CardSource};
use vmyna_apdu::{Aid, FileId, Reader, ReaderError, ResponseApdu, StatusWord};
use vmyna_applets::{PhoneKind, Profile, Token, card_info, input_assist, jpki};
use zeroize::Zeroizing;

pub use error::{ClientError, Step};
pub use four_items::FourItems;
pub use pin::{Pin, Tries};

/// A private key of the JPKI application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// 利用者証明用秘密鍵: to log in.
    Auth,
    /// 署名用秘密鍵: to sign.
    Sign,
}

impl Key {
    const fn file(self) -> FileId {
        match self {
            Self::Auth => jpki::ef::AUTH_KEY,
            Self::Sign => jpki::ef::SIGN_KEY,
        }
    }

    /// The PIN that the key is behind.
    #[must_use]
    pub const fn pin(self) -> Pin {
        match self {
            Self::Auth => Pin::Auth,
            Self::Sign => Pin::Sign,
        }
    }
}

/// A host program's conversation with a card in a reader. Each method leaves the PINs verified that were verified, until
/// another application is selected.
pub struct CardClient {
    reader: Box<dyn Reader + Send>,
    /// The application that this client has selected.
    current: Option<Aid>,
    /// What the label of the JPKI token has stated last.
    token: Token,
}

/// The bytes of the longest data field in the short form.
const LONGEST_DATA: usize = 255;
/// The bytes that are read first: enough for the head of every object.
const HEAD: usize = 7;
/// READ BINARY has 15 bits for an offset.
const LONGEST_FILE: usize = 0x8000;
/// The bytes of the token's label, by which clients distinguish a card from a phone.
const LABEL: usize = 32;

impl CardClient {
    /// Opens a card and puts it into a software reader of this process, which powers it. An issued card is in use by this
    /// process until the client is dropped.
    ///
    /// # Errors
    /// [`ClientError::InUse`] if another process has the card; [`ClientError::Open`] if there is no such card or its state
    /// can't be used.
    pub fn open(card: &CardSource) -> Result<Self, ClientError> {
        Ok(Self::new(Bench::new().reader(card)?))
    }

    /// A conversation with the card in this reader. The card has power, and another application may be selected.
    #[must_use]
    pub fn new(reader: impl Reader + Send + 'static) -> Self {
        Self {
            reader: Box::new(reader),
            current: None,
            token: Token::Card,
        }
    }

    /// Whether a card or a phone answers, by the label of its JPKI token. A label that is not a phone's is taken as a card's.
    ///
    /// # Errors
    /// [`ClientError`], e.g. [`ClientError::NoApplication`] if there is no JPKI application.
    pub fn token(&mut self) -> Result<Token, ClientError> {
        self.select(jpki::AID)?;
        Ok(self.token)
    }

    /// The tries left of a PIN, by VERIFY without data. The question costs none.
    ///
    /// # Errors
    /// [`ClientError`], e.g. [`ClientError::NoApplication`] of a phone, which has no input-assist application.
    pub fn tries(&mut self, pin: Pin) -> Result<Tries, ClientError> {
        self.select(pin.application())?;
        self.select_file(pin.file())?;
        let status_word = self.transmit(&command([0x00, 0x20, 0x00, 0x80], &[], None))?.1;
        let left = status_word.tries().ok_or(Step::AskTries.refused(status_word))?;
        Ok(Tries::new(pin, left))
    }

    /// Verifies a PIN. Lower-case letters of the sign password are folded to upper case, as the published clients do, because
    /// the card compares bytes.
    ///
    /// # Errors
    /// [`ClientError::Form`] if no card can have such a PIN; nothing is sent then, as the published clients do.
    /// [`ClientError::WrongPin`] with the tries left; [`ClientError::Blocked`]; [`ClientError::NoKey`] if the card lacks the
    /// key that the PIN is for.
    pub fn verify(&mut self, pin: Pin, value: &[u8]) -> Result<(), ClientError> {
        let value = pin.checked(value)?;
        self.select(pin.application())?;
        self.select_file(pin.file())?;
        let status_word = self.transmit(&command([0x00, 0x20, 0x00, 0x80], &value, None))?.1;
        match (status_word.tries(), status_word) {
            (_, StatusWord::SUCCESS) => Ok(()),
            (Some(left), _) => Err(ClientError::WrongPin { pin, left }),
            (None, StatusWord::REFERENCE_DATA_BLOCKED | StatusWord::AUTHENTICATION_BLOCKED) => Err(self.blocked(pin)),
            (None, other) => Err(Step::Verify.refused(other)),
        }
    }

    /// Why a PIN is refused as a blocked one: a PIN that was never set answers likewise. Only after that refusal the client
    /// looks for the key, which no published client does.
    fn blocked(&mut self, pin: Pin) -> ClientError {
        match pin.key().map(|key| (key, self.select_file(key.file()))) {
            Some((key, Err(ClientError::Refused { status_word, .. }))) if status_word == StatusWord::NOT_FOUND => {
                ClientError::NoKey(key)
            }
            _ => ClientError::Blocked(pin),
        }
    }

    /// 利用者証明用電子証明書: DER without filler. A phone wants the auth PIN first.
    ///
    /// # Errors
    /// [`ClientError::NoKey`] if there is none; [`ClientError::NotVerified`]; others of [`ClientError`].
    pub fn auth_certificate(&mut self) -> Result<Vec<u8>, ClientError> {
        self.certificate(Key::Auth, jpki::ef::AUTH_CERTIFICATE)
    }

    /// 署名用電子証明書: DER without filler. It holds the name and address, so the card wants the sign password first.
    ///
    /// # Errors
    /// As [`auth_certificate`](Self::auth_certificate).
    pub fn sign_certificate(&mut self) -> Result<Vec<u8>, ClientError> {
        self.certificate(Key::Sign, jpki::ef::SIGN_CERTIFICATE)
    }

    fn certificate(&mut self, key: Key, file: FileId) -> Result<Vec<u8>, ClientError> {
        self.select(jpki::AID)?;
        self.select_file(file).map_err(|error| error.without(key))?;
        self.read_object().map_err(|error| error.at(key.pin()))
    }

    /// The signature of a key over `input`, 256 bytes. The card pads the input as it is (PKCS#1 v1.5, type 1). So the caller
    /// gives a DigestInfo, or the bare 32 bytes of a digest if its verifier expects that.
    ///
    /// # Errors
    /// [`ClientError::NotVerified`] before the PIN; [`ClientError::NoKey`]; [`ClientError::Input`] for 0 or more than 255
    /// bytes, which is not sent; [`ClientError::Refused`] for 246 to 255 bytes.
    pub fn sign(&mut self, key: Key, input: &[u8]) -> Result<Vec<u8>, ClientError> {
        if input.is_empty() || input.len() > LONGEST_DATA {
            return Err(ClientError::Input { bytes: input.len() });
        }
        self.select(jpki::AID)?;
        self.select_file(key.file()).map_err(|error| error.without(key))?;
        let sign = command([0x80, 0x2A, 0x00, 0x80], input, Some(0));
        self.send(Step::Sign, &sign).map_err(|error| error.at(key.pin()))
    }

    /// Name, address, birth date and sex as text (基本4情報) of the input-assist application, after its PIN.
    ///
    /// # Errors
    /// [`ClientError::NotVerified`] before the PIN; [`ClientError::NoApplication`]; [`ClientError::Content`].
    pub fn four_items(&mut self) -> Result<FourItems, ClientError> {
        self.select(input_assist::AID)?;
        self.select_file(input_assist::ef::ATTRIBUTES)?;
        let bytes = self.read_object().map_err(|error| error.at(Pin::InputAssist))?;
        FourItems::parse(&bytes).ok_or(ClientError::Content(Step::ReadFile))
    }

    /// 13 digits of the card's number from the record of the common application (共通カードAP): the part that published
    /// clients take as 製造番号, the third to the fifteenth digit (`client`). A My Number is not in it.
    ///
    /// # Errors
    /// [`ClientError::NoApplication`] of a phone; [`ClientError::Content`] if the record is shorter.
    pub fn manufacture_number(&mut self) -> Result<String, ClientError> {
        self.select(card_info::AID)?;
        let record = self.send(Step::ReadRecord, &[0x00, 0xB2, 0x01, 0x0C, 0x00])?;
        let digits = match *record {
            [_, length, ref value @ ..] if value.len() == usize::from(length) => value.get(2..15),
            _ => None,
        };
        let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_digit));
        let digits = digits.ok_or(ClientError::Content(Step::ReadRecord))?;
        Ok(digits.iter().copied().map(char::from).collect())
    }

    /// Selects an application unless this client has it selected. Of the JPKI application it also reads the token's label.
    fn select(&mut self, aid: Aid) -> Result<(), ClientError> {
        if self.current == Some(aid) {
            return Ok(());
        }
        self.current = None;
        let select = command([0x00, 0xA4, 0x04, 0x0C], aid.as_bytes(), None);
        match self.send(Step::SelectApplication, &select) {
            Err(ClientError::Refused { status_word, .. }) if status_word == StatusWord::NOT_FOUND => {
                return Err(ClientError::NoApplication(aid));
            }
            outcome => outcome?,
        };
        self.current = Some(aid);
        if aid == jpki::AID {
            self.select_file(jpki::ef::TOKEN_INFO)?;
            self.token = token(&self.read_from(0, LABEL)?);
        }
        Ok(())
    }

    /// Selects an EF of the current application.
    fn select_file(&mut self, file: FileId) -> Result<(), ClientError> {
        let select = command([0x00, 0xA4, 0x02, 0x0C], &file.value().to_be_bytes(), None);
        self.send(Step::SelectFile, &select).map(drop)
    }

    /// Reads the object at the beginning of the current EF: seven bytes, then as many as its length states.
    fn read_object(&mut self) -> Result<Vec<u8>, ClientError> {
        let mut object = self.read_from(0, HEAD)?;
        let total = object::length(&object).filter(|total| (HEAD..=LONGEST_FILE).contains(total));
        let total = total.ok_or(ClientError::Content(Step::ReadFile))?;
        object.extend(self.read_from(HEAD, total - HEAD)?);
        Ok(object)
    }

    /// Reads `length` bytes of the current EF, 256 at a time.
    fn read_from(&mut self, offset: usize, length: usize) -> Result<Vec<u8>, ClientError> {
        let mut bytes = Vec::with_capacity(length);
        while bytes.len() < length {
            let [high, low] = ((offset + bytes.len()) as u16).to_be_bytes();
            let le = u8::try_from(length - bytes.len()).unwrap_or(0);
            let part = self.send(Step::ReadFile, &[0x00, 0xB0, high, low, le])?;
            if part.is_empty() || part.len() > length - bytes.len() {
                return Err(ClientError::Content(Step::ReadFile));
            }
            bytes.extend(part);
        }
        Ok(bytes)
    }

    /// Sends a command whose answer must be 9000; returns the data.
    fn send(&mut self, step: Step, command: &[u8]) -> Result<Vec<u8>, ClientError> {
        match self.transmit(command)? {
            (data, StatusWord::SUCCESS) => Ok(data),
            (_, status_word) => Err(step.refused(status_word)),
        }
    }

    fn transmit(&mut self, command: &[u8]) -> Result<(Vec<u8>, StatusWord), ClientError> {
        let mut response = Vec::new();
        if let Err(error) = self.reader.transmit(command, &mut response) {
            // A card that was away or reset has nothing selected.
            self.current = None;
            return Err(error.into());
        }
        match ResponseApdu::parse(&response) {
            Some(ResponseApdu { data, status_word }) => Ok((data.to_vec(), status_word)),
            None => Err(ClientError::Reader(ReaderError::Mute {
                reader: self.reader.name().to_owned(),
            })),
        }
    }
}

/// What has a JPKI token with this label, which spaces or zero bytes fill.
fn token(label: &[u8]) -> Token {
    let end = label.iter().rposition(|byte| !matches!(byte, b' ' | 0));
    let label = label.get(..end.map_or(0, |last| last + 1)).unwrap_or_default();
    let is_its = |kind: &PhoneKind| Profile::phone(*kind).token_label.as_bytes() == label;
    PhoneKind::ALL
        .into_iter()
        .find(is_its)
        .map_or(Token::Card, Token::Phone)
}

/// A C-APDU in the short form, which may hold a PIN: header, at most 255 bytes of data with their Lc, and Le.
fn command(header: [u8; 4], data: &[u8], le: Option<u8>) -> Zeroizing<Vec<u8>> {
    // One allocation, so that no copy of a PIN stays behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(4 + 1 + data.len() + 1));
    bytes.extend(header);
    if !data.is_empty() {
        bytes.push(data.len() as u8);
        bytes.extend(data);
    }
    bytes.extend(le);
    bytes
}

#[cfg(test)]
mod tests;
