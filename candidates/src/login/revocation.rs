//! Revoked certificates, and lists and answers about them that must not be believed.
//!
//! A list is wrong with a responder that has no time to answer, and an answer is wrong without a list: otherwise a program
//! with both could accept for a good reason.

use std::time::Duration;

use der::asn1::{Null, ObjectIdentifier};
use vmyna_apdu::{Text, text};
use vmyna_authority::register::{Reason, Revocation, RevokedCertificate};
use x509_cert::crl::TbsCertList;

use super::{AUTH, checks::*, renewed};
use crate::candidate::{Candidate, Candidates, Check, Group, Part};
use crate::ocsp::OcspAnswer;
use crate::subject::Subject;
use crate::time::{DAY, before};
use crate::workshop::{MakeError, Workshop};
use crate::x509::{self, NamedList};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAYS_AGO: Duration = Duration::from_secs(2 * DAY.as_secs());
/// An extension that nothing defines.
const UNKNOWN_EXTENSION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.32473.2");

const LISTS: &[Part] = &[Part::LogIn, Part::RevocationLists];
const OCSP: &[Part] = &[Part::LogIn, Part::RevocationOcsp];
const REVOCATION: &[Part] = &[Part::LogIn, Part::Revocation];

const NOT_REVOKED: &str = "log-in.not-revoked.twin";
const BY_LIST: &str = "log-in.by-list.twin";
const BY_ANSWER: &str = "log-in.by-answer.twin";

/// A card with a certificate of its own, about which lists and responders state this. Each candidate has a serial number of
/// its own, because a responder knows a candidate by it.
fn stated(
    workshop: &Workshop,
    name: &str,
    lists: Option<Vec<NamedList>>,
    answer: OcspAnswer,
) -> Result<Subject, MakeError> {
    let serial = x509::serial(workshop, name);
    let mut subject = renewed(workshop, |fields| {
        x509::set_serial(fields, serial);
        Ok(())
    })?;
    subject.lists = lists;
    subject.statuses = vec![(serial, answer)];
    Ok(subject)
}

/// The lists of a folder in which those of the authority are others. `make` gets their names.
fn lists_with(
    workshop: &Workshop,
    make: impl FnOnce(&str) -> Result<Vec<NamedList>, MakeError>,
) -> Result<Vec<NamedList>, MakeError> {
    let own = workshop.authority(AUTH)?.certificate();
    let mut lists = Vec::new();
    let mut make = Some(make);
    for (name, authority) in x509::authorities(workshop)? {
        match make.take_if(|_| authority.certificate() == own) {
            Some(make) => lists.extend(make(&name)?),
            None => lists.extend(x509::lists_of(workshop, (&name, authority), &[], workshop.now())?),
        }
    }
    Ok(lists)
}

/// The genuine lists of the authority, each with a change, signed by its key or by a foreign one.
fn changed_lists(
    workshop: &Workshop,
    foreign: bool,
    change: &dyn Fn(&mut TbsCertList) -> Result<(), MakeError>,
) -> Result<Vec<NamedList>, MakeError> {
    let own = workshop.authority(AUTH)?;
    let foreign = foreign
        .then(|| x509::foreign(workshop, AUTH, "authority"))
        .transpose()?;
    lists_with(workshop, |name| {
        let genuine = x509::lists_of(workshop, (name, own), &[], workshop.now())?;
        let by = foreign.as_ref().unwrap_or(own);
        let changed = |(name, list): NamedList| Ok((name, x509::change_list(&list, by, change)?));
        genuine.into_iter().map(changed).collect()
    })
}

/// A certificate that is revoked by lists and responders.
fn revoked(workshop: &Workshop, name: &str, reason: Reason) -> Result<Subject, MakeError> {
    let at = before(workshop.now(), HOUR)?;
    let certificate = RevokedCertificate {
        serial: x509::serial(workshop, name),
        revocation: Revocation { at, reason },
    };
    let own = workshop.authority(AUTH)?;
    let lists = lists_with(workshop, |file| {
        x509::lists_of(workshop, (file, own), &[certificate], workshop.now())
    })?;
    stated(workshop, name, Some(lists), OcspAnswer::Revoked(reason))
}

/// Adds all of them.
pub(super) fn add(all: &mut Candidates) {
    add_twins(all);
    for (name, check, reason, what) in [
        (
            "log-in.revoked",
            &A27,
            Reason::KeyCompromise,
            text!("the certificate is revoked", "証明書は失効している"),
        ),
        (
            "log-in.on-hold",
            &A28,
            Reason::CertificateHold,
            text!(
                "the certificate is on hold",
                "証明書は一時停止（certificateHold）されている"
            ),
        ),
    ] {
        let make = move |workshop: &Workshop| revoked(workshop, name, reason);
        let also: &[&str] = if check.id == "A28" { &["A27"] } else { &[] };
        all.add(Candidate::wrong(name, Group::LogIn, REVOCATION, (check, NOT_REVOKED), what, make).with_also(also));
    }
    all.add(
        Candidate::wrong(
            "log-in.no-status",
            Group::LogIn,
            REVOCATION,
            (&A37, NOT_REVOKED),
            text!(
                "there is no revocation list, and the responder answers that it has no time",
                "失効リストがなく、OCSPレスポンダは後で試すよう応答する"
            ),
            |workshop| stated(workshop, "log-in.no-status", Some(Vec::new()), OcspAnswer::TryLater),
        )
        .with_also(&["A27"]),
    );
    add_lists(all);
    add_answers(all);
}

fn add_twins(all: &mut Candidates) {
    all.add(
        Candidate::right(
            NOT_REVOKED,
            Group::LogIn,
            REVOCATION,
            text!("the certificate is not revoked", "証明書は失効していない"),
            |workshop| stated(workshop, NOT_REVOKED, None, OcspAnswer::Good),
        )
        .of(&A27),
    );
    all.add(
        Candidate::right(
            BY_LIST,
            Group::LogIn,
            LISTS,
            text!(
                "the certificate is in no revocation list",
                "証明書はどの失効リストにもない"
            ),
            |workshop| stated(workshop, BY_LIST, None, OcspAnswer::Good),
        )
        .of(&A29),
    );
    all.add(
        Candidate::right(
            BY_ANSWER,
            Group::LogIn,
            OCSP,
            text!(
                "the responder answers that the certificate is good, and there is no list",
                "失効リストはなく、OCSPレスポンダは有効と応答する"
            ),
            |workshop| stated(workshop, BY_ANSWER, Some(Vec::new()), OcspAnswer::Good),
        )
        .of(&A33),
    );
}

fn add_lists(all: &mut Candidates) {
    type Lists = fn(&Workshop) -> Result<Vec<NamedList>, MakeError>;
    let rows: [(&'static str, &'static Check, Text, Lists); 4] = [
        (
            "log-in.list-of-another-municipality",
            &A29,
            text!(
                "the only revocation list of the authority is that of another municipality",
                "認証局の失効リストは、別の市区町村のものだけ"
            ),
            |workshop| {
                let own = workshop.authority(AUTH)?;
                let other = x509::other_point(workshop, AUTH)?.municipality;
                lists_with(workshop, |name| {
                    let mut lists = x509::lists_of(workshop, (name, own), &[], workshop.now())?;
                    lists.retain(|(file, _)| *file == format!("{name}-{other}.crl"));
                    Ok(lists)
                })
            },
        ),
        (
            "log-in.list-ended",
            &A30,
            text!(
                "the revocation lists ended a day ago",
                "失効リストの次回更新日時が1日前"
            ),
            |workshop| {
                let own = workshop.authority(AUTH)?;
                lists_with(workshop, |name| {
                    x509::lists_of(workshop, (name, own), &[], before(workshop.now(), DAYS_AGO)?)
                })
            },
        ),
        (
            "log-in.list-by-foreign-key",
            &A31,
            text!(
                "a foreign key has signed the revocation lists, which name the authority and its key",
                "失効リストへの署名は別の鍵によるもの。認証局の名前と鍵識別子は本物と同じ"
            ),
            |workshop| changed_lists(workshop, true, &|_| Ok(())),
        ),
        (
            "log-in.list-with-unknown-extension",
            &A32,
            text!(
                "an unknown extension of the revocation lists is critical",
                "失効リストに未知のクリティカルな拡張がある"
            ),
            |workshop| {
                changed_lists(workshop, false, &|list| {
                    let null = x509::extension(UNKNOWN_EXTENSION, true, &Null)?;
                    list.crl_extensions.get_or_insert_default().push(null);
                    Ok(())
                })
            },
        ),
    ];
    for (name, check, what, lists) in rows {
        let make = move |workshop: &Workshop| stated(workshop, name, Some(lists(workshop)?), OcspAnswer::TryLater);
        let candidate = Candidate::wrong(name, Group::LogIn, LISTS, (check, BY_LIST), what, make);
        all.add(candidate.with_also(&["A27", "A37"]));
    }
}

fn add_answers(all: &mut Candidates) {
    for (name, check, answer, what) in [
        (
            "log-in.answer-for-another-serial",
            &A33,
            OcspAnswer::OtherSerial,
            text!(
                "the responder's answer is about another serial number",
                "OCSPの応答が別のシリアル番号のもの"
            ),
        ),
        (
            "log-in.answer-for-another-name",
            &A33,
            OcspAnswer::OtherIssuerName,
            text!(
                "the responder's answer is about an issuer with another name",
                "OCSPの応答が別の名前の発行者のもの"
            ),
        ),
        (
            "log-in.answer-for-another-key",
            &A33,
            OcspAnswer::OtherIssuerKey,
            text!(
                "the responder's answer is about an issuer with another key",
                "OCSPの応答が別の鍵の発行者のもの"
            ),
        ),
        (
            "log-in.answer-by-cardholder",
            &A34,
            OcspAnswer::SignedByCardholder,
            text!(
                "another cardholder's key has signed the responder's answer",
                "OCSPの応答への署名が別の利用者の鍵によるもの"
            ),
        ),
        (
            "log-in.answer-unknown",
            &A35a,
            OcspAnswer::Unknown,
            text!(
                "the responder answers that the certificate is unknown",
                "OCSPレスポンダは証明書を不明と応答する"
            ),
        ),
        (
            "log-in.answer-ended",
            &A35b,
            OcspAnswer::Stale,
            text!("the responder's answer ended a day ago", "OCSPの応答の期限が1日前"),
        ),
        (
            "log-in.answer-to-another-request",
            &A35c,
            OcspAnswer::OtherNonce,
            text!(
                "the responder's answer has the nonce of another request",
                "OCSPの応答のノンスが別の要求のもの"
            ),
        ),
        (
            "log-in.answer-good-and-revoked",
            &A36,
            OcspAnswer::GoodAndRevoked,
            text!(
                "the responder's answer states that the certificate is good and that it is revoked",
                "OCSPの応答に有効と失効の両方がある"
            ),
        ),
    ] {
        let make = move |workshop: &Workshop| stated(workshop, name, Some(Vec::new()), answer);
        let candidate = Candidate::wrong(name, Group::LogIn, OCSP, (check, BY_ANSWER), what, make);
        all.add(candidate.with_also(&["A27", "A37"]));
    }
}
