//! SET SESSION KEY: opens a secure session with the key that was delivered.
//!
//! The 256 bytes are RSA-OAEP (SHA-256) of `A0 22 { 80 20 seed }`; the first half of the seed becomes the session's key
//! (measured by the authors of `myna-card`).

use zeroize::Zeroizing;

use super::context::Context;
use super::event::Event;
use super::instruction::SetSessionKey;
use crate::declaration::{Access, ObjectId, Operation, SecureSession};
use crate::key::{LoadedKey, unpad_oaep};
use crate::rule::{self, Refusal};
use crate::state::Channel;
use vmyna_apdu::FileId;

/// The name under which the key ring knows the key that opens a delivery: no file has this identifier.
const DELIVERY_KEY: FileId = FileId::new(0xFFFF);
/// In front of the seed.
const HEAD: [u8; 4] = [0xA0, 0x22, 0x80, 0x20];
const SEED: usize = 32;

impl SetSessionKey<'_> {
    pub(super) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        let application = context.application();
        let (key, condition, basis) = match &application.secure_session {
            SecureSession::Offered { key, condition, basis } => (key, condition, basis),
            SecureSession::Refused(rule) => return rule.refuse(),
        };
        let access = Access::NONE.with(Operation::SetSessionKey, condition.clone());
        context.require_access((None, "session key"), (&access, basis), Operation::SetSessionKey)?;
        context.apply(&rule::SESSION_KEY_ACCESS);

        let object = ObjectId {
            aid: application.aid,
            file: DELIVERY_KEY,
        };
        let Ok(LoadedKey::Rsa(operation)) = context.keys.load(object, key) else {
            return rule::KEY_FAILURE.refuse();
        };
        if self.encrypted.len() != operation.modulus_bits().div_ceil(8) {
            return rule::WRONG_LENGTH.refuse();
        }
        // The padded block contains the seed.
        let block = Zeroizing::new(
            operation
                .apply(self.encrypted)
                .map_err(|_| rule::SESSION_KEY_RANGE.refusal())?,
        );
        let delivery = unpad_oaep(&block).ok_or(rule::SESSION_KEY_PADDING.refusal())?;
        let seed: &[u8; SEED] = delivery
            .strip_prefix(&HEAD)
            .and_then(|seed| seed.try_into().ok())
            .ok_or(rule::SESSION_KEY_FORM.refusal())?;
        let replaced = context.session.channel.replace(Channel::new(seed));
        context.apply(&rule::SESSION_KEY_DELIVERY);
        context.apply_all([replaced.map(|_| &rule::SESSION_KEY_AGAIN)]);
        context.emit(&Event::SecureSession { open: true });
        Ok(())
    }
}
