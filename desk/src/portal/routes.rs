//! What is answered to a request.

mod act;
mod asked;
mod show;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION, SET_COOKIE};
use axum::http::{HeaderValue, Method, Response, StatusCode};
use vmyna_apdu::Language;

use self::asked::Asked;
use super::Running;
use super::pages::{Frame, Problem, code, problem};
use super::relying_party::{Callback, LoggedIn, Purpose, RelyingPartyError};

const STYLE: &str = include_str!("../../assets/portal/portal.css");
const ICON: &str = include_str!("../../assets/portal/favicon.svg");

/// The routes of a portal. Work that asks the provider or the register waits, so it is done by threads for that.
pub(super) fn router(running: Arc<Running>) -> Router {
    Router::new().fallback(handle).with_state(running)
}

async fn handle(State(running): State<Arc<Running>>, request: Request) -> Response<Body> {
    let Some(asked) = Asked::read(request).await else {
        return bare(StatusCode::BAD_REQUEST);
    };
    let answered = tokio::task::spawn_blocking(move || answer(&running, &asked)).await;
    answered.unwrap_or_else(|_| bare(StatusCode::INTERNAL_SERVER_ERROR))
}

/// Where a request with a session leads.
struct Visit<'v> {
    running: &'v Running,
    asked: &'v Asked,
    language: Language,
    /// The path behind the language.
    path: &'v str,
    /// The identifier of the session.
    id: String,
    csrf: String,
    is_person: bool,
    /// A cookie to set: the session was begun by this request.
    cookie: Option<String>,
    now: Instant,
}

impl Visit<'_> {
    fn frame(&self) -> Frame<'_> {
        Frame {
            language: self.language,
            path: self.path,
            is_person: self.is_person,
            csrf: &self.csrf,
            provider: &self.running.provider,
        }
    }

    /// The page of a problem.
    fn problem(&self, what: &Problem<'_>) -> Response<Body> {
        problem(&self.frame(), what)
    }

    /// To a page of the portal.
    fn to(&self, path: &str) -> Response<Body> {
        see(&format!("/{}/{path}", code(self.language)))
    }
}

fn answer(running: &Running, asked: &Asked) -> Response<Body> {
    let is_read = matches!(asked.method, Method::GET | Method::HEAD);
    // The cookie belongs to one host, and the provider sends the browser back to that one.
    if asked.own.0 != running.origin {
        return match is_read {
            true if asked.query.is_empty() => see(&format!("{}{}", running.origin, asked.path)),
            true => see(&format!("{}{}?{}", running.origin, asked.path, asked.query)),
            false => bare(StatusCode::FORBIDDEN),
        };
    }
    match (&*asked.path, is_read) {
        ("/portal.css", true) => file("text/css; charset=utf-8", STYLE),
        ("/favicon.svg", true) => file("image/svg+xml", ICON),
        ("/", true) => see(&format!("/{}/", code(asked.language))),
        (super::CALLBACK, true) => with_cookie(visit(running, asked, asked.language, ""), callback),
        (path, _) => {
            let (language, path) = match path.get(1..).and_then(|path| path.split_once('/')) {
                Some(("en", path)) => (Language::En, path),
                Some(("ja", path)) => (Language::Ja, path),
                _ => {
                    return with_cookie(visit(running, asked, asked.language, ""), |visit| {
                        visit.problem(&Problem::NotFound)
                    });
                }
            };
            let visit = visit(running, asked, language, path);
            match &asked.method {
                _ if is_read => with_cookie(visit, show::show),
                &Method::POST => with_cookie(visit, act::act),
                _ => bare(StatusCode::METHOD_NOT_ALLOWED),
            }
        }
    }
}

/// The session of a request; a visitor without one gets one, because each form needs a token.
fn visit<'v>(running: &'v Running, asked: &'v Asked, language: Language, path: &'v str) -> Visit<'v> {
    let now = (running.clock)();
    let known = asked.cookie(&running.cookie).and_then(|id| {
        let session = running
            .sessions
            .with(id, now, |session| (session.csrf.clone(), session.person.is_some()));
        session.map(|(csrf, is_person)| (id.to_owned(), csrf, is_person))
    });
    let (id, csrf, is_person, cookie) = match known {
        Some((id, csrf, is_person)) => (id, csrf, is_person, None),
        // Nothing but a page needs a session: a request that changes something without one is refused anyway. Parts of another
        // page, such as hundreds of pictures, must not push out visitors who are on their way to the provider.
        None if asked.method == Method::POST || !asked.is_page => (String::new(), String::new(), false, None),
        None => {
            let (id, csrf) = running.sessions.begin(None, now);
            (id.clone(), csrf, false, Some(id))
        }
    };
    Visit {
        running,
        asked,
        language,
        path,
        id,
        csrf,
        is_person,
        cookie,
        now,
    }
}

fn with_cookie(visit: Visit<'_>, answer: impl FnOnce(&Visit<'_>) -> Response<Body>) -> Response<Body> {
    let response = answer(&visit);
    match &visit.cookie {
        Some(id) if !response.headers().contains_key(SET_COOKIE) => set_cookie(response, &visit.running.cookie, id),
        _ => response,
    }
}

/// Sets the cookie; an empty identifier takes it away.
fn set_cookie(mut response: Response<Body>, name: &str, id: &str) -> Response<Body> {
    let end = if id.is_empty() { "; Max-Age=0" } else { "" };
    // Lax: the provider's answer comes from another site, by a navigation.
    let cookie = format!("{name}={id}; Path=/; HttpOnly; SameSite=Lax{end}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

/// The provider's answer by way of the browser.
fn callback(visit: &Visit<'_>) -> Response<Body> {
    let (running, now) = (visit.running, visit.now);
    let callback = Callback::read(&visit.asked.query);
    let begun = callback
        .as_ref()
        .and_then(|callback| running.sessions.take(&visit.id, now, callback.state()));
    let (Some(callback), Some(begun)) = (callback, begun) else {
        return visit.problem(&Problem::Provider(&RelyingPartyError::State));
    };
    let frame = Frame {
        language: begun.language,
        ..visit.frame()
    };
    let outcome = match &begun.purpose {
        Purpose::LogIn => running.party.finish(&begun, &callback).and_then(|tokens| {
            let items = running.party.items(&tokens)?;
            Ok(log_in(visit, begun.language, LoggedIn { tokens, items }))
        }),
        Purpose::Sign(transaction) => running.party.finish(&begun, &callback).and_then(|tokens| {
            let signed = running.party.signed(&tokens, transaction)?;
            act::signed(visit, begun.language, &tokens.stated.subject, signed)
        }),
    };
    outcome.unwrap_or_else(|error| problem(&frame, &Problem::Provider(&error)))
}

/// Begins a session of a person, with a new identifier; that of the visitor ends.
fn log_in(visit: &Visit<'_>, language: Language, person: LoggedIn) -> Response<Body> {
    let running = visit.running;
    running.sessions.end(&visit.id, visit.now);
    let (id, _) = running.sessions.begin(Some(person), visit.now);
    set_cookie(see(&format!("/{}/", code(language))), &running.cookie, &id)
}

/// Sends the browser to an address of the portal or the provider.
fn see(address: &str) -> Response<Body> {
    let mut response = bare(StatusCode::SEE_OTHER);
    match HeaderValue::from_str(address) {
        Ok(address) => {
            response.headers_mut().insert(LOCATION, address);
            response
        }
        Err(_) => bare(StatusCode::BAD_REQUEST),
    }
}

fn bare(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn file(media_type: &'static str, content: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(content));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
