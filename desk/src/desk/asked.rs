//! A request to the API, and what it gives.

use axum::http::Method;
use serde_json::Value;
use vmyna_apdu::text;

use super::answer::Refusal;

/// A request below `/api/`.
pub(super) struct Asked<'a> {
    pub(super) method: &'a Method,
    /// The parts of the path behind `/api/`, decoded.
    pub(super) path: Vec<String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: &'a [u8],
}

impl Asked<'_> {
    /// A field of the query.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let field = self.query.iter().find(|(known, _)| known == name);
        field.map(|(_, value)| value.as_str())
    }

    /// A number in the query; 0 if there is none.
    pub(super) fn number(&self, name: &str) -> Result<u64, Refusal> {
        let number = self.query(name).map_or(Ok(0), str::parse);
        number.map_err(|_| Refusal::malformed(text!("{name} is a number", "{name}は数値")))
    }

    /// The body, a JSON object.
    pub(super) fn object(&self) -> Result<Value, Refusal> {
        let value: Option<Value> = serde_json::from_slice(self.body).ok();
        value
            .filter(Value::is_object)
            .ok_or_else(|| Refusal::malformed(text!("the body is a JSON object", "本文はJSONオブジェクト")))
    }

    /// A text of the body.
    pub(super) fn text(&self, name: &str) -> Result<String, Refusal> {
        let text = self.object()?.get(name).and_then(Value::as_str).map(str::to_owned);
        text.ok_or_else(|| Refusal::malformed(text!("{name} is a text and must be given", "{name}（文字列）が必要")))
    }
}
