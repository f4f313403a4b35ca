//! Enters the certificates of issued cards into the authorities' register.

use std::thread;
use std::time::Duration;

use vmyna_applets::issued::IssuedCard;
use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::register::{Certificate, Recorded, Register};

use super::args::Issue;
use crate::advice;
use crate::failure::Failure;
use crate::registers;

/// How many certificates one write enters.
const BATCH: usize = 4096;
/// The rest between two writes. SQLite's lock is not fair: without it a town would keep a counter waiting for minutes.
const REST: Duration = Duration::from_millis(1);

/// The register while cards are issued.
pub(super) struct Entering {
    /// None when the built-in authorities' can't be used.
    register: Option<SqliteRegister>,
    /// Whether a serial number that another certificate has ends the work: under authorities of one's own.
    strict: bool,
    seed: Option<u64>,
    waiting: Vec<Certificate>,
    taken: u64,
    notices: Vec<String>,
}

impl Entering {
    /// Opens the register of the authorities that issue. Under the built-in ones cards are issued without it too.
    pub(super) fn begin(arguments: &Issue) -> Result<Self, Failure> {
        let mut notices = Vec::new();
        let register = match (&arguments.ca, registers::is_kept()) {
            (Some(folder), _) => Some(registers::open(Some(folder))?),
            (None, false) => None,
            (None, true) => match registers::open(None) {
                Ok(register) => Some(register),
                Err(failure) => {
                    notices.push(format!("not entered into the register of certificates: {failure}"));
                    None
                }
            },
        };
        Ok(Self {
            register,
            strict: arguments.ca.is_some(),
            seed: arguments.seed,
            waiting: Vec::new(),
            taken: 0,
            notices,
        })
    }

    /// Takes the certificates of a card.
    pub(super) fn add(&mut self, card: &IssuedCard) -> Result<(), Failure> {
        if self.register.is_some() {
            let certificates = Certificate::of_card(card);
            self.waiting
                .extend(certificates.map_err(|error| Failure::Failed(format!("{}: {error}", card.name)))?);
            if self.waiting.len() >= BATCH {
                self.write()?;
                thread::sleep(REST);
            }
        }
        Ok(())
    }

    /// Enters the last of them, and returns what there is to report.
    pub(super) fn finish(mut self) -> Result<Vec<String>, Failure> {
        if !self.waiting.is_empty() {
            self.write()?;
        }
        if self.taken > 0 {
            self.notices.push(format!(
                "{} of the certificates have the serial number of another one that was issued before: the register keeps \
                 the first. {}",
                self.taken,
                self.remedy()
            ));
        }
        Ok(self.notices)
    }

    fn write(&mut self) -> Result<(), Failure> {
        let waiting = std::mem::take(&mut self.waiting);
        let Some(register) = &mut self.register else {
            return Ok(());
        };
        let recorded = match register.record(&waiting) {
            Ok(recorded) => recorded,
            Err(error) if self.strict => return Err(registers::failure(&error)),
            Err(error) => {
                self.notices.push(format!(
                    "not entered into the register of certificates: {}",
                    advice::of_register(&error)
                ));
                self.register = None;
                return Ok(());
            }
        };
        let taken: Vec<&Certificate> = waiting
            .iter()
            .zip(&recorded)
            .filter(|(_, what)| **what == Recorded::SerialTaken)
            .map(|(certificate, _)| certificate)
            .collect();
        self.taken += taken.len() as u64;
        match taken.first() {
            Some(first) if self.strict => Err(Failure::Failed(format!(
                "{}: these authorities have issued another certificate with the serial number {:06X}; nothing was written. {}",
                first.card.1,
                first.serial,
                self.remedy()
            ))),
            _ => Ok(()),
        }
    }

    fn remedy(&self) -> String {
        match self.seed {
            Some(seed) => format!("Numbers come from the seed: take another than {seed} for other people"),
            None => "Numbers are drawn at random: issue again".to_owned(),
        }
    }
}
