//! 券面事項確認AP, the face-info application: the card's printed face as signed pictures, to check that the face is genuine,
//! and a record that holds no more of the cardholder than the birth date.
//!
//! Its reference data are values printed on the card, so that a person with the card in hand may read it. The My Number's
//! picture needs the My Number.

use vmyna_apdu::{Aid, FileId};
use vmyna_card_os::declaration::{
    Access, Application, Body, Condition, Content, Format, Operation, PrivateKey, SecureSession,
};
use vmyna_card_os::rule;

use crate::aids;
use crate::pin_at_issue::PinAtIssue;
use crate::pins;
use crate::profile::Profile;
use crate::{card_manager, documented, elementary_file, measured, unknown_internal_file, verify_only};

/// The AID.
pub const AID: Aid = aids::FACE_INFO;

/// The elementary files.
pub mod ef {
    use super::FileId;

    /// Age record.
    pub const AGE_RECORD: FileId = FileId::new(0x0001);
    /// The card's face.
    pub const CARD_FACE: FileId = FileId::new(0x0002);
    /// Basic information on the application.
    pub const BASIC_INFORMATION: FileId = FileId::new(0x0003);
    /// CV certificate of the key that signed the data.
    pub const CERTIFICATE: FileId = FileId::new(0x0004);
    /// The My Number as a picture.
    pub const MY_NUMBER_PICTURE: FileId = FileId::new(0x0005);
    /// Of unknown purpose.
    pub const UNKNOWN_0006: FileId = FileId::new(0x0006);
    /// 生年月日 PIN.
    pub const BIRTH_DATE_PIN: FileId = crate::pins::BIRTH.file;
    /// 照合番号B. (In the input-assist application this number is another file.)
    pub const CODE_B: FileId = crate::pins::FACE_CODE_B.file;
    /// 照合番号A.
    pub const CODE_A: FileId = crate::pins::FACE_CODE_A.file;
    /// The key with which the card proves that it is present.
    pub const AUTHENTICATION_KEY: FileId = FileId::new(0x001A);
}

/// 生年月日 PIN: year of the Japanese era, month and day, two digits each.
pub const BIRTH_DATE_PIN_FORMAT: Format = Format::digits(6);
/// 照合番号A: the My Number.
pub const CODE_A_FORMAT: Format = Format::digits(12);
/// 照合番号B: birth PIN, year of the card's expiry, security code.
pub const CODE_B_FORMAT: Format = Format::digits(14);
/// Wrong values in a row that block a code. For the birth PIN the number is not published.
pub const TRIES: u8 = 10;

/// The files of one card. `Debug` shows only their lengths.
#[derive(Clone, Debug)]
pub struct FaceData {
    /// EF 0001, the age record: `FF10 { DF11 birth date, DF12 public key, DF13 signature }`; 547 bytes.
    pub age_record: Content,
    /// EF 0002, the card's face: `FF20 { DF21 offsets, DF22 birth date, DF23 sex, DF24 public key, DF25 name picture, DF26
    /// address picture, DF27 photo, DF28 signature, DF29 expiry, DF2A security code picture }`.
    pub card_face: Content,
    /// EF 0003: `FF30 { DF31 identification, DF32 key id, DF33 version, DF34 municipality, DF35 key id and 256 bytes }`; 320
    /// bytes.
    pub basic_information: Content,
    /// EF 0004: the CV certificate of the data-signing key; 568 bytes.
    pub certificate: Content,
    /// EF 0005: `FF40 { DF41 My Number picture, DF42 public key, DF43 signature }`.
    pub my_number_picture: Content,
}

impl FaceData {
    /// The files with their identifiers, ascending.
    #[must_use]
    pub const fn files(&self) -> [(u16, &Content); 5] {
        [
            (0x0001, &self.age_record),
            (0x0002, &self.card_face),
            (0x0003, &self.basic_information),
            (0x0004, &self.certificate),
            (0x0005, &self.my_number_picture),
        ]
    }
}

/// What the application of one card holds.
#[derive(Clone, Debug)]
pub struct Contents {
    /// EF 0001 to 0005.
    pub data: FaceData,
    /// Key 001A. Its public half is in EF 0001, 0002 and 0005.
    pub authentication_key: PrivateKey,
    /// 生年月日 PIN.
    pub birth_date_pin: PinAtIssue,
    /// 照合番号A.
    pub code_a: PinAtIssue,
    /// 照合番号B.
    pub code_b: PinAtIssue,
}

/// Declares the application.
pub fn declare(profile: &Profile, contents: Contents) -> Application {
    let data = contents.data;
    let [birth, a, b] = [ef::BIRTH_DATE_PIN, ef::CODE_A, ef::CODE_B].map(Condition::Verified);
    let either_code = Condition::AnyOf(vec![a.clone(), b]);
    let files = vec![
        elementary_file(
            ef::AGE_RECORD,
            ("age record", "年齢確認情報"),
            Body::Transparent(data.age_record),
            Access::read(birth),
            measured("myna-card: the birth date opens it, the codes do not; PocketSign names the PIN"),
        )
        .secret(),
        elementary_file(
            ef::CARD_FACE,
            ("card face", "券面事項"),
            Body::Transparent(data.card_face),
            Access::read(either_code.clone()),
            measured("myna-card: either code opens it; several clients"),
        )
        .secret(),
        elementary_file(
            ef::BASIC_INFORMATION,
            ("basic information", "AP基本情報"),
            Body::Transparent(data.basic_information),
            Access::read(Condition::Always),
            documented("several clients; dump of a test card (myna-card); what DF35 holds is assumed"),
        ),
        elementary_file(
            ef::CERTIFICATE,
            ("CV certificate of the data-signing key", "データ署名鍵のCV証明書"),
            Body::Transparent(data.certificate),
            Access::read(Condition::Always),
            documented("several clients; dump of a test card (myna-card)"),
        ),
        elementary_file(
            ef::MY_NUMBER_PICTURE,
            ("My Number picture", "個人番号画像"),
            Body::Transparent(data.my_number_picture),
            Access::read(a),
            measured("myna-card: code A opens it, code B does not; several clients"),
        )
        .secret(),
        elementary_file(
            ef::UNKNOWN_0006,
            ("unknown protected file", "用途不明の保護ファイル"),
            Body::Transparent(vec![0xFF; 16].into()),
            Access::read(either_code),
            measured("myna-card: 16 x FF, behind either code"),
        ),
        elementary_file(
            ef::BIRTH_DATE_PIN,
            pins::BIRTH.names(),
            Body::Pin(contents.birth_date_pin.declare(BIRTH_DATE_PIN_FORMAT, TRIES)),
            verify_only(),
            documented("myna-card; PocketSign; its 10 tries are assumed, as those of the codes"),
        ),
        elementary_file(
            ef::CODE_B,
            pins::FACE_CODE_B.names(),
            Body::Pin(contents.code_b.declare(CODE_B_FORMAT, TRIES)),
            verify_only(),
            documented("several clients; Digital Agency: 10 tries"),
        ),
        elementary_file(
            ef::CODE_A,
            pins::FACE_CODE_A.names(),
            Body::Pin(contents.code_a.declare(CODE_A_FORMAT, TRIES)),
            verify_only(),
            documented("several clients; sc-tools-myna: 10 tries"),
        ),
        elementary_file(
            ef::AUTHENTICATION_KEY,
            ("active-authentication key", "能動認証用秘密鍵"),
            Body::PrivateKey(contents.authentication_key),
            Access::NONE
                .with(Operation::ComputeSignature, Condition::Always)
                .with(Operation::InternalAuthenticate, Condition::Unsuited),
            measured("myna-card: 80 2A signs without a credential, INTERNAL AUTHENTICATE answers 6985"),
        ),
        unknown_internal_file(),
    ];
    Application::new(
        AID,
        "face_info",
        "券面事項確認AP",
        documented("all clients that read the card's face"),
    )
    .with_files(files)
    .with_data_objects(vec![card_manager::contact_atr(profile)])
    .with_default_key(ef::AUTHENTICATION_KEY)
    .with_secure_session(SecureSession::Refused(&rule::SESSION_KEY_NO_ENVIRONMENT))
}

#[cfg(test)]
mod tests;
