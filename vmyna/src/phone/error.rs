//! Why a phone gets no certificates, or keeps those that it has.

use std::fmt;

use vmyna_apdu::{Text, text};
use vmyna_authority::counter::CounterError;
use vmyna_authority::phone::PhoneError;

use crate::counter::{OperateError, SignerError};
use crate::error::Error;

/// Why certificates are not taken off a phone.
pub type RemoveError = OperateError;

/// Why a phone gets no new mdoc. It keeps the one that it has.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// The card of the person can't be used.
    #[error("{0}")]
    Card(#[from] Error),
    /// The signer of mdocs can't be used.
    #[error("{0}")]
    Signer(#[from] SignerError),
    /// A rule forbids it, or the phone can't be changed.
    #[error("{0}")]
    Operate(#[from] OperateError),
}

impl From<CounterError> for RefreshError {
    fn from(error: CounterError) -> Self {
        Self::Operate(error.into())
    }
}

impl RefreshError {
    /// The error in both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Card(_) => text_of_card(self),
            Self::Signer(_) => text_of_signer(self),
            Self::Operate(error) => error.text(),
        }
    }
}

/// Why a phone gets no certificates. Unless it is [`OperateError::Step`], nothing was done; a wrong password has cost a try.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddError {
    /// A rule forbids it, the password is wrong, or the authority refuses the application.
    #[error("{0}")]
    Refused(#[from] PhoneError),
    /// The card can't be used.
    #[error("{0}")]
    Card(#[from] Error),
    /// The card signed nothing.
    #[error("the card signed no application")]
    NotHeld,
    /// The signer of mdocs can't be used.
    #[error("{0}")]
    Signer(#[from] SignerError),
    /// The phone's certificates were not issued.
    #[error("{0}")]
    Operate(#[from] OperateError),
}

impl From<CounterError> for AddError {
    fn from(error: CounterError) -> Self {
        Self::Refused(error.into())
    }
}

impl AddError {
    /// The error in both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Refused(error) => error.text(),
            Self::Card(_) => text_of_card(self),
            Self::Signer(_) => text_of_signer(self),
            Self::NotHeld => text!("{self}", "カードが申請に署名していません"),
            Self::Operate(error) => error.text(),
        }
    }
}

fn text_of_card(error: &impl fmt::Display) -> Text {
    text!("{error}", "カードを使用できません（{error}）")
}

fn text_of_signer(error: &impl fmt::Display) -> Text {
    text!("{error}", "mdocの署名者を使用できません（{error}）")
}
