//! Lives of people: stories played on cards, phones and the register of authorities of their own.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::fs;
use std::path::{Path, PathBuf};

use vmyna::apdu::Language;
use vmyna::applets::PhoneKind;
use vmyna::issuance::story;
use vmyna::life::{Checked, Life, Plan, Responders, markdown};

fn plan(text: &str) -> Plan {
    Plan::of(&story::read(text, None).unwrap()).unwrap()
}

/// A file or folder of the project.
fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The example stories that are no towns, by name.
fn examples() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(project("examples/lives")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(path).unwrap();
        if !text.contains("[town]") {
            all.push((name, text));
        }
    }
    all.sort();
    assert!(all.len() >= 5);
    all
}

/// Compares the table of a page, or writes it.
fn page(path: &Path, table: &str) {
    let text = fs::read_to_string(path).unwrap();
    let (begin, end) = ("<!-- table -->\n", "<!-- end of table -->");
    let (before, rest) = text.split_once(begin).unwrap();
    let (there, after) = rest.split_once(end).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path, format!("{before}{begin}{table}{end}{after}")).unwrap();
    } else {
        assert_eq!(there, table, "{}: `make docs` writes it", path.display());
    }
}

#[test]
fn the_pages_of_the_examples_have_what_each_service_answers() {
    let mut rows_in_all = 0;
    let checked = examples().into_iter().map(|(name, text)| {
        // Serial numbers do not depend on the keys, of which one set is enough here.
        let text = text.replacen("version = 1", "version = 1\nkey-pool = 1", 1);
        let folder = in_memory();
        let mut life = Life::open(&folder.path().join("life"), plan(&text), &|| Ok(())).unwrap();
        let (mut responders, mut rows) = (Responders::default(), Vec::new());
        while let Some(played) = life.step().unwrap_or_else(|error| panic!("{name}: {error}")) {
            let answers = life.answers(&played, &mut responders);
            rows.extend(answers.unwrap_or_else(|error| panic!("{name}: {error}")));
        }
        for (language, end) in [(Language::En, "md"), (Language::Ja, "ja.md")] {
            page(
                &project(&format!("docs/lives/{name}.{end}")),
                &markdown(&rows, language),
            );
        }
        rows_in_all += rows.len();
        let end = life.plan().steps.last().unwrap().event.at;
        life.check(end, &mut responders)
            .unwrap_or_else(|error| panic!("{name}: {error}"))
    });
    let checked: Vec<Checked> = checked.collect();
    println!(
        "counted: lives: {} stories, {rows_in_all} rows of their tables",
        checked.len()
    );
    assert!(checked.iter().all(|checked| checked.cards > 0 && checked.ocsp > 3));
}

/// A town of 1,000 people lives ten years, and after each year every service agrees about every person.
#[test]
fn a_town_of_a_thousand_lives_ten_years_and_every_service_agrees() {
    let text = fs::read_to_string(project("examples/lives/town.toml")).unwrap();
    let people = 1000;
    assert!(text.contains("people = 1000\nyears = 10\n"));
    let folder = in_memory();
    // Serial numbers do not depend on the keys.
    let plan = plan(&text.replacen("key-pool = 2", "key-pool = 1", 1));
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
        let iphones = life.people().iter().filter_map(|person| person.phone());
        let iphones = iphones.filter(|phone| phone.kind == PhoneKind::Iphone).count();
        assert!(checked.mdocs == iphones && iphones > 0, "{checked:?}");
        all = all.and(checked);
        last = Some(end);
    }
    assert_eq!(life.next().map(|step| step.event.to_string()), None);
    println!(
        "counted: town: {} events of {people} people in ten years; every service agrees in {} register entries, {} OCSP answers, \
         {} lists with {} entries, {} certificates verified, {} cards and {} phones asked by APDU, {} mdocs verified; \
         in {} s",
        life.done(),
        all.register,
        all.ocsp,
        all.lists,
        all.entries,
        all.verified,
        all.cards,
        all.phones,
        all.mdocs,
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
    // The image of the card is away.
    let (image, away) = (
        life.folder().card(&life.people()[0].name, 1),
        folder.path().join("away"),
    );
    fs::rename(&image, &away).unwrap();
    let error = life.check(at, &mut responders).unwrap_err().to_string();
    assert!(
        error.contains("taro: the card by APDU must be able to answer"),
        "{error}"
    );
    fs::rename(&away, &image).unwrap();
    let certificates = &life.people()[0].certificates;
    let (issuer, serial) = certificates.last().unwrap().identity.unwrap();
    // A certificate is revoked without an event.
    let mut register = SqliteRegister::open(&life.folder().authorities().join("register.sqlite")).unwrap();
    let revocation = Revocation {
        at,
        reason: Reason::KeyCompromise,
    };
    register.revoke(issuer, serial, revocation).unwrap();
    let error = life.check(at, &mut responders).unwrap_err().to_string();
    assert!(error.contains(" taro: ") && error.contains("list about"), "{error}");
    assert!(
        error.contains("must be not in it") && error.contains("keyCompromise"),
        "{error}"
    );
}

#[test]
fn an_mdoc_other_than_the_events_demand_is_found() {
    use vmyna::CardSource;
    use vmyna::counter::Opening;
    use vmyna::issuance::rand_core::OsRng;

    let text = "version = 1\nbegin = 2026-11-02\nkey-pool = 1\n[people.hanako]\nname = \"見本　花子\"\n\
                address = \"東京都千代田区見本町１\"\nbirth = 1989-10-25\nsex = \"female\"\nmunicipality = { code = \"13101\" }\n\
                [[events]]\non = 2026-11-03\nwho = \"hanako\"\nwhat = \"phone\"\nkind = \"iphone\"\n\
                [[events]]\non = 2027-01-05\nwho = \"hanako\"\nwhat = \"married\"\nname = \"検証　花子\"\n\
                kana = \"ケンショウ　ハナコ\"\n";
    let folder = in_memory();
    let mut life = Life::open(&folder.path().join("life"), plan(text), &|| Ok(())).unwrap();
    while life.step().unwrap().is_some() {}
    let at = "2027-01-06T00:00:00Z".parse().unwrap();
    let mut responders = Responders::default();
    // The mdoc still states the name at its issue, and is right.
    assert_eq!(life.check(at, &mut responders).unwrap().mdocs, 1);
    let (card, phone, authorities) = {
        let (folder, name) = (life.folder(), &life.people()[0].name);
        (folder.card(name, 1), folder.phone(name, 1), folder.authorities())
    };
    // The phone gets another mdoc without an event, with the new name.
    let phone = CardSource::Image(phone, None);
    let mut opening = Opening::new(&phone, at);
    opening.authorities = Some(&authorities);
    let mut counter = vmyna::counter::Counter::open(&opening, &mut |_| {}).unwrap();
    let number = vmyna::phone::random_number();
    vmyna::phone::refresh(&mut counter, number, &CardSource::Image(card, None), &mut OsRng).unwrap();
    drop(counter);
    let error = life.check(at, &mut responders).unwrap_err().to_string();
    assert!(
        error.contains("full_name_unicode must be 見本　花子, and is 検証　花子"),
        "{error}"
    );
}

#[test]
fn a_damaged_folder_is_refused_and_stays_as_it_is() {
    let text = "version = 1\nbegin = 2026-11-02\nkey-pool = 1\n[people.taro]\ninvented = true\n";
    let memory = in_memory();
    let folder = memory.path().join("life");
    let open = || Life::open(&folder, plan(text), &|| Ok(())).map(drop);
    open().unwrap();
    let description = folder.join("life.toml");
    let whole = fs::read_to_string(&description).unwrap();
    let without_last = whole.trim_end().rsplit_once('\n').unwrap().0.to_owned() + "\n";
    for damaged in [without_last, format!("{whole}more = 1\n")] {
        fs::write(&description, &damaged).unwrap();
        let error = open().unwrap_err().to_string();
        assert!(error.contains("has not all its lines, or others"), "{error}");
    }
    fs::write(&description, whole.replace("key-pool = 1", "key-pool = 2")).unwrap();
    let error = open().unwrap_err().to_string();
    assert!(error.contains("key-pool = 2, and not key-pool = 1"), "{error}");
    fs::write(&description, &whole).unwrap();
    // A file with a hole: longer than any journal, and without its blocks.
    let journal = fs::File::options().write(true).open(folder.join("journal")).unwrap();
    let length = (64 << 20) + 1;
    journal.set_len(length).unwrap();
    let error = open().unwrap_err().to_string();
    assert!(error.contains("the journal is too long"), "{error}");
    assert_eq!(journal.metadata().unwrap().len(), length);
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
