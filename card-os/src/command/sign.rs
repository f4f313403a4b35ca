//! COMPUTE DIGITAL SIGNATURE and INTERNAL AUTHENTICATE: signatures with a private key of the card.

use super::context::{Context, Target};
use super::instruction::{ComputeSignature, InternalAuthenticate, Scheme};
use crate::declaration::{Body, Operation, PrivateKey};
use crate::key::{EcdsaForm, KeyRing, LoadedKey, SignatureScheme};
use crate::rule::{self, Refusal, Rule};
use crate::state::Persistent;

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
        require_key(context, target, Operation::ComputeSignature)?;
        context.apply(scheme_rule(self.scheme));
        sign(context, target, self.scheme, self.input, self.length)
    }
}

impl InternalAuthenticate<'_> {
    pub(super) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        let target = context.resolve(self.key)?;
        require_key(context, target, Operation::InternalAuthenticate)?;
        match load(context.persistent, context.keys, target)? {
            LoadedKey::Rsa(_) => {
                context.apply(&rule::INTERNAL_AUTHENTICATE);
                let scheme = Scheme::Rsa(SignatureScheme::Sha256DigestInfo);
                sign(context, target, scheme, self.challenge, self.length)
            }
            LoadedKey::Ecdsa(key) => {
                let digest = key.curve().digest(self.challenge);
                context.apply(&rule::INTERNAL_AUTHENTICATE_EC);
                sign(context, target, Scheme::Ecdsa(EcdsaForm::Der), &digest, self.length)
            }
        }
    }
}

/// Refuses unless the file is a private key on which the operation is allowed.
fn require_key<'c>(context: &mut Context<'c>, target: Target<'c>, operation: Operation) -> Result<(), Refusal> {
    if !matches!(target.file.body, Body::PrivateKey(_) | Body::GeneratedKey(_)) {
        return rule::WRONG_FILE_KIND.refuse();
    }
    context.require(target, operation)
}

/// The private key of a file: the declared one, or the one made on the card.
pub(super) fn private_key<'a>(persistent: &'a Persistent, target: Target<'a>) -> Result<&'a PrivateKey, Refusal> {
    match &target.file.body {
        Body::PrivateKey(key) => Ok(key),
        Body::GeneratedKey(algorithm) => {
            let key = persistent.key(target.object(), *algorithm);
            key.ok_or(rule::KEY_ABSENT.refusal())
        }
        _ => rule::WRONG_FILE_KIND.refuse(),
    }
}

/// The private key of a file, ready for use.
fn load<'a>(persistent: &Persistent, keys: &'a mut KeyRing, target: Target<'_>) -> Result<&'a LoadedKey, Refusal> {
    let key = private_key(persistent, target)?;
    keys.load(target.object(), key).map_err(|_| rule::KEY_FAILURE.refusal())
}

/// Signs and answers with the signature, which must fit into `length` bytes. The right to sign has been decided.
fn sign(
    context: &mut Context<'_>,
    target: Target<'_>,
    scheme: Scheme,
    input: &[u8],
    length: usize,
) -> Result<(), Refusal> {
    let signature = match (load(context.persistent, context.keys, target)?, scheme) {
        (LoadedKey::Rsa(key), Scheme::Rsa(scheme)) => {
            let bits = key.modulus_bits();
            if length < bits.div_ceil(8) {
                return rule::SIGN_LE.refuse();
            }
            let block = scheme.encode(input, bits, context.rng);
            key.apply(&block.ok_or(rule::SIGN_INPUT.refusal())?)
        }
        (LoadedKey::Ecdsa(key), Scheme::Ecdsa(form)) => {
            let digest = key.curve().fit(input).ok_or(rule::SIGN_INPUT.refusal())?;
            key.sign(&digest)
                .and_then(|signature| key.curve().encode(signature, form))
        }
        _ => return rule::SIGN_KEY_KIND.refuse(),
    };
    let signature = signature.map_err(|_| rule::KEY_FAILURE.refusal())?;
    if signature.len() > length {
        return rule::SIGN_LE.refuse();
    }
    context.response.extend(signature);
    context.apply_all([context.session.kept()]);
    Ok(())
}

/// The rule that defines what a scheme does with its input.
fn scheme_rule(scheme: Scheme) -> &'static Rule {
    match scheme {
        Scheme::Rsa(SignatureScheme::Verbatim) => &rule::SIGN_VERBATIM,
        Scheme::Rsa(SignatureScheme::Sha256Bare) => &rule::SIGN_SHA256_BARE,
        Scheme::Rsa(SignatureScheme::HashDigestInfo) => &rule::SIGN_HASH,
        Scheme::Rsa(SignatureScheme::Sha256DigestInfo) => &rule::SIGN_SHA256,
        Scheme::Rsa(SignatureScheme::HashPss) => &rule::SIGN_HASH_PSS,
        Scheme::Rsa(SignatureScheme::Sha256Pss) => &rule::SIGN_SHA256_PSS,
        Scheme::Ecdsa(EcdsaForm::Der) => &rule::SIGN_ECDSA,
        Scheme::Ecdsa(EcdsaForm::Raw) => &rule::SIGN_ECDSA_RAW,
    }
}
