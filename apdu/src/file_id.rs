//! File identifiers: the two bytes by which an EF is selected.

use core::fmt;

/// A two-byte file identifier.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u16);

impl FileId {
    /// The file with this identifier.
    pub const fn new(id: u16) -> Self {
        Self(id)
    }

    /// The identifier as a number.
    pub const fn value(self) -> u16 {
        self.0
    }

    /// The file that a short EF identifier (SFI) 1 to 30 means, `None` for another number (JICSAP 4.2 (2)).
    pub const fn from_sfi(sfi: u8) -> Option<Self> {
        match sfi {
            1..=30 => Some(Self(sfi as u16)),
            _ => None,
        }
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

impl fmt::Debug for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
