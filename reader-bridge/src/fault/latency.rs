//! The time that a card takes for a command.
//!
//! Times of the real card are not published, so most of [`Latency::CARD`] is assumed. A time holds for the whole exchange
//! and includes the work of the virtual card itself. Deterministic; the jitter comes from a seed.

use std::time::Duration;

use vmyna_apdu::instruction::code;

use super::error::FaultError;

/// The times of a card. An exchange takes `base`, `byte` for each byte of command and answer, and one of the others where
/// the card does that work: with success, `sign` and `change`; for every PIN that is presented, `verify`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Latency {
    /// Each exchange.
    pub base: Duration,
    /// Each byte, in either direction.
    pub byte: Duration,
    /// VERIFY with data.
    pub verify: Duration,
    /// CHANGE REFERENCE DATA.
    pub change: Duration,
    /// An operation with a private key: COMPUTE DIGITAL SIGNATURE, INTERNAL AUTHENTICATE, SET SESSION KEY.
    pub sign: Duration,
    /// A cold or warm reset.
    pub power_on: Duration,
    /// The most that is added to a time at random, in percent of it.
    pub jitter: u32,
    /// The seed of the jitter.
    pub seed: u64,
}

/// The longest time, in milliseconds.
const LONGEST: f64 = 3_600_000.0;

impl Latency {
    /// The keys of the times and of the jitter for [`Latency::set`].
    pub const KEYS: [&'static str; 8] = ["base", "byte", "verify", "change", "sign", "power-on", "jitter", "seed"];

    /// A contactless card.
    ///
    /// | Time | Value | Certainty | Source |
    /// |---|---|---|---|
    /// | `byte` | 94.4 µs | documented | ISO/IEC 14443-2 and -3, type B at 106 kbit/s: 10 bits of 9.44 µs; readers may agree on up to four times that rate |
    /// | `base` | 10 ms | assumed | frames, their gaps, the reader's USB and the card's own work |
    /// | `verify` | 60 ms | assumed | the counter is written twice |
    /// | `change` | 90 ms | assumed | counter and PIN are written |
    /// | `sign` | 600 ms | assumed | RSA-2048; clients allow 5 s and 20 s for a signature |
    /// | `power-on` | 50 ms | assumed | search in the field and activation |
    ///
    /// One client waits up to 200 ms for an answer of this card, with the comment that it is slower than others. All times
    /// except `sign` stay below that for short commands.
    pub const CARD: Latency = Latency {
        base: Duration::from_millis(10),
        byte: Duration::from_nanos(94_400),
        verify: Duration::from_millis(60),
        change: Duration::from_millis(90),
        sign: Duration::from_millis(600),
        power_on: Duration::from_millis(50),
        jitter: 0,
        seed: 0,
    };

    /// One time for each command, reset and power-on.
    pub const fn flat(time: Duration) -> Latency {
        Latency {
            base: time,
            byte: Duration::ZERO,
            verify: Duration::ZERO,
            change: Duration::ZERO,
            sign: Duration::ZERO,
            power_on: time,
            jitter: 0,
            seed: 0,
        }
    }

    /// Reads a time: milliseconds, with a fraction if need be, up to an hour.
    ///
    /// # Errors
    /// A sentence with the right form.
    pub fn milliseconds(text: &str) -> Result<Duration, String> {
        let number = text
            .parse()
            .ok()
            .filter(|number: &f64| (0.0..=LONGEST).contains(number));
        // Whole nanoseconds, as few binary fractions are decimal ones.
        let time = number.map(|number| Duration::from_nanos((number * 1_000_000.0).round() as u64));
        time.ok_or_else(|| format!("is a number of milliseconds up to {LONGEST}, e.g. 600 or 0.05"))
    }

    /// Sets one of [`Self::KEYS`]: times in milliseconds, `jitter` in whole percent up to 1000, `seed` a whole number.
    ///
    /// # Errors
    /// [`FaultError`]
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), FaultError> {
        let wrong = |message: String| FaultError {
            key: Some(key.to_owned()),
            message,
        };
        let time = || Latency::milliseconds(value).map_err(wrong);
        match key {
            "base" => self.base = time()?,
            "byte" => self.byte = time()?,
            "verify" => self.verify = time()?,
            "change" => self.change = time()?,
            "sign" => self.sign = time()?,
            "power-on" => self.power_on = time()?,
            "jitter" => {
                let percent = value.parse().ok().filter(|percent| *percent <= 1000);
                self.jitter = percent.ok_or_else(|| wrong("is whole percent up to 1000, in decimal".to_owned()))?;
            }
            "seed" => {
                let seed = value.parse();
                self.seed = seed.map_err(|_| wrong("is a whole number, in decimal".to_owned()))?;
            }
            _ => {
                return Err(wrong(format!(
                    "is no time of a card; there are {}",
                    Self::KEYS.join(", ")
                )));
            }
        }
        Ok(())
    }

    /// The time for a command and its answer, without jitter.
    pub fn of(&self, command: &[u8], response: &[u8]) -> Duration {
        let bytes = u32::try_from(command.len() + response.len()).unwrap_or(u32::MAX);
        let is_done = response.ends_with(&vmyna_apdu::StatusWord::SUCCESS.to_bytes());
        let work = match command.get(1) {
            // Without data it is a query.
            Some(&code::VERIFY) if command.len() > 5 => self.verify,
            Some(&code::CHANGE_REFERENCE_DATA) if is_done => self.change,
            Some(&(code::COMPUTE_SIGNATURE | code::INTERNAL_AUTHENTICATE | code::SET_SESSION_KEY)) if is_done => {
                self.sign
            }
            _ => Duration::ZERO,
        };
        self.base + self.byte * bytes + work
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_base_bytes_and_the_work_that_the_card_has_done() {
        let latency = Latency::CARD;
        let done = [0x90, 0x00];
        let bytes = |count: u32| Duration::from_millis(10) + Duration::from_nanos(94_400) * count;
        let milliseconds = Duration::from_millis;
        for (command, response, expected) in [
            (&[0, 0xB0, 0, 0, 0][..], &[1, 2, 0x90, 0][..], bytes(9)),
            (b"\x00\x20\x00\x80\x041234", &done, bytes(11) + milliseconds(60)),
            (b"\x00\x20\x00\x80\x041234", &[0x63, 0xC2], bytes(11) + milliseconds(60)),
            (&[0, 0x20, 0, 0x80], &[0x63, 0xC3], bytes(6)),
            (&[0, 0x24, 1, 0x80, 1, 1], &done, bytes(8) + milliseconds(90)),
            (&[0, 0x24, 1, 0x80, 1, 1], &[0x69, 0x82], bytes(8)),
            (&[0x80, 0x2A, 0, 0x80, 1, 1, 0], &done, bytes(9) + milliseconds(600)),
            (&[0x80, 0x2A, 0, 0x80, 1, 1, 0], &[0x69, 0x82], bytes(9)),
            (&[0, 0x88, 0, 0x80, 1, 1, 0], &done, bytes(9) + milliseconds(600)),
            (&[0x80, 0xAE, 0, 0, 1, 1], &done, bytes(8) + milliseconds(600)),
            (&[], &[], bytes(0)),
        ] {
            assert_eq!(latency.of(command, response), expected, "{command:02X?}");
        }
        assert_eq!(
            Latency::flat(milliseconds(7)).of(&[0x80, 0x2A, 0, 0x80, 1, 1, 0], &done),
            milliseconds(7)
        );
    }

    #[test]
    fn each_key_sets_its_own_time_and_what_is_no_time_is_refused() {
        for (index, key) in Latency::KEYS.iter().enumerate() {
            let mut latency = Latency::CARD;
            latency.set(key, "7").unwrap();
            let shown = format!("{latency:?}");
            assert_ne!(shown, format!("{:?}", Latency::CARD), "{index} {key}");
            let mut again = Latency::CARD;
            again.set(key, "7").unwrap();
            assert_eq!(again, latency);
            for value in ["", "-1", "x", "3600001000000000000000"] {
                let error = latency.set(key, value).unwrap_err();
                assert_eq!(error.key.as_deref(), Some(*key), "{value}");
            }
        }
        let mut latency = Latency::CARD;
        latency.set("byte", "0.0236").unwrap();
        assert_eq!(latency.byte, Duration::from_nanos(23_600));
        assert!(
            latency
                .set("signature", "7")
                .unwrap_err()
                .to_string()
                .contains("sign, power-on")
        );
        for value in ["NaN", "inf", "3600000.1"] {
            assert!(latency.set("base", value).is_err(), "{value}");
        }
    }
}
