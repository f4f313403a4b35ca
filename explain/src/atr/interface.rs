//! The meaning of T0 and of the interface bytes (ISO/IEC 7816-3, 8.2.3 and 8.3).

use vmyna_apdu::{Text, text};

/// Clock rate conversion integer and the highest frequency in kHz by the high nibble of TA1; 0 where it is reserved.
const FI: [(u16, u16); 16] = [
    (372, 4000),
    (372, 5000),
    (558, 6000),
    (744, 8000),
    (1116, 12_000),
    (1488, 16_000),
    (1860, 20_000),
    (0, 0),
    (0, 0),
    (512, 5000),
    (768, 7500),
    (1024, 10_000),
    (1536, 15_000),
    (2048, 20_000),
    (0, 0),
    (0, 0),
];

/// Baud rate adjustment integer by the low nibble of TA1; 0 where it is reserved.
const DI: [u8; 16] = [0, 1, 2, 4, 8, 16, 32, 64, 12, 20, 0, 0, 0, 0, 0, 0];

/// T0.
pub(super) fn format_character(t0: u8) -> Text {
    let count = t0 & 0x0F;
    let (en, ja) = followers(t0 >> 4, 1);
    text!(
        "{en}; {count} historical bytes",
        "{ja}。管理情報バイト（historical bytes）{count}個"
    )
}

/// Which interface bytes of the group follow.
fn followers(bits: u8, number: u8) -> (String, String) {
    let names: Vec<String> = ['A', 'B', 'C', 'D']
        .into_iter()
        .enumerate()
        .filter(|(bit, _)| bits & 1 << bit != 0)
        .map(|(_, letter)| format!("T{letter}{number}"))
        .collect();
    match names.join(", ") {
        names if names.is_empty() => (
            "no interface byte follows".to_owned(),
            "この後にインタフェースバイトはない".to_owned(),
        ),
        names => (format!("followed by {names}"), format!("この後に{names}")),
    }
}

/// An interface byte: its letter, its number, the protocol of its group, and whether the group is the first of its protocol
/// from TD2 on.
pub(super) fn octet(letter: char, number: u8, protocol: Option<u8>, first: bool, value: u8) -> Text {
    match (letter, number) {
        ('D', _) => td(number, value),
        ('A', 1) => rates(value),
        ('B', 1) | ('B', 2) => text!(
            "programming voltage: abolished, to be ignored",
            "プログラミング電圧: 廃止された。無視する"
        ),
        ('C', 1) => guard_time(value),
        ('A', 2) => specific_mode(value),
        ('C', 2) => waiting_integer(value),
        (letter, _) => match (protocol, first, letter) {
            (Some(1), true, 'A') => frame_size(value),
            (Some(1), true, 'B') => waiting_times(value),
            (Some(1), true, 'C') => redundancy(value),
            (Some(15), true, 'A') => clock_and_class(value),
            (Some(15), true, 'B') => standard_use(value),
            _ => reserved(),
        },
    }
}

fn reserved() -> Text {
    text!("reserved for future use", "将来のために予約（RFU）")
}

fn td(number: u8, value: u8) -> Text {
    let (en, ja) = followers(value >> 4, number.saturating_add(1));
    let protocol = match value & 0x0F {
        0 => text!("T=0, characters", "T=0（調歩式キャラクタ伝送）"),
        1 => text!("T=1, blocks", "T=1（ブロック伝送）"),
        14 => text!("T=14, a protocol of no standard", "T=14（標準外のプロトコル）"),
        15 => text!(
            "T=15: the bytes that follow hold for every protocol",
            "T=15: 続くバイトはどのプロトコルにも当てはまる"
        ),
        other => text!("T={other}, reserved", "T={other}（予約）"),
    };
    let protocol = match (number, value & 0x0F) {
        (1, 0..15) => Text {
            en: format!("offered first: {}", protocol.en),
            ja: format!("第一のプロトコル: {}", protocol.ja),
        },
        _ => protocol,
    };
    Text {
        en: format!("{}; {en}", protocol.en),
        ja: format!("{}。{ja}", protocol.ja),
    }
}

fn rates(value: u8) -> Text {
    let ((fi, highest), di) = (FI[usize::from(value >> 4)], DI[usize::from(value & 0x0F)]);
    let (fi, di) = match (fi, di) {
        (0, 0) => return reserved(),
        (0, di) => ("?".to_owned(), di.to_string()),
        (fi, 0) => (fi.to_string(), "?".to_owned()),
        (fi, di) => {
            let megahertz = f64::from(highest) / 1000.0;
            let cycles = (f64::from(fi) / f64::from(di) * 100.0).round() / 100.0;
            let rate = u32::from(highest) * 1000 * u32::from(di) / u32::from(fi);
            return text!(
                "Fi {fi}, Di {di}: {cycles} clock cycles a bit; at most {megahertz} MHz, which makes {rate} bit/s",
                "Fi {fi}、Di {di}: 1ビットが{cycles}クロック。最大{megahertz} MHz、そのとき{rate} bit/s"
            );
        }
    };
    text!("Fi {fi}, Di {di}; ? is reserved", "Fi {fi}、Di {di}（?は予約）")
}

fn guard_time(value: u8) -> Text {
    match value {
        255 => text!(
            "N 255: guard time 12 etu with T=0, 11 etu with T=1",
            "N 255: ガードタイムはT=0で12 etu、T=1で11 etu"
        ),
        0 => text!("N 0: no extra guard time", "N 0: 追加ガードタイムなし"),
        value => text!(
            "N {value}: extra guard time of {value} etu",
            "N {value}: 追加ガードタイム{value} etu"
        ),
    }
}

fn specific_mode(value: u8) -> Text {
    let protocol = value & 0x0F;
    let (en, ja) = match value & 0x80 {
        0 => (
            "the card can change to the negotiable mode",
            "ネゴシエーションモードに変更できる",
        ),
        _ => ("the card stays in this mode", "このモードから変更できない"),
    };
    match value & 0x10 {
        0 => text!(
            "specific mode with T={protocol}, at the rates of TA1; {en}",
            "固定モード、T={protocol}、速度はTA1による。{ja}"
        ),
        _ => text!(
            "specific mode with T={protocol}, at rates that no octet names; {en}",
            "固定モード、T={protocol}、速度はATRに示されない。{ja}"
        ),
    }
}

fn waiting_integer(value: u8) -> Text {
    match value {
        0 => reserved(),
        value => {
            let factor = u32::from(value) * 960;
            text!(
                "T=0: WI {value}, waiting time {factor} · Fi / f",
                "T=0: WI {value}、待ち時間は{factor}・Fi／f"
            )
        }
    }
}

fn frame_size(value: u8) -> Text {
    match value {
        0 | 255 => reserved(),
        value => text!(
            "T=1: IFSC {value}, the card takes blocks with up to {value} bytes of information",
            "T=1: IFSC {value}、カードが受け取るブロックの情報部は最大{value}バイト"
        ),
    }
}

fn waiting_times(value: u8) -> Text {
    let (block, character) = (value >> 4, value & 0x0F);
    let etu = 11 + (1_u32 << character);
    match block {
        0..=9 => {
            let factor = 960 * (1_u32 << block);
            text!(
                "T=1: BWI {block}, an answer begins within 11 etu + {factor} · 372 / f; CWI {character}, {etu} etu between \
                 characters",
                "T=1: BWI {block}、応答は11 etu + {factor}・372／f以内に始まる。CWI {character}、文字間は{etu} etu以内"
            )
        }
        block => text!(
            "T=1: BWI {block}, reserved; CWI {character}, {etu} etu between characters",
            "T=1: BWI {block}は予約。CWI {character}、文字間は{etu} etu以内"
        ),
    }
}

fn redundancy(value: u8) -> Text {
    match value {
        0 => text!("T=1: blocks end with an LRC", "T=1: ブロックの誤り検出はLRC"),
        1 => text!("T=1: blocks end with a CRC", "T=1: ブロックの誤り検出はCRC"),
        _ => reserved(),
    }
}

fn clock_and_class(value: u8) -> Text {
    let (en, ja) = match value >> 6 {
        0 => ("the clock can't be stopped", "クロック停止不可"),
        1 => ("the clock can be stopped in state L", "クロックはLで停止可"),
        2 => ("the clock can be stopped in state H", "クロックはHで停止可"),
        _ => (
            "the clock can be stopped in either state",
            "クロックはL・Hどちらでも停止可",
        ),
    };
    let classes: Vec<&str> = [(1, "5 V (A)"), (2, "3 V (B)"), (4, "1.8 V (C)")]
        .into_iter()
        .filter(|(bit, _)| value & bit != 0)
        .map(|(_, class)| class)
        .collect();
    match (value & 0x38, classes.join(", ")) {
        (0, classes) if !classes.is_empty() => text!("{en}; supply: {classes}", "{ja}。電源: {classes}"),
        _ => text!("{en}; class of supply: reserved", "{ja}。電源クラスは予約"),
    }
}

fn standard_use(value: u8) -> Text {
    match (value, value & 0x80) {
        (0, _) => text!("contact C6 is not used", "端子C6は使わない"),
        (_, 0) => text!("contact C6: standard use {value:02X}", "端子C6: 標準の用途{value:02X}"),
        _ => text!("contact C6: use of no standard", "端子C6: 標準外の用途"),
    }
}
