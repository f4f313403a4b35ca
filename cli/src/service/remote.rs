//! A card of another program in a reader of vmyna's own service: the program connects as to vpcd.
//!
//! The card is in the reader as long as the connection lasts. A program that connects again puts it in again. Must never take
//! out another card that was put in its place meanwhile.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use vmyna::OpenCard;
use vmyna_pcsc_service::Hand;
use vmyna_reader_bridge::vpcd::{StopHandle, VpcdCard, VpcdHost};

use crate::failure::Failure;
use crate::output::say;
use crate::threads;

/// How often the card is asked for its ATR, as by pcscd: so it is noticed that it has gone.
const POLL: Duration = Duration::from_millis(400);

/// The reader for the card. Dropping this ends the connection and listens no longer.
pub(super) struct RemoteCard {
    stop: StopHandle,
    thread: Option<JoinHandle<()>>,
    first: Receiver<()>,
}

impl RemoteCard {
    /// Listens for cards, and puts each into `reader` as `connect` makes it ready.
    pub(super) fn start(
        host: VpcdHost,
        hand: Hand,
        reader: String,
        connect: impl Fn(OpenCard) -> Box<dyn vmyna_apdu::Icc + Send> + Send + 'static,
    ) -> Result<Self, Failure> {
        let stop = host.stop_handle();
        let (sender, first) = channel();
        let thread = threads::start("vpcd card", move || {
            while let Some((card, peer)) = host.next_card(no_card) {
                let watcher = card.watcher();
                if let Err(why) = hand.insert(&reader, Some(connect(foreign(card)))) {
                    say(&format!("the card from {peer} can't be put into \"{reader}\": {why}"));
                    continue;
                }
                say(&format!("the card from {peer} is in the reader \"{reader}\""));
                // Fails when no program waits for the first card any more.
                let _ = sender.send(());
                while watcher.is_there() {
                    host.stop_handle().pause(POLL);
                }
                if !watcher.is_dropped() {
                    // Fails when `vmyna reader` has taken it out.
                    let _ = hand.remove(&reader);
                    let _ = hand.give_up(&reader);
                }
                say(&format!("the card from {peer} is gone"));
            }
        })?;
        Ok(Self {
            stop,
            thread: Some(thread),
            first,
        })
    }

    /// Waits for the first card, at most for this time; returns whether there was one.
    pub(super) fn wait(&self, time: Duration) -> bool {
        self.first.recv_timeout(time).is_ok()
    }
}

impl Drop for RemoteCard {
    fn drop(&mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn foreign(card: VpcdCard) -> OpenCard {
    OpenCard::foreign(Box::new(card))
}

fn no_card(peer: SocketAddr) {
    say(&format!("{peer} has connected and is no card: it gave no ATR"));
}
