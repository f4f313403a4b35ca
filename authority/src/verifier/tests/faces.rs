//! Face data, the age record and the picture of the My Number.

use der::Encode;
use vmyna_applets::cv::encode_public_key;

use super::cards::{
    Objects, card, certified, get, joined, named, objects, raw, report, root, set, tlv, with_signature, with_table,
};
use super::rig::*;
use crate::verifier::block::Hash;
use crate::verifier::card_files::card_files;
use crate::verifier::compare::Claims;
use crate::verifier::report::{Report, Verdict};

pub(super) const FACE: &str = "municipality-face";

/// The files of the face-info application.
#[derive(Clone)]
pub(super) struct Faces {
    pub(super) age: Vec<u8>,
    pub(super) face: Vec<u8>,
    pub(super) certificate: Vec<u8>,
    number: Vec<u8>,
}

impl Faces {
    pub(super) fn new() -> Self {
        let data = card().face_info.unwrap().data;
        Self {
            age: data.age_record.as_bytes().to_vec(),
            face: data.card_face.as_bytes().to_vec(),
            certificate: data.certificate.as_bytes().to_vec(),
            number: data.my_number_picture.as_bytes().to_vec(),
        }
    }

    fn report(&self) -> Report {
        report(&named(&[&self.age, &self.face, &self.certificate, &self.number]))
    }

    /// With a face of these objects, signed anew.
    fn signed(&self, mut objects: Objects) -> Self {
        let groups: [&[u16]; 3] = [&[0xDF22, 0xDF23, 0xDF24], &[0xDF25, 0xDF26], &[0xDF27]];
        let digests = groups
            .map(|group| Hash::Sha256.digest(&joined(&objects, group)))
            .concat();
        set(
            &mut objects,
            0xDF28,
            &raw(FACE, &[&three(0x71, 0x60), &digests[..]].concat()),
        );
        Self {
            face: with_table(&objects, 9),
            ..self.clone()
        }
    }

    fn unsigned(&self, objects: &Objects) -> Self {
        Self {
            face: with_table(objects, 9),
            ..self.clone()
        }
    }
}

/// A DigestInfo up to the digests.
fn three(all: u8, digests: u8) -> Vec<u8> {
    [
        &[0x30, all, 0x30, 0x0D, 0x06, 0x09][..],
        &oid("2.16.840.1.101.3.4.2.1").to_der().unwrap()[2..],
        &[0x05, 0x00, 0x04, digests],
    ]
    .concat()
}

#[test]
fn the_face_data_of_a_card_are_valid() {
    let report = Faces::new().report();
    assert_valid(&report);
    assert!(report.facts.iter().any(|fact| fact.id == "age"));
    let faces = Faces::new();
    // The age record alone, as a shop reads it.
    assert_valid(&self::report(&named(&[&faces.age, &faces.certificate])));
    assert_valid(&faces.signed(objects(&faces.face)).report());
}

#[test]
fn a_changed_part_of_the_face_is_found_and_the_same_signed_is_accepted() {
    // F01 to F03, P14.
    for (tag, value) in [
        (0xDF27, b"photo".to_vec()),
        (0xDF27, Vec::new()),
        (0xDF25, vec![7; 300]),
        (0xDF26, vec![7; 300]),
        (0xDF23, b"9".to_vec()),
    ] {
        let faces = Faces::new();
        let mut parts = objects(&faces.face);
        set(&mut parts, tag, &value);
        assert_only(&faces.unsigned(&parts).report(), &["face.signature"], Verdict::Invalid);
        assert_valid(&faces.signed(parts).report());
    }
    // F04: another key of the card. F08: the other files still have the old one.
    let faces = Faces::new();
    let mut parts = objects(&faces.face);
    set(
        &mut parts,
        0xDF24,
        &encode_public_key(&key(HOLDER).to_public_key()).unwrap(),
    );
    let forged = faces.unsigned(&parts).report();
    assert_only(&forged, &["face.signature", "face.same-card"], Verdict::Invalid);
    let twin = faces.signed(parts);
    assert_only(&twin.report(), &["face.same-card"], Verdict::Invalid);
    assert_valid(&report(&named(&[&twin.face, &twin.certificate])));
}

#[test]
fn the_whole_block_of_three_digests_is_compared() {
    // F05: a signature over two digests only, the photo free.
    let faces = Faces::new();
    let parts = objects(&faces.face);
    let all = [&[0xDF22, 0xDF23, 0xDF24][..], &[0xDF25, 0xDF26], &[0xDF27]]
        .map(|group| Hash::Sha256.digest(&joined(&parts, group)));
    let block = |content: Vec<u8>| {
        let mut parts = parts.clone();
        set(&mut parts, 0xDF28, &raw(FACE, &content));
        faces.unsigned(&parts).report()
    };
    assert_valid(&block([three(0x71, 0x60), all.concat()].concat()));
    for content in [
        [three(0x51, 0x40), all[..2].concat()].concat(),
        all.concat(),
        [three(0x71, 0x60), all.concat(), vec![0]].concat(),
        [three(0x71, 0x60), [&all[1][..], &all[0], &all[2]].concat()].concat(),
    ] {
        assert_only(&block(content), &["face.signature"], Verdict::Invalid);
    }
}

#[test]
fn the_key_of_face_data_is_certified_by_the_named_key() {
    // F06, and the reverse of T08.
    for (certificate, id, verdict) in [
        (
            certified(root(7_000_023, 1), FORGER, FACE),
            "cv.signature",
            Verdict::Invalid,
        ),
        (
            certified(root(7_000_033, 1), "text-root", FACE),
            "cv.application",
            Verdict::Invalid,
        ),
        (
            certified(root(7_000_023, 8), "face-root", FACE),
            "cv.issuer",
            Verdict::NotVerified,
        ),
    ] {
        let report = Faces {
            certificate,
            ..Faces::new()
        };
        let report = report.report();
        assert_eq!(report.verdict(), verdict);
        assert!(
            report.steps.iter().any(|step| step.id == id && step.verdict == verdict),
            "{id}"
        );
    }
    let twin = Faces {
        certificate: certified(root(7_000_023, 1), "face-root", FACE),
        ..Faces::new()
    };
    assert_valid(&twin.report());
}

#[test]
fn the_other_records_have_their_own_signatures() {
    // F09, N03.
    let faces = Faces::new();
    let mut age = objects(&faces.age);
    set(&mut age, 0xDF11, b"19500101");
    let bytes: Vec<u8> = age.iter().flat_map(|(tag, value)| tlv(*tag, value)).collect();
    let forged = tlv(0xFF10, &bytes);
    assert_only(
        &report(&named(&[&forged, &faces.certificate])),
        &["face.age-record"],
        Verdict::Invalid,
    );
    age.pop();
    let twin = with_signature(0xFF10, &age, 0xDF13, &issuer_key(FACE));
    assert_valid(&report(&named(&[&twin, &faces.certificate])));
    // With the card's face, which states another birth date.
    let both = report(&named(&[&twin, &faces.certificate, &faces.face]));
    assert_only(&both, &["face.same-card"], Verdict::Invalid);
    let mut number = objects(&faces.number);
    set(&mut number, 0xDF41, &[7; 100]);
    let bytes: Vec<u8> = number.iter().flat_map(|(tag, value)| tlv(*tag, value)).collect();
    let forged = tlv(0xFF40, &bytes);
    assert_only(
        &report(&named(&[&forged, &faces.certificate])),
        &["face.my-number-picture"],
        Verdict::Invalid,
    );
    number.pop();
    let twin = with_signature(0xFF40, &number, 0xDF43, &issuer_key(FACE));
    assert_valid(&report(&named(&[&twin, &faces.certificate])));
}

#[test]
fn the_end_of_the_card_and_the_offsets_are_looked_at_though_unsigned() {
    // F12, F13.
    let faces = Faces::new();
    let with_end = |end: &[u8]| {
        let mut parts = objects(&faces.face);
        set(&mut parts, 0xDF29, end);
        faces.unsigned(&parts).report()
    };
    assert_only(&with_end(b"20261129"), &["face.expiry"], Verdict::Invalid);
    assert_only(&with_end(b"2026xx29"), &["face.expiry"], Verdict::Invalid);
    // The check is at 09:00 on this day in Japan.
    let report = with_end(b"20261130");
    assert_valid(&report);
    assert!(
        report
            .steps
            .iter()
            .any(|step| step.id == "face.expiry" && step.verdict == Verdict::Note)
    );
    // F14.
    let mut forged = Faces::new();
    let at = 5 + 3 + 5 * 2;
    forged.face[at..at + 2].copy_from_slice(&9000_u16.to_be_bytes());
    assert_only(&forged.report(), &["face.offsets"], Verdict::Invalid);
    // F15: pictures in the other order, found and hashed by tag.
    let mut parts = objects(&faces.face);
    parts.swap(3, 4);
    assert_valid(&faces.unsigned(&parts).report());
}

#[test]
fn the_age_changes_at_midnight_in_japan() {
    // F16.
    let faces = Faces::new();
    let key = get(&objects(&faces.age), 0xDF12);
    let record = with_signature(
        0xFF10,
        &vec![(0xDF11, b"20061201".to_vec()), (0xDF12, key)],
        0xDF13,
        &issuer_key(FACE),
    );
    for (at, age) in [("2026-11-30T14:59:59Z", "19"), ("2026-11-30T15:00:00Z", "20")] {
        let mut settings = settings();
        settings.at = time(at);
        let reports = card_files(
            &named(&[&record, &faces.certificate]),
            &settings,
            &mut Claims::default(),
        );
        assert_valid(&reports[0]);
        let fact = reports[0].facts.iter().find(|fact| fact.id == "age").unwrap();
        assert_eq!(fact.value, age);
    }
}
