//! The table of readers of the PC/SC service: whatever three clients call and whatever happens to the cards of two readers,
//! the rules of PC/SC hold.
//!
//! An input is a list of calls of four bytes: the call, client and reader, a handle's place, modes.

use vmyna_pcsc_service::code;
use vmyna_pcsc_service::fuzzing::{Driver, Reader};

const NAMES: [&str; 2] = ["Desk 00 00", "Door 01 00"];
const CLIENTS: u64 = 3;
const CALLS: usize = 150;

/// One input.
pub fn run(input: &[u8]) {
    let mut table = Driver::new(&NAMES);
    let mut known: Vec<u32> = Vec::new();
    for call in input.as_chunks().0.iter().take(CALLS) {
        let before = table.readers();
        table.take_changed();
        apply(&mut table, &mut known, *call, &before);
        let after = table.readers();
        check(&table, &known, &after);
        // No change of status is lost on who waits for one.
        let told = table.take_changed();
        for (before, after) in before.iter().zip(&after) {
            let moved = before.present != after.present;
            assert!(
                !moved || before.counter != after.counter,
                "a card came or went uncounted"
            );
            assert!(!moved && before.sharing == after.sharing && before.counter == after.counter || told);
        }
    }
}

fn apply(table: &mut Driver, known: &mut Vec<u32>, [call, who, pick, modes]: [u8; 4], before: &[Reader]) {
    let client = u64::from(who & 0x0F) % CLIENTS;
    let reader = usize::from(who >> 4) % NAMES.len();
    let handle = known
        .get(usize::from(pick) % known.len().max(1))
        .copied()
        .unwrap_or(u32::from(pick));
    let (low, high) = (u32::from(modes & 7), u32::from(modes >> 4));
    // By what was there before: the handle's connection, and whether another has the transaction.
    let place = before.iter().enumerate().find_map(|(at, reader)| {
        let connection = reader
            .connections
            .iter()
            .find(|(one, owner, _)| (*one, *owner) == (handle, client));
        connection.map(|(.., marked)| (at, *marked))
    });
    let owned = place.is_some();
    let locked_out = place.is_some_and(|(at, _)| before[at].lock.is_some_and(|(owner, _)| owner != handle));
    let marked = place.is_some_and(|(_, marked)| marked);
    match call % 13 {
        0 | 1 => {
            // Shared with any protocol more often than nonsense.
            let (mode, preferred) = if call < 0x80 { (2, 3) } else { (low, high) };
            match table.connect(client, NAMES[reader], mode, preferred) {
                Ok(handle) => {
                    assert!(!known.contains(&handle), "a handle is given twice");
                    assert!(handle != 0 && handle.cast_signed() > 0);
                    assert!(!before[reader].exclusive && before[reader].lock.is_none());
                    assert!(mode == 3 || before[reader].present, "connected to no card");
                    assert!(
                        mode != 1 || before[reader].connections.is_empty(),
                        "exclusive beside others"
                    );
                    known.push(handle);
                }
                Err(None) => assert!(before[reader].lock.is_some(), "waits though nobody has a transaction"),
                Err(Some(_)) => {}
            }
        }
        2 => {
            let reconnected = table.reconnect((client, handle), low, 3, high & 3);
            assert!(reconnected.is_err() || owned && !locked_out);
            if let (Ok(()), Some((at, _))) = (reconnected, place) {
                let after = &table.readers()[at];
                assert!(
                    after
                        .connections
                        .iter()
                        .any(|(one, _, marked)| *one == handle && !marked),
                    "still marked"
                );
                let others = after.connections.iter().filter(|(one, ..)| *one != handle);
                assert!(
                    high & 3 == 0 || others.clone().all(|(.., marked)| *marked),
                    "a reset that others don't learn of"
                );
            }
        }
        3 => match table.disconnect(client, handle, low) {
            Ok(true) => {
                assert!(owned && (!locked_out || low == 0));
                assert_eq!(
                    table.reader_of(client, handle),
                    Err(code::INVALID_HANDLE),
                    "a handle outlives its connection"
                );
            }
            Ok(false) => assert!(locked_out && low != 0, "waits for nobody"),
            Err(_) => assert!(!owned || low > 3),
        },
        4 | 5 => {
            let begun = table.begin(client, handle);
            assert_eq!(begun.is_ok(), owned && !locked_out && !marked);
            if let (Ok(()), Some((at, _))) = (begun, place) {
                assert_eq!(table.readers()[at].lock.map(|(owner, _)| owner), Some(handle));
            }
        }
        6 => {
            let held = place.is_some_and(|(at, _)| before[at].lock.is_some_and(|(owner, _)| owner == handle));
            let ended = table.end(client, handle, low);
            assert_eq!(ended.is_ok(), held && !marked && low <= 3);
        }
        7 => {
            let may = table.may_transmit(client, handle, low);
            assert!(may.is_err() || owned && !locked_out && !marked);
            assert!(
                may.is_err() || place.is_some_and(|(at, _)| before[at].present),
                "spoke to no card"
            );
        }
        8 => {
            assert_eq!(table.may_ask(client, handle).is_ok(), owned && !locked_out && !marked);
            assert_eq!(table.may_control(client, handle).is_ok(), owned && !locked_out);
        }
        9 => {
            table.lose(client);
            assert!(table.handles(client).is_empty(), "handles without a client");
        }
        10 => {
            table.remove(reader);
            table.insert(reader, modes & 1 != 0);
        }
        11 => table.remove(reader),
        _ => table.rest(reader),
    }
}

fn check(table: &Driver, known: &[u32], readers: &[Reader]) {
    for reader in readers {
        if let Some((owner, times)) = reader.lock {
            assert!(times > 0);
            let owners = reader
                .connections
                .iter()
                .filter(|(handle, ..)| *handle == owner)
                .count();
            assert_eq!(owners, 1, "a transaction without its owner");
        }
        assert!(!reader.exclusive || reader.connections.len() == 1);
        assert!(reader.present || !reader.has_atr && !reader.powered);
        assert!(!reader.powered || reader.has_atr);
        let count = reader.connections.len() as i32;
        assert_eq!(reader.sharing, if reader.exclusive { -1 } else { count });
    }
    let all: usize = readers.iter().map(|reader| reader.connections.len()).sum();
    let held: usize = (0..CLIENTS).map(|client| table.handles(client).len()).sum();
    assert_eq!(all, held);
    for handle in known {
        let owners = (0..CLIENTS)
            .filter(|client| table.reader_of(*client, *handle).is_ok())
            .count();
        assert!(owners <= 1, "a handle of two clients");
    }
}
