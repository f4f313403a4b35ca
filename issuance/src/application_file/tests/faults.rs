//! What is wrong with a declaration: each kind of fault, with its line and field.

use std::fs;

use proptest::prelude::*;

use super::*;

/// Asserts that a declaration has exactly one fault, which begins and ends so.
fn one(text: &str, folder: Option<&Path>, place: &str, message: &str) {
    let faults = faults(text, folder);
    assert_eq!(faults.len(), 1, "{faults:#?}\n{text}");
    let right = faults[0].starts_with(&format!("{place}: ")) && faults[0].contains(message);
    assert!(right, "{}\nis not\n{place}: … {message}\n{text}", faults[0]);
}

#[test]
fn all_faults_are_reported_at_once_by_line() {
    let text = format!(
        "{HEAD}nmae = \"x\"\n{}",
        r#"[[application.pin]]
name = "pin"
ef = "6"
length = 4
tries = 16
value = "7391"
[[application.file]]
name = "data"
ef = "0001"
content = { hx = "00" }
read = "pin or pinn"
"#
    );
    let expected = [
        "line 7, application[1].nmae: unknown key; the nearest known one is `name`",
        "line 10, application[1].pin[1].ef: is a file identifier of four hexadecimal digits",
        "line 12, application[1].pin[1].tries: is a whole number from 1 to 15",
        "line 17, application[1].file[1].content: is a table with one of: hex, text,",
        "line 18, application[1].file[1].read: at character 8 of the condition: `pinn` is neither a PIN nor a host key",
    ];
    let faults = faults(&text, None);
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(fault.starts_with(expected), "{fault}\nis not\n{expected}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}|[a-z\\[\\]{}=\".\n 0-9]{0,200}") {
        let _ = ApplicationFile::parse(&text, None);
        let _ = ApplicationFile::parse(&format!("{HEAD}{text}"), None);
    }
}
