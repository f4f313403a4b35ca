//! Every kind of file that people have gives the same photo, the right way up.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use common::{Colors, card_portrait, convert, mean_error, opj_compress, portrait};
use png::{BitDepth, ColorType};
use vmyna_photo::{Picture, decode, to_card};

/// Fails unless the photo made of this file shows the portrait, but for a mean error of so many shades.
fn assert_shows(name: &str, file: &[u8], wanted: &Picture, bound: f64) {
    let photo = to_card(file).unwrap_or_else(|error| panic!("{name}: {error}"));
    let error = mean_error(&decode(&photo).unwrap(), wanted);
    assert!(error < bound, "{name}: {error}");
}

#[test]
fn png_of_every_colour_type_and_depth() {
    let portrait = card_portrait();
    let (ppm, grey) = (portrait.ppm(), portrait.grey());
    for (name, options, bound) in [
        ("rgb", &["-define", "png:color-type=2"][..], 2.5),
        (
            "rgb, 16 bits",
            &["-define", "png:color-type=2", "-define", "png:bit-depth=16"],
            2.5,
        ),
        (
            "rgb, interlaced",
            &["-define", "png:color-type=2", "-interlace", "PNG"],
            2.5,
        ),
        ("rgb with alpha", &["-alpha", "set", "-define", "png:color-type=6"], 2.5),
        (
            "rgb with alpha, 16 bits, interlaced",
            &["-alpha", "set", "-interlace", "PNG", "-define", "png:format=png64"],
            2.5,
        ),
        ("palette", &["-colors", "200", "-define", "png:format=png8"], 4.0),
    ] {
        assert_shows(name, &convert(&ppm, options, "png"), &grey, bound);
    }
    // Steps between few shades cost the coder more than the portrait does.
    for (depth, shades, bound) in [
        (BitDepth::One, 1, 4.0),
        (BitDepth::Two, 3, 4.0),
        (BitDepth::Four, 15, 4.0),
    ] {
        let values: Vec<u8> = grey
            .grey
            .iter()
            .map(|&dot| ((u32::from(dot) * shades + 127) / 255) as u8)
            .collect();
        let wanted = values
            .iter()
            .map(|&value| (u32::from(value) * 255 / shades) as u8)
            .collect();
        let wanted = Picture {
            grey: wanted,
            ..grey.clone()
        };
        let file = png_file(
            &wanted,
            ColorType::Grayscale,
            depth,
            &packed(&values, wanted.width, depth),
        );
        assert_shows(&format!("grey, {depth:?}"), &file, &wanted, bound);
    }
    let file = png_file(&grey, ColorType::Grayscale, BitDepth::Eight, &grey.grey);
    assert_shows("grey", &file, &grey, 2.5);
    let both: Vec<u8> = grey.grey.iter().flat_map(|&dot| [dot, 0x7F]).collect();
    assert_shows(
        "grey, 16 bits",
        &png_file(&grey, ColorType::Grayscale, BitDepth::Sixteen, &both),
        &grey,
        2.5,
    );
}

#[test]
fn what_is_transparent_becomes_white() {
    let grey = card_portrait().grey();
    // The upper half cannot be seen, the lower half by half.
    let half = grey.grey.len() / 2;
    let opacity = |at: usize| if at < half { 0 } else { 128 };
    let dots: Vec<u8> = grey
        .grey
        .iter()
        .enumerate()
        .flat_map(|(at, &dot)| [dot, opacity(at)])
        .collect();
    let seen = grey.grey.iter().enumerate().map(|(at, &dot)| {
        let alpha = f64::from(opacity(at)) / 255.0;
        (f64::from(dot) * alpha + 255.0 * (1.0 - alpha)).round() as u8
    });
    let wanted = Picture {
        grey: seen.collect(),
        ..grey.clone()
    };
    let file = png_file(&grey, ColorType::GrayscaleAlpha, BitDepth::Eight, &dots);
    assert_shows("grey with alpha", &file, &wanted, 2.0);
}

#[test]
fn jpeg_of_every_kind() {
    let portrait = card_portrait();
    let (ppm, grey) = (portrait.ppm(), portrait.grey());
    for (name, options) in [
        ("baseline, 4:2:0", &["-quality", "92", "-sampling-factor", "4:2:0"][..]),
        ("baseline, 4:4:4", &["-quality", "92", "-sampling-factor", "4:4:4"]),
        ("progressive", &["-quality", "92", "-interlace", "JPEG"]),
        ("grey", &["-quality", "92", "-grayscale", "Rec601Luma"]),
        ("cmyk", &["-quality", "92", "-colorspace", "CMYK"]),
        (
            "no optimised tables",
            &["-quality", "92", "-define", "jpeg:optimize-coding=false"],
        ),
    ] {
        assert_shows(name, &convert(&ppm, options, "jpg"), &grey, 3.5);
    }
}

#[test]
fn jpeg_2000_in_boxes_and_bare_grey_and_coloured() {
    let portrait = card_portrait();
    let (ppm, grey) = (portrait.ppm(), portrait.grey());
    for (format, options) in [
        ("jp2", &[][..]),
        ("j2k", &[][..]),
        ("jp2", &["-I", "-r", "6"]),
        ("jp2", &["-t", "100,120", "-p", "RPCL", "-n", "3"]),
        ("j2k", &["-b", "32,32", "-SOP", "-EPH", "-r", "20,8"]),
    ] {
        let file = opj_compress(&ppm, options, format);
        assert_shows(&format!("{format} {options:?}"), &file, &grey, 3.5);
        assert!(mean_error(&decode(&file).unwrap(), &grey) < 2.5, "{format} {options:?}");
    }
}

#[test]
fn the_orientation_in_exif_is_honoured() {
    let upright = card_portrait();
    // How a camera that was held so stores the portrait, by ImageMagick's own turns.
    for (value, turn) in [
        (1, &[][..]),
        (2, &["-flop"]),
        (3, &["-rotate", "180"]),
        (4, &["-flip"]),
        (5, &["-transpose"]),
        (6, &["-rotate", "270"]),
        (7, &["-transverse"]),
        (8, &["-rotate", "90"]),
    ] {
        let options = [turn, &["-quality", "92"]].concat();
        let jpeg = with_exif(&convert(&upright.ppm(), &options, "jpg"), value);
        assert_shows(&format!("orientation {value}"), &jpeg, &upright.grey(), 3.5);
    }
}

#[test]
fn a_larger_picture_is_cropped_at_the_centre_and_scaled() {
    // The portrait four times as large, between bars at the sides, then at top and bottom.
    let large = portrait(378 * 4, 472 * 4);
    let wanted =
        decode(&to_card(&convert(&large.ppm(), &["-filter", "Box", "-resize", "25%"], "png")).unwrap()).unwrap();
    for size in ["2100x1888", "1512x2500"] {
        let bars = ["-background", "black", "-gravity", "center", "-extent", size];
        assert_shows(size, &convert(&large.ppm(), &bars, "png"), &wanted, 3.0);
    }
}

#[test]
fn what_follows_a_jpeg_picture_is_left_aside_but_half_a_picture_is_refused() {
    let jpeg = convert(&card_portrait().ppm(), &[], "jpg");
    let photo = to_card(&jpeg).unwrap();
    // Phones put a second picture behind the first.
    assert_eq!(to_card(&[&jpeg[..], &jpeg].concat()).unwrap(), photo);
    // A thumbnail's end of image is not the picture's.
    let half = with_segment(&jpeg[..jpeg.len() / 2], 0xE1, b"Exif\0\0MM\0*\xff\xd8\xff\xd9");
    let sentence = to_card(&half).unwrap_err().to_string();
    assert_eq!(
        sentence,
        "this is a JPEG file, but damaged (it ends in the middle of the picture): copy or save it again"
    );
}

/// A PNG file of these dots, packed as the format has them.
fn png_file(size: &Picture, color: ColorType, depth: BitDepth, dots: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, size.width, size.height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    encoder.write_header().unwrap().write_image_data(dots).unwrap();
    file
}

/// Values of fewer than 8 bits, packed row by row.
fn packed(values: &[u8], width: u32, depth: BitDepth) -> Vec<u8> {
    let bits = depth as usize;
    let rows = values.chunks(width as usize);
    let pack = |dots: &[u8]| {
        dots.iter()
            .enumerate()
            .fold(0, |byte, (at, dot)| byte | dot << (8 - bits * (at + 1)))
    };
    rows.flat_map(|row| row.chunks(8 / bits).map(pack).collect::<Vec<u8>>())
        .collect()
}

/// The JPEG file with Exif data that say this orientation.
fn with_exif(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut data = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    data.extend([orientation, 0, 0, 0, 0, 0, 0]);
    with_segment(jpeg, 0xE1, &data)
}

/// The JPEG file with a segment of its own after the start of image.
fn with_segment(jpeg: &[u8], marker: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xFF, marker], &length, data, &jpeg[2..]].concat()
}

#[test]
fn the_test_pictures_are_what_they_claim() {
    let Colors { width, height, rgb } = card_portrait();
    assert_eq!(rgb.len(), (width * height) as usize);
    let grey = card_portrait().grey();
    // Many shades, so that an error in any of them shows.
    assert!((0..=255).filter(|shade| grey.grey.contains(shade)).count() > 100);
}
