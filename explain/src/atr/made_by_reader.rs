//! The answer to reset that a contactless reader makes of what the card sent over the air (PC/SC part 3, 3.1.3.2.3).

use vmyna_apdu::{Text, text};

use crate::field::Field;
use crate::{historical, over_the_air};

/// `80`, an object of 12 bytes with an AID, and the RID of the PC/SC Workgroup: a storage card.
const STORAGE_CARD: [u8; 8] = [0x80, 0x4F, 0x0C, 0xA0, 0x00, 0x00, 0x03, 0x06];

pub(super) fn note() -> Text {
    text!(
        "3B 8n 80 01 is the answer to reset that a contactless reader makes: T=0 and T=1 and no parameter, n historical \
         bytes (PC/SC part 3, 3.1.3.2.3)",
        "3B 8n 80 01は非接触リーダが作るATR: T=0とT=1、パラメータなし、管理情報バイトn個（PC/SC part 3、3.1.3.2.3）"
    )
}

/// The historical bytes as such a reader makes them; `None` for those of a card of type A, which are the card's own.
pub(super) fn fields(historical: &[u8], start: usize, notes: &mut Vec<Text>) -> Option<Vec<Field>> {
    if let Some(rest) = historical.strip_prefix(&STORAGE_CARD)
        && let [standard, high, low, _, _, _, _] = *rest
    {
        return Some(storage_card(start, standard, u16::from_be_bytes([high, low])));
    }
    let of_type_b = <[u8; 8]>::try_from(historical)
        .ok()
        .filter(|bytes| bytes[7] & 0x0F == 0);
    match of_type_b {
        // The historical bytes of a card of type A may look so too.
        Some(bytes) if !historical::is_compact_tlv(historical) => {
            notes.push(text!(
                "8 historical bytes are explained as those of a card of type B; a card of type A may have 8 of its own too",
                "管理情報バイトが8個なのでType Bのカードとして説明した。Type Aのカード自身の8バイトのこともある"
            ));
            Some(over_the_air::type_b(bytes, start))
        }
        _ => {
            notes.push(text!(
                "the historical bytes are those of the ATS of a card of type A",
                "管理情報バイトはType AのカードのATSのもの"
            ));
            None
        }
    }
}

fn storage_card(start: usize, standard: u8, name: u16) -> Vec<Field> {
    let field = |name, from: usize, to: usize, meaning| Field::new(name, start + from..start + to, meaning);
    vec![
        field(
            "T1",
            0,
            1,
            text!("objects in compact-TLV follow", "compact-TLVのデータオブジェクトが続く"),
        ),
        field("T2", 1, 2, text!("application identifier", "アプリケーション識別子")),
        field("T3", 2, 3, text!("12 bytes", "12バイト")),
        field(
            "T4-T8",
            3,
            8,
            text!(
                "RID of the PC/SC Workgroup: a storage card",
                "PC/SC WorkgroupのRID: メモリカード"
            ),
        ),
        field("T9", 8, 9, storage_standard(standard)),
        field("T10-T11", 9, 11, storage_name(name)),
        field("T12-T15", 11, 15, text!("reserved", "予約（RFU）")),
    ]
}

/// PC/SC part 3, supplemental document, "Standard".
fn storage_standard(standard: u8) -> Text {
    match standard {
        0x00 => text!("standard not stated", "規格の表示なし"),
        0x01..=0x03 => text!(
            "ISO/IEC 14443 type A, part {standard}",
            "ISO/IEC 14443 Type A 第{standard}部"
        ),
        0x05..=0x07 => {
            let part = standard - 4;
            text!("ISO/IEC 14443 type B, part {part}", "ISO/IEC 14443 Type B 第{part}部")
        }
        0x09..=0x0C => {
            let part = standard - 8;
            text!("ISO/IEC 15693, part {part}", "ISO/IEC 15693 第{part}部")
        }
        0x11 => text!("FeliCa (JIS X 6319-4)", "FeliCa（JIS X 6319-4）"),
        other => text!("standard {other:02X}", "規格{other:02X}"),
    }
}

/// PC/SC part 3, supplemental document, "Card Name"; the best known ones.
fn storage_name(name: u16) -> Text {
    let known = match name {
        0x0000 => return text!("name not stated", "名称の表示なし"),
        0x0001 => "MIFARE Standard 1K",
        0x0002 => "MIFARE Standard 4K",
        0x0003 => "MIFARE Ultralight",
        0x0026 => "MIFARE Mini",
        0x003A => "MIFARE Ultralight C",
        0x003B => "FeliCa",
        name => return text!("card name {name:04X}", "カード名{name:04X}"),
    };
    Text::same(known)
}
