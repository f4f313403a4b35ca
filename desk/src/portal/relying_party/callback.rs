//! The provider's answer by way of the browser (RFC 6749, 4.1.2; RFC 9207).

use super::json::refused;
use super::{Provider, RelyingPartyError};
use crate::http;

/// The parameters that are read; any other is ignored, as RFC 6749 demands.
const READ: [&str; 5] = ["state", "code", "iss", "error", "error_description"];
/// The most characters of a parameter.
const LONGEST: usize = 2048;

/// The parameters of the answer. There is no `Debug`, because the code is a secret.
#[derive(Default)]
pub struct Callback {
    values: [Option<String>; READ.len()],
}

impl Callback {
    /// Reads a query; `None` if it is malformed or has a parameter twice.
    #[must_use]
    pub fn read(query: &str) -> Option<Self> {
        let mut callback = Self::default();
        for (name, value) in http::form(query.as_bytes())? {
            let Some(place) = READ.iter().position(|read| *read == name) else {
                continue;
            };
            if value.len() > LONGEST || callback.values[place].replace(value).is_some() {
                return None;
            }
        }
        Some(callback)
    }

    fn value(&self, name: &str) -> Option<&str> {
        let place = READ.iter().position(|read| *read == name)?;
        self.values[place].as_deref()
    }

    /// The `state`; empty if there is none.
    #[must_use]
    pub fn state(&self) -> &str {
        self.value("state").unwrap_or_default()
    }

    /// The code, if the answer is that of this provider.
    ///
    /// # Errors
    /// [`RelyingPartyError`]: another issuer, a refusal, or no code.
    pub(super) fn code(&self, provider: &Provider) -> Result<&str, RelyingPartyError> {
        match self.value("iss") {
            Some(issuer) if issuer == provider.issuer => {}
            None if !provider.states_issuer => {}
            _ => return Err(RelyingPartyError::MixedUp),
        }
        if let Some(error) = self.value("error") {
            return Err(refused(error, self.value("error_description").unwrap_or_default()));
        }
        let code = self.value("code").filter(|code| !code.is_empty());
        code.ok_or(RelyingPartyError::Form("authorization"))
    }
}
