//! The PINs of a host program, and the forms that they can have.

use std::fmt;

use vmyna_apdu::{Aid, FileId, Text};
use vmyna_applets::pins::{self, CardPin};
use vmyna_applets::{input_assist, jpki};
use vmyna_card_os::declaration::Format;
use zeroize::Zeroizing;

use super::{ClientError, Key};

/// A PIN of the card that host programs ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pin {
    /// 利用者証明用暗証番号: four digits, three tries.
    Auth,
    /// 署名用パスワード: 6 to 16 of A–Z and 0–9, five tries.
    Sign,
    /// 券面事項入力補助用暗証番号: four digits, three tries.
    InputAssist,
}

impl Pin {
    /// The PIN's names, application and file.
    #[must_use]
    pub const fn card_pin(self) -> CardPin {
        match self {
            Self::Auth => pins::AUTH,
            Self::Sign => pins::SIGN,
            Self::InputAssist => pins::INPUT_ASSIST,
        }
    }

    /// The name of the PIN for people.
    #[must_use]
    pub fn title(self) -> Text {
        let CardPin { label, title, .. } = self.card_pin();
        Text {
            en: label.to_owned(),
            ja: title.to_owned(),
        }
    }

    /// The form of its values.
    #[must_use]
    pub const fn format(self) -> Format {
        match self {
            Self::Auth => jpki::AUTH_PIN_FORMAT,
            Self::Sign => jpki::SIGN_PIN_FORMAT,
            Self::InputAssist => input_assist::PIN_FORMAT,
        }
    }

    /// The wrong values in a row that block it.
    #[must_use]
    pub const fn limit(self) -> u8 {
        match self {
            Self::Auth => jpki::AUTH_PIN_TRIES,
            Self::Sign => jpki::SIGN_PIN_TRIES,
            Self::InputAssist => input_assist::PIN_TRIES,
        }
    }

    pub(super) const fn application(self) -> Aid {
        self.card_pin().aid
    }

    pub(super) const fn file(self) -> FileId {
        self.card_pin().file
    }

    /// The key behind it, if there is one.
    pub(super) const fn key(self) -> Option<Key> {
        match self {
            Self::Auth => Some(Key::Auth),
            Self::Sign => Some(Key::Sign),
            Self::InputAssist => None,
        }
    }

    /// The value as it is sent. The length is checked before anything is copied.
    pub(super) fn checked(self, value: &[u8]) -> Result<Zeroizing<Vec<u8>>, ClientError> {
        let format = self.format();
        if !(format.min..=format.max).contains(&value.len()) {
            return Err(ClientError::Form(self));
        }
        let mut value = Zeroizing::new(value.to_vec());
        if self == Self::Sign {
            value.make_ascii_uppercase();
        }
        match format.allows(&value) {
            true => Ok(value),
            false => Err(ClientError::Form(self)),
        }
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.card_pin().label)
    }
}

/// The tries left of a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tries {
    /// Wrong values that are left. The card's answer has room for 15.
    pub left: u8,
    /// Wrong values in a row that block the PIN.
    pub limit: u8,
}

impl Tries {
    pub(super) const fn new(pin: Pin, left: u8) -> Self {
        Self {
            left,
            limit: pin.limit(),
        }
    }

    /// Whether no try is left. A PIN that was never set answers the same.
    #[must_use]
    pub const fn is_blocked(self) -> bool {
        self.left == 0
    }
}
