//! Specimen cards by name: complete cards of fictional people that need no issuing.

use rsa::pkcs8::SecretDocument;
use vmyna_card_os::application::Application;
use vmyna_card_os::key::{CertificateKey, PrivateKey};
use vmyna_card_os::pin::ReferenceData;
use vmyna_card_os::tlv::Tlv;

use crate::issuance::specimen::{self, Specimen};
use crate::jpki::{self, CertifiedKey};
use crate::{Profile, card_manager};

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
    ])
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
