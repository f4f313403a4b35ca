//! What a card in a reader of the desk gives to the hub: its messages, masked, and its reasons.

use std::io;
use std::sync::Arc;

use vmyna_apdu::StatusWord;
use vmyna_apdu::instruction::code;
use vmyna_explain::NotedReasons;
use vmyna_reader_bridge::trace::{Message, Octets, Sink, What};

use super::hub::{Context, Exchange, Happened, Hub};

/// The sink of one card.
pub(super) struct CardSink {
    pub(super) hub: Arc<Hub>,
    pub(super) reader: Arc<str>,
    pub(super) noted: NotedReasons,
    pub(super) context: Context,
}

impl CardSink {
    fn exchange(&mut self, sent: &Message, command: &Octets, answered: &Message, response: Option<&Octets>) {
        let exchange = Exchange {
            command: command.clone(),
            response: response.cloned(),
            elapsed: answered.time.duration_since(sent.time).unwrap_or_default(),
            noted: self.noted.take(),
            context: self.context.clone(),
        };
        if let Some(response) = response
            && selects(command.as_bytes(), response.as_bytes())
        {
            let both = (command.as_bytes().to_vec(), response.as_bytes().to_vec());
            self.context.selected = Some(Arc::new(both));
        }
        self.hub
            .push(&self.reader, sent.time, Happened::Apdu(Box::new(exchange)));
    }
}

/// Whether this may have selected an application. Which one, the narrator knows.
fn selects(command: &[u8], response: &[u8]) -> bool {
    let done = [StatusWord::SUCCESS, StatusWord::DF_LOCKED];
    let done = done.iter().any(|word| response.ends_with(&word.to_bytes()));
    done && command.get(1..3) == Some(&[code::SELECT, 0x04])
}

impl Sink for CardSink {
    fn write(&mut self, messages: &[Message]) -> io::Result<()> {
        // A command and its answer come together.
        let mut sent: Option<(&Message, &Octets)> = None;
        for message in messages {
            let happened = match &message.what {
                What::Command(command) => {
                    sent = Some((message, command));
                    continue;
                }
                What::Response(response) => {
                    if let Some((before, command)) = sent.take() {
                        self.exchange(before, command, message, Some(response));
                    }
                    continue;
                }
                What::Unanswered => {
                    if let Some((before, command)) = sent.take() {
                        self.exchange(before, command, message, None);
                    }
                    continue;
                }
                What::PowerOn(atr) => Happened::PowerOn(atr.clone()),
                What::Reset(atr) => Happened::Reset(atr.clone()),
                What::PowerOff => Happened::PowerOff,
            };
            self.context.selected = None;
            self.hub.push(&self.reader, message.time, happened);
        }
        Ok(())
    }
}
