//! The token endpoint: codes, ID tokens, refreshing.

use serde_json::Value;
use sha2::{Digest, Sha256};
use vmyna_desk::jose::{Algorithm, Claims, base64url, parse_jwks, verify};

use crate::rig::{REDIRECT, Request, Rig, owned, random};

/// The claims of an ID token that a key of the provider has signed.
pub(crate) fn id_token(rig: &Rig, tokens: &Value) -> Claims {
    let keys = parse_jwks(&rig.get(&Rig::endpoint("certs")).json()).unwrap();
    let token = tokens["id_token"].as_str().unwrap();
    let known = |kid: Option<&str>| keys.iter().find(|key| Some(key.kid()) == kid);
    verify(token, Algorithm::Es256, known).unwrap()
}

/// The access token of an answer.
pub(crate) fn access(tokens: &Value) -> &str {
    tokens["access_token"].as_str().unwrap()
}

fn refresh_token(tokens: &Value) -> &str {
    tokens["refresh_token"].as_str().unwrap()
}

#[test]
fn an_id_token_has_the_claims_of_the_standard() {
    let rig = Rig::new();
    let request = Request::new("openid");
    let code = rig.code(&request);
    let reply = rig.exchange(&request, &code, |_| ());
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let tokens = reply.json();
    assert_eq!(
        (&tokens["token_type"], &tokens["expires_in"]),
        (&"Bearer".into(), &300.into())
    );
    assert_eq!(tokens["scope"], "openid");
    let claims = id_token(&rig, &tokens);
    assert_eq!(claims.text("iss").unwrap(), rig.issuer());
    assert_eq!(claims.text("aud"), Some("shop"));
    assert_eq!(claims.text("nonce").unwrap(), request.nonce);
    assert_eq!(claims.text("acr"), Some("aal3"));
    assert!(claims.text("sub").unwrap().len() <= 255);
    let now = rig.now();
    assert_eq!(claims.time("iat"), Some(now));
    assert_eq!(claims.time("exp"), Some(now + 300));
    assert_eq!(claims.time("auth_time"), Some(now));
    let half = &Sha256::digest(access(&tokens))[..16];
    assert_eq!(claims.text("at_hash").unwrap(), base64url::encode(half));
    for name in ["name", "address", "birthdate", "gender"] {
        assert!(claims.get(name).is_none(), "{name}");
    }
}

#[test]
fn an_access_token_is_a_jwt_with_rs256() {
    let rig = Rig::new();
    let tokens = rig.tokens(&Request::new("openid"));
    let keys = parse_jwks(&rig.get(&Rig::endpoint("certs")).json()).unwrap();
    let known = |kid: Option<&str>| keys.iter().find(|key| Some(key.kid()) == kid);
    let claims = verify(access(&tokens), Algorithm::Rs256, known).unwrap();
    assert_eq!(claims.text("scope"), Some("openid"));
    assert_eq!(claims.text("azp"), Some("shop"));
}

#[test]
fn a_person_has_another_identifier_at_each_relying_party() {
    let rig = Rig::new();
    let subject = |request: &Request| id_token(&rig, &rig.tokens(request)).text("sub").unwrap().to_owned();
    let (shop, bank) = (
        subject(&Request::new("openid")),
        subject(&Request::of("bank", "openid")),
    );
    assert_ne!(shop, bank);
    assert_eq!(subject(&Request::new("openid name")), shop);
}

#[test]
fn a_code_is_used_once_and_its_second_use_revokes_the_tokens() {
    let rig = Rig::new();
    let request = Request::new("openid");
    let code = rig.code(&request);
    let tokens = rig.exchange(&request, &code, |_| ()).json();
    assert_eq!(rig.userinfo(access(&tokens)).status, 200);
    assert_eq!(rig.exchange(&request, &code, |_| ()).error(), "invalid_grant");
    assert_eq!(rig.userinfo(access(&tokens)).error(), "invalid_token");
    let refreshed = rig.refresh(&request, refresh_token(&tokens), |_| ());
    assert_eq!(refreshed.error(), "invalid_grant");
    // Also long after the code has expired.
    let code = rig.code(&request);
    let tokens = rig.exchange(&request, &code, |_| ()).json();
    rig.wait(200);
    assert_eq!(rig.exchange(&request, &code, |_| ()).error(), "invalid_grant");
    assert_eq!(rig.userinfo(access(&tokens)).error(), "invalid_token");
}

#[test]
fn a_code_holds_for_a_minute() {
    let rig = Rig::new();
    let request = Request::new("openid");
    let code = rig.code(&request);
    rig.wait(59);
    assert_eq!(rig.exchange(&request, &code, |_| ()).status, 200);
    let code = rig.code(&request);
    rig.wait(60);
    assert_eq!(rig.exchange(&request, &code, |_| ()).error(), "invalid_grant");
}

#[test]
fn a_wrong_verifier_is_refused_and_ends_the_code() {
    let rig = Rig::new();
    let request = Request::new("openid");
    let wrong = random();
    let challenge = base64url::encode(&Sha256::digest(&request.verifier));
    let long = "a".repeat(129);
    for verifier in [wrong.as_str(), &challenge, &request.verifier[..42], &long, "", "a b"] {
        let code = rig.code(&request);
        let reply = rig.exchange(&request, &code, |pairs| pairs.set("code_verifier", verifier));
        let expected = if verifier.is_empty() {
            "invalid_request"
        } else {
            "invalid_grant"
        };
        assert_eq!(reply.error(), expected, "{verifier}");
        if !verifier.is_empty() {
            assert_eq!(rig.exchange(&request, &code, |_| ()).error(), "invalid_grant");
        }
    }
    let code = rig.code(&request);
    let reply = rig.exchange(&request, &code, |pairs| pairs.remove("code_verifier"));
    assert_eq!(reply.error(), "invalid_request");
}

#[test]
fn the_redirect_uri_of_the_request_is_needed_again() {
    let rig = Rig::new();
    let request = Request::new("openid");
    let code = rig.code(&request);
    let missing = rig.exchange(&request, &code, |pairs| pairs.remove("redirect_uri"));
    assert_eq!(missing.error(), "invalid_request");
    let other = rig.exchange(&request, &code, |pairs| {
        pairs.set("redirect_uri", "https://rp.example/cb?a=b")
    });
    assert_eq!(other.error(), "invalid_grant");
}

#[test]
fn a_code_of_another_relying_party_is_refused_and_stays_good() {
    let rig = Rig::new();
    let request = Request::new("openid");
    let code = rig.code(&request);
    let thief = Request::of("bank", "openid");
    let reply = rig.exchange(&thief, &code, |pairs| pairs.set("code_verifier", &request.verifier));
    assert_eq!(reply.error(), "invalid_grant");
    assert_eq!(rig.exchange(&request, &code, |_| ()).status, 200);
}

#[test]
fn a_code_of_another_issuer_is_refused() {
    let rig = Rig::new();
    let request = Request::new("openid");
    let code = rig.code(&request);
    let host = format!("127.0.0.1:{}", rig.address.port());
    let mut pairs = crate::rig::Pairs(owned(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", &request.verifier),
    ]));
    let issuer = format!("http://{host}/api/realms/main");
    pairs.authenticated(&issuer, request.signer(), "shop", rig.now());
    let reply = rig.post(&Rig::endpoint("token"), &[("Host", &host)], &pairs.0);
    assert_eq!(reply.error(), "invalid_grant");
}

#[test]
fn unknown_grants_and_malformed_forms_are_refused() {
    let rig = Rig::new();
    let request = Request::new("openid");
    let code = random();
    assert_eq!(rig.exchange(&request, &code, |_| ()).error(), "invalid_grant");
    for (name, value, error) in [
        ("grant_type", "password", "unsupported_grant_type"),
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "unsupported_grant_type",
        ),
        ("grant_type", "", "invalid_request"),
        ("code", "", "invalid_request"),
    ] {
        let reply = rig.exchange(&request, &code, |pairs| pairs.set(name, value));
        assert_eq!(reply.error(), error, "{name}={value}");
    }
    let reply = rig.exchange(&request, &code, |pairs| {
        pairs.0.push(("code".to_owned(), code.clone()));
    });
    assert_eq!(reply.error(), "invalid_request");
    let plain = rig.post(&Rig::endpoint("token"), &[("Content-Type", "text/plain")], &[]);
    assert_eq!(plain.status, 400);
    assert_eq!(rig.get(&Rig::endpoint("token")).status, 405);
}

#[test]
fn a_refresh_token_is_used_once_and_its_second_use_revokes_all() {
    let rig = Rig::new();
    let request = Request::new("openid name");
    let first = rig.tokens(&request);
    rig.wait(200);
    let second = rig.refresh(&request, refresh_token(&first), |_| ()).json();
    assert_ne!(refresh_token(&first), refresh_token(&second));
    let (old, new) = (id_token(&rig, &first), id_token(&rig, &second));
    assert_eq!(
        (old.text("sub"), old.time("auth_time")),
        (new.text("sub"), new.time("auth_time"))
    );
    assert_eq!(new.time("iat"), Some(rig.now()));
    assert!(new.get("nonce").is_none());
    assert_eq!(rig.userinfo(access(&second)).status, 200);
    // Somebody else has the first one.
    assert_eq!(
        rig.refresh(&request, refresh_token(&first), |_| ()).error(),
        "invalid_grant"
    );
    assert_eq!(rig.userinfo(access(&second)).error(), "invalid_token");
    assert_eq!(
        rig.refresh(&request, refresh_token(&second), |_| ()).error(),
        "invalid_grant"
    );
}

#[test]
fn refreshing_ends_half_an_hour_after_the_log_in() {
    let rig = Rig::new();
    let request = Request::new("openid");
    let mut tokens = rig.tokens(&request);
    for _ in 0..3 {
        rig.wait(599);
        let reply = rig.refresh(&request, refresh_token(&tokens), |_| ());
        assert_eq!(reply.status, 200);
        tokens = reply.json();
    }
    rig.wait(3);
    assert_eq!(
        rig.refresh(&request, refresh_token(&tokens), |_| ()).error(),
        "invalid_grant"
    );
}

#[test]
fn refreshing_gives_no_more_than_was_granted() {
    let rig = Rig::new();
    let request = Request::new("openid name");
    let tokens = rig.tokens(&request);
    let more = rig.refresh(&request, refresh_token(&tokens), |pairs| {
        pairs.set("scope", "openid address")
    });
    assert_eq!(more.error(), "invalid_scope");
    let other = Request::of("bank", "openid");
    let stolen = rig.refresh(&other, refresh_token(&tokens), |_| ());
    assert_eq!(stolen.error(), "invalid_grant");
    let less = rig.refresh(&request, refresh_token(&tokens), |pairs| pairs.set("scope", "openid"));
    let less = less.json();
    assert_eq!(less["scope"], "openid");
    assert!(rig.userinfo(access(&less)).json().get("name").is_none());
}

#[test]
fn an_access_token_holds_for_five_minutes() {
    let rig = Rig::new();
    let tokens = rig.tokens(&Request::new("openid"));
    rig.wait(299);
    assert_eq!(rig.userinfo(access(&tokens)).status, 200);
    rig.wait(1);
    let reply = rig.userinfo(access(&tokens));
    assert_eq!((reply.status, reply.error().as_str()), (401, "invalid_token"));
}
