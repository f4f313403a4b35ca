//! Keys as they are declared: private keys of the card, and public keys with which it checks certificates. Key material
//! is never shown, and zeroed when dropped.

use core::fmt;

use zeroize::Zeroizing;

/// An RSA private key as PKCS#8 DER.
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
