//! The C-APDU parser: what it reads is what the lengths say, and is written back to the same bytes.

use vmyna_apdu::CommandApdu;

use crate::memory::peak_of;

/// What the lengths of a C-APDU say, by the table of ISO/IEC 7816-4, 5.1, worked out from its total length and not, as the
/// card does, by taking it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Where the data field begins and how long it is.
    pub data: (usize, usize),
    /// The most bytes wanted back; `None` without Le.
    pub ne: Option<u32>,
    /// Whether the lengths are extended.
    pub extended: bool,
}

impl Shape {
    /// The shape of these bytes; `None` where they are no C-APDU.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let body = bytes.len().checked_sub(4)?;
        let byte = |at: usize| usize::from(bytes[4 + at]);
        let pair = |at: usize| byte(at) << 8 | byte(at + 1);
        let le = |value: usize, most: u32| Some(if value == 0 { most } else { value as u32 });
        let shape = |lc: usize, head: usize, ne, extended| {
            Some(Self {
                data: (4 + head, lc),
                ne,
                extended,
            })
        };
        match body {
            0 => shape(0, 0, None, false),
            1 => shape(0, 0, le(byte(0), 256), false),
            3 if byte(0) == 0 => shape(0, 0, le(pair(1), 65_536), true),
            // Short Lc: 1 + Lc bytes, or one more for Le.
            _ if byte(0) != 0 && body == 1 + byte(0) => shape(byte(0), 1, None, false),
            _ if byte(0) != 0 && body == 2 + byte(0) => shape(byte(0), 1, le(byte(body - 1), 256), false),
            // Extended Lc: 3 + Lc bytes, or two more.
            4.. if byte(0) == 0 && pair(1) != 0 && body == 3 + pair(1) => shape(pair(1), 3, None, true),
            4.. if byte(0) == 0 && pair(1) != 0 && body == 5 + pair(1) => {
                shape(pair(1), 3, le(pair(body - 2), 65_536), true)
            }
            _ => None,
        }
    }

    /// The data field of those bytes.
    #[must_use]
    pub fn data_of<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        &bytes[self.data.0..self.data.0 + self.data.1]
    }
}

/// One input: the bytes of a command, at most as many as there are in a real one and some more.
pub fn run(input: &[u8]) {
    let (parsed, peak) = peak_of(|| CommandApdu::parse(input));
    assert_eq!(peak, 0, "parsing allocates nothing");
    match (parsed, Shape::of(input)) {
        (Err(_), None) => {}
        (Ok(command), Some(shape)) => {
            assert_eq!([command.cla, command.ins, command.p1, command.p2], input[..4]);
            assert_eq!(command.data, shape.data_of(input));
            assert_eq!((command.ne, command.extended), (shape.ne, shape.extended));
            assert_eq!(command.to_bytes().as_deref(), Ok(input));
        }
        (parsed, shape) => panic!("parsed: {parsed:?}; by its length: {shape:?}"),
    }
}
