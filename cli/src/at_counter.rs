//! An issued card at the counter or the kiosk: its authorities, their register, its state, and the lock on all of it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rand_core::{CryptoRngCore, OsRng, RngCore};
use serde::Serialize;
use vmyna::{CardSource, StatePlace};
use vmyna_apdu::ShowPath as _;
use vmyna_applets::image;
use vmyna_applets::issued::IssuedCard;
use vmyna_authority::counter::steps::perform;
use vmyna_authority::counter::{self, CounterError, Done as Step, Operation, Outcome, Standing, Visit, kind};
use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::register::{Beginning, Begun, CardId, Intent, OperationId, Recorded, Register, Revocation};
use vmyna_card_os::state::Replacement;
use vmyna_issuance::characters::Substitutes;
use vmyna_issuance::desk::Desk;
use x509_cert::der::DateTime;

use crate::failure::{Failure, image_failure};
use crate::options::at_counter::AtCounter;
use crate::options::authority::Authority;
use crate::pending::{self, CardChange, Side, Where, step_failure};
use crate::{advice, authorities, output, registers};

/// A card at the counter, locked against other counters.
pub(crate) struct Counter {
    source: CardSource,
    /// The card as it was issued, and under which the register has it.
    issued: IssuedCard,
    id: CardId,
    pub(crate) place: StatePlace,
    desk: Desk,
    own_authorities: bool,
    pub(crate) register: SqliteRegister,
    register_path: PathBuf,
    side: Side,
    pub(crate) now: DateTime,
    /// Where a new card goes.
    output: Option<PathBuf>,
}

/// What was done, and where.
pub(crate) struct Done {
    steps: Vec<Step>,
    register: bool,
    card: Option<Where>,
}

fn failed(error: &dyn std::fmt::Display) -> Failure {
    Failure::Failed(error.to_string())
}

impl Counter {
    /// Opens the register and locks the card. What an interrupted operation has left is done first.
    ///
    /// # Errors
    /// The card keeps no state; authorities, register or state can't be used; another counter has the card.
    pub(crate) fn open(at: &AtCounter, output: Option<&Path>) -> Result<Self, Failure> {
        let source = &at.card;
        let ca = at.ca.as_ref().and_then(Authority::folder);
        let (issued, place) = source.find()?;
        let place = place.ok_or_else(|| {
            Failure::Usage(format!(
                "{source} is built in and keeps no state: `vmyna issue --random -o FILE` issues a card for the counter"
            ))
        })?;
        let now = match at.now {
            Some(time) => time.0,
            None => vmyna_authority::register::whole_seconds(SystemTime::now()).ok_or_else(|| {
                Failure::Failed("the clock of this machine shows no time that a certificate can have".to_owned())
            })?,
        };
        let output = match output {
            Some(path) if path.symlink_metadata().is_ok() => {
                return Err(Failure::Usage(format!(
                    "{} exists: remove it or choose another name",
                    path.shown()
                )));
            }
            Some(path) => {
                let path = std::path::absolute(path)?;
                // What is revoked stays revoked, so nothing may begin if no image can be written there.
                drop(image::create(&path).map_err(image_failure)?);
                Some(path)
            }
            None => None,
        };
        let desk = Desk::new(authorities::open(ca)?);
        let register = registers::open(ca)?;
        let register_path = registers::absolute(&registers::path(ca)?);
        let mark = pending::lock(source, &place)?;
        Ok(Self {
            source: source.clone(),
            id: CardId::of(&issued),
            issued,
            side: Side::new(place.clone(), register_path.clone(), mark),
            place,
            desk,
            own_authorities: ca.is_some(),
            register,
            register_path,
            now,
            output,
        })
    }

    /// The card and its name in the register.
    pub(crate) fn id(&self) -> (CardId, String) {
        (self.id, self.issued.name.to_string())
    }

    /// The card as it was issued.
    pub(crate) const fn issued(&self) -> &IssuedCard {
        &self.issued
    }

    /// The card as it is now.
    pub(crate) fn card(&self) -> Result<IssuedCard, Failure> {
        Ok(self.place.current(self.issued.clone())?)
    }

    /// Does an operation.
    ///
    /// # Errors
    /// It is forbidden, or can't be done, or not now.
    pub(crate) fn operate(
        &mut self,
        operation: &Operation,
        substitutes: &Substitutes,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Done, Failure> {
        self.operate_with(operation, substitutes, None, rng)
    }

    /// Does an operation that uses up a one-time code: its digest.
    pub(crate) fn operate_with(
        &mut self,
        operation: &Operation,
        substitutes: &Substitutes,
        code: Option<[u8; 32]>,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Done, Failure> {
        /// A serial number is taken once in some millions.
        const ATTEMPTS: usize = 8;
        for _ in 0..ATTEMPTS {
            let card = self.card()?;
            let status = self.register.card_status(self.id);
            let status = status.map_err(|error| registers::failure(&error))?;
            if let Some(pending) = status.pending {
                return Err(pending_failure(&self.source, pending.operation));
            }
            let standing = Standing::of(&self.register, &card, self.id);
            let visit = Visit {
                card: &card,
                id: self.id,
                standing: standing.map_err(|error| registers::failure(&error))?,
                now: self.now,
                substitutes,
            };
            let outcome = counter::operate(&mut self.desk, &visit, operation, rng);
            let outcome = outcome.map_err(|error| self.refused(&error))?;
            if let Some(done) = self.write(&card, status.last, outcome, code)? {
                return Ok(done);
            }
        }
        Err(Failure::Failed(
            "every serial number that was drawn is taken; nothing was done".to_owned(),
        ))
    }

    /// Writes what an operation changes; `None` if a serial number is taken.
    fn write(
        &mut self,
        card: &IssuedCard,
        after: Option<OperationId>,
        outcome: Outcome,
        code: Option<[u8; 32]>,
    ) -> Result<Option<Done>, Failure> {
        let mut number = [0; 16];
        OsRng.fill_bytes(&mut number);
        let operation = OperationId(number);
        let change = self.change(operation, &outcome)?;
        let in_register =
            !outcome.revoke.is_empty() || !outcome.enter.is_empty() || outcome.withdraw.is_some() || code.is_some();
        if !in_register {
            if let Some(change) = change {
                self.side.apply(&change)?;
            }
            return Ok(Some(Done {
                steps: outcome.done,
                register: false,
                card: self.side.changed.clone(),
            }));
        }
        self.enter_present(card)?;
        let at = self.now;
        let revoke = outcome.revoke.iter();
        let revoke: Vec<_> = revoke
            .map(|(issuer, serial, reason)| (*issuer, *serial, Revocation { at, reason: *reason }))
            .collect();
        let intent = change.map(|change| Intent {
            operation,
            card: self.id(),
            place: self.place.to_text(),
            change: change.to_bytes(),
            certificates: outcome.enter.clone(),
        });
        let beginning = Beginning {
            operation,
            card: self.id(),
            after,
            revoke: &revoke,
            withdraw: outcome
                .withdraw
                .map(|cause| vmyna_authority::register::Withdrawal { at, cause }),
            code: code.map(|code| (code, at)),
            intent: intent.as_ref(),
        };
        let begun = perform(&mut self.register, &mut self.side, &beginning).map_err(step_failure)?;
        match begun {
            Begun::Done(_) => Ok(Some(Done {
                steps: outcome.done,
                register: true,
                card: self.side.changed.clone(),
            })),
            Begun::SerialTaken(_) => Ok(None),
            Begun::Pending(other) => Err(pending_failure(&self.source, other)),
            Begun::Withdrawn(withdrawal) => Err(self.refused(&CounterError::Withdrawn(withdrawal))),
            Begun::NoCode => Err(Failure::Failed(
                "the code is used or has run out; nothing was done".to_owned(),
            )),
            Begun::Unknown(serial) => Err(Failure::Failed(format!(
                "the register holds no certificate with the serial number {serial:06X} of this card; nothing was done"
            ))),
            _ => Err(Failure::Failed(format!(
                "{}: another counter has changed the card meanwhile; nothing was done: try again",
                self.source
            ))),
        }
    }

    /// What an operation changes on the card's side, if anything.
    fn change(&self, operation: OperationId, outcome: &Outcome) -> Result<Option<CardChange>, Failure> {
        if let (Some(new), Some(path)) = (&outcome.new_card, &self.output) {
            let record = new.to_record().map_err(|error| failed(&error))?;
            return Ok(Some(CardChange::NewImage(path.clone(), record)));
        }
        if outcome.card.is_none() && outcome.pins.is_empty() {
            return Ok(None);
        }
        let mut replacement = Replacement::new(operation.0);
        if let Some(card) = &outcome.card {
            replacement.record = Some(card.to_record().map_err(|error| failed(&error))?);
        }
        replacement.pins.clone_from(&outcome.pins);
        Ok(Some(CardChange::Replacement(replacement)))
    }

    /// Enters the certificates that the card has, where the register lacks them: it was issued before there was a register, or
    /// without one.
    fn enter_present(&mut self, card: &IssuedCard) -> Result<(), Failure> {
        let present = counter::entries(card, self.id).map_err(|error| failed(&error))?;
        let recorded = self.register.record(&present);
        let recorded = recorded.map_err(|error| registers::failure(&error))?;
        match present
            .iter()
            .zip(recorded)
            .find(|(_, what)| *what == Recorded::SerialTaken)
        {
            Some((certificate, _)) => Err(Failure::Failed(format!(
                "the register holds another certificate with the serial number {:06X} of this card, from another seed; \
                 nothing was done",
                certificate.serial
            ))),
            None => Ok(()),
        }
    }

    /// A refusal with the advice for it.
    fn refused(&self, error: &CounterError) -> Failure {
        let advice = match error {
            CounterError::OtherAuthority if self.own_authorities => "; --ca names their folder".to_owned(),
            CounterError::OtherAuthority => "; --ca DIR names their folder".to_owned(),
            CounterError::BeforeIssue(_) => ": set the clock, or give the time with --now".to_owned(),
            CounterError::Ended(_) => ": `reissue -o NEW` makes one".to_owned(),
            CounterError::HasCertificate => " with `renew`".to_owned(),
            CounterError::WithoutPins => ": `with-pin` gives it some".to_owned(),
            CounterError::NoValue(_) => ": give it as --pin NAME=VALUE".to_owned(),
            CounterError::Issuance(error) => advice::for_issuance(error).to_owned(),
            CounterError::Lacking(lacking) => format!(
                ": choose one with --substitute CHARACTER=SUBSTITUTE for {}",
                lacking.characters.join(", ")
            ),
            _ => String::new(),
        };
        Failure::Failed(format!("{}: {error}{advice}; nothing was done", self.source))
    }
}

fn pending_failure(source: &CardSource, operation: OperationId) -> Failure {
    Failure::Failed(format!(
        "{source}: the operation {operation} on this card is not finished, and must be first; nothing was done"
    ))
}

/// What was done, as JSON.
#[derive(Serialize)]
struct Report<'a> {
    card: String,
    name: &'a str,
    time: String,
    done: Vec<StepReport>,
    /// The register that was written.
    register: Option<String>,
    /// The card's state that was written.
    state: Option<String>,
    /// The process that changed the card, which has it in use.
    process: Option<u32>,
    /// The image that was written.
    image: Option<String>,
}

/// One thing that was done.
#[derive(Default, Serialize)]
struct StepReport {
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl From<&Step> for StepReport {
    fn from(step: &Step) -> Self {
        let of = |what| Self {
            what,
            ..Self::default()
        };
        let certificate = |what, hierarchy, serial: u32| Self {
            kind: Some(kind(hierarchy)),
            serial: Some(format!("{serial:06X}")),
            ..of(what)
        };
        let text = |what, text: &str| Self {
            text: Some(text.to_owned()),
            ..of(what)
        };
        match step {
            Step::Revoked(hierarchy, serial, reason) => Self {
                reason: Some(reason.name()),
                ..certificate("revoked", *hierarchy, *serial)
            },
            Step::WasRevoked(hierarchy, before) => Self {
                kind: Some(kind(*hierarchy)),
                reason: Some(before.reason.name()),
                time: Some(before.at.to_string()),
                ..of("was-revoked")
            },
            Step::Issued(hierarchy, serial, end) => Self {
                time: Some(end.to_string()),
                ..certificate("issued", *hierarchy, *serial)
            },
            Step::Removed(hierarchy) => Self {
                kind: Some(kind(*hierarchy)),
                ..of("removed")
            },
            Step::Pin(name) => text("pin-reset", name),
            Step::Tries(name) => text("tries-restored", name),
            Step::Unset(name) => text("pin-unset", name),
            Step::Files => of("files-signed"),
            Step::Printed(line) => text("printed", line),
            Step::Erased(line) => text("erased", line),
            Step::Withdrawn(cause) => text("withdrawn", &cause.to_string()),
            Step::NewCard(expiry) => text("new-card", &expiry.to_string()),
            other => text("other", &other.to_string()),
        }
    }
}

/// Reports what was done, and where.
pub(crate) fn report(counter: &Counter, done: &Done, json: bool) -> Result<(), Failure> {
    let register = done.register.then(|| counter.register_path.shown().to_string());
    let (mut state, mut process, mut image) = (None, None, None);
    match &done.card {
        Some(Where::State(path)) => state = Some(path.shown().to_string()),
        Some(Where::Process(id)) => process = Some(*id),
        Some(Where::Image(path)) => image = Some(path.shown().to_string()),
        None => {}
    }
    if json {
        output::json(&Report {
            card: counter.source.to_string(),
            name: counter.issued.name.as_str(),
            time: counter.now.to_string(),
            done: done.steps.iter().map(StepReport::from).collect(),
            register,
            state,
            process,
            image,
        })?;
        return Ok(());
    }
    let mut out = output::text();
    writeln!(out, "{}, at {}:", counter.source, counter.now)?;
    for step in &done.steps {
        writeln!(out, "  {step}")?;
    }
    if done.steps.is_empty() {
        writeln!(out, "  nothing to do")?;
    }
    if let Some(register) = register {
        writeln!(out, "In the register: {register}")?;
    }
    if let Some(state) = state {
        writeln!(out, "On the card: {state}")?;
    }
    if let Some(process) = process {
        writeln!(
            out,
            "On the card: by process {process}, which is using it; it lost power for a moment: programs connected to it must \
             connect, select and verify again"
        )?;
    }
    if let Some(image) = image {
        writeln!(out, "The new card: {image}")?;
    }
    out.flush()?;
    Ok(())
}
