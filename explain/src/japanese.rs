//! What a command asks for beside its object, in Japanese. card-os states the English.

use vmyna_card_os::command::{Instruction, Reference};

/// The current EF, where a command names no file.
const CURRENT_EF: &str = "カレントEF";

/// The amount or place of what is asked for; `None` where the name and the object are all.
pub(crate) fn detail(instruction: &Instruction<'_>) -> Option<String> {
    Some(match instruction {
        Instruction::ReadBinary(read) => format!("{}バイト目から{}バイト", read.offset, read.length),
        Instruction::ReadRecord(read) if read.to_last => format!("レコード{}から最後まで", read.number),
        Instruction::ReadRecord(read) => format!("レコード{}", read.number),
        Instruction::UpdateBinary(update) => format!("{}バイト目から{}バイト", update.offset, update.data.len()),
        Instruction::Verify(verify) => match verify.presented {
            Some(presented) => format!("{}バイト", presented.len()),
            None => "残り試行回数の照会".to_owned(),
        },
        Instruction::ComputeSignature(compute) => format!("入力{}バイト", compute.input.len()),
        Instruction::GetChallenge(get) => format!("{}バイト", get.length),
        _ => return None,
    })
}

/// The object of a command that names no file: the current EF, if the command acts on one.
pub(crate) fn unnamed(instruction: &Instruction<'_>) -> Option<&'static str> {
    let reference = match instruction {
        Instruction::ReadBinary(read) => Some(read.file),
        Instruction::ReadRecord(read) => Some(read.file),
        Instruction::UpdateBinary(update) => Some(update.file),
        Instruction::UpdateRecord(update) => Some(update.file),
        Instruction::AppendRecord(append) => Some(append.file),
        Instruction::Verify(verify) => Some(verify.file),
        Instruction::ChangePin(change) => Some(change.file),
        Instruction::ComputeSignature(compute) => compute.key,
        _ => None,
    };
    matches!(reference, Some(Reference::CurrentEf)).then_some(CURRENT_EF)
}
