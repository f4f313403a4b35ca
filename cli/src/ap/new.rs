//! `vmyna ap new`: a declaration file to begin with.

use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};
use vmyna_apdu::{Aid, ShowPath as _, hex};
use vmyna_files::Unfinished;

use super::args::New;
use crate::failure::{Failure, path_failure};
use crate::output;

/// The declaration, with `NAME` and `AID` in place of the application's.
const SKELETON: &str = include_str!("skeleton.ap.toml.txt");

/// Runs the command.
pub(super) fn run(arguments: &New) -> Result<(), Failure> {
    let path = &arguments.file;
    let name = name_of(path);
    let text = SKELETON.replace("{NAME}", &name).replace("{AID}", &aid_of(&name));
    let written = Unfinished::beside(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.put_new(path)
    });
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::Usage(format!("{} exists and is not replaced", path.shown())),
        _ => path_failure(&error, format!("{} can't be written: {error}", path.shown())),
    })?;
    let shown = path.shown();
    let mut out = output::text();
    writeln!(
        out,
        "{shown}: application {name}, PIN 1234; check it with `vmyna ap check {shown}`"
    )?;
    Ok(out.flush()?)
}

/// The application's name: that of the file, as far as it can be one.
fn name_of(path: &Path) -> String {
    let file = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let stem = file.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let letter = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let name: String = stem
        .chars()
        .map(|one| if letter(one) { one } else { '-' })
        .take(32)
        .collect();
    let is_name = name.starts_with(|first: char| first.is_ascii_lowercase());
    let reserved = ["and", "or", "always", "never", "unsuited", "jpki"].contains(&name.as_str());
    if is_name && !reserved {
        name
    } else {
        "example".to_owned()
    }
}

/// An AID of nobody's: F0 begins those that are not registered, and what follows differs between names.
fn aid_of(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    let bytes: Vec<u8> = [0xF0].into_iter().chain(digest.into_iter().take(7)).collect();
    debug_assert!(Aid::new(&bytes).is_some());
    hex::encode(&bytes)
}
