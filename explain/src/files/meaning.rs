//! The meaning of the data objects in the card's files. It applies only to the applications of the My Number Card, because
//! another application may use the same tags for something else.
//!
//! Sources: the published dump and documentation of a test card (myna-card), and the clients that read the same tags.

use vmyna_apdu::{Aid, Language};
use vmyna_applets::{card_manager, face_info, input_assist};

/// The form in which a value is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Objects.
    Objects,
    /// UTF-8, also digits.
    Text,
    /// `YYYYMMDD`.
    Date,
    /// A digit of ISO/IEC 5218.
    Sex,
    /// Two bytes each.
    Offsets,
    /// 16 bytes.
    KeyId,
    /// A [`Form::KeyId`] and more bytes.
    KeyIdAndBytes,
    /// The tags and lengths of a certificate's fields, without their values.
    HeaderList,
    /// Issuer and subject of a CV certificate, and the subject's public key.
    CertificateBody,
    /// Version, length support, vendor; four bytes.
    Identification,
    /// A picture if it is one, then text if it is UTF-8.
    Any,
    /// Hexadecimal digits.
    Bytes,
}

/// Name and form of a tag.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meaning {
    /// In English, followed by the card's own term if that is Japanese.
    en: &'static str,
    ja: &'static str,
    pub(crate) form: Form,
}

impl Meaning {
    /// The name in this language.
    pub(crate) fn name(self, language: Language) -> &'static str {
        match language {
            Language::En => self.en,
            Language::Ja => self.ja,
        }
    }
}

const fn is(en: &'static str, ja: &'static str, form: Form) -> Meaning {
    Meaning { en, ja, form }
}

const OFFSETS: Meaning = is(
    "offsets of the following objects from the beginning of the file",
    "以下の各オブジェクトのファイル先頭からのオフセット",
    Form::Offsets,
);
const IDENTIFICATION: Meaning = is("identification", "識別情報", Form::Identification);
const BIRTH: Meaning = is("birth date 生年月日", "生年月日", Form::Date);
const SEX: Meaning = is("sex 性別", "性別", Form::Sex);
const PRESENCE_KEY: Meaning = is(
    "public key of 001A, which proves the card's presence",
    "カードの真正性を示す鍵001Aの公開鍵",
    Form::Objects,
);

/// The meaning of `tag` in the file or data object `id` of an application; `None` if it is not known.
pub(crate) fn of(application: Aid, id: u16, tag: u16) -> Option<Meaning> {
    let common = match tag {
        0x90 => Some(is("exponent", "公開指数", Form::Bytes)),
        0x91 => Some(is("modulus", "モジュラス", Form::Bytes)),
        0x7F21 => Some(is("CV certificate", "CV証明書", Form::Objects)),
        0x5F4E => Some(is("certificate body", "証明書本体", Form::CertificateBody)),
        0x5F37 => Some(is("signature of the body", "本体への署名", Form::Bytes)),
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
        (0x0001, 0xFF10) => is("My Number 個人番号", "個人番号", Form::Text),
        (0x0002, 0xFF20) => is("four attributes 基本4情報", "基本4情報", Form::Objects),
        (0x0002, 0xDF21) => OFFSETS,
        (0x0002, 0xDF22) => is("name 氏名", "氏名", Form::Text),
        (0x0002, 0xDF23) => is("address 住所", "住所", Form::Text),
        (0x0002, 0xDF24) => BIRTH,
        (0x0002, 0xDF25) => SEX,
        (0x0003, 0xFF30) => is("digests and signature", "ハッシュ値と署名", Form::Objects),
        (0x0003, 0xDF31) => is("SHA-256 of the whole EF 0001", "EF 0001全体のSHA-256", Form::Bytes),
        (0x0003, 0xDF32) => is(
            "SHA-256 of DF22 to DF25 of EF 0002",
            "EF 0002のDF22〜DF25のSHA-256",
            Form::Bytes,
        ),
        (0x0003, 0xDF33) => is(
            "signature of the objects before it, by the key in EF 0004",
            "直前までへの署名（EF 0004の鍵による）",
            Form::Bytes,
        ),
        (0x0005, 0xFF40) => is("basic information", "AP基本情報", Form::Objects),
        (0x0005, 0xDF41) => IDENTIFICATION,
        (0x0005, 0xDF42) => is("key id", "鍵ID", Form::KeyId),
        (0x0005, 0xDF43) => is("unknown", "用途不明", Form::Bytes),
        (0x0006, 0xA1) => is("public key for session keys", "セッション鍵配送用公開鍵", Form::Objects),
        (0x0007, 0xFF50) => is("public key of the card, signed", "署名付きカード公開鍵", Form::Objects),
        (0x0007, 0xDF51) => is(
            "public key of 0013, which proves the card's presence",
            "カードの真正性を示す鍵0013の公開鍵",
            Form::Objects,
        ),
        (0x0007, 0xDF52) => is(
            "signature of DF51, by the key in EF 0004",
            "DF51への署名（EF 0004の鍵による）",
            Form::Bytes,
        ),
        _ => return None,
    })
}

fn in_face_info(id: u16, tag: u16) -> Option<Meaning> {
    Some(match (id, tag) {
        (0x0001, 0xFF10) => is("age record", "年齢確認情報", Form::Objects),
        (0x0001, 0xDF11) => BIRTH,
        (0x0001, 0xDF12) | (0x0002, 0xDF24) | (0x0005, 0xDF42) => PRESENCE_KEY,
        (0x0001, 0xDF13) => is(
            "signature of DF11 and DF12, by the key in EF 0004",
            "DF11とDF12への署名（EF 0004の鍵による）",
            Form::Bytes,
        ),
        (0x0002, 0xFF20) => is("card face 券面事項", "券面事項", Form::Objects),
        (0x0002, 0xDF21) => OFFSETS,
        (0x0002, 0xDF22) => BIRTH,
        (0x0002, 0xDF23) => SEX,
        (0x0002, 0xDF25) => is("name 氏名", "氏名", Form::Any),
        (0x0002, 0xDF26) => is("address 住所", "住所", Form::Any),
        (0x0002, 0xDF27) => is("photo 顔写真", "顔写真", Form::Any),
        (0x0002, 0xDF28) => is(
            "signature of the digests of DF22-24, DF25-26 and DF27",
            "DF22〜24、DF25〜26、DF27の各ハッシュ値への署名",
            Form::Bytes,
        ),
        (0x0002, 0xDF29) => is("expiry 有効期限", "有効期限", Form::Date),
        (0x0002, 0xDF2A) => is("security code セキュリティコード", "セキュリティコード", Form::Any),
        (0x0003, 0xFF30) => is("basic information", "AP基本情報", Form::Objects),
        (0x0003, 0xDF31) => IDENTIFICATION,
        (0x0003, 0xDF32) => is("key id", "鍵ID", Form::KeyId),
        (0x0003, 0xDF33) => is("unknown", "用途不明", Form::Bytes),
        (0x0003, 0xDF34) => is("municipality code", "全国地方公共団体コード", Form::Text),
        (0x0003, 0xDF35) => is(
            "key id, and 256 bytes of unknown meaning",
            "鍵IDと、意味不明の256バイト",
            Form::KeyIdAndBytes,
        ),
        (0x0005, 0xFF40) => is("My Number picture", "個人番号画像", Form::Objects),
        (0x0005, 0xDF41) => is("My Number 個人番号", "個人番号", Form::Any),
        (0x0005, 0xDF43) => is(
            "signature of DF41 and DF42, by the key in EF 0004",
            "DF41とDF42への署名（EF 0004の鍵による）",
            Form::Bytes,
        ),
        _ => return None,
    })
}

fn in_card_manager(id: u16, tag: u16) -> Option<Meaning> {
    Some(match (id, tag) {
        (0x00F8 | 0x7F21, 0x4D) => is(
            "header list: what the body holds",
            "ヘッダリスト: 本体の内容",
            Form::HeaderList,
        ),
        (0x0066, 0x73) => is(
            "card recognition data (GlobalPlatform)",
            "カード認識データ（GlobalPlatform）",
            Form::Objects,
        ),
        (0x0066, 0x60) => is(
            "card management type and version",
            "カード管理方式とバージョン",
            Form::Objects,
        ),
        (0x0066, 0x63) => is("card identification scheme", "カード識別方式", Form::Objects),
        (0x0066, 0x64) => is("secure channel protocol", "セキュアチャネルプロトコル", Form::Objects),
        (0x0066, 0x06) => is("object identifier", "オブジェクト識別子", Form::Bytes),
        _ => return None,
    })
}

/// The form of a data object of GET DATA that is not made of TLV objects.
pub(crate) fn of_object(application: Aid, tag: u16) -> Form {
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

/// Whether a data object of GET DATA is made of TLV objects. Some texts and identifiers could also be read as such objects.
pub(crate) fn is_tree(application: Aid, tag: u16) -> bool {
    application == card_manager::AID && matches!(tag, 0x0066 | 0x00F8 | 0x7F21)
}
