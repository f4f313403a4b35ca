//! The pictures of README: the specimen card, and terminals drawn from what the commands print. `make docs` writes them.
//!
//! In a terminal, only the time of an answer is replaced, because it differs in each run.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fmt::Write as _;
use std::fs;

use common::{Printed, vmyna};
use vmyna_testkit::{assert_page, assert_picture, client, require_program};

/// Cells of a line, after which it is cut.
const COLUMNS: usize = 118;

/// The OpenSC whose output the committed picture shows.
const OPENSC_OF_THE_PICTURE: &str = "OpenSC 0.23.0";

/// A character is drawn over two cells if it is Japanese.
fn cells(character: char) -> usize {
    if character >= '\u{1100}' { 2 } else { 1 }
}

/// The line, cut after so many cells.
fn cut(line: &str) -> String {
    let mut width = 0;
    let kept: String = line
        .chars()
        .take_while(|character| {
            width += cells(*character);
            width < COLUMNS
        })
        .collect();
    if kept.len() < line.len() { kept + "…" } else { kept }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// `12 µs` for every time of an answer.
fn with_fixed_times(text: &str) -> String {
    let is_time = |words: &[&str], at: usize| {
        words.get(at + 1) == Some(&"µs")
            && !words[at].is_empty()
            && words[at].chars().all(|digit| digit.is_ascii_digit())
    };
    let line = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let fixed = (0..words.len()).map(|at| if is_time(&words, at) { "12" } else { words[at] });
        fixed.collect::<Vec<_>>().join(" ")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The colour of a line: the prompt, commands, answers, reasons.
fn colour(line: &str) -> &'static str {
    match line.trim_start() {
        start if start.starts_with("$ ") => "#7ee787",
        start if start.starts_with(">>") => "#79c0ff",
        start if start.starts_with("<<") => "#ffa657",
        start if start.starts_with("rule ") => "#d2a8ff",
        _ => "#e6edf3",
    }
}

/// A terminal with these lines as SVG.
fn terminal(prompt: &str, printed: &str) -> String {
    const LINE: usize = 18;
    let lines: Vec<String> = [format!("$ {prompt}")]
        .into_iter()
        .chain(printed.lines().map(cut))
        .collect();
    let (width, height) = (COLUMNS * 8 + 32, lines.len() * LINE + 28);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#0d1117\"/>\n\
         <g font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, monospace\" font-size=\"13\" xml:space=\"preserve\">\n"
    );
    for (index, line) in lines.iter().enumerate() {
        let _ = writeln!(
            svg,
            "<text x=\"16\" y=\"{}\" fill=\"{}\">{}</text>",
            index * LINE + 26,
            colour(line),
            escaped(line)
        );
    }
    svg + "</g>\n</svg>\n"
}

#[test]
fn picture_of_apdu_why_shows_what_the_command_prints() {
    let arguments = ["apdu", "--why", "00A4040C0AD392F000260100000001", "00B0810000"];
    let printed = vmyna(arguments).output().unwrap().exits_with(0).out();
    let svg = terminal(&format!("vmyna {}", arguments.join(" ")), &with_fixed_times(&printed));
    assert!(svg.contains("access.denied") && svg.contains("公的個人認証AP"), "{svg}");
    assert_page("apdu-why.svg", &svg);
}

#[test]
fn picture_of_pkcs11_tool_shows_what_the_program_prints() {
    let tool = require_program("pkcs11-tool", "opensc");
    let arguments = ["--login", "--pin", "1234", "--test"];
    let output = vmyna(["run", "--"])
        .arg(&tool)
        .args(arguments)
        .output()
        .unwrap()
        .exits_with(0);
    // pkcs11-tool prints its progress on both streams; the picture shows both in their order at a terminal.
    let printed = output.err() + &output.out();
    assert!(printed.contains("No errors"), "{printed}");
    let version = client("opensc-tool", "opensc").arg("--info").output().unwrap();
    if version.out().starts_with(OPENSC_OF_THE_PICTURE) {
        let prompt = format!("vmyna run -- pkcs11-tool {}", arguments.join(" "));
        assert_page("pkcs11-tool.svg", &terminal(&prompt, &printed));
    }
}

#[test]
fn only_times_are_replaced() {
    assert_eq!(
        with_fixed_times("<< (0+2) 4711 µs 9000\n   µs 31"),
        "<< (0+2) 12 µs 9000\n   µs 31"
    );
    assert_eq!(cut(&"あ".repeat(80)).chars().count(), (COLUMNS - 1) / 2 + 1);
    assert_eq!(cut("short"), "short");
}

/// The same bytes on every machine, because neither fonts nor arithmetic depend on it.
#[test]
fn the_pictures_of_the_card_are_what_show_draws() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = vmyna(["show", "specimen:hanako", "--png"]);
    command.arg(folder.path()).output().unwrap().exits_with(0);
    for side in ["front", "back"] {
        let drawn = fs::read(folder.path().join(format!("{side}.png"))).unwrap();
        assert!(drawn.len() < 150_000, "{side}: {} bytes", drawn.len());
        assert_picture(&format!("card-{side}.png"), &drawn);
    }
}
