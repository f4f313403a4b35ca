//! A genuine response is accepted. Each forged one is refused by the step that names what is wrong.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use ciborium::Value;
use common::forge::{
    self, at, embedded, inside, put, remove, with_auth, with_device, with_document, with_item, with_object,
};
use common::{Curve, EKU_READER, Rig, Root, device, extension, now, remove as remove_extension, set, time, transcript};
use coset::{Label, iana};
use der::oid::AssociatedOid;
use vmyna_mdoc::{
    DeviceRequest, NAMESPACE, NAMESPACE_JP, Options, Report, Signer, SignerKey, Transcript, Verdict, verify,
};
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, SubjectKeyIdentifier};
use x509_cert::ext::pkix::{
    BasicConstraints, CrlDistributionPoints, ExtendedKeyUsage, IssuerAltName, KeyUsage, KeyUsages,
};

const ADDRESS: (&str, &str) = (NAMESPACE_JP, "resident_address_unicode");

fn rig() -> Rig {
    Rig::new(Curve::P384, Curve::P256)
}

/// The whole is refused, and this step has this verdict.
fn expect(report: &Report, id: &str, verdict: Verdict, situation: &str) {
    let step = report
        .step(id)
        .unwrap_or_else(|| panic!("{situation}: no {id} in {:#?}", report.steps));
    assert_eq!(step.verdict, verdict, "{situation}: {step:?}");
    assert!(
        verdict == Verdict::Note || report.verdict() != Verdict::Passed,
        "{situation}"
    );
    assert!(!step.reason.en.is_empty() && !step.reason.ja.is_empty());
}

#[test]
fn a_genuine_response_passes_every_step_with_each_curve() {
    for root in [Curve::P384, Curve::P256] {
        for signer in [Curve::P256, Curve::P384] {
            let rig = Rig::new(root, signer);
            let report = rig.verify(&rig.response());
            assert_eq!(report.verdict(), Verdict::Passed, "{:#?}", report.steps);
            assert!(
                report.steps.iter().all(|step| step.verdict == Verdict::Passed),
                "{:#?}",
                report.steps
            );
            assert_eq!(report.elements.len(), 11);
        }
    }
}

/// The steps stand in the table of `verify`'s documentation, in their order.
#[test]
fn the_documentation_names_the_steps_in_their_order() {
    let source = include_str!("../src/verify/mod.rs");
    let table = source.lines().filter_map(|line| line.strip_prefix("/// | `"));
    let documented: Vec<&str> = table
        .flat_map(|row| row.split(" | ").next().unwrap().split(", "))
        .collect();
    let documented: Vec<&str> = documented.iter().map(|name| name.trim_matches('`')).collect();
    let rig = rig();
    let made: Vec<&str> = rig.verify(&rig.response()).steps.iter().map(|step| step.id).collect();
    // A response with something to state in each note.
    let noted = forge::changed(&rig.response(), |value| {
        let error = Value::Map(vec![("another".into(), 0.into())]);
        put(value, "documentErrors", Value::Array(vec![error]));
    });
    let noted = with_item(&noted, ADDRESS, Some(&rig.signer), |item| {
        put(item, "elementIdentifier", "unknown".into())
    });
    let noted = rig.verify(&noted);
    let notes = noted.steps.iter().filter(|step| step.verdict == Verdict::Note);
    let made: Vec<&str> = made.into_iter().chain(notes.map(|step| step.id)).collect();
    assert_eq!(sorted(&made), sorted(&documented));
}

fn sorted<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names
}

#[test]
fn errors_are_read_and_contradict_no_released_element() {
    let (mut rig, response) = genuine();
    rig.request = common::request(&[&common::ALL[..], &[(NAMESPACE, "age_over_18")]].concat());
    let with = |errors: Value| rig.verify(&with_document(&response, |document| put(document, "errors", errors)));
    let map = |name: &str, value: Value| Value::Map(vec![(name.into(), value)]);
    let genuine = with(map(NAMESPACE, map("age_over_18", 0.into())));
    assert_eq!(genuine.verdict(), Verdict::Passed, "{:#?}", genuine.steps);
    for (situation, errors) in [
        ("a text", "x".into()),
        ("no namespace", Value::Map(vec![])),
        ("an empty namespace", map(NAMESPACE, Value::Map(vec![]))),
        (
            "a number as the name",
            map(NAMESPACE, Value::Map(vec![(1.into(), 0.into())])),
        ),
        ("a text as the code", map(NAMESPACE, map("age_over_18", "0".into()))),
        ("a released element", map(ADDRESS.0, map(ADDRESS.1, 0.into()))),
    ] {
        expect(&with(errors), "document.form", Verdict::Failed, situation);
    }
}

/// Changes these bits of each byte of a response, one at a time. Returns how many were changed.
fn change_each_byte(rig: &Rig, bits: impl Fn(usize) -> Vec<u8>) -> usize {
    let response = rig.response();
    let mut count = 0;
    for byte in 0..response.len() {
        for bit in bits(byte) {
            let mut changed = response.clone();
            changed[byte] ^= 1 << bit;
            let report = rig.verify(&changed);
            assert_ne!(report.verdict(), Verdict::Passed, "bit {bit} of byte {byte}");
            count += 1;
        }
    }
    count
}

#[test]
fn a_changed_bit_of_every_byte_is_refused() {
    let mut random = common::rng();
    let bits: Vec<u8> = (0..8192)
        .map(|_| (rand_core::RngCore::next_u32(&mut random) % 8) as u8)
        .collect();
    let count = change_each_byte(&Rig::new(Curve::P256, Curve::P256), |byte| vec![bits[byte]]);
    println!("counted: {count} one-bit changes of a response, one a byte, refused by this library");
}

#[test]
#[ignore = "a minute and more; `make test-heavy` runs it"]
fn every_changed_bit_is_refused() {
    let count = change_each_byte(&rig(), |_| (0..8).collect());
    println!("counted: {count} one-bit changes of a response, all bits, refused by this library");
}

#[test]
fn a_changed_element_is_refused_by_its_digest() {
    let (rig, response) = genuine();
    let change = |value: &'static str| move |item: &mut Value| put(item, "elementValue", value.into());
    let forged = with_item(&response, ADDRESS, None, change("東京都港区一丁目"));
    let report = rig.verify(&forged);
    expect(&report, "elements.digests", Verdict::Failed, "another address");
    assert_eq!(report.elements.len(), 10, "a wrong element is not among the results");

    // Signed by the issuer, the same change is genuine.
    let signed = with_item(&response, ADDRESS, Some(&rig.signer), change("東京都港区一丁目"));
    assert_eq!(rig.verify(&signed).verdict(), Verdict::Passed);
}

fn genuine() -> (Rig, Vec<u8>) {
    let rig = rig();
    let response = rig.response();
    (rig, response)
}

#[test]
fn a_map_in_another_order_is_accepted_because_the_digest_is_over_its_bytes() {
    let (rig, response) = genuine();
    let reversed = with_item(&response, ADDRESS, Some(&rig.signer), |item| {
        item.as_map_mut().unwrap().reverse()
    });
    let reversed = with_document(&reversed, |document| document.as_map_mut().unwrap().reverse());
    let reversed = with_object(&reversed, &rig.signer, |object| object.as_map_mut().unwrap().reverse());
    assert_ne!(reversed, response);
    let report = rig.verify(&reversed);
    assert_eq!(report.verdict(), Verdict::Passed, "{:#?}", report.steps);
}

#[test]
fn an_element_without_a_digest_or_in_another_namespace_is_refused() {
    let (rig, response) = genuine();
    let spaces = |document: &mut Value| at(at(document, "issuerSigned"), "nameSpaces").clone();
    let extra = with_document(&response, |document| {
        let mut item = inside(&at(&mut spaces(document), NAMESPACE).as_array().unwrap()[0]);
        put(&mut item, "digestID", 99.into());
        put(&mut item, "elementIdentifier", "age_over_99".into());
        let all = at(at(at(document, "issuerSigned"), "nameSpaces"), NAMESPACE);
        all.as_array_mut().unwrap().push(embedded(&item));
    });
    expect(
        &rig.verify(&extra),
        "elements.digests",
        Verdict::Failed,
        "an extra element",
    );
    let moved = with_document(&response, |document| {
        let spaces = at(at(document, "issuerSigned"), "nameSpaces");
        let item = at(spaces, NAMESPACE).as_array_mut().unwrap().remove(0);
        at(spaces, NAMESPACE_JP).as_array_mut().unwrap().push(item);
    });
    expect(
        &rig.verify(&moved),
        "elements.digests",
        Verdict::Failed,
        "an element in the other namespace",
    );
    let unknown = with_document(&response, |document| {
        let spaces = at(at(document, "issuerSigned"), "nameSpaces");
        for (name, _) in spaces.as_map_mut().unwrap() {
            *name = format!("{}.x", name.as_text().unwrap()).into();
        }
    });
    expect(
        &rig.verify(&unknown),
        "elements.digests",
        Verdict::Failed,
        "unknown namespaces",
    );
}

#[test]
fn an_object_by_another_key_or_algorithm_is_refused() {
    let (rig, response) = genuine();
    let other = Signer {
        key: Curve::P256.key(9),
        ..rig.signer.clone()
    };
    let cases = [
        ("another key", with_object(&response, &other, |_| ())),
        (
            "the algorithm unprotected only",
            with_auth(&response, |auth| {
                auth.unprotected.alg = auth.protected.header.alg.take();
                auth.protected.original_data = None;
                auth.signature = forge::signature(&rig.signer.key, &auth.tbs_data(b""));
            }),
        ),
        (
            "ES384 with P-256",
            with_auth(&response, |auth| {
                auth.protected.header.alg = Some(coset::Algorithm::Assigned(iana::Algorithm::ES384));
                auth.protected.original_data = None;
                auth.signature = forge::signature(&rig.signer.key, &auth.tbs_data(b""));
            }),
        ),
    ];
    for (situation, response) in cases {
        expect(&rig.verify(&response), "issuer.signature", Verdict::Failed, situation);
    }
    let critical = with_auth(&response, |auth| {
        let header = &mut auth.protected.header;
        header.crit = vec![coset::RegisteredLabelWithPrivate::Text("x".to_owned())];
        header.rest.push((Label::Text("x".to_owned()), 1.into()));
        auth.protected.original_data = None;
        auth.signature = forge::signature(&rig.signer.key, &auth.tbs_data(b""));
    });
    expect(
        &rig.verify(&critical),
        "document.form",
        Verdict::Failed,
        "a critical header",
    );
}

#[test]
fn a_certificate_in_either_header_or_in_an_array_of_one_is_accepted() {
    let (rig, response) = genuine();
    let array = with_auth(&response, |auth| {
        let (_, chain) = &mut auth.unprotected.rest[0];
        *chain = Value::Array(vec![chain.clone()]);
    });
    assert_eq!(rig.verify(&array).verdict(), Verdict::Passed);
    let protected = with_auth(&response, |auth| {
        auth.protected.header.rest = std::mem::take(&mut auth.unprotected.rest);
        auth.protected.original_data = None;
        auth.signature = forge::signature(&rig.signer.key, &auth.tbs_data(b""));
    });
    assert_eq!(rig.verify(&protected).verdict(), Verdict::Passed);
    let two = with_auth(&response, |auth| {
        let (_, chain) = &mut auth.unprotected.rest[0];
        *chain = Value::Array(vec![chain.clone(), Value::Bytes(rig.root.certificate.clone())]);
    });
    let report = rig.verify(&two);
    expect(&report, "signer.certificate", Verdict::Failed, "a chain of two");
    let reason = |report: &Report| report.step("signer.certificate").unwrap().reason.en.clone();
    assert!(reason(&report).contains("has 2 certificates"), "{}", reason(&report));
    let unreadable = with_auth(&response, |auth| {
        let (_, chain) = &mut auth.unprotected.rest[0];
        *chain = Value::Bytes(vec![0x30, 0x00]);
    });
    let report = rig.verify(&unreadable);
    expect(&report, "signer.certificate", Verdict::Failed, "no certificate");
    assert!(reason(&report).contains("can't be read"), "{}", reason(&report));
    let twice = with_auth(&response, |auth| {
        auth.protected.header.rest = auth.unprotected.rest.clone();
        auth.protected.original_data = None;
        auth.signature = forge::signature(&rig.signer.key, &auth.tbs_data(b""));
    });
    expect(
        &rig.verify(&twice),
        "document.form",
        Verdict::Failed,
        "a certificate in both headers",
    );
}

#[test]
fn a_document_signer_of_another_root_is_refused() {
    let rig = rig();
    let foreign = Root::new(Curve::P384, 50, |_| ());
    let signer = foreign.signer(Curve::P256, 2, |_| ());
    let response = rig.response_of(&common::issued(&signer));
    expect(
        &rig.verify(&response),
        "signer.chain",
        Verdict::NotDone,
        "another key identifier",
    );
    // The root's own identifier, in a certificate that it has not signed.
    let root = x509_cert::der::Decode::from_der(&rig.root.certificate);
    let root: x509_cert::Certificate = root.unwrap();
    let id = common::key_id(&root.tbs_certificate.subject_public_key_info);
    let signer = foreign.signer(Curve::P256, 2, |tbs| {
        set(
            tbs,
            extension(&AuthorityKeyIdentifier {
                key_identifier: Some(id),
                ..Default::default()
            }),
        );
    });
    let response = rig.response_of(&common::issued(&signer));
    expect(
        &rig.verify(&response),
        "signer.chain",
        Verdict::Failed,
        "the same name and identifier",
    );
}

#[test]
fn a_document_signer_that_deviates_from_annex_b_is_refused() {
    let rig = rig();
    let usage = |usage: KeyUsages| extension(&KeyUsage(usage.into()));
    let purpose = |oids| extension(&ExtendedKeyUsage(oids));
    type Spoil = Box<dyn Fn(&mut x509_cert::TbsCertificate)>;
    let cases: Vec<(&str, Spoil)> = vec![
        (
            "a reader's purpose",
            Box::new(move |tbs| set(tbs, purpose(vec![EKU_READER]))),
        ),
        (
            "a second purpose",
            Box::new(move |tbs| set(tbs, purpose(vec![common::EKU_SIGNER, EKU_READER]))),
        ),
        (
            "no purpose",
            Box::new(|tbs| remove_extension(tbs, ExtendedKeyUsage::OID)),
        ),
        ("no key usage", Box::new(|tbs| remove_extension(tbs, KeyUsage::OID))),
        (
            "key agreement",
            Box::new(move |tbs| set(tbs, usage(KeyUsages::KeyAgreement))),
        ),
        (
            "an authority",
            Box::new(|tbs| {
                set(
                    tbs,
                    extension(&BasicConstraints {
                        ca: true,
                        path_len_constraint: None,
                    }),
                )
            }),
        ),
        (
            "no alternative name",
            Box::new(|tbs| remove_extension(tbs, IssuerAltName::OID)),
        ),
        (
            "no distribution point",
            Box::new(|tbs| remove_extension(tbs, CrlDistributionPoints::OID)),
        ),
        (
            "no own identifier",
            Box::new(|tbs| remove_extension(tbs, SubjectKeyIdentifier::OID)),
        ),
        (
            "no identifier of the root",
            Box::new(|tbs| remove_extension(tbs, AuthorityKeyIdentifier::OID)),
        ),
        (
            "458 days",
            Box::new(|tbs| tbs.validity.not_after = time("2027-09-02T00:00:01Z")),
        ),
        (
            "another country",
            Box::new(|tbs| tbs.subject = "C=US,CN=signer".parse().unwrap()),
        ),
        (
            "a state that the root does not have",
            Box::new(|tbs| tbs.subject = "C=JP,ST=Tokyo,CN=signer".parse().unwrap()),
        ),
        ("no country", Box::new(|tbs| tbs.subject = "CN=signer".parse().unwrap())),
        ("no common name", Box::new(|tbs| tbs.subject = "C=JP".parse().unwrap())),
        (
            "a short serial number",
            Box::new(|tbs| tbs.serial_number = x509_cert::serial_number::SerialNumber::new(&[1]).unwrap()),
        ),
        (
            "an unknown critical extension",
            Box::new(|tbs| {
                let mut one = usage_of_nothing();
                one.critical = true;
                set(tbs, one);
            }),
        ),
    ];
    for (situation, spoil) in cases {
        let signer = rig.root.signer(Curve::P256, 2, spoil);
        let response = rig.response_of(&common::issued(&signer));
        let report = rig.verify(&response);
        expect(&report, "signer.profile", Verdict::Failed, situation);
        let others = report.steps.iter().filter(|step| step.verdict != Verdict::Passed);
        assert_eq!(others.count(), 1, "{situation}: {:#?}", report.steps);
    }
    // The purpose of ISO/IEC 23220-4 alone or beside the other, and 457 days, are accepted.
    let generic = der::oid::ObjectIdentifier::new_unwrap("1.0.23220.4.1.2");
    for oids in [vec![generic], vec![common::EKU_SIGNER, generic]] {
        let signer = rig.root.signer(Curve::P256, 2, |tbs| {
            set(tbs, purpose(oids));
            tbs.validity.not_after = time("2027-09-01T00:00:00Z");
        });
        let response = rig.response_of(&common::issued(&signer));
        let report = rig.verify(&response);
        assert_eq!(report.verdict(), Verdict::Passed, "{:#?}", report.steps);
    }
}

/// An extension that no standard knows.
fn usage_of_nothing() -> x509_cert::ext::Extension {
    x509_cert::ext::Extension {
        extn_id: der::oid::ObjectIdentifier::new_unwrap("1.3.6.1.4.1.99999.1"),
        critical: false,
        extn_value: der::asn1::OctetString::new([5, 0]).unwrap(),
    }
}

#[test]
fn a_root_that_deviates_from_annex_b_is_refused() {
    type Spoil = fn(&mut x509_cert::TbsCertificate);
    let twenty_years = Root::new(Curve::P384, 1, |tbs| {
        tbs.validity.not_after = time("2046-01-01T00:00:00Z")
    });
    let longest = Rig {
        signer: twenty_years.signer(Curve::P256, 2, |_| ()),
        root: twenty_years,
        ..rig()
    };
    let report = longest.verify(&longest.response());
    assert_eq!(report.step("root.profile").unwrap().verdict, Verdict::Passed);
    let cases: [(&str, Spoil); 4] = [
        ("20 years and a second", |tbs| {
            tbs.validity.not_after = time("2046-01-01T00:00:01Z");
        }),
        ("authorities below it", |tbs| {
            set(
                tbs,
                extension(&BasicConstraints {
                    ca: true,
                    path_len_constraint: Some(1),
                }),
            );
        }),
        ("no authority", |tbs| {
            set(
                tbs,
                extension(&BasicConstraints {
                    ca: false,
                    path_len_constraint: None,
                }),
            );
        }),
        ("no certificate signing", |tbs| {
            set(tbs, extension(&KeyUsage(KeyUsages::CRLSign.into())));
        }),
    ];
    for (situation, spoil) in cases {
        let root = Root::new(Curve::P384, 1, spoil);
        let rig = Rig {
            signer: root.signer(Curve::P256, 2, |_| ()),
            root,
            ..rig()
        };
        expect(&rig.verify(&rig.response()), "root.profile", Verdict::Failed, situation);
    }
}

#[test]
fn dates_are_checked_for_signer_root_and_object() {
    let (rig, response) = genuine();
    let tdate = |text: &str| Value::Tag(0, Box::new(text.into()));
    for (at, step) in [
        ("2026-11-24T23:59:59Z", "object.validity"),
        ("2026-12-25T00:00:01Z", "object.validity"),
        ("2026-05-31T23:59:59Z", "signer.dates"),
        ("2027-06-01T00:00:01Z", "signer.dates"),
        ("2025-12-31T23:59:59Z", "root.dates"),
        ("2031-01-01T00:00:01Z", "root.dates"),
    ] {
        expect(&rig.verify_at(&response, common::at(at)), step, Verdict::Failed, at);
    }
    for (key, value) in [
        ("signed", "2026-05-31T23:59:59Z"),
        ("signed", "2026-11-26T00:00:00Z"),
        ("validUntil", "2027-06-02T00:00:00Z"),
        ("validFrom", "2026-12-02T00:00:00Z"),
    ] {
        let forged = with_object(&response, &rig.signer, |object| {
            put(at(object, "validityInfo"), key, tdate(value));
        });
        expect(&rig.verify(&forged), "object.validity", Verdict::Failed, key);
    }
    for wrong in ["2026-11-25T00:00:00.5Z", "2026-11-25T09:00:00+09:00", "2026-11-25"] {
        let forged = with_object(&response, &rig.signer, |object| {
            put(at(object, "validityInfo"), "signed", tdate(wrong));
        });
        expect(&rig.verify(&forged), "document.form", Verdict::Failed, wrong);
    }
}

#[test]
fn a_revoked_signer_is_refused_and_without_a_current_list_nothing_is_known() {
    let (mut rig, response) = genuine();
    let verdict = |rig: &Rig, situation: &str, verdict| {
        expect(&rig.verify(&response), "signer.revocation", verdict, situation);
    };
    let certificate = rig.signer.certificate.clone();
    rig.lists = vec![rig.root.list(&[&certificate], |_| ())];
    verdict(&rig, "revoked", Verdict::Failed);
    rig.lists = vec![rig.root.list(&[&certificate], |list| {
        list.next_update = Some(time("2026-11-30T00:00:00Z"))
    })];
    verdict(&rig, "revoked by a list that has ended", Verdict::Failed);
    rig.lists = vec![];
    verdict(&rig, "no list", Verdict::NotDone);
    rig.lists = vec![
        rig.root
            .list(&[], |list| list.next_update = Some(time("2026-11-30T00:00:00Z"))),
    ];
    verdict(&rig, "a list that has ended", Verdict::NotDone);
    rig.lists = vec![
        rig.root
            .list(&[], |list| list.this_update = time("2026-12-02T00:00:00Z")),
    ];
    let passes = |rig: &Rig, situation: &str| {
        let report = rig.verify(&response);
        assert_eq!(
            report.verdict(),
            Verdict::Passed,
            "{situation}: {:?}",
            report.step("signer.revocation")
        );
    };
    passes(&rig, "a list of a later time");
    rig.lists = vec![rig.root.list(&[&certificate], |list| {
        let entries = list.revoked_certificates.iter_mut().flatten();
        entries.for_each(|entry| entry.revocation_date = time("2026-12-02T00:00:00Z"));
    })];
    passes(&rig, "revoked after the time of the check");
    rig.lists = vec![rig.root.list(&[], |list| list.next_update = None)];
    verdict(&rig, "a list without an end", Verdict::NotDone);
    rig.lists = vec![Root::new(Curve::P384, 50, |_| ()).list(&[], |_| ())];
    verdict(&rig, "a list of another root of the same name", Verdict::NotDone);
    rig.lists = vec![rig.root.list(&[], |list| {
        let mut one = usage_of_nothing();
        one.critical = true;
        list.crl_extensions.get_or_insert_default().push(one);
    })];
    verdict(&rig, "a list with an unknown critical extension", Verdict::NotDone);
    let after_the_end = |list: &mut x509_cert::crl::TbsCertList| {
        list.this_update = time("2027-06-01T00:00:01Z");
        list.next_update = Some(time("2027-07-01T00:00:00Z"));
    };
    rig.lists = vec![rig.root.list(&[], after_the_end)];
    verdict(
        &rig,
        "a list without entry, made after the signer ended",
        Verdict::NotDone,
    );
    rig.lists = vec![rig.root.list(&[&certificate], after_the_end)];
    verdict(&rig, "an entry on such a list", Verdict::Failed);
    let other = rig.root.signer(Curve::P256, 3, |_| ());
    rig.lists = vec![rig.root.list(&[&other.certificate], |_| ())];
    passes(&rig, "another one is revoked");
}

#[test]
fn another_document_type_is_refused() {
    let (rig, response) = genuine();
    let sign = |response: &[u8]| with_device(response, &Value::Map(vec![]), &transcript(), &SignerKey::P256(device()));
    let renamed = with_document(&response, |document| {
        put(document, "docType", "org.iso.18013.5.1.mDL".into())
    });
    expect(
        &rig.verify(&sign(&renamed)),
        "document.type",
        Verdict::Failed,
        "the document's",
    );
    let object = |response: &[u8]| {
        with_object(response, &rig.signer, |object| {
            put(object, "docType", "org.iso.18013.5.1.mDL".into())
        })
    };
    expect(
        &rig.verify(&object(&response)),
        "document.type",
        Verdict::Failed,
        "the object's",
    );
    expect(
        &rig.verify(&sign(&object(&renamed))),
        "document.type",
        Verdict::Failed,
        "both",
    );
}

#[test]
fn another_version_or_digest_is_refused() {
    let (rig, response) = genuine();
    for (key, value) in [("version", "1.1"), ("digestAlgorithm", "SHA-1")] {
        let forged = with_object(&response, &rig.signer, |object| put(object, key, value.into()));
        expect(&rig.verify(&forged), "object.form", Verdict::Failed, key);
    }
    let status = with_object(&response, &rig.signer, |object| {
        put(object, "status", Value::Map(vec![]))
    });
    expect(&rig.verify(&status), "object.status", Verdict::NotDone, "a status list");
}

#[test]
fn a_response_by_another_device_or_of_another_session_is_refused() {
    let (rig, response) = genuine();
    let other = with_device(&response, &Value::Map(vec![]), &transcript(), &Curve::P256.key(9));
    expect(
        &rig.verify(&other),
        "device.authentication",
        Verdict::Failed,
        "another key",
    );
    let missing = with_document(&response, |document| {
        remove(at(at(document, "deviceSigned"), "deviceAuth"), "deviceSignature");
    });
    expect(
        &rig.verify(&missing),
        "device.authentication",
        Verdict::Failed,
        "no signature",
    );
    let absent = with_document(&response, |document| remove(document, "deviceSigned"));
    expect(&rig.verify(&absent), "document.form", Verdict::Failed, "no device part");
    let claims = forge::decode(&forge::encode(&Value::Map(vec![(
        NAMESPACE_JP.into(),
        Value::Map(vec![("individual_number_unicode".into(), "123456789018".into())]),
    )])));
    let own = with_device(&response, &claims, &transcript(), &SignerKey::P256(device()));
    expect(
        &rig.verify(&own),
        "device.elements",
        Verdict::Failed,
        "an element of the device",
    );
    assert_eq!(
        rig.verify(&own).step("device.authentication").unwrap().verdict,
        Verdict::Passed
    );
    let session = Transcript::browser("ZW5jcnlwdGlvbg", "https://other.test.invalid");
    let options = Options {
        lists: &rig.lists,
        ..Options::default()
    };
    let report = verify(&response, &session, &[&rig.root.certificate], now(), &options);
    expect(&report, "device.authentication", Verdict::Failed, "another session");
}

#[test]
fn an_answer_without_elements_proves_nothing() {
    let (rig, response) = genuine();
    let none = forge::changed(&response, |value| remove(value, "documents"));
    expect(
        &rig.verify(&none),
        "response.documents",
        Verdict::Failed,
        "no documents",
    );
    let status = forge::changed(&response, |value| put(value, "status", 10.into()));
    expect(&rig.verify(&status), "response.status", Verdict::Failed, "status 10");
    let empty = with_document(&response, |document| remove(at(document, "issuerSigned"), "nameSpaces"));
    expect(&rig.verify(&empty), "elements.present", Verdict::Failed, "no elements");
    let twice = forge::changed(&response, |value| {
        let documents = at(value, "documents").as_array_mut().unwrap();
        documents.push(documents[0].clone());
    });
    expect(
        &rig.verify(&twice),
        "response.documents",
        Verdict::Failed,
        "two of the same type",
    );
}

#[test]
fn elements_of_a_wrong_form_are_refused_and_contradictions_are_noted() {
    let (rig, response) = genuine();
    let signed = |name: (&str, &str), key: &'static str, value: Value| {
        rig.verify(&with_item(&response, name, Some(&rig.signer), move |item| {
            put(item, key, value)
        }))
    };
    let random = signed(ADDRESS, "random", Value::Bytes(vec![1; 15]));
    expect(&random, "elements.random", Verdict::Failed, "15 random bytes");
    let number = signed(ADDRESS, "digestID", (1_u64 << 31).into());
    expect(&number, "elements.numbers", Verdict::Failed, "a large digestID");
    let text = signed((NAMESPACE, "sex"), "elementValue", "2".into());
    expect(&text, "elements.types", Verdict::Failed, "a text");
    let date = |text: &str| Value::Tag(1004, Box::new(text.into()));
    for wrong in [
        date("1971-02-29"),
        date("1971-9-1"),
        Value::Tag(0, Box::new("1971-09-01".into())),
    ] {
        let report = signed((NAMESPACE, "birth_date"), "elementValue", wrong);
        expect(&report, "elements.types", Verdict::Failed, "a wrong date");
    }
    let map = Value::Map(vec![("birth_date".into(), date("1971-09-01"))]);
    let report = signed((NAMESPACE, "birth_date"), "elementValue", map);
    assert_eq!(report.verdict(), Verdict::Passed, "{:#?}", report.steps);
    for (name, value) in [
        ((NAMESPACE, "birth_date"), date("1971-09-02")),
        ((NAMESPACE, "sex"), 1.into()),
        ((NAMESPACE, "age_over_20"), false.into()),
    ] {
        let report = signed(name, "elementValue", value);
        expect(&report, "elements.agreement", Verdict::Note, name.1);
        assert_eq!(report.verdict(), Verdict::Passed);
    }
}

#[test]
fn elements_that_were_not_asked_for_are_refused_and_missing_ones_noted() {
    let mut rig = rig();
    let response = rig.response();
    rig.request = common::request(&common::ALL[..10]);
    let report = rig.verify(&response);
    expect(&report, "request.elements", Verdict::Failed, "age_over_20");
    assert_eq!(report.elements.len(), 10);
    rig.request = DeviceRequest::create(
        vmyna_mdoc::DOC_TYPE,
        &[&common::ALL[..], &[(NAMESPACE, "age_over_18")]].concat(),
        false,
    )
    .unwrap();
    let report = rig.verify(&response);
    expect(&report, "request.missing", Verdict::Note, "age_over_18");
    assert_eq!(report.verdict(), Verdict::Passed);
}

#[test]
fn cbor_outside_the_strict_form_is_refused() {
    let (rig, response) = genuine();
    let deep = [vec![0x81; 40], vec![0]].concat();
    let version = b"gversion";
    let place = response
        .windows(version.len())
        .position(|part| part == version)
        .unwrap()
        - 1;
    assert_eq!(response[place] & 0xE0, 0, "the entry before is a small number");
    let mut long = response.clone();
    long.splice(place..=place, [0x18, response[place]]);
    let twice = [&[0xA4][..], &response[1..], b"fstatus\0"].concat();
    let indefinite = [&[0xBF][..], &response[1..], &[0xFF]].concat();
    let trailing = [&response[..], &[0]].concat();
    for (situation, forged) in [
        ("deep nesting", deep),
        ("a number with a long head", long),
        ("a key twice", twice),
        ("an indefinite length", indefinite),
        ("a byte behind", trailing),
        ("nothing", vec![]),
    ] {
        expect(&rig.verify(&forged), "response.form", Verdict::Failed, situation);
    }
    let mut huge = response;
    huge.resize(vmyna_mdoc::MAX_BYTES + 1, 0);
    expect(&rig.verify(&huge), "response.form", Verdict::Failed, "more than 1 MiB");
}
