//! The client against real virtual cards: its commands byte for byte, and every way in which a card refuses.

use std::sync::{Arc, Mutex};

use vmyna::reader_bridge::fault::Script;
use vmyna::{Exchange as _, OpenCard, Slot};
use vmyna_apdu::hex;
use vmyna_applets::image;
use vmyna_applets::issued::IssuedCard;

use super::*;

/// A reader that notes every command.
struct Noting<R> {
    reader: R,
    commands: Arc<Mutex<Vec<String>>>,
}

impl<R: Reader> Reader for Noting<R> {
    fn name(&self) -> &str {
        self.reader.name()
    }
    fn atr(&self) -> Option<&[u8]> {
        self.reader.atr()
    }
    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), ReaderError> {
        self.commands.lock().unwrap().push(hex::encode(command));
        self.reader.transmit(command, response)
    }
    fn reset(&mut self) -> Result<(), ReaderError> {
        self.reader.reset()
    }
    fn power_cycle(&mut self) -> Result<(), ReaderError> {
        self.reader.power_cycle()
    }
    fn remove(&mut self) -> Result<(), ReaderError> {
        self.reader.remove()
    }
    fn insert(&mut self) -> Result<(), ReaderError> {
        self.reader.insert()
    }
}

struct Rig {
    client: CardClient,
    commands: Arc<Mutex<Vec<String>>>,
}

impl Rig {
    fn new(card: &str) -> Self {
        let reader = Bench::new().reader(&card.parse().unwrap()).unwrap();
        let commands = Arc::default();
        let client = CardClient::new(Noting {
            reader,
            commands: Arc::clone(&commands),
        });
        Self { client, commands }
    }

    /// The commands since the last call.
    fn commands(&self) -> Vec<String> {
        std::mem::take(&mut *self.commands.lock().unwrap())
    }
}

const SELECT_JPKI: &str = "00A4040C0AD392F000260100000001";
const SELECT_INPUT_ASSIST: &str = "00A4040C0AD3921000310001010408";
const SELECT_COMMON: &str = "00A4040C0AD3921000310001010100";
const DIGEST_INFO: [u8; 51] = {
    let mut bytes = [0x5A; 51];
    let head = *b"\x30\x31\x30\x0D\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
    let mut at = 0;
    while at < head.len() {
        bytes[at] = head[at];
        at += 1;
    }
    bytes
};

/// The commands that read an object of so many bytes from the current EF.
fn reads(total: usize) -> Vec<String> {
    let mut commands = vec!["00B0000007".to_owned()];
    let mut at = 7;
    while at < total {
        let le = if total - at > 255 { 0 } else { total - at };
        commands.push(format!("00B0{at:04X}{le:02X}"));
        at += if le == 0 { 256 } else { le };
    }
    commands
}

fn certificate(card: &str, key: Key) -> Vec<u8> {
    let issued = card.parse::<CardSource>().unwrap().issued().unwrap();
    let jpki = issued.applications().into_iter().find(|one| one.aid == jpki::AID);
    let file = match key {
        Key::Auth => jpki::ef::AUTH_CERTIFICATE,
        Key::Sign => jpki::ef::SIGN_CERTIFICATE,
    };
    match &jpki.unwrap().file(file).unwrap().body {
        vmyna_card_os::declaration::Body::Transparent(content) => {
            let content = content.as_bytes();
            content[..object::length(content).unwrap()].to_vec()
        }
        _ => panic!("a certificate is a transparent file"),
    }
}

#[test]
fn a_log_in_sends_the_published_commands_in_their_order() {
    let mut rig = Rig::new("specimen:hanako");
    rig.client.verify(Pin::Auth, b"1234").unwrap();
    let signature = rig.client.sign(Key::Auth, &DIGEST_INFO).unwrap();
    let read = rig.client.auth_certificate().unwrap();
    let number = rig.client.manufacture_number().unwrap();

    assert_eq!(signature.len(), 256);
    assert_eq!(read, certificate("specimen:hanako", Key::Auth));
    let record = Bench::new().reader(&CardSource::hanako()).unwrap().record();
    assert_eq!(number.as_bytes(), &record[4..17]);
    let sign = format!("802A008033{}00", hex::encode(&DIGEST_INFO));
    let mut expected: Vec<String> = [
        SELECT_JPKI,
        "00A4020C020006",
        "00B0000020",
        "00A4020C020018",
        "002000800431323334",
        "00A4020C020017",
        &sign,
        "00A4020C02000A",
    ]
    .map(str::to_owned)
    .into();
    expected.extend(reads(read.len()));
    expected.extend([SELECT_COMMON, "00B2010C00"].map(str::to_owned));
    assert_eq!(rig.commands(), expected);
}

/// The record of the common application, read in another way than the client does.
trait Record {
    fn record(self) -> Vec<u8>;
}

impl<R: Reader> Record for R {
    fn record(mut self) -> Vec<u8> {
        self.send(SELECT_COMMON).unwrap();
        self.send("00A4020C 02 0001").unwrap();
        self.send("00B20104 00").unwrap()
    }
}

#[test]
fn signatures_send_the_published_commands_in_their_order() {
    let mut rig = Rig::new("specimen:hanako");
    // Lower-case letters are folded.
    rig.client.verify(Pin::Sign, b"abc123").unwrap();
    rig.client.sign(Key::Sign, &[1; 32]).unwrap();
    rig.client.sign(Key::Sign, &[2; 32]).unwrap();
    let read = rig.client.sign_certificate().unwrap();

    assert_eq!(read, certificate("specimen:hanako", Key::Sign));
    let sign = |digest: &str| format!("802A008020{}00", digest.repeat(32));
    let mut expected: Vec<String> = [
        SELECT_JPKI,
        "00A4020C020006",
        "00B0000020",
        "00A4020C02001B",
        "0020008006414243313233",
        "00A4020C02001A",
        &sign("01"),
        "00A4020C02001A",
        &sign("02"),
        "00A4020C020001",
    ]
    .map(str::to_owned)
    .into();
    expected.extend(reads(read.len()));
    assert_eq!(rig.commands(), expected);
}

#[test]
fn input_assistance_sends_the_published_commands_in_their_order() {
    let mut rig = Rig::new("specimen:hanako");
    rig.client.verify(Pin::InputAssist, b"1234").unwrap();
    let items = rig.client.four_items().unwrap();

    assert_eq!(items.name, "見本　花子");
    assert!(items.address.starts_with("東京都千代田区"));
    assert_eq!((&*items.birth, &*items.sex), ("19891025", "2"));
    let text = items.name.len() + items.address.len() + items.birth.len() + items.sex.len();
    let commands = rig.commands();
    let pin = [
        SELECT_INPUT_ASSIST,
        "00A4020C020011",
        "002000800431323334",
        "00A4020C020002",
    ];
    assert_eq!(commands[..4], pin);
    // FF20 with its length in one byte, the table of offsets, and the heads of four objects.
    assert_eq!(commands[4..], reads(3 + 11 + 4 * 3 + text));
}

#[test]
fn the_signature_is_one_over_the_padded_input() {
    use rsa::pkcs8::DecodePublicKey as _;
    use rsa::{Pkcs1v15Sign, RsaPublicKey};
    use x509_cert::der::{Decode as _, Encode as _};

    let mut client = CardClient::open(&CardSource::hanako()).unwrap();
    client.verify(Pin::Auth, b"1234").unwrap();
    let certificate = client.auth_certificate().unwrap();
    let certificate = x509_cert::Certificate::from_der(&certificate).unwrap();
    let key = certificate.tbs_certificate.subject_public_key_info.to_der().unwrap();
    let key = RsaPublicKey::from_public_key_der(&key).unwrap();
    for input in [&DIGEST_INFO[..], &[7; 32], &[1]] {
        let signature = client.sign(Key::Auth, input).unwrap();
        key.verify(Pkcs1v15Sign::new_unprefixed(), input, &signature).unwrap();
    }
}

#[test]
fn a_wrong_pin_costs_a_try_and_the_third_blocks() {
    let mut rig = Rig::new("specimen:hanako");
    let tries = |rig: &mut Rig| rig.client.tries(Pin::Auth).unwrap();
    assert_eq!(tries(&mut rig), Tries { left: 3, limit: 3 });
    for expected in [2, 1, 0] {
        match rig.client.verify(Pin::Auth, b"9999") {
            Err(ClientError::WrongPin { pin: Pin::Auth, left }) => assert_eq!(left, expected),
            other => panic!("{other:?}"),
        }
        assert_eq!(tries(&mut rig).left, expected);
    }
    assert!(tries(&mut rig).is_blocked());
    let blocked = rig.client.verify(Pin::Auth, b"1234");
    assert!(matches!(blocked, Err(ClientError::Blocked(Pin::Auth))), "{blocked:?}");
    let sign = rig.client.sign(Key::Auth, &[1]);
    assert!(matches!(sign, Err(ClientError::NotVerified(Pin::Auth))), "{sign:?}");
}

#[test]
fn a_value_that_no_card_can_have_is_not_sent_and_costs_no_try() {
    let mut rig = Rig::new("specimen:hanako");
    for (pin, value) in [
        (Pin::Auth, &b""[..]),
        (Pin::Auth, b"123"),
        (Pin::Auth, b"12345"),
        (Pin::Auth, b"123a"),
        (Pin::Auth, "１２３４".as_bytes()),
        (Pin::Sign, b"ABC12"),
        (Pin::Sign, b"ABCDEFGH123456789"),
        (Pin::Sign, b"ABC 123"),
        (Pin::Sign, b"ABC\x00123"),
        (Pin::InputAssist, b"1234\n"),
    ] {
        let refused = rig.client.verify(pin, value);
        assert!(
            matches!(refused, Err(ClientError::Form(of)) if of == pin),
            "{refused:?}"
        );
    }
    assert_eq!(rig.commands(), [""; 0]);
    for (pin, limit) in [(Pin::Auth, 3), (Pin::Sign, 5), (Pin::InputAssist, 3)] {
        assert_eq!(rig.client.tries(pin).unwrap(), Tries { left: limit, limit });
    }
}

#[test]
fn nothing_behind_a_pin_is_given_before_it() {
    let mut client = CardClient::open(&CardSource::hanako()).unwrap();
    let not_verified = |outcome: Result<(), ClientError>, pin| match outcome {
        Err(ClientError::NotVerified(of)) => assert_eq!(of, pin),
        other => panic!("{other:?}"),
    };
    not_verified(client.sign(Key::Auth, &[1]).map(drop), Pin::Auth);
    not_verified(client.sign(Key::Sign, &[1]).map(drop), Pin::Sign);
    not_verified(client.sign_certificate().map(drop), Pin::Sign);
    not_verified(client.four_items().map(drop), Pin::InputAssist);
    client.auth_certificate().unwrap();
}

#[test]
fn a_childs_card_has_no_sign_key_and_a_card_without_pins_verifies_none() {
    let no_sign = |outcome: Result<(), ClientError>| match outcome {
        Err(ClientError::NoKey(key)) => assert_eq!(key, Key::Sign),
        other => panic!("{other:?}"),
    };
    let open = |card: &str| CardClient::open(&card.parse().unwrap()).unwrap();
    no_sign(open("specimen:no-pin").verify(Pin::Sign, b"ABC123"));
    for mut client in [open("specimen:child"), open("specimen:no-pin")] {
        no_sign(client.sign(Key::Sign, &[1]).map(drop));
        no_sign(client.sign_certificate().map(drop));
    }
    let mut client = open("specimen:no-pin");
    for pin in [Pin::Auth, Pin::InputAssist] {
        let unset = client.verify(pin, b"1234");
        assert!(matches!(unset, Err(ClientError::Blocked(of)) if of == pin), "{unset:?}");
        assert!(client.tries(pin).unwrap().is_blocked());
    }
    let mut child = open("specimen:child");
    child.verify(Pin::Auth, b"1234").unwrap();
    child.sign(Key::Auth, &[1]).unwrap();
}

#[test]
fn an_application_that_the_card_lacks_is_named() {
    // A card of another kind in the reader: the specimen behind a fault that hides its applications.
    let faults = vec!["sw=6A82,ins=A4,every=1".parse().unwrap()];
    let bench = Bench::new().with_faults(Arc::new(Script::new(faults)));
    let card = CardSource::hanako().open(None).unwrap();
    let mut client = CardClient::new(bench.reader_with(card, Slot::new("test")).unwrap());
    for missing in [
        client.tries(Pin::InputAssist).err(),
        client.verify(Pin::Auth, b"1234").err(),
        client.manufacture_number().err(),
    ] {
        assert!(matches!(missing, Some(ClientError::NoApplication(_))), "{missing:?}");
    }
}

/// A phone with Hanako's certificates.
fn phone(kind: PhoneKind) -> (tempfile::TempDir, CardSource) {
    let card = CardSource::hanako().issued().unwrap();
    let phone = IssuedCard::of_phone(card.name, Profile::phone(kind), card.summary, card.jpki, None);
    kept(&phone)
}

#[test]
fn a_phone_logs_in_and_signs_and_reads_its_auth_certificate_after_the_pin() {
    for kind in PhoneKind::ALL {
        let (_folder, phone) = phone(kind);
        let mut client = CardClient::open(&phone).unwrap();
        assert_eq!(client.token().unwrap(), Token::Phone(kind));
        let refused = client.auth_certificate();
        assert!(
            matches!(refused, Err(ClientError::NotVerified(Pin::Auth))),
            "{refused:?}"
        );
        client.verify(Pin::Auth, b"1234").unwrap();
        assert_eq!(client.sign(Key::Auth, &DIGEST_INFO).unwrap().len(), 256);
        let certificate = certificate("specimen:hanako", Key::Auth);
        assert_eq!(client.auth_certificate().unwrap(), certificate);
        client.verify(Pin::Sign, b"ABC123").unwrap();
        assert_eq!(client.sign(Key::Sign, &DIGEST_INFO).unwrap().len(), 256);
        assert!(client.sign_certificate().is_ok());
        let missing = [client.four_items().err(), client.manufacture_number().err()];
        for error in missing {
            assert!(matches!(error, Some(ClientError::NoApplication(_))), "{error:?}");
        }
    }
}

#[test]
fn a_label_with_spaces_or_zero_bytes_behind_it_is_a_phones() {
    for kind in PhoneKind::ALL {
        let label = Profile::phone(kind).token_label;
        for filler in [" ", "\0"] {
            let padded = format!("{label}{}", filler.repeat(LABEL - label.len()));
            assert_eq!(token(padded.as_bytes()), Token::Phone(kind));
        }
    }
    for other in ["JPKIAPICCTOKEN2", "JPKIAPIOSTOKEN2", "JPKI", ""] {
        assert_eq!(token(other.as_bytes()), Token::Card, "{other}");
    }
    let mut card = CardClient::open(&CardSource::hanako()).unwrap();
    assert_eq!(card.token().unwrap(), Token::Card);
}

#[test]
fn inputs_that_no_signature_can_be_made_of_are_refused() {
    let mut rig = Rig::new("specimen:hanako");
    rig.client.verify(Pin::Auth, b"1234").unwrap();
    rig.commands();
    for bytes in [0, 256, 10_000] {
        let refused = rig.client.sign(Key::Auth, &vec![0; bytes]);
        assert!(matches!(refused, Err(ClientError::Input { bytes: of }) if of == bytes));
    }
    assert_eq!(rig.commands(), [""; 0]);
    assert!(rig.client.sign(Key::Auth, &[0; 245]).is_ok());
    let refused = rig.client.sign(Key::Auth, &[0; 246]);
    assert!(
        matches!(refused, Err(ClientError::Refused { step: Step::Sign, .. })),
        "{refused:?}"
    );
}

/// Hanako's card as an issued one, which keeps its state.
fn issued() -> (tempfile::TempDir, CardSource) {
    kept(&CardSource::hanako().issued().unwrap())
}

fn kept(card: &IssuedCard) -> (tempfile::TempDir, CardSource) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.vmyna");
    let mut file = image::create(&path).unwrap();
    file.add(card).unwrap();
    file.finish().unwrap();
    (folder, CardSource::Image(path, None))
}

#[test]
fn a_card_in_use_is_refused_with_the_process_that_has_it_and_keeps_its_tries() {
    let (_folder, card) = issued();
    let mut first = CardClient::open(&card).unwrap();
    first.verify(Pin::Auth, b"0000").unwrap_err();
    match CardClient::open(&card).map(drop) {
        Err(ClientError::InUse(pid)) => assert_eq!(pid, Some(std::process::id())),
        other => panic!("{other:?}"),
    }
    drop(first);
    let mut second = CardClient::open(&card).unwrap();
    assert_eq!(second.tries(Pin::Auth).unwrap().left, 2);
    let missing = CardClient::open(&"no-such-file".parse().unwrap()).map(drop);
    assert!(matches!(missing, Err(ClientError::Open(_))), "{missing:?}");
}

#[test]
fn a_card_that_is_pulled_out_is_gone_and_nothing_is_verified_when_it_is_back() {
    let faults = vec!["remove,ins=2A,nth=1".parse().unwrap()];
    let bench = Bench::new().with_faults(Arc::new(Script::new(faults)));
    let card: OpenCard = CardSource::hanako().open(None).unwrap();
    let mut client = CardClient::new(bench.reader_with(card, Slot::new("test")).unwrap());
    client.verify(Pin::Auth, b"1234").unwrap();
    for outcome in [client.sign(Key::Auth, &[1]), client.sign(Key::Auth, &[1])] {
        assert!(matches!(outcome, Err(ClientError::Gone(_))), "{outcome:?}");
    }
    client.reader.insert().unwrap();
    let after = client.sign(Key::Auth, &[1]);
    assert!(matches!(after, Err(ClientError::NotVerified(Pin::Auth))), "{after:?}");
    client.verify(Pin::Auth, b"1234").unwrap();
    client.sign(Key::Auth, &[1]).unwrap();
}

#[test]
fn a_damaged_answer_is_an_error_and_no_panic() {
    let seeds = (0..8).flat_map(|seed| ["bits", "trailing", "too-long"].map(|kind| format!("{kind},seed={seed}")));
    for kind in seeds.chain(["one-byte", "cut"].map(str::to_owned)) {
        for nth in [2, 3] {
            let fault = format!("garbled={kind},ins=B0,nth={nth}");
            let bench = Bench::new().with_faults(Arc::new(Script::new(vec![fault.parse().unwrap()])));
            let card = CardSource::hanako().open(None).unwrap();
            let mut client = CardClient::new(bench.reader_with(card, Slot::new("test")).unwrap());
            // A cut answer is read on; other damage shows in the length, or in the certificate's signature.
            drop(client.auth_certificate());
        }
    }
}

#[test]
fn errors_are_in_both_languages_and_hold_no_pin() {
    let mut client = CardClient::open(&CardSource::hanako()).unwrap();
    let errors = [
        client.verify(Pin::Auth, b"5678").unwrap_err(),
        client.verify(Pin::Auth, b"56789").unwrap_err(),
        client.verify(Pin::Sign, b"SECRET!").unwrap_err(),
        client.sign(Key::Sign, &[]).unwrap_err(),
        client.sign(Key::Sign, &[0x5A]).unwrap_err(),
        CardClient::open(&"no-such-file".parse().unwrap())
            .map(drop)
            .unwrap_err(),
    ];
    for error in errors {
        let text = error.text();
        assert_ne!(text.en, text.ja);
        assert!(text.ja.ends_with('。') && text.en.ends_with('.'), "{text:?}");
        let all = format!("{error} {error:?} {text:?}");
        for secret in ["5678", "SECRET", "5A"] {
            assert!(!all.contains(secret), "{all}");
        }
    }
    let text = client.verify(Pin::Sign, b"ABC12!").unwrap_err().text();
    assert_eq!(
        text.ja,
        "署名用パスワードは6～16文字の英字と数字です。残り回数は減っていません。"
    );
}
