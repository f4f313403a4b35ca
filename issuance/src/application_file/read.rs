//! From the TOML of a declaration file to its applications: what the table of the format can't state.
//!
//! A value whose form is wrong has a fault already, so the readers here pass over it. They must never put a value of a PIN
//! or a key into a fault.

mod checks;
mod content;
mod files;

pub(super) use content::lack;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use vmyna_apdu::{Aid, FileId, StatusWord, hex};
use vmyna_card_os::declaration::{Content, KeyAlgorithm, SelectAnswer};
use vmyna_card_os::rule::{self, Basis, Certainty, Rule};

use super::folder::Folder;
use super::keys::SoftwareKey;
use super::source::{Place, Reported, Source, Table, Value};
use super::table;
use super::template::{Declared, KeyName, Session};
use crate::toml_file::nearest;

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
            let Some(rule) = rule::find(id) else {
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
