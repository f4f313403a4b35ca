//! Lives of people: stories played on cards, phones and the register of authorities of their own.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::fs;
use std::path::Path;

use vmyna::issuance::story;
use vmyna::life::{Checked, Life, Plan, Responders};

fn plan(text: &str) -> Plan {
    Plan::of(&story::read(text, None).unwrap()).unwrap()
}

/// The example stories that are no towns, by name.
fn examples() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/lives");
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        all.push((name, fs::read_to_string(path).unwrap()));
    }
    all.sort();
    all
}

#[test]
fn every_service_agrees_about_each_person_of_the_examples() {
    for (name, text) in examples() {
        // Serial numbers do not depend on the keys, of which one set is enough here.
        let text = text.replacen("version = 1", "version = 1\nkey-pool = 1", 1);
        let folder = in_memory();
        let mut life = Life::open(&folder.path().join("life"), plan(&text), &|| Ok(())).unwrap();
        let mut responders = Responders::default();
        let mut rows = Vec::new();
        while let Some(played) = life.step().unwrap_or_else(|error| panic!("{name}: {error}")) {
            rows.extend(
                life.answers(&played, &mut responders)
                    .unwrap_or_else(|error| panic!("{name}: {error}")),
            );
        }
        let end = life.plan().steps.last().unwrap().event.at;
        let checked = life
            .check(end, &mut responders)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        println!(
            "{name}: {checked:?}\n{}",
            vmyna::life::markdown(&rows, vmyna::apdu::Language::En)
        );
    }
}

/// A town of 1,000 people lives ten years, and after each year every service agrees about every person.
#[test]
fn a_town_of_a_thousand_lives_ten_years_and_every_service_agrees() {
    let people: usize = std::env::var("VMYNA_TOWN").map_or(1000, |people| people.parse().unwrap());
    let text =
        format!("version = 1\nseed = 8\nbegin = 2026-11-02\nkey-pool = 2\n[town]\npeople = {people}\nyears = 10\n");
    let folder = in_memory();
    let plan = plan(&text);
    let began = std::time::Instant::now();
    let mut life = Life::open(&folder.path().join("town"), plan, &|| Ok(())).unwrap();
    let (mut responders, mut last, mut all) = (Responders::default(), None, Checked::default());
    let years = life.plan().years.clone();
    assert_eq!(years.len(), 10);
    for (year, end) in (1..).zip(years) {
        while life.next().is_some_and(|step| step.event.at <= end) {
            life.step().unwrap();
        }
        let checked = life.check(end, &mut responders).unwrap();
        let counts = life.counts(last, end);
        let revoked: Vec<String> = counts
            .revoked
            .iter()
            .map(|(reason, count)| format!("{count} {reason}"))
            .collect();
        let of = |name| counts.event(name);
        println!(
            "counted: town, year {year}: {} people, {} born, {} died, {} moved, {} married, {} turned 15, {} renewed, {} lost, \
             {} found, {} replaced, {} phones, {} phones lost or removed; {} certificates issued, revoked: {}",
            counts.people,
            of("born"),
            of("died"),
            of("moved") + of("moved within"),
            of("married"),
            of("15"),
            of("renewed"),
            of("lost"),
            of("found"),
            of("replaced"),
            of("phone"),
            of("phone-lost") + of("phone-removed"),
            counts.issued,
            revoked.join(", ")
        );
        // Every person that has a card was asked about, living or dead.
        let carded = life.people().iter().filter(|person| person.cards > 0).count();
        assert_eq!(checked.cards, carded, "{year}");
        let certificates: usize = life.people().iter().map(|person| person.certificates.len()).sum();
        assert_eq!((checked.register, checked.ocsp), (certificates, certificates), "{year}");
        assert!(checked.verified > people && checked.lists > 10, "{checked:?}");
        all = all.and(checked);
        last = Some(end);
    }
    assert_eq!(life.next().map(|step| step.event.to_string()), None);
    println!(
        "counted: town: {} events of {people} people in ten years; every service agrees in {} register entries, {} OCSP answers, \
         {} lists with {} entries, {} certificates verified, {} cards and {} phones asked by APDU; in {} s",
        life.done(),
        all.register,
        all.ocsp,
        all.lists,
        all.entries,
        all.verified,
        all.cards,
        all.phones,
        began.elapsed().as_secs()
    );
    // All kinds of events, many times.
    let counts = life.counts(None, last.unwrap());
    for name in [
        "born",
        "15",
        "moved",
        "moved-out",
        "married",
        "renewed",
        "lost",
        "found",
        "replaced",
        "phone",
        "phone-lost",
        "phone-removed",
        "died",
    ] {
        assert!(counts.event(name) >= people / 200, "{name}: {counts:?}");
    }
}

/// A folder in memory, where there is a place for one: a story writes each event to stable storage.
fn in_memory() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory).unwrap(),
        false => tempfile::tempdir().unwrap(),
    }
}

#[test]
fn a_service_that_does_not_answer_as_the_events_demand_is_found() {
    use vmyna::authority::register::sqlite::SqliteRegister;
    use vmyna::authority::register::{Reason, Register as _, Revocation};

    let text = "version = 1\nbegin = 2026-11-02\nkey-pool = 1\n[people.taro]\ninvented = true\n";
    let folder = in_memory();
    let mut life = Life::open(&folder.path().join("life"), plan(text), &|| Ok(())).unwrap();
    while life.step().unwrap().is_some() {}
    let at = "2026-11-03T00:00:00Z".parse().unwrap();
    let mut responders = Responders::default();
    life.check(at, &mut responders).unwrap();
    let certificates = &life.people()[0].certificates;
    let (issuer, serial) = certificates.last().unwrap().identity.unwrap();
    // Somebody revokes a certificate without an event.
    let mut register = SqliteRegister::open(&life.folder().authorities().join("register.sqlite")).unwrap();
    let revocation = Revocation {
        at,
        reason: Reason::KeyCompromise,
    };
    register.revoke(issuer, serial, revocation).unwrap();
    let error = life.check(at, &mut responders).unwrap_err().to_string();
    assert!(
        error.contains("keyCompromise") || error.contains("without it, and is with it"),
        "{error}"
    );
}

#[test]
fn an_event_that_cannot_happen_is_refused_before_anything_is_played() {
    let events = |events: &[(&str, &str, &str)]| {
        let mut text = "version = 1\nbegin = 2026-11-02\n[people.aki]\nname = \"見本　明\"\naddress = \"東京都千代田区見本町１\"\n\
                        birth = 1989-10-25\nsex = \"male\"\nmunicipality = { code = \"13101\" }\n"
            .to_owned();
        for (on, what, more) in events {
            text += &format!("[[events]]\non = {on}\nwho = \"aki\"\nwhat = \"{what}\"\n{more}");
        }
        let faults = Plan::of(&story::read(&text, None).unwrap()).unwrap_err();
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    for (story, fault) in [
        (
            &[("2027-01-01", "died", ""), ("2027-01-02", "renewed", "")][..],
            "line 13, 2027-01-02 aki renewed: the person died on 2027-01-01",
        ),
        (
            &[("2027-01-01", "renewed", "")],
            "line 9, 2027-01-01 aki renewed: the certificates can be renewed from 2031-07-25 on, three months before their end",
        ),
        (&[("2027-01-01", "15", "")], "the card has a sign certificate"),
        (&[("2027-01-01", "found", "")], "the card is not lost"),
        (
            &[("2027-01-01", "lost", ""), ("2027-01-02", "phone", "")],
            "line 13, 2027-01-02 aki phone: the card is lost: found or replaced comes first",
        ),
        (
            &[("2027-01-01", "moved", "address = \"東京都千代田区見本町１\"\n")],
            "line 9, 2027-01-01 aki moved: the person lives there already",
        ),
        (
            &[
                ("2027-01-01", "phone-lost", ""),
                ("2027-01-02", "died", ""),
                ("2027-01-03", "died", ""),
            ],
            "line 9, 2027-01-01 aki phone-lost: the person has no phone with certificates\n\
             line 17, 2027-01-03 aki died: the person died on 2027-01-02",
        ),
        (
            &[("2037-01-01", "moved", "address = \"東京都千代田区見本町２\"\n")],
            "the card ended on 2036-10-25: renewed comes first",
        ),
    ] {
        let got = events(story);
        assert!(got.contains(fault), "{got}");
    }
}
