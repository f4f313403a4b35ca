//! What the page does with readers and their cards.

use vmyna::pcsc::{NotMoved, NotSent};
use vmyna::service::InsertError;
use vmyna_apdu::{Text, hex, text};

use serde_json::{Value, json};

use super::Shared;
use super::answer::{Answer, Answered, FieldError, Refusal};
use super::armed::{MOST, NotArmed};
use super::asked::Asked;
use super::bench::Seat;

/// The longest C-APDU, in bytes: an extended one of full length.
pub(super) const LONGEST: usize = 65_544;

fn seat<'a>(shared: &'a Shared, reader: &str) -> Result<&'a Seat, Refusal> {
    let seat = shared.readers.find(reader);
    seat.ok_or_else(|| Refusal::not_found(no_reader()))
}

fn no_reader() -> Text {
    text!("there is no such reader", "そのリーダーはない")
}

fn not_moved(why: NotMoved) -> Refusal {
    Refusal::conflict(match why {
        NotMoved::NoSuchReader => return Refusal::not_found(no_reader()),
        NotMoved::Empty => text!("there is no card in the reader", "リーダーにカードがない"),
        NotMoved::Occupied => text!(
            "there is a card in the reader already",
            "リーダーにはすでにカードがある"
        ),
        NotMoved::NothingToPutBack => text!("no card was taken out that could be put back", "戻せるカードがない"),
        NotMoved::Unplugged => unplugged(),
        NotMoved::PluggedIn => text!("the reader is plugged in already", "リーダーはすでにつながっている"),
        other => Text::same(other.to_string()),
    })
}

fn unplugged() -> Text {
    text!("the reader is unplugged", "リーダーが外されている")
}

/// Puts a card of the shelf into a reader. It leaves the reader that it is in.
pub(super) fn insert(shared: &Shared, reader: &str, id: &str) -> Answered {
    let card = shared.card(id)?;
    let here = seat(shared, reader)?;
    let _turn = shared.moving();
    let hand = shared.hand();
    let views = hand.views();
    let view = |name: &str| views.iter().find(|view| view.name == name);
    if view(reader).is_none_or(|view| !view.plugged) {
        return Err(Refusal::conflict(unplugged()));
    }
    for other in shared
        .readers
        .all()
        .iter()
        .filter(|other| other.last().as_deref() == Some(id))
    {
        let occupied = view(&other.name).is_some_and(|view| view.occupied);
        if *other.name == *here.name && occupied {
            return Ok(Answer::done());
        }
        if occupied {
            // It may have left by itself meanwhile.
            let _ = hand.remove(&other.name);
        }
        // An unplugged reader keeps its card in use as long as the card can be plugged in with it.
        give_up(shared, other)?;
    }
    // The card that was taken out of this reader is on the shelf.
    hand.give_up(reader).map_err(not_moved)?;
    card.check_free().map_err(|error| Refusal::unusable(&error))?;
    let inserted = shared.service.insert(reader, &card.source());
    inserted.map_err(|error| {
        here.does_not_come();
        match error {
            InsertError::NotMoved(why) => not_moved(why),
            InsertError::Card(why) => {
                Refusal::conflict(text!("the card can't be used: {why}", "カードを使えない: {why}"))
            }
            other => Refusal::conflict(Text::same(other.to_string())),
        }
    })?;
    Ok(Answer::done())
}

/// A card that was taken out is free for other programs.
pub(super) fn give_up(shared: &Shared, seat: &Seat) -> Result<(), Refusal> {
    shared.hand().give_up(&seat.name).map_err(not_moved)?;
    seat.forget();
    Ok(())
}

/// A card that is in no reader is free. It may have left one by a fault, or be in an unplugged one: such a reader keeps it in use
/// as long as it can have it back.
pub(super) fn take_back(shared: &Shared, id: &str) -> Result<(), Refusal> {
    let seats = shared.readers.all().iter();
    let mut kept_by = seats.filter(|seat| seat.last().as_deref() == Some(id));
    kept_by.try_for_each(|seat| give_up(shared, seat))
}

pub(super) fn remove(shared: &Shared, reader: &str) -> Answered {
    let seat = seat(shared, reader)?;
    let _turn = shared.moving();
    shared.hand().remove(reader).map_err(not_moved)?;
    give_up(shared, seat)?;
    Ok(Answer::done())
}

pub(super) fn unplug(shared: &Shared, reader: &str) -> Answered {
    seat(shared, reader)?;
    shared.hand().unplug(reader).map_err(not_moved)?;
    Ok(Answer::done())
}

pub(super) fn plug(shared: &Shared, reader: &str) -> Answered {
    seat(shared, reader)?;
    shared.hand().plug(reader).map_err(not_moved)?;
    Ok(Answer::done())
}

/// Sends a command that was typed.
pub(super) fn apdu(shared: &Shared, reader: &str, typed: &str) -> Answered {
    seat(shared, reader)?;
    let wrong = |text: Text| {
        let field = FieldError {
            field: Some("apdu".to_owned()),
            line: None,
            text: text.clone(),
        };
        Refusal::form(text, vec![field])
    };
    let digits: String = typed.chars().filter(|character| !character.is_whitespace()).collect();
    let command = hex::decode(&digits).map_err(|_| {
        wrong(text!(
            "an APDU is written in pairs of hexadecimal digits, like 00A4040C",
            "APDUは16進数2桁ずつで書く。例 00A4040C"
        ))
    })?;
    if command.is_empty() || command.len() > LONGEST {
        return Err(wrong(text!(
            "an APDU has 1 to {LONGEST} bytes",
            "APDUは1～{LONGEST}バイト"
        )));
    }
    match shared.hand().transmit(reader, &command) {
        Ok(response) => Ok(Answer::json(&json!({ "response": hex::encode(&response) }))),
        Err(why) => Err(not_sent(why)),
    }
}

/// A command that got no answer.
pub(super) fn not_sent(why: NotSent) -> Refusal {
    Refusal::conflict(match why {
        NotSent::NoSuchReader => return Refusal::not_found(no_reader()),
        NotSent::Unplugged => unplugged(),
        NotSent::Empty => text!("there is no card in the reader", "リーダーにカードがない"),
        NotSent::Locked => text!(
            "a program has the card to itself at the moment; the command was not sent",
            "プログラムがカードを占有中のため、コマンドは送らなかった"
        ),
        NotSent::Mute => text!("the card gives no answer to reset", "カードがリセットに応答しない"),
        NotSent::Reset => text!(
            "the card was reset by another program; it has not got the command",
            "ほかのプログラムがカードをリセットしたため、コマンドは届かなかった"
        ),
        NotSent::NoAnswer => text!("the card gave no answer", "カードが応答しなかった"),
        other => Text::same(other.to_string()),
    })
}

/// Arms a fault.
pub(super) fn arm(shared: &Shared, reader: &str, asked: &Asked<'_>) -> Answered {
    let faults = &seat(shared, reader)?.faults;
    let object = asked.object()?;
    let field = |name: &str| object.get(name).and_then(Value::as_str);
    let armed = match (field("preset"), field("fault")) {
        (Some(preset), None) => faults.arm_preset(preset),
        (None, Some(fault)) => faults.arm_text(fault),
        _ => {
            return Err(Refusal::malformed(text!(
                "name a preset or a fault",
                "presetかfaultを指定する"
            )));
        }
    };
    armed.map_err(|why| match why {
        NotArmed::NoSuchPreset => Refusal::not_found(text!("there is no such preset", "その仕掛けはない")),
        NotArmed::TooMany => Refusal::conflict(text!(
            "a reader has at most {MOST} faults: dismiss one first",
            "仕掛けは1台に{MOST}件まで。先にどれかを消す"
        )),
        NotArmed::Fault(error) => {
            let error = error.to_string();
            let text = text!("this is no fault: {error}", "仕掛けの書き方が違う: {error}");
            let field = FieldError {
                field: Some("fault".to_owned()),
                line: None,
                text: text.clone(),
            };
            Refusal::form(text, vec![field])
        }
    })?;
    shared.feeds.changed();
    Ok(Answer::done())
}

/// Disarms or dismisses a fault.
pub(super) fn disarm(shared: &Shared, reader: &str, fault: &str) -> Answered {
    let faults = &seat(shared, reader)?.faults;
    if !fault.parse().is_ok_and(|number| faults.disarm(number)) {
        return Err(Refusal::not_found(text!("there is no such fault", "その仕掛けはない")));
    }
    shared.feeds.changed();
    Ok(Answer::done())
}
