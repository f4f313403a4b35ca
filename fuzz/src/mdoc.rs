//! The mdoc: whatever a response or a request holds, no element is proved but what the issuer signed and the device presented,
//! nothing is released without being asked for and consented to, and memory is bounded by the length.
//!
//! The first byte of an input chooses what the rest changes, a response, an issued mdoc or a request, or whether it is one as
//! it stands. A change is two bytes of a place, one of how many bytes it removes and how many it puts there, and those.

use std::sync::LazyLock;

use ciborium::Value;
use der::DateTime;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use vmyna_issuance::mdoc::MdocAuthority;
use vmyna_mdoc::{
    Attributes, BirthDate, DOC_TYPE, DeviceRequest, IssuerSigned, NAMESPACE, NAMESPACE_JP, Options, Report, Sex,
    Transcript, Validity, Verdict, issue, present, verify,
};

use crate::memory::peak_of;

/// Reading and verifying take no more than this, and so many times the input.
const WORKING_MEMORY: usize = 256 * 1024;
const TIMES: usize = 200;

struct Base {
    root: Vec<u8>,
    device: p256::SecretKey,
    mdoc: IssuerSigned,
    request: DeviceRequest,
    transcript: Transcript,
    response: Vec<u8>,
}

fn moment(text: &str) -> DateTime {
    text.parse().expect("a time")
}

static BASE: LazyLock<Base> = LazyLock::new(|| {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let begin = moment("2026-11-01T00:00:00Z");
    let service = "http://mdoc.test.invalid".parse().expect("an address");
    let authority = MdocAuthority::establish(&[1; 32], begin, &service).expect("an authority");
    let signer = authority.signer(begin, 0).expect("a signer").signer;
    let device = p256::SecretKey::random(&mut random);
    let attributes = Attributes {
        full_name: Some("見本　花子".to_owned()),
        individual_number: Some("123456789018".to_owned().into()),
        portrait: Some(vec![0xFF, 0xD8]),
        sex: Some(Sex::Female),
        birth_date: BirthDate::new(1971, 9, 1),
        age_over: vec![(20, true)],
        ..Attributes::default()
    };
    let validity = Validity {
        signed: begin,
        valid_from: begin,
        valid_until: moment("2026-12-01T00:00:00Z"),
    };
    let mdoc = issue(&attributes, &validity, &device.public_key(), &signer, 1, &mut random).expect("an mdoc");
    let wanted = [
        (NAMESPACE_JP, "full_name_unicode"),
        (NAMESPACE_JP, "individual_number_unicode"),
        (NAMESPACE, "birth_date"),
        (NAMESPACE, "age_over_20"),
    ];
    let request = DeviceRequest::create(DOC_TYPE, &wanted, false).expect("a request");
    let transcript = Transcript::browser("WyJkY2FwaSIse31d", "https://reader.test.invalid");
    let answer = present(&mdoc, &device, &request, &transcript, |_| true).expect("the device's key");
    Base {
        root: authority.root(begin).expect("a root").certificate().to_vec(),
        device,
        mdoc,
        request,
        transcript,
        response: answer.response,
    }
});

/// One input.
pub fn run(input: &[u8]) {
    let Some((kind, rest)) = input.split_first() else {
        return;
    };
    let base = &*BASE;
    let genuine: &[u8] = match kind % 3 {
        0 => &base.response,
        1 => base.mdoc.to_bytes(),
        _ => base.request.to_bytes(),
    };
    let bytes = match kind & 0x80 {
        0 => changed(genuine, rest),
        _ => rest.to_vec(),
    };
    let ((), peak) = peak_of(|| match kind % 3 {
        0 => response(&bytes, &base.response),
        1 => issued(&bytes),
        _ => request(&bytes),
    });
    assert!(
        peak <= WORKING_MEMORY + TIMES * bytes.len(),
        "{peak} bytes for {}",
        bytes.len()
    );
}

fn changed(genuine: &[u8], mut changes: &[u8]) -> Vec<u8> {
    let mut bytes = genuine.to_vec();
    while let [high, low, count, rest @ ..] = changes {
        let at = usize::from(u16::from_be_bytes([*high, *low])) % (bytes.len() + 1);
        let end = (at + usize::from(count >> 4)).min(bytes.len());
        let (new, rest) = rest.split_at(usize::from(count & 15).min(rest.len()));
        bytes.splice(at..end, new.iter().copied());
        changes = rest;
    }
    bytes
}

fn report(bytes: &[u8]) -> Report {
    let base = &*BASE;
    let options = Options {
        request: Some(&base.request),
        ..Options::default()
    };
    verify(
        bytes,
        &base.transcript,
        &[&base.root],
        moment("2026-11-15T00:00:00Z"),
        &options,
    )
}

/// Every step holds but that of revocation, for which there is no list.
fn is_right(report: &Report) -> bool {
    let mut others = report.steps.iter().filter(|step| step.id != "signer.revocation");
    others.all(|step| step.verdict <= Verdict::Note)
}

/// A response that is right states what the issuer has signed, and its signed parts are the genuine ones.
fn response(bytes: &[u8], genuine: &[u8]) {
    let report = report(bytes);
    assert!(!report.steps.is_empty(), "every response has a report");
    for step in &report.steps {
        assert!(!step.reason.en.is_empty() && !step.reason.ja.is_empty(), "{}", step.id);
    }
    assert_eq!(report, self::report(bytes), "the same response has the same report");
    // What has the right digest was issued, whatever the rest is, if the issuer's signature is right.
    let signed = |id| report.step(id).is_some_and(|step| step.verdict == Verdict::Passed);
    if signed("issuer.signature") && signed("signer.chain") && signed("response.documents") {
        for element in &report.elements {
            let mut items = BASE.mdoc.items().iter();
            let is_issued = items.any(|item| {
                (item.namespace(), item.identifier(), item.value())
                    == (element.namespace.as_str(), element.identifier.as_str(), &element.value)
            });
            assert!(is_issued, "{element:?}");
        }
    }
    if is_right(&report) {
        let (one, two) = (device_signature(bytes), device_signature(genuine));
        assert_eq!(one, two, "the device has signed once");
    }
    if bytes == genuine {
        assert!(is_right(&report) && report.elements.len() == 4, "{:?}", report.steps);
    }
}

/// The device's signature in a response, read by ciborium alone.
fn device_signature(bytes: &[u8]) -> Option<Vec<u8>> {
    let value: Value = ciborium::from_reader(bytes).ok()?;
    let get = |value: &Value, key: &str| {
        let mut fields = value.as_map()?.iter();
        fields
            .find(|(known, _)| known.as_text() == Some(key))
            .map(|(_, value)| value.clone())
    };
    let document = get(&value, "documents")?.as_array()?.first()?.clone();
    let auth = get(&get(&document, "deviceSigned")?, "deviceAuth")?;
    get(&auth, "deviceSignature")?.as_array()?.last()?.as_bytes().cloned()
}

/// What is read as an mdoc is the same when it is read again, and shows no value in `Debug`.
fn issued(bytes: &[u8]) {
    if let Ok(mdoc) = IssuerSigned::parse(bytes) {
        assert_eq!(mdoc.to_bytes(), bytes);
        let again = IssuerSigned::parse(mdoc.to_bytes()).expect("it was read before");
        assert_eq!(again.items(), mdoc.items());
        let shown = format!("{mdoc:?}");
        for value in mdoc.items().iter().filter_map(|item| item.value().as_text()) {
            // A short value can be part of a name.
            assert!(
                value.len() < 12 || !shown.contains(value) || names(&mdoc, value),
                "{shown}"
            );
        }
    }
}

/// Whether the text stands in a name of the mdoc, which `Debug` shows.
fn names(mdoc: &IssuerSigned, text: &str) -> bool {
    let object = mdoc.security_object();
    let mut all = mdoc
        .items()
        .iter()
        .flat_map(|item| [item.namespace(), item.identifier()]);
    all.any(|name| name.contains(text))
        || object.doc_type.contains(text)
        || object.version.contains(text)
        || object.digest_algorithm.contains(text)
        || object.value_digests.keys().any(|name| name.contains(text))
}

/// A request is answered with what it names and the cardholder consents to, and the answer is right.
fn request(bytes: &[u8]) {
    let base = &*BASE;
    let Ok(request) = DeviceRequest::parse(bytes) else {
        return;
    };
    assert_eq!(request.to_bytes(), bytes);
    let _ = request.reader_auth_all(&base.transcript);
    for one in request.doc_requests() {
        let _ = one.reader_auth(&base.transcript);
    }
    let consent = |name: &str| !name.contains("individual");
    let answer = present(&base.mdoc, &base.device, &request, &base.transcript, |wanted| {
        consent(&wanted.identifier)
    });
    let answer = answer.expect("the device's key");
    for (namespace, identifier) in &answer.released {
        let named = request.doc_requests().iter().filter(|one| one.doc_type() == DOC_TYPE);
        let mut wanted = named.flat_map(|one| one.wanted());
        assert!(wanted.any(|one| one.namespace == *namespace && one.identifier == *identifier) && consent(identifier));
    }
    let shown = String::from_utf8_lossy(&answer.response);
    assert!(!shown.contains("123456789018"), "a value without consent");
    let options = Options {
        request: Some(&request),
        ..Options::default()
    };
    let at = moment("2026-11-15T00:00:00Z");
    let report = verify(&answer.response, &base.transcript, &[&base.root], at, &options);
    assert_eq!(is_right(&report), !answer.released.is_empty(), "{:?}", report.steps);
    assert_eq!(report.elements.len(), answer.released.len());
}
