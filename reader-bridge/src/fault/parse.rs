//! The written form of a fault: keys with values, as in `sw=6581,ins=20,nth=2`, or from a file in another form.
//!
//! A key without effect is refused, because a user would wait in vain for its fault.

use std::str::FromStr;
use std::time::Duration;

use vmyna_apdu::{Incident, StatusWord};

use super::error::{FaultError, wrong};
use super::garble::Form;
use super::script::{Action, Fault, On, TRANSACTION_TIMEOUT, Trigger};
use super::values::{Entries, Value};

/// All keys: what happens, when, and how it is drawn.
pub const KEYS: [&str; 25] = [
    "sw",
    "mute",
    "remove",
    "garbled",
    "unplug",
    "probe",
    "other-reset",
    "transaction-lost",
    "transaction-timeout",
    "service-gone",
    "delay",
    "executed",
    "piece",
    "back",
    "on",
    "cla",
    "ins",
    "p1",
    "p2",
    "data",
    "after",
    "nth",
    "every",
    "times",
    "seed",
];

/// The keys that say what happens; a fault has one of them.
const ACTIONS: [&str; 10] = [
    "sw",
    "mute",
    "remove",
    "garbled",
    "unplug",
    "probe",
    "other-reset",
    "transaction-lost",
    "transaction-timeout",
    "service-gone",
];

/// A fault that works, for messages.
const EXAMPLE: &str = "sw=6581,ins=20,nth=2";

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Fault, FaultError> {
        let entries: Vec<_> = text
            .split(',')
            .map(|part| match part.split_once('=') {
                Some((key, value)) => (key.trim(), Value::Text(value.trim())),
                None => (part.trim(), Value::Flag),
            })
            .collect();
        Fault::from_entries(&entries)
    }
}

impl Fault {
    /// The fault of these keys and values.
    ///
    /// # Errors
    /// [`FaultError`] for the first mistake.
    pub fn from_entries(entries: &[(&str, Value<'_>)]) -> Result<Fault, FaultError> {
        for (index, (key, _)) in entries.iter().enumerate() {
            if !KEYS.contains(key) {
                return Err(wrong(
                    key,
                    format!("is no key of a fault; there are {}", KEYS.join(", ")),
                ));
            }
            if entries.iter().take(index).any(|(before, _)| before == key) {
                return Err(wrong(key, "is there twice".to_owned()));
            }
        }
        let entries = Entries(entries);
        let trigger = entries.trigger()?;
        let delay = entries.milliseconds("delay")?.unwrap_or_default();
        let action = entries.action()?;
        if action.is_none() && delay == Duration::ZERO {
            return Err(FaultError {
                key: None,
                message: format!(
                    "this fault does nothing: say {} or delay=…, e.g. {EXAMPLE}",
                    ACTIONS.join(", ")
                ),
            });
        }
        entries.check(&trigger, action.as_ref())?;
        let seed = entries.number("seed", 0..=u64::MAX, "a whole number")?;
        Ok(Fault {
            trigger,
            action,
            delay,
            seed: seed.unwrap_or_default(),
        })
    }
}

impl Entries<'_> {
    fn trigger(&self) -> Result<Trigger, FaultError> {
        const ON: &str = "is apdu, power-on or reset";
        let on = match self.get("on") {
            None | Some(Value::Text("apdu")) => On::Apdu,
            Some(Value::Text("power-on")) => On::PowerOn,
            Some(Value::Text("reset")) => On::Reset,
            Some(_) => return Err(wrong("on", ON.to_owned())),
        };
        let count = |key, least| {
            self.number(
                key,
                least..=u64::MAX,
                if least == 0 { "a whole number" } else { "1 or more" },
            )
        };
        Ok(Trigger {
            on,
            cla: self.byte("cla")?,
            ins: self.byte("ins")?,
            p1: self.byte("p1")?,
            p2: self.byte("p2")?,
            data: self.flag("data")?,
            after: count("after", 0)?,
            nth: count("nth", 1)?,
            every: count("every", 1)?,
            times: count("times", 1)?,
        })
    }

    fn action(&self) -> Result<Option<Action>, FaultError> {
        let mut acting = ACTIONS.into_iter().filter(|key| self.get(key).is_some());
        let (Some(key), second) = (acting.next(), acting.next()) else {
            return Ok(None);
        };
        if let Some(second) = second {
            let message = format!("can't go with `{key}`: one fault does one thing, delay= aside; write two faults");
            return Err(wrong(second, message));
        }
        let executed = self.flag("executed")?;
        let back = self.milliseconds("back")?;
        let value = match self.get(key) {
            Some(Value::Flag) => None,
            Some(Value::Text(text) | Value::Decimal(text) | Value::Hexadecimal(text)) => Some(text),
            None => return Ok(None),
        };
        let choices = |choices: &str| Err(wrong(key, format!("is {choices}")));
        Ok(Some(match (key, value) {
            ("sw", _) => self.status(executed)?,
            ("mute", None) => Action::Mute {
                executed,
                until_reset: false,
            },
            ("mute", Some("until-reset")) => Action::Mute {
                executed,
                until_reset: true,
            },
            ("mute", _) => return choices("`mute`, or `mute=until-reset`"),
            ("remove", None) => Action::Remove { executed, back },
            ("remove", Some("answered")) => Action::RemoveAnswered { back },
            ("remove", _) => return choices("`remove`, or `remove=answered`"),
            ("unplug", None) => Action::Incident(Incident::Unplug { executed, back }),
            ("probe", None) => Action::Incident(Incident::Probe),
            ("other-reset", None) => Action::Incident(Incident::OtherReset),
            ("transaction-lost", None) => Action::Incident(Incident::TransactionLost),
            ("service-gone", None) => Action::Incident(Incident::ServiceGone { executed, back }),
            ("transaction-timeout", None) => Action::Incident(Incident::TransactionTimeout(TRANSACTION_TIMEOUT)),
            ("transaction-timeout", Some(_)) => {
                let time = self.milliseconds("transaction-timeout")?;
                Action::Incident(Incident::TransactionTimeout(time.unwrap_or(TRANSACTION_TIMEOUT)))
            }
            ("unplug" | "probe" | "other-reset" | "transaction-lost" | "service-gone", _) => {
                return Err(wrong(key, "has no value".to_owned()));
            }
            (_, None) => Action::Garbled(Form::Bits),
            (_, Some(form)) => match form.parse() {
                Ok(form) => Action::Garbled(form),
                Err(()) => return choices(&format!("one of {}", Form::ALL.map(|(name, _)| name).join(", "))),
            },
        }))
    }

    /// `sw=`: four digits, or a form for data in two steps.
    fn status(&self, executed: bool) -> Result<Action, FaultError> {
        const FORM: &str = "is four hexadecimal digits, e.g. 6581, or 61xx or 6Cxx (data in two steps)";
        let text = match self.get("sw") {
            Some(Value::Text(text) | Value::Hexadecimal(text)) => text.to_ascii_lowercase(),
            Some(Value::Decimal(_)) => {
                return Err(wrong(
                    "sw",
                    "is hexadecimal: put it in quotes, or write 0x before it".to_owned(),
                ));
            }
            _ => String::new(),
        };
        let text = text.strip_prefix("0x").unwrap_or(&text);
        match text {
            "61xx" => {
                let piece = self.number("piece", 1..=256, "a number of bytes from 1 to 256")?;
                let piece = piece.and_then(|piece| u16::try_from(piece).ok());
                Ok(Action::MoreData {
                    piece: piece.unwrap_or(256),
                })
            }
            "6cxx" => Ok(Action::WrongLe),
            digits if digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) => {
                let value = u16::from_str_radix(digits, 16);
                let status_word = StatusWord::new(value.map_err(|_| wrong("sw", FORM.to_owned()))?);
                Ok(Action::Status { status_word, executed })
            }
            _ => Err(wrong("sw", FORM.to_owned())),
        }
    }

    /// Refuses keys that would have no effect.
    fn check(&self, trigger: &Trigger, action: Option<&Action>) -> Result<(), FaultError> {
        let given = |key: &str| self.get(key).is_some();
        let only = |key: &str, holds: bool, why: &str| match given(key) && !holds {
            true => Err(wrong(key, why.to_owned())),
            false => Ok(()),
        };
        let can_be_executed = matches!(
            action,
            Some(
                Action::Status { .. }
                    | Action::Mute { .. }
                    | Action::Remove { .. }
                    | Action::Incident(Incident::Unplug { .. } | Incident::ServiceGone { .. })
            )
        );
        only(
            "executed",
            can_be_executed,
            "goes with a status word, mute, remove, unplug and service-gone: otherwise the card executes the command anyway",
        )?;
        only(
            "piece",
            matches!(action, Some(Action::MoreData { .. })),
            "goes with sw=61xx",
        )?;
        let removes = matches!(
            action,
            Some(
                Action::Remove { .. }
                    | Action::RemoveAnswered { .. }
                    | Action::Incident(Incident::Unplug { .. } | Incident::ServiceGone { .. })
            )
        );
        only(
            "back",
            removes,
            "goes with remove, unplug and service-gone: so many milliseconds later the card, reader or service is back",
        )?;
        let drawn = matches!(
            action,
            Some(Action::Garbled(Form::Bits | Form::Trailing | Form::TooLong))
        );
        only(
            "seed",
            drawn,
            "goes with garbled=bits, trailing or too-long: nothing else is drawn",
        )?;
        if trigger.on == On::Apdu {
            return Ok(());
        }
        for key in ["cla", "ins", "p1", "p2", "data", "executed"] {
            only(key, false, "is about commands: leave it out, or leave `on` out")?;
        }
        only(
            "sw",
            false,
            "is about commands: a power-on or reset can be mute, garbled, delayed, or end with the card removed",
        )?;
        for key in [
            "unplug",
            "probe",
            "other-reset",
            "transaction-lost",
            "transaction-timeout",
            "service-gone",
        ] {
            only(key, false, "is about commands: leave `on` out")?;
        }
        only(
            "mute",
            self.get("mute") == Some(Value::Flag),
            "has no form with a value at a power-on or reset: write `mute`",
        )?;
        only(
            "remove",
            self.get("remove") == Some(Value::Flag),
            "has no form with a value at a power-on or reset: write `remove`",
        )
    }
}

#[cfg(test)]
mod tests;
