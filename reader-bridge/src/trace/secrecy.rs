//! Whether the answer that a card is about to give was read from a file declared secret: the card tells, as an observer is
//! told. Where nobody tells, as with a card in a real reader, every answer to a reading command counts as secret.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use vmyna_card_os::access::Operation;
use vmyna_card_os::command::code;
use vmyna_card_os::event::{Event, Observer};
use vmyna_card_os::file::FileId;

use crate::fault::is_get_response;

/// What is known of the secrecy of a card's answers.
#[derive(Clone)]
pub struct Secrecy {
    /// `None` for a card that tells nothing.
    secret: Option<Arc<AtomicBool>>,
}

impl Secrecy {
    /// For a card that [`Self::observer`] is about to observe.
    pub fn told() -> Self {
        Self {
            secret: Some(Arc::default()),
        }
    }

    /// For a card that nobody can observe.
    pub fn unknown() -> Self {
        Self { secret: None }
    }

    /// The observer by which the card tells.
    pub fn observer(&self) -> Box<dyn Observer + Send> {
        let secret = self.secret.clone().unwrap_or_default();
        Box::new(move |event: &Event<'_>| {
            if let Event::Command { .. } = event {
                secret.store(false, Ordering::SeqCst);
            }
            if let Event::Access {
                application,
                object: (Some(id), name),
                verdict,
                ..
            } = event
                && verdict.operation == Operation::Read
            {
                // A data object's tag may be a file's identifier as well; the name tells them apart.
                let file = application.file(FileId::new(*id)).filter(|file| file.name == *name);
                if file.is_some_and(|file| file.secret) {
                    secret.store(true, Ordering::SeqCst);
                }
            }
        })
    }

    /// Whether the data of the answer to `command` is secret. An answer that did not come from the card may hold what the card
    /// answered last (see [`crate::fault`]), and is as secret as that.
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
