//! The photo that comes out: other projects' programs read it, it has the published test card's form, it always fits.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use common::{card_portrait, convert, mean_error, noise, opj_decompress, portrait, printed};
use vmyna_photo::{HEIGHT, MAX_BYTES, WIDTH, decode, to_card};

/// The default photo, coded by opj_compress with the parameters of the test card's photo.
const BUILT_IN: &[u8] = include_bytes!("../../issuance/src/pictures/photo.jp2");

#[test]
fn two_decoders_read_the_photo_and_see_what_was_put_in() {
    let portrait = card_portrait();
    let jp2 = to_card(&convert(&portrait.ppm(), &[], "png")).unwrap();
    let (ours, theirs) = (decode(&jp2).unwrap(), opj_decompress(&jp2));
    let source = portrait.grey();
    assert!(mean_error(&ours, &source) < 2.5, "ours: {}", mean_error(&ours, &source));
    assert!(
        mean_error(&theirs, &source) < 2.5,
        "theirs: {}",
        mean_error(&theirs, &source)
    );
    // One lossy codestream, two decoders: they may round differently.
    assert!(
        mean_error(&ours, &theirs) < 0.6,
        "between them: {}",
        mean_error(&ours, &theirs)
    );
    assert!(
        jp2.len() > MAX_BYTES * 9 / 10,
        "{} bytes leave quality unused",
        jp2.len()
    );
}

#[test]
fn the_photo_is_coded_with_the_parameters_of_the_test_card() {
    let dump = |jp2: &[u8]| {
        let text = printed("opj_dump", "libopenjp2-tools", jp2, |file| {
            vec!["-i".into(), file.display().to_string()]
        });
        // Up to the index; before it, the path of the file.
        text.split("Codestream index")
            .next()
            .unwrap()
            .split_once("Image info")
            .unwrap()
            .1
            .to_owned()
    };
    let jp2 = to_card(&convert(&card_portrait().ppm(), &[], "png")).unwrap();
    assert_eq!(dump(&jp2), dump(BUILT_IN));
    // Boxes, SIZ, COD and QCD byte for byte, but for the length of jp2c; then a comment that differs in OpenJPEG's version.
    assert_eq!(jp2[..77], BUILT_IN[..77]);
    assert_eq!(jp2[81..165], BUILT_IN[81..165]);
    assert!(jp2[165..].starts_with(b"\xff\x64\0\x25\0\x01Created by OpenJPEG version 2."));
}

#[test]
fn file_calls_it_jpeg_2000() {
    let jp2 = to_card(&convert(&card_portrait().ppm(), &[], "jpg")).unwrap();
    let said = printed("file", "file", &jp2, |file| {
        vec!["--brief".into(), file.display().to_string()]
    });
    assert!(said.starts_with("JPEG 2000"), "{said}");
}

#[test]
fn every_photo_fits_whatever_it_shows() {
    let chess = |x: u32, y: u32| {
        if (x / 2 + y / 2).is_multiple_of(2) {
            [0; 3]
        } else {
            [255; 3]
        }
    };
    let mut checks = noise(WIDTH, HEIGHT);
    checks.rgb = (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| chess(x, y))).collect();
    let mut white = noise(WIDTH, HEIGHT);
    white.rgb.fill([255; 3]);
    for colors in [
        noise(WIDTH, HEIGHT),
        noise(900, 1000),
        checks,
        white,
        portrait(1200, 900),
    ] {
        let jp2 = to_card(&convert(&colors.ppm(), &[], "png")).unwrap();
        assert!(jp2.len() <= MAX_BYTES, "{} bytes", jp2.len());
        let picture = decode(&jp2).unwrap();
        assert_eq!((picture.width, picture.height), (WIDTH, HEIGHT));
        // Where most is lost the decoders differ most in what they put in its place: noise, 9.7 shades.
        let difference = mean_error(&picture, &opj_decompress(&jp2));
        assert!(difference < 12.0, "{difference}");
    }
}

#[test]
fn the_same_file_gives_the_same_photo() {
    let jpeg = convert(&portrait(800, 1000).ppm(), &[], "jpg");
    assert_eq!(to_card(&jpeg), to_card(&jpeg));
}

#[test]
fn a_file_of_the_cards_form_stays_byte_for_byte() {
    assert_eq!(to_card(BUILT_IN).as_deref(), Ok(BUILT_IN));
    let ours = to_card(&convert(&card_portrait().ppm(), &[], "png")).unwrap();
    assert_eq!(to_card(&ours).unwrap(), ours);
    // The same with a box of metadata is coded anew, without it.
    let labelled = [&ours[..], b"\0\0\0\x0cxml <x/>"].concat();
    let again = to_card(&labelled).unwrap();
    assert!(again.len() <= MAX_BYTES && !again.windows(4).any(|word| word == b"xml "));
    assert!(mean_error(&decode(&again).unwrap(), &decode(&ours).unwrap()) < 2.0);
}

#[test]
fn a_file_of_the_cards_form_that_is_broken_is_refused() {
    let mut broken = BUILT_IN.to_vec();
    // The number of decompositions in COD: more than there are subbands for.
    broken[139] = 33;
    let sentence = to_card(&broken).unwrap_err().to_string();
    assert!(sentence.starts_with("this is a JP2 file, but damaged"), "{sentence}");
}
