//! Sign transactions: the digest goes to the provider first, the person signs by way of the browser, and the signature is
//! fetched afterwards.

use base64ct::{Base64, Encoding};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use vmyna_authority::http_client::Method;
use vmyna_card_os::key::SHA256_DIGEST_INFO;
use zeroize::Zeroizing;

use super::{Provider, RelyingParty, RelyingPartyError, json, token};

/// Where transactions are made, on the issuer's origin.
const PATH: &str = "/api/sign-transactions";
/// The bytes of a signature of the card's key (RSA-2048).
const SIGNATURE: usize = 256;
/// The most bytes of a certificate.
const LONGEST_CERTIFICATE: usize = 4096;

/// What the card's key is to sign. The card pads it and does not look into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    /// The SHA-256 digest of a document, bare.
    Bare([u8; 32]),
    /// The SHA-256 digest of a document in a `DigestInfo`, as PKCS#1 v1.5 signatures have it.
    DigestInfo([u8; 32]),
}

impl Digest {
    /// The digest of a document.
    #[must_use]
    pub fn of(document: &[u8], with_digest_info: bool) -> Self {
        let digest = Sha256::digest(document).into();
        match with_digest_info {
            true => Self::DigestInfo(digest),
            false => Self::Bare(digest),
        }
    }

    /// The bytes that the card gets.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Bare(digest) => digest.to_vec(),
            Self::DigestInfo(digest) => [SHA256_DIGEST_INFO.as_slice(), digest].concat(),
        }
    }
}

/// A signature with the certificate of its key. There is no `Debug`: the certificate names the person.
#[derive(Clone, PartialEq, Eq)]
pub struct Signed {
    /// The signature value.
    pub signature: Vec<u8>,
    /// The certificate for digital signature, DER.
    pub certificate: Vec<u8>,
}

/// Makes a transaction with a token of the portal itself.
pub(super) fn announce(party: &RelyingParty, digest: &Digest) -> Result<String, RelyingPartyError> {
    let provider = Provider::discover(&party.issuer)?;
    let access = token::own(party, &provider)?.access;
    let bearer = Zeroizing::new(format!("Bearer {}", *access));
    let headers = [
        ("Authorization", &**bearer),
        ("Content-Type", "application/json"),
        ("Accept", "application/json"),
    ];
    let body = json!({ "digest": Base64::encode_string(&digest.bytes()) }).to_string();
    let url = format!("{}{PATH}", provider.origin);
    let answer = json::ask("sign-transactions", Method::Post, &url, &headers, body.as_bytes())?;
    let object = json::object("sign-transactions", &answer)?;
    let id = json::text(&object, "sign_transaction_id").filter(|id| is_id(id));
    id.map(str::to_owned)
        .ok_or(RelyingPartyError::Form("sign-transactions"))
}

/// Fetches what the person has signed, with the token of the person's consent.
pub(super) fn fetch(provider: &Provider, access: &str, transaction: &str) -> Result<Signed, RelyingPartyError> {
    let bearer = Zeroizing::new(format!("Bearer {access}"));
    let headers = [("Authorization", &**bearer), ("Accept", "application/json")];
    let url = format!("{}{PATH}/{transaction}/result", provider.origin);
    let answer = json::ask("sign-transactions", Method::Get, &url, &headers, b"")?;
    let object = json::object("sign-transactions", &answer)?;
    let bytes = |name: &str| Base64::decode_vec(json::text(&object, name)?).ok();
    match (bytes("signature"), bytes("certificate")) {
        (Some(signature), Some(certificate))
            if signature.len() == SIGNATURE && certificate.len() <= LONGEST_CERTIFICATE =>
        {
            Ok(Signed { signature, certificate })
        }
        _ => Err(RelyingPartyError::Form("sign-transactions")),
    }
}

/// Whether a name can stand in a path.
fn is_id(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !id.is_empty() && id.len() <= 255 && id.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_forms_of_a_digest_have_the_same_hash() {
        let (bare, info) = (Digest::of(b"abc", false).bytes(), Digest::of(b"abc", true).bytes());
        assert_eq!((bare.len(), info.len()), (32, 51));
        assert!(info.ends_with(&bare));
        // FIPS 180-2, B.1.
        assert!(vmyna_apdu::hex::encode(&bare).starts_with("BA7816BF8F01CFEA"));
    }

    #[test]
    fn a_transaction_that_would_change_the_path_is_refused() {
        assert!(is_id("37a52ac8-b232_A"));
        for id in ["", "../x", "a/b", "a?b", "a b", "%2e"] {
            assert!(!is_id(id), "{id}");
        }
    }
}
