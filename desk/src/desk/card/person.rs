//! The person on a card, as its face and its files have them.

use serde::Serialize;
use serde_json::{Value, json};
use vmyna_apdu::{Text, text};
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::person::Sex;

use crate::desk::words::both;

/// What is on the card, in the order of its face.
#[derive(Serialize)]
pub(super) struct Facts {
    name: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    kana: Option<Value>,
    birth: Value,
    sex: Value,
    address: Value,
    municipality: Value,
    issued: Value,
    expiry: Value,
    /// A phone has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<Value>,
}

fn fact(label: &Text, value: &str) -> Value {
    json!({ "label": both(label), "value": value })
}

pub(super) fn facts(card: &IssuedCard) -> Facts {
    let summary = &card.summary;
    let person = &summary.person;
    let kana = Some(&person.kana).filter(|kana| !kana.is_empty());
    let birth = match person.birth.in_words() {
        Some(words) => format!("{} ({words})", person.birth),
        None => person.birth.to_string(),
    };
    let sex = match person.sex {
        Sex::Male => "男 (male)",
        Sex::Female => "女 (female)",
        Sex::Other => "その他 (other)",
        Sex::Unknown => "不明 (unknown)",
    };
    let place = &person.municipality;
    let serial = card.card_info.as_ref().map(|info| info.serial.to_string());
    Facts {
        name: fact(&text!("name", "氏名"), &person.name),
        kana: kana.map(|kana| fact(&text!("reading of the name", "氏名の振り仮名"), kana)),
        birth: fact(&text!("date of birth", "生年月日"), &birth),
        sex: fact(&text!("sex", "性別"), sex),
        address: fact(&text!("address", "住所"), &person.address),
        municipality: fact(
            &text!("municipality", "市区町村"),
            &format!("{} ({}, {})", place.title, place.name, place.code),
        ),
        issued: fact(&text!("issued", "発行"), &summary.issued.to_string()),
        expiry: fact(&text!("valid until", "有効期限"), &summary.expiry.to_string()),
        serial: serial.map(|serial| fact(&text!("serial number", "製造番号"), &serial)),
    }
}

/// The My Number, which the page shows when it is asked to.
pub(super) fn my_number(card: &IssuedCard) -> Value {
    let digits = card.summary.person.my_number.digits().iter();
    let digits: String = digits.copied().map(char::from).collect();
    fact(&text!("My Number", "個人番号"), &digits)
}
