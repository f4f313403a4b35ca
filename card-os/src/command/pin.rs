//! VERIFY, CHANGE REFERENCE DATA and CHANGE KEY: the one procedure that checks a presented value, and the one that
//! replaces it.
//!
//! No try comes back without the right value: the counter is committed *before* the comparison, and committed again
//! after a right value.

use super::context::{Context, Target};
use super::instruction::{ChangePin, Verify};
use crate::declaration::{Body, ObjectId, Operation, Pin, ReferenceData, find_pin};
use crate::rule::{self, Refusal};
use crate::state::Change;
use vmyna_apdu::StatusWord;

impl Verify<'_> {
    pub(super) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        let target = context.resolve(self.file)?;
        let found = find(context, target)?;
        context.require(target, Operation::Verify)?;
        apply_shared(context, target);
        match self.presented {
            Some(presented) => verify(context, target, found, presented),
            None => query(context, found),
        }
    }
}

impl ChangePin<'_> {
    pub(super) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        let target = context.resolve(self.file)?;
        let found = find(context, target)?;
        context.require(target, self.operation)?;
        apply_shared(context, target);
        change(context, found, self.new)
    }
}

/// The PIN that a file is or shares, and the object that has its value and its tries.
fn find<'c>(context: &Context<'c>, target: Target<'c>) -> Result<(ObjectId, &'c Pin), Refusal> {
    find_pin(context.applications, target.object()).ok_or(rule::WRONG_FILE_KIND.refusal())
}

fn apply_shared(context: &mut Context<'_>, target: Target<'_>) {
    let shared = matches!(target.file.body, Body::SharedPin(_));
    context.apply_all([shared.then_some(&rule::VERIFY_SHARED)]);
}

/// The query: VERIFY without data. Consumes nothing and answers by a refusal in every state.
fn query<T>(context: &mut Context<'_>, (object, pin): (ObjectId, &Pin)) -> Result<T, Refusal> {
    let answer = match pin.max_tries {
        None => StatusWord::WRONG_UNLIMITED,
        Some(_) => StatusWord::tries_left(context.persistent.tries_left(object, pin)),
    };
    if context.persistent.pin_value(object, pin).is_none() {
        return rule::VERIFY_QUERY_UNSET.refuse_with(answer);
    }
    rule::VERIFY_QUERY.refuse_with(answer)
}

/// Compares `presented` with the PIN. After this the PIN is verified, or the try is gone.
///
/// The order is what makes a counter trustworthy: commit one try less, compare, commit the full count. A failure to
/// commit ends the command with nothing verified.
fn verify(
    context: &mut Context<'_>,
    target: Target<'_>,
    (object, pin): (ObjectId, &Pin),
    presented: &[u8],
) -> Result<(), Refusal> {
    if context.persistent.pin_value(object, pin).is_none() {
        return rule::VERIFY_UNSET.refuse();
    }
    let tries = context.persistent.tries_left(object, pin);
    let max = pin.max_tries;
    if max.is_some() {
        let Some(fewer) = tries.checked_sub(1) else {
            return rule::VERIFY_BLOCKED.refuse();
        };
        context.commit(Change::PinTries {
            object,
            tries_left: fewer,
        })?;
    }
    let value = context.persistent.pin_value(object, pin);
    let right = value.is_some_and(|value| value.matches(presented));
    if !right {
        if !pin.format.has_length(presented.len()) {
            context.apply(&rule::VERIFY_WRONG_LENGTH);
        }
        if let Some(rule) = context.session.unverify(target.file.id) {
            context.emit_status(target.file.id, false);
            context.apply(rule);
        }
        return rule::VERIFY_WRONG.refuse_with(match max {
            None => StatusWord::WRONG_UNLIMITED,
            Some(_) => StatusWord::tries_left(tries - 1),
        });
    }
    if let Some(max) = max {
        context.commit(Change::PinTries {
            object,
            tries_left: max,
        })?;
    }
    context.verified(target.file.id);
    context.apply(&rule::VERIFY_RIGHT);
    Ok(())
}

/// Gives the PIN a new value. The right to do so has been decided by the caller.
fn change(context: &mut Context<'_>, (object, pin): (ObjectId, &Pin), new: &[u8]) -> Result<(), Refusal> {
    if !pin.format.allows(new) {
        return rule::CHANGE_FORMAT.refuse();
    }
    context.apply(&rule::CHANGE_NEW_VALUE);
    context.commit(Change::PinValue {
        object,
        value: ReferenceData::new(new),
    })?;
    context.apply(&rule::CHANGE_KEEPS_RIGHT);
    Ok(())
}
