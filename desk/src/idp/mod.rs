//! An identity provider that speaks the published protocol of デジタル認証アプリ and asks a virtual card.
//!
//! | Module | Content |
//! |---|---|
//! | `metadata` | discovery |
//! | `request` | the authorization request |
//! | `login`, `page` | the pages on which a person chooses a card, consents and types PINs |
//! | `card` | the conversation with the card or phone, and the verification of its certificates |
//! | `document` | the mdoc of an iPhone, which states the four items |
//! | `assertion`, `token` | the token endpoint |
//! | `resource` | userinfo, sign transactions |
//! | `clients` | the registered relying parties |
//! | `keys` | the provider's keys |
//! | `state` | what is remembered, with limits in number and time |
//!
//! The card decides: a log-in is a signature of its auth key, and the four items are read behind their PIN. A signature is one
//! of its sign key, and every wrong PIN costs a try.
//!
//! The module must never send an answer to an address that is not registered byte for byte. It must never accept a code, an
//! assertion or a page's token twice, and never put a PIN, a code or a token into a log.

mod answer;
mod assertion;
mod card;
mod clients;
mod document;
mod expiring;
mod keys;
mod login;
mod metadata;
mod page;
mod request;
mod resource;
mod scope;
mod state;
mod token;
mod uri;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, Path, RawQuery, State as Shared};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::{get, post};
use vmyna::CardSource;
use vmyna_apdu::{Language, text};

pub use card::{Authority, CardSignature, linked};
pub use clients::{Client, Clients, Keys, LONGEST_FILE, RegistrationError};
pub use document::PresentedDocument;
pub use keys::{KEPT, KeyRing, KeysError};
pub use metadata::REALM;
pub use scope::Scope;
pub use state::{
    ACCESS_LIFE, CODE_LIFE, MOST_CODES, MOST_GRANTS, MOST_SIGNATURES, MOST_TRANSACTIONS, REFRESH_LIFE, SIGN_LIFE,
};

use self::answer::{Failed, public_json, set};
use self::card::Slot;
use self::state::{State, lock};
use crate::http::{OwnOrigin, accepted, form, is_form};

/// How long a person may take for a log-in, in seconds, unless the user sets another time.
pub const TIME_LIMIT: u64 = 300;
/// The level of a log-in with a card and its PIN (`acr`).
const LEVEL: &str = "aal3";

/// Seconds since 1970.
pub type Clock = Box<dyn Fn() -> u64 + Send + Sync>;
/// Gets what happened, a line each: where, the outcome, and why. No line holds a PIN, a code, a token or personal data.
pub type Log = Box<dyn Fn(&str) + Send + Sync>;

/// What a provider is made of.
pub struct Settings {
    /// The registered relying parties.
    pub clients: Clients,
    /// The cards that a person can choose.
    pub cards: Vec<CardSource>,
    /// Verifies what cards sign.
    pub authority: Box<dyn Authority>,
    /// The provider's keys.
    pub keys: KeyRing,
    /// The time of tokens.
    pub clock: Clock,
    /// How long a person may take for a log-in, in seconds.
    pub time_limit: u64,
    /// Gets what happened.
    pub log: Log,
}

/// The time by the machine's clock, in seconds since 1970.
#[must_use]
pub fn machine_clock() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// A provider with what it remembers.
struct Provider {
    settings: Parts,
    cards: Vec<Slot>,
    keys: Mutex<KeyRing>,
    state: Mutex<State>,
}

/// The settings that never change.
struct Parts {
    clients: Clients,
    authority: Box<dyn Authority>,
    clock: Clock,
    time_limit: u64,
    log: Log,
}

impl Provider {
    fn now(&self) -> u64 {
        (self.settings.clock)()
    }

    /// The keys as of now. A new one that can't be written is no reason to refuse a person: the old one stays in use.
    fn keys(&self, now: u64) -> MutexGuard<'_, KeyRing> {
        let mut keys = lock(&self.keys);
        if let Err(error) = keys.renew(now) {
            self.log("keys", "not renewed", &error.to_string());
        }
        keys
    }

    fn slot(&self, card: usize) -> Option<&Slot> {
        self.cards.get(card)
    }

    fn log(&self, place: &str, outcome: &str, why: &str) {
        (self.settings.log)(format!("{place}: {outcome}: {why}").trim_end_matches(": "));
    }

    /// The answer of an endpoint for programs.
    fn answered(&self, place: &str, outcome: Result<Response<Body>, Failed>) -> Response<Body> {
        match outcome {
            Ok(answer) => {
                self.log(place, "ok", "");
                answer
            }
            Err(failed) => {
                let (code, why) = failed.reason();
                self.log(place, code, why);
                failed.answer()
            }
        }
    }
}

type Ours = Shared<Arc<Provider>>;
type Own = Extension<OwnOrigin>;

/// The pages and endpoints of a provider, for an [`HttpServer`](crate::http::HttpServer).
pub fn router(settings: Settings) -> Router {
    let provider = Provider {
        cards: settings.cards.into_iter().map(Slot::new).collect(),
        keys: Mutex::new(settings.keys),
        state: Mutex::new(State::new()),
        settings: Parts {
            clients: settings.clients,
            authority: settings.authority,
            clock: settings.clock,
            time_limit: settings.time_limit,
            log: settings.log,
        },
    };
    let endpoint = |name: &str| format!("{REALM}/protocol/openid-connect/{name}");
    Router::new()
        .route("/", get(front))
        .route("/idp.css", get(style))
        .route("/favicon.svg", get(icon))
        .route(&format!("{REALM}/.well-known/openid-configuration"), get(discovery))
        .route(&endpoint("certs"), get(certs))
        .route(&endpoint("auth"), get(auth).post(auth_by_form))
        .route(&endpoint("token"), post(token_endpoint))
        .route(&endpoint("userinfo"), get(userinfo).post(userinfo))
        .route(page::ACTION, get(login_page).post(login_form))
        .route("/api/sign-transactions", post(announce))
        .route("/api/sign-transactions/{name}/result", get(signature))
        .fallback(missing)
        .with_state(Arc::new(provider))
}

fn issuer(own: &OwnOrigin) -> String {
    format!("{}{REALM}", own.0)
}

async fn front(Shared(provider): Ours, Extension(own): Own, headers: HeaderMap) -> Response<Body> {
    page::front(accepted(&headers), &issuer(&own), &provider.settings.clients)
}

async fn login_page(Shared(provider): Ours, headers: HeaderMap, query: RawQuery) -> Response<Body> {
    login::page(&provider, &headers, query.0.as_deref())
}

async fn missing(headers: HeaderMap) -> Response<Body> {
    page::missing(accepted(&headers))
}

async fn style() -> Response<Body> {
    asset("text/css; charset=utf-8", include_str!("../../assets/idp/idp.css"))
}

async fn icon() -> Response<Body> {
    asset("image/svg+xml", include_str!("../../assets/idp/favicon.svg"))
}

fn asset(media_type: &str, text: &'static str) -> Response<Body> {
    let mut answer = Response::new(Body::from(text));
    set(&mut answer, CONTENT_TYPE, media_type);
    answer
}

async fn discovery(Extension(own): Own) -> Response<Body> {
    public_json(&metadata::document(&issuer(&own)))
}

async fn certs(Shared(provider): Ours) -> Response<Body> {
    let now = provider.now();
    public_json(&provider.keys(now).set(now))
}

async fn auth(Shared(provider): Ours, Extension(own): Own, headers: HeaderMap, query: RawQuery) -> Response<Body> {
    let form = form(query.0.unwrap_or_default().as_bytes());
    login::begin(&provider, &issuer(&own), &headers, form)
}

async fn auth_by_form(Shared(provider): Ours, Extension(own): Own, headers: HeaderMap, body: Bytes) -> Response<Body> {
    // The request comes from a page of the relying party, so it has a foreign origin.
    let form = form(&body).filter(|_| is_form(&headers));
    login::begin(&provider, &issuer(&own), &headers, form)
}

async fn login_form(Shared(provider): Ours, Extension(own): Own, headers: HeaderMap, body: Bytes) -> Response<Body> {
    blocking(move || login::proceed(&provider, &own, &headers, &body)).await
}

async fn token_endpoint(
    Shared(provider): Ours,
    Extension(own): Own,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    blocking(move || {
        let outcome = match is_form(&headers) {
            true => token::answer(&provider, &issuer(&own), &headers, &body),
            false => Err(Failed::request("the body is a form, application/x-www-form-urlencoded")),
        };
        provider.answered("token", outcome)
    })
    .await
}

async fn userinfo(Shared(provider): Ours, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let body: &[u8] = if is_form(&headers) { &body } else { &[] };
    provider.answered("userinfo", resource::userinfo(&provider, &headers, body))
}

async fn announce(Shared(provider): Ours, headers: HeaderMap, body: Bytes) -> Response<Body> {
    provider.answered("sign-transactions", resource::announce(&provider, &headers, &body))
}

async fn signature(Shared(provider): Ours, Path(name): Path<String>, headers: HeaderMap) -> Response<Body> {
    provider.answered("sign-transactions", resource::signature(&provider, &headers, &name))
}

/// Runs what computes or waits for a card in a thread of its own kind.
async fn blocking(work: impl FnOnce() -> Response<Body> + Send + 'static) -> Response<Body> {
    let broken = |_| {
        page::refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            Language::En,
            &text!("Something failed in this server.", "このサーバーで障害が発生しました。"),
        )
    };
    tokio::task::spawn_blocking(work).await.unwrap_or_else(broken)
}
