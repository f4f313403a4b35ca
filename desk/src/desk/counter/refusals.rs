//! Why the counter or the kiosk does not do something, in both languages, with the field that it is about.

use vmyna::counter::{OpenError, OperateError, TerminalError};
use vmyna_apdu::{Text, text};
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::pins;
use vmyna_authority::counter::CounterError;
use vmyna_authority::kiosk::KioskError;

use super::Place;
use super::fields::wrong;
use crate::desk::answer::Refusal;
use crate::desk::authority::Known;
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
        return Some(CounterError::Withdrawn(withdrawal).text());
    }
    let without_pins = now.jpki.auth_pin.value.is_none();
    let error = match id {
        "reset-pin" | "no-pin" | "sign-certificate" if without_pins => CounterError::WithoutPins,
        "with-pin" if !without_pins => CounterError::HasPins,
        "sign-certificate" if now.jpki.sign.is_some() => CounterError::HasCertificate,
        "apply" | "reset-sign" if now.jpki.sign.is_none() => return Some(KioskError::NothingToReset.text()),
        _ => return None,
    };
    Some(error.text())
}

/// A card that can't be brought to the counter.
pub(super) fn opening(error: &OpenError) -> Refusal {
    Refusal::conflict(error.text())
}

/// An operation that was not done. `id` is the form's.
pub(super) fn operating(error: &OperateError, id: &str) -> Refusal {
    match error {
        OperateError::Refused(error) => match field_of(error, id) {
            Some(field) => wrong(Some(field), error.text()),
            None => Refusal::conflict(error.text()),
        },
        OperateError::NoCode => wrong(Some("code"), no_code()),
        OperateError::Overtaken => Refusal::conflict(error.text()),
        // It says what it leaves to be done.
        OperateError::Step(_) => Refusal::failed(error.text()),
        error => Refusal::conflict(nothing_done(error.text())),
    }
}

/// What the kiosk does not do.
pub(super) fn terminal(error: &TerminalError) -> Refusal {
    match error {
        TerminalError::Open(error) => opening(error),
        TerminalError::Refused(error @ KioskError::WrongPin(_)) => wrong(Some("auth"), error.text()),
        TerminalError::Refused(error) => Refusal::conflict(error.text()),
        TerminalError::NoSuchCode => wrong(Some("code"), no_code()),
        TerminalError::Operate(error) => operating(error, "reset-sign"),
        error => Refusal::conflict(nothing_done(error.text())),
    }
}

fn nothing_done(why: Text) -> Text {
    let Text { en, ja } = why;
    text!("{en}; nothing was done", "{ja}。何も行いませんでした")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_refusal_shows_a_value() {
        let error = CounterError::BadValue("auth PIN", text!("has four digits 0-9", "数字4桁です"));
        let refusal = operating(&OperateError::Refused(error), "reset-pin");
        assert_eq!(refusal.fields[0].field.as_deref(), Some("value"));
        assert_eq!(refusal.text.ja, "利用者証明用暗証番号: 数字4桁です");
    }
}
