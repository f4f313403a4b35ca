//! Tries an operation on an object and says what came of it, by APDUs alone.

use std::sync::LazyLock;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rsa::Oaep;
use sha2::Sha256;
use vmyna_applets::cv::{CvCertificate, decode_public_key};

use crate::common::{INPUT_ASSIST, Rig, hex};
use crate::rules::{Judge, Rules, SET_SESSION_KEY};

/// How a command names its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// By SELECT before it.
    Selected,
    /// By the short identifier in the command.
    ShortIdentifier,
}

/// The number by which a command can name the object: files 0001 to 001E have one.
pub(crate) fn short_identifier(object: &str) -> Option<u8> {
    let id = u8::from_str_radix(object.strip_prefix("EF ")?, 16).ok()?;
    (1..=30).contains(&id).then_some(id)
}

/// A command with a value of at most 16 bytes.
pub(crate) fn with_value(header: &str, value: &str) -> String {
    format!("{header} {:02X} {}", value.len(), hex(value.as_bytes()))
}

/// The first half of a terminal's certificate, as the card's own authority issued it.
pub(crate) static CERTIFICATE_BODY: LazyLock<String> = LazyLock::new(|| {
    let file = vmyna_test_vectors::specimens::certificates::TERMINAL_INTERMEDIATE;
    let (body, _) = CvCertificate::from_file(file).unwrap().to_command_data();
    format!("80A206C1 00{:04X} {}", body.len(), hex(&body))
});

/// SET SESSION KEY as the one application with a session takes it: the seed under the public key that EF 0006 gives
/// after the PIN.
pub(crate) static SESSION_KEY: LazyLock<String> = LazyLock::new(|| {
    let mut rig = Rig::hanako();
    rig.select(INPUT_ASSIST);
    rig.expect(&[("00200091 04 31323334", 0x9000)]);
    let file = rig.data("00B08600 000000");
    let key = decode_public_key(file.strip_prefix(&[0xA1, 0x82, 0x01, 0x09]).unwrap()).unwrap();
    let seed = [&[0xA0, 0x22, 0x80, 0x20][..], &[7; 32]].concat();
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let delivered = key.encrypt(&mut rng, Oaep::new::<Sha256>(), &seed).unwrap();
    format!("80AE0000 000100 {}", hex(&delivered))
});

/// What the card answers, and whether it did what was asked, wholly and rightly.
pub(crate) fn attempt(rig: &mut Rig, rules: &Rules, object: &str, operation: &str, way: Way) -> (u16, bool) {
    if operation == SET_SESSION_KEY {
        let sw = rig.sw(&SESSION_KEY);
        return (sw, sw == 0x9000);
    }
    if let Some(tag) = object.strip_prefix("GET DATA ") {
        let (data, sw) = rig.send(&format!("00CA{tag} 000000"));
        return (sw, sw == 0x9000 && !data.is_empty());
    }
    let ef = object.strip_prefix("EF ").unwrap();
    let sfi = match way {
        Way::Selected => {
            assert_eq!(rig.sw(&format!("00A4020C 02 {ef}")), 0x9000, "SELECT {object}");
            0
        }
        Way::ShortIdentifier => short_identifier(object).unwrap(),
    };
    let named = 0x80 + sfi;
    let signed = |(data, sw): (Vec<u8>, u16)| (sw, sw == 0x9000 && data.len() == 256);
    match operation {
        "read" => read(rig, rules, object, sfi),
        "verify" => verify(rig, rules, ef, named),
        "change reference data" => change(rig, rules, ef, named, "002401"),
        "change key" => change(rig, rules, ef, named, "803200"),
        "compute signature" => {
            let by_name = signed(rig.send(&format!("802A00{named:02X} 03 313233 00")));
            let default = rules.row(object, operation).is_some_and(|row| row.default);
            let by_default = default.then(|| signed(rig.send("802A0000 03 313233 00")));
            (by_name.0, by_name.1 && by_default.is_none_or(|(_, done)| done))
        }
        "internal authenticate" => signed(rig.send(&format!("008800{named:02X} 03 313233 00"))),
        "external authenticate" => {
            let sw = rig.sw(&format!("008200{named:02X} 08 0102030405060708"));
            (sw, sw == 0x9000)
        }
        "verify certificate" => {
            // Has no form with a short identifier.
            rig.expect(&[(&format!("00A4020C 02 {ef}"), 0x9000)]);
            let sw = rig.sw(&CERTIFICATE_BODY);
            (sw, sw == 0x9000)
        }
        _ => panic!("{operation} is no operation"),
    }
}

/// Every byte of a transparent file, or every record and none behind the last; the other instruction never fits.
fn read(rig: &mut Rig, rules: &Rules, object: &str, sfi: u8) -> (u16, bool) {
    let p1 = if sfi == 0 { 0 } else { 0x80 + sfi };
    let bytes = rig.send(&format!("00B0{p1:02X}00 000000"));
    let mut record = |number: u8| rig.send(&format!("00B2{number:02X}{:02X} 000000", sfi << 3 | 4));
    let Some(records) = rules.row(object, "read").and_then(|row| row.records) else {
        let (data, sw) = bytes;
        return (
            sw,
            sw == 0x9000 && !data.is_empty() && matches!(record(1).1, 0x6981 | 0x6982),
        );
    };
    let all = (1..=records).all(|number| matches!(record(number), (data, 0x9000) if !data.is_empty()));
    let ends = record(records + 1).1 == 0x6A83;
    (record(1).1, bytes.1 == 0x6981 && all && ends)
}

/// The query, which tells the tries; and of a PIN without any that a value is refused.
fn verify(rig: &mut Rig, rules: &Rules, ef: &str, named: u8) -> (u16, bool) {
    let sw = rig.sw(&format!("002000{named:02X}"));
    let Some(pin) = rules.pin(ef) else {
        return (sw, false);
    };
    let counted = sw == 0x63C0 + u16::from(pin.tries);
    let blocked = pin.tries > 0 || rig.sw(&with_value(&format!("002000{named:02X}"), "1234")) == 0x6984;
    (sw, counted && blocked)
}

/// A new value; then the value that should be the PIN's is verified.
fn change(rig: &mut Rig, rules: &Rules, ef: &str, named: u8, header: &str) -> (u16, bool) {
    let pin = rules.pin(ef).filter(|pin| pin.tries > 0);
    let (old, new) = pin.map_or(("1234", "5678"), |pin| rules.values(pin));
    let sw = rig.sw(&with_value(&format!("{header}{named:02X}"), new));
    if pin.is_some() {
        let now = if sw == 0x9000 { new } else { old };
        let check = rig.sw(&with_value(&format!("002000{named:02X}"), now));
        assert_eq!(check, 0x9000, "EF {ef}: {header} answered {sw:04X} and did otherwise");
    }
    (sw, sw == 0x9000)
}
