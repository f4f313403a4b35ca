//! Why a card can't be opened, or its state not used.

use std::io;
use std::path::PathBuf;

use vmyna_apdu::{Aid, ReaderError, ShowPath as _, shown};
use vmyna_applets::free_area::FreeAreaError;
use vmyna_applets::image::ImageError;
use vmyna_applets::specimen::SpecimenError;
use vmyna_card_os::CardError;
use vmyna_card_os::state::StoreError;

use crate::contents::ContentsError;
use crate::control::ControlError;
use crate::folder::{FolderError, STATE_VARIABLE};

/// Why a card can't be opened, or its state not used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no specimen of this name.
    #[error("specimen:{}: there is no such specimen", shown(.0))]
    NoSuchSpecimen(String),
    /// The built-in specimens are damaged.
    #[error("{0}")]
    Specimens(#[source] SpecimenError),
    /// The image can't be used.
    #[error("{error}")]
    Image {
        /// The path of the image.
        file: PathBuf,
        /// The reason.
        #[source]
        error: ImageError,
    },
    /// The image holds several cards, and none of them was named.
    #[error(
        "{file} holds {count} cards; name one, e.g. {file}#{first}; there are {names}{more}",
        file = .file.shown(),
        first = .names.first().map_or("NAME", String::as_str),
        names = .names.join(", "),
        more = if *.count > .names.len() as u64 { ", …" } else { "" },
    )]
    SeveralCards {
        /// The path of the image.
        file: PathBuf,
        /// How many cards it holds.
        count: u64,
        /// The names of the first ones.
        names: Vec<String>,
    },
    /// The card can't be made.
    #[error("{card}: {error}")]
    Card {
        /// The name of the card, or the path of its state.
        card: String,
        /// The reason.
        #[source]
        error: CardError,
    },
    /// The applications can't be in the free area of the card together.
    #[error("{card}: {error}")]
    FreeArea {
        /// The name of the card, or the path of its state.
        card: String,
        /// The reason.
        #[source]
        error: FreeAreaError,
    },
    /// An application that is to be on this card for one use only, and the card keeps a state.
    #[error("{0} keeps a state, so an application is installed into it or is not on it")]
    NotInstalled(String),
    /// The free area of the card of this name has no application with this AID.
    #[error("{0} has no application {1} in its free area")]
    NoSuchApplication(String, Aid),
    /// [`STATE_VARIABLE`] contains this relative path: in another working directory the card would have another state.
    #[error("{STATE_VARIABLE} is {}, which is another folder in each working directory", .0.shown())]
    RelativeStateFolder(PathBuf),
    /// The folder of the state can't be used.
    #[error("{0}")]
    Folder(#[from] FolderError),
    /// The record in the state at this path can't be the card.
    #[error("{0}: {1}")]
    Contents(String, #[source] ContentsError),
    /// The mark of an operation at this path can't be read or written.
    #[error("{path}: {error}", path = .0.shown(), error = .1)]
    Mark(PathBuf, #[source] io::Error),
    /// The state can't be used.
    #[error("{0}")]
    State(#[from] StoreError),
    /// The process that uses the card did not do what it was asked for.
    #[error("{0}")]
    Control(#[from] ControlError),
    /// The socket by which other processes reach the card can't be made.
    #[error("no socket can be made for the card: {0}")]
    Socket(#[source] io::Error),
    /// The system has no thread for the card.
    #[error("no thread can be started: {0}")]
    Thread(#[source] io::Error),
    /// The reader does not accept the card.
    #[error("{0}")]
    Reader(#[source] ReaderError),
}
