//! What lies on the disk is no longer what was written: bits flipped, the end cut off, something else in its place.
//!
//! The rule: it is refused, or the damage is to something that does not matter and the state is the same. It is never taken
//! for another state, and never for none.

use vmyna_card_os::state::durable::DurableStore;
use vmyna_card_os::state::{Change, Replacement, Store, StoreError, StoreErrorKind};

use crate::common::free::{self, LONG, record};
use crate::common::{ALPHA, Rig, hex};
use crate::disk::{Disk, Image};

const IDENTITY: [u8; 32] = [0xC4; 32];

/// A disk with a changed PIN with two tries left, as the card leaves it: switched off, or killed.
fn used(switched_off: bool) -> Image {
    let disk = Disk::default();
    let mut rig = Rig::on(Box::new(DurableStore::open_on(disk.clone(), &IDENTITY).unwrap()));
    rig.select(ALPHA);
    rig.expect(&[
        ("00200099 06 313131313131", 0x63C4),
        ("00200098 04 31323334", 0x9000),
        ("00240198 04 35353535", 0x9000),
        ("00200098 04 31323334", 0x63C2),
    ]);
    if switched_off {
        drop(rig);
        return disk.image();
    }
    disk.image()
}

/// Tries left of the PIN on this disk, or why it is refused. Its value and the other PIN must be as they were.
fn tries(image: &Image) -> Result<u16, StoreError> {
    let disk = Disk::new(image.clone(), Vec::new());
    let store = match DurableStore::open_on(disk.clone(), &IDENTITY) {
        Ok(store) => store,
        Err(error) => {
            assert!(disk.image() == *image, "a refused state was written to");
            return Err(error);
        }
    };
    let mut rig = Rig::on(Box::new(store));
    rig.select(ALPHA);
    let (_, sw) = rig.send("00200098");
    rig.expect(&[("00200099", 0x63C4), ("00200098 04 35353535", 0x9000)]);
    Ok(sw)
}

/// Every place at which something is flipped: all bits of the head, one bit of a sample of the other bytes.
fn flips(length: usize) -> impl Iterator<Item = (usize, u8)> {
    let head = (0..320).flat_map(|at| (0..8).map(move |bit| (at, 1 << bit)));
    head.chain((320..length).step_by(11).map(|at| (at, 1 << (at % 8))))
}

#[test]
fn a_flipped_bit_in_the_state_of_a_card_that_was_switched_off_is_refused_or_changes_nothing() {
    let sound = used(true);
    assert_eq!(tries(&sound).unwrap(), 0x63C2);
    let (mut refused, mut same) = (0, 0);
    for (at, bit) in flips(sound.bytes.len()) {
        let mut image = sound.clone();
        image.bytes[at] ^= bit;
        match tries(&image) {
            Ok(sw) => {
                assert_eq!(sw, 0x63C2, "byte {at} bit {bit:02X} makes another state");
                same += 1;
            }
            Err(StoreError {
                kind: StoreErrorKind::Damaged(_),
                ..
            }) => refused += 1,
            Err(error) => panic!("byte {at} bit {bit:02X}: {error}"),
        }
    }
    println!("counted: damage: {refused} flipped bits refused, {same} without effect");
    assert!(refused > 500 && same > 500);
}

#[test]
fn a_flipped_bit_in_the_state_of_a_card_that_was_killed_undoes_its_last_change_at_most() {
    let sound = used(false);
    let (mut refused, mut same, mut undone) = (0, 0, 0);
    for (at, bit) in flips(sound.bytes.len()) {
        let mut image = sound.clone();
        image.bytes[at] ^= bit;
        match tries(&image) {
            Ok(0x63C2) => same += 1,
            // It can't be told from a change that never reached the disk.
            Ok(0x63C3) => undone += 1,
            Ok(sw) => panic!("byte {at} bit {bit:02X} makes another state: {sw:04X}"),
            Err(StoreError {
                kind: StoreErrorKind::Damaged(_),
                ..
            }) => refused += 1,
            Err(error) => panic!("byte {at} bit {bit:02X}: {error}"),
        }
    }
    println!(
        "counted: damage of a killed card: {refused} flipped bits refused, {same} without effect, {undone} undid the last change"
    );
    assert!(same > 500);
}

#[test]
fn a_state_without_its_end_is_refused_or_lacks_nothing() {
    for switched_off in [true, false] {
        let sound = used(switched_off);
        let mut refused = 0;
        for length in (0..sound.bytes.len())
            .step_by(256)
            .flat_map(|length| [length, length + 1])
        {
            let mut image = sound.clone();
            image.bytes.truncate(length);
            match tries(&image) {
                Err(StoreError {
                    kind: StoreErrorKind::Damaged(_),
                    ..
                }) => refused += 1,
                // The file grows before it is needed, and the end of a card that was killed is looked for.
                Ok(0x63C2) if !switched_off => {}
                // As with flipped bits.
                Ok(0x63C3) if !switched_off => {}
                other => panic!("{length} bytes: {other:?}"),
            }
        }
        assert!(refused > 500, "{refused}");
    }
}

#[test]
fn what_is_no_state_at_all_is_refused_and_not_replaced() {
    let sound = used(true).bytes;
    let no_state = [
        vec![],
        b"a text that somebody saved here\n".to_vec(),
        vec![0; sound.len()],
        sound.iter().map(|byte| !byte).collect(),
        [&sound[..512], &vec![0xFF; sound.len() - 512]].concat(),
        empty_database(),
    ];
    for bytes in no_state {
        let image = Image { bytes, published: true };
        let error = tries(&image).unwrap_err();
        assert!(matches!(error.kind, StoreErrorKind::Damaged(_)), "{error}");
    }
}

/// A database as the library makes it, in which nobody wrote a state.
fn empty_database() -> Vec<u8> {
    let disk = Disk::default();
    drop(redb::Builder::new().create_with_backend(disk.clone()).unwrap());
    disk.image().bytes
}

#[test]
fn a_refused_state_is_found_as_it_was_by_who_looks_at_it_again() {
    let mut image = used(true);
    let middle = image.bytes.len() / 2;
    image.bytes[middle..].fill(0xEE);
    let first = tries(&image).unwrap_err();
    assert_eq!(tries(&image).unwrap_err().to_string(), first.to_string());
    // The undamaged copy that a user has kept is good.
    let mut store = DurableStore::open_on(Disk::new(used(true), Vec::new()), &IDENTITY).unwrap();
    store.load().unwrap();
}

/// A disk with a state of version 2: operations 1 and 2 have replaced the record, and the card was switched off or killed.
fn replaced(switched_off: bool) -> Image {
    let disk = Disk::default();
    let mut rig = Rig::on(Box::new(DurableStore::open_on(disk.clone(), &IDENTITY).unwrap()));
    rig.select(ALPHA);
    rig.expect(&[("00200099 06 313131313131", 0x63C4)]);
    for operation in [1, 2] {
        let mut replacement = Replacement::new([operation; 16]);
        replacement.record = Some(vec![operation; 5_000].into());
        rig.card.change(&Change::Replacement(replacement), None).unwrap();
    }
    if switched_off {
        drop(rig);
        return disk.image();
    }
    disk.image()
}

/// The operation on this disk, or why it is refused. Its record must be the one that it wrote, and the PIN as it was.
fn operation(image: &Image) -> Result<u8, StoreError> {
    let store = DurableStore::open_on(Disk::new(image.clone(), Vec::new()), &IDENTITY)?;
    let mut rig = Rig::on(Box::new(store));
    rig.select(ALPHA);
    rig.expect(&[("00200099", 0x63C4)]);
    let [operation, ..] = rig.card.operation().unwrap();
    assert!(
        rig.card.record().unwrap() == [operation; 5_000],
        "another record than written"
    );
    Ok(operation)
}

/// Flips a bit in each of these bytes of a state of version 2.
fn damage_replaced(switched_off: bool, places: impl Fn(usize) -> bool) {
    let sound = replaced(switched_off);
    assert_eq!(operation(&sound).unwrap(), 2);
    let (mut refused, mut same, mut undone) = (0, 0, 0);
    for at in (0..sound.bytes.len()).filter(|at| places(*at)) {
        let mut image = sound.clone();
        image.bytes[at] ^= 1 << (at % 8);
        match operation(&image) {
            Ok(2) => same += 1,
            Ok(1) if !switched_off => undone += 1,
            Err(StoreError {
                kind: StoreErrorKind::Damaged(_),
                ..
            }) => refused += 1,
            other => panic!("byte {at}: {other:?}"),
        }
    }
    println!(
        "counted: damage of version 2, switched off: {switched_off}: {refused} refused, {same} without effect, {undone} undid \
         the last operation"
    );
    assert!(same > 500 && (refused > 500 || !switched_off));
}

#[test]
fn a_damaged_state_of_version_2_is_refused_or_has_the_operation_before() {
    for switched_off in [true, false] {
        damage_replaced(switched_off, |at| at < 320 || at % 11 == 0);
    }
}

#[test]
#[ignore = "takes long; `make test-heavy`"]
fn each_damaged_byte_of_a_state_of_version_2_is_refused_or_has_the_operation_before() {
    for switched_off in [true, false] {
        damage_replaced(switched_off, |_| true);
    }
}

/// A disk with changes of a file, of records and of a key of FREE, the last one of the file.
fn updated(switched_off: bool) -> Image {
    let disk = Disk::default();
    let mut rig = free::on(Box::new(DurableStore::open_on(disk.clone(), &IDENTITY).unwrap()));
    rig.expect(&[
        ("00DC0164 01 77", 0x9000),
        ("00E20060 01 88", 0x9000),
        ("00468095 00", 0x9000),
    ]);
    for letter in [b'A', b'B'] {
        let update = format!("00D68700 00{LONG:04X} {}", hex(&[letter; LONG]));
        rig.expect(&[(&update, 0x9000)]);
    }
    if switched_off {
        drop(rig);
        return disk.image();
    }
    disk.image()
}

/// The letter of the file on this disk, or why it is refused. Records and key must be as they were written.
fn letter(image: &Image, key: &[u8]) -> Result<u8, StoreError> {
    let store = DurableStore::open_on(Disk::new(image.clone(), Vec::new()), &IDENTITY)?;
    let mut rig = free::on(Box::new(store));
    let (file, _) = rig.send("00B08700 000000");
    assert!(
        file.len() == LONG && file.iter().all(|byte| *byte == file[0]),
        "another file"
    );
    let records = [&[0x77][..], &record(2), &record(3), &[0x88]].concat();
    assert_eq!(rig.send("00B20165 00").0, records);
    assert_eq!(rig.send("00468195 00").0, key);
    Ok(file[0])
}

#[test]
fn a_damaged_state_with_files_and_keys_is_refused_or_lacks_the_last_change() {
    // The same random numbers make the same key.
    let key = free::rig().send("00468095 00").0;
    for switched_off in [true, false] {
        let sound = updated(switched_off);
        assert_eq!(letter(&sound, &key).unwrap(), b'B');
        let (mut refused, mut same, mut undone) = (0, 0, 0);
        for at in (0..sound.bytes.len()).filter(|at| *at < 320 || at % 37 == 0) {
            let mut image = sound.clone();
            image.bytes[at] ^= 1 << (at % 8);
            match letter(&image, &key) {
                Ok(b'B') => same += 1,
                Ok(b'A') if !switched_off => undone += 1,
                Err(StoreError {
                    kind: StoreErrorKind::Damaged(_),
                    ..
                }) => refused += 1,
                other => panic!("byte {at}: {other:?}"),
            }
        }
        println!(
            "counted: damage of files and keys, switched off: {switched_off}: {refused} refused, {same} without effect, \
             {undone} undid the last change"
        );
        assert!(same > 200 && (refused > 200 || !switched_off));
    }
}
