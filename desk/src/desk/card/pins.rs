//! The PINs of a card with their tries.

use serde_json::{Value, json};
use vmyna::Tries;
use vmyna_apdu::Text;
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::pins::{self, CardPin};
use vmyna_card_os::declaration::{Application, File, ObjectId, Pin, find_pin};

use crate::desk::words::both;

/// A PIN of a card.
pub(super) struct OnCard<'a> {
    pub(super) id: String,
    /// Where a program presents it.
    pub(super) place: ObjectId,
    /// What has its value and its tries.
    pub(super) object: ObjectId,
    pub(super) pin: &'a Pin,
    label: Text,
    /// Its name at the counter.
    named: Option<CardPin>,
}

/// The PINs of these applications, without internal ones that no program presents.
pub(super) fn on_card(applications: &[Application]) -> Vec<OnCard<'_>> {
    let of = |application: &Application, file: &File| {
        let place = ObjectId {
            aid: application.aid,
            file: file.id,
        };
        let (object, pin) = find_pin(applications, place)?;
        let named = CardPin::of(place.aid, place.file);
        // An application of the free area has PINs of its own.
        let own = named.is_none() && pins::ALL.iter().all(|pin| pin.aid != application.aid);
        let label = Text {
            en: format!("{} ({})", file.name, application.name),
            ja: format!(
                "{}（{}）",
                titled(&file.title, &file.name),
                titled(&application.title, &application.name)
            ),
        };
        (named.is_some() || own).then(|| OnCard {
            id: named.map_or_else(
                || format!("{}-{}", place.aid, place.file),
                |named| named.name.to_owned(),
            ),
            place,
            object,
            pin,
            label,
            named,
        })
    };
    let files = applications
        .iter()
        .flat_map(|application| application.files.iter().map(move |file| (application, file)));
    files.filter_map(|(application, file)| of(application, file)).collect()
}

fn titled<'a>(title: &'a str, name: &'a str) -> &'a str {
    if title.is_empty() { name } else { title }
}

/// The PINs as the page shows them.
pub(super) fn all(card: &IssuedCard, tries: &Tries) -> Vec<Value> {
    let applications = card.applications();
    // The counter of a card without PINs gives them back all at once, and no counter resets those of a phone.
    let without = card.jpki.auth_pin.value.is_none() || card.phone().is_some();
    let shown = |one: &OnCard<'_>| {
        let left = tries.left_of(one.object, one.pin);
        let state = match left {
            _ if tries.is_unset(one.object, one.pin) => "unset",
            Some(0) => "blocked",
            _ => "ok",
        };
        json!({
            "id": one.id,
            "label": both(&one.label),
            "tries": left,
            "limit": one.pin.max_tries,
            "state": state,
            "canReset": one.named.is_some_and(|named| named.aid != pins::COMMON.aid) && !without,
            "canBlock": one.pin.max_tries.is_some() && state == "ok",
        })
    };
    on_card(&applications).iter().map(shown).collect()
}
