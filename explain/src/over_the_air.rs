//! The parameters that a contactless card sends when a reader finds it (ISO/IEC 14443-3 and -4): those of type B, and
//! meanings that both types share.

use std::time::Duration;

use vmyna_apdu::{Text, TypeB, text};

use crate::field::Field;

/// The historical bytes that a reader makes of a card of type B: application data and protocol info of its ATQB, and the
/// MBLI of its answer to ATTRIB (PC/SC part 3, 3.1.3.2.3.1).
pub(crate) fn type_b(bytes: [u8; 8], start: usize) -> Vec<Field> {
    let [a, b, c, d, rates, frames, waiting, mbli] = bytes;
    let field = |name, from: usize, to: usize, meaning| Field::new(name, start + from..start + to, meaning);
    let card = TypeB {
        application_data: [a, b, c, d],
        protocol_info: [rates, frames, waiting],
    };
    vec![
        field("T1-T4", 0, 4, application_data(a, waiting)),
        field("T5", 4, 5, bit_rates(rates)),
        field("T6", 5, 6, frame_and_protocol(frames)),
        field("T7", 6, 7, waiting_and_options(waiting, card.frame_waiting_time())),
        field("T8", 7, 8, buffer(mbli)),
    ]
}

/// ADC, bits 4 and 3 of the last byte, states what the application data are.
fn application_data(family: u8, waiting: u8) -> Text {
    match waiting >> 2 & 0x03 {
        0 => text!(
            "ATQB: application data, proprietary (ADC 0)",
            "ATQB: アプリケーションデータ、独自（ADC 0）"
        ),
        1 => text!(
            "ATQB: application data (ADC 1): AFI {family:02X}, CRC of an AID, number of applications",
            "ATQB: アプリケーションデータ（ADC 1）: AFI {family:02X}、AIDのCRC、アプリケーション数"
        ),
        other => text!(
            "ATQB: application data, ADC {other} is reserved",
            "ATQB: アプリケーションデータ、ADC {other}は予約"
        ),
    }
}

/// The bit rates of an ATQB and of TA1 of an ATS: bits 7 to 5 from the card, bits 3 to 1 to the card.
pub(crate) fn bit_rates(value: u8) -> Text {
    if value & 0x08 != 0 {
        return text!(
            "bit rates: reserved for future use",
            "通信速度: 将来のために予約（RFU）"
        );
    }
    let rates = |bits: u8| -> String {
        let faster = [(1, "212"), (2, "424"), (4, "848")];
        let faster = faster.into_iter().filter(|(bit, _)| bits & bit != 0);
        let names: Vec<&str> = std::iter::once("106").chain(faster.map(|(_, name)| name)).collect();
        names.join(", ")
    };
    let (from, to) = (rates(value >> 4 & 0x07), rates(value & 0x07));
    match value & 0x80 {
        0 => text!(
            "bit rates in kbit/s: from the card {from}; to the card {to}",
            "通信速度（kbit/s）: カードから{from}、カードへ{to}"
        ),
        _ => text!(
            "bit rates in kbit/s: from the card {from}; to the card {to}; the same both ways",
            "通信速度（kbit/s）: カードから{from}、カードへ{to}。両方向とも同じ速度"
        ),
    }
}

/// The longest frame by FSCI or the code of an ATQB; `None` for a reserved code.
pub(crate) fn frame_size(code: u8) -> Option<u16> {
    const SIZES: [u16; 13] = [16, 24, 32, 40, 48, 64, 96, 128, 256, 512, 1024, 2048, 4096];
    SIZES.get(usize::from(code)).copied()
}

fn frame_and_protocol(value: u8) -> Text {
    let size = match frame_size(value >> 4) {
        Some(size) => text!("frames of at most {size} bytes", "フレームは最大{size}バイト"),
        None => text!("size of frames: reserved", "フレーム長は予約"),
    };
    let protocol = match value & 0x09 {
        0x01 => text!("ISO/IEC 14443-4 supported", "ISO/IEC 14443-4対応"),
        0x00 => text!("ISO/IEC 14443-4 not supported", "ISO/IEC 14443-4非対応"),
        _ => text!("protocol: reserved", "プロトコルは予約"),
    };
    let turn = value >> 1 & 0x03;
    Text {
        en: format!("ATQB: {}; {}; TR2 {turn}", size.en, protocol.en),
        ja: format!("ATQB: {}。{}。TR2 {turn}", size.ja, protocol.ja),
    }
}

fn waiting_and_options(value: u8, waiting: Duration) -> Text {
    let (integer, time) = (value >> 4, milliseconds(waiting));
    let (cid, nad) = (value & 0x01, value >> 1 & 0x01);
    text!(
        "ATQB: FWI {integer}, an answer begins within {time} ms; CID {cid}, NAD {nad} (1: supported)",
        "ATQB: FWI {integer}、応答は{time} ms以内に始まる。CID {cid}、NAD {nad}（1は対応）"
    )
}

/// Milliseconds with at most three digits behind the point.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

fn buffer(value: u8) -> Text {
    match value >> 4 {
        0 => text!(
            "answer to ATTRIB: MBLI 0, the size of the card's buffer is not stated",
            "ATTRIBへの応答: MBLI 0、カードのバッファ長の表示なし"
        ),
        integer => {
            let factor = 1_u32 << (integer - 1);
            text!(
                "answer to ATTRIB: MBLI {integer}, the card's buffer has {factor} times the size of a frame",
                "ATTRIBへの応答: MBLI {integer}、カードのバッファはフレーム長の{factor}倍"
            )
        }
    }
}
