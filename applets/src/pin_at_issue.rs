//! The state in which a PIN leaves the issuer.

use vmyna_card_os::declaration::{Format, Pin, ReferenceData};

/// The value of a PIN on a new card and, for a card that is issued blocked or nearly so, its tries left. `Debug` shows no
/// value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PinAtIssue {
    /// The value; `None` for a PIN that is left unset, which no value opens.
    pub value: Option<ReferenceData>,
    /// Tries left; `None` for all of them. A PIN that is left unset has none, whatever this states.
    pub tries_left: Option<u8>,
}

impl PinAtIssue {
    /// A PIN with all its tries.
    #[must_use]
    pub fn new(value: &[u8]) -> Self {
        ReferenceData::new(value).into()
    }

    /// A PIN that is left unset and can't be used, as on a card without PINs (顔認証マイナンバーカード).
    #[must_use]
    pub fn unset() -> Self {
        Self {
            value: None,
            tries_left: None,
        }
    }

    /// The PIN with so many tries left; `None` for all of them.
    #[must_use]
    pub fn with_tries_left(self, tries_left: impl Into<Option<u8>>) -> Self {
        Self {
            tries_left: tries_left.into(),
            ..self
        }
    }

    /// The PIN as an application declares it.
    pub(crate) fn declare(self, format: Format, max_tries: u8) -> Pin {
        match self.value {
            Some(value) => Pin {
                tries_at_issue: self.tries_left.unwrap_or(max_tries),
                ..Pin::new(value, format, max_tries)
            },
            None => Pin::unset(format, max_tries),
        }
    }
}

impl From<ReferenceData> for PinAtIssue {
    fn from(value: ReferenceData) -> Self {
        Self {
            value: Some(value),
            tries_left: None,
        }
    }
}
