//! Which of a card's two certificates.

use clap::ValueEnum;
use vmyna_issuance::x509::names::Hierarchy;

/// Which of the two hierarchies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// 署名用
    Sign,
    /// 利用者証明用
    Auth,
}

impl Kind {
    pub(crate) const fn hierarchy(self) -> Hierarchy {
        match self {
            Self::Sign => Hierarchy::Signature,
            Self::Auth => Hierarchy::Authentication,
        }
    }
}
