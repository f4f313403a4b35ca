//! A PIN that is given on the command line, NAME=VALUE.

use std::convert::Infallible;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::failure::Failure;

/// The argument as it was typed. Parsing never fails, because clap repeats an argument that it refuses, with the PIN in it.
/// There is no `Debug`, which would show the PIN.
#[derive(Clone)]
pub(crate) struct GivenPin(Zeroizing<String>);

impl FromStr for GivenPin {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned().into()))
    }
}

impl GivenPin {
    /// Name and value; no value where none was typed.
    #[cfg(feature = "authority")]
    pub(crate) fn name_and_value(&self) -> (&str, Option<Zeroizing<String>>) {
        match self.0.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned().into())),
            None => (&self.0, None),
        }
    }

    /// Name and value.
    ///
    /// # Errors
    /// [`Failure::Usage`], without what was typed.
    pub(crate) fn parts(&self) -> Result<(&str, Zeroizing<String>), Failure> {
        match self.0.split_once('=') {
            Some((name, value)) if !name.is_empty() && !value.is_empty() => Ok((name, value.to_owned().into())),
            _ => Err(Failure::Usage(
                "a PIN is given as --pin NAME=VALUE, e.g. --pin auth=1234".to_owned(),
            )),
        }
    }
}
