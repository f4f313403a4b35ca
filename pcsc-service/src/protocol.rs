//! Share modes, dispositions, protocols and states by their numbers in `pcsclite.h`, and the protocols an ATR offers.
//!
//! Pure. Must never refuse an ATR: an unreadable one offers T=0, as ISO/IEC 7816-3 has it for an ATR without TD1.

use crate::code::{Code, INVALID_VALUE, PROTO_MISMATCH};

/// `SCARD_PROTOCOL_UNSET`
pub(crate) const UNSET: u32 = 0;
/// `SCARD_PROTOCOL_T0`
pub(crate) const T0: u32 = 1;
/// `SCARD_PROTOCOL_T1`
pub(crate) const T1: u32 = 2;
/// `SCARD_PROTOCOL_RAW`
pub(crate) const RAW: u32 = 4;
/// `SCARD_PROTOCOL_ANY_OLD`: what old programs ask for when they mean any.
const ANY_OLD: u32 = 0x1000;

/// How a program wants to use the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShareMode {
    Exclusive,
    Shared,
    /// The reader, with or without a card. As with pcscd it excludes no other client.
    Direct,
}

/// The action on the card at the end of a connection or transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disposition {
    Leave,
    Reset,
    Unpower,
    /// This reader has no motor: the card stays, as in every reader that has none.
    Eject,
}

impl ShareMode {
    pub(crate) fn of(number: u32) -> Result<ShareMode, Code> {
        match number {
            1 => Ok(ShareMode::Exclusive),
            2 => Ok(ShareMode::Shared),
            3 => Ok(ShareMode::Direct),
            _ => Err(INVALID_VALUE),
        }
    }
}

impl Disposition {
    pub(crate) fn of(number: u32) -> Result<Disposition, Code> {
        match number {
            0 => Ok(Disposition::Leave),
            1 => Ok(Disposition::Reset),
            2 => Ok(Disposition::Unpower),
            3 => Ok(Disposition::Eject),
            _ => Err(INVALID_VALUE),
        }
    }
}

/// Whether a program that wants the card names at least one protocol there is.
pub(crate) fn check_preferred(mode: ShareMode, preferred: u32) -> Result<(), Code> {
    if mode == ShareMode::Direct || preferred & (T0 | T1 | RAW | ANY_OLD) != 0 {
        Ok(())
    } else {
        Err(PROTO_MISMATCH)
    }
}

/// The protocol in use after a program has named those it can: T=1 before T=0; raw when it is the only one named.
///
/// # Errors
/// [`PROTO_MISMATCH`] when the card, or the program that settled it before, has none of them.
pub(crate) fn settle(current: u32, mode: ShareMode, preferred: u32, atr: &[u8]) -> Result<u32, Code> {
    if preferred == RAW {
        return Ok(RAW);
    }
    if mode == ShareMode::Direct {
        return Ok(current);
    }
    let preferred = if preferred & ANY_OLD != 0 {
        preferred | T0 | T1
    } else {
        preferred
    };
    let common = preferred & if current == UNSET { offered(atr) } else { current };
    [T1, T0, RAW]
        .into_iter()
        .find(|protocol| common & protocol != 0)
        .ok_or(PROTO_MISMATCH)
}

/// The protocols that an ATR offers (ISO/IEC 7816-3, 8.2.3): the low half of every TDi byte names one.
fn offered(atr: &[u8]) -> u32 {
    let mut protocols = UNSET;
    let mut present = atr.get(1).map_or(0, |t0| t0 >> 4);
    let mut place = 2;
    while present & 0b1000 != 0 {
        // TD comes behind those of TA, TB and TC that are present.
        place += (present & 0b0111).count_ones() as usize;
        let Some(td) = atr.get(place) else { break };
        protocols |= match td & 0x0F {
            0 => T0,
            1 => T1,
            _ => UNSET,
        };
        present = td >> 4;
        place += 1;
    }
    if protocols == UNSET { T0 } else { protocols }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T1_ONLY: &[u8] = &[0x3B, 0xE0, 0x00, 0xFF, 0x81, 0x31, 0xFE, 0x45, 0x14];

    #[test]
    fn the_protocols_are_those_that_the_atr_names_and_t0_without_any() {
        assert_eq!(offered(T1_ONLY), T1);
        assert_eq!(offered(&[0x3B, 0x80, 0x80, 0x01, 0x01]), T0 | T1);
        for atr in [&[0x3B, 0x00][..], &[], &[0x3B, 0xF0], &[0x3B, 0x80, 0x0E]] {
            assert_eq!(offered(atr), T0, "{atr:02X?}");
        }
    }

    #[test]
    fn t1_goes_before_t0_and_a_settled_protocol_stays() {
        let both = [0x3B, 0x80, 0x80, 0x01, 0x01];
        assert_eq!(settle(UNSET, ShareMode::Shared, T0 | T1, &both), Ok(T1));
        assert_eq!(settle(UNSET, ShareMode::Shared, T0, &both), Ok(T0));
        assert_eq!(settle(T0, ShareMode::Shared, T0 | T1, &both), Ok(T0));
        assert_eq!(settle(T0, ShareMode::Shared, T1, &both), Err(PROTO_MISMATCH));
        assert_eq!(settle(UNSET, ShareMode::Shared, T0, T1_ONLY), Err(PROTO_MISMATCH));
        assert_eq!(settle(T1, ShareMode::Shared, RAW, T1_ONLY), Ok(RAW));
        assert_eq!(settle(UNSET, ShareMode::Direct, 0, T1_ONLY), Ok(UNSET));
        assert_eq!(settle(UNSET, ShareMode::Shared, ANY_OLD, T1_ONLY), Ok(T1));
    }
}
