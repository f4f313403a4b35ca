//! The floor plan: which package of the workspace may use which, and what a package must never bring along.
//!
//! Dependencies point down. Only normal dependencies count, because tests may use every package.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Each package with the packages that it may use, the lowest floor first. No package is above one that it may use.
const FLOORS: &[(&str, &[&str])] = &[
    ("vmyna-apdu", &[]),
    ("vmyna-test-vectors", &[]),
    ("vmyna-photo", &[]),
    ("vmyna-files", &["vmyna-apdu"]),
    ("vmyna-mdoc", &["vmyna-apdu"]),
    ("vmyna-card-os", &["vmyna-apdu"]),
    ("vmyna-reader-bridge", &["vmyna-apdu"]),
    ("vmyna-pcsc-service", &["vmyna-apdu"]),
    (
        "vmyna-applets",
        &["vmyna-apdu", "vmyna-files", "vmyna-test-vectors", "vmyna-card-os"],
    ),
    (
        "vmyna-issuance",
        &[
            "vmyna-apdu",
            "vmyna-files",
            "vmyna-test-vectors",
            "vmyna-photo",
            "vmyna-mdoc",
            "vmyna-card-os",
            "vmyna-applets",
        ],
    ),
    (
        "vmyna-authority",
        &[
            "vmyna-apdu",
            "vmyna-mdoc",
            "vmyna-card-os",
            "vmyna-applets",
            "vmyna-issuance",
        ],
    ),
    ("vmyna-explain", &["vmyna-apdu", "vmyna-card-os", "vmyna-applets"]),
    ("vmyna-conformance", &["vmyna-apdu", "vmyna-test-vectors"]),
    (
        "vmyna",
        &[
            "vmyna-apdu",
            "vmyna-files",
            "vmyna-card-os",
            "vmyna-reader-bridge",
            "vmyna-pcsc-service",
            "vmyna-applets",
            "vmyna-issuance",
            "vmyna-authority",
            "vmyna-explain",
        ],
    ),
    (
        "vmyna-candidates",
        &[
            "vmyna-apdu",
            "vmyna-photo",
            "vmyna-mdoc",
            "vmyna-card-os",
            "vmyna-applets",
            "vmyna-issuance",
            "vmyna-authority",
        ],
    ),
    (
        "vmyna-examiner",
        &[
            "vmyna-apdu",
            "vmyna-files",
            "vmyna-card-os",
            "vmyna-reader-bridge",
            "vmyna-pcsc-service",
            "vmyna-applets",
            "vmyna-issuance",
            "vmyna-authority",
            "vmyna-candidates",
            "vmyna",
        ],
    ),
    (
        "vmyna-desk",
        &[
            "vmyna-apdu",
            "vmyna-files",
            "vmyna-mdoc",
            "vmyna-card-os",
            "vmyna-reader-bridge",
            "vmyna-pcsc-service",
            "vmyna-applets",
            "vmyna-issuance",
            "vmyna-authority",
            "vmyna-explain",
            "vmyna",
        ],
    ),
    (
        "vmyna-cli",
        &[
            "vmyna-apdu",
            "vmyna-files",
            "vmyna-photo",
            "vmyna-mdoc",
            "vmyna-card-os",
            "vmyna-reader-bridge",
            "vmyna-pcsc-service",
            "vmyna-applets",
            "vmyna-issuance",
            "vmyna-authority",
            "vmyna-explain",
            "vmyna-conformance",
            "vmyna",
            "vmyna-candidates",
            "vmyna-examiner",
            "vmyna-desk",
        ],
    ),
    // Examples of what uses a card through PC/SC, so they know nothing of how a virtual one works. No package may use them.
    ("vmyna-host-programs", &["vmyna-apdu", "vmyna-files"]),
    // It verifies cards, so it shares nothing with what makes them.
    ("vmyna-example-verifier", &[]),
    // For tests only: no package may use it.
    ("vmyna-testkit", &["vmyna-apdu", "vmyna-test-vectors"]),
];

/// What a program that only opens a specimen must not compile: it belongs to issuing.
const ISSUING: [&str; 4] = ["rayon", "png", "toml", "vmyna-issuance"];

/// What a command that serves no certificates must not compile.
const SERVERS: [&str; 5] = ["tokio", "axum", "hyper", "rusqlite", "libsqlite3-sys"];

/// What is not packaged as a library.
const PROGRAMS: [&str; 4] = [
    "vmyna-cli",
    "vmyna-host-programs",
    "vmyna-example-verifier",
    "vmyna-testkit",
];

/// The largest package that the registry takes, in bytes.
const LARGEST: u64 = 10 * 1024 * 1024;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folder of a package.
fn folder(package: &str) -> PathBuf {
    root().join(match package {
        "vmyna" => "vmyna",
        "vmyna-host-programs" => "applications/host",
        "vmyna-example-verifier" => "examples/verifiers/rust",
        other => other.trim_start_matches("vmyna-"),
    })
}

/// What cargo prints on standard output.
fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {}: {errors}", arguments.join(" "));
    String::from_utf8(output.stdout).unwrap()
}

/// The packages of the workspace: the name, and the names of their normal dependencies.
fn packages() -> BTreeMap<String, Vec<String>> {
    let metadata = cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--no-deps",
        "--offline",
        "--locked",
    ]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let normal = |package: &Value| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        dependencies
            .filter(|one| one["kind"].is_null())
            .map(|one| text(&one["name"]))
            .collect()
    };
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .map(|package| (text(&package["name"]), normal(package)))
        .collect()
}

fn of_workspace(names: &[String]) -> Vec<&str> {
    let mut names: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| name.starts_with("vmyna"))
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn every_dependency_points_down() {
    for (at, (name, allowed)) in FLOORS.iter().enumerate() {
        let below: Vec<&str> = FLOORS[..at].iter().map(|(name, _)| *name).collect();
        assert!(
            allowed.iter().all(|one| below.contains(one)),
            "{name} is not above what it may use"
        );
    }
    for (name, dependencies) in packages() {
        let floor = FLOORS.iter().find(|(known, _)| *known == name);
        let (_, allowed) = floor.unwrap_or_else(|| panic!("{name} has no place in the floor plan"));
        for used in of_workspace(&dependencies) {
            assert!(allowed.contains(&used), "{name} may not use {used}");
        }
    }
}

#[test]
fn apdu_and_the_test_vectors_depend_on_nothing() {
    let packages = packages();
    for name in ["vmyna-apdu", "vmyna-test-vectors"] {
        assert!(packages[name].is_empty(), "{name}: {:?}", packages[name]);
    }
}

#[test]
fn conformance_uses_apdu_and_the_test_vectors_alone() {
    assert_eq!(
        of_workspace(&packages()["vmyna-conformance"]),
        ["vmyna-apdu", "vmyna-test-vectors"]
    );
}

/// The packages that cargo builds for a package with these options, a line each.
fn tree(package: &str, more: &[&str]) -> String {
    let tree = [
        "tree",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--offline",
        "--locked",
        "--package",
        package,
    ];
    cargo(&[&tree, more].concat())
}

fn has(tree: &str, name: &str) -> bool {
    tree.lines().any(|line| line.split(' ').next() == Some(name))
}

#[test]
fn a_specimen_needs_nothing_of_issuing() {
    let (applets, issuance) = (tree("vmyna-applets", &[]), tree("vmyna-issuance", &[]));
    for name in ISSUING {
        assert!(!has(&applets, name), "vmyna-applets brings {name}");
        assert!(
            has(&issuance, name),
            "vmyna-issuance no longer needs {name}: this test looks for the wrong name"
        );
    }
}

#[test]
fn the_command_without_its_default_features_needs_neither_tokio_nor_sqlite() {
    let tree = |more: &[&str]| tree("vmyna-cli", more);
    let (all, least) = (tree(&[]), tree(&["--no-default-features"]));
    let most = tree(&["--no-default-features", "--features", "openssl,pcsc"]);
    for name in SERVERS {
        let has = |tree: &str| has(tree, name);
        assert!(
            has(&all),
            "the command no longer needs {name}: this test looks for the wrong name"
        );
        assert!(
            !has(&least) && !has(&most),
            "{name} is brought without the feature `authority`"
        );
    }
}

#[test]
fn the_library_brings_the_register_with_its_feature_only_and_never_tokio() {
    let (least, counter) = (tree("vmyna", &[]), tree("vmyna", &["--features", "authority"]));
    for name in ISSUING.iter().chain(&SERVERS) {
        assert!(!has(&least, name), "vmyna brings {name}");
    }
    for (name, is_there) in [
        ("rusqlite", true),
        ("vmyna-issuance", true),
        ("tokio", false),
        ("axum", false),
    ] {
        assert_eq!(has(&counter, name), is_there, "{name} with the feature `authority`");
    }
}

#[test]
fn every_library_can_be_packaged() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().to_str().unwrap();
    let packages = packages();
    let libraries: Vec<&str> = packages
        .keys()
        .map(String::as_str)
        .filter(|name| !PROGRAMS.contains(name))
        .collect();
    let mut arguments = vec![
        "package",
        "--no-verify",
        "--allow-dirty",
        "--offline",
        "--locked",
        "--target-dir",
        target,
    ];
    arguments.extend(libraries.iter().flat_map(|name| ["--package", *name]));
    cargo(&arguments);
    for name in libraries {
        let package = folder
            .path()
            .join(format!("package/{name}-{}.crate", env!("CARGO_PKG_VERSION")));
        let size = fs::metadata(&package).unwrap().len();
        assert!(size < LARGEST, "{name}: {size} bytes");
    }
}

#[test]
fn no_library_includes_a_file_outside_its_package() {
    let mut seen = 0;
    for (name, _) in FLOORS.iter().filter(|(name, _)| *name != "vmyna-testkit") {
        let folder = folder(name);
        if folder.join("Cargo.toml").is_file() {
            each_source(&folder.join("src"), &mut |path, text| {
                seen += 1;
                // Tests at the end of a file may read the repository; a package is built without them.
                let product = text.split("#[cfg(test)]").next().unwrap();
                let depth = path.strip_prefix(&folder).unwrap().components().count() - 1;
                for part in product
                    .split("include_")
                    .skip(1)
                    .filter(|part| ["str!", "bytes!"].iter().any(|kind| part.starts_with(kind)))
                {
                    let argument = part.split(';').next().unwrap();
                    assert!(
                        argument.matches("../").count() <= depth,
                        "{}: include_{argument}",
                        path.display()
                    );
                    assert!(
                        !argument.contains("CARGO_MANIFEST_DIR"),
                        "{}: include_{argument}",
                        path.display()
                    );
                }
            });
        }
    }
    assert!(seen > 100, "only {seen} files were read");
}

/// Calls `each` with every Rust source under a folder but those of tests.
fn each_source(folder: &Path, each: &mut dyn FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        if stem == "tests" {
            continue;
        }
        if path.is_dir() {
            each_source(&path, each);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            each(&path, &fs::read_to_string(&path).unwrap());
        }
    }
}

/// Methods that panic if the system has no thread to give are refused in every package but this one, which is for tests, and
/// the example of a verifier, which can't use the replacements in the libraries.
#[test]
fn every_product_crate_refuses_the_methods_of_clippy_toml() {
    for (package, _) in FLOORS {
        let source = folder(package).join("src");
        let main = ["lib.rs", "main.rs"].map(|name| fs::read_to_string(source.join(name)).unwrap_or_default());
        let line = "#![cfg_attr(not(test), warn(clippy::disallowed_methods))]";
        assert!(
            ["vmyna-testkit", "vmyna-example-verifier"].contains(package) || main.concat().contains(line),
            "{package}"
        );
    }
}
