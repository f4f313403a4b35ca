use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{
    Algorithm, Claims, JoseError, LONGEST_TOKEN, TimeFault, VerifyingKey, base64url, json as strict, sign, unverified,
    verify,
};
use super::signer;

const BOTH: [Algorithm; 2] = Algorithm::ALL;

/// The verdict with the signer's own key, which is known by its `kid`.
fn verdict(token: &str, algorithm: Algorithm) -> Result<Claims, JoseError> {
    let key = signer(algorithm).public();
    verify(token, algorithm, |kid| (kid == Some(key.kid())).then_some(key))
}

/// A token of any header and claims, signed by the key.
fn forged(header: &str, claims: &str, algorithm: Algorithm) -> String {
    let signed = format!(
        "{}.{}",
        base64url::encode(header.as_bytes()),
        base64url::encode(claims.as_bytes())
    );
    let signature = signer(algorithm).signature(signed.as_bytes()).unwrap();
    format!("{signed}.{}", base64url::encode(&signature))
}

/// A header that is accepted, with more in it.
fn header(algorithm: Algorithm, more: &str) -> String {
    let (name, kid) = (algorithm.name(), signer(algorithm).kid());
    format!(r#"{{"alg":"{name}","kid":"{kid}"{more}}}"#)
}

#[test]
fn a_signed_token_gives_back_its_claims() {
    for algorithm in BOTH {
        let claims = Claims::new([("iss", "a".into()), ("n", 7.into()), ("名", "見本".into())]);
        let token = sign(signer(algorithm), "JWT", &claims).unwrap();
        assert_eq!(verdict(&token, algorithm), Ok(claims.clone()));
        assert_eq!(unverified(&token), Ok(claims));
    }
}

#[test]
fn a_token_with_a_changed_byte_is_refused() {
    for algorithm in BOTH {
        let token = sign(signer(algorithm), "JWT", &Claims::new([("sub", "hanako".into())])).unwrap();
        let step = if algorithm == Algorithm::Rs256 { 7 } else { 1 };
        for at in (0..token.len()).step_by(step) {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(verdict(&changed, algorithm).is_err(), "{algorithm:?} at {at}");
        }
    }
}

#[test]
fn a_token_of_another_form_is_refused() {
    let token = sign(signer(Algorithm::Es256), "JWT", &Claims::new([])).unwrap();
    let (head, rest) = token.split_once('.').unwrap();
    for (text, error) in [
        (String::new(), JoseError::Form),
        ("a".to_owned(), JoseError::Form),
        (format!("{head}.{rest}."), JoseError::Form),
        (format!("{head}.{rest}.x"), JoseError::Form),
        (format!("{token}="), JoseError::Form),
        (format!("{token}\n"), JoseError::Form),
        (format!(" {token}"), JoseError::Form),
        (format!("{head}=.{rest}"), JoseError::Form),
        ("..".to_owned(), JoseError::Json),
        (format!("{token}{}", "A".repeat(LONGEST_TOKEN)), JoseError::Long),
    ] {
        assert_eq!(verdict(&text, Algorithm::Es256), Err(error), "{text:?}");
    }
}

#[test]
fn a_header_that_chooses_anything_is_refused() {
    let good = Algorithm::Es256;
    assert!(verdict(&forged(&header(good, ""), "{}", good), good).is_ok());
    assert!(
        verdict(
            &forged(&header(good, r#","typ":"at+jwt","x5t":"abc","cty":"json""#), "{}", good),
            good
        )
        .is_ok()
    );
    for more in [
        r#","crit":[]"#,
        r#","crit":["exp"],"exp":1"#,
        r#","b64":false"#,
        r#","jwk":{}"#,
        r#","jku":"http://127.0.0.1/keys""#,
        r#","x5u":"http://127.0.0.1/x""#,
        r#","zip":"DEF""#,
        r#","enc":"A128GCM""#,
        r#","cty":"JWT""#,
        r#","cty":"jwt""#,
        r#","cty":7"#,
        r#","typ":["JWT"]"#,
    ] {
        let token = forged(&header(good, more), "{}", good);
        assert_eq!(verdict(&token, good), Err(JoseError::Header), "{more}");
    }
    let kid = forged(r#"{"alg":"ES256","kid":7}"#, "{}", good);
    assert_eq!(verdict(&kid, good), Err(JoseError::Header));
}

#[test]
fn only_the_registered_algorithm_is_accepted() {
    let kid = signer(Algorithm::Es256).kid();
    for name in ["none", "None", "NONE", "HS256", "RS256", "ES384", "es256", "", "PS256"] {
        let token = forged(&format!(r#"{{"alg":"{name}","kid":"{kid}"}}"#), "{}", Algorithm::Es256);
        assert_eq!(verdict(&token, Algorithm::Es256), Err(JoseError::Algorithm), "{name}");
        // As the forgers of `none` send it.
        let (signed, _) = token.rsplit_once('.').unwrap();
        assert_eq!(
            verdict(&format!("{signed}."), Algorithm::Es256),
            Err(JoseError::Algorithm)
        );
    }
    for alg in ["null", "7", r#"["ES256"]"#] {
        let token = forged(&format!(r#"{{"alg":{alg},"kid":"{kid}"}}"#), "{}", Algorithm::Es256);
        assert_eq!(verdict(&token, Algorithm::Es256), Err(JoseError::Algorithm), "{alg}");
    }
    let token = forged(&format!(r#"{{"kid":"{kid}"}}"#), "{}", Algorithm::Es256);
    assert_eq!(verdict(&token, Algorithm::Es256), Err(JoseError::Algorithm));
}

#[test]
fn a_token_hashed_with_the_public_key_as_secret_is_refused() {
    // The trick against verifiers that take the algorithm from the token: HMAC with the public key, which everybody knows.
    let key = signer(Algorithm::Rs256).public();
    let header = format!(r#"{{"alg":"HS256","kid":"{}"}}"#, key.kid());
    let signed = format!("{}.{}", base64url::encode(header.as_bytes()), base64url::encode(b"{}"));
    let token = format!("{signed}.{}", base64url::encode(&[0x5A; 32]));
    assert_eq!(verdict(&token, Algorithm::Rs256), Err(JoseError::Algorithm));
}

#[test]
fn a_key_of_another_algorithm_or_owner_is_refused() {
    let token = sign(signer(Algorithm::Es256), "JWT", &Claims::new([])).unwrap();
    let rsa = signer(Algorithm::Rs256).public();
    assert_eq!(
        verify(&token, Algorithm::Es256, |_| Some(rsa)),
        Err(JoseError::UnknownKey)
    );
    assert_eq!(
        verify(&token, Algorithm::Es256, |_| None::<&VerifyingKey>),
        Err(JoseError::UnknownKey)
    );
    let foreign = super::super::Signer::generate(Algorithm::Es256, &mut rand_core::OsRng).unwrap();
    assert_eq!(
        verify(&token, Algorithm::Es256, |_| Some(foreign.public())),
        Err(JoseError::Signature)
    );
}

#[test]
fn an_ecdsa_signature_in_der_is_refused() {
    let signed = format!(
        "{}.{}",
        base64url::encode(header(Algorithm::Es256, "").as_bytes()),
        base64url::encode(b"{}")
    );
    let raw = signer(Algorithm::Es256).signature(signed.as_bytes()).unwrap();
    let der = p256::ecdsa::Signature::from_slice(&raw).unwrap().to_der();
    for signature in [
        der.as_bytes(),
        &raw[..63],
        &[raw.as_slice(), &[0]].concat(),
        &[0; 64],
        &[0xFF; 64],
        &[],
    ] {
        let token = format!("{signed}.{}", base64url::encode(signature));
        assert_eq!(verdict(&token, Algorithm::Es256), Err(JoseError::Signature));
    }
}

#[test]
fn a_name_that_is_there_twice_is_refused() {
    let algorithm = Algorithm::Es256;
    for claims in [
        r#"{"sub":"a","sub":"a"}"#,
        r#"{"sub":"a","s\u0075b":"b"}"#,
        r#"{"a":{"b":1,"b":2}}"#,
        r#"{"a":[{"b":1,"b":2}]}"#,
        "[]",
        "7",
        "{} {}",
        "{",
        "",
        "{\"a\":\"\u{FFFF}",
    ] {
        let token = forged(&header(algorithm, ""), claims, algorithm);
        assert_eq!(verdict(&token, algorithm), Err(JoseError::Json), "{claims}");
    }
    let twice = format!(r#"{{"alg":"ES256","alg":"ES256","kid":"{}"}}"#, signer(algorithm).kid());
    assert_eq!(
        verdict(&forged(&twice, "{}", algorithm), algorithm),
        Err(JoseError::Json)
    );
    assert_eq!(strict::object(b"{\"a\":\"\xFF\"}"), None);
    assert_eq!(
        strict::object(format!("{}{}", "[".repeat(500), "]".repeat(500)).as_bytes()),
        None
    );
    let value = strict::object(r#"{"a":[1,-1,1.5,true,null,"x",{}],"b":{"a":1}}"#.as_bytes());
    assert_eq!(
        value.map(Value::Object),
        Some(json!({"a": [1, -1, 1.5, true, null, "x", {}], "b": {"a": 1}}))
    );
}

#[test]
fn base64url_has_one_text_for_each_value() {
    for (bytes, text) in [(&b""[..], ""), (b"f", "Zg"), (b"fo", "Zm8"), (b"\xFB\xFF", "-_8")] {
        assert_eq!(base64url::encode(bytes), text);
        assert_eq!(base64url::decode(text).as_deref(), Some(bytes));
    }
    for text in ["Zh", "Zg==", "Zg=", "Zm9", "Z", "+/8", "Zg\n", " Zg", "Zm 8", "日本"] {
        assert_eq!(base64url::decode(text), None, "{text:?}");
    }
}

#[test]
fn times_are_checked_with_a_leeway() {
    let at = |claims: Value| match claims {
        Value::Object(object) => Claims::from(object).check_times(1000, 60),
        _ => unreachable!(),
    };
    for (claims, verdict) in [
        (json!({"exp": 1001}), Ok(())),
        (json!({"exp": 941}), Ok(())),
        (json!({"exp": 940}), Err(TimeFault::Expired)),
        (json!({"exp": 941.5}), Ok(())),
        (json!({"exp": 2000, "nbf": 1060, "iat": 1060}), Ok(())),
        (json!({"exp": 2000, "nbf": 1061}), Err(TimeFault::Future)),
        (json!({"exp": 2000, "iat": 1061}), Err(TimeFault::Future)),
        (json!({}), Err(TimeFault::Form)),
        (json!({"exp": "2000"}), Err(TimeFault::Form)),
        (json!({"exp": -1}), Err(TimeFault::Form)),
        (json!({"exp": 1e300}), Err(TimeFault::Form)),
        (json!({"exp": u64::MAX}), Err(TimeFault::Form)),
        (json!({"exp": 2000, "iat": null}), Err(TimeFault::Form)),
        (json!({"exp": 2000, "nbf": "1"}), Err(TimeFault::Form)),
    ] {
        assert_eq!(at(claims.clone()), verdict, "{claims}");
    }
}

#[test]
fn an_audience_is_one_text() {
    let is_for = |aud: Value| Claims::new([("aud", aud)]).is_for("a");
    assert!(is_for(json!("a")));
    assert!(is_for(json!(["a"])));
    for aud in [
        json!(["a", "b"]),
        json!(["a", "a"]),
        json!([]),
        json!("b"),
        json!("a "),
        json!(7),
        json!({"a": "a"}),
    ] {
        assert!(!is_for(aud.clone()), "{aud}");
    }
}

#[test]
fn neither_keys_nor_claims_are_in_debug_output() {
    let pem = signer(Algorithm::Es256).to_pem().unwrap();
    let shown = format!("{:?}", signer(Algorithm::Es256));
    assert!(shown.contains(signer(Algorithm::Es256).kid()));
    assert!(shown.len() < 100 && !pem.contains(&shown));
    let claims = Claims::new([("name", "見本花子".into())]);
    assert_eq!(format!("{claims:?}"), r#"{"name"}"#);
}

proptest! {
    #[test]
    fn any_text_is_refused_without_a_panic(text in "\\PC{0,200}") {
        prop_assert!(verdict(&text, Algorithm::Es256).is_err());
        let _ = unverified(&text);
    }

    #[test]
    fn any_header_and_claims_are_decided_without_a_panic(header in any::<Vec<u8>>(), claims in any::<Vec<u8>>()) {
        let token = format!("{}.{}.AAAA", base64url::encode(&header), base64url::encode(&claims));
        prop_assert!(verdict(&token, Algorithm::Rs256).is_err());
        let _ = unverified(&token);
    }

    #[test]
    fn any_claims_come_back(names in prop::collection::btree_map("\\PC{0,12}", "\\PC{0,40}", 0..12)) {
        let claims = Claims::from(names.into_iter().map(|(name, value)| (name, value.into())).collect::<serde_json::Map<_, _>>());
        let token = sign(signer(Algorithm::Es256), "JWT", &claims).unwrap();
        prop_assert_eq!(verdict(&token, Algorithm::Es256), Ok(claims));
    }

    #[test]
    fn any_bytes_come_back_from_base64url(bytes in any::<Vec<u8>>()) {
        let text = base64url::encode(&bytes);
        prop_assert_eq!(base64url::decode(&text), Some(bytes));
    }

    #[test]
    fn a_text_is_the_only_one_of_its_bytes(text in "[A-Za-z0-9_-]{0,12}") {
        if let Some(bytes) = base64url::decode(&text) {
            prop_assert_eq!(base64url::encode(&bytes), text);
        }
    }
}
