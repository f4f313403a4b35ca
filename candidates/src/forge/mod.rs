//! Files of a card taken apart, changed and put together again.

pub(crate) mod chip;
pub(crate) mod face;
pub(crate) mod person;
pub(crate) mod photo;
pub(crate) mod sign;
pub(crate) mod text;

use vmyna_card_os::tlv::Tlv;

use crate::workshop::MakeError;

/// One data object.
pub(crate) fn object(tag: u16, value: &[u8]) -> Result<Vec<u8>, MakeError> {
    let mut bytes = Vec::with_capacity(value.len() + 5);
    let too_long = |_| MakeError::Form("a data object holds at most 65,535 bytes");
    Tlv { tag, value }.write(&mut bytes).map_err(too_long)?;
    Ok(bytes)
}

/// The table of offsets, which stands first in a file that has one.
const TABLE: u16 = 0xDF21;

/// The objects in the outer object of a file, in their order, without the table of offsets.
#[derive(Clone)]
pub(crate) struct Objects(Vec<(u16, Vec<u8>)>);

impl Objects {
    /// Those of a file.
    pub(crate) fn read(file: &[u8]) -> Result<Self, MakeError> {
        let malformed = |_| MakeError::Form("a file of a card is made of data objects");
        let (outer, _) = Tlv::read(file).map_err(malformed)?;
        let all = Tlv::read_all(outer.value).map_err(malformed)?.into_iter();
        let all = all.filter(|object| object.tag != TABLE);
        Ok(Self(all.map(|object| (object.tag, object.value.to_vec())).collect()))
    }

    fn position(&self, tag: u16) -> Result<usize, MakeError> {
        let found = self.0.iter().position(|(found, _)| *found == tag);
        found.ok_or(MakeError::Form("a file has the object that is to be changed"))
    }

    /// The value of the first object with this tag.
    pub(crate) fn get(&self, tag: u16) -> Result<&[u8], MakeError> {
        Ok(&self.0[self.position(tag)?].1)
    }

    /// Replaces the value of the first object with this tag.
    pub(crate) fn set(&mut self, tag: u16, value: impl Into<Vec<u8>>) -> Result<(), MakeError> {
        let position = self.position(tag)?;
        self.0[position].1 = value.into();
        Ok(())
    }

    /// Removes the first object with this tag.
    pub(crate) fn remove(&mut self, tag: u16) -> Result<Vec<u8>, MakeError> {
        let position = self.position(tag)?;
        Ok(self.0.remove(position).1)
    }

    /// Adds an object at this position.
    pub(crate) fn insert(&mut self, at: usize, tag: u16, value: impl Into<Vec<u8>>) {
        self.0.insert(at.min(self.0.len()), (tag, value.into()));
    }

    /// Lets the objects with these two tags change places.
    pub(crate) fn swap(&mut self, first: u16, second: u16) -> Result<(), MakeError> {
        let (first, second) = (self.position(first)?, self.position(second)?);
        self.0.swap(first, second);
        Ok(())
    }

    /// All objects, one behind the other.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, MakeError> {
        let all: Result<Vec<_>, _> = self.0.iter().map(|(tag, value)| object(*tag, value)).collect();
        Ok(all?.concat())
    }

    /// The first objects with these tags, in the order of the tags.
    pub(crate) fn joined(&self, tags: &[u16]) -> Result<Vec<u8>, MakeError> {
        let all: Result<Vec<_>, _> = tags.iter().map(|tag| object(*tag, self.get(*tag)?)).collect();
        Ok(all?.concat())
    }

    /// The objects before the first one with this tag, one behind the other.
    pub(crate) fn before(&self, tag: u16) -> Result<Vec<u8>, MakeError> {
        Self(self.0[..self.position(tag)?].to_vec()).bytes()
    }

    /// How many bytes stand before the last object with this tag.
    pub(crate) fn before_last(&self, tag: u16) -> Result<usize, MakeError> {
        let last = self.0.iter().rposition(|(found, _)| *found == tag);
        let last = last.ok_or(MakeError::Form("a file has the object that is to be changed"))?;
        Ok(Self(self.0[..last].to_vec()).bytes()?.len())
    }

    /// A file with this outer tag.
    pub(crate) fn file(&self, outer: u16) -> Result<Vec<u8>, MakeError> {
        object(outer, &self.bytes()?)
    }

    /// A file `FF20` with a table of offsets for these tags. The offset of an object that is not there is 0.
    pub(crate) fn with_table(&self, tags: &[u16]) -> Result<Vec<u8>, MakeError> {
        let bytes = self.bytes()?;
        let table = 3 + tags.len() * 2;
        let header = if table + bytes.len() < 0x80 { 3 } else { 5 };
        let mut offsets = Vec::with_capacity(tags.len() * 2);
        for tag in tags {
            let offset = match self.position(*tag) {
                Ok(position) => header + table + Self(self.0[..position].to_vec()).bytes()?.len(),
                Err(_) => 0,
            };
            let offset = u16::try_from(offset).map_err(|_| MakeError::Form("an offset has two bytes"))?;
            offsets.extend(offset.to_be_bytes());
        }
        object(0xFF20, &[object(TABLE, &offsets)?, bytes].concat())
    }
}

/// Makes the entry with this number in a file's table of offsets point elsewhere.
pub(crate) fn redirect(file: &mut [u8], entry: usize, offset: usize) -> Result<(), MakeError> {
    let form = MakeError::Form("a file with a table of offsets has it first");
    let header = if file.get(2).is_some_and(|length| *length == 0x82) {
        5
    } else {
        3
    };
    let offset = u16::try_from(offset).map_err(|_| MakeError::Form("an offset has two bytes"))?;
    let start = header + 3 + entry * 2;
    if file.get(header..header + 2) != Some(&TABLE.to_be_bytes()) {
        return Err(form);
    }
    let place = file.get_mut(start..start + 2).ok_or(form)?;
    place.copy_from_slice(&offset.to_be_bytes());
    Ok(())
}
