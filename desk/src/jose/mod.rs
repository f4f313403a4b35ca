//! Signed tokens (JWS, RFC 7515; JWT, RFC 7519) with two algorithms: ES256 and RS256.
//!
//! | Module | Content |
//! |---|---|
//! | [`base64url`] | base64url without padding, one text for each value |
//! | [`json`] | JSON objects in which no name is there twice |
//! | [`Signer`] | a private key that signs tokens |
//! | [`VerifyingKey`] | a public key, as JWK or PEM |
//! | [`sign`], [`verify`], [`unverified`] | a token in the compact form |
//! | [`Claims`] | what a token states, and its times |
//!
//! The algorithm of a token is never taken from the token: the caller states the one that the key's owner has registered,
//! and [`verify`] refuses any other, `none` and HS256 among them. The module must never accept a token with a part of its
//! header that it does not understand (`crit`). It must never show a private key or a token in an error or `Debug` output.
//!
//! ```
//! use vmyna_desk::jose::{Algorithm, Claims, Signer, sign, verify};
//!
//! let signer = Signer::generate(Algorithm::Es256, &mut rand_core::OsRng)?;
//! let claims = Claims::new([("iss", "https://issuer.invalid".into())]);
//! let token = sign(&signer, "JWT", &claims)?;
//! let public = signer.public();
//! let stated = verify(&token, Algorithm::Es256, |kid| (kid == Some(public.kid())).then_some(public))?;
//! assert_eq!(stated.text("iss"), Some("https://issuer.invalid"));
//! # Ok::<(), vmyna_desk::jose::JoseError>(())
//! ```

pub mod base64url;
mod claims;
pub mod json;
mod key;
mod signer;
mod token;

pub use claims::{Claims, TimeFault};
pub use key::{Algorithm, LONGEST_KID, VerifyingKey, jwks, parse_jwks};
pub use signer::Signer;
pub use token::{LONGEST_TOKEN, sign, unverified, verify};

/// Why a token or a key is refused. It holds nothing of either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JoseError {
    /// The token is longer than [`LONGEST_TOKEN`].
    #[error("the token is longer than {LONGEST_TOKEN} bytes")]
    Long,
    /// The token does not consist of three parts in base64url without padding.
    #[error("the token is not of three parts in base64url without padding")]
    Form,
    /// Header or claims are no JSON object, or a name is in it twice.
    #[error("header or claims are no JSON object with each name once")]
    Json,
    /// The header names another algorithm than the registered one.
    #[error("the token is not signed with the registered algorithm")]
    Algorithm,
    /// The header names extensions (`crit`), or it states a key or an encoding of its own.
    #[error("the token's header has a parameter that is not accepted")]
    Header,
    /// No key fits.
    #[error("no key with this identifier and algorithm is known")]
    UnknownKey,
    /// The signature is not the key's over this token.
    #[error("the token's signature is wrong")]
    Signature,
    /// The key can't be used: another type, curve or length, or private members in a public one.
    #[error("the key is no public key for ES256 or RS256")]
    Key,
    /// The private key can't be read or used.
    #[error("the private key is none for ES256 or RS256, PKCS#8 PEM")]
    PrivateKey,
}

#[cfg(test)]
mod tests;
