//! What the card tells of why it answers as it does, in words.

use vmyna_card_os::access::{Condition, Operation, Verdict};
use vmyna_card_os::application::Application;
use vmyna_card_os::event::Event;
use vmyna_card_os::file::FileId;
use vmyna_card_os::rule::{Certainty, Rule};
use vmyna_card_os::store::Change;

use super::language::{Text, text};
use super::rules;

/// What an event says about why; `None` for one that says nothing of that.
pub(crate) fn reason(event: &Event<'_>) -> Option<Text> {
    Some(match event {
        Event::Selected { application, again } => {
            let (name, title) = (&application.name, &application.title);
            match again {
                true => text!(
                    "{name} was selected already: its verified PINs stay verified",
                    "{title}（{name}）は選択済み: 照合済みのPINはそのまま"
                ),
                false => text!(
                    "{name} ({title}) is selected; no PIN is verified",
                    "{title}（{name}）を選択した。照合済みのPINはない"
                ),
            }
        }
        Event::Access {
            application,
            object: (id, name),
            verdict,
            basis,
        } => {
            let ap = &application.name;
            let number = id.map_or_else(String::new, |id| format!(" {id:04X}"));
            let title = id
                .and_then(|id| application.file(FileId::new(id)))
                .filter(|file| file.name == *name && !file.title.is_empty())
                .map_or(*name, |file| file.title.as_ref());
            let decided = self::verdict(application, verdict);
            let (english, japanese) = (decided.en, decided.ja);
            let (certainty, certain, source) = (basis.certainty, certainty(basis.certainty), &basis.source);
            text!(
                "{ap}{number} ({name}): {english} [{certainty}: {source}]",
                "{ap}{number}（{title}）: {japanese}［{certain}: {source}］"
            )
        }
        Event::SecurityStatus { pin, verified, .. } => match verified {
            true => text!("PIN {pin} is verified now", "PIN {pin}は照合済みになった"),
            false => text!("PIN {pin} is no longer verified", "PIN {pin}はもう照合済みではない"),
        },
        Event::SecureSession { open: true } => text!("a secure session is open", "セキュアセッションを開いた"),
        Event::SecureSession { open: false } => {
            text!("the secure session has ended", "セキュアセッションが終わった")
        }
        Event::Commit { outcome: Err(why), .. } => {
            text!("the change could not be stored: {why}", "変更を保存できなかった: {why}")
        }
        Event::Commit {
            change: Change::PinTries { object, tries_left },
            ..
        } => {
            let pin = object.file;
            text!(
                "stored: tries left of PIN {pin}: {tries_left}",
                "保存: PIN {pin}の残り回数は{tries_left}"
            )
        }
        Event::Commit {
            change: Change::PinValue { object, .. },
            ..
        } => {
            let pin = object.file;
            text!(
                "stored: PIN {pin} has a new value",
                "保存: PIN {pin}を新しい値に変更した"
            )
        }
        Event::Answer { rule: Some(rule), .. } => self::rule(rule),
        _ => return None,
    })
}

/// A rule with its certainty and source. Sources are cited as they are.
pub(crate) fn rule(rule: &Rule) -> Text {
    let Rule {
        id,
        says,
        certainty,
        source,
        ..
    } = rule;
    let certain = self::certainty(*certainty);
    let japanese = rules::japanese(id).unwrap_or(says);
    text!(
        "rule {id} [{certainty}]: {says} ({source})",
        "規則 {id}［{certain}］: {japanese}（{source}）"
    )
}

fn certainty(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Assumed => "推定",
        Certainty::Client => "クライアントの動作による",
        Certainty::Documented => "文書による",
        Certainty::Measured => "実測",
    }
}

/// A decision on access, with the PINs by their names.
fn verdict(application: &Application, verdict: &Verdict<'_>) -> Text {
    let operation = verdict.operation;
    let doing = self::operation(operation);
    let decided = match verdict.condition {
        None => text!("{operation} is not declared for it", "{doing}は宣言されていない"),
        Some(Condition::Always) => text!("{operation} is free", "{doing}は自由"),
        Some(Condition::Unsuited) => text!("the key is not for {operation}", "この鍵は{doing}用ではない"),
        Some(Condition::Never) => text!(
            "no credential of the holder allows {operation}",
            "本人のどの暗証番号でも{doing}はできない"
        ),
        Some(needed) => {
            let needed = condition(application, needed);
            let verified: Vec<_> = verdict
                .verified
                .iter()
                .map(|pin| self::pin(application, *pin))
                .collect();
            let verified = match verified.is_empty() {
                true => text!("none", "なし"),
                false => join(verified, ", ", "、"),
            };
            Text {
                en: format!("{operation} needs {}; verified: {}", needed.en, verified.en),
                ja: format!("{doing}には{}の照合が必要。照合済み: {}", needed.ja, verified.ja),
            }
        }
    };
    let (english, japanese) = (decided.en, decided.ja);
    match verdict.allowed {
        true => text!("allowed: {english}", "許可: {japanese}"),
        false => text!("denied: {english}", "拒否: {japanese}"),
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
        Condition::Verified(pin) => self::pin(application, *pin),
        Condition::AnyOf(parts) => list(parts, " or ", "または"),
        Condition::AllOf(parts) => list(parts, " and ", "かつ"),
        Condition::Always => text!("nothing", "不要"),
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

/// `sign password (001B)`
fn pin(application: &Application, id: FileId) -> Text {
    match application.file(id) {
        Some(file) => {
            let (name, title) = (&file.name, if file.title.is_empty() { &file.name } else { &file.title });
            text!("{name} ({id})", "{title}（{id}）")
        }
        None => text!("PIN {id}", "PIN {id}"),
    }
}

fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Read => "読出し",
        Operation::Verify => "照合",
        Operation::ChangeReferenceData => "参照データの変更",
        Operation::ChangeKey => "鍵データの変更",
        Operation::ComputeSignature => "署名の計算",
        Operation::InternalAuthenticate => "内部認証",
        Operation::ExternalAuthenticate => "外部認証",
        Operation::VerifyCertificate => "証明書の検証",
        Operation::SetSessionKey => "セッション鍵の設定",
    }
}
