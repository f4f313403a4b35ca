//! The certificate for signatures on a card, beside the texts of the card: the four attributes in both.

use vmyna_apdu::{Text, text};
use vmyna_applets::birth::BirthDate;
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::jpki::{AID, CertifiedKey, ef};
use vmyna_applets::person::Sex;
use vmyna_issuance::order::Order;
use vmyna_issuance::validity;
use vmyna_issuance::x509::names::{Hierarchy, attribute};
use x509_cert::certificate::TbsCertificate;

use super::{S11a, S11b, S12a, S12b, S12c, S12d, S12e, S12f, S27, S28, S29, S30, S31, S32};
use crate::candidate::{Candidate, Candidates, Check, Expected, Group, Part, Use};
use crate::leaf::LeafKind;
use crate::subject::{ForgedCard, Subject};
use crate::workshop::{MakeError, Person, Workshop};
use crate::x509;

/// A program must claim both for a comparison.
const BOTH: &[Part] = &[Part::SignCertificate, Part::Text];
const CERTIFICATE: &[Part] = &[Part::SignCertificate];

/// The right ones.
const SAME: &str = "sign-certificate.reissued";
const SUBSTITUTE: &str = "sign-certificate.substitute";

const A: (Person, Hierarchy) = (Person::A, Hierarchy::Signature);

/// The card of A with a changed certificate for signatures, signed by the authority.
fn changed(
    workshop: &Workshop,
    change: impl FnOnce(&mut TbsCertificate) -> Result<(), MakeError>,
) -> Result<Subject, MakeError> {
    let fields = x509::changed(workshop, A, |fields| {
        x509::set_serial(fields, x509::serial(workshop, "certificate beside the texts"));
        change(fields)
    })?;
    let mut card = workshop.card(Person::A).clone();
    let sign = card.jpki.sign.as_mut();
    let sign = sign.ok_or(MakeError::Form("the cardholder has a certificate for signatures"))?;
    sign.certificate = x509::certify(fields, workshop.authority(Hierarchy::Signature)?)?;
    Ok(subject(card))
}

fn subject(card: IssuedCard) -> Subject {
    Subject::card(ForgedCard::new(card))
}

/// The name with another character in the first place, and the marks of substitutes with this one in the first place.
fn with_substitute(workshop: &Workshop, mark: char) -> Result<Subject, MakeError> {
    let name = &workshop.order(Person::A).person.name;
    // Either is a character of names that certificates carry.
    let other = if name.starts_with('吉') { '高' } else { '吉' };
    let rest: String = name.chars().skip(1).collect();
    let marks: String = std::iter::once(mark).chain(rest.chars().map(|_| '0')).collect();
    changed(workshop, |fields| {
        x509::set_other_name(fields, attribute::FULL_NAME, &format!("{other}{rest}"))?;
        x509::set_other_name(fields, attribute::NAME_SUBSTITUTION, &marks)
    })
}

/// Adds them.
pub(super) fn add(all: &mut Candidates) {
    let right = |name, claim, what, make| Candidate::right(name, Group::Signatures, claim, what, make);
    all.add(right(
        SAME,
        CERTIFICATE,
        text!(
            "the certificate for signatures was issued again",
            "再発行された署名用電子証明書"
        ),
        |workshop: &Workshop| changed(workshop, |_| Ok(())),
    ));
    all.add(Candidate::wrong(
        "sign-certificate.other-person",
        Group::Signatures,
        BOTH,
        (&S27, SAME),
        text!(
            "certificate and key for signatures are another cardholder's, both genuine",
            "署名用の証明書と鍵が、本物だが別の利用者のもの"
        ),
        |workshop| {
            let mut card = workshop.card(Person::A).clone();
            card.jpki.sign.clone_from(&workshop.card(Person::B).jpki.sign);
            Ok(subject(card))
        },
    ));
    all.add(
        Candidate::right(
            SUBSTITUTE,
            Group::Signatures,
            BOTH,
            text!(
                "a character of the name is a marked substitute of that in the texts",
                "氏名の1文字が、印の付いた代替文字"
            ),
            |workshop| with_substitute(workshop, '1'),
        )
        .of(&S28),
    );
    all.add(Candidate::wrong(
        "sign-certificate.substitute-without-mark",
        Group::Signatures,
        BOTH,
        (&S29, SUBSTITUTE),
        text!(
            "a character of the name differs from that in the texts, and no mark states a substitute",
            "氏名の1文字が券面事項と異なり、代替文字の印がない"
        ),
        |workshop| with_substitute(workshop, '0'),
    ));
    all.add(
        Candidate::wrong(
            "sign-certificate.marks-short",
            Group::Signatures,
            CERTIFICATE,
            (&S30, SAME),
            text!(
                "there are fewer marks than characters of the name",
                "代替文字の印が氏名の文字数より少ない"
            ),
            |workshop| {
                changed(workshop, |fields| {
                    x509::set_other_name(fields, attribute::NAME_SUBSTITUTION, "0")
                })
            },
        )
        .expecting(Expected::Notice),
    );
    all.add(Candidate::wrong(
        "sign-certificate.name-twice",
        Group::Signatures,
        CERTIFICATE,
        (&S31, SAME),
        text!(
            "the certificate states two names, the second of another person",
            "証明書に氏名が2つあり、2つ目は他人のもの"
        ),
        |workshop| {
            let second = x509::other_name(attribute::FULL_NAME, &workshop.order(Person::B).person.name)?;
            changed(workshop, |fields| {
                x509::change_names(fields, |names| {
                    names.push(second);
                    Ok(())
                })
            })
        },
    ));
    kinds(all);
    people(all);
}

/// Certificates that a program must not take the four attributes from, whatever they state.
fn kinds(all: &mut Candidates) {
    const EXTENSION: &str = "sign-certificate.extension.twin";
    const DATES: &str = "sign-certificate.dates.twin";
    /// A program that does not read the certificate checks nothing of it.
    const READS: &[Use] = &[Use::Read(AID, ef::SIGN_CERTIFICATE.value())];
    let make = |kind: LeafKind| {
        move |workshop: &Workshop| {
            let leaf = kind.make(workshop, Hierarchy::Signature)?;
            let mut card = workshop.card(Person::A).clone();
            card.jpki.sign = Some(CertifiedKey {
                certificate: leaf.certificate,
                key: leaf.key,
            });
            card.jpki.sign_ca_certificate = leaf.authority;
            Ok(subject(card))
        }
    };
    for (name, kind, check) in [
        (EXTENSION, LeafKind::UnknownNotCritical, &S12d),
        (DATES, LeafKind::ShortlyValid, &S12c),
    ] {
        let right = Candidate::right(name, Group::Signatures, CERTIFICATE, kind.what(), make(kind));
        all.add(right.of(check));
    }
    /// A candidate, what its certificate is, its check, its twin, and the checks that it falls together with.
    type Row = (
        &'static str,
        LeafKind,
        &'static Check,
        &'static str,
        &'static [&'static str],
    );
    const ROWS: &[Row] = &[
        ("sign-certificate.key-usage", LeafKind::KeyUsage, &S11a, SAME, &[]),
        ("sign-certificate.other-policy", LeafKind::OtherPolicy, &S11b, SAME, &[]),
        ("sign-certificate.no-policy", LeafKind::NoPolicy, &S11b, SAME, &[]),
        ("sign-certificate.any-policy", LeafKind::AnyPolicy, &S11b, SAME, &[]),
        (
            "sign-certificate.foreign-key",
            LeafKind::ForeignKey,
            &S12a,
            SAME,
            &["S12f"],
        ),
        (
            "sign-certificate.foreign-authority",
            LeafKind::ForeignAuthority,
            &S12a,
            SAME,
            &[],
        ),
        (
            "sign-certificate.other-hierarchy",
            LeafKind::OtherHierarchy,
            &S12a,
            SAME,
            &[],
        ),
        (
            "sign-certificate.issued-by-cardholder",
            LeafKind::IssuedByCardholder,
            &S12b,
            SAME,
            &["S12a"],
        ),
        ("sign-certificate.ended", LeafKind::Ended, &S12c, DATES, &[]),
        ("sign-certificate.not-begun", LeafKind::NotBegun, &S12c, DATES, &[]),
        (
            "sign-certificate.unknown-critical",
            LeafKind::UnknownCritical,
            &S12d,
            EXTENSION,
            &[],
        ),
        (
            "sign-certificate.extension-twice",
            LeafKind::ExtensionTwice,
            &S12e,
            EXTENSION,
            &[],
        ),
        (
            "sign-certificate.changed-bit",
            LeafKind::ChangedBit,
            &S12f,
            SAME,
            &["S12a"],
        ),
    ];
    for (name, kind, check, twin, also) in ROWS {
        let wrong = Candidate::wrong(
            name,
            Group::Signatures,
            CERTIFICATE,
            (*check, *twin),
            kind.what(),
            make(*kind),
        );
        all.add(wrong.with_also(also).if_used(READS));
    }
}

/// People whose attributes have rare values.
fn people(all: &mut Candidates) {
    let mut add = |name, what: Text, change: fn(&mut Order) -> Option<()>| {
        let make = move |workshop: &Workshop| {
            let mut fits = Some(());
            let card = workshop.issue(Person::A, |order| fits = change(order))?;
            fits.ok_or(MakeError::Form("a day of the calendar"))?;
            Ok(subject(card))
        };
        all.add(Candidate::right(name, Group::Signatures, CERTIFICATE, what, make).of(&S32));
    };
    add(
        "sign-certificate.birth-unknown",
        text!("the birth date is not known", "生年月日が不詳"),
        |order| born(order, BirthDate::new(0, 0, 0)?),
    );
    add(
        "sign-certificate.birth-day-unknown",
        text!("month and day of birth are not known", "生まれた月日が不詳"),
        |order| born(order, BirthDate::new(1950, 0, 0)?),
    );
    add(
        "sign-certificate.sex-unknown",
        text!("the sex is not known", "性別が不詳"),
        |order| {
            order.person.sex = Sex::Unknown;
            Some(())
        },
    );
    add(
        "sign-certificate.born-in-meiji",
        text!("the cardholder was born in the era Meiji", "明治生まれの利用者"),
        |order| born(order, BirthDate::new(1912, 7, 29)?),
    );
    add(
        "sign-certificate.born-in-taisho",
        text!("the cardholder was born in the era Taisho", "大正生まれの利用者"),
        |order| born(order, BirthDate::new(1926, 12, 24)?),
    );
    add(
        "sign-certificate.born-in-showa",
        text!("the cardholder was born in the era Showa", "昭和生まれの利用者"),
        |order| born(order, BirthDate::new(1989, 1, 7)?),
    );
    add(
        "sign-certificate.born-in-heisei",
        text!("the cardholder was born in the era Heisei", "平成生まれの利用者"),
        |order| born(order, BirthDate::new(1989, 1, 8)?),
    );
}

/// Another birth date, and the end of the card that follows from it.
fn born(order: &mut Order, birth: BirthDate) -> Option<()> {
    order.person.birth = birth;
    order.expiry = validity::card_expiry(order.issued, birth).ok()?;
    Some(())
}
