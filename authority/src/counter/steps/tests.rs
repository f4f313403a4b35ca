//! A process that ends at each step of an operation, and the one that comes after it. The register is a real one; the card is
//! a file's worth of facts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use der::DateTime;
use zeroize::Zeroizing;

use super::*;
use crate::register::sqlite::SqliteRegister;
use crate::register::{
    CardId, CardStatus, Certificate, Change, DistributionPoint, Entry, Hierarchy, IssuerId, Phone, Reason, Recorded,
    RegisterErrorKind, Revocation, Revoked, RevokedCertificate, RevokedSigner,
};

const KEY: IssuerId = IssuerId([1; 20]);
const OLD: u32 = 7;
const NEW: u32 = 8;
const OPERATION: OperationId = OperationId([9; 16]);

/// How many writes a process does before it ends, in all it writes to.
#[derive(Clone)]
struct Life(Arc<AtomicU32>);

/// The write at which the process ends: before it takes effect, or after it and before its caller knows.
#[derive(Clone, Copy, PartialEq, Debug)]
enum End {
    Before,
    After,
}

impl Life {
    /// Does a write, unless the process has ended.
    fn write<T>(&self, end: End, write: impl FnOnce() -> T) -> Option<T> {
        let left = self.0.load(Ordering::Relaxed);
        self.0.store(left.saturating_sub(1), Ordering::Relaxed);
        match (left, end) {
            (0, _) => None,
            (1, End::Before) => None,
            (1, End::After) => {
                write();
                None
            }
            _ => Some(write()),
        }
    }
}

fn ended() -> RegisterError {
    RegisterError::new("register", RegisterErrorKind::Full)
}

/// A register of a process that ends.
struct Mortal<'r> {
    register: &'r mut SqliteRegister,
    life: Life,
    end: End,
}

impl Register for Mortal<'_> {
    fn begin(&mut self, beginning: &Beginning<'_>) -> Result<Begun, RegisterError> {
        let register = &mut *self.register;
        self.life
            .write(self.end, || register.begin(beginning))
            .ok_or_else(ended)?
    }
    fn finish(&mut self, operation: OperationId) -> Result<bool, RegisterError> {
        let register = &mut *self.register;
        self.life
            .write(self.end, || register.finish(operation))
            .ok_or_else(ended)?
    }
    fn record(&mut self, _: &[Certificate]) -> Result<Vec<Recorded>, RegisterError> {
        unreachable!("no step does it")
    }
    fn revoke(&mut self, _: IssuerId, _: u32, _: Revocation) -> Result<Revoked, RegisterError> {
        unreachable!("no step does it")
    }
    fn now(&self) -> Result<Change, RegisterError> {
        self.register.now()
    }
    fn status(&self, issuer: IssuerId, serial: u32, by: Change) -> Result<Option<Option<Revocation>>, RegisterError> {
        self.register.status(issuer, serial, by)
    }
    fn revoked(
        &self,
        issuer: IssuerId,
        point: Option<&DistributionPoint>,
        by: Change,
        each: &mut dyn FnMut(RevokedCertificate),
    ) -> Result<(), RegisterError> {
        self.register.revoked(issuer, point, by, each)
    }
    fn points(&self, issuer: IssuerId) -> Result<Vec<DistributionPoint>, RegisterError> {
        self.register.points(issuer)
    }
    fn issuers(&self) -> Result<Vec<(IssuerId, DateTime)>, RegisterError> {
        self.register.issuers()
    }
    fn entry(&self, issuer: IssuerId, serial: u32) -> Result<Option<Entry>, RegisterError> {
        self.register.entry(issuer, serial)
    }
    fn entries(&self, card: Option<CardId>, each: &mut dyn FnMut(Entry) -> bool) -> Result<(), RegisterError> {
        self.register.entries(card, each)
    }
    fn card_status(&self, card: CardId) -> Result<CardStatus, RegisterError> {
        self.register.card_status(card)
    }
    fn phones(&self, card: CardId) -> Result<Vec<Phone>, RegisterError> {
        self.register.phones(card)
    }
    fn phone(&self, phone: CardId) -> Result<Option<Phone>, RegisterError> {
        self.register.phone(phone)
    }
    fn auth_of_linked_card(&self, issuer: IssuerId, serial: u32) -> Result<Option<[u8; 32]>, RegisterError> {
        self.register.auth_of_linked_card(issuer, serial)
    }
    fn intents(&self) -> Result<Vec<Intent>, RegisterError> {
        self.register.intents()
    }
    fn give_code(&mut self, _: &(CardId, String), _: [u8; 32], _: DateTime) -> Result<(), RegisterError> {
        unreachable!("no step does it")
    }
    fn revoke_signer(&mut self, _: IssuerId, _: RevokedSigner) -> Result<Option<DateTime>, RegisterError> {
        unreachable!("no step does it")
    }
    fn revoked_signers(&self, _: IssuerId, _: Change) -> Result<Vec<RevokedSigner>, RegisterError> {
        unreachable!("no step does it")
    }
    fn has_code(&self, card: CardId, digest: [u8; 32], now: DateTime) -> Result<bool, RegisterError> {
        self.register.has_code(card, digest, now)
    }
}

/// What is on stable storage of a card.
#[derive(Default)]
struct Card {
    mark: Option<OperationId>,
    operation: Option<OperationId>,
    changes: u32,
}

struct Side<'c> {
    card: &'c mut Card,
    life: Life,
    end: End,
}

impl CardSide for Side<'_> {
    type Error = &'static str;

    fn mark(&mut self, operation: OperationId) -> Result<(), &'static str> {
        let card = &mut *self.card;
        self.life.write(self.end, || card.mark = Some(operation)).ok_or("ended")
    }
    fn change(&mut self, intent: &Intent) -> Result<(), &'static str> {
        assert_eq!(*intent.change, b"new");
        let card = &mut *self.card;
        let change = || {
            if card.operation != Some(intent.operation) {
                card.operation = Some(intent.operation);
                card.changes += 1;
            }
        };
        self.life.write(self.end, change).ok_or("ended")
    }
    fn unmark(&mut self) -> Result<(), &'static str> {
        let card = &mut *self.card;
        self.life.write(self.end, || card.mark = None).ok_or("ended")
    }
}

fn certificate(serial: u32) -> Certificate {
    Certificate {
        issuer: KEY,
        hierarchy: Hierarchy::Signature,
        serial,
        digest: [serial as u8; 32],
        municipality: "13101".to_owned(),
        distribution_point: vec![0],
        validity: (time("2026-11-01T01:00:00Z"), time("2031-04-01T14:59:59Z")),
        card: (CardId([3; 32]), "taro".to_owned()),
        replaces: (serial == NEW).then_some((KEY, OLD)),
    }
}

fn time(text: &str) -> DateTime {
    text.parse().unwrap()
}

fn intent() -> Intent {
    Intent {
        operation: OPERATION,
        card: (CardId([3; 32]), "taro".to_owned()),
        place: "a place".to_owned(),
        change: Zeroizing::new(b"new".to_vec()),
        certificates: vec![certificate(NEW)],
        phones: Vec::new(),
    }
}

fn immortal() -> Life {
    Life(Arc::new(AtomicU32::new(u32::MAX)))
}

/// What the next process does that uses the card: it looks at the mark first.
fn next_by_the_card(register: &mut SqliteRegister, card: &mut Card) {
    if let Some(operation) = card.mark {
        let pending = register
            .intents()
            .unwrap()
            .into_iter()
            .find(|one| one.operation == operation);
        let life = immortal();
        let mut side = Side {
            card,
            life,
            end: End::Before,
        };
        match pending {
            Some(intent) => resume(register, &mut side, &intent).unwrap(),
            None => side.unmark().unwrap(),
        }
    }
}

/// What the next process does that opens the register.
fn next_by_the_register(register: &mut SqliteRegister, card: &mut Card) {
    for intent in register.intents().unwrap() {
        let life = immortal();
        let mut side = Side {
            card,
            life,
            end: End::Before,
        };
        resume(register, &mut side, &intent).unwrap();
    }
}

type Next = fn(&mut SqliteRegister, &mut Card);

/// Lets a process end at its n-th write. Returns whether it ended.
fn run(writes: u32, end: End, next: Next) -> bool {
    let mut register = SqliteRegister::in_memory().unwrap();
    register.record(&[certificate(OLD)]).unwrap();
    let mut card = Card::default();
    let life = Life(Arc::new(AtomicU32::new(writes)));
    let (intent, at) = (intent(), time("2026-12-01T00:00:00Z"));
    let revoke = [(
        KEY,
        OLD,
        Revocation {
            at,
            reason: Reason::Superseded,
        },
    )];
    let beginning = Beginning {
        operation: OPERATION,
        card: intent.card.clone(),
        after: None,
        revoke: &revoke,
        withdraw: None,
        end_phones: &[],
        code: None,
        intent: Some(&intent),
    };
    let mut mortal = Mortal {
        register: &mut register,
        life: life.clone(),
        end,
    };
    let mut side = Side {
        card: &mut card,
        life: life.clone(),
        end,
    };
    let outcome = perform(&mut mortal, &mut side, &beginning);
    let dead = life.0.load(Ordering::Relaxed) == 0;
    // An acknowledged revocation is never missing, and no new certificate is there before the old one is revoked.
    let revoked = register.entry(KEY, OLD).unwrap().unwrap().revocation.is_some();
    let entered = register.entry(KEY, NEW).unwrap().is_some();
    assert!(revoked || (!entered && card.operation.is_none()));
    assert!(revoked || outcome.is_err());
    next(&mut register, &mut card);
    let revoked = register.entry(KEY, OLD).unwrap().unwrap().revocation.is_some();
    let entered = register.entry(KEY, NEW).unwrap().is_some();
    let changed = card.operation == Some(OPERATION);
    assert!(
        revoked == entered && entered == changed,
        "{writes} {end:?}: {revoked} {entered} {changed}"
    );
    assert!(card.changes <= 1 && register.intents().unwrap().is_empty());
    dead
}

#[test]
fn a_process_that_ends_at_any_write_leaves_old_or_new_on_both_sides() {
    for next in [next_by_the_card as Next, next_by_the_register as Next] {
        for end in [End::Before, End::After] {
            let mut writes = 1;
            while run(writes, end, next) {
                writes += 1;
            }
            // Mark, begin, change, finish, unmark.
            assert_eq!(writes, 6, "{end:?}");
        }
    }
}

#[test]
fn a_mark_without_a_pending_operation_goes() {
    let mut register = SqliteRegister::in_memory().unwrap();
    let mut card = Card {
        mark: Some(OPERATION),
        ..Card::default()
    };
    next_by_the_card(&mut register, &mut card);
    assert!(card.mark.is_none() && card.operation.is_none());
}

#[test]
fn what_the_register_refuses_leaves_no_mark() {
    let mut register = SqliteRegister::in_memory().unwrap();
    let mut card = Card::default();
    let intent = intent();
    let revoke = [(
        KEY,
        OLD,
        Revocation {
            at: time("2026-12-01T00:00:00Z"),
            reason: Reason::Superseded,
        },
    )];
    let beginning = Beginning {
        operation: OPERATION,
        card: intent.card.clone(),
        after: None,
        revoke: &revoke,
        withdraw: None,
        end_phones: &[],
        code: None,
        intent: Some(&intent),
    };
    let mut side = Side {
        card: &mut card,
        life: immortal(),
        end: End::Before,
    };
    let begun = perform(&mut register, &mut side, &beginning).unwrap();
    assert_eq!(begun, Begun::Unknown(OLD));
    assert!(card.mark.is_none() && card.operation.is_none());
}
