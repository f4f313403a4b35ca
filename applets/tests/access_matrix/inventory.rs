//! The table is whole, well formed and about this card: the one place where declarations are asked, and only which objects
//! there are.

use std::collections::{BTreeMap, BTreeSet};

use vmyna_card_os::declaration::{Application, Body, Operation};

use crate::common::Rig;
use crate::common::subject::{each, now};
use crate::rules::{
    DECLARED_OPERATIONS, FILE_OPERATIONS, Judge, PinRules, Rules, SET_SESSION_KEY, applications, operations, select,
};

/// The objects that an application of the card declares, each with the operations that make sense for it.
fn declared(application: &Application) -> BTreeMap<String, Vec<String>> {
    let files = application.files.iter().map(|file| {
        let operations: &[Operation] = match file.body {
            Body::Transparent(_) | Body::Records(_) | Body::Reserved => &[],
            Body::Pin(_) | Body::SharedPin(_) => &[
                Operation::Verify,
                Operation::ChangeReferenceData,
                Operation::ChangeKey,
                Operation::ExternalAuthenticate,
            ],
            Body::HostKey(_) => &[Operation::ExternalAuthenticate],
            Body::PrivateKey(_) | Body::GeneratedKey(_) => &[
                Operation::ComputeSignature,
                Operation::InternalAuthenticate,
                Operation::ExternalAuthenticate,
            ],
            Body::CertificateKey(_) => &[Operation::VerifyCertificate, Operation::ExternalAuthenticate],
        };
        let operations = [&[Operation::Read], operations].concat();
        let operations = operations.iter().map(ToString::to_string).collect();
        (format!("EF {}", file.id), operations)
    });
    let objects = application
        .data_objects
        .iter()
        .map(|object| (format!("GET DATA {:04X}", object.tag), vec!["read".into()]));
    let session = ("session".into(), vec![SET_SESSION_KEY.into()]);
    files.chain(objects).chain([session]).collect()
}

#[test]
fn the_words_of_the_file_are_the_operations_of_the_card() {
    let words = [&FILE_OPERATIONS[..], &[SET_SESSION_KEY], &DECLARED_OPERATIONS].concat();
    assert_eq!(Operation::ALL.map(|operation| operation.to_string())[..], words);
}

#[test]
fn every_object_of_the_card_has_its_rows_and_every_row_its_object() {
    each(|_| {
        let rules: BTreeMap<&str, &Rules> = applications().iter().map(|rules| (rules.aid.as_str(), rules)).collect();
        let applications: BTreeMap<String, &Application> = now()
            .applications()
            .iter()
            .map(|one| (one.aid.to_string(), one))
            .collect();
        assert_eq!(
            rules.keys().copied().collect::<Vec<_>>(),
            applications.keys().map(String::as_str).collect::<Vec<_>>()
        );
        for (aid, application) in applications {
            let (rules, declared) = (rules[aid.as_str()], declared(application));
            assert_eq!(rules.name, application.name);
            let objects = declared.keys().map(String::as_str).collect();
            assert_eq!(rules.objects(), objects, "objects of {}", rules.name);
            for (object, operations) in &declared {
                for operation in operations {
                    let row = rules.row(object, operation);
                    assert!(row.is_some(), "{} {object} has no row for {operation}", rules.name);
                }
            }
            let pins = application
                .files
                .iter()
                .filter(|file| matches!(file.body, Body::Pin(_) | Body::SharedPin(_)));
            let pins: BTreeSet<String> = pins.map(|file| file.id.to_string()).collect();
            let known: BTreeSet<_> = rules.pins.iter().map(|pin| pin.ef.clone()).collect();
            assert_eq!(known, pins, "PINs of {}", rules.name);
        }
    });
}

#[test]
fn the_card_has_a_file_for_every_row_that_says_so_and_as_many_records() {
    each(|_| {
        for rules in applications() {
            for row in &rules.rows {
                let Some(ef) = row.object.strip_prefix("EF ") else {
                    continue;
                };
                let mut rig = Rig::loaded();
                select(&mut rig, rules);
                assert_eq!(rig.sw(&format!("00A4020C 02 {ef}")), 0x9000, "{} {ef}", rules.name);
            }
        }
    });
}

#[test]
fn every_row_is_said_once_in_the_words_that_the_file_explains_and_with_a_source() {
    each(|_| {
        let certain = |certainty: &str| ["measured", "documented", "client", "assumed"].contains(&certainty);
        for rules in applications() {
            let mut seen = BTreeSet::new();
            for row in &rules.rows {
                let place = format!("{} {}: {}", rules.name, row.object, row.operation);
                assert!(seen.insert((&row.object, &row.operation)), "{place} is there twice");
                assert!(
                    [operations(&row.object), &DECLARED_OPERATIONS]
                        .concat()
                        .contains(&row.operation.as_str()),
                    "{place} is no operation"
                );
                assert!(certain(&row.certainty), "{place}: {}", row.certainty);
                assert!(!row.source.is_empty(), "{place} has no source");
                let mixed = row.condition.contains(" or ") && row.condition.contains(" and ");
                assert!(!mixed, "{place} mixes or and and");
                assert!(
                    row.refusal() != 0x9000 && (row.refusal.is_none() || row.condition != "always"),
                    "{place}"
                );
                assert!(
                    row.records.is_none_or(|records| records > 0 && row.operation == "read"),
                    "{place}"
                );
                assert!(!row.default || row.operation == "compute signature", "{place}");
                // Evaluates the condition, so that a name which is no PIN's is found here.
                rules.allows(&row.object, &row.operation, &BTreeSet::new());
            }
            assert!(
                rules.rows.iter().filter(|row| row.default).count() <= 1,
                "{}",
                rules.name
            );
            let mut seen = BTreeSet::new();
            for PinRules {
                name,
                ef,
                certainty,
                source,
                ..
            } in &rules.pins
            {
                let place = format!("{} PIN {name}", rules.name);
                assert!(seen.insert(name) && seen.insert(ef), "{place} is there twice");
                assert!(certain(certainty) && !source.is_empty(), "{place}");
            }
            for pin in &rules.pins {
                let place = format!("{} PIN {}", rules.name, pin.name);
                assert_eq!(pin.characters.is_some(), pin.length.is_some(), "{place}");
                let [least, greatest] = pin.length.unwrap_or([1, 16]);
                assert!(
                    1 <= least && least <= greatest && greatest <= 16 && pin.tries <= 15,
                    "{place}"
                );
            }
        }
    });
}

#[test]
fn who_may_read_a_file_is_as_certain_here_as_in_its_declaration() {
    each(|_| {
        let mut differ = Vec::new();
        for application in now().applications().iter() {
            let rules = applications()
                .iter()
                .find(|rules| rules.name == application.name)
                .unwrap();
            let readable = |body: &Body| matches!(body, Body::Transparent(_) | Body::Records(_));
            let files = application.files.iter().filter(|file| readable(&file.body));
            let files = files.map(|file| (format!("EF {}", file.id), &file.basis));
            let objects = application.data_objects.iter();
            let objects = objects.map(|object| (format!("GET DATA {:04X}", object.tag), &object.basis));
            for (object, basis) in files.chain(objects) {
                let row = rules.row(&object, "read").unwrap();
                let declared = basis.certainty.to_string();
                if row.certainty != declared {
                    let (name, here) = (&rules.name, &row.certainty);
                    differ.push(format!(
                        "{name} {object}: {here} ({}), declared {declared} ({})",
                        row.source, basis.source
                    ));
                }
            }
        }
        assert!(differ.is_empty(), "{differ:#?}");
    });
}

#[test]
fn what_the_file_calls_absent_is_not_there() {
    each(|_| {
        for rules in applications() {
            assert!(!rules.absent.is_empty());
            for object in &rules.absent {
                assert!(!rules.objects().contains(object.as_str()), "{} {object}", rules.name);
                let mut rig = Rig::loaded();
                select(&mut rig, rules);
                match object.split_once(' ').unwrap() {
                    ("EF", id) => assert_eq!(rig.sw(&format!("00A4020C 02 {id}")), 0x6A82, "{} {object}", rules.name),
                    (_, tag) => {
                        let tag = tag.strip_prefix("DATA ").unwrap();
                        assert_eq!(rig.sw(&format!("00CA{tag} 000000")), 0x6A88, "{} {object}", rules.name);
                    }
                }
            }
        }
    });
}
