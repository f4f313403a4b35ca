//! Hosts that EXTERNAL AUTHENTICATE lets in: public test keys, for cards that were declared with their public halves. They
//! protect nothing, and no real card has them.

use std::sync::LazyLock;

use p256::pkcs8::EncodePublicKey;
use rsa::RsaPrivateKey;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::signature::{SignatureEncoding, Signer};
use sha2::Sha256;

/// The key of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// RSA with a modulus of 2,048 bits.
    Rsa2048,
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
}

/// The private keys on curves: any number below the order would do.
const SCALAR: [u8; 48] = [0x42; 48];

impl Host {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rsa2048, Self::P256, Self::P384];

    /// Its name in vectors.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "rsa-2048",
            Self::P256 => "p-256",
            Self::P384 => "p-384",
        }
    }

    /// The public half, a `SubjectPublicKeyInfo` in DER.
    ///
    /// # Errors
    /// A sentence: the key is none, a fault of the build.
    pub fn public_key(self) -> Result<Vec<u8>, String> {
        let der = match self {
            Self::Rsa2048 => rsa_key()?.to_public_key().to_public_key_der(),
            Self::P256 => p256_key()?.verifying_key().to_public_key_der(),
            Self::P384 => p384_key()?.verifying_key().to_public_key_der(),
        };
        der.map(|der| der.as_bytes().to_vec())
            .map_err(|error| error.to_string())
    }

    /// The signature over a challenge: PKCS#1 v1.5 with SHA-256, or ECDSA in DER with SHA-256 or SHA-384.
    pub(crate) fn sign(self, challenge: &[u8]) -> Result<Vec<u8>, String> {
        Ok(match self {
            Self::Rsa2048 => SigningKey::<Sha256>::new(rsa_key()?).sign(challenge).to_vec(),
            Self::P256 => {
                let signature: p256::ecdsa::Signature = p256_key()?.sign(challenge);
                signature.to_der().as_bytes().to_vec()
            }
            Self::P384 => {
                let signature: p384::ecdsa::Signature = p384_key()?.sign(challenge);
                signature.to_der().as_bytes().to_vec()
            }
        })
    }
}

impl std::str::FromStr for Host {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let named = |host: &Self| host.name() == name;
        Self::ALL.into_iter().find(named).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("there is no host \"{name}\"; there are {names}")
        })
    }
}

fn rsa_key() -> Result<RsaPrivateKey, String> {
    // Reading it takes longer than a signature.
    static KEY: LazyLock<Result<RsaPrivateKey, String>> = LazyLock::new(|| {
        let pem = vmyna_test_vectors::conformance::HOST_RSA_2048;
        RsaPrivateKey::from_pkcs8_pem(pem).map_err(|error| error.to_string())
    });
    KEY.clone()
}

fn p256_key() -> Result<p256::ecdsa::SigningKey, String> {
    p256::ecdsa::SigningKey::from_slice(&SCALAR[..32]).map_err(|error| error.to_string())
}

fn p384_key() -> Result<p384::ecdsa::SigningKey, String> {
    p384::ecdsa::SigningKey::from_slice(&SCALAR).map_err(|error| error.to_string())
}
