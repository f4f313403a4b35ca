//! Requests of the extension as typed values.
//!
//! Fields that are not known are ignored, because a site may send more than the published ones.

use base64ct::{Base64, Encoding as _};
use serde_json::{Map, Value};
use vmyna_apdu::{Text, text};
use zeroize::Zeroizing;

/// The most digests of one request.
pub(super) const MOST_DIGESTS: usize = 1000;

/// What the extension asks for.
pub(super) enum Request {
    /// Mode 01.
    LogIn { digest: Vec<u8>, pin: Typed },
    /// Mode 02.
    Sign { digests: Vec<Vec<u8>>, pin: Typed },
    /// Mode 04.
    InputAssist { pin: Typed },
    /// Mode 05.
    Close,
}

/// The value of a PIN as it was typed.
pub(super) type Typed = Zeroizing<String>;

/// Why a message is no request. It never shows a value of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestError {
    /// It is not a JSON object.
    NotJson,
    /// The mode is none of 01, 02, 04 and 05.
    Mode,
    /// The service_id is not 01.
    Service,
    /// The digest is missing, or not base64.
    Digest,
    /// There are more digests than one message may have.
    Digests,
    /// There is no PIN.
    NoPin,
}

impl RequestError {
    pub(super) fn text(self) -> Text {
        match self {
            Self::NotJson => text!(
                "The message is not a JSON object.",
                "メッセージがJSONオブジェクトではありません。"
            ),
            Self::Mode => text!(
                "The mode is none of 01, 02, 04 and 05.",
                "modeが01、02、04、05のどれでもありません。"
            ),
            Self::Service => text!("The service_id is not 01.", "service_idが01ではありません。"),
            Self::Digest => text!(
                "The digest is missing or is not base64.",
                "digestがないか、base64ではありません。"
            ),
            Self::Digests => text!(
                "More than {MOST_DIGESTS} digests.",
                "digestが{MOST_DIGESTS}件を超えています。"
            ),
            Self::NoPin => text!("The PIN is missing.", "暗証番号がありません。"),
        }
    }
}

/// The mode of a message, as far as it has one, and the request in it.
pub(super) fn parse(message: &[u8]) -> (Option<String>, Result<Request, RequestError>) {
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(message) else {
        return (None, Err(RequestError::NotJson));
    };
    // The value is taken out, so that nothing else that is made of the fields has it.
    let pin = match fields.remove("pin") {
        Some(Value::String(pin)) => Some(Zeroizing::new(pin)),
        _ => None,
    };
    let mode = fields.get("mode").and_then(Value::as_str);
    let known = mode.filter(|mode| ["01", "02", "04", "05"].contains(mode));
    (known.map(str::to_owned), request(known, pin, &fields))
}

fn request(mode: Option<&str>, pin: Option<Typed>, fields: &Map<String, Value>) -> Result<Request, RequestError> {
    let mode = mode.ok_or(RequestError::Mode)?;
    if mode == "05" {
        return Ok(Request::Close);
    }
    if fields.get("service_id").and_then(Value::as_str) != Some("01") {
        return Err(RequestError::Service);
    }
    let digest = fields.get("digest");
    let request = match mode {
        "01" => Request::LogIn {
            digest: decode(digest)?,
            pin: pin.ok_or(RequestError::NoPin)?,
        },
        "02" => Request::Sign {
            digests: digests(digest)?,
            pin: pin.ok_or(RequestError::NoPin)?,
        },
        _ => Request::InputAssist {
            pin: pin.ok_or(RequestError::NoPin)?,
        },
    };
    Ok(request)
}

/// The digests of mode 02: one, or a list of them.
fn digests(digest: Option<&Value>) -> Result<Vec<Vec<u8>>, RequestError> {
    match digest {
        Some(Value::Array(all)) if all.len() > MOST_DIGESTS => Err(RequestError::Digests),
        Some(Value::Array(all)) if !all.is_empty() => all.iter().map(|one| decode(Some(one))).collect(),
        one => Ok(vec![decode(one)?]),
    }
}

/// Base64 with padding. Its content is the card's concern.
fn decode(digest: Option<&Value>) -> Result<Vec<u8>, RequestError> {
    let text = digest.and_then(Value::as_str).filter(|text| !text.is_empty());
    Base64::decode_vec(text.ok_or(RequestError::Digest)?).map_err(|_| RequestError::Digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn error(message: &str) -> Option<RequestError> {
        parse(message.as_bytes()).1.err()
    }

    #[test]
    fn the_published_forms_are_read() {
        let parsed = |message: &str| parse(message.as_bytes()).1.ok().unwrap();
        let log_in = parsed(r#"{"mode":"01","service_id":"01","digest":"AQI=","pin":"1234","more":[1]}"#);
        assert!(matches!(&log_in, Request::LogIn { digest, pin } if *digest == [1, 2] && **pin == "1234"));
        for (digest, expected) in [(r#""AQI=""#, 1), (r#"["AQI="]"#, 1), (r#"["AQI=","AQ=="]"#, 2)] {
            let sign = parsed(&format!(
                r#"{{"mode":"02","service_id":"01","digest":{digest},"pin":""}}"#
            ));
            assert!(matches!(&sign, Request::Sign { digests, .. } if digests.len() == expected));
        }
        let input = parsed(r#"{"mode":"04","service_id":"01","pin":"1234"}"#);
        assert!(matches!(input, Request::InputAssist { .. }));
        assert!(matches!(parsed(r#"{"mode":"05"}"#), Request::Close));
    }

    #[test]
    fn every_other_form_has_its_error() {
        use RequestError::{Digest, Digests, Mode, NoPin, NotJson, Service};
        let many = format!("[{}]", vec![r#""AQ==""#; MOST_DIGESTS + 1].join(","));
        let sign = |digest: &str| format!(r#"{{"mode":"02","service_id":"01","digest":{digest},"pin":"1"}}"#);
        for (message, expected) in [
            (String::new(), NotJson),
            ("[]".to_owned(), NotJson),
            (r#""05""#.to_owned(), NotJson),
            (r#"{"mode":"05"} "#.repeat(2), NotJson),
            ("{}".to_owned(), Mode),
            (r#"{"mode":1}"#.to_owned(), Mode),
            (r#"{"mode":"03"}"#.to_owned(), Mode),
            (r#"{"mode":"04"}"#.to_owned(), Service),
            (r#"{"mode":"04","service_id":"02"}"#.to_owned(), Service),
            (r#"{"mode":"04","service_id":"01"}"#.to_owned(), NoPin),
            (r#"{"mode":"04","service_id":"01","pin":1234}"#.to_owned(), NoPin),
            (r#"{"mode":"01","service_id":"01","pin":"1"}"#.to_owned(), Digest),
            (sign("[]"), Digest),
            (sign("[1]"), Digest),
            (sign(r#""""#), Digest),
            (sign(r#""AQI""#), Digest),
            (sign(r#""A Q=""#), Digest),
            (sign(r#"["AQI=",null]"#), Digest),
            (sign(&many), Digests),
        ] {
            assert_eq!(error(&message), Some(expected), "{message:.80}");
        }
        // Mode 01 takes one digest.
        let list = r#"{"mode":"01","service_id":"01","digest":["AQI="],"pin":"1"}"#;
        assert_eq!(error(list), Some(Digest));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,80}") {
            let _ = parse(text.as_bytes());
        }
    }
}
