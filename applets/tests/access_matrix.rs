//! The card keeps the access rules of `test-vectors/access.toml`, which was written by hand from published sources:
//! every object × operation × set of verified PINs × situation, by APDUs only.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use common::{HANAKO, JPKI, Rig, hex};
use serde::Deserialize;
use vmyna_applets::issuance::cv::CvCertificate;
use vmyna_card_os::access::Operation;
use vmyna_card_os::application::Application;
use vmyna_card_os::file::Body;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Matrix {
    application: Vec<Rules>,
}

/// The rules of one application.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    name: String,
    aid: String,
    pins: BTreeMap<String, String>,
    absent: Vec<String>,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    object: String,
    operation: String,
    condition: String,
    certainty: String,
    source: String,
}

static MATRIX: LazyLock<Matrix> =
    LazyLock::new(|| toml::from_str(include_str!("../../test-vectors/access.toml")).unwrap());

/// PINs of the specimen and values to change them to: application, EF, value, new value.
const PINS: [(&str, &str, &str, &str); 2] = [(JPKI, "0018", "1234", "5678"), (JPKI, "001B", "ABC123", "NEW456")];

impl Rules {
    fn row(&self, object: &str, operation: Operation) -> Option<&Row> {
        self.rows
            .iter()
            .find(|row| row.object == object && row.operation == operation.to_string())
    }

    /// Whether the operation is allowed when exactly the PINs of these names are verified.
    fn allows(&self, object: &str, operation: Operation, verified: &BTreeSet<&str>) -> bool {
        let Some(row) = self.row(object, operation) else {
            return false;
        };
        let holds = |name: &str| {
            assert!(self.pins.contains_key(name), "{} names no PIN", row.condition);
            verified.contains(name)
        };
        match row.condition.as_str() {
            "always" => true,
            "never" => false,
            condition if condition.contains(" or ") => condition.split(" or ").map(holds).fold(false, |a, b| a | b),
            condition => condition.split(" and ").map(holds).fold(true, |a, b| a & b),
        }
    }

    fn objects(&self) -> BTreeSet<&str> {
        self.rows.iter().map(|row| row.object.as_str()).collect()
    }
}

/// What happens between VERIFY and the operation.
#[derive(Clone, Copy, Debug)]
enum Situation<'a> {
    Fresh,
    Visit(&'a str),
    Reselect,
    WarmReset,
    PowerCycle,
}

impl Situation<'_> {
    /// Whether the security status lives on (myna-card; pyjpki).
    fn keeps(self) -> bool {
        matches!(self, Self::Fresh | Self::Reselect | Self::WarmReset)
    }

    fn bring_about(self, rig: &mut Rig, aid: &str) {
        match self {
            Self::Fresh => {}
            Self::Visit(other) => {
                rig.select(other);
                rig.select(aid);
            }
            Self::Reselect => rig.select(aid),
            Self::WarmReset => drop(rig.card.reset().unwrap().to_vec()),
            Self::PowerCycle => {
                rig.card.power_off();
                rig.card.power_on();
                rig.select(aid);
            }
        }
    }
}

fn with_value(header: &str, value: &str) -> String {
    format!("{header} {:02X} {}", value.len(), hex(value.as_bytes()))
}

/// The first half of a terminal's certificate, as the card's own authority issued it.
static CERTIFICATE_BODY: LazyLock<String> = LazyLock::new(|| {
    let file = include_bytes!("../../test-vectors/specimens/terminal-intermediate/certificate.bin");
    let (body, _) = CvCertificate::from_file(file).unwrap().to_command_data();
    format!("80A206C1 00{:04X} {}", body.len(), hex(&body))
});

/// Tries the operation on the object: what the card answers, and whether it did it.
fn attempt(rig: &mut Rig, aid: &str, object: &str, operation: Operation) -> (u16, bool) {
    if let Some(tag) = object.strip_prefix("GET DATA ") {
        let (data, sw) = rig.send(&format!("00CA{tag} 000000"));
        return (sw, sw == 0x9000 && !data.is_empty());
    }
    let ef = object.strip_prefix("EF ").unwrap();
    assert_eq!(rig.sw(&format!("00A4020C 02 {ef}")), 0x9000, "SELECT {object}");
    let pin = PINS.iter().find(|(of, id, ..)| *of == aid && *id == ef);
    let (old, new) = pin.map_or(("1234", "5678"), |(_, _, old, new)| (*old, *new));
    let changed = |rig: &mut Rig, header: &str| {
        let sw = rig.sw(&with_value(header, new));
        if pin.is_some() {
            let now = if sw == 0x9000 { new } else { old };
            assert_eq!(
                rig.sw(&with_value("00200080", now)),
                0x9000,
                "{object}: {header} answered {sw:04X} and did otherwise"
            );
        }
        (sw, sw == 0x9000)
    };
    let signed = |(data, sw): (Vec<u8>, u16)| (sw, sw == 0x9000 && data.len() == 256);
    match operation {
        Operation::Read => {
            let by_bytes = rig.send("00B00000 000000");
            let (data, sw) = if by_bytes.1 == 0x6981 {
                rig.send("00B20104 000000")
            } else {
                by_bytes
            };
            (sw, sw == 0x9000 && !data.is_empty())
        }
        Operation::Verify => {
            let sw = rig.sw("00200080");
            (sw, sw & 0xFFF0 == 0x63C0)
        }
        Operation::ChangeReferenceData => changed(rig, "00240180"),
        Operation::ChangeKey => changed(rig, "80320080"),
        Operation::ComputeSignature => signed(rig.send("802A0080 03 313233 00")),
        Operation::InternalAuthenticate => signed(rig.send("00880080 03 313233 00")),
        Operation::ExternalAuthenticate => {
            let sw = rig.sw("00820080 08 0102030405060708");
            (sw, sw == 0x9000)
        }
        Operation::VerifyCertificate => {
            let sw = rig.sw(&CERTIFICATE_BODY);
            (sw, sw == 0x9000)
        }
    }
}

#[test]
fn the_card_allows_and_denies_exactly_what_the_published_rules_say() {
    let mut cases = 0;
    let mut allowed_cases = 0;
    let mut faults = Vec::new();
    for rules in &MATRIX.application {
        let names: Vec<&str> = rules.pins.keys().map(String::as_str).collect();
        let others = MATRIX.application.iter().filter(|other| other.aid != rules.aid);
        let mut situations = vec![
            Situation::Fresh,
            Situation::Reselect,
            Situation::WarmReset,
            Situation::PowerCycle,
        ];
        situations.extend(others.map(|other| Situation::Visit(&other.aid)));
        for object in rules.objects() {
            let is_data = object.starts_with("GET DATA");
            for operation in Operation::ALL
                .into_iter()
                .filter(|operation| !is_data || *operation == Operation::Read)
            {
                for subset in 0..1u32 << names.len() {
                    let verified: BTreeSet<&str> = names
                        .iter()
                        .enumerate()
                        .filter(|(at, _)| subset >> at & 1 == 1)
                        .map(|(_, name)| *name)
                        .collect();
                    for situation in &situations {
                        let mut rig = Rig::hanako();
                        rig.select(&rules.aid);
                        for name in &verified {
                            let ef = &rules.pins[*name];
                            let (_, _, value, _) =
                                PINS.iter().find(|(of, id, ..)| *of == rules.aid && id == ef).unwrap();
                            rig.expect(&[
                                (&format!("00A4020C 02 {ef}"), 0x9000),
                                (&with_value("00200080", value), 0x9000),
                            ]);
                        }
                        situation.bring_about(&mut rig, &rules.aid);
                        let now = if situation.keeps() {
                            verified.clone()
                        } else {
                            BTreeSet::new()
                        };
                        let allowed = rules.allows(object, operation, &now);
                        let (sw, done) = attempt(&mut rig, &rules.aid, object, operation);
                        let condition = rules.row(object, operation).map_or("never", |row| &row.condition);
                        // Where a PIN could help the answer is 6982; elsewhere the file may also be of the wrong kind.
                        let right = match (allowed, condition) {
                            (true, _) => done,
                            (false, "never") => matches!(sw, 0x6981 | 0x6982),
                            (false, _) => sw == 0x6982,
                        };
                        if !right {
                            faults.push(format!(
                                "{} {object}: {operation} ({condition}) with {now:?}, {situation:?}: {sw:04X}",
                                rules.name
                            ));
                        }
                        cases += 1;
                        allowed_cases += usize::from(allowed);
                    }
                }
            }
        }
    }
    println!("{cases} cases, {allowed_cases} of them allowed");
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert!(
        cases >= 1500 && allowed_cases >= 150,
        "the table has shrunk: {cases} cases, {allowed_cases} allowed"
    );
}

/// The objects that an application of the card declares, each with the operations that make sense for it.
fn declared(application: &Application) -> BTreeMap<String, Vec<Operation>> {
    let files = application.files.iter().map(|file| {
        let operations = match file.body {
            Body::Transparent(_) | Body::Records(_) | Body::Reserved => vec![],
            Body::Pin(_) => vec![
                Operation::Verify,
                Operation::ChangeReferenceData,
                Operation::ChangeKey,
                Operation::ExternalAuthenticate,
            ],
            Body::PrivateKey(_) => {
                vec![
                    Operation::ComputeSignature,
                    Operation::InternalAuthenticate,
                    Operation::ExternalAuthenticate,
                ]
            }
            Body::CertificateKey(_) => vec![Operation::VerifyCertificate, Operation::ExternalAuthenticate],
        };
        (format!("EF {}", file.id), [vec![Operation::Read], operations].concat())
    });
    let objects = application
        .data_objects
        .iter()
        .map(|object| (format!("GET DATA {:04X}", object.tag), vec![Operation::Read]));
    files.chain(objects).collect()
}

#[test]
fn every_object_of_the_card_has_its_rows_and_every_row_its_object() {
    let rules: BTreeMap<&str, &Rules> = MATRIX
        .application
        .iter()
        .map(|rules| (rules.aid.as_str(), rules))
        .collect();
    let applications: BTreeMap<String, &Application> = HANAKO.iter().map(|one| (one.aid.to_string(), one)).collect();
    assert_eq!(
        rules.keys().copied().collect::<Vec<_>>(),
        applications.keys().map(String::as_str).collect::<Vec<_>>()
    );
    for (aid, application) in applications {
        let (rules, declared) = (rules[aid.as_str()], declared(application));
        assert_eq!(rules.name, application.name);
        assert_eq!(
            rules.objects(),
            declared.keys().map(String::as_str).collect(),
            "objects of {}",
            rules.name
        );
        for (object, operations) in &declared {
            for operation in operations {
                assert!(
                    rules.row(object, *operation).is_some(),
                    "{} {object} has no row for {operation}",
                    rules.name
                );
            }
        }
        let pins: BTreeSet<String> = application
            .files
            .iter()
            .filter(|file| matches!(file.body, Body::Pin(_)))
            .map(|file| file.id.to_string())
            .collect();
        assert_eq!(
            rules.pins.values().cloned().collect::<BTreeSet<_>>(),
            pins,
            "PINs of {}",
            rules.name
        );
    }
}

#[test]
fn every_row_is_said_once_in_the_words_that_the_file_explains_and_with_a_source() {
    for rules in &MATRIX.application {
        let mut seen = BTreeSet::new();
        for row in &rules.rows {
            let place = format!("{} {}: {}", rules.name, row.object, row.operation);
            assert!(seen.insert((&row.object, &row.operation)), "{place} is there twice");
            assert!(
                Operation::ALL
                    .iter()
                    .any(|operation| operation.to_string() == row.operation),
                "{place} is no operation"
            );
            assert!(
                ["measured", "documented", "client", "assumed"].contains(&row.certainty.as_str()),
                "{place}: {}",
                row.certainty
            );
            assert!(!row.source.is_empty(), "{place} has no source");
            assert!(
                !(row.condition.contains(" or ") && row.condition.contains(" and ")),
                "{place} mixes or and and"
            );
        }
    }
}

#[test]
fn what_the_file_calls_absent_is_not_there() {
    for rules in &MATRIX.application {
        assert!(!rules.absent.is_empty());
        for object in &rules.absent {
            let mut rig = Rig::hanako();
            rig.select(&rules.aid);
            match object.split_once(' ').unwrap() {
                ("EF", id) => assert_eq!(rig.sw(&format!("00A4020C 02 {id}")), 0x6A82, "{} {object}", rules.name),
                (_, tag) => {
                    let tag = tag.strip_prefix("DATA ").unwrap();
                    assert_eq!(rig.sw(&format!("00CA{tag} 000000")), 0x6A88, "{} {object}", rules.name);
                }
            }
        }
    }
}
