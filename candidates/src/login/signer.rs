//! The authentication key of a card, which signs otherwise than it is asked.

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BigUint, RsaPrivateKey};
use sha2::{Digest, Sha256};
use vmyna_apdu::{CommandApdu, Icc, IccError, Incident, Pull};
use vmyna_applets::cv::{MODULUS_BITS, MODULUS_BYTES};
use vmyna_applets::jpki::{AID, ef};
use vmyna_card_os::key::{SHA256_DIGEST_INFO, SignatureScheme};

const SELECT: u8 = 0xA4;
const COMPUTE_SIGNATURE: u8 = 0x2A;
const SUCCESS: [u8; 2] = [0x90, 0x00];

/// How the key signs.
#[derive(Clone)]
pub(super) enum Signing {
    /// Another challenge than the one that is asked for.
    OtherChallenge,
    /// The bare digest in place of a `DigestInfo`, and the reverse.
    OtherForm,
    /// RSASSA-PSS in place of PKCS#1 v1.5, and the reverse.
    OtherPadding,
    /// A block of another form, signed by the key itself.
    Block(Block, Box<RsaPrivateKey>),
    /// The value plus the modulus.
    PlusModulus(Box<RsaPrivateKey>),
    /// A zero byte before the value.
    LeadingZero,
    /// Another key than the card's, which can be too short or have any exponent.
    Key(Box<RsaPrivateKey>),
    /// The padded block itself: the signature under the exponent 1.
    Unsigned,
}

/// A block that differs from that of PKCS#1 v1.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// Eight bytes of fill, and bytes behind the digest.
    ShortFill,
    /// Bytes in the parameters of the algorithm, where NULL belongs.
    Parameters,
    /// Block type 02.
    Type,
    /// One byte of the fill is not FF.
    Fill,
}

impl Block {
    /// The block in place of this one.
    pub(crate) fn instead_of(self, right: &[u8]) -> Vec<u8> {
        let content = content(right);
        match self {
            Self::ShortFill => {
                let mut block = [&[0, 1][..], &[0xFF; 8], &[0], content].concat();
                block.resize(right.len(), 0xAA);
                block
            }
            Self::Parameters => {
                let Some(digest) = content.strip_prefix(&SHA256_DIGEST_INFO) else {
                    // Without an algorithm there are no parameters.
                    return Self::ShortFill.instead_of(right);
                };
                /// So many bytes stand in an octet string in place of NULL.
                const EXTRA: u8 = 0x20;
                let mut prefix = SHA256_DIGEST_INFO.to_vec();
                prefix[1] += EXTRA;
                prefix[3] += EXTRA;
                prefix.splice(15..17, [&[0x04, EXTRA][..], &[0xAA; EXTRA as usize]].concat());
                padded(&[&prefix[..], digest].concat(), right.len())
            }
            Self::Type => [&[0, 2], &right[2..]].concat(),
            Self::Fill => {
                let mut block = right.to_vec();
                // The fill is far longer.
                block[100] = 0xFE;
                block
            }
        }
    }
}

/// What stands behind the fill.
fn content(block: &[u8]) -> &[u8] {
    let end = block.iter().skip(1).position(|byte| *byte == 0);
    end.map_or(&[], |end| &block[end + 2..])
}

/// The block of PKCS#1 v1.5 of a content.
fn padded(content: &[u8], length: usize) -> Vec<u8> {
    let mut block = vec![0xFF; length.saturating_sub(content.len() + 1)];
    block[..2].copy_from_slice(&[0, 1]);
    [&block[..], &[0], content].concat()
}

/// The private operation on any block below the modulus: bytes as long as the modulus.
pub(super) fn apply(key: &RsaPrivateKey, block: &[u8]) -> Vec<u8> {
    let value = BigUint::from_bytes_be(block).modpow(key.d(), key.n());
    left_padded(&value, key.size())
}

fn left_padded(value: &BigUint, length: usize) -> Vec<u8> {
    let bytes = value.to_bytes_be();
    [vec![0; length.saturating_sub(bytes.len())], bytes].concat()
}

/// A layer in which the authentication key signs so.
pub(super) fn signing(signing: Signing) -> impl Fn(Box<dyn Icc + Send>) -> Box<dyn Icc + Send> + Send + Sync + 'static {
    move |card| {
        Box::new(Signer {
            card,
            signing: signing.clone(),
            in_application: false,
            selected: false,
        })
    }
}

struct Signer {
    card: Box<dyn Icc + Send>,
    signing: Signing,
    /// Whether the application of the certificates is selected.
    in_application: bool,
    /// Whether its authentication key is.
    selected: bool,
}

impl Signer {
    /// Follows a SELECT that succeeded.
    fn follow(&mut self, command: &CommandApdu<'_>) {
        match command.p1 {
            0x04 => {
                self.in_application = AID.matches(command.data);
                self.selected = false;
            }
            0x02 => self.selected = self.in_application && command.data == ef::AUTH_KEY.value().to_be_bytes(),
            _ => {}
        }
    }

    /// Signs what a command asks for.
    fn sign(&mut self, command: &CommandApdu<'_>, response: &mut Vec<u8>) -> Result<(), IccError> {
        let other = |p1: u8, data: Vec<u8>| (p1, data);
        let (p1, data) = match &self.signing {
            Signing::OtherChallenge => {
                let mut data = command.data.to_vec();
                if let Some(last) = data.last_mut() {
                    *last ^= 1;
                }
                other(command.p1, data)
            }
            Signing::OtherForm => other_form(command.p1, command.data),
            Signing::OtherPadding => other_padding(command.p1, command.data),
            _ => other(command.p1, command.data.to_vec()),
        };
        let asked = CommandApdu {
            p1,
            data: &data,
            ..*command
        };
        match asked.to_bytes() {
            Ok(bytes) => self.card.transmit(&bytes, response)?,
            Err(_) => return Err(IccError::Mute),
        }
        if !response.ends_with(&SUCCESS) {
            return Ok(());
        }
        response.truncate(response.len() - SUCCESS.len());
        let block = |bits| {
            // Only PSS asks for a salt.
            let mut salt = ChaCha20Rng::from_seed(Sha256::digest(command.data).into());
            SignatureScheme::from_p1(command.p1).and_then(|scheme| scheme.encode(command.data, bits, &mut salt))
        };
        let forged = match &self.signing {
            Signing::OtherChallenge | Signing::OtherForm | Signing::OtherPadding => None,
            Signing::Block(form, key) => block(MODULUS_BITS).map(|right| apply(key, &form.instead_of(&right))),
            Signing::PlusModulus(key) => {
                let value = BigUint::from_bytes_be(response) + key.n();
                Some(left_padded(&value, MODULUS_BYTES))
            }
            Signing::LeadingZero => Some([&[0], &response[..]].concat()),
            Signing::Key(key) => block(key.n().bits()).map(|right| apply(key, &right)),
            Signing::Unsigned => block(MODULUS_BITS),
        };
        if let Some(forged) = forged {
            *response = forged;
        }
        response.extend(SUCCESS);
        Ok(())
    }
}

/// The command that signs the same digest in the other form.
fn other_form(p1: u8, data: &[u8]) -> (u8, Vec<u8>) {
    match (p1, data.strip_prefix(&SHA256_DIGEST_INFO)) {
        (0x00, Some(digest)) => (0x00, digest.to_vec()),
        (0x00, None) => (0x02, data.to_vec()),
        (0x01, _) => (0x03, data.to_vec()),
        (0x02, _) => (0x00, data.to_vec()),
        (0x03, _) => (0x01, data.to_vec()),
        (0x04, _) => (0x02, data.to_vec()),
        (0x05, _) => (0x03, data.to_vec()),
        (p1, _) => (p1, data.to_vec()),
    }
}

/// The command that signs the same digest with the other padding.
fn other_padding(p1: u8, data: &[u8]) -> (u8, Vec<u8>) {
    let digest = data.strip_prefix(&SHA256_DIGEST_INFO).unwrap_or(data).to_vec();
    match p1 {
        0x00 | 0x02 => (0x04, digest),
        0x01 | 0x03 => (0x05, data.to_vec()),
        0x04 => (0x02, data.to_vec()),
        0x05 => (0x03, data.to_vec()),
        p1 => (p1, data.to_vec()),
    }
}

impl Icc for Signer {
    fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        (self.in_application, self.selected) = (false, false);
        self.card.power_on(atr)
    }

    fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        (self.in_application, self.selected) = (false, false);
        self.card.reset(atr)
    }

    fn power_off(&mut self) -> Result<(), IccError> {
        self.card.power_off()
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError> {
        let parsed = CommandApdu::parse(command).ok();
        match parsed {
            Some(asked) if self.selected && asked.ins == COMPUTE_SIGNATURE => self.sign(&asked, response),
            _ => {
                self.card.transmit(command, response)?;
                if let Some(select) = parsed.filter(|asked| asked.ins == SELECT)
                    && response.ends_with(&SUCCESS)
                {
                    self.follow(&select);
                }
                Ok(())
            }
        }
    }

    fn incident(&mut self, command: &[u8]) -> Option<Incident> {
        self.card.incident(command)
    }

    fn incident_happens(&mut self) {
        self.card.incident_happens();
    }

    fn has_left(&self) -> bool {
        self.card.has_left()
    }

    fn pull(&self) -> Option<Pull> {
        self.card.pull()
    }
}
