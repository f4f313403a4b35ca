//! The declaration file `*.ap.toml`: applications of others for the card's free area (空き領域), as TOML.
//!
//! ```
//! use vmyna_issuance::applets::specimen;
//! use vmyna_issuance::application_file::ApplicationFile;
//! use vmyna_issuance::rand_core::OsRng;
//!
//! let declaration = r#"
//!     format = 1
//!     [[application]]
//!     name = "hello"
//!     title = "挨拶AP"
//!     aid = "F0 00 00 00 01"
//!     source = "an invention of this page"
//!     [[application.pin]]
//!     name = "pin"
//!     ef = "0006"
//!     length = 4
//!     tries = 3
//!     value = "1234"
//!     [[application.file]]
//!     name = "greeting"
//!     ef = "0001"
//!     content = { text = "hello" }
//!     read = "pin"
//! "#;
//! let file = ApplicationFile::parse(declaration, None).map_err(|errors| errors[0].clone())?;
//! let card = specimen::find("hanako")?.ok_or("no such specimen")?;
//! let made = file.make(&card, &mut OsRng).map_err(|errors| errors[0].clone())?;
//! assert_eq!(made[0].application().files.len(), 2);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! [`ApplicationFile::parse`] reports all faults at once, each with its line and field. It reads the files that the
//! declaration names, which lie below its folder. [`ApplicationFile::make`] makes what differs between cards: keys, serial
//! numbers, values of the cardholder. [`schema`] and [`reference()`] describe the format, made of the table that
//! the checks use.
//!
//! This module must never ignore what it can't express. It must never put a value of a PIN or a key into an error, open a
//! file outside the folder, or issue in a name without TEST.

mod certificate;
mod condition;
mod encoding;
mod folder;
mod form;
mod keys;
mod make;
mod read;
mod reference;
mod schema;
mod source;
mod table;
mod template;
#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;

use rand_core::CryptoRngCore;
use vmyna_apdu::Text;
use vmyna_applets::free_area::FreeApplication;
use vmyna_applets::issued::IssuedCard;

pub use reference::reference;
pub use schema::schema;

use super::toml_file::{self, TomlFileError};
use folder::Folder;
use make::Maker;
use read::Reader;
use source::Source;
use template::Declared;

/// One error of a declaration file and its place. It never holds the value that is wrong.
pub type ApplicationFileError = TomlFileError;

/// The longest declaration file, in bytes: 1 MiB.
pub const LONGEST_DECLARATION: u64 = 1 << 20;

/// A declaration file that was read and checked. `Debug` shows no PIN and no key.
#[derive(Clone, Debug)]
pub struct ApplicationFile {
    declared: Vec<Declared>,
}

/// Why a declaration file can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file itself can't be read.
    #[error("can't be read: {0}")]
    Io(#[from] io::Error),
    /// What it declares is wrong: all faults, in the order of their lines.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Faults(Vec<ApplicationFileError>),
}

impl ApplicationFile {
    /// Reads a declaration file, and the files that it names.
    ///
    /// # Errors
    /// [`ReadError::Io`] if the file can't be read, is no ordinary file or has more than [`LONGEST_DECLARATION`] bytes;
    /// [`ReadError::Faults`] as [`Self::parse`].
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let text = vmyna_files::read_text(path, LONGEST_DECLARATION)?;
        Self::parse(&text, path.parent()).map_err(ReadError::Faults)
    }

    /// Reads a declaration, and the files that it names below `folder`. Without a folder it can name none.
    ///
    /// # Errors
    /// Every fault of the declaration, in the order of its lines. Faults of TOML itself come alone: what the rest means is not
    /// certain then.
    pub fn parse(text: &str, folder: Option<&Path>) -> Result<Self, Vec<ApplicationFileError>> {
        let whole = |message: String| vec![ApplicationFileError::new("", None, Text::same(message))];
        if text.len() as u64 > LONGEST_DECLARATION {
            return Err(whole("is longer than 1 MiB".to_owned()));
        }
        let folder = Folder::new(folder).map_err(|error| whole(format!("its folder can't be opened: {error}")))?;
        let text = toml_file::without_mark(text);
        let table = toml_file::parse(text)?;
        let mut source = Source::new(text);
        let top = source.top(&table);
        let declared = Reader::new(&mut source, &folder).file(&top);
        let faults = source.into_faults();
        match declared {
            Ok(declared) if faults.is_empty() => Ok(Self { declared }),
            _ if faults.is_empty() => Err(whole("can't be read, for a reason that has no place".to_owned())),
            _ => Err(faults),
        }
    }

    /// Makes the applications for a card. The same declaration, card and generator give the same applications.
    ///
    /// # Errors
    /// Every fault that only the card shows: names and AIDs that it has already, characters of the cardholder that an
    /// encoding lacks, contents that are too long.
    pub fn make(
        &self,
        card: &IssuedCard,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Vec<FreeApplication>, Vec<ApplicationFileError>> {
        Maker::new(card, rng).make(&self.declared)
    }
}
