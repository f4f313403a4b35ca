//! What a token states.

use serde_json::{Map, Value};

/// The claims of a token. `Debug` shows their names only, because they can be a person's data.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Claims(Map<String, Value>);

impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What is wrong with the times of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeFault {
    /// `exp` is missing, or a time is no whole number of seconds.
    #[error("exp is missing, or a time is no number of seconds")]
    Form,
    /// `exp` is over.
    #[error("the token has expired")]
    Expired,
    /// `nbf` or `iat` is in the future.
    #[error("the token is from the future")]
    Future,
}

impl Claims {
    /// These claims.
    #[must_use]
    pub fn new<const N: usize>(claims: [(&str, Value); N]) -> Self {
        Self(
            claims
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    }

    /// The same claims with one more, or another value of it.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// The value of a claim.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A claim that is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// A time in seconds since 1970 (`NumericDate`), fractions cut off; `None` if it is missing, no number, or below 0.
    #[must_use]
    pub fn time(&self, name: &str) -> Option<u64> {
        let value = self.get(name)?;
        // A number as large as 2^53 is exact in JSON; no token is valid until then.
        let float = || value.as_f64().filter(|time| (0.0..9e15).contains(time));
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded above")]
        let cut = || float().map(|time| time as u64);
        value.as_u64().filter(|time| *time < 9_000_000_000_000_000).or_else(cut)
    }

    /// Whether `aud` is this one audience: a text, or an array of one text.
    #[must_use]
    pub fn is_for(&self, audience: &str) -> bool {
        match self.get("aud") {
            Some(Value::String(stated)) => stated == audience,
            Some(Value::Array(stated)) => matches!(stated.as_slice(), [Value::String(stated)] if stated == audience),
            _ => false,
        }
    }

    /// Checks `exp` (which must be there), `nbf` and `iat` at `now`, all in seconds since 1970, with a leeway for clocks.
    ///
    /// # Errors
    /// [`TimeFault`].
    pub fn check_times(&self, now: u64, leeway: u64) -> Result<(), TimeFault> {
        let end = self.time("exp").ok_or(TimeFault::Form)?;
        for name in ["nbf", "iat"] {
            let Some(_) = self.get(name) else { continue };
            if self.time(name).ok_or(TimeFault::Form)? > now.saturating_add(leeway) {
                return Err(TimeFault::Future);
            }
        }
        match now < end.saturating_add(leeway) {
            true => Ok(()),
            false => Err(TimeFault::Expired),
        }
    }

    pub(super) const fn object(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl From<Map<String, Value>> for Claims {
    fn from(object: Map<String, Value>) -> Self {
        Self(object)
    }
}
