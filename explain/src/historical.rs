//! Historical bytes of a card (ISO/IEC 7816-4, 8.2): a category indicator and objects in compact-TLV.

use vmyna_apdu::{StatusWord, Text, text};

use crate::field::Field;

/// The fields of historical bytes that begin at `start` of the message. The first is called `T1` after `letter` `T`.
pub(crate) fn fields(bytes: &[u8], start: usize, letter: &str) -> Vec<Field> {
    let name = |from: usize, to: usize| match to - from {
        1 => format!("{letter}{to}"),
        _ => format!("{letter}{}-{letter}{to}", from + 1),
    };
    let field = |from: usize, to: usize, meaning| Field::new(name(from, to), start + from..start + to, meaning);
    let Some(&category) = bytes.first() else {
        return Vec::new();
    };
    let end = bytes.len();
    let mut fields = Vec::new();
    let objects_end = match category {
        0x00 if end >= 4 => end - 3,
        0x80 => end,
        0x10 if end == 2 => {
            return vec![
                field(0, 1, text!("a reference to EF.DIR follows", "EF.DIRへの参照が続く")),
                field(1, 2, text!("reference to the directory", "ディレクトリデータの参照")),
            ];
        }
        0x00 | 0x10 | 0x81..=0x8F => {
            return vec![field(
                0,
                end,
                text!("reserved for future use", "将来のために予約（RFU）"),
            )];
        }
        _ => {
            return vec![field(
                0,
                end,
                text!(
                    "historical bytes in a form of the card's own",
                    "カード独自形式の管理情報バイト"
                ),
            )];
        }
    };
    fields.push(field(
        0,
        1,
        match category {
            0x00 => text!(
                "objects in compact-TLV follow, then 3 bytes of status",
                "compact-TLVのデータオブジェクトと3バイトのステータスが続く"
            ),
            _ => text!("objects in compact-TLV follow", "compact-TLVのデータオブジェクトが続く"),
        },
    ));
    let mut at = 1;
    while at < objects_end {
        let (tag, length) = (bytes[at] >> 4, usize::from(bytes[at] & 0x0F));
        let Some(value) = bytes[..objects_end].get(at + 1..at + 1 + length) else {
            fields.push(field(
                at,
                objects_end,
                text!(
                    "no object in compact-TLV: it would be longer than what is left",
                    "compact-TLVではない: 残りより長いオブジェクトになる"
                ),
            ));
            at = objects_end;
            continue;
        };
        let next = at + 1 + length;
        fields.push(field(at, next, object(tag, value)));
        at = next;
    }
    if objects_end < end {
        fields.push(field(objects_end, end, status(&bytes[objects_end..])));
    }
    fields
}

/// Whether these historical bytes are objects in compact-TLV to their end.
pub(crate) fn is_compact_tlv(bytes: &[u8]) -> bool {
    let Some((0x80, mut rest)) = bytes.split_first() else {
        return false;
    };
    let mut objects = 0;
    while let Some((head, behind)) = rest.split_first() {
        let Some(next) = behind.get(usize::from(head & 0x0F)..) else {
            return false;
        };
        // No object has the tag 0.
        if head >> 4 == 0 {
            return false;
        }
        rest = next;
        objects += 1;
    }
    objects > 0
}

fn object(tag: u8, value: &[u8]) -> Text {
    match (tag, value) {
        (1, [high, low, ..]) => {
            // Three digits in BCD.
            let (code, rest) = (
                format!("{high:02X}{:X}", low >> 4),
                value.len() > 2 || low & 0x0F != 0x0F,
            );
            match rest {
                true => text!(
                    "country code {code} and data of that country",
                    "国コード{code}とその国が定めるデータ"
                ),
                false => text!("country code {code}", "国コード{code}"),
            }
        }
        (2, _) => text!("issuer identification number", "発行者識別番号"),
        (3, [services]) => card_services(*services),
        (4, _) => text!("initial access data", "初期アクセスデータ"),
        (5, _) => text!("data of the card's issuer", "カード発行者データ"),
        (6, _) => text!("data from before the issue of the card", "発行前データ"),
        (7, [_, ..]) if value.len() <= 3 => capabilities(value),
        (8, [_, ..]) if value.len() <= 3 => status(value),
        (15, _) => text!("application identifier", "アプリケーション識別子"),
        (tag, _) => text!("an object with the tag {tag:X}", "タグ{tag:X}のデータオブジェクト"),
    }
}

fn list(names: &[(bool, &'static str, &'static str)]) -> (String, String) {
    let chosen = || names.iter().filter(|(holds, ..)| *holds);
    let en: Vec<&str> = chosen().map(|(_, en, _)| *en).collect();
    let ja: Vec<&str> = chosen().map(|(.., ja)| *ja).collect();
    match en.is_empty() {
        true => ("none".to_owned(), "なし".to_owned()),
        false => (en.join(", "), ja.join("、")),
    }
}

fn card_services(value: u8) -> Text {
    let bit = |mask| value & mask != 0;
    let (en, ja) = list(&[
        (bit(0x80), "selection by whole name", "完全なDF名で選択"),
        (bit(0x40), "selection by part of a name", "DF名の一部で選択"),
        (bit(0x20), "objects in EF.DIR", "EF.DIRのデータオブジェクト"),
        (bit(0x10), "objects in EF.ATR", "EF.ATRのデータオブジェクト"),
        (!bit(0x01), "an MF", "MFあり"),
    ]);
    text!("services of the card: {en}", "カードのサービス: {ja}")
}

fn capabilities(value: &[u8]) -> Text {
    let Some(&third) = value.get(2) else {
        return text!(
            "capabilities: how files are selected and data are coded",
            "カードの機能: ファイルの選択方法とデータの符号化"
        );
    };
    let bit = |mask| third & mask != 0;
    let (en, ja) = list(&[
        (bit(0x80), "command chaining", "コマンドチェイニング"),
        (bit(0x40), "extended Lc and Le", "拡張長のLcとLe"),
        (bit(0x07), "further logical channels", "追加の論理チャネル"),
    ]);
    text!(
        "capabilities: how files are selected, how data are coded; supported: {en}",
        "カードの機能: ファイルの選択方法、データの符号化。対応: {ja}"
    )
}

/// Life cycle, status word, or both.
fn status(value: &[u8]) -> Text {
    let word = |high, low| StatusWord::new(u16::from_be_bytes([high, low]));
    match *value {
        [life] => text!("status: life cycle {life:02X}", "ステータス: ライフサイクル{life:02X}"),
        [high, low] => {
            let word = word(high, low);
            text!("status: status word {word}", "ステータス: ステータスワード{word}")
        }
        [life, high, low] => {
            let word = word(high, low);
            text!(
                "status: life cycle {life:02X}, status word {word}",
                "ステータス: ライフサイクル{life:02X}、ステータスワード{word}"
            )
        }
        _ => text!("status", "ステータス"),
    }
}
