//! Why a card can't be opened, or its state not used.

use std::path::PathBuf;
use std::{fmt, io};

use vmyna_apdu::ReaderError;
use vmyna_applets::image::ImageError;
use vmyna_applets::specimen::SpecimenError;
use vmyna_card_os::CardError;
use vmyna_card_os::state::StoreError;

use crate::control::ControlError;
use crate::folder::FolderError;
use crate::state::STATE_VARIABLE;

/// Why a card can't be opened, or its state not used.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// There is no specimen of this name.
    NoSuchSpecimen(String),
    /// The built-in specimens are damaged.
    Specimens(SpecimenError),
    /// The image can't be used.
    Image {
        /// The path of the image.
        file: PathBuf,
        /// The reason.
        error: ImageError,
    },
    /// The image holds several cards, and none of them was named.
    SeveralCards {
        /// The path of the image.
        file: PathBuf,
        /// How many cards it holds.
        count: u64,
        /// The names of the first ones.
        names: Vec<String>,
    },
    /// The card can't be made.
    Card {
        /// The name of the card, or the path of its state.
        card: String,
        /// The reason.
        error: CardError,
    },
    /// [`STATE_VARIABLE`] contains this relative path: in another working directory the card would have another state.
    RelativeStateFolder(PathBuf),
    /// The folder of the state can't be used.
    Folder(FolderError),
    /// The state can't be used.
    State(StoreError),
    /// The process that uses the card did not do what it was asked for.
    Control(ControlError),
    /// The socket by which other processes reach the card can't be made.
    Socket(io::Error),
    /// The reader does not accept the card.
    Reader(ReaderError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchSpecimen(name) => write!(f, "specimen:{name}: there is no such specimen"),
            Self::Specimens(error) => error.fmt(f),
            Self::Image { error, .. } => error.fmt(f),
            Self::SeveralCards { file, count, names } => {
                let file = file.display();
                let first = names.first().map_or("NAME", String::as_str);
                let more = if *count > names.len() as u64 { ", …" } else { "" };
                let names = names.join(", ");
                write!(
                    f,
                    "{file} holds {count} cards; name one, e.g. {file}#{first}; there are {names}{more}"
                )
            }
            Self::Card { card, error } => write!(f, "{card}: {error}"),
            Self::RelativeStateFolder(folder) => write!(
                f,
                "{STATE_VARIABLE} is {}, which is another folder in each working directory",
                folder.display()
            ),
            Self::Folder(error) => error.fmt(f),
            Self::State(error) => error.fmt(f),
            Self::Control(error) => error.fmt(f),
            Self::Socket(error) => write!(f, "no socket can be made for the card: {error}"),
            Self::Reader(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoSuchSpecimen(_) | Self::SeveralCards { .. } | Self::RelativeStateFolder(_) => None,
            Self::Specimens(error) => Some(error),
            Self::Image { error, .. } => Some(error),
            Self::Card { error, .. } => Some(error),
            Self::Folder(error) => Some(error),
            Self::State(error) => Some(error),
            Self::Control(error) => Some(error),
            Self::Socket(error) => Some(error),
            Self::Reader(error) => Some(error),
        }
    }
}

impl From<FolderError> for Error {
    fn from(error: FolderError) -> Self {
        Self::Folder(error)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::State(error)
    }
}

impl From<ControlError> for Error {
    fn from(error: ControlError) -> Self {
        Self::Control(error)
    }
}
