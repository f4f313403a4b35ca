//! What the page shows: the readers, the shelf and the trace, as JSON.

use serde_json::{Value, json};
use vmyna_apdu::text;
use vmyna_applets::PhoneKind;

use super::Shared;
use super::armed::PRESETS;
use super::authority::{State, of_card};
use super::shelf::ShelfCard;
use super::words::{self, both};

/// The most entries of the trace in one answer.
const ENTRIES: usize = 500;

/// The readers, the beginning of the shelf, and what the page needs beside them.
pub(super) fn all(shared: &Shared) -> Value {
    let presets = PRESETS
        .iter()
        .map(|preset| json!({ "id": preset.id, "text": both(&preset.text()) }));
    let socket = shared.socket.to_string_lossy();
    let (cards, total) = shared.shelf.search("", 0);
    json!({
        "socket": socket,
        "command": format!("export {}={}", super::SOCKET_VARIABLE, quoted(&socket)),
        "readers": readers(shared),
        "shelf": {
            "cards": cards.iter().map(|one| card(shared, one)).collect::<Value>(),
            "total": total,
            "more": total > cards.len(),
        },
        "presets": presets.collect::<Value>(),
        "sequence": shared.hub.newest(),
    })
}

/// The path as a shell takes it.
fn quoted(path: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "/-_.+:@%".contains(character);
    match path.chars().all(plain) {
        true => path.to_owned(),
        false => format!("'{}'", path.replace('\'', r"'\''")),
    }
}

fn readers(shared: &Shared) -> Value {
    let views = shared.hand().views();
    let reader = |seat: &super::bench::Seat| {
        let view = views.iter().find(|view| *view.name == *seat.name);
        let occupied = view.is_some_and(|view| view.occupied);
        let faults =
            seat.faults.all().into_iter().map(
                |fault| json!({ "id": fault.number.to_string(), "text": both(&fault.text), "fired": fault.fired }),
            );
        json!({
            "name": *seat.name,
            "plugged": view.is_some_and(|view| view.plugged),
            "card": seat.last().filter(|_| occupied),
            "powered": view.is_some_and(|view| view.powered),
            "programs": view.map_or(0, |view| view.programs),
            "locked": view.is_some_and(|view| view.locked),
            "faults": faults.collect::<Value>(),
        })
    };
    shared.readers.all().iter().map(reader).collect()
}

/// A part of the shelf.
pub(super) fn shelf(shared: &Shared, search: &str, from: usize) -> Value {
    let (cards, total) = shared.shelf.search(search, from);
    json!({ "cards": cards.iter().map(|one| card(shared, one)).collect::<Value>(), "total": total })
}

/// A card as the shelf shows it.
pub(super) fn card(shared: &Shared, card: &ShelfCard) -> Value {
    let glance = shared.shelf.glance(card);
    let (name, title) = match &glance {
        Some(glance) => (glance.name.clone(), glance.title.clone()),
        None => (card.shown.clone(), text!("a card that can't be read", "読めないカード")),
    };
    let standing = match &glance {
        Some(glance) => of_card(&glance.papers, &shared.authority.known(&glance.papers)),
        None => State {
            state: "unknown",
            text: text!("unknown", "不明"),
            since: None,
        },
    };
    json!({
        "id": card.id,
        "source": card.shown,
        "name": name,
        "title": both(&title),
        "reader": shared.reader_of(&card.id),
        "builtIn": card.built_in,
        "made": card.made,
        "phone": glance.as_ref().and_then(|glance| glance.phone).map(PhoneKind::title),
        "standing": { "state": standing.state, "text": both(&standing.text), "since": standing.since.map(|since| since.to_string()) },
    })
}

/// The trace from this entry on.
pub(super) fn trace(shared: &Shared, from: u64) -> Value {
    let (entries, first, next) = shared.hub.from(from, ENTRIES);
    let entries: Value = entries.iter().map(|entry| words::entry(entry)).collect();
    json!({ "entries": entries, "first": first, "next": next })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_quoted_where_a_shell_needs_it() {
        assert_eq!(quoted("/run/user/1000/vmyna-1/pcsc"), "/run/user/1000/vmyna-1/pcsc");
        assert_eq!(quoted("/tmp/a b"), "'/tmp/a b'");
        assert_eq!(quoted("/tmp/it's"), r"'/tmp/it'\''s'");
    }
}
