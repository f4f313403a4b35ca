//! Keys as they are declared: private keys of the card, public keys of hosts, and public keys with which it checks
//! certificates. Private keys are never shown, and zeroed when dropped.

use core::fmt;
use core::str::FromStr;

use p256::pkcs8::{AlgorithmIdentifierRef, AssociatedOid, PrivateKeyInfo, SubjectPublicKeyInfoRef};
use rsa::pkcs1;
use zeroize::Zeroizing;

/// The kind and size of a key pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyAlgorithm {
    /// RSA with a modulus of 2,048 bits.
    Rsa2048,
    /// RSA with a modulus of 3,072 bits.
    Rsa3072,
    /// ECDSA on NIST's curve P-256.
    P256,
    /// ECDSA on NIST's curve P-384.
    P384,
}

impl KeyAlgorithm {
    /// All of them, for exhaustive tests and tables.
    pub const ALL: [Self; 4] = [Self::Rsa2048, Self::Rsa3072, Self::P256, Self::P384];

    /// Whether its signatures are those of ECDSA.
    #[must_use]
    pub const fn is_ecdsa(self) -> bool {
        matches!(self, Self::P256 | Self::P384)
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsa2048 => "RSA-2048",
            Self::Rsa3072 => "RSA-3072",
            Self::P256 => "P-256",
            Self::P384 => "P-384",
        })
    }
}

/// A word that names no [`KeyAlgorithm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is none of RSA-2048, RSA-3072, P-256 and P-384")]
pub struct UnknownAlgorithm;

impl FromStr for KeyAlgorithm {
    type Err = UnknownAlgorithm;

    fn from_str(word: &str) -> Result<Self, UnknownAlgorithm> {
        let named = |algorithm: &Self| algorithm.to_string() == word;
        Self::ALL.into_iter().find(named).ok_or(UnknownAlgorithm)
    }
}

/// A private key as PKCS#8 DER: RSA, or EC on P-256 or P-384.
#[derive(Clone)]
pub struct PrivateKey(Zeroizing<Vec<u8>>);

impl PrivateKey {
    /// The key with this PKCS#8 DER (`PrivateKeyInfo`); an engine parses it at first use.
    pub fn from_pkcs8_der(der: &[u8]) -> Self {
        Self(Zeroizing::new(der.to_vec()))
    }

    /// Its algorithm; `None` for bytes that are no key, and for another one than the four.
    pub fn algorithm(&self) -> Option<KeyAlgorithm> {
        let info = PrivateKeyInfo::try_from(self.as_pkcs8_der()).ok()?;
        algorithm(info.algorithm, || {
            let key = pkcs1::RsaPrivateKey::try_from(info.private_key).ok()?;
            Some(bits(key.modulus.as_bytes()))
        })
    }

    /// The PKCS#8 DER, for an engine or a store. Never for a log.
    pub fn as_pkcs8_der(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("private key")
    }
}

/// A public key as `SubjectPublicKeyInfo` DER: RSA, or EC on P-256 or P-384.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(Vec<u8>);

impl PublicKey {
    /// The key with this DER; a card checks it when it is made.
    pub fn from_spki_der(der: &[u8]) -> Self {
        Self(der.to_vec())
    }

    /// Its algorithm; `None` for bytes that are no key, and for another one than the four.
    pub fn algorithm(&self) -> Option<KeyAlgorithm> {
        let info = SubjectPublicKeyInfoRef::try_from(self.as_spki_der()).ok()?;
        algorithm(info.algorithm, || {
            let key = pkcs1::RsaPublicKey::try_from(info.subject_public_key.as_bytes()?).ok()?;
            Some(bits(key.modulus.as_bytes()))
        })
    }

    /// The DER.
    pub fn as_spki_der(&self) -> &[u8] {
        &self.0
    }
}

/// The algorithm with this identifier; `modulus` returns the bits of an RSA modulus.
fn algorithm(id: AlgorithmIdentifierRef<'_>, modulus: impl FnOnce() -> Option<usize>) -> Option<KeyAlgorithm> {
    match id.oid {
        pkcs1::ALGORITHM_OID => match modulus()? {
            2048 => Some(KeyAlgorithm::Rsa2048),
            3072 => Some(KeyAlgorithm::Rsa3072),
            _ => None,
        },
        p256::elliptic_curve::ALGORITHM_OID => match id.parameters_oid().ok()? {
            p256::NistP256::OID => Some(KeyAlgorithm::P256),
            p384::NistP384::OID => Some(KeyAlgorithm::P384),
            _ => None,
        },
        _ => None,
    }
}

/// The bits of a big-endian number without zeros in front.
fn bits(number: &[u8]) -> usize {
    let unused = number.first().map_or(0, |first| first.leading_zeros());
    8 * number.len() - unused as usize
}

/// The public key of a certification authority for card-verifiable certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateKey {
    /// The key identifier (証明者鍵ID) by which a certificate names it.
    pub key_id: [u8; 16],
    /// RSA modulus, big-endian.
    pub modulus: Vec<u8>,
    /// RSA public exponent, big-endian.
    pub exponent: Vec<u8>,
}
