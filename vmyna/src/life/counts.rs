//! What happened in a time, counted from the steps that were done.

use std::collections::BTreeMap;

use vmyna_authority::register::Reason;
use vmyna_issuance::DateTime;
use vmyna_issuance::story::What;

use super::play::Life;

/// What happened between two moments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// People with a card who live at the end.
    pub people: usize,
    /// Steps by their name in a story.
    pub events: BTreeMap<&'static str, usize>,
    /// Certificates that were issued.
    pub issued: usize,
    /// Certificates that were revoked, by the reason's name.
    pub revoked: BTreeMap<&'static str, usize>,
    /// Cards and phones that are there at the end, also those out of use.
    pub cards: usize,
    /// Likewise phones.
    pub phones: usize,
}

impl Counts {
    /// How often something happened, by its name in a story.
    #[must_use]
    pub fn event(&self, name: &str) -> usize {
        self.events.get(name).copied().unwrap_or(0)
    }
}

impl Life {
    /// What happened after one moment, up to another, of what was done.
    #[must_use]
    pub fn counts(&self, after: Option<DateTime>, until: DateTime) -> Counts {
        let within = |at: DateTime| after.is_none_or(|after| after < at) && at <= until;
        let mut counts = Counts::default();
        for step in &self.plan.steps[..self.done()] {
            if within(step.event.at) {
                let name = match step.event.what {
                    What::Moved { municipality: None, .. } => "moved within",
                    ref what => what.name(),
                };
                *counts.events.entry(name).or_default() += 1;
            }
        }
        for person in self.people() {
            counts.people += usize::from(person.cards > 0 && person.died.is_none());
            counts.cards += person.cards as usize;
            counts.phones += person.phones.len();
            for held in &person.certificates {
                counts.issued += usize::from(within(held.validity.0));
                if let Some(revocation) = held.revocation.filter(|revocation| within(revocation.at)) {
                    *counts.revoked.entry(Reason::name(revocation.reason)).or_default() += 1;
                }
            }
        }
        counts
    }
}
