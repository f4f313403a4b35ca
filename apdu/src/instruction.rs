//! Instruction codes of the card, and their names.

/// Instruction bytes (JICSAP table 4; `24`, `CA` and all of class 80 from `2A` on are the card's own; `46` is of ISO/IEC 7816-8).
pub mod code {
    #![allow(missing_docs)]
    // CLA 00
    pub const VERIFY: u8 = 0x20;
    pub const CHANGE_REFERENCE_DATA: u8 = 0x24;
    pub const GENERATE_KEY_PAIR: u8 = 0x46;
    pub const EXTERNAL_AUTHENTICATE: u8 = 0x82;
    pub const GET_CHALLENGE: u8 = 0x84;
    pub const INTERNAL_AUTHENTICATE: u8 = 0x88;
    pub const SELECT: u8 = 0xA4;
    pub const READ_BINARY: u8 = 0xB0;
    pub const READ_RECORD: u8 = 0xB2;
    pub const GET_DATA: u8 = 0xCA;
    pub const UPDATE_BINARY: u8 = 0xD6;
    pub const UPDATE_RECORD: u8 = 0xDC;
    pub const APPEND_RECORD: u8 = 0xE2;
    // CLA 80
    pub const ERASE_ALL_RECORDS: u8 = 0x06;
    pub const COMPUTE_SIGNATURE: u8 = 0x2A;
    pub const CHANGE_KEY: u8 = 0x32;
    pub const LOCK_DF: u8 = 0x50;
    pub const UNLOCK_DF: u8 = 0x52;
    pub const UNLOCK_KEY: u8 = 0x54;
    pub const MANAGE_ATTRIBUTES: u8 = 0x8A;
    pub const VERIFY_CERTIFICATE: u8 = 0xA2;
    pub const SET_SESSION_KEY: u8 = 0xAE;
    pub const LAST_COMMAND_INDICATOR: u8 = 0xFC;
}

/// Whether an instruction writes its data field into a file.
pub const fn writes(ins: u8) -> bool {
    matches!(ins, code::UPDATE_BINARY | code::UPDATE_RECORD | code::APPEND_RECORD)
}

/// The name of an instruction, whichever class it belongs to; `None` for one that the card does not have.
pub fn name(ins: u8) -> Option<&'static str> {
    Some(match ins {
        code::VERIFY => "VERIFY",
        code::CHANGE_REFERENCE_DATA => "CHANGE REFERENCE DATA",
        code::GENERATE_KEY_PAIR => "GENERATE ASYMMETRIC KEY PAIR",
        code::EXTERNAL_AUTHENTICATE => "EXTERNAL AUTHENTICATE",
        code::GET_CHALLENGE => "GET CHALLENGE",
        code::INTERNAL_AUTHENTICATE => "INTERNAL AUTHENTICATE",
        code::SELECT => "SELECT",
        code::READ_BINARY => "READ BINARY",
        code::READ_RECORD => "READ RECORD",
        code::GET_DATA => "GET DATA",
        code::UPDATE_BINARY => "UPDATE BINARY",
        code::UPDATE_RECORD => "UPDATE RECORD",
        code::APPEND_RECORD => "APPEND RECORD",
        code::ERASE_ALL_RECORDS => "ERASE ALL RECORDS",
        code::COMPUTE_SIGNATURE => "COMPUTE DIGITAL SIGNATURE",
        code::CHANGE_KEY => "CHANGE KEY",
        code::LOCK_DF => "LOCK DF",
        code::UNLOCK_DF => "UNLOCK DF",
        code::UNLOCK_KEY => "UNLOCK KEY",
        code::MANAGE_ATTRIBUTES => "MANAGE ATTRIBUTES",
        code::VERIFY_CERTIFICATE => "terminal certificate",
        code::SET_SESSION_KEY => "SET SESSION KEY",
        code::LAST_COMMAND_INDICATOR => "last command indicator",
        _ => return None,
    })
}
