//! What a full free area costs: SELECT on a card with 20 applications and a file of 32 KiB in each, beside the same card with
//! the six built-in ones; the time to open such a card; and its memory.
//!
//! `cargo bench -p vmyna --bench free_area` prints the medians, the ratio and the memory. Targets: SELECT at most 1.2 times
//! that with six applications, opening at most 5 ms. Exit status 1 if missed.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measurement ends where it can't be made"
)]

use std::time::{Duration, Instant};

use vmyna::apdu::{Aid, FileId, Icc};
use vmyna::applets::free_area::{FreeApplication, LONGEST_FILE, MOST_APPLICATIONS};
use vmyna::applets::image;
use vmyna::card_os::declaration::{Access, Application, Body, Condition, File};
use vmyna::card_os::rule::{Basis, Certainty};
use vmyna::{Bench, CardSource, Slot};

/// Rounds; in each all are measured in turn, so that what else the machine does hits them alike.
const ROUNDS: usize = 21;
/// SELECTs of one kind in a round.
const OPERATIONS: usize = 2_000;
/// The application that both cards have: the last one that is found among six.
const COMMON: &[u8] = b"\x00\xA4\x04\x0C\x0A\xD3\x92\x10\x00\x31\x00\x01\x01\x01\x00";
/// The last application of the full free area.
const LAST: &[u8] = b"\x00\xA4\x04\x0C\x06\xF0BENCH";

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        // `cargo test --all-targets` runs benchmarks to see whether they still work; timing has no place there.
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let small = CardSource::hanako().issued().unwrap();
    let full = small.clone().with_free_applications(applications()).unwrap();
    let sources = [("small", &small), ("full", &full)].map(|(name, card)| {
        let path = folder.path().join(name);
        let mut file = image::create(&path).unwrap();
        file.add(card).unwrap();
        file.finish().unwrap();
        CardSource::Image(path, None)
    });
    drop((small, full));

    // The first card that is opened also makes what all cards share.
    drop(sources[0].open(None).unwrap());
    let before = resident();
    let opened = sources[1].open(None).unwrap();
    let memory = resident().saturating_sub(before);
    let mut full = Bench::new().connect(opened, Slot::new("full"));
    let mut small = Bench::new().connect(sources[0].open(None).unwrap(), Slot::new("small"));
    full.power_on(&mut Vec::new()).unwrap();
    small.power_on(&mut Vec::new()).unwrap();

    let mut times = [(); 4].map(|()| Vec::new());
    for round in 0..=ROUNDS {
        let measured = [
            select(&mut *small, COMMON),
            select(&mut *full, COMMON),
            select(&mut *full, LAST),
            timed(|| drop(sources[1].open_as_issued(None).unwrap())),
        ];
        // The first round only warms up.
        if round > 0 {
            for (times, time) in times.iter_mut().zip(measured) {
                times.push(time);
            }
        }
    }
    let [six, same, last, opening] = times.map(median);
    let ratio = |time: Duration| time.as_secs_f64() / six.as_secs_f64();
    println!(
        "medians of {ROUNDS} rounds of {OPERATIONS} SELECTs each; {MOST_APPLICATIONS} applications of {LONGEST_FILE} bytes"
    );
    println!("SELECT with 6 applications              {six:>9.1?}");
    println!(
        "SELECT of the same one with 26          {same:>9.1?}  {:.2} times that, at most 1.2",
        ratio(same)
    );
    println!(
        "SELECT of the last one of 26            {last:>9.1?}  {:.2} times that, at most 1.2",
        ratio(last)
    );
    println!("opening the card from its image         {opening:>9.1?}  at most 5 ms");
    println!("memory of the open card                 {:>6} KiB", memory / 1024);
    if ratio(same) > 1.2 || ratio(last) > 1.2 || opening > Duration::from_millis(5) {
        println!("MISSED");
        drop(folder);
        std::process::exit(1);
    }
}

/// As many applications as the free area has, each with the longest file.
fn applications() -> Vec<FreeApplication> {
    let basis = || Basis::new(Certainty::Assumed, "a measurement");
    let application = |number: usize| {
        let letter = u8::try_from(number).unwrap();
        let content = Body::Transparent(vec![letter; LONGEST_FILE].into());
        let access = Access::read(Condition::Always);
        let file = File::new(FileId::new(1), "data", "", content, access, basis());
        let mut aid = *b"\xF0BENCH";
        if number + 1 < MOST_APPLICATIONS {
            aid[5] = letter;
        }
        let application = Application::new(Aid::new(&aid).unwrap(), format!("bench-{number}"), "", basis());
        FreeApplication::new(application.with_files(vec![file])).unwrap()
    };
    (0..MOST_APPLICATIONS).map(application).collect()
}

/// The mean of one SELECT.
fn select(card: &mut dyn Icc, command: &[u8]) -> Duration {
    let mut response = Vec::new();
    let all = timed(|| {
        for _ in 0..OPERATIONS {
            card.transmit(command, &mut response).unwrap();
            assert_eq!(response, [0x90, 0x00]);
        }
    });
    all / u32::try_from(OPERATIONS).unwrap()
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The memory of this process that is in use, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kib: usize = line.trim().trim_end_matches(" kB").parse().unwrap();
    kib * 1024
}
