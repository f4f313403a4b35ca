//! Faults of the reader and of the service, made on purpose, as libpcsclite sees them: each kind with the crate `pcsc`.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use pcsc::{Card, Context, Disposition, Error, Protocols, Scope, ShareMode};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use vmyna_pcsc_service::{Options, PcscLiteService};
use vmyna_reader_bridge::fault::{FaultyCard, RealTime, Script};
use vmyna_testkit::in_own_process;
use vmyna_testkit::test_card::{TestCard, echo};
use vmyna_testkit::waiting::{LIMIT, within};

const READER: &str = "Desk 00 00";

/// A service whose card has one fault.
struct Rig {
    service: PcscLiteService,
    script: Arc<Script>,
    card: TestCard,
}

impl Rig {
    fn new(socket: &Path, fault: &str) -> Rig {
        // Each part of a test has a service of its own at the same socket.
        let service = PcscLiteService::start(socket, Options::new(vec![READER.to_owned()])).unwrap();
        let script = Arc::new(Script::new(vec![fault.parse().unwrap()]));
        let card = TestCard::default();
        let time = Box::new(RealTime::default());
        let faulty = FaultyCard::new(
            Box::new(card.clone()),
            Arc::clone(&script),
            None,
            time,
            Box::new(|_| {}),
        );
        service.hand().insert(READER, Some(Box::new(faulty))).unwrap();
        Rig { service, script, card }
    }

    fn has_fired(&self) -> bool {
        self.script.unfired().is_empty()
    }
}

fn context() -> Context {
    Context::establish(Scope::User).unwrap()
}

fn connect(context: &Context) -> Result<Card, Error> {
    context.connect(c"Desk 00 00", ShareMode::Shared, Protocols::ANY)
}

fn reconnect(card: &mut Card) -> Result<(), Error> {
    card.reconnect(ShareMode::Shared, Protocols::ANY, Disposition::LeaveCard)
}

/// An ordinary command goes through, or why not.
fn works(card: &Card) -> Result<(), Error> {
    let command = [0x00, 0xA4, 0x00, 0x00];
    let mut buffer = [0; 258];
    let answer = card.transmit(&command, &mut buffer)?;
    assert_eq!(answer, echo(&command));
    Ok(())
}

#[test]
fn unplug_takes_the_reader_away_instead_of_the_answer() {
    in_own_process("unplug_takes_the_reader_away_instead_of_the_answer", |socket| {
        for (fault, executed) in [("unplug,ins=A4,nth=2", 1), ("unplug,executed,ins=A4,nth=2", 2)] {
            let rig = Rig::new(socket, fault);
            let a = context();
            let card = connect(&a).unwrap();
            assert_eq!(works(&card), Ok(()));
            assert_eq!(works(&card), Err(Error::ReaderUnavailable), "{fault}");
            assert!(rig.has_fired());
            assert_eq!(rig.card.count("4"), executed, "{fault}");
            assert_eq!(rig.card.calls().last().unwrap(), "off");
            assert_eq!(works(&card), Err(Error::InvalidValue));
            assert_eq!(a.list_readers_owned(), Ok(Vec::new()));
            assert_eq!(connect(&a).err(), Some(Error::UnknownReader));
            rig.service.hand().plug(READER).unwrap();
            assert_eq!(works(&connect(&a).unwrap()), Ok(()));
            assert_eq!(works(&card), Err(Error::InvalidValue));
        }
    });
}

#[test]
fn probe_selects_and_resets_between_two_commands_but_not_in_a_transaction() {
    in_own_process(
        "probe_selects_and_resets_between_two_commands_but_not_in_a_transaction",
        |socket| {
            let rig = Rig::new(socket, "probe,nth=2");
            let a = context();
            let mut card = connect(&a).unwrap();
            assert_eq!(works(&card), Ok(()));
            assert_eq!(works(&card), Err(Error::ResetCard));
            assert!(rig.has_fired());
            // The other program's SELECT and reset; the second command did not reach the card.
            assert_eq!(rig.card.calls()[1..], ["4", "14", "reset"]);
            assert_eq!(works(&card), Err(Error::ResetCard));
            assert_eq!(reconnect(&mut card), Ok(()));
            assert_eq!(works(&card), Ok(()));
            drop(rig);
            let rig = Rig::new(socket, "probe");
            let a = context();
            let mut card = connect(&a).unwrap();
            let transaction = card.transaction().unwrap();
            for _ in 0..3 {
                assert_eq!(works(&transaction), Ok(()));
            }
            assert!(!rig.has_fired() && rig.card.count("reset") == 0);
            drop(transaction);
            assert_eq!(works(&card), Err(Error::ResetCard));
        },
    );
}

#[test]
fn other_reset_happens_in_a_transaction_too_and_leaves_it() {
    in_own_process("other_reset_happens_in_a_transaction_too_and_leaves_it", |socket| {
        let rig = Rig::new(socket, "other-reset,nth=2");
        let (a, b) = (context(), context());
        let (mut one, mut two) = (connect(&a).unwrap(), connect(&b).unwrap());
        let transaction = one.transaction().unwrap();
        assert_eq!(works(&transaction), Ok(()));
        assert_eq!(works(&transaction), Err(Error::ResetCard));
        assert!(rig.has_fired());
        assert_eq!(rig.card.calls()[1..], ["4", "reset"]);
        // Its end fails as well, and the transaction is still there after SCardReconnect.
        let failed = transaction.end(Disposition::LeaveCard).map_err(|(_, error)| error);
        assert_eq!(failed, Err(Error::ResetCard));
        assert_eq!(reconnect(&mut one), Ok(()));
        // The other handle learns of the reset at once. To use the card again it waits for the end of the transaction.
        assert_eq!(works(&two), Err(Error::ResetCard));
        std::thread::scope(|scope| {
            let waits = std::thread::Builder::new()
                .spawn_scoped(scope, || reconnect(&mut two))
                .unwrap();
            std::thread::sleep(Duration::from_millis(150));
            assert!(!waits.is_finished());
            assert_eq!(works(&one), Ok(()));
            let disposition = Disposition::LeaveCard;
            assert_eq!(one.disconnect(disposition).map_err(|(_, error)| error), Ok(()));
            assert_eq!(waits.join().unwrap(), Ok(()));
        });
        assert_eq!(works(&two), Ok(()));
    });
}

#[test]
fn transaction_lost_lets_another_program_in() {
    in_own_process("transaction_lost_lets_another_program_in", |socket| {
        let rig = Rig::new(socket, "transaction-lost,nth=2");
        let (a, b) = (context(), context());
        let (mut one, two) = (connect(&a).unwrap(), connect(&b).unwrap());
        let transaction = one.transaction().unwrap();
        assert_eq!(works(&transaction), Ok(()));
        std::thread::scope(|scope| {
            let waits = std::thread::Builder::new().spawn_scoped(scope, || works(&two)).unwrap();
            std::thread::sleep(Duration::from_millis(150));
            assert!(!waits.is_finished() && !rig.has_fired());
            assert_eq!(works(&transaction), Ok(()));
            assert!(rig.has_fired());
            assert_eq!(waits.join().unwrap(), Ok(()));
        });
        let ended = transaction.end(Disposition::LeaveCard).map_err(|(_, error)| error);
        assert_eq!(ended, Err(Error::NotTransacted));
        drop(rig);
        // Without a transaction there is none to lose.
        let rig = Rig::new(socket, "transaction-lost");
        assert_eq!(works(&connect(&context()).unwrap()), Ok(()));
        assert!(!rig.has_fired());
    });
}

#[test]
fn transaction_timeout_resets_a_card_whose_transaction_is_not_used() {
    in_own_process(
        "transaction_timeout_resets_a_card_whose_transaction_is_not_used",
        |socket| {
            let rig = Rig::new(socket, "transaction-timeout=300");
            let (a, b) = (context(), context());
            let (mut one, two) = (connect(&a).unwrap(), connect(&b).unwrap());
            // Without a transaction nothing happens.
            assert_eq!(works(&one), Ok(()));
            std::thread::sleep(Duration::from_millis(400));
            assert_eq!((works(&one), rig.has_fired()), (Ok(()), false));
            let transaction = one.transaction().unwrap();
            let start = Instant::now();
            for _ in 0..8 {
                assert_eq!(works(&transaction), Ok(()));
                std::thread::sleep(Duration::from_millis(50));
            }
            // In use for longer than the time, without a pause of that length.
            assert!(start.elapsed() >= Duration::from_millis(400) && !rig.has_fired());
            let last = Instant::now();
            assert!(within(LIMIT, || rig.has_fired()));
            assert!(last.elapsed() >= Duration::from_millis(240), "{:?}", last.elapsed());
            assert_eq!(works(&transaction), Err(Error::ResetCard));
            // Another program gets the card.
            assert_eq!(works(&two), Err(Error::ResetCard));
            drop(transaction);
            assert_eq!(reconnect(&mut one), Ok(()));
            assert_eq!(works(&one), Ok(()));
            // SCardEndTransaction ends the time.
            let transaction = one.transaction().unwrap();
            assert_eq!(works(&transaction), Ok(()));
            drop(transaction);
            std::thread::sleep(Duration::from_millis(400));
            assert_eq!(works(&one), Ok(()));
        },
    );
}

/// libpcsclite gives either code, for a connection that ends before or behind its request.
fn is_lost(outcome: Result<(), Error>) -> bool {
    matches!(outcome, Err(Error::NoService | Error::CommError))
}

#[test]
fn service_gone_ends_every_connection_and_accepts_none_until_its_time() {
    in_own_process(
        "service_gone_ends_every_connection_and_accepts_none_until_its_time",
        |socket| {
            for (fault, executed) in [
                ("service-gone,back=300,nth=2", 1),
                ("service-gone,executed,back=300,nth=2", 2),
            ] {
                let rig = Rig::new(socket, fault);
                let (a, b) = (context(), context());
                let (one, two) = (connect(&a).unwrap(), connect(&b).unwrap());
                assert_eq!(works(&one), Ok(()));
                let start = Instant::now();
                assert!(is_lost(works(&one)), "{fault}");
                assert!(rig.has_fired());
                assert!(is_lost(works(&two)));
                assert_eq!(Context::establish(Scope::User).err(), Some(Error::NoService));
                assert_eq!(rig.card.count("4"), executed, "{fault}");
                assert!(within(LIMIT, || Context::establish(Scope::User).is_ok()));
                assert!(start.elapsed() >= Duration::from_millis(300));
                assert_eq!(works(&connect(&context()).unwrap()), Ok(()));
                drop((one, two));
            }
            let rig = Rig::new(socket, "service-gone,nth=1");
            assert!(is_lost(works(&connect(&context()).unwrap())));
            std::thread::sleep(Duration::from_millis(400));
            assert_eq!(Context::establish(Scope::User).err(), Some(Error::NoService));
            // It leaves no socket behind.
            drop(rig);
            let folder = std::fs::read_dir(socket.parent().unwrap()).unwrap();
            let name = socket.file_name().unwrap().to_str().unwrap().to_owned();
            let left = folder.filter(|file| file.as_ref().unwrap().file_name().to_str().unwrap().starts_with(&name));
            assert_eq!(left.count(), 0);
        },
    );
}
