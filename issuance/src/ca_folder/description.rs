//! `ca.toml`: the format of a folder of authorities, the address of their services, and how many generations they have.
//!
//! Format 1 has neither address nor further generations. A folder that has one of them is format 2, because a program that
//! knows format 1 alone would issue under the first generation and with the built-in address.

use std::io;
use std::path::Path;

use der::DateTime;

use super::{CaFolderError, LONGEST_FILE};
use crate::x509::ServiceUrl;

pub(super) const DESCRIPTION: &str = "ca.toml";
/// The newest format that is read.
pub(super) const FORMAT: i64 = 2;
/// The most generations of a folder.
pub const MOST_GENERATIONS: i64 = 100;

/// What it states.
pub(super) struct Description {
    /// When the first generation begins: for people, the certificates state it too.
    pub(super) begin: Option<DateTime>,
    /// The address in the certificates that are issued; the built-in one if there is none.
    pub(super) service: Option<ServiceUrl>,
    /// How many generations count, from 1 on.
    pub(super) generations: i64,
}

impl Description {
    /// Reads that of a folder.
    pub(super) fn read(folder: &Path) -> Result<Self, CaFolderError> {
        let path = folder.join(DESCRIPTION);
        let none = || CaFolderError::NoCaFolder(folder.to_owned());
        let text = vmyna_files::read_text(&path, LONGEST_FILE).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => none(),
            _ => CaFolderError::Io(path.clone(), error),
        })?;
        let table: toml::Table = text.parse().map_err(|_| none())?;
        let mut description = Self {
            begin: table
                .get("begin")
                .and_then(toml::Value::as_str)
                .and_then(|begin| begin.parse().ok()),
            service: None,
            generations: 1,
        };
        match table.get("format").and_then(toml::Value::as_integer) {
            Some(1) => return Ok(description),
            Some(FORMAT) => {}
            Some(newer) if newer > FORMAT => return Err(CaFolderError::Newer(folder.to_owned(), newer)),
            _ => return Err(none()),
        }
        let fault = |rule| CaFolderError::Description(path.clone(), rule);
        if let Some(url) = table.get("url") {
            let url = url.as_str().and_then(|url| url.parse().ok());
            description.service = Some(url.ok_or_else(|| fault("url is http://HOST:PORT"))?);
        }
        if let Some(generations) = table.get("generations") {
            let generations = generations
                .as_integer()
                .filter(|many| (1..=MOST_GENERATIONS).contains(many));
            description.generations = generations.ok_or_else(|| fault("generations is a number from 1 to 100"))?;
        }
        Ok(description)
    }

    /// Its text, in the oldest format that can state it.
    pub(super) fn text(&self) -> String {
        let mut text = "\
# Certificate authorities for virtual My Number Cards, for tests only: not issued by J-LIS, trusted by nobody.
# The keys here are secret; whoever has them can issue cards in the name of these authorities.
"
        .to_owned();
        let format = match (&self.service, self.generations) {
            (None, ..=1) => 1,
            _ => FORMAT,
        };
        text += &format!("format = {format}\n");
        if let Some(begin) = self.begin {
            text += &format!("begin = \"{begin}\"\n");
        }
        if let Some(service) = &self.service {
            text += &format!("url = \"{service}\"\n");
        }
        if self.generations > 1 {
            text += &format!("generations = {}\n", self.generations);
        }
        text
    }
}
