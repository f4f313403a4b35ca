use super::*;
use vmyna::CardSource;

/// A stage with Hanako's card and these faults, and a program that sends commands in hexadecimal; with what it has seen.
fn play(faults: &[&str], commands: &[&str]) -> (Vec<Option<String>>, Seen) {
    let card = CardSource::hanako().issued().unwrap();
    let faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
    let card = StageCard::issued(&card, [7; 32]).unwrap();
    let stage = Stage::open(card, Arc::new(Script::new(faults))).unwrap();
    assert!(stage.socket().exists());
    let hand = stage.service.hand();
    let answers = commands
        .iter()
        .map(|command| {
            let command = vmyna_apdu::hex::decode(command).unwrap();
            let answer = hand.transmit(READER, &command).ok()?;
            Some(
                answer[answer.len() - 2..]
                    .iter()
                    .map(|byte| format!("{byte:02X}"))
                    .collect(),
            )
        })
        .collect();
    assert_eq!(stage.commands(), commands.len());
    (answers, stage.end())
}

const JPKI: &str = "00A4040C0AD392F000260100000001";
const AUTH_PIN: &str = "00A4020C020018";
const AUTH_KEY: &str = "00A4020C020017";
const RIGHT: &str = "002000800431323334";
const WRONG: &str = "002000800430303030";
const SIGN: &str = "802A0080333031300D0609608648016503040201050004205A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A00";

fn shown(answers: &[Option<String>]) -> String {
    answers
        .iter()
        .map(|one| one.as_deref().unwrap_or("none"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The tries of the authentication PIN, before and after.
fn auth_tries(seen: &Seen) -> (Option<u8>, Option<u8>) {
    let pin = seen
        .tries
        .iter()
        .find(|tries| tries.pin.file == FileId::new(0x18))
        .unwrap();
    (pin.before, pin.after)
}

#[test]
fn a_signature_is_noted_as_whole_and_a_pin_only_as_sent() {
    let (answers, seen) = play(&[], &[JPKI, AUTH_PIN, RIGHT, AUTH_KEY, SIGN]);
    assert_eq!(shown(&answers), "9000 9000 9000 9000 9000");
    let last = seen.exchanges.last().unwrap();
    assert!(last.signs() && last.signature == Some(Signature::Whole) && last.length == 256);
    assert_eq!(last.file, Some(FileId::new(0x17)));
    assert_eq!(seen.exchanges[2].command, "0020008004********");
    assert_eq!(seen.exchanges[2].verify, Some(Verify::New));
    assert_eq!(seen.sent.iter().collect::<Vec<_>>(), [b"1234"]);
    assert!(!format!("{seen:?}").contains("31323334") && !format!("{seen:?}").contains("1234\""));
    assert_eq!(auth_tries(&seen), (Some(3), Some(3)));
    assert_eq!(
        (seen.power_ons, seen.resets, seen.left_in_transaction, seen.was_locked),
        (1, 0, 0, false)
    );
}

#[test]
fn a_refused_value_that_is_sent_again_is_noted_and_costs_its_tries() {
    let (answers, seen) = play(&[], &[JPKI, AUTH_PIN, WRONG, RIGHT, WRONG]);
    assert_eq!(shown(&answers), "9000 9000 63C2 9000 63C2");
    let verifies: Vec<_> = seen.exchanges.iter().filter_map(|one| one.verify).collect();
    assert_eq!(verifies, [Verify::New, Verify::New, Verify::RefusedBefore]);
    assert_eq!(auth_tries(&seen), (Some(3), Some(2)));
    // The same value for another PIN was not refused before.
    let (_, seen) = play(&[], &[JPKI, AUTH_PIN, WRONG, "00A4020C02001B", WRONG]);
    assert_eq!(seen.exchanges[4].verify, Some(Verify::New));
}

#[test]
fn a_signature_counts_as_given_only_if_it_arrives_whole() {
    let begin = [JPKI, AUTH_PIN, RIGHT, AUTH_KEY];
    for (fault, commands, expected) in [
        ("sw=6581,executed,ins=2A", &[SIGN][..], vec![None]),
        ("remove,executed,ins=2A", &[SIGN], vec![None]),
        ("garbled=bits,ins=2A", &[SIGN], vec![Some(Signature::Damaged)]),
        ("garbled=cut,ins=2A", &[SIGN], vec![Some(Signature::Damaged)]),
        (
            "sw=61xx,ins=2A,piece=200",
            &[SIGN, "00C00000C8", "00C0000038"],
            vec![None, None, Some(Signature::Whole)],
        ),
        ("sw=61xx,ins=2A,piece=200", &[SIGN, "00C00000C8"], vec![None, None]),
        (
            "sw=6581,ins=2A,nth=1",
            &[SIGN, SIGN],
            vec![None, Some(Signature::Whole)],
        ),
    ] {
        let (_, seen) = play(&[fault], &[&begin[..], commands].concat());
        let signatures: Vec<_> = seen.exchanges.iter().skip(4).map(|one| one.signature).collect();
        assert_eq!(signatures, expected, "{fault}");
    }
}

/// The reader makes these itself, and the card never gets the command.
#[test]
fn a_command_that_an_incident_prevents_counts_as_one_without_an_answer() {
    for fault in [
        "other-reset,after=1",
        "probe,after=1",
        "unplug,after=1",
        "service-gone,after=1",
    ] {
        let (answers, seen) = play(&[fault], &[JPKI, AUTH_PIN]);
        assert_eq!(shown(&answers), "9000 none", "{fault}");
        assert_eq!(seen.exchanges.len(), 2, "{fault}");
        assert_eq!(seen.exchanges[1].status_word, None, "{fault}");
        assert_eq!(auth_tries(&seen), (Some(3), Some(3)), "{fault}");
    }
}
