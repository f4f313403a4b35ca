//! Asks a PC/SC service for its protocol's version, as every program does first (pcsc-lite's `CMD_VERSION`).

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// A running service answers at once; one that systemd starts on demand takes a moment.
const PATIENCE: Duration = Duration::from_secs(5);

/// The result of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The version that it speaks.
    Speaks(u32, u32),
    /// There is no such socket.
    Absent,
    /// No process listens.
    Refused,
    /// This user may not open it.
    Denied,
    /// The service closes the connection without an answer.
    Closed,
    /// The service does not answer in time.
    Silent,
    /// Another protocol, or a refusal of this version.
    Foreign,
}

impl Answer {
    /// The sentence part behind "but".
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Speaks(..) => "a PC/SC service answers",
            Self::Absent => "it does not exist",
            Self::Refused => "no process listens there",
            Self::Denied => "this user may not open it",
            Self::Closed => "the process there closes the connection",
            Self::Silent => "the process there does not answer",
            Self::Foreign => "the process there does not speak pcsc-lite's protocol 4",
        }
    }
}

/// Asks at this socket.
pub(super) fn ask(socket: &Path) -> Answer {
    const VERSION: u32 = 0x11;
    const LENGTH: u32 = 12;
    /// The oldest minor version that services of today speak with.
    const OURS: (u32, u32) = (4, 4);
    let mut stream = match UnixStream::connect(socket) {
        Ok(stream) => stream,
        Err(error) => return failed(error.kind()),
    };
    let words = [LENGTH, VERSION, OURS.0, OURS.1, 0];
    let request: Vec<u8> = words.into_iter().flat_map(u32::to_ne_bytes).collect();
    let mut answer = [0; LENGTH as usize];
    let spoken = stream
        .set_read_timeout(Some(PATIENCE))
        .and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
        .and_then(|()| stream.write_all(&request))
        .and_then(|()| stream.read_exact(&mut answer));
    if let Err(error) = spoken {
        return failed(error.kind());
    }
    let (words, _) = answer.as_chunks::<4>();
    match *words {
        [major, minor, code] if u32::from_ne_bytes(code) == 0 && u32::from_ne_bytes(major) == OURS.0 => {
            Answer::Speaks(u32::from_ne_bytes(major), u32::from_ne_bytes(minor))
        }
        _ => Answer::Foreign,
    }
}

fn failed(kind: ErrorKind) -> Answer {
    match kind {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Answer::Absent,
        ErrorKind::ConnectionRefused => Answer::Refused,
        ErrorKind::PermissionDenied => Answer::Denied,
        ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => Answer::Closed,
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Answer::Silent,
        _ => Answer::Foreign,
    }
}
