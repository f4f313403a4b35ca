//! Signed data with the content beside it.

use rand_core::RngCore;
use sha2::{Digest, Sha256};
use vmyna_apdu::text;
use vmyna_authority::register::{Reason, Revocation, RevokedCertificate};
use vmyna_issuance::x509::names::Hierarchy;

use super::signed_data::{DATA, SHA_512, Signer, TIMESTAMP, signed_data};
use super::{
    S01a, S02a, S03, S04, S05a, S05b, S06, S07a, S07b, S08, S09a, S09b, S09c, S10, S11a, S11b, S12a, S12b, S12c, S12d,
    S12e, S12f, S12g, S13, S14, S21a, right, sign, wrong,
};
use crate::candidate::{Candidate, Candidates, Check, Expected, Group, Part};
use crate::forge::sign::Signer as Key;
use crate::leaf::LeafKind;
use crate::login::signer::Block;
use crate::ocsp::OcspAnswer;
use crate::subject::{MadeFile, Subject};
use crate::time::days_from;
use crate::workshop::{MakeError, Person, Workshop};
use crate::x509;

const SIGN: Hierarchy = Hierarchy::Signature;
const REVOCATION: &[Part] = &[Part::Signatures, Part::Revocation];

/// The right one of most.
const SIGNED: &str = "cms.signed";
/// The right one with two signers.
const TWO: &str = "cms.two-signers";
/// The right one with a time of signing.
const STATED_TIME: &str = "cms.signing-time";
/// The right one with a certificate that is not the signer's.
const FURTHER: &str = "cms.further-certificate";

/// The right ones with certificates that were issued again.
const REISSUED: &str = "cms.reissued";
const EXTENSION: &str = "cms.extension";
const DATES: &str = "cms.dates";

/// What is signed: a text with numbers of this seed and label.
pub(super) fn document(workshop: &Workshop, label: &str) -> Vec<u8> {
    let mut rng = workshop.rng(label);
    let (order, sum) = (rng.next_u32() % 1_000_000, rng.next_u32() % 10_000_000);
    format!("注文 Order {order:06}\r\n代金 Sum {sum} JPY\r\n").into_bytes()
}

/// Signed data and its content.
fn files(cms: Vec<u8>, content: Vec<u8>) -> Subject {
    Subject::files([(MadeFile::Cms, cms), (MadeFile::Content, content)])
}

/// The document that all of these are about, unless they change it.
fn content(workshop: &Workshop) -> Vec<u8> {
    document(workshop, "signed document")
}

/// Another one, which was not signed.
fn other(workshop: &Workshop) -> Vec<u8> {
    document(workshop, "forged document")
}

/// Cardholder A as the signer of a content.
fn signer(workshop: &Workshop, content: &[u8]) -> Result<Signer, MakeError> {
    let (certificate, key) = sign(workshop, Person::A)?;
    Ok(Signer::new(&certificate, key, content))
}

/// What one signer signs.
fn by_one(signer: &Signer) -> Result<Vec<u8>, MakeError> {
    signed_data(DATA, &[&signer.certificate], &[signer.signed()?])
}

/// The document signed by A, with a change of the signer.
fn changed(
    change: impl Fn(&Workshop, &mut Signer) -> Result<(), MakeError> + Send + Sync + 'static,
) -> impl Fn(&Workshop) -> Result<Subject, MakeError> + Send + Sync + 'static {
    move |workshop| {
        let content = content(workshop);
        let mut signer = signer(workshop, &content)?;
        change(workshop, &mut signer)?;
        Ok(files(by_one(&signer)?, content))
    }
}

/// The document signed by A, with a change of the finished signed data.
fn finished(
    change: impl Fn(&mut Vec<u8>) + Send + Sync + 'static,
) -> impl Fn(&Workshop) -> Result<Subject, MakeError> + Send + Sync + 'static {
    move |workshop| {
        let content = content(workshop);
        let mut cms = by_one(&signer(workshop, &content)?)?;
        change(&mut cms);
        Ok(files(cms, content))
    }
}

/// Adds them.
pub(super) fn add(all: &mut Candidates) {
    all.add(right(
        SIGNED,
        text!(
            "signed data with the content beside it",
            "内容を別ファイルとする署名データ"
        ),
        changed(|_, _| Ok(())),
    ));
    content_and_attributes(all);
    signers(all);
    certificates(all);
    leaves(all);
    revocation(all);
    values(all);
}

/// Content, digest, type, attributes.
fn content_and_attributes(all: &mut Candidates) {
    all.add(right(
        "cms.other-content",
        text!("another document, signed", "別の文書の署名データ"),
        |workshop| {
            let content = other(workshop);
            Ok(files(by_one(&signer(workshop, &content)?)?, content))
        },
    ));
    all.add(wrong(
        "cms.content-changed",
        (&S01a, "cms.other-content"),
        text!(
            "the document is not the one that was signed",
            "署名された文書と異なる文書"
        ),
        |workshop| {
            let signed = by_one(&signer(workshop, &content(workshop))?)?;
            Ok(files(signed, other(workshop)))
        },
    ));
    all.add(wrong(
        "cms.digest-replaced",
        (&S02a, "cms.other-content"),
        text!(
            "the digest in the attributes is that of a changed document, the signature is the old one",
            "属性のハッシュ値だけを変更後の文書に合わせ、署名値は元のまま"
        ),
        |workshop| {
            let (old, new) = (content(workshop), other(workshop));
            let value = signer(workshop, &old)?;
            let value = value.signature(&value.attributes()?)?;
            let signer = signer(workshop, &new)?;
            let info = signer.info(Some(&signer.attributes()?), &value)?;
            Ok(files(signed_data(DATA, &[&signer.certificate], &[info])?, new))
        },
    ));
    all.add(wrong(
        "cms.other-type-in-attribute",
        (&S03, SIGNED),
        text!(
            "the signed attribute states a timestamp, the signed data a document",
            "署名属性はタイムスタンプ、署名データは文書という種別"
        ),
        changed(|_, signer| {
            signer.content_type = TIMESTAMP;
            Ok(())
        }),
    ));
    all.add(wrong(
        "cms.other-type-of-content",
        (&S03, SIGNED),
        text!(
            "the signed attribute states a document, the signed data a timestamp",
            "署名属性は文書、署名データはタイムスタンプという種別"
        ),
        |workshop| {
            let content = content(workshop);
            let signer = signer(workshop, &content)?;
            let signed = signed_data(TIMESTAMP, &[&signer.certificate], &[signer.signed()?])?;
            Ok(files(signed, content))
        },
    ));
    all.add(
        right(
            "cms.without-attributes",
            text!(
                "signed data without attributes: the signature covers the content itself",
                "署名属性のない署名データ。内容そのものへの署名"
            ),
            |workshop| {
                let content = content(workshop);
                let signer = signer(workshop, &content)?;
                let info = signer.info(None, &signer.signature(&content)?)?;
                Ok(files(signed_data(DATA, &[&signer.certificate], &[info])?, content))
            },
        )
        .expecting(Expected::Either),
    );
    all.add(wrong(
        "cms.attributes-as-content",
        (&S04, SIGNED),
        text!(
            "the content is the signed attributes of another document, with their signature",
            "別の文書の署名属性を内容とし、その署名値を付けたもの"
        ),
        |workshop| {
            let signer = signer(workshop, &content(workshop))?;
            let attributes = signer.attributes()?;
            let info = signer.info(None, &signer.signature(&attributes)?)?;
            Ok(files(signed_data(DATA, &[&signer.certificate], &[info])?, attributes))
        },
    ));
    all.add(right(
        STATED_TIME,
        text!("the signer states the time of signing", "署名者が署名時刻を申告"),
        changed(|workshop, signer| {
            signer.time = Some(days_from(workshop.now(), -2)?);
            Ok(())
        }),
    ));
    all.add(
        wrong(
            "cms.certificate-ended",
            (&S13, STATED_TIME),
            text!(
                "the certificate ended yesterday; the signer states a time two days ago",
                "証明書は昨日満了。署名者は2日前の時刻を申告"
            ),
            |workshop| {
                let content = content(workshop);
                let end = days_from(workshop.now(), -1)?;
                let card = workshop.issue(Person::A, |order| order.certificate_dates.until = Some(end))?;
                let sign = card.jpki.sign.ok_or(MakeError::Form("the card signs"))?;
                let mut signer = Signer::new(&sign.certificate, Key::of(&sign.key)?, &content);
                signer.time = Some(days_from(workshop.now(), -2)?);
                Ok(files(by_one(&signer)?, content))
            },
        )
        .with_also(&["S12c"]),
    );
}

/// No signer, and two.
fn signers(all: &mut Candidates) {
    all.add(wrong(
        "cms.no-signer",
        (&S05a, SIGNED),
        text!("signed data without a signer", "署名者のない署名データ"),
        |workshop| {
            let (certificate, _) = sign(workshop, Person::A)?;
            Ok(files(signed_data(DATA, &[&certificate], &[])?, content(workshop)))
        },
    ));
    all.add(right(TWO, text!("two signers", "署名者2人"), |workshop| {
        two(workshop, None)
    }));
    all.add(
        wrong(
            "cms.one-signer-wrong",
            (&S05b, TWO),
            text!(
                "two signers; the signature of one is over another document",
                "署名者2人。1人の署名は別の文書のもの"
            ),
            |workshop| two(workshop, Some(Person::A)),
        )
        .with_also(&["S02a"]),
    );
    all.add(
        wrong(
            "cms.other-signer-wrong",
            (&S05b, TWO),
            text!(
                "two signers; the signature of the other one is over another document",
                "署名者2人。もう1人の署名は別の文書のもの"
            ),
            |workshop| two(workshop, Some(Person::B)),
        )
        .with_also(&["S02a"]),
    );
}

/// Both cardholders as signers. One of them can have signed another document.
fn two(workshop: &Workshop, wrong: Option<Person>) -> Result<Subject, MakeError> {
    let content = content(workshop);
    let mut infos = Vec::new();
    let mut certificates = Vec::new();
    for person in [Person::A, Person::B] {
        let (certificate, key) = sign(workshop, person)?;
        let mut signer = Signer::new(&certificate, key, &content);
        let attributes = signer.attributes()?;
        if wrong == Some(person) {
            signer.digest = Sha256::digest(other(workshop)).to_vec();
        }
        let covered = signer.attributes()?;
        infos.push(signer.info(Some(&attributes), &signer.signature(&covered)?)?);
        certificates.push(certificate);
    }
    let certificates: Vec<&[u8]> = certificates.iter().map(Vec::as_slice).collect();
    Ok(files(signed_data(DATA, &certificates, &infos)?, content))
}

/// Which certificate is the signer's.
fn certificates(all: &mut Candidates) {
    all.add(right(
        FURTHER,
        text!(
            "a certificate that is not the signer's is there too",
            "署名者以外の証明書も含む署名データ"
        ),
        |workshop| {
            let content = content(workshop);
            let signer = signer(workshop, &content)?;
            let (second, _) = sign(workshop, Person::B)?;
            let signed = signed_data(DATA, &[&signer.certificate, &second], &[signer.signed()?])?;
            Ok(files(signed, content))
        },
    ));
    all.add(wrong(
        "cms.key-of-one-certificate-name-of-another",
        (&S06, FURTHER),
        text!(
            "two certificates have the signer's issuer and serial number: the genuine one, and a forged one for the key that has signed",
            "署名者の指す発行者と番号を持つ証明書が、本物と、署名した鍵の偽物の2つある"
        ),
        |workshop| {
            let content = content(workshop);
            let forged = LeafKind::OtherKey.make(workshop, SIGN)?;
            let (genuine, _) = sign(workshop, Person::A)?;
            let serial = x509::fields(&genuine)?.serial_number;
            let mut fields = x509::fields(&forged.certificate)?;
            fields.serial_number = serial;
            let foreign = x509::foreign(workshop, SIGN, "authority")?;
            let forged_certificate = x509::certify(fields, &foreign)?;
            let mut signer = Signer::new(&forged_certificate, Key::of(&forged.key)?, &content);
            signer.names = None;
            let signed = signed_data(DATA, &[&genuine, &forged_certificate], &[signer.signed()?])?;
            Ok(files(signed, content))
        },
    ).with_also(&["S12a"]));
    all.add(wrong(
        "cms.signing-certificate-of-another",
        (&S07a, FURTHER),
        text!(
            "the attribute signing-certificate-v2 names the certificate of another person",
            "属性signing-certificate-v2が他人の証明書を指す"
        ),
        |workshop| {
            let content = content(workshop);
            let mut signer = signer(workshop, &content)?;
            let (second, _) = sign(workshop, Person::B)?;
            signer.names = Some(second.clone());
            let signed = signed_data(DATA, &[&signer.certificate, &second], &[signer.signed()?])?;
            Ok(files(signed, content))
        },
    ));
    all.add(
        wrong(
            "cms.signing-certificate-absent",
            (&S07b, SIGNED),
            text!("no attribute names the certificate", "証明書を指す属性がない"),
            changed(|_, signer| {
                signer.names = None;
                Ok(())
            }),
        )
        .expecting(Expected::Notice),
    );
    all.add(wrong(
        "cms.signed-with-authentication-key",
        (&S10, SIGNED),
        text!(
            "signed with the authentication key, and its genuine certificate",
            "利用者証明用の鍵による署名。証明書は本物"
        ),
        |workshop| {
            let content = content(workshop);
            let auth = workshop.card(Person::A).jpki.auth.as_ref();
            let auth = auth.ok_or(MakeError::Form("the cardholder has no key to log in with"))?;
            let signer = Signer::new(&auth.certificate, Key::of(&auth.key)?, &content);
            Ok(files(by_one(&signer)?, content))
        },
    ));
}

/// Certificates that are wrong themselves. What the issuer's certificate claims to be is in the signed data too.
fn leaves(all: &mut Candidates) {
    for (name, kind) in [
        (REISSUED, LeafKind::Reissued),
        (EXTENSION, LeafKind::UnknownNotCritical),
        (DATES, LeafKind::ShortlyValid),
    ] {
        all.add(right(name, kind.what(), with(kind)));
    }
    let rows: [(_, LeafKind, (&'static Check, _), &'static [&'static str]); 13] = [
        ("cms.key-usage", LeafKind::KeyUsage, (&S11a, REISSUED), &[]),
        ("cms.other-policy", LeafKind::OtherPolicy, (&S11b, REISSUED), &[]),
        ("cms.no-policy", LeafKind::NoPolicy, (&S11b, REISSUED), &[]),
        ("cms.any-policy", LeafKind::AnyPolicy, (&S11b, REISSUED), &[]),
        ("cms.foreign-key", LeafKind::ForeignKey, (&S12a, REISSUED), &["S12f"]),
        (
            "cms.foreign-authority",
            LeafKind::ForeignAuthority,
            (&S12a, REISSUED),
            &[],
        ),
        ("cms.other-hierarchy", LeafKind::OtherHierarchy, (&S12a, REISSUED), &[]),
        (
            "cms.issued-by-cardholder",
            LeafKind::IssuedByCardholder,
            (&S12b, REISSUED),
            &["S12a"],
        ),
        ("cms.ended", LeafKind::Ended, (&S12c, DATES), &[]),
        ("cms.not-begun", LeafKind::NotBegun, (&S12c, DATES), &[]),
        (
            "cms.unknown-critical-extension",
            LeafKind::UnknownCritical,
            (&S12d, EXTENSION),
            &[],
        ),
        ("cms.extension-twice", LeafKind::ExtensionTwice, (&S12e, EXTENSION), &[]),
        (
            "cms.certificate-changed",
            LeafKind::ChangedBit,
            (&S12f, REISSUED),
            &["S12a"],
        ),
    ];
    for (name, kind, check, also) in rows {
        all.add(wrong(name, check, kind.what(), with(kind)).with_also(also));
    }
}

/// The document signed with a certificate of this kind.
fn with(kind: LeafKind) -> impl Fn(&Workshop) -> Result<Subject, MakeError> + Send + Sync + 'static {
    move |workshop| {
        let content = content(workshop);
        let leaf = kind.make(workshop, SIGN)?;
        let signer = Signer::new(&leaf.certificate, Key::of(&leaf.key)?, &content);
        let certificates = [&leaf.certificate[..], &leaf.authority];
        Ok(files(signed_data(DATA, &certificates, &[signer.signed()?])?, content))
    }
}

/// Certificates that were revoked after the time that the signer states.
fn revocation(all: &mut Candidates) {
    let revoked = |reason: Reason| {
        move |workshop: &Workshop| {
            let content = content(workshop);
            let leaf = LeafKind::Reissued.make(workshop, SIGN)?;
            let mut signer = Signer::new(&leaf.certificate, Key::of(&leaf.key)?, &content);
            signer.time = Some(days_from(workshop.now(), -2)?);
            let mut subject = files(by_one(&signer)?, content);
            let certificate = RevokedCertificate {
                serial: LeafKind::Reissued.serial(workshop, SIGN),
                revocation: Revocation {
                    at: days_from(workshop.now(), -1)?,
                    reason,
                },
            };
            let own = workshop.authority(SIGN)?.certificate();
            let mut lists = Vec::new();
            for (name, authority) in x509::authorities(workshop)? {
                let revoked = if authority.certificate() == own {
                    &[certificate][..]
                } else {
                    &[]
                };
                lists.extend(x509::lists_of(workshop, (&name, authority), revoked, workshop.now())?);
            }
            subject.lists = Some(lists);
            subject.statuses = vec![(certificate.serial, OcspAnswer::Revoked(reason))];
            Ok(subject)
        }
    };
    let wrong = |name, check, what, reason| {
        // A program that counts the stated time accepts them as well as one that asks for no revocation.
        let made = Candidate::wrong(
            name,
            Group::Signatures,
            REVOCATION,
            (check, STATED_TIME),
            what,
            revoked(reason),
        );
        made.with_also(&["S12g", "S13"])
    };
    all.add(wrong(
        "cms.revoked",
        &S12g,
        text!(
            "the certificate is revoked because its key is compromised; the signer states an earlier time",
            "証明書は鍵の危殆化で失効。署名者はそれより前の時刻を申告"
        ),
        Reason::KeyCompromise,
    ));
    let moved = wrong(
        "cms.moved-since",
        &S14,
        text!(
            "the certificate is revoked because the cardholder's attributes changed; the signer states an earlier time",
            "証明書は基本4情報の変更で失効。署名者はそれより前の時刻を申告"
        ),
        Reason::AffiliationChanged,
    );
    all.add(moved.expecting(Expected::Notice));
}

/// Signature values and what is around them.
fn values(all: &mut Candidates) {
    all.add(wrong(
        "cms.digest-algorithm-differs",
        (&S08, SIGNED),
        text!(
            "the signer states SHA-512; digest and signature are of SHA-256",
            "署名者情報はSHA-512、ハッシュ値と署名はSHA-256"
        ),
        changed(|_, signer| {
            signer.digest_algorithm = SHA_512;
            Ok(())
        }),
    ));
    let blocks = [
        (
            "cms.padding-short",
            &S09a,
            Block::ShortFill,
            text!(
                "the signed block has a short fill and bytes behind the digest",
                "署名ブロックの充填が短く、ハッシュ値の後にバイトがある"
            ),
        ),
        (
            "cms.padding-parameters",
            &S09b,
            Block::Parameters,
            text!(
                "the signed block has bytes in the parameters of the algorithm",
                "署名ブロックのアルゴリズムのパラメータにバイトがある"
            ),
        ),
        (
            "cms.padding-type",
            &S09c,
            Block::Type,
            text!("the signed block has type 02", "署名ブロックの種別が02"),
        ),
        (
            "cms.padding-fill",
            &S09c,
            Block::Fill,
            text!(
                "a byte of the block's fill is not FF",
                "署名ブロックの充填にFF以外のバイトがある"
            ),
        ),
    ];
    for (name, check, block, what) in blocks {
        let make = changed(move |_, signer| {
            signer.block = Some(block);
            Ok(())
        });
        all.add(wrong(name, (check, SIGNED), what, make).with_also(&["S02a"]));
    }
    all.add(right(
        "cms.zeros-behind",
        text!("zeros follow the signed data", "署名データの後に00が続く"),
        finished(|cms| cms.extend([0; 32])),
    ));
    all.add(wrong(
        "cms.bytes-behind",
        (&S21a, "cms.zeros-behind"),
        text!(
            "bytes other than 00 follow the signed data",
            "署名データの後に00以外のバイトが続く"
        ),
        finished(|cms| cms.extend(Sha256::digest(&cms[..]))),
    ));
}
