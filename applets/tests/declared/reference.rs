//! The model: what the applications hold now, which one is selected, and what is verified in it. It must never look at the
//! card or at its declarations.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventions::{Kind, Known, TABLES, Table, When};

/// What can be done. Files are named by short identifier.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// An application of the table, or the card manager, which has no file.
    Select(usize),
    Verify {
        pin: u8,
        right: bool,
    },
    Query(u8),
    Read(u8),
    Update {
        file: u8,
        offset: u8,
        data: Vec<u8>,
    },
    ReadRecord {
        file: u8,
        number: u8,
    },
    UpdateRecord {
        file: u8,
        number: u8,
        data: Vec<u8>,
    },
    Append {
        file: u8,
        data: Vec<u8>,
    },
    Generate(u8),
    PublicKey(u8),
    Sign(u8),
    Challenge,
    /// EXTERNAL AUTHENTICATE by the host, or by somebody else.
    Authenticate {
        key: u8,
        right: bool,
    },
    PowerCycle,
    WarmReset,
    /// A new card with the state of the old one.
    Restart,
}

/// What the card must answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Sw(u16),
    Data(Vec<u8>),
    /// A new public key.
    NewKey,
    /// The public key that was made last for this file.
    KeyOf(usize, u8),
    /// A signature by it.
    SignedBy(usize, u8),
    /// Eight random bytes.
    Random,
}

use Answer::Sw;

pub(crate) struct Model {
    /// The place in the table; `None` for an application of the card's own.
    selected: Option<usize>,
    verified: BTreeSet<u8>,
    /// Whether a challenge waits for its signature.
    challenge: bool,
    bytes: BTreeMap<(usize, u8), Vec<u8>>,
    records: BTreeMap<(usize, u8), Vec<Vec<u8>>>,
    made: BTreeSet<(usize, u8)>,
    tries: BTreeMap<u8, u8>,
}

fn holds(when: When, verified: &BTreeSet<u8>) -> bool {
    when.iter().any(|set| set.iter().all(|id| verified.contains(id)))
}

/// Whether a file of the application declares an operation.
fn declares(table: &Table, operation: fn(&Kind) -> bool) -> bool {
    table.files.iter().any(|file| operation(&file.kind))
}

impl Model {
    pub(crate) fn new() -> Self {
        let mut model = Self {
            selected: None,
            verified: BTreeSet::new(),
            challenge: false,
            bytes: BTreeMap::new(),
            records: BTreeMap::new(),
            made: BTreeSet::new(),
            tries: BTreeMap::new(),
        };
        for (at, table) in TABLES.iter().enumerate() {
            for Known { id, kind, .. } in table.files {
                match kind {
                    Kind::Bytes { content, .. } => drop(model.bytes.insert((at, *id), content.to_vec())),
                    Kind::Records { records, .. } => {
                        let records = records.iter().map(|record| record.to_vec()).collect();
                        model.records.insert((at, *id), records);
                    }
                    Kind::Pin { tries, .. } => drop(model.tries.insert(*id, *tries)),
                    _ => {}
                }
            }
        }
        model
    }

    /// The value of a PIN of the selected application.
    pub(crate) fn value(&self, pin: u8) -> Option<&'static str> {
        match self.pin(pin)?.1.kind {
            Kind::Pin { value, .. } => Some(value),
            _ => None,
        }
    }

    fn file(&self, id: u8) -> Option<(usize, &'static Known)> {
        let at = self.selected?;
        let file = TABLES[at].files.iter().find(|file| file.id == id);
        file.map(|file| (at, file))
    }

    /// The PIN that has value and tries: always one of the first application.
    fn pin(&self, id: u8) -> Option<(usize, &'static Known)> {
        let (_, file) = self.file(id)?;
        let own = match file.kind {
            Kind::Pin { .. } => id,
            Kind::Shared(of) => of,
            _ => return None,
        };
        let file = TABLES[0].files.iter().find(|file| file.id == own);
        file.map(|file| (0, file))
    }

    fn allow(&self, when: When) -> Result<(), Answer> {
        if holds(when, &self.verified) {
            Ok(())
        } else {
            Err(Sw(0x6982))
        }
    }

    /// Does a step; `None` for a step that is no command.
    pub(crate) fn step(&mut self, step: &Step) -> Option<Answer> {
        match step {
            Step::PowerCycle | Step::Restart => {
                self.selected = None;
                self.verified.clear();
                self.challenge = false;
                None
            }
            // The security status survives, and a challenge lives as long as that.
            Step::WarmReset => None,
            step => Some(self.command(step).unwrap_or_else(|refusal| refusal)),
        }
    }

    fn command(&mut self, step: &Step) -> Result<Answer, Answer> {
        if let Step::Select(at) = step {
            return self.select(*at);
        }
        let table = self.selected.map(|at| &TABLES[at]);
        // An instruction of writing exists only where it is declared.
        let exists =
            match step {
                Step::Update { .. } => table
                    .is_some_and(|table| declares(table, |kind| matches!(kind, Kind::Bytes { update: Some(_), .. }))),
                Step::UpdateRecord { .. } => table
                    .is_some_and(|table| declares(table, |kind| matches!(kind, Kind::Records { update: Some(_), .. }))),
                Step::Append { .. } => table
                    .is_some_and(|table| declares(table, |kind| matches!(kind, Kind::Records { append: Some(_), .. }))),
                Step::Generate(_) | Step::PublicKey(_) => {
                    table.is_some_and(|table| declares(table, |kind| matches!(kind, Kind::Made { .. })))
                }
                _ => true,
            };
        if !exists {
            return Err(Sw(0x6D00));
        }
        // P1=10 of COMPUTE DIGITAL SIGNATURE is wrong where no key makes such a signature.
        let ecdsa = table.is_some_and(|table| declares(table, |kind| matches!(kind, Kind::Made { .. })));
        if matches!(step, Step::Sign(_)) && !ecdsa {
            return Err(Sw(0x6A86));
        }
        if table.is_some_and(|table| table.locked) {
            return Err(Sw(0x6985));
        }
        let found = |id: u8| self.file(id).ok_or(Sw(0x6A82));
        match step {
            Step::Challenge => {
                self.challenge = true;
                Ok(Answer::Random)
            }
            Step::Read(id) => {
                let (at, file) = found(*id)?;
                match file.kind {
                    Kind::Bytes { .. } => self.allow(file.read)?,
                    _ => return Err(Sw(0x6981)),
                }
                Ok(Answer::Data(self.bytes[&(at, *id)].clone()))
            }
            Step::Update { file: id, offset, data } => {
                let (at, file) = found(*id)?;
                match file.kind {
                    Kind::Bytes { update, .. } => self.allow(update.unwrap_or_default())?,
                    _ => return Err(Sw(0x6981)),
                }
                let bytes = self.bytes.get_mut(&(at, *id)).unwrap();
                let offset = usize::from(*offset);
                if offset >= bytes.len() {
                    return Err(Sw(0x6B00));
                }
                let place = bytes.get_mut(offset..offset + data.len()).ok_or(Sw(0x6700))?;
                place.copy_from_slice(data);
                Ok(Sw(0x9000))
            }
            Step::ReadRecord { file: id, number } => {
                let (at, file) = found(*id)?;
                match file.kind {
                    Kind::Records { .. } => self.allow(file.read)?,
                    _ => return Err(Sw(0x6981)),
                }
                let records = &self.records[&(at, *id)];
                let record = usize::from(*number).checked_sub(1).and_then(|at| records.get(at));
                record.cloned().map(Answer::Data).ok_or(Sw(0x6A83))
            }
            Step::UpdateRecord { file: id, number, data } => {
                let (at, file) = found(*id)?;
                let Kind::Records { update, room, .. } = file.kind else {
                    return Err(Sw(0x6981));
                };
                self.allow(update.unwrap_or_default())?;
                let records = self.records.get_mut(&(at, *id)).unwrap();
                let record = usize::from(*number).checked_sub(1).and_then(|at| records.get_mut(at));
                let record = record.ok_or(Sw(0x6A83))?;
                if data.len() > usize::from(room.1) {
                    return Err(Sw(0x6700));
                }
                record.clone_from(data);
                Ok(Sw(0x9000))
            }
            Step::Append { file: id, data } => {
                let (at, file) = found(*id)?;
                let Kind::Records { append, room, .. } = file.kind else {
                    return Err(Sw(0x6981));
                };
                self.allow(append.unwrap_or_default())?;
                let records = self.records.get_mut(&(at, *id)).unwrap();
                if records.len() >= usize::from(room.0) {
                    return Err(Sw(0x6A84));
                }
                if data.len() > usize::from(room.1) {
                    return Err(Sw(0x6700));
                }
                records.push(data.clone());
                Ok(Sw(0x9000))
            }
            Step::Generate(id) => {
                let (at, file) = found(*id)?;
                let Kind::Made { generate, .. } = file.kind else {
                    return Err(Sw(0x6981));
                };
                self.allow(generate)?;
                self.made.insert((at, *id));
                Ok(Answer::NewKey)
            }
            Step::PublicKey(id) => {
                let (at, file) = found(*id)?;
                let Kind::Made { .. } = file.kind else {
                    return Err(Sw(0x6981));
                };
                self.allow(file.read)?;
                self.made
                    .contains(&(at, *id))
                    .then_some(Answer::KeyOf(at, *id))
                    .ok_or(Sw(0x6A88))
            }
            Step::Sign(id) => {
                let (at, file) = found(*id)?;
                let Kind::Made { sign, .. } = file.kind else {
                    return Err(Sw(0x6981));
                };
                self.allow(sign)?;
                self.made
                    .contains(&(at, *id))
                    .then_some(Answer::SignedBy(at, *id))
                    .ok_or(Sw(0x6A88))
            }
            Step::Query(id) => {
                found(*id)?;
                let (_, pin) = self.pin(*id).ok_or(Sw(0x6981))?;
                Err(Sw(0x63C0 | u16::from(self.tries[&pin.id])))
            }
            Step::Verify { pin: id, right } => {
                found(*id)?;
                let (_, pin) = self.pin(*id).ok_or(Sw(0x6981))?;
                let Kind::Pin { tries: all, .. } = pin.kind else {
                    unreachable!("only PINs are found")
                };
                let tries = self.tries.get_mut(&pin.id).unwrap();
                match (*tries, right) {
                    (0, _) => Err(Sw(0x6984)),
                    (_, true) => {
                        *tries = all;
                        self.verified.insert(*id);
                        Ok(Sw(0x9000))
                    }
                    (_, false) => {
                        *tries -= 1;
                        let left = *tries;
                        self.verified.remove(id);
                        Err(Sw(0x63C0 | u16::from(left)))
                    }
                }
            }
            Step::Authenticate { key: id, right } => {
                let (_, file) = found(*id)?;
                if !matches!(file.kind, Kind::Host) {
                    return Err(Sw(0x6982));
                }
                // A challenge serves once, whatever comes of it.
                if !std::mem::take(&mut self.challenge) {
                    return Err(Sw(0x6985));
                }
                if !right {
                    self.verified.remove(id);
                    return Err(Sw(0x6300));
                }
                self.verified.insert(*id);
                Ok(Sw(0x9000))
            }
            Step::Select(_) | Step::PowerCycle | Step::WarmReset | Step::Restart => Ok(Sw(0x9000)),
        }
    }

    fn select(&mut self, at: usize) -> Result<Answer, Answer> {
        let here = self.selected.map(|at| &TABLES[at]);
        let Some(table) = TABLES.get(at) else {
            self.go(None);
            return Ok(Sw(0x9000));
        };
        if let Some(parent) = table.parent {
            let near = here.is_some_and(|here| here.aid == parent || here.parent == Some(parent));
            if !near {
                return Err(Sw(0x6A82));
            }
        }
        self.go(Some(at));
        Ok(Sw(if table.locked { 0x6283 } else { 0x9000 }))
    }

    fn go(&mut self, to: Option<usize>) {
        if self.selected != to {
            self.verified.clear();
            self.challenge = false;
        }
        self.selected = to;
    }
}
