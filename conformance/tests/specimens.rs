//! vmyna's cards pass their own suite: every profile, and specimens in unusual states.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use common::{card, failures, phone, reader, run_issued, specimen, with_free_area, without_pins};
use vmyna_applets::{PhoneKind, Profile};
use vmyna_card_os::state::MemoryStore;
use vmyna_conformance::report::{Outcome, Reason, VectorReport};
use vmyna_conformance::run::{Subject, examine};
use vmyna_conformance::suite::Suite;

#[test]
fn cards_of_every_profile_pass_every_vector_that_applies() {
    for profile in Profile::all() {
        let name = profile.name;
        let report = run_issued(&specimen("hanako", profile));
        let count = report.count();
        assert_eq!(failures(&report), "", "{name}");
        assert!(count.passed > 500, "{name}: {count:?}");
        for vector in &report.vectors {
            if let Outcome::Skipped { why } = &vector.outcome {
                assert_eq!(*why, Reason::NotThisCard, "{name}: {}", vector.id);
            }
        }
    }
}

#[test]
fn the_tokens_of_phones_pass_every_vector_that_applies_and_none_is_about_a_cards_applications() {
    for kind in PhoneKind::ALL {
        let report = run_issued(&phone("hanako", kind));
        assert_eq!(failures(&report), "", "{kind:?}");
        let passed = |vector: &&VectorReport| matches!(vector.outcome, Outcome::Passed);
        let passed: Vec<_> = report
            .vectors
            .iter()
            .filter(passed)
            .map(|vector| vector.id.as_str())
            .collect();
        let has = |beginning: &str| passed.iter().any(|id| id.starts_with(beginning));
        assert!(passed.len() > 250, "{kind:?}: {}", passed.len());
        for beginning in [
            "phone.label.",
            "phone.auth-certificate",
            "access.phone-jpki.",
            "pin.phone-jpki.auth.blocks",
        ] {
            assert!(has(beginning), "{kind:?}: {beginning}");
        }
        for beginning in ["access.jpki.", "access.face-info.", "pin.jpki.", "issuer.last-command"] {
            assert!(!has(beginning), "{kind:?}: {beginning}");
        }
        let of_one_kind = [has("phone.last-command.iphone"), has("phone.last-command.android")];
        assert_eq!(of_one_kind, [kind == PhoneKind::Iphone, kind == PhoneKind::Android]);
    }
}

#[test]
fn specimens_pass_every_vector_that_their_state_allows() {
    for name in [
        "child",
        "foreign",
        "long",
        "reference",
        "blocked",
        "leap",
        "no-pin",
        "infant",
    ] {
        let report = run_issued(&specimen(name, Profile::contact()));
        assert_eq!(failures(&report), "", "{name}");
        assert!(report.count().passed > 100, "{name}: {:?}", report.count());
    }
}

#[test]
fn a_card_without_pins_passes_every_vector_that_applies_and_signs_nothing() {
    let report = run_issued(&without_pins("hanako", Profile::contact()));
    assert_eq!(failures(&report), "");
    let passed = |id: &str| {
        let vector = report.vectors.iter().find(|vector| vector.id == id);
        matches!(vector.unwrap().outcome, Outcome::Passed)
    };
    for id in [
        "pin.jpki.auth.unset",
        "pin.jpki.sign.unset",
        "pin.input-assist.pin.unset",
        "pin.residence-code.pin.unset",
        "pin.card-info.pin.unset",
        // 照合番号 and the birth PIN are as ever, and so is the certificate to log in; its key is of no use.
        "pin.input-assist.a.counter",
        "pin.face-info.birth.counter",
        "access.jpki.000a.read.none",
        "access.jpki.0017.compute-signature.none",
        "files-jpki.availability.under-15",
    ] {
        assert!(passed(id), "{id}");
    }
    // What needs one of those PINs has no value to present.
    for id in ["verify.success", "sign.auth", "secure.opens"] {
        let vector = report.vectors.iter().find(|vector| vector.id == id);
        assert!(matches!(vector.unwrap().outcome, Outcome::Skipped { .. }), "{id}");
    }
}

#[test]
fn a_card_with_applications_in_its_free_area_passes_their_vectors_as_well() {
    let report = run_issued(&with_free_area("hanako", Profile::contact()));
    assert_eq!(failures(&report), "");
    let passed = |vector: &&VectorReport| matches!(vector.outcome, Outcome::Passed);
    let of = |beginning: &str| {
        let vectors = report.vectors.iter().filter(passed);
        vectors.filter(|vector| vector.id.starts_with(beginning)).count()
    };
    for (beginning, least) in [
        ("application.", 20),
        ("licence.", 5),
        ("residence.", 3),
        ("access.driving-licence.", 10),
        ("access.residence", 10),
        ("pin.driving-licence.", 2),
    ] {
        assert!(of(beginning) >= least, "{beginning} {}", of(beginning));
    }
}

#[test]
fn a_card_without_applications_in_its_free_area_takes_the_vectors_that_it_took_before() {
    let suite = Suite::built_in().unwrap();
    let applications = specimen("hanako", Profile::contact()).applications();
    let mut make = |_: &str| {
        let profile = Profile::contact();
        reader(
            card(&applications, &profile.atr, Box::<MemoryStore>::default()),
            &profile,
        )
    };
    let examination = examine(&mut Subject::Anew(&mut make)).unwrap();
    let concerned = suite.vectors.iter().filter(|vector| examination.concerns(vector));
    assert_eq!(concerned.count(), 686);
}
