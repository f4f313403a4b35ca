//! `--verbose` of `vmyna run` and `vmyna serve`: each APDU on standard error once it is answered, with its meaning.
//!
//! It is a trace for people, taken where a trace file is taken, and it masks the same bytes. Without --show-secrets it must
//! never show a PIN or data of the cardholder.

use std::io;
use std::sync::Arc;

use vmyna_card_os::declaration::Application;
use vmyna_explain::{Narrator, shortened};
use vmyna_reader_bridge::trace::{Message, Sink, Trace, What};

use crate::output::say;

/// A trace that prints the conversation with one card, with the names of its applications; `reader` begins each exchange
/// where there may be several readers.
pub(crate) fn trace(reader: Option<&str>, show_secrets: bool, applications: Option<Arc<[Application]>>) -> Trace {
    let narrator = match applications {
        Some(applications) => Narrator::new().of_applications(applications),
        None => Narrator::new(),
    };
    let printer = Printer {
        prefix: reader.map(|reader| format!("[{reader}] ")).unwrap_or_default(),
        narrator: narrator.showing_secrets(show_secrets),
    };
    // It never fails: a closed standard error must not take a card out of its reader.
    Trace::new(Box::new(printer), show_secrets, Box::new(|_| {}))
}

struct Printer {
    prefix: String,
    narrator: Narrator,
}

impl Sink for Printer {
    fn write(&mut self, messages: &[Message]) -> io::Result<()> {
        // A command and its answer come together.
        let texts: Vec<_> = messages
            .iter()
            .zip([None].into_iter().chain(messages.iter().map(Some)))
            .filter_map(|(message, before)| self.text(message, before))
            .collect();
        if !texts.is_empty() {
            say(&format!("{}{}", self.prefix, texts.join("\n")));
        }
        Ok(())
    }
}

impl Printer {
    /// A message in words; `None` for power and resets, which the reader reports. `before` is the command of an answer.
    fn text(&mut self, message: &Message, before: Option<&Message>) -> Option<String> {
        match &message.what {
            What::PowerOn(_) | What::PowerOff => {
                self.narrator.powered();
                None
            }
            What::Reset(_) => None,
            What::Unanswered => Some("-- not answered".to_owned()),
            What::Command(command) => {
                let text = self.narrator.command_hiding(command.as_bytes(), &command.masked());
                Some(shortened(&text))
            }
            What::Response(response) => {
                let elapsed = before.and_then(|before| message.time.duration_since(before.time).ok());
                let (bytes, hidden) = (response.as_bytes(), response.masked());
                let text = self.narrator.answer_hiding(bytes, &hidden, elapsed.unwrap_or_default());
                if let Some(What::Command(command)) = before.map(|before| &before.what) {
                    self.narrator.follow(command.as_bytes(), bytes);
                }
                Some(shortened(&text))
            }
        }
    }
}
