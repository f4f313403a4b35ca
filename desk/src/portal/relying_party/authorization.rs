//! The request to the provider by way of the browser (OpenID Connect Core 1.0, 3.1.2.1; PKCE, RFC 7636).

use sha2::{Digest, Sha256};
use vmyna_apdu::Language;
use zeroize::Zeroizing;

use super::{ACR_VALUES, Begun, LOG_IN_SCOPE, MAX_AGE, Provider, Purpose, RelyingParty, SIGN_SCOPE};
use crate::http::encode;
use crate::jose::base64url;
use crate::secret::random;

/// The challenge of a verifier (RFC 7636, 4.2).
fn challenge(verifier: &str) -> String {
    base64url::encode(&Sha256::digest(verifier))
}

/// Makes a request: what to remember, and the address for the browser.
pub(super) fn request(
    party: &RelyingParty,
    provider: Provider,
    purpose: Purpose,
    language: Language,
) -> (Begun, String) {
    let begun = Begun {
        state: random(),
        nonce: random(),
        verifier: Zeroizing::new(random()),
        provider,
        purpose,
        language,
    };
    let (challenge, max_age) = (challenge(&begun.verifier), MAX_AGE.to_string());
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", &*party.client_id),
        ("redirect_uri", &*party.redirect_uri),
        ("state", &*begun.state),
        ("nonce", &*begun.nonce),
        ("code_challenge", &*challenge),
        ("code_challenge_method", "S256"),
        ("acr_values", ACR_VALUES),
        ("max_age", &*max_age),
        (
            "ui_locales",
            match language {
                Language::En => "en",
                Language::Ja => "ja",
            },
        ),
    ];
    match &begun.purpose {
        Purpose::LogIn => pairs.push(("scope", LOG_IN_SCOPE)),
        Purpose::Sign(transaction) => {
            pairs.push(("scope", SIGN_SCOPE));
            pairs.push(("sign_transaction_id", transaction));
        }
    }
    let url = format!("{}?{}", begun.provider.authorization, encode(&pairs));
    (begun, url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_the_hash_of_the_verifier() {
        // RFC 7636, appendix B.
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
