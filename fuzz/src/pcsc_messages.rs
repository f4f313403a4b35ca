//! The messages of pcsc-lite's clients: a request is what `winscard_msg.h` lays out, wherever the stream is cut, and nothing
//! is allocated for what is only announced.

use vmyna_pcsc_service::message::{
    ATTRIBUTE, Decoded, HEADER, LONGEST, LONGEST_DATA, Malformed, NAME, READER_STATE, READERS, ReaderEntry, Reply,
    Request, WOKEN, decode,
};

use crate::memory::peak_of;

/// One input: a stream of requests, the numbers in the machine's byte order. Its first byte chooses a head that makes sense
/// (bit 7 clear), so that the fixed parts behind it are reached.
pub fn run(input: &[u8]) {
    let Some((&choice, rest)) = input.split_first() else {
        return;
    };
    if choice & 0x80 != 0 {
        stream(rest);
    } else {
        let command = u32::from(choice & 0x1F);
        let size = size_of(command).unwrap_or(8) as u32;
        let head = [size.to_ne_bytes(), command.to_ne_bytes()].concat();
        stream(&[&head, rest].concat());
    }
    replies(rest);
}

fn stream(mut bytes: &[u8]) {
    loop {
        let (decoded, peak) = peak_of(|| decode(bytes));
        assert_eq!(peak, 0, "taking a request apart allocates nothing");
        match (decoded, extent(bytes)) {
            (Ok(Decoded::Complete(request, length)), Extent::Whole(expected)) => {
                assert_eq!(length, expected);
                assert!(length <= LONGEST);
                check(&request, &bytes[..length]);
                for cut in [0, HEADER, length / 2, length - 1] {
                    assert!(cut >= length || matches!(decode(&bytes[..cut]), Ok(Decoded::Incomplete)));
                }
                assert!(matches!(decode(&bytes[..length]), Ok(Decoded::Complete(again, _)) if again == request));
                bytes = &bytes[length..];
            }
            (Ok(Decoded::Incomplete), Extent::Part) => return,
            (Err(error), Extent::Wrong(expected)) => return assert_eq!(error, expected),
            (Ok(Decoded::Complete(_, length)), extent) => panic!("{length} bytes taken of {extent:?}"),
            (Ok(Decoded::Incomplete), extent) => panic!("waits for more of {extent:?}"),
            (Err(error), extent) => panic!("{error:?} of {extent:?}"),
        }
    }
}

#[derive(Debug)]
enum Extent {
    Part,
    Whole(usize),
    Wrong(Malformed),
}

/// The sizes of the structures in `winscard_msg.h`, by command; `None` for none.
fn size_of(command: u32) -> Option<usize> {
    const SIZES: [(u32, usize); 20] = [
        (0x01, 12),
        (0x02, 8),
        (0x04, 152),
        (0x05, 24),
        (0x06, 12),
        (0x07, 8),
        (0x08, 12),
        (0x09, 32),
        (0x0A, 24),
        (0x0B, 8),
        (0x0D, 8),
        (0x0F, 280),
        (0x10, 280),
        (0x11, 12),
        (0x12, 0),
        (0x13, 0),
        (0x14, 0),
        (0x15, 0),
        (0x16, 0),
        (0x17, 0),
    ];
    SIZES.iter().find(|(known, _)| *known == command).map(|(_, size)| *size)
}

/// The number at place `index` of a fixed part.
fn word(bytes: &[u8], index: usize) -> u32 {
    let at = HEADER + 4 * index;
    u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// How far the first request in these bytes goes.
fn extent(bytes: &[u8]) -> Extent {
    if bytes.len() < HEADER {
        return Extent::Part;
    }
    let number = |at: usize| u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let Some(size) = size_of(number(4)) else {
        return Extent::Wrong(Malformed::UnknownCommand(number(4)));
    };
    // The wait for a change, and its end, have a body of two numbers in 4:3.
    let size = match number(4) {
        0x13 | 0x14 if number(0) == 8 => 8,
        _ => size,
    };
    if number(0) as usize != size {
        return Extent::Wrong(Malformed::WrongSize);
    }
    if bytes.len() < HEADER + size {
        return Extent::Part;
    }
    let following = match number(4) {
        0x09 => word(bytes, 3),
        0x0A => word(bytes, 2),
        _ => 0,
    } as usize;
    let room = |index| word(bytes, index) as usize > ATTRIBUTE;
    if following > LONGEST_DATA || matches!(number(4), 0x0F | 0x10) && room(2 + ATTRIBUTE / 4) {
        Extent::Wrong(Malformed::TooLong)
    } else if bytes.len() < HEADER + size + following {
        Extent::Part
    } else {
        Extent::Whole(HEADER + size + following)
    }
}

/// Every field of a request stands where its structure has it.
fn check(request: &Request<'_>, bytes: &[u8]) {
    let at = |index| word(bytes, index);
    let command = u32::from_ne_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
    let expected = match *request {
        Request::EstablishContext { scope } => (0x01, vec![scope]),
        Request::ReleaseContext { context } => (0x02, vec![context]),
        Request::Connect {
            context,
            reader,
            share_mode,
            protocols,
        } => {
            let name = &bytes[HEADER + 4..HEADER + 4 + NAME];
            assert!(
                name.starts_with(reader) && !reader.contains(&0) && name.get(reader.len()).is_none_or(|end| *end == 0)
            );
            assert_eq!([share_mode, protocols], [at(1 + NAME / 4), at(2 + NAME / 4)]);
            (0x04, vec![context])
        }
        Request::Reconnect {
            card,
            share_mode,
            protocols,
            initialization,
        } => (0x05, vec![card, share_mode, protocols, initialization]),
        Request::Disconnect { card, disposition } => (0x06, vec![card, disposition]),
        Request::BeginTransaction { card } => (0x07, vec![card]),
        Request::EndTransaction { card, disposition } => (0x08, vec![card, disposition]),
        Request::Transmit {
            card,
            protocol,
            room,
            command,
        } => {
            assert_eq!((command, room), (&bytes[HEADER + 32..], at(6)));
            (0x09, vec![card, protocol])
        }
        Request::Control {
            card,
            code,
            room,
            input,
        } => {
            assert_eq!((input, room), (&bytes[HEADER + 24..], at(3)));
            (0x0A, vec![card, code])
        }
        Request::Status { card } => (0x0B, vec![card]),
        Request::Cancel { context } => (0x0D, vec![context]),
        Request::GetAttribute { card, id, room } => {
            assert!(room as usize <= ATTRIBUTE);
            (0x0F, vec![card, id])
        }
        Request::SetAttribute { card, id } => (0x10, vec![card, id]),
        Request::Version { major, minor } => (0x11, vec![major.cast_unsigned(), minor.cast_unsigned()]),
        Request::ReadersState => (0x12, vec![]),
        Request::WaitReaderStateChange { with_body } => {
            assert_eq!(with_body, bytes.len() == HEADER + 8);
            (0x13, vec![])
        }
        Request::StopWaiting { with_body } => {
            assert_eq!(with_body, bytes.len() == HEADER + 8);
            (0x14, vec![])
        }
        Request::ReaderEvents => (0x15, vec![]),
        Request::ReadersStateSize => (0x16, vec![]),
        Request::ReadersStateArray => (0x17, vec![]),
    };
    assert_eq!(command, expected.0);
    for (index, value) in expected.1.into_iter().enumerate() {
        assert_eq!(value, at(index), "field {index} of command {command:02X}");
    }
}

/// Replies are as long as the client expects, whatever is in them.
fn replies(bytes: &[u8]) {
    let number = |at: usize| bytes.get(at).map_or(0, |byte| u32::from(*byte));
    let (code, card) = (number(0) & 1, number(1));
    let mut entry = ReaderEntry::default();
    entry.name = String::from_utf8_lossy(bytes).into_owned();
    entry.atr = bytes.to_vec();
    entry.sharing = -1;
    let data = if code == 0 { bytes.len() } else { 0 };
    let (readers, entries) = (&[entry.clone(), entry][..], number(2) as usize % (READERS + 1));
    let length = bytes.len() as u32;
    let replies = [
        (
            Reply::Version {
                major: 4,
                minor: 5,
                code,
            },
            12,
        ),
        (
            Reply::Transmit {
                card,
                protocol: 2,
                length,
                response: bytes,
                code,
            },
            32 + data,
        ),
        (
            Reply::Control {
                card,
                length,
                output: bytes,
                code,
            },
            24 + data,
        ),
        (
            Reply::Attribute {
                card,
                id: 1,
                length,
                value: bytes,
                code,
            },
            280,
        ),
        (Reply::Readers { readers, entries }, READER_STATE * entries),
        (Reply::Woken(number(2), code), WOKEN),
    ];
    for (reply, expected) in replies {
        let mut out = vec![0xEE];
        reply.encode(&mut out);
        assert_eq!(out.len(), 1 + expected);
        assert_eq!(out[0], 0xEE, "a reply is put behind what is there");
    }
}
