//! Which authorities: a folder of the user's, or the built-in ones.

use std::convert::Infallible;
#[cfg(feature = "authority")]
use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr;

/// A folder of authorities, or the built-in ones.
#[derive(Clone, Debug)]
pub(crate) enum Authority {
    Specimen,
    Folder(PathBuf),
}

impl FromStr for Authority {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "specimen" => Self::Specimen,
            folder => Self::Folder(folder.into()),
        })
    }
}

impl Authority {
    /// The folder; none for the built-in ones.
    #[cfg(feature = "authority")]
    pub(crate) fn folder(&self) -> Option<&Path> {
        match self {
            Self::Specimen => None,
            Self::Folder(folder) => Some(folder),
        }
    }
}
