//! A PC/SC service with one card, and a client without a library, which sends exactly the bytes of a test. For tests only.

#![allow(dead_code, unreachable_pub)] // each test program uses a part of it
#![allow(clippy::unwrap_used, missing_docs)] // the whole file is for tests

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};
use vmyna_pcsc_service::{Hand, Options, PcscLiteService, PinPad};
use vmyna_testkit::test_card::{TestCard, echo};
use vmyna_testkit::waiting::LIMIT;

pub const READER: &str = "Desk 00 00";

/// A service with a card in its only reader, in a directory of its own.
pub struct Service {
    // Dropped in this order.
    pub service: PcscLiteService,
    pub card: TestCard,
    pub _directory: tempdir::Directory,
}

/// A directory under /tmp that goes when it is dropped.
pub mod tempdir {
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicUsize, Ordering};

    pub struct Directory(pub PathBuf);

    impl Directory {
        pub fn new() -> Directory {
            static NEXT: AtomicUsize = AtomicUsize::new(0);
            let number = NEXT.fetch_add(1, Ordering::SeqCst);
            let path = PathBuf::from(format!("/tmp/pcsc-test-{}-{number}", std::process::id()));
            std::fs::create_dir(&path).unwrap();
            Directory(path)
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

impl Service {
    pub fn start() -> Service {
        Service::with(Some(Duration::from_secs(60)), None)
    }

    pub fn with(grace: Option<Duration>, pin_pad: Option<PinPad>) -> Service {
        let options = Options::new(vec![READER.to_owned()]).grace(grace);
        Service::with_options(match pin_pad {
            Some(pin_pad) => options.pin_pad(pin_pad),
            None => options,
        })
    }

    pub fn with_options(options: Options) -> Service {
        let directory = tempdir::Directory::new();
        let service = PcscLiteService::start(&directory.0.join("s"), options).unwrap();
        let card = TestCard::default();
        service.hand().insert(READER, Some(Box::new(card.clone()))).unwrap();
        Service {
            service,
            card,
            _directory: directory,
        }
    }

    pub fn path(&self) -> &Path {
        self.service.path()
    }

    pub fn hand(&self) -> Hand {
        self.service.hand()
    }

    /// A client that behaves gets what it wants at once.
    #[track_caller]
    pub fn is_well(&self) {
        let start = Instant::now();
        let mut client = Client::new(self.path());
        let card = client.connect_shared();
        assert_eq!(client.transmit(card, &[0, 1, 2, 3]), Ok(echo(&[0, 1, 2, 3])));
        assert_eq!(client.disconnect(card, 0), 0);
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }
}

/// The client's half of the protocol.
pub struct Client {
    pub stream: UnixStream,
    pub context: u32,
}

pub fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_ne_bytes()).collect()
}

pub fn header(size: usize, command: u32) -> Vec<u8> {
    words(&[size as u32, command])
}

impl Client {
    pub fn open(path: &Path) -> Client {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        Client { stream, context: 0 }
    }

    pub fn of_version(path: &Path, minor: u32) -> Client {
        let mut client = Client::open(path);
        assert_eq!(client.call(0x11, &[4, minor, 0], 3), [4, minor, 0]);
        let established = client.call(0x01, &[2, 0, 0], 3);
        assert_eq!(established[2], 0);
        client.context = established[1];
        client
    }

    pub fn new(path: &Path) -> Client {
        Client::of_version(path, 4)
    }

    pub fn send(&mut self, command: u32, body: &[u8], data: &[u8]) {
        self.stream
            .write_all(&[&header(body.len(), command), body, data].concat())
            .unwrap();
    }

    pub fn receive(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).unwrap();
        bytes
    }

    pub fn numbers(&mut self, count: usize) -> Vec<u32> {
        let bytes = self.receive(4 * count);
        bytes
            .chunks(4)
            .map(|four| u32::from_ne_bytes(four.try_into().unwrap()))
            .collect()
    }

    pub fn call(&mut self, command: u32, body: &[u32], reply: usize) -> Vec<u32> {
        self.send(command, &words(body), &[]);
        self.numbers(reply)
    }

    pub fn connect(&mut self, mode: u32, protocols: u32) -> (u32, u32, u32) {
        let mut name = [0; 128];
        name[..READER.len()].copy_from_slice(READER.as_bytes());
        let body = [&words(&[self.context])[..], &name, &words(&[mode, protocols, 0, 0, 0])].concat();
        self.send(0x04, &body, &[]);
        self.receive(132);
        let reply = self.numbers(5);
        (reply[2], reply[3], reply[4])
    }

    pub fn connect_shared(&mut self) -> u32 {
        let (card, protocol, code) = self.connect(2, 3);
        assert_eq!((protocol, code), (2, 0));
        card
    }

    pub fn transmit(&mut self, card: u32, command: &[u8]) -> Result<Vec<u8>, u32> {
        self.begin_transmit(card, command);
        self.end_transmit()
    }

    pub fn begin_transmit(&mut self, card: u32, command: &[u8]) {
        self.send(
            0x09,
            &words(&[card, 2, 16, command.len() as u32, 2, 16, 65_548, 0]),
            command,
        );
    }

    pub fn end_transmit(&mut self) -> Result<Vec<u8>, u32> {
        let reply = self.numbers(8);
        if reply[7] == 0 {
            Ok(self.receive(reply[6] as usize))
        } else {
            Err(reply[7])
        }
    }

    pub fn control(&mut self, card: u32, control: u32, input: &[u8]) -> Result<Vec<u8>, u32> {
        self.send(0x0A, &words(&[card, control, input.len() as u32, 264, 0, 0]), input);
        let reply = self.numbers(6);
        if reply[5] == 0 {
            Ok(self.receive(reply[4] as usize))
        } else {
            Err(reply[5])
        }
    }

    pub fn disconnect(&mut self, card: u32, disposition: u32) -> u32 {
        self.call(0x06, &[card, disposition, 0], 3)[2]
    }

    pub fn begin(&mut self, card: u32) -> u32 {
        self.call(0x07, &[card, 0], 2)[1]
    }

    pub fn status(&mut self, card: u32) -> u32 {
        self.call(0x0B, &[card, 0], 2)[1]
    }

    /// Registers for a change, the way of 4:4; returns the state of the reader.
    pub fn wait(&mut self) -> u32 {
        self.send(0x13, &[], &[]);
        let table = self.receive(2944);
        u32::from_ne_bytes(table[132..136].try_into().unwrap())
    }

    /// Whether the service has ended the connection.
    pub fn is_cut_off(&mut self) -> bool {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Ok(_) => true,
            Err(error) => matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
        }
    }
}
