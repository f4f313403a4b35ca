//! Pages that are read.

use axum::body::Body;
use axum::http::Response;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};

use super::Visit;
use crate::portal::application::{Filed, Outcome, Typed};
use crate::portal::pages::{self, Problem};
use crate::portal::sessions::Session;

/// Answers a request for a page.
pub(super) fn show(visit: &Visit<'_>) -> Response<Body> {
    let (running, frame) = (visit.running, visit.frame());
    if !visit.is_person {
        return match visit.path {
            "" => pages::welcome(&frame, &running.party.issuer),
            _ => visit.to(""),
        };
    }
    let shown = running
        .sessions
        .with(&visit.id, visit.now, |session| of_person(visit, session));
    // The session may have ended while this was answered.
    shown.unwrap_or_else(|| visit.to(""))
}

fn of_person(visit: &Visit<'_>, session: &Session) -> Response<Body> {
    let (running, frame) = (visit.running, visit.frame());
    let Some(person) = &session.person else {
        return visit.to("");
    };
    let network = &running.network;
    let key = network.person(&running.party.issuer, &person.tokens.stated.subject);
    match (visit.path, &session.filed) {
        ("", _) => pages::home(&frame, person),
        ("exchanges", _) => pages::exchanges(&frame, network, &key),
        ("codes", _) => {
            let (from, to) = (visit.asked.parameter("from"), visit.asked.parameter("to"));
            pages::codes(&frame, network, &key, (&from, &to))
        }
        ("data", _) => pages::data(&frame, person, (network, &key), ""),
        ("notices", _) => pages::notices(&frame),
        ("application", _) => pages::form(&frame, &person.items, &Typed::default(), &[]),
        ("application/review", Some(Filed::Draft(draft))) => pages::review(&frame, draft),
        ("application/result", Some(Filed::Checked(outcome))) => pages::result(&frame, outcome),
        ("application/review" | "application/result" | "application/sign", _) => visit.to("application"),
        // Where a form was sent: the link to the other language leads here.
        ("log-in" | "log-out", _) => visit.to(""),
        (path, Some(Filed::Checked(outcome))) => {
            download(path, outcome).unwrap_or_else(|| visit.problem(&Problem::NotFound))
        }
        _ => visit.problem(&Problem::NotFound),
    }
}

/// A file of an application that was signed, to be checked by another program.
fn download(path: &str, outcome: &Outcome) -> Option<Response<Body>> {
    let (media_type, content) = match path {
        "application/document.txt" => ("text/plain; charset=utf-8", outcome.draft.document.clone().into_bytes()),
        "application/signature.bin" => ("application/octet-stream", outcome.signed.signature.clone()),
        "application/certificate.der" => ("application/pkix-cert", outcome.signed.certificate.clone()),
        _ => return None,
    };
    let mut response = Response::new(Body::from(content));
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    Some(response)
}
