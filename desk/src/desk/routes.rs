//! From an HTTP request to the API: the shell without the token, everything else with it.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Response, StatusCode};
use percent_encoding::percent_decode_str;
use vmyna_apdu::text;

use super::Shared;
use super::answer::{Answered, Refusal};
use super::asked::Asked;
use super::{api, assets};
use crate::http::{self, OwnOrigin};

/// What the server does with each request.
pub(super) fn router(shared: &Arc<Shared>) -> Router {
    let shared = Arc::clone(shared);
    Router::new().fallback(move |request: Request| handle(Arc::clone(&shared), request))
}

async fn handle(shared: Arc<Shared>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let refused = |refusal: Refusal| refusal.into_answer().into_response();
    let Some(below) = path.strip_prefix("/api/").map(str::to_owned) else {
        return match (&parts.method, assets::find(path)) {
            (&Method::GET | &Method::HEAD, Some(asset)) => asset.into_response(),
            (_, None) => refused(Refusal::not_found(text!("there is no such page", "そのページはない"))),
            _ => refused(Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                text!("a page is only read", "ページは読み出しのみ"),
            )),
        };
    };
    if let Err(refusal) = admit(&shared, &parts) {
        return refused(refusal);
    }
    if (&parts.method, below.as_str()) == (&Method::GET, "events") {
        return match shared.feeds.open() {
            Some(stream) => {
                let mut response = Response::new(Body::new(stream));
                let kind = HeaderValue::from_static("text/event-stream");
                response.headers_mut().insert(CONTENT_TYPE, kind);
                response
            }
            None => {
                let most = super::PAGES;
                refused(Refusal::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    text!(
                        "{most} pages are open already: close one",
                        "すでに{most}個のページが開いている。どれかを閉じる"
                    ),
                ))
            }
        };
    }
    // The length was limited by the server.
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
        return refused(Refusal::malformed(text!(
            "the body is incomplete",
            "本文が途中で切れている"
        )));
    };
    // Cards and disks take their time.
    let answered = tokio::task::spawn_blocking(move || work(&shared, &parts, &below, &body)).await;
    match answered {
        Ok(Ok(answer)) => answer.into_response(),
        Ok(Err(refusal)) => refused(refusal),
        Err(_) => refused(Refusal::failed(text!(
            "this could not be done because of a fault in the desk",
            "机の不具合のため実行できなかった"
        ))),
    }
}

/// Whether a request may be answered.
fn admit(shared: &Shared, parts: &Parts) -> Result<(), Refusal> {
    if parts.method != Method::GET {
        let own = parts.extensions.get::<OwnOrigin>();
        if !own.is_some_and(|own| http::is_same_origin(&parts.headers, own)) {
            return Err(Refusal::new(
                StatusCode::FORBIDDEN,
                text!(
                    "only the desk's own page changes something",
                    "変更できるのは机自身のページだけ"
                ),
            ));
        }
    }
    if !shared.token.is_in(&parts.headers) {
        return Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            text!(
                "the token is missing or wrong: open the link that the desk has printed",
                "トークンがないか違う。机が表示したリンクを開く"
            ),
        ));
    }
    let kind = parts.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    if parts.method != Method::GET && kind.is_none_or(|kind| !kind.eq_ignore_ascii_case(b"application/json")) {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            text!("the body is JSON", "本文はJSON"),
        ));
    }
    Ok(())
}

fn work(shared: &Shared, parts: &Parts, below: &str, body: &Bytes) -> Answered {
    let malformed = || Refusal::malformed(text!("the path or query is malformed", "パスかクエリが不正"));
    let decoded = |part: &str| percent_decode_str(part).decode_utf8().map(|part| part.into_owned());
    let path: Result<Vec<String>, _> = below.split('/').map(decoded).collect();
    let query = http::form(parts.uri.query().unwrap_or_default().as_bytes());
    let asked = Asked {
        method: &parts.method,
        path: path.map_err(|_| malformed())?,
        query: query.ok_or_else(malformed)?,
        body,
    };
    api::answer(shared, &asked)
}
