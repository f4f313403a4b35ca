//! Why a card does not do what a host program asks for.

use vmyna_apdu::{Aid, ReaderError, StatusWord, Text, text};
use vmyna_card_os::declaration::{Characters, Format};
use vmyna_card_os::state::{StoreError, StoreErrorKind};

use super::{Key, Pin};

/// Why a card does not do what a host program asks for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// Another process has the card in use, the one with this id if it has left it.
    #[error("the card is in use by {}", owner(.0))]
    InUse(Option<u32>),
    /// The card can't be opened.
    #[error("{0}")]
    Open(#[source] vmyna::Error),
    /// The card was pulled out, or there is none in the reader.
    #[error("{0}")]
    Gone(#[source] ReaderError),
    /// The reader got no answer.
    #[error("{0}")]
    Reader(#[source] ReaderError),
    /// No card can have such a value of this PIN. It was not sent, and no try is lost.
    #[error("{pin} has {form}; the value was not sent", pin = .0, form = form(.0.format()).en)]
    Form(Pin),
    /// The PIN is wrong.
    #[error("wrong {pin}, {left} tries left")]
    WrongPin {
        /// Which one.
        pin: Pin,
        /// The tries left.
        left: u8,
    },
    /// The PIN is blocked, or was never set.
    #[error("{0} is blocked or was never set")]
    Blocked(Pin),
    /// The PIN must be verified first.
    #[error("{0} must be verified first")]
    NotVerified(Pin),
    /// The card has neither this key nor its certificate.
    #[error("the card has no {} key", key_name(*.0).en)]
    NoKey(Key),
    /// The card has no application with this AID.
    #[error("the card has no application {0}")]
    NoApplication(Aid),
    /// An input that no signature can be made of. It was not sent.
    #[error("{bytes} bytes to sign; 1 to 255 can be sent")]
    Input {
        /// Its length.
        bytes: usize,
    },
    /// The card refused a step.
    #[error("{}: the card answered {status_word} ({meaning})", step.name(), meaning = status_word.meaning())]
    Refused {
        /// Which one.
        step: Step,
        /// The answer.
        status_word: StatusWord,
    },
    /// What the card returned has another form than the published one.
    #[error("{}: the card returned data of an unknown form", .0.name())]
    Content(Step),
}

/// A step of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// SELECT of an application.
    SelectApplication,
    /// SELECT of an EF.
    SelectFile,
    /// VERIFY without data.
    AskTries,
    /// VERIFY.
    Verify,
    /// COMPUTE DIGITAL SIGNATURE.
    Sign,
    /// READ BINARY.
    ReadFile,
    /// READ RECORD.
    ReadRecord,
}

impl Step {
    /// The command's name in ISO/IEC 7816-4 or JICSAP.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SelectApplication => "SELECT of the application",
            Self::SelectFile => "SELECT of the EF",
            Self::AskTries => "VERIFY without data",
            Self::Verify => "VERIFY",
            Self::Sign => "COMPUTE DIGITAL SIGNATURE",
            Self::ReadFile => "READ BINARY",
            Self::ReadRecord => "READ RECORD",
        }
    }

    pub(super) const fn refused(self, status_word: StatusWord) -> ClientError {
        ClientError::Refused {
            step: self,
            status_word,
        }
    }
}

impl ClientError {
    /// The error of a file that belongs to a key: 6A82 means that the card lacks the key.
    pub(super) fn without(self, key: Key) -> Self {
        match self {
            Self::Refused { status_word, .. } if status_word == StatusWord::NOT_FOUND => Self::NoKey(key),
            other => other,
        }
    }

    /// The error of what is behind a PIN: 6982 means that it is not verified.
    pub(super) fn at(self, pin: Pin) -> Self {
        match self {
            Self::Refused { status_word, .. } if status_word == StatusWord::SECURITY_STATUS_NOT_SATISFIED => {
                Self::NotVerified(pin)
            }
            other => other,
        }
    }

    /// The error for the cardholder. It names no path and no process.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::InUse(_) => text!(
                "Another program has the card in use.",
                "ほかのプログラムがカードを使用中です。"
            ),
            Self::Open(_) => text!("The card can't be opened.", "カードを開けません。"),
            Self::Gone(ReaderError::NoCard { .. }) => {
                text!("There is no card in the reader.", "リーダーにカードがありません。")
            }
            Self::Gone(_) => text!("The card was pulled out.", "カードが抜かれました。"),
            Self::Reader(_) => text!("The card does not answer.", "カードから応答がありません。"),
            Self::Form(pin) => {
                let (pin, form) = (pin.title(), form(pin.format()));
                Text {
                    en: format!("The {} has {}. No try was used.", pin.en, form.en),
                    ja: format!("{}は{}です。残り回数は減っていません。", pin.ja, form.ja),
                }
            }
            Self::WrongPin { pin, left } => {
                let pin = pin.title();
                Text {
                    en: format!("The {} is wrong. Tries left: {left}.", pin.en),
                    ja: format!("{}が違います。残り{left}回です。", pin.ja),
                }
            }
            Self::Blocked(pin) => {
                let pin = pin.title();
                Text {
                    en: format!("The {} is blocked or was never set.", pin.en),
                    ja: format!("{}はロックされているか、設定されていません。", pin.ja),
                }
            }
            Self::NotVerified(pin) => {
                let pin = pin.title();
                Text {
                    en: format!("The {} must be entered first.", pin.en),
                    ja: format!("先に{}の入力が必要です。", pin.ja),
                }
            }
            Self::NoKey(key) => {
                let key = key_name(*key);
                Text {
                    en: format!("The card or phone has no {} certificate.", key.en),
                    ja: format!("カードまたはスマートフォンに{}電子証明書がありません。", key.ja),
                }
            }
            Self::NoApplication(_) => text!(
                "The card or phone lacks the application that this needs.",
                "カードまたはスマートフォンに必要なアプリケーションがありません。"
            ),
            Self::Input { bytes } => text!(
                "{bytes} bytes can't be signed.",
                "{bytes}バイトのデータには署名できません。"
            ),
            Self::Refused { status_word, .. } => text!(
                "The card refused a command ({status_word}).",
                "カードがコマンドを拒否しました（{status_word}）。"
            ),
            Self::Content(_) => text!(
                "The card returned data of an unknown form.",
                "カードのデータの形式が不明です。"
            ),
        }
    }
}

impl From<vmyna::Error> for ClientError {
    fn from(error: vmyna::Error) -> Self {
        match error {
            vmyna::Error::State(StoreError {
                kind: StoreErrorKind::InUse(owner),
                ..
            }) => Self::InUse(owner.map(|owner| owner.pid)),
            vmyna::Error::Reader(error) => error.into(),
            other => Self::Open(other),
        }
    }
}

impl From<ReaderError> for ClientError {
    fn from(error: ReaderError) -> Self {
        match error {
            ReaderError::Gone { .. } | ReaderError::NoCard { .. } | ReaderError::Unplugged { .. } => Self::Gone(error),
            ReaderError::InUse { .. } => Self::InUse(None),
            other => Self::Reader(other),
        }
    }
}

fn owner(pid: &Option<u32>) -> String {
    match pid {
        Some(pid) => format!("process {pid}"),
        None => "another process".to_owned(),
    }
}

fn key_name(key: Key) -> Text {
    let (en, ja) = match key {
        Key::Auth => ("auth", "利用者証明用"),
        Key::Sign => ("sign", "署名用"),
    };
    Text {
        en: en.to_owned(),
        ja: ja.to_owned(),
    }
}

/// The form of a PIN in words.
fn form(Format { characters, min, max }: Format) -> Text {
    let (en, ja) = match characters {
        Characters::Digits => ("digits", "桁の数字"),
        Characters::UpperCaseAndDigits => ("letters A–Z and digits", "文字の英字と数字"),
        Characters::Bytes => ("bytes", "バイト"),
    };
    match min == max {
        true => text!("{min} {en}", "{min}{ja}"),
        false => text!("{min} to {max} {en}", "{min}～{max}{ja}"),
    }
}
