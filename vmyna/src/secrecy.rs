//! The virtual card reports to its trace whether an answer, or what a command writes, is secret.

use vmyna_apdu::FileId;
use vmyna_apdu::instruction::writes;
use vmyna_card_os::declaration::Operation;
use vmyna_card_os::{Event, Observer};
use vmyna_reader_bridge::trace::Secrecy;

/// An observer that reports reads of files declared secret, and writes into them.
pub(super) fn reporting_to(secrecy: &Secrecy) -> Box<dyn Observer + Send> {
    let secrecy = secrecy.clone();
    Box::new(move |event: &Event<'_>| {
        if let Event::Command { apdu, .. } = event {
            // A command that the card refuses before it finds the file may hold what was meant for a secret one.
            secrecy.report(apdu.is_none_or(|apdu| writes(apdu.ins)));
        }
        if let Event::Access {
            application,
            object: (Some(id), name),
            verdict,
            ..
        } = event
            && matches!(
                verdict.operation,
                Operation::Read | Operation::UpdateBinary | Operation::UpdateRecord | Operation::AppendRecord
            )
        {
            // A data object's tag may be a file's identifier as well; the name distinguishes them.
            let file = application.file(FileId::new(*id)).filter(|file| file.name == *name);
            secrecy.report(file.is_some_and(|file| file.secret));
        }
    })
}
