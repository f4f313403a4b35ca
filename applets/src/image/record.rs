//! One card as DER: how an [`IssuedCard`] is written into an image and read back.
//!
//! ```text
//! Record ::= CHOICE { card Card, token [0] Token }                          -- token: version 3
//! Card ::= SEQUENCE {
//!   name UTF8String, profile UTF8String, holder Holder, cardData SEQUENCE OF DataObject,
//!   jpki Jpki, inputAssist InputAssist, faceInfo FaceInfo, residenceCode ResidenceCode, cardInfo CardInfo,
//!   fileSizes [0] SEQUENCE OF FileSize, atr [1] OCTET STRING, withoutPhoto [2] BOOLEAN,
//!   applications [3] SEQUENCE OF OCTET STRING (DER of an Application), all OPTIONAL }                    -- version 2
//! Token ::= SEQUENCE {
//!   name UTF8String, profile UTF8String, holder Holder, cardData SEQUENCE OF DataObject, jpki Jpki,
//!   inputAssist [0] InputAssist, faceInfo [1] FaceInfo, residenceCode [2] ResidenceCode, cardInfo [3] CardInfo,
//!   fileSizes [4], atr [5], withoutPhoto [6], applications [7] as in Card, mdoc [8] Mdoc, all OPTIONAL }
//! Mdoc ::= SEQUENCE { issuerSigned, deviceKey OCTET STRING }               -- CBOR of ISO/IEC 18013-5; PKCS#8
//! Holder ::= SEQUENCE {
//!   name, kana, address UTF8String, nameReplaced, addressReplaced SEQUENCE OF INTEGER, birth UTF8String (YYYYMMDD),
//!   sex INTEGER (ISO/IEC 5218), myNumber UTF8String, municipality UTF8String (five digits),
//!   prefectureRoman, municipalityRoman, municipalityTitle UTF8String, residenceCode, securityCode UTF8String,
//!   issued GeneralizedTime, expiry UTF8String (YYYYMMDD), remarks SEQUENCE OF UTF8String, keyPool [0] INTEGER OPTIONAL }
//! DataObject ::= SEQUENCE { tag INTEGER, value Object }
//! Pin ::= SEQUENCE { value OCTET STRING, triesLeft [0] INTEGER OPTIONAL, unset [1] BOOLEAN OPTIONAL }  -- unset: version 2
//! CertifiedKey ::= SEQUENCE { certificate OCTET STRING, key Object }       -- X.509; PKCS#8
//! Jpki ::= SEQUENCE {
//!   signCa, authCa Object, terminalCaId OCTET STRING, terminalCaModulus Object, terminalCaExponent OCTET STRING,
//!   tokenSerial UTF8String, signPin, authPin Pin, sign [0] CertifiedKey OPTIONAL, auth [1] CertifiedKey OPTIONAL }
//! InputAssist ::= SEQUENCE { files SEQUENCE OF Object (EF 0001 to 0007), pin, codeA, codeB Pin, key, sessionKey Object }
//! FaceInfo ::= SEQUENCE { files SEQUENCE OF Object (EF 0001 to 0005), birthDate, codeA, codeB Pin, key Object }
//! ResidenceCode ::= SEQUENCE { code UTF8String, keyReference OCTET STRING, pin Pin }
//! CardInfo ::= SEQUENCE {
//!   serial, municipality, expiry UTF8String, keyReference OCTET STRING, pin Pin, key Object }
//! FileSize ::= SEQUENCE { application OCTET STRING, file, size, filler INTEGER }
//! Object ::= CHOICE { here OCTET STRING, shared [0] SEQUENCE { offset, length INTEGER, digest OCTET STRING } }
//! ```
//!
//! `Application` is in `application.rs` beside this file. At most 20 are those of the free area, in their order.
//!
//! `nameReplaced` and `addressReplaced` are empty. In older images, where name and address are the certificate's, they are
//! the places of its substitutes (from 0). Unknown parts of `birth` are 00.
//!
//! What version 2 adds is optional and comes last, with the next free tag. Version 3 adds a form of its own, for a phone's
//! token, which lacks applications that version 1 always has. So a record of every earlier version can be read, and a card
//! without anything new has the record of the earlier version, byte for byte: `form.rs` in the folder beside this file decides.

mod form;

use der::asn1::{OctetStringRef, Utf8StringRef};
use vmyna_apdu::{Aid, FileId};
use vmyna_card_os::declaration::{CertificateKey, Content, PrivateKey, ReferenceData, check};
use zeroize::Zeroizing;

use self::form::{
    CardInfo, CertifiedKey, DataObject, FaceInfo, Form, Holder, InputAssist, Jpki, Mdoc, Pin, ResidenceCode, Size,
    Token,
};
use super::object::{
    DecodeError, Fetch, Object, Place, bytes, here, lengths_fit, octets, private_key, shared, text, unwritable,
};
use super::{ImageErrorKind, application};
use crate::atr::Atr;
use crate::birth::BirthDate;
use crate::calendar;
use crate::card_info::CardSerial;
use crate::cv::KeyId;
use crate::face_info::FaceData;
use crate::file_size::FileSize;
use crate::free_area::{self, FreeApplication};
use crate::input_assist::TextData;
use crate::issued::{IssuedCard, MobileDocument, Summary};
use crate::person::{Municipality, MunicipalityCode, MyNumber, Person, SecurityCode, Sex};
use crate::{PinAtIssue, Profile, card_info, face_info, input_assist, jpki, person, residence_code};

/// A card as it is written.
pub(super) struct Record {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// The first version of the format that has all of it.
    pub(super) version: u32,
}

/// Writes an object that other cards may have too.
type Share<'s> = &'s mut dyn FnMut(&[u8]) -> Result<Place, ImageErrorKind>;

/// The card as a record. `share` writes an object that other cards may have too; `None` for a record that has all of its
/// objects itself.
pub(super) fn encode<'a>(card: &'a IssuedCard, mut share: Option<Share<'_>>) -> Result<Record, ImageErrorKind> {
    let mut share = |object: &'a [u8]| -> Result<Object<'a>, ImageErrorKind> {
        let Some(share) = &mut share else { return here(object) };
        shared(&share(object)?)
    };
    let mut applications = Vec::with_capacity(card.free.len());
    for free in &card.free {
        applications.push(application::encode(free.application(), &mut share)?);
    }
    let mut data = Vec::new();
    for (tag, value) in &card.card_data {
        data.push(DataObject {
            tag: *tag,
            value: here(value)?,
        });
    }
    let sign = match &card.jpki.sign {
        Some(certified) => Some(certified_key(certified, &mut share)?),
        None => None,
    };
    let auth = match &card.jpki.auth {
        Some(certified) => Some(certified_key(certified, &mut share)?),
        None => None,
    };
    let jpki = Jpki {
        sign_ca: share(&card.jpki.sign_ca_certificate)?,
        auth_ca: share(&card.jpki.auth_ca_certificate)?,
        terminal_ca_id: octets(&card.jpki.terminal_ca.key_id)?,
        terminal_ca_modulus: share(&card.jpki.terminal_ca.modulus)?,
        terminal_ca_exponent: octets(&card.jpki.terminal_ca.exponent)?,
        token_serial: text(&card.jpki.token_serial)?,
        sign_pin: pin(&card.jpki.sign_pin)?,
        auth_pin: pin(&card.jpki.auth_pin)?,
        sign,
        auth,
    };
    let input_assist = match &card.input_assist {
        Some(contents) => Some(encode_input_assist(contents, &mut share)?),
        None => None,
    };
    let face_info = match &card.face_info {
        Some(contents) => Some(encode_face_info(contents, &mut share)?),
        None => None,
    };
    let residence_code = match &card.residence_code {
        Some(contents) => Some(ResidenceCode {
            code: digits(contents.residence_code.digits())?,
            key_reference: octets(contents.key_reference.as_bytes())?,
            pin: pin(&contents.pin)?,
        }),
        None => None,
    };
    let card_info = match &card.card_info {
        Some(contents) => Some(encode_card_info(contents, &mut share)?),
        None => None,
    };
    let record = Form::from(Token {
        name: text(card.name.as_str())?,
        profile: text(card.profile.name)?,
        holder: holder(&card.summary)?,
        card_data: data,
        jpki,
        input_assist,
        face_info,
        residence_code,
        card_info,
        file_sizes: file_sizes(&card.file_sizes)?,
        atr: match Profile::named(card.profile.name) {
            Some(usual) if usual.atr == card.profile.atr => None,
            _ => Some(octets(&card.profile.atr)?),
        },
        without_photo: card.summary.without_photo.then_some(true),
        applications: free_applications(&applications)?,
        mdoc: match &card.mdoc {
            Some(mdoc) => Some(Mdoc {
                issuer_signed: octets(&mdoc.issuer_signed)?,
                device_key: octets(mdoc.device_key.as_pkcs8_der())?,
            }),
            None => None,
        },
    });
    Ok(Record {
        version: record.version(),
        bytes: record.to_der().map_err(unwritable)?,
    })
}

/// Makes an object of one that other cards may have too.
type ShareObject<'s, 'a> = &'s mut dyn FnMut(&'a [u8]) -> Result<Object<'a>, ImageErrorKind>;

// What does not depend on the cardholder may be the same on other cards.
fn encode_input_assist<'a>(
    contents: &'a input_assist::Contents,
    share: ShareObject<'_, 'a>,
) -> Result<InputAssist<'a>, ImageErrorKind> {
    let data = &contents.data;
    Ok(InputAssist {
        files: vec![
            here(data.my_number.as_bytes())?,
            here(data.attributes.as_bytes())?,
            here(data.integrity.as_bytes())?,
            share(data.certificate.as_bytes())?,
            share(data.basic_information.as_bytes())?,
            share(data.session_key.as_bytes())?,
            share(data.signed_key.as_bytes())?,
        ],
        pin: pin(&contents.pin)?,
        code_a: pin(&contents.code_a)?,
        code_b: pin(&contents.code_b)?,
        key: share(contents.authentication_key.as_pkcs8_der())?,
        session_key: share(contents.session_key.as_pkcs8_der())?,
    })
}

fn encode_face_info<'a>(
    contents: &'a face_info::Contents,
    share: ShareObject<'_, 'a>,
) -> Result<FaceInfo<'a>, ImageErrorKind> {
    let data = &contents.data;
    Ok(FaceInfo {
        files: vec![
            here(data.age_record.as_bytes())?,
            here(data.card_face.as_bytes())?,
            share(data.basic_information.as_bytes())?,
            share(data.certificate.as_bytes())?,
            here(data.my_number_picture.as_bytes())?,
        ],
        birth_date: pin(&contents.birth_date_pin)?,
        code_a: pin(&contents.code_a)?,
        code_b: pin(&contents.code_b)?,
        key: share(contents.authentication_key.as_pkcs8_der())?,
    })
}

fn encode_card_info<'a>(
    contents: &'a card_info::Contents,
    share: ShareObject<'_, 'a>,
) -> Result<CardInfo<'a>, ImageErrorKind> {
    Ok(CardInfo {
        serial: contents.serial.to_string(),
        municipality: contents.municipality.to_string(),
        expiry: contents.expiry.digits(),
        key_reference: octets(contents.key_reference.as_bytes())?,
        pin: pin(&contents.pin)?,
        key: share(contents.authentication_key.as_pkcs8_der())?,
    })
}

fn free_applications(list: &[Zeroizing<Vec<u8>>]) -> Result<Option<Vec<OctetStringRef<'_>>>, ImageErrorKind> {
    let list: Result<Vec<_>, _> = list.iter().map(|der| octets(der)).collect();
    Ok(Some(list?).filter(|list| !list.is_empty()))
}

fn file_sizes(sizes: &[FileSize]) -> Result<Option<Vec<Size<'_>>>, ImageErrorKind> {
    let mut list = Vec::with_capacity(sizes.len());
    for size in sizes {
        list.push(Size {
            application: octets(size.aid.as_bytes())?,
            file: size.file.value(),
            size: size.size,
            filler: size.filler,
        });
    }
    Ok(Some(list).filter(|list| !list.is_empty()))
}

fn holder(summary: &Summary) -> Result<Holder<'_>, ImageErrorKind> {
    let person = &summary.person;
    Ok(Holder {
        name: text(&person.name)?,
        kana: text(&person.kana)?,
        address: text(&person.address)?,
        // The name is the register's: no character stands in for another.
        name_replaced: Vec::new(),
        address_replaced: Vec::new(),
        birth: person.birth.digits(),
        sex: person.sex.iso5218_digit() - b'0',
        my_number: digits(person.my_number.digits())?,
        municipality: digits(person.municipality.code.digits())?,
        prefecture_roman: text(&person.municipality.prefecture)?,
        municipality_roman: text(&person.municipality.name)?,
        municipality_title: text(&person.municipality.title)?,
        residence_code: digits(summary.residence_code.digits())?,
        security_code: text(summary.security_code.as_str())?,
        issued: summary.issued.into(),
        expiry: summary.expiry.digits(),
        remarks: summary.remarks.clone(),
        key_pool: summary.key_pool,
    })
}

/// ASCII digits as a text.
fn digits(digits: &[u8]) -> Result<Utf8StringRef<'_>, ImageErrorKind> {
    Utf8StringRef::new(digits).map_err(unwritable)
}

fn pin(pin: &PinAtIssue) -> Result<Pin<'_>, ImageErrorKind> {
    Ok(Pin {
        value: octets(pin.value.as_ref().map_or(&[], ReferenceData::as_bytes))?,
        tries_left: pin.tries_left,
        unset: pin.value.is_none().then_some(true),
    })
}

fn certified_key<'a>(
    certified: &'a jpki::CertifiedKey,
    share: ShareObject<'_, 'a>,
) -> Result<CertifiedKey<'a>, ImageErrorKind> {
    Ok(CertifiedKey {
        certificate: octets(&certified.certificate)?,
        key: share(certified.key.as_pkcs8_der())?,
    })
}

/// A card from its record in an image of this version.
pub(super) fn decode(record: &[u8], version: u32, fetch: Fetch<'_>) -> Result<IssuedCard, DecodeError> {
    if !lengths_fit(record) {
        return Err(DecodeError::Record("the lengths in a card"));
    }
    let form = Form::from_der(record)?;
    if form.version() > version {
        return Err(DecodeError::Record("a card has fields of a later version"));
    }
    let card = Token::from(form);
    let profile = Profile::named(card.profile.as_str()).ok_or(DecodeError::Record("a card's profile"))?;
    let profile = match card.atr {
        Some(atr) => profile.with_own_atr(&Atr::new(atr.as_bytes()).map_err(|_| DecodeError::Record("an ATR"))?),
        None => profile,
    };
    let mut summary = summary(&card.holder)?;
    summary.without_photo = card.without_photo.unwrap_or(false);
    let mut card_data = Vec::with_capacity(card.card_data.len());
    for object in &card.card_data {
        card_data.push((object.tag, bytes(&object.value, fetch)?));
    }
    let issued = IssuedCard {
        name: card
            .name
            .as_str()
            .parse()
            .map_err(|_| DecodeError::Record("a card's name"))?,
        profile,
        card_data,
        jpki: jpki(&card.jpki, fetch)?,
        input_assist: match &card.input_assist {
            Some(record) => Some(input_assist(record, fetch)?),
            None => None,
        },
        face_info: match &card.face_info {
            Some(record) => Some(face_info(record, fetch)?),
            None => None,
        },
        residence_code: match &card.residence_code {
            Some(record) => Some(residence_code::Contents {
                residence_code: summary.residence_code,
                key_reference: key_id(&record.key_reference)?,
                pin: pin_at_issue(&record.pin),
            }),
            None => None,
        },
        card_info: match &card.card_info {
            Some(record) => Some(card_info(record, fetch)?),
            None => None,
        },
        mdoc: card.mdoc.as_ref().map(|mdoc| MobileDocument {
            issuer_signed: mdoc.issuer_signed.as_bytes().to_vec(),
            device_key: PrivateKey::from_pkcs8_der(mdoc.device_key.as_bytes()),
        }),
        summary,
        file_sizes: sizes(card.file_sizes.as_deref().unwrap_or_default())?,
        free: free(card.applications.as_deref().unwrap_or_default(), fetch)?,
    };
    // An application may refer to another one of the card.
    if !issued.free.is_empty() && check(&issued.applications()).is_err() {
        return Err(DecodeError::Record(FREE_AREA));
    }
    Ok(issued)
}

/// What is damaged in a card whose applications of the free area are no set.
const FREE_AREA: &str = "the applications of the free area";

fn free(list: &[OctetStringRef<'_>], fetch: Fetch<'_>) -> Result<Vec<FreeApplication>, DecodeError> {
    // Before anything is fetched for them.
    if list.len() > free_area::MOST_APPLICATIONS {
        return Err(DecodeError::Record("how many applications there are in the free area"));
    }
    let mut applications = Vec::with_capacity(list.len());
    for der in list {
        let application = application::decode(der.as_bytes(), fetch)?;
        let free = FreeApplication::checked(application);
        applications.push(free.map_err(|_| DecodeError::Record("an application of the free area"))?);
    }
    free_area::check_set(&applications).map_err(|_| DecodeError::Record(FREE_AREA))?;
    Ok(applications)
}

fn sizes(list: &[Size<'_>]) -> Result<Vec<FileSize>, DecodeError> {
    let size = |size: &Size<'_>| {
        let aid = Aid::new(size.application.as_bytes())?;
        FileSize::new(aid, FileId::new(size.file), size.size, size.filler)
    };
    let sizes: Option<Vec<_>> = list.iter().map(size).collect();
    sizes.ok_or(DecodeError::Record("the size of a file"))
}

fn summary(holder: &Holder<'_>) -> Result<Summary, DecodeError> {
    let number = |text: &Utf8StringRef<'_>| text.as_str().as_bytes().to_vec();
    let my_number = number(&holder.my_number)
        .try_into()
        .ok()
        .and_then(MyNumber::from_digits);
    let residence_code = number(&holder.residence_code).try_into().ok();
    let residence_code = residence_code.and_then(person::ResidenceCode::from_digits);
    let security_code = number(&holder.security_code)
        .try_into()
        .ok()
        .and_then(SecurityCode::from_digits);
    let person = Person {
        name: holder.name.as_str().to_owned(),
        kana: holder.kana.as_str().to_owned(),
        address: holder.address.as_str().to_owned(),
        birth: BirthDate::from_digits(holder.birth.as_bytes()).ok_or(DecodeError::Record("a birth date"))?,
        sex: match holder.sex {
            0 => Sex::Unknown,
            1 => Sex::Male,
            2 => Sex::Female,
            9 => Sex::Other,
            _ => return Err(DecodeError::Record("the holder's sex")),
        },
        my_number: my_number.ok_or(DecodeError::Record("the holder's My Number"))?,
        municipality: Municipality {
            code: municipality(holder.municipality.as_str())?,
            prefecture: holder.prefecture_roman.as_str().to_owned(),
            name: holder.municipality_roman.as_str().to_owned(),
            title: holder.municipality_title.as_str().to_owned(),
        },
    };
    Ok(Summary {
        person,
        residence_code: residence_code.ok_or(DecodeError::Record("the holder's residence code"))?,
        security_code: security_code.ok_or(DecodeError::Record("the security code"))?,
        issued: holder.issued.to_date_time(),
        expiry: date(&holder.expiry)?,
        key_pool: holder.key_pool,
        remarks: holder.remarks.clone(),
        without_photo: false,
    })
}

fn jpki(record: &Jpki<'_>, fetch: Fetch<'_>) -> Result<jpki::Contents, DecodeError> {
    let key_id = record.terminal_ca_id.as_bytes().try_into();
    Ok(jpki::Contents {
        sign: certified(record.sign.as_ref(), fetch)?,
        sign_ca_certificate: bytes(&record.sign_ca, fetch)?,
        sign_pin: pin_at_issue(&record.sign_pin),
        auth: certified(record.auth.as_ref(), fetch)?,
        auth_ca_certificate: bytes(&record.auth_ca, fetch)?,
        auth_pin: pin_at_issue(&record.auth_pin),
        token_serial: record.token_serial.as_str().to_owned(),
        terminal_ca: CertificateKey {
            key_id: key_id.map_err(|_| DecodeError::Record("the terminal CA key's id"))?,
            modulus: bytes(&record.terminal_ca_modulus, fetch)?,
            exponent: record.terminal_ca_exponent.as_bytes().to_vec(),
        },
    })
}

fn input_assist(record: &InputAssist<'_>, fetch: Fetch<'_>) -> Result<input_assist::Contents, DecodeError> {
    let [
        my_number,
        attributes,
        integrity,
        certificate,
        basic_information,
        session_key,
        signed_key,
    ] = contents(&record.files, fetch)?;
    Ok(input_assist::Contents {
        data: TextData {
            my_number,
            attributes,
            integrity,
            certificate,
            basic_information,
            session_key,
            signed_key,
        },
        pin: pin_at_issue(&record.pin),
        code_a: pin_at_issue(&record.code_a),
        code_b: pin_at_issue(&record.code_b),
        authentication_key: private_key(&record.key, fetch)?,
        session_key: private_key(&record.session_key, fetch)?,
    })
}

fn face_info(record: &FaceInfo<'_>, fetch: Fetch<'_>) -> Result<face_info::Contents, DecodeError> {
    let [age_record, card_face, basic_information, certificate, my_number_picture] = contents(&record.files, fetch)?;
    Ok(face_info::Contents {
        data: FaceData {
            age_record,
            card_face,
            basic_information,
            certificate,
            my_number_picture,
        },
        authentication_key: private_key(&record.key, fetch)?,
        birth_date_pin: pin_at_issue(&record.birth_date),
        code_a: pin_at_issue(&record.code_a),
        code_b: pin_at_issue(&record.code_b),
    })
}

fn card_info(record: &CardInfo<'_>, fetch: Fetch<'_>) -> Result<card_info::Contents, DecodeError> {
    Ok(card_info::Contents {
        serial: CardSerial::from_digits(&record.serial).ok_or(DecodeError::Record("a serial number"))?,
        municipality: municipality(&record.municipality)?,
        expiry: date(&record.expiry)?,
        key_reference: key_id(&record.key_reference)?,
        authentication_key: private_key(&record.key, fetch)?,
        pin: pin_at_issue(&record.pin),
    })
}

fn contents<const N: usize>(objects: &[Object<'_>], fetch: Fetch<'_>) -> Result<[Content; N], DecodeError> {
    let wrong = || DecodeError::Record("how many files an application has");
    let objects: &[Object<'_>; N] = objects.try_into().map_err(|_| wrong())?;
    let mut files = Vec::with_capacity(N);
    for object in objects {
        files.push(Content::from(bytes(object, fetch)?));
    }
    files.try_into().map_err(|_| wrong())
}

fn certified(record: Option<&CertifiedKey<'_>>, fetch: Fetch<'_>) -> Result<Option<jpki::CertifiedKey>, DecodeError> {
    let Some(record) = record else { return Ok(None) };
    Ok(Some(jpki::CertifiedKey {
        certificate: record.certificate.as_bytes().to_vec(),
        key: private_key(&record.key, fetch)?,
    }))
}

fn pin_at_issue(pin: &Pin<'_>) -> PinAtIssue {
    PinAtIssue {
        value: match pin.unset {
            Some(true) => None,
            _ => Some(ReferenceData::new(pin.value.as_bytes())),
        },
        tries_left: pin.tries_left,
    }
}

fn key_id(bytes: &OctetStringRef<'_>) -> Result<KeyId, DecodeError> {
    KeyId::from_bytes(bytes.as_bytes()).map_err(|_| DecodeError::Record("a key reference"))
}

fn municipality(digits: &str) -> Result<MunicipalityCode, DecodeError> {
    let digits = digits.as_bytes().try_into().ok();
    digits
        .and_then(MunicipalityCode::from_digits)
        .ok_or(DecodeError::Record("a municipality code"))
}

fn date(digits: &str) -> Result<calendar::Date, DecodeError> {
    calendar::Date::from_digits(digits.as_bytes()).ok_or(DecodeError::Record("a date"))
}

/// The record with this many files of the face-info application, each at this place.
#[cfg(test)]
pub(super) fn with_face_files(record: &[u8], files: usize, place: &Place) -> Vec<u8> {
    let mut card = <form::Card<'_> as der::Decode>::from_der(record).unwrap();
    card.face_info.files = (0..files).map(|_| shared(place).unwrap()).collect();
    der::Encode::to_der(&card).unwrap()
}
