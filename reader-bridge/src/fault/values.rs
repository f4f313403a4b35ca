//! Values behind the keys of a fault: flags, bytes, numbers and times.

use std::time::Duration;

use super::error::{FaultError, wrong};

/// The longest delay, in milliseconds: an hour.
pub(super) const LONGEST: u64 = 3_600_000;

/// The value of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// None: the key alone.
    Flag,
    /// A text that may be a number: hexadecimal for bytes, otherwise decimal.
    Text(&'a str),
    /// The digits of a decimal number.
    Decimal(&'a str),
    /// The digits of a hexadecimal number.
    Hexadecimal(&'a str),
}

pub(super) struct Entries<'a>(pub(super) &'a [(&'a str, Value<'a>)]);

impl<'a> Entries<'a> {
    /// The value of a key, if the key is given.
    pub(super) fn get(&self, key: &str) -> Option<Value<'a>> {
        self.0.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
    }

    pub(super) fn flag(&self, key: &str) -> Result<bool, FaultError> {
        match self.get(key) {
            None => Ok(false),
            Some(Value::Flag) => Ok(true),
            Some(_) => Err(wrong(key, "has no value".to_owned())),
        }
    }

    pub(super) fn byte(&self, key: &str) -> Result<Option<u8>, FaultError> {
        let digits = match self.get(key) {
            None => return Ok(None),
            Some(Value::Text(text)) => text.strip_prefix("0x").unwrap_or(text),
            Some(Value::Hexadecimal(digits)) => digits,
            Some(Value::Decimal(_)) => {
                return Err(wrong(
                    key,
                    "is hexadecimal: put it in quotes, or write 0x before it".to_owned(),
                ));
            }
            Some(Value::Flag) => "",
        };
        let is_hex = (1..=2).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let byte = u8::from_str_radix(digits, 16).ok().filter(|_| is_hex);
        byte.map(Some)
            .ok_or_else(|| wrong(key, format!("is a byte in hexadecimal, e.g. {key}=20")))
    }

    pub(super) fn milliseconds(&self, key: &str) -> Result<Option<Duration>, FaultError> {
        let time = self.number(
            key,
            0..=LONGEST,
            &format!("a whole number of milliseconds up to {LONGEST}"),
        )?;
        Ok(time.map(Duration::from_millis))
    }

    pub(super) fn number(
        &self,
        key: &str,
        range: std::ops::RangeInclusive<u64>,
        what: &str,
    ) -> Result<Option<u64>, FaultError> {
        let number = match self.get(key) {
            None => return Ok(None),
            Some(Value::Text(digits) | Value::Decimal(digits)) => digits.parse().ok(),
            Some(Value::Hexadecimal(_) | Value::Flag) => None,
        };
        match number.filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(wrong(key, format!("is {what}, in decimal"))),
        }
    }
}
