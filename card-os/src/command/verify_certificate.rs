//! `80 A2`: a terminal shows a card-verifiable certificate, in two commands, and the card keeps the key it certifies.
//! This is the public part of the path without a PIN (顔認証付きカードリーダー); what follows it is not public, and no
//! access condition of the card can be fulfilled by it.
//!
//! `80 A2 06 C1` carries `7F21 820233 … 5F4E 820129 body`, `80 A2 00 C1` then `5F37 820100 signature`. The signature is
//! RSASSA-PKCS1-v1_5 with SHA-256 over the 297 bytes of the body.

use core::fmt;

use rsa::{BigUint, Pkcs1v15Sign, RsaPublicKey};
use sha2::{Digest, Sha256};

use super::Reference;
use crate::access::Operation;
use crate::context::Context;
use crate::file::Body;
use crate::key::CertificateKey;
use crate::rule::{self, Refusal};
use crate::tlv::Tlv;
use vmyna_apdu::CommandApdu;

/// What the session knows of a terminal.
#[derive(Debug, Default)]
pub(crate) struct Terminal {
    /// The body that waits for its signature.
    pending: Option<Box<[u8; BODY]>>,
    /// The key of the last certificate accepted. Nothing public says what the card lets its owner do.
    certified: Option<CertificateKey>,
}

/// Length of a certificate's body: two key identifiers, exponent and modulus.
const BODY: usize = 297;
/// The outer template announces body and signature; only the body is in the first command.
const BODY_HEAD: [u8; 5] = [0x7F, 0x21, 0x82, 0x02, 0x33];

/// One half of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyCertificate<'a> {
    /// P1-P2 `06C1`: the beginning of the certificate with its body.
    Body(&'a [u8]),
    /// P1-P2 `00C1`: its signature.
    Signature(&'a [u8]),
}

impl<'a> VerifyCertificate<'a> {
    pub(super) fn decode(apdu: &CommandApdu<'a>) -> Result<Self, Refusal> {
        match apdu.p1_p2() {
            0x06C1 => Ok(Self::Body(apdu.data)),
            0x00C1 => Ok(Self::Signature(apdu.data)),
            _ => rule::WRONG_P1_P2.refuse(),
        }
    }

    pub(super) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        let target = context.resolve(Reference::CurrentEf)?;
        let Body::CertificateKey(authority) = &target.file.body else {
            return rule::WRONG_FILE_KIND.refuse();
        };
        context.require(target, Operation::VerifyCertificate)?;
        match self {
            Self::Body(data) => {
                context.session.terminal.pending = None;
                let body = data.strip_prefix(&BODY_HEAD).and_then(|data| object(data, 0x5F4E));
                let body: [u8; BODY] = body
                    .and_then(|body| body.try_into().ok())
                    .ok_or(rule::TERMINAL_FORM.refusal())?;
                Certified::read(&body).ok_or(rule::TERMINAL_FORM.refusal())?;
                context.session.terminal.pending = Some(Box::new(body));
                Ok(())
            }
            Self::Signature(data) => {
                let body = context
                    .session
                    .terminal
                    .pending
                    .take()
                    .ok_or(rule::TERMINAL_ORDER.refusal())?;
                let signature = object(data, 0x5F37).ok_or(rule::TERMINAL_FORM.refusal())?;
                let certified = Certified::read(&body[..]).ok_or(rule::TERMINAL_FORM.refusal())?;
                let earlier = context.session.terminal.certified.as_ref();
                let issuer = [Some(authority), earlier]
                    .into_iter()
                    .flatten()
                    .find(|key| key.key_id == certified.issuer)
                    .ok_or(rule::TERMINAL_ISSUER.refusal())?;
                if !verifies(issuer, &body[..], signature) {
                    return rule::TERMINAL_SIGNATURE.refuse();
                }
                context.session.terminal.certified = Some(certified.key);
                Ok(())
            }
        }
    }
}

/// The value of the one object of this tag.
fn object(data: &[u8], tag: u16) -> Option<&[u8]> {
    Tlv::read_only(data)
        .ok()
        .filter(|object| object.tag == tag)
        .map(|object| object.value)
}

/// What the body of a certificate says.
struct Certified {
    issuer: [u8; 16],
    key: CertificateKey,
}

impl Certified {
    fn read(body: &[u8]) -> Option<Self> {
        let (issuer, rest) = body.split_first_chunk()?;
        let (subject, rest) = rest.split_first_chunk()?;
        let [exponent @ Tlv { tag: 0x90, .. }, modulus @ Tlv { tag: 0x91, .. }] = Tlv::read_all(rest).ok()?[..] else {
            return None;
        };
        let key = CertificateKey {
            key_id: *subject,
            modulus: modulus.value.to_vec(),
            exponent: exponent.value.to_vec(),
        };
        Some(Self { issuer: *issuer, key })
    }
}

fn verifies(key: &CertificateKey, body: &[u8], signature: &[u8]) -> bool {
    let [modulus, exponent] = [&key.modulus, &key.exponent].map(|number| BigUint::from_bytes_be(number));
    RsaPublicKey::new(modulus, exponent)
        .and_then(|key| key.verify(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(body), signature))
        .is_ok()
}

impl fmt::Display for VerifyCertificate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Body(_) => "terminal certificate: body",
            Self::Signature(_) => "terminal certificate: signature",
        })
    }
}
