//! Why the counter or the kiosk does not do something, in both languages, with the field that it is about.

use vmyna::counter::{OpenError, OperateError, TerminalError};
use vmyna_apdu::{Text, text};
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::pins;
use vmyna_authority::counter::CounterError;
use vmyna_authority::kiosk::KioskError;

use super::Place;
use super::fields::wrong;
use super::words::cause;
use crate::desk::answer::Refusal;
use crate::desk::authority::{Known, kind};
use crate::desk::shelf::ShelfCard;

/// What can be seen to be refused before a form is filled in; `None` if nothing speaks against it so far.
pub(super) fn beforehand(
    place: Place,
    id: &str,
    card: &ShelfCard,
    now: &IssuedCard,
    known: &Result<Known, Text>,
) -> Option<Text> {
    if card.built_in && (place, id) != (Place::Counter, "reset-pin") {
        return Some(text!(
            "the certificates of a built-in card are shared by all programs on this machine, so nothing is written into \
             the register about it: make a card of your own",
            "組み込みのカードの証明書はこの計算機の全プログラムで共有するため、失効情報に書く手続きはしない。\
             自分のカードを作る"
        ));
    }
    let known = match known {
        Ok(known) => known,
        // It is refused then with the same words; without a register PINs can be reset still.
        Err(why) if id != "reset-pin" => return Some(why.clone()),
        Err(_) => return None,
    };
    if let Some(withdrawal) = known.withdrawn() {
        return Some(counter(&CounterError::Withdrawn(withdrawal)));
    }
    let without_pins = now.jpki.auth_pin.value.is_none();
    let error = match id {
        "reset-pin" | "no-pin" | "sign-certificate" if without_pins => CounterError::WithoutPins,
        "with-pin" if !without_pins => CounterError::HasPins,
        "sign-certificate" if now.jpki.sign.is_some() => CounterError::HasCertificate,
        "apply" | "reset-sign" if now.jpki.sign.is_none() => return Some(kiosk(&KioskError::NothingToReset)),
        _ => return None,
    };
    Some(counter(&error))
}

/// A card that can't be brought to the counter.
pub(super) fn opening(error: &OpenError) -> Refusal {
    let text = match error {
        OpenError::Lock(lock) => text!("{lock}", "ほかの窓口かキオスクがこのカードを処理中（{lock}）"),
        error => text!("{error}", "手続きを始められない（{error}）"),
    };
    Refusal::conflict(text)
}

/// An operation that was not done. `id` is the form's.
pub(super) fn operating(error: &OperateError, id: &str) -> Refusal {
    match error {
        OperateError::Refused(error) => match field_of(error, id) {
            Some(field) => wrong(Some(field), counter(error)),
            None => Refusal::conflict(counter(error)),
        },
        OperateError::NoCode => wrong(Some("code"), no_code()),
        OperateError::Overtaken => Refusal::conflict(text!("{error}", "その間にほかの窓口がカードを変更した")),
        OperateError::Step(step) => Refusal::failed(text!(
            "{step}. The next program that uses the card does the rest",
            "途中で失敗した（{step}）。残りは次にカードを使うプログラムが行う"
        )),
        error => Refusal::conflict(text!("{error}; nothing was done", "何も行わなかった（{error}）")),
    }
}

/// What the kiosk does not do.
pub(super) fn terminal(error: &TerminalError) -> Refusal {
    match error {
        TerminalError::Open(error) => opening(error),
        TerminalError::Refused(error @ KioskError::WrongPin(_)) => wrong(Some("auth"), kiosk(error)),
        TerminalError::Refused(KioskError::Counter(error)) => Refusal::conflict(counter(error)),
        TerminalError::Refused(error) => Refusal::conflict(kiosk(error)),
        TerminalError::NoSuchCode => wrong(Some("code"), no_code()),
        TerminalError::Operate(error) => operating(error, "reset-sign"),
        error => Refusal::conflict(text!("{error}; nothing was done", "何も行わなかった（{error}）")),
    }
}

fn no_code() -> Text {
    text!(
        "this is no code for the card, or it is used or has run out",
        "このカードのコードではないか、使用済みか期限切れ"
    )
}

/// The field that an error is about.
fn field_of(error: &CounterError, id: &str) -> Option<&'static str> {
    let of_pin = |label: &str| match id {
        "reset-pin" => Some("value"),
        _ => pins::ALL.into_iter().find(|pin| pin.label == label).map(|pin| pin.name),
    };
    match error {
        CounterError::NoValue(label) | CounterError::FixedValue(label) | CounterError::BadValue(label, _) => {
            of_pin(label)
        }
        CounterError::BadText(what @ ("name" | "address" | "kana"), _)
        | CounterError::Unchanged(what @ ("name" | "address")) => Some(what),
        CounterError::Unchanged(_) => Some("kana"),
        CounterError::Lacking(_) => Some("substitutes"),
        _ => None,
    }
}

/// A rule of the counter.
fn counter(error: &CounterError) -> Text {
    let title = |label: &str| {
        let pin = pins::ALL.into_iter().find(|pin| pin.label == label);
        pin.map_or(label.to_owned(), |pin| pin.title.to_owned())
    };
    let ja = match error {
        CounterError::OtherAuthority => "別の認証局が発行したカード".to_owned(),
        CounterError::BeforeIssue(at) => format!("カードの発行は{at}で、今はそれより前"),
        CounterError::Ended(day) => format!("カードは{day}に期限切れ。再交付が必要"),
        CounterError::Withdrawn(withdrawal) => {
            format!("カードは{}に廃止済み（{}）", withdrawal.at, cause(withdrawal.cause))
        }
        CounterError::TooEarly(hierarchy, from) => {
            format!("{}の更新は期限の3か月前の{from}から", kind(*hierarchy).ja)
        }
        CounterError::NoCertificate(hierarchy) => format!("カードに{}がない", kind(*hierarchy).ja),
        CounterError::HasCertificate => "署名用電子証明書がある。更新できる".to_owned(),
        CounterError::TooYoung(age, least) => format!("名義人は{age}歳。署名用電子証明書は{least}歳から"),
        CounterError::WithoutPins => "暗証番号のないカード（顔認証マイナンバーカード）".to_owned(),
        CounterError::HasPins => "カードに暗証番号がある".to_owned(),
        CounterError::NoValue(label) => format!("{}の新しい値が必要", title(label)),
        CounterError::FixedValue(label) => format!("{}の値は発行時のもの。試行回数だけ戻せる", title(label)),
        CounterError::BadValue(label, rule) => format!("{}: この値は使えない（{}）", title(label), rule.ja),
        CounterError::BadText(what, rule) => format!("{}: {}", what_in_japanese(what), rule.ja),
        CounterError::Unchanged(what) => format!("{}は変わらない", what_in_japanese(what)),
        CounterError::Lacking(lacking) => {
            format!(
                "証明書で使えない文字がある。代替文字を指定する: {}",
                lacking.characters.join("、")
            )
        }
        other => format!("手続きできない（{other}）"),
    };
    let en = error.to_string();
    Text { en, ja }
}

fn what_in_japanese(what: &str) -> &str {
    match what {
        "name" => "氏名",
        "address" => "住所",
        "kana" | "reading of the name" => "振り仮名",
        other => other,
    }
}

/// A rule of the kiosk.
fn kiosk(error: &KioskError) -> Text {
    let en = error.to_string();
    let ja = match error {
        KioskError::WrongPin(left) => format!("利用者証明用暗証番号が違う。残り{left}回"),
        KioskError::Blocked => "利用者証明用暗証番号が閉塞しているか未設定。窓口でのみ再設定できる".to_owned(),
        KioskError::NoCertificate => "利用者証明用電子証明書が失効か期限切れ、またはない".to_owned(),
        KioskError::NothingToReset => "署名用電子証明書がない".to_owned(),
        other => format!("手続きできない（{other}）"),
    };
    Text { en, ja }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vmyna_authority::counter::kind as kind_name;
    use vmyna_authority::register::Hierarchy;

    #[test]
    fn the_kinds_of_certificates_have_the_names_of_the_library() {
        for hierarchy in [Hierarchy::Signature, Hierarchy::Authentication] {
            assert_eq!(kind(hierarchy).en, format!("{} certificate", kind_name(hierarchy)));
        }
    }

    #[test]
    fn no_refusal_shows_a_value() {
        let error = CounterError::BadValue("auth PIN", text!("has four digits 0-9", "数字4桁です"));
        let refusal = operating(&OperateError::Refused(error), "reset-pin");
        assert_eq!(refusal.fields[0].field.as_deref(), Some("value"));
        assert_eq!(refusal.text.ja, "利用者証明用暗証番号: この値は使えない（数字4桁です）");
    }
}
