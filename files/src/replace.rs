//! Replaces a file. Must never follow a symbolic link that another user could have put there.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use vmyna_apdu::ShowPath as _;

use crate::ordinary::is_inherited;
use crate::unfinished::Unfinished;

/// A symbolic link, pipe or device of another user is on the way: which.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{} belongs to another user, and is not followed", .0.shown())]
pub struct OthersLink(pub PathBuf);

/// Replaces the file of that path by these bytes, for its owner only. If the path is that of a device or a pipe, like
/// `/dev/stdout`, the bytes are written to it. A symbolic link is followed if it belongs to the user or to root.
///
/// # Errors
/// [`OthersLink`] in an error of the kind [`io::ErrorKind::PermissionDenied`], and errors of the system; then a file of that
/// name is as it was.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match find(path)? {
        Target::Stream(mut stream) => stream.write_all(bytes),
        Target::File(path) => {
            let mut file = Unfinished::beside(&path)?;
            file.write_all(bytes)?;
            file.put(&path)
        }
    }
}

/// Whether [`replace`] could write there, as far as that can be known; changes nothing.
///
/// # Errors
/// As [`replace`].
pub fn can_replace(path: &Path) -> io::Result<()> {
    match find(path)? {
        Target::Stream(_) => Ok(()),
        Target::File(path) => Unfinished::beside(&path).map(drop),
    }
}

enum Target {
    /// A device or a pipe, or what the process has inherited.
    Stream(File),
    /// A file, or a place for one. No symbolic link leads to it.
    File(PathBuf),
}

fn find(path: &Path) -> io::Result<Target> {
    // Its link leads to no path, and what the process has inherited is its own.
    if is_inherited(path) {
        return inherited(path).map(Target::Stream);
    }
    let path = follow(path)?;
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Target::File(path)),
        Err(error) => Err(error),
        Ok(there) if there.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(there) if there.is_file() => Ok(Target::File(path)),
        Ok(there) => {
            trusted(&path, &there)?;
            let mut options = OpenOptions::new();
            options.append(true);
            #[cfg(unix)]
            {
                let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NOCTTY;
                std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.bits().cast_signed());
            }
            options.open(path).map(Target::Stream)
        }
    }
}

/// What the process has inherited open for writing. Standard output and error are not opened again, because a file that is
/// opened again has another position.
#[allow(
    clippy::disallowed_methods,
    reason = "nothing is printed: the caller names the place and the bytes"
)]
fn inherited(path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let standard = match name {
            "1" | "stdout" => Some(io::stdout().as_fd().try_clone_to_owned()?),
            "2" | "stderr" => Some(io::stderr().as_fd().try_clone_to_owned()?),
            _ => None,
        };
        if let Some(standard) = standard {
            return Ok(File::from(standard));
        }
    }
    OpenOptions::new().append(true).open(path)
}

/// The most symbolic links on the way to a file, as Linux has it.
const MOST_LINKS: usize = 40;

/// The path without symbolic links. Only those of the user and of root are followed, also on the way. The last name need not
/// exist.
fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut real = std::env::current_dir()?;
    let mut ahead: VecDeque<OsString> = VecDeque::new();
    let mut links = 0;
    push_front(&mut ahead, path);
    while let Some(name) = ahead.pop_front() {
        let component = Path::new(&name);
        if component.has_root() {
            real = component.to_owned();
            continue;
        }
        match &*name {
            name if name == OsStr::new(".") => continue,
            // No link is left in it, so that its parent is the real one.
            name if name == OsStr::new("..") => {
                real.pop();
                continue;
            }
            _ => {}
        }
        let next = real.join(&name);
        match next.symlink_metadata() {
            Ok(there) if there.is_symlink() => {
                trusted(&next, &there)?;
                links += 1;
                if links > MOST_LINKS {
                    return Err(io::Error::other("too many symbolic links"));
                }
                push_front(&mut ahead, &fs::read_link(&next)?);
            }
            Ok(_) => real = next,
            Err(error) if error.kind() == io::ErrorKind::NotFound && ahead.is_empty() => real = next,
            Err(error) => return Err(error),
        }
    }
    Ok(real)
}

fn push_front(ahead: &mut VecDeque<OsString>, path: &Path) {
    let names: Vec<OsString> = path
        .components()
        .filter(|component| !matches!(component, Component::Prefix(_)))
        .map(|component| component.as_os_str().to_owned())
        .collect();
    for name in names.into_iter().rev() {
        ahead.push_front(name);
    }
}

/// Refuses what another user has put there.
#[cfg(unix)]
fn trusted(path: &Path, there: &Metadata) -> io::Result<()> {
    let owner = std::os::unix::fs::MetadataExt::uid(there);
    if owner == 0 || owner == rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    let error = OthersLink(path.to_owned());
    Err(io::Error::new(io::ErrorKind::PermissionDenied, error))
}

#[cfg(not(unix))]
fn trusted(_: &Path, _: &Metadata) -> io::Result<()> {
    Ok(())
}
