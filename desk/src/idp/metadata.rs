//! What the provider offers (OpenID Connect Discovery 1.0).

use serde_json::{Value, json};

use super::scope::Scope;
use crate::jose::Algorithm;

/// The path of the issuer on its origin, as the published service has it.
pub const REALM: &str = "/api/realms/main";

/// The address of an endpoint.
pub(super) fn endpoint(issuer: &str, name: &str) -> String {
    format!("{issuer}/protocol/openid-connect/{name}")
}

/// The document of an issuer. It has every field without which one of the usual relying parties stops.
pub(super) fn document(issuer: &str) -> Value {
    let scopes = Scope::ALL.map(Scope::name);
    let algorithms = Algorithm::ALL.map(Algorithm::name);
    json!({
        "issuer": issuer,
        "authorization_endpoint": endpoint(issuer, "auth"),
        "token_endpoint": endpoint(issuer, "token"),
        "userinfo_endpoint": endpoint(issuer, "userinfo"),
        "jwks_uri": endpoint(issuer, "certs"),
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": [Algorithm::Es256.name()],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "code_challenge_methods_supported": ["S256"],
        "acr_values_supported": ["aal3", "crl"],
        "claims_supported": [
            "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "at_hash",
            "name", "address", "birthdate", "gender",
        ],
        "claim_types_supported": ["normal"],
        "ui_locales_supported": ["en", "ja"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "require_request_uri_registration": false,
        "authorization_response_iss_parameter_supported": true,
    })
}
