//! The API of the desk: all that a page can ask for, in one table ([`answer`]).
//!
//! JSON; every path below `/api/` needs `Authorization: Bearer TOKEN`, and a POST the own `Origin` and a body of JSON. A text that
//! depends on data is `{"en": …, "ja": …}`. A refusal is `{"error": {"en", "ja"}}`, of a form with
//! `"errors": [{"field", "line", "text": {"en", "ja"}}]`.
//!
//! | Request | Answer |
//! |---|---|
//! | `GET /api/state` | `{socket, command, readers: [Reader], shelf: {cards: [Card], total, more}, presets: [{id, text}], sequence}` |
//! | `GET /api/shelf?search=TEXT&from=N` | `{cards: [Card], total}`, at most 50 cards |
//! | `GET /api/cards/ID` | `{card, person: {FACT: {label, value}}, myNumber, pins, certificates, counter, kiosk, phone}` |
//! | `GET /api/cards/ID/front.png`, `back.png` | a side of the card, drawn |
//! | `GET /api/cards/ID/files` | `{files: [{application, aid, name, id, access: [text], content}]}` |
//! | `POST /api/cards/ID/pins/PIN/block` | presents wrong values until the PIN is blocked |
//! | `POST /api/cards/ID/counter/OPERATION`, `kiosk/OPERATION`, `phone/OPERATION` `{FIELD…}` | `{done: [text]}`: what was done |
//! | `POST /api/cards/invent` `{seed?}` | `{id}`: a new card of an invented person |
//! | `POST /api/cards/person` `{toml}` | `{id}`: a new card of the person of this person file |
//! | `POST /api/cards/ID/discard` | removes a card that the desk has made |
//! | `POST /api/readers/NAME/insert` `{card}` | puts a card in; one that is in another reader is taken out there |
//! | `POST /api/readers/NAME/remove`, `unplug`, `plug` | |
//! | `POST /api/readers/NAME/faults` `{preset}` or `{fault}` | arms a fault: by its name in `presets`, or as behind `--fault` |
//! | `POST /api/readers/NAME/faults/ID/disarm` | disarms or dismisses it |
//! | `POST /api/readers/NAME/apdu` `{apdu}` | `{response}`, in hexadecimal digits |
//! | `GET /api/trace?from=SEQ` | `{entries: [Entry], first, next}`, at most 500 entries |
//! | `GET /api/trace.pcapng` | the kept messages for Wireshark, masked |
//! | `GET /api/events` | `text/event-stream`: `state`, `trace` `{entries: [Entry]}`, `lost` `{count}` |
//!
//! Reader: `{name, plugged, card: id or null, powered, programs, locked, faults: [{id, text, fired}]}`. Card: `{id, source, name,
//! title, reader: name or null, builtIn, made, phone: kind or null, standing: {state, text}}`. Entry: `{seq, time, reader, kind, text, command,
//! response, sw, swText, micros, refused, fields, reasons: [{text, rule, certainty, source}]}`.

use axum::http::{Method, StatusCode};
use vmyna_apdu::{Text, text};

use super::Shared;
use super::answer::{Answer, Answered, Refusal};
use super::asked::Asked;
use super::card::{self, Side};
use super::counter::{self, Place};
use super::{making, moves, pcapng, state};

/// The answer to a request, which has the token.
pub(super) fn answer(shared: &Shared, asked: &Asked<'_>) -> Answered {
    let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
    match (asked.method, path.as_slice()) {
        (&Method::GET, ["state"]) => Ok(Answer::json(&state::all(shared))),
        (&Method::GET, ["shelf"]) => {
            let from = usize::try_from(asked.number("from")?).unwrap_or(usize::MAX);
            Ok(Answer::json(&state::shelf(
                shared,
                asked.query("search").unwrap_or_default(),
                from,
            )))
        }
        (&Method::POST, ["cards", "invent"]) => making::invent(shared, asked),
        (&Method::POST, ["cards", "person"]) => making::person(shared, asked),
        (&Method::GET, ["cards", card]) => card::detail(shared, card),
        (&Method::GET, ["cards", card, "files"]) => card::files(shared, card),
        (&Method::GET, ["cards", card, "front.png"]) => card::picture(shared, card, Side::Front),
        (&Method::GET, ["cards", card, "back.png"]) => card::picture(shared, card, Side::Back),
        (&Method::POST, ["cards", card, "pins", pin, "block"]) => card::block::block(shared, card, pin),
        (&Method::POST, ["cards", card, "counter", operation]) => {
            counter::operate(shared, Place::Counter, card, operation, asked)
        }
        (&Method::POST, ["cards", card, "kiosk", operation]) => {
            counter::operate(shared, Place::Kiosk, card, operation, asked)
        }
        (&Method::POST, ["cards", card, "phone", operation]) => {
            counter::operate(shared, Place::Phone, card, operation, asked)
        }
        (&Method::POST, ["cards", card, "discard"]) => making::discard(shared, card),
        (&Method::GET, ["trace"]) => Ok(Answer::json(&state::trace(shared, asked.number("from")?))),
        (&Method::GET, ["trace.pcapng"]) => pcapng::export(&shared.hub),
        (&Method::POST, ["readers", reader, "insert"]) => moves::insert(shared, reader, &asked.text("card")?),
        (&Method::POST, ["readers", reader, "remove"]) => moves::remove(shared, reader),
        (&Method::POST, ["readers", reader, "unplug"]) => moves::unplug(shared, reader),
        (&Method::POST, ["readers", reader, "plug"]) => moves::plug(shared, reader),
        (&Method::POST, ["readers", reader, "apdu"]) => moves::apdu(shared, reader, &asked.text("apdu")?),
        (&Method::POST, ["readers", reader, "faults"]) => moves::arm(shared, reader, asked),
        (&Method::POST, ["readers", reader, "faults", fault, "disarm"]) => moves::disarm(shared, reader, fault),
        (&Method::GET | &Method::POST, _) => Err(Refusal::not_found(nothing_here())),
        _ => Err(Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            text!("this method is not known here", "このメソッドは使えない"),
        )),
    }
}

fn nothing_here() -> Text {
    text!("there is nothing at this path", "このパスには何もない")
}
