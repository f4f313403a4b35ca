//! What an mdoc states of the cardholder of a card.
//!
//! The elements and their types are public. `assumed`: the text is that of the register, as the card's input-assist application
//! has it; the portrait is the photo of the card, a JP2 file; a person whose year of birth is unknown has no element of birth or
//! age.

use der::DateTime;
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::person;
use vmyna_mdoc::{Attributes, BirthDate, Sex};
use zeroize::Zeroizing;

use crate::validity::day_in_japan;
use crate::{IssuanceError, face_data};

/// The only NN of `age_over_NN` that is public.
const AGE_OVER: u8 = 20;

/// The values of the elements of an mdoc that is issued at `now` for the cardholder of a card as it is then. Ages are those of
/// that day in Japan.
///
/// # Errors
/// [`IssuanceError::Input`] when the file with the card's face is not of the form of these cards, and for a time after the year
/// 9999.
pub fn attributes(card: &IssuedCard, now: DateTime) -> Result<Attributes, IssuanceError> {
    let person = &card.summary.person;
    let ascii = |digits: &[u8]| String::from_utf8_lossy(digits).into_owned();
    let photo = face_data::photo(card)?;
    let birth = person.birth;
    let age = match birth.year() {
        0 => None,
        _ => Some(birth.age_on(day_in_japan(now)?)),
    };
    Ok(Attributes {
        full_name: Some(person.name.clone()),
        address: Some(person.address.clone()),
        local_gov_code: Some(ascii(person.municipality.code.digits())),
        individual_number: Some(Zeroizing::new(ascii(person.my_number.digits()))),
        portrait: Some(photo).filter(|photo| !photo.is_empty()),
        sex: Some(match person.sex {
            person::Sex::Male => Sex::Male,
            person::Sex::Female => Sex::Female,
            person::Sex::Other => Sex::NotApplicable,
            person::Sex::Unknown => Sex::Unknown,
        }),
        birth_date: BirthDate::new(birth.year(), birth.month(), birth.day()),
        age_in_years: age.map(u64::from),
        age_over: age
            .map(|age| (AGE_OVER, age >= u16::from(AGE_OVER)))
            .into_iter()
            .collect(),
        ..Attributes::default()
    })
}
