//! OCSP requests: any bytes get an answer of the protocol. A signed one speaks of each certificate that was asked for, in the
//! order of the request, with the status of the register and the nonce of the request; anything else is refused with a
//! reason, and memory is bounded by the request.
//!
//! The key that signs is another one in each process. Nothing here looks at the signature.

use std::sync::{LazyLock, Mutex, PoisonError};

use der::{DateTime, Decode, Encode};
use vmyna_authority::ocsp::{Answered, LONGEST_REQUEST, MOST_CERTIFICATES, Responder, Times, answer};
use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::register::{CardId, Certificate, Hierarchy, Reason, Register, Revocation};
use vmyna_issuance::specimen;
use x509_ocsp::{BasicOcspResponse, CertStatus, OcspRequest, OcspResponse, OcspResponseStatus};

use crate::memory::peak_of;

/// The serial numbers up to this one are issued, or not, by [`expected`]'s rule.
const LAST: u32 = 64;

/// What became of the certificate with a serial number, of whatever key: odd ones are good, those that 4 divides are revoked,
/// and the others were never issued.
fn expected(serial: u32) -> Option<Option<Revocation>> {
    match serial {
        _ if serial == 0 || serial > LAST => None,
        _ if serial % 2 == 1 => Some(None),
        _ if serial.is_multiple_of(4) => Some(Some(Revocation {
            at: moment(),
            reason: Reason::KeyCompromise,
        })),
        _ => None,
    }
}

fn moment() -> DateTime {
    DateTime::new(2026, 11, 20, 3, 4, 5).expect("a time")
}

/// The responders of the built-in authorities for signatures, of which the seeds ask, and their register.
static AUTHORITY: LazyLock<Mutex<(Vec<Responder>, SqliteRegister)>> = LazyLock::new(|| {
    let all = specimen::certifying().expect("the built-in authorities");
    let sign = all
        .iter()
        .filter(|authority| authority.hierarchy() == Hierarchy::Signature);
    let responders: Vec<Responder> = sign
        .map(|authority| Responder::new(authority, moment()).expect("a responder"))
        .collect();
    let mut register = SqliteRegister::in_memory().expect("a register");
    for issuer in responders.iter().map(Responder::issuer) {
        for (serial, status) in (0..=LAST).filter_map(|serial| Some((serial, expected(serial)?))) {
            let certificate = Certificate {
                issuer,
                hierarchy: Hierarchy::Signature,
                serial,
                digest: [0; 32],
                municipality: "13101".to_owned(),
                distribution_point: Vec::new(),
                validity: (moment(), moment()),
                card: (CardId([0; 32]), "card".to_owned()),
                replaces: None,
            };
            register.record(&[certificate]).expect("it is entered");
            if let Some(revocation) = status {
                register.revoke(issuer, serial, revocation).expect("it is revoked");
            }
        }
    }
    Mutex::new((responders, register))
});

/// One input: the request.
pub fn run(input: &[u8]) {
    // A longer one is refused before it is read.
    if input.len() > LONGEST_REQUEST {
        return;
    }
    let times = Times {
        this_update: moment(),
        next_update: moment(),
        produced_at: moment(),
    };
    let authority = AUTHORITY.lock().unwrap_or_else(PoisonError::into_inner);
    let (responders, register) = &*authority;
    let by = register.now().expect("a register");
    let (answered, peak) = peak_of(|| answer(responders, register, by, times, input).expect("an answer"));
    assert!(
        peak <= 256 * 1024 + 64 * input.len(),
        "{peak} bytes for {}",
        input.len()
    );
    let response = OcspResponse::from_der(&answered.der).expect("an answer of the protocol");
    match response.response_status {
        OcspResponseStatus::Successful => {}
        OcspResponseStatus::MalformedRequest | OcspResponseStatus::Unauthorized => {
            assert!(response.response_bytes.is_none() && !answered.repeatable && answered.certificates.is_empty());
            return;
        }
        other => panic!("refused with {other:?}"),
    }
    let request = OcspRequest::from_der(input).expect("only a request is answered");
    let asked = &request.tbs_request.request_list;
    assert!((1..=MOST_CERTIFICATES).contains(&asked.len()));
    let body = response.response_bytes.expect("a signed answer").response;
    let body = BasicOcspResponse::from_der(body.as_bytes()).expect("a basic answer");
    let singles = &body.tbs_response_data.responses;
    assert_eq!((singles.len(), answered.certificates.len()), (asked.len(), asked.len()));
    for ((one, single), (serial, what)) in asked.iter().zip(singles).zip(&answered.certificates) {
        assert!(single.cert_id == one.req_cert, "another certificate is answered for");
        // Without a serial number in the log, the issuer is none that is served here.
        let status = serial.and_then(expected);
        let same = match (&single.cert_status, status) {
            (CertStatus::Unknown(_), None) => *what == Answered::Unknown,
            (CertStatus::Good(_), Some(None)) => *what == Answered::Good,
            (CertStatus::Revoked(_), Some(Some(revocation))) => *what == Answered::Revoked(revocation),
            _ => false,
        };
        assert!(same, "{:?} for {status:?}", single.cert_status);
        if let Some(serial) = serial {
            let bytes = one.req_cert.serial_number.as_bytes();
            let value = bytes.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
            assert_eq!(u64::from(*serial), value);
        }
    }
    let nonce = |found: Option<x509_ocsp::ext::Nonce>| found.map(|nonce| nonce.0.as_bytes().to_vec());
    assert_eq!(
        nonce(request.nonce()),
        nonce(body.nonce()),
        "the nonce is that of the request"
    );
    assert_eq!(answered.repeatable, request.nonce().is_none());
    assert!(body.to_der().is_ok());
}
