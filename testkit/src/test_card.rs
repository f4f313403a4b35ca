//! A card without files or keys. It sends each command back, or does what the first byte of the command asks for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use vmyna_apdu::{Icc, IccError};

/// The ATR of the test card: T=1, no historical bytes.
pub const ATR: [u8; 9] = [0x3B, 0xE0, 0x00, 0xFF, 0x81, 0x31, 0xFE, 0x45, 0x14];

/// First byte of a command: answer with as many bytes as the next four bytes state.
pub const ANSWER_OF_LENGTH: u8 = 0xB0;
/// First byte of a command: give no answer to this one.
pub const FALL_SILENT_ONCE: u8 = 0xC0;
/// First byte of a command: leave the reader.
pub const BE_PULLED_OUT: u8 = 0xC1;
/// First byte of a command: answer with no bytes at all.
pub const ANSWER_WITHOUT_STATUS: u8 = 0xC2;
/// First byte of a command: answer after 300 ms.
pub const TAKE_300_MS: u8 = 0xC3;
/// First byte of a command: answer, and give no ATR any more.
pub const NO_ATR_FROM_NOW_ON: u8 = 0xC4;

/// The card. Clones share the list of calls.
#[derive(Clone, Default)]
pub struct TestCard {
    calls: Arc<Mutex<Vec<String>>>,
    powered: bool,
    without_atr: bool,
}

impl TestCard {
    /// What was done to the card: `on`, `reset`, `off`, or the length of a command.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.lock().clone()
    }

    /// How many times `call` was made; see [`Self::calls`].
    #[must_use]
    pub fn count(&self, call: &str) -> usize {
        self.lock().iter().filter(|made| *made == call).count()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, call: impl Into<String>) {
        self.lock().push(call.into());
    }

    fn give_atr(&self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        if self.without_atr {
            return Err(IccError::Mute);
        }
        atr.clear();
        atr.extend_from_slice(&ATR);
        Ok(())
    }
}

impl Icc for TestCard {
    fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        self.note("on");
        self.powered = true;
        self.give_atr(atr)
    }

    fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        self.note("reset");
        self.give_atr(atr)
    }

    fn power_off(&mut self) -> Result<(), IccError> {
        self.note("off");
        self.powered = false;
        Ok(())
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError> {
        self.note(command.len().to_string());
        response.clear();
        match *command {
            _ if !self.powered => return Err(IccError::Mute),
            [FALL_SILENT_ONCE, ..] => return Err(IccError::Mute),
            [BE_PULLED_OUT, ..] => return Err(IccError::Gone),
            [ANSWER_WITHOUT_STATUS, ..] => return Ok(()),
            [TAKE_300_MS, ..] => std::thread::sleep(Duration::from_millis(300)),
            [NO_ATR_FROM_NOW_ON, ..] => self.without_atr = true,
            [ANSWER_OF_LENGTH, a, b, c, d] => {
                response.resize(u32::from_be_bytes([a, b, c, d]) as usize - 2, 0xDA);
            }
            _ => {
                response.extend(echo(command));
                return Ok(());
            }
        }
        response.extend_from_slice(&[0x90, 0x00]);
        Ok(())
    }
}

/// The test card's answer to an ordinary command: its bytes XOR 5A, at most 65,533 of them, and 9000.
#[must_use]
pub fn echo(command: &[u8]) -> Vec<u8> {
    let mut response: Vec<u8> = command.iter().map(|byte| byte ^ 0x5A).take(65_533).collect();
    response.extend_from_slice(&[0x90, 0x00]);
    response
}
