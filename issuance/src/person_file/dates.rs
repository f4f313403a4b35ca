//! The dates of a person file. Days are days in Japan.

use std::time::Duration;

use der::DateTime;
use toml::value::{Datetime, Offset};
use vmyna_apdu::{Text, text};
use vmyna_applets::birth::BirthDate;
use vmyna_applets::calendar;

use super::source::{Place, Reported, Section, Source};
use crate::validity;

/// What holds for every date of a card.
pub(super) fn range() -> Text {
    text!(
        "must be a time from which the card's dates lie in the years 1970 to 9999",
        "カードの日付が1970年から9999年に収まる日時にしてください"
    )
}

/// When a card of a given day is issued: 10:00 in Japan, in UTC the same day.
const MORNING_UTC: u8 = 1;

/// The birth date, and where it stands. A text may have 00 for what is not known.
pub(super) fn birth(source: &mut Source<'_>, top: Section<'_>) -> Result<(BirthDate, Place), Reported> {
    let birth = match source
        .raw_text(top, "birth")
        .and_then(|(text, place)| Some((partly_unknown(text)?, place)))
    {
        Some(unknown) => Some(unknown),
        None => source.date(top, "birth")?.map(|(date, place)| (date.into(), place)),
    };
    let Some((birth, place)) = birth else {
        let what = text!("the birth date, written like 1989-10-25", "生年月日（例: 1989-10-25）");
        return Err(source.missing(top, "birth", what));
    };
    if birth.is_before_meiji() {
        return Err(source.error(
            place,
            text!(
                "is before Meiji, which began on 1868-01-25: no card writes such a date",
                "明治（1868-01-25から）より前です。カードにこのような日付はありません"
            ),
        ));
    }
    Ok((birth, place))
}

/// A date like `1945-00-00`; `None` for any other text.
fn partly_unknown(text: &str) -> Option<BirthDate> {
    let [year, month, day] = text.split('-').collect::<Vec<_>>().try_into().ok()?;
    let all: String = [year, month, day].concat();
    let lengths = (year.len(), month.len(), day.len()) == (4, 2, 2);
    BirthDate::from_digits(all.as_bytes()).filter(|birth| lengths && birth.known().is_none())
}

/// The time of issue, UTC, and where it stands.
pub(super) fn issued(source: &mut Source<'_>, card: Section<'_>, now: DateTime) -> Result<(DateTime, Place), Reported> {
    let given = moment(source, card, "issued", instant)?;
    Ok(given.unwrap_or_else(|| (now, Place::field(card, "issued"))))
}

/// When certificates are issued, where that is given.
pub(super) fn certificates_issued(
    source: &mut Source<'_>,
    certificates: Section<'_>,
) -> Result<Option<(DateTime, Place)>, Reported> {
    moment(source, certificates, "issued", instant)
}

/// When certificates end, where that is given: a time, or the last second of a day in Japan.
pub(super) fn certificates_until(
    source: &mut Source<'_>,
    certificates: Section<'_>,
) -> Result<Option<(DateTime, Place)>, Reported> {
    moment(source, certificates, "until", |datetime| {
        match (datetime.date, datetime.time) {
            (Some(date), None) => validity::end_of_day(calendar::Date::new(date.year, date.month, date.day)?).ok(),
            _ => instant(datetime),
        }
    })
}

/// A moment, UTC, and where it stands.
fn moment(
    source: &mut Source<'_>,
    section: Section<'_>,
    key: &str,
    instant: impl Fn(&Datetime) -> Option<DateTime>,
) -> Result<Option<(DateTime, Place)>, Reported> {
    let form = || {
        text!(
            "is a day or a time with its offset, written like 2026-11-01 or 2026-11-01T10:00:00+09:00",
            "日付、または時差のある日時を書きます（例: 2026-11-01、2026-11-01T10:00:00+09:00）"
        )
    };
    let Some((datetime, place)) = source.datetime(section, key, form)? else {
        return Ok(None);
    };
    if datetime.date.is_none() || datetime.time.is_some() != datetime.offset.is_some() {
        return Err(source.error(place, form()));
    }
    match instant(&datetime) {
        Some(instant) => Ok(Some((instant, place))),
        None => Err(source.error(place, range())),
    }
}

/// The instant, to the second; `None` outside the years 1970 to 9999, and for a leap second.
fn instant(datetime: &Datetime) -> Option<DateTime> {
    let date = datetime.date?;
    let (hour, minute, second) = match datetime.time {
        Some(time) => (time.hour, time.minute, time.second.unwrap_or(0)),
        None => (MORNING_UTC, 0, 0),
    };
    let local = DateTime::new(date.year, date.month, date.day, hour, minute, second).ok()?;
    let ahead = match datetime.offset {
        Some(Offset::Custom { minutes }) => minutes,
        Some(Offset::Z) | None => 0,
    };
    let offset = Duration::from_secs(u64::from(ahead.unsigned_abs()) * 60);
    let utc = if ahead < 0 {
        local.unix_duration().checked_add(offset)
    } else {
        local.unix_duration().checked_sub(offset)
    };
    DateTime::from_unix_duration(utc?).ok()
}
