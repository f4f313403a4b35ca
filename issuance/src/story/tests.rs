use super::*;

const HEAD: &str = "version = 1\nbegin = 2026-11-02\n[people.hanako]\nname = \"見本　花子\"\naddress = \"東京都千代田区見本町１\"\n\
                    birth = 1989-10-25\nsex = \"female\"\nmunicipality = { code = \"13101\" }\n[people.ichiro]\ninvented = true\n";

fn faults(events: &str) -> Vec<String> {
    let faults = read(&format!("{HEAD}{events}"), None).unwrap_err();
    faults.iter().map(ToString::to_string).collect()
}

#[test]
fn a_story_has_its_people_and_its_events_in_order() {
    let story = read(
        &format!(
            "{HEAD}[[events]]\non = 2027-02-01\nwho = \"ichiro\"\nwhat = \"born\"\n[[events]]\non = 2027-03-01\nwho = \"hanako\"\n\
             what = \"moved\"\nout = 2027-01-05\naddress = \"大阪府大阪市北区見本町１\"\nmunicipality = \"27127\"\n"
        ),
        Some(5),
    )
    .unwrap();
    let events: Vec<String> = story.events.iter().map(ToString::to_string).collect();
    assert_eq!(
        events,
        [
            "2027-01-05 hanako moved-out",
            "2027-02-01 ichiro born",
            "2027-03-01 hanako moved"
        ]
    );
    assert_eq!(story.seed, 5);
    let [hanako, ichiro] = &story.people[..] else { panic!() };
    assert_eq!(hanako.order.issued.to_string(), "2026-11-02T00:00:00Z");
    assert_eq!(ichiro.order.issued.to_string(), "2027-02-01T01:00:00Z");
    assert_eq!(ichiro.order.person.birth.to_string(), "2027-02-01");
    assert_eq!(ichiro.order.name.as_str(), "ichiro");
}

#[test]
fn all_faults_are_reported_with_their_lines() {
    let events = "[[events]]\non = 2027-02-01\nwho = \"jiro\"\nwhat = \"moved\"\naddres = \"x\"\n\
                  [[events]]\non = 2027-01-01\nwho = \"hanako\"\nwhat = \"won\"\n\
                  [[events]]\non = 2026-11-01\nwho = \"hanako\"\nwhat = \"lost\"\n\
                  [[events]]\nwho = \"hanako\"\nwhat = \"lost\"\nkind = \"iphone\"\n";
    let faults = faults(events);
    assert_eq!(
        faults,
        [
            "line 11, events.address: is missing: the new address, from the prefecture on",
            "line 13, events.who: is none of the people; there are: hanako, ichiro",
            "line 15, events.addres: unknown key; the nearest known one is `address`",
            "line 19, events.what: is one of: born, 15, moved, married, renewed, lost, found, replaced, phone, phone-lost, \
             phone-removed, died, checked",
            "line 21, events.on: is before the story begins, on 2026-11-02",
            "line 24, events.on: is missing: the day",
            "line 27, events.kind: unknown key; the nearest known one is `on`"
        ]
    );
    let person = read("version = 1\nbegin = 2026-11-02\n[people.hanako]\nnam = \"x\"\n", None).unwrap_err();
    assert_eq!(
        person[0].to_string(),
        "line 4, people.hanako.nam: unknown key; the nearest known one is `name`"
    );
}

#[test]
fn an_event_before_one_above_is_refused() {
    let events = "[[events]]\non = 2027-02-01\nwho = \"hanako\"\nwhat = \"lost\"\n[[events]]\non = 2027-01-31\nwho = \"ichiro\"\n\
                  what = \"lost\"\n";
    assert_eq!(
        faults(events),
        [
            "line 16, events.on: is before 2027-02-01, the day of an event above: events stand in the order of their days"
        ]
    );
}

#[test]
fn a_town_has_people_and_years_and_no_events() {
    let town = "version = 1\nbegin = 2026-11-02\n[town]\npeople = 50\nyears = 3\n[town.rates]\nbirths = 100\n";
    let read_town = read(town, None).unwrap().town.unwrap();
    assert_eq!(
        (read_town.people, read_town.years, read_town.rates.births),
        (50, 3, 100)
    );
    assert_eq!(read_town.rates.moves, Rates::DEFAULT.moves);
    let both = read(&format!("{town}[[events]]\n"), None).unwrap_err();
    assert!(both[0].to_string().starts_with("line 8, events: "), "{}", both[0]);
}
