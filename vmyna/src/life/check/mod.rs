//! The check of a story: whether register, OCSP, revocation lists, verifier, cards, phones and mdocs agree about every
//! person.
//!
//! Expected is what the events demand ([`PersonModel`](super::PersonModel)). A check changes nothing: cards are asked by
//! APDU as they are now, in a memory of their own, and their tries are read from their state.

mod answers;
mod lists;
mod mdoc;
mod ocsp;
mod token;
mod verify;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use vmyna_authority::ocsp::Responder;
use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::register::{IssuerId, Register as _, Revocation};
use vmyna_authority::revocation_list::issuer_id;
use vmyna_authority::verifier::trust::Trust;
use vmyna_issuance::mdoc::MdocAuthority;
use vmyna_issuance::x509::Authority;
use vmyna_issuance::{DateTime, ca_folder};

use super::error::{Disagreement, LifeError};
use super::folder::LifeFolder;
use super::model::{Held, PersonModel, Token};
use super::play::{Life, serial};
use crate::counter::register;
use token::Asked;

pub use answers::{Row, markdown};

/// How many answers of each service were compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// Entries of the register.
    pub register: usize,
    /// Answers of OCSP responders about one certificate.
    pub ocsp: usize,
    /// Revocation lists, complete and of municipalities.
    pub lists: usize,
    /// Entries of those lists.
    pub entries: usize,
    /// Certificates that the verifier has judged.
    pub verified: usize,
    /// Cards that were asked by APDU.
    pub cards: usize,
    /// Phones that were asked by APDU.
    pub phones: usize,
    /// Mdocs of phones that were presented and verified.
    pub mdocs: usize,
}

impl Checked {
    /// The sum of two checks.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            register: self.register + other.register,
            ocsp: self.ocsp + other.ocsp,
            lists: self.lists + other.lists,
            entries: self.entries + other.entries,
            verified: self.verified + other.verified,
            cards: self.cards + other.cards,
            phones: self.phones + other.phones,
            mdocs: self.mdocs + other.mdocs,
        }
    }
}

/// The responders of a story's authorities, which are made when they are first asked: each has a key of its own.
#[derive(Default)]
pub struct Responders {
    made: Vec<(IssuerId, DateTime, Responder)>,
}

impl Responders {
    /// The responders of these authorities, valid at a time.
    fn at(&mut self, authorities: &[(IssuerId, Authority)], at: DateTime) -> Result<Vec<&Responder>, LifeError> {
        /// A responder's certificate lasts 400 days on each side.
        const LASTS: Duration = Duration::from_secs(390 * 24 * 60 * 60);
        let apart = |one: DateTime| one.unix_duration().abs_diff(at.unix_duration());
        self.made.retain(|(_, made, _)| apart(*made) <= LASTS);
        let missing: Vec<_> = authorities
            .iter()
            .filter(|(id, _)| !self.made.iter().any(|(made, ..)| made == id))
            .collect();
        let new = Mutex::new(Vec::new());
        each_in_parallel(missing.len(), &|number| {
            let (id, authority) = missing[number];
            let responder = Responder::new(authority, at)?;
            new.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((*id, at, responder));
            Ok(())
        })?;
        self.made
            .extend(new.into_inner().unwrap_or_else(PoisonError::into_inner));
        Ok(self.made.iter().map(|(.., responder)| responder).collect())
    }
}

/// What all questions of one check share.
pub(super) struct Scene<'l> {
    pub(super) at: DateTime,
    pub(super) people: &'l [PersonModel],
    pub(super) authorities: Vec<(IssuerId, Authority)>,
    pub(super) trust: Trust,
    /// Those that issue mdocs: there are none before the first iPhone.
    pub(super) mdoc: Option<MdocAuthority>,
}

impl Scene<'_> {
    pub(super) fn disagreement(
        &self,
        person: impl ToString,
        service: impl Into<String>,
        (expected, got): (impl Into<String>, impl Into<String>),
    ) -> LifeError {
        let disagreement = Disagreement {
            at: self.at,
            person: person.to_string(),
            service: service.into(),
            expected: expected.into(),
            got: got.into(),
        };
        disagreement.into()
    }
}

impl Life {
    /// Asks every service about every person, as of a time that no step done lies after.
    ///
    /// # Errors
    /// [`LifeError::Disagreement`]: the first service found that does not answer as the events demand. Others: a question
    /// can't be asked.
    pub fn check(&mut self, at: DateTime, responders: &mut Responders) -> Result<Checked, LifeError> {
        self.bring_generations(at)?;
        let scene = self.scene(at, &self.people)?;
        let responders = responders.at(&scene.authorities, at)?;
        let path = self.register_path()?;
        let open = || Ok::<_, LifeError>(SqliteRegister::open(&path)?);
        let lists = lists::check(&scene, &open()?)?;
        let mut checked = lists.checked;
        let folder = &self.folder;
        let work = |at: usize, register: &SqliteRegister| -> Result<Checked, LifeError> {
            let person = &scene.people[at];
            let mut checked = entries(&scene, person, register)?;
            let (answers, asked) = tokens(&scene, person, folder, register)?;
            checked.verified += verify::check(&scene, person, &answers, register, &lists.of_municipalities)?;
            Ok(checked.and(asked))
        };
        checked = checked.and(in_parallel(scene.people.len(), &open, &work)?);
        let questions = ocsp::questions(&scene);
        let ask = |at: usize, register: &SqliteRegister| -> Result<Checked, LifeError> {
            let ocsp = ocsp::check(&scene, &questions[at], &responders, register)?;
            Ok(Checked {
                ocsp,
                ..Checked::default()
            })
        };
        Ok(checked.and(in_parallel(questions.len(), &open, &ask)?))
    }

    fn scene<'l>(&self, at: DateTime, people: &'l [PersonModel]) -> Result<Scene<'l>, LifeError> {
        let authorities = ca_folder::open_certifying(&self.folder.authorities())?;
        let mut trust = Trust::default();
        for authority in &authorities {
            let named = trust.certificate(authority.certificate(), false);
            named.map_err(|error| LifeError::Check(error.to_string()))?;
        }
        let authorities = authorities.into_iter().map(|one| Ok((issuer_id(&one)?, one)));
        Ok(Scene {
            at,
            people,
            authorities: authorities.collect::<Result<_, LifeError>>()?,
            trust,
            mdoc: ca_folder::mdoc_if_there(&self.folder.authorities())?,
        })
    }

    fn register_path(&self) -> Result<PathBuf, LifeError> {
        let path = register::path(Some(&self.folder.authorities()));
        path.map_err(|error| LifeError::Check(error.to_string()))
    }
}

/// Does pieces of work on all processors, each thread with a register of its own, and adds what they return.
fn in_parallel(
    count: usize,
    open: &(dyn Fn() -> Result<SqliteRegister, LifeError> + Sync),
    work: &(dyn Fn(usize, &SqliteRegister) -> Result<Checked, LifeError> + Sync),
) -> Result<Checked, LifeError> {
    let (sum, free) = (Mutex::new(Checked::default()), Mutex::new(Vec::new()));
    each_in_parallel(count, &|number| {
        let kept = free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let register = kept.map_or_else(open, Ok)?;
        let own = work(number, &register)?;
        free.lock().unwrap_or_else(PoisonError::into_inner).push(register);
        let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
        *sum = sum.and(own);
        Ok(())
    })?;
    Ok(sum.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Does pieces of work on all processors. The first error ends it.
fn each_in_parallel(count: usize, work: &(dyn Fn(usize) -> Result<(), LifeError> + Sync)) -> Result<(), LifeError> {
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
    let run = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return;
            }
            if let Err(error) = work(number) {
                // The others need not go on.
                next.store(count, Ordering::Relaxed);
                failed
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .get_or_insert(error);
            }
        }
    };
    let threads = thread::available_parallelism()
        .map_or(1, std::num::NonZero::get)
        .min(count);
    thread::scope(|scope| {
        for _ in 1..threads {
            // Without a thread the others do its work.
            let _ = thread::Builder::new().spawn_scoped(scope, run);
        }
        run();
    });
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Compares the register's entries of a person's certificates.
fn entries(scene: &Scene<'_>, person: &PersonModel, register: &SqliteRegister) -> Result<Checked, LifeError> {
    let mut checked = Checked::default();
    for held in &person.certificates {
        let Some((issuer, number)) = held.identity else {
            continue;
        };
        let service = || format!("the register's entry {} ({})", serial(held.identity), words_of(held));
        let Some(entry) = register.entry(issuer, number)? else {
            return Err(scene.disagreement(&person.name, service(), ("there", "missing")));
        };
        let expected = (
            held.hierarchy,
            held.validity,
            held.revocation,
            held.municipality.code.to_string(),
        );
        let got = (entry.hierarchy, entry.validity, entry.revocation, entry.municipality);
        if expected != got {
            let shown = (format!("{expected:?}"), format!("{got:?}"));
            return Err(scene.disagreement(&person.name, service(), shown));
        }
        let token = match held.token {
            Token::Card(_) => person.name.to_string(),
            Token::Phone(_) => format!("{}-phone", person.name),
        };
        if !entry.cards.contains(&token) {
            let shown = (format!("on {token}"), format!("on {:?}", entry.cards));
            return Err(scene.disagreement(&person.name, service(), shown));
        }
        checked.register += 1;
    }
    Ok(checked)
}

/// A certificate that a token gave, DER.
type Given<'p> = (&'p Held, Vec<u8>);

/// Asks a person's card and phone. Returns the certificates that they gave, and how many were asked.
fn tokens<'p>(
    scene: &Scene<'_>,
    person: &'p PersonModel,
    folder: &LifeFolder,
    register: &SqliteRegister,
) -> Result<(Vec<Given<'p>>, Checked), LifeError> {
    let mut checked = Checked::default();
    let mut tokens = Vec::new();
    if person.cards > 0 {
        tokens.push(Token::Card(person.cards));
        checked.cards += 1;
    }
    if let Some(phone) = person.phone() {
        tokens.push(Token::Phone(phone.number));
        checked.phones += 1;
    }
    let mut certificates = Vec::new();
    for token in tokens {
        let held: Vec<&Held> = person.current().filter(|held| held.token == token).collect();
        let answers = Asked::open(scene, person, folder, token).and_then(|mut asked| {
            let answers = asked.compare(&held)?;
            if let (Token::Phone(_), Some(phone)) = (token, person.phone()) {
                checked.mdocs += mdoc::check(scene, person, phone, asked.document(), register)?;
            }
            Ok(answers)
        });
        let answers = answers.map_err(|error| unanswered(scene, person, token, error))?;
        certificates.extend(
            held.into_iter()
                .zip(answers.into_iter().map(|answer| answer.certificate)),
        );
    }
    Ok((certificates, checked))
}

/// A token that can't be read or asked disagrees, because it must answer.
fn unanswered(scene: &Scene<'_>, person: &PersonModel, token: Token, error: LifeError) -> LifeError {
    match error {
        LifeError::Disagreement(_) => error,
        other => {
            let shown = ("able to answer".to_owned(), other.to_string());
            scene.disagreement(&person.name, format!("the {token} by APDU"), shown)
        }
    }
}

/// What a certificate is on, in words.
pub(super) fn words_of(held: &Held) -> String {
    format!("{} {}", held.token, vmyna_authority::counter::kind(held.hierarchy))
}

/// A status in words.
pub(super) fn status(revocation: Option<Revocation>) -> String {
    match revocation {
        None => "good".to_owned(),
        Some(Revocation { at, reason }) => format!("revoked at {at} ({reason})"),
    }
}

/// All certificates of a scene with their owners, by the key that issued them and their serial number.
pub(super) fn all<'l>(scene: &Scene<'l>) -> BTreeMap<(IssuerId, u32), (&'l PersonModel, &'l Held)> {
    let of = |person: &'l PersonModel| {
        let held = person.certificates.iter();
        held.filter_map(move |held| Some((held.identity?, (person, held))))
    };
    scene.people.iter().flat_map(of).collect()
}
