//! A response has what was asked for and consented to, and nothing else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use ciborium::Value;
use common::forge::{at, decode, document, embedded, encode, signature};
use common::{ALL, Curve, Rig, device, issued, request, transcript};
use coset::{CborSerializable, CoseSign1Builder, HeaderBuilder, iana};
use vmyna_apdu::hex;
use vmyna_mdoc::{
    DOC_TYPE, DeviceRequest, NAMESPACE, NAMESPACE_JP, ParseError, PresentError, Presentation, ReaderAuth, Transcript,
    Verdict, present,
};

fn rig() -> Rig {
    Rig::new(Curve::P256, Curve::P256)
}

fn answer(rig: &Rig, request: &DeviceRequest, consent: impl Fn(&str) -> bool) -> Presentation {
    let consent = |wanted: &vmyna_mdoc::Wanted| consent(&wanted.identifier);
    present(&issued(&rig.signer), &device(), request, &transcript(), consent).unwrap()
}

fn names(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(one, two)| ((*one).to_owned(), (*two).to_owned()))
        .collect()
}

#[test]
fn only_what_was_asked_for_and_consented_to_is_released() {
    let mut rig = rig();
    let asked = [ALL[0], ALL[3], (NAMESPACE, "age_over_18"), ALL[10]];
    rig.request = request(&asked);
    let answer = answer(&rig, &rig.request, |identifier| {
        identifier != "individual_number_unicode"
    });
    // In the order of the request, whose maps are sorted.
    assert_eq!(answer.released, names(&[ALL[10], ALL[0]]));
    assert_eq!(answer.withheld, names(&[ALL[3]]));
    // Another NN does not answer.
    assert_eq!(answer.unavailable, names(&[(NAMESPACE, "age_over_18")]));
    let shown = String::from_utf8_lossy(&answer.response).into_owned();
    assert!(!shown.contains("123456789018") && !shown.contains("千代田区"));

    let report = rig.verify(&answer.response);
    assert_eq!(report.verdict(), Verdict::Passed, "{:#?}", report.steps);
    assert_eq!(report.elements.len(), 2);

    // Withheld and unavailable elements have the same error, so that the reader can't tell one from the other.
    let mut response = decode(&answer.response);
    let errors = at(document(&mut response), "errors").clone();
    let element = |name: &str| Value::Map(vec![(name.into(), 0.into())]);
    let expected = Value::Map(vec![
        (NAMESPACE.into(), element("age_over_18")),
        (NAMESPACE_JP.into(), element("individual_number_unicode")),
    ]);
    assert_eq!(errors, expected);
}

#[test]
fn debug_shows_no_value_of_the_response() {
    let rig = rig();
    let answer = answer(&rig, &rig.request, |_| true);
    let number = b"123456789018";
    let in_response = answer.response.windows(number.len()).any(|part| part == number);
    assert!(in_response);
    let shown = format!("{answer:?}");
    let bytes = format!("{number:?}");
    assert!(!shown.contains("123456789018") && !shown.contains(bytes.trim_matches(['[', ']'])));
    assert!(shown.contains("individual_number_unicode"), "the names are shown");
}

#[test]
fn without_consent_the_response_has_no_document_and_no_signature() {
    let rig = rig();
    let answer = answer(&rig, &rig.request, |_| false);
    assert!(answer.released.is_empty() && answer.withheld.len() == 11);
    let mut response = decode(&answer.response);
    let fields = response.as_map().unwrap();
    assert_eq!(fields.len(), 3, "{fields:?}");
    let expected = Value::Array(vec![Value::Map(vec![(DOC_TYPE.into(), 0.into())])]);
    assert_eq!(*at(&mut response, "documentErrors"), expected);
    assert_eq!(rig.verify(&answer.response).verdict(), Verdict::Failed);
}

#[test]
fn another_document_is_answered_with_an_error_beside_the_own_one() {
    let rig = rig();
    let mut value = decode(request(&ALL[..1]).to_bytes());
    let mut other = decode(
        DeviceRequest::create("org.iso.18013.5.1.mDL", &[("x", "y")], false)
            .unwrap()
            .to_bytes(),
    );
    let other = at(&mut other, "docRequests").as_array().unwrap()[0].clone();
    at(&mut value, "docRequests").as_array_mut().unwrap().push(other);
    let both = DeviceRequest::parse(&encode(&value)).unwrap();
    let answer = answer(&rig, &both, |_| true);
    assert_eq!(answer.released, names(&ALL[..1]));
    let report = rig.verify(&answer.response);
    assert_eq!(report.step("response.errors").unwrap().verdict, Verdict::Note);
}

#[test]
fn an_element_that_is_asked_for_twice_is_released_once() {
    let rig = rig();
    let mut value = decode(request(&ALL[..1]).to_bytes());
    let requests = at(&mut value, "docRequests").as_array_mut().unwrap();
    requests.push(requests[0].clone());
    let twice = DeviceRequest::parse(&encode(&value)).unwrap();
    let answer = answer(&rig, &twice, |_| true);
    assert_eq!(answer.released.len(), 1);
}

#[test]
fn another_device_key_presents_nothing() {
    let rig = rig();
    let other = p256::SecretKey::from_slice(&[7; 32]).unwrap();
    let result = present(&issued(&rig.signer), &other, &rig.request, &transcript(), |_| true);
    assert!(matches!(result, Err(PresentError::OtherKey)));
}

#[test]
fn the_released_items_are_the_bytes_that_were_issued() {
    let rig = rig();
    let issued = issued(&rig.signer);
    let response = rig.response_of(&issued);
    let contains = |part: &[u8]| response.windows(part.len()).any(|window| window == part);
    let mut value = decode(issued.to_bytes());
    assert!(contains(&encode(at(&mut value, "issuerAuth"))));
    for (_, items) in at(&mut value, "nameSpaces").as_map().unwrap() {
        for item in items.as_array().unwrap() {
            assert!(contains(&encode(item)));
        }
    }
}

/// A request for one element with readerAuth and readerAuthAll by the key of a document signer, which is as good as any.
fn signed_request(rig: &Rig, session: &Transcript) -> Vec<u8> {
    let mut value = decode(request(&ALL[..1]).to_bytes());
    let array = decode(session.to_bytes());
    let items = at(
        &mut at(&mut value, "docRequests").as_array_mut().unwrap()[0],
        "itemsRequest",
    )
    .clone();
    let sign = |content: Vec<Value>| {
        let data = encode(&embedded(&Value::Array(content)));
        let unprotected = HeaderBuilder::new().value(33, Value::Bytes(rig.signer.certificate.clone()));
        let sign1 = CoseSign1Builder::new()
            .protected(HeaderBuilder::new().algorithm(iana::Algorithm::ES256).build())
            .unprotected(unprotected.build())
            .create_detached_signature(&data, b"", |data| signature(&rig.signer.key, data));
        decode(&sign1.build().to_vec().unwrap())
    };
    let one = sign(vec!["ReaderAuthentication".into(), array.clone(), items.clone()]);
    let info = embedded(&Value::Map(vec![]));
    let all = sign(vec![
        "ReaderAuthenticationAll".into(),
        array,
        Value::Array(vec![items]),
        info.clone(),
    ]);
    let requests = at(&mut value, "docRequests").as_array_mut().unwrap();
    requests[0].as_map_mut().unwrap().push(("readerAuth".into(), one));
    *at(&mut value, "version") = "1.1".into();
    let fields = value.as_map_mut().unwrap();
    fields.push(("deviceRequestInfo".into(), info));
    fields.push(("readerAuthAll".into(), Value::Array(vec![all])));
    fields.push(("later".into(), 1.into()));
    encode(&value)
}

#[test]
fn reader_authentication_is_valid_in_its_session_only() {
    let rig = rig();
    let bytes = signed_request(&rig, &transcript());
    let request = DeviceRequest::parse(&bytes).unwrap();
    assert_eq!((request.version(), request.to_bytes()), ("1.1", &bytes[..]));
    let expected = ReaderAuth::Valid {
        subject: "C=JP,O=vmyna TEST,CN=vmyna TEST mdoc signer".to_owned(),
        certificate: rig.signer.certificate.clone(),
    };
    let doc = &request.doc_requests()[0];
    assert_eq!(doc.reader_auth(&transcript()), expected);
    assert_eq!(request.reader_auth_all(&transcript()), [expected]);
    let other = Transcript::browser("x", "https://other.test.invalid");
    assert_eq!(doc.reader_auth(&other), ReaderAuth::Invalid);
    assert_eq!(request.reader_auth_all(&other), [ReaderAuth::Invalid]);
    let unsigned = common::request(&ALL);
    assert_eq!(
        unsigned.doc_requests()[0].reader_auth(&transcript()),
        ReaderAuth::Absent
    );
    // The request is answered all the same: whether it must be signed is the caller's decision.
    assert_eq!(answer(&rig, &request, |_| true).released.len(), 1);
}

#[test]
fn a_request_of_another_form_is_refused() {
    let wrong = |change: fn(&mut Value)| {
        let mut value = decode(request(&ALL).to_bytes());
        change(&mut value);
        DeviceRequest::parse(&encode(&value)).unwrap_err()
    };
    let version = wrong(|value| *at(value, "version") = "2.0".into());
    assert_eq!(version, ParseError::Unsupported("the version of the request"));
    let none = wrong(|value| *at(value, "docRequests") = Value::Array(vec![]));
    assert_eq!(none, ParseError::Part("docRequests"));
    let open = wrong(|value| {
        let one = &mut at(value, "docRequests").as_array_mut().unwrap()[0];
        let mut items = common::forge::inside(at(one, "itemsRequest"));
        *at(&mut items, "nameSpaces") = Value::Map(vec![(NAMESPACE.into(), Value::Map(vec![]))]);
        *at(one, "itemsRequest") = embedded(&items);
    });
    assert_eq!(open, ParseError::Part("nameSpaces of a request"));
    assert!(DeviceRequest::create(DOC_TYPE, &[], false).is_err());
    assert!(DeviceRequest::create(DOC_TYPE, &[ALL[0], ALL[0]], false).is_err());
}

/// The example of OpenID for Verifiable Presentations 1.0, appendix B.2.6.1.
#[test]
fn the_transcript_of_openid4vp_is_that_of_the_specification() {
    let thumbprint = hex::decode("4283ec927ae0f208daaa2d026a814f2b22dca52cf85ffa8f3f8626c6bd669047").unwrap();
    let made = Transcript::openid4vp(
        "x509_san_dns:example.com",
        "exc7gBkxjx1rdc9udRrveKvSsJIq80avlXeLHhGwqtA",
        Some(&thumbprint.try_into().unwrap()),
        "https://example.com/response",
    );
    let expected = "83f6f682714f70656e494434565048616e646f7665725820048bc053c00442af9b8eed494cefdd9d95240d254b046b11b68013722aad38ac";
    assert_eq!(made.to_bytes(), hex::decode(expected).unwrap());
    assert_eq!(Transcript::parse(&made.to_tagged_bytes()).unwrap(), made);
    assert_eq!(Transcript::parse(made.to_bytes()).unwrap(), made);
    let plain = Transcript::openid4vp("a", "b", None, "c");
    assert_ne!(plain, made);
}

#[test]
fn a_transcript_is_an_array_of_three_with_one_tag_at_most() {
    let array = |count: usize| Value::Array(vec![Value::Null; count]);
    for wrong in [
        array(2),
        array(4),
        Value::Null,
        embedded(&embedded(&array(3))),
        Value::Tag(25, Box::new(array(3))),
    ] {
        assert!(Transcript::parse(&encode(&wrong)).is_err(), "{wrong:?}");
    }
    assert!(Transcript::parse(&encode(&embedded(&array(3)))).is_ok());
}
