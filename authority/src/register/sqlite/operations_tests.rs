//! Operations over the register and a card, and the way from earlier versions of the register to the newest.

use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::tests::{KEYS, certificate, date, fresh, revocation};
use super::*;
use vmyna_applets::PhoneKind;

use crate::register::{Cause, PhoneLink, Withdrawal};

const OLD: u32 = 7;
const NEW: u32 = 8;

fn number(byte: u8) -> OperationId {
    OperationId([byte; 16])
}

/// A register with a certificate on a card.
fn with_card() -> (TempDir, SqliteRegister) {
    let (folder, mut register) = fresh();
    register.record(&[certificate(KEYS[0], OLD, 1)]).unwrap();
    (folder, register)
}

fn card() -> (CardId, String) {
    certificate(KEYS[0], OLD, 1).card
}

/// Replaces the card's certificate.
fn intent(byte: u8) -> Intent {
    let mut new = certificate(KEYS[0], NEW, 2);
    new.card = card();
    new.replaces = Some((KEYS[0], OLD));
    Intent {
        operation: number(byte),
        card: card(),
        place: "/a/card.vmyna#taro".to_owned(),
        change: Zeroizing::new(b"a change with a PIN".to_vec()),
        certificates: vec![new],
        phones: Vec::new(),
    }
}

fn beginning<'a>(revoke: &'a [(IssuerId, u32, Revocation)], intent: &'a Intent) -> Beginning<'a> {
    Beginning {
        operation: intent.operation,
        card: card(),
        after: None,
        revoke,
        withdraw: None,
        end_phones: &[],
        code: None,
        intent: Some(intent),
    }
}

fn superseded() -> [(IssuerId, u32, Revocation); 1] {
    [(KEYS[0], OLD, revocation(5, Reason::Superseded))]
}

#[test]
fn a_revocation_counts_at_once_and_the_new_certificate_when_the_operation_ends() {
    let (_folder, mut register) = with_card();
    let (revoke, intent) = (superseded(), intent(1));
    let begun = register.begin(&beginning(&revoke, &intent)).unwrap();
    assert_eq!(begun, Begun::Done(vec![Revoked::Now]));
    let old = register.entry(KEYS[0], OLD).unwrap().unwrap();
    assert_eq!(old.revocation, Some(revoke[0].2));
    assert!(register.entry(KEYS[0], NEW).unwrap().is_none());
    assert_eq!(register.intents().unwrap(), std::slice::from_ref(&intent));
    let status = register.card_status(card().0).unwrap();
    assert_eq!((status.pending, status.last), (Some(intent.clone()), Some(number(1))));
    // Nothing else takes the serial number meanwhile.
    let other = certificate(KEYS[0], NEW, 9);
    assert_eq!(register.record(&[other]).unwrap(), [Recorded::SerialTaken]);
    assert!(register.finish(number(1)).unwrap());
    let new = register.entry(KEYS[0], NEW).unwrap().unwrap();
    assert_eq!((new.replaces, new.revocation), (Some((KEYS[0], OLD)), None));
    assert!(!register.finish(number(1)).unwrap() && register.intents().unwrap().is_empty());
}

#[test]
fn a_card_has_one_pending_operation_and_each_knows_the_one_before() {
    let (_folder, mut register) = with_card();
    let (revoke, first, second) = (superseded(), intent(1), intent(2));
    register.begin(&beginning(&revoke, &first)).unwrap();
    let refused = register.begin(&beginning(&revoke, &second)).unwrap();
    assert_eq!(refused, Begun::Pending(number(1)));
    register.finish(number(1)).unwrap();
    let refused = register.begin(&beginning(&revoke, &second)).unwrap();
    assert_eq!(refused, Begun::Overtaken);
    let after = Beginning {
        after: Some(number(1)),
        ..beginning(&revoke, &second)
    };
    // The certificate of the first has this serial number.
    assert_eq!(register.begin(&after).unwrap(), Begun::SerialTaken(NEW));
    assert_eq!(register.card_status(card().0).unwrap().last, Some(number(1)));
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let (_folder, mut register) = with_card();
    let before = register.now().unwrap();
    let mut revoke = superseded().to_vec();
    revoke.push((KEYS[1], 99, revoke[0].2));
    let intent = intent(1);
    assert_eq!(
        register.begin(&beginning(&revoke, &intent)).unwrap(),
        Begun::Unknown(99)
    );
    assert_eq!(register.entry(KEYS[0], OLD).unwrap().unwrap().revocation, None);
    let coded = Beginning {
        code: Some(([3; 32], date("2026-11-02T00:00:00Z"))),
        ..beginning(&[], &intent)
    };
    assert_eq!(register.begin(&coded).unwrap(), Begun::NoCode);
    assert_eq!(register.now().unwrap(), before);
}

#[test]
fn a_code_is_good_once_and_until_its_time() {
    let (_folder, mut register) = with_card();
    let (until, late) = (date("2026-11-02T00:00:00Z"), date("2026-11-02T00:00:01Z"));
    register.give_code(&card(), [4; 32], until).unwrap();
    register.give_code(&card(), [3; 32], until).unwrap();
    let good = |register: &SqliteRegister, code, now| register.has_code(card().0, [code; 32], now).unwrap();
    assert!(good(&register, 3, until) && !good(&register, 4, until) && !good(&register, 3, late));
    let intent = intent(1);
    let coded = |now| Beginning {
        code: Some(([3; 32], now)),
        ..beginning(&[], &intent)
    };
    assert_eq!(register.begin(&coded(late)).unwrap(), Begun::NoCode);
    assert_eq!(register.begin(&coded(until)).unwrap(), Begun::Done(Vec::new()));
    assert!(!good(&register, 3, until));
}

#[test]
fn a_withdrawn_card_has_no_further_operation() {
    let (_folder, mut register) = with_card();
    let withdrawal = Withdrawal {
        at: date("2026-11-02T00:00:00Z"),
        cause: Cause::Death,
    };
    let intent = intent(2);
    let death = Beginning {
        operation: number(1),
        withdraw: Some(withdrawal),
        intent: None,
        ..beginning(&[], &intent)
    };
    assert_eq!(register.begin(&death).unwrap(), Begun::Done(Vec::new()));
    assert_eq!(register.card_status(card().0).unwrap().withdrawn, Some(withdrawal));
    let later = Beginning {
        after: Some(number(1)),
        ..beginning(&[], &intent)
    };
    assert_eq!(register.begin(&later).unwrap(), Begun::Withdrawn(withdrawal));
}

/// A register as version 1 of the schema had it, with a revoked certificate.
fn version_1(path: &Path) {
    drop(SqliteRegister::open_or_make(path).unwrap());
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, "").unwrap();
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.execute_batch(SCHEMAS[0]).unwrap();
    connection.pragma_update(None, "application_id", APPLICATION).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    let rows = "INSERT INTO issuer VALUES (1, zeroblob(20), 0);
        INSERT INTO point VALUES (1, 1, '13101', x'00');
        INSERT INTO certificate VALUES (1, 1, 7, 1, zeroblob(32), 1, 2000000000, NULL, 1, 1800000000, 4, 2);
        INSERT INTO card VALUES (1, zeroblob(32), 'taro');
        INSERT INTO on_card VALUES (1, 1);
        UPDATE last_write SET number = 2;";
    connection.execute_batch(rows).unwrap();
}

#[test]
fn a_register_of_version_1_becomes_the_newest_in_place_and_keeps_what_it_knows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("register.sqlite");
    version_1(&path);
    let all = (0..4).map(|_| SqliteRegister::open(&path).unwrap()).collect::<Vec<_>>();
    let entry = all[3].entry(IssuerId([0; 20]), 7).unwrap().unwrap();
    assert_eq!(
        (entry.cards, entry.revocation.map(|one| one.reason)),
        (vec!["taro".to_owned()], Some(Reason::Superseded))
    );
    assert_eq!(all[0].now().unwrap(), Change(2));
    assert_eq!(all[0].card_status(CardId([0; 32])).unwrap(), CardStatus::default());
    let version: i64 = all[0]
        .connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, VERSION);
}

/// A phone of the card, by this number.
fn phone(byte: u8, kind: PhoneKind) -> PhoneLink {
    PhoneLink {
        phone: (CardId([byte; 32]), format!("phone-{byte}")),
        card: card(),
        kind,
    }
}

#[test]
fn a_phone_is_linked_when_its_operation_ends_and_goes_out_of_use_with_the_next() {
    let (_folder, mut register) = with_card();
    let mut first = intent(1);
    first.certificates[0].card = phone(11, PhoneKind::Iphone).phone;
    first.phones = vec![phone(11, PhoneKind::Iphone)];
    register.begin(&beginning(&[], &first)).unwrap();
    assert_eq!(register.intents().unwrap(), std::slice::from_ref(&first));
    assert_eq!(register.phones(card().0).unwrap(), []);
    register.finish(number(1)).unwrap();
    let known = Phone {
        link: phone(11, PhoneKind::Iphone),
        withdrawn: None,
    };
    assert_eq!(register.phones(card().0).unwrap(), std::slice::from_ref(&known));
    assert_eq!(register.phone(CardId([11; 32])).unwrap(), Some(known.clone()));
    assert_eq!(register.phone(card().0).unwrap(), None);
    let entry = register.entry(KEYS[0], NEW).unwrap().unwrap();
    assert_eq!(entry.phone, Some((PhoneKind::Iphone, card().1)));
    assert_eq!(register.entry(KEYS[0], OLD).unwrap().unwrap().phone, None);
    // Another phone replaces it; one that is out of use stays as it is.
    let withdrawal = |cause| Withdrawal {
        at: date("2026-11-02T00:00:00Z"),
        cause,
    };
    let mut second = intent(2);
    second.certificates.clear();
    second.phones = vec![phone(12, PhoneKind::Android)];
    let end = [(CardId([11; 32]), withdrawal(Cause::OtherPhone))];
    let replacing = Beginning {
        after: Some(number(1)),
        end_phones: &end,
        ..beginning(&[], &second)
    };
    assert_eq!(register.begin(&replacing).unwrap(), Begun::Done(Vec::new()));
    register.finish(number(2)).unwrap();
    let states = |register: &SqliteRegister, card| {
        let phones = register.phones(card).unwrap().into_iter();
        phones.map(|phone| phone.withdrawn).collect::<Vec<_>>()
    };
    assert_eq!(states(&register, card().0), [Some(end[0].1), None]);
    let mut third = intent(3);
    third.certificates.clear();
    let end = [(CardId([11; 32]), withdrawal(Cause::Removed))];
    // A new card takes over both.
    let new_card = (CardId([5; 32]), "taro".to_owned());
    third.phones = [phone(11, PhoneKind::Iphone), phone(12, PhoneKind::Android)].to_vec();
    third.phones.iter_mut().for_each(|phone| phone.card = new_card.clone());
    let moving = Beginning {
        after: Some(number(2)),
        end_phones: &end,
        ..beginning(&[], &third)
    };
    register.begin(&moving).unwrap();
    assert_eq!(states(&register, card().0).len(), 2);
    register.finish(number(3)).unwrap();
    assert_eq!(register.phones(card().0).unwrap(), []);
    assert_eq!(
        states(&register, new_card.0),
        [Some(withdrawal(Cause::OtherPhone)), None]
    );
}

/// A register that the last program with version 2 has written: the person of one card has moved and lost it, the person of
/// another one has died, and an operation on the third was killed before the card changed.
const VERSION_2: &[u8] = include_bytes!("version_2.sqlite");

#[test]
fn a_register_of_version_2_becomes_the_newest_in_place_and_keeps_what_it_knows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("register.sqlite");
    std::fs::write(&path, VERSION_2).unwrap();
    let mut register = SqliteRegister::open(&path).unwrap();
    let version: i64 = register
        .connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, VERSION);
    let mut all = Vec::new();
    let mut take = |entry: Entry| {
        let reason = entry.revocation.map(|revocation| revocation.reason);
        all.push((entry.serial, entry.hierarchy, reason, entry.phone));
        true
    };
    register.entries(None, &mut take).unwrap();
    let (sign, auth) = (Hierarchy::Signature, Hierarchy::Authentication);
    let expected = [
        (0x06_EC27, sign, Some(Reason::AffiliationChanged)),
        (0x06_EC27, auth, Some(Reason::CertificateHold)),
        (0x28_20F0, sign, Some(Reason::CessationOfOperation)),
        (0x28_20F0, auth, Some(Reason::CessationOfOperation)),
        (0x58_89A9, sign, Some(Reason::AffiliationChanged)),
        (0x58_89A9, auth, None),
        (0x16_ED20, sign, Some(Reason::CertificateHold)),
    ];
    assert_eq!(all, expected.map(|(serial, kind, reason)| (serial, kind, reason, None)));
    let pending = register.intents().unwrap();
    assert_eq!(pending.len(), 1);
    assert!(pending[0].phones.is_empty() && pending[0].certificates.len() == 1);
    assert!(register.finish(pending[0].operation).unwrap());
    let issued = pending[0].certificates[0].clone();
    assert!(register.entry(issued.issuer, issued.serial).unwrap().is_some());
}

#[test]
fn a_finished_operation_leaves_no_pin_in_the_register() {
    let (folder, mut register) = with_card();
    let intent = intent(1);
    register.begin(&beginning(&[], &intent)).unwrap();
    register.finish(number(1)).unwrap();
    // The log is emptied into the file, as it is when the last program closes it.
    drop(register);
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(19).any(|part| part == b"a change with a PIN"));
    }
}
