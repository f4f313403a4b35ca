//! Generations and variants of the card. A profile is an input of the declarations, so that a card is one generation's
//! throughout.

/// What differs between cards of different generations and interfaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The ATR that the reader gives for the card.
    pub atr: Vec<u8>,
    /// The card's own contact ATR, which GET DATA `5F51` returns without its first byte.
    pub contact_atr: Vec<u8>,
    /// Label of the JPKI token (EF 0006), at most 32 characters: tells cards from phones.
    pub token_label: &'static str,
    /// Whether the certificate of the card's own key (GET DATA `7F21`) is there; older cards lack it.
    pub card_certificate: bool,
}

impl Profile {
    /// A card in a reader with contacts, with the ATR by which OpenSC knows the card (OpenSC `card-jpki.c`; myna-card,
    /// GET DATA 5F51): T=1, no historical bytes.
    pub fn contact() -> Self {
        let atr = vec![0x3B, 0xE0, 0x00, 0xFF, 0x81, 0x31, 0xFE, 0x45, 0x14];
        Self {
            contact_atr: atr.clone(),
            atr,
            token_label: "JPKIAPICCTOKEN2",
            card_certificate: true,
        }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::contact()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contact_atr_has_its_right_check_byte() {
        let atr = Profile::contact().atr;
        assert_eq!(atr[1..].iter().fold(0, |sum, byte| sum ^ byte), 0);
    }
}
