//! `vmyna native-host` as a browser starts it: installed, found by its manifest, called with the extension's origin, over
//! pipes. What it signs is verified by openssl.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use base64ct::{Base64, Base64Unpadded, Encoding as _};
use common::{Printed, Serve, is_signed, openssl, run_with_input, starting, vmyna, write_public_key};
use serde_json::{Value, json};
use vmyna::CardSource;
use vmyna_apdu::hex;
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::{PhoneKind, Profile, image};

const HOST: &str = "vmyna.native_host.json";

/// An installation in the user data folder of a browser.
struct Installed {
    folder: tempfile::TempDir,
}

impl Installed {
    fn new(card: &str) -> Self {
        let installed = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        installed.install(&["--card", card]).exits_with(0);
        installed
    }

    /// Installs again.
    fn install(&self, arguments: &[&str]) -> Output {
        let place = ["native-host", "install", "--browser", "chromium", "--user-data-dir"];
        vmyna(place).arg(self.folder.path()).args(arguments).output().unwrap()
    }

    fn manifest(&self) -> Value {
        let path = self.folder.path().join("NativeMessagingHosts").join(HOST);
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    }

    /// The host as Chromium starts it.
    fn command(&self) -> Command {
        let manifest = self.manifest();
        let mut command = starting(manifest["path"].as_str().unwrap());
        command.arg(manifest["allowed_origins"][0].as_str().unwrap());
        command
    }

    fn settings(&self) -> Value {
        let path = self.folder.path().join("vmyna-native-host/chromium/settings.json");
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    }

    /// One request and its answer, in a process of their own.
    #[track_caller]
    fn ask(&self, request: &Value) -> Value {
        let output = run_with_input(&mut self.command(), &frame(request.to_string().as_bytes())).exits_with(0);
        let mut answers = answers(&output.stdout);
        assert_eq!(answers.len(), 1, "{answers:?}");
        answers.remove(0)
    }
}

fn frame(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u32).to_ne_bytes(), message].concat()
}

/// The messages that these bytes are made of, and nothing else.
#[track_caller]
fn answers(mut bytes: &[u8]) -> Vec<Value> {
    let mut answers = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk() {
        let (message, rest) = rest.split_at(u32::from_ne_bytes(*head) as usize);
        answers.push(serde_json::from_slice(message).unwrap());
        bytes = rest;
    }
    assert!(bytes.is_empty(), "{bytes:?}");
    answers
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} of {value}"))
}

#[track_caller]
fn fails(answer: &Value, words: &str) {
    assert_eq!(
        (&answer["result"], &answer["errcode"]),
        (&json!("1"), &json!("EW044-C300")),
        "{answer}"
    );
    assert!(text(answer, "message").contains(words), "{answer}");
    assert!(text(answer, "message_ja").ends_with('。'), "{answer}");
}

/// DigestInfo with SHA-256 of the file `text` in this folder, by openssl.
fn digest_info(folder: &Path, content: &str) -> String {
    fs::write(folder.join("text"), content).unwrap();
    openssl(folder, &["dgst", "-sha256", "-binary", "-out", "digest", "text"]);
    let digest = fs::read(folder.join("digest")).unwrap();
    let head = hex::decode("3031300D060960864801650304020105000420").unwrap();
    Base64::encode_string(&[head, digest].concat())
}

/// The combination code of Hanako's card at this installation, by openssl.
fn combination_code(installed: &Installed) -> String {
    let show = vmyna(["show", "specimen:hanako", "--json"])
        .output()
        .unwrap()
        .exits_with(0);
    let shown: Value = serde_json::from_slice(&show.stdout).unwrap();
    let serial = text(&shown["serials"], "card").to_owned();
    let settings = installed.settings();
    let uuid = hex::decode(text(&settings, "uuid")).unwrap();
    let fixed = hex::decode("2E71F6620BC654CED494E5EC34FE03C8").unwrap();
    let folder = installed.folder.path();
    fs::write(folder.join("code"), [&fixed, &serial.as_bytes()[2..15], &uuid].concat()).unwrap();
    let code = openssl(folder, &["dgst", "-sha256", "-r", "code"]);
    code.split(' ').next().unwrap().to_owned()
}

/// Fails unless `certificate.der` is of the issuer whose certificate this file of the card has, by another way than the host's.
#[track_caller]
fn is_issued(folder: &Path, file: &str) {
    let read = vmyna(["files", "specimen:hanako", file, "--object"])
        .output()
        .unwrap()
        .exits_with(0);
    fs::write(folder.join("ca.der"), read.stdout).unwrap();
    openssl(folder, &["x509", "-inform", "DER", "-in", "ca.der", "-out", "ca.pem"]);
    let verify = ["verify", "-no_check_time", "-CAfile", "ca.pem", "certificate.der"];
    assert_eq!(openssl(folder, &verify).trim(), "certificate.der: OK");
}

#[test]
fn mode_01_logs_in_and_openssl_verifies_signature_and_certificate() {
    let installed = Installed::new("specimen:hanako");
    let folder = installed.folder.path();
    let digest = digest_info(folder, "a challenge");
    let answer = installed.ask(&json!({"mode": "01", "service_id": "01", "digest": digest, "pin": "1234"}));
    let fields = ["certificate", "combination_code", "mode", "result", "signature", "uuid"];
    assert_eq!(keys(&answer), fields);
    assert_eq!((&answer["mode"], &answer["result"]), (&json!("01"), &json!("0")));
    assert_eq!(answer["uuid"], installed.settings()["uuid"]);
    assert_eq!(text(&answer, "combination_code"), combination_code(&installed));

    let certificate = Base64Unpadded::decode_vec(text(&answer, "certificate")).unwrap();
    write_public_key(folder, &certificate);
    let signature = Base64::decode_vec(text(&answer, "signature")).unwrap();
    fs::write(folder.join("signature"), signature).unwrap();
    is_signed(folder, "signature");
    is_issued(folder, "jpki/000B");
}

#[test]
fn mode_02_signs_one_digest_or_many() {
    let installed = Installed::new("specimen:hanako");
    let folder = installed.folder.path();
    let texts = ["one", "two", "three"];
    let digests = texts.map(|text| digest_info(folder, text));
    for (digest, texts) in [(json!(digests), &texts[..]), (json!(digests[0]), &texts[..1])] {
        let answer = installed.ask(&json!({"mode": "02", "service_id": "01", "digest": digest, "pin": "abc123"}));
        let fields = ["certificate", "combination_code", "mode", "result", "signature", "uuid"];
        assert_eq!(keys(&answer), fields);
        let certificate = Base64Unpadded::decode_vec(text(&answer, "certificate")).unwrap();
        write_public_key(folder, &certificate);
        let signatures = answer["signature"].as_array().unwrap();
        assert_eq!(signatures.len(), texts.len());
        for (signature, text) in signatures.iter().zip(texts) {
            fs::write(folder.join("text"), text).unwrap();
            let signature = Base64::decode_vec(signature.as_str().unwrap()).unwrap();
            fs::write(folder.join("signature"), signature).unwrap();
            is_signed(folder, "signature");
        }
        is_issued(folder, "jpki/0002");
    }
}

#[test]
fn mode_04_gives_the_four_attributes_as_digits_of_their_bytes() {
    let installed = Installed::new("specimen:hanako");
    let answer = installed.ask(&json!({"mode": "04", "service_id": "01", "pin": "1234"}));
    let fields = [
        "address",
        "birthday",
        "combination_code",
        "mode",
        "name",
        "result",
        "sex",
        "uuid",
    ];
    assert_eq!(keys(&answer), fields);
    let decoded = ["name", "birthday", "sex"].map(|name| {
        let digits = text(&answer, name);
        assert_eq!(digits, digits.to_lowercase());
        String::from_utf8(hex::decode(digits).unwrap()).unwrap()
    });
    assert_eq!(decoded, ["見本　花子", "19891025", "2"]);
    assert_eq!(text(&answer, "combination_code"), combination_code(&installed));
}

/// The image of a phone with Hanako's certificates.
fn phone(folder: &Path, kind: PhoneKind) -> String {
    let card = CardSource::hanako().issued().unwrap();
    let phone = IssuedCard::of_phone(card.name, Profile::phone(kind), card.summary, card.jpki, None);
    let path = folder.join("phone.vmyna");
    let mut file = image::create(&path).unwrap();
    file.add(&phone).unwrap();
    file.finish().unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_phone_logs_in_and_signs_without_a_combination_code() {
    for kind in PhoneKind::ALL {
        let images = tempfile::tempdir().unwrap();
        let installed = Installed::new(&phone(images.path(), kind));
        let folder = installed.folder.path();
        let digest = digest_info(folder, "a challenge");
        for (mode, pin, issuer) in [("01", "1234", "jpki/000B"), ("02", "ABC123", "jpki/0002")] {
            let answer = installed.ask(&json!({"mode": mode, "service_id": "01", "digest": digest, "pin": pin}));
            assert_eq!(keys(&answer), ["certificate", "mode", "result", "signature", "uuid"]);
            let certificate = Base64Unpadded::decode_vec(text(&answer, "certificate")).unwrap();
            write_public_key(folder, &certificate);
            let signature = match mode {
                "01" => text(&answer, "signature"),
                _ => answer["signature"][0].as_str().unwrap(),
            };
            fs::write(folder.join("signature"), Base64::decode_vec(signature).unwrap()).unwrap();
            is_signed(folder, "signature");
            is_issued(folder, issuer);
        }
        // A phone has no input-assist application.
        let answer = installed.ask(&json!({"mode": "04", "service_id": "01", "pin": "1234"}));
        fails(&answer, "lacks the application");
    }
}

#[test]
fn several_requests_are_answered_in_turn_and_mode_05_ends_the_conversation() {
    let installed = Installed::new("specimen:hanako");
    let ask = |mode: &str| json!({"mode": mode, "service_id": "01", "pin": "1234"}).to_string();
    let frames = ["04", "03", "04", "05", "04"].map(|mode| frame(ask(mode).as_bytes()));
    let output = run_with_input(&mut installed.command(), &frames.concat()).exits_with(0);
    let answers = answers(&output.stdout);
    let results: Vec<_> = answers.iter().map(|answer| text(answer, "result")).collect();
    assert_eq!(results, ["0", "1", "0"]);
    fails(&answers[1], "mode");
    let output = run_with_input(&mut installed.command(), b"").exits_with(0);
    assert_eq!((output.out(), output.err()), (String::new(), String::new()));
}

#[test]
fn frames_that_are_none_get_a_failure_and_end_the_conversation() {
    let installed = Installed::new("specimen:hanako");
    let good = frame(br#"{"mode":"04","service_id":"01","pin":"1234"}"#);
    let long = (512 * 1024 + 1_u32).to_ne_bytes();
    for (bytes, words) in [
        (&long[..], "at most"),
        (&u32::MAX.to_ne_bytes()[..], "at most"),
        (&good[..good.len() - 1], "cut off"),
        (&good[..3], "cut off"),
        (&frame(b"{\"mode\":\"\xFF\"}"), "UTF-8"),
    ] {
        let output = run_with_input(&mut installed.command(), bytes).exits_with(1);
        let answers = answers(&output.stdout);
        assert_eq!(answers.len(), 1);
        fails(&answers[0], "can't be read");
        assert!(output.err().contains(words), "{}", output.err());
        assert!(!output.err().contains("1234"));
    }
    // No JSON is a frame all the same: the next one is answered.
    let output = run_with_input(&mut installed.command(), &[frame(b"no JSON"), good].concat()).exits_with(0);
    let answers = answers(&output.stdout);
    fails(&answers[0], "JSON");
    assert_eq!(answers[1]["result"], "0");
}

#[test]
fn a_caller_other_than_the_extension_is_refused() {
    let installed = Installed::new("specimen:hanako");
    let program = installed.manifest()["path"].as_str().unwrap().to_owned();
    let request = frame(br#"{"mode":"04","service_id":"01","pin":"1234"}"#);
    for arguments in [
        &[][..],
        &["chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/"],
        &["http://127.0.0.1:8080/"],
        &["/a/manifest.json", "native-host@vmyna.invalid"],
    ] {
        let output = run_with_input(starting(&program).args(arguments), &request).exits_with(1);
        assert_eq!(output.out(), "");
        assert!(output.err().contains("only the extension"), "{}", output.err());
    }
    let bare = vmyna(["native-host"]).output().unwrap().exits_with(2);
    assert!(bare.err().contains("vmyna native-host install"), "{}", bare.err());
}

/// An issued card, and an installation that names it.
fn issued() -> (Installed, PathBuf) {
    let installed = Installed::new("specimen:hanako");
    let card = installed.folder.path().join("card.vmyna");
    let issue = ["issue", "--random", "--seed", "7", "-o"];
    vmyna(issue).arg(&card).output().unwrap().exits_with(0);
    installed.install(&["--card", card.to_str().unwrap()]).exits_with(0);
    (installed, card)
}

#[test]
fn a_wrong_pin_costs_a_try_of_the_cards_state_and_the_third_blocks() {
    let (installed, card) = issued();
    let ask = |pin: &str| installed.ask(&json!({"mode": "01", "service_id": "01", "digest": "AQ==", "pin": pin}));
    for left in [2, 1, 0] {
        let answer = ask("9999");
        assert_eq!(answer["mode"], "01");
        fails(&answer, &format!("Tries left: {left}."));
        // A value that no card can have costs none.
        fails(&ask("99999"), "No try was used");
    }
    fails(&ask("1234"), "blocked");
    let pins = vmyna(["pin", card.to_str().unwrap(), "--json"])
        .output()
        .unwrap()
        .exits_with(0);
    let pins: Value = serde_json::from_slice(&pins.stdout).unwrap();
    let auth = pins["pins"]
        .as_array()
        .unwrap()
        .iter()
        .find(|pin| pin["ef"] == "0018")
        .unwrap();
    assert_eq!(auth["tries_left"], 0);
}

#[test]
fn a_card_that_another_program_has_in_use_is_a_failure_and_is_answered_when_it_is_free() {
    let (installed, card) = issued();
    let request = json!({"mode": "01", "service_id": "01", "digest": "AQ==", "pin": "1234"});
    let mut other = in_use(&card);
    fails(&installed.ask(&request), "Another program has the card in use");
    drop(other.stdin.take());
    other.wait().unwrap();
    assert_eq!(installed.ask(&request)["result"], "0");
}

/// A process that has the card in use until its standard input ends.
fn in_use(card: &Path) -> Child {
    let mut other = vmyna(["run", "--card"])
        .arg(card)
        .args(["--", "sh", "-c", "echo ready; exec cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = [0; 6];
    other.stdout.as_mut().unwrap().read_exact(&mut ready).unwrap();
    assert_eq!(&ready, b"ready\n");
    other
}

#[test]
fn the_card_in_a_reader_answers_too() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let mut serve = Serve::start(&["--socket", socket.to_str().unwrap(), "--card", "specimen:hanako"]);
    serve.wait_for("PCSCLITE_CSOCK_NAME");
    let installed = Installed::new("specimen:child");
    installed.install(&["--reader", "vmyna"]).exits_with(0);
    let request = frame(br#"{"mode":"04","service_id":"01","pin":"1234"}"#);
    let ask = |socket: &Path| {
        let mut command = installed.command();
        let output = run_with_input(command.env("PCSCLITE_CSOCK_NAME", socket), &request).exits_with(0);
        answers(&output.stdout).remove(0)
    };
    assert_eq!(text(&ask(&socket), "name"), "e8a68be69cace38080e88ab1e5ad90");
    fails(&ask(&folder.path().join("none")), "does not answer");
}

#[test]
fn a_home_folder_gets_the_manifest_of_each_browser_and_loses_it_again() {
    let home = tempfile::tempdir().unwrap();
    let run = |action: &str, browser: &str, more: &[&str]| {
        let mut command = vmyna(["native-host", action, "--browser", browser]);
        let command = command.args(more).env("HOME", home.path());
        command
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_DATA_HOME")
            .output()
            .unwrap()
    };
    for (browser, place) in [
        ("chromium", ".config/chromium/NativeMessagingHosts"),
        ("chrome", ".config/google-chrome/NativeMessagingHosts"),
        ("firefox", ".mozilla/native-messaging-hosts"),
    ] {
        let manifest = home.path().join(place).join(HOST);
        for _ in 0..2 {
            let told = run("install", browser, &["--card", "specimen:hanako"])
                .exits_with(0)
                .out();
            assert!(told.contains(&format!("wrote {}\n", manifest.display())), "{told}");
            assert!(told.contains("at first there are none") && manifest.is_file());
        }
        for expected in ["removed ", "nothing was installed"] {
            let told = run("uninstall", browser, &[]).exits_with(0).out();
            assert!(told.contains(expected) && !manifest.exists(), "{told}");
        }
        fs::create_dir_all(manifest.parent().unwrap()).unwrap();
        fs::write(&manifest, "{\"name\":\"another\"}").unwrap();
        let refused = run("install", browser, &["--card", "specimen:hanako"])
            .exits_with(1)
            .err();
        assert!(refused.contains("manifest of another program"), "{refused}");
        assert_eq!(fs::read_to_string(&manifest).unwrap(), "{\"name\":\"another\"}");
    }
    for (arguments, words) in [
        (&["--card", "no-such-card"][..], "no-such-card"),
        (&[], "--card"),
        (&["--card", "specimen:hanako", "--reader", "x"], "--reader"),
    ] {
        let refused = run("install", "chromium", arguments).exits_with(2).err();
        assert!(refused.contains(words), "{refused}");
    }
    let refused = run(
        "install",
        "firefox",
        &["--card", "specimen:hanako", "--user-data-dir", "x"],
    );
    assert!(refused.exits_with(2).err().contains("Firefox"));
}

#[test]
fn a_folder_without_permission_is_named() {
    // Root may write everywhere: a file in place of the folder fails for every user.
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join(".mozilla"), "a file").unwrap();
    let command = [
        "native-host",
        "install",
        "--browser",
        "firefox",
        "--card",
        "specimen:hanako",
    ];
    let output = vmyna(command)
        .env("HOME", home.path())
        .env_remove("XDG_DATA_HOME")
        .output()
        .unwrap();
    assert_ne!(output.status.code(), Some(0));
    assert!(
        output.err().contains(".mozilla/native-messaging-hosts can't be made"),
        "{}",
        output.err()
    );
}

#[test]
fn the_state_folder_of_the_installation_is_that_of_the_host() {
    let (installed, card) = issued();
    let state = installed.folder.path().join("state");
    fs::create_dir(&state).unwrap();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
    let place = ["native-host", "install", "--browser", "chromium", "--user-data-dir"];
    let mut install = vmyna(place);
    install.arg(installed.folder.path()).arg("--card").arg(&card);
    install.env("VMYNA_STATE", &state).output().unwrap().exits_with(0);
    fails(
        &installed.ask(&json!({"mode": "01", "service_id": "01", "digest": "AQ==", "pin": "9999"})),
        "Tries left: 2.",
    );
    assert!(fs::read_dir(&state).unwrap().count() > 0);
    let mut beside = card.into_os_string();
    beside.push(".state");
    assert!(!Path::new(&beside).exists());
}

#[test]
fn no_pin_and_no_digest_is_in_the_process_list_or_on_standard_error() {
    let installed = Installed::new("specimen:hanako");
    let mut command = installed.command();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let secret = frame(br#"{"mode":"01","service_id":"01","digest":"AQ==","pin":"7391"}"#);
    input.write_all(&secret).unwrap();
    let mut head = [0; 4];
    child.stdout.as_mut().unwrap().read_exact(&mut head).unwrap();
    let arguments = fs::read(format!("/proc/{}/cmdline", child.id())).unwrap();
    assert!(!String::from_utf8_lossy(&arguments).contains("7391"));
    drop(input);
    let output = child.wait_with_output().unwrap().exits_with(0);
    assert!(!output.err().contains("7391") && !output.out().contains("7391"));
}
