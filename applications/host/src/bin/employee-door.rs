//! `employee-door`: a door that opens for an enrolled employee card, and leaves an entry in its log.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::pkey::PKey;
use openssl::rand::rand_bytes;
use vmyna_apdu::say;
use vmyna_host_programs::employee::{AID, ENTRY, KEY, LOG, NAME, authenticate, key_file, verify as verify_pin};
use vmyna_host_programs::signature::{digest_of, private_key, verify};
use vmyna_host_programs::{Card, Common, HostError, Pin, main as run, plain, print, read, tlv};

/// The greatest number of a record.
const MOST_ENTRIES: u8 = 254;

/// The tag of an entry in the log.
const LOG_ENTRY: u8 = 0x01;

/// Open a door for an enrolled employee card: PIN, then a challenge that the card's key signs. The card keeps a log of its
/// entries, to which only a terminal of the company can append. The PIN is asked for, or read from standard input
#[derive(Parser)]
#[command(version, after_help = "Example: see employee-enrol --help")]
struct Arguments {
    /// The private key of this terminal, PEM
    #[arg(long, value_name = "FILE")]
    terminal_key: PathBuf,

    /// The folder in which the public keys of employees are kept
    #[arg(long, value_name = "FOLDER")]
    keys: PathBuf,

    /// The name of this door, at most 16 letters, for the log
    #[arg(long, default_value = "TEST-DOOR")]
    door: String,

    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    run(|arguments: Arguments| {
        if arguments.door.len() > 16 {
            return Err(HostError::Other("--door: more than 16 letters".to_owned()));
        }
        let terminal = private_key("the terminal's key", &read(&arguments.terminal_key)?)?;
        let language = arguments.common.lang;
        let mut card = arguments.common.card()?;
        card.select(NAME, AID)?;
        let entry = card.read_objects("the employee's entry", ENTRY.into())?;
        if entry.is_empty() {
            return Err(HostError::Other(
                "this card is not enrolled; its entry is empty".to_owned(),
            ));
        }
        let number = tlv::value("the employee's entry", &entry, 0xC1)?;
        // The key is the one from the enrolment, never one that the card itself offers.
        let pem = read(&key_file(&arguments.keys, number)?)?;
        let key = PKey::public_key_from_pem(&pem).map_err(HostError::crypto("the employee's public key"))?;
        let number = plain(number);
        let pin = Pin::ask(&say!(
            language,
            "{number}: PIN of the employee card",
            "{number}: 社員証の暗証番号"
        ))?;
        verify_pin(&mut card, &pin)?;
        let mut challenge = [0; 32];
        rand_bytes(&mut challenge).map_err(HostError::crypto("a challenge"))?;
        let signature = card.internal_authenticate(KEY, &challenge)?;
        verify(
            "the card has not the key that was enrolled",
            &key,
            digest_of(&key),
            &signature,
            &challenge,
        )?;

        authenticate(&mut card, &terminal)?;
        append(&mut card, &arguments.door)?;
        let mut entries = 0;
        while entries < MOST_ENTRIES && card.read_record("the log", LOG, entries + 1)?.is_some() {
            entries += 1;
        }
        print(&say!(
            language,
            "the door opens for {number}; entries in the card's log: {entries}",
            "開錠: {number}（カードの入室記録 {entries}件）"
        ))
    })
}

/// APPEND RECORD: the door and the time, as one data object. A full log makes the card refuse (6A84).
fn append(card: &mut Card, door: &str) -> Result<(), HostError> {
    let now = Asn1Time::days_from_now(0).map_err(HostError::crypto("the time"))?;
    let text = format!("{door} {}", now.as_ref() as &Asn1TimeRef);
    let mut command = vec![
        0x00,
        0xE2,
        0x00,
        LOG << 3,
        text.len() as u8 + 2,
        LOG_ENTRY,
        text.len() as u8,
    ];
    command.extend(text.as_bytes());
    card.command("APPEND RECORD to the log", &command).map(drop)
}
