//! Certificates and revocation lists with changed fields, signed by any key.
//!
//! A forged certificate begins as a genuine one: what is not changed stays as the authority issued it.

use der::asn1::{BitString, ObjectIdentifier, OctetString};
use der::{DateTime, Decode, Encode};
use rsa::pkcs8::DecodePrivateKey;
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, RsaPrivateKey, RsaPublicKey};
use sha2::{Digest, Sha256, Sha512};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use vmyna_applets::jpki::CertifiedKey;
use vmyna_authority::register::{DistributionPoint, IssuerId, RevokedCertificate, distribution_point};
use vmyna_authority::revocation_list::{self, ListError, Scope};
use vmyna_card_os::declaration::PrivateKey;
use vmyna_issuance::municipalities;
use vmyna_issuance::validity::x509_time;
use vmyna_issuance::x509::Authority;
use vmyna_issuance::x509::names::{self, Hierarchy};
use x509_cert::Certificate;
use x509_cert::certificate::TbsCertificate;
use x509_cert::crl::{CertificateList, TbsCertList};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName, OtherName};
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, SubjectAltName, SubjectKeyIdentifier};
use x509_cert::serial_number::SerialNumber;

use crate::workshop::{MakeError, Person, Workshop};

/// id-ce-subjectKeyIdentifier.
pub const SUBJECT_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
/// id-ce-keyUsage.
pub const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
/// id-ce-subjectAltName.
pub const ALTERNATIVE_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
/// id-ce-certificatePolicies.
pub const POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32");
/// id-ce-authorityKeyIdentifier.
pub const AUTHORITY_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
/// id-ce-extKeyUsage.
pub const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");

const SHA512_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");

/// The certificate and key that a cardholder's genuine card has for a purpose.
///
/// # Errors
/// [`MakeError::Form`] never in practice: both cardholders have both.
pub fn genuine(workshop: &Workshop, person: Person, hierarchy: Hierarchy) -> Result<&CertifiedKey, MakeError> {
    let jpki = &workshop.card(person).jpki;
    let key = match hierarchy {
        Hierarchy::Signature => &jpki.sign,
        Hierarchy::Authentication => &jpki.auth,
    };
    key.as_ref()
        .ok_or(MakeError::Form("both cardholders have both certificates"))
}

/// The fields of a certificate, DER.
///
/// # Errors
/// [`MakeError::Asn1`]
pub fn fields(certificate: &[u8]) -> Result<TbsCertificate, MakeError> {
    Ok(Certificate::from_der(certificate)?.tbs_certificate)
}

/// The fields of the genuine certificate of a cardholder, with a change.
///
/// # Errors
/// [`MakeError`]
pub fn changed(
    workshop: &Workshop,
    (person, hierarchy): (Person, Hierarchy),
    change: impl FnOnce(&mut TbsCertificate) -> Result<(), MakeError>,
) -> Result<TbsCertificate, MakeError> {
    let mut fields = fields(&genuine(workshop, person, hierarchy)?.certificate)?;
    change(&mut fields)?;
    Ok(fields)
}

/// The signature of a message by a key: RSASSA-PKCS1-v1_5 with SHA-256.
///
/// # Errors
/// [`MakeError::Form`], when the key can't sign.
pub fn signature(message: &[u8], key: &RsaPrivateKey) -> Result<Vec<u8>, MakeError> {
    let signed = key.sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message));
    signed.map_err(|_| CANNOT_SIGN)
}

const CANNOT_SIGN: MakeError = MakeError::Form("a key signs");

/// A certificate with these fields, DER, signed by a key with SHA-256.
///
/// # Errors
/// [`MakeError`]
pub fn sign(fields: TbsCertificate, key: &RsaPrivateKey) -> Result<Vec<u8>, MakeError> {
    let signature = signature(&fields.to_der()?, key)?;
    assemble(fields.signature.clone(), fields, &signature)
}

/// A certificate with these fields, DER, signed by an authority.
///
/// # Errors
/// [`MakeError`]
pub fn certify(fields: TbsCertificate, authority: &Authority) -> Result<Vec<u8>, MakeError> {
    let signature = authority.key().sign_message(&fields.to_der()?)?;
    assemble(fields.signature.clone(), fields, &signature)
}

/// A certificate whose outer algorithm is SHA-512 with RSA. The signature is right by it, and the inner algorithm is another.
///
/// # Errors
/// [`MakeError`]
pub fn certify_by_other_algorithm(fields: TbsCertificate, authority: &Authority) -> Result<Vec<u8>, MakeError> {
    /// `DigestInfo` of SHA-512 up to the digest (RFC 8017, 9.2, note 1).
    const PREFIX: [u8; 19] = [
        0x30, 0x51, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04,
        0x40,
    ];
    let digest_info = [&PREFIX[..], &Sha512::digest(fields.to_der()?)].concat();
    let signature = authority.key().sign_digest_info(&digest_info)?;
    let outer = AlgorithmIdentifierOwned {
        oid: SHA512_WITH_RSA,
        ..fields.signature.clone()
    };
    assemble(outer, fields, &signature)
}

/// A certificate of these parts, DER, whether or not they fit.
///
/// # Errors
/// [`MakeError::Asn1`]
pub fn assemble(
    signature_algorithm: AlgorithmIdentifierOwned,
    tbs_certificate: TbsCertificate,
    signature: &[u8],
) -> Result<Vec<u8>, MakeError> {
    let certificate = Certificate {
        tbs_certificate,
        signature_algorithm,
        signature: BitString::from_bytes(signature)?,
    };
    Ok(certificate.to_der()?)
}

fn all(fields: &mut TbsCertificate) -> &mut Vec<Extension> {
    fields.extensions.get_or_insert_default()
}

/// An extension.
///
/// # Errors
/// [`MakeError::Asn1`]
pub fn extension(extn_id: ObjectIdentifier, critical: bool, value: &impl Encode) -> Result<Extension, MakeError> {
    Ok(Extension {
        extn_id,
        critical,
        extn_value: OctetString::new(value.to_der()?)?,
    })
}

/// Gives the first extension with this identifier another value. Its place and criticality stay.
///
/// # Errors
/// [`MakeError::Form`], when there is none.
pub fn replace(fields: &mut TbsCertificate, id: ObjectIdentifier, value: &impl Encode) -> Result<(), MakeError> {
    let found = all(fields).iter_mut().find(|one| one.extn_id == id);
    let found = found.ok_or(MakeError::Form(
        "a genuine certificate has the extension that is replaced",
    ))?;
    found.extn_value = OctetString::new(value.to_der()?)?;
    Ok(())
}

/// Adds an extension at the end.
///
/// # Errors
/// [`MakeError::Asn1`]
pub fn add(
    fields: &mut TbsCertificate,
    id: ObjectIdentifier,
    critical: bool,
    value: &impl Encode,
) -> Result<(), MakeError> {
    all(fields).push(extension(id, critical, value)?);
    Ok(())
}

/// Takes every extension with this identifier away.
pub fn remove(fields: &mut TbsCertificate, id: ObjectIdentifier) {
    all(fields).retain(|one| one.extn_id != id);
}

/// Sets the key and its identifier.
///
/// # Errors
/// [`MakeError`]
pub fn set_key(fields: &mut TbsCertificate, key: &RsaPublicKey) -> Result<(), MakeError> {
    // Other than the library's function this also writes keys that no program should accept.
    let integers = der::asn1::UintRef::new(&key.n().to_bytes_be())?.to_der()?;
    let mut content = integers;
    content.extend(der::asn1::UintRef::new(&key.e().to_bytes_be())?.to_der()?);
    let sequence = der::Any::new(der::Tag::Sequence, content)?.to_der()?;
    let info = SubjectPublicKeyInfoOwned {
        algorithm: fields.subject_public_key_info.algorithm.clone(),
        subject_public_key: BitString::from_bytes(&sequence)?,
    };
    let identifier = IssuerId::of_key(info.subject_public_key.raw_bytes());
    fields.subject_public_key_info = info;
    let identifier = SubjectKeyIdentifier(OctetString::new(identifier.0)?);
    replace(fields, SUBJECT_KEY_IDENTIFIER, &identifier)
}

/// Sets the issuer to the subject of that certificate: its name, and all three parts of the authority key identifier.
///
/// # Errors
/// [`MakeError`]
pub fn set_issuer(fields: &mut TbsCertificate, issuer: &Certificate) -> Result<(), MakeError> {
    let issuer = &issuer.tbs_certificate;
    fields.issuer = issuer.subject.clone();
    let identifier = IssuerId::of_key(issuer.subject_public_key_info.subject_public_key.raw_bytes());
    let identifier = AuthorityKeyIdentifier {
        key_identifier: Some(OctetString::new(identifier.0)?),
        authority_cert_issuer: Some(vec![GeneralName::DirectoryName(issuer.issuer.clone())]),
        authority_cert_serial_number: Some(issuer.serial_number.clone()),
    };
    replace(fields, AUTHORITY_KEY_IDENTIFIER, &identifier)
}

/// Sets the serial number.
pub fn set_serial(fields: &mut TbsCertificate, serial: u32) {
    fields.serial_number = SerialNumber::from(serial);
}

/// Sets the beginning, UTC.
///
/// # Errors
/// [`MakeError::Asn1`]
pub fn set_begin(fields: &mut TbsCertificate, begin: DateTime) -> Result<(), MakeError> {
    fields.validity.not_before = x509_time(begin)?;
    Ok(())
}

/// Sets the end, UTC.
///
/// # Errors
/// [`MakeError::Asn1`]
pub fn set_end(fields: &mut TbsCertificate, end: DateTime) -> Result<(), MakeError> {
    fields.validity.not_after = x509_time(end)?;
    Ok(())
}

/// Changes the names in the alternative name, in which a certificate for signatures has the four attributes.
///
/// # Errors
/// [`MakeError::Form`], when there are none.
pub fn change_names(
    fields: &mut TbsCertificate,
    change: impl FnOnce(&mut Vec<GeneralName>) -> Result<(), MakeError>,
) -> Result<(), MakeError> {
    let found: Option<(bool, SubjectAltName)> = fields.get()?;
    let (_, mut names) = found.ok_or(MakeError::Form("a certificate for signatures has an alternative name"))?;
    change(&mut names.0)?;
    replace(fields, ALTERNATIVE_NAME, &names)
}

/// One of those names: a UTF8String under an identifier of [`names::attribute`].
///
/// # Errors
/// [`MakeError::Asn1`]
pub fn other_name(type_id: ObjectIdentifier, text: &str) -> Result<GeneralName, MakeError> {
    let value = der::Any::from(der::asn1::Utf8StringRef::new(text)?);
    Ok(GeneralName::OtherName(OtherName { type_id, value }))
}

/// Gives the value with this identifier another text.
///
/// # Errors
/// [`MakeError::Form`], when there is none.
pub fn set_other_name(fields: &mut TbsCertificate, id: ObjectIdentifier, text: &str) -> Result<(), MakeError> {
    change_names(fields, |names| {
        let is = |name: &&mut GeneralName| matches!(name, GeneralName::OtherName(other) if other.type_id == id);
        let found = names.iter_mut().find(is);
        *found.ok_or(MakeError::Form("a certificate for signatures has each attribute"))? = other_name(id, text)?;
        Ok(())
    })
}

/// A forger's authority with the names of the genuine one and a key of its own: the one with this label.
///
/// # Errors
/// [`MakeError`]
pub fn foreign(workshop: &Workshop, hierarchy: Hierarchy, label: &str) -> Result<Authority, MakeError> {
    let genuine = workshop.authority(hierarchy)?;
    let key = workshop.forged_key(label)?;
    let serial = serial(workshop, &format!("{label} authority"));
    Ok(Authority::establish(hierarchy, key, serial, genuine.begin())?.with_service(genuine.service().clone()))
}

/// The certificate of an authority of another hierarchy of this purpose: its name, key and identifiers are its own.
///
/// # Errors
/// [`MakeError`]
pub fn second_hierarchy(
    workshop: &Workshop,
    hierarchy: Hierarchy,
    key: &RsaPrivateKey,
) -> Result<Certificate, MakeError> {
    /// In place of [`names::ORGANISATION`], of the same length.
    const OTHER: &[u8] = b"JPKI-2ND-";
    let genuine = workshop.authority(hierarchy)?.certificate();
    let own = names::ORGANISATION.as_bytes();
    let mut der = genuine.to_vec();
    for at in 0..=der.len().saturating_sub(own.len()) {
        if der[at..].starts_with(own) {
            der[at..at + own.len()].copy_from_slice(OTHER);
        }
    }
    let mut fields = fields(&der)?;
    set_key(&mut fields, &key.to_public_key())?;
    set_serial(&mut fields, serial(workshop, "second hierarchy"));
    Ok(Certificate::from_der(&sign(fields, key)?)?)
}

/// A card's private key, as the library has it.
///
/// # Errors
/// [`MakeError::Form`] if it is not RSA.
pub fn private_key(key: &PrivateKey) -> Result<RsaPrivateKey, MakeError> {
    RsaPrivateKey::from_pkcs8_der(key.as_pkcs8_der()).map_err(|_| MakeError::Form("a card's key is RSA"))
}

/// A serial number drawn from the seed: three bytes, as cardholders' certificates have, and another for each label.
#[must_use]
pub fn serial(workshop: &Workshop, label: &str) -> u32 {
    let seed = workshop.seed(&format!("serial {label}"));
    // Genuine cards of the workshop have the lowest ones.
    0x20_0000 | u32::from_be_bytes([0, seed[0], seed[1], seed[2]]) & 0x3F_FFFF
}

/// A list in a folder: its name and its DER.
pub type NamedList = (String, Vec<u8>);

/// What of the lists of an authority is another than genuine.
pub type ChangeList<'a> = &'a dyn Fn(&mut TbsCertList) -> Result<(), MakeError>;

fn made(list: Result<Vec<u8>, ListError>) -> Result<Vec<u8>, MakeError> {
    list.map_err(|error| match error {
        ListError::Issuance(error) => error.into(),
        _ => MakeError::Form("a list needs no register"),
    })
}

/// The distribution point of the certificates of both cardholders.
///
/// # Errors
/// [`MakeError`]
pub fn own_point(workshop: &Workshop, hierarchy: Hierarchy) -> Result<DistributionPoint, MakeError> {
    let fields = fields(&genuine(workshop, Person::A, hierarchy)?.certificate)?;
    let name = distribution_point(&fields)?.ok_or(MakeError::Form("a certificate has a distribution point"))?;
    Ok(DistributionPoint {
        municipality: workshop.order(Person::A).person.municipality.code.to_string(),
        name: name.to_der()?,
    })
}

/// The distribution point of another municipality.
///
/// # Errors
/// [`MakeError`]
pub fn other_point(workshop: &Workshop, hierarchy: Hierarchy) -> Result<DistributionPoint, MakeError> {
    let own = workshop.order(Person::A).person.municipality.code;
    let other = municipalities::all().iter().find(|entry| entry.code() != own);
    let other = other
        .ok_or(MakeError::Form("there are two municipalities"))?
        .municipality();
    let name = names::distribution_point(hierarchy, &other)?;
    Ok(DistributionPoint {
        municipality: other.code.to_string(),
        name: DistributionPointName::FullName(vec![GeneralName::DirectoryName(name)]).to_der()?,
    })
}

/// A list of an authority as of a time, DER.
///
/// # Errors
/// [`MakeError`]
pub fn list(
    authority: &Authority,
    revoked: &[RevokedCertificate],
    scope: &Scope,
    at: DateTime,
) -> Result<Vec<u8>, MakeError> {
    made(revocation_list::of_certificates(authority, revoked, scope, at))
}

/// A list with a change, signed by an authority's key, DER. The authority need not be the one that it names.
///
/// # Errors
/// [`MakeError`]
pub fn change_list(list: &[u8], authority: &Authority, change: ChangeList<'_>) -> Result<Vec<u8>, MakeError> {
    let mut list = CertificateList::from_der(list)?;
    change(&mut list.tbs_cert_list)?;
    let signature = authority.key().sign_message(&list.tbs_cert_list.to_der()?)?;
    list.signature = BitString::from_bytes(&signature)?;
    Ok(list.to_der()?)
}

/// The lists of an authority as of a time, under the name that begins so: the complete one, that of the cardholders'
/// municipality, and that of another one.
///
/// # Errors
/// [`MakeError`]
pub fn lists_of(
    workshop: &Workshop,
    (name, authority): (&str, &Authority),
    revoked: &[RevokedCertificate],
    at: DateTime,
) -> Result<Vec<NamedList>, MakeError> {
    let mut lists = vec![(format!("{name}.crl"), list(authority, revoked, &Scope::Complete, at)?)];
    let (own, other) = (
        own_point(workshop, authority.hierarchy())?,
        other_point(workshop, authority.hierarchy())?,
    );
    for (point, revoked) in [(own, revoked), (other, &[])] {
        let file = format!("{name}-{}.crl", point.municipality);
        lists.push((file, list(authority, revoked, &Scope::Municipality(point), at)?));
    }
    Ok(lists)
}

/// The authorities that a program is given, each with a name for its files: those at hand of every generation, and those of
/// [`Workshop::generations`].
///
/// # Errors
/// [`MakeError`]
pub fn authorities(workshop: &Workshop) -> Result<Vec<(String, &Authority)>, MakeError> {
    let name = |authority: &Authority| {
        let ca = match authority.hierarchy() {
            Hierarchy::Signature => "sign-ca",
            Hierarchy::Authentication => "auth-ca",
        };
        format!("{ca}-{}", authority.begin().year())
    };
    let mut all: Vec<&Authority> = workshop.desk().certifying().collect();
    for hierarchy in [Hierarchy::Signature, Hierarchy::Authentication] {
        let generations = workshop.generations(hierarchy)?;
        all.extend([&generations.earlier, &generations.ended]);
    }
    let mut named: Vec<(String, &Authority)> = Vec::new();
    for authority in all {
        let name = name(authority);
        let taken = named.iter().filter(|(other, _)| other.starts_with(&name)).count();
        let name = if taken == 0 {
            name
        } else {
            format!("{name}-{}", taken + 1)
        };
        named.push((name, authority));
    }
    Ok(named)
}

/// The genuine lists of all of them and of the roots of mdocs as of a time: nothing is revoked.
///
/// # Errors
/// [`MakeError`]
pub fn genuine_lists(workshop: &Workshop, at: DateTime) -> Result<Vec<NamedList>, MakeError> {
    let mut lists = Vec::new();
    for (name, authority) in authorities(workshop)? {
        lists.extend(lists_of(workshop, (&name, authority), &[], at)?);
    }
    lists.extend(crate::mdoc::lists(workshop, at)?);
    Ok(lists)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::LazyLock;

    use super::*;
    use crate::workshop::Anchors;

    static WORKSHOP: LazyLock<Workshop> = LazyLock::new(|| {
        let now = "2026-11-30T00:00:00Z".parse().unwrap();
        Workshop::new(Anchors::built_in().unwrap(), [3; 32], now).unwrap()
    });
    const AUTH: Hierarchy = Hierarchy::Authentication;

    #[test]
    fn a_certificate_issued_again_without_a_change_is_the_same() {
        for hierarchy in [AUTH, Hierarchy::Signature] {
            let authority = WORKSHOP.authority(hierarchy).unwrap();
            let again = |change: fn(&mut TbsCertificate) -> Result<(), MakeError>| {
                certify(changed(&WORKSHOP, (Person::A, hierarchy), change).unwrap(), authority).unwrap()
            };
            let card = genuine(&WORKSHOP, Person::A, hierarchy).unwrap();
            assert_eq!(again(|_| Ok(())), card.certificate);
            // The identifiers that are written here are those that the authority writes.
            let fields = fields(&card.certificate).unwrap();
            let (before, issuer) = (fields.clone(), authority.parsed());
            let mut after = fields;
            set_issuer(&mut after, issuer).unwrap();
            let key = match hierarchy {
                Hierarchy::Signature => &WORKSHOP.card_keys(Person::A).sign,
                Hierarchy::Authentication => &WORKSHOP.card_keys(Person::A).auth,
            };
            set_key(&mut after, &key.public).unwrap();
            assert_eq!(after, before);
        }
    }

    #[test]
    fn every_generation_has_the_same_name_and_another_key() {
        let all = authorities(&WORKSHOP).unwrap();
        let auth: Vec<_> = all.iter().filter(|(_, one)| one.hierarchy() == AUTH).collect();
        assert!(auth.len() >= 3);
        let fields = |one: &Authority| one.parsed().tbs_certificate.clone();
        let keys: BTreeSet<_> = auth
            .iter()
            .map(|(_, one)| fields(one).subject_public_key_info.to_der().unwrap())
            .collect();
        let names: BTreeSet<_> = auth
            .iter()
            .map(|(_, one)| fields(one).subject.to_der().unwrap())
            .collect();
        let files: BTreeSet<_> = auth.iter().map(|(name, _)| name).collect();
        assert_eq!((keys.len(), names.len(), files.len()), (auth.len(), 1, auth.len()));
        let generations = WORKSHOP.generations(AUTH).unwrap();
        assert!(generations.ended.end() < WORKSHOP.now() && WORKSHOP.now() < generations.earlier.end());
    }
}
