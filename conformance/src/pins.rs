//! The PINs of the card by the names that vectors and people use, and where each lies.
//!
//! 照合番号A and B lie in two applications each, with a counter of their own in either. Must never hold a value beyond the
//! run, nor show one.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use vmyna_apdu::{Text, text};

/// An application of the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Application {
    /// The issuer security domain, selected at power-up.
    CardManager,
    /// 公的個人認証AP.
    Jpki,
    /// 券面事項入力補助AP.
    InputAssist,
    /// 券面事項確認AP.
    FaceInfo,
    /// 住基AP.
    ResidenceCode,
    /// 共通カードAP.
    CardInfo,
    /// マイナ免許証AP, in the free area.
    DrivingLicence,
    /// 在留AP, in the free area.
    Residence,
    /// DF1 of 在留AP.
    ResidenceDf1,
    /// DF2 of 在留AP.
    ResidenceDf2,
    /// DF3 of 在留AP.
    ResidenceDf3,
    /// The suite's own test application.
    Conformance,
    /// The one below it.
    ConformanceBelow,
    /// A locked one.
    ConformanceLocked,
}

impl Application {
    /// Those that every card has, in the order of the fact sheet.
    pub const ALL: [Self; 6] = [
        Self::CardManager,
        Self::Jpki,
        Self::InputAssist,
        Self::FaceInfo,
        Self::ResidenceCode,
        Self::CardInfo,
    ];

    /// Those in the free area (空き領域), which a card may lack: one below another behind it.
    pub const LOADED: [Self; 8] = [
        Self::DrivingLicence,
        Self::Residence,
        Self::ResidenceDf1,
        Self::ResidenceDf2,
        Self::ResidenceDf3,
        Self::Conformance,
        Self::ConformanceBelow,
        Self::ConformanceLocked,
    ];

    /// Its name in vectors.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CardManager => "card_manager",
            Self::Jpki => "jpki",
            Self::InputAssist => "input_assist",
            Self::FaceInfo => "face_info",
            Self::ResidenceCode => "residence_code",
            Self::CardInfo => "card_info",
            Self::DrivingLicence => "driving-licence",
            Self::Residence => "residence",
            Self::ResidenceDf1 => "residence-df1",
            Self::ResidenceDf2 => "residence-df2",
            Self::ResidenceDf3 => "residence-df3",
            Self::Conformance => "conformance",
            Self::ConformanceBelow => "conformance-below",
            Self::ConformanceLocked => "conformance-locked",
        }
    }

    /// Its AID.
    #[must_use]
    pub fn aid(self) -> &'static [u8] {
        match self {
            Self::CardManager => &[0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00],
            Self::Jpki => &[0xD3, 0x92, 0xF0, 0x00, 0x26, 0x01, 0x00, 0x00, 0x00, 0x01],
            Self::InputAssist => &[0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x08],
            Self::FaceInfo => &[0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x02],
            Self::ResidenceCode => &[0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x01],
            Self::CardInfo => &[0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x01, 0x00],
            Self::DrivingLicence => &[0xA0, 0x00, 0x00, 0x02, 0x31, 0x06, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            Self::Residence => &[0xD3, 0x92, 0xF0, 0x00, 0x4F, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            Self::ResidenceDf1 => &[0xD3, 0x92, 0xF0, 0x00, 0x4F, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            Self::ResidenceDf2 => &[0xD3, 0x92, 0xF0, 0x00, 0x4F, 0x03, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            Self::ResidenceDf3 => &[0xD3, 0x92, 0xF0, 0x00, 0x4F, 0x04, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            Self::Conformance => b"\xF0TEST-VMYNA\x01",
            Self::ConformanceBelow => b"\xF0TEST-VMYNA\x02",
            Self::ConformanceLocked => b"\xF0TEST-VMYNA\x03",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        let all = Self::ALL.into_iter().chain(Self::LOADED);
        all.into_iter().find(|application| application.name() == name)
    }
}

/// A PIN of the cardholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pin {
    /// 利用者証明用暗証番号.
    Auth,
    /// 署名用パスワード.
    Sign,
    /// 券面事項入力補助用暗証番号.
    InputAssist,
    /// 住民基本台帳用暗証番号.
    Residence,
    /// The PIN of the common application; terminals keep it equal to the residence PIN.
    Common,
    /// 照合番号A.
    CodeA,
    /// 照合番号B.
    CodeB,
    /// The birth PIN.
    Birth,
    /// The PIN of the driving licence (マイナ免許証).
    Licence,
}

impl Pin {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Auth,
        Self::Sign,
        Self::InputAssist,
        Self::Residence,
        Self::Common,
        Self::CodeA,
        Self::CodeB,
        Self::Birth,
        Self::Licence,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Sign => "sign",
            Self::InputAssist => "input-assist",
            Self::Residence => "residence",
            Self::Common => "common",
            Self::CodeA => "code-a",
            Self::CodeB => "code-b",
            Self::Birth => "birth",
            Self::Licence => "licence",
        }
    }

    /// What it is, for people.
    #[must_use]
    pub fn title(self) -> Text {
        match self {
            Self::Auth => text!("利用者証明用暗証番号, 4 digits", "利用者証明用暗証番号、数字4桁"),
            Self::Sign => text!(
                "署名用パスワード, 6 to 16 of A-Z and 0-9",
                "署名用パスワード、英大文字と数字6〜16文字"
            ),
            Self::InputAssist => text!(
                "券面事項入力補助用暗証番号, 4 digits",
                "券面事項入力補助用暗証番号、数字4桁"
            ),
            Self::Residence => text!("住民基本台帳用暗証番号, 4 digits", "住民基本台帳用暗証番号、数字4桁"),
            Self::Common => text!(
                "the common PIN, as a rule the residence PIN, 4 digits",
                "個人番号カード用暗証番号（通常は住民基本台帳用と同じ）、数字4桁"
            ),
            Self::CodeA => text!("照合番号A, the My Number, 12 digits", "照合番号A、個人番号、数字12桁"),
            Self::CodeB => text!(
                "照合番号B, birth date YYMMDD in the era's year, year of expiry, security code, 14 digits",
                "照合番号B、和暦の生年月日YYMMDD・有効期限の西暦年・セキュリティコード、数字14桁"
            ),
            Self::Birth => text!(
                "birth date YYMMDD in the era's year, 6 digits",
                "和暦の生年月日YYMMDD、数字6桁"
            ),
            Self::Licence => text!(
                "マイナ免許証の暗証番号, 4 digits, or **** where none was set",
                "マイナ免許証の暗証番号、数字4桁（未設定のときは****）"
            ),
        }
    }

    /// Where it lies: application and EF, the first where it is meant when no application is selected.
    #[must_use]
    pub fn places(self) -> &'static [(Application, u8)] {
        match self {
            Self::Auth => &[(Application::Jpki, 0x18)],
            Self::Sign => &[(Application::Jpki, 0x1B)],
            Self::InputAssist => &[(Application::InputAssist, 0x11)],
            Self::Residence => &[(Application::ResidenceCode, 0x1C)],
            Self::Common => &[(Application::CardInfo, 0x1C)],
            Self::CodeA => &[(Application::InputAssist, 0x14), (Application::FaceInfo, 0x13)],
            Self::CodeB => &[(Application::InputAssist, 0x15), (Application::FaceInfo, 0x12)],
            Self::Birth => &[(Application::FaceInfo, 0x11)],
            Self::Licence => &[(Application::DrivingLicence, 0x06)],
        }
    }

    /// Whether a value can be this PIN at all.
    #[must_use]
    pub fn allows(self, value: &str) -> bool {
        let digits = |count: usize| value.len() == count && value.bytes().all(|c| c.is_ascii_digit());
        match self {
            Self::Auth | Self::InputAssist | Self::Residence | Self::Common => digits(4),
            Self::Sign => {
                (6..=16).contains(&value.len()) && value.bytes().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase())
            }
            Self::CodeA => digits(12),
            Self::CodeB => digits(14),
            Self::Birth => digits(6),
            Self::Licence => digits(4) || value == "****",
        }
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Pin {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|pin| pin.name() == name).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|pin| pin.name()).collect();
            format!("there is no PIN called \"{name}\"; there are {}", names.join(", "))
        })
    }
}

/// A PIN in one application, where it has a counter of its own. Written `PIN`, or `PIN@AP` for its second place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The PIN.
    pub pin: Pin,
    /// The application.
    pub application: Application,
    /// The EF, by its short identifier.
    pub ef: u8,
}

impl Place {
    /// The place that is meant in an application; the PIN's first one where it has none there.
    #[must_use]
    pub(crate) fn of(pin: Pin, application: Option<Application>) -> Self {
        let places = pin.places();
        let there = places
            .iter()
            .find(|(of, _)| Some(*of) == application)
            .or(places.first());
        // Every PIN has a place.
        let (application, ef) = there.copied().unwrap_or((Application::CardManager, 0));
        Self { pin, application, ef }
    }

    /// All places of all PINs.
    pub fn all() -> impl Iterator<Item = Self> {
        Pin::ALL.into_iter().flat_map(|pin| {
            pin.places()
                .iter()
                .map(move |(application, _)| Self::of(pin, Some(*application)))
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::of(self.pin, None) == *self {
            true => write!(f, "{}", self.pin),
            false => write!(f, "{}@{}", self.pin, self.application.name()),
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (pin, application) = match text.split_once('@') {
            Some((pin, name)) => (
                pin,
                Some(Application::find(name).ok_or(format!("no application is called {name}"))?),
            ),
            None => (text, None),
        };
        Ok(Self::of(pin.parse()?, application))
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl Serialize for Pin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// The values of PINs, as far as they are known. `Debug` shows none.
#[derive(Clone, Default)]
pub struct Values(BTreeMap<Pin, Zeroizing<String>>);

impl Values {
    /// Takes a value in.
    ///
    /// # Errors
    /// A sentence, when it can't be this PIN's: sent to the card it would cost a try.
    pub fn insert(&mut self, pin: Pin, value: Zeroizing<String>) -> Result<(), Text> {
        if !pin.allows(&value) {
            let Text { en, ja } = pin.title();
            return Err(text!(
                "the value given for {pin} can't be one ({en})",
                "{pin}に指定した値は形が合わない（{ja}）"
            ));
        }
        self.0.insert(pin, value);
        Ok(())
    }

    /// The value of a PIN.
    #[must_use]
    pub fn get(&self, pin: Pin) -> Option<&str> {
        self.0.get(&pin).map(|value| value.as_str())
    }

    /// The PINs with a value.
    pub fn pins(&self) -> impl Iterator<Item = Pin> {
        self.0.keys().copied()
    }

    pub(crate) fn forget(&mut self, pin: Pin) {
        self.0.remove(&pin);
    }

    /// Another value that the PIN could have: its last character is the next one.
    pub(crate) fn wrong(&self, pin: Pin) -> Option<Zeroizing<String>> {
        let mut value = Zeroizing::new(self.get(pin)?.to_owned());
        let next = match value.pop()? {
            '9' => '0',
            'Z' => 'A',
            last => char::from_u32(u32::from(last) + 1)?,
        };
        value.push(next);
        Some(value)
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_value_is_another_that_the_pin_could_have() {
        let mut values = Values::default();
        for (pin, right, wrong) in [
            (Pin::Auth, "1239", "1230"),
            (Pin::Sign, "ABC12Z", "ABC12A"),
            (Pin::Birth, "011025", "011026"),
        ] {
            values.insert(pin, right.to_owned().into()).unwrap();
            assert_eq!(values.wrong(pin).unwrap().as_str(), wrong);
            assert!(pin.allows(wrong));
        }
        assert!(!format!("{values:?}").contains("123"));
        assert!(values.insert(Pin::Auth, "12345".to_owned().into()).is_err());
    }

    #[test]
    fn every_place_is_written_and_read() {
        assert_eq!(Place::all().count(), 11);
        for place in Place::all() {
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        assert_eq!("code-a@face_info".parse::<Place>().unwrap().ef, 0x13);
    }
}
