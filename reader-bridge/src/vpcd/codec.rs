//! The frames of vpcd as a state machine without input or output: bytes in, messages out.
//!
//! A frame is a 2-byte big-endian length and a body of 0 to 65,535 bytes. A body of one byte is a control message; a 1-byte
//! APDU looks the same. Must never cut a length to 16 bits.

use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// The longest body of a frame, in bytes.
pub const LONGEST_BODY: usize = u16::MAX as usize;

/// Bytes of a frame before its body.
pub const HEADER: usize = 2;

/// A message of vpcd to the card. `Debug` shows only how long a command is: it may hold a PIN.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// Control byte 0: power off. Not answered.
    PowerOff,
    /// Control byte 1: power on. Not answered; vpcd asks for the ATR afterwards.
    PowerOn,
    /// Control byte 2: warm reset. Not answered; vpcd asks for the ATR afterwards.
    Reset,
    /// Control byte 4: request for the ATR. Answered every time; pcscd sends it each 400 ms to check for the card.
    GetAtr,
    /// Another control byte. Ignored and not answered, as vicc (virtualsmartcard 3.3) does.
    Unknown(&'a [u8; 1]),
    /// A frame without a body. Ignored and not answered, as vicc (virtualsmartcard 3.3) does.
    Empty,
    /// A body of two bytes or more, answered with an R-APDU.
    Apdu(&'a [u8]),
}

impl<'a> Message<'a> {
    /// The message in the body of a frame.
    pub fn from_body(body: &'a [u8]) -> Message<'a> {
        match body {
            [0] => Message::PowerOff,
            [1] => Message::PowerOn,
            [2] => Message::Reset,
            [4] => Message::GetAtr,
            [] => Message::Empty,
            [_] => body.first_chunk().map_or(Message::Empty, Message::Unknown),
            apdu => Message::Apdu(apdu),
        }
    }

    /// The body of the frame.
    pub fn body(&self) -> &'a [u8] {
        match self {
            Message::PowerOff => &[0],
            Message::PowerOn => &[1],
            Message::Reset => &[2],
            Message::GetAtr => &[4],
            Message::Unknown(byte) => *byte,
            Message::Empty => &[],
            Message::Apdu(apdu) => apdu,
        }
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::PowerOff => f.write_str("PowerOff"),
            Message::PowerOn => f.write_str("PowerOn"),
            Message::Reset => f.write_str("Reset"),
            Message::GetAtr => f.write_str("GetAtr"),
            Message::Unknown([byte]) => write!(f, "Unknown({byte:02X})"),
            Message::Empty => f.write_str("Empty"),
            Message::Apdu(apdu) => write!(f, "Apdu({} bytes)", apdu.len()),
        }
    }
}

/// Joins received bytes to messages. It allocates once, and keeps a message only until [`Decoder::space`] is called for the
/// next one.
pub struct Decoder {
    buffer: Zeroizing<Box<[u8]>>,
    /// `buffer[start..end]` has been received and not yet been given out.
    start: usize,
    end: usize,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A decoder that has received nothing.
    pub fn new() -> Decoder {
        Decoder {
            buffer: Zeroizing::new(vec![0; HEADER + LONGEST_BODY].into()),
            start: 0,
            end: 0,
        }
    }

    /// Drops all received bytes, as at the beginning of a connection.
    pub fn clear(&mut self) {
        self.start = self.end;
        // Moves nothing, and wipes all.
        self.space();
    }

    /// The next message, when all of it has been received.
    pub fn next_message(&mut self) -> Option<Message<'_>> {
        let begin = self.start + HEADER;
        let end = begin + self.announced()?;
        if end > self.end {
            return None;
        }
        self.start = end;
        self.buffer.get(begin..end).map(Message::from_body)
    }

    /// The length of the next message's body, once its header has been received.
    pub fn announced(&self) -> Option<usize> {
        let header = self.buffer.get(self.start..self.end)?.first_chunk()?;
        Some(u16::from_be_bytes(*header).into())
    }

    /// How many bytes were received that come after the next message.
    pub fn following(&self) -> usize {
        let received = self.pending().len();
        self.announced()
            .map_or(0, |length| received.saturating_sub(HEADER + length))
    }

    /// The bytes that were received and not yet given out.
    pub fn pending(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// The buffer for received bytes; report their number with [`Decoder::received`]. Never empty after
    /// [`Decoder::next_message`] gave `None`.
    pub fn space(&mut self) -> &mut [u8] {
        // Nearly always nothing is pending, and moving nothing costs nothing.
        self.buffer.copy_within(self.start..self.end, 0);
        let pending = self.end - self.start;
        // The command that was given out may have held a PIN.
        self.buffer.get_mut(pending..self.end).unwrap_or_default().zeroize();
        (self.start, self.end) = (0, pending);
        self.buffer.get_mut(self.end..).unwrap_or_default()
    }

    /// `count` bytes have been put into [`Decoder::space`].
    pub fn received(&mut self, count: usize) {
        self.end = (self.end + count).min(self.buffer.len());
    }
}

/// Puts the frame of `body` into `frame`, which is cleared first.
///
/// # Errors
/// [`TooLong`] when the body has more than 65,535 bytes; `frame` is then empty.
pub fn encode(body: &[u8], frame: &mut Vec<u8>) -> Result<(), TooLong> {
    frame.clear();
    let length = u16::try_from(body.len()).map_err(|_| TooLong { length: body.len() })?;
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(body);
    Ok(())
}

/// A body that no frame can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message of {length} bytes; vpcd carries at most {LONGEST_BODY}")]
pub struct TooLong {
    /// Bytes of the body.
    pub length: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Feeds `bytes` in pieces of the given sizes (the rest in one) and collects the bodies of the messages.
    fn decode(bytes: &[u8], pieces: impl IntoIterator<Item = usize>) -> Vec<Vec<u8>> {
        let (mut decoder, mut rest, mut bodies) = (Decoder::new(), bytes, Vec::new());
        let mut pieces = pieces.into_iter();
        while !rest.is_empty() {
            let space = decoder.space();
            assert!(!space.is_empty());
            let count = pieces.next().unwrap_or(rest.len()).min(space.len()).min(rest.len());
            space[..count].copy_from_slice(&rest[..count]);
            decoder.received(count);
            rest = &rest[count..];
            while let Some(message) = decoder.next_message() {
                bodies.push(message.body().to_vec());
            }
        }
        assert_eq!(decoder.pending(), b"");
        bodies
    }

    fn frames(bodies: &[Vec<u8>]) -> Vec<u8> {
        let mut frame = Vec::new();
        let mut all = Vec::new();
        for body in bodies {
            encode(body, &mut frame).unwrap();
            all.extend_from_slice(&frame);
        }
        all
    }

    fn body() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            4 => prop::collection::vec(any::<u8>(), 0..3),
            4 => prop::collection::vec(any::<u8>(), 0..300),
            1 => prop::collection::vec(any::<u8>(), LONGEST_BODY - 2..=LONGEST_BODY),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_encoded_is_decoded_however_the_bytes_are_split(
            bodies in prop::collection::vec(body(), 1..6),
            pieces in prop::collection::vec(1..400_usize, 0..64),
        ) {
            prop_assert_eq!(decode(&frames(&bodies), pieces), bodies);
        }

        #[test]
        fn any_bytes_are_taken_without_a_panic_and_no_message_is_invented(
            bytes in prop::collection::vec(any::<u8>(), 0..2000),
        ) {
            let (mut decoder, mut given_out) = (Decoder::new(), 0);
            let space = decoder.space();
            space[..bytes.len()].copy_from_slice(&bytes);
            decoder.received(bytes.len());
            while let Some(message) = decoder.next_message() {
                given_out += HEADER + message.body().len();
            }
            prop_assert_eq!(given_out + decoder.pending().len(), bytes.len());
        }
    }

    #[test]
    fn every_single_byte_split_gives_the_same_messages() {
        let bodies = [vec![], vec![4], vec![0, 0xA4, 4, 0], vec![7; 260], vec![1]];
        assert_eq!(decode(&frames(&bodies), std::iter::repeat(1)), bodies);
    }

    #[test]
    fn a_command_that_was_given_out_is_wiped_and_never_shown() {
        let mut decoder = Decoder::new();
        let frame = *b"\x00\x09\x00\x20\x00\x80\x041234\x00";
        decoder.space()[..frame.len()].copy_from_slice(&frame);
        decoder.received(frame.len());
        let shown = format!("{:?}", decoder.next_message().unwrap());
        assert_eq!(shown, "Apdu(9 bytes)");
        // The beginning of the next message stays.
        assert_eq!(decoder.pending(), [0]);
        decoder.space();
        assert!(decoder.buffer.iter().all(|byte| *byte == 0));
        assert_eq!(decoder.pending(), [0]);
    }

    #[test]
    fn bytes_follow_only_when_they_come_after_a_whole_message() {
        let mut decoder = Decoder::new();
        for (byte, expected) in [(0, 0), (2, 0), (0xAA, 0), (0xBB, 0), (0, 1), (1, 2)] {
            decoder.space()[0] = byte;
            decoder.received(1);
            assert_eq!(decoder.following(), expected);
        }
        assert_eq!(decoder.next_message(), Some(Message::Apdu(&[0xAA, 0xBB])));
        assert_eq!(decoder.following(), 0);
    }

    #[test]
    fn every_single_byte_is_a_control_message_and_a_longer_body_is_an_apdu() {
        for byte in 0..=u8::MAX {
            let expected = match byte {
                0 => Message::PowerOff,
                1 => Message::PowerOn,
                2 => Message::Reset,
                4 => Message::GetAtr,
                _ => Message::Unknown(&[byte]),
            };
            assert_eq!(Message::from_body(&[byte]), expected);
            assert_eq!(expected.body(), [byte]);
        }
        assert_eq!(Message::from_body(&[]), Message::Empty);
        assert_eq!(Message::from_body(&[0, 0]), Message::Apdu(&[0, 0]));
    }

    #[test]
    fn a_body_that_no_length_can_express_is_an_error_and_not_cut() {
        let mut frame = vec![1, 2, 3];
        assert_eq!(
            encode(&vec![0; LONGEST_BODY + 1], &mut frame),
            Err(TooLong { length: 65_536 })
        );
        assert_eq!(frame, b"");
        encode(&vec![5; LONGEST_BODY], &mut frame).unwrap();
        assert_eq!((frame.len(), &frame[..3]), (65_537, [0xFF, 0xFF, 5].as_slice()));
    }
}
