//! `vmyna files`: the applications and files of a card, what one file holds, or its bytes.
//!
//! Who asks for a file is shown it whatever the card's access conditions say, but never the value of a PIN or of a private
//! key. The list shows no contents.

mod certificate;
mod content;
mod list;
mod meaning;
mod record;
mod tree;
mod value;
mod words;

use std::convert::Infallible;
use std::io::{self, IsTerminal, Write};
use std::str::FromStr;

use vmyna_card_os::application::{Application, DataObject};
use vmyna_card_os::file::{Body, File};

use crate::args;
#[cfg(test)]
use crate::explain::language::Language;
use crate::failure::Failure;
use vmyna_apdu::hex;

/// `AP` or `AP/EF`, as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FilePath {
    application: String,
    file: Option<String>,
}

impl FromStr for FilePath {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let (application, file) = text.split_once('/').unwrap_or((text, ""));
        Ok(Self {
            application: application.trim().to_owned(),
            file: Some(file.trim().to_owned()).filter(|file| !file.is_empty()),
        })
    }
}

/// What can hold something: a file, or an object of GET DATA.
#[derive(Clone, Copy)]
enum Item<'a> {
    File(&'a File),
    Object(&'a DataObject),
}

/// Runs the command.
pub(crate) fn run(arguments: &args::Files) -> Result<(), Failure> {
    let manner = list::Manner {
        language: arguments.lang,
        why: arguments.why,
    };
    let card = arguments.card.issued()?;
    let applications = card.applications();
    let mut out = io::stdout().lock();
    let Some(path) = &arguments.path else {
        for (at, application) in applications.iter().enumerate() {
            if at > 0 {
                writeln!(out)?;
            }
            list::application(&mut out, application, manner)?;
        }
        return Ok(out.flush()?);
    };
    let application = find_application(&applications, &path.application)?;
    let item = path
        .file
        .as_deref()
        .map(|file| find_item(application, file))
        .transpose()?;
    match item {
        None if arguments.raw => {
            return Err(Failure::Usage(
                "--raw writes one file: name it behind the application, as in jpki/000A".to_owned(),
            ));
        }
        None => list::application(&mut out, application, manner)?,
        Some(item) if arguments.raw => out.write_all(&raw(application, item, io::stdout().is_terminal())?)?,
        Some(item) => {
            list::item(&mut out, application, item, manner)?;
            writeln!(out)?;
            for line in content::lines(application, item, arguments.lang) {
                writeln!(out, "{line}")?;
            }
        }
    }
    Ok(out.flush()?)
}

/// The bytes of a file that can be read.
fn raw(application: &Application, item: Item<'_>, to_terminal: bool) -> Result<Vec<u8>, Failure> {
    let bytes = match item {
        Item::Object(object) => object.value.as_bytes().to_vec(),
        Item::File(file) => match &file.body {
            Body::Transparent(content) => content.as_bytes().to_vec(),
            Body::Records(records) => records.iter().flat_map(|record| record.as_bytes()).copied().collect(),
            _ => {
                let (application, id, kind) = (&application.name, file.id, words::kind(&file.body));
                return Err(Failure::Usage(format!(
                    "{application}/{id} is a {kind}: its value is never shown"
                )));
            }
        },
    };
    if to_terminal {
        return Err(Failure::Usage(
            "--raw writes bytes that are no text: redirect standard output to a file or a program".to_owned(),
        ));
    }
    Ok(bytes)
}

/// The application of this name, title or AID.
fn find_application<'a>(applications: &'a [Application], wanted: &str) -> Result<&'a Application, Failure> {
    let aid = hex::decode(wanted).unwrap_or_default();
    let is_wanted = |application: &&Application| {
        application.name.eq_ignore_ascii_case(wanted)
            || application.title == wanted
            || application.aid.as_bytes() == aid
    };
    applications.iter().find(is_wanted).ok_or_else(|| {
        let known = applications.iter().map(|application| {
            let Application { name, title, aid, .. } = application;
            format!("\n  {name}  {aid}  {title}")
        });
        let known: String = known.collect();
        Failure::Usage(format!("this card has no application {wanted:?}; it has:{known}"))
    })
}

/// The file or object of this identifier or name. Identifiers come before names, files before objects.
fn find_item<'a>(application: &'a Application, wanted: &str) -> Result<Item<'a>, Failure> {
    let number = u16::from_str_radix(wanted, 16).ok().filter(|_| wanted.len() == 4);
    let (files, objects) = (&application.files, &application.data_objects);
    let same = |name: &str| !name.is_empty() && name.to_lowercase() == wanted.to_lowercase();
    let by_number = || {
        let file = files
            .iter()
            .find(|file| Some(file.id.value()) == number)
            .map(Item::File);
        file.or_else(|| {
            objects
                .iter()
                .find(|object| Some(object.tag) == number)
                .map(Item::Object)
        })
    };
    let by_name = || {
        let file = files
            .iter()
            .find(|file| same(&file.name) || same(&file.title))
            .map(Item::File);
        let is_wanted = |object: &&DataObject| same(&object.name) || same(&object.title);
        file.or_else(|| objects.iter().find(is_wanted).map(Item::Object))
    };
    by_number().or_else(by_name).ok_or_else(|| {
        let files = files.iter().map(|file| format!("\n  {}  {}", file.id, file.name));
        let objects = objects
            .iter()
            .map(|object| format!("\n  {:04X}  {} (GET DATA)", object.tag, object.name));
        let known: String = files.chain(objects).collect();
        let name = &application.name;
        Failure::Usage(format!("application {name} has no file {wanted:?}; it has:{known}"))
    })
}

/// The list of an application with its sources, for the test that holds its words to those of `explain`.
#[cfg(test)]
pub(crate) fn list_for_test(out: &mut Vec<u8>, application: &Application, language: Language) {
    list::application(out, application, list::Manner { language, why: true }).unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::hanako;

    fn applications() -> Vec<Application> {
        hanako().applications()
    }

    fn path(text: &str) -> FilePath {
        text.parse().unwrap_or_else(|never: Infallible| match never {})
    }

    #[test]
    fn every_file_and_object_of_every_application_is_found_by_its_identifier_and_its_name() {
        let applications = applications();
        for application in &applications {
            let aid = application.aid.to_string();
            for name in [&application.name, &application.title, aid.as_str()] {
                assert_eq!(find_application(&applications, name).unwrap().aid, application.aid);
            }
            for file in &application.files {
                for name in [&file.id.to_string(), file.name.as_ref(), file.title.as_ref()] {
                    assert!(
                        matches!(find_item(application, name), Ok(Item::File(found)) if found.id == file.id),
                        "{name}"
                    );
                }
            }
            for object in &application.data_objects {
                for name in [
                    &format!("{:04x}", object.tag),
                    object.name.as_ref(),
                    object.title.as_ref(),
                ] {
                    let found = find_item(application, name);
                    assert!(
                        matches!(found, Ok(Item::Object(found)) if found.tag == object.tag),
                        "{name}"
                    );
                }
            }
        }
    }

    #[test]
    fn bytes_do_not_go_to_a_terminal_and_secrets_go_nowhere() {
        let applications = applications();
        let jpki = find_application(&applications, "jpki").unwrap();
        let certificate = find_item(jpki, "000A").unwrap_or_else(|failure| panic!("{failure}"));
        assert!(matches!(raw(jpki, certificate, true), Err(Failure::Usage(text)) if text.contains("redirect")));
        assert!(raw(jpki, certificate, false).unwrap().starts_with(&[0x30, 0x82]));
        for secret in ["0017", "0018", "001A", "001B"] {
            let item = find_item(jpki, secret).unwrap_or_else(|failure| panic!("{failure}"));
            assert!(matches!(raw(jpki, item, false), Err(Failure::Usage(_))), "{secret}");
        }
    }

    #[test]
    fn a_path_is_an_application_and_perhaps_a_file() {
        assert_eq!(path("jpki"), path("jpki/"));
        assert_eq!(path("jpki/000A").file.as_deref(), Some("000A"));
        assert_eq!(path("jpki/ auth PIN ").file.as_deref(), Some("auth PIN"));
    }
}
