//! GET CHALLENGE: random bytes.

use super::context::Context;
use super::instruction::GetChallenge;
use crate::declaration::Body;
use crate::rule::{self, Refusal};

impl GetChallenge {
    pub(super) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        context.apply(&rule::CHALLENGE_LENGTH);
        context.response.resize(self.length, 0);
        context.rng.fill_bytes(context.response);
        let files = &context.application().files;
        if files.iter().any(|file| matches!(file.body, Body::HostKey(_))) {
            context.session.challenge = Some(context.response.clone());
        }
        Ok(())
    }
}
