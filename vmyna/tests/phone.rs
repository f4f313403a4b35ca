//! Phones of the library, with the specimens' authorities in a folder and a copy of a specimen card.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use tempfile::TempDir;
use vmyna::applets::PhoneKind;
use vmyna::authority::counter::CounterError;
use vmyna::authority::kiosk::KioskError;
use vmyna::authority::register::sqlite::SqliteRegister;
use vmyna::authority::register::{CardId, Cause, Entry, OperationId, Phone, Reason, Register as _};
use vmyna::card_os::declaration::ReferenceData;
use vmyna::counter::{
    Changed, Counter, Done, LockError, Offers, Office, OpenError, Opening, OperateError, Operation, OperationKind,
    PhonePolicy, Step, StillPending, Terminal, TerminalError,
};
use vmyna::issuance::ca_folder;
use vmyna::issuance::characters::Substitutes;
use vmyna::issuance::desk::Desk;
use vmyna::issuance::keys::CardKeys;
use vmyna::issuance::rand_core::OsRng;
use vmyna::phone::{self, AddError, PhoneError, PhoneOrder, RefreshError};
use vmyna::{Bench, CardSource, Exchange};

/// Keys for phones.
static POOL: LazyLock<Vec<CardKeys>> =
    LazyLock::new(|| CardKeys::derive_sets(&[3; 32], &["pool".to_owned()], &|| Ok(())).unwrap());

/// A folder with the specimens' authorities, and Hanako's card issued into an image.
struct Town {
    folder: TempDir,
    card: CardSource,
}

impl Town {
    fn new() -> Self {
        let (folder, path) = common::folder(&["hanako"]);
        Self {
            card: CardSource::Image(path, None),
            folder,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn source(&self, name: &str) -> CardSource {
        CardSource::Image(self.path(name), None)
    }

    /// Opens something for a card, with an image to write.
    fn at<T>(
        &self,
        card: &CardSource,
        new_image: Option<&str>,
        open: impl FnOnce(&Opening<'_>, &mut dyn FnMut(StillPending)) -> T,
    ) -> T {
        let (authorities, new_image) = (self.path("ca"), new_image.map(|name| self.path(name)));
        let mut opening = Opening::new(card, "2027-01-01T00:00:00Z".parse().unwrap());
        opening.authorities = Some(&authorities);
        opening.new_image = new_image.as_deref();
        open(&opening, &mut |pending| panic!("{pending}"))
    }

    /// The counter of an office that makes no keys, because that takes long. A built-in card has none.
    fn served(&self, opening: &Opening<'_>, pending: &mut dyn FnMut(StillPending)) -> Counter {
        if opening.card.find().unwrap().1.is_none() {
            return phone::open(opening, pending).unwrap();
        }
        let desk = Desk::new(ca_folder::open(&self.path("ca")).unwrap()).with_key_pool(POOL.clone());
        let office = Office::with_desk(desk, opening.authorities, pending).unwrap();
        Counter::at(office, opening).unwrap()
    }

    /// Holds a card to a phone.
    fn add(&self, card: &CardSource, phone: &str, kind: PhoneKind, password: &[u8]) -> Result<Done, AddError> {
        let mut counter = self.at(card, Some(phone), |opening, pending| self.served(opening, pending));
        let order = PhoneOrder::new(kind, password);
        let number = phone::random_number();
        phone::add(&mut counter, number, &order, &Substitutes::default(), &mut OsRng)
    }

    fn register(&self) -> SqliteRegister {
        SqliteRegister::open(&self.path("ca/register.sqlite")).unwrap()
    }

    /// The reasons for which the certificates of a phone or a card are revoked, those for signatures first.
    fn reasons(&self, card: &CardSource) -> Vec<Option<Reason>> {
        let id = CardId::of(&card.issued().unwrap());
        let mut reasons = Vec::new();
        let mut take = |entry: Entry| {
            reasons.push(entry.revocation.map(|revocation| revocation.reason));
            true
        };
        self.register().entries(Some(id), &mut take).unwrap();
        reasons
    }

    fn phones(&self, card: &CardSource) -> Vec<Phone> {
        self.register().phones(CardId::of(&card.issued().unwrap())).unwrap()
    }
}

fn operate(counter: &mut Counter, operation: &Operation) -> Result<Done, OperateError> {
    counter.operate(operation, &Substitutes::default(), &mut OsRng)
}

/// What VERIFY of the sign password and the following signature answer on a card or phone.
fn signs(card: &CardSource, password: &str) -> bool {
    let mut reader = Bench::new().reader(card).unwrap();
    reader.send("00A4040C 0A D392F000260100000001").unwrap();
    let hex: String = password.bytes().map(|byte| format!("{byte:02X}")).collect();
    let verified = reader.send(&format!("0020009B {:02X} {hex}", password.len()));
    let digest_info = format!("3031300D060960864801650304020105000420{}", "5A".repeat(32));
    verified.is_ok()
        && reader
            .send(&format!("802A009A 33 {digest_info} 00"))
            .is_ok_and(|value| value.len() == 256)
}

#[test]
fn a_phone_signs_by_itself_and_the_register_links_it_to_the_card() {
    let town = Town::new();
    let done = town.add(&town.card, "phone", PhoneKind::Android, b"ABC123").unwrap();
    assert!(
        matches!(done.steps[..], [Step::PhoneIssued(..), Step::PhoneIssued(..)]),
        "{:?}",
        done.steps
    );
    assert_eq!(done.card, Some(Changed::Image(town.path("phone"))));
    let phone = town.source("phone");
    assert!(signs(&phone, "ABC123") && signs(&town.card, "ABC123"));
    let known = town.phones(&town.card);
    assert_eq!(known.len(), 1);
    assert_eq!(known[0].link.phone.0, CardId::of(&phone.issued().unwrap()));
    assert_eq!((known[0].link.kind, known[0].withdrawn), (PhoneKind::Android, None));
    assert_eq!(town.reasons(&phone), [None, None]);
}

#[test]
fn a_wrong_password_costs_the_card_a_try_and_leaves_nothing_else() {
    let town = Town::new();
    for left in [4, 3] {
        let wrong = town.add(&town.card, "phone", PhoneKind::Iphone, b"ABC124");
        assert!(matches!(wrong, Err(AddError::Refused(PhoneError::WrongPassword(tries))) if tries == left));
    }
    assert!(!town.path("phone").exists());
    town.add(&town.card, "phone", PhoneKind::Iphone, b"ABC123").unwrap();
    // A phone that exists is not written over, and the card is asked nothing.
    let exists = town.at(&town.card, Some("phone"), phone::open).err();
    assert!(matches!(exists, Some(OpenError::OutputExists(_))));
}

#[test]
fn a_second_phone_ends_the_first_and_a_new_card_takes_both_over() {
    let town = Town::new();
    town.add(&town.card, "first", PhoneKind::Iphone, b"ABC123").unwrap();
    let done = town.add(&town.card, "second", PhoneKind::Android, b"ABC123").unwrap();
    assert!(done.steps.contains(&Step::Withdrawn(Cause::OtherPhone)));
    let (first, second) = (town.source("first"), town.source("second"));
    assert_eq!(town.reasons(&first), [Some(Reason::Superseded); 2]);
    assert_eq!(town.reasons(&second), [None, None]);
    let causes = |card: &CardSource| {
        let phones = town.phones(card).into_iter();
        phones
            .map(|phone| phone.withdrawn.map(|withdrawn| withdrawn.cause))
            .collect::<Vec<_>>()
    };
    assert_eq!(causes(&town.card), [Some(Cause::OtherPhone), None]);
    // What is on the first can still be taken off it.
    let mut counter = town.at(&first, None, Counter::open).unwrap();
    let removed = phone::remove(&mut counter, phone::random_number()).unwrap();
    assert!(removed.register.is_none() && removed.card.is_some(), "{removed:?}");
    assert!(!signs(&first, "ABC123"));
    drop(counter);
    let open = |opening: &Opening<'_>, pending: &mut dyn FnMut(StillPending)| {
        let mut opening = opening.clone();
        opening.phones = PhonePolicy::Stay;
        Counter::open(&opening, pending)
    };
    let mut counter = town.at(&town.card, Some("new"), open).unwrap();
    operate(&mut counter, &Operation::Reissue(Vec::new())).unwrap();
    drop(counter);
    let new = town.source("new");
    assert_eq!(causes(&new), [Some(Cause::OtherPhone), None]);
    assert!(town.phones(&town.card).is_empty());
    assert_eq!(town.reasons(&second), [None, None]);
    // By the new card the loss reaches the phone.
    let mut counter = town.at(&new, None, Counter::open).unwrap();
    operate(&mut counter, &Operation::PhoneLost).unwrap();
    assert_eq!(town.reasons(&second), [Some(Reason::CertificateHold); 2]);
    assert_eq!(town.reasons(&new), [None, None]);
}

#[test]
fn a_phone_goes_with_the_card_in_one_write_of_the_register() {
    let town = Town::new();
    town.add(&town.card, "phone", PhoneKind::Iphone, b"ABC123").unwrap();
    let before = town.register().now().unwrap();
    let mut counter = town.at(&town.card, None, Counter::open).unwrap();
    let done = operate(&mut counter, &Operation::Lost).unwrap();
    assert_eq!(done.steps.len(), 4);
    let phone = town.source("phone");
    for card in [&phone, &town.card] {
        assert_eq!(town.reasons(card), [Some(Reason::CertificateHold); 2]);
    }
    // Entering what is there and the operation: a reader sees neither half of the operation.
    let register = town.register();
    assert!(before < register.now().unwrap());
    let phone_id = CardId::of(&phone.issued().unwrap());
    let mut times = Vec::new();
    let mut take = |entry: Entry| {
        times.push(entry.revocation.unwrap().at);
        true
    };
    register.entries(Some(phone_id), &mut take).unwrap();
    assert_eq!(times, [counter.now(); 2]);
}

#[test]
fn a_phone_is_served_when_it_is_lost_and_for_nothing_else() {
    let town = Town::new();
    town.add(&town.card, "phone", PhoneKind::Iphone, b"ABC123").unwrap();
    let phone = town.source("phone");
    let offers = town.at(&phone, None, Offers::of).unwrap();
    for (kind, refused) in &offers.counter {
        match kind {
            OperationKind::PhoneLost => assert!(refused.is_none()),
            _ => assert!(matches!(refused, Some(CounterError::Phone)), "{kind:?}"),
        }
    }
    assert!(matches!(offers.kiosk, Some(KioskError::Phone)));
    let kiosk = town.at(&phone, None, Terminal::open).err();
    assert!(matches!(kiosk, Some(TerminalError::Refused(KioskError::Phone))));
    let again = town.add(&phone, "other", PhoneKind::Iphone, b"ABC123");
    assert!(matches!(
        again,
        Err(AddError::Refused(PhoneError::Counter(CounterError::Phone)))
    ));
    let mut counter = town.at(&phone, None, Counter::open).unwrap();
    let refused = operate(&mut counter, &Operation::Lost);
    assert!(matches!(refused, Err(OperateError::Refused(CounterError::Phone))));
    operate(&mut counter, &Operation::PhoneLost).unwrap();
    assert_eq!(town.reasons(&phone), [Some(Reason::CertificateHold); 2]);
}

#[test]
fn a_removed_phone_has_no_keys_and_is_out_of_use() {
    let town = Town::new();
    town.add(&town.card, "phone", PhoneKind::Iphone, b"ABC123").unwrap();
    let phone = town.source("phone");
    let mut counter = town.at(&phone, None, Counter::open).unwrap();
    let number = OperationId([4; 16]);
    phone::remove(&mut counter, number).unwrap();
    assert!(counter.has_done(number).unwrap());
    let now = counter.card().unwrap();
    assert!(now.jpki.sign.is_none() && now.jpki.auth.is_none() && now.mdoc.is_none());
    assert!(!signs(&phone, "ABC123"));
    assert_eq!(town.reasons(&phone), [Some(Reason::CessationOfOperation); 2]);
    let again = phone::remove(&mut counter, phone::random_number());
    assert!(matches!(again, Err(OperateError::Refused(CounterError::Withdrawn(_)))));
    drop(counter);
    let mut counter = town.at(&town.card, None, Counter::open).unwrap();
    let lost = operate(&mut counter, &Operation::PhoneLost);
    assert!(matches!(
        lost,
        Err(OperateError::Refused(CounterError::NoPhoneOfPerson))
    ));
    let no_phone = phone::remove(&mut counter, phone::random_number());
    assert!(matches!(no_phone, Err(OperateError::Refused(CounterError::NoPhone))));
}

#[test]
fn an_iphone_gets_a_new_mdoc_by_its_own_card_only() {
    let town = Town::new();
    let done = town.add(&town.card, "phone", PhoneKind::Iphone, b"ABC123").unwrap();
    assert!(done.steps.iter().any(|step| matches!(step, Step::Document(_))));
    let phone = town.source("phone");
    let old = phone.current().unwrap().0.mdoc.unwrap();
    let mut counter = town.at(&town.card, None, Counter::open).unwrap();
    let moves = Operation::MoveIn("東京都千代田区見本町９".to_owned(), None);
    operate(&mut counter, &moves).unwrap();
    drop(counter);
    let mut counter = town.at(&phone, None, Counter::open).unwrap();
    let other = phone::refresh(
        &mut counter,
        OperationId([1; 16]),
        &"specimen:heisei".parse().unwrap(),
        &mut OsRng,
    );
    assert!(matches!(
        other,
        Err(RefreshError::Operate(OperateError::Refused(CounterError::OtherCard)))
    ));
    let number = OperationId([2; 16]);
    phone::refresh(&mut counter, number, &town.card, &mut OsRng).unwrap();
    assert!(counter.has_done(number).unwrap());
    let now = phone.current().unwrap().0;
    assert!(now.mdoc.unwrap().issuer_signed != old.issuer_signed);
    assert_eq!(now.summary.person.address, "東京都千代田区見本町９");
    // The certificate for signatures has the old address: it was revoked when the person moved.
    assert_eq!(town.reasons(&phone), [Some(Reason::AffiliationChanged), None]);
    let itself = phone::refresh(&mut counter, OperationId([3; 16]), &phone, &mut OsRng);
    assert!(matches!(
        itself,
        Err(RefreshError::Operate(OperateError::Refused(CounterError::OtherCard)))
    ));
    operate(&mut counter, &Operation::PhoneLost).unwrap();
    let lost = phone::refresh(&mut counter, OperationId([4; 16]), &town.card, &mut OsRng);
    let Err(RefreshError::Operate(OperateError::Refused(CounterError::Revoked(_, revocation)))) = &lost else {
        panic!("{lost:?}");
    };
    assert_eq!(revocation.reason, Reason::CertificateHold);
    assert!(!lost.unwrap_err().text().ja.is_ascii());
}

#[test]
fn a_built_in_card_can_be_held_to_a_phone_and_leaves_no_folder_behind() {
    let town = Town::new();
    let built_in = CardSource::hanako();
    let wrong = town.add(&built_in, "phone", PhoneKind::Iphone, b"ABC124");
    assert!(matches!(wrong, Err(AddError::Refused(PhoneError::WrongPassword(4)))));
    let mut left = fs::read_dir(town.folder.path()).unwrap();
    assert!(left.all(|entry| !entry.unwrap().file_name().to_str().unwrap().starts_with("phone")));
    town.add(&built_in, "phone", PhoneKind::Iphone, b"ABC123").unwrap();
    assert!(signs(&town.source("phone"), "ABC123"));
    assert_eq!(town.phones(&built_in).len(), 1);
}

#[test]
fn a_mark_of_a_built_in_card_can_be_removed_before_the_rest_is_done() {
    let town = Town::new();
    let built_in = CardSource::hanako();
    let mut counter = town.at(&built_in, Some("phone"), phone::open).unwrap();
    // The image can't be written, so that the operation stays pending.
    fs::write(town.path("phone"), "another file").unwrap();
    let order = PhoneOrder::new(PhoneKind::Android, b"ABC123");
    let number = phone::random_number();
    let failed = phone::add(&mut counter, number, &order, &Substitutes::default(), &mut OsRng);
    assert!(matches!(failed, Err(AddError::Operate(OperateError::Step(_)))));
    drop(counter);
    fs::remove_file(town.path("phone")).unwrap();
    fs::remove_dir_all(town.path("phone.state")).unwrap();
    let counter = town.at(&built_in, Some("next"), phone::open).unwrap();
    assert!(counter.has_done(number).unwrap());
    assert!(!town.path("phone.state").exists());
    assert!(signs(&town.source("phone"), "ABC123"));
}

#[test]
fn a_card_at_one_phone_is_held_to_no_other() {
    let town = Town::new();
    let mut first = town.at(&town.card, Some("first"), |opening, pending| {
        town.served(opening, pending)
    });
    let second = town.at(&town.card, Some("second"), phone::open).err();
    assert!(matches!(second, Some(OpenError::Lock(LockError::Busy))));
    // Built-in cards have no lock: the register lets one operation through, and the other is told.
    let hanako = CardSource::hanako();
    let mut third = town.at(&hanako, Some("third"), phone::open).unwrap();
    let order = PhoneOrder::new(PhoneKind::Iphone, b"ABC123");
    let add = |counter: &mut Counter| {
        phone::add(
            counter,
            phone::random_number(),
            &order,
            &Substitutes::default(),
            &mut OsRng,
        )
    };
    add(&mut first).unwrap();
    let done = add(&mut third).unwrap();
    assert!(done.steps.contains(&Step::Withdrawn(Cause::OtherPhone)));
    assert_eq!(town.phones(&hanako).len(), 2);
}

#[test]
fn the_same_numbers_make_the_same_phone() {
    let made = || {
        let town = Town::new();
        let mut counter = town.at(&town.card, Some("phone"), |opening, pending| {
            town.served(opening, pending)
        });
        let mut order = PhoneOrder::new(PhoneKind::Android, b"ABC123");
        order.pins.auth = Some(ReferenceData::new(b"4649"));
        let number = OperationId([6; 16]);
        let mut rng = ChaCha20Rng::from_seed([6; 32]);
        phone::add(&mut counter, number, &order, &Substitutes::default(), &mut rng).unwrap();
        assert!(counter.has_done(number).unwrap());
        town.source("phone").issued().unwrap().to_record().unwrap()
    };
    assert!(made() == made());
}
