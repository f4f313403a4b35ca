//! Why a phone gets no certificates.

use vmyna_apdu::{IccError, Text};
use vmyna_issuance::IssuanceError;

use crate::counter::CounterError;
use crate::terminal::TerminalError;

/// Why a phone gets no certificates. No error holds a PIN.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PhoneError {
    /// The sign password is wrong: the tries left.
    #[error("the sign password is wrong; tries left: {0}")]
    WrongPassword(u8),
    /// The sign password is blocked, or the card has none.
    #[error("the sign password is blocked or not set: a counter or the kiosk can reset it")]
    Blocked,
    /// The card answered with this status word.
    #[error("the card answered {0:04X}")]
    Refused(u16),
    /// The card did not answer.
    #[error("the card did not answer: {0}")]
    Card(#[from] IccError),
    /// The authority refuses the application: why.
    #[error("the authority refuses the application: {0}")]
    Application(Text),
    /// The card can't be served.
    #[error(transparent)]
    Counter(#[from] CounterError),
    /// Something could not be made or read.
    #[error(transparent)]
    Issuance(#[from] IssuanceError),
}

impl From<TerminalError> for PhoneError {
    fn from(error: TerminalError) -> Self {
        match error {
            TerminalError::WrongPin(left) => Self::WrongPassword(left),
            TerminalError::Blocked => Self::Blocked,
            TerminalError::Refused(word) => Self::Refused(word),
            TerminalError::Card(error) => Self::Card(error),
        }
    }
}

impl PhoneError {
    /// The error in both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        let ja = match self {
            Self::WrongPassword(left) => format!("署名用パスワードが違います。あと{left}回です"),
            Self::Blocked => {
                "署名用パスワードがロックされているか、未設定です。窓口かキオスクで再設定できます".to_owned()
            }
            Self::Refused(word) => format!("カードが{word:04X}を返しました"),
            Self::Card(error) => format!("カードが応答しません（{error}）"),
            Self::Application(reason) => format!("認証局が申請を受け付けません（{}）", reason.ja),
            Self::Counter(error) => return error.text(),
            Self::Issuance(error) => format!("作成または読み取りができません（{error}）"),
        };
        let en = self.to_string();
        Text { en, ja }
    }
}
