//! Files of others and files for others.
//!
//! [`read`] and [`open`] take ordinary files only, and no more bytes than their caller states, because a received folder may
//! hold a link to a device without end or a pipe that lets a reader wait. [`read_named`] also takes a pipe that the shell
//! made for the process (`<(…)`, `/dev/stdin`).
//!
//! [`replace`] writes a file whole or not at all, and follows a symbolic link only if it belongs to the user or to root.
//! [`Unfinished`] and [`UnfinishedFolder`] are what has no name yet. What a killed process left of them is removed when the
//! same user makes the next one in the same folder.
//!
//! The crate must never open a device or pipe by surprise, wait for another process, or remove a file that it did not make.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod ordinary;
mod replace;
mod unfinished;

pub use ordinary::{NotOrdinary, TooLong, open, open_named, read, read_named, read_text};
pub use replace::{OthersLink, can_replace, replace};
pub use unfinished::{Unfinished, UnfinishedFolder};

use std::path::Path;

/// The folder of a path.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests;
