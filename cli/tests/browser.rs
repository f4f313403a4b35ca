//! The pages of vmyna in Debian's chromium: each test runs one script of `tests/browser` with Node.js.
//!
//! `tests/browser/lib.mjs` begins with how a script is written. Nothing is installed into the source tree: playwright-core and
//! axe-core go to cargo's directory for tests' files, at the versions of the lock file beside the scripts. Must never skip a
//! script: the test fails and names what to install.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Condvar, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use common::{opensc_module, starting};
use vmyna_testkit::{install_packages, require_library, require_program};

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser");

/// A script that works takes seconds.
const LIMIT: Duration = Duration::from_secs(300);

/// Browsers at the same time: more make each other slow.
const BROWSERS: usize = 2;

/// One of [`BROWSERS`] turns, given back when it is dropped.
struct Turn;

static RUNNING: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());

impl Turn {
    fn take() -> Self {
        let mut running = RUNNING.0.lock().unwrap();
        while *running >= BROWSERS {
            running = RUNNING.1.wait(running).unwrap();
        }
        *running += 1;
        Self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *RUNNING.0.lock().unwrap() -= 1;
        RUNNING.1.notify_one();
    }
}

/// Runs the script `NAME.mjs` and fails with all it has printed unless it succeeds.
#[track_caller]
fn script(name: &str) {
    script_with(name, &[]);
}

/// The same with more variables in its environment.
#[track_caller]
fn script_with(name: &str, environment: &[(&str, &str)]) {
    let _turn = Turn::take();
    let mut command = starting(require_program("node", "nodejs"));
    let mut child = command
        .arg(scripts().join(format!("{name}.mjs")))
        .env("VMYNA", env!("CARGO_BIN_EXE_vmyna"))
        .env("CHROMIUM", require_program("chromium", "chromium"))
        .env("VMYNA_BROWSER_TEST", "1")
        .envs(environment.iter().copied())
        // The script ends when this end is closed.
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let printed = [reader(child.stdout.take()), reader(child.stderr.take())];
    let end = Instant::now() + LIMIT;
    let mut status = child.try_wait().unwrap();
    while status.is_none() && Instant::now() < end {
        thread::sleep(Duration::from_millis(10));
        status = child.try_wait().unwrap();
    }
    let in_time = status.is_some();
    if !in_time {
        // It stops its browser and servers itself when its standard input ends.
        drop(child.stdin.take());
        let _ = common::wait(&mut child);
    }
    let [out, err] = printed.map(|thread| thread.join().unwrap());
    let succeeded = in_time && status.is_some_and(|status| status.success());
    assert!(
        succeeded,
        "{name}.mjs: {status:?}, ended within {LIMIT:?}: {in_time}\n{out}{err}"
    );
    print!("{out}");
}

/// Reads to the end, so that no pipe becomes full.
fn reader(from: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = Vec::new();
        let _ = from.unwrap().read_to_end(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    })
}

/// The directory with the scripts beside their packages, made once a run of the tests.
fn scripts() -> &'static Path {
    static READY: OnceLock<PathBuf> = OnceLock::new();
    READY.get_or_init(|| {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
        install_packages(Path::new(SCRIPTS), &directory, &[]).unwrap();
        for file in fs::read_dir(SCRIPTS).unwrap() {
            let file = file.unwrap();
            if file.path().extension().is_some_and(|extension| extension == "mjs") {
                fs::copy(file.path(), directory.join(file.file_name())).unwrap();
            }
        }
        directory
    })
}

#[test]
fn the_rig_notices_errors_violations_other_hosts_and_findings_of_axe() {
    script("rig");
}

#[test]
fn the_modules_of_the_pages_fit_their_types() {
    let desk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../desk");
    let modules = [
        "assets/desk/main.js",
        "extension/worker.js",
        "extension/pin.js",
        "extension/settings.js",
        "extension/content.js",
    ]
    .map(|name| desk.join(name).to_str().unwrap().to_owned());
    script_with("types", &[("PAGES", &modules.join("\n")), ("TYPES", "chrome")]);
}

#[test]
fn pages_use_the_card_through_the_extension() {
    script("extension");
}

#[test]
fn the_extension_takes_published_requests_of_plain_origins() {
    let extension = concat!(env!("CARGO_MANIFEST_DIR"), "/../desk/extension");
    script_with("extension-forms", &[("EXTENSION", extension)]);
}

#[test]
fn the_extension_is_inactive_elsewhere_and_uses_a_reader_of_the_desk() {
    script("extension-places");
}

#[test]
fn pages_use_the_card_through_the_extension_in_firefox() {
    let firefox = require_program("firefox-esr", "firefox-esr");
    script_with("extension-firefox", &[("FIREFOX", firefox.to_str().unwrap())]);
}

/// What a script with a screen of its own needs.
const SCREEN: [(&str, &str); 3] = [("Xvfb", "xvfb"), ("openbox", "openbox"), ("xdotool", "xdotool")];

/// Runs a script that logs in by TLS client certificate, with more variables.
#[track_caller]
fn tls_client(name: &str, more: &[(&str, &str)]) {
    let tools = [
        ("certutil", "libnss3-tools"),
        ("modutil", "libnss3-tools"),
        ("openssl", "openssl"),
    ];
    for (program, package) in SCREEN.into_iter().chain(tools) {
        require_program(program, package);
    }
    let nginx = require_program("nginx", "nginx");
    let module = require_library("onepin-opensc-pkcs11.so", "opensc-pkcs11");
    let paths = [("NGINX", &nginx), ("MODULE", &module)].map(|(name, path)| (name, path.to_str().unwrap()));
    script_with(name, &[&paths, more].concat());
}

#[test]
#[ignore = "part of `make test-heavy`: the PIN window is one of the browser's, so it needs a screen"]
fn chromium_logs_in_by_the_cards_certificate_over_tls() {
    tls_client("tls-client", &[]);
}

#[test]
#[ignore = "part of `make test-heavy`: the PIN window is one of the browser's, so it needs a screen"]
fn firefox_logs_in_by_the_cards_certificate_over_tls() {
    let firefox = require_program("firefox-esr", "firefox-esr");
    tls_client("tls-client-firefox", &[("FIREFOX", firefox.to_str().unwrap())]);
}

#[test]
#[ignore = "part of `make test-heavy`: it waits longer than a browser keeps an idle worker"]
fn a_person_may_think_for_longer_than_a_worker_lives() {
    for (program, package) in SCREEN {
        require_program(program, package);
    }
    script("extension-patience");
}

#[test]
fn a_person_logs_in_at_the_portal_blocks_a_pin_and_signs() {
    script("portal");
}

#[test]
fn a_phone_logs_in_at_the_portal_and_signs_until_it_is_lost() {
    script("portal_phone");
}

#[test]
fn people_log_in_at_the_identity_provider_in_both_languages() {
    script("idp");
}

#[test]
#[ignore = "part of `make test-heavy`: the browser's question is one of its own windows, so it needs a screen"]
fn another_host_needs_the_persons_permission() {
    for (program, package) in SCREEN {
        require_program(program, package);
    }
    script("extension-permission");
}

/// A script in which programs of OpenSC use the card.
#[track_caller]
fn script_with_opensc(name: &str) {
    for (program, package) in [
        ("pkcs11-tool", "opensc"),
        ("opensc-tool", "opensc"),
        ("opensc-explorer", "opensc"),
    ] {
        require_program(program, package);
    }
    script_with(name, &[("OPENSC_MODULE", &opensc_module())]);
}

#[test]
fn desk_cards_come_into_readers_by_click_drag_and_keyboard() {
    script("desk_insert");
}

#[test]
fn desk_shows_each_apdu_of_programs_that_log_in_sign_and_lose_the_card() {
    script_with_opensc("desk_login");
}

#[test]
fn desk_trace_is_explained_filtered_exported_and_never_longer_than_stated() {
    require_program("tshark", "tshark");
    script_with_opensc("desk_trace");
}

#[test]
fn desk_people_are_invented_or_written_and_their_names_are_text() {
    script("desk_people");
}

#[test]
fn desk_page_misses_nothing_while_hidden_or_offline_and_pages_a_collection() {
    script_with_opensc("desk_stream");
}

#[test]
fn desk_page_states_why_it_is_one_too_many() {
    script("desk_many");
}

#[test]
fn desk_pin_is_blocked_and_reset_at_the_counter_and_a_card_is_changed_there() {
    script("desk_counter");
}

#[test]
fn desk_looks_right_in_both_languages_colours_and_widths() {
    script("desk_looks");
}

#[test]
fn desk_page_states_that_the_server_is_gone_or_the_token_wrong() {
    script("desk_gone");
}

/// What the script has measured, on its standard output.
#[test]
#[ignore = "measures, and the machine must be idle: `make bench`"]
fn times_of_the_desk() {
    script_with_opensc("desk_times");
}

#[test]
#[ignore = "writes the pictures of docs: `make pictures`"]
fn pictures_of_the_desk() {
    require_program("convert", "imagemagick");
    let folder = std::env::var("PICTURES").unwrap();
    script_with(
        "desk_pictures",
        &[("PICTURES", &folder), ("OPENSC_MODULE", &opensc_module())],
    );
}

#[test]
#[ignore = "writes the pictures of docs: `make pictures`"]
fn pictures_of_the_portal() {
    require_program("convert", "imagemagick");
    let folder = std::env::var("PICTURES").unwrap();
    script_with("portal_pictures", &[("PICTURES", &folder)]);
}
