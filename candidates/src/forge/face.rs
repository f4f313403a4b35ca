//! The files of the face-info application (EF 0001, 0002, 0004 and 0005), to be changed.

use sha2::{Digest, Sha256};
use vmyna_applets::cv::CvCertificate;
use vmyna_applets::face_info::Contents;
use vmyna_applets::issued::IssuedCard;

use super::Objects;
use super::sign::{Signer, cv_error};
use crate::workshop::MakeError;

/// The picture of the name.
pub(crate) const NAME: u16 = 0xDF25;
/// The picture of the address.
pub(crate) const ADDRESS: u16 = 0xDF26;
/// The photo.
pub(crate) const PHOTO: u16 = 0xDF27;
/// The signature over the three digests.
pub(crate) const SIGNATURE: u16 = 0xDF28;
/// The end of the card, unsigned.
pub(crate) const END: u16 = 0xDF29;
/// The objects of EF 0002 in the order of the table of offsets.
pub(crate) const OBJECTS: [u16; 9] = [0xDF22, 0xDF23, 0xDF24, NAME, ADDRESS, PHOTO, SIGNATURE, END, 0xDF2A];
/// The objects under each of the three digests.
const GROUPS: [&[u16]; 3] = [&[0xDF22, 0xDF23, 0xDF24], &[NAME, ADDRESS], &[PHOTO]];
/// The signature in the age record.
pub(crate) const AGE_SIGNATURE: u16 = 0xDF13;
/// The signature over the picture of the My Number.
pub(crate) const NUMBER_SIGNATURE: u16 = 0xDF43;

/// The files, taken apart.
#[derive(Clone)]
pub(crate) struct Faces {
    /// EF 0001.
    pub(crate) age: Objects,
    /// EF 0002.
    pub(crate) face: Objects,
    /// EF 0004 as it is.
    pub(crate) certificate: Vec<u8>,
    /// EF 0005.
    pub(crate) number: Objects,
}

impl Faces {
    /// Those of a card.
    pub(crate) fn of(card: &IssuedCard) -> Result<Self, MakeError> {
        let data = &card.face_info.as_ref().ok_or(NONE)?.data;
        Ok(Self {
            age: Objects::read(data.age_record.as_bytes())?,
            face: Objects::read(data.card_face.as_bytes())?,
            certificate: data.certificate.as_bytes().to_vec(),
            number: Objects::read(data.my_number_picture.as_bytes())?,
        })
    }

    /// The certificate of EF 0004.
    pub(crate) fn cv(&self) -> Result<CvCertificate, MakeError> {
        CvCertificate::from_file(&self.certificate).map_err(cv_error)
    }

    /// The three digests of EF 0002. That of an object which is not there is the digest of nothing.
    pub(crate) fn digests(&self) -> Result<[[u8; 32]; 3], MakeError> {
        let mut digests = [[0; 32]; 3];
        for (digest, group) in digests.iter_mut().zip(GROUPS) {
            let there: Vec<u16> = group
                .iter()
                .copied()
                .filter(|tag| self.face.get(*tag).is_ok())
                .collect();
            *digest = Sha256::digest(self.face.joined(&there)?).into();
        }
        Ok(digests)
    }

    /// Signs EF 0002.
    pub(crate) fn sign(&mut self, by: &Signer) -> Result<(), MakeError> {
        let signature = by.content(&block_content(&self.digests()?.concat()))?;
        self.face.set(SIGNATURE, signature)
    }

    /// Signs EF 0001 and 0005.
    pub(crate) fn sign_others(&mut self, by: &Signer) -> Result<(), MakeError> {
        for (file, tag) in [(&mut self.age, AGE_SIGNATURE), (&mut self.number, NUMBER_SIGNATURE)] {
            let signature = by.message(&file.before(tag)?)?;
            file.set(tag, signature)?;
        }
        Ok(())
    }

    /// EF 0002 with its table of offsets.
    pub(crate) fn card_face(&self) -> Result<Vec<u8>, MakeError> {
        self.face.with_table(&OBJECTS)
    }

    /// The card with these files.
    pub(crate) fn put(self, card: &IssuedCard) -> Result<IssuedCard, MakeError> {
        let face = self.card_face()?;
        self.put_with(card, face)
    }

    /// The card with these files, and other bytes in EF 0002.
    pub(crate) fn put_with(self, card: &IssuedCard, face: Vec<u8>) -> Result<IssuedCard, MakeError> {
        let mut card = card.clone();
        let data = &mut contents(&mut card)?.data;
        data.age_record = self.age.file(0xFF10)?.into();
        data.card_face = face.into();
        data.certificate = self.certificate.into();
        data.my_number_picture = self.number.file(0xFF40)?.into();
        Ok(card)
    }
}

/// A `DigestInfo` that names SHA-256 and holds these digests, at most three.
pub(crate) fn block_content(digests: &[u8]) -> Vec<u8> {
    const ALGORITHM: [u8; 15] = [
        0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    ];
    let length = u8::try_from(digests.len()).unwrap_or_default();
    [&[0x30, length + 17][..], &ALGORITHM, &[0x04, length], digests].concat()
}

/// The application of a card.
pub(crate) fn contents(card: &mut IssuedCard) -> Result<&mut Contents, MakeError> {
    card.face_info.as_mut().ok_or(NONE)
}

const NONE: MakeError = MakeError::Form("a card has a face-info application");
