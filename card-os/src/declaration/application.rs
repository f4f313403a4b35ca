//! The vocabulary in which an application (AP) is declared, and the check of a declaration.
//!
//! An AP is data: a value built by a function, or read from a user's file. The card interprets it; nothing in this crate
//! knows one by name.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::access::{Access, Condition, Operation};
use super::file::{Body, Content, File, ObjectId};
use super::key::{KeyAlgorithm, PrivateKey};
use super::pin::Pin;
use crate::rule::{self, Basis, Rule};
use vmyna_apdu::{Aid, FileId, StatusWord};

/// An application: a DF with its files, and the data objects that GET DATA finds while it is selected.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Application {
    /// The name by which it is selected.
    pub aid: Aid,
    /// Short English name, e.g. `jpki`.
    pub name: Cow<'static, str>,
    /// Japanese name, e.g. 公的個人認証AP.
    pub title: Cow<'static, str>,
    /// Its elementary files.
    pub files: Vec<File>,
    /// What GET DATA finds while it is selected.
    pub data_objects: Vec<DataObject>,
    /// The key that COMPUTE DIGITAL SIGNATURE with P2=00 means.
    pub default_key: Option<FileId>,
    /// Whether a secure session can be opened (SET SESSION KEY).
    pub secure_session: SecureSession,
    /// What SELECT of it answers.
    pub select: SelectAnswer,
    /// The application below which it is: it can be selected only while that one, or another one below it, is selected.
    pub parent: Option<Aid>,
    /// Where this application answers another status word than the card's own: the rule that refuses, and the answer.
    pub status_words: Vec<(&'static Rule, StatusWord)>,
    /// Whether it takes the last-command indicator (`80 FC 00 00`), and how certain that is.
    pub last_command: Option<Basis>,
    /// How certain its existence is.
    pub basis: Basis,
}

/// What SELECT of an application answers.
#[derive(Clone, Debug, Default)]
pub struct SelectAnswer {
    /// The file control information, whole; `None` for the card's own form, `6F { 84 AID }`.
    pub fci: Option<Content>,
    /// Whether it is locked: SELECT answers 6283, and nothing else is allowed in it.
    pub locked: bool,
}

/// Whether an application sets up a secure session.
#[derive(Clone, Debug)]
pub enum SecureSession {
    /// It does.
    Offered {
        /// The private key to which a session key is encrypted. No file shows it.
        key: PrivateKey,
        /// After which VERIFY.
        condition: Condition,
        /// How certain that is.
        basis: Basis,
    },
    /// It refuses by this rule.
    Refused(&'static Rule),
}

/// A data object of GET DATA.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DataObject {
    /// The tag, as P1-P2.
    pub tag: u16,
    /// Short English name.
    pub name: Cow<'static, str>,
    /// Japanese name: the published one where there is one; may be empty.
    pub title: Cow<'static, str>,
    /// The value that is returned.
    pub value: Content,
    /// Who may read it.
    pub access: Access,
    /// How certain its existence and form are.
    pub basis: Basis,
}

impl Application {
    /// An application without files, data objects and default key, which sets up no secure session.
    pub fn new(
        aid: Aid,
        name: impl Into<Cow<'static, str>>,
        title: impl Into<Cow<'static, str>>,
        basis: Basis,
    ) -> Self {
        Self {
            aid,
            name: name.into(),
            title: title.into(),
            files: Vec::new(),
            data_objects: Vec::new(),
            default_key: None,
            secure_session: SecureSession::Refused(&rule::SESSION_KEY_REFUSED),
            select: SelectAnswer::default(),
            parent: None,
            status_words: Vec::new(),
            last_command: None,
            basis,
        }
    }

    /// The application with these files.
    #[must_use]
    pub fn with_files(self, files: Vec<File>) -> Self {
        Self { files, ..self }
    }

    /// The application with these data objects.
    #[must_use]
    pub fn with_data_objects(self, data_objects: Vec<DataObject>) -> Self {
        Self { data_objects, ..self }
    }

    /// The application with this key for COMPUTE DIGITAL SIGNATURE with P2=00.
    #[must_use]
    pub fn with_default_key(self, key: impl Into<Option<FileId>>) -> Self {
        Self {
            default_key: key.into(),
            ..self
        }
    }

    /// The application that sets up a secure session, or refuses it, in this way.
    #[must_use]
    pub fn with_secure_session(self, secure_session: SecureSession) -> Self {
        Self { secure_session, ..self }
    }

    /// The application whose SELECT answers this.
    #[must_use]
    pub fn with_select(self, select: SelectAnswer) -> Self {
        Self { select, ..self }
    }

    /// The application below this one.
    #[must_use]
    pub fn with_parent(self, parent: impl Into<Option<Aid>>) -> Self {
        Self {
            parent: parent.into(),
            ..self
        }
    }

    /// The application that answers these status words where these rules refuse.
    #[must_use]
    pub fn with_status_words(self, status_words: Vec<(&'static Rule, StatusWord)>) -> Self {
        Self { status_words, ..self }
    }

    /// The application that takes the last-command indicator, which is as certain as this.
    #[must_use]
    pub fn with_last_command(self, basis: impl Into<Option<Basis>>) -> Self {
        Self {
            last_command: basis.into(),
            ..self
        }
    }

    /// Whether a file of it declares this operation, on whatever condition.
    pub fn declares(&self, operation: Operation) -> bool {
        self.files.iter().any(|file| file.access.condition(operation).is_some())
    }

    /// Whether it has a private key for ECDSA, or makes one.
    pub fn has_ec_key(&self) -> bool {
        let mut algorithms = self.files.iter().filter_map(|file| file.body.key_algorithm());
        algorithms.any(KeyAlgorithm::is_ecdsa)
    }

    /// The file with this identifier.
    pub fn file(&self, id: FileId) -> Option<&File> {
        self.files.iter().find(|file| file.id == id)
    }
}

impl DataObject {
    /// The data object with this tag, names, value, access and basis.
    pub fn new(
        tag: u16,
        name: impl Into<Cow<'static, str>>,
        title: impl Into<Cow<'static, str>>,
        value: Content,
        access: Access,
        basis: Basis,
    ) -> Self {
        Self {
            tag,
            name: name.into(),
            title: title.into(),
            value,
            access,
            basis,
        }
    }
}

/// The PIN that a file is, or that it shares with another application, and the object that has its value and its tries.
/// `None` for a file of another kind.
pub fn find_pin(applications: &[Application], object: ObjectId) -> Option<(ObjectId, &Pin)> {
    let file = |object: ObjectId| {
        let application = applications.iter().find(|application| application.aid == object.aid)?;
        application.file(object.file)
    };
    let (object, body) = match &file(object)?.body {
        Body::SharedPin(of) => (*of, &file(*of)?.body),
        body => (object, body),
    };
    match body {
        Body::Pin(pin) => Some((object, pin)),
        _ => None,
    }
}

/// Why declarations make no card.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {fault}", if .application.is_empty() { "the card".to_owned() } else { format!("application {application}") })]
pub struct DeclarationError {
    /// The application's name; empty for a fault of the whole set.
    pub application: String,
    /// The fault, in a sentence.
    pub fault: String,
}

/// The longest transparent EF: READ BINARY reaches no byte behind offset 32,767.
pub(crate) const MAX_TRANSPARENT: usize = 0x8000;
/// The longest record: what fits into one R-APDU with its status word.
pub(crate) const MAX_RECORD: usize = 0xFFFF - 2;
/// The most records of a file: what a record number can name.
pub(crate) const MOST_RECORDS: u8 = 254;

/// Checks that `applications` can be a card: the first is the one selected at power-up.
///
/// # Errors
/// The first fault found: no application, a name twice, a file twice, contents that no command could read, a PIN that
/// could never be presented, a condition on a PIN that is not there, a default key that is no key, an operation on a file
/// that can't have it, a parent or shared PIN that is not there, an application at power-up that can't be selected then.
pub fn check(applications: &[Application]) -> Result<(), DeclarationError> {
    let fault = |application: &str, fault: String| {
        Err(DeclarationError {
            application: application.into(),
            fault,
        })
    };
    if applications.is_empty() {
        return fault(
            "",
            "it needs at least the application that is selected at power-up".into(),
        );
    }
    let mut aids = BTreeSet::new();
    for application in applications {
        let name = &application.name;
        if !aids.insert(application.aid) {
            return fault(name, format!("AID {} is declared twice", application.aid));
        }
        let mut ids = BTreeSet::new();
        for file in &application.files {
            if !ids.insert(file.id) {
                return fault(name, format!("EF {} is declared twice", file.id));
            }
            let shared = match file.body {
                Body::SharedPin(of) => {
                    find_pin(applications, of).filter(|(pin, _)| *pin == of && of.aid != application.aid)
                }
                _ => None,
            };
            let missing = matches!(file.body, Body::SharedPin(_)) && shared.is_none();
            let problem = match missing {
                true => Err("it shares a PIN that no other application has".to_owned()),
                false => check_file(file),
            };
            if let Err(problem) = problem {
                return fault(name, format!("EF {}: {problem}", file.id));
            }
        }
        let accesses = application.files.iter().map(|file| (file.id.to_string(), &file.access));
        let objects = application
            .data_objects
            .iter()
            .map(|object| (format!("object {:04X}", object.tag), &object.access));
        for (what, access) in accesses.chain(objects) {
            if access.iter().any(|(_, condition)| condition.nests_unsuited()) {
                return fault(
                    name,
                    format!("{what}: that a key is unsuited can't be a part of a condition"),
                );
            }
            for pin in access.iter().flat_map(|(_, condition)| condition.pins()) {
                let body = application.file(pin).map(|file| &file.body);
                if !matches!(body, Some(Body::Pin(_) | Body::SharedPin(_) | Body::HostKey(_))) {
                    return fault(
                        name,
                        format!("{what} depends on PIN {pin}, which is not a PIN of this application"),
                    );
                }
            }
        }
        let mut tags = BTreeSet::new();
        if let Some(object) = application.data_objects.iter().find(|object| !tags.insert(object.tag)) {
            return fault(name, format!("data object {:04X} is declared twice", object.tag));
        }
        if let Some(key) = application.default_key
            && !matches!(
                application.file(key).map(|file| &file.body),
                Some(Body::PrivateKey(_) | Body::GeneratedKey(_))
            )
        {
            return fault(
                name,
                format!("the default key {key} is not a private key of this application"),
            );
        }
        if let Err(problem) = check_select(application, applications) {
            return fault(name, problem);
        }
    }
    Ok(())
}

/// What SELECT of the application needs and answers, and the status words of its own.
fn check_select(application: &Application, applications: &[Application]) -> Result<(), String> {
    let first = applications.first().is_some_and(|first| first.aid == application.aid);
    if first && (application.select.locked || application.parent.is_some()) {
        return Err("the application that is selected at power-up is neither locked nor below another one".to_owned());
    }
    let mut above = application.parent;
    for _ in applications {
        let Some(parent) = above else { break };
        let declared = applications.iter().find(|application| application.aid == parent);
        above = declared
            .ok_or(format!("its parent {parent} is no application of the card"))?
            .parent;
    }
    if above.is_some() {
        return Err("it is below itself".to_owned());
    }
    let mut rules = BTreeSet::new();
    for (rule, status_word) in &application.status_words {
        if !rules.insert(rule.id) {
            return Err(format!("rule {} has two status words of its own", rule.id));
        }
        // 61 and 6C would make a reader send the command again.
        if !matches!(status_word.to_bytes()[0], 0x62..=0x6B | 0x6D..=0x6F) {
            return Err(format!("{status_word} of rule {} is no refusal", rule.id));
        }
    }
    Ok(())
}

fn check_file(file: &File) -> Result<(), String> {
    check_body(&file.body)?;
    let (most, longest) = (file.record_room().records, usize::from(file.record_room().length));
    let (count, length) = match &file.body {
        Body::Records(records) => (
            records.len(),
            records
                .iter()
                .map(|record| record.as_bytes().len())
                .max()
                .unwrap_or_default(),
        ),
        _ if file.room.is_some() => return Err("only a file of records has room for records".to_owned()),
        _ => (0, 0),
    };
    if most > MOST_RECORDS || count > usize::from(most) || length > longest || longest > MAX_RECORD {
        return Err(format!(
            "its room of {most} records of {longest} bytes is too small or too large"
        ));
    }
    for (operation, _) in file.access.iter() {
        let fits = match operation {
            Operation::UpdateBinary => matches!(file.body, Body::Transparent(_)),
            Operation::UpdateRecord | Operation::AppendRecord => matches!(file.body, Body::Records(_)),
            Operation::GenerateKeyPair => matches!(file.body, Body::GeneratedKey(_)),
            _ => true,
        };
        if !fits {
            return Err(format!("{operation} does not fit a file of this kind"));
        }
    }
    Ok(())
}

fn check_body(body: &Body) -> Result<(), String> {
    match body {
        Body::HostKey(key) if key.algorithm().is_none() => {
            Err("the key of a host is none of RSA-2048, RSA-3072, P-256 and P-384".to_owned())
        }
        Body::Transparent(content) if content.as_bytes().len() > MAX_TRANSPARENT => Err(format!(
            "{} bytes are more than READ BINARY reaches ({MAX_TRANSPARENT})",
            content.as_bytes().len()
        )),
        Body::Records(records) if records.len() > usize::from(MOST_RECORDS) => Err(format!(
            "{} records are more than a record number can say ({MOST_RECORDS})",
            records.len()
        )),
        Body::Records(records) if records.iter().any(|record| record.as_bytes().len() > MAX_RECORD) => {
            Err(format!("a record is longer than {MAX_RECORD} bytes"))
        }
        Body::Pin(pin) => pin.check(),
        _ => Ok(()),
    }
}
