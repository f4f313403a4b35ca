//! The data objects of a file: tags of one or two bytes; lengths of one byte, or `81 hh`, or `82 hh ll`.

use crate::HostError;

/// A data object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// E.g. `0xC5`, `0x5F40`.
    pub tag: u16,
    /// Its value; it may be personal.
    pub value: Vec<u8>,
}

/// The objects of a file, without the filler (`00` or `FF`) behind them.
///
/// # Errors
/// [`HostError::Malformed`] with `what` if an object is cut off.
pub fn read(what: &'static str, mut bytes: &[u8]) -> Result<Vec<Object>, HostError> {
    let mut objects = Vec::new();
    while let Some(first) = bytes.first()
        && ![0x00, 0xFF].contains(first)
    {
        let (object, rest) = one(bytes).ok_or(HostError::Malformed {
            what,
            fault: "a data object is cut off",
        })?;
        objects.push(object);
        bytes = rest;
    }
    Ok(objects)
}

fn one(bytes: &[u8]) -> Option<(Object, &[u8])> {
    let (tag, rest) = match *bytes {
        [first, second, ref rest @ ..] if first & 0x1F == 0x1F => (u16::from_be_bytes([first, second]), rest),
        [first, ref rest @ ..] => (u16::from(first), rest),
        [] => return None,
    };
    let (length, rest) = match *rest {
        [0x81, length, ref rest @ ..] => (usize::from(length), rest),
        [0x82, high, low, ref rest @ ..] => (usize::from(u16::from_be_bytes([high, low])), rest),
        [length, ref rest @ ..] if length < 0x80 => (usize::from(length), rest),
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(length)?;
    let value = value.to_vec();
    Some((Object { tag, value }, rest))
}

/// The value of the first object with this tag.
///
/// # Errors
/// [`HostError::Malformed`] with `what` if there is none.
pub fn value<'o>(what: &'static str, objects: &'o [Object], tag: u16) -> Result<&'o [u8], HostError> {
    let found = objects.iter().find(|object| object.tag == tag);
    found.map(|object| &*object.value).ok_or(HostError::Malformed {
        what,
        fault: "a data object is missing",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_of_each_length_form_are_read_up_to_the_filler() {
        let mut bytes = vec![0xC2, 0x00, 0x5F, 0x40, 0x81, 0x80];
        bytes.extend([7; 0x80]);
        bytes.extend([0xDD, 0x82, 0x01, 0x00]);
        bytes.extend([8; 0x100]);
        let objects: Vec<(u16, usize)> = [(0xC2, 0), (0x5F40, 0x80), (0xDD, 0x100)].to_vec();
        for filler in [&[][..], &[0; 9], &[0xFF; 9]] {
            let read = read("a file", &[&bytes, filler].concat()).unwrap();
            let sizes: Vec<(u16, usize)> = read.iter().map(|one| (one.tag, one.value.len())).collect();
            assert_eq!(sizes, objects);
        }
    }

    #[test]
    fn each_prefix_that_cuts_an_object_is_refused() {
        let bytes = [0xC4, 0x02, 1, 2, 0xDD, 0x82, 0x00, 0x02, 3, 4];
        for length in 1..bytes.len() {
            let whole = [4, bytes.len()].contains(&length);
            assert_eq!(read("a file", &bytes[..length]).is_ok(), whole, "{length}");
        }
    }
}
