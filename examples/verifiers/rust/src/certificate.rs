//! X.509: the cardholder's authentication certificate, and the authority that issued it (RFC 5280).

use std::time::Duration;

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier};
use der::{Decode, Encode, Reader, SliceReader};
use sha2::Sha512;
use x509_cert::TbsCertificate;
use x509_cert::ext::pkix::{BasicConstraints, CertificatePolicies, ExtendedKeyUsage, KeyUsage};
use x509_cert::spki::AlgorithmIdentifierRef;

use crate::revocation;
use crate::signature::{Key, SHA512};
use crate::steps::{Refusal, Steps};
use crate::trust::Trust;

/// The policy of certificates for authentication, in the test hierarchy.
const POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.392.200149.8.5.1.0.30");
const CLIENT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
/// sha256WithRSAEncryption.
const ALGORITHM: &str = "1.2.840.113549.1.1.11";
/// sha512WithRSAEncryption.
const WITH_SHA512: &str = "1.2.840.113549.1.1.13";

/// The extensions that are understood: key usage, alternative names, constraints, distribution points, policies, identifiers.
const KNOWN: [&str; 9] = [
    "2.5.29.15",
    "2.5.29.17",
    "2.5.29.18",
    "2.5.29.19",
    "2.5.29.31",
    "2.5.29.32",
    "2.5.29.35",
    "2.5.29.14",
    "2.5.29.37",
];

/// Something that an authority has signed, as it was received: certificate or revocation list.
pub(crate) struct Signed<'a> {
    pub(crate) tbs: &'a [u8],
    pub(crate) algorithm: AlgorithmIdentifierRef<'a>,
    signature: &'a [u8],
}

impl<'a> Signed<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> der::Result<Self> {
        let outer = AnyRef::from_der(bytes)?;
        let mut reader = SliceReader::new(outer.value())?;
        let tbs = reader.tlv_bytes()?;
        let algorithm = reader.decode()?;
        let signature: BitStringRef<'_> = reader.decode()?;
        reader.finish(Self {
            tbs,
            algorithm,
            signature: signature.raw_bytes(),
        })
    }

    pub(crate) fn is_signed_by(&self, steps: &Steps, key: &Key) -> bool {
        let by_outer = self.algorithm.oid.to_string() == WITH_SHA512 && steps.lack("A41");
        let signed = match by_outer {
            true => key.has_signed_by::<Sha512>(steps, SHA512, self.tbs, self.signature),
            false => key.has_signed(steps, self.tbs, self.signature),
        };
        matches!(signed, Ok(true))
    }
}

/// A certificate.
pub(crate) struct Certificate {
    der: Vec<u8>,
    pub(crate) tbs: TbsCertificate,
    pub(crate) key: Key,
}

impl Certificate {
    /// From DER, with or without filler behind it.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let length = match *bytes {
            [0x30, 0x82, high, low, ..] => 4 + usize::from(u16::from_be_bytes([high, low])),
            _ => bytes.len(),
        };
        let der = bytes
            .get(..length)
            .ok_or_else(|| Refusal::form("a certificate that is cut off"))?;
        let signed = Signed::read(der).map_err(Refusal::form)?;
        let tbs = TbsCertificate::from_der(signed.tbs).map_err(Refusal::form)?;
        let key = Key::of_der(tbs.subject_public_key_info.subject_public_key.raw_bytes())?;
        Ok(Self {
            der: der.to_vec(),
            tbs,
            key,
        })
    }

    fn signed(&self) -> Result<Signed<'_>, Refusal> {
        Signed::read(&self.der).map_err(Refusal::form)
    }

    /// Whether this is an authority for authentication, by the name of its hierarchy.
    fn is_for_authentication(&self) -> bool {
        self.tbs.subject.to_string().contains("JPKI for user authentication")
    }

    /// The first extension of a kind.
    pub(crate) fn extension<'a, T: Decode<'a>>(&'a self, oid: &str) -> Option<T> {
        let mut extensions = self.tbs.extensions.iter().flatten();
        let found = extensions.find(|extension| extension.extn_id.to_string() == oid)?;
        T::from_der(found.extn_value.as_bytes()).ok()
    }

    fn may_certify(&self) -> bool {
        let authority = self
            .extension::<BasicConstraints>("2.5.29.19")
            .is_some_and(|constraints| constraints.ca);
        authority
            && self
                .extension::<KeyUsage>("2.5.29.15")
                .is_some_and(|usage| usage.key_cert_sign())
    }

    fn is_valid(&self, time: Duration, slack: Duration) -> bool {
        let validity = &self.tbs.validity;
        validity.not_before.to_unix_duration() <= time && time <= validity.not_after.to_unix_duration() + slack
    }
}

/// Verifies the certificate in EF 000A with what is trusted, and returns its key. `sent_along`: EF 000B.
pub(crate) fn verify(
    steps: &Steps,
    trust: &Trust,
    leaf: &[u8],
    sent_along: &[u8],
    revocation: bool,
) -> Result<Key, Refusal> {
    let leaf = Certificate::read(leaf)?;
    let signed = leaf.signed()?;
    let inner = leaf.tbs.signature.to_der().map_err(Refusal::form)?;
    let same = signed.algorithm.to_der().map_err(Refusal::form)? == inner;
    steps.check("A41", same, "the signature algorithm is stated twice, and differently")?;
    if leaf.tbs.signature.oid.to_string() != ALGORITHM {
        return Err(Refusal::new(
            "A41",
            "the certificate is not signed with SHA-256 and RSA",
        ));
    }
    let sent_along = Certificate::read(sent_along).ok();
    let issuer = issuer(steps, trust, &leaf, sent_along.as_ref())?;
    let authentication = issuer.is_for_authentication();
    steps.check("A18", authentication, "the certificate is not one for authentication")?;
    steps.check(
        "A26",
        issuer.is_valid(trust.time, Duration::ZERO),
        "the authority is not valid at this time",
    )?;
    steps.check("A40", leaf.key.is_good(), "the certificate's key is too short or odd")?;

    let slack = if steps.lack("A25") {
        Duration::from_secs(9 * 3600)
    } else {
        Duration::ZERO
    };
    steps.check(
        "A24",
        leaf.is_valid(trust.time, slack),
        "the certificate is not valid at this time",
    )?;
    let extensions = leaf.tbs.extensions.as_deref().unwrap_or_default();
    let count = |oid| extensions.iter().filter(|other| other.extn_id == oid).count();
    let once = extensions.iter().all(|extension| count(extension.extn_id) == 1);
    steps.check("A23", once, "an extension occurs twice")?;
    let known = |oid: ObjectIdentifier| KNOWN.contains(&&*oid.to_string());
    let understood = extensions
        .iter()
        .all(|extension| !extension.critical || known(extension.extn_id));
    steps.check("A22", understood, "a critical extension is not known")?;
    let usage: Option<KeyUsage> = leaf.extension("2.5.29.15");
    steps.check(
        "A19",
        usage.is_some_and(|usage| usage.digital_signature()),
        "the key is not for signatures",
    )?;
    // A certificate for signatures has another policy and no extended key usage: only a verifier without A18 comes here.
    if authentication {
        let usage: Option<ExtendedKeyUsage> = leaf.extension("2.5.29.37");
        steps.check(
            "A20",
            usage.is_some_and(|usage| usage.0.contains(&CLIENT)),
            "the key is not for log-in",
        )?;
        let policies: Option<CertificatePolicies> = leaf.extension("2.5.29.32");
        let own = policies.is_some_and(|all| matches!(&*all.0, [one] if one.policy_identifier == POLICY));
        steps.check("A21", own, "the certificate has another policy")?;
    }
    if revocation {
        revocation::check(steps, trust, &leaf, issuer)?;
    }
    Ok(leaf.key)
}

/// The named authority that signed the certificate. All generations have one name, so the name decides nothing.
fn issuer<'a>(
    steps: &Steps,
    trust: &'a Trust,
    leaf: &Certificate,
    sent_along: Option<&'a Certificate>,
) -> Result<&'a Certificate, Refusal> {
    let signed = leaf.signed()?;
    let has_signed = |authority: &&Certificate| signed.is_signed_by(steps, &authority.key);
    if let Some(found) = trust.authorities.iter().find(has_signed) {
        return Ok(found);
    }
    let is_named = |authority: &&Certificate| authority.tbs.subject == leaf.tbs.issuer;
    if steps.lack("A13")
        && let Some(found) = trust.authorities.iter().find(is_named)
    {
        return Ok(found);
    }
    if let Some(sent) = sent_along.filter(has_signed) {
        let own = sent.signed()?;
        let above = trust
            .authorities
            .iter()
            .find(|authority| own.is_signed_by(steps, &authority.key));
        if let Some(above) = above {
            steps.check("A16", sent.may_certify(), "the certificate's issuer is no authority")?;
            return Ok(above);
        }
        steps.check("A14", false, "the certificate's authority is in the card only")?;
        return Ok(sent);
    }
    Err(Refusal::new("A13", "the certificate is of no named authority"))
}
