//! The mdoc on a phone: its elements, and what a verifier finds in a presentation of it.

use std::collections::BTreeMap;

use p256::SecretKey;
use p256::pkcs8::DecodePrivateKey as _;
use vmyna_applets::PhoneKind;
use vmyna_applets::calendar::day_in_japan;
use vmyna_applets::issued::MobileDocument;
use vmyna_applets::person::{Person, Sex};
use vmyna_authority::mdoc;
use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_issuance::DateTime;
use vmyna_issuance::vmyna_mdoc::element::{DOC_TYPE, NAMESPACE, NAMESPACE_JP, value_text};
use vmyna_issuance::vmyna_mdoc::{DeviceRequest, IssuerSigned, Options, Transcript, Verdict, present, verify};

use super::super::error::LifeError;
use super::super::model::{PersonModel, Phone, Token};
use super::Scene;

/// The photo is no matter of a story.
const PORTRAIT: &str = "portrait";
const MY_NUMBER: &str = "individual_number_unicode";

/// Values by namespace and identifier, in English words.
type Elements = BTreeMap<(String, String), String>;

fn failed(error: impl std::fmt::Display) -> LifeError {
    LifeError::Check(format!("mdoc: {error}"))
}

/// Compares the mdoc that a phone has with the one that the events demand. Returns how many there were.
pub(super) fn check(
    scene: &Scene<'_>,
    person: &PersonModel,
    phone: &Phone,
    there: Option<&MobileDocument>,
    register: &SqliteRegister,
) -> Result<usize, LifeError> {
    let refused = |service: &str, expected: String, got: String| {
        let service = format!("the mdoc on {}: {service}", Token::Phone(phone.number));
        scene.disagreement(&person.name, service, (expected, got))
    };
    let (holder, at, there) = match (phone.kind, &phone.mdoc, there) {
        (PhoneKind::Iphone, Some((holder, at)), Some(there)) => (holder, *at, there),
        (PhoneKind::Android, None, None) => return Ok(0),
        (kind, _, there) => {
            let words = |is_there: bool| if is_there { "there" } else { "missing" }.to_owned();
            let (expected, got) = (words(kind == PhoneKind::Iphone), words(there.is_some()));
            return Err(refused("whether it is there", expected, got));
        }
    };
    let compare = |got: &Elements| -> Result<(), LifeError> {
        let expected = expected(holder, at)?;
        let names = expected.keys().chain(got.keys());
        for name in names.filter(|(_, identifier)| identifier != PORTRAIT) {
            let values = (expected.get(name), got.get(name));
            if values.0 != values.1 {
                let words = |value: Option<&String>| match value {
                    None => "missing".to_owned(),
                    Some(_) if name.1 == MY_NUMBER => "another one".to_owned(),
                    Some(value) => value.clone(),
                };
                return Err(refused(&name.1, words(values.0), words(values.1)));
            }
        }
        Ok(())
    };
    let document = IssuerSigned::parse(&there.issuer_signed).map_err(failed)?;
    let items = document.items().iter();
    let items = items.map(|item| (item.namespace(), item.identifier(), value_text(item.value()).en));
    compare(&elements(items))?;
    let names: Vec<(&str, &str)> = document
        .items()
        .iter()
        .map(|item| (item.namespace(), item.identifier()))
        .collect();
    let request = DeviceRequest::create(DOC_TYPE, &names, false).map_err(failed)?;
    let session = format!("check of {} at {}", person.name, scene.at);
    let session = Transcript::browser(&session, "https://check.invalid");
    let key = SecretKey::from_pkcs8_der(there.device_key.as_pkcs8_der()).map_err(failed)?;
    let answer = present(&document, &key, &request, &session, |_| true).map_err(failed)?;
    // It lasts less than a year, so that it is verified as of the time at which it was issued.
    let authority = scene
        .mdoc
        .as_ref()
        .ok_or_else(|| failed("the authorities issue none"))?;
    let roots = authority.valid_roots(at)?;
    let roots: Vec<&[u8]> = roots.iter().map(|root| root.certificate()).collect();
    let lists = mdoc::lists(authority, register, at).map_err(failed)?;
    let options = Options {
        request: Some(&request),
        lists: &lists,
        ..Options::default()
    };
    let report = verify(&answer.response, &session, &roots, at, &options);
    if report.verdict() != Verdict::Passed {
        let step = report.steps.iter().max_by_key(|step| step.verdict);
        let step = step.map_or_else(String::new, |step| format!("{}: {}", step.id, step.reason));
        return Err(refused("a verifier's finding", "verified".to_owned(), step));
    }
    let proved = report.elements.iter();
    let proved = proved.map(|one| {
        (
            one.namespace.as_str(),
            one.identifier.as_str(),
            value_text(&one.value).en,
        )
    });
    compare(&elements(proved)).map(|()| 1)
}

fn elements<'a>(all: impl Iterator<Item = (&'a str, &'a str, String)>) -> Elements {
    all.map(|(namespace, identifier, value)| ((namespace.to_owned(), identifier.to_owned()), value))
        .collect()
}

/// The elements of an mdoc that was issued for a person at a time.
fn expected(person: &Person, at: DateTime) -> Result<Elements, LifeError> {
    const ADULT: u16 = 20;
    let birth = person.birth;
    let today = day_in_japan(at).ok_or_else(|| failed("a day outside the calendar"))?;
    let ascii = |digits: &[u8]| String::from_utf8_lossy(digits).into_owned();
    let (sex, kanji) = match person.sex {
        Sex::Male => ("1", Some("男")),
        Sex::Female => ("2", Some("女")),
        Sex::Other => ("9", None),
        Sex::Unknown => ("0", None),
    };
    let mut all = vec![
        (NAMESPACE_JP, "full_name_unicode", person.name.clone()),
        (NAMESPACE_JP, "resident_address_unicode", person.address.clone()),
        (
            NAMESPACE_JP,
            "local_gov_code_unicode",
            ascii(person.municipality.code.digits()),
        ),
        (NAMESPACE_JP, MY_NUMBER, ascii(person.my_number.digits())),
        (NAMESPACE, "sex", sex.to_owned()),
    ];
    all.extend(kanji.map(|kanji| (NAMESPACE_JP, "sex_unicode", kanji.to_owned())));
    let dates = match (birth.year(), birth.month(), birth.day()) {
        (0, ..) => None,
        (year, 0, _) => Some((format!("{year:04}"), format!("{year}年"))),
        (year, month, 0) => Some((format!("{year:04}-{month:02}"), format!("{year}年{month}月"))),
        (year, month, day) => {
            let digits = format!("{year:04}-{month:02}-{day:02}");
            Some((digits, format!("{year}年{month}月{day}日")))
        }
    };
    if let Some((date, words)) = dates {
        let age = birth.age_on(today);
        all.push((NAMESPACE, "birth_date", date));
        all.push((NAMESPACE_JP, "birth_date_unicode", words));
        all.push((NAMESPACE, "age_in_years", age.to_string()));
        let is_adult = if age >= ADULT { "yes" } else { "no" };
        all.push((NAMESPACE, "age_over_20", is_adult.to_owned()));
    }
    Ok(elements(all.into_iter()))
}
