//! Genuine answers.

use vmyna_apdu::{Text, text};
use vmyna_mdoc::BirthDateForm;

use super::phone::{OVER_20, Phone};
use super::{GENUINE, M02, M19, MDOC, twin};
use crate::candidate::{Candidate, Candidates, Group};
use crate::{MakeError, Person, Subject, Workshop};

pub(super) fn add(all: &mut Candidates) {
    let mut good = |name, what: Text, make: fn(&Workshop) -> Result<Subject, MakeError>| {
        all.add(Candidate::right(name, Group::Good, MDOC, what, make));
    };
    good(
        GENUINE,
        text!("a genuine answer of a phone", "スマートフォンの本物の応答"),
        |workshop| {
            let phone = Phone::new(workshop)?;
            phone.subject(&phone.answer()?)
        },
    );
    good(
        "good.mdoc-of-another",
        text!(
            "a genuine answer of another cardholder's phone",
            "別の人のスマートフォンの本物の応答"
        ),
        |workshop| {
            let phone = Phone::of(workshop, Person::B)?;
            phone.subject(&phone.answer()?)
        },
    );
    good(
        "good.mdoc-age",
        text!(
            "a genuine answer with the one element that is asked for: whether the cardholder is twenty",
            "要求どおり、20歳以上かどうかだけを示す本物の応答"
        ),
        |workshop| {
            let mut phone = Phone::new(workshop)?;
            phone.asked = vec![OVER_20];
            phone.subject(&phone.answer()?)
        },
    );
    all.add(twin(
        "mdoc.birth-date-in-a-map",
        &M19,
        text!(
            "birth_date is a map with the date, which is the other form of ISO/IEC TS 23220-2",
            "birth_dateが、日付を含むマップ（ISO/IEC TS 23220-2のもう一つの形式）である"
        ),
        |workshop| {
            let mut phone = Phone::new(workshop)?;
            phone.attributes.birth_date_form = BirthDateForm::Map;
            phone.subject(&phone.answer()?)
        },
    ));
    all.add(twin(
        "mdoc.other-map-order",
        &M02,
        text!(
            "an element's map has its keys in another order, and its digest is over these bytes",
            "要素のマップのキーの順序が異なり、ダイジェストはそのバイト列のもの"
        ),
        |workshop| {
            let phone = Phone::new(workshop)?;
            let mut answer = phone.answer()?;
            answer.change_item(super::phone::ADDRESS, |item| {
                if let Some(fields) = item.as_map_mut() {
                    fields.reverse();
                }
                Ok(())
            })?;
            answer.digest(phone.signer_key(), super::phone::ADDRESS)?;
            phone.subject(&answer)
        },
    ));
}
