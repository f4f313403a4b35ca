//! The messages of pcsc-lite's clients and service, protocol versions 4:3 (libpcsclite before 1.8.24), 4:4 (1.8.24 to 2.2),
//! 4:5 (2.3, 2.4) and 4:6 (from 2.5): bytes to [`Request`], [`Reply`] to bytes.
//!
//! A request is a header of two 32-bit numbers (size of the fixed part, command), the fixed part, and for TRANSMIT and
//! CONTROL the bytes for the card. A reply is the bare body, the client knows its length. Numbers are in the machine's
//! byte order: both ends are on one machine. Pure: no socket, no clock. Must never allocate for what a client announces,
//! only for what it has sent, nor take more of it than [`LONGEST`].

use crate::code::Code;

/// Bytes of a header.
pub const HEADER: usize = 8;

/// The most that a client can send to or get from the card, in bytes (`MAX_BUFFER_SIZE_EXTENDED`).
pub const LONGEST_DATA: usize = 4 + 3 + 65_536 + 3 + 2;

/// The longest request, in bytes.
pub const LONGEST: usize = HEADER + 32 + LONGEST_DATA;

/// Readers that a table has room for (`PCSCLITE_MAX_READERS_CONTEXTS`).
pub const READERS: usize = 16;

/// Bytes of a reader's name in a message, the terminating zero included.
pub const NAME: usize = 128;

/// Bytes of an attribute's value, at most.
pub const ATTRIBUTE: usize = 264;

/// Bytes of one reader's entry in the table.
pub const READER_STATE: usize = 184;

/// Room for an ATR in a reader's entry.
const ATR: usize = 33;

/// A request of a client. Names are those of PC/SC's functions; handles, modes and protocols as in `pcsclite.h`.
#[derive(Clone, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the fields are the arguments of the PC/SC function that is named"
)]
pub enum Request<'a> {
    /// The versions the client speaks; comes first.
    Version { major: i32, minor: i32 },
    /// SCardEstablishContext.
    EstablishContext { scope: u32 },
    /// SCardReleaseContext.
    ReleaseContext { context: u32 },
    /// SCardConnect. The name is without its terminating zero.
    Connect {
        context: u32,
        reader: &'a [u8],
        share_mode: u32,
        protocols: u32,
    },
    /// SCardReconnect.
    Reconnect {
        card: u32,
        share_mode: u32,
        protocols: u32,
        initialization: u32,
    },
    /// SCardDisconnect.
    Disconnect { card: u32, disposition: u32 },
    /// SCardBeginTransaction.
    BeginTransaction { card: u32 },
    /// SCardEndTransaction.
    EndTransaction { card: u32, disposition: u32 },
    /// SCardTransmit. `room` is the client's buffer in bytes.
    Transmit {
        card: u32,
        protocol: u32,
        room: u32,
        command: &'a [u8],
    },
    /// SCardControl. `room` is the client's buffer in bytes.
    Control {
        card: u32,
        code: u32,
        room: u32,
        input: &'a [u8],
    },
    /// SCardStatus; the client finds the rest in the table of readers.
    Status { card: u32 },
    /// SCardCancel, on a connection of its own, before any version.
    Cancel { context: u32 },
    /// SCardGetAttrib. `room` is the client's buffer in bytes.
    GetAttribute { card: u32, id: u32, room: u32 },
    /// SCardSetAttrib.
    SetAttribute { card: u32, id: u32 },
    /// The table of readers, all [`READERS`] entries.
    ReadersState,
    /// One message when the table of readers changes; with 4:4 and 4:5 the table comes first. `with_body`: the form of 4:3.
    WaitReaderStateChange { with_body: bool },
    /// The end of the wait for that message. `with_body`: the form of 4:3.
    StopWaiting { with_body: bool },
    /// How many readers have come and gone (from 4:5).
    ReaderEvents,
    /// How many readers there are (from 4:6).
    ReadersStateSize,
    /// The entries of those readers (from 4:6).
    ReadersStateArray,
}

/// The first bytes of a buffer, decoded.
pub enum Decoded<'a> {
    /// Less than a request.
    Incomplete,
    /// A request, and how many bytes it takes.
    Complete(Request<'a>, usize),
}

/// An error of bytes that are no request. Bytes that follow them can't be decoded either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// There is no such command.
    UnknownCommand(u32),
    /// The fixed part has another size than the command's.
    WrongSize,
    /// More bytes for the card than [`LONGEST_DATA`], or an attribute longer than [`ATTRIBUTE`].
    TooLong,
}

/// Takes the first request out of `bytes`.
///
/// # Errors
/// [`Malformed`], as soon as the header is complete.
pub fn decode(bytes: &[u8]) -> Result<Decoded<'_>, Malformed> {
    let Some((header, rest)) = bytes.split_at_checked(HEADER) else {
        return Ok(Decoded::Incomplete);
    };
    let (size, command) = (word(header, 0), word(header, 1));
    let mut fixed = fixed_part(command).ok_or(Malformed::UnknownCommand(command))?;
    if size as usize == WOKEN && matches!(command, WAIT_READER_STATE_CHANGE | STOP_WAITING) {
        // 4:3 sends a time limit, which its service ignores, and room for the outcome.
        fixed = WOKEN;
    }
    if size as usize != fixed {
        return Err(Malformed::WrongSize);
    }
    let Some((body, rest)) = rest.split_at_checked(fixed) else {
        return Ok(Decoded::Incomplete);
    };
    // The field of a request with the number of bytes for the card that follow.
    let following = match command {
        TRANSMIT => word(body, 3) as usize,
        CONTROL => word(body, 2) as usize,
        _ => 0,
    };
    if following > LONGEST_DATA {
        return Err(Malformed::TooLong);
    }
    let Some(data) = rest.get(..following) else {
        return Ok(Decoded::Incomplete);
    };
    Ok(Decoded::Complete(
        request(command, body, data)?,
        HEADER + fixed + following,
    ))
}

const ESTABLISH_CONTEXT: u32 = 0x01;
const RELEASE_CONTEXT: u32 = 0x02;
const CONNECT: u32 = 0x04;
const RECONNECT: u32 = 0x05;
const DISCONNECT: u32 = 0x06;
const BEGIN_TRANSACTION: u32 = 0x07;
const END_TRANSACTION: u32 = 0x08;
const TRANSMIT: u32 = 0x09;
const CONTROL: u32 = 0x0A;
const STATUS: u32 = 0x0B;
const CANCEL: u32 = 0x0D;
const GET_ATTRIB: u32 = 0x0F;
const SET_ATTRIB: u32 = 0x10;
const VERSION: u32 = 0x11;
const GET_READERS_STATE: u32 = 0x12;
const WAIT_READER_STATE_CHANGE: u32 = 0x13;
const STOP_WAITING: u32 = 0x14;
const GET_READER_EVENTS: u32 = 0x15;
const GET_READERS_STATE_SIZE: u32 = 0x16;
const GET_READERS_STATE_ARRAY: u32 = 0x17;

/// Bytes of a command's fixed part; `None` when there is no such command.
fn fixed_part(command: u32) -> Option<usize> {
    Some(match command {
        ESTABLISH_CONTEXT | DISCONNECT | END_TRANSACTION | VERSION => 12,
        RELEASE_CONTEXT | BEGIN_TRANSACTION | STATUS | CANCEL => 8,
        CONNECT => 24 + NAME,
        RECONNECT | CONTROL => 24,
        TRANSMIT => 32,
        GET_ATTRIB | SET_ATTRIB => 16 + ATTRIBUTE,
        GET_READERS_STATE
        | WAIT_READER_STATE_CHANGE
        | STOP_WAITING
        | GET_READER_EVENTS
        | GET_READERS_STATE_SIZE
        | GET_READERS_STATE_ARRAY => 0,
        _ => return None,
    })
}

fn request<'a>(command: u32, body: &'a [u8], data: &'a [u8]) -> Result<Request<'a>, Malformed> {
    let at = |index| word(body, index);
    Ok(match command {
        VERSION => Request::Version {
            major: at(0).cast_signed(),
            minor: at(1).cast_signed(),
        },
        ESTABLISH_CONTEXT => Request::EstablishContext { scope: at(0) },
        RELEASE_CONTEXT => Request::ReleaseContext { context: at(0) },
        CONNECT => {
            let name = &body[4..4 + NAME];
            let end = name.iter().position(|byte| *byte == 0).unwrap_or(NAME);
            Request::Connect {
                context: at(0),
                reader: &name[..end],
                share_mode: word(&body[4 + NAME..], 0),
                protocols: word(&body[4 + NAME..], 1),
            }
        }
        RECONNECT => Request::Reconnect {
            card: at(0),
            share_mode: at(1),
            protocols: at(2),
            initialization: at(3),
        },
        DISCONNECT => Request::Disconnect {
            card: at(0),
            disposition: at(1),
        },
        BEGIN_TRANSACTION => Request::BeginTransaction { card: at(0) },
        END_TRANSACTION => Request::EndTransaction {
            card: at(0),
            disposition: at(1),
        },
        TRANSMIT => Request::Transmit {
            card: at(0),
            protocol: at(1),
            room: at(6),
            command: data,
        },
        CONTROL => Request::Control {
            card: at(0),
            code: at(1),
            room: at(3),
            input: data,
        },
        STATUS => Request::Status { card: at(0) },
        CANCEL => Request::Cancel { context: at(0) },
        GET_ATTRIB | SET_ATTRIB => {
            let (card, id, room) = (at(0), at(1), word(&body[8 + ATTRIBUTE..], 0));
            if room as usize > ATTRIBUTE {
                return Err(Malformed::TooLong);
            }
            match command {
                GET_ATTRIB => Request::GetAttribute { card, id, room },
                _ => Request::SetAttribute { card, id },
            }
        }
        GET_READERS_STATE => Request::ReadersState,
        WAIT_READER_STATE_CHANGE => Request::WaitReaderStateChange {
            with_body: !body.is_empty(),
        },
        STOP_WAITING => Request::StopWaiting {
            with_body: !body.is_empty(),
        },
        GET_READER_EVENTS => Request::ReaderEvents,
        GET_READERS_STATE_SIZE => Request::ReadersStateSize,
        GET_READERS_STATE_ARRAY => Request::ReadersStateArray,
        other => return Err(Malformed::UnknownCommand(other)),
    })
}

/// The 32-bit number at place `index`; 0 where there is none, which the sizes checked before rule out.
fn word(bytes: &[u8], index: usize) -> u32 {
    let bytes = bytes
        .get(4 * index..4 * index + 4)
        .and_then(|four| four.try_into().ok());
    bytes.map_or(0, u32::from_ne_bytes)
}

/// A reader as clients see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReaderEntry {
    /// At most 127 bytes.
    pub name: String,
    /// How often a card has come or gone; clients compare the low 16 bits.
    pub event_counter: u32,
    /// `SCARD_ABSENT` and so on.
    pub state: u32,
    /// Connections: 0, a number, or -1 for an exclusive one.
    pub sharing: i32,
    /// At most 33 bytes.
    pub atr: Vec<u8>,
    /// The protocol in use; 0 when none is settled.
    pub protocol: u32,
}

/// An answer of the service.
pub enum Reply<'a> {
    /// The version of the service, and whether it is the client's.
    Version {
        /// Major version.
        major: i32,
        /// Minor version.
        minor: i32,
        /// [`SUCCESS`](crate::code::SUCCESS) or the error.
        code: Code,
    },
    /// A new context.
    EstablishContext {
        /// The context.
        context: u32,
        /// Outcome.
        code: Code,
    },
    /// A new handle.
    Connect {
        /// The handle; 0 without one.
        card: u32,
        /// The protocol in use.
        protocol: u32,
        /// Outcome.
        code: Code,
    },
    /// The protocol after SCardReconnect.
    Reconnect {
        /// The protocol in use.
        protocol: u32,
        /// Outcome.
        code: Code,
    },
    /// Two words: the handle or context, and the outcome (RELEASE_CONTEXT, BEGIN_TRANSACTION, STATUS, CANCEL), or the
    /// number of reader events and the outcome.
    Short(u32, Code),
    /// Three words: handle, disposition, outcome (DISCONNECT, END_TRANSACTION).
    Disposition(u32, u32, Code),
    /// The answer of the card. With an error, `length` is the length that the client needs.
    Transmit {
        /// The handle.
        card: u32,
        /// The protocol of the request.
        protocol: u32,
        /// Bytes of the answer, or of the one that did not fit.
        length: u32,
        /// The answer; left out unless the outcome is success.
        response: &'a [u8],
        /// Outcome.
        code: Code,
    },
    /// The answer of the reader.
    Control {
        /// The handle.
        card: u32,
        /// Bytes of the answer, or of the one that did not fit.
        length: u32,
        /// The answer; left out unless the outcome is success.
        output: &'a [u8],
        /// Outcome.
        code: Code,
    },
    /// An attribute's value.
    Attribute {
        /// The handle.
        card: u32,
        /// Which attribute.
        id: u32,
        /// Bytes of the value, or of the one that did not fit.
        length: u32,
        /// The value; at most [`ATTRIBUTE`] bytes.
        value: &'a [u8],
        /// Outcome.
        code: Code,
    },
    /// The table of readers; empty entries fill it up to `entries`.
    Readers {
        /// The readers there are.
        readers: &'a [ReaderEntry],
        /// Entries to send.
        entries: usize,
    },
    /// How many readers there are.
    Count(u32),
    /// The wait is over: the number of reader events for a client that may ask for it, else 0, and the outcome.
    ///
    /// A library from 4:5 on asks for the events while it waits. It would take this message for the answer if this arrives
    /// first. Both therefore have the same form and content, and the client reads the truth in either order.
    Woken(u32, Code),
}

/// Bytes of [`Reply::Woken`].
pub const WOKEN: usize = 8;

impl Reply<'_> {
    /// Appends the reply to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match *self {
            Reply::Version { major, minor, code } => words(out, &[major.cast_unsigned(), minor.cast_unsigned(), code]),
            Reply::EstablishContext { context, code } => words(out, &[0, context, code]),
            Reply::Connect { card, protocol, code } => {
                out.resize(out.len() + 4 + NAME, 0);
                words(out, &[0, 0, card, protocol, code]);
            }
            Reply::Reconnect { protocol, code } => words(out, &[0, 0, 0, 0, protocol, code]),
            Reply::Short(first, code) => words(out, &[first, code]),
            Reply::Disposition(card, disposition, code) => words(out, &[card, disposition, code]),
            Reply::Transmit {
                card,
                protocol,
                length,
                response,
                code,
            } => {
                // SCARD_IO_REQUEST is 16 bytes long for 64-bit clients; the client keeps its own.
                words(out, &[card, protocol, 16, 0, protocol, 16, length, code]);
                if code == crate::code::SUCCESS {
                    out.extend_from_slice(response);
                }
            }
            Reply::Control {
                card,
                length,
                output,
                code,
            } => {
                words(out, &[card, 0, 0, 0, length, code]);
                if code == crate::code::SUCCESS {
                    out.extend_from_slice(output);
                }
            }
            Reply::Attribute {
                card,
                id,
                length,
                value,
                code,
            } => {
                words(out, &[card, id]);
                padded(out, value, ATTRIBUTE);
                words(out, &[length, code]);
            }
            Reply::Readers { readers, entries } => {
                let blank = ReaderEntry::default();
                for index in 0..entries {
                    readers.get(index).unwrap_or(&blank).encode(out);
                }
            }
            Reply::Count(count) => words(out, &[count]),
            Reply::Woken(events, code) => words(out, &[events, code]),
        }
    }
}

impl ReaderEntry {
    fn encode(&self, out: &mut Vec<u8>) {
        let name = self.name.as_bytes();
        padded(out, name.get(..NAME - 1).unwrap_or(name), NAME);
        words(out, &[self.event_counter, self.state, self.sharing.cast_unsigned()]);
        let atr = self.atr.get(..ATR).unwrap_or(&self.atr);
        padded(out, atr, ATR + 3);
        // Fits: an ATR has at most 33 bytes.
        words(out, &[atr.len() as u32, self.protocol]);
    }
}

fn words(out: &mut Vec<u8>, values: &[u32]) {
    for value in values {
        out.extend_from_slice(&value.to_ne_bytes());
    }
}

/// `bytes`, cut or filled with zeros to `length`.
fn padded(out: &mut Vec<u8>, bytes: &[u8], length: usize) {
    let end = out.len() + length;
    out.extend_from_slice(bytes.get(..length).unwrap_or(bytes));
    out.resize(end, 0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(command: u32, body: &[u8], data: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        words(&mut bytes, &[body.len() as u32, command]);
        [bytes.as_slice(), body, data].concat()
    }

    fn body(values: &[u32]) -> Vec<u8> {
        let mut bytes = Vec::new();
        words(&mut bytes, values);
        bytes
    }

    fn complete(bytes: &[u8]) -> Request<'_> {
        match decode(bytes) {
            Ok(Decoded::Complete(request, length)) if length == bytes.len() => request,
            _ => panic!("not one request"),
        }
    }

    #[test]
    fn a_request_is_taken_apart_into_its_fields() {
        let mut connect = body(&[7]);
        padded(&mut connect, b"Desk 00 00", NAME);
        words(&mut connect, &[2, 3, 0, 0, 0]);
        let expected = Request::Connect {
            context: 7,
            reader: b"Desk 00 00",
            share_mode: 2,
            protocols: 3,
        };
        assert!(complete(&message(CONNECT, &connect, &[])) == expected);
        let transmit = message(TRANSMIT, &body(&[9, 2, 16, 4, 2, 16, 258, 0]), &[0, 0xA4, 4, 0]);
        let expected = Request::Transmit {
            card: 9,
            protocol: 2,
            room: 258,
            command: &[0, 0xA4, 4, 0],
        };
        assert!(complete(&transmit) == expected);
        let control = message(CONTROL, &body(&[9, 0x4200_0D48, 0, 264, 0, 0]), &[]);
        assert!(matches!(
            complete(&control),
            Request::Control {
                code: 0x4200_0D48,
                room: 264,
                input: [],
                ..
            }
        ));
    }

    #[test]
    fn a_name_without_an_end_is_as_long_as_its_field() {
        let mut connect = body(&[7]);
        padded(&mut connect, &[b'x'; NAME], NAME);
        words(&mut connect, &[2, 3, 0, 0, 0]);
        let bytes = message(CONNECT, &connect, &[]);
        assert!(matches!(complete(&bytes), Request::Connect { reader, .. } if reader.len() == NAME));
    }

    #[test]
    fn a_request_of_another_size_or_of_no_known_command_is_refused_at_its_header() {
        let mut bytes = Vec::new();
        for (size, command, expected) in [
            (13, ESTABLISH_CONTEXT, Malformed::WrongSize),
            (u32::MAX, TRANSMIT, Malformed::WrongSize),
            (0, 3, Malformed::UnknownCommand(3)),
            (0, 0, Malformed::UnknownCommand(0)),
            (8, u32::MAX, Malformed::UnknownCommand(u32::MAX)),
        ] {
            bytes.clear();
            words(&mut bytes, &[size, command]);
            assert!(decode(&bytes).is_err_and(|error| error == expected));
        }
        for (command, body) in [
            (TRANSMIT, body(&[9, 2, 16, LONGEST_DATA as u32 + 1, 2, 16, 258, 0])),
            (CONTROL, body(&[9, 1, u32::MAX, 258, 0, 0])),
        ] {
            assert!(decode(&message(command, &body, &[])).is_err_and(|error| error == Malformed::TooLong));
        }
    }

    #[test]
    fn replies_have_the_sizes_that_clients_expect() {
        let size = |reply: Reply<'_>| {
            let mut out = Vec::new();
            reply.encode(&mut out);
            out.len()
        };
        let (response, code) = (&[0x90, 0x00][..], 0);
        for (reply, expected) in [
            (
                Reply::Version {
                    major: 4,
                    minor: 4,
                    code,
                },
                12,
            ),
            (Reply::EstablishContext { context: 1, code }, 12),
            (
                Reply::Connect {
                    card: 1,
                    protocol: 2,
                    code,
                },
                152,
            ),
            (Reply::Reconnect { protocol: 2, code }, 24),
            (Reply::Short(1, code), 8),
            (Reply::Disposition(1, 0, code), 12),
            (
                Reply::Transmit {
                    card: 1,
                    protocol: 2,
                    length: 2,
                    response,
                    code,
                },
                34,
            ),
            (
                Reply::Transmit {
                    card: 1,
                    protocol: 2,
                    length: 2,
                    response,
                    code: 1,
                },
                32,
            ),
            (
                Reply::Control {
                    card: 1,
                    length: 2,
                    output: response,
                    code,
                },
                26,
            ),
            (
                Reply::Attribute {
                    card: 1,
                    id: 1,
                    length: 2,
                    value: response,
                    code,
                },
                280,
            ),
            (
                Reply::Readers {
                    readers: &[],
                    entries: READERS,
                },
                2944,
            ),
            (Reply::Count(1), 4),
            (Reply::Woken(0, 0), WOKEN),
            (Reply::Short(0, 0), WOKEN),
        ] {
            assert_eq!(size(reply), expected);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_request_or_part_of_one_or_refused_and_what_is_taken_was_there(
            size in prop_oneof![Just(0_u32), Just(8), Just(12), Just(24), Just(32), Just(152), Just(280), any::<u32>()],
            command in prop_oneof![0..0x1A_u32, any::<u32>()],
            rest in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            let mut bytes = body(&[size, command]);
            bytes.extend_from_slice(&rest);
            if let Ok(Decoded::Complete(_, length)) = decode(&bytes) {
                prop_assert!(length <= bytes.len());
                // Shorter is never complete, longer never changes it.
                prop_assert!(matches!(decode(&bytes[..length - 1]), Ok(Decoded::Incomplete)));
                prop_assert!(matches!(decode(&bytes[..length]), Ok(Decoded::Complete(_, again)) if again == length));
            }
        }
    }
}
