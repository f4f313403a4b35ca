//! The phone's mdoc before verifiers of other projects, and their mdocs before vmyna's.
//!
//! Two opinions that share no code: `@auth0/mdl` 3.0.1 (Node.js), and `isomdoc` 0.0.5 with `pymdoccbor` 1.4.0 (Python), which
//! count as one because each of the two checks what the other does not. `isomdl` (Rust) is left out: its published version
//! compares no digest with its element, takes no P-384 root, and brings 281 packages.
//!
//! Each opinion accepts a response and then judges it again for each changed bit. The libraries read the system's clock, so
//! that authorities, mdocs and verifications are of today.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)] // the whole file is tests

mod opinions;
mod rig;

use std::collections::BTreeSet;
use std::ops::Range;

use opinions::{KID, Opinion};
use rig::Rig;
use vmyna_apdu::hex;
use vmyna_mdoc::{SignerKey, Verdict};
use vmyna_testkit::clients::{Way, proves};
use x509_cert::der::Decode;

/// A byte and the bits to invert in it. `(0, 0)` changes nothing.
type Change = (usize, u8);

/// One random bit of each byte, the same ones every time.
fn one_bit_of_each(length: usize) -> Vec<Change> {
    use rand_core::{RngCore, SeedableRng};
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(18013);
    (0..length).map(|byte| (byte, 1 << (random.next_u32() % 8))).collect()
}

/// Every bit of each byte.
fn every_bit(length: usize) -> Vec<Change> {
    let bits = |byte| (0..8).map(move |bit| (byte, 1 << bit));
    (0..length).flat_map(bits).collect()
}

/// The places where `found` stands in `bytes`.
fn places(bytes: &[u8], found: &[u8]) -> Vec<Range<usize>> {
    let windows = bytes.windows(found.len()).enumerate();
    let starts = windows.filter(|(_, part)| *part == found);
    starts.map(|(at, _)| at..at + found.len()).collect()
}

/// The one place where `found` stands in `bytes`.
fn place(bytes: &[u8], found: &[u8]) -> Range<usize> {
    let all = places(bytes, found);
    assert_eq!(all.len(), 1, "{found:?}");
    all[0].clone()
}

/// The DER around the two numbers of the signature of the document signer's certificate, which no signature covers. Both
/// opinions read some of it loosely, such as the number of unused bits.
fn frame(response: &[u8], certificate: &[u8]) -> BTreeSet<usize> {
    let read = x509_cert::Certificate::from_der(certificate).unwrap();
    let signature = read.signature.raw_bytes();
    let start = place(response, certificate).end - signature.len();
    assert_eq!(
        (signature[0], signature[2]),
        (0x30, 0x02),
        "a sequence of two short numbers"
    );
    let second = 4 + usize::from(signature[3]);
    // Tag, length and unused bits of the bit string; tag and length of the sequence and of both numbers.
    let bit_string = if signature.len() < 127 { 3 } else { 4 };
    (start - bit_string..start + 4)
        .chain(start + second..start + second + 2)
        .collect()
}

/// The bytes of a response that no signature covers and that `@auth0/mdl` does not examine: version and status, the device
/// signature's unprotected header and the `null` in the place of its payload, and the heads of keys that it reads alike if they
/// are byte strings instead of texts.
fn unexamined(response: &[u8]) -> BTreeSet<usize> {
    // The map's keys are sorted: version and status come before the documents, which have a version of their own.
    let version = places(response, b"\x67version\x631.0")[0].clone();
    assert!(version.end <= place(response, b"\x69documents").start);
    let status = place(response, b"\x66status\0");
    let device = place(response, b"\x6FdeviceSignature\x84\x43\xA1\x01\x26\xA0\xF6");
    let keys = [
        &b"\x69documents"[..],
        b"\x6FdeviceSignature",
        b"\x6Forg.iso.23220.1\x83",
        b"\x72org.iso.23220.1.jp\x83",
    ];
    let heads: Vec<usize> = keys
        .iter()
        .flat_map(|key| places(response, key))
        .map(|place| place.start)
        .collect();
    assert_eq!(heads.len(), keys.len());
    version
        .chain(status)
        .chain(device.end - 2..device.end)
        .chain(heads)
        .collect()
}

/// The one change of a signed byte that `@auth0/mdl` accepts: an empty array in the place of the device's empty map of namespaces.
/// The library encodes this map anew before it verifies the device's signature over it.
fn encoded_anew(response: &[u8]) -> Change {
    (place(response, b"\x6AnameSpaces\xD8\x18\x41\xA0").end - 1, 0x20)
}

/// The heads of the map of namespaces and of their arrays. No signature covers them, because a device releases what it likes.
/// They are the last of the response, and `cbor2` ignores what follows a data item, so that a smaller number in a head leaves a
/// response with fewer elements.
fn counts(response: &[u8]) -> BTreeSet<usize> {
    let issuer_signed = place(response, b"\x6CissuerSigned").start;
    let spaces = places(response, b"\x6AnameSpaces")
        .into_iter()
        .filter(|place| place.start > issuer_signed);
    let mut heads: BTreeSet<usize> = spaces.map(|place| place.end).collect();
    for name in [&b"\x6Forg.iso.23220.1\x83"[..], b"\x72org.iso.23220.1.jp\x83"] {
        heads.insert(place(response, name).end - 1);
    }
    assert_eq!(heads.len(), 3);
    heads
}

/// The opinion accepts the response, and none of its changes but some of bytes that are not signed.
fn judge(opinion: &Opinion, rig: &Rig, response: &[u8], changes: Vec<Change>, unsigned: &BTreeSet<usize>) {
    let name = opinion.name();
    assert_eq!(
        opinion.accepted(rig, response, &[(0, 0)]),
        [0],
        "{name} accepts the response"
    );
    let accepted = opinion.accepted(rig, response, &changes);
    let wrong: Vec<Change> = accepted
        .iter()
        .map(|at| changes[*at])
        .filter(|(byte, _)| !unsigned.contains(byte))
        .collect();
    let around = |byte: usize| hex::encode(&response[byte.saturating_sub(40)..(byte + 40).min(response.len())]);
    let shown: Vec<String> = wrong
        .iter()
        .map(|(byte, mask)| format!("{mask:02X} in byte {byte} of {}", around(*byte)))
        .collect();
    assert!(wrong.is_empty(), "{name} accepts changes of signed bytes: {shown:#?}");
    let count = changes.len();
    let others = accepted.len();
    println!(
        "counted: {count} one-bit changes of vmyna's mdoc before {name}: {others} accepted, all of unsigned bytes"
    );
}

fn node_judges(changes: fn(usize) -> Vec<Change>) {
    let rig = Rig::new();
    let response = rig.response();
    let anew = encoded_anew(&response);
    assert_eq!(Opinion::Node.accepted(&rig, &response, &[anew]), [0]);
    let unsigned = &unexamined(&response) | &frame(&response, &rig.signer.certificate);
    let mut changes = changes(response.len());
    changes.retain(|change| *change != anew);
    judge(&Opinion::Node, &rig, &response, changes, &unsigned);
}

fn python_judges(changes: fn(usize) -> Vec<Change>) {
    let rig = Rig::new();
    let response = rig.response();
    let unsigned = &counts(&response) | &frame(&response, &rig.signer.certificate);
    judge(&Opinion::Python, &rig, &response, changes(response.len()), &unsigned);
}

#[test]
fn auth0_accepts_the_mdoc_and_refuses_one_changed_bit_of_each_signed_byte() {
    let _proof = proves("auth0-mdl.verifies", Way::Mdoc);
    node_judges(one_bit_of_each);
}

#[test]
fn isomdoc_and_pymdoccbor_accept_the_mdoc_and_refuse_one_changed_bit_of_each_signed_byte() {
    let _proof = proves("isomdoc.verifies", Way::Mdoc);
    python_judges(one_bit_of_each);
}

#[test]
#[ignore = "minutes; `make test-heavy` runs it"]
fn auth0_refuses_every_changed_bit_of_each_signed_byte() {
    node_judges(every_bit);
}

#[test]
#[ignore = "minutes; `make test-heavy` runs it"]
fn isomdoc_and_pymdoccbor_refuse_every_changed_bit_of_each_signed_byte() {
    python_judges(every_bit);
}

#[test]
fn both_opinions_refuse_another_root_session_and_an_ended_mdoc() {
    let rig = Rig::new();
    let foreign = Rig::of_seed(9);
    let changes = [(0, 0)];
    let response = rig.response();
    for opinion in [Opinion::Node, Opinion::Python] {
        assert_eq!(opinion.accepted(&rig, &response, &changes), [0]);
        let none: [usize; 0] = [];
        assert_eq!(opinion.accepted(&foreign, &response, &changes), none, "another root");
        let session = Rig {
            transcript: vmyna_mdoc::Transcript::browser("x", "https://other.test.invalid"),
            ..Rig::new()
        };
        assert_eq!(opinion.accepted(&session, &response, &changes), none, "another session");
    }
    let ended = rig.response_of(&rig.issued(&rig::ended()));
    assert!(
        Opinion::Node.accepted(&rig, &ended, &changes).is_empty(),
        "an ended mdoc"
    );
}

/// vmyna accepts what another project has issued and refuses each change of it, but for the names of keys that `@auth0/mdl`
/// writes into headers that no signature covers.
fn vmyna_judges(opinion: &Opinion, changes: fn(usize) -> Vec<Change>) {
    let rig = Rig::new();
    let response = opinion.issue(&rig, "SHA-256", None);
    let report = rig.verify(&response, None);
    assert!(rig::is_right(&report), "{:#?}", report.steps);
    assert_eq!(report.elements.len(), rig::ELEMENTS, "{:?}", report.elements);
    // Label 4, a byte string of less than 24 bytes.
    let entry = [&[0x04, 0x40 | KID.len() as u8], KID.as_bytes()].concat();
    let names: BTreeSet<usize> = places(&response, &entry).into_iter().flatten().collect();
    let mut changes = changes(response.len());
    changes.retain(|(byte, _)| !names.contains(byte));
    for (byte, mask) in &changes {
        let mut changed = response.clone();
        changed[*byte] ^= mask;
        let report = rig.verify(&changed, None);
        assert!(!rig::is_right(&report), "{mask:02X} in byte {byte}");
    }
    let (count, name) = (changes.len(), opinion.name());
    println!("counted: {count} one-bit changes of the mdoc of {name}, all refused by vmyna");
}

#[test]
fn vmyna_accepts_the_mdoc_of_auth0_and_refuses_one_changed_bit_of_each_byte() {
    let _proof = proves("auth0-mdl.issues", Way::Mdoc);
    vmyna_judges(&Opinion::Node, one_bit_of_each);
}

#[test]
fn vmyna_accepts_the_mdoc_of_isomdoc_and_refuses_one_changed_bit_of_each_byte() {
    let _proof = proves("isomdoc.issues", Way::Mdoc);
    vmyna_judges(&Opinion::Python, one_bit_of_each);
}

#[test]
#[ignore = "minutes; `make test-heavy` runs it"]
fn vmyna_refuses_every_changed_bit_of_the_mdocs_of_both() {
    vmyna_judges(&Opinion::Node, every_bit);
    vmyna_judges(&Opinion::Python, every_bit);
}

#[test]
fn auth0_accepts_the_mdoc_of_isomdoc() {
    let rig = Rig::new();
    let response = Opinion::Python.issue(&rig, "SHA-256", None);
    assert_eq!(Opinion::Node.accepted(&rig, &response, &[(0, 0)]), [0]);
}

/// RFC 9052 wants a byte string as `kid`. `@auth0/mdl` writes `undefined` for a key without a name, and isomdoc refuses any
/// header parameter there.
#[test]
fn vmyna_refuses_the_undefined_name_of_a_key_that_auth0_writes() {
    let _proof = proves("auth0-mdl.kid", Way::Mdoc);
    let rig = Rig::new();
    let response = Opinion::Node.issue_with(&rig, "SHA-256", None, None);
    let step = rig.verify(&response, None).steps.remove(0);
    assert_eq!((step.id, step.verdict), ("response.form", Verdict::Failed));
    assert!(Opinion::Python.accepted(&rig, &response, &[(0, 0)]).is_empty());
}

#[test]
fn vmyna_verifies_longer_digests_and_a_mac_of_auth0_with_the_readers_key() {
    let rig = Rig::new();
    for digest in ["SHA-384", "SHA-512"] {
        let report = rig.verify(&Opinion::Node.issue(&rig, digest, None), None);
        assert!(rig::is_right(&report), "{digest}: {:#?}", report.steps);
    }
    let SignerKey::P256(reader) = rig::key(5) else {
        unreachable!()
    };
    let response = Opinion::Node.issue(&rig, "SHA-256", Some(&reader));
    let step = |key| {
        rig.verify(&response, key)
            .step("device.authentication")
            .unwrap()
            .verdict
    };
    assert_eq!(step(Some(&reader)), Verdict::Passed);
    assert_eq!(step(None), Verdict::NotDone);
    let SignerKey::P256(other) = rig::key(6) else {
        unreachable!()
    };
    assert_eq!(step(Some(&other)), Verdict::Failed);
    let mut changed = response.clone();
    // Behind the null in the place of the payload: a byte string of 32.
    let tag = place(&response, b"\xF6\x58\x20");
    changed[tag.end] ^= 1;
    let verdict = rig
        .verify(&changed, Some(&reader))
        .step("device.authentication")
        .unwrap()
        .verdict;
    assert_eq!(verdict, Verdict::Failed);
}
