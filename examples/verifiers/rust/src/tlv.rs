//! Data objects: tags of two bytes; lengths of one byte, `81 hh` or `82 hh ll`.

use crate::steps::{Refusal, Steps};

/// An object.
#[derive(Clone, Copy)]
pub(crate) struct Object<'a> {
    pub(crate) tag: u16,
    pub(crate) value: &'a [u8],
    /// With tag and length.
    pub(crate) whole: &'a [u8],
    /// Where it begins in the value of the outer object.
    at: usize,
}

/// The first object, and the bytes behind it.
pub(crate) fn first(bytes: &[u8]) -> Result<(Object<'_>, &[u8]), Refusal> {
    one(bytes).ok_or_else(|| Refusal::form("a data object is cut off"))
}

fn one(bytes: &[u8]) -> Option<(Object<'_>, &[u8])> {
    let (tag, rest) = bytes.split_first_chunk()?;
    let (length, rest) = match *rest {
        [0x81, length, ref rest @ ..] => (usize::from(length), rest),
        [0x82, high, low, ref rest @ ..] => (usize::from(u16::from_be_bytes([high, low])), rest),
        [length, ref rest @ ..] if length < 0x80 => (usize::from(length), rest),
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(length)?;
    let whole = bytes.get(..bytes.len() - rest.len())?;
    let tag = u16::from_be_bytes(*tag);
    let at = 0;
    Some((Object { tag, value, whole, at }, rest))
}

/// A file of one object that holds others. Behind it is filler.
pub(crate) struct File<'a> {
    /// Where the value of the outer object begins in the file.
    start: usize,
    /// The value of the outer object.
    value: &'a [u8],
    objects: Vec<Object<'a>>,
}

impl<'a> File<'a> {
    pub(crate) fn read(bytes: &'a [u8], tag: u16) -> Result<Self, Refusal> {
        let (outer, _) = first(bytes)?;
        if outer.tag != tag {
            return Err(Refusal::form(format!("no object {tag:04X}")));
        }
        let mut objects = Vec::new();
        let mut rest = outer.value;
        while !rest.is_empty() {
            let (mut object, behind) = first(rest)?;
            object.at = outer.value.len() - rest.len();
            objects.push(object);
            rest = behind;
        }
        Ok(Self {
            start: outer.whole.len() - outer.value.len(),
            value: outer.value,
            objects,
        })
    }

    /// The object with this tag, if there is one.
    pub(crate) fn find(&self, tag: u16) -> Option<Object<'a>> {
        self.objects.iter().find(|object| object.tag == tag).copied()
    }

    /// The object with this tag.
    pub(crate) fn get(&self, tag: u16) -> Result<Object<'a>, Refusal> {
        self.find(tag)
            .ok_or_else(|| Refusal::form(format!("no object {tag:04X}")))
    }

    /// The bytes of the outer object's value before an object: what a signature at the end covers.
    pub(crate) fn before(&self, object: Object<'_>) -> &'a [u8] {
        &self.value[..object.at]
    }

    /// The objects with these tags, one behind the other.
    pub(crate) fn concat(&self, tags: &[u16]) -> Result<Vec<u8>, Refusal> {
        let objects: Result<Vec<&[u8]>, Refusal> = tags.iter().map(|tag| Ok(self.get(*tag)?.whole)).collect();
        Ok(objects?.concat())
    }

    /// Each tag occurs once (`twice`), and the entries of DF21 point to the objects of `tags` (`offsets`): the table is not
    /// signed.
    pub(crate) fn check(
        &self,
        steps: &Steps,
        (twice, offsets): (&'static str, &'static str),
        tags: &[u16],
    ) -> Result<(), Refusal> {
        let once = |tag: &u16| self.objects.iter().filter(|object| object.tag == *tag).count() == 1;
        steps.check(twice, tags.iter().all(once), "an object is missing or occurs twice")?;
        let table = self.get(0xDF21)?.value;
        let right = |(entry, tag): (&[u8; 2], &u16)| {
            let start = self.find(*tag).map(|object| self.start + object.at);
            start == Some(usize::from(u16::from_be_bytes(*entry)))
        };
        let all = table.len() == tags.len() * 2 && table.as_chunks().0.iter().zip(tags).all(right);
        steps.check(offsets, all, "an offset does not point to its object")
    }
}
