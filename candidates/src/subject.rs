//! What a program is confronted with: a card in a reader, files, or both.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use der::DateTime;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use vmyna_apdu::Icc;
use vmyna_applets::issued::IssuedCard;
use vmyna_authority::register::Reason;
use vmyna_card_os::CardError;
use vmyna_card_os::state::MemoryStore;

use crate::workshop::MakeError;

/// Changes what a card does: it is put between the card and its reader, anew for each run.
pub type Behaviour = Arc<dyn Fn(Box<dyn Icc + Send>) -> Box<dyn Icc + Send> + Send + Sync>;

/// A card whose contents, behaviour or both can be wrong. `Debug` shows neither.
#[derive(Clone)]
#[non_exhaustive]
pub struct ForgedCard {
    /// What it holds. PINs are those of [`vmyna_issuance::order::Pins::default`] unless the candidate is about others.
    pub card: IssuedCard,
    /// How it answers differently, the innermost first.
    pub behaviour: Vec<Behaviour>,
    /// Faults between card and program, as `vmyna run --fault` takes them: `sw=6581,ins=2A`.
    pub faults: Vec<&'static str>,
}

impl ForgedCard {
    /// A card that behaves as it should.
    #[must_use]
    pub const fn new(card: IssuedCard) -> Self {
        Self {
            card,
            behaviour: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// The card with one more fault.
    #[must_use]
    pub fn failing(mut self, fault: &'static str) -> Self {
        self.faults.push(fault);
        self
    }

    /// The card with one more layer.
    #[must_use]
    pub fn with(mut self, layer: impl Fn(Box<dyn Icc + Send>) -> Box<dyn Icc + Send> + Send + Sync + 'static) -> Self {
        self.behaviour.push(Arc::new(layer));
        self
    }

    /// A fresh one, as issued and without power. Its random numbers come from the seed.
    ///
    /// # Errors
    /// [`CardError`], when a card can't hold these contents.
    pub fn fresh(&self, seed: [u8; 32]) -> Result<Box<dyn Icc + Send>, CardError> {
        let rng = Box::new(ChaCha20Rng::from_seed(seed));
        let card = self.card.card(Box::new(MemoryStore::default()), rng)?;
        let card: Box<dyn Icc + Send> = Box::new(card);
        Ok(self.behaviour.iter().fold(card, |card, layer| layer(card)))
    }
}

impl fmt::Debug for ForgedCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ForgedCard({}, {} layers)", self.card.name, self.behaviour.len())
    }
}

/// A file that a program is given, by the name of its placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum MadeFile {
    /// Signed data (CMS, RFC 5652), DER.
    Cms,
    /// What the signed data are about, where they do not hold it.
    Content,
    /// A signed PDF.
    Pdf,
    /// A signed XML document.
    Xml,
    /// A cardholder's certificate, DER.
    Certificate,
    /// What the verifier asked to be signed.
    Challenge,
    /// The signature of the challenge.
    Signature,
    /// A `DeviceResponse` (ISO/IEC 18013-5), CBOR.
    Mdoc,
    /// The `SessionTranscript` that belongs to it, CBOR.
    Transcript,
    /// The `DeviceRequest` that it answers, CBOR.
    Request,
    /// EF 0001 to 0007 of the input-assist application.
    Text(u8),
    /// EF 0001 to 0005 of the face-info application.
    Face(u8),
    /// What the chip was asked to sign by the key of EF 0013 of the input-assist application, and what it answered.
    TextChallenge,
    /// Its answer.
    TextAnswer,
    /// What the chip was asked to sign by the key of EF 001A of the face-info application.
    FaceChallenge,
    /// Its answer.
    FaceAnswer,
}

/// What a responder answers of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OcspAnswer {
    /// It is good.
    Good,
    /// It was revoked an hour before.
    Revoked(Reason),
    /// It is not known.
    Unknown,
    /// It is good, in an answer of two days before that ended a day before.
    Stale,
    /// It is good, in an answer to another request: the nonce is another. A request without a nonce is answered with tryLater.
    OtherNonce,
    /// The certificate with another serial number is good.
    OtherSerial,
    /// The certificate of an issuer with another name is good.
    OtherIssuerName,
    /// The certificate of an issuer with another key is good.
    OtherIssuerKey,
    /// It is good, signed by the key of another cardholder's certificate, which may not sign answers.
    SignedByCardholder,
    /// It is good, and it is revoked: two answers in one.
    GoodAndRevoked,
    /// The answer is tryLater, without signature.
    TryLater,
}

impl OcspAnswer {
    /// All of them, revoked because of the compromise of the key.
    pub const ALL: [Self; 11] = [
        Self::Good,
        Self::Revoked(Reason::KeyCompromise),
        Self::Unknown,
        Self::Stale,
        Self::OtherNonce,
        Self::OtherSerial,
        Self::OtherIssuerName,
        Self::OtherIssuerKey,
        Self::SignedByCardholder,
        Self::GoodAndRevoked,
        Self::TryLater,
    ];
}

/// One candidate, made. `Debug` shows no content.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Subject {
    /// The card in the reader.
    pub card: Option<ForgedCard>,
    /// Files that are not read from the card: signed data, PDF, XML, mdoc. What a card holds is read from the card.
    pub files: BTreeMap<MadeFile, Vec<u8>>,
    /// The time of the check, if another than that of the examination.
    pub time: Option<DateTime>,
    /// The card of an earlier run: the program is run once with this card, and nothing of that run is
    /// judged, then with [`Self::card`]. For a chip that replays what it has answered before.
    pub before: Option<ForgedCard>,
    /// What must not be in the output or the files of the run: an unsigned text that a program must not take for the signed
    /// one, or control characters that it must show escaped.
    pub unseen: Vec<Vec<u8>>,
    /// Revocation lists in place of the genuine ones: name and DER.
    pub lists: Option<Vec<(String, Vec<u8>)>>,
    /// What responders answer of certificates, by their serial number; of every other certificate they answer that it is good.
    pub statuses: Vec<(u32, OcspAnswer)>,
    /// What answers the challenge of a log-in in place of the card. Then there is no card, and the certificate is
    /// [`MadeFile::Certificate`].
    pub answer: Option<AnswerChallenge>,
    /// What the program is given in place of what opens a card otherwise, by the name of its placeholder: `pin`,
    /// `sign-password`, `code-a`, `code-b`, `birth-date`.
    pub given: BTreeMap<&'static str, String>,
    /// How the exchange of a log-in with a service is misused, whose contents are right.
    pub misuse: Option<Misuse>,
}

/// The signature of a challenge, by a forger's program that has the key.
pub type AnswerChallenge = Arc<dyn Fn(&[u8]) -> Result<Vec<u8>, MakeError> + Send + Sync>;

/// A wrong way to use a right answer to a service's challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// It is sent twice: the second one counts.
    Twice,
    /// It is sent in another session than that in which the challenge was given, while both are open.
    OtherSession,
    /// It is sent after the time that the service states.
    Late,
    /// It is the answer to a challenge that the service has not given, which is sent along with it.
    OwnChallenge,
}

impl Subject {
    /// A card.
    #[must_use]
    pub fn card(card: ForgedCard) -> Self {
        Self {
            card: Some(card),
            ..Self::default()
        }
    }

    /// A card, and the one that the program is run with before it.
    #[must_use]
    pub fn after(before: ForgedCard, card: ForgedCard) -> Self {
        Self {
            before: Some(before),
            ..Self::card(card)
        }
    }

    /// The subject with another value for the placeholder of this name.
    #[must_use]
    pub fn given(mut self, placeholder: &'static str, value: impl Into<String>) -> Self {
        self.given.insert(placeholder, value.into());
        self
    }

    /// The same, where these bytes must not be in the output or the files of the run.
    #[must_use]
    pub fn with_unseen(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.unseen.push(bytes.into());
        self
    }

    /// Files.
    #[must_use]
    pub fn files(files: impl IntoIterator<Item = (MadeFile, Vec<u8>)>) -> Self {
        Self {
            files: files.into_iter().collect(),
            ..Self::default()
        }
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.files.keys().collect();
        write!(f, "Subject({:?}, {names:?})", self.card)
    }
}
