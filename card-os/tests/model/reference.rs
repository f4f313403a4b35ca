//! The reference model: what the synthetic card answers, in one sitting.
//!
//! It knows four things: which application and EF are selected, which PINs are verified, how many tries each has left and
//! what its value is. What the card *is* stands in a table of its own here, written from the description of the fixture and
//! not from its declaration. Status words are numbers here, so that a slip in the card's list of them shows.

/// A file of the synthetic card.
struct Row {
    application: usize,
    id: u16,
    what: What,
}

/// What a file is, and who may do with it what it is for (read it, sign with it).
enum What {
    Bytes(usize, Need),
    /// Lengths of its records.
    Records(&'static [usize], Need),
    SigningKey(Need),
    Pin(Rule),
    /// Internal, and nothing that the model does can be done with it.
    Internal,
}

/// The PINs of the same application that must be verified.
enum Need {
    Nothing,
    Any(&'static [u16]),
    All(&'static [u16]),
}
use Need::{All, Any, Nothing};

/// Nobody fulfils it.
const NEVER: Need = Any(&[]);

struct Rule {
    value: &'static [u8],
    /// How long a value may be, and of which characters.
    lengths: (usize, usize),
    digits: bool,
    /// Tries at issue and at most; `None` without limit.
    tries: Option<(u8, u8)>,
    changed_by: Instruction,
}

/// The two instructions that change a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Instruction {
    ChangeReferenceData,
    ChangeKey,
}

/// Names of the applications, in the card's order: the first is selected at power-up.
pub(crate) const NAMES: [&[u8]; 4] = [
    b"\xA0\x00\x00\x01\x51\x00\x00",
    b"\xD3\x92\x10\x00\x31\x00\x01\x01\x04\x01",
    b"\xD3\x92\x10\x00\x31\x00\x01\x01\x04\x02",
    b"\xD3\x92\xF0\x00\x26",
];

const fn row(application: usize, id: u16, what: What) -> Row {
    Row { application, id, what }
}

const fn four_digits(value: &'static [u8], tries: Option<(u8, u8)>, changed_by: Instruction) -> What {
    What::Pin(Rule {
        value,
        lengths: (4, 4),
        digits: true,
        tries,
        changed_by,
    })
}

#[rustfmt::skip]
static CARD: [Row; 27] = [
    row(0, 0x1E, What::Internal),
    row(1, 0x01, What::Bytes(0, Nothing)),
    row(1, 0x02, What::Bytes(1, Nothing)),
    row(1, 0x03, What::Bytes(255, Nothing)),
    row(1, 0x04, What::Bytes(256, Nothing)),
    row(1, 0x05, What::Bytes(257, Nothing)),
    row(1, 0x06, What::Bytes(32_768, Nothing)),
    row(1, 0x07, What::Bytes(20, All(&[0x18]))),
    row(1, 0x08, What::Bytes(20, NEVER)),
    row(1, 0x09, What::Bytes(20, NEVER)),
    row(1, 0x0A, What::Bytes(20, Any(&[0x18, 0x19]))),
    row(1, 0x0B, What::Bytes(20, All(&[0x18, 0x19]))),
    row(1, 0x0C, What::Records(&[3, 30, 304], Nothing)),
    row(1, 0x0D, What::Records(&[3], All(&[0x18]))),
    row(1, 0x0E, What::Records(&[], Nothing)),
    row(1, 0x10, What::SigningKey(Nothing)),
    row(1, 0x11, What::SigningKey(All(&[0x18]))),
    row(1, 0x12, What::SigningKey(NEVER)),
    row(1, 0x16, What::Internal),
    row(1, 0x18, four_digits(b"1234", Some((3, 3)), Instruction::ChangeReferenceData)),
    row(1, 0x19, What::Pin(Rule { value: b"ABC123", lengths: (6, 16), digits: false, tries: Some((5, 5)),
        changed_by: Instruction::ChangeReferenceData })),
    row(1, 0x1A, four_digits(b"7777", Some((10, 10)), Instruction::ChangeKey)),
    row(1, 0x1B, four_digits(b"0000", None, Instruction::ChangeReferenceData)),
    row(1, 0x1C, four_digits(b"1234", Some((0, 3)), Instruction::ChangeReferenceData)),
    row(1, 0x2F01, What::Bytes(3, Nothing)),
    row(2, 0x07, What::Bytes(20, All(&[0x18]))),
    row(2, 0x18, four_digits(b"4321", Some((3, 3)), Instruction::ChangeReferenceData)),
];
/// Beside these alpha has one file that is reserved.
const RESERVED: (usize, u16) = (1, 0x1E);

/// How a command names a file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Name {
    Current,
    Short(u8),
}

/// What is done to the card.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    PowerOn,
    Reset,
    /// The process ends and another one puts the card in.
    Restart,
    /// An operation with this number replaces the record by one of this letter, and makes a PIN of an application, by its
    /// place among the PINs, as recorded or as this value with all its tries. The card loses its power.
    Replace {
        operation: u8,
        record: Option<u8>,
        pin: usize,
        value: Option<Vec<u8>>,
    },
    /// The PINs are as recorded, or the whole card as issued. The card loses its power.
    ResetPins,
    ResetState,
    SelectApplication {
        name: Vec<u8>,
        next: bool,
    },
    SelectFile(u16),
    SelectMasterFile,
    Read {
        file: Name,
        offset: u16,
    },
    ReadRecord {
        file: Name,
        number: u8,
        to_last: bool,
    },
    Sign(Name),
    Query(Name),
    Verify {
        file: Name,
        value: Vec<u8>,
    },
    Change {
        by: Instruction,
        file: Name,
        value: Vec<u8>,
    },
}

/// The model of a card.
pub(crate) struct Model {
    application: usize,
    current: Option<u16>,
    verified: Vec<u16>,
    /// For each row that is a PIN: tries left and value.
    pins: Vec<(u8, Vec<u8>)>,
    /// The last operation, and the letter of the record.
    replaced: (Option<u8>, Option<u8>),
}

/// For each row that is a PIN: tries left and value, as issued.
fn pins_as_issued() -> Vec<(u8, Vec<u8>)> {
    let pins = CARD.iter().map(|row| match &row.what {
        What::Pin(rule) => (rule.tries.map_or(0, |(at_issue, _)| at_issue), rule.value.to_vec()),
        _ => (0, Vec::new()),
    });
    pins.collect()
}

/// The rows that are PINs: application, file, most tries.
pub(crate) fn pins() -> Vec<(usize, u16, Option<u8>)> {
    let pins = CARD.iter().filter_map(|row| match &row.what {
        What::Pin(rule) => Some((row.application, row.id, rule.tries.map(|(_, most)| most))),
        _ => None,
    });
    pins.collect()
}

/// Status word, and how many bytes of data come with it.
type Answer = (u16, usize);

/// The most bytes that every command here asks for.
pub(crate) const LE: usize = 256;

impl Model {
    pub(crate) fn new() -> Self {
        Self {
            application: 0,
            current: None,
            verified: Vec::new(),
            pins: pins_as_issued(),
            replaced: (None, None),
        }
    }

    /// The last operation, and the letter of the record.
    pub(crate) fn replaced(&self) -> (Option<u8>, Option<u8>) {
        self.replaced
    }

    /// The selected application.
    pub(crate) fn application(&self) -> usize {
        self.application
    }

    /// The right value of the PIN that a command means, or would mean.
    pub(crate) fn value(&self, file: Name) -> Option<&[u8]> {
        let id = match file {
            Name::Current => self.current?,
            Name::Short(id) => u16::from(id),
        };
        let at = self.row(id)?;
        matches!(CARD[at].what, What::Pin(_)).then(|| &*self.pins[at].1)
    }

    fn row(&self, id: u16) -> Option<usize> {
        CARD.iter()
            .position(|row| (row.application, row.id) == (self.application, id))
    }

    /// Makes the file that a command means the current one.
    fn resolve(&mut self, file: Name) -> Result<Option<usize>, Answer> {
        let id = match file {
            Name::Current => self.current.ok_or((0x6986, 0))?,
            Name::Short(id) => u16::from(id),
        };
        let row = self.row(id);
        if row.is_none() && (self.application, id) != RESERVED {
            return Err((0x6A82, 0));
        }
        self.current = Some(id);
        Ok(row)
    }

    fn fulfilled(&self, need: &Need) -> bool {
        match need {
            Nothing => true,
            Any(pins) => pins.iter().any(|pin| self.verified.contains(pin)),
            All(pins) => pins.iter().all(|pin| self.verified.contains(pin)),
        }
    }

    /// Does a step and says what the card answers; power and reset answer nothing.
    pub(crate) fn step(&mut self, step: &Step) -> Option<Answer> {
        match step {
            Step::PowerOn | Step::Restart => {
                self.leave_for(0);
                None
            }
            Step::Reset => {
                self.current = None;
                None
            }
            Step::Replace {
                operation,
                record,
                pin,
                value,
            } => {
                self.leave_for(0);
                if self.replaced.0 != Some(*operation) {
                    self.replaced = (Some(*operation), record.or(self.replaced.1));
                    let (application, id, most) = pins()[*pin];
                    let row = |row: &Row| (row.application, row.id) == (application, id);
                    let at = CARD.iter().position(row).unwrap();
                    self.pins[at] = match value {
                        Some(value) => (most.unwrap_or(0), value.clone()),
                        None => pins_as_issued()[at].clone(),
                    };
                }
                None
            }
            Step::ResetPins | Step::ResetState => {
                self.leave_for(0);
                self.pins = pins_as_issued();
                if matches!(step, Step::ResetState) {
                    self.replaced = (None, None);
                }
                None
            }
            _ => Some(self.command(step).unwrap_or_else(|refusal| refusal)),
        }
    }

    fn leave_for(&mut self, application: usize) {
        self.application = application;
        self.current = None;
        self.verified.clear();
    }

    fn command(&mut self, step: &Step) -> Result<Answer, Answer> {
        match step {
            Step::SelectApplication { name, next } => {
                let from = if *next { self.application + 1 } else { 0 };
                let found = (from..NAMES.len()).find(|at| NAMES[*at].starts_with(name));
                let found = found.ok_or((0x6A82, 0))?;
                if found != self.application {
                    self.leave_for(found);
                }
                self.current = None;
                Ok((0x9000, 0))
            }
            Step::SelectFile(id) => {
                if self.row(*id).is_none() && (self.application, *id) != RESERVED {
                    return Err((0x6A82, 0));
                }
                self.current = Some(*id);
                Ok((0x9000, 0))
            }
            Step::SelectMasterFile if self.application == 0 => Err((0x6A86, 0)),
            Step::SelectMasterFile => Ok((0x9000, 0)),
            Step::Read { file, offset } => {
                let Some(What::Bytes(length, need)) = self.resolve(*file)?.map(|at| &CARD[at].what) else {
                    return Err((0x6981, 0));
                };
                if !self.fulfilled(need) {
                    return Err((0x6982, 0));
                }
                match length.saturating_sub(usize::from(*offset)) {
                    0 => Err((0x6B00, 0)),
                    rest => Ok((0x9000, rest.min(LE))),
                }
            }
            Step::ReadRecord { file, number, to_last } => {
                let Some(What::Records(lengths, need)) = self.resolve(*file)?.map(|at| &CARD[at].what) else {
                    return Err((0x6981, 0));
                };
                if !self.fulfilled(need) {
                    return Err((0x6982, 0));
                }
                if !(1..=lengths.len()).contains(&usize::from(*number)) {
                    return Err((0x6A83, 0));
                }
                let rest = &lengths[usize::from(*number) - 1..];
                let length: usize = if *to_last { rest.iter().sum() } else { rest[0] };
                Ok((0x9000, length.min(LE)))
            }
            Step::Sign(file) => match self.resolve(*file)?.map(|at| &CARD[at].what) {
                Some(What::SigningKey(need)) if self.fulfilled(need) => Ok((0x9000, 256)),
                Some(What::SigningKey(_)) => Err((0x6982, 0)),
                _ => Err((0x6981, 0)),
            },
            Step::Query(file) => {
                let (at, rule) = self.pin(*file)?;
                Err(rule
                    .tries
                    .map_or((0x6300, 0), |_| (0x63C0 + u16::from(self.pins[at].0), 0)))
            }
            Step::Verify { value, .. } if value.len() > 16 => Err((0x6700, 0)),
            Step::Verify { file, value } => self.verify(*file, value),
            Step::Change { value, .. } if value.is_empty() || value.len() > 16 => Err((0x6700, 0)),
            Step::Change { by, file, value } => {
                let (at, rule) = self.pin(*file)?;
                if rule.changed_by != *by || !self.verified.contains(&CARD[at].id) {
                    return Err((0x6982, 0));
                }
                let (least, most) = rule.lengths;
                let allowed = |byte: &u8| byte.is_ascii_digit() || !rule.digits && byte.is_ascii_uppercase();
                if !(least..=most).contains(&value.len()) || !value.iter().all(allowed) {
                    return Err((0x6A80, 0));
                }
                self.pins[at].1 = value.clone();
                Ok((0x9000, 0))
            }
            Step::PowerOn | Step::Reset | Step::Restart | Step::Replace { .. } | Step::ResetPins | Step::ResetState => {
                Ok((0, 0))
            }
        }
    }

    fn pin(&mut self, file: Name) -> Result<(usize, &'static Rule), Answer> {
        match self.resolve(file)?.map(|at| (at, &CARD[at].what)) {
            Some((at, What::Pin(rule))) => Ok((at, rule)),
            _ => Err((0x6981, 0)),
        }
    }

    fn verify(&mut self, file: Name, value: &[u8]) -> Result<Answer, Answer> {
        let (at, rule) = self.pin(file)?;
        let id = CARD[at].id;
        if rule.tries.is_some() && self.pins[at].0 == 0 {
            return Err((0x6984, 0));
        }
        self.verified.retain(|pin| *pin != id || self.pins[at].1 == value);
        if self.pins[at].1 != value {
            let Some(_) = rule.tries else {
                return Err((0x6300, 0));
            };
            self.pins[at].0 -= 1;
            return Err((0x63C0 + u16::from(self.pins[at].0), 0));
        }
        if let Some((_, most)) = rule.tries {
            self.pins[at].0 = most;
        }
        if !self.verified.contains(&id) {
            self.verified.push(id);
        }
        Ok((0x9000, 0))
    }
}
