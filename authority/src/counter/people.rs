//! What a clerk types about a person, in the form that a card has it, and the lines of the remarks field.

use der::DateTime;
use vmyna_apdu::text;
use vmyna_applets::calendar;
use vmyna_applets::issued::{IssuedCard, Summary};
use vmyna_applets::person::Person;
use vmyna_issuance::characters;
use vmyna_issuance::desk::Desk;
use vmyna_issuance::text_data;

use super::{CounterError, Done};

/// What is printed on a card without PINs.
pub(super) const WITHOUT_PINS: &str = "顔認証";

/// The longest text that a card carries, in characters.
const LONGEST: usize = 200;

pub(super) fn name(text: &str) -> Result<String, CounterError> {
    let name = characters::name(text).map_err(|bad| CounterError::BadText("name", bad.text()))?;
    length("name", name)
}

pub(super) fn address(text: &str) -> Result<String, CounterError> {
    let address = characters::address(text).map_err(|bad| CounterError::BadText("address", bad.text()))?;
    length("address", address)
}

pub(super) fn kana(text: &str) -> Result<String, CounterError> {
    characters::check(text).map_err(|bad| CounterError::BadText("kana", bad.text()))?;
    let kana = characters::kana(text).map_err(|other| {
        let other = characters::shown(other);
        CounterError::BadText(
            "kana",
            text!(
                "has {other}, which is no kana: it is written in katakana",
                "{other}は仮名ではありません。カタカナで入力してください"
            ),
        )
    })?;
    length("kana", kana)
}

fn length(what: &'static str, text: String) -> Result<String, CounterError> {
    match text.chars().count() {
        0 => Err(CounterError::BadText(what, text!("is empty", "空です"))),
        1..=LONGEST => Ok(text),
        _ => Err(CounterError::BadText(
            what,
            text!("has more than {LONGEST} characters", "{LONGEST}文字を超えています"),
        )),
    }
}

/// Signs the files with name and address again, for the person in the card's summary. The input-assist application has them
/// in the form of the register or of the certificates, as before.
pub(super) fn sign_files(
    desk: &mut Desk,
    before: &IssuedCard,
    card: &mut IssuedCard,
    text: &vmyna_issuance::order::CertificateText,
) -> Result<(), CounterError> {
    let was = &before.summary.person;
    let [name, address] = text_data::name_and_address(before)?;
    let mut shown: Person = card.summary.person.clone();
    if (&name, &address) != (&was.name, &was.address) {
        shown.name.clone_from(&text.name.text);
        shown.address.clone_from(&text.address.text);
    }
    desk.sign_files(card, &shown)?;
    Ok(())
}

/// Whether the input-assist application has name and address in the form of the certificates.
pub(super) fn has_certificate_form(card: &IssuedCard) -> Result<bool, CounterError> {
    let person = &card.summary.person;
    let [name, address] = text_data::name_and_address(card)?;
    Ok((&name, &address) != (&person.name, &person.address))
}

/// Prints a line in the remarks field.
pub(super) fn print(card: &mut IssuedCard, line: String, done: &mut Vec<Done>) {
    card.summary.remarks.push(Summary::printed_line(&line));
    done.push(Done::Printed(line));
}

/// Takes a line off the remarks field.
pub(super) fn erase(card: &mut IssuedCard, line: &str, done: &mut Vec<Done>) {
    let printed = Summary::printed_line(line);
    let before = card.summary.remarks.len();
    card.summary.remarks.retain(|remark| *remark != printed);
    if card.summary.remarks.len() < before {
        done.push(Done::Erased(line.to_owned()));
    }
}

/// A change with its day in Japan, as the remarks field has it: `令和8年11月1日 東京都…`. The form is `assumed`.
pub(super) fn dated(now: DateTime, text: &str) -> String {
    let day = calendar::day_in_japan(now).and_then(calendar::Date::japanese);
    match day {
        Some(day) => {
            let year = match day.year {
                1 => "元".to_owned(),
                year => year.to_string(),
            };
            format!("{}{year}年{}月{}日 {text}", day.era.title(), day.month, day.day)
        }
        None => text.to_owned(),
    }
}
