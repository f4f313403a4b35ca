//! Certificates: chain, times, usage, policy, extensions, keys, attributes.

use der::asn1::{BitString, Null, Utf8StringRef};
use der::{Any, Decode, Encode};
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, RsaPublicKey};
use spki::SubjectPublicKeyInfoOwned;
use vmyna_issuance::x509::Authority;
use x509_cert::Certificate;
use x509_cert::certificate::TbsCertificate;
use x509_cert::ext::pkix::certpolicy::PolicyInformation;
use x509_cert::ext::pkix::name::{GeneralName, OtherName};
use x509_cert::ext::pkix::{
    BasicConstraints, CertificatePolicies, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
};
use x509_cert::time::Time;

use super::rig::*;
use crate::register::sqlite::SqliteRegister;
use crate::revocation_list::Scope;
use crate::verifier::attributes::{Marked, same};
use crate::verifier::report::Verdict;

const KEY_USAGE: &str = "2.5.29.15";
const EXTENDED: &str = "2.5.29.37";
const POLICIES: &str = "2.5.29.32";

type Change = Box<dyn Fn(&mut TbsCertificate)>;

fn usage(usage: impl Into<der::flagset::FlagSet<KeyUsages>>) -> Change {
    let usage = KeyUsage(usage.into());
    Box::new(move |fields| replace(fields, KEY_USAGE, &usage))
}

fn extended(purposes: &[&str]) -> Change {
    let purposes = ExtendedKeyUsage(purposes.iter().map(|purpose| oid(purpose)).collect());
    Box::new(move |fields| replace(fields, EXTENDED, &purposes))
}

fn policies(ids: &[&str]) -> Change {
    let all = ids.iter().map(|id| PolicyInformation {
        policy_identifier: oid(id),
        policy_qualifiers: None,
    });
    let all = CertificatePolicies(all.collect());
    Box::new(move |fields| replace(fields, POLICIES, &all))
}

fn without(id: &'static str) -> Change {
    Box::new(move |fields| fields.extensions.as_mut().unwrap().retain(|one| one.extn_id != oid(id)))
}

fn ends(text: &'static str) -> Change {
    Box::new(move |fields| fields.validity.not_after = Time::GeneralTime(time(text).into()))
}

fn begins(text: &'static str) -> Change {
    Box::new(move |fields| fields.validity.not_before = Time::GeneralTime(time(text).into()))
}

fn public(modulus_bits: usize, exponent: u32) -> Change {
    Box::new(move |fields| {
        let modulus = (BigUint::from(1_u32) << (modulus_bits - 1)) + BigUint::from(1_u32);
        let key = RsaPublicKey::new_unchecked(modulus, exponent.into());
        fields.subject_public_key_info = SubjectPublicKeyInfoOwned::from_key(key).unwrap();
    })
}

fn unknown(critical: bool) -> Change {
    Box::new(move |fields| add(fields, "1.2.3.4", critical, &Null))
}

#[test]
fn a_certificate_of_either_kind_is_valid_and_states_its_attributes() {
    for hierarchy in [SIGN, AUTH] {
        let report = verified(&leaf(hierarchy, |_| {}), &settings());
        assert_valid(&report);
        assert!(report.public_keys);
        let names: Vec<&str> = report.facts.iter().map(|fact| &*fact.id).collect();
        assert_eq!(
            names.contains(&"birth-date") && names.contains(&"address"),
            hierarchy == SIGN
        );
    }
}

#[test]
fn each_wrong_field_is_found_by_its_own_check_and_its_twin_is_accepted() {
    const DIGITAL: KeyUsages = KeyUsages::DigitalSignature;
    const CLIENT: &str = "1.3.6.1.5.5.7.3.2";
    const SERVER: &str = "1.3.6.1.5.5.7.3.1";
    let own = "1.2.392.200149.8.5.1.0.30";
    let table: Vec<(&str, Hierarchy, Change, &str, Change)> = vec![
        (
            "A19",
            AUTH,
            usage(KeyUsages::KeyEncipherment),
            "certificate.key-usage",
            usage(DIGITAL | KeyUsages::KeyEncipherment),
        ),
        ("A19", AUTH, without(KEY_USAGE), "certificate.key-usage", usage(DIGITAL)),
        (
            "A16",
            AUTH,
            usage(DIGITAL | KeyUsages::KeyCertSign),
            "certificate.key-usage",
            usage(DIGITAL),
        ),
        (
            "A20",
            AUTH,
            extended(&[SERVER]),
            "certificate.extended-key-usage",
            extended(&[SERVER, CLIENT]),
        ),
        (
            "A20",
            AUTH,
            without(EXTENDED),
            "certificate.extended-key-usage",
            extended(&[CLIENT]),
        ),
        (
            "A21",
            AUTH,
            policies(&["1.2.392.200149.8.5.1.3.31"]),
            "certificate.policy",
            policies(&[own]),
        ),
        (
            "A21",
            AUTH,
            policies(&["2.5.29.32.0"]),
            "certificate.policy",
            policies(&[own]),
        ),
        (
            "A21",
            AUTH,
            policies(&[own, "2.5.29.32.0"]),
            "certificate.policy",
            policies(&[own]),
        ),
        ("A21", AUTH, without(POLICIES), "certificate.policy", policies(&[own])),
        // A policy of the production hierarchy under an authority for tests.
        (
            "A21",
            AUTH,
            policies(&["1.2.392.200149.8.5.1.3.30"]),
            "certificate.policy",
            policies(&[own]),
        ),
        ("A22", AUTH, unknown(true), "certificate.extensions", unknown(false)),
        (
            "A24",
            AUTH,
            ends("2026-11-29T00:00:00Z"),
            "certificate.validity",
            ends("2026-12-01T00:00:00Z"),
        ),
        (
            "A24",
            AUTH,
            begins("2026-12-01T00:00:00Z"),
            "certificate.validity",
            begins("2026-11-29T00:00:00Z"),
        ),
        (
            "A40",
            AUTH,
            public(1024, 65_537),
            "certificate.key",
            public(3072, 65_537),
        ),
        ("A40", AUTH, public(2048, 3), "certificate.key", public(2048, 65_539)),
        ("A40", AUTH, public(2048, 1), "certificate.key", public(2048, 65_537)),
        (
            "S11",
            SIGN,
            usage(DIGITAL),
            "certificate.key-usage",
            usage(DIGITAL | KeyUsages::NonRepudiation),
        ),
        (
            "S11",
            SIGN,
            policies(&["1.2.392.200149.8.5.1.0.30"]),
            "certificate.policy",
            policies(&["1.2.392.200149.8.5.1.0.20"]),
        ),
    ];
    for (id, hierarchy, change, step, twin) in table {
        let mut settings = settings();
        settings.purpose = Some(hierarchy);
        assert_only(
            &verified(&leaf(hierarchy, change), &settings),
            &[step],
            Verdict::Invalid,
        );
        let report = verified(&leaf(hierarchy, twin), &settings);
        assert_eq!(report.verdict(), Verdict::Ok, "{id} {step}: {:#?}", report.steps);
    }
}

#[test]
fn an_extension_that_occurs_twice_is_refused() {
    // A23.
    let twice = leaf(AUTH, |fields| {
        add(fields, KEY_USAGE, true, &KeyUsage(KeyUsages::DigitalSignature.into()))
    });
    let ids = ["certificate.extensions", "certificate.key-usage"];
    assert_only(&verified(&twice, &settings()), &ids, Verdict::Invalid);
    let unknown = |count| {
        leaf(AUTH, |fields| {
            (0..count).for_each(|_| add(fields, "1.2.3.4", false, &Null))
        })
    };
    assert_only(
        &verified(&unknown(2), &settings()),
        &["certificate.extensions"],
        Verdict::Invalid,
    );
    assert_valid(&verified(&unknown(1), &settings()));
}

#[test]
fn the_last_second_of_a_certificate_belongs_to_it() {
    // A25: 14:59:59 UTC is the end of a day in Japan.
    let der = leaf(AUTH, ends("2026-11-30T14:59:59Z"));
    for (at, verdict) in [
        ("2026-11-30T14:59:59Z", Verdict::Ok),
        ("2026-11-30T15:00:00Z", Verdict::Invalid),
    ] {
        let mut settings = settings();
        settings.at = time(at);
        assert_eq!(verified(&der, &settings).verdict(), verdict, "{at}");
    }
}

#[test]
fn an_authority_that_has_ended_does_not_vouch() {
    // A26.
    let der = leaf(AUTH, ends("2050-01-01T00:00:00Z"));
    let register = SqliteRegister::in_memory().unwrap();
    for (at, ids) in [
        ("2034-01-01T00:00:00Z", &[][..]),
        ("2045-01-01T00:00:00Z", &["issuer.validity"]),
    ] {
        let mut settings = settings();
        settings.at = time(at);
        settings.revocation.lists = vec![list(authority(AUTH), &register, &Scope::Complete, settings.at)];
        let report = verified(&der, &settings);
        match ids {
            [] => assert_valid(&report),
            ids => assert_only(&report, ids, Verdict::Invalid),
        }
    }
}

#[test]
fn the_issuer_is_found_by_its_key_among_all_generations() {
    // A15.
    let generations: Vec<&Authority> = ALL.iter().filter(|one| one.hierarchy() == AUTH).collect();
    assert!(generations.len() > 1);
    let register = SqliteRegister::in_memory().unwrap();
    for generation in generations {
        let begin = generation.begin();
        let fields = fields(AUTH, |fields| {
            of_issuer(fields, generation.parsed());
            fields.validity.not_before = Time::GeneralTime(begin.into());
        });
        let mut settings = settings();
        settings.at = begin;
        settings.revocation.lists = vec![list(generation, &register, &Scope::Complete, begin)];
        assert_valid(&verified(&signed(fields, generation.key()), &settings));
    }
}

#[test]
fn names_prove_nothing() {
    // A13: the right names and key identifier, another key.
    let forged = signed(fields(AUTH, |_| {}), &issuer_key(FORGER));
    assert_only(
        &verified(&forged, &settings()),
        &["certificate.signature"],
        Verdict::Invalid,
    );
    // A41: parsed, but not what was signed.
    let mut certificate = Certificate::from_der(&leaf(AUTH, |_| {})).unwrap();
    begins("2026-11-29T00:00:00Z")(&mut certificate.tbs_certificate);
    let changed = certificate.to_der().unwrap();
    assert_only(
        &verified(&changed, &settings()),
        &["certificate.signature"],
        Verdict::Invalid,
    );
    assert_valid(&verified(&leaf(AUTH, begins("2026-11-29T00:00:00Z")), &settings()));
    // A41: another algorithm outside than inside, the signature right.
    let mut certificate = Certificate::from_der(&leaf(AUTH, |_| {})).unwrap();
    certificate.signature_algorithm.oid = oid("1.2.840.113549.1.1.5");
    let report = verified(&certificate.to_der().unwrap(), &settings());
    assert_only(
        &report,
        &["certificate.algorithm", "certificate.signature"],
        Verdict::Invalid,
    );
    // The issuer's name is that of the key.
    let renamed = leaf(AUTH, |fields| {
        fields.issuer = authority(SIGN).parsed().tbs_certificate.subject.clone()
    });
    assert_only(
        &verified(&renamed, &settings()),
        &["certificate.issuer"],
        Verdict::Invalid,
    );
}

#[test]
fn an_authority_that_is_not_named_verifies_nothing() {
    // A14, A17: the names are genuine, and so is everything else, but for the key.
    let foreign = Authority::establish(AUTH, key(FORGER), 5, authority(AUTH).begin()).unwrap();
    let der = signed(
        fields(AUTH, |fields| of_issuer(fields, foreign.parsed())),
        foreign.key(),
    );
    let ids = ["certificate.issuer", "certificate.revocation"];
    assert_only(&verified(&der, &settings()), &ids, Verdict::NotVerified);
    let mut settings = settings();
    settings.trust.certificate(foreign.certificate(), false).unwrap();
    let register = SqliteRegister::in_memory().unwrap();
    settings
        .revocation
        .lists
        .push(list(&foreign, &register, &Scope::Complete, now()));
    let report = verified(&der, &settings);
    assert_valid(&report);
    assert!(!report.public_keys);
}

#[test]
fn a_cardholder_is_no_authority() {
    // A16: issued by a genuine cardholder's key. Even trusted by name, that certificate can't issue.
    let cardholder = Certificate::from_der(&leaf(AUTH, |_| {})).unwrap();
    let below = signed(
        fields(AUTH, |fields| of_issuer(fields, &cardholder)),
        &issuer_key(HOLDER),
    );
    let report = verified(&below, &settings());
    assert_only(
        &report,
        &["certificate.issuer", "certificate.revocation"],
        Verdict::NotVerified,
    );
    let issue = |change: &dyn Fn(&mut TbsCertificate)| {
        let mut settings = settings();
        settings.trust.certificate(&leaf(AUTH, change), false).unwrap();
        verified(&below, &settings)
    };
    let invalid = |report: crate::verifier::report::Report| -> Vec<&'static str> {
        let steps = report.steps.into_iter().filter(|step| step.verdict == Verdict::Invalid);
        steps
            .map(|step| step.id)
            .filter(|id| id.starts_with("issuer."))
            .collect()
    };
    assert_eq!(invalid(issue(&|_| {})), ["issuer.authority", "issuer.key-usage"]);
    let authority = |fields: &mut TbsCertificate| {
        replace(
            fields,
            KEY_USAGE,
            &KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign),
        );
        let constraints = BasicConstraints {
            ca: true,
            path_len_constraint: None,
        };
        add(fields, "2.5.29.19", true, &constraints);
        fields.subject = original(AUTH).issuer;
    };
    let twin = issue(&authority);
    let issuer = twin.steps.iter().filter(|step| step.id.starts_with("issuer."));
    assert!(issuer.clone().count() == 3 && issuer.clone().all(|step| step.verdict == Verdict::Ok));
    // And an authority's certificate is no cardholder's.
    let report = verified(
        &leaf(AUTH, |fields| {
            add(
                fields,
                "2.5.29.19",
                true,
                &BasicConstraints {
                    ca: true,
                    path_len_constraint: None,
                },
            )
        }),
        &settings(),
    );
    assert_only(&report, &["certificate.end-entity"], Verdict::Invalid);
}

#[test]
fn each_kind_is_refused_for_the_purpose_of_the_other() {
    // A18, S10.
    for (own, other) in [(SIGN, AUTH), (AUTH, SIGN)] {
        let mut settings = settings();
        settings.purpose = Some(other);
        let report = verified(&leaf(own, |_| {}), &settings);
        let mut ids = vec![
            "certificate.key-usage",
            "certificate.extended-key-usage",
            "certificate.policy",
            "certificate.purpose",
        ];
        if other == SIGN {
            ids.push("certificate.attributes");
        }
        assert_only(&report, &ids, Verdict::Invalid);
        settings.purpose = Some(own);
        assert_valid(&verified(&leaf(own, |_| {}), &settings));
    }
}

#[test]
fn filler_behind_a_certificate_is_skipped_and_other_bytes_are_refused() {
    // P02, P07.
    let der = leaf(AUTH, |_| {});
    for filler in [0x00, 0xFF] {
        assert_valid(&verified(&[&der[..], &[filler; 100]].concat(), &settings()));
    }
    assert_only(
        &verified(&[&der[..], &[0xFF, 0]].concat(), &settings()),
        &["certificate.form"],
        Verdict::Invalid,
    );
    for length in 0..der.len() {
        assert_only(
            &verified(&der[..length], &settings()),
            &["certificate.form"],
            Verdict::Invalid,
        );
    }
}

/// Changes the value of one other name in the alternative name.
fn other_name(last: &'static str, value: &'static str) -> Change {
    let id = oid(&format!("1.2.392.200149.8.5.5.{last}"));
    Box::new(move |fields| {
        let (_, mut names): (bool, SubjectAltName) = fields.get().unwrap().unwrap();
        for name in &mut names.0 {
            if let GeneralName::OtherName(other) = name
                && other.type_id == id
            {
                other.value = Any::from(Utf8StringRef::new(value).unwrap());
            }
        }
        replace(fields, "2.5.29.17", &names);
    })
}

#[test]
fn each_attribute_is_there_once_in_its_form() {
    // S31.
    let twice: Change = Box::new(|fields| {
        let (_, mut names): (bool, SubjectAltName) = fields.get().unwrap().unwrap();
        names.0.push(GeneralName::OtherName(OtherName {
            type_id: oid("1.2.392.200149.8.5.5.1"),
            value: Any::from(Utf8StringRef::new("他人").unwrap()),
        }));
        replace(fields, "2.5.29.17", &names);
    });
    let invalid = [
        twice,
        without("2.5.29.17"),
        other_name("4", "119800217x"),
        other_name("4", "419801301"),
        other_name("3", "4"),
    ];
    for change in invalid {
        assert_only(
            &verified(&leaf(SIGN, change), &settings()),
            &["certificate.attributes"],
            Verdict::Invalid,
        );
    }
    // S32: an unknown birth date, any era, sex 3. S30: marks of another length than the name are reported.
    for change in [
        other_name("4", "000000000"),
        other_name("4", "519800200"),
        other_name("3", "3"),
        other_name("1", "他人"),
    ] {
        assert_valid(&verified(&leaf(SIGN, change), &settings()));
    }
    let report = verified(&leaf(SIGN, other_name("2", "0")), &settings());
    assert!(report.steps.iter().any(|step| step.id == "certificate.substitutes"));
}

#[test]
fn a_substitute_stands_for_one_character_where_it_is_marked() {
    // S28, S29, P10, P11.
    let marked = |text: &str, marks: &str| Marked {
        text: text.to_owned(),
        marks: marks.to_owned(),
    };
    assert!(same(&marked("高橋　花子", "10000"), "髙橋　花子"));
    assert!(same(&marked("辻　花子", "1000"), "辻\u{E0100}　花子"));
    assert!(same(&marked("𠮷田", "00"), "𠮷田"));
    for (certificate, marks, card) in [
        ("高橋　花子", "00000", "髙橋　花子"),
        ("高橋　花子", "01000", "髙橋　花子"),
        ("高橋　花子", "", "髙橋　花子"),
        ("高橋", "10", "髙橋　花子"),
        ("辻", "0", "辻\u{E0100}"),
        ("神", "0", "\u{FA19}"),
    ] {
        assert!(!same(&marked(certificate, marks), card), "{certificate} {marks} {card}");
    }
}

#[test]
fn a_key_or_signature_of_another_form_is_refused() {
    let report = verified(
        &leaf(AUTH, |fields| {
            fields.subject_public_key_info.algorithm.oid = oid("1.2.840.10045.2.1")
        }),
        &settings(),
    );
    assert_only(&report, &["certificate.key"], Verdict::Invalid);
    // A12: s + n fills 257 bytes, and a zero byte in front of s changes its length.
    let mut certificate = Certificate::from_der(&leaf(AUTH, |_| {})).unwrap();
    let value = BigUint::from_bytes_be(certificate.signature.raw_bytes());
    let modulus = key("auth-ca").to_public_key().n().clone();
    for value in [
        (value.clone() + modulus).to_bytes_be(),
        [&[0], certificate.signature.raw_bytes()].concat(),
    ] {
        certificate.signature = BitString::from_bytes(&value).unwrap();
        let report = verified(&certificate.to_der().unwrap(), &settings());
        assert_only(&report, &["certificate.signature"], Verdict::Invalid);
    }
}
