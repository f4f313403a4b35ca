//! What is known of an exploration, in a file, so that one that was killed goes on.

use serde::{Deserialize, Serialize};

use super::{Finding, Met};

/// The version of the file.
const VERSION: u32 = 1;

/// What is known so far. It has the program's arguments as they were typed, to refuse the file of another exploration.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Saved {
    version: u32,
    of: Vec<String>,
    /// The runs.
    pub runs: Vec<Known>,
    /// The findings.
    pub findings: Vec<Finding>,
}

/// One interruption at one moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Known {
    /// Its name.
    pub interruption: String,
    /// The index of the command, or of the VERIFY, from 0.
    pub index: usize,
    /// What came of it.
    pub met: Met,
    /// How long the program ran.
    pub milliseconds: u64,
}

/// Why a file is not that of this exploration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SavedError {
    /// It is none, or damaged.
    #[error("it is no file of an exploration: {0}")]
    Form(#[from] serde_json::Error),
    /// Of another version.
    #[error("it is of version {0}, and only version {VERSION} is known")]
    Version(u32),
    /// Another program, card, seed, limit or choice of interruptions.
    #[error("it is of another exploration: program, card, seed, limit and choice of interruptions must be the same")]
    Other,
}

impl Saved {
    /// Nothing is known. `of` is what must be the same when the exploration goes on.
    #[must_use]
    pub fn new(of: Vec<String>) -> Self {
        Self {
            version: VERSION,
            of,
            ..Self::default()
        }
    }

    /// Reads what [`Self::to_bytes`] has written.
    ///
    /// # Errors
    /// [`SavedError`]
    pub fn read(bytes: &[u8], of: Vec<String>) -> Result<Self, SavedError> {
        let saved: Self = serde_json::from_slice(bytes)?;
        if saved.version != VERSION {
            return Err(SavedError::Version(saved.version));
        }
        if saved.of != of {
            return Err(SavedError::Other);
        }
        Ok(saved)
    }

    /// The bytes of a file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Numbers and texts can always be written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn find(&self, interruption: &str, index: usize) -> Option<Met> {
        let known = self.runs.iter();
        let mut of = known.filter(|run| run.index == index && run.interruption == interruption);
        of.next().map(|run| run.met)
    }
}
