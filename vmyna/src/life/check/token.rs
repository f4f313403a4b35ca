//! What a card or a phone answers to APDUs: its label, its certificates, signatures made with its PINs, and the tries left.

use sha2::{Digest as _, Sha256};
use vmyna_apdu::StatusWord;
use vmyna_applets::issued::{IssuedCard, MobileDocument};
use vmyna_applets::pins::{self, CardPin};
use vmyna_authority::register::{Certificate as Registered, Hierarchy};
use vmyna_card_os::declaration::{Body, ObjectId, ReferenceData};
use vmyna_issuance::der::Decode as _;
use vmyna_issuance::x509_cert::Certificate;
use vmyna_reader_bridge::SoftwareReader;

use super::super::error::LifeError;
use super::super::folder::LifeFolder;
use super::super::model::{Held, PersonModel, Token};
use super::super::play::serial;
use super::ocsp::verified;
use super::{Scene, words_of};
use crate::bench::{Bench, Slot};
use crate::exchange::{Exchange as _, SendError};
use crate::state::StatePlace;

/// What a token answered about one of its certificates.
#[derive(Clone, Debug)]
pub(super) struct TokenAnswer {
    /// The certificate, DER.
    pub(super) certificate: Vec<u8>,
    /// The challenge that the key has signed, and the signature.
    pub(super) signed: (Vec<u8>, Vec<u8>),
}

/// The kinds of keys: PIN, key and certificate of the JPKI application.
const KEYS: [(Hierarchy, CardPin, &str, &str); 2] = [
    (Hierarchy::Signature, pins::SIGN, "001A", "0001"),
    (Hierarchy::Authentication, pins::AUTH, "0017", "000A"),
];
/// DER of a `DigestInfo` of SHA-256, up to the digest.
const DIGEST_INFO: &str = "3031300D060960864801650304020105000420";
const JPKI: &str = "00A4040C 0A D392F000260100000001";
const INPUT_ASSIST: &str = "00A4040C 0A D3921000310001010408";

/// A token that is asked, and who it belongs to.
pub(super) struct Asked<'a> {
    scene: &'a Scene<'a>,
    person: &'a PersonModel,
    token: Token,
    reader: SoftwareReader,
    card: IssuedCard,
    /// The same token as its image has it, with the PINs of its issue.
    issued: IssuedCard,
    place: StatePlace,
}

/// The value of a PIN of a card; `None` for one that is unset.
fn declared(card: &IssuedCard, pin: CardPin) -> Option<ReferenceData> {
    let mut applications = card.applications().into_iter();
    let application = applications.find(|application| application.aid == pin.aid)?;
    match application.files.into_iter().find(|file| file.id == pin.file)?.body {
        Body::Pin(declared) => declared.value,
        _ => None,
    }
}

fn failed(token: Token, error: impl std::fmt::Display) -> LifeError {
    LifeError::Check(format!("{token}: {error}"))
}

impl<'a> Asked<'a> {
    /// Opens a token of a person as it is now, in a memory of its own.
    pub(super) fn open(
        scene: &'a Scene<'a>,
        person: &'a PersonModel,
        folder: &LifeFolder,
        token: Token,
    ) -> Result<Self, LifeError> {
        let source = folder.source(&person.name, token);
        let (card, place) = source.current()?;
        let place = place.ok_or_else(|| failed(token, "it keeps no state"))?;
        let reader = Bench::new().reader_with(source.as_issued(&card, None)?, Slot::new("check"))?;
        Ok(Self {
            scene,
            person,
            token,
            reader,
            card,
            issued: source.issued()?,
            place,
        })
    }

    /// The mdoc that it has now.
    pub(super) const fn document(&self) -> Option<&MobileDocument> {
        self.card.mdoc.as_ref()
    }

    fn send(&mut self, command: &str) -> Result<Vec<u8>, LifeError> {
        self.reader.send(command).map_err(|error| failed(self.token, error))
    }

    fn refused(&self, service: &str, (expected, got): (&str, String)) -> LifeError {
        let service = format!("the {} by APDU: {service}", self.token);
        self.scene.disagreement(&self.person.name, service, (expected, got))
    }

    /// Compares label, tries, and name and address; the answers about each certificate that it must have.
    pub(super) fn compare(&mut self, held: &[&Held]) -> Result<Vec<TokenAnswer>, LifeError> {
        self.send(JPKI)?;
        self.label()?;
        let mut answers = Vec::new();
        for (hierarchy, pin, key, file) in KEYS {
            let expected = held.iter().find(|held| held.hierarchy == hierarchy);
            let there = self.send(&format!("00A4020C 02 {key}"));
            match (expected, there) {
                (None, Err(_)) => {}
                (None, Ok(_)) => {
                    let what = vmyna_authority::counter::kind(hierarchy);
                    return Err(self.refused(&format!("its {what} key"), ("missing", "there".to_owned())));
                }
                (Some(_), Err(error)) => return Err(error),
                (Some(held), Ok(_)) => answers.push(self.certificate(held, pin, (key, file))?),
            }
        }
        self.tries()?;
        match self.token {
            Token::Card(_) => self.attributes()?,
            // Other applications are not on a phone (`assumed`).
            Token::Phone(_) => match self.reader.send(INPUT_ASSIST) {
                Err(SendError::Refused(StatusWord::NOT_FOUND)) => {}
                _ => return Err(self.refused("its input-assist application", ("missing", "there".to_owned()))),
            },
        }
        Ok(answers)
    }

    fn label(&mut self) -> Result<(), LifeError> {
        self.send("00A4020C 02 0006")?;
        let label = self.send("00B00000 20")?;
        let label = String::from_utf8_lossy(&label).trim_end().to_owned();
        let expected = match self.token {
            Token::Card(_) => "JPKIAPICCTOKEN2",
            Token::Phone(number) => match self.person.phones.iter().find(|phone| phone.number == number) {
                Some(phone) if phone.kind == vmyna_applets::PhoneKind::Android => "JPKIAPGPSETOKEN",
                _ => "JPKIAPIOSTOKEN",
            },
        };
        match label == expected {
            true => Ok(()),
            false => Err(self.refused("its label", (expected, label))),
        }
    }

    /// Reads a certificate and signs with its key, behind the PIN.
    fn certificate(&mut self, held: &Held, pin: CardPin, (key, file): (&str, &str)) -> Result<TokenAnswer, LifeError> {
        self.verify(pin)?;
        self.send(&format!("00A4020C 02 {file}"))?;
        let der = self.object()?;
        let municipality = held.municipality.code.to_string();
        let id = (vmyna_authority::register::CardId([0; 32]), String::new());
        let read = Registered::new(&der, held.hierarchy, &municipality, id)?;
        let identity = Some((read.issuer, read.serial));
        if identity != held.identity || read.validity != held.validity {
            let service = format!("its certificate ({})", words_of(held));
            return Err(self.refused(&service, (&serial(held.identity), serial(identity))));
        }
        let challenge = format!("{} {} {}", self.scene.at, self.person.name, serial(identity)).into_bytes();
        let digest = vmyna_apdu::hex::encode(&Sha256::digest(&challenge));
        self.send(&format!("00A4020C 02 {key}"))?;
        let signature = self.send(&format!("802A0080 33 {DIGEST_INFO}{digest} 00"))?;
        let certificate = Certificate::from_der(&der).map_err(|error| failed(self.token, error))?;
        if verified(&certificate, &challenge, &signature).is_err() {
            let service = format!("a signature ({})", words_of(held));
            return Err(self.refused(&service, ("right", "wrong".to_owned())));
        }
        Ok(TokenAnswer {
            certificate: der,
            signed: (challenge, signature),
        })
    }

    /// The DER object at the beginning of the current EF.
    fn object(&mut self) -> Result<Vec<u8>, LifeError> {
        let mut object = self.send("00B00000 04")?;
        let length = match object[..] {
            [0x30, 0x82, high, low] => usize::from(u16::from_be_bytes([high, low])) + 4,
            _ => return Err(failed(self.token, "a certificate's file holds no certificate")),
        };
        while object.len() < length {
            let le = (length - object.len()).min(256) % 256;
            let part = self.send(&format!("00B0{:04X} {le:02X}", object.len()))?;
            if part.is_empty() {
                return Err(failed(self.token, "a certificate's file is too short"));
            }
            object.extend(part);
        }
        Ok(object)
    }

    /// Verifies a PIN with the value that the token was issued with, because no event changes one. A PIN that was unset
    /// then has the value that the token has now.
    fn verify(&mut self, pin: CardPin) -> Result<(), LifeError> {
        let value = declared(&self.issued, pin).or_else(|| declared(&self.card, pin));
        let value = value.ok_or_else(|| failed(self.token, format!("its {} is unset", pin.label)))?;
        self.send(&format!("00A4020C 02 {:04X}", pin.file.value()))?;
        let length = value.as_bytes().len();
        let verify = format!("00200080 {length:02X} {}", vmyna_apdu::hex::encode(value.as_bytes()));
        match self.reader.send(&verify) {
            Ok(_) => Ok(()),
            Err(SendError::Refused(status_word)) => {
                let service = format!("the {}", pin.label);
                Err(self.refused(&service, ("accepted", format!("refused ({status_word})"))))
            }
            Err(error) => Err(failed(self.token, error)),
        }
    }

    /// No PIN of the state lacks a try.
    fn tries(&self) -> Result<(), LifeError> {
        let tries = self.place.tries()?;
        for application in self.card.applications() {
            for file in &application.files {
                let Body::Pin(pin) = &file.body else { continue };
                let object = ObjectId {
                    aid: application.aid,
                    file: file.id,
                };
                let left = tries.left_of(object, pin);
                // One key reference of the card is blocked from its issue on.
                let issued = pin.max_tries.map(|max| pin.tries_at_issue.min(max));
                if left != issued {
                    let service = format!("the tries of {}", file.name);
                    let shown = (format!("{issued:?}"), format!("{left:?}"));
                    return Err(self.refused(&service, (&shown.0, shown.1)));
                }
            }
        }
        Ok(())
    }

    /// Name and address in the input-assist application.
    fn attributes(&mut self) -> Result<(), LifeError> {
        self.send(INPUT_ASSIST)?;
        self.verify(pins::INPUT_ASSIST)?;
        self.send("00A4020C 02 0002")?;
        let text = self.send("00B00000 00")?;
        for (what, expected) in [
            ("name", &self.person.person.name),
            ("address", &self.person.person.address),
        ] {
            if !text.windows(expected.len()).any(|part| part == expected.as_bytes()) {
                return Err(self.refused(&format!("the {what} in its text"), (expected, "another".to_owned())));
            }
        }
        Ok(())
    }
}
