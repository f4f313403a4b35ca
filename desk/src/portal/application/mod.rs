//! An application to a town that does not exist (転居届): written in a form, signed with the card's sign key, checked.
//!
//! What is signed is exactly the text that the page shows. It holds a random receipt number, so that a signature can't be
//! used for a second application. The checks are those of the verifier; the certificate's four attributes must be those of
//! the person who is logged in.

mod check;

use vmyna_apdu::{Text, text};
use vmyna_authority::verifier::report::{Report, Verdict};

pub(super) use self::check::check;
pub use self::check::{OpenVerification, Verification};
use super::day::Day;
use super::relying_party::{Digest, FourItems, Signed};
use crate::secret::random;

/// The most characters of the new address.
const LONGEST_ADDRESS: usize = 120;

/// What the person has typed.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Typed {
    pub(super) address: String,
    pub(super) day: String,
    pub(super) with_digest_info: bool,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldError {
    /// The field's name in the form.
    pub(super) field: &'static str,
    pub(super) text: Text,
}

/// An application that is ready to be signed.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Draft {
    /// What is signed, in UTF-8 with line feeds.
    pub(super) document: String,
    pub(super) with_digest_info: bool,
}

impl Draft {
    /// The application from what was typed, or what is wrong with it.
    pub(super) fn write(typed: &Typed, items: &FourItems) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut wrong = |field, text| errors.push(FieldError { field, text });
        let address = typed.address.trim();
        if address.is_empty() {
            wrong(
                "address",
                text!("Enter the new address", "新しい住所を入力してください"),
            );
        } else if address.chars().count() > LONGEST_ADDRESS {
            wrong(
                "address",
                text!(
                    "The address has at most {LONGEST_ADDRESS} characters",
                    "住所は{LONGEST_ADDRESS}文字以内で入力してください"
                ),
            );
        } else if address.chars().any(is_invisible) {
            wrong(
                "address",
                text!(
                    "The address has a character that can't be seen",
                    "住所に表示できない文字があります"
                ),
            );
        }
        let day = Day::parse(&typed.day);
        if day.is_none() {
            wrong(
                "day",
                text!(
                    "Enter a day that exists, as YYYY-MM-DD",
                    "実在する日付をYYYY-MM-DDの形で入力してください"
                ),
            );
        }
        let (Some(day), [Some(name), Some(old), Some(birth)]) = (day, [&items.name, &items.address, &items.birthdate])
        else {
            return Err(errors);
        };
        if !errors.is_empty() {
            return Err(errors);
        }
        let receipt = &random()[..16];
        let (name, old, birth) = (visible(name), visible(old), visible(birth));
        let document = format!(
            "見本 SPECIMEN\n\
             転居届 / Notice of moving\n\
             見本町（架空の町） / To the fictional town of Mihon\n\
             \n\
             氏名 / name: {name}\n\
             生年月日 / birth date: {birth}\n\
             旧住所 / old address: {old}\n\
             新住所 / new address: {address}\n\
             異動日 / day of moving: {day}\n\
             受付番号 / receipt: {receipt}\n"
        );
        Ok(Self {
            document,
            with_digest_info: typed.with_digest_info,
        })
    }

    /// What the card's key is to sign.
    pub(super) fn digest(&self) -> Digest {
        Digest::of(self.document.as_bytes(), self.with_digest_info)
    }
}

/// Characters that a reader of the document does not see, or that change the order of the others.
fn is_invisible(character: char) -> bool {
    let format = matches!(character, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}');
    character.is_control() || format
}

/// The provider's text on one line.
fn visible(text: &str) -> String {
    text.chars().filter(|character| !is_invisible(*character)).collect()
}

/// An application that was signed, and the outcome of its checks.
pub(super) struct Outcome {
    pub(super) draft: Draft,
    pub(super) signed: Signed,
    pub(super) reports: Vec<Report>,
}

impl Outcome {
    /// The gravest verdict.
    pub(super) fn verdict(&self) -> Verdict {
        let gravest = self.reports.iter().map(Report::verdict).max();
        gravest.unwrap_or(Verdict::NotVerified)
    }
}

/// The application of a session.
pub(super) enum Filed {
    /// It waits for the signature.
    Draft(Draft),
    /// It was signed.
    Checked(Outcome),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items() -> FourItems {
        let own = |text: &str| Some(text.to_owned());
        FourItems {
            name: own("見本　花子"),
            address: own("東京都千代田区見本町一丁目２番３号"),
            birthdate: own("1989-10-25"),
            gender: own("female"),
        }
    }

    fn typed(address: &str, day: &str) -> Typed {
        Typed {
            address: address.to_owned(),
            day: day.to_owned(),
            with_digest_info: true,
        }
    }

    #[test]
    fn an_application_holds_what_was_typed_and_a_number_of_its_own() {
        let write = || Draft::write(&typed(" 見本町９ ", "2026-12-01"), &items());
        let (Ok(one), Ok(two)) = (write(), write()) else {
            panic!("it is not written");
        };
        assert!(
            one.document.contains("新住所 / new address: 見本町９\n"),
            "{}",
            one.document
        );
        assert!(one.document.contains("name: 見本　花子\n"));
        assert!(one.document != two.document, "the receipt is the same");
    }

    #[test]
    fn each_wrong_field_is_named() {
        for (typed, fields) in [
            (typed("", ""), vec!["address", "day"]),
            (typed(" 　", "2026-12-01"), vec!["address"]),
            (typed(&"長".repeat(121), "2026-12-01"), vec!["address"]),
            (typed("a\u{202E}b", "2026-12-01"), vec!["address"]),
            (typed("a\nname: another", "2026-12-01"), vec!["address"]),
            (typed("見本町", "2026-02-30"), vec!["day"]),
        ] {
            let errors = Draft::write(&typed, &items()).err().unwrap();
            let found: Vec<&str> = errors.iter().map(|error| error.field).collect();
            assert_eq!(found, fields);
        }
    }

    #[test]
    fn an_application_of_a_person_without_name_is_not_written() {
        assert!(Draft::write(&typed("見本町", "2026-12-01"), &FourItems::default()).is_err());
    }
}
