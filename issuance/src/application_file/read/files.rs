//! Files of all kinds, and the conditions of what can be done to them.

use vmyna_apdu::hex;
use vmyna_card_os::declaration::{
    Access, Characters, Condition, Format, KeyAlgorithm, Operation, Pin, RecordRoom, ReferenceData,
};
use vmyna_card_os::rule::Basis;

use super::{LISTS, Named, Names, Reader};
use crate::application_file::condition::{self, ConditionError, Expression};
use crate::application_file::keys;
use crate::application_file::source::{Reported, Table};
use crate::application_file::template::{DeclaredFile, Template};
use crate::toml_file::{is_word, nearest};

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

impl Reader<'_, '_> {
    /// All files, in the order of their identifiers.
    pub(super) fn files(
        &mut self,
        application: &Table<'_>,
        names: &Names,
        basis: &Basis,
    ) -> Result<Vec<DeclaredFile>, Reported> {
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
    pub(super) fn access(&mut self, table: &Table<'_>, names: &Names, allowed: &[Allowed]) -> Result<Access, Reported> {
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
    pub(super) fn condition(
        &mut self,
        table: &Table<'_>,
        key: &str,
        names: &Names,
    ) -> Result<Option<Condition>, Reported> {
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
