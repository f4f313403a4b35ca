//! Files that are broken or made to harm: refused with a sentence, never a crash, never memory for dots that aren't there.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use common::{convert, opj_compress, portrait};
use proptest::prelude::*;
use vmyna_photo::{PhotoError, decode, to_card};

const BUILT_IN: &[u8] = include_bytes!("../../issuance/src/pictures/photo.jp2");

/// A small file of each kind.
fn small_files() -> Vec<(&'static str, Vec<u8>)> {
    let ppm = portrait(100, 124).ppm();
    vec![
        ("png", convert(&ppm, &["-resize", "99x124!", "-colors", "12"], "png")),
        (
            "interlaced png",
            convert(&ppm, &["-interlace", "PNG", "-colors", "12"], "png"),
        ),
        ("jpeg", convert(&ppm, &["-quality", "40"], "jpg")),
        (
            "progressive jpeg",
            convert(&ppm, &["-quality", "40", "-interlace", "JPEG"], "jpg"),
        ),
        ("jp2", opj_compress(&ppm, &["-r", "40"], "jp2")),
        ("j2k", opj_compress(&ppm, &["-r", "40", "-I"], "j2k")),
        ("a card's photo", BUILT_IN.to_vec()),
    ]
}

#[test]
fn a_file_cut_anywhere_is_refused_with_a_sentence() {
    for (name, file) in small_files() {
        assert!(to_card(&file).is_ok(), "{name}: {:?}", to_card(&file));
        for length in 0..file.len() {
            match to_card(&file[..length]) {
                Err(PhotoError::UnknownKind { .. } | PhotoError::Damaged { .. }) => {}
                other => panic!("{name} cut to {length} of {}: {other:?}", file.len()),
            }
        }
    }
}

#[test]
fn a_picture_of_billions_of_dots_is_refused_before_any_is_made_room_for() {
    let ppm = portrait(100, 124).ppm();
    let png = convert(&ppm, &[], "png");
    // IHDR is not believed before its checksum.
    let mut huge_png = png.clone();
    huge_png[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    let sum = crc32(&huge_png[12..29]);
    huge_png[29..33].copy_from_slice(&sum.to_be_bytes());
    let mut huge_jpeg = convert(&ppm, &[], "jpg");
    let frame = huge_jpeg.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    huge_jpeg[frame + 5..frame + 9].fill(0xFE);
    let mut huge_codestream = opj_compress(&ppm, &[], "j2k");
    huge_codestream[8..16].copy_from_slice(&[0x7F; 8]);
    for file in [huge_png, huge_jpeg, huge_codestream] {
        let error = to_card(&file).unwrap_err();
        assert!(matches!(error, PhotoError::TooLarge { .. }), "{error}");
        assert!(error.to_string().contains("at most 20000 on a side"), "{error}");
    }

    // Sides that are allowed, but too many dots together.
    let mut wide = BUILT_IN.to_vec();
    for at in [93, 97, 109, 113] {
        wide[at..at + 4].copy_from_slice(&15_000_u32.to_be_bytes());
    }
    assert!(matches!(
        decode(&wide),
        Err(PhotoError::TooLarge {
            width: 15_000,
            height: 15_000,
            ..
        })
    ));
}

#[test]
fn a_codestream_of_thousands_of_tiles_or_components_or_of_tiny_code_blocks_is_refused() {
    let mut tiles = BUILT_IN.to_vec();
    for at in [109, 113] {
        tiles[at..at + 4].copy_from_slice(&1_u32.to_be_bytes());
    }
    let mut components = BUILT_IN.to_vec();
    components[125..127].copy_from_slice(&16_384_u16.to_be_bytes());
    components[89..91].copy_from_slice(&(38 + 3 * 16_384_u16).to_be_bytes());
    // A code block of 4 × 4 dots.
    let mut blocks = BUILT_IN.to_vec();
    blocks[140..142].fill(0);
    for file in [tiles, components, blocks] {
        assert!(
            matches!(decode(&file), Err(PhotoError::NotHandled { .. })),
            "{:?}",
            decode(&file)
        );
    }
}

#[test]
fn tiny_precincts_are_refused_in_every_header_that_can_have_them() {
    let cod = BUILT_IN.windows(2).position(|marker| marker == [0xFF, 0x52]).unwrap();
    // The same with precincts of 2 × 2 dots; COC for component 0 says it more briefly.
    let precincts = |segment: &[u8]| [segment, &[0x11; 6]].concat();
    let main = precincts(&[&[0xFF, 0x52, 0, 18, 1], &BUILT_IN[cod + 5..cod + 14]].concat());
    let component = precincts(&[&[0xFF, 0x53, 0, 15, 0, 1], &BUILT_IN[cod + 9..cod + 14]].concat());
    let codestream = &BUILT_IN[85..];
    let start_of_data = codestream.windows(2).position(|marker| marker == [0xFF, 0x93]).unwrap();
    let start_of_tile = codestream.windows(2).position(|marker| marker == [0xFF, 0x90]).unwrap();
    for segment in [main, component] {
        let in_main = [&codestream[..start_of_tile], &segment, &codestream[start_of_tile..]].concat();
        let mut in_tile = [&codestream[..start_of_data], &segment, &codestream[start_of_data..]].concat();
        // Psot, which is below 65,536, counts the tile's header too.
        let length =
            u16::from_be_bytes([in_tile[start_of_tile + 8], in_tile[start_of_tile + 9]]) + segment.len() as u16;
        in_tile[start_of_tile + 8..start_of_tile + 10].copy_from_slice(&length.to_be_bytes());
        for file in [in_main, in_tile] {
            assert!(
                matches!(decode(&file), Err(PhotoError::NotHandled { .. })),
                "{:?}",
                decode(&file)
            );
        }
    }
    assert!(decode(codestream).is_ok());
}

#[test]
fn a_picture_too_small_for_a_face_is_refused() {
    for (width, height) in [(93, 300), (300, 117), (1, 1)] {
        let file = convert(&portrait(width, height).ppm(), &[], "png");
        assert_eq!(to_card(&file), Err(PhotoError::TooSmall { width, height }));
    }
    assert!(to_card(&convert(&portrait(94, 118).ppm(), &[], "png")).is_ok());
}

#[test]
fn a_file_of_another_kind_is_named() {
    let gif = convert(&portrait(100, 124).ppm(), &[], "gif");
    assert_eq!(
        to_card(&gif).unwrap_err().to_string(),
        "this is a GIF picture; a photo is a PNG, JPEG or JPEG 2000 file: save it as one of these"
    );
    let png = convert(&portrait(100, 124).ppm(), &[], "png");
    assert!(decode(&png).unwrap_err().to_string().starts_with("this is a PNG file;"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_never_crash(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        thread_local! { static FILES: Vec<(&'static str, Vec<u8>)> = small_files(); }
        FILES.with(|files| for (_, file) in files {
            let mut changed = file.clone();
            for (place, value) in &changes {
                let at = place.index(changed.len());
                changed[at] = *value;
            }
            if let Ok(photo) = to_card(&changed) {
                assert!(photo.len() <= vmyna_photo::MAX_BYTES);
            }
        });
    }

    #[test]
    fn any_bytes_after_a_known_beginning_never_crash(kind in 0..4_usize, rest in prop::collection::vec(any::<u8>(), 0..300)) {
        let beginnings: [&[u8]; 4] =
            [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"];
        let _ = to_card(&[beginnings[kind], &rest].concat());
    }
}

/// The checksum of a PNG chunk (ISO/IEC 15948, annex D), bit by bit.
fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(!0_u32, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| {
            if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 }
        })
    })
}
