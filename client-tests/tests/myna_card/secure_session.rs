//! Secure messaging with the 券面事項入力補助AP, as the client speaks it and as its documentation says cards answer: opened
//! after the PIN, confidential, counted, and gone after the first fault.

mod delivery;
mod envelope;

use myna_card::ap::jpki::JpkiAp;
use myna_card::ap::text::{Attributes, IntegrityRecord, TextAp, ef};
use myna_card::{Card, Error, RsaPublicKey, SecureSession};
use vmyna_client_tests::{SoftwareCard, specimen};
use vmyna_testkit::clients::{Way, proves};

use super::{card, code_a, code_b, public_half_of, refused, text_pin};

const SEED: [u8; 32] = *b"a seed that tests may make known";

type Session<'a> = SecureSession<'a, SoftwareCard>;

/// The key of EF 0006, to which a session key is encrypted.
fn delivery_key() -> RsaPublicKey {
    public_half_of(&specimen().input_assist.as_ref().unwrap().session_key)
}

/// Does something in a session that was just opened.
fn in_session<T>(act: impl FnOnce(&mut Session<'_>) -> T) -> T {
    let mut card = card();
    let mut text = TextAp::select(&mut card).unwrap();
    text.verify_pin(&text_pin()).unwrap();
    act(&mut text.open_secure_session(&SEED).unwrap())
}

#[test]
fn the_file_gives_the_key_that_opens_deliveries() {
    let mut card = card();
    let mut text = TextAp::select(&mut card).unwrap();
    text.verify_code_a(&code_a()).unwrap();
    let key = text.read_session_key_public_key().unwrap().public_key;
    assert_eq!(key, delivery_key());
}

#[test]
fn a_session_is_opened_after_the_pin_and_not_after_the_codes() {
    for (a, b) in [(false, false), (true, false), (false, true), (true, true)] {
        let mut card = card();
        let mut text = TextAp::select(&mut card).unwrap();
        if a {
            text.verify_code_a(&code_a()).unwrap();
        }
        if b {
            text.verify_code_b(&code_b()).unwrap();
        }
        let session = SecureSession::establish(text.card(), &delivery_key(), &SEED);
        assert_eq!(refused(session), 0x6982, "A {a}, B {b}");
        text.verify_pin(&text_pin()).unwrap();
        SecureSession::establish(text.card(), &delivery_key(), &SEED).unwrap();
    }
}

#[test]
fn every_file_is_read_in_the_session_as_it_is_without() {
    let _proof = proves("myna-card.secure", Way::Software);
    let mut card = card();
    let mut text = TextAp::select(&mut card).unwrap();
    text.verify_pin(&text_pin()).unwrap();
    let files = 1..=8;
    let plain: Vec<_> = files
        .clone()
        .map(|id| {
            text.card().select_ef(id).unwrap();
            text.card().read_binary_physical().unwrap()
        })
        .collect();
    let mut session = text.open_secure_session(&SEED).unwrap();
    for (id, plain) in files.zip(&plain) {
        session.card().transport().take_commands();
        assert_eq!(session.read_ef_physical(id).unwrap(), *plain, "{id:04X}");
        let commands = session.card().transport().take_commands();
        assert_eq!(commands.len(), 2, "SELECT and READ BINARY");
        assert!(commands.iter().all(|command| command[0] == 0x08), "all secured");
    }
    let attributes = Attributes::parse(&session.read_ef(ef::ATTRIBUTES).unwrap()).unwrap();
    assert_eq!(attributes.name, "見本　花子");
    let integrity = IntegrityRecord::parse(&session.read_ef(ef::INTEGRITY).unwrap()).unwrap();
    assert!(integrity.matches_my_number_file(&session.read_ef_physical(ef::MY_NUMBER).unwrap()));
}

#[test]
fn parts_of_a_file_come_with_exactly_the_bytes_asked_for() {
    in_session(|session| {
        let whole = session.read_ef_physical(ef::CERTIFICATE).unwrap();
        assert_eq!(whole.len(), 568);
        for (offset, length) in [
            (0, 1),
            (0, 15),
            (0, 16),
            (1, 17),
            (255, 256),
            (256, 300),
            (567, 1),
            (500, 68),
        ] {
            let part = session.read_binary(offset, length).unwrap();
            let from = usize::from(offset);
            assert_eq!(part, whole[from..from + usize::from(length)], "{offset} {length}");
        }
        // Over the end comes what is there.
        assert_eq!(session.read_binary(560, 100).unwrap(), whole[560..]);
        assert_eq!(refused(session.read_binary(568, 1)), 0x6B00);
        assert!(!session.is_broken());
        session.read_binary(0, 0).unwrap();
    });
}

#[test]
fn the_codes_are_verified_in_the_session_and_a_wrong_one_costs_its_try() {
    in_session(|session| {
        session.verify(ef::CODE_A, &code_a()).unwrap();
        session.verify(ef::CODE_B, &code_b()).unwrap();
        session.verify(ef::PIN, &text_pin()).unwrap();
        let wrong = session.verify(ef::CODE_A, &code_b());
        assert!(
            matches!(wrong, Err(Error::PinIncorrect { retries: Some(9) })),
            "{wrong:?}"
        );
        session.verify(ef::CODE_A, &code_a()).unwrap();
    });
    let mut card = card();
    let mut text = TextAp::select(&mut card).unwrap();
    text.verify_pin(&text_pin()).unwrap();
    let mut session = text.open_secure_session(&SEED).unwrap();
    assert!(session.verify(ef::CODE_B, &code_a()).is_err());
    // The counter is the same inside and outside.
    let left = TextAp::select(&mut card).unwrap().retries(ef::CODE_B).unwrap();
    assert_eq!(left.count(), Some(9));
}

/// The client's account of a measurement: the card refuses, and the next command is numbered on.
#[test]
fn a_command_that_the_application_refuses_counts() {
    in_session(|session| {
        let blocked = session.verify(ef::BLOCKED_0012, &text_pin());
        assert!(matches!(blocked, Err(Error::PinBlocked)), "{blocked:?}");
        assert_eq!(refused(session.select_ef(0x0009)), 0x6A82);
        session.select_ef(ef::PIN).unwrap();
        assert_eq!(refused(session.read_binary(0, 0)), 0x6981);
        assert_eq!(session.counter(), 5);
        assert_eq!(session.read_ef_physical(ef::MY_NUMBER).unwrap().len(), 17);
    });
}

#[test]
fn plain_commands_between_secured_ones_do_not_count() {
    in_session(|session| {
        session.select_ef(ef::MY_NUMBER).unwrap();
        let plain = session.card().read_binary_physical().unwrap();
        session.card().get_challenge(16).unwrap();
        session.card().select_ef(ef::MY_NUMBER).unwrap();
        assert_eq!(session.read_binary(0, 0).unwrap(), plain);
        session.card().select_ef(ef::ATTRIBUTES).unwrap();
        assert_ne!(session.read_binary(0, 0).unwrap(), plain);
    });
}

/// (whether A is verified inside, whether B is, the files that are open then)
const OPENS: [(bool, bool, &[u16]); 4] = [
    (false, false, &[4, 5]),
    (true, false, &[1, 3, 4, 5, 6, 7, 8]),
    (false, true, &[2, 3, 4, 5, 6, 7, 8]),
    (true, true, &[1, 2, 3, 4, 5, 6, 7, 8]),
];

#[test]
fn the_access_rules_hold_inside_as_they_do_outside() {
    for (a, b, opened) in OPENS {
        in_session(|session| {
            // A wrong value ends the right that the PIN gave, and not the session.
            assert!(session.verify(ef::PIN, &code_a()).is_err());
            if a {
                session.verify(ef::CODE_A, &code_a()).unwrap();
            }
            if b {
                session.verify(ef::CODE_B, &code_b()).unwrap();
            }
            for id in 1..=8 {
                let file = session.read_ef_physical(id);
                if opened.contains(&id) {
                    assert!(!file.unwrap().is_empty(), "{id:04X}, A {a}, B {b}");
                } else {
                    assert_eq!(refused(file), 0x6982, "{id:04X}, A {a}, B {b}");
                }
            }
        });
    }
}

#[test]
fn a_new_session_begins_at_1_with_its_own_key() {
    let mut card = card();
    let mut text = TextAp::select(&mut card).unwrap();
    text.verify_pin(&text_pin()).unwrap();
    for seed in [SEED, [0xFF; 32], SEED] {
        let mut session = text.open_secure_session(&seed).unwrap();
        assert_eq!(session.counter(), 1);
        for _ in 0..3 {
            assert_eq!(session.read_ef_physical(ef::MY_NUMBER).unwrap().len(), 17);
        }
    }
}

#[test]
fn long_sessions_keep_in_step() {
    in_session(|session| {
        let number = session.read_ef_physical(ef::MY_NUMBER).unwrap();
        for _ in 0..300 {
            assert_eq!(session.read_ef_physical(ef::MY_NUMBER).unwrap(), number);
        }
        assert_eq!(session.counter(), 603);
    });
}

#[test]
fn the_session_ends_with_another_application_and_with_the_power() {
    let leave: [fn(&mut Card<SoftwareCard>); 3] = [
        |card| assert!(JpkiAp::select(card).is_ok()),
        |card| assert!(myna_card::MasterFile::select(card).is_ok()),
        |card| card.transport().power_cycle(),
    ];
    for leave in leave {
        in_session(|session| {
            leave(session.card());
            TextAp::select(session.card()).unwrap();
            session.card().select_ef(ef::CERTIFICATE).unwrap();
            assert_eq!(refused(session.read_binary(0, 0)), 0x69FC);
        });
    }
}
