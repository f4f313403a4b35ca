//! Why a log-in or a signature failed.

use vmyna_apdu::Text;
use vmyna_authority::http_client::HttpError;

use crate::jose::JoseError;

/// Why a log-in or a signature failed. It holds no token, code or personal data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelyingPartyError {
    /// The provider can't be asked.
    #[error("{what}: {error}")]
    Unreachable {
        /// Which endpoint.
        what: &'static str,
        /// Why not.
        error: HttpError,
    },
    /// The provider answers with another status.
    #[error("{what}: the provider answers with status {status}")]
    Status {
        /// Which endpoint.
        what: &'static str,
        /// Its status.
        status: u16,
    },
    /// An answer of the provider has another form.
    #[error("{0}: the answer of the provider has another form")]
    Form(&'static str),
    /// The provider's document names another issuer.
    #[error("the provider's document names another issuer")]
    OtherIssuer,
    /// An endpoint is not on the issuer's origin.
    #[error("{0} is not on the issuer's origin")]
    Elsewhere(&'static str),
    /// The provider does not support what the portal needs.
    #[error("the provider does not offer {0}")]
    Unsupported(&'static str),
    /// The browser returned with a `state` that this session did not send, or sent before.
    #[error("the answer does not belong to a log-in that this browser has begun, or is used twice or too late")]
    State,
    /// The answer comes from another issuer (RFC 9207).
    #[error("the answer is not from the configured issuer")]
    MixedUp,
    /// The provider refused, with a code of its own (RFC 6749, 4.1.2.1 and 5.2).
    #[error("the provider refuses: {code}")]
    Refused {
        /// The code, cut to harmless characters.
        code: String,
        /// Its description: foreign text.
        description: String,
    },
    /// A token is malformed, or another key has signed it.
    #[error("the ID token: {0}")]
    Token(#[from] JoseError),
    /// A claim of the ID token is missing or wrong.
    #[error("the ID token has a wrong {0}")]
    Claim(&'static str),
    /// Userinfo or signature is of another person than the ID token or the session.
    #[error("the answer is about another person")]
    OtherPerson,
}

impl RelyingPartyError {
    /// Whether an access token is over or was taken back, so that a refresh can help.
    #[must_use]
    pub fn is_over(&self) -> bool {
        match self {
            Self::Status { status, .. } => *status == 401,
            Self::Refused { code, .. } => code == "invalid_token",
            _ => false,
        }
    }

    /// The error for people.
    #[must_use]
    pub fn text(&self) -> Text {
        Text {
            en: self.to_string(),
            ja: self.japanese(),
        }
    }

    fn japanese(&self) -> String {
        match self {
            Self::Unreachable { what, error } => format!("{what}: 認証サービスに接続できません（{error}）"),
            Self::Status { what, status } => format!("{what}: 認証サービスがステータス{status}を返しました"),
            Self::Form(what) => format!("{what}: 認証サービスの応答の形式が不正です"),
            Self::OtherIssuer => "認証サービスの設定情報にある発行者が異なります".to_owned(),
            Self::Elsewhere(what) => format!("{what}が発行者と同じオリジンにありません"),
            Self::Unsupported(what) => format!("認証サービスが{what}に対応していません"),
            Self::State => "このブラウザで始めた操作への応答ではないか、使用済みか、時間が経ち過ぎています".to_owned(),
            Self::MixedUp => "設定された発行者からの応答ではありません".to_owned(),
            Self::Refused { code, .. } => format!("認証サービスが拒否しました: {code}"),
            Self::Token(error) => format!("IDトークンを受け入れられません（{error}）"),
            Self::Claim(name) => format!("IDトークンの{name}が不正です"),
            Self::OtherPerson => "別の人についての応答です".to_owned(),
        }
    }
}
