//! The extension's files, which are part of the program, and its names.

use serde_json::{Value, json};

/// The id that browsers of Chromium's family derive from the key in the manifest: the first 32 digits of its SHA-256, with
/// the letters a to p. The private half of the key was thrown away: it would only sign packages for a shop.
pub const ID: &str = "pcionloglbkhkfipjgbhhfcbfofojmam";

/// The origin of the extension, as browsers give it to the host.
pub const ORIGIN: &str = "chrome-extension://pcionloglbkhkfipjgbhhfcbfofojmam/";

/// The id of the extension in Firefox.
pub const FIREFOX_ID: &str = "native-host@vmyna.invalid";

/// The manifest's name in its folder.
pub(super) const MANIFEST: &str = "manifest.json";

/// Each file's path in the folder, and its content.
pub const FILES: [(&str, &str); 13] = [
    (MANIFEST, include_str!("../../extension/manifest.json")),
    (
        "_locales/en/messages.json",
        include_str!("../../extension/_locales/en/messages.json"),
    ),
    (
        "_locales/ja/messages.json",
        include_str!("../../extension/_locales/ja/messages.json"),
    ),
    ("content.js", include_str!("../../extension/content.js")),
    ("origins.js", include_str!("../../extension/origins.js")),
    ("page.js", include_str!("../../extension/page.js")),
    ("pin.html", include_str!("../../extension/pin.html")),
    ("pin.js", include_str!("../../extension/pin.js")),
    ("request.js", include_str!("../../extension/request.js")),
    ("settings.html", include_str!("../../extension/settings.html")),
    ("settings.js", include_str!("../../extension/settings.js")),
    ("style.css", include_str!("../../extension/style.css")),
    ("worker.js", include_str!("../../extension/worker.js")),
];

/// The manifest for Firefox: it names its worker as a script, and its id in words instead of by a key.
pub(super) fn firefox_manifest() -> String {
    let mut manifest: Value = serde_json::from_str(FILES[0].1).unwrap_or_default();
    if let Some(fields) = manifest.as_object_mut() {
        fields.remove("key");
        fields.remove("minimum_chrome_version");
        fields.insert(
            "background".to_owned(),
            json!({ "scripts": ["worker.js"], "type": "module" }),
        );
        let gecko = json!({ "gecko": { "id": FIREFOX_ID, "strict_min_version": "128.0" } });
        fields.insert("browser_specific_settings".to_owned(), gecko);
    }
    format!("{manifest:#}\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use base64ct::{Base64, Encoding as _};
    use sha2::{Digest as _, Sha256};

    use super::*;

    fn file(name: &str) -> &'static str {
        FILES.iter().find(|(of, _)| *of == name).unwrap().1
    }

    fn json(name: &str) -> Value {
        serde_json::from_str(file(name)).unwrap()
    }

    #[test]
    fn the_id_is_that_of_the_key_in_the_manifest() {
        let key = Base64::decode_vec(json(MANIFEST)["key"].as_str().unwrap()).unwrap();
        let letters = |byte: &u8| [byte >> 4, byte & 15].map(|digit| char::from(b'a' + digit));
        let id: String = Sha256::digest(key)[..16].iter().flat_map(letters).collect();
        assert_eq!((ID, ORIGIN), (&*id, &*format!("chrome-extension://{id}/")));
    }

    #[test]
    fn every_file_of_the_folder_is_part_of_the_program() {
        fn names(folder: &Path, at: &Path, into: &mut BTreeSet<String>) {
            for entry in folder.read_dir().unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => names(&path, at, into),
                    false => drop(into.insert(path.strip_prefix(at).unwrap().to_str().unwrap().to_owned())),
                }
            }
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("extension");
        let mut there = BTreeSet::new();
        names(&folder, &folder, &mut there);
        assert_eq!(there, FILES.iter().map(|(name, _)| (*name).to_owned()).collect());
    }

    #[test]
    fn the_manifest_declares_loopback_alone_and_no_content_script() {
        let manifest = json(MANIFEST);
        let hosts: Vec<&str> = manifest["host_permissions"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(hosts, ["http://127.0.0.1/*", "http://localhost/*"]);
        for absent in ["content_scripts", "externally_connectable", "web_accessible_resources"] {
            assert!(manifest[absent].is_null(), "{absent}");
        }
    }

    #[test]
    fn both_languages_have_every_text_and_each_page_is_marked_as_a_specimen() {
        let names = |language| -> BTreeSet<String> {
            let messages = json(&format!("_locales/{language}/messages.json"));
            messages.as_object().unwrap().keys().cloned().collect()
        };
        let (en, ja) = (names("en"), names("ja"));
        assert_eq!(en, ja);
        let mut used = BTreeSet::from(["name".to_owned(), "description".to_owned()]);
        for (name, content) in FILES {
            if name.ends_with(".html") {
                assert!(content.contains("見本 SPECIMEN"), "{name}");
            }
            for mark in ["data-text=\"", "data-title=\""] {
                used.extend(
                    content
                        .split(mark)
                        .skip(1)
                        .map(|rest| rest.split('"').next().unwrap().to_owned()),
                );
            }
        }
        assert!(used.is_subset(&en), "{:?}", used.difference(&en));
        // The scripts name the others.
        let scripts = [file("pin.js"), file("settings.js")].concat();
        for name in en.difference(&used) {
            let name = name.trim_end_matches("Form");
            assert!(scripts.contains(&format!("'{name}'")), "no page uses {name}");
        }
    }
}
