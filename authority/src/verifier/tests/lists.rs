//! Revocation lists and the register.

use der::asn1::{Null, OctetString};
use der::{DateTime, Decode, Encode};
use spki::AlgorithmIdentifierOwned;
use vmyna_issuance::issuer_key::IssuerKey;
use x509_cert::crl::{CertificateList, TbsCertList};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::crl::IssuingDistributionPoint;

use super::rig::*;
use crate::register::sqlite::SqliteRegister;
use crate::register::{CardId, Certificate, DistributionPoint, Reason, Register, Revocation};
use crate::revocation_list::Scope;
use crate::verifier::report::{Report, Verdict};
use crate::verifier::revocation::{List, Sources};

/// A register that holds a certificate.
fn register(der: &[u8]) -> (SqliteRegister, Certificate) {
    let mut register = SqliteRegister::in_memory().unwrap();
    let certificate = Certificate::new(der, AUTH, "13101", (CardId([1; 32]), "card".to_owned())).unwrap();
    register.record(std::slice::from_ref(&certificate)).unwrap();
    (register, certificate)
}

fn revoke(register: &mut SqliteRegister, certificate: &Certificate, at: &str, reason: Reason) {
    let revocation = Revocation { at: time(at), reason };
    register
        .revoke(certificate.issuer, certificate.serial, revocation)
        .unwrap();
}

fn by(der: &[u8], lists: Vec<List>) -> Report {
    let mut settings = settings();
    settings.revocation.lists = lists;
    verified(der, &settings)
}

/// A list with a change, signed.
fn forged(at: DateTime, key: &IssuerKey, change: impl FnOnce(&mut TbsCertList)) -> Vec<List> {
    let register = SqliteRegister::in_memory().unwrap();
    let good = list(authority(AUTH), &register, &Scope::Complete, at);
    let mut list = CertificateList::from_der(&good.der).unwrap();
    change(&mut list.tbs_cert_list);
    let signature = key.sign_message(&list.tbs_cert_list.to_der().unwrap()).unwrap();
    list.signature = der::asn1::BitString::from_bytes(&signature).unwrap();
    vec![List {
        name: "list".to_owned(),
        der: list.to_der().unwrap(),
    }]
}

const DAY_BEFORE: &str = "2026-11-29T00:00:00Z";

#[test]
fn a_revoked_certificate_is_refused_for_every_reason() {
    // A27, A28: a hold is a revocation. S14: a change of the attributes is explained.
    let der = leaf(AUTH, |_| {});
    for reason in Reason::ALL {
        let (mut register, certificate) = register(&der);
        revoke(&mut register, &certificate, DAY_BEFORE, reason);
        let report = by(&der, vec![list(authority(AUTH), &register, &Scope::Complete, now())]);
        assert_only(&report, &["revocation.crl"], Verdict::Invalid);
        let step = report.steps.iter().find(|step| step.id == "revocation.crl").unwrap();
        assert!(step.reason.en.contains(reason.name()), "{}", step.reason);
        let explained = report.steps.iter().any(|step| step.id == "revocation.reason");
        assert_eq!(explained, reason == Reason::AffiliationChanged);
        let mut settings = settings();
        settings.revocation = Sources {
            registers: vec![&register],
            ..Sources::default()
        };
        assert_only(&verified(&der, &settings), &["revocation.register"], Verdict::Invalid);
        // Before the revocation the certificate was good.
        settings.at = time("2026-11-28T00:00:00Z");
        assert_valid(&verified(&der, &settings));
    }
}

#[test]
fn a_register_that_does_not_hold_the_certificate_verifies_nothing() {
    let (register, _) = register(&leaf(AUTH, |_| {}));
    let other = leaf(AUTH, |fields| fields.serial_number = 0x12_3456_u32.into());
    let mut settings = settings();
    settings.revocation = Sources {
        registers: vec![&register],
        ..Sources::default()
    };
    assert_only(
        &verified(&other, &settings),
        &["revocation.register"],
        Verdict::NotVerified,
    );
    assert_valid(&verified(&leaf(AUTH, |_| {}), &settings));
}

#[test]
fn without_revocation_data_nothing_is_verified() {
    let mut settings = settings();
    settings.revocation = Sources::default();
    // The certificate for authentication names a responder, that for signatures none.
    let report = verified(&leaf(AUTH, |_| {}), &settings);
    assert_only(&report, &["revocation.ocsp"], Verdict::NotVerified);
    let report = verified(&leaf(SIGN, |_| {}), &settings);
    assert_only(&report, &["certificate.revocation"], Verdict::NotVerified);
}

#[test]
fn a_list_covers_its_own_municipality_only() {
    // A29.
    let der = leaf(AUTH, |_| {});
    let (mut register, certificate) = register(&der);
    let own = DistributionPoint {
        municipality: certificate.municipality.clone(),
        name: certificate.distribution_point.clone(),
    };
    // The name of another municipality: that of an authority's own certificate.
    let name = crate::register::distribution_point(&authority(AUTH).parsed().tbs_certificate);
    let other = DistributionPoint {
        municipality: "01100".to_owned(),
        name: name.unwrap().unwrap().to_der().unwrap(),
    };
    let make = |register: &SqliteRegister, scope| vec![list(authority(AUTH), register, &scope, now())];
    assert_valid(&by(&der, make(&register, Scope::Municipality(own.clone()))));
    revoke(&mut register, &certificate, DAY_BEFORE, Reason::KeyCompromise);
    let report = by(&der, make(&register, Scope::Municipality(own.clone())));
    assert_only(&report, &["revocation.crl"], Verdict::Invalid);
    for scope in [Scope::Municipality(other.clone()), Scope::Authorities] {
        assert_only(
            &by(&der, make(&register, scope)),
            &["revocation.crl"],
            Verdict::NotVerified,
        );
    }
    // Given together, the one that covers the certificate decides.
    let both = [
        make(&register, Scope::Municipality(other)),
        make(&register, Scope::Municipality(own)),
    ]
    .concat();
    assert_only(&by(&der, both), &["revocation.crl"], Verdict::Invalid);
}

#[test]
fn an_old_or_early_list_and_one_without_end_verify_nothing() {
    // A30.
    let der = leaf(AUTH, |_| {});
    let key = authority(AUTH).key();
    for at in ["2026-11-28T23:59:59Z", "2026-11-30T00:00:01Z"] {
        assert_only(
            &by(&der, forged(time(at), key, |_| {})),
            &["revocation.crl"],
            Verdict::NotVerified,
        );
    }
    for at in ["2026-11-29T00:00:00Z", "2026-11-30T00:00:00Z"] {
        assert_valid(&by(&der, forged(time(at), key, |_| {})));
    }
    let endless = forged(now(), key, |list| list.next_update = None);
    assert_only(&by(&der, endless), &["revocation.crl"], Verdict::NotVerified);
}

#[test]
fn a_list_made_after_the_end_of_a_certificate_proves_nothing() {
    let der = leaf(AUTH, |fields| {
        fields.validity.not_after = x509_cert::time::Time::GeneralTime(time(DAY_BEFORE).into())
    });
    let mut settings = settings();
    settings.at = time("2026-11-28T12:00:00Z");
    assert_only(&verified(&der, &settings), &["revocation.crl"], Verdict::NotVerified);
    settings.revocation.lists = forged(time("2026-11-28T12:00:00Z"), authority(AUTH).key(), |_| {});
    assert_valid(&verified(&der, &settings));
}

#[test]
fn a_list_that_the_issuing_key_has_not_signed_verifies_nothing() {
    // A31, and the list of another generation of the same name.
    let der = leaf(AUTH, |_| {});
    let report = by(&der, forged(now(), &issuer_key(FORGER), |_| {}));
    assert_only(&report, &["revocation.crl"], Verdict::NotVerified);
    let register = SqliteRegister::in_memory().unwrap();
    let own = authority(AUTH).begin();
    let others = ALL.iter().filter(|one| one.hierarchy() == AUTH && one.begin() != own);
    let others: Vec<List> = others
        .map(|one| list(one, &register, &Scope::Complete, now()))
        .collect();
    assert!(!others.is_empty());
    assert_only(&by(&der, others.clone()), &["revocation.crl"], Verdict::NotVerified);
    let with_own = [others, forged(now(), authority(AUTH).key(), |_| {})].concat();
    assert_valid(&by(&der, with_own));
}

fn extension(id: &str, critical: bool, value: &impl Encode) -> Extension {
    Extension {
        extn_id: oid(id),
        critical,
        extn_value: OctetString::new(value.to_der().unwrap()).unwrap(),
    }
}

#[test]
fn a_list_of_another_scope_or_form_verifies_nothing() {
    // A32.
    const POINT: &str = "2.5.29.28";
    let der = leaf(AUTH, |_| {});
    let key = authority(AUTH).key();
    let point = |change: fn(&mut IssuingDistributionPoint)| {
        let mut point = IssuingDistributionPoint {
            distribution_point: None,
            only_contains_user_certs: false,
            only_contains_ca_certs: false,
            only_some_reasons: None,
            indirect_crl: false,
            only_contains_attribute_certs: false,
        };
        change(&mut point);
        extension(POINT, true, &point)
    };
    let refused = [
        extension("1.2.3.4", true, &Null),
        // A delta list.
        extension("2.5.29.27", true, &1_u8),
        point(|point| point.only_contains_ca_certs = true),
        point(|point| point.only_contains_attribute_certs = true),
        point(|point| point.indirect_crl = true),
    ];
    for extra in refused {
        let lists = forged(now(), key, |list| list.crl_extensions.as_mut().unwrap().push(extra));
        assert_only(&by(&der, lists), &["revocation.crl"], Verdict::NotVerified);
    }
    for extra in [
        extension("1.2.3.4", false, &Null),
        point(|point| point.only_contains_user_certs = true),
    ] {
        let lists = forged(now(), key, |list| list.crl_extensions.as_mut().unwrap().push(extra));
        assert_valid(&by(&der, lists));
    }
    let remove = |id: &'static str| {
        forged(now(), key, |list| {
            list.crl_extensions
                .as_mut()
                .unwrap()
                .retain(|one| one.extn_id != oid(id))
        })
    };
    // Without a number, and without the identifier of the key.
    for id in ["2.5.29.20", "2.5.29.35"] {
        assert_only(&by(&der, remove(id)), &["revocation.crl"], Verdict::NotVerified);
    }
    let other: AlgorithmIdentifierOwned = AlgorithmIdentifierOwned {
        oid: oid("1.2.840.113549.1.1.5"),
        parameters: Some(Null.into()),
    };
    let lists = forged(now(), key, |list| list.signature = other);
    assert_only(&by(&der, lists), &["revocation.crl"], Verdict::NotVerified);
    let lists = vec![List {
        name: "list".to_owned(),
        der: b"0\x03abc".to_vec(),
    }];
    assert_only(&by(&der, lists), &["revocation.crl"], Verdict::NotVerified);
}
