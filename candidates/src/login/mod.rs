//! Log-in with the authentication certificate: cards whose certificate, key or signature is wrong in one respect, and answers
//! about revocation.
//!
//! The challenge is signed by the key in EF 0017 of the JPKI application, and the certificate is EF 000A. What a service
//! does with its own challenges is examined by [`Misuse`].

pub mod checks;
mod revocation;
pub(crate) mod signer;

use std::sync::Arc;

use rsa::{BigUint, Pkcs1v15Sign, RsaPrivateKey, RsaPublicKey};
use sha1::{Digest, Sha1};
use vmyna_apdu::{Text, text};
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::jpki::{AID, CertifiedKey, ef};
use vmyna_issuance::x509::names::Hierarchy;

use self::checks::*;
use self::signer::{Block, Signing, signing};
use crate::candidate::{Candidate, Candidates, Check, Expected, Group, Part, Use};
use crate::leaf::{Leaf, LeafKind};
use crate::subject::{ForgedCard, MadeFile, Misuse, Subject};
use crate::workshop::{MakeError, Person, Workshop};
use crate::x509;

const AUTH: Hierarchy = Hierarchy::Authentication;
const LOG_IN: &[Part] = &[Part::LogIn];

/// A program that does not read the certificate checks nothing of it.
const READS: &[Use] = &[Use::Read(AID, ef::AUTH_CERTIFICATE.value())];
/// A program that has nothing signed by the key logs nobody in.
const SIGNS: &[Use] = &[Use::Sign(AID, ef::AUTH_KEY.value())];

const REISSUED: &str = "log-in.reissued.twin";
const OTHER_KEY: &str = "log-in.other-key.twin";
const OTHER_PERSON: &str = "log-in.other-person.twin";
const EXTENSION: &str = "log-in.extension.twin";
const DATES: &str = "log-in.dates.twin";
const HOUR: &str = "log-in.hour.twin";
const GENERATION: &str = "log-in.generation";

/// The card of the first cardholder with this certificate for authentication.
fn card_with(workshop: &Workshop, leaf: Leaf) -> IssuedCard {
    let mut card = workshop.card(Person::A).clone();
    card.jpki.auth = Some(CertifiedKey {
        certificate: leaf.certificate,
        key: leaf.key,
    });
    card.jpki.auth_ca_certificate = leaf.authority;
    card
}

/// A card with a certificate of this kind.
fn card_of(workshop: &Workshop, kind: LeafKind) -> Result<IssuedCard, MakeError> {
    Ok(card_with(workshop, kind.make(workshop, AUTH)?))
}

fn subject_of(workshop: &Workshop, kind: LeafKind) -> Result<Subject, MakeError> {
    Ok(Subject::card(ForgedCard::new(card_of(workshop, kind)?)))
}

/// The authentication key of the first cardholder.
fn key_of_a(workshop: &Workshop) -> Result<RsaPrivateKey, MakeError> {
    x509::private_key(&x509::genuine(workshop, Person::A, AUTH)?.key)
}

/// Adds all of them.
pub(crate) fn add(all: &mut Candidates) {
    add_twins(all);
    add_certificates(all);
    add_signatures(all);
    add_keys(all);
    add_sessions(all);
    revocation::add(all);
}

fn add_twins(all: &mut Candidates) {
    for (name, kind, check) in [
        (REISSUED, LeafKind::Reissued, &A13),
        (OTHER_KEY, LeafKind::OtherKey, &A40),
        (OTHER_PERSON, LeafKind::OtherPersonWithKey, &A05),
        (EXTENSION, LeafKind::UnknownNotCritical, &A22),
        (DATES, LeafKind::ShortlyValid, &A24),
        (HOUR, LeafKind::EndsInAnHour, &A25),
        (GENERATION, LeafKind::EarlierGeneration, &A15),
    ] {
        let make = move |workshop: &Workshop| subject_of(workshop, kind);
        all.add(Candidate::right(name, Group::LogIn, LOG_IN, kind.what(), make).of(check));
    }
}

fn add_certificates(all: &mut Candidates) {
    /// A candidate, what its certificate is, its check, its twin, and the checks that it falls together with.
    type Row = (
        &'static str,
        LeafKind,
        &'static Check,
        &'static str,
        &'static [&'static str],
    );
    const ROWS: &[Row] = &[
        ("log-in.other-person", LeafKind::OtherPerson, &A05, OTHER_PERSON, &[]),
        ("log-in.foreign-key", LeafKind::ForeignKey, &A13, REISSUED, &["A41"]),
        (
            "log-in.foreign-authority",
            LeafKind::ForeignAuthority,
            &A14,
            REISSUED,
            &["A13"],
        ),
        (
            "log-in.issued-by-cardholder",
            LeafKind::IssuedByCardholder,
            &A16,
            REISSUED,
            &["A13"],
        ),
        (
            "log-in.other-hierarchy",
            LeafKind::OtherHierarchy,
            &A17,
            REISSUED,
            &["A13", "A14"],
        ),
        (
            "log-in.sign-certificate",
            LeafKind::OtherPurpose,
            &A18,
            REISSUED,
            &["A20", "A21"],
        ),
        ("log-in.key-usage", LeafKind::KeyUsage, &A19, REISSUED, &[]),
        (
            "log-in.extended-key-usage",
            LeafKind::ExtendedKeyUsage,
            &A20,
            REISSUED,
            &[],
        ),
        ("log-in.policy-other", LeafKind::OtherPolicy, &A21, REISSUED, &[]),
        ("log-in.policy-none", LeafKind::NoPolicy, &A21, REISSUED, &[]),
        ("log-in.policy-any", LeafKind::AnyPolicy, &A21, REISSUED, &[]),
        (
            "log-in.unknown-critical",
            LeafKind::UnknownCritical,
            &A22,
            EXTENSION,
            &[],
        ),
        ("log-in.extension-twice", LeafKind::ExtensionTwice, &A23, REISSUED, &[]),
        ("log-in.ended", LeafKind::Ended, &A24, DATES, &[]),
        ("log-in.not-begun", LeafKind::NotBegun, &A24, DATES, &[]),
        ("log-in.hour-ago", LeafKind::EndedAnHourAgo, &A25, HOUR, &["A24"]),
        (
            "log-in.authority-ended",
            LeafKind::EndedAuthority,
            &A26,
            GENERATION,
            &[],
        ),
        ("log-in.changed-bit", LeafKind::ChangedBit, &A41, REISSUED, &["A13"]),
        ("log-in.other-algorithm", LeafKind::OtherAlgorithm, &A41, REISSUED, &[]),
    ];
    for (name, kind, check, twin, also) in ROWS {
        let make = |workshop: &Workshop| subject_of(workshop, *kind);
        let candidate = Candidate::wrong(name, Group::LogIn, LOG_IN, (*check, *twin), kind.what(), make);
        all.add(candidate.with_also(also).if_used(READS));
    }
    // A program without accounts can't see these.
    all.add(
        Candidate::wrong(
            "log-in.serial-of-another",
            Group::LogIn,
            LOG_IN,
            (&A38, REISSUED),
            text!(
                "the certificate has the serial number of another cardholder's certificate for signatures",
                "別の利用者の署名用証明書と同じシリアル番号の証明書"
            ),
            |workshop| {
                let other = &x509::genuine(workshop, Person::B, Hierarchy::Signature)?.certificate;
                let serial = x509::fields(other)?.serial_number;
                renewed(workshop, |fields| {
                    fields.serial_number = serial;
                    Ok(())
                })
            },
        )
        .expecting(Expected::Either),
    );
    all.add(
        Candidate::wrong(
            "log-in.renewed",
            Group::LogIn,
            LOG_IN,
            (&A39, REISSUED),
            text!(
                "the certificate was renewed: another key and serial number, and the name of the one before",
                "更新後の証明書。鍵とシリアル番号は異なり、名前は更新前と同じ"
            ),
            |workshop| subject_of(workshop, LeafKind::OtherKey),
        )
        .expecting(Expected::Either),
    );
}

/// The genuine certificate with a change, issued by the authority.
fn renewed(
    workshop: &Workshop,
    change: impl FnOnce(&mut x509_cert::certificate::TbsCertificate) -> Result<(), MakeError>,
) -> Result<Subject, MakeError> {
    let fields = x509::changed(workshop, (Person::A, AUTH), change)?;
    let leaf = Leaf {
        certificate: x509::certify(fields, workshop.authority(AUTH)?)?,
        ..LeafKind::Reissued.make(workshop, AUTH)?
    };
    Ok(Subject::card(ForgedCard::new(card_with(workshop, leaf))))
}

fn add_signatures(all: &mut Candidates) {
    /// How the key of the first cardholder signs.
    type Sign = fn(&Workshop) -> Result<Signing, MakeError>;
    fn block(workshop: &Workshop, block: Block) -> Result<Signing, MakeError> {
        Ok(Signing::Block(block, Box::new(key_of_a(workshop)?)))
    }
    let rows: [(&'static str, &'static Check, Text, Sign); 9] = [
        (
            "log-in.other-challenge",
            &A04,
            text!("the card signs another challenge", "カードが別の乱数に署名する"),
            |_| Ok(Signing::OtherChallenge),
        ),
        (
            "log-in.other-form",
            &A06,
            text!(
                "the card signs the bare digest where a DigestInfo is asked for, and the reverse",
                "DigestInfoを求められたカードが、ハッシュ値だけに署名する（逆も同様）"
            ),
            |_| Ok(Signing::OtherForm),
        ),
        (
            "log-in.pss",
            &A07,
            text!(
                "the card signs with RSASSA-PSS where PKCS#1 v1.5 is asked for, and the reverse",
                "PKCS#1 v1.5を求められたカードが、RSASSA-PSSで署名する（逆も同様）"
            ),
            |_| Ok(Signing::OtherPadding),
        ),
        (
            "log-in.short-fill",
            &A08,
            text!(
                "the block of the signature has eight bytes of fill, and bytes behind the digest",
                "署名のブロックの充填が8バイトで、ハッシュ値の後に余分なバイトがある"
            ),
            |workshop| block(workshop, Block::ShortFill),
        ),
        (
            "log-in.parameters",
            &A09,
            text!(
                "the algorithm in the block of the signature has extra bytes as its parameters",
                "署名のブロックにあるアルゴリズムのパラメーターに余分なバイトがある"
            ),
            |workshop| block(workshop, Block::Parameters),
        ),
        (
            "log-in.block-type",
            &A10,
            text!("the block of the signature is of type 02", "署名のブロックの種別が02"),
            |workshop| block(workshop, Block::Type),
        ),
        (
            "log-in.fill",
            &A10,
            text!(
                "one byte of the fill in the block of the signature is FE",
                "署名のブロックの充填の1バイトがFE"
            ),
            |workshop| block(workshop, Block::Fill),
        ),
        (
            "log-in.above-modulus",
            &A12,
            text!(
                "the value of the signature is not below the modulus",
                "署名の値が法より小さくない"
            ),
            |workshop| Ok(Signing::PlusModulus(Box::new(key_of_a(workshop)?))),
        ),
        (
            "log-in.leading-zero",
            &A12,
            text!(
                "a zero byte stands before the signature, which is 257 bytes long",
                "署名の前にゼロのバイトがあり、長さが257バイト"
            ),
            |_| Ok(Signing::LeadingZero),
        ),
    ];
    for (name, check, what, sign) in rows {
        let make = move |workshop: &Workshop| {
            let card = ForgedCard::new(card_of(workshop, LeafKind::Reissued)?);
            Ok(Subject::card(card.with(signing(sign(workshop)?))))
        };
        all.add(Candidate::wrong(name, Group::LogIn, LOG_IN, (check, REISSUED), what, make).if_used(SIGNS));
    }
    // The card is given a digest, so only a forger who knows the challenge can sign another digest of it.
    all.add(Candidate::wrong(
        "log-in.sha-1",
        Group::LogIn,
        LOG_IN,
        (&A11, "log-in.sha-256.twin"),
        text!(
            "the signature is over the SHA-1 digest of the challenge",
            "乱数のSHA-1ハッシュ値への署名"
        ),
        |workshop| {
            answered(workshop, |key, challenge| {
                key.sign(Pkcs1v15Sign::new::<Sha1>(), &Sha1::digest(challenge))
            })
        },
    ));
    all.add(
        Candidate::right(
            "log-in.sha-256.twin",
            Group::LogIn,
            LOG_IN,
            text!(
                "the signature is over the SHA-256 digest of the challenge",
                "乱数のSHA-256ハッシュ値への署名"
            ),
            |workshop| {
                answered(workshop, |key, challenge| {
                    key.sign(Pkcs1v15Sign::new::<sha2::Sha256>(), &sha2::Sha256::digest(challenge))
                })
            },
        )
        .of(&A11),
    );
}

/// A certificate whose key answers without a card.
fn answered(
    workshop: &Workshop,
    sign: impl Fn(&RsaPrivateKey, &[u8]) -> rsa::Result<Vec<u8>> + Send + Sync + 'static,
) -> Result<Subject, MakeError> {
    let leaf = LeafKind::Reissued.make(workshop, AUTH)?;
    let key = key_of_a(workshop)?;
    let mut subject = Subject::files([(MadeFile::Certificate, leaf.certificate)]);
    subject.answer = Some(Arc::new(move |challenge| {
        sign(&key, challenge).map_err(|_| MakeError::Form("a key signs"))
    }));
    Ok(subject)
}

fn add_keys(all: &mut Candidates) {
    type Key = fn(&Workshop) -> Result<(RsaPublicKey, Signing), MakeError>;
    let rows: [(&'static str, Text, Key); 3] = [
        (
            "log-in.short-key",
            text!("the certificate's key is RSA-1024", "証明書の鍵がRSA-1024"),
            |workshop| {
                let key = RsaPrivateKey::new(&mut workshop.rng("short key"), 1024).map_err(|_| NO_KEY)?;
                Ok((key.to_public_key(), Signing::Key(Box::new(key))))
            },
        ),
        (
            "log-in.exponent-1",
            text!(
                "the exponent of the certificate's key is 1, so that everyone can sign",
                "証明書の鍵の公開指数が1で、誰でも署名できる"
            ),
            |workshop| {
                let key = workshop.forged_key("leaf")?.to_public_key();
                let modulus = rsa::traits::PublicKeyParts::n(&key).clone();
                Ok((
                    RsaPublicKey::new_unchecked(modulus, BigUint::from(1_u8)),
                    Signing::Unsigned,
                ))
            },
        ),
        (
            "log-in.exponent-3",
            text!("the exponent of the certificate's key is 3", "証明書の鍵の公開指数が3"),
            |workshop| {
                let (mut rng, three) = (workshop.rng("exponent 3"), BigUint::from(3_u8));
                let key = RsaPrivateKey::new_with_exp(&mut rng, 2048, &three).map_err(|_| NO_KEY)?;
                Ok((key.to_public_key(), Signing::Key(Box::new(key))))
            },
        ),
    ];
    for (name, what, key) in rows {
        let make = move |workshop: &Workshop| {
            let (public, signs) = key(workshop)?;
            let mut subject = renewed(workshop, |fields| {
                x509::set_serial(fields, x509::serial(workshop, name));
                x509::set_key(fields, &public)
            })?;
            subject.card = subject.card.map(|card| card.with(signing(signs)));
            Ok(subject)
        };
        all.add(Candidate::wrong(name, Group::LogIn, LOG_IN, (&A40, OTHER_KEY), what, make).if_used(READS));
    }
}

const NO_KEY: MakeError = MakeError::Form("a forger can make a key");

fn add_sessions(all: &mut Candidates) {
    for (name, check, misuse, what) in [
        (
            "log-in.answer-twice",
            &A01,
            Misuse::Twice,
            text!("a right answer is sent twice", "正しい応答が2度送られる"),
        ),
        (
            "log-in.other-session",
            &A02,
            Misuse::OtherSession,
            text!(
                "the right answer of one session is sent in another one",
                "あるセッションの正しい応答が、別のセッションで送られる"
            ),
        ),
        (
            "log-in.late-answer",
            &A03,
            Misuse::Late,
            text!(
                "a right answer is sent after the time that the service states",
                "正しい応答が、定められた時間の後に送られる"
            ),
        ),
        (
            "log-in.own-challenge",
            &A04,
            Misuse::OwnChallenge,
            text!(
                "the answer is to a challenge that the service has not given, and the challenge is sent along",
                "サービスが出していない乱数への応答で、その乱数も送られる"
            ),
        ),
    ] {
        let make = move |workshop: &Workshop| {
            let mut subject = subject_of(workshop, LeafKind::Reissued)?;
            subject.misuse = Some(misuse);
            Ok(subject)
        };
        // The challenge is sent along in the other session as well.
        let also: &[&str] = if misuse == Misuse::OtherSession { &["A04"] } else { &[] };
        let wrong = Candidate::wrong(name, Group::LogIn, LOG_IN, (check, REISSUED), what, make);
        all.add(wrong.with_also(also));
    }
}
