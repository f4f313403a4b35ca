//! The card in a reader of this process, behind the traits by which each client reaches any reader.
//!
//! Hands bytes over as they are, and writes the commands down. Must never retry, fold or repair anything: what a client
//! does with the card is what is tested.

use std::cell::RefCell;

use jpki::nfc::{HandleError, HandlerInCtx};
use vmyna_apdu::{Reader, ReaderError};
use vmyna_applets::issued::IssuedCard;
use vmyna_reader_bridge::SoftwareReader;

/// The specimen's card in a software reader, powered, and the commands it has got.
///
/// It is a `Transmit` for `myna-card`, its reference a `HandlerInCtx` for `jpki` and an `Apdu` for `myna`.
pub struct SoftwareCard {
    reader: RefCell<SoftwareReader>,
    commands: RefCell<Vec<Vec<u8>>>,
}

impl SoftwareCard {
    /// A new card, as issued.
    #[must_use]
    pub fn new() -> Self {
        Self::of(crate::specimen())
    }

    /// A card as it was issued.
    #[must_use]
    pub fn of(issued: &IssuedCard) -> Self {
        let mut reader = SoftwareReader::new("software");
        reader.put(Box::new(crate::card_of(issued))).unwrap();
        Self {
            reader: RefCell::new(reader),
            commands: RefCell::default(),
        }
    }

    /// The C-APDUs since the last call, in order.
    pub fn take_commands(&self) -> Vec<Vec<u8>> {
        self.commands.take()
    }

    /// The ATR that the reader shows.
    pub fn atr(&self) -> Vec<u8> {
        self.reader.borrow().atr().unwrap().to_vec()
    }

    /// Takes the power away and gives it again.
    pub fn power_cycle(&self) {
        self.reader.borrow_mut().power_cycle().unwrap();
    }

    /// Resets the card without taking its power away.
    pub fn warm_reset(&self) {
        self.reader.borrow_mut().reset().unwrap();
    }

    /// Sends a C-APDU, without any client.
    ///
    /// # Errors
    /// As the reader's.
    pub fn exchange(&self, command: &[u8]) -> Result<Vec<u8>, ReaderError> {
        self.commands.borrow_mut().push(command.to_vec());
        let mut response = Vec::new();
        self.reader.borrow_mut().transmit(command, &mut response)?;
        Ok(response)
    }
}

impl Default for SoftwareCard {
    fn default() -> Self {
        Self::new()
    }
}

impl myna_card::Transmit for SoftwareCard {
    fn transmit(&mut self, command: &[u8]) -> myna_card::Result<Vec<u8>> {
        // The client has no kind of error for the failures of somebody else's reader.
        self.exchange(command)
            .map_err(|error| myna_card::Error::ReaderNotFound(error.to_string()))
    }
}

impl HandlerInCtx<()> for &SoftwareCard {
    /// As the client's own handler for PC/SC: each call is an exchange, also the second one that the client makes when
    /// its buffer was too small.
    fn handle_in_ctx(&self, (): (), command: &[u8], response: &mut [u8]) -> jpki::nfc::Result {
        let answer = self
            .exchange(command)
            .map_err(|error| HandleError::Nfc(Box::new(error)))?;
        let room = response.get_mut(..answer.len());
        room.ok_or(HandleError::NotEnoughBuffer(answer.len()))?
            .copy_from_slice(&answer);
        Ok(answer.len())
    }
}

impl myna::card::Apdu for SoftwareCard {
    type TransErr = ReaderError;

    fn transmit(&self, command: Vec<u8>) -> Result<Vec<u8>, ReaderError> {
        self.exchange(&command)
    }
}
