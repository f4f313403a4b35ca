use super::*;

#[test]
fn an_error_about_an_ordinary_file_is_returned_unchanged() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    std::os::unix::fs::symlink(&file, directory.path().join("link")).unwrap();
    std::fs::create_dir(directory.path().join("folder")).unwrap();
    let denied = io::ErrorKind::PermissionDenied;
    for (name, expected) in [
        ("file", denied),
        ("nothing", denied),
        ("link", NO_FILE),
        ("folder", NO_FILE),
    ] {
        let error = unless_file(&directory.path().join(name), denied.into());
        assert_eq!(error.kind(), expected, "{name}");
    }
}
