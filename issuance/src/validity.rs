//! When a certificate, a certificate authority or a card ends: pure functions from the time of issue and a birth date.
//!
//! All counting is done on days in Japan (JST, UTC+9); instants going in and out are UTC, as in a certificate. This
//! module must never ask a clock.
//!
//! Where a part of the birth date is unknown, birthdays are those of [`BirthDate::reckoned_on`] (`assumed`).

use std::time::Duration;

use der::DateTime;
use der::asn1::{GeneralizedTime, UtcTime};
use vmyna_applets::birth::BirthDate;
use vmyna_applets::calendar::{self, Date};
use x509_cert::time::Time;

use super::IssuanceError;

/// Japan Standard Time is nine hours ahead of UTC all year round.
const JST: Duration = Duration::from_secs(9 * 60 * 60);
const LAST_YEAR: u16 = 9999;
/// A day, in seconds.
pub(crate) const DAY: u64 = 24 * 60 * 60;
const ONE_SECOND: Duration = Duration::from_secs(1);

/// The age from which a card lasts until the tenth birthday instead of the fifth (since 2022-04-01).
const ADULT: u16 = 18;

/// The moment in Japanese wall-clock time, for texts that show it. The result is *not* an instant any more.
///
/// # Errors
/// [`IssuanceError::Input`] after the year 9999.
pub(crate) fn japanese_clock(instant: DateTime) -> Result<DateTime, IssuanceError> {
    calendar::japanese_clock(instant).ok_or(OUT_OF_RANGE)
}

/// The day in Japan at a UTC instant.
///
/// # Errors
/// [`IssuanceError::Input`] after the year 9999.
pub(crate) fn day_in_japan(instant: DateTime) -> Result<Date, IssuanceError> {
    calendar::day_in_japan(instant).ok_or(OUT_OF_RANGE)
}

/// The form of a time that RFC 5280 (4.1.2.5, 5.1.2.4) asks for: two digits of the year until 2049, four from 2050 on. The
/// certificates of the card have four in every year, like the test card's.
///
/// # Errors
/// [`der::Error`] never in practice: every time has one of the two forms.
pub fn x509_time(time: DateTime) -> der::Result<Time> {
    Ok(match time.year() {
        ..2050 => Time::UtcTime(UtcTime::from_date_time(time)?),
        _ => Time::GeneralTime(GeneralizedTime::from_date_time(time)),
    })
}

/// The last second of a day in Japan, as UTC: 14:59:59 of the same date.
///
/// # Errors
/// [`IssuanceError::Asn1`] before 1970.
pub fn end_of_day(day: Date) -> Result<DateTime, IssuanceError> {
    Ok(DateTime::new(day.year(), day.month(), day.day(), 14, 59, 59)?)
}

/// The end (notAfter) of a cardholder's certificate: the last second of the fifth birthday after the day of issue, or of
/// the card's expiry day if that is earlier.
///
/// A birthday counts when it lies after the day of issue; issued on a birthday, the next year's is the first
/// (`assumed`). `measured` on the test card: issued 2025-10-27, born 17 February, ends 2030-02-17 14:59:59Z.
///
/// # Errors
/// [`IssuanceError::Input`] when the card has expired before the certificate begins; [`IssuanceError::Asn1`] when the end
/// lies outside the years 1970 to 9999.
pub fn certificate_end(
    issued: DateTime,
    birth: impl Into<BirthDate>,
    card_expiry: Date,
) -> Result<DateTime, IssuanceError> {
    let day = day_in_japan(issued)?;
    end_on(
        birthday_after(birth.into().reckoned_on(day), day, 5)?.min(card_expiry),
        issued,
    )
}

/// The end of a certificate with this last day.
fn end_on(last_day: Date, issued: DateTime) -> Result<DateTime, IssuanceError> {
    let end = end_of_day(last_day)?;
    if end <= issued {
        return Err(IssuanceError::Input("a certificate must begin before its card expires"));
    }
    Ok(end)
}

/// The end of a certificate that is issued in place of one that ends at `old`, at the time `issued`: as [`certificate_end`],
/// but the sixth birthday after the day of issue where that lies in the last three months of the old one.
///
/// # Errors
/// As [`certificate_end`].
pub fn renewed_certificate_end(
    (issued, old): (DateTime, DateTime),
    birth: impl Into<BirthDate>,
    card_expiry: Date,
) -> Result<DateTime, IssuanceError> {
    let birth = birth.into();
    let day = day_in_japan(issued)?;
    if issued > old || day < renewable_from(old)? {
        return certificate_end(issued, birth, card_expiry);
    }
    end_on(birthday_after(birth.reckoned_on(day), day, 6)?.min(card_expiry), issued)
}

/// From which day in Japan on a certificate with this end can be renewed: the day of the same number three months before its
/// last day, or the last day of that month. Which day exactly the three months begin on is `assumed`.
///
/// # Errors
/// [`IssuanceError::Input`] outside the years 1970 to 9999.
pub fn renewable_from(end: DateTime) -> Result<Date, IssuanceError> {
    const MONTHS: u8 = 3;
    let last = day_in_japan(end)?;
    let (year, month) = match last.month() {
        month @ 1..=MONTHS => (last.year() - 1, month + 12 - MONTHS),
        month => (last.year(), month - MONTHS),
    };
    let days = (1..=last.day()).rev();
    days.filter_map(|day| Date::new(year, month, day))
        .next()
        .ok_or(OUT_OF_RANGE)
}

/// The expiry day of a card: the tenth birthday after issue for an adult (18 or older on the day of issue), else the fifth.
///
/// # Errors
/// [`IssuanceError::Input`] when the cardholder is born after the day of issue.
pub fn card_expiry(issued: DateTime, birth: impl Into<BirthDate>) -> Result<Date, IssuanceError> {
    let day = day_in_japan(issued)?;
    let birth = birth.into().reckoned_on(day);
    if birth > day {
        return Err(IssuanceError::Input(
            "a cardholder must be born when the card is issued",
        ));
    }
    birthday_after(birth, day, if birth.age_on(day) >= ADULT { 10 } else { 5 })
}

/// The end of a certificate authority's own certificate: the last second of ten years, counted in Japan.
///
/// `measured` on four CA certificates of test cards, among them 2024-08-28 22:23:39Z (the 29th in Japan) to 2034-08-28
/// 14:59:59Z.
///
/// No certificate ends after the year 9999: one that would ends with that year in Japan.
///
/// # Errors
/// [`IssuanceError::Input`] for a beginning after the year 9999.
pub fn authority_end(not_before: DateTime) -> Result<DateTime, IssuanceError> {
    let day = day_in_japan(not_before)?;
    let year = day.year() + 10;
    if year > LAST_YEAR {
        return Ok(DateTime::new(LAST_YEAR, 12, 31, 14, 59, 59)?);
    }
    // Ten years from 29 February are over when 1 March begins.
    let (month, day) = match Date::new(year, day.month(), day.day()) {
        Some(same) => (same.month(), same.day()),
        None => (3, 1),
    };
    let midnight = DateTime::new(year, month, day, 0, 0, 0)?;
    Ok(DateTime::from_unix_duration(
        midnight.unix_duration() - JST - ONE_SECOND,
    )?)
}

/// A new generation of the X.509 authorities begins every so many years. A certificate of a cardholder lasts at most five
/// years and a day, an authority ten: so each ends within the generation that was the latest when it began.
const GENERATION: i32 = 4;

/// When the generation after one begins: four years later.
///
/// # Errors
/// [`IssuanceError::Asn1`] outside the years 1970 to 9999.
pub fn next_generation(begin: DateTime) -> Result<DateTime, IssuanceError> {
    in_year(begin, i32::from(begin.year()) + GENERATION)
}

/// When the generation that is the latest at `instant` begins, where one of them begins at `anchor`.
///
/// # Errors
/// [`IssuanceError::Asn1`] outside the years 1970 to 9999.
pub(crate) fn generation_begin(anchor: DateTime, instant: DateTime) -> Result<DateTime, IssuanceError> {
    let first = DateTime::new(1970, 1, 1, 0, 0, 0)?;
    let mut year = i32::from(anchor.year());
    year += (i32::from(instant.year()) - year).div_euclid(GENERATION) * GENERATION;
    let begin = |year: i32| match year >= i32::from(first.year()) {
        true => in_year(anchor, year),
        false => Ok(first),
    };
    let latest = begin(year)?;
    Ok(if latest <= instant {
        latest
    } else {
        begin(year - GENERATION)?
    })
}

/// The same moment of another year. The day of 29 February counts as the 28th, so that every year has one.
fn in_year(anchor: DateTime, year: i32) -> Result<DateTime, IssuanceError> {
    let day = match (anchor.month(), anchor.day()) {
        (2, 29) => 28,
        (_, day) => day,
    };
    Ok(DateTime::new(
        u16::try_from(year).map_err(|_| OUT_OF_RANGE)?,
        anchor.month(),
        day,
        anchor.hour(),
        anchor.minutes(),
        anchor.seconds(),
    )?)
}

const OUT_OF_RANGE: IssuanceError = IssuanceError::Input("dates must lie in the years 1970 to 9999");

/// The `count`th birthday that lies after `day`.
fn birthday_after(birth: Date, day: Date, count: u16) -> Result<Date, IssuanceError> {
    let this_year = birth.birthday_in(day.year()).ok_or(OUT_OF_RANGE)?;
    let first = day.year() + u16::from(this_year <= day);
    birth.birthday_in(first + count - 1).ok_or(OUT_OF_RANGE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FAR: &str = "99991231";

    fn date(digits: &str) -> Date {
        Date::from_digits(digits.as_bytes()).unwrap()
    }

    fn end(issued: &str, birth: &str, card: &str) -> String {
        certificate_end(issued.parse().unwrap(), date(birth), date(card))
            .unwrap()
            .to_string()
    }

    #[test]
    fn a_certificate_ends_with_the_fifth_birthday_after_issue() {
        for (issued, birth, expected, why) in [
            (
                "2025-10-27T01:35:42Z",
                "19800217",
                "2030-02-17T14:59:59Z",
                "the test card",
            ),
            (
                "2026-10-24T01:00:00Z",
                "19891025",
                "2030-10-25T14:59:59Z",
                "tomorrow's birthday is the first",
            ),
            (
                "2026-10-25T01:00:00Z",
                "19891025",
                "2031-10-25T14:59:59Z",
                "today's birthday does not count",
            ),
            (
                "2026-10-24T14:59:59Z",
                "19891025",
                "2030-10-25T14:59:59Z",
                "23:59:59 in Japan, still the 24th",
            ),
            (
                "2026-10-24T15:00:00Z",
                "19891025",
                "2031-10-25T14:59:59Z",
                "midnight in Japan, already the 25th",
            ),
            (
                "2026-12-31T15:00:00Z",
                "19900101",
                "2032-01-01T14:59:59Z",
                "new year in Japan before UTC",
            ),
            (
                "2024-03-01T00:00:00Z",
                "20000229",
                "2029-02-28T14:59:59Z",
                "29 February, ending in a common year",
            ),
            (
                "2024-02-28T00:00:00Z",
                "20000229",
                "2028-02-29T14:59:59Z",
                "29 February, ending in a leap year",
            ),
            (
                "2027-02-28T00:00:00Z",
                "20000229",
                "2032-02-29T14:59:59Z",
                "28 February is the birthday of 2027",
            ),
        ] {
            assert_eq!(end(issued, birth, FAR), expected, "{why}");
        }
    }

    #[test]
    fn a_certificate_ends_with_the_card_when_that_is_earlier() {
        assert_eq!(
            end("2033-05-01T00:00:00Z", "19800217", "20350217"),
            "2035-02-17T14:59:59Z"
        );
        let begun_too_late = certificate_end(
            "2035-02-18T00:00:00Z".parse().unwrap(),
            date("19800217"),
            date("20350217"),
        );
        assert!(matches!(begun_too_late, Err(IssuanceError::Input(_))));
    }

    #[test]
    fn a_certificate_is_renewed_from_three_months_before_its_end() {
        for (end, from) in [
            ("2030-02-17T14:59:59Z", "20291117"),
            ("2030-05-31T14:59:59Z", "20300228"),
            ("2028-05-30T14:59:59Z", "20280229"),
            ("2030-12-31T14:59:59Z", "20300930"),
        ] {
            assert_eq!(renewable_from(end.parse().unwrap()).unwrap(), date(from), "{end}");
        }
    }

    #[test]
    fn a_certificate_renewed_in_its_last_three_months_ends_with_the_sixth_birthday() {
        let old = "2030-02-17T14:59:59Z";
        for (issued, card, expected, why) in [
            (
                "2029-11-16T15:00:00Z",
                FAR,
                "2035-02-17T14:59:59Z",
                "the first day in Japan",
            ),
            ("2029-11-16T14:59:59Z", FAR, "2034-02-17T14:59:59Z", "the second before"),
            (
                "2030-02-17T14:59:59Z",
                FAR,
                "2036-02-17T14:59:59Z",
                "its last second, a birthday",
            ),
            ("2030-02-17T15:00:00Z", FAR, "2035-02-17T14:59:59Z", "after its end"),
            (
                "2029-12-01T00:00:00Z",
                "20340217",
                "2034-02-17T14:59:59Z",
                "never after the card",
            ),
        ] {
            let end = renewed_certificate_end(
                (issued.parse().unwrap(), old.parse().unwrap()),
                date("19800217"),
                date(card),
            );
            assert_eq!(end.unwrap().to_string(), expected, "{why}");
        }
    }

    #[test]
    fn a_card_lasts_to_the_tenth_birthday_of_an_adult_and_the_fifth_of_a_minor() {
        for (issued, birth, expected) in [
            ("2025-10-27T01:35:42Z", "19800217", "20350217"), // the test card
            ("2026-11-01T01:00:00Z", "20081101", "20361101"), // 18 today
            ("2026-11-01T01:00:00Z", "20081102", "20301102"), // 18 tomorrow; that birthday is the first of five
            ("2026-11-01T01:00:00Z", "20261031", "20311031"), // a newborn
            ("2026-02-28T01:00:00Z", "20080229", "20360229"), // 29 February: 18 on the 28th
        ] {
            assert_eq!(
                card_expiry(issued.parse().unwrap(), date(birth)).unwrap(),
                date(expected),
                "{issued} {birth}"
            );
        }
        assert!(card_expiry("2026-11-01T01:00:00Z".parse().unwrap(), date("20261102")).is_err());
    }

    #[test]
    fn unknown_birthdays_are_those_of_the_last_day_possible() {
        let birth = |digits: &str| BirthDate::from_digits(digits.as_bytes()).unwrap();
        let issued: DateTime = "2026-11-01T01:00:00Z".parse().unwrap();
        for (digits, card, certificate) in [
            ("19450000", "20351231", "2030-12-31T14:59:59Z"),
            ("19450600", "20360630", "2031-06-30T14:59:59Z"),
            // 18 on the last day of the month at the latest.
            ("20081100", "20301130", "2030-11-30T14:59:59Z"),
            ("20081000", "20361031", "2031-10-31T14:59:59Z"),
            ("20260000", "20311101", "2031-11-01T14:59:59Z"),
            ("00000000", "20361101", "2031-11-01T14:59:59Z"),
        ] {
            let expiry = card_expiry(issued, birth(digits)).unwrap();
            assert_eq!(expiry, date(card), "{digits}");
            let end = certificate_end(issued, birth(digits), expiry).unwrap();
            assert_eq!(end.to_string(), certificate, "{digits}");
        }
        assert!(card_expiry(issued, birth("20270000")).is_err());
    }

    #[test]
    fn an_authority_lasts_ten_years_counted_in_japan() {
        for (begin, expected) in [
            ("2024-08-28T22:23:39Z", "2034-08-28T14:59:59Z"),
            ("2023-03-23T02:05:02Z", "2033-03-22T14:59:59Z"),
            ("2019-07-17T23:14:37Z", "2029-07-17T14:59:59Z"),
            ("2019-03-09T02:23:28Z", "2029-03-08T14:59:59Z"),
            ("2024-02-28T15:00:00Z", "2034-02-28T14:59:59Z"), // from 29 February in Japan
        ] {
            assert_eq!(authority_end(begin.parse().unwrap()).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn an_authority_ends_with_the_year_9999_at_the_latest() {
        for (begin, expected) in [
            ("9989-12-31T01:00:00Z", "9999-12-30T14:59:59Z"),
            ("9990-06-01T01:00:00Z", "9999-12-31T14:59:59Z"),
            ("9999-01-01T01:00:00Z", "9999-12-31T14:59:59Z"),
        ] {
            assert_eq!(authority_end(begin.parse().unwrap()).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn a_generation_begins_every_four_years() {
        for (instant, expected) in [
            ("2024-11-01T01:00:00Z", "2024-11-01T01:00:00Z"),
            ("2028-11-01T00:59:59Z", "2024-11-01T01:00:00Z"),
            ("2028-11-01T01:00:00Z", "2028-11-01T01:00:00Z"),
            ("2024-11-01T00:59:59Z", "2020-11-01T01:00:00Z"),
            ("2015-12-24T01:00:00Z", "2012-11-01T01:00:00Z"),
            ("1970-02-01T00:00:00Z", "1970-01-01T00:00:00Z"),
            ("1972-11-01T01:00:00Z", "1972-11-01T01:00:00Z"),
        ] {
            let begin = generation_begin("2024-11-01T01:00:00Z".parse().unwrap(), instant.parse().unwrap());
            assert_eq!(begin.unwrap().to_string(), expected, "{instant}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        /// Every moment at which a card can be issued, to persons of every birthday; also where the generations begin on
        /// 29 February.
        #[test]
        fn the_latest_generation_lasts_as_long_as_every_certificate_that_begins_in_it(
            anchor in 0_u64..4_102_444_800, issued in 0_u64..253_000_000_000,
            month in 1_u8..=12, day in 1_u8..=31, leap in any::<bool>(),
        ) {
            let Some(birth) = Date::new(1872, month, day) else { return Ok(()) };
            let at = |seconds| DateTime::from_unix_duration(Duration::from_secs(seconds)).unwrap();
            let anchor = if leap { "2024-02-29T20:00:00Z".parse().unwrap() } else { at(anchor) };
            let issued = at(issued);
            let end = certificate_end(issued, birth, date(FAR)).unwrap();
            let begin = generation_begin(anchor, issued).unwrap();
            prop_assert!(begin <= issued, "{} {}", begin, issued);
            prop_assert!(end <= authority_end(begin).unwrap(), "{} {}", begin, end);
        }
    }

    proptest! {
        #[test]
        fn a_certificate_lasts_more_than_four_and_at_most_five_years(
            issued in 1_500_000_000_u64..3_000_000_000,
            year in 1900_u16..=2015, month in 1_u8..=12, day in 1_u8..=31,
        ) {
            let Some(birth) = Date::new(year, month, day) else { return Ok(()) };
            let issued = DateTime::from_unix_duration(Duration::from_secs(issued)).unwrap();
            let end = certificate_end(issued, birth, date(FAR)).unwrap();
            let (first, last) = (day_in_japan(issued).unwrap(), day_in_japan(end).unwrap());
            prop_assert_eq!(last, birth.birthday_in(last.year()).unwrap());
            let years = last.year() - first.year();
            let month_and_day = |date: Date| (date.month(), date.day());
            if birth.birthday_in(first.year()).unwrap() > first {
                prop_assert_eq!(years, 4);
            } else {
                prop_assert_eq!(years, 5);
                prop_assert!(month_and_day(last) <= month_and_day(first) || month_and_day(birth) == (2, 29));
            }
        }
    }
}
