//! The layers between a card and its reader: their order, as the host and the traces see it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::io;
use std::sync::{Arc, Mutex};

use vmyna::apdu::{Reader, StatusWord};
use vmyna::reader_bridge::fault::Script;
use vmyna::reader_bridge::trace::{Message, Sink, Trace, What};
use vmyna::{Bench, CardSource, Exchange, SendError, Slot};

/// Keeps the R-APDUs of a trace, each behind the name of the trace.
struct Kept(&'static str, Arc<Mutex<Vec<String>>>);

impl Sink for Kept {
    fn write(&mut self, messages: &[Message]) -> io::Result<()> {
        for message in messages {
            if let What::Response(octets) = &message.what {
                let answer = vmyna::apdu::hex::encode(octets.as_bytes());
                self.1.lock().unwrap().push(format!("{}: {answer}", self.0));
            }
        }
        Ok(())
    }
}

fn trace(name: &'static str, kept: &Arc<Mutex<Vec<String>>>) -> Option<Trace> {
    let sink = Kept(name, Arc::clone(kept));
    Some(Trace::new(Box::new(sink), false, Box::new(|error| panic!("{error}"))))
}

fn script(fault: &str) -> Arc<Script> {
    Arc::new(Script::new(vec![fault.parse().unwrap()]))
}

fn refusal(reader: &mut impl Reader, command: &str) -> Option<StatusWord> {
    match reader.send(command) {
        Err(SendError::Refused(sw)) => Some(sw),
        _ => None,
    }
}

#[test]
fn traces_contain_faults_the_slot_first() {
    let kept = Arc::default();
    let fired = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&fired);
    let bench = Bench::new()
        .with_faults(script("sw=6581,ins=A4"))
        .with_trace(trace("shared", &kept));
    let slot = Slot::new("desk")
        .watching_faults(move |notice| *counted.lock().unwrap() += notice.number)
        .with_trace(trace("own", &kept));
    let card = CardSource::hanako().open(None).unwrap();
    let mut reader = bench.reader_with(card, slot).unwrap();
    let select = "00A4040C0AD392F000260100000001";
    assert_eq!(refusal(&mut reader, select), Some(StatusWord::new(0x6581)));
    assert_eq!(*kept.lock().unwrap(), ["own: 6581", "shared: 6581"]);
    assert_eq!(*fired.lock().unwrap(), 1);
}

#[test]
fn faults_are_outside_the_contactless_reader() {
    let card: CardSource = "specimen:hanako@contactless".parse().unwrap();
    // GET DATA of PC/SC part 3, which the reader answers itself.
    let command = "FFCA000000";
    assert_eq!(Bench::new().reader(&card).unwrap().send(command).unwrap().len(), 4);
    let bench = Bench::new().with_faults(script("sw=6581"));
    let refused = refusal(&mut bench.reader(&card).unwrap(), command);
    assert_eq!(refused, Some(StatusWord::new(0x6581)));
}

#[test]
fn a_trace_masks_answers_from_secret_files() {
    let kept = Arc::default();
    let bench = Bench::new().with_trace(trace("t", &kept));
    let mut reader = bench.reader(&CardSource::hanako()).unwrap();
    // The My Number in the input-assist application.
    reader.send("00A4040C0AD3921000310001010408").unwrap();
    reader.send("002000910431323334").unwrap();
    assert!(!reader.send("00B08100000000").unwrap().is_empty());
    let last = kept.lock().unwrap().last().cloned().unwrap();
    let masked = last.strip_prefix("t: ").unwrap().strip_suffix("9000").unwrap();
    assert!(!masked.is_empty() && masked.replace("2A", "").is_empty(), "{last}");
}

#[test]
fn an_error_of_an_exchange_does_not_repeat_the_command() {
    let mut reader = Bench::new().reader(&CardSource::hanako()).unwrap();
    let refused = reader.send("002000800439313932").unwrap_err().to_string();
    assert!(refused.contains("69") && !refused.contains("3931"), "{refused}");
    let odd = reader.send("0020008004393139322").unwrap_err().to_string();
    assert!(!odd.contains("3931"), "{odd}");
}
