//! The measurements.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use vmyna::CardSource;
use vmyna_applets::image;

use crate::clients::{Desk, Program, Serve};

/// Starts that are timed.
const STARTS: usize = 5;
/// Rounds; in each all are measured in turn, so that what else the machine does hits them alike.
const ROUNDS: usize = 15;
/// APDUs of one kind in a round.
const APDUS: usize = 1_000;
/// Single APDUs whose way to the page is timed.
const SINGLE: usize = 50;
/// APDUs over which the memory is watched.
const MANY: usize = 100_000;

const FIRST_PAGE: Duration = Duration::from_secs(1);
const COST: f64 = 1.3;
const ON_THE_PAGE: Duration = Duration::from_millis(100);
/// More memory than before, in MiB: 32 MiB of messages at most, and what 10,000 entries and the pages' queues take.
const GROWTH: u64 = 64;

const SELECT: &[u8] = b"\x00\xA4\x04\x0C\x0A\xD3\x92\xF0\x00\x26\x01\x00\x00\x00\x01";
/// READ BINARY of 256 bytes of the auth certificate.
const READ: &[u8] = b"\x00\xB0\x8A\x00\x00";

pub(crate) fn measure() {
    let folder = tempfile::tempdir().unwrap();
    let missed = [
        start(folder.path()),
        cost(folder.path()),
        latency(folder.path()),
        memory(folder.path()),
    ];
    drop(folder);
    if missed.contains(&true) {
        println!("MISSED");
        std::process::exit(1);
    }
}

/// An image with Hanako's card.
fn card(path: &Path) -> String {
    let mut file = image::create(path).unwrap();
    file.add(&CardSource::hanako().issued().unwrap()).unwrap();
    file.finish().unwrap();
    path.to_str().unwrap().to_owned()
}

fn start(folder: &Path) -> bool {
    let once = |number: usize| {
        let begun = Instant::now();
        let desk = Desk::start(&folder.join(format!("start-{number}")), &[]);
        let page = desk.get("/");
        let state = desk.get("/api/state");
        assert!(page.contains("<html") && state.contains("specimen:hanako"));
        begun.elapsed()
    };
    let slowest = (0..STARTS).map(once).max().unwrap();
    println!("first page and shelf after the start, the slowest of {STARTS}: {slowest:.0?}, at most {FIRST_PAGE:?}");
    slowest > FIRST_PAGE
}

fn cost(folder: &Path) -> bool {
    let (plain, watched) = (card(&folder.join("plain.vmyna")), card(&folder.join("watched.vmyna")));
    let serve = Serve::start(&folder.join("socket"), &plain);
    let desk = Desk::start(&folder.join("cost"), &[&watched]);
    desk.insert(&desk.first_card());
    let mut without = Program::connect(&serve.socket);
    let mut with = Program::connect(&desk.socket);
    let mut missed = compare(&mut without, &mut with, "without a page");
    let page = desk.read_events();
    missed |= compare(&mut without, &mut with, "with an open page");
    println!("entries that the page has got: {}", page.end());
    missed
}

/// Compares two programs, of which one uses a card of the desk.
fn compare(without: &mut Program, with: &mut Program, page: &str) -> bool {
    let mut missed = false;
    for (name, command) in [("SELECT", SELECT), ("READ BINARY", READ)] {
        let [mut bare, mut seen] = [(); 2].map(|()| Vec::new());
        for round in 0..=ROUNDS {
            let times = [without.time(SELECT, command, APDUS), with.time(SELECT, command, APDUS)];
            // The first round only warms up. The page has all of a round before the next begins.
            std::thread::sleep(Duration::from_millis(300));
            if round > 0 {
                bare.push(times[0]);
                seen.push(times[1]);
            }
        }
        let (bare, seen) = (median(bare), median(seen));
        let ratio = seen.as_secs_f64() / bare.as_secs_f64();
        println!(
            "{name} of a program: {bare:.1?} without the desk, {seen:.1?} with it {page}: {ratio:.2} times, at most {COST}"
        );
        missed |= ratio > COST;
    }
    missed
}

fn latency(folder: &Path) -> bool {
    let desk = Desk::start(&folder.join("latency"), &["specimen:hanako"]);
    desk.insert(&desk.first_card());
    let mut program = Program::connect(&desk.socket);
    let mut events = desk.events();
    let mut times = Vec::new();
    for _ in 0..SINGLE {
        let begun = Instant::now();
        program.transmit(SELECT);
        events.wait_for_apdu();
        times.push(begun.elapsed());
        std::thread::sleep(Duration::from_millis(20));
    }
    times.sort_unstable();
    let (middle, slowest) = (times[times.len() / 2], times[times.len() - 1]);
    println!(
        "an APDU on the page: median {middle:.1?}, the slowest of {SINGLE} {slowest:.1?}, at most {ON_THE_PAGE:?}"
    );
    slowest > ON_THE_PAGE
}

fn memory(folder: &Path) -> bool {
    let desk = Desk::start(&folder.join("memory"), &["specimen:hanako"]);
    desk.insert(&desk.first_card());
    let mut program = Program::connect(&desk.socket);
    let page = desk.read_events();
    // A page that never reads takes its queue and no more.
    let idle = desk.events();
    program.transmit(SELECT);
    let before = desk.resident();
    let begun = Instant::now();
    for _ in 0..MANY {
        program.transmit(READ);
    }
    let took = begun.elapsed();
    let state = desk.get_json("/api/state");
    assert!(state["sequence"].as_u64().unwrap() >= MANY as u64);
    let after = desk.resident();
    let growth = after.saturating_sub(before);
    let each = took / MANY as u32;
    println!(
        "{MANY} READ BINARY of 256 bytes in {took:.1?} ({each:.1?} each): {before} MiB before, {after} MiB after: {growth} MiB \
         more, at most {GROWTH}"
    );
    let kept = desk.get_json("/api/trace?from=0");
    let kept = kept["next"].as_u64().unwrap() - kept["first"].as_u64().unwrap();
    println!("entries kept: {kept}; entries that the page has got: {}", page.end());
    drop(idle);
    desk.post("/api/readers/vmyna%2000%2000/remove", &json!({}));
    growth > GROWTH || kept > 10_000
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
