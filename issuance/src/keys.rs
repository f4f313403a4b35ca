//! RSA key pairs of a card and of its issuers: reproducible, and stored as PKCS#8.
//!
//! Every key has its own random generator, seeded from the issuance seed and the key's label, so that neither the order
//! nor the threads in which keys are made change them. This module must never fetch randomness itself.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use rsa::rand_core::CryptoRngCore;
use rsa::{RsaPrivateKey, RsaPublicKey};
use sha2::{Digest, Sha256};
use vmyna_applets::cv::{MODULUS_BITS, check_public_key};
use vmyna_card_os::declaration::PrivateKey;
use zeroize::Zeroizing;

use super::IssuanceError;
use super::processors::on_all;

/// The issuance seed that a number means, for cards and authorities alike: SHA-256 over a prefix and the number.
#[must_use]
pub fn seed_of(number: u64) -> Zeroizing<[u8; 32]> {
    let digest = Sha256::new_with_prefix(b"vmyna seed").chain_update(number.to_be_bytes());
    Zeroizing::new(digest.finalize().into())
}

/// The 32-byte seed of the generator for the key called `label`: SHA-256 over the issuance seed and the label.
#[must_use]
pub fn seed_for(issuance_seed: &[u8; 32], label: &str) -> Zeroizing<[u8; 32]> {
    let digest = Sha256::new()
        .chain_update(issuance_seed)
        .chain_update(label.as_bytes())
        .finalize();
    Zeroizing::new(digest.into())
}

/// Makes an RSA-2048 key with e = 65537 from a generator of its own.
///
/// # Errors
/// [`IssuanceError::Rsa`] when the library finds no key.
pub fn generate(generator: &mut impl CryptoRngCore) -> Result<RsaPrivateKey, IssuanceError> {
    Ok(RsaPrivateKey::new(generator, MODULUS_BITS)?)
}

/// Makes the key called `label` from the issuance seed.
///
/// # Errors
/// [`IssuanceError::Rsa`] when the library finds no key.
pub fn derive(issuance_seed: &[u8; 32], label: &str) -> Result<RsaPrivateKey, IssuanceError> {
    generate(&mut ChaCha20Rng::from_seed(*seed_for(issuance_seed, label)))
}

/// Called after each key, from any thread: an error ends the making of keys.
pub type KeyMade<'f> = &'f (dyn Fn() -> Result<(), IssuanceError> + Sync);

/// Makes the keys with these labels on all processors; the result is in the order of the labels.
///
/// # Errors
/// As [`derive()`], or what `made` gives.
pub fn derive_all(
    issuance_seed: &[u8; 32],
    labels: &[String],
    made: KeyMade<'_>,
) -> Result<Vec<RsaPrivateKey>, IssuanceError> {
    let make = |label: &String| {
        let key = derive(issuance_seed, label)?;
        made().map(|()| key)
    };
    // One key at a time: how long one takes varies by a factor of ten.
    on_all(|| labels.par_iter().with_max_len(1).map(make).collect())
}

/// A private key as a card keeps it, with its public half.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeyPair {
    /// The private key.
    pub private: PrivateKey,
    /// Its public half.
    pub public: RsaPublicKey,
}

impl KeyPair {
    /// From a key of the library.
    ///
    /// # Errors
    /// [`IssuanceError::Input`] when a card cannot have it; [`IssuanceError::PrivateKey`] when it cannot be encoded.
    pub fn new(key: &RsaPrivateKey) -> Result<Self, IssuanceError> {
        let public = key.to_public_key();
        check_public_key(&public)?;
        let private = PrivateKey::from_pkcs8_der(key.to_pkcs8_der()?.as_bytes());
        Ok(Self { private, public })
    }
}

/// The keys of one card.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CardKeys {
    /// 署名用秘密鍵.
    pub sign: KeyPair,
    /// 利用者証明用秘密鍵.
    pub auth: KeyPair,
    /// The card's own key, certified in GET DATA 7F21.
    pub card: KeyPair,
    /// EF 0013 of the input-assist application.
    pub text: KeyPair,
    /// To which session keys for the input-assist application are encrypted (EF 0006 shows the public half).
    pub session: KeyPair,
    /// EF 001A of the face-info application.
    pub face: KeyPair,
    /// EF 0019 of the common application.
    pub common: KeyPair,
}

impl CardKeys {
    const ROLES: [&str; 7] = ["sign", "auth", "card", "text", "session", "face", "common"];

    /// How many keys a card has.
    pub const COUNT: usize = Self::ROLES.len();

    /// Makes the keys of several cards, each named by a label, on all processors.
    ///
    /// # Errors
    /// As [`derive_all`].
    pub fn derive_sets(
        issuance_seed: &[u8; 32],
        cards: &[String],
        made: KeyMade<'_>,
    ) -> Result<Vec<Self>, IssuanceError> {
        let label = |card: &String| Self::ROLES.map(|role| format!("{card}/{role}"));
        let labels: Vec<String> = cards.iter().flat_map(label).collect();
        let keys = derive_all(issuance_seed, &labels, made)?;
        keys.as_chunks().0.iter().map(Self::of).collect()
    }

    /// Writes the keys of several cards as PKCS#8 PEM, one behind the other.
    ///
    /// # Errors
    /// [`IssuanceError::PrivateKey`] when a key cannot be encoded.
    pub fn sets_to_pem(sets: &[Self]) -> Result<Zeroizing<String>, IssuanceError> {
        let mut text = Zeroizing::new(String::new());
        for set in sets {
            let Self {
                sign,
                auth,
                card,
                text: file,
                session,
                face,
                common,
            } = set;
            for key in [sign, auth, card, file, session, face, common] {
                let key = RsaPrivateKey::from_pkcs8_der(key.private.as_pkcs8_der())?;
                text.push_str(&to_pem(&key)?);
            }
        }
        Ok(text)
    }

    /// Reads what [`Self::sets_to_pem`] has written.
    ///
    /// # Errors
    /// [`IssuanceError::PrivateKey`] for another text; [`IssuanceError::Input`] for a key that no card can have, or another
    /// number of keys.
    pub fn sets_from_pem(text: &str) -> Result<Vec<Self>, IssuanceError> {
        const END: &str = "-----END PRIVATE KEY-----\n";
        let keys: Vec<RsaPrivateKey> = text.split_inclusive(END).map(from_pem).collect::<Result<_, _>>()?;
        let (sets, rest) = keys.as_chunks();
        match rest.is_empty() {
            true => sets.iter().map(Self::of).collect(),
            false => Err(IssuanceError::Input("the keys of a card are seven")),
        }
    }

    fn of(keys: &[RsaPrivateKey; Self::COUNT]) -> Result<Self, IssuanceError> {
        let [sign, auth, card, text, session, face, common] = keys;
        Ok(Self {
            sign: KeyPair::new(sign)?,
            auth: KeyPair::new(auth)?,
            card: KeyPair::new(card)?,
            text: KeyPair::new(text)?,
            session: KeyPair::new(session)?,
            face: KeyPair::new(face)?,
            common: KeyPair::new(common)?,
        })
    }
}

/// Reads a key from PKCS#8 PEM and checks that it is one a card can have.
///
/// # Errors
/// [`IssuanceError::PrivateKey`] when the text is no PKCS#8 RSA key; [`IssuanceError::Input`] for another size or exponent.
pub fn from_pem(pem: &str) -> Result<RsaPrivateKey, IssuanceError> {
    let key = RsaPrivateKey::from_pkcs8_pem(pem)?;
    check_public_key(&key.to_public_key())?;
    Ok(key)
}

/// Writes a key as PKCS#8 PEM with line feeds.
///
/// # Errors
/// [`IssuanceError::PrivateKey`] when the key cannot be encoded.
pub fn to_pem(key: &RsaPrivateKey) -> Result<Zeroizing<String>, IssuanceError> {
    Ok(key.to_pkcs8_pem(LineEnding::LF)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_label_make_one_seed_and_another_label_another() {
        let seed = [7; 32];
        assert_eq!(*seed_for(&seed, "sign"), *seed_for(&seed, "sign"));
        assert_ne!(*seed_for(&seed, "sign"), *seed_for(&seed, "auth"));
        assert_ne!(*seed_for(&seed, "sign"), *seed_for(&[8; 32], "sign"));
    }

    #[test]
    fn a_generated_key_is_reproducible_and_survives_pem() {
        let make = || generate(&mut ChaCha20Rng::from_seed(*seed_for(&[7; 32], "key"))).unwrap();
        let key = make();
        assert!(key == make());
        assert!(from_pem(&to_pem(&key).unwrap()).unwrap() == key);
    }

    #[test]
    fn sets_of_keys_survive_pem() {
        let sets = CardKeys::derive_sets(&[7; 32], &["card".to_owned()], &|| Ok(())).unwrap();
        let text = CardKeys::sets_to_pem(&sets).unwrap();
        let again = CardKeys::sets_from_pem(&text).unwrap();
        assert_eq!(*CardKeys::sets_to_pem(&again).unwrap(), *text);
        let (shorter, _) = text.split_at(text.rfind("-----BEGIN").unwrap());
        assert!(matches!(CardKeys::sets_from_pem(shorter), Err(IssuanceError::Input(_))));
    }

    #[test]
    fn a_key_of_another_size_is_refused() {
        let small = RsaPrivateKey::new(&mut ChaCha20Rng::from_seed([1; 32]), 1024).unwrap();
        let pem = small.to_pkcs8_pem(LineEnding::LF).unwrap();
        assert!(matches!(from_pem(&pem), Err(IssuanceError::Input(_))));
    }
}
