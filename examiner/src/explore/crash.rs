//! What the runtimes of programming languages print when a program crashes.

use std::sync::LazyLock;

use regex::bytes::{Regex, RegexSet};

const PYTHON: &str = "a traceback (Python)";

/// What was recognised, and the pattern for it.
const SIGNS: [(&str, &str); 12] = [
    ("a panic (Rust)", r"thread '[^'\n]*'( \(\d+\))? panicked at"),
    (PYTHON, r"Traceback \(most recent call last\):"),
    (
        "a stack trace (Java)",
        r#"(?m)^Exception in thread "|^\s+at [\w.$/<>]+\((\w+\.(java|kt|scala):\d+|Native Method|Unknown Source)\)"#,
    ),
    (
        "a stack trace (JavaScript)",
        r"(?m)^\s+at (.*\()?(file://|node:|/)[^\n]*:\d+:\d+\)?$",
    ),
    (
        "a report of a sanitizer",
        r"ERROR: (Address|Leak|Memory|Thread)Sanitizer|(?m)^[^\n]*:\d+:\d+: runtime error: ",
    ),
    ("a panic (Go)", r"(?m)^panic: [^\n]*\n(.*\n)*?goroutine \d+ \["),
    ("an unhandled exception (.NET)", r"(?m)^Unhandled exception\. "),
    (
        "an uncaught exception (C++)",
        r"terminate called (after throwing|without an active exception)",
    ),
    (
        "a check of the C library",
        r"\*\*\* [^\n]* \*\*\*: terminated|(free|malloc|realloc)\(\): (invalid|corrupted|double|unaligned)|double free or corruption|corrupted size vs|Assertion `[^\n]*' failed",
    ),
    ("a fatal error (PHP)", r"PHP Fatal error: "),
    (
        "an exception (Ruby)",
        r"(?m)^[^\n]*\.rb:\d+:in [`'][^\n]*\((\w|::)*Error\)",
    ),
    (
        "a die with a stack trace (Perl)",
        r"(?m)^\s+\S+::\S+\(.*\) called at \S+ line \d+$",
    ),
];

static PATTERNS: LazyLock<Option<RegexSet>> =
    LazyLock::new(|| RegexSet::new(SIGNS.iter().map(|(_, pattern)| pattern)).ok());

/// Any traceback of Python, and one of an exception that it ignores.
static TRACEBACKS: LazyLock<Option<(Regex, Regex)>> = LazyLock::new(|| {
    let all = Regex::new(r"Traceback \(most recent call last\):").ok()?;
    Some((all, Regex::new(r"Exception ignored (in|while)[^\n]*\nTraceback ").ok()?))
});

/// The signs of crashes in what a program has printed.
pub(crate) fn signs(printed: &[u8]) -> Vec<&'static str> {
    let Some(patterns) = &*PATTERNS else { return Vec::new() };
    let found = patterns.matches(printed);
    let names = SIGNS.iter().enumerate().filter(|(index, _)| found.matched(*index));
    let names = names.map(|(_, (name, _))| *name);
    names
        .filter(|name| *name != PYTHON || !are_all_ignored(printed))
        .collect()
}

/// Whether Python has printed each of its tracebacks as that of an exception which it ignores: the program goes on.
fn are_all_ignored(printed: &[u8]) -> bool {
    let Some((all, ignored)) = &*TRACEBACKS else {
        return false;
    };
    all.find_iter(printed).count() == ignored.find_iter(printed).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crashes_as_runtimes_print_them_are_recognised() {
        assert!(PATTERNS.is_some());
        for (printed, name) in [
            ("\nthread 'main' (4711) panicked at src/main.rs:2:5:\nboom\n", "Rust"),
            ("thread 'main' panicked at 'boom', src/main.rs:2:5\n", "Rust"),
            (
                "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\nZeroDivisionError\n",
                "Python",
            ),
            (
                "Exception in thread \"main\" java.lang.Error\n\tat Main.main(Main.java:3)\n",
                "Java",
            ),
            (
                "javax.smartcardio.CardException\n\tat java.smartcardio/sun.security.smartcardio.ChannelImpl.doTransmit(ChannelImpl.java:221)\n",
                "Java",
            ),
            (
                "/a.js:1\nthrow new Error('boom')\n^\n\nError: boom\n    at Object.<anonymous> (/a.js:1:7)\n    at node:internal/main/run_main_module:36:49\n",
                "JavaScript",
            ),
            (
                "==1==ERROR: AddressSanitizer: heap-use-after-free on address 0x6\n",
                "sanitizer",
            ),
            (
                "Exception ignored in: <f>\nTraceback (most recent call last):\nE\nTraceback (most recent call last):\nF\n",
                "Python",
            ),
            ("a.c:3:9: runtime error: signed integer overflow\n", "sanitizer"),
            ("panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n", "Go"),
            (
                "Unhandled exception. System.Exception: boom\n   at Program.Main()\n",
                ".NET",
            ),
            (
                "terminate called after throwing an instance of 'std::runtime_error'\n",
                "C++",
            ),
            ("*** stack smashing detected ***: terminated\n", "C library"),
        ] {
            let signs = signs(printed.as_bytes());
            assert!(signs.len() == 1 && signs[0].contains(name), "{printed}: {signs:?}");
        }
    }

    #[test]
    fn messages_of_programs_that_do_not_crash_are_not() {
        for printed in [
            "",
            "Failed to connect to card: Card not present\n",
            "error: PKCS11 function C_Sign failed: rv = CKR_DEVICE_REMOVED (0x32)\nAborting.\n",
            "Error at line 3: the card is gone\n  at once\n",
            "Exception ignored in: <function A.__del__ at 0x7f>\nTraceback (most recent call last):\n  File \"a\", line 1\nE\n",
            "X.509 Certificate [User]\n\tObject Flags   : [0x00]\n\tPath           : 0006\n",
        ] {
            assert!(signs(printed.as_bytes()).is_empty(), "{printed}");
        }
    }
}
