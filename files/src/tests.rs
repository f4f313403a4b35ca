use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A folder, and a path in it.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    (folder, path)
}

#[test]
fn a_file_up_to_the_limit_is_read_and_a_longer_one_refused() {
    let (_folder, path) = place();
    for length in [0_u64, 1, 1023, 1024] {
        let bytes = vec![7; usize::try_from(length).unwrap()];
        fs::write(&path, &bytes).unwrap();
        for read in [read, read_named] {
            assert_eq!(read(&path, 1024).unwrap(), bytes);
            assert_eq!(read(&path, length).unwrap(), bytes);
            if let Some(less) = length.checked_sub(1) {
                assert_eq!(read(&path, less).unwrap_err().kind(), ErrorKind::FileTooLarge);
            }
        }
    }
    File::create(&path).unwrap().set_len(1 << 40).unwrap();
    let error = read(&path, 1 << 20).unwrap_err();
    assert_eq!(error.to_string(), "more than 1 MiB are too many");
    assert_eq!(TooLong(3 << 10).to_string(), "more than 3 KiB are too many");
    assert_eq!(TooLong(1025).to_string(), "more than 1025 bytes are too many");
    fs::write(&path, b"\xFF").unwrap();
    assert_eq!(read_text(&path, 10).unwrap_err().kind(), ErrorKind::InvalidData);
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    fn fifo(path: &Path) {
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    }

    #[test]
    fn what_is_no_ordinary_file_is_refused_without_waiting() {
        let (folder, path) = place();
        let at = |name: &str| folder.path().join(name);
        symlink("/dev/zero", at("zero")).unwrap();
        fifo(&at("fifo"));
        symlink("fifo", at("link")).unwrap();
        let _listener = UnixListener::bind(at("socket")).unwrap();
        for (name, what) in [
            ("zero", "a device, not an ordinary file"),
            ("fifo", "a pipe, not an ordinary file"),
            ("link", "a pipe, not an ordinary file"),
            ("socket", "a socket, not an ordinary file"),
        ] {
            for read in [read, read_named] {
                assert_eq!(read(&at(name), 10).unwrap_err().to_string(), what, "{name}");
            }
        }
        assert_eq!(read(folder.path(), 10).unwrap_err().kind(), ErrorKind::IsADirectory);
        assert_eq!(read(&path, 10).unwrap_err().kind(), ErrorKind::NotFound);
        symlink("loop", at("loop")).unwrap();
        assert!(read(&at("loop"), 10).is_err());
        // A link to a file is as good as the file.
        fs::write(&path, "x").unwrap();
        symlink("file", at("other")).unwrap();
        assert_eq!(read(&at("other"), 10).unwrap(), b"x");
    }

    #[test]
    fn a_pipe_that_the_process_has_inherited_is_read_up_to_the_limit() {
        for (limit, accepted) in [(5, true), (4, false)] {
            let (reader, mut writer) = std::io::pipe().unwrap();
            writer.write_all(b"12345").unwrap();
            drop(writer);
            let path = PathBuf::from(format!("/dev/fd/{}", reader.as_raw_fd()));
            assert_eq!(read(&path, limit).unwrap_err().kind(), ErrorKind::InvalidInput);
            assert_eq!(read_named(&path, limit).is_ok(), accepted);
        }
    }

    #[test]
    fn a_file_is_replaced_whole_for_its_owner_only() {
        let (folder, path) = place();
        for content in ["one", "two"] {
            can_replace(&path).unwrap();
            replace(&path, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        }
        // What one's own links lead to is replaced, also where nothing is yet.
        fs::create_dir(folder.path().join("real")).unwrap();
        symlink("real", folder.path().join("there")).unwrap();
        symlink("there/../there/new", folder.path().join("link")).unwrap();
        for content in ["three", "four"] {
            replace(&folder.path().join("link"), content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(folder.path().join("real/new")).unwrap(), content);
        }
        assert_eq!(names(folder.path()), ["file", "link", "real", "there"]);
        assert_eq!(names(&folder.path().join("real")), ["new"]);
        symlink("around", folder.path().join("around")).unwrap();
        for wrong in ["real", "around", "none/file", "file/file"] {
            let path = folder.path().join(wrong);
            assert!(can_replace(&path).is_err() && replace(&path, b"x").is_err(), "{wrong}");
        }
        assert_eq!(names(folder.path()), ["around", "file", "link", "real", "there"]);
    }

    #[test]
    fn a_device_and_an_inherited_pipe_are_written_to() {
        replace(Path::new("/dev/null"), b"x").unwrap();
        let full = replace(Path::new("/dev/full"), b"x").unwrap_err();
        assert_eq!(full.kind(), ErrorKind::StorageFull);
        let (mut reader, writer) = std::io::pipe().unwrap();
        let path = PathBuf::from(format!("/dev/fd/{}", writer.as_raw_fd()));
        can_replace(&path).unwrap();
        replace(&path, b"through").unwrap();
        drop(writer);
        let mut read = String::new();
        std::io::Read::read_to_string(&mut reader, &mut read).unwrap();
        assert_eq!(read, "through");
    }

    /// What a process that was killed has left: the file and the folder have the names, and no process has their lock.
    fn left(folder: &Path) -> [PathBuf; 2] {
        let [file, directory] = [".vmyna-Ab3xYz", ".vmyna-ca-Ab3xYz"].map(|name| folder.join(name));
        fs::write(&file, "half an image").unwrap();
        fs::create_dir(&directory).unwrap();
        fs::create_dir(directory.join("sign-ca")).unwrap();
        fs::write(directory.join("sign-ca/key.pem"), "a key").unwrap();
        [file, directory]
    }

    #[test]
    fn what_a_killed_process_left_is_removed_by_the_next() {
        let begin: [fn(&Path); 2] = [
            |path| drop(Unfinished::beside(path).unwrap()),
            |path| drop(UnfinishedFolder::beside(path).unwrap()),
        ];
        for begin in begin {
            let (folder, path) = place();
            left(folder.path());
            begin(&path);
            assert!(names(folder.path()).is_empty(), "{:?}", names(folder.path()));
        }
    }

    #[test]
    fn what_a_living_process_or_something_else_made_stays() {
        let (folder, path) = place();
        let file = Unfinished::beside(&path).unwrap();
        let other = UnfinishedFolder::beside(&path).unwrap();
        fs::write(folder.path().join("mine"), "").unwrap();
        let [kept, directory] = left(folder.path());
        // A second name of a file, a link, a pipe, and names that are not of this program.
        fs::remove_file(&kept).unwrap();
        fs::hard_link(folder.path().join("mine"), &kept).unwrap();
        fs::remove_dir_all(&directory).unwrap();
        symlink("mine", &directory).unwrap();
        fifo(&folder.path().join(".vmyna-Pipe01"));
        fs::create_dir(folder.path().join(".vmyna-Folder")).unwrap();
        for name in [
            ".vmyna-Ab3xYz1",
            ".vmyna-",
            ".vmyna-Ab3x_z",
            ".vmyna-ca-Ab3xY",
            "vmyna-Ab3xYz",
            ".vmyna-ca-Fi1e00",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let before = names(folder.path());
        drop(Unfinished::beside(&path).unwrap());
        assert_eq!(names(folder.path()), before);
        drop((file, other));
        assert_eq!(names(folder.path()).len(), before.len() - 2);
    }

    #[test]
    fn a_folder_gets_its_name_when_it_is_whole_and_is_for_its_owner() {
        let (folder, path) = place();
        let making = UnfinishedFolder::beside(&path).unwrap();
        fs::write(making.path().join("a"), "b").unwrap();
        making.put(&path).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(
            (names(folder.path()), names(&path)),
            (vec!["file".to_owned()], vec!["a".to_owned()])
        );
        // Nothing is replaced.
        let making = UnfinishedFolder::beside(&path).unwrap();
        assert!(making.put(&path).is_err());
        let mut file = Unfinished::beside(&path.join("a")).unwrap();
        file.write_all(b"c").unwrap();
        assert_eq!(
            file.put_new(&path.join("a")).unwrap_err().kind(),
            ErrorKind::AlreadyExists
        );
        assert_eq!(
            (names(folder.path()), names(&path)),
            (vec!["file".to_owned()], vec!["a".to_owned()])
        );
    }

    #[test]
    fn no_error_names_the_hidden_file() {
        let (folder, path) = place();
        let nowhere = path.join("none/file");
        for error in [
            Unfinished::beside(&nowhere).map(drop).unwrap_err(),
            UnfinishedFolder::beside(&nowhere).map(drop).unwrap_err(),
            Unfinished::beside(Path::new("/proc/self/file")).map(drop).unwrap_err(),
        ] {
            assert!(!error.to_string().contains(".vmyna"), "{error}");
        }
        let mut file = Unfinished::beside(&path).unwrap();
        file.0 = tempfile::NamedTempFile::from_parts(
            File::options().write(true).open("/dev/full").unwrap(),
            tempfile::TempPath::try_from_path(folder.path().join(".vmyna-Full00")).unwrap(),
        );
        let error = file.write_all(b"x").unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().contains(".vmyna")),
            (ErrorKind::StorageFull, false)
        );
    }

    /// Gives a file to the user 65534. Only root can do so; without root what the tests below check can't be made.
    fn give_away(path: &Path) -> bool {
        std::os::unix::fs::lchown(path, Some(65534), Some(65534)).is_ok()
    }

    #[test]
    fn another_user_s_link_pipe_or_device_is_not_followed() {
        let (folder, path) = place();
        let at = |name: &str| folder.path().join(name);
        fs::write(&path, "letter").unwrap();
        symlink("file", at("link")).unwrap();
        symlink(".", at("folder")).unwrap();
        fifo(&at("fifo"));
        if !["link", "folder", "fifo"].iter().all(|name| give_away(&at(name))) {
            return;
        }
        symlink("link", at("own")).unwrap();
        for (wrong, others) in [
            ("link", "link"),
            ("own", "link"),
            ("folder/new", "folder"),
            ("folder/../folder/file", "folder"),
            ("fifo", "fifo"),
        ] {
            let error = replace(&at(wrong), b"report").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{wrong}");
            let expected = format!("{} belongs to another user, and is not followed", at(others).display());
            assert_eq!(error.to_string(), expected);
            assert_eq!(can_replace(&at(wrong)).unwrap_err().to_string(), expected);
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "letter");
        assert_eq!(names(folder.path()), ["fifo", "file", "folder", "link", "own"]);
    }

    #[test]
    fn what_another_user_s_process_left_stays() {
        let (folder, path) = place();
        if !left(folder.path()).iter().all(|left| give_away(left)) {
            return;
        }
        drop(Unfinished::beside(&path).unwrap());
        assert_eq!(names(folder.path()), [".vmyna-Ab3xYz", ".vmyna-ca-Ab3xYz"]);
    }
}
