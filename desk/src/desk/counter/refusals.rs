//! Why the counter or the kiosk does not do something, in both languages, with the field that it is about.

use vmyna::counter::{OpenError, OperateError, OperationKind, TerminalError};
use vmyna::phone::{AddError, PhoneError};
use vmyna_apdu::{Text, text};
use vmyna_applets::pins;
use vmyna_authority::counter::CounterError;
use vmyna_authority::kiosk::KioskError;

use super::fields::wrong;
use super::operations::Service;
use crate::desk::answer::Refusal;
use crate::desk::authority::Offered;
use crate::desk::shelf::ShelfCard;

/// Why a service is refused whatever its values are; `None` if it is offered.
pub(super) fn beforehand(service: Service, card: &ShelfCard, offers: &Result<Offered, Text>) -> Option<Text> {
    // A built-in card can be held to a phone, because nothing of it changes.
    let harmless = [Service::Counter(OperationKind::ResetPins), Service::HoldToPhone];
    if card.built_in && !harmless.contains(&service) {
        return Some(text!(
            "the certificates of a built-in card are shared by all programs on this machine, so nothing is written into \
             the register about it: make a card of your own",
            "組み込みのカードの証明書はこの計算機の全プログラムで共有するため、失効情報に書く手続きはしない。\
             自分のカードを作る"
        ));
    }
    let offers = match offers {
        Ok(offers) => offers,
        Err(why) => return Some(why.clone()),
    };
    match service {
        Service::Counter(kind) => {
            let (_, refused) = offers.of_card.counter.iter().find(|(offered, _)| *offered == kind)?;
            refused.as_ref().map(CounterError::text)
        }
        Service::Apply | Service::ResetSign => offers.of_card.kiosk.as_ref().map(KioskError::text),
        Service::HoldToPhone | Service::TakeOffPhone => offers.phone.as_ref().map(CounterError::text),
    }
}

/// A card that can't be brought to the counter.
pub(super) fn opening(error: &OpenError) -> Refusal {
    Refusal::conflict(error.text())
}

/// An operation that was not done.
pub(super) fn operating(error: &OperateError, service: Service) -> Refusal {
    match error {
        OperateError::Refused(error) => match field_of(error, service) {
            Some(field) => wrong(Some(field), error.text()),
            None => Refusal::conflict(error.text()),
        },
        OperateError::NoCode => wrong(Some("code"), no_code()),
        OperateError::Overtaken => Refusal::conflict(error.text()),
        // Its text names what is left to be done.
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
        TerminalError::Operate(error) => operating(error, Service::ResetSign),
        error => Refusal::conflict(nothing_done(error.text())),
    }
}

/// A phone that got no certificates.
pub(super) fn adding(error: &AddError) -> Refusal {
    match error {
        AddError::Refused(PhoneError::WrongPassword(_) | PhoneError::Blocked) => wrong(Some("sign"), error.text()),
        AddError::Refused(PhoneError::Counter(CounterError::BadValue(label, _))) => match *label {
            label if label == pins::AUTH.label => wrong(Some("new-auth"), error.text()),
            _ => wrong(Some("new-sign"), error.text()),
        },
        AddError::Operate(error) => operating(error, Service::HoldToPhone),
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
fn field_of(error: &CounterError, service: Service) -> Option<&'static str> {
    let of_pin = |label: &str| match service {
        Service::Counter(OperationKind::ResetPins) => Some("value"),
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
        let refusal = operating(
            &OperateError::Refused(error),
            Service::Counter(OperationKind::ResetPins),
        );
        assert_eq!(refusal.fields[0].field.as_deref(), Some("value"));
        assert_eq!(refusal.text.ja, "利用者証明用暗証番号: 数字4桁です");
    }
}
