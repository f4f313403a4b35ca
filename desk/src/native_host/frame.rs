//! Frames of native messaging: the length in four bytes of the machine's own order, then so many bytes of UTF-8.
//!
//! Chrome sends at most 64 MiB and takes at most 1 MiB (`documented`). This host takes less, because no request needs more.

use std::io::{self, Read, Write};

use zeroize::Zeroizing;

/// The longest message that is read, in bytes: room for 1,000 digests.
pub const LONGEST_REQUEST: usize = 512 * 1024;

/// The longest message that a browser takes, in bytes.
pub const LONGEST_ANSWER: usize = 1024 * 1024;

/// Why a message can't be read. The messages behind it are lost, because their beginning is not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The message is longer than [`LONGEST_REQUEST`]. Its bytes are not read.
    #[error("a message of {0} bytes; at most {LONGEST_REQUEST} are taken")]
    TooLong(u32),
    /// The input ended in the middle of a message.
    #[error("the message was cut off")]
    Cut,
    /// The message is not UTF-8.
    #[error("the message is not UTF-8")]
    NotText,
    /// The input can't be read.
    #[error("{0}")]
    Io(#[source] io::Error),
}

/// Reads one message, which may hold a PIN; `None` at the end of the input.
///
/// # Errors
/// [`FrameError`]
pub fn read(input: &mut impl Read) -> Result<Option<Zeroizing<Vec<u8>>>, FrameError> {
    let mut head = [0; 4];
    match fill(input, &mut head)? {
        0 => return Ok(None),
        4 => {}
        _ => return Err(FrameError::Cut),
    }
    let length = u32::from_ne_bytes(head);
    let bytes = usize::try_from(length).unwrap_or(usize::MAX);
    if bytes > LONGEST_REQUEST {
        return Err(FrameError::TooLong(length));
    }
    let mut message = Zeroizing::new(vec![0; bytes]);
    if fill(input, &mut message)? < bytes {
        return Err(FrameError::Cut);
    }
    match str::from_utf8(&message) {
        Ok(_) => Ok(Some(message)),
        Err(_) => Err(FrameError::NotText),
    }
}

/// Fills the buffer as far as the input goes; returns the bytes read.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> Result<usize, FrameError> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(FrameError::Io(error)),
        }
    }
    Ok(filled)
}

/// Writes one message and flushes it.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`] for more than [`LONGEST_ANSWER`] bytes, of which nothing is written; errors of `output`.
pub fn write(output: &mut impl Write, message: &[u8]) -> io::Result<()> {
    let length = u32::try_from(message.len()).ok();
    let length = length.filter(|_| message.len() <= LONGEST_ANSWER);
    let length = length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the message is too long"))?;
    output.write_all(&[&length.to_ne_bytes(), message].concat())?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An input that gives its bytes in parts, as pipes do.
    struct Parts<'a>(&'a [u8], usize);

    impl Read for Parts<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(buffer.len());
            let (part, rest) = self.0.split_at(count);
            buffer[..count].copy_from_slice(part);
            self.0 = rest;
            Ok(count)
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_in_any_parts(
            messages in proptest::collection::vec("\\PC{0,40}", 0..5),
            part in 1usize..9,
        ) {
            let mut bytes = Vec::new();
            for message in &messages {
                write(&mut bytes, message.as_bytes()).unwrap();
            }
            let mut input = Parts(&bytes, part);
            for message in &messages {
                let read = read(&mut input).unwrap().unwrap();
                prop_assert_eq!(&*read, message.as_bytes());
            }
            prop_assert!(read(&mut input).unwrap().is_none());
        }

        #[test]
        fn a_cut_message_is_an_error(message in "\\PC{1,40}", cut in any::<proptest::sample::Index>()) {
            let mut bytes = Vec::new();
            write(&mut bytes, message.as_bytes()).unwrap();
            let kept = cut.index(bytes.len() - 1) + 1;
            prop_assume!(kept < bytes.len());
            prop_assert!(matches!(read(&mut &bytes[..kept]), Err(FrameError::Cut)));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut input = &bytes[..];
            while let Ok(Some(_)) = read(&mut input) {}
        }
    }

    #[test]
    fn a_message_that_is_too_long_is_refused_by_its_head_alone() {
        for length in [LONGEST_REQUEST as u32 + 1, 64 * 1024 * 1024, u32::MAX] {
            let refused = read(&mut &length.to_ne_bytes()[..]);
            assert!(
                matches!(refused, Err(FrameError::TooLong(of)) if of == length),
                "{refused:?}"
            );
        }
        let mut longest = (LONGEST_REQUEST as u32).to_ne_bytes().to_vec();
        longest.resize(4 + LONGEST_REQUEST, b' ');
        assert_eq!(read(&mut &longest[..]).unwrap().unwrap().len(), LONGEST_REQUEST);
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        for wrong in [&b"\x02\0\0\0\xFF\xFE"[..], b"\x03\0\0\0\xED\xA0\x80"] {
            let wrong = [&(wrong.len() as u32 - 4).to_ne_bytes(), &wrong[4..]].concat();
            assert!(matches!(read(&mut &wrong[..]), Err(FrameError::NotText)));
        }
    }

    #[test]
    fn an_answer_that_no_browser_takes_is_not_begun() {
        let mut output = Vec::new();
        assert!(write(&mut output, &vec![b' '; LONGEST_ANSWER + 1]).is_err());
        assert!(output.is_empty());
        write(&mut output, &vec![b' '; LONGEST_ANSWER]).unwrap();
        assert_eq!(output.len(), 4 + LONGEST_ANSWER);
    }
}
