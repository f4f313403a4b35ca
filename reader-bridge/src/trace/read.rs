//! Reads a trace back: pcapng of either byte order, also when other programs have written or edited it. Blocks and packets
//! that are not from a card are skipped. The file may be hostile: nothing here trusts a length.

use super::exported_pdu::{self, LINK_TYPE};
use super::limits::{LONGEST, LONGEST_NAME, MOST_MESSAGES, MOST_READERS};
use super::pcapng::{
    BYTE_ORDER, ENHANCED_PACKET, INTERFACE, OPTION_COMMENT, OPTION_END, OPTION_NAME, OPTION_TIME_RESOLUTION,
    SECTION_HEADER,
};
use super::{Message, ReaderName, Readers};
use std::io::{self, Read};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A longer block is refused: the longest APDU makes one of 64 KiB.
const LONGEST_BLOCK: usize = 16 << 20;

/// A message with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// The number, from 1, that Wireshark gives it too.
    pub number: u64,
    /// The message.
    pub message: Message,
}

/// The content of a trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recording {
    /// The messages in their order.
    pub messages: Vec<Numbered>,
    /// Packets that are not from a card.
    pub others: u64,
    /// Whether the file ends in the middle of a block, as when the process that wrote it was killed.
    pub torn: bool,
}

/// The reason why a file is no trace.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file can't be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It does not begin as pcapng does.
    #[error("not a pcapng file")]
    NotPcapng,
    /// A block contradicts itself. Counted in bytes from the beginning of the file.
    #[error("damaged: the block at byte {0} contradicts itself")]
    Block(u64),
    /// More messages than are read at a time.
    #[error("more than {MOST_MESSAGES} messages")]
    TooMany,
    /// More bytes than are read.
    #[error("more than {} MiB", LONGEST >> 20)]
    TooLong,
    /// More readers than are read.
    #[error("more than {MOST_READERS} readers")]
    TooManyReaders,
    /// The name of a reader is longer than any that is written.
    #[error("the name of a reader has more than {LONGEST_NAME} bytes")]
    LongName,
}

/// Reads a trace to its end.
///
/// # Errors
/// [`ReadError`]. A file that only ends too early is none.
pub fn read(input: impl Read) -> Result<Recording, ReadError> {
    let mut recording = Recording::default();
    recording.torn = packets(input, |packet| {
        match packet.message() {
            Some(_) if recording.messages.len() == MOST_MESSAGES => return Err(ReadError::TooMany),
            Some(message) => recording.messages.push(Numbered {
                number: packet.number,
                message,
            }),
            None => recording.others += 1,
        }
        Ok(())
    })?;
    Ok(recording)
}

/// A packet.
pub(super) struct Packet<'a> {
    /// From 1.
    pub(super) number: u64,
    pub(super) link_type: u16,
    /// `None` for one that is not from a card.
    reader: Option<&'a ReaderName>,
    pub(super) time: SystemTime,
    comments: Vec<&'a str>,
    pub(super) bytes: &'a [u8],
}

impl Packet<'_> {
    /// The message in the packet; `None` if it is not from a card.
    pub(super) fn message(&self) -> Option<Message> {
        exported_pdu::decode(self.bytes, &self.comments, self.reader?, self.time)
    }
}

/// Calls `each` with each whole packet. Returns whether the file ends in the middle of a block.
pub(super) fn packets<E: From<ReadError>>(
    input: impl Read,
    mut each: impl FnMut(&Packet<'_>) -> Result<(), E>,
) -> Result<bool, E> {
    let mut blocks = Blocks {
        input,
        big_endian: false,
        at: 0,
    };
    let mut interfaces: Vec<Interface> = Vec::new();
    let mut readers = Readers::default();
    let mut packets = 0;
    loop {
        let at = blocks.at;
        if at > LONGEST {
            return Err(ReadError::TooLong.into());
        }
        let (kind, body) = match blocks.next()? {
            Block::Whole(kind, body) => (kind, body),
            Block::End => return Ok(false),
            Block::Torn => return Ok(true),
        };
        let words = Words {
            big_endian: blocks.big_endian,
        };
        match kind {
            // Interfaces belong to their section.
            SECTION_HEADER => interfaces.clear(),
            INTERFACE if interfaces.len() == MOST_READERS => return Err(ReadError::TooManyReaders.into()),
            INTERFACE => {
                let interface = Interface::parse(words, &body, &mut readers)?;
                interfaces.push(interface.ok_or(ReadError::Block(at))?);
            }
            ENHANCED_PACKET => {
                packets += 1;
                each(&packet(words, packets, &body, &interfaces).ok_or(ReadError::Block(at))?)?;
            }
            _ => {}
        }
    }
}

enum Block {
    Whole(u32, Vec<u8>),
    Torn,
    End,
}

/// The blocks of a file.
struct Blocks<R> {
    input: R,
    big_endian: bool,
    /// Bytes read so far.
    at: u64,
}

impl<R: Read> Blocks<R> {
    fn next(&mut self) -> Result<Block, ReadError> {
        let begin = self.at;
        let damaged = if begin == 0 {
            ReadError::NotPcapng
        } else {
            ReadError::Block(begin)
        };
        let head = self.take(8)?;
        let Some((&[a, b, c, d], length)) = head.split_first_chunk() else {
            return match head.len() {
                0 if begin == 0 => Err(damaged),
                0 => Ok(Block::End),
                _ if begin == 0 => Err(damaged),
                _ => Ok(Block::Torn),
            };
        };
        let Ok(length) = <[u8; 4]>::try_from(length) else {
            return if begin == 0 { Err(damaged) } else { Ok(Block::Torn) };
        };
        // The type of the section header reads the same both ways; the next field gives the byte order.
        let section = u32::from_le_bytes([a, b, c, d]) == SECTION_HEADER;
        let mut body = Vec::new();
        if section {
            body = self.take(4)?;
            match <[u8; 4]>::try_from(body.as_slice()) {
                Ok(order) if u32::from_le_bytes(order) == BYTE_ORDER => self.big_endian = false,
                Ok(order) if u32::from_be_bytes(order) == BYTE_ORDER => self.big_endian = true,
                Ok(_) => return Err(damaged),
                Err(_) if begin == 0 => return Err(damaged),
                Err(_) => return Ok(Block::Torn),
            }
        } else if begin == 0 {
            return Err(damaged);
        }
        let words = Words {
            big_endian: self.big_endian,
        };
        let kind = words.u32([a, b, c, d]);
        let total = words.u32(length) as usize;
        if !(12 + body.len()..=LONGEST_BLOCK).contains(&total) || !total.is_multiple_of(4) {
            return Err(damaged);
        }
        let rest = total - 8 - body.len();
        let more = self.take(rest)?;
        if more.len() < rest {
            return Ok(Block::Torn);
        }
        body.extend(more);
        match body.split_last_chunk() {
            Some((body, trailer)) if words.u32(*trailer) as usize == total => Ok(Block::Whole(kind, body.to_vec())),
            _ => Err(damaged),
        }
    }

    /// The next `length` bytes, or all there are.
    fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.input.by_ref().take(length as u64).read_to_end(&mut bytes)?;
        self.at += bytes.len() as u64;
        Ok(bytes)
    }
}

/// Numbers in the file's byte order.
#[derive(Clone, Copy)]
struct Words {
    big_endian: bool,
}

impl Words {
    fn u16(self, bytes: [u8; 2]) -> u16 {
        if self.big_endian {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        }
    }

    fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        }
    }

    /// Takes a 32-bit number from the front.
    fn take(self, bytes: &mut &[u8]) -> Option<u32> {
        let (word, rest) = bytes.split_first_chunk()?;
        *bytes = rest;
        Some(self.u32(*word))
    }

    /// The options up to the end; half an option is skipped.
    fn options(self, mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
        std::iter::from_fn(move || {
            let (&[a, b, c, d], rest) = bytes.split_first_chunk()?;
            let (code, length) = (self.u16([a, b]), usize::from(self.u16([c, d])));
            let value = rest.get(..length).filter(|_| code != OPTION_END)?;
            bytes = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
            Some((code, value))
        })
    }
}

/// An interface: here, a reader.
struct Interface {
    link_type: u16,
    /// `None` for one whose packets are not from a card.
    reader: Option<ReaderName>,
    /// How many of a packet's units of time make a second, `None` for too many to count.
    per_second: Option<u64>,
}

impl Interface {
    fn parse(words: Words, body: &[u8], readers: &mut Readers) -> Result<Option<Self>, ReadError> {
        let Some((head, options)) = body.split_first_chunk::<8>() else {
            return Ok(None);
        };
        let find = |wanted| {
            words
                .options(options)
                .find(|(code, _)| *code == wanted)
                .map(|(_, value)| value)
        };
        let per_second = match find(OPTION_TIME_RESOLUTION) {
            Some([power @ 0..0x80]) => 10_u64.checked_pow(u32::from(*power)),
            Some([power]) => 2_u64.checked_pow(u32::from(power & 0x7F)),
            _ => Some(1_000_000),
        };
        let name = find(OPTION_NAME).unwrap_or_default();
        let link_type = words.u16([head[0], head[1]]);
        let reader = match link_type {
            LINK_TYPE if name.len() > LONGEST_NAME => return Err(ReadError::LongName),
            LINK_TYPE => Some(readers.name(&String::from_utf8_lossy(name))?),
            _ => None,
        };
        Ok(Some(Self {
            link_type,
            reader,
            per_second,
        }))
    }

    fn time(&self, units: u64) -> SystemTime {
        let since = self.per_second.map(|per_second| {
            let (seconds, fraction) = (units / per_second, units % per_second);
            let nanoseconds = u128::from(fraction) * 1_000_000_000 / u128::from(per_second);
            Duration::new(seconds, nanoseconds as u32)
        });
        since
            .and_then(|since| UNIX_EPOCH.checked_add(since))
            .unwrap_or(UNIX_EPOCH)
    }
}

/// The packet of a packet block; `None` if it is damaged.
fn packet<'a>(words: Words, number: u64, mut body: &'a [u8], interfaces: &'a [Interface]) -> Option<Packet<'a>> {
    /// A packet that this program writes has one.
    const MOST_COMMENTS: usize = 16;
    let interface = interfaces.get(words.take(&mut body)? as usize)?;
    let (high, low) = (words.take(&mut body)?, words.take(&mut body)?);
    let (captured, _) = (words.take(&mut body)? as usize, words.take(&mut body)?);
    let bytes = body.get(..captured)?;
    let options = words.options(body.get(captured.next_multiple_of(4)..).unwrap_or_default());
    let comments = options
        .filter(|(code, _)| interface.reader.is_some() && *code == OPTION_COMMENT)
        .filter_map(|(_, text)| std::str::from_utf8(text).ok())
        .take(MOST_COMMENTS)
        .collect();
    Some(Packet {
        number,
        link_type: interface.link_type,
        reader: interface.reader.as_ref(),
        time: interface.time(u64::from(high) << 32 | u64::from(low)),
        comments,
        bytes,
    })
}
