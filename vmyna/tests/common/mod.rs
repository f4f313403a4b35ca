//! A folder with the specimens' authorities and copies of specimen cards.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use vmyna::applets::{image, specimen};

/// The authorities are in `ca`, the cards of these names in one image, of which the path is returned too.
pub(crate) fn folder(names: &[&str]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let specimens = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-vectors/specimens/ca");
    copy(&specimens, &folder.path().join("ca"));
    let path = folder.path().join("card.vmyna");
    let mut file = image::create(&path).unwrap();
    for name in names {
        file.add(&specimen::find(name).unwrap().unwrap()).unwrap();
    }
    file.finish().unwrap();
    (folder, path)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}
