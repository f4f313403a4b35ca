//! GET CHALLENGE: random bytes.

use super::context::Context;
use super::instruction::GetChallenge;
use crate::rule::Refusal;

impl GetChallenge {
    pub(super) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        context.response.resize(self.length, 0);
        context.rng.fill_bytes(context.response);
        Ok(())
    }
}
