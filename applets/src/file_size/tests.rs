use vmyna_card_os::declaration::Application;
use vmyna_card_os::rule::Certainty;

use super::*;
use crate::issued::IssuedCard;
use crate::{Profile, specimen};

fn exact(name: &str) -> IssuedCard {
    specimen::find(name).unwrap().unwrap().with_file_sizes(Vec::new())
}

fn real(name: &str) -> IssuedCard {
    exact(name).with_file_sizes(Profile::contact().file_sizes)
}

fn content(application: &Application, file: u16) -> Vec<u8> {
    match &application.file(FileId::new(file)).unwrap().body {
        Body::Transparent(content) => content.as_bytes().to_vec(),
        other => panic!("{other:?}"),
    }
}

fn transparent(card: &IssuedCard) -> Vec<(Aid, File)> {
    let mut files = Vec::new();
    for application in card.applications() {
        let of = |file: &File| matches!(file.body, Body::Transparent(_));
        files.extend(
            application
                .files
                .iter()
                .filter(|file| of(file))
                .map(|file| (application.aid, file.clone())),
        );
    }
    files
}

#[test]
fn four_files_have_the_sizes_that_were_seen_and_zeros_behind_their_objects() {
    let (exact, real) = (exact("hanako"), real("hanako"));
    let (exact, real) = (&exact.applications()[1], &real.applications()[1]);
    assert_eq!(real.aid, JPKI);
    for (file, size, certainty) in [
        (0x0001, 3808, Certainty::Measured),
        (0x0002, 1900, Certainty::Measured),
        (0x000A, 3808, Certainty::Measured),
        (0x000B, 1900, Certainty::Assumed),
    ] {
        let (object, whole) = (content(exact, file), content(real, file));
        assert_eq!(whole.len(), size, "EF {file:04X}");
        assert!(whole.starts_with(&object) && object.len() < size);
        assert!(whole[object.len()..].iter().all(|byte| *byte == 0), "EF {file:04X}");
        let file = real.file(FileId::new(file)).unwrap();
        assert_eq!(file.object().unwrap(), object);
        assert_eq!(
            file.extent.as_ref().unwrap().basis.certainty,
            certainty,
            "EF {}",
            file.id
        );
    }
}

#[test]
fn every_other_file_is_as_long_as_what_it_holds() {
    for name in specimen::names().unwrap() {
        for ((aid, exact), (_, real)) in transparent(&exact(name)).into_iter().zip(transparent(&real(name))) {
            let length = |file: &File| match &file.body {
                Body::Transparent(content) => content.as_bytes().len(),
                _ => 0,
            };
            let padded = aid == JPKI && [0x0001, 0x0002, 0x000A, 0x000B].contains(&exact.id.value());
            assert_eq!(length(&exact) != length(&real), padded, "{name} EF {}", exact.id);
        }
    }
}

#[test]
fn every_transparent_file_has_a_row_with_the_source_of_its_size_and_every_row_a_file() {
    let files: Vec<_> = transparent(&real("hanako"))
        .iter()
        .map(|(aid, file)| (*aid, file.id.value()))
        .collect();
    let mut rows: Vec<_> = ROWS.iter().map(|row| (row.aid, row.file)).collect();
    assert_eq!(rows.len(), files.len());
    rows.retain(|row| !files.contains(row));
    assert!(rows.is_empty(), "{rows:?}");
    for (_, file) in transparent(&real("hanako")) {
        assert!(!file.extent.unwrap().basis.source.is_empty(), "EF {}", file.id);
    }
}

#[test]
fn the_files_that_were_read_to_their_physical_end_have_that_length() {
    let physical = [
        (JPKI, 6, 160),
        (JPKI, 8, 3),
        (INPUT_ASSIST, 1, 17),
        (INPUT_ASSIST, 8, 16),
        (FACE_INFO, 6, 16),
    ];
    for card in [exact("hanako"), real("reference")] {
        for (aid, id, length) in physical {
            let files = transparent(&card);
            let (_, file) = files
                .iter()
                .find(|(of, file)| *of == aid && file.id.value() == id)
                .unwrap();
            assert!(matches!(&file.body, Body::Transparent(content) if content.as_bytes().len() == length));
            assert_eq!(file.extent.as_ref().unwrap().basis.certainty, Certainty::Measured);
        }
    }
    // Twelve digits in an object; its filler is a part of the contents.
    let (_, number) = transparent(&real("hanako"))
        .into_iter()
        .find(|(aid, _)| *aid == INPUT_ASSIST)
        .unwrap();
    assert_eq!(number.object().unwrap().len(), 15);
}

#[test]
fn a_card_that_was_issued_exact_is_labelled_so() {
    for (aid, file) in transparent(&exact("hanako")) {
        let basis = &file.extent.as_ref().unwrap().basis;
        let padded = aid == JPKI && [0x0001, 0x0002, 0x000A, 0x000B].contains(&file.id.value());
        assert_eq!(basis.source == AS_ISSUED, padded, "EF {}", file.id);
    }
}

#[test]
fn a_file_is_never_shorter_than_what_it_holds_nor_longer_than_a_command_reaches() {
    let file = FileId::new(0x000A);
    let short = FileSize::new(JPKI, file, 10, 0x5A).unwrap();
    let card = exact("hanako").with_file_sizes(vec![short]);
    let held = card.jpki.auth.clone().unwrap().certificate;
    assert_eq!(content(&card.applications()[1], 0x000A), held);
    assert!(FileSize::new(JPKI, file, 0x8001, 0).is_none());
    let longest = FileSize::new(JPKI, file, 0x8000, 0xFF).unwrap();
    let applications = exact("hanako").with_file_sizes(vec![longest]).applications();
    assert_eq!(content(&applications[1], 0x000A).len(), 0x8000);
    vmyna_card_os::declaration::check(&applications).unwrap();
}
