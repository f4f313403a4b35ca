//! 共通カードAP, the common card application (本人確認業務用領域). Its records are free to read and give the card's serial
//! number, issuer and end. It holds the only key that answers INTERNAL AUTHENTICATE.

use std::fmt;

use vmyna_apdu::{Aid, FileId};
use vmyna_card_os::declaration::{Access, Application, Body, Condition, Format, Operation, PrivateKey, SecureSession};
use vmyna_card_os::rule::{self, Basis};

use crate::aids;
use crate::calendar::Date;
use crate::cv::KeyId;
use crate::person::MunicipalityCode;
use crate::pin_at_issue::PinAtIssue;
use crate::pins;
use crate::profile::Profile;
use crate::{assumed, card_manager, documented, elementary_file, measured};

/// The AID.
pub const AID: Aid = aids::CARD_INFO;

/// The elementary files.
pub mod ef {
    use super::FileId;

    /// Serial number, municipality, expiry.
    pub const CARD_INFO: FileId = FileId::new(0x0001);
    /// The name of a key, the same as in the residence-code application.
    pub const KEY_REFERENCE: FileId = FileId::new(0x0002);
    /// The key that answers INTERNAL AUTHENTICATE.
    pub const AUTHENTICATION_KEY: FileId = FileId::new(0x0019);
    /// 暗証番号.
    pub const PIN: FileId = crate::pins::COMMON.file;
}

/// The PIN: four digits. Terminals keep it equal to the residence-code application's; to the card they are two.
pub const PIN_FORMAT: Format = Format::digits(4);
/// Wrong values in a row that block the PIN.
pub const PIN_TRIES: u8 = 3;

/// 製造番号, the serial number of a card: fifteen ASCII digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardSerial([u8; 15]);

impl CardSerial {
    /// Takes fifteen ASCII digits; else `None`.
    pub fn from_digits(digits: &str) -> Option<Self> {
        let serial: [u8; 15] = digits.as_bytes().try_into().ok()?;
        serial.iter().all(u8::is_ascii_digit).then_some(Self(serial))
    }
}

impl fmt::Display for CardSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|digit| write!(f, "{}", char::from(*digit)))
    }
}

/// What the application of one card holds.
#[derive(Clone, Debug)]
pub struct Contents {
    /// 製造番号.
    pub serial: CardSerial,
    /// The municipality that issued the card.
    pub municipality: MunicipalityCode,
    /// The day on which the card ends.
    pub expiry: Date,
    /// The key named in EF 0002 here and in the residence-code application.
    pub key_reference: KeyId,
    /// The key of EF 0019. No file of the card shows its public half.
    pub authentication_key: PrivateKey,
    /// 暗証番号.
    pub pin: PinAtIssue,
}

/// Declares the application.
pub fn declare(profile: &Profile, contents: Contents) -> Application {
    let text = format!(
        "{}{}{}",
        contents.serial,
        contents.municipality,
        contents.expiry.digits()
    );
    let files = vec![
        elementary_file(
            ef::CARD_INFO,
            ("card information", "カード情報"),
            Body::Records(vec![record(text.as_bytes()).into()]),
            Access::read(Condition::Always),
            documented("all clients: 01 1C, serial (15), municipality (5), expiry (8)"),
        ),
        elementary_file(
            ef::KEY_REFERENCE,
            ("key reference", "鍵参照情報"),
            key_reference(contents.key_reference),
            Access::read(Condition::Always),
            key_reference_basis(),
        ),
        elementary_file(
            ef::AUTHENTICATION_KEY,
            ("internal-authentication private key", "内部認証用秘密鍵"),
            Body::PrivateKey(contents.authentication_key),
            Access::NONE.with(Operation::InternalAuthenticate, Condition::Always),
            measured("myna-card: answers INTERNAL AUTHENTICATE without a credential"),
        ),
        elementary_file(
            ef::PIN,
            pins::COMMON.names(),
            Body::Pin(contents.pin.declare(PIN_FORMAT, PIN_TRIES)),
            change_key_access(ef::PIN),
            documented("myna-card; TRETJapanNFCReader; jpki/myna; 3 tries: municipal pages"),
        ),
    ];
    Application::new(AID, "card_info", "共通カードAP", documented("all clients"))
        .with_files(files)
        .with_data_objects(vec![card_manager::contact_atr(profile)])
        .with_secure_session(SecureSession::Refused(&rule::SESSION_KEY_NO_ENVIRONMENT))
}

/// A record as JICSAP 4.4.1 (1) has it: tag (the record's identifier, here always 01), length in one byte, value. Every
/// value of this card is shorter than 255 bytes, from where on the length would take three.
pub(crate) fn record(value: &[u8]) -> Vec<u8> {
    debug_assert!(value.len() < 0xFF);
    [&[0x01, value.len() as u8], value].concat()
}

/// EF 0002 of this and of the residence-code application: one record with a key's name.
pub(crate) fn key_reference(id: KeyId) -> Body {
    Body::Records(vec![record(id.as_bytes()).into()])
}

pub(crate) fn key_reference_basis() -> Basis {
    assumed(
        "myna-card: one record, a key reference of 16 bytes; free reading, its tag 01 and the key named are assumed",
    )
}

/// The PIN is free to try. Once verified, it may be changed by CHANGE KEY (`80 32 00 80`).
pub(crate) fn change_key_access(pin: FileId) -> Access {
    Access::NONE
        .with(Operation::Verify, Condition::Always)
        .with(Operation::ChangeKey, Condition::Verified(pin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared() -> Application {
        let contents = Contents {
            serial: CardSerial::from_digits("999900000000001").unwrap(),
            municipality: MunicipalityCode::from_digits(*b"13101").unwrap(),
            expiry: Date::from_digits(b"20361025").unwrap(),
            key_reference: KeyId::new(7_000_010, 1, 0).unwrap(),
            authentication_key: PrivateKey::from_pkcs8_der(&[]),
            pin: PinAtIssue::new(b"1234"),
        };
        declare(&Profile::contact(), contents)
    }

    fn records(id: FileId) -> Vec<Vec<u8>> {
        match &declared().file(id).unwrap().body {
            Body::Records(records) => records.iter().map(|record| record.as_bytes().to_vec()).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_first_record_is_serial_municipality_and_expiry_behind_tag_and_length() {
        assert_eq!(records(ef::CARD_INFO), [b"\x01\x1C9999000000000011310120361025"]);
    }

    #[test]
    fn the_key_reference_is_sixteen_bytes_behind_tag_and_length() {
        assert_eq!(
            records(ef::KEY_REFERENCE),
            [b"\x01\x107000010\x08\x05001\x00\x00\x00\x00"]
        );
    }

    #[test]
    fn a_serial_number_has_fifteen_digits() {
        for refused in [
            "",
            "99990000000000",
            "9999000000000011",
            "99990000000000x",
            "９９９９９",
        ] {
            assert!(CardSerial::from_digits(refused).is_none(), "{refused}");
        }
        assert_eq!(
            CardSerial::from_digits("999900000000001").unwrap().to_string(),
            "999900000000001"
        );
    }
}
