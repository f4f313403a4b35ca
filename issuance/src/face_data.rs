//! The files of the face-info application (券面事項確認AP): birth date, sex, the pictures of the card's face, the issuer's
//! signatures over them, and the public key with which the card proves that it is present.
//!
//! Forms and sizes are those of a published test card (`measured`: its EF 0001 to 0005, in myna-card). The chain behind the
//! signatures is like the test card's: a root certifies the municipality's data-signing key (EF 0004), and that key signs
//! EF 0001, 0002 and 0005. Everything is a function of its arguments, and PKCS#1 v1.5 signatures hold no randomness, so the
//! same person and keys give the same bytes. This module must never put data of a person into an error or a log.

use rsa::{RsaPrivateKey, RsaPublicKey};
use sha2::{Digest, Sha256};
use vmyna_applets::calendar::Date;
use vmyna_applets::cv::{CvCertificate, CvError, KeyId, encode_public_key};
use vmyna_applets::face_info::FaceData;
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::person::{MunicipalityCode, Person};
use vmyna_card_os::declaration::Content;
use vmyna_card_os::tlv::Tlv;

use super::cv::CvAuthority;
use super::data_signer::DataSigner;
use super::pictures::Pictures;
use super::{IssuanceError, LONGEST_FILE, object};

/// Specification version 06, extended Lc and Le (03), two bytes of the vendor: what every card seen has.
const IDENTIFICATION: [u8; 4] = [0x06, 0x03, 0x0E, 0x01];

/// DER of a `DigestInfo` that names SHA-256 and holds 96 bytes, up to them.
const THREE_DIGESTS: [u8; 19] = [
    0x30, 0x71, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x60,
];

/// The root above the data-signing keys of this application: the counterpart of the test hierarchy's 6000023.
///
/// # Errors
/// [`CvError::Input`] for a generation above 999.
pub fn root_id(generation: u16) -> Result<KeyId, CvError> {
    KeyId::new(7_000_023, generation, 0)
}

/// A municipality's data-signing key: 7, its five digits, 2, generation 0. (The test card has its five digits and 21, and
/// generation 0.)
///
/// # Errors
/// None in practice: every municipality's digits fit.
pub fn data_signing_id(municipality: MunicipalityCode) -> Result<KeyId, CvError> {
    KeyId::new(7_000_000 + municipality.number() * 10 + 2, 0, 0)
}

/// A municipality's desk that signs the face data of its cards.
pub struct FaceAuthority(DataSigner);

impl FaceAuthority {
    /// Has the municipality's data-signing key certified by the root.
    ///
    /// # Errors
    /// [`IssuanceError::Input`] when the key is not RSA-2048 with e = 65537.
    pub fn establish(
        root: &CvAuthority,
        municipality: MunicipalityCode,
        key: RsaPrivateKey,
    ) -> Result<Self, IssuanceError> {
        DataSigner::certify(root, data_signing_id(municipality)?, municipality, key).map(Self)
    }

    /// The certificate that every card signed here carries in EF 0004.
    #[must_use]
    pub const fn certificate(&self) -> &CvCertificate {
        self.0.certificate()
    }

    /// Makes the files of one card. `authentication_key` is the public half of key 001A, with which the card proves that
    /// it is present: the same in EF 0001, 0002 and 0005.
    ///
    /// # Errors
    /// [`IssuanceError::Input`] for a person that no card can carry ([`Person::check`]) or of another municipality, for
    /// pictures that make a file longer than READ BINARY reaches (32,768 bytes), and for a key other than RSA-2048 with
    /// e = 65537.
    pub fn issue(
        &self,
        person: &Person,
        expiry: Date,
        pictures: &Pictures,
        authentication_key: &RsaPublicKey,
    ) -> Result<FaceData, IssuanceError> {
        self.0.check(person)?;
        let public_key = encode_public_key(authentication_key)?;
        let birth = person.birth.digits().into_bytes();
        let age = [object(0xDF11, &birth)?, object(0xDF12, &public_key)?].concat();
        let my_number = [
            object(0xDF41, pictures.my_number.png.as_bytes())?,
            object(0xDF42, &public_key)?,
        ]
        .concat();
        let holder = [
            object(0xDF22, &birth)?,
            object(0xDF23, &[person.sex.iso5218_digit()])?,
            object(0xDF24, &public_key)?,
        ];
        Ok(FaceData {
            age_record: file(0xFF10, &self.0.signed(age, 0xDF13)?)?,
            card_face: self.card_face(holder, expiry, pictures)?,
            basic_information: self.basic_information()?,
            certificate: self.0.certificate().to_file().into(),
            my_number_picture: file(0xFF40, &self.0.signed(my_number, 0xDF43)?)?,
        })
    }

    /// EF 0002. One signature over three digests, so that a program may check the cardholder's data, the texts or the photo
    /// alone; the expiry and the security code are not signed.
    fn card_face(&self, holder: [Vec<u8>; 3], expiry: Date, pictures: &Pictures) -> Result<Content, IssuanceError> {
        let texts = [
            object(0xDF25, pictures.name.png.as_bytes())?,
            object(0xDF26, pictures.address.png.as_bytes())?,
        ];
        // Without a photo the object is there and empty (`assumed`: the form of such cards is not published).
        let photo = object(0xDF27, pictures.photo.as_bytes())?;
        let digests = [&holder.concat(), &texts.concat(), &photo].map(Sha256::digest).concat();
        let digest_info = [&THREE_DIGESTS[..], &digests].concat();
        let signature = object(0xDF28, &self.0.sign_digest_info(&digest_info)?)?;
        let [birth, sex, key] = holder;
        let [name, address] = texts;
        let unsigned = [
            object(0xDF29, expiry.digits().as_bytes())?,
            object(0xDF2A, pictures.security_code.png.as_bytes())?,
        ];
        let [end, security_code] = unsigned;
        with_offsets(&[birth, sex, key, name, address, photo, signature, end, security_code])
    }

    /// EF 0003. Which keys the two ids name and what the 256 bytes are is not published; no key has these ids, and the
    /// bytes are digests of a sentence that names their origin (`assumed`).
    fn basic_information(&self) -> Result<Content, IssuanceError> {
        let mut opaque = KeyId::new(7_000_025, 1, 0)?.as_bytes().to_vec();
        for part in 0..8_u8 {
            let sentence = b"vmyna virtual card for testing - not issued by J-LIS";
            opaque.extend(Sha256::new().chain_update(sentence).chain_update([part]).finalize());
        }
        let objects = [
            object(0xDF31, &IDENTIFICATION)?,
            object(0xDF32, KeyId::new(7_000_024, 1, 0)?.as_bytes())?,
            object(0xDF33, &[0])?,
            object(0xDF34, self.0.municipality().digits())?,
            object(0xDF35, &opaque)?,
        ];
        file(0xFF30, &objects.concat())
    }
}

/// A whole file: one object.
fn file(tag: u16, value: &[u8]) -> Result<Content, IssuanceError> {
    let file = object(tag, value)?;
    if file.len() > LONGEST_FILE {
        return Err(TOO_LONG);
    }
    Ok(file.into())
}

const TOO_LONG: IssuanceError = IssuanceError::Input("the pictures of a card fit into files of 32,768 bytes");

/// EF 0002 of its nine objects, with each one's offset from the file's beginning before them in DF21.
fn with_offsets(objects: &[Vec<u8>; 9]) -> Result<Content, IssuanceError> {
    /// The file's own header (its length always takes two bytes: the signature alone is longer than 127) and DF21.
    const BEFORE: usize = 5 + 3 + 9 * 2;
    let length = BEFORE + objects.iter().map(Vec::len).sum::<usize>();
    if length > LONGEST_FILE {
        return Err(TOO_LONG);
    }
    let mut table = Vec::with_capacity(9 * 2);
    let mut offset = BEFORE;
    for object in objects {
        table.extend((offset as u16).to_be_bytes());
        offset += object.len();
    }
    file(0xFF20, &[object(0xDF21, &table)?, objects.concat()].concat())
}

/// What is missing on a token that is no card.
pub(super) const NO_FACE_INFO: IssuanceError = IssuanceError::Input("a card has a face-info application");

/// The photo on a card, a JP2 file; empty on a card without one.
///
/// # Errors
/// [`IssuanceError::Input`] when EF 0002 of the face-info application is not of the form of these cards, or the token is a
/// phone's.
pub fn photo(card: &IssuedCard) -> Result<Vec<u8>, IssuanceError> {
    const PHOTO: u16 = 0xDF27;
    let malformed = || IssuanceError::Input("the file with a card's face has the form of these cards");
    let contents = card.face_info.as_ref().ok_or(NO_FACE_INFO)?;
    let (file, _) = Tlv::read(contents.data.card_face.as_bytes()).map_err(|_| malformed())?;
    let objects = Tlv::read_all(file.value).map_err(|_| malformed())?;
    let photo = objects
        .iter()
        .find(|object| object.tag == PHOTO)
        .ok_or_else(malformed)?;
    Ok(photo.value.to_vec())
}

#[cfg(test)]
mod tests;
