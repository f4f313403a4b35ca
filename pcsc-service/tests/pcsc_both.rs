//! One PC/SC client, written once, run on the real pcscd with vpcd and on vmyna's own service: the same return codes in
//! the same order. What both must give is written here once, in the assertions of the client.
//!
//! Where versions of pcscd differ the service takes the newer one, unless the last column has a reason. The client passes
//! on pcscd 1.9.9 and 2.3.3 alike; `pcscd` is the one of the machine, or another one that PATH finds first.
//!
//! | Behaviour | pcscd 1.9.9 | pcscd 2.3.3 | service |
//! |---|---|---|---|
//! | SCardCancel of a wait that has just ended | SCARD_E_INVALID_HANDLE | success | 2.3.3 |
//! | count of reader events for the PnP reader | none | 2 with one reader, 1 more for each that comes or goes | 2.3.3 |
//! | count of card events of a reader plugged in again | goes on | begins with 0 | 2.3.3 |
//! | T=0 asked of a card with T=0 and T=1, T=1 first | T=1 may be negotiated | T=0 | 2.3.3 |
//! | SCardConnect refused by polkit | connection closed | SCARD_W_SECURITY_VIOLATION | neither: it has no polkit |
//! | pcscd ends | threads of clients are left | connections are closed first | 2.3.3 |
//! | exclusive, then SCardReconnect as shared | lock stays: next client hangs | the same | released: nothing can be gained |
//! | feature list, properties, attributes | the driver's | the driver's | those of libccid, which vpcd lacks |
//! | a card that comes or goes | polled each 400 ms | the same | at once |
//! | silent card; card unpowered by SCardDisconnect | as the driver reports it | the same | stays; vpcd can't report it |
//!
//! Measured: SCardCancel, the counts of 2.3.3, the lock, features and times. The rest of the table is from the sources of both
//! versions (`winscard.c`, `winscard_svc.c`, `readerfactory.c`).
//!
//! The unplugged reader is measured with a driver that reports it (IFD_NO_SUCH_DEVICE), not with vpcd: its handles give
//! SCARD_E_INVALID_VALUE, SCardDisconnect succeeds, SCardConnect gives SCARD_E_UNKNOWN_READER, SCardListReaders
//! SCARD_E_NO_READERS_AVAILABLE, and a command under way SCARD_E_READER_UNAVAILABLE, in 2.3.3.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use pcsc::{
    Attribute, Card, Context, Disposition, Error, PNP_NOTIFICATION, Protocols, ReaderState, Scope, ShareMode, State,
    Status,
};
use std::ffi::{CStr, CString};
use std::path::Path;
use std::process::Command;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use vmyna_pcsc_service::{Hand, Options, PcscLiteService};
use vmyna_reader_bridge::vpcd::{StopHandle, VpcdAddress, VpcdServer};
use vmyna_testkit::test_card::{ANSWER_OF_LENGTH, ATR, TAKE_300_MS, TestCard, echo};
use vmyna_testkit::waiting::{LIMIT, within};
use vmyna_testkit::{PrivatePcscd, in_own_process};

/// Where the client runs: a reader, and a hand that puts its card in and out.
enum Stack {
    Pcscd(PrivatePcscd, Option<InSlot>),
    /// The service runs until this is dropped.
    Service(#[expect(dead_code, reason = "held")] PcscLiteService, Hand),
}

const READER: &str = "vmyna 0 00 00";

/// The test card in a slot of vpcd, until this is dropped.
struct InSlot(StopHandle, Option<JoinHandle<()>>);

impl InSlot {
    fn at(port: u16) -> InSlot {
        let mut server = VpcdServer::new(VpcdAddress::local(port));
        let stop = server.stop_handle();
        let run = move || drop(server.run(&mut TestCard::default(), &mut |_| {}));
        InSlot(stop, Some(std::thread::spawn(run)))
    }
}

impl Drop for InSlot {
    fn drop(&mut self) {
        self.0.stop();
        let _ = self.1.take().map(JoinHandle::join);
    }
}

impl Stack {
    fn pcscd(socket: &Path) -> Stack {
        Stack::Pcscd(PrivatePcscd::start_at(socket, 1).unwrap(), None)
    }

    fn service(socket: &Path) -> Stack {
        let options = Options::new(vec![READER.to_owned(), "vmyna 0 00 01".to_owned()]);
        let service = PcscLiteService::start(socket, options).unwrap();
        let hand = service.hand();
        Stack::Service(service, hand)
    }

    fn is_pcscd(&self) -> bool {
        matches!(self, Stack::Pcscd(..))
    }

    fn insert(&mut self) {
        match self {
            Stack::Pcscd(pcscd, card) => *card = Some(InSlot::at(pcscd.ports()[0])),
            Stack::Service(_, hand) => hand.insert(READER, Some(Box::new(TestCard::default()))).unwrap(),
        }
    }

    fn remove(&mut self) {
        match self {
            Stack::Pcscd(_, card) => *card = None,
            Stack::Service(_, hand) => hand.remove(READER).unwrap(),
        }
    }
}

fn reader() -> CString {
    CString::new(READER).unwrap()
}

fn context() -> Context {
    Context::establish(Scope::User).unwrap()
}

fn connect(context: &Context, mode: ShareMode, protocols: Protocols) -> Result<Card, Error> {
    context.connect(&reader(), mode, protocols)
}

fn shared(context: &Context) -> Card {
    connect(context, ShareMode::Shared, Protocols::ANY).unwrap()
}

fn ask(card: &Card, command: &[u8]) -> Result<Vec<u8>, Error> {
    let mut buffer = vec![0; 65_600];
    card.transmit(command, &mut buffer).map(<[u8]>::to_vec)
}

/// An ordinary command goes through, or why not.
fn works(card: &Card) -> Result<(), Error> {
    ask(card, &[0x00, 0xA4, 0x00, 0x00]).map(|answer| assert_eq!(answer, echo(&[0x00, 0xA4, 0x00, 0x00])))
}

/// The state from SCardGetStatusChange within `time`, for a client that knows `known`.
fn change(context: &Context, name: &CStr, known: State, time: Duration) -> Result<State, Error> {
    let mut states = [ReaderState::new(name, known)];
    context.get_status_change(time, &mut states)?;
    // The ATR's flag is Windows' business, the upper half counts events.
    Ok(states[0].event_state() & State::from_bits_truncate(0xFFFF))
}

fn now(context: &Context) -> State {
    change(context, &reader(), State::UNAWARE, Duration::ZERO).unwrap() - State::CHANGED
}

fn leave(card: Card, disposition: Disposition) -> Result<(), Error> {
    card.disconnect(disposition).map_err(|(_, error)| error)
}

fn at_most(limit: Duration, condition: impl FnMut() -> bool) {
    assert!(within(limit, condition));
}

/// The client: all of it, in one order.
fn client(mut stack: Stack) {
    // A client that hangs is a failure too; it would hang in libpcsclite, out of reach.
    std::thread::spawn(|| {
        std::thread::sleep(Duration::from_secs(90));
        eprintln!("the client hangs");
        std::process::abort();
    });
    an_empty_reader(&stack);
    waiting_for_a_card(&mut stack);
    protocols();
    sharing(&stack);
    transactions();
    threads_on_one_context();
    resets();
    reader_and_attributes(&stack);
    lengths();
    clients_that_die();
    removal(&mut stack);
    unplugging(&stack);
}

fn an_empty_reader(stack: &Stack) {
    let a = context();
    assert_eq!(a.list_readers_owned().unwrap()[0], reader());
    assert_eq!(
        connect(&a, ShareMode::Shared, Protocols::ANY).err(),
        Some(Error::NoSmartcard)
    );
    assert_eq!(
        connect(&a, ShareMode::Exclusive, Protocols::ANY).err(),
        Some(Error::NoSmartcard)
    );
    let unknown = a.connect(c"Unknown 00 00", ShareMode::Shared, Protocols::ANY);
    assert_eq!(unknown.err(), Some(Error::UnknownReader));
    assert_eq!(
        connect(&a, ShareMode::Shared, Protocols::UNDEFINED).err(),
        Some(Error::ProtoMismatch)
    );
    let direct = connect(&a, ShareMode::Direct, Protocols::UNDEFINED).unwrap();
    features(stack, &direct);
    assert_eq!(leave(direct, Disposition::LeaveCard), Ok(()));
    at_most(LIMIT, || now(&a) == State::EMPTY);
    let start = Instant::now();
    assert_eq!(
        change(&a, &reader(), State::EMPTY, Duration::from_millis(150)),
        Err(Error::Timeout)
    );
    assert!(start.elapsed() >= Duration::from_millis(150));
    assert_eq!(
        change(&a, c"Unknown 00 00", State::UNAWARE, Duration::ZERO),
        Err(Error::UnknownReader)
    );
    // No reader comes or goes.
    let plug_and_play = change(&a, PNP_NOTIFICATION(), State::UNAWARE, Duration::from_millis(50));
    assert_eq!(plug_and_play, Err(Error::Timeout), "pcscd: {}", stack.is_pcscd());
}

/// vpcd's driver has no features. Those of libccid have, and so has the service.
fn features(stack: &Stack, card: &Card) {
    let mut room = [0; 64];
    let list = card.control(0x4200_0D48, &[], &mut room);
    if stack.is_pcscd() {
        assert_eq!(list.err(), Some(Error::UnsupportedFeature));
    } else {
        assert_eq!(list.unwrap(), [0x12, 4, 0x42, 0x33, 0, 0x12]);
    }
    assert_eq!(
        card.control(0x4200_0001, &[], &mut [0; 64]).err(),
        Some(Error::UnsupportedFeature)
    );
}

fn waiting_for_a_card(stack: &mut Stack) {
    let waiting = context();
    let (other, third) = (waiting.clone(), context());
    let waiter = std::thread::spawn(move || change(&other, &reader(), State::EMPTY, LIMIT));
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(waiting.cancel(), Ok(()));
    assert_eq!(waiter.join().unwrap(), Err(Error::Cancelled));
    // Cancelled is the wait of that context alone, and only the one under way.
    assert_eq!(
        change(&waiting, &reader(), State::EMPTY, Duration::from_millis(50)),
        Err(Error::Timeout)
    );
    let waiters: Vec<_> = (0..3)
        .map(|_| std::thread::spawn(|| change(&context(), &reader(), State::EMPTY, LIMIT)))
        .collect();
    std::thread::sleep(Duration::from_millis(200));
    stack.insert();
    for waiter in waiters {
        assert_eq!(waiter.join().unwrap(), Ok(State::PRESENT | State::CHANGED));
    }
    // A later request is answered at once: no change is lost between two waits.
    assert_eq!(
        change(&third, &reader(), State::EMPTY, LIMIT),
        Ok(State::PRESENT | State::CHANGED)
    );
    assert_eq!(
        change(&third, &reader(), State::PRESENT, Duration::from_millis(50)),
        Err(Error::Timeout)
    );
}

fn protocols() {
    let (a, b) = (context(), context());
    assert_eq!(
        connect(&a, ShareMode::Shared, Protocols::T0).err(),
        Some(Error::ProtoMismatch)
    );
    let mut one = connect(&a, ShareMode::Shared, Protocols::T1).unwrap();
    assert_eq!(one.status2_owned().unwrap().protocol2(), Some(pcsc::Protocol::T1));
    assert_eq!(
        one.reconnect(ShareMode::Shared, Protocols::T0, Disposition::LeaveCard),
        Err(Error::ProtoMismatch)
    );
    assert_eq!(
        connect(&b, ShareMode::Shared, Protocols::T0).err(),
        Some(Error::ProtoMismatch)
    );
    assert_eq!(works(&one), Ok(()));
    assert_eq!(leave(one, Disposition::LeaveCard), Ok(()));
}

fn sharing(stack: &Stack) {
    let (a, b) = (context(), context());
    let (mut one, two) = (shared(&a), shared(&b));
    assert!(now(&a).contains(State::INUSE));
    assert_eq!(
        connect(&b, ShareMode::Exclusive, Protocols::ANY).err(),
        Some(Error::SharingViolation)
    );
    assert_eq!((works(&one), works(&two)), (Ok(()), Ok(())));
    // libpcsclite asks again and again for what another connection stands in the way of.
    std::thread::scope(|scope| {
        let reconnects = scope.spawn(|| one.reconnect(ShareMode::Exclusive, Protocols::ANY, Disposition::LeaveCard));
        std::thread::sleep(Duration::from_millis(300));
        assert!(!reconnects.is_finished());
        assert_eq!(leave(two, Disposition::LeaveCard), Ok(()));
        assert_eq!(reconnects.join().unwrap(), Ok(()));
    });
    assert!(now(&a).contains(State::EXCLUSIVE));
    for mode in [ShareMode::Shared, ShareMode::Exclusive, ShareMode::Direct] {
        assert_eq!(connect(&b, mode, Protocols::ANY).err(), Some(Error::SharingViolation));
    }
    assert_eq!(works(&one), Ok(()));
    assert_eq!(
        one.reconnect(ShareMode::Shared, Protocols::ANY, Disposition::LeaveCard),
        Ok(())
    );
    // pcscd 1.9.9 and 2.3.3 keep the lock of an exclusive connection, and the next client that connects hangs
    // until the first disconnects. Nothing can be gained from that; the service gives it back.
    if !stack.is_pcscd() {
        let two = shared(&b);
        assert_eq!((works(&one), works(&two)), (Ok(()), Ok(())));
        assert_eq!(leave(two, Disposition::LeaveCard), Ok(()));
    }
    assert_eq!(leave(one, Disposition::ResetCard), Ok(()));
    at_most(LIMIT, || now(&a) == State::PRESENT);
}

fn transactions() {
    let (a, b) = (context(), context());
    let (mut one, mut two) = (shared(&a), shared(&b));
    let outer = one.transaction().unwrap();
    std::thread::scope(|scope| {
        let transmits = scope.spawn(|| (works(&two), Instant::now()));
        std::thread::sleep(Duration::from_millis(300));
        assert!(!transmits.is_finished());
        assert_eq!(works(&outer), Ok(()));
        let ended = Instant::now();
        outer.end(Disposition::LeaveCard).map_err(|(_, error)| error).unwrap();
        let (result, when) = transmits.join().unwrap();
        assert_eq!(result, Ok(()));
        assert!(when >= ended);
    });
    let first = one.transaction().unwrap();
    std::thread::scope(|scope| {
        let begins = scope.spawn(|| {
            let begun = two.transaction();
            begun.map(|transaction| (works(&transaction), Instant::now()))
        });
        std::thread::sleep(Duration::from_millis(300));
        assert!(!begins.is_finished());
        let ended = Instant::now();
        drop(first);
        let (result, when) = begins.join().unwrap().unwrap();
        assert_eq!(result, Ok(()));
        assert!(when >= ended);
    });
    // Another client that connects waits as well.
    let held = one.transaction().unwrap();
    std::thread::scope(|scope| {
        let connects = scope.spawn(|| connect(&context(), ShareMode::Shared, Protocols::ANY).map(|card| works(&card)));
        std::thread::sleep(Duration::from_millis(300));
        assert!(!connects.is_finished());
        drop(held);
        assert_eq!(connects.join().unwrap(), Ok(Ok(())));
    });
    // That one was dropped, and with it the card reset.
    assert_eq!(works(&one), Err(Error::ResetCard));
}

/// libpcsclite lets one call of a context through at a time, whichever thread makes it.
fn threads_on_one_context() {
    let a = context();
    std::thread::scope(|scope| {
        for number in 0..4_u8 {
            let a = &a;
            scope.spawn(move || {
                for round in 0..10 {
                    let card = shared(a);
                    let command = [0x00, 0xA4, number, round];
                    assert_eq!(ask(&card, &command), Ok(echo(&command)));
                    assert!(now(a).contains(State::PRESENT));
                    assert_eq!(leave(card, Disposition::LeaveCard), Ok(()));
                }
            });
        }
    });
    at_most(LIMIT, || now(&a) == State::PRESENT);
    // One of them waits for a change, which only SCardCancel can end from outside the context.
    let waiting = a.clone();
    let waiter = std::thread::spawn(move || change(&waiting, &reader(), State::PRESENT, LIMIT));
    std::thread::sleep(Duration::from_millis(200));
    // pcscd 1.9.9 was seen to answer a first one on a busy machine with an invalid handle.
    at_most(LIMIT, || a.cancel() == Ok(()));
    assert_eq!(waiter.join().unwrap(), Err(Error::Cancelled));
    assert_eq!(works(&shared(&a)), Ok(()));
}

fn resets() {
    let (a, b) = (context(), context());
    for disposition in [Disposition::ResetCard, Disposition::UnpowerCard] {
        let (mut one, mut two) = (shared(&a), shared(&b));
        assert_eq!(one.reconnect(ShareMode::Shared, Protocols::ANY, disposition), Ok(()));
        assert_eq!(works(&one), Ok(()));
        for _ in 0..3 {
            assert_eq!(works(&two), Err(Error::ResetCard));
            assert_eq!(two.status2_owned().err(), Some(Error::ResetCard));
            assert_eq!(two.transaction().err(), Some(Error::ResetCard));
        }
        assert_eq!(
            two.get_attribute_owned(Attribute::AtrString).err(),
            Some(Error::ResetCard)
        );
        assert_eq!(
            two.reconnect(ShareMode::Shared, Protocols::ANY, Disposition::LeaveCard),
            Ok(())
        );
        assert_eq!((works(&one), works(&two)), (Ok(()), Ok(())));
        // The end of a transaction with a reset: its owner must reconnect as well.
        let transaction = one.transaction().unwrap();
        assert_eq!(transaction.end(disposition).map_err(|(_, error)| error), Ok(()));
        assert_eq!(
            (works(&one), works(&two)),
            (Err(Error::ResetCard), Err(Error::ResetCard))
        );
        for card in [&mut one, &mut two] {
            assert_eq!(
                card.reconnect(ShareMode::Shared, Protocols::ANY, Disposition::LeaveCard),
                Ok(())
            );
        }
        assert_eq!(leave(one, Disposition::ResetCard), Ok(()));
        assert_eq!(works(&two), Err(Error::ResetCard));
        assert_eq!(leave(two, Disposition::LeaveCard), Ok(()));
        // There is no motor: ejected is left.
        let (one, two) = (shared(&a), shared(&b));
        assert_eq!(leave(one, Disposition::EjectCard), Ok(()));
        assert_eq!(works(&two), Ok(()));
        assert_eq!(leave(two, Disposition::LeaveCard), Ok(()));
    }
}

fn reader_and_attributes(stack: &Stack) {
    let a = context();
    let one = shared(&a);
    let status = one.status2_owned().unwrap();
    assert_eq!(status.reader_names()[0], reader());
    assert_eq!(status.atr(), ATR);
    assert_eq!(status.status(), Status::PRESENT | Status::POWERED | Status::NEGOTIABLE);
    features(stack, &one);
    assert_eq!(
        one.get_attribute_owned(Attribute::CurrentBwt).err(),
        Some(Error::UnsupportedFeature)
    );
    assert_eq!(
        one.set_attribute(Attribute::AtrString, &[1]).err(),
        Some(Error::NotTransacted)
    );
    // vpcd's driver knows no attributes, and by telling a length of 0 makes pcscd refuse the reader's name too. Other
    // drivers report both, and so does the service.
    let atr = one.get_attribute_owned(Attribute::AtrString);
    if stack.is_pcscd() {
        assert_eq!(atr.err(), Some(Error::UnsupportedFeature));
    } else {
        assert_eq!(atr.unwrap(), ATR);
        assert_eq!(one.get_attribute_owned(Attribute::VendorName).unwrap(), b"vmyna\0");
        assert_eq!(
            one.get_attribute_owned(Attribute::VendorIfdSerialNo).unwrap(),
            b"00000001\0"
        );
        assert_eq!(
            one.get_attribute_owned(Attribute::Maxinput).unwrap(),
            65_544_u32.to_ne_bytes()
        );
        assert_eq!(one.get_attribute_owned(Attribute::ChannelId).unwrap().len(), 4);
        let short = one.get_attribute(Attribute::AtrString, &mut [0; 3]).map(<[u8]>::to_vec);
        assert_eq!(short, Err(Error::InsufficientBuffer));
    }
}

fn lengths() {
    let a = context();
    let one = shared(&a);
    for length in [5_usize, 255, 261, 4_000, 65_000] {
        let command: Vec<u8> = (0..length).map(|index| (index % 90) as u8).collect();
        assert_eq!(ask(&one, &command), Ok(echo(&command)), "{length} bytes");
    }
    let long = |length: u32| [&[ANSWER_OF_LENGTH][..], &length.to_be_bytes()].concat();
    assert_eq!(ask(&one, &long(65_000)).unwrap().len(), 65_000);
    let mut small = [0; 100];
    assert_eq!(
        one.transmit(&long(101), &mut small).err(),
        Some(Error::InsufficientBuffer)
    );
    assert_eq!(one.transmit(&long(100), &mut small).unwrap().len(), 100);
    assert_eq!(works(&one), Ok(()));
    // Leaving, not dropping: the next client is not to see a reset.
    assert_eq!(leave(one, Disposition::LeaveCard), Ok(()));
}

const DYING: &str = "VMYNA_TEST_DYING_CLIENT";

/// Not a test of its own: what [`clients_that_die`] starts and kills.
#[test]
fn a_client_that_says_ready_and_waits_to_be_killed() {
    let Some(what) = std::env::var_os(DYING) else { return };
    let a = context();
    let mut one = shared(&a);
    let _transaction = (what == "transaction").then(|| one.transaction().unwrap());
    std::fs::write(std::env::var_os("VMYNA_TEST_READY").unwrap(), "").unwrap();
    std::thread::sleep(Duration::from_secs(60));
}

fn clients_that_die() {
    let a = context();
    let mut one = shared(&a);
    for (what, after) in [("connection", Ok(())), ("transaction", Err(Error::ResetCard))] {
        let ready = std::env::temp_dir().join(format!("ready-{what}-{}", std::process::id()));
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "a_client_that_says_ready_and_waits_to_be_killed",
                "--nocapture",
            ])
            .env(DYING, what)
            .env("VMYNA_TEST_READY", &ready)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        at_most(LIMIT, || ready.exists());
        std::fs::remove_file(ready).unwrap();
        // Its connection, and with it the lock, ends: a client that waits for the card gets it.
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| works(&one));
            std::thread::sleep(Duration::from_millis(300));
            assert_eq!(waits.is_finished(), after.is_ok());
            child.kill().unwrap();
            child.wait().unwrap();
            assert_eq!(waits.join().unwrap(), after, "died with a {what}");
        });
        at_most(LIMIT, || works(&one) == after);
        // pcscd reports the reset before it has done it, and has no protocol for the card until then.
        at_most(LIMIT, || {
            let _ = one.reconnect(ShareMode::Shared, Protocols::ANY, Disposition::LeaveCard);
            works(&one) == Ok(())
        });
    }
    // The connections of the dead no longer count.
    at_most(LIMIT, || {
        one.reconnect(ShareMode::Exclusive, Protocols::ANY, Disposition::LeaveCard) == Ok(())
    });
}

fn removal(stack: &mut Stack) {
    let (a, b, waiting) = (context(), context(), context());
    at_most(LIMIT, || now(&a) == State::PRESENT);
    let (mut one, two) = (shared(&a), shared(&b));
    let known = now(&waiting);
    let waiter = std::thread::spawn(move || {
        // Any other change first, for instance of the use of the card.
        let mut state = known;
        while state.contains(State::PRESENT) {
            match change(&waiting, &reader(), state, LIMIT) {
                Ok(seen) => state = seen - State::CHANGED,
                Err(error) => return Err(error),
            }
        }
        Ok(state)
    });
    // The card is pulled while it works on a command.
    let pulled = std::thread::spawn(move || {
        let result = ask(&two, &[TAKE_300_MS, 0, 0, 0]);
        (result, two)
    });
    std::thread::sleep(Duration::from_millis(100));
    stack.remove();
    let (result, mut two) = pulled.join().unwrap();
    // `vmyna serve` sends the answer out before it lets the card go; here the card is gone.
    assert_eq!(result.is_ok(), stack.is_pcscd());
    assert!(matches!(result, Ok(_) | Err(Error::NotTransacted)), "{result:?}");
    assert_eq!(waiter.join().unwrap(), Ok(State::EMPTY));
    for card in [&mut one, &mut two] {
        assert_eq!(works(card), Err(Error::RemovedCard));
        assert_eq!(card.status2_owned().err(), Some(Error::RemovedCard));
        assert_eq!(card.transaction().err(), Some(Error::RemovedCard));
        assert_eq!(
            card.reconnect(ShareMode::Shared, Protocols::ANY, Disposition::LeaveCard),
            Err(Error::NoSmartcard)
        );
    }
    assert_eq!(
        connect(&a, ShareMode::Shared, Protocols::ANY).err(),
        Some(Error::NoSmartcard)
    );
    stack.insert();
    at_most(LIMIT, || now(&a).contains(State::PRESENT));
    assert_eq!(works(&one), Err(Error::RemovedCard));
    assert_eq!(
        one.reconnect(ShareMode::Shared, Protocols::ANY, Disposition::LeaveCard),
        Ok(())
    );
    assert_eq!((works(&one), works(&two)), (Ok(()), Err(Error::RemovedCard)));
    assert_eq!(leave(two, Disposition::LeaveCard), Ok(()));
}

/// vpcd's readers can't be unplugged. The codes are those that pcscd 2.3.3 gives with a driver whose readers can.
fn unplugging(stack: &Stack) {
    let Stack::Service(_, hand) = stack else { return };
    let (a, waiting, pnp) = (context(), context(), context());
    let mut one = shared(&a);
    let known = now(&a);
    let waiter = std::thread::spawn(move || change(&waiting, &reader(), known, LIMIT));
    let watcher = std::thread::spawn(move || change(&pnp, PNP_NOTIFICATION(), State::UNAWARE, LIMIT));
    std::thread::sleep(Duration::from_millis(200));
    hand.unplug(READER).unwrap();
    let gone = State::UNKNOWN | State::UNAVAILABLE | State::CHANGED;
    assert_eq!(waiter.join().unwrap(), Ok(gone));
    assert_eq!(watcher.join().unwrap(), Ok(State::CHANGED));
    assert_eq!(a.list_readers_owned().unwrap(), [c"vmyna 0 00 01".to_owned()]);
    assert_eq!(works(&one), Err(Error::InvalidValue));
    assert_eq!(one.status2_owned().err(), Some(Error::ReaderUnavailable));
    assert_eq!(one.transaction().err(), Some(Error::InvalidValue));
    assert_eq!(
        one.reconnect(ShareMode::Shared, Protocols::ANY, Disposition::LeaveCard),
        Err(Error::InvalidValue)
    );
    assert_eq!(
        connect(&a, ShareMode::Shared, Protocols::ANY).err(),
        Some(Error::UnknownReader)
    );
    assert_eq!(
        change(&a, &reader(), State::UNAWARE, Duration::ZERO),
        Err(Error::UnknownReader)
    );
    hand.unplug("vmyna 0 00 01").unwrap();
    // The crate makes this of SCARD_E_NO_READERS_AVAILABLE.
    assert_eq!(a.list_readers_owned(), Ok(Vec::new()));
    let pnp = context();
    let watcher = std::thread::spawn(move || change(&pnp, PNP_NOTIFICATION(), State::UNAWARE, LIMIT));
    std::thread::sleep(Duration::from_millis(200));
    hand.plug(READER).unwrap();
    assert_eq!(watcher.join().unwrap(), Ok(State::CHANGED));
    assert_eq!(a.list_readers_owned().unwrap(), [reader()]);
    assert_eq!(now(&a), State::PRESENT);
    assert_eq!(works(&one), Err(Error::InvalidValue));
    assert_eq!(leave(one, Disposition::LeaveCard), Ok(()));
    assert_eq!(works(&shared(&a)), Ok(()));
}

#[test]
fn a_client_sees_these_return_codes_on_pcscd_with_vpcd() {
    in_own_process("a_client_sees_these_return_codes_on_pcscd_with_vpcd", |socket| {
        client(Stack::pcscd(socket));
    });
}

#[test]
fn a_client_sees_the_same_return_codes_on_the_service() {
    in_own_process("a_client_sees_the_same_return_codes_on_the_service", |socket| {
        client(Stack::service(socket));
    });
}
