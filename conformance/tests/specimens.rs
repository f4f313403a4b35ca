//! vmyna's cards pass their own suite: every profile, and specimens in unusual states.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use common::{failures, run_issued, specimen};
use vmyna_applets::Profile;
use vmyna_conformance::report::{Outcome, Reason};

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
fn specimens_pass_every_vector_that_their_state_allows() {
    for name in ["child", "foreign", "long", "reference", "blocked", "leap"] {
        let report = run_issued(&specimen(name, Profile::contact()));
        assert_eq!(failures(&report), "", "{name}");
        assert!(report.count().passed > 100, "{name}: {:?}", report.count());
    }
}
