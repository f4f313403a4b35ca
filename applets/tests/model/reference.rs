//! The reference model: what a card is for those who think of its security. One selected application, one current EF, the
//! PINs verified, and for each PIN a value and a counter.
//!
//! Who may do what it takes from `test-vectors/access.toml`. It must never look at the card or at its declarations, and it
//! must stay small enough to be read in one sitting: nothing here can be wrong without being seen.

use std::collections::{BTreeMap, BTreeSet};

use crate::rules::{Judge, PinRules, Rules, applications, in_reach, owner};

/// How a command names the file that it acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// The current EF.
    Current,
    /// By short identifier, 1 to 30.
    Short(u8),
}

/// What can be done to a card. The data field of every command is fixed unless it stands here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// By the beginning of its name: the first such application, or the next behind the selected one.
    SelectApplication {
        name: Vec<u8>,
        next: bool,
    },
    /// By its identifier.
    SelectFile(u16),
    SelectMasterFile,
    /// READ BINARY with the short Le 00, from the first byte.
    Read(Name),
    /// READ BINARY of the current EF far behind its end.
    ReadBehind,
    /// READ RECORD with the short Le 00.
    ReadRecord {
        file: Name,
        number: u8,
    },
    /// VERIFY without data.
    Query(Name),
    Verify {
        file: Name,
        value: Vec<u8>,
    },
    /// CHANGE REFERENCE DATA, or CHANGE KEY where `key`.
    Change {
        file: Name,
        key: bool,
        value: Vec<u8>,
    },
    /// COMPUTE DIGITAL SIGNATURE, with the default key where there is no name.
    Sign(Option<Name>),
    InternalAuthenticate(Name),
    ExternalAuthenticate(Name),
    /// The first half of a terminal's certificate, with one byte in the place of it.
    VerifyCertificate,
    /// SET SESSION KEY, with one byte in the place of the encrypted key.
    SetSessionKey,
    /// GET DATA with an extended Le.
    GetData(u16),
    /// UNLOCK KEY of a PIN, which only the issuer may do.
    UnlockKey(Name),
    /// Power off and on.
    PowerCycle,
    WarmReset,
    /// A new process with the state that the old one has left.
    Restart,
}

/// What the card must answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) sw: u16,
    /// At least and at most so many bytes of data.
    pub(crate) length: (usize, usize),
}

const fn refused(sw: u16) -> Answer {
    Answer { sw, length: (0, 0) }
}

const DONE: Answer = refused(0x9000);

const fn data(least: usize, most: usize) -> Answer {
    Answer {
        sw: 0x9000,
        length: (least, most),
    }
}

/// A PIN in use.
struct Counter {
    value: Vec<u8>,
    tries: u8,
}

/// The card.
pub(crate) struct Model {
    /// The selected application, as the table counts them.
    selected: usize,
    /// The current EF, four hexadecimal digits.
    current: Option<String>,
    /// The names of the PINs verified in the selected application.
    verified: BTreeSet<&'static str>,
    /// By AID and EF of the PIN that has the value. The only part that outlives power.
    counters: BTreeMap<(&'static str, &'static str), Counter>,
}

impl Model {
    /// As issued, under power.
    pub(crate) fn new() -> Self {
        let mut counters = BTreeMap::new();
        for rules in applications() {
            for pin in &rules.pins {
                let value = if pin.tries > 0 { rules.values(pin).0 } else { "" };
                let (value, tries) = (value.into(), pin.tries);
                counters.insert(owner(rules, pin), Counter { value, tries });
            }
        }
        Self {
            selected: 0,
            current: None,
            verified: BTreeSet::new(),
            counters,
        }
    }

    /// The table's rules of the selected application.
    pub(crate) fn rules(&self) -> &'static Rules {
        &applications()[self.selected]
    }

    /// The value of a PIN of the selected application, where the name means one.
    pub(crate) fn value(&self, file: Name) -> Option<&[u8]> {
        let ef = self.name(file)?;
        let pin = self.rules().pin(&ef)?;
        let counter = &self.counters[&owner(self.rules(), pin)];
        (!counter.value.is_empty()).then_some(&counter.value)
    }

    /// What a name means; the file need not exist.
    fn name(&self, file: Name) -> Option<String> {
        match file {
            Name::Current => self.current.clone(),
            Name::Short(id) => Some(format!("{id:04X}")),
        }
    }

    /// Finds a file and makes it the current EF.
    fn select_file(&mut self, ef: String) -> Result<String, Answer> {
        if !self.rules().objects().contains(format!("EF {ef}").as_str()) {
            return Err(refused(0x6A82));
        }
        self.current = Some(ef.clone());
        Ok(ef)
    }

    fn resolve(&mut self, file: Name) -> Result<String, Answer> {
        self.name(file)
            .ok_or(refused(0x6986))
            .and_then(|ef| self.select_file(ef))
    }

    /// The one place where access is decided.
    fn require(&self, object: &str, operation: &str) -> Result<(), Answer> {
        if self.rules().allows(object, operation, &self.verified) {
            return Ok(());
        }
        Err(refused(
            self.rules().row(object, operation).map_or(0x6982, |row| row.refusal()),
        ))
    }

    /// Resolves the name of a file that the operation makes sense for, and asks for access.
    fn target(&mut self, file: Name, operation: &str) -> Result<String, Answer> {
        let ef = self.resolve(file)?;
        let object = format!("EF {ef}");
        if self.rules().row(&object, operation).is_none() {
            return Err(refused(0x6981));
        }
        self.require(&object, operation).map(|()| ef)
    }

    fn pin(&self, ef: &str) -> &'static PinRules {
        self.rules().pin(ef).unwrap()
    }

    fn counter(&mut self, ef: &str) -> &mut Counter {
        let of = owner(self.rules(), self.pin(ef));
        self.counters.get_mut(&of).unwrap()
    }

    fn go(&mut self, application: usize) {
        if application != self.selected {
            self.selected = application;
            self.verified.clear();
        }
        self.current = None;
    }

    /// Does a step; what the card answers, `None` for a step that is no command.
    pub(crate) fn step(&mut self, step: &Step) -> Option<Answer> {
        match step {
            Step::WarmReset => self.current = None,
            Step::PowerCycle | Step::Restart => {
                self.go(0);
                self.verified.clear();
            }
            _ => return Some(self.command(step).unwrap_or_else(|refusal| refusal)),
        }
        None
    }

    fn command(&mut self, step: &Step) -> Result<Answer, Answer> {
        match step {
            Step::SelectApplication { name, next } => {
                let from = if *next { self.selected + 1 } else { 0 };
                let name: String = name.iter().map(|byte| format!("{byte:02X}")).collect();
                let fits = |of: &Rules| of.aid.starts_with(&name) && in_reach(of, self.rules());
                let found = (from..applications().len()).find(|at| fits(&applications()[*at]));
                self.go(found.ok_or(refused(0x6A82))?);
            }
            Step::SelectFile(id) => drop(self.select_file(format!("{id:04X}"))?),
            Step::SelectMasterFile if self.selected == 0 => return Err(refused(0x6A86)),
            Step::SelectMasterFile => {}
            Step::Read(file) => {
                self.read(*file, false)?;
                return Ok(data(1, 256));
            }
            Step::ReadBehind => {
                self.read(Name::Current, false)?;
                return Err(refused(0x6B00));
            }
            Step::ReadRecord { file, number } => {
                let records = self.read(*file, true)?;
                if !(1..=records).contains(number) {
                    return Err(refused(0x6A83));
                }
                return Ok(data(1, 256));
            }
            Step::Query(file) => {
                let ef = self.target(*file, "verify")?;
                return Err(refused(0x63C0 | u16::from(self.counter(&ef).tries)));
            }
            Step::Verify { value, .. } if value.len() > 16 => return Err(refused(0x6700)),
            Step::Verify { file, value } => return self.verify(*file, value),
            Step::Change { value, .. } if value.len() > 16 => return Err(refused(0x6700)),
            Step::Change { file, key, value } => self.change(*file, *key, value)?,
            Step::Sign(None) => {
                let default = self.rules().rows.iter().find(|row| row.default);
                let ef = default
                    .and_then(|row| row.object.strip_prefix("EF "))
                    .ok_or(refused(0x6A88))?;
                self.select_file(ef.into())?;
                self.target(Name::Current, "compute signature")?;
                return Ok(data(256, 256));
            }
            Step::Sign(Some(key)) => {
                self.target(*key, "compute signature")?;
                return Ok(data(256, 256));
            }
            Step::InternalAuthenticate(key) => {
                self.target(*key, "internal authenticate")?;
                return Ok(data(256, 256));
            }
            Step::ExternalAuthenticate(key) => {
                let ef = self.resolve(*key)?;
                self.require(&format!("EF {ef}"), "external authenticate")?;
            }
            Step::VerifyCertificate => {
                self.target(Name::Current, "verify certificate")?;
                // Zeros are no certificate.
                return Err(refused(0x6A80));
            }
            Step::SetSessionKey => {
                self.require("session", "set session key")?;
                // No encrypted key is as great as the modulus.
                return Err(refused(0x6F00));
            }
            Step::GetData(tag) => {
                let object = format!("GET DATA {tag:04X}");
                if !self.rules().objects().contains(object.as_str()) {
                    return Err(refused(0x6A88));
                }
                self.require(&object, "read")?;
                return Ok(data(1, 65_536));
            }
            Step::UnlockKey(_) => return Err(refused(0x6982)),
            Step::PowerCycle | Step::WarmReset | Step::Restart => {}
        }
        Ok(DONE)
    }

    /// The right to read, by the instruction that fits the file. Returns how many records it has.
    fn read(&mut self, file: Name, as_records: bool) -> Result<u8, Answer> {
        let ef = self.resolve(file)?;
        let object = format!("EF {ef}");
        let row = self.rules().row(&object, "read").unwrap();
        // What the table refuses with 6981 is no file to be read at all.
        if row.records.is_some() != as_records && row.refusal() != 0x6981 {
            return Err(refused(0x6981));
        }
        self.require(&object, "read")?;
        Ok(row.records.unwrap_or(0))
    }

    fn verify(&mut self, file: Name, value: &[u8]) -> Result<Answer, Answer> {
        let ef = self.target(file, "verify")?;
        let pin = self.pin(&ef);
        let counter = self.counter(&ef);
        if counter.tries == 0 {
            return Err(refused(0x6984));
        }
        if counter.value != value {
            counter.tries -= 1;
            let answer = refused(0x63C0 | u16::from(counter.tries));
            self.verified.remove(pin.name.as_str());
            return Err(answer);
        }
        counter.tries = pin.tries;
        self.verified.insert(&pin.name);
        Ok(DONE)
    }

    fn change(&mut self, file: Name, key: bool, value: &[u8]) -> Result<(), Answer> {
        let ef = self.target(file, if key { "change key" } else { "change reference data" })?;
        let pin = self.pin(&ef);
        let [least, most] = pin.length.unwrap();
        let letters = pin.characters.as_deref() == Some("A-Z 0-9");
        let good = |byte: &u8| byte.is_ascii_digit() || letters && byte.is_ascii_uppercase();
        if !(least..=most).contains(&value.len()) || !value.iter().all(good) {
            return Err(refused(0x6A80));
        }
        self.counter(&ef).value = value.into();
        Ok(())
    }
}
