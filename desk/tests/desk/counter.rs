//! The counter and the kiosk as buttons.

use serde_json::{Value, json};

use crate::rig::{Answer, FIRST, Rig, SELECT};

fn operate(rig: &Rig, place: &str, card: &str, operation: &str, fields: &Value) -> Answer {
    rig.post(&format!("/api/cards/{card}/{place}/{operation}"), fields)
}

#[track_caller]
fn done(answer: &Answer) -> String {
    let done = answer.ok()["done"].as_array().unwrap().clone();
    assert!(!done.is_empty());
    for one in &done {
        assert!(!one["ja"].as_str().unwrap().is_ascii(), "{one}");
    }
    done.iter()
        .map(|one| one["en"].as_str().unwrap())
        .collect::<Vec<_>>()
        .join("; ")
}

/// The field of the first error.
#[track_caller]
fn wrong_field(answer: &Answer) -> String {
    answer.refused(422);
    let error = answer.json()["errors"][0].clone();
    assert!(!error["text"]["ja"].as_str().unwrap().is_ascii(), "{error}");
    error["field"].as_str().unwrap().to_owned()
}

#[test]
fn a_blocked_pin_is_reset_while_its_card_is_in_a_reader_and_a_bad_value_named() {
    let rig = Rig::new();
    let hanako = rig.card("hanako");
    rig.insert(FIRST, &hanako);
    rig.post(&format!("/api/cards/{hanako}/pins/auth/block"), &json!({}))
        .ok();
    let reset = |value: Value| operate(&rig, "counter", &hanako, "reset-pin", &value);
    // 1025 is the cardholder's birthday.
    for value in ["12", "abcd", "1025"] {
        let answer = reset(json!({ "pin": "auth", "value": value }));
        assert_eq!(wrong_field(&answer), "value", "{value}");
        assert!(!answer.text().contains(value), "{value}");
    }
    assert_eq!(wrong_field(&reset(json!({ "pin": "auth" }))), "value");
    assert_eq!(wrong_field(&reset(json!({ "value": "4649" }))), "pin");
    assert!(done(&reset(json!({ "pin": "auth", "value": "4649" }))).contains("auth PIN"));
    assert_eq!(rig.pin(&hanako, "auth")["tries"], 3);
    // The card lost its power for a moment: the first command gets no answer.
    rig.at(FIRST, "apdu", &json!({ "apdu": SELECT })).refused(409);
    rig.apdu(FIRST, SELECT);
    assert_eq!(rig.apdu(FIRST, "00200098 04 34363439"), "9000");
    // A verification code has the value that it was issued with.
    rig.post(&format!("/api/cards/{hanako}/pins/code-b/block"), &json!({}))
        .ok();
    assert!(done(&reset(json!({ "pin": "code-b" }))).contains("verification code B"));
}

#[test]
fn certificates_of_built_in_cards_stay_as_they_are_and_the_reason_is_said() {
    let rig = Rig::new();
    let hanako = rig.card("hanako");
    let detail = rig.detail(&hanako);
    let operations = detail["counter"]
        .as_array()
        .unwrap()
        .iter()
        .chain(detail["kiosk"].as_array().unwrap());
    for operation in operations {
        let id = operation["id"].as_str().unwrap();
        assert_eq!(operation["refused"].is_null(), id == "reset-pin", "{id}");
    }
    for operation in ["renew", "hold", "death", "move-out"] {
        let why = operate(&rig, "counter", &hanako, operation, &json!({})).refused(409);
        assert!(why.contains("shared by all programs"), "{why}");
    }
    assert!(!rig.folder.path().join("ca/register.sqlite").exists());
}

#[test]
fn a_person_moves_and_the_card_and_the_register_follow() {
    let rig = Rig::new();
    let card = rig.invent(3);
    let before = rig.detail(&card);
    assert_eq!(before["card"]["standing"]["state"], "good");
    // What is refused whatever is typed is stated before.
    let renew = before["counter"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == "renew");
    assert!(
        renew.unwrap()["refused"]["en"]
            .as_str()
            .unwrap()
            .contains("three months before")
    );
    rig.insert(FIRST, &card);
    let too_early = operate(&rig, "counter", &card, "renew", &json!({})).refused(409);
    assert!(too_early.contains("three months before"), "{too_early}");
    let address = "大阪府大阪市北区見本町１";
    let answer = operate(&rig, "counter", &card, "move-in", &json!({ "address": "" }));
    assert_eq!(wrong_field(&answer), "address");
    let answer = operate(
        &rig,
        "counter",
        &card,
        "move-in",
        &json!({ "address": address, "municipality": "271277" }),
    );
    assert_eq!(wrong_field(&answer), "municipality");
    let moved = done(&operate(
        &rig,
        "counter",
        &card,
        "move-in",
        &json!({ "address": address, "municipality": "27127" }),
    ));
    assert!(
        moved.contains("revoked the sign certificate") && moved.contains("issued the sign certificate"),
        "{moved}"
    );
    let after = rig.detail(&card);
    assert_eq!(after["person"]["address"]["value"], address);
    let serial = |detail: &Value, kind: &str| {
        let all = detail["certificates"].as_array().unwrap();
        all.iter().find(|one| one["kind"] == kind).unwrap()["serial"].clone()
    };
    assert_ne!(serial(&before, "sign"), serial(&after, "sign"));
    assert_eq!(serial(&before, "auth"), serial(&after, "auth"));
    done(&operate(&rig, "counter", &card, "lost", &json!({})));
    let lost = rig.detail(&card);
    assert_eq!(
        (
            lost["card"]["standing"]["state"].clone(),
            lost["certificates"][0]["status"]["state"].clone()
        ),
        (json!("held"), json!("held"))
    );
    assert!(lost["certificates"][0]["status"]["since"].is_string());
    done(&operate(&rig, "counter", &card, "death", &json!({})));
    let dead = rig.detail(&card);
    assert_eq!(dead["card"]["standing"]["state"], "withdrawn");
    // Nothing more is done for it, and the page knows that beforehand.
    for operation in dead["counter"].as_array().unwrap() {
        assert!(
            operation["refused"]["ja"]
                .as_str()
                .unwrap()
                .contains("廃止されました（本人が亡くなったため）"),
            "{operation}"
        );
    }
    operate(
        &rig,
        "counter",
        &card,
        "rename",
        &json!({ "name": "新　名", "kana": "シン　メイ" }),
    )
    .refused(409);
    operate(&rig, "counter", &card, "none", &json!({})).refused(404);
}

#[test]
fn a_new_card_comes_onto_the_shelf_and_the_old_one_is_withdrawn() {
    let rig = Rig::new();
    let card = rig.invent(5);
    let name = rig.detail(&card)["person"]["name"]["value"].clone();
    let answer = operate(&rig, "counter", &card, "reissue", &json!({ "sign": "short" }));
    assert_eq!(wrong_field(&answer), "sign");
    done(&operate(
        &rig,
        "counter",
        &card,
        "reissue",
        &json!({ "auth": "4649", "sign": "NEWPASS1" }),
    ));
    let state = rig.state();
    let cards = state["shelf"]["cards"].as_array().unwrap();
    let new = cards
        .iter()
        .find(|one| one["name"] == name && one["id"] != json!(card))
        .unwrap();
    assert_eq!(
        (new["made"].clone(), new["standing"]["state"].clone()),
        (json!(true), json!("good"))
    );
    assert_eq!(rig.detail(&card)["card"]["standing"]["state"], "withdrawn");
    rig.insert(FIRST, new["id"].as_str().unwrap());
    rig.apdu(FIRST, SELECT);
    assert_eq!(rig.apdu(FIRST, "00200098 04 34363439"), "9000");
}

#[test]
fn the_kiosk_resets_the_sign_password_with_the_auth_pin_and_a_code() {
    let rig = Rig::new();
    let card = rig.invent(11);
    rig.post(&format!("/api/cards/{card}/pins/sign/block"), &json!({})).ok();
    rig.insert(FIRST, &card);
    let in_reader = operate(&rig, "kiosk", &card, "apply", &json!({ "auth": "1234" })).refused(409);
    assert!(in_reader.contains("take it out"), "{in_reader}");
    rig.at(FIRST, "remove", &json!({})).ok();
    let answer = operate(&rig, "kiosk", &card, "apply", &json!({ "auth": "9999" }));
    assert_eq!(wrong_field(&answer), "auth");
    assert_eq!(rig.pin(&card, "auth")["tries"], 2);
    assert_eq!(wrong_field(&operate(&rig, "kiosk", &card, "apply", &json!({}))), "auth");
    let given = done(&operate(&rig, "kiosk", &card, "apply", &json!({ "auth": "1234" })));
    let code: String = given
        .chars()
        .skip_while(|letter| !letter.is_ascii_digit())
        .take(8)
        .collect();
    let reset = |code: &str, sign: &str| {
        operate(
            &rig,
            "kiosk",
            &card,
            "reset-sign",
            &json!({ "code": code, "auth": "1234", "sign": sign }),
        )
    };
    assert_eq!(wrong_field(&reset("00000000", "NEWPASS1")), "code");
    assert_eq!(wrong_field(&reset(&code, "short")), "sign");
    done(&reset(&code, "NEWPASS1"));
    assert_eq!(rig.pin(&card, "sign")["tries"], 5);
    // Once.
    assert_eq!(wrong_field(&reset(&code, "NEWPASS2")), "code");
}

fn phone(rig: &Rig, card: &str, operation: &str, fields: &Value) -> Answer {
    operate(rig, "phone", card, operation, fields)
}

/// Why an operation is refused whatever its values are; an empty text if it is not.
fn refused(detail: &Value, place: &str, operation: &str) -> String {
    let all = detail[place].as_array().unwrap();
    let one = all.iter().find(|one| one["id"] == operation);
    let one = one.unwrap_or_else(|| panic!("no {operation} in {place}"));
    one["refused"]["en"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_card_is_held_to_a_phone_which_is_lost_and_another_one_emptied() {
    let rig = Rig::new();
    let card = rig.invent(3);
    rig.insert(FIRST, &card);
    let order = json!({ "phone": "android", "sign": "ABC123", "new-auth": "4826", "new-sign": "PHONE99" });
    let in_reader = phone(&rig, &card, "add", &order).refused(409);
    assert!(in_reader.contains("take it out"), "{in_reader}");
    rig.at(FIRST, "remove", &json!({})).ok();
    let with = |field: &str, value: &str| {
        let mut order = order.clone();
        order[field] = json!(value);
        order
    };
    for (field, value) in [
        ("phone", "tablet"),
        ("sign", ""),
        ("sign", "WRONG99"),
        ("new-auth", "12"),
        ("new-sign", "ABC"),
    ] {
        let answer = phone(&rig, &card, "add", &with(field, value));
        assert_eq!(wrong_field(&answer), field, "{value}");
        assert!(value.is_empty() || !answer.text().contains(value), "{}", answer.text());
    }
    assert_eq!(rig.pin(&card, "sign")["tries"], 4);
    let added = done(&phone(&rig, &card, "add", &order));
    assert!(
        added.contains("issued the phone's auth certificate") && !added.contains("4826"),
        "{added}"
    );
    let id = rig.card("android");
    let detail = rig.detail(&id);
    assert_eq!(detail["card"]["phone"], "Android");
    assert_eq!(detail["person"]["name"], rig.detail(&card)["person"]["name"]);
    // Its own PINs, in a reader.
    rig.insert(FIRST, &id);
    rig.apdu(FIRST, SELECT);
    rig.apdu(FIRST, "00A4020C 02 0018");
    assert_eq!(rig.apdu(FIRST, "00200080 04 34383236"), "9000");
    rig.at(FIRST, "remove", &json!({})).ok();
    // Nothing but its loss and its end is for a phone.
    for operation in detail["counter"].as_array().unwrap() {
        let name = operation["id"].as_str().unwrap();
        assert_eq!(
            refused(&detail, "counter", name).is_empty(),
            name == "phone-lost",
            "{operation}"
        );
    }
    assert!(!refused(&detail, "kiosk", "apply").is_empty() && !refused(&detail, "kiosk", "reset-sign").is_empty());
    assert!(refused(&detail, "phone", "remove").is_empty());
    phone(&rig, &id, "add", &order).refused(409);
    phone(&rig, &card, "remove", &json!({})).refused(409);
    // The loss is reported with the card.
    let lost = done(&operate(&rig, "counter", &card, "phone-lost", &json!({})));
    assert!(lost.contains("certificateHold"), "{lost}");
    assert_eq!(rig.detail(&id)["card"]["standing"]["state"], "held");
    assert_eq!(rig.detail(&card)["card"]["standing"]["state"], "good");
    // A second phone, which is emptied before it is given away.
    let order = json!({ "phone": "iphone", "sign": "ABC123" });
    let second = done(&phone(&rig, &card, "add", &order));
    assert!(second.contains("the phone's auth PIN is 1234"), "{second}");
    let second = rig.card("iphone");
    assert_eq!(rig.detail(&second)["card"]["phone"], "iPhone");
    let removed = done(&phone(&rig, &second, "remove", &json!({})));
    assert!(removed.contains("off the phone"), "{removed}");
    let detail = rig.detail(&second);
    assert_eq!(detail["certificates"], json!([]));
    assert_eq!(detail["card"]["standing"]["state"], "withdrawn", "{detail}");
    assert_eq!(rig.pin(&second, "auth")["state"], "unset");
    assert!(!refused(&detail, "phone", "remove").is_empty());
}
