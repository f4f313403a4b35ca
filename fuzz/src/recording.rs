//! Recordings of the conformance suite: any text is a recording or an error; a recording differs from itself in nothing; and
//! neither takes more memory than the file justifies.

use vmyna_conformance::record::{MOST_VECTORS, differences, read};

use crate::memory::peak_of;

/// Reading and comparing take no more than this, and so many times the file. An empty vector of a list has some 100 bytes as
/// JSON and some 250 in memory.
const WORKING_MEMORY: usize = 64 * 1024;
const TIMES: usize = 40;

/// One input: a file, twice with a change between.
pub fn run(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let (report, peak) = peak_of(|| read(text));
    let limit = WORKING_MEMORY + TIMES * input.len();
    assert!(peak <= limit, "{peak} bytes for {}", input.len());
    let Ok(report) = report else { return };
    assert!(report.vectors.len() <= MOST_VECTORS);
    let (same, peak) = peak_of(|| differences(&report, &report));
    assert!(peak <= limit, "{peak} bytes to compare {}", input.len());
    // Two vectors of one name are compared with the first of them.
    let mut names: Vec<&str> = report.vectors.iter().map(|vector| vector.id.as_str()).collect();
    names.sort_unstable();
    let twice = names.windows(2).any(|pair| pair[0] == pair[1]);
    assert!(twice || same.is_empty(), "a recording differs from itself: {same}");
    // What was read is written and read the same.
    let again = report
        .to_json()
        .ok()
        .and_then(|json| read(&json).ok())
        .expect("what was read can be written");
    assert!(twice || differences(&report, &again).is_empty());
}
