//! The authorization endpoint.

use crate::http::form;
use crate::rig::{ITEMS, REDIRECT, Request, Rig};

#[test]
fn discovery_has_every_field_that_relying_parties_need() {
    let rig = Rig::new();
    let reply = rig.get("/api/realms/main/.well-known/openid-configuration");
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
    let document = reply.json();
    let issuer = rig.issuer();
    assert_eq!(document["issuer"], issuer);
    for (field, name) in [
        ("authorization_endpoint", "auth"),
        ("token_endpoint", "token"),
        ("userinfo_endpoint", "userinfo"),
        ("jwks_uri", "certs"),
    ] {
        assert_eq!(document[field], format!("{issuer}/protocol/openid-connect/{name}"));
    }
    for (field, value) in [
        ("response_types_supported", "code"),
        ("response_modes_supported", "query"),
        ("grant_types_supported", "authorization_code"),
        ("grant_types_supported", "refresh_token"),
        ("subject_types_supported", "pairwise"),
        ("id_token_signing_alg_values_supported", "ES256"),
        ("token_endpoint_auth_methods_supported", "private_key_jwt"),
        ("token_endpoint_auth_signing_alg_values_supported", "RS256"),
        ("token_endpoint_auth_signing_alg_values_supported", "ES256"),
        ("code_challenge_methods_supported", "S256"),
        ("scopes_supported", "openid"),
        ("scopes_supported", "sign"),
        ("acr_values_supported", "aal3"),
        ("claims_supported", "sub"),
    ] {
        let values = document[field].as_array().unwrap();
        assert!(values.iter().any(|one| one == value), "{field} has no {value}");
    }
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    assert!(!reply.body.contains("none\"]") && !reply.body.contains("plain"));
}

#[test]
fn the_issuer_has_the_host_word_that_was_asked_for() {
    let rig = Rig::new();
    let host = format!("127.0.0.1:{}", rig.address.port());
    let reply = rig.get_with("/api/realms/main/.well-known/openid-configuration", &[("Host", &host)]);
    assert_eq!(reply.json()["issuer"], format!("http://{host}/api/realms/main"));
}

#[test]
fn a_code_is_returned_with_state_and_issuer() {
    let rig = Rig::new();
    let request = Request::new("openid");
    let reply = rig.log_in(&request, 0);
    assert_eq!(reply.redirect().0, REDIRECT);
    assert_eq!(reply.parameter("state").unwrap(), request.state);
    assert_eq!(reply.parameter("iss").unwrap(), rig.issuer());
    assert_eq!(reply.parameter("code").unwrap().len(), 43);
    assert!(reply.parameter("session_state").is_some());
    assert!(reply.parameter("error").is_none());
}

#[test]
fn a_request_by_post_begins_a_log_in_too() {
    let rig = Rig::new();
    let request = Request::new("openid");
    // A page of the relying party has another origin.
    let foreign = [("Origin", "http://127.0.0.1:3000")];
    let page = rig.post(&Rig::endpoint("auth"), &foreign, &request.pairs);
    let page = rig.submit(&page, &[("action", "choose"), ("card", "0")]);
    let reply = rig.submit(&page, &[("action", "prove"), ("auth_pin", "1234")]);
    assert_eq!(reply.parameter("state").unwrap(), request.state);
}

#[test]
fn unknown_parameters_are_ignored() {
    let rig = Rig::new();
    let request = Request::new("openid")
        .with("extra", "foobar")
        .with("login_hint", "hanako")
        .with("display", "page")
        .with("id_token_hint", "x.y.z")
        .with("claims_locales", "ja")
        .with("acr_values", "aal3 crl urn:unknown");
    assert!(rig.log_in(&request, 0).parameter("code").is_some());
}

/// Errors that are answered on a page, and lead nowhere.
fn stays(rig: &Rig, request: &Request) {
    let reply = rig.authorize(request);
    assert_eq!(reply.status, 400, "{reply:?}");
    assert_eq!(reply.header("location"), None);
    assert!(!reply.body.contains(r#"href="http"#), "{reply:?}");
    assert!(reply.body.contains("role=\"alert\""));
}

#[test]
fn an_unknown_client_is_not_redirected() {
    let rig = Rig::new();
    let good = Request::new("openid");
    stays(&rig, &good.clone().without("client_id"));
    stays(&rig, &good.clone().with("client_id", "other"));
    stays(&rig, &good.clone().with("client_id", ""));
    stays(&rig, &good.clone().also("client_id", "shop"));
    stays(&rig, &good.also("client_id", "bank"));
}

#[test]
fn a_redirect_uri_that_is_not_registered_is_not_redirected() {
    let rig = Rig::new();
    let good = Request::new("openid");
    stays(&rig, &good.clone().without("redirect_uri"));
    stays(&rig, &good.clone().also("redirect_uri", REDIRECT));
    for uri in [
        "",
        "http://127.0.0.1:3000",
        "http://127.0.0.1:3000/",
        "http://127.0.0.1:3000/callback/",
        "http://127.0.0.1:3000/callback?",
        "http://127.0.0.1:3000/callback?x=1",
        "http://127.0.0.1:3000/callback#x",
        "http://127.0.0.1:3000/callback/../callback",
        "http://127.0.0.1:3000/%63allback",
        "http://127.0.0.1:3000//callback",
        "http://127.0.0.1:3001/callback",
        "http://127.0.0.1/callback",
        "http://localhost:3000/callback",
        "https://127.0.0.1:3000/callback",
        "HTTP://127.0.0.1:3000/callback",
        "http://127.0.0.1:3000/Callback",
        "http://x@127.0.0.1:3000/callback",
        "http://127.0.0.1:3000@evil.example/callback",
        "http://evil.example/http://127.0.0.1:3000/callback",
        "http://127.0.0.1:3000/callback\r\nX: 1",
        " http://127.0.0.1:3000/callback",
        "http://127.0.0.1:3000/callback\0",
        "//127.0.0.1:3000/callback",
        "/callback",
        "javascript:alert(1)",
        "https://rp.example/cb",
        "https://rp.example/cb?a=b&c=d",
    ] {
        stays(&rig, &good.clone().with("redirect_uri", uri));
    }
}

#[test]
fn a_redirect_uri_with_a_query_keeps_it() {
    let rig = Rig::new();
    let uri = "https://rp.example/cb?a=b";
    let reply = rig.log_in(&Request::new("openid").with("redirect_uri", uri), 0);
    assert_eq!(reply.redirect().0, "https://rp.example/cb");
    assert_eq!(reply.parameter("a").unwrap(), "b");
    assert!(reply.parameter("code").is_some());
}

/// An error that the relying party learns, with issuer and state.
#[track_caller]
fn refused(rig: &Rig, request: &Request, error: &str) {
    let reply = rig.authorize(request);
    assert_eq!(reply.redirect().0, REDIRECT);
    assert_eq!(reply.error(), error);
    assert_eq!(reply.parameter("iss").unwrap(), rig.issuer());
    assert_eq!(reply.parameter("state").as_ref(), Some(&request.state));
    assert_eq!(reply.parameter("code"), None);
    assert!(reply.parameter("error_description").is_some());
}

#[test]
fn another_response_type_is_refused() {
    let rig = Rig::new();
    let good = Request::new("openid");
    refused(&rig, &good.clone().without("response_type"), "invalid_request");
    for other in ["token", "id_token", "code id_token", "code token", "none", "CODE"] {
        refused(
            &rig,
            &good.clone().with("response_type", other),
            "unsupported_response_type",
        );
    }
    for other in ["fragment", "form_post", "query.jwt"] {
        refused(&rig, &good.clone().with("response_mode", other), "invalid_request");
    }
    assert_eq!(rig.authorize(&good.with("response_mode", "query")).status, 200);
}

#[test]
fn state_and_nonce_are_needed_and_printable() {
    let rig = Rig::new();
    let good = Request::new("openid");
    for value in ["", "見本", "a\nb", "a\u{7F}", &"a".repeat(256)] {
        let nonce = good.clone().with("nonce", value);
        refused(&rig, &nonce, "invalid_request");
        let reply = rig.authorize(&good.clone().with("state", value));
        assert_eq!(
            (reply.error().as_str(), reply.parameter("state")),
            ("invalid_request", None)
        );
    }
    refused(&rig, &good.clone().without("nonce"), "invalid_request");
    assert_eq!(rig.authorize(&good.clone().without("state")).error(), "invalid_request");
    // The longest ones, and every character that is allowed.
    let all: String = (0x20..=0x7Eu8).map(char::from).chain("a".repeat(160).chars()).collect();
    let mut request = good.with("state", &all).with("nonce", &all);
    request.state.clone_from(&all);
    let reply = rig.log_in(&request, 0);
    assert_eq!(reply.parameter("state").unwrap(), all);
}

#[test]
fn pkce_with_s256_is_needed() {
    let rig = Rig::new();
    let good = Request::new("openid");
    refused(&rig, &good.clone().without("code_challenge"), "invalid_request");
    refused(&rig, &good.clone().without("code_challenge_method"), "invalid_request");
    for method in ["plain", "s256", "S512", ""] {
        refused(
            &rig,
            &good.clone().with("code_challenge_method", method),
            "invalid_request",
        );
    }
    let padded = format!("{}=", "A".repeat(43));
    for challenge in ["", "short", &"A".repeat(42), &"A".repeat(44), &padded, &"+".repeat(43)] {
        refused(&rig, &good.clone().with("code_challenge", challenge), "invalid_request");
    }
}

#[test]
fn a_scope_that_is_unknown_or_not_registered_is_refused() {
    let rig = Rig::new();
    let good = Request::new("openid");
    refused(&rig, &good.clone().without("scope"), "invalid_request");
    for scope in [
        "",
        "name",
        "openid email",
        "OPENID",
        "openid offline_access",
        "openid,name",
    ] {
        refused(&rig, &good.clone().with("scope", scope), "invalid_scope");
    }
    refused(&rig, &Request::of("bank", "openid address"), "invalid_scope");
    assert_eq!(rig.authorize(&Request::of("bank", "openid name")).status, 200);
    assert_eq!(rig.authorize(&Request::new("gender  openid name")).status, 200);
}

#[test]
fn a_doubled_parameter_is_refused() {
    let rig = Rig::new();
    let good = Request::new("openid");
    for name in [
        "response_type",
        "scope",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "extra",
    ] {
        let twice = good.clone().also("extra", "x").also(name, "x");
        refused(&rig, &twice, "invalid_request");
    }
    let reply = rig.authorize(&good.also("state", "x"));
    assert_eq!(
        (reply.error().as_str(), reply.parameter("state")),
        ("invalid_request", None)
    );
}

#[test]
fn prompt_none_is_answered_with_login_required() {
    let rig = Rig::new();
    let good = Request::new("openid");
    refused(&rig, &good.clone().with("prompt", "none"), "login_required");
    // Somebody who has logged in a moment ago must use the card again.
    assert!(rig.log_in(&good, 0).parameter("code").is_some());
    refused(&rig, &good.clone().with("prompt", "none"), "login_required");
    for prompt in ["none login", "login none", "other"] {
        refused(&rig, &good.clone().with("prompt", prompt), "invalid_request");
    }
    for prompt in ["login", "consent", "select_account", "login consent", ""] {
        assert_eq!(
            rig.authorize(&good.clone().with("prompt", prompt)).status,
            200,
            "{prompt}"
        );
    }
}

#[test]
fn max_age_is_met_by_each_log_in() {
    let rig = Rig::new();
    let good = Request::new("openid");
    for age in ["-1", "x", "1.5", "12345678901", ""] {
        refused(&rig, &good.clone().with("max_age", age), "invalid_request");
    }
    let request = good.with("max_age", "0");
    let tokens = rig.tokens(&request);
    let claims = crate::tokens::id_token(&rig, &tokens);
    assert_eq!(claims.time("auth_time"), Some(rig.now()));
}

#[test]
fn request_objects_are_refused() {
    let rig = Rig::new();
    let good = Request::new("openid");
    refused(&rig, &good.clone().with("request", "x.y.z"), "request_not_supported");
    refused(
        &rig,
        &good.clone().with("request_uri", "http://127.0.0.1/"),
        "request_uri_not_supported",
    );
    refused(&rig, &good.with("registration", "{}"), "registration_not_supported");
}

#[test]
fn a_malformed_request_is_answered_on_a_page() {
    let rig = Rig::new();
    for query in ["%", "%zz=1", "client_id=%E8", &"a=b&".repeat(65)] {
        let reply = rig.get(&format!("{}?{query}", Rig::endpoint("auth")));
        assert_eq!((reply.status, reply.header("location")), (400, None), "{query}");
    }
    assert_eq!(rig.get(&Rig::endpoint("auth")).status, 400);
    let json = rig.post(&Rig::endpoint("auth"), &[("Content-Type", "application/json")], &[]);
    assert_eq!(json.status, 400);
}

#[test]
fn the_page_has_the_language_that_was_asked_for() {
    let rig = Rig::new();
    let good = Request::new(ITEMS);
    let page = |locales: Option<&str>, accepted: &str| {
        let request = match locales {
            Some(locales) => good.clone().with("ui_locales", locales),
            None => good.clone(),
        };
        let path = format!("{}?{}", Rig::endpoint("auth"), form(&request.pairs));
        rig.get_with(&path, &[("Accept-Language", accepted)]).body
    };
    for (locales, accepted, language) in [
        (None, "ja,en;q=0.8", "ja"),
        (None, "fr, en-GB;q=0.9", "en"),
        (None, "fr", "en"),
        (Some("ja"), "en", "ja"),
        (Some("fr-CA en"), "ja", "en"),
        (Some("ja-JP-mac"), "en", "ja"),
        (Some("xx"), "ja", "ja"),
    ] {
        let body = page(locales, accepted);
        assert!(
            body.contains(&format!(r#"<html lang="{language}">"#)),
            "{locales:?} {accepted}"
        );
        let name = if language == "ja" { "見本のshop" } else { "The shop" };
        assert!(body.contains(name));
        assert!(body.contains("見本 SPECIMEN"));
    }
}
