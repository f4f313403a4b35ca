//! CBOR as ISO/IEC 18013-5 wants it: one strict reader, and writers with sorted maps.

use ciborium::Value;

/// The longest CBOR that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// How deep arrays, maps and tags are nested at most. Byte strings that hold CBOR begin anew.
pub const MAX_DEPTH: usize = 16;
/// How many data items one CBOR has at most, those in byte strings apart.
pub const MAX_ITEMS: usize = 1 << 14;

/// CBOR that can't be read, with the offset of the fault in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CborError {
    /// Longer than [`MAX_BYTES`].
    #[error("the CBOR is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// Deeper than [`MAX_DEPTH`].
    #[error("the CBOR is nested deeper than {MAX_DEPTH} at byte {0}")]
    TooDeep(usize),
    /// More data items than [`MAX_ITEMS`].
    #[error("the CBOR has more than {MAX_ITEMS} data items")]
    TooMany,
    /// It ends within a data item.
    #[error("the CBOR ends within a data item")]
    Truncated,
    /// Bytes follow the data item.
    #[error("bytes follow the CBOR at byte {0}")]
    Trailing(usize),
    /// An integer or a length is not in its shortest form.
    #[error("an integer or length at byte {0} of the CBOR is not in its shortest form")]
    NotShortest(usize),
    /// An array, map or string of indefinite length.
    #[error("the CBOR has an indefinite length at byte {0}")]
    Indefinite(usize),
    /// A map has a key twice.
    #[error("a map at byte {0} of the CBOR has a key twice")]
    RepeatedKey(usize),
    /// A text that is not UTF-8.
    #[error("a text at byte {0} of the CBOR is not UTF-8")]
    NotText(usize),
    /// A simple value other than false, true and null, a reserved head, or a bignum.
    #[error("the CBOR has a data item of a kind that an mdoc does not use at byte {0}")]
    Unused(usize),
}

/// Reads one data item. The whole of `bytes` must be it.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, CborError> {
    check(bytes)?;
    // What `check` accepts is well-formed, so that only the reader's own limits can refuse it.
    ciborium::from_reader(bytes).map_err(|_| CborError::Truncated)
}

/// Checks that `bytes` is one data item in the form that ISO/IEC 18013-5 demands: definite lengths, shortest heads, no key
/// twice. Maps may be in any order.
pub(crate) fn check(bytes: &[u8]) -> Result<(), CborError> {
    if bytes.len() > MAX_BYTES {
        return Err(CborError::TooLong);
    }
    let mut scanner = Scanner { bytes, at: 0, items: 0 };
    scanner.item(MAX_DEPTH)?;
    match scanner.at == bytes.len() {
        true => Ok(()),
        false => Err(CborError::Trailing(scanner.at)),
    }
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    items: usize,
}

impl<'a> Scanner<'a> {
    fn take(&mut self, length: u64) -> Result<&'a [u8], CborError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = usize::try_from(length).map_err(|_| CborError::Truncated)?;
        let taken = rest.get(..length).ok_or(CborError::Truncated)?;
        self.at += length;
        Ok(taken)
    }

    /// Major type and argument. Simple values and floats have the five low bits as their argument.
    fn head(&mut self) -> Result<(u8, u64), CborError> {
        let start = self.at;
        let first = self.take(1)?.first().copied().ok_or(CborError::Truncated)?;
        let (major, low) = (first >> 5, first & 0x1F);
        let length = match low {
            0..=23 => return Ok((major, u64::from(low))),
            24..=27 => 1 << (low - 24),
            31 => return Err(CborError::Indefinite(start)),
            _ => return Err(CborError::Unused(start)),
        };
        let argument = self
            .take(length)?
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        if major == 7 {
            // One byte more is a simple value, of which an mdoc has none; two, four and eight are a float.
            return match length {
                1 => Err(CborError::Unused(start)),
                _ => Ok((major, u64::from(low))),
            };
        }
        let smallest = match length {
            1 => 24,
            2 => 1 << 8,
            4 => 1 << 16,
            _ => 1 << 32,
        };
        match argument >= smallest {
            true => Ok((major, argument)),
            false => Err(CborError::NotShortest(start)),
        }
    }

    fn item(&mut self, depth: usize) -> Result<(), CborError> {
        let start = self.at;
        self.items += 1;
        if self.items > MAX_ITEMS {
            return Err(CborError::TooMany);
        }
        let (major, argument) = self.head()?;
        let inner = || depth.checked_sub(1).ok_or(CborError::TooDeep(start));
        match major {
            0 | 1 => Ok(()),
            2 => self.take(argument).map(drop),
            3 => {
                let text = self.take(argument)?;
                std::str::from_utf8(text)
                    .map(drop)
                    .map_err(|_| CborError::NotText(start))
            }
            4 => {
                let inner = inner()?;
                (0..argument).try_for_each(|_| self.item(inner))
            }
            5 => self.map(argument, inner()?, start),
            // Bignums: an mdoc has no integer that needs one, and a second form of the same number helps no reader.
            6 if argument == 2 || argument == 3 => Err(CborError::Unused(start)),
            6 => self.item(inner()?),
            _ => match argument {
                20..=22 | 25..=27 => Ok(()),
                _ => Err(CborError::Unused(start)),
            },
        }
    }

    fn map(&mut self, entries: u64, inner: usize, start: usize) -> Result<(), CborError> {
        let mut keys = Vec::new();
        for _ in 0..entries {
            let from = self.at;
            self.item(inner)?;
            keys.push(self.bytes.get(from..self.at).unwrap_or_default());
            self.item(inner)?;
        }
        // With shortest heads, equal keys have equal bytes.
        keys.sort_unstable();
        match keys.windows(2).any(|pair| pair.first() == pair.last()) {
            true => Err(CborError::RepeatedKey(start)),
            false => Ok(()),
        }
    }
}

/// The bytes of the data item at the beginning of a head: major type and argument.
fn head(major: u8, argument: u64) -> Vec<u8> {
    let bytes = argument.to_be_bytes();
    let (low, length) = match argument {
        0..24 => return vec![major << 5 | bytes[7]],
        24..0x100 => (24, 1),
        0x100..0x1_0000 => (25, 2),
        0x1_0000..0x1_0000_0000 => (26, 4),
        _ => (27, 8),
    };
    let mut head = vec![major << 5 | low];
    head.extend_from_slice(&bytes[8 - length..]);
    head
}

/// An encoded data item. The writers of this module never fail, because they compose what is encoded already.
pub(crate) type Encoded = Vec<u8>;

pub(crate) fn unsigned(number: u64) -> Encoded {
    head(0, number)
}

/// The number -1 - `number`.
pub(crate) fn negative(number: u64) -> Encoded {
    head(1, number)
}

pub(crate) fn bytes(bytes: &[u8]) -> Encoded {
    let mut item = head(2, bytes.len() as u64);
    item.extend_from_slice(bytes);
    item
}

pub(crate) fn text(text: &str) -> Encoded {
    let mut item = head(3, text.len() as u64);
    item.extend_from_slice(text.as_bytes());
    item
}

pub(crate) fn array(items: &[Encoded]) -> Encoded {
    let mut item = head(4, items.len() as u64);
    items.iter().for_each(|one| item.extend_from_slice(one));
    item
}

/// A map, its keys in the order of their bytes.
pub(crate) fn map(mut entries: Vec<(Encoded, Encoded)>) -> Encoded {
    entries.sort();
    let mut item = head(5, entries.len() as u64);
    for (key, value) in &entries {
        item.extend_from_slice(key);
        item.extend_from_slice(value);
    }
    item
}

pub(crate) fn tag(number: u64, content: &[u8]) -> Encoded {
    let mut item = head(6, number);
    item.extend_from_slice(content);
    item
}

pub(crate) fn boolean(value: bool) -> Encoded {
    vec![0xF4 + u8::from(value)]
}

pub(crate) fn null() -> Encoded {
    vec![0xF6]
}

/// Tag 24 around a byte string that holds CBOR.
pub(crate) fn embedded(content: &[u8]) -> Encoded {
    tag(24, &bytes(content))
}

/// The CBOR in a byte string with tag 24.
pub(crate) fn inside(value: &Value) -> Option<&[u8]> {
    match value {
        Value::Tag(24, inner) => inner.as_bytes().map(Vec::as_slice),
        _ => None,
    }
}

/// The bytes of the value of a text key, where `bytes` is a map that [`check`] has accepted.
pub(crate) fn entry<'a>(bytes: &'a [u8], key: &str) -> Option<&'a [u8]> {
    let mut scanner = Scanner { bytes, at: 0, items: 0 };
    let (major, entries) = scanner.head().ok()?;
    if major != 5 {
        return None;
    }
    for _ in 0..entries {
        let from = scanner.at;
        scanner.item(MAX_DEPTH).ok()?;
        let is_key = bytes.get(from..scanner.at) == Some(&text(key)[..]);
        let from = scanner.at;
        scanner.item(MAX_DEPTH).ok()?;
        if is_key {
            return bytes.get(from..scanner.at);
        }
    }
    None
}

/// The bytes of the items of an array that [`check`] has accepted.
pub(crate) fn elements(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut scanner = Scanner { bytes, at: 0, items: 0 };
    let (major, count) = scanner.head().ok()?;
    let mut item = |_| {
        let from = scanner.at;
        scanner.item(MAX_DEPTH).ok()?;
        bytes.get(from..scanner.at)
    };
    match major {
        4 => (0..count).map(&mut item).collect(),
        _ => None,
    }
}

/// The value of a text key of a map.
pub(crate) fn get<'a>(map: &'a [(Value, Value)], key: &str) -> Option<&'a Value> {
    map.iter()
        .find(|(known, _)| known.as_text() == Some(key))
        .map(|(_, value)| value)
}

/// An unsigned integer.
pub(crate) fn number(value: &Value) -> Option<u64> {
    u64::try_from(value.as_integer()?).ok()
}
