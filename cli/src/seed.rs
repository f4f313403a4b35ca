//! Seeds and times of `vmyna issue` and `vmyna ca`.

use std::str::FromStr;
use std::time::{Duration, SystemTime};

use rand_core::{OsRng, RngCore};
use x509_cert::der::DateTime;
use zeroize::Zeroizing;

pub(crate) use vmyna_issuance::keys::seed_of;

use crate::failure::Failure;

/// A moment, UTC, to the second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time(pub(crate) DateTime);

impl FromStr for Time {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let whole = if text.len() == "2026-11-01".len() {
            &format!("{text}T00:00:00Z")
        } else {
            text
        };
        let time = whole.parse().map(Self);
        time.map_err(|_| "a time is UTC, from 1970 on, and looks like 2026-11-01T01:00:00Z or 2026-11-01")
    }
}

/// A seed that no other run has.
pub(crate) fn random_seed() -> Zeroizing<[u8; 32]> {
    let mut seed = Zeroizing::new([0; 32]);
    OsRng.fill_bytes(&mut *seed);
    seed
}

/// The time by the clock, UTC, in whole seconds.
///
/// # Errors
/// The clock shows no time that a certificate can have.
pub(crate) fn clock() -> Result<DateTime, Failure> {
    before_now(0)
}

/// A minute ago by the clock, in whole seconds: certificates have no others. The certificates of a card begin one after
/// the other within that minute, and clocks differ, but what was issued should be valid at once.
pub(crate) fn now() -> Result<DateTime, Failure> {
    before_now(60)
}

fn before_now(seconds: u64) -> Result<DateTime, Failure> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok();
    let time = since.and_then(|since| {
        DateTime::from_unix_duration(Duration::from_secs(since.as_secs().saturating_sub(seconds))).ok()
    });
    time.ok_or_else(|| {
        Failure::Failed("the clock of this machine shows no time that a certificate can have".to_owned())
    })
}

pub(crate) fn fixed_time(time: &str) -> Result<DateTime, Failure> {
    time.parse()
        .map_err(|_| Failure::Failed("the time under a seed is no time".to_owned()))
}
