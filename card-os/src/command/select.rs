//! SELECT `00 A4` (JICSAP 6.4.8): an application by its name, an EF of the selected application by its identifier, and
//! the card's own idea of the MF.

use core::fmt;

use iso7816_tlv::ber::{Tag, Tlv, Value};

use super::no_data;
use crate::context::Context;
use crate::event::Event;
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

    pub(super) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        match *self {
            Self::Application { name, next, fci } => select_application(context, name, next, fci),
            Self::File { id, fci } => {
                let target = context.select_file(id)?;
                answer_fci(context, fci, 0x83, &target.file.id.value().to_be_bytes())
            }
            // Never a real MF: refused at power-up, and accepted in an application without any effect.
            Self::MasterFile if context.session.selected == 0 => rule::SELECT_MF_AT_ISD.refuse(),
            Self::MasterFile => Ok(()),
            Self::MasterFileById(_) => rule::SELECT_NO_MF.refuse(),
        }
    }
}

fn select_application(context: &mut Context<'_>, name: &[u8], next: bool, fci: Option<u32>) -> Result<(), Refusal> {
    let from = if next { context.session.selected + 1 } else { 0 };
    let found = context
        .applications
        .iter()
        .skip(from)
        .position(|application| application.aid.matches(name));
    let Some(found) = found else {
        return rule::SELECT_UNKNOWN_AID.refuse();
    };
    let secured = context.session.channel.is_some();
    let again = context.session.select(from + found);
    if secured && !again {
        context.emit(&Event::SecureSession { open: false });
    }
    let application = context.application();
    context.emit(&Event::Selected { application, again });
    answer_fci(context, fci, 0x84, application.aid.as_bytes())
}

/// Answers with the FCI template `6F { tag value }`, no more of it than is wanted.
fn answer_fci(context: &mut Context<'_>, wanted: Option<u32>, tag: u8, value: &[u8]) -> Result<(), Refusal> {
    let Some(wanted) = wanted else { return Ok(()) };
    // Fails only for a tag that contradicts the kind of its value; these two don't.
    let template = Tag::try_from(tag)
        .and_then(|tag| Tlv::new(tag, Value::Primitive(value.to_vec())))
        .and_then(|inner| Tlv::new(Tag::try_from(0x6Fu8)?, Value::Constructed(vec![inner])))
        .map(|template| template.to_vec())
        .unwrap_or_default();
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    context.response.extend(template.iter().take(wanted));
    Ok(())
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
