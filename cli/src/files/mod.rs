//! `vmyna files`: the applications and files of a card, what one file holds, its bytes, or its data object.
//!
//! The command shows a file whatever its access conditions are, but never the value of a PIN or of a private key. The list
//! shows no contents.

pub(crate) mod args;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::io::{self, Write};
use std::str::FromStr;

use vmyna_apdu::{Language, say};
use vmyna_card_os::declaration::{Application, Body, File, ObjectId};
use vmyna_explain::files::{self, Item, List};

use crate::failure::Failure;
use crate::output;

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

/// Runs the command.
pub(crate) fn run(arguments: &args::Files) -> Result<(), Failure> {
    let list = List::new(arguments.lang).with_sources(arguments.why);
    let card = arguments.card.find()?;
    let applications = card.applications();
    let changed = arguments.card.changed_since()?;
    let Some(path) = &arguments.path else {
        for application in &applications {
            note(&changed, application, None, arguments.lang);
        }
        let mut out = output::text();
        for (at, application) in applications.iter().enumerate() {
            if at > 0 {
                writeln!(out)?;
            }
            write_lines(&mut out, &list.application(application))?;
        }
        return Ok(out.flush()?);
    };
    let application = find_application(&applications, &path.application)?;
    let item = path
        .file
        .as_deref()
        .map(|file| find_item(application, file))
        .transpose()?;
    note(&changed, application, item, arguments.lang);
    let mut out = output::text();
    match item {
        None if arguments.raw || arguments.object => {
            let option = if arguments.raw { "--raw" } else { "--object" };
            return Err(Failure::Usage(format!(
                "{option} writes one file: name it after the application, as in jpki/000A"
            )));
        }
        None => write_lines(&mut out, &list.application(application))?,
        Some(item) if arguments.raw || arguments.object => {
            let to_terminal = output::is_terminal();
            let bytes = match arguments.raw {
                true => raw(application, item, to_terminal)?,
                false => object(application, item, to_terminal)?,
            };
            let mut out = output::data();
            out.write_all(&bytes)?;
            return Ok(out.flush()?);
        }
        Some(item) => {
            write_lines(&mut out, &list.item(application, item))?;
            writeln!(out)?;
            write_lines(&mut out, &files::content(application, item, arguments.lang))?;
            write_lines(&mut out, hint(item, arguments.lang).as_slice())?;
        }
    }
    Ok(out.flush()?)
}

/// Says which of the files that are shown commands have changed: they hold something else now.
fn note(changed: &BTreeSet<ObjectId>, application: &Application, item: Option<Item<'_>>, language: Language) {
    for file in &application.files {
        let is_shown = item.is_none_or(|item| matches!(item, Item::File(shown) if shown.id == file.id));
        let object = ObjectId {
            aid: application.aid,
            file: file.id,
        };
        if is_shown && changed.contains(&object) {
            let place = format!("{}/{} ({})", application.name, file.id, file.name);
            output::say(&say!(
                language,
                "{place}: commands have changed it since; this is what it was before. Read it with `vmyna apdu`",
                "{place}: コマンドで変更済み。ここに示すのは変更前のもの。今の内容は `vmyna apdu` で読める"
            ));
        }
    }
}

fn write_lines(out: &mut impl Write, lines: &[String]) -> io::Result<()> {
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}

/// The command that shows more about this item.
fn hint(item: Item<'_>, language: Language) -> Option<String> {
    match item {
        Item::File(File { body: Body::Pin(_), .. }) => Some(say!(
            language,
            "`vmyna pin` shows the tries left",
            "残り試行回数は `vmyna pin` で分かる"
        )),
        _ => None,
    }
}

/// The bytes of a file that can be read.
fn raw(application: &Application, item: Item<'_>, to_terminal: bool) -> Result<Vec<u8>, Failure> {
    let Some(bytes) = item.bytes() else {
        let (application, id, kind) = (&application.name, item.id(), item.kind());
        return Err(Failure::Usage(format!(
            "{application}/{id:04X} is a {kind}: its value is never shown"
        )));
    };
    unless_terminal(to_terminal, "--raw")?;
    Ok(bytes)
}

/// The data object of a file that can be read.
fn object(application: &Application, item: Item<'_>, to_terminal: bool) -> Result<Vec<u8>, Failure> {
    let all = raw(application, item, false)?;
    let Some(object) = item.object() else {
        let (application, id, length) = (&application.name, item.id(), all.len());
        return Err(Failure::Usage(format!(
            "{application}/{id:04X} is no data object: --raw writes its {length} bytes"
        )));
    };
    unless_terminal(to_terminal, "--object")?;
    Ok(object.to_vec())
}

fn unless_terminal(to_terminal: bool, option: &str) -> Result<(), Failure> {
    match to_terminal {
        true => Err(Failure::Usage(format!(
            "{option} writes binary data: redirect standard output to a file or a program"
        ))),
        false => Ok(()),
    }
}

/// The application with this name, title or AID.
fn find_application<'a>(applications: &'a [Application], wanted: &str) -> Result<&'a Application, Failure> {
    files::find_application(applications, wanted).ok_or_else(|| {
        let known = applications.iter().map(|application| {
            let Application { name, title, aid, .. } = application;
            format!("\n  {name}  {aid}  {title}")
        });
        let known: String = known.collect();
        Failure::Usage(format!("this card has no application {wanted:?}; it has:{known}"))
    })
}

/// The file or data object with this identifier or name.
fn find_item<'a>(application: &'a Application, wanted: &str) -> Result<Item<'a>, Failure> {
    Item::find(application, wanted).ok_or_else(|| {
        let files = application.files.iter();
        let files = files.map(|file| format!("\n  {}  {}", file.id, file.name));
        let objects = application.data_objects.iter();
        let objects = objects.map(|object| format!("\n  {:04X}  {} (GET DATA)", object.tag, object.name));
        let known: String = files.chain(objects).collect();
        let name = &application.name;
        Failure::Usage(format!("application {name} has no file {wanted:?}; it has:{known}"))
    })
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
    fn every_file_and_object_is_found_by_identifier_and_name() {
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
    fn bytes_are_not_written_to_a_terminal_and_secrets_nowhere() {
        let applications = applications();
        let jpki = find_application(&applications, "jpki").unwrap();
        let certificate = find_item(jpki, "000A").unwrap_or_else(|failure| panic!("{failure}"));
        assert!(matches!(raw(jpki, certificate, true), Err(Failure::Usage(text)) if text.contains("redirect")));
        assert!(matches!(object(jpki, certificate, true), Err(Failure::Usage(text)) if text.contains("redirect")));
        let (all, der) = (
            raw(jpki, certificate, false).unwrap(),
            object(jpki, certificate, false).unwrap(),
        );
        assert_eq!((all.len(), der.len()), (3808, 1590));
        assert!(der.starts_with(&[0x30, 0x82]) && all.starts_with(&der));
        let token = find_item(jpki, "0006").unwrap_or_else(|failure| panic!("{failure}"));
        assert!(matches!(object(jpki, token, false), Err(Failure::Usage(text)) if text.contains("160 bytes")));
        for secret in ["0017", "0018", "001A", "001B"] {
            let item = find_item(jpki, secret).unwrap_or_else(|failure| panic!("{failure}"));
            assert!(matches!(raw(jpki, item, false), Err(Failure::Usage(_))), "{secret}");
            assert!(matches!(object(jpki, item, false), Err(Failure::Usage(_))), "{secret}");
        }
    }

    #[test]
    fn a_path_is_an_application_or_a_file_in_it() {
        assert_eq!(path("jpki"), path("jpki/"));
        assert_eq!(path("jpki/000A").file.as_deref(), Some("000A"));
        assert_eq!(path("jpki/ auth PIN ").file.as_deref(), Some("auth PIN"));
    }
}
