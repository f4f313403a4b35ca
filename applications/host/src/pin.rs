//! A PIN of the cardholder: from the terminal without echo, or from standard input if that is no terminal.
//!
//! Never an argument, because every user of the machine sees the arguments of a process.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::HostError;

/// More than any PIN has.
const LONGEST: usize = 64;

/// A PIN. Not shown, and zeroed when dropped.
pub struct Pin(Zeroizing<Vec<u8>>);

impl Pin {
    /// A PIN of these characters.
    #[must_use]
    pub fn new(characters: &[u8]) -> Self {
        Self(characters.to_vec().into())
    }

    /// Its characters, for VERIFY and nothing else.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Asks for a PIN on the terminal; or takes the next line of standard input, if that is not a terminal.
    ///
    /// # Errors
    /// [`HostError::Stream`], [`HostError::Other`] if nothing was typed.
    pub fn ask(prompt: &str) -> Result<Self, HostError> {
        let pin = match io::stdin().is_terminal() {
            true => asked(prompt).map_err(HostError::stream("the terminal"))?,
            false => line(io::stdin().lock()).map_err(HostError::stream("standard input"))?,
        };
        match pin.is_empty() {
            true => Err(HostError::Other(format!("{prompt}: no PIN was given"))),
            false => Ok(Self(pin)),
        }
    }
}

/// Reads keys from the terminal, which shows none of them and has its modes back afterwards. Ctrl-C is a key here: as a signal
/// it would end the program and leave the terminal silent.
fn asked(prompt: &str) -> io::Result<Zeroizing<Vec<u8>>> {
    let terminal = File::options().read(true).write(true).open("/dev/tty")?;
    let before = tcgetattr(&terminal)?;
    let mut silent = before.clone();
    silent
        .local_modes
        .remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
    tcsetattr(&terminal, OptionalActions::Drain, &silent)?;
    // Not before the terminal is silent: a PIN that is typed at once must not be shown.
    let asked = (&terminal).write_all(format!("{prompt}: ").as_bytes());
    let typed = asked.and_then(|()| keys(&terminal));
    tcsetattr(&terminal, OptionalActions::Drain, &before)?;
    (&terminal).write_all(b"\n")?;
    typed
}

/// What is typed up to Enter; nothing if Ctrl-C or Ctrl-D ends it.
fn keys(mut from: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut typed = Zeroizing::new(Vec::with_capacity(LONGEST));
    let mut key = Zeroizing::new([0]);
    while from.read(&mut *key)? == 1 {
        match key[0] {
            b'\n' | b'\r' => break,
            0x03 | 0x04 => {
                typed.clear();
                break;
            }
            // Backspace, by either of its codes.
            0x08 | 0x7F => drop(typed.pop()),
            other if typed.len() < LONGEST => typed.push(other),
            _ => {}
        }
    }
    Ok(typed)
}

/// One line without its end. Byte by byte, so that what follows is left for the next question, and no buffer keeps a PIN.
fn line(mut from: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
    let mut byte = Zeroizing::new([0]);
    while line.len() < LONGEST && from.read(&mut *byte)? == 1 && byte[0] != b'\n' {
        line.push(byte[0]);
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_and_the_next_one_left() {
        let mut input = &b"1234\r\n5678\n"[..];
        assert_eq!(&**line(&mut input).unwrap(), b"1234");
        assert_eq!(&**line(&mut input).unwrap(), b"5678");
        assert!(line(&mut input).unwrap().is_empty());
    }

    #[test]
    fn keys_are_taken_up_to_enter_and_can_be_taken_back_or_cancelled() {
        for (typed, expected) in [
            (&b"1234\n5"[..], &b"1234"[..]),
            (b"1239\x7F4\r", b"1234"),
            (b"\x7F1\n", b"1"),
            (b"12\x03", b""),
            (b"12\x04", b""),
            (b"12", b"12"),
        ] {
            assert_eq!(&**keys(typed).unwrap(), expected, "{typed:?}");
        }
    }
}
