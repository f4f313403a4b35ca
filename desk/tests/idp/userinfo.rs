//! The userinfo endpoint.

use serde_json::json;
use vmyna_desk::jose::sign;

use crate::http::Reply;
use crate::rig::{ITEMS, Request, Rig, SHOP, assertion, owned};
use crate::tokens::{access, id_token};

#[test]
fn userinfo_states_what_was_granted_of_the_same_person() {
    let rig = Rig::new();
    let tokens = rig.tokens(&Request::new(ITEMS));
    let info = rig.userinfo(access(&tokens)).json();
    assert_eq!(info["sub"], id_token(&rig, &tokens).text("sub").unwrap());
    assert_eq!(info["name"], "見本　花子");
    assert!(
        info["address"]["formatted"]
            .as_str()
            .unwrap()
            .starts_with("東京都千代田区")
    );
    assert_eq!(
        (&info["birthdate"], &info["gender"]),
        (&json!("1989-10-25"), &json!("female"))
    );
    assert_eq!(info.as_object().unwrap().len(), 5);
    let tokens = rig.tokens(&Request::new("openid birthdate"));
    let info = rig.userinfo(access(&tokens)).json();
    assert_eq!(info["birthdate"], "1989-10-25");
    assert_eq!(info.as_object().unwrap().len(), 2);
    let tokens = rig.tokens(&Request::new("openid"));
    assert_eq!(rig.userinfo(access(&tokens)).json().as_object().unwrap().len(), 1);
}

#[test]
fn userinfo_answers_get_and_post() {
    let rig = Rig::new();
    let tokens = rig.tokens(&Request::new("openid name"));
    let token = access(&tokens);
    let header = format!("Bearer {token}");
    let path = Rig::endpoint("userinfo");
    let by_get = rig.userinfo(token).json();
    assert_eq!(rig.post(&path, &[("Authorization", &header)], &[]).json(), by_get);
    let in_form = owned(&[("access_token", token)]);
    assert_eq!(rig.post(&path, &[], &in_form).json(), by_get);
    // Not two at once, and not in the address.
    let both = rig.post(&path, &[("Authorization", &header)], &in_form);
    assert_eq!((both.status, both.error().as_str()), (400, "invalid_request"));
    assert_eq!(rig.get(&format!("{path}?access_token={token}")).status, 401);
    let lower = [("Authorization", &*format!("bearer {token}"))];
    assert_eq!(rig.get_with(&path, &lower).json(), by_get);
}

#[track_caller]
fn refused(reply: &Reply, status: u16, error: &str) {
    assert_eq!((reply.status, reply.error().as_str()), (status, error));
    let challenge = reply.header("www-authenticate").unwrap();
    assert!(
        challenge.starts_with("Bearer ") && challenge.contains(error),
        "{challenge}"
    );
}

#[test]
fn userinfo_refuses_other_tokens() {
    let rig = Rig::new();
    let tokens = rig.tokens(&Request::new("openid"));
    refused(&rig.get(&Rig::endpoint("userinfo")), 401, "invalid_token");
    let id_token = tokens["id_token"].as_str().unwrap();
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let changed = format!("{}A", access(&tokens));
    for token in [
        "",
        "x",
        id_token,
        refresh,
        &changed,
        access(&tokens).trim_end_matches(char::is_alphanumeric),
    ] {
        refused(&rig.userinfo(token), 401, "invalid_token");
    }
    let path = Rig::endpoint("userinfo");
    refused(
        &rig.get_with(&path, &[("Authorization", "Basic c2hvcDp4")]),
        401,
        "invalid_token",
    );
    let twice = format!("Bearer {}", access(&tokens));
    let twice = [("Authorization", &*twice), ("Authorization", &*twice)];
    refused(&rig.get_with(&path, &twice), 401, "invalid_token");
}

#[test]
fn userinfo_refuses_the_token_of_a_relying_party_itself() {
    let rig = Rig::new();
    let token = sign(&SHOP, "JWT", &assertion(&rig.issuer(), "shop", rig.now())).unwrap();
    let pairs = owned(&[
        ("grant_type", "client_credentials"),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", &token),
    ]);
    let tokens = rig.post(&Rig::endpoint("token"), &[], &pairs).json();
    assert!(tokens.get("refresh_token").is_none() && tokens.get("id_token").is_none());
    refused(&rig.userinfo(access(&tokens)), 403, "insufficient_scope");
}
