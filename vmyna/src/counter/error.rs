//! Why an operation at the counter or the kiosk can't begin, is refused, or did not reach its end.

use std::io;
use std::path::PathBuf;

use vmyna_apdu::ShowPath as _;
use vmyna_applets::image::{ImageError, RecordError};
use vmyna_applets::specimen::SpecimenError;
use vmyna_authority::counter::CounterError;
use vmyna_authority::counter::steps::StepError;
use vmyna_authority::kiosk::KioskError;
use vmyna_authority::register::{OperationId, RegisterError};
use vmyna_authority::revocation_list::ListError;
use vmyna_issuance::IssuanceError;
use vmyna_issuance::authorities::AuthoritiesError;
use vmyna_issuance::ca_folder::CaFolderError;

use crate::error::Error;

/// The environment variable with the folder of the built-in authorities' register. Its value `none` means that they keep
/// none.
pub const REGISTER_VARIABLE: &str = "VMYNA_REGISTER";

/// Why a register can't be found, opened or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterAccessError {
    /// [`REGISTER_VARIABLE`] is `none`.
    #[error("{REGISTER_VARIABLE} is none: the built-in authorities keep no register")]
    NotKept,
    /// [`REGISTER_VARIABLE`] contains this relative path: in another working directory it would be another register.
    #[error("{REGISTER_VARIABLE} is {}, which is another folder in each working directory", .0.shown())]
    RelativeFolder(PathBuf),
    /// The environment names no folder for the state of programs.
    #[error("the built-in authorities' register needs a folder")]
    NoFolder,
    /// The folder of the built-in authorities' register can't be made.
    #[error("{path}: {error}", path = .0.shown(), error = .1)]
    Folder(PathBuf, #[source] io::Error),
    /// The register can't be used.
    #[error("{0}")]
    Register(#[from] RegisterError),
    /// The built-in cards are damaged.
    #[error("the built-in cards: {0}")]
    Specimens(#[from] SpecimenError),
    /// A certificate of a built-in card is damaged.
    #[error("the built-in cards: {0}")]
    SpecimenCertificate(#[from] IssuanceError),
}

/// Why the card's side of an operation can't be changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SideError {
    /// The state of the card or its mark can't be used.
    #[error("{0}")]
    Card(#[from] Error),
    /// The new card can't be made from its record.
    #[error("the new card: {0}")]
    NewCard(#[source] RecordError),
    /// The new card's image can't be written.
    #[error("{0}")]
    Image(#[source] ImageError),
    /// The mark beside the card's state is gone.
    #[error("the card's mark is gone")]
    NoMark,
    /// The change of this operation was written by a later version.
    #[error("the register's operation {0} changes the card in a way that this version doesn't know")]
    UnknownChange(OperationId),
}

/// Why an interrupted operation can't be finished now. It stays pending.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InterruptedError {
    /// The register can't be used.
    #[error("{0}")]
    Register(#[from] RegisterError),
    /// The card's state or its mark can't be used.
    #[error("{0}")]
    Card(#[from] Error),
    /// The mark can't be removed.
    #[error("{0}")]
    Side(#[from] SideError),
    /// A step failed again.
    #[error("{0}")]
    Step(#[from] Box<StepError<SideError>>),
    /// The register names no place of the card's state, or in a way that this version doesn't know.
    #[error("the register doesn't name the place of its state")]
    NoPlace,
    /// The card is no longer where the register has it: the path of its state there.
    #[error("its state {} is not there any more", .0.shown())]
    Moved(PathBuf),
    /// The operation is done, but the folder of the image that it was to write is gone, and the image with it: its path.
    #[error("the folder of its new image {} is gone: the register has the certificates, and the image is lost", .0.shown())]
    ImageLost(PathBuf),
    /// The mark beside the card's state can't be read.
    #[error("{error}")]
    MarkUnreadable {
        /// The path of the mark. Without it the card stays as it is.
        mark: PathBuf,
        /// The reason.
        #[source]
        error: Box<Error>,
    },
    /// The mark beside the card's state names no register.
    #[error("the mark beside its state is damaged, or a later version wrote it")]
    MarkDamaged {
        /// The path of the mark. Without it the card stays as it is.
        mark: PathBuf,
    },
    /// The register that the mark names can't be opened, and may be lost.
    #[error("{error}")]
    NoRegister {
        /// The path of the mark. Without it the card stays as it is.
        mark: PathBuf,
        /// The reason.
        #[source]
        error: RegisterError,
    },
}

impl InterruptedError {
    /// What the operation is, in the words of a message: still pending, or done as far as it can be.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        match self {
            Self::ImageLost(_) => "is ended",
            _ => "is still pending",
        }
    }
}

/// Why a card can't be locked for an operation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another counter or kiosk has it.
    #[error("another counter or kiosk is changing this card now")]
    Busy,
    /// An operation on it is pending.
    #[error("{0}")]
    Interrupted(#[from] Box<InterruptedError>),
    /// Its mark can't be made.
    #[error("{0}")]
    Card(#[from] Error),
}

/// Why a card can't be served at the counter.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The card can't be opened.
    #[error("{0}")]
    Card(#[from] Error),
    /// The card of this name is built in.
    #[error("{0} is built in and keeps no state")]
    BuiltIn(String),
    /// The file for a new card exists.
    #[error("{} exists", .0.shown())]
    OutputExists(PathBuf),
    /// The working directory has no path.
    #[error("{0}")]
    WorkingDirectory(#[source] io::Error),
    /// No image can be written for a new card.
    #[error("{0}")]
    Image(#[source] ImageError),
    /// The folder of the authorities can't be used.
    #[error("{0}")]
    Authorities(#[from] CaFolderError),
    /// The built-in authorities are damaged.
    #[error("{0}")]
    BuiltInAuthorities(#[from] AuthoritiesError),
    /// The register can't be used.
    #[error("{0}")]
    Register(#[from] RegisterAccessError),
    /// The card can't be locked.
    #[error("{0}")]
    Lock(#[from] LockError),
}

/// Why there is no signer of mdocs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignerError {
    /// The folder of the authorities can't be used.
    #[error("{0}")]
    Authorities(#[from] CaFolderError),
    /// The register can't be read, or no certificate can state the time.
    #[error("{0}")]
    Register(#[from] ListError),
}

/// Why an operation was not done. Unless it is [`OperateError::Step`], nothing was done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperateError {
    /// A rule forbids it.
    #[error("{0}")]
    Refused(#[from] CounterError),
    /// The state of the card can't be read.
    #[error("{0}")]
    Card(#[from] Error),
    /// The register can't be read or written.
    #[error("{0}")]
    Register(#[from] RegisterError),
    /// Another operation on the card is not finished, and must be first.
    #[error("the operation {0} on this card is not finished, and must be first")]
    Pending(OperationId),
    /// Another counter has changed the card meanwhile.
    #[error("another counter has changed the card meanwhile")]
    Overtaken,
    /// Every serial number that was drawn is taken.
    #[error("every serial number that was drawn is taken")]
    SerialsTaken,
    /// The register holds another certificate with this serial number of the card.
    #[error("the register holds another certificate with the serial number {0:06X} of this card, from another seed")]
    OtherCertificate(u32),
    /// The register holds no certificate with this serial number of the card.
    #[error("the register holds no certificate with the serial number {0:06X} of this card")]
    UnknownCertificate(u32),
    /// The one-time code is used or has run out.
    #[error("the code is used or has run out")]
    NoCode,
    /// The card afterwards has no record.
    #[error("{0}")]
    Record(#[from] RecordError),
    /// A certificate on the card can't be read.
    #[error("{0}")]
    Certificate(#[source] IssuanceError),
    /// The card can't be changed.
    #[error("{0}")]
    Side(#[from] SideError),
    /// A step of the operation failed: what that leaves depends on the step.
    #[error("{0}")]
    Step(#[from] Box<StepError<SideError>>),
}

/// Why the kiosk does not do something. The sign password is as it was, unless it is a [`OperateError::Step`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TerminalError {
    /// The card can't be served.
    #[error("{0}")]
    Open(#[from] OpenError),
    /// A rule forbids it, or the PIN is wrong.
    #[error("{0}")]
    Refused(#[from] KioskError),
    /// The card has no such code, or it is used or has run out.
    #[error("this is no code for the card, or it is used or has run out")]
    NoSuchCode,
    /// A code that is given now would last beyond the year 9999.
    #[error("no code lasts beyond the year 9999")]
    OutOfCalendar,
    /// The card can't be used.
    #[error("{0}")]
    Card(#[from] Error),
    /// The register can't be read or written.
    #[error("{0}")]
    Register(#[from] RegisterError),
    /// The password was not reset.
    #[error("{0}")]
    Operate(#[from] OperateError),
}
