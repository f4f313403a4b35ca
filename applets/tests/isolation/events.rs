//! All that can happen on the way from one application to another, and what is known of it beforehand.

use vmyna_apdu::Reader;
use vmyna_testkit::access::with_loaded;

use crate::common::bytes;
use crate::desk::Desk;
use crate::rules::{Rules, applications, in_reach};

/// What happens while application `from` is selected, on the way to application `to`. Both as the table counts them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// SELECT of so many bytes of the other's AID: the first that has them, or the next behind the selected one.
    Select {
        length: usize,
        next: bool,
    },
    /// A SELECT that is refused.
    FailedSelect(String),
    /// SELECT of this EF in the application, or VERIFY query and reads by short identifier.
    File(String),
    WarmReset,
    /// Power off and on again, or power on while it is on.
    PowerOff,
    /// The card is taken out of the reader and put in again.
    Removal,
}

/// What is left after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct After {
    /// The application that is selected.
    pub(crate) selected: usize,
    /// Whether what was gained in the first application is still there.
    pub(crate) kept: bool,
}

/// The kinds of events, for the printed table.
pub(crate) const KINDS: [&str; 7] = [
    "SELECT",
    "partial AID",
    "failed SELECT",
    "files",
    "warm reset",
    "power off",
    "removal",
];

impl Event {
    /// Everything that can happen between these two applications.
    pub(crate) fn all(from: &Rules, to: &Rules) -> Vec<Self> {
        let length = to.aid.len() / 2;
        // A long AID ends in zeros: of its middle nothing can be told apart.
        let told_apart = |part: &usize| length <= 10 || !(8..length - 1).contains(part);
        let lengths = (0..=length).filter(told_apart);
        let selects = lengths.flat_map(|length| [false, true].map(|next| Self::Select { length, next }));
        let failed = [
            // Another last byte; one byte more; more than a name can have; an unknown P2; a length field that lies.
            format!("00A4040C {length:02X} {}FE", &to.aid[..to.aid.len() - 2]),
            format!("00A4040C {:02X} {}00", length + 1, to.aid),
            format!("00A4040C 11 {}{}", to.aid, "00".repeat(17 - length)),
            format!("00A4040F {length:02X} {}", to.aid),
            format!("00A4040C {:02X} {}", length + 1, to.aid),
            // By identifier: the MF, and a file that no application has.
            "00A4000C 02 3F00".into(),
            "00A4020C 02 7FFF".into(),
            // On another channel, and secured without a session or with a header that can't be checked.
            format!("01A4040C {length:02X} {}", to.aid),
            format!("0CA4040C {length:02X} {}", to.aid),
        ];
        // The other's PINs by their numbers, which may be something else here, and all that is here.
        let theirs = to.pins.iter().map(|pin| format!("002000{}", short(&pin.ef)));
        let ours = from
            .objects()
            .into_iter()
            .filter_map(|object| object.strip_prefix("EF "));
        let ours = ours.map(|ef| format!("00A4020C 02 {ef}"));
        let rest = [Self::WarmReset, Self::PowerOff, Self::Removal];
        // Applications that a card has and a phone hasn't.
        let lacking = with_loaded().iter();
        let lacking = lacking.filter(|known| applications().iter().all(|rules| rules.aid != known.aid));
        let lacking = lacking.map(|known| format!("00A4040C {:02X} {}", known.aid.len() / 2, known.aid));
        selects
            .chain(failed.into_iter().chain(lacking).map(Self::FailedSelect))
            .chain(theirs.chain(ours).map(Self::File))
            .chain(rest)
            .collect()
    }

    /// Its place in [`KINDS`].
    pub(crate) fn kind(&self, to: &Rules) -> usize {
        match self {
            Self::Select { length, next: false } if *length == to.aid.len() / 2 => 0,
            Self::Select { .. } => 1,
            Self::FailedSelect(_) => 2,
            Self::File(_) => 3,
            Self::WarmReset => 4,
            Self::PowerOff => 5,
            Self::Removal => 6,
        }
    }

    /// What is left after it, by the AIDs of the table and the rules for the life of the security status alone.
    pub(crate) fn after(&self, from: usize, to: usize) -> After {
        match self {
            Self::Select { length, next } => {
                // Where nothing is found it is one more SELECT that failed.
                let selected = found(from, to, *length, *next).unwrap_or(from);
                After {
                    selected,
                    kept: selected == from,
                }
            }
            Self::FailedSelect(_) | Self::File(_) | Self::WarmReset => After {
                selected: from,
                kept: true,
            },
            Self::PowerOff | Self::Removal => After {
                selected: 0,
                kept: false,
            },
        }
    }

    /// Lets it happen.
    pub(crate) fn happen(&self, desk: &mut Desk, from: usize, to: usize) {
        match self {
            Self::Select { length, next } => {
                let name = &applications()[to].aid[..2 * length];
                let p2 = if *next { "0E" } else { "0C" };
                let data = if name.is_empty() {
                    String::new()
                } else {
                    format!("{length:02X} {name}")
                };
                let sw = desk.sw(&format!("00A404{p2} {data}"));
                let found = found(from, to, *length, *next).is_some();
                assert_eq!(sw, if found { 0x9000 } else { 0x6A82 }, "{self:?}");
            }
            Self::FailedSelect(command) => assert_ne!(desk.sw(command), 0x9000, "{command}"),
            Self::File(command) => assert!(bytes(command).len() >= 4 && desk.sw(command) != 0x6700, "{command}"),
            Self::WarmReset => desk.reader.reset().unwrap(),
            Self::PowerOff => desk.reader.power_cycle().unwrap(),
            Self::Removal => {
                desk.reader.remove().unwrap();
                assert!(desk.reader.transmit(&[0, 0x84, 0, 0, 8], &mut Vec::new()).is_err());
                desk.reader.insert().unwrap();
            }
        }
    }
}

/// The application that SELECT of so many bytes of the other's AID finds: the first in reach, or the next such one.
pub(crate) fn found(from: usize, to: usize, length: usize, next: bool) -> Option<usize> {
    let name = &applications()[to].aid[..2 * length];
    let first = if next { from + 1 } else { 0 };
    let fits = |of: &Rules| of.aid.starts_with(name) && in_reach(of, &applications()[from]);
    (first..applications().len()).find(|at| fits(&applications()[*at]))
}

/// The P2 of a short identifier; EFs 0001 to 001E only, as all PINs are.
fn short(ef: &str) -> String {
    format!("{:02X}", 0x80 | u8::from_str_radix(ef, 16).unwrap())
}
