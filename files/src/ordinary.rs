//! Opens and reads ordinary files, with a limit.

use std::fs::{File, FileType, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

/// Something else than an ordinary file is at the path: what.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("{0}, not an ordinary file")]
pub struct NotOrdinary(&'static str);

/// The file has more bytes than its reader takes: how many that are.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("more than {} are too many", Bytes(*.0))]
pub struct TooLong(pub u64);

/// A number of bytes in the greatest unit without a remainder.
struct Bytes(u64);

impl std::fmt::Display for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            bytes if bytes >= 1 << 20 && bytes % (1 << 20) == 0 => write!(f, "{} MiB", bytes >> 20),
            bytes if bytes >= 1 << 10 && bytes % (1 << 10) == 0 => write!(f, "{} KiB", bytes >> 10),
            bytes => write!(f, "{bytes} bytes"),
        }
    }
}

/// Opens an ordinary file for reading. Symbolic links are followed.
///
/// # Errors
/// [`io::ErrorKind::IsADirectory`]; an error with [`NotOrdinary`] for a pipe, a socket or a device, which is not opened; and
/// errors of the system. It never waits.
pub fn open(path: &Path) -> io::Result<File> {
    // Checked before it is opened, because opening a device can have an effect.
    check(path.metadata()?.file_type())?;
    let mut options = OpenOptions::new();
    options.read(true);
    // Checked again afterwards, because another file may be there by now. Opening a pipe would wait for its other end.
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.bits().cast_signed());
    }
    let file = options.open(path)?;
    check(file.metadata()?.file_type())?;
    Ok(file)
}

/// Opens a file that the user names: an ordinary file, or what the process has inherited, under the name of `/dev/stdin` or
/// in `/dev/fd`. Never use it for a file found in a folder.
///
/// # Errors
/// As [`open`].
pub fn open_named(path: &Path) -> io::Result<File> {
    if is_inherited(path) {
        File::open(path)
    } else {
        open(path)
    }
}

/// Whether the path leads to what this process has inherited open, like the pipe of a shell's `<(…)`.
pub(crate) fn is_inherited(path: &Path) -> bool {
    ["/dev/stdin", "/dev/stdout", "/dev/stderr"]
        .iter()
        .any(|name| path == Path::new(name))
        || ["/dev/fd", "/proc/self/fd"]
            .iter()
            .any(|folder| path.parent() == Some(Path::new(folder)))
}

/// Reads an ordinary file of at most `longest` bytes.
///
/// # Errors
/// As [`open`]; and [`TooLong`] in an error of the kind [`io::ErrorKind::FileTooLarge`].
pub fn read(path: &Path, longest: u64) -> io::Result<Vec<u8>> {
    read_from(open(path)?, longest)
}

/// Reads a file that the user names, of at most `longest` bytes.
///
/// # Errors
/// As [`open_named`] and [`read`].
pub fn read_named(path: &Path, longest: u64) -> io::Result<Vec<u8>> {
    read_from(open_named(path)?, longest)
}

/// Reads an ordinary file of at most `longest` bytes as text.
///
/// # Errors
/// As [`read`]; and [`io::ErrorKind::InvalidData`] if it is not UTF-8.
pub fn read_text(path: &Path, longest: u64) -> io::Result<String> {
    String::from_utf8(read(path, longest)?).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not text in UTF-8"))
}

fn read_from(file: File, longest: u64) -> io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    let too_long = || io::Error::new(io::ErrorKind::FileTooLarge, TooLong(longest));
    if length > longest {
        return Err(too_long());
    }
    // It may grow, and a pipe has no length.
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    file.take(longest.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > longest {
        Err(too_long())
    } else {
        Ok(bytes)
    }
}

fn check(kind: FileType) -> io::Result<()> {
    if kind.is_file() {
        return Ok(());
    }
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, NotOrdinary(describe(kind))))
}

fn describe(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return "a pipe";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
    }
    let _ = kind;
    "something else"
}
