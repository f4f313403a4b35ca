//! Lists applications and files: names, kinds, sizes, who may do what, how certain that is. Never contents.

use std::io::{self, Write};

use vmyna_apdu::FileId;
use vmyna_card_os::access::Operation;
use vmyna_card_os::application::{Application, SecureSession};
use vmyna_card_os::file::File;
use vmyna_card_os::rule::Basis;

use super::{Item, words};
use crate::explain::access;
use crate::explain::language::{Language, say};

/// How it is told.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    pub(super) language: Language,
    /// With the source behind each certainty.
    pub(super) why: bool,
}

impl Manner {
    fn basis(self, basis: &Basis) -> String {
        let told = if self.why {
            access::basis(basis)
        } else {
            access::label(basis)
        };
        told.say(self.language).to_owned()
    }

    /// English and Japanese name, the one of the language first.
    fn names(self, name: &str, title: &str) -> String {
        let (first, second) = match self.language {
            Language::En => (name, title),
            Language::Ja => (title, name),
        };
        format!("{first}  {second}").trim().to_owned()
    }
}

/// An application with everything in it.
pub(super) fn application(out: &mut impl Write, application: &Application, manner: Manner) -> io::Result<()> {
    let (name, aid, title) = (&application.name, application.aid, &application.title);
    writeln!(out, "{name}  AID {aid}  {title}  {}", manner.basis(&application.basis))?;
    for file in &application.files {
        item(out, application, Item::File(file), manner)?;
    }
    for object in &application.data_objects {
        item(out, application, Item::Object(object), manner)?;
    }
    let language = manner.language;
    if let Some(key) = application.default_key {
        let told = say!(
            language,
            "key meant by P2=00 of COMPUTE DIGITAL SIGNATURE: {key}",
            "COMPUTE DIGITAL SIGNATUREのP2=00が指す鍵: {key}"
        );
        writeln!(out, "  {told}")?;
    }
    if let SecureSession::Offered { condition, basis, .. } = &application.secure_session {
        let need = access::need(application, Operation::SetSessionKey, Some(condition));
        let (need, basis) = (need.say(language), manner.basis(basis));
        let told = say!(language, "secure session: {need}", "セキュアセッション: {need}");
        writeln!(out, "  {told}  {basis}")?;
    }
    Ok(())
}

/// A file or an object, in two lines.
pub(super) fn item(out: &mut impl Write, application: &Application, item: Item<'_>, manner: Manner) -> io::Result<()> {
    let language = manner.language;
    let (access, basis) = match item {
        Item::File(file) => {
            let (id, form) = (file.id, words::form(&file.body, language));
            let (sfi, names) = (sfi(file, language), manner.names(&file.name, &file.title));
            writeln!(out, "  {id}  {}  {}  {names}", padded(&sfi, 8), padded(&form, 32))?;
            (&file.access, &file.basis)
        }
        Item::Object(object) => {
            let length = object.value.as_bytes().len();
            let form = say!(language, "{length} bytes", "{length}バイト");
            let names = manner.names(&object.name, &object.title);
            writeln!(out, "  {:04X}  GET DATA  {}  {names}", object.tag, padded(&form, 32))?;
            (&object.access, &object.basis)
        }
    };
    let (needs, basis) = (access::needs(application, access), manner.basis(basis));
    writeln!(out, "        {}  {basis}", needs.say(language))
}

/// The text with blanks behind it up to this width, where a Japanese letter is two columns wide.
fn padded(text: &str, width: usize) -> String {
    let columns: usize = text.chars().map(|letter| if letter.is_ascii() { 1 } else { 2 }).sum();
    format!("{text}{}", " ".repeat(width.saturating_sub(columns)))
}

/// The short identifier, for a file that has one.
fn sfi(file: &File, language: Language) -> String {
    let sfi = u8::try_from(file.id.value()).ok();
    match sfi.filter(|sfi| FileId::from_sfi(*sfi).is_some()) {
        Some(sfi) => format!("SFI {sfi}"),
        None => say!(language, "no SFI", "SFIなし"),
    }
}
