//! Installing into folders of tests: what is written, what stays, and what is refused.

use std::collections::BTreeSet;
use std::process::Command;

use super::*;

struct Rig {
    folder: tempfile::TempDir,
    browser: Browser,
}

impl Rig {
    fn new(browser: Browser) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, browser }
    }

    /// The installation in the test's folder in place of the home folder.
    fn installation(&self) -> Installation {
        Installation {
            browser: self.browser,
            manifest: self.folder.path().join("manifests").join(format!("{HOST_NAME}.json")),
            base: self.folder.path().join("data"),
        }
    }

    fn install(&self) -> Result<Written, InstallError> {
        self.installation()
            .install(Path::new("/opt/it's/vmyna"), &hanako(), &[])
    }

    /// All files, and folders that are empty.
    fn files(&self) -> BTreeSet<PathBuf> {
        fn walk(folder: &Path, into: &mut BTreeSet<PathBuf>) {
            let entries: Vec<_> = fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .collect();
            if entries.is_empty() {
                into.insert(folder.to_owned());
            }
            for path in entries {
                match path.is_dir() {
                    true => walk(&path, into),
                    false => drop(into.insert(path)),
                }
            }
        }
        let mut files = BTreeSet::new();
        walk(self.folder.path(), &mut files);
        files
    }
}

fn hanako() -> Source {
    Source::Card(vmyna::CardSource::hanako())
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn the_manifest_names_the_script_and_the_one_extension() {
    for browser in Browser::ALL {
        let rig = Rig::new(browser);
        let written = rig.install().unwrap();
        let manifest = json(&written.manifest);
        assert_eq!(manifest["name"], HOST_NAME);
        assert_eq!(manifest["type"], "stdio");
        assert_eq!(manifest["path"], written.script.to_str().unwrap());
        let (origins, ids) = (&manifest["allowed_origins"], &manifest["allowed_extensions"]);
        match browser {
            Browser::Firefox => assert_eq!((origins, ids), (&Value::Null, &json!([extension::FIREFOX_ID]))),
            _ => assert_eq!((origins, ids), (&json!([extension::ORIGIN]), &Value::Null)),
        }
        let settings = Settings::read(&written.settings).unwrap();
        assert_eq!((settings.source, settings.browser), (hanako(), browser));
        let of_extension = json(&written.extension.join(MANIFEST));
        assert_eq!(of_extension["key"].is_null(), browser == Browser::Firefox);
        assert_eq!(rig.files().len(), 3 + FILES.len());
    }
}

#[test]
fn the_script_starts_the_program_with_settings_and_arguments() {
    let rig = Rig::new(Browser::Chromium);
    let program = rig.folder.path().join("it's a program");
    fs::write(&program, "#!/bin/sh\nprintf '%s|' \"$VMYNA_STATE\" \"$@\"\n").unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o700)).unwrap();
    let state = OsString::from("/a $HOME/'b");
    let written = rig
        .installation()
        .install(&program, &hanako(), &[("VMYNA_STATE", state)])
        .unwrap();
    let output = Command::new(&written.script)
        .arg("chrome-extension://x/")
        .output()
        .unwrap();
    let settings = written.settings.to_str().unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!("/a $HOME/'b|native-host|--settings|{settings}|chrome-extension://x/|")
    );
    for (path, mode) in [(&written.script, 0o700), (&written.settings, 0o600)] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, mode);
    }
}

#[test]
fn a_second_installation_keeps_the_number_and_so_does_one_for_another_browser() {
    let mut rig = Rig::new(Browser::Chromium);
    let uuid = |rig: &Rig| Settings::read(&rig.install().unwrap().settings).unwrap().uuid;
    let first = uuid(&rig);
    let files = rig.files();
    assert_eq!(uuid(&rig), first);
    assert_eq!(rig.files(), files);
    rig.browser = Browser::Firefox;
    // Both manifests have one name; in a home folder they are in two.
    assert_eq!(uuid(&rig), first);
}

#[test]
fn what_was_written_is_removed_and_nothing_else() {
    let rig = Rig::new(Browser::Chrome);
    assert_eq!(rig.installation().uninstall().unwrap(), [""; 0].map(PathBuf::from));
    let written = rig.install().unwrap();
    let own = written.extension.join("notes.txt");
    fs::write(&own, "a person's").unwrap();
    let removed = rig.installation().uninstall().unwrap();
    assert_eq!(removed.len(), 3 + FILES.len());
    assert_eq!(removed[0], written.manifest);
    let manifests = written.manifest.parent().unwrap().to_owned();
    assert_eq!(rig.files(), BTreeSet::from([own.clone(), manifests]));
    assert!(rig.installation().uninstall().unwrap().is_empty());
    fs::remove_file(own).unwrap();
    rig.installation().uninstall().unwrap();
    assert_eq!(rig.files().len(), 1);
}

#[test]
fn a_manifest_of_another_program_is_neither_replaced_nor_removed() {
    let rig = Rig::new(Browser::Chromium);
    let manifest = rig.installation().manifest;
    fs::create_dir_all(manifest.parent().unwrap()).unwrap();
    for content in [
        "",
        "no JSON",
        "[]",
        r#"{"name":"vmyna.native_host"}"#,
        r#"{"name":"vmyna.native_host","description":"another program"}"#,
        r#"{"name":"other","description":"vmyna: virtual My Number Card (SPECIMEN, for tests)"}"#,
        "\u{FF}\u{FF}",
    ] {
        fs::write(&manifest, content).unwrap();
        for refused in [rig.install().err(), rig.installation().uninstall().err()] {
            assert!(
                matches!(&refused, Some(InstallError::NotOurs(path)) if *path == manifest),
                "{refused:?}"
            );
        }
        assert_eq!(fs::read_to_string(&manifest).unwrap(), content);
    }
    // Nothing else was written.
    assert_eq!(rig.files(), BTreeSet::from([manifest.clone()]));
    fs::remove_file(&manifest).unwrap();
    fs::create_dir(&manifest).unwrap();
    assert!(matches!(rig.install(), Err(InstallError::NotOurs(_))));
}

#[test]
fn a_place_that_cannot_be_written_is_named_and_damaged_settings_are_not_replaced() {
    let rig = Rig::new(Browser::Chromium);
    fs::write(rig.folder.path().join("data"), "a file where a folder must be").unwrap();
    let refused = rig.install().unwrap_err().to_string();
    assert!(refused.contains("data/chromium"), "{refused}");

    let rig = Rig::new(Browser::Chromium);
    let written = rig.install().unwrap();
    fs::write(&written.settings, "{}").unwrap();
    assert!(matches!(rig.install(), Err(InstallError::Settings(path)) if path == written.settings));
}

#[test]
fn a_path_that_no_manifest_can_name_is_refused() {
    use std::os::unix::ffi::OsStringExt as _;
    let rig = Rig::new(Browser::Chromium);
    for name in [OsString::from_vec(b"/opt/\xFF".to_vec()), "/opt/a\nb".into()] {
        let refused = rig.installation().install(Path::new(&name), &hanako(), &[]);
        assert!(matches!(refused, Err(InstallError::Path(_))), "{refused:?}");
    }
    assert_eq!(rig.files().len(), 1);
}

#[test]
fn a_user_data_folder_holds_everything_and_firefox_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let installation = Installation::of(Browser::Chromium, Some(folder.path())).unwrap();
    let written = installation.install(Path::new("/bin/vmyna"), &hanako(), &[]).unwrap();
    let host = folder
        .path()
        .join("NativeMessagingHosts")
        .join(format!("{HOST_NAME}.json"));
    assert_eq!(written.manifest, host);
    assert!(
        written
            .extension
            .starts_with(folder.path().join("vmyna-native-host/chromium"))
    );
    let refused = Installation::of(Browser::Firefox, Some(folder.path()));
    assert!(matches!(refused, Err(InstallError::NoUserData)));
}
