//! Captures, pcap and pcapng: GSMTAP of SIM cards, and packets of this program, for example after `editcap -F pcap`.

use std::time::UNIX_EPOCH;

use super::super::exported_pdu::{self, LINK_TYPE};
use super::super::{ReadError, ReaderName, read as pcapng};
use super::transcript::Transcript;
use super::{ImportError, Place, Problem, gsmtap, pcap};

/// The first byte of pcapng.
const PCAPNG: u8 = 0x0A;

pub(super) fn read(capture: &[u8], transcript: &mut Transcript) -> Result<(), ImportError> {
    if capture.first() == Some(&PCAPNG) {
        pcapng::packets(capture, |packet| {
            let added = match packet.message() {
                Some(message) => transcript.exported(&message),
                None => {
                    transcript.at(packet.time.duration_since(UNIX_EPOCH).unwrap_or_default());
                    gsmtap::read(packet.link_type, packet.bytes, transcript)
                }
            };
            added.map_err(|problem| ImportError {
                place: Place::Packet(packet.number),
                problem,
            })
        })?;
        return Ok(());
    }
    // Classic pcap has no names of interfaces.
    let reader = ReaderName::from("pcap");
    pcap::packets(capture, |packet| {
        transcript.at(packet.time);
        if packet.link_type == LINK_TYPE {
            let time = UNIX_EPOCH.checked_add(packet.time).unwrap_or(UNIX_EPOCH);
            let message = exported_pdu::decode(packet.bytes, &[], &reader, time);
            return message.map_or(Ok(()), |message| transcript.exported(&message));
        }
        gsmtap::read(packet.link_type, packet.bytes, transcript)
    })
}

impl From<ReadError> for ImportError {
    fn from(error: ReadError) -> Self {
        Self::of_file(match error {
            ReadError::TooMany | ReadError::TooManyReaders => Problem::TooMany,
            ReadError::TooLong => Problem::LongLog,
            ReadError::LongName => Problem::Name,
            _ => Problem::Damaged,
        })
    }
}
