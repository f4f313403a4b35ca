//! What holds for every text, and for every order that a file can describe.

use std::fmt::Write as _;
use std::time::Duration;

use der::DateTime;
use proptest::prelude::*;
use vmyna_applets::calendar::Date;
use vmyna_applets::person::{Municipality, MunicipalityCode, MyNumber, Person, ResidenceCode, SecurityCode, Sex};

use super::{FULL, read_now};
use crate::order::SIGNATURE_AGE;
use crate::person_file::PinName;
use crate::{characters, validity};

/// Digits and letters that occur in no message.
const SECRETS: [&str; 5] = ["864297531864", "86429753186", "8642", "QX86429753", "7531"];

fn piece() -> impl Strategy<Value = String> {
    let word = prop::sample::select(FULL.split_whitespace().collect::<Vec<_>>()).prop_map(str::to_owned);
    let line = prop::sample::select(FULL.lines().collect::<Vec<_>>()).prop_map(str::to_owned);
    let secret = prop::sample::select(SECRETS.to_vec());
    let keys = vec![
        "my-number",
        "residence-code",
        "security-code",
        "sign",
        "auth",
        "residence",
        "birth",
        "kana",
        "sex",
    ];
    let assignment = (prop::sample::select(keys), secret.clone(), any::<bool>()).prop_map(|(key, value, quoted)| {
        let quote = if quoted { "\"" } else { "" };
        format!("{key} = {quote}{value}{quote}")
    });
    prop_oneof![
        word,
        line,
        secret.prop_map(str::to_owned),
        assignment,
        "[\\[\\]{}=\"'.,#:\\\\-]",
        "\\PC{0,6}"
    ]
}

/// Letters that certificates carry, variants, selectors, characters that can't be seen, and any.
fn text() -> impl Strategy<Value = String> {
    let letters = prop_oneof![
        6 => prop::sample::select("見本花子髙𠮷俱葛ァー①𩸽〓A1　".chars().collect::<Vec<_>>()),
        1 => prop::sample::select(vec!['\u{E0100}', '\u{FE00}', '\u{301}', '\u{200B}', '\u{202E}', '\u{FEFF}']),
        1 => any::<char>(),
    ];
    prop::collection::vec(letters, 0..8).prop_map(|letters| letters.into_iter().collect())
}

/// A person whom a file can describe.
fn person() -> impl Strategy<Value = Person> {
    let texts = (
        "[一-龠]{1,4}　[一-龠]{1,4}",
        "[ァ-ヶ]{1,9}(　[ァ-ヶー・]{1,9})?",
        "[一-龠０-９－]{1,40}",
    );
    // A text that certificates lack a character of may be refused.
    let carried = |text: String| text.replace(|character| !characters::is_carried(character), "見");
    let texts = texts.prop_map(move |(name, kana, address)| (carried(name), kana, carried(address)));
    let birth =
        (1869_u16..=2025, 1_u8..=12, 1_u8..=28).prop_map(|(year, month, day)| Date::new(year, month, day).unwrap());
    let sex = prop::sample::select(vec![Sex::Male, Sex::Female, Sex::Other, Sex::Unknown]);
    let my_number = any::<[u8; 12]>().prop_filter_map("a right check digit", |bytes| {
        let digits = bytes.map(|byte| b'0' + byte % 10);
        (b'0'..=b'9').find_map(|check| {
            MyNumber::from_digits(std::array::from_fn(|at| if at == 11 { check } else { digits[at] }))
        })
    });
    let code = (1_u32..=47, 0_u32..1000).prop_map(|(prefecture, number)| {
        let digits = format!("{prefecture:02}{number:03}");
        MunicipalityCode::from_digits(digits.as_bytes().try_into().unwrap()).unwrap()
    });
    let names = ("[A-Z][a-z]{1,9}-ken", "[A-Z][a-z]{1,9}-shi", "[見本町]{1,5}市");
    (texts, birth, sex, my_number, code, names).prop_map(
        |((name, kana, address), birth, sex, my_number, code, names)| {
            let municipality = Municipality {
                code,
                prefecture: names.0,
                name: names.1,
                title: names.2,
            };
            let mut person = Person::new(name, address, birth, sex, my_number, municipality);
            person.kana = kana;
            person
        },
    )
}

/// What else an order has: residence code, security code, the three PINs, the days from issue to expiry, tries.
fn rest() -> impl Strategy<Value = (ResidenceCode, SecurityCode, [String; 4], u64, [Option<u8>; 10])> {
    let residence = any::<[u8; 10]>().prop_filter_map("a right check digit", |bytes| {
        let digits = bytes.map(|byte| b'0' + byte % 10);
        (b'0'..=b'9')
            .find_map(|check| ResidenceCode::from_digits(std::array::from_fn(|at| *digits.get(at).unwrap_or(&check))))
    });
    let security = "[0-9]{4}".prop_map(|code| SecurityCode::from_digits(code.as_bytes().try_into().unwrap()).unwrap());
    // No month has these numbers, no day, and no year since Meiji.
    let pins = [
        "[A-Z]{3,8}[0-9]{3,8}",
        "4[5-9][5-9][0-9]",
        "5[5-9][5-9][0-9]",
        "6[5-9][5-9][0-9]",
    ];
    let tries = std::array::from_fn(|at| prop::option::of(0..=[5, 3, 3, 3, 3, 10, 10, 10, 10, 10_u8][at]));
    (residence, security, pins, 1_577_836_800_u64..4_102_444_800, tries)
}

proptest! {
    #[test]
    fn no_text_makes_reading_panic_and_no_fault_says_a_secret(
        pieces in prop::collection::vec((piece(), prop::sample::select(vec!["\n", " ", ""])), 0..24),
    ) {
        let text: String = pieces.into_iter().flat_map(|(piece, end)| [piece, end.to_owned()]).collect();
        match read_now(&text) {
            Ok(file) => prop_assert!(file.order.check().is_ok()),
            Err(faults) => {
                prop_assert!(!faults.is_empty());
                for fault in faults {
                    prop_assert!(super::is_japanese(&fault), "{:?}", fault);
                    let said = format!("{fault} {fault:?}");
                    prop_assert!(SECRETS.iter().all(|secret| !said.contains(secret)), "{}", said);
                }
            }
        }
    }

    #[test]
    fn a_full_file_with_one_damaged_line_says_no_secret(line in 0..FULL.lines().count(), piece in piece(), whole in any::<bool>()) {
        let mut lines: Vec<String> = FULL.lines().map(str::to_owned).collect();
        lines[line] = if whole { piece } else { format!("{}{piece}", lines[line]) };
        if let Err(faults) = read_now(&lines.join("\n")) {
            for fault in faults {
                let said = format!("{fault} {fault:?}");
                prop_assert!(SECRETS.iter().chain(&["12345678901", "1357", "9630"]).all(|secret| !said.contains(secret)), "{}", said);
            }
        }
    }

    #[test]
    fn every_text_of_a_person_is_carried_by_the_rules_or_refused_with_its_line(
        (name, kana, address, former) in (text(), "[ァ-ヶ　]{1,6}|", text(), text()),
        chosen in prop::collection::vec((text(), text()), 0..3),
    ) {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let chosen: Vec<String> = chosen.iter().map(|(one, other)| format!("{} = {}", quoted(one), quoted(other))).collect();
        let kana = if kana.trim_matches('　').is_empty() { String::new() } else { format!("kana = {}", quoted(&kana)) };
        let text = super::full_with(&[
            (1, &format!("name = {}", quoted(&name))),
            (2, &kana),
            (3, &format!("address = {}", quoted(&address))),
            (9, &format!("former-name = {}", quoted(&former))),
            (10, &format!("substitutes = {{ {} }}", chosen.join(", "))),
        ]);
        match read_now(&text) {
            Ok(file) => {
                let order = file.order;
                prop_assert!(order.check().is_ok());
                let certified = order.certificate_text().unwrap();
                for carried in [&certified.name, &certified.address] {
                    prop_assert!(carried.text.chars().all(characters::is_carried), "{:?}", carried);
                    prop_assert_eq!(carried.flags().chars().count(), carried.text.chars().count());
                    prop_assert!((1..=200).contains(&carried.text.chars().count()));
                }
                for text in [&order.person.name, &order.person.address].into_iter().chain(&order.printed) {
                    prop_assert!(characters::check(text).is_ok());
                }
            }
            // A text of more than one line moves the lines behind it; a wrong one is reported where it begins.
            Err(faults) => prop_assert!(faults.iter().all(|fault| fault.line.is_some()), "{:?}\n{}", faults, text),
        }
    }

    #[test]
    fn an_order_written_to_a_file_reads_back_equal(
        person in person(), (residence, security, pins, issued, tries) in rest(), auth in any::<bool>(), later in 0_u16..20,
    ) {
        let issued = DateTime::from_unix_duration(Duration::from_secs(issued)).unwrap();
        let day = validity::day_in_japan(issued).unwrap();
        prop_assume!(person.birth.known() <= Some(day));
        let expiry = Date::new(day.year() + 1 + later, 6, 30).unwrap();
        let sign = auth && person.birth.age_on(day) >= SIGNATURE_AGE;
        prop_assume!(!pins.iter().any(|pin| pin == security.as_str()));

        let text = write(&person, (residence, security), (issued, expiry, sign, auth), &pins, &tries);
        let file = read_now(&text);
        let file = file.map_err(|faults| TestCaseError::fail(format!("{faults:?}\n{text}")))?;
        let order = file.order;
        prop_assert_eq!(order.person, person);
        prop_assert_eq!((order.residence_code, order.security_code), (residence, security));
        prop_assert_eq!((order.issued, order.expiry), (issued, expiry));
        prop_assert_eq!((order.sign_certificate, order.auth_certificate), (sign, auth));
        for (pin, expected) in PinName::ALL.iter().zip(&pins) {
            prop_assert_eq!(pin.of(&order.pins).as_bytes(), expected.as_bytes());
        }
        let read = order.tries;
        let read = [
            read.sign, read.auth, read.input_assist, read.residence, read.card_info, read.text_code_a, read.text_code_b,
            read.birth_date, read.face_code_a, read.face_code_b,
        ];
        prop_assert_eq!(read, tries);
        prop_assert!(file.default_pins.is_empty() && file.invented.is_empty());
    }
}

/// The file of an order.
fn write(
    person: &Person,
    (residence, security): (ResidenceCode, SecurityCode),
    (issued, expiry, sign, auth): (DateTime, Date, bool, bool),
    pins: &[String; 4],
    tries: &[Option<u8>; 10],
) -> String {
    let digits = |digits: &[u8]| String::from_utf8(digits.to_vec()).unwrap();
    let sex = match person.sex {
        Sex::Male => "male",
        Sex::Female => "female",
        Sex::Other => "other",
        Sex::Unknown => "unknown",
    };
    let Municipality {
        code,
        prefecture,
        name,
        title,
    } = &person.municipality;
    let mut text = format!(
        "name = '{}'\nkana = '{}'\naddress = '{}'\nbirth = {}\nsex = '{sex}'\nmy-number = '{}'\nresidence-code = '{}'\n\
         security-code = '{}'\n[municipality]\ncode = '{code}'\nprefecture = '{prefecture}'\nname = '{name}'\n\
         title = '{title}'\n[card]\nissued = {issued}\nexpiry = {expiry}\n[certificates]\nsign = {sign}\nauth = {auth}\n\
         [pins]\nsign = '{}'\nauth = '{}'\ninput-assist = '{}'\nresidence = '{}'\n[pins.tries-left]\n",
        person.name,
        person.kana,
        person.address,
        person.birth,
        digits(person.my_number.digits()),
        digits(residence.digits()),
        security.as_str(),
        pins[0],
        pins[1],
        pins[2],
        pins[3],
    );
    let keys = [
        "sign",
        "auth",
        "input-assist",
        "residence",
        "common",
        "code-a",
        "code-b",
        "birth",
        "'code-a@face_info'",
        "'code-b@face_info'",
    ];
    for (key, left) in keys.iter().zip(tries) {
        if let Some(left) = left {
            writeln!(text, "{key} = {left}").unwrap();
        }
    }
    text
}
