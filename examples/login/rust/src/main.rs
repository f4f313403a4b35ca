//! A site with card log-in: Rust, axum and openidconnect.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{Query, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::{Router, routing::get};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims};
use openidconnect::{
    AuthorizationCode, ClientId, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse, reqwest,
};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use p256::pkcs8::DecodePrivateKey;

const ISSUER: &str = "http://localhost:47920/api/realms/main";
const SITE: &str = "http://127.0.0.1:47930";

type Failed = Box<dyn Error + Send + Sync>;
type Provider =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// What the site remembers of a browser.
enum Session {
    Begun(CsrfToken, Nonce, PkceCodeVerifier),
    Person(String),
}

struct Site {
    provider: Provider,
    http: reqwest::Client,
    key: SigningKey,
    sessions: Mutex<HashMap<String, Session>>,
}

impl Site {
    /// Begins a session; the cookie for it.
    fn begin(&self, session: Session) -> String {
        let id = CsrfToken::new_random_len(32).into_secret();
        let mut sessions = self.sessions.lock().unwrap();
        // A limit, so that visitors can't fill the memory. Some session ends.
        if sessions.len() >= 1000 {
            let some = sessions.keys().next().cloned();
            some.and_then(|id| sessions.remove(&id));
        }
        sessions.insert(id.clone(), session);
        // The port is in the name, because all ports of a host share their cookies.
        format!("club_47930={id}; Path=/; HttpOnly; SameSite=Lax")
    }

    /// Proves to the provider that a request comes from this site (private_key_jwt): openidconnect has no call for it.
    fn assertion(&self) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let claims = serde_json::json!({
            "iss": "club", "sub": "club", "aud": ISSUER,
            "jti": CsrfToken::new_random().into_secret(), "iat": now, "exp": now + 60,
        });
        let part = |value: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&serde_json::json!({"alg": "ES256"})), part(&claims));
        let signature: Signature = self.key.sign(signed.as_bytes());
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}

/// The identifier of the session, from the one cookie of this name.
fn session_of(headers: &HeaderMap) -> Option<String> {
    let mut ids = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split("; "))
        .filter_map(|pair| pair.strip_prefix("club_47930="));
    let id = ids.next()?.to_owned();
    ids.next().is_none().then_some(id)
}

async fn log_in(State(site): State<Arc<Site>>) -> Response {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = CoreAuthenticationFlow::AuthorizationCode;
    let request = site
        .provider
        .authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
    let name = Scope::new("name".to_owned());
    let (address, state, nonce) = request.add_scope(name).set_pkce_challenge(challenge).url();
    let cookie = site.begin(Session::Begun(state, nonce, verifier));
    ([(SET_COOKIE, cookie)], Redirect::to(address.as_str())).into_response()
}

async fn callback(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Query(answer): Query<HashMap<String, String>>,
) -> Response {
    // Once: an answer that comes a second time finds nothing.
    let begun = session_of(&headers).and_then(|id| site.sessions.lock().unwrap().remove(&id));
    let Some(Session::Begun(state, nonce, verifier)) = begun else {
        return page(StatusCode::BAD_REQUEST, "This log-in was not begun here.");
    };
    match finish(&site, &answer, &state, &nonce, verifier).await {
        Ok(name) => {
            // A new identifier, so that one that was planted before is worth nothing.
            let cookie = site.begin(Session::Person(name));
            ([(SET_COOKIE, cookie)], Redirect::to("/")).into_response()
        }
        Err(error) => page(
            StatusCode::FORBIDDEN,
            &format!("Not logged in: {}", escaped(&error.to_string())),
        ),
    }
}

/// Checks the answer, exchanges its code, checks the ID token, and asks for the name.
async fn finish(
    site: &Site,
    answer: &HashMap<String, String>,
    state: &CsrfToken,
    nonce: &Nonce,
    verifier: PkceCodeVerifier,
) -> Result<String, Failed> {
    let value = |name: &str| answer.get(name).map(String::as_str);
    if value("state") != Some(state.secret()) || value("iss") != Some(ISSUER) {
        return Err("the answer has another state or issuer".into());
    }
    if let Some(error) = value("error_description").or(value("error")) {
        return Err(error.into());
    }
    let code = AuthorizationCode::new(value("code").ok_or("there is no code")?.to_owned());
    let tokens = site
        .provider
        .exchange_code(code)?
        .set_pkce_verifier(verifier)
        .add_extra_param(
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        )
        .add_extra_param("client_assertion", site.assertion())
        .request_async(&site.http)
        .await?;
    let id_token = tokens.id_token().ok_or("there is no ID token")?;
    // The signature, iss, aud, exp and nonce.
    let claims = id_token.claims(&site.provider.id_token_verifier(), nonce)?;
    let subject = claims.subject().clone();
    let asked = site.provider.user_info(tokens.access_token().clone(), Some(subject))?;
    let person: CoreUserInfoClaims = asked.request_async(&site.http).await?;
    let name = person.name().and_then(|name| name.get(None));
    Ok(name.ok_or("the provider states no name")?.to_string())
}

async fn home(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let id = session_of(&headers).unwrap_or_default();
    let text = match site.sessions.lock().unwrap().get(&id) {
        Some(Session::Person(name)) => format!("Welcome, {}", escaped(name)),
        _ => "<a href=\"/log-in\">Log in with a card</a>".to_owned(),
    };
    page(StatusCode::OK, &text)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

fn page(status: StatusCode, text: &str) -> Response {
    let html = format!("<!DOCTYPE html><html lang=\"en\"><title>The club</title><h1>The club</h1><p>{text}</p></html>");
    let policy = [(CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'")];
    (status, policy, Html(html)).into_response()
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let http = reqwest::ClientBuilder::new()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let metadata = CoreProviderMetadata::discover_async(IssuerUrl::new(ISSUER.to_owned())?, &http).await?;
    let provider = CoreClient::from_provider_metadata(metadata, ClientId::new("club".to_owned()), None)
        .set_redirect_uri(RedirectUrl::new(format!("{SITE}/callback"))?);
    let site = Site {
        provider,
        http,
        key: SigningKey::from_pkcs8_pem(&std::fs::read_to_string("../site-key.pem")?)?,
        sessions: Mutex::default(),
    };
    let router = Router::new()
        .route("/", get(home))
        .route("/log-in", get(log_in))
        .route("/callback", get(callback))
        .with_state(Arc::new(site));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 47930)).await?;
    println!("The club is open at {SITE}/");
    Ok(axum::serve(listener, router).await?)
}
