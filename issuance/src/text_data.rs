//! The files of the input-assist application (券面事項入力補助AP): the My Number and the four attributes as text, the
//! issuer's signatures over them, and the public keys that belong to them.
//!
//! Forms and sizes are those of a published test card (`measured`: its EF 0001 to 0007, in myna-card). The chain behind
//! the signatures is like the test card's: a root certifies the municipality's data-signing key (EF 0004), and that key
//! signs EF 0003 and 0007. Everything is a function of its arguments, and PKCS#1 v1.5 signatures hold no randomness, so
//! the same person and keys give the same bytes. This module must never put text of a person into an error or a log.

use rsa::{RsaPrivateKey, RsaPublicKey};
use sha2::{Digest, Sha256};
use vmyna_applets::cv::{CvCertificate, CvError, KeyId, encode_public_key};
use vmyna_applets::input_assist::TextData;
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::person::{MunicipalityCode, MyNumber, Person};

use vmyna_card_os::tlv::Tlv;

use super::cv::CvAuthority;
use super::data_signer::DataSigner;
use super::{IssuanceError, LONGEST_FILE, object};

/// Specification version 01, extended Lc and Le (03), two bytes of the vendor: what every card seen has.
const IDENTIFICATION: [u8; 4] = [0x01, 0x03, 0x0E, 0x01];

/// The root above the data-signing keys of this application: the counterpart of the test hierarchy's 6000033.
///
/// # Errors
/// [`CvError::Input`] for a generation above 999.
pub fn root_id(generation: u16) -> Result<KeyId, CvError> {
    KeyId::new(7_000_033, generation, 0)
}

/// A municipality's data-signing key: 7, its five digits, 3, generation 0. (The test card has its five digits and 31,
/// and generation 0.)
///
/// # Errors
/// None in practice: every municipality's digits fit.
pub fn data_signing_id(municipality: MunicipalityCode) -> Result<KeyId, CvError> {
    KeyId::new(7_000_000 + municipality.number() * 10 + 3, 0, 0)
}

/// The key that EF 0005 names: the counterpart of 6000034. What it is for is not published; no key has this id.
fn basic_information_id() -> Result<KeyId, CvError> {
    KeyId::new(7_000_034, 1, 0)
}

/// A municipality's desk that signs the texts of its cards.
pub struct TextAuthority(DataSigner);

impl TextAuthority {
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

    /// Makes the files of one card. `authentication_key` is the public half of EF 0013, with which the card proves that
    /// it is present; `session_key` of the key to which a host encrypts a session key.
    ///
    /// # Errors
    /// [`IssuanceError::Input`] for a person that no card can carry ([`Person::check`]) or of another municipality, for a
    /// name so long that the file would be longer than a READ BINARY reaches, and for keys other than RSA-2048 with
    /// e = 65537.
    pub fn issue(
        &self,
        person: &Person,
        authentication_key: &RsaPublicKey,
        session_key: &RsaPublicKey,
    ) -> Result<TextData, IssuanceError> {
        self.0.check(person)?;
        let my_number = my_number_file(&person.my_number)?;
        let attributes = Attributes::of(person)?;
        let digests = [
            object(0xDF31, &Sha256::digest(&my_number))?,
            object(0xDF32, &Sha256::digest(attributes.fields.concat()))?,
        ];
        let signed_key = object(0xDF51, &encode_public_key(authentication_key)?)?;
        Ok(TextData {
            integrity: object(0xFF30, &self.0.signed(digests.concat(), 0xDF33)?)?.into(),
            signed_key: object(0xFF50, &self.0.signed(signed_key, 0xDF52)?)?.into(),
            my_number: my_number.into(),
            attributes: attributes.file()?.into(),
            certificate: self.0.certificate().to_file().into(),
            basic_information: basic_information()?.into(),
            session_key: object(0xA1, &encode_public_key(session_key)?)?.into(),
        })
    }
}

/// EF 0001. The digest in EF 0003 covers the filler too.
fn my_number_file(my_number: &MyNumber) -> Result<Vec<u8>, IssuanceError> {
    let mut file = object(0xFF10, my_number.digits())?;
    file.extend([0xFF, 0xFF]);
    Ok(file)
}

/// EF 0002 in parts: the digest in EF 0003 covers the fields without their offset table.
struct Attributes {
    /// DF22 to DF25, each a whole object.
    fields: [Vec<u8>; 4],
}

impl Attributes {
    fn of(person: &Person) -> Result<Self, IssuanceError> {
        Ok(Self {
            fields: [
                object(0xDF22, person.name.as_bytes())?,
                object(0xDF23, person.address.as_bytes())?,
                object(0xDF24, person.birth.digits().as_bytes())?,
                object(0xDF25, &[person.sex.iso5218_digit()])?,
            ],
        })
    }

    /// The file, with each field's offset from its beginning in DF21. The length of the file's own header depends on
    /// what follows it, and the offsets on that header.
    fn file(&self) -> Result<Vec<u8>, IssuanceError> {
        const TABLE: usize = 3 + 4 * 2;
        let after_header = TABLE + self.fields.iter().map(Vec::len).sum::<usize>();
        let header = if after_header < 0x80 { 3 } else { 5 };
        let too_long = IssuanceError::Input("name and address together fit into a file of 32,768 bytes");
        if header + after_header > LONGEST_FILE {
            return Err(too_long);
        }
        let mut offsets = Vec::with_capacity(8);
        let mut offset = header + TABLE;
        for field in &self.fields {
            offsets.extend((offset as u16).to_be_bytes());
            offset += field.len();
        }
        object(0xFF20, &[object(0xDF21, &offsets)?, self.fields.concat()].concat())
    }
}

/// EF 0005. What the 128 bytes of DF43 are is not published: 32 that differ between cards, then filler. Ours are a digest
/// of a sentence that names their origin (`assumed`).
fn basic_information() -> Result<Vec<u8>, IssuanceError> {
    let mut opaque = [0xFF; 128];
    opaque[..32].copy_from_slice(&Sha256::digest(b"vmyna virtual card for testing - not issued by J-LIS"));
    let objects = [
        object(0xDF41, &IDENTIFICATION)?,
        object(0xDF42, basic_information_id()?.as_bytes())?,
        object(0xDF43, &opaque)?,
    ];
    object(0xFF40, &objects.concat())
}

/// What is missing on a token that is no card.
pub(super) const NO_INPUT_ASSIST: IssuanceError = IssuanceError::Input("a card has an input-assist application");

/// Name and address in the input-assist application (EF 0002).
///
/// # Errors
/// [`IssuanceError::Input`] when the file is not of the form of these cards, or the token is a phone's.
pub fn name_and_address(card: &IssuedCard) -> Result<[String; 2], IssuanceError> {
    const NAME: u16 = 0xDF22;
    const ADDRESS: u16 = 0xDF23;
    let malformed = || IssuanceError::Input("the file with a card's texts has the form of these cards");
    let contents = card.input_assist.as_ref().ok_or(NO_INPUT_ASSIST)?;
    let (file, _) = Tlv::read(contents.data.attributes.as_bytes()).map_err(|_| malformed())?;
    let objects = Tlv::read_all(file.value).map_err(|_| malformed())?;
    let text = |tag| {
        let object = objects.iter().find(|object| object.tag == tag).ok_or_else(malformed)?;
        String::from_utf8(object.value.to_vec()).map_err(|_| malformed())
    };
    Ok([text(NAME)?, text(ADDRESS)?])
}

#[cfg(test)]
mod tests;
