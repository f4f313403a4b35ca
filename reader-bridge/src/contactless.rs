//! A contactless reader around a card of ISO/IEC 14443 type B: the layer of PC/SC part 3 between a program and the card.
//!
//! The reader makes an ATR of the description that the card gives in the field (its ATQB), and answers commands of class
//! `FF` itself. It must never pass such a command to the card, nor show a program the ATR of the card's contacts.
//!
//! | Command | Answer | Certainty | Source |
//! |---|---|---|---|
//! | `FF CA 00 00`, Le `00` or `04` | PUPI, `9000` | documented | PC/SC part 3, 3.2.2.1.3; readers' manuals |
//! | same, Le less than 4 | `6C04` | documented | same |
//! | same, Le more than 4 | PUPI, `6282` | documented | same; that nothing is padded is assumed |
//! | same, with data or without Le | `6700` | documented | PC/SC part 3, the status words of all its commands |
//! | `FF CA 01 00`, historical bytes of type A's ATS | `6A81` | documented | same: type B has no ATS |
//! | `FF CA`, other P1-P2 | `6B00` | documented | PC/SC part 3, the status words of all its commands |
//! | other instructions of class `FF` | `6D00` | assumed | they are for storage cards and keys; ISO/IEC 7816-4's word |

use std::fmt;

use rand_core::RngCore;
use vmyna_apdu::{CommandApdu, Icc, IccError, Pull, StatusWord, TypeB};

/// The class byte of commands to the reader.
const READER_CLASS: u8 = 0xFF;
/// GET DATA of the reader.
const GET_DATA: u8 = 0xCA;

/// A pseudo-unique PICC identifier: the identifier of a card of type B while it is in the field.
type Pupi = [u8; PUPI as usize];
/// Its bytes.
const PUPI: u8 = 4;

/// A contactless reader with a card on it. It implements [`Icc`] like a card.
///
/// The card takes a new PUPI each time it is activated. A warm reset activates it again, but takes no power from it
/// (assumed: the card treats it like a warm reset with contacts, and keeps its security status).
pub struct ContactlessReader<I> {
    card: I,
    type_b: TypeB,
    rng: Box<dyn RngCore + Send>,
    /// `None` until the card is activated.
    pupi: Option<Pupi>,
}

impl<I: Icc> ContactlessReader<I> {
    /// Puts `card` on a reader. `type_b` describes the card, `rng` draws its PUPIs.
    pub fn new(card: I, type_b: TypeB, rng: Box<dyn RngCore + Send>) -> Self {
        Self {
            card,
            type_b,
            rng,
            pupi: None,
        }
    }

    /// The card.
    pub fn card(&self) -> &I {
        &self.card
    }

    /// Activates the card after its own cold or warm reset, and replaces the ATR of the contacts.
    fn activate(
        &mut self,
        atr: &mut Vec<u8>,
        reset: impl FnOnce(&mut I, &mut Vec<u8>) -> Result<(), IccError>,
    ) -> Result<(), IccError> {
        self.pupi = None;
        reset(&mut self.card, atr)?;
        let mut pupi = Pupi::default();
        self.rng.fill_bytes(&mut pupi);
        self.pupi = Some(pupi);
        atr.clear();
        atr.extend(self.type_b.pseudo_atr());
        Ok(())
    }
}

impl<I: Icc> Icc for ContactlessReader<I> {
    fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        self.activate(atr, I::power_on)
    }

    fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        self.activate(atr, I::reset)
    }

    fn power_off(&mut self) -> Result<(), IccError> {
        self.pupi = None;
        self.card.power_off()
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError> {
        if command.first() != Some(&READER_CLASS) {
            return self.card.transmit(command, response);
        }
        response.clear();
        let pupi = self.pupi.ok_or(IccError::Mute)?;
        let (data, status_word) = answer(command, &pupi);
        response.extend(data);
        response.extend(status_word.to_bytes());
        Ok(())
    }

    fn has_left(&self) -> bool {
        self.card.has_left()
    }

    fn pull(&self) -> Option<Pull> {
        self.card.pull()
    }
}

impl<I: fmt::Debug> fmt::Debug for ContactlessReader<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContactlessReader")
            .field("card", &self.card)
            .field("type_b", &self.type_b)
            .field("activated", &self.pupi.is_some())
            .finish_non_exhaustive()
    }
}

/// The reader's own answer to a command of class `FF`.
fn answer<'a>(command: &[u8], pupi: &'a Pupi) -> (&'a [u8], StatusWord) {
    let refuse = |status_word| (&[][..], status_word);
    let Ok(apdu) = CommandApdu::parse(command) else {
        return refuse(StatusWord::WRONG_LENGTH);
    };
    if apdu.ins != GET_DATA {
        return refuse(StatusWord::INSTRUCTION_NOT_SUPPORTED);
    }
    match (apdu.p1, apdu.p2) {
        (0, 0) => {}
        (1, 0) => return refuse(StatusWord::FUNCTION_NOT_SUPPORTED),
        _ => return refuse(StatusWord::WRONG_PARAMETERS),
    }
    match apdu.ne {
        _ if !apdu.data.is_empty() => refuse(StatusWord::WRONG_LENGTH),
        None => refuse(StatusWord::WRONG_LENGTH),
        Some(ne) if ne == all_there_is(apdu.extended) || ne == 4 => (pupi, StatusWord::SUCCESS),
        Some(..4) => refuse(StatusWord::wrong_le(PUPI)),
        Some(_) => (pupi, StatusWord::END_OF_DATA),
    }
}

/// An Le of zeros in its form: all bytes that there are.
const fn all_there_is(extended: bool) -> u32 {
    if extended { 65_536 } else { 256 }
}
