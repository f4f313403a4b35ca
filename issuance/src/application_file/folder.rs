//! The files that a declaration names: ordinary files below its folder.
//!
//! A declaration may come from others. So no name leads out of its folder, not by `..` and not by a symbolic link, and no
//! device or pipe is opened.

use std::io;
use std::path::{Component, Path, PathBuf};

use vmyna_apdu::ShowPath as _;
use zeroize::Zeroizing;

use super::table::LONGEST_FILE;

/// The folder of a declaration.
#[derive(Clone, Debug)]
pub(super) struct Folder(Option<PathBuf>);

impl Folder {
    /// The folder at this path; `None` for a declaration that is in no file, and can name none.
    pub(super) fn new(path: Option<&Path>) -> io::Result<Self> {
        // An empty path is the parent of a bare file name.
        let path = path.map(|path| if path == Path::new("") { Path::new(".") } else { path });
        path.map(Path::canonicalize).transpose().map(Self)
    }

    /// The bytes of the file with this relative name.
    pub(super) fn read(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, String> {
        let Some(folder) = &self.0 else {
            return Err("names a file, but this declaration lies in no folder".to_owned());
        };
        let relative = Path::new(name);
        let ordinary = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if !relative.components().all(ordinary) {
            return Err(
                "is a path below the folder of the declaration: neither absolute, nor with `..` in it".to_owned(),
            );
        }
        let refused = |error: &io::Error| format!("{} can't be read: {error}", relative.shown());
        let path = folder.join(relative).canonicalize().map_err(|error| refused(&error))?;
        if !path.starts_with(folder) {
            return Err(format!(
                "{}: a symbolic link leads out of the folder of the declaration",
                relative.shown()
            ));
        }
        let bytes = vmyna_files::read(&path, u64::from(LONGEST_FILE)).map_err(|error| refused(&error))?;
        Ok(Zeroizing::new(bytes))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_ordinary_files_below_the_folder_are_read() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "outside").unwrap();
        let folder = outside.path().join("declaration");
        fs::create_dir_all(folder.join("below")).unwrap();
        fs::write(folder.join("below/file"), "inside").unwrap();
        fs::write(folder.join("long"), vec![0; LONGEST_FILE as usize + 1]).unwrap();
        fs::write(folder.join("longest"), vec![0; LONGEST_FILE as usize]).unwrap();
        symlink("below/file", folder.join("link-inside")).unwrap();
        symlink("../secret", folder.join("link-outside")).unwrap();
        symlink("..", folder.join("folder-outside")).unwrap();
        symlink(outside.path().join("secret"), folder.join("absolute-link")).unwrap();
        symlink("round", folder.join("round")).unwrap();
        let read = |name: &str| Folder::new(Some(&folder)).unwrap().read(name);
        for name in ["below/file", "./below/file", "link-inside", "below//file"] {
            assert_eq!(read(name).unwrap()[..], b"inside"[..], "{name}");
        }
        assert_eq!(read("longest").unwrap().len(), LONGEST_FILE as usize);
        let absolute = folder.join("below/file");
        for name in [
            "../secret",
            "below/../below/file",
            "link-outside",
            "folder-outside/secret",
            "absolute-link",
            "round",
            "below",
            "missing",
            "long",
            "",
            absolute.to_str().unwrap(),
            "/dev/zero",
            "/etc/passwd",
        ] {
            let message = read(name).unwrap_err();
            assert!(!message.contains("outside\""), "{name}: {message}");
        }
        assert!(Folder::new(None).unwrap().read("below/file").is_err());
    }

    #[test]
    fn a_pipe_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(
            std::process::Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        let message = Folder::new(Some(folder.path())).unwrap().read("pipe").unwrap_err();
        assert!(message.contains("a pipe"), "{message}");
    }
}
