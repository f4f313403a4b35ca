//! A small card, a thread that holds it in a slot of vpcd, and waiting with a limit. All of it is for tests only.

#![allow(dead_code, unreachable_pub)] // each test program uses a part of it
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)] // the whole file is for tests

#[cfg(unix)]
pub mod wire;

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use vmyna_apdu::{Icc, IccError};
use vmyna_reader_bridge::vpcd::{End, Reason, StopHandle, VpcdAddress, VpcdError, VpcdEvent, VpcdServer};

/// The ATR of the test card: T=1, no historical bytes.
pub const ATR: [u8; 9] = [0x3B, 0xE0, 0x00, 0xFF, 0x81, 0x31, 0xFE, 0x45, 0x14];

/// First bytes of commands by which the test card does something else than to send back what it got.
pub const ANSWER_OF_LENGTH: u8 = 0xB0;
pub const FALL_SILENT_ONCE: u8 = 0xC0;
pub const BE_PULLED_OUT: u8 = 0xC1;
pub const ANSWER_WITHOUT_STATUS: u8 = 0xC2;
pub const TAKE_300_MS: u8 = 0xC3;
pub const NO_ATR_FROM_NOW_ON: u8 = 0xC4;

/// Long enough for a busy machine; no test waits so long unless it fails.
pub const LIMIT: Duration = Duration::from_secs(10);

#[derive(Clone, Default)]
pub struct TestCard {
    calls: Arc<Mutex<Vec<String>>>,
    powered: bool,
    without_atr: bool,
}

impl TestCard {
    /// What was done to the card: `on`, `reset`, `off`, or the length of a command.
    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    pub fn count(&self, call: &str) -> usize {
        self.calls.lock().unwrap().iter().filter(|made| *made == call).count()
    }

    fn note(&self, call: impl Into<String>) {
        self.calls.lock().unwrap().push(call.into());
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
            _ => response.extend(command.iter().map(|byte| byte ^ 0x5A).take(65_533)),
        }
        response.extend_from_slice(&[0x90, 0x00]);
        Ok(())
    }
}

/// What the test card answers to an ordinary command.
pub fn echo(command: &[u8]) -> Vec<u8> {
    let mut response: Vec<u8> = command.iter().map(|byte| byte ^ 0x5A).take(65_533).collect();
    response.extend_from_slice(&[0x90, 0x00]);
    response
}

/// A card in a slot of vpcd, held by a thread. Dropping it stops the thread.
pub struct Inserted {
    pub card: TestCard,
    pub stop: StopHandle,
    events: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<Result<End, VpcdError>>>,
}

impl Inserted {
    pub fn at(port: u16) -> Inserted {
        let (card, events) = (TestCard::default(), Arc::<Mutex<Vec<String>>>::default());
        let mut server = VpcdServer::new(VpcdAddress::local(port));
        let (stop, mut icc, log) = (server.stop_handle(), card.clone(), Arc::clone(&events));
        let thread =
            std::thread::spawn(move || server.run(&mut icc, &mut |event| log.lock().unwrap().push(show(&event))));
        Inserted {
            card,
            stop,
            events,
            thread: Some(thread),
        }
    }

    /// What was reported so far, without commands.
    pub fn events(&self) -> Vec<String> {
        self.events.lock().unwrap().clone()
    }

    pub fn saw(&self, part: &str) -> bool {
        self.events().iter().any(|event| event.contains(part))
    }

    pub fn wait_for(&self, part: &str) {
        if !within(LIMIT, || self.saw(part)) {
            panic!("\"{part}\" is not among {:?}", self.events());
        }
    }

    /// Waits for the end of the thread without stopping it.
    pub fn ended(&mut self) -> Result<End, VpcdError> {
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Inserted {
    fn drop(&mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn show(event: &VpcdEvent<'_>) -> String {
    match event {
        VpcdEvent::Waiting { retry_in, .. } => format!("waiting {} ms", retry_in.as_millis()),
        VpcdEvent::Connected { .. } => "connected".to_owned(),
        VpcdEvent::Idle => "idle".to_owned(),
        VpcdEvent::Inserted => "inserted".to_owned(),
        VpcdEvent::PowerOn { atr } => format!("on {}", atr.len()),
        VpcdEvent::Reset { atr } => format!("reset {}", atr.len()),
        VpcdEvent::PowerOff => "off".to_owned(),
        VpcdEvent::Apdu { command, response, .. } => format!("apdu {}/{}", command.len(), response.len()),
        VpcdEvent::Failed { failure, .. } => format!("failed {failure:?}"),
        VpcdEvent::Disconnected { reason } => match reason {
            Reason::Lost(_) => "disconnected Lost".to_owned(),
            reason => format!("disconnected {reason:?}"),
        },
        _ => "other".to_owned(),
    }
}

/// Whether `condition` becomes true within `limit`.
pub fn within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !condition() {
        if start.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

/// The middle one of `count` measurements.
pub fn median(count: usize, mut measure: impl FnMut() -> Duration) -> Duration {
    let mut samples: Vec<_> = (0..count).map(|_| measure()).collect();
    samples.sort();
    samples[count / 2]
}
