//! `--ap FILE`: applications for the free area of a built-in card, for one run of a command.

use std::path::PathBuf;

use clap::Args;
use rand_core::OsRng;
use vmyna::{CardSource, Error};

use crate::application_files::ApplicationFiles;
use crate::failure::Failure;

/// The files.
#[derive(Args)]
pub(crate) struct Applications {
    /// Put the applications of this file (*.ap.toml) into the free area (空き領域) of a built-in card, which keeps nothing of
    /// them; repeat it for several. `vmyna card install` puts them into an issued card
    #[arg(id = "ap", long = "ap", value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Applications {
    /// Whether there is none.
    pub(crate) const fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The card with the applications.
    ///
    /// # Errors
    /// A file is faulty, the card can't have its applications, or it is a card of an image.
    pub(crate) fn on(&self, card: &CardSource) -> Result<CardSource, Failure> {
        if self.is_empty() {
            return Ok(card.clone());
        }
        let files = ApplicationFiles::read(&self.files)?;
        let (issued, place) = card.find()?;
        if place.is_some() {
            return Err(Error::NotInstalled(card.to_string()).into());
        }
        let before = issued.free.len();
        let free = files.on(issued, &mut OsRng)?.free;
        Ok(card.clone().with_applications(free.into_iter().skip(before).collect()))
    }
}
