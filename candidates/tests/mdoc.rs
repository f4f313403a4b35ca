//! Each wrong answer of a phone is wrong in one respect: of all checks of vmyna's verifier, those that are named here fail and
//! no other. Right ones pass all of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use vmyna_authority::revocation_list::{of_mdoc_root, root_id};
use vmyna_authority::verifier::Settings;
use vmyna_authority::verifier::compare::Claims;
use vmyna_authority::verifier::mdoc::{Session, mdoc};
use vmyna_authority::verifier::report::{Report, Verdict};
use vmyna_authority::verifier::revocation::{List, Sources};
use vmyna_authority::verifier::trust::Trust;
use vmyna_candidates::{Anchors, Candidate, Group, MadeFile, Part, Role, Subject, Workshop, all};
use vmyna_mdoc::{DeviceRequest, Transcript};

const NOW: &str = "2026-12-01T03:04:05Z";

/// The steps of the verifier that are not passed, for each wrong candidate. Where there are several, one follows from another:
///
/// - Without a root, nothing is known of revocation. A list from after the end of a certificate can omit it.
/// - vmyna also refuses an mdoc that lasts longer than its document signer.
/// - A request for one document type asks for no element of another.
const REFUSED_BY: &[(&str, &[&str])] = &[
    ("mdoc.address-replaced", &["elements.digests"]),
    ("mdoc.element-without-digest", &["elements.digests"]),
    ("mdoc.element-in-other-namespace", &["elements.digests"]),
    ("mdoc.object-changed", &["issuer.signature"]),
    ("mdoc.stated-by-the-device", &["device.elements"]),
    ("mdoc.birth-dates-differ", &[]),
    ("mdoc.sexes-differ", &[]),
    ("mdoc.age-contradicts", &[]),
    ("mdoc.foreign-root", &["signer.chain", "signer.revocation"]),
    ("mdoc.unknown-root", &["signer.chain", "signer.revocation"]),
    ("mdoc.signer-of-a-reader", &["signer.profile"]),
    ("mdoc.signer-for-key-agreement", &["signer.profile"]),
    (
        "mdoc.signer-ended",
        &["signer.dates", "signer.revocation", "object.validity"],
    ),
    ("mdoc.signed-before-its-signer", &["object.validity"]),
    ("mdoc.ended", &["object.validity"]),
    ("mdoc.not-yet-valid", &["object.validity"]),
    ("mdoc.signer-revoked", &["signer.revocation"]),
    ("mdoc.list-ended", &["signer.revocation"]),
    ("mdoc.list-of-a-forger", &["signer.revocation"]),
    ("mdoc.algorithm-unprotected", &["issuer.signature"]),
    ("mdoc.algorithm-ignored", &["issuer.signature"]),
    ("mdoc.algorithm-of-another-curve", &["issuer.signature"]),
    ("mdoc.status-unreachable", &["object.status"]),
    ("mdoc.type-of-the-document", &["document.type", "request.elements"]),
    ("mdoc.type-not-asked-for", &["document.type", "request.elements"]),
    ("mdoc.signed-by-another-device", &["device.authentication"]),
    ("mdoc.without-device", &["document.form"]),
    ("mdoc.without-device-signature", &["device.authentication"]),
    ("mdoc.of-another-session", &["device.authentication"]),
    ("mdoc.birth-date-withheld", &[]),
    ("mdoc.my-number-unasked", &["request.elements"]),
    ("mdoc.of-two-people", &["response.documents"]),
    ("mdoc.without-documents", &["response.documents"]),
    ("mdoc.errors-only", &["response.documents"]),
    ("mdoc.status-of-an-error", &["response.status"]),
    ("parsing.cbor-indefinite-length", &["response.form"]),
    ("parsing.cbor-key-twice", &["response.form"]),
    ("parsing.cbor-deep", &["response.form"]),
    ("parsing.cbor-huge-length", &["response.form"]),
    ("parsing.cbor-many-entries", &["response.form"]),
    ("parsing.cbor-cut", &["response.form"]),
    ("parsing.cbor-trailing", &["response.form"]),
    ("parsing.cbor-not-a-map", &["response.form"]),
];

/// Those that only a notice shows: the note of the verifier.
const NOTED_BY: &[(&str, &str)] = &[
    ("mdoc.birth-dates-differ", "elements.agreement"),
    ("mdoc.sexes-differ", "elements.agreement"),
    ("mdoc.age-contradicts", "elements.agreement"),
    ("mdoc.birth-date-withheld", "request.missing"),
];

/// Two of them, because keys of RSA take seconds.
static WORKSHOPS: LazyLock<[Workshop; 2]> = LazyLock::new(|| {
    [1, 2].map(|seed| Workshop::new(Anchors::built_in().unwrap(), [seed; 32], NOW.parse().unwrap()).unwrap())
});

fn verify(workshop: &Workshop, subject: &Subject) -> Report {
    let at = subject.time.unwrap_or(workshop.now());
    let root = workshop.mdoc().root(at).unwrap();
    let mut trust = Trust::default();
    trust.certificate(root.certificate(), false).unwrap();
    let genuine = || {
        vec![(
            root_id(&root).unwrap().to_string(),
            of_mdoc_root(&root, &[], at).unwrap(),
        )]
    };
    let lists = subject.lists.clone().unwrap_or_else(genuine);
    let settings = Settings {
        trust,
        at,
        clock: at,
        purpose: None,
        form: None,
        revocation: Sources {
            lists: lists.into_iter().map(|(name, der)| List { name, der }).collect(),
            ..Sources::default()
        },
        nonce: [7; 32],
    };
    let file = |file| subject.files[&file].as_slice();
    let session = Session {
        transcript: &Transcript::parse(file(MadeFile::Transcript)).unwrap(),
        request: Some(&DeviceRequest::parse(file(MadeFile::Request)).unwrap()),
    };
    mdoc(file(MadeFile::Mdoc), session, "file", &settings, &mut Claims::default())
}

/// The steps that are graver than a note.
fn refusals(report: &Report) -> Vec<&'static str> {
    let steps = report.steps.iter().filter(|step| step.verdict > Verdict::Note);
    steps.map(|step| step.id).collect()
}

fn of_phones(candidates: &vmyna_candidates::Candidates) -> Vec<&Candidate> {
    let claims = |candidate: &&Candidate| candidate.claim.0.contains(&Part::Mdoc);
    candidates.iter().filter(claims).collect()
}

#[test]
fn each_wrong_answer_is_refused_for_its_one_fault_and_each_right_one_passes() {
    let candidates = all();
    let (refused, noted): (BTreeMap<_, _>, BTreeMap<_, _>) =
        (REFUSED_BY.iter().copied().collect(), NOTED_BY.iter().copied().collect());
    let mut seen = 0;
    for workshop in &*WORKSHOPS {
        for candidate in of_phones(&candidates) {
            let name = candidate.name;
            let report = verify(workshop, &candidate.make(workshop).unwrap());
            let found = refusals(&report);
            match candidate.role {
                Role::Wrong => {
                    let expected = refused
                        .get(name)
                        .unwrap_or_else(|| panic!("{name} is not in the table"));
                    assert_eq!(found, *expected, "{name}: {:#?}", report.steps);
                    seen += 1;
                }
                _ => assert_eq!(found, <[&str; 0]>::default(), "{name}: {:#?}", report.steps),
            }
            let of_note = noted.get(name).map(|id| {
                report
                    .steps
                    .iter()
                    .any(|step| step.id == *id && step.verdict == Verdict::Note)
            });
            assert_ne!(of_note, Some(false), "{name}: {:#?}", report.steps);
        }
    }
    assert_eq!(seen, 2 * REFUSED_BY.len());
}

#[test]
fn each_wrong_answer_has_a_twin_that_is_right() {
    let candidates = all();
    for candidate in of_phones(&candidates).iter().filter(|one| one.role == Role::Wrong) {
        let twin = candidates.find(candidate.twin.unwrap());
        let twin = twin.unwrap_or_else(|| panic!("{}", candidate.name));
        assert_ne!(twin.role, Role::Wrong, "{}", candidate.name);
        assert!(candidate.check.is_some() && [Group::Mdoc, Group::Parsing].contains(&candidate.group));
    }
}

#[test]
fn the_same_seed_makes_the_same_answers_and_another_seed_makes_others() {
    let candidates = all();
    let [first, other] = &*WORKSHOPS;
    for name in ["good.mdoc", "mdoc.foreign-root", "mdoc.signed-by-another-device"] {
        let candidate = candidates.find(name).unwrap();
        let mdoc = |workshop| candidate.make(workshop).unwrap().files[&MadeFile::Mdoc].clone();
        assert_eq!(mdoc(first), mdoc(first), "{name}");
        assert_ne!(mdoc(first), mdoc(other), "{name}");
    }
}

#[test]
fn no_name_of_a_real_authority_and_no_address_of_a_real_host_is_in_an_answer() {
    let workshop = &WORKSHOPS[0];
    for candidate in of_phones(&all()) {
        let mdoc = &candidate.make(workshop).unwrap().files[&MadeFile::Mdoc];
        let text = String::from_utf8_lossy(mdoc);
        let name = candidate.name;
        for real in ["mncmdocRootCA", "J-LIS", "Japan Agency", "jpki.go.jp", "j-lis.go.jp"] {
            assert!(!text.contains(real), "{name}: {real}");
        }
        for (at, _) in text.match_indices("://") {
            let host: &str = text[at + 3..].split(['/', ':']).next().unwrap();
            assert!(host.ends_with(".invalid") || host == "localhost", "{name}: {host}");
        }
    }
}
