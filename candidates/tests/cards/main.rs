//! Each wrong card is wrong in one respect: the verifier of `vmyna verify` and a challenge to both chips find that one and
//! no other, and they find nothing with the right ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod reader;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use vmyna_authority::verifier::Settings;
use vmyna_authority::verifier::card_files::{CardFile, card_files};
use vmyna_authority::verifier::compare::{Claims, compare};
use vmyna_authority::verifier::report::{Report, Verdict};
use vmyna_authority::verifier::revocation::Sources;
use vmyna_authority::verifier::trust::Trust;
use vmyna_candidates::{Anchors, Candidate, Expected, ForgedCard, Group, Role, Workshop, all};
use vmyna_card_os::tlv::Tlv;

use reader::{Seen, look};

static WORKSHOP: LazyLock<Workshop> = LazyLock::new(|| {
    let now = "2026-11-30T00:00:00Z".parse().unwrap();
    Workshop::new(Anchors::built_in().unwrap(), [7; 32], now).unwrap()
});

/// The groups of cards whose wrongness this file shows.
const GROUPS: [Group; 5] = [Group::Good, Group::Text, Group::Face, Group::MyNumber, Group::Parsing];

/// What is found with each wrong card. Where nothing is, the tests below show what is wrong.
const FOUND: &[(&str, &[&str])] = &[
    ("text.address-replaced", &["text.attributes"]),
    ("text.name-replaced", &["text.attributes"]),
    ("text.birth-date-replaced", &["text.attributes"]),
    ("text.sex-replaced", &["text.attributes"]),
    ("text.number-replaced", &["text.my-number"]),
    ("text.digests-unsigned", &["text.signature"]),
    ("text.number-digest-unsigned", &["text.signature"]),
    ("text.attributes-digest-missing", &["text.attributes"]),
    ("text.number-digest-missing", &["text.my-number"]),
    ("text.digests-swapped", &["text.attributes", "text.my-number"]),
    ("text.certificate-unsigned", &["cv.signature"]),
    ("text.foreign-authority", &["cv.signature"]),
    ("text.authority-of-face", &["cv.application"]),
    ("text.unknown-generation", &["cv.issuer"]),
    ("text.chip-cannot-sign", &["chip.text"]),
    ("text.chip-answers-random", &["chip.text"]),
    ("text.chip-other-key", &["chip.text"]),
    ("text.chip-key-unsigned", &["text.card-key"]),
    ("text.chip-key-by-forger", &["text.card-key"]),
    ("text.chip-key-by-face-key", &["text.card-key"]),
    ("text.chip-replays", &["chip.text"]),
    ("text.offset-into-filler", &["text.offsets"]),
    ("text.address-twice", &["text.attributes"]),
    ("text.address-twice-unsigned", &["text.attributes"]),
    ("text.signed-with-sha1", &["text.signature"]),
    ("text.signed-without-digest-info", &["text.signature"]),
    ("text.signed-with-short-fill", &["text.signature"]),
    ("text.session-of-forger", &["chip.text"]),
    ("text.session-refused-later", &[]),
    ("text.secured-answer-indicator", &[]),
    ("text.secured-answer-padding", &[]),
    ("face.photo-replaced", &["face.signature"]),
    ("face.name-replaced", &["face.signature"]),
    ("face.address-replaced", &["face.signature"]),
    ("face.birth-date-replaced", &["face.signature"]),
    ("face.sex-replaced", &["face.signature"]),
    ("face.two-digests", &["face.signature"]),
    ("face.short-fill", &["face.signature"]),
    ("face.certificate-unsigned", &["cv.signature"]),
    ("face.foreign-authority", &["cv.signature"]),
    ("face.authority-of-text", &["cv.application"]),
    ("face.chip-key-unsigned", &["face.signature"]),
    ("face.chip-cannot-sign", &["chip.face"]),
    ("face.chip-answers-random", &["chip.face"]),
    ("face.chip-other-key", &["chip.face"]),
    ("face.chip-replays", &["chip.face"]),
    ("face.age-record-of-another-card", &["face.same-card"]),
    ("face.age-record-changed", &["face.age-record"]),
    ("face.of-another-card", &["compare.text-face"]),
    ("face.of-a-person-of-equal-birth-date", &[]),
    ("face.ended", &["face.expiry"]),
    ("face.end-changed", &["common.expiry"]),
    ("face.offset-behind-object", &["face.offsets"]),
    ("face.twenty-tomorrow", &[]),
    ("my-number.check-digit", &["text.check-digit"]),
    ("my-number.letter", &["text.check-digit"]),
    ("my-number.full-width", &["text.check-digit"]),
    ("my-number.eleven-digits", &["text.check-digit"]),
    ("my-number.thirteen-digits", &["text.check-digit"]),
    ("my-number.picture-replaced", &["face.my-number-picture"]),
    ("my-number.wrong-code", &[]),
    ("my-number.not-asked-for-text", &[]),
    ("my-number.not-asked-for-picture", &[]),
    ("my-number.not-shown", &[]),
];

fn settings() -> Settings<'static> {
    let anchors = Anchors::built_in().unwrap();
    let mut trust = Trust::default();
    for (id, key) in anchors.authorities.data_roots() {
        trust.cv_key(id, key.clone(), true);
    }
    Settings {
        trust,
        at: WORKSHOP.now(),
        clock: WORKSHOP.now(),
        purpose: None,
        form: None,
        revocation: Sources::default(),
        nonce: [0; 32],
    }
}

/// The object of a file without what is behind it, as a client reads it. EF 0001 of the texts is read whole.
fn object(file: &[u8]) -> Vec<u8> {
    match Tlv::read(file) {
        Ok((_, rest)) => file[..file.len() - rest.len()].to_vec(),
        Err(_) => file.to_vec(),
    }
}

fn files(of: &BTreeMap<u16, Vec<u8>>, wanted: &[u16], whole: bool) -> Vec<CardFile> {
    let file = |(id, bytes): (&u16, &Vec<u8>)| CardFile {
        name: format!("EF {id:04X}"),
        bytes: if *id == 1 && whole {
            bytes.clone()
        } else {
            object(bytes)
        },
    };
    of.iter().filter(|(id, _)| wanted.contains(id)).map(file).collect()
}

/// The names of the steps that do not hold. If the certificate of a key doesn't, nothing is known of what the key has signed.
fn steps(reports: &[Report], found: &mut BTreeSet<String>) {
    for step in reports.iter().flat_map(|report| &report.steps) {
        let unknown = step.verdict == Verdict::NotVerified && step.id.starts_with("cv.");
        if step.verdict == Verdict::Invalid || unknown {
            found.insert(step.id.to_owned());
        }
    }
}

/// What is seen of a candidate's card; `None` if the candidate is no card.
fn seen(candidate: &Candidate) -> Option<(Seen, ForgedCard)> {
    let subject = candidate.make(&WORKSHOP).unwrap();
    let card = subject.card?;
    if let Some(before) = &subject.before {
        let seen = look(&mut *before.fresh([1; 32]).unwrap(), &before.card, 1);
        assert_eq!(seen.chips, [true; 2], "{}", candidate.name);
    }
    Some((look(&mut *card.fresh([2; 32]).unwrap(), &card.card, 2), card))
}

fn found(candidate: &Candidate) -> Option<BTreeSet<String>> {
    let (seen, card) = seen(candidate)?;
    let (settings, mut claims, mut found) = (settings(), Claims::default(), BTreeSet::new());
    let reports = card_files(&files(&seen.text, &[1, 2, 3, 4, 7], true), &settings, &mut claims);
    steps(&reports, &mut found);
    let reports = card_files(&files(&seen.face, &[1, 2, 4, 5], false), &settings, &mut claims);
    steps(&reports, &mut found);
    steps(&compare(&claims).into_iter().collect::<Vec<_>>(), &mut found);
    for (works, step) in seen.chips.into_iter().zip(["chip.text", "chip.face"]) {
        if !works {
            found.insert(step.to_owned());
        }
    }
    let end = seen.face.get(&2).and_then(|file| reader::value(file, 0xDF29));
    if end.is_some_and(|end| !seen.common.ends_with(&end)) {
        found.insert("common.expiry".to_owned());
    }
    assert!(card.card.summary.person.check().is_ok());
    Some(found)
}

#[test]
fn each_wrong_card_is_wrong_in_one_respect_and_each_right_one_in_none() {
    let all = all();
    let ours = all.iter().filter(|candidate| GROUPS.contains(&candidate.group));
    let table: BTreeMap<_, _> = FOUND.iter().copied().collect();
    assert_eq!(table.len(), FOUND.len());
    let mut met = 0;
    let mut other = Vec::new();
    for candidate in ours {
        let Some(found) = found(candidate) else { continue };
        let expected: BTreeSet<String> = match (table.get(candidate.name), candidate.role) {
            (Some(expected), Role::Wrong) => {
                met += 1;
                expected.iter().map(|step| (*step).to_owned()).collect()
            }
            (None, Role::Good | Role::Twin) => BTreeSet::new(),
            _ => panic!("{} is not in the table, or is there and right", candidate.name),
        };
        if found != expected {
            other.push(format!("{}: {found:?} in place of {expected:?}", candidate.name));
        }
    }
    assert!(other.is_empty(), "{}", other.join("\n"));
    assert_eq!(met, FOUND.len());
}

#[test]
fn each_wrong_candidate_has_a_right_twin_of_its_claims_and_a_check() {
    let all = all();
    let mut names = BTreeSet::new();
    for candidate in all.iter() {
        assert!(names.insert(candidate.name), "{} is there twice", candidate.name);
        if candidate.role != Role::Wrong {
            assert!(candidate.twin.is_none());
            continue;
        }
        assert!(candidate.check.is_some(), "{}", candidate.name);
        let twin = candidate.twin.and_then(|twin| all.find(twin));
        let twin = twin.unwrap_or_else(|| panic!("{} has no twin", candidate.name));
        assert!(
            twin.role != Role::Wrong && twin.expected == Expected::Accept,
            "{}",
            candidate.name
        );
    }
}
