//! From a C-APDU to a typed instruction. Every question of class, instruction code, P1-P2 and lengths is settled here
//! and in the modules' `decode`, before anything of the card's state is touched; `execute` then has a meaning to carry
//! out, not bytes.
//!
//! One module an instruction. [`Instruction::decode`] is the table of contents.

pub mod change_pin;
pub mod compute_signature;
pub mod get_challenge;
pub mod get_data;
pub mod internal_authenticate;
pub mod issuer;
pub mod read_binary;
pub mod read_record;
pub mod select;
pub mod set_session_key;
pub mod verify;
pub mod verify_certificate;

use core::fmt;

use vmyna_apdu::{CommandApdu, instruction::code};

use crate::context::Context;
pub use crate::context::Reference;
use crate::rule::{self, Refusal};

/// The classes of instructions (JICSAP 6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// CLA 00: instructions of ISO/IEC 7816-4.
    Interindustry,
    /// CLA 80: JICSAP's extended instructions and the card's own.
    Extended,
}

impl Class {
    /// The class of a command without secure messaging on channel 0; anything else is refused.
    fn of(apdu: &CommandApdu<'_>) -> Result<Self, Refusal> {
        const CHANNEL: u8 = 0x03;
        const SECURE_MESSAGING: u8 = 0x0C;
        const CHAINING: u8 = 0x10;
        match apdu.cla {
            0x00 => Ok(Self::Interindustry),
            0x80 => Ok(Self::Extended),
            0x40..0x80 => rule::CLASS_FURTHER_CHANNELS.refuse(),
            // But for the bits of 0x1F the class is 00 or 80.
            cla if cla & 0x60 != 0 => rule::CLASS_UNKNOWN.refuse(),
            cla if cla & CHANNEL != 0 => rule::CLASS_CHANNEL.refuse(),
            cla if cla & CHAINING != 0 => rule::CLASS_CHAINING.refuse(),
            cla if cla & SECURE_MESSAGING == 0x04 => rule::CLASS_PROPRIETARY_SM.refuse(),
            _ if apdu.ins == code::SELECT => rule::SM_SELECT_WITHOUT_SESSION.refuse(),
            _ => rule::SM_WITHOUT_SESSION.refuse(),
        }
    }
}

/// What a C-APDU asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instruction<'a> {
    /// SELECT.
    Select(select::Select<'a>),
    /// READ BINARY.
    ReadBinary(read_binary::ReadBinary),
    /// READ RECORD(S).
    ReadRecord(read_record::ReadRecord),
    /// VERIFY.
    Verify(verify::Verify<'a>),
    /// CHANGE REFERENCE DATA, CHANGE KEY.
    ChangePin(change_pin::ChangePin<'a>),
    /// COMPUTE DIGITAL SIGNATURE.
    ComputeSignature(compute_signature::ComputeSignature<'a>),
    /// INTERNAL AUTHENTICATE.
    InternalAuthenticate(internal_authenticate::InternalAuthenticate<'a>),
    /// EXTERNAL AUTHENTICATE, and what only the issuer may do.
    Issuer(issuer::Issuer),
    /// GET CHALLENGE.
    GetChallenge(get_challenge::GetChallenge),
    /// GET DATA.
    GetData(get_data::GetData),
    /// `80 A2`.
    VerifyCertificate(verify_certificate::VerifyCertificate<'a>),
    /// SET SESSION KEY.
    SetSessionKey(set_session_key::SetSessionKey<'a>),
}

impl<'a> Instruction<'a> {
    /// What a command asks for.
    ///
    /// # Errors
    /// The refusal with which the card answers a command it can't understand.
    pub fn decode(apdu: &CommandApdu<'a>) -> Result<Self, Refusal> {
        match (Class::of(apdu)?, apdu.ins) {
            (Class::Interindustry, code::SELECT) => select::Select::decode(apdu).map(Self::Select),
            (Class::Interindustry, code::READ_BINARY) => read_binary::ReadBinary::decode(apdu).map(Self::ReadBinary),
            (Class::Interindustry, code::READ_RECORD) => read_record::ReadRecord::decode(apdu).map(Self::ReadRecord),
            (Class::Interindustry, code::VERIFY) => verify::Verify::decode(apdu).map(Self::Verify),
            (Class::Interindustry, code::CHANGE_REFERENCE_DATA) | (Class::Extended, code::CHANGE_KEY) => {
                change_pin::ChangePin::decode(apdu).map(Self::ChangePin)
            }
            (Class::Extended, code::COMPUTE_SIGNATURE) => {
                compute_signature::ComputeSignature::decode(apdu).map(Self::ComputeSignature)
            }
            (Class::Interindustry, code::INTERNAL_AUTHENTICATE) => {
                internal_authenticate::InternalAuthenticate::decode(apdu).map(Self::InternalAuthenticate)
            }
            (Class::Interindustry, code::GET_CHALLENGE) => {
                get_challenge::GetChallenge::decode(apdu).map(Self::GetChallenge)
            }
            (Class::Interindustry, code::GET_DATA) => get_data::GetData::decode(apdu).map(Self::GetData),
            (Class::Extended, code::VERIFY_CERTIFICATE) => {
                verify_certificate::VerifyCertificate::decode(apdu).map(Self::VerifyCertificate)
            }
            (Class::Extended, code::SET_SESSION_KEY) => {
                set_session_key::SetSessionKey::decode(apdu).map(Self::SetSessionKey)
            }
            (class, _) => issuer::Issuer::decode(class, apdu).map(Self::Issuer),
        }
    }

    pub(crate) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        match self {
            Self::Select(select) => select.execute(context),
            Self::ReadBinary(read) => read.execute(context),
            Self::ReadRecord(read) => read.execute(context),
            Self::Verify(verify) => verify.execute(context),
            Self::ChangePin(change) => change.execute(context),
            Self::ComputeSignature(compute) => compute.execute(context),
            Self::InternalAuthenticate(authenticate) => authenticate.execute(context),
            Self::Issuer(issuer) => issuer.execute(context),
            Self::GetChallenge(get) => get.execute(context),
            Self::GetData(get) => get.execute(context),
            Self::VerifyCertificate(verify) => verify.execute(context),
            Self::SetSessionKey(set) => set.execute(context),
        }
    }
}

impl fmt::Display for Instruction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Select(select) => select.fmt(f),
            Self::ReadBinary(read) => read.fmt(f),
            Self::ReadRecord(read) => read.fmt(f),
            Self::Verify(verify) => verify.fmt(f),
            Self::ChangePin(change) => change.fmt(f),
            Self::ComputeSignature(compute) => compute.fmt(f),
            Self::InternalAuthenticate(authenticate) => authenticate.fmt(f),
            Self::Issuer(issuer) => issuer.fmt(f),
            Self::GetChallenge(get) => get.fmt(f),
            Self::GetData(get) => get.fmt(f),
            Self::VerifyCertificate(verify) => verify.fmt(f),
            Self::SetSessionKey(set) => set.fmt(f),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CurrentEf => f.write_str("current EF"),
            Self::Sfi(id) => write!(f, "EF {id}"),
        }
    }
}

/// The data field, which the instruction requires to be absent.
fn no_data(apdu: &CommandApdu<'_>) -> Result<(), Refusal> {
    if apdu.data.is_empty() {
        Ok(())
    } else {
        rule::WRONG_LENGTH.refuse()
    }
}

/// The Le field, which the instruction requires: the most bytes to return.
fn expected(apdu: &CommandApdu<'_>) -> Result<usize, Refusal> {
    let ne = apdu.ne.ok_or(rule::WRONG_LENGTH.refusal())?;
    usize::try_from(ne).map_err(|_| rule::WRONG_LENGTH.refusal())
}
