//! COMPUTE DIGITAL SIGNATURE and INTERNAL AUTHENTICATE: signatures with a private key of the card.

use super::context::{Context, Target};
use super::instruction::{ComputeSignature, InternalAuthenticate};
use crate::declaration::{Body, Operation, PrivateKey};
use crate::key::SignatureScheme;
use crate::rule::{self, Refusal, Rule};

impl ComputeSignature<'_> {
    pub(super) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        let target = match (self.key, context.application().default_key) {
            (Some(reference), _) => context.resolve(reference)?,
            (None, Some(default)) => {
                context.apply(&rule::SIGN_DEFAULT_KEY);
                context.select_file(default)?
            }
            (None, None) => return rule::SIGN_NO_DEFAULT_KEY.refuse(),
        };
        let Body::PrivateKey(key) = &target.file.body else {
            return rule::WRONG_FILE_KIND.refuse();
        };
        context.require(target, Operation::ComputeSignature)?;
        context.apply(scheme_rule(self.scheme));
        sign(context, target, key, self.scheme, self.input, self.length)
    }
}

impl InternalAuthenticate<'_> {
    pub(super) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        let target = context.resolve(self.key)?;
        let Body::PrivateKey(key) = &target.file.body else {
            return rule::WRONG_FILE_KIND.refuse();
        };
        context.require(target, Operation::InternalAuthenticate)?;
        context.apply(&rule::INTERNAL_AUTHENTICATE);
        let scheme = SignatureScheme::Sha256DigestInfo;
        sign(context, target, key, scheme, self.challenge, self.length)
    }
}

/// Signs and answers with the signature, which must fit into `length` bytes. The right to sign has been decided.
pub(super) fn sign(
    context: &mut Context<'_>,
    target: Target<'_>,
    key: &PrivateKey,
    scheme: SignatureScheme,
    input: &[u8],
    length: usize,
) -> Result<(), Refusal> {
    let operation = context
        .keys
        .operation(target.object(), key)
        .map_err(|_| rule::KEY_FAILURE.refusal())?;
    let bits = operation.modulus_bits();
    if length < bits.div_ceil(8) {
        return rule::SIGN_LE.refuse();
    }
    let block = scheme
        .encode(input, bits, context.rng)
        .ok_or(rule::SIGN_INPUT.refusal())?;
    let signature = operation.apply(&block).map_err(|_| rule::KEY_FAILURE.refusal())?;
    context.response.extend(signature);
    context.apply_all([context.session.kept()]);
    Ok(())
}

/// The rule that defines what a scheme does with its input.
fn scheme_rule(scheme: SignatureScheme) -> &'static Rule {
    match scheme {
        SignatureScheme::Verbatim => &rule::SIGN_VERBATIM,
        SignatureScheme::Sha256Bare => &rule::SIGN_SHA256_BARE,
        SignatureScheme::HashDigestInfo => &rule::SIGN_HASH,
        SignatureScheme::Sha256DigestInfo => &rule::SIGN_SHA256,
        SignatureScheme::HashPss => &rule::SIGN_HASH_PSS,
        SignatureScheme::Sha256Pss => &rule::SIGN_SHA256_PSS,
    }
}
