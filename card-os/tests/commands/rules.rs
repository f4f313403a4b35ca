//! Each command names the rules that decide about it, those that permit as well as the one that refuses.

use std::sync::{Arc, Mutex};

use vmyna_card_os::{Event, rule};

use crate::common::free::{self, LOCKED, signed_by_host};
use crate::common::{ALPHA, BETA, Rig, hex};

/// The ids of the rules that were applied since they were last taken.
#[derive(Clone, Default)]
struct Applied(Arc<Mutex<Vec<&'static str>>>);

impl Applied {
    fn of(rig: &mut Rig) -> Self {
        let applied = Self::default();
        let rules = applied.clone();
        rig.card.observe(Box::new(move |event: &Event<'_>| {
            if let Event::Rule(rule) | Event::Answer { rule: Some(rule), .. } = event {
                rules.0.lock().unwrap().push(rule.id);
            }
        }));
        applied
    }

    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

const RIGHT: &str = "00200098 04 31323334";

#[test]
fn a_command_names_all_rules_that_decide_about_it_in_their_order() {
    let hash = "AB".repeat(32);
    let sign = |p1: &str, p2: &str, input: &str| format!("802A{p1}{p2} {:02X} {input} 00", input.len() / 2);
    let signature = [
        ("00", "AA", "sign.verbatim"),
        ("01", "AA", "sign.sha256-bare"),
        ("02", hash.as_str(), "sign.hash"),
        ("03", "AA", "sign.sha256"),
        ("04", hash.as_str(), "sign.hash-pss"),
        ("05", "AA", "sign.sha256-pss"),
    ]
    .map(|(p1, input, scheme)| {
        (
            vec![],
            sign(p1, "90", input),
            0x9000,
            vec!["reference.sfi-selects", scheme],
        )
    });
    let select = |aid: &str| format!("00A4040C {:02X} {aid}", aid.len() / 2);
    let (verified, sfi) = (vec![RIGHT], "reference.sfi-selects");
    let table = [
        (vec![], "00A4".to_owned(), 0x6700, vec!["apdu.malformed"]),
        (vec![], "E0A4040C".to_owned(), 0x6E00, vec!["class.unknown"]),
        (vec![], "00FE0000".to_owned(), 0x6D00, vec!["instruction.unknown"]),
        (vec![], "80FC0000".to_owned(), 0x6700, vec!["last-command-indicator"]),
        (vec![], "80540000".to_owned(), 0x6982, vec!["issuer.only"]),
        // SELECT.
        (
            vec![],
            "00A40400".to_owned(),
            0x9000,
            vec!["select.empty-name", "select.fci"],
        ),
        (vec![], select("D392"), 0x9000, vec!["select.partial-name"]),
        (
            vec![],
            "00A4040E 02 D392".to_owned(),
            0x9000,
            vec!["select.next-occurrence", "select.partial-name"],
        ),
        (
            vec![],
            select("A1"),
            0x6A82,
            vec!["select.failed", "select.unknown-aid"],
        ),
        (
            vec!["00A4020C 02 0001"],
            select(ALPHA),
            0x9000,
            vec!["select.drops-current-ef"],
        ),
        (
            verified.clone(),
            select(ALPHA),
            0x9000,
            vec!["select.drops-current-ef", "status.kept"],
        ),
        (
            verified.clone(),
            select(BETA),
            0x9000,
            vec!["select.drops-current-ef", "status.dropped"],
        ),
        (
            verified.clone(),
            "00A4020C 02 0001".to_owned(),
            0x9000,
            vec!["status.kept"],
        ),
        (vec![], "00A40000".to_owned(), 0x9000, vec!["select.mf-in-application"]),
        (
            vec![],
            "00A40000 02 3F00".to_owned(),
            0x6A82,
            vec!["select.failed", "select.mf-by-identifier"],
        ),
        // Reading.
        (vec![], "00B0820000".to_owned(), 0x9000, vec![sfi, "read-binary.short"]),
        (vec![], "00B0830010".to_owned(), 0x9000, vec![sfi]),
        (
            vec![],
            "00B0820100".to_owned(),
            0x6B00,
            vec![sfi, "read-binary.outside"],
        ),
        (vec![], "00B0870001".to_owned(), 0x6982, vec![sfi, "access.denied"]),
        (
            vec![],
            "00B0980001".to_owned(),
            0x6981,
            vec![sfi, "reference.internal-file"],
        ),
        (vec![], "00B0000001".to_owned(), 0x6986, vec!["reference.no-current-ef"]),
        (
            vec![],
            "00B0940001".to_owned(),
            0x6A82,
            vec![sfi, "reference.no-such-file"],
        ),
        (vec![], "00B2016402".to_owned(), 0x9000, vec![sfi, "read-record.short"]),
        (
            vec![],
            "00B2026500".to_owned(),
            0x9000,
            vec![sfi, "read-record.all", "read-record.short"],
        ),
        (
            vec![],
            "00B2046400".to_owned(),
            0x6A83,
            vec![sfi, "read-record.not-found"],
        ),
        (vec![], "0084000008".to_owned(), 0x9000, vec!["get-challenge.length"]),
        (vec![], "00CA00F100".to_owned(), 0x6A88, vec!["get-data.absent"]),
        // PINs.
        (vec![], "00200098".to_owned(), 0x63C3, vec![sfi, "verify.query"]),
        (vec![], "0020009800".to_owned(), 0x6700, vec!["verify.query-with-le"]),
        (vec![], RIGHT.to_owned(), 0x9000, vec![sfi, "verify.right"]),
        (
            vec![],
            "00200098 04 30303030".to_owned(),
            0x63C2,
            vec![sfi, "verify.wrong"],
        ),
        (
            vec![],
            "00200098 01 31".to_owned(),
            0x63C2,
            vec![sfi, "verify.wrong-length", "verify.wrong"],
        ),
        (
            verified.clone(),
            "00200098 04 30303030".to_owned(),
            0x63C2,
            vec![sfi, "verify.wrong-ends-right", "verify.wrong"],
        ),
        (
            vec![],
            "0020009C 04 31323334".to_owned(),
            0x6984,
            vec![sfi, "verify.blocked"],
        ),
        (
            verified.clone(),
            "00240198 04 35353535".to_owned(),
            0x9000,
            vec![sfi, "change.new-value", "change.keeps-right"],
        ),
        (
            verified.clone(),
            "00240198 01 35".to_owned(),
            0x6A80,
            vec![sfi, "change.format"],
        ),
        // Keys.
        (
            vec![],
            sign("00", "00", "AA"),
            0x9000,
            vec!["sign.default-key", "sign.verbatim"],
        ),
        (
            verified,
            sign("00", "91", "AA"),
            0x9000,
            vec![sfi, "sign.verbatim", "status.kept"],
        ),
        (
            vec![],
            sign("02", "90", "AA"),
            0x6985,
            vec![sfi, "sign.hash", "sign.input-length"],
        ),
        (
            vec![],
            "00880090 01 AA 00".to_owned(),
            0x9000,
            vec![sfi, "internal-authenticate.scheme"],
        ),
    ];
    for (before, command, expected, rules) in table.into_iter().chain(signature) {
        let mut rig = Rig::at_alpha();
        for command in before {
            assert_eq!(rig.send(command).1, 0x9000, "{command}");
        }
        let applied = Applied::of(&mut rig);
        assert_eq!(rig.send(&command).1, expected, "{command}");
        assert_eq!(applied.take(), rules, "{command}");
        assert!(rules.iter().all(|id| rule::ALL.iter().any(|rule| rule.id == *id)));
    }
}

#[test]
fn a_command_in_an_application_of_others_names_its_rules() {
    let (sfi, declared) = ("reference.sfi-selects", "instruction.declared");
    let digest = format!("20 {}", "5A".repeat(32));
    let long = "5A".repeat(17);
    let locked = format!("00A4040C 06 {LOCKED}");
    let made = vec!["00468095 00"];
    let table = [
        (
            vec![],
            "00D68100 01 5A".to_owned(),
            0x9000,
            vec![declared, sfi, "update-binary.whole"],
        ),
        (
            vec![],
            "00D68114 01 5A".to_owned(),
            0x6B00,
            vec![declared, sfi, "update-binary.outside"],
        ),
        (
            vec![],
            "00D68113 02 5A5A".to_owned(),
            0x6700,
            vec![declared, sfi, "update-binary.over-end"],
        ),
        (
            vec![],
            "00DC0164 01 5A".to_owned(),
            0x9000,
            vec![declared, sfi, "update-record.whole"],
        ),
        (
            vec![],
            format!("00DC0164 11 {long}"),
            0x6700,
            vec![declared, sfi, "update-record.length"],
        ),
        (
            vec![],
            "00E20060 01 5A".to_owned(),
            0x9000,
            vec![declared, sfi, "append-record.last"],
        ),
        (
            vec!["00E20060 01 5A"; 2],
            "00E20060 01 5A".to_owned(),
            0x6A84,
            vec![declared, sfi, "append-record.full"],
        ),
        (
            vec![],
            "00D68200 01 5A".to_owned(),
            0x6985,
            vec![declared, sfi, "application.status-word", "access.denied"],
        ),
        (
            vec![],
            "00468195 00".to_owned(),
            0x6A88,
            vec![declared, sfi, "key.absent"],
        ),
        (
            vec![],
            "00468095 00".to_owned(),
            0x9000,
            vec![declared, sfi, "generate-key-pair.new"],
        ),
        (
            vec![],
            "00468095 10".to_owned(),
            0x6700,
            vec![declared, sfi, "generate-key-pair.le"],
        ),
        (
            made.clone(),
            "00468195 00".to_owned(),
            0x9000,
            vec![declared, sfi, "generate-key-pair.public-key"],
        ),
        (
            made.clone(),
            format!("802A1095 {digest} 00"),
            0x9000,
            vec![declared, sfi, "sign.ecdsa"],
        ),
        (
            made.clone(),
            format!("802A1195 {digest} 00"),
            0x9000,
            vec![declared, sfi, "sign.ecdsa-raw"],
        ),
        (
            made.clone(),
            format!("802A0095 {digest} 00"),
            0x6985,
            vec![sfi, "sign.verbatim", "sign.key-kind"],
        ),
        (
            made,
            "00880095 01 5A 00".to_owned(),
            0x9000,
            vec![sfi, "internal-authenticate.ecdsa"],
        ),
        (
            vec![],
            "00820092 01 5A".to_owned(),
            0x6985,
            vec![sfi, "external-authenticate.challenge"],
        ),
        (
            vec!["00840000 08"],
            "00820092 01 5A".to_owned(),
            0x6300,
            vec![sfi, "external-authenticate.wrong"],
        ),
        (
            vec![],
            "00200099".to_owned(),
            0x63C3,
            vec![sfi, "verify.shared", "verify.query"],
        ),
        (
            vec![],
            "00A40400 06 F00000000001 00".to_owned(),
            0x9000,
            vec!["select.own-fci"],
        ),
        (vec![], locked.clone(), 0x6283, vec!["select.locked"]),
        (
            vec!["00A4040C 0A D3921000310001010401"],
            "00A4040C 06 F10000000001".to_owned(),
            0x6A82,
            vec!["select.failed", "select.parent"],
        ),
    ];
    for (before, command, expected, rules) in table {
        let mut rig = free::rig();
        for command in before {
            assert_eq!(rig.send(command).1, 0x9000, "{command}");
        }
        let applied = Applied::of(&mut rig);
        assert_eq!(rig.send(&command).1, expected, "{command}");
        assert_eq!(applied.take(), rules, "{command}");
    }
    let mut rig = free::rig();
    rig.expect(&[(&locked, 0x6283)]);
    let applied = Applied::of(&mut rig);
    rig.expect(&[("00B08100 00", 0x6985)]);
    assert_eq!(applied.take(), ["application.locked"]);
    let mut rig = free::rig();
    let signature = signed_by_host(&rig.send("00840000 08").0);
    let applied = Applied::of(&mut rig);
    rig.expect(&[(&format!("00820092 {:02X} {}", signature.len(), hex(&signature)), 0x9000)]);
    assert_eq!(applied.take(), [sfi, "external-authenticate.right"]);
}

#[test]
fn the_memory_of_the_card_is_4_mib_and_what_does_not_fit_changes_nothing() {
    let mut applications = free::applications();
    let file = applications[4].files[5].clone();
    // 200 files of 32 KiB.
    for id in 0x3000..0x30C8u16 {
        let mut file = file.clone();
        file.id = vmyna_apdu::FileId::new(id);
        applications[4].files.push(file);
    }
    let mut rig = Rig::of(applications);
    rig.select(free::FREE);
    let mut updated = 0;
    let full = loop {
        rig.expect(&[(&format!("00A4020C 02 {:04X}", 0x3000 + updated), 0x9000)]);
        match rig.sw("00D60000 01 77") {
            0x9000 => updated += 1,
            other => break other,
        }
    };
    // 64 bytes are counted for each file.
    assert_eq!((full, updated), (0x6A84, (4 << 20) / (32_768 + 64)));
    let applied = Applied::of(&mut rig);
    assert_eq!(rig.sw("00D60000 01 77"), 0x6A84);
    assert_eq!(applied.take(), ["instruction.declared", "update.no-memory"]);
    assert_eq!(rig.send("00B00000 01").0, [0]);
    // A little still fits.
    rig.expect(&[("00D68100 01 77", 0x9000), ("00468095 00", 0x9000)]);
}

#[test]
fn power_and_a_warm_reset_name_their_rules() {
    let mut rig = Rig::at_alpha();
    rig.expect(&[(RIGHT, 0x9000)]);
    let applied = Applied::of(&mut rig);
    rig.card.reset().unwrap();
    assert_eq!(applied.take(), ["reset.keeps-df", "status.kept"]);
    rig.card.power_on();
    assert_eq!(applied.take(), ["status.dropped", "power.first-application"]);
    rig.card.reset().unwrap();
    assert_eq!(applied.take(), ["reset.keeps-df"]);
    rig.card.power_off();
    assert_eq!(applied.take(), [""; 0]);
}
