//! The registration file.

use std::fs;
use std::path::Path;

use serde_json::json;
use vmyna_desk::idp::{Clients, Keys, Scope};
use vmyna_desk::jose::{Algorithm, jwks};

use crate::rig::{BANK, Rig, SHOP};

fn entry(lines: &str) -> String {
    format!("[[client]]\nid = \"shop\"\nname = \"The shop\"\nredirect_uris = [\"http://127.0.0.1:3000/cb\"]\n{lines}\n")
}

fn inline() -> String {
    let set = toml::Table::try_from(jwks([SHOP.public()])).unwrap();
    format!("jwks = {}", toml::Value::Table(set))
}

#[test]
fn a_file_registers_with_a_set_a_jwk_or_a_pem_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("key.json"), SHOP.public().to_jwk().to_string()).unwrap();
    fs::write(
        folder.path().join("set.json"),
        jwks([SHOP.public(), BANK.public()]).to_string(),
    )
    .unwrap();
    for key in [inline().as_str(), "key_file = \"key.json\"", "key_file = \"set.json\""] {
        let text = entry(&format!("signing_alg = \"ES256\"\n{key}"));
        let clients = Clients::parse(&text, folder.path()).unwrap_or_else(|errors| panic!("{errors:?}"));
        let shop = clients.find("shop").unwrap();
        assert_eq!((shop.algorithm, shop.name_ja.as_str()), (Algorithm::Es256, "The shop"));
        assert_eq!(shop.scopes, Scope::ALL);
        assert_eq!(matches!(shop.keys, Keys::File(_)), key.starts_with("key_file"));
        assert!(clients.find("Shop").is_none());
    }
}

#[test]
fn faults_are_reported_with_line_and_field() {
    let good = format!("signing_alg = \"ES256\"\n{}", inline());
    let parse = |text: &str| match Clients::parse(text, Path::new("/nonexistent")) {
        Ok(_) => panic!("accepted: {text}"),
        Err(errors) => errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    };
    for (text, expected) in [
        (String::new(), "line 1: client: a file registers 1 to"),
        ("[[client]]\nid = 7\n".to_owned(), "line 2: invalid type"),
        ("[[client]\n".to_owned(), "line 1: "),
        (entry(&format!("colour = 1\n{good}")), "line 5: unknown field `colour`"),
        (
            entry("signing_alg = \"ES256\""),
            "line 1: client[0].jwks: either jwks or key_file",
        ),
        (entry(&format!("{good}\nkey_file = \"x\"")), "either jwks or key_file"),
        (
            entry("signing_alg = \"ES256\"\nkey_file = \"x.pem\""),
            "line 6: client[0].key_file: /nonexistent/x.pem",
        ),
        (
            entry("signing_alg = \"ES256\"\njwks = { keys = [] }"),
            "client[0].jwks: this is no set",
        ),
        (
            entry(&good.replace("ES256\"\n", "none\"\n")),
            "line 5: client[0].signing_alg: the algorithm is",
        ),
        (
            entry(&good.replace("ES256\"\n", "RS256\"\n")),
            "client[0].jwks: there is no key for signing_alg",
        ),
        (
            entry(&good).replace("\"shop\"", "\"sh op\""),
            "line 2: client[0].id: an identifier",
        ),
        (
            entry(&good).replace("The shop", "a\\nb"),
            "line 3: client[0].name: character 2 is U+000A",
        ),
        (
            entry(&good).replace("The shop", &"a".repeat(101)),
            "line 3: client[0].name: a name",
        ),
        (
            entry(&good).replace("The shop", "pohs\u{202E} ehT"),
            "line 3: client[0].name: character 5 is U+202E, which changes the direction",
        ),
        (
            entry(&good).replace("The shop", "The\u{200B} shop"),
            "line 3: client[0].name: character 4 is U+200B, which can't be seen",
        ),
        (
            entry(&good).replace("http://127.0.0.1:3000/cb", "http://evil.example/"),
            "line 4: client[0].redirect_uris[0]: ",
        ),
        (
            entry(&good).replace("\"http://127.0.0.1:3000/cb\"", ""),
            "line 4: client[0].redirect_uris: a relying party",
        ),
        (
            entry(&format!("scopes = [\"openid\", \"email\"]\n{good}")),
            "line 5: client[0].scopes: openid, and",
        ),
        (
            entry(&format!("scopes = [\"name\"]\n{good}")),
            "client[0].scopes: openid, and",
        ),
        (format!("{0}{0}", entry(&good)), "client[1].id: there is another"),
    ] {
        let errors = parse(&text);
        assert!(errors.contains(expected), "{expected:?} not in {errors:?} of\n{text}");
    }
}

#[test]
fn private_keys_are_refused_in_a_registration() {
    let mut key = SHOP.public().to_jwk();
    key["d"] = json!("AAAA");
    let set = toml::Table::try_from(json!({ "keys": [key] })).unwrap();
    let text = entry(&format!("signing_alg = \"ES256\"\njwks = {}", toml::Value::Table(set)));
    assert!(Clients::parse(&text, Path::new(".")).is_err());
}

#[test]
fn a_pem_key_is_used_whatever_its_assertion_calls_it() {
    let folder = tempfile::tempdir().unwrap();
    let (private, public) = (folder.path().join("private.pem"), folder.path().join("public.pem"));
    fs::write(&private, &*SHOP.to_pem().unwrap()).unwrap();
    vmyna_testkit::require_program("openssl", "openssl");
    let made = std::process::Command::new("openssl")
        .args(["pkey", "-pubout", "-in"])
        .arg(&private)
        .arg("-out")
        .arg(&public)
        .status();
    assert!(made.unwrap().success());
    let rig = Rig::with(crate::rig::Options {
        key_file: Some(public),
        ..Default::default()
    });
    assert!(rig.folder().exists());
    // The header of the shop's assertions names `shop-1`, which a PEM file does not.
    assert_eq!(rig.tokens(&crate::rig::Request::new("openid"))["token_type"], "Bearer");
}
