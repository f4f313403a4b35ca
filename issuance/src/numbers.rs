//! The numbers and names that a card gets at issue, all made from one running number, so that cards of one series never
//! share one and a seed gives the same ones again.

use vmyna_applets::card_info::CardSerial;
use vmyna_applets::cv::KeyId;

use super::IssuanceError;

/// Running numbers are below this.
pub const RUNNING_NUMBERS: u64 = 1_000_000_000;

/// The serial numbers of X.509 certificates on the test card take three bytes: from here on, so many there are.
const FIRST_SERIAL: u32 = 0x01_0000;
const SERIALS: u64 = 0x7F_0000;

/// The numbers of one card.
///
/// Those on the card begin with 9999, which no card was seen to have (`assumed`: the allocation of real ones is not
/// published); what is a text begins with VMYNA.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Numbers {
    /// Serial number of the JPKI token, 16 digits (token information, EF 0006).
    pub token_serial: String,
    /// 製造番号: 15 digits (common application, record 1).
    pub card_serial: CardSerial,
    /// Card image number (GET DATA 0045).
    pub image_number: String,
    /// The first 14 characters of the authentication certificate's common name.
    pub authentication_id: String,
    /// The running number in the signature certificate's common name, below 100,000.
    pub signature_number: u32,
    /// Serial number of the card's X.509 certificates, one in each authority: 0x010000 to 0x7FFFFF. Two cards of one
    /// authority share it once in some eight million.
    pub certificate_serial: u32,
    /// The name of the card's own key.
    pub card_key: KeyId,
}

impl Numbers {
    /// The numbers of the card with this running number.
    ///
    /// # Errors
    /// [`IssuanceError::Input`] from [`RUNNING_NUMBERS`] on.
    pub fn of(running: u64) -> Result<Self, IssuanceError> {
        const TOO_HIGH: IssuanceError = IssuanceError::Input("a card's running number has at most nine digits");
        if running >= RUNNING_NUMBERS {
            return Err(TOO_HIGH);
        }
        let token_serial = format!("9999{running:012}");
        let last_five = (running % 100_000) as u32;
        Ok(Self {
            card_serial: CardSerial::from_digits(&format!("9999{running:011}")).ok_or(TOO_HIGH)?,
            image_number: format!("VMYNA-{token_serial}"),
            token_serial,
            authentication_id: format!("VMYNA{running:09}"),
            signature_number: last_five,
            certificate_serial: FIRST_SERIAL + (running % SERIALS) as u32,
            card_key: KeyId::card(last_five, (running / 100_000 % 999) as u16 + 1)?,
        })
    }
}

impl Numbers {
    /// The serial number of certificates that renew the card's first ones: a later one, half way to the last. It takes three
    /// bytes as well, but for the one card in eight million that has the last already.
    pub(super) const fn renewed_serial(&self) -> u32 {
        const LAST: u32 = FIRST_SERIAL + SERIALS as u32 - 1;
        self.certificate_serial + 1 + (LAST - self.certificate_serial) / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_cards_numbers_have_the_lengths_of_the_card() {
        let numbers = Numbers::of(1).unwrap();
        assert_eq!(numbers.token_serial, "9999000000000001");
        assert_eq!(numbers.card_serial.to_string(), "999900000000001");
        assert_eq!(numbers.authentication_id, "VMYNA000000001");
        assert_eq!(numbers.certificate_serial, 0x01_0001);
        assert_eq!(&numbers.card_key.as_bytes()[..12], b"7900001\x08\x05001");
    }

    proptest! {
        #[test]
        fn every_running_number_has_numbers_of_the_same_lengths_and_two_have_different_ones(
            one in 0..RUNNING_NUMBERS, other in 0..RUNNING_NUMBERS,
        ) {
            let (one_s, other_s) = (Numbers::of(one).unwrap(), Numbers::of(other).unwrap());
            prop_assert_eq!(one_s.token_serial.len(), 16);
            prop_assert_eq!(one_s.authentication_id.len(), 14);
            prop_assert!((0x01_0000..0x80_0000).contains(&one_s.certificate_serial));
            prop_assert!(!one_s.card_key.is_reserved());
            prop_assert_eq!(one == other, one_s.token_serial == other_s.token_serial);
            prop_assert_eq!(one == other, one_s.card_serial == other_s.card_serial);
        }
    }

    #[test]
    fn the_serial_of_a_renewed_certificate_is_later() {
        for running in [0, 1, SERIALS / 2, SERIALS - 2] {
            let numbers = Numbers::of(running).unwrap();
            let renewed = numbers.renewed_serial();
            assert!(renewed > numbers.certificate_serial && renewed < 0x80_0000, "{running}");
        }
        assert_eq!(Numbers::of(SERIALS - 1).unwrap().renewed_serial(), 0x80_0000);
    }

    #[test]
    fn certificate_serials_come_again_after_their_period_and_card_keys_after_theirs_and_not_before() {
        for running in [0, 1, 99_999, 100_000, 8_000_000] {
            let serial = |running| Numbers::of(running).unwrap().certificate_serial;
            assert_eq!(serial(running), serial(running + SERIALS));
            for apart in [1, 100_000, 1 << 16, SERIALS - 1] {
                assert_ne!(serial(running), serial(running + apart), "{apart}");
            }
            let key = |running| Numbers::of(running).unwrap().card_key;
            assert!(key(running) == key(running + 99_900_000));
            for apart in [1, 100_000, 99_800_000] {
                assert!(key(running) != key(running + apart), "{apart}");
            }
        }
    }

    #[test]
    fn a_number_of_ten_digits_is_refused() {
        assert!(Numbers::of(RUNNING_NUMBERS).is_err());
    }
}
