//! GET CHALLENGE: random bytes.

use super::context::Context;
use super::instruction::GetChallenge;
use crate::rule::{self, Refusal};

impl GetChallenge {
    pub(super) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        context.apply(&rule::CHALLENGE_LENGTH);
        context.response.resize(self.length, 0);
        context.rng.fill_bytes(context.response);
        Ok(())
    }
}
