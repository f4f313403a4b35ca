//! UPDATE BINARY, UPDATE RECORD and APPEND RECORD: one change of the state each, which happens whole or not at all.

use super::context::{Context, Target};
use super::instruction::{AppendRecord, Reference, UpdateBinary, UpdateRecord};
use crate::declaration::{Content, Operation};
use crate::rule::{self, Refusal};
use crate::state::Change;

impl UpdateBinary<'_> {
    pub(super) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        let target = context.resolve(self.file)?;
        let declared = target.transparent()?;
        context.require(target, Operation::UpdateBinary)?;
        let object = target.object();
        let content = context.persistent.content(object, declared);
        if self.offset >= content.len() {
            return rule::UPDATE_OUTSIDE.refuse();
        }
        let Some(behind) = content.get(self.offset + self.data.len()..) else {
            return rule::UPDATE_OVER_END.refuse();
        };
        let content = Content::from([&content[..self.offset], self.data, behind].concat());
        context.keep(Change::FileContent { object, content })?;
        context.apply(&rule::UPDATE_BINARY);
        Ok(())
    }
}

impl UpdateRecord<'_> {
    pub(super) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        let (target, records) = records(context, self.file, Operation::UpdateRecord)?;
        if !(1..=records).contains(&usize::from(self.number)) {
            return rule::RECORD_NOT_FOUND.refuse();
        }
        keep_record(context, target, self.number, self.data)?;
        context.apply(&rule::UPDATE_RECORD);
        Ok(())
    }
}

impl AppendRecord<'_> {
    pub(super) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        let (target, records) = records(context, self.file, Operation::AppendRecord)?;
        let number = u8::try_from(records + 1).ok();
        let number = number.filter(|number| *number <= target.file.record_room().records);
        let number = number.ok_or(rule::APPEND_FULL.refusal())?;
        keep_record(context, target, number, self.data)?;
        context.apply(&rule::APPEND_RECORD);
        Ok(())
    }
}

/// The file of records on which the operation is allowed, and how many records it has.
fn records<'c>(
    context: &mut Context<'c>,
    file: Reference,
    operation: Operation,
) -> Result<(Target<'c>, usize), Refusal> {
    let target = context.resolve(file)?;
    let declared = target.records()?;
    context.require(target, operation)?;
    let records = context.persistent.records(target.object(), declared).len();
    Ok((target, records))
}

fn keep_record(context: &mut Context<'_>, target: Target<'_>, number: u8, data: &[u8]) -> Result<(), Refusal> {
    if data.len() > usize::from(target.file.record_room().length) {
        return rule::RECORD_LENGTH.refuse();
    }
    context.keep(Change::Record {
        object: target.object(),
        number,
        content: data.to_vec().into(),
    })
}
