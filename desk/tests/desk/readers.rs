//! Cards in and out of readers, typed APDUs, and faults by a click.

use serde_json::{Value, json};
use vmyna::pcsc::control;

use crate::rig::{FIRST, Rig, SECOND, SELECT};

#[test]
fn a_card_goes_in_moves_and_comes_out_and_is_free_then() {
    let rig = Rig::new();
    let hanako = rig.card("hanako");
    assert_eq!(rig.reader(FIRST)["card"], json!(null));
    rig.insert(FIRST, &hanako);
    assert_eq!(rig.reader(FIRST)["card"], json!(hanako));
    assert_eq!(rig.detail(&hanako)["card"]["reader"], FIRST);
    // Once more changes nothing; into the other one it moves.
    rig.insert(FIRST, &hanako);
    rig.insert(SECOND, &hanako);
    assert_eq!(
        (rig.reader(FIRST)["card"].clone(), rig.reader(SECOND)["card"].clone()),
        (json!(null), json!(hanako))
    );
    assert!(rig.apdu(SECOND, SELECT).ends_with("9000"));
    rig.at(SECOND, "remove", &json!({})).ok();
    assert_eq!(rig.detail(&hanako)["card"]["reader"], json!(null));
    let refused = rig.at(SECOND, "apdu", &json!({ "apdu": SELECT })).refused(409);
    assert!(refused.contains("no card"), "{refused}");
    rig.at(SECOND, "remove", &json!({})).refused(409);
    rig.insert(SECOND, &hanako);
}

#[test]
fn a_reader_is_unplugged_and_plugged_in_with_its_card() {
    let rig = Rig::new();
    let hanako = rig.card("hanako");
    rig.insert(FIRST, &hanako);
    rig.at(FIRST, "unplug", &json!({})).ok();
    assert_eq!(rig.reader(FIRST)["plugged"], false);
    for (action, body) in [
        ("unplug", json!({})),
        ("remove", json!({})),
        ("insert", json!({ "card": hanako })),
        ("apdu", json!({ "apdu": SELECT })),
    ] {
        let refused = rig.at(FIRST, action, &body).refused(409);
        assert!(refused.contains("unplugged"), "{action}: {refused}");
    }
    rig.at(FIRST, "plug", &json!({})).ok();
    assert_eq!(rig.reader(FIRST)["card"], json!(hanako));
    rig.at(FIRST, "plug", &json!({})).refused(409);
}

#[test]
fn a_card_that_an_unplugged_or_robbed_reader_could_have_back_is_on_the_shelf() {
    let rig = Rig::new();
    let hanako = rig.invent(1);
    let block = format!("/api/cards/{hanako}/pins");
    rig.insert(FIRST, &hanako);
    rig.at(FIRST, "unplug", &json!({})).ok();
    rig.post(&format!("{block}/auth/block"), &json!({})).ok();
    // The reader is of use again, without the card.
    rig.at(FIRST, "plug", &json!({})).ok();
    assert_eq!(rig.reader(FIRST)["card"], json!(null));
    rig.insert(FIRST, &hanako);
    rig.at(FIRST, "unplug", &json!({})).ok();
    rig.insert(SECOND, &hanako);
    rig.at(FIRST, "plug", &json!({})).ok();
    rig.at(SECOND, "faults", &json!({ "fault": "remove" })).ok();
    rig.at(SECOND, "apdu", &json!({ "apdu": SELECT })).refused(409);
    assert_eq!(rig.reader(SECOND)["card"], json!(null));
    rig.post(&format!("{block}/sign/block"), &json!({})).ok();
    rig.insert(SECOND, &hanako);
    rig.at(SECOND, "unplug", &json!({})).ok();
    let refused = rig
        .post(&format!("/api/cards/{hanako}/kiosk/apply"), &json!({ "auth": "1234" }))
        .refused(409);
    // What the kiosk says of the card, not that somebody else has it.
    assert!(refused.contains("PIN") && !refused.contains("in use"), "{refused}");
}

#[test]
fn what_is_not_there_or_malformed_is_refused_with_the_reason() {
    let rig = Rig::new();
    let hanako = rig.card("hanako");
    rig.insert(FIRST, &hanako);
    rig.at("other", "remove", &json!({})).refused(404);
    rig.at(SECOND, "insert", &json!({ "card": "99" })).refused(404);
    rig.at(SECOND, "insert", &json!({})).refused(400);
    rig.at(SECOND, "insert", &json!([])).refused(400);
    rig.at(FIRST, "jump", &json!({})).refused(404);
    for typed in ["", "0", "00A4 0G", "x"] {
        let answer = rig.at(FIRST, "apdu", &json!({ "apdu": typed }));
        assert_eq!(answer.status, 422, "{typed}");
        assert_eq!(answer.json()["errors"][0]["field"], "apdu", "{typed}");
    }
    // Too few bytes for an APDU are the card's to refuse.
    assert_eq!(rig.apdu(FIRST, "00"), "6700");
    for fault in [
        json!({ "preset": "none" }),
        json!({ "fault": "sw=x" }),
        json!({}),
        json!({ "fault": "mute", "preset": "slow" }),
    ] {
        let status = rig.at(FIRST, "faults", &fault).status;
        assert!([400, 404, 422].contains(&status), "{fault}: {status}");
    }
    rig.at(FIRST, "faults/7/disarm", &json!({})).refused(404);
}

#[test]
fn a_fault_is_armed_by_a_click_fires_once_and_is_dismissed() {
    let rig = Rig::new();
    let hanako = rig.card("hanako");
    rig.insert(FIRST, &hanako);
    rig.at(FIRST, "faults", &json!({ "preset": "wrong-status" })).ok();
    let armed = rig.reader(FIRST)["faults"][0].clone();
    assert_eq!(
        (armed["fired"].clone(), rig.apdu(FIRST, SELECT)),
        (json!(false), "6F00".to_owned())
    );
    assert!(rig.apdu(FIRST, SELECT).ends_with("9000"));
    assert_eq!(rig.reader(FIRST)["faults"][0]["fired"], true);
    // Nor does it meet the next card.
    rig.at(FIRST, "remove", &json!({})).ok();
    rig.insert(FIRST, &hanako);
    assert!(rig.apdu(FIRST, SELECT).ends_with("9000"));
    let id = armed["id"].as_str().unwrap();
    rig.at(FIRST, &format!("faults/{id}/disarm"), &json!({})).ok();
    assert_eq!(rig.reader(FIRST)["faults"], json!([]));
    // A fault in words, for this reader alone, until it is disarmed.
    rig.at(FIRST, "faults", &json!({ "fault": "sw=6581,ins=A4" })).ok();
    assert_eq!(
        (rig.apdu(FIRST, SELECT), rig.apdu(FIRST, SELECT)),
        ("6581".to_owned(), "6581".to_owned())
    );
    rig.insert(SECOND, &hanako);
    assert!(rig.apdu(SECOND, SELECT).ends_with("9000"));
}

#[test]
fn a_card_that_a_fault_pulls_out_comes_back_at_its_time() {
    let rig = Rig::new();
    let hanako = rig.card("hanako");
    rig.insert(FIRST, &hanako);
    rig.at(FIRST, "faults", &json!({ "fault": "remove,nth=1,back=200" }))
        .ok();
    rig.at(FIRST, "apdu", &json!({ "apdu": SELECT })).refused(409);
    assert_eq!(rig.reader(FIRST)["card"], json!(null));
    rig.until("the card is back", |rig| rig.reader(FIRST)["card"] == json!(hanako));
    let kinds: Vec<_> = rig
        .trace()
        .iter()
        .map(|entry| entry["kind"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        kinds,
        [
            "power-on",
            "inserted",
            "fault",
            "apdu",
            "power-off",
            "removed",
            "power-on",
            "inserted"
        ]
    );
}

#[test]
fn a_card_that_replaces_another_one_in_its_reader_is_announced() {
    let rig = Rig::new();
    let mut events = rig.events();
    rig.insert(FIRST, &rig.card("hanako"));
    // Twice: the readers are looked at in between, so that the events of this card have come.
    for _ in 0..2 {
        rig.apdu(FIRST, SELECT);
        let is_apdu = |data: &Value| {
            data["entries"]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| one["kind"] == "apdu")
        };
        while !is_apdu(&events.wait_for("trace")) {}
    }
    control::insert(&rig.socket, FIRST, Some("specimen:child")).unwrap();
    // The card stays powered then, so that nothing but the card differs.
    rig.apdu(FIRST, SELECT);
    events.wait_for("state");
    assert_eq!(rig.reader(FIRST)["card"], json!(rig.card("child")));
}

#[test]
fn other_programs_move_cards_through_the_control_socket_and_the_desk_knows_which() {
    let rig = Rig::new();
    let hanako = rig.card("hanako");
    control::insert(&rig.socket, FIRST, Some("specimen:hanako")).unwrap();
    assert_eq!(rig.reader(FIRST)["card"], json!(hanako));
    // A card that was not on the shelf is there now.
    control::insert(&rig.socket, SECOND, Some("specimen:child")).unwrap();
    let child = rig.card("child");
    assert_eq!(rig.reader(SECOND)["card"], json!(child));
    control::remove(&rig.socket, SECOND).unwrap();
    assert_eq!(rig.reader(SECOND)["card"], json!(null));
    control::insert(&rig.socket, SECOND, None).unwrap();
    assert_eq!(rig.reader(SECOND)["card"], json!(child));
    assert!(control::insert(&rig.socket, SECOND, Some("no.vmyna")).is_err());
    assert_eq!(rig.reader(SECOND)["card"], json!(child));
}
