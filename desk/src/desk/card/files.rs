//! The files of a card: the access conditions of each in words, and its content unless that is secret.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vmyna_apdu::{Language, Text, text};
use vmyna_applets::issued::IssuedCard;
use vmyna_card_os::declaration::{Access, Application, ObjectId};
use vmyna_explain::access;
use vmyna_explain::files::{Item, content};

use crate::desk::words::both;

/// The most lines of a content that the page gets.
const MOST: usize = 200;

/// All files and data objects. `changed`: the files that commands have changed since.
pub(super) fn all(card: &IssuedCard, changed: &BTreeSet<ObjectId>) -> Value {
    let applications = card.applications();
    let mut files = Vec::new();
    for application in &applications {
        for file in &application.files {
            let object = ObjectId {
                aid: application.aid,
                file: file.id,
            };
            let names = (&*file.name, &*file.title);
            let content = match (file.secret, changed.contains(&object)) {
                (true, _) => None,
                (false, true) => Some(text!(
                    "commands have changed it since; an APDU reads what it holds now",
                    "コマンドで変更済み。今の内容はAPDUで読める"
                )),
                (false, false) => Some(in_words(application, Item::File(file))),
            };
            let id = file.id.to_string();
            files.push(shown(application, names, id, &file.access, content));
        }
        for object in &application.data_objects {
            let names = (&*object.name, &*object.title);
            let content = Some(in_words(application, Item::Object(object)));
            let id = format!("GET DATA {:04X}", object.tag);
            files.push(shown(application, names, id, &object.access, content));
        }
    }
    json!({ "files": files })
}

fn shown(
    application: &Application,
    (name, title): (&str, &str),
    id: String,
    declared: &Access,
    content: Option<Text>,
) -> Value {
    let needs = declared
        .iter()
        .map(|(operation, when)| both(&access::need(application, operation, Some(when))));
    let needs: Vec<Value> = match declared.iter().next() {
        Some(_) => needs.collect(),
        None => vec![both(&access::needs(application, declared))],
    };
    json!({
        "application": both(&named(&application.name, &application.title)),
        "aid": application.aid.to_string(),
        "name": both(&named(name, title)),
        "id": id,
        "access": needs,
        "content": content.as_ref().map(both),
    })
}

fn named(name: &str, title: &str) -> Text {
    Text {
        en: name.to_owned(),
        ja: if title.is_empty() { name } else { title }.to_owned(),
    }
}

fn in_words(application: &Application, item: Item<'_>) -> Text {
    let [en, ja] = [Language::En, Language::Ja].map(|language| {
        let lines = content(application, item, language);
        let more = lines.len() > MOST;
        let mut lines: Vec<_> = lines.into_iter().take(MOST).collect();
        if more {
            lines.push("…".to_owned());
        }
        lines.join("\n")
    });
    Text { en, ja }
}
