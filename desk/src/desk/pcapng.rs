//! The kept messages as a file for Wireshark. What is masked in the hub is masked in the file.

use std::io;

use vmyna_apdu::text;
use vmyna_reader_bridge::trace::{Message, PcapngSink, Sink as _, What};

use super::answer::{Answer, Answered, Refusal};
use super::hub::{Happened, Hub};

/// All messages that the hub has.
pub(super) fn export(hub: &Hub) -> Answered {
    let written =
        write(hub).map_err(|_| Refusal::failed(text!("the trace can't be written", "通信記録を書き出せない")))?;
    Ok(Answer::file("application/octet-stream", "vmyna-desk.pcapng", written))
}

fn write(hub: &Hub) -> io::Result<Vec<u8>> {
    let (entries, ..) = hub.from(0, usize::MAX);
    let mut file = Vec::new();
    let mut sink = PcapngSink::begin(&mut file)?;
    for entry in entries {
        let message = |time, what| Message::new(&*entry.reader, time, what);
        match &entry.what {
            Happened::PowerOn(atr) => sink.write(&[message(entry.time, What::PowerOn(atr.clone()))])?,
            Happened::Reset(atr) => sink.write(&[message(entry.time, What::Reset(atr.clone()))])?,
            Happened::PowerOff => sink.write(&[message(entry.time, What::PowerOff)])?,
            Happened::Apdu(exchange) => {
                let answer = match &exchange.response {
                    Some(response) => What::Response(response.clone()),
                    None => What::Unanswered,
                };
                sink.write(&[
                    message(entry.time, What::Command(exchange.command.clone())),
                    message(entry.time + exchange.elapsed, answer),
                ])?;
            }
            // A trace has what passes between reader and card.
            _ => {}
        }
    }
    drop(sink);
    Ok(file)
}
