use std::sync::LazyLock;

use super::*;

fn begin() -> DateTime {
    "2026-11-01T01:00:00Z".parse().unwrap()
}

fn made() -> (tempfile::TempDir, PathBuf) {
    let around = tempfile::tempdir().unwrap();
    let folder = around.path().join("ca");
    init(&folder, &[7; 32], begin(), None, &|| Ok(())).unwrap();
    (around, folder)
}

/// A folder as [`made`] makes it, of the same keys: making them takes seconds.
fn copied() -> (tempfile::TempDir, PathBuf) {
    static FIRST: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
        let (_around, folder) = made();
        let paths = authorities::paths().chain([DESCRIPTION.to_owned()]);
        paths
            .map(|path| (path.clone(), std::fs::read(folder.join(path)).unwrap()))
            .collect()
    });
    let around = tempfile::tempdir().unwrap();
    let folder = around.path().join("ca");
    for (path, bytes) in FIRST.iter() {
        write_private(&folder.join(path), bytes).unwrap();
    }
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
    let (_around, folder) = copied();
    let refused = init(&folder, &[8; 32], begin(), None, &|| Ok(())).unwrap_err();
    assert!(refused.to_string().contains("never overwritten"), "{refused}");
    open(&folder).unwrap();
}

#[test]
fn each_missing_and_each_damaged_file_is_named() {
    let (_around, folder) = copied();
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
    let (_around, folder) = copied();
    std::fs::copy(
        folder.join("auth-ca/certificate.der"),
        folder.join("sign-ca/certificate.der"),
    )
    .unwrap();
    assert!(message(open(&folder)).contains("sign-ca/certificate.der"));
}

#[test]
fn a_later_format_and_another_folder_are_two_errors() {
    let (around, folder) = copied();
    std::fs::write(folder.join(DESCRIPTION), "format = 3\n").unwrap();
    assert!(matches!(open(&folder), Err(CaFolderError::Newer(_, 3))));
    for other in [around.path(), &around.path().join("absent")] {
        assert!(matches!(open(other), Err(CaFolderError::NoCaFolder(path)) if path == other));
    }
}

fn description(folder: &Path) -> String {
    std::fs::read_to_string(folder.join(DESCRIPTION)).unwrap()
}

fn later(year: u16) -> DateTime {
    DateTime::new(year, 11, 1, 1, 0, 0).unwrap()
}

#[test]
fn a_folder_with_an_address_or_a_generation_has_a_format_that_older_programs_refuse() {
    let (around, folder) = copied();
    let first = description(&folder);
    assert!(first.contains("\nformat = 1\n") && !first.contains("url"), "{first}");
    let plain = Description {
        begin: Some(begin()),
        service: None,
        generations: 1,
    };
    assert_eq!(plain.text(), first);
    let other = around.path().join("other");
    let url: ServiceUrl = "http://authority.test:8080".parse().unwrap();
    init(&other, &[7; 32], begin(), Some(&url), &|| Ok(())).unwrap();
    assert!(
        description(&other).contains("\nformat = 2\n"),
        "{}",
        description(&other)
    );
    // The authorities themselves are the same: only what they issue differs.
    let certificate = "auth-ca/certificate.der";
    assert!(std::fs::read(folder.join(certificate)).unwrap() == std::fs::read(other.join(certificate)).unwrap());
    let services = |folder: &Path| -> Vec<String> {
        let all = open_certifying(folder).unwrap();
        all.iter().map(|authority| authority.service().to_string()).collect()
    };
    assert_eq!(services(&other), ["http://authority.test:8080"; 2]);
    assert_eq!(services(&folder), ["http://localhost:47910"; 2]);
    // The address outlives a new generation.
    assert_eq!(rollover(&other, &[9; 32], later(2030), &|| Ok(())).unwrap(), 2);
    assert_eq!(services(&other), ["http://authority.test:8080"; 4]);
}

#[test]
fn a_new_generation_has_the_name_and_the_newest_that_covers_a_certificate_issues_it() {
    let (_around, folder) = copied();
    let before = open_certifying(&folder).unwrap();
    assert_eq!(rollover(&folder, &[9; 32], later(2030), &|| Ok(())).unwrap(), 2);
    assert_eq!(rollover(&folder, &[9; 32], later(2034), &|| Ok(())).unwrap(), 3);
    assert_eq!(generations(&folder).unwrap(), 3);
    let all = open_certifying(&folder).unwrap();
    let begins: Vec<u16> = all.iter().map(|authority| authority.begin().year()).collect();
    assert_eq!(begins, [2026, 2026, 2030, 2030, 2034, 2034]);
    for kind in 0..2 {
        let subject = |at: usize| all[at].parsed().tbs_certificate.subject.clone();
        assert!(subject(kind) == subject(kind + 2) && subject(kind) == subject(kind + 4));
        assert!(all[kind].certificate() == before[kind].certificate());
        let certificates = [kind, kind + 2, kind + 4].map(|at| {
            let certificate = &all[at].parsed().tbs_certificate;
            (
                certificate.serial_number.clone(),
                certificate.subject_public_key_info.clone(),
            )
        });
        assert!(certificates[0] != certificates[1] && certificates[1] != certificates[2]);
        assert!(certificates[0].0 != certificates[1].0 && certificates[1].0 != certificates[2].0);
    }
    let authorities = open(&folder).unwrap();
    for (from, to, year) in [
        (later(2026), later(2031), 2026),
        (later(2029), later(2034), 2026),
        (later(2030), later(2035), 2030),
        (later(2033), later(2038), 2030),
        (later(2034), later(2039), 2034),
        (later(2038), later(2043), 2034),
    ] {
        assert!(authorities.covers(from, to), "{from}");
        assert_eq!(authorities.generation(from, to).sign.begin(), later(year), "{from}");
    }
    assert_eq!(
        authorities.validity(),
        (begin(), "2044-10-31T14:59:59Z".parse().unwrap())
    );
    assert!(!authorities.covers(later(2040), later(2045)));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &str| folder.join(path).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(
            (mode("generations"), mode("generations/2"), mode(DESCRIPTION)),
            (0o700, 0o700, 0o600)
        );
        assert_eq!(mode("generations/3/sign-ca/key.pem"), 0o600);
    }
}

#[test]
fn a_generation_counts_when_the_description_does_and_what_was_left_is_replaced() {
    let (_around, folder) = copied();
    let first = description(&folder);
    rollover(&folder, &[9; 32], later(2030), &|| Ok(())).unwrap();
    let second = std::fs::read(folder.join("generations/2/sign-ca/certificate.der")).unwrap();
    // Killed before the description was replaced: the old state, whatever is in the folder.
    std::fs::write(folder.join(DESCRIPTION), &first).unwrap();
    std::fs::remove_file(folder.join("generations/2/auth-ca/key.pem")).unwrap();
    assert_eq!(open_certifying(&folder).unwrap().len(), 2);
    open(&folder).unwrap();
    rollover(&folder, &[10; 32], later(2031), &|| Ok(())).unwrap();
    assert_eq!(open_certifying(&folder).unwrap().len(), 4);
    assert!(std::fs::read(folder.join("generations/2/sign-ca/certificate.der")).unwrap() != second);
    // One that counts and lacks a file is an error that names it.
    let lost = folder.join("generations/2/auth-ca/key.pem");
    std::fs::remove_file(&lost).unwrap();
    assert!(matches!(open(&folder), Err(CaFolderError::File(path, None)) if path == lost));
    assert!(matches!(open_certifying(&folder), Err(CaFolderError::File(path, None)) if path == lost));
}

#[test]
fn a_generation_that_ends_early_or_begins_too_early_leaves_the_folder_as_it_was() {
    let (around, folder) = copied();
    let first = description(&folder);
    let stopped = rollover(&folder, &[9; 32], later(2030), &|| Err(IssuanceError::Stopped));
    assert!(matches!(stopped, Err(CaFolderError::Issuance(IssuanceError::Stopped))));
    for begin in [begin(), later(2020)] {
        let refused = rollover(&folder, &[9; 32], begin, &|| Ok(())).unwrap_err();
        assert!(matches!(refused, CaFolderError::Begin(..)), "{refused}");
    }
    let held = File::open(&folder).unwrap();
    held.try_lock().unwrap();
    let refused = rollover(&folder, &[9; 32], later(2030), &|| Ok(())).unwrap_err();
    assert!(matches!(refused, CaFolderError::InUse(_)), "{refused}");
    drop(held);
    assert_eq!(description(&folder), first);
    assert!(!folder.join("generations").exists());
    let none = around.path().join("absent");
    assert!(matches!(
        rollover(&none, &[9; 32], later(2030), &|| Ok(())),
        Err(CaFolderError::NoCaFolder(_))
    ));
}

#[test]
fn a_description_with_impossible_values_is_refused_and_names_the_value() {
    let (_around, folder) = copied();
    for (text, rule) in [
        ("generations = 0", "generations"),
        ("generations = 101", "generations"),
        ("generations = -1", "generations"),
        ("generations = \"2\"", "generations"),
        ("url = \"https://localhost\"", "url"),
        ("url = 5", "url"),
    ] {
        std::fs::write(folder.join(DESCRIPTION), format!("format = 2\n{text}\n")).unwrap();
        let refused = message(open(&folder));
        assert!(
            refused.contains(rule) && refused.contains(DESCRIPTION),
            "{text}: {refused}"
        );
    }
    std::fs::write(folder.join(DESCRIPTION), "format = 2\ngenerations = 1\n").unwrap();
    open(&folder).unwrap();
    // A folder of a hundred generations takes no more.
    std::fs::write(folder.join(DESCRIPTION), "format = 2\ngenerations = 100\n").unwrap();
    assert!(matches!(open(&folder), Err(CaFolderError::File(..))));
}

#[test]
fn a_folder_made_before_there_were_mdocs_gets_their_root_once() {
    let (_around, folder) = copied();
    assert!(mdoc_if_there(&folder).unwrap().is_none());
    let made = mdoc(&folder, &[9; 32]).unwrap();
    let root = made.root(begin()).unwrap();
    assert_eq!(root.begin(), begin());
    // Another seed changes nothing any more, and the other authorities are what they were.
    for again in [
        mdoc(&folder, &[10; 32]).unwrap(),
        mdoc_if_there(&folder).unwrap().unwrap(),
    ] {
        assert_eq!(again.root(begin()).unwrap().certificate(), root.certificate());
    }
    open(&folder).unwrap();
    #[cfg(unix)]
    for path in mdoc::paths() {
        use std::os::unix::fs::PermissionsExt;
        let mode = folder.join(&path).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{path}");
    }
    let left: Vec<_> = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        left.iter().all(|name| !name.to_string_lossy().starts_with('.')),
        "{left:?}"
    );
}

#[test]
fn a_new_folder_has_the_root_of_its_seed_at_the_address_of_its_services() {
    let around = tempfile::tempdir().unwrap();
    let folder = around.path().join("ca");
    let service: ServiceUrl = "http://ca.test:81".parse().unwrap();
    init(&folder, &[7; 32], begin(), Some(&service), &|| Ok(())).unwrap();
    let there = mdoc_if_there(&folder).unwrap().unwrap();
    let expected = MdocAuthority::establish(&[7; 32], begin(), &service).unwrap();
    let at = begin();
    assert_eq!(
        there.root(at).unwrap().certificate(),
        expected.root(at).unwrap().certificate()
    );
    let signer = there.signer(at, 0).unwrap().signer.certificate;
    assert!(String::from_utf8_lossy(&signer).contains("http://ca.test:81/crl/"));
}

#[test]
fn a_damaged_and_a_missing_file_of_the_mdoc_root_are_named() {
    let (_around, folder) = copied();
    mdoc(&folder, &[9; 32]).unwrap();
    for path in mdoc::paths() {
        let file = folder.join(&path);
        let good = std::fs::read(&file).unwrap();
        std::fs::write(&file, b"damaged").unwrap();
        let refused = mdoc(&folder, &[9; 32]).err().unwrap().to_string();
        assert!(refused.contains("mdoc-root"), "{refused}");
        std::fs::remove_file(&file).unwrap();
        let refused = mdoc(&folder, &[9; 32]).err().unwrap().to_string();
        assert!(
            refused.contains(&*file.to_string_lossy()) && refused.contains("missing"),
            "{refused}"
        );
        std::fs::write(&file, good).unwrap();
    }
}
