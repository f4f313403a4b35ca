//! `--verbose` of `vmyna run` and `vmyna serve`: each APDU on standard error once it is answered, with what it means.
//!
//! It is a trace for people, taken at the card like one that is written into a file. So it masks what a trace masks, and
//! must never show a PIN or what was read about the holder to somebody who has not asked for it.

use std::io;

use vmyna_explain::{Narrator, shortened};
use vmyna_reader_bridge::trace::{Message, Sink, Trace, What};

use crate::output::say;

/// A trace that prints the conversation with one card; `reader` begins each exchange where there may be several readers.
pub(crate) fn trace(reader: Option<&str>, show_secrets: bool) -> Trace {
    let teller = Teller {
        prefix: reader.map(|reader| format!("[{reader}] ")).unwrap_or_default(),
        narrator: Narrator::new().showing_secrets(show_secrets),
    };
    // It never fails: a card must not leave its reader because nobody reads standard error.
    Trace::new(Box::new(teller), show_secrets, Box::new(|_| {}))
}

struct Teller {
    prefix: String,
    narrator: Narrator,
}

impl Sink for Teller {
    fn write(&mut self, messages: &[Message]) -> io::Result<()> {
        // A command and its answer come together.
        let told: Vec<_> = messages
            .iter()
            .zip([None].into_iter().chain(messages.iter().map(Some)))
            .filter_map(|(message, before)| self.tell(message, before))
            .collect();
        if !told.is_empty() {
            say(&format!("{}{}", self.prefix, told.join("\n")));
        }
        Ok(())
    }
}

impl Teller {
    /// What a message is to people; nothing of power, which the reader tells of. `before` is the command of an answer.
    fn tell(&mut self, message: &Message, before: Option<&Message>) -> Option<String> {
        match &message.what {
            What::PowerOn(_) | What::PowerOff => {
                self.narrator.powered();
                None
            }
            What::Reset(_) => None,
            What::Unanswered => Some("-- not answered".to_owned()),
            What::Command(command) => {
                let told = self.narrator.command_hiding(command.as_bytes(), &command.masked());
                Some(shortened(&told))
            }
            What::Response(response) => {
                let elapsed = before.and_then(|before| message.time.duration_since(before.time).ok());
                let (bytes, hidden) = (response.as_bytes(), response.masked());
                let told = self.narrator.answer_hiding(bytes, &hidden, elapsed.unwrap_or_default());
                if let Some(What::Command(command)) = before.map(|before| &before.what) {
                    self.narrator.follow(command.as_bytes(), bytes);
                }
                Some(shortened(&told))
            }
        }
    }
}
