//! The host program behind a browser extension: Chrome's native messaging on standard input and output, answered by a
//! virtual card.
//!
//! Web sites that log in with the card's reader talk to an extension, and the extension to a program of the computer. That
//! protocol is known from published clients (`client`); this module speaks its modes 01 (log-in), 02 (signature), 04
//! (input assistance) and 05 (close). The extension asks the person for the PIN; no site ever has it.
//!
//! ```
//! use vmyna::CardSource;
//! use vmyna_desk::client::CardClient;
//! use vmyna_desk::native_host::{Uuid, converse, frame};
//!
//! let mut input = Vec::new();
//! let digest = "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo="; // 32 bytes
//! let request = format!(r#"{{"mode":"01","service_id":"01","digest":"{digest}","pin":"1234"}}"#);
//! frame::write(&mut input, request.as_bytes())?;
//!
//! let mut output = Vec::new();
//! converse(&mut &input[..], &mut output, &Uuid::random()?, &mut || CardClient::open(&CardSource::hanako()))?;
//! let answer = frame::read(&mut &output[..])?.ok_or("no answer")?;
//! assert!(answer.starts_with(br#"{"#) && answer.windows(11).any(|part| part == br#""signature""#));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! It must never write anything but frames to the output, or answer a caller other than the extension. It must never put a
//! PIN into an answer, an error or a log.

mod answer;
mod browser;
pub mod caller;
mod converse;
mod error;
pub mod extension;
pub mod frame;
mod install;
mod request;
mod settings;
mod uuid;

pub use browser::Browser;
pub use converse::{ConversationError, converse};
pub use error::InstallError;
pub use install::{Installation, Written};
pub use settings::{Settings, Source};
pub use uuid::Uuid;

/// The name of the host, by which the extension calls it and which is the name of its manifest.
pub const HOST_NAME: &str = "vmyna.native_host";
