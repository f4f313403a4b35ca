//! Options for the readers of vmyna's own PC/SC service.

use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use zeroize::Zeroizing;

/// Readers of vmyna's own PC/SC service.
#[derive(Args)]
pub(crate) struct Readers {
    /// A reader's name; repeat it for several. There are as many readers as cards or names, at most 16: a reader without
    /// a card is empty, one without a name is called "vmyna 00 00", "vmyna 01 00", …
    #[arg(long, value_name = "NAME")]
    pub(crate) reader_name: Vec<String>,

    /// Power a card off when no program has used it for so many seconds, or "never"
    #[arg(long, value_name = "SECONDS", default_value = "5")]
    pub(crate) power_off: PowerOff,

    /// Readers with a PIN pad (VERIFY_PIN_DIRECT, MODIFY_PIN_DIRECT): the PIN that is typed on it, with the new one behind a
    /// comma if the program changes it, or "ask" to be asked on the terminal
    #[arg(long, value_name = "PIN[,NEW]|ask")]
    pub(crate) pin_pad: Option<PinPadSource>,
}

/// When to power a card off that no program uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PowerOff(pub(crate) Option<Duration>);

impl FromStr for PowerOff {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "never" {
            return Ok(Self(None));
        }
        let seconds = text
            .parse()
            .ok()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        // A time far beyond any run would overflow the clock.
        let seconds = seconds.filter(|time| *time <= Duration::from_secs(1_000_000));
        seconds
            .map(|time| Self(Some(time)))
            .ok_or_else(|| "a number of seconds, e.g. 0.5, or \"never\"".to_owned())
    }
}

/// Where the PIN of a PIN pad comes from.
#[derive(Clone)]
pub(crate) enum PinPadSource {
    Ask,
    Given {
        pin: Zeroizing<String>,
        /// The PIN that is typed as the new one.
        new: Zeroizing<String>,
    },
}

impl FromStr for PinPadSource {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if text == "ask" {
            Self::Ask
        } else {
            let (pin, new) = text.split_once(',').unwrap_or((text, text));
            Self::Given {
                pin: pin.to_owned().into(),
                new: new.to_owned().into(),
            }
        })
    }
}
