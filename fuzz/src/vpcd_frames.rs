//! vpcd's frames: however a stream is split, the same messages come out, and none is invented or lost.

use std::sync::{LazyLock, Mutex, PoisonError};

use vmyna_reader_bridge::vpcd::codec::{Decoder, HEADER, Message, encode};

static DECODER: LazyLock<Mutex<Decoder>> = LazyLock::new(|| Mutex::new(Decoder::new()));

/// One input: a byte that says how many sizes follow, those sizes, then the stream.
pub fn run(input: &[u8]) {
    let Some((&count, rest)) = input.split_first() else {
        return;
    };
    let (pieces, stream) = rest.split_at(usize::from(count % 32).min(rest.len()));
    let expected = cut(stream);

    for pieces in [&[][..], pieces, &[0]] {
        // One decoder for all: its 64 KiB are not made anew for each input, and `clear` has to forget what was before.
        let mut decoder = DECODER.lock().unwrap_or_else(PoisonError::into_inner);
        decoder.clear();
        let (mut left, mut found) = (stream, Vec::new());
        let mut sizes = pieces.iter().cycle().map(|size| usize::from(*size) + 1);
        while !left.is_empty() {
            let space = decoder.space();
            assert!(!space.is_empty(), "there is room after all messages were taken");
            let size = sizes.next().unwrap_or(left.len()).min(space.len()).min(left.len());
            space[..size].copy_from_slice(&left[..size]);
            decoder.received(size);
            left = &left[size..];
            while let Some(message) = decoder.next_message() {
                assert_eq!(Message::from_body(message.body()), message);
                found.push(message.body().to_vec());
            }
            assert_eq!(decoder.following(), 0, "a whole message is left in the decoder");
        }
        let whole: usize = expected.iter().map(|body| HEADER + body.len()).sum();
        assert_eq!(decoder.pending(), &stream[whole..], "the rest waits for more");
        assert!(
            found.iter().eq(expected.iter().copied()),
            "the messages depend on how they came"
        );
    }
    let mut frame = vec![1];
    let mut again = Vec::new();
    for body in &expected {
        assert_eq!(encode(body, &mut frame), Ok(()));
        again.extend_from_slice(&frame);
    }
    assert!(stream.starts_with(&again), "messages are coded as they came");
}

/// The bodies of the whole frames in a stream.
fn cut(mut stream: &[u8]) -> Vec<&[u8]> {
    let mut bodies = Vec::new();
    while let Some((length, rest)) = stream.split_first_chunk() {
        let Some((body, rest)) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length))) else {
            break;
        };
        bodies.push(body);
        stream = rest;
    }
    bodies
}
