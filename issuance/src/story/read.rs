//! Reading a story: people, events and town, each checked by itself.

use std::collections::BTreeMap;

use der::DateTime;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use vmyna_apdu::{Text, text};
use vmyna_applets::PhoneKind;
use vmyna_applets::calendar::Date;
use vmyna_applets::issued::CardName;

use super::source::{Reported, Source, Table, Value};
use super::{EVENTS_A_DAY, FIRST_MINUTE, Rates, Story, StoryError, StoryEvent, StoryPerson, Town, What};
use crate::IssuanceError;
use crate::characters;
use crate::invent::Inventor;
use crate::keys::{seed_for, seed_of};
use crate::municipalities;
use crate::order::LONGEST_TEXT;
use crate::person_file::{self, Defaults};
use crate::toml_file;

/// The seed of a story that gives none.
const SEED: u64 = 1;

/// A moment on a day in Japan: so many minutes after nine in the morning, which is midnight UTC. `None` outside the calendar.
#[must_use]
pub fn instant_on(day: Date, minutes: usize) -> Option<DateTime> {
    let (hour, minute) = (minutes / 60, minutes % 60);
    DateTime::new(
        day.year(),
        day.month(),
        day.day(),
        u8::try_from(hour).ok()?,
        u8::try_from(minute).ok()?,
        0,
    )
    .ok()
}

/// Reads a story. `seed` replaces the one of the file. The same text and seed give the same story.
///
/// # Errors
/// Every fault of the file, in the order of its lines, those without a line last. Faults of TOML itself come alone.
pub fn read(text: &str, seed: Option<u64>) -> Result<Story, Vec<StoryError>> {
    let text = toml_file::without_mark(text);
    let table = toml_file::parse(text)?;
    let mut source = Source::new(text);
    let top = Table {
        table: &table,
        path: String::new(),
        line: None,
    };
    let story = read_top(&mut source, text, &top, seed);
    let faults = source.into_faults();
    match story {
        Ok(story) if faults.is_empty() => Ok(story),
        _ => Err(faults),
    }
}

fn read_top(source: &mut Source<'_>, text: &str, top: &Table<'_>, seed: Option<u64>) -> Result<Story, Reported> {
    source.check_keys(
        top,
        &["version", "seed", "begin", "key-pool", "people", "events", "town"],
    );
    let version = source.number(top, "version", (1, 1));
    if matches!(version, Ok(None)) {
        source.missing(top, "version", text!("version = 1", "version = 1と書きます"));
    }
    let own_seed = source.number(top, "seed", (0, u64::MAX));
    let pool = source.number(top, "key-pool", (1, 1000));
    let begin = source.date(top, "begin");
    if matches!(begin, Ok(None)) {
        source.missing(
            top,
            "begin",
            text!("the day on which the story begins", "物語が始まる日"),
        );
    }
    let town = source.table(top, "town");
    let people = source.table(top, "people");
    let seed = seed.or(own_seed?).unwrap_or(SEED);
    version?;
    let pool = pool?.and_then(|pool| u32::try_from(pool).ok());
    let Some((begin, _)) = begin? else {
        return Err(Reported);
    };
    let mut story = Story {
        seed,
        begin,
        key_pool: pool,
        people: Vec::new(),
        events: Vec::new(),
        town: None,
    };
    if let Some(table) = town? {
        for key in ["people", "events"] {
            if let Some(value) = source.value(top, key) {
                let message = text!(
                    "is drawn by the seed in a town: leave it out, or leave [town] out",
                    "[town]ではシードから決まります。どちらか一方を書きます"
                );
                source.error(&value, message);
            }
        }
        story.town = Some(town_of(source, &table)?);
        return Ok(story);
    }
    let people = match people? {
        Some(people) => source.tables(&people),
        None => {
            let what = text!(
                "[people.NAME] for each person, or [town]",
                "人ごとに[people.NAME]、または[town]"
            );
            return Err(source.missing(top, "people", what));
        }
    };
    let names: Vec<&str> = people.iter().map(|(name, _)| *name).collect();
    story.events = events(source, top, begin, &names);
    let Some(first) = instant_on(begin, 0) else {
        return Err(Reported);
    };
    for (name, table) in &people {
        let born = story
            .events
            .iter()
            .find(|event| event.who.as_str() == *name && event.what == What::Born);
        let at = born.map_or(first, |event| event.at);
        if let Ok(order) = person(source, text, (name, table), seed, at, born.is_some()) {
            story.people.push(StoryPerson {
                order,
                is_born: born.is_some(),
            });
        }
    }
    Ok(story)
}

/// The order of a person's first card, issued at `at`.
fn person(
    source: &mut Source<'_>,
    text: &str,
    (name, table): (&str, &Table<'_>),
    seed: u64,
    at: DateTime,
    is_born: bool,
) -> Result<crate::order::Order, Reported> {
    let impossible = |source: &mut Source<'_>, error: IssuanceError| {
        let message = text!("{error}", "この人を作れません（{error}）");
        source.add([StoryError::new(table.path.clone(), table.line, message)])
    };
    let card: CardName = match name.parse() {
        Ok(name) => name,
        Err(_) => return Err(source.add([StoryError::new("people.?", table.line, CardName::rule())])),
    };
    let seed = seed_of(seed);
    let mut rng = ChaCha20Rng::from_seed(*seed_for(&seed, &format!("person/{name}")));
    if source.flag(table, "invented")? == Some(true) {
        source.check_keys(table, &["invented"]);
        let mut inventor = Inventor::new(rng, at);
        let order = match is_born {
            true => inventor.newborn(),
            false => inventor.single(),
        };
        let order = order.map_err(|error| impossible(source, error))?;
        return Ok(crate::order::Order { name: card, ..order });
    }
    let mut refused = Ok(());
    let forbidden = [
        ("", &["photo", "card-name", "invented"][..]),
        ("card", &["issued", "expiry", "pins"]),
        ("pins", &["tries-left"]),
        ("certificates", &["issued", "until", "sign", "auth"]),
    ];
    for (section, keys) in forbidden {
        let table = match section {
            "" => Some(table.clone()),
            section => source.table(table, section)?,
        };
        for key in keys {
            if let Some(value) = table.as_ref().and_then(|table| source.value(table, key)) {
                let message = text!(
                    "can't be given in a story: name, days and certificates come from it",
                    "物語では書けません。名前、日付、電子証明書は物語から決まります"
                );
                refused = Err(source.error(&value, message));
            }
        }
    }
    refused?;
    let defaults = Defaults::new(card, at);
    let file = person_file::read_part(text, (table.table, &table.path), &defaults, &mut rng);
    Ok(file.map_err(|faults| source.add(faults))?.order)
}

/// The events in the order in which they happen.
fn events(source: &mut Source<'_>, top: &Table<'_>, begin: Date, names: &[&str]) -> Vec<StoryEvent> {
    let mut dated: Vec<(Date, Option<usize>, CardName, What)> = Vec::new();
    let mut last = begin;
    for table in source.list(top, "events") {
        let on = day(source, &table, (begin, last));
        let who = who(source, &table, names);
        let what = what(source, &table);
        let out = source.date(&table, "out");
        let (Ok(on), Ok(who), Ok(what), Ok(out)) = (on, who, what, out) else {
            continue;
        };
        last = on;
        if let What::Moved {
            municipality: Some(_), ..
        } = what
        {
            let day = match out {
                Some((day, value)) if day < begin || day > on => {
                    source.error(
                        &value,
                        text!(
                            "lies between {begin}, when the story begins, and {on}",
                            "物語の始まり{begin}と{on}の間の日です"
                        ),
                    );
                    continue;
                }
                Some((day, _)) => day,
                None => on,
            };
            dated.push((day, table.line, who.clone(), What::MovedOut));
        } else if let Some((_, value)) = out {
            let message = text!(
                "belongs to `moved` with a municipality",
                "`municipality`のある`moved`に書きます"
            );
            source.error(&value, message);
        }
        dated.push((on, table.line, who, what));
    }
    // Only notices of moving out lie before events that stand before them.
    dated.sort_by_key(|(day, ..)| *day);
    let mut counts: BTreeMap<Date, usize> = BTreeMap::new();
    let mut events = Vec::with_capacity(dated.len());
    for (day, line, who, what) in dated {
        let count = counts.entry(day).or_default();
        *count += 1;
        match instant_on(day, FIRST_MINUTE + *count - 1).filter(|_| *count <= EVENTS_A_DAY) {
            Some(at) => events.push(StoryEvent { line, at, who, what }),
            None => {
                let message = text!(
                    "is one event too many: a day has at most {EVENTS_A_DAY}",
                    "1日の出来事は{EVENTS_A_DAY}件までです"
                );
                source.add([StoryError::new("events.on", line, message)]);
            }
        }
    }
    events
}

fn day(source: &mut Source<'_>, table: &Table<'_>, (begin, last): (Date, Date)) -> Result<Date, Reported> {
    let Some((day, value)) = source.date(table, "on")? else {
        return Err(source.missing(table, "on", text!("the day", "日付")));
    };
    if day < begin {
        let message = text!(
            "is before the story begins, on {begin}",
            "物語の始まり{begin}より前です"
        );
        return Err(source.error(&value, message));
    }
    if day < last {
        let message = text!(
            "is before {last}, the day of an event above: events stand in the order of their days",
            "上の出来事の日{last}より前です。出来事は日付順に書きます"
        );
        return Err(source.error(&value, message));
    }
    Ok(day)
}

fn who(source: &mut Source<'_>, table: &Table<'_>, names: &[&str]) -> Result<CardName, Reported> {
    let (who, value) = source.needed(table, "who", text!("the NAME of [people.NAME]", "[people.NAME]のNAME"))?;
    let name = names
        .iter()
        .find(|name| **name == who)
        .and_then(|name| name.parse().ok());
    name.ok_or_else(|| {
        let all = names.join(", ");
        let message = text!(
            "is none of the people; there are: {all}",
            "登場しない人です。いるのは: {all}"
        );
        source.error(&value, message)
    })
}

fn what(source: &mut Source<'_>, table: &Table<'_>) -> Result<What, Reported> {
    let names = What::NAMES.join(", ");
    let what_happens = text!("one of: {names}", "次のどれか: {names}");
    let (name, value) = source.needed(table, "what", what_happens)?;
    let own: &[&str] = match name {
        "moved" => &["out", "address", "municipality"],
        "married" => &["name", "kana"],
        "phone" => &["kind"],
        _ => &[],
    };
    if What::NAMES.contains(&name) {
        source.check_keys(table, &[&["on", "who", "what"], own].concat());
    }
    Ok(match name {
        "born" => What::Born,
        "15" => What::Fifteen,
        "moved" => moved(source, table)?,
        "married" => {
            let new = source.needed(table, "name", text!("the new name", "新しい氏名"));
            let kana = source.needed(table, "kana", text!("its reading in katakana", "カタカナの振り仮名"));
            let (name, value) = new?;
            let name = characters::name(name).map_err(|bad| source.error(&value, bad.text()))?;
            length(source, &value, &name)?;
            let (kana, value) = kana?;
            let kana = characters::kana(kana)
                .map_err(|_| source.error(&value, text!("is written in katakana", "カタカナで書きます")))?;
            length(source, &value, &kana)?;
            What::Married { name, kana }
        }
        "renewed" => What::Renewed,
        "lost" => What::Lost,
        "found" => What::Found,
        "replaced" => What::Replaced,
        "phone" => What::Phone(match source.text(table, "kind")? {
            None => PhoneKind::Iphone,
            Some((kind, value)) => {
                let found = PhoneKind::ALL.into_iter().find(|one| one.name() == kind);
                found.ok_or_else(|| source.error(&value, text!("is iphone or android", "iphoneかandroidです")))?
            }
        }),
        "phone-lost" => What::PhoneLost,
        "phone-removed" => What::PhoneRemoved,
        "died" => What::Died,
        "checked" => What::Checked,
        _ => {
            let message = text!("is one of: {names}", "次のどれかです: {names}");
            return Err(source.error(&value, message));
        }
    })
}

fn moved(source: &mut Source<'_>, table: &Table<'_>) -> Result<What, Reported> {
    let address = source.needed(
        table,
        "address",
        text!("the new address, from the prefecture on", "新しい住所（都道府県から）"),
    );
    let code = source.text(table, "municipality");
    let (address, value) = address?;
    let address = characters::address(address).map_err(|bad| source.error(&value, bad.text()))?;
    length(source, &value, &address)?;
    let municipality = match code? {
        None => None,
        Some((code, value)) => {
            let code = municipalities::read_code(code).map_err(|error| source.error(&value, error.text()))?;
            let known = municipalities::find(code).ok_or_else(|| {
                let message = text!(
                    "is a municipality that is not known here: take one that `municipalities` lists",
                    "ここにない市区町村です"
                );
                source.error(&value, message)
            })?;
            Some(known)
        }
    };
    Ok(What::Moved { address, municipality })
}

fn length(source: &mut Source<'_>, value: &Value<'_>, text: &str) -> Result<(), Reported> {
    match text.chars().count() {
        1..=LONGEST_TEXT => Ok(()),
        _ => {
            let message: Text = text!("has 1 to {LONGEST_TEXT} characters", "1文字から{LONGEST_TEXT}文字です");
            Err(source.error(value, message))
        }
    }
}

fn town_of(source: &mut Source<'_>, table: &Table<'_>) -> Result<Town, Reported> {
    source.check_keys(table, &["people", "years", "municipalities", "rates"]);
    let people = source.number(table, "people", (1, 100_000));
    let years = source.number(table, "years", (1, 50));
    let municipalities = source.number(table, "municipalities", (2, 200));
    for (key, given) in [("people", &people), ("years", &years)] {
        if matches!(given, Ok(None)) {
            source.missing(table, key, text!("how many", "いくつか"));
        }
    }
    let mut rates = Rates::DEFAULT;
    let mut read = Ok(());
    if let Some(section) = source.table(table, "rates")? {
        let all: [(&str, &mut u16); 7] = [
            ("births", &mut rates.births),
            ("deaths", &mut rates.deaths),
            ("moves", &mut rates.moves),
            ("marriages", &mut rates.marriages),
            ("losses", &mut rates.losses),
            ("phones", &mut rates.phones),
            ("phone-losses", &mut rates.phone_losses),
        ];
        source.check_keys(&section, &all.each_ref().map(|(key, _)| *key));
        for (key, rate) in all {
            match source.number(&section, key, (0, 1000)) {
                Ok(Some(number)) => *rate = u16::try_from(number).unwrap_or(u16::MAX),
                Ok(None) => {}
                Err(reported) => read = Err(reported),
            }
        }
    }
    read?;
    /// Those among whom people of a town move, if it gives none.
    const MUNICIPALITIES: u64 = 12;
    let small = |number: u64| u16::try_from(number).map_err(|_| Reported);
    Ok(Town {
        people: u32::try_from(people?.ok_or(Reported)?).map_err(|_| Reported)?,
        years: small(years?.ok_or(Reported)?)?,
        municipalities: small(municipalities?.unwrap_or(MUNICIPALITIES))?,
        rates,
    })
}
