//! Specimen cards by name: complete cards of fictional people that need no issuing.

use rsa::pkcs8::SecretDocument;
use vmyna_card_os::application::Application;
use vmyna_card_os::file::Content;
use vmyna_card_os::key::{CertificateKey, PrivateKey};
use vmyna_card_os::pin::ReferenceData;
use vmyna_card_os::tlv::Tlv;

use crate::card_info::CardSerial;
use crate::issuance::cv::KeyId;
use crate::issuance::face_data::FaceData;
use crate::issuance::specimen::{self, Specimen};
use crate::issuance::text_data::TextData;
use crate::jpki::{self, CertifiedKey};
use crate::{Profile, card_info, card_manager, face_info, input_assist, residence_code};

/// The names there are.
pub const NAMES: [&str; 1] = ["hanako"];

/// The specimen of this name.
pub fn find(name: &str) -> Option<Specimen> {
    match name {
        "hanako" => Some(specimen::hanako()),
        _ => None,
    }
}

/// A specimen's files are damaged: a fault of the build, which the tests would have found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

impl std::fmt::Display for Damaged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the built-in specimen is damaged; make it anew with `make specimens` and rebuild")
    }
}

impl std::error::Error for Damaged {}

/// The applications of a specimen's card; the first is the one selected at power-up.
///
/// # Errors
/// [`Damaged`].
pub fn applications(specimen: &Specimen, profile: &Profile) -> Result<Vec<Application>, Damaged> {
    let certified = |certificate: &[u8], key: &str| {
        Ok(Some(CertifiedKey {
            certificate: certificate.to_vec(),
            key: private_key(key)?,
        }))
    };
    let contents = jpki::Contents {
        sign: certified(specimen.sign_certificate, specimen.sign_key)?,
        sign_ca_certificate: specimen.sign_ca_certificate.to_vec(),
        sign_pin: ReferenceData::new(specimen.pins.sign.as_bytes()),
        auth: certified(specimen.auth_certificate, specimen.auth_key)?,
        auth_ca_certificate: specimen.auth_ca_certificate.to_vec(),
        auth_pin: ReferenceData::new(specimen.pins.auth.as_bytes()),
        token_serial: specimen.token_serial.to_owned(),
        terminal_ca: terminal_ca(specimen)?,
    };
    let card_data = specimen
        .get_data
        .iter()
        .map(|(tag, value)| (*tag, value.to_vec()))
        .collect();
    Ok(vec![
        card_manager::declare(profile, card_data),
        jpki::declare(profile, contents),
        input_assist::declare(profile, input_assist_contents(specimen)?),
        face_info::declare(profile, face_info_contents(specimen)?),
        residence_code::declare(profile, residence_code_contents(specimen)?),
        card_info::declare(profile, card_info_contents(specimen)?),
    ])
}

/// 照合番号B, which two applications have.
fn verification_code_b(specimen: &Specimen) -> Result<ReferenceData, Damaged> {
    let code = specimen
        .person
        .verification_code_b(specimen.card_expiry, specimen.security_code);
    Ok(ReferenceData::new(code.map_err(|_| Damaged)?.as_bytes()))
}

fn input_assist_contents(specimen: &Specimen) -> Result<input_assist::Contents, Damaged> {
    let [
        my_number,
        attributes,
        integrity,
        certificate,
        basic_information,
        session_key,
        signed_key,
    ] = specimen.input_assist.map(|file| Content::from(file.to_vec()));
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
        pin: ReferenceData::new(specimen.pins.input_assist.as_bytes()),
        code_a: ReferenceData::new(specimen.person.my_number.digits()),
        code_b: verification_code_b(specimen)?,
        authentication_key: private_key(specimen.text_key)?,
        session_key: private_key(specimen.session_key)?,
    })
}

fn face_info_contents(specimen: &Specimen) -> Result<face_info::Contents, Damaged> {
    let [age_record, card_face, basic_information, certificate, my_number_picture] =
        specimen.face_info.map(|file| Content::from(file.to_vec()));
    let birth_date_pin = specimen.person.birth_date_pin().map_err(|_| Damaged)?;
    Ok(face_info::Contents {
        data: FaceData {
            age_record,
            card_face,
            basic_information,
            certificate,
            my_number_picture,
        },
        authentication_key: private_key(specimen.face_key)?,
        birth_date_pin: ReferenceData::new(birth_date_pin.as_bytes()),
        code_a: ReferenceData::new(specimen.person.my_number.digits()),
        code_b: verification_code_b(specimen)?,
    })
}

fn residence_code_contents(specimen: &Specimen) -> Result<residence_code::Contents, Damaged> {
    Ok(residence_code::Contents {
        residence_code: specimen.residence_code,
        key_reference: key_reference(specimen)?,
        pin: ReferenceData::new(specimen.pins.residence.as_bytes()),
    })
}

fn card_info_contents(specimen: &Specimen) -> Result<card_info::Contents, Damaged> {
    Ok(card_info::Contents {
        serial: CardSerial::from_digits(specimen.card_serial).ok_or(Damaged)?,
        municipality: specimen.person.municipality.code,
        expiry: specimen.card_expiry,
        key_reference: key_reference(specimen)?,
        authentication_key: private_key(specimen.common_key)?,
        pin: ReferenceData::new(specimen.pins.residence.as_bytes()),
    })
}

fn key_reference(specimen: &Specimen) -> Result<KeyId, Damaged> {
    KeyId::from_bytes(specimen.key_reference).map_err(|_| Damaged)
}

fn private_key(pem: &str) -> Result<PrivateKey, Damaged> {
    let (_, der) = SecretDocument::from_pem(pem).map_err(|_| Damaged)?;
    Ok(PrivateKey::from_pkcs8_der(der.as_bytes()))
}

fn terminal_ca(specimen: &Specimen) -> Result<CertificateKey, Damaged> {
    match Tlv::read_all(specimen.terminal_ca_public_key).map_err(|_| Damaged)?[..] {
        [
            Tlv {
                tag: 0x90,
                value: exponent,
            },
            Tlv {
                tag: 0x91,
                value: modulus,
            },
        ] => Ok(CertificateKey {
            key_id: *specimen.terminal_ca_key_id,
            modulus: modulus.to_vec(),
            exponent: exponent.to_vec(),
        }),
        _ => Err(Damaged),
    }
}
