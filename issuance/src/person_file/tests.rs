//! What a file gives; which faults it can have, and what holds for every file, is beside this.

mod faults;
mod properties;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use vmyna_applets::person::{Municipality, MunicipalityCode, MyNumber, Sex};

use super::*;
use crate::order::{CertificateDates, Tries};

/// Everything that a file can say; the tests change it line by line.
const FULL: &str = r#"name = "見本　花子"
kana = "ミホン　ハナコ"
address = "東京都千代田区見本町一丁目２番３号"
birth = 1989-10-25
sex = "female"
my-number = "123456789018"
residence-code = "12345678903"
security-code = "2026"
photo = "hanako.jpg"
profile = "contact"
card-name = "hanako-2"

[municipality]
code = "13101"
prefecture = "Tokyo-to"
name = "Chiyoda-ku"
title = "千代田区"

[card]
issued = 2026-11-01
expiry = 2036-10-25

[certificates]
sign = true
auth = true

[pins]
sign = "XYZ789"
auth = "1357"
input-assist = "2468"
residence = "9630"

[pins.tries-left]
sign = 4
auth = 0
"#;

/// What a file must say.
const LEAST: &str = r#"
name = "見本　花子"
address = "東京都千代田区見本町一丁目２番３号"
birth = "1989-10-25"
sex = "女"
municipality = { code = "131016" }
"#;

/// The person of `FULL`.
fn hanako() -> Person {
    let mut person = Person::new(
        "見本　花子".to_owned(),
        "東京都千代田区見本町一丁目２番３号".to_owned(),
        Date::new(1989, 10, 25).unwrap(),
        Sex::Female,
        MyNumber::from_digits(*b"123456789018").unwrap(),
        Municipality {
            code: MunicipalityCode::from_digits(*b"13101").unwrap(),
            prefecture: "Tokyo-to".to_owned(),
            name: "Chiyoda-ku".to_owned(),
            title: "千代田区".to_owned(),
        },
    );
    person.kana = "ミホン　ハナコ".to_owned();
    person
}

fn read_at(text: &str, now: &str) -> Result<PersonFile, Vec<PersonFileError>> {
    let defaults = Defaults::new("hanako".parse().unwrap(), now.parse().unwrap());
    read(text, &defaults, &mut ChaCha20Rng::from_seed([7; 32]))
}

fn read_now(text: &str) -> Result<PersonFile, Vec<PersonFileError>> {
    read_at(text, "2026-11-01T01:00:00Z")
}

fn faults(text: &str) -> Vec<String> {
    let faults = read_now(text).unwrap_err();
    for fault in &faults {
        assert!(is_japanese(fault), "{fault:?}");
    }
    faults.iter().map(PersonFileError::to_string).collect()
}

/// Whether a fault has a Japanese text beside its English one. A Han character alone may come from the file.
fn is_japanese(fault: &PersonFileError) -> bool {
    let Text { en, ja } = &fault.message;
    ja != en && ja.chars().any(|character| matches!(character, 'ぁ'..='ん'))
}

#[test]
fn the_older_name_of_a_pin_counts_the_same_tries() {
    for pin in vmyna_applets::pins::ALL {
        let tries = |name: &str| {
            let text = full_with(&[(34, ""), (35, &format!("'{name}' = 2"))]);
            read_now(&text).unwrap().order.tries
        };
        for older in pin.aliases {
            assert_eq!(tries(older), tries(pin.name), "{older}");
        }
    }
}

/// `FULL` with some lines, counted from 1, written differently.
fn full_with(changes: &[(usize, &str)]) -> String {
    let mut lines: Vec<&str> = FULL.lines().collect();
    for (number, line) in changes {
        lines[number - 1] = line;
    }
    lines.join("\n")
}

#[test]
fn a_full_file_gives_what_it_says() {
    let file = read_now(FULL).unwrap();
    let order = &file.order;
    assert_eq!(order.name.as_str(), "hanako-2");
    assert_eq!(order.person, hanako());
    assert_eq!(order.residence_code.digits(), b"12345678903");
    assert_eq!(order.security_code.as_str(), "2026");
    assert_eq!(order.issued.to_string(), "2026-11-01T01:00:00Z");
    assert_eq!(order.expiry.to_string(), "2036-10-25");
    assert!(order.sign_certificate && order.auth_certificate);
    let pins = PinName::ALL.map(|pin| pin.of(&order.pins).as_bytes().to_vec());
    assert_eq!(
        pins,
        [b"XYZ789".to_vec(), b"1357".to_vec(), b"2468".to_vec(), b"9630".to_vec()]
    );
    let tries = Tries {
        sign: Some(4),
        auth: Some(0),
        ..Tries::default()
    };
    assert_eq!(order.tries, tries);
    assert_eq!(order.profile, Profile::contact());
    assert_eq!(order.photo.as_bytes(), DEFAULT_PHOTO);
    assert_eq!(file.photo.as_deref(), Some("hanako.jpg"));
    assert!(
        file.default_pins.is_empty() && file.invented.is_empty() && file.remarks.is_empty(),
        "{file:?}"
    );
}

#[test]
fn a_file_that_was_read_shows_no_pin_and_no_number_in_debug_output() {
    let shown = format!("{:?}", read_now(FULL).unwrap());
    for secret in ["123456789018", "12345678903", "XYZ789", "1357", "2468", "9630"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn what_a_file_leaves_out_is_set_by_rule_invented_or_told() {
    let file = read_now(LEAST).unwrap();
    let order = &file.order;
    assert_eq!(order.name.as_str(), "hanako");
    assert_eq!(order.person.kana, "");
    assert_eq!(order.person.municipality, hanako().municipality);
    assert_eq!(order.issued.to_string(), "2026-11-01T01:00:00Z");
    assert_eq!(order.expiry.to_string(), "2036-10-25");
    assert!(order.sign_certificate && order.auth_certificate);
    assert_eq!(file.default_pins, PinName::ALL);
    assert_eq!(file.invented, ["my-number", "residence-code", "security-code"]);
    assert_eq!((file.photo, file.remarks), (None, vec![]));
    // The same again, and others from another generator.
    assert_eq!(read_now(LEAST).unwrap().order.person.my_number, order.person.my_number);
    let defaults = Defaults::new(order.name.clone(), order.issued);
    let other = read(LEAST, &defaults, &mut ChaCha20Rng::from_seed([8; 32]))
        .unwrap()
        .order;
    assert_ne!(other.person.my_number, order.person.my_number);
    assert_ne!(other.residence_code, order.residence_code);
}

#[test]
fn an_invented_security_code_is_none_of_the_pins() {
    let code = read_now(LEAST).unwrap().order.security_code.as_str().to_owned();
    let text = format!("{LEAST}\n[pins]\nauth = \"{code}\"\n");
    let file = read_now(&text).unwrap();
    assert_ne!(file.order.security_code.as_str(), code);
}

#[test]
fn an_unknown_profile_is_answered_with_those_there_are() {
    let found = faults(&full_with(&[(10, "profile = 'phone?'")]));
    assert!(
        found.len() == 1 && found[0].starts_with("line 10, profile: is one of: contact"),
        "{found:?}"
    );
}

#[test]
fn a_section_that_is_a_value_is_told_how_a_section_is_written() {
    let text = format!("card = 5\n{LEAST}");
    assert_eq!(faults(&text), ["line 1, card: is a section: write [card]"]);
    let text = format!("{LEAST}\n[pins]\ntries-left = 3\n");
    assert_eq!(
        faults(&text),
        ["line 9, pins.tries-left: is a section: write [pins.tries-left]"]
    );
}

#[test]
fn all_faults_of_a_file_are_told_at_once_by_line_and_what_is_missing_last() {
    let text = full_with(&[
        (1, ""),
        (6, "my-number = '123456789012'"),
        (21, "expiry = 2026-10-31"),
        (29, "auth = '1025'"),
        (34, "sign = 9"),
        (35, "colour = 'red'"),
    ]);
    let places: Vec<String> = faults(&text)
        .iter()
        .map(|fault| fault.split(':').next().unwrap().to_owned())
        .collect();
    let lines = [
        "line 6, my-number",
        "line 21, card.expiry",
        "line 29, pins.auth",
        "line 34, pins.tries-left.sign",
    ];
    assert_eq!(places[..4], lines);
    assert_eq!(places[4..], ["line 35, pins.tries-left.colour", "name"]);
    assert_eq!(read_now("").unwrap_err().len(), 5, "every required field");
}

#[test]
fn faults_of_toml_are_told_with_line_and_column_and_without_the_text() {
    let found = read_now(&full_with(&[(3, "address = \"見本町"), (29, "auth = 0357")])).unwrap_err();
    let places: Vec<_> = found.iter().map(|fault| (fault.line, fault.column)).collect();
    assert_eq!(places[0].0, Some(3));
    assert!(
        places
            .iter()
            .any(|(line, column)| *line == Some(29) && column.is_some()),
        "{found:?}"
    );
    assert!(
        found.iter().all(|fault| fault.to_string().contains("is not TOML: ")),
        "{found:?}"
    );
    assert_eq!(
        faults("name = \"見本\" x"),
        ["line 1, column 13: is not TOML: unexpected key or value, expected newline, `#`"]
    );
    assert_eq!(read_now("name = '見本'\nname = '見本'").unwrap_err()[0].line, Some(2));
}

/// Found by fuzzing: the library tells of a text that doesn't end after what it finds behind it.
#[test]
fn faults_of_toml_come_in_the_order_of_their_lines() {
    let found = read_now("sex = \"x\nauth = \"12= \"a b\"\n").unwrap_err();
    let places: Vec<_> = found.iter().map(|fault| (fault.line, fault.column)).collect();
    assert!(places.len() > 1 && places.is_sorted(), "{places:?}");
}

#[test]
fn of_what_is_no_toml_at_all_only_the_first_lines_are_told() {
    let found = read_now(&"{ \"sw\": [9000],\n".repeat(400)).unwrap_err();
    assert!((1..=20).contains(&found.len()), "{}", found.len());
    assert_eq!(found[0].line, Some(1));
}

#[test]
fn a_file_from_an_editor_on_windows_is_read() {
    let text = format!("\u{FEFF}{}", FULL.replace('\n', "\r\n"));
    assert_eq!(read_now(&text).unwrap().order.person, hanako());
    let faulty = text.replace("1357", "135");
    assert_eq!(faults(&faulty), ["line 29, pins.auth: has four digits 0-9"]);
}

#[test]
fn a_signature_certificate_is_issued_from_the_fifteenth_birthday_on() {
    let at = |issued: &str, rest: &str| {
        read_at(
            &LEAST
                .replace("1989-10-25", "2011-11-02")
                .replace("municipality", &format!("{rest}\nmunicipality")),
            issued,
        )
    };
    let child = at("2026-11-01T14:59:59Z", "").unwrap();
    assert!(!child.order.sign_certificate && child.order.auth_certificate);
    assert_eq!(
        child.default_pins,
        [PinName::Auth, PinName::InputAssist, PinName::Residence]
    );
    assert_eq!(child.order.expiry.to_string(), "2030-11-02");
    // The birthday begins in Japan nine hours before it does in UTC.
    assert!(at("2026-11-01T15:00:00Z", "").unwrap().order.sign_certificate);
    assert!(at("2026-11-01T15:00:00Z", "certificates.sign = true").is_ok());
    let fault = &at("2026-11-01T14:59:59Z", "certificates.sign = true").unwrap_err()[0];
    assert_eq!(
        fault.to_string(),
        "line 6, certificates.sign: a signature certificate is issued from 15 years on; the holder is 14 then"
    );
}

#[test]
fn an_expiry_beside_the_rule_is_kept_and_remarked() {
    let file = read_now(&full_with(&[(21, "expiry = 2027-03-31")])).unwrap();
    assert_eq!(file.order.expiry.to_string(), "2027-03-31");
    assert_eq!(
        file.remarks,
        ["card.expiry: 2027-03-31 is kept, though a card issued then ends on 2036-10-25"]
    );
}

#[test]
fn certificates_that_would_end_before_they_begin_are_refused() {
    let late = [(20, "issued = 2026-11-01T23:59:30+09:00"), (21, "expiry = 2026-11-01")];
    let found = faults(&full_with(&late));
    assert!(
        found.len() == 1 && found[0].starts_with("line 21, card.expiry: is so close"),
        "{found:?}"
    );
    let without = full_with(&[late[0], late[1], (24, "sign = false"), (25, "auth = false")]);
    assert!(read_now(&without).is_ok());
}

#[test]
fn certificates_have_dates_of_their_own() {
    let with = |section: &str| read_now(&full_with(&[(25, section)]));
    let file = with("auth = true\nissued = 2029-11-05\nuntil = 2031-03-31").unwrap();
    let dates = file.order.certificate_dates;
    assert_eq!(dates.issued.unwrap().to_string(), "2029-11-05T01:00:00Z");
    assert_eq!(dates.until.unwrap().to_string(), "2031-03-31T14:59:59Z");
    assert_eq!(file.remarks, Vec::<String>::new());
    let file = with("until = 2027-01-01T00:00:00+09:00").unwrap();
    assert_eq!(
        file.order.certificate_dates.until.unwrap().to_string(),
        "2026-12-31T15:00:00Z"
    );
    assert_eq!(
        read_now(FULL).unwrap().order.certificate_dates,
        CertificateDates::default()
    );
    // What lies outside the card's time is kept.
    let file = with("issued = 2020-01-01\nuntil = 2040-01-01").unwrap();
    assert!(
        file.remarks[0].starts_with("certificates.issued: 2020-01-01T01:00:00Z is kept"),
        "{:?}",
        file.remarks
    );
    assert!(
        file.remarks[1].starts_with("certificates.until: 2040-01-01T14:59:59Z is kept"),
        "{:?}",
        file.remarks
    );
    for (section, fault) in [
        (
            "until = 2026-10-31",
            "certificates.until: is before the certificates begin",
        ),
        ("issued = 2037-01-01", "certificates.issued: is so late"),
        (
            "issued = 2030-01-01\nuntil = 2029-01-01",
            "certificates.until: is before",
        ),
        ("until = 'soon'", "certificates.until: is a day or a time"),
        ("until = true", "certificates.until: is a day or a time"),
    ] {
        let found = with(section).unwrap_err();
        assert!(
            found.len() == 1 && found[0].to_string().contains(fault),
            "{section}: {found:?}"
        );
    }
}

#[test]
fn a_card_without_pins_has_no_signature_certificate_and_the_file_gives_no_pin() {
    let bare = format!("{LEAST}[card]\npins = 'none'\n");
    let file = read_now(&bare).unwrap();
    assert!(file.order.without_pins && file.order.auth_certificate && !file.order.sign_certificate);
    assert!(file.default_pins.is_empty());
    assert!(!read_now(LEAST).unwrap().order.without_pins);
    for (more, fault) in [
        (
            "[pins]\nauth = '4649'\n",
            "pins.auth: is given, but the card has no PINs",
        ),
        (
            "[certificates]\nsign = true\n",
            "certificates.sign: a card without PINs",
        ),
    ] {
        let found = faults(&format!("{bare}{more}"));
        assert!(found.len() == 1 && found[0].contains(fault), "{found:?}");
    }
    let found = faults(&bare.replace("'none'", "'all'"));
    assert!(found[0].contains("card.pins: is \"none\", or is left out"), "{found:?}");
}

#[test]
fn a_card_without_a_photo_is_for_a_child_under_one_year() {
    let at = |birth: &str, issued: &str| {
        let text = LEAST.replace("1989-10-25", birth);
        read_now(&format!("{text}[card]\nissued = {issued}\nphoto = 'none'\n")).unwrap()
    };
    let infant = at("2026-02-01", "2026-11-01");
    assert!(
        infant.order.photo.as_bytes().is_empty() && infant.remarks.is_empty(),
        "{:?}",
        infant.remarks
    );
    for (birth, issued) in [("2025-11-01", "2026-11-01"), ("2024-06-01", "2024-12-01")] {
        let remarks = at(birth, issued).remarks;
        assert!(
            remarks
                .iter()
                .any(|remark| remark.starts_with("card.photo: none is kept")),
            "{remarks:?}"
        );
    }
    let both = format!("photo = 'face.png'\n{LEAST}[card]\nphoto = 'none'\n");
    assert!(
        faults(&both)[0].contains("card.photo: is none, but"),
        "{:?}",
        faults(&both)
    );
}

#[test]
fn an_atr_of_the_cards_own_is_checked() {
    let with = |atr: &str| read_now(&format!("{LEAST}[card]\natr = '{atr}'\n"));
    let order = with("3B 80 81 01 00").unwrap().order;
    assert_eq!(order.profile.atr, [0x3B, 0x80, 0x81, 0x01, 0x00]);
    assert_eq!(
        (order.profile.contact_atr, order.profile.name),
        (order.profile.atr.clone(), "contact")
    );
    for (atr, fault) in [
        ("3B8081", "bytes missing: 1"),
        ("3B80810101", "TCK is 01, and 00 would be right"),
        ("3B8000", "does not offer T=1"),
        ("", "begins with 3B or 3F"),
    ] {
        let found = with(atr).unwrap_err()[0].to_string();
        assert!(found.contains("card.atr: ") && found.contains(fault), "{atr}: {found}");
    }
    // The file's own is preferred to the default.
    let [default, own] = ["3B80810100", "3BE000FF8131FE4514"].map(|text| text.parse::<Atr>().unwrap());
    let defaults = Defaults::new("c".parse().unwrap(), "2026-11-01T01:00:00Z".parse().unwrap());
    let defaults = defaults.with_atr(Some(default.clone()));
    let read = |text: &str| {
        read(text, &defaults, &mut ChaCha20Rng::from_seed([7; 32]))
            .unwrap()
            .order
            .profile
            .atr
    };
    assert_eq!(read(LEAST), default.as_bytes());
    assert_eq!(
        read(&format!("{LEAST}[card]\natr = '3BE000FF8131FE4514'\n")),
        own.as_bytes()
    );
}

#[test]
fn the_sizes_of_files_are_those_of_the_profile_or_exact() {
    let with = |line: &str| read_now(&full_with(&[(21, line)]));
    for (line, expected) in [
        ("", FileSizes::Profile),
        ("file_sizes = 'profile'", FileSizes::Profile),
        ("file_sizes = 'exact'", FileSizes::Exact),
        ("file-sizes = 'exact'", FileSizes::Exact),
    ] {
        assert_eq!(with(line).unwrap().order.file_sizes, expected, "{line}");
    }
    let fault = with("file_sizes = 'real'").unwrap_err()[0].to_string();
    assert_eq!(fault, "line 21, card.file_sizes: is one of: profile, exact");
    let twice = with("file_sizes = 'exact'\nfile-sizes = 'exact'").unwrap_err()[0].to_string();
    assert!(twice.contains("another name of `file_sizes`"), "{twice}");
}

#[test]
fn a_time_of_issue_is_taken_with_its_offset() {
    for (issued, expected) in [
        ("2026-11-01", "2026-11-01T01:00:00Z"),
        ("'2026-11-01'", "2026-11-01T01:00:00Z"),
        ("2026-11-01T00:30:00+09:00", "2026-10-31T15:30:00Z"),
        ("2026-11-01 00:30:59.9-01:30", "2026-11-01T02:00:59Z"),
        ("'2026-11-01T01:02:03Z'", "2026-11-01T01:02:03Z"),
    ] {
        let file = read_now(&full_with(&[(20, &format!("issued = {issued}"))])).unwrap();
        assert_eq!(file.order.issued.to_string(), expected, "{issued}");
    }
}

#[test]
fn a_default_pin_that_is_the_security_code_asks_for_another() {
    let text = format!("security-code = '1234'\n{LEAST}");
    let found = faults(&text);
    assert_eq!(
        found,
        ["pins.auth: is not given, and its default is the card's security code: give one of them"]
    );
}

#[test]
fn one_pin_for_all_purposes_is_allowed_and_so_is_one_that_only_looks_like_a_date() {
    for pin in ["1357", "2510", "0891", "1111"] {
        let line = |key: &str| format!("{key} = '{pin}'");
        let (auth, assist, residence) = (line("auth"), line("input-assist"), line("residence"));
        let file = read_now(&full_with(&[(29, &auth), (30, &assist), (31, &residence)])).unwrap();
        assert_eq!(file.order.pins.residence.as_bytes(), pin.as_bytes());
    }
}

#[test]
fn a_municipality_that_is_not_known_needs_its_names_and_one_that_is_may_have_others() {
    let text = full_with(&[(14, "code = '47999'"), (15, ""), (16, ""), (17, "")]);
    assert_eq!(
        faults(&text),
        [
            "municipality.name: is missing: e.g. \"Chiyoda-ku\"; only well-known codes need none",
            "municipality.title: is missing: e.g. \"千代田区\"; only well-known codes need none"
        ]
    );
    let text = full_with(&[
        (14, "code = '47999'"),
        (15, ""),
        (16, "name = 'Mihon-son'"),
        (17, "title = '見本村'"),
    ]);
    let municipality = read_now(&text).unwrap().order.person.municipality;
    assert_eq!(
        (municipality.prefecture.as_str(), municipality.name.as_str()),
        ("Okinawa-ken", "Mihon-son")
    );
    let text = full_with(&[(15, ""), (16, "name = 'Mihon-ku'"), (17, "")]);
    let municipality = read_now(&text).unwrap().order.person.municipality;
    assert_eq!(
        (municipality.name.as_str(), municipality.title.as_str()),
        ("Mihon-ku", "千代田区")
    );
}

#[test]
fn the_certificate_alone_has_substitutes_with_a_remark() {
    let text = full_with(&[(1, "name = '髙橋 花子'"), (3, "address = '東京都千代田区𠮷町1-2'")]);
    let file = read_now(&text).unwrap();
    let person = &file.order.person;
    assert_eq!(
        (person.name.as_str(), person.address.as_str()),
        ("髙橋　花子", "東京都千代田区𠮷町１－２")
    );
    let certified = file.order.certificate_text().unwrap();
    assert_eq!(
        (certified.name.text.as_str(), certified.name.flags().as_str()),
        ("高橋　花子", "10000")
    );
    assert_eq!(
        (certified.address.text.as_str(), certified.address.flags().as_str()),
        ("東京都千代田区吉町１－２", "000000010000")
    );
    let because = "because its characters are those of JIS X 0208 and JIS X 0212";
    assert_eq!(
        file.remarks,
        [
            format!("name: the certificate has 高 for 髙 (U+9AD9), {because}"),
            format!("address: the certificate has 吉 for 𠮷 (U+20BB7), {because}")
        ]
    );
    // A card without certificate needs none.
    let without = full_with(&[(1, "name = '髙橋 花子'"), (24, "sign = false")]);
    assert!(read_now(&without).unwrap().remarks.is_empty());
}

#[test]
fn a_character_without_substitute_is_refused_with_the_line_to_add() {
    let lacking = |kana: &str, more: &str| {
        let text = full_with(&[(1, "name = '見本 𪚥子'"), (2, kana), (9, more)]);
        faults(&text)
    };
    let has = "line 1, name: has 𪚥 (U+2A6A5), which no certificate carries and for which no substitute is known: ";
    let choice = "with a kanji or katakana for …";
    assert_eq!(
        lacking("", ""),
        [format!(
            "{has}add the line `substitutes = {{ \"𪚥\" = \"…\" }}` above the first [section], {choice}, or give `kana`"
        )]
    );
    assert_eq!(
        lacking("kana = 'ミホンテツコ'", "substitutes = { \"髙\" = \"タカ\" }"),
        [format!(
            "{has}add `\"𪚥\" = \"…\"` to `substitutes`, {choice}, or give `kana` as many parts as `name`"
        )]
    );
    // The line that the message asks for.
    let file = read_now(&full_with(&[
        (1, "name = '見本 𪚥子'"),
        (2, ""),
        (9, "substitutes = { \"𪚥\" = \"テ\" }"),
    ]));
    let certified = file.unwrap().order.certificate_text().unwrap().name;
    assert_eq!(
        (certified.text.as_str(), certified.flags().as_str()),
        ("見本　テ子", "00010")
    );
    // The reading instead.
    let file = read_now(&full_with(&[(1, "name = '見本 𪚥子'"), (2, "kana = 'ミホン テツコ'")])).unwrap();
    let certified = file.order.certificate_text().unwrap().name;
    assert_eq!(
        (certified.text.as_str(), certified.flags().as_str()),
        ("見本　テツコ", "000111")
    );
    assert_eq!(
        faults(&full_with(&[(3, "address = '東京都千代田区①番'")])),
        [format!(
            "line 3, address: has ① (U+2460), which no certificate carries and for which no substitute is known: add the line \
             `substitutes = {{ \"①\" = \"…\" }}` above the first [section], {choice}"
        )]
    );
}

#[test]
fn a_fault_is_told_in_japanese_too() {
    for (line, written, expected) in [
        (1, "", "必須です: 氏名（姓と名の間は空白で区切ります）"),
        (
            1,
            r#"name = "見\u0007本""#,
            "2文字目のU+0007は制御文字です。取り除いてください",
        ),
        (
            2,
            "kana = 'ミホン花子'",
            "花 (U+82B1)は仮名ではありません。振り仮名はカタカナで書きます",
        ),
        (4, "birth = '1989-02-29'", "暦にある日付を書きます（例: 1989-10-25）"),
        (
            6,
            "my-number = '123456789012'",
            "検査用数字が違います。前の数字からは8になります",
        ),
        (
            14,
            "code = '1310'",
            "5桁、または検査用数字を含む6桁です。先頭の2桁は都道府県（01から47）です",
        ),
        (28, "sign = 'XYZABC'", "英字と数字がそれぞれ一つ以上必要です"),
        (
            29,
            "auth = '1025'",
            "生まれた月日と同じで、カードを見た人に分かります。別の番号を選んでください",
        ),
        (
            9,
            "substitutes = { '高' = 'タ' }",
            "高 (U+9AD8): 電子証明書に記録できる文字です。代替文字は要りません",
        ),
        (
            3,
            "address = '東京都千代田区①番'",
            "① (U+2460)は電子証明書に記録できず、代替文字も分かりません。最初の[section]より前に\
             `substitutes = { \"①\" = \"…\" }`の行を加え、…に漢字かカタカナを書いてください",
        ),
        (9, "nam = '見本'", "知らないキーです。最も近いキーは`name`です"),
    ] {
        let found = read_now(&full_with(&[(line, written)])).unwrap_err();
        let found: Vec<&str> = found.iter().map(|fault| fault.message.ja.as_str()).collect();
        assert_eq!(found, [expected], "{written}");
    }
}

#[test]
fn a_wrong_substitute_is_refused_and_an_unused_one_remarked() {
    for (entry, message) in [
        (
            "'髙橋' = '高'",
            "a substitute stands for one character, with its variation selector if it has one",
        ),
        (
            "'高' = 'タ'",
            "高 (U+9AD8): certificates carry this character: it needs no substitute",
        ),
        (
            "'髙' = '〓'",
            "a substitute is 1 to 8 characters of JIS X 0208 or 0212, without blanks and without 〓",
        ),
        (
            "'髙' = 1",
            "has a text in quotes for each character in quotes, in braces",
        ),
    ] {
        let text = full_with(&[(9, &format!("substitutes = {{ {entry} }}"))]);
        assert_eq!(faults(&text), [format!("line 9, substitutes: {message}")]);
    }
    let file = read_now(&full_with(&[(9, "substitutes = { '𩸽' = 'ホ' }")])).unwrap();
    assert_eq!(file.remarks, ["substitutes: neither name nor address has 𩸽 (U+29E3D)"]);
}

#[test]
fn a_character_that_the_pictures_lack_is_a_warning() {
    let file = read_now(&full_with(&[(1, "name = '見本 𪚥子'"), (2, "kana = 'ミホン テツコ'")])).unwrap();
    assert_eq!(file.remarks.len(), 2);
    assert_eq!(
        file.remarks[1],
        "name: WARNING: the font of the card's pictures lacks 𪚥 (U+2A6A5): they show 〓 there"
    );
    let file = read_now(&full_with(&[(1, "name = '葛\u{E0100}城 花子'")])).unwrap();
    assert_eq!(
        file.remarks,
        [
            "name: the certificate has 葛 for 葛 (U+845B) with U+E0100, because its characters are those of JIS X 0208 and JIS \
             X 0212",
            "name: the card's pictures show the usual form of a character with a variation selector or an accent"
        ]
    );
    assert_eq!(file.order.person.name, "葛\u{E0100}城　花子");
}

#[test]
fn the_remarks_field_has_what_the_file_lists_or_the_other_names() {
    let printed = |lines: &str| {
        let names = format!("former-name = '髙山'\nroman-name = 'MIHON HANAKO'\n{lines}");
        read_now(&full_with(&[(9, &names)])).unwrap().order.printed
    };
    assert_eq!(printed(""), ["旧氏［髙山］", "MIHON HANAKO"]);
    assert_eq!(
        printed("remarks = ['kana', 'former-name', 'kana']"),
        ["振り仮名 ミホン　ハナコ", "旧氏［髙山］"]
    );
    assert!(printed("remarks = []").is_empty() && read_now(FULL).unwrap().order.printed.is_empty());
    for (line, message) in [
        ("remarks = 'kana'", "remarks: is a list of texts in quotes, in brackets"),
        (
            "remarks = ['name']",
            "remarks: lists some of: kana, former-name, roman-name",
        ),
        (
            "remarks = ['roman-name']",
            "remarks: lists roman-name, which the file doesn't give",
        ),
        (
            "roman-name = '見本'",
            "roman-name: is written in Roman letters, e.g. \"MIHON HANAKO\", with at most 200",
        ),
        (
            "input-assist-text = 'kana'",
            "input-assist-text: is one of: register, certificate",
        ),
    ] {
        assert_eq!(faults(&full_with(&[(9, line)])), [format!("line 9, {message}")]);
    }
}

#[test]
fn an_unknown_part_of_a_birth_date_is_text_with_zeros() {
    let of = |birth: &str| read_now(&full_with(&[(4, &format!("birth = {birth}"))]));
    let order = of("'1945-00-00'").unwrap().order;
    assert_eq!(order.person.birth.to_string(), "1945-00-00");
    assert_eq!(of("'0000-00-00'").unwrap().order.person.birth.to_string(), "0000-00-00");
    assert_eq!(of("'1945-06-15'").unwrap().order.person.birth.to_string(), "1945-06-15");
    for wrong in [
        "'1945-00-15'",
        "'0000-06-15'",
        "1945-00-00",
        "'1945-13-00'",
        "'1945-0-0'",
        "'19450000'",
        "'1867-00-00'",
        "'2027-00-00'",
    ] {
        assert_eq!(of(wrong).unwrap_err().len(), 1, "{wrong}");
    }
    // The end of the card by the last possible birthday.
    let text = full_with(&[(4, "birth = '1945-00-00'"), (21, "")]);
    assert_eq!(read_now(&text).unwrap().order.expiry.to_string(), "2035-12-31");
}

#[test]
fn an_address_longer_than_a_certificate_carries_is_refused() {
    let address = |count: usize| full_with(&[(3, &format!("address = '{}'", "見".repeat(count)))]);
    assert!(read_now(&address(200)).is_ok());
    assert_eq!(
        faults(&address(201)),
        ["line 3, address: has 201 characters; a certificate carries at most 200"]
    );
}

#[test]
fn every_example_is_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/people");
    let mut read_files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let file = read_now(&text).unwrap_or_else(|faults| panic!("{}: {faults:?}", path.display()));
        read_files.push((path.file_stem().unwrap().to_str().unwrap().to_owned(), file));
    }
    read_files.sort_by(|(one, _), (other, _)| one.cmp(other));
    let [(_, child), (_, foreign), (_, full)] = &read_files[..] else {
        panic!("other examples than the three that the tests know");
    };
    assert_eq!(full.order.person, hanako());
    assert!(full.remarks.is_empty() && full.invented.is_empty());
    assert!(!child.order.sign_certificate && child.invented.len() == 3);
    assert_eq!(child.order.person.kana, "ミホン　ハジメ");
    assert_eq!(foreign.order.person.name, "MIHON　JOHN");
    assert_eq!((foreign.order.tries.sign, foreign.order.tries.auth), (Some(0), Some(1)));
    assert_eq!(foreign.remarks.len(), 1, "the expiry");
}
