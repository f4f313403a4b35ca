//! Every fault that one line can have, in the words in which it is told.

use super::{faults, full_with};

/// What is written on a line of `FULL` instead, and what is said of it.
const FAULTS: &[(usize, &str, &str)] = &[
    (
        1,
        "",
        "name: is missing: the name, family name and given name separated by a blank",
    ),
    (1, "name = ''", "line 1, name: is empty"),
    (1, "name = ' \u{3000} '", "line 1, name: is empty"),
    (
        1,
        "name = 5",
        "line 1, name: must be in quotes: a bare number would lose its leading zeros",
    ),
    (1, "name = ['見本']", "line 1, name: must be text in quotes"),
    (
        1,
        r#"name = "見\u0007本""#,
        "line 1, name: character 2 is U+0007, a control character: leave it out",
    ),
    (
        2,
        r#"kana = "ミホン\n""#,
        "line 2, kana: character 4 is U+000A, a control character: leave it out",
    ),
    (
        2,
        "kana = 'ミホン花子'",
        "line 2, kana: has 花 (U+82B1), which is no kana: write the reading in katakana",
    ),
    (2, "kana = ''", "line 2, kana: is empty"),
    (
        3,
        "",
        "address: is missing: the address, from the prefecture on, without post code",
    ),
    (4, "", "birth: is missing: the birth date, written like 1989-10-25"),
    (
        4,
        "birth = '1989-02-29'",
        "line 4, birth: is a day of the calendar, written like 1989-10-25",
    ),
    (
        4,
        "birth = '25.10.1989'",
        "line 4, birth: is a day of the calendar, written like 1989-10-25",
    ),
    (
        4,
        "birth = 19891025",
        "line 4, birth: is a day of the calendar, written like 1989-10-25",
    ),
    (
        4,
        "birth = 1989-10-25T00:00:00Z",
        "line 4, birth: is a day of the calendar, written like 1989-10-25",
    ),
    (
        4,
        "birth = 1868-01-24",
        "line 4, birth: is before Meiji, which began on 1868-01-25: no card writes such a date",
    ),
    (
        4,
        "birth = 2026-11-02",
        "line 4, birth: is after the day of issue, 2026-11-01: a cardholder must be born",
    ),
    (5, "", "sex: is missing: male, female, other or unknown (or 男, 女)"),
    (
        5,
        "sex = 'Female'",
        "line 5, sex: is one of: male, female, other or unknown (or 男, 女)",
    ),
    (6, "my-number = '12345678901'", "line 6, my-number: has 12 digits 0-9"),
    (
        6,
        "my-number = '１２３４５６７８９０１８'",
        "line 6, my-number: has 12 digits 0-9",
    ),
    (
        6,
        "my-number = 123456789018",
        "line 6, my-number: must be in quotes: a bare number would lose its leading zeros",
    ),
    (
        6,
        "my-number = '123456789012'",
        "line 6, my-number: has a wrong check digit: the digits before it need 8",
    ),
    (
        7,
        "residence-code = '1234567890'",
        "line 7, residence-code: has 11 digits 0-9",
    ),
    (
        7,
        "residence-code = '12345678904'",
        "line 7, residence-code: has a wrong check digit: the digits before it need 3",
    ),
    (8, "security-code = '20a6'", "line 8, security-code: has 4 digits 0-9"),
    (
        9,
        "photo = ''",
        "line 9, photo: is the path of a picture, relative to this file",
    ),
    (
        11,
        "card-name = 'Hanako'",
        "line 11, card-name: a card's name is 1 to 64 of a-z, 0-9, - _ and ., and begins with a letter or a digit",
    ),
    (
        14,
        "",
        "municipality.code: is missing: the municipality's code, e.g. \"13101\" or \"131016\"",
    ),
    (
        14,
        "code = '131017'",
        "line 14, municipality.code: has a wrong check digit: the digits before it need 6",
    ),
    (
        14,
        "code = '48101'",
        "line 14, municipality.code: has five digits, or six with its check digit, the first two a prefecture (01 to 47)",
    ),
    (
        14,
        "code = '1310'",
        "line 14, municipality.code: has five digits, or six with its check digit, the first two a prefecture (01 to 47)",
    ),
    (
        15,
        "prefecture = '東京都'",
        "line 15, municipality.prefecture: is written in Roman letters, e.g. \"Tokyo-to\", with at most 58",
    ),
    (
        16,
        "name = ''",
        "line 16, municipality.name: is written in Roman letters, e.g. \"Tokyo-to\", with at most 58",
    ),
    (17, "title = ''", "line 17, municipality.title: is empty"),
    (
        17,
        r#"title = "葛\u200B城市""#,
        "line 17, municipality.title: character 2 is U+200B, which can't be seen: leave it out",
    ),
    (
        20,
        "issued = 2026-11-01T10:00:00",
        "line 20, card.issued: is a day or a time with its offset, written like 2026-11-01 or 2026-11-01T10:00:00+09:00",
    ),
    (
        20,
        "issued = 10:00:00",
        "line 20, card.issued: is a day or a time with its offset, written like 2026-11-01 or 2026-11-01T10:00:00+09:00",
    ),
    (
        20,
        "issued = true",
        "line 20, card.issued: is a day or a time with its offset, written like 2026-11-01 or 2026-11-01T10:00:00+09:00",
    ),
    (
        20,
        "issued = 1969-12-31",
        "line 20, card.issued: must be a time from which the card's dates lie in the years 1970 to 9999",
    ),
    (
        20,
        "issued = 9999-01-01",
        "line 20, card.issued: must be a time from which the card's dates lie in the years 1970 to 9999",
    ),
    (
        21,
        "expiry = 2026-10-31",
        "line 21, card.expiry: is before the day of issue, 2026-11-01",
    ),
    (
        24,
        "sign = 'yes'",
        "line 24, certificates.sign: is true or false, without quotes",
    ),
    (
        28,
        "sign = 'xyz789'",
        "line 28, pins.sign: has lower-case letters: the card stores upper case and folds nothing, so write it in upper case",
    ),
    (
        28,
        "sign = 'XY789'",
        "line 28, pins.sign: has 6 to 16 characters A-Z and 0-9",
    ),
    (
        28,
        "sign = 'XYZ78901234567890'",
        "line 28, pins.sign: has 6 to 16 characters A-Z and 0-9",
    ),
    (
        28,
        "sign = 'XYZ-789'",
        "line 28, pins.sign: has 6 to 16 characters A-Z and 0-9",
    ),
    (
        28,
        "sign = 'ABCXYZ'",
        "line 28, pins.sign: has at least one letter and one digit",
    ),
    (
        28,
        "sign = '123789'",
        "line 28, pins.sign: has at least one letter and one digit",
    ),
    (
        29,
        "auth = 1357",
        "line 29, pins.auth: must be in quotes: a bare number would lose its leading zeros",
    ),
    (29, "auth = '135'", "line 29, pins.auth: has four digits 0-9"),
    (29, "auth = '１３５７'", "line 29, pins.auth: has four digits 0-9"),
    (
        29,
        "auth = '1025'",
        "line 29, pins.auth: is month and day of birth, which others can read off the card: choose another",
    ),
    (
        29,
        "auth = '1989'",
        "line 29, pins.auth: is the year of birth, which others can read off the card: choose another",
    ),
    (
        30,
        "input-assist = '8910'",
        "line 30, pins.input-assist: is year and month of birth, which others can read off the card: choose another",
    ),
    (
        31,
        "residence = '0110'",
        "line 31, pins.residence: is year of the era and month of birth, which others can read off the card: choose another",
    ),
    (
        31,
        "residence = '2026'",
        "line 31, pins.residence: is the security code, which others can read off the card: choose another",
    ),
    (
        34,
        "sign = 6",
        "line 34, pins.tries-left.sign: is a whole number from 0 (blocked) to 5 (all tries)",
    ),
    (
        34,
        "card-info = -1",
        "line 34, pins.tries-left.card-info: is a whole number from 0 (blocked) to 3 (all tries)",
    ),
    (
        34,
        "birth-date = 11",
        "line 34, pins.tries-left.birth-date: is a whole number from 0 (blocked) to 10 (all tries)",
    ),
    (
        34,
        "text-code-a = '9'",
        "line 34, pins.tries-left.text-code-a: is a whole number from 0 (blocked) to 10 (all tries)",
    ),
    (
        2,
        "adress = 'x'",
        "line 2, adress: unknown key; the nearest known one is `address`",
    ),
    (
        2,
        "My_Number = 'x'",
        "line 2, My_Number: unknown key; the nearest known one is `my-number`",
    ),
    (
        2,
        "expiry = 'x'",
        "line 2, expiry: unknown key; `expiry` belongs into [card]",
    ),
    (
        21,
        "birth = 'x'",
        "line 21, card.birth: unknown key; `birth` stands at the top of the file, before every [section]",
    ),
    (
        34,
        "code-c = 1",
        "line 34, pins.tries-left.code-c: unknown key; the nearest known one is `code-a`",
    ),
    (
        34,
        "birth = 1\nbirth-date = 1",
        "line 35, pins.tries-left.birth-date: is another name of `birth`, which is given too: give one of them",
    ),
    (
        34,
        "\"code-a@face_info\" = 11",
        "line 34, pins.tries-left.code-a@face_info: is a whole number from 0 (blocked) to 10 (all tries)",
    ),
    (
        2,
        "123456789018 = 'x'",
        "line 2, ?: unknown key, not shown: keys are made of letters and hyphens",
    ),
    (
        2,
        r#""\u001B[2J" = 'x'"#,
        "line 2, ?: unknown key, not shown: keys are made of letters and hyphens",
    ),
];

#[test]
fn every_fault_names_its_field_and_line_and_what_to_do() {
    for (number, line, expected) in FAULTS {
        assert_eq!(faults(&full_with(&[(*number, line)])), [*expected], "{line}");
    }
}
