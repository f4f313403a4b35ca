//! The answer to reset of a card, octet by octet (ISO/IEC 7816-3, 8.2), and the one that a contactless reader makes
//! (PC/SC part 3, 3.1.3.2.3).
//!
//! [`explain`] describes as many octets as it understands, also of a damaged answer, and reports the damage.

mod error;
mod interface;
mod made_by_reader;

use vmyna_apdu::{Text, text};

use crate::field::Field;
use crate::historical;
pub use error::AtrError;

/// The most octets of an answer to reset: TS and 32 more (ISO/IEC 7816-3, 8.2.1).
pub const LONGEST: usize = 33;

/// The order of bits and the level of a 1 on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convention {
    /// TS is `3B`.
    Direct,
    /// TS is `3F`.
    Inverse,
}

/// The interface bytes with the same number. An octet that the answer does not have is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// TA.
    pub ta: Option<u8>,
    /// TB.
    pub tb: Option<u8>,
    /// TC.
    pub tc: Option<u8>,
    /// TD: the protocol to which the next group belongs, and which octets that group has.
    pub td: Option<u8>,
}

/// The values of an answer to reset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Atr {
    /// TS.
    pub convention: Convention,
    /// TA1 to TD1, TA2 to TD2, and so on: one group more than there are TD. The last has no TD and may be empty.
    pub groups: Vec<Group>,
    /// The historical bytes, at most 15.
    pub historical: Vec<u8>,
    /// TCK.
    pub check: Option<u8>,
}

impl Atr {
    /// The protocols that the answer offers, in its order. Without TD1 that is T=0 alone.
    #[must_use]
    pub fn protocols(&self) -> Vec<u8> {
        let mut protocols: Vec<u8> = self
            .groups
            .iter()
            .filter_map(|group| group.td)
            .map(|td| td & 0x0F)
            .collect();
        protocols.dedup();
        if protocols.is_empty() {
            protocols.push(0);
        }
        protocols
    }
}

/// What is known about an answer to reset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The octets that were understood, in their order and without a gap.
    pub fields: Vec<Field>,
    /// What follows from several octets together.
    pub notes: Vec<Text>,
    /// The values, or the damage.
    pub outcome: Result<Atr, AtrError>,
}

/// Explains an answer to reset.
#[must_use]
pub fn explain(atr: &[u8]) -> Explanation {
    let mut reader = Reader {
        bytes: atr,
        at: 0,
        fields: Vec::new(),
        notes: Vec::new(),
    };
    let outcome = reader.read();
    Explanation {
        fields: reader.fields,
        notes: reader.notes,
        outcome,
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    fields: Vec<Field>,
    notes: Vec<Text>,
}

impl Reader<'_> {
    fn read(&mut self) -> Result<Atr, AtrError> {
        let convention = match self.next("TS")? {
            0x3B => Convention::Direct,
            0x3F => Convention::Inverse,
            other => return Err(AtrError::NoAtr(other)),
        };
        self.field(
            "TS",
            match convention {
                Convention::Direct => text!("direct convention", "正論理（ダイレクトコンベンション）"),
                Convention::Inverse => text!("inverse convention", "負論理（インバースコンベンション）"),
            },
        );
        let t0 = self.next("T0")?;
        self.field("T0", interface::format_character(t0));
        let groups = self.groups(t0)?;
        let start = self.at;
        let count = usize::from(t0 & 0x0F);
        let Some(historical) = self.bytes.get(start..start + count) else {
            return Err(AtrError::Historical {
                there: self.bytes.len() - start,
                stated: count,
            });
        };
        self.historical(&groups, historical, start);
        self.at += count;
        let mut atr = Atr {
            convention,
            groups,
            historical: historical.to_vec(),
            check: None,
        };
        // ISO/IEC 7816-3, 8.2.5: without TCK only if T=0 is the only protocol that is named.
        if atr.protocols() != [0] {
            atr.check = Some(self.check()?);
        }
        match self.bytes.len() - self.at {
            0 if self.bytes.len() > LONGEST => Err(AtrError::TooLong(self.bytes.len())),
            0 => Ok(atr),
            rest => Err(AtrError::Rest(rest)),
        }
    }

    fn groups(&mut self, t0: u8) -> Result<Vec<Group>, AtrError> {
        let mut groups = Vec::new();
        let mut follows = t0 >> 4;
        // Groups of protocols that came before, for the meaning of an octet in a second group of the same protocol.
        let mut seen = Vec::new();
        // The protocol of the group: that of the TD before it.
        let mut protocol = None;
        for number in 1_u8.. {
            let mut group = Group::default();
            let first = protocol.is_none_or(|protocol| !seen.contains(&protocol));
            for (bit, letter, octet) in [
                (1, 'A', &mut group.ta),
                (2, 'B', &mut group.tb),
                (4, 'C', &mut group.tc),
                (8, 'D', &mut group.td),
            ] {
                if follows & bit == 0 {
                    continue;
                }
                let name = format!("T{letter}{number}");
                let value = self.next(&name)?;
                *octet = Some(value);
                let meaning = interface::octet(letter, number, protocol, first, value);
                self.field(name, meaning);
            }
            groups.push(group);
            if number > 2 {
                seen.extend(protocol);
            }
            let Some(td) = group.td else { break };
            (follows, protocol) = (td >> 4, Some(td & 0x0F));
        }
        Ok(groups)
    }

    fn historical(&mut self, groups: &[Group], historical: &[u8], start: usize) {
        if historical.is_empty() {
            return;
        }
        // `80 01`: T=0 and T=1 without a parameter.
        let by_reader = matches!(
            groups,
            [
                Group {
                    ta: None,
                    tb: None,
                    tc: None,
                    td: Some(0x80)
                },
                Group {
                    ta: None,
                    tb: None,
                    tc: None,
                    td: Some(0x01)
                },
                _
            ]
        ) && self.bytes.first() == Some(&0x3B);
        if by_reader {
            self.notes.push(made_by_reader::note());
            if let Some(fields) = made_by_reader::fields(historical, start, &mut self.notes) {
                self.fields.extend(fields);
                return;
            }
        }
        self.fields.extend(historical::fields(historical, start, "T"));
    }

    fn check(&mut self) -> Result<u8, AtrError> {
        let covered = &self.bytes[1..self.at];
        let right = covered.iter().fold(0, |sum, byte| sum ^ byte);
        let is = self.next("TCK").map_err(|_| AtrError::NoCheck(right))?;
        if is != right {
            self.field(
                "TCK",
                text!(
                    "check byte, wrong: the octets before it give {right:02X}",
                    "検査バイト。不正: 前のオクテットからは{right:02X}になる"
                ),
            );
            return Err(AtrError::WrongCheck { is, right });
        }
        self.field("TCK", text!("check byte, right", "検査バイト。正しい"));
        Ok(is)
    }

    /// Takes an octet.
    fn next(&mut self, name: &str) -> Result<u8, AtrError> {
        let value = self.bytes.get(self.at).copied();
        let value = value.ok_or_else(|| AtrError::Missing(name.to_owned()))?;
        self.at += 1;
        Ok(value)
    }

    /// Describes the octet that was taken last.
    fn field(&mut self, name: impl Into<std::borrow::Cow<'static, str>>, meaning: Text) {
        self.fields.push(Field::new(name, self.at - 1..self.at, meaning));
    }
}
