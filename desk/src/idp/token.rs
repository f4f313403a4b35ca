//! The token endpoint: a code, a refresh token or the relying party itself for tokens.

use axum::body::Body;
use axum::http::{HeaderMap, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use super::answer::{Failed, json as answer_json};
use super::assertion::{Form, authenticate};
use super::clients::Client;
use super::expiring::{Full, Id, id};
use super::scope::Scope;
use super::state::{ACCESS_LIFE, Access, Code, Grant, REFRESH_LIFE, Refresh, State, lock};
use super::{LEVEL, Provider};
use crate::jose::{Claims, base64url, sign};
use crate::secret::random;

/// Answers a request.
pub(super) fn answer(
    provider: &Provider,
    issuer: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response<Body>, Failed> {
    let form = Form::read(body)?;
    let client = authenticate(provider, issuer, headers, &form)?;
    let tokens = match form.get("grant_type") {
        Some("authorization_code") => by_code(provider, issuer, client, &form),
        Some("refresh_token") => by_refresh(provider, issuer, client, &form),
        Some("client_credentials") => own(provider, issuer, client, &form),
        Some(_) => Err(Failed::grant("unsupported_grant_type", "grant_type is another one")),
        None => Err(Failed::request("grant_type is missing")),
    }?;
    Ok(answer_json(&tokens))
}

fn by_code(provider: &Provider, issuer: &str, client: &Client, form: &Form) -> Result<Value, Failed> {
    let refused = |what| Failed::grant("invalid_grant", what);
    let code = form.get("code").ok_or(Failed::request("code is missing"))?;
    let redirect_uri = form
        .get("redirect_uri")
        .ok_or(Failed::request("redirect_uri is missing"))?;
    let verifier = form
        .get("code_verifier")
        .ok_or(Failed::request("code_verifier is missing"))?;
    let now = provider.now();
    let mut state = lock(&provider.state);
    let unknown = refused("the code is unknown or has expired");
    let Some(found) = state.codes.get_mut(&id(code), now) else {
        return Err(unknown);
    };
    if found.client != client.id || found.issuer != issuer {
        return Err(refused("the code was made for another client or issuer"));
    }
    let second = std::mem::replace(&mut found.is_used, true);
    let (grant, nonce) = (found.grant, found.nonce.clone());
    let outcome = check_code(found, redirect_uri, verifier, now);
    if second {
        // Another program has the code: what was given for it ends (RFC 6749, 4.1.2).
        state.grants.take(&grant, now);
        return Err(refused("the code is used a second time; its tokens are revoked"));
    }
    if let Err(what) = outcome {
        state.grants.take(&grant, now);
        return Err(refused(what));
    }
    let scopes = state.grants.get(&grant, now).map(|grant| grant.scopes.clone());
    let scopes = scopes.ok_or(unknown)?;
    issue(provider, &mut state, client, grant, &scopes, Some(&nonce))
}

fn check_code(code: &Code, redirect_uri: &str, verifier: &str, now: u64) -> Result<(), &'static str> {
    if code.until <= now {
        return Err("the code is unknown or has expired");
    }
    if code.redirect_uri != redirect_uri {
        return Err("redirect_uri is another one than in the request");
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(allowed) {
        return Err("code_verifier has 43 to 128 letters, digits, or one of -._~");
    }
    let fits: bool = Sha256::digest(verifier).as_slice().ct_eq(&code.challenge).into();
    match fits {
        true => Ok(()),
        false => Err("code_verifier does not fit code_challenge"),
    }
}

fn by_refresh(provider: &Provider, issuer: &str, client: &Client, form: &Form) -> Result<Value, Failed> {
    let refused = |what| Failed::grant("invalid_grant", what);
    let token = form
        .get("refresh_token")
        .ok_or(Failed::request("refresh_token is missing"))?;
    let now = provider.now();
    let mut state = lock(&provider.state);
    let unknown = refused("the refresh token is unknown, has expired, or was revoked");
    let key = id(token);
    let Some(grant) = state.refresh.get(&key, now).map(|refresh| refresh.grant) else {
        return Err(unknown);
    };
    let Some(granted) = state.grants.get(&grant, now) else {
        return Err(unknown);
    };
    if granted.client != client.id || granted.issuer != issuer {
        return Err(refused("the refresh token was made for another client or issuer"));
    }
    let scopes = narrowed(&granted.scopes, form.get("scope"))?;
    let second = state
        .refresh
        .get_mut(&key, now)
        .is_none_or(|refresh| std::mem::replace(&mut refresh.is_used, true));
    if second {
        state.grants.take(&grant, now);
        return Err(refused(
            "the refresh token is used a second time; all tokens of the log-in are revoked",
        ));
    }
    issue(provider, &mut state, client, grant, &scopes, None)
}

/// The scopes that are asked for, of those that were granted.
fn narrowed(granted: &[Scope], asked: Option<&str>) -> Result<Vec<Scope>, Failed> {
    let Some(asked) = asked else {
        return Ok(granted.to_vec());
    };
    let scopes = Scope::list(asked).filter(|scopes| scopes.iter().all(|scope| granted.contains(scope)));
    scopes.ok_or(Failed::grant("invalid_scope", "scope has more than was granted"))
}

/// Tokens of a relying party itself, which are for signatures only (`documented`).
fn own(provider: &Provider, issuer: &str, client: &Client, form: &Form) -> Result<Value, Failed> {
    let asks_sign = form.get("scope").is_none_or(|scope| scope == Scope::Sign.name());
    if !asks_sign || !client.scopes.contains(&Scope::Sign) {
        return Err(Failed::grant(
            "invalid_scope",
            "a client itself gets the scope sign, if it is registered",
        ));
    }
    let now = provider.now();
    let token = access_token(provider, issuer, client, &client.id, &[Scope::Sign])?;
    let access = Access::Client(client.id.clone());
    let kept = lock(&provider.state)
        .access
        .insert(id(&token), access, now + ACCESS_LIFE, now);
    kept.map_err(|Full| Failed::busy())?;
    Ok(json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": ACCESS_LIFE,
        "scope": Scope::Sign.name(),
    }))
}

/// Makes the tokens of a person's log-in.
fn issue(
    provider: &Provider,
    state: &mut State,
    client: &Client,
    id_of_grant: Id,
    scopes: &[Scope],
    nonce: Option<&str>,
) -> Result<Value, Failed> {
    let now = provider.now();
    let grant = state.grants.get(&id_of_grant, now).ok_or(Failed::token())?;
    let access = access_token(provider, &grant.issuer, client, &grant.subject, scopes)?;
    let id_token = id_token(provider, grant, &access, nonce)?;
    let refresh = random();
    // All refresh tokens of a log-in end together.
    let end = grant.auth_time + REFRESH_LIFE;
    let of_person = Access::Person {
        grant: id_of_grant,
        scopes: scopes.to_vec(),
    };
    let kept = state.access.insert(id(&access), of_person, now + ACCESS_LIFE, now);
    let also = Refresh {
        grant: id_of_grant,
        is_used: false,
    };
    let kept = kept.and_then(|()| state.refresh.insert(id(&refresh), also, end, now));
    kept.map_err(|Full| Failed::busy())?;
    Ok(json!({
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": ACCESS_LIFE,
        "refresh_token": refresh,
        "refresh_expires_in": end.saturating_sub(now),
        "id_token": id_token,
        "scope": Scope::text(scopes),
    }))
}

/// An access token: a JWT with RS256, as the published sample is one. This server looks for its hash and reads nothing of it.
fn access_token(
    provider: &Provider,
    issuer: &str,
    client: &Client,
    subject: &str,
    scopes: &[Scope],
) -> Result<String, Failed> {
    let now = provider.now();
    let claims = Claims::new([
        ("iss", issuer.into()),
        ("sub", subject.into()),
        ("aud", issuer.into()),
        ("azp", client.id.as_str().into()),
        ("exp", (now + ACCESS_LIFE).into()),
        ("iat", now.into()),
        ("jti", random().into()),
        ("typ", "Bearer".into()),
        ("scope", Scope::text(scopes).into()),
    ]);
    sign(provider.keys(now).access_token(), "JWT", &claims).map_err(|_| Failed::server())
}

fn id_token(provider: &Provider, grant: &Grant, access: &str, nonce: Option<&str>) -> Result<String, Failed> {
    let now = provider.now();
    let half = Sha256::digest(access);
    let mut claims = Claims::new([
        ("iss", grant.issuer.as_str().into()),
        ("sub", grant.subject.as_str().into()),
        ("aud", grant.client.as_str().into()),
        ("exp", (now + ACCESS_LIFE).into()),
        ("iat", now.into()),
        ("auth_time", grant.auth_time.into()),
        ("acr", LEVEL.into()),
        ("at_hash", base64url::encode(half.get(..16).unwrap_or_default()).into()),
    ]);
    if let Some(nonce) = nonce {
        claims = claims.with("nonce", nonce);
    }
    sign(provider.keys(now).id_token(), "JWT", &claims).map_err(|_| Failed::server())
}
