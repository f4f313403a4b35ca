//! New values of PINs: typed on the command line, or asked for on the terminal.

use vmyna_applets::pins::{self, CardPin};
use vmyna_card_os::declaration::ReferenceData;
use zeroize::Zeroizing;

use super::given_pin::GivenPin;
use crate::failure::Failure;
use crate::signals::Interrupt;
use crate::terminal;

/// The PIN of this name.
///
/// # Errors
/// [`Failure::Usage`] with the names there are. A name that may be a PIN that was typed in its place is not shown.
fn named(name: &str) -> Result<CardPin, Failure> {
    CardPin::find(name).ok_or_else(|| {
        let names: Vec<&str> = pins::ALL.iter().map(|pin| pin.name).collect();
        Failure::Usage(format!(
            "a PIN is given as NAME or NAME=VALUE; the names are {}",
            names.join(", ")
        ))
    })
}

/// Refuses a PIN that is given twice: only one of its values could be the card's.
///
/// # Errors
/// [`Failure::Usage`], also for a name that is none.
pub(crate) fn each_once(given: &[GivenPin]) -> Result<(), Failure> {
    let mut seen = Vec::new();
    for one in given {
        let pin = named(one.name_and_value().0)?;
        if seen.contains(&pin) {
            return Err(Failure::Usage(format!("the {} is given twice", pin.label)));
        }
        seen.push(pin);
    }
    Ok(())
}

/// A PIN, and its value if one was typed.
pub(crate) fn typed(given: &GivenPin) -> Result<(CardPin, Option<ReferenceData>), Failure> {
    let (name, value) = given.name_and_value();
    let pin = named(name)?;
    Ok((pin, value.map(|value| ReferenceData::new(value.as_bytes()))))
}

/// A PIN and its value, which is asked for on the terminal if it was not typed.
pub(crate) fn with_value(given: &GivenPin) -> Result<(CardPin, ReferenceData), Failure> {
    let (pin, value) = typed(given)?;
    match value {
        Some(value) => Ok((pin, value)),
        None => Ok((pin, ask_new(pin)?)),
    }
}

/// Asks for a new value twice.
pub(crate) fn ask_new(pin: CardPin) -> Result<ReferenceData, Failure> {
    let first = ask(&format!("New value for the {} ({}): ", pin.label, pin.title))?;
    let again = ask("The same again: ")?;
    match first == again {
        true => Ok(ReferenceData::new(&first)),
        false => Err(Failure::Failed(format!("the two values for the {} differ", pin.label))),
    }
}

/// Asks for a PIN of the card.
pub(crate) fn ask(prompt: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let interrupt = Interrupt::watch()?;
    let typed = terminal::ask_pin(prompt, &|| interrupt.came());
    if interrupt.end() {
        return Err(Failure::Interrupted("interrupted; nothing was done".to_owned()));
    }
    match typed {
        Ok(Some(pin)) => Ok(pin),
        Ok(None) => Err(Failure::Failed("nothing was typed; nothing was done".to_owned())),
        Err(error) => Err(Failure::Usage(format!(
            "no PIN can be asked for on the terminal: {error}; give it as NAME=VALUE"
        ))),
    }
}
