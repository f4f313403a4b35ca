use super::*;
use crate::declaration::PrivateKey;

const IDENTITY: [u8; 32] = [0x11; 32];

fn pin() -> ObjectId {
    ObjectId {
        aid: Aid::new(&[0xD3, 0x92]).unwrap(),
        file: FileId::new(0x18),
    }
}

fn tries(tries_left: u8) -> Change {
    Change::PinTries {
        object: pin(),
        tries_left,
    }
}

fn value(length: usize) -> Change {
    Change::PinValue {
        object: pin(),
        value: ReferenceData::new(&vec![b'1'; length]),
    }
}

fn replacement(number: u8, record: Option<usize>) -> Replacement {
    let mut replacement = Replacement::new([number; 16]);
    replacement.record = record.map(|length| Zeroizing::new(vec![number; length]));
    replacement
}

fn in_memory() -> Database {
    let copy = MemoryCopy(Mutex::new(Zeroizing::new(Vec::new())));
    builder().create_with_backend(copy).unwrap()
}

#[test]
fn a_state_is_read_back_and_impossible_values_are_refused() {
    for (change, possible) in [
        (tries(0), true),
        (tries(15), true),
        (tries(16), false),
        (value(0), false),
        (value(1), true),
        (value(16), true),
        (value(17), false),
    ] {
        let database = in_memory();
        begin(&database, &IDENTITY, &tries(3)).unwrap();
        commit(&database, &change).unwrap();
        assert_eq!(read_state(&database).is_ok(), possible, "{change:?}");
    }
    let database = in_memory();
    begin(&database, &IDENTITY, &tries(3)).unwrap();
    commit(&database, &tries(2)).unwrap();
    assert_eq!(read_state(&database).unwrap().pins[&pin()].tries_left, Some(2));
    let head = read_head(&database).unwrap();
    assert_eq!((head.format, head.identity), (PINS_ALONE, IDENTITY));
}

#[test]
fn no_version_is_damage_and_a_newer_one_is_named() {
    for (format, newer) in [(0, false), (VERSION + 1, true), (u32::MAX, true)] {
        let database = in_memory();
        begin(&database, &IDENTITY, &tries(3)).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction.open_table(FORMAT).unwrap().insert("state", format).unwrap();
        transaction.commit().unwrap();
        match read_head(&database) {
            Err(StoreErrorKind::Newer { format: found, .. }) => assert!(newer && found == format, "{format}"),
            Err(StoreErrorKind::Damaged(_)) => assert!(!newer, "{format}"),
            other => panic!("version {format}: {other:?}"),
        }
    }
}

#[test]
fn a_copy_in_memory_has_the_set_length_and_shows_nothing() {
    let copy = MemoryCopy(Mutex::new(Zeroizing::new(b"1234".to_vec())));
    assert_eq!(format!("{copy:?}"), "MemoryCopy");
    copy.set_len(6).unwrap();
    copy.write(4, b"56").unwrap();
    let mut all = [0; 6];
    copy.read(0, &mut all).unwrap();
    assert_eq!((&all, copy.len().unwrap()), (b"123456", 6));
    assert!(copy.write(5, b"78").is_err() && copy.read(1, &mut all).is_err());
    copy.set_len(2).unwrap();
    assert_eq!(copy.len().unwrap(), 2);
    copy.set_len(LONGEST as u64).unwrap();
    assert!(copy.set_len(LONGEST as u64 + 1).is_err());
}

#[test]
fn the_first_replacement_makes_version_2_and_a_state_without_one_stays_version_1() {
    let database = in_memory();
    begin(&database, &IDENTITY, &tries(2)).unwrap();
    for change in [value(4), Change::PinsAsRecorded, tries(1)] {
        commit(&database, &change).unwrap();
        assert_eq!(read_head(&database).unwrap().format, PINS_ALONE);
        let tables = database.begin_read().unwrap().list_tables().unwrap().count();
        assert_eq!(tables, 4, "{change:?}");
    }
    commit(&database, &Change::Replacement(replacement(7, Some(300)))).unwrap();
    assert_eq!(read_head(&database).unwrap().format, VERSION);
    let state = read_state(&database).unwrap();
    assert_eq!(
        (state.record().unwrap(), state.operation()),
        (&[7; 300][..], Some([7; 16]))
    );
    assert_eq!(state.pins[&pin()].tries_left, Some(1));
    // One without a record keeps the record; the PINs alone go back.
    commit(&database, &Change::Replacement(replacement(8, None))).unwrap();
    commit(&database, &Change::PinsAsRecorded).unwrap();
    let state = read_state(&database).unwrap();
    assert_eq!(
        (state.record().unwrap(), state.operation()),
        (&[7; 300][..], Some([8; 16]))
    );
    assert!(state.pins.is_empty() && !state.is_as_issued());
}

#[test]
fn a_replacement_as_the_first_change_is_version_2_at_once() {
    let database = in_memory();
    let change = Change::Replacement(replacement(7, Some(Replacement::LONGEST_RECORD)));
    begin(&database, &IDENTITY, &change).unwrap();
    let head = read_head(&database).unwrap();
    assert_eq!((head.format, head.identity), (VERSION, IDENTITY));
    let state = read_state(&database).unwrap();
    assert_eq!(state.record().unwrap().len(), Replacement::LONGEST_RECORD);
}

/// The length of a database in which as much is kept as a card has memory for, in contents of this length, each written
/// twice, beside the longest record.
fn length_when_full(content: usize) -> u64 {
    use std::sync::Arc;
    /// A copy whose length can be asked for while a database uses it.
    #[derive(Debug)]
    struct Shared(Arc<MemoryCopy>);
    impl StorageBackend for Shared {
        fn len(&self) -> io::Result<u64> {
            self.0.len()
        }
        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            self.0.read(offset, out)
        }
        fn set_len(&self, length: u64) -> io::Result<()> {
            self.0.set_len(length)
        }
        fn sync_data(&self) -> io::Result<()> {
            Ok(())
        }
        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.0.write(offset, data)
        }
    }
    let copy = Arc::new(MemoryCopy(Mutex::new(Zeroizing::new(Vec::new()))));
    let database = builder().create_with_backend(Shared(copy.clone())).unwrap();
    let operation = |number| Change::Replacement(replacement(number, Some(Replacement::LONGEST_RECORD)));
    begin(&database, &IDENTITY, &operation(1)).unwrap();
    let record = |at: usize, letter: u8| Change::Record {
        object: ObjectId {
            file: FileId::new(u16::try_from(at / 254).unwrap()),
            ..pin()
        },
        number: u8::try_from(at % 254 + 1).unwrap(),
        content: vec![letter; content].into(),
    };
    let mut state = State::default();
    let mut kept = 0;
    while state.has_room_for(&record(kept, 1)) {
        state.apply(&record(kept, 1));
        commit(&database, &record(kept, 1)).unwrap();
        kept += 1;
    }
    (0..kept).for_each(|at| commit(&database, &record(at, 2)).unwrap());
    commit(&database, &operation(2)).unwrap();
    copy.len().unwrap()
}

#[test]
fn a_state_with_all_that_a_card_keeps_is_less_than_half_as_long_as_one_may_be() {
    for content in [65_533, 33_000, 1_000] {
        let length = length_when_full(content);
        println!("counted: state: {length} bytes when full of contents of {content} bytes");
        assert!(length < LONGEST as u64 / 2, "{length} bytes with contents of {content}");
    }
}

#[test]
fn an_operation_that_is_repeated_writes_nothing() {
    let database = in_memory();
    begin(&database, &IDENTITY, &tries(2)).unwrap();
    commit(&database, &Change::Replacement(replacement(7, Some(3)))).unwrap();
    commit(&database, &tries(1)).unwrap();
    let mut again = replacement(7, Some(5));
    again.pins.insert(pin(), PinReplacement::AsRecorded);
    commit(&database, &Change::Replacement(again)).unwrap();
    let state = read_state(&database).unwrap();
    assert_eq!((state.record().unwrap().len(), state.pins.len()), (3, 1));
}

/// A change of a file, of a record and of a key, each with content of this length.
fn contents(length: usize) -> [Change; 3] {
    let content = || vec![0x5A; length].into();
    [
        Change::FileContent {
            object: pin(),
            content: content(),
        },
        Change::Record {
            object: pin(),
            number: 254,
            content: content(),
        },
        Change::Key {
            object: pin(),
            key: PrivateKey::from_pkcs8_der(&vec![0x5A; length]),
        },
    ]
}

#[test]
fn the_first_change_of_a_file_or_key_makes_version_2_without_an_operation() {
    for change in contents(300) {
        for first in [true, false] {
            let database = in_memory();
            match first {
                true => begin(&database, &IDENTITY, &change).unwrap(),
                false => {
                    begin(&database, &IDENTITY, &tries(2)).unwrap();
                    commit(&database, &change).unwrap();
                }
            }
            assert_eq!(read_head(&database).unwrap().format, VERSION, "{change:?}");
            let state = read_state(&database).unwrap();
            assert!(state.operation().is_none() && state.record().is_none() && !state.is_as_issued());
            let (files, keys) = state.contents.objects();
            assert_eq!(files.len() + keys.len(), 1);
            assert_eq!(last_operation(&database).unwrap(), None);
            // An operation of an authority keeps it, one that drops the application does not.
            let mut replacement = replacement(7, None);
            commit(&database, &Change::Replacement(replacement.clone())).unwrap();
            assert!(!read_state(&database).unwrap().contents.is_empty());
            replacement.operation = [8; 16];
            replacement.dropped.insert(pin().aid);
            commit(&database, &Change::Replacement(replacement)).unwrap();
            let state = read_state(&database).unwrap();
            assert!(state.contents.is_empty() && state.pins.is_empty());
        }
    }
}

#[test]
fn a_file_record_or_key_that_none_can_be_is_damage() {
    use redb::TableDefinition;
    let lengths = [(0, 32_768), (1, 65_533), (2, 4096)];
    for (table, longest) in lengths {
        let name = ["file contents", "file records", "private keys"][table];
        let definition = TableDefinition::<&[u8], &[u8]>::new(name);
        let object = key(&pin());
        let numbered = |number: u8| [&object[..], &[number]].concat();
        let mut cases = vec![
            (object.clone(), 0),
            (object.clone(), longest + 1),
            (vec![], 1),
            (vec![1; 20], 1),
        ];
        if name == "file records" {
            cases = vec![
                (numbered(1), 0),
                (numbered(1), longest + 1),
                (numbered(0), 1),
                (numbered(255), 1),
                (vec![], 1),
            ];
        }
        for (key, length) in cases {
            let database = in_memory();
            begin(&database, &IDENTITY, &contents(longest)[table]).unwrap();
            assert!(read_state(&database).is_ok(), "{name}");
            let transaction = database.begin_write().unwrap();
            let mut open = transaction.open_table(definition).unwrap();
            open.insert(&key[..], &vec![0x5A; length][..]).unwrap();
            drop(open);
            transaction.commit().unwrap();
            let read = read_state(&database);
            assert!(
                matches!(read, Err(StoreErrorKind::Damaged(_))),
                "{name} {key:?} {length}"
            );
        }
    }
}

#[test]
fn a_version_2_without_operation_or_with_an_impossible_record_is_damage() {
    let put = |record: Option<usize>, operation: Option<usize>| {
        let database = in_memory();
        begin(&database, &IDENTITY, &Change::Replacement(replacement(7, Some(3)))).unwrap();
        let transaction = database.begin_write().unwrap();
        if let Some(length) = record {
            let record = vec![7; length];
            transaction
                .open_table(RECORD)
                .unwrap()
                .insert("card", &record[..])
                .unwrap();
        }
        let mut operations = transaction.open_table(OPERATION).unwrap();
        match operation {
            Some(length) => drop(operations.insert("last", &vec![7; length][..]).unwrap()),
            None => drop(operations.remove("last").unwrap()),
        }
        drop(operations);
        transaction.commit().unwrap();
        read_state(&database)
    };
    assert!(put(None, Some(16)).is_ok());
    let longest = Replacement::LONGEST_RECORD;
    for (record, operation) in [
        (None, None),
        (None, Some(15)),
        (Some(0), Some(16)),
        (Some(longest + 1), Some(16)),
    ] {
        let read = put(record, operation);
        assert!(
            matches!(read, Err(StoreErrorKind::Damaged(_))),
            "{record:?} {operation:?}"
        );
    }
}
