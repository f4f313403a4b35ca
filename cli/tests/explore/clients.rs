//! Programs of other projects. What is found in them is reported in `docs/explore.md`, not judged here: the tests hold that an
//! exploration of them comes to its end, and meets what it must.

use std::fs;

use vmyna_testkit::require_program;

use crate::common::{Printed, opensc_module};
use crate::programs::{Signer, explore_in};

/// A client by its name, with the words of its command line. Its folder has the file `text`.
fn clients() -> Vec<(&'static str, Vec<String>)> {
    let words = |line: &str| -> Vec<String> { line.split(' ').map(str::to_owned).collect() };
    require_program("pkcs15-tool", "opensc");
    require_program("pkcs11-tool", "opensc");
    let sign =
        "--login --pin 1234 --sign --id 01 --mechanism SHA256-RSA-PKCS --input-file text --output-file /dev/null";
    let module = opensc_module();
    vec![
        ("pkcs15-tool --dump", words("pkcs15-tool --dump")),
        (
            "pkcs11-tool --sign",
            words(&format!("pkcs11-tool --module {module} {sign}")),
        ),
        ("pyscard", Signer::Python.words("none")),
        ("javax.smartcardio", Signer::Java.words("none")),
    ]
}

fn explored(options: &[&str]) {
    for (name, words) in clients() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("text"), "こんばんは").unwrap();
        let explored = explore_in(folder.path(), options, &words);
        let of = |kind: &str| explored.report["problems"][kind].as_u64().unwrap();
        let (commands, met, without) = (
            explored.number("commands"),
            explored.number("met"),
            explored.number("without_effect"),
        );
        println!(
            "counted: explore: {name}: {commands} commands, {met} interruptions, {without} without an effect; hang {}, \
             crash {}, success without a signature {}, try {}, PIN {}, transaction {}",
            of("hang"),
            of("crash"),
            of("unsigned-success"),
            of("try-consumed"),
            of("pin-in-output"),
            of("left-in-transaction"),
        );
        assert!(commands >= 8 && met > 0, "{name}: {}", explored.output.out());
        println!("{}", explored.output.out());
    }
}

#[test]
fn clients_of_other_projects_are_explored_at_some_commands() {
    explored(&["--limit", "30", "--only", "^(remove|sw=6F00|transaction-lost)@[258] "]);
}

#[test]
#[ignore = "some minutes: every interruption at every command; `make test-heavy` runs it"]
fn clients_of_other_projects_are_explored_at_all_commands() {
    explored(&["--limit", "20"]);
}
