//! A thread that holds the test card in a slot of vpcd. For tests only.

#![allow(dead_code, unreachable_pub)] // each test program uses a part of it
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)] // the whole file is for tests

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use vmyna_reader_bridge::vpcd::{End, Reason, StopHandle, VpcdAddress, VpcdError, VpcdEvent, VpcdServer};
use vmyna_testkit::test_card::TestCard;
use vmyna_testkit::waiting::{LIMIT, within};

/// A card in a slot of vpcd, held by a thread. Dropping it stops the thread.
pub struct Inserted {
    pub card: TestCard,
    pub stop: StopHandle,
    events: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<Result<End, VpcdError>>>,
}

impl Inserted {
    pub fn at(port: u16) -> Inserted {
        Inserted::by(VpcdServer::new(VpcdAddress::local(port)))
    }

    pub fn by(mut server: VpcdServer) -> Inserted {
        let (card, events) = (TestCard::default(), Arc::<Mutex<Vec<String>>>::default());
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
        VpcdEvent::Listening { .. } => "listening".to_owned(),
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
