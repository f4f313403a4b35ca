//! The live trace: entries in words, the event stream, and the export.

use std::time::{Duration, Instant};

use serde_json::json;
use vmyna::reader_bridge::trace::{What, read};

use crate::rig::{FIRST, Rig, SELECT};

/// VERIFY of the auth PIN with a wrong and the right value.
const WRONG: &str = "00200098 04 39393939";
const RIGHT: &str = "00200098 04 31323334";

#[test]
fn every_apdu_is_explained_in_both_languages_with_rule_certainty_and_source() {
    let rig = Rig::new();
    rig.insert(FIRST, &rig.card("hanako"));
    rig.apdu(FIRST, SELECT);
    assert_eq!(rig.apdu(FIRST, "00B08100 00"), "6982");
    let entries = rig.trace();
    let read = entries.last().unwrap();
    assert_eq!(
        (read["kind"].clone(), read["refused"].clone(), read["sw"].clone()),
        (json!("apdu"), json!(true), json!("6982"))
    );
    assert!(
        read["text"]["en"].as_str().unwrap().contains("sign certificate"),
        "{read}"
    );
    assert!(
        read["text"]["ja"].as_str().unwrap().contains("署名用電子証明書"),
        "{read}"
    );
    let reasons = read["reasons"].as_array().unwrap();
    let denied = reasons.iter().find(|reason| reason["rule"] == "access.denied").unwrap();
    assert!(denied["certainty"].is_string() && denied["source"].is_string() && denied["text"]["ja"].is_string());
    let decided = reasons
        .iter()
        .find(|reason| reason["text"]["en"].as_str().unwrap().contains("sign password"));
    assert!(decided.is_some_and(|reason| reason["certainty"].is_string()), "{read}");
    assert!(
        read["fields"]
            .as_array()
            .unwrap()
            .iter()
            .all(|field| field["en"].is_string() && field["ja"].is_string())
    );
    // A command to the current EF is named by what the card decided about.
    rig.apdu(FIRST, "00A4020C 02 0018");
    rig.apdu(FIRST, "00200080");
    let entries = rig.trace();
    let query = entries.last().unwrap();
    assert!(query["text"]["en"].as_str().unwrap().ends_with("(auth PIN)"), "{query}");
    assert!(
        query["text"]["ja"]
            .as_str()
            .unwrap()
            .ends_with("（利用者証明用暗証番号）"),
        "{query}"
    );
    // The numbers have no gap.
    for (index, entry) in entries.iter().enumerate() {
        assert_eq!(entry["seq"], index + 1);
    }
}

#[test]
fn pins_and_secret_data_are_masked_in_trace_events_and_export() {
    let rig = Rig::new();
    rig.insert(FIRST, &rig.card("hanako"));
    let mut events = rig.events();
    rig.apdu(FIRST, SELECT);
    assert_eq!(rig.apdu(FIRST, WRONG), "63C2");
    assert_eq!(rig.apdu(FIRST, RIGHT), "9000");
    // The My Number, which the input-assist application declares secret.
    rig.apdu(FIRST, "00A4040C 0A D3921000310001010408");
    rig.apdu(FIRST, "00200091 04 31323334");
    let number = rig.apdu(FIRST, "00B08100 00");
    assert!(number.ends_with("9000") && number.len() > 30);
    let secret = &number[6..30];
    let mut seen = String::new();
    while !seen.contains("\"seq\":8,") {
        seen += &events.wait_for("trace").to_string();
    }
    let export = rig.get("/api/trace.pcapng");
    let hex: String = export.body.iter().map(|byte| format!("{byte:02X}")).collect();
    for text in [seen, rig.get("/api/trace?from=0").text(), hex] {
        for shown in ["39393939", "31323334", secret] {
            assert!(!text.contains(shown), "{shown}");
        }
    }
    let recording = read(&mut &export.body[..]).unwrap();
    let commands = recording
        .messages
        .iter()
        .filter(|one| matches!(one.message.what, What::Command(_)));
    assert_eq!(commands.count(), 6);
}

#[test]
fn events_tell_of_the_state_and_of_each_apdu_at_once() {
    let rig = Rig::new();
    let hanako = rig.card("hanako");
    let mut events = rig.events();
    assert_eq!(events.next().0, "state");
    rig.insert(FIRST, &hanako);
    let mut told = [events.next(), events.next()];
    told.sort_by(|one, other| one.0.cmp(&other.0));
    let [(state, _), (trace, entries)] = told;
    assert_eq!((state.as_str(), trace.as_str()), ("state", "trace"));
    assert_eq!(entries["entries"][0]["kind"], "power-on");
    rig.apdu(FIRST, SELECT);
    let mut best = Duration::MAX;
    for _ in 0..10 {
        let begun = Instant::now();
        rig.apdu(FIRST, "00B08A00 01");
        let entry = events.wait_for("trace");
        assert!(
            entry["entries"]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| one["kind"] == "apdu")
        );
        best = best.min(begun.elapsed());
    }
    // A busy machine delays some, not all.
    assert!(best < Duration::from_millis(100), "{best:?}");
}

#[test]
fn the_trace_goes_on_where_a_page_has_stopped() {
    let rig = Rig::new();
    rig.insert(FIRST, &rig.card("hanako"));
    for _ in 0..5 {
        rig.apdu(FIRST, SELECT);
    }
    let all = rig.get("/api/trace?from=0").ok();
    assert_eq!((all["first"].clone(), all["next"].clone()), (json!(1), json!(8)));
    let some = rig.get("/api/trace?from=6").ok();
    assert_eq!(some["entries"].as_array().unwrap().len(), 2);
    assert_eq!(some["entries"][0], all["entries"][5]);
    assert_eq!(rig.get("/api/trace?from=100").ok()["entries"], json!([]));
    rig.get("/api/trace?from=x").refused(400);
}

#[test]
fn a_program_that_uses_the_card_is_seen_and_its_transaction_not_disturbed() {
    use pcsc_client::Client;
    let rig = Rig::new();
    let hanako = rig.card("hanako");
    rig.insert(FIRST, &hanako);
    let mut client = Client::connect(&rig.socket, FIRST);
    assert_eq!(rig.reader(FIRST)["programs"], 1);
    let entries_before = rig.trace().len();
    client.transmit(&[
        0x00, 0xA4, 0x04, 0x0C, 0x0A, 0xD3, 0x92, 0xF0, 0x00, 0x26, 0x01, 0x00, 0x00, 0x00, 0x01,
    ]);
    assert_eq!(rig.trace().len(), entries_before + 1);
    client.begin();
    assert_eq!(rig.reader(FIRST)["locked"], true);
    let refused = rig.at(FIRST, "apdu", &json!({ "apdu": SELECT })).refused(409);
    assert!(refused.contains("to itself"), "{refused}");
    // What the page shows of the card does not touch what is selected.
    assert_eq!(rig.pin(&hanako, "auth")["tries"], 3);
    rig.detail(&hanako);
    let tries = client.transmit(&[0x00, 0x20, 0x00, 0x98]);
    assert_eq!(tries, [0x63, 0xC3]);
    // Nor do wrong values, which could reach the PIN that the program has selected.
    client.end();
    let block = format!("/api/cards/{hanako}/pins/auth/block");
    let refused = rig.post(&block, &json!({})).refused(409);
    assert!(refused.contains("a program is connected"), "{refused}");
    assert_eq!(rig.pin(&hanako, "auth")["tries"], 3);
    drop(client);
    rig.until("it has left", |rig| rig.reader(FIRST)["programs"] == 0);
    rig.post(&block, &json!({})).ok();
}

#[test]
fn a_page_that_does_not_read_loses_entries_and_is_told_how_many() {
    let rig = Rig::new();
    rig.insert(FIRST, &rig.card("hanako"));
    let mut slow = rig.events();
    let mut quick = rig.events();
    let mut client = pcsc_client::Client::connect(&rig.socket, FIRST);
    // A long command, so that neither the queue nor the buffers of the system hold all entries.
    let long = [&[0x00, 0xC1, 0x00, 0x00, 0x00, 0x03, 0xE8][..], &[0x5A; 1000]].concat();
    let select = [
        0x00, 0xA4, 0x04, 0x0C, 0x0A, 0xD3, 0x92, 0xF0, 0x00, 0x26, 0x01, 0x00, 0x00, 0x00, 0x01,
    ];
    client.transmit(&select);
    const COUNT: usize = 3_000;
    let reading = std::thread::spawn(move || {
        let (mut seen, mut lost) = (0, 0);
        while seen + lost < COUNT {
            match quick.next() {
                (name, data) if name == "trace" => {
                    let apdus = data["entries"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .filter(|one| one["kind"] == "apdu");
                    seen += apdus.count();
                }
                (name, data) if name == "lost" => lost += data["count"].as_u64().unwrap() as usize,
                _ => {}
            }
        }
        seen
    });
    for _ in 0..COUNT {
        client.transmit(&long);
    }
    assert!(reading.join().unwrap() > 0);
    // Now the slow one reads: what there was room for, then how many there were more.
    let (mut seen, mut lost) = (0, 0);
    while seen + lost < COUNT {
        match slow.next() {
            (name, data) if name == "trace" => seen += data["entries"].as_array().unwrap().len(),
            (name, data) if name == "lost" => lost += data["count"].as_u64().unwrap() as usize,
            _ => {}
        }
    }
    assert!(lost > 0, "{seen}");
    // What was lost on the way is kept, and fetched.
    let kept = rig.get("/api/trace?from=2").ok();
    assert_eq!(
        (kept["first"].clone(), kept["entries"].as_array().map(Vec::len)),
        (json!(1), Some(500))
    );
}

/// A client of the PC/SC service without a library.
mod pcsc_client {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;
    use std::path::Path;

    use vmyna_testkit::waiting::LIMIT;

    pub struct Client {
        stream: UnixStream,
        card: u32,
    }

    fn words(values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_ne_bytes()).collect()
    }

    impl Client {
        /// Connects to the card in this reader, shared.
        pub fn connect(socket: &Path, reader: &str) -> Self {
            let stream = UnixStream::connect(socket).unwrap();
            stream.set_read_timeout(Some(LIMIT)).unwrap();
            let mut client = Self { stream, card: 0 };
            client.call(0x11, &words(&[4, 4, 0]), 3);
            let context = client.call(0x01, &words(&[2, 0, 0]), 3)[1];
            let mut name = [0; 128];
            name[..reader.len()].copy_from_slice(reader.as_bytes());
            client.send(
                0x04,
                &[&words(&[context])[..], &name, &words(&[2, 3, 0, 0, 0])].concat(),
                &[],
            );
            client.receive(132);
            let reply = client.numbers(5);
            assert_eq!(reply[4], 0);
            client.card = reply[2];
            client
        }

        fn send(&mut self, command: u32, body: &[u8], data: &[u8]) {
            let header = words(&[body.len() as u32, command]);
            self.stream.write_all(&[&header, body, data].concat()).unwrap();
        }

        fn receive(&mut self, length: usize) -> Vec<u8> {
            let mut bytes = vec![0; length];
            self.stream.read_exact(&mut bytes).unwrap();
            bytes
        }

        fn numbers(&mut self, count: usize) -> Vec<u32> {
            let bytes = self.receive(4 * count);
            bytes
                .chunks(4)
                .map(|four| u32::from_ne_bytes(four.try_into().unwrap()))
                .collect()
        }

        fn call(&mut self, command: u32, body: &[u8], reply: usize) -> Vec<u32> {
            self.send(command, body, &[]);
            self.numbers(reply)
        }

        pub fn begin(&mut self) {
            let body = words(&[self.card, 0]);
            assert_eq!(self.call(0x07, &body, 2)[1], 0);
        }

        pub fn end(&mut self) {
            let body = words(&[self.card, 0, 0]);
            assert_eq!(self.call(0x08, &body, 3)[2], 0);
        }

        pub fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
            let length = command.len() as u32;
            self.send(0x09, &words(&[self.card, 2, 16, length, 2, 16, 65_548, 0]), command);
            let reply = self.numbers(8);
            assert_eq!(reply[7], 0);
            self.receive(reply[6] as usize)
        }
    }
}
