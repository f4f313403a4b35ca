//! The service under clients that come by the thousand, are slow, or say anything at all, in any order, at the same time.
//!
//! What must hold whatever they do: no thread of the service panics, its memory is bounded, a correct client is
//! answered, a handle is valid only on its own connection, a transaction has one owner and ends with it, and a waiting
//! client gets a message for each change.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use common::{Client, READER, Service, header, tempdir, words};
use proptest::prelude::*;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, Once};
use std::time::Duration;
use vmyna_pcsc_service::{CONNECTIONS, Hand, Options, PcscLiteService, code};
use vmyna_testkit::in_own_process;
use vmyna_testkit::test_card::{ANSWER_OF_LENGTH, BE_PULLED_OUT, FALL_SILENT_ONCE, NO_ATR_FROM_NOW_ON, TestCard, echo};
use vmyna_testkit::waiting::{LIMIT, within};

/// The memory that this process has in use, in KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Whether a new client is answered.
fn is_greeted(path: &Path) -> bool {
    let mut client = Client::open(path);
    let version = [&header(12, 0x11)[..], &words(&[4, 4, 0])].concat();
    client.stream.write_all(&version).is_ok() && client.stream.read_exact(&mut [0; 12]).is_ok()
}

#[test]
fn memory_stays_bounded_with_10_000_connections_and_the_longest_commands_and_answers() {
    const NAME: &str = "memory_stays_bounded_with_10_000_connections_and_the_longest_commands_and_answers";
    // Alone: other tests of the same process would count.
    in_own_process(NAME, |_| {
        let service = Service::start();
        service.is_well();
        let start = resident();
        let mut served: Vec<Client> = (0..CONNECTIONS).map(|_| Client::new(service.path())).collect();
        let full = resident();
        for _ in 0..10_000 {
            let mut stream = UnixStream::connect(service.path()).unwrap();
            stream.set_read_timeout(Some(LIMIT)).unwrap();
            assert!(matches!(stream.read(&mut [0; 1]), Ok(0) | Err(_)));
        }
        let refused = resident();
        let longest: Vec<u8> = (0..65_000_u32).map(|index| (index % 90) as u8).collect();
        for client in &mut served {
            let card = client.connect_shared();
            assert_eq!(client.transmit(card, &longest), Ok(echo(&longest)));
        }
        let used = resident();
        drop(served);
        // One after another; a place may not be free yet when the next comes.
        for number in 0..10_000 {
            assert!(
                within(LIMIT, || is_greeted(service.path())),
                "client {number} is not served"
            );
        }
        let after = resident();
        println!(
            "KiB in use: {start}, {CONNECTIONS} connections {full}, 10,000 refused {refused}, \
             each with 65,000 bytes {used}, 10,000 served one by one {after}"
        );
        assert!(full - start < 16 * 1024, "a connection takes too much");
        assert!(
            refused - full < 1024,
            "a connection that is refused leaves something behind"
        );
        assert!(
            used - start < CONNECTIONS * 512,
            "more is kept than a few of the longest messages"
        );
        assert!(after < start + 16 * 1024, "a connection leaves something behind");
        service.is_well();
    });
}

#[test]
fn a_slow_client_is_served_as_long_as_it_goes_on_and_holds_nobody_up() {
    let service = Service::start();
    let mut slow = Client::new(service.path());
    let card = slow.connect_shared();
    let command = [ANSWER_OF_LENGTH, 0, 0, 0xFD, 0xE8];
    let request = [
        &header(32, 0x09)[..],
        &words(&[card, 2, 16, command.len() as u32, 2, 16, 65_548, 0]),
        &command,
    ]
    .concat();
    for byte in request {
        slow.stream.write_all(&[byte]).unwrap();
        std::thread::sleep(Duration::from_millis(10));
    }
    service.is_well();
    // 65,000 bytes of an answer, in sips.
    let mut answer = Vec::new();
    while answer.len() < 32 + 65_000 {
        let mut sip = [0; 700];
        let count = slow.stream.read(&mut sip).unwrap();
        answer.extend_from_slice(&sip[..count]);
        if answer.len() % 7_000 < 700 {
            service.is_well();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(answer.ends_with(&[0xDA, 0xDA, 0x90, 0x00]) && answer.len() == 32 + 65_000);
    assert_eq!(slow.transmit(card, &[0, 1]), Ok(echo(&[0, 1])));
}

/// From 4:5 on a client asks how many readers there are while it is waiting already. The answer and what wakes it can
/// cross; in either order it must read the same.
#[test]
fn a_client_that_waits_may_ask_for_the_reader_events_while_a_card_comes_and_goes() {
    let service = Service::start();
    std::thread::scope(|scope| {
        let clients = scope.spawn(|| [5, 6].map(|minor| ask_while_waiting(service.path(), minor)));
        while !clients.is_finished() {
            service.hand().remove(READER).unwrap();
            service.hand().insert(READER, None).unwrap();
        }
        clients.join().unwrap();
    });
    service.is_well();
}

fn ask_while_waiting(path: &Path, minor: u32) {
    let mut client = Client::of_version(path, minor);
    for _ in 0..2000 {
        client.send(0x13, &[], &[]);
        if minor == 5 {
            client.receive(2944);
        } else {
            assert_eq!(client.call(0x16, &[], 1), [1]);
            client.send(0x17, &[], &[]);
            client.receive(184);
        }
        client.send(0x15, &[], &[]);
        assert_eq!([client.numbers(2), client.numbers(2)], [[2, 0], [2, 0]]);
    }
}

/// What one client does next. Numbers that are not among those PC/SC knows are as likely as those that are.
#[derive(Clone, Debug)]
enum Step {
    Connect {
        reader: usize,
        mode: u32,
        protocols: u32,
    },
    Call {
        call: Call,
        handle: Picked,
        argument: u32,
        mode: u32,
    },
    Transmit {
        handle: Picked,
        first: u8,
        protocol: u32,
    },
    WaitAndStop {
        events: bool,
    },
    CancelSomebody(usize),
    ReleaseWrongContext(u32),
    HangUp,
    /// These bytes, then nothing that can be understood any more.
    Rubbish(Vec<u8>),
}

#[derive(Clone, Copy, Debug)]
enum Call {
    Reconnect,
    Disconnect,
    Begin,
    End,
    Status,
    Attribute,
    Control,
}

/// A handle: one of the client's own, one of any client, or one that was never given.
#[derive(Clone, Copy, Debug)]
enum Picked {
    Own(usize),
    Anybodys(usize),
    Nobodys(u32),
}

/// What is done to the cards meanwhile.
#[derive(Clone, Copy, Debug)]
enum Move {
    New(usize),
    Back(usize),
    Out(usize),
}

fn picked() -> impl Strategy<Value = Picked> {
    prop_oneof![
        6 => any::<usize>().prop_map(Picked::Own),
        2 => any::<usize>().prop_map(Picked::Anybodys),
        1 => any::<u32>().prop_map(Picked::Nobodys),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let call = prop_oneof![
        2 => Just(Call::Reconnect),
        2 => Just(Call::Disconnect),
        3 => Just(Call::Begin),
        3 => Just(Call::End),
        1 => Just(Call::Status),
        1 => Just(Call::Attribute),
        1 => Just(Call::Control),
    ];
    let first = prop_oneof![
        8 => Just(0),
        1 => Just(FALL_SILENT_ONCE),
        1 => Just(BE_PULLED_OUT),
        1 => Just(NO_ATR_FROM_NOW_ON),
        1 => Just(ANSWER_OF_LENGTH),
    ];
    // A header that begins well, and anything behind it.
    let command = prop_oneof![0..0x19_u32, any::<u32>()];
    let size = prop_oneof![
        Just(0_u32),
        Just(8),
        Just(12),
        Just(24),
        Just(32),
        Just(152),
        any::<u32>()
    ];
    let rubbish = (size, command, proptest::collection::vec(any::<u8>(), 0..300))
        .prop_map(|(size, command, rest)| Step::Rubbish([words(&[size, command]), rest].concat()));
    prop_oneof![
        8 => (0..2_usize, 0..5_u32, 0..8_u32)
            .prop_map(|(reader, mode, protocols)| Step::Connect { reader, mode, protocols }),
        20 => (call, picked(), 0..5_u32, 0..5_u32)
            .prop_map(|(call, handle, argument, mode)| Step::Call { call, handle, argument, mode }),
        6 => (picked(), first, 0..5_u32)
            .prop_map(|(handle, first, protocol)| Step::Transmit { handle, first, protocol }),
        3 => any::<bool>().prop_map(|events| Step::WaitAndStop { events }),
        2 => any::<usize>().prop_map(Step::CancelSomebody),
        1 => any::<u32>().prop_map(Step::ReleaseWrongContext),
        1 => Just(Step::HangUp),
        1 => rubbish,
    ]
}

fn a_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        (0..2_usize).prop_map(Move::New),
        (0..2_usize).prop_map(Move::Back),
        (0..2_usize).prop_map(Move::Out),
    ]
}

const READERS: [&str; 2] = ["Desk 00 00", "Door 00 00"];

/// What all clients of one run know of each other.
#[derive(Default)]
struct World {
    /// The handle with the transaction; 0 if no client knows of one.
    owners: [AtomicU32; 2],
    handles: Mutex<Vec<u32>>,
    contexts: Mutex<Vec<u32>>,
    /// The counters of the readers in the table that the watcher was given last.
    watched: Mutex<[u32; 2]>,
    over: AtomicBool,
}

/// One client that does its steps, and checks what it is answered.
struct Player<'a> {
    path: &'a Path,
    world: &'a World,
    minor: u32,
    client: Client,
    /// Its handles, each with its reader.
    own: Vec<(u32, usize)>,
}

/// No answer came in time: another client has the card.
struct Blocked;

impl<'a> Player<'a> {
    fn new(path: &'a Path, world: &'a World, minor: u32) -> Player<'a> {
        let client = Client::of_version(path, minor);
        client
            .stream
            .set_read_timeout(Some(Duration::from_millis(300)))
            .unwrap();
        world.contexts.lock().unwrap().push(client.context);
        Player {
            path,
            world,
            minor,
            client,
            own: Vec::new(),
        }
    }

    /// Goes without a word, and a new one comes.
    fn start_again(&mut self) {
        self.gives_all_back();
        *self = Player::new(self.path, self.world, self.minor);
    }

    /// Before it goes.
    fn gives_all_back(&mut self) {
        for (handle, _) in std::mem::take(&mut self.own) {
            self.gives_back(handle);
        }
    }

    /// From now on another may have the transaction.
    fn gives_back(&self, handle: u32) {
        for owner in &self.world.owners {
            let _ = owner.compare_exchange(handle, 0, Ordering::SeqCst, Ordering::SeqCst);
        }
    }

    fn takes(&self, reader: usize, handle: u32) {
        let owner = &self.world.owners[reader];
        if let Err(before) = owner.compare_exchange(0, handle, Ordering::SeqCst, Ordering::SeqCst) {
            assert_eq!(before, handle, "two have the transaction of reader {reader}");
        }
    }

    fn bytes(&mut self, count: usize) -> Result<Vec<u8>, Blocked> {
        let mut bytes = vec![0; count];
        match self.client.stream.read_exact(&mut bytes) {
            Ok(()) => Ok(bytes),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Err(Blocked),
            Err(error) => panic!("a client that behaves was cut off: {error}"),
        }
    }

    fn numbers(&mut self, count: usize) -> Result<Vec<u32>, Blocked> {
        let bytes = self.bytes(4 * count)?;
        let words = bytes.chunks(4).map(|four| u32::from_ne_bytes(four.try_into().unwrap()));
        Ok(words.collect())
    }

    fn ask(&mut self, command: u32, body: &[u32], reply: usize) -> Result<Vec<u32>, Blocked> {
        self.client.send(command, &words(body), &[]);
        self.numbers(reply)
    }

    fn pick(&self, picked: Picked) -> u32 {
        let from = |all: &[u32], index: usize| all.get(index % all.len().max(1)).copied();
        match picked {
            Picked::Own(index) => {
                let own: Vec<u32> = self.own.iter().map(|(handle, _)| *handle).collect();
                from(&own, index).unwrap_or(0)
            }
            Picked::Anybodys(index) => from(&self.world.handles.lock().unwrap(), index).unwrap_or(0),
            Picked::Nobodys(number) => number,
        }
    }

    /// The reader of a handle that was given to this client; none is good anywhere else.
    fn reader(&self, handle: u32) -> Option<usize> {
        self.own
            .iter()
            .find(|(own, _)| *own == handle)
            .map(|(_, reader)| *reader)
    }

    fn play(&mut self, step: &Step) {
        let done = match *step {
            Step::Connect {
                reader,
                mode,
                protocols,
            } => self.connect(reader, mode, protocols),
            Step::Call {
                call,
                handle,
                argument,
                mode,
            } => self.call(call, self.pick(handle), argument, mode),
            Step::Transmit {
                handle,
                first,
                protocol,
            } => self.transmit(self.pick(handle), first, protocol),
            Step::WaitAndStop { events } => self.wait_and_stop(events),
            Step::CancelSomebody(index) => {
                let contexts = self.world.contexts.lock().unwrap();
                let context = contexts[index % contexts.len()];
                drop(contexts);
                let outcome = Client::open(self.path).call(0x0D, &[context, 0], 2)[1];
                assert!([0, code::INVALID_HANDLE].contains(&outcome));
                Ok(())
            }
            Step::ReleaseWrongContext(context) if context != self.client.context => {
                let outcome = self.ask(0x02, &[context, 0], 2);
                outcome.map(|reply| assert_eq!(reply[1], code::INVALID_VALUE))
            }
            Step::ReleaseWrongContext(_) => Ok(()),
            Step::HangUp => Err(Blocked),
            Step::Rubbish(ref bytes) => {
                // It may be cut off at the first of them, and has already been at the last.
                self.gives_all_back();
                let _ = self.client.stream.write_all(bytes);
                let _ = self.client.stream.read(&mut [0; 4096]);
                Err(Blocked)
            }
        };
        if done.is_err() {
            self.start_again();
        }
    }

    fn connect(&mut self, reader: usize, mode: u32, protocols: u32) -> Result<(), Blocked> {
        let mut name = [0; 128];
        name[..READERS[reader].len()].copy_from_slice(READERS[reader].as_bytes());
        let body = [
            &words(&[self.client.context])[..],
            &name,
            &words(&[mode, protocols, 0, 0, 0]),
        ]
        .concat();
        self.client.send(0x04, &body, &[]);
        self.bytes(132)?;
        let reply = self.numbers(5)?;
        let (handle, outcome) = (reply[2], reply[4]);
        if outcome == code::SUCCESS {
            assert!(
                !self.world.handles.lock().unwrap().contains(&handle),
                "a handle was given twice"
            );
            self.world.handles.lock().unwrap().push(handle);
            self.own.push((handle, reader));
            if mode == 1 {
                self.takes(reader, handle);
            }
        }
        Ok(())
    }

    fn call(&mut self, call: Call, handle: u32, argument: u32, mode: u32) -> Result<(), Blocked> {
        if matches!(call, Call::Reconnect | Call::Disconnect | Call::End) {
            // Before it is asked for: the next may have it before the answer is here.
            self.gives_back(handle);
        }
        let reply = match call {
            Call::Reconnect => self.ask(0x05, &[handle, mode, 3, argument, 0, 0], 6)?,
            Call::Disconnect => self.ask(0x06, &[handle, argument, 0], 3)?,
            Call::Begin => self.ask(0x07, &[handle, 0], 2)?,
            Call::End => self.ask(0x08, &[handle, argument, 0], 3)?,
            Call::Status => self.ask(0x0B, &[handle, 0], 2)?,
            Call::Attribute => {
                let body = [words(&[handle, 0x0009_0303]), vec![0; 264], words(&[264, 0])].concat();
                self.client.send(0x0F, &body, &[]);
                self.numbers(70)?
            }
            Call::Control => {
                let reply = self.ask(0x0A, &[handle, 0x4200_0D48, 0, 264, 0, 0], 6)?;
                if reply[5] == code::SUCCESS {
                    self.bytes(reply[4] as usize)?;
                }
                reply
            }
        };
        let outcome = *reply.last().unwrap();
        let reader = self.reader(handle);
        assert_eq!(
            outcome == code::INVALID_HANDLE,
            reader.is_none(),
            "{call:?} {outcome:#x}"
        );
        let reader = reader.unwrap_or(0);
        match (call, outcome) {
            (Call::Begin, code::SUCCESS) => self.takes(reader, handle),
            (Call::Reconnect, code::SUCCESS) if mode == 1 => self.takes(reader, handle),
            (Call::Disconnect, code::SUCCESS) => self.own.retain(|(own, _)| *own != handle),
            _ => {}
        }
        Ok(())
    }

    fn transmit(&mut self, handle: u32, first: u8, protocol: u32) -> Result<(), Blocked> {
        let command = [first, 0, 0, 0x10, 0x00];
        let body = words(&[handle, protocol, 16, command.len() as u32, protocol, 16, 65_548, 0]);
        self.client.send(0x09, &body, &command);
        let reply = self.numbers(8)?;
        let outcome = reply[7];
        assert_eq!(outcome == code::INVALID_HANDLE, self.reader(handle).is_none());
        if outcome == code::SUCCESS {
            let answer = self.bytes(reply[6] as usize)?;
            if first == 0 {
                assert_eq!(answer, echo(&command));
            }
        }
        Ok(())
    }

    /// A waiting client gets exactly one message: of a change, of a cancellation, or of the end of its wait.
    fn wait_and_stop(&mut self, events: bool) -> Result<(), Blocked> {
        self.client.send(0x13, &[], &[]);
        if self.minor == 6 {
            assert_eq!(self.ask(0x16, &[], 1)?, [2]);
            self.client.send(0x17, &[], &[]);
            self.bytes(2 * 184)?;
        } else {
            self.bytes(2944)?;
        }
        let count = if self.minor >= 5 { 3 } else { 0 };
        if events && count > 0 {
            self.client.send(0x15, &[], &[]);
            let reply = self.numbers(2)?;
            assert!(
                reply[0] == count && [0, code::CANCELLED].contains(&reply[1]),
                "{reply:x?}"
            );
        }
        let reply = self.ask(0x14, &[], 2)?;
        assert!(
            reply[0] == count && [0, code::CANCELLED].contains(&reply[1]),
            "{reply:x?}"
        );
        Ok(())
    }
}

/// Always waits; notes what it was shown last.
fn watch(path: &Path, world: &World, minor: u32) {
    let mut client = Client::of_version(path, minor);
    let events = if minor >= 5 { 3 } else { 0 };
    while !world.over.load(Ordering::SeqCst) {
        client.send(0x13, &[], &[]);
        let table = if minor >= 6 {
            // A change can come before the table is fetched.
            assert_eq!(client.call(0x16, &[], 1), [2]);
            client.send(0x17, &[], &[]);
            client.receive(2 * 184)
        } else {
            client.receive(2944)
        };
        let counter = |reader: usize| {
            let place = 184 * reader + 128;
            u32::from_ne_bytes(table[place..place + 4].try_into().unwrap())
        };
        *world.watched.lock().unwrap() = [counter(0), counter(1)];
        client.stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let mut message = [0; 8];
        while !world.over.load(Ordering::SeqCst) {
            match client.stream.read(&mut message) {
                Ok(count) => {
                    assert_eq!((count, message), (8, words(&[events, 0])[..].try_into().unwrap()));
                    break;
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
        client.stream.set_read_timeout(Some(LIMIT)).unwrap();
    }
}

fn move_cards(hand: &Hand, world: &World, moves: &[Move]) {
    for (index, one) in moves.iter().enumerate() {
        // It may be where it should be already.
        let _ = match *one {
            Move::New(reader) => hand.insert(READERS[reader], Some(Box::new(TestCard::default()))),
            Move::Back(reader) => hand.insert(READERS[reader], None),
            Move::Out(reader) => hand.remove(READERS[reader]),
        };
        // Two at once: the second comes while the watcher is busy with the first.
        if index % 2 == 0 && index + 1 < moves.len() {
            continue;
        }
        let counters = || [hand.list()[0].event_counter, hand.list()[1].event_counter];
        assert!(
            within(LIMIT, || *world.watched.lock().unwrap() == counters()),
            "the waiting client got no message"
        );
    }
}

/// No other event would wake a client without its message.
#[test]
fn whoever_waits_is_told_of_each_of_thousands_of_changes() {
    for minor in 4..=6 {
        let directory = tempdir::Directory::new();
        let names = READERS.map(str::to_owned).to_vec();
        let service = PcscLiteService::start(&directory.0.join("s"), Options::new(names)).unwrap();
        let (hand, path, world) = (service.hand(), service.path(), World::default());
        let moves: Vec<Move> = std::iter::once(Move::New(0))
            .chain((0..2000).map(|index| if index % 2 == 0 { Move::Out(0) } else { Move::Back(0) }))
            .collect();
        std::thread::scope(|scope| {
            scope.spawn(|| watch(path, &world, minor));
            let mover = scope.spawn(|| move_cards(&hand, &world, &moves));
            let moved = mover.join();
            world.over.store(true, Ordering::SeqCst);
            assert!(moved.is_ok(), "in 4:{minor}");
        });
    }
}

/// Panics in the service's threads, which would otherwise only end a connection.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().name() == Some("pcsc client") {
                PANICS.fetch_add(1, Ordering::SeqCst);
            }
            before(info);
        }));
    });
}

fn run(scripts: &[Vec<Step>], moves: &[Move]) {
    count_panics();
    let directory = tempdir::Directory::new();
    let names = READERS.map(str::to_owned).to_vec();
    let service = PcscLiteService::start(&directory.0.join("s"), Options::new(names)).unwrap();
    let (hand, path, world) = (service.hand(), service.path(), World::default());
    hand.insert(READERS[0], Some(Box::new(TestCard::default()))).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| watch(path, &world, 4));
        let players: Vec<_> = (4..)
            .zip(scripts)
            .map(|(minor, script)| {
                let world = &world;
                scope.spawn(move || {
                    let mut player = Player::new(path, world, minor);
                    script.iter().for_each(|step| player.play(step));
                    player.gives_all_back();
                })
            })
            .collect();
        let mover = scope.spawn(|| move_cards(&hand, &world, moves));
        let results: Vec<_> = players.into_iter().chain([mover]).map(|thread| thread.join()).collect();
        world.over.store(true, Ordering::SeqCst);
        assert!(results.iter().all(Result::is_ok));
    });
    assert!(within(LIMIT, || hand.list().iter().all(|reader| reader.sharing == 0)));
    for name in READERS {
        hand.insert(name, Some(Box::new(TestCard::default()))).unwrap();
    }
    // No client is left that could be in the way.
    let world = World::default();
    let mut last = Player::new(path, &world, 4);
    for reader in 0..2 {
        assert!(last.connect(reader, 1, 3).is_ok());
        let (handle, _) = last.own[reader];
        assert!(last.transmit(handle, 0, 2).is_ok());
    }
    assert_eq!(PANICS.load(Ordering::SeqCst), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_three_clients_say_at_once_while_cards_come_and_go_the_service_keeps_its_promises(
        scripts in proptest::collection::vec(proptest::collection::vec(step(), 40), 3),
        moves in proptest::collection::vec(a_move(), 1..25),
    ) {
        run(&scripts, &moves);
    }

    #[test]
    fn any_bytes_at_all_end_a_connection_or_are_answered_and_nobody_else_notices(
        streams in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..2000), 1..20),
        greeted in any::<bool>(),
    ) {
        count_panics();
        let service = Service::start();
        for bytes in &streams {
            let mut client = if greeted { Client::new(service.path()) } else { Client::open(service.path()) };
            let _ = client.stream.write_all(bytes);
            let _ = client.stream.shutdown(std::net::Shutdown::Write);
            assert!(client.is_cut_off());
        }
        service.is_well();
        assert_eq!(service.hand().list()[0].sharing, 0);
        assert_eq!(PANICS.load(Ordering::SeqCst), 0);
    }
}
