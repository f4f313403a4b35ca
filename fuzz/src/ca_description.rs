//! `ca.toml`, which says that a folder holds authorities: any bytes in it are refused with the right reason, and nothing
//! else in the folder is asked for before its format is known.

use std::fs;
use std::sync::LazyLock;

use tempfile::TempDir;
use vmyna_issuance::ca_folder::{CaFolderError, open};

use crate::memory::peak_of;

/// A folder with nothing but its `ca.toml`. libFuzzer ends the process without dropping it: whoever runs this removes what
/// `TMPDIR` names, as `scripts/fuzz.sh` does.
static FOLDER: LazyLock<TempDir> = LazyLock::new(|| TempDir::new().expect("a folder"));

/// One input: the file.
pub fn run(input: &[u8]) {
    let path = FOLDER.path().join("ca.toml");
    fs::write(&path, input).expect("a file can be written");
    let (opened, peak) = peak_of(|| open(FOLDER.path()));
    // The TOML library keeps a fault for each byte that has one, in a list that doubles.
    assert!(
        peak <= 128 * 1024 + 1200 * input.len(),
        "{peak} bytes for {}",
        input.len()
    );
    let Err(error) = opened else {
        panic!("authorities out of nothing")
    };
    let format = str::from_utf8(input)
        .ok()
        .and_then(|text| text.parse::<toml::Table>().ok());
    let format = format
        .as_ref()
        .and_then(|table| table.get("format"))
        .and_then(toml::Value::as_integer);
    match (format, &error) {
        // The format is known, and the first of the other files is missing.
        (Some(1 | 2), CaFolderError::File(file, None)) => assert!(file.starts_with(FOLDER.path()) && *file != path),
        (Some(2), CaFolderError::Description(file, _)) => assert_eq!(*file, path),
        (Some(newer @ 3..), CaFolderError::Newer(folder, told)) => {
            assert_eq!((folder.as_path(), told), (FOLDER.path(), &newer))
        }
        (Some(..=0) | None, CaFolderError::NoCaFolder(_)) => {}
        (None, CaFolderError::Io(file, _)) => {
            assert!(
                *file == path && str::from_utf8(input).is_err(),
                "a file that can be read was not"
            );
        }
        (format, error) => panic!("format {format:?}: {error}"),
    }
    assert!(
        error.to_string().contains(&*FOLDER.path().to_string_lossy()),
        "an error says where"
    );
}
