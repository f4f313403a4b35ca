//! PINs, the My Number, the residence code and private keys come out only where a person asks for that very thing: every
//! command is run with a card whose secrets occur nowhere else, and all it writes is searched for them in every form.
//!
//! And what holds such things belongs to its owner alone, whatever the umask says.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Instant;

use common::{PATIENCE, Printed, Serve, run_with_input, starting, vmyna};
use rsa::RsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::traits::PrivateKeyParts;
use tempfile::TempDir;
use vmyna_applets::image::Image;
use vmyna_applets::issued::IssuedCard;

/// A fictional person. The birth date makes the birth PIN 020401 and 照合番号B 02040120368035.
const PERSON: &str = r#"
name = "見本　太郎"
address = "東京都千代田区見本町１"
birth = "1990-04-01"
sex = "male"
my-number = "739164825030"
residence-code = "60831572941"
security-code = "8035"

[municipality]
code = "13101"

[card]
issued = "2026-11-01"

[pins]
sign = "QX7ZK93WVB"
auth = "7391"
input-assist = "8264"
residence = "5917"
"#;

const MY_NUMBER: &str = "739164825030";
const RESIDENCE_CODE: &str = "60831572941";
const SIGN: &str = "QX7ZK93WVB";
/// Of the four-digit ones the number before which each is tried, and those that are tried wrongly or set anew.
const FOUR_DIGITS: [&str; 5] = ["7391", "8264", "5917", "4683", "9052"];
const CODE_B: &str = "02040120368035";

/// Something that must not come out.
struct Secret {
    name: String,
    bytes: Vec<u8>,
    /// Too short to be looked for anywhere but between other characters than letters and digits.
    short: bool,
}

impl Secret {
    fn text(value: &str) -> Self {
        Self {
            name: value.to_owned(),
            bytes: value.as_bytes().to_vec(),
            short: value.len() < 6,
        }
    }

    /// Where it stands in what was written: as it is, in hexadecimal, in Base64, as a list of numbers as `Debug` has it.
    fn found_in(&self, written: &[u8]) -> Option<&'static str> {
        let contains = |what: &[u8]| written.windows(what.len()).any(|window| window == what);
        let standing_alone = |what: &[u8]| {
            let other = |at: Option<&u8>| at.is_none_or(|byte| !byte.is_ascii_alphanumeric());
            written.windows(what.len()).enumerate().any(|(at, window)| {
                let (before, after) = (at.checked_sub(1), at + what.len());
                // A time of so many microseconds is no PIN, in a trace or in a report.
                let time = written[after..].starts_with(" µs".as_bytes())
                    || ["\"microseconds\": ", "\"milliseconds\": "]
                        .iter()
                        .any(|key| written[..at].ends_with(key.as_bytes()));
                window == what && !time && other(before.and_then(|at| written.get(at))) && other(written.get(after))
            })
        };
        let upper: String = self.bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        let hexadecimal = [upper.to_lowercase(), upper];
        let numbers: String = self.bytes.iter().map(|byte| format!("{byte},")).collect();
        let list: Vec<u8> = written
            .iter()
            .copied()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect();
        let as_it_is = if self.short {
            standing_alone(&self.bytes)
        } else {
            contains(&self.bytes)
        };
        if as_it_is {
            Some("as it is")
        } else if hexadecimal.iter().any(|hex| contains(hex.as_bytes())) {
            Some("in hexadecimal")
        } else if !self.short && (0..3).any(|shift| contains(base64(&self.bytes, shift).as_bytes())) {
            Some("in Base64")
        } else if list.windows(numbers.len()).any(|window| window == numbers.as_bytes()) {
            Some("as a list of numbers")
        } else {
            None
        }
    }
}

/// The Base64 digits that depend on these bytes alone when so many others stand before them.
fn base64(bytes: &[u8], shift: usize) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u8> = bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1))
        .collect();
    let skipped = [0, 4, 2][shift];
    let digit = |six: &[u8]| DIGITS[six.iter().fold(0, |sum, bit| sum << 1 | usize::from(*bit))] as char;
    bits[skipped..].chunks_exact(6).map(digit).collect()
}

#[test]
fn the_search_finds_a_secret_in_every_form() {
    let secret = Secret::text("QX7ZK93WVB");
    let pin = Secret::text("7391");
    assert_eq!(base64(b"QX7ZK93WVB", 0), "UVg3Wks5M1dWQ");
    for (written, form) in [
        ("pin QX7ZK93WVB!", Some("as it is")),
        ("51 51 5158375a4b393357564200", Some("in hexadecimal")),
        ("5158375A4B3933575642", Some("in hexadecimal")),
        ("eFFYN1pLOTNXVkI=", Some("in Base64")),
        ("UVg3Wks5M1dWQg==", Some("in Base64")),
        (
            "[81, 88, 55, 90,\n 75, 57, 51, 87, 86, 66, ]",
            Some("as a list of numbers"),
        ),
        ("QX7ZK93WV", None),
    ] {
        assert_eq!(secret.found_in(written.as_bytes()), form, "{written}");
    }
    for (written, found) in [
        ("\"7391\"", true),
        ("7391 µs", false),
        ("\"microseconds\": 7391,", false),
        ("\"tries\": 7391,", true),
        ("17391", false),
        ("x37333931", true),
    ] {
        assert_eq!(pin.found_in(written.as_bytes()).is_some(), found, "{written}");
    }
}

/// A folder with the person's card, and what nobody may see of it.
struct Bench {
    folder: TempDir,
    card: IssuedCard,
    pins: Vec<Secret>,
    numbers: Vec<Secret>,
    keys: Vec<Secret>,
    searched: usize,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("taro.toml"), PERSON).unwrap();
        let issued = vmyna(["issue", "taro.toml", "-o", "c", "--seed", "71"])
            .current_dir(&folder)
            .output();
        let issued = issued.unwrap().exits_with(0);
        let image = Image::open(&folder.path().join("c")).unwrap();
        let name = image.names().next().unwrap().parse().unwrap();
        let card = image.card(&name).unwrap();
        let keys = [
            &card.jpki.sign.as_ref().unwrap().key,
            &card.jpki.auth.as_ref().unwrap().key,
            &card.input_assist.as_ref().unwrap().authentication_key,
            &card.input_assist.as_ref().unwrap().session_key,
        ];
        let keys = keys.iter().enumerate().flat_map(|(at, key)| {
            let key = RsaPrivateKey::from_pkcs8_der(key.as_pkcs8_der()).unwrap();
            let parts = [key.d(), &key.primes()[0], &key.primes()[1]].map(|number| number.to_bytes_be());
            // A part of a key is a leak as well: its beginning, and its middle.
            let parts = parts
                .into_iter()
                .flat_map(|part| [part[..16].to_vec(), part[part.len() / 2..][..16].to_vec()]);
            parts.map(move |bytes| Secret {
                name: format!("key {at}"),
                bytes,
                short: false,
            })
        });
        let texts = |values: &[&str]| values.iter().map(|value| Secret::text(value)).collect();
        let mut bench = Self {
            keys: keys.collect(),
            pins: texts(&[&[SIGN, CODE_B, "WRONG7391X"][..], &FOUR_DIGITS].concat()),
            numbers: texts(&[MY_NUMBER, RESIDENCE_CODE]),
            folder,
            card,
            searched: 0,
        };
        bench.is_silent("issue", &[&issued.stdout, &issued.stderr], true);
        bench
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = vmyna(arguments);
        command.current_dir(&self.folder).env("RUST_BACKTRACE", "full");
        command
    }

    /// Runs a command that must keep silent about all secrets; `numbers` says whether about the holder's numbers too.
    #[track_caller]
    fn silent(&mut self, arguments: &[&str], numbers: bool) -> Output {
        self.silent_with(arguments, "", numbers)
    }

    #[track_caller]
    fn silent_with(&mut self, arguments: &[&str], input: &str, numbers: bool) -> Output {
        let output = run_with_input(&mut self.command(arguments), input.as_bytes());
        self.is_silent(&arguments.join(" "), &[&output.stdout, &output.stderr], numbers);
        output
    }

    #[track_caller]
    fn is_silent(&mut self, what: &str, written: &[&[u8]], numbers: bool) {
        let numbers = self.numbers.iter().filter(|_| numbers);
        for secret in self.pins.iter().chain(numbers).chain(&self.keys) {
            for bytes in written {
                if let Some(form) = secret.found_in(bytes) {
                    panic!(
                        "{what} shows {} {form}:\n{}",
                        secret.name,
                        String::from_utf8_lossy(bytes)
                    );
                }
            }
        }
        self.searched += written.iter().map(|bytes| bytes.len()).sum::<usize>();
    }

    fn mode(&self, path: impl AsRef<Path>) -> u32 {
        let metadata = fs::symlink_metadata(self.folder.path().join(path)).unwrap();
        metadata.permissions().mode() & 0o777
    }
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02X}")).collect()
}

/// APDUs that present, change and miss PINs in each application that has them.
fn storm() -> Vec<String> {
    let (sign, auth, text, residence) = (hex(SIGN), hex("7391"), hex("8264"), hex("5917"));
    let (wrong, code_b) = (hex("4683"), hex(CODE_B));
    vec![
        "00A4040C0AD392F000260100000001".into(),
        format!("0020009804{wrong}"),
        format!("0020009804{auth}"),
        format!("0020009B0A{}", hex("WRONG7391X")),
        format!("0020009B0A{sign}"),
        format!("002000980000040000{auth}"),
        format!("0024019804{}", hex("9052")),
        format!("0024019804{auth}"),
        format!("0020019804{auth}"),
        // Malformed, of a class that does not exist, an instruction of other cards.
        format!("0020009805{auth}"),
        format!("A020009804{auth}"),
        format!("002C009804{auth}"),
        format!("0C20009804{auth}"),
        "00B0810000".into(),
        "802A0097033132330000".into(),
        "00A4040C0AD3921000310001010408".into(),
        format!("0020009104{text}"),
        format!("002000950E{code_b}"),
        "00A4040C0AD3921000310001010401".into(),
        format!("0020009C04{residence}"),
        format!("8032009C04{}", hex("9052")),
        format!("8032009C04{residence}"),
        "00A4020C020021".into(),
    ]
}

#[test]
fn no_command_writes_a_pin_the_my_number_or_a_key_unless_it_is_asked_for() {
    let mut bench = Bench::new();
    let apdus = storm();
    let apdus: Vec<&str> = apdus.iter().map(String::as_str).collect();
    let input = apdus.join("\n");
    for form in [&["--plain"][..], &["--why"], &[]] {
        let arguments = [&["apdu", "--card", "c"], form].concat();
        bench.silent(&[&arguments[..], &apdus].concat(), true).exits_with(0);
        bench.silent_with(&arguments, &input, true).exits_with(0);
        // What went in was carried out: PINs were verified and changed.
        let output = bench.silent_with(&arguments, &input, true).exits_with(0);
        assert!(output.out().matches("9000").count() > 10, "{}", output.out());
    }
    // A PIN is shown to whoever asks for it, and so is what the card answers.
    let arguments = [&["apdu", "--card", "c", "--show-secrets"][..], &apdus].concat();
    assert!(bench.command(&arguments).output().unwrap().out().contains(&hex("7391")));
    let read = [
        "00A4040C0AD3921000310001010408",
        &format!("0020009104{}", hex("8264")),
        "00B0810011",
    ];
    let answered = bench
        .command(&[&["apdu", "--plain", "--card", "c"][..], &read].concat())
        .output()
        .unwrap();
    assert!(answered.out().contains(&hex(MY_NUMBER)), "{}", answered.out());

    for arguments in [
        &["pin", "c"][..],
        &["pin", "--json", "c"],
        &["card", "inspect", "c"],
        &["files", "c"],
        &["files", "c", "jpki"],
        &["files", "c", "jpki/0006"],
        &["files", "c", "jpki/001B"],
        &["files", "c", "jpki/001A"],
        &["files", "c", "input_assist/0011"],
        &["files", "c", "input_assist/0013", "--raw"],
        &["demo", "--card", "specimen:hanako"],
        &["readers"],
        &["completions", "bash"],
    ] {
        bench.silent(arguments, true);
    }
    // The holder's numbers are what `show` is for; PINs and keys never.
    for arguments in [&["show", "c"][..], &["show", "--json", "c"]] {
        let shown = bench.silent(arguments, false).exits_with(0);
        assert!(shown.out().contains(&MY_NUMBER[8..]), "{}", shown.out());
    }
    assert!(
        bench
            .command(&["files", "c", "input_assist/0001"])
            .output()
            .unwrap()
            .out()
            .contains(MY_NUMBER)
    );
    bench.silent(&["card", "reset-state", "c"], true).exits_with(0);
    println!("counted: secrets: {} bytes of output searched", bench.searched);
    assert!(bench.searched > 50_000);
}

#[test]
fn what_is_typed_wrongly_is_refused_without_repeating_it() {
    let mut bench = Bench::new();
    let pin = hex("7391");
    for (arguments, input) in [
        (vec!["apdu".to_owned(), format!("0020009804{pin}3")], String::new()),
        (vec!["apdu".to_owned(), format!("0020009804{pin}zz")], String::new()),
        (vec!["apdu".to_owned()], format!("0020009804{pin}3\n")),
        (
            vec!["apdu".to_owned(), "--expect".to_owned(), "6982".to_owned()],
            format!("0020009804{pin}\n"),
        ),
        (
            vec![
                "apdu".to_owned(),
                "--card".to_owned(),
                "none".to_owned(),
                format!("0020009804{pin}"),
            ],
            String::new(),
        ),
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = bench.silent_with(&arguments, &input, true);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{}", output.out());
    }
    // Person files with a fault in each secret.
    let faults = [
        (MY_NUMBER, "739164825038"),
        (RESIDENCE_CODE, "60831572940"),
        ("8035", "80351"),
        ("\"7391\"", "\"73910\""),
        ("\"8264\"", "8264"),
        ("\"5917\"", "\"0401\""),
        (SIGN, "qx7zk93wvb"),
        ("sign = \"QX7ZK93WVB\"", "sign = \"QX7ZK93WVB"),
    ];
    bench.pins.push(Secret::text("73910"));
    bench.pins.push(Secret::text("qx7zk93wvb"));
    bench
        .numbers
        .extend([Secret::text("739164825038"), Secret::text("60831572940")]);
    for (right, wrong) in faults {
        let person = PERSON.replacen(right, wrong, 1);
        assert_ne!(person, PERSON);
        fs::write(bench.folder.path().join("wrong.toml"), person).unwrap();
        bench
            .silent(&["issue", "wrong.toml", "-o", "w", "--seed", "1"], true)
            .exits_with(2);
    }
}

/// APDUs to which the card answers the My Number.
fn reading() -> Vec<String> {
    vec![
        "00A4040C0AD3921000310001010408".into(),
        format!("0020009104{}", hex("8264")),
        "00B0810011".into(),
        "00B0000011".into(),
    ]
}

/// How many answers of [`reading`] a log shows masked.
fn masked_reads(log: &str) -> usize {
    let masked = format!("   {}", "*".repeat(2 * 17));
    log.lines().filter(|line| *line == masked).count()
}

/// Plays vpcd for `vmyna serve`: sends these APDUs after power on, and takes the card out again.
fn converse(listener: &TcpListener, apdus: &[String]) {
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut send = |body: &[u8], answered: bool| {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        stream.write_all(&[&length, body].concat()).unwrap();
        if answered {
            let mut length = [0; 2];
            stream.read_exact(&mut length).unwrap();
            stream
                .read_exact(&mut vec![0; usize::from(u16::from_be_bytes(length))])
                .unwrap();
        }
    };
    send(&[1], false);
    for apdu in apdus {
        let bytes: Vec<u8> = (0..apdu.len() / 2)
            .map(|at| u8::from_str_radix(&apdu[2 * at..2 * at + 2], 16).unwrap())
            .collect();
        send(&bytes, true);
    }
    send(&[0], false);
}

#[test]
fn no_log_of_a_served_card_holds_a_pin_or_what_its_files_hold() {
    let mut bench = Bench::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let vpcd = listener.local_addr().unwrap().to_string();
    let card = bench.folder.path().join("c").display().to_string();
    let mut serve = Serve::start(&["--card", &card, "--vpcd", &vpcd, "-v"]);
    converse(&listener, &[storm(), reading()].concat());
    // Whoever asks the process that has the card learns the tries and no more.
    let asked = bench.silent(&["pin", "c"], true).exits_with(0);
    assert!(asked.out().contains("process"), "{}", asked.out());
    bench.silent(&["apdu", "--card", "c", "00200098"], true).exits_with(1);
    let holder = fs::read(bench.folder.path().join("c.state/taro.redb.holder")).unwrap();
    bench.is_silent("the holder's file", &[&holder], true);
    serve.signal("INT");
    let (_, log) = serve.end();
    assert!(log.contains("VERIFY") && log.contains("**"), "{log}");
    bench.is_silent("serve -v", &[log.as_bytes()], true);
    assert_eq!(masked_reads(&log), 2, "{log}");
    // Who asks for it has it: the card did answer it. The first `serve` may have come back to its listener.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let vpcd = listener.local_addr().unwrap().to_string();
    let mut serve = Serve::start(&["--card", &card, "--vpcd", &vpcd, "-v", "--show-secrets"]);
    converse(&listener, &reading());
    serve.signal("INT");
    let (_, log) = serve.end();
    assert_eq!(log.matches(&hex(MY_NUMBER)).count(), 2, "{log}");
}

#[test]
fn no_log_of_a_program_that_is_run_with_a_card_holds_a_pin_or_what_its_files_hold() {
    let mut bench = Bench::new();
    let vmyna = env!("CARGO_BIN_EXE_vmyna");
    let apdus = [storm()[..6].to_vec(), reading()].concat().join(" ");
    // The second time it is another card, put in meanwhile.
    let program = format!(
        "{vmyna} apdu --reader '#0' {apdus} >/dev/null && {vmyna} reader remove && {vmyna} reader insert c && \
         {vmyna} apdu --reader '#0' {apdus} >/dev/null"
    );
    let run = |bench: &Bench, options: &[&str]| {
        let mut command = bench.command(&["run", "-v", "--card", "c"]);
        command.args(options).args(["--", "sh", "-c", &program]);
        command.output().unwrap().exits_with(0).err()
    };
    let log = run(&bench, &[]);
    bench.is_silent("run -v", &[log.as_bytes()], true);
    assert!(log.contains("VERIFY") && log.contains("-- removed"), "{log}");
    assert_eq!(masked_reads(&log), 4, "{log}");
    // Who asks for it has it, with a trace and without.
    for trace in [&[][..], &["--trace", "t.txt"]] {
        let log = run(&bench, &[&["--show-secrets"], trace].concat());
        assert_eq!(log.matches(&hex(MY_NUMBER)).count(), 4, "{log}");
    }
    // Without either there is nothing in which to show them.
    let refused = bench.silent(&["run", "--show-secrets", "--card", "c", "--", "true"], true);
    assert!(refused.exits_with(2).err().contains("--verbose"));
}

#[test]
fn nothing_that_conformance_writes_holds_a_pin_or_what_secret_files_hold() {
    let mut bench = Bench::new();
    let [auth, sign] = ["auth=7391".to_owned(), format!("sign={SIGN}")];
    let files = ["--junit", "j.xml", "--json", "r.json", "--record", "k.json"];
    let virtual_card = [&["conformance", "--card", "c", "--trace", "v.txt"][..], &files].concat();
    let in_reader = [
        &["run", "--card", "c", "--", env!("CARGO_BIN_EXE_vmyna"), "conformance"][..],
        &["--reader", "#0", "--pin", &auth, "--pin", &sign, "--trace", "r.txt"],
        &files,
    ]
    .concat();
    for (arguments, trace) in [(virtual_card, "v.txt"), (in_reader, "r.txt")] {
        let out = bench.command(&arguments).output().unwrap().exits_with(0);
        bench.is_silent("conformance", &[&out.stdout, &out.stderr], true);
        for file in [trace, "j.xml", "r.json", "k.json"] {
            let written = fs::read(bench.folder.path().join(file)).unwrap();
            bench.is_silent(file, &[&written], true);
        }
        let trace = fs::read_to_string(bench.folder.path().join(trace)).unwrap();
        assert!(trace.contains("VERIFY") && trace.contains("********"), "{trace}");
    }
}

#[test]
fn no_debug_form_shows_a_secret() {
    let mut bench = Bench::new();
    let card = bench.card.clone();
    let applications = card.applications();
    for form in [
        format!("{card:?}"),
        format!("{card:#?}"),
        format!("{applications:?}"),
        format!("{applications:#?}"),
        format!("{:?}", card.summary),
        format!("{:?}", card.jpki),
        format!("{:#?}", card.input_assist),
        format!("{:?}", card.face_info),
        format!("{:?}", card.residence_code),
        format!("{:?}", card.card_info),
    ] {
        assert!(form.len() > 100);
        bench.is_silent("Debug", &[form.as_bytes()], true);
    }
    let defaults = vmyna_issuance::person_file::Defaults::new("taro".parse().unwrap(), card.summary.issued)
        .with_profile(card.profile.clone());
    let order = format!("{defaults:?}");
    bench.is_silent("Debug", &[order.as_bytes()], true);
}

/// Every file and folder below `path`, itself included, with its permissions.
fn permissions(path: &Path) -> Vec<(PathBuf, bool, u32)> {
    let metadata = fs::symlink_metadata(path).unwrap();
    let mut all = vec![(
        path.to_owned(),
        metadata.is_dir(),
        metadata.permissions().mode() & 0o777,
    )];
    if metadata.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            all.extend(permissions(&entry.unwrap().path()));
        }
    }
    all
}

#[test]
fn whatever_holds_a_card_or_a_key_belongs_to_its_owner_alone_also_without_a_umask() {
    let bench = Bench::new();
    let runtime = bench.folder.path().join("run");
    fs::create_dir(&runtime).unwrap();
    fs::set_permissions(&runtime, fs::Permissions::from_mode(0o700)).unwrap();
    let openly = |arguments: &[&str]| {
        let mut command = starting("sh");
        command
            .args(["-c", "umask 000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_vmyna")])
            .args(arguments)
            .current_dir(&bench.folder)
            .env("XDG_RUNTIME_DIR", &runtime);
        command
    };
    for arguments in [
        &["issue", "taro.toml", "-o", "open", "--seed", "1"][..],
        &["issue", "--people", "2", "--key-pool", "1", "--seed", "1", "-o", "town"],
        &["ca", "init", "ca", "--seed", "1"],
        &[
            "apdu",
            "--card",
            "open",
            "00A4040C0AD392F000260100000001",
            "002000980430303030",
        ],
        &["show", "open", "--png", "pictures"],
    ] {
        openly(arguments).output().unwrap().exits_with(0);
    }
    // While it is in use: its holder's file, the sockets and the folder they lie in.
    let mut served = openly(&["serve", "--card", "open", "--socket", "socket"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let end = Instant::now() + PATIENCE;
    while !bench.folder.path().join("socket").exists() || fs::read_dir(&runtime).unwrap().next().is_none() {
        assert!(Instant::now() < end, "the card is not served");
        thread::sleep(std::time::Duration::from_millis(10));
    }
    let made = ["open", "town", "ca", "open.state", "pictures", "run"];
    let all: Vec<_> = made
        .iter()
        .flat_map(|name| permissions(&bench.folder.path().join(name)))
        .collect();
    let socket = bench.mode("socket");
    served.kill().unwrap();
    served.wait().unwrap();
    let mut counted = (0, 0);
    for (path, folder, mode) in &all {
        // The sockets in a folder that nobody else can enter have the mode the system gives them.
        let inside = path.starts_with(&runtime) && !folder;
        let right = if *folder { 0o700 } else { 0o600 };
        assert!(inside || *mode == right, "{}: {mode:o}", path.display());
        if *folder { counted.0 += 1 } else { counted.1 += 1 }
    }
    assert_eq!(socket, 0o600, "{socket:o}");
    println!("{} folders are 0700, {} files 0600 or in one", counted.0, counted.1);
    assert!(counted.0 >= 10 && counted.1 >= 20, "{counted:?}");
}

#[test]
fn a_card_is_served_to_this_machine_alone() {
    // Names and addresses of other machines, also in disguise; 203.0.113.0/24 is for documentation.
    for other in ["203.0.113.1:35963", "[::ffff:203.0.113.1]:35963", "[2001:db8::1]:35963"] {
        let refused = vmyna(["serve", "--vpcd", other]).output().unwrap().exits_with(2).err();
        assert!(refused.contains("not this machine"), "{refused}");
    }
    let there = tempfile::tempdir().unwrap();
    let taken = there.path().join("letter");
    fs::write(&taken, "something else").unwrap();
    let refused = vmyna(["serve", "--socket"]).arg(&taken).output().unwrap();
    assert!(!refused.status.success());
    assert_eq!(
        fs::read(&taken).unwrap(),
        b"something else",
        "what is there is not replaced"
    );
}
