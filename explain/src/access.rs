//! The words for access conditions, decisions and their certainty. Lists and explanations use no others.
//!
//! This module must never decide. It describes what the declaration states and what the card decided.

use vmyna_apdu::{FileId, Text, text};
use vmyna_card_os::declaration::{Access, Application, Body, Condition, Operation, Verdict};
use vmyna_card_os::rule::{Basis, Certainty};

/// The condition of an operation: `read needs sign password (001B)`. `when` is `None` if the declaration has no condition for
/// it.
#[must_use]
pub fn need(application: &Application, operation: Operation, when: Option<&Condition>) -> Text {
    let doing = self::operation(operation);
    match when {
        None => text!("{operation} is not declared for it", "{doing}は宣言されていない"),
        Some(Condition::Always) => text!("{operation} is free", "{doing}に条件はない"),
        Some(Condition::Unsuited) => text!("the key is not for {operation}", "この鍵は{doing}に使えない"),
        Some(Condition::Never) => text!(
            "no credential of the cardholder allows {operation}",
            "名義人のどの暗証番号・照合番号でも{doing}はできない"
        ),
        Some(needed) => {
            let Text { en, ja } = condition(application, needed);
            let gained = match needed.pins().iter().any(|id| is_host(application, *id)) {
                true => "照合・認証",
                false => "照合",
            };
            text!("{operation} needs {en}", "{doing}には{ja}の{gained}が必要")
        }
    }
}

/// The conditions of all declared operations, in the order of the declaration.
#[must_use]
pub fn needs(application: &Application, access: &Access) -> Text {
    let needs: Vec<_> = access
        .iter()
        .map(|(operation, when)| need(application, operation, Some(when)))
        .collect();
    match needs.is_empty() {
        true => text!("no operation is declared for it", "宣言された操作はない"),
        false => join(needs, "; ", "。"),
    }
}

/// A decision: its condition, and the PINs that were verified.
pub(crate) fn verdict(application: &Application, verdict: &Verdict<'_>) -> Text {
    let mut text = need(application, verdict.operation, verdict.condition);
    if matches!(
        verdict.condition,
        Some(Condition::Verified(_) | Condition::AnyOf(_) | Condition::AllOf(_))
    ) {
        let pins = verdict
            .verified
            .iter()
            .map(|id| pin(application, *id))
            .collect::<Vec<_>>();
        let Text { en, ja } = match pins.is_empty() {
            true => text!("none", "なし"),
            false => join(pins, ", ", "、"),
        };
        text.en += &format!("; verified: {en}");
        text.ja += &format!("。照合済み: {ja}");
    }
    let Text { en, ja } = text;
    match verdict.allowed {
        true => text!("allowed: {en}", "許可: {ja}"),
        false => text!("denied: {en}", "拒否: {ja}"),
    }
}

fn condition(application: &Application, when: &Condition) -> Text {
    let list = |parts: &[Condition], en: &str, ja: &str| {
        let parts = parts.iter().map(|part| match part {
            Condition::AnyOf(_) | Condition::AllOf(_) => {
                let Text { en, ja } = condition(application, part);
                text!("({en})", "（{ja}）")
            }
            part => condition(application, part),
        });
        join(parts.collect(), en, ja)
    };
    match when {
        Condition::Verified(id) => pin(application, *id),
        Condition::AnyOf(parts) => list(parts, " or ", "または"),
        Condition::AllOf(parts) => list(parts, " and ", "および"),
        Condition::Always => text!("nothing", "何もなし"),
        Condition::Never | Condition::Unsuited => text!("something that never happens", "あり得ないこと"),
    }
}

fn join(texts: Vec<Text>, en: &str, ja: &str) -> Text {
    let (english, japanese): (Vec<_>, Vec<_>) = texts.into_iter().map(|text| (text.en, text.ja)).unzip();
    Text {
        en: english.join(en),
        ja: japanese.join(ja),
    }
}

/// Whether this is the key of a host, which is authenticated and not verified.
pub(crate) fn is_host(application: &Application, id: FileId) -> bool {
    matches!(application.file(id).map(|file| &file.body), Some(Body::HostKey(_)))
}

/// `sign password (001B)`
pub(crate) fn pin(application: &Application, id: FileId) -> Text {
    match application.file(id) {
        Some(file) => {
            let (name, title) = (&file.name, titled(&file.name, &file.title));
            text!("{name} ({id})", "{title}（{id}）")
        }
        None => text!("PIN {id}", "PIN {id}"),
    }
}

/// The Japanese name of the file or data object with this identifier and English name. If it has none, the English name.
pub(crate) fn title_of<'a>(application: &'a Application, id: Option<u16>, name: &'a str) -> &'a str {
    let file = id.and_then(|id| application.file(FileId::new(id)));
    let file = file.filter(|file| file.name == name).map(|file| &file.title);
    let object = || application.data_objects.iter().find(|object| Some(object.tag) == id);
    let title = file.or_else(|| {
        object()
            .filter(|object| object.name == name)
            .map(|object| &object.title)
    });
    title.map_or(name, |title| if title.is_empty() { name } else { title })
}

/// The Japanese name, or the English name if there is no Japanese one.
pub(crate) fn titled<'a>(name: &'a str, title: &'a str) -> &'a str {
    if title.is_empty() { name } else { title }
}

/// A certainty with its source: `[measured: OpenSC issue 3169]`. The source is not translated.
#[must_use]
pub fn basis(basis: &Basis) -> Text {
    let Basis { certainty, source } = basis;
    let certain = self::certainty(*certainty);
    text!("[{certainty}: {source}]", "［{certain}: {source}］")
}

/// A certainty without its source: `[measured]`.
#[must_use]
pub fn label(basis: &Basis) -> Text {
    let (certainty, certain) = (basis.certainty, self::certainty(basis.certainty));
    text!("[{certainty}]", "［{certain}］")
}

/// A certainty in Japanese. The English word is its `Display`.
#[must_use]
pub fn certainty(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Assumed => "推定",
        Certainty::Client => "クライアントの動作による",
        Certainty::Documented => "文書による",
        Certainty::Measured => "実測",
    }
}

/// An operation in Japanese. The English word is its `Display`.
fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Read => "読み出し",
        Operation::Verify => "照合",
        Operation::ChangeReferenceData => "参照データの変更",
        Operation::ChangeKey => "鍵データの変更",
        Operation::ComputeSignature => "署名の生成",
        Operation::InternalAuthenticate => "内部認証",
        Operation::ExternalAuthenticate => "外部認証",
        Operation::VerifyCertificate => "証明書の検証",
        Operation::SetSessionKey => "セッション鍵の設定",
        Operation::UpdateBinary => "バイナリの更新",
        Operation::UpdateRecord => "レコードの更新",
        Operation::AppendRecord => "レコードの追加",
        Operation::GenerateKeyPair => "鍵ペアの生成",
    }
}

#[cfg(test)]
mod tests;
