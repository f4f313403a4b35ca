//! The errors of counter and kiosk in both languages. Of an error of the machine, the Japanese text names its kind and quotes
//! the English one.

use vmyna_apdu::ShowPath as _;
use vmyna_apdu::{Text, text};
use vmyna_authority::counter::steps::StepError;

use super::error::{
    InterruptedError, LockError, OpenError, OperateError, RegisterAccessError, SideError, TerminalError,
};

/// The English text, and the Japanese name of what failed with the English text behind it.
fn quoted(error: &dyn std::error::Error, what: &str) -> Text {
    text!("{error}", "{what}（{error}）")
}

impl SideError {
    /// The error in both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Card(_) => quoted(self, "カードの状態を使用できません"),
            Self::NewCard(_) => quoted(self, "新しいカードを作れません"),
            Self::Image(_) => quoted(self, "新しいカードのイメージを書き込めません"),
            Self::NoMark => text!("{self}", "カードの目印がなくなりました"),
            Self::UnknownChange(operation) => text!(
                "{self}",
                "登録簿の手続き{operation}は、このバージョンが知らない方法でカードを変更します"
            ),
        }
    }
}

impl InterruptedError {
    /// The error in both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Register(_) | Self::NoRegister { .. } => quoted(self, "登録簿を使用できません"),
            Self::Card(_) => quoted(self, "カードの状態を使用できません"),
            Self::Side(error) => error.text(),
            Self::Step(error) => of_step(error),
            Self::NoPlace => text!("{self}", "登録簿にカードの状態の場所がありません"),
            Self::Moved(path) => {
                let path = path.shown();
                text!("{self}", "カードの状態{path}がなくなりました")
            }
            Self::ImageLost(path) => {
                let path = path.shown();
                text!(
                    "{self}",
                    "新しいイメージ{path}のフォルダがなくなりました。電子証明書は登録簿にありますが、イメージは失われました"
                )
            }
            Self::MarkUnreadable { .. } => quoted(self, "カードの状態の目印を読めません"),
            Self::MarkDamaged { .. } => text!("{self}", "カードの状態の目印が壊れているか、新しいバージョンのものです"),
        }
    }
}

/// A step that failed, with what it leaves.
fn of_step(error: &StepError<SideError>) -> Text {
    match error {
        StepError::Mark(side) => side.text(),
        StepError::Begin(_) => quoted(error, "登録簿への書き込みが終わったかどうか分かりません"),
        StepError::Change(side) => {
            let Text { en, ja } = side.text();
            text!(
                "{en}. What is revoked stays revoked, and the card is not changed yet: the operation is finished later",
                "{ja}。失効は有効で、カードの変更がまだです。手続きは後で完了します"
            )
        }
        StepError::Finish(_) => text!(
            "{error}. The card is changed, and its new certificates are not in the register yet: the operation is finished later",
            "登録簿に書き込めません（{error}）。カードは変更済みで、新しい電子証明書の登録がまだです。手続きは後で完了します"
        ),
        _ => quoted(error, "手続きが終わりませんでした"),
    }
}

impl LockError {
    /// The error in both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Busy => text!("{self}", "ほかの窓口またはキオスクがこのカードを変更しています"),
            Self::Interrupted(error) => {
                let Text { en, ja } = error.text();
                text!(
                    "an operation on this card was interrupted and can't be finished: {en}",
                    "このカードの手続きが中断していて、完了できません: {ja}"
                )
            }
            Self::Card(_) => quoted(self, "カードの状態を使用できません"),
        }
    }
}

impl RegisterAccessError {
    /// The error in both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::NotKept => text!(
                "{self}",
                "内蔵の認証局は、設定により登録簿を持ちません（VMYNA_REGISTER=none）"
            ),
            Self::RelativeFolder(_) | Self::NoFolder | Self::Folder(..) => {
                quoted(self, "内蔵の認証局の登録簿のフォルダーを使用できません")
            }
            Self::Register(_) => quoted(self, "登録簿を使用できません"),
            Self::Specimens(_) | Self::SpecimenCertificate(_) => quoted(self, "内蔵のカードが壊れています"),
        }
    }
}

impl OpenError {
    /// The error in both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Card(_) => quoted(self, "カードを使用できません"),
            Self::BuiltIn(name) => text!("{self}", "{name}は内蔵のカードで、状態を保存しません"),
            Self::OutputExists(path) => {
                let path = path.shown();
                text!("{self}", "{path}はすでにあります")
            }
            Self::WorkingDirectory(_) => quoted(self, "作業フォルダーを使用できません"),
            Self::Image(_) => quoted(self, "新しいカードのイメージを書き込めません"),
            Self::Authorities(_) | Self::BuiltInAuthorities(_) => quoted(self, "認証局を使用できません"),
            Self::Register(error) => error.text(),
            Self::Lock(error) => error.text(),
        }
    }
}

impl OperateError {
    /// The error in both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Refused(error) => error.text(),
            Self::Card(_) => quoted(self, "カードの状態を使用できません"),
            Self::Register(_) => quoted(self, "登録簿を使用できません"),
            Self::Pending(operation) => text!(
                "{self}",
                "このカードの手続き{operation}が終わっていません。先に完了する必要があります"
            ),
            Self::Overtaken => text!("{self}", "ほかの窓口がその間にカードを変更しました"),
            Self::SerialsTaken => text!("{self}", "選ばれたシリアル番号がすべて使用済みです"),
            Self::OtherCertificate(serial) => text!(
                "{self}",
                "登録簿に、このカードのシリアル番号{serial:06X}の別の電子証明書があります（別のシードのもの）"
            ),
            Self::UnknownCertificate(serial) => text!(
                "{self}",
                "登録簿に、このカードのシリアル番号{serial:06X}の電子証明書がありません"
            ),
            Self::NoCode => text!("{self}", "ワンタイムコードは使用済みか、期限切れです"),
            Self::Record(_) => quoted(self, "変更後のカードを記録できません"),
            Self::Certificate(_) => quoted(self, "カードの電子証明書を読み取れません"),
            Self::Side(error) => error.text(),
            Self::Step(error) => of_step(error),
        }
    }
}

impl TerminalError {
    /// The error in both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Open(error) => error.text(),
            Self::Refused(error) => error.text(),
            Self::NoSuchCode => text!(
                "{self}",
                "このカードのワンタイムコードではないか、使用済みか、期限切れです"
            ),
            Self::OutOfCalendar => text!("{self}", "ワンタイムコードは9999年を超えて有効にできません"),
            Self::Card(_) => quoted(self, "カードを使用できません"),
            Self::Register(_) => quoted(self, "登録簿を使用できません"),
            Self::Operate(error) => error.text(),
        }
    }
}
