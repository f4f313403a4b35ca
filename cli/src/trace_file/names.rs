//! The applications of the cards of a trace, from which its text form takes the names of applications and files.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use vmyna::OpenCard;
use vmyna_card_os::declaration::Application;
use vmyna_explain::Narrator;

/// The applications by the name of the conversation. A clone shares them.
#[derive(Clone, Default)]
pub(crate) struct Names(Arc<Mutex<HashMap<String, Arc<[Application]>>>>);

impl Names {
    /// Notes the applications of the card in this conversation.
    pub(crate) fn note(&self, conversation: &str, card: &OpenCard) {
        if let Some(applications) = card.applications() {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(conversation.to_owned(), applications);
        }
    }

    /// What describes the commands of a conversation.
    pub(super) fn narrator(&self, conversation: &str) -> Narrator {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(conversation) {
            Some(applications) => Narrator::new().of_applications(applications.clone()),
            None => Narrator::new(),
        }
    }
}
