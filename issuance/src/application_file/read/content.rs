//! Contents: tables of one of several kinds, nested where they are data objects or put together.

use vmyna_apdu::{FileId, hex};
use vmyna_card_os::declaration::Content;

use super::{Names, Reader};
use crate::application_file::certificate::{self, Authority};
use crate::application_file::encoding::{Encoding, Lacks};
use crate::application_file::source::{Place, Reported, Table, Value};
use crate::application_file::template::{CardDate, DateForm, Kind, Part, PersonValue};

impl Reader<'_, '_> {
    /// A content.
    pub(super) fn content(&mut self, value: &Value<'_>, names: &Names) -> Result<Part, Reported> {
        let table = value.table().ok_or(Reported)?;
        // A table with the marks of two kinds has a fault.
        let (mark, inside) = self
            .source
            .entries(&table)
            .into_iter()
            .find(|(key, _)| !["encoding", "form"].contains(key))
            .ok_or(Reported)?;
        let kind = match mark {
            "hex" => Kind::Bytes(
                hex::decode(inside.text().ok_or(Reported)?)
                    .map_err(|_| Reported)?
                    .into(),
            ),
            "text" => self.encoded(&table, &inside)?,
            "file" => {
                let (bytes, _) = self.named_file(&table, "file")?;
                Kind::Bytes(Content::from(bytes.to_vec()))
            }
            "tlv" => self.objects(&inside, names)?,
            "concat" => Kind::Concat(self.contents(&inside, names)?),
            "serial" => Kind::Serial(inside.whole().ok_or(Reported)? as usize),
            "random" => Kind::Random(inside.whole().ok_or(Reported)? as usize),
            "person" => Kind::Person(person(inside.text().ok_or(Reported)?)?, self.encoding(&table)?),
            "date" => self.date(&table, &inside)?,
            "signature" => self.signature(&inside.table().ok_or(Reported)?)?,
            "public-key" => Kind::PublicKey(self.key_name(&table, "public-key", names)?),
            "certificate" => self.certificate(&inside.table().ok_or(Reported)?, names)?,
            _ => return Err(Reported),
        };
        Ok(Part {
            place: inside.place,
            kind,
        })
    }

    /// The contents of a list; every one is read, so that all faults are noted.
    fn contents(&mut self, list: &Value<'_>, names: &Names) -> Result<Vec<Part>, Reported> {
        let items = self.source.items(list);
        let parts: Vec<_> = items.iter().map(|item| self.content(item, names)).collect();
        parts.into_iter().collect()
    }

    fn encoding(&self, table: &Table<'_>) -> Result<Encoding, Reported> {
        let (word, _) = self.text(table, "encoding").unwrap_or(("utf-8", table.place.clone()));
        Encoding::find(word).ok_or(Reported)
    }

    fn encoded(&mut self, table: &Table<'_>, text: &Value<'_>) -> Result<Kind, Reported> {
        let encoding = self.encoding(table)?;
        match encoding.encode(text.text().ok_or(Reported)?) {
            Ok(bytes) => Ok(Kind::Bytes(bytes.into())),
            Err(lacks) => Err(self.source.fault(&text.place, lack(encoding, lacks))),
        }
    }

    fn objects(&mut self, map: &Value<'_>, names: &Names) -> Result<Kind, Reported> {
        let mut objects = Vec::new();
        let mut seen = Vec::new();
        let mut all = Ok(());
        for (digits, value) in self.source.entries(&map.table().ok_or(Reported)?) {
            let Ok(tag) = u16::from_str_radix(digits, 16) else {
                all = Err(Reported);
                continue;
            };
            if seen.contains(&tag) {
                let message = "is there twice in different letters: give a list of contents for objects of one tag";
                all = Err(self.source.fault(&value.place, message));
            }
            seen.push(tag);
            let parts = match value.table() {
                Some(_) => self.content(&value, names).map(|part| vec![part]),
                None => self.contents(&value, names),
            };
            match parts {
                Ok(parts) => objects.extend(parts.into_iter().map(|part| object(tag, part, &value.place))),
                Err(reported) => all = Err(reported),
            }
        }
        all?;
        Ok(match <[Part; 1]>::try_from(objects) {
            Ok([only]) => only.kind,
            Err(several) => Kind::Concat(several),
        })
    }

    fn date(&self, table: &Table<'_>, date: &Value<'_>) -> Result<Kind, Reported> {
        let date = match date.text() {
            Some("issued") => CardDate::Issued,
            Some("expiry") => CardDate::Expiry,
            _ => return Err(Reported),
        };
        let form = match self.text(table, "form").map_or("digits", |(word, _)| word) {
            "digits" => DateForm::Digits,
            "bcd" => DateForm::Bcd,
            "era-digits" => DateForm::EraDigits,
            _ => return Err(Reported),
        };
        Ok(Kind::Date(date, form))
    }

    fn signature(&mut self, signer: &Table<'_>) -> Result<Kind, Reported> {
        let (key, _) = self.private_key(signer, "file")?;
        let of = self.source.get(signer, "of").ok_or(Reported)?;
        let id = |item: &Value<'_>| u16::from_str_radix(item.text()?, 16).ok().map(FileId::new);
        let files: Option<Vec<_>> = self.source.items(&of).iter().map(id).collect();
        Ok(Kind::Signature(key, files.ok_or(Reported)?))
    }

    fn certificate(&mut self, table: &Table<'_>, names: &Names) -> Result<Kind, Reported> {
        let key = self.key_name(table, "key", names);
        let subject = self
            .must(table, "subject")
            .and_then(|(text, place)| certificate::subject(text).map_err(|message| self.source.fault(&place, message)));
        let authority = self.source.get(table, "authority").and_then(|value| value.table());
        let authority = self.authority(&authority.ok_or(Reported)?)?;
        Ok(Kind::Certificate {
            key: key?,
            authority: Box::new(authority),
            subject: subject?,
        })
    }

    fn authority(&mut self, table: &Table<'_>) -> Result<Authority, Reported> {
        let key = self.private_key(table, "key");
        let (certificate, place) = self.named_file(table, "certificate")?;
        Authority::new(&certificate, key?.0).map_err(|message| self.source.fault(&place, message))
    }
}

fn object(tag: u16, value: Part, place: &Place) -> Part {
    Part {
        place: place.clone(),
        kind: Kind::Object {
            tag,
            value: Box::new(value),
        },
    }
}

/// A character that an encoding lacks. The text may be about a person, but one character of it is no secret.
pub(in crate::application_file) fn lack(encoding: Encoding, Lacks { at, character }: Lacks) -> String {
    let (name, code) = (encoding.name(), u32::from(character));
    format!("{name} has no character U+{code:04X}, which is character {at} of the text")
}

fn person(word: &str) -> Result<PersonValue, Reported> {
    Ok(match word {
        "name" => PersonValue::Name,
        "kana" => PersonValue::Kana,
        "address" => PersonValue::Address,
        "birth" => PersonValue::Birth,
        "sex" => PersonValue::Sex,
        "municipality" => PersonValue::Municipality,
        "municipality-code" => PersonValue::MunicipalityCode,
        _ => return Err(Reported),
    })
}
