//! The counter and the kiosk of the library, with the specimens' authorities in a folder and a copy of a specimen card.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::path::PathBuf;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use tempfile::TempDir;
use vmyna::CardSource;
use vmyna::authority::counter::CounterError;
use vmyna::authority::kiosk::KioskError;
use vmyna::authority::register::Hierarchy;
use vmyna::card_os::declaration::ReferenceData;
use vmyna::counter::{
    Changed, Counter, Done, LockError, Offers, OpenError, Opening, OperateError, Operation, OperationKind, Step,
    StillPending, Terminal, TerminalError, Which,
};
use vmyna::issuance::characters::Substitutes;
use vmyna::issuance::rand_core::OsRng;

/// A folder with the specimens' authorities, and Hanako's card issued into an image.
struct Town {
    folder: TempDir,
    card: CardSource,
}

impl Town {
    fn new() -> Self {
        Self::with(&["hanako"], "hanako")
    }

    /// The cards are copies of these specimens, in one image; `brought` is the one that is brought.
    fn with(names: &[&str], brought: &str) -> Self {
        let (folder, path) = common::folder(names);
        Self {
            card: CardSource::Image(path, Some(brought.parse().unwrap())),
            folder,
        }
    }

    fn authorities(&self) -> PathBuf {
        self.folder.path().join("ca")
    }

    /// Opens the counter for the card, or the kiosk: what `open` opens.
    fn at<T>(&self, open: impl FnOnce(&Opening<'_>, &mut dyn FnMut(StillPending)) -> T) -> T {
        let authorities = self.authorities();
        let mut opening = Opening::new(&self.card, "2027-01-01T00:00:00Z".parse().unwrap());
        opening.authorities = Some(&authorities);
        open(&opening, &mut |pending| panic!("{pending}"))
    }
}

fn operate(counter: &mut Counter, operation: &Operation) -> Result<Done, OperateError> {
    counter.operate(operation, &Substitutes::default(), &mut OsRng)
}

#[test]
fn an_operation_revokes_in_the_register_and_changes_the_state() {
    let town = Town::new();
    let mut counter = town.at(Counter::open).unwrap();
    let done = operate(&mut counter, &Operation::MoveOut).unwrap();
    assert!(
        matches!(done.steps[..], [Step::Revoked(Hierarchy::Signature, ..)]),
        "{:?}",
        done.steps
    );
    assert_eq!(
        done.register,
        Some(town.authorities().canonicalize().unwrap().join("register.sqlite"))
    );
    assert_eq!(done.card, None);
    let done = operate(&mut counter, &Operation::WithoutPins).unwrap();
    assert!(matches!(done.steps[..], [Step::WasRevoked(..), Step::Removed(..), ..]));
    assert!(matches!(done.card, Some(Changed::State(_))), "{:?}", done.card);
    assert!(counter.issued().jpki.sign.is_some() && counter.card().unwrap().jpki.sign.is_none());
    let again = operate(&mut counter, &Operation::WithoutPins);
    assert!(matches!(again, Err(OperateError::Refused(CounterError::WithoutPins))));
}

#[test]
fn a_taken_serial_number_is_drawn_again() {
    let mut town = Town::with(&["hanako", "heisei"], "hanako");
    let auth = Which::Only(Hierarchy::Authentication);
    let mut renewed = || {
        let mut counter = town.at(Counter::open).unwrap();
        operate(&mut counter, &Operation::Hold(auth)).unwrap();
        // The same numbers for both cards.
        let mut rng = ChaCha20Rng::from_seed([7; 32]);
        let done = counter.operate(&Operation::Renew(auth), &Substitutes::default(), &mut rng);
        town.card = CardSource::Image(town.folder.path().join("card.vmyna"), Some("heisei".parse().unwrap()));
        match done.unwrap().steps[..] {
            [Step::WasRevoked(..), Step::Issued(_, serial, _)] => serial,
            ref other => panic!("{other:?}"),
        }
    };
    let (first, second) = (renewed(), renewed());
    assert_ne!(first, second);
}

#[test]
fn a_card_at_one_counter_is_locked_against_others() {
    let town = Town::new();
    let counter = town.at(Counter::open).unwrap();
    let second = town.at(Counter::open);
    assert!(matches!(second.err(), Some(OpenError::Lock(LockError::Busy))));
    drop(counter);
    town.at(Counter::open).unwrap();
}

#[test]
fn a_card_that_cannot_be_served_leaves_nothing_behind() {
    let town = Town::new();
    let built_in = CardSource::hanako();
    let refused = town.at(|opening, pending| {
        let mut opening = opening.clone();
        opening.card = &built_in;
        Counter::open(&opening, pending)
    });
    assert!(matches!(refused.err(), Some(OpenError::BuiltIn(name)) if name == "specimen:hanako"));
    let there = town.folder.path().join("card.vmyna");
    let refused = town.at(|opening, pending| {
        let mut opening = opening.clone();
        opening.new_image = Some(&there);
        Counter::open(&opening, pending)
    });
    assert!(matches!(refused.err(), Some(OpenError::OutputExists(path)) if path == there));
    assert!(!town.authorities().join("register.sqlite").exists());
}

#[test]
fn offers_follow_what_was_done() {
    let town = Town::new();
    let offered = |kind| {
        let offers = town.at(Offers::of).unwrap();
        let kiosk = offers.kiosk.is_none();
        let mut all = offers.counter.into_iter();
        (all.find(|(one, _)| *one == kind).unwrap().1.is_none(), kiosk)
    };
    assert_eq!(offered(OperationKind::WithoutPins), (true, true));
    // No register is made by asking.
    assert!(!town.authorities().join("register.sqlite").exists());

    let mut counter = town.at(Counter::open).unwrap();
    operate(&mut counter, &Operation::MoveOut).unwrap();
    operate(&mut counter, &Operation::WithoutPins).unwrap();
    assert_eq!(offered(OperationKind::WithoutPins), (false, false));
    assert_eq!(offered(OperationKind::WithPins), (true, false));
}

#[test]
fn the_kiosk_resets_the_password_once_with_code_and_pin() {
    let town = Town::new();
    let mut terminal = town.at(Terminal::open).unwrap();
    let wrong = terminal.verify(b"9999");
    assert!(matches!(wrong, Err(TerminalError::Refused(KioskError::WrongPin(2)))));
    let holder = terminal.verify(b"1234").unwrap();
    let given = terminal.give_code(holder, &mut OsRng).unwrap();
    assert!(!format!("{given:?}").contains(given.code.as_str()));

    let other = if given.code.as_str() == "00000000" {
        "00000001"
    } else {
        "00000000"
    };
    assert!(matches!(terminal.accept(other), Err(TerminalError::NoSuchCode)));
    let (first, second) = (
        terminal.accept(&given.code).unwrap(),
        terminal.accept(&given.code).unwrap(),
    );
    let password = || ReferenceData::new(b"NEW123");
    let holder = terminal.verify(b"1234").unwrap();
    let done = terminal.reset_sign(holder, first, password(), &mut OsRng).unwrap();
    assert!(matches!(done.steps[..], [Step::Pin(_)]) && done.register.is_some());
    let holder = terminal.verify(b"1234").unwrap();
    let again = terminal.reset_sign(holder, second, password(), &mut OsRng);
    assert!(matches!(again, Err(OperateError::NoCode)), "{again:?}");
    assert!(matches!(terminal.accept(&given.code), Err(TerminalError::NoSuchCode)));
}
