//! RSAES-OAEP with SHA-256 and an empty label (RFC 8017, 7.1.2): the message in a decrypted block.

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use super::scheme::mask;

const HASH: usize = 32;

/// The message in `block`, the result of the RSA private operation, as long as the modulus. `None` for another padding.
/// Neither the result nor the time taken depends on which part of the padding is wrong.
pub(crate) fn unpad(block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (&first, rest) = block.split_first()?;
    let (seed, data) = rest.split_at_checked(HASH)?;
    let mut data = Zeroizing::new(data.to_vec());
    let mut seed = Zeroizing::new(seed.to_vec());
    mask(&mut seed, &data);
    mask(&mut data, &seed);
    let (label, padded) = data.split_at_checked(HASH)?;

    // Zeros, then a one: its place is looked for in all of the padding, whatever comes first.
    let mut right = first.ct_eq(&0) & label.ct_eq(&Sha256::digest([])[..]);
    let (mut found, mut message_at) = (Choice::from(0), 0);
    for (at, byte) in padded.iter().enumerate() {
        let ends = byte.ct_eq(&1) & !found;
        right &= found | ends | byte.ct_eq(&0);
        message_at |= (at + 1) * usize::from(ends.unwrap_u8());
        found |= ends;
    }
    bool::from(right & found).then(|| Zeroizing::new(padded[message_at..].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;
    use rsa::{BigUint, Oaep, RsaPrivateKey};

    /// The `rsa` crate encrypts; the block it made is opened here.
    #[test]
    fn what_another_implementation_padded_is_read_and_any_damage_refused() {
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let key = RsaPrivateKey::new(&mut rng, 1024).unwrap();
        for message in [&b""[..], b"A", &[0; 20], &[1; 62]] {
            let encrypted = key
                .to_public_key()
                .encrypt(&mut rng, Oaep::new::<Sha256>(), message)
                .unwrap();
            let block = rsa::hazmat::rsa_decrypt(None::<&mut ChaCha20Rng>, &key, &BigUint::from_bytes_be(&encrypted));
            let block = block.unwrap().to_bytes_be();
            let block = [vec![0; 128 - block.len()], block].concat();
            assert_eq!(unpad(&block).unwrap().as_slice(), message);
            for at in 0..block.len() {
                let mut damaged = block.clone();
                damaged[at] ^= 1;
                assert!(
                    unpad(&damaged).is_none_or(|read| read.as_slice() != message),
                    "byte {at}"
                );
            }
        }
        for short in [0, 1, 32, 64, 65] {
            assert!(unpad(&vec![0; short]).is_none());
        }
    }
}
