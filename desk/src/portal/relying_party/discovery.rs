//! The provider's document (OpenID Connect Discovery 1.0).

use vmyna_authority::http_client::{Method, Url};

use super::RelyingPartyError;
use super::json::{self, Object};
use crate::jose::{self, VerifyingKey};

/// What the portal uses of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    pub(super) issuer: String,
    pub(super) origin: String,
    pub(super) authorization: String,
    pub(super) token: String,
    pub(super) userinfo: String,
    pub(super) jwks: String,
    /// Whether every answer by way of the browser states the issuer (RFC 9207).
    pub(super) states_issuer: bool,
}

/// The origin of an issuer; `None` unless it is on this machine by `http`.
pub(super) fn origin(issuer: &str) -> Option<String> {
    Url::parse(issuer)
        .filter(Url::is_literal_or_localhost)
        .map(|url| url.origin())
}

impl Provider {
    /// Reads the document of an issuer.
    ///
    /// # Errors
    /// [`RelyingPartyError`]: the document can't be read, names another issuer or an endpoint elsewhere, or lacks something.
    pub fn discover(issuer: &str) -> Result<Self, RelyingPartyError> {
        let url = format!("{issuer}/.well-known/openid-configuration");
        let answer = json::ask("discovery", Method::Get, &url, &[("Accept", "application/json")], b"")?;
        Self::read(issuer, &json::object("discovery", &answer)?)
    }

    fn read(issuer: &str, document: &Object) -> Result<Self, RelyingPartyError> {
        if json::text(document, "issuer") != Some(issuer) {
            return Err(RelyingPartyError::OtherIssuer);
        }
        let origin = origin(issuer).ok_or(RelyingPartyError::Elsewhere("issuer"))?;
        let endpoint = |name: &'static str| {
            let url = json::text(document, name).ok_or(RelyingPartyError::Unsupported(name))?;
            let own = Url::parse(url).is_some_and(|url| url.origin() == origin);
            // A query would have to be merged with that of the request.
            match own && !url.contains('?') {
                true => Ok(url.to_owned()),
                false => Err(RelyingPartyError::Elsewhere(name)),
            }
        };
        for (name, wanted) in [
            ("response_types_supported", "code"),
            ("code_challenge_methods_supported", "S256"),
            ("id_token_signing_alg_values_supported", "ES256"),
            ("token_endpoint_auth_methods_supported", "private_key_jwt"),
        ] {
            if !json::lists(document, name, wanted) {
                return Err(RelyingPartyError::Unsupported(wanted));
            }
        }
        let states_issuer = document.get("authorization_response_iss_parameter_supported");
        Ok(Self {
            issuer: issuer.to_owned(),
            authorization: endpoint("authorization_endpoint")?,
            token: endpoint("token_endpoint")?,
            userinfo: endpoint("userinfo_endpoint")?,
            jwks: endpoint("jwks_uri")?,
            states_issuer: states_issuer.and_then(serde_json::Value::as_bool) == Some(true),
            origin,
        })
    }

    /// The provider's keys as they are now: a new one is known at once.
    pub(super) fn keys(&self) -> Result<Vec<VerifyingKey>, RelyingPartyError> {
        let answer = json::ask("keys", Method::Get, &self.jwks, &[("Accept", "application/json")], b"")?;
        let set = json::object("keys", &answer)?;
        jose::parse_jwks(&set.into()).map_err(|_| RelyingPartyError::Form("keys"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ISSUER: &str = "http://localhost:47920/api/realms/main";

    fn document() -> Value {
        let endpoint = |name: &str| format!("{ISSUER}/protocol/openid-connect/{name}");
        json!({
            "issuer": ISSUER,
            "authorization_endpoint": endpoint("auth"),
            "token_endpoint": endpoint("token"),
            "userinfo_endpoint": endpoint("userinfo"),
            "jwks_uri": endpoint("certs"),
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "authorization_response_iss_parameter_supported": true,
        })
    }

    fn read(document: &Value) -> Result<Provider, RelyingPartyError> {
        Provider::read(ISSUER, document.as_object().unwrap())
    }

    #[test]
    fn a_document_names_the_endpoints() {
        let provider = read(&document()).unwrap();
        assert_eq!(provider.token, format!("{ISSUER}/protocol/openid-connect/token"));
        assert!(provider.states_issuer);
    }

    #[test]
    fn a_document_of_another_issuer_is_refused() {
        for issuer in [
            json!("http://localhost:47920/api/realms/main/"),
            json!("http://127.0.0.1:47920/api/realms/main"),
            json!(1),
        ] {
            let mut document = document();
            document["issuer"] = issuer;
            assert!(matches!(read(&document), Err(RelyingPartyError::OtherIssuer)));
        }
    }

    #[test]
    fn an_endpoint_on_another_origin_is_refused() {
        for name in [
            "authorization_endpoint",
            "token_endpoint",
            "userinfo_endpoint",
            "jwks_uri",
        ] {
            for url in [
                "http://localhost:47921/token",
                "http://127.0.0.1:47920/token",
                "https://localhost:47920/token",
                "http://localhost:47920@evil.example/token",
                "http://localhost:47920/token?a=b",
                "/token",
            ] {
                let mut document = document();
                document[name] = json!(url);
                assert!(
                    matches!(read(&document), Err(RelyingPartyError::Elsewhere(other)) if other == name),
                    "{name}: {url}"
                );
            }
        }
    }

    #[test]
    fn a_provider_without_what_is_needed_is_refused() {
        for name in [
            "response_types_supported",
            "code_challenge_methods_supported",
            "id_token_signing_alg_values_supported",
            "token_endpoint_auth_methods_supported",
            "jwks_uri",
        ] {
            let mut document = document();
            document.as_object_mut().unwrap().remove(name);
            assert!(
                matches!(read(&document), Err(RelyingPartyError::Unsupported(_))),
                "{name}"
            );
        }
    }

    #[test]
    fn an_issuer_beyond_this_machine_has_no_origin() {
        assert_eq!(origin(ISSUER).as_deref(), Some("http://localhost:47920"));
        for issuer in ["https://localhost/", "http://auth.example/realms", "localhost"] {
            assert_eq!(origin(issuer), None);
        }
    }
}
