//! GET DATA `00 CA`, the card's own instruction: a data object of the selected application, by its tag in P1-P2.

use core::fmt;

use super::{expected, no_data};
use crate::access::Operation;
use crate::context::Context;
use crate::rule::{self, Refusal};
use vmyna_apdu::CommandApdu;

/// A wish for a data object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetData {
    /// Its tag.
    pub tag: u16,
    /// At most so many bytes, 1 to 65,536.
    pub length: usize,
}

impl GetData {
    pub(super) fn decode(apdu: &CommandApdu<'_>) -> Result<Self, Refusal> {
        no_data(apdu)?;
        Ok(Self {
            tag: apdu.p1_p2(),
            length: expected(apdu)?,
        })
    }

    pub(super) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        let application = context.application();
        let Some(object) = application.data_objects.iter().find(|object| object.tag == self.tag) else {
            return rule::DATA_OBJECT_ABSENT.refuse();
        };
        context.require_access(
            (Some(object.tag), &object.name),
            (&object.access, &object.basis),
            Operation::Read,
        )?;
        let value = object.value.as_bytes();
        if value.len() > self.length {
            return rule::DATA_OBJECT_LONGER.refuse();
        }
        context.response.extend(value);
        Ok(())
    }
}

impl fmt::Display for GetData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GET DATA {:04X}", self.tag)
    }
}
