//! Whether the answer that a card is about to give was read from a file declared secret, or the command was to write into one. A
//! virtual card reports it. A card in a real reader reports nothing, so every answer to a reading command counts as secret, and
//! the data of every writing command.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use vmyna_apdu::instruction::{code, writes};
use vmyna_apdu::mask::{data_range, secret_range};

use crate::fault::is_get_response;

/// The secrecy of a card's answers, as far as it is known.
#[derive(Clone)]
pub struct Secrecy {
    /// `None` for a card that reports nothing.
    secret: Option<Arc<AtomicBool>>,
}

impl Secrecy {
    /// For a card that reports with [`Self::report`].
    pub fn reported() -> Self {
        Self {
            secret: Some(Arc::default()),
        }
    }

    /// For a card that reports nothing.
    pub fn unknown() -> Self {
        Self { secret: None }
    }

    /// Reports whether the answer that the card is about to give, or what the command writes, is secret. Without effect on [`Self::unknown`].
    pub fn report(&self, is_secret: bool) {
        if let Some(secret) = &self.secret {
            secret.store(is_secret, Ordering::SeqCst);
        }
    }

    /// The bytes of a command that are secret, once the card has reported on it: a PIN or key, or what is written.
    pub(super) fn command(&self, command: &[u8]) -> Range<usize> {
        let written = command.get(1).is_some_and(|ins| writes(*ins));
        let secret = self.secret.as_ref().is_none_or(|secret| secret.load(Ordering::SeqCst));
        match written && secret {
            true => data_range(command),
            false => secret_range(command),
        }
    }

    /// Whether the data of the answer to `command` is secret. An answer that did not come from the card may hold its last
    /// answer (see [`crate::fault`]), and is as secret as that.
    pub(super) fn answer(&self, command: &[u8]) -> bool {
        match &self.secret {
            Some(secret) => secret.load(Ordering::SeqCst),
            None => {
                let reads = matches!(command.get(1), Some(&(code::READ_BINARY | code::READ_RECORD)));
                reads || is_get_response(command)
            }
        }
    }
}
