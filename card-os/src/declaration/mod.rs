//! What a card is issued with: applications, their files, PINs, keys and data objects, and the access to them.
//!
//! A declaration is data. Nothing here knows a command or anything that changes in use.

mod access;
mod application;
mod file;
mod key;
mod pin;

pub use access::{Access, Condition, Operation, Verdict, decide};
pub use application::{Application, DataObject, DeclarationError, SecureSession, SelectAnswer, check, find_pin};
pub(crate) use application::{MAX_RECORD, MAX_TRANSPARENT, MOST_RECORDS};
pub use file::{Body, Content, Extent, File, ObjectId, RecordRoom};
pub use key::{CertificateKey, KeyAlgorithm, PrivateKey, PublicKey, UnknownAlgorithm};
pub use pin::{Characters, Format, Pin, ReferenceData};
