//! Access to files, keys and data objects. Conditions are a part of the declaration, and this module alone decides.
//!
//! Denied unless declared: an operation without a condition is refused. No command has a check of its own.

use core::fmt;

use crate::rule::{self, Rule};
use vmyna_apdu::FileId;

/// What a command wants to do to a file, key or data object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// READ BINARY, READ RECORD, GET DATA; of a private key its public half.
    Read,
    /// VERIFY, also the query of the tries left.
    Verify,
    /// CHANGE REFERENCE DATA `00 24`.
    ChangeReferenceData,
    /// CHANGE KEY `80 32`.
    ChangeKey,
    /// COMPUTE DIGITAL SIGNATURE `80 2A`.
    ComputeSignature,
    /// INTERNAL AUTHENTICATE `00 88`.
    InternalAuthenticate,
    /// EXTERNAL AUTHENTICATE `00 82`.
    ExternalAuthenticate,
    /// `80 A2`: check of a terminal's card-verifiable certificate with this key.
    VerifyCertificate,
    /// SET SESSION KEY `80 AE`: opens a secure session.
    SetSessionKey,
    /// UPDATE BINARY `00 D6`.
    UpdateBinary,
    /// UPDATE RECORD `00 DC`.
    UpdateRecord,
    /// APPEND RECORD `00 E2`.
    AppendRecord,
    /// GENERATE ASYMMETRIC KEY PAIR `00 46`. Its form that returns the public key is a [`Self::Read`].
    GenerateKeyPair,
}

impl Operation {
    /// All of them, for exhaustive tests and tables.
    pub const ALL: [Self; 13] = [
        Self::Read,
        Self::Verify,
        Self::ChangeReferenceData,
        Self::ChangeKey,
        Self::ComputeSignature,
        Self::InternalAuthenticate,
        Self::ExternalAuthenticate,
        Self::VerifyCertificate,
        Self::SetSessionKey,
        Self::UpdateBinary,
        Self::UpdateRecord,
        Self::AppendRecord,
        Self::GenerateKeyPair,
    ];
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Verify => "verify",
            Self::ChangeReferenceData => "change reference data",
            Self::ChangeKey => "change key",
            Self::ComputeSignature => "compute signature",
            Self::InternalAuthenticate => "internal authenticate",
            Self::ExternalAuthenticate => "external authenticate",
            Self::VerifyCertificate => "verify certificate",
            Self::SetSessionKey => "set session key",
            Self::UpdateBinary => "update binary",
            Self::UpdateRecord => "update record",
            Self::AppendRecord => "append record",
            Self::GenerateKeyPair => "generate key pair",
        })
    }
}

/// When an operation is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Without any credential.
    Always,
    /// By no credential of the holder.
    Never,
    /// Never, because the key is not for this use: the refusal is another one than for a missing credential.
    Unsuited,
    /// After a successful VERIFY of this PIN, or EXTERNAL AUTHENTICATE with this key of a host, in the same application.
    Verified(FileId),
    /// Where at least one of these holds.
    AnyOf(Vec<Condition>),
    /// Where all of these hold.
    AllOf(Vec<Condition>),
}

impl Condition {
    /// Whether the condition holds when exactly `verified` PINs of the application are verified.
    fn holds(&self, verified: &impl Fn(FileId) -> bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never | Self::Unsuited => false,
            Self::Verified(pin) => verified(*pin),
            Self::AnyOf(conditions) => conditions.iter().any(|condition| condition.holds(verified)),
            // An empty `AllOf` denies.
            Self::AllOf(conditions) => {
                !conditions.is_empty() && conditions.iter().all(|condition| condition.holds(verified))
            }
        }
    }

    /// Whether [`Self::Unsuited`] is a part of the condition, where its refusal would be that of a missing credential.
    pub(crate) fn nests_unsuited(&self) -> bool {
        match self {
            Self::AnyOf(parts) | Self::AllOf(parts) => parts
                .iter()
                .any(|part| *part == Self::Unsuited || part.nests_unsuited()),
            _ => false,
        }
    }

    /// Every PIN and key of a host that the condition names.
    pub fn pins(&self) -> Vec<FileId> {
        match self {
            Self::Always | Self::Never | Self::Unsuited => Vec::new(),
            Self::Verified(pin) => vec![*pin],
            Self::AnyOf(conditions) | Self::AllOf(conditions) => conditions.iter().flat_map(Self::pins).collect(),
        }
    }
}

/// The operations that are possible at all, each with its condition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access(Vec<(Operation, Condition)>);

impl Access {
    /// Nothing is allowed.
    pub const NONE: Self = Self(Vec::new());

    /// Only reading is possible, on this condition.
    pub fn read(condition: Condition) -> Self {
        Self::NONE.with(Operation::Read, condition)
    }

    /// The same with `operation` possible on `condition`.
    #[must_use]
    pub fn with(mut self, operation: Operation, condition: Condition) -> Self {
        self.0.retain(|(declared, _)| *declared != operation);
        self.0.push((operation, condition));
        self
    }

    /// The condition of an operation, `None` where it is not declared and so denied.
    pub fn condition(&self, operation: Operation) -> Option<&Condition> {
        self.0
            .iter()
            .find(|(declared, _)| *declared == operation)
            .map(|(_, condition)| condition)
    }

    /// What is declared, in its order.
    pub fn iter(&self) -> impl Iterator<Item = (Operation, &Condition)> {
        self.0.iter().map(|(operation, condition)| (*operation, condition))
    }
}

/// The decision on one operation, with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict<'a> {
    /// Whether the operation goes ahead.
    pub allowed: bool,
    /// The operation asked for.
    pub operation: Operation,
    /// The declared condition; `None` where nothing is declared.
    pub condition: Option<&'a Condition>,
    /// The PINs verified at the time, in order of their identifiers.
    pub verified: &'a [FileId],
}

/// Decides whether `operation` is allowed by `access` when exactly `verified` PINs of the application are verified.
///
/// The one place where access is decided.
pub fn decide<'a>(access: &'a Access, operation: Operation, verified: &'a [FileId]) -> Verdict<'a> {
    let condition = access.condition(operation);
    let allowed = condition.is_some_and(|condition| condition.holds(&|pin| verified.contains(&pin)));
    Verdict {
        allowed,
        operation,
        condition,
        verified,
    }
}

impl Verdict<'_> {
    /// The rule by which the operation is refused, `None` where it is allowed.
    pub fn refusal(&self) -> Option<&'static Rule> {
        match self.condition {
            _ if self.allowed => None,
            Some(Condition::Unsuited) => Some(&rule::KEY_UNSUITED),
            _ => Some(&rule::ACCESS_DENIED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: FileId = FileId::new(0x0014);
    const B: FileId = FileId::new(0x0015);

    #[test]
    fn what_is_not_declared_is_denied() {
        let access = Access::read(Condition::Always);
        for operation in Operation::ALL {
            assert_eq!(
                decide(&access, operation, &[A, B]).allowed,
                operation == Operation::Read,
                "{operation}"
            );
        }
        assert!(
            Operation::ALL
                .iter()
                .all(|operation| !decide(&Access::NONE, *operation, &[A, B]).allowed)
        );
    }

    #[test]
    fn a_condition_holds_by_exactly_the_pins_it_names() {
        let verified = |pin| Condition::Verified(pin);
        let table = [
            (Condition::Always, [true, true, true, true]),
            (Condition::Never, [false, false, false, false]),
            (Condition::Unsuited, [false, false, false, false]),
            (verified(A), [false, true, false, true]),
            (
                Condition::AnyOf(vec![verified(A), verified(B)]),
                [false, true, true, true],
            ),
            (
                Condition::AllOf(vec![verified(A), verified(B)]),
                [false, false, false, true],
            ),
            (Condition::AnyOf(vec![]), [false, false, false, false]),
            (Condition::AllOf(vec![]), [false, false, false, false]),
        ];
        let states: [&[FileId]; 4] = [&[], &[A], &[B], &[A, B]];
        for (condition, expected) in table {
            let access = Access::read(condition.clone());
            for (state, expected) in states.iter().zip(expected) {
                assert_eq!(
                    decide(&access, Operation::Read, state).allowed,
                    expected,
                    "{condition:?} with {state:?}"
                );
            }
        }
    }

    #[test]
    fn unsuited_is_found_inside_a_condition_and_stands_alone() {
        let inside = Condition::AnyOf(vec![Condition::AllOf(vec![
            Condition::Verified(A),
            Condition::Unsuited,
        ])]);
        assert!(inside.nests_unsuited());
        assert!(!Condition::Unsuited.nests_unsuited() && !Condition::AnyOf(vec![Condition::Never]).nests_unsuited());
    }
}
