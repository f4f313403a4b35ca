//! The AIDs of the card's applications. No other source of the product has one as bytes.

use vmyna_apdu::Aid;

/// An AID of constant bytes.
const fn aid(bytes: &[u8]) -> Aid {
    match Aid::new(bytes) {
        Some(aid) => aid,
        None => unreachable!(),
    }
}

pub(crate) const JPKI: Aid = aid(&[0xD3, 0x92, 0xF0, 0x00, 0x26, 0x01, 0x00, 0x00, 0x00, 0x01]);
pub(crate) const CARD_INFO: Aid = aid(&[0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x01, 0x00]);
pub(crate) const FACE_INFO: Aid = aid(&[0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x02]);
pub(crate) const INPUT_ASSIST: Aid = aid(&[0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x08]);
pub(crate) const RESIDENCE_CODE: Aid = aid(&[0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x01]);
pub(crate) const CARD_MANAGER: Aid = aid(&[0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00]);

/// All of them, each with the name of its application, in the order in which the card looks for one.
pub(crate) const BUILT_IN: [(Aid, &str); 6] = [
    (CARD_MANAGER, "card_manager"),
    (JPKI, "jpki"),
    (INPUT_ASSIST, "input_assist"),
    (FACE_INFO, "face_info"),
    (RESIDENCE_CODE, "residence_code"),
    (CARD_INFO, "card_info"),
];
