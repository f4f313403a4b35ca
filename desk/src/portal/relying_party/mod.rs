//! The portal as a relying party of OpenID Connect: authorization code with PKCE, `private_key_jwt`, ES256.
//!
//! | Module | Content |
//! |---|---|
//! | `discovery` | what the provider offers, all of it on the issuer's own origin |
//! | `authorization` | the request to the provider by way of the browser |
//! | `callback` | the answer by way of the browser |
//! | `token` | the code for tokens, with an assertion signed by the portal's key |
//! | `id_token` | the checks of an ID token |
//! | `userinfo` | the four items |
//! | `signature` | sign transactions |
//! | `error` | why a log-in or a signature failed |
//!
//! Only the configured issuer is asked, over HTTP on this machine. The module must never accept a token that the issuer's
//! keys have not signed for this client and this log-in. It must never put a token or a code into an error or `Debug` output.

mod authorization;
mod callback;
mod discovery;
mod error;
mod id_token;
mod json;
mod signature;
mod token;
mod userinfo;

use std::time::{SystemTime, UNIX_EPOCH};

use vmyna_apdu::Language;
use zeroize::Zeroizing;

pub use self::callback::Callback;
pub use self::discovery::Provider;
pub use self::error::RelyingPartyError;
pub use self::signature::{Digest, Signed};
pub use self::userinfo::FourItems;
use crate::jose::Signer;

/// How far two clocks may differ, in seconds.
const LEEWAY: u64 = 60;
/// How old the authentication of a person may be, in seconds (`max_age`).
const MAX_AGE: u64 = 300;
/// What is asked for at a log-in.
const LOG_IN_SCOPE: &str = "openid name address birthdate gender";
/// What is asked for at a signature.
const SIGN_SCOPE: &str = "openid sign";
/// How the person must have been authenticated: with a card and its PIN, and the certificate not revoked.
const ACR_VALUES: &str = "aal3 crl";
/// The level among them that the ID token must confirm.
const LEVEL: &str = "aal3";

/// A client of one provider.
#[derive(Debug)]
pub struct RelyingParty {
    /// The issuer, compared as text.
    pub issuer: String,
    /// The name of this client at the provider.
    pub client_id: String,
    /// Where the provider sends the browser back to.
    pub redirect_uri: String,
    /// The key of the client's assertions.
    pub signer: Signer,
}

/// What the browser was sent to the provider for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To log in.
    LogIn,
    /// To sign: the transaction at the provider.
    Sign(String),
}

/// What the portal remembers until the browser returns. There is no `Debug`, because its values are secrets.
pub struct Begun {
    state: String,
    nonce: String,
    verifier: Zeroizing<String>,
    provider: Provider,
    /// What it is for.
    pub purpose: Purpose,
    /// The language of the page that began it.
    pub language: Language,
}

impl Begun {
    /// The `state` of the request.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }
}

/// Tokens whose ID token holds. There is no `Debug`, because they are secrets.
#[derive(Clone)]
pub struct Tokens {
    access: Zeroizing<String>,
    refresh: Option<Zeroizing<String>>,
    /// What the ID token states.
    pub stated: Stated,
    provider: Provider,
}

/// What a checked ID token states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// The person at the issuer (`sub`).
    pub subject: String,
    /// How the person was authenticated (`acr`).
    pub acr: String,
    /// When, in seconds since 1970 (`auth_time`).
    pub auth_time: u64,
    /// When the token was issued, in seconds since 1970.
    pub issued: u64,
    /// Until when it holds, in seconds since 1970.
    pub expires: u64,
}

/// A person who is logged in.
pub struct LoggedIn {
    /// The tokens of the log-in.
    pub tokens: Tokens,
    /// What the provider states of the person.
    pub items: FourItems,
}

impl RelyingParty {
    /// The origin of the provider, to which forms of the portal lead.
    #[must_use]
    pub fn provider_origin(&self) -> Option<String> {
        discovery::origin(&self.issuer)
    }

    /// Begins a log-in or a signature: what to remember, and where the browser goes.
    ///
    /// # Errors
    /// [`RelyingPartyError`] if the provider can't be asked or does not offer what is needed.
    pub fn begin(&self, purpose: Purpose, language: Language) -> Result<(Begun, String), RelyingPartyError> {
        let provider = Provider::discover(&self.issuer)?;
        Ok(authorization::request(self, provider, purpose, language))
    }

    /// Checks the answer that came by way of the browser, and exchanges its code.
    ///
    /// # Errors
    /// [`RelyingPartyError`].
    pub fn finish(&self, begun: &Begun, callback: &Callback) -> Result<Tokens, RelyingPartyError> {
        let code = callback.code(&begun.provider)?;
        let answer = token::exchange(self, begun, code)?;
        let id_token = answer.id_token.as_deref().ok_or(RelyingPartyError::Form("token"))?;
        let keys = begun.provider.keys()?;
        let expected = id_token::Expected {
            issuer: &self.issuer,
            client_id: &self.client_id,
            nonce: Some(&begun.nonce),
            access_token: &answer.access,
            now: now(),
        };
        let stated = id_token::check(id_token, &keys, &expected)?;
        Ok(Tokens {
            access: answer.access,
            refresh: answer.refresh,
            stated,
            provider: begun.provider.clone(),
        })
    }

    /// The four items of the person who has logged in.
    ///
    /// # Errors
    /// [`RelyingPartyError`].
    pub fn items(&self, tokens: &Tokens) -> Result<FourItems, RelyingPartyError> {
        userinfo::ask(&tokens.provider, &tokens.access, &tokens.stated.subject)
    }

    /// New tokens for the refresh token; the ID token of the answer must be of the same person.
    ///
    /// # Errors
    /// [`RelyingPartyError`], also if there is no refresh token.
    pub fn refresh(&self, tokens: &mut Tokens) -> Result<(), RelyingPartyError> {
        let refresh = tokens
            .refresh
            .clone()
            .ok_or(RelyingPartyError::Unsupported("refresh"))?;
        let answer = token::refresh(self, &tokens.provider, &refresh)?;
        if let Some(id_token) = &answer.id_token {
            let keys = tokens.provider.keys()?;
            let expected = id_token::Expected {
                issuer: &self.issuer,
                client_id: &self.client_id,
                nonce: None,
                access_token: &answer.access,
                now: now(),
            };
            let stated = id_token::check(id_token, &keys, &expected)?;
            if stated.subject != tokens.stated.subject {
                return Err(RelyingPartyError::OtherPerson);
            }
        }
        tokens.access = answer.access;
        tokens.refresh = answer.refresh.or(Some(refresh));
        Ok(())
    }

    /// Announces to the provider what is to be signed; the name of the transaction.
    ///
    /// # Errors
    /// [`RelyingPartyError`].
    pub fn announce(&self, digest: &Digest) -> Result<String, RelyingPartyError> {
        signature::announce(self, digest)
    }

    /// The signature that a person has made for a transaction.
    ///
    /// # Errors
    /// [`RelyingPartyError`].
    pub fn signed(&self, tokens: &Tokens, transaction: &str) -> Result<Signed, RelyingPartyError> {
        signature::fetch(&tokens.provider, &tokens.access, transaction)
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

#[cfg(test)]
pub(super) mod tests;
