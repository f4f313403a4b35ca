//! Properties of the table of readers: whatever clients do and whatever happens to cards, in any order.

use super::*;
use proptest::prelude::*;

const ATR: &[u8] = &[0x3B, 0xE0, 0x00, 0xFF, 0x81, 0x31, 0xFE, 0x45, 0x14];
const CLIENTS: u64 = 3;

/// One call, of a client with one of its handles or of another's.
#[derive(Clone, Debug)]
enum Call {
    Connect {
        client: Client,
        reader: usize,
        mode: u32,
        protocols: u32,
    },
    Reconnect {
        client: Client,
        pick: usize,
        mode: u32,
        initialization: u32,
    },
    Disconnect {
        client: Client,
        pick: usize,
        disposition: u32,
    },
    Begin {
        client: Client,
        pick: usize,
    },
    End {
        client: Client,
        pick: usize,
        disposition: u32,
    },
    Transmit {
        client: Client,
        pick: usize,
    },
    Vanish {
        client: Client,
    },
    Insert {
        reader: usize,
        mute: bool,
    },
    Remove {
        reader: usize,
    },
    Rest {
        reader: usize,
    },
    Unplug {
        reader: usize,
    },
    Plug {
        reader: usize,
    },
}

fn call() -> impl Strategy<Value = Call> {
    let (client, pick, reader) = (0..CLIENTS, 0..8_usize, 0..2_usize);
    prop_oneof![
        4 => (client.clone(), reader.clone(), 0..5_u32, 0..8_u32).prop_map(|(client, reader, mode, protocols)| {
            Call::Connect { client, reader, mode, protocols }
        }),
        2 => (client.clone(), pick.clone(), 0..5_u32, 0..5_u32).prop_map(|(client, pick, mode, initialization)| {
            Call::Reconnect { client, pick, mode, initialization }
        }),
        2 => (client.clone(), pick.clone(), 0..5_u32)
            .prop_map(|(client, pick, disposition)| Call::Disconnect { client, pick, disposition }),
        2 => (client.clone(), pick.clone()).prop_map(|(client, pick)| Call::Begin { client, pick }),
        2 => (client.clone(), pick.clone(), 0..5_u32)
            .prop_map(|(client, pick, disposition)| Call::End { client, pick, disposition }),
        2 => (client.clone(), pick).prop_map(|(client, pick)| Call::Transmit { client, pick }),
        1 => client.prop_map(|client| Call::Vanish { client }),
        2 => (reader.clone(), any::<bool>()).prop_map(|(reader, mute)| Call::Insert { reader, mute }),
        1 => reader.clone().prop_map(|reader| Call::Remove { reader }),
        1 => reader.prop_map(|reader| Call::Rest { reader }),
    ]
}

/// A call, or a reader comes or goes.
fn call_or_plug() -> impl Strategy<Value = Call> {
    prop_oneof![
        9 => call(),
        1 => (0..2_usize).prop_map(|reader| Call::Unplug { reader }),
        1 => (0..2_usize).prop_map(|reader| Call::Plug { reader }),
    ]
}

fn table() -> Table {
    Table::new(["Desk".to_owned(), "Door".to_owned()])
}

/// What [`Readers`](crate) does with a card that always answers.
fn power(table: &mut Table, reader: usize) {
    table.powered(reader, Ok(ATR));
}

/// Makes the call; gives the handles there were, so that some are used that are gone.
fn apply(table: &mut Table, known: &mut Vec<Handle>, call: &Call) {
    let of = |known: &[Handle], pick: usize| known.get(pick % known.len().max(1)).copied().unwrap_or(0);
    match *call {
        Call::Connect {
            client,
            reader,
            mode,
            protocols,
        } => {
            let name = table.name(reader).to_owned();
            for _ in 0..2 {
                match table.connect(client, name.as_bytes(), mode, protocols) {
                    Ok((handle, _)) => {
                        assert!(!known.contains(&handle) && handle != 0 && handle < 0x8000_0000);
                        known.push(handle);
                    }
                    Err(Hindrance::NeedsPower(reader)) => {
                        power(table, reader);
                        continue;
                    }
                    Err(_) => {}
                }
                break;
            }
        }
        Call::Reconnect {
            client,
            pick,
            mode,
            initialization,
        } => {
            let handle = of(known, pick);
            let reader = table.reader_of(client, handle);
            if let Ok((mode, disposition)) = table.begin_reconnect((client, handle), mode, 3, initialization) {
                if disposition != Disposition::Leave {
                    power(table, reader.unwrap());
                }
                table.finish_reconnect((client, handle), mode, 3);
            }
        }
        Call::Disconnect {
            client,
            pick,
            disposition,
        } => {
            let handle = of(known, pick);
            let reader = table.reader_of(client, handle);
            if let Ok(Some(disposition)) = table.begin_disconnect(client, handle, disposition) {
                match disposition {
                    Disposition::Reset => power(table, reader.unwrap()),
                    Disposition::Unpower => table.unpowered(reader.unwrap(), true),
                    Disposition::Leave | Disposition::Eject => {}
                }
                table.finish_disconnect(client, handle);
                assert_eq!(table.reader_of(client, handle), Err(code::INVALID_HANDLE));
            }
        }
        Call::Begin { client, pick } => drop(table.begin_transaction(client, of(known, pick))),
        Call::End {
            client,
            pick,
            disposition,
        } => {
            let handle = of(known, pick);
            let reader = table.reader_of(client, handle);
            if let Ok(disposition) = table.begin_end_transaction(client, handle, disposition) {
                if matches!(disposition, Disposition::Reset | Disposition::Unpower) {
                    power(table, reader.unwrap());
                }
                let _ = table.finish_end_transaction(client, handle);
            }
        }
        Call::Transmit { client, pick } => {
            let handle = of(known, pick);
            if table.may_transmit(client, handle, protocol::T1).is_ok() {
                let reader = table.reader_of(client, handle).unwrap();
                assert_ne!(table.card(reader), CardState::Absent);
                let lock = table.readers[reader].lock;
                assert!(lock.is_none_or(|(owner, _)| owner == handle));
            }
        }
        Call::Vanish { client } => {
            for handle in table.handles(client) {
                // Of an unplugged reader there is nothing to reset.
                let reader = table.reader_of(client, handle);
                if table.begin_lost(client, handle) == Disposition::Reset {
                    power(table, reader.unwrap());
                }
                table.finish_disconnect(client, handle);
            }
            assert!(table.handles(client).is_empty());
        }
        // The service refuses both.
        Call::Insert { reader, .. } | Call::Remove { reader } if !table.is_plugged(reader) => {}
        Call::Unplug { reader } if table.is_plugged(reader) => {
            let events = table.events();
            table.unplug(reader);
            assert!(table.take_changed() && table.events() != events);
            assert_eq!(table.card(reader), CardState::Absent);
        }
        Call::Plug { reader } if !table.is_plugged(reader) => {
            table.plug(reader);
            assert!(table.take_changed() && !table.is_used(reader));
        }
        Call::Unplug { .. } | Call::Plug { .. } => {}
        Call::Insert { reader, mute } => {
            table.remove(reader);
            table.insert(reader, (!mute).then_some(ATR), false);
        }
        Call::Remove { reader } => table.remove(reader),
        Call::Rest { reader } => {
            if !table.is_used(reader) {
                table.unpowered(reader, false);
            }
        }
    }
}

fn check(table: &Table) {
    // A handle is of a reader that is plugged in, or useless for good.
    for (handle, client) in &table.orphans {
        assert_eq!(table.reader_of(*client, *handle), Err(code::INVALID_VALUE));
        let connections = table.readers.iter().flat_map(|reader| &reader.connections);
        assert!(connections.into_iter().all(|one| one.handle != *handle));
    }
    for reader in &table.readers {
        assert!(reader.plugged || reader.connections.is_empty() && reader.lock.is_none() && !reader.exclusive);
        if let Some((owner, times)) = reader.lock {
            let owners = reader.connections.iter().filter(|one| one.handle == owner).count();
            assert_eq!(owners, 1, "a transaction without its owner: {reader:?}");
            assert!(times > 0);
        }
        assert!(!reader.exclusive || reader.connections.len() == 1, "{reader:?}");
        assert!(reader.card != CardState::Absent || reader.atr.is_empty(), "{reader:?}");
        let sharing = reader.entry().sharing;
        assert_eq!(sharing == -1, reader.exclusive);
        assert_eq!(sharing == 0, reader.connections.is_empty());
    }
    let mut handles: Vec<_> = (0..CLIENTS).flat_map(|client| table.handles(client)).collect();
    let count = handles.len();
    handles.sort_unstable();
    handles.dedup();
    assert_eq!(handles.len(), count);
}

proptest! {
    #[test]
    fn no_transaction_is_without_its_owner_and_no_handle_valid_for_another_client(
        calls in proptest::collection::vec(call_or_plug(), 1..120)
    ) {
        let (mut table, mut known) = (table(), Vec::new());
        for call in &calls {
            apply(&mut table, &mut known, call);
            check(&table);
            for handle in &known {
                let owners = (0..CLIENTS).filter(|client| table.reader_of(*client, *handle).is_ok()).count();
                prop_assert!(owners <= 1);
            }
        }
    }

    #[test]
    fn every_card_that_comes_or_goes_is_counted_and_told(calls in proptest::collection::vec(call(), 1..60)) {
        let (mut table, mut known) = (table(), Vec::new());
        for call in &calls {
            table.take_changed();
            let before = table.entries();
            apply(&mut table, &mut known, call);
            let (after, changed) = (table.entries(), table.take_changed());
            for (before, after) in before.iter().zip(&after) {
                let presence = |state: u32| state & 0x02 != 0;
                if presence(before.state) != presence(after.state) {
                    prop_assert_ne!(before.event_counter, after.event_counter);
                    prop_assert!(changed);
                }
                prop_assert!(before.sharing == after.sharing || changed);
            }
        }
    }

    #[test]
    fn after_a_reset_every_other_handle_is_told_on_every_call_until_it_reconnects(
        calls in proptest::collection::vec(call(), 0..60)
    ) {
        let (mut table, mut known) = (table(), Vec::new());
        table.insert(0, Some(ATR), false);
        for call in &calls {
            apply(&mut table, &mut known, call);
        }
        table.remove(0);
        for client in 0..CLIENTS {
            apply(&mut table, &mut known, &Call::Vanish { client });
        }
        table.insert(0, Some(ATR), false);
        let (one, _) = table.connect(0, b"Desk", 2, 3).unwrap();
        let (two, _) = table.connect(1, b"Desk", 2, 3).unwrap();
        let (mode, _) = table.begin_reconnect((0, one), 2, 3, 1).unwrap();
        power(&mut table, 0);
        prop_assert_eq!(table.finish_reconnect((0, one), mode, 3), (protocol::T1, code::SUCCESS));
        prop_assert_eq!(table.may_ask(0, one), Ok(()));
        for _ in 0..3 {
            prop_assert_eq!(table.may_ask(1, two), Err(code::RESET_CARD));
            prop_assert_eq!(table.may_transmit(1, two, protocol::T1), Err(code::RESET_CARD));
            prop_assert_eq!(table.begin_transaction(1, two), Err(code::RESET_CARD));
            prop_assert_eq!(table.begin_end_transaction(1, two, 0), Err(code::RESET_CARD));
        }
        let (mode, _) = table.begin_reconnect((1, two), 2, 3, 0).unwrap();
        prop_assert_eq!(table.finish_reconnect((1, two), mode, 3).1, code::SUCCESS);
        prop_assert_eq!(table.may_transmit(1, two, protocol::T1), Ok(()));
    }
}

#[test]
fn a_transaction_is_begun_and_ended_as_often_as_it_is_and_not_once_more() {
    let mut table = table();
    table.insert(0, Some(ATR), false);
    let (one, _) = table.connect(0, b"Desk", 2, 3).unwrap();
    let (two, _) = table.connect(1, b"Desk", 2, 3).unwrap();
    assert_eq!(table.finish_end_transaction(0, one), Err(code::NOT_TRANSACTED));
    for _ in 0..3 {
        table.begin_transaction(0, one).unwrap();
    }
    for _ in 0..3 {
        assert_eq!(table.begin_transaction(1, two), Err(code::SHARING_VIOLATION));
        table.finish_end_transaction(0, one).unwrap();
    }
    assert_eq!(table.begin_transaction(1, two), Ok(()));
}

#[test]
fn a_client_has_a_limited_number_of_handles() {
    let mut table = table();
    for _ in 0..HANDLES {
        table.connect(0, b"Desk", 3, 0).unwrap();
    }
    assert_eq!(
        table.connect(0, b"Desk", 3, 0),
        Err(Hindrance::Refused(code::NO_MEMORY))
    );
    assert!(table.connect(1, b"Desk", 3, 0).is_ok());
}
