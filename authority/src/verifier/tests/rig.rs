//! Authorities, keys and settings of the tests.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use der::asn1::{BitString, ObjectIdentifier, OctetString};
use der::{DateTime, Decode, Encode};
use rsa::RsaPrivateKey;
use spki::SubjectPublicKeyInfoOwned;
use vmyna_applets::specimen;
use vmyna_issuance::issuer_key::IssuerKey;
use vmyna_issuance::keys;
use vmyna_issuance::specimen as built_in;
use vmyna_issuance::x509::Authority;
pub(super) use vmyna_issuance::x509::names::Hierarchy;
use vmyna_test_vectors::specimens::AUTHORITIES;
use x509_cert::Certificate;
use x509_cert::certificate::TbsCertificate;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::AuthorityKeyIdentifier;

use crate::register::sqlite::SqliteRegister;
use crate::register::{IssuerId, Register};
use crate::revocation_list::{Scope, issuer_id, make};
use crate::verifier::compare::Claims;
use crate::verifier::report::{Report, Verdict};
use crate::verifier::revocation::{List, Sources};
use crate::verifier::trust::Trust;
use crate::verifier::{Settings, certificate};

pub(super) const SIGN: Hierarchy = Hierarchy::Signature;
pub(super) const AUTH: Hierarchy = Hierarchy::Authentication;

/// Keys of the built-in authorities that stand here for others, because making keys takes time.
pub(super) const HOLDER: &str = "cv-root";
pub(super) const FORGER: &str = "terminal-ca";

pub(super) fn time(text: &str) -> DateTime {
    text.parse().unwrap()
}

/// The time of the checks.
pub(super) fn now() -> DateTime {
    time("2026-11-30T00:00:00Z")
}

/// The keys of the built-in authorities by their folder. Reading one takes time.
static KEYS: LazyLock<BTreeMap<String, RsaPrivateKey>> = LazyLock::new(|| {
    let read = |(path, pem): &(&str, &[u8])| {
        let name = path.strip_suffix("/key.pem")?;
        let key = keys::from_pem(str::from_utf8(pem).unwrap()).unwrap();
        Some((name.to_owned(), key))
    };
    AUTHORITIES.iter().filter_map(read).collect()
});

pub(super) fn key(name: &str) -> RsaPrivateKey {
    KEYS[name].clone()
}

pub(super) fn issuer_key(name: &str) -> IssuerKey {
    IssuerKey::new(&key(name)).unwrap()
}

/// The built-in authorities, every generation.
pub(super) static ALL: LazyLock<Vec<Authority>> = LazyLock::new(|| built_in::certifying().unwrap());

/// The authority that issued the certificates of the built-in cards.
pub(super) fn authority(hierarchy: Hierarchy) -> &'static Authority {
    let issuer = issued_by(&original(hierarchy));
    ALL.iter().find(|one| issuer_id(one).unwrap().0[..] == issuer).unwrap()
}

fn issued_by(fields: &TbsCertificate) -> Vec<u8> {
    let (_, id): (bool, AuthorityKeyIdentifier) = fields.get().unwrap().unwrap();
    id.key_identifier.unwrap().as_bytes().to_vec()
}

/// A certificate of a built-in card.
pub(super) fn original(hierarchy: Hierarchy) -> TbsCertificate {
    let card = specimen::find("hanako").unwrap().unwrap();
    let key = match hierarchy {
        Hierarchy::Signature => card.jpki.sign.unwrap(),
        Hierarchy::Authentication => card.jpki.auth.unwrap(),
    };
    Certificate::from_der(&key.certificate).unwrap().tbs_certificate
}

/// A certificate with these fields, signed.
pub(super) fn signed(fields: TbsCertificate, key: &IssuerKey) -> Vec<u8> {
    let certificate = Certificate {
        signature_algorithm: fields.signature.clone(),
        signature: BitString::from_bytes(&key.sign_message(&fields.to_der().unwrap()).unwrap()).unwrap(),
        tbs_certificate: fields,
    };
    certificate.to_der().unwrap()
}

/// The fields of a certificate for the key [`HOLDER`], with a change.
pub(super) fn fields(hierarchy: Hierarchy, change: impl FnOnce(&mut TbsCertificate)) -> TbsCertificate {
    let mut fields = original(hierarchy);
    fields.subject_public_key_info = SubjectPublicKeyInfoOwned::from_key(key(HOLDER).to_public_key()).unwrap();
    change(&mut fields);
    fields
}

/// That certificate, signed by the right authority.
pub(super) fn leaf(hierarchy: Hierarchy, change: impl FnOnce(&mut TbsCertificate)) -> Vec<u8> {
    signed(fields(hierarchy, change), authority(hierarchy).key())
}

/// Makes the fields those of a certificate that another key has issued.
pub(super) fn of_issuer(fields: &mut TbsCertificate, issuer: &Certificate) {
    let subject = &issuer.tbs_certificate;
    fields.issuer = subject.subject.clone();
    let id = IssuerId::of_key(subject.subject_public_key_info.subject_public_key.raw_bytes());
    let id = AuthorityKeyIdentifier {
        key_identifier: Some(OctetString::new(id.0).unwrap()),
        ..Default::default()
    };
    replace(fields, "2.5.29.35", &id);
}

pub(super) fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new(text).unwrap()
}

/// Gives an extension another value.
pub(super) fn replace(fields: &mut TbsCertificate, id: &str, value: &impl Encode) {
    let extensions = fields.extensions.as_mut().unwrap();
    let extension = extensions.iter_mut().find(|one| one.extn_id == oid(id)).unwrap();
    extension.extn_value = OctetString::new(value.to_der().unwrap()).unwrap();
}

pub(super) fn add(fields: &mut TbsCertificate, id: &str, critical: bool, value: &impl Encode) {
    fields.extensions.as_mut().unwrap().push(Extension {
        extn_id: oid(id),
        critical,
        extn_value: OctetString::new(value.to_der().unwrap()).unwrap(),
    });
}

pub(super) fn list(authority: &Authority, register: &dyn Register, scope: &Scope, at: DateTime) -> List {
    let der = make(authority, register, scope, register.now().unwrap(), at).unwrap();
    List {
        name: "list".to_owned(),
        der,
    }
}

/// Complete lists of all authorities, in which nothing is revoked.
static LISTS: LazyLock<Vec<List>> = LazyLock::new(|| {
    let register = SqliteRegister::in_memory().unwrap();
    let all = ALL.iter().map(|one| list(one, &register, &Scope::Complete, now()));
    all.collect()
});

static TRUST: LazyLock<Trust> = LazyLock::new(|| {
    let mut trust = Trust::default();
    for authority in ALL.iter() {
        trust.certificate(authority.certificate(), true).unwrap();
    }
    for (id, key) in built_in::authorities().unwrap().data_roots() {
        trust.cv_key(id, key.clone(), true);
    }
    trust
});

/// Settings under which the built-in authorities are trusted, and nothing is revoked.
pub(super) fn settings() -> Settings<'static> {
    Settings {
        trust: TRUST.clone(),
        at: now(),
        clock: now(),
        purpose: None,
        form: None,
        revocation: Sources {
            lists: LISTS.clone(),
            ..Sources::default()
        },
        nonce: [7; 32],
    }
}

pub(super) fn verified(der: &[u8], settings: &Settings<'_>) -> Report {
    certificate(der, "file", settings, &mut Claims::default())
}

#[track_caller]
pub(super) fn assert_valid(report: &Report) {
    assert_eq!(report.verdict(), Verdict::Ok, "{}", shown(report));
}

/// The steps with these names have this verdict, and no other step decides anything.
#[track_caller]
pub(super) fn assert_only(report: &Report, ids: &[&str], verdict: Verdict) {
    let mut found: Vec<&str> = Vec::new();
    for step in report.steps.iter().filter(|step| step.verdict > Verdict::Note) {
        assert!(
            ids.contains(&step.id) && step.verdict == verdict,
            "{ids:?}: {}",
            shown(report)
        );
        found.push(step.id);
    }
    assert!(ids.iter().all(|id| found.contains(id)), "{ids:?}: {}", shown(report));
}

/// The steps that decide something, a line each.
fn shown(report: &Report) -> String {
    let deciding = report.steps.iter().filter(|step| step.verdict > Verdict::Note);
    deciding
        .map(|step| format!("\n{} {:?}: {}", step.id, step.verdict, step.reason))
        .collect()
}
