//! The key and counter of an open secure session, and its cipher: AES-128-CBC whose initial vector is the encrypted number
//! of the command. Nothing here shows a key or a plaintext.

use core::fmt;

use aes::Aes128;
use aes::cipher::block_padding::Iso7816;
use aes::cipher::{BlockDecryptMut, BlockEncrypt, BlockEncryptMut, KeyInit, KeyIvInit};
use zeroize::Zeroizing;

/// Length of a block of the cipher, in bytes.
pub(crate) const BLOCK: usize = 16;

/// An open secure session.
pub(crate) struct Channel {
    key: Zeroizing<[u8; BLOCK]>,
    /// The number of the next secured command.
    counter: u128,
}

impl Channel {
    /// A session with a key just delivered; the first half of the seed is used.
    pub(crate) fn new(seed: &[u8; 2 * BLOCK]) -> Self {
        let mut key = Zeroizing::new([0; BLOCK]);
        key.copy_from_slice(&seed[..BLOCK]);
        Self { key, counter: 1 }
    }

    /// The number of a secured command that has come, which counts it.
    pub(crate) fn next(&mut self) -> u128 {
        let number = self.counter;
        self.counter += 1;
        number
    }

    /// The initial vector of both directions of a command: its number, encrypted.
    fn vector(&self, counter: u128) -> [u8; BLOCK] {
        let mut vector = counter.to_be_bytes().into();
        Aes128::new((&*self.key).into()).encrypt_block(&mut vector);
        vector.into()
    }

    pub(crate) fn decrypt(&self, counter: u128, data: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let decryptor = cbc::Decryptor::<Aes128>::new((&*self.key).into(), &self.vector(counter).into());
        let mut buffer = Zeroizing::new(data.to_vec());
        let length = decryptor.decrypt_padded_mut::<Iso7816>(&mut buffer).ok()?.len();
        buffer.truncate(length);
        Some(buffer)
    }

    pub(crate) fn encrypt(&self, counter: u128, data: &[u8]) -> Vec<u8> {
        let encryptor = cbc::Encryptor::<Aes128>::new((&*self.key).into(), &self.vector(counter).into());
        encryptor.encrypt_padded_vec_mut::<Iso7816>(data)
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("secure session")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_is_the_encrypted_number_of_the_command_and_both_directions_share_it() {
        let channel = Channel::new(&[0x5A; 32]);
        assert_ne!(channel.vector(1), channel.vector(2));
        let sealed = channel.encrypt(1, b"1234");
        assert_eq!(sealed.len(), 16);
        assert_eq!(channel.decrypt(1, &sealed).unwrap().as_slice(), b"1234");
        assert!(
            channel
                .decrypt(2, &sealed)
                .is_none_or(|plain| plain.as_slice() != b"1234")
        );
        // Padding is always added.
        assert_eq!(channel.encrypt(1, &[0; 16]).len(), 32);
    }

    /// FIPS 197, appendix B: the vector is AES of the number under the session's key.
    #[test]
    fn the_cipher_is_aes_128() {
        let seed: [u8; 32] = std::array::from_fn(|at| {
            [
                0x2B, 0x7E, 0x15, 0x16, 0x28, 0xAE, 0xD2, 0xA6, 0xAB, 0xF7, 0x15, 0x88, 0x09, 0xCF, 0x4F, 0x3C,
            ][at % 16]
        });
        let number = u128::from_be_bytes([
            0x32, 0x43, 0xF6, 0xA8, 0x88, 0x5A, 0x30, 0x8D, 0x31, 0x31, 0x98, 0xA2, 0xE0, 0x37, 0x07, 0x34,
        ]);
        let expected = [
            0x39, 0x25, 0x84, 0x1D, 0x02, 0xDC, 0x09, 0xFB, 0xDC, 0x11, 0x85, 0x97, 0x19, 0x6A, 0x0B, 0x32,
        ];
        assert_eq!(Channel::new(&seed).vector(number), expected);
    }
}
