//! READ BINARY, READ RECORD and GET DATA: what a file or data object holds.

use super::context::Context;
use super::instruction::{GetData, ReadBinary, ReadRecord};
use crate::declaration::Operation;
use crate::rule::{self, Refusal};

impl ReadBinary {
    pub(super) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        let target = context.resolve(self.file)?;
        let declared = target.transparent()?;
        context.require(target, Operation::Read)?;
        let content = context.persistent.content(target.object(), declared);
        match content.get(self.offset..) {
            None | Some([]) => rule::READ_OUTSIDE.refuse(),
            Some(rest) => {
                let short = rest.len() < self.length;
                context.response.extend(&rest[..rest.len().min(self.length)]);
                context.apply_all([short.then_some(&rule::READ_SHORT)]);
                Ok(())
            }
        }
    }
}

impl ReadRecord {
    pub(super) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        let target = context.resolve(self.file)?;
        let declared = target.records()?;
        context.require(target, Operation::Read)?;
        let first = usize::from(self.number)
            .checked_sub(1)
            .ok_or(rule::RECORD_NOT_FOUND.refusal())?;
        let records = context.persistent.records(target.object(), declared);
        let wanted = match records.get(first..) {
            None | Some([]) => return rule::RECORD_NOT_FOUND.refuse(),
            Some(rest) if self.to_last => rest,
            Some(rest) => &rest[..1],
        };
        let bytes = wanted.iter().copied().flatten();
        let length: usize = wanted.iter().map(|record| record.len()).sum();
        context.response.extend(bytes.take(self.length));
        context.apply_all([
            self.to_last.then_some(&rule::RECORD_ALL),
            (length > self.length).then_some(&rule::RECORD_SHORT),
        ]);
        Ok(())
    }
}

impl GetData {
    pub(super) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        let application = context.application();
        let Some(object) = application.data_objects.iter().find(|object| object.tag == self.tag) else {
            return rule::DATA_OBJECT_ABSENT.refuse();
        };
        context.require_access(
            (Some(object.tag), &object.name),
            (&object.access, &object.basis),
            Operation::Read,
        )?;
        let value = object.value.as_bytes();
        if value.len() > self.length {
            return rule::DATA_OBJECT_LONGER.refuse();
        }
        context.response.extend(value);
        Ok(())
    }
}
