//! Signals: which of them end a command, and in which order.
//!
//! Ctrl-C (SIGINT), SIGTERM and the end of the terminal (SIGHUP) let a command end in order. A SIGHUP that was ignored when
//! the process started stays ignored: `nohup` relies on it. This is the only module that installs a handler.

use std::ffi::c_int;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::failure::Failure;
use crate::threads;

/// Makes a write beyond the limit of files' sizes fail, as on a full disk; by default SIGXFSZ would end the process. A
/// program that is started gets the default again.
pub(crate) fn survive_file_size_limit() {
    let _ = flag::register(SIGXFSZ, Arc::default());
}

/// Calls `end` at SIGINT, SIGTERM and SIGHUP. A second SIGINT or SIGTERM ends the process at once. A second SIGHUP does not,
/// because the kernel and the shell both send one when a terminal ends.
pub(crate) fn on_end(end: impl Fn() + Send + 'static) -> Result<(), Failure> {
    let hang_up = Some(SIGHUP).filter(|signal| !is_ignored(*signal));
    // SIGINT is handled even if it was ignored: shells ignore it for commands in the background of a script.
    let mut signals = Signals::new(hang_up.into_iter().chain([SIGINT, SIGTERM])).map_err(unable)?;
    threads::start("signals", move || {
        let mut is_ending = false;
        for signal in signals.forever() {
            if is_ending && signal != SIGHUP {
                let _ = emulate_default_handler(signal);
            }
            is_ending = true;
            end();
        }
    })?;
    Ok(())
}

/// A flag that SIGINT, SIGTERM and SIGHUP set, in the way of [`on_end`].
pub(crate) fn end_flag() -> Result<Arc<AtomicBool>, Failure> {
    let ending = Arc::<AtomicBool>::default();
    let set = Arc::clone(&ending);
    on_end(move || set.store(true, Ordering::Relaxed))?;
    Ok(ending)
}

/// The signals that a terminal or a user sends to a process that runs another one, except those that were ignored at start:
/// the other process inherits that.
pub(crate) fn around_a_child() -> Result<Signals, Failure> {
    let signals = [SIGINT, SIGQUIT, SIGHUP, SIGTERM].into_iter();
    Signals::new(signals.filter(|signal| !is_ignored(*signal))).map_err(unable)
}

/// Ctrl-C during a prompt: the terminal must get its echo back before the process ends. After the prompt Ctrl-C ends the
/// process at once, as by default.
pub(crate) struct Interrupt {
    came: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
}

impl Interrupt {
    pub(crate) fn watch() -> Result<Self, Failure> {
        let (came, over) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        flag::register_conditional_default(SIGINT, Arc::clone(&over))
            .and_then(|_| flag::register(SIGINT, Arc::clone(&came)))
            .map_err(unable)?;
        Ok(Self { came, over })
    }

    pub(crate) fn came(&self) -> bool {
        self.came.load(Ordering::SeqCst)
    }

    /// Ends the prompt; returns whether Ctrl-C came before.
    pub(crate) fn end(self) -> bool {
        self.over.store(true, Ordering::SeqCst);
        self.came()
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
    }
}

fn unable(error: io::Error) -> Failure {
    Failure::Failed(format!("signals can't be handled: {error}"))
}

/// Whether a signal was ignored when this process started. Only Linux reports it; elsewhere no signal counts as ignored.
fn is_ignored(signal: c_int) -> bool {
    let status = vmyna_files::read_text(std::path::Path::new("/proc/self/status"), 1 << 16).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.unwrap_or_default() >> (signal - 1) & 1 == 1
}
