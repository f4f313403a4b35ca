//! Shows a file of data objects as a tree: each tag with its meaning, length and value.

use vmyna_apdu::{Aid, Language, say};
use vmyna_applets::cv::KeyId;
use vmyna_card_os::tlv::Tlv;

use super::meaning::{self, Form};
use super::value;

/// The depth to which nested objects are shown. No file of the card has more than three levels.
const DEEPEST: usize = 8;

/// Identifies a file or data object: its application, and its identifier or tag.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) application: Aid,
    pub(crate) id: u16,
}

/// The lines of a file that is made of objects, perhaps with filler after them; `None` for another file.
pub(crate) fn lines(place: Place, file: &[u8], language: Language) -> Option<Vec<String>> {
    let (objects, filler) = read(file)?;
    let mut lines = Vec::new();
    for object in &objects {
        add((place, language), object, 0, &mut lines);
    }
    lines.extend(value::filler(filler, language));
    Some(lines)
}

/// The objects of a file, at least one, and the filler.
fn read(file: &[u8]) -> Option<(Vec<Tlv<'_>>, &[u8])> {
    let (mut objects, mut rest) = (Vec::new(), file);
    while !rest.is_empty() && value::filler(rest, Language::En).is_none() {
        let (object, behind) = Tlv::read(rest).ok()?;
        objects.push(object);
        rest = behind;
    }
    (!objects.is_empty()).then_some((objects, rest))
}

fn add((place, language): (Place, Language), object: &Tlv<'_>, depth: usize, lines: &mut Vec<String>) {
    let unknown = if object.is_constructed() {
        Form::Objects
    } else {
        Form::Any
    };
    let (name, form) = meaning::of(place.application, place.id, object.tag)
        .map_or(("", unknown), |meaning| (meaning.name(language), meaning.form));
    let tag = match object.tag {
        tag @ 0..0x100 => format!("{tag:02X}"),
        tag => format!("{tag:04X}"),
    };
    let name = if name.is_empty() {
        String::new()
    } else {
        format!(" {name}")
    };
    let head = format!("{}{tag}{name} [{}]", "  ".repeat(depth), object.value.len());
    match form {
        Form::Objects if depth < DEEPEST => {
            if let Ok(inner @ [_, ..]) = Tlv::read_all(object.value).as_deref() {
                lines.push(head);
                inner
                    .iter()
                    .for_each(|object| add((place, language), object, depth + 1, lines));
                return;
            }
        }
        Form::CertificateBody => {
            if let Some(body) = certificate_body((place, language), object.value, depth + 1) {
                lines.push(head);
                lines.extend(body);
                return;
            }
        }
        _ => {}
    }
    let form = if form == Form::Objects { Form::Any } else { form };
    lines.push(format!("{head}: {}", value::shown(object.value, form, language)));
}

/// The issuer and the subject, which have no tags, and the public key.
fn certificate_body((place, language): (Place, Language), body: &[u8], depth: usize) -> Option<Vec<String>> {
    let (issuer, rest) = body.split_at_checked(KeyId::LENGTH)?;
    let (subject, key) = rest.split_at_checked(KeyId::LENGTH)?;
    let indent = "  ".repeat(depth);
    let (issuer, subject) = (value::key_id(issuer)?, value::key_id(subject)?);
    let mut lines = vec![
        say!(language, "{indent}issuer: {issuer}", "{indent}発行者: {issuer}"),
        say!(language, "{indent}subject: {subject}", "{indent}被証明者: {subject}"),
    ];
    for object in Tlv::read_all(key).ok()? {
        add((place, language), &object, depth, &mut lines);
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specimen::hanako;
    use proptest::prelude::*;
    use vmyna_apdu::FileId;
    use vmyna_applets::{card_manager, face_info, input_assist};
    use vmyna_card_os::declaration::Body;

    fn tree_of(application: Aid, id: u16, language: Language) -> String {
        let applications = hanako().applications();
        let declared = applications
            .iter()
            .find(|declared| declared.aid == application)
            .unwrap();
        let object = declared.data_objects.iter().find(|object| object.tag == id);
        let bytes = match declared.file(FileId::new(id)).map(|file| &file.body) {
            Some(Body::Transparent(content)) => content.as_bytes(),
            _ => object.unwrap().value.as_bytes(),
        };
        lines(Place { application, id }, bytes, language).unwrap().join("\n")
    }

    #[test]
    fn every_tag_of_the_cards_files_has_a_meaning() {
        let files = (1..=7).map(|id| (input_assist::AID, id));
        let files = files.chain((1..=5).map(|id| (face_info::AID, id)));
        let files = files.chain([0x0066, 0x00F8, 0x7F21].map(|id| (card_manager::AID, id)));
        for (application, id) in files {
            for language in [Language::En, Language::Ja] {
                let tree = tree_of(application, id, language);
                for line in tree.lines() {
                    let words: Vec<_> = line.split_whitespace().collect();
                    assert!(words.len() > 2 || words[0].ends_with(':'), "{id:04X}: {line}\n{tree}");
                    assert!(!words[1].starts_with('['), "{id:04X}: {line}");
                }
            }
        }
    }

    #[test]
    fn a_tag_in_an_unknown_application_has_no_meaning() {
        let application = Aid::new(&[0xF0, 1, 2]).unwrap();
        let file = [0xFF, 0x20, 4, 0xDF, 0x22, 1, b'A', 0xFF, 0xFF];
        let tree = lines(Place { application, id: 2 }, &file, Language::En).unwrap();
        assert_eq!(tree, ["FF20 [4]", "  DF22 [1]: \"A\"", "filler: 2 x FF"]);
    }

    proptest! {
        #[test]
        fn no_file_makes_it_panic(file in proptest::collection::vec(any::<u8>(), 0..200), deep in 0usize..60) {
            let place = Place { application: face_info::AID, id: 2 };
            let _ = lines(place, &file, Language::En);
            let mut nested = file;
            for _ in 0..deep {
                let mut outer = Vec::new();
                Tlv { tag: 0xFF40, value: &nested }.write(&mut outer).unwrap();
                nested = outer;
            }
            let _ = lines(place, &nested, Language::Ja);
        }
    }
}
