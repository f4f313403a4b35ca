//! The length of the object at the beginning of a file, from its first bytes.

/// The bytes of the whole object whose first bytes these are: DER, or the form of the card's own files. `None` if they begin
/// no object, or one whose length takes more than two bytes.
pub(super) fn length(head: &[u8]) -> Option<usize> {
    let tag = match head {
        [first, second, ..] if first & 0x1F == 0x1F && second & 0x80 == 0 => 2,
        [first, ..] if first & 0x1F != 0x1F => 1,
        _ => return None,
    };
    match *head.get(tag..)? {
        [0x82, high, low, ..] => Some(tag + 3 + usize::from(u16::from_be_bytes([high, low]))),
        [0x81, length, ..] => Some(tag + 2 + usize::from(length)),
        [length @ ..=0x7F, ..] => Some(tag + 1 + usize::from(length)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::length;

    #[test]
    fn a_head_states_the_length_of_its_object() {
        for (head, expected) in [
            (&b"\x30\x82\x06\x32"[..], Some(4 + 0x632)),
            (b"\x30\x81\x80", Some(3 + 0x80)),
            (b"\x30\x05abcde", Some(7)),
            (b"\xFF\x20\x65\xDF\x21\x08\x00", Some(3 + 0x65)),
            (b"\xFF\x20\x82\x01\x4B", Some(5 + 0x14B)),
            (b"", None),
            (b"\x30", None),
            (b"\x30\x80", None),
            (b"\x30\x83\x01\x00\x00", None),
            (b"\x30\x82\x06", None),
            (b"\xFF", None),
            (b"\xFF\x81\x01\x05", None),
            (b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF", None),
        ] {
            assert_eq!(length(head), expected, "{head:02X?}");
        }
    }
}
