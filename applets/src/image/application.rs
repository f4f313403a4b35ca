//! An application of the free area as DER: how a card's record has it.
//!
//! ```text
//! Application ::= SEQUENCE {
//!   aid OCTET STRING, name, title UTF8String, basis Basis, files SEQUENCE OF File,
//!   defaultKey [0] INTEGER, fci [1] Object, locked [2] BOOLEAN, parent [3] OCTET STRING,
//!   statusWords [4] SEQUENCE OF StatusWord, session [5] Session, all OPTIONAL }
//! Basis ::= SEQUENCE { certainty INTEGER (0 assumed, 1 client, 2 documented, 3 measured), source UTF8String }
//! File ::= SEQUENCE {
//!   id INTEGER, name, title UTF8String, basis Basis, access SEQUENCE OF Access, body Body,
//!   secret [0] BOOLEAN, extent [1] Extent, room [2] Room, all OPTIONAL }
//! Access ::= SEQUENCE { operation INTEGER, condition OCTET STRING }                   -- no operation twice
//! Body ::= CHOICE { transparent [0] Object, records [1] SEQUENCE OF Object, pin [2] Pin, privateKey [3] Object,
//!   certificateKey [4] CertificateKey, generatedKey [5] INTEGER (0 RSA-2048, 1 RSA-3072, 2 P-256, 3 P-384),
//!   hostKey [6] Object, sharedPin [7] SharedPin, reserved [8] NULL }                  -- keys: PKCS#8, SPKI
//! Pin ::= SEQUENCE { characters INTEGER (0 digits, 1 A-Z and digits, 2 bytes), min, max, triesAtIssue INTEGER,
//!   value [0] OCTET STRING OPTIONAL, maxTries [1] INTEGER OPTIONAL }                  -- no value: unset; no maxTries: no limit
//! CertificateKey ::= SEQUENCE { keyId, modulus, exponent OCTET STRING }
//! SharedPin ::= SEQUENCE { application OCTET STRING, file INTEGER }
//! Extent ::= SEQUENCE { basis Basis, object [0] INTEGER OPTIONAL }
//! Room ::= SEQUENCE { records, length INTEGER }
//! StatusWord ::= SEQUENCE { rule UTF8String, statusWord INTEGER }
//! Session ::= CHOICE { offered [0] Offered, refused [1] UTF8String (a rule) }         -- absent: session-key.refused
//! Offered ::= SEQUENCE { key Object, condition OCTET STRING, basis Basis }
//! ```
//!
//! `Object` is that of the card. A content of more than 64 bytes is a shared object, because other cards may have it too.
//! Operations are 0 read, 1 verify, 2 change reference data, 3 change key, 4 compute signature, 5 internal authenticate,
//! 6 external authenticate, 7 verify certificate, 8 set session key, 9 update binary, 10 update record, 11 append record,
//! 12 generate key pair.
//!
//! A condition is a byte and what it needs: 00 always, 01 never, 02 unsuited, 03 and the file that must be verified (2 bytes),
//! 04 any of and 05 all of, each with a byte for how many conditions follow. At most 8 are inside one another, and 32 in all.

use std::borrow::Cow;
use std::collections::BTreeSet;

use der::asn1::{Null, OctetString, OctetStringRef, Utf8StringRef};
use der::{Choice, Decode, Encode, Sequence};
use vmyna_apdu::{Aid, FileId, StatusWord};
use vmyna_card_os::declaration::{
    self, Access, CertificateKey, Characters, Condition, Content, Extent, Format, KeyAlgorithm, ObjectId, Operation,
    PublicKey, RecordRoom, ReferenceData, SecureSession, SelectAnswer,
};
use vmyna_card_os::rule::{self, Certainty, Rule};
use zeroize::Zeroizing;

use super::ImageErrorKind;
use super::object::{DecodeError, Fetch, Object, bytes, here, lengths_fit, octets, private_key, text, unwritable};

/// A longer content is a shared object: a reference to one has nearly as many bytes.
const LONGEST_HERE: usize = 64;

#[derive(Sequence)]
struct Application<'a> {
    aid: OctetStringRef<'a>,
    name: Utf8StringRef<'a>,
    title: Utf8StringRef<'a>,
    basis: Basis<'a>,
    files: Vec<File<'a>>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    default_key: Option<u16>,
    #[asn1(context_specific = "1", optional = "true")]
    fci: Option<Object<'a>>,
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT", optional = "true")]
    locked: Option<bool>,
    #[asn1(context_specific = "3", tag_mode = "IMPLICIT", optional = "true")]
    parent: Option<OctetStringRef<'a>>,
    #[asn1(context_specific = "4", optional = "true")]
    status_words: Option<Vec<Answer<'a>>>,
    #[asn1(context_specific = "5", optional = "true")]
    session: Option<Session<'a>>,
}

#[derive(Sequence)]
struct Basis<'a> {
    certainty: u8,
    source: Utf8StringRef<'a>,
}

#[derive(Sequence)]
struct File<'a> {
    id: u16,
    name: Utf8StringRef<'a>,
    title: Utf8StringRef<'a>,
    basis: Basis<'a>,
    access: Vec<Permission>,
    body: Body<'a>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    secret: Option<bool>,
    #[asn1(context_specific = "1", optional = "true")]
    extent: Option<Size<'a>>,
    #[asn1(context_specific = "2", optional = "true")]
    room: Option<Room>,
}

/// `Access` of the format.
#[derive(Sequence)]
struct Permission {
    operation: u8,
    condition: OctetString,
}

#[derive(Choice)]
enum Body<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", constructed = "true")]
    Transparent(Object<'a>),
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", constructed = "true")]
    Records(Vec<Object<'a>>),
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", constructed = "true")]
    Pin(Pin<'a>),
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", constructed = "true")]
    PrivateKey(Object<'a>),
    #[asn1(context_specific = "4", tag_mode = "EXPLICIT", constructed = "true")]
    CertificateKey(AuthorityKey<'a>),
    #[asn1(context_specific = "5", tag_mode = "IMPLICIT")]
    GeneratedKey(u8),
    #[asn1(context_specific = "6", tag_mode = "EXPLICIT", constructed = "true")]
    HostKey(Object<'a>),
    #[asn1(context_specific = "7", tag_mode = "EXPLICIT", constructed = "true")]
    SharedPin(FileOf<'a>),
    #[asn1(context_specific = "8", tag_mode = "IMPLICIT")]
    Reserved(Null),
}

#[derive(Sequence)]
struct Pin<'a> {
    characters: u8,
    min: u8,
    max: u8,
    tries_at_issue: u8,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    value: Option<OctetStringRef<'a>>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    max_tries: Option<u8>,
}

/// `CertificateKey` of the format.
#[derive(Sequence)]
struct AuthorityKey<'a> {
    key_id: OctetStringRef<'a>,
    modulus: OctetStringRef<'a>,
    exponent: OctetStringRef<'a>,
}

/// `SharedPin` of the format.
#[derive(Sequence)]
struct FileOf<'a> {
    application: OctetStringRef<'a>,
    file: u16,
}

/// `Extent` of the format.
#[derive(Sequence)]
struct Size<'a> {
    basis: Basis<'a>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    object: Option<u32>,
}

#[derive(Sequence)]
struct Room {
    records: u8,
    length: u16,
}

/// `StatusWord` of the format.
#[derive(Sequence)]
struct Answer<'a> {
    rule: Utf8StringRef<'a>,
    status_word: u16,
}

#[derive(Choice)]
enum Session<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", constructed = "true")]
    Offered(Offered<'a>),
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT")]
    Refused(Utf8StringRef<'a>),
}

#[derive(Sequence)]
struct Offered<'a> {
    key: Object<'a>,
    condition: OctetString,
    basis: Basis<'a>,
}

/// The numbers of operations, of certainties, of the characters of a PIN and of kinds of keys. They stay for ever.
const OPERATIONS: [Operation; 13] = [
    Operation::Read,
    Operation::Verify,
    Operation::ChangeReferenceData,
    Operation::ChangeKey,
    Operation::ComputeSignature,
    Operation::InternalAuthenticate,
    Operation::ExternalAuthenticate,
    Operation::VerifyCertificate,
    Operation::SetSessionKey,
    Operation::UpdateBinary,
    Operation::UpdateRecord,
    Operation::AppendRecord,
    Operation::GenerateKeyPair,
];
const CERTAINTIES: [Certainty; 4] = [
    Certainty::Assumed,
    Certainty::Client,
    Certainty::Documented,
    Certainty::Measured,
];
const CHARACTERS: [Characters; 3] = [Characters::Digits, Characters::UpperCaseAndDigits, Characters::Bytes];
const ALGORITHMS: [KeyAlgorithm; 4] = [
    KeyAlgorithm::Rsa2048,
    KeyAlgorithm::Rsa3072,
    KeyAlgorithm::P256,
    KeyAlgorithm::P384,
];

/// The number of a value in its table.
fn number<T: PartialEq>(table: &[T], value: &T) -> Result<u8, ImageErrorKind> {
    let number = table.iter().position(|known| known == value);
    let number = number.and_then(|number| u8::try_from(number).ok());
    number.ok_or(ImageErrorKind::Unwritable(
        "an application has a part that an image can't hold",
    ))
}

fn numbered<T: Copy>(table: &[T], number: u8, what: &'static str) -> Result<T, DecodeError> {
    table.get(usize::from(number)).copied().ok_or(DecodeError::Record(what))
}

/// Makes an object of bytes that other cards may have too.
type ShareObject<'s, 'a> = &'s mut dyn FnMut(&'a [u8]) -> Result<Object<'a>, ImageErrorKind>;

/// The DER of an application. `share` makes an object of bytes that other cards may have too.
pub(super) fn encode<'a>(
    application: &'a declaration::Application,
    share: ShareObject<'_, 'a>,
) -> Result<Zeroizing<Vec<u8>>, ImageErrorKind> {
    let mut object = |bytes: &'a [u8]| match bytes.len() {
        0..=LONGEST_HERE => here(bytes),
        _ => share(bytes),
    };
    let mut files = Vec::with_capacity(application.files.len());
    for declared in &application.files {
        files.push(file(declared, &mut object)?);
    }
    let mut status_words = Vec::with_capacity(application.status_words.len());
    for (rule, status_word) in &application.status_words {
        status_words.push(Answer {
            rule: text(rule.id)?,
            status_word: status_word.value(),
        });
    }
    let session = match &application.secure_session {
        SecureSession::Refused(rule) if *rule == &rule::SESSION_KEY_REFUSED => None,
        SecureSession::Refused(rule) => Some(Session::Refused(text(rule.id)?)),
        SecureSession::Offered {
            key,
            condition: declared,
            basis: known,
        } => Some(Session::Offered(Offered {
            key: object(key.as_pkcs8_der())?,
            condition: condition(declared)?,
            basis: basis(known)?,
        })),
    };
    let SelectAnswer { fci, locked } = &application.select;
    let record = Application {
        aid: octets(application.aid.as_bytes())?,
        name: text(&application.name)?,
        title: text(&application.title)?,
        basis: basis(&application.basis)?,
        files,
        default_key: application.default_key.map(FileId::value),
        fci: match fci {
            Some(fci) => Some(object(fci.as_bytes())?),
            None => None,
        },
        locked: locked.then_some(true),
        parent: match &application.parent {
            Some(parent) => Some(octets(parent.as_bytes())?),
            None => None,
        },
        status_words: Some(status_words).filter(|list| !list.is_empty()),
        session,
    };
    record.to_der().map(Zeroizing::new).map_err(unwritable)
}

fn basis(basis: &rule::Basis) -> Result<Basis<'_>, ImageErrorKind> {
    Ok(Basis {
        certainty: number(&CERTAINTIES, &basis.certainty)?,
        source: text(&basis.source)?,
    })
}

fn file<'a>(declared: &'a declaration::File, object: ShareObject<'_, 'a>) -> Result<File<'a>, ImageErrorKind> {
    let mut access = Vec::new();
    for (operation, declared) in declared.access.iter() {
        access.push(Permission {
            operation: number(&OPERATIONS, &operation)?,
            condition: condition(declared)?,
        });
    }
    let extent = match &declared.extent {
        None => None,
        Some(Extent { object, basis: known }) => Some(Size {
            basis: basis(known)?,
            object: match object {
                Some(length) => Some(u32::try_from(*length).map_err(|_| too_long())?),
                None => None,
            },
        }),
    };
    Ok(File {
        id: declared.id.value(),
        name: text(&declared.name)?,
        title: text(&declared.title)?,
        basis: basis(&declared.basis)?,
        access,
        body: body(&declared.body, object)?,
        secret: declared.secret.then_some(true),
        extent,
        room: declared.room.as_ref().map(|room| Room {
            records: room.records,
            length: room.length,
        }),
    })
}

const fn too_long() -> ImageErrorKind {
    ImageErrorKind::Unwritable("a card is longer than an image can hold")
}

/// The most conditions inside one another, and in all.
const DEEPEST_CONDITION: usize = 8;
const MOST_CONDITIONS: usize = 32;

fn condition(declared: &Condition) -> Result<OctetString, ImageErrorKind> {
    let mut bytes = Vec::new();
    write_condition(declared, DEEPEST_CONDITION, &mut { MOST_CONDITIONS }, &mut bytes).ok_or(too_long())?;
    OctetString::new(bytes).map_err(unwritable)
}

/// Writes a condition that may have `deepest` more inside it and be `most`, which is counted down; `None` for another one.
fn write_condition(declared: &Condition, deepest: usize, most: &mut usize, bytes: &mut Vec<u8>) -> Option<()> {
    *most = most.checked_sub(1)?;
    let (kind, parts) = match declared {
        Condition::Always => (0, None),
        Condition::Never => (1, None),
        Condition::Unsuited => (2, None),
        Condition::Verified(file) => {
            bytes.push(3);
            bytes.extend(file.value().to_be_bytes());
            return Some(());
        }
        Condition::AnyOf(parts) => (4, Some(parts)),
        Condition::AllOf(parts) => (5, Some(parts)),
    };
    bytes.push(kind);
    let Some(parts) = parts else { return Some(()) };
    bytes.push(u8::try_from(parts.len()).ok()?);
    let deepest = deepest.checked_sub(1)?;
    parts
        .iter()
        .try_for_each(|part| write_condition(part, deepest, most, bytes))
}

fn body<'a>(declared: &'a declaration::Body, object: ShareObject<'_, 'a>) -> Result<Body<'a>, ImageErrorKind> {
    Ok(match declared {
        declaration::Body::Transparent(content) => Body::Transparent(object(content.as_bytes())?),
        declaration::Body::Records(records) => {
            let mut objects = Vec::with_capacity(records.len());
            for record in records {
                objects.push(object(record.as_bytes())?);
            }
            Body::Records(objects)
        }
        declaration::Body::Pin(pin) => {
            let length = |length: usize| u8::try_from(length).map_err(|_| too_long());
            Body::Pin(Pin {
                characters: number(&CHARACTERS, &pin.format.characters)?,
                min: length(pin.format.min)?,
                max: length(pin.format.max)?,
                tries_at_issue: pin.tries_at_issue,
                value: match &pin.value {
                    Some(value) => Some(octets(value.as_bytes())?),
                    None => None,
                },
                max_tries: pin.max_tries,
            })
        }
        declaration::Body::PrivateKey(key) => Body::PrivateKey(object(key.as_pkcs8_der())?),
        declaration::Body::CertificateKey(key) => Body::CertificateKey(AuthorityKey {
            key_id: octets(&key.key_id)?,
            modulus: octets(&key.modulus)?,
            exponent: octets(&key.exponent)?,
        }),
        declaration::Body::GeneratedKey(algorithm) => Body::GeneratedKey(number(&ALGORITHMS, algorithm)?),
        declaration::Body::HostKey(key) => Body::HostKey(object(key.as_spki_der())?),
        declaration::Body::SharedPin(shared) => Body::SharedPin(FileOf {
            application: octets(shared.aid.as_bytes())?,
            file: shared.file.value(),
        }),
        declaration::Body::Reserved => Body::Reserved(Null),
    })
}

/// Whether an image can hold it.
pub(crate) fn is_storable(application: &declaration::Application) -> bool {
    encode(application, &mut here).is_ok_and(|der| lengths_fit(&der))
}

/// Whether both declare the same.
pub(crate) fn is_same(one: &declaration::Application, other: &declaration::Application) -> bool {
    let der = |application| encode(application, &mut here).ok();
    let (one, other) = (der(one), der(other));
    one.is_some() && one == other
}

/// The application of this DER. The free area checks it.
pub(super) fn decode(der: &[u8], fetch: Fetch<'_>) -> Result<declaration::Application, DecodeError> {
    if !lengths_fit(der) {
        return Err(DecodeError::Record("the lengths in an application"));
    }
    let record = Application::from_der(der)?;
    let aid = |bytes: &OctetStringRef<'_>| Aid::new(bytes.as_bytes()).ok_or(DecodeError::Record("an AID"));
    let mut files = Vec::with_capacity(record.files.len());
    for file in &record.files {
        files.push(decode_file(file, fetch)?);
    }
    let mut status_words = Vec::new();
    for answer in record.status_words.iter().flatten() {
        status_words.push((known_rule(&answer.rule)?, StatusWord::new(answer.status_word)));
    }
    let mut application = declaration::Application::new(
        aid(&record.aid)?,
        record.name.as_str().to_owned(),
        record.title.as_str().to_owned(),
        decode_basis(&record.basis)?,
    )
    .with_files(files)
    .with_default_key(record.default_key.map(FileId::new))
    .with_select(SelectAnswer {
        fci: match &record.fci {
            Some(fci) => Some(Content::from(bytes(fci, fetch)?)),
            None => None,
        },
        locked: record.locked.unwrap_or(false),
    })
    .with_status_words(status_words);
    if let Some(parent) = &record.parent {
        application = application.with_parent(aid(parent)?);
    }
    if let Some(session) = &record.session {
        application = application.with_secure_session(match session {
            Session::Refused(rule) => SecureSession::Refused(known_rule(rule)?),
            Session::Offered(offered) => SecureSession::Offered {
                key: private_key(&offered.key, fetch)?,
                condition: decode_condition(&offered.condition)?,
                basis: decode_basis(&offered.basis)?,
            },
        });
    }
    Ok(application)
}

fn known_rule(id: &Utf8StringRef<'_>) -> Result<&'static Rule, DecodeError> {
    rule::find(id.as_str()).ok_or(DecodeError::Record("a rule that this version doesn't know"))
}

fn decode_basis(record: &Basis<'_>) -> Result<rule::Basis, DecodeError> {
    Ok(rule::Basis {
        certainty: numbered(&CERTAINTIES, record.certainty, "a certainty")?,
        source: Cow::Owned(record.source.as_str().to_owned()),
    })
}

fn decode_file(record: &File<'_>, fetch: Fetch<'_>) -> Result<declaration::File, DecodeError> {
    let mut access = Access::NONE;
    let mut seen = BTreeSet::new();
    for Permission { operation, condition } in &record.access {
        if !seen.insert(*operation) {
            return Err(DecodeError::Record("an operation that is declared twice"));
        }
        let operation = numbered(&OPERATIONS, *operation, "an operation")?;
        access = access.with(operation, decode_condition(condition)?);
    }
    let mut file = declaration::File::new(
        FileId::new(record.id),
        record.name.as_str().to_owned(),
        record.title.as_str().to_owned(),
        decode_body(&record.body, fetch)?,
        access,
        decode_basis(&record.basis)?,
    );
    if let Some(Size { basis, object }) = &record.extent {
        file = file.with_extent(Extent {
            object: object.map(|length| length as usize),
            basis: decode_basis(basis)?,
        });
    }
    if let Some(Room { records, length }) = record.room {
        file = file.with_room(RecordRoom { records, length });
    }
    Ok(match record.secret {
        Some(true) => file.secret(),
        _ => file,
    })
}

fn decode_condition(record: &OctetString) -> Result<Condition, DecodeError> {
    match read_condition(record.as_bytes(), DEEPEST_CONDITION, &mut { MOST_CONDITIONS }) {
        Some((condition, [])) => Ok(condition),
        _ => Err(DecodeError::Record("an access condition")),
    }
}

/// The condition at the beginning, which may have `deepest` more inside it and be `most`, and the rest.
fn read_condition<'a>(bytes: &'a [u8], deepest: usize, most: &mut usize) -> Option<(Condition, &'a [u8])> {
    *most = most.checked_sub(1)?;
    let mut parts = |count: &u8, mut rest| {
        let mut parts = Vec::with_capacity(usize::from(*count).min(*most));
        for _ in 0..*count {
            let (part, behind) = read_condition(rest, deepest.checked_sub(1)?, most)?;
            parts.push(part);
            rest = behind;
        }
        Some((parts, rest))
    };
    Some(match bytes {
        [0, rest @ ..] => (Condition::Always, rest),
        [1, rest @ ..] => (Condition::Never, rest),
        [2, rest @ ..] => (Condition::Unsuited, rest),
        [3, high, low, rest @ ..] => (
            Condition::Verified(FileId::new(u16::from_be_bytes([*high, *low]))),
            rest,
        ),
        [4, count, rest @ ..] => parts(count, rest).map(|(parts, rest)| (Condition::AnyOf(parts), rest))?,
        [5, count, rest @ ..] => parts(count, rest).map(|(parts, rest)| (Condition::AllOf(parts), rest))?,
        _ => return None,
    })
}

fn decode_body(record: &Body<'_>, fetch: Fetch<'_>) -> Result<declaration::Body, DecodeError> {
    Ok(match record {
        Body::Transparent(content) => declaration::Body::Transparent(bytes(content, fetch)?.into()),
        Body::Records(records) => {
            let mut contents = Vec::with_capacity(records.len());
            for record in records {
                contents.push(Content::from(bytes(record, fetch)?));
            }
            declaration::Body::Records(contents)
        }
        Body::Pin(pin) => declaration::Body::Pin(declaration::Pin {
            value: pin.value.as_ref().map(|value| ReferenceData::new(value.as_bytes())),
            format: Format {
                characters: numbered(&CHARACTERS, pin.characters, "the form of a PIN")?,
                min: pin.min.into(),
                max: pin.max.into(),
            },
            max_tries: pin.max_tries,
            tries_at_issue: pin.tries_at_issue,
        }),
        Body::PrivateKey(key) => declaration::Body::PrivateKey(private_key(key, fetch)?),
        Body::CertificateKey(key) => declaration::Body::CertificateKey(CertificateKey {
            key_id: (key.key_id.as_bytes().try_into())
                .map_err(|_| DecodeError::Record("the id of an authority's key"))?,
            modulus: key.modulus.as_bytes().to_vec(),
            exponent: key.exponent.as_bytes().to_vec(),
        }),
        Body::GeneratedKey(algorithm) => {
            declaration::Body::GeneratedKey(numbered(&ALGORITHMS, *algorithm, "the kind of a key")?)
        }
        Body::HostKey(key) => declaration::Body::HostKey(PublicKey::from_spki_der(&bytes(key, fetch)?)),
        Body::SharedPin(shared) => declaration::Body::SharedPin(ObjectId {
            aid: Aid::new(shared.application.as_bytes()).ok_or(DecodeError::Record("an AID"))?,
            file: FileId::new(shared.file),
        }),
        Body::Reserved(Null) => declaration::Body::Reserved,
    })
}

#[cfg(test)]
mod tests;
