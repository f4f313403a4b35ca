//! Logs of other programs become messages of a trace.
//!
//! Each format has a rule for the lines that are no messages, which are skipped; a line that claims to be a message and is
//! none is an error. Nothing is guessed: where a log does not state something, like the time, the trace has none or an
//! error names the line. Secrets are masked as in a trace of a card in a real reader, which reports nothing: PINs in
//! commands, and all that is read from files ([`Secrecy::unknown`](super::Secrecy::unknown)).
//!
//! The input may be hostile. No error repeats a line, as it may hold a PIN.
//!
//! Secret bytes of a capture that are all `2A` count as masked, because classic pcap has no room for the mark.
//!
//! | Format | Messages | Skipped | Time |
//! |---|---|---|---|
//! | [`Pcscd`](Format::Pcscd) | `APDU:`, `SW:`, ATRs with their cause, loss of power | other lines of pcscd's log | from 1970 on |
//! | [`Opensc`](Format::Opensc) | dumps under `Outgoing APDU` and `Incoming APDU` | all other lines | time of day, in 1970 |
//! | [`GlobalPlatformPro`](Format::GlobalPlatformPro) | `A>>`, `A<<`, `B>>`, `B<<`, `<<` | all other lines | from 1970 on |
//! | [`Pyscard`](Format::Pyscard) | `> …`, `< …` | lines that begin otherwise, printed by the program | none |
//! | [`Scriptor`](Format::Scriptor) | `> …`, `< …`, `> RESET` | notices, and the script that it echoes | none |
//! | [`Vicc`](Format::Vicc) | dumps under `Command APDU` and `Response APDU`, power, reset | all other lines | date and time, as UTC |
//! | [`Capture`](Format::Capture) | GSMTAP of SIM cards, packets of this program | other packets | of the packet |
//! | [`Lines`](Format::Lines) | `> …`, `< …`, or longer arrows | empty lines, lines with `#` first | none |
//!
//! A message without a time has that of 1970-01-01T00:00:00Z.

mod arrows;
mod capture;
mod detect;
mod dump;
mod error;
mod globalplatformpro;
mod gsmtap;
mod line;
mod opensc;
mod pcap;
mod pcscd;
mod pyscard;
mod scriptor;
mod transcript;
mod vicc;

use super::Message;
pub use detect::{DetectError, detect};
pub use error::{ImportError, Place, Problem};
use line::Lines;
use transcript::Transcript;

/// The most bytes of a log.
pub const LONGEST_LOG: usize = 64 << 20;

/// The most bytes of a line.
pub const LONGEST_LINE: usize = 1 << 20;

/// The most messages of a log.
pub const MOST_MESSAGES: usize = 400_000;

/// The most bytes of a reader's name (PC/SC's MAX_READERNAME).
pub const LONGEST_NAME: usize = 128;

/// What wrote a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// pcscd with `--apdu`, in the foreground, in colours, or in the journal.
    Pcscd,
    /// OpenSC with `OPENSC_DEBUG`.
    Opensc,
    /// GlobalPlatformPro and other programs with apdu4j, with `-d`.
    GlobalPlatformPro,
    /// pyscard's `ConsoleCardConnectionObserver`.
    Pyscard,
    /// scriptor of pcsc-tools.
    Scriptor,
    /// vicc of vsmartcard with `-vvv`.
    Vicc,
    /// pcap or pcapng.
    Capture,
    /// One message a line, with an arrow.
    Lines,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 8] = [
        Self::Pcscd,
        Self::Opensc,
        Self::GlobalPlatformPro,
        Self::Pyscard,
        Self::Scriptor,
        Self::Vicc,
        Self::Capture,
        Self::Lines,
    ];

    /// The name of the format: `pcscd`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcscd => "pcscd",
            Self::Opensc => "opensc",
            Self::GlobalPlatformPro => "gp",
            Self::Pyscard => "pyscard",
            Self::Scriptor => "scriptor",
            Self::Vicc => "vicc",
            Self::Capture => "pcap",
            Self::Lines => "lines",
        }
    }
}

/// The messages of a log in this format. With `show_secrets` nothing is masked.
///
/// # Errors
/// [`ImportError`]: a line that is not understood, a log that is too long, or one without a message.
pub fn import(log: &[u8], format: Format, show_secrets: bool) -> Result<Vec<Message>, ImportError> {
    if log.len() > LONGEST_LOG {
        return Err(ImportError::of_file(Problem::LongLog));
    }
    let mut transcript = Transcript::new(show_secrets);
    let lines = Lines::new(log);
    match format {
        Format::Pcscd => pcscd::read(lines, &mut transcript)?,
        Format::Opensc => opensc::read(lines, &mut transcript)?,
        Format::GlobalPlatformPro => globalplatformpro::read(lines, &mut transcript)?,
        Format::Pyscard => pyscard::read(lines, &mut transcript)?,
        Format::Scriptor => scriptor::read(lines, &mut transcript)?,
        Format::Vicc => vicc::read(lines, &mut transcript)?,
        Format::Capture => capture::read(log, &mut transcript)?,
        Format::Lines => arrows::read(lines, &mut transcript)?,
    }
    transcript.finish()
}
