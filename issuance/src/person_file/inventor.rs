//! The numbers that a person file does not give.
//!
//! An invented number satisfies its check digit and is otherwise random; like every My Number it may belong to a person, so it
//! is for tests alone.

use rsa::rand_core::CryptoRngCore;
use vmyna_applets::person::{MyNumber, ResidenceCode, SecurityCode, my_number_check_digit, residence_code_check_digit};

use super::PinName;
use crate::order::Pins;

/// Invents numbers, and keeps which.
pub(super) struct Inventor<'a> {
    rng: &'a mut dyn CryptoRngCore,
    /// The fields that were invented.
    pub(super) fields: Vec<&'static str>,
}

impl<'a> Inventor<'a> {
    pub(super) const fn new(rng: &'a mut dyn CryptoRngCore) -> Self {
        let fields = Vec::new();
        Self { rng, fields }
    }

    /// The My Number that was given, or else a new one.
    pub(super) fn my_number(&mut self, given: Option<MyNumber>) -> Option<MyNumber> {
        given.or_else(|| {
            let base = self.digits("my-number");
            MyNumber::from_digits(with_check_digit(base, my_number_check_digit(base)?))
        })
    }

    /// The residence code that was given, or else a new one.
    pub(super) fn residence_code(&mut self, given: Option<ResidenceCode>) -> Option<ResidenceCode> {
        given.or_else(|| {
            let base = self.digits("residence-code");
            ResidenceCode::from_digits(with_check_digit(base, residence_code_check_digit(base)?))
        })
    }

    /// The security code that was given, or else a new one that is none of the PINs.
    pub(super) fn security_code(&mut self, given: Option<SecurityCode>, pins: &Pins) -> Option<SecurityCode> {
        given.or_else(|| {
            let first = self
                .digits::<4>("security-code")
                .iter()
                .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
            let free = |code: &String| {
                PinName::ALL
                    .iter()
                    .all(|pin| pin.of(pins).as_bytes() != code.as_bytes())
            };
            // Upwards from a random one: there are fewer PINs than codes.
            let code = (first..).map(|code| format!("{:04}", code % 10_000)).find(free)?;
            SecurityCode::from_digits(code.as_bytes().try_into().ok()?)
        })
    }

    fn digits<const COUNT: usize>(&mut self, field: &'static str) -> [u8; COUNT] {
        self.fields.push(field);
        // The remainder favours none by more than one in 400 million.
        [(); COUNT].map(|()| b'0' + (self.rng.next_u32() % 10) as u8)
    }
}

fn with_check_digit<const BASE: usize, const ALL: usize>(base: [u8; BASE], check: u8) -> [u8; ALL] {
    let mut all = [check; ALL];
    for (to, from) in all.iter_mut().zip(base) {
        *to = from;
    }
    all
}
