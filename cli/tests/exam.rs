//! `vmyna exam`: programs that accept everything, nothing, or what OpenSSL accepts; a client with planted faults in PIN
//! handling; each way of reporting and of giving a PIN; and nothing is left, whatever ends it.

#![cfg(feature = "authority")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::python::with_pyscard;
use common::{PATIENCE, Printed, signal, vmyna, wait};
use serde_json::Value;
use vmyna_testkit::require_program;

const CLIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/pyscard");
/// Everything is made from the same seed and time.
const SAME: [&str; 4] = ["--seed", "7", "--now", "2026-11-30T00:00:00Z"];

/// An examination in this folder, which has the settings `exam.toml` if there are any.
fn exam(folder: &Path, settings: &str, options: &[&str], program: &[&str]) -> Command {
    if !settings.is_empty() {
        fs::write(folder.join("exam.toml"), settings).unwrap();
    }
    let mut command = vmyna(["exam"]);
    command.current_dir(folder).args(SAME).args(options);
    command.args(["--json", "report.json", "--"]).args(program);
    command
}

/// The verdicts of the last examination in this folder, by the names of the candidates.
fn verdicts(folder: &Path) -> BTreeMap<String, String> {
    let report = report(folder);
    let candidates = report["candidates"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let both = candidates.iter().map(|one| (text(&one["name"]), text(&one["verdict"])));
    both.collect()
}

fn report(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("report.json")).unwrap()).unwrap()
}

#[test]
fn a_program_that_accepts_all_makes_no_check_and_a_seed_repeats_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let options = [
        "--only",
        "^text\\.(name|address)-replaced$",
        "--junit",
        "r.xml",
        "--html",
        "r.html",
    ];
    let run = || {
        let output = exam(folder.path(), "", &options, &["true"])
            .output()
            .unwrap()
            .exits_with(1);
        let mut report = report(folder.path());
        for candidate in report["candidates"].as_array_mut().unwrap() {
            candidate["milliseconds"] = Value::Null;
        }
        (output, report)
    };
    let (output, first) = run();
    let text = output.out();
    assert!(
        text.contains("seed: 7") && text.contains("text.name-replaced (text): accepted"),
        "{text}"
    );
    assert!(
        text.contains("vmyna exam --seed 7 --now 2026-11-30T00:00:00Z"),
        "{text}"
    );
    assert!(output.err().contains("2 findings"));
    for name in ["text.name-replaced", "text.address-replaced"] {
        let all = first["candidates"].as_array().unwrap();
        let one = all.iter().find(|one| one["name"] == name).unwrap();
        assert_eq!(
            [
                &one["group"],
                &one["expected"],
                &one["got"],
                &one["verdict"],
                &one["twin_got"]
            ],
            ["text", "refuse", "accepted", "accepted-wrong", "accepted"]
        );
    }
    let xml = fs::read_to_string(folder.path().join("r.xml")).unwrap();
    assert!(
        xml.contains("failures=\"2\"") && xml.contains("classname=\"exam.text\""),
        "{xml}"
    );
    let page = fs::read_to_string(folder.path().join("r.html")).unwrap();
    assert!(page.contains("text.name-replaced") && page.contains("誤ったものを受理した"));
    assert_eq!(run().1, first);
}

#[test]
fn a_program_that_refuses_all_is_not_examinable_and_not_failed() {
    let folder = tempfile::tempdir().unwrap();
    let output = exam(folder.path(), "", &["--only", "^text\\.name"], &["false"])
        .output()
        .unwrap();
    let output = output.exits_with(2);
    assert!(
        output.out().contains("! Not examinable: fixed anchors."),
        "{}",
        output.out()
    );
    assert!(output.out().contains("$VMYNA_EXAM_TRUST"));
    let report = report(folder.path());
    assert_eq!(
        (&report["examinable"], &report["counts"]["findings"]),
        (&Value::Bool(false), &Value::from(0))
    );
    assert!(verdicts(folder.path()).values().all(|verdict| verdict != "passed"));
}

#[test]
fn what_is_called_wrongly_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (settings, program, part) in [
        ("", "./no-such-program", "./no-such-program can't be run"),
        ("", "true {pim}", "there is no placeholder {pim}"),
        (
            "claims = [\"text\"]\n\n[program]\nlimits = 5\n",
            "true",
            "exam.toml: line 4: unknown field `limits`",
        ),
        (
            "[patterns]\nnotice = '['\n",
            "true",
            "exam.toml: line 2: is no regular expression",
        ),
        ("[give]\nlines = [\"{pim}\"]\n", "true", "there is no placeholder {pim}"),
    ] {
        let _ = fs::remove_file(folder.path().join("exam.toml"));
        let program: Vec<&str> = program.split(' ').collect();
        let output = exam(folder.path(), settings, &["--only", "none"], &program)
            .output()
            .unwrap();
        let output = output.exits_with(2);
        assert!(output.err().contains(part), "{}", output.err());
    }
}

/// OpenSSL verifies the signature of a challenge and the chain, and looks at neither usage nor policy.
#[test]
fn openssl_makes_the_checks_that_its_options_state() {
    require_program("openssl", "openssl");
    let folder = tempfile::tempdir().unwrap();
    let script = "cd \"$TMPDIR\" && cat \"$VMYNA_EXAM_TRUST\"/*-ca-*.pem > cas.pem \
        && openssl x509 -inform DER -in \"$1\" -out leaf.pem && openssl x509 -in leaf.pem -pubkey -noout > key.pem \
        && openssl dgst -sha256 -verify key.pem -signature \"$3\" \"$2\" \
        && openssl verify -attime \"$(date -d \"$VMYNA_EXAM_TIME\" +%s)\" -CAfile cas.pem leaf.pem";
    fs::write(folder.path().join("verify.sh"), script).unwrap();
    let expected = [
        ("foreign-authority", "passed"),
        ("ended", "passed"),
        ("unknown-critical", "passed"),
        ("short-fill", "passed"),
        ("policy-other", "accepted-wrong"),
        ("key-usage", "accepted-wrong"),
    ];
    let names: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
    let only = format!("^log-in\\.({})$", names.join("|"));
    let program = ["sh", "verify.sh", "{certificate}", "{challenge}", "{signature}"];
    let output = exam(folder.path(), "", &["--only", &only], &program)
        .output()
        .unwrap()
        .exits_with(1);
    let verdicts = verdicts(folder.path());
    assert_eq!(verdicts["good.card"], "passed", "{}", output.out());
    for (name, verdict) in expected {
        assert_eq!(verdicts[&format!("log-in.{name}")], verdict, "{name}: {}", output.out());
    }
}

fn client(folder: &Path, settings: &str, only: &str, words: &[&str]) -> BTreeMap<String, String> {
    let python = with_pyscard();
    let script = format!("{CLIENTS}/pin_handling.py");
    let program = [&[python.to_str().unwrap(), &script], words].concat();
    exam(folder, settings, &["--only", only], &program).output().unwrap();
    let all = verdicts(folder);
    assert_eq!(all["good.card"], "passed", "{all:?}");
    all
}

/// The tries are shown; a run signs once.
const CAREFUL: &str = "claims = ['pins']\nsignatures = 1\n[patterns]\ntries = '(?<tries>\\d) tries left'\n";

#[test]
fn each_planted_fault_of_a_client_is_found_and_the_careful_client_passes() {
    let folder = tempfile::tempdir().unwrap();
    let findings = |all: &BTreeMap<String, String>| -> Vec<String> {
        let bad = |verdict: &str| !matches!(verdict, "passed" | "not-judged");
        all.iter()
            .filter(|(_, verdict)| bad(verdict))
            .map(|(name, _)| name.clone())
            .collect()
    };
    let all = client(folder.path(), CAREFUL, "^pins", &["{pin}"]);
    assert_eq!(findings(&all), Vec::<String>::new(), "{all:?}");
    for name in [
        "pins.two-tries-left",
        "pins.last-try",
        "pins.wrong-auth-pin",
        "pins.wrong-auth-pin-shown",
        "pins.kept-secret",
        "pins.session-left",
        "pins.signatures-counted",
        "pins.signature-by-another-key",
        "pins.letters-for-digits",
        "pins.other-program-before-signature",
    ] {
        assert_eq!(all[name], "passed", "{name}");
    }
    // Each fault is found by candidates of its own, so that several are planted at once.
    for (faults, found) in [
        (
            &["no-counter", "prints", "keeps", "letters"][..],
            &[
                "pins.kept-secret",
                "pins.last-try",
                "pins.letters-for-digits",
                "pins.refused-kept-secret",
                "pins.session-left",
                "pins.two-tries-left",
            ][..],
        ),
        (
            &["retries", "alone", "believes"],
            &[
                "pins.other-program-before-signature",
                "pins.signature-by-another-key",
                "pins.signature-cut",
                "pins.signature-empty",
                "pins.signature-memory-failure",
                "pins.signature-unknown-failure",
                "pins.wrong-auth-pin",
                "pins.wrong-auth-pin-shown",
            ],
        ),
    ] {
        let all = client(folder.path(), CAREFUL, "^pins", &[&["{pin}"][..], faults].concat());
        assert_eq!(findings(&all), found, "{faults:?}");
    }
}

#[test]
fn a_pin_is_given_in_each_way_and_a_verdict_read_in_each() {
    let folder = tempfile::tempdir().unwrap();
    let python = with_pyscard().display().to_string();
    let script = format!("{CLIENTS}/pin_handling.py");
    let wrapped = |body: &str| {
        fs::write(
            folder.path().join("client.sh"),
            body.replace("CLIENT", &format!("{python} {script}")),
        )
    };
    for (settings, body) in [
        (
            "[give]\nprompts = [{ pattern = 'PIN: $', line = '{pin}' }]\n[exit-status]\naccepted = [3]\nrefused = [4]\n",
            "CLIENT - && exit 3 || exit 4",
        ),
        (
            "[give]\nlines = ['{pin}']\n[output]\nstream = 'stdout'\naccepted = '(?m)^VALID'\nrefused = 'INVALID'\n",
            "CLIENT - > \"$TMPDIR/out\" && echo VALID || echo INVALID",
        ),
        (
            "[give.environment]\nCARD = 'x{pin}'\n[file]\npath = '{folder}/result'\naccepted = '^yes'\n",
            "CLIENT \"${CARD#x}\" && echo yes > \"$TMPDIR/result\"; exit 0",
        ),
    ] {
        wrapped(body).unwrap();
        let settings = format!("claims = ['pins']\n{settings}");
        let program = ["sh", "client.sh"];
        let only = "^pins\\.(genuine|signature-empty)$";
        exam(folder.path(), &settings, &["--only", only], &program)
            .output()
            .unwrap();
        let all = verdicts(folder.path());
        for name in ["good.card", "pins.genuine", "pins.signature-empty"] {
            assert_eq!(all[name], "passed", "{settings}: {all:?}");
        }
    }
}

#[test]
fn ctrl_c_leaves_no_process_socket_or_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (temporary, runtime) = (folder.path().join("tmp"), folder.path().join("run"));
    for made in [&temporary, &runtime] {
        fs::create_dir(made).unwrap();
        fs::set_permissions(made, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    }
    let script = "echo $$ > \"$0/pid\"; exec sleep 600";
    let own = folder.path().to_str().unwrap();
    let mut command = exam(
        folder.path(),
        "",
        &["--jobs", "1", "--limit", "900"],
        &["sh", "-c", script, own],
    );
    command.env("TMPDIR", &temporary).env("XDG_RUNTIME_DIR", &runtime);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let file = folder.path().join("pid");
    let end = Instant::now() + PATIENCE;
    let pid = loop {
        let pid = fs::read_to_string(&file).unwrap_or_default();
        if pid.ends_with('\n') {
            break pid.trim().to_owned();
        }
        assert!(Instant::now() < end, "the program was not started");
        std::thread::sleep(Duration::from_millis(20));
    };
    signal(child.id(), "INT");
    assert_eq!(wait(&mut child).code(), Some(130));
    for left in [&temporary, &runtime] {
        let names: Vec<_> = fs::read_dir(left).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(names.is_empty(), "{names:?}");
    }
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    assert!(stat.is_empty() || stat.contains(") Z "), "{stat}");
}

/// Authorities of another address: the port of the responder is in use.
#[test]
fn a_responder_address_in_use_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
    let ca = vmyna(["ca", "init", "ca", "--seed", "5", "--url", &format!("http://{address}")])
        .current_dir(folder.path())
        .output()
        .unwrap();
    ca.exits_with(0);
    let claims = "claims = ['log-in', 'revocation-ocsp']\n";
    let options = ["--ca", "ca", "--only", "^log-in\\.genuine$"];
    let output = exam(folder.path(), claims, &options, &["true"])
        .output()
        .unwrap()
        .exits_with(2);
    assert!(
        output.err().contains(&address) && output.err().contains("--ca"),
        "{}",
        output.err()
    );
    // A program can ask without a claim.
    let output = exam(folder.path(), "claims = ['log-in']\n", &options, &["true"])
        .output()
        .unwrap()
        .exits_with(2);
    assert!(output.err().contains(&address), "{}", output.err());
}

#[test]
fn candidates_are_written_with_a_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = vmyna(["exam", "--out", "all", "--only", "^(good\\.card|text\\.name-replaced)$"]);
    command.current_dir(folder.path()).args(SAME);
    command.output().unwrap().exits_with(0);
    let all = folder.path().join("all");
    let manifest: Value = serde_json::from_slice(&fs::read(all.join("manifest.json")).unwrap()).unwrap();
    let candidates = manifest["candidates"].as_array().unwrap();
    assert_eq!(candidates.len(), 2);
    for candidate in candidates {
        let own = all.join("candidates").join(candidate["name"].as_str().unwrap());
        let files = candidate["files"].as_array().unwrap();
        assert!(files.iter().any(|file| file == "text-0002"), "{candidate}");
        for file in files {
            assert!(own.join(file.as_str().unwrap()).metadata().unwrap().len() > 0);
        }
    }
    let text = |name: &str| fs::read(all.join("candidates").join(name).join("text-0002")).unwrap();
    assert_ne!(text("good.card"), text("text.name-replaced"));
    assert!(all.join("trust").read_dir().unwrap().count() > 8);
    let mut again = vmyna(["exam", "--out", "all"]);
    again.current_dir(folder.path()).output().unwrap().exits_with(2);
}
