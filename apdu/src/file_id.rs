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

    /// The short EF identifier that means this file; `None` if none does.
    pub const fn sfi(self) -> Option<u8> {
        match self.0 {
            1..=30 => Some(self.0 as u8),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_identifier_and_its_file_mean_each_other() {
        for sfi in 0..=u8::MAX {
            let file = FileId::from_sfi(sfi);
            assert_eq!(file.is_some(), (1..=30).contains(&sfi));
            assert_eq!(file.and_then(FileId::sfi), file.map(|_| sfi));
        }
        let with_one = (0..=u16::MAX).filter(|id| FileId::new(*id).sfi().is_some());
        assert_eq!(with_one.count(), 30);
    }
}
