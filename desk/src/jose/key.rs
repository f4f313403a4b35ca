//! Public keys: JWK (RFC 7517), PEM, thumbprints (RFC 7638).

use p256::ecdsa::signature::Verifier;
use p256::elliptic_curve::sec1::FromEncodedPoint;
use p256::pkcs8::DecodePublicKey;
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, Pkcs1v15Sign, RsaPublicKey};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{JoseError, base64url};

/// The most characters of a key identifier.
pub const LONGEST_KID: usize = 255;
/// The most keys of a set.
const MOST_KEYS: usize = 64;
/// The members of a private key, of which a public one has none.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A signature algorithm (RFC 7518, 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
}

impl Algorithm {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Rs256, Self::Es256];

    /// The name in headers, keys and metadata.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }

    /// The algorithm of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    Ec(p256::ecdsa::VerifyingKey),
    Rsa(RsaPublicKey),
}

/// A public key with its identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKey {
    kid: String,
    key: Key,
}

impl VerifyingKey {
    pub(super) fn ec(key: p256::ecdsa::VerifyingKey) -> Self {
        Self::named_by_thumbprint(Key::Ec(key))
    }

    pub(super) fn rsa(key: RsaPublicKey) -> Result<Self, JoseError> {
        check_rsa(&key)?;
        Ok(Self::named_by_thumbprint(Key::Rsa(key)))
    }

    fn named_by_thumbprint(key: Key) -> Self {
        let mut key = Self {
            kid: String::new(),
            key,
        };
        key.kid = key.thumbprint();
        key
    }

    /// A public key of P-256 or RSA in a PEM file (`BEGIN PUBLIC KEY`). Its identifier is its thumbprint.
    ///
    /// # Errors
    /// [`JoseError::Key`].
    pub fn from_pem(pem: &str) -> Result<Self, JoseError> {
        if let Ok(key) = p256::ecdsa::VerifyingKey::from_public_key_pem(pem) {
            return Ok(Self::ec(key));
        }
        let key = RsaPublicKey::from_public_key_pem(pem).map_err(|_| JoseError::Key)?;
        Self::rsa(key)
    }

    /// A key from a JWK. Without `kid` its identifier is its thumbprint.
    ///
    /// # Errors
    /// [`JoseError::Key`]: another type, curve or length, private members, or `alg`, `use` or `key_ops` of another purpose.
    pub fn from_jwk(jwk: &Value) -> Result<Self, JoseError> {
        let jwk = jwk.as_object().ok_or(JoseError::Key)?;
        if PRIVATE.iter().any(|name| jwk.contains_key(*name)) {
            return Err(JoseError::Key);
        }
        let mut key = match text(jwk, "kty")? {
            "EC" => Self::ec(ec_of(jwk)?),
            "RSA" => Self::rsa(rsa_of(jwk)?)?,
            _ => return Err(JoseError::Key),
        };
        let fits = |name: &str, wanted: &Value| jwk.get(name).is_none_or(|stated| stated == wanted);
        if !fits("alg", &json!(key.algorithm().name())) || !fits("use", &json!("sig")) {
            return Err(JoseError::Key);
        }
        if !fits("key_ops", &json!(["verify"])) {
            return Err(JoseError::Key);
        }
        if jwk.contains_key("kid") {
            key = key.with_kid(text(jwk, "kid")?)?;
        }
        Ok(key)
    }

    /// The same key with this identifier: 1 to [`LONGEST_KID`] printable ASCII characters.
    ///
    /// # Errors
    /// [`JoseError::Key`] for another identifier.
    pub fn with_kid(self, kid: &str) -> Result<Self, JoseError> {
        let printable = kid.bytes().all(|byte| (0x20..=0x7E).contains(&byte));
        if kid.is_empty() || kid.len() > LONGEST_KID || !printable {
            return Err(JoseError::Key);
        }
        Ok(Self {
            kid: kid.to_owned(),
            ..self
        })
    }

    /// The identifier.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The one algorithm that the key is used with.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self.key {
            Key::Ec(_) => Algorithm::Es256,
            Key::Rsa(_) => Algorithm::Rs256,
        }
    }

    /// The public key as a JWK with `kid`, `alg` and `use`.
    #[must_use]
    pub fn to_jwk(&self) -> Value {
        let mut jwk = self.required();
        jwk.insert("kid".to_owned(), json!(self.kid));
        jwk.insert("alg".to_owned(), json!(self.algorithm().name()));
        jwk.insert("use".to_owned(), json!("sig"));
        Value::Object(jwk)
    }

    /// The members that a thumbprint covers.
    fn required(&self) -> Map<String, Value> {
        let value = match &self.key {
            Key::Ec(key) => {
                let point = key.to_encoded_point(false);
                let member = |part: Option<&p256::FieldBytes>| base64url::encode(part.map_or(&[], |part| part));
                json!({"kty": "EC", "crv": "P-256", "x": member(point.x()), "y": member(point.y())})
            }
            Key::Rsa(key) => {
                let member = |number: &BigUint| base64url::encode(&number.to_bytes_be());
                json!({"kty": "RSA", "n": member(key.n()), "e": member(key.e())})
            }
        };
        match value {
            Value::Object(object) => object,
            _ => Map::new(),
        }
    }

    /// SHA-256 over the required members, in base64url (RFC 7638).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        let members = self.required();
        // The members in the order of their names, without white space.
        let text = match self.key {
            Key::Ec(_) => ["crv", "kty", "x", "y"].as_slice(),
            Key::Rsa(_) => ["e", "kty", "n"].as_slice(),
        };
        let text: Vec<String> = text
            .iter()
            .map(|name| format!("{}:{}", json!(name), members.get(*name).unwrap_or(&Value::Null)))
            .collect();
        base64url::encode(&Sha256::digest(format!("{{{}}}", text.join(","))))
    }

    /// Whether `signature` is the key's over `message`.
    pub(super) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.key {
            Key::Ec(key) => {
                // r and s, 32 bytes each: `from_slice` refuses other lengths and numbers that are 0 or too large.
                p256::ecdsa::Signature::from_slice(signature)
                    .is_ok_and(|signature| key.verify(message, &signature).is_ok())
            }
            Key::Rsa(key) => key
                .verify(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message), signature)
                .is_ok(),
        }
    }
}

/// A set of public keys (RFC 7517, 5).
#[must_use]
pub fn jwks<'k>(keys: impl IntoIterator<Item = &'k VerifyingKey>) -> Value {
    let keys: Vec<Value> = keys.into_iter().map(VerifyingKey::to_jwk).collect();
    json!({ "keys": keys })
}

/// The usable keys of a set, at most 64. Keys of another type, use or algorithm are left out, as RFC 7517 demands.
///
/// # Errors
/// [`JoseError::Key`] if this is no set, or two of its keys have one identifier.
pub fn parse_jwks(set: &Value) -> Result<Vec<VerifyingKey>, JoseError> {
    let keys = set.get("keys").and_then(Value::as_array).ok_or(JoseError::Key)?;
    if keys.len() > MOST_KEYS {
        return Err(JoseError::Key);
    }
    let mut usable: Vec<VerifyingKey> = Vec::new();
    for key in keys.iter().filter_map(|jwk| VerifyingKey::from_jwk(jwk).ok()) {
        if usable.iter().any(|known| known.kid == key.kid) {
            return Err(JoseError::Key);
        }
        usable.push(key);
    }
    Ok(usable)
}

fn text<'j>(jwk: &'j Map<String, Value>, name: &str) -> Result<&'j str, JoseError> {
    jwk.get(name).and_then(Value::as_str).ok_or(JoseError::Key)
}

fn bytes(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, JoseError> {
    base64url::decode(text(jwk, name)?).ok_or(JoseError::Key)
}

fn ec_of(jwk: &Map<String, Value>) -> Result<p256::ecdsa::VerifyingKey, JoseError> {
    if text(jwk, "crv")? != "P-256" {
        return Err(JoseError::Key);
    }
    let (x, y) = (bytes(jwk, "x")?, bytes(jwk, "y")?);
    // Each coordinate has the length of the field, also if it begins with zeros (RFC 7518, 6.2.1).
    if x.len() != 32 || y.len() != 32 {
        return Err(JoseError::Key);
    }
    let (x, y) = (
        p256::FieldBytes::clone_from_slice(&x),
        p256::FieldBytes::clone_from_slice(&y),
    );
    let point = p256::EncodedPoint::from_affine_coordinates(&x, &y, false);
    let key = Option::<p256::PublicKey>::from(p256::PublicKey::from_encoded_point(&point)).ok_or(JoseError::Key)?;
    Ok(key.into())
}

fn rsa_of(jwk: &Map<String, Value>) -> Result<RsaPublicKey, JoseError> {
    let number = |name: &str| {
        let bytes = bytes(jwk, name)?;
        // No leading zeros (RFC 7518, 6.3.1): they would be a second text for one key.
        match bytes.first() {
            None | Some(0) => Err(JoseError::Key),
            Some(_) if bytes.len() > 512 => Err(JoseError::Key),
            Some(_) => Ok(BigUint::from_bytes_be(&bytes)),
        }
    };
    RsaPublicKey::new(number("n")?, number("e")?).map_err(|_| JoseError::Key)
}

/// 2048 to 4096 bits, and an odd exponent of 3 to 2^33 (which the library bounds).
fn check_rsa(key: &RsaPublicKey) -> Result<(), JoseError> {
    match (2048..=4096).contains(&key.n().bits()) {
        true => Ok(()),
        false => Err(JoseError::Key),
    }
}
