//! Cardholders' certificates that are wrong in one respect, for either purpose.

use std::time::Duration;

use der::asn1::{Null, ObjectIdentifier};
use der::{DateTime, Decode, Encode};
use vmyna_apdu::{Text, text};
use vmyna_card_os::declaration::PrivateKey;
use vmyna_issuance::keys::KeyPair;
use vmyna_issuance::x509::Authority;
use vmyna_issuance::x509::names::Hierarchy;
use x509_cert::Certificate;
use x509_cert::certificate::TbsCertificate;
use x509_cert::ext::pkix::certpolicy::PolicyInformation;
use x509_cert::ext::pkix::{CertificatePolicies, ExtendedKeyUsage, KeyUsage, KeyUsages};

use crate::time::{DAY, after, before};
use crate::workshop::{MakeError, Person, Workshop};
use crate::x509;

const HOUR: Duration = Duration::from_secs(60 * 60);

const SERVER_AUTHENTICATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
const ANY_POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32.0");
/// An extension that nothing defines.
const UNKNOWN_EXTENSION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.32473.1");

/// What a certificate is, beside what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeafKind {
    /// A right one with another serial number.
    Reissued,
    /// A right one for another key.
    OtherKey,
    /// Signed by a foreign key. Names, serial number and key identifiers are those of the genuine one.
    ForeignKey,
    /// Issued by a foreign authority with the genuine one's name, whose certificate is given along.
    ForeignAuthority,
    /// A right one of an earlier generation of the authority, which is valid.
    EarlierGeneration,
    /// Issued by a generation of the authority that has ended.
    EndedAuthority,
    /// Issued by another cardholder's genuine certificate, which is given along.
    IssuedByCardholder,
    /// Issued by another hierarchy, with names of its own, whose authority's certificate is given along.
    OtherHierarchy,
    /// The genuine certificate and key for the other purpose.
    OtherPurpose,
    /// The genuine certificate of another cardholder; the key is the first one's.
    OtherPerson,
    /// A right one of the other cardholder, with the key.
    OtherPersonWithKey,
    /// A key usage that is not enough: keyEncipherment for authentication, digitalSignature alone for signatures.
    KeyUsage,
    /// The extended key usage serverAuth alone.
    ExtendedKeyUsage,
    /// Another policy.
    OtherPolicy,
    /// No policy.
    NoPolicy,
    /// anyPolicy.
    AnyPolicy,
    /// An unknown extension, critical.
    UnknownCritical,
    /// A right one with an unknown extension that is not critical.
    UnknownNotCritical,
    /// Two extensions for the key usage.
    ExtensionTwice,
    /// It ended a day ago.
    Ended,
    /// It begins in a day.
    NotBegun,
    /// A right one that began a day ago and ends in a day.
    ShortlyValid,
    /// It ended an hour ago, less than the difference between Japan's time and UTC.
    EndedAnHourAgo,
    /// A right one that ends in an hour.
    EndsInAnHour,
    /// One bit was changed after the authority signed it: in the address of the practice statement.
    ChangedBit,
    /// The signature's algorithm outside is SHA-512 with RSA, by which it is right, and inside it is SHA-256.
    OtherAlgorithm,
}

/// A certificate with its key.
pub(crate) struct Leaf {
    /// DER.
    pub(crate) certificate: Vec<u8>,
    /// The key that answers for it; not its own for [`LeafKind::OtherPerson`].
    pub(crate) key: PrivateKey,
    /// What is given along as its issuer's certificate, DER.
    pub(crate) authority: Vec<u8>,
}

impl LeafKind {
    /// What it is, as a sentence without an end.
    pub(crate) fn what(self) -> Text {
        match self {
            Self::Reissued => text!("the certificate was issued again", "証明書は再発行されたもの"),
            Self::OtherKey => text!("the certificate is for another key", "証明書は別の鍵のもの"),
            Self::ForeignKey => text!(
                "a foreign key has signed the certificate; names, serial number and key identifiers are genuine",
                "証明書への署名は別の鍵によるもの。名前、シリアル番号、鍵識別子は本物と同じ"
            ),
            Self::ForeignAuthority => text!(
                "a foreign authority with the genuine one's name has issued the certificate, and its own certificate is on the card",
                "本物と同じ名前の別の認証局が発行し、その証明書がカードにある"
            ),
            Self::EarlierGeneration => text!(
                "an earlier generation of the authority has issued the certificate",
                "認証局の前の世代が発行した証明書"
            ),
            Self::EndedAuthority => text!(
                "the certificate of the issuing authority has ended",
                "発行した認証局の証明書が満了している"
            ),
            Self::IssuedByCardholder => text!(
                "another cardholder's key has issued the certificate, and that cardholder's certificate is in the place of the authority's",
                "別の利用者の鍵が発行し、その利用者の証明書が認証局の証明書の場所にある"
            ),
            Self::OtherHierarchy => text!(
                "an authority that is not trusted, with a name of its own, has issued the certificate",
                "信頼されていない、別の名前の認証局が発行した証明書"
            ),
            Self::OtherPurpose => text!(
                "certificate and key are those for the other purpose",
                "証明書と鍵が別の用途のもの"
            ),
            Self::OtherPerson => text!(
                "the certificate is another cardholder's, and the key is not",
                "証明書は別の利用者のもので、鍵は異なる"
            ),
            Self::OtherPersonWithKey => text!(
                "certificate and key are another cardholder's",
                "証明書と鍵は別の利用者のもの"
            ),
            Self::KeyUsage => text!(
                "the key usage is not that of the profile",
                "鍵用途がプロファイルと異なる"
            ),
            Self::ExtendedKeyUsage => text!(
                "the extended key usage is serverAuth alone",
                "拡張鍵用途がserverAuthだけ"
            ),
            Self::OtherPolicy => text!("the policy is another", "ポリシーが異なる"),
            Self::NoPolicy => text!("the certificate states no policy", "証明書にポリシーがない"),
            Self::AnyPolicy => text!("the policy is anyPolicy", "ポリシーがanyPolicy"),
            Self::UnknownCritical => text!("an unknown extension is critical", "未知の拡張がクリティカル"),
            Self::UnknownNotCritical => text!(
                "an unknown extension is not critical",
                "未知の拡張があるが、クリティカルではない"
            ),
            Self::ExtensionTwice => text!("the key usage is there twice", "鍵用途の拡張が2つある"),
            Self::Ended => text!("the certificate ended a day ago", "証明書は1日前に満了した"),
            Self::NotBegun => text!("the certificate begins in a day", "証明書は1日後に有効になる"),
            Self::ShortlyValid => text!(
                "the certificate began a day ago and ends in a day",
                "証明書は1日前から1日後まで有効"
            ),
            Self::EndedAnHourAgo => text!(
                "the certificate ended an hour ago, nine hours before the same time in Japan",
                "証明書は1時間前に満了した。UTCを日本時間と読めば、まだ有効に見える"
            ),
            Self::EndsInAnHour => text!("the certificate ends in an hour", "証明書は1時間後に満了する"),
            Self::ChangedBit => text!(
                "one bit of the certificate was changed after it was signed",
                "署名の後に証明書の1ビットが変えられた"
            ),
            Self::OtherAlgorithm => text!(
                "the signature's algorithm is SHA-512 with RSA outside and SHA-256 with RSA inside",
                "署名アルゴリズムが外側はSHA-512、内側はSHA-256"
            ),
        }
    }

    /// The serial number of a certificate of this kind and purpose, where it is not a genuine one's.
    pub(crate) fn serial(self, workshop: &Workshop, hierarchy: Hierarchy) -> u32 {
        x509::serial(workshop, &format!("{self:?} {hierarchy:?}"))
    }

    /// Makes it.
    pub(crate) fn make(self, workshop: &Workshop, hierarchy: Hierarchy) -> Result<Leaf, MakeError> {
        let authority = workshop.authority(hierarchy)?;
        let (own, other) = (Person::A, Person::B);
        let genuine = |person| x509::genuine(workshop, person, hierarchy);
        let leaf = |certificate: Vec<u8>| {
            Ok(Leaf {
                certificate,
                key: genuine(own)?.key.clone(),
                authority: authority.certificate().to_vec(),
            })
        };
        let changed = |change: &dyn Fn(&mut TbsCertificate) -> Result<(), MakeError>| {
            x509::changed(workshop, (own, hierarchy), |fields| {
                x509::set_serial(fields, self.serial(workshop, hierarchy));
                change(fields)
            })
        };
        let issued = |change: &dyn Fn(&mut TbsCertificate) -> Result<(), MakeError>| {
            leaf(x509::certify(changed(change)?, authority)?)
        };
        let issued_by = |issuer: &Authority, change: &dyn Fn(&mut TbsCertificate) -> Result<(), MakeError>| {
            let fields = changed(&|fields| {
                x509::set_issuer(fields, issuer.parsed())?;
                change(fields)
            })?;
            Ok(Leaf {
                authority: issuer.certificate().to_vec(),
                ..leaf(x509::certify(fields, issuer)?)?
            })
        };
        let now = workshop.now();
        match self {
            Self::Reissued => issued(&|_| Ok(())),
            Self::OtherKey => {
                let key = KeyPair::new(&workshop.forged_key("leaf")?)?;
                Ok(Leaf {
                    key: key.private,
                    ..issued(&|fields| x509::set_key(fields, &key.public))?
                })
            }
            Self::ForeignKey => {
                let foreign = x509::foreign(workshop, hierarchy, "authority")?;
                let fields = x509::changed(workshop, (own, hierarchy), |_| Ok(()))?;
                leaf(x509::certify(fields, &foreign)?)
            }
            Self::ForeignAuthority => issued_by(&x509::foreign(workshop, hierarchy, "authority")?, &|_| Ok(())),
            Self::EarlierGeneration => {
                let earlier = &workshop.generations(hierarchy)?.earlier;
                issued_by(earlier, &|fields| x509::set_end(fields, ends_within(fields, earlier)))
            }
            Self::EndedAuthority => {
                let ended = &workshop.generations(hierarchy)?.ended;
                issued_by(ended, &|fields| x509::set_begin(fields, before(ended.end(), 30 * DAY)?))
            }
            Self::IssuedByCardholder => {
                let issuer = Certificate::from_der(&genuine(other)?.certificate)?;
                let key = match hierarchy {
                    Hierarchy::Signature => &workshop.card_keys(other).sign,
                    Hierarchy::Authentication => &workshop.card_keys(other).auth,
                };
                let issuer_key = x509::private_key(&key.private)?;
                let fields = changed(&|fields| x509::set_issuer(fields, &issuer))?;
                Ok(Leaf {
                    authority: issuer.to_der()?,
                    ..leaf(x509::sign(fields, &issuer_key)?)?
                })
            }
            Self::OtherHierarchy => {
                let key = workshop.forged_key("other hierarchy")?;
                let second = x509::second_hierarchy(workshop, hierarchy, &key)?;
                let fields = changed(&|fields| x509::set_issuer(fields, &second))?;
                Ok(Leaf {
                    authority: second.to_der()?,
                    ..leaf(x509::sign(fields, &key)?)?
                })
            }
            Self::OtherPurpose => {
                let other = match hierarchy {
                    Hierarchy::Signature => Hierarchy::Authentication,
                    Hierarchy::Authentication => Hierarchy::Signature,
                };
                let genuine = x509::genuine(workshop, own, other)?;
                Ok(Leaf {
                    certificate: genuine.certificate.clone(),
                    key: genuine.key.clone(),
                    authority: workshop.authority(other)?.certificate().to_vec(),
                })
            }
            Self::OtherPerson => leaf(genuine(other)?.certificate.clone()),
            Self::OtherPersonWithKey => Ok(Leaf {
                key: genuine(other)?.key.clone(),
                ..leaf(genuine(other)?.certificate.clone())?
            }),
            Self::KeyUsage => {
                let usage = match hierarchy {
                    Hierarchy::Signature => KeyUsages::DigitalSignature,
                    Hierarchy::Authentication => KeyUsages::KeyEncipherment,
                };
                issued(&|fields| x509::replace(fields, x509::KEY_USAGE, &KeyUsage(usage.into())))
            }
            Self::ExtendedKeyUsage => issued(&|fields| {
                let usage = ExtendedKeyUsage(vec![SERVER_AUTHENTICATION]);
                x509::replace(fields, x509::EXTENDED_KEY_USAGE, &usage)
            }),
            Self::OtherPolicy => issued(&|fields| set_policy(fields, other_policy(hierarchy))),
            Self::NoPolicy => issued(&|fields| {
                x509::remove(fields, x509::POLICIES);
                Ok(())
            }),
            Self::AnyPolicy => issued(&|fields| set_policy(fields, ANY_POLICY)),
            Self::UnknownCritical => issued(&|fields| x509::add(fields, UNKNOWN_EXTENSION, true, &Null)),
            Self::UnknownNotCritical => issued(&|fields| x509::add(fields, UNKNOWN_EXTENSION, false, &Null)),
            Self::ExtensionTwice => issued(&|fields| {
                let (_, usage): (bool, KeyUsage) =
                    fields.get()?.ok_or(MakeError::Form("a certificate has a key usage"))?;
                x509::add(fields, x509::KEY_USAGE, true, &usage)
            }),
            Self::Ended => issued(&|fields| x509::set_end(fields, before(now, DAY)?)),
            Self::NotBegun => issued(&|fields| x509::set_begin(fields, after(now, DAY)?)),
            Self::ShortlyValid => issued(&|fields| {
                x509::set_begin(fields, before(now, DAY)?)?;
                x509::set_end(fields, after(now, DAY)?)
            }),
            Self::EndedAnHourAgo => issued(&|fields| x509::set_end(fields, before(now, HOUR)?)),
            Self::EndsInAnHour => issued(&|fields| x509::set_end(fields, after(now, HOUR)?)),
            Self::ChangedBit => {
                let mut leaf = issued(&|_| Ok(()))?;
                const FILE: &[u8] = b"/cps.txt";
                let at = leaf.certificate.windows(FILE.len()).position(|window| window == FILE);
                let at = at.ok_or(MakeError::Form("a certificate names a practice statement"))?;
                leaf.certificate[at + 1] ^= 1;
                Ok(leaf)
            }
            Self::OtherAlgorithm => leaf(x509::certify_by_other_algorithm(changed(&|_| Ok(()))?, authority)?),
        }
    }
}

/// A policy that no certificate of these hierarchies states.
const fn other_policy(hierarchy: Hierarchy) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(match hierarchy {
        Hierarchy::Signature => "1.2.392.200149.8.5.1.3.21",
        Hierarchy::Authentication => "1.2.392.200149.8.5.1.3.31",
    })
}

fn set_policy(fields: &mut TbsCertificate, policy: ObjectIdentifier) -> Result<(), MakeError> {
    let found: Option<(bool, CertificatePolicies)> = fields.get()?;
    let (_, mut policies) = found.ok_or(MakeError::Form("a certificate states a policy"))?;
    let one: &mut PolicyInformation = policies
        .0
        .first_mut()
        .ok_or(MakeError::Form("a certificate states a policy"))?;
    one.policy_identifier = policy;
    x509::replace(fields, x509::POLICIES, &policies)
}

/// The end of a certificate, or that of the authority if it is earlier.
fn ends_within(fields: &TbsCertificate, authority: &Authority) -> DateTime {
    fields.validity.not_after.to_date_time().min(authority.end())
}
