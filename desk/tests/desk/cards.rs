//! The shelf and the cards on it: what is shown, made, blocked, kept and discarded.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};
use vmyna::CardSource;
use vmyna::applets::issued::IssuedCard;
use vmyna::applets::{PhoneKind, Profile, image};
use vmyna_apdu::hex;
use vmyna_desk::desk::{Desk, DeskError, FolderError};

use crate::rig::{FIRST, Rig, SELECT, folder, options};

/// The page hides the My Number; nothing else has it.
const MY_NUMBER: &str = "123456789018";

#[test]
fn a_card_is_shown_with_person_pins_certificates_and_files_in_both_languages() {
    let rig = Rig::new();
    let hanako = rig.card("%E8%A6%8B%E6%9C%AC"); // 見本
    let detail = rig.detail(&hanako);
    assert_eq!(detail["card"]["builtIn"], true);
    assert_eq!(detail["card"]["standing"]["state"], "good");
    assert_eq!(detail["person"]["name"]["value"], "見本　花子");
    let number = detail["myNumber"]["value"].as_str().unwrap();
    assert_eq!(number.len(), 12);
    let elsewhere = detail["person"].to_string()
        + &rig.state().to_string()
        + &rig.get(&format!("/api/cards/{hanako}/files")).text();
    assert!(!elsewhere.contains(number) && !elsewhere.contains(MY_NUMBER));
    let pins: Vec<_> = detail["pins"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pin| pin["id"].as_str().unwrap())
        .collect();
    assert_eq!(pins[..3], ["auth", "sign", "input-assist"]);
    let certificates = detail["certificates"].as_array().unwrap();
    assert_eq!(certificates.len(), 2);
    for one in certificates {
        assert_eq!(one["status"]["state"], "good", "{one}");
    }
    let files = rig.get(&format!("/api/cards/{hanako}/files")).ok();
    let files = files["files"].as_array().unwrap();
    let certificate = files
        .iter()
        .find(|file| file["name"]["en"] == "sign certificate")
        .unwrap();
    assert!(
        certificate["access"][0]["ja"]
            .as_str()
            .unwrap()
            .contains("署名用パスワード"),
        "{certificate}"
    );
    // Neither PINs nor keys, whatever the file.
    let text = rig.get(&format!("/api/cards/{hanako}/files")).text() + &detail.to_string();
    assert!(!text.contains("\"1234\"") && !text.contains("ABC123"));
    for side in ["front", "back"] {
        let picture = rig.get(&format!("/api/cards/{hanako}/{side}.png"));
        assert!(
            picture.head.contains("image/png") && picture.body.starts_with(b"\x89PNG"),
            "{}",
            picture.head
        );
        assert_eq!(rig.get(&format!("/api/cards/{hanako}/{side}.png")).body, picture.body);
    }
    rig.get("/api/cards/99").refused(404);
    rig.get("/api/cards/99/front.png").refused(404);
}

/// A phone with Hanako's certificates, in a file.
fn phone(folder: &std::path::Path, kind: PhoneKind) -> CardSource {
    let card = CardSource::hanako().issued().unwrap();
    let path = folder.join(format!("{}.vmyna", kind.name()));
    let mut file = image::create(&path).unwrap();
    file.add(&IssuedCard::of_phone(
        card.name,
        Profile::phone(kind),
        card.summary,
        card.jpki,
        None,
    ))
    .unwrap();
    file.finish().unwrap();
    CardSource::Image(path, None)
}

#[test]
fn a_phone_is_shown_as_a_phone_and_answers_in_a_reader() {
    let folder = folder();
    let phones = PhoneKind::ALL.map(|kind| phone(folder.path(), kind));
    let rig = Rig::with(&folder, [&phones[..], &[CardSource::hanako()]].concat());
    assert_eq!(rig.detail(&rig.card("specimen"))["card"]["phone"], Value::Null);
    for (kind, label) in [
        (PhoneKind::Iphone, "JPKIAPIOSTOKEN"),
        (PhoneKind::Android, "JPKIAPGPSETOKEN"),
    ] {
        let id = rig.card(kind.name());
        let detail = rig.detail(&id);
        let card = &detail["card"];
        assert_eq!(
            (&card["phone"], &card["name"]),
            (&json!(kind.title()), &json!("見本　花子"))
        );
        let title = card["title"]["en"].as_str().unwrap();
        assert!(
            title.contains("held to a contactless reader") && title.contains(kind.title()),
            "{title}"
        );
        let pins: Vec<_> = detail["pins"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pin| &pin["id"])
            .collect();
        assert_eq!(pins, ["auth", "sign"]);
        assert!(
            detail["pins"]
                .as_array()
                .unwrap()
                .iter()
                .all(|pin| pin["canReset"] == false)
        );
        assert_eq!(detail["certificates"].as_array().unwrap().len(), 2);
        assert!(detail["person"].get("serial").is_none());
        let files = rig.get(&format!("/api/cards/{id}/files")).ok();
        let files = files["files"].as_array().unwrap();
        let applications = files.iter().map(|file| file["aid"].as_str().unwrap());
        let applications: BTreeSet<_> = applications.collect();
        assert!(
            applications.len() <= 2 && applications.contains("D392F000260100000001"),
            "{applications:?}"
        );
        // It has no sides, and the page draws it.
        assert!(
            rig.get(&format!("/api/cards/{id}/front.png"))
                .refused(404)
                .contains("no sides")
        );
        rig.insert(FIRST, &id);
        rig.apdu(FIRST, SELECT);
        assert_eq!(rig.apdu(FIRST, "00A4020C 02 0006"), "9000");
        let read = rig.apdu(FIRST, "00B00000 20");
        let expected = hex::encode(format!("{label:<32}").as_bytes());
        assert_eq!(read, format!("{expected}9000"));
        assert_eq!(rig.apdu(FIRST, "00A4020C 02 000A"), "9000");
        assert_eq!(rig.apdu(FIRST, "00B00000 07"), "6982");
        assert_eq!(rig.apdu(FIRST, "00A4040C 0A D3921000310001010408"), "6A82");
        rig.post(&format!("/api/cards/{id}/pins/auth/block"), &json!({})).ok();
        assert_eq!(rig.pin(&id, "auth")["state"], "blocked");
    }
    let drawn = rig.raw("GET /phone.svg", &format!("Host: {}\r\n", rig.address), "");
    assert!(drawn.status == 200 && drawn.text().contains("SPECIMEN"));
}

#[test]
fn a_collection_is_searched_by_its_index_and_shown_fifty_at_a_time() {
    let folder = folder();
    let path = folder.path().join("town.vmyna");
    let mut file = image::create(&path).unwrap();
    let mut card = CardSource::hanako().issued().unwrap();
    for number in 0..120 {
        card.name = format!("p{number:06}").parse().unwrap();
        file.add(&card).unwrap();
    }
    file.finish().unwrap();
    let rig = Rig::with(
        &folder,
        vec![CardSource::Image(path, None), "specimen:child".parse().unwrap()],
    );
    let state = rig.state();
    assert_eq!(
        (state["shelf"]["total"].clone(), state["shelf"]["more"].clone()),
        (json!(121), json!(true))
    );
    let page = |query: &str| rig.get(&format!("/api/shelf?{query}")).ok();
    let ids = |page: &Value| -> Vec<String> {
        let cards = page["cards"].as_array().unwrap().iter();
        cards.map(|card| card["id"].as_str().unwrap().to_owned()).collect()
    };
    let mut all = Vec::new();
    for from in [0, 50, 100] {
        all.extend(ids(&page(&format!("from={from}"))));
    }
    assert_eq!(all.len(), 121);
    assert_eq!(page("search=00011")["total"], 11);
    assert_eq!(ids(&page("search=p000042")), ["1.p000042"]);
    assert_eq!(page("search=town")["total"], 120);
    assert_eq!(page("search=child")["total"], 1);
    assert_eq!(page("search=nothing")["total"], 0);
    rig.get("/api/shelf?from=-1").refused(400);
    rig.get("/api/cards/1.nobody").refused(404);
    rig.get("/api/cards/1").refused(404);
    // Two of them at a time.
    rig.insert(FIRST, "1.p000042");
    rig.insert("vmyna 01 00", "1.p000043");
    assert!(rig.apdu(FIRST, SELECT).ends_with("9000"));
    assert_eq!(rig.reader(FIRST)["card"], "1.p000042");
}

#[test]
fn a_card_whose_image_was_replaced_is_shown_as_the_one_that_a_reader_gets() {
    let folder = folder();
    let path = folder.path().join("card.vmyna");
    let put = |specimen: &str| {
        let mut card = specimen.parse::<CardSource>().unwrap().issued().unwrap();
        card.name = "card".parse().unwrap();
        let _ = fs::remove_file(&path);
        let mut file = image::create(&path).unwrap();
        file.add(&card).unwrap();
        file.finish().unwrap();
    };
    put("specimen:hanako");
    let rig = Rig::with(&folder, vec![CardSource::Image(path.clone(), None)]);
    let id = rig.card("card");
    let before = rig.detail(&id);
    put("specimen:taisho");
    let after = rig.detail(&id);
    assert_ne!(before["person"]["name"]["value"], after["person"]["name"]["value"]);
    assert_ne!(before["myNumber"]["value"], after["myNumber"]["value"]);
    let found = rig.get("/api/shelf?search=").ok();
    assert_eq!(found["cards"][0]["name"], after["person"]["name"]["value"]);
    rig.insert(FIRST, &id);
    // One that can't be read says so where it is used.
    rig.at(FIRST, "remove", &json!({})).ok();
    fs::write(&path, "no image").unwrap();
    rig.at(FIRST, "insert", &json!({ "card": id })).refused(409);
}

#[test]
fn persons_of_one_name_that_are_made_at_once_get_a_card_each() {
    let rig = Rig::new();
    let made = std::thread::scope(|scope| {
        let makers: Vec<_> = (0..3)
            .map(|seed| {
                scope.spawn({
                    let rig = &rig;
                    move || rig.invent(seed)
                })
            })
            .collect();
        makers
            .into_iter()
            .map(|maker| maker.join().unwrap())
            .collect::<std::collections::HashSet<_>>()
    });
    assert_eq!(made.len(), 3);
}

#[test]
fn a_pin_is_blocked_by_wrong_values_on_the_shelf_and_in_a_reader() {
    let rig = Rig::new();
    let hanako = rig.card("hanako");
    rig.post(&format!("/api/cards/{hanako}/pins/auth/block"), &json!({}))
        .ok();
    let pin = rig.pin(&hanako, "auth");
    assert_eq!(
        (pin["tries"].clone(), pin["state"].clone(), pin["canBlock"].clone()),
        (json!(0), json!("blocked"), json!(false))
    );
    rig.insert(FIRST, &hanako);
    rig.post(&format!("/api/cards/{hanako}/pins/code-b/block"), &json!({}))
        .ok();
    assert_eq!(rig.pin(&hanako, "code-b")["state"], "blocked");
    // It was really presented: the trace has it, masked, until 6984.
    let trace = rig.trace();
    let verifies: Vec<_> = trace
        .iter()
        .filter(|entry| {
            entry["command"]
                .as_str()
                .is_some_and(|command| command.starts_with("002000"))
        })
        .collect();
    assert!(verifies.len() >= 10, "{}", verifies.len());
    assert!(
        verifies
            .iter()
            .all(|entry| entry["command"].as_str().unwrap().contains("**"))
    );
    rig.post(&format!("/api/cards/{hanako}/pins/none/block"), &json!({}))
        .refused(404);
    // The state is kept: the next desk in this folder has it.
    let folder = rig.end();
    let rig = Rig::with(&folder, vec![CardSource::hanako()]);
    assert_eq!(rig.pin(&rig.card("hanako"), "auth")["state"], "blocked");
}

#[test]
fn cards_are_made_found_again_at_the_next_start_and_discarded() {
    let rig = Rig::new();
    let invented = rig.invent(7);
    let detail = rig.detail(&invented);
    assert_eq!(
        (
            detail["card"]["made"].clone(),
            detail["card"]["standing"]["state"].clone()
        ),
        (json!(true), json!("good"))
    );
    let toml = r#"
name = "架空　人物"
address = "東京都千代田区見本町一丁目１番１号"
birth = 1990-04-01
sex = "female"
municipality = { code = "13101" }
card-name = "taro"
pins = { auth = "4649" }
"#;
    let made = rig.post("/api/cards/person", &json!({ "toml": toml })).ok();
    let taro = made["id"].as_str().unwrap().to_owned();
    assert_eq!(rig.detail(&taro)["person"]["name"]["value"], "架空　人物");
    rig.insert(FIRST, &taro);
    rig.apdu(FIRST, SELECT);
    assert_eq!(rig.apdu(FIRST, "00200098 04 34363439"), "9000");
    let kept = rig.folder.path().join("desk/cards/taro.vmyna");
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    rig.post(&format!("/api/cards/{taro}/discard"), &json!({})).refused(409);
    rig.at(FIRST, "remove", &json!({})).ok();
    let folder = rig.end();

    let rig = Rig::with(&folder, vec![CardSource::hanako()]);
    assert_eq!(rig.state()["shelf"]["total"], 3);
    let taro = rig.card("taro");
    rig.post(&format!("/api/cards/{taro}/discard"), &json!({})).ok();
    assert!(!kept.exists() && !kept.with_extension("vmyna.state").exists());
    rig.get(&format!("/api/cards/{taro}")).refused(404);
    // Its id means no later card, also to a page that still shows it.
    let last = rig.invent(8);
    rig.post(&format!("/api/cards/{last}/discard"), &json!({})).ok();
    assert_ne!(rig.invent(9), last);
    // Only what the desk has made.
    rig.post(&format!("/api/cards/{}/discard", rig.card("hanako")), &json!({}))
        .refused(409);
}

#[test]
fn a_person_file_with_errors_is_refused_with_field_and_line_and_makes_no_card() {
    let rig = Rig::new();
    let toml = "name = \"架空　人物\"\naddress = \"東京都\"\nbirth = 1990-04-01\nsex = \"x\"\nmy-number = \"123456789012\"\n\
                municipality = { code = \"13102\" }\n[pins]\nauth = \"12\"\n";
    let answer = rig.post("/api/cards/person", &json!({ "toml": toml }));
    assert_eq!(answer.status, 422);
    let errors = answer.json()["errors"].as_array().unwrap().clone();
    let places: Vec<_> = errors
        .iter()
        .map(|error| (error["field"].clone(), error["line"].clone()))
        .collect();
    for place in [
        (json!("sex"), json!(4)),
        (json!("my-number"), json!(5)),
        (json!("pins.auth"), json!(8)),
    ] {
        assert!(places.contains(&place), "{place:?} in {places:?}");
    }
    let texts = |field: &str| {
        let error = errors.iter().find(|error| error["field"] == field).unwrap();
        error["text"].clone()
    };
    assert_eq!(
        texts("my-number"),
        json!({ "en": "has a wrong check digit: the digits before it need 8", "ja": "検査用数字が違います。前の数字からは8になります" })
    );
    assert_eq!(
        texts("pins.auth"),
        json!({ "en": "has four digits 0-9", "ja": "数字4桁です" })
    );
    // The values that are wrong are numbers and PINs: none is repeated.
    assert!(!answer.text().contains("123456789012") && !answer.text().contains("\"12\""));
    let answer = rig.post("/api/cards/person", &json!({ "toml": "name = " }));
    assert_eq!(answer.json()["errors"][0]["line"], 1);
    rig.post("/api/cards/person", &json!({})).refused(400);
    rig.post("/api/cards/invent", &json!({ "seed": -1 })).refused(400);
    assert_eq!(rig.state()["shelf"]["total"], 1);
    assert_eq!(fs::read_dir(rig.folder.path().join("desk/cards")).unwrap().count(), 0);
}

#[test]
fn a_folder_is_for_one_desk_and_for_its_owner() {
    let rig = Rig::new();
    let opened = Desk::open(options(rig.folder.path(), Vec::new()));
    assert!(matches!(
        opened,
        Err(DeskError::Folder {
            error: FolderError::InUse,
            ..
        })
    ));
    let folder = rig.end();
    fs::set_permissions(folder.path().join("desk"), fs::Permissions::from_mode(0o755)).unwrap();
    let opened = Desk::open(options(folder.path(), Vec::new()));
    assert!(matches!(
        opened,
        Err(DeskError::Folder {
            error: FolderError::OpenToOthers,
            ..
        })
    ));
    // A folder that nothing can be written into, whoever the user is.
    let mut options = options(folder.path(), Vec::new());
    options.folder = "/proc/vmyna".into();
    let opened = Desk::open(options);
    assert!(matches!(
        opened,
        Err(DeskError::Folder {
            error: FolderError::System(_),
            ..
        })
    ));
}

#[test]
fn a_card_that_another_program_uses_is_refused_with_the_reason() {
    let folder = folder();
    let path = folder.path().join("card.vmyna");
    let mut file = image::create(&path).unwrap();
    file.add(&CardSource::hanako().issued().unwrap()).unwrap();
    file.finish().unwrap();
    let source = CardSource::Image(path, None);
    let rig = Rig::with(&folder, vec![source.clone()]);
    let used = source.open(None).unwrap();
    let id = rig.card("card");
    for answer in [
        rig.at(FIRST, "insert", &json!({ "card": id })),
        rig.post(&format!("/api/cards/{id}/pins/auth/block"), &json!({})),
        rig.post(&format!("/api/cards/{id}/kiosk/apply"), &json!({ "auth": "1234" })),
    ] {
        let ja = answer.json()["error"]["ja"].as_str().unwrap().to_owned();
        assert!(ja.contains("使用中"), "{ja}");
        let refused = answer.refused(409);
        let process = format!("process {}", std::process::id());
        assert!(refused.contains(&process) && refused.contains("end it"), "{refused}");
    }
    // It can be looked at all the same.
    assert_eq!(rig.pin(&id, "auth")["tries"], 3);
    drop(used);
    rig.insert(FIRST, &id);
    assert!(source.open(None).is_err());
    rig.at(FIRST, "remove", &json!({})).ok();
    drop(source.open(None).unwrap());
}
