//! 券面事項入力補助AP, the input-assist application: the My Number and the four attributes (name, address, birth date,
//! sex) as text, so that they need no typing, with the issuer's signatures over them. It is the one application with a
//! secure session.
//!
//! The PIN opens all files. 照合番号A, the My Number, opens the number. 照合番号B, from the card's face, opens the
//! attributes.

use vmyna_apdu::{Aid, FileId};
use vmyna_card_os::declaration::{
    Access, Application, Body, Characters, Condition, Content, Format, Operation, Pin, PrivateKey, ReferenceData,
    SecureSession,
};

use crate::aids;
use crate::pin_at_issue::PinAtIssue;
use crate::pins;
use crate::profile::Profile;
use crate::{assumed, card_manager, documented, elementary_file, measured, unknown_internal_file, verify_only};

/// The AID.
pub const AID: Aid = aids::INPUT_ASSIST;

/// The elementary files.
pub mod ef {
    use super::FileId;

    /// 個人番号.
    pub const MY_NUMBER: FileId = FileId::new(0x0001);
    /// 基本4情報.
    pub const ATTRIBUTES: FileId = FileId::new(0x0002);
    /// Digests of the two and a signature over them.
    pub const INTEGRITY: FileId = FileId::new(0x0003);
    /// The CV certificate of the key that signs.
    pub const CERTIFICATE: FileId = FileId::new(0x0004);
    /// Basic information about the application.
    pub const BASIC_INFORMATION: FileId = FileId::new(0x0005);
    /// The public key that a session key is encrypted to.
    pub const SESSION_KEY: FileId = FileId::new(0x0006);
    /// The public half of [`AUTHENTICATION_KEY`] and a signature over it.
    pub const SIGNED_KEY: FileId = FileId::new(0x0007);
    /// Of unknown purpose.
    pub const UNKNOWN_0008: FileId = FileId::new(0x0008);
    /// 暗証番号.
    pub const PIN: FileId = crate::pins::INPUT_ASSIST.file;
    /// A key reference that is blocked on every card.
    pub const BLOCKED: FileId = FileId::new(0x0012);
    /// The key by which the card proves that it is present.
    pub const AUTHENTICATION_KEY: FileId = FileId::new(0x0013);
    /// 照合番号A.
    pub const CODE_A: FileId = crate::pins::CODE_A.file;
    /// 照合番号B.
    pub const CODE_B: FileId = crate::pins::CODE_B.file;
}

/// 券面事項入力補助用暗証番号: four digits.
pub const PIN_FORMAT: Format = Format::digits(4);
/// Wrong values in a row that block the PIN.
pub const PIN_TRIES: u8 = 3;
/// 照合番号A: the My Number.
pub const CODE_A_FORMAT: Format = Format::digits(12);
/// 照合番号B: birth date in the era's year, expiry year and security code.
pub const CODE_B_FORMAT: Format = Format::digits(14);
/// Wrong values in a row that block either 照合番号.
pub const CODE_TRIES: u8 = 10;

/// The files of one card. `Debug` shows only their lengths.
#[derive(Clone, Debug)]
pub struct TextData {
    /// EF 0001, 個人番号: `FF10 0C` twelve digits, then two bytes of filler; 17 bytes.
    pub my_number: Content,
    /// EF 0002, 基本4情報: `FF20 { DF21 offsets, DF22 name, DF23 address, DF24 birth, DF25 sex }`; UTF-8.
    pub attributes: Content,
    /// EF 0003: `FF30 { DF31 digest of EF 0001, DF32 digest of EF 0002, DF33 signature }`; 336 bytes.
    pub integrity: Content,
    /// EF 0004: the CV certificate of the data-signing key; 568 bytes.
    pub certificate: Content,
    /// EF 0005: `FF40 { DF41 identification, DF42 key id, DF43 128 bytes }`; 164 bytes.
    pub basic_information: Content,
    /// EF 0006: `A1 { 90 exponent, 91 modulus }` of the key that a session key is encrypted to; 269 bytes.
    pub session_key: Content,
    /// EF 0007: `FF50 { DF51 public key of EF 0013, DF52 signature }`; 536 bytes.
    pub signed_key: Content,
}

impl TextData {
    /// The files with their identifiers, ascending.
    #[must_use]
    pub const fn files(&self) -> [(u16, &Content); 7] {
        [
            (0x0001, &self.my_number),
            (0x0002, &self.attributes),
            (0x0003, &self.integrity),
            (0x0004, &self.certificate),
            (0x0005, &self.basic_information),
            (0x0006, &self.session_key),
            (0x0007, &self.signed_key),
        ]
    }
}

/// What the application of one card holds.
#[derive(Clone, Debug)]
pub struct Contents {
    /// EF 0001 to 0007.
    pub data: TextData,
    /// 暗証番号.
    pub pin: PinAtIssue,
    /// 照合番号A.
    pub code_a: PinAtIssue,
    /// 照合番号B.
    pub code_b: PinAtIssue,
    /// The key with its public half in EF 0007.
    pub authentication_key: PrivateKey,
    /// The key with its public half in EF 0006.
    pub session_key: PrivateKey,
}

/// Declares the application.
pub fn declare(profile: &Profile, contents: Contents) -> Application {
    let data = contents.data;
    let read = |pins: &[FileId]| Access::read(any_of(pins));
    let free = || Access::read(Condition::Always);
    let transparent = Body::Transparent;
    let files = vec![
        elementary_file(
            ef::MY_NUMBER,
            ("My Number", "個人番号"),
            transparent(data.my_number),
            read(&[ef::PIN, ef::CODE_A]),
            documented("all clients; A does and B does not open it: myna-card"),
        )
        .secret(),
        elementary_file(
            ef::ATTRIBUTES,
            ("four attributes", "基本4情報"),
            transparent(data.attributes),
            read(&[ef::PIN, ef::CODE_B]),
            documented("all clients; B does and A does not open it: myna-card"),
        )
        .secret(),
        elementary_file(
            ef::INTEGRITY,
            ("digests and signature", "ハッシュ値と署名"),
            transparent(data.integrity),
            read(&[ef::PIN, ef::CODE_A, ef::CODE_B]),
            documented("jpki/myna; milkcocoa0902/Jpki; myna-card"),
        )
        .secret(),
        elementary_file(
            ef::CERTIFICATE,
            ("CV certificate of the signing key", "署名鍵のCV証明書"),
            transparent(data.certificate),
            free(),
            documented("jpki/myna; milkcocoa0902/Jpki; myna-card"),
        ),
        elementary_file(
            ef::BASIC_INFORMATION,
            ("basic information", "AP基本情報"),
            transparent(data.basic_information),
            free(),
            documented("jpki/myna; jsapdu; myna-card; what DF43 holds is assumed"),
        ),
        elementary_file(
            ef::SESSION_KEY,
            ("public key for session keys", "セッション鍵配送用公開鍵"),
            transparent(data.session_key),
            read(&[ef::PIN, ef::CODE_A, ef::CODE_B]),
            measured("dump of a test card (myna-card)"),
        ),
        elementary_file(
            ef::SIGNED_KEY,
            ("signed public key of the card", "署名付きカード公開鍵"),
            transparent(data.signed_key),
            read(&[ef::PIN, ef::CODE_A, ef::CODE_B]),
            measured("dump of a test card (myna-card)"),
        ),
        elementary_file(
            ef::UNKNOWN_0008,
            ("unknown file", "用途不明のファイル"),
            transparent(Content::from(vec![0xFF; 16])),
            read(&[ef::PIN, ef::CODE_A, ef::CODE_B]),
            assumed("myna-card: 16 x FF; its read access is not published, so that of EF 0003"),
        ),
        elementary_file(
            ef::PIN,
            pins::INPUT_ASSIST.names(),
            Body::Pin(contents.pin.declare(PIN_FORMAT, PIN_TRIES)),
            Access::NONE
                .with(Operation::Verify, Condition::Always)
                .with(Operation::ChangeReferenceData, Condition::Verified(ef::PIN)),
            documented("all clients; J-LIS: 3 tries"),
        ),
        elementary_file(
            ef::BLOCKED,
            ("blocked key reference", "閉塞済みの照合鍵"),
            Body::Pin(blocked()),
            verify_only(),
            measured("myna-card: on every card the query answers 63C0 and an attempt 6984; its limit is assumed"),
        ),
        elementary_file(
            ef::AUTHENTICATION_KEY,
            ("active-authentication private key", "能動認証用秘密鍵"),
            Body::PrivateKey(contents.authentication_key),
            Access::NONE
                .with(Operation::ComputeSignature, Condition::Always)
                .with(Operation::InternalAuthenticate, Condition::Unsuited),
            measured("myna-card: 80 2A needs no credential, INTERNAL AUTHENTICATE answers 6985"),
        ),
        elementary_file(
            ef::CODE_A,
            pins::CODE_A.names(),
            Body::Pin(contents.code_a.declare(CODE_A_FORMAT, CODE_TRIES)),
            verify_only(),
            documented("myna-card; jsapdu; sc-tools-myna: 10 tries"),
        ),
        elementary_file(
            ef::CODE_B,
            pins::CODE_B.names(),
            Body::Pin(contents.code_b.declare(CODE_B_FORMAT, CODE_TRIES)),
            verify_only(),
            documented("myna-card; jsapdu; Digital Agency: 10 tries"),
        ),
        unknown_internal_file(),
    ];
    Application::new(AID, "input_assist", "券面事項入力補助AP", documented("all clients"))
        .with_files(files)
        .with_data_objects(vec![card_manager::contact_atr(profile)])
        .with_default_key(ef::AUTHENTICATION_KEY)
        .with_secure_session(SecureSession::Offered {
            key: contents.session_key,
            condition: Condition::Verified(ef::PIN),
            basis: measured("myna-card: the PIN opens it, 照合番号A does not"),
        })
}

fn any_of(pins: &[FileId]) -> Condition {
    Condition::AnyOf(pins.iter().map(|pin| Condition::Verified(*pin)).collect())
}

/// Issued without a try: no value is ever compared with it.
fn blocked() -> Pin {
    let any = Format {
        characters: Characters::Bytes,
        min: 1,
        max: 16,
    };
    Pin {
        tries_at_issue: 0,
        ..Pin::new(ReferenceData::new(&[0xFF; 16]), any, PIN_TRIES)
    }
}
