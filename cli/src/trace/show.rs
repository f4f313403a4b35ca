//! `vmyna trace show`: each message as `vmyna apdu` shows it, with the number that Wireshark gives it too.

use std::collections::HashMap;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use vmyna_apdu::hex;
use vmyna_card_os::declaration::Application;
use vmyna_explain::Narrator;
use vmyna_reader_bridge::trace::{Octets, ReaderName, What};

use super::args::TraceShow;
use crate::failure::Failure;
use crate::output;
use crate::trace_file::load::{choose, load, readers};

/// Runs the command.
pub(super) fn run(arguments: &TraceShow) -> Result<(), Failure> {
    let recording = load(&arguments.file)?;
    let readers = readers(&recording);
    let only = match &arguments.reader {
        Some(wanted) => Some(choose(Some(wanted), &readers)?),
        None => None,
    };
    let (card, _) = arguments.applications.on(&arguments.card)?.current()?;
    let applications: Arc<[Application]> = card.applications().into();
    let several = only.is_none() && readers.len() > 1;
    let mut conversations: HashMap<&ReaderName, (Narrator, &[u8], SystemTime)> = HashMap::new();
    let mut out = io::BufWriter::new(output::text());
    for numbered in &recording.messages {
        let message = &numbered.message;
        if only.is_some_and(|reader| *reader != message.reader) {
            continue;
        }
        let (narrator, command, sent) = conversations
            .entry(&message.reader)
            .or_insert_with(|| (Narrator::new().of_applications(applications.clone()), &[], message.time));
        if matches!(message.what, What::PowerOn(_) | What::PowerOff) {
            narrator.powered();
        }
        let text = match &message.what {
            What::PowerOn(atr) => format!("-- power on   ATR {}", hex::encode(atr)),
            What::Reset(atr) => format!("-- warm reset   ATR {}", hex::encode(atr)),
            What::PowerOff => "-- power off".to_owned(),
            What::Unanswered => "-- not answered".to_owned(),
            What::Command(octets) => {
                (*command, *sent) = (octets.as_bytes(), message.time);
                narrator.command_hiding(octets.as_bytes(), &hidden(octets, arguments.show_secrets))
            }
            What::Response(octets) => {
                let elapsed = message.time.duration_since(*sent).unwrap_or_default();
                let hidden = hidden(octets, arguments.show_secrets);
                let text = narrator.answer_hiding(octets.as_bytes(), &hidden, elapsed);
                narrator.follow(command, octets.as_bytes());
                text
            }
        };
        let reader = if several {
            format!("[{}] ", *message.reader)
        } else {
            String::new()
        };
        writeln!(out, "#{} {reader}{text}", numbered.number)?;
    }
    out.flush()?;
    Ok(())
}

/// The bytes to hide: masked ones always, secret ones unless the user asks for them.
fn hidden(octets: &Octets, show_secrets: bool) -> Range<usize> {
    if show_secrets { octets.masked() } else { octets.secret() }
}
