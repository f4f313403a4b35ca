//! The commands of class `FF`, which a contactless reader answers itself (PC/SC part 3, 3.2.2.1), and who answers them.
//!
//! This module describes bytes. It must never decide what is answered.

use vmyna_apdu::{CommandApdu, ResponseApdu, StatusWord, Text, text};

use crate::field::Field;

/// The class byte of commands to the reader.
pub(crate) const CLASS: u8 = 0xFF;

/// The kind of reader between a program and the card, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReaderKind {
    /// Not known, as in a trace.
    #[default]
    Unknown,
    /// A contactless reader of this program: it answers class `FF` itself.
    Contactless,
    /// A reader of this program with contacts: it has no commands, so class `FF` reaches the card.
    Contacts,
}

/// Instructions of PC/SC part 3, and the ones that readers add.
mod code {
    pub(super) const VENDOR: u8 = 0x00;
    pub(super) const VERIFY: u8 = 0x20;
    pub(super) const LOAD_KEYS: u8 = 0x82;
    pub(super) const GENERAL_AUTHENTICATE: u8 = 0x86;
    pub(super) const AUTHENTICATE: u8 = 0x88;
    pub(super) const READ_BINARY: u8 = 0xB0;
    pub(super) const TRANSPARENT: u8 = 0xC2;
    pub(super) const GET_DATA: u8 = 0xCA;
    pub(super) const UPDATE_BINARY: u8 = 0xD6;
}

/// The name of an instruction of class `FF`.
pub(crate) fn name(ins: u8) -> Option<&'static str> {
    Some(match ins {
        code::VERIFY => "VERIFY",
        code::LOAD_KEYS => "LOAD KEYS",
        code::GENERAL_AUTHENTICATE => "GENERAL AUTHENTICATE",
        code::AUTHENTICATE => "AUTHENTICATE",
        code::READ_BINARY => "READ BINARY",
        code::TRANSPARENT => "TRANSPARENT EXCHANGE",
        code::GET_DATA => "GET DATA",
        code::UPDATE_BINARY => "UPDATE BINARY",
        _ => return None,
    })
}

/// A command of class `FF` in a few words.
pub(crate) fn meaning(apdu: &CommandApdu<'_>) -> Text {
    let Some(name) = name(apdu.ins) else {
        return match apdu.ins {
            code::VENDOR => text!(
                "reader: escape command of its vendor",
                "リーダ: メーカー独自のエスケープコマンド"
            ),
            _ => text!("reader: a command of its vendor", "リーダ: メーカー独自のコマンド"),
        };
    };
    let object = match (apdu.ins, apdu.p1, apdu.p2) {
        (code::GET_DATA, 0, 0) => text!(", UID or PUPI of the card", "、カードのUIDまたはPUPI"),
        (code::GET_DATA, 1, 0) => text!(", historical bytes of the ATS", "、ATSの管理情報バイト"),
        (code::READ_BINARY | code::UPDATE_BINARY, ..) => {
            let address = apdu.p1_p2();
            text!(
                ", address {address} of a storage card",
                "、メモリカードのアドレス{address}"
            )
        }
        _ => Text::same(""),
    };
    Text {
        en: format!("reader: {name}{}", object.en),
        ja: format!("リーダ: {name}{}", object.ja),
    }
}

/// The meaning of CLA.
pub(crate) fn class(kind: ReaderKind) -> Text {
    match kind {
        ReaderKind::Contacts => text!(
            "a command to the reader, but this one has contacts and no commands: it reaches the card",
            "リーダ宛て。ただしこの接触リーダは独自のコマンドを持たず、カードに届く"
        ),
        _ => text!("a command to the reader, not to the card", "カードではなくリーダ宛て"),
    }
}

/// The meaning of INS.
pub(crate) fn instruction(ins: u8) -> Text {
    match (ins, name(ins)) {
        (code::AUTHENTICATE, Some(name)) => text!(
            "{name} of PC/SC part 3, superseded by GENERAL AUTHENTICATE",
            "PC/SC part 3の{name}（GENERAL AUTHENTICATEに置き換えられた）"
        ),
        (code::TRANSPARENT, Some(name)) => text!(
            "{name} of PC/SC part 3, supplement 2: a session with the card's own frames",
            "PC/SC part 3補遺2の{name}: カードのフレームを直接扱うセッション"
        ),
        (_, Some(name)) => text!("{name} of PC/SC part 3", "PC/SC part 3の{name}"),
        (code::VENDOR, None) => text!(
            "escape: a command of the reader's vendor, not of PC/SC part 3",
            "エスケープ: リーダのメーカー独自のコマンド（PC/SC part 3にはない）"
        ),
        _ => text!(
            "not of PC/SC part 3: a command of the reader's vendor, if it has one",
            "PC/SC part 3にない: リーダのメーカー独自のコマンドのことがある"
        ),
    }
}

/// The meaning of P1 and P2.
pub(crate) fn parameters(apdu: &CommandApdu<'_>) -> [Text; 2] {
    let zero = |byte: u8| match byte {
        0 => text!("nothing", "指定なし"),
        _ => text!("reserved for future use", "将来のために予約（RFU）"),
    };
    let reader_s_own = || text!("of the reader's vendor", "リーダのメーカーによる");
    match apdu.ins {
        code::GET_DATA => [
            match apdu.p1 {
                0 => text!(
                    "the identifier of the card: UID, or PUPI for type B",
                    "カードの識別子: UID、Type BではPUPI"
                ),
                1 => text!(
                    "the historical bytes of the ATS of a card of type A",
                    "Type AのカードのATSの管理情報バイト"
                ),
                _ => text!("reserved for future use", "将来のために予約（RFU）"),
            },
            zero(apdu.p2),
        ],
        code::LOAD_KEYS => [key_structure(apdu.p1), {
            let number = apdu.p2;
            text!("key number {number}", "鍵番号{number}")
        }],
        code::VERIFY => [zero(apdu.p1), {
            let reference = apdu.p2;
            text!(
                "reference {reference:02X} of the data",
                "照合データの参照{reference:02X}"
            )
        }],
        code::READ_BINARY | code::UPDATE_BINARY | code::AUTHENTICATE => {
            let address = apdu.p1_p2();
            [
                text!(
                    "with P2 the address {address} on a storage card",
                    "P2と合わせてメモリカードのアドレス{address}"
                ),
                text!("low byte of the address", "アドレスの下位バイト"),
            ]
        }
        code::TRANSPARENT => [
            zero(apdu.p1),
            match apdu.p2 {
                0 => text!("manage the session", "セッションの管理"),
                1 => text!("exchange frames", "フレームの送受信"),
                2 => text!("switch the protocol", "プロトコルの切り替え"),
                _ => text!("reserved for future use", "将来のために予約（RFU）"),
            },
        ],
        code::GENERAL_AUTHENTICATE => [zero(apdu.p1), zero(apdu.p2)],
        _ => [reader_s_own(), reader_s_own()],
    }
}

/// P1 of LOAD KEYS.
fn key_structure(value: u8) -> Text {
    let (en, ja) = match value & 0x80 {
        0 => ("key of a card", "カードの鍵"),
        _ => ("key of the reader", "リーダの鍵"),
    };
    let (sent_en, sent_ja) = match value & 0x40 {
        0 => ("sent in plain", "平文で送る"),
        _ => ("sent encrypted", "暗号化して送る"),
    };
    let (kept_en, kept_ja) = match value & 0x20 {
        0 => ("kept until power-off", "電源断まで保持"),
        _ => ("kept for good", "不揮発メモリに保持"),
    };
    text!("{en}, {sent_en}, {kept_en}", "{ja}、{sent_ja}、{kept_ja}")
}

/// The meaning of the data field. It contains no byte of a key.
pub(crate) fn data(apdu: &CommandApdu<'_>) -> Text {
    let length = apdu.data.len();
    match (apdu.ins, apdu.data) {
        (code::LOAD_KEYS, _) => text!("the key, {length} bytes", "鍵、{length}バイト"),
        (code::VERIFY, _) => text!("the data to verify, {length} bytes", "照合するデータ、{length}バイト"),
        (code::GENERAL_AUTHENTICATE, [version, high, low, kind, number]) => {
            let address = u16::from_be_bytes([*high, *low]);
            let kind = match kind {
                0x60 => text!("MIFARE key A", "MIFAREの鍵A"),
                0x61 => text!("MIFARE key B", "MIFAREの鍵B"),
                kind => text!("key type {kind:02X}", "鍵の種類{kind:02X}"),
            };
            Text {
                en: format!("version {version}, address {address}, {} with number {number}", kind.en),
                ja: format!("バージョン{version}、アドレス{address}、{}、鍵番号{number}", kind.ja),
            }
        }
        (code::UPDATE_BINARY, _) => text!("the bytes to write, {length}", "書き込む{length}バイト"),
        _ => text!("{length} bytes", "{length}バイト"),
    }
}

/// The fields CLA, INS, P1 and P2.
pub(crate) fn header(apdu: &CommandApdu<'_>, kind: ReaderKind) -> [Field; 4] {
    let [p1, p2] = parameters(apdu);
    [
        Field::new("CLA", 0..1, class(kind)),
        Field::new("INS", 1..2, instruction(apdu.ins)),
        Field::new("P1", 2..3, p1),
        Field::new("P2", 3..4, p2),
    ]
}

/// What an answer to a command of class `FF` means, and where it comes from.
pub(crate) fn in_context(kind: ReaderKind, apdu: &CommandApdu<'_>, response: &ResponseApdu<'_>) -> Vec<Text> {
    let mut texts = Vec::new();
    match kind {
        ReaderKind::Unknown => {}
        ReaderKind::Contacts => {
            return vec![text!(
                "answered by the card: this reader has contacts and passes class FF on [assumed]",
                "カードの応答: この接触リーダはクラスFFもカードに渡す［想定］"
            )];
        }
        ReaderKind::Contactless => texts.push(match (apdu.ins, apdu.p1, apdu.p2) {
            (code::GET_DATA, 0 | 1, 0) => text!(
                "answered by the contactless reader, not by the card [documented: PC/SC part 3, 3.2.2.1.3]",
                "カードではなく非接触リーダの応答［文書による: PC/SC part 3、3.2.2.1.3］"
            ),
            (code::GET_DATA, ..) => text!(
                "answered by the contactless reader, not by the card [documented: PC/SC part 3, status words of all its \
                 commands]",
                "カードではなく非接触リーダの応答［文書による: PC/SC part 3、全コマンドのステータスワード］"
            ),
            _ => text!(
                "answered by the contactless reader, not by the card; it has GET DATA only, as the other commands are for \
                 storage cards and keys [assumed]",
                "カードではなく非接触リーダの応答。メモリカードと鍵のためのコマンドはなく、GET DATAだけを持つ［想定］"
            ),
        }),
    }
    match (apdu.ins, apdu.p1, apdu.p2, response.status_word) {
        (code::GET_DATA, 0, 0, sw) if !response.data.is_empty() && sw != StatusWord::WRONG_LENGTH => texts.push(text!(
            "the data: for a card of type B its PUPI, which is another one each time it enters the field",
            "データ: Type BのカードではPUPI。フィールドに入るたびに変わる"
        )),
        (code::GET_DATA, 1, 0, StatusWord::FUNCTION_NOT_SUPPORTED) => {
            texts.push(text!("a card of type B has no ATS", "Type BのカードにATSはない"))
        }
        _ => {}
    }
    texts
}
