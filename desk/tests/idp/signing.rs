//! Sign transactions.

use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use vmyna_applets::PhoneKind;
use vmyna_applets::rsa::pkcs8::DecodePublicKey as _;
use vmyna_applets::rsa::{Pkcs1v15Sign, RsaPublicKey};
use x509_cert::der::{Decode as _, Encode as _};

use crate::http::{Reply, send};
use crate::rig::{Options, Pairs, Request, Rig, owned};
use crate::tokens::access;

const PATH: &str = "/api/sign-transactions";

/// A token of the relying party itself.
fn own_token(rig: &Rig, client: &str) -> Reply {
    let request = Request::of(client, "openid");
    let mut pairs = Pairs(owned(&[("grant_type", "client_credentials"), ("scope", "sign")]));
    pairs.authenticated(&rig.issuer(), request.signer(), client, rig.now());
    rig.post(&Rig::endpoint("token"), &[], &pairs.0)
}

fn announce_with(rig: &Rig, token: &str, body: &str) -> Reply {
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", &*bearer), ("Content-Type", "application/json")];
    send(rig.address, &format!("POST {PATH}"), &headers, body.as_bytes())
}

/// Announces what is to be signed; the transaction.
fn announce(rig: &Rig, input: &[u8]) -> String {
    let token = own_token(rig, "shop").json();
    let body = json!({"digest": Base64::encode_string(input)}).to_string();
    let reply = announce_with(rig, access(&token), &body).json();
    reply["sign_transaction_id"].as_str().unwrap().to_owned()
}

fn result(rig: &Rig, token: &str, name: &str) -> Reply {
    let bearer = format!("Bearer {token}");
    rig.get_with(&format!("{PATH}/{name}/result"), &[("Authorization", &bearer)])
}

fn request(name: &str) -> Request {
    Request::new("openid sign").with("sign_transaction_id", name)
}

fn digest_info(digest: &[u8]) -> Vec<u8> {
    [
        b"\x30\x31\x30\x0D\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
        digest,
    ]
    .concat()
}

/// Whether the signature is the certificate's over this block.
fn verify(signed: &Value, input: &[u8]) {
    let bytes = |name: &str| Base64::decode_vec(signed[name].as_str().unwrap()).unwrap();
    let certificate = x509_cert::Certificate::from_der(&bytes("certificate")).unwrap();
    let fields = certificate.tbs_certificate;
    assert!(
        fields.issuer.to_string().contains("digital signature"),
        "{}",
        fields.issuer
    );
    let key = fields.subject_public_key_info.to_der().unwrap();
    let key = RsaPublicKey::from_public_key_der(&key).unwrap();
    key.verify(Pkcs1v15Sign::new_unprefixed(), input, &bytes("signature"))
        .unwrap();
}

#[test]
fn a_bare_digest_and_a_digest_info_are_signed_as_they_are() {
    signs(&Rig::new());
}

#[test]
fn a_phone_signs_with_its_own_sign_password() {
    let (_folder, phone) = Rig::phone(PhoneKind::Iphone);
    signs(&Rig::with(Options {
        cards: vec![phone],
        ..Options::default()
    }));
}

/// Lets the first card sign a digest in both forms.
#[track_caller]
fn signs(rig: &Rig) {
    let digest = Sha256::digest("a document").to_vec();
    for input in [digest.clone(), digest_info(&digest)] {
        let name = announce(rig, &input);
        let tokens = rig.tokens(&request(&name));
        let reply = result(rig, access(&tokens), &name);
        verify(&reply.json(), &input);
        // It can be fetched again for a while.
        assert_eq!(result(rig, access(&tokens), &name).json(), reply.json());
    }
}

#[test]
fn other_digests_are_refused() {
    let rig = Rig::new();
    let token = own_token(&rig, "shop").json();
    let digest = [7; 32];
    let mut sha1 = digest_info(&digest);
    sha1[10] = 0;
    for input in [
        &[][..],
        &[7; 31],
        &[7; 33],
        &[7; 51],
        &[7; 64],
        &sha1,
        &digest_info(&[7; 31]),
    ] {
        let body = json!({"digest": Base64::encode_string(input)}).to_string();
        assert_eq!(announce_with(&rig, access(&token), &body).error(), "invalid_request");
    }
    let text = Base64::encode_string(&digest);
    for body in [
        String::new(),
        "{}".to_owned(),
        "[]".to_owned(),
        json!({"digest": 7}).to_string(),
        json!({"digest": text.trim_end_matches('=')}).to_string(),
        json!({"digest": format!("{text}\n")}).to_string(),
        json!({"digest": [text]}).to_string(),
        format!(r#"{{"digest":"{text}","digest":"{text}"}}"#),
    ] {
        assert_eq!(
            announce_with(&rig, access(&token), &body).error(),
            "invalid_request",
            "{body}"
        );
    }
}

#[test]
fn only_a_relying_party_itself_announces_a_signature() {
    let rig = Rig::new();
    assert_eq!(own_token(&rig, "bank").error(), "invalid_scope");
    let body = json!({"digest": Base64::encode_string(&[7; 32])}).to_string();
    for token in ["", "x"] {
        assert_eq!(announce_with(&rig, token, &body).status, 401);
    }
    let tokens = rig.tokens(&Request::new("openid"));
    let reply = announce_with(&rig, access(&tokens), &body);
    assert_eq!((reply.status, reply.error().as_str()), (403, "insufficient_scope"));
    let token = own_token(&rig, "shop").json();
    rig.wait(300);
    assert_eq!(announce_with(&rig, access(&token), &body).error(), "invalid_token");
}

#[test]
fn a_signature_is_for_the_token_of_its_own_consent() {
    let rig = Rig::new();
    let name = announce(&rig, &[7; 32]);
    let other = announce(&rig, &[8; 32]);
    let own = own_token(&rig, "shop").json();
    assert_eq!(result(&rig, access(&own), &name).status, 403);
    let tokens = rig.tokens(&request(&name));
    assert_eq!(result(&rig, access(&tokens), &other).status, 404);
    assert_eq!(result(&rig, access(&tokens), "x").status, 404);
    assert_eq!(result(&rig, "x", &name).status, 401);
    let log_in = rig.tokens(&Request::new("openid"));
    assert_eq!(result(&rig, access(&log_in), &name).status, 403);
    assert_eq!(result(&rig, access(&own), &name).status, 403);
    assert_eq!(result(&rig, access(&tokens), &name).status, 200);
}

#[test]
fn a_transaction_is_signed_once_and_in_its_time() {
    let rig = Rig::new();
    let refused = |request: &Request| {
        let reply = rig.authorize(request);
        assert_eq!(reply.error(), "invalid_request");
        assert_eq!(reply.parameter("state").as_ref(), Some(&request.state));
    };
    let name = announce(&rig, &[7; 32]);
    rig.tokens(&request(&name));
    refused(&request(&name));
    refused(&request("65a04b4e-af8b-45a2-8713-5ec2631bab64"));
    refused(&Request::new("openid sign"));
    refused(&Request::new("openid").with("sign_transaction_id", &name));
    let name = announce(&rig, &[7; 32]);
    rig.wait(600);
    refused(&request(&name));
    // It can also end while the person looks at the page.
    let name = announce(&rig, &[7; 32]);
    rig.wait(500);
    let page = rig.authorize(&request(&name));
    let page = rig.submit(&page, &[("action", "choose"), ("card", "0")]);
    rig.wait(200);
    let reply = rig.submit(
        &page,
        &[("action", "prove"), ("auth_pin", "1234"), ("sign_password", "ABC123")],
    );
    assert_eq!(reply.error(), "access_denied");
    assert_eq!(
        reply.parameter("error_description").unwrap(),
        "sign_transaction_expired"
    );
}

#[test]
fn a_wrong_sign_password_costs_a_try_and_signs_nothing() {
    let rig = Rig::new();
    let name = announce(&rig, &[7; 32]);
    let page = rig.authorize(&request(&name));
    let page = rig.submit(&page, &[("action", "choose"), ("card", "0")]);
    assert!(page.body.contains("tries left: 5"));
    let page = rig.submit(
        &page,
        &[("action", "prove"), ("auth_pin", "1234"), ("sign_password", "WRONG1")],
    );
    assert!(page.body.contains("tries left: 4"), "{}", page.body);
    let reply = rig.submit(
        &page,
        &[("action", "prove"), ("auth_pin", "1234"), ("sign_password", "abc123")],
    );
    assert!(reply.parameter("code").is_some());
}

#[test]
fn a_card_without_a_sign_key_signs_nothing() {
    let rig = Rig::new();
    let name = announce(&rig, &[7; 32]);
    let page = rig.authorize(&request(&name));
    // A child's card.
    let page = rig.submit(&page, &[("action", "choose"), ("card", "2")]);
    let page = rig.submit(
        &page,
        &[("action", "prove"), ("auth_pin", "1234"), ("sign_password", "ABC123")],
    );
    let reply = rig.submit(&page, &[("action", "refuse")]);
    assert_eq!(reply.parameter("error_description").unwrap(), "card_not_suitable");
    // Nothing was signed, so another card can.
    assert!(rig.log_in(&request(&name), 0).parameter("code").is_some());
}
