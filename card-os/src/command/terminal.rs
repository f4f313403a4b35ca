//! `80 A2`: checks a terminal's card-verifiable certificate and keeps the key that it certifies.
//!
//! The signature is RSASSA-PKCS1-v1_5 with SHA-256 over the 297 bytes of the body.

use rsa::{BigUint, Pkcs1v15Sign, RsaPublicKey};
use sha2::{Digest, Sha256};

use super::context::Context;
use super::instruction::{Reference, VerifyCertificate};
use crate::declaration::{Body, CertificateKey, Operation};
use crate::rule::{self, Refusal};
use crate::state::CERTIFICATE_BODY;
use crate::tlv::Tlv;

/// The outer template announces body and signature; only the body is in the first command.
const BODY_HEAD: [u8; 5] = [0x7F, 0x21, 0x82, 0x02, 0x33];

impl VerifyCertificate<'_> {
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
                let body: [u8; CERTIFICATE_BODY] = body
                    .and_then(|body| body.try_into().ok())
                    .ok_or(rule::TERMINAL_FORM.refusal())?;
                Certified::read(&body).ok_or(rule::TERMINAL_FORM.refusal())?;
                context.session.terminal.pending = Some(Box::new(body));
                context.apply(&rule::TERMINAL_BODY);
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
                context.apply(&rule::TERMINAL_KEY);
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

/// The contents of a certificate's body.
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
