//! GENERATE ASYMMETRIC KEY PAIR: a private key that never leaves the card, and the public half of one.

use super::context::Context;
use super::instruction::GenerateKeyPair;
use super::sign::private_key;
use crate::declaration::{Body, Operation, PrivateKey};
use crate::key::{public_key, template};
use crate::rule::{self, Refusal};
use crate::state::Change;

impl GenerateKeyPair {
    pub(super) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        let target = context.resolve(self.key)?;
        let object = target.object();
        if !self.new {
            if !matches!(target.file.body, Body::PrivateKey(_) | Body::GeneratedKey(_)) {
                return rule::WRONG_FILE_KIND.refuse();
            }
            context.require(target, Operation::Read)?;
            let answer = self.answer(private_key(context.persistent, target)?)?;
            context.response.extend(answer);
            context.apply(&rule::GENERATE_PUBLIC);
            return Ok(());
        }
        let Body::GeneratedKey(algorithm) = target.file.body else {
            return rule::WRONG_FILE_KIND.refuse();
        };
        context.require(target, Operation::GenerateKeyPair)?;
        let key = context.keys.generate(object, algorithm, context.rng);
        let key = key.map_err(|_| rule::KEY_FAILURE.refusal())?;
        let answer = self.answer(&key)?;
        context.keep(Change::Key { object, key })?;
        context.response.extend(answer);
        context.apply(&rule::GENERATE);
        Ok(())
    }

    /// The public key, which must fit into Le.
    fn answer(&self, key: &PrivateKey) -> Result<Vec<u8>, Refusal> {
        let answer = public_key(key).ok().and_then(|key| template(&key));
        let answer = answer.ok_or(rule::KEY_FAILURE.refusal())?;
        match answer.len() > self.length {
            true => rule::GENERATE_LE.refuse(),
            false => Ok(answer),
        }
    }
}
