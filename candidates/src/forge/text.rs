//! The files of the input-assist application (EF 0001 to 0004 and 0007), to be changed.

use sha2::{Digest, Sha256};
use vmyna_applets::cv::CvCertificate;
use vmyna_applets::input_assist::Contents;
use vmyna_applets::issued::IssuedCard;

use super::sign::{Signer, cv_error};
use super::{Objects, object};
use crate::workshop::MakeError;

/// Name.
pub(crate) const NAME: u16 = 0xDF22;
/// Address.
pub(crate) const ADDRESS: u16 = 0xDF23;
/// The objects of EF 0002 that the digest covers, in the order of the table of offsets.
pub(crate) const FIELDS: [u16; 4] = [NAME, ADDRESS, 0xDF24, 0xDF25];
/// The digest of EF 0001.
pub(crate) const NUMBER_DIGEST: u16 = 0xDF31;
/// The digest of the four attributes.
pub(crate) const FIELDS_DIGEST: u16 = 0xDF32;
/// The signature over the digests.
pub(crate) const SIGNATURE: u16 = 0xDF33;
/// The chip's public key.
pub(crate) const CHIP_KEY: u16 = 0xDF51;
/// The signature over it.
pub(crate) const CHIP_SIGNATURE: u16 = 0xDF52;

/// The files, taken apart.
#[derive(Clone)]
pub(crate) struct Texts {
    /// EF 0001 as it is.
    pub(crate) number: Vec<u8>,
    /// EF 0002.
    pub(crate) fields: Objects,
    /// EF 0003.
    pub(crate) integrity: Objects,
    /// EF 0004 as it is.
    pub(crate) certificate: Vec<u8>,
    /// EF 0007.
    pub(crate) chip: Objects,
}

impl Texts {
    /// Those of a card.
    pub(crate) fn of(card: &IssuedCard) -> Result<Self, MakeError> {
        let data = &card.input_assist.as_ref().ok_or(NONE)?.data;
        Ok(Self {
            number: data.my_number.as_bytes().to_vec(),
            fields: Objects::read(data.attributes.as_bytes())?,
            integrity: Objects::read(data.integrity.as_bytes())?,
            certificate: data.certificate.as_bytes().to_vec(),
            chip: Objects::read(data.signed_key.as_bytes())?,
        })
    }

    /// The certificate of EF 0004.
    pub(crate) fn cv(&self) -> Result<CvCertificate, MakeError> {
        CvCertificate::from_file(&self.certificate).map_err(cv_error)
    }

    /// Computes both digests again.
    pub(crate) fn digest(&mut self) -> Result<(), MakeError> {
        let fields = Sha256::digest(self.fields.joined(&FIELDS)?).to_vec();
        self.integrity
            .set(NUMBER_DIGEST, Sha256::digest(&self.number).to_vec())?;
        self.integrity.set(FIELDS_DIGEST, fields)
    }

    /// Signs what is before the signature in EF 0003.
    pub(crate) fn sign(&mut self, by: &Signer) -> Result<(), MakeError> {
        let signature = by.message(&self.integrity.before(SIGNATURE)?)?;
        self.integrity.set(SIGNATURE, signature)
    }

    /// Signs the chip's key in EF 0007.
    pub(crate) fn sign_chip(&mut self, by: &Signer) -> Result<(), MakeError> {
        let signature = by.message(&self.chip.before(CHIP_SIGNATURE)?)?;
        self.chip.set(CHIP_SIGNATURE, signature)
    }

    /// EF 0002 with its table of offsets.
    pub(crate) fn attributes(&self) -> Result<Vec<u8>, MakeError> {
        self.fields.with_table(&FIELDS)
    }

    /// The card with these files.
    pub(crate) fn put(self, card: &IssuedCard) -> Result<IssuedCard, MakeError> {
        let attributes = self.attributes()?;
        self.put_with(card, attributes)
    }

    /// The card with these files, and other bytes in EF 0002.
    pub(crate) fn put_with(self, card: &IssuedCard, attributes: Vec<u8>) -> Result<IssuedCard, MakeError> {
        let mut card = card.clone();
        let data = &mut contents(&mut card)?.data;
        data.my_number = self.number.into();
        data.attributes = attributes.into();
        data.integrity = self.integrity.file(0xFF30)?.into();
        data.certificate = self.certificate.into();
        data.signed_key = self.chip.file(0xFF50)?.into();
        Ok(card)
    }
}

/// EF 0001 with this value, and filler behind it up to its 17 bytes.
pub(crate) fn number_file(value: &[u8]) -> Result<Vec<u8>, MakeError> {
    let mut file = object(0xFF10, value)?;
    file.resize(file.len().max(17), 0xFF);
    Ok(file)
}

/// The application of a card.
pub(crate) fn contents(card: &mut IssuedCard) -> Result<&mut Contents, MakeError> {
    card.input_assist.as_mut().ok_or(NONE)
}

const NONE: MakeError = MakeError::Form("a card has an input-assist application");
