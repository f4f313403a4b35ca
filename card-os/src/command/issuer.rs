//! Instructions that the card understands and refuses, because they need the issuer's authentication.

use super::instruction::Issuer;
use crate::rule::{self, Refusal};

impl Issuer {
    pub(super) const fn execute(self) -> Result<(), Refusal> {
        rule::ISSUER_ONLY.refuse()
    }
}
