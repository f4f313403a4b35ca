//! What a secured command is wrapped in: which objects the card takes, and that the first fault ends the session.

use myna_card::ap::text::{TextAp, ef};
use myna_card::{Command, SecureSession};

use super::super::{card, code_a, refused, status_of};
use super::{SEED, Session, delivery_key, in_session};

fn read_command(object: &[u8]) -> Command {
    Command::with_data_le(0x08, 0xB0, 0x00, 0x00, object, 65_536)
}

fn verify_command(object: &[u8]) -> Command {
    Command::with_data(0x08, 0x20, 0x00, 0x94, object)
}

/// An object that READ BINARY takes.
const EXPECTED: [u8; 5] = [0x96, 0x03, 0x00, 0x00, 0x00];

#[test]
fn without_a_session_secured_commands_are_refused_as_measured() {
    let mut card = card();
    TextAp::select(&mut card).unwrap();
    let object = [&[0x86, 0x11, 0x01][..], &[0; 16]].concat();
    assert_eq!(status_of(&mut card, &read_command(&EXPECTED)), 0x69FC);
    assert_eq!(status_of(&mut card, &verify_command(&object)), 0x69FC);
    let select = Command::with_data(0x08, 0xA4, 0x02, 0x0C, object);
    assert_eq!(status_of(&mut card, &select), 0x6882);
}

/// Sends `command` in a session; the session must be gone then.
#[track_caller]
fn ends_the_session(command: impl FnOnce(&mut Session<'_>) -> Command) {
    in_session(|session| {
        session.select_ef(ef::CERTIFICATE).unwrap();
        let command = command(session);
        assert_eq!(status_of(session.card(), &command), 0x6988);
        assert_eq!(refused(session.read_binary(0, 0)), 0x69FC);
        assert!(session.is_broken());
        // What was verified stays so, and a new session can be opened.
        SecureSession::establish(session.card(), &delivery_key(), &SEED)
            .unwrap()
            .read_ef(ef::MY_NUMBER)
            .unwrap();
    });
}

/// The VERIFY of code A that the client sends in a fresh session behind one SELECT: it carries the number 2.
fn cryptogram_number_2() -> Vec<u8> {
    in_session(|session| {
        session.select_ef(ef::CERTIFICATE).unwrap();
        session.card().transport().take_commands();
        session.verify(ef::CODE_A, &code_a()).unwrap();
        let commands = session.card().transport().take_commands();
        let [command] = &commands[..] else {
            panic!("{} commands", commands.len());
        };
        assert_eq!(command[..8], [0x08, 0x20, 0x00, 0x94, 0x13, 0x86, 0x11, 0x01]);
        command[8..].to_vec()
    })
}

fn object(tag: u8, length: &[u8], indicator: u8, cryptogram: &[u8]) -> Vec<u8> {
    [&[tag][..], length, &[indicator], cryptogram].concat()
}

#[test]
fn of_all_tags_and_forms_only_the_right_one_is_taken() {
    let cryptogram = cryptogram_number_2();
    let right = object(0x86, &[0x11], 0x01, &cryptogram);
    for right in [&right, &object(0x86, &[0x81, 0x11], 0x01, &cryptogram)] {
        in_session(|session| {
            session.select_ef(ef::CERTIFICATE).unwrap();
            assert_eq!(
                status_of(session.card(), &verify_command(right)),
                0x9000,
                "{right:02X?}"
            );
        });
    }
    for tag in (0..=0xFF).filter(|tag| *tag != 0x86) {
        ends_the_session(|_| verify_command(&object(tag, &[0x11], 0x01, &cryptogram)));
    }
    for indicator in [0x00, 0x02, 0x80, 0xFF] {
        ends_the_session(|_| verify_command(&object(0x86, &[0x11], indicator, &cryptogram)));
    }
    // Swapped, twice, and beside another object.
    ends_the_session(|_| verify_command(&EXPECTED));
    ends_the_session(|_| read_command(&right));
    ends_the_session(|_| verify_command(&[&right[..], &right].concat()));
    ends_the_session(|_| read_command(&[EXPECTED, EXPECTED].concat()));
    ends_the_session(|_| verify_command(&[&right[..], &EXPECTED].concat()));
    ends_the_session(|_| verify_command(&[&EXPECTED[..], &right].concat()));
    // Half a block, and none.
    ends_the_session(|_| verify_command(&object(0x86, &[0x09], 0x01, &cryptogram[..8])));
    ends_the_session(|_| verify_command(&object(0x86, &[0x01], 0x01, &[])));
}

/// With this seed the number 1 decrypts the command numbered 2 to something that does not end like padding.
#[test]
fn a_command_with_another_number_than_the_next_ends_the_session() {
    let cryptogram = cryptogram_number_2();
    let command = || verify_command(&object(0x86, &[0x11], 0x01, &cryptogram));
    in_session(|session| {
        assert_eq!(status_of(session.card(), &command()), 0x6988, "too early");
        assert_eq!(refused(session.read_binary(0, 0)), 0x69FC);
    });
    in_session(|session| {
        session.select_ef(ef::CERTIFICATE).unwrap();
        assert_eq!(status_of(session.card(), &command()), 0x9000);
        assert_eq!(status_of(session.card(), &command()), 0x6988, "a second time");
        assert_eq!(refused(session.read_binary(0, 0)), 0x69FC);
    });
}

#[test]
fn a_header_that_would_be_authenticated_lacks_its_objects() {
    in_session(|session| {
        session.select_ef(ef::CERTIFICATE).unwrap();
        let read = Command::with_data_le(0x0C, 0xB0, 0x00, 0x00, EXPECTED, 65_536);
        assert_eq!(status_of(session.card(), &read), 0x6987);
    });
}
