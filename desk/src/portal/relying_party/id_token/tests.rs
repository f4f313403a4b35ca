use proptest::prelude::*;
use rand_core::OsRng;
use serde_json::{Value, json};

use super::*;
use crate::jose::{JoseError, Signer, sign};

const NOW: u64 = 1_800_000_000;
const ACCESS: &str = "an.access.token";

fn signer() -> Signer {
    Signer::generate(Algorithm::Es256, &mut OsRng).unwrap()
}

fn claims() -> Claims {
    Claims::new([
        ("iss", json!("http://localhost:1/main")),
        ("sub", json!("person-1")),
        ("aud", json!("portal")),
        ("nonce", json!("the nonce")),
        ("acr", json!("aal3 crl")),
        ("iat", json!(NOW)),
        ("exp", json!(NOW + 300)),
        ("auth_time", json!(NOW - 5)),
    ])
}

fn expected() -> Expected<'static> {
    Expected {
        issuer: "http://localhost:1/main",
        client_id: "portal",
        nonce: Some("the nonce"),
        access_token: ACCESS,
        now: NOW,
    }
}

#[test]
fn a_token_that_states_what_is_expected_is_accepted() {
    let key = signer();
    let token = sign(&key, "JWT", &claims()).unwrap();
    let stated = check(&token, &[key.public().clone()], &expected()).unwrap();
    assert_eq!(
        (&*stated.subject, &*stated.acr, stated.auth_time),
        ("person-1", "aal3 crl", NOW - 5)
    );
    for more in [
        ("at_hash", json!(half(ACCESS))),
        ("azp", json!("portal")),
        ("aud", json!(["portal"])),
    ] {
        let (name, value) = more;
        assert_eq!(check_claims(&claims().with(name, value), &expected()).err(), None);
    }
}

#[test]
fn each_wrong_or_missing_claim_is_named() {
    for (name, values) in [
        (
            "iss",
            vec![
                json!("http://localhost:1/main/"),
                json!("http://localhost:2/main"),
                Value::Null,
            ],
        ),
        (
            "aud",
            vec![json!("other"), json!(["portal", "other"]), json!([]), Value::Null],
        ),
        ("azp", vec![json!("other"), json!(1)]),
        ("nonce", vec![json!("The nonce"), json!(""), json!(1), Value::Null]),
        (
            "acr",
            vec![json!("aal2"), json!("crl"), json!("aal33"), json!(""), Value::Null],
        ),
        ("exp", vec![json!(NOW - 61), json!(0), json!("soon"), Value::Null]),
        ("iat", vec![json!(NOW + 61), Value::Null]),
        ("auth_time", vec![json!(NOW - 361), json!(NOW + 61), Value::Null]),
        (
            "sub",
            vec![json!(""), json!("a b"), json!("x".repeat(256)), json!(7), Value::Null],
        ),
        ("at_hash", vec![json!(half("another")), json!("")]),
    ] {
        for value in values {
            let wrong = claims().with(name, value.clone());
            let found = check_claims(&wrong, &expected()).err();
            // A time that is no number spoils all of them.
            let names = if name == "iat" && value.is_null() {
                ["iat", "exp"]
            } else {
                [name, name]
            };
            assert!(
                found.is_some_and(|found| names.contains(&found)),
                "{name} {value}: {found:?}"
            );
        }
    }
}

#[test]
fn a_token_of_another_key_or_algorithm_is_refused() {
    let (own, other) = (signer(), signer());
    let token = sign(&other, "JWT", &claims()).unwrap();
    let keys = [own.public().clone()];
    assert!(matches!(
        check(&token, &keys, &expected()),
        Err(RelyingPartyError::Token(JoseError::UnknownKey))
    ));
    let posing = other.with_kid(own.kid()).unwrap();
    let token = sign(&posing, "JWT", &claims()).unwrap();
    assert!(matches!(
        check(&token, &keys, &expected()),
        Err(RelyingPartyError::Token(JoseError::Signature))
    ));
    let rsa = Signer::generate(Algorithm::Rs256, &mut OsRng).unwrap();
    let token = sign(&rsa, "JWT", &claims()).unwrap();
    assert!(matches!(
        check(&token, &[rsa.public().clone()], &expected()),
        Err(RelyingPartyError::Token(JoseError::Algorithm))
    ));
}

#[test]
fn a_token_without_kid_needs_a_provider_with_one_key() {
    let (one, two) = (signer().public().clone(), signer().public().clone());
    assert_eq!(key(std::slice::from_ref(&one), None), Some(&one));
    assert_eq!(key(&[one.clone(), two.clone()], None), None);
    let name = two.kid().to_owned();
    assert_eq!(key(&[one, two.clone()], Some(&name)), Some(&two));
}

proptest! {
    #[test]
    fn any_text_in_place_of_a_token_is_refused(text in "[ -~]{0,200}") {
        prop_assert!(check(&text, &[], &expected()).is_err());
    }
}
