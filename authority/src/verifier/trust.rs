//! The authorities that the user has named. Nothing else is trusted: no list of the system, no authority of this program,
//! no certificate of the verified file.

use der::{Decode, Encode};
use rsa::pkcs8::DecodePublicKey;
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, RsaPublicKey};
use vmyna_apdu::{Text, text};
use vmyna_applets::cv::KeyId;
use vmyna_issuance::x509::names::{Hierarchy, ORGANISATION};
use x509_cert::Certificate;
use x509_cert::ext::pkix::SubjectKeyIdentifier;

use super::report::fixed;
use crate::register::IssuerId;

/// A certificate that can't be trusted, because it can't be read or its key can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no certificate with an RSA key of 2048 to 4096 bits or a key on P-256 or P-384")]
pub struct NoAnchor;

/// A named root of mdocs.
#[derive(Clone, Debug)]
pub(super) struct MdocRoot {
    pub(super) der: Vec<u8>,
    pub(super) public_keys: bool,
}

/// A named X.509 authority.
#[derive(Clone, Debug)]
pub struct Anchor {
    pub(super) certificate: Certificate,
    pub(super) key: RsaPublicKey,
    pub(super) id: IssuerId,
    pub(super) public_keys: bool,
}

impl Anchor {
    /// The hierarchy that the authority's own name states.
    pub(super) fn hierarchy(&self) -> Option<Hierarchy> {
        let name = self.certificate.tbs_certificate.subject.to_string();
        let states = |hierarchy: &Hierarchy| name.contains(hierarchy.unit());
        [Hierarchy::Signature, Hierarchy::Authentication]
            .into_iter()
            .find(states)
    }

    /// Whether this is an authority of a test hierarchy, by the organisation in its name.
    pub(super) fn is_test(&self) -> bool {
        let name = self.certificate.tbs_certificate.subject.to_string();
        name.split(['+', ','])
            .any(|part| part.trim() == format!("O={ORGANISATION}"))
    }

    /// Whether the authority has this key identifier.
    fn has(&self, identifier: &[u8]) -> bool {
        let stated: der::Result<Option<(bool, SubjectKeyIdentifier)>> = self.certificate.tbs_certificate.get();
        let stated = stated.ok().flatten();
        self.id.0 == *identifier || stated.is_some_and(|(_, stated)| stated.0.as_bytes() == identifier)
    }
}

/// A named key that certifies municipalities' data-signing keys.
#[derive(Clone, Debug)]
pub(super) struct CvAnchor {
    pub(super) id: KeyId,
    pub(super) key: RsaPublicKey,
    pub(super) public_keys: bool,
}

/// All authorities that the user has named.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    anchors: Vec<Anchor>,
    cv: Vec<CvAnchor>,
    mdoc: Vec<MdocRoot>,
}

impl Trust {
    /// Trusts an authority's certificate, DER; one with a key on an elliptic curve as a root of mdocs. `public_keys` states that anyone can sign with the authority's key.
    ///
    /// # Errors
    /// [`NoAnchor`].
    pub fn certificate(&mut self, der: &[u8], public_keys: bool) -> Result<(), NoAnchor> {
        let certificate = Certificate::from_der(der).map_err(|_| NoAnchor)?;
        if is_on_curve(&certificate) {
            let der = der.to_vec();
            self.mdoc.push(MdocRoot { der, public_keys });
            return Ok(());
        }
        let key = key_of(&certificate).map_err(|_| NoAnchor)?;
        let bits = &certificate.tbs_certificate.subject_public_key_info.subject_public_key;
        let id = IssuerId::of_key(bits.raw_bytes());
        self.anchors.push(Anchor {
            certificate,
            key,
            id,
            public_keys,
        });
        Ok(())
    }

    /// Trusts a key that certifies data-signing keys of municipalities.
    pub fn cv_key(&mut self, id: KeyId, key: RsaPublicKey, public_keys: bool) {
        self.cv.push(CvAnchor { id, key, public_keys });
    }

    /// Whether the authority with this key is named.
    #[must_use]
    pub fn has(&self, issuer: IssuerId) -> bool {
        self.authority(&issuer.0).is_some()
    }

    /// The authority with this key identifier: all generations of an authority have one name, so the name decides nothing.
    pub(super) fn authority(&self, identifier: &[u8]) -> Option<&Anchor> {
        self.anchors.iter().find(|anchor| anchor.has(identifier))
    }

    pub(super) fn mdoc_roots(&self) -> &[MdocRoot] {
        &self.mdoc
    }

    pub(super) fn cv_authority(&self, id: KeyId) -> Option<&CvAnchor> {
        self.cv.iter().find(|anchor| anchor.id == id)
    }
}

/// Whether the key of a certificate is one on P-256 or P-384.
fn is_on_curve(certificate: &Certificate) -> bool {
    let info = certificate.tbs_certificate.subject_public_key_info.to_der();
    info.is_ok_and(|der| {
        p256::PublicKey::from_public_key_der(&der).is_ok() || p384::PublicKey::from_public_key_der(&der).is_ok()
    })
}

/// The key of a certificate: RSA of 2048 to 4096 bits with e from 65537 on.
pub(super) fn key_of(certificate: &Certificate) -> Result<RsaPublicKey, Text> {
    let no_key = || fixed("the certificate's key is no RSA key", "証明書の鍵がRSA鍵ではありません");
    let info = certificate.tbs_certificate.subject_public_key_info.to_der();
    let key = RsaPublicKey::from_public_key_der(&info.map_err(|_| no_key())?).map_err(|_| no_key())?;
    let bits = key.n().bits();
    if !(2048..=4096).contains(&bits) || *key.e() < BigUint::from(65_537_u32) {
        let exponent = key.e().to_string();
        return Err(text!(
            "the certificate's key has {bits} bits and the exponent {exponent}: at least 2048 bits and 65537 are needed",
            "証明書の鍵は{bits}ビット、公開指数{exponent}です。2048ビット以上、65537以上でなければなりません"
        ));
    }
    Ok(key)
}
