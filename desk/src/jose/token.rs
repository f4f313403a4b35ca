//! The compact form of a signed token.

use std::borrow::Borrow;

use serde_json::{Map, Value, json};

use super::{Algorithm, Claims, JoseError, Signer, VerifyingKey, base64url, json};

/// The most bytes of a token.
pub const LONGEST_TOKEN: usize = 8 * 1024;

/// Parameters of a header that would let the token choose its key or its encoding.
const REFUSED: [&str; 7] = ["crit", "jwk", "jku", "x5u", "b64", "enc", "zip"];

/// A token with these claims, of this type (`JWT`, `at+jwt`), signed by the key. The header has `alg`, `typ` and `kid`.
///
/// # Errors
/// [`JoseError::PrivateKey`] if the engine can't sign; [`JoseError::Long`] if no receiver would accept the token.
pub fn sign(signer: &Signer, r#type: &str, claims: &Claims) -> Result<String, JoseError> {
    let header = json!({"alg": signer.algorithm().name(), "typ": r#type, "kid": signer.kid()});
    let claims = Value::Object(claims.object().clone());
    let part = |value: &Value| base64url::encode(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let signature = signer.signature(signed.as_bytes())?;
    let token = format!("{signed}.{}", base64url::encode(&signature));
    match token.len() <= LONGEST_TOKEN {
        true => Ok(token),
        false => Err(JoseError::Long),
    }
}

/// The claims of a token that the key found by `lookup` has signed with `algorithm`. `lookup` gets the `kid` of the header,
/// if there is one, and answers only with a key that its owner has registered. Times, issuer and audience are not checked.
///
/// # Errors
/// [`JoseError`].
pub fn verify<K: Borrow<VerifyingKey>>(
    token: &str,
    algorithm: Algorithm,
    lookup: impl FnOnce(Option<&str>) -> Option<K>,
) -> Result<Claims, JoseError> {
    if token.len() > LONGEST_TOKEN {
        return Err(JoseError::Long);
    }
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(JoseError::Form);
    };
    let kid = check_header(&object(header)?, algorithm)?;
    let key = lookup(kid.as_deref()).ok_or(JoseError::UnknownKey)?;
    let key = key.borrow();
    if key.algorithm() != algorithm {
        return Err(JoseError::UnknownKey);
    }
    let signed = token.get(..header.len() + 1 + claims.len()).unwrap_or_default();
    let signature = base64url::decode(signature).ok_or(JoseError::Form)?;
    if !key.has_signed(signed.as_bytes(), &signature) {
        return Err(JoseError::Signature);
    }
    Ok(object(claims)?.into())
}

/// The claims of a token whose signature is not checked, to learn which client it claims to be of. Nothing may be believed of
/// them before [`verify`].
///
/// # Errors
/// [`JoseError`] for a token of another form.
pub fn unverified(token: &str) -> Result<Claims, JoseError> {
    if token.len() > LONGEST_TOKEN {
        return Err(JoseError::Long);
    }
    match token.split('.').collect::<Vec<_>>().as_slice() {
        [_, claims, _] => Ok(object(claims)?.into()),
        _ => Err(JoseError::Form),
    }
}

fn object(part: &str) -> Result<Map<String, Value>, JoseError> {
    let bytes = base64url::decode(part).ok_or(JoseError::Form)?;
    json::object(&bytes).ok_or(JoseError::Json)
}

/// The `kid` of a header that has the algorithm and nothing that is refused.
fn check_header(header: &Map<String, Value>, algorithm: Algorithm) -> Result<Option<String>, JoseError> {
    if header.get("alg").and_then(Value::as_str) != Some(algorithm.name()) {
        return Err(JoseError::Algorithm);
    }
    if REFUSED.iter().any(|name| header.contains_key(*name)) {
        return Err(JoseError::Header);
    }
    let text = |name: &str| match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(JoseError::Header),
    };
    // A token inside a token is not what was asked for.
    let nested = |cty: Option<String>| cty.is_some_and(|cty| cty.eq_ignore_ascii_case("JWT"));
    text("typ")?;
    match nested(text("cty")?) {
        true => Err(JoseError::Header),
        false => text("kid"),
    }
}
