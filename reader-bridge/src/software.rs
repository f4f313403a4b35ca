//! A reader in this process: no PC/SC service, no socket, the card answers at once.
//!
//! It keeps a removed card, so that the card can be put back. Must never call a card that is not inserted.

use vmyna_apdu::{Icc, IccError, Pull, Reader, ReaderError};

/// A reader with one slot in this process. It powers its card when it is inserted.
pub struct SoftwareReader {
    name: String,
    card: Option<Box<dyn Icc + Send>>,
    inserted: bool,
    /// Empty until the card has given one.
    atr: Vec<u8>,
}

impl SoftwareReader {
    /// An empty reader.
    pub fn new(name: impl Into<String>) -> SoftwareReader {
        SoftwareReader {
            name: name.into(),
            card: None,
            inserted: false,
            atr: Vec::new(),
        }
    }

    /// Puts `card` in and powers it. Gives back the card that was there before, without power.
    ///
    /// # Errors
    /// When the card gives no ATR. It then stays in the reader all the same.
    pub fn put(&mut self, card: Box<dyn Icc + Send>) -> Result<Option<Box<dyn Icc + Send>>, ReaderError> {
        let before = self.take();
        self.card = Some(card);
        self.insert()?;
        Ok(before)
    }

    /// Takes the card out for good.
    pub fn take(&mut self) -> Option<Box<dyn Icc + Send>> {
        // A card that is gone needs no power off.
        let _ = self.remove();
        self.card.take()
    }

    /// Calls the inserted card, and notices when it has left. The buffer of the call is that of the ATR.
    fn call(
        &mut self,
        call: impl FnOnce(&mut dyn Icc, &mut Vec<u8>) -> Result<(), IccError>,
    ) -> Result<(), ReaderError> {
        let Some(card) = self.card.as_deref_mut().filter(|_| self.inserted) else {
            return Err(ReaderError::NoCard {
                reader: self.name.clone(),
            });
        };
        call(card, &mut self.atr).map_err(|error| {
            if error == IccError::Gone {
                self.inserted = false;
            }
            ReaderError::from_icc(error, &self.name)
        })
    }

    /// Calls the inserted card for a new ATR. Without an answer there is none.
    fn renew_atr(
        &mut self,
        call: impl FnOnce(&mut dyn Icc, &mut Vec<u8>) -> Result<(), IccError>,
    ) -> Result<(), ReaderError> {
        self.call(|card, atr| call(card, atr).inspect_err(|_| atr.clear()))
    }
}

impl Reader for SoftwareReader {
    fn name(&self) -> &str {
        &self.name
    }

    fn atr(&self) -> Option<&[u8]> {
        (self.inserted && !self.atr.is_empty()).then_some(self.atr.as_slice())
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), ReaderError> {
        let mut left = false;
        let outcome = self.call(|card, _| {
            card.transmit(command, response)?;
            left = card.has_left();
            Ok(())
        });
        self.inserted &= !left;
        outcome
    }

    fn reset(&mut self) -> Result<(), ReaderError> {
        self.renew_atr(|card, atr| card.reset(atr))
    }

    fn power_cycle(&mut self) -> Result<(), ReaderError> {
        self.renew_atr(|card, atr| {
            card.power_off()?;
            card.power_on(atr)
        })
    }

    fn remove(&mut self) -> Result<(), ReaderError> {
        let result = self.call(|card, _| {
            card.pull().iter().for_each(Pull::out);
            card.power_off()
        });
        self.inserted = false;
        result
    }

    fn insert(&mut self) -> Result<(), ReaderError> {
        if self.inserted {
            return Ok(());
        }
        self.inserted = self.card.is_some();
        self.renew_atr(|card, atr| card.power_on(atr))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// Notes each call, and fails when `failure` is set.
    #[derive(Default)]
    struct Recorder {
        calls: Vec<&'static str>,
        failure: Option<IccError>,
    }

    #[derive(Clone, Default)]
    struct TestCard(Arc<Mutex<Recorder>>);

    impl TestCard {
        fn note(&self, call: &'static str) -> Result<(), IccError> {
            let mut recorder = self.0.lock().unwrap();
            recorder.calls.push(call);
            recorder.failure.map_or(Ok(()), Err)
        }

        fn calls(&self) -> Vec<&'static str> {
            std::mem::take(&mut self.0.lock().unwrap().calls)
        }

        fn fail(&self, failure: impl Into<Option<IccError>>) {
            self.0.lock().unwrap().failure = failure.into();
        }
    }

    impl Icc for TestCard {
        fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
            *atr = vec![0x3B, 0x01, 0x00];
            self.note("on")
        }
        fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
            *atr = vec![0x3B, 0x01, 0x01];
            self.note("reset")
        }
        fn power_off(&mut self) -> Result<(), IccError> {
            self.note("off")
        }
        fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError> {
            response.clear();
            response.extend_from_slice(command);
            response.extend_from_slice(&[0x90, 0x00]);
            self.note("apdu")
        }
    }

    fn with_card() -> (SoftwareReader, TestCard) {
        let (mut reader, card) = (SoftwareReader::new("desk"), TestCard::default());
        assert!(reader.put(Box::new(card.clone())).unwrap().is_none());
        (reader, card)
    }

    #[test]
    fn an_inserted_card_has_power_and_an_atr_and_answers() {
        let (mut reader, card) = with_card();
        assert_eq!(reader.atr(), Some([0x3B, 0x01, 0x00].as_slice()));
        let mut response = vec![0xFF; 5];
        reader.transmit(&[0x00, 0xA4], &mut response).unwrap();
        assert_eq!(response, [0x00, 0xA4, 0x90, 0x00]);
        assert_eq!(card.calls(), ["on", "apdu"]);
    }

    #[test]
    fn without_a_card_everything_but_the_name_is_no_card() {
        let mut reader = SoftwareReader::new("desk");
        let no_card = Err(ReaderError::NoCard {
            reader: "desk".to_owned(),
        });
        assert_eq!(reader.transmit(&[0x00], &mut Vec::new()), no_card);
        assert_eq!(reader.reset(), no_card);
        assert_eq!(reader.power_cycle(), no_card);
        assert_eq!(reader.remove(), no_card);
        assert_eq!(reader.insert(), no_card);
        assert_eq!(reader.atr(), None);
        assert!(reader.take().is_none());
    }

    #[test]
    fn a_card_that_is_taken_out_loses_power_and_is_not_talked_to_until_it_is_put_back() {
        let (mut reader, card) = with_card();
        reader.remove().unwrap();
        assert_eq!(reader.atr(), None);
        assert_eq!(
            reader.transmit(&[0], &mut Vec::new()),
            Err(ReaderError::NoCard {
                reader: "desk".to_owned()
            })
        );
        assert_eq!(card.calls(), ["on", "off"]);
        reader.insert().unwrap();
        reader.insert().unwrap();
        assert!(reader.atr().is_some());
        assert_eq!(card.calls(), ["on"]);
    }

    #[test]
    fn a_reset_is_warm_and_a_power_cycle_is_cold_and_both_renew_the_atr() {
        let (mut reader, card) = with_card();
        reader.reset().unwrap();
        assert_eq!(reader.atr(), Some([0x3B, 0x01, 0x01].as_slice()));
        reader.power_cycle().unwrap();
        assert_eq!(reader.atr(), Some([0x3B, 0x01, 0x00].as_slice()));
        assert_eq!(card.calls(), ["on", "reset", "off", "on"]);
    }

    #[test]
    fn a_card_that_is_gone_leaves_the_reader_empty_and_a_mute_one_stays() {
        let (mut reader, card) = with_card();
        card.fail(IccError::Mute);
        assert_eq!(
            reader.transmit(&[0], &mut Vec::new()),
            Err(ReaderError::Mute {
                reader: "desk".to_owned()
            })
        );
        assert_eq!(
            reader.reset(),
            Err(ReaderError::Mute {
                reader: "desk".to_owned()
            })
        );
        assert_eq!(reader.atr(), None);
        card.fail(IccError::Gone);
        assert_eq!(
            reader.transmit(&[0], &mut Vec::new()),
            Err(ReaderError::Gone {
                reader: "desk".to_owned()
            })
        );
        assert_eq!(
            reader.transmit(&[0], &mut Vec::new()),
            Err(ReaderError::NoCard {
                reader: "desk".to_owned()
            })
        );
        card.fail(None);
        reader.insert().unwrap();
        reader.transmit(&[0], &mut Vec::new()).unwrap();
    }

    #[test]
    fn another_card_replaces_the_one_before_which_loses_power() {
        let (mut reader, first) = with_card();
        let before = reader.put(Box::new(TestCard::default())).unwrap();
        assert!(before.is_some());
        assert_eq!(first.calls(), ["on", "off"]);
    }
}
