//! A card over the air, as it describes itself to a reader, and the ATR that the reader makes of that.
//!
//! This is the one statement of the contactless ATR. It must never contain the bytes of a certain card.

use std::time::Duration;

/// The answer of a card of ISO/IEC 14443 type B to a reader that searches for cards (ATQB), without its PUPI, which is
/// random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeB {
    /// Application data.
    pub application_data: [u8; 4],
    /// Protocol info: bit rates; frame size and protocol; FWI, ADC and FO.
    pub protocol_info: [u8; 3],
}

impl TypeB {
    /// The ATR that a reader makes for the card (PC/SC part 3, 3.1.3.2.3). It offers T=0 and T=1. Its historical bytes are
    /// application data, protocol info and a byte whose high nibble is the MBLI of the answer to ATTRIB: 0, as for all cards
    /// observed. TCK follows. The PUPI is no part of it.
    #[must_use]
    pub fn pseudo_atr(&self) -> [u8; 13] {
        let [a, b, c, d] = self.application_data;
        let [rates, frames, waiting] = self.protocol_info;
        let mut atr = [0x3B, 0x88, 0x80, 0x01, a, b, c, d, rates, frames, waiting, 0x00, 0x00];
        atr[12] = atr[1..12].iter().fold(0, |check, byte| check ^ byte);
        atr
    }

    /// How long the card may take for a frame unless it asks for more: 4096 / 13.56 MHz · 2^FWI (ISO/IEC 14443-3, 7.9.4;
    /// the reserved FWI 15 counts as 4).
    #[must_use]
    pub fn frame_waiting_time(&self) -> Duration {
        let exponent = match self.protocol_info[2] >> 4 {
            15 => 4,
            exponent => exponent,
        };
        Duration::from_nanos((4096_u64 << exponent) * 1_000_000_000 / 13_560_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ATQBs and the ATRs that real readers gave for cards with them (pcsc-tools' list of cards).
    #[test]
    fn the_pseudo_atr_is_that_of_real_readers() {
        for (application_data, protocol_info, expected) in [
            (
                [0x00, 0x00, 0x05, 0xE0],
                [0xB3, 0x81, 0xA1],
                [
                    0x3B, 0x88, 0x80, 0x01, 0x00, 0x00, 0x05, 0xE0, 0xB3, 0x81, 0xA1, 0x00, 0x7F,
                ],
            ),
            (
                [0x00, 0x4B, 0x51, 0xFF],
                [0xB3, 0x81, 0xD1],
                [
                    0x3B, 0x88, 0x80, 0x01, 0x00, 0x4B, 0x51, 0xFF, 0xB3, 0x81, 0xD1, 0x00, 0x0F,
                ],
            ),
        ] {
            let type_b = TypeB {
                application_data,
                protocol_info,
            };
            assert_eq!(type_b.pseudo_atr(), expected);
        }
    }

    #[test]
    fn the_frame_waiting_time_doubles_with_each_fwi_and_15_counts_as_4() {
        let waiting = |last| {
            let type_b = TypeB {
                application_data: [0; 4],
                protocol_info: [0xB3, 0x81, last],
            };
            type_b.frame_waiting_time().as_micros()
        };
        assert_eq!([waiting(0x01), waiting(0x11), waiting(0xA1)], [302, 604, 309_314]);
        assert_eq!(waiting(0xD1), 2_474_515);
        assert_eq!(waiting(0xF1), waiting(0x41));
    }
}
