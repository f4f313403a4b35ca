//! Application identifiers: the names by which a DF is selected.

use core::fmt;

/// An application identifier (AID, DF name): 1 to 16 bytes (JICSAP 4.2 (1), ISO/IEC 7816-4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Aid {
    bytes: [u8; Self::MAX],
    length: u8,
}

impl Aid {
    /// The longest AID, in bytes.
    pub const MAX: usize = 16;

    /// An AID of these bytes, or `None` unless there are 1 to 16 of them.
    pub const fn new(name: &[u8]) -> Option<Self> {
        if name.is_empty() || name.len() > Self::MAX {
            return None;
        }
        let mut bytes = [0; Self::MAX];
        let mut at = 0;
        while at < name.len() {
            bytes[at] = name[at];
            at += 1;
        }
        Some(Self {
            bytes,
            length: name.len() as u8,
        })
    }

    /// The bytes, 1 to 16 of them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// Whether a SELECT by `name` means this application: a full name, or the beginning of one (partial selection).
    pub fn matches(&self, name: &[u8]) -> bool {
        self.as_bytes().starts_with(name)
    }

    /// Whether one of the two begins the other, or they are the same: then a SELECT could mean both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.matches(other.as_bytes()) || other.matches(self.as_bytes())
    }
}

impl fmt::Display for Aid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for Aid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aid_has_1_to_16_bytes() {
        assert!(Aid::new(&[]).is_none());
        assert!(Aid::new(&[0; 17]).is_none());
        assert_eq!(Aid::new(&[0xD3; 16]).unwrap().as_bytes(), [0xD3; 16]);
    }

    #[test]
    fn the_beginning_of_an_aid_matches_and_a_longer_name_does_not() {
        let aid = Aid::new(&[0xD3, 0x92, 0xF0]).unwrap();
        assert!(aid.matches(&[]) && aid.matches(&[0xD3]) && aid.matches(&[0xD3, 0x92, 0xF0]));
        assert!(!aid.matches(&[0xD3, 0x93]) && !aid.matches(&[0xD3, 0x92, 0xF0, 0x00]));
    }

    #[test]
    fn two_aids_overlap_if_one_begins_the_other() {
        let aid = |name: &[u8]| Aid::new(name).unwrap();
        let (short, long) = (aid(&[0xD3, 0x92]), aid(&[0xD3, 0x92, 0xF0]));
        assert!(short.overlaps(&long) && long.overlaps(&short) && short.overlaps(&short));
        assert!(!long.overlaps(&aid(&[0xD3, 0x92, 0xF1])) && !short.overlaps(&aid(&[0xD2])));
    }
}
