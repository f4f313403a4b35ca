//! The clients that have a way to PC/SC of their own, over a real pcscd, its driver vpcd and the card at the other end of
//! it, and over the product's own PC/SC service, where they must see the same. Each test in a process of its own:
//! libpcsclite takes its socket from the environment, once.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)] // the whole file is tests

use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use jpki::ap::CryptoAp;
use jpki::ap::crypto::CertType;
use myna_card::ap::common::CommonAp;
use myna_card::ap::jpki::{JpkiAp, SignatureScheme, TokenType};
use myna_card::ap::surface::SurfaceAp;
use myna_card::ap::text::{self, TextAp};
use myna_card::card::Retries;
use myna_card::transport::pcsc::{PcscTransport, Sharing, connect, connect_any, list_readers};
use myna_card::{Card, Certificate, Date, Error, MasterFile, Pin};
use vmyna_client_tests::{A_DAY, PIN, SIGN_PIN, auth_certificate, card, specimen};
use vmyna_pcsc_service::{Options, PcscLiteService};
use vmyna_reader_bridge::vpcd::{End, VpcdAddress, VpcdServer};
use vmyna_testkit::clients::{Way, proves};
use vmyna_testkit::{PrivatePcscd, in_own_process};

/// pcscd looks for a card each 400 ms; a busy machine may take longer.
const CARD_SEEN_WITHIN: Duration = Duration::from_secs(10);

#[test]
fn clients_use_the_card_through_the_real_pcsc_service() {
    let _myna_card_certificates = proves("myna-card.certificates", Way::Vpcd);
    let _myna_card_signs = proves("myna-card.signs", Way::Vpcd);
    let _myna_card_secure = proves("myna-card.secure", Way::Vpcd);
    let _myna_card_face = proves("myna-card.face", Way::Vpcd);
    let _myna_card_sharing = proves("myna-card.sharing", Way::Vpcd);
    let _jpki_signs = proves("jpki.signs", Way::Vpcd);
    in_own_process("clients_use_the_card_through_the_real_pcsc_service", |socket| {
        let pcscd = PrivatePcscd::start_at(socket, 1).unwrap();
        let mut server = VpcdServer::new(VpcdAddress::local(pcscd.ports()[0]));
        let stop = server.stop_handle();
        let holder = thread::spawn(move || server.run(&mut card(), &mut |_| ()));

        clients(&pcscd.reader_name(0));

        stop.stop();
        assert_eq!(holder.join().unwrap().unwrap(), End::Stopped);
    });
}

#[test]
fn clients_use_the_card_through_the_own_pcsc_service() {
    let _myna_card_certificates = proves("myna-card.certificates", Way::Service);
    let _myna_card_signs = proves("myna-card.signs", Way::Service);
    let _myna_card_secure = proves("myna-card.secure", Way::Service);
    let _myna_card_face = proves("myna-card.face", Way::Service);
    let _myna_card_sharing = proves("myna-card.sharing", Way::Service);
    let _jpki_signs = proves("jpki.signs", Way::Service);
    in_own_process("clients_use_the_card_through_the_own_pcsc_service", |socket| {
        let reader = "vmyna 00 00";
        let service = PcscLiteService::start(socket, Options::new(vec![reader.to_owned()])).unwrap();
        service.hand().insert(reader, Some(Box::new(card()))).unwrap();
        clients(reader);
    });
}

fn clients(reader: &str) {
    myna_card_reads_and_signs(wait_for_card(reader));
    myna_card_reads_the_holder_in_a_secure_session(reader);
    myna_card_shares_the_card_or_not(reader);
    jpki_reads_and_signs();
}

fn wait_for_card(reader: &str) -> Card<PcscTransport> {
    assert!(list_readers().unwrap().iter().any(|name| name == reader));
    let start = Instant::now();
    loop {
        match connect_any(Sharing::Exclusive) {
            Ok(card) => return card,
            Err(error) => assert!(start.elapsed() < CARD_SEEN_WITHIN, "no card: {error}"),
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn myna_card_reads_and_signs(mut card: Card<PcscTransport>) {
    let auth_pin = Pin::numeric(PIN).unwrap();
    let sign_pin = Pin::new(SIGN_PIN).unwrap();

    let mut manager = MasterFile::select(&mut card).unwrap();
    assert_eq!(manager.certificate_chain().unwrap().len(), 2);
    assert_eq!(card.contact_atr().unwrap(), vmyna_applets::Profile::contact().atr);
    assert_eq!(card.get_challenge(256).unwrap().len(), 256);

    let mut jpki = JpkiAp::select(&mut card).unwrap();
    assert_eq!(jpki.read_token_type().unwrap(), TokenType::Card);
    assert_eq!(jpki.auth_pin_retries().unwrap(), Retries::Remaining(3));
    let wrong = jpki.verify_auth_pin(&Pin::numeric("0000").unwrap());
    assert!(
        matches!(wrong, Err(Error::PinIncorrect { retries: Some(2) })),
        "{wrong:?}"
    );
    jpki.verify_auth_pin(&auth_pin).unwrap();
    jpki.verify_sign_pin(&sign_pin).unwrap();
    let chains = [
        [
            jpki.read_auth_certificate().unwrap(),
            jpki.read_auth_ca_certificate().unwrap(),
        ],
        [
            jpki.read_sign_certificate().unwrap(),
            jpki.read_sign_ca_certificate().unwrap(),
        ],
    ];
    for chain in &chains {
        Certificate::verify_chain(chain, Date::parse(A_DAY).unwrap()).unwrap();
    }
    for scheme in [SignatureScheme::Sha256DigestInfo, SignatureScheme::Sha256Pss] {
        jpki.sign_with_auth_key_checked(scheme, &[0xA5; 255]).unwrap();
        jpki.sign_with_sign_key_checked(scheme, &[0xA5; 255]).unwrap();
    }

    card.transport_mut().power_cycle().unwrap();
    let mut jpki = JpkiAp::select(&mut card).unwrap();
    let locked = jpki.sign_with_auth_key(SignatureScheme::Sha256Pss, b"text");
    assert!(
        matches!(locked, Err(Error::Status(sw)) if sw.value() == 0x6982),
        "{locked:?}"
    );
}

/// Commands and answers of extended length, through the service and the driver.
fn myna_card_reads_the_holder_in_a_secure_session(reader: &str) {
    let digits = |digits: &str| Pin::numeric(digits).unwrap();
    let mut card = connect(reader, Sharing::Exclusive).unwrap();
    let mut text = TextAp::select(&mut card).unwrap();
    text.verify_pin(&digits(PIN)).unwrap();
    let name = text.read_attributes().unwrap().name;
    let mut session = text.open_secure_session(&[7; 32]).unwrap();
    session.verify(text::ef::CODE_A, &digits("123456789018")).unwrap();
    let attributes = session.read_ef(text::ef::ATTRIBUTES).unwrap();
    assert_eq!(text::Attributes::parse(&attributes).unwrap().name, name);
    assert_eq!(session.read_ef_physical(text::ef::CERTIFICATE).unwrap().len(), 568);

    let mut surface = SurfaceAp::select(&mut card).unwrap();
    surface.verify_code_b(&digits("01102520362026")).unwrap();
    let issuer = surface.read_certificate().unwrap().public_key;
    let face = surface.read_card_face().unwrap();
    face.verify(&issuer).unwrap();
    let signature = surface.sign(b"challenge").unwrap();
    let scheme = SignatureScheme::Sha256DigestInfo;
    scheme.verify(&face.public_key, b"challenge", &signature).unwrap();

    let info = CommonAp::select(&mut card).unwrap().read_card_info().unwrap();
    assert_eq!(info.serial, specimen().card_info.as_ref().unwrap().serial.to_string());
}

fn myna_card_shares_the_card_or_not(reader: &str) {
    let exclusive = connect(reader, Sharing::Exclusive).unwrap();
    let refused = connect(reader, Sharing::Shared).err().unwrap();
    assert!(format!("{refused:?}").contains("SharingViolation"), "{refused:?}");
    drop(exclusive);
    let [mut first, mut second] = [(); 2].map(|()| connect(reader, Sharing::Shared).unwrap());
    JpkiAp::select(&mut first).unwrap();
    // There is one card, so the second connection finds the application selected.
    second.select_ef(0x0006).unwrap();
    assert_eq!(first.read_binary_physical().unwrap().len(), 160);
}

fn jpki_reads_and_signs() {
    let context = jpki::pcsc::Context::try_new().unwrap();
    let card = context.open().unwrap().connect(context).unwrap();
    let client = CryptoAp::open((), Rc::new(jpki::Card::new(Box::new(card)))).unwrap();
    let certificate = client.read_certificate((), CertType::Auth, Vec::new()).unwrap();
    assert_eq!(certificate, auth_certificate());
    assert_eq!(client.auth_pin_status(()).unwrap(), 3);
    let signature = client.auth((), PIN.into(), b"text".to_vec()).unwrap();
    let key = Certificate::parse(&certificate).unwrap().public_key().unwrap();
    key.verify_pkcs1(b"text", &signature).unwrap();
}
