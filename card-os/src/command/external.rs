//! EXTERNAL AUTHENTICATE: a host that signs the last challenge is authenticated, as a PIN is verified.

use super::context::Context;
use super::instruction::ExternalAuthenticate;
use crate::declaration::{Body, Operation};
use crate::key::has_signed;
use crate::rule::{self, Refusal};

/// The shortest challenge that a host can sign, in bytes: a shorter one could be met again.
const SHORTEST: usize = 8;

impl ExternalAuthenticate<'_> {
    pub(super) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        let target = context.resolve(self.key)?;
        context.require(target, Operation::ExternalAuthenticate)?;
        let Body::HostKey(key) = &target.file.body else {
            return rule::ISSUER_ONLY.refuse();
        };
        if self.signature.is_empty() {
            return rule::WRONG_LENGTH.refuse();
        }
        if self.expects_data {
            return rule::LE_NOT_TAKEN.refuse();
        }
        let challenge = context.session.challenge.take();
        let challenge = challenge.filter(|challenge| challenge.len() >= SHORTEST);
        let challenge = challenge.ok_or(rule::EXTERNAL_CHALLENGE.refusal())?;
        if has_signed(key, &challenge, self.signature) {
            context.verified(target.file.id);
            context.apply(&rule::EXTERNAL_RIGHT);
            Ok(())
        } else {
            if context.session.unverify(target.file.id).is_some() {
                context.emit_status(target.file.id, false);
            }
            rule::EXTERNAL_WRONG.refuse()
        }
    }
}
