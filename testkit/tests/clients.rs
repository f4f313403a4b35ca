//! docs/clients.md is what the list of clients claims and tests prove. `make docs` writes it.
//!
//! The tests are read as text: a claim counts for a way when a test that always runs says
//! `let … = proves("key", Way::…);`. That those tests have passed is seen at the end of `make test`
//! (`every_proof_of_the_page_was_given`).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use vmyna_testkit::assert_page;
use vmyna_testkit::clients::{CLIENTS, Claim, Client, PROVED, Proof, Way};

const INTRODUCTION: &str = "\
# Which programs work with the card

Written by `make docs` from [the list of clients](../testkit/src/clients/list.rs) and the tests that prove it; a test keeps
it so. A line stands here only if a test of that name runs with every `make test`.

All programs are unmodified, as their projects or Debian publish them. The versions are those with which the tests were
seen to pass; your distribution's may be others. They meet the card in one of three ways, its authorities in a fourth,
the identity provider in a fifth, or the phone's mdoc in a sixth:

- **own PC/SC service**: `vmyna run -- PROGRAM`, or `vmyna serve --socket` for a whole shell;
- **pcscd + vpcd**: the system's pcscd with the driver vpcd, and `vmyna serve`;
- **software reader**: a library that is given a reader in the same process;
- **certificate services**: `vmyna ca serve` and revocation lists, for programs that check certificates;
- **identity provider**: `vmyna idp`, for relying parties of OpenID Connect;
- **mdoc**: the phone's mdoc, presented to a verifier, or the client's own before vmyna's verifier.
";

/// A test that says it proves a claim.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    key: String,
    way: Way,
    /// From the root of the project.
    file: String,
    test: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What all tests say, in order.
fn said() -> BTreeSet<Said> {
    let mut said = BTreeSet::new();
    for directory in [
        "cli/tests",
        "reader-bridge/tests",
        "pcsc-service/tests",
        "client-tests/tests",
    ] {
        for file in rust_files(&root().join(directory)) {
            let text = fs::read_to_string(&file).unwrap();
            let file = file.strip_prefix(root()).unwrap().to_str().unwrap();
            said.extend(said_in(file, &text).unwrap_or_else(|fault| panic!("{fault}")));
        }
    }
    said
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// What the tests of one file say; or which line is no statement of a test that always runs.
fn said_in(file: &str, text: &str) -> Result<Vec<Said>, String> {
    let mut said = Vec::new();
    let (mut attributes, mut test) = (Vec::new(), None);
    for (number, line) in text.lines().map(str::trim).enumerate() {
        if line.starts_with("#[") {
            attributes.push(line);
        } else if let Some((name, _)) = line.strip_prefix("fn ").and_then(|rest| rest.split_once('(')) {
            test = (attributes == ["#[test]"]).then(|| name.to_owned());
            attributes.clear();
        } else if !line.starts_with("//") && line.contains("proves(") {
            let fault = || {
                format!(
                    "{file}:{}: not a line `let … = proves(\"key\", Way::…);` of a test: {line}",
                    number + 1
                )
            };
            let (key, way) = statement(line).ok_or_else(fault)?;
            let test = test.clone().ok_or_else(fault)?;
            said.push(Said {
                key,
                way,
                file: file.to_owned(),
                test,
            });
        }
    }
    Ok(said)
}

fn statement(line: &str) -> Option<(String, Way)> {
    let (name, call) = line.strip_prefix("let _")?.split_once(" = proves(\"")?;
    let (key, way) = call.strip_suffix(");")?.split_once("\", Way::")?;
    // `let _ =` would drop the proof at once.
    let way = Way::ALL.into_iter().find(|candidate| format!("{candidate:?}") == way)?;
    (!name.is_empty()).then(|| (key.to_owned(), way))
}

fn page(said: &BTreeSet<Said>) -> String {
    let mut text = INTRODUCTION.to_owned();
    let ways = Way::ALL.map(|way| way.to_string()).join(" | ");
    writeln!(
        text,
        "\n| Client | Seen with | {ways} |\n|---|---|{}",
        "---|".repeat(Way::ALL.len())
    )
    .unwrap();
    for client in CLIENTS {
        let cells = Way::ALL.map(|way| if works(client, way, said) { "works" } else { "–" });
        writeln!(
            text,
            "| {} | {} | {} |",
            client.name,
            client.versions,
            cells.join(" | ")
        )
        .unwrap();
    }
    text += "\n\"–\" means that no test uses that way, not that it fails. Below is what works, where it ends, and the tests that \
        show it.\n";
    for client in CLIENTS {
        writeln!(text, "\n## {}\n", client.name).unwrap();
        for claim in client.claims {
            let verdict = if claim.works { "Works" } else { "**Limit**" };
            writeln!(text, "- {verdict}: {}.", claim.says).unwrap();
            for Said { way, file, test, .. } in proofs(claim, said) {
                writeln!(text, "  - {way}: [`{test}`](../{file})").unwrap();
            }
        }
    }
    text
}

fn proofs<'a>(claim: &Claim, said: &'a BTreeSet<Said>) -> impl Iterator<Item = &'a Said> {
    let key = claim.key;
    said.iter().filter(move |said| said.key == key)
}

fn works(client: &Client, way: Way, said: &BTreeSet<Said>) -> bool {
    let working = client.claims.iter().filter(|claim| claim.works);
    working
        .flat_map(|claim| proofs(claim, said))
        .any(|proof| proof.way == way)
}

#[test]
fn the_page_is_what_the_tests_prove() {
    assert_page("clients.md", &page(&said()));
}

#[test]
fn every_claim_is_proved_by_a_test_and_every_proof_is_of_a_claim() {
    let claims: Vec<&str> = CLIENTS
        .iter()
        .flat_map(|client| client.claims)
        .map(|claim| claim.key)
        .collect();
    let claimed: BTreeSet<&str> = claims.iter().copied().collect();
    assert_eq!(claims.len(), claimed.len(), "a key stands twice");
    let said = said();
    let proved: BTreeSet<&str> = said.iter().map(|said| &*said.key).collect();
    assert_eq!(claimed, proved);
}

#[test]
fn the_versions_that_the_tests_fix_are_those_of_the_page() {
    for (pin, file) in CLIENTS.iter().filter_map(|client| client.pinned) {
        assert!(
            fs::read_to_string(root().join(file)).unwrap().contains(pin),
            "{file} has no {pin}"
        );
    }
}

/// `make test` runs it after all tests, with their proofs.
#[test]
#[ignore = "needs all tests of the clients to have run before, with VMYNA_CLIENTS_PROVED"]
fn every_proof_of_the_page_was_given() {
    let directory = env::var_os(PROVED).unwrap_or_else(|| panic!("{PROVED} names no directory"));
    let missing: Vec<Said> = said()
        .into_iter()
        .filter(|said| {
            !Path::new(&directory)
                .join(Proof::file_name(&said.key, said.way))
                .exists()
        })
        .collect();
    assert!(missing.is_empty(), "these tests have not passed: {missing:#?}");
}

#[test]
fn only_a_statement_of_a_test_that_always_runs_counts() {
    let test = |before: &str, line: &str| said_in("f", &format!("{before}\nfn name() {{\n    {line}\n}}\n"));
    let good = "let _proof = proves(\"a.b\", Way::Vpcd);";
    let said = Said {
        key: "a.b".to_owned(),
        way: Way::Vpcd,
        file: "f".to_owned(),
        test: "name".to_owned(),
    };
    assert_eq!(test("#[test]", good), Ok(vec![said]));
    assert_eq!(test("#[test]", &format!("// {good}")), Ok(vec![]));
    for (before, line) in [
        ("", good),
        ("#[test]\n#[ignore = \"slow\"]", good),
        ("#[test]\n#[cfg(windows)]", good),
        ("#[test]\nfn other() {}\n", good),
        ("#[test]", "let _ = proves(\"a.b\", Way::Vpcd);"),
        ("#[test]", "let _proof = proves(KEY, Way::Vpcd);"),
        ("#[test]", "let _proof = proves(\"a.b\", way);"),
    ] {
        assert!(test(before, line).is_err(), "{before} {line}");
    }
}
