//! The six signature schemes of COMPUTE DIGITAL SIGNATURE, chosen by P1 (measured by the authors of `myna-card`).
//!
//! Paddings by RFC 8017: EMSA-PKCS1-v1_5 (9.2) and EMSA-PSS (9.1.1) with SHA-256, MGF1-SHA-256 and a salt of 32 bytes.

use core::ops::RangeInclusive;

use rand_core::CryptoRngCore;
use sha2::{Digest, Sha256};

/// `DigestInfo` of SHA-256 up to the hash (RFC 8017, 9.2, note 1).
pub const SHA256_DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
];

const HASH: usize = 32;
const SALT: usize = 32;

/// How the card makes a signature of what it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureScheme {
    /// P1=00: the input as it is, PKCS#1 v1.5. Clients give a `DigestInfo`; the card parses nothing.
    Verbatim,
    /// P1=01: SHA-256 of the input, bare, PKCS#1 v1.5.
    Sha256Bare,
    /// P1=02: the input is a SHA-256 hash, put into a `DigestInfo`, PKCS#1 v1.5.
    HashDigestInfo,
    /// P1=03: SHA-256 of the input, in a `DigestInfo`, PKCS#1 v1.5.
    Sha256DigestInfo,
    /// P1=04: the input is a SHA-256 hash, RSASSA-PSS.
    HashPss,
    /// P1=05: SHA-256 of the input, RSASSA-PSS.
    Sha256Pss,
}

impl SignatureScheme {
    /// All schemes, in order of P1.
    pub const ALL: [Self; 6] = [
        Self::Verbatim,
        Self::Sha256Bare,
        Self::HashDigestInfo,
        Self::Sha256DigestInfo,
        Self::HashPss,
        Self::Sha256Pss,
    ];

    /// The scheme that P1 means.
    pub fn from_p1(p1: u8) -> Option<Self> {
        Self::ALL.get(usize::from(p1)).copied()
    }

    /// How many bytes of input the scheme takes with a modulus of `modulus_bits`.
    pub fn input_lengths(self, modulus_bits: usize) -> RangeInclusive<usize> {
        match self {
            Self::Verbatim => 1..=modulus_bits.div_ceil(8).saturating_sub(11),
            Self::HashDigestInfo | Self::HashPss => HASH..=HASH,
            Self::Sha256Bare | Self::Sha256DigestInfo | Self::Sha256Pss => 1..=usize::MAX,
        }
    }

    /// The padded block that the private operation turns into the signature: as long as a modulus of `modulus_bits`.
    /// `None` where the scheme takes no input of this length, or the modulus is too short for it.
    pub fn encode(self, input: &[u8], modulus_bits: usize, salt: &mut dyn CryptoRngCore) -> Option<Vec<u8>> {
        if !self.input_lengths(modulus_bits).contains(&input.len()) {
            return None;
        }
        match self {
            Self::Verbatim => pkcs1_type_1(&[input], modulus_bits),
            Self::Sha256Bare => pkcs1_type_1(&[&Sha256::digest(input)], modulus_bits),
            Self::HashDigestInfo => pkcs1_type_1(&[&SHA256_DIGEST_INFO, input], modulus_bits),
            Self::Sha256DigestInfo => pkcs1_type_1(&[&SHA256_DIGEST_INFO, &Sha256::digest(input)], modulus_bits),
            Self::HashPss => pss(input, modulus_bits, salt),
            Self::Sha256Pss => pss(&Sha256::digest(input), modulus_bits, salt),
        }
    }
}

/// `00 01 FF…FF 00` and the parts.
fn pkcs1_type_1(parts: &[&[u8]], modulus_bits: usize) -> Option<Vec<u8>> {
    let length = modulus_bits.div_ceil(8);
    let filler = length.checked_sub(parts.iter().map(|part| part.len()).sum::<usize>() + 3)?;
    if filler < 8 {
        return None;
    }
    let mut block = vec![0x00, 0x01];
    block.resize(2 + filler, 0xFF);
    block.push(0x00);
    parts.iter().for_each(|part| block.extend(*part));
    Some(block)
}

/// EMSA-PSS of a hash, with zeros in front where the encoding is a byte shorter than the modulus.
fn pss(hash: &[u8], modulus_bits: usize, rng: &mut dyn CryptoRngCore) -> Option<Vec<u8>> {
    let bits = modulus_bits.checked_sub(1)?;
    let length = bits.div_ceil(8);
    let filler = length.checked_sub(SALT + HASH + 2)?;
    let mut salt = [0; SALT];
    rng.fill_bytes(&mut salt);
    let salted = Sha256::new()
        .chain_update([0; 8])
        .chain_update(hash)
        .chain_update(salt)
        .finalize();

    let mut block = vec![0; modulus_bits.div_ceil(8) - length];
    let start = block.len();
    block.resize(start + filler, 0);
    block.push(0x01);
    block.extend(salt);
    mask(&mut block[start..], &salted);
    block[start] &= 0xFF >> (8 * length - bits);
    block.extend(salted);
    block.push(0xBC);
    Some(block)
}

/// Exclusive-or with MGF1-SHA-256 of `seed` (RFC 8017, B.2.1).
pub(super) fn mask(data: &mut [u8], seed: &[u8]) {
    for (counter, chunk) in (0u32..).zip(data.chunks_mut(HASH)) {
        let stream = Sha256::new()
            .chain_update(seed)
            .chain_update(counter.to_be_bytes())
            .finalize();
        chunk.iter_mut().zip(stream).for_each(|(byte, mask)| *byte ^= mask);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;
    use rsa::{BigUint, Pkcs1v15Sign, Pss, RsaPrivateKey};
    use std::sync::LazyLock;

    static KEY: LazyLock<RsaPrivateKey> =
        LazyLock::new(|| RsaPrivateKey::new(&mut ChaCha20Rng::seed_from_u64(2), 2048).unwrap());

    fn sign(scheme: SignatureScheme, input: &[u8]) -> Vec<u8> {
        let block = scheme.encode(input, 2048, &mut ChaCha20Rng::seed_from_u64(3)).unwrap();
        let number = BigUint::from_bytes_be(&block);
        let signature = rsa::hazmat::rsa_decrypt_and_check(&*KEY, None::<&mut rand_core::OsRng>, &number)
            .unwrap()
            .to_bytes_be();
        [vec![0; 256 - signature.len()], signature].concat()
    }

    /// The `rsa` crate, which made none of the paddings, accepts them.
    #[test]
    fn every_scheme_gives_the_signature_it_is_named_after() {
        let (public, message) = (KEY.to_public_key(), b"message");
        let hash = Sha256::digest(message);
        let digest_info = [&SHA256_DIGEST_INFO[..], &hash].concat();
        let pkcs1 = || Pkcs1v15Sign::new::<Sha256>();
        let table = [
            (SignatureScheme::Verbatim, &digest_info[..]),
            (SignatureScheme::HashDigestInfo, &hash[..]),
            (SignatureScheme::Sha256DigestInfo, &message[..]),
        ];
        for (scheme, input) in table {
            public.verify(pkcs1(), &hash, &sign(scheme, input)).unwrap();
        }
        let bare = sign(SignatureScheme::Sha256Bare, message);
        public.verify(Pkcs1v15Sign::new_unprefixed(), &hash, &bare).unwrap();
        for (scheme, input) in [
            (SignatureScheme::HashPss, &hash[..]),
            (SignatureScheme::Sha256Pss, &message[..]),
        ] {
            public
                .verify(Pss::new_with_salt::<Sha256>(SALT), &hash, &sign(scheme, input))
                .unwrap();
        }
    }

    #[test]
    fn each_scheme_takes_only_its_own_lengths() {
        let encode = |scheme: SignatureScheme, length| {
            scheme
                .encode(&vec![0xA5; length], 2048, &mut ChaCha20Rng::seed_from_u64(4))
                .map(|block| block.len())
        };
        for scheme in SignatureScheme::ALL {
            for length in [0, 1, 31, 32, 33, 244, 245, 246, 255, 256, 1000] {
                let expected = scheme.input_lengths(2048).contains(&length).then_some(256);
                assert_eq!(encode(scheme, length), expected, "{scheme:?} of {length} bytes");
            }
        }
    }

    #[test]
    fn pss_fits_a_modulus_of_any_number_of_bits() {
        for bits in 1024..=1040 {
            let block = SignatureScheme::HashPss
                .encode(&[7; 32], bits, &mut ChaCha20Rng::seed_from_u64(5))
                .unwrap();
            assert_eq!(block.len(), bits.div_ceil(8));
            assert!(BigUint::from_bytes_be(&block).bits() < bits);
        }
    }

    #[test]
    fn a_modulus_too_short_for_the_scheme_is_refused() {
        let mut rng = ChaCha20Rng::seed_from_u64(6);
        assert!(SignatureScheme::HashPss.encode(&[7; 32], 512, &mut rng).is_none());
        assert!(
            SignatureScheme::HashDigestInfo
                .encode(&[7; 32], 480, &mut rng)
                .is_none()
        );
        assert!(SignatureScheme::HashPss.encode(&[7; 32], 0, &mut rng).is_none());
    }
}
