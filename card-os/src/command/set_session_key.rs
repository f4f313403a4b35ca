//! SET SESSION KEY `80 AE 00 00`: delivers the key of a secure session, encrypted to a key of the card.
//!
//! The 256 bytes are RSA-OAEP (SHA-256) of `A0 22 { 80 20 seed }`; the first half of the seed becomes the session's key
//! (measured by the authors of `myna-card`).

use core::fmt;

use zeroize::Zeroizing;

use crate::access::{Access, Operation};
use crate::application::SecureSession;
use crate::context::Context;
use crate::event::Event;
use crate::key::unpad_oaep;
use crate::rule::{self, Refusal};
use crate::secure_messaging::Channel;
use crate::store::ObjectId;
use vmyna_apdu::{CommandApdu, FileId};

/// A session key delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetSessionKey<'a> {
    /// The encrypted key.
    pub encrypted: &'a [u8],
}

/// The name under which the key ring knows the key that opens a delivery: no file has this identifier.
const DELIVERY_KEY: FileId = FileId::new(0xFFFF);
/// In front of the seed.
const HEAD: [u8; 4] = [0xA0, 0x22, 0x80, 0x20];
const SEED: usize = 32;

impl<'a> SetSessionKey<'a> {
    pub(super) fn decode(apdu: &CommandApdu<'a>) -> Result<Self, Refusal> {
        if apdu.p1_p2() == 0 {
            Ok(Self { encrypted: apdu.data })
        } else {
            rule::WRONG_P1_P2.refuse()
        }
    }

    pub(super) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        let application = context.application();
        let (key, condition, basis) = match &application.secure_session {
            SecureSession::Offered { key, condition, basis } => (key, condition, basis),
            SecureSession::Refused(rule) => return rule.refuse(),
        };
        let access = Access::NONE.with(Operation::SetSessionKey, condition.clone());
        context.require_access((None, "session key"), (&access, basis), Operation::SetSessionKey)?;

        let object = ObjectId {
            aid: application.aid,
            file: DELIVERY_KEY,
        };
        let operation = context
            .keys
            .operation(object, key)
            .map_err(|_| rule::KEY_FAILURE.refusal())?;
        if self.encrypted.len() != operation.modulus_bits().div_ceil(8) {
            return rule::WRONG_LENGTH.refuse();
        }
        // Whoever finds the padded block in memory has the seed.
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
        context.session.channel = Some(Channel::new(seed));
        context.emit(&Event::SecureSession { open: true });
        Ok(())
    }
}

impl fmt::Display for SetSessionKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SET SESSION KEY, {} bytes encrypted", self.encrypted.len())
    }
}
