//! Reports on standard error how far issuing has come, and ends it at Ctrl-C with nothing written.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use vmyna_issuance::series::Watch;

use super::keys_of;
use crate::failure::Failure;
use crate::output::{StatusLine, say};
use crate::signals;

/// A run that takes less time reports no progress.
const SILENCE: Duration = Duration::from_secs(2);

/// The progress of a run.
pub(super) struct Progress {
    cards: u64,
    keys: u64,
    issued: AtomicU64,
    made: AtomicU64,
    stop: Arc<AtomicBool>,
    line: StatusLine,
    began: Instant,
    reported: Mutex<Instant>,
}

impl Progress {
    pub(super) fn begin(cards: u64, pool: Option<u32>) -> Result<Self, Failure> {
        Ok(Self {
            cards,
            keys: keys_of(cards, pool),
            issued: AtomicU64::new(0),
            made: AtomicU64::new(0),
            stop: signals::end_flag()?,
            line: StatusLine::new(),
            began: Instant::now(),
            reported: Mutex::new(Instant::now()),
        })
    }

    fn report(&self) {
        let interval = if self.line.is_terminal() {
            Duration::from_millis(200)
        } else {
            Duration::from_secs(10)
        };
        if self.began.elapsed() < SILENCE {
            return;
        }
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        if reported.elapsed() < interval {
            return;
        }
        *reported = Instant::now();
        let (made, issued) = (self.made.load(Ordering::Relaxed), self.issued.load(Ordering::Relaxed));
        let line = format!("{made} of {} keys, {issued} of {} cards", self.keys, self.cards);
        match self.line.is_terminal() {
            true => self.line.show(&line),
            false => say(&line),
        }
    }

    /// Clears the line.
    pub(super) fn end(&self) {
        self.line.clear();
    }
}

impl Watch for Progress {
    fn stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn key_made(&self) {
        self.made.fetch_add(1, Ordering::Relaxed);
        self.report();
    }

    fn card_issued(&self) {
        self.issued.fetch_add(1, Ordering::Relaxed);
        self.report();
    }
}
