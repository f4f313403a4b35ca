//! The state of a card with a record: whatever its bytes are, reading gives a state that was written or an error, and a record
//! gives a card that can be written again or an error. Neither takes more memory than the file justifies.
//!
//! An input is changes to a state, changes to the record of a card, a whole record, or the content of a file. A record and a
//! content are also put into a state by the code under test, and must be read from it as they are. The state to which changes
//! are made has a record, a file, a record of a file and a key as well.

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use vmyna_apdu::{Aid, FileId};
use vmyna_applets::issued::IssuedCard;
use vmyna_card_os::declaration::{ObjectId, PrivateKey};
use vmyna_card_os::state::durable::{self, DurableStore};
use vmyna_card_os::state::{Change, Replacement, Store};

use crate::card_image::small_card;
use crate::memory::peak_of;

const IDENTITY: [u8; 32] = [0x5A; 32];
/// Reading a record takes no more than this, and so many times the record.
const WORKING_MEMORY: usize = 64 * 1024;
const TIMES: usize = 12;
/// Reading a state takes no more than this, and so many times the file: the library has a cache.
const OF_STATE: usize = 4 << 20;
const TIMES_STATE: usize = 4;

/// The record of a card, and a state that has it.
struct Base {
    record: Vec<u8>,
    state: Vec<u8>,
    /// What the state shows of itself: which contents it has, and how long they are.
    shown: String,
}

static BASE: LazyLock<Base> = LazyLock::new(|| {
    let record = small_card().to_record().expect("a specimen has a record").to_vec();
    let [content, part, key] = [5_000, 20, 300].map(|length| vec![0x5A; length]);
    let changes = [
        replacement(&record),
        file(&content),
        Change::Record {
            object: object(2),
            number: 3,
            content: part.into(),
        },
        Change::Key {
            object: object(3),
            key: PrivateKey::from_pkcs8_der(&key),
        },
    ];
    let state = written(&changes);
    let read = durable::read(&place(), &IDENTITY).expect("what was written can be read");
    let shown = format!("{read:?}");
    Base { record, state, shown }
});

thread_local! {
    static FOLDER: RefCell<tempfile::TempDir> = RefCell::new(tempfile::tempdir().expect("there is a place for files"));
}

fn place() -> PathBuf {
    FOLDER.with_borrow(|folder| folder.path().join("card.redb"))
}

fn object(file: u16) -> ObjectId {
    ObjectId {
        aid: Aid::new(b"fuzz").expect("an AID has 1 to 16 bytes"),
        file: FileId::new(file),
    }
}

/// The file has this content.
fn file(content: &[u8]) -> Change {
    Change::FileContent {
        object: object(1),
        content: content.to_vec().into(),
    }
}

/// An operation puts this record into a state.
fn replacement(record: &[u8]) -> Change {
    let mut replacement = Replacement::new([7; 16]);
    replacement.record = Some(record.to_vec().into());
    Change::Replacement(replacement)
}

/// The bytes of a state with these changes.
fn written(changes: &[Change]) -> Vec<u8> {
    let place = place();
    let _ = fs::remove_file(&place);
    let mut store = DurableStore::open(&place, &IDENTITY).expect("a new state can be made");
    for change in changes {
        store.commit(change).expect("what is not too long can be kept");
    }
    drop(store);
    fs::read(&place).expect("the state is there")
}

/// One input.
pub fn run(input: &[u8]) {
    let Some((&mode, rest)) = input.split_first() else {
        return;
    };
    match mode & 3 {
        0 => read_state(&changed(&BASE.state, rest)),
        1 => read_record(rest),
        2 => read_record(&changed(&BASE.record, rest)),
        _ if mode & 4 == 0 => keep_record(rest),
        _ => keep_file(rest),
    }
}

/// Four bytes change one place: two for the place, one for the value, one for how.
fn changed(base: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut bytes = base.to_vec();
    for change in changes.chunks(4) {
        let [high, low, byte, how] = [0, 1, 2, 3].map(|at| change.get(at).copied().unwrap_or_default());
        let at = (usize::from(u16::from_be_bytes([high, low])) | usize::from(how >> 5) << 16) % base.len();
        match how & 0x0F {
            0 => bytes.truncate(at),
            1 => bytes.push(byte),
            _ => {}
        }
        if let Some(place) = bytes.get_mut(at) {
            *place = if how & 0x10 == 0 { byte } else { *place ^ byte };
        }
    }
    bytes
}

fn read_state(bytes: &[u8]) {
    let place = place();
    fs::write(&place, bytes).expect("a file can be written");
    let (read, peak) = peak_of(|| durable::read(&place, &IDENTITY));
    assert!(
        peak <= OF_STATE + TIMES_STATE * bytes.len(),
        "{peak} bytes for a state of {}",
        bytes.len()
    );
    match read {
        Ok(state) => {
            // Nothing else was ever written: there is no other state to be found but one before a change.
            assert_eq!(state.operation(), Some([7; 16]));
            assert!(state.record() == Some(&BASE.record[..]), "another record was read");
            assert_eq!(format!("{state:?}"), BASE.shown);
        }
        Err(_) => assert!(bytes != BASE.state),
    }
}

fn read_record(record: &[u8]) {
    let (card, peak) = peak_of(|| IssuedCard::from_record(record));
    assert!(
        peak <= WORKING_MEMORY + TIMES * record.len(),
        "{peak} bytes for a record of {}",
        record.len()
    );
    match card {
        Ok(card) => {
            let again = card.to_record().expect("what was read can be written");
            let second = IssuedCard::from_record(&again).expect("what was written can be read");
            let second = second.to_record().expect("what was read can be written");
            assert!(second == again, "a card changes by being written");
        }
        Err(error) => assert!(record != BASE.record && error.to_string().len() < 200),
    }
}

fn keep_record(record: &[u8]) {
    if record.is_empty() {
        return;
    }
    let state = written(&[replacement(record)]);
    let read = durable::read(&place(), &IDENTITY).expect("what was written can be read");
    assert!(read.record() == Some(record), "{} bytes of state", state.len());
}

fn keep_file(content: &[u8]) {
    if content.is_empty() || content.len() > 0x8000 {
        return;
    }
    written(&[file(content)]);
    let inspection = durable::inspect(&place()).expect("what was written can be read");
    let inspection = inspection.expect("the state is there");
    assert_eq!((inspection.damage, inspection.files), (None, vec![object(1)]));
}
