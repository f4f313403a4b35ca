//! What access tokens open: userinfo and the signatures.

use axum::body::Body;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Response};
use base64ct::{Base64, Encoding as _};
use serde_json::{Map, Value, json};
use vmyna_card_os::key::SHA256_DIGEST_INFO;

use super::Provider;
use super::answer::{Failed, json as answer_json};
use super::assertion::Form;
use super::expiring::{Full, id};
use super::scope::Scope;
use super::state::{Access, Grant, SIGN_LIFE, SignTransaction, State, lock};
use crate::client::FourItems;
use crate::jose::json as strict;
use crate::secret::random;

/// The bytes of a SHA-256 digest.
pub(super) const DIGEST: usize = 32;

/// The bearer token of a request.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Failed> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let token = value.to_str().ok().and_then(|value| value.split_once(' '));
    match (token, values.next()) {
        (Some((scheme, token)), None) if scheme.eq_ignore_ascii_case("Bearer") => Ok(Some(token.trim())),
        _ => Err(Failed::token()),
    }
}

/// The consent behind a person's access token, and the scopes of the token.
fn consent<'s>(state: &'s State, token: &str, now: u64) -> Result<(&'s Grant, &'s [Scope]), Failed> {
    match state.access.get(&id(token), now) {
        None => Err(Failed::token()),
        Some(Access::Client(_)) => Err(Failed::scope()),
        Some(Access::Person { grant, scopes }) => {
            let grant = state.grants.get(grant, now).ok_or(Failed::token())?;
            Ok((grant, scopes))
        }
    }
}

/// What userinfo states: `sub`, and the items that were granted. A POST may have the token in its form (RFC 6750, 2.2).
pub(super) fn userinfo(provider: &Provider, headers: &HeaderMap, body: &[u8]) -> Result<Response<Body>, Failed> {
    let form = Form::read(body)?;
    let token = match (bearer(headers)?, form.get("access_token")) {
        (Some(_), Some(_)) => return Err(Failed::request("the access token is there twice")),
        (one, other) => one.or(other).ok_or(Failed::token())?,
    };
    let now = provider.now();
    let state = lock(&provider.state);
    let (grant, scopes) = consent(&state, token, now)?;
    if !scopes.contains(&Scope::Openid) {
        return Err(Failed::scope());
    }
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), grant.subject.as_str().into());
    if let Some(items) = &grant.items {
        claims.extend(scopes.iter().filter_map(|scope| claim(*scope, items)));
    }
    Ok(answer_json(&Value::Object(claims)))
}

/// The claim of an item, in the forms of OpenID Connect Core 1.0, 5.1 (`assumed`).
fn claim(scope: Scope, items: &FourItems) -> Option<(String, Value)> {
    let value = match scope {
        Scope::Name => items.name.as_str().into(),
        Scope::Address => json!({ "formatted": items.address }),
        Scope::Birthdate => birthdate(&items.birth)?.into(),
        Scope::Gender => gender(&items.sex)?.into(),
        Scope::Openid | Scope::Sign => return None,
    };
    Some((scope.name().to_owned(), value))
}

/// `YYYY-MM-DD`; `YYYY` if month or day is not known.
fn birthdate(digits: &str) -> Option<String> {
    let (year, month, day) = (digits.get(..4)?, digits.get(4..6)?, digits.get(6..8)?);
    Some(match (month, day) {
        ("00", _) | (_, "00") => year.to_owned(),
        _ => format!("{year}-{month}-{day}"),
    })
}

fn gender(sex: &str) -> Option<&'static str> {
    match sex {
        "1" => Some("male"),
        "2" => Some("female"),
        _ => None,
    }
}

/// Takes the digest of a document that a person is to sign, from a relying party with a token of its own.
pub(super) fn announce(provider: &Provider, headers: &HeaderMap, body: &[u8]) -> Result<Response<Body>, Failed> {
    let token = bearer(headers)?.ok_or(Failed::token())?;
    let now = provider.now();
    let mut state = lock(&provider.state);
    let client = match state.access.get(&id(token), now) {
        Some(Access::Client(client)) => client.clone(),
        Some(Access::Person { .. }) => return Err(Failed::scope()),
        None => return Err(Failed::token()),
    };
    let object = strict::object(body).ok_or(Failed::request("the body is no JSON object"))?;
    let digest = object.get("digest").and_then(Value::as_str);
    let input = digest
        .and_then(|digest| Base64::decode_vec(digest).ok())
        .filter(|input| is_digest(input));
    let input = input.ok_or(Failed::request(
        "digest is base64 of 32 bytes (SHA-256), or of their DigestInfo",
    ))?;
    let name = uuid();
    let transaction = SignTransaction {
        client,
        input,
        done: None,
    };
    let kept = state.signatures.insert(id(&name), transaction, now + SIGN_LIFE, now);
    kept.map_err(|Full| Failed::busy())?;
    Ok(answer_json(&json!({ "sign_transaction_id": name })))
}

/// A bare digest, or a DER `DigestInfo` of SHA-256.
fn is_digest(input: &[u8]) -> bool {
    input.len() == DIGEST
        || (input.len() == SHA256_DIGEST_INFO.len() + DIGEST && input.starts_with(&SHA256_DIGEST_INFO))
}

/// The digest itself of what the card signs.
pub(super) fn digest(input: &[u8]) -> &[u8] {
    input.get(input.len().saturating_sub(DIGEST)..).unwrap_or_default()
}

/// A new name in the form of a UUID, version 4.
fn uuid() -> String {
    let mut hex: Vec<char> = vmyna_apdu::hex::encode(&id(&random()))
        .to_lowercase()
        .chars()
        .take(32)
        .collect();
    hex[12] = '4';
    hex[16] = 'a';
    let part = |from: usize, to: usize| hex[from..to].iter().collect::<String>();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

/// The signature that a person has made, for the token of that person's consent.
pub(super) fn signature(provider: &Provider, headers: &HeaderMap, name: &str) -> Result<Response<Body>, Failed> {
    let token = bearer(headers)?.ok_or(Failed::token())?;
    let now = provider.now();
    let state = lock(&provider.state);
    let (grant, scopes) = consent(&state, token, now)?;
    let key = id(name);
    if !scopes.contains(&Scope::Sign) {
        return Err(Failed::scope());
    }
    let missing = Failed::missing("there is no such signature for this access token");
    let transaction = state
        .signatures
        .get(&key, now)
        .filter(|_| grant.sign_transaction == Some(key));
    let signed = transaction
        .and_then(|transaction| transaction.done.as_ref())
        .ok_or(missing)?;
    Ok(answer_json(&json!({
        "signature": Base64::encode_string(&signed.signature),
        "certificate": Base64::encode_string(&signed.certificate),
    })))
}
