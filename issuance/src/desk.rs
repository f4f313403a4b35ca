//! The desk that issues cards (発行): an order, numbers and keys go in, an issued card comes out.
//!
//! Everything is a function of what goes in, so that the same order, numbers and keys at the same desk give the same card.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use vmyna_applets::cv::{CvError, KeyId};
use vmyna_applets::face_info::FaceData;
use vmyna_applets::input_assist::TextData;
use vmyna_applets::issued::{Contents, IssuedCard, Summary};
use vmyna_applets::jpki::{self, CertifiedKey};
use vmyna_applets::person::{MunicipalityCode, Person};
use vmyna_applets::{PinAtIssue, card_info, face_info, input_assist, residence_code};
use vmyna_card_os::declaration::ReferenceData;

use super::authorities::{Authorities, MunicipalDesk};
use super::card_data::CardData;
use super::keys::{CardKeys, KeyPair};
use super::numbers::Numbers;
use super::order::{CertificateText, CertificateValidity, NO_SUBSTITUTE, Order, TextForm};
use super::pictures::{Layout, Pictures, TextPicture};
use super::x509::{self, Authority, Holder, Request};
use super::{IssuanceError, validity};

/// The desk that issues cards.
pub struct Desk {
    pub(super) authorities: Authorities,
    pub(super) municipalities: HashMap<MunicipalityCode, MunicipalDesk>,
    /// The keys that its cards and certificates share; none if each gets a key of its own.
    pub(super) pool: Vec<CardKeys>,
}

impl Desk {
    /// A desk of these authorities. No municipality's keys are there yet.
    #[must_use]
    pub fn new(authorities: Authorities) -> Self {
        Self {
            authorities,
            municipalities: HashMap::new(),
            pool: Vec::new(),
        }
    }

    /// Lets [`issue_alone`](Self::issue_alone) and [`certificate_key`](Self::certificate_key) take their keys from a pool
    /// instead of making each one: for tests with many cards, where keys cost the most time.
    #[must_use]
    pub fn with_key_pool(self, pool: Vec<CardKeys>) -> Self {
        Self { pool, ..self }
    }

    /// Has the keys of these municipalities certified, where they are not yet.
    ///
    /// # Errors
    /// When a certificate cannot be made.
    pub fn open_for(&mut self, codes: impl IntoIterator<Item = MunicipalityCode>) -> Result<(), IssuanceError> {
        for code in codes {
            if let Entry::Vacant(place) = self.municipalities.entry(code) {
                place.insert(self.authorities.municipality(code)?);
            }
        }
        Ok(())
    }

    /// Has the generation of the authorities made that certifies this card, where the desk lacks it and can make it.
    ///
    /// # Errors
    /// When the authorities cannot be made.
    pub fn prepare(&mut self, order: &Order) -> Result<(), IssuanceError> {
        // An order with impossible dates is refused when its card is issued.
        if let Ok(validity) = order.certificate_validity() {
            let (begin, end) = validity.both();
            if !self.authorities.prepare(begin, end)? {
                self.authorities.prepare(begin, begin)?;
            }
        }
        Ok(())
    }

    /// The X.509 authorities at hand, of every generation: those of the set, and those that the desk has made.
    pub fn certifying(&self) -> impl Iterator<Item = &Authority> {
        let generations = self.authorities.generations();
        generations.flat_map(|generation| [&generation.sign, &generation.auth])
    }

    /// Issues a card. `key_pool` is the number of sets of keys that the cards of the collection share, if they do.
    ///
    /// # Errors
    /// [`IssuanceError::Input`] for an order that no card can be issued from, or of a municipality that the desk is not
    /// [open for](Self::open_for); else when something cannot be encoded or signed.
    pub fn issue(
        &self,
        order: &Order,
        numbers: &Numbers,
        keys: &CardKeys,
        key_pool: Option<u32>,
    ) -> Result<IssuedCard, IssuanceError> {
        order.check()?;
        let desk = self
            .municipalities
            .get(&order.person.municipality.code)
            .ok_or(IssuanceError::Input("the desk must be open for the municipality"))?;
        let pictures = Pictures::draw(&order.person, order.security_code, order.photo.as_bytes())?;
        let text = desk.text.issue(
            input_assist_person(order)?.as_ref(),
            &keys.text.public,
            &keys.session.public,
        )?;
        let face = desk
            .face
            .issue(&order.person, order.expiry, &pictures, &keys.face.public)?;
        let mut summary = Summary::new(
            order.person.clone(),
            order.residence_code,
            order.security_code,
            order.issued,
            order.expiry,
        );
        summary.key_pool = key_pool;
        summary.without_photo = order.photo.as_bytes().is_empty();
        summary.remarks = remarks(&pictures);
        summary
            .remarks
            .extend(order.printed.iter().map(|line| Summary::printed_line(line)));
        let contents = Contents {
            card_data: card_data(order, numbers, keys, desk)?,
            jpki: self.jpki(order, numbers, keys)?,
            input_assist: input_assist_contents(order, keys, text)?,
            face_info: face_info_contents(order, keys, face)?,
            residence_code: residence_code::Contents {
                residence_code: order.residence_code,
                key_reference: key_reference()?,
                pin: chosen(order, &order.pins.residence, order.tries.residence),
            },
            card_info: card_info::Contents {
                serial: numbers.card_serial,
                municipality: order.person.municipality.code,
                expiry: order.expiry,
                key_reference: key_reference()?,
                authentication_key: keys.common.private.clone(),
                pin: chosen(order, &order.pins.residence, order.tries.card_info),
            },
        };
        let card = IssuedCard::new(order.name.clone(), order.profile.clone(), summary, contents);
        Ok(card.with_file_sizes(order.file_sizes.of(&order.profile.file_sizes)))
    }

    fn jpki(&self, order: &Order, numbers: &Numbers, keys: &CardKeys) -> Result<jpki::Contents, IssuanceError> {
        let municipality = &order.person.municipality;
        let validity = order.certificate_validity();
        let (authorities, validity) = match validity {
            Ok(validity) => {
                let (begin, end) = validity.both();
                let authorities = self.authorities.generation(begin, end);
                let own_dates = !order.has_certificates() || order.certificate_dates.any();
                if !own_dates && !authorities.covers((begin, end)) {
                    return Err(IssuanceError::Outlived);
                }
                (authorities, validity)
            }
            // A card without certificates may have dates that none could have.
            Err(error) if order.has_certificates() => return Err(error),
            Err(_) => {
                let none = (order.issued, order.issued);
                let authorities = self.authorities.generation(order.issued, order.issued);
                (authorities, CertificateValidity::new(none, none))
            }
        };
        let auth_name = x509::authentication_common_name(&numbers.authentication_id, municipality.code)?;
        let applied = order.certificate_dates.issued.unwrap_or(order.issued);
        let local = validity::japanese_clock(applied)?;
        let sign_name = x509::signature_common_name(local, numbers.signature_number, municipality.code)?;
        let auth = Holder::Authentication {
            common_name: &auth_name,
            municipality,
        };
        let text = match order.sign_certificate {
            true => order.certificate_text().map_err(|_| NO_SUBSTITUTE)?,
            false => CertificateText::default(),
        };
        let sign = Holder::Signature {
            common_name: &sign_name,
            person: &order.person,
            text: &text,
        };
        let certify = |authority: &Authority, holder, (begins, ends), key: &KeyPair| {
            let request = Request {
                serial: match order.is_renewed() {
                    true => numbers.renewed_serial(),
                    false => numbers.certificate_serial,
                },
                not_before: begins,
                not_after: ends,
                public_key: &key.public,
                holder,
                token: order.profile.token,
            };
            Ok::<_, IssuanceError>(CertifiedKey {
                certificate: authority.issue(&request)?,
                key: key.private.clone(),
            })
        };
        Ok(jpki::Contents {
            sign: match order.sign_certificate {
                true => Some(certify(&authorities.sign, sign, validity.sign, &keys.sign)?),
                false => None,
            },
            sign_ca_certificate: authorities.sign.certificate().to_vec(),
            sign_pin: chosen(order, &order.pins.sign, order.tries.sign),
            auth: match order.auth_certificate {
                true => Some(certify(&authorities.auth, auth, validity.auth, &keys.auth)?),
                false => None,
            },
            auth_ca_certificate: authorities.auth.certificate().to_vec(),
            auth_pin: chosen(order, &order.pins.auth, order.tries.auth),
            token_serial: numbers.token_serial.clone(),
            terminal_ca: self.authorities.terminal_ca.clone(),
        })
    }
}

fn card_data(
    order: &Order,
    numbers: &Numbers,
    keys: &CardKeys,
    desk: &MunicipalDesk,
) -> Result<Vec<(u16, Vec<u8>)>, IssuanceError> {
    let card = desk.cards.certify(numbers.card_key, &keys.card.public)?;
    CardData {
        issuer: desk.certificate.issuer(),
        image_number: &numbers.image_number,
        municipality: order.person.municipality.code,
        expiry: order.expiry,
        intermediate: &desk.certificate,
        card: Some(&card),
    }
    .objects()
}

/// The cardholder with name and address in the form that the input-assist application has.
fn input_assist_person(order: &Order) -> Result<Cow<'_, Person>, IssuanceError> {
    if order.input_assist_text == TextForm::Register {
        return Ok(Cow::Borrowed(&order.person));
    }
    let text = order.certificate_text().map_err(|_| NO_SUBSTITUTE)?;
    let mut person = order.person.clone();
    person.name = text.name.text;
    person.address = text.address.text;
    Ok(Cow::Owned(person))
}

fn input_assist_contents(
    order: &Order,
    keys: &CardKeys,
    data: TextData,
) -> Result<input_assist::Contents, IssuanceError> {
    Ok(input_assist::Contents {
        data,
        pin: chosen(order, &order.pins.input_assist, order.tries.input_assist),
        code_a: code_a(order, order.tries.text_code_a),
        code_b: code_b(order, order.tries.text_code_b)?,
        authentication_key: keys.text.private.clone(),
        session_key: keys.session.private.clone(),
    })
}

fn face_info_contents(order: &Order, keys: &CardKeys, data: FaceData) -> Result<face_info::Contents, IssuanceError> {
    let birth = ReferenceData::new(order.person.birth_date_pin()?.as_bytes());
    Ok(face_info::Contents {
        data,
        authentication_key: keys.face.private.clone(),
        birth_date_pin: at_issue(&birth, order.tries.birth_date),
        code_a: code_a(order, order.tries.face_code_a),
        code_b: code_b(order, order.tries.face_code_b)?,
    })
}

/// A PIN that the cardholder chooses, unset on a card without PINs.
fn chosen(order: &Order, value: &ReferenceData, tries_left: Option<u8>) -> PinAtIssue {
    match order.without_pins {
        true => PinAtIssue::unset(),
        false => at_issue(value, tries_left),
    }
}

fn at_issue(value: &ReferenceData, tries_left: Option<u8>) -> PinAtIssue {
    PinAtIssue::from(value.clone()).with_tries_left(tries_left)
}

/// 照合番号A, which two applications have, each with tries of its own.
fn code_a(order: &Order, tries_left: Option<u8>) -> PinAtIssue {
    at_issue(&ReferenceData::new(order.person.my_number.digits()), tries_left)
}

/// 照合番号B, likewise.
fn code_b(order: &Order, tries_left: Option<u8>) -> Result<PinAtIssue, IssuanceError> {
    let code = order.person.verification_code_b(order.expiry, order.security_code)?;
    Ok(at_issue(&ReferenceData::new(code.as_bytes()), tries_left))
}

/// The name of a key that the common and the residence-code application show (EF 0002). What it names on a real card is
/// not published; here no key has it.
fn key_reference() -> Result<KeyId, CvError> {
    KeyId::new(7_000_010, 1, 0)
}

/// How the texts of the card's pictures were made to fit, where they were not drawn as they are.
pub(super) fn remarks(pictures: &Pictures) -> Vec<String> {
    let mut remarks = Vec::new();
    for (what, picture) in [("name", &pictures.name), ("address", &pictures.address)] {
        remarks.extend(layout_remark(what, picture));
        if !picture.replaced.is_empty() {
            remarks.push(format!(
                "{} of the {what}'s characters are not in the font of the card's pictures: 〓 is drawn for them",
                picture.replaced.len()
            ));
        }
        if !picture.usual_forms.is_empty() {
            remarks.push(format!(
                "{} of the {what}'s characters are drawn in their usual form, without variation selector or accent (assumed)",
                picture.usual_forms.len()
            ));
        }
    }
    remarks
}

fn layout_remark(what: &str, picture: &TextPicture) -> Option<String> {
    let how = match picture.layout {
        Layout::Plain => return None,
        Layout::HalfWidth => "its letters, digits and blanks are drawn half width",
        Layout::Squeezed => "all its characters are drawn half width",
        Layout::Cut => "it is drawn half width and cut",
    };
    Some(format!("the {what} is longer than its picture: {how} (assumed)"))
}

#[cfg(test)]
mod tests;
