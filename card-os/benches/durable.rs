//! What the durability of a card costs: VERIFY on a state in a file, beside the least that any program pays to have 64
//! bytes on stable storage, `pwrite` and `fdatasync`, in the same directory and the same run.
//!
//! `cargo bench -p vmyna-card-os --bench durable [-- DIRECTORY]` prints the median of each and the ratios; without a
//! directory, the build's own is taken, because a temporary one may lie in memory, where nothing is durable. Targets: a
//! right VERIFY (two commits) at most 4 times, a wrong one (one commit) at most 2.5 times. Exit status 1 if missed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement ends where it can't be made"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use common::{ALPHA, Rig, bytes};
use vmyna_card_os::state::durable::DurableStore;

/// Rounds; in each all are measured in turn, so that what else the machine does hits them alike.
const ROUNDS: usize = 11;
/// Operations of one kind in a round.
const OPERATIONS: usize = 60;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        // `cargo test --all-targets` runs benchmarks to see whether they still work; timing has no place there.
        return;
    }
    let named = arguments.iter().find(|argument| !argument.starts_with('-'));
    let parent = named.map_or_else(
        || std::env::current_exe().unwrap().parent().unwrap().to_owned(),
        PathBuf::from,
    );
    let directory = tempfile::tempdir_in(parent).unwrap();
    let mut raw = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(directory.path().join("raw"))
        .unwrap();
    let store = DurableStore::open(&directory.path().join("card.state"), &[0; 32]).unwrap();
    let mut rig = Rig::on(Box::new(store));
    rig.select(ALPHA);
    let right = bytes("00200098 04 31323334");
    // Without limit there would be no commit; this PIN has ten tries, so that it takes a right one now and then.
    let wrong = bytes("0020009A 04 30303030");
    let unblock = bytes("0020009A 04 37373737");

    let (mut raws, mut rights, mut wrongs) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let measured = [
            median(|| overwrite(&mut raw)),
            median(|| assert_eq!(rig.send_bytes(&right).1, 0x9000)),
            // Batches of nine wrong ones; what unblocks between them is not timed.
            median_of(
                (0..OPERATIONS.div_ceil(9))
                    .flat_map(|_| {
                        rig.send_bytes(&unblock);
                        let times: Vec<_> = (0..9)
                            .map(|_| timed(|| assert_eq!(rig.send_bytes(&wrong).1 & 0xFFF0, 0x63C0)))
                            .collect();
                        times
                    })
                    .collect(),
            ),
        ];
        // The first round only warms up.
        if round > 0 {
            raws.push(measured[0]);
            rights.push(measured[1]);
            wrongs.push(measured[2]);
        }
    }
    let [raw, right, wrong] = [raws, rights, wrongs].map(median_of);
    println!("medians of {ROUNDS} rounds of {OPERATIONS} operations each");
    println!("64-byte pwrite + fdatasync {raw:>9.1?}");
    let ratio = |time: Duration| time.as_secs_f64() / raw.as_secs_f64();
    println!(
        "right VERIFY               {right:>9.1?}  {:.2} times that, at most 4",
        ratio(right)
    );
    println!(
        "wrong VERIFY               {wrong:>9.1?}  {:.2} times that, at most 2.5",
        ratio(wrong)
    );
    drop(rig);
    if ratio(right) > 4.0 || ratio(wrong) > 2.5 {
        println!("MISSED");
        drop(directory);
        std::process::exit(1);
    }
}

/// 64 bytes at the same place again and again, as a counter would be kept.
fn overwrite(file: &mut File) {
    file.seek(SeekFrom::Start(0)).unwrap();
    file.write_all(&[0xA5; 64]).unwrap();
    file.sync_data().unwrap();
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut work: impl FnMut()) -> Duration {
    median_of((0..OPERATIONS).map(|_| timed(&mut work)).collect())
}

fn median_of(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
