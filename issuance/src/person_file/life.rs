//! What a person file says of the life of a card: from when to when it and its certificates are valid.

use std::time::Duration;

use der::DateTime;
use vmyna_apdu::text;
use vmyna_applets::birth::BirthDate;
use vmyna_applets::calendar::Date;

use super::Defaults;
use super::dates;
use super::source::{Place, Reported, Section, Source};
use crate::order::{CertificateDates, SIGNATURE_AGE};
use crate::{IssuanceError, validity};

/// What depends on the birth date and the time of issue.
pub(super) struct Life {
    pub(super) birth: BirthDate,
    pub(super) issued: DateTime,
    pub(super) expiry: Date,
    pub(super) sign: bool,
    pub(super) auth: bool,
    pub(super) dates: CertificateDates,
}

pub(super) fn read(
    source: &mut Source<'_>,
    top: Section<'_>,
    (card, birth): (Result<Section<'_>, Reported>, Result<(BirthDate, Place), Reported>),
    pinless: bool,
    defaults: &Defaults,
    remarks: &mut Vec<String>,
) -> Result<Life, Reported> {
    let certificates = source.section(top, "certificates");
    let issued = card.and_then(|card| dates::issued(source, card, defaults.now));
    let given_expiry = card.and_then(|card| source.date(card, "expiry"));
    let sign = certificates.and_then(|section| source.boolean(section, "sign"));
    let auth = certificates.and_then(|section| source.boolean(section, "auth"));
    let certified = certificates.and_then(|section| dates::certificates_issued(source, section));
    let until = certificates.and_then(|section| dates::certificates_until(source, section));

    let ((birth, birth_place), (issued, issued_place)) = (birth?, issued?);
    let day = validity::day_in_japan(issued).map_err(|_| source.error(issued_place.clone(), dates::range()))?;
    if birth.reckoned_on(day) > day {
        let message = text!(
            "is after the day of issue, {day}: a cardholder must be born",
            "発行日{day}より後です。カードの本人は生まれていなければなりません"
        );
        return Err(source.error(birth_place, message));
    }
    let age = birth.age_on(day);
    let sign = match sign? {
        Some((true, place)) if age < SIGNATURE_AGE => {
            let message = text!(
                "a signature certificate is issued from {SIGNATURE_AGE} years on; the holder is {age} then",
                "署名用電子証明書は{SIGNATURE_AGE}歳から発行されます。本人はその時{age}歳です"
            );
            return Err(source.error(place, message));
        }
        Some((true, place)) if pinless => {
            let message = text!(
                "a card without PINs has no signature certificate",
                "暗証番号のないカードに署名用電子証明書はありません"
            );
            return Err(source.error(place, message));
        }
        Some((sign, _)) => sign,
        None => age >= SIGNATURE_AGE && !pinless,
    };
    let auth = auth?.is_none_or(|(auth, _)| auth);
    let rule = validity::card_expiry(issued, birth).map_err(|_| source.error(issued_place, dates::range()))?;
    let (expiry, place) = given_expiry?.unwrap_or((rule, Place::field(card?, "expiry")));
    if expiry < day {
        let message = text!("is before the day of issue, {day}", "発行日{day}より前です");
        return Err(source.error(place, message));
    }
    let (certified, until) = (certified?, until?);
    let begin = certified.as_ref().map_or(issued, |(begin, _)| *begin);
    if (sign || auth) && !certificates_begin(begin, birth, expiry, until.as_ref().map(|(until, _)| *until)) {
        let (place, message) = match (&until, &certified) {
            (Some((_, place)), _) => (
                place,
                text!("is before the certificates begin", "電子証明書の始まりより前です"),
            ),
            (None, Some((_, place))) => (
                place,
                text!(
                    "is so late that the certificates would end before they begin",
                    "遅すぎるため、電子証明書が始まる前に終わります"
                ),
            ),
            (None, None) => (
                &place,
                text!(
                    "is so close to the time of issue that the certificates would end before they begin",
                    "発行の時に近すぎるため、電子証明書が始まる前に終わります"
                ),
            ),
        };
        return Err(source.error(place.clone(), message));
    }
    if begin < issued {
        remarks.push(format!(
            "certificates.issued: {begin} is kept, though the card is issued later, at {issued}"
        ));
    }
    let dates = CertificateDates {
        issued: certified.map(|(begin, _)| begin),
        until: until.map(|(until, _)| until),
    };
    let card_end = validity::end_of_day(expiry).map_err(|_| source.error(place, dates::range()))?;
    if let Some(until) = dates.until.filter(|until| *until > card_end) {
        remarks.push(format!(
            "certificates.until: {until} is kept, though the card ends on {expiry}"
        ));
    }
    if expiry != rule {
        remarks.push(format!(
            "card.expiry: {expiry} is kept, though a card issued then ends on {rule}"
        ));
    }
    Ok(Life {
        birth,
        issued,
        expiry,
        sign,
        auth,
        dates,
    })
}

/// Whether certificates have begun before they end. One begins some seconds after the other: a minute is enough.
fn certificates_begin(issued: DateTime, birth: BirthDate, expiry: Date, until: Option<DateTime>) -> bool {
    let begin = DateTime::from_unix_duration(issued.unix_duration() + Duration::from_secs(60));
    let end = begin.map_err(IssuanceError::from);
    end.and_then(|begin| match until {
        Some(until) => Ok(until > begin),
        None => validity::certificate_end(begin, birth, expiry).map(|_| true),
    })
    .unwrap_or(false)
}
