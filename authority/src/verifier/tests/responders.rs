//! Answers of OCSP responders.

use der::asn1::{BitString, Null, OctetString};
use der::{DateTime, Decode, Encode};
use rsa::signature::Keypair as _;
use sha1::{Digest, Sha1};
use spki::DynSignatureAlgorithmIdentifier;
use vmyna_apdu::Text;
use vmyna_issuance::x509::Authority;
use x509_cert::Certificate;
use x509_cert::certificate::TbsCertificate;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::ExtendedKeyUsage;
use x509_cert::serial_number::SerialNumber;
use x509_ocsp::{
    AsResponseBytes, BasicOcspResponse, CertStatus, OcspRequest, OcspResponse, ResponderId, ResponseData,
    SingleResponse, Version,
};

use super::rig::*;
use crate::ocsp::{Responder, Times, answer};
use crate::register::sqlite::SqliteRegister;
use crate::register::{CardId, IssuerId, Reason, Register, Revocation};
use crate::verifier::report::{Report, Verdict};
use crate::verifier::revocation::{Ask, Sources};

const EARLIER: &str = "2026-11-29T23:00:00Z";
const LATER: &str = "2026-11-30T01:00:00Z";

fn ask_with(der: &[u8], ask: Ask<'_>) -> Report {
    let mut settings = settings();
    settings.revocation = Sources {
        ask: Some(ask),
        ..Sources::default()
    };
    verified(der, &settings)
}

#[test]
fn a_responder_is_believed_if_the_issuing_key_has_certified_it() {
    let der = leaf(AUTH, |_| {});
    let mut register = SqliteRegister::in_memory().unwrap();
    let times = Times {
        this_update: time(EARLIER),
        next_update: time(LATER),
        produced_at: now(),
    };
    let ask = |register: &SqliteRegister, responder: Responder| {
        let by = register.now().unwrap();
        ask_with(&der, &|url: &str, request: &[u8]| {
            assert_eq!(url, "http://localhost:47910/ocsp/auth-ca");
            Ok(answer(std::slice::from_ref(&responder), register, by, times, request)
                .unwrap()
                .der)
        })
    };
    let own = || Responder::new(authority(AUTH), now()).unwrap();
    // A35: not known.
    assert_only(&ask(&register, own()), &["revocation.ocsp"], Verdict::NotVerified);
    let certificate =
        crate::register::Certificate::new(&der, AUTH, "13101", (CardId([1; 32]), "card".to_owned())).unwrap();
    register.record(std::slice::from_ref(&certificate)).unwrap();
    assert_valid(&ask(&register, own()));
    // A34: certified by another key.
    let impostor = Responder::impostor(authority(AUTH), now()).unwrap();
    assert_only(&ask(&register, impostor), &["revocation.ocsp"], Verdict::NotVerified);
    // A27, A28.
    let revocation = Revocation {
        at: time(EARLIER),
        reason: Reason::CertificateHold,
    };
    register
        .revoke(certificate.issuer, certificate.serial, revocation)
        .unwrap();
    assert_only(&ask(&register, own()), &["revocation.ocsp"], Verdict::Invalid);
}

/// A responder of a test.
struct Signer {
    certificate: Certificate,
}

impl Signer {
    /// One with the key [`FORGER`], certified by an authority, with a change.
    fn certified(authority: &Authority, change: impl FnOnce(&mut TbsCertificate)) -> Self {
        let public = key(FORGER).to_public_key();
        let validity = (time("2026-01-01T00:00:00Z"), time("2027-01-01T00:00:00Z"));
        let good = authority.issue_responder(77, validity, &public).unwrap();
        let mut fields = good.tbs_certificate;
        change(&mut fields);
        Self {
            certificate: Certificate::from_der(&signed(fields, authority.key())).unwrap(),
        }
    }

    fn answer(&self, request: &[u8], change: impl FnOnce(&mut ResponseData)) -> Vec<u8> {
        let request = OcspRequest::from_der(request).unwrap();
        let id = request.tbs_request.request_list[0].req_cert.clone();
        let stated = |time: DateTime| x509_ocsp::OcspGeneralizedTime::from(time);
        let single = SingleResponse::new(id, CertStatus::good(), stated(time(EARLIER)));
        let nonce = Extension {
            extn_id: oid("1.3.6.1.5.5.7.48.1.2"),
            critical: false,
            extn_value: OctetString::new(request.nonce().unwrap().0.to_der().unwrap()).unwrap(),
        };
        let bits = self
            .certificate
            .tbs_certificate
            .subject_public_key_info
            .subject_public_key
            .raw_bytes();
        let mut data = ResponseData {
            version: Version::V1,
            responder_id: ResponderId::ByKey(OctetString::new(IssuerId::of_key(bits).0).unwrap()),
            produced_at: stated(now()),
            responses: vec![single.with_next_update(stated(time(LATER)))],
            response_extensions: Some(vec![nonce]),
        };
        change(&mut data);
        let key = issuer_key(FORGER);
        let basic = BasicOcspResponse {
            signature: BitString::from_bytes(&key.sign_message(&data.to_der().unwrap()).unwrap()).unwrap(),
            signature_algorithm: key.verifying_key().signature_algorithm_identifier().unwrap(),
            tbs_response_data: data,
            certs: Some(vec![self.certificate.clone()]),
        };
        let bytes = basic.to_response_bytes().unwrap();
        let response = OcspResponse {
            response_status: x509_ocsp::OcspResponseStatus::Successful,
            response_bytes: Some(bytes),
        };
        response.to_der().unwrap()
    }
}

fn judged(signer: &Signer, change: &dyn Fn(&mut ResponseData)) -> Report {
    ask_with(&leaf(AUTH, |_| {}), &|_, request| Ok(signer.answer(request, change)))
}

#[test]
fn an_answer_is_about_this_certificate_now_and_for_this_request() {
    let signer = Signer::certified(authority(AUTH), |_| {});
    let stated = |text: &str| x509_ocsp::OcspGeneralizedTime::from(time(text));
    let accepted: [&dyn Fn(&mut ResponseData); 4] = [
        &|_| {},
        &|data| data.responses[0].this_update = stated("2026-11-30T00:00:00Z"),
        &|data| data.responses[0].next_update = Some(stated("2026-11-30T00:00:00Z")),
        // Another certificate's answer beside the right one.
        &|data| {
            let mut other = data.responses[0].clone();
            other.cert_id.serial_number = SerialNumber::from(5_u32);
            data.responses.insert(0, other);
        },
    ];
    for change in accepted {
        assert_valid(&judged(&signer, change));
    }
    let critical = || Extension {
        extn_id: oid("1.2.3.4"),
        critical: true,
        extn_value: OctetString::new(Null.to_der().unwrap()).unwrap(),
    };
    let refused: [&dyn Fn(&mut ResponseData); 14] = [
        // A33: each field of the identifier.
        &|data| data.responses[0].cert_id.serial_number = SerialNumber::from(5_u32),
        &|data| data.responses[0].cert_id.issuer_name_hash = OctetString::new([0; 20]).unwrap(),
        &|data| data.responses[0].cert_id.issuer_key_hash = OctetString::new([0; 20]).unwrap(),
        &|data| data.responses[0].cert_id.hash_algorithm.oid = oid("2.16.840.1.101.3.4.2.1"),
        &|data| data.responses.clear(),
        // A35: unknown, stale, early, of another request.
        &|data| data.responses[0].cert_status = CertStatus::unknown(),
        &|data| data.responses[0].next_update = Some(stated("2026-11-29T23:59:59Z")),
        &|data| data.responses[0].next_update = None,
        &|data| data.responses[0].this_update = stated(LATER),
        &|data| data.response_extensions = None,
        &|data| data.response_extensions.as_mut().unwrap()[0].extn_value = OctetString::new([4, 1, 0]).unwrap(),
        // A36: good and revoked in one answer.
        &|data| {
            let mut other = data.responses[0].clone();
            other.cert_status = CertStatus::unknown();
            data.responses.push(other);
        },
        &|data| data.response_extensions.as_mut().unwrap().push(critical()),
        &|data| data.responses[0].single_extensions = Some(vec![critical()]),
    ];
    for change in refused {
        assert_only(&judged(&signer, change), &["revocation.ocsp"], Verdict::NotVerified);
    }
}

#[test]
fn a_responder_has_the_right_to_answer() {
    // A34: another cardholder's certificate, and each right taken away alone.
    let leaf_purpose = ExtendedKeyUsage(vec![oid("1.3.6.1.5.5.7.3.2")]);
    let cases: [&dyn Fn(&mut TbsCertificate); 4] = [
        &|fields| replace(fields, "2.5.29.37", &leaf_purpose),
        &|fields| {
            fields
                .extensions
                .as_mut()
                .unwrap()
                .retain(|one| one.extn_id != oid("2.5.29.37"))
        },
        &|fields| {
            fields
                .extensions
                .as_mut()
                .unwrap()
                .retain(|one| one.extn_id != oid("1.3.6.1.5.5.7.48.1.5"))
        },
        &|fields| fields.validity.not_after = x509_cert::time::Time::GeneralTime(time(EARLIER).into()),
    ];
    for change in cases {
        let signer = Signer::certified(authority(AUTH), change);
        assert_only(&judged(&signer, &|_| {}), &["revocation.ocsp"], Verdict::NotVerified);
    }
    // Certified by the other authority.
    let signer = Signer::certified(authority(SIGN), |_| {});
    assert_only(&judged(&signer, &|_| {}), &["revocation.ocsp"], Verdict::NotVerified);
    // Named by its name instead of its key.
    let signer = Signer::certified(authority(AUTH), |_| {});
    let subject = signer.certificate.tbs_certificate.subject.clone();
    assert_valid(&judged(&signer, &|data| {
        data.responder_id = ResponderId::ByName(subject.clone())
    }));
    let other = Sha1::digest(b"another key").to_vec();
    let report = judged(&signer, &|data| {
        data.responder_id = ResponderId::ByKey(OctetString::new(other.clone()).unwrap())
    });
    assert_only(&report, &["revocation.ocsp"], Verdict::NotVerified);
}

#[test]
fn no_answer_and_a_damaged_one_verify_nothing() {
    // A37.
    let der = leaf(AUTH, |_| {});
    let signer = Signer::certified(authority(AUTH), |_| {});
    let silent = ask_with(&der, &|_, _| Err(Text::same("refused")));
    assert_only(&silent, &["revocation.ocsp"], Verdict::NotVerified);
    let later = ask_with(&der, &|_, _| Ok(crate::ocsp::try_later().unwrap().der));
    assert_only(&later, &["revocation.ocsp"], Verdict::NotVerified);
    let length = ask_length(&der, &signer);
    for at in (0..length).step_by(7) {
        let cut = ask_with(&der, &|_, request| {
            let mut answer = signer.answer(request, |_| {});
            answer.truncate(at);
            Ok(answer)
        });
        assert_only(&cut, &["revocation.ocsp"], Verdict::NotVerified);
        let changed = ask_with(&der, &|_, request| {
            let mut answer = signer.answer(request, |_| {});
            answer[at] ^= 1;
            Ok(answer)
        });
        assert_eq!(changed.verdict(), Verdict::NotVerified, "byte {at}");
    }
}

fn ask_length(der: &[u8], signer: &Signer) -> usize {
    let length = std::cell::Cell::new(0);
    ask_with(der, &|_, request| {
        let answer = signer.answer(request, |_| {});
        length.set(answer.len());
        Ok(answer)
    });
    length.get()
}
