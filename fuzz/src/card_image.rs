//! The image of cards: whatever its bytes are, reading gives the card that was written or an error, and never takes more
//! memory than the file justifies.
//!
//! An input is changes to an image of one card, or a whole file. So that they reach what lies behind the digests, these are
//! made right again where the first byte asks for it.

use std::io::Cursor;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};
use vmyna_apdu::{Aid, FileId, StatusWord};
use vmyna_applets::free_area::FreeApplication;
use vmyna_applets::image::{Image, ImageWriter};
use vmyna_applets::issued::{CardName, IssuedCard};
use vmyna_applets::specimen;
use vmyna_card_os::declaration::{
    Access, Application, Body, Condition, File, Format, KeyAlgorithm, Operation, Pin, RecordRoom, ReferenceData,
    SelectAnswer,
};
use vmyna_card_os::rule::{self, Basis, Certainty};

use crate::memory::peak_of;

/// The header, and what its digest covers.
const HEADER: usize = 104;
const HEADER_BODY: usize = 72;
const DIGEST: usize = 32;

/// Reading takes no more than this, and so many times the file: more if the free area has applications, whose files can be
/// many and empty.
const WORKING_MEMORY: usize = 64 * 1024;
const TIMES: usize = 12;
const TIMES_WITH_APPLICATIONS: usize = 48;

/// An image of one card, and where everything in it lies.
struct Base {
    name: CardName,
    bytes: Vec<u8>,
    record: (usize, usize),
    index: usize,
    /// Where in the record the digests of shared objects stand, and what they cover.
    shared: Vec<(usize, (usize, usize))>,
}

static BASE: LazyLock<Base> = LazyLock::new(|| {
    let card = small_card();
    let bytes = written(&card);
    let number = |at: usize, length: usize| {
        bytes[at..at + length]
            .iter()
            .fold(0, |n, byte| n << 8 | usize::from(*byte))
    };
    let index = number(32, 8);
    let place = index + 1 + usize::from(bytes[index]);
    let record = (number(place, 8), number(place, 8) + number(place + 8, 4));
    // A shared object's digest is an OCTET STRING of 32 bytes behind the INTEGERs of its offset and length.
    let mut shared = Vec::new();
    for at in record.0..record.1.saturating_sub(DIGEST + 2) {
        if bytes[at..at + 2] != [0x04, 0x20] {
            continue;
        }
        let digest = &bytes[at + 2..at + 2 + DIGEST];
        let integers = (2..=9usize).flat_map(|offset| (2..=6usize).map(move |length| (offset, length)));
        let covered = integers.into_iter().find_map(|(offset, length)| {
            let length_at = at.checked_sub(length)?;
            let offset_at = length_at.checked_sub(offset)?;
            let integer = |at: usize, size: usize| {
                (bytes[at] == 0x02 && usize::from(bytes[at + 1]) + 2 == size).then(|| number(at + 2, size - 2))
            };
            let (begin, size) = (integer(offset_at, offset)?, integer(length_at, length)?);
            let object = bytes.get(begin..begin.checked_add(size)?)?;
            (*Sha256::digest(object) == *digest).then_some((begin, begin + size))
        });
        if let Some(covered) = covered {
            shared.push((at + 2, covered));
        }
    }
    assert!(!shared.is_empty(), "no shared object was found");
    Base {
        name: card.name,
        bytes,
        record,
        index,
        shared,
    }
});

/// A card without certificates and keys of its own is as good here and a tenth as long. Its free area has an application with
/// files of several kinds.
pub(crate) fn small_card() -> IssuedCard {
    let mut card = specimen::find("hanako")
        .expect("the specimens are whole")
        .expect("hanako is one of them");
    card.jpki.sign = None;
    card.jpki.auth = None;
    card.with_free_applications(vec![application()])
        .expect("the card can have it")
}

fn application() -> FreeApplication {
    let basis = || Basis::new(Certainty::Assumed, "an invention");
    let pin = FileId::new(0x0006);
    let either = Condition::AnyOf(vec![
        Condition::Verified(pin),
        Condition::AllOf(vec![Condition::Never, Condition::Always]),
    ]);
    let file = |id, name: &'static str, body, access| File::new(id, name, "", body, access, basis());
    let value = ReferenceData::new(b"1234");
    let records = vec![vec![0xC1, 1, 7].into(), vec![0xC1, 0].into()];
    let files = vec![
        file(
            pin,
            "pin",
            Body::Pin(Pin::new(value, Format::digits(4), 3)),
            Access::NONE.with(Operation::Verify, Condition::Always),
        ),
        // Long enough for a shared object.
        file(
            FileId::new(1),
            "data",
            Body::Transparent(vec![0x5A; 80].into()),
            Access::read(either.clone()).with(Operation::UpdateBinary, either),
        )
        .secret(),
        file(
            FileId::new(2),
            "log",
            Body::Records(records),
            Access::read(Condition::Always).with(Operation::AppendRecord, Condition::Always),
        )
        .with_room(RecordRoom { records: 4, length: 16 }),
        file(
            FileId::new(3),
            "made",
            Body::GeneratedKey(KeyAlgorithm::P256),
            Access::NONE.with(Operation::GenerateKeyPair, Condition::Verified(pin)),
        ),
        file(FileId::new(4), "unknown", Body::Reserved, Access::NONE),
    ];
    let select = SelectAnswer {
        fci: Some(vec![0x6F, 0].into()),
        locked: false,
    };
    let aid = Aid::new(b"\xF0FUZZ").expect("five bytes");
    let application = Application::new(aid, "fuzz", "試験AP", basis())
        .with_files(files)
        .with_select(select)
        .with_status_words(vec![(&rule::NO_SUCH_FILE, StatusWord::new(0x6A88))]);
    FreeApplication::new(application).expect("the free area can have it")
}

/// One input.
pub fn run(input: &[u8]) {
    let Some((&mode, rest)) = input.split_first() else {
        return;
    };
    let base = &*BASE;
    let repaired = mode & 1 == 0;
    let bytes = match mode & 0x0E {
        0x0E => {
            let mut bytes = rest.to_vec();
            if repaired && bytes.len() >= HEADER {
                repair(&mut bytes, &[]);
            }
            bytes
        }
        _ => {
            let mut bytes = base.bytes.clone();
            let areas = [
                (0, HEADER),
                base.record,
                (base.index, base.bytes.len()),
                (HEADER, base.index),
            ];
            let (begin, end) = areas[usize::from(mode >> 4) % areas.len()];
            for change in rest.chunks(4) {
                let [high, low, byte, how] = [0, 1, 2, 3].map(|at| change.get(at).copied().unwrap_or_default());
                let at = begin + usize::from(u16::from_be_bytes([high, low])) % (end - begin);
                match how & 0x0F {
                    0 => bytes.truncate(at),
                    1 => bytes.push(byte),
                    _ => {}
                }
                if let Some(place) = bytes.get_mut(at) {
                    *place = if how & 0x10 == 0 { byte } else { *place ^ byte };
                }
            }
            if repaired && bytes.len() >= base.bytes.len() {
                repair(&mut bytes, &base.shared);
            }
            bytes
        }
    };
    let length = bytes.len();
    let unchanged = bytes == base.bytes;
    let (card, peak) = peak_of(|| {
        let image = Image::from_bytes("fuzz", bytes);
        image.map_err(|error| error.to_string()).and_then(|image| {
            assert_eq!(image.names().count() as u64, image.count());
            let names: Vec<&str> = image.names().collect();
            assert!(names.is_sorted_by(|a, b| a < b), "names out of order");
            let name = names
                .first()
                .and_then(|name| name.parse().ok())
                .unwrap_or(base.name.clone());
            image.card(&name).map_err(|error| error.to_string())
        })
    });
    let times = match &card {
        Ok(card) if card.free.is_empty() => TIMES,
        _ => TIMES_WITH_APPLICATIONS,
    };
    assert!(
        peak <= WORKING_MEMORY + times * length,
        "{peak} bytes for a file of {length}"
    );
    match card {
        Err(message) => assert!(!unchanged && message.starts_with("fuzz: ") && message.len() < 2000),
        Ok(card) => {
            let again = written(&card);
            // Whatever was read can be written, and is then read the same.
            let image = Image::from_bytes("again", again.clone()).expect("what was written can be read");
            let second = image.card(&card.name).expect("what was written can be read");
            assert_eq!(written(&second), again, "a card changes by being written");
            if !repaired {
                assert_eq!(again, base.bytes, "a change went unnoticed");
            }
        }
    }
}

fn written(card: &IssuedCard) -> Vec<u8> {
    let mut writer = ImageWriter::new(Cursor::new(Vec::new())).expect("memory takes everything");
    writer.add(card).expect("a card can be written");
    writer.finish().expect("memory takes everything").into_inner()
}

/// Makes the digests right: of shared objects in the record, of cards in the index, of the index and of the header.
fn repair(bytes: &mut [u8], shared: &[(usize, (usize, usize))]) {
    for (at, (begin, end)) in shared {
        let digest = Sha256::digest(&bytes[*begin..*end]);
        bytes[*at..at + DIGEST].copy_from_slice(&digest);
    }
    let length = bytes.len();
    bytes[24..32].copy_from_slice(&(length as u64).to_be_bytes());
    let number = |bytes: &[u8], at: usize, length: usize| {
        bytes
            .get(at..at + length)
            .map(|bytes| bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte)))
    };
    let Some(index) = number(bytes, 32, 8)
        .and_then(|index| usize::try_from(index).ok())
        .filter(|at| *at <= length)
    else {
        return;
    };
    let mut at = index;
    while let Some(&name) = bytes.get(at) {
        let place = at + 1 + usize::from(name);
        if let (Some(begin), Some(size)) = (number(bytes, place, 8), number(bytes, place + 8, 4)) {
            let range = usize::try_from(begin)
                .ok()
                .zip(usize::try_from(begin.saturating_add(size)).ok());
            let digest = range.and_then(|(begin, end)| bytes.get(begin..end)).map(Sha256::digest);
            if let (Some(digest), Some(there)) = (digest, bytes.get_mut(place + 12..place + 12 + DIGEST)) {
                there.copy_from_slice(&digest);
            }
        }
        at = place + 12 + DIGEST;
    }
    let digest = Sha256::digest(&bytes[index..]);
    bytes[40..40 + DIGEST].copy_from_slice(&digest);
    let digest = Sha256::digest(&bytes[..HEADER_BODY]);
    bytes[HEADER_BODY..HEADER].copy_from_slice(&digest);
}
