use super::super::error::NO_FILE;
use super::*;
use crate::state::error::StoreErrorKind;

#[test]
fn a_state_needs_two_directories_synced() {
    let names = |state: &str| directories(Path::new(state)).map(|directory| directory.display().to_string());
    assert_eq!(names("/d/c.state/hanako.redb"), ["/d/c.state", "/d/c.state/.."]);
    assert_eq!(names("hanako.redb"), [".", "./.."]);
}

#[test]
fn sync_name_syncs_the_directory_of_the_state() {
    let directory = tempfile::tempdir().unwrap();
    let there = directory.path().join("there");
    fs::create_dir(&there).unwrap();
    let lock = || Lock::take(directory.path().join("lock")).unwrap();
    let medium = FileMedium {
        state: there.join("hanako.state"),
        lock: lock(),
        opened: Mutex::default(),
    };
    medium.sync_name().unwrap();
    fs::remove_dir(&there).unwrap();
    assert!(medium.sync_name().is_err(), "another directory was synced, or none");
    drop(medium);

    // A bare name is in the current directory.
    let medium = FileMedium {
        state: PathBuf::from("hanako.state"),
        lock: lock(),
        opened: Mutex::default(),
    };
    medium.sync_name().unwrap();
}

#[test]
fn a_reader_gets_the_error_of_a_locked_card_with_and_without_write_permission() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("hanako.state");
    let medium = FileMedium::lock(&state).unwrap();
    let in_use = |error: StoreError| assert!(matches!(error.kind, StoreErrorKind::InUse(_)), "{error}");
    in_use(lock_shared(&state).unwrap_err());
    in_use(lock_unwritable(&state).unwrap_err());
    drop(medium);
    assert!(lock_unwritable(&state).unwrap().is_none());
}

#[test]
fn remove_accepts_an_absent_file_and_refuses_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hanako.state");
    remove(&path).unwrap();
    fs::write(&path, "").unwrap();
    remove(&path).unwrap();
    assert!(!path.exists());
    assert_eq!(remove(directory.path()).unwrap_err().kind(), NO_FILE);
}
