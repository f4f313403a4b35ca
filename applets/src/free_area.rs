//! Applications of others in the card's free area (空き領域): owned declarations that were checked.
//!
//! Municipalities, the state and private bodies put applications of their own beside those of the card. A
//! [`FreeApplication`] is one of them, whatever it was read from; [`check_set`] checks those of one card together. The card
//! runs them with the same code as its own.
//!
//! The limits are those of this card, not of a real one: their number and the size of a real free area are not published
//! (`assumed`).

use std::collections::BTreeSet;
use std::fmt;

use vmyna_apdu::{Aid, FileId, shown};
use vmyna_card_os::declaration::{Application, Body, DeclarationError, File, Format, Pin, check};
use vmyna_card_os::rule::Basis;

use crate::{aids, assumed, image};

/// The most applications in the free area of a card.
pub const MOST_APPLICATIONS: usize = 20;
/// The most files of one application.
pub const MOST_FILES: usize = 64;
/// The longest file, in bytes: of one with records all of them together, as many and as long as it has room for.
pub const LONGEST_FILE: usize = 32 * 1024;
/// The longest name of an application or a file, in bytes.
pub const LONGEST_NAME: usize = 64;
/// The longest Japanese name of an application or a file, in bytes.
pub const LONGEST_TITLE: usize = 192;
/// The longest source of a declaration, in bytes.
pub const LONGEST_SOURCE: usize = 1024;

/// The declaration of an application in the free area, as it was checked. `Debug` shows no content, PIN or key.
#[derive(Clone, Debug)]
pub struct FreeApplication(Application);

/// Why a declaration can't be in the free area.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FreeAreaError {
    /// The name of the application as it is declared; empty for a fault of the whole set.
    pub application: String,
    /// The file, for a fault of one file.
    pub file: Option<FileId>,
    /// The fault, in a sentence.
    pub fault: String,
}

impl fmt::Display for FreeAreaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.application.is_empty() {
            write!(f, "application {}: ", shown(&self.application))?;
        }
        if let Some(file) = self.file {
            write!(f, "EF {file}: ")?;
        }
        f.write_str(&self.fault)
    }
}

impl std::error::Error for FreeAreaError {}

impl From<DeclarationError> for FreeAreaError {
    fn from(error: DeclarationError) -> Self {
        Self {
            application: error.application,
            file: None,
            fault: error.fault,
        }
    }
}

impl FreeApplication {
    /// The application, if everything that one application shows by itself is in order: names, AID, sizes, access. A PIN that
    /// it shares with another application, and its parent, are checked by [`check_set`].
    ///
    /// # Errors
    /// [`FreeAreaError`]: the first fault.
    pub fn new(application: Application) -> Result<Self, FreeAreaError> {
        let checked = Self::checked(application)?;
        match image::application::is_storable(&checked.0) {
            true => Ok(checked),
            false => Err(fault(
                &checked.0,
                None,
                "it has more files, records and conditions, or conditions nested deeper, than an image can hold",
            )),
        }
    }

    /// As [`Self::new`], for an application that was stored.
    pub(crate) fn checked(application: Application) -> Result<Self, FreeAreaError> {
        check_names(&application)?;
        for (built_in, name) in aids::BUILT_IN {
            if *application.name == *name {
                return Err(fault(
                    &application,
                    None,
                    format!("the card has an application {name} of its own"),
                ));
            }
            if application.aid.overlaps(&built_in) {
                let text = format!(
                    "AID {} and {built_in} of the card's {name}: one begins the other",
                    application.aid
                );
                return Err(fault(&application, None, text));
            }
        }
        if !application.data_objects.is_empty() {
            let text = "GET DATA finds only the card's own data objects: it can't have any";
            return Err(fault(&application, None, text));
        }
        if application.last_command.is_some() {
            let text = "the last-command indicator is of a phone's token: it can't have it";
            return Err(fault(&application, None, text));
        }
        if application.files.len() > MOST_FILES {
            let count = application.files.len();
            let text = format!("{count} files are more than an application can have ({MOST_FILES})");
            return Err(fault(&application, None, text));
        }
        for file in &application.files {
            check_file(&application, file)?;
        }
        // The application that is selected at power-up is another one.
        let first = Application::new(aids::CARD_MANAGER, "card_manager", "", assumed("any card has one"));
        check(&[first, alone(&application)])?;
        Ok(Self(application))
    }

    /// The declaration.
    #[must_use]
    pub const fn application(&self) -> &Application {
        &self.0
    }

    /// The declaration, for a card.
    #[must_use]
    pub fn into_application(self) -> Application {
        self.0
    }
}

impl PartialEq for FreeApplication {
    /// Whether both declare the same, to the last byte.
    fn eq(&self, other: &Self) -> bool {
        image::application::is_same(&self.0, &other.0)
    }
}

impl Eq for FreeApplication {}

/// Checks the applications of one card together: their number, equal names and AIDs, AIDs that begin another, and whether
/// parents and shared PINs are there.
///
/// # Errors
/// [`FreeAreaError`]: the first fault.
pub fn check_set(applications: &[FreeApplication]) -> Result<(), FreeAreaError> {
    if applications.len() > MOST_APPLICATIONS {
        return Err(FreeAreaError {
            application: String::new(),
            file: None,
            fault: format!(
                "{} applications are more than the free area of a card can have ({MOST_APPLICATIONS})",
                applications.len()
            ),
        });
    }
    for (at, FreeApplication(application)) in applications.iter().enumerate() {
        for FreeApplication(before) in applications.iter().take(at) {
            let (aid, other) = (application.aid, before.aid);
            if application.name == before.name {
                return Err(fault(application, None, "another application has this name"));
            }
            if aid == other {
                let text = format!("AID {aid} is also that of the application {}", before.name);
                return Err(fault(application, None, text));
            }
            if aid.overlaps(&other) {
                let text = format!(
                    "AID {aid} and {other} of the application {}: one begins the other",
                    before.name
                );
                return Err(fault(application, None, text));
            }
        }
        check_references(application, applications)?;
    }
    Ok(())
}

/// The refusal of applications on a phone.
pub(crate) fn none_on_a_phone() -> FreeAreaError {
    FreeAreaError {
        application: String::new(),
        file: None,
        fault: "a phone has no free area, only cards do".to_owned(),
    }
}

/// The application as if nothing in it depended on another one.
fn alone(application: &Application) -> Application {
    let mut alone = application.clone().with_parent(None);
    for file in &mut alone.files {
        if matches!(file.body, Body::SharedPin(_)) {
            file.body = Body::Pin(Pin::unset(Format::digits(4), 1));
        }
    }
    alone
}

/// Whether parent and shared PINs are there.
fn check_references(application: &Application, all: &[FreeApplication]) -> Result<(), FreeAreaError> {
    let declared = |aid: Aid| {
        all.iter()
            .map(FreeApplication::application)
            .find(|other| other.aid == aid)
    };
    let is_built_in = |aid: Aid| aids::BUILT_IN.iter().any(|(built_in, _)| *built_in == aid);
    if let Some(parent) = application.parent {
        if parent == application.aid {
            return Err(fault(application, None, "it is its own parent"));
        }
        if declared(parent).is_none() && !is_built_in(parent) {
            return Err(fault(
                application,
                None,
                format!("its parent {parent} is not on the card"),
            ));
        }
    }
    for file in &application.files {
        let Body::SharedPin(shared) = &file.body else { continue };
        let is_there = match declared(shared.aid) {
            Some(other) => matches!(other.file(shared.file).map(|file| &file.body), Some(Body::Pin(_))),
            None => crate::pins::CardPin::of(shared.aid, shared.file).is_some(),
        };
        if !is_there {
            let text = format!(
                "there is no PIN {} in an application {} of the card",
                shared.file, shared.aid
            );
            return Err(fault(application, Some(file.id), text));
        }
    }
    Ok(())
}

fn fault(application: &Application, file: Option<FileId>, fault: impl Into<String>) -> FreeAreaError {
    FreeAreaError {
        application: application.name.to_string(),
        file,
        fault: fault.into(),
    }
}

fn check_names(application: &Application) -> Result<(), FreeAreaError> {
    let name = application.name.as_bytes();
    let allowed = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    let is_name = name.len() <= LONGEST_NAME && name.iter().all(allowed);
    if !is_name || name.first().is_none_or(|first| *first == b'-') {
        let text = format!("a name is 1 to {LONGEST_NAME} of a-z, 0-9 and -, and begins with a letter or a digit");
        return Err(fault(application, None, text));
    }
    check_title(&application.title).map_err(|text| fault(application, None, text))?;
    check_source(&application.basis).map_err(|text| fault(application, None, text))?;
    let mut names = BTreeSet::new();
    for file in &application.files {
        let in_file = |text| fault(application, Some(file.id), text);
        if !is_file_name(&file.name) {
            return Err(in_file(format!(
                "a name is 1 to {LONGEST_NAME} of letters of ASCII, digits, - _ . and single spaces between them, and begins with a letter or \
                 a digit"
            )));
        }
        if !names.insert(&file.name) {
            return Err(in_file(format!("another file is called {}", file.name)));
        }
        check_title(&file.title).map_err(in_file)?;
        check_source(&file.basis).map_err(in_file)?;
        if let Some(extent) = &file.extent {
            check_source(&extent.basis).map_err(in_file)?;
        }
    }
    Ok(())
}

/// A file's name is typed behind the application's, as in `employee:pin` and `employee/data`.
fn is_file_name(name: &str) -> bool {
    let words = |name: &str| {
        let byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        name.split(' ').all(|word| !word.is_empty() && word.bytes().all(byte))
    };
    name.len() <= LONGEST_NAME && words(name) && name.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
}

fn check_title(title: &str) -> Result<(), String> {
    match title.len() <= LONGEST_TITLE && !title.chars().any(char::is_control) {
        true => Ok(()),
        false => Err(format!(
            "a Japanese name has at most {LONGEST_TITLE} bytes in UTF-8 and no control characters"
        )),
    }
}

fn check_source(basis: &Basis) -> Result<(), String> {
    match basis.source.len() <= LONGEST_SOURCE && !basis.source.chars().any(char::is_control) {
        true => Ok(()),
        false => Err(format!(
            "a source has at most {LONGEST_SOURCE} bytes in UTF-8 and no control characters"
        )),
    }
}

fn check_file(application: &Application, file: &File) -> Result<(), FreeAreaError> {
    let length = match &file.body {
        Body::Transparent(content) => content.as_bytes().len(),
        Body::Records(records) => records.iter().map(|record| record.as_bytes().len()).sum(),
        _ => 0,
    };
    let room = file.room.as_ref();
    let room = room.map_or(0, |room| usize::from(room.records) * usize::from(room.length));
    match length.max(room) {
        0..=LONGEST_FILE => Ok(()),
        longer => {
            let text = format!("{longer} bytes are more than a file can have ({LONGEST_FILE})");
            Err(fault(application, Some(file.id), text))
        }
    }
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
