//! The verifier: whatever a file holds, nothing is valid but what an authority has signed, and verifying takes no more memory
//! than the file justifies.
//!
//! The first byte of an input says what the rest is: a certificate, signed data, a file of the card among genuine ones, a
//! revocation list, or the answer of an OCSP responder.

use std::sync::LazyLock;

use vmyna_applets::issued::IssuedCard;
use vmyna_applets::specimen;
use vmyna_authority::verifier::card_files::{CardFile, card_files};
use vmyna_authority::verifier::compare::Claims;
use vmyna_authority::verifier::input::recognise;
use vmyna_authority::verifier::report::{Report, Verdict};
use vmyna_authority::verifier::revocation::{List, Sources};
use vmyna_authority::verifier::signed_data::signed_data;
use vmyna_authority::verifier::trust::Trust;
use vmyna_authority::verifier::{Settings, certificate};
use vmyna_issuance::specimen as built_in;

use crate::memory::peak_of;

/// Verifying takes no more than this, and so many times the file.
const WORKING_MEMORY: usize = 256 * 1024;
const TIMES: usize = 200;

static CARD: LazyLock<IssuedCard> = LazyLock::new(|| {
    let card = specimen::find("hanako").expect("the specimens are whole");
    card.expect("hanako is one of them")
});

static TRUST: LazyLock<Trust> = LazyLock::new(|| {
    let mut trust = Trust::default();
    for authority in built_in::certifying().expect("the authorities are whole") {
        trust
            .certificate(authority.certificate(), true)
            .expect("an authority has a certificate");
    }
    let authorities = built_in::authorities().expect("the authorities are whole");
    for (id, key) in authorities.data_roots() {
        trust.cv_key(id, key.clone(), true);
    }
    trust
});

fn settings(revocation: Sources<'_>) -> Settings<'_> {
    let at = "2026-11-30T00:00:00Z".parse().expect("a time");
    Settings {
        trust: TRUST.clone(),
        at,
        clock: at,
        purpose: None,
        form: None,
        revocation,
        nonce: [7; 32],
    }
}

/// One input.
pub fn run(input: &[u8]) {
    let Some((kind, bytes)) = input.split_first() else {
        return;
    };
    LazyLock::force(&CARD);
    LazyLock::force(&TRUST);
    let (reports, peak) = peak_of(|| verify(kind % 6, bytes));
    assert!(
        peak <= WORKING_MEMORY + TIMES * bytes.len(),
        "{peak} bytes for {}",
        bytes.len()
    );
    assert!(!reports.is_empty(), "every file has a report");
    for report in &reports {
        for step in &report.steps {
            assert!(!step.reason.en.is_empty() && !step.reason.ja.is_empty(), "{}", step.id);
        }
        if report.verdict() == Verdict::Ok {
            genuine(kind % 6, report);
        }
    }
    assert_eq!(reports, verify(kind % 6, bytes), "the same file has the same report");
}

fn verify(kind: u8, bytes: &[u8]) -> Vec<Report> {
    let mut claims = Claims::default();
    let no_source = Sources::default();
    let own = CARD
        .jpki
        .auth
        .as_ref()
        .map(|key| &key.certificate[..])
        .unwrap_or_default();
    match kind {
        0 => {
            let _ = recognise(bytes.to_vec());
            vec![certificate(bytes, "file", &settings(no_source), &mut claims)]
        }
        1 => signed_data(bytes, Some(b"content"), &[], "file", &settings(no_source), &mut claims),
        2 => {
            let data = &CARD.input_assist.as_ref().unwrap().data;
            let files = [&data.integrity, &data.certificate].map(|content| content.as_bytes());
            card_files(&with(bytes, &files), &settings(no_source), &mut claims)
        }
        3 => {
            let data = &CARD.face_info.as_ref().unwrap().data;
            card_files(
                &with(bytes, &[data.certificate.as_bytes()]),
                &settings(no_source),
                &mut claims,
            )
        }
        4 => {
            let list = List {
                name: "list".to_owned(),
                der: bytes.to_vec(),
            };
            let sources = Sources {
                lists: vec![list],
                ..Sources::default()
            };
            vec![certificate(own, "file", &settings(sources), &mut claims)]
        }
        _ => {
            let answer = |_: &str, _: &[u8]| Ok(bytes.to_vec());
            let sources = Sources {
                ask: Some(&answer),
                ..Sources::default()
            };
            vec![certificate(own, "file", &settings(sources), &mut claims)]
        }
    }
}

/// The file of the input with genuine ones.
fn with(bytes: &[u8], genuine: &[&[u8]]) -> Vec<CardFile> {
    let all = std::iter::once(bytes).chain(genuine.iter().copied());
    let named = (1..).zip(all).map(|(number, bytes)| CardFile {
        name: format!("file {number}"),
        bytes: bytes.to_vec(),
    });
    named.collect()
}

/// What is valid is what was issued: nothing here has revocation data, so no certificate is, and the attributes of a card's
/// files are the cardholder's.
fn genuine(kind: u8, report: &Report) {
    assert!(kind == 2 || kind == 3, "valid without revocation data: {report:?}");
    let person = &CARD.summary.person;
    for fact in &report.facts {
        let issued = match &*fact.id {
            "name" => person.name.to_string(),
            "address" => person.address.to_string(),
            "birth-date" => person.birth.digits(),
            _ => continue,
        };
        assert_eq!(fact.value, issued, "{}", fact.id);
    }
}
