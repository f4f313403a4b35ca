//! Answers for programs: JSON, errors of the token endpoint and of the resources.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

/// Why a program gets no answer: status, code and description (RFC 6749, 5.2; RFC 6750, 3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failed {
    status: StatusCode,
    code: &'static str,
    description: &'static str,
}

impl Failed {
    /// `invalid_request`.
    pub(super) const fn request(description: &'static str) -> Self {
        Self::grant("invalid_request", description)
    }

    /// Another code of the token endpoint.
    pub(super) const fn grant(code: &'static str, description: &'static str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            description,
        }
    }

    /// `invalid_client`.
    pub(super) const fn client(description: &'static str) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            code: "invalid_client",
            description,
        }
    }

    /// `invalid_token` of a resource.
    pub(super) const fn token() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            code: "invalid_token",
            description: "the access token is missing, has expired, or was revoked",
        }
    }

    /// `insufficient_scope` of a resource.
    pub(super) const fn scope() -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            code: "insufficient_scope",
            description: "the access token is not for this",
        }
    }

    /// There is nothing of this name.
    pub(super) const fn missing(description: &'static str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            code: "not_found",
            description,
        }
    }

    /// A limit is reached.
    pub(super) const fn busy() -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "temporarily_unavailable",
            description: "a limit of this server is reached; try again later",
        }
    }

    /// Something of the server itself failed.
    pub(super) const fn server() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "server_error",
            description: "the keys of this server can't be used",
        }
    }

    /// The code and the description, for a log.
    pub(super) const fn reason(&self) -> (&'static str, &'static str) {
        (self.code, self.description)
    }

    /// The answer.
    pub(super) fn answer(&self) -> Response<Body> {
        let mut answer = json(&json!({"error": self.code, "error_description": self.description}));
        *answer.status_mut() = self.status;
        if matches!(self.code, "invalid_token" | "insufficient_scope") {
            let text = format!(
                r#"Bearer error="{}", error_description="{}""#,
                self.code, self.description
            );
            set(&mut answer, WWW_AUTHENTICATE, &text);
        }
        answer
    }
}

/// JSON.
pub(super) fn json(value: &Value) -> Response<Body> {
    let mut answer = Response::new(Body::from(value.to_string()));
    set(&mut answer, CONTENT_TYPE, "application/json");
    answer
}

/// JSON that pages of every origin may read, because it is public.
pub(super) fn public_json(value: &Value) -> Response<Body> {
    let mut answer = json(value);
    set(&mut answer, HeaderName::from_static("access-control-allow-origin"), "*");
    set(
        &mut answer,
        HeaderName::from_static("cross-origin-resource-policy"),
        "cross-origin",
    );
    answer
}

/// Leads the browser on, with GET.
pub(super) fn redirect(location: &str) -> Response<Body> {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::SEE_OTHER;
    set(&mut answer, LOCATION, location);
    answer
}

/// Sets a header, if its value can be one.
pub(super) fn set(answer: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}
