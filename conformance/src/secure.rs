//! The host's side of secure messaging (券面事項入力補助AP): delivery of a session key, and what is sealed with it.
//!
//! Written from the published description (myna-card): AES-128-CBC, the initial vector the encrypted number of the secured
//! command, beginning at 1; ISO padding; no integrity. Must never show a key.

use std::fmt;
use std::str::FromStr;

use aes::Aes128;
use aes::cipher::block_padding::{Iso7816, NoPadding};
use aes::cipher::{BlockDecryptMut, BlockEncrypt, BlockEncryptMut, KeyInit, KeyIvInit};
use rand_core::CryptoRngCore;
use rsa::{Oaep, RsaPublicKey};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::keys::public_key;

/// Tag of the padding indicator and the cryptogram, and the one padding indicator.
const HEAD: u8 = 0x86;
const ISO_PADDING: u8 = 0x01;

/// A secure session.
#[derive(Clone)]
pub(crate) struct Session {
    key: Zeroizing<[u8; 16]>,
    number: u128,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "secure session at command {}", self.number)
    }
}

impl Session {
    fn vector(&self) -> [u8; 16] {
        let mut block = self.number.to_be_bytes().into();
        Aes128::new((&*self.key).into()).encrypt_block(&mut block);
        block.into()
    }

    /// `86 L 01 cryptogram`; with `long` L takes two bytes where one would do.
    pub(crate) fn seal(&self, plain: &[u8], long: bool) -> Vec<u8> {
        object(&self.encryptor().encrypt_padded_vec_mut::<Iso7816>(plain), long)
    }

    /// A block of zeros, which ends with no padding. Bytes that were not sealed would have one with some keys.
    pub(crate) fn seal_unpadded(&self) -> Vec<u8> {
        object(&self.encryptor().encrypt_padded_vec_mut::<NoPadding>(&[0; 16]), false)
    }

    fn encryptor(&self) -> cbc::Encryptor<Aes128> {
        cbc::Encryptor::new((&*self.key).into(), &self.vector().into())
    }

    /// The same under the number of a later command, of which the right number makes no right padding by chance.
    pub(crate) fn seal_ahead(&self, plain: &[u8]) -> Vec<u8> {
        let mut later = self.clone();
        loop {
            later.count();
            let object = later.seal(plain, false);
            if self.open(&object).is_none() {
                return object;
            }
        }
    }

    /// What is in `86 L 01 cryptogram`; `None` for anything else.
    pub(crate) fn open(&self, object: &[u8]) -> Option<Vec<u8>> {
        let (tag, value, rest) = crate::pattern::read_tlv(object)?;
        let (padding, cryptogram) = value.split_first()?;
        if (tag, *padding) != (u32::from(HEAD), ISO_PADDING) || !rest.is_empty() {
            return None;
        }
        let decryptor = cbc::Decryptor::<Aes128>::new((&*self.key).into(), &self.vector().into());
        decryptor.decrypt_padded_vec_mut::<Iso7816>(cryptogram).ok()
    }

    /// A secured command has been sent: the next one has the next number.
    pub(crate) fn count(&mut self) {
        self.number += 1;
    }
}

/// `86 L 01 cryptogram`; with `long` L takes two bytes where one would do.
fn object(cryptogram: &[u8], long: bool) -> Vec<u8> {
    let length = cryptogram.len() + 1;
    let mut object = vec![HEAD];
    match u8::try_from(length) {
        Ok(length) if length < 0x80 && !long => object.push(length),
        Ok(length) => object.extend([0x81, length]),
        Err(_) => {
            object.push(0x82);
            object.extend((length as u16).to_be_bytes());
        }
    }
    object.push(ISO_PADDING);
    object.extend(cryptogram);
    object
}

/// What SET SESSION KEY is to carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// `A0 22 { 80 20 seed }`, as it should be.
    Right,
    /// The seed under tag 81.
    OtherTag,
    /// A number greater than any modulus.
    TooLarge,
}

impl FromStr for Delivery {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "" => Ok(Self::Right),
            "tag-81" => Ok(Self::OtherTag),
            "too-large" => Ok(Self::TooLarge),
            _ => Err(format!("there is no {{session-key:{word}}}")),
        }
    }
}

impl Delivery {
    /// The block to send, and the session it opens if the card takes it.
    pub(crate) fn make(
        self,
        key: &[u8],
        mut rng: &mut dyn CryptoRngCore,
    ) -> Result<(Vec<u8>, Option<Session>), String> {
        if self == Self::TooLarge {
            return Ok((vec![0xFF; 256], None));
        }
        let key: RsaPublicKey = public_key(key)?;
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *seed);
        let tag = if self == Self::Right { 0x80 } else { 0x81 };
        let plain = Zeroizing::new([&[0xA0, 0x22, tag, 0x20][..], &seed[..]].concat());
        let block = key
            .encrypt(&mut rng, Oaep::new::<Sha256>(), &plain)
            .map_err(|error| format!("the session key can't be encrypted: {error}"))?;
        let mut half = Zeroizing::new([0; 16]);
        half.copy_from_slice(seed.get(..16).unwrap_or_default());
        Ok((block, (self == Self::Right).then_some(Session { key: half, number: 1 })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_have_no_right_padding_has_none_under_any_key() {
        for seed in 0..2000_u128 {
            let session = Session {
                key: Zeroizing::new(seed.to_be_bytes()),
                number: 1,
            };
            assert_eq!(session.open(&session.seal_unpadded()), None);
            assert_eq!(session.open(&session.seal_ahead(&[0])), None);
            assert_eq!(session.open(&session.seal(&[0], true)), Some(vec![0]));
        }
    }
}
