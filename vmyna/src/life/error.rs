//! Why a story can't be played, or can't go on.

use std::fmt;
use std::io;
use std::path::PathBuf;

use vmyna_apdu::ShowPath as _;
use vmyna_apdu::Text;
use vmyna_applets::image::ImageError;
use vmyna_authority::counter::CounterError;
use vmyna_authority::register::RegisterError;
use vmyna_issuance::IssuanceError;
use vmyna_issuance::ca_folder::CaFolderError;

use crate::counter::{OpenError, OperateError, StillPending};
use crate::error::Error;
use crate::phone::{AddError, PhoneError};

/// An event that can't happen: its line, what it is, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoryFault {
    /// The line of the story's file; `None` for what no line states.
    pub line: Option<usize>,
    /// The event: `2027-04-01 hanako moved`.
    pub event: Option<String>,
    /// Why it can't happen.
    pub message: Text,
}

impl StoryFault {
    pub(super) const fn new(line: Option<usize>, event: Option<String>, message: Text) -> Self {
        Self { line, event, message }
    }
}

impl fmt::Display for StoryFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.map(|line| format!("line {line}"));
        let place: Vec<String> = [line, self.event.clone()].into_iter().flatten().collect();
        match place.is_empty() {
            true => f.write_str(&self.message.en),
            false => write!(f, "{}: {}", place.join(", "), self.message),
        }
    }
}

impl std::error::Error for StoryFault {}

/// A service that does not answer as it must.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disagreement {
    /// When it was asked, by the time of the story.
    pub at: vmyna_issuance::DateTime,
    /// The person.
    pub person: String,
    /// The service: what was asked.
    pub service: String,
    /// What the events demand.
    pub expected: String,
    /// What was answered.
    pub got: String,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "at {}, {}: {} must be {}, and is {}",
            self.at, self.person, self.service, self.expected, self.got
        )
    }
}

impl std::error::Error for Disagreement {}

/// Why a story can't be played on. What was done stays, and the same story goes on from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LifeError {
    /// The system refused: which file or folder.
    #[error("{path}: {error}", path = .0.shown(), error = .1)]
    Io(PathBuf, #[source] io::Error),
    /// Something of this name is no folder of a story.
    #[error("{}: this is no folder of a story", .0.shown())]
    NoFolder(PathBuf),
    /// A later version made it: its format, and the newest that this program knows.
    #[error("{path}: its format is {1}, and this program knows {2}", path = .0.shown())]
    Newer(PathBuf, i64, i64),
    /// Another story, or the same with another seed, was played in the folder: what differs.
    #[error("{path}: another story was played here: {1}", path = .0.shown())]
    OtherStory(PathBuf, String),
    /// A file of the folder has what this program does not write: why.
    #[error("{path}: {1}", path = .0.shown())]
    Damaged(PathBuf, &'static str),
    /// Another process plays a story in the folder.
    #[error("{}: another process is playing a story here", .0.shown())]
    InUse(PathBuf),
    /// The authorities can't be made or used.
    #[error("{0}")]
    Authorities(#[from] CaFolderError),
    /// Keys, certificates or a card can't be made.
    #[error("{0}")]
    Issuance(#[from] IssuanceError),
    /// The register can't be used.
    #[error("{0}")]
    Register(#[from] RegisterError),
    /// An image can't be written.
    #[error("{0}")]
    Image(#[from] ImageError),
    /// A card can't be read.
    #[error("{0}")]
    Card(#[from] Error),
    /// The counter can't serve a card.
    #[error("{event}: {error}")]
    Open {
        /// The event.
        event: String,
        /// Why.
        #[source]
        error: Box<OpenError>,
    },
    /// The counter refused an event.
    #[error("{event}: {error}")]
    Operate {
        /// The event.
        event: String,
        /// Why.
        #[source]
        error: Box<OperateError>,
    },
    /// The card was not held to a phone.
    #[error("{event}: {error}")]
    Phone {
        /// The event.
        event: String,
        /// Why.
        #[source]
        error: Box<AddError>,
    },
    /// An event has another effect than the rules demand.
    #[error("{event}: {error}")]
    Event {
        /// The event.
        event: String,
        /// Why.
        error: Text,
    },
    /// An operation that was interrupted can't be finished.
    #[error("{0}")]
    Pending(String),
    /// A service does not answer as it must.
    #[error("{0}")]
    Disagreement(Box<Disagreement>),
    /// A question to a service could not be asked.
    #[error("{0}")]
    Check(String),
    /// A thread can't be started.
    #[error("{0}")]
    Thread(#[source] io::Error),
    /// The caller wanted the end.
    #[error("stopped")]
    Stopped,
}

impl From<Disagreement> for LifeError {
    fn from(disagreement: Disagreement) -> Self {
        Self::Disagreement(Box::new(disagreement))
    }
}

impl From<StillPending> for LifeError {
    fn from(pending: StillPending) -> Self {
        Self::Pending(pending.to_string())
    }
}

impl LifeError {
    /// The rule of the counter that forbids an event, if one does.
    #[must_use]
    pub fn rule(&self) -> Option<&CounterError> {
        match self {
            Self::Operate { error, .. } => match &**error {
                OperateError::Refused(rule) => Some(rule),
                _ => None,
            },
            Self::Phone { error, .. } => match &**error {
                AddError::Refused(PhoneError::Counter(rule)) => Some(rule),
                _ => None,
            },
            _ => None,
        }
    }
}
