//! Instructions that the card understands and refuses, because they need the issuer's authentication.

use super::context::Context;
use super::instruction::Issuer;
use crate::declaration::Operation;
use crate::rule::{self, Refusal};

impl Issuer {
    pub(super) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        match self {
            Self::ExternalAuthenticate(key) => {
                let target = context.resolve(*key)?;
                context.require(target, Operation::ExternalAuthenticate)?;
                rule::ISSUER_ONLY.refuse()
            }
            _ => rule::ISSUER_ONLY.refuse(),
        }
    }
}
