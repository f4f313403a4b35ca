//! The one error of the host programs.

use std::io;
use std::path::PathBuf;

use vmyna_apdu::{ShowPath as _, StatusWord, shown};

/// Why a program has failed: the object, the fact, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The PC/SC service refuses.
    #[error(
        "PC/SC: {0}; is a reader connected and the service running? With a virtual card: vmyna run --ap FILE -- PROGRAM"
    )]
    Service(pcsc::Error),
    /// No reader, or none of this name.
    #[error("no reader{}; the readers are: {}", .wanted.as_deref().map(|name| format!(" {:?}", shown(name))).unwrap_or_default(), list(.readers))]
    NoReader {
        /// The name that was asked for.
        wanted: Option<String>,
        /// Those that exist.
        readers: Vec<String>,
    },
    /// The card in the reader can't be used.
    #[error("the card in the reader {:?}: {}", shown(.reader), reason(*.error))]
    Card {
        /// The reader.
        reader: String,
        /// What the service reports.
        error: pcsc::Error,
    },
    /// The card has no such application.
    #[error("this card has no application for {name} (SELECT answers 6A82)")]
    NoApplication {
        /// The application.
        name: &'static str,
    },
    /// The application is locked.
    #[error("the application for {name} is locked (SELECT answers 6283); its issuer can unlock it")]
    Locked {
        /// The application.
        name: &'static str,
    },
    /// A wrong PIN.
    #[error("the {name} is wrong; {tries} tries are left")]
    WrongPin {
        /// The PIN.
        name: &'static str,
        /// Tries left.
        tries: u8,
    },
    /// A PIN without tries.
    #[error("the {name} is blocked after too many wrong ones; its issuer can reset it")]
    Blocked {
        /// The PIN.
        name: &'static str,
    },
    /// A command was refused.
    #[error("{what}: the card answers {status} ({})", .status.meaning())]
    Refused {
        /// What the command was for.
        what: &'static str,
        /// The answer.
        status: StatusWord,
    },
    /// Data is not of the form that it must have.
    #[error("{what}: {fault}")]
    Malformed {
        /// Which data.
        what: &'static str,
        /// What is wrong.
        fault: &'static str,
    },
    /// A proof does not hold.
    #[error("NOT GENUINE: {0}")]
    NotGenuine(&'static str),
    /// OpenSSL can't do it.
    #[error("{what}: {error}")]
    Crypto {
        /// What was to be done.
        what: &'static str,
        /// OpenSSL's reason.
        error: openssl::error::ErrorStack,
    },
    /// A file can't be read or written.
    #[error("{}: {error}", .path.shown())]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        error: io::Error,
    },
    /// Standard input, standard output or the terminal fails.
    #[error("{what}: {error}")]
    Stream {
        /// Which.
        what: &'static str,
        /// The reason.
        error: io::Error,
    },
    /// The server can't be reached or refuses.
    #[error("the server: {0}")]
    Server(String),
    /// A fact about what the user asked for.
    #[error("{0}")]
    Other(String),
}

/// What the service reports, in words that fit a command to a card.
fn reason(error: pcsc::Error) -> String {
    match error {
        // The service calls it "end a non-existent transaction". It means that the reader got no answer.
        pcsc::Error::NotTransacted => "it did not answer the command; was it taken out?".to_owned(),
        error => error.to_string(),
    }
}

impl HostError {
    /// Adds to an error of OpenSSL what was to be done.
    pub fn crypto(what: &'static str) -> impl Fn(openssl::error::ErrorStack) -> Self {
        move |error| Self::Crypto { what, error }
    }

    /// Adds to an error of a stream which it was.
    pub fn stream(what: &'static str) -> impl Fn(io::Error) -> Self {
        move |error| Self::Stream { what, error }
    }
}

fn list(readers: &[String]) -> String {
    let quoted: Vec<String> = readers.iter().map(|name| format!("{:?}", shown(name))).collect();
    match quoted.is_empty() {
        true => "none".to_owned(),
        false => quoted.join(", "),
    }
}
