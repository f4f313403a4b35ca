//! Images of version 3 and states of phones are read for ever, and hold what they were written with. The files and what they
//! hold are committed and never made anew: see `test-vectors/cards/README.md`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::process::Output;

use common::frozen::{self, Original, vectors};
use common::{Printed, vmyna};
use serde::Deserialize;
use tempfile::TempDir;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    file: Vec<Original>,
    phone: Vec<Phone>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Phone {
    image: String,
    state: Option<String>,
    format: Option<u8>,
    kind: String,
    certificates: BTreeMap<String, String>,
    mdoc: Vec<(String, String)>,
    valid: Option<String>,
    exchanges: Vec<(String, String)>,
}

fn expected() -> Expected {
    frozen::expected("v3")
}

/// A copy of a phone with its state, so that nothing happens to the original.
struct Copy(TempDir);

impl Copy {
    fn of(phone: &Phone) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::copy(vectors().join(&phone.image), folder.path().join("image")).unwrap();
        if let Some(state) = &phone.state {
            let states = folder.path().join("image.state");
            fs::DirBuilder::new().mode(0o700).create(&states).unwrap();
            fs::copy(vectors().join(state), states.join("hanako-phone.redb")).unwrap();
        }
        Self(folder)
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Output {
        let output = vmyna(arguments).current_dir(&self.0).output().unwrap();
        output.exits_with(0)
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.run(arguments).out()).unwrap()
    }
}

#[test]
fn not_a_byte_of_them_has_changed() {
    frozen::assert_unchanged(&expected().file);
}

#[test]
fn an_image_of_version_3_and_a_state_are_the_phone_as_it_was_left() {
    let phones = expected().phone;
    assert!(phones.len() >= 5);
    for phone in phones {
        let copy = Copy::of(&phone);
        let place = phone.state.as_ref().unwrap_or(&phone.image);
        let shown = copy.json(&["show", "--json", "image"]);
        assert_eq!(shown["phone"]["kind"], phone.kind.as_str(), "{place}");
        assert_eq!(shown["phone"]["mdoc"], !phone.mdoc.is_empty(), "{place}");
        for name in ["sign", "auth"] {
            let serial = shown["certificates"][name]["serial"].as_str();
            assert_eq!(
                serial,
                phone.certificates.get(name).map(String::as_str),
                "{place} {name}"
            );
        }
        let shown = copy.json(&["phone", "show", "--json", "image"]);
        for (identifier, value) in &phone.mdoc {
            let elements = shown["mdoc"]["elements"].as_array().unwrap();
            let element = elements
                .iter()
                .find(|element| element["identifier"] == identifier.as_str());
            assert_eq!(element.unwrap()["value"], value.as_str(), "{place} {identifier}");
        }
        if let Some(format) = phone.format {
            let inspected = copy.run(&["card", "inspect", "image"]).out();
            assert!(
                inspected.contains(&format!("format {format}, of this card")),
                "{inspected}"
            );
        }
        frozen::assert_answers(|arguments| copy.run(arguments), "image", &phone.exchanges, place);
    }
}

/// The device key is there, and the signatures hold.
#[test]
fn an_mdoc_of_version_3_answers_a_reader_and_the_answer_is_accepted() {
    let with_mdoc = expected().phone.into_iter().filter(|phone| phone.valid.is_some());
    let mut tried = 0;
    for phone in with_mdoc {
        let copy = Copy::of(&phone);
        let session = ["--request", "request", "--transcript", "transcript"];
        let element = ["--element", "full_name_unicode"];
        copy.run(
            &[
                &["phone", "request"][..],
                &element,
                &["-o", "request", "--transcript", "transcript"],
            ]
            .concat(),
        );
        copy.run(
            &[
                &["phone", "present", "image", "--consent", "all", "-o", "response"][..],
                &session,
            ]
            .concat(),
        );
        let day = phone.valid.as_deref().unwrap();
        let verify = ["verify", "response", "--ca", "specimen", "--at", day];
        let verified = copy.run(&[&verify[..], &session].concat()).out();
        assert!(verified.contains("見本　花子"), "{verified}");
        tried += 1;
    }
    assert_eq!(tried, 2);
}
