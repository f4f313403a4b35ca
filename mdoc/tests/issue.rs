//! What is issued is the structure of ISO/IEC 18013-5, and only what has a value.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use common::{Curve, Root, attributes, device, issued, now, rng, validity};
use vmyna_mdoc::{
    Attributes, BirthDate, BirthDateForm, DOC_TYPE, IssueError, IssuerSigned, NAMESPACE, NAMESPACE_JP, ParseError, Sex,
    Signer, Validity, ValidityError, Value, issue,
};

fn signer() -> Signer {
    Root::new(Curve::P384, 1, |_| ()).signer(Curve::P256, 2, |_| ())
}

fn value(issued: &IssuerSigned, namespace: &str, identifier: &str) -> Option<Value> {
    let mut items = issued.items().iter();
    let found = items.find(|item| item.namespace() == namespace && item.identifier() == identifier);
    found.map(|item| item.value().clone())
}

fn issue_of(attributes: &Attributes) -> IssuerSigned {
    issue(
        attributes,
        &validity(),
        &device().public_key(),
        &signer(),
        0,
        &mut rng(),
    )
    .unwrap()
}

#[test]
fn an_issued_mdoc_has_every_value_and_is_read_the_same() {
    let signer = signer();
    let issued = issued(&signer);
    let text = |value: &str| Some(Value::from(value));
    assert_eq!(
        value(&issued, NAMESPACE_JP, "full_name_unicode"),
        text("見本\u{3000}花子")
    );
    assert_eq!(value(&issued, NAMESPACE_JP, "sex_unicode"), text("女"));
    assert_eq!(value(&issued, NAMESPACE_JP, "birth_date_unicode"), text("1971年9月1日"));
    assert_eq!(value(&issued, NAMESPACE, "sex"), Some(2.into()));
    assert_eq!(value(&issued, NAMESPACE, "age_over_20"), Some(true.into()));
    let date = Value::Tag(1004, Box::new("1971-09-01".into()));
    assert_eq!(value(&issued, NAMESPACE, "birth_date"), Some(date));
    assert_eq!(issued.items().len(), 11);

    let object = issued.security_object();
    assert_eq!(object.doc_type, DOC_TYPE);
    assert_eq!(object.validity, validity());
    assert_eq!(object.device_key, device().public_key());
    // Three decoys in each namespace.
    let counts: Vec<usize> = object.value_digests.values().map(|digests| digests.len()).collect();
    assert_eq!(counts, [7, 10]);
    assert_eq!(issued.signer_certificate(), signer.certificate);

    let again = IssuerSigned::parse(issued.to_bytes()).unwrap();
    assert_eq!(again.items(), issued.items());
    assert_eq!(again.to_bytes(), issued.to_bytes());
}

#[test]
fn the_birth_date_has_the_form_that_was_chosen_and_a_mask_if_a_part_is_unknown() {
    let with = |birth_date, birth_date_form| {
        let issued = issue_of(&Attributes {
            birth_date,
            birth_date_form,
            sex: Some(Sex::Unknown),
            ..Attributes::default()
        });
        let words = value(&issued, NAMESPACE_JP, "birth_date_unicode");
        (value(&issued, NAMESPACE, "birth_date"), words)
    };
    let date = |text: &str| Value::Tag(1004, Box::new(text.into()));
    let map = |text: &str, mask: Option<&str>| {
        let mut entries = vec![(Value::from("birth_date"), date(text))];
        entries.extend(mask.map(|mask| ("approximate_mask".into(), mask.into())));
        Some(Value::Map(entries))
    };
    let words = |text: &str| Some(Value::from(text));
    for (birth, form, value, in_words) in [
        (
            (1971, 9, 1),
            BirthDateForm::Date,
            Some(date("1971-09-01")),
            words("1971年9月1日"),
        ),
        (
            (1971, 9, 1),
            BirthDateForm::Map,
            map("1971-09-01", None),
            words("1971年9月1日"),
        ),
        (
            (1945, 6, 0),
            BirthDateForm::Date,
            map("1945-06-01", Some("00000011")),
            words("1945年6月"),
        ),
        (
            (1945, 0, 0),
            BirthDateForm::Map,
            map("1945-01-01", Some("00001111")),
            words("1945年"),
        ),
        ((0, 0, 0), BirthDateForm::Date, None, None),
    ] {
        let (year, month, day) = birth;
        assert_eq!(
            with(BirthDate::new(year, month, day), form),
            (value, in_words),
            "{birth:?}"
        );
    }
    for (year, month, day) in [
        (0, 1, 1),
        (1971, 0, 1),
        (1971, 13, 1),
        (1971, 2, 29),
        (10_000, 1, 1),
        (1971, 4, 31),
    ] {
        assert_eq!(BirthDate::new(year, month, day), None);
    }
    assert!(BirthDate::new(2000, 2, 29).is_some());
}

#[test]
fn no_debug_output_has_the_my_number_or_the_portrait() {
    let attributes = attributes();
    let issued = issued(&signer());
    let shown = format!("{attributes:?} {issued:?} {:?} {:?}", issued.items(), signer());
    assert!(shown.contains("individual_number_unicode"));
    assert!(
        !shown.contains("123456789018") && !shown.contains("255, 216"),
        "{shown}"
    );
}

#[test]
fn an_mdoc_without_values_or_outside_its_signers_validity_is_not_issued() {
    let signer = signer();
    let with = |attributes: &Attributes, validity: &Validity, signer: &Signer| {
        issue(attributes, validity, &device().public_key(), signer, 0, &mut rng()).unwrap_err()
    };
    assert!(matches!(
        with(&Attributes::default(), &validity(), &signer),
        IssueError::Empty
    ));
    for (age_over, wrong) in [
        (vec![(100, false)], 100),
        (vec![(20, true), (18, true), (20, true)], 20),
    ] {
        let attributes = Attributes {
            age_over,
            ..Attributes::default()
        };
        let error = with(&attributes, &validity(), &signer);
        assert!(matches!(error, IssueError::AgeOver(age) if age == wrong), "{error}");
    }
    let other = Signer {
        key: Curve::P256.key(9),
        certificate: signer.certificate.clone(),
    };
    assert!(matches!(with(&attributes(), &validity(), &other), IssueError::OtherKey));
    let none = Signer {
        certificate: Vec::new(),
        ..signer.clone()
    };
    assert!(matches!(
        with(&attributes(), &validity(), &none),
        IssueError::Certificate(_)
    ));
    for (wrong, expected) in [
        (
            Validity {
                valid_until: validity().valid_from,
                ..validity()
            },
            ValidityError::Order,
        ),
        (
            Validity {
                signed: now(),
                ..validity()
            },
            ValidityError::Order,
        ),
        (
            Validity {
                valid_until: common::at("2027-06-01T00:00:01Z"),
                ..validity()
            },
            ValidityError::OfSigner,
        ),
        (
            Validity {
                signed: common::at("2026-05-31T23:59:59Z"),
                ..validity()
            },
            ValidityError::OfSigner,
        ),
    ] {
        assert!(matches!(with(&attributes(), &wrong, &signer), IssueError::Validity(error) if error == expected));
    }
}

#[test]
fn digest_numbers_are_not_in_the_order_of_the_elements() {
    let orders: Vec<Vec<u64>> = [1_u64, 2]
        .into_iter()
        .map(|seed| {
            use rand_core::SeedableRng;
            let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
            let issued = issue(
                &attributes(),
                &validity(),
                &device().public_key(),
                &signer(),
                0,
                &mut rng,
            )
            .unwrap();
            let digits = |item: &vmyna_mdoc::Item| item.digest_id();
            issued.items().iter().map(digits).collect()
        })
        .collect();
    assert_ne!(orders[0], orders[1]);
    for mut order in orders {
        let jp = order.iter().copied().take(7).collect::<Vec<_>>();
        assert!(!jp.is_sorted());
        order.sort_unstable();
        assert_eq!(order, [0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 6]);
    }
}

#[test]
fn the_digits_of_a_birth_date_are_zero_where_it_is_unknown() {
    for (parts, expected) in [
        ((1971, 9, 1), "19710901"),
        ((1940, 3, 0), "19400300"),
        ((1940, 0, 0), "19400000"),
    ] {
        let (year, month, day) = parts;
        assert_eq!(BirthDate::new(year, month, day).unwrap().digits(), expected);
    }
}

#[test]
fn a_repeated_element_is_refused_by_its_own_error() {
    let mut value = common::forge::decode(issued(&signer()).to_bytes());
    let items = common::forge::at(common::forge::at(&mut value, "nameSpaces"), NAMESPACE);
    let items = items.as_array_mut().unwrap();
    items.push(items[0].clone());
    let error = IssuerSigned::parse(&common::forge::encode(&value)).unwrap_err();
    assert_eq!(error.to_string(), "an element of a namespace is stated more than once");
}

#[test]
fn every_part_of_an_mdoc_is_refused() {
    let issued = issued(&signer());
    for length in 0..issued.to_bytes().len() {
        let error = IssuerSigned::parse(&issued.to_bytes()[..length]).unwrap_err();
        assert!(
            matches!(error, ParseError::Cbor("IssuerSigned", _)),
            "{length}: {error}"
        );
    }
}
