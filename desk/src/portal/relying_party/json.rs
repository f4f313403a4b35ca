//! Answers of the provider that are JSON objects.

use serde_json::{Map, Value};
use vmyna_authority::http_client::{self, Answer, Method, Reach, Request};

use super::RelyingPartyError;
use crate::jose::json;

/// The characters of an error code that are shown (RFC 6749, 5.2), and how many.
const LONGEST_CODE: usize = 64;
/// The characters of a description that are shown.
const LONGEST_DESCRIPTION: usize = 300;

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// Asks an endpoint of the provider, which is on this machine.
pub(super) fn ask(
    what: &'static str,
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer, RelyingPartyError> {
    let request = Request {
        method,
        url,
        headers,
        body,
    };
    http_client::send(&request, Reach::Loopback).map_err(|error| RelyingPartyError::Unreachable { what, error })
}

/// The JSON object of a successful answer. An answer of another status is the refusal that it states.
pub(super) fn object(what: &'static str, answer: &Answer) -> Result<Object, RelyingPartyError> {
    let is_json = matches!(&*answer.media_type, "application/json" | "application/jwk-set+json");
    let object = json::object(&answer.body).filter(|_| is_json);
    if !(200..300).contains(&answer.status) {
        let status = answer.status;
        let refused = object.and_then(|object| refusal(&object));
        return Err(refused.unwrap_or(RelyingPartyError::Status { what, status }));
    }
    object.ok_or(RelyingPartyError::Form(what))
}

/// The refusal in an error answer.
fn refusal(object: &Object) -> Option<RelyingPartyError> {
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    Some(refused(text("error")?, text("error_description").unwrap_or_default()))
}

/// A refusal with its foreign texts cut.
pub(super) fn refused(code: &str, description: &str) -> RelyingPartyError {
    let harmless = |character: &char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.');
    let visible = |character: &char| !character.is_control();
    RelyingPartyError::Refused {
        code: code.chars().filter(harmless).take(LONGEST_CODE).collect(),
        description: description.chars().filter(visible).take(LONGEST_DESCRIPTION).collect(),
    }
}

/// A member that is a text.
pub(super) fn text<'o>(object: &'o Object, name: &str) -> Option<&'o str> {
    object.get(name).and_then(Value::as_str)
}

/// Whether a member that is a list of texts has this one.
pub(super) fn lists(object: &Object, name: &str, wanted: &str) -> bool {
    let list = object.get(name).and_then(Value::as_array);
    list.is_some_and(|list| list.iter().any(|one| one.as_str() == Some(wanted)))
}
