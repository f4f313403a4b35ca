//! How relying parties authenticate themselves.

use serde_json::json;
use vmyna_desk::jose::{Algorithm, Claims, Signer, base64url, sign};

use crate::http::Reply;
use crate::rig::{BANK, Pairs, Request, Rig, SHOP, assertion, random};

/// Asks for a token of the relying party itself with this assertion, which needs no code.
fn ask(rig: &Rig, assertion: &str, change: impl FnOnce(&mut Pairs)) -> Reply {
    let mut pairs = Pairs(crate::rig::owned(&[
        ("grant_type", "client_credentials"),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", assertion),
    ]));
    change(&mut pairs);
    rig.post(&Rig::endpoint("token"), &[], &pairs.0)
}

fn with(rig: &Rig, change: impl FnOnce(Claims) -> Claims) -> Reply {
    let claims = change(assertion(&rig.issuer(), "shop", rig.now()));
    ask(rig, &sign(&SHOP, "JWT", &claims).unwrap(), |_| ())
}

#[track_caller]
fn refused(reply: &Reply) {
    assert_eq!(
        (reply.status, reply.error().as_str()),
        (401, "invalid_client"),
        "{reply:?}"
    );
}

#[test]
fn the_audience_is_the_issuer_or_the_token_endpoint() {
    let rig = Rig::new();
    let issuer = rig.issuer();
    let endpoint = format!("{}{}", rig.origin(), Rig::endpoint("token"));
    for audience in [json!(issuer), json!([issuer]), json!(endpoint), json!([endpoint])] {
        assert_eq!(with(&rig, |claims| claims.with("aud", audience)).status, 200);
    }
    for audience in [
        json!([issuer, endpoint]),
        json!(format!("{issuer}/")),
        json!(issuer.replace("localhost", "127.0.0.1")),
        json!(rig.origin()),
        json!("https://auth.example/"),
        json!([]),
        json!(null),
    ] {
        refused(&with(&rig, |claims| claims.with("aud", audience)));
    }
}

#[test]
fn an_assertion_is_used_once() {
    let rig = Rig::new();
    let claims = assertion(&rig.issuer(), "shop", rig.now());
    let token = sign(&SHOP, "JWT", &claims).unwrap();
    assert_eq!(ask(&rig, &token, |_| ()).status, 200);
    refused(&ask(&rig, &token, |_| ()));
    // The same name in another assertion, and until the leeway of the first one is over.
    rig.wait(110);
    let again = claims.with("exp", rig.now() + 60);
    refused(&ask(&rig, &sign(&SHOP, "JWT", &again).unwrap(), |_| ()));
    for jti in [json!(""), json!("a".repeat(256)), json!(7), json!(null)] {
        refused(&with(&rig, |claims| claims.with("jti", jti)));
    }
}

#[test]
fn an_expired_or_future_assertion_is_refused() {
    let rig = Rig::new();
    let now = rig.now();
    for (name, time) in [
        ("exp", json!(now - 60)),
        ("exp", json!(0)),
        ("exp", json!(now + 86_400 + 61)),
        ("exp", json!((now + 60).to_string())),
        ("exp", json!(null)),
        ("nbf", json!(now + 61)),
        ("iat", json!(now + 61)),
        ("iat", json!("x")),
    ] {
        refused(&with(&rig, |claims| claims.with(name, time.clone())));
    }
    for (name, time) in [
        ("exp", now - 59),
        ("exp", now + 3600),
        ("exp", now + 86_400),
        ("nbf", now + 60),
        ("iat", now + 60),
    ] {
        let reply = with(&rig, |claims| claims.with(name, time));
        assert_eq!(reply.status, 200, "{name} {}", i128::from(time) - i128::from(now));
    }
}

#[test]
fn only_the_registered_algorithm_and_key_are_accepted() {
    let rig = Rig::new();
    let claims = assertion(&rig.issuer(), "shop", rig.now());
    let part = |text: String| base64url::encode(text.as_bytes());
    let body = part(
        json!({
            "iss": "shop", "sub": "shop", "aud": rig.issuer(), "exp": rig.now() + 60, "jti": random(),
        })
        .to_string(),
    );
    let signature = base64url::encode(&[7; 64]);
    for header in [
        json!({"alg": "none"}),
        json!({"alg": "HS256", "kid": "shop-1"}),
        json!({"alg": "ES384", "kid": "shop-1"}),
        json!({"alg": "ES256", "kid": "other"}),
        json!({"alg": "ES256", "kid": "shop-1"}),
        json!({"alg": "ES256", "kid": "shop-1", "jwk": SHOP.public().to_jwk()}),
        json!({"alg": "ES256", "kid": "shop-1", "crit": ["exp"]}),
    ] {
        let token = format!("{}.{body}.{signature}", part(header.to_string()));
        refused(&ask(&rig, &token, |_| ()));
        refused(&ask(&rig, token.trim_end_matches(&signature), |_| ()));
    }
    // Keys of somebody else, also under the right name, and another relying party's.
    let foreign = Signer::generate(Algorithm::Es256, &mut rand_core::OsRng).unwrap();
    refused(&ask(&rig, &sign(&foreign, "JWT", &claims).unwrap(), |_| ()));
    let foreign = foreign.with_kid("shop-1").unwrap();
    refused(&ask(&rig, &sign(&foreign, "JWT", &claims).unwrap(), |_| ()));
    refused(&ask(&rig, &sign(&BANK, "JWT", &claims).unwrap(), |_| ()));
    for token in ["", "x", "x.y", "x.y.z", &"A".repeat(9000)] {
        refused(&ask(&rig, token, |_| ()));
    }
}

#[test]
fn rs256_is_accepted_where_it_is_registered() {
    let rig = Rig::new();
    let request = Request::of("bank", "openid name");
    assert_eq!(rig.tokens(&request)["scope"], "openid name");
    let claims = assertion(&rig.issuer(), "bank", rig.now());
    refused(&ask(&rig, &sign(&SHOP, "JWT", &claims).unwrap(), |_| ()));
}

#[test]
fn issuer_subject_and_client_id_of_an_assertion_agree() {
    let rig = Rig::new();
    for (name, value) in [("iss", "bank"), ("sub", "bank"), ("iss", "nobody"), ("sub", "")] {
        refused(&with(&rig, |claims| claims.with(name, value)));
    }
    let token = || sign(&SHOP, "JWT", &assertion(&rig.issuer(), "shop", rig.now())).unwrap();
    let named = |id: &str| ask(&rig, &token(), |pairs| pairs.set("client_id", id));
    assert_eq!(named("shop").status, 200);
    refused(&named("bank"));
}

#[test]
fn another_authentication_or_two_at_once_are_refused() {
    let rig = Rig::new();
    let token = || sign(&SHOP, "JWT", &assertion(&rig.issuer(), "shop", rig.now())).unwrap();
    let secret = ask(&rig, &token(), |pairs| pairs.set("client_secret", "x"));
    assert_eq!(secret.error(), "invalid_request");
    refused(&ask(&rig, &token(), |pairs| pairs.set("client_assertion_type", "x")));
    refused(&ask(&rig, &token(), |pairs| pairs.remove("client_assertion_type")));
    refused(&ask(&rig, &token(), |pairs| {
        pairs.remove("client_assertion");
        pairs.set("client_id", "shop");
    }));
    let basic = [("Authorization", "Basic c2hvcDp4")];
    let mut pairs = Pairs(crate::rig::owned(&[("grant_type", "client_credentials")]));
    refused(&rig.post(&Rig::endpoint("token"), &basic, &pairs.0));
    pairs.authenticated(&rig.issuer(), &SHOP, "shop", rig.now());
    let both = rig.post(&Rig::endpoint("token"), &basic, &pairs.0);
    assert_eq!(both.error(), "invalid_request");
}

#[test]
fn a_key_in_a_file_is_read_anew_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.json");
    let new = Signer::generate(Algorithm::Es256, &mut rand_core::OsRng).unwrap();
    std::fs::write(&file, SHOP.public().to_jwk().to_string()).unwrap();
    let rig = Rig::with(crate::rig::Options {
        key_file: Some(file.clone()),
        ..Default::default()
    });
    let by = |signer: &Signer| {
        ask(
            &rig,
            &sign(signer, "JWT", &assertion(&rig.issuer(), "shop", rig.now())).unwrap(),
            |_| (),
        )
    };
    assert_eq!(by(&SHOP).status, 200);
    refused(&by(&new));
    std::fs::write(&file, new.public().to_jwk().to_string()).unwrap();
    assert_eq!(by(&new).status, 200);
    refused(&by(&SHOP));
    std::fs::remove_file(&file).unwrap();
    refused(&by(&new));
}
