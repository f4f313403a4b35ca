//! Which files are declared secret, so that traces mask what is read from them: all that is about the holder and behind a
//! credential.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use vmyna_applets::specimen;
use vmyna_card_os::declaration::{Condition, Operation};

/// Of secret files, and of others behind a credential: application and file.
const SECRET: [(&str, u16); 8] = [
    ("jpki", 0x0001),
    ("input_assist", 0x0001),
    ("input_assist", 0x0002),
    // Digests of the two before it: a number of 12 digits is soon found by its digest.
    ("input_assist", 0x0003),
    ("face_info", 0x0001),
    ("face_info", 0x0002),
    ("face_info", 0x0005),
    ("residence_code", 0x0021),
];
const PROTECTED_BUT_NOT_PERSONAL: [(&str, u16); 5] = [
    ("jpki", 0x0009),
    ("input_assist", 0x0006),
    ("input_assist", 0x0007),
    ("input_assist", 0x0008),
    ("face_info", 0x0006),
];

#[test]
fn what_is_about_the_holder_and_behind_a_credential_is_secret_and_nothing_else_is() {
    let applications = specimen::find("hanako").unwrap().unwrap().applications();
    let (mut secret, mut protected) = (Vec::new(), Vec::new());
    for application in &applications {
        for file in &application.files {
            let place = (application.name.to_string(), file.id.value());
            match file.access.condition(Operation::Read) {
                _ if file.secret => secret.push(place),
                Some(condition) if *condition != Condition::Always => protected.push(place),
                _ => {}
            }
        }
    }
    let sorted = |mut places: Vec<(String, u16)>| {
        places.sort();
        places
    };
    let listed = |places: &[(&str, u16)]| sorted(places.iter().map(|(ap, id)| ((*ap).to_owned(), *id)).collect());
    assert_eq!(sorted(secret), listed(&SECRET));
    assert_eq!(sorted(protected), listed(&PROTECTED_BUT_NOT_PERSONAL));
}
