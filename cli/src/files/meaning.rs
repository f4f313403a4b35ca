//! What the data objects of the card's files mean, file by file. Only for applications of the My Number Card: those of a
//! user's own may use the same tags for something else.
//!
//! Sources: the published dump and documentation of a test card (myna-card), and the clients that read the same tags.

use vmyna_applets::{card_manager, face_info, input_assist};
use vmyna_card_os::Aid;

/// How a value is to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Objects.
    Objects,
    /// UTF-8, which digits are too.
    Text,
    /// `YYYYMMDD`.
    Date,
    /// A digit of ISO/IEC 5218.
    Sex,
    /// Two bytes each.
    Offsets,
    /// 16 bytes.
    KeyId,
    /// A [`Form::KeyId`] and more.
    KeyIdAndBytes,
    /// The tags and lengths of a certificate's fields, without their values.
    HeaderList,
    /// Issuer and subject of a CV certificate, and the subject's public key.
    CertificateBody,
    /// Version, length support, vendor; four bytes.
    Identification,
    /// Looks for a picture, then for text.
    Any,
    /// Hexadecimal digits.
    Bytes,
}

/// Name and form of a tag.
pub(super) type Meaning = (&'static str, Form);

const OFFSETS: Meaning = ("offsets of the objects below, from the file's beginning", Form::Offsets);
const IDENTIFICATION: Meaning = ("identification", Form::Identification);
const BIRTH: Meaning = ("birth date 生年月日", Form::Date);
const SEX: Meaning = ("sex 性別", Form::Sex);
const PRESENCE_KEY: Meaning = ("public key of 001A, which proves the card's presence", Form::Objects);

/// What `tag` means in a file or object (`id`) of an application; `None` where that is not known.
pub(super) fn of(application: Aid, id: u16, tag: u16) -> Option<Meaning> {
    let common = match tag {
        0x90 => Some(("exponent", Form::Bytes)),
        0x91 => Some(("modulus", Form::Bytes)),
        0x7F21 => Some(("CV certificate", Form::Objects)),
        0x5F4E => Some(("certificate body", Form::CertificateBody)),
        0x5F37 => Some(("signature of the body", Form::Bytes)),
        _ => None,
    };
    let own = if application == input_assist::AID {
        in_input_assist(id, tag)
    } else if application == face_info::AID {
        in_face_info(id, tag)
    } else if application == card_manager::AID {
        in_card_manager(id, tag)
    } else {
        return None;
    };
    own.or(common)
}

fn in_input_assist(id: u16, tag: u16) -> Option<Meaning> {
    Some(match (id, tag) {
        (0x0001, 0xFF10) => ("My Number 個人番号", Form::Text),
        (0x0002, 0xFF20) => ("four attributes 基本4情報", Form::Objects),
        (0x0002, 0xDF21) => OFFSETS,
        (0x0002, 0xDF22) => ("name 氏名", Form::Text),
        (0x0002, 0xDF23) => ("address 住所", Form::Text),
        (0x0002, 0xDF24) => BIRTH,
        (0x0002, 0xDF25) => SEX,
        (0x0003, 0xFF30) => ("digests and signature", Form::Objects),
        (0x0003, 0xDF31) => ("SHA-256 of the whole EF 0001", Form::Bytes),
        (0x0003, 0xDF32) => ("SHA-256 of DF22 to DF25 of EF 0002", Form::Bytes),
        (0x0003, 0xDF33) => ("signature of what stands before it, by the key in EF 0004", Form::Bytes),
        (0x0005, 0xFF40) => ("basic information", Form::Objects),
        (0x0005, 0xDF41) => IDENTIFICATION,
        (0x0005, 0xDF42) => ("key id", Form::KeyId),
        (0x0005, 0xDF43) => ("unknown", Form::Bytes),
        (0x0006, 0xA1) => ("public key for session keys", Form::Objects),
        (0x0007, 0xFF50) => ("public key of the card, signed", Form::Objects),
        (0x0007, 0xDF51) => ("public key of 0013, which proves the card's presence", Form::Objects),
        (0x0007, 0xDF52) => ("signature of DF51, by the key in EF 0004", Form::Bytes),
        _ => return None,
    })
}

fn in_face_info(id: u16, tag: u16) -> Option<Meaning> {
    Some(match (id, tag) {
        (0x0001, 0xFF10) => ("age record", Form::Objects),
        (0x0001, 0xDF11) => BIRTH,
        (0x0001, 0xDF12) | (0x0002, 0xDF24) | (0x0005, 0xDF42) => PRESENCE_KEY,
        (0x0001, 0xDF13) => ("signature of DF11 and DF12, by the key in EF 0004", Form::Bytes),
        (0x0002, 0xFF20) => ("card face 券面事項", Form::Objects),
        (0x0002, 0xDF21) => OFFSETS,
        (0x0002, 0xDF22) => BIRTH,
        (0x0002, 0xDF23) => SEX,
        (0x0002, 0xDF25) => ("name 氏名", Form::Any),
        (0x0002, 0xDF26) => ("address 住所", Form::Any),
        (0x0002, 0xDF27) => ("photo 顔写真", Form::Any),
        (0x0002, 0xDF28) => ("signature of the digests of DF22-24, DF25-26 and DF27", Form::Bytes),
        (0x0002, 0xDF29) => ("expiry 有効期限", Form::Date),
        (0x0002, 0xDF2A) => ("security code セキュリティコード", Form::Any),
        (0x0003, 0xFF30) => ("basic information", Form::Objects),
        (0x0003, 0xDF31) => IDENTIFICATION,
        (0x0003, 0xDF32) => ("key id", Form::KeyId),
        (0x0003, 0xDF33) => ("unknown", Form::Bytes),
        (0x0003, 0xDF34) => ("municipality code", Form::Text),
        (0x0003, 0xDF35) => ("key id, and 256 bytes of unknown meaning", Form::KeyIdAndBytes),
        (0x0005, 0xFF40) => ("My Number picture", Form::Objects),
        (0x0005, 0xDF41) => ("My Number 個人番号", Form::Any),
        (0x0005, 0xDF43) => ("signature of DF41 and DF42, by the key in EF 0004", Form::Bytes),
        _ => return None,
    })
}

fn in_card_manager(id: u16, tag: u16) -> Option<Meaning> {
    Some(match (id, tag) {
        (0x00F8 | 0x7F21, 0x4D) => ("header list: what the body holds", Form::HeaderList),
        (0x0066, 0x73) => ("card recognition data (GlobalPlatform)", Form::Objects),
        (0x0066, 0x60) => ("card management type and version", Form::Objects),
        (0x0066, 0x63) => ("card identification scheme", Form::Objects),
        (0x0066, 0x64) => ("secure channel protocol", Form::Objects),
        (0x0066, 0x06) => ("object identifier", Form::Bytes),
        _ => return None,
    })
}

/// The form of an object of GET DATA whose value is no TLV.
pub(super) fn of_object(application: Aid, tag: u16) -> Form {
    if application != card_manager::AID {
        return Form::Any;
    }
    match tag {
        0x0042 | 0x00F7 => Form::KeyId,
        0x00F2 => Form::Date,
        0x0045 | 0x00F0 => Form::Text,
        _ => Form::Any,
    }
}

/// Whether an object of GET DATA is made of objects. Texts and identifiers could be mistaken for them.
pub(super) fn is_tree(application: Aid, tag: u16) -> bool {
    application == card_manager::AID && matches!(tag, 0x0066 | 0x00F8 | 0x7F21)
}
