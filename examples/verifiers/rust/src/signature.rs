//! RSA signatures: the block that the signer padded is made anew and compared whole (RFC 8017, 8.2.2).

use der::{Decode, Reader, SliceReader};
use rsa::signature::Verifier;
use rsa::{BigUint, RsaPublicKey, pss};
use sha2::{Digest, Sha256};

use crate::steps::{Refusal, Steps};

/// DER of a `DigestInfo` of SHA-256 up to the digest.
pub(crate) const SHA256: &[u8] = &[
    0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
];
/// Likewise of SHA-1, which is refused.
pub(crate) const SHA1: &[u8] = &[
    0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14,
];
/// Likewise of SHA-512, which no certificate here is signed with.
pub(crate) const SHA512: &[u8] = &[
    0x30, 0x51, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40,
];

/// An RSA key.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key {
    n: BigUint,
    e: BigUint,
}

impl Key {
    /// From `90 03 exponent, 91 82 0100 modulus`, as municipalities and chips have it.
    pub(crate) fn of_card(bytes: &[u8]) -> Result<Self, Refusal> {
        match bytes.strip_prefix(&[0x90, 0x03, 0x01, 0x00, 0x01, 0x91, 0x82, 0x01, 0x00]) {
            Some(modulus) if modulus.len() == 256 => Ok(Self {
                n: BigUint::from_bytes_be(modulus),
                e: 65_537_u32.into(),
            }),
            _ => Err(Refusal::form("a key of another form")),
        }
    }

    /// From the DER of RFC 8017's `RSAPublicKey`.
    pub(crate) fn of_der(bytes: &[u8]) -> Result<Self, Refusal> {
        let key = rsa::pkcs1::RsaPublicKey::try_from(bytes).map_err(Refusal::form)?;
        let number = |bytes| BigUint::from_bytes_be(bytes);
        Ok(Self {
            n: number(key.modulus.as_bytes()),
            e: number(key.public_exponent.as_bytes()),
        })
    }

    /// At least 2048 bits, and 65537 as the exponent.
    pub(crate) fn is_good(&self) -> bool {
        self.n.bits() >= 2048 && self.e == 65_537_u32.into()
    }

    /// The block within a signature, as long as the modulus.
    pub(crate) fn block(&self, steps: &Steps, signature: &[u8]) -> Result<Vec<u8>, Refusal> {
        let length = self.n.bits().div_ceil(8);
        let value = BigUint::from_bytes_be(signature);
        let right = signature.len() == length && value < self.n;
        steps.check(
            "A12",
            right,
            "the signature's value is too long, or not below the modulus",
        )?;
        let block = value.modpow(&self.e, &self.n).to_bytes_be();
        Ok([vec![0; length.saturating_sub(block.len())], block].concat())
    }

    /// Whether `signature` is that of `message` by PKCS#1 v1.5 with SHA-256, and nothing else.
    pub(crate) fn has_signed(&self, steps: &Steps, message: &[u8], signature: &[u8]) -> Result<bool, Refusal> {
        let block = self.block(steps, signature)?;
        Ok(block == padded(block.len(), &sha256_info(message)))
    }

    /// The same with another hash function, for a verifier that takes it.
    pub(crate) fn has_signed_by<D: Digest>(
        &self,
        steps: &Steps,
        prefix: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, Refusal> {
        let block = self.block(steps, signature)?;
        Ok(block == padded(block.len(), &[prefix, &D::digest(message)].concat()))
    }

    /// Whether `signature` is an answer to `challenge`: PKCS#1 v1.5 with a DigestInfo of SHA-256. Other forms only pass a
    /// verifier that leaves a check out.
    pub(crate) fn has_answered(&self, steps: &Steps, challenge: &[u8], signature: &[u8]) -> Result<bool, Refusal> {
        let block = self.block(steps, signature)?;
        let (digest, info) = (Sha256::digest(challenge), sha256_info(challenge));
        let whole = padded(block.len(), &info);
        let bare = || block == padded(block.len(), &digest);
        let end = |tail: &[u8]| block.ends_with(&[&[0x00], tail].concat());
        Ok(block == whole
            || steps.lack("A04") && recovered(&block).is_some_and(|info| info.starts_with(SHA256) && info.len() == 51)
            || steps.lack("A06") && bare()
            || steps.lack("A07") && self.has_signed_pss(challenge, signature)
            || steps.lack("A08") && recovered(&block).is_some_and(|content| content.starts_with(&info))
            || steps.lack("A09") && recovered(&block).is_some_and(|info| digest_within(info) == Some(&*digest))
            || steps.lack("A10") && end(&info))
    }

    fn has_signed_pss(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = RsaPublicKey::new(self.n.clone(), self.e.clone());
        let signature = pss::Signature::try_from(signature);
        let (Ok(key), Ok(signature)) = (key, signature) else {
            return false;
        };
        pss::VerifyingKey::<Sha256>::new(key)
            .verify(message, &signature)
            .is_ok()
    }
}

/// The `DigestInfo` of a message.
pub(crate) fn sha256_info(message: &[u8]) -> Vec<u8> {
    [SHA256, &Sha256::digest(message)].concat()
}

/// The block of a content: 00 01 FF … FF 00 and the content.
pub(crate) fn padded(length: usize, content: &[u8]) -> Vec<u8> {
    let fill = length.saturating_sub(content.len() + 3);
    [&[0x00, 0x01], &*vec![0xFF; fill], &[0x00], content].concat()
}

/// What is behind the fill of a block: how a verifier begins that parses blocks instead of comparing them.
fn recovered(block: &[u8]) -> Option<&[u8]> {
    let rest = block.strip_prefix(&[0x00, 0x01])?;
    let fill = rest.iter().take_while(|byte| **byte == 0xFF).count();
    rest[fill..].strip_prefix(&[0x00])
}

/// The digest in a `DigestInfo` whose algorithm begins as that of SHA-256.
fn digest_within(info: &[u8]) -> Option<&[u8]> {
    let outer = der::AnyRef::from_der(info).ok()?;
    let mut reader = SliceReader::new(outer.value()).ok()?;
    let algorithm: der::asn1::AnyRef<'_> = reader.decode().ok()?;
    let digest: der::asn1::OctetStringRef<'_> = reader.decode().ok()?;
    algorithm
        .value()
        .starts_with(&SHA256[4..15])
        .then_some(digest.as_bytes())
}
