//! The [`Card`] as an [`Icc`], which any reader can drive.

use vmyna_apdu::{Icc, IccError};

use crate::card::Card;

impl Icc for Card {
    fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        atr.clear();
        atr.extend(Card::power_on(self));
        Ok(())
    }

    fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        atr.clear();
        atr.extend(Card::reset(self).map_err(|_| IccError::Mute)?);
        Ok(())
    }

    fn power_off(&mut self) -> Result<(), IccError> {
        Card::power_off(self);
        Ok(())
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError> {
        Card::transmit(self, command, response).map_err(|_| IccError::Mute)
    }
}
