//! What an instruction sees of the card while it is carried out, and the steps that all of them share: finding the file
//! meant, asking for access, committing a change.

use rand_core::CryptoRngCore;

use super::event::{Event, Observer};
use super::instruction::Reference;
use crate::declaration::{Access, Application, Body, Content, File, ObjectId, Operation, decide};
use crate::key::KeyRing;
use crate::names::Names;
use crate::rule::{self, Basis, Refusal, Rule};
use crate::state::{Change, Persistent, Session};
use vmyna_apdu::FileId;

/// The card as an instruction sees it. `'c` outlives the instruction: declarations don't change.
pub(crate) struct Context<'c> {
    pub(crate) applications: &'c [Application],
    pub(crate) names: &'c Names,
    pub(crate) session: &'c mut Session,
    pub(crate) persistent: &'c mut Persistent,
    pub(crate) keys: &'c mut KeyRing,
    pub(crate) rng: &'c mut dyn CryptoRngCore,
    pub(crate) observer: Option<&'c mut (dyn Observer + Send + 'static)>,
    /// The response data; discarded where the instruction is refused.
    pub(crate) response: &'c mut Vec<u8>,
}

/// A file and the application it belongs to.
#[derive(Clone, Copy)]
pub(crate) struct Target<'c> {
    pub(crate) application: &'c Application,
    pub(crate) file: &'c File,
}

impl<'c> Target<'c> {
    /// The content of a transparent file, as declared.
    pub(crate) fn transparent(&self) -> Result<&'c Content, Refusal> {
        match &self.file.body {
            Body::Transparent(content) => Ok(content),
            Body::Records(_) => rule::WRONG_FILE_KIND.refuse(),
            _ => rule::INTERNAL_FILE.refuse(),
        }
    }

    /// The records of a file of records, as declared.
    pub(crate) fn records(&self) -> Result<&'c [Content], Refusal> {
        match &self.file.body {
            Body::Records(records) => Ok(records),
            Body::Transparent(_) => rule::WRONG_FILE_KIND.refuse(),
            _ => rule::INTERNAL_FILE.refuse(),
        }
    }

    /// The name under which the store knows the file.
    pub(crate) fn object(&self) -> ObjectId {
        ObjectId {
            aid: self.application.aid,
            file: self.file.id,
        }
    }
}

impl<'c> Context<'c> {
    /// The selected application.
    pub(crate) fn application(&self) -> &'c Application {
        &self.applications[self.session.selected]
    }

    /// Makes a file of the selected application the current EF.
    pub(crate) fn select_file(&mut self, id: FileId) -> Result<Target<'c>, Refusal> {
        let application = self.application();
        let Some(file) = application.file(id) else {
            return rule::NO_SUCH_FILE.refuse();
        };
        self.session.current_ef = Some(id);
        self.emit(&Event::CurrentFile { application, file });
        Ok(Target { application, file })
    }

    /// The file that a command means.
    pub(crate) fn resolve(&mut self, reference: Reference) -> Result<Target<'c>, Refusal> {
        let application = self.application();
        match reference {
            Reference::Sfi(id) => {
                self.apply(&rule::SFI_SELECTS);
                self.select_file(id)
            }
            Reference::CurrentEf => match self.session.current_ef.and_then(|id| application.file(id)) {
                Some(file) => Ok(Target { application, file }),
                None => rule::NO_CURRENT_EF.refuse(),
            },
        }
    }

    /// Refuses unless the file's access conditions allow the operation.
    pub(crate) fn require(&mut self, target: Target<'c>, operation: Operation) -> Result<(), Refusal> {
        let File {
            id,
            name,
            access,
            basis,
            ..
        } = target.file;
        self.require_access((Some(id.value()), name), (access, basis), operation)
    }

    /// Refuses unless these access conditions allow the operation on the object with this number, if any, and name.
    pub(crate) fn require_access(
        &mut self,
        object: (Option<u16>, &str),
        (access, basis): (&Access, &Basis),
        operation: Operation,
    ) -> Result<(), Refusal> {
        let application = self.application();
        let verdict = decide(access, operation, self.session.verified());
        let refusal = verdict.refusal();
        if let Some(observer) = &mut self.observer {
            observer.event(&Event::Access {
                application,
                object,
                verdict,
                basis,
            });
        }
        refusal.map_or(Ok(()), Rule::refuse)
    }

    /// Brings a change to the store; if that fails, nothing has changed.
    pub(crate) fn commit(&mut self, change: Change) -> Result<(), Refusal> {
        let outcome = self.persistent.commit(&change);
        self.emit(&Event::Commit {
            change: &change,
            outcome: outcome.as_ref().copied(),
        });
        outcome.or_else(|_| rule::NOT_STORED.refuse())
    }

    /// Brings a change of a file or key to the store, if the card has memory for it.
    pub(crate) fn keep(&mut self, change: Change) -> Result<(), Refusal> {
        match self.persistent.has_room_for(&change) {
            true => self.commit(change),
            false => rule::NO_MEMORY.refuse(),
        }
    }

    /// A right value or signature was presented: the PIN is verified, or the host authenticated.
    pub(crate) fn verified(&mut self, id: FileId) {
        if self.session.verify(id) {
            self.emit_status(id, true);
        }
    }

    /// Reports that a PIN or host became verified, or is no longer.
    pub(crate) fn emit_status(&mut self, pin: FileId, verified: bool) {
        self.emit(&Event::SecurityStatus {
            application: self.application(),
            pin,
            verified,
        });
    }

    /// Reports a rule that was applied and refuses nothing.
    pub(crate) fn apply(&mut self, rule: &'static Rule) {
        self.emit(&Event::Rule(rule));
    }

    /// Reports the rules that a change of the session applied.
    pub(crate) fn apply_all(&mut self, rules: impl IntoIterator<Item = Option<&'static Rule>>) {
        for rule in rules.into_iter().flatten() {
            self.apply(rule);
        }
    }

    /// Reports an event to the observer.
    pub(crate) fn emit(&mut self, event: &Event<'_>) {
        if let Some(observer) = &mut self.observer {
            observer.event(event);
        }
    }
}
