//! Patterns of `exam.toml`.

use regex::bytes::Regex;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

/// A regular expression over bytes, of the crate `regex`.
#[derive(Clone, Debug)]
pub struct Pattern(pub Regex);

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Regex::new(&text).map(Self).map_err(|error| {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default();
            D::Error::custom(format!(
                "is no regular expression: {}",
                why.trim_start_matches("error: ")
            ))
        })
    }
}
