//! A PDF document with incremental updates (ISO 32000-1, 7.5), written part by part.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use crate::workshop::MakeError;

/// Bytes of a signature at most. The signed data of one signer take some 2,500.
const MOST: usize = 6_000;

/// Characters between the brackets of a ByteRange.
const RANGE: usize = 44;

/// A document that is being written: finished revisions, and one that is not.
pub(super) struct Pdf {
    bytes: Vec<u8>,
    /// Offsets of the objects of the current revision.
    offsets: BTreeMap<u32, usize>,
    /// Where the cross-reference table of the last finished revision is.
    previous: Option<usize>,
    /// The highest number of an object.
    highest: u32,
}

/// How `/Contents` is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writing {
    /// `<…>`
    Hexadecimal,
    /// `(…)`, each byte as an octal number.
    Literal,
    /// `null`: there is no value.
    Null,
}

impl Writing {
    /// The object with this value.
    fn write(self, bytes: &[u8]) -> String {
        let digits = |one: fn(&u8) -> String| bytes.iter().map(one).collect::<String>();
        match self {
            Self::Hexadecimal => format!("<{}>", digits(|byte| format!("{byte:02X}"))),
            Self::Literal => format!("({})", digits(|byte| format!("\\{byte:03o}"))),
            Self::Null => "null".to_owned(),
        }
    }
}

/// Where a signature will be.
pub(super) struct Place {
    /// From the character before the value of `/Contents` to the one behind it.
    pub(super) contents: Range<usize>,
    /// Between the brackets of `/ByteRange`.
    range: Range<usize>,
    writing: Writing,
}

impl Pdf {
    /// An empty one.
    pub(super) fn new() -> Self {
        // Bytes above 7F in the second line mark a file that is not text (7.5.2).
        Self {
            bytes: b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec(),
            offsets: BTreeMap::new(),
            previous: None,
            highest: 0,
        }
    }

    /// Its bytes so far.
    pub(super) fn length(&self) -> usize {
        self.bytes.len()
    }

    /// Adds an object.
    pub(super) fn object(&mut self, number: u32, body: &str) {
        self.highest = self.highest.max(number);
        self.offsets.insert(number, self.bytes.len());
        self.bytes.extend(format!("{number} 0 obj\n{body}\nendobj\n").bytes());
    }

    /// Adds a stream.
    pub(super) fn stream(&mut self, number: u32, content: &str) {
        let length = content.len();
        let body = format!("<< /Length {length} >>\nstream\n{content}\nendstream");
        self.object(number, &body);
    }

    /// Adds a signature dictionary with these further entries and room for the rest.
    pub(super) fn signature(&mut self, number: u32, entries: &str, writing: Writing) -> Place {
        let contents = writing.write(&[0; MOST]);
        let before = format!("<< {entries}/Contents ");
        let between = " /ByteRange [";
        let start = self.bytes.len() + format!("{number} 0 obj\n{before}").len();
        let contents_end = start + contents.len();
        let range = contents_end + between.len();
        let blank = " ".repeat(RANGE);
        self.object(number, &format!("{before}{contents}{between}{blank}] >>"));
        Place {
            contents: start..contents_end,
            range: range..range + RANGE,
            writing,
        }
    }

    /// Ends the revision. The catalogue is object 1.
    pub(super) fn end(&mut self) {
        let start = self.bytes.len();
        let mut table = "xref\n".to_owned();
        if self.previous.is_none() {
            table.push_str("0 1\n0000000000 65535 f \n");
        }
        for (number, offset) in &self.offsets {
            let _ = write!(table, "{number} 1\n{offset:010} 00000 n \n");
        }
        let size = self.highest + 1;
        let previous = self.previous.map(|at| format!("/Prev {at} ")).unwrap_or_default();
        let _ = write!(
            table,
            "trailer\n<< /Size {size} /Root 1 0 R {previous}/ID [<00112233445566778899AABBCCDDEEFF> \
             <00112233445566778899AABBCCDDEEFF>] >>\nstartxref\n{start}\n%%EOF\n"
        );
        self.bytes.extend(table.bytes());
        self.offsets.clear();
        self.previous = Some(start);
    }

    /// Writes the byte range, which covers all of the document but `gap`, from `begin` on. Returns the covered bytes.
    ///
    /// # Errors
    /// [`MakeError::Form`] if it does not fit.
    pub(super) fn cover(&mut self, place: &Place, begin: usize, gap: &Range<usize>) -> Result<Vec<u8>, MakeError> {
        let (length, rest) = (gap.start - begin, self.bytes.len() - gap.end);
        self.write_range(place, &format!("{begin} {length} {} {rest}", gap.end))?;
        Ok(self.without(gap).split_off(begin))
    }

    /// Writes a byte range as it is given.
    ///
    /// # Errors
    /// [`MakeError::Form`] if it does not fit.
    pub(super) fn write_range(&mut self, place: &Place, range: &str) -> Result<(), MakeError> {
        if range.len() > RANGE {
            return Err(MakeError::Form("a byte range is too long"));
        }
        self.bytes[place.range.clone()].copy_from_slice(format!("{range:RANGE$}").as_bytes());
        Ok(())
    }

    /// Writes a signature into its place. Zeros fill the rest.
    ///
    /// # Errors
    /// [`MakeError::Form`] if it does not fit.
    pub(super) fn fill(&mut self, place: &Place, signature: &[u8]) -> Result<(), MakeError> {
        if signature.len() > MOST {
            return Err(MakeError::Form("a signature is too long for its place"));
        }
        let mut value = signature.to_vec();
        value.resize(MOST, 0);
        let text = place.writing.write(&value);
        self.bytes[place.contents.clone()].copy_from_slice(text.as_bytes());
        Ok(())
    }

    /// Replaces the first occurrence of a text by one of the same length.
    ///
    /// # Errors
    /// [`MakeError::Form`] if there is none.
    pub(super) fn replace(&mut self, old: &[u8], new: &[u8]) -> Result<(), MakeError> {
        let found = self.bytes.windows(old.len()).position(|part| part == old);
        let at = found.filter(|_| old.len() == new.len());
        let at = at.ok_or(MakeError::Form("a document has not the text that is to be replaced"))?;
        self.bytes[at..at + new.len()].copy_from_slice(new);
        Ok(())
    }

    /// The document without these bytes.
    pub(super) fn without(&self, gap: &Range<usize>) -> Vec<u8> {
        [&self.bytes[..gap.start], &self.bytes[gap.end..]].concat()
    }

    /// The document.
    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}
