//! A provider that follows the standard, except where a test makes it lie: what an honest provider can't be brought to do.
//! It checks what the portal sends as a careful one does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base64ct::{Base64, Encoding};
use rand_core::OsRng;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use vmyna::CardSource;
use vmyna_desk::client::{CardClient, Key, Pin};
use vmyna_desk::http::form;
use vmyna_desk::jose::{self, Algorithm, Claims, Signer, base64url, sign};

use crate::server::Server;

/// Changes what is answered.
type Change<T> = Box<dyn Fn(T) -> T + Send>;

/// What a test makes the provider do.
pub struct Lies {
    /// The discovery document.
    pub document: Change<Value>,
    /// The parameters of the answer by way of the browser.
    pub callback: Change<Vec<(String, String)>>,
    /// The claims of the ID token.
    pub claims: Change<Claims>,
    /// The ID token itself.
    pub id_token: Change<String>,
    /// The answer of the token endpoint.
    pub token: Change<(u16, Value)>,
    /// The answer of userinfo.
    pub userinfo: Change<(u16, Value)>,
    /// What a card has signed: signature and certificate.
    pub signed: Change<(Vec<u8>, Vec<u8>)>,
    /// Signs in place of the provider's key.
    pub foreign: Option<Arc<Signer>>,
    /// The card of the person, and the password of its sign key.
    pub card: (String, String),
}

impl Default for Lies {
    fn default() -> Self {
        Self {
            document: Box::new(|same| same),
            callback: Box::new(|same| same),
            claims: Box::new(|same| same),
            id_token: Box::new(|same| same),
            token: Box::new(|same| same),
            userinfo: Box::new(|same| same),
            signed: Box::new(|same| same),
            foreign: None,
            card: ("specimen:hanako".to_owned(), "ABC123".to_owned()),
        }
    }
}

/// A request that waits for its code to be exchanged.
#[derive(Clone)]
struct Waiting {
    challenge: String,
    nonce: String,
    scope: String,
    redirect_uri: String,
}

#[derive(Default)]
struct Kept {
    codes: BTreeMap<String, Waiting>,
    /// The digests of sign transactions.
    digests: Vec<Vec<u8>>,
    assertions: BTreeSet<String>,
    access: Option<String>,
    own: Option<String>,
    refreshes: usize,
}

pub struct Shared {
    pub issuer: String,
    signer: Signer,
    /// The file with the portal's public key.
    keys: PathBuf,
    pub lies: Mutex<Lies>,
    kept: Mutex<Kept>,
}

impl Shared {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap()
    }

    /// How many refresh tokens were exchanged.
    pub fn refreshes(&self) -> usize {
        self.kept().refreshes
    }

    /// Forgets the access token, as if it were over.
    pub fn forget_access(&self) {
        self.kept().access = None;
    }
}

/// The running provider.
pub struct Provider {
    pub shared: Arc<Shared>,
    _server: Server,
}

impl Provider {
    /// Starts it; `keys` is the file that the portal has written.
    pub fn start(keys: PathBuf) -> Self {
        let (listener, port) = Server::listen();
        let shared = Arc::new(Shared {
            issuer: format!("http://localhost:{port}/realm"),
            signer: Signer::generate(Algorithm::Es256, &mut OsRng).unwrap(),
            keys,
            lies: Mutex::default(),
            kept: Mutex::default(),
        });
        let router = Router::new()
            .route("/realm/.well-known/openid-configuration", get(document))
            .route("/realm/auth", get(authorization))
            .route("/realm/token", post(token))
            .route("/realm/userinfo", get(userinfo))
            .route("/realm/certs", get(certs))
            .route("/api/sign-transactions", post(announce))
            .route("/api/sign-transactions/{name}/result", get(result))
            .with_state(Arc::clone(&shared));
        Self {
            shared,
            _server: Server::start(listener, router),
        }
    }
}

fn json_of((status, value): (u16, Value)) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, [("content-type", "application/json")], value.to_string()).into_response()
}

type Provided = State<Arc<Shared>>;

async fn document(State(shared): Provided) -> Response {
    let issuer = &shared.issuer;
    let honest = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/auth"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/certs"),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "authorization_response_iss_parameter_supported": true,
    });
    json_of((200, (shared.lies.lock().unwrap().document)(honest)))
}

async fn certs(State(shared): Provided) -> Response {
    json_of((200, jose::jwks([shared.signer.public()])))
}

/// The person agrees at once.
async fn authorization(State(shared): Provided, RawQuery(query): RawQuery) -> Response {
    let asked: BTreeMap<String, String> = form(query.unwrap().as_bytes()).unwrap().into_iter().collect();
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "portal"),
        ("code_challenge_method", "S256"),
        ("acr_values", "aal3 crl"),
        ("max_age", "300"),
    ] {
        assert_eq!(asked[name], value, "{name}");
    }
    assert_eq!(base64url::decode(&asked["code_challenge"]).unwrap().len(), 32);
    assert!(asked["state"].len() >= 43 && asked["nonce"].len() >= 43 && asked["state"] != asked["nonce"]);
    let code = format!("code.{}", shared.kept().codes.len());
    let waiting = Waiting {
        challenge: asked["code_challenge"].clone(),
        nonce: asked["nonce"].clone(),
        scope: asked["scope"].clone(),
        redirect_uri: asked["redirect_uri"].clone(),
    };
    assert_eq!(
        waiting.scope.contains("sign"),
        asked.contains_key("sign_transaction_id")
    );
    shared.kept().codes.insert(code.clone(), waiting);
    let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let answer = vec![
        own("code", &code),
        own("state", &asked["state"]),
        own("iss", &shared.issuer),
    ];
    let answer = (shared.lies.lock().unwrap().callback)(answer);
    let encoded =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> = answer
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    Redirect::to(&format!("{}?{}", asked["redirect_uri"], pairs.join("&"))).into_response()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The assertion is the portal's, for this issuer, new, and short.
fn authenticate(shared: &Shared, form: &BTreeMap<String, String>) {
    let set = jose::json::object(&std::fs::read(&shared.keys).unwrap()).unwrap();
    let keys = jose::parse_jwks(&set.into()).unwrap();
    let assertion = &form["client_assertion"];
    let claims = jose::verify(assertion, Algorithm::Es256, |kid| {
        keys.iter().find(|key| Some(key.kid()) == kid)
    })
    .unwrap();
    assert_eq!(
        form["client_assertion_type"],
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    assert_eq!(
        (claims.text("iss"), claims.text("sub")),
        (Some("portal"), Some("portal"))
    );
    assert!(claims.is_for(&shared.issuer));
    claims.check_times(now(), 5).unwrap();
    assert!(claims.time("exp").unwrap() <= now() + 65);
    let new = shared.kept().assertions.insert(claims.text("jti").unwrap().to_owned());
    assert!(new, "an assertion is used twice");
}

async fn token(State(shared): Provided, body: Bytes) -> Response {
    let form: BTreeMap<String, String> = form(&body).unwrap().into_iter().collect();
    authenticate(&shared, &form);
    let answer = match &*form["grant_type"] {
        "authorization_code" => {
            let code = shared.kept().codes.remove(&form["code"]);
            match code {
                Some(waiting) => of_code(&shared, &waiting, &form),
                None => (400, json!({"error": "invalid_grant"})),
            }
        }
        "refresh_token" => {
            assert_eq!(form["refresh_token"], "refresh.0");
            let mut kept = shared.kept();
            kept.refreshes += 1;
            kept.access = Some("access.refreshed".to_owned());
            (
                200,
                json!({"access_token": "access.refreshed", "token_type": "Bearer", "refresh_token": "refresh.1"}),
            )
        }
        "client_credentials" => {
            assert_eq!(form["scope"], "sign");
            shared.kept().own = Some("access.own".to_owned());
            (200, json!({"access_token": "access.own", "token_type": "Bearer"}))
        }
        other => panic!("grant_type {other}"),
    };
    json_of((shared.lies.lock().unwrap().token)(answer))
}

fn of_code(shared: &Shared, waiting: &Waiting, form: &BTreeMap<String, String>) -> (u16, Value) {
    let challenge = base64url::encode(&Sha256::digest(&form["code_verifier"]));
    assert_eq!(challenge, waiting.challenge, "the verifier does not fit");
    assert!((43..=128).contains(&form["code_verifier"].len()));
    assert_eq!(form["redirect_uri"], waiting.redirect_uri);
    let lies = shared.lies.lock().unwrap();
    let access = format!("access.{}", waiting.nonce);
    let claims = Claims::new([
        ("iss", json!(shared.issuer)),
        ("sub", json!("person-1")),
        ("aud", json!("portal")),
        ("nonce", json!(waiting.nonce)),
        ("acr", json!("aal3 crl")),
        ("iat", json!(now())),
        ("exp", json!(now() + 300)),
        ("auth_time", json!(now())),
    ]);
    let signer = lies.foreign.as_deref().unwrap_or(&shared.signer);
    let id_token = (lies.id_token)(sign(signer, "JWT", &(lies.claims)(claims)).unwrap());
    drop(lies);
    shared.kept().access = Some(access.clone());
    let answer = json!({
        "access_token": access,
        "token_type": "bearer",
        "refresh_token": "refresh.0",
        "id_token": id_token,
        "scope": waiting.scope,
    });
    (200, answer)
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("authorization")?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(str::to_owned)
}

async fn userinfo(State(shared): Provided, headers: HeaderMap) -> Response {
    let known = shared.kept().access.clone();
    if bearer(&headers) != known {
        return json_of((401, json!({"error": "invalid_token"})));
    }
    let honest = json!({
        "sub": "person-1",
        "name": "見本　花子",
        "address": {"formatted": "東京都千代田区見本町一丁目２番３号"},
        "birthdate": "1989-10-25",
        "gender": "female",
    });
    json_of((shared.lies.lock().unwrap().userinfo)((200, honest)))
}

async fn announce(State(shared): Provided, headers: HeaderMap, body: Bytes) -> Response {
    assert_eq!(bearer(&headers).as_deref(), Some("access.own"));
    let body: Value = serde_json::from_slice(&body).unwrap();
    let digest = Base64::decode_vec(body["digest"].as_str().unwrap()).unwrap();
    assert!([32, 51].contains(&digest.len()));
    let mut kept = shared.kept();
    kept.digests.push(digest);
    json_of((
        200,
        json!({"sign_transaction_id": format!("sign-{}", kept.digests.len() - 1)}),
    ))
}

/// The card signs here, with its real rules.
async fn result(State(shared): Provided, headers: HeaderMap, Path(name): Path<String>) -> Response {
    assert_eq!(bearer(&headers), shared.kept().access.clone());
    let place: usize = name.strip_prefix("sign-").unwrap().parse().unwrap();
    let digest = shared.kept().digests[place].clone();
    let lies = shared.lies.lock().unwrap();
    let (source, password) = &lies.card;
    let source: CardSource = source.parse().unwrap();
    let mut card = CardClient::open(&source).unwrap();
    card.verify(Pin::Sign, password.as_bytes()).unwrap();
    let (signature, certificate) = (card.sign(Key::Sign, &digest).unwrap(), card.sign_certificate().unwrap());
    let (signature, certificate) = (lies.signed)((signature, certificate));
    json_of((
        200,
        json!({
            "signature": Base64::encode_string(&signature),
            "certificate": Base64::encode_string(&certificate),
        }),
    ))
}
