//! The file of faults: any text is faults or a list of errors with their lines, the same every time, in bounded memory; no
//! error shows what a terminal would obey.

use vmyna_apdu::foreign::is_visible;

use crate::memory::peak_of;

// The command's own parser, which no library has.
#[path = "../../cli/src/faults/parse.rs"]
mod parse;

/// Reading takes no more than this, and so much more for each byte: the TOML library keeps an error for each byte that has
/// one.
const WORKING_MEMORY: usize = 256 * 1024;
const PER_BYTE: usize = 1200;

/// One input: the text of a file.
pub fn run(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let (first, peak) = peak_of(|| parse::parse(text));
    assert!(
        peak <= WORKING_MEMORY + PER_BYTE * input.len(),
        "{peak} bytes for {}",
        input.len()
    );
    match &first {
        Ok(contents) => {
            assert!(contents.faults.len() <= 1000 && contents.faults.len() <= text.matches("fault").count());
            // Every fault can be written on the command line, and is the same there.
            for fault in &contents.faults {
                let shown = fault.to_string();
                let again: vmyna_reader_bridge::fault::Fault =
                    shown.parse().expect("a fault that is shown can be read");
                assert_eq!(again.to_string(), shown);
            }
        }
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a reason");
            let last = text.lines().count() + 1;
            for problem in problems {
                let line = problem.strip_prefix("line ").and_then(|rest| rest.split_once(':'));
                let line: Option<usize> = line.and_then(|(line, _)| line.parse().ok());
                assert!(line.is_some_and(|line| (1..=last).contains(&line)), "{problem}");
                // The library's own message of bad TOML is escaped where it is printed.
                assert!(
                    problem.contains("is not TOML")
                        || problem.contains("there is no `")
                        || problem.contains("fault ")
                        || problem.chars().all(is_visible),
                    "{problem:?}"
                );
            }
        }
    }
    let again = parse::parse(text);
    let read = |result: &Result<parse::Contents, Vec<String>>| match result {
        Ok(contents) => format!("{contents:?}"),
        Err(problems) => format!("{problems:?}"),
    };
    assert_eq!(read(&again), read(&first), "the same file gives something else");
}
