//! The PINs of a person file: their forms, the values that are refused, and the tries that are left of them.
//!
//! Public sources agree on the forms and on letters *and* digits in the sign password. That the town hall's terminal
//! refuses a PIN made of the birth date or of the security code, and which forms of them, is not published (`assumed`);
//! refused here are, as four digits,
//!
//! - month and day,
//! - the year of birth,
//! - the last two digits of the year, Gregorian or of the era, and the month,
//! - the security code.
//!
//! One PIN for all purposes is allowed. This module must never say a PIN.

use vmyna_apdu::{Text, text};
use vmyna_applets::birth::BirthDate;
use vmyna_applets::person::SecurityCode;
use vmyna_applets::pins::{self as names, CardPin};
use vmyna_applets::{card_info, face_info, input_assist, jpki, residence_code};
use vmyna_card_os::declaration::ReferenceData;

use super::PinName;
use super::source::{Place, Reported, Section, Source};
use crate::order::{Pins, Tries};

/// The PINs of a card, and those among them that the file does not give.
pub(super) struct Chosen {
    pub(super) pins: Pins,
    pub(super) defaults: Vec<PinName>,
}

/// Reads `[pins]` but for the tries. A birth date or security code that is not known yet refuses no PIN.
pub(super) fn read(
    source: &mut Source<'_>,
    section: Section<'_>,
    birth: Option<BirthDate>,
    security_code: Option<SecurityCode>,
) -> Result<Chosen, Reported> {
    let guessable = Guessable { birth, security_code };
    let mut pins = Pins::default();
    let sign = password(source, section);
    let auth = four_digits(source, section, PinName::Auth, &guessable);
    let input_assist = four_digits(source, section, PinName::InputAssist, &guessable);
    let residence = four_digits(source, section, PinName::Residence, &guessable);
    let mut defaults = Vec::new();
    for (name, given, pin) in [
        (PinName::Sign, sign?, &mut pins.sign),
        (PinName::Auth, auth?, &mut pins.auth),
        (PinName::InputAssist, input_assist?, &mut pins.input_assist),
        (PinName::Residence, residence?, &mut pins.residence),
    ] {
        match given {
            Some(given) => *pin = given,
            // A default is made of no birth date: 12 is a month, 34 no day and no month, 1234 no year since Meiji.
            None if guessable.why(pin.as_bytes()).is_some() => {
                let message = text!(
                    "is not given, and its default is the card's security code: give one of them",
                    "指定がなく、既定値がカードのセキュリティコードと同じです。どちらかを指定してください"
                );
                return Err(source.error(Place::field(section, name.key()), message));
            }
            None => defaults.push(name),
        }
    }
    Ok(Chosen { pins, defaults })
}

/// Reads `[pins]` of a card without PINs: it may give none. The values that are returned are on no card.
pub(super) fn none(source: &mut Source<'_>, section: Section<'_>) -> Result<Chosen, Reported> {
    let mut given = Ok(());
    for name in PinName::ALL {
        if let Some((_, place)) = source.text(section, name.key())? {
            let message = text!(
                "is given, but the card has no PINs",
                "指定がありますが、このカードには暗証番号がありません"
            );
            given = Err(source.error(place, message));
        }
    }
    given.map(|()| Chosen {
        pins: Pins::default(),
        defaults: Vec::new(),
    })
}

/// 署名用パスワード.
fn password(source: &mut Source<'_>, section: Section<'_>) -> Result<Option<ReferenceData>, Reported> {
    let Some((text, place)) = source.text(section, PinName::Sign.key())? else {
        return Ok(None);
    };
    match bad_password(text.as_bytes()) {
        Some(message) => Err(source.error(place, message)),
        None => Ok(Some(ReferenceData::new(text.as_bytes()))),
    }
}

fn bad_password(bytes: &[u8]) -> Option<Text> {
    if bytes.iter().any(u8::is_ascii_lowercase) {
        Some(text!(
            "has lower-case letters: the card stores upper case and folds nothing, so write it in upper case",
            "小文字があります。カードは大文字を保存し、変換しません。大文字で入力してください"
        ))
    } else if !jpki::SIGN_PIN_FORMAT.allows(bytes) {
        Some(text!(
            "has 6 to 16 characters A-Z and 0-9",
            "英大文字と数字で6文字から16文字です"
        ))
    } else if !bytes.iter().any(u8::is_ascii_digit) || !bytes.iter().any(u8::is_ascii_uppercase) {
        Some(text!(
            "has at least one letter and one digit",
            "英字と数字がそれぞれ一つ以上必要です"
        ))
    } else {
        None
    }
}

/// A PIN of four digits.
fn four_digits(
    source: &mut Source<'_>,
    section: Section<'_>,
    name: PinName,
    guessable: &Guessable,
) -> Result<Option<ReferenceData>, Reported> {
    let Some((text, place)) = source.text(section, name.key())? else {
        return Ok(None);
    };
    match bad_digits(text.as_bytes(), guessable) {
        Some(message) => Err(source.error(place, message)),
        None => Ok(Some(ReferenceData::new(text.as_bytes()))),
    }
}

fn bad_digits(bytes: &[u8], guessable: &Guessable) -> Option<Text> {
    if !jpki::AUTH_PIN_FORMAT.allows(bytes) {
        return Some(text!("has four digits 0-9", "数字4桁です"));
    }
    let Text { en, ja } = guessable.why(bytes)?;
    Some(text!(
        "is {en}, which others can read off the card: choose another",
        "{ja}と同じで、カードを見た人に分かります。別の番号を選んでください"
    ))
}

/// Why the terminal of a town hall refuses a value for a PIN of this card: a sentence without its subject, and without the
/// value. `None` if it takes it.
#[must_use]
pub fn pin_refusal(name: PinName, value: &[u8], birth: BirthDate, security_code: SecurityCode) -> Option<Text> {
    let guessable = Guessable {
        birth: Some(birth),
        security_code: Some(security_code),
    };
    match name {
        PinName::Sign => bad_password(value),
        PinName::Auth | PinName::InputAssist | PinName::Residence => bad_digits(value, &guessable),
    }
}

/// What no PIN may be made of.
struct Guessable {
    birth: Option<BirthDate>,
    security_code: Option<SecurityCode>,
}

impl Guessable {
    /// What a PIN is made of, if it is refused.
    fn why(&self, pin: &[u8]) -> Option<Text> {
        if self.security_code.is_some_and(|code| code.as_str().as_bytes() == pin) {
            return Some(text!("the security code", "セキュリティコード"));
        }
        let birth = self.birth?;
        let (month, era_year) = (birth.month(), birth.japanese().map_or(0, |day| day.year));
        let forms = [
            (
                format!("{month:02}{:02}", birth.day()),
                text!("month and day of birth", "生まれた月日"),
            ),
            (format!("{:04}", birth.year()), text!("the year of birth", "生まれた年")),
            (
                format!("{:02}{month:02}", birth.year() % 100),
                text!("year and month of birth", "生まれた年月"),
            ),
            (
                format!("{era_year:02}{month:02}"),
                text!("year of the era and month of birth", "生まれた年月（和暦）"),
            ),
        ];
        forms
            .into_iter()
            .find(|(form, _)| form.as_bytes() == pin)
            .map(|(_, why)| why)
    }
}

/// Reads `[pins.tries-left]`.
pub(super) fn tries(source: &mut Source<'_>, pins: Section<'_>) -> Result<Tries, Reported> {
    let section = source.section(pins, "tries-left")?;
    let mut left = |pin: CardPin, max| source.up_to(section, pin.name, max);
    let sign = left(names::SIGN, jpki::SIGN_PIN_TRIES);
    let auth = left(names::AUTH, jpki::AUTH_PIN_TRIES);
    let input_assist = left(names::INPUT_ASSIST, input_assist::PIN_TRIES);
    let residence = left(names::RESIDENCE, residence_code::PIN_TRIES);
    let card_info = left(names::COMMON, card_info::PIN_TRIES);
    let text_code_a = left(names::CODE_A, input_assist::CODE_TRIES);
    let text_code_b = left(names::CODE_B, input_assist::CODE_TRIES);
    let birth_date = left(names::BIRTH, face_info::TRIES);
    let face_code_a = left(names::FACE_CODE_A, face_info::TRIES);
    let face_code_b = left(names::FACE_CODE_B, face_info::TRIES);
    Ok(Tries {
        sign: sign?,
        auth: auth?,
        input_assist: input_assist?,
        residence: residence?,
        card_info: card_info?,
        text_code_a: text_code_a?,
        text_code_b: text_code_b?,
        birth_date: birth_date?,
        face_code_a: face_code_a?,
        face_code_b: face_code_b?,
    })
}
