//! The TLV form of the card's own files, which strict BER-TLV libraries refuse: a length below 128 takes one byte, every
//! other is `82 hh ll`, never `81`; and a constructed tag may stand over plain characters.
//!
//! For everything in standard BER-TLV use the `iso7816-tlv` crate, for DER the `der` crate.

/// A data object: its tag (one or two bytes, as a number) and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// E.g. `0xFF20`, `0x91`.
    pub tag: u16,
    /// The value, at most 65,535 bytes.
    pub value: &'a [u8],
}

/// Bytes are not of this form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a data object of the card's files")]
pub struct MalformedTlv;

impl<'a> Tlv<'a> {
    /// Reads the object at the beginning of `bytes`; returns it and what follows it.
    ///
    /// # Errors
    /// [`MalformedTlv`] for a tag of more than two bytes, another length form, or a value that is cut off.
    pub fn read(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), MalformedTlv> {
        let (tag, rest) = match *bytes {
            [first, second, ref rest @ ..] if first & 0x1F == 0x1F && second & 0x80 == 0 => {
                (u16::from_be_bytes([first, second]), rest)
            }
            [first, ref rest @ ..] if first & 0x1F != 0x1F => (u16::from(first), rest),
            _ => return Err(MalformedTlv),
        };
        let (length, rest) = match *rest {
            [0x82, high, low, ref rest @ ..] if (high, low) >= (0, 0x80) => {
                (usize::from(u16::from_be_bytes([high, low])), rest)
            }
            [length, ref rest @ ..] if length < 0x80 => (usize::from(length), rest),
            _ => return Err(MalformedTlv),
        };
        let (value, rest) = rest.split_at_checked(length).ok_or(MalformedTlv)?;
        Ok((Self { tag, value }, rest))
    }

    /// Reads bytes that are one object and nothing else.
    ///
    /// # Errors
    /// As [`Self::read`], and where something follows.
    pub fn read_only(bytes: &'a [u8]) -> Result<Self, MalformedTlv> {
        match Self::read(bytes)? {
            (tlv, []) => Ok(tlv),
            _ => Err(MalformedTlv),
        }
    }

    /// Reads the objects that `bytes` are made of.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_all(mut bytes: &'a [u8]) -> Result<Vec<Self>, MalformedTlv> {
        let mut objects = Vec::new();
        while !bytes.is_empty() {
            let (object, rest) = Self::read(bytes)?;
            objects.push(object);
            bytes = rest;
        }
        Ok(objects)
    }

    /// Whether the tag is that of a constructed object. A value of characters under such a tag exists
    /// (`FF10` of the My Number), so a reader has to expect that [`Self::read_all`] refuses it.
    pub fn is_constructed(&self) -> bool {
        let first = if self.tag > 0xFF { self.tag >> 8 } else { self.tag };
        first & 0x20 != 0
    }

    /// Appends the object to `out`.
    ///
    /// # Errors
    /// [`MalformedTlv`] where the value is longer than 65,535 bytes or the tag is none that [`Self::read`] reads.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), MalformedTlv> {
        let length = u16::try_from(self.value.len()).map_err(|_| MalformedTlv)?;
        match self.tag.to_be_bytes() {
            [0, tag] if tag & 0x1F != 0x1F => out.push(tag),
            tag @ [first, second] if first & 0x1F == 0x1F && second & 0x80 == 0 => out.extend(tag),
            _ => return Err(MalformedTlv),
        }
        match length {
            0..0x80 => out.push(length as u8),
            _ => {
                out.push(0x82);
                out.extend(length.to_be_bytes());
            }
        }
        out.extend(self.value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_length_of_128_or_more_takes_three_bytes() {
        for (length, head) in [
            (0, &[0xDF, 0x21, 0][..]),
            (127, &[0xDF, 0x21, 127]),
            (128, &[0xDF, 0x21, 0x82, 0, 128]),
            (255, &[0xDF, 0x21, 0x82, 0, 255]),
            (256, &[0xDF, 0x21, 0x82, 1, 0]),
            (65_535, &[0xDF, 0x21, 0x82, 255, 255]),
        ] {
            let mut bytes = Vec::new();
            Tlv {
                tag: 0xDF21,
                value: &vec![1; length],
            }
            .write(&mut bytes)
            .unwrap();
            assert!(bytes.starts_with(head), "{length}");
            assert_eq!(Tlv::read_only(&bytes).unwrap().value.len(), length);
        }
        assert!(
            Tlv {
                tag: 0xDF21,
                value: &vec![1; 65_536]
            }
            .write(&mut Vec::new())
            .is_err()
        );
    }

    #[test]
    fn other_length_forms_and_cut_values_are_refused() {
        let table: [&[u8]; 9] = [
            &[],
            &[0x90],
            &[0xDF],
            &[0xDF, 0x81, 0x01, 0x00],       // a tag of three bytes
            &[0x90, 0x81, 0x80],             // length form 81
            &[0x90, 0x82, 0x00, 0x7F],       // a length below 128 in three bytes
            &[0x90, 0x83, 0x00, 0x01, 0x00], // length form 83
            &[0x90, 0x80, 0x00, 0x00],       // indefinite length
            &[0x90, 0x02, 0x01],             // cut off
        ];
        for bytes in table {
            assert_eq!(Tlv::read(bytes), Err(MalformedTlv), "{bytes:02X?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_back_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok((object, rest)) = Tlv::read(&bytes) {
                let mut again = Vec::new();
                object.write(&mut again).unwrap();
                again.extend(rest);
                prop_assert_eq!(again, bytes);
            }
        }

        #[test]
        fn what_is_written_is_read_back_the_same(
            tag in prop::sample::select(vec![0x90, 0x91, 0x7F21, 0x5F4E, 0xFF20, 0xDF22]), value in proptest::collection::vec(any::<u8>(), 0..600),
        ) {
            let object = Tlv { tag, value: &value };
            let mut bytes = Vec::new();
            object.write(&mut bytes).unwrap();
            prop_assert_eq!(Tlv::read_only(&bytes), Ok(object));
        }
    }
}
