//! What holds for any bytes and any attributes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::sync::LazyLock;

use ciborium::Value;
use common::forge::{decode, encode};
use common::{Curve, Rig, device, request, rng, transcript, validity};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use vmyna_mdoc::{
    Attributes, BirthDate, BirthDateForm, DeviceRequest, IssuerSigned, NAMESPACE, Sex, Transcript, Verdict, element,
    issue, present,
};

static RIG: LazyLock<Rig> = LazyLock::new(|| Rig::new(Curve::P256, Curve::P256));
static RESPONSE: LazyLock<Vec<u8>> = LazyLock::new(|| RIG.response());

/// A change of bytes: at a place, so many are replaced by others.
fn change() -> impl Strategy<Value = (prop::sample::Index, usize, Vec<u8>)> {
    (any::<prop::sample::Index>(), 0..4_usize, vec(any::<u8>(), 0..4))
}

fn changed(bytes: &[u8], changes: &[(prop::sample::Index, usize, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (place, removed, new) in changes {
        let at = place.index(bytes.len().max(1));
        let end = (at + removed).min(bytes.len());
        bytes.splice(at.min(end)..end, new.iter().copied());
    }
    bytes
}

/// CBOR values of the kinds that an mdoc has.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        ".{0,30}".prop_map(Value::from),
        vec(any::<u8>(), 0..300).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::Array),
            vec((inner.clone(), inner.clone()), 0..6).prop_map(Value::Map),
            (4..2000_u64, inner).prop_map(|(tag, inner)| Value::Tag(tag, Box::new(inner))),
        ]
    })
}

fn repeats_a_key(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(repeats_a_key),
        Value::Map(entries) => {
            let mut keys: Vec<Vec<u8>> = entries.iter().map(|(key, _)| encode(key)).collect();
            keys.sort();
            let count = keys.len();
            keys.dedup();
            count != keys.len()
                || entries
                    .iter()
                    .any(|(key, value)| repeats_a_key(key) || repeats_a_key(value))
        }
        Value::Tag(_, inner) => repeats_a_key(inner),
        _ => false,
    }
}

fn attributes() -> impl Strategy<Value = Attributes> {
    let birth = (0..2100_u16, 0..13_u8, 0..32_u8).prop_map(|(year, month, day)| BirthDate::new(year, month, day));
    let sex = prop::sample::select(vec![Sex::Unknown, Sex::Male, Sex::Female, Sex::NotApplicable]);
    let form = prop::sample::select(vec![BirthDateForm::Date, BirthDateForm::Map]);
    let texts = (
        option::of(".{0,40}"),
        option::of(".{0,100}"),
        option::of("[0-9]{5}"),
        "[0-9]{12}",
    );
    let rest = (
        option::of(vec(any::<u8>(), 0..2000)),
        option::of(sex),
        birth,
        form,
        option::of(0..130_u64),
        any::<bool>(),
    );
    (texts, rest).prop_map(|(texts, rest)| Attributes {
        full_name: texts.0,
        address: texts.1,
        local_gov_code: texts.2,
        individual_number: Some(texts.3.into()),
        portrait: rest.0,
        sex: rest.1,
        birth_date: rest.2,
        birth_date_form: rest.3,
        age_in_years: rest.4,
        age_over: vec![(20, rest.5)],
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..300)) {
        let _ = IssuerSigned::parse(&bytes);
        let _ = DeviceRequest::parse(&bytes);
        let _ = Transcript::parse(&bytes);
        prop_assert_ne!(RIG.verify(&bytes).verdict(), Verdict::Passed);
    }

    #[test]
    fn a_changed_response_is_refused(changes in vec(change(), 1..4)) {
        let bytes = changed(&RESPONSE, &changes);
        let report = RIG.verify(&bytes);
        prop_assert!(bytes == *RESPONSE || report.verdict() != Verdict::Passed, "{changes:?}");
        for step in &report.steps {
            prop_assert!(!step.reason.en.is_empty() && !step.reason.ja.is_empty());
        }
    }

    #[test]
    fn a_changed_request_is_read_or_refused(changes in vec(change(), 1..4)) {
        let bytes = changed(request(&common::ALL).to_bytes(), &changes);
        if let Ok(request) = DeviceRequest::parse(&bytes) {
            prop_assert_eq!(request.to_bytes(), &bytes[..]);
            // The text keys that are not known are ignored, so that nothing else can be said of it.
            let _ = request.doc_requests()[0].reader_auth(&transcript());
        }
    }

    /// The strict form has one encoding for each value. ciborium writes that encoding, and does not look for repeated keys.
    #[test]
    fn cbor_is_accepted_as_ciborium_writes_it_unless_a_key_is_there_twice(value in value()) {
        let array = Value::Array(vec![value.clone(), Value::Null, Value::Null]);
        let bytes = encode(&array);
        let read = Transcript::parse(&bytes);
        prop_assert_eq!(read.is_ok(), !repeats_a_key(&value), "{:?}", read);
    }

    #[test]
    fn what_is_accepted_is_written_by_ciborium_to_the_same_bytes(
        start in value(), changes in vec(change(), 0..3),
    ) {
        let bytes = changed(&encode(&Value::Array(vec![start, Value::Null, Value::Null])), &changes);
        // Floats have several widths, and a signalling NaN is changed by reading it.
        if let Ok(transcript) = Transcript::parse(&bytes) {
            let value = decode(transcript.to_bytes());
            if !has_float(&value) {
                prop_assert_eq!(encode(&value), transcript.to_bytes());
            }
        }
    }

    #[test]
    fn any_attributes_are_issued_read_presented_and_verified(attributes in attributes(), decoys in 0..5_u16) {
        let issued = issue(&attributes, &validity(), &device().public_key(), &RIG.signer, decoys, &mut rng()).unwrap();
        let read = IssuerSigned::parse(issued.to_bytes()).unwrap();
        prop_assert_eq!(read.items(), issued.items());
        for item in read.items() {
            prop_assert!(element::title(item.namespace(), item.identifier()).is_some());
            prop_assert!(!element::value_text(item.value()).ja.contains("未知"));
        }
        let birth = attributes.birth_date.filter(|birth| birth.to_string() != "0000");
        let stated = read.items().iter().find(|item| item.identifier() == "birth_date");
        prop_assert_eq!(stated.and_then(|item| element::date(item.value())), birth);
        let wanted: Vec<_> = read.items().iter().map(|item| (item.namespace(), item.identifier())).collect();
        let request = request(&wanted);
        let answer = present(&read, &device(), &request, &transcript(), |_| true).unwrap();
        prop_assert_eq!(answer.released.len(), read.items().len());
        let options = vmyna_mdoc::Options { request: Some(&request), lists: &RIG.lists, reader_key: None };
        let report = vmyna_mdoc::verify(&answer.response, &transcript(), &[&RIG.root.certificate], common::now(), &options);
        prop_assert_eq!(report.verdict(), Verdict::Passed, "{:#?}", report.steps);
        prop_assert!(report.elements.iter().any(|one| one.namespace == NAMESPACE));
    }
}

fn has_float(value: &Value) -> bool {
    match value {
        Value::Float(_) => true,
        Value::Array(items) => items.iter().any(has_float),
        Value::Map(entries) => entries.iter().any(|(key, value)| has_float(key) || has_float(value)),
        Value::Tag(_, inner) => has_float(inner),
        _ => false,
    }
}
