//! The published applications in the free area as declarations made by hand, in the order of `test-vectors/access.toml`.
//! Their contents are inventions.

use vmyna_apdu::{Aid, FileId};
use vmyna_card_os::declaration::{
    Access, Application, Body, Characters, Condition, File, Format, ObjectId, Operation, Pin, ReferenceData,
};
use vmyna_card_os::rule::{Basis, Certainty};

use super::bytes;

/// The driving licence and the application for foreign residents with its three DFs.
pub(crate) fn published() -> Vec<Application> {
    let top = residence("residence", "01", None, &[(0x0B, true), (0x0A, true)]);
    let below = [
        ("residence-df1", "02", &[1, 3, 4, 6][..]),
        ("residence-df2", "03", &[1, 2, 3]),
        ("residence-df3", "04", &[2]),
    ];
    let below = below.map(|(name, number, files)| {
        let files: Vec<_> = files.iter().map(|id| (*id, false)).collect();
        residence(name, number, Some(top.aid), &files)
    });
    [licence(), top].into_iter().chain(below).collect()
}

fn basis(certainty: Certainty) -> Basis {
    Basis::new(certainty, "test-vectors/access.toml")
}

fn file(id: u16, body: Body, access: Access, certainty: Certainty) -> File {
    File::new(
        FileId::new(id),
        format!("file {id:04X}"),
        "",
        body,
        access,
        basis(certainty),
    )
}

fn readable(id: u16, condition: Condition, certainty: Certainty) -> File {
    let content = Body::Transparent(vec![0xC1, 2, 0x54, id as u8].into());
    file(id, content, Access::read(condition), certainty)
}

fn reference(id: u16, body: Body) -> File {
    let to_try = Access::NONE.with(Operation::Verify, Condition::Always);
    file(id, body, to_try, Certainty::Assumed)
}

fn verified(id: u16) -> Condition {
    Condition::Verified(FileId::new(id))
}

fn application(aid: &str, name: &'static str, files: Vec<File>) -> Application {
    Application::new(Aid::new(&bytes(aid)).unwrap(), name, "", basis(Certainty::Documented)).with_files(files)
}

fn licence() -> Application {
    let pin = Pin::new(ReferenceData::new(b"1234"), Format::digits(4), 10);
    let files = vec![
        reference(0x06, Body::Pin(pin)),
        readable(0x1A, Condition::Always, Certainty::Measured),
        readable(0x1B, verified(0x06), Certainty::Documented),
        readable(0x1C, verified(0x06), Certainty::Documented),
    ];
    application("A0000002310600000000000000000000", "driving-licence", files)
}

/// The application, or a DF of it. Each file is free or needs the number.
fn residence(name: &'static str, number: &str, parent: Option<Aid>, files: &[(u16, bool)]) -> Application {
    let format = Format {
        characters: Characters::UpperCaseAndDigits,
        min: 12,
        max: 12,
    };
    let (at, pin) = match parent {
        None => (
            0x06,
            Body::Pin(Pin::new(ReferenceData::new(b"TE00000000ST"), format, 10)),
        ),
        Some(aid) => {
            let file = FileId::new(0x06);
            (0x16, Body::SharedPin(ObjectId { aid, file }))
        }
    };
    let files = files.iter().map(|(id, free)| match free {
        true => readable(*id, Condition::Always, Certainty::Assumed),
        false => readable(*id, verified(at), Certainty::Documented),
    });
    let files = files.chain([reference(at, pin)]).collect();
    application(&format!("D392F0004F{number}00000000000000000000"), name, files).with_parent(parent)
}
