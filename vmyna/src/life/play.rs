//! Playing a plan: every step through the operations of issuer and counter.

use std::path::{Path, PathBuf};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use vmyna_apdu::{Text, text};
use vmyna_applets::PhoneKind;
use vmyna_applets::image;
use vmyna_applets::issued::IssuedCard;
use vmyna_authority::counter::{Operation, Which};
use vmyna_authority::register::{CardId, Certificate, Hierarchy, IssuerId, OperationId, Recorded, Register as _};
use vmyna_issuance::characters::Substitutes;
use vmyna_issuance::desk::Desk;
use vmyna_issuance::keys::{CardKeys, KeyMade, seed_for};
use vmyna_issuance::numbers::{Numbers, RUNNING_NUMBERS};
use vmyna_issuance::story::What;
use vmyna_issuance::zeroize::Zeroizing;
use vmyna_issuance::{DateTime, IssuanceError, ca_folder};

use super::error::LifeError;
use super::folder::{LifeFolder, io_at};
use super::model::{Held, PersonModel, Token};
use super::plan::{Plan, Step, happen};
use crate::counter::{Counter, Office, Opening, OperateError, StillPending};
use crate::phone::{self, PhoneOrder};
use crate::source::CardSource;

/// A story that is played in a folder.
pub struct Life {
    pub(super) plan: Plan,
    pub(super) folder: LifeFolder,
    pub(super) people: Vec<PersonModel>,
    /// Open while steps are done; `None` after an error.
    office: Option<Office>,
    pool: Vec<CardKeys>,
    /// How many generations the authorities have.
    generations: usize,
    /// How many steps were done.
    next: usize,
}

/// One step that was done, or found done.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Played {
    /// Which of the plan's steps.
    pub step: usize,
    /// The person: which of [`Life::people`].
    pub person: usize,
    /// The certificates that it gave.
    pub new: Vec<Held>,
}

impl Life {
    /// Opens the folder of a story, and makes it if nothing is there. What an earlier run has done is taken over: operations
    /// that were interrupted are finished. `made` is called after each key.
    ///
    /// # Errors
    /// [`LifeError`].
    pub fn open(path: &Path, plan: Plan, made: KeyMade<'_>) -> Result<Self, LifeError> {
        let folder = LifeFolder::open(path, &plan, made)?;
        let pool = folder.keys()?;
        let people = plan.orders.iter().map(PersonModel::new).collect();
        let mut life = Self {
            generations: generations(&folder)?,
            plan,
            folder,
            people,
            office: None,
            pool,
            next: 0,
        };
        life.open_office()?;
        life.take_over()?;
        Ok(life)
    }

    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The folder.
    #[must_use]
    pub const fn folder(&self) -> &LifeFolder {
        &self.folder
    }

    /// The people, as the events so far have it.
    #[must_use]
    pub fn people(&self) -> &[PersonModel] {
        &self.people
    }

    /// The next step to do; `None` when all are done.
    #[must_use]
    pub fn next(&self) -> Option<&Step> {
        self.plan.steps.get(self.next)
    }

    /// How many steps are done.
    #[must_use]
    pub const fn done(&self) -> usize {
        self.next
    }

    /// When the last step that is done happened; `None` before the first one.
    #[must_use]
    pub fn reached(&self) -> Option<DateTime> {
        self.plan.steps[..self.next].last().map(|step| step.event.at)
    }

    /// Does the next step. `None` when all are done.
    ///
    /// # Errors
    /// [`LifeError`]. What was done stays; another run goes on from there.
    pub fn step(&mut self) -> Result<Option<Played>, LifeError> {
        let Some(step) = self.plan.steps.get(self.next).cloned() else {
            return Ok(None);
        };
        self.bring_generations(step.event.at)?;
        let before = self.people[step.person].certificates.len();
        let which = self.work_on(&step)?;
        self.expect(&step)?;
        let at = step.person;
        self.perform(&step, which)?;
        self.identify(&step, before)?;
        let new = self.people[at].certificates[before..].to_vec();
        let identities = new.iter().filter_map(|held| held.identity).collect();
        self.folder.note(&step, identities)?;
        self.next += 1;
        Ok(Some(Played {
            step: self.next - 1,
            person: at,
            new,
        }))
    }

    /// The certificates that a renewal concerns, before the model has renewed them.
    fn work_on(&self, step: &Step) -> Result<Work, LifeError> {
        let person = &self.people[step.person];
        let at = step.event.at;
        let impossible = |why: Text| event_failed(step, why);
        Ok(match &step.event.what {
            What::Renewed if !person.needs_new_card(at).map_err(impossible)? => {
                let renewable = person.renewable(at).map_err(impossible)?;
                match &renewable[..] {
                    [(only, _)] if person.on_card.iter().flatten().count() > 1 => Work::Renew(Which::Only(*only)),
                    _ => Work::Renew(Which::All),
                }
            }
            What::Found => Work::Renew(Which::All),
            What::Renewed | What::Replaced => Work::NewCard,
            _ => Work::Other,
        })
    }

    /// Lets the model do the step.
    fn expect(&mut self, step: &Step) -> Result<(), LifeError> {
        let order = &self.plan.orders[step.person];
        happen(&mut self.people[step.person], order, &step.event).map_err(|why| event_failed(step, why))
    }

    fn perform(&mut self, step: &Step, work: Work) -> Result<(), LifeError> {
        let person = &self.people[step.person];
        let operation = match (&step.event.what, work) {
            (What::Checked, _) => return Ok(()),
            (What::Born, _) => return self.issue(step),
            (What::Phone(kind), _) => return self.add_phone(step, *kind),
            (What::PhoneRemoved, _) => return self.remove_phone(step),
            (_, Work::Renew(which)) => Operation::Renew(which),
            (_, Work::NewCard) => {
                // The model has the new card already.
                let (old, new) = (person.cards - 1, person.cards);
                let new = self.folder.card(&person.name, new);
                return self.operate(step, old, &Operation::Reissue(Vec::new()), Some(&new));
            }
            (What::Fifteen, _) => Operation::SignCertificate(None),
            (What::MovedOut, _) => Operation::MoveOut,
            (What::Moved { address, municipality }, _) => Operation::MoveIn(address.clone(), municipality.clone()),
            (What::Married { name, kana }, _) => Operation::Rename(name.clone(), kana.clone()),
            (What::Lost, _) => Operation::Lost,
            (What::PhoneLost, _) => Operation::PhoneLost,
            (What::Died, _) => Operation::Death,
            (what, _) => {
                let name = what.name();
                let why = text!(
                    "{name} can't be played by this version",
                    "このバージョンでは{name}を扱えません"
                );
                return Err(event_failed(step, why));
            }
        };
        self.operate(step, person.cards, &operation, None)
    }

    /// Holds the card to a phone.
    fn add_phone(&mut self, step: &Step, kind: PhoneKind) -> Result<(), LifeError> {
        let person = &self.people[step.person];
        let number = u32::try_from(person.phones.len()).unwrap_or(u32::MAX);
        let image = self.folder.phone(&person.name, number);
        let source = self.source(step, person.cards);
        self.serve(step, &source, Some(&image), &mut |counter, number, rng| {
            let card = counter.card()?;
            let password = card.jpki.sign_pin.value.as_ref().map(|value| value.as_bytes().to_vec());
            let password = Zeroizing::new(password.unwrap_or_default());
            let order = PhoneOrder::new(kind, &password);
            let added = phone::add(counter, number, &order, &Substitutes::default(), rng);
            added.map(drop).map_err(|error| LifeError::Phone {
                event: step.event.to_string(),
                error: Box::new(error),
            })
        })
    }

    /// Takes the certificates off the phone, at the counter.
    fn remove_phone(&mut self, step: &Step) -> Result<(), LifeError> {
        let person = &self.people[step.person];
        let number = person.phones.iter().map(|phone| phone.number).max().unwrap_or(1);
        let source = CardSource::Image(self.folder.phone(&person.name, number), None);
        self.serve(step, &source, None, &mut |counter, number, _| {
            let removed = phone::remove(counter, number);
            removed.map(drop).map_err(|error| operate_failed(step, error))
        })
    }

    fn source(&self, step: &Step, card: u32) -> CardSource {
        let name = &self.people[step.person].name;
        CardSource::Image(self.folder.card(name, card), Some(name.clone()))
    }

    /// Issues a first card: its certificates come into the register first, so that no card is out which the register lacks.
    fn issue(&mut self, step: &Step) -> Result<(), LifeError> {
        /// A serial number is taken once in some thousands.
        const ATTEMPTS: u64 = 16;
        let order = &self.plan.orders[step.person];
        let path = self.folder.card(&order.name, 1);
        let office = self.office.as_mut().ok_or(LifeError::Stopped)?;
        let seed = self.plan.seed_of(step);
        let first = u64::from_be_bytes(first_eight(&seed_for(&self.plan.seed, "running number")));
        for attempt in 0..ATTEMPTS {
            let running = first.wrapping_add(step.person as u64 + (attempt << 24)) % RUNNING_NUMBERS;
            let card = office.desk().issue_alone(order, &Numbers::of(running)?, &seed)?;
            let certificates = Certificate::of_card(&card)?;
            // An interrupted run may have entered them.
            if !is_entered(office, &certificates)? {
                let recorded = office.register().record(&certificates)?;
                if recorded.contains(&Recorded::SerialTaken) {
                    continue;
                }
            }
            return write(&path, &card);
        }
        Err(event_failed(
            step,
            text!(
                "every serial number that was drawn is taken",
                "作った証明書の番号はすべて使用済みです"
            ),
        ))
    }

    /// Lets the counter do an operation on a person's card.
    fn operate(
        &mut self,
        step: &Step,
        card: u32,
        operation: &Operation,
        new_image: Option<&Path>,
    ) -> Result<(), LifeError> {
        let source = self.source(step, card);
        self.serve(step, &source, new_image, &mut |counter, number, rng| {
            let done = counter.operate_as(number, operation, &Substitutes::default(), rng);
            done.map(drop).map_err(|error| operate_failed(step, error))
        })
    }

    /// Brings a card or a phone to the counter, which does something there unless an interrupted run has done it.
    fn serve(
        &mut self,
        step: &Step,
        source: &CardSource,
        new_image: Option<&Path>,
        act: &mut dyn FnMut(&mut Counter, OperationId, &mut ChaCha20Rng) -> Result<(), LifeError>,
    ) -> Result<(), LifeError> {
        let office = self.office.take().ok_or(LifeError::Stopped)?;
        let mut opening = Opening::new(source, step.event.at);
        // An image that is there is that of a run that was interrupted afterwards.
        opening.new_image = new_image.filter(|path| path.symlink_metadata().is_err());
        let mut counter = Counter::at(office, &opening).map_err(|error| LifeError::Open {
            event: step.event.to_string(),
            error: Box::new(error),
        })?;
        let number = self.plan.operation(step);
        let done = counter.has_done(number).map_err(|error| operate_failed(step, error))?;
        if !done {
            if let (Some(path), None) = (new_image, opening.new_image) {
                return Err(io_at(path)(std::io::ErrorKind::AlreadyExists.into()));
            }
            act(
                &mut counter,
                number,
                &mut ChaCha20Rng::from_seed(*self.plan.seed_of(step)),
            )?;
        }
        self.office = Some(counter.into_office());
        Ok(())
    }

    /// Reads from the card what certificates a step has given, and compares them with what it had to give.
    fn identify(&mut self, step: &Step, before: usize) -> Result<(), LifeError> {
        let person = &mut self.people[step.person];
        let mut tokens: Vec<Token> = person.certificates[before..].iter().map(|held| held.token).collect();
        tokens.dedup();
        for token in tokens {
            let (card, _) = self.folder.source(&person.name, token).current()?;
            for held in person.certificates[before..]
                .iter_mut()
                .filter(|held| held.token == token)
            {
                let there = certificate(&card, held.hierarchy)?;
                let there = there.ok_or_else(|| {
                    event_failed(
                        step,
                        text!("the {token} lacks a certificate", "{token}に電子証明書がありません"),
                    )
                })?;
                if there.validity != held.validity {
                    let ((begin, end), (from, to)) = (there.validity, held.validity);
                    let why = text!(
                        "the {token} has a certificate of {begin} to {end}, and not of {from} to {to}",
                        "{token}の電子証明書の有効期間が{from}から{to}ではなく{begin}から{end}です"
                    );
                    return Err(event_failed(step, why));
                }
                held.identity = Some((there.issuer, there.serial));
            }
        }
        Ok(())
    }

    /// Takes over the steps that the journal has.
    fn take_over(&mut self) -> Result<(), LifeError> {
        let other = |folder: &LifeFolder, step: &Step| {
            let why = format!("{} is not what was played", step.event);
            LifeError::OtherStory(folder.path().to_owned(), why)
        };
        for entry in std::mem::take(&mut self.folder.done) {
            let Some(step) = self.plan.steps.get(self.next).cloned() else {
                let why = "the story is shorter than what was played".to_owned();
                return Err(LifeError::OtherStory(self.folder.path().to_owned(), why));
            };
            let before = self.people[step.person].certificates.len();
            if entry.digest != step.digest() {
                return Err(other(&self.folder, &step));
            }
            self.expect(&step)?;
            let new = &mut self.people[step.person].certificates[before..];
            if new.len() != entry.new.len() {
                return Err(other(&self.folder, &step));
            }
            for (held, identity) in new.iter_mut().zip(&entry.new) {
                held.identity = Some(*identity);
            }
            self.folder.done.push(entry);
            self.next += 1;
        }
        Ok(())
    }

    /// Lets the authorities have the generations that they have at a time.
    pub(super) fn bring_generations(&mut self, at: DateTime) -> Result<(), LifeError> {
        let seed = seed_for(&self.plan.seed, "authorities");
        let due = self.plan.generations(at);
        let mut made = false;
        for begin in due.iter().skip(self.generations - 1) {
            self.office = None;
            ca_folder::rollover(&self.folder.authorities(), &seed, *begin, &|| Ok(()))?;
            self.generations = generations(&self.folder)?;
            made = true;
        }
        match made {
            true => self.open_office(),
            false => Ok(()),
        }
    }

    fn open_office(&mut self) -> Result<(), LifeError> {
        let folder = self.folder.authorities();
        let desk = Desk::new(ca_folder::open(&folder)?).with_key_pool(self.pool.clone());
        let mut left: Option<StillPending> = None;
        let office = Office::with_desk(desk, Some(&folder), &mut |pending| left = Some(pending));
        let office = office.map_err(|error| LifeError::Open {
            event: "the register".to_owned(),
            error: Box::new(error),
        })?;
        if let Some(pending) = left {
            return Err(pending.into());
        }
        self.office = Some(office);
        Ok(())
    }

    /// The images of the people's cards and phones now: name, path, whether it is a phone.
    #[must_use]
    pub fn tokens(&self) -> Vec<(String, PathBuf)> {
        let mut tokens = Vec::new();
        for person in self.people.iter().filter(|person| person.cards > 0) {
            tokens.push((person.name.to_string(), self.folder.card(&person.name, person.cards)));
            for phone in &person.phones {
                let path = self.folder.phone(&person.name, phone.number);
                tokens.push((person.name.to_string(), path));
            }
        }
        tokens
    }
}

/// What a step is to the counter, where the step alone does not state it.
enum Work {
    Renew(Which),
    NewCard,
    Other,
}

fn event_failed(step: &Step, error: Text) -> LifeError {
    LifeError::Event {
        event: step.event.to_string(),
        error,
    }
}

fn operate_failed(step: &Step, error: OperateError) -> LifeError {
    LifeError::Operate {
        event: step.event.to_string(),
        error: Box::new(error),
    }
}

fn generations(folder: &LifeFolder) -> Result<usize, LifeError> {
    let count = ca_folder::generations(&folder.authorities())?;
    Ok(usize::try_from(count).unwrap_or(1).max(1))
}

fn first_eight(bytes: &[u8; 32]) -> [u8; 8] {
    let mut first = [0; 8];
    first.copy_from_slice(&bytes[..8]);
    first
}

/// Whether the register has exactly these certificates.
fn is_entered(office: &mut Office, certificates: &[Certificate]) -> Result<bool, LifeError> {
    for certificate in certificates {
        let Some(entry) = office.register().entry(certificate.issuer, certificate.serial)? else {
            return Ok(false);
        };
        let same = entry.cards.contains(&certificate.card.1) && entry.validity == certificate.validity;
        if !same {
            return Ok(false);
        }
    }
    Ok(!certificates.is_empty())
}

/// Writes the image of a card. One that is there is that of an interrupted run.
fn write(path: &Path, card: &IssuedCard) -> Result<(), LifeError> {
    if path.symlink_metadata().is_ok() {
        let there = CardSource::Image(path.to_owned(), Some(card.name.clone())).issued()?;
        if CardId::of(&there) == CardId::of(card) {
            return Ok(());
        }
        return Err(io_at(path)(std::io::ErrorKind::AlreadyExists.into()));
    }
    let mut file = image::create(path)?;
    file.add(card)?;
    Ok(file.finish()?)
}

/// What a certificate on a card states of itself.
pub(super) fn certificate(card: &IssuedCard, hierarchy: Hierarchy) -> Result<Option<Certificate>, IssuanceError> {
    let mut certificates = Certificate::of_card(card)?.into_iter();
    Ok(certificates.find(|certificate| certificate.hierarchy == hierarchy))
}

/// The identity of a certificate in words: the serial number.
pub(super) fn serial(identity: Option<(IssuerId, u32)>) -> String {
    identity.map_or_else(|| "?".to_owned(), |(_, serial)| format!("{serial:06X}"))
}
