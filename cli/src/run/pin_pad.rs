//! The PIN pad of the readers: the PIN of the command line, or one typed on the terminal.
//!
//! A PIN is typed without echo, whatever standard input is, and the terminal is left as it was found. Must never outlive
//! the service: whoever is asked when it ends is no longer asked; nor show a PIN or keep one.

use std::fs::File;
use std::io::{self, Read, Write};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use vmyna_reader_bridge::pcsc_service::PinPad;

use crate::args::PinPadSource;
use crate::serve::say;

/// More than any PIN has; a cat on the keyboard can't fill the memory.
const LONGEST: usize = 64;

/// Ends the asking for a PIN.
#[derive(Default)]
pub(super) struct Cancel {
    times: AtomicUsize,
    for_good: AtomicBool,
}

impl Cancel {
    /// Whoever is asked now has cancelled. A program that waits for its reader does not see Ctrl-C before the reader answers.
    pub(super) fn now(&self) {
        self.times.fetch_add(1, Ordering::SeqCst);
    }

    /// Nobody is asked any more.
    pub(super) fn for_good(&self) {
        self.for_good.store(true, Ordering::SeqCst);
    }
}

/// A pad whose PINs come from `source`.
pub(super) fn pin_pad(source: PinPadSource, cancel: Arc<Cancel>) -> PinPad {
    // Two readers, one terminal.
    let one_at_a_time = Mutex::new(());
    match source {
        PinPadSource::Given(pin) => PinPad::new(Box::new(move |_| Some(pin.clone().into_bytes()))),
        PinPadSource::Ask => PinPad::new(Box::new(move |_| {
            let _turn = one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner);
            ask(&cancel).unwrap_or_else(|error| {
                say(&format!(
                    "vmyna: no PIN can be asked for on the terminal: {error}; say it with --pin-pad PIN"
                ));
                None
            })
        })),
    }
}

/// Asks on the terminal; an empty line cancels.
fn ask(cancel: &Cancel) -> io::Result<Option<Vec<u8>>> {
    let cancelled_before = cancel.times.load(Ordering::SeqCst);
    let terminal = File::options().read(true).write(true).open("/dev/tty")?;
    // Back to what it was when this is dropped.
    let _silent = Silent::new(&terminal)?;
    (&terminal).write_all("PIN pad: type the PIN (nothing cancels): ".as_bytes())?;
    let mut pin = Vec::with_capacity(LONGEST);
    let mut key = [0];
    let done = loop {
        if cancel.for_good.load(Ordering::SeqCst) || cancel.times.load(Ordering::SeqCst) != cancelled_before {
            break false;
        }
        // Nothing after a moment without a key.
        if (&terminal).read(&mut key)? == 0 {
            continue;
        }
        match key[0] {
            b'\n' | b'\r' => break true,
            // Backspace, by either of its codes.
            0x08 | 0x7F => drop(pin.pop()),
            other if pin.len() < LONGEST => pin.push(other),
            _ => {}
        }
    };
    (&terminal).write_all(b"\n")?;
    if done && !pin.is_empty() {
        return Ok(Some(pin));
    }
    pin.fill(0);
    Ok(None)
}

/// A terminal without echo that gives each key as it is typed, and nothing after 0.2 seconds without one.
struct Silent<'a> {
    terminal: &'a File,
    before: String,
}

impl<'a> Silent<'a> {
    fn new(terminal: &'a File) -> io::Result<Self> {
        let before = stty(terminal, &["-g"])?;
        let silent = Self {
            terminal,
            before: before.trim().to_owned(),
        };
        stty(terminal, &["-echo", "-icanon", "min", "0", "time", "2"])?;
        Ok(silent)
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        // There is nobody to tell.
        let _ = stty(self.terminal, &[&self.before]);
    }
}

/// The standard library can't set a terminal's modes, and every system has the program that can.
fn stty(terminal: &File, arguments: &[&str]) -> io::Result<String> {
    let mut command = Command::new("stty");
    command
        .args(arguments)
        .stdin(terminal.try_clone()?)
        .stderr(Stdio::null());
    let output = command.output()?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(io::Error::other("stty fails"))
    }
}
