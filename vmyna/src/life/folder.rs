//! The folder of a story: what is where, and how far the story was played.
//!
//! | Path | Is |
//! |---|---|
//! | `life.toml` | the format, the seed, and when the story and its authorities begin |
//! | `journal` | the steps that were done, a line each |
//! | `keys.pem` | the sets of keys that all cards share, if they do |
//! | `ca/` | the authorities with their register |
//! | `cards/NAME.vmyna` | the first card of a person; `NAME-2.vmyna` is the second one |
//! | `phones/NAME.vmyna` | the first phone of a person, likewise |
//!
//! It is for its owner only, and is made whole or not at all. A line of the journal is on stable storage before the next step
//! begins. A process that is killed leaves at most one step that the journal lacks: its operation has a number of its own, by
//! which the next process finds out whether it was done.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use vmyna_applets::issued::CardName;
use vmyna_authority::register::IssuerId;
use vmyna_files::UnfinishedFolder;
use vmyna_issuance::ca_folder;
use vmyna_issuance::keys::{CardKeys, KeyMade, seed_for};
use vmyna_issuance::zeroize::Zeroizing;

use super::error::LifeError;
use super::model::Token;
use super::plan::{Plan, Step, file_stem};
use crate::source::CardSource;

/// The newest format of a folder.
const FORMAT: i64 = 1;
const DESCRIPTION: &str = "life.toml";
const JOURNAL: &str = "journal";
const KEYS: &str = "keys.pem";
const AUTHORITIES: &str = "ca";
const CARDS: &str = "cards";
const PHONES: &str = "phones";
/// More than any description has.
const LONGEST: u64 = 4096;
/// A thousand sets of keys have less.
const LONGEST_KEYS: u64 = 32 << 20;
/// A step takes about 120 bytes, so that half a million steps have less.
const LONGEST_JOURNAL: u64 = 64 << 20;

/// The folder of a story, in use by this process.
#[derive(Debug)]
pub struct LifeFolder {
    path: PathBuf,
    journal: File,
    /// What the journal has: of each step, its digest and the certificates that it gave.
    pub(super) done: Vec<Entry>,
}

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) digest: String,
    /// The identities of the new certificates, in the order in which the model adds them.
    pub(super) new: Vec<(IssuerId, u32)>,
}

impl LifeFolder {
    /// Opens the folder of a story, and makes it with its authorities if nothing is there. `made` is called after each key.
    ///
    /// # Errors
    /// [`LifeError`].
    pub fn open(path: &Path, plan: &Plan, made: KeyMade<'_>) -> Result<Self, LifeError> {
        match path.symlink_metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => make(path, plan, made)?,
            Err(error) => return Err(LifeError::Io(path.to_owned(), error)),
            Ok(_) => check(path, plan)?,
        }
        let journal_path = path.join(JOURNAL);
        let failed = |error| LifeError::Io(journal_path.clone(), error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut journal = options.open(&journal_path).map_err(failed)?;
        match journal.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LifeError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let done = read_journal(&mut journal, &journal_path)?;
        Ok(Self {
            path: path.canonicalize().map_err(failed)?,
            journal,
            done,
        })
    }

    /// The folder's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of the authorities.
    #[must_use]
    pub fn authorities(&self) -> PathBuf {
        self.path.join(AUTHORITIES)
    }

    /// The sets of keys that all cards share.
    pub(super) fn keys(&self) -> Result<Vec<CardKeys>, LifeError> {
        let path = self.path.join(KEYS);
        let text = vmyna_files::read_text(&path, LONGEST_KEYS).map_err(io_at(&path))?;
        Ok(CardKeys::sets_from_pem(&Zeroizing::new(text))?)
    }

    /// The image of a person's n-th card, from 1 on.
    #[must_use]
    pub fn card(&self, name: &CardName, number: u32) -> PathBuf {
        self.token(CARDS, name, number)
    }

    /// The image of a person's n-th phone, from 1 on.
    #[must_use]
    pub fn phone(&self, name: &CardName, number: u32) -> PathBuf {
        self.token(PHONES, name, number)
    }

    /// A card or a phone of a person.
    pub(super) fn source(&self, name: &CardName, token: Token) -> CardSource {
        match token {
            Token::Card(number) => CardSource::Image(self.card(name, number), Some(name.clone())),
            Token::Phone(number) => CardSource::Image(self.phone(name, number), None),
        }
    }

    fn token(&self, folder: &str, name: &CardName, number: u32) -> PathBuf {
        let stem = file_stem(name, number as usize);
        self.path.join(folder).join(format!("{stem}.vmyna"))
    }

    /// Notes that a step was done.
    pub(super) fn note(&mut self, step: &Step, new: Vec<(IssuerId, u32)>) -> Result<(), LifeError> {
        let entry = Entry {
            digest: step.digest(),
            new,
        };
        let written = self.journal.write_all(entry.line().as_bytes());
        let kept = written.and_then(|()| self.journal.sync_data());
        kept.map_err(|error| LifeError::Io(self.path.join(JOURNAL), error))?;
        self.done.push(entry);
        Ok(())
    }
}

impl Entry {
    fn line(&self) -> String {
        let mut line = self.digest.clone();
        for (issuer, serial) in &self.new {
            line += &format!(" {issuer}:{serial:08X}");
        }
        line.push('\n');
        line
    }

    fn read(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let digest = words.next().filter(|word| word.len() == 16)?.to_owned();
        let identity = |word: &str| {
            let (issuer, serial) = word.split_once(':')?;
            let issuer = vmyna_apdu::hex::decode(issuer).ok()?.try_into().ok()?;
            Some((IssuerId(issuer), u32::from_str_radix(serial, 16).ok()?))
        };
        let new = words.map(identity).collect::<Option<_>>()?;
        Some(Self { digest, new })
    }
}

/// Reads the whole lines of the journal, and drops a part of one that a killed process left.
fn read_journal(journal: &mut File, path: &Path) -> Result<Vec<Entry>, LifeError> {
    let failed = |error| LifeError::Io(path.to_owned(), error);
    let damaged = |why| LifeError::Damaged(path.to_owned(), why);
    // What is longer is never cut: its last steps would be lost.
    if journal.metadata().map_err(failed)?.len() > LONGEST_JOURNAL {
        return Err(damaged("the journal is too long"));
    }
    let mut text = String::new();
    journal
        .take(LONGEST_JOURNAL + 1)
        .read_to_string(&mut text)
        .map_err(failed)?;
    if text.len() as u64 > LONGEST_JOURNAL {
        return Err(damaged("the journal is too long"));
    }
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    let entries: Option<Vec<Entry>> = text[..whole].lines().map(Entry::read).collect();
    let entries = entries.ok_or_else(|| damaged("a line that no step has"))?;
    journal.set_len(whole as u64).map_err(failed)?;
    journal.seek(SeekFrom::End(0)).map_err(failed)?;
    Ok(entries)
}

fn description(plan: &Plan) -> String {
    format!(
        "# A story played by virtual My Number Cards, for tests only: not issued by J-LIS.\nformat = {FORMAT}\nseed = {}\n\
         key-pool = {}\nbegin = \"{}\"\nauthorities = \"{}\"\n",
        plan.number,
        plan.key_pool.unwrap_or(0),
        plan.begin,
        plan.authorities
    )
}

fn make(path: &Path, plan: &Plan, made: KeyMade<'_>) -> Result<(), LifeError> {
    let failed = |error| LifeError::Io(path.to_owned(), error);
    let making = UnfinishedFolder::beside(path).map_err(failed)?;
    let seed = seed_for(&plan.seed, "authorities");
    ca_folder::init(&making.path().join(AUTHORITIES), &seed, plan.authorities, None, made)?;
    let pool = CardKeys::derive_sets(&plan.seed, &plan.pool_labels(), made)?;
    let keys = making.path().join(KEYS);
    vmyna_files::replace(&keys, CardKeys::sets_to_pem(&pool)?.as_bytes()).map_err(failed)?;
    for folder in [CARDS, PHONES] {
        let made = DirBuilder::new().mode(0o700).create(making.path().join(folder));
        made.map_err(failed)?;
    }
    let file = making.path().join(DESCRIPTION);
    vmyna_files::replace(&file, description(plan).as_bytes()).map_err(failed)?;
    making.put(path).map_err(failed)
}

/// Refuses a folder of another story.
fn check(path: &Path, plan: &Plan) -> Result<(), LifeError> {
    let file = path.join(DESCRIPTION);
    let text = vmyna_files::read_text(&file, LONGEST).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => LifeError::NoFolder(path.to_owned()),
        _ => LifeError::Io(file.clone(), error),
    })?;
    let mut lines = text.lines().skip_while(|line| line.starts_with('#'));
    let format = lines.next().and_then(|line| line.strip_prefix("format = "));
    match format.and_then(|format| format.parse::<i64>().ok()) {
        Some(FORMAT) => {}
        Some(newer) if newer > FORMAT => return Err(LifeError::Newer(path.to_owned(), newer, FORMAT)),
        _ => return Err(LifeError::Damaged(file, "this is no description of a story")),
    }
    let own = description(plan);
    let mut own = own.lines().skip_while(|line| line.starts_with('#')).skip(1);
    loop {
        match (lines.next(), own.next()) {
            (None, None) => return Ok(()),
            (Some(there), Some(here)) if there == here => {}
            (Some(there), Some(here)) => {
                let difference = format!("{there}, and not {here}");
                return Err(LifeError::OtherStory(path.to_owned(), difference));
            }
            _ => {
                return Err(LifeError::Damaged(
                    file,
                    "the description has not all its lines, or others",
                ));
            }
        }
    }
}

/// An error of the system at a path.
pub(super) fn io_at(path: &Path) -> impl FnOnce(io::Error) -> LifeError + use<> {
    let path = path.to_owned();
    move |error| LifeError::Io(path, error)
}
