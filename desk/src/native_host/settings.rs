//! What an installation states to the host: the card, the number of the installation, the browser.

use std::io;
use std::path::Path;

use serde_json::{Value, json};
use vmyna::CardSource;

use super::{Browser, InstallError, Uuid};

/// The longest file of settings, in bytes.
const LONGEST: u64 = 64 * 1024;
/// The version of the file's form.
const FORMAT: u64 = 1;

/// What an installation states to the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What answers.
    pub source: Source,
    /// The number of the installation.
    pub uuid: Uuid,
    /// The browser that starts the host.
    pub browser: Browser,
}

/// The card that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// This card; an image by its absolute path.
    Card(CardSource),
    /// The card in the PC/SC reader of this name.
    Reader(String),
}

impl Settings {
    /// Reads a file of settings.
    ///
    /// # Errors
    /// [`InstallError::Io`]; [`InstallError::Settings`] if it holds something else.
    pub fn read(path: &Path) -> Result<Self, InstallError> {
        let text = vmyna_files::read_text(path, LONGEST).map_err(InstallError::io(path, "read"))?;
        Self::parse(&text).ok_or_else(|| InstallError::Settings(path.to_owned()))
    }

    /// Reads a file of settings if there is one.
    pub(super) fn find(path: &Path) -> Result<Option<Self>, InstallError> {
        match Self::read(path) {
            Err(InstallError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            outcome => outcome.map(Some),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let text = |name: &str| value[name].as_str();
        (value["format"].as_u64() == Some(FORMAT)).then_some(())?;
        let source = match (text("card"), text("reader")) {
            (Some(card), None) => Source::Card(card.parse().ok()?),
            (None, Some(reader)) => Source::Reader(reader.to_owned()),
            _ => return None,
        };
        Some(Self {
            source,
            uuid: text("uuid")?.parse().ok()?,
            browser: text("browser")?.parse().ok()?,
        })
    }

    /// The file's content. `None` if the card's name can't be read back, such as that of an image whose path is not UTF-8.
    pub(super) fn to_json(&self) -> Option<String> {
        let Self { source, uuid, browser } = self;
        let mut value = json!({ "format": FORMAT, "uuid": uuid.to_string(), "browser": browser.name() });
        match source {
            Source::Card(card) => value["card"] = card.to_string().into(),
            Source::Reader(reader) => value["reader"] = reader.as_str().into(),
        }
        let text = format!("{value:#}\n");
        (Self::parse(&text).as_ref() == Some(self)).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt as _;

    fn settings(source: Source) -> Settings {
        Settings {
            source,
            uuid: Uuid::random().unwrap(),
            browser: Browser::Chromium,
        }
    }

    #[test]
    fn settings_are_read_as_they_were_written_and_damaged_ones_are_refused() {
        let card = "/home/花子/card.vmyna#hanako".parse().unwrap();
        for source in [Source::Card(card), Source::Reader("Reader \"0\"".to_owned())] {
            let settings = settings(source);
            let text = settings.to_json().unwrap();
            assert_eq!(Settings::parse(&text), Some(settings));
            for (from, to) in [
                ("\"format\": 1", "\"format\": 2"),
                ("chromium", "lynx"),
                ("\"uuid\": \"", "\"uuid\": \"x"),
                ("\"card\"", "\"cord\""),
                ("\"reader\"", "\"rider\""),
                ("}", ""),
            ] {
                let changed = text.replace(from, to);
                assert!(changed == text || Settings::parse(&changed).is_none(), "{from}");
            }
        }
    }

    #[test]
    fn a_card_whose_name_cannot_be_read_back_is_refused() {
        let path = OsString::from_vec(b"/home/\xFF/card.vmyna".to_vec());
        assert_eq!(
            settings(Source::Card(CardSource::Image(path.into(), None))).to_json(),
            None
        );
    }
}
