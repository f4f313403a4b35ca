//! A client of libpcsclite that goes on while its service ends and starts again: the same return codes as with pcscd, and
//! with a new context it uses the card as before.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use pcsc::{Card, Context, Disposition, Error, Protocols, ReaderState, Scope, ShareMode, State};
use std::ffi::CString;
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;
use vmyna_pcsc_service::{Options, PcscLiteService};
use vmyna_reader_bridge::vpcd::{StopHandle, VpcdAddress, VpcdServer};
use vmyna_testkit::test_card::{TestCard, echo};
use vmyna_testkit::waiting::{LIMIT, within};
use vmyna_testkit::{PrivatePcscd, in_own_process};

const READER: &str = "vmyna 0 00 00";

const COMMAND: [u8; 4] = [0x00, 0xA4, 0x00, 0x00];

/// A service with a card that can end and start again.
enum Restarted {
    Pcscd(PrivatePcscd, StopHandle, Option<JoinHandle<()>>),
    Service(PathBuf, Option<PcscLiteService>),
}

impl Restarted {
    fn pcscd(socket: &Path) -> Restarted {
        let pcscd = PrivatePcscd::start_at(socket, 1).unwrap();
        let mut server = VpcdServer::new(VpcdAddress::local(pcscd.ports()[0]));
        let stop = server.stop_handle();
        let card = std::thread::spawn(move || drop(server.run(&mut TestCard::default(), &mut |_| {})));
        Restarted::Pcscd(pcscd, stop, Some(card))
    }

    fn service(socket: &Path) -> Restarted {
        let mut service = Restarted::Service(socket.to_owned(), None);
        service.start();
        service
    }

    fn end(&mut self) {
        match self {
            Restarted::Pcscd(pcscd, ..) => pcscd.kill(),
            Restarted::Service(_, service) => *service = None,
        }
    }

    fn start(&mut self) {
        match self {
            Restarted::Pcscd(pcscd, ..) => pcscd.restart().unwrap(),
            Restarted::Service(socket, service) => {
                let started = PcscLiteService::start(socket, Options::new(vec![READER.to_owned()])).unwrap();
                started
                    .hand()
                    .insert(READER, Some(Box::new(TestCard::default())))
                    .unwrap();
                *service = Some(started);
            }
        }
    }
}

impl Drop for Restarted {
    fn drop(&mut self) {
        if let Restarted::Pcscd(_, stop, card) = self {
            stop.stop();
            let _ = card.take().map(JoinHandle::join);
        }
    }
}

fn reader() -> CString {
    CString::new(READER).unwrap()
}

fn connect(context: &Context) -> Result<Card, Error> {
    context.connect(&reader(), ShareMode::Shared, Protocols::ANY)
}

fn works(card: &Card) -> Result<(), Error> {
    let mut buffer = [0; 258];
    card.transmit(&COMMAND, &mut buffer)
        .map(|answer| assert_eq!(answer, echo(&COMMAND)))
}

/// Connects to the card that is in the reader, or soon will be.
fn connected(context: &Context) -> Card {
    let mut card = None;
    let connects = || {
        card = connect(context).ok();
        card.is_some()
    };
    assert!(within(LIMIT, connects));
    card.unwrap()
}

fn state_now(context: &Context) -> Result<(), Error> {
    let mut states = [ReaderState::new(reader(), State::UNAWARE)];
    context.get_status_change(Duration::ZERO, &mut states)
}

/// The client. Returns what each call has given.
fn client(mut service: Restarted) -> Vec<String> {
    let mut log = Vec::new();
    let mut note = |call: &str, outcome: &dyn Debug| log.push(format!("{call}: {outcome:?}"));
    let context = Context::establish(Scope::User).unwrap();
    let mut card = connected(&context);
    works(&card).unwrap();
    // Another thread waits for a change of the reader.
    let waiting = {
        let context = Context::establish(Scope::User).unwrap();
        let mut states = [ReaderState::new(reader(), State::UNAWARE)];
        context.get_status_change(Duration::ZERO, &mut states).unwrap();
        states[0].sync_current_state();
        std::thread::spawn(move || context.get_status_change(LIMIT, &mut states))
    };
    // It waits in the service from now on; should it not, the call fails all the same.
    std::thread::sleep(Duration::from_millis(100));
    for round in ["first", "second"] {
        service.end();
        if round == "first" {
            note("SCardTransmit", &works(&card));
        }
        note("SCardStatus", &card.status2_owned().map(drop));
        note("SCardBeginTransaction", &card.transaction().map(drop));
        note("SCardListReaders", &context.list_readers_owned().map(drop));
        note("SCardGetStatusChange", &state_now(&context));
        note("SCardIsValidContext", &context.is_valid());
        note("SCardEstablishContext", &Context::establish(Scope::User).map(drop));
        service.start();
        note(
            "SCardEstablishContext again",
            &Context::establish(Scope::User).map(drop),
        );
        note("SCardTransmit by the old handle", &works(&card));
        let old = card.reconnect(ShareMode::Shared, Protocols::ANY, Disposition::LeaveCard);
        note("SCardReconnect by the old handle", &old);
        note("SCardConnect by the old context", &connect(&context).map(drop));
        note(
            "SCardListReaders by the old context",
            &context.list_readers_owned().map(drop),
        );
        let new = Context::establish(Scope::User).unwrap();
        let used = connected(&new);
        note("SCardTransmit by a new context", &works(&used));
        note(
            "SCardDisconnect",
            &used.disconnect(Disposition::LeaveCard).map_err(|(_, error)| error),
        );
    }
    note("the wait", &waiting.join().unwrap());
    note(
        "SCardDisconnect by the old handle",
        &card.disconnect(Disposition::LeaveCard).map_err(|(_, error)| error),
    );
    note("SCardReleaseContext", &context.release().map_err(|(_, error)| error));
    log
}

#[test]
fn a_client_that_outlives_its_service_sees_what_it_sees_of_pcscd() {
    let name = "a_client_that_outlives_its_service_sees_what_it_sees_of_pcscd";
    in_own_process(name, |socket| {
        let of_service = client(Restarted::service(socket));
        let of_pcscd = client(Restarted::pcscd(socket));
        assert_eq!(of_service, of_pcscd);
    });
}
