//! The steps of an operation over a register and a card, and what a later process does of one that was interrupted.
//!
//! | Step | A process that is killed after it leaves | A later process |
//! |---|---|---|
//! | 1. a mark beside the card | nothing changed | removes the mark |
//! | 2. [`Register::begin`] | the revocations and the intent | does steps 3 to 5 |
//! | 3. the card changes, once for the number of the operation | the same and the new card | does steps 3 to 5, of which 3 changes nothing |
//! | 4. [`Register::finish`] | all done | removes the mark |
//! | 5. the mark goes | all done | nothing |

use crate::register::{Beginning, Begun, Intent, OperationId, Register, RegisterError};

/// The other side of an operation: the card.
pub trait CardSide {
    /// Why it can't be marked or changed.
    type Error;

    /// Marks the card on stable storage with the number of an operation, so that the next process that uses the card looks
    /// for it in the register.
    ///
    /// # Errors
    /// It can't be marked. Then nothing was done.
    fn mark(&mut self, operation: OperationId) -> Result<(), Self::Error>;

    /// Changes the card, all of it or nothing, as the intent has it. The same intent again changes nothing.
    ///
    /// # Errors
    /// It can't be changed now.
    fn change(&mut self, intent: &Intent) -> Result<(), Self::Error>;

    /// Removes the mark.
    ///
    /// # Errors
    /// It can't be removed. A mark without a pending operation does no harm.
    fn unmark(&mut self) -> Result<(), Self::Error>;
}

/// Why an operation did not reach its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StepError<E> {
    /// The card can't be marked. Nothing was done.
    #[error("{0}")]
    Mark(#[source] E),
    /// The register failed in the first step: nothing was done, or a later process does the rest.
    #[error("{0}")]
    Begin(#[source] RegisterError),
    /// The revocations are in effect, and the card can't be changed now. A later process does the rest.
    #[error("{0}")]
    Change(#[source] E),
    /// Revocations and card are changed, and the register can't be written now. A later process does the rest.
    #[error("{0}")]
    Finish(#[source] RegisterError),
}

/// Does an operation. Without an intent the register's first step is all of it.
///
/// # Errors
/// [`StepError`]: which step failed, and what that leaves.
pub fn perform<S: CardSide>(
    register: &mut dyn Register,
    side: &mut S,
    beginning: &Beginning<'_>,
) -> Result<Begun, StepError<S::Error>> {
    let Some(intent) = beginning.intent else {
        return register.begin(beginning).map_err(StepError::Begin);
    };
    side.mark(beginning.operation).map_err(StepError::Mark)?;
    // If the register fails, the mark stays: the write may have arrived.
    let begun = register.begin(beginning).map_err(StepError::Begin)?;
    if matches!(begun, Begun::Done(_)) {
        resume(register, side, intent)?;
    } else {
        // Nothing was done.
        let _ = side.unmark();
    }
    Ok(begun)
}

/// Does what is left of an operation that has begun.
///
/// # Errors
/// [`StepError`].
pub fn resume<S: CardSide>(
    register: &mut dyn Register,
    side: &mut S,
    intent: &Intent,
) -> Result<(), StepError<S::Error>> {
    side.change(intent).map_err(StepError::Change)?;
    register.finish(intent.operation).map_err(StepError::Finish)?;
    // A mark that stays is removed by the next process.
    let _ = side.unmark();
    Ok(())
}

#[cfg(test)]
mod tests;
