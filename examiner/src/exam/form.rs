//! The form of a request to a service: `[http.mdoc]` and the like of `exam.toml`.

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use serde::Deserialize;
use vmyna_apdu::hex;

use super::pattern::Pattern;

/// The request about one part: `[http.mdoc]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Form {
    /// The path, from `/` on. It can have the placeholder of the session.
    pub path: String,
    /// `Content-Type`.
    #[serde(default = "json")]
    pub content_type: String,
    /// The body. Placeholders of files are filled with their content in [`Self::encoding`].
    pub body: Option<String>,
    /// The name of the file that is the body, as it is.
    pub file: Option<String>,
    /// How files are written into the body, and how challenges are read.
    #[serde(default)]
    pub encoding: Encoding,
    /// The status of an acceptance.
    #[serde(default = "ok")]
    pub accepted: Vec<u16>,
    /// The status of a refusal; without it every other one below 300 and from 400 to 499.
    pub refused: Option<Vec<u16>>,
    /// What the body of an acceptance has besides.
    pub pattern: Option<Pattern>,
    /// Where the service's challenge is.
    pub challenge: Option<Challenge>,
}

/// Where a service's challenge is: `[http.log-in.challenge]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Challenge {
    /// The path that gives it.
    pub path: String,
    /// How it is asked for: `GET`, or `POST` with an empty body.
    #[serde(default)]
    pub method: Asked,
    /// Where it is in the JSON of the answer (RFC 6901): `/challenge`. Without it, the body is the challenge.
    pub pointer: Option<String>,
    /// Where the session is, for the placeholder `{session}`. Cookies are sent back in any case.
    pub session: Option<String>,
    /// After so many seconds the challenge has ended. Without it that is not examined.
    pub ends_after: Option<u64>,
}

/// How a challenge is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Asked {
    /// Reads.
    #[default]
    Get,
    /// Sends an empty body.
    Post,
}

/// How bytes are written as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// RFC 4648, 4.
    #[default]
    Base64,
    /// RFC 4648, 5, without padding.
    Base64url,
    /// Small letters.
    Hex,
}

impl Encoding {
    pub(super) fn write(self, bytes: &[u8]) -> String {
        match self {
            Self::Base64 => Base64::encode_string(bytes),
            Self::Base64url => Base64UrlUnpadded::encode_string(bytes),
            Self::Hex => hex::encode(bytes).to_ascii_lowercase(),
        }
    }

    pub(super) fn read(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Base64 => Base64::decode_vec(text).ok(),
            Self::Base64url => Base64UrlUnpadded::decode_vec(text.trim_end_matches('=')).ok(),
            Self::Hex => hex::decode(text).ok(),
        }
    }
}

fn json() -> String {
    "application/json".to_owned()
}

fn ok() -> Vec<u16> {
    vec![200]
}
