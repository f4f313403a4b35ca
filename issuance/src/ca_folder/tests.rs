use super::*;

fn begin() -> DateTime {
    "2026-11-01T01:00:00Z".parse().unwrap()
}

fn made() -> (tempfile::TempDir, PathBuf) {
    let around = tempfile::tempdir().unwrap();
    let folder = around.path().join("ca");
    init(&folder, &[7; 32], begin(), &|| Ok(())).unwrap();
    (around, folder)
}

fn message(result: Result<Authorities, CaFolderError>) -> String {
    result.err().unwrap().to_string()
}

#[test]
fn a_folder_is_for_its_owner_only_and_can_be_taken_up_again() {
    let (around, folder) = made();
    open(&folder).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        for path in authorities::paths() {
            assert_eq!(mode(&folder.join(&path)), 0o600, "{path}");
        }
    }
    let left: Vec<_> = around
        .path()
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["ca"]);
}

#[test]
fn the_same_seed_makes_the_same_authorities() {
    let (_one, first) = made();
    let (_other, second) = made();
    for path in authorities::paths() {
        assert!(
            std::fs::read(first.join(&path)).unwrap() == std::fs::read(second.join(&path)).unwrap(),
            "{path}"
        );
    }
}

#[test]
fn authorities_are_never_overwritten() {
    let (_around, folder) = made();
    let refused = init(&folder, &[8; 32], begin(), &|| Ok(())).unwrap_err();
    assert!(refused.to_string().contains("never overwritten"), "{refused}");
    open(&folder).unwrap();
}

#[test]
fn each_missing_and_each_damaged_file_is_named() {
    let (_around, folder) = made();
    for path in authorities::paths() {
        let file = folder.join(&path);
        let good = std::fs::read(&file).unwrap();
        std::fs::write(&file, b"damaged").unwrap();
        let needed = !path.starts_with("terminal-i") && !path.starts_with("terminal/");
        if needed {
            assert!(message(open(&folder)).contains(&*file.to_string_lossy()), "{path}");
            std::fs::remove_file(&file).unwrap();
            let refused = message(open(&folder));
            assert!(
                refused.contains(&*file.to_string_lossy()) && refused.contains("missing"),
                "{refused}"
            );
        }
        std::fs::write(&file, good).unwrap();
        open(&folder).unwrap();
    }
}

#[test]
fn the_certificate_of_another_set_is_refused() {
    let (_around, folder) = made();
    std::fs::copy(
        folder.join("auth-ca/certificate.der"),
        folder.join("sign-ca/certificate.der"),
    )
    .unwrap();
    assert!(message(open(&folder)).contains("sign-ca/certificate.der"));
}

#[test]
fn a_later_format_and_another_folder_are_two_errors() {
    let (around, folder) = made();
    std::fs::write(folder.join(DESCRIPTION), "format = 2\n").unwrap();
    assert!(matches!(open(&folder), Err(CaFolderError::Newer(_, 2))));
    for other in [around.path(), &around.path().join("absent")] {
        assert!(matches!(open(other), Err(CaFolderError::NoCaFolder(path)) if path == other));
    }
}
