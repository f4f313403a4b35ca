//! What the card tells those who watch it, in words: instructions, decisions, status words, faults. Whoever narrates a
//! session prints these, so each is stated here; none of them shows a value that was presented.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::sync::{Arc, Mutex};

use common::{ALPHA, Rig, free};
use vmyna_apdu::{CommandApdu, FileId, Malformed, StatusWord, instruction};
use vmyna_card_os::declaration::{Access, Characters, Condition, DeclarationError, Format, Operation, decide};
use vmyna_card_os::key::{EngineError, SignatureScheme};
use vmyna_card_os::rule::{self, Certainty};
use vmyna_card_os::state::StoreError;
use vmyna_card_os::tlv::MalformedTlv;
use vmyna_card_os::{CardError, Event, NoPower};

/// What an instruction is called when the card has understood it, in both forms that can be printed.
fn told(command: &str) -> Vec<[String; 2]> {
    told_by(Rig::at_alpha(), command)
}

fn told_by(mut rig: Rig, command: &str) -> Vec<[String; 2]> {
    let words = Arc::new(Mutex::new(Vec::new()));
    let told = words.clone();
    rig.card.observe(Box::new(move |event: &Event<'_>| {
        if let Event::Instruction(instruction) = event {
            let forms = [instruction.to_string(), format!("{instruction:?}")];
            told.lock().unwrap().push(forms);
        }
    }));
    rig.send(command);
    drop(rig);
    Arc::into_inner(words).unwrap().into_inner().unwrap()
}

#[test]
fn every_instruction_is_told_in_words_and_without_what_was_presented() {
    let aid = format!("0A {ALPHA}");
    let long = |header: &str, length: usize| format!("{header} 00{length:04X} {}", "00".repeat(length));
    let table = [
        (format!("00A4040C {aid}"), "SELECT AP D3921000310001010401"),
        (format!("00A40400 {aid} 00"), "SELECT AP D3921000310001010401 with FCI"),
        (format!("00A4040E {aid}"), "SELECT next AP D3921000310001010401"),
        ("00A4040C".into(), "SELECT AP of any name"),
        ("00A4020C 02 0018".into(), "SELECT EF 0018"),
        ("00A40200 02 0018 00".into(), "SELECT EF 0018 with FCI"),
        ("00A4000C".into(), "SELECT MF"),
        ("00A4000C 02 3F00".into(), "SELECT MF 3F00"),
        ("00B00005 00".into(), "READ BINARY current EF, 256 bytes from 5"),
        ("00B08305 10".into(), "READ BINARY EF 0003, 16 bytes from 5"),
        ("00B20104 00".into(), "READ RECORD current EF, record 1"),
        ("00B20265 00".into(), "READ RECORD EF 000C, all records from 2"),
        ("00200098".into(), "VERIFY EF 0018: how many tries are left?"),
        ("00200080 04 31323334".into(), "VERIFY current EF, 4 bytes"),
        ("00240198 04 31323334".into(), "CHANGE REFERENCE DATA EF 0018, 4 bytes"),
        ("8032009A 04 31323334".into(), "CHANGE KEY EF 001A, 4 bytes"),
        (
            "00880090 03 313233 00".into(),
            "INTERNAL AUTHENTICATE with EF 0010, challenge of 3 bytes",
        ),
        ("00820090 03 313233".into(), "EXTERNAL AUTHENTICATE with EF 0010"),
        ("80060000".into(), "ERASE ALL RECORDS"),
        ("80500000".into(), "LOCK DF"),
        ("80520000".into(), "UNLOCK DF"),
        ("80540098 04 31323334".into(), "UNLOCK KEY"),
        ("808A2200".into(), "MANAGE ATTRIBUTES"),
        ("00840000 08".into(), "GET CHALLENGE of 8 bytes"),
        ("00CA00F2 00".into(), "GET DATA 00F2"),
        (long("80A206C1", 307), "terminal certificate: body"),
        (long("80A200C1", 261), "terminal certificate: signature"),
        (long("80AE0000", 256), "SET SESSION KEY, 256 bytes encrypted"),
    ];
    for (command, words) in table {
        let [[display, debug]] = &told(&command)[..] else {
            panic!("{command} is not one instruction");
        };
        assert_eq!(display, words, "{command}");
        // Debug names the instruction around the same words, and so shows no more of a PIN than they do.
        if words.starts_with("VERIFY") || words.starts_with("CHANGE") {
            assert!(debug.ends_with(&format!("({words})")), "{debug}");
        }
    }
}

#[test]
fn instructions_of_applications_of_others_are_told_without_what_they_write() {
    let digest = "5A".repeat(32);
    let table = [
        (
            "00D60005 02 AABB".to_owned(),
            "UPDATE BINARY current EF, 2 bytes from 5",
        ),
        ("00D68105 02 AABB".into(), "UPDATE BINARY EF 0001, 2 bytes from 5"),
        ("00DC0104 02 AABB".into(), "UPDATE RECORD current EF, record 1, 2 bytes"),
        ("00E20060 02 AABB".into(), "APPEND RECORD EF 000C, 2 bytes"),
        ("00468095 00".into(), "GENERATE ASYMMETRIC KEY PAIR in EF 0015"),
        (
            "00468180 00".into(),
            "GENERATE ASYMMETRIC KEY PAIR: public key of current EF",
        ),
        (
            format!("802A1095 20 {digest} 00"),
            "COMPUTE DIGITAL SIGNATURE with EF 0015, ECDSA of a digest of 32 bytes, as DER",
        ),
        (
            format!("802A1100 20 {digest} 00"),
            "COMPUTE DIGITAL SIGNATURE with the default key, ECDSA of a digest of 32 bytes, as r and s",
        ),
    ];
    for (command, words) in table {
        let [[display, debug]] = &told_by(free::rig(), &command)[..] else {
            panic!("{command} is not one instruction");
        };
        assert_eq!(display, words, "{command}");
        assert!(!debug.contains("170, 187"), "{debug}");
    }
}

#[test]
fn every_signature_scheme_is_told_with_its_key_and_the_length_of_its_input() {
    let words = [
        "PKCS#1 v1.5 of 32 bytes as they are",
        "PKCS#1 v1.5 of the bare SHA-256 of 32 bytes",
        "PKCS#1 v1.5 of a SHA-256 hash",
        "PKCS#1 v1.5 with SHA-256 of 32 bytes",
        "PSS of a SHA-256 hash",
        "PSS with SHA-256 of 32 bytes",
    ];
    let mut told_schemes = Vec::new();
    for (p1, key) in (0..6).zip(["current EF", "EF 0010", "the default key"].iter().cycle()) {
        let p2 = match *key {
            "current EF" => 0x80,
            "EF 0010" => 0x90,
            _ => 0x00,
        };
        let scheme = SignatureScheme::from_p1(p1).unwrap();
        let [[words, _]] = &told(&format!("802A{p1:02X}{p2:02X} 20 {} 00", "5A".repeat(32)))[..] else {
            panic!("{scheme:?} is not one instruction");
        };
        let said = words.strip_prefix(&format!("COMPUTE DIGITAL SIGNATURE with {key}, "));
        told_schemes.push(said.unwrap_or_else(|| panic!("{words}")).to_owned());
    }
    told_schemes.sort();
    let mut words = words.map(str::to_owned);
    words.sort();
    assert_eq!(told_schemes, words);
}

#[test]
fn every_instruction_byte_that_the_card_knows_has_a_name_and_no_other() {
    let names = [
        (0x06, "ERASE ALL RECORDS"),
        (0x20, "VERIFY"),
        (0x24, "CHANGE REFERENCE DATA"),
        (0x2A, "COMPUTE DIGITAL SIGNATURE"),
        (0x32, "CHANGE KEY"),
        (0x46, "GENERATE ASYMMETRIC KEY PAIR"),
        (0x50, "LOCK DF"),
        (0x52, "UNLOCK DF"),
        (0x54, "UNLOCK KEY"),
        (0x82, "EXTERNAL AUTHENTICATE"),
        (0x84, "GET CHALLENGE"),
        (0x88, "INTERNAL AUTHENTICATE"),
        (0x8A, "MANAGE ATTRIBUTES"),
        (0xA2, "terminal certificate"),
        (0xA4, "SELECT"),
        (0xAE, "SET SESSION KEY"),
        (0xB0, "READ BINARY"),
        (0xB2, "READ RECORD"),
        (0xCA, "GET DATA"),
        (0xD6, "UPDATE BINARY"),
        (0xDC, "UPDATE RECORD"),
        (0xE2, "APPEND RECORD"),
        (0xFC, "last command indicator"),
    ];
    for ins in 0..=0xFF {
        let name = names.iter().find(|(known, _)| *known == ins).map(|(_, name)| *name);
        assert_eq!(instruction::name(ins), name, "{ins:02X}");
    }
}

#[test]
fn every_status_word_has_its_meaning() {
    let meanings = [
        (0x9000, "done"),
        (0x6300, "wrong value, tries are not limited"),
        (0x63C0, "no tries left"),
        (0x63C1, "1 try left"),
        (0x63C2, "2 tries left"),
        (0x63CF, "15 tries left"),
        (0x6110, "16 more bytes are ready"),
        (0x6CFF, "wrong Le, 255 is right"),
        (0x6283, "selected DF is locked"),
        (0x6581, "the card could not write its memory"),
        (0x66F1, "no security environment for a session key"),
        (0x6700, "wrong length"),
        (0x6881, "logical channel not supported"),
        (0x6882, "secure messaging not supported"),
        (0x6884, "command chaining not supported"),
        (0x6981, "the command does not fit the file's structure"),
        (0x6982, "security status not satisfied"),
        (0x6983, "authentication method blocked"),
        (0x6984, "PIN or key blocked"),
        (0x6985, "conditions of use not satisfied"),
        (0x6986, "no current EF"),
        (0x6987, "secure messaging object missing"),
        (0x6988, "secure messaging object wrong"),
        (0x69FC, "no secure session"),
        (0x6A80, "wrong data field"),
        (0x6A81, "function not supported"),
        (0x6A82, "file, application or key not found"),
        (0x6A83, "record not found"),
        (0x6A84, "no memory left"),
        (0x6A86, "wrong P1-P2"),
        (0x6A88, "referenced data not found"),
        (0x6B00, "offset outside the EF"),
        (0x6D00, "instruction not supported"),
        (0x6E00, "class not supported"),
        (0x6F00, "failure without diagnosis"),
        (0x1234, "status word not in this card's list"),
        (0x63D1, "status word not in this card's list"),
    ];
    for (value, meaning) in meanings {
        let sw = StatusWord::new(value);
        assert_eq!(sw.meaning(), meaning, "{sw}");
        assert_eq!(
            [format!("{sw}"), format!("{sw:?}")],
            [format!("{value:04X}"), format!("{value:04X}")]
        );
        assert_eq!(sw.is_success(), value == 0x9000);
        assert_eq!(sw.to_bytes(), value.to_be_bytes());
    }
    // No status word that a rule answers with is without one.
    for rule in rule::ALL {
        let unknown = rule
            .status_word
            .is_some_and(|sw| sw.meaning().contains("not in this card's list"));
        assert!(!unknown, "{}", rule.id);
    }
}

#[test]
fn a_rule_refuses_with_its_status_word_and_says_how_certain_it_is() {
    assert_eq!(rule::WRONG_LENGTH.refusal().status_word.value(), 0x6700);
    assert_eq!(
        rule::WRONG_LENGTH.refuse::<()>().unwrap_err().rule.id,
        "apdu.wrong-length"
    );
    // A rule that carries no status word of its own is not meant to refuse without one.
    assert_eq!(rule::VERIFY_QUERY.refusal().status_word.value(), 0x6F00);
    let words = [
        Certainty::Assumed,
        Certainty::Client,
        Certainty::Documented,
        Certainty::Measured,
    ];
    assert_eq!(
        words.map(|it| it.to_string()),
        ["assumed", "client", "documented", "measured"]
    );
}

#[test]
fn every_operation_has_a_name_and_every_condition_its_pins() {
    let pin = |id| Condition::Verified(FileId::new(id));
    let any = Condition::AnyOf(vec![pin(0x14), pin(0x15)]);
    let table = [
        (Condition::Always, vec![]),
        (Condition::Never, vec![]),
        (Condition::Unsuited, vec![]),
        (pin(0x18), vec![0x18]),
        (any.clone(), vec![0x14, 0x15]),
        (
            Condition::AllOf(vec![any, pin(0x18), Condition::AllOf(vec![pin(0x19)])]),
            vec![0x14, 0x15, 0x18, 0x19],
        ),
    ];
    for (condition, pins) in table {
        let pins: Vec<_> = pins.into_iter().map(FileId::new).collect();
        assert_eq!(condition.pins(), pins, "{condition:?}");
    }
    let operations = [
        "read",
        "verify",
        "change reference data",
        "change key",
        "compute signature",
        "internal authenticate",
        "external authenticate",
        "verify certificate",
        "set session key",
        "update binary",
        "update record",
        "append record",
        "generate key pair",
    ];
    assert_eq!(Operation::ALL.map(|operation| operation.to_string()), operations);
}

#[test]
fn every_refused_verdict_has_its_rule() {
    let (one, two) = (FileId::new(0x18), FileId::new(0x19));
    let both = Condition::AllOf(vec![Condition::Verified(one), Condition::Verified(two)]);
    let access = Access::read(Condition::Always)
        .with(Operation::Verify, Condition::Never)
        .with(Operation::InternalAuthenticate, Condition::Unsuited)
        .with(Operation::ChangeKey, both);
    let table: [(_, &[FileId], _); 6] = [
        (Operation::Read, &[], None),
        (Operation::Verify, &[one, two], Some("access.denied")),
        (Operation::InternalAuthenticate, &[one], Some("access.unsuited")),
        (Operation::ChangeKey, &[two], Some("access.denied")),
        (Operation::ChangeKey, &[one, two], None),
        (Operation::ComputeSignature, &[one, two], Some("access.denied")),
    ];
    for (operation, verified, rule) in table {
        let verdict = decide(&access, operation, verified);
        assert_eq!(verdict.refusal().map(|rule| rule.id), rule, "{verdict:?}");
        assert_eq!(verdict.allowed, rule.is_none(), "{verdict:?}");
    }
    // The last declaration of an operation counts, and the list has the order of the declarations.
    let access = access.with(Operation::Read, Condition::Never);
    let listed: Vec<_> = access.iter().collect();
    assert_eq!(listed.first().unwrap(), &(Operation::Verify, &Condition::Never));
    assert_eq!(listed.last().unwrap(), &(Operation::Read, &Condition::Never));
    assert_eq!(listed.len(), 4);
}

#[test]
fn the_form_of_a_pin_is_told_in_words() {
    let form = |characters, min, max| Format { characters, min, max }.to_string();
    assert_eq!(Format::digits(4).to_string(), "4 digits");
    assert_eq!(
        form(Characters::UpperCaseAndDigits, 6, 16),
        "6 to 16 characters A-Z and 0-9"
    );
    assert_eq!(form(Characters::Bytes, 1, 16), "1 to 16 bytes");
    // A PIN has one byte at least and sixteen at most, whatever its form says.
    let any = |value: &[u8]| {
        Format {
            characters: Characters::Bytes,
            min: 0,
            max: 99,
        }
        .allows(value)
    };
    assert!(!any(&[]) && any(&[0]) && any(&[0xFF; 16]) && !any(&[0xFF; 17]));
}

#[test]
fn every_fault_says_what_it_is_and_nothing_more() {
    let of_the_set = DeclarationError {
        application: String::new(),
        fault: "empty".into(),
    };
    let of_one = DeclarationError {
        application: "jpki".into(),
        fault: "wrong".into(),
    };
    let table: [(&dyn std::error::Error, &str); 8] = [
        (&NoPower, "the card has no power"),
        (
            &CardError::Store(StoreError::other("the disk is full")),
            "the disk is full",
        ),
        (&CardError::Declaration(of_one), "application jpki: wrong"),
        (&of_the_set, "the card: empty"),
        (&StoreError::other("no"), "no"),
        (&EngineError, "the private key can't be used"),
        (
            &Malformed,
            "not a C-APDU: the length fields don't agree with its length",
        ),
        (&MalformedTlv, "not a data object of the card's files"),
    ];
    for (error, words) in table {
        assert_eq!(error.to_string(), words);
    }
}

#[test]
fn the_debug_forms_of_cards_and_commands_show_lengths_and_no_contents() {
    let command = common::bytes("0020009804 31323334");
    let apdu = CommandApdu::parse(&command).unwrap();
    assert_eq!(format!("{apdu:?}"), "00200098 (4 data bytes)");
    let with_le = CommandApdu {
        data: &[],
        ne: Some(256),
        ..apdu
    };
    assert_eq!(format!("{with_le:?}"), "00200098 (0 data bytes, Ne 256)");
    let mut rig = Rig::at_alpha();
    rig.send_bytes(&command);
    let card = format!("{:?}", rig.card);
    assert!(card.contains("powered: true") && card.contains(ALPHA), "{card}");
    assert!(!card.contains("1234") && !card.contains("31323334"), "{card}");
}
