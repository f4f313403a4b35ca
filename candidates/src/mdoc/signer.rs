//! The document signer: its certificate, its revocation, its algorithm, and the times of what it has signed.

use ciborium::Value;
use coset::{Algorithm, iana};
use der::asn1::{ObjectIdentifier, OctetString};
use der::oid::AssociatedOid;
use der::{DateTime, Encode};
use sha2::{Digest, Sha384};
use vmyna_apdu::{Text, text};
use vmyna_authority::register::RevokedSigner;
use vmyna_authority::revocation_list::{of_mdoc_root, root_id};
use vmyna_issuance::mdoc::{MdocAuthority, Root};
use vmyna_issuance::x509::ServiceUrl;
use vmyna_mdoc::SignerKey;
use x509_cert::Certificate;
use x509_cert::certificate::TbsCertificate;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, CrlDistributionPoints, ExtendedKeyUsage, KeyUsage, KeyUsages};

use super::answer::put;
use super::phone::{Phone, time};
use super::{
    GENUINE, M06, M07a, M07b, M08a, M08b, M09a, M09b, M10a, M10b, M10c, M15a, M15b, M21, REVOCATION, notable, twin,
    wrong,
};
use crate::candidate::{Candidate, Candidates, Check, Group};
use crate::time::days_from;
use crate::{MakeError, Subject, Workshop};

/// The extended key usage of a reader (ISO/IEC 18013-5, Annex B).
const READER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.0.18013.5.1.6");
/// The twin of those whose mdoc began some days ago.
const EARLIER: &str = "mdoc.issued-earlier.twin";

pub(super) fn add(all: &mut Candidates) {
    roots(all);
    usages(all);
    times(all);
    lists(all);
    algorithms(all);
    all.add(notable(
        "mdoc.status-unreachable",
        &M21,
        text!(
            "the signed object refers to a status list at an address that nothing answers (the form is `assumed`)",
            "署名されたオブジェクトが参照する状態リストのアドレスに応答がない（形式は`assumed`）"
        ),
        |workshop| {
            let phone = Phone::new(workshop)?;
            let mut answer = phone.answer()?;
            let list = Value::Map(vec![
                ("idx".into(), 7.into()),
                ("uri".into(), "http://status.vmyna.invalid/1".into()),
            ]);
            let status = Value::Map(vec![("status_list".into(), list)]);
            answer.change_object(Some(phone.signer_key()), |object| put(object, "status", status))?;
            phone.subject(&answer)
        },
    ));
}

fn roots(all: &mut Candidates) {
    all.add(wrong(
        "mdoc.foreign-root",
        &M06,
        GENUINE,
        text!(
            "a forger's root has signed the document signer's certificate; names, serial number and key identifier of the \
             issuer are the genuine ones",
            "文書署名者の証明書は偽のルートの署名による。名前、シリアル番号、発行者の鍵識別子は本物と同じ"
        ),
        |workshop| {
            let mut phone = Phone::new(workshop)?;
            let genuine = phone.signer.signer.certificate.clone();
            let (authority, root) = forger(workshop, &phone)?;
            phone.signer.signer = authority.signer(workshop.now(), 0)?.signer;
            let genuine: Certificate = der::Decode::from_der(&genuine)?;
            phone.signer.signer.certificate = phone.certificate(&root, |tbs| {
                tbs.serial_number = genuine.tbs_certificate.serial_number.clone();
                for oid in [AuthorityKeyIdentifier::OID, CrlDistributionPoints::OID] {
                    let mut extensions = genuine.tbs_certificate.extensions.iter().flatten();
                    let one = extensions.find(|one| one.extn_id == oid).cloned();
                    set(tbs, one.ok_or(MakeError::Form("a signer has these extensions"))?);
                }
                Ok(())
            })?;
            phone.subject(&phone.answer()?)
        },
    ));
    all.add(wrong(
        "mdoc.unknown-root",
        &M06,
        GENUINE,
        text!(
            "a forger's root with the genuine name and its own key identifier has signed the document signer's \
                 certificate",
            "文書署名者の証明書は、名前だけ本物で鍵識別子の異なる偽のルートの署名による"
        ),
        |workshop| {
            let mut phone = Phone::new(workshop)?;
            let (authority, _) = forger(workshop, &phone)?;
            phone.signer.signer = authority.signer(workshop.now(), 0)?.signer;
            phone.subject(&phone.answer()?)
        },
    ));
}

/// An authority with the names and times of the genuine one and a forger's keys.
fn forger(workshop: &Workshop, phone: &Phone<'_>) -> Result<(MdocAuthority, Root), MakeError> {
    let seed = workshop.seed("mdoc/forger");
    let authority = MdocAuthority::establish(&seed, phone.root.begin(), &ServiceUrl::default())?;
    let root = authority.root(workshop.now())?;
    Ok((authority, root))
}

fn usages(all: &mut Candidates) {
    let mut certificate = |name, check, what, change: fn(&mut TbsCertificate) -> Result<(), MakeError>| {
        all.add(wrong(name, check, GENUINE, what, move |workshop| {
            let phone = Phone::new(workshop)?.with_certificate(change)?;
            phone.subject(&phone.answer()?)
        }));
    };
    certificate(
        "mdoc.signer-of-a-reader",
        &M07a,
        text!(
            "the root has certified the document signer for the authentication of readers (extended key usage)",
            "ルートは文書署名者の鍵を、リーダー認証の用途（extKeyUsage）で証明している"
        ),
        |tbs| {
            let value = ExtendedKeyUsage(vec![READER]);
            set(tbs, extension(ExtendedKeyUsage::OID, &value)?);
            Ok(())
        },
    );
    certificate(
        "mdoc.signer-for-key-agreement",
        &M07b,
        text!(
            "the root has certified the document signer's key for key agreement alone (key usage)",
            "ルートは文書署名者の鍵を、鍵共有のみの用途（keyUsage）で証明している"
        ),
        |tbs| {
            let value = KeyUsage(KeyUsages::KeyAgreement.into());
            set(tbs, extension(KeyUsage::OID, &value)?);
            Ok(())
        },
    );
}

/// A critical extension.
fn extension(oid: ObjectIdentifier, value: &impl Encode) -> Result<x509_cert::ext::Extension, MakeError> {
    Ok(x509_cert::ext::Extension {
        extn_id: oid,
        critical: true,
        extn_value: OctetString::new(value.to_der()?)?,
    })
}

/// Replaces the extension of the same identifier in its place.
fn set(tbs: &mut TbsCertificate, new: x509_cert::ext::Extension) {
    for one in tbs.extensions.iter_mut().flatten() {
        if one.extn_id == new.extn_id {
            *one = new.clone();
        }
    }
}

fn times(all: &mut Candidates) {
    all.add(twin(
        EARLIER,
        &M09a,
        text!(
            "an mdoc that began ten days ago, under a certificate that began ninety days ago",
            "10日前に始まったmdoc。証明書は90日前に始まった"
        ),
        |workshop| {
            let phone = Phone::new(workshop)?.aged()?;
            phone.subject(&phone.answer()?)
        },
    ));
    all.add(wrong(
        "mdoc.signer-ended",
        &M08a,
        EARLIER,
        text!(
            "the document signer's certificate ended yesterday; the mdoc was signed before and is still valid",
            "文書署名者の証明書が昨日終了した。mdocはその前に署名され、まだ有効期間内にある"
        ),
        |workshop| {
            let end = days_from(workshop.now(), -1)?;
            let phone = Phone::new(workshop)?.aged()?.with_certificate(|tbs| {
                tbs.validity.not_after = time(end)?;
                Ok(())
            })?;
            phone.subject(&phone.answer()?)
        },
    ));
    all.add(wrong(
        "mdoc.signed-before-its-signer",
        &M08b,
        EARLIER,
        text!(
            "the object states that it was signed on the day before the document signer's certificate began",
            "署名日時が、文書署名者の証明書の開始の前日である"
        ),
        |workshop| {
            let mut phone = Phone::new(workshop)?.aged()?;
            phone.validity.signed = days_from(workshop.now(), -91)?;
            phone.subject(&phone.answer()?)
        },
    ));
    let mut dated = |name, check, what, change: fn(&mut Phone<'_>, DateTime) -> Result<(), MakeError>| {
        all.add(wrong(name, check, EARLIER, what, move |workshop| {
            let mut phone = Phone::new(workshop)?.aged()?;
            change(&mut phone, workshop.now())?;
            phone.subject(&phone.answer()?)
        }));
    };
    dated(
        "mdoc.ended",
        &M09a,
        text!("the mdoc ended yesterday", "mdocの有効期間が昨日終了した"),
        |phone, now| {
            phone.validity.valid_until = days_from(now, -1)?;
            Ok(())
        },
    );
    dated(
        "mdoc.not-yet-valid",
        &M09b,
        text!("the mdoc begins tomorrow", "mdocの有効期間が明日始まる"),
        |phone, now| {
            phone.validity.valid_from = days_from(now, 1)?;
            Ok(())
        },
    );
}

fn lists(all: &mut Candidates) {
    let mut list =
        |name, check: &'static Check, what: Text, make: fn(&Workshop, &Phone<'_>) -> Result<Vec<u8>, MakeError>| {
            let subject = move |workshop: &Workshop| {
                let phone = Phone::new(workshop)?;
                let subject = phone.subject(&phone.answer()?)?;
                let id = root_id(&phone.root)?;
                Ok(Subject {
                    lists: Some(vec![(format!("{id}.crl"), make(workshop, &phone)?)]),
                    ..subject
                })
            };
            all.add(Candidate::wrong(
                name,
                Group::Mdoc,
                REVOCATION,
                (check, GENUINE),
                what,
                subject,
            ));
        };
    list(
        "mdoc.signer-revoked",
        &M10a,
        text!(
            "the document signer is on the root's revocation list since yesterday",
            "文書署名者が、昨日からルートの失効リストにある"
        ),
        |workshop, phone| {
            let revoked = RevokedSigner {
                serial: phone.signer.serial,
                at: days_from(workshop.now(), -1)?,
            };
            made(&phone.root, &[revoked], workshop.now())
        },
    );
    list(
        "mdoc.list-ended",
        &M10b,
        text!(
            "the root's revocation list ended, so that it is not known whether the document signer is revoked",
            "ルートの失効リストの期限が切れており、文書署名者の失効の有無が分からない"
        ),
        |workshop, phone| made(&phone.root, &[], days_from(workshop.now(), -3)?),
    );
    list(
        "mdoc.list-of-a-forger",
        &M10c,
        text!(
            "a forger has signed the revocation list, which is empty and has the root's name",
            "失効リストは空で、ルートの名前だが、偽のルートが署名している"
        ),
        |workshop, phone| {
            let (_, root) = forger(workshop, phone)?;
            made(&root, &[], workshop.now())
        },
    );
}

/// The lists of the roots of mdocs as of a time, without an entry.
pub(crate) fn genuine_lists(workshop: &Workshop, at: DateTime) -> Result<Vec<(String, Vec<u8>)>, MakeError> {
    let roots = workshop.mdoc().valid_roots(at)?;
    let list = |root: &Root| Ok((format!("{}.crl", root_id(root)?), made(root, &[], at)?));
    roots.iter().map(list).collect()
}

fn made(root: &Root, revoked: &[RevokedSigner], at: DateTime) -> Result<Vec<u8>, MakeError> {
    of_mdoc_root(root, revoked, at).map_err(|_| MakeError::Form("a root makes a list"))
}

fn algorithms(all: &mut Candidates) {
    all.add(wrong(
        "mdoc.algorithm-unprotected",
        &M15a,
        GENUINE,
        text!(
            "the algorithm is in the unprotected header of issuerAuth only",
            "issuerAuthのアルゴリズムが、保護されていないヘッダにだけある"
        ),
        |workshop| {
            let phone = Phone::new(workshop)?;
            let mut answer = phone.answer()?;
            answer.change_auth(|auth| {
                auth.unprotected.alg = auth.protected.header.alg.take();
                auth.protected.original_data = None;
                auth.signature = phone.signer_key().sign(&auth.tbs_data(b""));
                Ok(())
            })?;
            phone.subject(&answer)
        },
    ));
    let es384 = |auth: &mut coset::CoseSign1| {
        auth.protected.header.alg = Some(Algorithm::Assigned(iana::Algorithm::ES384));
        auth.protected.original_data = None;
    };
    all.add(wrong(
        "mdoc.algorithm-ignored",
        &M15b,
        GENUINE,
        text!(
            "issuerAuth states ES384, and the signature is by ES256",
            "issuerAuthはES384と述べているが、署名はES256による"
        ),
        move |workshop| {
            let phone = Phone::new(workshop)?;
            let mut answer = phone.answer()?;
            answer.change_auth(|auth| {
                es384(auth);
                auth.signature = phone.signer_key().sign(&auth.tbs_data(b""));
                Ok(())
            })?;
            phone.subject(&answer)
        },
    ));
    all.add(wrong(
        "mdoc.algorithm-of-another-curve",
        &M15b,
        GENUINE,
        text!(
            "issuerAuth states ES384 and is signed with SHA-384, by a key on P-256",
            "issuerAuthはES384と述べ、SHA-384で署名されているが、鍵はP-256である"
        ),
        move |workshop| {
            let phone = Phone::new(workshop)?;
            let mut answer = phone.answer()?;
            answer.change_auth(|auth| {
                es384(auth);
                auth.signature = with_sha384(phone.signer_key(), &auth.tbs_data(b""))?;
                Ok(())
            })?;
            phone.subject(&answer)
        },
    ));
}

/// r‖s by a key on P-256 over the SHA-384 of `data`.
fn with_sha384(key: &SignerKey, data: &[u8]) -> Result<Vec<u8>, MakeError> {
    use p256::ecdsa::signature::hazmat::PrehashSigner as _;
    const NONE: MakeError = MakeError::Form("the document signer's key is on P-256");
    let SignerKey::P256(key) = key else {
        return Err(NONE);
    };
    let key = p256::ecdsa::SigningKey::from(key);
    let signature: p256::ecdsa::Signature = key.sign_prehash(&Sha384::digest(data)).map_err(|_| NONE)?;
    Ok(signature.to_vec())
}
