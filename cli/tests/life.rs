//! `vmyna life`: stories that are played, stopped, killed and gone on with, and what other programs make of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::{Printed, vmyna};
use vmyna::CardSource;
use vmyna::authority::register::sqlite::SqliteRegister;
use vmyna::authority::register::{CardId, Register as _};
use vmyna_testkit::{client, killed_at, require_program};

/// A story with every kind of event.
const STORY: &str = r#"
version = 1
seed = 9
begin = 2026-11-02
key-pool = 1

[people.aya]
name = "見本　あや"
kana = "ミホン　アヤ"
address = "東京都千代田区見本町一丁目２番３号"
birth = 2012-04-10
sex = "female"
municipality = { code = "13101" }

[people.ren]
invented = true

[[events]]
on = 2027-01-10
who = "ren"
what = "born"

[[events]]
on = 2027-04-12
who = "aya"
what = "15"

[[events]]
on = 2027-09-01
who = "aya"
what = "moved"
out = 2027-08-30
address = "大阪府大阪市北区見本町１"
municipality = "27127"

[[events]]
on = 2028-03-01
who = "aya"
what = "lost"

[[events]]
on = 2028-03-04
who = "aya"
what = "found"

[[events]]
on = 2028-06-01
who = "aya"
what = "phone"
kind = "android"

[[events]]
on = 2028-07-01
who = "aya"
what = "phone-lost"

[[events]]
on = 2028-07-10
who = "aya"
what = "phone"

[[events]]
on = 2029-01-15
who = "ren"
what = "moved"
address = "東京都千代田区見本町９"

[[events]]
on = 2030-03-03
who = "aya"
what = "phone-removed"

[[events]]
on = 2031-03-01
who = "aya"
what = "renewed"

[[events]]
on = 2031-06-01
who = "aya"
what = "married"
name = "架空　あや"
kana = "カクウ　アヤ"

[[events]]
on = 2031-07-01
who = "aya"
what = "lost"

[[events]]
on = 2031-07-20
who = "aya"
what = "replaced"

[[events]]
on = 2031-12-20
who = "ren"
what = "renewed"

[[events]]
on = 2032-05-05
who = "aya"
what = "died"
"#;

/// A folder with a story.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(story: &str) -> Self {
        // In memory where there is such a place: a story writes each event to stable storage.
        let memory = Path::new("/dev/shm");
        let folder = match memory.is_dir() {
            true => tempfile::tempdir_in(memory),
            false => tempfile::tempdir(),
        };
        let folder = folder.unwrap();
        fs::write(folder.path().join("story.toml"), story).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn life(&self, folder: &str, options: &[&str]) -> Command {
        let mut command = vmyna(["life", "story.toml", "-o", folder]);
        command.args(options).current_dir(&self.folder);
        command
    }

    #[track_caller]
    fn play(&self, folder: &str, options: &[&str], status: i32) -> String {
        let output = self.life(folder, options).output().unwrap().exits_with(status);
        output.out() + &output.err()
    }

    /// Everything that a story has left: files, cards with their states, and the register.
    fn left(&self, folder: &str) -> BTreeMap<String, String> {
        let folder = self.path(folder);
        let mut left = BTreeMap::new();
        for name in files(&folder) {
            let shown = name.to_str().unwrap().to_owned();
            // The register is a database, and so is each state: they are compared by what they hold.
            let database = shown.contains(".sqlite") || shown.contains(".redb");
            if !database {
                let bytes = fs::read(folder.join(&name)).unwrap();
                left.insert(shown.clone(), digest(&bytes));
            }
            assert!(!shown.ends_with(".pending"), "{shown}");
        }
        let register = SqliteRegister::open(&folder.join("ca/register.sqlite")).unwrap();
        assert_eq!(register.intents().unwrap(), []);
        let mut entries = Vec::new();
        let each = &mut |entry| {
            entries.push(format!("{entry:?}"));
            true
        };
        register.entries(None, each).unwrap();
        for (at, entry) in entries.into_iter().enumerate() {
            left.insert(format!("register {at:04}"), entry);
        }
        let mut images: Vec<PathBuf> = Vec::new();
        for kind in ["cards", "phones"] {
            let all = fs::read_dir(folder.join(kind))
                .unwrap()
                .map(|entry| entry.unwrap().path());
            images.extend(all.filter(|path| path.extension().is_some_and(|end| end == "vmyna")));
        }
        for image in images {
            let source = CardSource::Image(image.clone(), None);
            let (issued, place) = source.find().unwrap();
            let place = place.unwrap();
            let status = register.card_status(CardId::of(&issued)).unwrap();
            let now = place.current(issued).unwrap().to_record().unwrap();
            let tries = format!("{:?}", place.tries().unwrap()).replace(self.folder.path().to_str().unwrap(), "");
            let state = format!(
                "{status:?} {:?} {} {}",
                place.last_operation().unwrap(),
                digest(&now),
                tries.split("source").next().unwrap()
            );
            left.insert(
                format!("state of {}", image.file_name().unwrap().to_str().unwrap()),
                state,
            );
        }
        left
    }
}

fn digest(bytes: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    format!("{} {:x}", bytes.len(), Sha256::digest(bytes))
}

/// The names of all files in a folder, below it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut ahead) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = ahead.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let hidden = path.file_name().unwrap().to_str().unwrap().starts_with(".vmyna-");
            match path.is_dir() {
                // What a killed process has left under a hidden name is removed by the next that makes one there.
                _ if hidden => {}
                true => ahead.push(path),
                false => found.push(path.strip_prefix(folder).unwrap().to_owned()),
            }
        }
    }
    found.sort();
    found
}

/// Plays on, and kills the process with its n-th system call of these. Returns whether there was one.
fn killed(bench: &Bench, folder: &str, calls: &str, number: u32) -> bool {
    let output = killed_at(&bench.life(folder, &[]), calls, number);
    if !output.status.success() {
        assert_eq!(output.err(), "", "it failed by itself");
    }
    !output.status.success()
}

#[test]
fn a_story_killed_at_writes_and_run_again_ends_in_the_same_state() {
    require_program("strace", "strace");
    let bench = Bench::new(STORY);
    bench.play("whole", &["--check"], 0);
    let whole = bench.left("whole");
    assert!(whole.len() > 40, "{}", whole.len());
    // Each run gets a little further, and is killed at another kind of call. Images and folders get their names at the
    // beginning only: where no such call is left, the story would be played to its end.
    let kinds = ["fsync,fdatasync", "unlink,unlinkat,ftruncate", "pwrite64,write"];
    let mut kills = 0;
    for round in 0_u32.. {
        let (kind, number) = match (round, kinds[round as usize % kinds.len()]) {
            (0 | 2 | 4, _) => ("rename,renameat,renameat2,linkat", 1 + round / 2),
            (_, kind @ "pwrite64,write") => (kind, 25 + 7 * (round % 11)),
            (_, kind @ "fsync,fdatasync") => (kind, 2 + round % 9),
            (_, kind) => (kind, 1 + round % 4),
        };
        if killed(&bench, "killed", kind, number) {
            kills += 1;
        } else if bench
            .life("killed", &[])
            .output()
            .unwrap()
            .out()
            .contains("Played 0 of")
        {
            break;
        }
        assert!(kills < 300, "it gets no further");
    }
    let killed = bench.left("killed");
    for (name, value) in &whole {
        assert_eq!(Some(value), killed.get(name), "{name}");
    }
    assert_eq!(whole.len(), killed.len());
    println!(
        "counted: story: {kills} kills, and {} files, entries and states as without",
        whole.len()
    );
    assert!(kills > 20, "{kills}");
}

#[test]
fn a_story_that_was_stopped_goes_on_and_another_one_is_refused() {
    let bench = Bench::new(STORY);
    let first = bench.play("life", &["--until", "2027-12-31"], 0);
    assert!(first.contains("The next event is 2028-03-01 aya lost"), "{first}");
    let again = bench.play("life", &["--until", "2027-12-31"], 0);
    assert!(again.contains("Played 0 of"), "{again}");
    let other = bench.play("life", &["--seed", "10"], 2);
    assert!(other.contains("seed = 9, and not seed = 10"), "{other}");
    fs::write(
        bench.path("story.toml"),
        STORY.replace("見本町一丁目２番３号", "見本町一丁目２番４号"),
    )
    .unwrap();
    let other = bench.play("life", &[], 2);
    assert!(other.contains("another story was played here"), "{other}");
    fs::write(bench.path("story.toml"), STORY).unwrap();
    let last = bench.play("life", &[], 0);
    assert!(last.contains("The story is at its end"), "{last}");
    bench.play("whole", &[], 0);
    assert_eq!(bench.left("life"), bench.left("whole"));
    // A check of what was played already is one of now, and changes nothing.
    for options in [
        &["--check"][..],
        &["--check", "--until", "2027-12-31"],
        &["--check", "--until", "2060-01-01"],
    ] {
        let checked = bench.play("life", options, 0);
        assert!(checked.contains("until 2032-05-05: 1 people"), "{checked}");
        assert!(checked.contains("every service agrees"), "{checked}");
    }
    assert_eq!(bench.left("life"), bench.left("whole"));
    let pins = STORY.replacen("[people.aya]\n", "[people.aya]\npins = { auth = \"9999\" }\n", 1);
    assert_ne!(pins, STORY);
    fs::write(bench.path("story.toml"), pins).unwrap();
    let other = bench.play("life", &[], 2);
    assert!(other.contains("aya born is not what was played"), "{other}");
}

/// `vmyna ca serve` over a story's authorities, until it is dropped.
struct Served {
    child: std::process::Child,
    port: u16,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    fn at(bench: &Bench, now: &str) -> Self {
        let mut serve = vmyna(["ca", "serve", "life/ca", "--listen", "localhost:0", "--now", now]);
        let mut child = serve
            .current_dir(&bench.folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let address = line.split_whitespace().find(|word| word.starts_with("http://"));
        let port = address.unwrap_or_else(|| panic!("{line}")).trim_end_matches('/');
        let port = port.rsplit(':').next().unwrap().parse().unwrap();
        Self { child, port }
    }

    fn get(&self, path: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\r\n",
            self.port
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let body = answer.windows(4).position(|part| part == b"\r\n\r\n").unwrap() + 4;
        answer.split_off(body)
    }
}

/// The answers of `openssl` about a certificate on a day, by OCSP and by the revocation list: two words.
fn openssl(bench: &Bench, now: &str, kind: &str, certificate: &str) -> (String, bool) {
    let served = Served::at(bench, now);
    let run = |arguments: &[&str]| {
        let mut openssl = client("openssl", "openssl");
        openssl.args(arguments).current_dir(&bench.folder).output().unwrap()
    };
    let seconds = now
        .parse::<vmyna::issuance::DateTime>()
        .unwrap()
        .unix_duration()
        .as_secs()
        .to_string();
    let url = format!("http://localhost:{}/ocsp/{kind}-ca", served.port);
    // The newest key of the authority has issued the certificate.
    fs::write(bench.path("issuer.pem"), served.get(&format!("/ca/{kind}-ca.pem"))).unwrap();
    let ocsp = run(&[
        "ocsp",
        "-CAfile",
        "issuer.pem",
        "-issuer",
        "issuer.pem",
        "-cert",
        certificate,
        "-url",
        &url,
        "-attime",
        &seconds,
        "-no_nonce",
        "-validity_period",
        "3600",
    ]);
    let said = ocsp.out() + &ocsp.err();
    assert!(said.contains("Response verify OK"), "{said}");
    let state = ["good", "revoked"]
        .into_iter()
        .find(|state| said.contains(state))
        .unwrap_or_else(|| panic!("{said}"));
    let reason = said
        .lines()
        .find_map(|line| line.trim().strip_prefix("Reason: "))
        .unwrap_or_default();
    fs::write(bench.path("list.der"), served.get(&format!("/crl/{kind}-ca.crl"))).unwrap();
    run(&["crl", "-inform", "DER", "-in", "list.der", "-out", "list.pem"]).exits_with(0);
    let verify = run(&[
        "verify",
        "-CAfile",
        "issuer.pem",
        "-crl_check",
        "-CRLfile",
        "list.pem",
        "-attime",
        &seconds,
        certificate,
    ]);
    let revoked = verify.err().contains("error 23");
    assert!(verify.status.success() || revoked, "{}", verify.err());
    (format!("{state} {reason}").trim().to_owned(), verify.status.success())
}

#[test]
fn openssl_agrees_before_and_after_an_event() {
    require_program("openssl", "openssl");
    let bench = Bench::new(STORY);
    bench.play("life", &["--until", "2031-06-30"], 0);
    let certificate = |file: &str, name: &str| {
        let mut files = vmyna(["files", "life/cards/aya-2.vmyna", file, "--object"]);
        let der = files.current_dir(&bench.folder).output().unwrap().exits_with(0);
        fs::write(bench.path("certificate.der"), der.stdout).unwrap();
        let mut openssl = client("openssl", "openssl");
        openssl.args(["x509", "-inform", "DER", "-in", "certificate.der", "-out", name]);
        openssl.current_dir(&bench.folder).output().unwrap().exits_with(0);
    };
    certificate("jpki/0001", "sign.pem");
    certificate("jpki/000A", "auth.pem");
    let day = "2031-06-30T03:00:00Z";
    for (kind, name) in [("sign", "sign.pem"), ("auth", "auth.pem")] {
        assert_eq!(openssl(&bench, day, kind, name), ("good".to_owned(), true), "{name}");
    }
    // The card is lost on the next day, and stays so.
    bench.play("life", &["--until", "2031-07-10"], 0);
    let day = "2031-07-10T03:00:00Z";
    for (kind, name) in [("sign", "sign.pem"), ("auth", "auth.pem")] {
        assert_eq!(
            openssl(&bench, day, kind, name),
            ("revoked certificateHold".to_owned(), false),
            "{name}"
        );
    }
}
