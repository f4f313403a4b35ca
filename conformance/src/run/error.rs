//! Why a run ends. Must never show a PIN.

use vmyna_apdu::{ReaderError, Text, text};

/// Why a run ends before its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
#[non_exhaustive]
pub enum RunError {
    /// The reader or the card failed.
    Reader(#[from] ReaderError),
    /// It is no My Number Card.
    NotThisCard,
    /// A PIN that was given is wrong. Nothing more is sent.
    WrongPin {
        /// Which.
        place: String,
        /// What the card answered.
        sw: u16,
    },
    /// After a vector a PIN is not as it was. Nothing more is sent.
    Lost {
        /// The vector.
        vector: String,
        /// The PIN.
        place: String,
        /// What the card answered to the right value.
        sw: u16,
    },
}

impl RunError {
    /// The error in both languages; the messages of a reader are English.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Reader(error) => Text::same(error.to_string()),
            Self::NotThisCard => text!(
                "the card has no JPKI application, so it is no My Number Card; nothing but one SELECT was sent to it",
                "公的個人認証APがないため、マイナンバーカードではない。SELECTを1回送ったほかは何も送っていない"
            ),
            Self::WrongPin { place, sw } => {
                let Text { en, ja } = match sw {
                    0x63C0..=0x63CF => {
                        let left = sw & 0xF;
                        text!("{left} tries are left", "残り試行回数は{left}")
                    }
                    _ => text!("the card answered {sw:04X}", "カードの応答は{sw:04X}"),
                };
                text!(
                    "the PIN given for {place} is not the card's, {en}; nothing more was sent: check it first",
                    "{place}に指定したPINがカードのものと一致しない（{ja}）。以後は何も送っていない。先に確認すること"
                )
            }
            Self::Lost { vector, place, sw } => text!(
                "after {vector} the card answers {sw:04X} to the right PIN {place}; nothing more was sent to it",
                "{vector}の後、正しいPIN {place}にカードが{sw:04X}と応答した。以後は何も送っていない"
            ),
        }
    }
}
