//! The counter of a municipality, the kiosk of a store, and a phone that a card is held to, as forms on the page.
//!
//! The rules and their texts are the library's. This module states which fields a form has and which of them an error is
//! about. An operation that is refused whatever its values are is shown with the reason.

mod fields;
mod operations;
mod refusals;

use std::collections::BTreeMap;

use rand_core::OsRng;
use serde_json::{Value, json};
use vmyna::CardSource;
use vmyna::counter::{Counter, Done, Opening, OperationKind, Step, Terminal};
use vmyna::phone;
use vmyna_apdu::{Text, text};
use vmyna_applets::issued::IssuedCard;
use vmyna_card_os::declaration::ReferenceData;
use vmyna_issuance::characters::Substitutes;
use zeroize::Zeroizing;

use super::answer::{Answer, Answered, Refusal};
use super::asked::Asked;
use super::authority::Offered;
use super::moves::take_back;
use super::shelf::ShelfCard;
use super::time::{no_time, now};
use super::words::both;
use super::{Shared, making};
use operations::Service;

/// The values of a form, by the names of its fields. They are zeroed when they are dropped, because PINs are among them.
pub(super) type Values = BTreeMap<String, Zeroizing<String>>;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Counter,
    Kiosk,
    /// At home: a phone, and the card that is held to it.
    Phone,
}

impl Place {
    fn services(self) -> Vec<Service> {
        match self {
            Self::Counter => Service::counter().collect(),
            Self::Kiosk => Service::KIOSK.to_vec(),
            Self::Phone => Service::PHONE.to_vec(),
        }
    }

    /// The services for a card, or for a phone.
    fn offered(self, card: &IssuedCard) -> impl Iterator<Item = Service> {
        let other = match card.phone() {
            None => Service::TakeOffPhone,
            Some(_) => Service::HoldToPhone,
        };
        self.services().into_iter().filter(move |service| *service != other)
    }
}

/// The services with their forms, and why one is refused now.
pub(super) fn forms(place: Place, card: &ShelfCard, now: &IssuedCard, offers: &Result<Offered, Text>) -> Vec<Value> {
    let form = |service: Service| {
        let refused = refusals::beforehand(service, card, offers);
        json!({
            "id": service.name(),
            "title": both(&service.title()),
            "fields": service.fields().iter().map(|field| field.shown(now)).collect::<Value>(),
            "final": service.is_final(),
            "refused": refused.as_ref().map(both),
        })
    };
    place.offered(now).map(form).collect()
}

/// Does an operation with the values of its form.
pub(super) fn operate(shared: &Shared, place: Place, id: &str, operation: &str, asked: &Asked<'_>) -> Answered {
    let mut services = place.services().into_iter();
    let service = services.find(|service| service.name() == operation);
    let service = service.ok_or_else(|| Refusal::not_found(text!("there is no such operation", "その手続きはない")))?;
    let values = values(asked)?;
    let card = shared.card(id)?;
    let _turn = shared.moving();
    let view = shared.view(&card)?;
    if let Some(why) = refusals::beforehand(service, &card, &view.offers(shared)) {
        return Err(Refusal::conflict(why));
    }
    let done = match service {
        Service::Counter(kind) => at_counter(shared, &card, kind, &values)?,
        Service::Apply => apply(&mut terminal(shared, &card)?, &values)?,
        Service::ResetSign => reset_sign(&mut terminal(shared, &card)?, &values)?,
        Service::HoldToPhone => hold_to_phone(shared, &card, &values)?,
        Service::TakeOffPhone => take_off_phone(shared, &card)?,
    };
    shared.feeds.changed();
    Ok(Answer::json(
        &json!({ "done": done.iter().map(both).collect::<Value>() }),
    ))
}

/// The fields of a form; one that is empty counts as left out.
fn values(asked: &Asked<'_>) -> Result<Values, Refusal> {
    let Value::Object(object) = asked.object()? else {
        return Ok(Values::new());
    };
    let mut values = Values::new();
    for (name, value) in object {
        if let Value::String(text) = value {
            let text = Zeroizing::new(text);
            if !text.trim().is_empty() {
                values.insert(name, text);
            }
        }
    }
    Ok(values)
}

fn opening<'a>(shared: &'a Shared, card: &'a CardSource) -> Result<Opening<'a>, Refusal> {
    let now = now().ok_or_else(|| Refusal::failed(no_time()))?;
    let mut opening = Opening::new(card, now);
    opening.authorities = shared.authority.folder();
    Ok(opening)
}

fn at_counter(shared: &Shared, card: &ShelfCard, kind: OperationKind, values: &Values) -> Result<Vec<Text>, Refusal> {
    let operation = operations::operation(kind, values)?;
    let substitutes = operations::substitutes(values)?;
    let source = card.source();
    let mut opening = opening(shared, &source)?;
    let new = match kind {
        OperationKind::Reissue => Some(making::free_name(shared, card.name().as_str())?),
        _ => None,
    };
    opening.new_image = new.as_ref().map(|free| &*free.path);
    let mut counter = Counter::open(&opening, &mut |_| {}).map_err(|error| refusals::opening(&error))?;
    let done = counter.operate(&operation, &substitutes, &mut OsRng);
    let done = done.map_err(|error| refusals::operating(&error, Service::Counter(kind)))?;
    drop(counter);
    if let Some(free) = new {
        making::put_on_shelf(shared, &free.path)?;
    }
    Ok(steps(&done))
}

/// Takes a card that is used by APDU: it is in no reader, and no program has it in use.
fn take(shared: &Shared, card: &ShelfCard, in_reader: Text) -> Result<(), Refusal> {
    if shared.reader_of(&card.id).is_some() {
        return Err(Refusal::conflict(in_reader));
    }
    take_back(shared, &card.id)?;
    card.check_free().map_err(|error| Refusal::unusable(&error))
}

fn hold_to_phone(shared: &Shared, card: &ShelfCard, values: &Values) -> Result<Vec<Text>, Refusal> {
    let order = operations::phone_order(values)?;
    let in_reader = text!(
        "the card is in a reader: take it out and hold it to the phone",
        "カードがリーダーにある。抜いてからスマートフォンにかざす"
    );
    take(shared, card, in_reader)?;
    let source = card.source();
    let mut opening = opening(shared, &source)?;
    let free = making::free_name(shared, &format!("{}-phone", card.name()))?;
    opening.new_image = Some(&free.path);
    let mut counter = phone::open(&opening, &mut |_| {}).map_err(|error| refusals::opening(&error))?;
    let (number, substitutes) = (phone::random_number(), Substitutes::default());
    let done = phone::add(&mut counter, number, &order, &substitutes, &mut OsRng);
    let done = done.map_err(|error| refusals::adding(&error))?;
    drop(counter);
    making::put_on_shelf(shared, &free.path)?;
    let mut done = steps(&done);
    for (pin, value) in order.pins.unchosen() {
        if let Ok(value) = str::from_utf8(value.as_bytes()) {
            let (en, ja) = (pin.label, pin.title);
            done.push(text!("the phone's {en} is {value}", "スマートフォンの{ja}は{value}"));
        }
    }
    Ok(done)
}

fn take_off_phone(shared: &Shared, card: &ShelfCard) -> Result<Vec<Text>, Refusal> {
    let source = card.source();
    let opening = opening(shared, &source)?;
    let mut counter = Counter::open(&opening, &mut |_| {}).map_err(|error| refusals::opening(&error))?;
    let done = phone::remove(&mut counter, phone::random_number());
    Ok(steps(
        &done.map_err(|error| refusals::operating(&error, Service::TakeOffPhone))?,
    ))
}

fn terminal(shared: &Shared, card: &ShelfCard) -> Result<Terminal, Refusal> {
    let in_reader = text!(
        "the card is in a reader: take it out and bring it to the kiosk",
        "カードがリーダーにある。抜いてからキオスクに入れる"
    );
    take(shared, card, in_reader)?;
    let source = card.source();
    let terminal = Terminal::open(&opening(shared, &source)?, &mut |_| {});
    terminal.map_err(|error| refusals::terminal(&error))
}

fn auth_pin(values: &Values) -> Result<&[u8], Refusal> {
    let missing = text!("type the auth PIN", "利用者証明用暗証番号を入れる");
    Ok(fields::needed(values, "auth", missing)?.as_bytes())
}

fn apply(terminal: &mut Terminal, values: &Values) -> Result<Vec<Text>, Refusal> {
    let refused = |error| refusals::terminal(&error);
    let holder = terminal.verify(auth_pin(values)?).map_err(refused)?;
    let given = terminal.give_code(holder, &mut OsRng).map_err(refused)?;
    let (code, until) = (&*given.code, given.until);
    Ok(vec![text!(
        "the one-time code is {code}, good once until {until}",
        "ワンタイムコードは{code}。{until}まで1回だけ使える"
    )])
}

fn reset_sign(terminal: &mut Terminal, values: &Values) -> Result<Vec<Text>, Refusal> {
    let auth = auth_pin(values)?;
    let missing = text!("type the one-time code", "ワンタイムコードを入れる");
    let code = fields::needed(values, "code", missing)?;
    let refused = |error| refusals::terminal(&error);
    let code = terminal.accept(code.trim()).map_err(refused)?;
    let missing = text!("type the new password", "新しいパスワードを入れる");
    let password = fields::needed(values, "sign", missing)?;
    let holder = terminal.verify(auth).map_err(refused)?;
    let password = ReferenceData::new(password.as_bytes());
    let done = terminal.reset_sign(holder, code, password, &mut OsRng);
    Ok(steps(
        &done.map_err(|error| refusals::operating(&error, Service::ResetSign))?,
    ))
}

fn steps(done: &Done) -> Vec<Text> {
    match done.steps.is_empty() {
        true => vec![text!("there was nothing to do", "することはなかった")],
        false => done.steps.iter().map(Step::text).collect(),
    }
}
