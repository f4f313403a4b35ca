//! The operations of the counter without their values, and the kinds of certificates that they concern.

use vmyna_apdu::{Text, text};

use crate::register::Hierarchy;

/// Which certificates an operation concerns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Which {
    /// Those that the card has.
    #[default]
    All,
    /// One of them.
    Only(Hierarchy),
}

/// The name of a kind of certificate in English messages.
#[must_use]
pub const fn kind(hierarchy: Hierarchy) -> &'static str {
    match hierarchy {
        Hierarchy::Signature => "sign",
        Hierarchy::Authentication => "auth",
    }
}

/// The name of a kind of certificate in Japanese.
#[must_use]
pub const fn kind_title(hierarchy: Hierarchy) -> &'static str {
    match hierarchy {
        Hierarchy::Signature => "署名用電子証明書",
        Hierarchy::Authentication => "利用者証明用電子証明書",
    }
}

/// An operation of the counter, without the values that it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OperationKind {
    /// [`Operation::ResetPins`](super::Operation::ResetPins).
    ResetPins,
    /// [`Operation::Renew`](super::Operation::Renew).
    Renew,
    /// [`Operation::Hold`](super::Operation::Hold).
    Hold,
    /// [`Operation::Revoke`](super::Operation::Revoke).
    Revoke,
    /// [`Operation::SignCertificate`](super::Operation::SignCertificate).
    SignCertificate,
    /// [`Operation::MoveOut`](super::Operation::MoveOut).
    MoveOut,
    /// [`Operation::MoveIn`](super::Operation::MoveIn).
    MoveIn,
    /// [`Operation::Rename`](super::Operation::Rename).
    Rename,
    /// [`Operation::Death`](super::Operation::Death).
    Death,
    /// [`Operation::Lost`](super::Operation::Lost).
    Lost,
    /// [`Operation::Reissue`](super::Operation::Reissue).
    Reissue,
    /// [`Operation::WithoutPins`](super::Operation::WithoutPins).
    WithoutPins,
    /// [`Operation::WithPins`](super::Operation::WithPins).
    WithPins,
    /// [`Operation::Furigana`](super::Operation::Furigana).
    Furigana,
    /// [`Operation::PhoneLost`](super::Operation::PhoneLost).
    PhoneLost,
}

impl OperationKind {
    /// All of them, in the order in which a clerk is offered them.
    pub const ALL: [Self; 15] = [
        Self::ResetPins,
        Self::Renew,
        Self::SignCertificate,
        Self::MoveOut,
        Self::MoveIn,
        Self::Rename,
        Self::Furigana,
        Self::Hold,
        Self::Lost,
        Self::PhoneLost,
        Self::Revoke,
        Self::WithoutPins,
        Self::WithPins,
        Self::Reissue,
        Self::Death,
    ];

    /// Its name for programs: lower-case letters and hyphens.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ResetPins => "reset-pin",
            Self::Renew => "renew",
            Self::Hold => "hold",
            Self::Revoke => "revoke",
            Self::SignCertificate => "sign-certificate",
            Self::MoveOut => "move-out",
            Self::MoveIn => "move-in",
            Self::Rename => "rename",
            Self::Death => "death",
            Self::Lost => "lost",
            Self::Reissue => "reissue",
            Self::WithoutPins => "no-pin",
            Self::WithPins => "with-pin",
            Self::Furigana => "furigana",
            Self::PhoneLost => "phone-lost",
        }
    }

    /// The one with this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What a person calls it.
    #[must_use]
    pub fn title(self) -> Text {
        match self {
            Self::ResetPins => text!("Reset PINs", "暗証番号の初期化・再設定"),
            Self::Renew => text!("Renew certificates", "電子証明書の更新"),
            Self::Hold => text!("Put certificates on hold", "電子証明書の一時保留"),
            Self::Revoke => text!("Revoke certificates", "電子証明書の失効"),
            Self::SignCertificate => text!("Issue the sign certificate", "署名用電子証明書の発行"),
            Self::MoveOut => text!("Notice of moving out", "転出届"),
            Self::MoveIn => text!("Notice of moving in", "転入届・転居届"),
            Self::Rename => text!("Change the name", "氏名の変更"),
            Self::Death => text!("Notice of death", "死亡届"),
            Self::Lost => text!("Report the card lost", "カードの紛失"),
            Self::Reissue => text!("Issue a new card", "カードの再交付"),
            Self::WithoutPins => text!("Make it a card without PINs", "顔認証マイナンバーカードへの切り替え"),
            Self::WithPins => text!("Give it PINs again", "暗証番号の設定（顔認証マイナンバーカードから）"),
            Self::PhoneLost => text!("Report the phone lost", "スマートフォンの紛失"),
            Self::Furigana => text!("Print the reading of the name", "振り仮名の追記"),
        }
    }
}
