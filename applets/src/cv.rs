//! Card-verifiable certificates (CV certificates) and the key ids in them.
//!
//! A CV certificate binds an RSA-2048 public key to a [`KeyId`] and is signed by the key of another [`KeyId`]. There is
//! one fixed layout (`measured`: EF 0004 of the input-assist and face-info applications, GET DATA 00F8 and 7F21 of a test
//! card), so this is a matter of fixed offsets, not of TLV parsing:
//!
//! ```text
//! body (297 bytes)   issuer KeyId (16) | subject KeyId (16) | 90 03 010001 | 91 82 0100 modulus (256)
//! signature (256)    RSASSA-PKCS1-v1_5 with SHA-256 over the body
//! file form (568)    7F21 82 0233 { 5F4E 82 0129 body, 5F37 82 0100 signature }
//! object form (575)  4D 0A { 42 10, 5F20 10, 5F49 82 0109 }, 5F4E 82 0129 body, 5F37 82 0100 signature
//! ```
//!
//! Key ids made here must never be ones of real cards or of the issuer's test hierarchy: see [`KeyId::is_reserved`].

use std::fmt;

use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::signature::Verifier;
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, RsaPublicKey};
use sha2::Sha256;

use crate::person::MunicipalityCode;

/// The length of every RSA modulus on the card, in bits.
pub const MODULUS_BITS: usize = 2048;
/// The length of a modulus, a signature and a cryptogram, in bytes.
pub const MODULUS_BYTES: usize = MODULUS_BITS / 8;
/// The public exponent of every key.
pub const PUBLIC_EXPONENT: u32 = 65_537;

const BODY: usize = 297;
/// Both the body's and the signature's tag and length take this many bytes.
const HEADER: usize = 5;
const BODY_HEADER: [u8; HEADER] = [0x5F, 0x4E, 0x82, 0x01, 0x29];
const SIGNATURE_HEADER: [u8; HEADER] = [0x5F, 0x37, 0x82, 0x01, 0x00];
/// Template CV certificate, 563 bytes follow.
const FILE_HEADER: [u8; 5] = [0x7F, 0x21, 0x82, 0x02, 0x33];
/// The extended header list that says what is signed: issuer (42), subject (5F20), public key (5F49).
const OBJECT_HEADER: [u8; 12] = [0x4D, 0x0A, 0x42, 0x10, 0x5F, 0x20, 0x10, 0x5F, 0x49, 0x82, 0x01, 0x09];
const EXPONENT: [u8; 5] = [0x90, 0x03, 0x01, 0x00, 0x01];
const MODULUS_HEADER: [u8; 4] = [0x91, 0x82, 0x01, 0x00];
/// The length of [`encode_public_key`]'s result: exponent object, modulus object.
pub const PUBLIC_KEY_BYTES: usize = EXPONENT.len() + MODULUS_HEADER.len() + MODULUS_BYTES;

/// Why a key id or a CV certificate can't be made, read or verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CvError {
    /// An argument breaks the rule that the text states.
    #[error("{0}")]
    Input(&'static str),
    /// The bytes are not a CV certificate or part of one: the rule that they break.
    #[error("{0}")]
    Layout(&'static str),
    /// The certificate's signature is not the issuer's.
    #[error("the signature is not the issuer's")]
    Signature,
    /// The RSA library refused the key.
    #[error("RSA: {0}")]
    Rsa(#[source] rsa::Error),
}

impl CvError {
    /// The rule that is broken; `None` for an error of the RSA library.
    #[must_use]
    pub const fn rule(&self) -> Option<&'static str> {
        match self {
            Self::Input(rule) | Self::Layout(rule) => Some(rule),
            Self::Signature => Some("the signature is not the issuer's"),
            Self::Rsa(_) => None,
        }
    }
}

impl From<rsa::Error> for CvError {
    fn from(error: rsa::Error) -> Self {
        Self::Rsa(error)
    }
}

/// Refuses a public key that no certificate of the card can carry.
///
/// # Errors
/// [`CvError::Input`] when it is not RSA-2048 with e = 65537.
pub fn check_public_key(key: &RsaPublicKey) -> Result<(), CvError> {
    if key.n().bits() != MODULUS_BITS || *key.e() != PUBLIC_EXPONENT.into() {
        return Err(CvError::Input("a card's keys are RSA with 2048 bits and e = 65537"));
    }
    Ok(())
}

/// The name of a key: 7 ASCII digits, `08 05`, 3 ASCII digits (generation), 4 bytes.
///
/// The four last bytes are zero on most keys; on the chain of the card manager the last one is A8, 98 or 40. What they
/// mean is not published.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; 16]);

impl KeyId {
    /// Length in bytes.
    pub const LENGTH: usize = 16;
    const SEPARATOR: [u8; 2] = [0x08, 0x05];

    /// Puts an id together. `number` is below 10,000,000 and `generation` below 1,000.
    ///
    /// # Errors
    /// [`CvError::Input`] when one of them is larger.
    pub fn new(number: u32, generation: u16, last_byte: u8) -> Result<Self, CvError> {
        if number > 9_999_999 || generation > 999 {
            return Err(CvError::Input("a key id has seven digits and a generation of three"));
        }
        let mut id = [0; 16];
        id[..7].copy_from_slice(format!("{number:07}").as_bytes());
        id[7..9].copy_from_slice(&Self::SEPARATOR);
        id[9..12].copy_from_slice(format!("{generation:03}").as_bytes());
        id[15] = last_byte;
        Ok(Self(id))
    }

    /// Reads the 16 bytes of an id.
    ///
    /// # Errors
    /// [`CvError::Layout`] when the length, the separator or a digit is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CvError> {
        let id: [u8; 16] = bytes.try_into().map_err(|_| CvError::Layout("a key id has 16 bytes"))?;
        let digits = id[..7].iter().chain(&id[9..12]);
        if id[7..9] != Self::SEPARATOR || !digits.copied().all(|byte| byte.is_ascii_digit()) {
            return Err(CvError::Layout("a key id is 7 digits, 08 05, 3 digits, 4 bytes"));
        }
        Ok(Self(id))
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Whether the number may belong to a real card's or the issuer's test hierarchy.
    ///
    /// Seen: 50000nn (production), 60000nn (test), 59000nn, 92nnnnn (published terminal intermediate), 00000nn (card keys),
    /// and numbers that begin with a municipality code (01 to 47). Numbers that begin with 7 were seen nowhere: all of
    /// ours do.
    #[must_use]
    pub const fn is_reserved(&self) -> bool {
        self.0[0] != b'7'
    }

    /// The root of the specimen hierarchy (the counterpart of 6000020).
    ///
    /// # Errors
    /// [`CvError::Input`] for a generation above 999.
    pub fn root(generation: u16) -> Result<Self, CvError> {
        Self::new(7_000_020, generation, 0xA8)
    }

    /// A municipality's intermediate: 7, its five digits, 0. (The test card has its five digits and 30.)
    ///
    /// # Errors
    /// [`CvError::Input`] for a generation above 999.
    pub fn intermediate(municipality: MunicipalityCode, generation: u16) -> Result<Self, CvError> {
        Self::new(7_000_000 + municipality.number() * 10, generation, 0x98)
    }

    /// A card's own key: 79 and a running number below 100,000, which no municipality reaches (47 is the last prefecture).
    ///
    /// # Errors
    /// [`CvError::Input`] for a running number or generation that does not fit.
    pub fn card(running: u32, generation: u16) -> Result<Self, CvError> {
        if running > 99_999 {
            return Err(CvError::Input("a card's running number has five digits"));
        }
        Self::new(7_900_000 + running, generation, 0x40)
    }

    /// A key of the terminal hierarchy (PIN-less path, `80 A2`): 78 and a role below 100,000. Role 0 is the authority.
    ///
    /// # Errors
    /// [`CvError::Input`] for a role or generation that does not fit.
    pub fn terminal(role: u32, generation: u16) -> Result<Self, CvError> {
        if role > 99_999 {
            return Err(CvError::Input("a terminal role has five digits"));
        }
        Self::new(7_800_000 + role, generation, 0)
    }
}

impl fmt::Display for KeyId {
    /// `nnnnnnn/ggg`, and the last four bytes in hexadecimal when they are not zero.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
        write!(f, "{}/{}", digits(&self.0[..7]), digits(&self.0[9..12]))?;
        if self.0[12..] != [0; 4] {
            self.0[12..]
                .iter()
                .try_fold(f.write_str("/")?, |(), byte| write!(f, "{byte:02X}"))?;
        }
        Ok(())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A public key as CV certificates carry it: `90 03 010001`, `91 82 0100` modulus; 265 bytes.
///
/// # Errors
/// [`CvError::Input`] when the key is not RSA-2048 with e = 65537.
pub fn encode_public_key(key: &RsaPublicKey) -> Result<[u8; PUBLIC_KEY_BYTES], CvError> {
    check_public_key(key)?;
    let mut encoded = [0; PUBLIC_KEY_BYTES];
    encoded[..5].copy_from_slice(&EXPONENT);
    encoded[5..9].copy_from_slice(&MODULUS_HEADER);
    encoded[9..].copy_from_slice(&key.n().to_bytes_be());
    Ok(encoded)
}

/// Reads what [`encode_public_key`] writes.
///
/// # Errors
/// [`CvError::Layout`] for another layout; [`CvError::Rsa`] for a modulus the library refuses.
pub fn decode_public_key(encoded: &[u8]) -> Result<RsaPublicKey, CvError> {
    let fault = CvError::Layout("a public key is 90 03 010001, 91 82 0100 and a modulus of 2048 bits");
    let Some(modulus) = encoded
        .strip_prefix(&EXPONENT)
        .and_then(|rest| rest.strip_prefix(&MODULUS_HEADER))
    else {
        return Err(fault);
    };
    if modulus.len() != MODULUS_BYTES || modulus[0] & 0x80 == 0 {
        return Err(fault);
    }
    Ok(RsaPublicKey::new(
        BigUint::from_bytes_be(modulus),
        PUBLIC_EXPONENT.into(),
    )?)
}

/// A CV certificate of any hierarchy, in no particular outer form.
#[derive(Clone, PartialEq, Eq)]
pub struct CvCertificate {
    issuer: KeyId,
    subject: KeyId,
    body: [u8; BODY],
    signature: [u8; MODULUS_BYTES],
}

impl CvCertificate {
    /// From a body of 297 bytes and a signature of 256. The signature is *not* verified.
    ///
    /// # Errors
    /// [`CvError::Layout`] for a wrong length or layout; [`CvError::Rsa`] for an impossible key.
    pub fn from_parts(body: &[u8], signature: &[u8]) -> Result<Self, CvError> {
        let body: [u8; BODY] = body.try_into().map_err(|_| CvError::Layout("a body has 297 bytes"))?;
        let signature = signature
            .try_into()
            .map_err(|_| CvError::Layout("a signature has 256 bytes"))?;
        decode_public_key(&body[32..])?;
        let (issuer, subject) = (KeyId::from_bytes(&body[..16])?, KeyId::from_bytes(&body[16..32])?);
        Ok(Self {
            issuer,
            subject,
            body,
            signature,
        })
    }

    /// Reads the form in elementary files: exactly 568 bytes.
    ///
    /// # Errors
    /// As [`CvCertificate::from_parts`].
    pub fn from_file(file: &[u8]) -> Result<Self, CvError> {
        let inner = file.strip_prefix(&FILE_HEADER);
        Self::from_inner(inner.ok_or(CvError::Layout("the file form begins with 7F21 82 0233"))?)
    }

    /// Reads the form in GET DATA objects: exactly 575 bytes.
    ///
    /// # Errors
    /// As [`CvCertificate::from_parts`].
    pub fn from_object(object: &[u8]) -> Result<Self, CvError> {
        let inner = object.strip_prefix(&OBJECT_HEADER);
        Self::from_inner(inner.ok_or(CvError::Layout("the object form begins with its header list"))?)
    }

    fn from_inner(inner: &[u8]) -> Result<Self, CvError> {
        let body_and_rest = inner
            .strip_prefix(&BODY_HEADER)
            .and_then(|rest| rest.split_at_checked(BODY));
        let (body, rest) = body_and_rest.ok_or(CvError::Layout("the body is 5F4E 82 0129"))?;
        let signature = rest.strip_prefix(&SIGNATURE_HEADER);
        Self::from_parts(body, signature.ok_or(CvError::Layout("the signature is 5F37 82 0100"))?)
    }

    /// The key that signed.
    #[must_use]
    pub const fn issuer(&self) -> KeyId {
        self.issuer
    }

    /// The key that is certified.
    #[must_use]
    pub const fn subject(&self) -> KeyId {
        self.subject
    }

    /// The certified public key.
    ///
    /// # Errors
    /// None in practice: the key was read once when the certificate was made.
    pub fn public_key(&self) -> Result<RsaPublicKey, CvError> {
        decode_public_key(&self.body[32..])
    }

    /// Checks the signature with the issuer's public key.
    ///
    /// # Errors
    /// [`CvError::Signature`] when it does not verify.
    pub fn verify(&self, issuer_key: &RsaPublicKey) -> Result<(), CvError> {
        Signature::try_from(&self.signature[..])
            .and_then(|signature| VerifyingKey::<Sha256>::new(issuer_key.clone()).verify(&self.body, &signature))
            .map_err(|_| CvError::Signature)
    }

    /// The form in elementary files, 568 bytes.
    #[must_use]
    pub fn to_file(&self) -> Vec<u8> {
        [
            &FILE_HEADER[..],
            &BODY_HEADER,
            &self.body,
            &SIGNATURE_HEADER,
            &self.signature,
        ]
        .concat()
    }

    /// The form in GET DATA objects, 575 bytes.
    #[must_use]
    pub fn to_object(&self) -> Vec<u8> {
        [
            &OBJECT_HEADER[..],
            &BODY_HEADER,
            &self.body,
            &SIGNATURE_HEADER,
            &self.signature,
        ]
        .concat()
    }

    /// The data fields of the two commands that present this certificate to the card: of `80 A2 06 C1` the file form up to
    /// the end of the body (307 bytes), and of `80 A2 00 C1` the rest (261 bytes).
    #[must_use]
    pub fn to_command_data(&self) -> (Vec<u8>, Vec<u8>) {
        let mut first = self.to_file();
        let second = first.split_off(FILE_HEADER.len() + HEADER + BODY);
        (first, second)
    }
}

impl fmt::Debug for CvCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CvCertificate({} by {})", self.subject, self.issuer)
    }
}

#[cfg(test)]
mod tests;
