//! How far issuing has come, told on standard error; and Ctrl-C, which ends it with nothing written.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use vmyna_applets::issuance::series::Watch;

use super::keys_of;
use crate::failure::Failure;

/// What takes less time needs no telling.
const SILENCE: Duration = Duration::from_secs(2);

/// A flag that is set when the user wants an end.
pub(crate) fn stop_on_signals() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        // A second one ends the program at once; then a file under a temporary name may be left.
        signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, stop.clone())
            .and_then(|_| signal_hook::flag::register(signal, stop.clone()))
            .map_err(|error| Failure::Failed(format!("signals can't be received: {error}")))?;
    }
    Ok(stop)
}

/// The progress of a run.
pub(super) struct Progress {
    cards: u64,
    keys: u64,
    issued: AtomicU64,
    made: AtomicU64,
    stop: Arc<AtomicBool>,
    /// Whether a line is written over again.
    terminal: bool,
    began: Instant,
    told: Mutex<Instant>,
}

impl Progress {
    pub(super) fn begin(cards: u64, pool: Option<u32>) -> Result<Self, Failure> {
        let stop = stop_on_signals()?;
        Ok(Self {
            cards,
            keys: keys_of(cards, pool),
            issued: AtomicU64::new(0),
            made: AtomicU64::new(0),
            stop,
            terminal: io::stderr().is_terminal(),
            began: Instant::now(),
            told: Mutex::new(Instant::now()),
        })
    }

    fn tell(&self) {
        let interval = if self.terminal {
            Duration::from_millis(200)
        } else {
            Duration::from_secs(10)
        };
        if self.began.elapsed() < SILENCE {
            return;
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() < interval {
            return;
        }
        *told = Instant::now();
        let (made, issued) = (self.made.load(Ordering::Relaxed), self.issued.load(Ordering::Relaxed));
        let line = format!("{made} of {} keys, {issued} of {} cards", self.keys, self.cards);
        // Progress that can't be shown changes nothing.
        let _ = match self.terminal {
            true => write!(io::stderr(), "\r\x1B[K{line}"),
            false => writeln!(io::stderr(), "{line}"),
        };
    }

    /// Clears the line.
    pub(super) fn end(&self) {
        if self.terminal {
            let _ = write!(io::stderr(), "\r\x1B[K");
        }
    }
}

impl Watch for Progress {
    fn stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn key_made(&self) {
        self.made.fetch_add(1, Ordering::Relaxed);
        self.tell();
    }

    fn card_issued(&self) {
        self.issued.fetch_add(1, Ordering::Relaxed);
        self.tell();
    }
}
