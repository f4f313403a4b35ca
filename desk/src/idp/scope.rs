//! What a relying party can ask for.

use vmyna_apdu::{Text, text};

/// A scope of the published service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// To log in.
    Openid,
    /// 氏名.
    Name,
    /// 住所.
    Address,
    /// 生年月日.
    Birthdate,
    /// 性別.
    Gender,
    /// To sign with the sign key.
    Sign,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Openid,
        Self::Name,
        Self::Address,
        Self::Birthdate,
        Self::Gender,
        Self::Sign,
    ];

    /// The name in requests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Openid => "openid",
            Self::Name => "name",
            Self::Address => "address",
            Self::Birthdate => "birthdate",
            Self::Gender => "gender",
            Self::Sign => "sign",
        }
    }

    /// The scope of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// The scopes in a text, each once; `None` if one is unknown or the text has none.
    #[must_use]
    pub fn list(text: &str) -> Option<Vec<Self>> {
        let names = text.split(' ').filter(|name| !name.is_empty());
        let mut scopes = names.map(Self::find).collect::<Option<Vec<_>>>()?;
        scopes.sort_unstable();
        scopes.dedup();
        (!scopes.is_empty()).then_some(scopes)
    }

    /// The scopes as one text.
    #[must_use]
    pub fn text(scopes: &[Self]) -> String {
        scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(" ")
    }

    /// Whether it is one of the four items, which the input-assist application holds.
    #[must_use]
    pub const fn is_item(self) -> bool {
        matches!(self, Self::Name | Self::Address | Self::Birthdate | Self::Gender)
    }

    /// What the cardholder is asked for.
    #[must_use]
    pub fn title(self) -> Text {
        match self {
            Self::Openid => text!(
                "to log you in: an identifier that this site alone gets",
                "ログイン（このサイト専用の識別子）"
            ),
            Self::Name => text!("your name", "氏名"),
            Self::Address => text!("your address", "住所"),
            Self::Birthdate => text!("your date of birth", "生年月日"),
            Self::Gender => text!("your sex", "性別"),
            Self::Sign => text!("your digital signature on a document", "文書への電子署名"),
        }
    }
}
