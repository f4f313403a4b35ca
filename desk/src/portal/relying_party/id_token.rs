//! The checks of an ID token (OpenID Connect Core 1.0, 3.1.3.7).

use sha2::{Digest, Sha256};

use super::{LEEWAY, LEVEL, MAX_AGE, RelyingPartyError, Stated};
use crate::jose::{Algorithm, Claims, TimeFault, VerifyingKey, base64url, verify};
use crate::secret::same;

/// The most characters of a `sub` (OpenID Connect Core 1.0, 2).
const LONGEST_SUBJECT: usize = 255;
/// The most characters of an `acr` that are kept.
const LONGEST_ACR: usize = 255;

/// What an ID token must state.
pub(super) struct Expected<'e> {
    pub(super) issuer: &'e str,
    pub(super) client_id: &'e str,
    /// The nonce of the request; `None` for the ID token of a refresh, which needs none.
    pub(super) nonce: Option<&'e str>,
    /// The access token that came with it.
    pub(super) access_token: &'e str,
    /// Seconds since 1970.
    pub(super) now: u64,
}

/// Checks an ID token.
pub(super) fn check(token: &str, keys: &[VerifyingKey], expected: &Expected<'_>) -> Result<Stated, RelyingPartyError> {
    let claims = verify(token, Algorithm::Es256, |kid| key(keys, kid))?;
    check_claims(&claims, expected).map_err(RelyingPartyError::Claim)
}

/// The key of this name. A token without one is only accepted if the provider has one key for ES256.
fn key<'k>(keys: &'k [VerifyingKey], kid: Option<&str>) -> Option<&'k VerifyingKey> {
    let mut fitting = keys
        .iter()
        .filter(|key| key.algorithm() == Algorithm::Es256 && kid.is_none_or(|kid| kid == key.kid()));
    let first = fitting.next()?;
    fitting.next().is_none().then_some(first)
}

/// Checks what a token states; the name of the claim that is wrong.
fn check_claims(claims: &Claims, expected: &Expected<'_>) -> Result<Stated, &'static str> {
    let is = |name: &'static str, holds: bool| if holds { Ok(()) } else { Err(name) };
    is("iss", claims.text("iss") == Some(expected.issuer))?;
    is("aud", claims.is_for(expected.client_id))?;
    let azp = claims
        .get("azp")
        .is_none_or(|azp| azp.as_str() == Some(expected.client_id));
    is("azp", azp)?;
    claims.check_times(expected.now, LEEWAY).map_err(|fault| match fault {
        TimeFault::Future => "iat",
        _ => "exp",
    })?;
    let time = |name: &'static str| claims.time(name).ok_or(name);
    let (issued, expires) = (time("iat")?, time("exp")?);
    if let Some(nonce) = expected.nonce {
        is("nonce", claims.text("nonce").is_some_and(|stated| same(stated, nonce)))?;
    }
    if let Some(stated) = claims.get("at_hash") {
        is("at_hash", stated.as_str() == Some(&*half(expected.access_token)))?;
    }
    let acr = claims.text("acr").filter(|acr| acr.len() <= LONGEST_ACR).ok_or("acr")?;
    is("acr", acr.split(' ').any(|level| level == LEVEL))?;
    let auth_time = time("auth_time")?;
    let latest = expected.now.saturating_add(LEEWAY);
    let earliest = expected.now.saturating_sub(MAX_AGE + LEEWAY);
    // A refresh is later than the authentication by nature.
    is(
        "auth_time",
        auth_time <= latest && (expected.nonce.is_none() || auth_time >= earliest),
    )?;
    let subject = claims.text("sub").filter(|sub| {
        !sub.is_empty() && sub.len() <= LONGEST_SUBJECT && sub.bytes().all(|byte| byte.is_ascii_graphic())
    });
    Ok(Stated {
        subject: subject.ok_or("sub")?.to_owned(),
        acr: acr.to_owned(),
        auth_time,
        issued,
        expires,
    })
}

/// The left half of the hash of an access token (OpenID Connect Core 1.0, 3.1.3.6).
fn half(token: &str) -> String {
    base64url::encode(&Sha256::digest(token)[..16])
}

#[cfg(test)]
mod tests;
