//! Decodes a command into its fields, with a meaning for each.
//!
//! This module describes bytes. It must never decide whether the card accepts them.

use vmyna_apdu::{CommandApdu, FileId, Text, instruction, instruction::code, text};

use crate::access;
use crate::directory::Directory;
use crate::field::Field;
use crate::reader_commands::{self, ReaderKind};

/// The fields of a command, in their order.
pub(crate) fn decode(directory: &Directory, reader: ReaderKind, command: &[u8]) -> Vec<Field> {
    let field = |name: &'static str, place, meaning| Field::new(name, place, meaning);
    let Ok(apdu) = CommandApdu::parse(command) else {
        let meaning = text!(
            "not a C-APDU: its length fields don't agree with its length",
            "C-APDUではない: 長さフィールドと実際の長さが合わない"
        );
        return vec![field("?", 0..command.len(), meaning)];
    };
    let to_reader = apdu.cla == reader_commands::CLASS;
    let mut fields = match to_reader {
        true => reader_commands::header(&apdu, reader).to_vec(),
        false => vec![
            field("CLA", 0..1, class(apdu.cla)),
            field("INS", 1..2, instruction(apdu.ins)),
            field("P1", 2..3, p1(directory, &apdu)),
            field("P2", 3..4, p2(directory, &apdu)),
        ],
    };
    let (length, end) = (apdu.data.len(), command.len());
    let mut at = 4;
    if length > 0 {
        let data = at + if apdu.extended { 3 } else { 1 };
        let form = if apdu.extended {
            text!(
                "{length} bytes of data, extended form",
                "データ{length}バイト（拡張長）"
            )
        } else {
            text!("{length} bytes of data", "データ{length}バイト")
        };
        fields.push(field("Lc", at..data, form));
        at = data + length;
        let meaning = match to_reader {
            true => reader_commands::data(&apdu),
            false => self::data(directory, &apdu),
        };
        fields.push(field("Data", data..at, meaning));
    }
    if let Some(ne) = apdu.ne {
        let all = (apdu.extended && ne == 65_536) || (!apdu.extended && ne == 256);
        let meaning = if all {
            text!("all bytes, at most {ne}", "あるだけ、最大{ne}バイト")
        } else {
            text!("at most {ne} bytes", "最大{ne}バイト")
        };
        fields.push(field("Le", at..end, meaning));
    }
    fields
}

fn class(cla: u8) -> Text {
    match cla {
        0x00 => text!(
            "ISO/IEC 7816-4, not secured, channel 0",
            "ISO/IEC 7816-4、平文、チャネル0"
        ),
        0x80 => text!(
            "commands of this card, not secured, channel 0",
            "カード独自のコマンド、平文、チャネル0"
        ),
        0x08 | 0x88 => text!(
            "secure messaging, header not authenticated",
            "セキュアメッセージング、ヘッダ認証なし"
        ),
        0x0C | 0x8C => text!(
            "secure messaging with an authenticated header",
            "セキュアメッセージング、ヘッダ認証あり"
        ),
        cla if cla & 0xE0 == 0 || cla & 0xE0 == 0x80 => {
            let channel = cla & 0x03;
            text!(
                "channel {channel}, with command chaining or secure messaging",
                "チャネル{channel}、コマンドチェイニングまたはセキュアメッセージング"
            )
        }
        _ => text!("a class that this card does not support", "このカードにないクラス"),
    }
}

fn instruction(ins: u8) -> Text {
    match instruction::name(ins) {
        Some(name) => Text::same(name),
        None => text!("an instruction that this card does not support", "このカードにない命令"),
    }
}

fn nothing() -> Text {
    text!("nothing", "指定なし")
}

fn as_is(byte: u8) -> Text {
    match byte {
        0 => nothing(),
        _ => text!("unknown", "意味は不明"),
    }
}

fn p1(directory: &Directory, apdu: &CommandApdu<'_>) -> Text {
    match (apdu.ins, apdu.p1) {
        (code::SELECT, 0x00) => text!("by identifier: the MF", "識別子指定: MF"),
        (code::SELECT, 0x02) => text!(
            "by identifier: an EF of the current application",
            "識別子指定: カレントAPのEF"
        ),
        (code::SELECT, 0x04) => text!("by name: an application (AID)", "名前指定: AP（AID）"),
        (code::READ_BINARY | code::UPDATE_BINARY, 0x00..0x80) => {
            let offset = apdu.p1_p2();
            text!(
                "current EF; with P2 the offset {offset}",
                "カレントEF。P2と合わせてオフセット{offset}"
            )
        }
        (code::READ_BINARY | code::UPDATE_BINARY, sfi) => reference(directory, sfi),
        (code::READ_RECORD | code::UPDATE_RECORD, number) => text!("record {number}", "レコード{number}"),
        (code::COMPUTE_SIGNATURE, scheme) => self::scheme(scheme),
        (code::GENERATE_KEY_PAIR, 0x80) => text!("make a new key pair", "新しい鍵ペアを生成"),
        (code::GENERATE_KEY_PAIR, 0x81) => text!("return the public key", "公開鍵を返す"),
        (code::CHANGE_REFERENCE_DATA, 0x01) => text!("the data field is the new value", "データは新しい値のみ"),
        (code::GET_DATA, _) => tag(apdu),
        (_, byte) => as_is(byte),
    }
}

fn p2(directory: &Directory, apdu: &CommandApdu<'_>) -> Text {
    match (apdu.ins, apdu.p2) {
        (code::SELECT, p2) => {
            let (en, ja) = match p2 & 0x03 {
                0 => ("first or only occurrence", "最初または唯一"),
                2 => ("next occurrence", "次"),
                _ => (
                    "an occurrence that this card does not support",
                    "このカードにない順序指定",
                ),
            };
            match p2 & 0x0C {
                0x0C => text!("{en}; no FCI requested", "{ja}。FCI不要"),
                0x00 => text!("{en}; FCI requested", "{ja}。FCI要求"),
                _ => text!("{en}; other control information requested", "{ja}。別の制御情報を要求"),
            }
        }
        (code::READ_BINARY | code::UPDATE_BINARY, offset) if apdu.p1 >= 0x80 => {
            text!("offset {offset}", "オフセット{offset}")
        }
        (code::READ_BINARY | code::UPDATE_BINARY, _) => text!("low byte of the offset", "オフセットの下位バイト"),
        (code::READ_RECORD | code::UPDATE_RECORD | code::APPEND_RECORD, p2) => {
            let (en, ja) = match p2 & 0x07 {
                0 if apdu.ins == code::APPEND_RECORD => ("a new last record", "末尾の新しいレコード"),
                4 => ("the record P1", "P1のレコード"),
                5 if apdu.ins == code::READ_RECORD => ("all records from P1 on", "P1以降の全レコード"),
                _ => ("a mode that this card does not support", "このカードにないモード"),
            };
            let file = match p2 >> 3 {
                0 => text!("current EF", "カレントEF"),
                sfi => short_identifier(directory, sfi),
            };
            Text {
                en: format!("{en}; {}", file.en),
                ja: format!("{ja}。{}", file.ja),
            }
        }
        (code::COMPUTE_SIGNATURE, 0) => text!("the application's default key", "APの既定の鍵"),
        (
            code::VERIFY
            | code::CHANGE_REFERENCE_DATA
            | code::CHANGE_KEY
            | code::COMPUTE_SIGNATURE
            | code::INTERNAL_AUTHENTICATE
            | code::EXTERNAL_AUTHENTICATE
            | code::GENERATE_KEY_PAIR,
            byte,
        ) => reference(directory, byte),
        (code::GET_DATA, _) => tag(apdu),
        (_, byte) => as_is(byte),
    }
}

fn tag(apdu: &CommandApdu<'_>) -> Text {
    let tag = apdu.p1_p2();
    text!("P1-P2: tag {tag:04X}", "P1-P2でタグ{tag:04X}")
}

/// A reference in P1 or P2: `80` is the current EF, `81` to `9E` is a short EF identifier.
fn reference(directory: &Directory, byte: u8) -> Text {
    match byte {
        0x80 => text!("current EF", "カレントEF"),
        0x81..=0x9E => short_identifier(directory, byte & 0x1F),
        _ => text!("not a reference to an EF", "EFを指さない値"),
    }
}

fn short_identifier(directory: &Directory, sfi: u8) -> Text {
    match FileId::from_sfi(sfi) {
        Some(id) => file(directory, id),
        None => text!("not a short EF identifier", "短縮EF識別子ではない"),
    }
}

fn file(directory: &Directory, id: FileId) -> Text {
    match directory.file(id) {
        Some(file) => {
            let (name, title) = (&file.name, access::titled(&file.name, &file.title));
            text!("EF {id} ({name})", "EF {id}（{title}）")
        }
        None => text!("EF {id}", "EF {id}"),
    }
}

/// P1 of COMPUTE DIGITAL SIGNATURE.
fn scheme(p1: u8) -> Text {
    match p1 {
        0 => text!("PKCS#1 v1.5, data unchanged", "PKCS#1 v1.5、データそのまま"),
        1 => text!(
            "PKCS#1 v1.5, SHA-256 of the data without DigestInfo",
            "PKCS#1 v1.5、データのSHA-256（DigestInfoなし）"
        ),
        2 => text!(
            "PKCS#1 v1.5, data are a SHA-256 hash",
            "PKCS#1 v1.5、データはSHA-256ハッシュ値"
        ),
        3 => text!(
            "PKCS#1 v1.5, SHA-256 of the data with DigestInfo",
            "PKCS#1 v1.5、データのSHA-256（DigestInfoあり）"
        ),
        4 => text!(
            "RSASSA-PSS, data are a SHA-256 hash",
            "RSASSA-PSS、データはSHA-256ハッシュ値"
        ),
        5 => text!("RSASSA-PSS, SHA-256 of the data", "RSASSA-PSS、データのSHA-256"),
        0x10 => text!("ECDSA of the digest given, DER", "与えたダイジェストのECDSA署名、DER"),
        0x11 => text!(
            "ECDSA of the digest given, r and s",
            "与えたダイジェストのECDSA署名、rとs"
        ),
        _ => text!("a scheme that this card does not support", "このカードにない署名方式"),
    }
}

/// The meaning of the data field. It contains no byte of the data.
fn data(directory: &Directory, apdu: &CommandApdu<'_>) -> Text {
    let length = apdu.data.len();
    match (apdu.cla, apdu.ins) {
        (0x08 | 0x0C | 0x88 | 0x8C, _) => {
            text!("secure messaging objects", "セキュアメッセージングのデータオブジェクト")
        }
        (_, code::SELECT) if apdu.p1 == 0x04 => match directory.application(apdu.data) {
            Some(application) => {
                let (name, title) = (&application.name, &application.title);
                text!("AID of {name} ({title})", "{title}（{name}）のAID")
            }
            None => text!("an AID that this card does not have", "このカードにないAID"),
        },
        (_, code::SELECT) => match *apdu.data {
            [high, low] => file(directory, FileId::new(u16::from_be_bytes([high, low]))),
            _ => text!(
                "not a file identifier, which has 2 bytes",
                "ファイル識別子ではない（2バイトのはず）"
            ),
        },
        (_, code::VERIFY) => text!("the PIN presented, {length} bytes", "提示するPIN、{length}バイト"),
        (_, code::CHANGE_REFERENCE_DATA | code::CHANGE_KEY) => {
            text!("the new PIN, {length} bytes", "新しいPIN、{length}バイト")
        }
        (_, code::COMPUTE_SIGNATURE) => text!("the data to sign, {length} bytes", "署名対象、{length}バイト"),
        (_, code::INTERNAL_AUTHENTICATE) => text!("the challenge, {length} bytes", "チャレンジ、{length}バイト"),
        (_, code::UPDATE_BINARY) => text!("the bytes to write, {length} bytes", "書き込むデータ、{length}バイト"),
        (_, code::UPDATE_RECORD | code::APPEND_RECORD) => {
            text!("the record, {length} bytes", "レコード、{length}バイト")
        }
        (_, code::SET_SESSION_KEY) => text!("the encrypted session key", "暗号化したセッション鍵"),
        (_, code::VERIFY_CERTIFICATE) => text!("a part of a terminal's certificate", "端末証明書の一部"),
        _ => text!("{length} bytes", "{length}バイト"),
    }
}
