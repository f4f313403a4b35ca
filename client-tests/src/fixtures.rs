//! Finds the files of the reference card: the public byte-for-byte record of what a test card of the issuer returns. They
//! come with the package of `myna-card` (MIT licence) and are read from there, so that no copy can drift. Must never write.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The files by name.
///
/// # Panics
/// Where cargo can't say in which directory the package of the client lies.
#[must_use]
pub fn reference_card_files() -> &'static BTreeMap<String, Vec<u8>> {
    static FILES: OnceLock<BTreeMap<String, Vec<u8>>> = OnceLock::new();
    FILES.get_or_init(read_files)
}

fn read_files() -> BTreeMap<String, Vec<u8>> {
    let directory = package_directory().join("tests/fixtures");
    let entries = std::fs::read_dir(&directory).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "bin" || end == "der"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect()
}

/// Asks cargo, without the network and for this machine only: what other platforms need may not be there.
fn package_directory() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .args(["--filter-platform", &host()])
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo metadata: {complaint}");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let client = packages.iter().find(|package| package["name"] == "myna-card").unwrap();
    let manifest = Path::new(client["manifest_path"].as_str().unwrap());
    manifest.parent().unwrap().to_owned()
}

fn host() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.unwrap().to_owned()
}
