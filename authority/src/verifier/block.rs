//! An RSA signature value: which form its block has, compared whole.
//!
//! A verifier that looks for the hash in the block, or skips what it doesn't expect there, accepts signatures that no key
//! has made. Here each possible block is made and compared from its first to its last byte (RFC 8017, 8.2.2).

use rsa::signature::hazmat::PrehashVerifier;
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, RsaPublicKey, hazmat, pss};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};
use spki::AlgorithmIdentifierOwned;
use vmyna_apdu::{Text, text};

use super::report::fixed;

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-1, which is refused everywhere (CRYPTREC LS-0001-2022).
    Sha1,
    /// SHA-256, that of the card and of its authorities.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Sha256, Self::Sha1, Self::Sha384, Self::Sha512];

    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    /// The length of a digest, in bytes.
    #[must_use]
    pub const fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The digest of a message.
    #[must_use]
    pub fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(message).to_vec(),
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }

    /// The hash function of a digest algorithm that is accepted.
    pub(super) fn of_digest(algorithm: &AlgorithmIdentifierOwned) -> Option<Self> {
        let parameters = algorithm.parameters.as_ref();
        if parameters.is_some_and(|parameters| !parameters.is_null()) {
            return None;
        }
        match algorithm.oid.to_string().strip_prefix("2.16.840.1.101.3.4.2.")? {
            "1" => Some(Self::Sha256),
            "2" => Some(Self::Sha384),
            "3" => Some(Self::Sha512),
            _ => None,
        }
    }

    /// DER of a `DigestInfo` up to the digest (RFC 8017, 9.2, note 1).
    pub(crate) const fn prefix(self) -> &'static [u8] {
        match self {
            Self::Sha1 => &[
                0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14,
            ],
            Self::Sha256 => &[
                0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
                0x04, 0x20,
            ],
            Self::Sha384 => &[
                0x30, 0x41, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00,
                0x04, 0x30,
            ],
            Self::Sha512 => &[
                0x30, 0x51, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00,
                0x04, 0x40,
            ],
        }
    }
}

/// What was signed: the message, or its digest alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The whole message.
    Data(Vec<u8>),
    /// Its digest; the length decides the hash function.
    Digest(Vec<u8>),
}

impl Message {
    /// The digest by this function, if it is known.
    #[must_use]
    pub fn digest(&self, hash: Hash) -> Option<Vec<u8>> {
        match self {
            Self::Data(data) => Some(hash.digest(data)),
            Self::Digest(digest) => (digest.len() == hash.length()).then(|| digest.clone()),
        }
    }
}

/// The form of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// PKCS#1 v1.5 with a `DigestInfo`.
    DigestInfo(Hash),
    /// PKCS#1 v1.5 padding around the 32 bytes of a SHA-256 digest, without `DigestInfo`.
    Bare,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256, and a salt of 32 bytes.
    Pss,
}

impl Form {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DigestInfo(_) => "digest-info",
            Self::Bare => "bare",
            Self::Pss => "pss",
        }
    }

    /// The name for people.
    #[must_use]
    pub fn title(self) -> Text {
        match self {
            Self::DigestInfo(hash) => {
                let hash = hash.name();
                text!("PKCS#1 v1.5, DigestInfo of {hash}", "PKCS#1 v1.5、{hash}のDigestInfo")
            }
            Self::Bare => fixed(
                "PKCS#1 v1.5 padding, bare SHA-256 digest without DigestInfo",
                "PKCS#1 v1.5パディング、DigestInfoなしのSHA-256ハッシュ値のみ",
            ),
            Self::Pss => fixed(
                "RSASSA-PSS with SHA-256, salt of 32 bytes",
                "RSASSA-PSS（SHA-256、ソルト32バイト）",
            ),
        }
    }
}

/// The block of a signature value.
///
/// # Errors
/// Why the value can't be a signature by this key: its length, or a number that is not below the modulus.
pub(super) fn recover(key: &RsaPublicKey, signature: &[u8]) -> Result<Vec<u8>, Text> {
    let (length, expected) = (signature.len(), key.size());
    if length != expected {
        return Err(text!(
            "the signature value has {length} bytes, and the key's modulus {expected}",
            "署名値は{length}バイトですが、鍵の法は{expected}バイトです"
        ));
    }
    let value = BigUint::from_bytes_be(signature);
    if value >= *key.n() {
        return Err(fixed(
            "the signature value is not below the key's modulus",
            "署名値が鍵の法より小さくありません",
        ));
    }
    let block = hazmat::rsa_encrypt(key, &value).map_err(|_| fixed("the key can't be used", "鍵が使えません"))?;
    let bytes = block.to_bytes_be();
    let mut whole = vec![0; expected.saturating_sub(bytes.len())];
    whole.extend(bytes);
    Ok(whole)
}

/// The block of PKCS#1 v1.5 around a content; `None` if it is too long for the modulus.
pub(super) fn padded(content: &[u8], length: usize) -> Option<Vec<u8>> {
    let fill = length.checked_sub(content.len() + 3).filter(|fill| *fill >= 8)?;
    let mut block = vec![0x00, 0x01];
    block.resize(2 + fill, 0xFF);
    block.push(0x00);
    block.extend(content);
    Some(block)
}

/// The form of a signature over this message.
///
/// # Errors
/// Why it is none.
pub fn recognise(key: &RsaPublicKey, signature: &[u8], message: &Message) -> Result<Form, Text> {
    let block = recover(key, signature)?;
    for hash in Hash::ALL {
        if let Some(digest) = message.digest(hash)
            && padded(&[hash.prefix(), &digest].concat(), block.len()).as_ref() == Some(&block)
        {
            return Ok(Form::DigestInfo(hash));
        }
    }
    if let Some(digest) = message.digest(Hash::Sha256) {
        if padded(&digest, block.len()).as_ref() == Some(&block) {
            return Ok(Form::Bare);
        }
        let pss = pss::VerifyingKey::<Sha256>::new(key.clone());
        if pss::Signature::try_from(signature).is_ok_and(|signature| pss.verify_prehash(&digest, &signature).is_ok()) {
            return Ok(Form::Pss);
        }
    }
    Err(fault(&block))
}

/// Whether this is the PKCS#1 v1.5 signature over a message with this hash function.
///
/// # Errors
/// Why not.
pub(super) fn verify(key: &RsaPublicKey, signature: &[u8], message: &[u8], hash: Hash) -> Result<(), Text> {
    match recognise(key, signature, &Message::Data(message.to_vec()))? {
        Form::DigestInfo(found) if found == hash => Ok(()),
        other => {
            let Text { en, ja } = other.title();
            let hash = hash.name();
            Err(text!(
                "the signature is {en}, where {hash} with DigestInfo is needed",
                "署名の形式が{ja}です。{hash}のDigestInfoでなければなりません"
            ))
        }
    }
}

/// What is wrong with a block that is not the expected one.
fn fault(block: &[u8]) -> Text {
    let [0x00, kind, fill @ ..] = block else {
        return not_this();
    };
    if block.last() == Some(&0xBC) && *kind != 1 {
        return not_this();
    }
    if *kind != 1 {
        return text!(
            "the signature's block has type {kind:02X}, not 01, or another key has signed",
            "署名のブロック種別が01ではなく{kind:02X}です。または別の鍵による署名です"
        );
    }
    let run = fill.iter().take_while(|byte| **byte == 0xFF).count();
    let Some((0, content)) = fill.get(run..).and_then(|rest| rest.split_first()) else {
        return fixed(
            "the fill of the signature's block holds other bytes than FF",
            "署名のブロックの詰め物にFF以外のバイトがあります",
        );
    };
    if run < 8 {
        return fixed(
            "the fill of the signature's block is shorter than 8 bytes",
            "署名のブロックの詰め物が8バイト未満です",
        );
    }
    for hash in Hash::ALL {
        let Some(rest) = content.strip_prefix(hash.prefix()) else {
            continue;
        };
        let name = hash.name();
        return match rest.len() == hash.length() {
            true => text!(
                "the signature is over another message: its {name} digest differs",
                "別の内容に対する署名です。{name}のハッシュ値が一致しません"
            ),
            false => text!(
                "the signature's block does not end with the {name} digest",
                "署名のブロックが{name}のハッシュ値で終わっていません"
            ),
        };
    }
    match content.len() {
        32 => fixed(
            "the signature is over another message: its bare digest differs",
            "別の内容に対する署名です。DigestInfoなしのハッシュ値が一致しません",
        ),
        _ => fixed(
            "the signature's block holds neither a known DigestInfo nor a bare digest",
            "署名のブロックに既知のDigestInfoもハッシュ値もありません",
        ),
    }
}

fn not_this() -> Text {
    fixed(
        "the signature is over another message, by another key, or of an unknown form",
        "別の内容か別の鍵による署名、または不明な形式です",
    )
}
