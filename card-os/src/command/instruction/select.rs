//! SELECT `00 A4` (JICSAP 6.4.8): an application by its name, an EF of the selected application by its identifier, and
//! the card's own idea of the MF.

use core::fmt;

use super::no_data;
use crate::rule::{self, Refusal};
use vmyna_apdu::{Aid, CommandApdu, FileId};

/// What is to be selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Select<'a> {
    /// P1=04: an application by its name or the beginning of it.
    Application {
        /// 0 to 16 bytes.
        name: &'a [u8],
        /// The first application of this name, or the next one behind the selected.
        next: bool,
        /// How many bytes of file control information (FCI) are wanted, `None` for none.
        fci: Option<u32>,
    },
    /// P1=02: an EF of the selected application.
    File {
        /// Its identifier.
        id: FileId,
        /// How many bytes of FCI are wanted, `None` for none.
        fci: Option<u32>,
    },
    /// P1=00 without data: the MF.
    MasterFile,
    /// P1=00 with an identifier: also the MF, e.g. `3F00`.
    MasterFileById(FileId),
}

impl<'a> Select<'a> {
    pub(super) fn decode(apdu: &CommandApdu<'a>) -> Result<Self, Refusal> {
        // P2: bits 4 and 3 say whether FCI is wanted, bits 2 and 1 which occurrence.
        let fci = match apdu.p2 & 0xFC {
            0x00 => Some(apdu.ne.unwrap_or(0)),
            0x0C => None,
            _ => return rule::WRONG_P1_P2.refuse(),
        };
        let next = match apdu.p2 & 0x03 {
            0x00 => false,
            0x02 if apdu.p1 == 0x04 => true,
            _ => return rule::WRONG_P1_P2.refuse(),
        };
        let file_id = || match *apdu.data {
            [high, low] => Ok(FileId::new(u16::from_be_bytes([high, low]))),
            _ => rule::WRONG_LENGTH.refuse(),
        };
        match apdu.p1 {
            0x04 if apdu.data.len() > Aid::MAX => rule::WRONG_LENGTH.refuse(),
            0x04 => Ok(Self::Application {
                name: apdu.data,
                next,
                fci,
            }),
            0x02 => Ok(Self::File { id: file_id()?, fci }),
            0x00 if no_data(apdu).is_ok() => Ok(Self::MasterFile),
            0x00 => Ok(Self::MasterFileById(file_id()?)),
            _ => rule::WRONG_P1_P2.refuse(),
        }
    }
}

impl fmt::Display for Select<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Application { name, next, fci } => {
                f.write_str(if *next { "SELECT next AP " } else { "SELECT AP " })?;
                f.write_str(if name.is_empty() { "of any name" } else { "" })?;
                name.iter().try_for_each(|byte| write!(f, "{byte:02X}"))?;
                f.write_str(if fci.is_some() { " with FCI" } else { "" })
            }
            Self::File { id, fci } => write!(f, "SELECT EF {id}{}", if fci.is_some() { " with FCI" } else { "" }),
            Self::MasterFile => f.write_str("SELECT MF"),
            Self::MasterFileById(id) => write!(f, "SELECT MF {id}"),
        }
    }
}
