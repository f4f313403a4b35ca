//! Reading images. Must never write, and never return a byte before its digest is checked.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::object::{DecodeError, Place};
use super::record;
use super::{
    BESIDE_NAME, DIGEST, HEADER, HEADER_BODY, ImageError, ImageErrorKind, LONGEST_CARD, MAGIC, MOST_CARDS, VERSION,
};
use crate::issued::{CardName, IssuedCard, LONGEST_NAME};

/// An open image.
pub struct Image {
    path: PathBuf,
    source: Source,
    length: u64,
    version: u32,
    count: u64,
    index: Vec<u8>,
    /// Where each entry lies in the index, ascending by name.
    entries: Vec<Range<usize>>,
}

enum Source {
    File(Mutex<File>),
    Bytes(Cow<'static, [u8]>),
}

impl Source {
    fn read(&self, place: &Range<u64>) -> io::Result<Vec<u8>> {
        let length = usize::try_from(place.end - place.start).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        match self {
            Self::File(file) => {
                let mut bytes = vec![0; length];
                // A reader that panicked left nothing half done: the position is set anew every time.
                let mut file = file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                file.seek(SeekFrom::Start(place.start))?;
                file.read_exact(&mut bytes)?;
                Ok(bytes)
            }
            Self::Bytes(all) => {
                let start = usize::try_from(place.start).map_err(|_| io::ErrorKind::UnexpectedEof)?;
                let bytes = all.get(start..).and_then(|rest| rest.get(..length));
                Ok(bytes.ok_or(io::ErrorKind::UnexpectedEof)?.to_vec())
            }
        }
    }
}

/// One entry of the index.
struct Entry<'a> {
    name: &'a str,
    place: Place,
}

impl Image {
    /// Opens an image file and checks its header and its index.
    ///
    /// # Errors
    /// [`ImageError`]: the file can't be read, is no image, damaged, or of a later version.
    pub fn open(path: &Path) -> Result<Self, ImageError> {
        let fail = |error| ImageError::new(path, ImageErrorKind::Io(error));
        let file = vmyna_files::open(path).map_err(|error| match error.kind() {
            io::ErrorKind::IsADirectory | io::ErrorKind::InvalidInput => ImageError::new(path, ImageErrorKind::NoImage),
            _ => fail(error),
        })?;
        let metadata = file.metadata().map_err(fail)?;
        Self::read(path, Source::File(Mutex::new(file)), metadata.len())
    }

    /// Opens an image that is a part of the program, or in memory. `name` is what errors call it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn from_bytes(name: &str, bytes: impl Into<Cow<'static, [u8]>>) -> Result<Self, ImageError> {
        let bytes = bytes.into();
        let length = bytes.len() as u64;
        Self::read(Path::new(name), Source::Bytes(bytes), length)
    }

    fn read(path: &Path, source: Source, length: u64) -> Result<Self, ImageError> {
        let mut image = Self {
            path: path.to_owned(),
            source,
            length,
            version: 0,
            count: 0,
            index: Vec::new(),
            entries: Vec::new(),
        };
        let header = image.source.read(&(0..length.min(HEADER as u64)));
        let header = header.map_err(|error| image.error(ImageErrorKind::Io(error)))?;
        if !header.starts_with(&MAGIC) {
            return Err(image.error(ImageErrorKind::NoImage));
        }
        let Some((body, digest)) = header.split_at_checked(HEADER_BODY) else {
            return Err(image.error(ImageErrorKind::Damaged("it ends in its header")));
        };
        // The version comes first: a later one may have another header.
        let version = u32::from_be_bytes(field(body, 8));
        if (VERSION + 1..NO_VERSION).contains(&version) {
            return Err(image.error(ImageErrorKind::Newer(version)));
        }
        if !(1..=VERSION).contains(&version) || *Sha256::digest(body) != *digest {
            return Err(image.error(ImageErrorKind::Damaged("its header")));
        }
        let flags = u32::from_be_bytes(field(body, 12));
        if flags != 0 {
            return Err(image.error(ImageErrorKind::Damaged("it has flags of a later version")));
        }
        let [count, end, index] = [16, 24, 32].map(|at| u64::from_be_bytes(field(body, at)));
        if end != length || index > end {
            return Err(image.error(ImageErrorKind::Damaged("it is not as long as it was written")));
        }
        image.version = version;
        image.count = count;
        image.read_index(index..end, &field(body, 40))?;
        Ok(image)
    }

    /// Reads the index piece by piece and checks each entry as it comes, so that a forged length or a hole in the file takes
    /// no memory.
    fn read_index(&mut self, place: Range<u64>, digest: &[u8; DIGEST]) -> Result<(), ImageError> {
        const PIECE: u64 = 1 << 16;
        let [shortest, longest] = [1, LONGEST_NAME].map(|name| self.count.saturating_mul((BESIDE_NAME + name) as u64));
        if self.count > MOST_CARDS || !(shortest..=longest).contains(&(place.end - place.start)) {
            return Err(self.error(DAMAGED_INDEX));
        }
        let mut digester = Sha256::new();
        let mut at = place.start;
        while at < place.end {
            let piece = at..place.end.min(at + PIECE);
            at = piece.end;
            let piece = self.source.read(&piece);
            let piece = piece.map_err(|error| self.error(ImageErrorKind::Io(error)))?;
            digester.update(&piece);
            self.index.extend(piece);
            self.find_entries().ok_or(self.error(DAMAGED_INDEX))?;
        }
        let all = self.entries.last().map_or(0, |entry| entry.end) == self.index.len();
        if !all || self.entries.len() as u64 != self.count || *digester.finalize() != *digest {
            return Err(self.error(DAMAGED_INDEX));
        }
        Ok(())
    }

    /// Finds the entries that are whole in what was read of the index; `None` if one is no entry or not in ascending order.
    fn find_entries(&mut self) -> Option<()> {
        let mut at = self.entries.last().map_or(0, |entry| entry.end);
        while let Some(name) = self.index.get(at) {
            let end = at + usize::from(*name) + BESIDE_NAME;
            let Some(bytes) = self.index.get(at..end) else { break };
            let this = self.entry(bytes)?;
            this.name.parse::<CardName>().ok()?;
            if let Some(before) = self.entries.last()
                && self.entry(&self.index[before.clone()])?.name >= this.name
            {
                return None;
            }
            self.entries.push(at..end);
            at = end;
        }
        Some(())
    }

    fn entry<'a>(&self, bytes: &'a [u8]) -> Option<Entry<'a>> {
        let (length, rest) = bytes.split_first()?;
        let (name, place) = rest.split_at_checked(usize::from(*length))?;
        if place.len() != 12 + DIGEST {
            return None;
        }
        Some(Entry {
            name: str::from_utf8(name).ok()?,
            place: Place {
                offset: u64::from_be_bytes(field(place, 0)),
                length: u32::from_be_bytes(field(place, 8)),
                digest: field(place, 12),
            },
        })
    }

    /// The version of its format.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// How many cards there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The names of the cards, ascending.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let entries = self
            .entries
            .iter()
            .filter_map(|range| self.entry(&self.index[range.clone()]));
        entries.map(|entry| entry.name)
    }

    /// The digest of the card's record, which identifies this issued card. `None` if there is no such card.
    #[must_use]
    pub fn identity(&self, name: &CardName) -> Option<[u8; DIGEST]> {
        self.find(name).map(|entry| entry.place.digest)
    }

    fn find(&self, name: &CardName) -> Option<Entry<'_>> {
        let wanted = name.as_str();
        let name_at = |range: &Range<usize>| self.entry(&self.index[range.clone()]).map_or("", |entry| entry.name);
        let found = self.entries.binary_search_by(|range| name_at(range).cmp(wanted)).ok()?;
        self.entry(&self.index[self.entries[found].clone()])
    }

    /// The card of this name.
    ///
    /// # Errors
    /// [`ImageErrorKind::NoSuchCard`], or when the image can't be read or is damaged.
    pub fn card(&self, name: &CardName) -> Result<IssuedCard, ImageError> {
        let entry = self.find(name).ok_or_else(|| {
            self.error(ImageErrorKind::NoSuchCard {
                wanted: name.to_string(),
                some: self.names().take(10).map(str::to_owned).collect(),
                count: self.count,
            })
        })?;
        let mut left = LONGEST_CARD;
        // PINs and numbers stand in it.
        let card = Zeroizing::new(self.object("a card", &entry.place, &mut left)?);
        record::decode(&card, self.version, &mut |place| {
            Ok(self.object("an object of a card", place, &mut left)?)
        })
        .map_err(|error| match error {
            DecodeError::Image(error) => error,
            DecodeError::Record(place) => self.error(ImageErrorKind::Damaged(place)),
        })
    }

    /// The bytes of an object, if they are those that were written and the card may have as many: `left`.
    fn object(&self, what: &'static str, place: &Place, left: &mut u32) -> Result<Vec<u8>, ImageError> {
        let rest = left.checked_sub(place.length);
        *left = rest.ok_or_else(|| self.error(ImageErrorKind::TooLarge))?;
        let end = place.offset.checked_add(u64::from(place.length));
        match end.filter(|end| *end <= self.length) {
            Some(end) => self.checked(what, &(place.offset..end), &place.digest),
            None => Err(self.error(ImageErrorKind::Damaged(what))),
        }
    }

    fn checked(&self, what: &'static str, place: &Range<u64>, digest: &[u8; DIGEST]) -> Result<Vec<u8>, ImageError> {
        let bytes = self.source.read(place);
        let bytes = bytes.map_err(|error| self.error(ImageErrorKind::Io(error)))?;
        if *Sha256::digest(&bytes) != *digest {
            return Err(self.error(ImageErrorKind::Damaged(what)));
        }
        Ok(bytes)
    }

    fn error(&self, kind: ImageErrorKind) -> ImageError {
        ImageError::new(&self.path, kind)
    }
}

/// Versions will never get here: such a number is damage.
const NO_VERSION: u32 = 1000;

const DAMAGED_INDEX: ImageErrorKind = ImageErrorKind::Damaged("its index");

/// The field of `N` bytes at `at`, which must lie inside.
fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&bytes[at..at + N]);
    field
}
