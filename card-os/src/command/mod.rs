//! The way of a command: bytes, [`Class`], [`Instruction`], the file or key it acts on, access, effect, answer.
//!
//! [`Instruction`] and its parts say what a command asks for and see nothing of the card; the other modules carry it out,
//! one for each thing that instructions act on. Each step emits one [`Event`].

mod challenge;
mod context;
pub(crate) mod event;
mod external;
mod generate;
mod instruction;
mod issuer;
mod pin;
mod read;
mod secure_messaging;
mod select;
mod session_key;
mod sign;
mod terminal;
mod update;

use vmyna_apdu::CommandApdu;

use crate::rule::{self, Refusal};

pub(crate) use context::Context;
pub(crate) use event::{Event, Observer};
pub use instruction::*;

/// The way of a command, step by step; nothing of the card's state is touched before it is understood.
pub(crate) fn carry_out(command: &[u8], context: &mut Context<'_>) -> Result<(), Refusal> {
    let parsed = CommandApdu::parse(command);
    context.emit(&Event::Command {
        length: command.len(),
        apdu: parsed.as_ref().ok(),
    });
    let apdu = parsed.map_err(|_| rule::APDU_MALFORMED.refusal())?;
    match secure_messaging::open(&apdu, context)? {
        None => understand(&apdu, context),
        Some(secured) => {
            understand(&secured.plain(), context)?;
            secured.seal(context)
        }
    }
}

/// Understands a command in plain form and carries it out.
fn understand(apdu: &CommandApdu<'_>, context: &mut Context<'_>) -> Result<(), Refusal> {
    let application = context.application();
    let instruction = Instruction::decode(apdu, Offered::By(application))?;
    context.emit(&Event::Instruction(&instruction));
    if application.select.locked && !matches!(instruction, Instruction::Select(Select::Application { .. })) {
        return rule::APPLICATION_LOCKED.refuse();
    }
    if instruction.is_declared() {
        context.apply(&rule::INSTRUCTION_DECLARED);
    }
    instruction.execute(context)
}

impl Instruction<'_> {
    /// Whether it exists only because the selected application declares it.
    fn is_declared(&self) -> bool {
        match self {
            Self::UpdateBinary(_) | Self::UpdateRecord(_) | Self::AppendRecord(_) | Self::GenerateKeyPair(_) => true,
            Self::ComputeSignature(compute) => matches!(compute.scheme, Scheme::Ecdsa(_)),
            _ => false,
        }
    }

    /// Carries the instruction out.
    fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        match self {
            Self::Select(select) => select.execute(context),
            Self::ReadBinary(read) => read.execute(context),
            Self::ReadRecord(read) => read.execute(context),
            Self::UpdateBinary(update) => update.execute(context),
            Self::UpdateRecord(update) => update.execute(context),
            Self::AppendRecord(append) => append.execute(context),
            Self::ExternalAuthenticate(authenticate) => authenticate.execute(context),
            Self::GenerateKeyPair(generate) => generate.execute(context),
            Self::Verify(verify) => verify.execute(context),
            Self::ChangePin(change) => change.execute(context),
            Self::ComputeSignature(compute) => compute.execute(context),
            Self::InternalAuthenticate(authenticate) => authenticate.execute(context),
            Self::Issuer(issuer) => issuer.execute(),
            Self::GetChallenge(get) => get.execute(context),
            Self::GetData(get) => get.execute(context),
            Self::VerifyCertificate(verify) => verify.execute(context),
            Self::SetSessionKey(set) => set.execute(context),
            Self::LastCommand(_) => {
                context.apply(&rule::LAST_COMMAND);
                Ok(())
            }
        }
    }
}
