//! 住基AP, the residence-code application: for the terminals of the resident registry network. What it shows to others
//! is the name of a key, and its PIN.
//!
//! It is official that the application holds the 住民票コード as text behind its PIN. Its file and form are not published.
//! Examinations of cards found that the PIN changes nothing visible, so a real card may need more than the PIN. Here the
//! code is in an EF without a short identifier, where it contradicts no observation.

use vmyna_apdu::{Aid, FileId};
use vmyna_card_os::declaration::{Access, Application, Body, Condition, Format, SecureSession};
use vmyna_card_os::rule;

use crate::aids;
use crate::card_info::{change_key_access, key_reference, key_reference_basis, record};
use crate::cv::KeyId;
use crate::person::ResidenceCode;
use crate::pin_at_issue::PinAtIssue;
use crate::pins;
use crate::profile::Profile;
use crate::{assumed, card_manager, documented, elementary_file};

/// The AID.
pub const AID: Aid = aids::RESIDENCE_CODE;

/// The elementary files.
pub mod ef {
    use super::FileId;

    /// The name of a key, the same as in the common card application.
    pub const KEY_REFERENCE: FileId = FileId::new(0x0002);
    /// 暗証番号.
    pub const PIN: FileId = crate::pins::RESIDENCE.file;
    /// 住民票コード.
    pub const RESIDENCE_CODE: FileId = FileId::new(0x0021);
}

/// 住民基本台帳用暗証番号: four digits. Terminals keep it equal to the common card application's; to the card they are two.
pub const PIN_FORMAT: Format = Format::digits(4);
/// Wrong values in a row that block the PIN.
pub const PIN_TRIES: u8 = 3;

/// What the application of one card holds.
#[derive(Clone, Debug)]
pub struct Contents {
    /// 住民票コード.
    pub residence_code: ResidenceCode,
    /// The key named in EF 0002 here and in the common card application.
    pub key_reference: KeyId,
    /// 暗証番号.
    pub pin: PinAtIssue,
}

/// Declares the application.
pub fn declare(profile: &Profile, contents: Contents) -> Application {
    let files = vec![
        elementary_file(
            ef::KEY_REFERENCE,
            ("key reference", "鍵参照情報"),
            key_reference(contents.key_reference),
            Access::read(Condition::Always),
            key_reference_basis(),
        ),
        elementary_file(
            ef::PIN,
            pins::RESIDENCE.names(),
            Body::Pin(contents.pin.declare(PIN_FORMAT, PIN_TRIES)),
            change_key_access(ef::PIN),
            documented("myna-card; TRETJapanNFCReader; jpki/myna; 3 tries: municipal pages"),
        ),
        elementary_file(
            ef::RESIDENCE_CODE,
            ("residence code", "住民票コード"),
            Body::Records(vec![record(contents.residence_code.digits()).into()]),
            Access::read(Condition::Verified(ef::PIN)),
            assumed("Ministry of Internal Affairs: as text, behind the PIN; identifier and form published nowhere"),
        )
        .secret(),
    ];
    Application::new(
        AID,
        "residence_code",
        "住基AP",
        documented("myna-card; TRETJapanNFCReader; jpki/myna"),
    )
    .with_files(files)
    .with_data_objects(vec![card_manager::contact_atr(profile)])
    .with_secure_session(SecureSession::Refused(&rule::SESSION_KEY_REFUSED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_a_record_of_eleven_digits_behind_the_pin_and_beyond_the_short_identifiers() {
        let contents = Contents {
            residence_code: ResidenceCode::from_digits(*b"12345678903").unwrap(),
            key_reference: KeyId::new(7_000_010, 1, 0).unwrap(),
            pin: PinAtIssue::new(b"1234"),
        };
        let application = declare(&Profile::contact(), contents);
        let file = application.file(ef::RESIDENCE_CODE).unwrap();
        let Body::Records(records) = &file.body else {
            panic!("{file:?}");
        };
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].as_bytes(), b"\x01\x0B12345678903");
        assert_eq!(file.access, Access::read(Condition::Verified(ef::PIN)));
        assert!(file.id.sfi().is_none());
        assert!(!format!("{application:?}").contains("12345678903"));
    }
}
