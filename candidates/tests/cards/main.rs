//! Each wrong card is wrong in one respect: the verifier of `vmyna verify` and a challenge to both chips find that one and
//! no other, and they find nothing with the right ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod reader;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use vmyna_apdu::{Icc, IccError};
use vmyna_authority::verifier::Settings;
use vmyna_authority::verifier::card_files::{CardFile, card_files};
use vmyna_authority::verifier::compare::{Claims, compare};
use vmyna_authority::verifier::report::{Report, Verdict};
use vmyna_authority::verifier::revocation::Sources;
use vmyna_authority::verifier::trust::Trust;
use vmyna_candidates::{Anchors, Candidate, Expected, ForgedCard, Group, Role, Workshop, all};
use vmyna_card_os::tlv::Tlv;

use reader::{Seen, look};

static WORKSHOP: LazyLock<Workshop> = LazyLock::new(|| workshop(7, "2026-11-30T00:00:00Z"));

fn workshop(seed: u8, now: &str) -> Workshop {
    let now = now.parse().unwrap();
    Workshop::new(Anchors::built_in().unwrap(), [seed; 32], now).unwrap()
}

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
    ("parsing.length-beyond-file", &["file.form"]),
    ("parsing.length-of-four-bytes", &["file.form"]),
    ("parsing.length-indefinite", &["file.form"]),
    ("parsing.length-zero", &["text.attributes"]),
    ("parsing.length-beyond-parent", &["file.form"]),
    (
        "parsing.certificate-length-beyond-file",
        &["file.form", "cv.certificate"],
    ),
    ("parsing.number-length-beyond-file", &["file.form"]),
    ("parsing.photo-length-beyond-file", &["file.form"]),
    ("parsing.attributes-cut", &["file.form"]),
    ("parsing.attributes-without-last-byte", &["file.form"]),
    ("parsing.attributes-empty", &["file.form"]),
    ("parsing.certificate-cut", &["file.form", "cv.certificate"]),
    ("parsing.signature-short", &["text.signature"]),
    ("parsing.card-face-cut", &["file.form"]),
    ("parsing.name-twice", &["text.attributes"]),
    ("parsing.photo-twice", &["face.signature"]),
    ("parsing.reads-give-nothing", &["file.form"]),
    ("parsing.attributes-not-found", &["file.absent"]),
    ("parsing.every-command-fails", &["file.absent"]),
    ("parsing.unknown-status-word", &["file.form"]),
    ("parsing.name-differs-from-certificate", &[]),
    ("parsing.name-not-utf8", &["text.values"]),
    ("parsing.name-with-nul", &[]),
    ("parsing.name-with-escape", &[]),
    ("parsing.name-with-bidi-marks", &[]),
    ("parsing.name-with-markup", &[]),
    ("parsing.name-with-formula", &[]),
    ("parsing.birth-day-unknown", &[]),
    ("parsing.birth-month-unknown", &[]),
    ("parsing.birth-unknown", &[]),
    ("parsing.photo-empty", &[]),
    ("parsing.photo-absent", &["face.signature"]),
    ("parsing.photo-codestream", &[]),
    ("parsing.photo-of-60000-dots", &[]),
    ("parsing.photo-of-tiny-tiles", &[]),
    ("parsing.photo-of-many-components", &[]),
    ("parsing.photo-with-empty-box", &[]),
    ("parsing.name-picture-bomb", &[]),
];

fn settings(workshop: &Workshop) -> Settings<'static> {
    let anchors = Anchors::built_in().unwrap();
    let mut trust = Trust::default();
    for (id, key) in anchors.authorities.data_roots() {
        trust.cv_key(id, key.clone(), true);
    }
    Settings {
        trust,
        at: workshop.now(),
        clock: workshop.now(),
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
    seen_by(&WORKSHOP, candidate)
}

fn seen_by(workshop: &Workshop, candidate: &Candidate) -> Option<(Seen, ForgedCard)> {
    let subject = candidate.make(workshop).unwrap();
    let card = subject.card?;
    if let Some(before) = &subject.before {
        let seen = look(&mut *before.fresh([1; 32]).unwrap(), &before.card, 1);
        assert_eq!(seen.chips, [true; 2], "{}", candidate.name);
    }
    Some((look(&mut *card.fresh([2; 32]).unwrap(), &card.card, 2), card))
}

fn found(workshop: &Workshop, candidate: &Candidate) -> Option<BTreeSet<String>> {
    let (seen, card) = seen_by(workshop, candidate)?;
    let (settings, mut claims, mut found) = (settings(workshop), Claims::default(), BTreeSet::new());
    let reports = card_files(&files(&seen.text, &[1, 2, 3, 4, 7], true), &settings, &mut claims);
    steps(&reports, &mut found);
    let reports = card_files(&files(&seen.face, &[1, 2, 4, 5], false), &settings, &mut claims);
    steps(&reports, &mut found);
    steps(&compare(&claims).into_iter().collect::<Vec<_>>(), &mut found);
    if !seen.text.contains_key(&2) || !seen.face.contains_key(&2) {
        found.insert("file.absent".to_owned());
    }
    // The key of a chip is in a file, which can be read or not.
    let readable = !found.contains("file.form") && !found.contains("file.absent");
    for (works, step) in seen.chips.into_iter().zip(["chip.text", "chip.face"]) {
        if !works && readable {
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
    judge(&WORKSHOP);
}

#[test]
#[ignore = "a minute a seed: make test-heavy"]
fn so_it_is_with_other_people_keys_places_and_times() {
    // In Japan: New Year, a leap day and the day behind it, the end of a month.
    let times = [
        "2026-12-31T15:00:00Z",
        "2028-02-29T00:00:00Z",
        "2028-02-29T15:00:00Z",
        "2027-01-30T23:59:59Z",
    ];
    for (seed, now) in (100..108).zip(times.into_iter().cycle()) {
        judge(&workshop(seed, now));
    }
}

fn judge(workshop: &Workshop) {
    let all = all();
    let ours: Vec<_> = all
        .iter()
        .filter(|candidate| GROUPS.contains(&candidate.group))
        .collect();
    let table: BTreeMap<_, _> = FOUND.iter().copied().collect();
    assert_eq!(table.len(), FOUND.len());
    let judge = |candidate: &&Candidate| {
        let found = found(workshop, candidate)?;
        let expected = match (table.get(candidate.name), candidate.role) {
            (Some(expected), Role::Wrong) => expected.iter().map(|step| (*step).to_owned()).collect(),
            (None, Role::Good | Role::Twin) => BTreeSet::new(),
            _ => return Some(Err(format!("{}: {found:?}, and is not in the table", candidate.name))),
        };
        Some(match found == expected {
            true => Ok(candidate.role == Role::Wrong),
            false => Err(format!("{}: {found:?} in place of {expected:?}", candidate.name)),
        })
    };
    let half = |part: &[&Candidate]| part.iter().filter_map(judge).collect::<Vec<_>>();
    let (first, second) = ours.split_at(ours.len() / 2);
    let results = std::thread::scope(|scope| {
        let other = scope.spawn(|| half(first));
        let mut results = half(second);
        results.extend(other.join().unwrap());
        results
    });
    let other: Vec<_> = results
        .iter()
        .filter_map(|result| result.as_ref().err().cloned())
        .collect();
    assert!(other.is_empty(), "{}", other.join("\n"));
    assert_eq!(
        results.iter().filter(|result| **result == Ok(true)).count(),
        FOUND.len()
    );
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
        // A form that a program may refuse, as a PDF whose signature is a literal string, proves nothing if it is refused.
        let right = matches!(twin.expected, Expected::Accept | Expected::Either);
        assert!(twin.role != Role::Wrong && right, "{}", candidate.name);
    }
}

#[track_caller]
fn candidate(name: &str) -> Candidate {
    all().find(name).unwrap().clone()
}

/// A card that gives every secured command the same answer, one block in an object 86, and every other 9000.
struct Secured;

impl Icc for Secured {
    fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        *atr = vec![0x3B, 0x00];
        Ok(())
    }

    fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        self.power_on(atr)
    }

    fn power_off(&mut self) -> Result<(), IccError> {
        Ok(())
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError> {
        response.clear();
        if command[0] == 0x08 {
            response.extend([&[0x86, 0x21, 0x01][..], &[0xAA; 16], &[0xBB; 16]].concat());
        }
        response.extend([0x90, 0x00]);
        Ok(())
    }
}

#[test]
fn a_card_with_a_wrong_session_answers_secured_commands_otherwise_and_plain_ones_as_before() {
    const SECURED: [u8; 11] = [0x08, 0xB0, 0x00, 0x00, 0x05, 0x96, 0x03, 0x00, 0x00, 0x00, 0x00];
    let answers = |name| {
        let card = candidate(name).make(&WORKSHOP).unwrap().card.unwrap();
        let secured: Box<dyn Icc + Send> = Box::new(Secured);
        let mut card = card.behaviour.iter().fold(secured, |card, layer| layer(card));
        let mut send = |command: &[u8]| {
            let mut response = Vec::new();
            card.transmit(command, &mut response).unwrap();
            response
        };
        assert_eq!(send(&[0x00, 0xB0, 0x00, 0x00, 0x00]), [0x90, 0x00]);
        [send(&SECURED), send(&SECURED)]
    };
    let block = [0xAA; 16];
    let indicator = [&[0x86, 0x21, 0x00][..], &block, &[0xBB; 16], &[0x90, 0x00]].concat();
    assert_eq!(answers("text.secured-answer-indicator"), [indicator.clone(), indicator]);
    let padding = [&[0x86, 0x11, 0x01][..], &block, &[0x90, 0x00]].concat();
    assert_eq!(answers("text.secured-answer-padding"), [padding.clone(), padding]);
    assert_eq!(answers("text.session-refused-later"), [[0x69, 0x88], [0x69, 0xFC]]);
}

#[test]
fn an_offset_that_is_not_signed_leads_to_what_must_not_be_shown() {
    for (name, face, entry) in [
        ("text.offset-into-filler", false, 1),
        ("face.offset-behind-object", true, 5),
    ] {
        let subject = candidate(name).make(&WORKSHOP).unwrap();
        let card = subject.card.unwrap();
        let seen = look(&mut *card.fresh([3; 32]).unwrap(), &card.card, 3);
        let file = if face { &seen.face[&2] } else { &seen.text[&2] };
        let table = reader::value(file, 0xDF21).unwrap();
        let offset = usize::from(u16::from_be_bytes([table[entry * 2], table[entry * 2 + 1]]));
        let (object, _) = Tlv::read(&file[offset..]).unwrap();
        assert_eq!(subject.unseen, [object.value], "{name}");
        assert_ne!(reader::value(file, object.tag).unwrap(), object.value, "{name}");
    }
}

#[test]
fn two_cards_in_one_reader_state_two_names_though_birth_date_and_sex_are_one() {
    let (seen, _) = seen(&candidate("face.of-a-person-of-equal-birth-date")).unwrap();
    let (own, _) = self::seen(&candidate("good.card")).unwrap();
    let (text, picture) = (
        |seen: &Seen| reader::value(&seen.text[&2], 0xDF22),
        |seen: &Seen| reader::value(&seen.face[&2], 0xDF25),
    );
    assert_eq!(text(&seen), text(&own));
    assert_ne!(picture(&seen), picture(&own));
}

#[test]
fn the_twentieth_birthday_of_the_wrong_card_is_the_day_behind_that_of_its_twin() {
    let birth = |name| {
        let (seen, _) = seen(&candidate(name)).unwrap();
        String::from_utf8(reader::value(&seen.face[&2], 0xDF22).unwrap()).unwrap()
    };
    // The check is at nine o'clock in Japan.
    assert_eq!(birth("face.twenty-today.twin"), "20061130");
    assert_eq!(birth("face.twenty-tomorrow"), "20061201");
}

#[test]
fn the_program_is_given_a_my_number_that_the_card_refuses() {
    let subject = candidate("my-number.wrong-code").make(&WORKSHOP).unwrap();
    let given = &subject.given["code-a"];
    let card = subject.card.unwrap();
    let own = card.card.summary.person.my_number.digits();
    let differ = given.bytes().zip(own).filter(|(given, own)| given != *own).count();
    // A digit, and mostly the check digit.
    assert!(given.len() == 12 && (1..=2).contains(&differ));
}

#[test]
fn photos_that_cost_too_much_are_refused_by_a_decoder_with_limits() {
    let all = all();
    let photo = |candidate: &Candidate| {
        let (seen, _) = seen(candidate).unwrap();
        reader::value(&seen.face[&2], 0xDF27).unwrap()
    };
    let mut refused = 0;
    for candidate in all.iter() {
        if candidate.name.starts_with("parsing.photo-of-") || candidate.name == "parsing.photo-with-empty-box" {
            assert!(vmyna_photo::decode(&photo(candidate)).is_err(), "{}", candidate.name);
            refused += 1;
        }
    }
    assert_eq!(refused, 4);
    for name in ["parsing.genuine", "face.photo-replaced.twin"] {
        assert!(vmyna_photo::decode(&photo(&candidate(name))).is_ok(), "{name}");
    }
    let (seen, _) = seen(&candidate("parsing.name-picture-bomb")).unwrap();
    let bomb = reader::value(&seen.face[&2], 0xDF25).unwrap();
    let reader = png::Decoder::new(std::io::Cursor::new(&bomb)).read_info().unwrap();
    assert!(bomb.len() < 20_000 && reader.output_buffer_size().unwrap() >= 8192 * 1024);
}

#[test]
fn a_dangerous_name_is_on_the_card_as_it_is_and_a_variation_selector_in_no_certificate() {
    let all = all();
    let mut unseen = 0;
    for candidate in all
        .iter()
        .filter(|candidate| candidate.name.starts_with("parsing.name-with-"))
    {
        let subject = candidate.make(&WORKSHOP).unwrap();
        let card = subject.card.unwrap().card.input_assist.unwrap();
        let name = reader::value(card.data.attributes.as_bytes(), 0xDF22).unwrap();
        for bytes in &subject.unseen {
            assert!(
                name.windows(bytes.len()).any(|window| window == bytes),
                "{}",
                candidate.name
            );
            unseen += 1;
        }
    }
    assert_eq!(unseen, 3);
    let subject = candidate("parsing.name-differs-from-certificate")
        .make(&WORKSHOP)
        .unwrap();
    let card = subject.card.unwrap().card;
    let selector = "\u{E0100}".as_bytes();
    let has = |bytes: &[u8]| bytes.windows(selector.len()).any(|window| window == selector);
    assert!(has(card.input_assist.unwrap().data.attributes.as_bytes()));
    assert!(!has(&card.jpki.sign.unwrap().certificate));
}
