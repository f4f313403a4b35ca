//! Signed data.

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedAttributes, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use der::asn1::{Null, ObjectIdentifier, OctetString, SetOfVec, UtcTime};
use der::{Any, Decode, Encode, Tag};
use sha2::{Digest, Sha256};
use spki::AlgorithmIdentifierOwned;
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::ext::pkix::name::GeneralName;

use super::rig::*;
use super::signatures::{MESSAGE, block, digest_info, raw};
use crate::verifier::block::Hash;
use crate::verifier::compare::Claims;
use crate::verifier::report::{Report, Verdict};
use crate::verifier::signed_data::signed_data;

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const TIMESTAMP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
const SIGNING_CERTIFICATE: &str = "1.2.840.113549.1.9.16.2.47";

fn attribute(id: &str, values: Vec<Any>) -> Attribute {
    Attribute {
        oid: oid(id),
        values: SetOfVec::try_from(values).unwrap(),
    }
}

fn any(value: &impl Encode) -> Any {
    Any::from_der(&value.to_der().unwrap()).unwrap()
}

fn octets(bytes: &[u8]) -> Any {
    any(&OctetString::new(bytes).unwrap())
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    Any::new(Tag::Sequence, parts.concat()).unwrap().to_der().unwrap()
}

/// The value of a signing-certificate-v2 attribute.
fn names(certificate: &[u8], serial: Option<&[u8]>) -> Any {
    let digest = OctetString::new(Sha256::digest(certificate).to_vec())
        .unwrap()
        .to_der()
        .unwrap();
    let issuer = Certificate::from_der(certificate).unwrap().tbs_certificate.issuer;
    let names = vec![GeneralName::DirectoryName(issuer)].to_der().unwrap();
    let issuer = serial.map(|serial| sequence(&[&names, serial])).unwrap_or_default();
    Any::from_der(&sequence(&[&sequence(&[&sequence(&[&digest, &issuer])])])).unwrap()
}

/// What a test signs.
struct Recipe {
    kind: ObjectIdentifier,
    content: Vec<u8>,
    detached: bool,
    certificates: Vec<Vec<u8>>,
    attributes: Option<Vec<Attribute>>,
    digest: &'static str,
    signature: &'static str,
}

const SHA_256: &str = "2.16.840.1.101.3.4.2.1";
const RSA: &str = "1.2.840.113549.1.1.1";

impl Recipe {
    fn new() -> Self {
        let certificate = leaf(SIGN, |_| {});
        Self {
            kind: DATA,
            content: MESSAGE.to_vec(),
            detached: false,
            attributes: Some(vec![
                attribute(CONTENT_TYPE, vec![any(&DATA)]),
                attribute(MESSAGE_DIGEST, vec![octets(&Sha256::digest(MESSAGE))]),
            ]),
            certificates: vec![certificate],
            digest: SHA_256,
            signature: RSA,
        }
    }

    fn with(mut self, more: Attribute) -> Self {
        self.attributes.as_mut().unwrap().push(more);
        self
    }

    fn signer(&self) -> SignerInfo {
        let certificate = Certificate::from_der(&self.certificates[0]).unwrap().tbs_certificate;
        let attributes = self
            .attributes
            .clone()
            .map(|attributes| SignedAttributes::try_from(attributes).unwrap());
        let covered = match &attributes {
            Some(attributes) => attributes.to_der().unwrap(),
            None => self.content.clone(),
        };
        let algorithm = |id: &str, parameters| AlgorithmIdentifierOwned {
            oid: oid(id),
            parameters,
        };
        SignerInfo {
            version: CmsVersion::V1,
            sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                issuer: certificate.issuer,
                serial_number: certificate.serial_number,
            }),
            digest_alg: algorithm(self.digest, None),
            signed_attrs: attributes,
            signature_algorithm: algorithm(self.signature, Some(Null.into())),
            signature: OctetString::new(raw(&block(&digest_info(Hash::Sha256, &covered)))).unwrap(),
            unsigned_attrs: None,
        }
    }

    fn finish(&self, signers: Vec<SignerInfo>) -> Vec<u8> {
        let certificates = self
            .certificates
            .iter()
            .map(|der| CertificateChoices::Certificate(Certificate::from_der(der).unwrap()));
        let certificates: Vec<CertificateChoices> = certificates.collect();
        let data = SignedData {
            version: CmsVersion::V1,
            digest_algorithms: SetOfVec::try_from(vec![AlgorithmIdentifierOwned {
                oid: oid(self.digest),
                parameters: None,
            }])
            .unwrap(),
            encap_content_info: EncapsulatedContentInfo {
                econtent_type: self.kind,
                econtent: (!self.detached).then(|| octets(&self.content)),
            },
            certificates: Some(CertificateSet(SetOfVec::try_from(certificates).unwrap())),
            crls: None,
            signer_infos: SignerInfos(SetOfVec::try_from(signers).unwrap()),
        };
        let info = ContentInfo {
            content_type: oid("1.2.840.113549.1.7.2"),
            content: any(&data),
        };
        info.to_der().unwrap()
    }

    fn signed(&self) -> Vec<u8> {
        self.finish(vec![self.signer()])
    }
}

fn judged(der: &[u8], beside: Option<&[u8]>) -> Vec<Report> {
    signed_data(der, beside, &[], "file", &settings(), &mut Claims::default())
}

#[track_caller]
fn one(der: &[u8]) -> Report {
    let mut reports = judged(der, None);
    assert_eq!(reports.len(), 1);
    reports.remove(0)
}

#[test]
fn signed_data_with_content_and_without_are_valid() {
    assert_valid(&one(&Recipe::new().signed()));
    let detached = Recipe {
        detached: true,
        ..Recipe::new()
    };
    let der = detached.signed();
    assert_valid(&judged(&der, Some(MESSAGE))[0]);
    assert_only(&one(&der), &["cms.content", "cms.message-digest"], Verdict::NotVerified);
    // S01.
    assert_only(
        &judged(&der, Some(b"other"))[0],
        &["cms.message-digest"],
        Verdict::Invalid,
    );
    // The content inside and another one beside it.
    let report = &judged(&Recipe::new().signed(), Some(b"other"))[0];
    let invalid: Vec<_> = report
        .steps
        .iter()
        .filter(|step| step.verdict == Verdict::Invalid)
        .collect();
    assert!(invalid.len() == 1 && invalid[0].id == "cms.content");
    assert_valid(&judged(&Recipe::new().signed(), Some(MESSAGE))[0]);
    // The certificate outside.
    let mut recipe = Recipe::new();
    let signer = recipe.signer();
    let certificate = recipe.certificates.remove(0);
    recipe.certificates.push(leaf(AUTH, |_| {}));
    let der = recipe.finish(vec![signer]);
    assert_only(&one(&der), &["cms.certificate"], Verdict::NotVerified);
    assert_valid(&signed_data(&der, None, &[certificate], "file", &settings(), &mut Claims::default())[0]);
}

#[test]
fn the_digest_and_the_attributes_are_bound_to_the_content_and_the_signature() {
    // S01: the content changed.
    let mut recipe = Recipe::new();
    recipe.content = b"other".to_vec();
    assert_only(&one(&recipe.signed()), &["cms.message-digest"], Verdict::Invalid);
    // S02: the digest changed too, the signature old; and signed again.
    let digest = |recipe: &mut Recipe| {
        recipe.attributes.as_mut().unwrap()[1] = attribute(MESSAGE_DIGEST, vec![octets(&Sha256::digest(b"other"))]);
    };
    let old = Recipe::new().signer().signature;
    digest(&mut recipe);
    let mut signer = recipe.signer();
    assert_valid(&one(&recipe.finish(vec![signer.clone()])));
    signer.signature = old;
    assert_only(&one(&recipe.finish(vec![signer])), &["cms.signature"], Verdict::Invalid);
    // S03: another content type than the attribute states; and stated.
    let mut recipe = Recipe {
        kind: TIMESTAMP,
        ..Recipe::new()
    };
    assert_only(&one(&recipe.signed()), &["cms.content-type"], Verdict::Invalid);
    recipe.attributes.as_mut().unwrap()[0] = attribute(CONTENT_TYPE, vec![any(&TIMESTAMP)]);
    assert_valid(&one(&recipe.signed()));
    // Attributes that are missing, twice, or with two values.
    let without = |index: usize| {
        let mut recipe = Recipe::new();
        recipe.attributes.as_mut().unwrap().remove(index);
        one(&recipe.signed())
    };
    assert_only(&without(0), &["cms.content-type"], Verdict::Invalid);
    assert_only(&without(1), &["cms.message-digest"], Verdict::Invalid);
    let twice = Recipe::new().with(attribute(MESSAGE_DIGEST, vec![octets(b"x")]));
    assert_only(
        &one(&twice.signed()),
        &["cms.message-digest", "cms.attributes"],
        Verdict::Invalid,
    );
    let mut two = Recipe::new();
    two.attributes.as_mut().unwrap()[1] =
        attribute(MESSAGE_DIGEST, vec![octets(&Sha256::digest(MESSAGE)), octets(b"x")]);
    assert_only(&one(&two.signed()), &["cms.message-digest"], Verdict::Invalid);
}

#[test]
fn attributes_turned_into_a_content_are_no_signed_document() {
    // S04: the attributes left out, their SET as the content, the same signature.
    let recipe = Recipe::new();
    let mut signer = recipe.signer();
    let attributes = signer.signed_attrs.take().unwrap().to_der().unwrap();
    let forged = Recipe {
        content: attributes,
        ..Recipe::new()
    };
    assert_only(
        &one(&forged.finish(vec![signer])),
        &["cms.attributes"],
        Verdict::Invalid,
    );
    // A signature over the content itself is allowed, for data only.
    let plain = Recipe {
        attributes: None,
        ..Recipe::new()
    };
    assert_valid(&one(&plain.signed()));
    let other = Recipe {
        kind: TIMESTAMP,
        ..plain
    };
    assert_only(&one(&other.signed()), &["cms.attributes"], Verdict::Invalid);
}

#[test]
fn every_signer_is_verified_and_one_is_needed() {
    // S05.
    let recipe = Recipe::new();
    assert_only(&one(&recipe.finish(Vec::new())), &["cms.signers"], Verdict::Invalid);
    let second = Recipe::new().with(attribute(
        "1.2.840.113549.1.9.5",
        vec![any(&UtcTime::from_date_time(now()).unwrap())],
    ));
    let both = judged(&recipe.finish(vec![recipe.signer(), second.signer()]), None);
    assert_eq!(both.len(), 2);
    both.iter().for_each(assert_valid);
    let mut bad = second.signer();
    bad.signature = recipe.signer().signature;
    for signers in [vec![recipe.signer(), bad.clone()], vec![bad, recipe.signer()]] {
        let both = judged(&recipe.finish(signers), None);
        let mut verdicts: Vec<Verdict> = both.iter().map(Report::verdict).collect();
        verdicts.sort();
        assert_eq!(verdicts, [Verdict::Ok, Verdict::Invalid]);
    }
}

#[test]
fn the_signer_is_bound_to_one_certificate() {
    // S06: two certificates with the same issuer and serial number.
    let forged = signed(
        fields(SIGN, |fields| fields.subject = original(AUTH).subject),
        &issuer_key(FORGER),
    );
    let mut recipe = Recipe::new();
    let good = recipe.certificates[0].clone();
    recipe.certificates.push(forged);
    assert_only(&one(&recipe.signed()), &["cms.certificate"], Verdict::Invalid);
    // Further certificates, the same one twice among them, decide nothing.
    let recipe = Recipe {
        certificates: vec![good.clone(), leaf(AUTH, |fields| fields.serial_number = 5_u32.into())],
        ..Recipe::new()
    };
    assert_valid(
        &signed_data(
            &recipe.signed(),
            None,
            std::slice::from_ref(&good),
            "file",
            &settings(),
            &mut Claims::default(),
        )[0],
    );
    // S07: the attribute names the certificate, with and without its issuer; another one; another serial number.
    let serial = Certificate::from_der(&good)
        .unwrap()
        .tbs_certificate
        .serial_number
        .to_der()
        .unwrap();
    for value in [names(&good, None), names(&good, Some(&serial))] {
        let report = one(&Recipe::new().with(attribute(SIGNING_CERTIFICATE, vec![value])).signed());
        assert_valid(&report);
    }
    for value in [
        names(&leaf(AUTH, |_| {}), None),
        names(&good, Some(&[2, 1, 5])),
        octets(b"x"),
    ] {
        let report = one(&Recipe::new().with(attribute(SIGNING_CERTIFICATE, vec![value])).signed());
        assert_only(&report, &["cms.signing-certificate"], Verdict::Invalid);
    }
}

#[test]
fn both_algorithms_agree_and_are_accepted() {
    // S08, S25.
    const SHA_512: &str = "2.16.840.1.101.3.4.2.3";
    for (digest, signature) in [
        (SHA_512, "1.2.840.113549.1.1.11"),
        ("1.3.14.3.2.26", RSA),
        (SHA_256, "1.2.840.113549.1.1.5"),
        (SHA_256, "1.2.840.113549.1.1.10"),
    ] {
        let recipe = Recipe {
            digest,
            signature,
            ..Recipe::new()
        };
        let report = one(&recipe.signed());
        let invalid = report
            .steps
            .iter()
            .find(|step| step.verdict == Verdict::Invalid)
            .unwrap();
        assert_eq!(
            (invalid.id, report.verdict()),
            ("cms.algorithms", Verdict::Invalid),
            "{digest} {signature}"
        );
    }
    let twin = Recipe {
        signature: "1.2.840.113549.1.1.11",
        ..Recipe::new()
    };
    assert_valid(&one(&twin.signed()));
    // S09: the block.
    let recipe = Recipe::new();
    let mut signer = recipe.signer();
    let attributes = signer.signed_attrs.clone().unwrap().to_der().unwrap();
    let mut wrong = block(&digest_info(Hash::Sha256, &attributes));
    wrong[5] = 0xFE;
    signer.signature = OctetString::new(raw(&wrong)).unwrap();
    assert_only(&one(&recipe.finish(vec![signer])), &["cms.signature"], Verdict::Invalid);
}

#[test]
fn a_document_is_signed_with_the_certificate_for_signatures() {
    // S10.
    let recipe = Recipe {
        certificates: vec![leaf(AUTH, |_| {})],
        ..Recipe::new()
    };
    assert_eq!(one(&recipe.signed()).verdict(), Verdict::Invalid);
    let mut settings = settings();
    settings.purpose = Some(AUTH);
    assert_valid(&signed_data(&recipe.signed(), None, &[], "file", &settings, &mut Claims::default())[0]);
    // S13: the certificate has ended, and the signer states an earlier time.
    let ended = leaf(SIGN, |fields| {
        fields.validity.not_after = x509_cert::time::Time::GeneralTime(time("2026-11-29T23:00:00Z").into())
    });
    let recipe = Recipe {
        certificates: vec![ended],
        ..Recipe::new()
    };
    let stated = any(&UtcTime::from_date_time(time("2026-11-29T22:00:00Z")).unwrap());
    let report = one(&recipe.with(attribute("1.2.840.113549.1.9.5", vec![stated])).signed());
    assert_eq!(report.verdict(), Verdict::Invalid);
    assert!(
        report
            .steps
            .iter()
            .any(|step| step.id == "certificate.validity" && step.verdict == Verdict::Invalid)
    );
    assert!(
        report
            .steps
            .iter()
            .any(|step| step.id == "cms.signing-time" && step.verdict == Verdict::Note)
    );
}

#[test]
fn only_zeros_may_follow_signed_data() {
    // S21, P07.
    let der = Recipe::new().signed();
    assert_valid(&one(&[&der[..], &[0; 9]].concat()));
    assert_only(&one(&[&der[..], &[0, 1]].concat()), &["cms.form"], Verdict::Invalid);
    for length in (0..der.len()).step_by(3) {
        assert_only(&one(&der[..length]), &["cms.form"], Verdict::Invalid);
    }
}
