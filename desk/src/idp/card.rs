//! The cards of the provider, and the conversation with one of them.

use std::sync::{Arc, Mutex, PoisonError};

use rand_core::{OsRng, RngCore};
use sha2::{Digest, Sha256};
use vmyna::reader_bridge::SoftwareReader;
use vmyna::{Bench, CardSource};
use vmyna_apdu::{Reader, ReaderError};
use vmyna_applets::issued::MobileDocument;
use vmyna_applets::{PhoneKind, Token};
use vmyna_authority::register::{CardId, Certificate, Register, RegisterError};
use vmyna_authority::verifier::AgreedForm;
use vmyna_authority::verifier::block::Message;
use vmyna_authority::verifier::report::{Report, Verdict};
use vmyna_card_os::key::SHA256_DIGEST_INFO;
use vmyna_issuance::x509::names::Hierarchy;
use zeroize::Zeroizing;

use super::document::{self, PresentedDocument};
use super::request::AuthRequest;
use super::resource;
use super::scope::Scope;
use super::state::{Signed, lock};
use crate::client::{CardClient, ClientError, FourItems, Key, Pin, Tries};

/// A signature of a card's key, with all that its verification needs.
#[derive(Debug)]
pub struct CardSignature<'s> {
    /// The signature value.
    pub value: &'s [u8],
    /// What was signed.
    pub message: Message,
    /// The certificate of the key, DER.
    pub certificate: &'s [u8],
    /// What the certificate must be for.
    pub purpose: Hierarchy,
    /// The form of the block that was agreed.
    pub form: AgreedForm,
}

/// Verifies as a relying party of the authority does: signature, certificate, times, revocation.
pub trait Authority: Send + Sync {
    /// The report of all checks.
    fn verify(&self, signature: &CardSignature<'_>) -> Report;

    /// SHA-256 of the auth certificate that the card has to which a phone with this auth certificate (DER) is linked; `None` if
    /// it is on no phone, or no register knows of it. [`linked`] asks a register.
    fn linked(&self, certificate: &[u8]) -> Option<[u8; 32]>;

    /// The report on what a phone has presented of its mdoc.
    fn verify_document(&self, presented: &PresentedDocument) -> vmyna_mdoc::Report;
}

/// Asks a register for [`Authority::linked`].
///
/// # Errors
/// [`RegisterError`] when the register can't be read.
pub fn linked(register: &dyn Register, certificate: &[u8]) -> Result<Option<[u8; 32]>, RegisterError> {
    let nowhere = (CardId([0; 32]), String::new());
    match Certificate::new(certificate, Hierarchy::Authentication, "", nowhere) {
        Ok(certificate) => register.auth_of_linked_card(certificate.issuer, certificate.serial),
        // No register knows it.
        Err(_) => Ok(None),
    }
}

/// What a verification shows of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Good,
    Expired,
    Revoked,
    /// A check could not be made: an unknown authority, or no answer about revocation.
    Unknown,
    /// Another check failed.
    Invalid,
}

impl Standing {
    pub(super) fn of(report: &Report) -> Self {
        let invalid = |id: fn(&str) -> bool| {
            let mut steps = report.steps.iter();
            steps.any(|step| step.verdict == Verdict::Invalid && id(step.id))
        };
        match report.verdict() {
            Verdict::Ok => Self::Good,
            Verdict::Invalid if invalid(|id| id == "signature.value" || id == "signature.form") => Self::Invalid,
            Verdict::Invalid if invalid(|id| id == "certificate.validity") => Self::Expired,
            Verdict::Invalid if invalid(|id| id.starts_with("revocation.")) => Self::Revoked,
            Verdict::Invalid => Self::Invalid,
            _ => Self::Unknown,
        }
    }
}

/// Why a conversation did not reach its end.
#[derive(Debug)]
pub(super) enum Failed {
    Card(ClientError),
    /// The certificate of this key does not hold.
    Certificate(Key, Standing),
    /// The phone has nothing that states the four items.
    NoItems(PhoneKind),
    /// What the phone presented does not hold: the step of its verification.
    Document(&'static str),
}

impl From<ClientError> for Failed {
    fn from(error: ClientError) -> Self {
        Self::Card(error)
    }
}

/// What a person has typed. `Debug` is missing on purpose.
#[derive(Default)]
pub(super) struct Pins {
    pub(super) auth: Zeroizing<String>,
    pub(super) input_assist: Zeroizing<String>,
    pub(super) sign: Zeroizing<String>,
}

/// What a card has proved.
pub(super) struct Proved {
    /// The certificate for log-in, DER.
    pub(super) certificate: Vec<u8>,
    pub(super) items: Option<FourItems>,
    pub(super) signed: Option<Signed>,
}

/// Whether one of the four items is asked for.
fn has_item(scopes: &[Scope]) -> bool {
    scopes.iter().any(|scope| scope.is_item())
}

/// The PINs that these scopes need, in the order in which they are asked for. A phone has no input-assist application.
fn pins(scopes: &[Scope], token: Token) -> Vec<Pin> {
    let mut pins = vec![Pin::Auth];
    if has_item(scopes) && token == Token::Card {
        pins.push(Pin::InputAssist);
    }
    if scopes.contains(&Scope::Sign) {
        pins.push(Pin::Sign);
    }
    pins
}

/// A PIN that is asked for, with its tries.
pub(super) type AskedPin = (Pin, Result<Tries, ClientError>);

/// A card or phone that can be chosen.
pub(super) struct Slot {
    /// What the pages call it.
    pub(super) title: String,
    /// Which phone it was when the provider began, for the words of the pages. In a log-in the token's label decides.
    pub(super) phone: Option<PhoneKind>,
    source: CardSource,
    /// The reader with a built-in card, which keeps no state: it stays here so that a wrong PIN is remembered. One
    /// conversation at a time has the lock.
    reader: Mutex<Option<Arc<Mutex<SoftwareReader>>>>,
}

impl Slot {
    pub(super) fn new(source: CardSource) -> Self {
        let phone = match &source {
            CardSource::Image(..) => source.issued().ok().and_then(|card| card.phone()),
            _ => None,
        };
        let kind = phone.map_or_else(String::new, |kind| format!(" ({})", kind.title()));
        Self {
            title: title(&source) + &kind,
            phone,
            source,
            reader: Mutex::new(None),
        }
    }

    /// Opens the card for one conversation. An issued card is free again afterwards.
    fn converse<T, E: From<ClientError>>(&self, talk: impl FnOnce(&mut CardClient) -> Result<T, E>) -> Result<T, E> {
        let mut reader = lock(&self.reader);
        if !matches!(self.source.find(), Ok((_, None))) {
            return talk(&mut CardClient::open(&self.source)?);
        }
        let shared = match &*reader {
            Some(shared) => Arc::clone(shared),
            None => {
                let opened = Bench::new().reader(&self.source).map_err(ClientError::from)?;
                Arc::clone(reader.insert(Arc::new(Mutex::new(opened))))
            }
        };
        talk(&mut CardClient::new(Shared::new(shared)?))
    }

    /// The tries left of each PIN that these scopes need.
    ///
    /// # Errors
    /// [`Failed::NoItems`]: whatever is typed, this phone can't give what is asked for.
    pub(super) fn tries(&self, scopes: &[Scope]) -> Result<Vec<AskedPin>, Failed> {
        let ask = |card: &mut CardClient| {
            let token = card.token()?;
            let pins = pins(scopes, token).into_iter();
            Ok((token, pins.map(|pin| (pin, card.tries(pin))).collect()))
        };
        match self.converse::<(Token, Vec<AskedPin>), ClientError>(ask) {
            Ok((Token::Phone(kind), _)) if has_item(scopes) && matches!(self.document(), Ok(None)) => {
                Err(Failed::NoItems(kind))
            }
            Ok((_, tries)) => Ok(tries),
            Err(error) => Ok(vec![(Pin::Auth, Err(error))]),
        }
    }

    /// The mdoc that a phone has now. It is no part of the token, so that no APDU reads it.
    fn document(&self) -> Result<Option<MobileDocument>, ClientError> {
        let (issued, place) = self.source.find()?;
        let now = match place {
            Some(place) => place.current(issued)?,
            None => issued,
        };
        Ok(now.mdoc)
    }

    /// Lets the card prove what is asked for. The PINs are verified in the order of their risk: a wrong one ends the
    /// conversation before the next is tried.
    pub(super) fn prove(
        &self,
        authority: &dyn Authority,
        request: &AuthRequest,
        input: Option<&[u8]>,
        pins: &Pins,
    ) -> Result<Proved, Failed> {
        let scopes = &*request.scopes;
        // Before the card is in use here.
        let document = match self.phone.filter(|_| has_item(scopes)) {
            Some(_) => self.document()?,
            None => None,
        };
        self.converse(|card| {
            card.verify(Pin::Auth, pins.auth.as_bytes())?;
            let certificate = log_in(card, authority)?;
            let items = match (has_item(scopes), card.token()?) {
                (false, _) => None,
                (true, Token::Phone(kind)) => {
                    let document = document.as_ref().ok_or(Failed::NoItems(kind))?;
                    let verify = |presented: &PresentedDocument| authority.verify_document(presented);
                    let items = document::items(document, scopes, &request.issuer, verify);
                    Some(items.map_err(Failed::Document)?)
                }
                (true, _) => {
                    card.verify(Pin::InputAssist, pins.input_assist.as_bytes())?;
                    Some(card.four_items()?)
                }
            };
            let mut signed = None;
            if let Some(input) = input {
                card.verify(Pin::Sign, pins.sign.as_bytes())?;
                signed = Some(sign(card, authority, input)?);
            }
            Ok(Proved {
                certificate,
                items,
                signed,
            })
        })
    }
}

/// The auth key signs a challenge; its certificate is returned if all holds.
fn log_in(card: &mut CardClient, authority: &dyn Authority) -> Result<Vec<u8>, Failed> {
    let mut challenge = [0; 32];
    OsRng.fill_bytes(&mut challenge);
    let digest = Sha256::digest(challenge);
    let value = card.sign(Key::Auth, &[SHA256_DIGEST_INFO.as_slice(), &digest].concat())?;
    let certificate = card.auth_certificate()?;
    let report = authority.verify(&CardSignature {
        value: &value,
        message: Message::Data(challenge.to_vec()),
        certificate: &certificate,
        purpose: Hierarchy::Authentication,
        form: AgreedForm::DigestInfo,
    });
    match Standing::of(&report) {
        Standing::Good => Ok(certificate),
        other => Err(Failed::Certificate(Key::Auth, other)),
    }
}

/// The sign key signs what the relying party has announced.
fn sign(card: &mut CardClient, authority: &dyn Authority, input: &[u8]) -> Result<Signed, Failed> {
    let signature = card.sign(Key::Sign, input)?;
    let certificate = card.sign_certificate()?;
    let report = authority.verify(&CardSignature {
        value: &signature,
        message: Message::Digest(resource::digest(input).to_vec()),
        certificate: &certificate,
        purpose: Hierarchy::Signature,
        form: match input.len() {
            resource::DIGEST => AgreedForm::Bare,
            _ => AgreedForm::DigestInfo,
        },
    });
    match Standing::of(&report) {
        Standing::Good => Ok(Signed { signature, certificate }),
        other => Err(Failed::Certificate(Key::Sign, other)),
    }
}

/// A card's name for a page: that of its file without the folder.
fn title(source: &CardSource) -> String {
    match source {
        CardSource::Image(path, name) => {
            let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            match name {
                Some(name) => format!("{file}#{name}"),
                None => file.into_owned(),
            }
        }
        other => other.to_string(),
    }
}

/// The reader of a built-in card in one conversation. At its beginning the card loses its power, so that no PIN stays verified.
struct Shared {
    reader: Arc<Mutex<SoftwareReader>>,
    name: String,
    atr: Option<Vec<u8>>,
}

impl Shared {
    fn new(reader: Arc<Mutex<SoftwareReader>>) -> Result<Self, ClientError> {
        let mut locked = reader.lock().unwrap_or_else(PoisonError::into_inner);
        locked.power_cycle().map_err(ClientError::from)?;
        let (name, atr) = (locked.name().to_owned(), locked.atr().map(<[u8]>::to_vec));
        drop(locked);
        Ok(Self { reader, name, atr })
    }

    fn with<T>(&self, act: impl FnOnce(&mut SoftwareReader) -> T) -> T {
        act(&mut lock(&self.reader))
    }
}

impl Reader for Shared {
    fn name(&self) -> &str {
        &self.name
    }

    fn atr(&self) -> Option<&[u8]> {
        self.atr.as_deref()
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), ReaderError> {
        self.with(|reader| reader.transmit(command, response))
    }

    fn reset(&mut self) -> Result<(), ReaderError> {
        self.with(SoftwareReader::reset)
    }

    fn power_cycle(&mut self) -> Result<(), ReaderError> {
        self.with(SoftwareReader::power_cycle)
    }

    fn remove(&mut self) -> Result<(), ReaderError> {
        self.with(SoftwareReader::remove)
    }

    fn insert(&mut self) -> Result<(), ReaderError> {
        self.with(SoftwareReader::insert)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The PINs must not stay verified until the next conversation.
        let _ = self.power_cycle();
    }
}
