//! Writing images: under a temporary name, readable by the owner only, and under the final name when everything is on
//! stable storage. What is interrupted leaves no image.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use vmyna_files::Unfinished;

use super::object::{Place, lengths_fit};
use super::record;
use super::{BESIDE_NAME, HEADER, ImageError, ImageErrorKind, LONGEST_CARD, MAGIC, MOST_CARDS};
use crate::issued::IssuedCard;

/// Creates an image at `path`, which must not be there yet.
///
/// # Errors
/// [`ImageErrorKind::Exists`], or the system refuses.
pub fn create(path: &Path) -> Result<ImageFile, ImageError> {
    let fail = |error| ImageError::new(path, ImageErrorKind::Io(error));
    if path.symlink_metadata().is_ok() {
        return Err(ImageError::new(path, ImageErrorKind::Exists));
    }
    let file = Unfinished::beside(path).map_err(fail)?;
    Ok(ImageFile {
        path: path.to_owned(),
        writer: ImageWriter::new(BufWriter::with_capacity(1 << 20, file)).map_err(fail)?,
    })
}

/// An image file that is being written.
pub struct ImageFile {
    path: PathBuf,
    writer: ImageWriter<BufWriter<Unfinished>>,
}

impl ImageFile {
    /// Adds a card.
    ///
    /// # Errors
    /// [`ImageErrorKind::Twice`], or the system refuses (a full disk).
    pub fn add(&mut self, card: &IssuedCard) -> Result<(), ImageError> {
        self.writer.add(card).map_err(|kind| ImageError::new(&self.path, kind))
    }

    /// Puts the image in its place, once it is on stable storage.
    ///
    /// # Errors
    /// The system refuses, or a file of this name has appeared in the meantime.
    pub fn finish(self) -> Result<(), ImageError> {
        let Self { path, writer } = self;
        let fail = |error| ImageError::new(&path, ImageErrorKind::Io(error));
        let file = writer.finish().map_err(fail)?;
        let file = file.into_inner().map_err(|error| fail(error.into_error()))?;
        file.put_new(&path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => ImageError::new(&path, ImageErrorKind::Exists),
            _ => fail(error),
        })
    }
}

/// Writes an image to anything that can seek.
pub struct ImageWriter<W> {
    out: W,
    /// Where the next object goes.
    offset: u64,
    /// The first version of the format that has all that was written.
    version: u32,
    cards: BTreeMap<String, Place>,
    shared: HashMap<[u8; 32], Place>,
}

impl<W: Write + Seek> ImageWriter<W> {
    /// Begins an image.
    ///
    /// # Errors
    /// What `out` gives.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(&[0; HEADER])?;
        Ok(Self {
            out,
            offset: HEADER as u64,
            version: 1,
            cards: BTreeMap::new(),
            shared: HashMap::new(),
        })
    }

    /// Adds a card.
    ///
    /// # Errors
    /// [`ImageErrorKind::Twice`] for a name that is there, a card or a number of cards that no reader takes, or what `out`
    /// gives.
    pub fn add(&mut self, card: &IssuedCard) -> Result<(), ImageErrorKind> {
        let name = card.name.as_str();
        if self.cards.contains_key(name) {
            return Err(ImageErrorKind::Twice(name.to_owned()));
        }
        if self.cards.len() as u64 >= MOST_CARDS {
            return Err(ImageErrorKind::Unwritable("an image holds no more cards"));
        }
        let mut length = 0;
        let mut share = |object: &[u8]| {
            length += object.len();
            self.share(object)
        };
        let record = record::encode(card, Some(&mut share))?;
        if length + record.bytes.len() > LONGEST_CARD as usize || !lengths_fit(&record.bytes) {
            return Err(ImageErrorKind::Unwritable("a card is longer than an image can hold"));
        }
        let place = self
            .append(&record.bytes, Sha256::digest(&record.bytes).into())
            .map_err(ImageErrorKind::Io)?;
        self.version = self.version.max(record.version);
        self.cards.insert(name.to_owned(), place);
        Ok(())
    }

    /// Writes an object that other cards may have too, if none had it before.
    fn share(&mut self, object: &[u8]) -> Result<Place, ImageErrorKind> {
        let digest: [u8; 32] = Sha256::digest(object).into();
        if let Some(place) = self.shared.get(&digest) {
            return Ok(place.clone());
        }
        let place = self.append(object, digest).map_err(ImageErrorKind::Io)?;
        self.shared.insert(digest, place.clone());
        Ok(place)
    }

    fn append(&mut self, object: &[u8], digest: [u8; 32]) -> io::Result<Place> {
        let length = u32::try_from(object.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let place = Place {
            offset: self.offset,
            length,
            digest,
        };
        self.out.write_all(object)?;
        self.offset += u64::from(length);
        Ok(place)
    }

    /// Writes index and header.
    ///
    /// # Errors
    /// What `out` gives.
    pub fn finish(mut self) -> io::Result<W> {
        let mut index = Vec::with_capacity(self.cards.len() * (BESIDE_NAME + 19));
        for (name, place) in &self.cards {
            // A card's name has at most 64 bytes.
            index.push(name.len() as u8);
            index.extend(name.as_bytes());
            index.extend(place.offset.to_be_bytes());
            index.extend(place.length.to_be_bytes());
            index.extend(place.digest);
        }
        self.out.write_all(&index)?;
        let mut header = Vec::with_capacity(HEADER);
        header.extend(MAGIC);
        header.extend(self.version.to_be_bytes());
        header.extend([0; 4]);
        header.extend((self.cards.len() as u64).to_be_bytes());
        header.extend((self.offset + index.len() as u64).to_be_bytes());
        header.extend(self.offset.to_be_bytes());
        header.extend(Sha256::digest(&index));
        header.extend(Sha256::digest(&header));
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&header)?;
        self.out.flush()?;
        Ok(self.out)
    }
}
