//! The token endpoint (RFC 6749, 4.1.3; `private_key_jwt` of OpenID Connect Core 1.0, 9).

use vmyna_authority::http_client::Method;
use zeroize::Zeroizing;

use super::{Begun, Provider, RelyingParty, RelyingPartyError, json, now};
use crate::http::encode;
use crate::jose::{Claims, sign};
use crate::secret::random;

/// How long an assertion holds, in seconds.
const ASSERTION_LIFE: u64 = 60;
/// The type of an assertion (RFC 7523).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The most bytes of an access or refresh token.
const LONGEST: usize = 8 * 1024;

/// What the endpoint answers. There is no `Debug`, because it holds tokens.
pub(super) struct TokenAnswer {
    pub(super) access: Zeroizing<String>,
    pub(super) refresh: Option<Zeroizing<String>>,
    pub(super) id_token: Option<Zeroizing<String>>,
}

/// Tokens for a code.
pub(super) fn exchange(party: &RelyingParty, begun: &Begun, code: &str) -> Result<TokenAnswer, RelyingPartyError> {
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &*party.redirect_uri),
        ("code_verifier", &**begun.verifier),
    ];
    ask(party, &begun.provider, &pairs)
}

/// Tokens for a refresh token.
pub(super) fn refresh(
    party: &RelyingParty,
    provider: &Provider,
    token: &str,
) -> Result<TokenAnswer, RelyingPartyError> {
    ask(
        party,
        provider,
        &[("grant_type", "refresh_token"), ("refresh_token", token)],
    )
}

/// A token of the portal itself, for sign transactions.
pub(super) fn own(party: &RelyingParty, provider: &Provider) -> Result<TokenAnswer, RelyingPartyError> {
    ask(
        party,
        provider,
        &[("grant_type", "client_credentials"), ("scope", "sign")],
    )
}

/// What proves that the request is the portal's.
fn assertion(party: &RelyingParty) -> Result<String, RelyingPartyError> {
    let now = now();
    let claims = Claims::new([
        ("iss", party.client_id.clone().into()),
        ("sub", party.client_id.clone().into()),
        // The issuer and not the endpoint, so that no other server can use the assertion there.
        ("aud", party.issuer.clone().into()),
        ("jti", random().into()),
        ("iat", now.into()),
        ("exp", (now + ASSERTION_LIFE).into()),
    ]);
    Ok(sign(&party.signer, "JWT", &claims)?)
}

fn ask(party: &RelyingParty, provider: &Provider, pairs: &[(&str, &str)]) -> Result<TokenAnswer, RelyingPartyError> {
    let assertion = assertion(party)?;
    let mut pairs = pairs.to_vec();
    pairs.extend([
        ("client_id", &*party.client_id),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", &*assertion),
    ]);
    let body = Zeroizing::new(encode(&pairs));
    let headers = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Accept", "application/json"),
    ];
    let answer = json::ask("token", Method::Post, &provider.token, &headers, body.as_bytes())?;
    let object = json::object("token", &answer)?;
    let form = || RelyingPartyError::Form("token");
    let kind = json::text(&object, "token_type").ok_or_else(form)?;
    let access = json::text(&object, "access_token").ok_or_else(form)?;
    if !kind.eq_ignore_ascii_case("Bearer") || !is_token(access) {
        return Err(form());
    }
    let own = |text: &str| Zeroizing::new(text.to_owned());
    Ok(TokenAnswer {
        access: own(access),
        refresh: json::text(&object, "refresh_token")
            .filter(|text| is_token(text))
            .map(own),
        id_token: json::text(&object, "id_token").map(own),
    })
}

/// Whether a text can stand behind `Bearer` (RFC 6750, 2.1).
fn is_token(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(allowed)
}
