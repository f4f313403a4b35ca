//! The parts of a request.

use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, Method};
use vmyna_apdu::Language;

use crate::http::{self, OwnOrigin};

/// A request. There is no `Debug`, because cookie and body hold secrets.
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) own: OwnOrigin,
    /// The language that the browser prefers.
    pub(super) language: Language,
    /// Whether a browser goes to the address, as far as it states that; otherwise it is a part of a page.
    pub(super) is_page: bool,
    headers: HeaderMap,
    body: Bytes,
}

impl Asked {
    /// Reads a request; `None` if it is not whole.
    pub(super) async fn read(request: Request) -> Option<Self> {
        let (parts, body) = request.into_parts();
        // The server has read the body, within its limit.
        let body = to_bytes(body, usize::MAX).await.ok()?;
        Some(Self {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            own: parts.extensions.get::<OwnOrigin>()?.clone(),
            language: http::accepted(&parts.headers),
            is_page: http::is_visit(&parts.headers),
            headers: parts.headers,
            body,
        })
    }

    /// The value of a cookie. Another server of this machine can set a second one of this name: then none is believed.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        let lines = self.headers.get_all(COOKIE).iter();
        let mut found = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(other, _)| *other == name);
        let (_, value) = found.next()?;
        found.next().is_none().then_some(value)
    }

    /// The fields of a form that comes from a page of the portal; `None` for another origin or another type.
    pub(super) fn form(&self) -> Option<Form> {
        match http::is_form(&self.headers) && http::is_same_origin(&self.headers, &self.own) {
            true => Form::read(&self.body),
            false => None,
        }
    }

    /// The value of a parameter of the address.
    pub(super) fn parameter(&self, name: &str) -> String {
        let query = Form::read(self.query.as_bytes());
        query.map(|query| query.value(name).to_owned()).unwrap_or_default()
    }
}

/// The fields of a form, each once.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    fn read(text: &[u8]) -> Option<Self> {
        let fields = http::form(text)?;
        http::is_each_once(&fields).then_some(Self(fields))
    }

    /// The value of a field; empty if there is none.
    pub(super) fn value(&self, name: &str) -> &str {
        let field = self.0.iter().find(|(other, _)| other == name);
        field.map_or("", |(_, value)| value)
    }
}
