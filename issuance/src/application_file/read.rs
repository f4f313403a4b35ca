//! From the TOML of a declaration file to its applications: what the table of the format can't state.
//!
//! A value whose form is wrong has a fault already, so the readers here pass over it. They must never put a value of a PIN
//! or a key into a fault.

mod content;

pub(super) use content::lack;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use vmyna_apdu::{Aid, FileId, StatusWord, hex};
use vmyna_card_os::declaration::{
    Access, Characters, Condition, Content, Format, KeyAlgorithm, Operation, Pin, RecordRoom, ReferenceData,
    SelectAnswer, decide,
};
use vmyna_card_os::rule::{self, Basis, Certainty, Rule};

use super::condition::{self, ConditionError, Expression};
use super::folder::Folder;
use super::keys::{self, SoftwareKey};
use super::source::{Place, Reported, Source, Table, Value};
use super::table;
use super::template::{Declared, DeclaredFile, KeyName, Session, Template};
use crate::toml_file::{is_word, nearest};

/// What holds in the whole file.
pub(super) struct Reader<'s, 'a> {
    source: &'s mut Source<'a>,
    folder: &'s Folder,
}

/// The kind of thing that a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    /// A PIN or a key of a host: conditions can name it.
    Credential,
    /// A private key that is there when the card is issued.
    Key,
    /// A private key that the card makes.
    GeneratedKey,
    /// The secure session's key.
    SessionKey,
    File,
}

impl Named {
    const fn about(self) -> &'static str {
        match self {
            Self::Credential => "a PIN or a host key",
            Self::Key | Self::GeneratedKey => "a key",
            Self::SessionKey => "the key of the secure session",
            Self::File => "a file",
        }
    }
}

/// The names of an application.
#[derive(Debug, Default)]
struct Names(BTreeMap<String, (FileId, Named)>);

impl Names {
    fn find(&self, name: &str) -> Option<(FileId, Named)> {
        self.0.get(name).copied()
    }

    /// The names for which `is` holds.
    fn of(&self, is: impl Fn(Named) -> bool) -> impl Iterator<Item = &str> {
        let named = self.0.iter().filter(move |(_, (_, kind))| is(*kind));
        named.map(|(name, _)| name.as_str())
    }
}

/// The lists of an application that declare files.
const LISTS: [&str; 4] = ["pin", "key", "host-key", "file"];

/// An application's own basis, for the parts that state none.
fn inherited(own: &Basis, certainty: Option<Certainty>, source: Option<&str>) -> Basis {
    Basis {
        certainty: certainty.unwrap_or(own.certainty),
        source: source.map_or_else(|| own.source.clone(), |source| Cow::Owned(source.to_owned())),
    }
}

/// An operation of a file, with its key in the declaration.
type Allowed = (&'static str, Operation);

const PIN_OPERATIONS: [Allowed; 2] = [
    ("change", Operation::ChangeReferenceData),
    ("change-key", Operation::ChangeKey),
];
const KEY_OPERATIONS: [Allowed; 4] = [
    ("sign", Operation::ComputeSignature),
    ("internal-authenticate", Operation::InternalAuthenticate),
    ("generate", Operation::GenerateKeyPair),
    ("read", Operation::Read),
];
const TRANSPARENT_OPERATIONS: [Allowed; 2] = [("read", Operation::Read), ("update", Operation::UpdateBinary)];
const RECORD_OPERATIONS: [Allowed; 3] = [
    ("read", Operation::Read),
    ("update", Operation::UpdateRecord),
    ("append", Operation::AppendRecord),
];

impl<'s, 'a> Reader<'s, 'a> {
    pub(super) const fn new(source: &'s mut Source<'a>, folder: &'s Folder) -> Self {
        Self { source, folder }
    }

    /// The applications of the file.
    pub(super) fn file(&mut self, top: &Table<'_>) -> Result<Vec<Declared>, Reported> {
        self.source.check_record(&table::FILE, top);
        let list = self.source.get(top, "application").map(|list| self.source.items(&list));
        let tables: Vec<Table<'_>> = list.unwrap_or_default().iter().filter_map(Value::table).collect();
        self.check_applications(&tables);
        let aids = self.aids(&tables);
        let declared: Vec<_> = tables
            .iter()
            .take(table::MOST_APPLICATIONS)
            .map(|application| self.application(application, &aids))
            .collect();
        let declared = declared.into_iter().collect::<Result<Vec<_>, _>>()?;
        self.check_parents(&declared);
        Ok(declared)
    }

    /// The AIDs of the applications by their names.
    fn aids(&self, tables: &[Table<'_>]) -> BTreeMap<String, Aid> {
        let named = tables.iter().filter_map(|application| {
            let name = self.text(application, "name")?.0.to_owned();
            let aid = hex::decode(self.text(application, "aid")?.0).ok()?;
            Some((name, Aid::new(&aid)?))
        });
        named.collect()
    }

    /// Notes equal names, equal AIDs and AIDs that begin another.
    fn check_applications(&mut self, tables: &[Table<'_>]) {
        let mut names = BTreeSet::new();
        let mut aids: Vec<Vec<u8>> = Vec::new();
        for application in tables {
            if let Some((name, place)) = self.text(application, "name")
                && !names.insert(name)
            {
                self.source
                    .fault(&place, "is the name of another application of this file, too");
            }
            let Some((aid, place)) = self.text(application, "aid") else {
                continue;
            };
            let Ok(aid) = hex::decode(aid) else { continue };
            if aids.contains(&aid) {
                self.source
                    .fault(&place, "is the AID of another application of this file, too");
            } else if aids
                .iter()
                .any(|other| aid.starts_with(other) || other.starts_with(&aid))
            {
                self.source.fault(
                    &place,
                    "one begins the other, this AID and that of another application of this file: SELECT could mean both",
                );
            }
            aids.push(aid);
        }
    }

    /// Notes applications whose parents lead back to them.
    fn check_parents(&mut self, declared: &[Declared]) {
        for application in declared {
            let mut above = application.parent;
            for _ in 0..declared.len() {
                let parent = above.and_then(|aid| declared.iter().find(|other| other.aid == aid));
                if parent.is_some_and(|parent| parent.aid == application.aid) {
                    self.source.fault(
                        &application.place,
                        "is its own parent, directly or by other applications: none of them could be selected",
                    );
                    break;
                }
                above = parent.and_then(|parent| parent.parent);
            }
        }
    }

    fn text<'t>(&self, table: &Table<'t>, key: &str) -> Option<(&'t str, Place)> {
        let value = self.source.get(table, key)?;
        Some((value.text()?, value.place))
    }

    /// A text that must be there: if it is not, that has a fault.
    fn must<'t>(&self, table: &Table<'t>, key: &str) -> Result<(&'t str, Place), Reported> {
        self.text(table, key).ok_or(Reported)
    }

    fn flag(&self, table: &Table<'_>, key: &str) -> bool {
        self.source
            .get(table, key)
            .and_then(|value| value.flag())
            .unwrap_or_default()
    }

    fn whole(&self, table: &Table<'_>, key: &str) -> Option<u32> {
        self.source.get(table, key)?.whole()
    }

    fn id(&self, table: &Table<'_>) -> Result<FileId, Reported> {
        let (digits, _) = self.must(table, "ef")?;
        u16::from_str_radix(digits, 16).map(FileId::new).map_err(|_| Reported)
    }

    fn basis(&self, table: &Table<'_>, own: &Basis) -> Basis {
        let certainty = self.text(table, "certainty").and_then(|(word, _)| certainty(word));
        let source = self.text(table, "source").map(|(source, _)| source);
        inherited(own, certainty, source)
    }

    /// The tables of a list.
    fn tables<'t>(&self, application: &Table<'t>, key: &str) -> Vec<Table<'t>> {
        let list = self.source.get(application, key).map(|list| self.source.items(&list));
        list.unwrap_or_default().iter().filter_map(Value::table).collect()
    }

    fn application(&mut self, application: &Table<'_>, aids: &BTreeMap<String, Aid>) -> Result<Declared, Reported> {
        let assumed = Basis::new(Certainty::Assumed, "");
        let basis = self.basis(application, &assumed);
        let names = self.names(application);
        let files = self.files(application, &names, &basis);
        let session = self.session(application, &names, &basis);
        let select = self.select(application);
        let parent = self.parent(application, aids);
        let default_key = self.default_key(application, &names);
        let status_words = self.status_words(application);
        let files = files?;
        self.check_possible(&files, session.as_ref().ok().and_then(Option::as_ref));
        self.check_signed(&files);
        Ok(Declared {
            place: application.place.clone(),
            name: self.must(application, "name")?.0.to_owned(),
            title: self.must(application, "title")?.0.to_owned(),
            aid: hex::decode(self.must(application, "aid")?.0)
                .ok()
                .and_then(|aid| Aid::new(&aid))
                .ok_or(Reported)?,
            basis,
            select: select?,
            parent: parent?,
            default_key: default_key?,
            status_words: status_words?,
            session: session?,
            files,
        })
    }

    /// The names of an application. Notes names and file identifiers that are there twice.
    fn names(&mut self, application: &Table<'_>) -> Names {
        let mut names = Names::default();
        let mut ids = BTreeSet::new();
        for list in LISTS {
            for entry in self.tables(application, list) {
                if let (Ok(id), Some((_, place))) = (self.id(&entry), self.text(&entry, "ef"))
                    && !ids.insert(id)
                {
                    self.source
                        .fault(&place, "is the identifier of another file of this application, too");
                }
                let (Ok(id), Some((name, place))) = (self.id(&entry), self.text(&entry, "name")) else {
                    continue;
                };
                let origin = self.text(&entry, "origin").map(|(word, _)| word);
                let kind = match list {
                    "pin" | "host-key" => Named::Credential,
                    "key" if origin == Some("card") => Named::GeneratedKey,
                    "key" => Named::Key,
                    _ => Named::File,
                };
                if names.0.insert(name.to_owned(), (id, kind)).is_some() {
                    self.source
                        .fault(&place, "is the name of something else in this application, too");
                }
            }
        }
        let session = self
            .source
            .get(application, "secure-session")
            .and_then(|value| value.table());
        if let Some((name, place)) = session.and_then(|session| self.text(&session, "name"))
            && names
                .0
                .insert(name.to_owned(), (FileId::new(0), Named::SessionKey))
                .is_some()
        {
            self.source
                .fault(&place, "is the name of something else in this application, too");
        }
        names
    }

    fn select(&mut self, application: &Table<'_>) -> Result<SelectAnswer, Reported> {
        let mut select = SelectAnswer::default();
        let Some(table) = self.source.get(application, "select").and_then(|value| value.table()) else {
            return Ok(select);
        };
        if let Some((fci, place)) = self.text(&table, "fci") {
            let fci = hex::decode(fci).map_err(|_| Reported)?;
            if fci.is_empty() || fci.len() > LONGEST_FCI {
                return Err(self.source.fault(&place, format!("has 1 to {LONGEST_FCI} bytes")));
            }
            select.fci = Some(Content::from(fci));
        }
        select.locked = self.flag(&table, "locked");
        Ok(select)
    }

    fn parent(&mut self, application: &Table<'_>, aids: &BTreeMap<String, Aid>) -> Result<Option<Aid>, Reported> {
        let Some((parent, place)) = self.text(application, "parent") else {
            return Ok(None);
        };
        if let Some(aid) = aids.get(parent) {
            return Ok(Some(*aid));
        }
        let aid = hex::decode(parent).ok().and_then(|aid| Aid::new(&aid));
        match aid.filter(|aid| aid.as_bytes().len() >= 5) {
            Some(aid) => Ok(Some(aid)),
            None => Err(self.source.fault(&place, "is the name of no application of this file")),
        }
    }

    fn default_key(&mut self, application: &Table<'_>, names: &Names) -> Result<Option<FileId>, Reported> {
        let Some((name, place)) = self.text(application, "default-key") else {
            return Ok(None);
        };
        match names.find(name) {
            Some((id, Named::Key | Named::GeneratedKey)) => Ok(Some(id)),
            _ => Err(self
                .source
                .fault(&place, "is the name of no private key of this application")),
        }
    }

    fn status_words(&mut self, application: &Table<'_>) -> Result<Vec<(&'static Rule, StatusWord)>, Reported> {
        let table = self
            .source
            .get(application, "status-words")
            .and_then(|value| value.table());
        let mut words = Vec::new();
        let mut all = Ok(());
        for (id, value) in table.map(|table| self.source.entries(&table)).unwrap_or_default() {
            let Some(rule) = rule::ALL.iter().copied().find(|rule| rule.id == id) else {
                let near = nearest(id, rule::ALL.iter().map(|rule| rule.id)).unwrap_or_default();
                all = Err(self.source.fault(
                    &value.place,
                    format!("is no rule of the card; the nearest one is `{near}`"),
                ));
                continue;
            };
            let word = value.text().and_then(|digits| u16::from_str_radix(digits, 16).ok());
            words.extend(word.map(|word| (rule, StatusWord::new(word))));
        }
        all.map(|()| words)
    }

    fn session(&mut self, application: &Table<'_>, names: &Names, basis: &Basis) -> Result<Option<Session>, Reported> {
        let Some(table) = self
            .source
            .get(application, "secure-session")
            .and_then(|value| value.table())
        else {
            return Ok(None);
        };
        let condition = self.condition(&table, "when", names);
        let key = self.key_file(&table);
        let key = match key? {
            Some((key, place)) if key.algorithm() != KeyAlgorithm::Rsa2048 => {
                return Err(self.source.fault(&place, "is not an RSA-2048 key"));
            }
            key => key.map(|(key, _)| key),
        };
        Ok(Some(Session {
            place: table.place.clone(),
            key,
            condition: condition?.ok_or(Reported)?,
            basis: self.basis(&table, basis),
        }))
    }

    /// The private key that `origin` names, if it names a file.
    fn key_file(&mut self, table: &Table<'_>) -> Result<Option<(SoftwareKey, Place)>, Reported> {
        let origin = self.source.get(table, "origin").ok_or(Reported)?;
        let Some(file) = origin.table() else { return Ok(None) };
        self.private_key(&file, "file").map(Some)
    }

    /// The private key in the file that this key names.
    fn private_key(&mut self, table: &Table<'_>, key: &str) -> Result<(SoftwareKey, Place), Reported> {
        let (bytes, place) = self.named_file(table, key)?;
        match SoftwareKey::from_pem(&bytes) {
            Ok(key) => Ok((key, place)),
            Err(message) => Err(self.source.fault(&place, message)),
        }
    }

    /// The bytes of the file that this key names.
    fn named_file(&mut self, table: &Table<'_>, key: &str) -> Result<(zeroize::Zeroizing<Vec<u8>>, Place), Reported> {
        let (name, place) = self.must(table, key)?;
        match self.folder.read(name) {
            Ok(bytes) => Ok((bytes, place)),
            Err(message) => Err(self.source.fault(&place, message)),
        }
    }

    /// All files, in the order of their identifiers.
    fn files(&mut self, application: &Table<'_>, names: &Names, basis: &Basis) -> Result<Vec<DeclaredFile>, Reported> {
        let mut all = Vec::new();
        for list in LISTS {
            for table in self.tables(application, list) {
                let body_and_access = match list {
                    "pin" if self.source.get(&table, "shared").is_some() => self.shared_pin(&table, names),
                    "pin" => self.pin(&table, names),
                    "key" => self.key(&table, names),
                    "host-key" => self.host_key(&table, names),
                    _ => self.file_of_any_kind(&table, names),
                };
                all.push(body_and_access.and_then(|(body, access)| {
                    Ok(DeclaredFile {
                        place: table.place.clone(),
                        id: self.id(&table)?,
                        name: self.must(&table, "name")?.0.to_owned(),
                        title: self
                            .text(&table, "title")
                            .map(|(title, _)| title.to_owned())
                            .unwrap_or_default(),
                        basis: self.basis(&table, basis),
                        access,
                        secret: self.flag(&table, "secret"),
                        body,
                    })
                }));
            }
        }
        let mut all = all.into_iter().collect::<Result<Vec<_>, _>>()?;
        all.sort_by_key(|file| file.id);
        Ok(all)
    }

    /// The operations that are declared, each with its condition.
    fn access(&mut self, table: &Table<'_>, names: &Names, allowed: &[Allowed]) -> Result<Access, Reported> {
        let mut access = Ok(Access::NONE);
        for (key, operation) in allowed {
            let condition = self.condition(table, key, names);
            access = match (access, condition) {
                (Ok(access), Ok(Some(condition))) => Ok(access.with(*operation, condition)),
                (access, Ok(None)) => access,
                _ => Err(Reported),
            };
        }
        access
    }

    /// As [`Self::access`], with an operation first that is free if its condition is left out.
    fn access_with(
        &mut self,
        table: &Table<'_>,
        names: &Names,
        (key, operation): Allowed,
        allowed: &[Allowed],
    ) -> Result<Access, Reported> {
        let first = self.condition(table, key, names);
        let others = self.access(table, names, allowed)?;
        let first = Access::NONE.with(operation, first?.unwrap_or(Condition::Always));
        Ok(others.iter().fold(first, |access, (operation, condition)| {
            access.with(operation, condition.clone())
        }))
    }

    /// The condition of a key, with the names resolved.
    fn condition(&mut self, table: &Table<'_>, key: &str, names: &Names) -> Result<Option<Condition>, Reported> {
        let Some(value) = self.source.get(table, key) else {
            return Ok(None);
        };
        let text = value.text().ok_or(Reported)?;
        let resolved = condition::parse(text).and_then(|expression| resolve(&expression, names));
        resolved.map(Some).map_err(|ConditionError { at, message }| {
            self.source
                .fault(&value.place, format!("at character {at} of the condition: {message}"))
        })
    }

    fn pin(&mut self, table: &Table<'_>, names: &Names) -> Result<(Template, Access), Reported> {
        let access = self.access_with(table, names, ("verify", Operation::Verify), &PIN_OPERATIONS);
        let length = self.source.get(table, "length").ok_or(Reported)?;
        let (min, max) = match (length.whole(), &self.source.items(&length)[..]) {
            (Some(length), _) => (length, length),
            (None, [min, max]) => (min.whole().ok_or(Reported)?, max.whole().ok_or(Reported)?),
            _ => return Err(Reported),
        };
        if !(1..=max).contains(&min) || max > ReferenceData::MAX as u32 {
            return Err(Reported);
        }
        let characters = self.text(table, "characters").map_or("digits", |(word, _)| word);
        let format = Format {
            characters: match characters {
                "digits" => Characters::Digits,
                "upper-case-and-digits" => Characters::UpperCaseAndDigits,
                "bytes" => Characters::Bytes,
                _ => return Err(Reported),
            },
            min: min as usize,
            max: max as usize,
        };
        let tries = self
            .whole(table, "tries")
            .and_then(|tries| u8::try_from(tries).ok())
            .ok_or(Reported)?;
        let Some(value) = self.source.get(table, "value") else {
            return Ok((Template::Pin(Pin::unset(format, tries)), access?));
        };
        let bytes = match (value.text(), value.table()) {
            (Some(text), _) => text.as_bytes().to_vec(),
            (None, Some(table)) => hex::decode(self.must(&table, "hex")?.0).map_err(|_| Reported)?,
            (None, None) => return Err(Reported),
        };
        let bytes = zeroize::Zeroizing::new(bytes);
        if !format.allows(&bytes) {
            let message = format!("is not what `characters` and `length` say: {format}");
            return Err(self.source.fault(&value.place, message));
        }
        Ok((
            Template::Pin(Pin::new(ReferenceData::new(&bytes), format, tries)),
            access?,
        ))
    }

    fn shared_pin(&mut self, table: &Table<'_>, names: &Names) -> Result<(Template, Access), Reported> {
        let access = self.access_with(table, names, ("verify", Operation::Verify), &[])?;
        let (shared, _) = self.must(table, "shared")?;
        let (application, pin) = shared.split_once(' ').ok_or(Reported)?;
        let (application, pin) = (application.to_owned(), pin.to_owned());
        Ok((Template::SharedPin { application, pin }, access))
    }

    fn key(&mut self, table: &Table<'_>, names: &Names) -> Result<(Template, Access), Reported> {
        let access = self.access(table, names, &KEY_OPERATIONS);
        let file = self.key_file(table);
        let (word, place) = self.must(table, "algorithm")?;
        let algorithm: KeyAlgorithm = word.parse().map_err(|_| Reported)?;
        let on_card = self.text(table, "origin").is_some_and(|(word, _)| word == "card");
        if on_card {
            if self.source.get(table, "generate").is_none() {
                self.source.fault(
                    &table.place,
                    "has origin \"card\" without `generate`: the key could never be made",
                );
            }
            return Ok((Template::GeneratedKey(algorithm), access?));
        }
        for key in ["generate", "read"] {
            if let Some(value) = self.source.get(table, key) {
                self.source.fault(
                    &value.place,
                    "is for a key with origin \"card\": another one is there already, and { public-key = … } shows it",
                );
            }
        }
        match file? {
            Some((key, _)) if key.algorithm() != algorithm => {
                let message = format!("is not that of the key in the file, which is {}", key.algorithm());
                Err(self.source.fault(&place, message))
            }
            Some((key, _)) => Ok((Template::GivenKey(key), access?)),
            None => Ok((Template::IssuedKey(algorithm), access?)),
        }
    }

    fn host_key(&mut self, table: &Table<'_>, names: &Names) -> Result<(Template, Access), Reported> {
        let external = ("external-authenticate", Operation::ExternalAuthenticate);
        let access = self.access_with(table, names, external, &[]);
        let (bytes, place) = self.named_file(table, "file")?;
        match keys::host_key(&bytes) {
            Ok(key) => Ok((Template::HostKey(key), access?)),
            Err(message) => Err(self.source.fault(&place, message)),
        }
    }

    fn file_of_any_kind(&mut self, table: &Table<'_>, names: &Names) -> Result<(Template, Access), Reported> {
        if let Some(content) = self.source.get(table, "content") {
            let access = self.access(table, names, &TRANSPARENT_OPERATIONS);
            let part = self.content(&content, names)?;
            let size = self.whole(table, "size").map(|size| size as usize);
            return Ok((Template::Transparent(part, size), access?));
        }
        let Some(records) = self.source.get(table, "records") else {
            return Ok((Template::Internal, Access::NONE));
        };
        let access = self.access(table, names, &RECORD_OPERATIONS);
        let items = self.source.items(&records);
        let parts: Vec<_> = items.iter().map(|record| self.content(record, names)).collect();
        let parts = parts.into_iter().collect::<Result<Vec<_>, _>>()?;
        let room = self.source.get(table, "room").and_then(|value| value.table());
        let room = room.and_then(|room| {
            let records = u8::try_from(self.whole(&room, "records")?).ok()?;
            let length = u16::try_from(self.whole(&room, "length")?).ok()?;
            Some((RecordRoom { records, length }, room.place))
        });
        match &room {
            Some((room, place)) if parts.len() > usize::from(room.records) => {
                let message = format!(
                    "has room for {} records, but {} are declared",
                    room.records,
                    parts.len()
                );
                self.source.fault(place, message);
            }
            None if self.source.get(table, "append").is_some() => {
                self.source
                    .fault(&table.place, "has `append` without `room`: no record could be appended");
            }
            _ => {}
        }
        Ok((Template::Records(parts, room.map(|(room, _)| room)), access?))
    }

    /// A key whose public half is known at issue.
    fn key_name(&mut self, table: &Table<'_>, key: &str, names: &Names) -> Result<KeyName, Reported> {
        let (name, place) = self.must(table, key)?;
        match names.find(name) {
            Some((id, Named::Key)) => Ok(KeyName::File(id)),
            Some((_, Named::SessionKey)) => Ok(KeyName::Session),
            Some((_, Named::GeneratedKey)) => Err(self
                .source
                .fault(&place, "is a key that the card makes: it is not there at issue")),
            _ => Err(self
                .source
                .fault(&place, "is the name of no private key of this application")),
        }
    }

    /// Notes conditions that can never hold, because what they need can't be verified.
    fn check_possible(&mut self, files: &[DeclaredFile], session: Option<&Session>) {
        let credential = |operation| matches!(operation, Operation::Verify | Operation::ExternalAuthenticate);
        let holds = |condition: &Condition, verified: &[FileId]| {
            decide(&Access::read(condition.clone()), Operation::Read, verified).allowed
        };
        let mut verified: Vec<FileId> = Vec::new();
        loop {
            let more = files.iter().find(|file| {
                !verified.contains(&file.id)
                    && file
                        .access
                        .iter()
                        .any(|(operation, condition)| credential(operation) && holds(condition, &verified))
            });
            let Some(more) = more else { break };
            verified.push(more.id);
        }
        let conditions = files.iter().flat_map(|file| {
            file.access
                .iter()
                .map(|(operation, condition)| (&file.place, operation, condition))
        });
        let session = session.map(|session| (&session.place, Operation::SetSessionKey, &session.condition));
        for (place, operation, condition) in conditions.chain(session) {
            let stated = matches!(condition, Condition::Never | Condition::Unsuited);
            if !stated && !holds(condition, &verified) {
                self.source.fault(
                    place,
                    format!("the condition of {operation} can never hold: it needs what can never be verified"),
                );
            }
        }
    }

    /// Notes signatures over what is no transparent file, and signatures over themselves.
    fn check_signed(&mut self, files: &[DeclaredFile]) {
        let parts = |file: &'_ DeclaredFile| match &file.body {
            Template::Transparent(part, _) => part
                .signed()
                .into_iter()
                .map(|(id, place)| (id, place.clone()))
                .collect(),
            Template::Records(parts, _) => {
                let signed = parts.iter().flat_map(super::template::Part::signed);
                signed.map(|(id, place)| (id, place.clone())).collect()
            }
            _ => Vec::new(),
        };
        let edges: BTreeMap<FileId, Vec<(FileId, Place)>> = files.iter().map(|file| (file.id, parts(file))).collect();
        let transparent = |id: FileId| {
            let mut files = files.iter().filter(|file| file.id == id);
            files.any(|file| matches!(file.body, Template::Transparent(..)))
        };
        for (from, signed) in &edges {
            for (to, place) in signed {
                if !transparent(*to) {
                    self.source.fault(
                        place,
                        format!("signs EF {to}, which is no transparent file of this application"),
                    );
                } else if reaches(&edges, *to, *from) {
                    self.source
                        .fault(place, format!("signs EF {to}, in which the signature itself is"));
                }
            }
        }
    }
}

/// The longest file control information, in bytes: what an R-APDU with a short length has.
const LONGEST_FCI: usize = 256;

fn certainty(word: &str) -> Option<Certainty> {
    let all = [
        Certainty::Measured,
        Certainty::Documented,
        Certainty::Client,
        Certainty::Assumed,
    ];
    all.into_iter().find(|certainty| certainty.to_string() == word)
}

/// Whether the signatures in `from` lead to `to`.
fn reaches(edges: &BTreeMap<FileId, Vec<(FileId, Place)>>, from: FileId, to: FileId) -> bool {
    let mut seen = BTreeSet::new();
    let mut ahead = vec![from];
    while let Some(at) = ahead.pop() {
        if at == to {
            return true;
        }
        if seen.insert(at) {
            ahead.extend(edges.get(&at).into_iter().flatten().map(|(next, _)| *next));
        }
    }
    false
}

/// The condition with the files in place of the names.
fn resolve(expression: &Expression, names: &Names) -> Result<Condition, ConditionError> {
    let all = |parts: &[Expression]| {
        parts
            .iter()
            .map(|part| resolve(part, names))
            .collect::<Result<Vec<_>, _>>()
    };
    Ok(match expression {
        Expression::Always => Condition::Always,
        Expression::Never => Condition::Never,
        Expression::Unsuited => Condition::Unsuited,
        Expression::Any(parts) => Condition::AnyOf(all(parts)?),
        Expression::All(parts) => Condition::AllOf(all(parts)?),
        Expression::Name(name, at) => match names.find(name) {
            Some((id, Named::Credential)) => Condition::Verified(id),
            Some((_, kind)) => {
                let message = format!("`{name}` is {}: a condition names PINs and host keys", kind.about());
                return Err(ConditionError::new(*at, message));
            }
            None => {
                let near = nearest(name, names.of(|kind| kind == Named::Credential));
                let near = near.map_or_else(
                    || "; there is none".to_owned(),
                    |near| format!("; the nearest one is `{near}`"),
                );
                let shown = if is_word(name) {
                    format!("`{name}`")
                } else {
                    "this".to_owned()
                };
                let message = format!("{shown} is neither a PIN nor a host key of this application{near}");
                return Err(ConditionError::new(*at, message));
            }
        },
    })
}
