//! The trait by which a reader drives a card.
//!
//! A reader knows nothing of a card but this. Calls can fail, because a reader also meets cards that are pulled out in
//! the middle of a command and cards that fall silent; a reader must never turn either into a status word.

use std::fmt;

/// Why a card gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IccError {
    /// The card has been pulled out; it will not answer again.
    Gone,
    /// The card is there but does not answer: it is without power, or has fallen silent.
    Mute,
}

impl fmt::Display for IccError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IccError::Gone => "the card has been pulled out",
            IccError::Mute => "the card does not answer",
        })
    }
}

impl std::error::Error for IccError {}

/// An integrated circuit card (ICC) with contacts, as seen from the reader (ISO/IEC 7816-3, 6.2).
///
/// The callee clears the buffers it is given before it fills them; on an error their content means nothing.
pub trait Icc {
    /// Supplies power (cold reset). Gives the ATR, 2 to 33 bytes. On a card that has power it is a cold reset as well:
    /// power is taken away first.
    ///
    /// # Errors
    /// [`IccError`], when there is no ATR.
    fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError>;

    /// Warm reset: the power stays. Gives the ATR, 2 to 33 bytes.
    ///
    /// # Errors
    /// [`IccError`], when there is no ATR.
    fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError>;

    /// Takes the power away; without effect on a card that has none.
    ///
    /// # Errors
    /// [`IccError::Gone`], when the card is no longer there.
    fn power_off(&mut self) -> Result<(), IccError>;

    /// Sends a C-APDU of any length and content, and gives the R-APDU: data and the two bytes of the status word.
    ///
    /// # Errors
    /// [`IccError`], when there is no answer; [`IccError::Mute`] when the card has no power.
    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError>;
}
