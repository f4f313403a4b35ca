//! Each check of a log-in.

use std::sync::Arc;

use rand_core::OsRng;
use serde_json::{Value, json};
use vmyna_desk::jose::{Algorithm, Claims, Signer, base64url, sign};

use crate::browser::{Browser, Page};
use crate::provider::Lies;
use crate::server::{Rig, is_logged_in};

/// Fails unless the log-in is refused with these words, and the browser is still a visitor's.
#[track_caller]
fn refused(rig: &Rig, words: &str, change: impl FnOnce(&mut Lies)) -> Page {
    rig.lie(change);
    let mut browser = rig.browser();
    let page = rig.log_in(&mut browser);
    page.has(words);
    assert!(!is_logged_in(&page) && !is_logged_in(&browser.get("/en/")), "{words}");
    page
}

#[test]
fn a_person_logs_in_and_out() {
    let rig = Rig::new();
    let mut browser = rig.browser();
    let page = rig.log_in(&mut browser);
    page.has("You are logged in as 見本　花子.");
    let out = browser.submit("/en/", "/en/log-out", "");
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert!(browser.cookies.is_empty());
    browser.get("/en/").has("Log in with the card");
}

#[test]
fn an_answer_for_another_state_is_refused() {
    let rig = Rig::new();
    for states in [vec![], vec!["x"], vec!["", ""]] {
        refused(&rig, "does not belong to this browser", |lies| {
            lies.callback = Box::new(move |mut answer| {
                answer.retain(|(name, _)| name != "state");
                answer.extend(states.iter().map(|state| ("state".to_owned(), (*state).to_owned())));
                answer
            });
        });
    }
}

/// Goes as far as the provider's answer, which is not followed.
fn answered(rig: &Rig, browser: &mut Browser) -> String {
    let begun = browser.submit("/en/", "/en/log-in", "");
    let answer = browser.get(begun.location());
    assert!(answer.location().starts_with(&format!("{}/callback?", rig.origin)));
    answer.location().to_owned()
}

#[test]
fn an_answer_is_used_once_and_in_the_browser_that_began() {
    let rig = Rig::new();
    let (mut one, mut other) = (rig.browser(), rig.browser());
    let callback = answered(&rig, &mut one);
    // Another browser, with a session of its own and without one.
    other.get("/en/");
    for browser in [&mut other, &mut rig.browser()] {
        let page = browser.get(&callback);
        assert_eq!(page.status, 400);
        page.has("does not belong to this browser");
        assert!(!is_logged_in(&browser.get("/en/")));
    }
    let before = one.clone();
    let page = one.get(&callback);
    let page = one.follow(page);
    assert!(is_logged_in(&page));
    // A second time: by the person, and by the session that was the visitor's.
    for browser in [&mut one, &mut before.clone()] {
        assert_eq!(browser.get(&callback).status, 400);
    }
    assert!(is_logged_in(&one.get("/en/")));
}

#[test]
fn an_answer_of_another_issuer_is_refused() {
    let rig = Rig::new();
    for issuer in [None, Some("http://localhost:1/realm"), Some("")] {
        refused(&rig, "not from the configured issuer", |lies| {
            lies.callback = Box::new(move |mut answer| {
                answer.retain(|(name, _)| name != "iss");
                answer.extend(issuer.map(|issuer| ("iss".to_owned(), issuer.to_owned())));
                answer
            });
        });
    }
}

#[test]
fn an_id_token_with_a_wrong_claim_is_refused() {
    let rig = Rig::new();
    let other_issuer = json!(format!("{}/", rig.issuer()));
    for (name, value) in [
        ("iss", other_issuer),
        ("aud", json!("another")),
        ("aud", json!(["portal", "another"])),
        ("nonce", json!("another")),
        ("exp", json!(1_700_000_000)),
        ("iat", json!(9_000_000_000_u64)),
        ("acr", json!("aal1")),
        ("auth_time", json!(1_700_000_000)),
        ("sub", json!("")),
        ("azp", json!("another")),
        ("at_hash", json!("another")),
    ] {
        refused(&rig, &format!("the ID token has a wrong {name}"), |lies| {
            lies.claims = Box::new(move |claims| claims.with(name, value.clone()));
        });
    }
}

#[test]
fn an_id_token_that_the_issuers_key_did_not_sign_is_refused() {
    let rig = Rig::new();
    let foreign = Arc::new(Signer::generate(Algorithm::Es256, &mut OsRng).unwrap());
    refused(&rig, "no key with this identifier", |lies| lies.foreign = Some(foreign));
    refused(&rig, "not signed with the registered algorithm", |lies| {
        lies.id_token = Box::new(|token| {
            let claims = token.split('.').nth(1).unwrap().to_owned();
            format!("{}.{claims}.", base64url::encode(br#"{"alg":"none"}"#))
        });
    });
    refused(&rig, "signature is wrong", |lies| {
        lies.id_token = Box::new(|token| {
            let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
            let claims = String::from_utf8(base64url::decode(&parts[1]).unwrap()).unwrap();
            parts[1] = base64url::encode(claims.replace("person-1", "person-2").as_bytes());
            parts.join(".")
        });
    });
    let rsa = Signer::generate(Algorithm::Rs256, &mut OsRng).unwrap();
    refused(&rig, "not signed with the registered algorithm", |lies| {
        lies.id_token = Box::new(move |_| sign(&rsa, "JWT", &Claims::default()).unwrap());
    });
    refused(&rig, "not of three parts", |lies| {
        lies.id_token = Box::new(|_| "x".to_owned())
    });
}

#[test]
fn each_refusal_of_the_provider_is_shown_in_words() {
    let rig = Rig::new();
    for (code, words) in [
        ("access_denied", "You did not agree"),
        ("login_required", "Card and PIN are needed"),
        ("temporarily_unavailable", "out of order"),
        ("server_error", "out of order"),
        ("unauthorized_client", "not registered"),
        ("invalid_scope", "The request was not accepted"),
        ("<script>alert(1)</script>", "scriptalert1script"),
    ] {
        let page = refused(&rig, words, |lies| {
            lies.callback = Box::new(move |mut answer| {
                answer.retain(|(name, _)| name != "code");
                answer.push(("error".to_owned(), code.to_owned()));
                answer.push(("error_description".to_owned(), "<b>pin_blocked</b>".to_owned()));
                answer
            });
        });
        page.has("&lt;b&gt;pin_blocked&lt;/b&gt;")
            .lacks("<b>pin")
            .lacks("<script");
    }
}

#[test]
fn a_refusal_beside_a_code_is_a_refusal() {
    let rig = Rig::new();
    refused(&rig, "You did not agree", |lies| {
        lies.callback = Box::new(|mut answer| {
            answer.push(("error".to_owned(), "access_denied".to_owned()));
            answer
        });
    });
}

#[test]
fn tokens_that_are_no_tokens_are_refused() {
    let rig = Rig::new();
    type Spoil = fn(&mut Value);
    let changes: [(&str, u16, Spoil); 6] = [
        ("invalid_grant", 400, |answer| {
            *answer = json!({"error": "invalid_grant"})
        }),
        ("status 500", 500, |answer| *answer = json!([])),
        ("another form", 200, |answer| answer["token_type"] = json!("mac")),
        ("another form", 200, |answer| answer["access_token"] = json!("a b")),
        ("another form", 200, |answer| *answer = json!("text")),
        ("another form", 200, |answer| {
            answer.as_object_mut().unwrap().remove("id_token");
        }),
    ];
    for (words, status, change) in changes {
        refused(&rig, words, |lies| {
            lies.token = Box::new(move |(_, mut answer)| {
                change(&mut answer);
                (status, answer)
            });
        });
    }
}

#[test]
fn the_items_of_another_person_are_refused() {
    let rig = Rig::new();
    refused(&rig, "about another person", |lies| {
        lies.userinfo = Box::new(|(status, mut items)| {
            items["sub"] = json!("person-2");
            (status, items)
        });
    });
}

#[test]
fn a_document_that_leads_elsewhere_is_refused() {
    let rig = Rig::new();
    for (name, value, words) in [
        ("issuer", json!("http://localhost:1/realm"), "names another issuer"),
        (
            "token_endpoint",
            json!("http://127.0.0.1:9/token"),
            "not on the issuer&#39;s origin",
        ),
        (
            "authorization_endpoint",
            json!("http://evil.example/auth"),
            "not on the issuer&#39;s origin",
        ),
        (
            "jwks_uri",
            json!("https://localhost/certs"),
            "not on the issuer&#39;s origin",
        ),
        (
            "code_challenge_methods_supported",
            json!(["plain"]),
            "does not offer S256",
        ),
        (
            "id_token_signing_alg_values_supported",
            json!(["none", "RS256"]),
            "does not offer ES256",
        ),
    ] {
        refused(&rig, words, |lies| {
            lies.document = Box::new(move |mut document| {
                document[name] = value.clone();
                document
            });
        });
    }
}

#[test]
fn a_provider_that_is_not_there_is_reported() {
    let mut rig = Rig::new();
    rig.provider = None;
    let mut browser = rig.browser();
    let page = rig.log_in(&mut browser);
    assert_eq!(page.status, 502);
    page.has("The identity provider does not answer");
}

#[test]
fn the_four_items_are_read_again_with_a_new_access_token() {
    let rig = Rig::new();
    let mut person = rig.person();
    person.submit("/en/data", "/en/data", "").has("Read again.");
    assert_eq!(rig.provider().shared.refreshes(), 0);
    // The provider no longer knows the access token.
    rig.provider().shared.forget_access();
    let page = person.submit("/en/data", "/en/data", "");
    page.has("with a new access token (refresh)").has("見本　花子");
    assert_eq!(rig.provider().shared.refreshes(), 1);
}

#[test]
fn no_address_holds_a_token() {
    let rig = Rig::new();
    let mut browser = rig.browser();
    let begun = browser.submit("/en/", "/en/log-in", "");
    let request = begun.location().to_owned();
    let answer = browser.get(&request);
    let done = browser.get(answer.location());
    for address in [&*request, answer.location(), done.location()] {
        for secret in browser.cookies.values() {
            assert!(!address.contains(secret), "{address}");
        }
        assert!(
            !address.contains("access.") && !address.contains("code_verifier"),
            "{address}"
        );
    }
    assert_eq!(done.location(), "/en/");
}
