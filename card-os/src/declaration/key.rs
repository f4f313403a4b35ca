//! Keys as they are declared: private keys of the card, public keys of hosts, and public keys with which it checks
//! certificates. Private keys are never shown, and zeroed when dropped.

use core::fmt;
use core::str::FromStr;

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

    /// The DER.
    pub fn as_spki_der(&self) -> &[u8] {
        &self.0
    }
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
