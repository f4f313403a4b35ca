//! The form of a test vector.
//!
//! A file holds `[[vector]]` tables, see [`Vector`] for the fields. A step is a string or a table. As a string:
//!
//! - `"COMMAND"` must be answered 9000; `"COMMAND => SW"` and `"COMMAND => SW DATA"` say otherwise;
//! - `"cold reset"`, `"warm reset"`.
//!
//! COMMAND is hexadecimal, with `[…]` for a one-byte length and that many bytes, `[[…]]` for an extended one, and
//! placeholders in braces (listed in the documentation, docs/conformance.md). SW has `X` for any digit and `|` between
//! alternatives. DATA is hexadecimal, `?` for any digit, a final `*` for any further bytes.
//!
//! Must never accept a field it does not know: a misspelt expectation would be an expectation not checked.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::pins::{Application, Pin, Place};
use crate::template::{Names, Template, Value};
use vmyna_apdu::{Text, text};

/// How certain it is that a real card behaves so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// A cited trace, dump or stated observation of a card.
    Measured,
    /// Several sources, or the documentation of one client.
    Documented,
    /// Clients that work with the real card rely on it.
    Client,
    /// It is not published; the most defensible choice.
    Assumed,
}

impl fmt::Display for Certainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Measured => "measured",
            Self::Documented => "documented",
            Self::Client => "client",
            Self::Assumed => "assumed",
        })
    }
}

/// What a vector does to the card, ascending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Effect {
    /// It reads, asks for the tries left, verifies right PINs and signs a text that states that it is a test.
    #[default]
    Reads,
    /// It presents wrong values of PINs and then the right ones: every try comes back.
    WrongPins,
    /// It writes (changes a PIN to the value it has), or sends what only the issuer should.
    Writes,
    /// It leaves a PIN blocked.
    Blocks,
}

impl Effect {
    /// The effect in words.
    #[must_use]
    pub fn text(self) -> Text {
        match self {
            Self::Reads => text!("reads", "読み出しのみ"),
            Self::WrongPins => text!("wrong PINs", "誤ったPINを提示"),
            Self::Writes => text!("writes", "書き込み"),
            Self::Blocks => text!("blocks a PIN", "PINを閉塞させる"),
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}

/// A property of a card, found by reading, on which it depends whether a vector applies to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Property {
    /// Its ATR is its own.
    Contact,
    /// Its ATR was made by a contactless reader (PC/SC part 3).
    Contactless,
    /// GET DATA 7F21 is there: a card of a later generation.
    CardCertificate,
    /// GET DATA 7F21 is not there.
    NoCardCertificate,
    /// GET DATA 5F51 answers at the card manager.
    ContactAtrAtCardManager,
    /// GET DATA 5F51 answers in the applications.
    ContactAtrInApplications,
    /// It has a certificate to sign (not so for cardholders under 15).
    SignCertificate,
    /// It has no certificate to sign.
    NoSignCertificate,
    /// It has a certificate to log in.
    AuthCertificate,
    /// It is a card without PINs (顔認証マイナンバーカード): none of the holder's PINs has a try left, and it has no
    /// certificate to sign.
    NoPins,
    /// It is no card but the token of a phone (スマホ用電子証明書), by its label.
    Phone,
    /// It is the token of an iPhone.
    Iphone,
    /// It is the token of an Android phone.
    Android,
    /// The driving licence (マイナ免許証AP) is in its free area.
    DrivingLicence,
    /// The application for foreign residents (在留AP) is in its free area.
    Residence,
    /// The suite's own test application is in its free area.
    Conformance,
}

impl Property {
    /// The property of a card that has this application; `None` for an application that every card has.
    #[must_use]
    pub fn of_loaded(application: Application) -> Option<Self> {
        match application {
            Application::DrivingLicence => Some(Self::DrivingLicence),
            Application::Residence
            | Application::ResidenceDf1
            | Application::ResidenceDf2
            | Application::ResidenceDf3 => Some(Self::Residence),
            Application::Conformance | Application::ConformanceBelow | Application::ConformanceLocked => {
                Some(Self::Conformance)
            }
            _ => None,
        }
    }
}

/// One test vector.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Vector {
    /// Its name: words of `a-z 0-9 -` with points between them, the first its group.
    pub id: String,
    /// What the card must do, in a sentence.
    pub requirement: String,
    /// Where that is known from; for an assumption why it was chosen.
    pub source: String,
    /// How certain it is.
    pub certainty: Certainty,
    /// Rows of the list of facts that it proves ([`crate::rows`]).
    #[serde(default)]
    pub proves: Vec<String>,
    /// Properties that a card must have for the vector to apply.
    #[serde(default)]
    pub applies: BTreeSet<Property>,
    /// Properties that a card must not have for the vector to apply.
    #[serde(default)]
    pub unless: BTreeSet<Property>,
    /// What it does to the card.
    #[serde(default)]
    pub effect: Effect,
    /// PINs of which it spends tries and gives them back, or for [`Effect::Blocks`] blocks: `PIN` or `PIN@AP`.
    #[serde(default)]
    pub spends: Vec<Place>,
    /// What is done, in order, after a cold reset.
    pub steps: Vec<Step>,
}

impl Vector {
    /// The group: the first word of the name.
    #[must_use]
    pub fn group(&self) -> &str {
        self.id.split('.').next().unwrap_or_default()
    }

    /// The PINs of which it presents values, right or wrong, each where it is presented.
    #[must_use]
    pub fn presents(&self) -> BTreeSet<Place> {
        self.presented().into_iter().map(|(place, _)| place).collect()
    }

    /// Leaves out phones, if it is not about them and selects an application that no phone has.
    pub(crate) fn leave_out_phones(&mut self) {
        let about_phones = [Property::Phone, Property::Iphone, Property::Android];
        let is_cards = |send: &Send| {
            let selects = send.command.selects();
            selects.is_some_and(|selects| !matches!(selects, Application::CardManager | Application::Jpki))
        };
        if self.sends().any(is_cards) && about_phones.iter().all(|phone| !self.applies.contains(phone)) {
            self.unless.insert(Property::Phone);
        }
    }

    /// How many wrong values of a PIN it presents before the right one again.
    pub(crate) fn wrong_values(&self, of: Place) -> u8 {
        let (mut most, mut run) = (0, 0);
        for (place, wrong) in self.presented() {
            if place == of {
                run = if wrong { run + 1 } else { 0 };
                most = most.max(run);
            }
        }
        most
    }

    /// Gives the names that are not the card's own their meaning.
    ///
    /// # Errors
    /// A sentence: there is no such name.
    pub(crate) fn resolve(&mut self, names: &Names) -> Result<(), String> {
        for step in &mut self.steps {
            if let Step::Send(send) = step {
                send.command.resolve(names)?;
            }
        }
        Ok(())
    }

    /// Whether it presents PINs of declared applications. Nothing guards their tries.
    pub(crate) fn presents_declared(&self) -> bool {
        self.sends().any(|send| send.command.declared_pin().is_some())
    }

    /// The commands, in order.
    fn sends(&self) -> impl Iterator<Item = &Send> {
        self.steps.iter().filter_map(|step| match step {
            Step::Send(send) => Some(&**send),
            _ => None,
        })
    }

    /// What is presented, in order: where, and whether it is wrong.
    fn presented(&self) -> Vec<(Place, bool)> {
        let mut application = None;
        let mut presented = Vec::new();
        for send in self.sends() {
            if let Some(selected) = send.command.selects() {
                application = Some(selected);
            }
            for (pin, wrong) in send.command.pins() {
                presented.push((Place::of(pin, application), wrong));
            }
        }
        presented
    }

    /// Checks the vector itself, without a card.
    ///
    /// # Errors
    /// A sentence.
    pub fn check(&self) -> Result<(), String> {
        let word = |word: &str| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|c| b"abcdefghijklmnopqrstuvwxyz0123456789-".contains(&c))
        };
        if !self.id.split('.').all(word) || !self.id.contains('.') {
            return Err("its id is not words of a-z, 0-9 and - with points between them".to_owned());
        }
        if self.requirement.is_empty() || self.source.is_empty() {
            return Err("it has no requirement or no source".to_owned());
        }
        let wrong: BTreeSet<_> = self
            .presented()
            .into_iter()
            .filter(|(_, wrong)| *wrong)
            .map(|(place, _)| place)
            .collect();
        if wrong != self.spends.iter().copied().collect() {
            return Err(format!(
                "it presents wrong values of {wrong:?} and declares that it spends tries of {:?}",
                self.spends
            ));
        }
        let writes = self.sends().any(|send| send.command.writes());
        let right = |value: Option<Value>| value.is_none_or(|value| value == Value::Right);
        let no_wrong = wrong.is_empty() && self.sends().all(|send| right(send.command.declared_pin()));
        let least = match (no_wrong, writes) {
            (_, true) => Effect::Writes,
            (false, false) => Effect::WrongPins,
            (true, false) => Effect::Reads,
        };
        if self.effect < least || (self.effect == Effect::WrongPins && no_wrong) {
            return Err(format!("its effect is \"{}\", not \"{}\"", least, self.effect));
        }
        if self.effect != Effect::Blocks {
            // The last value presented of each is the right one.
            for place in &wrong {
                if self
                    .presented()
                    .iter()
                    .rev()
                    .find(|(presented, _)| presented == place)
                    .is_some_and(|(_, wrong)| *wrong)
                {
                    return Err(format!("it gives the tries of {place} not back"));
                }
            }
        }
        if self.sends().next().is_none() && !self.steps.iter().any(|step| matches!(step, Step::Atr(_))) {
            return Err("it sends nothing".to_owned());
        }
        Ok(())
    }
}

/// One step of a vector.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Step {
    /// An APDU and what is expected of the answer.
    Send(Box<Send>),
    /// Power off and on.
    ColdReset,
    /// Warm reset.
    WarmReset,
    /// A look at the ATR; the checks are as for data.
    Atr(Box<Expected>),
}

/// An APDU and what is expected of the answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Send {
    /// The command.
    pub command: Template,
    /// The status word, `9000` by default.
    pub sw: String,
    /// The data.
    pub expected: Expected,
}

/// The expected data; by default any data pass.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Expected {
    /// Bytes, with placeholders, `?` for any digit and a final `*` for any further bytes.
    #[serde(default)]
    pub data: Option<String>,
    /// Number of bytes, `160` or `1..256`.
    #[serde(default)]
    pub length: Option<String>,
    /// Shape of TLV objects, e.g. `FF20{DF21:8 DF22}FF*`.
    #[serde(default)]
    pub tlv: Option<String>,
    /// Named checks, e.g. `signed(sha256, certificate, 4142)`.
    #[serde(default)]
    pub check: Vec<String>,
    /// A name under which later steps find the data.
    #[serde(default)]
    pub save: Option<String>,
    /// The answer is secured: it is opened first.
    #[serde(default)]
    pub sealed: bool,
    /// The data say nothing about the cardholder or the card's number, and may be recorded.
    #[serde(default)]
    pub public: bool,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a step is a command, or a table of send, sw, data, length, tlv, check, save, sealed and public"
)]
enum RawStep {
    Short(String),
    Long(Box<RawSend>),
}

// The fields of `Expected` again: serde can't flatten where unknown fields are refused.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct RawSend {
    send: String,
    sw: Option<String>,
    data: Option<String>,
    length: Option<String>,
    tlv: Option<String>,
    #[serde(default)]
    check: Vec<String>,
    save: Option<String>,
    #[serde(default)]
    sealed: bool,
    #[serde(default)]
    public: bool,
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let error = serde::de::Error::custom::<String>;
        match RawStep::deserialize(deserializer)? {
            RawStep::Short(text) => Self::parse(&text).map_err(error),
            RawStep::Long(raw) => {
                let expected = Expected {
                    data: raw.data,
                    length: raw.length,
                    tlv: raw.tlv,
                    check: raw.check,
                    save: raw.save,
                    sealed: raw.sealed,
                    public: raw.public,
                };
                if raw.send == "atr" {
                    return Ok(Self::Atr(Box::new(expected)));
                }
                Self::send(&raw.send, raw.sw.as_deref(), expected).map_err(error)
            }
        }
    }
}

impl Step {
    /// A step written as a string.
    ///
    /// # Errors
    /// A sentence that describes what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "cold reset" => return Ok(Self::ColdReset),
            "warm reset" => return Ok(Self::WarmReset),
            _ => {}
        }
        let Some((command, answer)) = text.split_once("=>") else {
            return Self::send(text, None, Expected::default());
        };
        let answer = answer.trim();
        let (sw, data) = match answer.split_once(' ') {
            Some((sw, data)) => (sw, Some(data.trim().to_owned())),
            None => (answer, None),
        };
        Self::send(
            command,
            Some(sw),
            Expected {
                data,
                ..Expected::default()
            },
        )
    }

    fn send(command: &str, sw: Option<&str>, expected: Expected) -> Result<Self, String> {
        let command = Template::parse(command)?;
        let sw = sw.unwrap_or("9000").to_owned();
        crate::pattern::check_status_word(&sw)?;
        Ok(Self::Send(Box::new(Send { command, sw, expected })))
    }
}

/// A file of vectors.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VectorFile {
    pub(crate) vector: Vec<Vector>,
}

/// The PINs among `pins` that are meant by a vector's steps, for lists.
#[must_use]
pub fn pin_names(places: &BTreeSet<Place>) -> BTreeSet<Pin> {
    places.iter().map(|place| place.pin).collect()
}
