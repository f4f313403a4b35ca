//! Asks for a PIN on the terminal, whatever standard input is, and reads a consent from standard input.
//!
//! The PIN is typed without echo. The terminal gets its modes back, whatever ends the prompt. This module must never show
//! a PIN or keep one.

use std::fs::File;
use std::io::{self, BufRead, Read, Write};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

/// More than any PIN has: a key that is held down must not fill the memory.
const LONGEST: usize = 64;

/// Asks for a PIN. Returns `None` if nothing was typed, or once `stop`, called every 0.2 seconds, returns true.
///
/// # Errors
/// There is no terminal, or it can't be set.
pub(crate) fn ask_pin(prompt: &str, stop: &dyn Fn() -> bool) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let terminal = File::options().read(true).write(true).open("/dev/tty")?;
    // Back to what it was when this is dropped.
    let _silent = Silent::new(&terminal)?;
    (&terminal).write_all(prompt.as_bytes())?;
    let mut pin = Zeroizing::new(Vec::with_capacity(LONGEST));
    let mut key = Zeroizing::new([0]);
    let done = loop {
        if stop() {
            break false;
        }
        // Nothing after a moment without a key.
        if (&terminal).read(&mut *key)? == 0 {
            continue;
        }
        match key[0] {
            b'\n' | b'\r' => break true,
            // Ctrl-D: the end of the input.
            0x04 if pin.is_empty() => break false,
            // Backspace, by either of its codes.
            0x08 | 0x7F => drop(pin.pop()),
            other if pin.len() < LONGEST => pin.push(other),
            _ => {}
        }
    };
    (&terminal).write_all(b"\n")?;
    Ok((done && !pin.is_empty()).then_some(pin))
}

/// Whether the next line of standard input is `yes`.
///
/// # Errors
/// Standard input can't be read.
pub(crate) fn is_yes() -> io::Result<bool> {
    let mut line = String::new();
    io::stdin().lock().take(LONGEST as u64).read_line(&mut line)?;
    Ok(line.trim() == "yes")
}

/// A terminal without echo that gives each key as it is typed, and nothing after 0.2 seconds without one.
struct Silent<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Silent<'a> {
    fn new(terminal: &'a File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut modes = before.clone();
        modes.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
        modes.special_codes[SpecialCodeIndex::VMIN] = 0;
        modes.special_codes[SpecialCodeIndex::VTIME] = 2;
        tcsetattr(terminal, OptionalActions::Drain, &modes)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        // Fails if the terminal is gone, which then needs no modes.
        let _ = tcsetattr(self.terminal, OptionalActions::Drain, &self.before);
    }
}
