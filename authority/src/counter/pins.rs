//! The PINs at the counter.

use vmyna_applets::PinAtIssue;
use vmyna_applets::card_os::declaration::{Body, ObjectId, ReferenceData};
use vmyna_applets::card_os::state::PinReplacement;
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::pins::{self, CardPin};
use vmyna_issuance::person_file::{PinName, pin_refusal};

use super::CounterError;

/// The PINs that a cardholder chooses. Two applications have the one of the resident register.
pub(super) const CHOSEN: [CardPin; 5] = [
    pins::AUTH,
    pins::SIGN,
    pins::INPUT_ASSIST,
    pins::RESIDENCE,
    pins::COMMON,
];

/// The PINs that have one value with this one.
pub(super) fn same_value(pin: CardPin) -> Vec<CardPin> {
    match pin {
        // Municipal terminals keep the two equal.
        pins::RESIDENCE | pins::COMMON => vec![pins::RESIDENCE, pins::COMMON],
        pin => vec![pin],
    }
}

/// The Japanese name of the PIN with this English label.
pub(super) fn title(label: &'static str) -> &'static str {
    let pin = pins::ALL.iter().find(|pin| pin.label == label);
    pin.map_or(label, |pin| pin.title)
}

pub(crate) const fn object(pin: CardPin) -> ObjectId {
    ObjectId {
        aid: pin.aid,
        file: pin.file,
    }
}

/// This value for a PIN, with all its tries.
pub(super) fn value(card: &IssuedCard, pin: CardPin, value: &ReferenceData) -> PinReplacement {
    let declared = card
        .applications()
        .into_iter()
        .find(|application| application.aid == pin.aid);
    let mut files = declared.into_iter().flat_map(|application| application.files);
    let declared = files.find(|file| file.id == pin.file).map(|file| file.body);
    match declared {
        Some(Body::Pin(declared)) => PinReplacement::with_all_tries(value.clone(), &declared),
        // Every card has every PIN.
        _ => PinReplacement::AsRecorded,
    }
}

/// Whether the card is one without PINs.
pub(super) const fn is_without_pins(card: &IssuedCard) -> bool {
    card.jpki.auth_pin.value.is_none()
}

/// The place of a PIN on the card's record; `None` if the token has no such PIN.
pub(super) fn at_issue(card: &mut IssuedCard, pin: CardPin) -> Option<&mut PinAtIssue> {
    let assist = card.input_assist.as_mut();
    let face = card.face_info.as_mut();
    match pin {
        pins::AUTH => Some(&mut card.jpki.auth_pin),
        pins::SIGN => Some(&mut card.jpki.sign_pin),
        pins::INPUT_ASSIST => assist.map(|assist| &mut assist.pin),
        pins::CODE_A => assist.map(|assist| &mut assist.code_a),
        pins::CODE_B => assist.map(|assist| &mut assist.code_b),
        pins::BIRTH => face.map(|face| &mut face.birth_date_pin),
        pins::FACE_CODE_A => face.map(|face| &mut face.code_a),
        pins::FACE_CODE_B => face.map(|face| &mut face.code_b),
        pins::RESIDENCE => card.residence_code.as_mut().map(|contents| &mut contents.pin),
        _ => card.card_info.as_mut().map(|contents| &mut contents.pin),
    }
}

/// Checks a value that the cardholder chooses, by the rules of the town hall's terminal.
pub(crate) fn check(card: &IssuedCard, pin: CardPin, value: &[u8]) -> Result<(), CounterError> {
    let name = match pin {
        pins::AUTH => PinName::Auth,
        pins::SIGN => PinName::Sign,
        pins::INPUT_ASSIST => PinName::InputAssist,
        pins::RESIDENCE | pins::COMMON => PinName::Residence,
        pin => return Err(CounterError::FixedValue(pin.label)),
    };
    let (birth, code) = (card.summary.person.birth, card.summary.security_code);
    match pin_refusal(name, value, birth, code) {
        Some(rule) => Err(CounterError::BadValue(pin.label, rule)),
        None => Ok(()),
    }
}
