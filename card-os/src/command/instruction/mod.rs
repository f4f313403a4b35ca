//! From a C-APDU to a typed instruction. Every question of class, instruction code, P1-P2 and lengths is settled here and
//! in the modules' `decode`. Nothing here can see the card's state: an instruction has a meaning to carry out, not bytes.
//!
//! One module an instruction. [`Instruction::decode`] is the table of contents.

mod append_record;
mod change_pin;
mod compute_signature;
mod external_authenticate;
mod generate_key_pair;
mod get_challenge;
mod get_data;
mod internal_authenticate;
mod issuer;
mod last_command;
mod read_binary;
mod read_record;
mod select;
mod set_session_key;
mod update_binary;
mod update_record;
mod verify;
mod verify_certificate;

use core::fmt;

use vmyna_apdu::{CommandApdu, FileId, instruction::code};

use crate::declaration::{Application, Operation};
use crate::rule::{self, Refusal};

pub use append_record::AppendRecord;
pub use change_pin::ChangePin;
pub use compute_signature::{ComputeSignature, Scheme};
pub use external_authenticate::ExternalAuthenticate;
pub use generate_key_pair::GenerateKeyPair;
pub use get_challenge::GetChallenge;
pub use get_data::GetData;
pub use internal_authenticate::InternalAuthenticate;
pub use issuer::Issuer;
pub use last_command::LastCommand;
pub use read_binary::ReadBinary;
pub use read_record::ReadRecord;
pub use select::Select;
pub use set_session_key::SetSessionKey;
pub use update_binary::UpdateBinary;
pub use update_record::UpdateRecord;
pub use verify::Verify;
pub use verify_certificate::VerifyCertificate;

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

/// How a command names the file it acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The current EF.
    CurrentEf,
    /// The EF with this short identifier, which thereby becomes the current EF.
    Sfi(FileId),
}

impl Reference {
    /// `80` the current EF, `81`–`9E` a short EF identifier: the form in P2 of VERIFY and its kin, and P1 of READ BINARY.
    fn from_byte(byte: u8) -> Result<Self, Refusal> {
        match byte {
            0x80 => Ok(Self::CurrentEf),
            0x81..=0x9E => FileId::from_sfi(byte & 0x1F)
                .map(Self::Sfi)
                .ok_or(rule::WRONG_P1_P2.refusal()),
            _ => rule::WRONG_P1_P2.refuse(),
        }
    }
}

impl Reference {
    /// The form in P2 of the instructions for records: five bits of a short EF identifier, or none for the current EF, then
    /// three bits that must be `mode`.
    fn of_records(p2: u8, mode: u8) -> Result<Self, Refusal> {
        match (p2 >> 3, p2 & 0x07) {
            (0, found) if found == mode => Ok(Self::CurrentEf),
            (sfi, found) if found == mode => FileId::from_sfi(sfi).map(Self::Sfi).ok_or(rule::WRONG_P1_P2.refusal()),
            _ => rule::WRONG_P1_P2.refuse(),
        }
    }
}

/// What exists beside the card's own instructions.
#[derive(Clone, Copy, Debug)]
pub enum Offered<'a> {
    /// What this application declares, the selected one.
    By(&'a Application),
    /// Everything: for a program that describes commands and does not know the selected application.
    Everything,
}

impl Offered<'_> {
    /// Whether an instruction exists that is there for this operation alone.
    fn has(self, operation: Operation) -> bool {
        match self {
            Self::By(application) => application.declares(operation),
            Self::Everything => true,
        }
    }

    /// Whether the last-command indicator exists.
    fn has_last_command(self) -> bool {
        match self {
            Self::By(application) => application.last_command.is_some(),
            Self::Everything => true,
        }
    }

    /// Whether there are signatures by ECDSA.
    fn has_ecdsa(self) -> bool {
        match self {
            Self::By(application) => application.has_ec_key(),
            Self::Everything => true,
        }
    }
}

/// What a C-APDU asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instruction<'a> {
    /// SELECT.
    Select(Select<'a>),
    /// READ BINARY.
    ReadBinary(ReadBinary),
    /// READ RECORD(S).
    ReadRecord(ReadRecord),
    /// UPDATE BINARY.
    UpdateBinary(UpdateBinary<'a>),
    /// UPDATE RECORD.
    UpdateRecord(UpdateRecord<'a>),
    /// APPEND RECORD.
    AppendRecord(AppendRecord<'a>),
    /// VERIFY.
    Verify(Verify<'a>),
    /// CHANGE REFERENCE DATA, CHANGE KEY.
    ChangePin(ChangePin<'a>),
    /// COMPUTE DIGITAL SIGNATURE.
    ComputeSignature(ComputeSignature<'a>),
    /// INTERNAL AUTHENTICATE.
    InternalAuthenticate(InternalAuthenticate<'a>),
    /// EXTERNAL AUTHENTICATE.
    ExternalAuthenticate(ExternalAuthenticate<'a>),
    /// GENERATE ASYMMETRIC KEY PAIR.
    GenerateKeyPair(GenerateKeyPair),
    /// What only the issuer may do.
    Issuer(Issuer),
    /// GET CHALLENGE.
    GetChallenge(GetChallenge),
    /// GET DATA.
    GetData(GetData),
    /// `80 A2`.
    VerifyCertificate(VerifyCertificate<'a>),
    /// SET SESSION KEY.
    SetSessionKey(SetSessionKey<'a>),
    /// `80 FC`.
    LastCommand(LastCommand),
}

impl<'a> Instruction<'a> {
    /// What a command asks for. An instruction or form that is not `offered` does not exist ([`rule::INSTRUCTION_DECLARED`]).
    ///
    /// # Errors
    /// The refusal with which the card answers a command it can't understand.
    pub fn decode(apdu: &CommandApdu<'a>, offered: Offered<'_>) -> Result<Self, Refusal> {
        match (Class::of(apdu)?, apdu.ins) {
            (Class::Interindustry, code::SELECT) => Select::decode(apdu).map(Self::Select),
            (Class::Interindustry, code::READ_BINARY) => ReadBinary::decode(apdu).map(Self::ReadBinary),
            (Class::Interindustry, code::READ_RECORD) => ReadRecord::decode(apdu).map(Self::ReadRecord),
            (Class::Interindustry, code::UPDATE_BINARY) if offered.has(Operation::UpdateBinary) => {
                UpdateBinary::decode(apdu).map(Self::UpdateBinary)
            }
            (Class::Interindustry, code::UPDATE_RECORD) if offered.has(Operation::UpdateRecord) => {
                UpdateRecord::decode(apdu).map(Self::UpdateRecord)
            }
            (Class::Interindustry, code::APPEND_RECORD) if offered.has(Operation::AppendRecord) => {
                AppendRecord::decode(apdu).map(Self::AppendRecord)
            }
            (Class::Interindustry, code::GENERATE_KEY_PAIR) if offered.has(Operation::GenerateKeyPair) => {
                GenerateKeyPair::decode(apdu).map(Self::GenerateKeyPair)
            }
            (Class::Interindustry, code::VERIFY) => Verify::decode(apdu).map(Self::Verify),
            (Class::Interindustry, code::CHANGE_REFERENCE_DATA) | (Class::Extended, code::CHANGE_KEY) => {
                ChangePin::decode(apdu).map(Self::ChangePin)
            }
            (Class::Extended, code::COMPUTE_SIGNATURE) => {
                ComputeSignature::decode(apdu, offered.has_ecdsa()).map(Self::ComputeSignature)
            }
            (Class::Interindustry, code::INTERNAL_AUTHENTICATE) => {
                InternalAuthenticate::decode(apdu).map(Self::InternalAuthenticate)
            }
            (Class::Interindustry, code::GET_CHALLENGE) => GetChallenge::decode(apdu).map(Self::GetChallenge),
            (Class::Interindustry, code::GET_DATA) => GetData::decode(apdu).map(Self::GetData),
            (Class::Extended, code::VERIFY_CERTIFICATE) => VerifyCertificate::decode(apdu).map(Self::VerifyCertificate),
            (Class::Extended, code::SET_SESSION_KEY) => SetSessionKey::decode(apdu).map(Self::SetSessionKey),
            (Class::Extended, code::ERASE_ALL_RECORDS) => Ok(Self::Issuer(Issuer::EraseAllRecords)),
            (Class::Extended, code::LOCK_DF) => Ok(Self::Issuer(Issuer::LockDf)),
            (Class::Extended, code::UNLOCK_DF) => Ok(Self::Issuer(Issuer::UnlockDf)),
            (Class::Extended, code::UNLOCK_KEY) => Ok(Self::Issuer(Issuer::UnlockKey)),
            (Class::Extended, code::MANAGE_ATTRIBUTES) => Issuer::manage_attributes(apdu).map(Self::Issuer),
            (Class::Interindustry, code::EXTERNAL_AUTHENTICATE) => {
                ExternalAuthenticate::decode(apdu).map(Self::ExternalAuthenticate)
            }
            (Class::Extended, code::LAST_COMMAND_INDICATOR) if offered.has_last_command() => {
                LastCommand::decode(apdu).map(Self::LastCommand)
            }
            (Class::Extended, code::LAST_COMMAND_INDICATOR) => rule::LAST_COMMAND_INDICATOR.refuse(),
            _ => rule::INSTRUCTION_UNKNOWN.refuse(),
        }
    }
}

impl fmt::Display for Instruction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Select(select) => select.fmt(f),
            Self::ReadBinary(read) => read.fmt(f),
            Self::ReadRecord(read) => read.fmt(f),
            Self::UpdateBinary(update) => update.fmt(f),
            Self::UpdateRecord(update) => update.fmt(f),
            Self::AppendRecord(append) => append.fmt(f),
            Self::ExternalAuthenticate(authenticate) => authenticate.fmt(f),
            Self::GenerateKeyPair(generate) => generate.fmt(f),
            Self::Verify(verify) => verify.fmt(f),
            Self::ChangePin(change) => change.fmt(f),
            Self::ComputeSignature(compute) => compute.fmt(f),
            Self::InternalAuthenticate(authenticate) => authenticate.fmt(f),
            Self::Issuer(issuer) => issuer.fmt(f),
            Self::GetChallenge(get) => get.fmt(f),
            Self::GetData(get) => get.fmt(f),
            Self::VerifyCertificate(verify) => verify.fmt(f),
            Self::SetSessionKey(set) => set.fmt(f),
            Self::LastCommand(last) => last.fmt(f),
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

/// The data field, which the instruction requires: at least one byte.
fn some_data<'a>(apdu: &CommandApdu<'a>) -> Result<&'a [u8], Refusal> {
    match apdu.data.is_empty() {
        true => rule::WRONG_LENGTH.refuse(),
        false => Ok(apdu.data),
    }
}

/// The Le field, which an instruction without response data requires to be absent.
fn no_le(apdu: &CommandApdu<'_>) -> Result<(), Refusal> {
    if apdu.ne.is_none() {
        Ok(())
    } else {
        rule::LE_NOT_TAKEN.refuse()
    }
}

/// The Le field, which the instruction requires: the most bytes to return.
fn expected(apdu: &CommandApdu<'_>) -> Result<usize, Refusal> {
    let ne = apdu.ne.ok_or(rule::WRONG_LENGTH.refusal())?;
    usize::try_from(ne).map_err(|_| rule::WRONG_LENGTH.refusal())
}
