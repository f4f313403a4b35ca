//! SELECT: makes an application or a file the current one, and answers with file control information where it is wanted.

use iso7816_tlv::ber::{Tag, Tlv, Value};

use super::context::Context;
use super::event::Event;
use super::instruction::Select;
use crate::rule::{self, Refusal};

impl Select<'_> {
    pub(super) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        let outcome = self.select(context);
        if outcome.is_err_and(|refusal| refusal.rule != &rule::SELECT_LOCKED) {
            context.apply(&rule::SELECT_FAILED);
        }
        outcome
    }

    fn select(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        match *self {
            Self::Application { name, next, fci } => select_application(context, name, next, fci),
            Self::File { id, fci } => {
                let target = context.select_file(id)?;
                context.apply_all([context.session.kept()]);
                answer_fci(context, fci, 0x83, &target.file.id.value().to_be_bytes());
                Ok(())
            }
            // Never a real MF: refused at power-up, and accepted in an application without any effect.
            Self::MasterFile if context.session.selected == 0 => rule::SELECT_MF_AT_ISD.refuse(),
            Self::MasterFile => {
                context.apply(&rule::SELECT_MF_IN_APPLICATION);
                Ok(())
            }
            Self::MasterFileById(_) => rule::SELECT_NO_MF.refuse(),
        }
    }
}

fn select_application(context: &mut Context<'_>, name: &[u8], next: bool, fci: Option<u32>) -> Result<(), Refusal> {
    let from = if next { context.session.selected + 1 } else { 0 };
    let selected = context.application();
    let first = context.names.find(name, from);
    let mut named = std::iter::successors(first, |place| context.names.find(name, place + 1));
    let found = named.find(|place| {
        let parent = context.applications[*place].parent;
        parent.is_none() || parent == selected.parent || parent == Some(selected.aid)
    });
    let found = match found {
        Some(found) => found,
        None if first.is_some() => return rule::SELECT_PARENT.refuse(),
        None => return rule::SELECT_UNKNOWN_AID.refuse(),
    };
    let again = found == context.session.selected;
    let secured = context.session.channel.is_some();
    let applied = context.session.select(found);
    if secured && !again {
        context.emit(&Event::SecureSession { open: false });
    }
    let application = context.application();
    context.emit(&Event::Selected { application, again });
    let partial = name.len() < application.aid.as_bytes().len();
    context.apply_all([
        next.then_some(&rule::SELECT_NEXT),
        (name.is_empty() && !next).then_some(&rule::SELECT_EMPTY_NAME),
        (partial && !name.is_empty()).then_some(&rule::SELECT_PARTIAL),
    ]);
    context.apply_all(applied);
    if application.select.locked {
        return rule::SELECT_LOCKED.refuse();
    }
    match (&application.select.fci, fci) {
        (Some(own), Some(wanted)) => {
            context.apply(&rule::SELECT_OWN_FCI);
            answer(context, own.as_bytes(), wanted);
        }
        _ => answer_fci(context, fci, 0x84, application.aid.as_bytes()),
    }
    Ok(())
}

/// Answers with the FCI template `6F { tag value }`, no more of it than is wanted.
fn answer_fci(context: &mut Context<'_>, wanted: Option<u32>, tag: u8, value: &[u8]) {
    let Some(wanted) = wanted else { return };
    context.apply(&rule::SELECT_FCI);
    // Fails only for a tag that contradicts the kind of its value; these two don't.
    let template = Tag::try_from(tag)
        .and_then(|tag| Tlv::new(tag, Value::Primitive(value.to_vec())))
        .and_then(|inner| Tlv::new(Tag::try_from(0x6Fu8)?, Value::Constructed(vec![inner])))
        .map(|template| template.to_vec())
        .unwrap_or_default();
    answer(context, &template, wanted);
}

/// Answers with no more of the file control information than is wanted.
fn answer(context: &mut Context<'_>, information: &[u8], wanted: u32) {
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    context.response.extend(information.iter().take(wanted));
}
