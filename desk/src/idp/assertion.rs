//! Authentication of a relying party by `private_key_jwt` (RFC 7523; OpenID Connect Core 1.0, 9).

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use super::answer::Failed;
use super::clients::Client;
use super::expiring::{Full, id};
use super::state::lock;
use super::{Provider, metadata};
use crate::http;
use crate::jose::{JoseError, TimeFault, unverified, verify};

/// How far two clocks may differ, in seconds.
const LEEWAY: u64 = 60;
/// How far in the future the end of an assertion may be, in seconds. One public client of the service asks for a day.
const LONGEST_LIFE: u64 = 86_400;
/// The type of an assertion (RFC 7523, 2.2).
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A form that has each name once.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form.
    pub(super) fn read(body: &[u8]) -> Result<Self, Failed> {
        let form = http::form(body).filter(|form| form.len() <= 64);
        let form = form.ok_or(Failed::request("the form is malformed"))?;
        match http::is_each_once(&form) {
            true => Ok(Self(form)),
            false => Err(Failed::request("a parameter is there twice")),
        }
    }

    /// A value that is there and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// The relying party that has sent the request.
pub(super) fn authenticate<'p>(
    provider: &'p Provider,
    issuer: &str,
    headers: &HeaderMap,
    form: &Form,
) -> Result<&'p Client, Failed> {
    let refused = |what: &'static str| Failed::client(what);
    match (headers.contains_key(AUTHORIZATION), form.get("client_assertion")) {
        (true, Some(_)) => return Err(Failed::request("the client authenticates itself in two ways")),
        (_, None) => return Err(refused("the client authenticates itself by private_key_jwt")),
        (false, Some(_)) => {}
    }
    if form.get("client_secret").is_some() {
        return Err(Failed::request("the client authenticates itself in two ways"));
    }
    if form.get("client_assertion_type") != Some(TYPE) {
        return Err(refused("client_assertion_type is another one"));
    }
    let assertion = form.get("client_assertion").unwrap_or_default();
    let stated = unverified(assertion).map_err(|_| refused("the assertion is no signed JWT"))?;
    let client = stated.text("iss").and_then(|id| provider.settings.clients.find(id));
    let client = client.ok_or(refused("iss of the assertion names no registered client"))?;
    if stated.text("sub") != Some(&client.id) {
        return Err(refused("iss and sub of the assertion differ"));
    }
    if form.get("client_id").is_some_and(|id| id != client.id) {
        return Err(refused("client_id is another one than in the assertion"));
    }
    check_signature(client, assertion)?;
    let for_issuer = stated.is_for(issuer) || stated.is_for(&metadata::endpoint(issuer, "token"));
    if !for_issuer {
        return Err(refused(
            "aud of the assertion is neither the issuer nor the token endpoint",
        ));
    }
    let now = provider.now();
    stated.check_times(now, LEEWAY).map_err(|fault| match fault {
        TimeFault::Form => refused("exp of the assertion is missing, or a time is no number"),
        TimeFault::Expired => refused("the assertion has expired"),
        _ => refused("the assertion is from the future"),
    })?;
    let until = stated.time("exp").unwrap_or_default();
    if until > now.saturating_add(LONGEST_LIFE + LEEWAY) {
        return Err(refused("the assertion holds for more than a day"));
    }
    let jti = stated.text("jti").filter(|jti| (1..=255).contains(&jti.len()));
    let jti = jti.ok_or(refused("jti of the assertion is missing, or longer than 255 bytes"))?;
    let key = id(&format!("{}\n{jti}", client.id));
    let mut state = lock(&provider.state);
    if state.assertions.get(&key, now).is_some() {
        return Err(refused("the assertion is used a second time"));
    }
    let kept = state.assertions.insert(key, (), until.saturating_add(LEEWAY), now);
    kept.map_err(|Full| Failed::busy())?;
    Ok(client)
}

fn check_signature(client: &Client, assertion: &str) -> Result<(), Failed> {
    let what = match verify(assertion, client.algorithm, |kid| client.key(kid)) {
        Ok(_) => return Ok(()),
        Err(JoseError::Algorithm) => "the assertion is not signed with the registered algorithm",
        Err(JoseError::UnknownKey) => "no registered key fits the assertion",
        Err(JoseError::Signature) => "the signature of the assertion is wrong",
        Err(_) => "the assertion has another form",
    };
    Err(Failed::client(what))
}
