//! The answer to select of a contactless card of type A (ATS), octet by octet (ISO/IEC 14443-4, 5.2).

use std::borrow::Cow;

use vmyna_apdu::{Text, TypeB, text};

use crate::field::Field;
use crate::{historical, over_the_air};

/// The values of an answer to select.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ats {
    /// T0; `None` if TL is 1.
    pub format: Option<u8>,
    /// TA1: bit rates.
    pub ta: Option<u8>,
    /// TB1: waiting times.
    pub tb: Option<u8>,
    /// TC1: options of the protocol.
    pub tc: Option<u8>,
    /// The historical bytes.
    pub historical: Vec<u8>,
}

/// The reason why bytes are not a whole answer to select.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
#[non_exhaustive]
pub enum AtsError {
    /// There is no octet.
    Empty,
    /// TL is 0: it counts itself.
    NoLength,
    /// There are fewer octets than TL states.
    Short {
        /// How many there are.
        there: usize,
        /// TL.
        stated: u8,
    },
    /// TL ends the answer before an octet that T0 names.
    Missing(&'static str),
    /// So many octets follow the last one.
    Rest(usize),
}

impl AtsError {
    /// The reason as a text.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Empty => text!("the ATS has no octet", "ATSが空"),
            Self::NoLength => text!(
                "TL is 0, but it counts itself",
                "TLが0。TLは自分自身を含むので1以上のはず"
            ),
            Self::Short { there, stated } => text!(
                "the ATS is cut off: TL states {stated} octets, there are {there}",
                "ATSが途中で切れている: TLによれば{stated}オクテットだが、{there}オクテットしかない"
            ),
            Self::Missing(name) => text!(
                "T0 names {name}, but TL ends the ATS before it",
                "T0によれば{name}があるが、TLではその前にATSが終わる"
            ),
            Self::Rest(2) => text!(
                "the ATS ends before the last 2 bytes: they may be its CRC, which readers leave out",
                "ATSの終わりの後に2バイトある: リーダが取り除くCRCかもしれない"
            ),
            Self::Rest(count) => text!(
                "the ATS ends before the last bytes: {count} too many",
                "ATSの終わりの後に余分なバイトがある: {count}バイト"
            ),
        }
    }
}

/// The meaning of an octet.
type Meaning = fn(u8) -> Text;

/// What is known about an answer to select.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The octets that were understood, in their order and without a gap.
    pub fields: Vec<Field>,
    /// The values, or the damage.
    pub outcome: Result<Ats, AtsError>,
}

/// Explains an answer to select, without its CRC.
#[must_use]
pub fn explain(ats: &[u8]) -> Explanation {
    let mut fields = Vec::new();
    let outcome = read(ats, &mut fields);
    Explanation { fields, outcome }
}

fn read(ats: &[u8], fields: &mut Vec<Field>) -> Result<Ats, AtsError> {
    let (&stated, _) = ats.split_first().ok_or(AtsError::Empty)?;
    fields.push(Field::new(
        "TL",
        0..1,
        text!(
            "{stated} octets with this one",
            "このオクテットを含めて{stated}オクテット"
        ),
    ));
    if stated == 0 {
        return Err(AtsError::NoLength);
    }
    // What there is of a damaged one is explained all the same.
    let whole = &ats[..ats.len().min(usize::from(stated))];
    let short = AtsError::Short {
        there: ats.len(),
        stated,
    };
    let cut_off = whole.len() < usize::from(stated);
    let mut answer = Ats {
        format: whole.get(1).copied(),
        ta: None,
        tb: None,
        tc: None,
        historical: Vec::new(),
    };
    if let Some(t0) = answer.format {
        fields.push(Field::new("T0", 1..2, format(t0)));
        let mut at = 2;
        let octets = [
            (0x10, "TA1", &mut answer.ta, over_the_air::bit_rates as Meaning),
            (0x20, "TB1", &mut answer.tb, waiting),
            (0x40, "TC1", &mut answer.tc, options),
        ];
        for (bit, name, octet, meaning) in octets {
            if t0 & bit == 0 {
                continue;
            }
            let value = whole.get(at).copied();
            let value = value.ok_or(if cut_off { short } else { AtsError::Missing(name) })?;
            fields.push(Field::new(Cow::Borrowed(name), at..at + 1, meaning(value)));
            *octet = Some(value);
            at += 1;
        }
        answer.historical = whole[at..].to_vec();
        fields.extend(historical::fields(&answer.historical, at, "T"));
    }
    match ats.len() - whole.len() {
        _ if cut_off => Err(short),
        0 => Ok(answer),
        rest => Err(AtsError::Rest(rest)),
    }
}

fn format(t0: u8) -> Text {
    let names: Vec<&str> = [(0x10, "TA1"), (0x20, "TB1"), (0x40, "TC1")]
        .into_iter()
        .filter(|(bit, _)| t0 & bit != 0)
        .map(|(_, name)| name)
        .collect();
    let names = match names.join(", ") {
        names if names.is_empty() => text!("no interface byte follows", "この後にインタフェースバイトはない"),
        names => text!("followed by {names}", "この後に{names}"),
    };
    let code = t0 & 0x0F;
    let size = match over_the_air::frame_size(code) {
        Some(size) => text!(
            "FSCI {code}, the card takes frames of at most {size} bytes",
            "FSCI {code}、カードが受け取るフレームは最大{size}バイト"
        ),
        None => text!("FSCI {code}, reserved", "FSCI {code}は予約"),
    };
    Text {
        en: format!("{}; {}", size.en, names.en),
        ja: format!("{}。{}", size.ja, names.ja),
    }
}

fn waiting(value: u8) -> Text {
    let (integer, guard) = (value >> 4, value & 0x0F);
    let card = TypeB {
        application_data: [0; 4],
        protocol_info: [0, 0, value],
    };
    // FWI means the same for both types.
    let time = over_the_air::milliseconds(card.frame_waiting_time());
    match guard {
        0 | 15 => text!(
            "FWI {integer}, an answer begins within {time} ms; SFGI {guard}, no time to wait before the first command",
            "FWI {integer}、応答は{time} ms以内に始まる。SFGI {guard}、最初のコマンドの前の待ち時間なし"
        ),
        _ => {
            let before = over_the_air::milliseconds(std::time::Duration::from_nanos(
                (4096_u64 << guard) * 1_000_000_000 / 13_560_000,
            ));
            text!(
                "FWI {integer}, an answer begins within {time} ms; SFGI {guard}, {before} ms before the first command",
                "FWI {integer}、応答は{time} ms以内に始まる。SFGI {guard}、最初のコマンドまで{before} ms待つ"
            )
        }
    }
}

fn options(value: u8) -> Text {
    let (nad, cid) = (value & 0x01, value >> 1 & 0x01);
    text!(
        "options of the protocol: CID {cid}, NAD {nad} (1: supported)",
        "プロトコルのオプション: CID {cid}、NAD {nad}（1は対応）"
    )
}
