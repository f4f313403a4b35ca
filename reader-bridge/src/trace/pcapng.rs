//! Writes pcapng (draft-ietf-opsawg-pcapng): a section header, an interface a reader, an enhanced packet a message. All
//! little-endian, times in nanoseconds. Each call writes whole blocks with one system call where the system allows.

use super::exported_pdu::{self, LINK_TYPE};
use super::limits::LONGEST_NAME;
use super::{Message, Sink};
use std::io::{self, Write};
use std::time::{Duration, UNIX_EPOCH};

pub(super) const SECTION_HEADER: u32 = 0x0A0D_0D0A;
pub(super) const INTERFACE: u32 = 1;
pub(super) const ENHANCED_PACKET: u32 = 6;
pub(super) const BYTE_ORDER: u32 = 0x1A2B_3C4D;

/// Options of all blocks, of the section header, of an interface.
pub(super) const OPTION_END: u16 = 0;
pub(super) const OPTION_COMMENT: u16 = 1;
const OPTION_APPLICATION: u16 = 4;
pub(super) const OPTION_NAME: u16 = 2;
pub(super) const OPTION_TIME_RESOLUTION: u16 = 9;

const NANOSECONDS: u8 = 9;

/// Writes a trace that Wireshark and tshark open as it is.
pub struct PcapngSink<W> {
    out: W,
    readers: Vec<String>,
}

impl<W: Write + Send> PcapngSink<W> {
    /// Begins the file. `out` should not buffer: the content of a buffer is lost when the process dies.
    ///
    /// # Errors
    /// An error of the file.
    pub fn begin(mut out: W) -> io::Result<Self> {
        let mut body = Vec::new();
        body.extend(BYTE_ORDER.to_le_bytes());
        body.extend(1_u16.to_le_bytes());
        body.extend(0_u16.to_le_bytes());
        // The length of the section is not known.
        body.extend((-1_i64).to_le_bytes());
        let application = concat!("vmyna ", env!("CARGO_PKG_VERSION"));
        option(&mut body, OPTION_APPLICATION, application.as_bytes());
        option(&mut body, OPTION_END, &[]);
        out.write_all(&block(SECTION_HEADER, body))?;
        Ok(Self {
            out,
            readers: Vec::new(),
        })
    }

    /// The number of a reader's interface; the description of a new one goes to `blocks`.
    fn interface(&mut self, reader: &str, blocks: &mut Vec<u8>) -> u32 {
        let known = self.readers.iter().position(|known| known == reader);
        let number = known.unwrap_or_else(|| {
            let mut body = Vec::new();
            body.extend(LINK_TYPE.to_le_bytes());
            body.extend([0; 2]);
            // No limit to a packet's length.
            body.extend([0; 4]);
            option(&mut body, OPTION_NAME, &reader.as_bytes()[..name_end(reader)]);
            option(&mut body, OPTION_TIME_RESOLUTION, &[NANOSECONDS]);
            option(&mut body, OPTION_END, &[]);
            blocks.extend(block(INTERFACE, body));
            self.readers.push(reader.to_owned());
            self.readers.len() - 1
        });
        number as u32
    }
}

impl<W: Write + Send> Sink for PcapngSink<W> {
    fn write(&mut self, messages: &[Message]) -> io::Result<()> {
        let mut blocks = Vec::new();
        for message in messages {
            let interface = self.interface(message.reader.raw(), &mut blocks);
            let (packet, comment) = exported_pdu::encode(&message.what);
            let time = message.time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
            // Enough for 584 years.
            let time = time.as_nanos() as u64;
            let length = (packet.len() as u32).to_le_bytes();
            let mut body = Vec::with_capacity(packet.len() + 64);
            body.extend(interface.to_le_bytes());
            body.extend(((time >> 32) as u32).to_le_bytes());
            body.extend((time as u32).to_le_bytes());
            body.extend(length);
            body.extend(length);
            body.extend(packet);
            pad(&mut body);
            if let Some(comment) = comment {
                option(&mut body, OPTION_COMMENT, comment.as_bytes());
                option(&mut body, OPTION_END, &[]);
            }
            blocks.extend(block(ENHANCED_PACKET, body));
        }
        self.out.write_all(&blocks)
    }
}

/// The end of a name that is cut to the limit, between two characters.
fn name_end(name: &str) -> usize {
    let mut end = name.len().min(LONGEST_NAME);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    end
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    body.extend(code.to_le_bytes());
    // Names and comments of at most a kibibyte.
    body.extend((value.len() as u16).to_le_bytes());
    body.extend(value);
    pad(body);
}

fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}

/// A block around a body of whole 32-bit words: type, total length, body, total length.
fn block(kind: u32, body: Vec<u8>) -> Vec<u8> {
    let length = (body.len() as u32 + 12).to_le_bytes();
    [&kind.to_le_bytes()[..], &length, &body, &length].concat()
}
