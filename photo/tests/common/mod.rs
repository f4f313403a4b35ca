//! Pictures drawn by the tests, other projects' programs that make and read files of them, and how pictures are compared.

#![allow(dead_code, reason = "each test file uses its part")]

use std::fs;
use std::path::Path;
use std::process::Command;

use vmyna_photo::{HEIGHT, Picture, WIDTH};
use vmyna_testkit::{isolated, require_program};

/// A coloured picture: `width * height` dots of red, green and blue.
pub(crate) struct Colors {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) rgb: Vec<[u8; 3]>,
}

/// Something with a face's shades and details, in colours: an oval on a slanting ground, stripes of hair, two eyes, grain.
pub(crate) fn portrait(width: u32, height: u32) -> Colors {
    let mut grain = 1_u32;
    let mut rgb = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let (across, down) = (x as f32 / width as f32 - 0.5, y as f32 / height as f32 - 0.45);
            let oval = (across / 0.3).powi(2) + (down / 0.35).powi(2);
            let eye = ((across.abs() - 0.12) / 0.05).powi(2) + ((down + 0.05) / 0.03).powi(2) < 1.0;
            let mut dot = [110.0 + 80.0 * across, 150.0 + 60.0 * down, 200.0 - 50.0 * across];
            if oval < 1.0 {
                dot = [235.0 - 70.0 * oval, 190.0 - 60.0 * oval, 160.0 - 50.0 * oval];
            }
            if oval < 1.2 && down < -0.22 {
                dot = [40.0, 30.0, 25.0].map(|hair| hair + 12.0 * (across * 150.0).sin());
            }
            if eye {
                dot = [20.0, 25.0, 40.0];
            }
            grain = grain.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let grain = (grain >> 29) as f32;
            rgb.push(dot.map(|channel| (channel + grain) as u8));
        }
    }
    Colors { width, height, rgb }
}

/// The portrait at the card's size.
pub(crate) fn card_portrait() -> Colors {
    portrait(WIDTH, HEIGHT)
}

impl Colors {
    /// As a PPM file, which every program here reads.
    pub(crate) fn ppm(&self) -> Vec<u8> {
        let header = format!("P6\n{} {}\n255\n", self.width, self.height);
        [header.as_bytes(), self.rgb.as_flattened()].concat()
    }

    /// The luma of BT.601, in floating point: not the product's own formula.
    pub(crate) fn grey(&self) -> Picture {
        let luma = |&[red, green, blue]: &[u8; 3]| {
            (0.299 * f64::from(red) + 0.587 * f64::from(green) + 0.114 * f64::from(blue)).round() as u8
        };
        Picture {
            width: self.width,
            height: self.height,
            grey: self.rgb.iter().map(luma).collect(),
        }
    }
}

/// Dots that no coder can make small.
pub(crate) fn noise(width: u32, height: u32) -> Colors {
    let mut state = 7_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    Colors {
        width,
        height,
        rgb: (0..width * height).map(|_| [next(), next(), next()]).collect(),
    }
}

/// The mean difference of two pictures of one size, in shades of 256.
pub(crate) fn mean_error(one: &Picture, other: &Picture) -> f64 {
    assert_eq!((one.width, one.height), (other.width, other.height));
    let sum: u64 = one
        .grey
        .iter()
        .zip(&other.grey)
        .map(|(a, b)| u64::from(a.abs_diff(*b)))
        .sum();
    sum as f64 / one.grey.len() as f64
}

/// Runs ImageMagick on a file with these options; gives the file of the other format (its name's ending).
pub(crate) fn convert(input: &[u8], options: &[&str], format: &str) -> Vec<u8> {
    let program = require_program("convert", "imagemagick");
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (
        folder.path().join("from.ppm"),
        folder.path().join(format!("to.{format}")),
    );
    fs::write(&from, input).unwrap();
    run(isolated(program).arg(&from).args(options).arg(&to));
    fs::read(to).unwrap()
}

/// Runs OpenJPEG's own coder on a PPM file; `format` is jp2 or j2k.
pub(crate) fn opj_compress(ppm: &[u8], options: &[&str], format: &str) -> Vec<u8> {
    let program = require_program("opj_compress", "libopenjp2-tools");
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (
        folder.path().join("from.ppm"),
        folder.path().join(format!("to.{format}")),
    );
    fs::write(&from, ppm).unwrap();
    run(isolated(program).arg("-i").arg(&from).arg("-o").arg(&to).args(options));
    fs::read(to).unwrap()
}

/// What OpenJPEG's own decoder makes of a grey JP2 file.
pub(crate) fn opj_decompress(jp2: &[u8]) -> Picture {
    let program = require_program("opj_decompress", "libopenjp2-tools");
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from.jp2"), folder.path().join("to.pgm"));
    fs::write(&from, jp2).unwrap();
    run(isolated(program).arg("-i").arg(&from).arg("-o").arg(&to));
    let pgm = fs::read(to).unwrap();
    // A header of words and comments, then the dots.
    let header: String = pgm.iter().take(200).map(|&byte| char::from(byte)).collect();
    let words: Vec<_> = header
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace)
        .collect();
    assert_eq!((words[0], words[3]), ("P5", "255"));
    let (width, height): (u32, u32) = (words[1].parse().unwrap(), words[2].parse().unwrap());
    let grey = pgm[pgm.len() - (width * height) as usize..].to_vec();
    Picture { width, height, grey }
}

/// What `program`, fed a file of this content and name, prints.
pub(crate) fn printed(
    program: &str,
    package: &str,
    content: &[u8],
    arguments: impl Fn(&Path) -> Vec<String>,
) -> String {
    let program = require_program(program, package);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("photo.jp2");
    fs::write(&file, content).unwrap();
    run(isolated(program).args(arguments(&file)))
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
