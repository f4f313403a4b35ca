//! What a trace may have, so that a hostile one does not exhaust memory: whatever reads one refuses more.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::ops::Deref;
use std::sync::Arc;

use vmyna_apdu::Foreign;

use super::ReadError;

/// The most bytes of a trace that is read.
pub const LONGEST: u64 = 512 << 20;
/// The most messages of it.
pub const MOST_MESSAGES: usize = 2_000_000;
/// The most readers in it, and the most interfaces in a section of pcapng. The conformance suite makes some hundred.
pub const MOST_READERS: usize = 10_000;
/// The longest name of a reader, in bytes. A longer one is cut when it is written, and refused when it is read.
pub const LONGEST_NAME: usize = 1024;

/// The name of a reader. Messages of one reader share it, however many they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReaderName(Arc<Foreign>);

impl Deref for ReaderName {
    type Target = Foreign;

    fn deref(&self) -> &Foreign {
        &self.0
    }
}

impl<T: Into<String>> From<T> for ReaderName {
    fn from(name: T) -> Self {
        Self(Arc::new(Foreign::from(name)))
    }
}

// Equal names have equal raw texts, and hash alike.
impl Borrow<str> for ReaderName {
    fn borrow(&self) -> &str {
        self.0.raw()
    }
}

/// The names of readers in a trace that is being read, each in memory once.
#[derive(Debug, Default)]
pub struct Readers(HashSet<ReaderName>);

impl Readers {
    /// The name.
    ///
    /// # Errors
    /// [`ReadError::LongName`] and [`ReadError::TooManyReaders`].
    pub fn name(&mut self, name: &str) -> Result<ReaderName, ReadError> {
        if let Some(known) = self.0.get(name) {
            return Ok(known.clone());
        }
        if name.len() > LONGEST_NAME {
            return Err(ReadError::LongName);
        }
        if self.0.len() == MOST_READERS {
            return Err(ReadError::TooManyReaders);
        }
        let name = ReaderName::from(name);
        self.0.insert(name.clone());
        Ok(name)
    }
}
