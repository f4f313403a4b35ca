//! From a declaration to the applications of one card: keys, serial numbers, dates, values of the cardholder, certificates
//! and signatures.
//!
//! Every random value has a generator of its own, seeded from the caller's and the place of the value on the card. So a
//! declaration that gets another file changes no other value.

use std::collections::BTreeMap;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use rand_core::CryptoRngCore;
use spki::SubjectPublicKeyInfoOwned;
use vmyna_apdu::FileId;
use vmyna_applets::calendar::Date;
use vmyna_applets::free_area::{self, FreeApplication};
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::{calendar, pins};
use vmyna_card_os::declaration::{Application, Body, Content, Extent, File, KeyAlgorithm, ObjectId, SecureSession};
use vmyna_card_os::tlv::Tlv;
use zeroize::Zeroizing;

use super::ApplicationFileError;
use super::keys::SoftwareKey;
use super::read::lack;
use super::source::{Place, Reported};
use super::template::{CardDate, DateForm, Declared, DeclaredFile, KeyName, Kind, Part, PersonValue, Template};
use crate::{IssuanceError, keys};

/// The byte behind the content of a file with a stated size.
const FILLER: u8 = 0xFF;

/// What makes the applications of one card.
pub(super) struct Maker<'m> {
    card: &'m IssuedCard,
    /// The applications that are on the card already.
    present: Vec<Application>,
    seed: Zeroizing<[u8; 32]>,
    faults: Vec<ApplicationFileError>,
}

/// What is known of one application while its files are made.
struct Making<'d> {
    declared: &'d Declared,
    keys: BTreeMap<FileId, SoftwareKey>,
    session_key: Option<SoftwareKey>,
    /// The contents of transparent files, without filler.
    contents: BTreeMap<FileId, Zeroizing<Vec<u8>>>,
}

impl<'m> Maker<'m> {
    pub(super) fn new(card: &'m IssuedCard, rng: &mut dyn CryptoRngCore) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *seed);
        Self {
            card,
            present: card.applications(),
            seed,
            faults: Vec::new(),
        }
    }

    /// The applications for the card, beside those that it has.
    pub(super) fn make(mut self, declared: &[Declared]) -> Result<Vec<FreeApplication>, Vec<ApplicationFileError>> {
        let made: Vec<_> = declared.iter().map(|one| self.application(one, declared)).collect();
        let made: Vec<_> = made.into_iter().flatten().collect();
        if self.faults.is_empty() {
            self.check(&made, declared);
        }
        match self.faults.is_empty() && made.len() == declared.len() {
            true => Ok(made),
            false => {
                self.faults.sort_by_key(|fault| fault.line);
                Err(self.faults)
            }
        }
    }

    fn fault(&mut self, place: &Place, message: impl Into<String>) -> Reported {
        self.faults.push(place.fault(message));
        Reported
    }

    fn failed(&mut self, place: &Place, error: &IssuanceError) -> Reported {
        self.fault(place, format!("can't be made: {error}"))
    }

    /// Checks what only the card shows: its own applications and those of others that it has already.
    fn check(&mut self, made: &[FreeApplication], declared: &[Declared]) {
        let before = self.faults.len();
        for one in declared {
            for other in &self.present.clone() {
                if *one.name == *other.name {
                    self.fault(&one.place, "the card has an application of this name already");
                } else if one.aid.overlaps(&other.aid) {
                    let message = format!(
                        "AID {} and {} of the card's {}: one begins the other",
                        one.aid, other.aid, other.name
                    );
                    self.fault(&one.place, message);
                }
            }
        }
        let all: Vec<_> = self.card.free.iter().chain(made).cloned().collect();
        if self.faults.len() == before
            && let Err(error) = self.card.clone().with_free_applications(all)
        {
            let place = declared
                .iter()
                .find(|one| one.name == error.application)
                .or(declared.first());
            if let Some(one) = place {
                self.fault(&one.place.clone(), error.to_string());
            }
        }
    }

    /// A generator for the value with this label.
    fn generator(&self, declared: &Declared, label: &str) -> ChaCha20Rng {
        let label = format!("free area/{}/{label}", declared.aid);
        ChaCha20Rng::from_seed(*keys::seed_for(&self.seed, &label))
    }

    fn application(&mut self, declared: &Declared, all: &[Declared]) -> Result<FreeApplication, Reported> {
        let mut making = Making {
            declared,
            keys: BTreeMap::new(),
            session_key: None,
            contents: BTreeMap::new(),
        };
        self.make_keys(&mut making)?;
        let files: Vec<_> = declared
            .files
            .iter()
            .map(|file| self.file(&mut making, file, all))
            .collect();
        let files = files.into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut application = Application::new(
            declared.aid,
            declared.name.clone(),
            declared.title.clone(),
            declared.basis.clone(),
        )
        .with_files(files)
        .with_default_key(declared.default_key)
        .with_select(declared.select.clone())
        .with_parent(declared.parent)
        .with_status_words(declared.status_words.clone());
        if let (Some(session), Some(key)) = (&declared.session, &making.session_key) {
            let key = key.for_card().map_err(|error| self.failed(&session.place, &error))?;
            application = application.with_secure_session(SecureSession::Offered {
                key,
                condition: session.condition.clone(),
                basis: session.basis.clone(),
            });
        }
        FreeApplication::new(application).map_err(|error| {
            let file = error
                .file
                .and_then(|id| declared.files.iter().find(|file| file.id == id));
            let place = file.map_or(&declared.place, |file| &file.place);
            self.fault(place, error.fault)
        })
    }

    fn make_keys(&mut self, making: &mut Making<'_>) -> Result<(), Reported> {
        let declared = making.declared;
        for file in &declared.files {
            let key = match &file.body {
                Template::GivenKey(key) => key.clone(),
                Template::IssuedKey(algorithm) => {
                    let mut generator = self.generator(declared, &format!("{}/key", file.id));
                    let made = SoftwareKey::generate(*algorithm, &mut generator);
                    made.map_err(|error| self.failed(&file.place, &error))?
                }
                _ => continue,
            };
            making.keys.insert(file.id, key);
        }
        if let Some(session) = &declared.session {
            let mut generator = self.generator(declared, "session/key");
            making.session_key = Some(match &session.key {
                Some(key) => key.clone(),
                None => SoftwareKey::generate(KeyAlgorithm::Rsa2048, &mut generator)
                    .map_err(|error| self.failed(&session.place, &error))?,
            });
        }
        Ok(())
    }

    fn file(&mut self, making: &mut Making<'_>, file: &DeclaredFile, all: &[Declared]) -> Result<File, Reported> {
        let mut extent = None;
        let mut room = None;
        let body = match &file.body {
            Template::Pin(pin) => Body::Pin(pin.clone()),
            Template::SharedPin { application, pin } => Body::SharedPin(self.shared(file, (application, pin), all)?),
            Template::IssuedKey(_) | Template::GivenKey(_) => {
                let key = making.keys.get(&file.id).ok_or(Reported)?;
                Body::PrivateKey(key.for_card().map_err(|error| self.failed(&file.place, &error))?)
            }
            Template::GeneratedKey(algorithm) => Body::GeneratedKey(*algorithm),
            Template::HostKey(key) => Body::HostKey(key.clone()),
            Template::Transparent(part, size) => {
                let mut bytes = self.content_of(making, file, part)?;
                let is_object = matches!(part.kind, Kind::Object { .. });
                extent = Some(Extent {
                    object: is_object.then_some(bytes.len()),
                    basis: file.basis.clone(),
                });
                if let Some(size) = *size {
                    if bytes.len() > size {
                        let message = format!("its content has {} bytes, and the stated size is {size}", bytes.len());
                        return Err(self.fault(&file.place, message));
                    }
                    bytes.resize(size, FILLER);
                }
                Body::Transparent(Content::from(bytes.to_vec()))
            }
            Template::Records(parts, stated) => {
                room = *stated;
                let longest = room.map_or(usize::from(u8::MAX) - 1, |room| room.length.into());
                let mut records = Vec::with_capacity(parts.len());
                for (number, part) in (1..).zip(parts) {
                    let bytes = self.bytes(making, part, &format!("{}/{number}", file.id))?;
                    if bytes.len() > longest || bytes.is_empty() {
                        let message = format!("has {} bytes: a record has 1 to {longest} here", bytes.len());
                        return Err(self.fault(&part.place, message));
                    }
                    records.push(Content::from(bytes.to_vec()));
                }
                Body::Records(records)
            }
            Template::Internal => Body::Reserved,
        };
        let mut made = File::new(
            file.id,
            file.name.clone(),
            file.title.clone(),
            body,
            file.access.clone(),
            file.basis.clone(),
        );
        made.secret = file.secret;
        made.extent = extent;
        made.room = room;
        Ok(made)
    }

    /// The PIN of another application, by the names of both.
    fn shared(
        &mut self,
        file: &DeclaredFile,
        (application, pin): (&str, &str),
        all: &[Declared],
    ) -> Result<ObjectId, Reported> {
        if let Some(other) = all.iter().find(|other| other.name == application) {
            let found = other.files.iter().find(|file| file.name == pin);
            let found = found.filter(|file| matches!(file.body, Template::Pin(_)));
            return match found {
                Some(found) => Ok(ObjectId {
                    aid: other.aid,
                    file: found.id,
                }),
                None => Err(self.fault(
                    &file.place,
                    format!("the application {application} of this file has no such PIN of its own"),
                )),
            };
        }
        let Some(other) = self.present.iter().find(|other| *other.name == *application) else {
            return Err(self.fault(
                &file.place,
                "shares a PIN with an application that is neither in this file nor on the card",
            ));
        };
        let is_pin = |file: &&File| {
            let names = pins::CardPin::of(other.aid, file.id);
            matches!(file.body, Body::Pin(_))
                && (*file.name == *pin || names.is_some_and(|names| [names.name, names.value_name()].contains(&pin)))
        };
        match other.files.iter().find(is_pin) {
            Some(found) => Ok(ObjectId {
                aid: other.aid,
                file: found.id,
            }),
            None => Err(self.fault(
                &file.place,
                format!("the card's application {application} has no such PIN"),
            )),
        }
    }

    /// The content of a transparent file, made once.
    fn content_of(
        &mut self,
        making: &mut Making<'_>,
        file: &DeclaredFile,
        part: &Part,
    ) -> Result<Zeroizing<Vec<u8>>, Reported> {
        if let Some(known) = making.contents.get(&file.id) {
            return Ok(known.clone());
        }
        let bytes = self.bytes(making, part, &file.id.to_string())?;
        making.contents.insert(file.id, bytes.clone());
        Ok(bytes)
    }

    /// The bytes of a content. `label` names it for its generators.
    fn bytes(&mut self, making: &mut Making<'_>, part: &Part, label: &str) -> Result<Zeroizing<Vec<u8>>, Reported> {
        let bytes = match &part.kind {
            Kind::Bytes(content) => content.as_bytes().to_vec(),
            Kind::Object { tag, value } => {
                let value = self.bytes(making, value, &format!("{label}/{tag:X}"))?;
                let mut bytes = Vec::with_capacity(value.len() + 5);
                let object = Tlv {
                    tag: *tag,
                    value: &value,
                };
                object
                    .write(&mut bytes)
                    .map_err(|_| self.fault(&part.place, "can't be a data object"))?;
                bytes
            }
            Kind::Concat(parts) => {
                let mut bytes = Vec::new();
                for (number, inner) in (1..).zip(parts) {
                    bytes.extend_from_slice(&self.bytes(making, inner, &format!("{label}/{number}"))?);
                    if bytes.len() > free_area::LONGEST_FILE {
                        break;
                    }
                }
                bytes
            }
            Kind::Serial(digits) => {
                let mut generator = self.generator(making.declared, label);
                let digit = |_| {
                    // A byte below 250 is a digit without preference.
                    let mut byte = [0xFF];
                    while byte[0] >= 250 {
                        generator.fill_bytes(&mut byte);
                    }
                    b'0' + byte[0] % 10
                };
                (0..*digits).map(digit).collect()
            }
            Kind::Random(length) => {
                let mut bytes = vec![0; *length];
                self.generator(making.declared, label).fill_bytes(&mut bytes);
                bytes
            }
            Kind::Person(value, encoding) => {
                let text = self.person(*value);
                if text.is_empty() {
                    return Err(self.fault(&part.place, "the cardholder of this card has no such value"));
                }
                encoding
                    .encode(&text)
                    .map_err(|lacks| self.fault(&part.place, lack(*encoding, lacks)))?
            }
            Kind::Date(date, form) => self.date(&part.place, *date, *form)?,
            Kind::Signature(key, files) => {
                let mut message = Zeroizing::new(Vec::new());
                for id in files {
                    let signed = making
                        .declared
                        .files
                        .iter()
                        .find(|file| file.id == *id)
                        .ok_or(Reported)?;
                    let Template::Transparent(content, _) = &signed.body else {
                        return Err(Reported);
                    };
                    message.extend_from_slice(&self.content_of(making, signed, content)?);
                }
                key.sign(&message).map_err(|error| self.failed(&part.place, &error))?
            }
            Kind::PublicKey(key) => {
                let public = self.public(making, *key, &part.place)?;
                der::Encode::to_der(&public).map_err(|error| self.failed(&part.place, &error.into()))?
            }
            Kind::Certificate {
                key,
                authority,
                subject,
            } => {
                let public = self.public(making, *key, &part.place)?;
                let mut serial = [0; 8];
                self.generator(making.declared, label).fill_bytes(&mut serial);
                // Positive, and of eight bytes.
                serial[0] = serial[0] & 0x7F | 0x40;
                let validity = self.validity();
                validity
                    .and_then(|validity| authority.issue(subject, &public, &serial, validity))
                    .map_err(|error| self.failed(&part.place, &error))?
            }
        };
        if bytes.len() > free_area::LONGEST_FILE {
            let message = format!(
                "has more than {} bytes, the most that a file can have",
                free_area::LONGEST_FILE
            );
            return Err(self.fault(&part.place, message));
        }
        Ok(Zeroizing::new(bytes))
    }

    fn public(
        &mut self,
        making: &Making<'_>,
        key: KeyName,
        place: &Place,
    ) -> Result<SubjectPublicKeyInfoOwned, Reported> {
        let key = match key {
            KeyName::Session => making.session_key.as_ref(),
            KeyName::File(id) => making.keys.get(&id),
        };
        key.ok_or(Reported)?
            .public()
            .map_err(|error| self.failed(place, &error))
    }

    /// From the card's issue to the end of its last day in Japan.
    fn validity(&self) -> Result<(der::DateTime, der::DateTime), IssuanceError> {
        let expiry = self.card.summary.expiry;
        let until = der::DateTime::new(expiry.year(), expiry.month(), expiry.day(), 14, 59, 59)?;
        Ok((self.card.summary.issued, until))
    }

    fn person(&self, value: PersonValue) -> String {
        let person = &self.card.summary.person;
        match value {
            PersonValue::Name => person.name.clone(),
            PersonValue::Kana => person.kana.clone(),
            PersonValue::Address => person.address.clone(),
            PersonValue::Birth => person.birth.digits(),
            PersonValue::Sex => char::from(person.sex.iso5218_digit()).to_string(),
            PersonValue::Municipality => person.municipality.name.clone(),
            PersonValue::MunicipalityCode => person.municipality.code.to_string(),
        }
    }

    fn date(&mut self, place: &Place, date: CardDate, form: DateForm) -> Result<Vec<u8>, Reported> {
        let day: Option<Date> = match date {
            CardDate::Issued => calendar::day_in_japan(self.card.summary.issued),
            CardDate::Expiry => Some(self.card.summary.expiry),
        };
        let bytes = day.and_then(|day| match form {
            DateForm::Digits => Some(day.digits().into_bytes()),
            DateForm::Bcd => vmyna_apdu::hex::decode(&day.digits()).ok(),
            DateForm::EraDigits => {
                let japanese = day.japanese()?;
                let (era, year) = (japanese.era.digit(), japanese.year);
                Some(format!("{era}{year:02}{:02}{:02}", japanese.month, japanese.day).into_bytes())
            }
        });
        bytes.ok_or_else(|| self.fault(place, "the card's date has no such form"))
    }
}
