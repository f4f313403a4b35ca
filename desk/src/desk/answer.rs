//! Answers of the API: JSON, and refusals in both languages.

use axum::body::{Body, Bytes};
use axum::http::header::{CONNECTION, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};
use vmyna_apdu::{Text, text};
use vmyna_card_os::state::{LockOwner, StoreError, StoreErrorKind};

use super::words::both;

/// An answer that is not streamed.
pub(super) struct Answer {
    status: StatusCode,
    media_type: &'static str,
    body: Bytes,
    file_name: Option<&'static str>,
    closes: bool,
}

/// An answer, or why there is none of that kind: the page shows both.
pub(super) type Answered = Result<Answer, Refusal>;

/// Why a request is not answered. Nothing of a request is repeated in it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) text: Text,
    /// The errors of a form.
    pub(super) fields: Vec<FieldError>,
}

/// An error of one field of a form.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FieldError {
    /// The field; `None` for the whole form.
    pub(super) field: Option<String>,
    /// Its line, from 1, in a form that is a file.
    pub(super) line: Option<usize>,
    pub(super) text: Text,
}

impl Answer {
    fn of(status: StatusCode, media_type: &'static str, body: Bytes) -> Self {
        Self {
            status,
            media_type,
            body,
            file_name: None,
            closes: false,
        }
    }

    /// What has been done needs no words.
    pub(super) fn done() -> Self {
        Self::json(&json!({}))
    }

    pub(super) fn json(value: &Value) -> Self {
        Self::of(StatusCode::OK, "application/json", value.to_string().into())
    }

    /// JSON with the fields in the order of the type.
    pub(super) fn serialized(value: &impl Serialize) -> Answered {
        let text = serde_json::to_string(value);
        let text = text.map_err(|_| Refusal::failed(text!("the answer can't be written", "応答を作れない")))?;
        Ok(Self::of(StatusCode::OK, "application/json", text.into()))
    }

    pub(super) fn picture(png: Bytes) -> Self {
        Self::of(StatusCode::OK, "image/png", png)
    }

    /// A file that the browser may save by this name.
    pub(super) fn file(media_type: &'static str, file_name: &'static str, body: Vec<u8>) -> Self {
        Self {
            file_name: Some(file_name),
            ..Self::of(StatusCode::OK, media_type, body.into())
        }
    }

    pub(super) fn asset(media_type: &'static str, body: &'static [u8]) -> Self {
        Self::of(StatusCode::OK, media_type, Bytes::from_static(body))
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        if let Some(name) = self.file_name
            && let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""))
        {
            headers.insert(CONTENT_DISPOSITION, value);
        }
        if self.closes {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

impl Refusal {
    pub(super) fn new(status: StatusCode, text: Text) -> Self {
        Self {
            status,
            text,
            fields: Vec::new(),
        }
    }

    /// Something that the request names is not there.
    pub(super) fn not_found(text: Text) -> Self {
        Self::new(StatusCode::NOT_FOUND, text)
    }

    /// It can't be done as things are now.
    pub(super) fn conflict(text: Text) -> Self {
        Self::new(StatusCode::CONFLICT, text)
    }

    /// A card of which the image or the state can't be read.
    pub(super) fn unusable(error: &vmyna::Error) -> Self {
        if let vmyna::Error::State(StoreError {
            kind: StoreErrorKind::InUse(owner),
            ..
        }) = error
        {
            let (en, ja) = owner.as_ref().map_or_else(Default::default, |LockOwner { pid, .. }| {
                (format!(" (process {pid})"), format!("（プロセス{pid}）"))
            });
            return Self::conflict(text!(
                "another program{en} has the card in use: end it, or take the card out there",
                "ほかのプログラム{ja}がカードを使用中。それを終えるか、そこでカードを抜く"
            ));
        }
        Self::conflict(text!("the card can't be used: {error}", "カードを使えない: {error}"))
    }

    /// The request is malformed.
    pub(super) fn malformed(text: Text) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// The system refuses.
    pub(super) fn failed(text: Text) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, text)
    }

    /// A form with errors.
    pub(super) fn form(text: Text, fields: Vec<FieldError>) -> Self {
        Self {
            fields,
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, text)
        }
    }

    pub(super) fn into_answer(self) -> Answer {
        let mut value = json!({ "error": both(&self.text) });
        if !self.fields.is_empty()
            && let Value::Object(object) = &mut value
        {
            let errors = self
                .fields
                .iter()
                .map(|error| json!({ "field": error.field, "line": error.line, "text": both(&error.text) }));
            object.insert("errors".to_owned(), errors.collect());
        }
        Answer {
            // Its client may hold the connection, and there are more of them than places.
            closes: self.status == StatusCode::SERVICE_UNAVAILABLE || self.status == StatusCode::UNAUTHORIZED,
            ..Answer::of(self.status, "application/json", value.to_string().into())
        }
    }
}
