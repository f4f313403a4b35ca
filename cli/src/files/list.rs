//! Lists applications and files: names, kinds, sizes, who may do what, how certain that is. Never contents.

use std::io::{self, Write};

use vmyna_card_os::application::{Application, SecureSession};
use vmyna_card_os::file::{File, FileId};

use super::{Item, words};

/// An application with everything in it.
pub(super) fn application(out: &mut impl Write, application: &Application, why: bool) -> io::Result<()> {
    let basis = words::basis(&application.basis, why);
    writeln!(
        out,
        "{}  AID {}  {}  {basis}",
        application.name, application.aid, application.title
    )?;
    for file in &application.files {
        item(out, application, Item::File(file), why)?;
    }
    for object in &application.data_objects {
        item(out, application, Item::Object(object), why)?;
    }
    if let Some(key) = application.default_key {
        writeln!(out, "  key meant by P2=00 of COMPUTE DIGITAL SIGNATURE: {key}")?;
    }
    if let SecureSession::Offered { condition, basis, .. } = &application.secure_session {
        let (when, basis) = (words::condition(application, condition), words::basis(basis, why));
        writeln!(out, "  secure session (SET SESSION KEY): {when}  {basis}")?;
    }
    Ok(())
}

/// A file or an object, in two lines.
pub(super) fn item(out: &mut impl Write, application: &Application, item: Item<'_>, why: bool) -> io::Result<()> {
    let (access, basis) = match item {
        Item::File(file) => {
            let (id, form) = (file.id, words::form(&file.body));
            let names = format!("{}  {}", file.name, file.title);
            writeln!(out, "  {id}  {:<8}  {form:<32}  {}", sfi(file), names.trim_end())?;
            (&file.access, &file.basis)
        }
        Item::Object(object) => {
            let form = format!("{} bytes", object.value.as_bytes().len());
            writeln!(out, "  {:04X}  GET DATA  {form:<32}  {}", object.tag, object.name)?;
            (&object.access, &object.basis)
        }
    };
    let (access, basis) = (words::access(application, access), words::basis(basis, why));
    writeln!(out, "        {access}  {basis}")
}

/// The short identifier, for a file that has one.
fn sfi(file: &File) -> String {
    let sfi = u8::try_from(file.id.value()).ok();
    match sfi.filter(|sfi| FileId::from_sfi(*sfi).is_some()) {
        Some(sfi) => format!("SFI {sfi}"),
        None => "no SFI".to_owned(),
    }
}
